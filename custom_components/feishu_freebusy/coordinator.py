"""Owns time and freshness: when to ask Feishu, how long an answer holds, when to wake an entity."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
import random
from typing import override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .catalogue import CatalogueCoordinator, RoomInfo
from .feishu import (
    BusyPeriod,
    CredentialsError,
    FeishuClient,
    FeishuError,
    RateLimitedError,
    SubjectError,
)
from .options import Options
from .polling import MonthlyCalls, grace, pause_after, poll_interval, retry_delay
from .problems import update_failed
from .schedule import Block, Schedule, Status, SubjectKind, build_schedule, disabled_period
from .sources import ACCOUNT_ERRORS, OUTAGE_ERRORS, Answers, ListSource, Source

_LOGGER = logging.getLogger(__name__)

_WINDOW_BEFORE = timedelta(hours=24)
_TICK = timedelta(minutes=1)  # heals jumps of the clock and suspended machines: timers run on the monotonic one
_JITTER = 0.05  # of the interval, so that many instances don't march in step
_DUE_SLACK = 2.0  # seconds; what is due so soon is read along

type FeishuConfigEntry = ConfigEntry[FreeBusyCoordinator]


@dataclass(frozen=True, slots=True)
class Reading:
    """A good answer for one subject: what was asked, what came, when."""

    periods: tuple[BusyPeriod, ...]
    window_start: datetime
    horizon: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is shown of a subject's schedule; it holds for `[since, until)` if no new answer comes."""

    status: Status
    bookings: tuple[Block, ...]
    since: datetime = field(compare=False)
    until: datetime = field(compare=False)


@dataclass(slots=True)
class _Subject:
    """A room, and what is known of it at this moment."""

    info: RoomInfo
    due_at: float = 0.0  # by the loop's clock
    failures: int = 0
    error: FeishuError | None = None
    reading: Reading | None = None
    schedule: Schedule | None = None
    snapshot: Snapshot | None = None


