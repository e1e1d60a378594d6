"""Live updates of an entry: connects the long connection, the rules of `sync.push`, and the polls."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from math import inf
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..feishu.client import FeishuClient
from ..feishu.errors import FeishuError
from ..feishu.hints import STATUS_CHANGED, Hint, RoomChanged, TokenRevoked
from ..feishu.models import SubjectKind
from ..feishu.stream import StreamProblem, StreamState, StreamStatistics, StreamStatus
from ..model.intervals import PollPlan, TimeLeft
from ..model.live import LiveProblem, LiveState
from ..model.moment import LoopSeconds
from ..model.options import Options
from ..model.subject import Reading
from .catalogue import CatalogueCoordinator
from .clock import EntryClock
from .grant_keeper import GrantKeeper
from .hint_budget import hint_rate, safety_plan
from .poller import Poller
from .push import HintReader, Work
from .quota import MonthlyCalls
from .shared_stream import SharedStream, async_listen
from .subjects import Subjects
from .trust import TrustState, has_changed
from .trust_store import TrustStore

_SHORT_GAP = 120.0  # seconds; a connection that comes back so soon changes nothing
_NOTIFY_AFTER = 10.0  # seconds; one update of the entities for many events
_LEAST_DELAY = 0.1  # seconds, between two looks at what is due
_QUIET = 2.0  # seconds; nothing is read sooner after an event
_CHECK_AFTER = 600.0  # seconds without an event; then look whether the published version has it
_CHECK_EVERY = 6 * 3600.0
_MISSING_FOR = 86_400.0
_BETWEEN_STATUSES = 300.0  # seconds; an event that no booking explains may be a changed status
_PROBLEMS: Mapping[StreamProblem, LiveProblem] = {
    StreamProblem.WRONG_CLOUD: LiveProblem.WRONG_CLOUD,
    StreamProblem.TOO_MANY_CONNECTIONS: LiveProblem.TOO_MANY_CONNECTIONS,
    StreamProblem.NOT_PUBLISHED: LiveProblem.NOT_PUBLISHED,
}


class Host(Protocol):
    """The coordinator."""

    @property
    def options(self) -> Options:
        """The options of the entry."""

    grant: GrantKeeper
    last_update_success: bool

    async def async_refresh(self) -> None:
        """Read what is due now."""

    def async_live_changed(self) -> None:
        """Show that the state of live updates has changed."""


class LiveUpdates:
    """Reads rooms soon after Feishu pushed an event, and makes polls rarer while events cover all changes.

    While it is off, it does nothing at all.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: FeishuClient,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        clock: EntryClock,
        subjects: Subjects,
        poller: Poller,
        host: Host,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._client = client
        self._catalogue = catalogue
        self._calls = calls
        self._clock = clock
        self._subjects = subjects
        self._poller = poller
        self._host = host
        self._trust_store = TrustStore(hass, entry, clock)
        self._stream: SharedStream | None = None
        self._reader: HintReader | None = None
        self._reset()

    def _reset(self) -> None:
        self._read_at: dict[str, LoopSeconds] = {}  # start of the last read of each room
        self._hinted: dict[str, LoopSeconds] = {}  # last event since that read
        self._connected_at = inf
        self._lost_at: float | None = None  # end of the connection, or the start; None while it is open
        self._problem: StreamProblem | None = None  # of the last attempt; kept during the next one
        self._is_published: bool | None = None  # None: not known
        self._untrusted_since: float | None = None
        self._status_wanted_at = -inf
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.last_event: datetime | None = None

    # What is shown

    @property
    def is_on(self) -> bool:
        """Return whether live updates are switched on and running."""
        return self._stream is not None

    @property
    def state(self) -> LiveState:
        """Return the state to show."""
        if self._stream is None or self._reader is None:
            return LiveState.OFF
        if not self._stream.is_connected:
            return LiveState.WAITING
        is_lost = self._reader.trust.state is TrustState.LOST
        return LiveState.NOT_TRUSTED if is_lost else LiveState.CONNECTED

    @property
    def problem(self) -> LiveProblem | None:
        """Return what a person has to do something about."""
        if self._reader is None:
            return None
        if self._problem and (problem := _PROBLEMS.get(self._problem)):
            return problem
        if self._is_published is False and self.last_event is None:
            return LiveProblem.NOT_PUBLISHED
        if self._untrusted_since is not None and self._now() - self._untrusted_since > _MISSING_FOR:
            return LiveProblem.EVENTS_MISSING
        return None

    @property
    def seconds_since_event(self) -> int | None:
        """Return how long ago the last event came, None if there was none since the start."""
        reader = self._reader
        return None if reader is None or reader.last_hint_at is None else round(self._now() - reader.last_hint_at)

    @property
    def status(self) -> StreamStatus:
        """Return the state of the connection; while it is being opened again, with the last problem."""
        status = self._stream.status if self._stream else StreamStatus(StreamState.OFF)
        return status if status.problem else StreamStatus(status.state, self._problem, status.details, status.retry_in)

    @property
    def statistics(self) -> StreamStatistics | None:
        """Return the numbers of the connection, None if live updates are off."""
        return self._stream.statistics if self._stream else None

    @property
    def reader(self) -> HintReader | None:
        """Return the rules with their counts, None if live updates are off."""
        return self._reader

    # On and off

    @callback
    def async_apply(self, *, enabled: bool) -> None:
        """Switch live updates on or off. Connecting and closing go on in the background."""
        if enabled == self.is_on:
            return
        if enabled:
            self._start()
        else:
            self._create_task(self._switch_off(), "live updates off")
        self._replan()
        self._host.async_live_changed()

    def _start(self) -> None:
        rooms = self._poller.reader.rooms
        self._reset()
        self._reader = HintReader(
            self._now(), chunk_size=rooms.chunk_size, calls_per_cycle=rooms.forecast.calls_per_cycle
        )
        self._poller.timetable.adjust = self._adjust
        # Trust from before the start counts only if the connection is open soon
        self._lost_at = self._now()
        self._call_at("gap", self._lost_at + _SHORT_GAP, self._on_gap)
        self._create_task(self._restore(self._reader), "live updates trust")
        self._stream = async_listen(self._hass, self._entry, self)

    async def _restore(self, reader: HintReader) -> None:
        await self._trust_store.async_restore(reader.trust)
        if self._reader is reader and reader.trust.state is not TrustState.PROVING:
            if reader.trust.state is TrustState.LOST:
                self._untrusted_since = reader.trust.since
            else:
                reader.want_full_read()  # polls become rare now, and the last one may be older than the connection
            self._replan()
            self._notify()

    async def _switch_off(self) -> None:
        await self.async_stop()
        await self._trust_store.async_forget()

    async def async_stop(self) -> None:
        """Close the connection, and wait until it is closed, unless another entry needs it."""
        stream, reader = self._stream, self._reader
        self._stream = self._reader = None
        self._poller.timetable.adjust = None
        for timer in self._timers.values():
            timer.cancel()
        self._reset()
        if stream:  # first: the task may be canceled while it saves
            await stream.remove(self)
        if reader:
            await self._trust_store.async_save(reader.trust)

    async def async_check(self, seconds: float) -> None:
        """Connect again unless connected, wait up to `seconds` for that, and ask for the published events."""
        stream = self._stream
        if stream is None:
            return
        if not stream.is_connected:
            before, until = stream.status, self._now() + seconds
            stream.reconnect()
            while stream is self._stream and not stream.is_connected and self._now() < until:
                if stream.status.state is StreamState.WAITING and stream.status is not before:
                    break
                await asyncio.sleep(_LEAST_DELAY)
        if stream is self._stream and self.last_event is None:
            await self._check_published()

    # News of the connection

    @callback
    def on_status(self, status: StreamStatus) -> None:
        """Handle a new state of the connection."""
        if (reader := self._reader) is None:
            return
        now = self._now()
        if status.state is StreamState.CONNECTED:
            self._problem = None
            self._connected_at = now
            self._lost_at = None
            self._cancel("gap")
            reader.note_connected(now)
            if self.last_event is None and "check" not in self._timers:  # some links drop every minute
                self._call_at("check", now + _CHECK_AFTER, self._on_check_due)
        else:
            self._problem = status.problem or self._problem
            reader.note_disconnected(now)
            if self._connected_at < inf:
                self._connected_at, self._lost_at = inf, now
                self._call_at("gap", now + _SHORT_GAP, self._on_gap)
            if status.problem is StreamProblem.CREDENTIALS:
                self._entry.async_start_reauth(self._hass)
        self._arm()
        self._call_at("notify", now, self._notify)

    @callback
    def on_hint(self, hint: Hint) -> None:
        """Handle an event."""
        if (reader := self._reader) is None:
            return
        now = self._now()
        self.last_event = self._clock.moment.now
        self._is_published = None
        rooms = self._subjects.keys() - self._poller.ignored
        if isinstance(hint, TokenRevoked):
            self._host.grant.async_note_revoked(hint.open_id)
        if isinstance(hint, RoomChanged) and hint.room_id in rooms:
            self._hinted[hint.room_id] = now
        reader.note_hint(hint, now, rooms=rooms, others=self._catalogue.data.catalogue.rooms)
        due = self._timers.get("due")
        if due is None or due.when() > now + _QUIET:
            self._arm()
        if "notify" not in self._timers:
            self._call_at("notify", now + _NOTIFY_AFTER, self._notify)

    # News of reads

    @callback
    def note_read(self, room_id: str, before: Reading | None, after: Reading, *, fresh_until: LoopSeconds) -> None:
        """Note a new reading of a room or a person; `fresh_until` is its end on the loop's clock."""
        reader = self._reader
        if reader is None or self._subjects[room_id].kind is not SubjectKind.ROOM:
            return
        started = LoopSeconds(fresh_until - (after.fresh_until - after.read_at).total_seconds())
        previous = self._read_at.get(room_id)
        changed = before is not None and has_changed(before, after)
        self._read_at[room_id] = started
        reader.note_read(room_id, started=started, previous=previous, changed=changed, now=self._now())
        if self._hinted.get(room_id, inf) <= started:
            del self._hinted[room_id]
            if not changed:
                self._want_status(room_id)

    def _want_status(self, room_id: str) -> None:
        """Read the status of a room: it may be what has changed. Seldom, because it takes a call."""
        reader, now = self._reader, self._now()
        if reader is None or now - self._status_wanted_at < _BETWEEN_STATUSES:
            return
        # Without trust in events, regular polls need all calls
        is_limited = self._host.options.budget is not None and reader.trust.state is not TrustState.TRUSTED
        if not is_limited and reader.spend(1, now):
            self._status_wanted_at = now
            self._poller.statuses.want([room_id], at_once=False)

    @callback
    def note_poll(self) -> None:
        """Note the end of a poll."""
        if (reader := self._reader) is None:
            return
        rooms = [each for each, subject in self._poller.to_read().items() if subject.kind is SubjectKind.ROOM]
        if self._connected_at < min((self._read_at.get(room_id, -inf) for room_id in rooms), default=-inf):
            reader.note_full_read(self._now())
        self._arm()

    # What is due

    def _adjust(self, plan: PollPlan, left: TimeLeft, calls_left: float | None) -> PollPlan:
        """Return the plan of polls, and set what reads after events may cost."""
        if (reader := self._reader) is None:
            return plan
        moment, options, rooms = self._clock.moment, self._host.options, self._poller.reader.rooms
        reader.chunk_size, reader.calls_per_cycle = rooms.chunk_size, rooms.forecast.calls_per_cycle
        to_read = self._poller.to_read()
        reader.retain(to_read)
        self._read_at = {room_id: at for room_id, at in self._read_at.items() if room_id in to_read}
        self._hinted = {room_id: at for room_id, at in self._hinted.items() if room_id in to_read}
        safety = None
        if self._covers_all:
            safety = safety_plan(plan, calls_per_cycle=reader.calls_per_cycle, calls_left=calls_left, left=left)
        is_office = options.off_hours is None or not options.off_hours.contains(moment.now, moment.time_zone)
        rate = hint_rate(calls_left, left, is_office=is_office, safety=safety, calls_per_cycle=reader.calls_per_cycle)
        reader.set_rate(rate, moment.loop)
        return safety or plan

    @property
    def _covers_all(self) -> bool:
        """Return whether events cover all changes: they are trusted, and the connection is not gone for long."""
        if self._reader is None or self._reader.trust.state is not TrustState.TRUSTED:
            return False
        return self._lost_at is None or self._now() - self._lost_at < _SHORT_GAP

    def _replan(self) -> None:
        """Plan the polls again, and wait for none longer than the new plan says."""
        self._poller.replan()
        if self._host.last_update_success:  # else, a pause may be on that Feishu asked for
            self._poller.timetable.cap_wait(self._subjects, self._clock.moment)
        self._create_task(self._host.async_refresh(), "live updates plan")  # reads what is due, and sets the timer

    def _on_gap(self) -> None:
        self._timers.pop("gap", None)
        self._replan()

    def _arm(self, *, least_delay: float = 0.0) -> None:
        self._cancel("due")
        # In an outage, polls find its end: no call for an event would be answered
        if self._reader is None or not self._host.last_update_success:
            return
        now = self._now()
        due_at = self._reader.due_at(now)
        if due_at < inf:
            self._call_at("due", max(due_at, now + least_delay), self._on_due)

    def _on_due(self) -> None:
        self._timers.pop("due", None)
        if (reader := self._reader) is None or not self._host.last_update_success:
            return
        now, before = self._now(), reader.trust.state
        work = reader.take(now)
        self._trust_store.async_save_soon(lambda: reader.trust)
        if reader.trust.state is not before:
            self._untrusted_since = now if reader.trust.state is TrustState.LOST else None
            self._replan()
            self._call_at("notify", now, self._notify)
        if work.rooms or work.all_rooms:
            self._create_task(self._read(work, now), "live updates")
        if work.catalogue:
            self._scan(reader, now)
        if work.reconnect and self._stream:
            self._stream.reconnect()
        self._arm(least_delay=_LEAST_DELAY)

    def _scan(self, reader: HintReader, now: LoopSeconds) -> None:
        """Read the catalogue, if its share has calls left, and unless its last read failed."""
        calls, share = self._catalogue.next_calls, self._calls.event_scans
        if self._catalogue.error is None and share.spend(calls, self._clock.moment):
            self._create_task(self._catalogue.async_refresh_after_event(), "live updates rooms")
        else:
            reader.postpone_scan(now)

    async def _read(self, work: Work, taken_at: LoopSeconds) -> None:
        to_read = self._poller.to_read()
        rooms = list(to_read) if work.all_rooms else [room_id for room_id in work.rooms if room_id in to_read]
        self._poller.timetable.make_due(rooms)
        try:
            with self._poller.after_events(work.fill_up):
                await self._host.async_refresh()
        finally:
            if (reader := self._reader) and self._host.last_update_success:
                for room_id in work.rooms:
                    if self._read_at.get(room_id, -inf) < taken_at - _QUIET:
                        reader.note_failure(room_id)
            elif reader:
                reader.note_not_read(work.rooms)
            self._arm()

    # The published version

    def _on_check_due(self) -> None:
        self._timers.pop("check", None)
        if self.last_event is None and self._stream and self._stream.is_connected:
            self._call_at("check", self._now() + _CHECK_EVERY, self._on_check_due)
            self._create_task(self._check_published(), "live updates check")

    async def _check_published(self) -> None:
        try:
            events = await self._client.published_events()
        except FeishuError:
            return  # it takes a permission that the app does not need otherwise
        if self._reader and self.last_event is None:
            self._is_published = STATUS_CHANGED in events
            self._notify()

    # Timers and tasks

    def _notify(self) -> None:
        self._cancel("notify")
        if self._reader:
            self._host.async_live_changed()

    def _call_at(self, name: str, at: float, action: Callable[[], None]) -> None:
        self._cancel(name)
        self._timers[name] = self._hass.loop.call_at(at, action)

    def _cancel(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    def _create_task(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._entry.async_create_background_task(self._hass, work, f"{self._entry.title} {name}")

    def _now(self) -> LoopSeconds:
        return LoopSeconds(self._hass.loop.time())
