"""Time that passes at once: wall clock and timers go together, from one timer to the next.

Its fixtures are asked for with `pytest_plugins = ["tests.clock"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
import gc
import logging
import math
import re
import time
from typing import Any, cast
import weakref

from aiohttp import connector
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy import (
    binary_sensor,
    button,
    calendar,
    condition,
    config_flow,
    event,
    repairs,
    sensor,
    trigger,
)
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.sync import timetable, wake_up
from simulator import LoggedRequest, Room, Simulator, Tenant
from tests.conftest import at
from tests.pipes import Pipe, use_pipes
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]

FREE_BUSY = "calendar/v4/freebusy/list"
BATCH = "meeting_room/freebusy/batch_get"
ROOMS = "vc/v1/rooms"
STATUSES = "vc/v1/rooms/mget"
TOKEN = "auth/v3/tenant_access_token/internal"

# So that no thread loads them while time stands still
LOADED = (binary_sensor, button, calendar, condition, config_flow, event, repairs, sensor, trigger)

_QUIET_ROUNDS = 2  # of the loop, with nothing to run
_PATIENCE = 300.0  # real seconds, however slow the machine is
_LOOK = 0.02  # real seconds
_QUIET_LOOKS = 250  # while an answer is under way; then it is one that takes its time


def _real_seconds() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # the only one that is never frozen


class Clock:
    """The wall clock and the loop's clock."""

    def __init__(self, hass: HomeAssistant, wall: WallClock) -> None:
        """Start at a whole second of the loop's clock; time stands still until a method moves it."""
        self._hass = hass
        self._wall = wall
        self._loop: Any = None
        self._seconds = float(int(_real_seconds()))

    def drive(self, loop: asyncio.AbstractEventLoop, patches: pytest.MonkeyPatch) -> None:
        """Make a loop use this clock."""
        patches.setattr(loop, "time", self.seconds)
        patches.setattr(loop, "_clock_resolution", 0.0)  # `_set_seconds` keeps it up to date
        patches.setattr(connector, "monotonic", self.seconds)  # else a connection never gets old enough to be closed
        self._loop = loop
        self._set_seconds(self._seconds)

    def follow(self, hass: HomeAssistant) -> None:
        """Continue with another Home Assistant, started after the first one stopped."""
        self._hass = hass

    @property
    def now(self) -> datetime:
        """Return what the wall clock says."""
        return self._wall.now()

    def seconds(self) -> float:
        """Return what the loop's clock says."""
        return self._seconds

    async def to(self, then: datetime) -> None:
        """Let time pass until `then`; each timer on the way fires at its own instant."""
        assert then >= self.now
        left = then - self.now
        await self.settle()
        while (timer := self._next_timer()) is not None and (wait := self._wait_for(timer)) <= left:
            self._pass(wait, timer)
            left -= wait
            await self.settle()
        self._pass(left)
        await self.settle()

    async def forward(self, **duration: float) -> None:
        """Let this much time pass."""
        await self.to(self.now + timedelta(**duration))

    def set_wall(self, then: datetime) -> None:
        """Set the wall clock, forward or back. Timers don't notice."""
        self._wall.move_to(then)

    def skip(self, **duration: float) -> None:
        """Move only the loop's clock, as on machines where it counts time asleep."""
        self._set_seconds(self._seconds + timedelta(**duration).total_seconds())

    async def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of `work`; time passes until it is done."""
        task = self._hass.loop.create_task(work)  # not one of Home Assistant's, which may be what ends
        await self.settle()
        while not task.done():
            timer = self._next_timer()
            assert timer is not None, "it waits for something that never comes"
            self._pass(self._wait_for(timer), timer)
            await self.settle()
        return await task

    async def settle(self) -> None:
        """Run everything that needs no time to pass."""
        loop: Any = self._hass.loop
        rounds = looks = 0
        begun = _real_seconds()
        look = 0.0
        while rounds < _QUIET_ROUNDS or (look := self._next_look(looks)):
            assert _real_seconds() - begun < _PATIENCE, "it does not come to rest"
            if rounds >= _QUIET_ROUNDS:
                # Sleep until a socket or a thread has something; the loop sees the same event after that
                loop._selector.select(look)
                looks += 1
            await asyncio.sleep(0)
            if loop._ready:
                rounds = looks = 0
            else:
                rounds += 1

    def _next_look(self, looks: int) -> float:
        """Return for how many seconds to wait for a thread that is at work, or a real socket; 0 for neither."""
        threads = (item for item in self._hass._tasks | self._hass._background_tasks if type(item) is asyncio.Future)
        if any(not thread.done() for thread in threads):
            return _LOOK
        pool = async_get_clientsession(self._hass).connector
        sockets = (each for each in (pool._acquired if pool else ()) if not isinstance(each.transport, Pipe))
        return _LOOK if looks < _QUIET_LOOKS and any(sockets) else 0.0

    def _next_timer(self) -> float | None:
        """Return when the next timer is due, on the loop's clock."""
        timers = get_scheduled_timer_handles(self._hass.loop)  # a heap
        if timers and not timers[0].cancelled():
            return timers[0].when()
        return min((timer.when() for timer in timers if not timer.cancelled()), default=None)

    def _wait_for(self, timer: float) -> timedelta:
        """Return the time until a timer is due, in whole microseconds, as the wall clock has no smaller ones."""
        microseconds = round((timer - self._seconds) * 1e6, 2)  # without what floats add
        return timedelta(microseconds=max(math.ceil(microseconds), 0))

    def _pass(self, duration: timedelta, timer: float = -math.inf) -> None:
        """Let time pass, until a timer is due if one is given."""
        self._wall.tick(duration)
        self._set_seconds(max(self._seconds + duration.total_seconds(), timer))

    def _set_seconds(self, seconds: float) -> None:
        """Set the loop's clock. The loop fires each timer that is due by then, and no other one.

        A loop fires timers early by its clock's resolution. While time stands still, code that fires early finds that
        it is too early and sets the same timer again, without end.
        """
        self._seconds = seconds
        if self._loop:
            self._loop._clock_resolution = math.ulp(seconds)


