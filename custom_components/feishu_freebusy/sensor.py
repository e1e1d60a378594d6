"""Sensors: the next times of each room and person, and the state of the account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, Platform, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .entity import AccountEntity, SubjectEntity, async_add_subjects
from .feishu.models import SubjectKind
from .model.live import LiveState
from .model.schedule import Status
from .model.use import Use
from .model.utilization import Share
from .sync.utilization import KEY, Period

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A value of the account."""

    value_fn: Callable[[FreeBusyCoordinator], float | str | datetime | None]


@dataclass(frozen=True, kw_only=True)
class SubjectSensorDescription(SensorEntityDescription):
    """An instant of a room or a person; None if there is none in the known window."""

    value_fn: Callable[[Status], datetime | None]


@dataclass(frozen=True, kw_only=True)
class ShareDescription(AccountSensorDescription):
    """A share of the office hours of a period: of a room, or, by `value_fn`, of all rooms together."""

    share: Share
    period: Period


def _share(share: Share, period: Period, name: str) -> ShareDescription:
    return ShareDescription(
        key=f"{share}_{name}",
        translation_key=f"{share}_{name}",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        share=share,
        period=period,
        value_fn=lambda coordinator: coordinator.utilization.share(None, share, period),
    )


SUBJECT_SENSORS = (
    SubjectSensorDescription(
        key="next_change",
        translation_key="next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda status: status.busy_until if status.busy else status.next_busy,
    ),
    SubjectSensorDescription(
        key="next_free",
        translation_key="next_free",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,  # two lines in the logbook for each booking
        value_fn=lambda status: status.next_free,
    ),
    SubjectSensorDescription(
        key="next_busy",
        translation_key="next_busy",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.next_busy,
    ),
)

SHARES = tuple(
    _share(share, period, name)
    for share in Share
    for period, name in ((Period.DAY, "today"), (Period.MONTH, "this_month"))
)
BOOKED_SHARES = [each for each in SHARES if each.share is Share.BOOKED]
USE_SHARES = [each for each in SHARES if each.share is not Share.BOOKED]

FREE_ROOMS = SensorEntityDescription(
    key="free_rooms", translation_key="free_rooms", state_class=SensorStateClass.MEASUREMENT
)

USE = SensorEntityDescription(
    key="use", translation_key="use", device_class=SensorDeviceClass.ENUM, options=[use.value for use in Use]
)

ACCOUNT_SENSORS = (
    AccountSensorDescription(
        key="calls",
        translation_key="calls",
        entity_category=EntityCategory.DIAGNOSTIC,
        state_class=SensorStateClass.TOTAL_INCREASING,
        value_fn=lambda coordinator: coordinator.calls.used,
    ),
    AccountSensorDescription(
        key="projected_calls",
        translation_key="projected_calls",
        entity_category=EntityCategory.DIAGNOSTIC,
        # Rounded to hundreds, to change rarely
        value_fn=lambda coordinator: round(coordinator.timetable.projected_calls, -2),
    ),
    AccountSensorDescription(
        key="interval",
        translation_key="interval",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=1,
        value_fn=lambda coordinator: round(coordinator.timetable.interval.total_seconds()),
    ),
    AccountSensorDescription(
        key="last_read",
        translation_key="last_read",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,  # it changes with every poll
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: coordinator.last_read_at,
    ),
    AccountSensorDescription(
        key="live_updates",
        translation_key="live_updates",
        entity_category=EntityCategory.DIAGNOSTIC,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in LiveState],
        value_fn=lambda coordinator: coordinator.live.state.value,
    ),
    AccountSensorDescription(
        key="last_event",
        translation_key="last_event",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,  # it changes with every event
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda coordinator: coordinator.live.last_event,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the account, and those of each room and person."""
    coordinator = entry.runtime_data
    async_add_entities(AccountSensor(coordinator, each) for each in (*ACCOUNT_SENSORS, *BOOKED_SHARES))

    def sensors_of(subject_id: str) -> list[SubjectEntity]:
        is_room = coordinator.subjects[subject_id].kind is SubjectKind.ROOM
        return [
            *(SubjectSensor(coordinator, subject_id, description) for description in SUBJECT_SENSORS),
            *(RoomShareSensor(coordinator, subject_id, each) for each in (BOOKED_SHARES if is_room else ())),
        ]

    await async_add_subjects(entry, async_add_entities, sensors_of)
    _follow_use(hass, coordinator, async_add_entities)
    async_add_entities([FreeRoomsSensor(coordinator, FREE_ROOMS)])  # last: it looks at all rooms


@callback
def _follow_use(
    hass: HomeAssistant, coordinator: FreeBusyCoordinator, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Have sensors of use for each room with occupancy sensors, and for the account if there is such a room."""
    registry, entry, presence = er.async_get(hass), coordinator.config_entry, coordinator.presence
    has_account = False

    @callback
    def remove(unique_id: str) -> None:
        if entity_id := registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id):
            registry.async_remove(entity_id)

    @callback
    def change(added: set[str], removed: set[str]) -> None:
        nonlocal has_account
        for room_id in removed:
            for each in (USE, *USE_SHARES):
                remove(f"{entry.unique_id}_{room_id}_{each.key}")
        for room_id in sorted(added):
            shares = [RoomShareSensor(coordinator, room_id, each) for each in USE_SHARES]
            async_add_entities([UseSensor(coordinator, room_id, USE), *shares])
        if presence.rooms and not has_account:
            async_add_entities(AccountSensor(coordinator, each) for each in USE_SHARES)
        elif not presence.rooms:
            for each in USE_SHARES:
                remove(f"{entry.unique_id}_{each.key}")
        has_account = bool(presence.rooms)

    entry.async_on_unload(presence.async_listen_rooms(change))
    change(set(presence.rooms), set(coordinator.subjects.room_ids) - presence.rooms)


