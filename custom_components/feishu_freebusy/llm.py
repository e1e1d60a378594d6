"""Tools for language models, used by Home Assistant from 2026.8 on. Earlier releases offer our intents instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr, llm
from homeassistant.helpers.selector import DateTimeSelector
from homeassistant.util.json import JsonObjectType, JsonValueType

from ._time import local_iso
from ._vol import vol
from .assist.deeds import (
    NotDoneError,
    Stay,
    async_book_any,
    async_book_named,
    async_end_meeting,
    async_extend_meeting,
)
from .assist.phrases import async_phrases
from .assist.questions import NoSuchPlaceError, RoomQuery, async_find_for, unknown_rooms
from .assist.subjects import SpokenSubject, async_spoken_subjects, find_subject, rooms_in_area
from .behalf import allowed
from .const import DOMAIN
from .feishu.events import MAX_TITLE
from .feishu.models import SubjectKind
from .feishu.parse import one_line
from .finder import Found, async_now, minutes_of
from .model.schedule import DISABLED_WITHOUT_REASON, Block
from .model.search import Offer
from .rights import CallerOf
from .services import instant

_MOST_FOUND = 10
_MOST_LISTED = 50
_ROOM_OR_HERE = "Name of the room, as the user says it; without it, the room that the user is in"
_INSTANT = vol.All(DateTimeSelector(), instant)  # the selector describes the type to a model


@callback
def async_get_tools(
    hass: HomeAssistant,
    llm_context: llm.LLMContext,
    api_id: str,
) -> LLMTools | None:
    """Return the tools, None if no room or person is exposed to the assistant."""
    if api_id != llm.LLM_API_ASSIST or not (subjects := async_spoken_subjects(hass, llm_context.assistant)):
        return None
    tools: list[llm.Tool] = [GetStatusTool()]
    if any(subject.kind is SubjectKind.ROOM for subject in subjects.values()):
        tools.append(FindRoomsTool())
        may = allowed(hass)
        tools += [BookRoomTool(), ExtendTool()] if may.book else []
        tools += [EndTool()] if may.end else []
    return LLMTools(tools=tools)


class _Tool(llm.Tool):
    """Speaks of the exposed rooms and people. Tools of one class are equal."""

    integration = DOMAIN
    if hasattr(llm, "ToolAnnotations"):  # from 2026.10 on
        annotations = llm.ToolAnnotations(read_only=True, destructive=False, idempotent=True, open_world=False)

    @override
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    @override
    def __hash__(self) -> int:
        return hash(type(self))

    @override
    async def async_call(
        self, hass: HomeAssistant, tool_input: llm.ToolInput, llm_context: llm.LLMContext
    ) -> llm.ToolResult | JsonObjectType:
        """Return the result; times are local."""
        arguments = self.parameters(tool_input.tool_args)
        asked = _Asked(hass, llm_context, async_spoken_subjects(hass, llm_context.assistant))
        data = await self._result(asked, arguments)
        return llm.ToolResult(data=data, error="error" in data) if hasattr(llm, "ToolResult") else data

    async def _result(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks, and the rooms and people that the assistant may see."""

    hass: HomeAssistant
    context: llm.LLMContext
    subjects: dict[str, SpokenSubject]

    @property
    def caller(self) -> CallerOf:
        """Return the user who speaks to the model."""
        return CallerOf(self.hass, self.context.context or Context())

    @property
    def rooms(self) -> dict[str, SpokenSubject]:
        """Return the rooms."""
        return {key: each for key, each in self.subjects.items() if each.kind is SubjectKind.ROOM}


