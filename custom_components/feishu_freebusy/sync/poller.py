"""One poll: choose the subjects, read them from Feishu, keep the answers, decide whether the account failed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..errors import update_failed
from ..feishu.client import FeishuClient
from ..feishu.errors import FeishuError
from ..feishu.models import BusyAnswer, SubjectKind
from ..model.intervals import grace
from ..model.moment import LoopSeconds, Moment
from ..model.options import Options
from ..model.subject import Reading, Subject
from .catalogue import CatalogueCoordinator
from .journal import PollKind, UnreadableLog, async_poll_log, outcome_of
from .quota import MonthlyCalls
from .reader import WINDOW_BEFORE, SubjectReader
from .sources import Answers, has_good
from .timetable import Timetable


class Keeper(Protocol):
    """Holds the subjects that a poll reads, and keeps their readings."""

    @property
    def options(self) -> Options:
        """The options of the entry."""

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """All rooms and people, by id."""

    @property
    def moment(self) -> Moment:
        """The current moment."""

    def keep(self, subject_id: str, reading: Reading, *, fresh_until_loop: LoopSeconds) -> None:
        """Keep a new reading of a subject."""


class Poller:
    """Reads the subjects that are due. `timetable` says when, `reader` by which API."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: FeishuClient,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        keeper: Keeper,
    ) -> None:
        """Make the first plan; the catalogue has been read before."""
        self._entry = entry
        self._client = client
        self._catalogue = catalogue
        self._calls = calls
        self._keeper = keeper
        self._journal = async_poll_log(hass, entry)
        self._unreadable_log = UnreadableLog(entry.title)
        self._failure: UpdateFailed | None = None  # of the last poll
        self._stopped = False
        self.ignored: frozenset[str] = frozenset()  # not read: none of their entities is enabled
        moment, options, to_read = keeper.moment, keeper.options, self.to_read()
        self.reader = SubjectReader(client, options, to_read, catalogue.data.scopes, moment)
        self.timetable = Timetable(calls, options, self.reader.rooms.forecast.calls_per_cycle, moment)

    @callback
    def replan(self) -> None:
        """Choose the API and the interval again: options, subjects, scopes or used calls have changed."""
        moment, options = self._keeper.moment, self._keeper.options
        self.reader.configure(options, self.to_read(), self._catalogue.data.scopes, moment)
        self.timetable.replan(options, self.reader.rooms.forecast.calls_per_cycle, moment)

    @callback
    def stop(self) -> None:
        """Ignore the answers of a poll that is still running."""
        self._stopped = True

    def to_read(self) -> dict[str, Subject]:
        """Return the subjects that are read. A room that the catalogue does not know yet may be disabled: not read."""
        return {
            subject_id: subject
            for subject_id, subject in self._keeper.subjects.items()
            if subject_id not in self.ignored
            and (subject.kind is SubjectKind.PERSON or self._catalogue.data.tells_of(subject_id))
        }

    async def poll(self) -> None:
        """Read the subjects that are due. Raises `UpdateFailed` if the whole account fails."""
        started = self._keeper.moment
        to_read = self.to_read()
        if due := {subject_id for subject_id in to_read if self.timetable.is_due(subject_id, started)}:
            await self._read(self.reader.fill_up(to_read, due), started)
        elif to_read:
            self._keep_failure()

    def _keep_failure(self) -> None:
        """No answer proves that the last failure is over, so raise it again."""
        if self._failure:
            raise self._failure.with_traceback(None)  # the traceback would grow each time, and keep the answers alive

    async def _read(self, subjects: Mapping[str, Subject], started: Moment) -> None:
        interval = self.timetable.interval_at(started.now)
        deferred_to = self.timetable.defer(subjects, started)
        answers = await self._ask(subjects, started, grace(interval))
        if self._stopped:
            return
        # Changed options may have dropped some subjects meanwhile
        known = self._keeper.subjects
        answers = {subject_id: answer for subject_id, answer in answers.items() if subject_id in known}
        self.replan()
        self._calls.async_save_soon()
        outcome = outcome_of(answers, self.to_read(), self.timetable.failures)
        self.timetable.set_deadlines(
            answers,
            {subject_id: subject.schedule for subject_id, subject in known.items()},
            started=started,
            interval=interval,
            ended=self._keeper.moment,
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
        self.timetable.cap_wait(others, self._keeper.moment)

    async def _ask(self, subjects: Mapping[str, Subject], started: Moment, fresh_for: timedelta) -> Answers:
        """Read these subjects; good answers are kept as they arrive."""
        options = self._keeper.options
        now = started.now.replace(microsecond=0)
        window = (now - WINDOW_BEFORE, now + options.horizon)
        fresh_until_loop = LoopSeconds(started.loop + fresh_for.total_seconds())

        def take(subject_id: str, answer: BusyAnswer) -> None:
            if (subject := self._keeper.subjects.get(subject_id)) is None:
                return
            if isinstance(answer, FeishuError):
                subject.note_refusal(answer)
                return
            self.timetable.note_success(subject_id)
            reading = Reading(answer, *window, now, now + fresh_for, options.include_external_calendar)
            self._keeper.keep(subject_id, reading, fresh_until_loop=fresh_until_loop)

        # After an outage a room may be disabled: show no answer before the catalogue is read again
        held_back: Answers | None = {} if self._catalogue.error and self._failure else None
        on_answer = take if held_back is None else held_back.__setitem__
        nothing_known = not any(subject.reading for subject in self._keeper.subjects.values())
        probe = self._failure is not None or (nothing_known and self._catalogue.error is not None)
        doubtful = [room_id for room_id, scans in self._catalogue.data.missing.items() if scans]
        with self._journal.poll(PollKind.FREE_BUSY, self._entry, self._client.traffic) as poll:
            answers = await self.reader.read(subjects, *window, on_answer, doubtful=doubtful, probe=probe)
            poll.note(answers.values())
        if held_back:
            if has_good(held_back):
                await self._catalogue.async_refresh()
            for subject_id, answer in held_back.items():
                take(subject_id, answer)
        return answers

    def _note_errors(self, answers: Answers) -> None:
        for subject_id, answer in answers.items():
            # Without the traceback, which would keep the answer alive
            error = answer.with_traceback(None) if isinstance(answer, FeishuError) else None
            self._keeper.subjects[subject_id].error = error
        self._unreadable_log.note(self.to_read().values())
