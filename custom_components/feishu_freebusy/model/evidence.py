"""What the state of a room or a person rests on, and how long each piece of evidence counts.

"Free" is a claim: the free/busy answer, the status of the room and its existence have to support it. A state is shown
until the first piece is too old. Pure: the moment is an argument.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache

from .intervals import OffHours
from .moment import LoopSeconds, Moment
from .schedule import DisabledPeriod

READING_LIMIT = timedelta(hours=4)  # in office hours, however long the poll interval
STATUS_LIMIT = timedelta(hours=1)  # in office hours
STATUS_LIMIT_WATCHED = timedelta(hours=24)  # while the room API fails, but free/busy shows each booking that vanishes
# A closure that Feishu extends ends later than its old status says. So the status must be read this soon before the end
STATUS_BEFORE_END = timedelta(minutes=5)
# What was read off hours may be older. It counts until the first polls of the office day had time to replace it
OFFICE_START_SLACK = timedelta(minutes=10)
# Free/busy was not read for longer than this after the status: a closure may have canceled bookings unseen
BLIND_GAP = timedelta(minutes=10)
_LONG = timedelta(days=366)


class Piece(StrEnum):
    """A kind of evidence."""

    READING = "reading"
    HORIZON = "horizon"
    STATUS = "status"
    EXISTENCE = "existence"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something was read, by both clocks."""

    at: datetime
    loop: LoopSeconds

    @classmethod
    def of(cls, at: datetime, moment: Moment) -> Stamp:
        """Return the stamp of something that was read at `at` by the wall clock, not after `moment`."""
        age = max(moment.now - at, timedelta())
        return cls(at, LoopSeconds(moment.loop - age.total_seconds()))

    def by_clock_of(self, moment: Moment) -> datetime:
        """Return when it was read by the wall clock of `moment`: a clock that was fast may have dated it ahead."""
        return min(self.at, moment.now - timedelta(seconds=moment.loop - self.loop))

    def age(self, moment: Moment) -> timedelta:
        """Return the age by the clock that shows the greater one: the wall clock may be set back."""
        return max(moment.now - self.at, timedelta(seconds=moment.loop - self.loop))


@dataclass(frozen=True, slots=True)
class Limit:
    """When a piece of evidence was read, and until when it counts if the wall clock is never set."""

    read: Stamp
    until: datetime

    def until_at(self, moment: Moment) -> datetime:
        """Return until when it counts by the wall clock of `moment`: until the first of both clocks says stop."""
        left = timedelta(seconds=self.read.loop - moment.loop) + (self.until - self.read.at)
        return min(self.until, moment.now + left)


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which the office works. `off_hours` is None if it always does."""

    off_hours: OffHours | None
    time_zone: tzinfo

    def too_old_at(self, read_at: datetime, limit: timedelta, longest: timedelta) -> datetime:
        """Return when something is too old: at the age `longest`, in office hours at the age `limit`.

        The office day starts `OFFICE_START_SLACK` later here, so that its first polls can replace older readings.
        """
        end = read_at + longest
        if limit >= longest:
            return end
        if self.off_hours is None:
            return read_at + limit
        dates = self.off_hours.extra, self.off_hours.free
        return _office_instant(self.off_hours, dates, self.time_zone, read_at + limit, end)


@lru_cache(maxsize=64)  # many subjects are read at the same time
def _office_instant(
    off_hours: OffHours,
    _dates: tuple[frozenset[date], ...],  # equal hours may have other dates
    time_zone: tzinfo,
    then: datetime,
    end: datetime,
) -> datetime:
    """Return the first instant in `[then, end)` at which the office has worked for a while, `end` if there is none."""
    begun: datetime | None = None
    closed: datetime | None = None
    for start, stop in off_hours.office_hours(then - OFFICE_START_SLACK, end, time_zone):
        begun = begun if begun and start == closed else start  # an office may work past midnight
        closed = stop
        first = max(then, begun + OFFICE_START_SLACK)
        if first < min(stop, end):
            return first
    return end


@dataclass(frozen=True, slots=True)
class RoomEvidence:
    """What the room API says of a room.

    `status_read` is None if the API never tells its status: the app may not list rooms. `off_hours_limit` is how old
    the status may be off hours. `is_failing` says that the API fails while free/busy is read; `is_doubted` that
    bookings have vanished since the status was read. `is_missing` says that the API does not know the room, but did not
    confirm that it is gone.
    """

    status_read: Stamp | None = None
    off_hours_limit: timedelta = STATUS_LIMIT
    is_failing: bool = False
    is_doubted: bool = False
    is_missing: bool = False
    is_gone: bool = False
    disabled: DisabledPeriod | None = None


@dataclass(frozen=True, slots=True)
class ReadingEvidence:
    """What is known of an answer: when it was read and until when the grace of the interval lets it count.

    `watched_since` is when the unbroken run of readings began: before it, nothing was known of the subject.
    """

    read: Stamp
    graced_until: datetime
    horizon: datetime
    watched_since: datetime
    is_empty: bool


def limits_of(reading: ReadingEvidence, room: RoomEvidence | None, hours: Hours) -> dict[Piece, Limit]:
    """Return each piece of evidence of a room or a person (`room` is None) with its limit."""
    read = reading.read
    longest = reading.graced_until - read.at
    limits = {
        Piece.READING: Limit(read, hours.too_old_at(read.at, READING_LIMIT, longest)),
        Piece.HORIZON: Limit(read, reading.horizon),
    }
    if room is None:
        return limits
    if room.is_gone or (room.is_missing and reading.is_empty):
        limits[Piece.EXISTENCE] = Limit(read, _existence_until(read.at, room))
    if room.status_read:
        limits[Piece.STATUS] = Limit(room.status_read, _status_until(room.status_read.at, reading, room, hours))
    return limits


def _existence_until(read_at: datetime, room: RoomEvidence) -> datetime:
    # Some tenants hide disabled rooms: a closed one is still shown as closed. Otherwise nothing counts
    closed = None if room.is_gone else room.disabled
    if closed is None or closed.start > read_at:
        return read_at
    return max(closed.end, read_at) if closed.end else read_at + _LONG


def _status_until(read_at: datetime, reading: ReadingEvidence, room: RoomEvidence, hours: Hours) -> datetime:
    if room.is_doubted:
        return read_at
    until = hours.too_old_at(read_at, STATUS_LIMIT, max(room.off_hours_limit, STATUS_LIMIT))
    if room.is_failing and reading.watched_since - read_at <= BLIND_GAP:
        until = max(until, read_at + STATUS_LIMIT_WATCHED)
    end = room.disabled.end if room.disabled else None
    if end and read_at < end - STATUS_BEFORE_END:
        until = min(until, end)
    return until


def counts_until(limits: dict[Piece, Limit], moment: Moment) -> datetime | None:
    """Return until when all pieces count, by the wall clock; None if one does not count at `moment`."""
    until = min(limit.until_at(moment) for limit in limits.values())
    return until if moment.now < until else None
