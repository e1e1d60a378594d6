"""What a set of busy periods means at an instant: every rule about time, and nothing else.

Pure functions: no I/O, no clock, no Home Assistant. Instants are in UTC; periods are half-open, `[start, end)`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from operator import attrgetter

from ..feishu.models import BusyPeriod, RoomStatus, RsvpStatus

# Kept as a word of its own because an empty reason must not read as "not disabled". Translated as an attribute value.
DISABLED_WITHOUT_REASON = "disabled"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

type _Span = tuple[datetime, datetime]  # start and end of what isn't a `Block` yet, and may never be one

_start = attrgetter("start")
_end = attrgetter("end")


class SubjectKind(StrEnum):
    """What a free/busy answer is about."""

    ROOM = "room"
    PERSON = "person"


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """A maximal run of merged busy periods."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class DisabledPeriod:
    """The time in which a room can't be used; `end` is None when that is for ever."""

    start: datetime
    end: datetime | None
    reason: str

    def contains(self, now: datetime) -> bool:
        """Tell whether the room is disabled at `now`."""
        return self.start <= now and (self.end is None or now < self.end)


@dataclass(frozen=True, slots=True)
class Status:
    """All that is shown of a subject at one instant.

    `busy_since` and `busy_until` are None when not busy, or when that end of the block lies outside the known window.
    `next_busy` and `next_free` are None when there is no such instant before the horizon; `next_free` also while
    `available_now`. `pending` counts the requests not yet granted that have not ended.
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
    """What is known of a subject between `window_start` and `horizon`.

    `blocks` are sorted and never touch each other; one that was clipped ends at the horizon.
    """

    window_start: datetime
    horizon: datetime
    blocks: tuple[Block, ...]
    pending: tuple[Block, ...] = ()
    disabled: DisabledPeriod | None = None

    def known_at(self, now: datetime) -> bool:
        """Tell whether `now` lies in the window that was asked for."""
        return self.window_start <= now < self.horizon

    def status(self, now: datetime, min_free: timedelta) -> Status | None:
        """Return all that is shown at `now`, None where nothing is known.

        `min_free` is the shortest gap that is of use to anyone.
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

    def next_end(self, after: datetime) -> datetime | None:
        """Return the first known end of a block at or after `after`."""
        index = bisect_left(self.blocks, after, key=_end)
        if index == len(self.blocks) or self.blocks[index].end >= self.horizon:
            return None
        return self.blocks[index].end

    def bookings(self, now: datetime, time_zone: tzinfo) -> tuple[Block, ...]:
        """Return the blocks from midnight before `now` to the end of tomorrow, both in `time_zone`.

        An end of a block that lies outside the known window is not known: the block then reaches to that midnight.
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
        """Return the block that is under way, else the next one; None if there is none before the horizon.

        An end of it that lies outside the known window is shown as a midnight in `time_zone`: today's, or the first one
        after the horizon.
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
        """Return the earliest instant after `now` at which anything shown may change by time alone."""
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
    """Merge a free/busy answer into a schedule.

    `periods` may come in any order, overlap, and reach out of the window `[window_start, horizon)` that was asked for.
    """
    rows = [period for period in periods if period.start < period.end]
    busy = [(row.start, row.end) for row in rows if _counts_as_busy(row, kind, count_pending_as_busy)]
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


def single_bookings(
    periods: Iterable[BusyPeriod],
    *,
    kind: SubjectKind,
    start: datetime,
    end: datetime,
    disabled: DisabledPeriod | None = None,
    count_pending_as_busy: bool = False,
) -> tuple[Block, ...]:
    """Return what makes a subject busy within `[start, end)`, one by one and whole, sorted; no booking comes twice.

    Of the time in which a room is disabled, the part within the range counts as one booking.
    """
    blocks = {
        Block(row.start, row.end)
        for row in periods
        if row.start < row.end
        and row.start < end
        and start < row.end
        and _counts_as_busy(row, kind, count_pending_as_busy)
    }
    if disabled and disabled.start < end and (disabled.end is None or start < disabled.end):
        blocks.add(Block(max(disabled.start, start), min(disabled.end or end, end)))
    return tuple(sorted(blocks))


def disabled_period(status: RoomStatus | None, as_of: datetime) -> DisabledPeriod | None:
    """Return when a room can't be used, from the `room_status` that was read at `as_of`.

    The switch is believed for the instant at which it was read, the dates for all later ones: a disabled room with odd
    dates stays disabled. An enabled one whose dates say otherwise is disabled, too, unless it is to stay enabled: the
    switch may lag behind, and an empty schedule must not pass for a free room.
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
    # Several may ask for a room at once and the first approval wins: until then nobody has it.
    return kind is SubjectKind.ROOM and period.rsvp_status is RsvpStatus.NEEDS_ACTION


def _counts_as_busy(period: BusyPeriod, kind: SubjectKind, count_pending_as_busy: bool) -> bool:
    if period.rsvp_status in (RsvpStatus.DECLINE, RsvpStatus.REMOVED):
        return False
    return count_pending_as_busy or not _is_pending(period, kind)


def _within(spans: Iterable[_Span], window_start: datetime, horizon: datetime) -> list[_Span]:
    return [(start, min(end, horizon)) for start, end in spans if start < horizon and window_start < end]


def _merge(spans: Iterable[_Span]) -> tuple[Block, ...]:
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(Block(start, end) for start, end in merged)


def start_of_day(now: datetime, time_zone: tzinfo, days: int = 0) -> datetime:
    """Return the midnight before `now` in `time_zone`, or one so many days later."""
    day = now.astimezone(time_zone).date() + timedelta(days=days)
    return datetime.combine(day, time.min, time_zone).astimezone(UTC)
