"""Off-hours have few polls, the day starts with one, and no room becomes unavailable in between."""

from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest

from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, Writes, busy_id, reads_of, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

MINUTE = timedelta(minutes=1)
NIGHTS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}


def polls_of(tenant: Tenant, room: Room) -> list[datetime]:
    """Return when a room was read, to two seconds: Home Assistant shifts polls by a fraction of a second."""
    polls = [call.at + timedelta(seconds=1) for call in reads_of(tenant, room)]
    return [poll.replace(second=poll.second // 2 * 2, microsecond=0) for poll in polls]


async def test_off_hours_have_few_polls_and_the_day_starts_with_one(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    clock.set_wall(at(19, 45))
    await set_up(orion, scan_interval=300, off_hours=NIGHTS)
    tenant.requests.clear()
    writes.clear()

    await clock.to(at(7, 10, 5, day=1))

    evening = [at(19, minute) for minute in (50, 55)]
    night = [at(20) + 30 * MINUTE * count for count in range(22)]
    assert polls_of(tenant, orion) == [*evening, *night, at(7, day=1), at(7, 5, day=1), at(7, 10, day=1)]
    assert "unavailable" not in [write.state for write in writes]


async def test_poll_due_after_the_start_of_the_day_is_moved_to_it(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(6, 17, 40))
    await set_up(orion, off_hours=NIGHTS)
    tenant.requests.clear()

    await clock.to(at(7, 2, 5))

    assert polls_of(tenant, orion) == [at(6, 47, 40), at(7), at(7, 1), at(7, 2)]


async def test_weekend_counts_as_off_hours(tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room) -> None:
    clock.set_wall(at(6, 30, day=6))  # a Sunday
    await set_up(orion, off_hours=NIGHTS)
    tenant.requests.clear()

    await clock.to(at(7, 0, 5, day=7))

    polls = polls_of(tenant, orion)
    assert len(polls) == 49
    assert polls[-1] == at(7, day=7)


@pytest.mark.parametrize("second", range(0, 60, 6))
@pytest.mark.parametrize("seconds", [0, 9])
async def test_no_room_becomes_unavailable_when_off_hours_start(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, second: int, seconds: int
) -> None:
    clock.set_wall(at(19, 55, second))
    await set_up(orion, off_hours=NIGHTS)
    await clock.to(at(19, 58, 30))
    tenant.inject(Fault.slow(seconds), FREE_BUSY, times=None)
    writes.clear()

    await clock.to(at(21, 30))

    assert writes == []


@pytest.mark.parametrize("second", range(0, 60, 6))
@pytest.mark.parametrize("seconds", [0, 9])
async def test_no_room_becomes_unavailable_when_off_hours_end(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, second: int, seconds: int
) -> None:
    clock.set_wall(at(6, 15, second))
    await set_up(orion, off_hours=NIGHTS)
    tenant.inject(Fault.slow(seconds), FREE_BUSY, times=None)
    writes.clear()

    await clock.to(at(7, 30))

    assert writes == []
    first, second_one = [poll for poll in polls_of(tenant, orion) if poll >= at(7)][:2]
    assert first <= at(7, 1)
    assert second_one - first <= timedelta(minutes=1, seconds=2)


@pytest.mark.parametrize("second", [50, 56])
async def test_poll_running_past_the_end_of_off_hours_does_not_delay_the_next(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, second: int
) -> None:
    clock.set_wall(at(6, 29, second))
    await set_up(orion, off_hours=NIGHTS)
    tenant.inject(Fault.slow(9), FREE_BUSY, times=None)

    await clock.to(at(7, 3))

    first, following, *_ = [poll for poll in polls_of(tenant, orion) if poll > at(7, 0, 20)]
    assert first <= at(7, 1, second)
    assert following <= at(7, 2, second)


async def test_failed_poll_in_off_hours_is_retried_soon_within_the_grace_period(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
) -> None:
    clock.set_wall(at(22))
    await set_up(orion, off_hours=NIGHTS)
    writes.clear()

    await simulator.stop()
    await clock.to(at(22, 40))
    assert writes == []
    await simulator.start()
    await clock.to(at(22, 50))
    assert (writes, state_of(hass, orion)) == ([], "off")
    await simulator.stop()
    await clock.to(at(23, 59))
    assert [state for _, state in writes.changes_of(busy_id(hass, orion))] == ["unavailable"]


async def test_interval_sensor_follows_off_hours(hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room) -> None:
    clock.set_wall(at(19, 55))
    entry = await set_up(orion, off_hours=NIGHTS)
    (sensor,) = [state for state in hass.states.async_all("sensor") if "interval" in state.entity_id]

    async def interval() -> str:
        await clock.forward(minutes=1)
        state = hass.states.get(sensor.entity_id)
        assert state is not None
        return state.state

    assert float(await interval()) == 1
    await clock.to(at(20))
    assert float(await interval()) == 30
    assert entry.runtime_data.timetable.interval == 30 * MINUTE
    await clock.to(at(7, day=1))
    assert float(await interval()) == 1


async def test_changed_off_hours_apply_immediately(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.requests.clear()
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "off_hours": {**NIGHTS, "start": "10:05:00", "end": "10:50:00"}}
    )

    await clock.to(at(10, 52, 5))

    assert polls_of(tenant, orion) == [at(10, minute) for minute in (1, 2, 3, 4, 5, 35, 50, 51, 52)]


async def test_off_hours_use_the_configured_time_zone(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")  # 10:00 UTC is 18:00 there
    await set_up(orion, off_hours={**NIGHTS, "start": "18:02:00"})
    tenant.requests.clear()

    await clock.to(at(10, 40))

    assert polls_of(tenant, orion) == [at(10, 1), at(10, 2), at(10, 32)]
