"""The actions: read any free/busy from Feishu, and find a free room among the known ones."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
import unicodedata

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ._time import local_iso
from ._vol import vol
from .const import DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import subject_id_of
from .errors import failed, problem_key, refused
from .feishu.client import MAX_WINDOW
from .feishu.errors import FeishuError, QuotaExceededError
from .feishu.limits import Payer, paid_by
from .feishu.models import BusyAnswer, BusyPeriod, SubjectKind, SubjectRef, UserIdType
from .feishu.windows import windows
from .finder import Found, async_find_rooms, async_now, minutes_of
from .model.search import Offer, Request
from .rights import permitted_rooms, registered_main_entity, restricted_user, unauthorized
from .sync.own_calendar import read_by_first

SERVICE_GET_FREE_BUSY = "get_free_busy"
SERVICE_FIND_ROOMS = "find_rooms"

_MAX_SUBJECTS = 100
_MAX_WINDOW = timedelta(days=366)
_YEARS = range(1970, 3000)  # in other years, time zone arithmetic may overflow


def _composed(text: str) -> str:
    """Return a text with composed characters (NFC), as the names from Feishu have them."""
    return unicodedata.normalize("NFC", text)


def instant(value: Any) -> datetime:  # noqa: ANN401  # a validator takes any input
    """Validate an instant and return it in UTC, in whole seconds. Without a time zone, Home Assistant's is assumed."""
    local = cv.datetime(value)
    if local.year not in _YEARS:
        raise vol.Invalid(f"Year out of range: {value}")
    return dt_util.as_utc(local).replace(microsecond=0)


TEXTS = vol.All(cv.ensure_list, [vol.All(cv.string, str.strip, _composed)])

_GET_FREE_BUSY = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_ENTITY_ID, default=[]): cv.entity_ids,
        vol.Optional("room_id", default=[]): TEXTS,
        vol.Optional("user_id", default=[]): TEXTS,
        vol.Optional("user_id_type"): vol.Coerce(UserIdType),
        vol.Optional("start"): instant,
        vol.Exclusive("end", "length"): instant,
        vol.Exclusive("duration", "length"): cv.positive_time_period,
        vol.Optional("only_busy"): cv.boolean,
        vol.Optional("include_external_calendar", default=True): cv.boolean,
        vol.Optional("need_rsvp_status", default=False): cv.boolean,
    }
)
ROOM_FILTERS = {
    vol.Optional("min_capacity", default=0): vol.All(vol.Coerce(int), vol.Range(min=0)),
    vol.Optional("building", default=[]): TEXTS,
    vol.Optional("floor", default=[]): TEXTS,
    vol.Optional("area", default=[]): TEXTS,
    vol.Optional("equipment", default=[]): TEXTS,
}
_FIND_ROOMS = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional("duration", default=timedelta(minutes=30)): cv.positive_time_period,
        vol.Optional("start"): instant,
        vol.Optional("until"): instant,
        **ROOM_FILTERS,
        vol.Optional("limit", default=5): vol.All(vol.Coerce(int), vol.Range(min=1, max=100)),
    }
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        (SERVICE_GET_FREE_BUSY, _get_free_busy, _GET_FREE_BUSY),
        (SERVICE_FIND_ROOMS, _find_rooms, _FIND_ROOMS),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema, supports_response=SupportsResponse.ONLY)


# get_free_busy


async def _get_free_busy(call: ServiceCall) -> ServiceResponse:
    """Return the busy periods of any rooms and people in any window, read from Feishu now."""
    entry, subjects = _entry_and_subjects(call)
    await _check_permission(call, entry, subjects)
    start, end = _window(call)
    coordinator = entry.runtime_data  # the entry may be unloaded during the calls
    _check_budget(coordinator, len(subjects) * len(windows(start, end, MAX_WINDOW)))
    names = _names(call.hass, entry)

    async def read(subject: SubjectRef) -> BusyAnswer:
        try:
            return await read_by_first(
                coordinator.clients_of(subject.id),
                lambda client: client.freebusy_list(
                    subject,
                    time_min=start,
                    time_max=end,
                    # An event marked as free still reserves its room
                    only_busy=call.data.get("only_busy", subject.kind is SubjectKind.PERSON),
                    include_external_calendar=call.data["include_external_calendar"],
                    need_rsvp_status=call.data["need_rsvp_status"],
                ),
            )
        except FeishuError as error:
            return error

    with paid_by(Payer.ACTIONS):
        answers = await asyncio.gather(*map(read, subjects.values()))
    coordinator.calls.async_save_soon()
    errors = [answer for answer in answers if isinstance(answer, FeishuError)]
    if len(errors) == len(answers):
        raise failed(errors[0], HomeAssistantError)
    return {
        "start": local_iso(start),
        "end": local_iso(end),
        "subjects": [
            {"id": subject_id, "name": names.get(subject_id), **_outcome(answer)}
            for subject_id, answer in zip(subjects, answers, strict=True)
        ],
    }


async def _check_permission(call: ServiceCall, entry: FeishuConfigEntry, subjects: Iterable[str]) -> None:
    """Raise `Unauthorized` if the caller may not read a subject.

    Automations, which have no user, and administrators may read all of Feishu. Other users may read rooms and people of
    the entry, if they may read their entities in Home Assistant.
    """
    if (user := await restricted_user(call)) is None:
        return
    may_read = user.permissions.check_entity
    for subject_id in subjects:
        main = registered_main_entity(call.hass, entry, subject_id)
        if main is None or subject_id not in entry.runtime_data.subjects or not may_read(main, POLICY_READ):
            raise unauthorized(call, main)
    for entity_id in call.data[ATTR_ENTITY_ID]:
        if not may_read(entity_id, POLICY_READ):
            raise unauthorized(call, entity_id)


