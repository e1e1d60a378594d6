"""Intents about rooms and people, for Assist and the intent API."""

from datetime import timedelta
import re
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, intent

from ._vol import vol
from .assist.names import is_time
from .assist.phrases import Phrases, async_phrases
from .assist.questions import NoSuchPlaceError, RoomQuery, async_find_for, unknown_rooms
from .assist.subjects import SpokenSubject, async_spoken_subjects, find_subject
from .feishu.models import SubjectKind

INTENT_STATUS = "FeishuFreeBusyStatus"
INTENT_FIND_ROOMS = "FeishuFreeBusyFindRooms"

_STATUS, _NEXT_FREE = "status", "next_free"
_ALL, _BEST = "all", "best"
_ARTICLE = re.compile("^the ", re.IGNORECASE)
_MOST_MINUTES = 24 * 60


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents. They exist even while no entry is loaded."""
    intent.async_register(hass, StatusHandler())
    intent.async_register(hass, FindRoomsHandler())


class _Handler(intent.IntentHandler):
    """Speaks the language of the user, about the entities exposed to the assistant."""

    platforms = {Platform.BINARY_SENSOR}  # noqa: RUF012  # Home Assistant's declaration

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Return the speech. NO_VALID_TARGETS lets a language model try after us."""
        slots = {name: slot["value"] for name, slot in self.async_validate_slots(intent_obj.slots).items()}
        subjects = async_spoken_subjects(intent_obj.hass, intent_obj.assistant)
        phrases = await async_phrases(intent_obj.hass, intent_obj.language)
        response = intent_obj.create_response()
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        try:
            response.async_set_speech(await self._speech(intent_obj.hass, phrases, subjects, slots))
        except _DoesNotApplyError as error:
            said = str(error) if subjects else phrases.nothing_exposed()
            response.async_set_error(intent.IntentResponseErrorCode.NO_VALID_TARGETS, said)
        return response

    async def _speech(
        self, hass: HomeAssistant, phrases: Phrases, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        raise NotImplementedError


class _DoesNotApplyError(Exception):
    """The question names no exposed room, person or place. The text is the speech."""


class StatusHandler(_Handler):
    """Answers whether a room or a person is free, until when, and when next."""

    intent_type = INTENT_STATUS
    description = "Tells whether a meeting room or a person is free or busy, until when, and when it is next free"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return the slots and their validators."""
        return {
            vol.Required("room", description="Name of the meeting room or person"): intent.non_empty_string,
            vol.Optional("about", description="next_free to ask when it is next free"): vol.In([_STATUS, _NEXT_FREE]),
        }

    @override
    async def _speech(
        self, hass: HomeAssistant, phrases: Phrases, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        said = slots["room"].strip()
        match = await hass.async_add_executor_job(find_subject, said, subjects)
        said = _ARTICLE.sub("", said)
        if not match.ids:
            raise _DoesNotApplyError(phrases.no_such_name(said, [subjects[similar] for similar in match.similar]))
        if len(match.ids) > 1:
            return phrases.several(said, [subjects[subject_id] for subject_id in match.ids])
        subject = subjects[match.ids[0]]
        return phrases.next_free(subject) if slots.get("about") == _NEXT_FREE else phrases.status(subject)


class FindRoomsHandler(_Handler):
    """Finds rooms that are free now, by seats, duration and place."""

    intent_type = INTENT_FIND_ROOMS
    description = "Finds meeting rooms that are free now, by seats, duration and place"

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
            vol.Optional("pick", description="best to get only the room that fits best"): vol.In([_ALL, _BEST]),
        }

    @override
    async def _speech(
        self, hass: HomeAssistant, phrases: Phrases, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        query = RoomQuery(
            seats=slots.get("seats", 0),
            duration=timedelta(hours=slots.get("hours", 0), minutes=slots.get("minutes", 0)),
            place=slots.get("place", "").strip(),
        )
        rooms = [subject for subject in subjects.values() if subject.kind is SubjectKind.ROOM]
        if not rooms:
            raise _DoesNotApplyError(phrases.nothing_exposed())
        try:
            found = await async_find_for(hass, subjects, query)
        except NoSuchPlaceError:
            said = phrases.only_now() if is_time(query.place) else phrases.no_such_place(query.place, rooms)
            raise _DoesNotApplyError(said) from None
        unknown = len(unknown_rooms(subjects, found))
        return phrases.found(found, unknown=unknown, only_best=slots.get("pick") == _BEST)
