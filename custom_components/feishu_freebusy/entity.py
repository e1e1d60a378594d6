"""Base classes for the entities of rooms and people, and of the account."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from datetime import tzinfo
from itertools import batched
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from ._slices import in_slices
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import account_device_info, subject_device_info
from .model.subject import Snapshot, SubjectInfo

_ADDED_AT_ONCE = 10


class SubjectEntity(CoordinatorEntity[FreeBusyCoordinator]):
    """Shows a room or a person: a pure function of the snapshot, written only when the result changes."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: FreeBusyCoordinator, subject_id: str, description: EntityDescription) -> None:
        """The key of the description is part of the unique id."""
        super().__init__(coordinator, context=subject_id)
        self.entity_description = description
        self.subject_id = subject_id
        self._attr_unique_id = f"{coordinator.config_entry.unique_id}_{subject_id}_{description.key}"
        self._shown: object = None
        self._rendered: object = None  # about to be written

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the subject as a device."""
        return subject_device_info(self.coordinator.hass, self.coordinator.config_entry, self.info)

    @property
    def info(self) -> SubjectInfo:
        """Return the room or person itself."""
        return self.coordinator.subjects[self.subject_id].info

    @property
    def snapshot(self) -> Snapshot | None:
        """Return what is known now, None if nothing current is known."""
        return self.coordinator.subjects.snapshot(self.subject_id)

    @property
    @override
    def available(self) -> bool:
        """Return whether anything current is known. One failed poll does not change that."""
        return self.snapshot is not None

    @abstractmethod
    def rendered(self) -> object:
        """Return everything that the entity shows, except its name, as a value that can be compared."""

    @override
    async def async_update(self) -> None:
        """Read the subject now: `homeassistant.update_entity` was called."""
        await self.coordinator.async_read_now(self.subject_id)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Let others work between the entities: an unload removes thousands of them in a row."""
        await super().async_will_remove_from_hass()
        await self.coordinator.pace.step()

    @callback
    @override
    def _async_write_ha_state(self) -> None:
        """Write the state of one moment and remember it."""
        with self.coordinator.clock.one_moment():
            self._shown = self._rendered or self._render()
            super()._async_write_ha_state()

    def _render(self) -> object:
        return self.rendered() if self.subject_id in self.coordinator.subjects else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.subject_id not in self.coordinator.subjects:
            return  # dropped; the entity will be removed
        with self.coordinator.clock.one_moment():
            if (rendered := self.rendered()) != self._shown:
                self._rendered = rendered  # used by the write, at the same moment
                try:
                    self.async_write_ha_state()
                finally:
                    self._rendered = None


def zone_of(*shown: object) -> tzinfo | None:
    """Return the time zone if any of the values is shown, else None: without times, the zone changes nothing."""
    return dt_util.get_default_time_zone() if any(shown) else None


class AccountEntity(CoordinatorEntity[FreeBusyCoordinator]):
    """Shows something about the account as a whole."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: FreeBusyCoordinator, description: EntityDescription) -> None:
        """The key of the description is part of the unique id."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.config_entry.unique_id}_{description.key}"
        self._attr_device_info = account_device_info(coordinator.config_entry)

    @property
    @override
    def available(self) -> bool:
        """Return True: a failed poll changes nothing here."""
        return True

    @override
    async def async_update(self) -> None:
        """Do nothing: the value does not come from Feishu."""


async def async_add_subjects(
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entities_of: Callable[[str], Iterable[Entity]],
) -> None:
    """Add the entities of all rooms and people, also of those that are added later."""
    coordinator = entry.runtime_data

    @callback
    def add(subject_ids: Iterable[str]) -> None:
        async_add_entities(entity for subject_id in subject_ids for entity in entities_of(subject_id))

    entry.async_on_unload(coordinator.notifier.async_listen_added(add))
    async for subject_ids in in_slices(batched(coordinator.subjects, _ADDED_AT_ONCE, strict=False)):
        add(subject_ids)
