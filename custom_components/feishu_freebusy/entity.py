"""What all entities of a room share."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .catalogue import RoomInfo
from .coordinator import FreeBusyCoordinator, Snapshot
from .devices import room_device_info


class RoomEntity(CoordinatorEntity[FreeBusyCoordinator]):
    """A pure function of what is known of a room and of now, written only when its result changes."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: FreeBusyCoordinator, room_id: str, description: EntityDescription) -> None:
        """Take the room; the description's key tells its entities apart."""
        super().__init__(coordinator, context=room_id)
        self.entity_description = description
        self.room_id = room_id
        self._attr_unique_id = f"{coordinator.config_entry.unique_id}_{room_id}_{description.key}"
        self._shown: tuple[RoomInfo, Snapshot | None] | None = None

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the room as a device."""
        return room_device_info(self.coordinator.config_entry, self.room)

    @property
    def room(self) -> RoomInfo:
        """Return what the catalogue knows of the room."""
        return self.coordinator.room(self.room_id)

    @property
    def snapshot(self) -> Snapshot | None:
        """Return what is known now, None if nothing current is."""
        return self.coordinator.snapshot(self.room_id)

    @property
    @override
    def available(self) -> bool:
        """Return whether anything current is known; a failed poll alone does not make that untrue."""
        return self.snapshot is not None

    @override
    async def async_update(self) -> None:
        """Read the room at once, for `homeassistant.update_entity`."""
        await self.coordinator.async_read_now(self.room_id)

    @override
    async def async_added_to_hass(self) -> None:
        """Start to follow the coordinator; Home Assistant writes the first state right after."""
        await super().async_added_to_hass()
        self._shown = (self.room, self.snapshot)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.room_id not in self.coordinator.room_ids:
            return  # dropped in the options, and about to be removed
        shown = (self.room, self.snapshot)
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()
