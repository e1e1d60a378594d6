"""Rooms and room levels."""

from datetime import timedelta

import pytest

from simulator import Room, Tenant
from tests.simulator.client import Client, Json
from tests.simulator.conftest import Clock

ROOMS = "vc/v1/rooms"
LEVELS = "vc/v1/room_levels"


async def names(client: Client, **query: Json) -> list[str]:
    return [room["name"] for room in (await client.get(ROOMS, page_size="100", **query)).data["rooms"]]


async def test_a_room(client: Client, room: Room) -> None:
    reply = await client.get(f"{ROOMS}/{room.room_id}")
    assert reply.data == {
        "room": {
            "room_id": room.room_id,
            "name": "Orion",
            "capacity": 8,
            "description": "",
            "display_id": "LM000000001",
            "custom_room_id": "",
            "room_level_id": room.level_id,
            "path": [room.level_id],
            "device": [{"name": "TV"}],
            "room_status": {"status": True, "schedule_status": True},
        }
    }
    assert room.room_id.startswith("omm_")
    assert len(room.room_id) == 36


async def test_pages(client: Client, tenant: Tenant) -> None:
    ids = [tenant.add_room(f"Room {number}").room_id for number in range(25)]
    pages = [(await client.get(ROOMS, page_size="10")).data]
    while pages[-1]["has_more"]:
        pages.append((await client.get(ROOMS, page_size="10", page_token=pages[-1]["page_token"])).data)
    assert [len(page["rooms"]) for page in pages] == [10, 10, 5]
    assert [room["room_id"] for page in pages for room in page["rooms"]] == ids
    assert "page_token" not in pages[-1]
    assert len((await client.get(ROOMS)).data["rooms"]) == 20  # the default size


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": "0"},
        {"page_size": "101"},
        {"page_size": "ten"},
        {"page_size": "-1"},
        {"page_token": "x"},
        {"user_id_type": "email"},
    ],
)
async def test_invalid_parameters_get_121003(client: Client, query: dict[str, str]) -> None:
    reply = await client.get(ROOMS, **query)
    assert reply.outcome == (400, 121003)
    assert reply.body["error"]["log_id"] == reply.headers["x-tt-logid"]


@pytest.mark.parametrize("path", [f"{ROOMS}/omm_none", f"{LEVELS}/omb_none", f"{ROOMS}?room_level_id=omb_none"])
async def test_unknown_ids_get_121004(client: Client, path: str) -> None:
    assert (await client.get(path)).outcome == (404, 121004)


async def test_rooms_of_a_level(client: Client, tenant: Tenant) -> None:
    tower = tenant.add_level("Tower")
    floor = tenant.add_level("1F", tower)
    tenant.add_room("Gate")
    tenant.add_room("Lobby", level=tower)
    tenant.add_room("Orion", level=floor)
    tenant.add_room("Vega", level=tenant.add_level("Annex"))
    assert await names(client) == ["Gate", "Lobby", "Orion", "Vega"]
    assert await names(client, room_level_id="") == ["Gate", "Lobby", "Orion", "Vega"]
    assert await names(client, room_level_id=tower.level_id) == ["Lobby", "Orion"]
    tenant.variants.rooms_of_level = "direct"
    tenant.variants.rooms_without_level = "direct"
    assert await names(client) == ["Gate"]
    assert await names(client, room_level_id=tower.level_id) == ["Lobby"]


async def test_a_list_without_a_level_may_show_some_rooms_of_each_level(client: Client, tenant: Tenant) -> None:
    floors = [tenant.add_level(name) for name in ("1F", "2F")]
    for number in range(3):
        for floor in floors:
            tenant.add_room(f"{floor.name} {number}", level=floor)
    tenant.variants.rooms_without_level = "some"
    assert await names(client) == ["1F 0", "2F 0", "1F 1", "2F 1"]
    assert await names(client, room_level_id=floors[0].level_id) == ["1F 0", "1F 1", "1F 2"]


async def test_levels_lists_direct_children(client: Client, tenant: Tenant) -> None:
    tower = tenant.add_level("Tower")
    floor = tenant.add_level("1F", tower)
    tops = (await client.get(LEVELS)).data
    assert tops == {
        "items": [
            {
                "room_level_id": tower.level_id,
                "name": "Tower",
                "parent_id": tenant.root.level_id,
                "path": [tower.level_id],
                "has_child": True,
                "custom_group_id": "",
            }
        ],
        "has_more": False,
    }
    children = (await client.get(LEVELS, room_level_id=tower.level_id)).data["items"]
    assert [(level["name"], level["path"], level["has_child"]) for level in children] == [
        ("1F", [tower.level_id, floor.level_id], False)
    ]
    assert (await client.get(f"{LEVELS}/{floor.level_id}")).data == children[0]
    assert (await client.get(f"{LEVELS}/0")).data["room_level_id"] == tenant.root.level_id


async def test_paths_may_begin_with_the_tenant(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.path_root = "included"
    path = (await client.get(f"{ROOMS}/{room.room_id}")).data["room"]["path"]
    assert path == [tenant.root.level_id, room.level_id]


async def test_mget(client: Client, room: Room) -> None:
    rooms = await client.call("POST", f"{ROOMS}/mget", {"room_ids": ["omm_none", room.room_id]})
    assert [item["name"] for item in rooms.data["items"]] == ["Orion"]
    levels = await client.call("POST", f"{LEVELS}/mget", {"level_ids": [room.level_id, "omb_none"]})
    assert [item["name"] for item in levels.data["items"]] == ["Tower A"]


@pytest.mark.parametrize("body", [None, [], {}, {"room_ids": []}, {"room_ids": "omm_x"}, {"room_ids": [1]}])
async def test_mget_requires_ids(client: Client, body: Json) -> None:
    assert (await client.call("POST", f"{ROOMS}/mget", body)).outcome == (400, 121003)


async def status(client: Client, room: Room) -> Json:
    return (await client.get(f"{ROOMS}/{room.room_id}")).data["room"].get("room_status")


async def test_room_status_shows_the_disabled_period(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    start = clock.now + timedelta(hours=1)
    end = start + timedelta(minutes=30)
    tenant.disable_room(room.room_id, start, end, "Painting")
    planned = await status(client, room)
    assert planned == {
        "status": True,
        "schedule_status": False,
        "disable_start_time": str(int(start.timestamp())),
        "disable_end_time": str(int(end.timestamp())),
        "disable_reason": "Painting",
        "contact_ids": [],
        "disable_notice": False,
        "resume_notice": False,
    }
    clock.advance(hours=1)
    assert await status(client, room) == {**planned, "status": False, "schedule_status": True}
    clock.advance(minutes=30)
    assert await status(client, room) == {"status": True, "schedule_status": True}


async def test_a_room_disabled_forever(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.disable_room(room.room_id, clock.now, None)
    shown = await status(client, room)
    assert (shown["status"], shown["schedule_status"], shown["disable_end_time"]) == (False, False, "0")
    tenant.variants.disable_times = "int"
    shown = await status(client, room)
    assert (shown["disable_start_time"], shown["disable_end_time"]) == (int(clock.now.timestamp()), 0)
    tenant.enable_room(room.room_id)
    assert (await status(client, room))["status"] is True


async def test_room_status_may_be_absent(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.room_status = "when_disabled"
    assert await status(client, room) is None


async def test_disabled_rooms_may_be_hidden(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.disable_room(room.room_id, clock.now, None)
    assert await names(client) == ["Orion"]
    tenant.variants.disabled_rooms = "hidden"
    assert await names(client) == []
