"""Tools for language models, used by Home Assistant from 2026.8 on. Earlier releases offer our intents instead."""

from datetime import timedelta
from typing import Any, override

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, llm
from homeassistant.helpers.selector import DateTimeSelector
from homeassistant.util.json import JsonObjectType

from ._time import local_iso
from ._vol import vol
from .assist.questions import NoSuchPlaceError, RoomQuery, async_find_for, unknown_rooms
from .assist.subjects import SpokenSubject, async_spoken_subjects, find_subject
from .const import DOMAIN
from .feishu.models import SubjectKind
from .finder import Found, minutes_of
from .model.schedule import DISABLED_WITHOUT_REASON
from .model.search import Offer
from .services import instant

_MOST_FOUND = 10
_MOST_LISTED = 50
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
    return LLMTools(tools=tools)


class _Tool(llm.Tool):
    """Reads what is known and changes nothing. Tools of one class are equal."""

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
        data = await self._result(hass, async_spoken_subjects(hass, llm_context.assistant), arguments)
        return llm.ToolResult(data=data, error="error" in data) if hasattr(llm, "ToolResult") else data

    async def _result(
        self, hass: HomeAssistant, subjects: dict[str, SpokenSubject], arguments: dict[str, Any]
    ) -> JsonObjectType:
        raise NotImplementedError


class GetStatusTool(_Tool):
    """Returns whether rooms and people are free, until when, and when next."""

    name = f"{DOMAIN}__get_status"
    title = "Get status of meeting rooms"
    description = (
        "Tells whether meeting rooms, or the people whose calendars are followed, are free or busy now, until when, "
        "and when they are next free. 'unavailable' means that it is not known: never call such a room free. An "
        "instant that is null lies beyond what is known. To find a room for a meeting, use the other tool."
    )
    parameters = vol.Schema(
        {
            vol.Optional(
                "names", description="Names of rooms or people, as the user says them; without it, all are returned"
            ): vol.All(cv.ensure_list, [cv.string])
        }
    )

    @override
    async def _result(
        self, hass: HomeAssistant, subjects: dict[str, SpokenSubject], arguments: dict[str, Any]
    ) -> JsonObjectType:
        if not (names := arguments.get("names")):
            listed = list(subjects.values())[:_MOST_LISTED]
            return {"subjects": [_status(subject) for subject in listed], "more": len(subjects) - len(listed)}
        found: dict[str, SpokenSubject] = {}
        unknown: dict[str, Any] = {}
        for name in names:
            match = await hass.async_add_executor_job(find_subject, name, subjects)
            found |= {subject_id: subjects[subject_id] for subject_id in match.ids}
            if not match.ids:
                unknown[name] = [subjects[similar].name for similar in match.similar]
        if not found:
            return {"error": "No room or person has this name", "similar_names": unknown}
        data: JsonObjectType = {"subjects": [_status(subject) for subject in found.values()]}
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
    async def _result(
        self, hass: HomeAssistant, subjects: dict[str, SpokenSubject], arguments: dict[str, Any]
    ) -> JsonObjectType:
        query = RoomQuery(
            seats=arguments.get("seats", 0),
            duration=timedelta(minutes=arguments.get("minutes", 0)),
            place=arguments.get("place", "").strip(),
            start=arguments.get("start"),
            until=arguments.get("until"),
        )
        try:
            found = await async_find_for(hass, subjects, query, limit=_MOST_FOUND)
        except NoSuchPlaceError:
            places = sorted({subject.place or subject.area for subject in subjects.values()} - {""})
            return {"error": "No room is at this place", "places": list(places)}
        return {
            "rooms": [_offer(found, offer) for offer in found.result.offers],
            "why_none": found.result.why.value if found.result.why else None,
            "alternatives": [
                {
                    "what_has_to_give": alternative.reason.value,
                    "minutes": minutes_of(alternative),
                    **_offer(found, alternative.offer),
                }
                for alternative in found.result.alternatives
            ],
            "unavailable_rooms": [room.name for room in unknown_rooms(subjects, found)],
        }


def _status(subject: SpokenSubject) -> JsonObjectType:
    about: JsonObjectType = {"name": subject.name, "kind": subject.kind.value}
    if subject.info:
        about |= {
            "building": subject.info.building or None,
            "floor": subject.info.floor or None,
            "seats": subject.info.room.capacity or None,
        }
    if (snapshot := subject.snapshot) is None:
        reason = "bookings can't be read" if subject.is_reachable else "no current data from Feishu"
        return {**about, "status": "unavailable", "reason": reason}
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


def _offer(found: Found, offer: Offer) -> JsonObjectType:
    seats = found.rooms[offer.room_id].info.room.capacity or None
    return {**found.describe(offer), "seats": seats, "requested_by_others": offer.pending}
