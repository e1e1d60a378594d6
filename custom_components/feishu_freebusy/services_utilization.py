"""The action that tells how much rooms were booked and used in the past."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ENTITY_MATCH_NONE
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType

from ._time import local_iso
from ._vol import vol
from .const import DOMAIN
from .coordinator import FreeBusyCoordinator
from .devices import subject_id_of
from .errors import refused
from .feishu.models import SubjectKind, SubjectRef
from .model.options import WEEKDAYS
from .model.utilization import Numbers, Tally, by_hour_of_week, hour_of
from .rights import permitted_rooms, registered_main_entity, unauthorized
from .services import entries_of, instant, now_of

SERVICE_GET_UTILIZATION = "get_utilization"

_MAX_DAYS = 400
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

GET_UTILIZATION = vol.Schema(
    {
        **cv.ENTITY_SERVICE_FIELDS,
        vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
        vol.Optional("start"): instant,
        vol.Optional("end"): instant,
        vol.Optional("by_hour", default=False): cv.boolean,
    }
)


@callback
def async_setup_utilization_service(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        SERVICE_GET_UTILIZATION,
        _get_utilization,
        GET_UTILIZATION,
        supports_response=SupportsResponse.ONLY,
    )


async def _get_utilization(call: ServiceCall) -> ServiceResponse:
    """Return how much rooms were booked and used, in whole local hours. Takes no call to Feishu."""
    start, last = _period(call)
    zone = dt_util.get_default_time_zone()
    rooms: list[JsonValueType] = []
    tallies: list[Tally] = []
    for coordinator, room_ids in await _rooms(call):
        found = await coordinator.utilization.async_read(room_ids, hour_of(start, zone), hour_of(last, zone))
        for room_id, tally in found.items():
            if subject := coordinator.subjects.get(room_id):
                entity_id = registered_main_entity(call.hass, coordinator.config_entry, room_id)
                described = {"room_id": room_id, "entity_id": entity_id, "name": subject.info.device_name}
                rooms.append({**described, **_described(tally.values()), **_by_hour(call, tally)})
                tallies.append(tally)
    return {
        "start": local_iso(start),
        "end": local_iso(last + _SECOND),
        "rooms": rooms,
        "total": _described(numbers for tally in tallies for numbers in tally.values()),
    }


def _period(call: ServiceCall) -> tuple[datetime, datetime]:
    """Return the first and the last second: those of local hours."""
    now = now_of(call.hass)
    month = dt_util.as_utc(dt_util.as_local(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    # At the first instant of a month, the month counts, too: reports are made at midnight
    start, end = call.data.get("start", month), call.data.get("end", max(now, month + _SECOND))
    if not timedelta() < end - start <= timedelta(days=_MAX_DAYS):
        raise refused("window", days=str(_MAX_DAYS))
    return _hour_start(start), _hour_start(end - _SECOND) + _HOUR - _SECOND


def _hour_start(instant_: datetime) -> datetime:
    local = dt_util.as_local(instant_)
    return instant_ - timedelta(minutes=local.minute, seconds=local.second)


async def _rooms(call: ServiceCall) -> list[tuple[FreeBusyCoordinator, list[str]]]:
    """Return the rooms that are targeted, by entry. Without a target, return those that the caller may read.

    A room of several apps is in one of them. An entry may be unloaded later, so its coordinator is returned.
    """
    targeted = _targeted(call)
    entries = entries_of(call)
    permitted = await permitted_rooms(call, entries)
    rooms: list[tuple[FreeBusyCoordinator, list[str]]] = []
    seen: set[str] = set()
    for entry in entries:
        wanted = [
            room_id
            for room_id in entry.runtime_data.subjects.room_ids
            if room_id not in seen and (targeted is None or room_id in targeted)
        ]
        denied = [] if permitted is None else [room_id for room_id in wanted if room_id not in permitted]
        if denied and targeted is not None:
            raise unauthorized(call, registered_main_entity(call.hass, entry, denied[0]))
        rooms.append((entry.runtime_data, [room_id for room_id in wanted if room_id not in denied]))
        seen.update(wanted)
    if targeted and (missing := targeted.keys() - seen):
        raise refused("not_a_room", name=targeted[min(missing)])
    return rooms


def _targeted(call: ServiceCall) -> dict[str, str] | None:
    """Return the targeted rooms by id, each with an entity; None without a target."""
    if not any(field in call.data for field in cv.ENTITY_SERVICE_FIELDS):
        return None
    selected = async_extract_referenced_entity_ids(call.hass, TargetSelection(call.data))
    missing = selected.missing_devices | selected.missing_areas | selected.missing_floors | selected.missing_labels
    found: dict[str, str] = {}
    for entity_id in sorted(selected.referenced | selected.indirectly_referenced):
        if room_id := _room_of(call.hass, entity_id):
            found[room_id] = entity_id
        elif entity_id in selected.referenced:
            missing.add(entity_id)
    if missing or not found:
        raise refused("not_a_room", name=min(missing, default=ENTITY_MATCH_NONE))
    return found


def _room_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the id of the room that an entity belongs to."""
    entity = er.async_get(hass).async_get(entity_id)
    device = dr.async_get(hass).async_get((entity and entity.device_id) or "")
    entry = hass.config_entries.async_get_entry((entity and entity.config_entry_id) or "")
    if entity is None or entity.platform != DOMAIN or device is None or entry is None:
        return None
    subject_id = subject_id_of(entry, device.identifiers)
    return subject_id if subject_id and SubjectRef.of(subject_id).kind is SubjectKind.ROOM else None


def _described(items: Iterable[Numbers]) -> JsonObjectType:
    numbers = Numbers.sum(items)
    shares = {share.value: percent for share, percent in numbers.shares.items()}
    return {"office_hours": _hours(numbers.office), "known_hours": _hours(numbers.known), **shares}


def _by_hour(call: ServiceCall, tally: Tally) -> JsonObjectType:
    if not call.data["by_hour"]:
        return {}
    hours: list[JsonValueType] = [
        {"weekday": WEEKDAYS[weekday], "hour": hour, **_described([numbers])}
        for (weekday, hour), numbers in by_hour_of_week(tally).items()
    ]
    return {"hours": hours}


def _hours(seconds: int) -> float:
    return round(seconds / 3600, 2)
