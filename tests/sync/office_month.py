"""Weeks of rooms with occupancy sensors, planned in advance, and a count of their use that looks at each half minute.

Sensors of some rooms flap, die, or come late after a restart. All instants are whole half minutes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
import random
from typing import Final
from zoneinfo import ZoneInfo

from custom_components.feishu_freebusy.model.utilization import Hour, Numbers

STEP: Final = timedelta(seconds=30)
NO_SHOW_MINUTES: Final = 10
OFF_HOURS: Final = {"enabled": True, "start": "20:00:00", "end": "01:00:00", "days": ["sat"]}
ZONE: Final = ZoneInfo("Europe/Berlin")
_SATURDAY: Final = 5
_OFFICE: Final = (time(1), time(20))  # of each other day; clocks are set back and forward within it
_MINUTE: Final = timedelta(minutes=1)
_HOLD: Final = 2 * _MINUTE
_MARGIN: Final = 15 * _MINUTE
_NO_SHOW: Final = NO_SHOW_MINUTES * _MINUTE
KINDS: Final = ("steady", "flapping", "two sensors", "dying", "late")
_LATEST: Final = 60  # steps until a late sensor comes after a restart

type Span = tuple[datetime, datetime]
type States = dict[datetime, bool | None]  # of a sensor, each since an instant: on, off, or None if it says nothing


@dataclass(frozen=True, order=True)
class Meeting:
    """A booking, and when it is made: at once, or hours before its start."""

    start: datetime
    end: datetime
    made: datetime | None = None
    canceled: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it takes place."""
        return self.canceled is None


@dataclass
class RoomPlan:
    """What happens in a room, and what its sensors say."""

    kind: str
    meetings: list[Meeting] = field(default_factory=list)
    sensors: list[States] = field(default_factory=list)
    closed: Span | None = None


@dataclass
class Plan:
    """What happens in all rooms from `start` to `end`, and when Home Assistant is down."""

    start: datetime
    end: datetime
    rooms: list[RoomPlan]
    down: list[Span]


