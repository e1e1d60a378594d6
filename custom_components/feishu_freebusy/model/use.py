"""How a room is used: what its bookings say, together with what its occupancy sensors have seen. Pure.

A sensor says that somebody is there (True), that nobody is (False), or nothing (None).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from .schedule import Block, DisabledPeriod

HOLD: Final = timedelta(minutes=2)  # sensors of motion miss people who sit still
MARGIN: Final = timedelta(minutes=15)  # people come early, and leave late
NOTICE: Final = timedelta(minutes=5)  # from the announcement of a release to the release: who comes keeps the room
EXEMPT_FROM: Final = timedelta(hours=4)  # long bookings are days of an event, not meetings
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_KEPT: Final = timedelta(days=1)
_MOST_KEPT: Final = 1_000  # a sensor that flaps all day


class Use(StrEnum):
    """How a room is used."""

    FREE = "free"
    BOOKED = "booked"
    IN_USE = "in_use"
    NO_SHOW = "no_show"
    AD_HOC = "ad_hoc"
    OUT_OF_SERVICE = "out_of_service"


@dataclass(frozen=True, slots=True)
class UseSpan:
    """A time `[start, end)` of one use. `use` is None if it is not known, `end` is None if it lasts.

    `booking` is the one that ran when it began, None for none.
    """

    start: datetime
    end: datetime | None
    use: Use | None
    booking: Block | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the sensors of a room have said together since an instant."""

    since: datetime
    occupied: bool | None


def together(sensors: Iterable[Seen], now: datetime) -> Seen:
    """Return what several sensors say: occupied if one sees somebody, empty only if all see nobody."""
    known = list(sensors)
    if seeing := [each.since for each in known if each.occupied]:
        return Seen(min(seeing), occupied=True)
    if not known or any(each.occupied is None for each in known):
        return Seen(now, occupied=None)
    return Seen(max(each.since for each in known), occupied=False)


class History:
    """What the sensors of a room have said in the last day. Nothing is known of the time before."""

    def __init__(self, first: Seen) -> None:
        self._seen = [first]

    @property
    def occupied(self) -> bool | None:
        """Return what the sensors say now."""
        return self._seen[-1].occupied

    def note(self, now: datetime, occupied: bool | None) -> None:
        """Note what the sensors say from now on."""
        if occupied is not self.occupied:
            self._seen.append(Seen(max(now, self._seen[-1].since), occupied))
        while len(self._seen) > _MOST_KEPT or (len(self._seen) > 1 and self._seen[1].since < now - _KEPT):
            del self._seen[0]

    def last_occupied(self, after: datetime, now: datetime) -> datetime | None:
        """Return when somebody was last there after an instant: `now` if somebody is, None if nobody was seen."""
        until = now
        for seen in reversed(self._seen):
            if until <= after:
                break
            if seen.occupied:
                return until
            until = seen.since
        return None

    def occupied_since(self, now: datetime) -> datetime:
        """Return since when somebody has been there, apart from gaps shorter than `HOLD`."""
        since = until = now
        for seen in reversed(self._seen):
            if seen.occupied:
                if since - until >= HOLD:
                    break
                since = seen.since
            until = seen.since
        return since

    def is_empty_since(self, start: datetime) -> bool:
        """Return whether nobody has been there since `start`, with all sensors known all the time."""
        for seen in reversed(self._seen):
            if seen.occupied is not False:
                return False
            if seen.since <= start:
                return True
        return False


def booking_at(bookings: Iterable[Block], now: datetime) -> Block | None:
    """Return the booking that runs at `now`: of several, the one that started last."""
    return max((each for each in bookings if each.start <= now < each.end), default=None)


def use_at(
    now: datetime,
    bookings: Sequence[Block],
    history: History,
    *,
    disabled: DisabledPeriod | None = None,
    no_show_after: timedelta,
) -> Use | None:
    """Return how a room is used at `now`, None if the sensors do not tell.

    `bookings` are single ones, `history` ends at `now`. A booking is a no-show once all sensors have seen nobody from
    its start on for `no_show_after`. Who comes shortly before a booking, or stays after one, is there for the booking.
    """
    if disabled and disabled.contains(now):
        return Use.OUT_OF_SERVICE
    if history.occupied is None:
        return None
    booking = booking_at(bookings, now)
    start = booking.start if booking else max((each.end for each in bookings if each.end <= now), default=_LONG_AGO)
    last = history.last_occupied(start, now)
    is_used = history.occupied or (last is not None and now - last < HOLD)
    if booking:
        if is_used:
            return Use.IN_USE
        is_no_show = now - start >= no_show_after and history.is_empty_since(start)
        return Use.NO_SHOW if is_no_show else Use.BOOKED
    if not is_used:
        return Use.FREE
    since = history.occupied_since(now)
    is_late = since < start and now - start < MARGIN
    is_early = any(since < each.start <= since + MARGIN for each in bookings if each.start > now)
    return Use.IN_USE if is_late or is_early else Use.AD_HOC


def next_use_change(
    now: datetime,
    bookings: Iterable[Block],
    history: History,
    *,
    disabled: DisabledPeriod | None = None,
    no_show_after: timedelta,
) -> datetime | None:
    """Return the earliest instant after `now` at which `use_at` may change by time alone, None if there is none."""
    instants: list[datetime] = []
    for each in bookings:
        instants += (each.start, each.end, each.start + no_show_after, each.end + MARGIN)
    if disabled:
        instants += (disabled.start, *((disabled.end,) if disabled.end else ()))
    if last := history.last_occupied(_LONG_AGO, now):
        instants.append(last + HOLD)
    return min((instant for instant in instants if instant > now), default=None)


def may_be_released(booking: Block, no_show_since: datetime) -> bool:
    """Return whether a no-show is worth a release: it is not exempt, and some of it is left after the notice."""
    return booking.end - booking.start < EXEMPT_FROM and booking.end > no_show_since + NOTICE
