"""Off hours, poll intervals within the monthly budget, grace and retries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
import random
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from hypothesis import assume, example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.model.intervals import (
    OffHours,
    PollPlan,
    TimeLeft,
    grace,
    month_bounds,
    poll_plan,
    retry_delay,
)
from custom_components.feishu_freebusy.sync import timetable
from simulator import Room, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, Writes, busy_id, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
NIGHTS = OffHours(time(20), time(7), frozenset())
WEEKENDS = OffHours(time(0), time(0), frozenset({5, 6}))
BOTH = OffHours(time(20), time(7), frozenset({5, 6}))
LUNCH = OffHours(time(12), time(13), frozenset())
ALWAYS = OffHours(time(0), time(0), frozenset(range(7)))

# Off hours


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Return the instant at which clocks in the zone show this."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("off_hours", "now", "expected"),
    [
        # 2026-11-23 is a Monday
        (NIGHTS, "2026-11-23T19:59:59", False),
        (NIGHTS, "2026-11-23T20:00", True),
        (NIGHTS, "2026-11-24T00:00", True),
        (NIGHTS, "2026-11-24T06:59:59", True),
        (NIGHTS, "2026-11-24T07:00", False),
        (NIGHTS, "2026-11-28T12:00", False),
        (WEEKENDS, "2026-11-27T23:59:59", False),
        (WEEKENDS, "2026-11-28T00:00", True),
        (WEEKENDS, "2026-11-29T23:59:59", True),
        (WEEKENDS, "2026-11-30T00:00", False),
        (BOTH, "2026-11-28T12:00", True),
        (BOTH, "2026-11-30T06:59", True),
        (BOTH, "2026-11-30T07:00", False),
        (LUNCH, "2026-11-23T11:59:59", False),
        (LUNCH, "2026-11-23T12:00", True),
        (LUNCH, "2026-11-23T13:00", False),
        (LUNCH, "2026-11-23T00:00", False),
        (ALWAYS, "2026-11-23T12:00", True),
        (OffHours(time(0), time(0), frozenset()), "2026-11-23T12:00", False),
        (OffHours(time(0), time(7), frozenset()), "2026-11-23T00:00", True),
        (OffHours(time(0), time(7), frozenset()), "2026-11-23T07:00", False),
        (OffHours(time(20), time(0), frozenset()), "2026-11-23T23:59:59", True),
        (OffHours(time(20), time(0), frozenset()), "2026-11-24T00:00", False),
    ],
)
def test_off_hours_contain_an_instant(off_hours: OffHours, now: str, expected: bool) -> None:
    assert off_hours.contains(local(now), SHANGHAI) is expected


SATURDAY, MONDAY = date(2026, 11, 28), date(2026, 11, 30)
SHIFTED = replace(BOTH, extra=frozenset({SATURDAY}), free=frozenset({MONDAY}))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-28T06:59", True),
        ("2026-11-28T07:00", False),
        ("2026-11-28T19:59", False),
        ("2026-11-28T20:00", True),
        ("2026-11-29T10:00", True),
        ("2026-11-30T10:00", True),
        ("2026-12-01T10:00", False),
    ],
)
def test_single_dates_may_be_office_days_or_not(now: str, expected: bool) -> None:
    assert SHIFTED.contains(local(now), SHANGHAI) is expected


def test_single_dates_count_in_totals_and_in_the_next_start() -> None:
    assert SHIFTED.next_office_start(local("2026-11-27T20:00"), SHANGHAI) == local("2026-11-28T07:00")
    assert SHIFTED.next_office_start(local("2026-11-28T20:00"), SHANGHAI) == local("2026-12-01T07:00")
    week = (local("2026-11-24T00:00"), local("2026-12-01T00:00"))
    assert SHIFTED.office_time(*week, SHANGHAI) == 5 * 13 * HOUR
    assert BOTH.office_time(*week, SHANGHAI) == 5 * 13 * HOUR
    assert replace(SHIFTED, free=frozenset()).office_time(*week, SHANGHAI) == 6 * 13 * HOUR


def test_a_date_is_that_of_the_local_zone() -> None:
    early_on_saturday = local("2026-11-28T07:30")  # Friday in UTC

    assert not SHIFTED.contains(early_on_saturday, SHANGHAI)
    assert not replace(SHIFTED, extra=frozenset()).contains(local("2026-11-27T07:30"), SHANGHAI)
    assert SHIFTED.contains(early_on_saturday, UTC)  # 23:30 there


def test_off_hours_depend_on_the_time_zone() -> None:
    now = local("2026-11-23T19:00")

    assert not NIGHTS.contains(now, SHANGHAI)
    assert NIGHTS.contains(now, ZoneInfo("Pacific/Auckland"))


@pytest.mark.parametrize(
    ("off_hours", "now", "expected"),
    [
        (NIGHTS, "2026-11-23T20:00", "2026-11-24T07:00"),
        (NIGHTS, "2026-11-24T06:59:59", "2026-11-24T07:00"),
        (WEEKENDS, "2026-11-28T00:00", "2026-11-30T00:00"),
        (BOTH, "2026-11-27T20:00", "2026-11-30T07:00"),
        (BOTH, "2026-11-29T23:59", "2026-11-30T07:00"),
        (LUNCH, "2026-11-23T12:30", "2026-11-23T13:00"),
        (OffHours(time(0), time(7), frozenset({5, 6})), "2026-11-28T12:00", "2026-11-30T07:00"),
        (OffHours(time(20), time(7), frozenset(range(1, 7))), "2026-11-23T20:00", "2026-11-30T07:00"),
        (ALWAYS, "2026-11-23T12:00", None),
    ],
)
def test_the_next_start_of_office_hours(off_hours: OffHours, now: str, expected: str | None) -> None:
    assert off_hours.next_office_start(local(now), SHANGHAI) == (local(expected) if expected else None)


@pytest.mark.parametrize(
    ("start", "end", "zone", "hours"),
    [
        ("2026-11-01T00:00", "2026-12-01T00:00", SHANGHAI, 21 * 13),
        ("2026-11-23T06:00", "2026-11-23T08:30", SHANGHAI, 1.5),
        ("2026-11-23T08:00", "2026-11-23T09:00", SHANGHAI, 1),
        ("2026-11-23T12:00", "2026-11-23T12:00", SHANGHAI, 0),
        # The clocks change at night, outside office hours
        ("2026-03-01T00:00", "2026-04-01T00:00", BERLIN, 22 * 13),
        ("2026-10-01T00:00", "2026-11-01T00:00", BERLIN, 22 * 13),
    ],
)
def test_the_total_of_office_hours_within_a_range(start: str, end: str, zone: ZoneInfo, hours: float) -> None:
    assert BOTH.office_time(local(start, zone), local(end, zone), zone) == hours * HOUR


@pytest.mark.parametrize(
    ("month", "hours"), [("2026-03-01", 31 * 13 - 1 + 31 * 11), ("2026-10-01", 31 * 13 + 1 + 31 * 11)]
)
def test_a_month_with_a_dst_change_has_an_hour_more_or_less(month: str, hours: int) -> None:
    start, end = month_bounds(local(month, BERLIN), BERLIN)

    assert TimeLeft.of_month(start, None, BERLIN) == TimeLeft(hours * HOUR, timedelta())
    assert TimeLeft.of_month(start, NIGHTS, BERLIN) == TimeLeft(31 * 13 * HOUR, (hours - 31 * 13) * HOUR)
    assert end - start.astimezone(UTC) == hours * HOUR


STEP = 5 * MINUTE
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Asia/Shanghai",
        "Asia/Kolkata",
        "Europe/Berlin",
        "America/New_York",
        "America/Havana",  # changes its clocks at midnight
        "Australia/Lord_Howe",  # by half an hour
        "Pacific/Apia",  # once skipped a day
    )
]
STARTS = [  # of weeks in which clocks are changed, and of some others
    *("2026-03-25", "2026-10-21", "2026-03-04", "2026-10-28", "2026-04-01", "2026-09-30"),
    *("2026-11-25", "2028-02-25", "2011-12-27"),
]
# Not between 00:00 and 04:00, where a DST change may repeat or skip a time
times = st.one_of(st.just(time(0)), st.builds(time, st.integers(4, 23), st.sampled_from(range(0, 60, 5))))
any_off_hours = st.builds(OffHours, times, times, st.frozensets(st.integers(0, 6)))


def is_off(off_hours: OffHours, now: datetime, zone: ZoneInfo) -> bool:
    """Return whether `now` is off hours, from the local time and weekday alone."""
    wall = now.astimezone(zone)
    if wall.weekday() in off_hours.days:
        return True
    if off_hours.start <= off_hours.end:
        return off_hours.start <= wall.time() < off_hours.end
    return wall.time() >= off_hours.start or wall.time() < off_hours.end


def instants(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += STEP


@given(
    off_hours=any_off_hours,
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(STARTS),
    offset=st.integers(0, 4 * 24 * 12),
    steps=st.integers(0, 36 * 12),
)
@example(OffHours(time(0), time(7), frozenset({5, 6})), SHANGHAI, "2026-11-25", 3 * 24 * 12, 36 * 12)
def test_any_off_hours_match_a_look_at_the_clock_every_five_minutes(
    off_hours: OffHours, zone: ZoneInfo, day: str, offset: int, steps: int
) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) + offset * STEP
    end = start + steps * STEP
    seen = {now: is_off(off_hours, now, zone) for now in instants(start, end)}

    assert {now: off_hours.contains(now, zone) for now in seen} == seen
    assert off_hours.office_time(start, end, zone) == sum(not off for off in seen.values()) * STEP
    days = [start + number * DAY for number in range(9)]
    each_day = (off_hours.office_time(since, until, zone) for since, until in pairwise(days))
    assert off_hours.office_time(start, days[-1], zone) == sum(each_day, timedelta())
    if steps and seen[start]:
        expected = next((now for now in instants(start, start + 9 * DAY) if not is_off(off_hours, now, zone)), None)
        assert off_hours.next_office_start(start, zone) == expected


# The plan

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)  # with 21 working days of 13 hours
OFFICE, OFF = 21 * 13 * HOUR, (720 - 21 * 13) * HOUR
HALF_HOUR = 30 * MINUTE


def one_to_four(share: float) -> tuple[timedelta, timedelta]:
    """Return the office and off-hours intervals in the ratio 1:4 if one cycle costs this share of the budget."""
    office = (OFFICE + OFF / 4) * share
    return office, 4 * office


@pytest.mark.parametrize(
    ("wanted", "calls", "budget", "used", "off_hours", "expected"),
    [
        # without a budget: the wanted interval; off hours every half hour
        (MINUTE, 12, None, 0, BOTH, (MINUTE, HALF_HOUR)),
        (MINUTE, 10_000, None, 9_999_999, BOTH, (MINUTE, HALF_HOUR)),
        (HOUR, 12, None, 0, BOTH, (HOUR, HOUR)),
        # at least 30 seconds, at most a day
        (SECOND, 1, None, 0, BOTH, (30 * SECOND, HALF_HOUR)),
        (timedelta(0), 1, 10_000_000, 0, BOTH, (30 * SECOND, HALF_HOUR)),
        (7 * DAY, 1, None, 0, BOTH, (DAY, DAY)),
        (7 * DAY, 1, 25_000, 0, BOTH, (DAY, DAY)),
        # enough budget: the wanted interval
        (MINUTE, 1, 1_000_000, 0, None, (MINUTE, HALF_HOUR)),
        (MINUTE, 1, 25_000, 0, BOTH, (MINUTE, HALF_HOUR)),
        (HOUR, 12, 25_000, 0, BOTH, (HOUR, HOUR)),
        # off hours every half hour, office hours get the rest
        (MINUTE, 3, 25_000, 0, BOTH, (OFFICE / (25_000 / 3 - OFF / HALF_HOUR), HALF_HOUR)),
        (MINUTE, 3, 25_000, 5_000, BOTH, (OFFICE / (20_000 / 3 - OFF / HALF_HOUR), HALF_HOUR)),
        (MINUTE, 2, 25_000, 0, WEEKENDS, (21 * DAY / (25_000 / 2 - 9 * DAY / HALF_HOUR), HALF_HOUR)),
        (MINUTE, 4, 25_000, 0, None, (30 * DAY * 4 / 25_000, HALF_HOUR)),
        # tight budget: four times as often in office hours
        (MINUTE, 12, 25_000, 0, BOTH, one_to_four(12 / 25_000)),
        (MINUTE, 12, 25_000, 20_000, BOTH, one_to_four(12 / 5_000)),
        (MINUTE, 200, 25_000, 0, BOTH, one_to_four(200 / 25_000)),
        (MINUTE, 12, 25_000, 0, None, (30 * DAY * 12 / 25_000, 4 * 30 * DAY * 12 / 25_000)),
        (MINUTE, 12, 25_000, 0, ALWAYS, (MINUTE, HALF_HOUR)),
        (MINUTE, 25, 25_000, 0, ALWAYS, (30 * DAY * 25 / 25_000 / 4, 30 * DAY * 25 / 25_000)),
        # very tight budget: off hours once a day, office hours get the rest
        (MINUTE, 500, 25_000, 0, BOTH, (OFFICE / (25_000 / 500 - OFF / DAY), DAY)),
        (MINUTE, 600, 25_000, 0, BOTH, (OFFICE / (25_000 / 600 - OFF / DAY), DAY)),
        (MINUTE, 1_000, 25_000, 0, BOTH, (DAY, DAY)),
        # used up
        (MINUTE, 12, 25_000, 25_000, BOTH, (DAY, DAY)),
        (MINUTE, 12, 25_000, 30_000, BOTH, (DAY, DAY)),
        (MINUTE, 12, 25_000, 24_999, BOTH, (DAY, DAY)),
        (MINUTE, 12, 25_000, 30_000, None, (DAY, DAY)),
        # nothing to poll
        (MINUTE, 0, 25_000, 25_000, BOTH, (MINUTE, HALF_HOUR)),
    ],
)
def test_the_poll_plan_at_the_start_of_a_month(
    wanted: timedelta,
    calls: int,
    budget: int | None,
    used: int,
    off_hours: OffHours | None,
    expected: tuple[timedelta, timedelta],
) -> None:
    plan = poll_plan(
        wanted,
        calls_per_cycle=calls,
        budget=budget,
        used=used,
        now=NOVEMBER,
        off_hours=off_hours,
        time_zone=ZoneInfo("UTC"),
    )

    assert seconds(plan) == pytest.approx([interval.total_seconds() for interval in expected], abs=1e-5)


def seconds(plan: PollPlan) -> list[float]:
    return [plan.office.total_seconds(), plan.off.total_seconds()]


@pytest.mark.parametrize(
    ("now", "left", "expected"),
    [
        ("2026-11-16T00:00", 12_500, ((11 * 13 + (360 - 11 * 13) / 4) * HOUR * 12 / 12_500,) * 2),
        ("2026-11-28T00:00", 12 * 10, ((13 + 59 / 4) * HOUR / 10,) * 2),  # a weekend and a Monday
        ("2026-11-30T20:00", 12 * 4, (HOUR / 4,) * 2),  # the last night
        ("2026-11-30T20:00", 12 * 8, (MINUTE, HALF_HOUR / 4)),
        ("2026-11-30T19:00", 12 * 18, (6 * MINUTE, HALF_HOUR / 4)),
        ("2026-11-30T23:59:59", 1, (MINUTE, HALF_HOUR / 4)),
    ],
)
def test_the_poll_plan_spreads_what_is_left_of_the_budget(
    now: str, left: int, expected: tuple[timedelta, timedelta]
) -> None:
    plan = poll_plan(
        MINUTE,
        calls_per_cycle=12,
        budget=25_000,
        used=25_000 - left,
        now=local(now, ZoneInfo("UTC")),
        off_hours=BOTH,
        time_zone=ZoneInfo("UTC"),
    )

    office, quarter_of_off = expected
    assert seconds(plan) == pytest.approx([office.total_seconds(), 4 * quarter_of_off.total_seconds()], abs=1e-5)


@given(
    wanted=st.integers(0, 90_000).map(lambda count: count * SECOND),
    calls=st.integers(1, 2_000),
    budget=st.integers(0, 2_000_000),
    share=st.floats(0, 1.5),
    off_hours=st.none() | any_off_hours,
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(STARTS),
    minute=st.integers(0, 10 * 24 * 60),
)
def test_any_poll_plan_spends_the_rest_of_the_budget_and_never_more(
    wanted: timedelta,
    calls: int,
    budget: int,
    share: float,
    off_hours: OffHours | None,
    zone: ZoneInfo,
    day: str,
    minute: int,
) -> None:
    now = datetime.fromisoformat(day).replace(tzinfo=zone) + minute * MINUTE
    used = round(budget * share)

    plan = poll_plan(
        wanted, calls_per_cycle=calls, budget=budget, used=used, now=now, off_hours=off_hours, time_zone=zone
    )

    assert 30 * SECOND <= plan.office <= plan.off <= DAY
    assert plan.office >= min(wanted, DAY)
    assume(plan.office < DAY)  # rooms are polled once a day whatever the budget
    end = month_bounds(now, zone)[1].astimezone(UTC)
    total = end - now.astimezone(UTC)
    office = off_hours.office_time(now, end, zone) if off_hours else total
    spent = calls * (office / plan.office + (total - office) / plan.off)
    assert spent <= (budget - used) * (1 + 1e-6) + 1e-6
    if plan.office > max(wanted, 30 * SECOND):
        assert spent >= (budget - used) * (1 - 1e-6)


@pytest.mark.parametrize("rooms", [3, 12, 40, 200, 400, 600, 830])
@pytest.mark.parametrize("off_hours", [None, BOTH, LUNCH])
def test_a_month_of_polls_by_the_plan_stays_within_the_budget(rooms: int, off_hours: OffHours | None) -> None:
    now, end = month_bounds(local("2026-11-01"), SHANGHAI)
    used = 0
    while now < end:
        used += rooms
        plan = poll_plan(
            MINUTE, calls_per_cycle=rooms, budget=25_000, used=used, now=now, off_hours=off_hours, time_zone=SHANGHAI
        )
        now += plan.off if off_hours and off_hours.contains(now, SHANGHAI) else plan.office

    assert 25_000 - 3 * rooms <= used <= 25_000 + rooms  # polls are not split


# Grace and retries


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
def test_the_grace_of_an_interval(interval: timedelta, expected: timedelta) -> None:
    assert grace(interval) == expected


@pytest.mark.parametrize("interval", [30 * SECOND, MINUTE, 3 * MINUTE, 10 * MINUTE, HOUR, DAY])
def test_several_retries_fit_into_the_grace(interval: timedelta) -> None:
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
def test_a_month_starts_at_local_midnight(now: str, zone: str, start: str, end: str) -> None:
    bounds = month_bounds(datetime.fromisoformat(now), ZoneInfo(zone))

    assert bounds == (datetime.fromisoformat(start), datetime.fromisoformat(end))


# In Home Assistant


async def test_a_free_plan_spends_its_share_of_the_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    await set_up(*rooms[:3], plan="free", source="list", calls=22_500)
    tenant.requests.clear()
    tenant.quota_left = 1_000_000

    await clock.forward(hours=24)

    left = at(0, day=8) - at(10)
    share = 2_500 * DAY / left
    assert share * 0.97 < 1_000_000 - tenant.quota_left <= share * 1.03
    polls = sorted({call.at for call in tenant.calls(FREE_BUSY)})
    others = left / HALF_HOUR + left / timedelta(hours=6) * 2  # statuses, and the catalogue
    assert abs(polls[0] - at(10) - left * 3 / (2_500 - others)) < 5 * SECOND


async def test_a_reload_costs_no_more_than_its_own_calls(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    entry = await set_up(*rooms, plan="free", source="list")
    before = entry.runtime_data.timetable.interval

    for _ in range(3):
        await clock.forward(hours=1)
        await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert entry.runtime_data.timetable.interval.total_seconds() == pytest.approx(before.total_seconds(), rel=0.02)


async def test_an_overspent_budget_slows_polls_down_until_the_month_ends(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(at(20, day=7))  # the last evening of the month
    entry = await set_up(*rooms, plan="free", source="list", monthly_budget=1_000, calls=1_200)
    assert entry.runtime_data.timetable.interval == DAY
    tenant.requests.clear()

    await clock.to(at(0, day=8))
    assert tenant.calls(FREE_BUSY) == []
    await clock.to(at(0, 2, day=8))

    assert len(tenant.calls(FREE_BUSY)) == 12
    # A third of so small a budget goes to the status of the rooms, some calls to their list
    lists = entry.runtime_data.catalogue.plan.calls_a_day * 31
    assert entry.runtime_data.timetable.interval.total_seconds() == pytest.approx(
        (31 * DAY * 12 / (667 - lists)).total_seconds(), rel=0.1
    )


async def test_one_room_of_a_free_plan_is_read_about_every_other_minute(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(NOVEMBER)

    entry = await set_up(rooms[0], plan="free")

    assert 110 * SECOND < entry.runtime_data.timetable.interval < 112 * SECOND


@pytest.mark.parametrize("hours", [2, 3])
async def test_the_jitter_of_a_long_interval_is_shorter_than_the_grace(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    monkeypatch: pytest.MonkeyPatch,
    rooms: list[Room],
    hours: int,
) -> None:
    monkeypatch.setattr(timetable, "_JITTER", 0.05)
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    await set_up(rooms[0], scan_interval=hours * 3_600)
    writes.clear()

    await clock.forward(days=2)

    assert writes.changes_of(busy_id(hass, rooms[0])) == []


async def test_a_reading_holds_four_hours_however_long_the_interval(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, writes: Writes, rooms: list[Room]
) -> None:
    await set_up(rooms[0], scan_interval=6 * 3_600)
    writes.clear()

    await clock.to(at(23))

    found = writes.changes_of(busy_id(hass, rooms[0]))
    changes = [(when.replace(second=0, microsecond=0), state) for when, state in found]
    assert changes == [(at(14), "unavailable"), (at(16), "off"), (at(20), "unavailable"), (at(22), "off")]


async def test_a_used_up_budget_is_reported_and_shows_nothing_old(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    """The status of the room counts for one hour, and there are no calls to read it again."""
    await hass.config.async_set_time_zone("UTC")
    entry = await set_up(rooms[0], plan="free", monthly_budget=3_000, calls=3_600)
    tenant.book(rooms[0].room_id, at(12), at(23))
    seen = set()
    while clock.now < at(23):
        await clock.forward(minutes=30)
        seen |= {(state_of(hass, rooms[0]), clock.now < at(11))}

    assert seen == {("off", True), ("unavailable", False)}
    issue = ir.async_get(hass).async_get_issue("feishu_freebusy", f"budget_used_up_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["until"] == "2026-12-01 00:00"
    assert issue.translation_placeholders["budget"] == "3,000"
    assert int(issue.translation_placeholders["used"].replace(",", "")) > 3_600

    await clock.to(at(0, 5, day=8))
    assert state_of(hass, rooms[0]) == "off"
    assert not ir.async_get(hass).async_get_issue("feishu_freebusy", f"budget_used_up_{entry.entry_id}")
