"""Options and their defaults; a running entry applies changes without a reload."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.model.intervals import OffHours
from custom_components.feishu_freebusy.model.options import WEEKDAYS, NoShows, Options, Plan, SourceOption, TitlesOption
from simulator import Fault, LoggedRequest, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, ROOMS, STATUSES, Clock, SetUp, Writes, busy_id, device_of, reads_of, shown, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

RARELY = 3_600


type Change = Callable[..., None]


@pytest.fixture
def change(hass: HomeAssistant) -> Change:
    """Return a function that changes options of the entry, as the flow does."""

    def change(**options: Any) -> None:
        (entry,) = hass.config_entries.async_entries(DOMAIN)
        hass.config_entries.async_update_entry(entry, options={**entry.options, **options})

    return change


def names(*rooms: Room) -> dict[str, str]:
    return {room.room_id: room.name for room in rooms}


def besides_statuses(tenant: Tenant) -> list[LoggedRequest]:
    """Return all requests but those of the status of rooms, which is read every ten minutes whatever the options."""
    return [call for call in tenant.requests if not call.path.endswith(STATUSES)]


# Defaults


def test_an_entry_without_options_has_the_defaults() -> None:
    options = Options.of({})

    assert options == Options(
        building_depth=0,
        suggest_areas=False,
        rooms={},
        room_levels={},
        people={},
        plan=Plan.FREE,
        monthly_budget=25_000,
        source=SourceOption.AUTO,
        scan_interval=timedelta(seconds=60),
        off_hours=OffHours(time(20), time(7), frozenset({5, 6})),
        office_day=None,
        horizon=timedelta(days=7),
        min_free=timedelta(minutes=15),
        count_pending_as_busy=False,
        include_external_calendar=True,
        dashboard_cards=True,
        voice_sentences=False,
        live_updates=False,
        book=False,
        release=False,
        booking_title="",
        booking_calendar="",
        booking_contact="",
        longest_booking=timedelta(hours=4),
        person_users=frozenset(),
        titles=TitlesOption.OFF,
        titles_for_assistants=False,
        occupancy={},
        no_show_after=timedelta(minutes=10),
        no_shows=NoShows.DRY_RUN,
    )


@pytest.mark.parametrize(("plan", "budget"), [("free", 9_000), ("paid", None)])
def test_only_free_plans_have_a_budget(plan: str, budget: int | None) -> None:
    assert Options.of({"plan": plan, "monthly_budget": 9_000}).budget == budget


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({"enabled": False}, None),
        ({"enabled": False, "start": "18:00:00", "end": "08:00:00", "days": []}, None),
        ({"start": "18:30:00"}, OffHours(time(18, 30), time(7), frozenset({5, 6}))),
        ({"end": "08:00:00", "days": ["fri", "sat"]}, OffHours(time(20), time(8), frozenset({4, 5}))),
        ({"days": []}, OffHours(time(20), time(7), frozenset())),
        ({"days": list(WEEKDAYS)}, OffHours(time(20), time(7), frozenset(range(7)))),
    ],
)
def test_stored_off_hours_replace_the_default_nights_and_weekends(
    stored: dict[str, Any], expected: OffHours | None
) -> None:
    assert Options.of({"off_hours": stored}).off_hours == expected


# Rooms


async def test_a_room_is_added_at_once_while_the_others_stay(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    writes: Writes,
    orion: Room,
    vega: Room,
) -> None:
    tenant.book(vega.room_id, at(9), at(11))
    entry = await set_up(orion, scan_interval=RARELY)
    before = entry.runtime_data
    tenant.requests.clear()
    writes.clear()

    change(rooms=names(orion, vega))
    await clock.settle()

    assert state_of(hass, vega) == "on"
    device = device_of(hass, vega)
    assert device is not None
    assert device.name == "Vega"
    assert writes.rooms == {vega.room_id}
    assert entry.runtime_data is before
    assert [len(reads_of(tenant, room)) for room in (orion, vega)] == [0, 1]

    await clock.to(at(11, 5))
    assert writes.changes_of(busy_id(hass, vega))[-1] == (at(11), "off")
    assert [len(reads_of(tenant, room)) for room in (orion, vega)] == [1, 2]


async def test_a_room_is_removed_at_once_while_the_others_stay(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    writes: Writes,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega)
    dropped = busy_id(hass, vega)
    before = entry.runtime_data
    tenant.requests.clear()
    writes.clear()

    change(rooms=names(orion))
    await clock.settle()

    assert device_of(hass, vega) is None
    assert hass.states.get(dropped) is None
    assert er.async_get(hass).async_get(dropped) is None
    assert writes.rooms == {vega.room_id}
    assert entry.runtime_data is before
    await clock.to(at(10, 10))
    assert reads_of(tenant, vega) == []
    assert state_of(hass, orion) == "off"


async def test_a_room_can_be_removed_and_added_again(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, change: Change, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)

    for _ in range(2):
        change(rooms=names(orion))
        await clock.forward(seconds=90)
        change(rooms=names(orion, vega))
        await clock.settle()
        assert state_of(hass, vega) == "off"


async def test_two_changes_in_a_row_are_both_applied(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    mira = tenant.add_room("Mira")
    entry = await set_up(orion, vega)
    caplog.clear()

    change(rooms=names(orion, mira))
    change(rooms=names(vega, mira), min_free_minutes=30)
    await clock.settle()

    assert device_of(hass, orion) is None
    assert (state_of(hass, vega), state_of(hass, mira)) == ("off", "off")
    assert entry.runtime_data.options.min_free == timedelta(minutes=30)
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_rooms_may_change_during_a_poll(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    mira = tenant.add_room("Mira")
    await set_up(orion, vega)
    caplog.clear()
    tenant.inject(Fault.slow(8), FREE_BUSY, times=2)
    await clock.to(at(10, 1, 5))

    change(rooms=names(orion, mira))
    await clock.settle()
    assert device_of(hass, vega) is None
    assert state_of(hass, mira) == "unavailable"  # read after the running poll
    await clock.forward(seconds=10)

    assert (state_of(hass, orion), state_of(hass, mira)) == ("off", "off")
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_an_entry_can_be_unloaded_while_a_new_room_is_looked_up(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
) -> None:
    entry = await set_up(orion)
    mira = tenant.add_room("Mira")
    caplog.clear()
    tenant.inject(Fault.slow(8), ROOMS)

    change(rooms=names(orion, mira))
    await clock.settle()
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.forward(seconds=30)

    assert device_of(hass, mira) is None
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_a_new_room_that_is_disabled_and_hidden_from_lists_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room, vega: Room
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    tenant.disable_room(vega.room_id, at(9), None, "water")
    await set_up(orion)
    tenant.inject(Fault.error(400, 121003), f"{ROOMS}/mget", times=None)

    change(rooms=names(orion, vega))
    await clock.settle()

    assert state_of(hass, vega) == "on"


async def test_a_room_added_in_an_outage_is_unavailable_until_it_ends(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    writes: Writes,
    orion: Room,
    vega: Room,
) -> None:
    await set_up(orion)
    await simulator.stop()
    writes.clear()

    change(rooms=names(orion, vega))
    await clock.settle()
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "unavailable")
    await simulator.start()
    await clock.forward(minutes=2)

    assert state_of(hass, vega) == "off"
    assert writes.rooms == {vega.room_id}


async def test_a_second_room_of_the_same_name_renames_the_first(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change
) -> None:
    one, two = (tenant.add_room("Orion", level=tenant.add_level(name)) for name in ("Tower A", "Tower B"))
    await set_up(one)

    change(rooms=names(one, two))
    await clock.settle()

    devices = [device_of(hass, room) for room in (one, two)]
    assert [device and device.name for device in devices] == ["Orion (Tower A)", "Orion (Tower B)"]
    assert [shown(hass, room).name for room in (one, two)] == ["Orion (Tower A)", "Orion (Tower B)"]


async def test_a_name_set_in_the_options_is_applied(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    tenant.revoke("vc:room:readonly")
    await set_up(orion)

    change(rooms={orion.room_id: "Great Orion"})
    await clock.settle()

    device = device_of(hass, orion)
    assert device is not None
    assert device.name == "Great Orion"


# What counts


async def test_a_change_of_min_free_is_applied_without_a_reload_or_a_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 20), at(11))
    entry = await set_up(orion, scan_interval=RARELY)
    before = entry.runtime_data
    assert shown(hass, orion).attributes["available_now"]
    tenant.requests.clear()
    writes.clear()

    change(min_free_minutes=30)
    await clock.settle()

    assert not shown(hass, orion).attributes["available_now"]
    assert tenant.requests == []
    assert [write.entity_id for write in writes] == [busy_id(hass, orion)]
    change(min_free_minutes=10)
    await clock.settle()
    writes.clear()
    await clock.to(at(10, 10))
    assert not shown(hass, orion).attributes["available_now"]
    assert {write.at.replace(microsecond=0) for write in writes} == {at(10, 10)}
    assert entry.runtime_data is before


async def test_a_change_of_pending_as_busy_is_applied_without_a_reload_or_a_call(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    change: Change,
    writes: Writes,
    orion: Room,
    vega: Room,
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30), rsvp="needs_action")
    await set_up(orion, vega, scan_interval=RARELY)
    tenant.requests.clear()
    writes.clear()

    change(count_pending_as_busy=True)
    await clock.settle()
    assert state_of(hass, orion) == "on"
    await clock.to(at(10, 30))
    assert writes.changes_of(busy_id(hass, orion)) == [(at(10), "on"), (at(10, 30), "off")]

    assert besides_statuses(tenant) == []
    assert writes.rooms == {orion.room_id}


async def test_a_longer_horizon_is_read_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(9, day=10))
    entry = await set_up(orion, scan_interval=RARELY)
    before = entry.runtime_data
    assert shown(hass, orion).attributes["busy_until"] is None
    writes.clear()

    change(horizon_days=14)
    await clock.settle()

    assert shown(hass, orion).attributes["busy_until"] is not None
    assert writes.states_of(busy_id(hass, orion)) == {"on"}
    assert entry.runtime_data is before


async def test_a_change_of_external_calendars_is_read_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11), external=True)
    await set_up(orion, scan_interval=RARELY)
    assert state_of(hass, orion) == "on"

    change(include_external_calendar=False)
    await clock.settle()

    assert state_of(hass, orion) == "off"


# How often


async def minutes_of_polls(clock: Clock, tenant: Tenant, entry: MockConfigEntry) -> list[int]:
    """Return the minutes of the next two hours in which rooms are read."""
    start = clock.now
    tenant.requests.clear()
    await clock.forward(hours=2, seconds=5)
    return [(call.at - start) // timedelta(minutes=1) for call in tenant.calls(FREE_BUSY)]


async def test_a_shorter_interval_applies_at_once(
    tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    before = entry.runtime_data
    await clock.to(at(10, 10))

    change(scan_interval=1_200)
    await clock.settle()

    assert await minutes_of_polls(clock, tenant, entry) == [20, 40, 60, 80, 100, 120]
    assert entry.runtime_data is before


async def test_a_longer_interval_applies_from_the_next_poll(
    tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=1_200)
    await clock.to(at(10, 10))

    change(scan_interval=2_400)
    await clock.settle()

    assert await minutes_of_polls(clock, tenant, entry) == [10, 50, 90]


async def test_another_plan_applies_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    await hass.config.async_set_time_zone("UTC")
    entry = await set_up(orion, plan="free", monthly_budget=250)
    before = entry.runtime_data

    def share() -> timedelta:  # a third of so small a budget goes to the status of the room
        left = at(0, day=8) - clock.now
        calls: int = 250 - before.calls.used
        lists: float = before.catalogue.plan.calls_a_day * (left / timedelta(days=1))
        return left / (calls * 2 / 3 - lists - 1)  # the last poll of the month may be one too many

    assert before.timetable.interval / share() == pytest.approx(1, rel=0.01)
    await clock.to(at(10, 10))

    change(plan="paid", scan_interval=1_200)
    await clock.settle()

    assert before.timetable.interval == timedelta(minutes=20)
    assert await minutes_of_polls(clock, tenant, entry) == [20, 40, 60, 80, 100, 120]
    assert entry.runtime_data is before
    change(plan="free")
    await clock.settle()
    assert before.timetable.interval / share() == pytest.approx(1, rel=0.01)


async def test_unchanged_options_cause_no_call_and_no_write(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    tenant.requests.clear()
    writes.clear()

    hass.config_entries.async_update_entry(entry, title="Another name")
    await clock.to(at(10, 30))

    assert (besides_statuses(tenant), writes) == ([], [])


async def test_a_change_of_options_does_not_end_a_rate_limit(
    tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    await set_up(orion)
    tenant.inject(Fault.rate_limited(3_600), FREE_BUSY)
    await clock.to(at(10, 2))
    tenant.requests.clear()

    change(horizon_days=14)
    await clock.to(at(11))
    assert tenant.requests == []
    await clock.to(at(11, 10))

    assert len(tenant.requests) > 0


# While rooms are read


async def test_a_change_during_a_poll_is_read_right_after_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, change: Change, orion: Room
) -> None:
    await set_up(orion, include_external_calendar=False, scan_interval=RARELY)
    tenant.book(orion.room_id, at(9), at(18), external=True)
    tenant.inject(Fault.slow(5), FREE_BUSY)
    await clock.to(at(11, 0, 2))

    change(include_external_calendar=True)
    await clock.to(at(11, 0, 10))

    assert state_of(hass, orion) == "on"


async def test_a_room_requested_during_a_poll_is_read_after_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    coordinator = entry.runtime_data
    await coordinator.async_request_refresh()  # the next one has to wait for a few seconds
    tenant.requests.clear()
    tenant.inject(Fault.slow(5), FREE_BUSY)
    poll = hass.async_create_task(coordinator.async_check_now())
    await clock.forward(seconds=1)

    await coordinator.async_read_now(orion.room_id)
    await clock.forward(seconds=30)

    assert poll.done()
    assert len(reads_of(tenant, orion)) == 2


async def test_options_that_change_during_setup_are_applied(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    entry_of: Callable[..., MockConfigEntry],
    change: Change,
    orion: Room,
    vega: Room,
) -> None:
    entry = entry_of(orion.room_id)
    entry.add_to_hass(hass)
    tenant.inject(Fault.slow(5), FREE_BUSY)
    start = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await clock.forward(seconds=2)

    change(rooms=names(orion, vega))
    await clock.forward(minutes=1)

    assert start.done()
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")
