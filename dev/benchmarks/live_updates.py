"""How late booking changes are seen with pushed events: the month of `lateness`, with the same budget of calls.

`scripts/bench live_updates` prints the table. The rules are the product's own; the platform, its losses and its drops
are simulated.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
import heapq
from itertools import count, pairwise
from math import ceil, inf
import random
from statistics import median, quantiles
import sys
from typing import Final

from benchmarks.bookings import DAY, Habits, Room, office_month
from benchmarks.lateness import (
    BUDGET,
    CHOSEN,
    DAYS,
    MONTH,
    OFF_HOURS,
    OFFICE_DAYS,
    Outcome,
    Scenario,
    is_measured,
    known,
    next_poll,
    plan_of,
    record_changes,
    simulate,
)
from custom_components.feishu_freebusy.feishu.hints import STATUS_CHANGED, RoomChanged
from custom_components.feishu_freebusy.model.intervals import OFF_HOURS_INTERVAL, TimeLeft
from custom_components.feishu_freebusy.model.moment import LoopSeconds
from custom_components.feishu_freebusy.sync.hint_budget import hint_rate, safety_plan
from custom_components.feishu_freebusy.sync.push import HintReader
from custom_components.feishu_freebusy.sync.trust import TrustState

SCENARIOS: Final = (Scenario(200, 20), Scenario(100, 20), Scenario(20, 20, offices=3))
_SLACK: Final = 2.0
_DELAY: Final = (0.2, 2.0)  # seconds from a change to its event
_CALL: Final = 0.3  # seconds
_AGAIN: Final = (15.0, 300.0, 3600.0, 21600.0)  # seconds between deliveries of an event that was not acknowledged
_GAP: Final = 3.0  # seconds without a connection after a drop


@dataclass(frozen=True, slots=True)
class Platform:
    """What the platform does to events: the share that is lost, seconds between drops, which changes send one."""

    name: str
    loss: float = 0.0
    drop_every: float = inf
    bookings_only: bool = False


PLATFORMS: Final = (
    Platform("all events"),
    Platform("1 % of events lost", loss=0.01),
    Platform("10 % of events lost", loss=0.1),
    Platform("a drop every 60 s", drop_every=60.0),
    Platform("new bookings only", bookings_only=True),
    Platform("all events lost", loss=1.0),
)


class Month:
    """A month of an office on one platform."""

    def __init__(self, office: Sequence[Room], rooms_per_call: int, platform: Platform, seed: int) -> None:
        """Prepare the events; `seed` decides which are lost."""
        self.office = office
        self.rooms_per_call = rooms_per_call
        self.platform = platform
        self.random = random.Random(seed)  # noqa: S311  # no secret
        self.outcome = Outcome()
        self.trusted = 0.0  # seconds
        self.read_at = [0.0] * len(office)
        self.due_at = [0.0] * len(office)
        self.calls_per_cycle = ceil(len(office) / rooms_per_call)
        self.hints = HintReader(LoopSeconds(0.0), chunk_size=rooms_per_call, calls_per_cycle=self.calls_per_cycle)
        self.hints.note_connected(LoopSeconds(0.0))
        self.names = [f"omm_{number}" for number in range(len(office))]
        self.known = frozenset(self.names)
        self.number = count()
        self.arrivals = sorted(self._arrivals())
        self.safety = self.plan = plan_of(len(office), CHOSEN, rooms_per_call, BUDGET, 0, 0.0)
        self._replan(0.0)

    def run(self) -> Outcome:
        """Simulate the month."""
        queue = [(at, next(self.number), what) for at, what in self.arrivals]

        now = 0.0
        while True:
            due = max(self.hints.due_at(LoopSeconds(now)), now)
            poll = min(self.due_at)
            arrival = queue[0][0] if queue else inf
            before, now = now, min(due, poll, arrival)
            if now >= DAYS * DAY:
                return self.outcome
            if self.hints.trust.state is TrustState.TRUSTED:
                self.trusted += now - before
            if arrival <= now:
                heapq.heappop(queue)[2](now)
            elif due <= now:
                self._take(now)
            else:
                self._poll(now)

    def _arrivals(self) -> list[tuple[float, Callable[[float], None]]]:
        found: list[tuple[float, int, Callable[[float], None]]] = []
        platform, ids = self.platform, count()
        for room, name in zip(self.office, self.names, strict=True):
            for changed_at, is_booking in _changes(room):
                if self.random.random() < platform.loss or (platform.bookings_only and not is_booking):
                    continue
                at = changed_at + self.random.uniform(*_DELAY)
                if at % platform.drop_every < _GAP and at > platform.drop_every:
                    at += _AGAIN[0]
                event = RoomChanged(event_id=f"e{next(ids)}", event_type=STATUS_CHANGED, created_at=None, room_id=name)
                found.append((at, next(ids), partial(self._hint, event)))
        if platform.drop_every < inf:
            for number in range(1, int(DAYS * DAY / platform.drop_every)):
                at = number * platform.drop_every
                found.append((at, next(ids), lambda now: self.hints.note_disconnected(LoopSeconds(now))))
                found.append((at + _GAP, next(ids), lambda now: self.hints.note_connected(LoopSeconds(now))))
        return [(at, action) for at, _, action in sorted(found, key=lambda each: each[:2])]

    def _hint(self, event: RoomChanged, now: float) -> None:
        self.hints.note_hint(event, LoopSeconds(now), rooms=self.known)

    def _take(self, now: float) -> None:
        work = self.hints.take(LoopSeconds(now))
        if work.all_rooms:
            self._read(list(range(len(self.office))), now)
        elif work.rooms:
            self._read(self._filled_up(work.rooms, work.fill_up), now)

    def _filled_up(self, rooms: Sequence[str], first: Sequence[str]) -> list[int]:
        chosen = [int(name.removeprefix("omm_")) for name in rooms]
        size = ceil(len(chosen) / self.rooms_per_call) * self.rooms_per_call
        extra = [int(name.removeprefix("omm_")) for name in first]
        rest = sorted(set(range(len(self.office))) - set(chosen) - set(extra), key=self.read_at.__getitem__)
        return [*chosen, *extra, *rest][:size]

    def _poll(self, now: float) -> None:
        due = [number for number, at in enumerate(self.due_at) if at <= now + _SLACK]
        if spare := -len(due) % self.rooms_per_call:
            rest = sorted(set(range(len(self.office))) - set(due), key=self.read_at.__getitem__)
            due += rest[:spare]
        if len(due) == len(self.office):
            self.hints.note_full_read(LoopSeconds(now))
        self._read(due, now)

    def _read(self, numbers: Sequence[int], now: float) -> None:
        self.outcome.calls += ceil(len(numbers) / self.rooms_per_call)
        self._replan(now)
        at = next_poll(now, CHOSEN, self.safety)
        edges = self.plan.office <= OFF_HOURS_INTERVAL
        if is_measured(now):
            self.outcome.intervals.append(self.plan.office.total_seconds())
        for number in numbers:
            room, before = self.office[number], self.read_at[number]
            changed = bisect_right(room.changes, before) < bisect_right(room.changes, now)
            record_changes(room, before, now, self.outcome)
            self.hints.note_read(
                self.names[number],
                started=LoopSeconds(now),
                previous=LoopSeconds(before) if before else None,
                changed=changed,
                now=LoopSeconds(now + _CALL),
            )
            self.read_at[number] = now
            self.due_at[number] = min(at, CHOSEN.next_edge(known(room, now), now) if edges else at)

    def _replan(self, now: float) -> None:
        used, instant = self.outcome.calls, MONTH + timedelta(seconds=now)
        self.plan = self.safety = plan_of(len(self.office), CHOSEN, self.rooms_per_call, BUDGET, used, now)
        left, calls_left = TimeLeft.of_month(instant, OFF_HOURS, UTC), float(BUDGET - used)
        safety = None
        if self.hints.trust.state is TrustState.TRUSTED:
            self.safety = safety = safety_plan(
                self.plan, calls_per_cycle=self.calls_per_cycle, calls_left=calls_left, left=left
            )
        is_office = not OFF_HOURS.contains(instant, UTC)
        rate = hint_rate(calls_left, left, is_office=is_office, safety=safety, calls_per_cycle=self.calls_per_cycle)
        self.hints.set_rate(rate, LoopSeconds(now))


def _changes(room: Room) -> list[tuple[float, bool]]:
    """Return the instants of all changes, and whether each only adds busy time."""
    found = []
    for versions in room.days.values():
        for before, after in pairwise(versions):
            covered = all(any(a <= s and e <= b for a, b in after.busy) for s, e in before.busy)
            found.append((after.since, covered))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds; `wrong` per room and office day."""

    calls: float
    late: float
    very_late: float
    wrong: float
    trusted: float  # share of the month


