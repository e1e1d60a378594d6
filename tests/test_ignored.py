"""Rooms and people without an enabled entity are not read."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Level, Room, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, busy_id, device_of, reads_of, rooms_of, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

RARELY = 3_600


@pytest.fixture
def floor(tenant: Tenant) -> Level:
    return tenant.add_level("3F", tenant.add_level("Tower A"))


def entities_of(hass: HomeAssistant, subject_id: str) -> list[er.RegistryEntry]:
    return [entity for entity in er.async_get(hass).entities.values() if f"_{subject_id}_" in entity.unique_id]


def disable(hass: HomeAssistant, subject_id: str, *, but: str = "") -> None:
    """Disable the entities of a room or a person, except the one with the entity id `but`."""
    for entity in entities_of(hass, subject_id):
        if entity.entity_id != but:
            er.async_get(hass).async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)


def calls_per_cycle(entry: MockConfigEntry) -> int:
    calls: int = entry.runtime_data.source.forecast.calls_per_cycle
    return calls


async def test_one_enabled_entity_is_enough(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    assert len(entities_of(hass, orion.room_id)) > 2

    disable(hass, orion.room_id, but=busy_id(hass, orion))
    assert calls_per_cycle(entry) == 2
    tenant.requests.clear()
    await clock.to(at(10, 2, 5))
    assert len(reads_of(tenant, orion)) == 2

    disable(hass, orion.room_id)
    assert calls_per_cycle(entry) == 1
    tenant.requests.clear()
    await clock.to(at(10, 5, 5))
    assert (len(reads_of(tenant, orion)), len(reads_of(tenant, vega))) == (0, 3)


async def test_room_is_not_read_if_only_default_disabled_entities_remain(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    by_default = [entity for entity in entities_of(hass, orion.room_id) if entity.disabled]
    assert by_default

    for entity in entities_of(hass, orion.room_id):
        if entity not in by_default:
            er.async_get(hass).async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.USER)

    assert calls_per_cycle(entry) == 1


async def test_room_is_not_read_while_its_device_is_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    device = device_of(hass, orion)
    assert device is not None

    dr.async_get(hass).async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await clock.settle()
    assert calls_per_cycle(entry) == 1
    tenant.requests.clear()
    await clock.to(at(10, 5))
    assert reads_of(tenant, orion) == []

    dr.async_get(hass).async_update_device(device.id, disabled_by=None)
    await clock.forward(minutes=2)  # Home Assistant reloads the entry
    assert calls_per_cycle(entry) == 2
    assert state_of(hass, orion) == "off"


async def test_batches_contain_no_ignored_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(25)]
    entry = await set_up(*rooms, source="batch")
    assert calls_per_cycle(entry) == 2

    for room in rooms[:5]:
        disable(hass, room.room_id)
    await clock.to(at(10, 2))
    tenant.requests.clear()
    await clock.to(at(10, 5, 5))

    assert calls_per_cycle(entry) == 1
    kept = {room.room_id for room in rooms[5:]}
    assert [set(rooms_of(call)) for call in tenant.calls(BATCH)] == [kept] * 4


async def test_a_new_room_of_a_followed_floor_is_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, floor: Level
) -> None:
    old = tenant.add_room("Lyra", level=floor)
    entry = await set_up(room_levels={floor.level_id: floor.name}, scan_interval=RARELY)
    disable(hass, old.room_id)

    new = tenant.add_room("Mira", level=floor)
    await clock.to(at(16, 1))

    assert state_of(hass, new) == "off"
    assert calls_per_cycle(entry) == 1
    assert len(reads_of(tenant, old)) == 1


async def test_new_room_is_not_read_if_new_entities_are_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, floor: Level
) -> None:
    old = tenant.add_room("Lyra", level=floor)
    entry = await set_up(room_levels={floor.level_id: floor.name}, scan_interval=RARELY)
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)

    new = tenant.add_room("Mira", level=floor)
    await clock.to(at(22, 1))  # the second scan after the room was added

    assert all(entity.disabled for entity in entities_of(hass, new.room_id))
    assert calls_per_cycle(entry) == 1
    tenant.requests.clear()
    await clock.forward(hours=3)
    assert (len(reads_of(tenant, old)), reads_of(tenant, new)) == (3, [])


async def test_new_entry_reads_nothing_if_new_entities_are_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry_of: Callable[..., MockConfigEntry], orion: Room
) -> None:
    entry = entry_of(orion.room_id)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)

    assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()
    assert calls_per_cycle(entry) == 0
    tenant.requests.clear()
    await clock.to(at(11))

    assert tenant.requests == []


async def test_person_without_enabled_entities_is_not_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    person = tenant.add_user("Li Na")
    entry = await set_up(orion, people={person.open_id: "Li Na"})
    assert calls_per_cycle(entry) == 2

    disable(hass, person.open_id)
    assert calls_per_cycle(entry) == 1
    tenant.requests.clear()
    await clock.to(at(10, 5, 5))

    assert len(reads_of(tenant, orion)) == len(tenant.calls(FREE_BUSY)) == 5


async def test_budget_is_shared_only_by_rooms_that_are_read(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, plan="free", source="list")
    before = entry.runtime_data.timetable.interval

    for room in rooms[:9]:
        disable(hass, room.room_id)

    assert entry.runtime_data.timetable.interval < before / 3
