"""Live updates: whether hints cover all changes.

Pure: the caller reads and keeps the time. All times are seconds of the event loop's clock.
"""

from collections import deque
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

from ..feishu.models import RsvpStatus
from ..model.moment import LoopSeconds
from ..model.subject import Reading, rows_of_both

_HOUR = 3600.0
_DAY = 24 * _HOUR
_HOURS_OF_DAY, _HOURS_OF_WEEK, _WORKING_DAYS = 24, 7 * 24, 5

_HINT_BEFORE = 60.0  # a hint this long before the previous read still explains a change
_HINT_AFTER = 60.0  # a hint may come this long after the change was read
_HINT_AFTER_GAP = 330.0  # Feishu delivers an event again after 15 s and after 5 min
_LONG_GAP = 300.0  # events of a longer gap may be lost, which proves nothing
_MISSES = 1  # a day that prove nothing
_MISSED_SHARE = 0.02  # of the changes of a working day; in a large office, single events are lost every day
_IN_A_ROW = 3  # misses without a covered change in between: no event comes any more
_LEAST_COVERED = 3  # changes; fewer prove nothing

_NOT_BUSY = (RsvpStatus.DECLINE, RsvpStatus.REMOVED)


class TrustState(StrEnum):
    """Whether hints cover all changes."""

    PROVING = "proving"  # not for a day yet
    TRUSTED = "trusted"
    LOST = "lost"  # changes came without a hint


@dataclass(slots=True)
class _Hour:
    number: int  # of the hour, on the loop's clock
    covered: int = 0
    missed: int = 0


class Trust:
    """Compares the changes that reads find with the hints that came. Nobody knows which changes send an event.

    Trust is lost with two misses in a day. In an office with more than a hundred changes a day, it is lost when more
    than a fiftieth of them is missed. It comes back after a day with fewer misses.
    """

    def __init__(self, now: LoopSeconds) -> None:
        self._last_hint: dict[str, float] = {}
        self._pending: list[tuple[float, str, float]] = []  # when to judge, room, its previous read
        self._hours: deque[_Hour] = deque(maxlen=_HOURS_OF_WEEK)  # with changes
        self._in_a_row = 0
        # The start, or when there were last too many misses; later by the time that proved nothing
        self.since: float = now
        self.covered = 0  # changes since then
        self.misses = 0  # in total
        self.state = TrustState.PROVING

    def stored(self, now: LoopSeconds) -> dict[str, Any]:
        """Return what `restore` needs. Times are ages."""
        hour = int(now // _HOUR)
        return {
            "state": self.state.value,
            "since": now - self.since,
            "covered": self.covered,
            "hours": [[hour - each.number, each.covered, each.missed] for each in self._hours],
        }

    def restore(self, stored: object, now: LoopSeconds, *, off_for: float) -> None:
        """Continue with the result of `stored`, made `off_for` seconds ago. Anything else changes nothing.

        The time in between proves nothing, so it does not count towards the day without misses.
        """
        try:
            state, age, covered = TrustState(stored["state"]), float(stored["since"]), int(stored["covered"])  # type: ignore[index]  # other types fail
            ages = [tuple(map(int, each)) for each in stored["hours"]]  # type: ignore[index]
            hours = [_Hour(int((now - off_for) // _HOUR) - ago, ok, missed) for ago, ok, missed in ages]
        except KeyError, TypeError, ValueError, OverflowError:
            return
        if 0 <= age < inf and covered >= 0 and all(min(each) >= 0 for each in ages):
            self.state, self.since, self.covered = state, now - age, covered
            self._hours.extend(sorted(hours, key=lambda hour: hour.number))

    def note_gap(self, length: float, now: LoopSeconds) -> None:
        """Note that a gap in the connection ends now. It does not count towards the day without misses."""
        self.since = min(self.since + length, now)

    def note_hint(self, room_id: str, now: LoopSeconds) -> None:
        """Note a hint. Only the last one of a room counts."""
        self._last_hint[room_id] = now

    def has_hint(self, room_id: str, previous: float) -> bool:
        """Return whether a hint explains a change since the read at `previous`."""
        return self._last_hint.get(room_id, -inf) >= previous - _HINT_BEFORE

    def note_change(self, room_id: str, *, previous: LoopSeconds, now: LoopSeconds, gap: float) -> bool:
        """Note that a read at `now` differs from the one at `previous`. Return whether that can prove something.

        `gap` is for how many seconds there was no connection in between. A change in a long gap proves nothing.
        """
        if gap > _LONG_GAP:
            return False
        until = now + (_HINT_AFTER_GAP if gap else _HINT_AFTER)
        self._pending.append((until, room_id, previous))
        return True

    @property
    def due_at(self) -> float:
        """Return when `judge` has something to do."""
        return min((until for until, _, _ in self._pending), default=inf)

    def judge(self, now: LoopSeconds) -> bool:
        """Count the changes without a hint. Return whether trust was lost by it."""
        pending, self._pending = self._pending, []
        missed = False
        for until, room_id, previous in pending:
            if self.has_hint(room_id, previous):
                self._hour_of(now).covered += 1
                self.covered += 1
                self._in_a_row = 0
            elif until > now:
                self._pending.append((until, room_id, previous))
            else:
                self._hour_of(now).missed += 1
                self.misses += 1
                self._in_a_row += 1
                missed = True
        was_lost = self.state is TrustState.LOST
        if self._misses_too_many(now):
            self.state = TrustState.LOST
            if missed:
                self.since, self.covered = now, 0
        elif now - self.since >= _DAY and self.covered >= _LEAST_COVERED:
            self.state = TrustState.TRUSTED
        return self.state is TrustState.LOST and not was_lost

    def _misses_too_many(self, now: LoopSeconds) -> bool:
        week = [hour for hour in self._hours if hour.number > now // _HOUR - _HOURS_OF_WEEK]
        day = [hour for hour in week if hour.number > now // _HOUR - _HOURS_OF_DAY]
        changes = max(_changes_in(day), _changes_in(week) / _WORKING_DAYS)  # early on Monday, the last day is a Sunday
        missed = sum(hour.missed for hour in day)
        return missed > max(_MISSES, _MISSED_SHARE * changes) or self._in_a_row >= _IN_A_ROW

    def _hour_of(self, now: LoopSeconds) -> _Hour:
        number = int(now // _HOUR)
        if not self._hours or self._hours[-1].number < number:
            self._hours.append(_Hour(number))
        return self._hours[-1]

    def retain(self, room_ids: Container[str]) -> None:
        """Forget all other rooms."""
        self._last_hint = {room_id: at for room_id, at in self._last_hint.items() if room_id in room_ids}
        self._pending = [each for each in self._pending if each[1] in room_ids]


def _changes_in(hours: Iterable[_Hour]) -> int:
    return sum(hour.covered + hour.missed for hour in hours)


def has_changed(before: Reading, after: Reading) -> bool:
    """Return whether the bookings differ in the time that both readings cover, apart from the passing of time.

    Replies of rooms make no difference, because only one of the two APIs returns them.
    """
    if before.include_external_calendar != after.include_external_calendar:
        return False
    if before.periods is after.periods:
        return False
    first, second = (
        {(row.start, row.end) for row in rows if row.start < row.end and row.rsvp_status not in _NOT_BUSY}
        for rows in rows_of_both(before, after)
    )
    return first != second