def study(scenario: Scenario, platform: Platform | None, habits: Habits = Habits()) -> Figures:  # noqa: B008  # immutable
    """Simulate a scenario, without push if there is no platform."""
    outcomes, trusted = [], 0.0
    for seed in range(1, scenario.offices + 1):
        office = office_month(scenario.rooms, OFFICE_DAYS, habits, seed)
        if platform is None:
            outcomes.append(simulate(office, CHOSEN, scenario.rooms_per_call))
        else:
            month = Month(office, scenario.rooms_per_call, platform, seed)
            outcomes.append(month.run())
            trusted += month.trusted / (DAYS * DAY) / scenario.offices
    lateness = [seconds for outcome in outcomes for seconds in outcome.lateness]
    room_days = scenario.offices * scenario.rooms * len(OFFICE_DAYS)
    return Figures(
        max(outcome.calls for outcome in outcomes),
        median(lateness),
        quantiles(lateness, n=20)[-1],
        sum(outcome.shown_free + outcome.shown_busy for outcome in outcomes) / room_days,
        trusted,
    )


def live_updates_table(scenarios: Sequence[Scenario] = SCENARIOS) -> str:
    """Return scenarios and platforms as a Markdown table."""
    lines = [
        "| Rooms | Live updates | Calls | Lateness: median | p95 | Shown wrong | Trusted |",
        "|---|---|---|---|---|---|---|",
    ]
    for scenario in scenarios:
        for platform in (None, *PLATFORMS):
            result = study(scenario, platform)
            lines.append(
                f"| {scenario} | {platform.name if platform else 'off'} | {result.calls:,.0f} | {result.late:,.1f} s "
                f"| {result.very_late:,.0f} s | {result.wrong:,.0f} s | {result.trusted:.0%} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    print(live_updates_table())
