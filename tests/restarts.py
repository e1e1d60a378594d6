"""Ends and starts of an entry, orderly and not; to be asked for together with `tests.clock`.

(PYTEST_DONT_REWRITE: it is imported before that.)
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

READINGS, CATALOGUE = "readings", "rooms"


def key(entry: MockConfigEntry, name: str) -> str:
    """Return the key of one of the files of an entry."""
    return f"{DOMAIN}.{entry.entry_id}.{name}"


def stored(hass_storage: dict[str, Any], entry: MockConfigEntry, name: str) -> Any:
    """Return what a file of an entry holds."""
    return hass_storage[key(entry, name)]["data"]["content"]


type Stop = Callable[[MockConfigEntry], Awaitable[None]]
type Turn = Callable[[MockConfigEntry], Awaitable[bool]]


@pytest.fixture
def stop(hass: HomeAssistant, clock: Clock) -> Stop:
    """Return what ends an entry."""

    async def stop(entry: MockConfigEntry) -> None:
        if entry.state is ConfigEntryState.LOADED:
            assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
        await clock.settle()

    return stop


@pytest.fixture
def start(hass: HomeAssistant, clock: Clock) -> Turn:
    """Return what starts an entry and says whether it came up."""

    async def start(entry: MockConfigEntry) -> bool:
        if entry.state is ConfigEntryState.SETUP_RETRY:
            return await clock.run(hass.config_entries.async_reload(entry.entry_id))
        came_up = await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        return came_up

    return start


@pytest.fixture
def restart(stop: Stop, start: Turn) -> Turn:
    """Return what ends an entry, starts it and says whether it came up."""

    async def restart(entry: MockConfigEntry) -> bool:
        await stop(entry)
        return await start(entry)

    return restart


@pytest.fixture
def crash(hass_storage: dict[str, Any], stop: Stop) -> Stop:
    """Return what ends an entry without its writing anything."""

    async def crash(entry: MockConfigEntry) -> None:
        on_disk = deepcopy(hass_storage)
        await stop(entry)
        hass_storage.clear()
        hass_storage.update(on_disk)

    return crash