def make(start: datetime, *, days: int, kinds: Sequence[str], seed: int) -> Plan:
    """Return a plan with a room for each kind of sensors."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    end = start + timedelta(days=days)
    down = [
        (at, at + rng.randrange(2, 40) * STEP)
        for day in range(days)
        if day % 3 == 1 or days < 3
        for at in [_on_grid(start + timedelta(days=day, hours=rng.uniform(1, 12)))]
    ]
    return Plan(start, end, [_room(rng, index, kind, start, end, down) for index, kind in enumerate(kinds)], down)


def _room(rng: random.Random, index: int, kind: str, start: datetime, end: datetime, down: list[Span]) -> RoomPlan:
    plan = RoomPlan(kind)
    if index % 7 == 6:
        at = start + timedelta(days=2, hours=rng.randrange(4, 12))
        plan.closed = (at, at + timedelta(hours=30))
    present = _fill(rng, plan, start, end)
    for each in range(2 if plan.kind == "two sensors" else 1):
        seen = list(_flapping(rng, present)) if plan.kind == "flapping" or each else present
        plan.sensors.append(_states(rng, plan, seen, start, down))
    return plan


def _fill(rng: random.Random, plan: RoomPlan, start: datetime, end: datetime) -> list[Span]:
    """Plan meetings, and return when people are there."""
    present: list[Span] = []
    now = start
    while (now := now + rng.choice((0, 0, 15, 30, 60, 120, 240)) * _MINUTE) < end:
        meeting = Meeting(now, now + rng.choice((15, 30, 45, 60, 90, 300)) * _MINUTE)
        is_closed = plan.closed and meeting.start < plan.closed[1] and plan.closed[0] < meeting.end
        if not is_closed and rng.random() < 0.7:
            if rng.random() < 0.2 and meeting.start - start > timedelta(hours=7):
                made = meeting.start - rng.randrange(3, 6) * timedelta(hours=1)
                canceled = made + timedelta(hours=1) if rng.random() < 0.3 else None
                meeting = Meeting(meeting.start, meeting.end, made, canceled)
            plan.meetings.append(meeting)
            if rng.random() < 0.05:  # two bookings overlap
                plan.meetings.append(Meeting(meeting.start + 10 * _MINUTE, meeting.end + 15 * _MINUTE))
        if rng.random() < 0.75:
            arrival = meeting.start + rng.randrange(-40, 80) * STEP
            departure = meeting.end + rng.randrange(-60, 60) * STEP
            if present and arrival <= present[-1][1]:
                arrival = present[-1][1] + rng.randrange(1, 8) * STEP
            if arrival < departure:
                present.append((arrival, departure))
        now = meeting.end
    return present


def _flapping(rng: random.Random, present: list[Span]) -> Iterator[Span]:
    """Return what a sensor of motion sees of people: short times with gaps, some longer than it is held against."""
    for since, until in present:
        at = since
        while at < until:
            end = min(at + rng.randrange(1, 6) * STEP, until)
            yield at, end
            at = end + rng.choice((1, 1, 2, 3, 4, 5, 9)) * STEP


def _states(rng: random.Random, plan: RoomPlan, seen: list[Span], start: datetime, down: list[Span]) -> States:
    states: States = {start: False}
    for since, until in seen:
        states[since], states[until] = True, False
    states = {max(at, start): state for at, state in sorted(states.items())}
    silent = [] if plan.kind != "late" else [(end, end + rng.randrange(2, _LATEST) * STEP) for _, end in down]
    if plan.kind == "dying":
        died = start + timedelta(hours=rng.randrange(2, 20))
        silent += [(died, died + timedelta(hours=rng.choice((1, 5, 30))))]
        silent += [(died + timedelta(hours=50), died + timedelta(hours=50, minutes=3))]
    for since, until in silent:
        after = state_at(states, until)
        states = {at: state for at, state in states.items() if not since <= at <= until} | {since: None, until: after}
    return dict(sorted(states.items()))


def state_at(states: States, now: datetime) -> bool | None:
    """Return the state of a sensor at an instant."""
    return states[max(at for at in states if at <= now)]


def _on_grid(instant: datetime) -> datetime:
    return datetime.fromtimestamp(instant.timestamp() // 30 * 30, UTC)


def count(plan: Plan, room: RoomPlan) -> dict[Hour, Numbers]:
    """Count a room by looking at each half minute, as the documentation describes it."""
    found: defaultdict[Hour, list[int]] = defaultdict(lambda: [0] * len(Numbers._fields))
    meetings = sorted(meeting for meeting in room.meetings if meeting.counts)
    sensors = [sorted(states.items()) for states in room.sensors]
    watching = _Watching(plan.start)
    current: list[bool | None] = [None] * len(sensors)
    now, first = plan.start, 0
    while now < plan.end:
        for number, states in enumerate(sensors):
            while states and states[0][0] <= now:
                current[number] = states.pop(0)[1]
        while first < len(meetings) and meetings[first].end < now - timedelta(days=1):
            first += 1
        is_down = any(since <= now < until for since, until in plan.down)
        if is_down:
            watching = _Watching(now + STEP)
        else:
            watching.see(now, _together(current))
        local = now.astimezone(ZONE)
        is_closed = room.closed is not None and room.closed[0] <= now < room.closed[1]
        if local.weekday() != _SATURDAY and _OFFICE[0] <= local.time() < _OFFICE[1] and not is_closed:
            near = meetings[first : first + 60]
            use = None if is_down else watching.use(now, near)
            booked = any(each.start <= now < each.end for each in near)
            flags = (
                True,
                True,
                booked,
                use is not None,
                use in ("in_use", "ad_hoc"),
                use == "no_show",
                use == "ad_hoc",
            )
            for index, flag in enumerate(flags):
                found[local.date(), local.hour][index] += 30 * flag
        now += STEP
    return {hour: Numbers(*values) for hour, values in found.items()}


def _together(states: list[bool | None]) -> bool | None:
    return True if True in states else None if None in states else False


class _Watching:
    """What was seen since Home Assistant runs."""

    def __init__(self, now: datetime) -> None:
        self.all_empty_since = now  # with all sensors known
        self.last: datetime | None = None  # when somebody was last seen
        self.since: datetime | None = None  # since when somebody has been there, with short gaps
        self.occupied: bool | None = None
        self.began = now

    def see(self, now: datetime, occupied: bool | None) -> None:
        if occupied:
            if self.since is None or self.last is None or now - self.last >= _HOLD + STEP:
                self.since = now
            self.last = now
        if occupied is not False:
            self.all_empty_since = now + STEP
        self.occupied = occupied

    def use(self, now: datetime, meetings: list[Meeting]) -> str | None:
        if self.occupied is None:
            return None
        running = [each for each in meetings if each.start <= now < each.end]
        before = [each.end for each in meetings if each.end <= now]
        start = max(running).start if running else max(before, default=None)
        # The half minute in which somebody was last seen ends a step later
        seen = self.last is not None and (start is None or self.last + STEP > start)
        is_used = self.occupied or (seen and self.last is not None and now - (self.last + STEP) < _HOLD)
        if running:
            booking = max(running)
            if is_used:
                return "in_use"
            is_empty = self.all_empty_since <= booking.start and now - booking.start >= _NO_SHOW
            return "no_show" if is_empty else "booked"
        if not is_used:
            return "free"
        assert self.since is not None
        is_late = start is not None and self.since < start and now - start < _MARGIN
        is_early = any(self.since < each.start <= self.since + _MARGIN for each in meetings if each.start > now)
        return "in_use" if is_late or is_early else "ad_hoc"