class GetStatusTool(_Tool):
    """Returns whether rooms and people are free, until when, and when next."""

    name = f"{DOMAIN}__get_status"
    title = "Get status of meeting rooms"
    description = (
        "Tells whether meeting rooms, or the people whose calendars are followed, are free or busy, until when, and "
        "when they are next free: now, at a later time, or during a period. 'unavailable' and 'unknown' mean that it "
        "is not known: never call such a room free. An instant that is null lies beyond what is known. To find a room "
        "for a meeting, use the other tool."
    )
    parameters = vol.Schema(
        {
            vol.Optional(
                "names", description="Names of rooms or people, as the user says them; without it, all are returned"
            ): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional("start", description="At this local time, ISO 8601; without it, now"): _INSTANT,
            vol.Optional("end", description="During the period from the start to this local time, ISO 8601"): _INSTANT,
        }
    )

    @override
    async def _result(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        subjects = asked.subjects
        now = async_now(asked.hass).replace(microsecond=0)
        start, end = arguments.get("start"), arguments.get("end")
        if end and end <= (start or now):
            return {"error": "The end must be after the start and in the future"}

        def status_of(subject: SpokenSubject) -> JsonObjectType:
            if end:
                return _status_during(subject, max(start or now, now), end)
            return _status_at(subject, start) if start and start > now else _status(subject)

        if not (names := arguments.get("names")):
            listed = list(subjects.values())[:_MOST_LISTED]
            return {"subjects": [status_of(subject) for subject in listed], "more": len(subjects) - len(listed)}
        found: dict[str, SpokenSubject] = {}
        unknown: dict[str, Any] = {}
        for name in names:
            match = await asked.hass.async_add_executor_job(find_subject, name, subjects)
            found |= {subject_id: subjects[subject_id] for subject_id in match.ids}
            if not match.ids:
                unknown[name] = [subjects[similar].name for similar in match.similar]
        if not found:
            return {"error": "No room or person has this name", "similar_names": unknown}
        data: JsonObjectType = {"subjects": [status_of(subject) for subject in found.values()]}
        return {**data, "not_found_but_similar_names": unknown} if unknown else data


class FindRoomsTool(_Tool):
    """Finds free rooms by seats, duration, place and time."""

    name = f"{DOMAIN}__find_rooms"
    title = "Find free meeting rooms"
    description = (
        "Finds the meeting rooms that are free, best first: by seats, duration, place and time. If none is, it says "
        "why, and returns the nearest alternatives. It books nothing."
    )
    parameters = vol.Schema(
        {
            vol.Optional("seats", description="How many people must fit in"): vol.All(
                vol.Coerce(int), vol.Range(min=0)
            ),
            vol.Optional("minutes", description="For how many minutes it must stay free"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=24 * 60)
            ),
            vol.Optional("place", description="Floor, building or area"): cv.string,
            vol.Optional("start", description="Not before this local time, ISO 8601; without it, now"): _INSTANT,
            vol.Optional("until", description="The stay must end by this local time, ISO 8601"): _INSTANT,
        }
    )

    @override
    async def _result(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        query = RoomQuery(
            seats=arguments.get("seats", 0),
            duration=timedelta(minutes=arguments.get("minutes", 0)),
            place=arguments.get("place", "").strip(),
            start=arguments.get("start"),
            until=arguments.get("until"),
            is_range="start" in arguments,
        )
        try:
            found = await async_find_for(asked.hass, asked.subjects, query, limit=_MOST_FOUND)
        except NoSuchPlaceError:
            return _no_such_place(asked)
        return {
            "rooms": [_offer(found, offer) for offer in found.result.offers],
            "why_none": found.result.why.value if found.result.why else None,
            "alternatives": _alternatives(found),
            "unavailable_rooms": [room.name for room in unknown_rooms(asked.subjects, found)],
        }


# Tools that change bookings


class _ActingTool(_Tool):
    """Changes the bookings of a room. Results have no titles: those of other people are private."""

    if hasattr(llm, "ToolAnnotations"):
        annotations = llm.ToolAnnotations(read_only=False, destructive=False, idempotent=False, open_world=True)

    @override
    async def _result(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        try:
            return await self._act(asked, arguments)
        except _NoSuchRoomError as error:
            return {"error": "No single room has this name", "similar_names": list(error.names)}
        except NoSuchPlaceError:
            return _no_such_place(asked)
        except NotDoneError as error:
            return await _not_done(asked, error)

    async def _act(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        raise NotImplementedError


class BookRoomTool(_ActingTool):
    """Books a room, or the best one that is free."""

    name = f"{DOMAIN}__book_room"
    title = "Book a meeting room"
    description = (
        "Books a meeting room, from now on or for a later time. Without the name of a room, it books the room that "
        "fits best. Book only if the user has asked for it. Tell the user the room, the start and the end that are "
        "returned. If it fails, tell the reason, and offer the alternatives; do not book one without asking."
    )
    parameters = vol.Schema(
        {
            vol.Optional("room", description="Name of the room, as the user says it; without it, any room"): cv.string,
            vol.Optional("seats", description="How many people must fit in"): vol.All(
                vol.Coerce(int), vol.Range(min=0)
            ),
            vol.Optional("place", description="Floor, building or area, if any room will do"): cv.string,
            vol.Optional("start", description="Start in local time, ISO 8601; without it, now"): _INSTANT,
            vol.Optional("end", description="End in local time, ISO 8601; without it, the minutes count"): _INSTANT,
            vol.Optional("minutes", description="For how many minutes, 30 by default"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=24 * 60)
            ),
            vol.Optional("title", description="What others see as the title, if the user names one"): vol.All(
                cv.string, one_line, vol.Length(max=MAX_TITLE)
            ),
        }
    )

    @override
    async def _act(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        minutes = arguments.get("minutes")
        stay = Stay(
            start=arguments.get("start"),
            end=arguments.get("end"),
            length=timedelta(minutes=minutes) if minutes else None,
        )
        seats, title = arguments.get("seats", 0), arguments.get("title", "")
        rooms = asked.rooms
        if name := arguments.get("room", "").strip():
            room = await _room(asked, name)
            done = await async_book_named(asked.caller, rooms, room, stay, seats=seats, title=title)
        else:
            place = arguments.get("place", "").strip()
            done = await async_book_any(asked.caller, rooms, stay, seats=seats, place=place, title=title)
        return {"booked": _period(done.name, done.start, done.end)}


class ExtendTool(_ActingTool):
    """Extends what runs in a room."""

    name = f"{DOMAIN}__extend_meeting"
    title = "Extend the meeting in a meeting room"
    description = (
        "Extends the meeting that runs in a meeting room now, by minutes or until a time. Tell the user the room and "
        "the new end. If it fails, tell the reason, and offer the alternatives."
    )
    parameters = vol.Schema(
        {
            vol.Optional("room", description=_ROOM_OR_HERE): cv.string,
            vol.Optional("minutes", description="For how many minutes, 15 by default"): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=24 * 60)
            ),
            vol.Optional("end", description="New end in local time, ISO 8601, instead of minutes"): _INSTANT,
        }
    )

    @override
    async def _act(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        room = await _room(asked, arguments.get("room", "").strip())
        minutes = arguments.get("minutes")
        stay = Stay(end=arguments.get("end"), length=timedelta(minutes=minutes) if minutes else None)
        done = await async_extend_meeting(asked.caller, asked.rooms, room, stay)
        return {"extended": done.is_new, "name": done.name, "ends": local_iso(done.end)}


class EndTool(_ActingTool):
    """Ends what runs in a room."""

    name = f"{DOMAIN}__end_meeting"
    title = "End the meeting in a meeting room"
    description = (
        "Ends the meeting that runs in a meeting room now, so that the room is free. Use it only if the user says "
        "that the meeting is over or asks to release the room. 'confirmed' is false if Feishu still shows it."
    )
    parameters = vol.Schema({vol.Optional("room", description=_ROOM_OR_HERE): cv.string})
    if hasattr(llm, "ToolAnnotations"):
        annotations = llm.ToolAnnotations(read_only=False, destructive=True, idempotent=False, open_world=True)

    @override
    async def _act(self, asked: _Asked, arguments: dict[str, Any]) -> JsonObjectType:
        room = await _room(asked, arguments.get("room", "").strip())
        ended = await async_end_meeting(asked.caller, room)
        return {"ended": _period(room.name, ended.start, ended.end), "confirmed": ended.is_confirmed}


class _NoSuchRoomError(Exception):
    """No single room is meant. `names` are those that may be."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = tuple(names)


async def _room(asked: _Asked, name: str) -> SpokenSubject:
    """Return the room with a name; without a name, the only room in the area of the device that is spoken to."""
    rooms = asked.rooms
    if not name:
        device = dr.async_get(asked.hass).async_get(asked.context.device_id) if asked.context.device_id else None
        here = rooms_in_area(asked.hass, rooms, device.area_id if device else None)
        if len(here) != 1:
            raise _NoSuchRoomError(room.name for room in here)
        return here[0]
    match = await asked.hass.async_add_executor_job(find_subject, name, rooms)
    if len(match.ids) != 1:
        raise _NoSuchRoomError(rooms[room_id].name for room_id in match.ids or match.similar)
    return rooms[match.ids[0]]


async def _not_done(asked: _Asked, error: NotDoneError) -> JsonObjectType:
    phrases = await async_phrases(asked.hass, "en")
    data: JsonObjectType = {"error": phrases.refused(error.error, error.name, error.explanation)}
    if error.explanation and (other := error.explanation.other):
        data["other_room"] = other.room.name
    if found := error.other_time:
        data["alternatives"] = _alternatives(found)
    return data


def _no_such_place(asked: _Asked) -> JsonObjectType:
    places = sorted({subject.place or subject.area for subject in asked.subjects.values()} - {""})
    return {"error": "No room is at this place", "places": list(places)}


def _period(name: str, start: datetime, end: datetime) -> JsonObjectType:
    return {"name": name, "start": local_iso(start), "end": local_iso(end)}


# What is known


def _about(subject: SpokenSubject) -> JsonObjectType:
    about: JsonObjectType = {"name": subject.name, "kind": subject.kind.value}
    if subject.info:
        about |= {
            "building": subject.info.building or None,
            "floor": subject.info.floor or None,
            "seats": subject.info.room.capacity or None,
        }
    return about


def _unavailable(subject: SpokenSubject) -> JsonObjectType:
    reason = "bookings can't be read" if subject.is_reachable else "no current data from Feishu"
    return {**_about(subject), "status": "unavailable", "reason": reason}


def _status_at(subject: SpokenSubject, instant: datetime) -> JsonObjectType:
    if (schedule := subject.schedule) is None:
        return _unavailable(subject)
    about: JsonObjectType = {**_about(subject), "at": local_iso(instant), "known_until": local_iso(schedule.horizon)}
    status = schedule.status(instant, timedelta())
    if status is None:
        return {**about, "status": "unknown"}
    if status.busy:
        return {**about, "status": "busy", "busy_until": local_iso(status.busy_until)}
    return {**about, "status": "free", "free_until": local_iso(status.next_busy)}


def _status_during(subject: SpokenSubject, start: datetime, end: datetime) -> JsonObjectType:
    if (schedule := subject.schedule) is None:
        return _unavailable(subject)
    free = schedule.free_within(start, end)
    known = min(end, schedule.horizon)
    is_free = free == (Block(start, known),)
    status = (
        "unknown" if start >= known or (is_free and known < end) else "free" if is_free else "not_free_all_the_time"
    )
    return {
        **_about(subject),
        "start": local_iso(start),
        "end": local_iso(end),
        "known_until": local_iso(schedule.horizon),
        "status": status,
        "free_periods": [{"start": local_iso(gap.start), "end": local_iso(gap.end)} for gap in free],
    }


def _status(subject: SpokenSubject) -> JsonObjectType:
    if (snapshot := subject.snapshot) is None:
        return _unavailable(subject)
    about = _about(subject)
    status = snapshot.status
    if status.busy:
        about |= {"status": "busy", "busy_until": local_iso(status.busy_until)}
    else:
        about |= {"status": "free", "free_until": local_iso(status.next_busy)}
    if not status.available_now:
        about["next_free"] = local_iso(status.next_free)
    about |= _meeting(subject)
    if disabled := status.disabled_reason:
        about["out_of_service"] = "no reason given" if disabled == DISABLED_WITHOUT_REASON else disabled
    return about


def _meeting(subject: SpokenSubject) -> JsonObjectType:
    """Return the title and the organizer of the running booking, if they are known and may be told."""
    coordinator = subject.coordinator
    if coordinator is None or not coordinator.options.titles_for_assistants:
        return {}
    label = coordinator.titles.running(subject.subject_id)
    known = {"meeting_title": label.title, "meeting_organizer": label.organizer}
    return {name: text for name, text in known.items() if text}


def _alternatives(found: Found) -> list[JsonValueType]:
    return [
        {
            "what_has_to_give": alternative.reason.value,
            "minutes": minutes_of(alternative),
            **_offer(found, alternative.offer),
        }
        for alternative in found.result.alternatives
    ]


def _offer(found: Found, offer: Offer) -> JsonObjectType:
    seats = found.rooms[offer.room_id].info.room.capacity or None
    return {**found.describe(offer), "seats": seats, "requested_by_others": offer.pending}
