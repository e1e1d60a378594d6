"""A share of the monthly budget: used up by calls, refilled with time, mostly in office hours."""

from datetime import UTC, datetime, time, timedelta

import pytest

from custom_components.feishu_freebusy.model.intervals import OffHours
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.sync.shares import Share

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTS = OffHours(time(20), time(7), frozenset())


def at(passed: timedelta) -> Moment:
    return Moment(START + passed, LoopSeconds(passed.total_seconds()), UTC)


def share(budget: int | None = 3_000, off_hours: OffHours | None = None, *, unlimited: int | None = None) -> Share:
    """Return a share of 10 calls a day, kept for two days."""
    made = Share(0.1, days=2, unlimited=unlimited)
    made.configure(budget, off_hours)
    return made


def test_it_starts_full_and_ends_empty() -> None:
    some = share()

    assert (some.left(at(DAY)), some.fill(at(DAY))) == (20, 1.0)
    assert some.spend(15, at(DAY))
    assert not some.spend(6, at(DAY))
    assert some.spend(5, at(DAY))
    assert (some.left(at(DAY)), some.fill(at(DAY))) == (0, 0.0)


def test_the_reserve_is_not_used() -> None:
    some = share()

    assert not some.spend(15, at(DAY), reserve=0.3)
    assert some.spend(14, at(DAY), reserve=0.3)


def test_calls_come_back_within_the_day_up_to_two_days() -> None:
    some = share()
    some.spend(20, at(DAY))

    assert some.left(at(1.5 * DAY + HOUR)) == 5
    assert some.left(at(10 * DAY)) == 20


def test_calls_come_back_four_times_slower_off_hours() -> None:
    some = share(off_hours=NIGHTS)
    some.spend(20, at(7 * HOUR))

    by_day = some.fill(at(20 * HOUR))
    by_night = some.fill(at(31 * HOUR)) - by_day
    assert by_day / 13 == pytest.approx(4 * by_night / 11)
    assert by_day + by_night == pytest.approx(0.5)


def test_a_month_refills_no_more_than_the_part() -> None:
    some = share(off_hours=NIGHTS)
    some.spend(20, at(timedelta()))

    made = sum(some.spend(1, at(minutes * timedelta(minutes=1))) for minutes in range(30 * 1_440))
    assert made == pytest.approx(300, abs=2)


def test_a_clock_that_was_set_back_adds_nothing() -> None:
    some = share()
    some.spend(15, at(10 * DAY))

    assert some.left(at(DAY)) == 5
    assert some.spend(5, at(DAY))
    assert some.left(at(2 * DAY)) == 10


def test_without_a_budget_there_is_no_limit() -> None:
    some = share(None)

    assert some.spend(10**6, at(DAY))
    assert (some.left(at(DAY)), some.fill(at(DAY))) == (None, 1.0)


def test_a_limit_for_unlimited_budgets() -> None:
    some = share(None, unlimited=3_000)

    assert not some.spend(21, at(DAY))
    assert some.spend(20, at(DAY))


def test_a_smaller_budget_applies_at_once() -> None:
    some = share()
    some.spend(1, at(DAY))
    some.configure(300, None)

    assert some.left(at(DAY)) == 2


def test_it_is_restored() -> None:
    some, other = share(), share()
    some.spend(15, at(DAY))
    stored = some.stored
    assert stored
    other.restore(*stored)

    assert other.left(at(1.1 * DAY)) == some.left(at(1.1 * DAY)) == 6
