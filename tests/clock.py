"""Time that passes at once: wall clock and timers go together, from one timer to the next, over real sockets.

Its fixtures are asked for with `pytest_plugins = ["tests.clock"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import logging
import math
import time
from typing import Any, cast

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy import (
    binary_sensor,
    config_flow,
    coordinator,
)
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.feishu import transport
from simulator import LoggedRequest, Room, Tenant
from tests.conftest import at

FREE_BUSY = "calendar/v4/freebusy/list"
ROOMS = "vc/v1/rooms"
TOKEN = "auth/v3/tenant_access_token/internal"

LOADED = (binary_sensor, config_flow)  # so that no thread loads them while time stands still

_QUIET_ROUNDS = 5  # of the loop, with nothing to run
_PATIENCE = 30.0  # real seconds
_QUIET_SECONDS = 0.2  # real ones, while an answer is waited for: then it is one that takes its time


def _real_seconds() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # the only one that is never frozen


class Clock:
    """The wall clock and the loop's clock."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
        """Stand still, the loop's clock on a whole second."""
        self._hass = hass
        self._freezer = freezer
        self._seconds = float(int(_real_seconds()))

    @property
    def now(self) -> datetime:
        """Return what the wall clock says."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Return what the loop's clock says."""
        return self._seconds

    async def to(self, then: datetime) -> None:
        """Let time pass until `then`; each timer on the way fires at its own instant."""
        assert then >= self.now
        end = self._seconds + (then - self.now).total_seconds()
        await self.settle()
        while (wait := self._next_timer()) is not None and self._seconds + wait.total_seconds() <= end:
            self._pass(wait)
            await self.settle()
        self._pass(timedelta(microseconds=round((end - self._seconds) * 1e6)))
        await self.settle()

    async def forward(self, **duration: float) -> None:
        """Let so much time pass."""
        await self.to(self.now + timedelta(**duration))

    def set_wall(self, then: datetime) -> None:
        """Set the wall clock, backwards too; timers don't notice."""
        self._freezer.move_to(then)

    async def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns, letting as much time pass as it takes."""
        task = self._hass.async_create_task(work)
        await self.settle()
        while not task.done():
            wait = self._next_timer()
            assert wait is not None, "it waits for something that never comes"
            self._pass(wait)
            await self.settle()
        return await task

    async def settle(self) -> None:
        """Let all happen that takes no time."""
        rounds, begun = 0, _real_seconds()
        since = begun
        while rounds < _QUIET_ROUNDS or self._is_waited_for(_real_seconds() - since):
            assert _real_seconds() - begun < _PATIENCE, "it does not come to rest"
            await asyncio.sleep(0)
            if self._hass.loop._ready:  # type: ignore[attr-defined]
                rounds, since = 0, _real_seconds()
            else:
                rounds += 1

    def _is_waited_for(self, quiet_for: float) -> bool:
        """Tell whether a thread is at work, or an answer under way."""
        threads = (item for item in self._hass._tasks | self._hass._background_tasks if type(item) is asyncio.Future)
        if any(not thread.done() for thread in threads):
            return True
        connector = async_get_clientsession(self._hass).connector
        return quiet_for < _QUIET_SECONDS and connector is not None and bool(connector._acquired)

    def _next_timer(self) -> timedelta | None:
        timers = [timer.when() for timer in get_scheduled_timer_handles(self._hass.loop) if not timer.cancelled()]
        if not timers:
            return None
        return timedelta(microseconds=max(math.ceil((min(timers) - self._seconds) * 1e6), 0))

    def _pass(self, duration: timedelta) -> None:
        self._freezer.tick(duration)
        self._seconds += duration.total_seconds()


@pytest.fixture
def clock(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clock]:
    """Return the clock of all, at 10:00 UTC; polls have no jitter, and failed calls are repeated without a pause."""
    monkeypatch.setattr(coordinator, "_JITTER", 0.0)
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)
    freezer.move_to(at(10))
    clock = Clock(hass, freezer)
    tenant.monotonic = clock.seconds
    with pytest.MonkeyPatch.context() as until_then:
        until_then.setattr(hass.loop, "time", clock.seconds)
        until_then.setattr(hass.loop, "slow_callback_duration", math.inf)
        yield clock


type SetUp = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture
def set_up(hass: HomeAssistant, tenant: Tenant, entry_of: Callable[..., MockConfigEntry], clock: Clock) -> SetUp:
    """Return what sets up an entry for rooms of the tenant, whether that succeeds or not.

    What happened to the tenant after the entry was made is what `begin` does.
    """

    async def set_up(*rooms: Room, begin: Callable[[Tenant], object] | None = None, **options: Any) -> MockConfigEntry:
        entry = entry_of(*(room.room_id for room in rooms), **options)
        entry.add_to_hass(hass)
        if begin:
            begin(tenant)
        await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        return entry

    return set_up


@dataclass(frozen=True)
class Write:
    """A state that was written, in place of which; it may be the same one. None where there was, or is, no entity."""

    at: datetime
    entity_id: str
    before: str | None
    state: str | None


class Writes(list[Write]):
    """All states that were written."""

    def changes_of(self, entity_id: str) -> list[tuple[datetime, str | None]]:
        """Return when an entity went into which states, to the millisecond."""
        return [
            (write.at.replace(microsecond=write.at.microsecond // 1000 * 1000), write.state)
            for write in self
            if write.entity_id == entity_id and write.state != write.before
        ]


@pytest.fixture
def writes(hass: HomeAssistant) -> Writes:
    """Note each state that is written from now on."""
    writes = Writes()

    @callback
    def note(event: Event[Any]) -> None:
        new = cast("State | None", event.data["new_state"])
        old = cast("State | None", event.data.get("old_state", new))  # only told where something changed
        before, now = (state.state if state else None for state in (old, new))
        writes.append(Write(event.time_fired, event.data["entity_id"], before, now))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    hass.bus.async_listen(EVENT_STATE_REPORTED, note, event_filter=callback(lambda _: True))
    return writes


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the lines of ours that a user sees in the log, with their levels."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.levelno >= logging.INFO and record.name.startswith(f"custom_components.{DOMAIN}")
    ]


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the levels of these lines."""
    return [level for level, _ in said(caplog)]


def busy_id(hass: HomeAssistant, room: Room) -> str:
    """Return the id of the room's main entity."""
    entities = er.async_get(hass).entities.values()
    return next(entity.entity_id for entity in entities if entity.unique_id.endswith(f"_{room.room_id}_busy"))


def state_of(hass: HomeAssistant, room: Room) -> str:
    """Return the state of the room's main entity."""
    return shown(hass, room).state


def shown(hass: HomeAssistant, room: Room) -> State:
    """Return the room's main entity as it is shown."""
    state = hass.states.get(busy_id(hass, room))
    assert state is not None
    return state


def device_of(hass: HomeAssistant, room: Room) -> dr.DeviceEntry | None:
    """Return the device of the room, if there is one."""
    return next(
        (device for device in devices_of(hass) if any(key.endswith(room.room_id) for _, key in device.identifiers)),
        None,
    )


def devices_of(hass: HomeAssistant) -> list[dr.DeviceEntry]:
    """Return the devices of all entries."""
    registry = dr.async_get(hass)
    return [
        device
        for entry in hass.config_entries.async_entries(DOMAIN)
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    ]


def reads_of(tenant: Tenant, room: Room) -> list[LoggedRequest]:
    """Return the requests for the free/busy of a room."""
    return [
        call for call in tenant.calls(FREE_BUSY) if isinstance(call.body, dict) and call.body["room_id"] == room.room_id
    ]
