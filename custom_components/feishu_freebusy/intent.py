"""Intents about rooms and people, for Assist and the intent API. Those that change bookings exist only if allowed."""

from dataclasses import replace
from datetime import timedelta
import re
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util

from ._vol import vol
from .assist.deeds import (
    NotDoneError,
    Stay,
    async_book_any,
    async_book_named,
    async_end_meeting,
    async_extend_meeting,
)
from .assist.phrases import Phrases, async_phrases
from .assist.questions import NoSuchPlaceError, RoomQuery, async_find_for, unknown_rooms
from .assist.subjects import SpokenSubject, async_spoken_subjects, find_subject, rooms_in_area
from .assist.times import PastTimeError, Times, UnclearTimeError, read_times
from .assist.wishes import Wish, read_search, read_wish
from .behalf import allowed
from .feishu.models import SubjectKind
from .finder import Found, async_now

INTENT_STATUS = "FeishuFreeBusyStatus"
INTENT_FIND_ROOMS = "FeishuFreeBusyFindRooms"
INTENT_BOOK_ROOM = "FeishuFreeBusyBookRoom"
INTENT_EXTEND = "FeishuFreeBusyExtend"
INTENT_END = "FeishuFreeBusyEnd"

_STATUS, _NEXT_FREE = "status", "next_free"
_ALL, _BEST, _FIRST = "all", "best", "first"
_ARTICLE = re.compile("^the ", re.IGNORECASE)
_MOST_MINUTES = 24 * 60
_AREA = "preferred_area_id"  # the slot in which Home Assistant says where the speaker is


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents. They exist even while no entry is loaded."""
    intent.async_register(hass, StatusHandler())
    intent.async_register(hass, FindRoomsHandler())
    async_update_booking_intents(hass)


@callback
def async_update_booking_intents(hass: HomeAssistant) -> None:
    """Register the intents that some app is allowed to perform, and remove the others.

    Call this when entries come, change or go.
    """
    may = allowed(hass)
    there = {handler.intent_type for handler in intent.async_get(hass)}
    for handler, is_wanted in (
        (BookRoomHandler(), may.book),
        (ExtendHandler(), may.book),
        (EndHandler(), may.end),
    ):
        if not is_wanted:
            intent.async_remove(hass, handler.intent_type)
        elif handler.intent_type not in there:
            intent.async_register(hass, handler)


class _DoesNotApplyError(Exception):
    """The question names no exposed room, person or place, or no time. The text is the speech."""


class _RefusedError(Exception):
    """Nothing was done. The text is the speech."""


class _QuestionError(Exception):
    """Something has to be asked back. The text is the speech."""


class _Asked:
    """What was asked, and what is needed to answer it."""

    def __init__(self, intent_obj: intent.Intent, slots: dict[str, Any], phrases: Phrases) -> None:
        self.hass = intent_obj.hass
        self.intent = intent_obj
        self.slots = slots
        self.phrases = phrases
        self.subjects = async_spoken_subjects(intent_obj.hass, intent_obj.assistant)
        self.now = async_now(intent_obj.hass)
        self.zone = dt_util.get_default_time_zone()

    @property
    def rooms(self) -> dict[str, SpokenSubject]:
        """Return the rooms. Raises an error if there is none."""
        rooms = {key: each for key, each in self.subjects.items() if each.kind is SubjectKind.ROOM}
        if not rooms:
            raise _DoesNotApplyError(self.phrases.nothing_exposed())
        return rooms

    def text(self, *slots: str) -> str:
        """Return what was said in these slots."""
        return " ".join(filter(None, (self.slots.get(slot, "").strip() for slot in slots)))

    async def subject(self, said: str, subjects: dict[str, SpokenSubject]) -> SpokenSubject:
        """Return the room or person with a name."""
        match = await self.hass.async_add_executor_job(find_subject, said, subjects)
        said = _ARTICLE.sub("", said)
        if not match.ids:
            similar = [subjects[subject_id] for subject_id in match.similar]
            raise _DoesNotApplyError(self.phrases.no_such_name(said, similar))
        if len(match.ids) > 1:
            raise _QuestionError(self.phrases.several(said, [subjects[subject_id] for subject_id in match.ids]))
        return subjects[match.ids[0]]

    async def has_name(self, said: str) -> bool:
        """Return whether a room or person has this name."""
        return bool((await self.hass.async_add_executor_job(find_subject, said, self.subjects)).ids)

    async def room(self, said: str) -> SpokenSubject:
        """Return the room with a name; without a name, the only room in the area of the speaker."""
        rooms = self.rooms
        if said:
            return await self.subject(said, rooms)
        here = rooms_in_area(self.hass, rooms, self.slots.get(_AREA))
        if len(here) != 1:
            raise _QuestionError(self.phrases.which_room(here))
        return here[0]


class _Handler(intent.IntentHandler):
    """Speaks the language of the user, about the entities exposed to the assistant."""

    platforms = {Platform.BINARY_SENSOR}  # noqa: RUF012  # Home Assistant's declaration
    response_type = intent.IntentResponseType.QUERY_ANSWER

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Return the speech. NO_VALID_TARGETS lets a language model try after us."""
        slots = {name: slot["value"] for name, slot in self.async_validate_slots(intent_obj.slots).items()}
        phrases = await async_phrases(intent_obj.hass, intent_obj.language)
        asked = _Asked(intent_obj, slots, phrases)
        response = intent_obj.create_response()
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        try:
            response.async_set_speech(await self._speech(asked))
            response.response_type = self.response_type
        except _DoesNotApplyError as error:
            said = str(error) if asked.subjects else phrases.nothing_exposed()
            response.async_set_error(intent.IntentResponseErrorCode.NO_VALID_TARGETS, said)
        except _RefusedError as error:
            response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, str(error))
        except _QuestionError as error:
            response.async_set_speech(str(error))
        except PastTimeError:
            response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, phrases.past())
        except UnclearTimeError:
            response.async_set_speech(phrases.which_time())
        return response

    async def _speech(self, asked: _Asked) -> str:
        raise NotImplementedError


