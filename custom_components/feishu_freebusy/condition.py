"""Conditions of automations: a room is free or busy, stays free for a while, or its booking ends soon."""

from collections.abc import Mapping
from datetime import timedelta
from typing import override

from homeassistant.const import CONF_OPTIONS, CONF_TARGET, STATE_OFF, STATE_ON, Platform
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ATTR_BEHAVIOR,
    BEHAVIOR_ALL,
    BEHAVIOR_ANY,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityStateConditionBase,
)

from ._vol import vol
from .const import CONF_DURATION
from .soon import known_bookings
from .targets import main_entities, stays_free, subject_of


class _Condition(EntityConditionBase):
    """Looks at the main entities of rooms and people. What is not known meets no condition."""

    _domain_specs: Mapping[str, DomainSpec] = {Platform.BINARY_SENSOR: DomainSpec()}

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return those of the targeted entities that this condition looks at."""
        return main_entities(self._hass, entities)

    @override
    def _should_include(self, _state: State) -> bool:
        """Look at unavailable rooms, too: not all rooms are free if the state of one is not known."""
        return True

    @override
    def _check_all_match_state(self, states: list[State]) -> bool:
        """Return whether all rooms meet the condition, and there is at least one."""
        return bool(states) and super()._check_all_match_state(states)


class IsFreeCondition(_Condition, EntityStateConditionBase):
    """The room is free."""

    _states: set[str | bool] = {STATE_OFF}  # noqa: RUF012  # as in the base class


class IsBusyCondition(_Condition, EntityStateConditionBase):
    """The room is busy."""

    _states: set[str | bool] = {STATE_ON}  # noqa: RUF012  # as in the base class


class _TimedCondition(_Condition):
    """Depends on the time, so Home Assistant has to look again and again."""

    _schema: vol.Schema = vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS): {
                vol.Required(ATTR_BEHAVIOR, default=BEHAVIOR_ANY): vol.In([BEHAVIOR_ANY, BEHAVIOR_ALL]),
                vol.Required(CONF_DURATION): cv.positive_time_period,
            },
        }
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """The configuration has been validated."""
        super().__init__(hass, config)
        self._within: timedelta = (config.options or {})[CONF_DURATION]

    @property
    def needs_polling(self) -> bool:
        """Return True: the result changes with time."""
        return True


class IsAvailableCondition(_TimedCondition):
    """The room is free, and is known to stay free for at least a duration."""

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Return whether the room in this state is free for long enough."""
        return stays_free(self._hass, entity_state, self._within)


class BookingEndsSoonCondition(_TimedCondition):
    """A booking that runs in the room ends within a duration."""

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Return whether such a booking runs."""
        if entity_state.state != STATE_ON or (found := subject_of(self._hass, entity_state.entity_id)) is None:
            return False
        coordinator, subject_id = found
        now = coordinator.clock.moment.now
        bookings = known_bookings(coordinator.subjects[subject_id])
        return any(each.start <= now < each.end <= now + self._within for each in bookings)


CONDITIONS: dict[str, type[Condition]] = {
    "is_free": IsFreeCondition,
    "is_busy": IsBusyCondition,
    "is_available": IsAvailableCondition,
    "booking_ends_soon": BookingEndsSoonCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:  # noqa: ARG001  # HA's signature
    """Return the conditions by their keys."""
    return CONDITIONS
