"""The rooms of all entries, as the search for a free one wants them: from memory, without a call."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .devices import subject_id_of
from .model.directory import RoomInfo
from .model.schedule import Schedule
from .model.search import Candidate, Request, SearchResult, find_rooms


@dataclass(frozen=True, slots=True)
class FoundRoom:
    """A room with all that one may want to be told of it."""

    entity_id: str | None
    name: str
    area: str
    info: RoomInfo


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search, and the rooms it speaks of, by the ids used there."""

    result: SearchResult
    rooms: Mapping[str, FoundRoom]


@callback
def async_find_rooms(
    hass: HomeAssistant,
    entries: Iterable[FeishuConfigEntry],
    request: Request,
    among: Container[str] | None = None,
) -> Found:
    """Search the rooms of these entries, which are loaded, for a stay; with `among`, only those with these ids.

    Where the request names areas, these may be names or ids. A room that two apps show is one room, and what was read
    last counts.
    """
    rooms: dict[str, FoundRoom] = {}
    candidates: dict[str, Candidate] = {}
    for entry in entries:
        for room in _rooms_of(hass, entry):
            room_id = room.info.room.room_id
            if among is not None and room_id not in among:
                continue
            schedule = entry.runtime_data.schedule(room_id)
            other = candidates.get(room_id)
            if other and _read_at(schedule) <= _read_at(other.schedule):
                continue
            rooms[room_id] = room
            candidates[room_id] = Candidate(
                room_id,
                room.name,
                schedule,
                capacity=room.info.room.capacity,
                building=room.info.building,
                floor=room.info.floor,
                area=room.area,
                equipment=room.info.room.equipment,
            )
    named = replace(request, areas=tuple(_name_of_area(hass, area) for area in request.areas))
    return Found(find_rooms(candidates.values(), named, dt_util.utcnow()), rooms)


def _read_at(schedule: Schedule | None) -> datetime:
    return schedule.window_start if schedule else datetime.min.replace(tzinfo=UTC)


def _name_of_area(hass: HomeAssistant, name_or_id: str) -> str:
    area = ar.async_get(hass).async_get_area(name_or_id)
    return area.name if area else name_or_id


def _rooms_of(hass: HomeAssistant, entry: FeishuConfigEntry) -> Iterable[FoundRoom]:
    areas = ar.async_get(hass)
    devices = {
        subject_id_of(entry, device.identifiers): device
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    }
    coordinator = entry.runtime_data
    for room_id in coordinator.room_ids:
        info, device = coordinator.info(room_id), devices.get(room_id)
        if not isinstance(info, RoomInfo) or device is None or device.disabled:
            continue
        area = areas.async_get_area(device.area_id) if device.area_id else None
        name = device.name_by_user or info.device_name
        yield FoundRoom(main_entity_id(hass, entry, room_id), name, area.name if area else "", info)


def main_entity_id(hass: HomeAssistant, entry: FeishuConfigEntry, room_id: str) -> str | None:
    """Return the id of the entity that says whether the room is busy, None if that one is disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, f"{entry.unique_id}_{room_id}_busy")
    entity = registry.async_get(entity_id) if entity_id else None
    return None if entity is None or entity.disabled else entity.entity_id
