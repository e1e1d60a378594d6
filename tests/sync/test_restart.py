"""Setup during an outage: stored readings are shown until their grace period ends, not a second longer."""

from datetime import UTC, datetime, timedelta

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.model.options import WEEKDAYS
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import (
    FREE_BUSY,
    ROOMS,
    TOKEN,
    Clock,
    SetUp,
    Writes,
    busy_id,
    device_of,
    devices_of,
    levels,
    shown,
    state_of,
)
from tests.conftest import at
from tests.restarts import Stop, Turn
from tests.test_config_flow import BATCH_SCOPE, ROOMS_SCOPE

pytest_plugins = ["tests.clock", "tests.restarts"]
pytestmark = pytest.mark.usefixtures("log_of_info", "in_utc")


# In an outage


async def test_restart_during_a_meeting_shows_the_meeting_and_its_end(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    restart: Turn,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    tenant.book(orion.room_id, at(9, 30), at(10, 6))
    tenant.book(vega.room_id, at(10, 5), at(11))
    entry = await set_up(orion, vega)
    await clock.to(at(10, 2, 30))
    await simulator.stop()
    caplog.clear()
    writes.clear()

    assert await restart(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("on", "off")
    assert shown(hass, orion).attributes["busy_until"] == "2026-11-23T10:06:00+00:00"
    assert levels(caplog) == ["ERROR"]

    await clock.to(at(10, 30))
    changes = [change for change in writes.changes_of(busy_id(hass, orion)) if change[0] > at(10, 3)]
    assert changes == [(at(10, 6), "off"), (at(10, 12), "unavailable")]  # 10 minutes after 10:02
    changes = [change for change in writes.changes_of(busy_id(hass, vega)) if change[0] > at(10, 3)]
    assert changes == [(at(10, 5), "on"), (at(10, 12), "unavailable")]
    assert levels(caplog) == ["ERROR"]

    await simulator.start()
    await clock.forward(minutes=6)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "on")
    assert levels(caplog) == ["ERROR", "INFO"]


@pytest.mark.parametrize(
    ("second", "comes_up"), [(-60, True), (-1, True), (0, False), (1, False), (3_600, False)], ids=str
)
async def test_restart_does_not_move_the_end_of_the_grace_period(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    second: int,
    comes_up: bool,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await clock.to(at(10, 1))
    await stop(entry)
    clock.set_wall(at(10, 10) + timedelta(seconds=second))  # it was read at 10:00

    assert await start(entry) is comes_up
    if comes_up:
        assert state_of(hass, orion) == "off"
        await clock.to(at(10, 10))
        assert state_of(hass, orion) == "unavailable"
    else:
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert "did not answer" in (entry.reason or "")


@pytest.mark.parametrize(("interval", "minutes"), [(60, 10), (300, 15), (3_600, 75)])
async def test_repeated_restarts_do_not_extend_the_grace_period(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    restart: Turn,
    orion: Room,
    interval: int,
    minutes: int,
) -> None:
    entry = await set_up(orion, scan_interval=interval)
    await simulator.stop()

    for minute in range(1, minutes, 2):
        await clock.to(at(10) + timedelta(minutes=minute))
        assert await restart(entry)
        assert state_of(hass, orion) == "off"
    await clock.to(at(10) + timedelta(minutes=minutes))
    assert state_of(hass, orion) == "unavailable"

    assert not await restart(entry)


async def test_stored_reading_expires_at_its_horizon(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    at_all_hours = {"enabled": True, "start": "00:00:00", "end": "00:00:00", "days": list(WEEKDAYS)}
    entry = await set_up(
        orion,
        begin=lambda tenant: tenant.revoke(ROOMS_SCOPE),  # so that only the reading limits the state
        scan_interval=86_400,
        horizon_days=1,
        off_hours=at_all_hours,
    )
    await simulator.stop()
    await clock.to(at(9, day=1))

    assert await restart(entry)
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, day=1))
    assert state_of(hass, orion) == "unavailable"
    assert not await restart(entry)


@pytest.mark.parametrize("time_zone", ["Asia/Shanghai", "America/New_York"])
async def test_midnight_and_a_new_time_zone_do_not_shift_a_booking(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    time_zone: str,
) -> None:
    clock.set_wall(at(23, 55))
    tenant.book(orion.room_id, at(23), at(0, 4, day=1))
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    await hass.config.async_set_time_zone(time_zone)
    await clock.to(at(0, 1, day=1))

    assert await start(entry)
    assert state_of(hass, orion) == "on"
    await clock.to(at(0, 4, day=1))
    assert state_of(hass, orion) == "off"


async def test_end_of_daylight_saving_time_does_not_shift_a_booking(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    change = datetime(2027, 11, 7, 6, tzinfo=UTC)  # 2:00 becomes 1:00
    clock.set_wall(change - timedelta(minutes=5))
    tenant.book(orion.room_id, change - timedelta(hours=1), change + timedelta(minutes=3))
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    await clock.to(change + timedelta(minutes=1))

    assert await start(entry)
    assert state_of(hass, orion) == "on"
    await clock.to(change + timedelta(minutes=3))
    assert state_of(hass, orion) == "off"
    await clock.to(change + timedelta(minutes=5))
    assert state_of(hass, orion) == "unavailable"


async def test_only_the_room_without_a_stored_reading_is_unavailable(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    rooms = {**entry.options["rooms"], vega.room_id: "Vega"}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": rooms})

    assert await start(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "unavailable")
    await simulator.start()
    await clock.forward(minutes=2)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")


async def test_room_removed_from_the_options_meanwhile_is_gone(
    hass: HomeAssistant, simulator: Simulator, set_up: SetUp, stop: Stop, start: Turn, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    await simulator.stop()
    await stop(entry)
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "rooms": {orion.room_id: entry.options["rooms"][orion.room_id]}}
    )

    assert await start(entry)
    assert state_of(hass, orion) == "off"
    assert device_of(hass, vega) is None


async def test_pending_requests_follow_the_current_option(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
) -> None:
    tenant.book(orion.room_id, at(9), at(11), rsvp="needs_action")
    entry = await set_up(orion)
    assert state_of(hass, orion) == "off"
    await simulator.stop()
    await stop(entry)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "count_pending_as_busy": True})

    assert await start(entry)
    assert state_of(hass, orion) == "on"


