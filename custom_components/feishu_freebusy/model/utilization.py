"""How much of the office hours a room was booked and used, hour by hour. Pure.

Instants are in UTC. All durations are whole seconds of office hours in which the room was in service.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple, Self

from .evidence import Hours
from .schedule import DisabledPeriod

_HOUR: Final = timedelta(hours=1)
_USED: Final = frozenset({"in_use", "ad_hoc"})
_WATCHED: Final = _USED | {"free", "booked", "no_show"}

type Span = tuple[datetime, datetime]
type Hour = tuple[date, int]  # a local date and hour; when clocks are set back, one of them has 7,200 seconds
type Tally = dict[Hour, Numbers]


class Share(StrEnum):
    """A part of the office hours."""

    BOOKED = "booked"
    USED = "used"
    NO_SHOW = "no_show"
    AD_HOC = "ad_hoc"


class Numbers(NamedTuple):
    """Seconds of some hours.

    `known` is how long the bookings were known, `booked` the booked part of that. `watched` is how long the use was
    known; `used`, `no_show` (booked, but nobody came) and `ad_hoc` (used, but not booked; part of `used`) are parts of
    that.
    """

    office: int = 0
    known: int = 0
    booked: int = 0
    watched: int = 0
    used: int = 0
    no_show: int = 0
    ad_hoc: int = 0

    @classmethod
    def sum(cls, items: Iterable[Self]) -> Self:
        """Return the sum of several ones."""
        return cls(*map(sum, zip(cls(), *items, strict=True)))

    @property
    def shares(self) -> dict[Share, float | None]:
        """Return the shares in percent, None if nothing is known."""
        return {
            Share.BOOKED: _percent(self.booked, self.known),
            Share.USED: _percent(self.used, self.watched),
            Share.NO_SHOW: _percent(self.no_show, self.watched),
            Share.AD_HOC: _percent(self.ad_hoc, self.watched),
        }

    def known_share(self, share: Share) -> float | None:
        """Return a share in percent, None if the bookings or the use were known for less than half of the time."""
        known = self.known if share is Share.BOOKED else self.watched
        return self.shares[share] if 2 * known >= self.office else None


def count_bookings(
    start: datetime,
    end: datetime,
    hours: Hours,
    *,
    known_until: datetime,
    booked: Iterable[Span],
    disabled: DisabledPeriod | None = None,
) -> Tally:
    """Return the numbers of `[start, end)`, in which the bookings were known until `known_until`.

    `booked` may be in any order and overlap.
    """
    office = _in_service(start, end, hours, disabled)
    known = _common(office, [(start, known_until)])
    counted = {"office": office, "known": known, "booked": _common(known, _merged(booked))}
    return _tally(counted, hours.time_zone)


def count_use(
    start: datetime, end: datetime, hours: Hours, *, use: str | None, disabled: DisabledPeriod | None = None
) -> Tally:
    """Return the numbers of `[start, end)`, in which the use of the room was the same; None if it was not known.

    `office` is 0: `count_bookings` counts it.
    """
    watched = _in_service(start, end, hours, disabled) if use in _WATCHED else []
    counted = {
        "watched": watched,
        "used": watched if use in _USED else [],
        "no_show": watched if use == "no_show" else [],
        "ad_hoc": watched if use == "ad_hoc" else [],
    }
    return _tally(counted, hours.time_zone)


def add(into: MutableMapping[Hour, Numbers], more: Mapping[Hour, Numbers]) -> None:
    """Add the numbers of `more` to `into`."""
    for hour, numbers in more.items():
        into[hour] = Numbers.sum((into.get(hour, Numbers()), numbers))


def by_hour_of_week(tally: Mapping[Hour, Numbers]) -> dict[tuple[int, int], Numbers]:
    """Return the sums by weekday (Monday is 0) and hour, sorted."""
    found: dict[tuple[int, int], list[Numbers]] = {}
    for (day, hour), numbers in tally.items():
        found.setdefault((day.weekday(), hour), []).append(numbers)
    return {when: Numbers.sum(found[when]) for when in sorted(found)}


def hour_of(instant: datetime, time_zone: tzinfo) -> Hour:
    """Return the local hour of an instant."""
    local = instant.astimezone(time_zone)
    return local.date(), local.hour


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _in_service(start: datetime, end: datetime, hours: Hours, disabled: DisabledPeriod | None) -> list[Span]:
    whole = [(start, end)]
    office = _common(hours.off_hours.office_hours(start, end, hours.time_zone), whole) if hours.off_hours else whole
    if disabled is None:
        return office
    return _common(office, [(start, disabled.start), *([(disabled.end, end)] if disabled.end else [])])


def _common(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the time that is in both. Neither may overlap itself."""
    pieces = [(max(start, since), min(end, until)) for since, until in others for start, end in spans]
    return [(start, end) for start, end in pieces if start < end]


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _tally(counted: Mapping[str, list[Span]], time_zone: tzinfo) -> Tally:
    seconds: dict[Hour, dict[str, int]] = {}
    for what, spans in counted.items():
        for hour, length in _by_hour(spans, time_zone):
            of_hour = seconds.setdefault(hour, {})
            of_hour[what] = of_hour.get(what, 0) + length
    return {hour: Numbers(**of_hour) for hour, of_hour in seconds.items()}


def _by_hour(spans: Iterable[Span], time_zone: tzinfo) -> Iterator[tuple[Hour, int]]:
    for since, end in spans:
        start = since
        while start < end:
            local = start.astimezone(time_zone)
            stop = min(start + _HOUR - timedelta(minutes=local.minute, seconds=local.second), end)
            yield (local.date(), local.hour), round((stop - start).total_seconds())
            start = stop
