"""How often to poll Feishu, and how long a reading stays valid. Pure functions, without a clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from math import ceil

from ..const import CATALOGUE_INTERVAL
from ..feishu.errors import CredentialsError, FeishuError, QuotaExceededError

MIN_INTERVAL = timedelta(seconds=30)
MAX_INTERVAL = timedelta(days=1)  # even if it exceeds the budget: an older state is useless
OFF_HOURS_INTERVAL = timedelta(minutes=30)
_OFF_HOURS_FACTOR = 4  # if the budget is tight, the off-hours interval is this many times the office-hours one

# The status of rooms is read this often in office hours, and `_STATUS_OFF_HOURS_FACTOR` times as rarely off hours
STATUS_INTERVAL = timedelta(minutes=10)
_STATUS_INTERVAL_LONG = timedelta(minutes=30)  # if the shorter one takes more than `_STATUS_SHARE` of the budget
_STATUS_INTERVAL_LONGEST = timedelta(minutes=45)  # a status counts for an hour, and a failed read needs a second try
_STATUS_SHARE = 0.05
_STATUS_SHARE_LONG = 0.2  # if `_STATUS_INTERVAL_LONG` takes more, up to `_STATUS_INTERVAL_LONGEST`
_STATUS_SHARE_MOST = 1 / 3  # never more, even if statuses grow too old: polls become at most 1.5 times as rare
_STATUS_SHARES = (
    (_STATUS_SHARE, _STATUS_INTERVAL_LONG),
    (_STATUS_SHARE_LONG, _STATUS_INTERVAL_LONGEST),
    (_STATUS_SHARE_MOST, MAX_INTERVAL),
)
_STATUS_OFF_HOURS_FACTOR = 6
_OTHER_SHARE_MOST = 1 / 3  # of what is left, reserved for all calls except those of polls and statuses
_STATUS_FIRST_RETRY = timedelta(minutes=5)
_STATUS_LONGEST_RETRY = timedelta(minutes=30)

# The tree of rooms and levels is read whole as often as this part of the budget allows, the used rooms in between
_WHOLE_TREE_SHARE = 0.03
_USED_ROOMS_SHARE = 0.02
_WHOLE_TREE_LONGEST = timedelta(days=30)
_USED_ROOMS_LONGEST = timedelta(days=1)
_UNLIMITED_TREE_BUDGET = 250_000  # without a budget, a big tree is still read rarely
_MONTH = timedelta(days=30)

_SHORTEST_GRACE = timedelta(minutes=10)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(minutes=5)
_CREDENTIALS_PAUSE = timedelta(hours=1)
_QUOTA_PAUSE = timedelta(hours=6)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=8)  # one day more, because a time zone may skip a day


@dataclass(frozen=True, slots=True)
class OffHours:
    """Hours with few polls: daily from `start` to `end`, also across midnight, and all of `days` (Monday is 0).

    Times and days are local to the `time_zone` of each method. If `start` equals `end`, only the days count. On dates
    in `extra` people work although their weekday is one of `days`; dates in `free` are off although it is not.
    """

    start: time
    end: time
    days: frozenset[int]
    # Not compared: they are facts of the calendar, no settings
    extra: frozenset[date] = field(default=frozenset(), compare=False)
    free: frozenset[date] = field(default=frozenset(), compare=False)

    def is_office_day(self, day: date) -> bool:
        """Return whether people work on a date."""
        return day in self.extra or (day not in self.free and day.weekday() not in self.days)

    def contains(self, now: datetime, time_zone: tzinfo) -> bool:
        """Return whether `now` is off hours."""
        return not any(start <= now < end for start, end in self.office_hours(now, now + _DAY, time_zone))

    def next_office_start(self, now: datetime, time_zone: tzinfo) -> datetime | None:
        """Return the next start of office hours after `now`, None if there are none."""
        starts = (start for start, _ in self.office_hours(now, now + _WEEK, time_zone))
        return next((start for start in starts if start > now), None)

    def office_time(self, start: datetime, end: datetime, time_zone: tzinfo) -> timedelta:
        """Return the total of office hours within `[start, end)`."""
        first, last = start.astimezone(time_zone).date(), end.astimezone(time_zone).date()
        between = _office_time_between(self, self.extra, self.free, first, last, time_zone)
        at_the_ends = (hours for day in sorted({first, last}) for hours in self._of_day(day, start, end, time_zone))
        return sum((min(until, end) - max(since, start) for since, until in at_the_ends), between)

    def office_hours(self, start: datetime, end: datetime, time_zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        """Return the office hours that touch `[start, end)`, in UTC."""
        day, last = start.astimezone(time_zone).date(), end.astimezone(time_zone).date()
        while day <= last:
            yield from self._of_day(day, start, end, time_zone)
            day += _DAY

    def _of_day(
        self, day: date, start: datetime, end: datetime, time_zone: tzinfo
    ) -> Iterator[tuple[datetime, datetime]]:
        """Return the office hours of a day that touch `[start, end)`, in UTC."""
        if self.is_office_day(day):
            for since, until in _office_hours_of(self, day, time_zone):
                if max(since, start) < min(until, end):  # not empty
                    yield since, until


@lru_cache(maxsize=64)  # the rest of a month is computed at each change of a room
def _office_time_between(
    off_hours: OffHours, extra: frozenset[date], free: frozenset[date], first: date, last: date, time_zone: tzinfo
) -> timedelta:
    """Return the total of office hours of the days between two others.

    `extra` and `free` are named because equal off hours may have others.
    """
    dated = replace(off_hours, extra=extra, free=free)
    days = (first + _DAY * number for number in range(1, (last - first).days))
    office_days = (day for day in days if dated.is_office_day(day))
    hours = (each for day in office_days for each in _office_hours_of(off_hours, day, time_zone))
    return sum((until - since for since, until in hours), timedelta())


@lru_cache(maxsize=64)
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
    """The intervals between polls, in office hours and off hours."""

    office: timedelta
    off: timedelta


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The rest of a month, in office hours and off hours."""

    office: timedelta
    off: timedelta

    @classmethod
    def of_month(cls, now: datetime, off_hours: OffHours | None, time_zone: tzinfo) -> TimeLeft:
        """Return the rest of the month of `now`."""
        end = month_bounds(now, time_zone)[1]
        office = off_hours.office_time(now, end, time_zone) if off_hours else end - now
        return cls(office, end - now - office)

    def cycles(self, plan: PollPlan) -> float:
        """Return how many polls a plan makes in this time."""
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
    """Return the intervals that spread the rest of the budget over the rest of the month.

    `budget` and `used` are numbers of calls this month; `budget` is None for unlimited calls. Off hours are polled
    rarely; office hours get the rest of the budget.
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


def status_plan(calls_per_read: int, *, calls: int | None, time_left: TimeLeft, usual: float | None = None) -> PollPlan:
    """Return how often to read the status of all rooms, which takes `calls_per_read` calls.

    `calls` is how many calls are left for `time_left`; None for unlimited calls. `usual` is how many it would be if the
    budget were spent evenly: what is saved does not make the reads more frequent.
    """
    plan = _status_plan(STATUS_INTERVAL)
    if calls is None or not calls_per_read:
        return plan
    for share, longest in _STATUS_SHARES:
        needed = time_left.cycles(plan) * calls_per_read
        allowed = share * (calls if usual is None or share != _STATUS_SHARE else min(calls, usual))
        if needed > allowed:
            fits = plan.office * needed < longest * allowed
            plan = _status_plan(plan.office * needed / allowed if fits else longest)
    return plan


def budget_of_polls(budget: int | None, used: int, other_calls: float) -> int | None:
    """Return the budget without the `other_calls` that the rest of the month takes."""
    most = max((budget or 0) - used, 0) * (_STATUS_SHARE_MOST + _OTHER_SHARE_MOST)
    return None if budget is None else budget - round(min(other_calls, most))


@dataclass(frozen=True, slots=True)
class CataloguePlan:
    """How often to read the whole tree of rooms and levels, and in between the rooms that are used."""

    whole: timedelta
    used: timedelta
    calls_a_day: float


def catalogue_plan(whole_calls: int, used_calls: int, budget: int | None) -> CataloguePlan:
    """Return how often to read the catalogue.

    A read of the whole tree takes `whole_calls` calls, one of the used rooms `used_calls`. `budget` is the number of
    calls a month, None for unlimited calls.
    """
    of_month = _UNLIMITED_TREE_BUDGET if budget is None else max(budget, 1)
    whole = _MONTH * whole_calls / (of_month * _WHOLE_TREE_SHARE)
    if whole <= CATALOGUE_INTERVAL:
        return CataloguePlan(CATALOGUE_INTERVAL, CATALOGUE_INTERVAL, whole_calls * (_DAY / CATALOGUE_INTERVAL))
    used = max(_MONTH * used_calls / (of_month * _USED_ROOMS_SHARE), CATALOGUE_INTERVAL)
    used = min(used, _USED_ROOMS_LONGEST)
    whole = used * ceil(min(whole, _WHOLE_TREE_LONGEST) / used)  # one read of the used rooms is replaced
    return CataloguePlan(whole, used, whole_calls * (_DAY / whole) + used_calls * (_DAY / used - _DAY / whole))


def _status_plan(office: timedelta) -> PollPlan:
    return PollPlan(office, min(office * _STATUS_OFF_HOURS_FACTOR, MAX_INTERVAL))


def status_retry_delay(failures: int) -> timedelta:
    """Return the delay of the next try after the status of rooms could not be read this many times in a row."""
    doubled: timedelta = _STATUS_FIRST_RETRY * 2 ** min(failures - 1, 10)
    return min(doubled, _STATUS_LONGEST_RETRY)


def _spread(time_left: timedelta, cycles: float) -> timedelta:
    """Return the interval at which this many polls fill the time, at most `MAX_INTERVAL`."""
    return time_left / cycles if cycles > time_left / MAX_INTERVAL else MAX_INTERVAL


def grace(interval: timedelta) -> timedelta:
    """Return how long a reading stays valid after the last successful poll."""
    return max(_SHORTEST_GRACE, min(3 * interval, interval + timedelta(minutes=15)))


def retry_delay(failures: int, interval: timedelta) -> timedelta:
    """Return the delay of the next try after this many failures in a row. Several tries fit into the grace."""
    doubled: timedelta = _FIRST_RETRY * 2 ** min(failures - 1, 10)
    return min(interval, _LONGEST_RETRY, doubled)


def pause_after(error: FeishuError) -> timedelta | None:
    """Return how long to stop all calls after an error that lasts for hours, None for other errors."""
    if isinstance(error, CredentialsError):
        return _CREDENTIALS_PAUSE
    return _QUOTA_PAUSE if isinstance(error, QuotaExceededError) else None


@lru_cache(maxsize=8)  # all subjects ask at the same moment
def month_bounds(now: datetime, time_zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the start of the month of `now` in `time_zone`, and the start of the next one, both in UTC."""
    start = now.astimezone(time_zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    # In UTC, because Python subtracts datetimes of one zone by wall time, which is wrong across a DST change
    return start.astimezone(UTC), following.astimezone(UTC)
