"""Titles and organizers of bookings: which titles are read, for how long they count, and which booking they belong to.

They live in memory only. Pure: no I/O, no clock, no Home Assistant. Instants are aware.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..feishu.models import EventRef, RoomBooking
from .schedule import Block

READ_AHEAD = timedelta(hours=24)
READ_AGAIN_AFTER = timedelta(minutes=15)
FAILURE_LASTS = timedelta(minutes=60)
SHOWN_FOR = timedelta(hours=4)  # without another read

type _Row = tuple[EventRef, datetime]


@dataclass(frozen=True, slots=True)
class Label:
    """What is shown of a booking besides its times. A text that is not known is empty."""

    title: str = field(default="", repr=False)
    organizer: str = field(default="", repr=False)


NO_LABEL = Label()


@dataclass(frozen=True, slots=True)
class Labels:
    """What was read of a room: the times of all its bookings, and the labels of those that have one."""

    times: frozenset[Block]
    by_times: Mapping[Block, Label]
    read_at: datetime

    def counts(self, now: datetime) -> bool:
        """Return whether they may be shown."""
        return timedelta() <= now - self.read_at < SHOWN_FOR


@dataclass(frozen=True, slots=True)
class _Known:
    """A title, None if Feishu does not tell it, and until when it counts."""

    title: str | None = field(repr=False)
    read_at: datetime

    def is_recent(self, now: datetime) -> bool:
        return timedelta() <= now - self.read_at < (FAILURE_LASTS if self.title is None else READ_AGAIN_AFTER)

    def counts(self, now: datetime) -> bool:
        return timedelta() <= now - self.read_at < SHOWN_FOR


class Titles:
    """The titles of the bookings of an account. A moved booking is another one."""

    def __init__(self) -> None:
        """Start without any title."""
        self._known: dict[_Row, _Known] = {}

    def __repr__(self) -> str:
        """Return a text without titles."""
        return f"<Titles of {len(self._known)} bookings>"

    def wanted(self, rows: Iterable[RoomBooking], now: datetime) -> tuple[EventRef, ...]:
        """Return the events whose titles must be read: those of bookings that run or start within a day.

        Private bookings have no organizer in their rows, and their titles are never asked for.
        """
        return tuple(
            dict.fromkeys(
                row[0]
                for booking in rows
                if booking.end > now and booking.start < now + READ_AHEAD
                if (row := _row_of(booking)) and not (row in self._known and self._known[row].is_recent(now))
            )
        )

    def take(
        self, rows: Iterable[RoomBooking], asked: Collection[EventRef], told: Mapping[EventRef, str], now: datetime
    ) -> None:
        """Store the titles that Feishu told of the events it was asked for."""
        self._known = {row: known for row, known in self._known.items() if known.counts(now)}
        for booking in rows:
            if (row := _row_of(booking)) and row[0] in asked:
                self._known[row] = _Known(told.get(row[0]), now)

    def title_of(self, booking: RoomBooking, now: datetime) -> str:
        """Return the title of a booking; empty if it is private, unknown or too old."""
        row = _row_of(booking)
        known = self._known.get(row) if row else None
        return known.title or "" if known and known.counts(now) else ""

    def labels_of(self, rows: Collection[RoomBooking], now: datetime) -> Labels:
        """Return what is known of the bookings of one room.

        A private booking has no label. Two bookings at the same times have none either: one may be only a request.
        """
        times = Counter(Block(row.start, row.end) for row in rows)
        labels: dict[Block, Label] = {}
        for row in rows:
            block, label = Block(row.start, row.end), Label(self.title_of(row, now), row.organizer)
            if row.has_organizer and times[block] == 1 and label != NO_LABEL:
                labels[block] = label
        return Labels(frozenset(times), labels, now)


def _row_of(booking: RoomBooking) -> _Row | None:
    """Return what a title is stored under; None for a private booking, or one that names no event."""
    if not booking.has_organizer or not booking.uid or booking.original_time is None:
        return None
    return EventRef(booking.uid, booking.original_time), booking.start
