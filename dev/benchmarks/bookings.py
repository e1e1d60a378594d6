"""A model of an office: when rooms are booked, and how bookings change. All numbers are guesses.

The assumptions (most shares are fields of `Habits`):

- Meetings take place on weekdays from 9 to 18, on a grid of 15 minutes, about six per room and day. Rooms are booked
  about half of the time, some more than others.
- 60 % of the meetings are booked 1 to 6 days ahead, 20 % on the same day 1 to 6 hours ahead, and 20 % ad hoc. Half of
  the ad hoc ones are booked at the door and start at once; the others are booked 1 to 10 minutes before their start.
- Of the meetings booked ahead, 12 % are canceled and 6 % are moved to another gap of the day: half of them shortly
  before the start (on average an hour), half at any time after the booking. 8 % are no-shows, which Feishu releases 15
  minutes after the start, plus or minus 30 seconds.
- Of the other meetings, 10 % are extended by 15 or 30 minutes in their last 5 minutes, if the room is free then, and
  12 % are ended by hand, 5 to 30 minutes early.
- Nobody books a room because it just became free, and nothing changes at night.

All instants are seconds from the start of the month.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
import random

MINUTE = 60.0
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_FIRST_START = 9 * HOUR
_LAST_END = 18 * HOUR
_GAPS = (0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 8)  # in units of 15 minutes, all equally likely
_LENGTHS = (2, 2, 2, 2, 4, 4, 4, 3, 6, 8)

type Span = tuple[float, float]
type Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """How people use rooms: shares of meetings, and minutes."""

    same_day: float = 0.20
    ad_hoc: float = 0.20
    at_the_door: float = 0.5  # of the ad hoc meetings
    canceled: float = 0.12
    moved: float = 0.06
    no_shows: float = 0.08
    released_after: float = 15.0
    extended: float = 0.10
    extended_within: float = 5.0
    ended_early: float = 0.12
    off_grid: float = 0.0  # of all meetings: start and end at any minute


@dataclass(frozen=True, slots=True)
class Version:
    """The busy times of a room on one day, merged and sorted, as booked from the instant `since` on."""

    since: float
    busy: Spans


@dataclass(frozen=True, slots=True)
class Room:
    """The versions of each day, by day number. The first version of a day is from before the month."""

    days: dict[int, list[Version]]
    changes: list[float] = field(default_factory=list)  # the instants, sorted


@dataclass(slots=True)
class _Day:
    """The changes of one room and day: (instant, meeting number, its new span or None if canceled)."""

    events: list[tuple[float, int, Span | None]] = field(default_factory=list)

    def versions(self) -> list[Version]:
        meetings: dict[int, Span] = {}
        versions = [Version(-float("inf"), ())]
        for at, meeting, span in sorted(self.events, key=lambda event: event[0]):
            if span is None:
                meetings.pop(meeting, None)
            else:
                meetings[meeting] = span
            busy = _merged(meetings.values())
            if at <= 0:
                versions = [Version(-float("inf"), busy)]
            elif busy != versions[-1].busy:
                versions.append(Version(at, busy))
        return versions


def office_month(rooms: int, days: Sequence[int], habits: Habits, seed: int = 1) -> list[Room]:
    """Return the booking history of `rooms` rooms on `days`; the same seed gives the same history."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    office = []
    for _ in range(rooms):
        spacing = rng.uniform(0.5, 1.6)
        history = {day: _day(day, spacing, habits, rng) for day in days}
        changes = sorted(version.since for versions in history.values() for version in versions[1:])
        office.append(Room(history, changes))
    return office


def meetings(day: int, spacing: float, habits: Habits, rng: random.Random) -> list[Span]:
    """Return the meetings of a room on one day as first booked. A higher `spacing` means longer gaps."""
    spans: list[Span] = []
    midnight = day * DAY
    start = midnight + _FIRST_START
    while True:
        start += round(rng.choice(_GAPS) * spacing) * QUARTER
        end = start + rng.choice(_LENGTHS) * QUARTER
        if end > midnight + _LAST_END:
            return spans
        if rng.random() < habits.off_grid:
            spans.append((start + rng.randrange(7) * MINUTE, end - rng.randrange(7) * MINUTE))
        else:
            spans.append((start, end))
        start = end


def _day(day: int, spacing: float, habits: Habits, rng: random.Random) -> list[Version]:
    layout = meetings(day, spacing, habits, rng)
    history = _Day()
    gaps = [(before[1], after[0]) for before, after in pairwise(layout) if after[0] - before[1] >= QUARTER]
    for number, span in enumerate(layout):
        free_until = layout[number + 1][0] if number + 1 < len(layout) else day * DAY + _LAST_END
        _add_meeting(history, number, span, free_until, gaps, habits, rng)
    return history.versions()


def _add_meeting(  # with its later changes
    history: _Day, meeting: int, span: Span, free_until: float, gaps: list[Span], habits: Habits, rng: random.Random
) -> None:
    start, end = span
    origin, fate, finish = rng.random(), rng.random(), rng.random()
    if origin < habits.ad_hoc:
        if rng.random() < habits.at_the_door:
            booked = start + rng.uniform(0, QUARTER)
            start = booked // MINUTE * MINUTE
        else:
            booked = start - rng.uniform(1, 10) * MINUTE
        fate = 1.0
    elif origin < habits.ad_hoc + habits.same_day:
        booked = start - rng.uniform(1, 6) * HOUR
    else:
        booked = _in_office_hours(start - rng.uniform(1, 6) * DAY, rng)
    history.events.append((booked, meeting, (start, end)))
    if fate < habits.canceled + habits.moved:
        at = _time_of_change(booked, start, rng)
        new = _pick_gap(span, gaps, at, rng) if fate >= habits.canceled else None
        history.events.append((at, meeting, new))
        return
    if fate < habits.canceled + habits.moved + habits.no_shows:
        at = start + habits.released_after * MINUTE + rng.uniform(-30, 30)
        if at < end:
            history.events.append((at, meeting, (start, at)))
        return
    if finish < habits.extended:
        at = end - rng.uniform(0, habits.extended_within) * MINUTE
        if (extended := min(end + rng.choice((1, 2)) * QUARTER, free_until)) > end:
            history.events.append((at, meeting, (start, extended)))
    elif finish < habits.extended + habits.ended_early:
        at = end - rng.uniform(5, min(30, (end - start) / MINUTE / 2)) * MINUTE
        history.events.append((at, meeting, (start, at)))


def _in_office_hours(instant: float, rng: random.Random) -> float:
    return instant // DAY * DAY + rng.uniform(_FIRST_START, _LAST_END)


def _time_of_change(booked: float, start: float, rng: random.Random) -> float:
    late = start - rng.expovariate(1 / HOUR)
    if rng.random() < 0.5 and late > booked:
        return late
    at = _in_office_hours(rng.uniform(booked, start), rng)
    return at if booked < at < start else rng.uniform(max(booked, start - HOUR), start)


def _pick_gap(span: Span, gaps: list[Span], at: float, rng: random.Random) -> Span | None:
    length = span[1] - span[0]
    fitting = [gap for gap in gaps if gap[0] > at and gap[1] - gap[0] >= length]
    if not fitting:
        return None
    start = rng.choice(fitting)[0]
    return (start, start + length)


def _merged(spans: Iterable[Span]) -> Spans:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
