"""When to ask Feishu: how often on the whole, and when for each subject."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf
import random

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..feishu.errors import FeishuError, RateLimitedError, SubjectError
from ..model.intervals import OFF_HOURS_INTERVAL, PollPlan, TimeLeft, month_bounds, pause_after, poll_plan, retry_delay
from ..model.options import Options
from ..model.subject import Subject
from .quota import MonthlyCalls
from .sources import Answers

DUE_SLACK = 2.0  # seconds; what is due so soon is read along

_JITTER = 0.05  # of the interval, so that many instances don't march in step
_MOST_JITTER = 120.0  # seconds: what was read holds for but a few minutes longer than the interval
_INTO_MONTH = timedelta(minutes=1)
# A room is read once more just before it is to become free: meetings are extended in their last minutes, and an "off"
# that is taken back fires automations for nothing. Other edges don't pay (docs/benchmarks.md).
_BEFORE_END = timedelta(seconds=10)
_EDGE_NOT_BEFORE = timedelta(seconds=30)


class Timetable:
    """Sets the deadlines of subjects. They are seconds of the loop's clock."""

    plan: PollPlan

    def __init__(self, hass: HomeAssistant, calls: MonthlyCalls) -> None:
        """Take the count of calls; `make_plan` comes next."""
        self._hass = hass
        self._calls = calls

    def make_plan(self, options: Options, calls_per_cycle: int) -> None:
        """Spread what is left of the budget over what is left of the month."""
        self._options = options
        self._calls_per_cycle = calls_per_cycle
        self.plan = poll_plan(
            options.scan_interval,
            calls_per_cycle=calls_per_cycle,
            budget=options.budget,
            used=self._calls.used,
            now=dt_util.utcnow(),
            off_hours=options.off_hours,
            time_zone=dt_util.get_default_time_zone(),
        )

    @property
    def now(self) -> float:
        """Return what the loop's clock says."""
        return self._hass.loop.time()

    @property
    def interval(self) -> timedelta:
        """Return the time between two polls at this time of the day."""
        return self.interval_at(dt_util.utcnow())

    def interval_at(self, then: datetime) -> timedelta:
        """Return the time between two polls at the time of the day that it was or is `then`."""
        return self.plan.off if self._is_off_hours(then) else self.plan.office

    @property
    def projected_calls(self) -> int:
        """Return how many calls this month comes to if all stays as it is."""
        now, time_zone = dt_util.utcnow(), dt_util.get_default_time_zone()
        cycles = TimeLeft.of_month(now, self._options.off_hours, time_zone).cycles(self.plan)
        return self._calls.used + round(cycles * self._calls_per_cycle)

    def _is_off_hours(self, now: datetime | None = None) -> bool:
        # A poll at their end is one in office hours
        soon = (now or dt_util.utcnow()) + timedelta(seconds=DUE_SLACK)
        off_hours = self._options.off_hours
        return off_hours is not None and off_hours.contains(soon, dt_util.get_default_time_zone())

    def is_due(self, subject: Subject) -> bool:
        """Tell whether it is time to read a subject."""
        return subject.due_at <= self.now + DUE_SLACK

    def defer(self, subjects: Iterable[Subject]) -> float:
        """See to it that these are not due again at once, whatever comes of reading them; returns when they are."""
        due_at = self.now + retry_delay(1, self.interval).total_seconds()
        for subject in subjects:
            subject.due_at = due_at
        return due_at

    def make_due(self, subjects: Iterable[Subject]) -> None:
        """Have these read with the next poll."""
        for subject in subjects:
            subject.due_at = 0.0  # sooner than any deadline of a poll, however long that takes

    def hasten(self, subjects: Iterable[Subject]) -> None:
        """Let none of these wait longer than the interval that holds now."""
        latest = self.now + self.interval.total_seconds()
        for subject in subjects:
            subject.due_at = min(subject.due_at, latest)

    def set_deadlines(
        self,
        subjects: dict[str, Subject],
        answers: Answers,
        *,
        started: float,
        interval: timedelta,
        deferred_to: float,
        error_of_all: FeishuError | None,
    ) -> None:
        """Say when those that were read from `started` on, at this `interval`, are to be read again.

        Those that somebody wants sooner than they were `deferred_to` are left as they are.
        """
        jitter = random.uniform(-_JITTER, _JITTER)  # noqa: S311  # one for all: they stay together
        before_ends = not self._is_off_hours() and self.plan.office <= OFF_HOURS_INTERVAL
        # What was read holds for the grace of `interval`: were the plan's longer now, it would not last until then
        regular = min(interval, self.interval).total_seconds()
        regular += min(max(regular * jitter, -_MOST_JITTER), _MOST_JITTER)
        regular_at = min(started + regular, self._start_of_office_hours(), self._start_of_month())
        for subject_id, answer in answers.items():
            subject = subjects[subject_id]
            if isinstance(answer, FeishuError):
                subject.failures += 1
            if subject.due_at < deferred_to:
                continue
            if isinstance(answer, FeishuError):
                delay = self._delay_after(answer, subject.failures) * (1 + abs(jitter))  # never sooner than told
                subject.due_at = self.now + delay.total_seconds()
            else:
                subject.due_at = min(regular_at, self._shortly_before_end(subject) if before_ends else inf)
        if error_of_all and (pause := pause_after(error_of_all)):
            resume_at = self.now + pause.total_seconds() * (1 + abs(jitter))
            for subject in subjects.values():
                subject.due_at = max(subject.due_at, resume_at)

    def _start_of_office_hours(self) -> float:
        """Return when off hours end, with a poll: the day is to start with what is true then."""
        if not self._options.off_hours or not self._is_off_hours():
            return inf
        now = dt_util.utcnow()
        start = self._options.off_hours.next_office_start(now, dt_util.get_default_time_zone())
        return self.now + (start - now).total_seconds() if start else inf

    def _start_of_month(self) -> float:
        """Return when there are new calls to be made."""
        now = dt_util.utcnow()
        end = month_bounds(now, dt_util.get_default_time_zone())[1]
        return self.now + (end + _INTO_MONTH - now).total_seconds() if self._options.budget else inf

    def _shortly_before_end(self, subject: Subject) -> float:
        """Return when the subject is just about to become free."""
        now = dt_util.utcnow()
        end = subject.schedule.next_end(now + _EDGE_NOT_BEFORE) if subject.schedule else None
        return self.now + (end - _BEFORE_END - now).total_seconds() if end else inf

    def _delay_after(self, error: FeishuError, failures: int) -> timedelta:
        if isinstance(error, SubjectError):
            return self.interval
        delay = retry_delay(failures, self.interval)
        if isinstance(error, RateLimitedError) and error.retry_after:
            delay = max(delay, timedelta(seconds=error.retry_after))
        return delay

    def time_of(self, deadline: float) -> datetime:
        """Return a deadline by the wall clock."""
        return dt_util.utcnow() + timedelta(seconds=deadline - self.now)
