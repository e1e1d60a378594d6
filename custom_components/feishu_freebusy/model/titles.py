"""Which titles of bookings are read, and for how long they count. Titles live in memory only.

Pure: no I/O, no clock, no Home Assistant. Instants are aware.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..feishu.models import EventRef, RoomBooking

READ_AHEAD = timedelta(hours=24)
TITLE_LASTS = timedelta(minutes=15)
FAILURE_LASTS = timedelta(minutes=60)

type _Row = tuple[EventRef, datetime]


@dataclass(frozen=True, slots=True)
class _Known:
    """A title, None if Feishu does not tell it, and until when it counts."""

    title: str | None = field(repr=False)
    read_at: datetime

    def counts(self, now: datetime) -> bool:
        lasts = FAILURE_LASTS if self.title is None else TITLE_LASTS
        return timedelta() <= now - self.read_at < lasts


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
                if (row := _row_of(booking)) and not (row in self._known and self._known[row].counts(now))
            )
        )

    def take(
        self,
        rows: Iterable[RoomBooking],
        asked: Collection[EventRef],
        told: Mapping[EventRef, str] | None,
        now: datetime,
    ) -> None:
        """Store the titles that Feishu told of the events it was asked for; None: the call failed."""
        self._known = {row: known for row, known in self._known.items() if known.counts(now)}
        for booking in rows:
            if (row := _row_of(booking)) and row[0] in asked:
                self._known[row] = _Known((told or {}).get(row[0]), now)

    def title_of(self, booking: RoomBooking, now: datetime) -> str | None:
        """Return the title of a booking; None if it is private, empty, unknown or too old."""
        row = _row_of(booking)
        known = self._known.get(row) if row else None
        return known.title or None if known and known.counts(now) else None


def _row_of(booking: RoomBooking) -> _Row | None:
    """Return what a title is stored under; None for a private booking, or one that names no event."""
    if not booking.has_organizer or not booking.uid or booking.original_time is None:
        return None
    return EventRef(booking.uid, booking.original_time), booking.start
