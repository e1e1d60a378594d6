"""Is a room, or a person, busy now?"""

from datetime import datetime
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import FeishuConfigEntry
from .entity import SubjectEntity, async_add_subjects, zone_of
from .model.directory import RoomInfo

PARALLEL_UPDATES = 0

# No device class: booked is not occupied, and automations on occupancy must not act on a booking
ROOM_BUSY = BinarySensorEntityDescription(key="busy", translation_key="busy", name=None)
PERSON_BUSY = BinarySensorEntityDescription(key="busy", translation_key="person_busy", name=None)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a sensor for each room and person."""
    coordinator = entry.runtime_data

    def sensors_of(subject_id: str) -> list[BusySensor]:
        is_room = isinstance(coordinator.info(subject_id), RoomInfo)
        return [BusySensor(coordinator, subject_id, ROOM_BUSY if is_room else PERSON_BUSY)]

    async_add_subjects(entry, async_add_entities, sensors_of)


class BusySensor(SubjectEntity, BinarySensorEntity):
    """On while the subject is busy, a room also while it is disabled: the device's main entity."""

    _unrecorded_attributes = frozenset({"bookings", "room_id", "capacity", "building", "floor", "equipment"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the subject is busy."""
        return self.snapshot.status.busy if self.snapshot else None

    @override
    def rendered(self) -> object:
        """Return all that is shown, but not as text; or that nothing is known."""
        if (snapshot := self.snapshot) is None:
            return None
        status, bookings = snapshot.status, snapshot.bookings
        zone = zone_of(status.busy_since, status.busy_until, status.next_busy, status.next_free, bookings)
        return status, bookings, self._about_room(), zone

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return since when, until when and what next, in local time, and what is known of the subject itself."""
        if (snapshot := self.snapshot) is None:
            return None
        status = snapshot.status
        attributes = {
            "busy_since": _local(status.busy_since),
            "busy_until": _local(status.busy_until),
            "next_busy_time": _local(status.next_busy),
            "next_free_time": _local(status.next_free),
            "available_now": status.available_now,
            "bookings": [{"start": _local(block.start), "end": _local(block.end)} for block in snapshot.bookings],
        }
        if not (about := self._about_room()):
            return attributes  # of a person, times only
        return {**attributes, "disabled_reason": status.disabled_reason, "pending": status.pending, **about}

    def _about_room(self) -> dict[str, Any]:
        """Return what the room is, nothing of a person."""
        if not isinstance(info := self.info, RoomInfo):
            return {}
        return {
            "room_id": info.room.room_id,
            "capacity": info.room.capacity or None,
            "building": info.building or None,
            "floor": info.floor or None,
            "equipment": list(info.room.equipment),
        }


def _local(instant: datetime | None) -> str | None:
    return dt_util.as_local(instant).isoformat() if instant else None