@pytest.fixture
async def clock(
    hass: HomeAssistant, wall: WallClock, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Clock]:
    """Return the clock, at 10:00 UTC. Polls have no jitter, and failed calls are retried without a delay.

    A wall clock that was set is looked for every ten minutes only, so days pass sooner; see `each_minute`.
    """
    monkeypatch.setattr(timetable, "_JITTER", 0.0)
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)
    monkeypatch.setattr(wake_up, "_TICK", timedelta(minutes=10))
    wall.move_to(at(10))
    # In threads that `settle` sees
    monkeypatch.setattr(hass, "async_add_import_executor_job", hass.async_add_executor_job)
    clock = Clock(hass, wall)
    simulator.tenant.monotonic = clock.seconds
    use_pipes(monkeypatch, simulator)
    hass.loop.set_debug(False)  # with it, half of the time goes into stack traces of timers that nobody asks for
    with pytest.MonkeyPatch.context() as until_then:
        clock.drive(hass.loop, until_then)
        yield clock
        await _end(hass, clock, simulator.tenant)


async def _end(hass: HomeAssistant, clock: Clock, tenant: Tenant) -> None:
    """Unload all entries: in real time, their timers would fire at once, or never."""
    tenant.clear_faults()
    if not hass.is_stopping:
        for entry in hass.config_entries.async_entries(DOMAIN):
            await clock.run(hass.config_entries.async_unload(entry.entry_id))


def is_gone(*references: weakref.ref[Any]) -> bool:
    """Return whether nothing holds these objects; a thread may hold its last work for a moment."""
    until = _real_seconds() + 30
    while _real_seconds() < until:
        gc.collect()
        if all(reference() is None for reference in references):
            return True
        time.sleep(_LOOK)
    return False


def calls_key(entry: MockConfigEntry) -> str:
    """Return the key under which the calls of an entry are stored."""
    return f"{DOMAIN}.{entry.entry_id}.calls"


