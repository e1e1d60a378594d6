"""Passes Feishu's answers to the oracle, which knows nothing else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator import Call
from tests.soak import oracle
from tests.soak.clock import AFTER, SECOND, YearClock
from tests.soak.home import Home
from tests.soak.observed_simulator import (
    BATCH,
    LIST,
    PEOPLE,
    ROOMS,
    ROOMS_MGET,
    ObservedSimulator,
    items_by_subject,
    window_of,
)
from tests.soak.oracle import GRACE_AT_LEAST, GRACE_BEYOND, Closure, Known, Oracle
from tests.soak.scheduler import Scheduler
from tests.soak.tally import Tally

WINDOW_BEFORE: Final = timedelta(hours=24)
LONGEST_INTERVAL: Final = timedelta(days=1)
LONGEST_WAIT: Final = timedelta(minutes=5)  # for the list of rooms, if Feishu does not answer
# Statuses are read on time again this long after the room API failed, and after any other call failed
ROOM_API_RETRY: Final = timedelta(minutes=40)
OTHER_RETRY: Final = timedelta(minutes=15)
SILENCE: Final = timedelta(minutes=40)  # without any answer: there is no connection


class Answers:
    """Gives the oracle the answers that are in force, and schedules checks of the rooms around their edges."""

    home: Home

    def __init__(self, tally: Tally, simulator: ObservedSimulator, clock: YearClock, scheduler: Scheduler) -> None:
        """Start without answers."""
        self._simulator = simulator
        self.oracle = Oracle()
        self.changed: set[str] = set()  # rooms whose rows changed
        self.answered: dict[str, datetime] = {}  # when a room was last read, by id
        self._tally, self._clock, self._scheduler = tally, clock, scheduler
        self._pending: dict[str, tuple[datetime, Known]] = {}  # answers that are not in force yet, and when they came
        self._statuses: list[tuple[datetime, dict[str, Closure | None]]] = []
        self.room_api_failed_at: datetime | None = None
        self._failed_at: datetime | None = None  # any call
        self._heard_at = clock.now
        self._read_since_load: set[str] = set()
        self._read_at: tuple[datetime, timedelta, timedelta] | None = None

    def on_call(self, call: Call, data: Mapping[str, Any] | None) -> None:
        """Process a call and the data of its answer; `data` is None if the answer was bad or lost."""
        if data is None:
            self._failed_at = self._clock.now
        else:
            self._heard_at = self._clock.now
        if call.path in (BATCH, LIST, PEOPLE):
            self._record_free_busy(call, data)
        elif call.path in (ROOMS, ROOMS_MGET):
            if data is None:
                self.room_api_failed_at = self._clock.now
                return
            rooms = data.get("rooms") or data.get("items") or ()
            closures = {room["room_id"]: oracle.closure_of(room.get("room_status")) for room in rooms}
            self._statuses.append((self._clock.now, closures))

    def _record_free_busy(self, call: Call, data: Mapping[str, Any] | None) -> None:
        window = window_of(call)
        if window is None:
            return
        read_at = window[0] + WINDOW_BEFORE
        if self._read_at is None or self._read_at[0] != read_at:
            self._read_at = (read_at, *self._graces())
            self._tally.polls += 1
        if data is None:
            return
        _, grace, longest = self._read_at
        now = self._clock.now
        for room_id, items in items_by_subject(call, data).items():
            rows, by_list = oracle.rows_of(items), call.path != BATCH
            self._pending[room_id] = (
                now,
                Known(rows, *window, read_at + grace, read_at + longest, by_list=by_list),
            )
        self.apply_answers()

    def apply_answers(self) -> None:
        """Put answers into force. Wait until the integration has read the status of the room, but not for ever."""
        for room_id, (at, known) in list(self._pending.items()):
            if not self._is_taken_in(room_id, known) and self._clock.now < at + LONGEST_WAIT:
                continue
            del self._pending[room_id]
            before, count_pending = self.oracle.known.get(room_id), self.home.entry.options["count_pending_as_busy"]
            # The integration may have forgotten an older answer, but then it has read the status since the start
            is_followed = room_id in self._read_since_load
            if before and is_followed and oracle.lost_booking(before, known, at, count_pending=count_pending):
                self.oracle.lost_at[room_id] = at
            self._read_since_load.add(room_id)
            self.oracle.known[room_id] = known
            self.answered[room_id] = at
            self._scheduler.check_around(room_id, [known.fresh_until])
            if before is None or before.rows != known.rows:
                self.changed.add(room_id)
                self._scheduler.check_around(room_id, self.oracle.edges(room_id))

    def _is_taken_in(self, room_id: str, known: Known) -> bool:
        home = self.home
        if not home.is_loaded or room_id not in home.coordinator.subjects:
            return True
        reading = home.coordinator.subjects[room_id].reading
        return reading is not None and reading.read_at >= known.read_at

    def drop_pending(self) -> None:
        """Drop answers that are not in force yet, because the entry that asked has ended."""
        self._pending.clear()
        self._read_since_load.clear()

    def _graces(self) -> tuple[timedelta, timedelta]:
        """Return for how long an answer from now stays valid: at least, and at most."""
        home = self.home
        longest = LONGEST_INTERVAL + GRACE_BEYOND
        options = home.entry.options
        # The budget or trust in events may lengthen the interval, by rules that other tests cover
        if options["plan"] == "free" or options["live_updates"]:
            return oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(home.zone))), longest
        if home.is_loaded and not home.is_settled:
            return GRACE_AT_LEAST, longest
        grace = oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(home.zone)))
        return grace, grace

    def apply_scan(self) -> None:
        """Put the statuses into force that the integration has taken in: those of a scan only once it is complete."""
        if not self.home.is_loaded:
            return
        self.oracle.is_hindered = self._is_hindered()
        data = self.home.coordinator.catalogue.data
        self.oracle.reads_statuses = not data.unlisted
        changed = set()
        for at, closures in self._statuses:
            for room_id, closure in list(closures.items()):
                if room_id not in data.catalogue.rooms or data.as_of(room_id) < at - LONGEST_WAIT:
                    continue  # of a scan that goes on
                del closures[room_id]
                self.oracle.status_at[room_id] = at
                if self.oracle.closures.get(room_id) != closure:
                    changed.add(room_id)
                self.oracle.closures[room_id] = closure
        self._statuses = [each for each in self._statuses if each[1] and self._clock.now - each[0] < LONGEST_WAIT]
        for room_id in changed & self.oracle.known.keys():
            self._scheduler.check_around(room_id, self.oracle.edges(room_id))

    def _is_hindered(self) -> bool:
        """Return whether statuses may be read too late: something fails, or the budget may forbid it."""
        now = self._clock.now
        return (
            self.home.entry.options["plan"] == "free"
            or not self._simulator.is_reachable
            or (self.room_api_failed_at is not None and now - self.room_api_failed_at < ROOM_API_RETRY)
            or (self._failed_at is not None and now - self._failed_at < OTHER_RETRY)
            or now - self._heard_at >= SILENCE
        )

    def has_edge(self, room_id: str, instant: datetime) -> bool:
        """Return whether the latest answer still has an edge for this check."""
        known = self.oracle.known.get(room_id)
        if known is None:
            return True
        edges = {instant - AFTER + SECOND, instant - AFTER, instant - AFTER - SECOND}
        return known.fresh_until in edges or not edges.isdisjoint(self.oracle.edges(room_id))
