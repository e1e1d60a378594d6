"""Holds the rooms and people of an entry, notifies entities of each change, applies changes from outside."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from math import inf
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.update_coordinator import REQUEST_REFRESH_DEFAULT_COOLDOWN, DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ._slices import Pace, in_slices
from .devices import async_remove_dropped, async_update_device, async_watch_enabled, subjects_without_enabled_entity
from .feishu.client import FeishuClient
from .feishu.errors import FeishuError
from .feishu.models import BusyPeriod, SubjectKind
from .issues import Account, Outdated, UsedUp, async_update_issues, async_update_stale
from .model.directory import RoomInfo, shortened
from .model.evidence import STATUS_LIMIT, Hours, RoomEvidence, Stamp
from .model.intervals import month_bounds, pause_after
from .model.moment import LoopSeconds, Moment
from .model.options import Options, SourceOption
from .model.schedule import Block, DisabledPeriod, Schedule, disabled_period
from .model.subject import PersonInfo, Reading, Snapshot, Subject, SubjectInfo
from .sync.catalogue import CatalogueCoordinator
from .sync.journal import OutdatedLog
from .sync.office_days import OfficeDays
from .sync.poller import Poller
from .sync.quota import MonthlyCalls
from .sync.ranges import Range, RangeReader
from .sync.store import Readings, Stored, is_news, still_valid
from .sync.wake_up import WakeUp

_LOGGER = logging.getLogger(__name__)

_LEAP = timedelta(minutes=1)  # the wall clock was set forward, or the machine slept: readings may be old

type FeishuConfigEntry = ConfigEntry[FreeBusyCoordinator]


class FreeBusyCoordinator(DataUpdateCoordinator[None]):
    """Knows all subjects of an entry. `sync.poller` reads them; `snapshot` returns the current state of one.

    A listener whose context is the id of a subject is called at each change of that subject. A listener without a
    context is called after every poll and change.
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
        """Make the subjects from the options and the catalogue, which has been read before."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.client = client
        self.catalogue = catalogue
        self.calls = calls
        self._office_days = OfficeDays(hass, entry.title)
        self._event: Moment | None = None
        self.options = self._office_days.applied(Options.of(entry.options), self.moment)
        self.last_read_at: datetime | None = None
        self._stored = stored
        self._is_reading_statuses = False
        self._status_due: datetime | None = None  # by the wall clock, when the timer was set
        self._asked_at = LoopSeconds(-inf)  # when the first of the requests came that one poll serves
        self._listeners_of: dict[object, list[CALLBACK_TYPE]] = {}
        self._added_listeners: list[Callable[[Iterable[str]], None]] = []
        self.pace = Pace()  # of removing entities
        self.subjects_lock = asyncio.Lock()  # held while the entities of new subjects are added
        self._subjects = {subject_id: Subject(info) for subject_id, info in self._describe().items()}
        self._ranges = RangeReader(client, calls.ranges)
        self._outdated_log = OutdatedLog(entry.title)
        self._poller = Poller(hass, entry, client, catalogue, calls, self)
        self.timetable = self._poller.timetable
        self.source = self._poller.reader.rooms
        self._wake_up = WakeUp(hass, f"{entry.title} next change", self._on_wake_up, self.moment)
        # When Home Assistant stops, it neither unloads entries nor cancels timers
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
        """Return all subjects, by id; read only."""
        return self._subjects

    @property
    def ignored(self) -> frozenset[str]:
        """Return the ids of the subjects that are not read: none of their entities is enabled."""
        return self._poller.ignored

    def __contains__(self, subject_id: object) -> bool:
        """Return whether there is such a room or person."""
        return subject_id in self._subjects

    def info(self, subject_id: str) -> SubjectInfo:
        """Return the room or person itself."""
        return self._subjects[subject_id].info

    @property
    def moment(self) -> Moment:
        """Return the moment of the event that is handled, else the current one; on Feishu's clock if ours is wrong."""
        if self._event:
            return self._event
        wall, loop = dt_util.utcnow(), LoopSeconds(self.hass.loop.time())
        return Moment(wall + self.client.traffic.clock.offset_at(wall, loop), loop, dt_util.get_default_time_zone())

    @contextmanager
    def one_moment(self) -> Iterator[Moment]:
        """Handle an event at one moment; must not be held over an `await`."""
        outer, self._event = self._event, self.moment
        try:
            yield self._event
        finally:
            self._event = outer

    @callback
    def snapshot(self, subject_id: str) -> Snapshot | None:
        """Return what to show about a subject now, None if nothing current is known."""
        subject = self._subjects.get(subject_id)
        return subject.snapshot(self.moment, self.options.min_free) if subject else None

    @callback
    def schedule(self, subject_id: str) -> Schedule | None:
        """Return the schedule of a subject, None if nothing current is known."""
        return self._subjects[subject_id].schedule if self.snapshot(subject_id) else None

    @callback
    def bookings_ahead(self, subject_id: str) -> tuple[Block, ...]:
        """Return the known single bookings from today on."""
        moment = self.moment
        return self._subjects[subject_id].bookings_ahead(moment.now, moment.time_zone)

    async def async_bookings(self, subject_id: str, start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return the single bookings that touch `[start, end)`: from memory if known, else from Feishu.

        A subject that was just dropped has none. Raises `FeishuError`, and `OverShareError` if calendars have used up
        their share of the budget.
        """
        if (subject := self._subjects.get(subject_id)) is None:
            return ()
        moment = self.moment
        if subject.reading and subject.knows(start, end, moment):
            return subject.single_bookings(subject.reading.periods, start, end)
        if window := subject.window(moment):
            first, last = window
            earlier = Range.past(start, min(first, end), first, moment.now) if start < first else None
            later = Range.ahead(max(last, start), end, start, moment.now) if last < end else None
        else:
            earlier = later = Range.whole(start, end)
        try:
            before, after = await asyncio.gather(
                self._read_range(subject, earlier, moment), self._read_range(subject, later, moment)
            )
        finally:
            if not self._shutdown_requested:
                self.calls.async_save_soon()
        return subject.single_bookings(subject.updated(before, self.moment, after), start, end)

    async def _read_range(self, subject: Subject, wanted: Range | None, moment: Moment) -> tuple[BusyPeriod, ...]:
        if wanted is None:
            return ()
        cause = self.last_exception.__cause__ if self.last_exception and not self.last_update_success else None
        return await self._ranges.read(
            subject.info.id,
            subject.kind,
            wanted,
            moment,
            include_external_calendar=self.options.include_external_calendar,
            by_batch=self.source.forecast.source is SourceOption.BATCH
            and not self.catalogue.data.is_missing(subject.info.id),
            refusal=cause if isinstance(cause, FeishuError) and pause_after(cause) else None,
        )

    @property
    def account(self) -> Account:
        """Return the state of the account, from which the issues follow."""
        moment, to_read = self.moment, self._poller.to_read()
        next_due = self.timetable.next_due(to_read) or moment.loop
        return Account(
            failure=None if self.last_update_success else self.last_exception,
            subjects=to_read.values(),
            is_anything_known=self._is_anything_known(to_read.values()),
            next_try=moment.now + timedelta(seconds=next_due - moment.loop),
            catalogue=self.catalogue.data,
            outdated=self._outdated(),
            used_up=self._used_up(),
            clock_error=-self.clock_offset or None,
        )

    @property
    def clock_offset(self) -> timedelta:
        """Return what to add to the clock of this machine to get Feishu's; 0 if they agree."""
        return self.client.traffic.clock.offset_at(dt_util.utcnow(), self.hass.loop.time())

    def _outdated(self) -> Outdated | None:
        """Return since when the room list or statuses can't be read; None in an outage, or before an hour is over."""
        if not self.last_update_success or self.catalogue.data.unlisted:
            return None
        outdated = [
            Outdated(each.failing_since, each.error)
            for each in (self.catalogue, self._poller.statuses)
            if each.failing_since and each.failed_at and each.failed_at - each.failing_since >= STATUS_LIMIT
        ]
        return min(outdated, key=lambda each: each.since, default=None)

    def _used_up(self) -> UsedUp | None:
        """Return that the budget is used up, or so scarce that readings or statuses become too old."""
        budget = self.options.budget
        if budget is None or not self.timetable.is_starved:
            return None
        moment = self.moment
        return UsedUp(self.calls.used, budget, month_bounds(moment.now, moment.time_zone)[1])

    def _is_anything_known(self, subjects: Iterable[Subject]) -> bool:
        moment = self.moment
        return any(subject.snapshot(moment, self.options.min_free) for subject in subjects)

    # Listeners

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: Any = None) -> CALLBACK_TYPE:
        """Call `update_callback` at each change of the subject `context`; return a function that stops this."""
        end = super().async_add_listener(update_callback, context)
        self._listeners_of.setdefault(context, []).append(update_callback)

        @callback
        def remove_listener() -> None:
            end()
            self._listeners_of[context].remove(update_callback)

        return remove_listener

    @callback
    def async_listen_added(self, listener: Callable[[Iterable[str]], None]) -> CALLBACK_TYPE:
        """Call `listener` with the ids of new subjects; return a function that stops this."""
        self._added_listeners.append(listener)
        return lambda: self._added_listeners.remove(listener)

    @callback
    def _notify(self, context: str | None) -> None:
        if subject := self._subjects.get(context or ""):
            subject.last_notified = subject.snapshot(self.moment, self.options.min_free)
        for update_callback in list(self._listeners_of.get(context, ())):
            try:
                update_callback()
            except Exception:  # as Home Assistant does: a broken entity must not break others or the poll
                self.logger.exception("Unexpected error updating an entity of %s", self.name)

    # The timer

    @callback
    def _arm_timer(self) -> None:
        moment, min_free = self.moment, self.options.min_free
        instants = []
        for subject in self._subjects.values():
            if (shot := subject.snapshot(moment, min_free)) is not subject.last_notified:
                instants.append(moment.now)  # it changed while others were notified
            elif shot:
                instants.append(shot.until)
        self._status_due = self._poller.status_due(moment)
        if self._status_due and not self._is_reading_statuses:
            instants.append(self._status_due)
        self._wake_up.arm(min(instants, default=None), moment.now)

    @callback
    def _on_wake_up(self) -> None:
        self._wake_up.arm(None, self.moment.now)
        self._create_task(self._wake_up_all(), "changes")

    async def _wake_up_all(self) -> None:
        """Notify the listeners of all subjects that have changed, then set the timer to the next change."""
        with self.one_moment() as moment:
            if self._wake_up.leap(moment) > _LEAP and not self._shutdown_requested:
                self.timetable.make_due(self._subjects)
                self._poller.statuses.want(self._subjects)
                self._create_task(self.async_request_refresh(), "after a leap of the clock")
            if self._office_days.is_outdated(moment):
                self._create_task(self._async_read_office_days(), "office days")
            changed = [subject_id for subject_id, subject in self._subjects.items() if not subject.is_told(moment)]
        async for subject_id in in_slices(changed):
            self._notify_if_changed(subject_id)
        with self.one_moment() as moment:
            self._arm_timer()
            self._notify(None)
            if not self.last_update_success:
                async_update_stale(self.hass, self.config_entry, self.account)
            is_due = self._status_due is not None and self._status_due <= moment.now
            if is_due and not self._is_reading_statuses and not self._shutdown_requested:
                self._is_reading_statuses = True
                self._create_task(self._async_read_statuses(), "status of rooms")

    @callback
    def _notify_if_changed(self, subject_id: str) -> None:
        with self.one_moment() as moment:
            subject = self._subjects.get(subject_id)
            # Compare with the last notification: the snapshot may have been replaced since, without one
            if subject and subject.snapshot(moment, self.options.min_free) is not subject.last_notified:
                self._notify(subject_id)

    async def _async_read_statuses(self) -> None:
        try:
            await self._poller.read_due_statuses()
        finally:
            self._is_reading_statuses = False
        with self.one_moment():
            self._update_issues()

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        with self.one_moment():
            self._arm_timer()
            self._update_issues()
            self._notify(None)

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Do nothing when polls begin or cease to fail: each subject is notified of its own changes, in slices."""

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and the timer."""
        await super().async_shutdown()
        self._poller.stop()
        self._wake_up.stop()
        self._office_days.async_stop()
        if self._unsub_stop:
            self._unsub_stop()
            self._unsub_stop = None

    async def _on_stop(self, _event: Event) -> None:
        self._unsub_stop = None
        await self.async_shutdown()
        await self._stored.async_save()

    # Start and polls

    async def async_start(self, stored: Readings) -> None:
        """Read all subjects once. If that fails, stored readings serve as long as they would have without the restart.

        Raises `ConfigEntryNotReady` if nothing can be read and no stored reading is valid.
        """
        await self._office_days.async_read(self.moment)
        self.options = self._office_days.applied(self.options, self.moment)
        self.async_ignore_disabled()
        await self._restore(stored)
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady:
            if not self._is_anything_known(self._poller.to_read().values()):
                raise
            # An outage during the start: log it like the base class, which will log its end
            _LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)  # noqa: TRY400

    async def _restore(self, stored: Readings) -> None:
        moment, external = self.moment, self.options.include_external_calendar
        readings = still_valid(stored, moment.now, self.timetable.interval_at, include_external_calendar=external)
        by_age = sorted(readings.items(), key=lambda item: item[1].read_at)
        async for subject_id, reading in in_slices(by_age):
            if subject_id in self:
                left = (reading.fresh_until - moment.now).total_seconds()
                fresh_until_loop = LoopSeconds(moment.loop + left)
                self.keep(subject_id, reading, fresh_until_loop=fresh_until_loop, is_stored=True)

    @override
    async def _async_update_data(self) -> None:
        try:
            await self._poller.poll()
        finally:
            next_due = self.timetable.next_due(self._poller.to_read())
            delay = None if next_due is None else timedelta(seconds=max(next_due - self.hass.loop.time(), 1.0))
            self.update_interval = delay or self.timetable.interval

    @callback
    def keep(
        self, subject_id: str, reading: Reading, *, fresh_until_loop: LoopSeconds, is_stored: bool = False
    ) -> None:
        """Keep a reading of a subject, notify its listeners, and store it if its bookings are new."""
        subject = self._subjects[subject_id]
        before = subject.reading
        subject.keep(reading, fresh_until_loop=fresh_until_loop)
        self.last_read_at = reading.read_at
        self._rebuild(subject)
        with self.one_moment():
            self._notify(subject_id)
        if not is_stored and not self._shutdown_requested:
            changed = subject_id if is_news(before, subject.reading or reading) else None
            self._stored.async_keep_readings(self._readings, changed)

    def _readings(self) -> Readings:
        # Runs in another thread: `_subjects` is replaced, never changed
        return {subject_id: subject.reading for subject_id, subject in self._subjects.items() if subject.reading}

    @callback
    def _rebuild(self, subject: Subject) -> None:
        disabled, moment = None, self.moment
        subject.info = self._with_status(subject.info)  # as old as the stamp that its evidence gets
        if isinstance(subject.info, RoomInfo):
            disabled = disabled_period(subject.info.room.status, self.catalogue.data.as_of(subject.info.id))
        subject.rest_on(self._room_evidence(subject, disabled), Hours(self.options.off_hours, moment.time_zone))
        subject.rebuild(disabled=disabled, count_pending_as_busy=self.options.count_pending_as_busy)

    def _room_evidence(self, subject: Subject, disabled: DisabledPeriod | None) -> RoomEvidence | None:
        """Return what the room API says of a room, None for a person."""
        if not isinstance(subject.info, RoomInfo):
            return None
        room, known = subject.info.room, self.catalogue.data
        as_of, is_missing = known.as_of(room.room_id), known.is_missing(room.room_id)
        read = None
        if not known.unlisted and (room.status or not is_missing):
            read = subject.status_read
            read = read if read and read.at == as_of else Stamp.of(as_of, self.moment)
        return RoomEvidence(
            status_read=read,
            off_hours_limit=self.timetable.status_plan.off + STATUS_LIMIT,
            is_failing=is_missing or self._poller.statuses.failing_since is not None,
            is_doubted=known.is_doubted(room.room_id),
            is_missing=is_missing,
            is_gone=room.room_id in known.gone,
            disabled=disabled,
        )

    async def note_statuses(self, room_ids: Iterable[str]) -> None:
        """Show what the catalogue now says of the status of these rooms, which was read between two scans."""
        async for room_id in in_slices(room_ids):
            if subject := self._subjects.get(room_id):
                self._rebuild(subject)
                self._notify_if_changed(room_id)
        with self.one_moment():
            self._arm_timer()
        self._stored.async_keep_catalogue(self.catalogue.data)

    def _with_status(self, info: SubjectInfo) -> SubjectInfo:
        """Return a room or person with the status that the catalogue has now: it may be newer than `info`."""
        room = self.catalogue.data.catalogue.rooms.get(info.id)
        if not isinstance(info, RoomInfo) or room is None or room.status == info.room.status:
            return info
        return replace(info, room=replace(info.room, status=room.status))

    @callback
    def _update_issues(self) -> None:
        if not self._shutdown_requested:
            account = self.account
            async_update_issues(self.hass, self.config_entry, account)
            if not account.failure:
                self._outdated_log.note(account.outdated.error if account.outdated else None)

    async def async_check_now(self) -> None:
        """Read all subjects now; while polls fail, one call checks whether they still do."""
        self.timetable.make_due(self._subjects)
        self._poller.statuses.want(self._subjects)
        await self.async_refresh()

    async def async_read_now(self, subject_id: str) -> None:
        """Read a subject now; one poll serves several requests. Do nothing if these use too many calls today."""
        if subject_id not in self:
            return
        with self.one_moment() as moment:
            is_first = moment.loop - self._asked_at > REQUEST_REFRESH_DEFAULT_COOLDOWN
            # The first request pays for the calls of the poll, the others fill these up
            calls = 2.0 if is_first else 1 / self.source.chunk_size
            if not self.calls.spend_update(calls, moment):
                _LOGGER.debug("%s is not read on request: requests have used up their share of the budget", self.name)
                return
            self._asked_at = moment.loop if is_first else self._asked_at
            self.timetable.make_due([subject_id])
            self._poller.statuses.want([subject_id])
        await self.async_request_refresh()

    def _create_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start work that is canceled when the entry is unloaded or Home Assistant stops."""
        return self.config_entry.async_create_background_task(self.hass, work, f"{self.name} {name}")

    # Changes from outside

    @callback
    def async_watch(self) -> None:
        """Until the unload, apply changes of the catalogue and the time zone, and notice disabled entities."""
        hass, entry = self.hass, self.config_entry

        @callback
        def apply_config(event: Event[dict[str, Any]]) -> None:
            if "time_zone" in event.data:
                self._create_task(self._apply_hours(), "time zone")

        entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, apply_config))
        entry.async_on_unload(self.catalogue.async_add_listener(self._apply_catalogue))
        entry.async_on_unload(async_watch_enabled(hass, entry, self.async_ignore_disabled))
        self._office_days.async_watch(self.options.office_day, self._apply_office_days)

    @callback
    def async_ignore_disabled(self) -> None:
        """Read no subject whose entities are all disabled; read all others."""
        self._poller.ignored = frozenset(subjects_without_enabled_entity(self.hass, self.config_entry))
        self._poller.replan()

    @callback
    def _apply_catalogue(self) -> None:
        """Apply the names, places and disabled periods of the catalogue, and the rooms of followed levels."""
        self.async_ignore_disabled()  # among the rooms that were new last time
        self._poller.reader.try_again()
        self._update_issues()
        self._create_task(self._async_take_catalogue(), "catalogue")

    async def _async_take_catalogue(self) -> None:
        await self._take_over()
        moment = self.moment
        if any(self.timetable.is_due(subject_id, moment) for subject_id in self._poller.to_read()):
            self._create_task(self.async_request_refresh(), "new rooms")
        self._stored.async_keep_catalogue(self.catalogue.data)

    async def _async_read_office_days(self) -> None:
        await self._office_days.async_read(self.moment)
        if not self._shutdown_requested:
            self._apply_office_days()

    @callback
    def _apply_office_days(self) -> None:
        """Plan again: today may have become an office day, or none. Older evidence may not count any more."""
        self.options = self._office_days.applied(self.options, self.moment)
        self._create_task(self._apply_hours(), "evidence")
        self.timetable.cap_wait(self._subjects, self.moment)
        self._create_task(self.async_request_refresh(), "office days")

    async def _apply_hours(self) -> None:
        """Judge all evidence by the office hours and the time zone as they are now."""
        self._poller.replan()
        async for subject_id in in_slices(self._subjects):
            if subject := self._subjects.get(subject_id):
                self._rebuild(subject)
                self._notify(subject_id)
        with self.one_moment():
            self._arm_timer()
            self._notify(None)

    async def async_apply_options(self) -> None:
        """Apply changed options without a reload: entities that stay keep their state. Then read what is due.

        Ends early if the entry is unloaded: another start takes the options as they are then.
        """
        task = self._create_task(self._apply_options(), "changed options")
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _apply_options(self) -> None:
        before, options = self.options, Options.of(self.config_entry.options)
        if before == options or not self._is_running:
            return
        if (
            before.source != options.source
            or not options.rooms.keys() <= self.catalogue.data.catalogue.rooms.keys()
            or not options.room_levels.keys() <= before.room_levels.keys()
        ):
            # Refresh the catalogue first: an unknown room may be disabled, and a scope may be new
            await self.catalogue.async_refresh()
            if not self._is_running:
                return
        before, new = self.options, Options.of(self.config_entry.options)
        self.options = self._office_days.applied(new, self.moment)
        self._office_days.async_watch(new.office_day, self._apply_office_days)
        self._poller.reader.try_again()
        await self._take_over()
        if not self._is_running:
            return
        if (before.horizon, before.include_external_calendar) != (
            self.options.horizon,
            self.options.include_external_calendar,
        ):
            self.timetable.make_due(self._subjects)
        self.timetable.cap_wait(self._subjects, self.moment)
        await self.async_refresh()

    @property
    def _is_running(self) -> bool:
        """Return whether the entry is still loaded; otherwise, its next start reads the options."""
        return self.config_entry.state is ConfigEntryState.LOADED and self.config_entry.runtime_data is self

    def _describe(self) -> Mapping[str, SubjectInfo]:
        known = self.catalogue.data
        followed = {
            room_id: known.catalogue.rooms[room_id].name for room_id in known.followed(self.options.room_levels)
        }
        people = {person_id: PersonInfo(person_id, shortened(name)) for person_id, name in self.options.people.items()}
        return {**self.catalogue.describe({**followed, **self.options.rooms}), **people}

    async def _take_over(self) -> None:
        """Replace the subjects by those of the options and the catalogue, and update their entities and devices."""
        async with self.subjects_lock:
            infos, before = self._describe(), self._subjects
            self._subjects = {subject_id: before.get(subject_id) or Subject(info) for subject_id, info in infos.items()}
            self.timetable.retain(self._subjects)
            async for subject_id, info in in_slices(infos.items()):
                if self.config_entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
                    return
                self._take_over_one(self._subjects[subject_id], info, is_new=subject_id not in before)
            self._poller.replan()
            with self.one_moment():
                self._arm_timer()
                self._notify(None)
            await async_remove_dropped(self.hass, self.config_entry, self._subjects)

    @callback
    def _take_over_one(self, subject: Subject, info: SubjectInfo, *, is_new: bool) -> None:
        known, subject.info = subject.info, info
        self._rebuild(subject)
        if is_new:
            for listener in self._added_listeners:
                listener([info.id])
            return
        with self.one_moment():
            self._notify(info.id)
        if known != subject.info:
            async_update_device(self.hass, self.config_entry, subject.info)
