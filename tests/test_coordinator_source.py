"""Which rooms are read and with how many calls: full batches, no disabled rooms, no gap when batch is refused."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.feishu_freebusy.model.options import SourceOption
from simulator import Fault, Room, Tenant
from tests.clock import (
    BATCH,
    FREE_BUSY,
    Clock,
    SetUp,
    Writes,
    busy_id,
    reads_of,
    rooms_of,
    said,
    set_disabled,
    state_of,
)
from tests.conftest import at
from tests.test_config_flow import BATCH_SCOPE, is_of

pytest_plugins = ["tests.clock"]

RARELY = 3_600


@pytest.fixture
def many(tenant: Tenant) -> list[Room]:
    """Return more rooms than fit into two calls."""
    return [tenant.add_room(f"Room {number}") for number in range(45)]


def batches(tenant: Tenant) -> list[int]:
    """Return the number of rooms in each batch call, sorted."""
    return sorted(len(rooms_of(call)) for call in tenant.calls(BATCH))


async def update_entity(hass: HomeAssistant, clock: Clock, *rooms: Room) -> None:
    """Update the entities of rooms on demand."""
    await async_setup_component(hass, "homeassistant", {})
    ids = [busy_id(hass, room) for room in rooms]
    await clock.run(hass.services.async_call("homeassistant", "update_entity", {"entity_id": ids}, blocking=True))
    await clock.settle()


# On demand


async def test_room_is_read_immediately_on_demand(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=RARELY)
    await clock.to(at(10, 20))
    tenant.requests.clear()
    tenant.book(orion.room_id, at(10), at(11))

    await update_entity(hass, clock, orion)

    assert state_of(hass, orion) == "on"
    assert clock.now < at(10, 20, 1)
    assert (len(reads_of(tenant, orion)), len(reads_of(tenant, vega))) == (1, 0)
    await clock.to(at(11, 19))
    assert (len(reads_of(tenant, orion)), len(reads_of(tenant, vega))) == (1, 1)  # its next poll is an hour later


async def test_repeated_demands_cause_few_reads(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms, scan_interval=RARELY)
    tenant.requests.clear()

    for _ in range(3):
        await update_entity(hass, clock, *rooms)
    await clock.forward(seconds=15)

    assert all(1 <= len(reads_of(tenant, room)) <= 2 for room in rooms)


@pytest.mark.parametrize(
    ("options", "most"), [({"plan": "free", "source": "list"}, 83 * 1.5), ({}, 833 * 1.5)], ids=["free", "paid"]
)
async def test_reads_on_demand_in_a_loop_are_bounded(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, Any],
    most: float,
) -> None:
    entry = await set_up(orion, scan_interval=RARELY, **options)
    for _ in range(12 * 60):
        await entry.runtime_data.async_read_now(orion.room_id)
        await clock.forward(minutes=1)

    ((level, line),) = said(caplog)  # once a day
    assert (level, "update_entity has used up its share" in line) == ("WARNING", True)
    assert 0.8 * most < entry.runtime_data.calls.by_payer["updates"] <= most + 2
    assert len(reads_of(tenant, orion)) <= 1 + 12 + (most + 2) / 2  # each comes with a read of the status


async def test_read_on_demand_fills_its_batch_with_other_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, many: list[Room]
) -> None:
    await set_up(*many, source="batch", scan_interval=RARELY)
    await clock.to(at(10, 20))
    tenant.requests.clear()

    await update_entity(hass, clock, many[7])
    assert batches(tenant) == [20]
    first = set(rooms_of(tenant.calls(BATCH)[0]))
    assert many[7].room_id in first
    await clock.forward(minutes=1)
    tenant.requests.clear()
    await update_entity(hass, clock, many[7])

    assert batches(tenant) == [20]
    assert first & set(rooms_of(tenant.calls(BATCH)[0])) == {many[7].room_id}  # the others are those read longest ago


# Full calls


async def test_poll_uses_the_fewest_calls(tenant: Tenant, clock: Clock, set_up: SetUp, many: list[Room]) -> None:
    await set_up(*many, source="batch")
    assert batches(tenant) == [5, 20, 20]
    tenant.requests.clear()

    await clock.to(at(10, 3, 5))

    assert batches(tenant) == [5, 5, 5, *[20] * 6]


async def test_rooms_with_shifted_polls_cost_no_more_calls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, many: list[Room]
) -> None:
    await set_up(*many, source="batch", scan_interval=1_200)
    for minute in (3, 6, 9):
        await clock.to(at(10, minute))
        await update_entity(hass, clock, many[minute])
    await clock.to(at(10, 21))
    tenant.requests.clear()

    await clock.to(at(12, 21))

    assert len(tenant.calls(BATCH)) <= 6 * 3 + 3
    assert batches(tenant)[6:] == [20] * (len(tenant.calls(BATCH)) - 6)


# Batch refused


async def test_refused_batch_makes_no_room_unavailable(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, many: list[Room]
) -> None:
    entry = await set_up(*many, plan="free")
    coordinator = entry.runtime_data
    assert coordinator.source.forecast.source == SourceOption.BATCH
    before = coordinator.timetable.interval
    await clock.to(at(10, 30))
    writes.clear()

    tenant.revoke(BATCH_SCOPE)
    await clock.to(at(15, 55))

    assert coordinator.source.forecast.source == SourceOption.LIST
    assert coordinator.timetable.interval > 10 * before
    assert writes == []

    tenant.grant(BATCH_SCOPE)
    await clock.to(at(16, 5))  # the catalogue and the scopes have been read
    tenant.requests.clear()
    await clock.to(at(17))
    assert coordinator.source.forecast.source == SourceOption.BATCH
    assert tenant.calls(FREE_BUSY) == []
    assert tenant.calls(BATCH)
    assert writes == []


@pytest.mark.parametrize("status", [403, 404, 429])
async def test_single_proxy_page_does_not_switch_to_list(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, many: list[Room], status: int
) -> None:
    await set_up(*many, source="batch")
    await clock.to(at(10, 30))
    tenant.requests.clear()
    writes.clear()

    tenant.inject(Fault.html(status), BATCH)
    await clock.to(at(10, 50))

    assert len(tenant.calls(BATCH)) == 20 * 3 + (status == 429)  # 429 is retried
    assert len(tenant.calls(FREE_BUSY)) in ((0,) if status == 429 else (5, 20))
    assert writes == []


async def test_rooms_are_read_by_list_from_the_start_without_the_permission(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, rooms: list[Room]
) -> None:
    tenant.revoke(BATCH_SCOPE)

    entry = await set_up(*rooms, plan="free")

    assert tenant.calls(BATCH) == []
    assert len(tenant.calls(FREE_BUSY)) == 12
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert entry.runtime_data.source.forecast.calls_per_cycle == 12


async def test_changed_source_option_applies_immediately(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.requests.clear()
    writes.clear()

    hass.config_entries.async_update_entry(entry, options={**entry.options, "source": "batch"})
    await clock.to(at(10, 3, 5))

    assert tenant.calls(FREE_BUSY) == []
    assert batches(tenant) == [12] * 3
    assert writes == []


async def test_disabled_room_is_not_free_by_batch(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    tenant.disable_room(rooms[0].room_id, at(9), None, "water")

    await set_up(*rooms, source="batch")

    assert state_of(hass, rooms[0]) == "on"


async def test_deleted_room_is_not_free_by_batch(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    tenant.variants.unknown_batch_room = "omitted"
    await set_up(*rooms, source="batch", scan_interval=600)

    tenant.delete_room(rooms[0].room_id)
    await clock.to(at(16, 45))  # the catalogue has been read and the grace period is over

    assert state_of(hass, rooms[0]) == "unavailable"
    assert {state_of(hass, room) for room in rooms[1:]} == {"off"}


# Rooms without enabled entities


async def test_a_room_without_an_enabled_entity_is_not_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    coordinator = entry.runtime_data
    assert coordinator.source.forecast.calls_per_cycle == 2

    set_disabled(hass, vega, disabled=True)
    await clock.settle()
    assert coordinator.source.forecast.calls_per_cycle == 1
    tenant.requests.clear()
    await clock.to(at(10, 5))
    assert (len(reads_of(tenant, orion)) >= 4, reads_of(tenant, vega)) == (True, [])
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.to(at(10, 10))
    assert reads_of(tenant, vega) == []
    assert entry.runtime_data.source.forecast.calls_per_cycle == 1

    set_disabled(hass, vega, disabled=False)
    assert entry.runtime_data.source.forecast.calls_per_cycle == 2
    await clock.forward(minutes=2)  # Home Assistant reloads the entry
    assert reads_of(tenant, vega)
    assert state_of(hass, vega) == "off"


async def test_nothing_is_read_if_all_rooms_are_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    for room in (orion, vega):
        set_disabled(hass, room, disabled=True)
    tenant.requests.clear()

    await clock.to(at(11))
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.to(at(12))

    assert tenant.calls(FREE_BUSY) == []
    set_disabled(hass, orion, disabled=False)
    await clock.forward(minutes=2)
    assert state_of(hass, orion) == "off"
    assert reads_of(tenant, vega) == []


async def test_disabled_rooms_shorten_the_interval_of_the_others(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, many: list[Room]
) -> None:
    entry = await set_up(*many, plan="free", source="list")
    before = entry.runtime_data.timetable.interval

    for room in many[:30]:
        set_disabled(hass, room, disabled=True)
    await clock.settle()

    assert entry.runtime_data.timetable.interval < before / 2


# Meetings extended in their last minutes


async def test_room_is_read_just_before_it_becomes_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    booking = tenant.book(orion.room_id, at(9), at(10, 40))
    await set_up(orion, vega, scan_interval=1_500)
    await clock.to(at(10, 30))
    tenant.requests.clear()
    writes.clear()

    tenant.move(booking.booking_id, at(9), at(11, 30))
    await clock.to(at(10, 41))

    assert [call.at.replace(microsecond=0) for call in reads_of(tenant, orion)] in (
        [at(10, 39, 49)],
        [at(10, 39, 50)],
    )
    assert reads_of(tenant, vega) == []
    assert state_of(hass, orion) == "on"
    assert "off" not in writes.states_of(busy_id(hass, orion))


async def test_room_is_read_only_once_before_it_becomes_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 40))
    await set_up(orion, scan_interval=RARELY)
    tenant.requests.clear()
    writes.clear()

    await clock.to(at(11, 20))

    assert len(reads_of(tenant, orion)) == 1
    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 40), "off")]


@pytest.mark.parametrize(
    ("off_hours", "reads"),
    [({"enabled": False}, 1), ({"enabled": True, "start": "00:00:00", "end": "00:00:00", "days": ["mon"]}, 0)],
)
async def test_room_is_not_read_before_it_becomes_free_in_off_hours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, off_hours: dict[str, Any], reads: int
) -> None:
    await hass.config.async_set_time_zone("UTC")
    tenant.book(orion.room_id, at(9), at(10, 15))
    await set_up(orion, scan_interval=1_500, off_hours=off_hours)
    tenant.requests.clear()

    await clock.to(at(10, 16))

    assert len(reads_of(tenant, orion)) == reads
    assert state_of(hass, orion) == "off"


async def test_room_becomes_free_even_if_the_read_before_fails(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 40))
    await set_up(orion, vega, scan_interval=1_500)
    await clock.to(at(10, 30))
    writes.clear()
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, when=is_of(orion.room_id))

    await clock.to(at(10, 50))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 40), "off")]
    assert writes.rooms == {orion.room_id}
