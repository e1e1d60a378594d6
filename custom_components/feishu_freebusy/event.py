"""Events: what happened to the bookings of each room."""

from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ._time import local_iso
from .coordinator import FeishuConfigEntry
from .entity import SubjectEntity, async_add_subjects
from .feishu.models import SubjectKind
from .model.changes import Change, ChangeKind

PARALLEL_UPDATES = 0

BOOKING_CHANGES = EventEntityDescription(
    key="booking_changes",
    translation_key="booking_changes",
    event_types=[kind.value for kind in ChangeKind],
    entity_registry_enabled_default=False,  # each change writes a line to the logbook. Triggers do not need it
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an event entity for each room."""
    coordinator = entry.runtime_data

    def events_of(subject_id: str) -> list[BookingChanges]:
        is_room = coordinator.subjects[subject_id].kind is SubjectKind.ROOM
        return [BookingChanges(coordinator, subject_id, BOOKING_CHANGES)] if is_room else []

    await async_add_subjects(entry, async_add_entities, events_of)


class BookingChanges(SubjectEntity, EventEntity):
    """The last change of a booking of a room: its times, no title."""

    @override
    def rendered(self) -> object:
        """Return what changes without an event: whether anything is known."""
        return self.available

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the changes of the bookings."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.notifier.async_listen_bookings(self.subject_id, self._on_change))

    @callback
    def _on_change(self, change: Change) -> None:
        self._trigger_event(
            change.kind,
            {
                "start": local_iso(change.start),
                "end": local_iso(change.end),
                "previous_start": local_iso(change.previous_start),
                "previous_end": local_iso(change.previous_end),
            },
        )
        if self.available:  # else it is shown once the room is available again
            self.async_write_ha_state()
