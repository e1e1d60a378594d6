"""The fixture that runs a simulated year.

(PYTEST_DONT_REWRITE: this module is imported before pytest loads it as a plugin.)
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
import logging
import random
import time
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import ThreadedResolver, connector
from homeassistant.helpers import aiohttp_client, entity, event
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import mock_storage

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from simulator import Tenant, rows
from tests.soak.actions import FIRST_OPTIONS
from tests.soak.clock import WallClock, YearClock
from tests.soak.home import Home
from tests.soak.observed_simulator import ObservedSimulator
from tests.soak.plan import Plan
from tests.soak.tally import LogCounter, Tally
from tests.soak.year import Year


class Resolver(ThreadedResolver):
    """A DNS resolver for Home Assistant. The one of the test library keeps references to its users."""

    async def real_close(self) -> None:
        """Close the resolver; Home Assistant calls this method of its own resolver."""
        await self.close()


_MAX_CACHED_ROWS = 2_000


class Live(Protocol):
    """Runs a plan and returns its tally; `say` gets progress messages."""

    def __call__(self, plan: Plan, say: Callable[[str], None] = ...) -> Awaitable[Tally]:
        """Run the plan."""


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """Return the wall clock that Home Assistant and the simulator use.

    freezegun is not used: it inspects the stack at each call, which took half of the time of a year.
    """
    wall = WallClock()
    monkeypatch.setattr(time, "time", wall.timestamp)
    monkeypatch.setattr(dt_util, "utcnow", wall.now)
    monkeypatch.setattr(dt_util, "now", lambda zone=None: wall.now().astimezone(zone or dt_util.DEFAULT_TIME_ZONE))
    monkeypatch.setattr(entity, "timer", wall.timestamp)
    monkeypatch.setattr(event, "time_tracker_timestamp", wall.timestamp)
    monkeypatch.setattr(event, "time_tracker_utcnow", wall.now)
    return wall


@pytest.fixture
def live(socket_enabled: None, wall: WallClock, monkeypatch: pytest.MonkeyPatch) -> Live:
    """Return the function that runs a plan."""
    for name in ("_row", "_room_row"):  # cache rows: a booking gives the same row in a thousand answers
        monkeypatch.setattr(rows, name, _cached(getattr(rows, name)))

    async def live(plan: Plan, say: Callable[[str], None] = lambda _: None) -> Tally:
        log, ours = LogCounter(), logging.getLogger(f"custom_components.{DOMAIN}")
        for logger in (logging.getLogger(), ours):
            logger.addHandler(log)
        ours.propagate = False  # pytest would keep each record, with its exception and all objects that this refers to
        level = ours.level
        ours.setLevel(logging.INFO)
        try:
            tally = await _live(plan, wall, say)
        finally:
            ours.propagate = True
            ours.setLevel(level)
            for logger in (logging.getLogger(), ours):
                logger.removeHandler(log)
        tally.log = log
        return tally

    return live


def _cached(make_row: Callable[..., object]) -> Callable[..., object]:
    kept: dict[object, object] = {}

    def row(tenant: Tenant, *booking: object) -> object:
        if len(kept) > _MAX_CACHED_ROWS:
            kept.clear()
        if booking not in kept:
            kept[booking] = make_row(tenant, *booking)
        return kept[booking]

    return row


async def _live(plan: Plan, wall: WallClock, say: Callable[[str], None]) -> Tally:
    random.seed(plan.seed)  # the jitter of polls
    loop = asyncio.get_running_loop()
    loop.set_debug(False)
    await asyncio.sleep(0)  # asyncio measures the current step, and would report it as slow once the clock is set
    wall.move_to(datetime.combine(plan.start, datetime.min.time(), ZoneInfo(plan.zone)).astimezone(UTC))
    for name in ("homeassistant.loader", "aiohttp_fast_zlib"):  # they warn about intended settings
        logging.getLogger(name).setLevel(logging.ERROR)
    tenant = Tenant(clock=wall.now)
    clock = YearClock(wall)
    simulator = ObservedSimulator(tenant, clock)
    year = Year(plan, tenant, simulator, clock)
    year.tally.say = say

    def note_failure(_loop: object, context: dict[str, Any]) -> None:
        year.tally.mismatch(f"{clock.now} in the loop: {context.get('exception') or context['message']!r}")

    with mock_storage(), pytest.MonkeyPatch.context() as patches:
        clock.drive(loop, patches)
        patches.setattr(connector, "monotonic", clock.seconds)
        patches.setattr(aiohttp_client, "_async_make_resolver", lambda _hass: Resolver())
        tenant.monotonic = clock.seconds
        loop.set_exception_handler(note_failure)
        async with simulator:
            data = {
                CONF_BASE_URL: simulator.base_url,
                CONF_APP_ID: tenant.app_id,
                CONF_APP_SECRET: tenant.app_secret,
            }
            options = {**FIRST_OPTIONS, "source": plan.source}
            try:
                return await year.live(Home(clock, tenant.app_id, data, options, plan.zone))
            finally:
                loop.set_exception_handler(None)
