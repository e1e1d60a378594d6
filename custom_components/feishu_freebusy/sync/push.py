"""Live updates: which rooms to read after Feishu's hints.

Pure: the caller connects, reads and keeps the time. All times are seconds of the event loop's clock.
"""

from collections import OrderedDict, deque
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from math import ceil, inf

from ..feishu.hints import CatalogueChanged, Hint, RoomChanged
from ..model.moment import LoopSeconds
from .hint_budget import EPSILON, TokenBucket
from .trust import Trust, TrustState

_HOUR = 3600.0

_REMEMBERED_FOR = 24 * _HOUR  # Feishu delivers an event for the last time after 7 hours and 20 minutes
_MOST_REMEMBERED = 5_000

_QUIET = 2.0  # a hint waits for others this long
_LONGEST_WAIT = 5.0
_READ_AGAIN_AFTER = 15.0  # the answer may follow the event
_MOST_DIRTY = 5_000

_SILENT_FOR = 6 * _HOUR
_BETWEEN_RECONNECTS = 6 * _HOUR

_BETWEEN_FULL_READS = 120.0
_BETWEEN_SCANS = 600.0  # of the catalogue, because of events
_SCAN_QUIET = 30.0
_SCAN_AGAIN_AFTER = _HOUR


class SeenIds:
    """Remembers ids for a day. Feishu delivers an event again if it misses an acknowledgment."""

    def __init__(self) -> None:
        self._seen_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return len(self._seen_at)

    def is_new(self, id_: str, now: LoopSeconds) -> bool:
        """Return whether the id was not seen before, and remember it. An empty one is always new."""
        if not id_:
            return True
        while self._seen_at:
            oldest, seen_at = next(iter(self._seen_at.items()))
            if seen_at > now - _REMEMBERED_FOR and len(self._seen_at) < _MOST_REMEMBERED:
                break
            del self._seen_at[oldest]
        if id_ in self._seen_at:
            return False
        self._seen_at[id_] = now
        return True


@dataclass(slots=True)
class _Dirt:
    first: float
    last: float
    hints: int = 1


class DirtyRooms:
    """The rooms that hints named and that were not read since."""

    def __init__(self) -> None:
        self._dirt: dict[str, _Dirt] = {}
        self._again_at: dict[str, float] = {}
        self._reading: set[str] = set()

    def __len__(self) -> int:
        """Return the number of dirty rooms that are not being read."""
        return len(self._waiting())

    def note_hint(self, room_id: str, now: LoopSeconds) -> None:
        """Mark a room. Of too many rooms, the others wait for the next poll."""
        if dirt := self._dirt.get(room_id):
            dirt.last, dirt.hints = now, dirt.hints + 1
        elif len(self._dirt) < _MOST_DIRTY:
            self._dirt[room_id] = _Dirt(now, now)

    def begin(self, room_ids: Iterable[str]) -> None:
        """Note that a call reads these rooms now."""
        self._reading.update(room_ids)

    def end(self, room_ids: Iterable[str]) -> None:
        """Note that no call reads these rooms any more."""
        self._reading.difference_update(room_ids)

    def note_failure(self, room_id: str) -> None:
        """Forget a room that cannot be read: polls try it again."""
        self._reading.discard(room_id)
        self._dirt.pop(room_id, None)
        self._again_at.pop(room_id, None)

    def note_read(self, room_id: str, started: LoopSeconds) -> None:
        """Clear a room that was read by a call that started at `started`. It should be read once more soon after."""
        self._reading.discard(room_id)
        dirt = self._dirt.get(room_id)
        if dirt and dirt.last <= started:
            del self._dirt[room_id]
            self._again_at[room_id] = dirt.last + _QUIET + _READ_AGAIN_AFTER
        elif self._again_at.get(room_id, inf) <= started:
            del self._again_at[room_id]

    def retain(self, room_ids: Container[str]) -> None:
        """Forget all other rooms."""
        self._dirt = {room_id: dirt for room_id, dirt in self._dirt.items() if room_id in room_ids}
        self._again_at = {room_id: at for room_id, at in self._again_at.items() if room_id in room_ids}
        self._reading = {room_id for room_id in self._reading if room_id in room_ids}

    @property
    def due_at(self) -> float:
        """Return when to read dirty rooms: after 2 seconds without a hint, or 5 seconds after the first one."""
        waiting = self._waiting().values()
        if not waiting:
            return inf
        return min(max(dirt.last for dirt in waiting) + _QUIET, min(dirt.first for dirt in waiting) + _LONGEST_WAIT)

    @property
    def again_at(self) -> float:
        """Return when the first room should be read once more."""
        return min((at for room_id, at in self._again_at.items() if room_id not in self._reading), default=inf)

    def dirtiest(self, most: int) -> list[str]:
        """Return up to `most` dirty rooms, those with the most hints first."""
        waiting = self._waiting()
        return sorted(waiting, key=lambda room_id: (-waiting[room_id].hints, waiting[room_id].first))[:most]

    def to_read_again(self, now: LoopSeconds) -> list[str]:
        """Return the rooms that should be read once more now. They fill up a call before others do."""
        return [room_id for room_id, at in self._again_at.items() if at <= now and room_id not in self._reading]

    def _waiting(self) -> dict[str, _Dirt]:
        return {room_id: dirt for room_id, dirt in self._dirt.items() if room_id not in self._reading}


