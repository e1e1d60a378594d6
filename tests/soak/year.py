"""Runs a simulated year, and checks every room whenever anything may have changed."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
import gc
import random
from time import process_time
from typing import Final
from zoneinfo import ZoneInfo

from homeassistant.helpers.storage import Store
from homeassistant.util.async_ import get_scheduled_timer_handles

from simulator import Tenant
from tests.soak.actions import UserActions
from tests.soak.answers import Answers
from tests.soak.checker import Checker
from tests.soak.clock import SECOND, YearClock
from tests.soak.home import Home, forget_canceled_timers
from tests.soak.incidents import Incident, Incidents, seconds
from tests.soak.observed_simulator import ObservedSimulator
from tests.soak.office import DAYS_AHEAD, Office
from tests.soak.plan import NO_BUDGET, NO_ROOM_API, Plan
from tests.soak.scheduler import Scheduler
from tests.soak.tally import Sample, Tally

MONTH: Final = 30  # in days
IDLE_TASKS: Final = 2  # tasks of an idle loop: this one, and one of Home Assistant
SAMPLES: Final = 8  # samples of the process in a year


class Year:
    """The simulated year. `live` runs it; `tally` has the result."""

    def __init__(self, plan: Plan, tenant: Tenant, simulator: ObservedSimulator, clock: YearClock) -> None:
        """Create all parts; `live` starts them."""
        self.plan, self.tally = plan, Tally()
        self._tenant, self._simulator, self._clock = tenant, simulator, clock
        rng = self._rng = random.Random(plan.seed)  # noqa: S311  # no secret
        self._office = Office(tenant, rng, lambda: clock.now)
        self._scheduler = Scheduler(rng, lambda: clock.now)
        self._answers = Answers(self.tally, simulator, clock, self._scheduler)
        self._checker = Checker(self.tally, clock, self._answers, self._office, tenant)
        self._actions = UserActions(self._office, clock, self._scheduler, self._checker, self.tally, rng)
        self._active: set[str] = set()  # names of the active incidents that change the tenant
        simulator.on_call, clock.settled = self._answers.on_call, self._checker.settled

    async def live(self, home: Home) -> Tally:
        """Run the year, from its first midnight, and return its tally."""
        self._home, plan = home, self.plan
        self.tally.apps += len(home.other_apps)
        self._answers.home = self._checker.home = self._actions.home = home
        home.began, home.left, home.ended = self._checker.began, self._checker.left, self._checker.ended
        incidents = Incidents(self._simulator, self._rng, self._run, self._enter_secret, live_updates=plan.live_updates)
        zone = ZoneInfo(home.zone)
        rooms = [self._office.add_room() for _ in range(plan.rooms)]
        people = [self._office.add_person() for _ in range(plan.people)]
        for ahead in range(-1, DAYS_AHEAD):
            self._office.plan_day(plan.start + timedelta(days=ahead), zone)
        start = self._clock.now
        home.entry_options["rooms"] = {room.room_id: room.name for room in rooms}
        home.entry_options["people"] = {person.open_id: person.name for person in people}
        if plan.world == NO_BUDGET:
            home.entry_options |= {"plan": "free", "monthly_budget": 100}
        await home.start()
        if plan.world == NO_ROOM_API:
            self._scheduler.within(0.1, incidents.break_rooms)
        self._every_day(start)
        self._every_month(start)
        await self._every_hour()
        self._scheduler.repeat(1 / (plan.edits_a_day * plan.rooms), self._edit)
        self._scheduler.repeat(1 / plan.troubles_a_day, lambda: self._begin_incident(incidents))
        self._scheduler.repeat(1 / 6, self._check_all)
        self._actions.begin(plan)
        end = start + timedelta(days=plan.days)
        await self._until(start + (end - start) / SAMPLES / 2)
        for number in range(1, SAMPLES + 1):
            await self._take_sample()
            await self._until(start + (end - start) * number / SAMPLES)
        await self._take_sample()
        await home.stop()
        self._count_events()
        self.tally.take(self._office.done, self._simulator, home.loads)
        return self.tally

    async def _until(self, end: datetime) -> None:
        """Run all actions and checks that are due before `end`."""
        while True:
            action_at, check_at = self._scheduler.next_action_at, self._scheduler.next_check_at or end
            if min(action_at, check_at) >= end:
                break
            if action_at <= check_at:
                action = self._scheduler.pop_action()
                # Run actions that became due during a restart a second apart: polls are identified by their start
                await self._go_to(max(action_at, self._clock.now + SECOND))
                await action()
                await self._clock.settle()
                continue
            rooms = {room_id for room_id in self._scheduler.pop_check() if self._answers.has_edge(room_id, check_at)}
            if rooms and check_at > self._clock.now:
                await self._clock.to(check_at)
                self._checker.check(rooms)
        await self._go_to(end)

    async def _go_to(self, then: datetime) -> None:
        if then > self._clock.now:
            await self._clock.to(then)

    def _every_day(self, midnight: datetime) -> None:
        async def plan() -> None:
            self._scheduler.within(1, plan)
            zone = ZoneInfo(self._home.zone)
            self._office.sweep()
            self._count_events()
            _free_stored_writes()
            day = self._clock.now.astimezone(zone).date() + timedelta(days=DAYS_AHEAD - 1)
            self._office.plan_day(day, zone)

        self._scheduler.at(midnight + timedelta(days=1, hours=3), plan)

    def _count_events(self) -> None:
        deliveries = self._tenant.push.deliveries
        self.tally.events += sum(each.acked for each in deliveries)
        deliveries.clear()

    async def _every_hour(self) -> None:
        self._scheduler.within(1 / 24, self._every_hour)
        self._checker.check_free_rooms()

    def _every_month(self, since: datetime) -> None:
        """Print the progress every month; a year takes minutes."""

        async def say() -> None:
            self._scheduler.within(MONTH, say)
            days, tally, calls = (self._clock.now - since).days, self.tally, self._simulator.calls.total()
            tally.say(
                f"day {days:>3}: {process_time():>5.0f} s of CPU time, {tally.polls:,} polls, {calls:,} calls,"
                f" {tally.checks:,} checks, {tally.mismatches} mismatches"
            )

        self._scheduler.within(MONTH, say)

    async def _run(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        await self._clock.run(run())

    async def _edit(self) -> None:
        self._office.edit()

    async def _check_all(self) -> None:
        if self._home.hass.is_running:
            self._checker.check(self._home.subject_ids)

    # Incidents

    async def _begin_incident(self, incidents: Incidents) -> None:
        name = self._rng.choice(incidents.kinds)
        if incidents.changes_tenant(name):
            if self._active:
                return
            self._active.add(name)
        self.tally.incidents[name] += 1
        incident = await incidents.begin(name)
        self._scheduler.at(self._clock.now + seconds(incident.seconds), lambda: self._end_incident(incident))

    async def _end_incident(self, incident: Incident) -> None:
        await incident.end()
        self._active.discard(incident.name)

    async def _enter_secret(self) -> None:
        """Enter the new secret in the reauthentication flow. If an outage prevents that, try again in an hour."""
        secret = self._tenant.app_secret
        if secret == self._home.entry.data["app_secret"]:
            return
        await self._home.enter_secret(secret)
        if self._home.entry.data["app_secret"] != secret:
            self.tally.asked_again += 1
            self._active.add("secret changed")

            async def again() -> None:
                self._active.discard("secret changed")
                await self._enter_secret()

            self._scheduler.within(1 / 24, again)

    async def _take_sample(self) -> None:
        end = self._clock.now + timedelta(
            minutes=5
        )  # let a running poll end: it holds many objects, for long if Feishu does not answer
        while len(asyncio.all_tasks()) > IDLE_TASKS and self._clock.now < end:
            await self._clock.to(self._clock.now + SECOND)
        _free_stored_writes()
        forget_canceled_timers(self._home.hass.loop)
        gc.collect()
        timers = sum(not timer.cancelled() for timer in get_scheduled_timer_handles(self._home.hass.loop))
        self.tally.samples.append(Sample.now(self._clock.now, timers))


def _free_stored_writes() -> None:
    """Free the data written to the storage: it is a mock, which keeps the arguments of all calls."""
    for name in ("_async_load", "_async_write_data", "async_remove"):
        getattr(Store, name).reset_mock()
