"""Live updates: whether hints cover all changes.

Pure: the caller reads and keeps the time. All times are seconds of the event loop's clock.
"""

from collections import deque
from collections.abc import Container
from datetime import datetime
from enum import StrEnum
from math import inf

from ..feishu.models import RsvpStatus
from ..model.moment import LoopSeconds
from ..model.subject import Reading

_DAY = 86_400.0

_HINT_BEFORE = 60.0  # a hint this long before the previous read still explains a change
_HINT_AFTER = 60.0  # a hint may come this long after the change was read
_HINT_AFTER_GAP = 330.0  # Feishu delivers an event again after 15 s and after 5 min
_LONG_GAP = 300.0  # events of a longer gap may be lost, which proves nothing
_MOST_MISSES = 2  # a day
_LEAST_COVERED = 3  # changes; fewer prove nothing

_NOT_BUSY = (RsvpStatus.DECLINE, RsvpStatus.REMOVED)


class TrustState(StrEnum):
    """Whether hints cover all changes."""

    PROVING = "proving"  # not for a day yet
    TRUSTED = "trusted"
    LOST = "lost"  # changes came without a hint


class Trust:
    """Compares the changes that reads find with the hints that came. Nobody knows which changes send an event."""

    def __init__(self, now: LoopSeconds) -> None:
        self._last_hint: dict[str, float] = {}
        self._pending: list[tuple[float, str, float]] = []  # when to judge, room, its previous read
        self._misses: deque[float] = deque(maxlen=_MOST_MISSES)
        self._clean_since: float = now
        self.covered = 0  # changes since the last miss
        self.misses = 0  # in total
        self.state = TrustState.PROVING

    def note_hint(self, room_id: str, now: LoopSeconds) -> None:
        """Note a hint. Only the last one of a room counts."""
        self._last_hint[room_id] = now

    def has_hint(self, room_id: str, previous: float) -> bool:
        """Return whether a hint explains a change since the read at `previous`."""
        return self._last_hint.get(room_id, -inf) >= previous - _HINT_BEFORE

    def note_change(
        self, room_id: str, *, previous: LoopSeconds, now: LoopSeconds, gap: float, is_connected: bool
    ) -> None:
        """Note that a read at `now` differs from the one at `previous`.

        `gap` is for how many seconds there was no connection in between. A change in a long gap proves nothing.
        """
        if not is_connected or gap > _LONG_GAP:
            return
        until = now + (_HINT_AFTER_GAP if gap else _HINT_AFTER)
        self._pending.append((until, room_id, previous))

    @property
    def due_at(self) -> float:
        """Return when `judge` has something to do."""
        return min((until for until, _, _ in self._pending), default=inf)

    def judge(self, now: LoopSeconds) -> bool:
        """Count the changes without a hint. Return whether trust was lost by it."""
        pending, self._pending = self._pending, []
        for until, room_id, previous in pending:
            if self.has_hint(room_id, previous):
                self.covered += 1
            elif until > now:
                self._pending.append((until, room_id, previous))
            else:
                self._note_miss(now)
        while self._misses and self._misses[0] <= now - _DAY:
            self._misses.popleft()
        was_lost = self.state is TrustState.LOST
        if len(self._misses) >= _MOST_MISSES:
            self.state = TrustState.LOST
        elif now - self._clean_since >= _DAY and self.covered >= _LEAST_COVERED:
            self.state = TrustState.TRUSTED
        return self.state is TrustState.LOST and not was_lost

    def _note_miss(self, now: LoopSeconds) -> None:
        self.misses += 1
        self._misses.append(now)
        self._clean_since = now
        self.covered = 0

    def retain(self, room_ids: Container[str]) -> None:
        """Forget all other rooms."""
        self._last_hint = {room_id: at for room_id, at in self._last_hint.items() if room_id in room_ids}
        self._pending = [each for each in self._pending if each[1] in room_ids]


def has_changed(before: Reading, after: Reading) -> bool:
    """Return whether the bookings differ in the time that both readings cover, apart from the passing of time."""
    if before.include_external_calendar != after.include_external_calendar:
        return False
    start, end = max(before.window_start, after.window_start), min(before.horizon, after.horizon)
    return _rows(before, start, end) != _rows(after, start, end)


def _rows(reading: Reading, start: datetime, end: datetime) -> set[tuple[datetime, datetime]]:
    # Without the replies of rooms, which only one of the two APIs returns
    rows = ((max(row.start, start), min(row.end, end)) for row in reading.periods if row.rsvp_status not in _NOT_BUSY)
    return {(since, until) for since, until in rows if since < until}