@dataclass(frozen=True, slots=True)
class Work:
    """What to do now. `rooms` are read by calls of their own, `fill_up` are the first to fill these up."""

    rooms: tuple[str, ...] = ()
    fill_up: tuple[str, ...] = ()
    all_rooms: bool = False
    catalogue: bool = False
    reconnect: bool = False


@dataclass(slots=True)
class PushCounts:
    """Numbers for diagnostics."""

    hints: int = 0
    duplicates: int = 0
    unknown_rooms: int = 0
    reads: int = 0  # calls because of hints
    full_reads: int = 0
    reconnects: int = 0


@dataclass(slots=True)
class _Connection:
    """Since when there is a connection, and how long there was none."""

    first: float = inf  # when the first one was opened
    since: float | None = None
    lost_at: float | None = None
    gaps: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=200))

    def gap_in(self, start: float, now: float) -> float:
        """Return for how many seconds there was no connection in this time.

        Before the first connection, the gap is infinite: Feishu may not even know that somebody waits for events.
        """
        if start < self.first:
            return inf
        gaps = [*self.gaps, (self.lost_at, now)] if self.lost_at is not None else self.gaps
        return sum(max(min(end, now) - max(begin, start), 0.0) for begin, end in gaps)


class HintReader:
    """Decides what to read, from hints, the connection, and the results of reads.

    `take` returns the work that is due, and `due_at` when to call it. `chunk_size` is how many rooms a call reads.
    """

    def __init__(self, now: LoopSeconds, *, chunk_size: int, calls_per_cycle: int) -> None:
        self.chunk_size = chunk_size
        self.calls_per_cycle = calls_per_cycle
        self.trust = Trust(now)
        self.counts = PushCounts()
        self.last_hint_at: LoopSeconds | None = None
        self._bucket = TokenBucket(now)
        self._dirty = DirtyRooms()
        self._seen = SeenIds()
        self._strangers = SeenIds()  # unknown rooms
        self._connection = _Connection()
        self._all_wanted = False
        self._full_read_at = -inf
        self._scan_at = inf
        self._scanned_at = -inf
        self._found_changes = False  # without a hint, since the last event
        self._silent_since: float | None = None
        self._reconnected_at = -inf

    # What happens

    def note_connected(self, now: LoopSeconds) -> None:
        """The connection is open. After a gap, everything should be read once."""
        connection = self._connection
        if connection.since is None:
            if connection.lost_at is not None:
                connection.gaps.append((connection.lost_at, now))
                self.trust.note_gap(now - connection.lost_at, now)
                self.want_full_read()
            connection.first = min(connection.first, now)
            connection.since, connection.lost_at = now, None
            self._silent_since = now if self._silent_since is None else self._silent_since

    def note_disconnected(self, now: LoopSeconds) -> None:
        """The connection has ended."""
        if self._connection.since is not None:
            self._connection.since, self._connection.lost_at = None, now

    def note_hint(
        self, hint: Hint, now: LoopSeconds, *, rooms: Container[str], others: Container[str] = frozenset()
    ) -> None:
        """Note an event. `rooms` are the ids of the rooms that are read, `others` those of the known ones that are not.

        An event of another room of the tenant wants a scan of the catalogue.
        """
        self.last_hint_at = now
        self._silent_since, self._found_changes = now, False
        if not self._seen.is_new(hint.event_id, now):
            self.counts.duplicates += 1
            return
        self.counts.hints += 1
        match hint:
            case RoomChanged(room_id=room_id) if room_id in rooms:
                self._dirty.note_hint(room_id, now)
                self.trust.note_hint(room_id, now)
            case RoomChanged(room_id=room_id) if room_id not in others:
                self.counts.unknown_rooms += 1
                if self._strangers.is_new(room_id, now):  # the first scan finds it, or none does
                    self._want_scan(now)
            case CatalogueChanged():
                self._want_scan(now + _SCAN_QUIET)

    def note_read(
        self, room_id: str, *, started: LoopSeconds, previous: LoopSeconds | None, changed: bool, now: LoopSeconds
    ) -> None:
        """Note that a room was read, by a poll or because of a hint.

        `previous` is the start of the read before; `changed` is the result of `has_changed`.
        """
        self._dirty.note_read(room_id, started)
        if changed and previous is not None and self._connection.since is not None:
            gap = self._connection.gap_in(previous, now)
            if self.trust.note_change(room_id, previous=previous, now=started, gap=gap):
                self._found_changes |= not self.trust.has_hint(room_id, previous)

    def want_full_read(self) -> None:
        """Read everything once while there is a connection: some changes may have sent their event to nobody."""
        self._all_wanted = True

    def note_full_read(self, now: LoopSeconds) -> None:
        """Note that all rooms were read: a poll may do it before a full read is due."""
        self._all_wanted, self._full_read_at = False, now

    def note_not_read(self, room_ids: Iterable[str]) -> None:
        """Note that nothing could be read at all: the rooms stay dirty."""
        self._dirty.end(room_ids)

    def note_failure(self, room_id: str) -> None:
        """Note that a room could not be read."""
        self._dirty.note_failure(room_id)

    def set_rate(self, rate: float | None, now: LoopSeconds) -> None:
        """Set the calls per second that hints may cost, see `hint_rate`."""
        self._bucket.set_rate(rate, now)

    def spend(self, calls: int, now: LoopSeconds) -> bool:
        """Pay for calls that hints do not need; return whether enough were left."""
        if self._bucket.available_at(calls + self._reserve, now) > now:
            return False
        self._bucket.spend(calls, now)
        return True

    def postpone_scan(self, now: LoopSeconds) -> None:
        """Note that a scan of the catalogue could not be made."""
        self._scan_at = now + _SCAN_AGAIN_AFTER

    def retain(self, room_ids: Container[str]) -> None:
        """Forget all rooms that are not read any more."""
        self._dirty.retain(room_ids)
        self.trust.retain(room_ids)

    # What to do

    def due_at(self, now: LoopSeconds) -> float:
        """Return when to call `take`, infinity if only a new event matters."""
        rooms = max(self._dirty.due_at, self._bucket.available_at(1, now))
        return min(rooms, self._again_due_at(now), self._full_read_due_at(now), self._scan_at, self.trust.due_at)

    def take(self, now: LoopSeconds) -> Work:
        """Return what to do now. It is paid for; the caller does it and reports each read or failure."""
        lost_trust = self.trust.judge(now)
        rooms, fill_up = self._rooms_to_read(now)
        self._dirty.begin(rooms)
        calls = ceil(len(rooms) / self.chunk_size)
        self.counts.reads += calls
        self._bucket.spend(calls, now)
        everything = self._full_read_due_at(now) <= now
        if everything:
            self.note_full_read(now)
            self.counts.full_reads += 1
            self._bucket.spend(self.calls_per_cycle, now)
        catalogue = self._scan_at <= now
        if catalogue:
            self._scan_at, self._scanned_at = inf, now
        return Work(rooms, fill_up, everything, catalogue, self._take_reconnect(now, lost_trust=lost_trust))

    def _rooms_to_read(self, now: LoopSeconds) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the rooms that get calls of their own, and those to fill these up."""
        again = self._dirty.to_read_again(now)
        rooms: list[str] = []
        if self._dirty.due_at <= now:
            calls = int(min(ceil(len(self._dirty) / self.chunk_size), self._bucket.available(now) + EPSILON))
            rooms = self._dirty.dirtiest(calls * self.chunk_size)
        elif again and self._again_due_at(now) <= now:
            rooms = again[: self.chunk_size]
        if not rooms:
            return (), ()
        return tuple(rooms), tuple(room_id for room_id in again if room_id not in rooms)

    @property
    def _reserve(self) -> float:
        """Return how many calls stay reserved for hints that may come."""
        return self._bucket.capacity / 2 if self._bucket.capacity < inf else 0.0

    def _again_due_at(self, now: LoopSeconds) -> float:
        """Return when rooms are read once more by a call of their own.

        Without trust in hints, regular polls need all calls.
        """
        if self.trust.state is not TrustState.TRUSTED and self._bucket.capacity < inf:
            return inf
        return max(self._dirty.again_at, self._bucket.available_at(1 + self._reserve, now))

    def _full_read_due_at(self, now: LoopSeconds) -> float:
        """Return when everything is read after a gap: seldom, and only from calls that hints leave over."""
        if not self._all_wanted or self._connection.since is None:
            return inf
        affordable_at = self._bucket.available_at(self.calls_per_cycle + self._reserve, now)
        return max(self._full_read_at + _BETWEEN_FULL_READS, affordable_at)

    def _want_scan(self, at: float) -> None:
        self._scan_at = min(self._scan_at, max(at, self._scanned_at + _BETWEEN_SCANS))

    def _take_reconnect(self, now: LoopSeconds, *, lost_trust: bool) -> bool:
        """Return whether the connection looks dead although it is open: changes come, and hints do not."""
        silent = self._silent_since is not None and now - self._silent_since >= _SILENT_FOR and self._found_changes
        wanted = (lost_trust or silent) and now - self._reconnected_at >= _BETWEEN_RECONNECTS
        if not wanted or self._connection.since is None:
            return False
        self._reconnected_at, self._silent_since = now, now
        self.counts.reconnects += 1
        return True
