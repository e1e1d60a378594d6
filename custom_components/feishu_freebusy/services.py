"""The actions: ask Feishu for any free/busy, and find a free room from what is known."""

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er, service
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from .const import DOMAIN, ROOM_PREFIX
from .coordinator import FeishuConfigEntry
from .devices import subject_id_of
from .errors import problem_key, problem_placeholders
from .feishu.errors import FeishuError
from .feishu.models import BusyPeriod, UserIdType, user_id_type_of
from .finder import Found, async_find_rooms
from .model.search import Offer, Request

if TYPE_CHECKING:
    import probatio as vol
else:
    import voluptuous as vol

SERVICE_GET_FREE_BUSY = "get_free_busy"
SERVICE_FIND_ROOMS = "find_rooms"

_MAX_SUBJECTS = 100
_MAX_WINDOW = timedelta(days=366)
_YEARS = range(1970, 3000)  # in others, reckoning with instants comes to its end


def instant(value: Any) -> datetime:  # noqa: ANN401  # whatever somebody typed
    """Validate an instant and return it in UTC, in whole seconds; one without a zone is in Home Assistant's."""
    local = cv.datetime(value)
    if local.year not in _YEARS:
        raise vol.Invalid(f"Year out of range: {value}")
    return dt_util.as_utc(local).replace(microsecond=0)


_TEXTS = vol.All(cv.ensure_list, [vol.All(cv.string, str.strip)])

