"""When each room and person is read, within the budget."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import inf
import random

from homeassistant.util import dt as dt_util

from ..feishu.errors import FeishuError, RateLimitedError, SubjectError
from ..feishu.limits import Payer
from ..model.evidence import READING_LIMIT, STATUS_LIMIT, Stamp
from ..model.intervals import (
    OFF_HOURS_INTERVAL,
    OffHours,
    PollPlan,
    TimeLeft,
    budget_of_polls,
    month_bounds,
    pause_after,
    poll_plan,
    retry_delay,
    status_plan,
)
from ..model.moment import LoopSeconds, Moment
from ..model.options import Options
from ..model.schedule import Schedule
from .clock import EntryClock
from .quota import MonthlyCalls
from .sources import Answers

DUE_SLACK = 2.0  # seconds; a poll also reads what is due this soon

_JITTER = 0.05  # of the interval, so that many instances do not poll in step
_MOST_JITTER = 120.0  # seconds; a reading is valid only a few minutes longer than the interval
_MOST_SPARE = 0.01  # of the budget
_INTO_MONTH = timedelta(minutes=1)
# A room is read once more just before its booking ends: meetings are extended in their last minutes, and an "off" that
# is taken back fires automations for nothing. Reading at other edges does not pay (docs/benchmarks.md). The same holds
# for its status and the end of a closure.
BEFORE_END = timedelta(seconds=10)
EDGE_NOT_BEFORE = timedelta(seconds=30)
_AT_ONCE = LoopSeconds(0.0)


@dataclass(frozen=True, slots=True)
class Costs:
    """Calls: of one poll of all subjects, of one read of the status of all rooms, and of a day of the catalogue."""

    poll: int
    status_read: int
    catalogue_day: float = 0.0


class Timetable:
    """Owns the deadline and the failures in a row of each subject; sets deadlines by the plan of the month."""

    def __init__(self, calls: MonthlyCalls, clock: EntryClock, options: Options, costs: Costs) -> None:
        """Make the first plan; see `replan`."""
        self._calls = calls
        self._clock = clock
        self._due_at: dict[str, LoopSeconds] = {}
        self._failures: dict[str, int] = {}
        self._off_hours_at: tuple[datetime, OffHours, tzinfo, bool] | None = None  # the latest answer
        # Live updates make polls rarer: gets the plan, what is left of the month, and the calls left for polls
        self.adjust: Callable[[PollPlan, TimeLeft, float | None], PollPlan] | None = None
        self.replan(options, costs)

    def replan(self, options: Options, costs: Costs) -> None:
        """Spread what is left of the budget over what is left of the month."""
        moment = self._clock.moment
        self._options = options
        self._costs = costs
        self._calls.configure(options)
        month_start, month_end = month_bounds(moment.now, moment.time_zone)
        left = TimeLeft.of_month(moment.now, options.off_hours, moment.time_zone)
        calls_left = None if options.budget is None else max(options.budget - self._calls.used, 0)
        usual = (options.budget or 0) * ((month_end - moment.now) / (month_end - month_start))
        self.status_plan = status_plan(costs.status_read, calls=calls_left, time_left=left, usual=usual)
        spare = min(costs.poll, _MOST_SPARE * (options.budget or 0))  # the last poll of the month may be one too many
        budget = budget_of_polls(options.budget, self._calls.used, self._other_calls(moment, month_end) + spare)
        self.plan = poll_plan(
            options.scan_interval,
            calls_per_cycle=costs.poll,
            budget=budget,
            used=self._calls.used,
            now=moment.now,
            off_hours=options.off_hours,
            time_zone=moment.time_zone,
        )
        if self.adjust:
            self.plan = self.adjust(self.plan, left, None if budget is None else max(budget - self._calls.used, 0))

    def _other_calls(self, moment: Moment, month_end: datetime) -> float:
        """Return how many calls that are not polls to expect in the rest of the month."""
        left = TimeLeft.of_month(moment.now, self._options.off_hours, moment.time_zone)
        statuses = left.cycles(self.status_plan) * self._costs.status_read
        catalogue = (month_end - moment.now) / timedelta(days=1) * self._costs.catalogue_day
        return statuses + catalogue + self._calls.expected(moment, month_end)

    # The interval

    @property
    def interval(self) -> timedelta:
        """Return the time between two polls at this time of day."""
        return self.interval_at(self._clock.moment.now)

    def interval_at(self, then: datetime) -> timedelta:
        """Return the time between two polls at the time of day of `then`."""
        return self.plan.off if self._is_off_hours(then) else self.plan.office

    @property
    def is_starved(self) -> bool:
        """Return whether the budget makes reads so rare that readings or statuses grow too old in office hours."""
        return self.plan.office > READING_LIMIT >= self._options.scan_interval or self.status_plan.office > STATUS_LIMIT

    @property
    def projected_calls(self) -> int:
        """Return how many calls this month will have if all stays as it is."""
        moment = self._clock.moment
        left = TimeLeft.of_month(moment.now, self._options.off_hours, moment.time_zone)
        polls = left.cycles(self.plan) * self._costs.poll
        month_end = month_bounds(moment.now, moment.time_zone)[1]
        total = self._calls.used + polls + self._other_calls(moment, month_end)
        if self.adjust:
            with_events = total + self._calls.expected(moment, month_end, [Payer.EVENTS])
            # Reads because of events never exceed the budget
            total = with_events if self._options.budget is None else max(total, min(with_events, self._options.budget))
        return round(total)

    def status_due_at(self, read: Stamp, moment: Moment) -> LoopSeconds:
        """Return when a status that was read at `read` is read again."""
        office = read.loop + self.status_plan.office.total_seconds()
        due_at = office
        if self._is_off_hours(moment.now):
            off = read.loop + self.status_plan.off.total_seconds()
            due_at = min(off, max(office, self._start_of_office_hours(moment)))
        month_start = month_bounds(moment.now, moment.time_zone)[0]
        if self._options.budget and read.at < month_start:  # the last month's budget may have been used up
            due_at = min(due_at, _at(month_start + _INTO_MONTH, moment))
        return LoopSeconds(due_at)

    def _is_off_hours(self, then: datetime) -> bool:
        off_hours, time_zone = self._options.off_hours, dt_util.get_default_time_zone()
        if off_hours is None:
            return False
        # All subjects ask at the same moment. Compared by identity: equal off hours may have other office days
        if (known := self._off_hours_at) and known[0] == then and known[1] is off_hours and known[2] is time_zone:
            return known[3]
        # A poll right before office hours counts as one in office hours
        is_off = off_hours.contains(then + timedelta(seconds=DUE_SLACK), time_zone)
        self._off_hours_at = (then, off_hours, time_zone, is_off)
        return is_off

    # Deadlines and failures

    def due_at(self, subject_id: str) -> LoopSeconds:
        """Return the deadline of a subject; one without a deadline is due at once."""
        return self._due_at.get(subject_id, _AT_ONCE)

    def next_due(self, subject_ids: Iterable[str]) -> LoopSeconds | None:
        """Return the earliest deadline, None without subjects."""
        return min(map(self.due_at, subject_ids), default=None)

    def is_due(self, subject_id: str, moment: Moment) -> bool:
        """Return whether it is time to read a subject."""
        return self.due_at(subject_id) <= moment.loop + DUE_SLACK

    def failures(self, subject_id: str) -> int:
        """Return how many reads of a subject have failed in a row."""
        return self._failures.get(subject_id, 0)

    def note_success(self, subject_id: str) -> None:
        """Reset the failures of a subject: it was read."""
        self._failures.pop(subject_id, None)

    def retain(self, subject_ids: Iterable[str]) -> None:
        """Forget all other subjects."""
        kept = set(subject_ids)
        self._due_at = {each: due_at for each, due_at in self._due_at.items() if each in kept}
        self._failures = {each: failures for each, failures in self._failures.items() if each in kept}

    def defer(self, subject_ids: Iterable[str], moment: Moment) -> LoopSeconds:
        """Push the deadlines so that a running read is not started twice; return the new deadline."""
        due_at = _after(moment, retry_delay(1, self.interval_at(moment.now)))
        self._due_at |= dict.fromkeys(subject_ids, due_at)
        return due_at

    def make_due(self, subject_ids: Iterable[str]) -> None:
        """Read these subjects with the next poll, even if a poll runs now."""
        self._due_at |= dict.fromkeys(subject_ids, _AT_ONCE)

    def cap_wait(self, subject_ids: Iterable[str], moment: Moment) -> None:
        """Let none of these subjects wait longer than the current interval."""
        latest = _after(moment, self.interval_at(moment.now))
        self._due_at |= {subject_id: min(self.due_at(subject_id), latest) for subject_id in subject_ids}

    def set_deadlines(
        self,
        answers: Answers,
        schedules: Mapping[str, Schedule | None],
        *,
        started: Moment,
        interval: timedelta,
        ended: Moment,
        deferred_to: LoopSeconds,
        error_of_all: FeishuError | None,
    ) -> None:
        """Set when the subjects that a poll has read are read again, and count their failures.

        `interval` was in force at the start, `schedules` are those of all subjects. A subject whose deadline is before
        `deferred_to` was made due during the poll and keeps its deadline.
        """
        jitter = random.uniform(-_JITTER, _JITTER)  # noqa: S311  # one for all subjects, so that they stay together
        interval_now = self.interval_at(ended.now)
        before_ends = not self._is_off_hours(ended.now) and self.plan.office <= OFF_HOURS_INTERVAL
        # The reading is valid for the grace of `interval`: a longer new interval would exceed it
        regular = min(interval, interval_now).total_seconds()
        regular += min(max(regular * jitter, -_MOST_JITTER), _MOST_JITTER)
        regular_at = min(started.loop + regular, self._start_of_office_hours(ended), self._start_of_month(ended))
        for subject_id, answer in answers.items():
            if isinstance(answer, FeishuError):
                self._failures[subject_id] = self.failures(subject_id) + 1
            if self.due_at(subject_id) < deferred_to:
                continue
            if isinstance(answer, FeishuError):
                delay = self._delay_after(answer, self.failures(subject_id), interval_now)
                self._due_at[subject_id] = _after(ended, delay * (1 + abs(jitter)))  # never sooner than demanded
            else:
                before_end = _shortly_before_end(schedules[subject_id], ended) if before_ends else inf
                self._due_at[subject_id] = LoopSeconds(min(regular_at, before_end))
        if error_of_all and (pause := pause_after(error_of_all)):
            resume_at = _after(ended, pause * (1 + abs(jitter)))
            self._due_at |= {subject_id: max(self.due_at(subject_id), resume_at) for subject_id in schedules}

    def _start_of_office_hours(self, moment: Moment) -> float:
        """Return when off hours end: the office day starts with a poll."""
        if not self._options.off_hours or not self._is_off_hours(moment.now):
            return inf
        start = self._options.off_hours.next_office_start(moment.now, moment.time_zone)
        return _at(start, moment) if start else inf

    def _start_of_month(self, moment: Moment) -> float:
        """Return when the new month's budget can be spent."""
        end = month_bounds(moment.now, moment.time_zone)[1]
        return _at(end + _INTO_MONTH, moment) if self._options.budget else inf

    @staticmethod
    def _delay_after(error: FeishuError, failures: int, interval: timedelta) -> timedelta:
        if isinstance(error, SubjectError):
            return interval
        delay = retry_delay(failures, interval)
        if isinstance(error, RateLimitedError) and error.retry_after:
            delay = max(delay, timedelta(seconds=error.retry_after))
        return delay


def _shortly_before_end(schedule: Schedule | None, moment: Moment) -> float:
    """Return when to check once more whether the current or next booking is extended."""
    end = schedule.next_end(moment.now + EDGE_NOT_BEFORE) if schedule else None
    return _at(end - BEFORE_END, moment) if end else inf


def _after(moment: Moment, delay: timedelta) -> LoopSeconds:
    return LoopSeconds(moment.loop + delay.total_seconds())


def _at(instant: datetime, moment: Moment) -> LoopSeconds:
    return _after(moment, instant - moment.now)
