"""Entities that only write given states: what Home Assistant itself needs for them."""

from collections.abc import Iterable
from datetime import datetime
import time
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockEntityPlatform


class _Bare(Entity):
    _attr_should_poll = False

    def take(self, state: State) -> None:
        """Keep the values of a state, ready to be written."""
        raise NotImplementedError


class _BinarySensor(_Bare, BinarySensorEntity):
    @override
    def take(self, state: State) -> None:
        self._attr_is_on = state.state == "on"
        self._attr_extra_state_attributes = dict(state.attributes)


class _Timestamp(_Bare, SensorEntity):
    _attr_device_class = SensorDeviceClass.TIMESTAMP

    @override
    def take(self, state: State) -> None:
        self._attr_native_value = dt_util.parse_datetime(state.state)  # None if unknown


class _Calendar(_Bare, CalendarEntity):
    _event: CalendarEvent | None = None

    @property
    @override
    def event(self) -> CalendarEvent | None:
        return self._event

    @override
    def take(self, state: State) -> None:
        start, end = (state.attributes.get(key) for key in ("start_time", "end_time"))
        self._event = CalendarEvent(_instant(start), _instant(end), "Busy") if start and end else None

    def stop(self) -> None:
        """Cancel the alarms: they would write the state again in the next flip."""
        for cancel in self._alarm_unsubs or ():
            cancel()
        self._alarm_unsubs = None


_KINDS: dict[str, type[_Bare]] = {"binary_sensor": _BinarySensor, "calendar": _Calendar, "sensor": _Timestamp}


class BareEntities:
    """Bare entities, one for each entity whose state they write."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._platforms = {domain: MockEntityPlatform(hass, domain=domain, platform_name="bare") for domain in _KINDS}
        self._entities: dict[str, _Bare] = {}

    async def write(self, states: Iterable[State]) -> float:
        """Write these states and return the CPU seconds. Entities for them are added first, which does not count."""
        writers = [await self._entity_for(state) for state in states]
        begun = time.thread_time()
        for entity in writers:
            entity.async_write_ha_state()
        took = time.thread_time() - begun
        for entity in writers:
            if isinstance(entity, _Calendar):
                entity.stop()
        return took

    async def _entity_for(self, state: State) -> _Bare:
        if (entity := self._entities.get(state.entity_id)) is None:
            entity = self._entities[state.entity_id] = _KINDS[state.domain]()
            entity._attr_name = state.object_id  # noqa: SLF001  # as a class of ours would
            await self._platforms[state.domain].async_add_entities([entity])
        entity.take(state)
        return entity


def _instant(text: Any) -> datetime:  # noqa: ANN401  # an attribute
    return datetime.fromisoformat(text).replace(tzinfo=dt_util.get_default_time_zone())
