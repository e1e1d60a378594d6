"""Fixtures that stop, start and crash a config entry. Use them together with `tests.clock`.

(PYTEST_DONT_REWRITE: this module is imported before pytest can rewrite it.)
"""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from tests.clock import Clock

READINGS, CHANGES, TIMES, CATALOGUE = "readings", "changes", "times", "rooms"


def key(entry: MockConfigEntry, name: str) -> str:
    """Return the storage key of a file of an entry."""
    return f"{DOMAIN}.{entry.entry_id}.{name}"


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry, name: str) -> Any:
    """Return the content of a stored file of an entry."""
    return hass_storage[key(entry, name)]["data"]["content"]


type Stop = Callable[[MockConfigEntry], Awaitable[None]]
type Turn = Callable[[MockConfigEntry], Awaitable[bool]]


@pytest.fixture
def stop(hass: HomeAssistant, clock: Clock) -> Stop:
    """Return a function that unloads an entry."""

    async def stop(entry: MockConfigEntry) -> None:
        if entry.state is ConfigEntryState.LOADED:
            assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
        await clock.settle()

    return stop


@pytest.fixture
def start(hass: HomeAssistant, clock: Clock) -> Turn:
    """Return a function that sets up an entry and returns whether that succeeded."""

    async def start(entry: MockConfigEntry) -> bool:
        if entry.state is ConfigEntryState.SETUP_RETRY:
            return await clock.run(hass.config_entries.async_reload(entry.entry_id))
        came_up = await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        return came_up

    return start


@pytest.fixture
def restart(stop: Stop, start: Turn) -> Turn:
    """Return a function that unloads an entry, sets it up again and returns whether that succeeded."""

    async def restart(entry: MockConfigEntry) -> bool:
        await stop(entry)
        return await start(entry)

    return restart


@pytest.fixture
def crash(hass_storage: dict[str, Any], stop: Stop) -> Stop:
    """Return a function that unloads an entry and discards everything that it wrote meanwhile."""

    async def crash(entry: MockConfigEntry) -> None:
        on_disk = deepcopy(hass_storage)
        await stop(entry)
        hass_storage.clear()
        hass_storage.update(on_disk)

    return crash