@pytest.mark.parametrize("before", [True, False])
async def test_reading_needs_the_same_external_calendar_option(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    before: bool,
) -> None:
    entry = await set_up(orion, include_external_calendar=before)
    await simulator.stop()
    # Changed while the entry runs, but the stored reading still has the old option
    hass.config_entries.async_update_entry(entry, options={**entry.options, "include_external_calendar": not before})
    await clock.settle()
    await stop(entry)

    assert not await start(entry)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "include_external_calendar": before})
    assert await start(entry)
    assert state_of(hass, orion) == "off"


async def test_shorter_interval_shortens_the_grace_period(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=3_600)
    await simulator.stop()
    await stop(entry)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 60})
    await clock.to(at(10, 5))

    assert await start(entry)
    await clock.to(at(10, 10))
    assert state_of(hass, orion) == "unavailable"


async def test_reading_from_off_hours_keeps_its_longer_grace_period(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    off_hours = {"enabled": True, "start": "20:00:00", "end": "10:20:00", "days": []}
    entry = await set_up(orion, off_hours=off_hours)
    await simulator.stop()
    await clock.to(at(10, 30))

    assert await restart(entry)
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 44, 59))
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 45))
    assert state_of(hass, orion) == "unavailable"


async def test_reading_from_the_future_is_not_used(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    clock.set_wall(at(9, 59, 59))

    assert not await start(entry)


# Rooms and people are restored


async def test_followed_floor_is_restored_with_devices_and_disabled_rooms(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    floor = next(level for level in tenant.levels.values() if level.name == "3F")
    lyra = tenant.add_room("Lyra", level=floor)
    tenant.disable_room(lyra.room_id, at(9), None, "water")
    entry = await set_up(room_levels={floor.level_id: "3F"})
    before = devices_of(hass)
    await simulator.stop()
    await clock.to(at(10, 3))

    assert await restart(entry)
    assert devices_of(hass) == before
    assert {device.model for device in before} >= {"Tower A / 3F"}
    assert (state_of(hass, orion), state_of(hass, lyra)) == ("off", "on")
    assert shown(hass, lyra).attributes["disabled_reason"] == "water"
    assert shown(hass, orion).attributes["capacity"] == 8


async def test_disabled_room_becomes_free_on_time(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(10, 5), "paint")
    entry = await set_up(orion)
    await simulator.stop()

    assert await restart(entry)
    assert state_of(hass, orion) == "on"
    await clock.to(at(10, 5))
    assert state_of(hass, orion) == "off"


async def test_people_are_restored(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn
) -> None:
    li_na = tenant.add_user("Li Na")
    tenant.book(li_na.open_id, at(9), at(10, 5))
    entry = await set_up(people={li_na.open_id: "Li Na"})
    (entity_id,) = hass.states.async_entity_ids("binary_sensor")
    await simulator.stop()

    def state() -> str:
        found = hass.states.get(entity_id)
        assert found is not None
        return found.state

    assert await restart(entry)
    assert state() == "on"
    await clock.to(at(10, 5))
    assert state() == "off"
    await clock.to(at(10, 10))
    assert state() == "unavailable"


# Other failures at setup


async def test_stored_catalogue_is_used_if_only_its_read_fails(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    restart: Turn,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    tenant.disable_room(orion.room_id, at(9), None, "water")
    entry = await set_up(orion, vega)
    tenant.inject(Fault.status(503), ROOMS, times=None)
    await clock.to(at(11))
    caplog.clear()

    assert await restart(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("on", "off")
    assert levels(caplog) == []
    tenant.clear_faults()
    tenant.enable_room(orion.room_id)
    await clock.to(at(11, 31))
    assert state_of(hass, orion) == "off"


async def test_catalogue_stored_days_ago_is_not_used(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await stop(entry)
    tenant.disable_room(orion.room_id, at(12), None, "water")
    tenant.inject(Fault.status(503), ROOMS, times=None)
    clock.set_wall(at(12, day=3))

    assert not await start(entry)


async def test_restart_without_the_catalogue_permission_reads_the_scopes(
    tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    tenant.revoke(BATCH_SCOPE)
    entry = await set_up(orion, source="batch", scan_interval=3_600)
    assert entry.runtime_data.source.forecast.source == "list"
    tenant.revoke(ROOMS_SCOPE)
    tenant.grant(BATCH_SCOPE)

    assert await restart(entry)

    assert entry.runtime_data.source.forecast.source == "batch"
    assert entry.runtime_data.subjects[orion.room_id].info.building == "Tower A"


async def test_refused_secret_starts_reauth_while_rooms_stay_available(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(11))
    entry = await set_up(orion)
    tenant.rotate_secret("another")

    assert await restart(entry)
    assert state_of(hass, orion) == "off"
    assert len(list(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))) == 1
    tenant.requests.clear()
    await clock.to(at(10, 5))
    assert state_of(hass, orion) == "on"
    await clock.to(at(10, 59))
    assert state_of(hass, orion) == "unavailable"
    assert tenant.requests == []  # retried only once an hour
    assert not await restart(entry)
    assert "secret" in (entry.reason or "")


async def test_exceeded_quota_pauses_polls_while_rooms_stay_available(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    tenant.quota_left = 0

    assert await restart(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")
    issues = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    assert [issue.translation_key for issue in issues] == ["quota_exceeded"]  # not the issue of a failed setup
    tenant.requests.clear()
    await clock.to(at(10, 10))
    assert state_of(hass, orion) == "unavailable"
    await clock.to(at(15))
    assert tenant.requests == []


async def test_setup_without_valid_readings_reports_the_reason_with_few_calls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    await stop(entry)
    await clock.forward(minutes=30)
    tenant.quota_left = 0
    tenant.requests.clear()

    assert not await start(entry)
    assert "quota" in (entry.reason or "")
    assert len([call for call in tenant.requests if not call.path.endswith(TOKEN)]) == 2  # one each, not one per room
    assert {state.state for state in hass.states.async_all("binary_sensor")} == {"unavailable"}


async def test_single_unreadable_room_shows_its_stored_reading(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 5))
    entry = await set_up(orion, vega)
    tenant.inject(
        Fault.status(503),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] == orion.room_id,
    )

    assert await restart(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("on", "off")
    await clock.to(at(10, 5))
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 10))
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


# Without an outage


async def test_stored_reading_is_not_shown_if_the_server_answers(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    writes: Writes,
    orion: Room,
) -> None:
    booking = tenant.book(orion.room_id, at(9), at(11))
    entry = await set_up(orion)
    await stop(entry)
    tenant.cancel(booking.booking_id)
    writes.clear()

    assert await start(entry)
    await clock.to(at(10, 30))

    assert writes.states_of(busy_id(hass, orion)) == {"off"}


async def test_scans_before_and_after_a_restart_add_up(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room, vega: Room
) -> None:
    floor = next(level for level in tenant.levels.values() if level.name == "3F")
    tenant.add_room("Lyra", level=floor)
    entry = await set_up(room_levels={floor.level_id: "3F"}, scan_interval=3_600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(16, 1))
    assert device_of(hass, orion) is not None

    assert await restart(entry)

    assert device_of(hass, orion) is None


async def test_failed_scans_at_restarts_do_not_remove_a_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    floor = next(level for level in tenant.levels.values() if level.name == "3F")
    entry = await set_up(room_levels={floor.level_id: "3F"}, scan_interval=3_600)
    tenant.inject(Fault.body(200, {"code": 0, "data": {"rooms": [], "has_more": False}}), ROOMS, times=None)
    assert await restart(entry)
    tenant.inject(Fault.status(503), times=None)
    for _ in range(3):
        await clock.forward(minutes=1)
        assert await restart(entry)

    assert device_of(hass, orion) is not None
    assert state_of(hass, orion) == "off"
