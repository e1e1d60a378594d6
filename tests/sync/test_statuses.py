"""The status of rooms is read between the scans: a room that is taken out of service never looks free for long."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.feishu.models import RoomStatus
from custom_components.feishu_freebusy.model.intervals import OffHours, TimeLeft, status_plan
from custom_components.feishu_freebusy.model.options import Options
from simulator import Call, Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, Writes, busy_id, said, state_of
from tests.conftest import at
from tests.restarts import Stop, Turn

pytest_plugins = ["tests.clock", "tests.restarts"]
pytestmark = pytest.mark.usefixtures("log_of_info", "in_utc")

MGET = "vc/v1/rooms/mget"


def is_of_rooms(call: Call) -> bool:
    """Return whether the call is one of the room API."""
    return "vc/v1/room" in call.path


def break_room_api(tenant: Tenant, fault: Fault | None = None) -> None:
    """Let all calls of the room API fail."""
    tenant.inject(fault or Fault.error(500, 121001), times=None, when=is_of_rooms)


def kinds(hass: HomeAssistant) -> set[str]:
    """Return the kinds of active repair issues."""
    issues = ir.async_get(hass).issues.values()
    return {str((issue.data or {})["kind"]) for issue in issues if issue.domain == DOMAIN and issue.active}


async def test_a_room_that_feishu_enables_late_is_asked_for_again_within_minutes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.variants.enabled_again = "late"  # five minutes
    tenant.disable_room(orion.room_id, at(9), at(10, 10), "paint")
    await clock.to(at(10, 10, 20))
    await set_up(orion)
    assert state_of(hass, orion) == "on"
    writes.clear()

    await clock.to(at(10, 25))

    ((shown_at, state),) = writes.changes_of(busy_id(hass, orion))
    assert state == "off"
    assert at(10, 15) <= shown_at <= at(10, 20, 40)
    assert len(tenant.calls(MGET)) == 3  # each time after as long as the room should have been enabled


async def test_a_closure_is_shown_within_ten_minutes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    await set_up(orion)
    await clock.to(at(10, 5))
    tenant.disable_room(orion.room_id, at(10, 5), at(15), "paint")
    writes.clear()

    await clock.to(at(10, 10, 30))

    ((shown_at, state),) = writes.changes_of(busy_id(hass, orion))
    assert (shown_at.replace(microsecond=0), state) == (at(10, 10), "on")
    assert len(tenant.calls(MGET)) == 1


async def test_a_closure_ends_in_time_if_the_machine_starts_with_a_fast_clock(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.clock = lambda: clock.now - timedelta(minutes=39)
    tenant.disable_room(orion.room_id, at(9), at(9, 26), "paint")  # for another five minutes
    await set_up(orion)

    await clock.forward(minutes=4)
    assert state_of(hass, orion) == "on"
    await clock.forward(minutes=2)
    assert state_of(hass, orion) == "off"


@pytest.mark.parametrize("until", [None, at(12)], ids=["for ever", "until noon"])
async def test_a_canceled_booking_has_the_status_read_before_it_is_shown(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, until: Any
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(14), at(15))
    await set_up(orion)
    writes.clear()
    tenant.disable_room(orion.room_id, at(10), until, "burst pipe")

    await clock.to(at(10, 1, 30))

    assert writes.changes_of(busy_id(hass, orion)) == []
    assert len(tenant.calls(MGET)) == 1
    assert state_of(hass, orion) == "on"


async def test_a_call_is_filled_up_with_the_statuses_read_longest_ago(
    tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(60)]
    entry = await set_up(*rooms, source="batch")
    asked: list[set[int]] = []
    for room in rooms[:2]:
        await clock.forward(minutes=2)
        tenant.requests.clear()
        await entry.runtime_data.async_read_now(room.room_id)
        await clock.forward(seconds=30)
        (call,) = tenant.calls(MGET)
        asked.append({number for number, room in enumerate(rooms) if room.room_id in str(call.body)})

    first, second = asked
    assert (len(first), len(second)) == (50, 50)
    assert 0 in first
    assert {1} | (set(range(60)) - first) <= second


async def test_the_check_of_a_canceled_booking_reads_the_statuses_of_other_rooms_too(
    tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    booking = tenant.book(rooms[0].room_id, at(14), at(15))
    await set_up(*rooms)
    await clock.to(at(10, 9))
    tenant.cancel(booking.booking_id)

    await clock.to(at(10, 19))

    (check,) = tenant.calls(MGET)  # at ten past ten, the regular read would be due
    assert all(room.room_id in str(check.body) for room in rooms)


async def test_a_booking_that_only_moves_takes_no_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    booking = tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion)
    tenant.move(booking.booking_id, at(9), at(10, 30))

    await clock.to(at(10, 1, 30))

    assert tenant.calls(MGET) == []


async def test_a_booking_that_vanishes_while_the_room_api_fails_makes_the_room_unavailable(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    booking = tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion, vega)
    writes.clear()
    break_room_api(tenant)
    tenant.cancel(booking.booking_id)

    await clock.to(at(10, 1, 30))
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")

    tenant.clear_faults()
    await clock.to(at(10, 7))
    assert state_of(hass, orion) == "off"
    assert "off" not in [state for when, state in writes.changes_of(busy_id(hass, orion)) if when < at(10, 6)]


async def test_a_room_api_that_fails_alone_is_reported_after_an_hour_and_ends_the_states_after_a_day(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(orion, scan_interval=600)
    await clock.to(at(10, 25))
    break_room_api(tenant)
    caplog.clear()

    await clock.to(at(11, 15))
    assert (state_of(hass, orion), kinds(hass), said(caplog)) == ("off", set(), [])

    await clock.to(at(12))
    assert (state_of(hass, orion), kinds(hass)) == ("off", {"room_list_outdated"})
    assert [level for level, _ in said(caplog)] == ["WARNING"]

    await clock.to(at(10, 19, day=1))
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 21, day=1))
    assert state_of(hass, orion) == "unavailable"

    tenant.clear_faults()
    await clock.to(at(11, day=1))
    await clock.to(at(18, day=1))
    assert (state_of(hass, orion), kinds(hass)) == ("off", set())
    assert [level for level, _ in said(caplog)] == ["WARNING", "INFO"]


async def test_a_closure_that_is_extended_does_not_end_at_its_old_end(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(10, 19), "paint")
    await set_up(orion)
    await clock.to(at(10, 17, 30))
    tenant.disable_room(orion.room_id, at(9), at(11), "paint")
    writes.clear()

    await clock.to(at(10, 30))

    assert writes.changes_of(busy_id(hass, orion)) == []
    assert state_of(hass, orion) == "on"


async def test_a_closure_ends_in_doubt_if_its_status_cannot_be_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(10, 30), "paint")
    await set_up(orion)
    await clock.to(at(10, 15))
    break_room_api(tenant)
    writes.clear()

    await clock.to(at(10, 45))
    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 30), "unavailable")]

    tenant.clear_faults()
    await clock.to(at(11, 20))
    assert state_of(hass, orion) == "off"


async def test_after_an_outage_a_status_that_cannot_be_read_is_too_old(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    await set_up(orion)
    await clock.to(at(10, 5))
    await simulator.stop()
    await clock.to(at(11, 30))
    tenant.disable_room(orion.room_id, at(11), None, "burst pipe")
    break_room_api(tenant)
    await simulator.start()
    writes.clear()

    await clock.to(at(13))
    assert state_of(hass, orion) == "unavailable"
    assert "off" not in writes.states_of(busy_id(hass, orion))

    tenant.clear_faults()
    await clock.to(at(14))
    assert writes.changes_of(busy_id(hass, orion))[0][1] == "on"


async def test_a_restart_with_a_room_api_that_is_not_back_shows_nothing_old(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 5))
    break_room_api(tenant)
    await clock.to(at(12))
    assert state_of(hass, orion) == "off"

    await restart(entry)
    await clock.to(at(12, 20))

    assert state_of(hass, orion) == "unavailable"


async def test_a_restart_in_an_outage_trusts_a_status_read_minutes_ago(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, restart: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(13, 5))  # the scan was at 10:00
    await simulator.stop()

    await restart(entry)

    assert state_of(hass, orion) == "off"


async def test_update_entity_reads_the_status(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    await set_up(orion)
    await clock.to(at(10, 2, 30))
    tenant.disable_room(orion.room_id, at(10, 2), None, "paint")

    update = {"entity_id": busy_id(hass, orion)}
    await clock.run(hass.services.async_call("homeassistant", "update_entity", update, blocking=True))
    await clock.forward(seconds=15)

    assert state_of(hass, orion) == "on"


async def test_a_deleted_room_with_an_empty_answer_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    """Free/busy still answers for the room, without a booking."""
    await set_up(orion, vega, scan_interval=600)
    tenant.inject(
        Fault.body(200, {"code": 0, "msg": "ok", "data": {"freebusy_list": []}}),
        FREE_BUSY,
        times=None,
        when=lambda call: orion.room_id in str(call.body),
    )
    tenant.delete_room(orion.room_id)

    await clock.to(at(10, 10, 30))
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")

    await clock.to(at(23))  # confirmed as gone
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


async def test_where_the_app_may_not_list_rooms_no_status_is_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, begin=lambda tenant: tenant.revoke("vc:room:readonly"))

    await clock.to(at(15))

    assert (state_of(hass, orion), tenant.calls(MGET)) == ("off", [])


async def test_statuses_are_counted_and_projected(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(60)]
    entry = await set_up(*rooms, scan_interval=3_600)
    timetable = entry.runtime_data.timetable
    before, projected = entry.runtime_data.calls.used, timetable.projected_calls
    polls = 24 * timetable.plan.office / timedelta(hours=1)

    await clock.forward(hours=24)

    calls = entry.runtime_data.calls.by_api
    assert calls[MGET] in range(6 * 24 * 2 - 6, 6 * 24 * 2 + 1)  # two calls every ten minutes
    lists = sum(calls[api] for api in ("vc/v1/rooms", "vc/v1/room_levels"))
    left = timetable.projected_calls - entry.runtime_data.calls.used
    assert projected - before - left == pytest.approx(6 * 24 * 2 + polls * 60 + lists, rel=0.03)


@pytest.mark.parametrize(
    ("rooms", "office", "calls"),
    [(20, 17, 1_250), (200, 30, 2_900), (1_000, 50, 8_333), (2_000, 100, 8_333)],
)
def test_the_calls_of_a_month_stay_in_proportion_to_the_budget(rooms: int, office: int, calls: int) -> None:
    hours: OffHours | None = Options.of({}).off_hours
    month = TimeLeft.of_month(at(0, day=-22), hours, at(0).tzinfo)  # type: ignore[arg-type]
    per_read = -(-rooms // 50)

    plan = status_plan(per_read, calls=25_000, time_left=month)

    assert round(plan.office / timedelta(minutes=1)) == office
    assert per_read * month.cycles(plan) == pytest.approx(calls, rel=0.05)
    assert status_plan(per_read, calls=None, time_left=month).office == timedelta(minutes=10)


@pytest.mark.parametrize(("calls", "hours"), [(0, 24), (1, 3), (2, 1.5)])
def test_statuses_take_a_third_of_the_last_calls_even_if_that_is_less_than_one(calls: int, hours: float) -> None:
    plan = status_plan(1, calls=calls, time_left=TimeLeft(timedelta(hours=1), timedelta()), usual=1.0)

    assert plan.office == timedelta(hours=hours)


async def test_a_crash_forgets_when_the_status_was_read(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    crash: Stop,
    start: Turn,
    entry_of: Callable[..., MockConfigEntry],
    orion: Room,
) -> None:
    """New times alone are not worth a write to disk: after a crash, the status counts as old as the last write."""
    entry = await set_up(orion)
    await clock.to(at(13, 5))
    await crash(entry)
    break_room_api(tenant)

    await start(entry)

    assert state_of(hass, orion) == "unavailable"


async def test_a_status_and_its_time_are_taken_together(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """Free/busy answers between the read of a status and its turn to be shown."""
    entry = await set_up(orion)
    await clock.to(at(10, 5))
    coordinator = entry.runtime_data
    known = coordinator.catalogue.data.catalogue.rooms[orion.room_id]
    closed = replace(known, status=RoomStatus(enabled=False))
    coordinator.catalogue.take_statuses([orion.room_id], [closed], clock.now)

    coordinator.timetable.make_due([orion.room_id])
    await clock.run(coordinator.async_refresh())

    assert state_of(hass, orion) == "on"


async def test_only_rooms_that_are_shown_are_remembered_as_wanted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    person = tenant.add_user("Li Na")
    entry = await set_up(orion, vega, people={person.open_id: "Li Na"})
    break_room_api(tenant)
    await clock.run(entry.runtime_data.async_check_now())
    assert entry.runtime_data.statuses._wanted == {orion.room_id, vega.room_id}

    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {orion.room_id: "Orion"}})
    await clock.settle()

    assert entry.runtime_data.statuses._wanted == {orion.room_id}


async def test_a_status_that_is_due_when_a_poll_ends_is_read_at_once(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await set_up(orion, scan_interval=3_600)
    await clock.to(at(10, 5, 10))
    tenant.requests.clear()
    entry.runtime_data.statuses.want([orion.room_id])

    entry.runtime_data._async_refresh_finished()
    await clock.settle()
    await clock.forward(seconds=1)

    assert len(tenant.calls(MGET)) == 1


async def test_a_stored_status_from_the_future_does_not_outlast_a_scan(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    """After a power cut, the clock of the machine is half an hour behind; a room was disabled meanwhile."""
    entry = await set_up(orion)
    await clock.to(at(10, 35))
    await stop(entry)
    clock.set_wall(at(10, 5))
    tenant.disable_room(orion.room_id, at(10), None, "burst pipe")

    assert await start(entry)
    assert state_of(hass, orion) == "on"
