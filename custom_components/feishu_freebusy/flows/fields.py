"""Fields that several forms have."""

from collections.abc import Callable
from typing import Any

from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode

from .._vol import vol


def number(minimum: int, maximum: int, unit: str | None = None, step: int = 1) -> Callable[[Any], int]:
    """Return the validator of a field for a whole number. `unit` is the key of its translation."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=step, mode=NumberSelectorMode.BOX)
    if unit:
        config.update(NumberSelectorConfig(unit_of_measurement=unit, translation_key="unit"))
    return vol.All(NumberSelector(config), vol.Coerce(int))
