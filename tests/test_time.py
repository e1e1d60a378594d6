"""Clock jumps, sleep and time zones: never a false free, and soon the correct state."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, Writes, busy_id, reads_of, shown, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

DAY = timedelta(days=1)


# Clock jumps


@pytest.mark.usefixtures("each_minute")
@pytest.mark.parametrize(
    "jump",
    [
        timedelta(minutes=5),
        timedelta(hours=1),
        DAY,
        timedelta(days=400),
        -timedelta(minutes=5),
        -timedelta(hours=1),
        -DAY,
        -timedelta(days=400),
    ],
    ids=str,
)
async def test_after_a_clock_jump_the_next_poll_corrects_the_state(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, jump: timedelta
) -> None:
    then = at(10) + jump
    tenant.book(orion.room_id, then - timedelta(hours=3), then + timedelta(hours=3))
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion)
    await clock.forward(seconds=20)
    writes.clear()
    tenant.requests.clear()

    clock.set_wall(then)
    await clock.forward(minutes=2)

    assert state_of(hass, orion) == "on"
    assert writes.states_of(busy_id(hass, orion)) <= {"on", "unavailable"}
    assert 1 <= len(reads_of(tenant, orion)) <= 3


@pytest.mark.parametrize("jump", [timedelta(hours=1), DAY, -timedelta(hours=1), -DAY], ids=str)
async def test_a_clock_jump_during_an_outage_does_not_extend_the_grace(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    jump: timedelta,
) -> None:
    await set_up(orion)
    await simulator.stop()
    tenant.book(orion.room_id, at(10) + jump, at(14) + jump)
    writes.clear()

    clock.set_wall(at(10) + jump)
    await clock.forward(minutes=11)

    assert state_of(hass, orion) == "unavailable"


async def test_a_clock_jump_during_a_poll_does_not_extend_its_validity(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    tenant.inject(Fault.slow(5), FREE_BUSY)
    await clock.to(at(10, 1, 2))
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)

    clock.set_wall(at(7))
    await clock.forward(minutes=12)

    assert state_of(hass, orion) == "unavailable"


# Sleep


@pytest.mark.usefixtures("each_minute")
@pytest.mark.parametrize("monotonic_goes_on", [False, True], ids=["stood still", "went on"])
@pytest.mark.parametrize("network", [True, False], ids=["with network", "without"])
async def test_after_sleep_no_state_from_before_is_shown(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    monotonic_goes_on: bool,
    network: bool,
) -> None:
    await set_up(orion)
    await clock.forward(seconds=20)
    tenant.book(orion.room_id, at(15), at(19))
    tenant.requests.clear()
    writes.clear()
    if not network:
        await simulator.stop()

    clock.set_wall(at(16))
    if monotonic_goes_on:
        clock.skip(hours=6)
    await clock.forward(minutes=1)

    assert state_of(hass, orion) == ("on" if network else "unavailable")
    assert "off" not in writes.states_of(busy_id(hass, orion))
    assert len(reads_of(tenant, orion)) <= 2


@pytest.mark.usefixtures("each_minute")
@pytest.mark.parametrize("sleep", [timedelta(minutes=20), timedelta(hours=8)], ids=str)
async def test_after_sleep_rooms_are_read_within_a_minute_at_any_interval(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, sleep: timedelta
) -> None:
    await set_up(orion, scan_interval=3_600)
    await clock.forward(seconds=20)
    tenant.book(orion.room_id, at(10, 5), at(23))

    clock.set_wall(clock.now + sleep)
    await clock.forward(minutes=1)

    assert state_of(hass, orion) == "on"


# Time zones


@pytest.mark.parametrize(
    ("zone", "midnights"),
    [
        ("Europe/Berlin", ["2026-03-28T23:00", "2026-03-29T22:00"]),
        ("Europe/Berlin", ["2026-10-24T22:00", "2026-10-25T23:00"]),
        ("America/New_York", ["2026-03-08T05:00", "2026-03-09T04:00"]),
        ("Australia/Lord_Howe", ["2026-04-04T13:00", "2026-04-05T13:30"]),
        ("Pacific/Apia", ["2011-12-30T10:00", "2011-12-31T10:00"]),
        ("Asia/Shanghai", ["2026-03-28T16:00", "2026-03-29T16:00"]),
        ("UTC", ["2028-02-29T00:00", "2028-03-01T00:00"]),
        ("UTC", ["2027-01-01T00:00", "2027-01-02T00:00"]),
    ],
)
async def test_the_agenda_moves_on_at_each_local_midnight(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    zone: str,
    midnights: list[str],
) -> None:
    first, second = (datetime.fromisoformat(f"{midnight}+00:00") for midnight in midnights)
    begin = first - timedelta(hours=1)
    await hass.config.async_set_time_zone(zone)
    clock.set_wall(begin)
    for day in range(-1, 5):
        noon = (begin + day * DAY).astimezone(ZoneInfo(zone)).replace(hour=12, minute=0)
        tenant.book(orion.room_id, noon, noon + timedelta(hours=1))
    await set_up(orion, scan_interval=3_600)
    writes.clear()

    await clock.to(second + timedelta(hours=1))

    ours = [write for write in writes if write.entity_id == busy_id(hass, orion) and write.before == write.state]
    days = [write.at.strftime("%Y-%m-%dT%H:%M") for write in ours]
    assert [day for day in days if day in midnights] == midnights
    starts = [datetime.fromisoformat(booking["start"]).hour for booking in shown(hass, orion).attributes["bookings"]]
    assert set(starts) == {12}


async def test_a_new_time_zone_applies_within_a_minute(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await hass.config.async_set_time_zone("UTC")
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(20), at(21))
    await set_up(orion, scan_interval=3_600)

    await hass.config.async_update(time_zone="Asia/Shanghai")
    await clock.forward(minutes=1)

    attributes = shown(hass, orion).attributes
    assert attributes["busy_until"] == "2026-11-23T19:00:00+08:00"
    assert attributes["next_busy_time"] == "2026-11-24T04:00:00+08:00"


# A wrong clock of this machine


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), -timedelta(minutes=7)], ids=["fast", "slow"])
async def test_states_follow_the_clock_of_the_server(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, ahead: timedelta
) -> None:
    """The clock of this machine is ahead, or behind."""
    tenant.clock = lambda: clock.now - ahead
    tenant.book(orion.room_id, at(10, 30), at(11))
    tenant.book(orion.room_id, at(14), at(15))
    await set_up(orion, scan_interval=300)
    writes.clear()

    await clock.forward(hours=6)

    changes = writes.changes_of(busy_id(hass, orion))
    assert [state for _, state in changes] == ["on", "off", "on", "off"]
    for (when, _), edge in zip(changes, (at(10, 30), at(11), at(14), at(15)), strict=True):
        assert abs(when - edge - ahead) <= timedelta(seconds=1)  # `Date` has no fractions
    assert {call.status for call in tenant.requests} == {200}


async def test_off_hours_and_the_month_follow_the_clock_of_the_server(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """The clock of this machine is an hour ahead at the end of a month."""
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(datetime(2026, 12, 1, 0, 10, tzinfo=UTC))
    tenant.clock = lambda: clock.now - timedelta(hours=1)
    entry = await set_up(orion, scan_interval=300, off_hours={"enabled": True, "start": "23:30:00", "end": "07:00:00"})
    await clock.forward(minutes=10)  # at 23:20 by Feishu's clock

    timetable, calls = entry.runtime_data.timetable, entry.runtime_data.calls
    assert timetable.interval == timetable.plan.office
    assert calls.used > 0
    used = calls.used
    await clock.forward(minutes=45)
    assert timetable.interval == timetable.plan.off
    assert calls.used < used  # a new month


@pytest.mark.parametrize(
    ("ahead", "key", "minutes", "seconds"),
    [(timedelta(minutes=39), "clock_ahead", "39", "0"), (-timedelta(seconds=90), "clock_behind", "1", "30")],
    ids=["39 min fast", "90 s slow"],
)
async def test_a_wrong_clock_is_reported_until_it_is_set(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    ahead: timedelta,
    key: str,
    minutes: str,
    seconds: str,
) -> None:
    tenant.date_offset = -ahead
    tenant.clock = lambda: clock.now
    entry = await set_up(orion)

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"clock_wrong_{entry.entry_id}")
    assert issue
    assert issue.translation_key == key
    placeholders = issue.translation_placeholders or {}
    assert abs(int(placeholders["minutes"]) * 60 + int(placeholders["seconds"]) - int(minutes) * 60 - int(seconds)) <= 1
    assert not issue.is_fixable

    tenant.date_offset = timedelta()
    await clock.forward(minutes=5)
    assert not ir.async_get(hass).async_get_issue(DOMAIN, f"clock_wrong_{entry.entry_id}")


async def test_a_booked_room_stays_busy_when_the_clock_is_put_right(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    """Until new answers agree, a clock that was set by just as much as it was wrong is trusted."""
    true_clock = clock.now
    clock.set_wall(true_clock + timedelta(minutes=39))
    tenant.clock = lambda: clock.now - timedelta(minutes=39)
    tenant.book(orion.room_id, at(9), at(10, 5))
    await set_up(orion)
    assert state_of(hass, orion) == "on"
    writes.clear()
    await clock.forward(minutes=2, seconds=30)

    clock.set_wall(clock.now - timedelta(minutes=39))
    tenant.clock = lambda: clock.now
    await clock.to(at(10, 10))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "off")]
