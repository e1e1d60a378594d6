"""A room or a person: what was read about it, and what that means at a moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from math import inf
from typing import ClassVar

from ..feishu.errors import FeishuError, SubjectError
from ..feishu.models import BusyPeriod, SubjectKind
from ..feishu.windows import joined
from .directory import RoomInfo
from .evidence import (
    READING_LIMIT,
    Hours,
    Limit,
    Piece,
    ReadingEvidence,
    RoomEvidence,
    Stamp,
    counts_until,
    limits_of,
)
from .moment import LoopSeconds, Moment
from .schedule import (
    Block,
    DisabledPeriod,
    Schedule,
    Status,
    build_schedule,
    single_bookings,
    start_of_day,
)

_ALL_HOURS = Hours(None, UTC)
_WATCHED_AHEAD = timedelta(days=1)

type SubjectInfo = RoomInfo | PersonInfo


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person as shown: by the name that was entered for the id."""

    kind: ClassVar[SubjectKind] = SubjectKind.PERSON
    id: str
    device_name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A good answer: its window, its rows, and until when it is valid by the wall clock."""

    periods: tuple[BusyPeriod, ...]
    window_start: datetime
    horizon: datetime
    read_at: datetime
    fresh_until: datetime
    include_external_calendar: bool = True


def rows_of_both(before: Reading, after: Reading) -> tuple[list[BusyPeriod], list[BusyPeriod]]:
    """Return the rows of two readings in the time that both cover, cut to it.

    So a booking that only leaves or enters the window makes no difference.
    """
    start, end = max(before.window_start, after.window_start), min(before.horizon, after.horizon)
    first, second = (
        [
            replace(row, start=max(row.start, start), end=min(row.end, end))
            for row in reading.periods
            if row.start < end and start < row.end
        ]
        for reading in (before, after)
    )
    return first, second


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything shown about a subject; valid for `[since, until)` unless a new answer comes.

    `block` is the current or next block, `bookings` are the blocks of today and tomorrow.
    """

    status: Status
    block: Block | None
    bookings: tuple[Block, ...]
    since: datetime = field(compare=False)
    until: datetime = field(compare=False)


def _loop_end(limit: Limit) -> float:
    """Return when a piece of evidence is too old, by the loop's clock."""
    return limit.read.loop + (limit.until - limit.read.at).total_seconds()


def snapshot_of(schedule: Schedule, moment: Moment, min_free: timedelta, until: datetime) -> Snapshot | None:
    """Return what a schedule that counts until `until` means at `moment`, None outside the known window."""
    now, time_zone = moment.now, moment.time_zone
    if (status := schedule.status(now, min_free)) is None:
        return None
    return Snapshot(
        status=status,
        block=schedule.block_at(now, time_zone),
        bookings=schedule.bookings(now, time_zone),
        since=now,
        until=min(until, schedule.next_change(now, min_free, time_zone)),
    )


