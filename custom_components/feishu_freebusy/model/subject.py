"""A room or a person: what was read of it, and what that means at an instant."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from ..feishu.errors import FeishuError, SubjectError
from ..feishu.models import BusyPeriod
from .directory import RoomInfo
from .schedule import (
    Block,
    DisabledPeriod,
    Schedule,
    Status,
    SubjectKind,
    build_schedule,
    single_bookings,
    start_of_day,
)

type SubjectInfo = RoomInfo | PersonInfo

_NEWS_LAST = timedelta(seconds=5)  # Home Assistant tells those who look at a calendar at most once a second


@dataclass(frozen=True, slots=True)
class Reading:
    """A good answer: what was asked, what came, and for how long that holds."""

    periods: tuple[BusyPeriod, ...]
    window_start: datetime
    horizon: datetime
    read_at: datetime
    fresh_until: datetime
    include_external_calendar: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is shown of a schedule; it holds for `[since, until)` if no new answer comes.

    `block` is the one under way or the next one, `bookings` are those of today and tomorrow.
    """

    status: Status
    block: Block | None
    bookings: tuple[Block, ...]
    since: datetime = field(compare=False)
    until: datetime = field(compare=False)


@dataclass(slots=True, eq=False)
class Subject:
    """What is known of a room or a person, and when that is to be read again."""

    info: SubjectInfo
    due_at: float = 0.0  # by the loop's clock
    failures: int = 0
    polls_unknown: int = 0  # in which Feishu said that there is no such person, since the last good answer
    error: FeishuError | None = None
    reading: Reading | None = None
    schedule: Schedule | None = None
    disabled: DisabledPeriod | None = None
    count_pending_as_busy: bool = False
    told: Snapshot | None = None  # what listeners know
    _snapshot: Snapshot | None = None
    _shown: tuple[object, ...] | None = None  # what there is to be seen, and since when
    _news_at: datetime | None = None
    _ahead: tuple[object, tuple[Block, ...]] | None = None  # and what it was worked out from

    @property
    def kind(self) -> SubjectKind:
        """Return whether it is a room or a person."""
        return SubjectKind.ROOM if isinstance(self.info, RoomInfo) else SubjectKind.PERSON

    def keep(self, reading: Reading) -> None:
        """Take a new answer; `rebuild` makes use of it."""
        if self.reading and self.reading.periods == reading.periods:
            reading = replace(reading, periods=self.reading.periods)  # what was worked out from them still holds
        self.reading = reading
        self.failures = 0
        self.polls_unknown = 0
        self.error = None

    def set_back(self, by: timedelta) -> None:
        """Let the answer hold for no longer than before a clock that has been set back by so much."""
        if self.reading:
            self.reading = replace(self.reading, fresh_until=self.reading.fresh_until - by)
            self._snapshot = None

    def note_refusal(self, error: FeishuError) -> None:
        """Take what there was in the place of an answer."""
        if isinstance(error, SubjectError) and error.is_no_such_person:
            self.polls_unknown += 1

    def rebuild(self, *, disabled: DisabledPeriod | None, count_pending_as_busy: bool) -> None:
        """Work out the schedule again, because of a new answer, a disabled room or an option."""
        self._snapshot = None
        if (self.disabled, self.count_pending_as_busy) != (disabled, count_pending_as_busy):
            self._ahead = None
        self.disabled = disabled
        self.count_pending_as_busy = count_pending_as_busy
        if self.reading:
            self.schedule = build_schedule(
                self.reading.periods,
                kind=self.kind,
                window_start=self.reading.window_start,
                horizon=self.reading.horizon,
                disabled=disabled,
                count_pending_as_busy=count_pending_as_busy,
            )

    def _has_changed(self, now: datetime) -> bool:
        """Tell whether what `snapshot` last returned no longer holds."""
        if self._snapshot:
            return not self._snapshot.since <= now < self._snapshot.until
        return self.reading is not None and now < self.reading.fresh_until

    def snapshot(self, now: datetime, min_free: timedelta, time_zone: tzinfo) -> Snapshot | None:
        """Return what is to be shown at `now`, None if nothing current is known."""
        if self._has_changed(now):
            self._snapshot = self._take_snapshot(now, min_free, time_zone)
            shown = (self._snapshot, self.reading.periods if self.reading else ())
            if shown != self._shown:
                self._shown, self._news_at = shown, now
        return self._snapshot

    def _take_snapshot(self, now: datetime, min_free: timedelta, time_zone: tzinfo) -> Snapshot | None:
        if self.reading is None or self.schedule is None or now >= self.reading.fresh_until:
            return None
        if (status := self.schedule.status(now, min_free)) is None:
            return None
        return Snapshot(
            status=status,
            block=self.schedule.block_at(now, time_zone),
            bookings=self.schedule.bookings(now, time_zone),
            since=now,
            until=min(self.reading.fresh_until, self.schedule.next_change(now, min_free, time_zone)),
        )

    def single_bookings(self, periods: Iterable[BusyPeriod], start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return which of the periods make it busy within `[start, end)`, one by one."""
        return single_bookings(
            periods,
            kind=self.kind,
            start=start,
            end=end,
            disabled=self.disabled,
            count_pending_as_busy=self.count_pending_as_busy,
        )

    def knows(self, start: datetime, end: datetime, now: datetime) -> bool:
        """Tell whether the latest answer covers `[start, end)` and may still be relied on."""
        reading = self.reading
        return (
            reading is not None
            and now < reading.fresh_until
            and reading.window_start <= start
            and end <= reading.horizon
        )

    def has_news(self, now: datetime) -> bool:
        """Tell whether what is shown has just changed: then those who look at it are being told."""
        return self._news_at is not None and now - self._news_at < _NEWS_LAST

    def brought_up_to_date(self, periods: Iterable[BusyPeriod]) -> tuple[BusyPeriod, ...]:
        """Return periods that were read some time ago, with what is known by now in the place of what was."""
        if self.reading is None:
            return tuple(periods)
        start, end = self.reading.window_start, self.reading.horizon
        return (*(period for period in periods if period.end <= start or end <= period.start), *self.reading.periods)

    def bookings_ahead(self, now: datetime, time_zone: tzinfo) -> tuple[Block, ...]:
        """Return the single bookings from today to the last whole day before the horizon, as far as they lie in it.

        They change when bookings do, and once a day, but not with every poll.
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


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person as shown: by the name that was entered for the id."""

    person_id: str
    device_name: str