class FreeBusyCoordinator(DataUpdateCoordinator[None]):
    """Reads the free/busy of the rooms of an entry and says what it means now.

    Its data are asked for by room: `snapshot` is None while nothing current is known of one.
    """

    config_entry: FeishuConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: FeishuConfigEntry, client: FeishuClient, catalogue: CatalogueCoordinator
    ) -> None:
        """Take the client to read with, and the catalogue, which has been read."""
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.catalogue = catalogue
        self.options = Options.of(entry.options)
        self._client = client
        self._source = self._new_source()
        self._calls = self._new_count_of_calls()
        self._subjects = {room_id: _Subject(info) for room_id, info in self._describe_rooms().items()}
        self._some_unreadable = False
        self._cancel_timer: CALLBACK_TYPE | None = None
        self._rooms_added_listeners: list[Callable[[Iterable[str]], None]] = []
        self.interval = self._compute_interval()

    # What is known

    @property
    def room_ids(self) -> tuple[str, ...]:
        """Return the ids of the rooms that are read."""
        return tuple(self._subjects)

    def room(self, room_id: str) -> RoomInfo:
        """Return what the catalogue knows of a room."""
        return self._subjects[room_id].info

    @callback
    def snapshot(self, room_id: str) -> Snapshot | None:
        """Return what is to be shown of a room now, None if nothing current is known of it."""
        if (subject := self._subjects.get(room_id)) is None:
            return None
        now = dt_util.utcnow()
        if subject.snapshot is None or not subject.snapshot.since <= now < subject.snapshot.until:
            subject.snapshot = self._take_snapshot(subject, now)
        return subject.snapshot

    def _take_snapshot(self, subject: _Subject, now: datetime) -> Snapshot | None:
        if subject.reading is None or subject.schedule is None:
            return None
        fresh_until = subject.reading.read_at + grace(self.interval)
        status = subject.schedule.status(now, self.options.min_free)
        if status is None or now >= fresh_until:
            return None
        time_zone = dt_util.get_default_time_zone()
        return Snapshot(
            status=status,
            bookings=subject.schedule.bookings(now, time_zone),
            since=now,
            until=min(fresh_until, subject.schedule.next_change(now, self.options.min_free, time_zone)),
        )

    # The timer

    @callback
    def _arm_timer(self) -> None:
        self._disarm_timer()
        if self._shutdown_requested:
            return
        snapshots = (self.snapshot(room_id) for room_id in self._subjects)
        wake_at = min((shot.until for shot in snapshots if shot), default=dt_util.utcnow() + _TICK)
        # By seconds, not by instant: a timer on an instant waits for the clock, for an hour if that was set back by one
        self._cancel_timer = async_call_later(
            self.hass,
            min(wake_at - dt_util.utcnow(), _TICK),
            HassJob(self._on_timer, f"{self.name} next change", cancel_on_shutdown=True),
        )

    @callback
    def _disarm_timer(self) -> None:
        if self._cancel_timer:
            self._cancel_timer()
            self._cancel_timer = None

    @callback
    def _on_timer(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._arm_timer()
        self.async_update_listeners()

    @callback
    @override
    def _async_refresh_finished(self) -> None:
        self._arm_timer()

    @override
    async def async_shutdown(self) -> None:
        """Stop polling and the timer."""
        await super().async_shutdown()
        self._disarm_timer()

    # Polling

    @override
    async def _async_update_data(self) -> None:
        due = [room_id for room_id, subject in self._subjects.items() if subject.due_at <= self._loop_time + _DUE_SLACK]
        try:
            if due:
                await self._read(due)
            elif not self.last_update_success and isinstance(self.last_exception, UpdateFailed):
                raise self.last_exception
        finally:
            self._schedule_next_poll()

    async def _read(self, room_ids: list[str]) -> None:
        self._defer(room_ids)
        now = dt_util.utcnow().replace(microsecond=0)
        window_start, horizon = now - _WINDOW_BEFORE, now + self.options.horizon
        answers = await self._source.read(room_ids, window_start, horizon)
        # Rooms may have been dropped while they were read
        answers = {room_id: answer for room_id, answer in answers.items() if room_id in self._subjects}
        for room_id, answer in answers.items():
            if not isinstance(answer, FeishuError):
                self._keep(self._subjects[room_id], Reading(answer, window_start, horizon, now))
        self.interval = self._compute_interval()
        error = self._failure_of_all(answers)
        self._set_deadlines(answers, of_all=error is not None)
        if error:
            if isinstance(error, CredentialsError):
                # ConfigEntryAuthFailed would end polling for good, yet the app may only be disabled for a while
                self.config_entry.async_start_reauth(self.hass)
            raise update_failed(error) from error
        if answers:
            self._withdraw_reauth()
            self._log_unreadable()

    def _keep(self, subject: _Subject, reading: Reading) -> None:
        subject.reading = reading
        subject.failures = 0
        subject.error = None
        self._rebuild(subject)

    @callback
    def _rebuild(self, subject: _Subject) -> None:
        """Work out the schedule again, because of a new answer, a disabled room or an option."""
        subject.snapshot = None
        if (reading := subject.reading) is None:
            return
        subject.schedule = build_schedule(
            reading.periods,
            kind=SubjectKind.ROOM,
            window_start=reading.window_start,
            horizon=reading.horizon,
            disabled=disabled_period(subject.info.room.status, self.catalogue.data.read_at),
            count_pending_as_busy=self.options.count_pending_as_busy,
        )

    def _failure_of_all(self, answers: Answers) -> FeishuError | None:
        """Return the error that is the account's and not that of single rooms."""
        errors = [answer for answer in answers.values() if isinstance(answer, FeishuError)]
        if not errors or len(errors) < len(answers):
            return None
        alike = {type(error) for error in errors}
        whole_account = len(alike) == 1 and len(errors) == len(self._subjects) > 1
        if whole_account or isinstance(errors[0], (*ACCOUNT_ERRORS, *OUTAGE_ERRORS)):
            return errors[0]
        return None

    def _defer(self, room_ids: list[str]) -> None:
        """See to it that these rooms are not due again at once, whatever comes of reading them."""
        for room_id in room_ids:
            self._subjects[room_id].due_at = self._loop_time + retry_delay(1, self.interval).total_seconds()

    def _set_deadlines(self, answers: Answers, *, of_all: bool) -> None:
        jitter = random.uniform(-_JITTER, _JITTER)  # noqa: S311  # one for all: they stay together
        for room_id, answer in answers.items():
            subject = self._subjects[room_id]
            if isinstance(answer, FeishuError):
                subject.error = subject.error if of_all else answer
                subject.failures += 1
                delay = self._delay_after(answer, subject.failures) * (1 + abs(jitter))  # never sooner than told
            else:
                delay = self.interval * (1 + jitter)
            subject.due_at = self._loop_time + delay.total_seconds()

    def _delay_after(self, error: FeishuError, failures: int) -> timedelta:
        if pause := pause_after(error):
            return pause
        if isinstance(error, SubjectError):
            return self.interval
        delay = retry_delay(failures, self.interval)
        if isinstance(error, RateLimitedError) and error.retry_after:
            delay = max(delay, timedelta(seconds=error.retry_after))
        return delay

    def _withdraw_reauth(self) -> None:
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _log_unreadable(self) -> None:
        """Say once that rooms can't be read, and once that all can be read again."""
        unreadable = [subject for subject in self._subjects.values() if subject.error]
        if unreadable and not self._some_unreadable:
            _LOGGER.warning(
                "%s of %s rooms of %s can't be read, among them %s: %s",
                len(unreadable),
                len(self._subjects),
                self.config_entry.title,
                unreadable[0].info.device_name,
                unreadable[0].error,
            )
        if self._some_unreadable and not unreadable:
            _LOGGER.info("All rooms of %s can be read again", self.config_entry.title)
        self._some_unreadable = bool(unreadable)

    @property
    def _loop_time(self) -> float:
        return self.hass.loop.time()

    def _compute_interval(self) -> timedelta:
        now = dt_util.utcnow()
        return poll_interval(
            self.options.scan_interval,
            calls_per_cycle=self._source.calls_per_cycle(len(self._subjects)),
            budget=self.options.budget,
            used=self._calls.used(now),
            left_of_month=self._calls.left_of_month(now),
        )

    def _schedule_next_poll(self) -> None:
        next_due = min((subject.due_at for subject in self._subjects.values()), default=None)
        if next_due is None:
            self.update_interval = self.interval
        else:
            self.update_interval = timedelta(seconds=max(next_due - self._loop_time, 1.0))

    async def async_read_now(self, room_id: str) -> None:
        """Read a room ahead of its time; several such wishes become one poll."""
        if subject := self._subjects.get(room_id):
            subject.due_at = 0.0
            await self.async_request_refresh()

    # Changes from outside

    @callback
    def async_listen_rooms_added(self, listener: Callable[[Iterable[str]], None]) -> CALLBACK_TYPE:
        """Have `listener` called with the ids of rooms that are new; returns what ends that."""
        self._rooms_added_listeners.append(listener)
        return lambda: self._rooms_added_listeners.remove(listener)

    @callback
    def async_apply_catalogue(self) -> None:
        """Take over names, places and disabled periods from the catalogue."""
        for room_id, info in self._describe_rooms().items():
            subject = self._subjects[room_id]
            subject.info = info
            self._rebuild(subject)
        self._arm_timer()
        self.async_update_listeners()

    async def async_apply_options(self) -> None:
        """Take over changed options in place: rooms that stay don't so much as flicker."""
        before, self.options = self.options, Options.of(self.config_entry.options)
        if before == self.options:
            return
        self._source = self._new_source()
        if before.budget != self.options.budget:
            self._calls = self._new_count_of_calls()
        infos = self._describe_rooms()
        added = infos.keys() - self._subjects.keys()
        self._subjects = {room_id: self._subjects.get(room_id) or _Subject(info) for room_id, info in infos.items()}
        self.interval = self._compute_interval()
        reads_differently = (
            before.horizon != self.options.horizon
            or before.include_external_calendar != self.options.include_external_calendar
        )
        latest = self._loop_time + self.interval.total_seconds()
        for room_id, subject in self._subjects.items():
            subject.info = infos[room_id]
            subject.due_at = 0.0 if reads_differently else min(subject.due_at, latest)
            self._rebuild(subject)
        if added:
            for listener in self._rooms_added_listeners:
                listener([room_id for room_id in self._subjects if room_id in added])
        self._arm_timer()
        self.async_update_listeners()
        await self.async_refresh()

    def _describe_rooms(self) -> Mapping[str, RoomInfo]:
        return self.catalogue.describe(dict(self.options.rooms))

    def _new_count_of_calls(self) -> MonthlyCalls:
        counted = self._client.traffic.counted.total
        return MonthlyCalls(counted, self.options.budget, dt_util.utcnow(), dt_util.get_default_time_zone())

    def _new_source(self) -> Source:
        return ListSource(self._client, include_external_calendar=self.options.include_external_calendar)