def _check_budget(coordinator: FreeBusyCoordinator, calls: int) -> None:
    """Spend the calls of an action. Refuse it if they exceed what actions may use now."""
    if isinstance(coordinator.error, QuotaExceededError):
        raise failed(coordinator.error, HomeAssistantError)
    share, moment = coordinator.calls.actions, coordinator.clock.moment
    if not share.spend(calls, moment):
        raise refused("over_budget", calls=str(calls), left=str(share.left(moment)))


def _window(call: ServiceCall) -> tuple[datetime, datetime]:
    start = call.data.get("start") or now_of(call.hass)
    end = call.data.get("end")
    length = end - start if end else call.data.get("duration", timedelta(days=1))
    if not timedelta() < length <= _MAX_WINDOW:
        raise refused("window", days=str(_MAX_WINDOW.days))
    return start, start + length


def _entry_and_subjects(call: ServiceCall) -> tuple[FeishuConfigEntry, dict[str, SubjectRef]]:
    """Return the entry to read with, and the subjects by id, each once."""
    entities = {entity_id: er.async_get(call.hass).async_get(entity_id) for entity_id in call.data[ATTR_ENTITY_ID]}
    owners: set[str | None] = set()
    for entity_id, entity in entities.items():
        if entity is None or entity.platform != DOMAIN:
            raise refused("not_ours", entity=entity_id)
        owners.add(entity.config_entry_id)
    entry, *others = entries_of(call, *owners)
    if others:
        raise refused("which_account")
    subjects: dict[str, SubjectRef] = {}
    for entity_id, entity in entities.items():
        device = dr.async_get(call.hass).async_get(entity.device_id) if entity and entity.device_id else None
        subject_id = subject_id_of(entry, device.identifiers) if device else None
        if subject_id is None:
            raise refused("not_ours", entity=entity_id)
        subjects[subject_id] = SubjectRef.of(subject_id)
    subjects |= {room_id: SubjectRef.of(room_id, SubjectKind.ROOM) for room_id in call.data["room_id"] if room_id}
    id_type = call.data.get("user_id_type")
    subjects |= {user_id: SubjectRef.of(user_id, id_type=id_type) for user_id in call.data["user_id"] if user_id}
    if not 1 <= len(subjects) <= _MAX_SUBJECTS:
        raise refused("subjects", most=str(_MAX_SUBJECTS))
    return entry, subjects


def _names(hass: HomeAssistant, entry: FeishuConfigEntry) -> dict[str | None, str | None]:
    """Return the names of the rooms and people of an entry in Home Assistant, by id."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {subject_id_of(entry, device.identifiers): device.name_by_user or device.name for device in devices}


def _outcome(answer: BusyAnswer) -> JsonObjectType:
    if isinstance(answer, FeishuError):
        return {"error": problem_key(answer), "details": str(answer)}
    return {"busy": [_period(period) for period in answer]}


def _period(period: BusyPeriod) -> JsonObjectType:
    times: JsonObjectType = {"start": local_iso(period.start), "end": local_iso(period.end)}
    return {**times, "rsvp_status": period.rsvp_status.value} if period.rsvp_status else times


# find_rooms


async def _find_rooms(call: ServiceCall) -> ServiceResponse:
    """Return the rooms that are free for a stay. Takes no call to Feishu."""
    if not call.data["duration"]:
        raise refused("duration")
    now = now_of(call.hass)
    request = Request(
        duration=call.data["duration"],
        earliest=max(call.data.get("start", now), now),
        latest=call.data.get("until"),
        limit=call.data["limit"],
        **filters_of(call),
    )
    entries = entries_of(call)
    found = async_find_rooms(call.hass, entries, request, among=await permitted_rooms(call, entries))
    return {
        "rooms": [_offer(found, offer) for offer in found.result.offers],
        "alternatives": [
            {
                "reason": alternative.reason.value,
                "minutes": minutes_of(alternative),
                **_offer(found, alternative.offer),
            }
            for alternative in found.result.alternatives
        ],
        "why": found.result.why.value if found.result.why else None,
    }


def filters_of(call: ServiceCall) -> dict[str, Any]:
    """Return what a room must have, as arguments of a `Request`."""
    return {
        "min_capacity": call.data["min_capacity"],
        "floors": tuple(call.data["floor"]),
        "buildings": tuple(call.data["building"]),
        "areas": tuple(call.data["area"]),
        "equipment": tuple(call.data["equipment"]),
    }


def _offer(found: Found, offer: Offer) -> JsonObjectType:
    room = found.rooms[offer.room_id]
    return {
        **found.describe(offer),
        "entity_id": room.entity_id,
        "room_id": offer.room_id,
        "pending": offer.pending,
        "capacity": room.info.room.capacity or None,
        "area": room.area or None,
        "equipment": list(room.info.room.equipment),
    }


# All actions


def entries_of(call: ServiceCall, *owners: str | None) -> list[FeishuConfigEntry]:
    """Return the loaded entry that was chosen or owns the entities; all loaded entries if there is none."""
    wanted = {entry_id for entry_id in (call.data.get(ATTR_CONFIG_ENTRY_ID), *owners) if entry_id}
    if len(wanted) > 1:
        raise refused("several_accounts")
    if wanted:
        return [service.async_get_config_entry(call.hass, DOMAIN, wanted.pop())]
    loaded = call.hass.config_entries.async_loaded_entries(DOMAIN)
    if not loaded:
        raise refused("not_loaded")
    return loaded


def now_of(hass: HomeAssistant) -> datetime:
    """Return the current time in whole seconds."""
    return async_now(hass).replace(microsecond=0)
