"""The fixture that runs a simulated year.

(PYTEST_DONT_REWRITE: this module is imported before pytest loads it as a plugin.)
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
import logging
import random
from traceback import extract_tb
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from aiohttp import ThreadedResolver
from homeassistant.helpers import aiohttp_client
import pytest
from pytest_homeassistant_custom_component.common import mock_storage

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from custom_components.feishu_freebusy.feishu.stream import Stream, Timing
from custom_components.feishu_freebusy.sensor import SubjectSensor
from simulator import Tenant, rows
from tests.pipes import use_pipes
from tests.soak.actions import FIRST_OPTIONS
from tests.soak.clock import YearClock
from tests.soak.home import Home
from tests.soak.observed_simulator import ObservedSimulator
from tests.soak.plan import CLOCK_OFF, GONE_LOOK_FREE, TWO_APPS, Plan
from tests.soak.tally import LogCounter, Tally
from tests.soak.year import Year
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]


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
    wall.ahead = timedelta(minutes=39) if plan.world == CLOCK_OFF else timedelta()
    wall.move_to(datetime.combine(plan.start, datetime.min.time(), ZoneInfo(plan.zone)).astimezone(UTC))
    for name in ("homeassistant.loader", "aiohttp_fast_zlib"):  # they warn about intended settings
        logging.getLogger(name).setLevel(logging.ERROR)
    tenant = Tenant(clock=wall.now)
    tenant.push.scale = 10  # of the pings, and of the times between deliveries
    if plan.world == GONE_LOOK_FREE:
        tenant.variants.update({"unknown_batch_room": "omitted"})
    clock = YearClock(wall)
    simulator = ObservedSimulator(tenant)
    others = [ObservedSimulator(_other_app(tenant))] if plan.world == TWO_APPS else []
    year = Year(plan, tenant, simulator, clock)
    year.tally.say = say

    def note_failure(_loop: object, context: dict[str, Any]) -> None:
        error: BaseException | None = context.get("exception")
        frames = [f"{frame.filename}:{frame.lineno}" for frame in extract_tb(error.__traceback__)] if error else []
        year.tally.mismatch(f"{clock.now} in the loop: {error or context['message']!r} {' '.join(frames)}")

    with mock_storage(), pytest.MonkeyPatch.context() as patches:
        clock.drive(loop, patches)
        use_pipes(patches)
        defaults = Stream.__init__.__kwdefaults__ or {}
        patches.setitem(defaults, "timing", Timing(heartbeat=300.0))  # fewer timers
        patches.setattr(aiohttp_client, "_async_make_resolver", lambda _hass: Resolver())
        # "Next free" is disabled by default
        is_enabled = property(lambda sensor: sensor.entity_description.key != "next_busy")
        patches.setattr(SubjectSensor, "entity_registry_enabled_default", is_enabled)
        for each in (simulator, *others):
            each.tenant.monotonic = clock.seconds
        loop.set_exception_handler(note_failure)
        async with AsyncExitStack() as running:
            for each in (simulator, *others):
                await running.enter_async_context(each)
            options = {**FIRST_OPTIONS, "source": plan.source, "live_updates": plan.live_updates}
            home = Home(clock, tenant.app_id, _data_of(simulator), options, plan.zone)
            home.other_apps = [_data_of(each) for each in others]
            home.is_clock_wrong = bool(wall.ahead)
            try:
                return await year.live(home)
            finally:
                loop.set_exception_handler(None)


def _data_of(simulator: ObservedSimulator) -> dict[str, str]:
    """Return the data of the entry of an app."""
    app = simulator.tenant
    return {CONF_BASE_URL: simulator.base_url, CONF_APP_ID: app.app_id, CONF_APP_SECRET: app.app_secret}


def _other_app(tenant: Tenant) -> Tenant:
    """Return another app of the tenant, which reads the same calendars but may not list rooms."""
    other = Tenant(clock=tenant.clock, app_id="cli_a1b2c3d4e5f60002", app_name="Another app")
    other.rooms, other.users, other.levels = tenant.rooms, tenant.users, tenant.levels
    other.calendars, other.root = tenant.calendars, tenant.root
    other.revoke("vc:room:readonly")
    return other
