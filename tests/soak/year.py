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
from tests.soak.agenda import Agenda
from tests.soak.clock import SECOND, YearClock
from tests.soak.deeds import Deeds
from tests.soak.hearing import Hearing
from tests.soak.house import House, forget_cancelled_timers
from tests.soak.office import DAYS_AHEAD, Office
from tests.soak.plan import Plan
from tests.soak.tally import Mark, Tally
from tests.soak.trouble import Trouble, Troubles, seconds
from tests.soak.watch import Watch
from tests.soak.witness import Witness

MONTH: Final = 30  # in days
AT_REST: Final = 2  # tasks of an idle loop: this one, and one of Home Assistant
MARKS: Final = 8  # samples of the process in a year


class Year:
    """The simulated year. `live` runs it; `tally` has the result."""

    def __init__(self, plan: Plan, tenant: Tenant, witness: Witness, clock: YearClock) -> None:
        """Create all parts; `live` starts them."""
        self.plan, self.tally = plan, Tally()
        self._tenant, self._witness, self._clock = tenant, witness, clock
        rng = self._rng = random.Random(plan.seed)  # noqa: S311  # no secret
        self._office = Office(tenant, rng, lambda: clock.now)
        self._agenda = Agenda(rng, lambda: clock.now)
        self._hearing = Hearing(self.tally, clock, self._agenda)
        self._watch = Watch(self.tally, clock, self._hearing, self._office, tenant)
        self._deeds = Deeds(self._office, clock, self._agenda, self._watch, self.tally, rng)
        self._on_at: set[str] = set()  # names of the active incidents that change the tenant
        witness.told, clock.settled = self._hearing.told, self._watch.settled

    async def live(self, house: House) -> Tally:
        """Run the year, from its first midnight, and return its tally."""
        self._house, plan = house, self.plan
        self._hearing.house = self._watch.house = self._deeds.house = house
        house.began, house.left, house.ended = self._watch.began, self._watch.left, self._watch.ended
        troubles = Troubles(self._witness, self._rng, self._run, self._type_secret)
        zone = ZoneInfo(house.zone)
        rooms = [self._office.add_room() for _ in range(plan.rooms)]
        people = [self._office.add_person() for _ in range(plan.people)]
        for ahead in range(-1, DAYS_AHEAD):
            self._office.plan_day(plan.start + timedelta(days=ahead), zone)
        start = self._clock.now
        house.entry_options["rooms"] = {room.room_id: room.name for room in rooms}
        house.entry_options["people"] = {person.open_id: person.name for person in people}
        await house.start()
        self._every_day(start)
        self._every_month(start)
        self._agenda.now_and_then(1 / (plan.edits_a_day * plan.rooms), self._edit)
        self._agenda.now_and_then(1 / plan.troubles_a_day, lambda: self._begin_trouble(troubles))
        self._agenda.now_and_then(1 / 6, self._look_at_all)
        self._deeds.begin(plan)
        end = start + timedelta(days=plan.days)
        await self._until(start + (end - start) / MARKS / 2)
        for mark in range(1, MARKS + 1):
            await self._tally_mark()
            await self._until(start + (end - start) * mark / MARKS)
        await self._tally_mark()
        await house.stop()
        self.tally.take(self._office.done, self._witness, house.loads)
        return self.tally

    async def _until(self, end: datetime) -> None:
        """Run all actions and checks that are due before `end`."""
        while True:
            deed_at, mark = self._agenda.next_deed, self._agenda.next_mark or end
            if min(deed_at, mark) >= end:
                break
            if deed_at <= mark:
                deed = self._agenda.take_deed()
                # Run actions that became due during a restart a second apart: polls are told apart by their start
                await self._go_to(max(deed_at, self._clock.now + SECOND))
                await deed()
                await self._clock.settle()
                continue
            rooms = {room_id for room_id in self._agenda.take_mark() if self._hearing.is_still(room_id, mark)}
            if rooms and mark > self._clock.now:
                await self._clock.to(mark)
                self._watch.look(rooms)
        await self._go_to(end)

    async def _go_to(self, then: datetime) -> None:
        if then > self._clock.now:
            await self._clock.to(then)

    def _every_day(self, midnight: datetime) -> None:
        async def plan() -> None:
            self._agenda.within(1, plan)
            zone = ZoneInfo(self._house.zone)
            self._office.sweep()
            _forget_writes()
            day = self._clock.now.astimezone(zone).date() + timedelta(days=DAYS_AHEAD - 1)
            self._office.plan_day(day, zone)

        self._agenda.at(midnight + timedelta(days=1, hours=3), plan)

    def _every_month(self, since: datetime) -> None:
        """Print the progress every month; a year takes minutes."""

        async def say() -> None:
            self._agenda.within(MONTH, say)
            days, told, calls = (self._clock.now - since).days, self.tally, self._witness.calls.total()
            told.say(
                f"day {days:>3}: {process_time():>5.0f} s of CPU time, {told.polls:,} polls, {calls:,} calls,"
                f" {told.looks:,} looks, {told.mismatches} mismatches"
            )

        self._agenda.within(MONTH, say)

    async def _run(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        await self._clock.run(run())

    async def _edit(self) -> None:
        self._office.edit()

    async def _look_at_all(self) -> None:
        if self._house.hass.is_running:
            self._watch.look_at_all()

    # Incidents

    async def _begin_trouble(self, troubles: Troubles) -> None:
        name = self._rng.choice(troubles.kinds)
        if troubles.is_of_the_tenant(name):
            if self._on_at:
                return
            self._on_at.add(name)
        self.tally.troubles[name] += 1
        trouble = await troubles.begin(name)
        self._agenda.at(self._clock.now + seconds(trouble.seconds), lambda: self._end_trouble(trouble))

    async def _end_trouble(self, trouble: Trouble) -> None:
        await trouble.end()
        self._on_at.discard(trouble.name)

    async def _type_secret(self) -> None:
        """Enter the new secret in the reauthentication flow. If an outage prevents that, try again in an hour."""
        secret = self._tenant.app_secret
        if secret == self._house.entry.data["app_secret"]:
            return
        await self._house.type_secret(secret)
        if self._house.entry.data["app_secret"] != secret:
            self.tally.asked_again += 1
            self._on_at.add("secret changed")

            async def again() -> None:
                self._on_at.discard("secret changed")
                await self._type_secret()

            self._agenda.within(1 / 24, again)

    async def _tally_mark(self) -> None:
        end = self._clock.now + timedelta(
            minutes=5
        )  # let a running poll end: it holds many objects, for long if Feishu does not answer
        while len(asyncio.all_tasks()) > AT_REST and self._clock.now < end:
            await self._clock.to(self._clock.now + SECOND)
        _forget_writes()
        forget_cancelled_timers(self._house.hass.loop)
        gc.collect()
        timers = sum(not timer.cancelled() for timer in get_scheduled_timer_handles(self._house.hass.loop))
        self.tally.marks.append(Mark.now(self._clock.now, timers))


def _forget_writes() -> None:
    """Free the data written to the storage: it is a mock, which keeps the arguments of all calls."""
    for name in ("_async_load", "_async_write_data", "async_remove"):
        getattr(Store, name).reset_mock()
