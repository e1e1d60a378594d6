"""A simulated month of an office whose dashboard, actions and tree of floors cost calls, too.

`benchmarks.budget` runs it with pytest. Bookings follow the model in `benchmarks.bookings`, on virtual time.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import logging
import random
from typing import Any, Final

from homeassistant.components.calendar import CalendarEntity
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import aiohttp_client
from homeassistant.helpers.entity_platform import async_get_platforms
import pytest
from pytest_homeassistant_custom_component.common import mock_storage

from benchmarks.bookings import Habits, Version, office_month
from benchmarks.budget import END, Case, Month
from custom_components.feishu_freebusy import api
from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from custom_components.feishu_freebusy.feishu import limits
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL
from custom_components.feishu_freebusy.model.options import Options
from custom_components.feishu_freebusy.sync import wake_up
from simulator import Level, Room, Tenant
from tests.feishu.virtual import VirtualSession
from tests.soak.clock import YearClock
from tests.soak.home import Home
from tests.soak.plugin import Resolver
from tests.wall import WallClock

pytest_plugins = ["tests.soak.plugin"]

_FLOORS_PER_TOWER: Final = 25
_USED_FLOORS: Final = 12
_CARD: Final = timedelta(days=14)
_REFRESH: Final = timedelta(minutes=15)  # a dashboard asks again, besides the changes that are pushed to it
_ASKED_AT: Final = (9, 10, 11, 14, 15, 16)  # hours of office days at which an automation runs the action
_ASKED_ROOMS: Final = 5
_TICK: Final = timedelta(minutes=10)  # of the timer that notices a clock that was set, which nobody does here


type Live = Callable[[Case], Awaitable[Month]]


@pytest.fixture
def live_month(socket_enabled: None, wall: WallClock) -> Live:  # noqa: ARG001  # the fixture opens sockets
    """Return the function that runs a case. The same case gives the same month."""

    async def live(case: Case) -> Month:
        loop = asyncio.get_running_loop()
        loop.set_debug(False)
        await asyncio.sleep(0)  # asyncio measures the current step, and would report it as slow once the clock is set
        random.seed(1)  # the jitter of polls
        wall.move_to(case.start)
        for name in ("homeassistant.loader", "aiohttp_fast_zlib"):  # they warn about intended settings
            logging.getLogger(name).setLevel(logging.ERROR)
        tenant, clock = Tenant(clock=wall.now), YearClock(wall)
        month = Month()
        with mock_storage(), pytest.MonkeyPatch.context() as patches:
            clock.drive(loop, patches)
            patches.setattr(aiohttp_client, "_async_make_resolver", lambda _hass: Resolver())
            patches.setattr(wake_up, "_TICK", _TICK)
            patches.setattr(limits.AppTraffic, "count", _counting(month.by_payer))
            tenant.monotonic = clock.seconds
            session = VirtualSession(tenant)
            patches.setattr(api, "_session", lambda _hass: session)
            data = {
                CONF_BASE_URL: FEISHU_URL,
                CONF_APP_ID: tenant.app_id,
                CONF_APP_SECRET: tenant.app_secret,
            }
            await _Office(case, tenant, clock, month).live(data)
        return month

    return live


def _counting(by_payer: Counter[str]) -> Callable[[limits.AppTraffic, str], None]:
    count = limits.AppTraffic.count

    def counting(traffic: limits.AppTraffic, api: str) -> None:
        before = traffic.paid.copy()
        count(traffic, api)
        by_payer.update(traffic.paid - before)

    return counting


class _Office:
    """The tenant, its Home Assistant and its people."""

    def __init__(self, case: Case, tenant: Tenant, clock: YearClock, month: Month) -> None:
        self._case, self._tenant, self._clock, self._month = case, tenant, clock, month
        self._subscriptions: list[Callable[[], None]] = []
        floors = list(self._floors())
        self._rooms = [self._add_room(number, floors) for number in range(case.rooms)]

    def _floors(self) -> Iterator[Level]:
        for tower in range(self._case.floors // _FLOORS_PER_TOWER):
            building = self._tenant.add_level(f"Tower {tower}")
            for floor in range(_FLOORS_PER_TOWER):
                yield self._tenant.add_level(f"{floor}F", building)

    def _add_room(self, number: int, floors: list[Level]) -> Room:
        level = floors[number % _USED_FLOORS * len(floors) // _USED_FLOORS] if floors else None
        return self._tenant.add_room(f"Room {number}", level=level)

    async def live(self, data: dict[str, Any]) -> None:
        """Live through the month."""
        case, clock = self._case, self._clock
        changes = list(self._book_all())
        options = {
            "rooms": {room.room_id: room.name for room in self._rooms},
            "plan": "free",
            "monthly_budget": case.budget,
            "source": case.source,
        }
        self._home = home = Home(clock, self._tenant.app_id, data, options, "UTC")
        self._off_hours = Options.of(options).off_hours
        await home.start()
        hours = [(case.start + timedelta(hours=hour), None) for hour in range(1, case.days * 24)]
        quarters = [(case.start + _REFRESH * count, ()) for count in range(1, case.days * 96)] if case.card else []
        for then, change in sorted([*changes, *hours, *quarters], key=lambda event: event[0]):
            await clock.to(max(then, clock.now))
            if change is None:
                await self._on_the_hour(then)
                self._tenant.requests.clear()
            elif change:
                self._book(*change)
            else:
                self._open_card()
        await clock.to(END - timedelta(seconds=1))
        self._month.calls = home.coordinator.calls.used
        await home.stop()

    def _book_all(self) -> Iterator[tuple[datetime, tuple[Room, int, Version]]]:
        """Make the bookings, and return how they change, and when."""
        days = [day for day in range(self._case.days + 14) if self._day(day).weekday() < 5]
        for room, history in zip(self._rooms, office_month(self._case.rooms, days, Habits()), strict=True):
            for day, (first, *later) in history.days.items():
                self._book(room, day, first)
                for version in later:
                    if self._case.start < (then := self._instant(version.since)) < END:
                        yield then, (room, day, version)

    def _day(self, day: int) -> datetime:
        return self._case.start + timedelta(days=day)

    def _instant(self, seconds: float) -> datetime:
        return self._case.start + timedelta(seconds=round(seconds))

    def _book(self, room: Room, day: int, version: Version) -> None:
        for booking in self._tenant.calendars.of(room.room_id):
            if self._day(day) <= booking.start < self._day(day + 1):
                self._tenant.cancel(booking.booking_id)
        for start, end in version.busy:
            self._tenant.book(room.room_id, self._instant(start), self._instant(end))

    async def _on_the_hour(self, now: datetime) -> None:
        coordinator = self._home.coordinator
        is_office_time = not (self._off_hours and self._off_hours.contains(now, UTC))
        if is_office_time:
            self._month.intervals.append(coordinator.timetable.interval.total_seconds())
        if now.hour == 12:
            self._month.projections.append(coordinator.timetable.projected_calls)
        if self._case.actions and is_office_time and now.hour in _ASKED_AT:
            await self._act()

    async def _act(self) -> None:
        """Read some rooms by the action, and one by `homeassistant.update_entity`, as an automation does."""
        rooms = [room.room_id for room in self._rooms[:_ASKED_ROOMS]]
        with suppress(HomeAssistantError):  # the share of actions may be used up
            await self._clock.run(
                self._home.hass.services.async_call(
                    DOMAIN, "get_free_busy", {"room_id": rooms}, blocking=True, return_response=True
                )
            )
        await self._clock.run(self._home.coordinator.async_read_now(rooms[0]))

    def _open_card(self) -> None:
        """Subscribe to two weeks from today for each room, as a calendar on a dashboard does, and show them."""
        for end_subscription in self._subscriptions:
            end_subscription()
        today = self._clock.now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._subscriptions = []
        for calendar in self._calendars():
            window = (today, today + _CARD)
            self._subscriptions.append(calendar.async_subscribe_events(*window, self._note_card))
            calendar.async_update_single_event_listener(*window, self._note_card)

    def _note_card(self, events: object) -> None:
        self._month.cards["empty" if events is None else "shown"] += 1

    def _calendars(self) -> Iterator[CalendarEntity]:
        for platform in async_get_platforms(self._home.hass, DOMAIN):
            yield from (entity for entity in platform.entities.values() if isinstance(entity, CalendarEntity))


async def test_live_months(live_month: Live, task: list[Case], results: list[Month]) -> None:
    """Run the cases in `task` and append their months to `results`."""
    for case in task:
        results += [await live_month(case)]