@pytest.fixture
def each_minute(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look each minute for a wall clock that was set, as in an office."""
    monkeypatch.setattr(wake_up, "_TICK", timedelta(minutes=1))


@pytest.fixture
async def in_utc(hass: HomeAssistant) -> None:
    """Set Home Assistant's time zone to UTC."""
    await hass.config.async_set_time_zone("UTC")


type SetUp = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture
def set_up(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    tenant: Tenant,
    entry_of: Callable[..., MockConfigEntry],
    clock: Clock,
) -> SetUp:
    """Return a function that sets up an entry for rooms of the tenant, whether that succeeds or not.

    `begin` changes the tenant before the set-up; `calls` is the number of calls made earlier this month.
    """

    async def set_up(
        *rooms: Room, begin: Callable[[Tenant], object] | None = None, calls: int = 0, **options: Any
    ) -> MockConfigEntry:
        entry = entry_of(*(room.room_id for room in rooms), **options)
        entry.add_to_hass(hass)
        if calls:
            month = dt_util.as_local(clock.now).strftime("%Y-%m")
            hass_storage[calls_key(entry)] = {"version": 1, "data": {"months": {month: {FREE_BUSY: calls}}}}
        if begin:
            begin(tenant)
        await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        return entry

    return set_up


@dataclass(frozen=True)
class Write:
    """A written state and the state before it, which may be equal; None if there was, or is, no entity."""

    at: datetime
    room_id: str
    entity_id: str
    before: str | None
    state: str | None


class Writes(list[Write]):
    """All states of rooms that were written."""

    @property
    def rooms(self) -> set[str]:
        """Return the ids of the rooms with written states."""
        return {write.room_id for write in self}

    def states_of(self, entity_id: str) -> set[str | None]:
        """Return the states in which an entity was written."""
        return {write.state for write in self if write.entity_id == entity_id}

    def changes_of(self, entity_id: str) -> list[tuple[datetime, str | None]]:
        """Return the state changes of an entity and their times, to the millisecond."""
        return [
            (write.at.replace(microsecond=write.at.microsecond // 1000 * 1000), write.state)
            for write in self
            if write.entity_id == entity_id and write.state != write.before
        ]


@pytest.fixture
def writes(hass: HomeAssistant) -> Writes:
    """Record each state of a room that is written from now on. States of the account are left out."""
    writes = Writes()
    registry = er.async_get(hass)
    rooms: dict[str, str] = {}  # also of entities that are removed meanwhile

    @callback
    def note(event: Event[Any]) -> None:
        entity_id = event.data["entity_id"]
        if (entity := registry.async_get(entity_id)) and (found := re.search("_(omm_[^_]+)_", entity.unique_id)):
            rooms[entity_id] = found[1]
        if entity_id not in rooms:
            return
        new = cast("State | None", event.data["new_state"])
        old = cast("State | None", event.data.get("old_state", new))  # given only if the state changed
        before, now = (state.state if state else None for state in (old, new))
        writes.append(Write(event.time_fired, rooms[entity_id], entity_id, before, now))

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


def rooms_of(call: LoggedRequest) -> list[str]:
    """Return the ids of the rooms that a request for free/busy, of one room or of many, is about."""
    one = [call.body["room_id"]] if isinstance(call.body, dict) else []
    return [*one, *(value for name, value in call.pairs if name == "room_ids")]


def set_disabled(hass: HomeAssistant, room: Room, *, disabled: bool) -> None:
    """Disable or enable all entities of a room."""
    registry = er.async_get(hass)
    by = er.RegistryEntryDisabler.USER if disabled else None
    for entity in list(registry.entities.values()):
        if f"_{room.room_id}_" in entity.unique_id:
            registry.async_update_entity(entity.entity_id, disabled_by=by)


def reads_of(tenant: Tenant, room: Room) -> list[LoggedRequest]:
    """Return the requests for the free/busy of a room."""
    return [
        call for call in tenant.calls(FREE_BUSY) if isinstance(call.body, dict) and call.body["room_id"] == room.room_id
    ]
