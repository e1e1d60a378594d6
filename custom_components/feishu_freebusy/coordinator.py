"""Owns time and freshness: when to ask Feishu, how long an answer holds, when to wake an entity."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .errors import update_failed
from .feishu.client import FeishuClient
from .feishu.errors import FeishuError
from .feishu.models import BusyPeriod
from .issues import Account, async_update_issues, async_update_stale
from .listeners import ListenersCoordinator
from .model.directory import RoomInfo
from .model.intervals import grace
from .model.options import Options
from .model.schedule import Block, Schedule, SubjectKind, disabled_period
from .model.subject import PersonInfo, Reading, Snapshot, Subject, SubjectInfo
from .sync.catalogue import CatalogueCoordinator
from .sync.journal import PollKind, UnreadableLog, async_poll_log, outcome_of
from .sync.quota import MonthlyCalls
from .sync.ranges import RangeReader
from .sync.reader import WINDOW_BEFORE, RoomSource, SubjectReader
from .sync.sources import Answer, Answers, has_good
from .sync.store import Readings, Stored, in_grace
from .sync.timetable import Timetable
from .sync.wake_up import WakeUp

_LOGGER = logging.getLogger(__name__)

_RESTORED_AT_ONCE = 50
_LEAP = timedelta(minutes=1)  # of the clock, as after a machine slept: what is known may be old

type FeishuConfigEntry = ConfigEntry[FreeBusyCoordinator]


class FreeBusyCoordinator(ListenersCoordinator):
    """Reads the free/busy of the rooms and people of an entry and says what it means now.

    Its data are asked for by subject: `snapshot` is None while nothing current is known of one. A listener whose
    context is the id of a subject is called when that has news; one without a context, after every poll and change.
    """

    config_entry: FeishuConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FeishuConfigEntry,
        client: FeishuClient,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        stored: Stored,
    ) -> None:
        """Take the client to read with, the catalogue, which has been read, the count of calls, and what keeps more."""
        super().__init__(hass, _LOGGER, entry, entry.title)
        self.client = client
        self.catalogue = catalogue
        self.calls = calls
        self.stored = stored
        self.options = Options.of(entry.options)
        self._reader = SubjectReader(client)
        self._range_reader = RangeReader(client)
        self.timetable = Timetable(hass, calls)
        self._poll_log = async_poll_log(hass, entry)
        self.last_read_at: datetime | None = None
        self._subjects = {subject_id: Subject(info) for subject_id, info in self._describe().items()}
        self._ignored: frozenset[str] = frozenset()
        self._unreadable_log = UnreadableLog(entry.title)
        self._wake_up = WakeUp(hass, f"{entry.title} next change", self._on_wake_up)
        self._added_listeners: list[Callable[[Iterable[str]], None]] = []
        self._make_plan()
        # At its stop Home Assistant unloads no entry, nor does it cancel the timer
        self._unsub_stop: CALLBACK_TYPE | None = hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)

    # What is known

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Return the ids of all rooms and people."""
        return tuple(self._subjects)

    @property
    def room_ids(self) -> tuple[str, ...]:
        """Return the ids of the rooms."""
        return tuple(room_id for room_id, subject in self._subjects.items() if subject.kind is SubjectKind.ROOM)

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """Return all that is known of the rooms and people, by their ids; to be looked at alone."""
        return self._subjects

    @property
    def source(self) -> RoomSource:
        """Return by which API rooms are read, and why."""
        return self._reader.rooms

    @property
    def ignored(self) -> frozenset[str]:
        """Return the ids of those that are not read, for none of their entities is enabled."""
        return self._ignored

    def __contains__(self, subject_id: object) -> bool:
        """Tell whether there is such a room or person."""
        return subject_id in self._subjects

    def info(self, subject_id: str) -> SubjectInfo:
        """Return who or what a subject is."""
        return self._subjects[subject_id].info

    @callback
    def snapshot(self, subject_id: str) -> Snapshot | None:
        """Return what is to be shown of a subject now, None if nothing current is known of it."""
        subject = self._subjects.get(subject_id)
        return self._snapshot_of(subject) if subject else None

    def _snapshot_of(self, subject: Subject) -> Snapshot | None:
        return subject.snapshot(dt_util.utcnow(), self.options.min_free, dt_util.get_default_time_zone())

    @callback
    def schedule(self, subject_id: str) -> Schedule | None:
        """Return the schedule of a subject, None if nothing current is known of it."""
        return self._subjects[subject_id].schedule if self.snapshot(subject_id) else None

    @callback
    def bookings_ahead(self, subject_id: str) -> tuple[Block, ...]:
        """Return the single bookings of today and the days to come that are known."""
        return self._subjects[subject_id].bookings_ahead(dt_util.utcnow(), dt_util.get_default_time_zone())

    async def async_bookings(self, subject_id: str, start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return the single bookings that touch `[start, end)`; Feishu is asked where they are not known.

        Raises `FeishuError`.
        """
        subject = self._subjects[subject_id]
        if subject.reading and subject.knows(start, end, dt_util.utcnow()):
            return subject.single_bookings(subject.reading.periods, start, end)
        try:
            periods = await self._range_reader.read(
                subject_id, subject, start, end, include_external_calendar=self.options.include_external_calendar
            )
        finally:
            if not self._shutdown_requested:
                self.calls.async_save_soon()
        return subject.single_bookings(periods, start, end)

    # Listeners

    @callback
    def _notify(self, context: str | None) -> None:
        if subject := self._subjects.get(context or ""):
            subject.told = self._snapshot_of(subject)
        self._call_listeners(context)

    # The timer

    @callback
    def _arm_timer(self) -> None:
        snapshots = map(self._snapshot_of, self._subjects.values())
        self._wake_up.arm(min((shot.until for shot in snapshots if shot), default=None))

    @callback
    def _follow_clock(self) -> None:
        """Set back with the clock how long answers hold: they are as old as they were. After a leap, ask anew."""
        moved = self._wake_up.clock_moved_by()
        if moved < timedelta():
            for subject in self._subjects.values():
                subject.set_back(-moved)
        elif moved > _LEAP and not self._shutdown_requested:
            self.timetable.make_due(self._subjects.values())
            self._create_task(self.async_request_refresh(), "after a leap of the clock")

    @callback
    def _on_wake_up(self) -> None:
        self._follow_clock()
        self._arm_timer()
        for subject_id, subject in self._subjects.items():
            # Anybody may have looked at it since it changed: what counts is whether its listeners were told
            if self._snapshot_of(subject) is not subject.told:
                self._notify(subject_id)
        self._notify(None)
        if not self.last_update_success:
            async_update_stale(self.hass, self.config_entry, self.account)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        self._arm_timer()
        self._update_issues()
        self._notify(None)

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and the timer."""
        await super().async_shutdown()
        self._wake_up.stop()
        if self._unsub_stop:
            self._unsub_stop()
            self._unsub_stop = None

    async def _on_stop(self, _event: Event) -> None:
        self._unsub_stop = None
        await self.async_shutdown()

    # The start

    async def async_start(self, stored: Readings) -> None:
        """Read all once; what was read before the start serves where that fails, for as long as it would have then.

        Raises `ConfigEntryNotReady` if nothing can be read, and nothing current is known of any room or person.
        """
        await self._restore(stored)
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady:
            if not any(self._snapshot_of(subject) for subject in self._to_read().values()):
                raise
            # An outage like any other, the end of which will be told, too: in the words of the coordinator
            _LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)  # noqa: TRY400

    async def _restore(self, stored: Readings) -> None:
        external = self.options.include_external_calendar
        readings = in_grace(stored, dt_util.utcnow(), self.timetable.interval_at, include_external_calendar=external)
        by_age = sorted(readings.items(), key=lambda item: item[1].read_at)
        for number, (subject_id, reading) in enumerate(by_age):
            if subject_id in self:
                self._keep(subject_id, reading)
            if number % _RESTORED_AT_ONCE == 0:
                await asyncio.sleep(0)  # others have a start, too

    def _readings(self) -> Readings:
        # In another thread: `_subjects` is replaced, never changed
        return {subject_id: subject.reading for subject_id, subject in self._subjects.items() if subject.reading}

    # Polling

    @callback
    def _make_plan(self) -> None:
        now, time_zone = dt_util.utcnow(), dt_util.get_default_time_zone()
        self._reader.configure(self.options, self._to_read(), self.catalogue.data.scopes, now, time_zone)
        self.timetable.make_plan(self.options, self.source.forecast.calls_per_cycle)

    def _to_read(self) -> dict[str, Subject]:
        """Return those that are read; a room of which the catalogue has yet to tell may be disabled."""
        return {
            subject_id: subject
            for subject_id, subject in self._subjects.items()
            if subject_id not in self._ignored
            and (subject.kind is SubjectKind.PERSON or self.catalogue.data.tells_of(subject_id))
        }

    @callback
    def async_ignore(self, subject_ids: Iterable[str]) -> None:
        """Read these subjects no more, for none of their entities is enabled; all others are read."""
        self._ignored = frozenset(subject_ids)
        self._make_plan()

    @override
    async def _async_update_data(self) -> None:
        subjects = self._to_read()
        due = {subject_id for subject_id, subject in subjects.items() if self.timetable.is_due(subject)}
        try:
            if due:
                await self._read(self._reader.fill_up(subjects, due))
            elif subjects:
                self._fail_as_before()
        finally:
            self._schedule_next_poll()

    def _fail_as_before(self) -> None:
        """Let a failure last of whose end nothing was heard."""
        if not self.last_update_success and isinstance(self.last_exception, UpdateFailed):
            raise self.last_exception.with_traceback(None)  # it would grow each time, and keep what was answered

    async def _read(self, subjects: Mapping[str, Subject]) -> None:
        deferred_to = self.timetable.defer(subjects.values())
        started, interval = self.timetable.now, self.timetable.interval
        answers = await self._ask(subjects)
        if self._shutdown_requested:
            return  # the entry ended meanwhile
        # Some may have been dropped while they were read
        answers = {subject_id: answer for subject_id, answer in answers.items() if subject_id in self}
        self._make_plan()
        self.calls.async_save_soon()
        outcome = outcome_of(answers, self._to_read())
        self.timetable.set_deadlines(
            self._subjects,
            answers,
            started=started,
            interval=interval,
            deferred_to=deferred_to,
            error_of_all=outcome.failure,
        )
        if outcome.failure:
            raise update_failed(outcome.failure) from outcome.failure
        if not self.last_update_success:
            if outcome.tells_nothing:
                self._fail_as_before()
            # It is over: those whom it struck are read at once, and none of the others waits for its sake
            others = [subject for subject_id, subject in self._subjects.items() if subject_id not in answers]
            self.timetable.make_due(subject for subject in others if subject.failures)
            self.timetable.hasten(others)
        if answers:
            self._note_errors(answers)

    async def _ask(self, subjects: Mapping[str, Subject]) -> Answers:
        """Read these rooms and people; good answers are taken in as they come."""
        now = dt_util.utcnow().replace(microsecond=0)
        window = (now - WINDOW_BEFORE, now + self.options.horizon)
        reading_of = partial(
            Reading,
            window_start=window[0],
            horizon=window[1],
            read_at=now,
            fresh_until=now + grace(self.timetable.interval),
            include_external_calendar=self.options.include_external_calendar,
        )
        take = partial(self._take, reading_of)
        # After an outage rooms may be disabled of which nobody could tell: no answer is shown before that is known
        held_back: Answers | None = {} if self.catalogue.error and not self.last_update_success else None
        on_answer = take if held_back is None else held_back.__setitem__
        probe = not self.last_update_success or (self.last_read_at is None and self.catalogue.error is not None)
        doubtful = [room_id for room_id, walks in self.catalogue.data.missing.items() if walks]
        with self._poll_log.poll(PollKind.FREE_BUSY, self.config_entry, self.client.traffic) as poll:
            answers = await self._reader.read(subjects, *window, on_answer, doubtful=doubtful, probe=probe)
            poll.note(answers.values())
        if held_back:
            if has_good(held_back):
                await self.catalogue.async_refresh()
            for subject_id, answer in held_back.items():
                take(subject_id, answer)
        return answers

    @callback
    def _take(self, reading_of: Callable[[tuple[BusyPeriod, ...]], Reading], subject_id: str, answer: Answer) -> None:
        if subject_id not in self:
            return
        if isinstance(answer, FeishuError):
            self._subjects[subject_id].note_refusal(answer)
            return
        self._follow_clock()
        reading = reading_of(answer)
        # The clock may have been set back meanwhile
        fresh_until = min(reading.read_at, dt_util.utcnow()) + (reading.fresh_until - reading.read_at)
        self._keep(subject_id, replace(reading, fresh_until=fresh_until))
        if not self._shutdown_requested:
            self.stored.async_keep_readings(self._readings)

    @callback
    def _keep(self, subject_id: str, reading: Reading) -> None:
        subject = self._subjects[subject_id]
        subject.keep(reading)
        self.last_read_at = reading.read_at
        self._rebuild(subject)
        self._notify(subject_id)

    @callback
    def _rebuild(self, subject: Subject) -> None:
        disabled = None
        if isinstance(subject.info, RoomInfo):
            disabled = disabled_period(subject.info.room.status, self.catalogue.data.as_of(subject.info.room.room_id))
        subject.rebuild(disabled=disabled, count_pending_as_busy=self.options.count_pending_as_busy)

    @property
    def account(self) -> Account:
        """Return the state of the account, from which it follows what a person has to do."""
        subjects = self._to_read().values()
        next_due = min((subject.due_at for subject in subjects), default=self.timetable.now)
        return Account(
            failure=None if self.last_update_success else self.last_exception,
            subjects=subjects,
            is_anything_known=any(self._snapshot_of(subject) for subject in subjects),
            next_try=self.timetable.time_of(next_due),
            catalogue=self.catalogue.data,
        )

    @callback
    def _update_issues(self) -> None:
        if not self._shutdown_requested:
            async_update_issues(self.hass, self.config_entry, self.account)

    def _note_errors(self, answers: Answers) -> None:
        for subject_id, answer in answers.items():
            # without the traceback, which would keep what was answered
            self._subjects[subject_id].error = answer.with_traceback(None) if isinstance(answer, FeishuError) else None
        self._unreadable_log.note(self._to_read().values())

    def _schedule_next_poll(self) -> None:
        next_due = min((subject.due_at for subject in self._to_read().values()), default=None)
        if next_due is None:
            self.update_interval = self.timetable.interval
        else:
            self.update_interval = timedelta(seconds=max(next_due - self.timetable.now, 1.0))

    def _create_task(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.config_entry.async_create_task(self.hass, work, f"{self.name} {name}")

    async def async_check_now(self) -> None:
        """Read all ahead of their time; while polls fail, a single call finds out whether they still do."""
        self.timetable.make_due(self._subjects.values())
        await self.async_refresh()

    async def async_read_now(self, subject_id: str) -> None:
        """Read a subject ahead of its time; several such wishes become one poll."""
        if subject := self._subjects.get(subject_id):
            self.timetable.make_due([subject])
            await self.async_request_refresh()

    # Changes from outside

    @callback
    def async_listen_added(self, listener: Callable[[Iterable[str]], None]) -> CALLBACK_TYPE:
        """Have `listener` called with the ids of subjects that are new; returns what ends that."""
        self._added_listeners.append(listener)
        return lambda: self._added_listeners.remove(listener)

    @callback
    def async_apply_catalogue(self) -> None:
        """Take over names, places and disabled periods from the catalogue, and the rooms of followed levels."""
        self.source.try_again()
        self._update_issues()
        self._take_over(self._describe())
        if any(self.timetable.is_due(subject) for subject in self._to_read().values()):
            self._create_task(self.async_request_refresh(), "new rooms")

    @callback
    def async_apply_time_zone(self) -> None:
        """Take over the time zone of Home Assistant, which has moved."""
        for subject in self._subjects.values():
            self._rebuild(subject)
        self._make_plan()
        self._arm_timer()
        self.async_update_listeners()

    @callback
    def async_apply_options(self) -> None:
        """Take over changed options in place: what stays doesn't so much as flicker. A refresh is to follow."""
        before, self.options = self.options, Options.of(self.config_entry.options)
        self.source.try_again()
        self._take_over(self._describe())
        reads_differently = (
            before.horizon != self.options.horizon
            or before.include_external_calendar != self.options.include_external_calendar
        )
        if reads_differently:
            self.timetable.make_due(self._subjects.values())
        self.timetable.hasten(self._subjects.values())

    def _describe(self) -> Mapping[str, SubjectInfo]:
        read = self.catalogue.data
        followed = {room_id: read.catalogue.rooms[room_id].name for room_id in read.followed(self.options.room_levels)}
        people = {person_id: PersonInfo(person_id, name) for person_id, name in self.options.people.items()}
        return {**self.catalogue.describe({**followed, **self.options.rooms}), **people}

    @callback
    def _take_over(self, infos: Mapping[str, SubjectInfo]) -> None:
        """Have just these subjects."""
        added = infos.keys() - self._subjects.keys()
        self._subjects = {
            subject_id: self._subjects.get(subject_id) or Subject(info) for subject_id, info in infos.items()
        }
        for subject_id, subject in self._subjects.items():
            subject.info = infos[subject_id]
            self._rebuild(subject)
        self._make_plan()
        if added:
            for listener in self._added_listeners:
                listener([subject_id for subject_id in self._subjects if subject_id in added])
        self._arm_timer()
        self.async_update_listeners()
