"""Reads times as people say them: instants, ranges and lengths, in English and Chinese.

Pure functions: no I/O, no clock, no Home Assistant. The day and the time of day are those of a time zone; results are
in UTC. A vague time like "three" is the next three o'clock, but a stay starts in the night only if it is night or that
is said. On another day than today, it is the one in office hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
import unicodedata

from .time_words import Clock, Day, Length, Meaning, Now, Part, PartOfDay, Role, find_words, in_part

_DAY = timedelta(days=1)
_HALF_DAY = 12 * 60  # minutes
_OFFICE_OPENS = 7 * 60
_NIGHT_ENDS, _NIGHT_BEGINS = 6 * 60, 20 * 60
_WEEK = 7
_MONTHS = 12
# Minutes after midnight
_WINDOWS: Final = {
    Part.SMALL_HOURS: (0, 6 * 60),
    Part.MORNING: (6 * 60, 12 * 60),
    Part.NOON: (12 * 60, 14 * 60),
    Part.AFTERNOON: (12 * 60, 18 * 60),
    Part.EVENING: (18 * 60, 24 * 60),
    Part.DAY: (_OFFICE_OPENS, 20 * 60),
}


class PastTimeError(ValueError):
    """The time is over."""


class UnclearTimeError(ValueError):
    """The words contradict each other, or the day does not exist."""


@dataclass(frozen=True, slots=True)
class Times:
    """What a text says about time. `rest` is the text without these words.

    Without a start, a stay starts now. `is_range`: the stay may be any time within `[start, end)`, as in "this
    afternoon"; then both are set. Else `end` is the end of the stay, and set if a start and a length are.
    """

    rest: str = ""
    start: datetime | None = None
    end: datetime | None = None
    length: timedelta | None = None
    is_range: bool = False

    @property
    def is_said(self) -> bool:
        """Return whether the text says anything about time, except "now"."""
        return bool(self.start or self.end or self.length)


def read_times(text: str, now: datetime, zone: tzinfo) -> Times:
    """Return what a text says about time at `now`.

    Raises `PastTimeError` for a time that is over, `UnclearTimeError` for one that makes no sense.
    """
    plain = unicodedata.normalize("NFKC", text)
    words = find_words(plain)
    rest, at = [], 0
    for word in words:
        rest.append(plain[at : word.start])
        at = word.end
    rest.append(plain[at:])
    said = _Said([word.meaning for word in words], now, zone)
    return said.times(" ".join(" ".join(rest).split()))


class _Said:
    """The words about time in a text, and what they mean together."""

    def __init__(self, meanings: list[Meaning], now: datetime, zone: tzinfo) -> None:
        self._now = now.astimezone(UTC)
        self._zone = zone
        self._today = now.astimezone(zone).date()
        self._is_now = any(isinstance(each, Now) for each in meanings)
        lengths = [each for each in meanings if isinstance(each, Length)]
        self._length = _only([each.length for each in lengths if not each.is_wait])
        self._wait = _only([each.length for each in lengths if each.is_wait])
        self._part = _only([each for each in meanings if isinstance(each, PartOfDay)])
        self._start, self._end = _split([each for each in meanings if isinstance(each, Clock)])
        self._start_day, self._end_day = self._days(meanings)

    def _days(self, meanings: list[Meaning]) -> tuple[Day | None, Day | None]:
        """Return the day of the start and that of the end, None if it is not said."""
        days = [each for each in meanings if isinstance(each, Day)]
        if len(days) > 1 and self._end:  # "from Monday noon until Tuesday noon"
            first, second = _only(days[:-1]), days[-1]
            return first, second
        day = _only(days)
        return (day, None) if self._start or not self._end else (None, day)

    def times(self, rest: str) -> Times:
        """Return the meaning of all words."""
        if self._wait:
            if self._start or self._start_day or self._part:
                raise UnclearTimeError
            return self._stay(rest, (self._now + self._wait).replace(second=0, microsecond=0))
        if self._start and self._start.role in (Role.AFTER, Role.BEFORE):
            return self._open_range(rest, self._start)
        if self._start:
            return self._stay(rest, self._start_instant(self._start))
        if self._end:
            clock = in_part(self._end, self._part.part if self._part else None)
            return self._until(rest, self._next(clock, self._now + timedelta.resolution, self._end_day))
        if (self._start_day or self._part) and not self._is_now:
            return self._range(rest)
        return Times(rest, length=self._length)

    # Stays

    def _stay(self, rest: str, start: datetime) -> Times:
        """Return a stay that starts at an instant, and ends when it is said."""
        if self._end:
            if self._length:
                raise UnclearTimeError
            return Times(rest, start, self._end_instant(self._end, start, self._end_day))
        return Times(rest, start, start + self._length if self._length else None, self._length)

    def _until(self, rest: str, end: datetime) -> Times:
        """Return a stay from now, or as long as it is said, until an instant."""
        if self._length is None:
            return Times(rest, None, end)
        start = end - self._length
        if start < self._now:
            raise PastTimeError
        return Times(rest, start, end, self._length)

    def _range(self, rest: str) -> Times:
        """Return a day or a part of it as a range, without what is over."""
        part = self._part.part if self._part else Part.DAY
        opens, closes = _WINDOWS[part]
        for day in self._possible_days(self._start_day):
            start, end = self._instant(day, opens), self._instant(day, closes)
            if part is Part.DAY and day == self._today and end <= self._now:
                end = self._instant(day, 24 * 60)
            if end > self._now:
                return Times(rest, max(start, self._now), end, self._length, is_range=True)
            if self._part and self._part.is_today:
                break
        raise PastTimeError

    def _open_range(self, rest: str, clock: Clock) -> Times:
        """Return the range before or after a time of day."""
        instant = self._start_instant(clock)
        day = instant.astimezone(self._zone).date()
        if clock.role is Role.BEFORE:
            opens = self._instant(day, _OFFICE_OPENS)
            start = max(opens if opens < instant else self._instant(day, 0), self._now)
            return Times(rest, start, instant, self._length, is_range=True)
        end = self._end_instant(self._end, instant, self._end_day) if self._end else self._instant(day, 24 * 60)
        return Times(rest, instant, end, self._length, is_range=True)

    # Instants

    def _start_instant(self, clock: Clock) -> datetime:
        """Return the instant of a start. It is not in the past."""
        clock = in_part(clock, self._part.part if self._part else None)
        end = self._end
        if clock.is_vague and end and not end.is_vague and not self._end_day:
            # "2 to 3 pm" starts in the afternoon
            clock = _nearest_before(clock, end)
        day = self._start_day
        if day is None and self._part and self._part.is_today:
            day = Day(offset=0)
        if day is None and clock.is_vague and not self._is_night:
            first, second = _readings(clock)
            clock = Clock(clock.role, second) if first < _NIGHT_ENDS else clock
        return self._next(clock, self._now, day)

    @property
    def _is_night(self) -> bool:
        """Return whether people who ask now may mean a time in the night."""
        local = self._now.astimezone(self._zone)
        return not _NIGHT_ENDS <= local.hour * 60 + local.minute < _NIGHT_BEGINS

    def _end_instant(self, clock: Clock, after: datetime, day: Day | None) -> datetime:
        """Return the first instant of an end after the start."""
        if day:
            return self._next(clock, after + timedelta.resolution, day)
        first = after.astimezone(self._zone).date()
        candidates = self._candidates(clock, [first - _DAY, first, first + _DAY])
        return min(instant for instant in candidates if instant > after)

    def _next(self, clock: Clock, after: datetime, day: Day | None) -> datetime:
        """Return the first instant of a clock from `after` on, on the day that is said."""
        if day is None:
            days = [self._today + _DAY * offset for offset in (-1, 0, 1, 2)]
            return min(instant for instant in self._candidates(clock, days) if instant >= after)
        for possible in self._possible_days(day):
            if day.offset == 0:
                found = min((each for each in self._candidates(clock, [possible]) if each >= after), default=None)
            else:
                found = self._instant(possible, _in_office_hours(clock))
            if found and found >= after:
                return found
        raise PastTimeError

    def _candidates(self, clock: Clock, days: list[date]) -> Iterator[datetime]:
        for day in days:
            for minutes in _readings(clock):
                first = self._instant(day, minutes)
                yield first
                # The same time of day again, when clocks go back
                if (second := self._instant(day, minutes, fold=1)) > first:
                    yield second

    def _instant(self, day: date, minutes: int, *, fold: int = 0) -> datetime:
        """Return the instant of a time of day. One that the clocks skip is as much later as they skip."""
        days, minutes = divmod(minutes, 24 * 60)
        local = datetime.combine(day + days * _DAY, time(minutes // 60, minutes % 60, fold=fold), self._zone)
        return local.astimezone(UTC)

    def _possible_days(self, day: Day | None) -> Iterator[date]:
        """Yield the days that may be meant, in their order. A day that is past is among them."""
        today = self._today
        if day is None:
            yield from (today, today + _DAY)
        elif day.offset is not None:
            yield today + _DAY * day.offset
        elif day.weekday is not None:
            monday = today - _DAY * today.weekday()
            if day.week is not None:
                yield monday + _DAY * (_WEEK * day.week + day.weekday)
            else:
                ahead = (day.weekday - today.weekday()) % _WEEK
                yield from (today + _DAY * ahead, today + _DAY * (ahead + _WEEK))
        elif day.date:
            yield from self._possible_dates(*day.date)

    def _possible_dates(self, year: int, month: int, day: int) -> Iterator[date]:
        years = [year] if year else [self._today.year, self._today.year + 1]
        months = [month] if month else range(1, _MONTHS + 1)
        found = []
        for each in years:
            for number in months:
                try:
                    found.append(date(each, number, day))
                except ValueError:
                    continue
        if not found:
            raise UnclearTimeError
        yield from (each for each in found if each >= self._today)


def _split(clocks: list[Clock]) -> tuple[Clock | None, Clock | None]:
    """Return the clock of the start and that of the end."""
    starts = [clock for clock in clocks if clock.role not in (Role.UNTIL, Role.TO, Role.AND)]
    ends = [clock for clock in clocks if clock.role in (Role.UNTIL, Role.TO, Role.AND)]
    if not ends and len(starts) > 1 and starts[-1].role is Role.BEFORE:  # "after two, before four"
        ends = [starts.pop()]
    return _only(starts), _only(ends)


def _only[T](found: list[T]) -> T | None:
    if len(found) > 1:
        raise UnclearTimeError
    return found[0] if found else None


def _readings(clock: Clock) -> tuple[int, ...]:
    """Return the minutes after midnight that a clock may mean. Midnight is both ends of a day."""
    if not clock.is_vague:
        return (clock.minutes,)
    first = clock.minutes % _HALF_DAY
    return first, first + _HALF_DAY


def _in_office_hours(clock: Clock) -> int:
    """Return the reading of a clock on a day that is said."""
    return next((minutes for minutes in _readings(clock) if minutes >= _OFFICE_OPENS), _readings(clock)[-1])


def _nearest_before(clock: Clock, end: Clock) -> Clock:
    """Return the reading of a vague start that is nearest to its end."""
    fitting = [minutes for minutes in _readings(clock) if minutes < end.minutes]
    return Clock(clock.role, max(fitting)) if fitting else clock
