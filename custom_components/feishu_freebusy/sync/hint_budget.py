"""Live updates: what reads after hints may cost, and how seldom polls are while hints are trusted.

Pure. All times are seconds of the event loop's clock.
"""

from datetime import timedelta
from math import inf

from ..model.intervals import PollPlan, TimeLeft
from ..model.moment import LoopSeconds

EPSILON = 1e-6  # calls
_LEAST_BURST = 3.0  # calls
_BURST = 3600.0  # this much time's calls may be spent at once
_OFF_HOURS_SHARE = 0.1  # of the calls per second in office hours

_SAFETY_INTERVALS = tuple(timedelta(minutes=minutes) for minutes in (15, 20, 30))
_OFF_HOURS_FACTOR = 4
_SAFETY_SHARE = 0.25  # of the calls that are left
_REPLACED = 0.5  # of the safety polls: calls because of hints are filled up with other rooms


class TokenBucket:
    """The calls that hints may cost. It fills at the rate of what is left of the month."""

    def __init__(self, now: LoopSeconds) -> None:
        self._rate: float | None = 0.0
        self._tokens = 0.0
        self._was_filled = False
        self._at: float = now

    @property
    def capacity(self) -> float:
        """Return the most calls that can be saved up."""
        if self._rate is None:
            return inf
        return max(_LEAST_BURST, self._rate * _BURST) if self._rate else 0.0

    def set_rate(self, rate: float | None, now: LoopSeconds) -> None:
        """Set the calls per second from now on; None: there is no limit.

        The first rate above zero fills the bucket, and no later one.
        """
        self._settle(now)
        self._rate = rate
        if self._was_filled or rate == 0.0:
            self._tokens = min(self._tokens, self.capacity)
        else:
            self._tokens, self._was_filled = self.capacity, True

    def available(self, now: LoopSeconds) -> float:
        """Return how many calls may be made now."""
        self._settle(now)
        return self._tokens

    def spend(self, calls: int, now: LoopSeconds) -> None:
        """Pay for calls."""
        self._settle(now)
        self._tokens -= calls

    def available_at(self, calls: float, now: LoopSeconds) -> float:
        """Return when this many calls may be made, infinity if never."""
        missing = calls - self.available(now)
        if missing <= EPSILON:
            return now
        return now + missing / self._rate if self._rate and calls <= self.capacity else inf

    def _settle(self, now: LoopSeconds) -> None:
        passed, self._at = max(now - self._at, 0.0), max(now, self._at)
        self._tokens = inf if self._rate is None else min(self._tokens + passed * self._rate, self.capacity)


def safety_plan(plan: PollPlan, *, calls_per_cycle: int, calls_left: float | None, left: TimeLeft) -> PollPlan:
    """Return the intervals between polls while hints are trusted: 15 to 30 minutes in office hours, or those of `plan`.

    `calls_left` are those of the month's budget, None without a budget; polls get a quarter of them.
    """
    for office in _SAFETY_INTERVALS:
        slower = PollPlan(max(plan.office, office), max(plan.off, office * _OFF_HOURS_FACTOR))
        if calls_left is None or left.cycles(slower) * calls_per_cycle <= _SAFETY_SHARE * calls_left:
            break
    return slower


def hint_rate(
    calls_left: float | None,
    left: TimeLeft,
    *,
    is_office: bool,
    safety: PollPlan | None = None,
    calls_per_cycle: int = 0,
) -> float | None:
    """Return how many calls per second hints may cost, None without a budget.

    `calls_left` are those of the month's budget. While hints are trusted, `safety` are the intervals of the polls, and
    some calls are kept for them. Otherwise hints may take all: the calls that they cost replace polls, because each is
    filled up with the rooms read longest ago. Off hours get a tenth of the rate.
    """
    if calls_left is None:
        return None
    if safety:
        calls_left -= left.cycles(safety) * calls_per_cycle * (1 - _REPLACED)
    weighted = left.office.total_seconds() + left.off.total_seconds() * _OFF_HOURS_SHARE
    rate = max(calls_left, 0.0) / max(weighted, 1.0)
    return rate if is_office else rate * _OFF_HOURS_SHARE
