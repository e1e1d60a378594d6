"""Searches the rooms of all entries for a free one, from memory, without a call to Feishu."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType

from ._time import local_iso
from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .devices import subject_id_of
from .model.directory import RoomInfo
from .model.schedule import Schedule, merge_schedules
from .model.search import Alternative, Candidate, Offer, Request, SearchResult, find_rooms


@dataclass(frozen=True, slots=True)
class FoundRoom:
    """A room that a search may return."""

    entity_id: str | None
    name: str
    area: str
    info: RoomInfo


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search at `now`, and its rooms by id."""

    result: SearchResult
    rooms: Mapping[str, FoundRoom]
    now: datetime

    def describe(self, offer: Offer) -> JsonObjectType:
        """Return an offer as the actions and the tools for language models both show it; times are local."""
        room = self.rooms[offer.room_id]
        return {
            "name": room.name,
            "free_from": local_iso(offer.free_from),
            "free_until": local_iso(offer.free_until),
            "building": room.info.building or None,
            "floor": room.info.floor or None,
        }


def minutes_of(alternative: Alternative) -> int:
    """Return the length of the stay in whole minutes."""
    return int(alternative.duration.total_seconds() // 60)


@callback
def async_now(hass: HomeAssistant) -> datetime:
    """Return the current time, by Feishu's clock if the clock of this machine is wrong.

    Then the servers of all entries say so. One server with a wrong clock changes nothing.
    The clock of one entry is in `sync.clock`.
    """
    entries: list[FeishuConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    offsets = (entry.runtime_data.clock.offset for entry in entries)
    return dt_util.utcnow() + min(offsets, key=abs, default=timedelta())


@callback
def async_find_rooms(
    hass: HomeAssistant,
    entries: Iterable[FeishuConfigEntry],
    request: Request,
    among: Container[str] | None = None,
) -> Found:
    """Search the rooms of these loaded entries for a stay; with `among`, only the rooms with these ids.

    The areas of the request may be names or ids. If two apps show a room, it is one room, busy if
    either app says so; its name and place are those of the latest reading.
    """
    rooms: dict[str, FoundRoom] = {}
    candidates: dict[str, Candidate] = {}
    read_at: dict[str, datetime] = {}
    for entry in entries:
        for room in _rooms_of(hass, entry):
            room_id = room.info.id
            if among is not None and room_id not in among:
                continue
            schedule = entry.runtime_data.subjects.schedule(room_id)
            if other := candidates.get(room_id):
                together = combined([schedule, other.schedule])
                if _read_at(schedule) <= read_at[room_id]:
                    candidates[room_id] = replace(other, schedule=together)
                    continue
                schedule = together
            read_at[room_id] = _read_at(entry.runtime_data.subjects.schedule(room_id))
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
    now = async_now(hass)
    return Found(find_rooms(candidates.values(), named, now), rooms, now)


def combined(schedules: Iterable[Schedule | None]) -> Schedule | None:
    """Return the schedule of a subject from those of several apps, None if none is known."""
    known = [schedule for schedule in schedules if schedule]
    return reduce(merge_schedules, known) if known else None


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
    for room_id in coordinator.subjects.room_ids:
        info, device = coordinator.subjects[room_id].info, devices.get(room_id)
        if not isinstance(info, RoomInfo) or device is None or device.disabled:
            continue
        area = areas.async_get_area(device.area_id) if device.area_id else None
        name = device.name_by_user or info.device_name
        yield FoundRoom(main_entity_id(hass, entry, room_id), name, area.name if area else "", info)


def main_entity_id(hass: HomeAssistant, entry: FeishuConfigEntry, room_id: str) -> str | None:
    """Return the id of the binary sensor of a room or person, None if there is none or it is disabled."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(Platform.BINARY_SENSOR, DOMAIN, f"{entry.unique_id}_{room_id}_busy")
    entity = registry.async_get(entity_id) if entity_id else None
    return None if entity is None or entity.disabled else entity.entity_id
