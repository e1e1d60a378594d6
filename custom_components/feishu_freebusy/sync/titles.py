"""Reads the titles and organizers of the bookings of the next day, if that is switched on. They are never stored.

The state of a room does not depend on them: if they cannot be read, only the labels of its bookings are missing.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterable
from datetime import datetime
from itertools import batched
import logging
from math import inf
from typing import Any, Protocol

from homeassistant.core import HomeAssistant, callback

from .._slices import in_slices
from ..feishu.client import MAX_BATCH_ROOMS, FeishuClient
from ..feishu.errors import (
    AppError,
    EndpointRetiredError,
    FeishuError,
    QuotaExceededError,
    ScopeMissingError,
    SubjectError,
)
from ..feishu.events import MAX_TITLES
from ..feishu.models import RoomBooking, SubjectKind
from ..model.moment import Moment
from ..model.options import Options, TitlesOption
from ..model.schedule import Block
from ..model.titles import FAILURE_LASTS, NO_LABEL, READ_AGAIN_AFTER, READ_AHEAD, Label, Labels, Titles
from .clock import EntryClock
from .notifier import Notifier
from .poller import Poller
from .quota import MonthlyCalls
from .subjects import Subjects
from .timetable import DUE_SLACK

_LOGGER = logging.getLogger(__name__)

_QUIET = 3.0  # seconds; a new booking waits for others
_EVERY = READ_AGAIN_AFTER.total_seconds() + 1.0  # by then, the titles of the last read are not recent
_PAUSE = FAILURE_LASTS.total_seconds()
_SLOWEST = 1 / 8  # a nearly empty share makes the interval this many times longer, at most

type Shown = tuple[tuple[Block, Label], ...]
type _Rows = dict[str, tuple[RoomBooking, ...]]


class Host(Protocol):
    """Knows the options, starts tasks and shows issues."""

    @property
    def options(self) -> Options:
        """The options in force."""

    @callback
    def create_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Start work that is canceled when the entry is unloaded."""

    @callback
    def update_issues(self) -> None:
        """Show the issues that follow from the state of the account."""


