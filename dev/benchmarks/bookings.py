"""A month of meeting rooms in an office: who books when, and what becomes of it. A model, made of guesses.

What it takes for granted, so that everybody may disagree with it; every number is a field of `Habits`:

- Meetings take place on weekdays from 9 to 18, on a grid of quarters of an hour, about six for each room and day, about
  half of the time. Some rooms are more wanted than others.
- 60 % of the meetings are booked 1 to 6 days ahead, 20 % on the same day, 1 to 6 hours ahead, and 20 % ad hoc: half of
  these at the door and from this minute on, the others 1 to 10 minutes before the next quarter.
- Of those booked ahead, 12 % are cancelled and 6 % moved to another gap of the day: half of the time within the last
  hours (on average one before the start), half at any time since they were booked. 8 % are no-shows, which Feishu
  releases 15 minutes after their start, give or take half a minute.
- Of the meetings that take place, 10 % are extended within the last 5 minutes by 15 or 30 minutes, if the room is free
  then, and 12 % are ended by hand, 5 to 30 minutes early.
- Nobody takes a room at once because it became free, and nothing happens at night.

Seconds count from the start of the month.
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
_GAPS = (0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 8)  # quarters, all equally likely
_LENGTHS = (2, 2, 2, 2, 4, 4, 4, 3, 6, 8)

type Span = tuple[float, float]
type Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """How an office treats its rooms: shares of meetings, and minutes."""

    same_day: float = 0.20
    ad_hoc: float = 0.20
    at_the_door: float = 0.5  # of those ad hoc
    cancelled: float = 0.12
    moved: float = 0.06
    no_shows: float = 0.08
    released_after: float = 15.0
    extended: float = 0.10
    extended_within: float = 5.0
    ended_early: float = 0.12
    off_grid: float = 0.0  # of all meetings: these start and end at any minute


@dataclass(frozen=True, slots=True)
class Version:
    """What is booked in a room on one day, merged and sorted, from the instant of a change on."""

    since: float
    busy: Spans


@dataclass(frozen=True, slots=True)
class Room:
    """The versions of each day, by its number; the first of each holds since before the month."""

    days: dict[int, list[Version]]
    changes: list[float] = field(default_factory=list)  # the instants, sorted


@dataclass(slots=True)
class _Day:
    """The events of one room and day while they are made up: at an instant a meeting gets a span, or none."""

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
    """Return the history of so many rooms on the office days of a month."""
    dice = random.Random(seed)  # noqa: S311  # no secret
    office = []
    for _ in range(rooms):
        crowding = dice.uniform(0.5, 1.6)
        history = {day: _day(day, crowding, habits, dice) for day in days}
        changes = sorted(version.since for versions in history.values() for version in versions[1:])
        office.append(Room(history, changes))
    return office


def meetings(day: int, crowding: float, habits: Habits, dice: random.Random) -> list[Span]:
    """Return the meetings of a room on one day, without anybody's change of mind."""
    spans: list[Span] = []
    midnight = day * DAY
    start = midnight + _FIRST_START
    while True:
        start += round(dice.choice(_GAPS) * crowding) * QUARTER
        end = start + dice.choice(_LENGTHS) * QUARTER
        if end > midnight + _LAST_END:
            return spans
        if dice.random() < habits.off_grid:
            spans.append((start + dice.randrange(7) * MINUTE, end - dice.randrange(7) * MINUTE))
        else:
            spans.append((start, end))
        start = end


def _day(day: int, crowding: float, habits: Habits, dice: random.Random) -> list[Version]:
    layout = meetings(day, crowding, habits, dice)
    made = _Day()
    gaps = [(before[1], after[0]) for before, after in pairwise(layout) if after[0] - before[1] >= QUARTER]
    for number, span in enumerate(layout):
        free_until = layout[number + 1][0] if number + 1 < len(layout) else day * DAY + _LAST_END
        _live(made, number, span, free_until, gaps, habits, dice)
    return made.versions()


def _live(  # what becomes of one meeting
    made: _Day, meeting: int, span: Span, free_until: float, gaps: list[Span], habits: Habits, dice: random.Random
) -> None:
    start, end = span
    origin, fate, finish = dice.random(), dice.random(), dice.random()
    if origin < habits.ad_hoc:
        if dice.random() < habits.at_the_door:
            booked = start + dice.uniform(0, QUARTER)
            start = booked // MINUTE * MINUTE
        else:
            booked = start - dice.uniform(1, 10) * MINUTE
        fate = 1.0
    elif origin < habits.ad_hoc + habits.same_day:
        booked = start - dice.uniform(1, 6) * HOUR
    else:
        booked = _in_office_hours(start - dice.uniform(1, 6) * DAY, dice)
    made.events.append((booked, meeting, (start, end)))
    if fate < habits.cancelled + habits.moved:
        at = _change_of_mind(booked, start, dice)
        new = _another_gap(span, gaps, at, dice) if fate >= habits.cancelled else None
        made.events.append((at, meeting, new))
        return
    if fate < habits.cancelled + habits.moved + habits.no_shows:
        at = start + habits.released_after * MINUTE + dice.uniform(-30, 30)
        if at < end:
            made.events.append((at, meeting, (start, at)))
        return
    if finish < habits.extended:
        at = end - dice.uniform(0, habits.extended_within) * MINUTE
        if (extended := min(end + dice.choice((1, 2)) * QUARTER, free_until)) > end:
            made.events.append((at, meeting, (start, extended)))
    elif finish < habits.extended + habits.ended_early:
        at = end - dice.uniform(5, min(30, (end - start) / MINUTE / 2)) * MINUTE
        made.events.append((at, meeting, (start, at)))


def _in_office_hours(instant: float, dice: random.Random) -> float:
    return instant // DAY * DAY + dice.uniform(_FIRST_START, _LAST_END)


def _change_of_mind(booked: float, start: float, dice: random.Random) -> float:
    late = start - dice.expovariate(1 / HOUR)
    if dice.random() < 0.5 and late > booked:
        return late
    at = _in_office_hours(dice.uniform(booked, start), dice)
    return at if booked < at < start else dice.uniform(max(booked, start - HOUR), start)


def _another_gap(span: Span, gaps: list[Span], at: float, dice: random.Random) -> Span | None:
    length = span[1] - span[0]
    fitting = [gap for gap in gaps if gap[0] > at and gap[1] - gap[0] >= length]
    if not fitting:
        return None
    start = dice.choice(fitting)[0]
    return (start, start + length)


def _merged(spans: Iterable[Span]) -> Spans:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
