"""A real Home Assistant with an entry of many rooms, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import gc
import logging
import selectors
import time
from typing import Any, override
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import aiohttp_client, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant, mock_storage

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_ROOMS, DOMAIN
from simulator import Tenant


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest time that a loop was busy without looking whether anything had arrived, in seconds.

    `cpu` leaves out the full passes of Python's garbage collector, which look through all of Home Assistant whoever
    caused them; `collected` is what they took of CPU then, at most; `wall` has everything in it.
    """

    cpu: float
    wall: float
    collected: float


class WatchedSelector(selectors.DefaultSelector):
    """What a loop waits with; it notes for how long it was not waited with."""

    def __init__(self) -> None:
        """Start."""
        super().__init__()
        gc.callbacks.append(self._note_collection)
        self._collection_begun = 0.0
        self.restart()

    def restart(self) -> None:
        """Forget what was noted."""
        self._cpu = self._wall = self._most_collected = 0.0
        self._wait_ended()

    def stall(self) -> Stall:
        """Return the longest so far; what goes on at this moment is not in it."""
        return Stall(self._cpu, self._wall, self._most_collected)

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._cpu = max(self._cpu, time.thread_time() - self._cpu_before - self._collected)
        self._wall = max(self._wall, time.perf_counter() - self._wall_before)
        self._most_collected = max(self._most_collected, self._collected)
        ready = super().select(timeout)
        self._wait_ended()
        return ready

    @override
    def close(self) -> None:
        gc.callbacks.remove(self._note_collection)
        super().close()

    def _wait_ended(self) -> None:
        self._cpu_before, self._wall_before, self._collected = time.thread_time(), time.perf_counter(), 0.0

    def _note_collection(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] < 2:
            return
        if phase == "start":
            self._collection_begun = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collection_begun


def run[T](main: Callable[[WatchedSelector], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on a loop that is watched."""
    selector = WatchedSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(main(selector))


class _Resolver(ThreadedResolver):
    async def real_close(self) -> None:
        """Do what Home Assistant's own does at its end."""
        await self.close()


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that finds our integration and keeps nothing on disk."""
    logging.getLogger("homeassistant").setLevel(logging.WARNING)
    for name in ("homeassistant.loader", "aiohttp_fast_zlib"):  # they warn of what is meant to be so
        logging.getLogger(name).setLevel(logging.ERROR)
    # Its own resolver wants half of Home Assistant; the simulator needs none
    with mock_storage(), patch.object(aiohttp_client, "_async_make_resolver", lambda _hass: _Resolver()):
        async with async_test_home_assistant() as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone("UTC")
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


def _off_hours_of_yesterday() -> dict[str, object]:
    """Return off-hours that there are, for that costs something, but not within the next hours."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=10), now - timedelta(hours=2)
    return {"enabled": True, "start": f"{start:%H:%M:%S}", "end": f"{end:%H:%M:%S}", "days": []}


async def set_up(hass: HomeAssistant, tenant: Tenant, base_url: str, **options: object) -> MockConfigEntry:
    """Set up an entry for all rooms of a tenant, read by batch if `options` don't say otherwise."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=tenant.app_name,
        unique_id=tenant.app_id,
        data={CONF_BASE_URL: base_url, CONF_APP_ID: tenant.app_id, CONF_APP_SECRET: tenant.app_secret},
        options={
            CONF_ROOMS: {room.room_id: room.name for room in tenant.rooms.values()},
            "plan": "paid",
            "source": "batch",
            "off_hours": _off_hours_of_yesterday(),
            **options,
        },
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    if entry.state is not ConfigEntryState.LOADED:
        raise RuntimeError(f"the entry is {entry.state}: {entry.reason}")
    return entry


def entity_id(hass: HomeAssistant, key: str) -> str:
    """Return the id of our entity whose unique id ends so."""
    entities = er.async_get(hass).entities.values()
    return next(entity.entity_id for entity in entities if entity.unique_id.endswith(f"_{key}"))