_GET_FREE_BUSY = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional(ATTR_ENTITY_ID, default=[]): cv.entity_ids,
        vol.Optional("room_id", default=[]): _TEXTS,
        vol.Optional("user_id", default=[]): _TEXTS,
        vol.Optional("user_id_type"): vol.Coerce(UserIdType),
        vol.Optional("start"): instant,
        vol.Exclusive("end", "length"): instant,
        vol.Exclusive("duration", "length"): cv.positive_time_period,
        vol.Optional("only_busy", default=True): cv.boolean,
        vol.Optional("include_external_calendar", default=True): cv.boolean,
        vol.Optional("need_rsvp_status", default=False): cv.boolean,
    }
)
_FIND_ROOMS = vol.Schema(
    {
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional("duration", default=timedelta(minutes=30)): cv.positive_time_period,
        vol.Optional("start"): instant,
        vol.Optional("until"): instant,
        vol.Optional("min_capacity", default=0): vol.All(vol.Coerce(int), vol.Range(min=0)),
        vol.Optional("building", default=[]): _TEXTS,
        vol.Optional("floor", default=[]): _TEXTS,
        vol.Optional("area", default=[]): _TEXTS,
        vol.Optional("equipment", default=[]): _TEXTS,
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
    """Return the busy periods of any rooms and people in any window, as Feishu has them at this moment."""
    entry, ids = _entry_and_ids(call)
    start, end = _window(call)
    coordinator = entry.runtime_data  # the entry may be unloaded meanwhile
    names = _names(call.hass, entry)

    async def read(subject: dict[str, Any]) -> tuple[BusyPeriod, ...] | FeishuError:
        try:
            return await coordinator.client.freebusy_list(
                **subject,
                time_min=start,
                time_max=end,
                only_busy=call.data["only_busy"],
                include_external_calendar=call.data["include_external_calendar"],
                need_rsvp_status=call.data["need_rsvp_status"],
            )
        except FeishuError as error:
            return error

    answers = await asyncio.gather(*map(read, ids.values()))
    coordinator.calls.async_save_soon()
    errors = [answer for answer in answers if isinstance(answer, FeishuError)]
    if len(errors) == len(answers):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=problem_key(errors[0]),
            translation_placeholders=problem_placeholders(errors[0]),  # no names: Home Assistant logs them
        )
    return {
        "start": _text(start),
        "end": _text(end),
        "subjects": [
            {"id": subject_id, "name": names.get(subject_id), **_outcome(answer)}
            for subject_id, answer in zip(ids, answers, strict=True)
        ],
    }


def _window(call: ServiceCall) -> tuple[datetime, datetime]:
    start = call.data.get("start") or _now()
    end = call.data.get("end")
    length = end - start if end else call.data.get("duration", timedelta(days=1))
    if not timedelta() < length <= _MAX_WINDOW:
        raise _refused("window", days=str(_MAX_WINDOW.days))
    return start, start + length


def _entry_and_ids(call: ServiceCall) -> tuple[FeishuConfigEntry, dict[str, dict[str, Any]]]:
    """Return the entry to read with, and for each subject how the API is told of it."""
    entities = {entity_id: er.async_get(call.hass).async_get(entity_id) for entity_id in call.data[ATTR_ENTITY_ID]}
    owners: set[str | None] = set()
    for entity_id, entity in entities.items():
        if entity is None or entity.platform != DOMAIN:
            raise _refused("not_ours", entity=entity_id)
        owners.add(entity.config_entry_id)
    entry, *others = _entries(call, *owners)
    if others:
        raise _refused("which_account")
    ids: dict[str, dict[str, Any]] = {}
    for entity_id, entity in entities.items():
        device = dr.async_get(call.hass).async_get(entity.device_id) if entity and entity.device_id else None
        subject_id = subject_id_of(entry, device.identifiers) if device else None
        if subject_id is None:
            raise _refused("not_ours", entity=entity_id)
        ids[subject_id] = _parameters(subject_id, None)
    ids |= {room_id: {"room_id": room_id} for room_id in call.data["room_id"] if room_id}
    user_id_type = call.data.get("user_id_type")
    ids |= {user_id: _parameters(user_id, user_id_type) for user_id in call.data["user_id"] if user_id}
    if not 1 <= len(ids) <= _MAX_SUBJECTS:
        raise _refused("subjects", most=str(_MAX_SUBJECTS))
    return entry, ids


def _parameters(subject_id: str, user_id_type: UserIdType | None) -> dict[str, Any]:
    if subject_id.startswith(ROOM_PREFIX):
        return {"room_id": subject_id}
    return {"user_id": subject_id, "user_id_type": user_id_type or user_id_type_of(subject_id)}


def _names(hass: HomeAssistant, entry: FeishuConfigEntry) -> dict[str | None, str | None]:
    """Return what the rooms and people of an entry are called here, by their ids."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {subject_id_of(entry, device.identifiers): device.name_by_user or device.name for device in devices}


def _outcome(answer: tuple[BusyPeriod, ...] | FeishuError) -> JsonObjectType:
    if isinstance(answer, FeishuError):
        return {"error": problem_key(answer), "details": str(answer)}
    return {"busy": [_period(period) for period in answer]}


def _period(period: BusyPeriod) -> JsonObjectType:
    times: JsonObjectType = {"start": _text(period.start), "end": _text(period.end)}
    return {**times, "rsvp_status": period.rsvp_status.value} if period.rsvp_status else times


# find_rooms


async def _find_rooms(call: ServiceCall) -> ServiceResponse:
    """Return the rooms that are free for a stay, from what is known, without a call to Feishu."""
    if not call.data["duration"]:
        raise _refused("duration")
    now = _now()
    request = Request(
        duration=call.data["duration"],
        earliest=max(call.data.get("start", now), now),
        latest=call.data.get("until"),
        min_capacity=call.data["min_capacity"],
        floors=tuple(call.data["floor"]),
        buildings=tuple(call.data["building"]),
        areas=tuple(call.data["area"]),
        equipment=tuple(call.data["equipment"]),
        limit=call.data["limit"],
    )
    found = async_find_rooms(call.hass, _entries(call), request)
    return {
        "rooms": [_offer(found, offer) for offer in found.result.offers],
        "alternatives": [
            {
                "reason": alternative.reason.value,
                "minutes": int(alternative.duration.total_seconds() // 60),
                **_offer(found, alternative.offer),
            }
            for alternative in found.result.alternatives
        ],
        "why": found.result.why.value if found.result.why else None,
    }


def _offer(found: Found, offer: Offer) -> JsonObjectType:
    room = found.rooms[offer.room_id]
    return {
        "name": room.name,
        "entity_id": room.entity_id,
        "room_id": offer.room_id,
        "free_from": _text(offer.free_from),
        "free_until": _text(offer.free_until) if offer.free_until else None,
        "pending": offer.pending,
        "capacity": room.info.room.capacity or None,
        "building": room.info.building or None,
        "floor": room.info.floor or None,
        "area": room.area or None,
        "equipment": list(room.info.room.equipment),
    }


# Both


def _entries(call: ServiceCall, *owners: str | None) -> list[FeishuConfigEntry]:
    """Return the loaded entries that are meant: the one that was chosen or owns the entities, else all there are."""
    wanted = {entry_id for entry_id in (call.data.get(ATTR_CONFIG_ENTRY_ID), *owners) if entry_id}
    if len(wanted) > 1:
        raise _refused("several_accounts")
    if wanted:
        return [service.async_get_config_entry(call.hass, DOMAIN, wanted.pop())]
    loaded = call.hass.config_entries.async_loaded_entries(DOMAIN)
    if not loaded:
        raise _refused("not_loaded")
    return loaded


def _now() -> datetime:
    return dt_util.utcnow().replace(microsecond=0)


def _text(instant: datetime) -> str:
    return dt_util.as_local(instant).isoformat()


def _refused(key: str, **placeholders: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )
