"""Owns time and freshness: when to ask Feishu, how long an answer holds, when to wake an entity."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .bookings import RangeReader
from .calls import MonthlyCalls
from .catalogue import CatalogueCoordinator, RoomInfo
from .feishu import CredentialsError, FeishuClient, FeishuError, QuotaExceededError
from .issues import async_report_quota_exceeded, async_withdraw_issues
from .options import Options
from .people import PersonInfo
from .polling import grace
from .problems import update_failed
from .room_source import WINDOW_BEFORE, RoomSource
from .schedule import Block, Schedule, SubjectKind, disabled_period
from .sources import ACCOUNT_ERRORS, OUTAGE_ERRORS, Answer, Answers, PeopleSource
from .subject import Reading, Snapshot, Subject, SubjectInfo
from .timetable import Timetable

_LOGGER = logging.getLogger(__name__)

_DRIFT = timedelta(seconds=1)  # of a clock that is not set, from one minute to the next
_TICK = timedelta(minutes=1)  # heals jumps of the clock and suspended machines: timers run on the monotonic one

type FeishuConfigEntry = ConfigEntry[FreeBusyCoordinator]


class FreeBusyCoordinator(DataUpdateCoordinator[None]):
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
    ) -> None:
        """Take the client to read with, the catalogue, which has been read, and the count of calls."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.client = client
        self.catalogue = catalogue
        self.calls = calls
        self.options = Options.of(entry.options)
        self.source = RoomSource(client)
        self._people_source = self._new_people_source()
        self._range_reader = RangeReader(client)
        self.timetable = Timetable(hass, calls)
        self.last_read_at: datetime | None = None
        self._subjects = {subject_id: Subject(info) for subject_id, info in self._describe().items()}
        self._ignored: frozenset[str] = frozenset()
        self._some_unreadable = False
        self._clock_began = self._now_began()
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._listeners_of: dict[object, list[CALLBACK_TYPE]] = {}
        self._added_listeners: list[Callable[[Iterable[str]], None]] = []
        self._make_plan()
        # At its stop Home Assistant unloads no entry, nor does it cancel the timer
        self._unsub_shutdown = hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)

    # What is known

    @property
    def subject_ids(self) -> tuple[str, ...]:
        """Return the ids of all rooms and people."""
        return tuple(self._subjects)

    @property
    def room_ids(self) -> tuple[str, ...]:
        """Return the ids of the rooms."""
        return tuple(room_id for room_id, subject in self._subjects.items() if subject.kind is SubjectKind.ROOM)

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
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: Any = None) -> CALLBACK_TYPE:
        """Have `update_callback` called with the news of the subject `context`; returns what ends that."""
        end = super().async_add_listener(update_callback, context)
        listeners = self._listeners_of.setdefault(context, [])
        listeners.append(update_callback)

        @callback
        def remove_listener() -> None:
            end()
            listeners.remove(update_callback)

        return remove_listener

    @callback
    def _notify(self, context: str | None) -> None:
        if subject := self._subjects.get(context or ""):
            subject.told = self._snapshot_of(subject)
        for update_callback in list(self._listeners_of.get(context, ())):
            update_callback()

    # The timer

    @callback
    def _arm_timer(self) -> None:
        self._disarm_timer()
        if self._shutdown_requested:
            return
        snapshots = map(self._snapshot_of, self._subjects.values())
        wake_at = min((shot.until for shot in snapshots if shot), default=dt_util.utcnow() + _TICK)
        # By seconds, not by instant: a timer on an instant waits for the clock, for an hour if that was set back by one
        self._cancel_timer = async_call_later(
            self.hass,
            min(wake_at - dt_util.utcnow(), _TICK),
            HassJob(self._on_timer, f"{self.name} next change"),
        )

    @callback
    def _disarm_timer(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None

    def _now_began(self) -> datetime:
        """Return when the loop's clock began, by the wall clock: at another instant if that is set."""
        return dt_util.utcnow() - timedelta(seconds=self.hass.loop.time())

    @callback
    def _follow_clock(self) -> None:
        """Set back with the clock how long answers hold: they are as old as they were."""
        began = self._now_began()
        if (back := self._clock_began - began) > _DRIFT:
            for subject in self._subjects.values():
                subject.set_back(back)
        self._clock_began = began

    @callback
    def _on_timer(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._follow_clock()
        self._arm_timer()
        for subject_id, subject in self._subjects.items():
            # Anybody may have looked at it since it changed: what counts is whether its listeners were told
            if self._snapshot_of(subject) is not subject.told:
                self._notify(subject_id)
        self._notify(None)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        self._arm_timer()
        self._notify(None)

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and the timer."""
        await super().async_shutdown()
        self._disarm_timer()

    async def _on_stop(self, _event: Event) -> None:
        self._unsub_shutdown = None
        await self.async_shutdown()

    # Polling

    @callback
    def _make_plan(self) -> None:
        people = sum(self._subjects[subject_id].kind is SubjectKind.PERSON for subject_id in self._read_ids())
        counts = (len(self._read_ids()) - people, people)
        now, time_zone = dt_util.utcnow(), dt_util.get_default_time_zone()
        self.source.configure(self.options, counts, self.catalogue.data.scopes, now, time_zone)
        self.timetable.make_plan(self.options, self.source.forecast.calls_per_cycle)

    def _new_people_source(self) -> PeopleSource:
        return PeopleSource(self.client, include_external_calendar=self.options.include_external_calendar)

    def _read_ids(self) -> list[str]:
        return [subject_id for subject_id in self._subjects if subject_id not in self._ignored]

    @callback
    def async_ignore(self, subject_ids: Iterable[str]) -> None:
        """Read these subjects no more, for none of their entities is enabled; all others are read."""
        self._ignored = frozenset(subject_ids)
        self._make_plan()

    @override
    async def _async_update_data(self) -> None:
        due = {subject_id for subject_id in self._read_ids() if self.timetable.is_due(self._subjects[subject_id])}
        try:
            if due:
                await self._read(due)
            elif not self.last_update_success and isinstance(self.last_exception, UpdateFailed):
                raise self.last_exception
        finally:
            self._schedule_next_poll()

    async def _read(self, due: set[str]) -> None:
        rooms = self._fill_up(due, SubjectKind.ROOM, self.source.chunk_size)
        people = self._fill_up(due, SubjectKind.PERSON, PeopleSource.chunk_size)
        self.timetable.defer(self._subjects[subject_id] for subject_id in (*rooms, *people))
        started, interval = self.timetable.now, self.timetable.interval
        answers = await self._ask(rooms, people)
        if self._shutdown_requested:
            return  # the entry ended meanwhile
        # Some may have been dropped while they were read
        answers = {subject_id: answer for subject_id, answer in answers.items() if subject_id in self}
        self._make_plan()
        self.calls.async_save_soon()
        error = self._failure_of_all(answers)
        self.timetable.set_deadlines(self._subjects, answers, started=started, interval=interval, error_of_all=error)
        if error:
            self._report(error)
            raise update_failed(error) from error
        if answers:
            self._note_errors(answers)
            self._withdraw_reports()

    def _fill_up(self, due: set[str], kind: SubjectKind, chunk_size: int) -> list[str]:
        """Let the last call of a poll be full: the places that are left go to the subjects read longest ago."""
        alike = [subject_id for subject_id in self._read_ids() if self._subjects[subject_id].kind is kind]
        wanted = [subject_id for subject_id in alike if subject_id in due]
        readings = {
            subject_id: reading
            for subject_id in alike
            if subject_id not in due and (reading := self._subjects[subject_id].reading)
        }
        by_age = sorted(readings, key=lambda subject_id: readings[subject_id].read_at)
        return [*wanted, *by_age[: -len(wanted) % chunk_size]]

    async def _ask(self, rooms: Collection[str], people: Collection[str]) -> Answers:
        """Read these rooms and people; good answers are taken in as they come."""
        now = dt_util.utcnow().replace(microsecond=0)
        window = (now - WINDOW_BEFORE, now + self.options.horizon)
        take = partial(self._take, window, now, grace(self.timetable.interval))
        probe = not self.last_update_success
        doubtful = [room_id for room_id, walks in self.catalogue.data.missing.items() if walks]
        answers_of_rooms, answers_of_people = await asyncio.gather(
            self.source.read(rooms, *window, take, doubtful=doubtful, probe=probe),
            self._people_source.read(people, *window, take, probe=probe),
        )
        return answers_of_rooms | answers_of_people

    @callback
    def _take(
        self,
        window: tuple[datetime, datetime],
        read_at: datetime,
        holds_for: timedelta,
        subject_id: str,
        answer: Answer,
    ) -> None:
        subject = self._subjects.get(subject_id)
        if subject and not isinstance(answer, FeishuError):
            self._follow_clock()
            fresh_until = min(read_at, dt_util.utcnow()) + holds_for  # the clock may have been set back meanwhile
            subject.keep(Reading(answer, *window, read_at, fresh_until))
            self.last_read_at = read_at
            self._rebuild(subject)
            self._notify(subject_id)

    @callback
    def _rebuild(self, subject: Subject) -> None:
        disabled = None
        if isinstance(subject.info, RoomInfo):
            disabled = disabled_period(subject.info.room.status, self.catalogue.data.read_at)
        subject.rebuild(disabled=disabled, count_pending_as_busy=self.options.count_pending_as_busy)

    def _failure_of_all(self, answers: Answers) -> FeishuError | None:
        """Return the error that is the account's and not that of single subjects."""
        errors = [answer for answer in answers.values() if isinstance(answer, FeishuError)]
        if not errors or len(errors) < len(answers):
            return None
        alike = {type(error) for error in errors}
        whole_account = len(alike) == 1 and len(errors) == len(self._read_ids()) > 1
        if whole_account or isinstance(errors[0], (*ACCOUNT_ERRORS, *OUTAGE_ERRORS)):
            return errors[0]
        return None

    def _report(self, error: FeishuError) -> None:
        """Tell the user what he has to do or to know."""
        if isinstance(error, CredentialsError):
            # ConfigEntryAuthFailed would end polling for good, yet the app may only be disabled for a while
            self.config_entry.async_start_reauth(self.hass)
        if isinstance(error, QuotaExceededError):
            next_due = min(subject.due_at for subject in self._subjects.values())
            async_report_quota_exceeded(self.hass, self.config_entry, self.timetable.time_of(next_due))

    def _withdraw_reports(self) -> None:
        async_withdraw_issues(self.hass, self.config_entry)
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _note_errors(self, answers: Answers) -> None:
        """Say once that some can't be read, and once that all can be read again."""
        for subject_id, answer in answers.items():
            self._subjects[subject_id].error = answer if isinstance(answer, FeishuError) else None
        unreadable = [subject for subject in self._subjects.values() if subject.error]
        if unreadable and not self._some_unreadable:
            _LOGGER.warning(
                "%s of %s rooms and people of %s can't be read, among them %s: %s",
                len(unreadable),
                len(self._subjects),
                self.config_entry.title,
                unreadable[0].info.device_name,
                unreadable[0].error,
            )
        if self._some_unreadable and not unreadable:
            _LOGGER.info("All rooms and people of %s can be read again", self.config_entry.title)
        self._some_unreadable = bool(unreadable)

    def _schedule_next_poll(self) -> None:
        next_due = min((self._subjects[subject_id].due_at for subject_id in self._read_ids()), default=None)
        if next_due is None:
            self.update_interval = self.timetable.interval
        else:
            self.update_interval = timedelta(seconds=max(next_due - self.timetable.now, 1.0))

    async def async_read_now(self, subject_id: str) -> None:
        """Read a subject ahead of its time; several such wishes become one poll."""
        if subject := self._subjects.get(subject_id):
            subject.due_at = 0.0
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
        if self._take_over(self._describe()):
            self.config_entry.async_create_task(self.hass, self.async_request_refresh(), f"{self.name} new rooms")

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
        self._people_source = self._new_people_source()
        self._take_over(self._describe())
        reads_differently = (
            before.horizon != self.options.horizon
            or before.include_external_calendar != self.options.include_external_calendar
        )
        if reads_differently:
            for subject in self._subjects.values():
                subject.due_at = 0.0
        self.timetable.hasten(self._subjects.values())

    def _describe(self) -> Mapping[str, SubjectInfo]:
        read = self.catalogue.data
        followed = {room_id: read.catalogue.rooms[room_id].name for room_id in read.followed(self.options.room_levels)}
        people = {person_id: PersonInfo(person_id, name) for person_id, name in self.options.people.items()}
        return {**self.catalogue.describe({**followed, **self.options.rooms}), **people}

    @callback
    def _take_over(self, infos: Mapping[str, SubjectInfo]) -> bool:
        """Have just these subjects; returns whether some of them are new."""
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
        return bool(added)
