"""How often Feishu is asked, and how long an answer is good: the arithmetic, without a clock of its own."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from .feishu import CredentialsError, FeishuError, QuotaExceededError

MIN_INTERVAL = timedelta(seconds=30)
MAX_INTERVAL = timedelta(days=1)  # beyond that a room's state says nothing any more, whatever the budget

_SHORTEST_GRACE = timedelta(minutes=10)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(minutes=5)
_CREDENTIALS_PAUSE = timedelta(hours=1)
_QUOTA_PAUSE = timedelta(hours=6)


def poll_interval(
    scan_interval: timedelta,
    *,
    calls_per_cycle: int,
    budget: int | None,
    used: int,
    left_of_month: timedelta,
) -> timedelta:
    """Return the time between two polls that spreads what is left of the budget over what is left of the month.

    `budget` and `used` are calls of this month, `budget` None for any number.
    """
    interval = max(scan_interval, MIN_INTERVAL)
    if budget is not None and calls_per_cycle:
        calls_left = budget - used
        interval = max(interval, left_of_month * calls_per_cycle / calls_left if calls_left > 0 else MAX_INTERVAL)
    return min(interval, MAX_INTERVAL)


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
    """Return the start of the month of `now` in `time_zone`, and of the next."""
    start = now.astimezone(time_zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    return start, following


class MonthlyCalls:
    """The calls of this month.

    What was called before we started is not known; the share of the budget that goes with the elapsed share of the
    month is taken for it, so that a restart never makes the rest of the month more expensive.
    """

    def __init__(self, counted: Callable[[], int], budget: int | None, now: datetime, time_zone: tzinfo) -> None:
        """Take what counts the calls since the process started."""
        self._counted = counted
        self._time_zone = time_zone
        self._start, self._end = month_bounds(now, time_zone)
        elapsed = (now - self._start) / (self._end - self._start)
        self._before = int((budget or 0) * elapsed) - counted()

    def used(self, now: datetime) -> int:
        """Return the calls of the month of `now`."""
        start, end = month_bounds(now, self._time_zone)
        if start != self._start:
            self._start, self._end = start, end
            self._before = -self._counted()
        return self._before + self._counted()

    def left_of_month(self, now: datetime) -> timedelta:
        """Return the time until the count starts anew."""
        return month_bounds(now, self._time_zone)[1] - now
