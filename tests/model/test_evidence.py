"""What a state rests on: each piece of evidence counts as long as a look at every minute says."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.model.evidence import (
    OFFICE_START_SLACK,
    Hours,
    Limit,
    Piece,
    ReadingEvidence,
    RoomEvidence,
    Stamp,
    counts_until,
    limits_of,
)
from custom_components.feishu_freebusy.model.intervals import OffHours
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.model.schedule import DisabledPeriod

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 23, 2, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEP = 5 * MINUTE
NIGHTS = OffHours(time(20), time(7), frozenset({5, 6}))
ALWAYS_OPEN, OFFICE = Hours(None, UTC), Hours(NIGHTS, SHANGHAI)

times = st.integers(0, 24 * 12 - 1).map(lambda step: time(step // 12, step % 12 * 5))
any_off_hours = st.none() | st.builds(OffHours, times, times, st.frozensets(st.integers(0, 6)))
steps = st.integers(0, 40 * 12).map(lambda number: number * STEP)
instants = st.integers(-3 * 24 * 12, 7 * 24 * 12).map(lambda number: START + number * STEP)


def moment(wall: timedelta, loop: timedelta | None = None) -> Moment:
    """Return the moment at these offsets from the start; without a second one, both clocks agree."""
    return Moment(START + wall, LoopSeconds((wall if loop is None else loop).total_seconds()), UTC)


def stamp(ago: timedelta = timedelta()) -> Stamp:
    """Return the stamp of something read so long before the start."""
    return Stamp(START - ago, LoopSeconds(-ago.total_seconds()))


def reading(**changes: object) -> ReadingEvidence:
    """Return a reading of the start, valid for an hour, with a week ahead."""
    values = {
        "read": stamp(),
        "graced_until": START + HOUR,
        "horizon": START + 7 * DAY,
        "watched_since": START,
        "is_empty": False,
    }
    return ReadingEvidence(**{**values, **changes})  # type: ignore[arg-type]


def until(reading: ReadingEvidence, room: RoomEvidence | None = None, hours: Hours = ALWAYS_OPEN) -> timedelta | None:
    """Return for how long all of it counts, as the start sees it."""
    found = counts_until(limits_of(reading, room, hours), moment(timedelta()))
    return found - START if found else None


def is_office(now: datetime, hours: Hours) -> bool:
    """Look at the clock on the wall."""
    if hours.off_hours is None:
        return True
    off, wall = hours.off_hours, now.astimezone(hours.time_zone)
    if wall.weekday() in off.days:
        return False
    clock = wall.time()
    return not (off.start <= clock < off.end if off.start <= off.end else clock >= off.start or clock < off.end)


def has_worked(now: datetime, hours: Hours) -> bool:
    """Return whether the office has worked for some minutes."""
    seen = [now - number * STEP for number in range(OFFICE_START_SLACK // STEP + 1)]
    return hours.off_hours is None or all(is_office(each, hours) for each in seen)


def too_old(read_at: datetime, now: datetime, limit: timedelta, longest: timedelta, hours: Hours) -> bool:
    """Apply the rule to one instant."""
    return now - read_at >= longest or (now - read_at >= limit and has_worked(now, hours))


@given(read_at=instants, limit=steps, longest=steps, off_hours=any_off_hours)
@example(START, 4 * HOUR, 24 * HOUR, NIGHTS)
@example(START, 12 * HOUR, 24 * HOUR, NIGHTS)
@example(START, HOUR, 24 * HOUR, OffHours(time(12), time(13), frozenset()))
def test_an_age_limit_matches_a_look_every_five_minutes(
    read_at: datetime, limit: timedelta, longest: timedelta, off_hours: OffHours | None
) -> None:
    hours = Hours(off_hours, SHANGHAI)
    seen = (read_at + number * STEP for number in range(41 * 12))
    expected = next(now for now in seen if too_old(read_at, now, limit, longest, hours))

    assert hours.too_old_at(read_at, limit, longest) == expected


@given(
    graced=steps.filter(bool),
    horizon=steps.filter(bool),
    status_ago=steps,
    watched_ago=steps,
    off_limit=steps,
    disabled_for=st.none() | steps,
    flags=st.tuples(*(st.booleans(),) * 6),
    off_hours=any_off_hours,
)
def test_a_state_ends_with_the_first_piece_that_is_too_old(
    graced: timedelta,
    horizon: timedelta,
    status_ago: timedelta,
    watched_ago: timedelta,
    off_limit: timedelta,
    disabled_for: timedelta | None,
    flags: tuple[bool, ...],
    off_hours: OffHours | None,
) -> None:
    is_failing, is_doubted, is_missing, is_gone, is_empty, has_status = flags
    hours = Hours(off_hours, SHANGHAI)
    status_at, watched_since = START - status_ago, START - watched_ago
    end = None if disabled_for is None else status_at + disabled_for
    read = reading(graced_until=START + graced, horizon=START + horizon, watched_since=watched_since, is_empty=is_empty)
    room = RoomEvidence(
        status_read=stamp(status_ago) if has_status else None,
        off_hours_limit=off_limit,
        is_failing=is_failing,
        is_doubted=is_doubted,
        is_missing=is_missing,
        is_gone=is_gone,
        disabled=None if disabled_for is None else DisabledPeriod(status_at - DAY, end, "paint"),
    )

    def counts(now: datetime) -> bool:
        is_closed = disabled_for is not None and end is not None and end > START and now < end
        if is_gone or (is_missing and is_empty and not is_closed) or now >= START + horizon:
            return False
        if too_old(START, now, 4 * HOUR, graced, hours):
            return False
        if not has_status:
            return True
        if is_doubted or (end and status_at < end - 5 * MINUTE and now >= end):
            return False
        is_extended = is_failing and watched_since <= status_at + 10 * MINUTE and now - status_at < 24 * HOUR
        return is_extended or not too_old(status_at, now, HOUR, max(off_limit, HOUR), hours)

    expected = next(number for number in range(41 * 12) if not counts(START + number * STEP))

    assert until(read, room, hours) == (expected * STEP or None)


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (None, 3 * HOUR),
        (RoomEvidence(), 3 * HOUR),  # the app may not list rooms
        (RoomEvidence(stamp(20 * MINUTE)), 40 * MINUTE),
        (RoomEvidence(stamp(HOUR)), None),
        (RoomEvidence(stamp(5 * MINUTE), is_failing=True), 3 * HOUR),
        (RoomEvidence(stamp(10 * MINUTE), is_failing=True), 3 * HOUR),
        (RoomEvidence(stamp(10 * MINUTE + SECOND), is_failing=True), 50 * MINUTE - SECOND),  # a gap before the reading
        (RoomEvidence(stamp(20 * MINUTE), is_failing=True), 40 * MINUTE),
        (RoomEvidence(stamp(), is_doubted=True), None),
        (RoomEvidence(is_gone=True), None),
        (RoomEvidence(is_missing=True), 3 * HOUR),  # it has bookings
        (RoomEvidence(is_missing=True, disabled=DisabledPeriod(START, None, "paint")), 3 * HOUR),
        (RoomEvidence(stamp(), disabled=DisabledPeriod(START, START + 30 * MINUTE, "paint")), 30 * MINUTE),
        (RoomEvidence(stamp(), disabled=DisabledPeriod(START, START + 5 * MINUTE, "paint")), HOUR),
    ],
)
def test_what_the_room_api_says_limits_a_state(room: RoomEvidence | None, expected: timedelta | None) -> None:
    assert until(reading(graced_until=START + 3 * HOUR), room) == expected


@pytest.mark.parametrize(
    ("read_at", "expected"),
    [
        (START, 4 * HOUR),
        (START + 9 * HOUR, 12 * HOUR + 10 * MINUTE),  # 19:00: until the first polls of the next office day
        (START + 4 * DAY + 9 * HOUR, 24 * HOUR),  # Friday evening: the grace of a day ends it
    ],
)
def test_a_reading_holds_four_hours_of_the_office_day_however_long_the_interval(
    read_at: datetime, expected: timedelta
) -> None:
    assert OFFICE.too_old_at(read_at, 4 * HOUR, DAY) - read_at == expected


def test_a_wall_clock_set_back_does_not_make_evidence_younger() -> None:
    limit = Limit(stamp(), START + HOUR)

    assert limit.until_at(moment(-6 * HOUR, 50 * MINUTE)) == START - 6 * HOUR + 10 * MINUTE
    assert counts_until({Piece.STATUS: limit}, moment(-6 * HOUR, HOUR)) is None
    assert counts_until({Piece.STATUS: limit}, moment(HOUR, MINUTE)) is None  # the machine slept


def test_a_stamp_from_the_future_is_of_now() -> None:
    read = Stamp.of(START + DAY, moment(timedelta()))

    assert Limit(read, read.at + HOUR).until_at(moment(timedelta())) == START + HOUR
    assert read.age(moment(10 * MINUTE)) == 10 * MINUTE


def test_office_days_that_become_known_count_at_once() -> None:
    """A Saturday that turns out to be a working day: what was read on Friday is too old once the office works."""
    friday, longest = START + 4 * DAY + 10 * HOUR, 7 * DAY  # 20:00 in Shanghai
    saturday = (START + 5 * DAY).astimezone(SHANGHAI).date()
    before = OFFICE.too_old_at(friday, 4 * HOUR, longest)

    working = Hours(replace(NIGHTS, extra=frozenset({saturday})), SHANGHAI)

    assert before - working.too_old_at(friday, 4 * HOUR, longest) == 2 * DAY
    assert OFFICE.too_old_at(friday, 4 * HOUR, longest) == before
