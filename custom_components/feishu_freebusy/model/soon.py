"""Which bookings start soon or end soon, when the next one will, and whether a time lasts long enough. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .schedule import Block

_LATE: Final = timedelta(seconds=5)  # an automation runs a moment after the room has become free
_AT_LEAST: Final = timedelta(minutes=1)  # so that an offset of 0 is noticed, too


def lasts_until(until: datetime, duration: timedelta, now: datetime) -> bool:
    """Return whether it takes at least `duration` until an instant. `now` may be a few seconds late."""
    return until - now >= duration - _LATE


class Edge(StrEnum):
    """An end of a booking."""

    START = "start"
    END = "end"


def soon_between(booking: Block, edge: Edge, offset: timedelta) -> tuple[datetime, datetime]:
    """Return from when until when an end of a booking is near: no earlier than `offset` before it.

    A booking ends soon only once it has started.
    """
    if edge is Edge.START:
        first, last = booking.start - offset, booking.start
    else:
        first, last = max(booking.start, booking.end - offset), booking.end
    return first, max(last, first + _AT_LEAST)


class SoonWatch:
    """Notices each booking whose start or end comes near. Feed it with what is known, at each change and on time."""

    def __init__(self, edge: Edge, offset: timedelta) -> None:
        self._edge = edge
        self._offset = offset
        self._near: frozenset[Block] | None = None  # None: nothing was known

    def look(self, bookings: Iterable[Block] | None, now: datetime) -> tuple[Block, ...]:
        """Return the bookings that have come near since the last look; `bookings` is None if nothing is known.

        None are returned at the first look, and at the first one after an outage. A booking that was near and is moved
        or shortened does not count twice.
        """
        if bookings is None:
            self._near = None
            return ()
        known = frozenset(bookings)
        near = frozenset(each for each in known if self._is_near(each, now))
        before, self._near = self._near, near
        if before is None:
            return ()
        replaced = sum(self._is_near(each, now) for each in before - known)
        return tuple(sorted(near - before)[replaced:])

    def _is_near(self, booking: Block, now: datetime) -> bool:
        first, last = soon_between(booking, self._edge, self._offset)
        return first <= now < last

    def next_look(self, bookings: Iterable[Block], now: datetime) -> datetime | None:
        """Return when the next booking comes near, None if none does."""
        instants = (soon_between(each, self._edge, self._offset)[0] for each in bookings)
        return min((instant for instant in instants if instant > now), default=None)
