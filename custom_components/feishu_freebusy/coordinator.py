"""Runs an entry: starts it, takes in what was read, applies changed options, rooms and office days."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ._slices import Pace, in_slices
from .const import CONF_PERSON
from .devices import async_remove_dropped, async_update_device, async_watch_enabled, subjects_without_enabled_entity
from .feishu.client import FeishuClient
from .feishu.errors import FeishuError
from .feishu.events import missing_scopes, needed_scopes
from .issues import async_update_issues, async_update_stale
from .model.account import Account
from .model.booking import PendingRelease
from .model.changes import Change, changes_between
from .model.evidence import STATUS_LIMIT
from .model.moment import LoopSeconds, Moment
from .model.options import Options
from .model.room_evidence import rebuild
from .model.subject import Reading, Subject, SubjectInfo
from .model.use import UseSpan
from .sync.account import account_of
from .sync.bookings import Bookings
from .sync.catalogue import CatalogueCoordinator
from .sync.clock import EntryClock
from .sync.grant_keeper import async_grant_keeper
from .sync.journal import OutdatedLog
from .sync.live_updates import LiveUpdates
from .sync.notifier import Notifier
from .sync.office_days import OfficeDays
from .sync.poller import Poller
from .sync.presence import Presence
from .sync.quota import MonthlyCalls
from .sync.store import Readings, Stored, is_news, still_valid
from .sync.subjects import Subjects
from .sync.timer import Timer
from .sync.titles import TitleReader
from .sync.utilization import Utilization

_LOGGER = logging.getLogger(__name__)

_BETWEEN_REFUSAL_LOGS = timedelta(days=1)  # an automation may ask in a loop
_LEAP = timedelta(minutes=1)  # the wall clock was set forward, or the machine slept: readings may be old

type FeishuConfigEntry = ConfigEntry[FreeBusyCoordinator]


class FreeBusyCoordinator(DataUpdateCoordinator[None]):
    """Connects the parts of an entry. `sync.poller` reads the subjects; `subjects` knows what each shows now.

    A listener whose context is the id of a subject is called at each change of that subject. A listener without a
    context is called after every poll and change.
    """

    config_entry: FeishuConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: FeishuConfigEntry,
        client: FeishuClient,
        clock: EntryClock,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        stored: Stored,
    ) -> None:
        """Make the subjects from the options and the catalogue, which has been read before."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.client = client
        self.clock = clock
        self.grant = async_grant_keeper(hass, entry, clock, self.update_issues)
        self.person_client = client.as_person(self.grant)
        self.catalogue = catalogue
        self.calls = calls
        self._office_days = OfficeDays(hass, entry.title)
        self.options = self._office_days.applied(Options.of(entry.options), self.clock.moment)
        self.last_read_at: datetime | None = None
        self._started_at = self.clock.moment.now.replace(microsecond=0)
        self._refusal_logged_at = datetime.min.replace(tzinfo=UTC)
        self.booker: object | None = None  # see `acting`, which lies above this module
        self.denied_scopes: tuple[str, ...] = ()  # those that the last action lacked
        self.release_stop: PendingRelease | None = None  # why no more bookings of others are ended
        self._stored = stored
        self.pace = Pace()  # of removing entities
        self.subjects_lock = asyncio.Lock()  # held while the entities of new subjects are added
        self.subjects = Subjects(catalogue, self.clock, self)
        self.notifier = Notifier(self.subjects, self.clock, entry.title)
        self.utilization = Utilization(hass, entry, self.clock, self.notifier, self)
        self._outdated_log = OutdatedLog(entry.title)
        self._poller = Poller(hass, entry, client, catalogue, calls, self.clock, self.subjects, self)
        self.timetable = self._poller.timetable
        self.statuses = self._poller.statuses
        self.source = self._poller.reader.rooms
        self.bookings = Bookings(client, catalogue, calls, self.clock, self.subjects, self._poller, self)
        self.live = LiveUpdates(hass, entry, client, catalogue, calls, self.clock, self.subjects, self._poller, self)
        self.titles = TitleReader(hass, client, calls, self.clock, self.subjects, self.notifier, self._poller, self)
        self.presence = Presence(hass, entry.title, self.clock, self.subjects, self.notifier, self)
        self._timer = Timer(hass, entry.title, self.clock, self.subjects, self.notifier, self._poller, self)
        # When Home Assistant stops, it neither unloads entries nor cancels timers
        self._unsub_stop: CALLBACK_TYPE | None = hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)

    # The account

    @property
    def ignored(self) -> frozenset[str]:
        """Return the ids of the subjects that are not read: none of their entities is enabled."""
        return self._poller.ignored

    @property
    def error(self) -> FeishuError | None:
        """Return Feishu's error that failed the last poll, None if the poll worked or failed for another reason."""
        cause = self.last_exception.__cause__ if self.last_exception and not self.last_update_success else None
        return cause if isinstance(cause, FeishuError) else None

    @property
    def account(self) -> Account:
        """Return the state of the account, from which the issues follow."""
        failure = None if self.last_update_success else self.last_exception
        account = account_of(
            self._poller, self.catalogue, self.calls, self.options, self.clock, self.live, self.titles, failure
        )
        return replace(
            account,
            missing_for_actions=self._missing_for_actions,
            release_stop=self.release_stop,
            link=self.grant.link,
        )

    @property
    def _missing_for_actions(self) -> tuple[str, ...]:
        """Return the scopes that the app lacks for what the options allow, by the list of granted scopes.

        A failed action counts, too: the list may be out of date or not readable.
        """
        needed = needed_scopes(book=self.options.book, release=self.options.release)
        granted = self.catalogue.data.scopes
        return (missing_scopes(needed, granted) if granted is not None else ()) or self.denied_scopes

    def clients_of(self, subject_id: str) -> tuple[FeishuClient, ...]:
        """Return the clients to read a subject with, one after the other until one can.

        The linked person reads their own calendar. If the link fails, the app reads it like those of others.
        """
        person = self.config_entry.data.get(CONF_PERSON) or {}
        is_own = self.grant.end is None and subject_id in (person.get("open_id"), person.get("union_id"))
        return (self.person_client, self.client) if is_own else (self.client,)

    def people_alone(self, person_ids: Iterable[str]) -> int:
        """Return how many of these people take a call each."""
        return self._poller.reader.people_alone(person_ids)

    # Listeners

    @callback
    @override
    def async_add_listener(self, update_callback: CALLBACK_TYPE, context: Any = None) -> CALLBACK_TYPE:
        """Call `update_callback` at each change of the subject `context`; return a function that stops this."""
        end = super().async_add_listener(update_callback, context)
        end_notifying = self.notifier.async_listen(context, update_callback)

        @callback
        def remove_listener() -> None:
            end()
            end_notifying()

        return remove_listener

    # The timer

    @callback
    def before_changes(self, moment: Moment, leap: timedelta) -> None:
        """Read all after a leap of the clock, and find out once a day which days are office days."""
        if leap > _LEAP and not self._shutdown_requested:
            self._poller.want(self.subjects)
            self.create_task(self.async_request_refresh(), "after a leap of the clock")
        if self._office_days.is_outdated(moment):
            self.create_task(self._async_read_office_days(), "office days")

    @callback
    def after_changes(self) -> None:
        """Show the end of the grace in an outage, and the numbers of an hour that is over."""
        self._show_utilization()
        if not self.last_update_success:
            async_update_stale(self.hass, self.config_entry, self.account)

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        with self.clock.one_moment():
            self.live.note_poll()
            self._timer.arm()  # polls may postpone the next wake-up again and again
            self._show_utilization()
            self.update_issues()
            self.notifier.notify(None)

    @callback
    def _show_utilization(self) -> None:
        if self.utilization.is_due(self.clock.moment) and not self._shutdown_requested:
            self._note_uses()
            self.create_task(self.utilization.async_publish(), "utilization")

    @callback
    def _on_use(self, room_id: str, ended: UseSpan, _begun: UseSpan) -> None:
        self.utilization.note_use(room_id, ended.start, ended.end or self.clock.moment.now, ended.use)

    @callback
    def _note_uses(self) -> None:
        for room_id in self.presence.rooms:
            span = self.presence.span(room_id)
            self.utilization.note_use(room_id, span.start, self.clock.moment.now, span.use)

    @callback
    def _count_utilization(self) -> None:
        """Count all rooms until now: the office hours or the sensors are about to change."""
        self._note_uses()
        self.utilization.count_all()

    @callback
    @override
    def async_update_listeners(self) -> None:
        """Do nothing when polls begin or cease to fail: each subject is notified of its own changes, in slices."""

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and the timer."""
        await super().async_shutdown()
        self._poller.stop()
        self._timer.stop()
        self.titles.stop()
        self.presence.async_stop()
        self._office_days.async_stop()
        if self._unsub_stop:
            self._unsub_stop()
            self._unsub_stop = None
        await self.live.async_stop()
        await self.grant.async_stop()

    async def async_save_utilization(self) -> None:
        """Count all rooms until now and write the numbers to disk."""
        self._note_uses()
        await self.utilization.async_save()

    async def _on_stop(self, _event: Event) -> None:
        self._unsub_stop = None
        await self.async_save_utilization()
        await self.async_shutdown()
        await self._stored.async_save()

    # Start and polls

    async def async_start(self, stored: Readings) -> None:
        """Read all subjects once. If that fails, stored readings serve as long as they would have without the restart.

        Raises `ConfigEntryNotReady` if nothing can be read and no stored reading is valid.
        """
        await self._office_days.async_read(self.clock.moment)
        self.options = self._office_days.applied(self.options, self.clock.moment)
        self.async_ignore_disabled()
        await self.utilization.async_load()
        await self._restore(stored)
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady:
            if not self.account.is_anything_known:
                raise
            # An outage during the start: log it like the base class, which will log its end
            _LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)  # noqa: TRY400
        await self.utilization.async_publish()

    async def _restore(self, stored: Readings) -> None:
        moment, external = self.clock.moment, self.options.include_external_calendar
        readings = still_valid(stored, moment.now, self.timetable.interval_at, include_external_calendar=external)
        by_age = sorted(readings.items(), key=lambda item: item[1].read_at)
        async for subject_id, reading in in_slices(by_age):
            if subject_id in self.subjects:
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
        subject = self.subjects[subject_id]
        before = subject.reading
        subject.keep(reading, fresh_until_loop=fresh_until_loop)
        self.last_read_at = reading.read_at
        self._rebuild(subject)
        self.notifier.notify(subject_id)
        # Changes since the last run would come late, and some of them twice
        if before and before.read_at >= self._started_at and self.notifier.hears_of_bookings(subject_id):
            self.notifier.notify_bookings(subject_id, self._changes(subject, before, subject.reading or reading))
        if not is_stored and not self._shutdown_requested:
            self.live.note_read(subject_id, before, reading, fresh_until=fresh_until_loop)
            changed = subject_id if is_news(before, subject.reading or reading) else None
            self._stored.async_keep_readings(self.subjects.readings, changed)
            if changed:
                self.titles.note_news(subject_id)

    def _changes(self, subject: Subject, before: Reading, after: Reading) -> Iterable[Change]:
        """Return what happened to the bookings of a subject between two readings."""
        pending = self.options.count_pending_as_busy
        return changes_between(before, after, kind=subject.kind, count_pending_as_busy=pending)

    @callback
    def _rebuild(self, subject: Subject) -> None:
        rebuild(
            subject,
            self.catalogue.data,
            self.options,
            self.clock.moment,
            off_hours_limit=self.timetable.status_plan.off + STATUS_LIMIT,
            is_failing=self.statuses.failing_since is not None,
        )
        self.utilization.note(subject)

    async def note_statuses(self, room_ids: Iterable[str]) -> None:
        """Show what the catalogue now says of the status of these rooms, which was read between two scans."""
        has_changed = False
        async for room_id in in_slices(room_ids):
            if subject := self.subjects.get(room_id):
                self._rebuild(subject)
                has_changed |= self.notifier.notify_if_changed(room_id)
        with self.clock.one_moment():
            self._timer.arm()
            if has_changed:
                self.notifier.notify(None)
        self._stored.async_keep_catalogue(self.catalogue.data)

    @callback
    def update_issues(self) -> None:
        """Show the issues that follow from the state of the account."""
        if not self._shutdown_requested:
            account = self.account
            async_update_issues(self.hass, self.config_entry, account)
            if not account.failure:
                self._outdated_log.note(account.outdated.error if account.outdated else None)

    @callback
    def async_live_changed(self) -> None:
        """Show that the state of live updates has changed."""
        with self.clock.one_moment():
            self.update_issues()
            self.notifier.notify(None)

    async def async_check_now(self) -> None:
        """Read all subjects now; while polls fail, one call checks whether they still do."""
        self._poller.want(self.subjects)
        await self.async_refresh()

    async def async_read_now(self, subject_id: str) -> None:
        """Read a subject now; one poll serves several requests. Do nothing if these use too many calls today."""
        if subject_id not in self.subjects:
            return
        if self._poller.request(subject_id):
            await self.async_request_refresh()
        elif (now := self.clock.moment.now) - self._refusal_logged_at >= _BETWEEN_REFUSAL_LOGS:
            self._refusal_logged_at = now
            _LOGGER.warning(
                "homeassistant.update_entity has used up its share of the calls of %s, and reads nothing for now",
                self.name,
            )

    def create_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
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
                self.create_task(self._apply_hours(), "time zone")

        entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, apply_config))
        entry.async_on_unload(self.catalogue.async_add_listener(self._apply_catalogue))
        entry.async_on_unload(async_watch_enabled(hass, entry, self.async_ignore_disabled))
        self._office_days.async_watch(self.options.office_day, self._apply_office_days)
        self.live.async_apply(enabled=self.options.live_updates)
        self.titles.async_apply()
        self.grant.async_start()
        self.presence.async_apply()
        entry.async_on_unload(self.presence.async_listen(None, self._on_use))

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
        if self.catalogue.data.scopes is not None:  # read just now
            self.denied_scopes = ()
        self.update_issues()
        self.create_task(self._async_take_catalogue(), "catalogue")

    async def _async_take_catalogue(self) -> None:
        await self._take_over()
        moment = self.clock.moment
        if any(self.timetable.is_due(subject_id, moment) for subject_id in self._poller.to_read()):
            self.create_task(self.async_request_refresh(), "new rooms")
        self._stored.async_keep_catalogue(self.catalogue.data)

    async def _async_read_office_days(self) -> None:
        await self._office_days.async_read(self.clock.moment)
        if not self._shutdown_requested:
            self._apply_office_days()

    @callback
    def _apply_office_days(self) -> None:
        """Plan again: today may have become an office day, or none. Older evidence may not count any more."""
        self._count_utilization()
        self.options = self._office_days.applied(self.options, self.clock.moment)
        self.create_task(self._apply_hours(), "evidence")
        self.timetable.cap_wait(self.subjects, self.clock.moment)
        self.create_task(self.async_request_refresh(), "office days")

    async def _apply_hours(self) -> None:
        """Judge all evidence by the office hours and the time zone as they are now."""
        self._poller.replan()
        async for subject_id in in_slices(self.subjects):
            if subject := self.subjects.get(subject_id):
                self._rebuild(subject)
                self.notifier.notify(subject_id)
        with self.clock.one_moment():
            self._timer.arm()
            self.notifier.notify(None)

    async def async_apply_options(self) -> None:
        """Apply changed options without a reload: entities that stay keep their state. Then read what is due.

        Ends early if the entry is unloaded: another start takes the options as they are then.
        """
        task = self.create_task(self._apply_options(), "changed options")
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _apply_options(self) -> None:
        before, options = self.options, Options.of(self.config_entry.options)
        if before == options or not self.is_running:
            return
        if (
            before.source != options.source
            or not options.rooms.keys() <= self.catalogue.data.catalogue.rooms.keys()
            or not options.room_levels.keys() <= before.room_levels.keys()
        ):
            # Refresh the catalogue first: an unknown room may be disabled, and a scope may be new
            await self.catalogue.async_refresh()
            if not self.is_running:
                return
        before, new = self.options, Options.of(self.config_entry.options)
        self._count_utilization()
        self.options = self._office_days.applied(new, self.clock.moment)
        self._office_days.async_watch(new.office_day, self._apply_office_days)
        self._poller.reader.try_again()
        self.titles.async_apply()
        await self._take_over()
        if not self.is_running:
            return
        self.live.async_apply(enabled=self.options.live_updates)
        if (before.horizon, before.include_external_calendar) != (
            self.options.horizon,
            self.options.include_external_calendar,
        ):
            self.timetable.make_due(self.subjects)
        self.timetable.cap_wait(self.subjects, self.clock.moment)
        await self.async_refresh()

    @property
    def is_running(self) -> bool:
        """Return whether the entry is still loaded; otherwise, its next start reads the options."""
        return self.config_entry.state is ConfigEntryState.LOADED and self.config_entry.runtime_data is self

    async def _take_over(self) -> None:
        """Replace the subjects by those of the options and the catalogue, and update their entities and devices."""
        async with self.subjects_lock:
            infos, before = self.subjects.describe(), set(self.subjects)
            self.subjects.replace(infos)
            self._poller.retain_subjects()
            async for subject_id, info in in_slices(infos.items()):
                if self.config_entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
                    return
                self._take_over_one(self.subjects[subject_id], info, is_new=subject_id not in before)
            self._poller.replan()
            with self.clock.one_moment():
                self._timer.arm()
                self.notifier.notify(None)
            self.presence.async_apply()
            await async_remove_dropped(self.hass, self.config_entry, self.subjects)

    @callback
    def _take_over_one(self, subject: Subject, info: SubjectInfo, *, is_new: bool) -> None:
        known, subject.info = subject.info, info
        self._rebuild(subject)
        if is_new:
            self.notifier.notify_added(info.id)
            return
        self.notifier.notify(info.id)
        if known != subject.info:
            async_update_device(self.hass, self.config_entry, subject.info)
