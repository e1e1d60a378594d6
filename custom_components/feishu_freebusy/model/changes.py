"""What happened to the bookings of a room between two answers: made, moved, extended, shortened, canceled, ended early.

Pure. The rows of an answer have no id, so a booking that vanished and a similar one that appeared count as one booking.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import Final

from ..feishu.models import RsvpStatus, SubjectKind
from .schedule import Block, counts_as_busy
from .subject import Reading

_MOST_PAIRS: Final = 10_000  # so many differences are no moves, and comparing them all would take too long


class ChangeKind(StrEnum):
    """What happened to a booking."""

    MADE = "made"
    MOVED = "moved"
    EXTENDED = "extended"
    SHORTENED = "shortened"
    CANCELED = "canceled"
    ENDED_EARLY = "ended_early"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one booking.

    `start` and `end` are its times now, None if it no longer exists. The previous times are None if it is new. A time
    outside the window that was read is not known, and also None.
    """

    kind: ChangeKind
    start: datetime | None = None
    end: datetime | None = None
    previous_start: datetime | None = None
    previous_end: datetime | None = None


def changes_between(
    before: Reading, after: Reading, *, kind: SubjectKind, count_pending_as_busy: bool = False
) -> tuple[Change, ...]:
    """Return what happened to the bookings between two good answers, sorted by time.

    Bookings that end by time, and those that leave or enter the window, have not changed. Nothing is returned if
    `before` no longer counted when `after` was read: nobody knows when its bookings changed.
    """
    if (
        before.periods is after.periods
        or before.include_external_calendar != after.include_external_calendar
        or after.read_at > before.fresh_until
    ):
        return ()
    start, end = max(before.window_start, after.window_start), min(before.horizon, after.horizon)
    old, new = (_Rows.of(reading, start, end, kind, count_pending_as_busy) for reading in (before, after))
    # Only one of the two APIs tells requests from bookings: the other one shows a request as a booking
    removed = old.bookings.keys() - new.bookings.keys() - (old.without_reply & new.requests)
    added = new.bookings.keys() - old.bookings.keys() - (new.without_reply & old.requests)
    changes = []
    for first, second in _paired(removed, added, after.read_at):
        if what := _kind_of(first, second, after.read_at):
            times = new.bookings[second] if second else (None, None)
            previous = old.bookings[first] if first else (None, None)
            changes.append(((second or first, what), Change(what, *times, *previous)))
    return tuple(change for _, change in sorted(changes, key=itemgetter(0)))


type _Times = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of an answer, cut to the time that both answers cover. `bookings` also has their known times."""

    bookings: dict[Block, _Times]
    without_reply: set[Block]
    requests: set[Block]

    @classmethod
    def of(
        cls, reading: Reading, start: datetime, end: datetime, kind: SubjectKind, count_pending_as_busy: bool
    ) -> _Rows:
        rows = cls({}, set(), set())
        for row in reading.periods:
            if row.start >= row.end or row.start >= end or row.end <= start:
                continue
            block = Block(max(row.start, start), min(row.end, end))
            if counts_as_busy(row, kind, count_pending_as_busy):
                rows.bookings[block] = (
                    row.start if row.start > reading.window_start else None,
                    row.end if row.end < reading.horizon else None,
                )
            if row.rsvp_status is None:
                rows.without_reply.add(block)
            elif row.rsvp_status is RsvpStatus.NEEDS_ACTION:
                rows.requests.add(block)
        return rows


def _paired(
    removed: AbstractSet[Block], added: AbstractSet[Block], now: datetime
) -> list[tuple[Block, Block] | tuple[Block, None] | tuple[None, Block]]:
    """Return each booking with what it has become: the most similar pairs first, then those without a partner."""
    pairs: list[tuple[int, timedelta, Block, Block]] = []
    if len(removed) * len(added) <= _MOST_PAIRS:
        pairs = sorted(
            (*likeness, first, second)
            for first in removed
            for second in added
            if (likeness := _likeness(first, second, now))
        )
    gone, appeared = set(removed), set(added)
    found: list[tuple[Block, Block] | tuple[Block, None] | tuple[None, Block]] = []
    for *_, first, second in pairs:
        if first in gone and second in appeared:
            gone.remove(first)
            appeared.remove(second)
            found.append((first, second))
    return [*found, *((first, None) for first in gone), *((None, second) for second in appeared)]


def _likeness(first: Block, second: Block, now: datetime) -> tuple[int, timedelta] | None:
    """Return how similar two bookings are, smaller is more similar; None if they are not the same booking."""
    if first.start == second.start:
        return 0, abs(first.end - second.end)
    if first.end <= now or second.end <= now:
        return None  # over
    overlap = min(first.end, second.end) - max(first.start, second.start)
    if overlap > timedelta():
        return 1, -overlap
    is_running = first.start <= now  # such a meeting ends early, it does not move to another time
    if first.end - first.start == second.end - second.start and not is_running:
        return 2, abs(first.start - second.start)
    return None


def _kind_of(first: Block | None, second: Block | None, now: datetime) -> ChangeKind | None:
    """Return what happened; None if it no longer matters, because the booking was over anyway."""
    if all(booking is None or booking.end <= now for booking in (first, second)):
        return None
    if first is None or second is None:
        if first is None:
            return ChangeKind.MADE
        # If a meeting is ended, its whole row vanishes at Feishu
        return ChangeKind.ENDED_EARLY if first.start <= now else ChangeKind.CANCELED
    if first.start != second.start:
        return ChangeKind.MOVED
    if second.end > first.end:
        return ChangeKind.EXTENDED
    return ChangeKind.ENDED_EARLY if second.end <= now else ChangeKind.SHORTENED