class TitleReader:
    """Knows the label of each booking of the next day. `error` is that of the last read, None if it worked.

    `refusal` says which permission is missing, until a read works again.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        client: FeishuClient,
        calls: MonthlyCalls,
        clock: EntryClock,
        subjects: Subjects,
        notifier: Notifier,
        poller: Poller,
        host: Host,
    ) -> None:
        self._loop = hass.loop
        self._events = client.events
        self._calls = calls
        self._clock = clock
        self._subjects = subjects
        self._notifier = notifier
        self._poller = poller
        self._host = host
        self._option = TitlesOption.OFF
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self._titles = Titles()
        self._rooms: dict[str, Labels] = {}
        self._due_at: dict[str, float] = {}  # by the loop's clock; a room that is not in it is due
        self._refused: set[str] = set()  # each fails the call for several rooms
        self._retry_at = -inf
        self._looked_at: datetime | None = None
        self.error: FeishuError | None = None
        self.refusal: ScopeMissingError | None = None

    # What is shown

    @property
    def is_on(self) -> bool:
        """Return whether anything may be shown."""
        return self._option is not TitlesOption.OFF and self._option is self._host.options.titles

    @callback
    def label_of(self, room_id: str, block: Block) -> Label:
        """Return the label of a single booking; an empty one if none is known."""
        labels = self._rooms.get(room_id)
        counts = self.is_on and labels is not None and labels.counts(self._clock.moment.now)
        return labels.by_times.get(block, NO_LABEL) if labels and counts else NO_LABEL

    @callback
    def shown(self, room_id: str) -> Shown:
        """Return the bookings that run or start within a day and have a label, with it, in their order."""
        if not self.is_on or room_id not in self._rooms:
            return ()
        blocks = self._bookings(room_id, self._clock.moment)
        labels = ((block, self.label_of(room_id, block)) for block in blocks)
        return tuple((block, label) for block, label in labels if label != NO_LABEL)

    @callback
    def running(self, room_id: str) -> Label:
        """Return the label of the booking that runs now; an empty one if none is known, or several run."""
        now = self._clock.moment.now
        labels = [label for block, label in self.shown(room_id) if block.start <= now]
        return labels[0] if len(labels) == 1 else NO_LABEL

    def _bookings(self, room_id: str, moment: Moment) -> tuple[Block, ...]:
        """Return the single bookings of a room that run or start within a day."""
        subject = self._subjects.get(room_id)
        if subject is None or subject.reading is None:
            return ()
        return subject.single_bookings(subject.reading.periods, moment.now, moment.now + READ_AHEAD)

    # On and off

    @callback
    def async_apply(self) -> None:
        """Begin or end as the options say, without what was read before. The caller notifies all rooms."""
        if self._option is self._host.options.titles:
            return
        self.stop()
        self._option = self._host.options.titles
        self._reset()
        self._host.update_issues()
        self._arm()

    @callback
    def stop(self) -> None:
        """Read nothing any more."""
        self._option = TitlesOption.OFF
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._task:
            self._task.cancel()
            self._task = None

    async def async_check(self) -> None:
        """Read all rooms now: the permission may have been granted."""
        if self._task:
            await asyncio.wait([self._task])
        if self.is_on:
            self._due_at.clear()
            await asyncio.wait([self._start(self._async_read())])

    # When to read

    @callback
    def note_news(self, room_id: str) -> None:
        """Read a room soon if it has bookings that were not there at the last read."""
        if not self.is_on or self._subjects[room_id].kind is not SubjectKind.ROOM:
            return
        moment, labels = self._clock.moment, self._rooms.get(room_id)
        if not (labels.times if labels else frozenset()).issuperset(self._bookings(room_id, moment)):
            due_at = self._due_at[room_id] = min(self._due_at.get(room_id, inf), moment.loop + _QUIET)
            if self._timer and due_at < self._timer.when():
                self._arm()

    @callback
    def _arm(self) -> None:
        """Set the timer to the next read, or the next end of a booking that is shown."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if not self.is_on or self._task:
            return
        moment = self._clock.moment
        rooms = self._to_read()
        due_at = min((self._due_at.get(room_id, moment.loop) for room_id in rooms), default=moment.loop + _EVERY)
        ends = (block.end for labels in self._rooms.values() for block in labels.by_times if block.end > moment.now)
        end_in = min(((end - moment.now).total_seconds() for end in ends), default=inf)
        self._timer = self._loop.call_at(min(max(due_at, self._retry_at), moment.loop + end_in), self._on_timer)

    @callback
    def _on_timer(self) -> None:
        self._timer = None
        self._start(self._async_look())

    async def _async_look(self) -> None:
        """Show the end of bookings, and read what is due."""
        moment = self._clock.moment
        before, self._looked_at = self._looked_at or moment.now, moment.now
        async for room_id, labels in in_slices(list(self._rooms.items())):
            is_over = any(before < block.end <= moment.now for block in labels.by_times)
            if is_over or labels.counts(before) is not labels.counts(moment.now):
                self._notifier.notify(room_id)
        is_due = any(self._is_due(room_id, moment) for room_id in self._to_read())
        if is_due and self._retry_at <= moment.loop + DUE_SLACK:
            await self._async_read()

    def _to_read(self) -> list[str]:
        return [room_id for room_id, subject in self._poller.to_read().items() if subject.kind is SubjectKind.ROOM]

    def _is_due(self, room_id: str, moment: Moment) -> bool:
        return self._due_at.get(room_id, -inf) <= moment.loop + DUE_SLACK

    # Reads

    @callback
    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self._task = self._host.create_task(work, "titles")
        self._task.add_done_callback(self._on_done)
        return self._task

    @callback
    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._task = None
            self._arm()

    async def _async_read(self) -> None:
        """Read the rooms that are due, and the titles of their bookings."""
        before, error = self.refusal, None
        self._retry_at = self._loop.time() + _EVERY  # unless the read works
        try:
            await self._read_due()
            self._retry_at = -inf
        except FeishuError as failure:
            _LOGGER.debug("Titles could not be read: %s, code %s", type(failure).__name__, failure.code)
            error = failure.with_traceback(None)
            if isinstance(error, (AppError, EndpointRetiredError, QuotaExceededError)):
                self._retry_at = self._loop.time() + _PAUSE
        self.error = error
        if error is None or isinstance(error, ScopeMissingError):
            self.refusal = error
        self._calls.async_save_soon()
        if self.refusal is not before:
            self._host.update_issues()

    async def _read_due(self) -> None:
        moment, rooms = self._clock.moment, self._to_read()
        self._rooms = {room_id: labels for room_id, labels in self._rooms.items() if room_id in rooms}
        due = [room_id for room_id in rooms if self._is_due(room_id, moment)]
        self._postpone(due, _EVERY)  # a room without bookings takes no call
        booked = [room_id async for room_id in in_slices(rooms) if self._bookings(room_id, moment)]
        alone = [(room_id,) for room_id in booked if room_id in due and room_id in self._refused]
        chosen = [room_id for room_id in booked if room_id in due and room_id not in self._refused]
        others = [room_id for room_id in booked if room_id not in due and room_id not in self._refused]
        others.sort(key=lambda room_id: self._due_at[room_id])
        chosen += others[: -len(chosen) % MAX_BATCH_ROOMS]
        found: _Rows = {}
        for chunk in (*batched(chosen, MAX_BATCH_ROOMS, strict=False), *alone):
            read = await self._read_rows(chunk, moment)
            self._show(read)
            found |= read
        if self._option is TitlesOption.TITLE_AND_ORGANIZER:
            await self._read_titles(found, moment)

    async def _read_rows(self, room_ids: Collection[str], moment: Moment) -> _Rows:
        """Read the rows of the next day. Rooms that cannot be read, or paid, are left out."""
        if not self._pay():
            return {}
        self._postpone(room_ids, _EVERY / max(self._calls.titles.fill(moment), _SLOWEST))
        now = moment.now.replace(microsecond=0)
        try:
            found = await self._events.bookings_of_rooms(list(room_ids), time_min=now, time_max=now + READ_AHEAD)
        except SubjectError:
            if len(room_ids) == 1:
                self._refused.update(room_ids)
                self._postpone(room_ids, _PAUSE)
                return {}
            half = len(room_ids) // 2  # one room fails the whole call
            first, second = list(room_ids)[:half], list(room_ids)[half:]
            return await self._read_rows(first, moment) | await self._read_rows(second, moment)
        self._refused.difference_update(room_ids)
        return {room_id: rows for room_id, rows in found.items() if not isinstance(rows, FeishuError)}

    async def _read_titles(self, found: _Rows, moment: Moment) -> None:
        rows = [row for of_room in found.values() for row in of_room]
        for asked in batched(self._titles.wanted(rows, moment.now), MAX_TITLES, strict=False):
            if not self._pay():
                return
            told = await self._events.titles(asked)
            self._titles.take(rows, asked, told, moment.now)
            self._show(found)

    @callback
    def _show(self, found: _Rows) -> None:
        """Make the labels of these rooms, and notify the rooms whose labels have changed."""
        now = self._clock.moment.now
        for room_id, rows in found.items():
            before, labels = self._rooms.get(room_id), self._titles.labels_of(rows, now)
            self._rooms[room_id] = labels
            if before is None or not before.counts(now) or before.by_times != labels.by_times:
                self._notifier.notify(room_id)

    def _pay(self) -> bool:
        return self._calls.titles.spend(1, self._clock.moment)

    def _postpone(self, room_ids: Iterable[str], seconds: float) -> None:
        self._due_at |= dict.fromkeys(room_ids, self._loop.time() + seconds)
