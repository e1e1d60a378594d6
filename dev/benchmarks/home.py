"""A real Home Assistant in this process, with a config entry of many rooms."""

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
from homeassistant.helpers import aiohttp_client, entity_registry as er, frame
from homeassistant.helpers.storage import Store
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant, mock_storage

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_ROOMS, DOMAIN
from simulator import Tenant


@dataclass(frozen=True, slots=True)
class Stall:
    """The longest time in seconds between two waits of the event loop.

    `cpu` excludes the passes of Python's garbage collector over older objects, which scan all of Home Assistant and can
    be triggered by any code; `collected` is the most CPU time of these passes between two waits; `wall` includes
    everything.
    """

    cpu: float
    wall: float
    collected: float


class WatchedSelector(selectors.DefaultSelector):
    """A selector that measures how long the event loop runs between two waits."""

    def __init__(self) -> None:
        """Start measuring."""
        super().__init__()
        gc.callbacks.append(self._note_collection)
        self._collection_begun = 0.0
        self.restart()

    def restart(self) -> None:
        """Reset the measurement."""
        self._cpu = self._wall = self._most_collected = 0.0
        self._wait_ended()

    def stall(self) -> Stall:
        """Return the longest stall so far, without the one in progress."""
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
        if info["generation"] == 0:
            return
        if phase == "start":
            self._collection_begun = time.thread_time()
        else:
            self._collected += time.thread_time() - self._collection_begun


def run[T](main: Callable[[WatchedSelector], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on an event loop with a `WatchedSelector`."""
    selector = WatchedSelector()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        return runner.run(main(selector))


_save_later = Store.async_delay_save


def _save_ours_later(store: Store[Any], data_func: Callable[[], Any], delay: float = 0) -> None:
    """Do not save Home Assistant's registries: that stalls the loop at any time."""
    if store.key.startswith(DOMAIN):
        _save_later(store, data_func, delay)


class _Resolver(ThreadedResolver):
    async def real_close(self) -> None:
        """Close the resolver; Home Assistant calls this method of its own resolver."""
        await self.close()


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that finds our integration and stores nothing on disk."""
    logging.getLogger("homeassistant").setLevel(logging.WARNING)
    for name in ("homeassistant.loader", "aiohttp_fast_zlib"):  # they warn about intended settings
        logging.getLogger(name).setLevel(logging.ERROR)
    # Home Assistant's own resolver needs more integrations; the simulator's address needs no resolver
    with (
        mock_storage(),
        patch.object(Store, "async_delay_save", _save_ours_later),
        patch.object(aiohttp_client, "_async_make_resolver", lambda _hass: _Resolver()),
    ):
        async with async_test_home_assistant() as hass:
            frame.async_setup(hass)
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await hass.config.async_set_time_zone("UTC")
            try:
                yield hass
            finally:
                await hass.async_stop(force=True)


def _past_off_hours() -> dict[str, object]:
    """Return off-hours that are enabled, because they cost CPU time, but not active in the next hours."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=10), now - timedelta(hours=2)
    return {"enabled": True, "start": f"{start:%H:%M:%S}", "end": f"{end:%H:%M:%S}", "days": []}


async def set_up(hass: HomeAssistant, tenant: Tenant, base_url: str, **options: object) -> MockConfigEntry:
    """Set up an entry for all rooms of a tenant. They are read by batch unless `options` say otherwise."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=tenant.app_name,
        unique_id=tenant.app_id,
        data={CONF_BASE_URL: base_url, CONF_APP_ID: tenant.app_id, CONF_APP_SECRET: tenant.app_secret},
        options={
            CONF_ROOMS: {room.room_id: room.name for room in tenant.rooms.values()},
            "plan": "paid",
            "source": "batch",
            "off_hours": _past_off_hours(),
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
    """Return the id of the entity whose unique id ends with `_{key}`."""
    entities = er.async_get(hass).entities.values()
    return next(entity.entity_id for entity in entities if entity.unique_id.endswith(f"_{key}"))
