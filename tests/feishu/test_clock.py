"""The header `Date` of several answers in a row tells how far Feishu's clock is from ours."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from custom_components.feishu_freebusy.feishu.clock import ServerClock

START = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SLACK = SECOND  # `Date` has no fractions


def note(clock: ServerClock, *ahead: timedelta | str, since: timedelta = timedelta()) -> None:
    """Pass answers, a second apart, of a server whose clock is ahead by so much."""
    for number, value in enumerate(ahead):
        wall = START + since + number * SECOND
        date = value if isinstance(value, str) else format_datetime(wall + value, usegmt=True)
        clock.note(date, wall, wall + 0.2 * SECOND, (since + number * SECOND).total_seconds())


def offset(clock: ServerClock, wall: timedelta = timedelta(), loop: timedelta | None = None) -> timedelta:
    return clock.offset_at(START + wall, (wall if loop is None else loop).total_seconds())


@pytest.mark.parametrize("ahead", [39 * MINUTE, -39 * MINUTE, 61 * SECOND, timedelta(days=-400)], ids=str)
def test_a_difference_counts_once_three_answers_agree(ahead: timedelta) -> None:
    clock = ServerClock()
    note(clock, ahead, ahead)
    assert offset(clock) == timedelta()
    note(clock, ahead)
    assert abs(offset(clock) - ahead) <= SLACK


@pytest.mark.parametrize(
    "ahead",
    [
        [58 * SECOND] * 5,  # too little to matter
        [40 * MINUTE, 30 * MINUTE, 40 * MINUTE, 30 * MINUTE],
        [40 * MINUTE, 20 * MINUTE - SECOND, 40 * MINUTE, 20 * MINUTE - SECOND],
        [40 * MINUTE, "", "yesterday", "Mon, 99 Nov 2026 10:00:00 GMT"],
        ["Fri, 31 Dec 9999 23:59:59 GMT"] * 3,
        ["Thu, 01 Jan 1970 00:00:00 GMT"] * 3,
        ["Mon, 23 Nov 2026 12:00:00 -0000"] * 3,
    ],
    ids=["small", "unsteady", "a multiple", "unreadable", "far ahead", "far behind", "without a zone"],
)
def test_other_differences_count_for_nothing(ahead: list[timedelta | str]) -> None:
    clock = ServerClock()
    note(clock, *ahead)
    assert offset(clock) == timedelta()


@pytest.mark.parametrize("step", [timedelta(days=3), -timedelta(days=3)], ids=["forward", "back"])
def test_answers_under_way_while_the_clock_is_set_tell_nothing(step: timedelta) -> None:
    clock = ServerClock()
    for _ in range(3):
        clock.note(format_datetime(START, usegmt=True), START, START + step, 0.0)
    assert offset(clock) == timedelta()


def test_an_offset_that_is_confirmed_after_a_suspend_counts() -> None:
    """Ten minutes slow, and asleep for ten minutes: the wall clock moved by as much as it is wrong."""
    clock = ServerClock()
    note(clock, *[10 * MINUTE] * 3)
    for second in range(3):
        wall = START + 10 * MINUTE + second * SECOND
        clock.note(format_datetime(wall + 10 * MINUTE, usegmt=True), wall, wall, float(second))

    assert abs(clock.offset_at(START + 10 * MINUTE + 3 * SECOND, 3.0) - 10 * MINUTE) <= SLACK


def test_one_odd_answer_changes_nothing() -> None:
    clock = ServerClock()
    note(clock, *[39 * MINUTE] * 3, timedelta(), *[39 * MINUTE] * 2)
    assert abs(offset(clock) - 39 * MINUTE) <= SLACK


def test_the_offset_ends_when_the_answers_agree_with_our_clock() -> None:
    clock = ServerClock()
    note(clock, *[39 * MINUTE] * 3)
    note(clock, *[timedelta()] * 3)
    assert offset(clock) == timedelta()


def test_the_offset_ends_when_the_difference_becomes_small() -> None:
    clock = ServerClock()
    note(clock, *[61 * SECOND] * 3)
    note(clock, *[57 * SECOND] * 3)
    assert offset(clock) == timedelta()


def test_the_offset_stays_while_the_difference_changes_little() -> None:
    clock = ServerClock()
    note(clock, *[39 * MINUTE] * 3)
    before = offset(clock)
    note(clock, *[39 * MINUTE + 5 * SECOND] * 3)
    assert offset(clock) == before


def test_the_offset_ends_at_once_when_the_clock_is_put_right() -> None:
    clock = ServerClock()
    note(clock, *[-39 * MINUTE] * 3)

    assert abs(offset(clock, 10 * MINUTE) + 39 * MINUTE) <= SLACK
    assert offset(clock, 10 * MINUTE - 39 * MINUTE, 10 * MINUTE) == timedelta()
    assert abs(offset(clock, 3 * 60 * MINUTE, MINUTE) + 39 * MINUTE) <= SLACK  # the machine slept