class StatusHandler(_Handler):
    """Answers whether a room or a person is free, until when, and when next."""

    intent_type = INTENT_STATUS
    description = (
        "Tells whether a meeting room or a person is free or busy, now or later, until when, and when next free"
    )

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        return {
            vol.Required("room", description="Name of the meeting room or person"): intent.non_empty_string,
            vol.Optional("about", description="next_free to ask when it is next free"): vol.In([_STATUS, _NEXT_FREE]),
            vol.Optional(
                "time", description="Time in words, like 'tomorrow at ten for an hour'; without, now"
            ): cv.string,
        }

    @override
    async def _speech(self, asked: _Asked) -> str:
        said = asked.text("room")
        times = read_times(asked.text("time"), asked.now, asked.zone)
        if asked.text("time") and not times.is_said and times.rest:
            raise _DoesNotApplyError(asked.phrases.no_such_time(asked.text("time")))
        if not times.is_said and not await asked.has_name(said):
            # "A301 明天下午三点有空吗": the time is said right before or after the name
            found = read_times(said, asked.now, asked.zone)
            said, times = (found.rest.strip(" 的,"), found) if found.rest else (said, times)
        elif times.rest and await asked.has_name(f"{said} {times.rest}"):
            said = f"{said} {times.rest}"  # "is Orion free at three on the third floor"
        subject = await asked.subject(said, asked.subjects)
        if not times.is_said:
            wants_next = asked.slots.get("about") == _NEXT_FREE
            return asked.phrases.next_free(subject) if wants_next else asked.phrases.status(subject)
        if times.start and not times.end:
            return asked.phrases.status_at(subject, times.start)
        now = asked.now.replace(microsecond=0)
        start = times.start or now
        return asked.phrases.status_during(subject, start, times.end or start + (times.length or timedelta()))