@dataclass(slots=True, eq=False)
class Subject:
    """What is known about a room or a person.

    It is shown while each piece of `evidence` counts, by the wall clock and by the loop's clock. So a wall clock that
    is set back does not make an old answer last longer.
    """

    info: SubjectInfo
    polls_unknown: int = 0  # polls since the last good answer in which Feishu did not know the person
    error: FeishuError | None = None
    reading: Reading | None = None
    schedule: Schedule | None = None
    disabled: DisabledPeriod | None = None
    count_pending_as_busy: bool = False
    last_notified: Snapshot | None = None  # what the listeners were told last
    evidence: dict[Piece, Limit] = field(default_factory=dict)  # empty without a reading
    _read: ReadingEvidence | None = None
    _room: RoomEvidence | None = None
    _hours: Hours = _ALL_HOURS
    _reading_limit: Limit | None = None
    _loop_until: float = -inf  # when the first piece of evidence is too old by the loop's clock
    _snapshot: Snapshot | None = None
    _ahead: tuple[object, tuple[Block, ...]] | None = None  # single bookings, and what they were made from

    @property
    def kind(self) -> SubjectKind:
        """Return whether it is a room or a person."""
        return self.info.kind

    def keep(self, reading: Reading, *, fresh_until_loop: LoopSeconds) -> None:
        """Store a new answer; call `rebuild` next."""
        left = reading.fresh_until - reading.read_at
        self._read = ReadingEvidence(
            Stamp(reading.read_at, LoopSeconds(fresh_until_loop - left.total_seconds())),
            graced_until=reading.fresh_until,
            horizon=reading.horizon,
            watched_since=self._watched_since(reading.read_at),
            is_empty=not reading.periods,
        )
        if self.reading and self.reading.periods == reading.periods:
            reading = replace(reading, periods=self.reading.periods)  # the same object: values made from it stay valid
        self.reading = reading
        self.polls_unknown = 0
        self.error = None

    def _watched_since(self, now: datetime) -> datetime:
        """Return when the unbroken run of readings began that an answer of `now` continues."""
        last = self._read
        if last is None or now > min(last.graced_until, last.read.at + READING_LIMIT):
            return now
        return last.watched_since

    def note_refusal(self, error: FeishuError) -> None:
        """Record the error returned instead of an answer."""
        if isinstance(error, SubjectError) and error.is_no_such_person:
            self.polls_unknown += 1

    def rest_on(self, room: RoomEvidence | None, hours: Hours) -> None:
        """Set what the room API says of the room (None for a person), and the office hours."""
        self._room = room
        self._hours = hours
        self.evidence = limits_of(self._read, room, hours) if self._read else {}
        self._reading_limit = self.evidence.get(Piece.READING)
        self._loop_until = min(map(_loop_end, self.evidence.values()), default=-inf)
        self._snapshot = None

    @property
    def status_read(self) -> Stamp | None:
        """Return when the status of the room was read, None if the state does not rest on it."""
        return self._room.status_read if self._room else None

    def has_lost_booking(self, answer: Iterable[BusyPeriod], now: datetime) -> bool:
        """Return whether a booking of the next 24 hours is not in a new answer, not even moved a little.

        Feishu cancels the bookings of a room that is disabled.
        """
        if self.reading is None or self.reading.periods == answer:
            return False
        end = now + _WATCHED_AHEAD
        before, after = (
            single_bookings(
                periods, kind=self.kind, start=now, end=end, count_pending_as_busy=self.count_pending_as_busy
            )
            for periods in (self.reading.periods, answer)
        )
        return any(not any(new.start < old.end and old.start < new.end for new in after) for old in before)

    def rebuild(self, *, disabled: DisabledPeriod | None, count_pending_as_busy: bool) -> None:
        """Make the schedule again: the answer, the room's status or an option has changed."""
        if (self.disabled, self.count_pending_as_busy) != (disabled, count_pending_as_busy):
            self._ahead = None
        self.disabled = disabled
        self.count_pending_as_busy = count_pending_as_busy
        self.rest_on(self._room, self._hours)
        if self.reading:
            self.schedule = build_schedule(
                self.reading.periods,
                kind=self.kind,
                window_start=self.reading.window_start,
                horizon=self.reading.horizon,
                disabled=disabled,
                count_pending_as_busy=count_pending_as_busy,
            )

    def fresh_until(self, moment: Moment) -> datetime | None:
        """Return until when, by the wall clock, all evidence counts; None if some does not count at `moment`."""
        return counts_until(self.evidence, moment) if self.evidence else None

    def is_read(self, moment: Moment) -> bool:
        """Return whether the reading itself counts, whatever the room API says."""
        limit = self._reading_limit
        return limit is not None and moment.now < limit.until and moment.loop < _loop_end(limit)

    def knows(self, start: datetime, end: datetime, moment: Moment) -> bool:
        """Return whether the reading is fresh and covers `[start, end)`."""
        reading = self.reading
        return self.is_read(moment) and reading is not None and reading.window_start <= start and end <= reading.horizon

    def snapshot(self, moment: Moment, min_free: timedelta) -> Snapshot | None:
        """Return what to show at `moment`; None if nothing current is known.

        Returns the same object until something shown may have changed.
        """
        if self._snapshot is None or not self._holds(self._snapshot, moment):
            self._snapshot = self._take_snapshot(moment, min_free)
        return self._snapshot

    def is_told(self, moment: Moment) -> bool:
        """Return whether the listeners were told what to show at `moment`; False if nothing current is known."""
        known = self._snapshot
        return known is not None and known is self.last_notified and self._holds(known, moment)

    def _holds(self, snapshot: Snapshot, moment: Moment) -> bool:
        # Its end is not after the end of the evidence by the wall clock
        return snapshot.since <= moment.now < snapshot.until and moment.loop < self._loop_until

    def _take_snapshot(self, moment: Moment, min_free: timedelta) -> Snapshot | None:
        if self.schedule is None or (until := self.fresh_until(moment)) is None:
            return None
        return snapshot_of(self.schedule, moment, min_free, until)

    def single_bookings(self, periods: Iterable[BusyPeriod], start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return the single bookings among `periods` that make the subject busy within `[start, end)`."""
        return single_bookings(
            periods,
            kind=self.kind,
            start=start,
            end=end,
            disabled=self.disabled,
            count_pending_as_busy=self.count_pending_as_busy,
        )

    def window(self, moment: Moment) -> tuple[datetime, datetime] | None:
        """Return the window of a fresh reading, None if there is none."""
        if self.reading is None or not self.is_read(moment):
            return None
        return self.reading.window_start, self.reading.horizon

    def updated(
        self, before: Iterable[BusyPeriod], moment: Moment, after: Iterable[BusyPeriod] | None = None
    ) -> tuple[BusyPeriod, ...]:
        """Return older rows, those `before` the window of a fresh reading and those `after` it, with its own between.

        Without `after`, `before` has both.
        """
        earlier = tuple(before)
        later = earlier if after is None else tuple(after)
        window = self.window(moment)
        if window is None and later is earlier:
            return earlier
        start, end = window or (moment.now, moment.now)
        rows = self.reading.periods if window and self.reading else ()
        ended = [replace(row, end=min(row.end, start)) for row in earlier if row.start < start]
        within = [
            replace(row, start=max(row.start, start), end=min(row.end, end))
            for row in rows
            if row.start < end and start < row.end
        ]
        ahead = [replace(row, start=max(row.start, end)) for row in later if end < row.end]
        return joined(joined(ended, within, seam=start), ahead, seam=end)

    def bookings_ahead(self, now: datetime, time_zone: tzinfo) -> tuple[Block, ...]:
        """Return the single bookings from today to the last whole day before the horizon, clipped to these days.

        The value changes when bookings do and once a day, but not with every poll.
        """
        if self.reading is None:
            return ()
        start = start_of_day(now, time_zone)
        end = start_of_day(self.reading.horizon, time_zone)
        source = (self.reading.periods, start, end)
        if self._ahead is None or self._ahead[0] != source:
            blocks = self.single_bookings(self.reading.periods, start, end)
            self._ahead = (source, tuple(Block(max(block.start, start), min(block.end, end)) for block in blocks))
        return self._ahead[1]
