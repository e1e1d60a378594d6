"""How often Feishu is asked, how long an answer is good, and what that costs."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest

from custom_components.feishu_freebusy.polling import (
    MonthlyCalls,
    grace,
    month_bounds,
    poll_interval,
    retry_delay,
)
from simulator import Room, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp
from tests.conftest import at

pytest_plugins = ["tests.clock"]

MONTH = timedelta(days=30)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("wanted", "calls", "budget", "used", "left", "expected"),
    [
        # without a budget, what is wanted
        (MINUTE, 12, None, 0, MONTH, MINUTE),
        (MINUTE, 10_000, None, 9_999_999, MONTH, MINUTE),
        # never under 30 seconds, never over a day
        (SECOND, 1, None, 0, MONTH, 30 * SECOND),
        (timedelta(0), 1, None, 0, MONTH, 30 * SECOND),
        (7 * DAY, 1, None, 0, MONTH, DAY),
        # a share of what is left
        (MINUTE, 12, 25_000, 0, MONTH, MONTH * 12 / 25_000),
        (MINUTE, 12, 25_000, 12_500, MONTH / 2, MONTH * 12 / 25_000),
        (MINUTE, 12, 25_000, 0, MONTH / 2, MONTH * 6 / 25_000),
        (MINUTE, 12, 25_000, 20_000, MONTH / 2, MONTH * 30 / 25_000),
        # what is wanted, where there is plenty
        (MINUTE, 1, 1_000_000, 0, MONTH, MINUTE),
        (HOUR, 12, 25_000, 0, MONTH, HOUR),
        # used up
        (MINUTE, 12, 25_000, 25_000, MONTH / 2, DAY),
        (MINUTE, 12, 25_000, 30_000, MONTH / 2, DAY),
        (MINUTE, 12, 25_000, 24_999, MONTH / 2, DAY),
        # nothing to read
        (MINUTE, 0, 25_000, 25_000, MONTH, MINUTE),
    ],
)
def test_the_interval(
    wanted: timedelta, calls: int, budget: int | None, used: int, left: timedelta, expected: timedelta
) -> None:
    assert poll_interval(wanted, calls_per_cycle=calls, budget=budget, used=used, left_of_month=left) == expected


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (30 * SECOND, 10 * MINUTE),
        (200 * SECOND, 10 * MINUTE),
        (201 * SECOND, 603 * SECOND),
        (450 * SECOND, 1_350 * SECOND),
        (451 * SECOND, 1_351 * SECOND),
        (HOUR, 75 * MINUTE),
        (DAY, DAY + 15 * MINUTE),
    ],
)
def test_the_grace(interval: timedelta, expected: timedelta) -> None:
    assert grace(interval) == expected


@pytest.mark.parametrize("interval", [30 * SECOND, MINUTE, 3 * MINUTE, 10 * MINUTE, HOUR, DAY])
def test_failures_are_followed_by_a_few_tries_within_the_grace(interval: timedelta) -> None:
    delays = [retry_delay(failures, interval) for failures in range(1, 2_000)]

    assert all(earlier <= later for earlier, later in pairwise(delays))
    assert max(delays) == min(interval, 5 * MINUTE)
    assert sum(delays[:3], interval) < grace(interval)


@pytest.mark.parametrize(
    ("now", "zone", "start", "end"),
    [
        ("2026-11-23T10:00+00:00", "UTC", "2026-11-01T00:00+00:00", "2026-12-01T00:00+00:00"),
        ("2026-12-31T23:59+00:00", "UTC", "2026-12-01T00:00+00:00", "2027-01-01T00:00+00:00"),
        ("2028-02-29T12:00+00:00", "UTC", "2028-02-01T00:00+00:00", "2028-03-01T00:00+00:00"),
        ("2026-11-30T16:00+00:00", "Asia/Shanghai", "2026-12-01T00:00+08:00", "2027-01-01T00:00+08:00"),
        ("2026-11-15T12:00+00:00", "America/New_York", "2026-11-01T00:00-04:00", "2026-12-01T00:00-05:00"),
        ("2026-03-31T21:59+00:00", "Europe/Berlin", "2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00"),
    ],
)
def test_a_month_begins_where_the_house_is(now: str, zone: str, start: str, end: str) -> None:
    bounds = month_bounds(datetime.fromisoformat(now), ZoneInfo(zone))

    assert bounds == (datetime.fromisoformat(start), datetime.fromisoformat(end))


class Meter:
    """Counts calls."""

    def __init__(self, counted: int = 0) -> None:
        self.counted = counted

    def __call__(self) -> int:
        return self.counted


def test_what_was_called_before_the_start_is_taken_for_the_share_of_the_month_that_is_over() -> None:
    calls = MonthlyCalls(Meter(), 3_000, datetime(2026, 11, 11, tzinfo=UTC), UTC)

    assert calls.used(datetime(2026, 11, 11, tzinfo=UTC)) == 1_000
    assert calls.left_of_month(datetime(2026, 11, 11, tzinfo=UTC)) == 20 * DAY


def test_calls_since_the_start_are_counted_and_those_before_it_are_not_counted_twice() -> None:
    meter = Meter(counted=777)  # of a run before, in the same process
    now = datetime(2026, 11, 11, tzinfo=UTC)
    calls = MonthlyCalls(meter, 3_000, now, UTC)

    meter.counted += 50

    assert calls.used(now) == 1_050


def test_a_new_month_begins_with_none() -> None:
    meter = Meter()
    calls = MonthlyCalls(meter, 3_000, datetime(2026, 11, 30, tzinfo=UTC), UTC)
    meter.counted = 90
    assert calls.used(datetime(2026, 11, 30, 23, 59, tzinfo=UTC)) == 2_990

    assert calls.used(datetime(2026, 12, 1, tzinfo=UTC)) == 0
    meter.counted += 5
    assert calls.used(datetime(2026, 12, 1, 1, tzinfo=UTC)) == 5
    assert calls.left_of_month(datetime(2026, 12, 1, tzinfo=UTC)) == 31 * DAY


@pytest.mark.parametrize("day", range(1, 31))
def test_a_restart_on_any_day_makes_the_month_neither_cheaper_nor_dearer(day: int) -> None:
    now = datetime(2026, 11, day, 12, tzinfo=UTC)
    calls = MonthlyCalls(Meter(), 25_000, now, UTC)

    interval = poll_interval(
        MINUTE, calls_per_cycle=12, budget=25_000, used=calls.used(now), left_of_month=calls.left_of_month(now)
    )

    assert interval.total_seconds() == pytest.approx((MONTH * 12 / 25_000).total_seconds(), rel=0.005)


def test_without_a_budget_calls_are_counted_all_the_same() -> None:
    meter = Meter()
    calls = MonthlyCalls(meter, None, datetime(2026, 11, 30, tzinfo=UTC), UTC)
    meter.counted = 90

    assert calls.used(datetime(2026, 11, 30, tzinfo=UTC)) == 90


# In Home Assistant


@pytest.fixture
def rooms(tenant: Tenant) -> list[Room]:
    return [tenant.add_room(f"Room {number}") for number in range(12)]


async def test_a_free_plan_spends_the_share_of_the_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    await set_up(*rooms, plan="free")
    tenant.requests.clear()

    await clock.forward(hours=24)

    paid = [call for call in tenant.requests if call.code == 0 and "auth/" not in call.path]
    share = 25_000 / 30
    assert share * 0.95 < len(paid) <= share + 12
    polls = sorted({call.at for call in tenant.calls(FREE_BUSY)})
    assert abs(polls[0] - at(10) - MONTH * 12 / 25_000) < 30 * SECOND


async def test_a_reload_costs_no_more_than_its_own_calls(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    entry = await set_up(*rooms, plan="free")
    before = entry.runtime_data.interval

    for _ in range(3):
        await clock.forward(hours=1)
        await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert entry.runtime_data.interval.total_seconds() == pytest.approx(before.total_seconds(), rel=0.02)


async def test_an_overspent_budget_slows_polls_down_until_the_month_ends(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(at(20, day=7))  # the last evening of the month
    entry = await set_up(*rooms, plan="free", monthly_budget=1_000)
    await clock.forward(minutes=5)
    tenant.requests.clear()

    await clock.to(at(0, day=8))
    assert len(tenant.requests) <= 12
    await clock.to(at(6, day=9))

    assert entry.runtime_data.interval.total_seconds() == pytest.approx(
        (31 * DAY * 12 / 1_000).total_seconds(), rel=0.1
    )
    assert len(tenant.calls(FREE_BUSY)) >= 24


async def test_one_room_of_a_free_plan_is_read_about_every_other_minute(set_up: SetUp, rooms: list[Room]) -> None:
    entry = await set_up(rooms[0], plan="free")

    assert 100 * SECOND < entry.runtime_data.interval < 110 * SECOND
