"""Questions about rooms and people, as Assist and the intent API ask them."""

from datetime import timedelta
import re
from typing import TYPE_CHECKING, Any, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, intent

from .assist.answers import Answers, async_answers
from .assist.names import is_time
from .assist.questions import NoSuchPlaceError, Wish, async_find_for, unknown_rooms
from .assist.subjects import SpokenSubject, async_spoken_subjects, find_subject

if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

INTENT_STATUS = "FeishuFreeBusyStatus"
INTENT_FIND_ROOMS = "FeishuFreeBusyFindRooms"

_STATUS, _NEXT_FREE = "status", "next_free"
_ALL, _BEST = "all", "best"
_ARTICLE = re.compile("^the ", re.IGNORECASE)
_MOST_MINUTES = 24 * 60


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents, which are there even if no entry is loaded."""
    intent.async_register(hass, StatusHandler())
    intent.async_register(hass, FindRoomsHandler())


class _Handler(intent.IntentHandler):
    """Answers in the language of who asks, about what is exposed to the assistant that asks."""

    platforms = {Platform.BINARY_SENSOR}  # noqa: RUF012  # Home Assistant's declaration

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Answer; what does not apply is an error of the kind that lets a language model have a try after us."""
        slots = {name: slot["value"] for name, slot in self.async_validate_slots(intent_obj.slots).items()}
        subjects = async_spoken_subjects(intent_obj.hass, intent_obj.assistant)
        answers = await async_answers(intent_obj.hass, intent_obj.language)
        response = intent_obj.create_response()
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
        try:
            response.async_set_speech(self._answer(intent_obj.hass, answers, subjects, slots))
        except _DoesNotApplyError as error:
            said = str(error) if subjects else answers.nothing_exposed()
            response.async_set_error(intent.IntentResponseErrorCode.NO_VALID_TARGETS, said)
        return response

    def _answer(
        self, hass: HomeAssistant, answers: Answers, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        raise NotImplementedError


class _DoesNotApplyError(Exception):
    """The question names what there is not; the text says so."""


class StatusHandler(_Handler):
    """Is a room or a person free, until when, and when next?"""

    intent_type = INTENT_STATUS
    description = "Tells whether a meeting room or a person is free or busy, until when, and when it is next free"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return what is asked for."""
        return {
            vol.Required("room", description="Name of the meeting room or person"): intent.non_empty_string,
            vol.Optional("about", description="next_free to be told when it is next free"): vol.In(
                [_STATUS, _NEXT_FREE]
            ),
        }

    @override
    def _answer(
        self, hass: HomeAssistant, answers: Answers, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        said = slots["room"].strip()
        called = find_subject(said, subjects)
        said = _ARTICLE.sub("", said)
        if not called.ids:
            raise _DoesNotApplyError(answers.no_such_name(said, [subjects[similar] for similar in called.similar]))
        if len(called.ids) > 1:
            return answers.several(said, [subjects[subject_id] for subject_id in called.ids])
        subject = subjects[called.ids[0]]
        return answers.next_free(subject) if slots.get("about") == _NEXT_FREE else answers.status(subject)


class FindRoomsHandler(_Handler):
    """Which rooms are free now: for so many, for so long, there?"""

    intent_type = INTENT_FIND_ROOMS
    description = "Finds meeting rooms that are free now, by seats, duration and place"

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """Return what may be asked for."""
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
            vol.Optional("pick", description="best to be told of the room that fits best alone"): vol.In([_ALL, _BEST]),
        }

    @override
    def _answer(
        self, hass: HomeAssistant, answers: Answers, subjects: dict[str, SpokenSubject], slots: dict[str, Any]
    ) -> str:
        wish = Wish(
            seats=slots.get("seats", 0),
            duration=timedelta(hours=slots.get("hours", 0), minutes=slots.get("minutes", 0)),
            place=slots.get("place", "").strip(),
        )
        rooms = [subject for subject in subjects.values() if subject.is_room]
        if not rooms:
            raise _DoesNotApplyError(answers.nothing_exposed())
        try:
            found = async_find_for(hass, subjects, wish)
        except NoSuchPlaceError:
            said = answers.only_now() if is_time(wish.place) else answers.no_such_place(wish.place, rooms)
            raise _DoesNotApplyError(said) from None
        unknown = len(unknown_rooms(subjects, found))
        return answers.found(found, unknown=unknown, only_best=slots.get("pick") == _BEST)