class FindRoomsHandler(_Handler):
    """Finds rooms that are free, by seats, time and place."""

    intent_type = INTENT_FIND_ROOMS
    description = "Finds meeting rooms that are free, now or later, by seats, duration, time and place"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        minutes = vol.All(vol.Coerce(int), vol.Range(min=0, max=_MOST_MINUTES))
        return {
            vol.Optional("seats", description="How many people must fit in"): vol.All(
                vol.Coerce(int), vol.Range(min=0)
            ),
            vol.Optional("hours", description="For how many hours it must stay free"): vol.All(
                vol.Coerce(int), vol.Range(min=0, max=24)
            ),
            vol.Optional("minutes", description="For how many minutes, added to the hours"): minutes,
            vol.Optional("place", description="Floor, building or area"): cv.string,
            vol.Optional("time", description="Time in words, like 'tomorrow at ten'; without, now"): cv.string,
            vol.Optional(
                "pick", description="best to get only the room that fits best, first for the one that is free first"
            ): vol.In([_ALL, _BEST, _FIRST]),
        }

    @override
    async def _speech(self, asked: _Asked) -> str:
        place = asked.text("place")
        if place.isascii() and place:
            place = f"in the {place}"  # "afternoon" is a time only with these words, which sentences take away
        wish = read_search(f"{place} {asked.text('lead', 'time')}", asked.now, asked.zone)
        query = _query(asked, wish)
        rooms = asked.rooms
        try:
            found = await async_find_for(asked.hass, rooms, query)
        except NoSuchPlaceError:
            said = asked.phrases.no_such_place(query.place, list(rooms.values()))
            raise _DoesNotApplyError(said) from None
        unknown = len(unknown_rooms(rooms, found))
        only_best = asked.slots.get("pick") in (_BEST, _FIRST)
        if query.start is None or (query.is_range and _is_free_now(found)):
            return asked.phrases.found(found, unknown=unknown, only_best=only_best)
        return asked.phrases.found_later(found, query, unknown=unknown, only_best=only_best)


def _query(asked: _Asked, wish: Wish) -> RoomQuery:
    times = wish.times
    length = timedelta(hours=asked.slots.get("hours", 0), minutes=asked.slots.get("minutes", 0)) or times.length
    query = RoomQuery(
        seats=asked.slots.get("seats", 0) or wish.seats, duration=length or timedelta(), place=wish.place or ""
    )
    now = asked.now.replace(microsecond=0)
    if times.is_range:
        return replace(query, start=times.start, until=times.end, is_range=True)
    if asked.slots.get("pick") == _FIRST:
        return replace(query, start=times.start or now, until=times.end, is_range=True)
    if times.end:  # a stay, from now on if no start is said
        start = times.start or now
        return replace(query, start=times.start, until=times.end, duration=times.end - start)
    if times.start:
        return replace(query, start=times.start, until=times.start + length if length else None)
    return query


def _is_free_now(found: Found) -> bool:
    offers = found.result.offers
    return bool(offers) and offers[0].free_from <= found.now


class _ActingHandler(_Handler):
    """Changes bookings of rooms. It says what was done, or why not and what else could be done."""

    response_type = intent.IntentResponseType.ACTION_DONE

    @override
    async def _speech(self, asked: _Asked) -> str:
        try:
            return await self._act(asked)
        except NotDoneError as error:
            raise _RefusedError(_refusal(asked.phrases, error)) from error
        except NoSuchPlaceError as error:
            raise _DoesNotApplyError(asked.phrases.no_such_place(str(error), list(asked.rooms.values()))) from None

    async def _act(self, asked: _Asked) -> str:
        raise NotImplementedError


