"""Passes Feishu's answers to the oracle, which knows nothing else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulator import Call
from tests.soak import oracle
from tests.soak.agenda import Agenda
from tests.soak.clock import HAIR, SECOND, YearClock
from tests.soak.house import House
from tests.soak.oracle import GRACE_AT_LEAST, GRACE_BEYOND, Closure, Known, Oracle
from tests.soak.tally import Tally
from tests.soak.witness import BATCH, LIST, PEOPLE, ROOMS, ROOMS_MGET, items_by_subject, window_of

WINDOW_BEFORE: Final = timedelta(hours=24)
LONGEST_INTERVAL: Final = timedelta(days=1)
LONGEST_WAIT: Final = timedelta(minutes=5)  # for the list of rooms, if Feishu does not answer


class Hearing:
    """Gives the oracle the answers that are in force, and schedules checks of the rooms around their edges."""

    house: House

    def __init__(self, tally: Tally, clock: YearClock, agenda: Agenda) -> None:
        """Start without answers."""
        self.oracle = Oracle()
        self.changed: set[str] = set()  # rooms whose rows changed
        self.answered: dict[str, datetime] = {}  # when a room was last read, by id
        self.walked_at: datetime | None = None  # start of the scan of the room list that is in force
        self._tally, self._clock, self._agenda = tally, clock, agenda
        self._heard: dict[str, tuple[datetime, Known]] = {}  # answers that are not in force yet, and when they came
        self._walks: list[tuple[datetime, dict[str, Closure | None]]] = []
        self._read_at: tuple[datetime, timedelta, timedelta] | None = None

    def told(self, call: Call, data: Mapping[str, Any] | None) -> None:
        """Process a call and the data of its answer; `data` is None if the answer was bad or lost."""
        if call.path in (BATCH, LIST, PEOPLE):
            self._note_free_busy(call, data)
        elif data and call.path in (ROOMS, ROOMS_MGET):
            rooms = data.get("rooms") or data.get("items") or ()
            closures = {room["room_id"]: oracle.closure_of(room.get("room_status")) for room in rooms}
            self._walks.append((self._clock.now, closures))

    def _note_free_busy(self, call: Call, data: Mapping[str, Any] | None) -> None:
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
            self._heard[room_id] = (
                now,
                Known(rows, *window, read_at + grace, read_at + longest, by_list=by_list),
            )
        self.take_over_answers()

    def take_over_answers(self) -> None:
        """Put answers into force. After an outage, wait until the integration has read which rooms are disabled."""
        if not self._heard:
            return
        house = self.house
        waits = house.is_loaded and not house.coordinator.last_update_success and house.coordinator.catalogue.error
        for room_id, (at, known) in list(self._heard.items()):
            if waits and self._clock.now < at + LONGEST_WAIT:
                continue
            del self._heard[room_id]
            before = self.oracle.known.get(room_id)
            self.oracle.known[room_id] = known
            self.answered[room_id] = at
            self._agenda.mark(room_id, [known.fresh_until])
            if before is None or before.rows != known.rows:
                self.changed.add(room_id)
                self._agenda.mark(room_id, self.oracle.edges(room_id))

    def forget_answers(self) -> None:
        """Drop answers that are not in force yet, because the entry that asked has ended."""
        self._heard.clear()

    def _graces(self) -> tuple[timedelta, timedelta]:
        """Return for how long an answer from now stays valid: at least, and at most."""
        house = self.house
        longest = LONGEST_INTERVAL + GRACE_BEYOND
        options = house.entry.options
        if options["plan"] == "free":  # the budget may lengthen the interval, by a rule that other tests cover
            return oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(house.zone))), longest
        if house.is_loaded and not house.is_settled:
            return GRACE_AT_LEAST, longest
        grace = oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(house.zone)))
        return grace, grace

    def take_over_walk(self) -> None:
        """Put the closures of the last complete scan of the room list into force."""
        if not self.house.is_loaded:
            return
        read_at = self.house.coordinator.catalogue.data.read_at
        if read_at == self.walked_at:
            return
        self.walked_at = read_at
        closures: dict[str, Closure | None] = {}
        for at, found in self._walks:
            if at >= read_at:
                closures |= found
        self._walks.clear()
        changed = {room_id for room_id, closure in closures.items() if closure != self.oracle.closures.get(room_id)}
        self.oracle.closures |= closures
        for room_id in changed & self.oracle.known.keys():
            self._agenda.mark(room_id, self.oracle.edges(room_id))

    def is_still(self, room_id: str, instant: datetime) -> bool:
        """Return whether the latest answer still has an edge for this check."""
        known = self.oracle.known.get(room_id)
        if known is None:
            return True
        edges = {instant - HAIR + SECOND, instant - HAIR, instant - HAIR - SECOND}
        return known.fresh_until in edges or not edges.isdisjoint(self.oracle.edges(room_id))
