"""How late booking changes are seen with the same number of calls: a simulated month for each polling policy.

`scripts/bench lateness` prints the table; with `--vary`, how much the result depends on the habits of the office.

A local timer shows the start and end of known bookings, so only *changes* can be seen late. Measured from 8 to 19 on
office days: how late each change is seen, for any day; how long a room is shown wrong; and how often a room is shown
free at the original end of an extended booking, because automations act on that.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from statistics import mean, median, quantiles
import sys
from typing import Final, override

from benchmarks.bookings import DAY, HOUR, Habits, Room, Spans, Version, office_month
from custom_components.feishu_freebusy.model.intervals import (
    MIN_INTERVAL,
    OFF_HOURS_INTERVAL,
    OffHours,
    PollPlan,
    poll_plan,
)

BUDGET: Final = 25_000
MONTH: Final = datetime(2026, 11, 1, tzinfo=UTC)
DAYS: Final = 30
OFFICE_DAYS: Final = [day for day in range(DAYS) if (MONTH + timedelta(days=day)).weekday() < 5]
OFF_HOURS: Final = OffHours(time(20), time(7), frozenset({5, 6}))
SHOWN: Final = (8 * HOUR, 19 * HOUR)  # measured hours of an office day

# Seconds, as in the coordinator: rooms due within _SLACK are read in the same poll; no room is read again before
# _NOT_BEFORE
_SLACK: Final = 2.0
_NOT_BEFORE: Final = 20.0

_since = attrgetter("since")


@dataclass(frozen=True, slots=True)
class Policy:
    """When a room is read in addition to the interval: seconds after each known start and end of a busy block.

    Policies whose name begins with a plus also use off-hours.
    """

    name: str
    off_hours: OffHours | None = OFF_HOURS
    after_start: tuple[float, ...] = ()
    after_end: tuple[float, ...] = ()

    def next_edge(self, busy: Spans, now: float) -> float:
        """Return the first instant after `now` at which to read a room with the known busy times `busy`."""
        starts = (start + offset for start, _ in busy for offset in self.after_start)
        ends = (end + offset for _, end in busy for offset in self.after_end)
        return min((at for at in (*starts, *ends) if at >= now + _NOT_BEFORE), default=float("inf"))


FIXED: Final = Policy("fixed interval", off_hours=None)
PLAIN: Final = Policy("off-hours")
CHOSEN: Final = Policy("+ 10 s before the end", after_end=(-10.0,))
RELEASES: Final = Policy("+ 16 min after the start", after_start=(960.0,))
POLICIES: Final = (
    FIXED,
    PLAIN,
    CHOSEN,
    Policy("+ 1 min before the end", after_end=(-60.0,)),
    Policy("+ at the end", after_end=(0.0,)),
    Policy("+ 1 min after the start", after_start=(60.0,)),
    RELEASES,
    Policy("+ 10 s before the end, 16 min after the start", after_start=(960.0,), after_end=(-10.0,)),
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Number of rooms, and rooms per call. Small offices are simulated several times to reduce noise."""

    rooms: int
    rooms_per_call: int
    offices: int = 1

    @override
    def __str__(self) -> str:
        return f"{self.rooms} rooms, {f'{self.rooms_per_call} a call' if self.rooms_per_call > 1 else 'one a call'}"


SCENARIOS: Final = (
    Scenario(200, 20),
    Scenario(200, 1),
    Scenario(12, 20, offices=2),
    Scenario(12, 1, offices=10),
    Scenario(3, 1, offices=30),
)


