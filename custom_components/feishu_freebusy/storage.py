"""Files of Home Assistant's `.storage`, to which anybody may have written."""

import logging
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

_LOGGER = logging.getLogger(__name__)


async def async_load_if_readable(store: Store[Any]) -> object:
    """Return what a file holds; one that can't be read, or is of another version, holds None."""
    try:
        return await store.async_load()
    except HomeAssistantError, NotImplementedError, KeyError, TypeError, OSError:
        _LOGGER.debug("%s could not be read", store.key, exc_info=True)
        return None
