"""One poll: choose the subjects, read them from Feishu, keep the answers, decide whether the account failed."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import inf
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import REQUEST_REFRESH_DEFAULT_COOLDOWN, UpdateFailed

from .._slices import in_slices
from ..errors import update_failed
from ..feishu.client import FeishuClient
from ..feishu.errors import FeishuError, ScopeMissingError
from ..feishu.limits import Payer, paid_by
from ..feishu.models import BusyAnswer, SubjectKind
from ..model.intervals import grace
from ..model.moment import LoopSeconds, Moment
from ..model.options import Options
from ..model.subject import Reading, Subject
from .catalogue import CatalogueCoordinator
from .clock import EntryClock
from .journal import PollKind, UnreadableLog, async_poll_log, outcome_of
from .quota import MonthlyCalls
from .reader import WINDOW_BEFORE, SubjectReader, calls_per_status_read
from .shares import DAYS_OF_MONTH
from .sources import Answers, has_good
from .statuses import StatusReader
from .subjects import Subjects
from .timetable import DUE_SLACK, Costs, Timetable


class Keeper(Protocol):
    """Knows the options and the clients, and takes in what a poll has read."""

    @property
    def options(self) -> Options:
        """The options of the entry."""

    def clients_of(self, subject_id: str) -> tuple[FeishuClient, ...]:
        """Return the clients to read a subject with, one after the other until one can."""

    def keep(self, subject_id: str, reading: Reading, *, fresh_until_loop: LoopSeconds) -> None:
        """Keep a new reading of a subject."""

    async def note_statuses(self, room_ids: Collection[str]) -> None:
        """Show what the catalogue now says of the status of these rooms."""


class Poller:
    """Reads the subjects that are due. `timetable` says when, `reader` by which API."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: FeishuClient,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        clock: EntryClock,
        subjects: Subjects,
        keeper: Keeper,
    ) -> None:
        """Make the first plan; the catalogue has been read before."""
        self._entry = entry
        self._client = client
        self._catalogue = catalogue
        self._calls = calls
        self._clock = clock
        self._subjects = subjects
        self._keeper = keeper
        self._journal = async_poll_log(hass, entry)
        self._unreadable_log = UnreadableLog(entry.title)
        self._failure: UpdateFailed | None = None  # of the last poll
        self.is_stopped = False
        self._asked_at = LoopSeconds(-inf)  # when the first of the requests came that one poll serves
        self._status_lock = asyncio.Lock()  # a poll and the timer may read them at the same time
        self._payer = Payer.POLLS
        self._fill_up_first: tuple[str, ...] = ()  # calls with room for more subjects read these first
        self.ignored: frozenset[str] = frozenset()  # not read: none of their entities is enabled
        moment, options, to_read = clock.moment, keeper.options, self.to_read()
        self.reader = SubjectReader(client, options, to_read, catalogue.data.scopes, moment, keeper.clients_of)
        self.statuses = StatusReader(client, catalogue)
        self.timetable = Timetable(calls, clock, options, self._costs())

    @callback
    def replan(self) -> None:
        """Choose the API and the interval again: options, subjects, scopes or used calls have changed."""
        moment, options = self._clock.moment, self._keeper.options
        self.reader.rooms.other_calls = self._catalogue.plan.calls_a_day * DAYS_OF_MONTH
        self.reader.configure(options, self.to_read(), self._catalogue.data.scopes, moment)
        self.timetable.replan(options, self._costs())

    def _costs(self) -> Costs:
        rooms = (
            0
            if self._catalogue.data.unlisted
            else sum(subject.kind is SubjectKind.ROOM for subject in self.to_read().values())
        )
        return Costs(
            self.reader.rooms.forecast.calls_per_cycle,
            calls_per_status_read(rooms),
            self._catalogue.plan.calls_a_day,
        )

    @callback
    def stop(self) -> None:
        """Ignore the answers of a poll that is still running."""
        self.is_stopped = True

    @contextmanager
    def after_events(self, fill_up_first: tuple[str, ...]) -> Iterator[None]:
        """Polls inside are made because of events. Calls with room for more subjects read `fill_up_first` first."""
        self._payer, self._fill_up_first = Payer.EVENTS, fill_up_first
        try:
            yield
        finally:
            self._payer, self._fill_up_first = Payer.POLLS, ()

    def to_read(self) -> dict[str, Subject]:
        """Return the subjects that are read. A room that the catalogue does not know yet may be disabled: not read."""
        return {
            subject_id: subject
            for subject_id, subject in self._subjects.items()
            if subject_id not in self.ignored
            and (subject.kind is SubjectKind.PERSON or self._catalogue.data.tells_of(subject_id))
        }

    @callback
    def want(self, subject_ids: Collection[str]) -> None:
        """Read these subjects, and the status of the rooms among them, with the next poll."""
        self.timetable.make_due(subject_ids)
        self.statuses.want(each for each in subject_ids if self._subjects[each].kind is SubjectKind.ROOM)

    @callback
    def retain_subjects(self) -> None:
        """Forget what is planned for subjects that were dropped."""
        self.timetable.retain(self._subjects)
        self.statuses.retain(self._subjects)

    @callback
    def request(self, subject_id: str) -> bool:
        """Read a subject with the next poll, unless requests have used too many calls today; return whether it is read.

        One poll serves several requests.
        """
        moment = self._clock.moment
        is_first = moment.loop - self._asked_at > REQUEST_REFRESH_DEFAULT_COOLDOWN
        # The first request pays for the calls of the poll, the others fill these up
        calls = 2.0 if is_first else 1 / self.reader.rooms.chunk_size
        if not self._calls.spend_update(calls, moment):
            return False
        self._asked_at = moment.loop if is_first else self._asked_at
        self.want([subject_id])
        return True

    async def poll(self) -> None:
        """Read the subjects that are due. Raises `UpdateFailed` if the whole account fails."""
        started = self._clock.moment
        to_read = self.to_read()
        if due := {subject_id for subject_id in to_read if self.timetable.is_due(subject_id, started)}:
            await self._read(self.reader.fill_up(to_read, due, self._fill_up_first), started)
        elif to_read:
            self._keep_failure()

    def status_due(self, moment: Moment) -> datetime | None:
        """Return when the next status is due, by the wall clock; None if none is.

        In an outage, none is before free/busy answers again.
        """
        due_at = self._status_due_at(moment)
        if due_at is None:
            return None
        seconds = due_at - moment.loop
        return moment.now + timedelta(seconds=seconds if seconds > DUE_SLACK else 0.0)

    def _status_due_at(self, moment: Moment) -> LoopSeconds | None:
        return None if self._failure else self.statuses.next_due(self.to_read(), self.timetable, moment)

    async def read_due_statuses(self, soon_read: Collection[str] = ()) -> None:
        """Read the statuses that are due; `soon_read` are the subjects that a poll reads at the same time."""
        await self._read_statuses(lambda: self._due_statuses(soon_read, self._clock.moment), soon_read)

    def _due_statuses(self, soon_read: Collection[str], moment: Moment) -> list[str]:
        # In an outage, they are read once free/busy answers again
        return [] if self._failure else self.statuses.due(self.to_read(), soon_read, self.timetable, moment)

    async def _read_statuses(self, choose: Callable[[], Collection[str]], soon_read: Collection[str] = ()) -> None:
        """Read the status of the rooms that `choose` returns once no other read is under way, and show it.

        Other rooms fill the call up. A failure does not fail the poll.
        """
        async with self._status_lock:
            if not (chosen := choose()):
                return
            room_ids = self.statuses.filled_up(chosen, self.to_read(), soon_read, self._clock.moment)
            was_failing = self.statuses.failing_since
            with paid_by(Payer.STATUSES):
                await self.statuses.read(room_ids, lambda: self._clock.moment)
            if isinstance(self.statuses.error, ScopeMissingError) and not was_failing and not self.is_stopped:
                await self._catalogue.async_refresh()  # finds that the app may not list rooms any more
            if not self.is_stopped:
                self._calls.async_save_soon()
                changed = was_failing != self.statuses.failing_since
                await self._keeper.note_statuses(self._subjects if changed else room_ids)

    def _keep_failure(self) -> None:
        """No answer proves that the last failure is over, so raise it again."""
        if self._failure:
            raise self._failure.with_traceback(None)  # the traceback would grow each time, and keep the answers alive

    async def _read(self, subjects: Mapping[str, Subject], started: Moment) -> None:
        interval = self.timetable.interval_at(started.now)
        deferred_to = self.timetable.defer(subjects, started)
        answers = await self._ask(subjects, started, grace(interval))
        if self.is_stopped:
            return
        # Changed options may have dropped some subjects meanwhile
        known = self._subjects
        answers = {subject_id: answer for subject_id, answer in answers.items() if subject_id in known}
        self.replan()
        self._calls.async_save_soon()
        outcome = outcome_of(answers, self.to_read(), self.timetable.failures)
        self.timetable.set_deadlines(
            answers,
            {subject_id: subject.schedule for subject_id, subject in known.items()},
            started=started,
            interval=interval,
            ended=self._clock.moment,
            deferred_to=deferred_to,
            error_of_all=outcome.failure,
        )
        if outcome.failure:
            self._failure = update_failed(outcome.failure)
            raise self._failure from outcome.failure
        if self._failure and outcome.tells_nothing:
            self._keep_failure()
        if self._failure:
            self._end_outage(known.keys() - answers.keys())
        if answers:
            self._note_errors(answers)

    def _end_outage(self, others: set[str]) -> None:
        """Make the subjects due that failed in the outage; cap the wait of the other subjects."""
        self._failure = None
        self.timetable.make_due(subject_id for subject_id in others if self.timetable.failures(subject_id))
        self.timetable.cap_wait(others, self._clock.moment)

    async def _ask(self, subjects: Mapping[str, Subject], started: Moment, fresh_for: timedelta) -> Answers:
        """Read these subjects; good answers are kept as they arrive."""
        options = self._keeper.options
        now = started.now.replace(microsecond=0)
        window = (now - WINDOW_BEFORE, now + options.horizon)
        fresh_until_loop = LoopSeconds(started.loop + fresh_for.total_seconds())

        def take(subject_id: str, answer: BusyAnswer) -> None:
            if (subject := self._subjects.get(subject_id)) is None:
                return
            if isinstance(answer, FeishuError):
                subject.note_refusal(answer)
                return
            self.timetable.note_success(subject_id)
            reading = Reading(answer, *window, now, now + fresh_for, options.include_external_calendar)
            self._keeper.keep(subject_id, reading, fresh_until_loop=fresh_until_loop)

        # After an outage a room may be disabled: show no answer before its status is read again
        held_back: Answers | None = {} if self._failure else None
        suspects: Answers = {}

        def check(subject_id: str, answer: BusyAnswer) -> None:
            """Keep an answer, unless it lacks a booking: a closure cancels the bookings of a room."""
            if self._lost_booking(subject_id, answer, now):
                suspects[subject_id] = answer
            else:
                take(subject_id, answer)

        on_answer = check if held_back is None else held_back.__setitem__
        nothing_known = not any(subject.reading for subject in self._subjects.values())
        probe = self._failure is not None or (nothing_known and self._catalogue.error is not None)
        known = self._catalogue.data
        doubtful = [room_id for room_id in subjects if known.is_missing(room_id)]
        with self._journal.poll(PollKind.FREE_BUSY, self._entry, self._client.traffic, self._clock) as poll:
            statuses = asyncio.create_task(self.read_due_statuses(subjects))
            try:
                with paid_by(self._payer):
                    answers = await self.reader.read(subjects, *window, on_answer, doubtful=doubtful, probe=probe)
            finally:
                await statuses
            poll.note(answers.values())
            if held_back and has_good(held_back):
                await self._end_blindness(held_back)
                suspects = {each: answer for each, answer in held_back.items() if self._lost_booking(each, answer, now)}
            if suspects:
                await self._check_status(suspects)
        async for subject_id, answer in in_slices((held_back or suspects).items()):
            if not self.is_stopped:
                take(subject_id, answer)
        return answers

    def _lost_booking(self, subject_id: str, answer: BusyAnswer, now: datetime) -> bool:
        subject = self._subjects.get(subject_id)
        if subject is None or subject.status_read is None or isinstance(answer, FeishuError):
            return False
        return subject.has_lost_booking(answer, now)

    async def _end_blindness(self, answers: Answers) -> None:
        """Read the status of the rooms that were answered after an outage, or the tree if its last read failed."""
        if self._catalogue.error:
            await self._catalogue.async_refresh()
            if not self._catalogue.error:
                return
        good = [room_id for room_id, answer in answers.items() if not isinstance(answer, FeishuError)]
        await self._read_statuses(lambda: list(filter(self._rests_on_status, good)))

    def _rests_on_status(self, room_id: str) -> bool:
        subject = self._subjects.get(room_id)
        return subject is not None and subject.status_read is not None

    async def _check_status(self, suspects: Collection[str]) -> None:
        """Read the status of rooms that lost a booking, before their answers are shown.

        A status that was read before the answer is no evidence any more.
        """
        answered_at = self._clock.moment.now
        self.statuses.want(suspects, at_once=False)
        await self._read_statuses(lambda: list(filter(self._rests_on_status, suspects)))
        known = self._catalogue.data
        if unknown := [room_id for room_id in suspects if known.as_of(room_id) < answered_at]:
            self._catalogue.doubt(unknown, answered_at)
            await self._keeper.note_statuses(unknown)

    def _note_errors(self, answers: Answers) -> None:
        for subject_id, answer in answers.items():
            # Without the traceback, which would keep the answer alive
            error = answer.with_traceback(None) if isinstance(answer, FeishuError) else None
            self._subjects[subject_id].error = error
        self._unreadable_log.note(self.to_read().values())