class SubjectSensor(SubjectEntity, SensorEntity):
    """An instant of a room or a person."""

    entity_description: SubjectSensorDescription

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the instant."""
        return self.entity_description.value_fn(self.snapshot.status) if self.snapshot else None

    @override
    def rendered(self) -> object:
        """Return everything that is shown."""
        return self.available, self.native_value


class UseSensor(SubjectEntity, SensorEntity):
    """How a room is used. *Unknown* while its occupancy sensors do not tell."""

    @property
    @override
    def native_value(self) -> Use | None:
        """Return the use."""
        return self.coordinator.presence.span(self.subject_id).use

    @override
    def rendered(self) -> object:
        """Return everything that is shown."""
        return self.available, self.native_value

    @override
    async def async_added_to_hass(self) -> None:
        """Also follow the occupancy sensors, not just the bookings."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.presence.async_listen(self.subject_id, lambda *_: self._handle_coordinator_update())
        )


class RoomShareSensor(SubjectEntity, SensorEntity):
    """A share of the office hours of a period, of a room, as of the last full hour."""

    entity_description: ShareDescription
    _attr_entity_registry_enabled_default = False  # up to a row an hour for each room

    @property
    @override
    def available(self) -> bool:
        """Return True: what was known does not depend on what is known now."""
        return True

    @property
    @override
    def native_value(self) -> float | None:
        """Return the share in percent."""
        shown = self.entity_description
        return self.coordinator.utilization.share(self.subject_id, shown.share, shown.period)

    @override
    def rendered(self) -> object:
        """Return everything that is shown."""
        return self.native_value

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the numbers."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.notifier.async_listen(KEY, self._handle_coordinator_update))


class FreeRoomsSensor(AccountEntity, SensorEntity):
    """How many rooms are free now, and which."""

    _unrecorded_attributes = frozenset({"rooms"})

    def __init__(self, coordinator: FreeBusyCoordinator, description: SensorEntityDescription) -> None:
        """Count the free rooms for the first state."""
        super().__init__(coordinator, description)
        self._count()

    def _count(self) -> None:
        subjects = self.coordinator.subjects
        known = {room_id: shot for room_id in subjects.room_ids if (shot := subjects.snapshot(room_id))}
        names = [subjects[room_id].info.device_name for room_id, shot in known.items() if not shot.status.busy]
        self._attr_available = bool(known) or not subjects.room_ids
        self._attr_native_value = len(names)
        self._attr_extra_state_attributes = {"rooms": sorted(names)}

    @property
    @override
    def available(self) -> bool:
        """Return whether the state of any room is known."""
        return self._attr_available

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        before = (self._attr_available, self._attr_extra_state_attributes)
        self._count()
        if before != (self._attr_available, self._attr_extra_state_attributes):
            self.async_write_ha_state()


class AccountSensor(AccountEntity, SensorEntity):
    """A value of the account."""

    entity_description: AccountSensorDescription

    def __init__(self, coordinator: FreeBusyCoordinator, description: AccountSensorDescription) -> None:
        super().__init__(coordinator, description)
        self._attr_native_value = description.value_fn(coordinator)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        value = self.entity_description.value_fn(self.coordinator)
        if value != self._attr_native_value:
            self._attr_native_value = value
            self.async_write_ha_state()
