"""What a set of busy periods means at an instant: all rules about time.

Pure functions: no I/O, no clock, no Home Assistant. Instants are in UTC; periods are half-open, `[start, end)`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from operator import attrgetter

from ..feishu.models import BusyPeriod, RoomStatus, RsvpStatus, SubjectKind

# Replaces an empty reason, because no reason means "not disabled". Translated as an attribute value
DISABLED_WITHOUT_REASON = "disabled"

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
_SHORTEST_GAP = timedelta(minutes=1)  # a booking until 23:59:59 and one from midnight are one block

type _Span = tuple[datetime, datetime]  # start and end of a period that is not merged into a `Block` yet

_start = attrgetter("start")
_end = attrgetter("end")


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A maximal run of merged busy periods. Gaps of under a minute do not count."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class DisabledPeriod:
    """The period in which a room is disabled. `end` is None if it has no end."""

    start: datetime
    end: datetime | None
    reason: str

    def contains(self, now: datetime) -> bool:
        """Return whether the room is disabled at `now`."""
        return self.start <= now and (self.end is None or now < self.end)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Return whether the room is disabled at any time of `[start, end)`."""
        return self.start < end and (self.end is None or start < self.end)


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a subject at one instant.

    `busy_since` and `busy_until` are None if the subject is not busy, or if that end of the block is outside the known
    window. `next_busy` and `next_free` are None if that instant would lie beyond the horizon; `next_free` is also
    None while `available_now`. `pending` is the number of requests that are not yet granted and not over.
    """

    busy: bool
    busy_since: datetime | None
    busy_until: datetime | None
    next_busy: datetime | None
    available_now: bool
    next_free: datetime | None
    disabled_reason: str | None
    pending: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The blocks of a subject between `window_start` and `horizon`.

    `blocks` are sorted, with gaps of at least a minute. A block that goes beyond the horizon ends at the horizon.
    """

    window_start: datetime
    horizon: datetime
    blocks: tuple[Block, ...]
    pending: tuple[Block, ...] = ()
    disabled: DisabledPeriod | None = None

    def known_at(self, now: datetime) -> bool:
        """Return whether `now` is within the window that was read."""
        return self.window_start <= now < self.horizon

    def status(self, now: datetime, min_free: timedelta) -> Status | None:
        """Return the state at `now`, None outside the known window.

        `min_free` is the shortest gap that counts as available.
        """
        if not self.known_at(now):
            return None
        upcoming = bisect_right(self.blocks, now, key=_start)
        ahead = bisect_right(self.blocks, now, key=_end)
        current = self.blocks[ahead] if ahead < upcoming else None
        next_busy = self.blocks[upcoming].start if upcoming < len(self.blocks) else None
        available_now = current is None and (next_busy or self.horizon) - now > min_free
        return Status(
            busy=current is not None,
            busy_since=current.start if current and current.start > self.window_start else None,
            busy_until=current.end if current and current.end < self.horizon else None,
            next_busy=next_busy,
            available_now=available_now,
            next_free=None if available_now else self._next_gap(ahead, min_free),
            disabled_reason=self.disabled.reason if self.disabled and self.disabled.contains(now) else None,
            pending=sum(request.end > now for request in self.pending),
        )

    def _next_gap(self, index: int, min_free: timedelta) -> datetime | None:
        """Return the start of the first gap of at least `min_free` after the block at `index` or a later one."""
        for position, block in enumerate(self.blocks[index:], index + 1):
            gap_end = self.blocks[position].start if position < len(self.blocks) else self.horizon
            if block.end < gap_end and gap_end - block.end >= min_free:
                return block.end
        return None

    def gaps(self, earliest: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the free periods from `earliest` to the horizon."""
        start = earliest
        for block in self.blocks[bisect_right(self.blocks, earliest, key=_end) :]:
            if start < block.start:
                yield start, block.start
            start = block.end
        if start < self.horizon:
            yield start, self.horizon

    def free_within(self, start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return the free periods within the known part of `[start, end)`."""
        end = min(end, self.horizon)
        return tuple(Block(first, min(last, end)) for first, last in self.gaps(start) if first < end)

    def next_end(self, after: datetime) -> datetime | None:
        """Return the first known end of a block at or after `after`."""
        index = bisect_left(self.blocks, after, key=_end)
        if index == len(self.blocks) or self.blocks[index].end >= self.horizon:
            return None
        return self.blocks[index].end

    def bookings(self, now: datetime, time_zone: tzinfo) -> tuple[Block, ...]:
        """Return the blocks that touch today or tomorrow in `time_zone`.

        If a block starts before the known window or ends after it, that end is unknown. The midnight before `now` or
        the one after tomorrow takes its place.
        """
        start = start_of_day(now, time_zone)
        end = start_of_day(now, time_zone, days=2)
        return tuple(
            Block(
                block.start if block.start > self.window_start else start,
                block.end if block.end < self.horizon else end,
            )
            for block in self.blocks
            if block.start < end and start < block.end
        )

    def block_at(self, now: datetime, time_zone: tzinfo) -> Block | None:
        """Return the current block, else the next one; None if there is none before the horizon.

        If the block starts before the known window or ends after it, that end is unknown. The midnight before `now` or
        the first one after the horizon takes its place, both in `time_zone`.
        """
        index = bisect_right(self.blocks, now, key=_end)
        if index == len(self.blocks):
            return None
        block = self.blocks[index]
        return Block(
            block.start if block.start > self.window_start else start_of_day(now, time_zone),
            block.end if block.end < self.horizon else start_of_day(self.horizon, time_zone, days=1),
        )

    def next_change(self, now: datetime, min_free: timedelta, time_zone: tzinfo) -> datetime:
        """Return the earliest instant after `now` at which `status`, `bookings` or `block_at` may change."""
        instants = [start_of_day(now, time_zone, days=1), self.window_start, self.horizon, self.horizon - min_free]
        instants += (request.end for request in self.pending)
        if self.disabled:
            instants += (self.disabled.start, self.disabled.end or self.horizon)
        for key, after in ((_start, now), (_end, now), (_start, now + min_free)):
            index = bisect_right(self.blocks, after, key=key)
            if index < len(self.blocks):
                instants.append(key(self.blocks[index]) - (after - now))
        return min(instant for instant in instants if instant > now)


def build_schedule(
    periods: Iterable[BusyPeriod],
    *,
    kind: SubjectKind,
    window_start: datetime,
    horizon: datetime,
    disabled: DisabledPeriod | None = None,
    count_pending_as_busy: bool = False,
) -> Schedule:
    """Merge a free/busy answer for the window `[window_start, horizon)` into a schedule.

    `periods` may be in any order, overlap, and extend beyond the window.
    """
    rows = [period for period in periods if period.start < period.end]
    busy = [(row.start, row.end) for row in rows if counts_as_busy(row, kind, count_pending_as_busy)]
    if disabled:
        busy.append((max(disabled.start, window_start), disabled.end or horizon))
    pending = [(row.start, row.end) for row in rows if _is_pending(row, kind)]
    return Schedule(
        window_start=window_start,
        horizon=horizon,
        blocks=_merge(_within(busy, window_start, horizon)),
        pending=tuple(Block(start, end) for start, end in sorted(_within(pending, window_start, horizon))),
        disabled=disabled,
    )


def merge_schedules(first: Schedule, second: Schedule) -> Schedule:
    """Return the schedule of a subject that two apps read: busy if either says so, known where both know."""
    window_start, horizon = max(first.window_start, second.window_start), min(first.horizon, second.horizon)
    spans = [(block.start, block.end) for schedule in (first, second) for block in schedule.blocks]
    pending = {(block.start, block.end) for schedule in (first, second) for block in schedule.pending}
    disabled = [schedule.disabled for schedule in (first, second) if schedule.disabled]
    return Schedule(
        window_start=window_start,
        horizon=horizon,
        blocks=_merge(_within(spans, window_start, horizon)),
        pending=tuple(Block(start, end) for start, end in sorted(_within(pending, window_start, horizon))),
        disabled=max(disabled, key=lambda period: period.end or _NEVER, default=None),
    )


def single_bookings(
    periods: Iterable[BusyPeriod],
    *,
    kind: SubjectKind,
    start: datetime,
    end: datetime,
    disabled: DisabledPeriod | None = None,
    count_pending_as_busy: bool = False,
) -> tuple[Block, ...]:
    """Return the bookings that touch `[start, end)`: sorted, not merged, not cut, without duplicates.

    `disabled` counts as one booking. It is not cut either: else a calendar trigger would take the start of each range
    that it asks for as the start of an event.
    """
    blocks = {
        Block(row.start, row.end)
        for row in periods
        if row.start < row.end
        and row.start < end
        and start < row.end
        and counts_as_busy(row, kind, count_pending_as_busy)
    }
    if disabled and disabled.overlaps(start, end):
        blocks.add(Block(disabled.start, disabled.end or _NEVER))
    return tuple(sorted(blocks))


def disabled_period(status: RoomStatus | None, as_of: datetime) -> DisabledPeriod | None:
    """Return the period in which a room is disabled, from the `room_status` that was read at `as_of`.

    `enabled` decides for `as_of`, the dates for later instants: a room that is not enabled is disabled even if its
    dates are odd. A room that is enabled but within its dates is disabled, too, unless `enabled_next` is true:
    `enabled` may lag behind, and a disabled room must not look free.
    """
    if status is None:
        return None
    start, end = status.disable_start, status.disable_end
    reason = status.disable_reason or DISABLED_WITHOUT_REASON
    if not status.enabled:
        since = start if start and start <= as_of else _LONG_AGO
        return DisabledPeriod(since, end if end and end > as_of else None, reason)
    if start is None or (end is not None and end <= max(start, as_of)):
        return None
    if start <= as_of and status.enabled_next:
        return None
    return DisabledPeriod(start, end, reason)


def _is_pending(period: BusyPeriod, kind: SubjectKind) -> bool:
    # Several people may request a room for the same time; until one request is approved, the room is not taken
    return kind is SubjectKind.ROOM and period.rsvp_status is RsvpStatus.NEEDS_ACTION


def counts_as_busy(period: BusyPeriod, kind: SubjectKind, count_pending_as_busy: bool) -> bool:
    """Return whether a row makes the subject busy."""
    if period.rsvp_status in (RsvpStatus.DECLINE, RsvpStatus.REMOVED):
        return False
    return count_pending_as_busy or not _is_pending(period, kind)


def _within(spans: Iterable[_Span], window_start: datetime, horizon: datetime) -> list[_Span]:
    return [(start, min(end, horizon)) for start, end in spans if start < horizon and window_start < end]


def _merge(spans: Iterable[_Span]) -> tuple[Block, ...]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] < _SHORTEST_GAP:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(Block(start, end) for start, end in merged)


def start_of_day(now: datetime, time_zone: tzinfo, days: int = 0) -> datetime:
    """Return the midnight before `now` in `time_zone`, plus `days`."""
    return _midnight(now.astimezone(time_zone).date() + timedelta(days=days), time_zone)


@lru_cache(maxsize=256)  # all subjects ask for the same days
def _midnight(day: date, time_zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, time_zone).astimezone(UTC)
