"""Binary sensors: busy or free, for each room and person."""

from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._time import local_iso
from .coordinator import FeishuConfigEntry
from .entity import SubjectEntity, async_add_subjects, zone_of
from .feishu.models import SubjectKind
from .model.directory import RoomInfo

PARALLEL_UPDATES = 0

# No device class: a booked room may be empty, and automations on occupancy must not act on a booking
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
        is_room = coordinator.subjects[subject_id].info.kind is SubjectKind.ROOM
        return [BusySensor(coordinator, subject_id, ROOM_BUSY if is_room else PERSON_BUSY)]

    await async_add_subjects(entry, async_add_entities, sensors_of)


class BusySensor(SubjectEntity, BinarySensorEntity):
    """On while the subject is busy; for a room, also while it is disabled. The main entity of the device."""

    _unrecorded_attributes = frozenset({"bookings", "room_id", "capacity", "building", "floor", "equipment", "titles"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the subject is busy."""
        return self.snapshot.status.busy if self.snapshot else None

    @override
    def rendered(self) -> object:
        """Return everything that is shown, before it is formatted; None if nothing is known."""
        if (snapshot := self.snapshot) is None:
            return None
        status, bookings = snapshot.status, snapshot.bookings
        titles = self.coordinator.titles.shown(self.subject_id)
        zone = zone_of(status.busy_since, status.busy_until, status.next_busy, status.next_free, bookings, titles)
        return status, bookings, self._about_room(), zone, self.coordinator.titles.is_on, titles

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return the times, in local time, and the properties of a room; None if nothing is known."""
        if (snapshot := self.snapshot) is None:
            return None
        status = snapshot.status
        attributes: dict[str, Any] = {
            "busy_since": local_iso(status.busy_since),
            "busy_until": local_iso(status.busy_until),
            "next_busy_time": local_iso(status.next_busy),
            "next_free_time": local_iso(status.next_free),
            "available_now": status.available_now,
            "bookings": [{"start": local_iso(block.start), "end": local_iso(block.end)} for block in snapshot.bookings],
        }
        if not (about := self._about_room()):
            return attributes  # a person has only times
        attributes |= {"disabled_reason": status.disabled_reason, "pending": status.pending}
        return {**attributes, **about, **self._titles()}

    def _titles(self) -> dict[str, Any]:
        """Return the bookings of the next day with what is known of them; empty if that is switched off."""
        titles = self.coordinator.titles
        if not titles.is_on:
            return {}
        return {
            "titles": [
                {
                    "start": local_iso(block.start),
                    "end": local_iso(block.end),
                    "title": label.title or None,
                    "organizer": label.organizer or None,
                }
                for block, label in titles.shown(self.subject_id)
            ]
        }

    def _about_room(self) -> dict[str, Any]:
        """Return the properties of a room; empty for a person."""
        if not isinstance(info := self.info, RoomInfo):
            return {}
        return {
            "room_id": info.id,
            "capacity": info.room.capacity or None,
            "building": info.building or None,
            "floor": info.floor or None,
            "equipment": list(info.room.equipment),
        }
