"""How often Feishu is asked, and how long an answer is good: the arithmetic, without a clock of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from ..feishu.errors import CredentialsError, FeishuError, QuotaExceededError

MIN_INTERVAL = timedelta(seconds=30)
MAX_INTERVAL = timedelta(days=1)  # beyond that a room's state says nothing any more, whatever the budget
OFF_HOURS_INTERVAL = timedelta(minutes=30)
_OFF_HOURS_FACTOR = 4  # where even office hours have few polls, the others have fewer still

_SHORTEST_GRACE = timedelta(minutes=10)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(minutes=5)
_CREDENTIALS_PAUSE = timedelta(hours=1)
_QUOTA_PAUSE = timedelta(hours=6)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=8)  # and a day, for a zone that skips one


@dataclass(frozen=True, slots=True)
class OffHours:
    """When hardly anybody looks at rooms: from `start` to `end`, across midnight, and all of `days` (Monday is 0).

    Times and days are those of the time zone that each method is given; where `start` is `end`, only the days count.
    """

    start: time
    end: time
    days: frozenset[int]

    def contains(self, now: datetime, time_zone: tzinfo) -> bool:
        """Tell whether `now` is off hours."""
        return not any(start <= now < end for start, end in self._office_hours(now, now + _DAY, time_zone))

    def next_office_start(self, now: datetime, time_zone: tzinfo) -> datetime | None:
        """Return when office hours begin for the next time after `now`, None if they never do."""
        starts = (start for start, _ in self._office_hours(now, now + _WEEK, time_zone))
        return next((start for start in starts if start > now), None)

    def office_time(self, start: datetime, end: datetime, time_zone: tzinfo) -> timedelta:
        """Return how much of `[start, end)` is office hours."""
        hours = self._office_hours(start, end, time_zone)
        return sum((min(until, end) - max(since, start) for since, until in hours), timedelta())

    def _office_hours(self, start: datetime, end: datetime, time_zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """Return the office hours that touch `[start, end)`, in UTC."""
        day = start.astimezone(time_zone).date()
        while day <= end.astimezone(time_zone).date():
            if day.weekday() not in self.days:
                for since, until in _office_hours_of(self, day, time_zone):
                    if max(since, start) < min(until, end):  # and not of no length at all
                        yield since, until
            day += _DAY


@lru_cache(maxsize=64)  # whoever asks about the rest of a month does so every minute
def _office_hours_of(off_hours: OffHours, day: date, time_zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
    """Return the office hours of a day, in UTC."""
    midnight, next_midnight = _at(day, time.min, time_zone), _at(day + _DAY, time.min, time_zone)
    start, end = _at(day, off_hours.start, time_zone), _at(day, off_hours.end, time_zone)
    if off_hours.start == off_hours.end:
        return ((midnight, next_midnight),)
    if off_hours.start > off_hours.end:
        return ((end, start),)
    return ((midnight, start), (end, next_midnight))


def _at(day: date, clock: time, time_zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, time_zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class PollPlan:
    """The time between two polls, in office hours and off hours."""

    office: timedelta
    off: timedelta


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is left of a month, in office hours and off hours."""

    office: timedelta
    off: timedelta

    @classmethod
    def of_month(cls, now: datetime, off_hours: OffHours | None, time_zone: tzinfo) -> TimeLeft:
        """Return what is left of the month of `now`."""
        end = month_bounds(now, time_zone)[1]
        office = off_hours.office_time(now, end, time_zone) if off_hours else end - now
        return cls(office, end - now - office)

    def cycles(self, plan: PollPlan) -> float:
        """Return how many polls a plan makes of it."""
        return self.office / plan.office + self.off / plan.off


def poll_plan(
    scan_interval: timedelta,
    *,
    calls_per_cycle: int,
    budget: int | None,
    used: int,
    now: datetime,
    off_hours: OffHours | None,
    time_zone: tzinfo,
) -> PollPlan:
    """Return the intervals that spread what is left of the budget over what is left of the month.

    `budget` and `used` are calls of this month, `budget` None for any number. Off hours get their few polls, office
    hours all the rest.
    """
    office = min(max(scan_interval, MIN_INTERVAL), MAX_INTERVAL)
    wanted = PollPlan(office, max(office, OFF_HOURS_INTERVAL))
    if budget is None or not calls_per_cycle:
        return wanted
    left = TimeLeft.of_month(now, off_hours, time_zone)
    cycles = (budget - used) / calls_per_cycle
    if left.cycles(wanted) <= cycles:
        return wanted
    office = _spread(left.office, cycles - left.off / OFF_HOURS_INTERVAL)
    if office * _OFF_HOURS_FACTOR <= OFF_HOURS_INTERVAL:
        return PollPlan(office, OFF_HOURS_INTERVAL)
    office = max(wanted.office, _spread(left.office + left.off / _OFF_HOURS_FACTOR, cycles))
    if office * _OFF_HOURS_FACTOR <= MAX_INTERVAL:
        return PollPlan(office, office * _OFF_HOURS_FACTOR)
    return PollPlan(max(wanted.office, _spread(left.office, cycles - left.off / MAX_INTERVAL)), MAX_INTERVAL)


def _spread(time_left: timedelta, cycles: float) -> timedelta:
    """Return the interval at which so many polls fill that time, at most a day."""
    return time_left / cycles if cycles > time_left / MAX_INTERVAL else MAX_INTERVAL


def grace(interval: timedelta) -> timedelta:
    """Return how long after the last good answer its bookings stay in force."""
    return max(_SHORTEST_GRACE, min(3 * interval, interval + timedelta(minutes=15)))


def retry_delay(failures: int, interval: timedelta) -> timedelta:
    """Return the time until the next try after so many failures in a row: several fit into the grace."""
    doubled: timedelta = _FIRST_RETRY * 2 ** min(failures - 1, 10)
    return min(interval, _LONGEST_RETRY, doubled)


def pause_after(error: FeishuError) -> timedelta | None:
    """Return for how long to ask nothing after a failure that does not pass by itself in minutes, None for others."""
    if isinstance(error, CredentialsError):
        return _CREDENTIALS_PAUSE
    return _QUOTA_PAUSE if isinstance(error, QuotaExceededError) else None


def month_bounds(now: datetime, time_zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the start of the month of `now` in `time_zone`, and of the next, in UTC."""
    start = now.astimezone(time_zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    # Within one zone, Python reckons with what clocks show; the month in which they are changed is not that long
    return start.astimezone(UTC), following.astimezone(UTC)