def _refusal(phrases: Phrases, error: NotDoneError) -> str:
    if error.other_time and not error.name:
        query = RoomQuery(start=error.period[0], until=error.period[1], is_range=True) if error.period else RoomQuery()
        return phrases.found_later(error.other_time, query, unknown=0, only_best=True)
    said = phrases.refused(error.error, error.name, error.explanation)
    return phrases.with_other_time(said, error.other_time) if error.other_time else said


class BookRoomHandler(_ActingHandler):
    """Books a room, or the best one that is free."""

    intent_type = INTENT_BOOK_ROOM
    description = "Books a meeting room, or the best one that is free, for a time"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        return {
            vol.Required(
                "wish", description="Room and time in words: 'Orion until three', 'a room for six tomorrow at ten'"
            ): intent.non_empty_string,
            vol.Optional("before", description="More words, said before these"): cv.string,
        }

    @override
    async def _act(self, asked: _Asked) -> str:
        wish = read_wish(asked.text("before", "wish"), asked.now, asked.zone)
        stay = _stay(wish.times)
        rooms = asked.rooms
        is_unclear = stay.is_range and not stay.length
        if wish.place is None or (wish.room and await asked.has_name(wish.room)):
            subject = await asked.room(wish.room)
            if is_unclear or wish.is_vague:
                raise UnclearTimeError
            done = await async_book_named(asked.intent, rooms, subject, stay, seats=wish.seats)
        elif is_unclear:
            raise UnclearTimeError
        else:
            done = await async_book_any(asked.intent, rooms, stay, seats=wish.seats, place=wish.place)
        return asked.phrases.booked(done.name, done.start, done.end)


class ExtendHandler(_ActingHandler):
    """Extends what runs in a room."""

    intent_type = INTENT_EXTEND
    description = "Extends the meeting that runs in a meeting room"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        return {
            vol.Optional("before", description="Room in words; without it, the room of the speaker"): cv.string,
            vol.Optional("wish", description="'by 15 minutes' or 'until three', also with the room"): cv.string,
            vol.Optional("minutes", description="For how many minutes"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=_MOST_MINUTES)
            ),
        }

    @override
    async def _act(self, asked: _Asked) -> str:
        wish = read_wish(asked.text("before", "wish"), asked.now, asked.zone)
        stay = _stay(wish.times)
        if minutes := asked.slots.get("minutes"):
            stay = Stay(length=timedelta(minutes=minutes))
        subject = await asked.room(_without_meeting(wish.room))
        if stay.start or stay.is_range or wish.seats:
            raise UnclearTimeError
        done = await async_extend_meeting(asked.intent, asked.rooms, subject, stay)
        said = asked.phrases.extended if done.is_new else asked.phrases.lasts_anyway
        return said(done.name, done.end)


class EndHandler(_ActingHandler):
    """Ends what runs in a room."""

    intent_type = INTENT_END
    description = "Ends the meeting that runs in a meeting room, and releases the room"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        return {
            vol.Optional("room", description="Name of the meeting room; without it, the room of the speaker"): cv.string
        }

    @override
    async def _act(self, asked: _Asked) -> str:
        wish = read_wish(asked.text("room"), asked.now, asked.zone)
        if wish.times.is_said:
            raise _DoesNotApplyError(asked.phrases.no_such_time(asked.text("room")))
        subject = await asked.room(_without_meeting(wish.room))
        ended = await async_end_meeting(asked.intent, subject)
        return asked.phrases.ended(subject.name, ended.start, ended.end, is_confirmed=ended.is_confirmed)


_MEETING = re.compile(
    r"^(?:(?:the|my|our|this|that)\s+)?(?:meeting|booking|reservation)\s+(?:in|at|of|for)\s+"
    r"|的(?:会议|会|预订|预定)$|^(?:把|将)",
    re.IGNORECASE,
)


def _without_meeting(said: str) -> str:
    """Return the room of "the meeting in A301"."""
    return _MEETING.sub("", said).strip()


def _stay(times: Times) -> Stay:
    return Stay(start=times.start, end=times.end, length=times.length, is_range=times.is_range)
