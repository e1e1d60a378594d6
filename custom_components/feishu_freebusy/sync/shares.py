"""The part of the monthly budget that may be spent on something other than polls."""

from datetime import datetime, timedelta

from ..model.intervals import OffHours, TimeLeft, month_bounds
from ..model.moment import Moment

DAYS_OF_MONTH = 30
_OFF_HOURS_FACTOR = 4  # off hours, calls come back this many times slower
_LONGEST_REFILL = timedelta(days=7)


class OverShareError(Exception):
    """A share is used up: `calls` are wanted, `left` are left."""

    def __init__(self, calls: int, left: int) -> None:
        super().__init__(f"{calls} calls are wanted, {left} are left")
        self.calls = calls
        self.left = left


class Share:
    """A part of the budget that is used up by calls and comes back with time, mostly in office hours.

    `part` is a fraction of the monthly budget; unused calls are kept for `days` days. Without a budget, the share is
    that of `unlimited` calls a month, or endless if that is None.
    """

    def __init__(self, part: float, *, days: float, unlimited: int | None = None) -> None:
        self._part = part
        self._days = days
        self._unlimited = unlimited
        self._budget = unlimited
        self._off_hours: OffHours | None = None
        self._left: float | None = None  # None: all
        self._at: datetime | None = None

    def configure(self, budget: int | None, off_hours: OffHours | None) -> None:
        """Set the monthly budget, None for unlimited calls, and the off hours."""
        self._budget = self._unlimited if budget is None else budget
        self._off_hours = off_hours

    def restore(self, left: float, at: datetime) -> None:
        """Continue with what was left at an instant."""
        self._left, self._at = max(left, 0.0), at

    @property
    def stored(self) -> tuple[float, datetime] | None:
        """Return what was left, and when; None if nothing was spent yet."""
        return None if self._left is None or self._at is None else (self._left, self._at)

    def left(self, moment: Moment) -> int | None:
        """Return how many calls may be spent at once, None for no limit."""
        return None if self._budget is None else int(self._refilled(self._budget, moment))

    def fill(self, moment: Moment) -> float:
        """Return how full the share is, from 0 to 1."""
        return 1.0 if self._budget is None else self._refilled(self._budget, moment) / self._most(self._budget)

    def spend(self, calls: float, moment: Moment, *, reserve: float = 0.0) -> bool:
        """Spend calls unless too few are left; return whether they were spent.

        `reserve` is the part of the full share that must not be used.
        """
        if self._budget is None:
            return True
        left = self._refilled(self._budget, moment)
        if left - calls < reserve * self._most(self._budget):
            return False
        self._left, self._at = left - calls, moment.now
        return True

    def _most(self, budget: int) -> float:
        return max(self._part * budget * self._days / DAYS_OF_MONTH, 1.0)

    def _refilled(self, budget: int, moment: Moment) -> float:
        most = self._most(budget)
        if self._left is None or self._at is None:
            return most
        passed = min(moment.now - self._at, _LONGEST_REFILL)
        if passed <= timedelta():  # the clock was set back
            return min(self._left, most)
        month = TimeLeft.of_month(month_bounds(moment.now, moment.time_zone)[0], self._off_hours, moment.time_zone)
        start = moment.now - passed
        off = self._off_hours
        office = off.office_time(start, moment.now, moment.time_zone) if off else passed
        part = _weight(office, passed - office) / _weight(month.office, month.off)
        return min(self._left + self._part * budget * part, most)


def _weight(office: timedelta, off: timedelta) -> timedelta:
    return office + off / _OFF_HOURS_FACTOR
