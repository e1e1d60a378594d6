"""A coordinator that tells those who listen for something of that alone."""

import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator


class ListenersCoordinator(DataUpdateCoordinator[None]):
    """Has listeners for the news of whatever their context is, and such without one."""

    def __init__(self, hass: HomeAssistant, logger: logging.Logger, entry: ConfigEntry[Any], name: str) -> None:
        """Take whose coordinator it is, where it logs, and what it is called there."""
        super().__init__(hass, logger, config_entry=entry, name=name, always_update=False)
        self._listeners_of: dict[object, list[CALLBACK_TYPE]] = {}

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: Any = None) -> CALLBACK_TYPE:
        """Have `update_callback` called with the news of `context`; returns what ends that."""
        end = super().async_add_listener(update_callback, context)
        listeners = self._listeners_of.setdefault(context, [])
        listeners.append(update_callback)

        @callback
        def remove_listener() -> None:
            end()
            listeners.remove(update_callback)
            if not listeners:
                self._listeners_of.pop(context, None)

        return remove_listener

    @callback
    def _call_listeners(self, context: object) -> None:
        for update_callback in list(self._listeners_of.get(context, ())):
            try:
                update_callback()
            except Exception:  # as Home Assistant does: one entity's failure is not another's, nor that of the poll
                self.logger.exception("Unexpected error updating an entity of %s", self.name)