@dataclass(slots=True)
class Outcome:
    """The result of a policy in a month; seconds are sums over all rooms."""

    calls: int = 0
    lateness: list[float] = field(default_factory=list)
    shown_free: float = 0.0  # seconds shown free while busy
    shown_busy: float = 0.0  # seconds shown busy while free
    false_flips: int = 0  # to free, at the original end of an extended booking
    intervals: list[float] = field(default_factory=list)  # in office hours


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a policy in seconds; the last three are averages per room and office day."""

    calls: float
    interval: float
    late: float
    very_late: float  # 95th percentile
    wrong: float
    shown_free: float
    false_flips: float


def study(scenario: Scenario, policy: Policy, habits: Habits) -> Summary:
    """Simulate a policy in a scenario."""
    seeds = range(1, scenario.offices + 1)
    offices = (office_month(scenario.rooms, OFFICE_DAYS, habits, seed) for seed in seeds)
    outcomes = [simulate(office, policy, scenario.rooms_per_call) for office in offices]
    lateness = [seconds for outcome in outcomes for seconds in outcome.lateness]
    room_days = scenario.offices * scenario.rooms * len(OFFICE_DAYS)
    return Summary(
        calls=mean(outcome.calls for outcome in outcomes),
        interval=median(outcomes[0].intervals),
        late=median(lateness),
        very_late=quantiles(lateness, n=20)[-1],
        wrong=sum(outcome.shown_free + outcome.shown_busy for outcome in outcomes) / room_days,
        shown_free=sum(outcome.shown_free for outcome in outcomes) / room_days,
        false_flips=sum(outcome.false_flips for outcome in outcomes) / room_days,
    )


def simulate(office: Sequence[Room], policy: Policy, rooms_per_call: int, budget: int = BUDGET) -> Outcome:
    """Read the rooms through the month with the product's own poll plan for the budget."""
    outcome = Outcome()
    read_at = [0.0] * len(office)
    due_at = [0.0] * len(office)
    while (now := min(due_at)) < DAYS * DAY:
        due = [number for number, at in enumerate(due_at) if at <= now + _SLACK]
        if spare := -len(due) % rooms_per_call:
            rest = sorted(set(range(len(office))) - set(due), key=read_at.__getitem__)
            due += rest[:spare]
        outcome.calls += -(-len(due) // rooms_per_call)
        plan = plan_of(len(office), policy, rooms_per_call, budget, outcome.calls, now)
        poll_at = next_poll(now, policy, plan)
        edges = plan.office <= OFF_HOURS_INTERVAL  # otherwise reads at edges would use up the budget
        if is_measured(now):
            outcome.intervals.append(plan.office.total_seconds())
        for number in due:
            record_changes(office[number], read_at[number], now, outcome)
            read_at[number] = now
            edge = policy.next_edge(known(office[number], now), now) if edges else poll_at
            due_at[number] = min(poll_at, edge)
    return outcome


def is_measured(at: float) -> bool:
    """Return whether an instant is in the measured hours of an office day."""
    return int(at // DAY) in OFFICE_DAYS and SHOWN[0] <= at % DAY < SHOWN[1]


def plan_of(rooms: int, policy: Policy, rooms_per_call: int, budget: int, used: int, now: float) -> PollPlan:
    """Return the product's plan at `now`."""
    return poll_plan(
        MIN_INTERVAL,  # so that the budget determines the interval
        calls_per_cycle=-(-rooms // rooms_per_call),
        budget=budget,
        used=used,
        now=MONTH + timedelta(seconds=now),
        off_hours=policy.off_hours,
        time_zone=UTC,
    )


def next_poll(now: float, policy: Policy, plan: PollPlan) -> float:
    """Return when a room that is read at `now` is read again."""
    instant = MONTH + timedelta(seconds=now)
    if policy.off_hours is None or not policy.off_hours.contains(instant, UTC):
        return now + plan.office.total_seconds()
    opens = policy.off_hours.next_office_start(instant, UTC)
    opens_in = (opens - instant) if opens else plan.off
    return now + min(plan.off, opens_in).total_seconds()


def known(room: Room, now: float) -> Spans:
    """Return the busy times of a room as booked at `now`."""
    versions = room.days.get(int(now // DAY))
    return versions[bisect_right(versions, now, key=_since) - 1].busy if versions else ()


def record_changes(room: Room, before: float, now: float, outcome: Outcome) -> None:
    """Record the changes of a room between two reads."""
    changes = room.changes[bisect_right(room.changes, before) : bisect_right(room.changes, now)]
    if not changes:
        return
    outcome.lateness += [now - at for at in changes if is_measured(at)]
    outcome.false_flips += _false_flips(room, before, now)
    for day in range(int(before // DAY), int(now // DAY) + 1):
        if day in room.days:
            shown_free, shown_busy = _wrong_seconds(room.days[day], day * DAY, before, now)
            outcome.shown_free += shown_free
            outcome.shown_busy += shown_busy


def _wrong_seconds(versions: list[Version], midnight: float, before: float, now: float) -> tuple[float, float]:
    """Return the seconds that a room was shown free while busy, and busy while free."""
    first = bisect_right(versions, before, key=_since) - 1
    known = versions[first].busy
    instants = [*(version.since for version in versions[first + 1 : bisect_left(versions, now, key=_since)]), now]
    shown_free = shown_busy = 0.0
    for version, (since, until) in zip(versions[first + 1 :], pairwise(instants), strict=False):
        start, end = max(since, midnight + SHOWN[0]), min(until, midnight + SHOWN[1])
        both = _overlap(_clipped(known, start, end), version.busy)
        shown_free += _length(_clipped(version.busy, start, end)) - both
        shown_busy += _length(_clipped(known, start, end)) - both
    return shown_free, shown_busy


def _false_flips(room: Room, before: float, now: float) -> int:
    ends = (end for _, end in known(room, before) if before < end <= now)
    return sum(any(start <= end < until for start, until in known(room, end)) for end in ends)


def _clipped(spans: Spans, start: float, end: float) -> Spans:
    return tuple((max(span[0], start), min(span[1], end)) for span in spans if span[0] < end and start < span[1])


def _overlap(spans: Spans, others: Spans) -> float:
    return sum(_length(_clipped(others, *span)) for span in spans)


def _length(spans: Iterable[tuple[float, float]]) -> float:
    return sum(end - start for start, end in spans)


_VARIATIONS: Final[Mapping[str, Habits]] = {
    "as in the model": Habits(),
    "no extensions": Habits(extended=0.0),
    "twice as many extensions": Habits(extended=0.2),
    "extended within the last 15 min": Habits(extended_within=15),
    "extended within the last 2 min": Habits(extended_within=2),
    "5 % ad hoc": Habits(ad_hoc=0.05),
    "40 % ad hoc": Habits(ad_hoc=0.4),
    "no cancellations, no moves": Habits(canceled=0.0, moved=0.0),
    "twice as many of both": Habits(canceled=0.24, moved=0.12),
    "nobody leaves early": Habits(ended_early=0.0),
    "twice as many leave early": Habits(ended_early=0.24),
    "no no-shows": Habits(no_shows=0.0),
    "twice as many no-shows": Habits(no_shows=0.16),
    "released after 10 min": Habits(released_after=10),
    "a third off the grid": Habits(off_grid=0.33),
}


def lateness_table() -> str:
    """Return scenarios and policies as a Markdown table: false ends per 100 room days, other figures per room day."""
    lines = [
        "| Rooms | Read | Calls | Interval | Lateness: median | p95 | Shown wrong | of that, shown free | False ends |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for scenario in SCENARIOS:
        for policy in POLICIES if scenario is SCENARIOS[0] else (FIXED, PLAIN, CHOSEN):
            result = study(scenario, policy, Habits())
            lines.append(
                f"| {scenario} | {policy.name} | {result.calls:,.0f} | {result.interval:,.0f} s | {result.late:,.0f} s "
                f"| {result.very_late:,.0f} s | {result.wrong:,.0f} s | {result.shown_free:,.0f} s "
                f"| {100 * result.false_flips:.1f} |"
            )
    return "\n".join(lines)


def variations_table(scenario: Scenario = SCENARIOS[0]) -> str:
    """Return a Markdown table: how reads at edges change the wrong seconds, for each variation of the habits."""
    lines = [
        f"| {scenario}, off-hours | Shown wrong | 10 s before the end | 16 min after the start |",
        "|---|---|---|---|",
    ]
    for name, habits in _VARIATIONS.items():
        plain, chosen, releases = (study(scenario, policy, habits).wrong for policy in (PLAIN, CHOSEN, RELEASES))
        lines.append(f"| {name} | {plain:.0f} s | {chosen / plain - 1:+.0%} | {releases / plain - 1:+.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(variations_table() if "--vary" in sys.argv else lateness_table())
