"""Readings of a room: fresh by two clocks, and merged into a stored range."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.feishu_freebusy.feishu.models import BusyPeriod, Room, RsvpStatus
from custom_components.feishu_freebusy.model.directory import RoomInfo
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.model.schedule import DisabledPeriod
from custom_components.feishu_freebusy.model.subject import Reading, Subject

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MIN_FREE = 15 * MINUTE


def row(start: float, end: float) -> BusyPeriod:
    """Return a booking, in days since the start."""
    return BusyPeriod(START + start * DAY, START + end * DAY, RsvpStatus.ACCEPT)


def moment(wall: timedelta, loop: timedelta) -> Moment:
    """Return the moment at these offsets from the start, one for each clock."""
    return Moment(START + wall, LoopSeconds(loop.total_seconds()), UTC)


def read(*rows: BusyPeriod, fresh_for: timedelta = HOUR) -> Subject:
    """Return a room that was read at the start, for a day before it and a week after it."""
    subject = Subject(RoomInfo(Room("omm_1", "Orion"), building="", floor="", device_name="Orion"))
    reading = Reading(rows, START - DAY, START + 7 * DAY, START, START + fresh_for)
    subject.keep(reading, fresh_until_loop=LoopSeconds(fresh_for.total_seconds()))
    subject.rebuild(disabled=None, count_pending_as_busy=False)
    return subject


@pytest.mark.parametrize(
    ("wall", "loop", "is_fresh"),
    [
        (59 * MINUTE, 59 * MINUTE, True),
        (60 * MINUTE, 60 * MINUTE, False),
        (-6 * HOUR, 59 * MINUTE, True),
        (-6 * HOUR, 60 * MINUTE, False),  # the wall clock was set back, so the loop clock decides
        (60 * MINUTE, MINUTE, False),  # the machine slept
    ],
)
def test_a_reading_is_fresh_while_both_clocks_say_so(wall: timedelta, loop: timedelta, is_fresh: bool) -> None:
    assert (read().snapshot(moment(wall, loop), MIN_FREE) is not None) is is_fresh


def test_a_wall_clock_set_back_does_not_extend_a_reading() -> None:
    subject = read()

    assert subject.snapshot(moment(50 * MINUTE, 50 * MINUTE), MIN_FREE)
    assert subject.snapshot(moment(51 * MINUTE, 61 * MINUTE), MIN_FREE) is None


def test_a_snapshot_ends_when_either_clock_ends_the_reading() -> None:
    subject = read()

    behind = subject.snapshot(moment(10 * MINUTE, 30 * MINUTE), MIN_FREE)

    assert behind
    assert behind.until == START + 40 * MINUTE


def test_a_snapshot_is_reused_until_something_changes() -> None:
    subject = read(row(0.01, 0.02))
    first = subject.snapshot(moment(timedelta(), timedelta()), MIN_FREE)

    assert first
    almost = first.until - START - timedelta(microseconds=1)
    assert subject.snapshot(moment(almost, almost), MIN_FREE) is first
    changed = first.until - START
    assert subject.snapshot(moment(changed, changed), MIN_FREE) is not first


@pytest.mark.parametrize(
    ("rows", "stored", "expected"),
    [
        ([row(3, 3.5)], [row(3, 3.5), row(9, 9.5), row(-9, -8.5)], [row(-9, -8.5), row(3, 3.5), row(9, 9.5)]),
        ([row(4, 4.5)], [row(3, 3.5)], [row(4, 4.5)]),
        ([], [row(3, 3.5)], []),
        ([row(6, 7)], [row(6, 8)], [row(6, 8)]),
        ([row(6, 8)], [row(6, 8)], [row(6, 8)]),
        ([row(5, 7)], [row(6, 8)], [row(5, 8)]),
        ([], [row(6, 8)], [row(7, 8)]),
        ([row(-1, -0.5)], [row(-2, -0.5)], [row(-2, -0.5)]),
        ([row(-2, -0.5)], [row(-2, -0.6)], [row(-2, -0.5)]),
    ],
    ids=[
        "outside the window, the stored range counts",
        "a booking was moved",
        "a booking was canceled",
        "the horizon cuts a booking of the reading",
        "the reading is not cut at the horizon",
        "the start was moved",
        "canceled at the horizon, the rest stays",
        "the start of the window cuts a booking",
        "the end was moved",
    ],
)
def test_a_fresh_reading_replaces_its_window_in_a_stored_range(
    rows: list[BusyPeriod], stored: list[BusyPeriod], expected: list[BusyPeriod]
) -> None:
    assert read(*rows).updated(stored, moment(MINUTE, MINUTE)) == tuple(expected)


def test_an_old_reading_replaces_nothing_in_a_stored_range() -> None:
    assert read().updated([row(3, 3.5)], moment(2 * HOUR, 2 * HOUR)) == (row(3, 3.5),)


def test_bookings_ahead_follow_a_closure_and_an_option_at_once() -> None:
    request = replace(row(2, 2.5), rsvp_status=RsvpStatus.NEEDS_ACTION)
    subject = read(row(1, 1.5), request)
    assert [block.start for block in subject.bookings_ahead(START, UTC)] == [START + DAY]

    subject.rebuild(disabled=None, count_pending_as_busy=True)
    assert [block.start for block in subject.bookings_ahead(START, UTC)] == [START + DAY, START + 2 * DAY]

    closed = DisabledPeriod(START + 3 * DAY, START + 4 * DAY, "Closed")
    subject.rebuild(disabled=closed, count_pending_as_busy=False)
    assert [block.start for block in subject.bookings_ahead(START, UTC)] == [START + DAY, START + 3 * DAY]
