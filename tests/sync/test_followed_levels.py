"""Followed buildings and floors: rooms are added and removed automatically, but never because a call failed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any
from unittest.mock import Mock

from homeassistant.components.config.device_registry import websocket_remove_config_entry_from_device
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.repairs import RemoveFlow, async_create_fix_flow
from custom_components.feishu_freebusy.sync.store import async_forget_stored
from simulator import Call, Fault, Level, Room, Simulator, Tenant
from simulator.answers import Answer
from tests.clock import (
    BATCH,
    FREE_BUSY,
    ROOMS,
    Clock,
    SetUp,
    Writes,
    busy_id,
    device_of,
    devices_of,
    reads_of,
    rooms_of,
    shown,
    state_of,
)
from tests.conftest import at
from tests.test_config_flow import FREE_BUSY_SCOPE, LEVELS, ROOMS_SCOPE, change

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("lyra", "mira", "deneb")

MGET = f"{ROOMS}/mget"
RARELY = 3_600


@pytest.fixture
def tower(tenant: Tenant) -> Level:
    return tenant.add_level("Tower A")


@pytest.fixture
def first(tenant: Tenant, tower: Level) -> Level:
    return tenant.add_level("1F", tower)


@pytest.fixture
def second(tenant: Tenant, tower: Level) -> Level:
    return tenant.add_level("2F", tower)


@pytest.fixture
def lyra(tenant: Tenant, first: Level) -> Room:
    return tenant.add_room("Lyra", level=first, capacity=4)


@pytest.fixture
def mira(tenant: Tenant, first: Level) -> Room:
    return tenant.add_room("Mira", level=first)


@pytest.fixture
def deneb(tenant: Tenant, second: Level) -> Room:
    return tenant.add_room("Deneb", level=second)


type Follow = Callable[..., Awaitable[MockConfigEntry]]
type Delete = Callable[[MockConfigEntry, dr.DeviceEntry | None], Awaitable[bool]]


@pytest.fixture
def follow(set_up: SetUp) -> Follow:
    """Return a function that sets up an entry that follows levels."""

    async def follow(*levels: Level, rooms: tuple[Room, ...] = (), **options: Any) -> MockConfigEntry:
        chosen = {level.level_id: level.name for level in levels}
        return await set_up(*rooms, room_levels=chosen, **{"scan_interval": RARELY, **options})

    return follow


def names(hass: HomeAssistant) -> list[str]:
    """Return the device names of the rooms that have entities."""
    registry = er.async_get(hass)
    rooms = (
        device
        for device in devices_of(hass)
        if any("_omm_" in key for _, key in device.identifiers)
        and er.async_entries_for_device(registry, device.id, include_disabled_entities=True)
    )
    return sorted(device.name or "" for device in rooms)


def change_options(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def restart(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry) -> None:
    """Unload the entry, delete its stored files and set it up again: only the registries remember its rooms."""
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.run(async_forget_stored(hass, entry))
    await clock.forward(minutes=5)
    assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()


# Which rooms are followed


async def test_all_rooms_of_a_floor_become_devices(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room, mira: Room
) -> None:
    tenant.book(mira.room_id, at(9), at(11))

    await follow(first)

    assert names(hass) == ["Lyra", "Mira"]
    assert (state_of(hass, lyra), state_of(hass, mira)) == ("off", "on")
    device = device_of(hass, lyra)
    assert device is not None
    assert device.model == "Tower A / 1F"


async def test_building_includes_all_its_floors(
    hass: HomeAssistant, tenant: Tenant, follow: Follow, tower: Level
) -> None:
    tenant.add_room("Spica", level=tower)
    tenant.add_room("Elsewhere", level=tenant.add_level("Tower B"))

    await follow(tower)

    assert names(hass) == ["Deneb", "Lyra", "Mira", "Spica"]


@pytest.mark.parametrize(
    "variants",
    [
        {"rooms_without_level": "direct", "rooms_of_level": "direct"},
        {"rooms_without_level": "direct"},
        {"rooms_without_level": "some"},
        {"rooms_of_level": "direct"},
        {"path_root": "included"},
    ],
    ids=str,
)
async def test_building_is_complete_in_every_list_variant(
    hass: HomeAssistant, tenant: Tenant, follow: Follow, tower: Level, first: Level, variants: dict[str, Any]
) -> None:
    tenant.add_room("Polaris", level=first)
    tenant.variants.update(variants)

    await follow(tower)

    assert names(hass) == ["Deneb", "Lyra", "Mira", "Polaris"]


async def test_room_both_picked_and_followed_is_one_device(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room, deneb: Room
) -> None:
    entry = await follow(first, rooms=(lyra, deneb))
    assert names(hass) == ["Deneb", "Lyra", "Mira"]

    change_options(hass, entry, rooms={})
    await clock.settle()
    assert names(hass) == ["Lyra", "Mira"]

    change_options(hass, entry, rooms={lyra.room_id: "Lyra"}, room_levels={})
    await clock.settle()
    assert names(hass) == ["Lyra"]


async def test_adding_or_removing_a_level_does_not_reload_the_entry(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    follow: Follow,
    writes: Writes,
    first: Level,
    second: Level,
    lyra: Room,
    deneb: Room,
) -> None:
    entry = await follow(first)
    before = entry.runtime_data
    writes.clear()

    change_options(hass, entry, room_levels={level.level_id: level.name for level in (first, second)})
    await clock.settle()
    assert names(hass) == ["Deneb", "Lyra", "Mira"]
    assert state_of(hass, deneb) == "off"
    assert all("deneb" in write.entity_id for write in writes)

    gone = busy_id(hass, lyra)
    change_options(hass, entry, room_levels={second.level_id: second.name})
    await clock.settle()
    assert names(hass) == ["Deneb"]
    assert hass.states.get(gone) is None
    assert state_of(hass, deneb) == "off"
    assert entry.runtime_data is before


async def test_room_is_added_to_a_followed_empty_floor(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, tower: Level
) -> None:
    third = tenant.add_level("3F", tower)
    await follow(third)
    assert names(hass) == []

    tenant.add_room("Vega", level=third)
    await clock.to(at(16, 5))

    assert names(hass) == ["Vega"]


# New rooms, and changes


async def test_choosing_a_level_refreshes_the_catalogue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, second: Level
) -> None:
    entry = await follow(first)
    vega = tenant.add_room("Vega", level=second)

    change_options(hass, entry, room_levels={level.level_id: level.name for level in (first, second)})
    await clock.settle()

    assert names(hass) == ["Deneb", "Lyra", "Mira", "Vega"]
    assert state_of(hass, vega) == "off"


async def test_new_unreadable_room_is_unavailable(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)
    vega = tenant.add_room("Vega", level=first)
    tenant.inject(
        Fault.error(400, 190002),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] == vega.room_id,
    )

    await clock.to(at(16, 30))
    assert (state_of(hass, vega), state_of(hass, lyra)) == ("unavailable", "off")

    tenant.clear_faults()
    await clock.to(at(17, 31))
    assert state_of(hass, vega) == "off"


async def test_new_room_is_added_within_six_hours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, writes: Writes, first: Level
) -> None:
    await follow(first, scan_interval=600)
    await clock.to(at(10, 30))
    vega = tenant.add_room("Vega", level=first)
    tenant.book(vega.room_id, at(9), at(20))
    writes.clear()

    await clock.to(at(15, 55))
    assert names(hass) == ["Lyra", "Mira"]
    await clock.to(at(16, 0, 30))

    assert names(hass) == ["Lyra", "Mira", "Vega"]
    assert state_of(hass, vega) == "on"
    assert all("vega" in write.entity_id for write in writes)
    await clock.to(at(20, 0, 1))
    assert writes.changes_of(busy_id(hass, vega))[-1] == (at(20), "off")


async def test_renamed_room_keeps_its_device(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)
    before, entity_id = device_of(hass, lyra), busy_id(hass, lyra)
    assert before is not None

    tenant.rename_room(lyra.room_id, "Great Lyra")
    await clock.to(at(16, 5))

    after = device_of(hass, lyra)
    assert after is not None
    assert (after.id, after.name, busy_id(hass, lyra)) == (before.id, "Great Lyra", entity_id)


async def test_room_moved_within_the_building_keeps_its_device(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, tower: Level, second: Level, lyra: Room
) -> None:
    await follow(tower)
    before = device_of(hass, lyra)
    assert before is not None

    tenant.rooms[lyra.room_id] = replace(lyra, level_id=second.level_id)
    await clock.to(at(16, 5))

    after = device_of(hass, lyra)
    assert after is not None
    assert (after.id, after.model) == (before.id, "Tower A / 2F")


async def test_room_moved_to_another_floor_is_removed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, second: Level, lyra: Room
) -> None:
    await follow(first)
    entity_id = busy_id(hass, lyra)

    tenant.rooms[lyra.room_id] = replace(lyra, level_id=second.level_id)
    await clock.to(at(16, 5))

    assert names(hass) == ["Mira"]
    assert hass.states.get(entity_id) is None
    tenant.requests.clear()
    await clock.to(at(18))
    assert lyra.room_id not in {call.body["room_id"] for call in tenant.calls(FREE_BUSY) if isinstance(call.body, dict)}


def rebuild(tenant: Tenant, floor: Level) -> Level:
    """Delete a floor and create it again with the same name and rooms; return the new one."""
    parent = tenant.levels[floor.parent_id]
    created = tenant.add_level(floor.name, parent)
    for room in list(tenant.rooms.values()):
        if room.level_id == floor.level_id:
            tenant.rooms[room.room_id] = replace(room, level_id=created.level_id)
    del tenant.levels[floor.level_id]
    return created


def levels_issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"levels_gone_{entry.entry_id}")
    return issue if issue and issue.active else None


async def test_rooms_of_a_recreated_floor_stay_until_the_user_decides(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    entry = await follow(first)
    before = device_of(hass, lyra)
    created = rebuild(tenant, first)

    await clock.to(at(16, 5))
    assert names(hass) == ["Lyra", "Mira"]
    assert levels_issue(hass, entry) is None
    await clock.to(at(4, 5, day=1))
    assert names(hass) == ["Lyra", "Mira"]
    assert device_of(hass, lyra) == before
    assert state_of(hass, lyra) == "off"
    issue = levels_issue(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders == {"name": entry.title, "count": "1", "names": "- 1F"}

    change_options(hass, entry, room_levels={**entry.options["room_levels"], created.level_id: "1F"})
    await clock.settle()
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    assert isinstance(flow, RemoveFlow)
    flow.hass = hass
    assert (await flow.async_step_confirm())["type"] == "create_entry"
    await clock.settle()

    assert entry.options["room_levels"] == {created.level_id: "1F"}
    assert names(hass) == ["Lyra", "Mira"]
    after = device_of(hass, lyra)
    assert before
    assert after
    assert after.id == before.id
    assert levels_issue(hass, entry) is None


async def test_no_longer_following_a_deleted_floor_removes_its_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level
) -> None:
    entry = await follow(first)
    rebuild(tenant, first)
    await clock.to(at(22, 5))
    issue = levels_issue(hass, entry)
    assert issue is not None

    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    assert isinstance(flow, RemoveFlow)
    flow.hass = hass
    await flow.async_step_confirm()
    await clock.settle()

    assert names(hass) == []
    assert levels_issue(hass, entry) is None


async def test_an_emptied_floor_that_gets_its_rooms_back_withdraws_the_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, second: Level
) -> None:
    entry = await follow(first)
    rooms = [room for room in tenant.rooms.values() if room.level_id == first.level_id]
    for room in rooms:
        tenant.rooms[room.room_id] = replace(room, level_id=second.level_id)
    await clock.to(at(22, 5))
    assert names(hass) == ["Lyra", "Mira"]
    assert levels_issue(hass, entry)

    for room in rooms:
        tenant.rooms[room.room_id] = room
    await clock.to(at(4, 5, day=1))
    assert names(hass) == ["Lyra", "Mira"]
    assert levels_issue(hass, entry) is None


@pytest.mark.parametrize("missing", [("path",), ("path", "room_level_id")], ids=str)
@pytest.mark.parametrize("forget", [False, True], ids=["", "after a start without stored data"])
async def test_a_list_without_levels_removes_no_room(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    follow: Follow,
    first: Level,
    lyra: Room,
    missing: tuple[str, ...],
    forget: bool,
) -> None:
    entry = await follow(first)
    before = device_of(hass, lyra)

    def strip(answer: Answer) -> Answer:
        body = json.loads(answer.body)
        body["data"]["rooms"] = [
            {name: value for name, value in room.items() if name not in missing} for room in body["data"]["rooms"]
        ]
        return Answer.json(200, body)

    tenant.inject(Fault("without levels", spoil=strip), ROOMS, times=None)
    if forget:
        await restart(hass, clock, entry)
    await clock.to(at(16, 5))
    assert names(hass) == ["Lyra", "Mira"]

    tenant.clear_faults()
    await clock.to(at(4, 5, day=1))
    assert names(hass) == ["Lyra", "Mira"]
    after = device_of(hass, lyra)
    assert before
    assert after
    assert (after.id, after.model) == (before.id, before.model)
    assert levels_issue(hass, entry) is None


async def test_a_floor_that_the_app_may_not_list_keeps_its_rooms_and_names(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, tower: Level, first: Level, lyra: Room
) -> None:
    entry = await follow(first)
    tenant.inject(
        Fault.error(404, 121005),
        LEVELS,
        times=None,
        when=lambda call: call.query.get("room_level_id") == tower.level_id,
    )

    await clock.to(at(4, 5, day=1))

    assert names(hass) == ["Lyra", "Mira"]
    device = device_of(hass, lyra)
    assert device
    assert device.model == "Tower A / 1F"
    assert levels_issue(hass, entry) is None


async def test_one_level_that_cannot_be_read_does_not_hide_all_others(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level
) -> None:
    refused = tenant.add_level("B")
    tenant.inject(
        Fault.error(404, 121005),
        ROOMS,
        times=None,
        when=lambda call: call.query.get("room_level_id") == refused.level_id,
    )

    entry = await follow(first)

    assert entry.state is ConfigEntryState.LOADED
    assert names(hass) == ["Lyra", "Mira"]


async def test_a_disabled_room_of_a_floor_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)

    tenant.disable_room(lyra.room_id, at(12), None, "water")
    await clock.to(at(16, 5))

    assert state_of(hass, lyra) == "on"


# Deleted rooms


async def test_deleted_room_is_removed_after_two_scans_and_a_direct_request(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room, mira: Room
) -> None:
    await follow(first)
    entity_id = busy_id(hass, lyra)
    tenant.delete_room(lyra.room_id)

    await clock.to(at(16, 30))
    assert names(hass) == ["Lyra", "Mira"]
    assert state_of(hass, lyra) == "unavailable"
    assert tenant.calls(f"rooms/{lyra.room_id}") == []

    await clock.to(at(22, 5))
    assert names(hass) == ["Mira"]
    assert hass.states.get(entity_id) is None
    assert er.async_get(hass).async_get(entity_id) is None
    assert len(tenant.calls(f"rooms/{lyra.room_id}")) == 1
    assert state_of(hass, mira) == "off"

    tenant.requests.clear()
    await clock.to(at(10, day=1))
    assert [call for call in tenant.requests if lyra.room_id in f"{call.path} {call.body}"] == []


@pytest.mark.parametrize("level", ["1F", "Tower A"])
async def test_rooms_of_a_deleted_floor_are_removed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, tower: Level, first: Level, level: str
) -> None:
    await follow(first if level == "1F" else tower)
    for room in list(tenant.rooms.values()):
        tenant.delete_room(room.room_id)
    for found in [found for found in tenant.levels.values() if level in {found.name, "Tower A"}]:
        del tenant.levels[found.level_id]

    await clock.to(at(16, 30))
    assert names(hass)
    await clock.to(at(22, 5))

    assert names(hass) == []


async def test_room_that_reappears_before_the_second_scan_is_kept(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)
    before = device_of(hass, lyra)
    assert before is not None
    tenant.delete_room(lyra.room_id)
    await clock.to(at(21, 55))

    tenant.add_room("Lyra", level=first, room_id=lyra.room_id)
    await clock.to(at(10, day=1))
    after = device_of(hass, lyra)
    assert after is not None
    assert (after.id, state_of(hass, lyra)) == (before.id, "off")

    tenant.delete_room(lyra.room_id)
    await clock.to(at(10, 30, day=1))
    assert device_of(hass, lyra)  # two scans in a row are needed again


@pytest.mark.family
@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(503),
        Fault.html(404),
        Fault.close(),
        Fault.error(400, 99991672),
        Fault.error(400, 121005),  # no permission does not mean that the room is gone
        Fault.error(429, 99991403),
        Fault.body(200, {"code": 0, "data": {"room": {"room_id": "omm_another"}}}),
    ],
)
async def test_failed_direct_request_keeps_the_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room, fault: Fault
) -> None:
    await follow(first)
    tenant.delete_room(lyra.room_id)
    tenant.inject(fault, f"rooms/{lyra.room_id}", times=None)

    await clock.to(at(22, 35))  # missing in the lists of 16:00 and 22:00
    assert names(hass) == ["Lyra", "Mira"]

    tenant.clear_faults()
    await clock.to(at(4, 5, day=1))
    assert names(hass) == ["Mira"]


async def test_unlisted_room_is_found_by_its_id(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    await follow(first)
    tenant.disable_room(lyra.room_id, at(12), at(12, day=5), "water")

    await clock.to(at(16, 5))
    for _ in range(4):
        await clock.forward(hours=6)
        assert names(hass) == ["Lyra", "Mira"]
        assert state_of(hass, lyra) == "on"


async def test_room_missing_from_mget_is_requested_directly(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    await follow(first)
    tenant.disable_room(lyra.room_id, at(12), at(12, day=5), "water")
    tenant.inject(Fault.body(200, {"code": 0, "data": {"items": []}}), MGET, times=None)

    await clock.to(at(10, 5, day=2))

    assert names(hass) == ["Lyra", "Mira"]
    assert tenant.calls(f"rooms/{lyra.room_id}")
    assert state_of(hass, lyra) == "on"


# Failing calls

FAULTS = [
    Fault.status(503),
    Fault.html(200),
    Fault.html(404),
    Fault.close(),
    Fault.empty(),
    Fault.cut_off(),
    Fault.error(400, 99991672),
    Fault.error(400, 121004),
    Fault.error(400, 99991401),
    Fault.error(429, 99991403),
    Fault.rate_limited(600),
]


@pytest.mark.family
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.name} {fault.answer and fault.answer.code}")
@pytest.mark.parametrize("path", [ROOMS, LEVELS, MGET])
async def test_a_catalogue_call_that_fails_changes_nothing(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    follow: Follow,
    writes: Writes,
    tower: Level,
    first: Level,
    lyra: Room,
    path: str,
    fault: Fault,
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    tenant.disable_room(lyra.room_id, at(9), None, "water")  # so that it is asked for by mget
    await follow(tower, rooms=(lyra,))
    assert names(hass) == ["Deneb", "Lyra", "Mira"]
    writes.clear()
    tenant.inject(fault, path, times=None)

    await clock.to(at(17, 5))  # read at 16:00, and again every half hour

    assert names(hass) == ["Deneb", "Lyra", "Mira"]
    assert state_of(hass, lyra) == "on"
    assert "unavailable" not in [write.state for write in writes]


async def test_failed_scans_do_not_count_towards_removal(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)
    tenant.delete_room(lyra.room_id)
    await clock.to(at(16, 1))

    for path in (ROOMS, LEVELS):
        tenant.inject(Fault.status(503), path, times=None)
        await clock.forward(hours=13)
        assert names(hass) == ["Lyra", "Mira"]
        assert tenant.calls(f"rooms/{lyra.room_id}") == []
        tenant.clear_faults()
    await clock.forward(minutes=31)

    assert names(hass) == ["Mira"]


async def test_removed_room_is_not_requested_again(
    tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    await follow(first)
    tenant.delete_room(lyra.room_id)
    await clock.to(at(22, 1))
    tenant.requests.clear()

    await clock.to(at(22, 1, day=1))

    assert tenant.calls(ROOMS)
    assert not [call for call in tenant.calls(MGET) if lyra.room_id in str(call.body)]
    assert (tenant.calls(f"rooms/{lyra.room_id}"), reads_of(tenant, lyra)) == ([], [])


@pytest.mark.parametrize("when", ["page_token", "room_level_id"])
async def test_incomplete_scan_is_discarded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, tower: Level, second: Level, when: str
) -> None:
    tenant.variants.rooms_without_level = "direct"
    for number in range(120):  # on two pages
        tenant.add_room(f"Room {number}", level=second)
    await follow(tower, source="batch", scan_interval=7_200)
    before = names(hass)
    assert len(before) == 123
    tenant.inject(Fault.status(503), times=None, when=lambda call: when in call.query)

    await clock.to(at(17, 5))  # read at 16:00, and again every half hour

    assert names(hass) == before


# Restarts


async def test_followed_rooms_survive_a_restart(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    entry = await follow(first)
    before = device_of(hass, lyra)
    tenant.inject(Fault.body(200, {"code": 0, "data": {"rooms": [], "has_more": False}}), ROOMS, times=None)

    await restart(hass, clock, entry)

    assert names(hass) == ["Lyra", "Mira"]
    assert before is not None
    assert device_of(hass, lyra) == before
    assert state_of(hass, lyra) == "off"


async def test_room_deleted_during_a_restart_is_removed_after_two_scans(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room
) -> None:
    entry = await follow(first)
    tenant.delete_room(lyra.room_id)

    await restart(hass, clock, entry)
    assert names(hass) == ["Lyra", "Mira"]
    assert state_of(hass, lyra) == "unavailable"
    await clock.to(at(16, 10))

    assert names(hass) == ["Mira"]


async def test_room_moved_to_another_floor_during_a_restart_is_removed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, second: Level, lyra: Room
) -> None:
    entry = await follow(first)
    tenant.rooms[lyra.room_id] = replace(lyra, level_id=second.level_id)

    await restart(hass, clock, entry)

    assert names(hass) == ["Mira"]


async def test_without_the_permission_a_restart_keeps_all_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level, lyra: Room, mira: Room
) -> None:
    tenant.book(lyra.room_id, at(9), at(20))
    entry = await follow(first)
    tenant.revoke(ROOMS_SCOPE)
    await clock.to(at(17))
    assert names(hass) == ["Lyra", "Mira"]

    await restart(hass, clock, entry)
    assert names(hass) == ["Lyra", "Mira"]
    assert (state_of(hass, lyra), state_of(hass, mira)) == ("on", "off")
    await clock.to(at(17, day=1))
    assert names(hass) == ["Lyra", "Mira"]

    tenant.grant(ROOMS_SCOPE)
    tenant.delete_room(mira.room_id)
    await clock.to(at(18, day=1))
    assert names(hass) == ["Lyra", "Mira"]
    await clock.to(at(8, day=2))
    assert names(hass) == ["Lyra"]


def asks_for_rooms_by_id(call: Call) -> bool:
    """Return whether the call requests rooms by id: `rooms/mget` or `rooms/:id`."""
    return "/vc/v1/rooms/" in call.path


@pytest.mark.parametrize(
    "begin",
    [
        Simulator.stop,
        lambda simulator: simulator.tenant.inject(Fault.status(503), ROOMS, times=None),
        lambda simulator: simulator.tenant.inject(Fault.status(503), when=asks_for_rooms_by_id, times=None),
        lambda simulator: simulator.tenant.revoke(FREE_BUSY_SCOPE),
        lambda simulator: change("bot_enabled", False)(simulator.tenant),
    ],
    ids=["down", "no rooms", "no room by id", "no free/busy", "no bot"],
)
async def test_failed_setup_keeps_all_rooms(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    follow: Follow,
    first: Level,
    lyra: Room,
    begin: Callable[[Simulator], Any],
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    entry = await follow(first)
    tenant.disable_room(lyra.room_id, at(9), None, "water")
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.run(async_forget_stored(hass, entry))
    if (beginning := begin(simulator)) is not None and hasattr(beginning, "__await__"):
        await beginning

    assert not await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.forward(minutes=20)
    assert sorted(device.name or "" for device in devices_of(hass)) == ["Lyra", "Meeting rooms", "Mira"]

    tenant.clear_faults()
    tenant.grant(FREE_BUSY_SCOPE)
    tenant.bot_enabled = True
    await simulator.start()
    await clock.forward(minutes=3)
    assert names(hass) == ["Lyra", "Mira"]
    assert state_of(hass, lyra) == "on"


@pytest.mark.parametrize("answer", [Fault.error(404, 121004), Fault.error(400, 121003), Fault.html(404)])
@pytest.mark.parametrize("source", ["list", "batch"])
async def test_after_restart_rooms_are_requested_one_by_one_if_mget_fails(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    follow: Follow,
    first: Level,
    lyra: Room,
    mira: Room,
    source: str,
    answer: Fault,
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    entry = await follow(first, source=source)
    tenant.disable_room(lyra.room_id, at(9), None, "water")
    tenant.delete_room(mira.room_id)
    tenant.inject(answer, MGET, times=None)

    await restart(hass, clock, entry)

    assert names(hass) == ["Lyra", "Mira"]
    assert (state_of(hass, lyra), state_of(hass, mira)) == ("on", "unavailable")
    assert shown(hass, lyra).attributes["disabled_reason"] == "water"


@pytest.mark.parametrize("exists", [True, False])
async def test_new_process_finds_rooms_in_the_device_registry(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    entry_of: Callable[..., MockConfigEntry],
    first: Level,
    lyra: Room,
    exists: bool,
) -> None:
    entry = entry_of(room_levels={first.level_id: first.name}, scan_interval=RARELY)
    entry.add_to_hass(hass)
    identifiers = {(DOMAIN, f"{tenant.app_id}_{lyra.room_id}")}
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, identifiers=identifiers, name="Lyra")
    if not exists:
        tenant.delete_room(lyra.room_id)

    assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()
    assert names(hass) == ["Lyra", "Mira"]
    assert state_of(hass, lyra) == ("off" if exists else "unavailable")
    await clock.to(at(16, 1))

    assert names(hass) == (["Lyra", "Mira"] if exists else ["Mira"])


async def test_last_level_can_be_removed_without_the_permission(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, first: Level
) -> None:
    entry = await follow(first)
    tenant.revoke(ROOMS_SCOPE)
    await restart(hass, clock, entry)

    change_options(hass, entry, room_levels={})
    await clock.settle()

    assert names(hass) == []


# Deleting a device by hand


@pytest.fixture
def delete(hass: HomeAssistant, clock: Clock) -> Delete:
    """Return a function that deletes a device as on its page and returns whether that was accepted."""

    async def delete(entry: MockConfigEntry, device: dr.DeviceEntry | None) -> bool:
        assert device is not None
        connection = Mock(user=Mock(is_admin=True))
        message = {"id": 1, "device_id": device.id, "config_entry_id": entry.entry_id}
        websocket_remove_config_entry_from_device(hass, connection, message)
        await clock.forward(seconds=1)
        failures = [call.args[1] for call in connection.async_handle_exception.call_args_list]
        assert all(isinstance(failure, HomeAssistantError) for failure in failures), failures
        assert len(failures) + connection.send_message.call_count == 1
        return not failures

    return delete


async def test_picked_room_can_be_deleted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, delete: Delete, first: Level, deneb: Room
) -> None:
    entry = await follow(first, rooms=(deneb,))

    assert await delete(entry, device_of(hass, deneb))

    assert device_of(hass, deneb) is None
    assert entry.options["rooms"] == {}
    assert names(hass) == ["Lyra", "Mira"]
    await clock.to(at(16, 30))
    assert names(hass) == ["Lyra", "Mira"]


async def test_a_room_of_a_followed_floor_can_not_be_deleted(
    hass: HomeAssistant, follow: Follow, delete: Delete, first: Level, lyra: Room, mira: Room
) -> None:
    entry = await follow(first, rooms=(mira,))

    assert not await delete(entry, device_of(hass, lyra))
    assert not await delete(entry, device_of(hass, mira))

    assert names(hass) == ["Lyra", "Mira"]
    assert entry.options["rooms"] == {mira.room_id: "Mira"}


async def test_the_account_can_not_be_deleted(
    hass: HomeAssistant, follow: Follow, delete: Delete, first: Level
) -> None:
    entry = await follow(first)
    (account,) = [device for device in devices_of(hass) if device.name == "Meeting rooms"]

    assert not await delete(entry, account)

    assert account in devices_of(hass)


async def test_room_gone_at_feishu_can_be_deleted_while_its_floor_is_followed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, follow: Follow, delete: Delete, first: Level, lyra: Room
) -> None:
    entry = await follow(first, rooms=(lyra,))
    tenant.delete_room(lyra.room_id)
    await clock.to(at(22, 5))
    assert names(hass) == ["Lyra", "Mira"]  # picked by hand, so only the user removes it

    assert await delete(entry, device_of(hass, lyra))

    assert names(hass) == ["Mira"]
    assert entry.options["rooms"] == {}
    await clock.to(at(22, 5, day=1))
    assert names(hass) == ["Mira"]


async def test_the_last_room_can_be_deleted(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, delete: Delete, lyra: Room
) -> None:
    entry = await set_up(lyra)

    assert await delete(entry, device_of(hass, lyra))
    await clock.to(at(10, 5))

    assert names(hass) == []
    assert entry.runtime_data.subjects.room_ids == ()


@pytest.mark.parametrize("followed", [True, False])
async def test_room_can_be_deleted_in_an_outage_only_if_no_floor_is_followed(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    follow: Follow,
    delete: Delete,
    first: Level,
    deneb: Room,
    followed: bool,
) -> None:
    entry = await follow(*((first,) if followed else ()), rooms=(deneb,))
    await simulator.stop()
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.run(async_forget_stored(hass, entry))
    assert not await clock.run(hass.config_entries.async_setup(entry.entry_id))

    assert await delete(entry, device_of(hass, deneb)) is not followed

    assert (deneb.room_id in entry.options["rooms"]) is followed
    assert (device_of(hass, deneb) is not None) is followed


# A disabled room is not free, even if the lists omit it


async def test_room_added_while_disabled_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, lyra: Room, deneb: Room
) -> None:
    tenant.variants.disabled_rooms = "hidden"
    tenant.disable_room(deneb.room_id, at(9), None, "water")
    entry = await set_up(lyra, scan_interval=RARELY)

    change_options(hass, entry, rooms={lyra.room_id: "Lyra", deneb.room_id: "Deneb"})
    await clock.forward(seconds=30)

    assert state_of(hass, deneb) == "on"


# People do not depend on followed floors


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize("followed", [True, False])
async def test_a_person_can_be_deleted(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    follow: Follow,
    delete: Delete,
    first: Level,
    followed: bool,
    loaded: bool,
) -> None:
    gone, kept = (tenant.add_user(name) for name in ("Li Na", "Wang Wei"))
    entry = await follow(*((first,) if followed else ()), people={gone.open_id: "Li Na", kept.open_id: "Wang Wei"})
    (device,) = [device for device in devices_of(hass) if device.name == "Li Na"]
    if not loaded:
        assert await clock.run(hass.config_entries.async_unload(entry.entry_id))

    assert await delete(entry, device)

    assert entry.options["people"] == {kept.open_id: "Wang Wei"}
    assert names(hass) == (["Lyra", "Mira"] if followed else [])
    assert device not in devices_of(hass)


# A room picked by hand that is gone at Feishu


@pytest.mark.parametrize("unknown", ["error_room_ids", "100005", "omitted"])
@pytest.mark.parametrize("source", ["list", "batch"])
async def test_a_picked_room_that_is_gone_is_unavailable_and_never_free(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    lyra: Room,
    mira: Room,
    source: str,
    unknown: str,
) -> None:
    setattr(tenant.variants, "unknown_batch_room", unknown)  # noqa: B010  # its values are literals
    tenant.book(lyra.room_id, at(9), at(23))
    entry = await set_up(lyra, mira, source=source, scan_interval=660)
    await clock.to(at(15, 58))
    tenant.delete_room(lyra.room_id)
    await clock.to(at(16, 1))  # the catalogue has been read
    writes.clear()
    tenant.requests.clear()

    await clock.to(at(22, 30))
    assert (state_of(hass, lyra), state_of(hass, mira)) == ("unavailable", "off")
    await restart(hass, clock, entry)
    await clock.forward(minutes=30)

    assert (state_of(hass, lyra), state_of(hass, mira)) == ("unavailable", "off")
    assert "off" not in {write.state for write in writes if write.entity_id == busy_id(hass, lyra)}
    assert {room_id for call in tenant.calls(BATCH) for room_id in rooms_of(call)} == (
        {mira.room_id} if source == "batch" else set()
    )
    assert names(hass) == ["Lyra", "Mira"]


NOT_ALLOWED = "omm_not_allowed"


@pytest.fixture
def not_allowed(tenant: Tenant) -> None:
    """Make Feishu deny the app access to a room."""
    tenant.inject(Fault.error(400, 121005), f"rooms/{NOT_ALLOWED}", times=None)


@pytest.mark.usefixtures("not_allowed")
@pytest.mark.parametrize("restarted", [True, False])
@pytest.mark.parametrize("scans", [0, 1, 3])
async def test_unpicked_inaccessible_room_is_removed_while_a_floor_is_followed(
    hass: HomeAssistant, clock: Clock, follow: Follow, first: Level, scans: int, restarted: bool
) -> None:
    entry = await follow(first)
    change_options(hass, entry, rooms={NOT_ALLOWED: "Pasted"})
    await clock.to(at(10, 5) + timedelta(hours=6) * scans)
    assert names(hass) == ["Lyra", "Mira", "Pasted"]
    if restarted:
        await restart(hass, clock, entry)
        assert names(hass) == ["Lyra", "Mira", "Pasted"]

    change_options(hass, entry, rooms={})
    await clock.settle()
    assert names(hass) == ["Lyra", "Mira"]
    await clock.forward(hours=7)
    assert names(hass) == ["Lyra", "Mira"]


@pytest.mark.usefixtures("not_allowed")
async def test_inaccessible_room_can_be_deleted_while_a_floor_is_followed(
    hass: HomeAssistant, clock: Clock, follow: Follow, delete: Delete, first: Level
) -> None:
    entry = await follow(first)
    change_options(hass, entry, rooms={NOT_ALLOWED: "Pasted"})
    await clock.to(at(22, 5))
    (device,) = [device for device in devices_of(hass) if device.name == "Pasted"]

    assert await delete(entry, device)

    assert names(hass) == ["Lyra", "Mira"]


async def test_picked_room_that_reappears_is_read_by_batch_again(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, lyra: Room, mira: Room
) -> None:
    await set_up(lyra, mira, source="batch", scan_interval=RARELY)
    tenant.delete_room(lyra.room_id)
    await clock.to(at(23))
    assert state_of(hass, lyra) == "unavailable"

    tenant.rooms[lyra.room_id] = lyra
    await clock.to(at(5, 30, day=1))

    assert state_of(hass, lyra) == "off"
    tenant.requests.clear()
    await clock.forward(hours=2)
    assert [len(rooms_of(call)) for call in tenant.calls(BATCH)] == [2, 2]
    assert tenant.calls(FREE_BUSY) == []
