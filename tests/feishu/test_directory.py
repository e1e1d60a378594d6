from dataclasses import replace

import pytest

from custom_components.feishu_freebusy.feishu.directory import Catalogue, read_catalogue
from custom_components.feishu_freebusy.feishu.errors import FeishuError, NotFeishuError
from simulator import Fault, Level, Room, Tenant

from .virtual import Virtual, on_virtual_time, run

ROOMS, LEVELS = "vc/v1/rooms", "vc/v1/room_levels"


def read(tenant: Tenant) -> tuple[Catalogue, Virtual]:
    """Return the tenant's catalogue, and the client that read it with its requests."""

    async def play() -> tuple[Catalogue, Virtual]:
        virtual = on_virtual_time(tenant)
        return await read_catalogue(virtual.client), virtual

    return run(play())


@pytest.fixture
def floors(tenant: Tenant) -> list[Level]:
    """Return the floors of two towers in a city. All floors and towers have rooms; one room has no level."""
    city = tenant.add_level("Shanghai")
    found = []
    for name in ("Tower A", "Tower B"):
        tower = tenant.add_level(name, city)
        tenant.add_room(f"{name} lobby", level=tower)
        for floor in ("1F", "2F"):
            level = tenant.add_level(floor, tower)
            found.append(level)
            for number in range(3):
                tenant.add_room(f"{name} {floor} {number}", level=level, capacity=number)
    tenant.add_room("Somewhere")
    return found


@pytest.mark.parametrize(("rooms_of_level", "samples"), [("subtree", 1), ("direct", 2)])
def test_a_complete_room_list_needs_only_samples_of_levels(
    tenant: Tenant, floors: list[Level], rooms_of_level: str, samples: int
) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})

    catalogue, virtual = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert catalogue.levels.keys() == tenant.levels.keys()
    assert catalogue.unread == frozenset()
    assert len(virtual.sent(ROOMS)) == 1 + samples
    assert len(virtual.sent(LEVELS)) == 4  # the root, the city, and each tower


def test_each_level_without_rooms_costs_one_call(tenant: Tenant, floors: list[Level]) -> None:
    for number in range(3):
        tenant.add_level(f"Empty {number}")

    catalogue, virtual = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert len(virtual.sent(ROOMS)) == 1 + 3 + 1  # and a sample


@pytest.mark.parametrize("rooms_of_level", ["subtree", "direct"])
@pytest.mark.parametrize("path_root", ["left_out", "included"])
def test_a_list_of_only_the_topmost_rooms_is_completed(
    tenant: Tenant, floors: list[Level], rooms_of_level: str, path_root: str
) -> None:
    tenant.variants.update({"rooms_without_level": "direct", "rooms_of_level": rooms_of_level, "path_root": path_root})

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert {room.name for room in catalogue.rooms.values()} == {room.name for room in tenant.rooms.values()}


def only(tenant: Tenant, shown: list[Room]) -> None:
    """Make the room list without a level show only these rooms."""
    rooms = [
        {"room_id": room.room_id, "name": room.name, "room_level_id": room.level_id, "path": [room.level_id]}
        for room in shown
    ]
    answer = {"code": 0, "msg": "success", "data": {"rooms": rooms, "has_more": False}}
    tenant.inject(Fault.body(200, answer), ROOMS, when=lambda call: "room_level_id" not in call.query)


@pytest.mark.parametrize("rooms_of_level", ["subtree", "direct"])
def test_a_list_that_lacks_rooms_of_its_own_levels_is_completed(
    tenant: Tenant, floors: list[Level], rooms_of_level: str
) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})
    only(tenant, [next(room for room in tenant.rooms.values() if room.level_id == floors[0].level_id)])

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys() - {list(tenant.rooms)[-1]}  # the last one has no level


def test_levels_with_many_rooms_are_read_to_the_last_page(tenant: Tenant) -> None:
    tenant.variants.rooms_without_level = "direct"
    level = tenant.add_level("Tower A")
    for number in range(230):
        tenant.add_room(f"Room {number}", level=level)

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()


def test_an_empty_tenant_has_an_empty_catalogue(tenant: Tenant) -> None:
    catalogue, _ = read(tenant)

    assert (dict(catalogue.rooms), dict(catalogue.levels)) == ({}, {})


def test_circular_levels_end_the_scan(tenant: Tenant) -> None:
    tower = tenant.add_level("Tower A")
    tenant.add_level("1F", tower)
    again = {"room_level_id": tower.level_id, "name": "Tower A", "has_child": True}
    answer = {"code": 0, "msg": "success", "data": {"items": [again], "has_more": False}}
    tenant.inject(Fault.body(200, answer), LEVELS, times=None)

    catalogue, virtual = read(tenant)

    assert catalogue.levels.keys() == {tower.level_id}
    assert len(virtual.sent(LEVELS)) == 2


@pytest.mark.parametrize("rooms_of_level", ["subtree", "direct"])
def test_a_list_with_some_rooms_of_each_floor_is_completed(
    tenant: Tenant, floors: list[Level], rooms_of_level: str
) -> None:
    tenant.variants.update({"rooms_without_level": "some", "rooms_of_level": rooms_of_level})

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()


@pytest.mark.parametrize("path", [ROOMS, LEVELS])
def test_a_failed_list_without_a_level_fails_the_whole_catalogue(
    tenant: Tenant, floors: list[Level], path: str
) -> None:
    tenant.inject(Fault.error(400, 121003), path, when=lambda call: "room_level_id" not in call.query)

    with pytest.raises(FeishuError, match="121003"):
        read(tenant)


@pytest.mark.parametrize("fault", [Fault.error(400, 121003), Fault.error(500, 121001), Fault.html(200)])
def test_more_failed_calls_than_good_ones_fail_the_whole_catalogue(
    tenant: Tenant, floors: list[Level], fault: Fault
) -> None:
    tenant.variants.rooms_without_level = "direct"
    tenant.inject(fault, ROOMS, times=None, when=lambda call: "room_level_id" in call.query)

    with pytest.raises(FeishuError):
        read(tenant)


@pytest.mark.parametrize("fault", [Fault.html(404), Fault.html(200)])
def test_another_server_at_a_level_fails_the_whole_catalogue(tenant: Tenant, floors: list[Level], fault: Fault) -> None:
    tenant.add_level("Empty")
    tenant.inject(fault, ROOMS, times=None, when=lambda call: "room_level_id" in call.query)

    with pytest.raises(NotFeishuError):
        read(tenant)


REFUSED = Fault.error(404, 121005)


@pytest.mark.parametrize(
    "fault", [REFUSED, Fault.error(404, 121004), Fault.error(400, 121003), Fault.error(500, 121001), Fault.empty()]
)
def test_a_level_that_cannot_be_read_costs_only_itself(tenant: Tenant, floors: list[Level], fault: Fault) -> None:
    tenant.variants.update({"rooms_without_level": "direct", "rooms_of_level": "direct"})
    bad = floors[1].level_id
    tenant.inject(fault, ROOMS, times=None, when=lambda call: call.query.get("room_level_id") == bad)

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == {room.room_id for room in tenant.rooms.values() if room.level_id != bad}
    assert catalogue.levels.keys() == tenant.levels.keys()
    assert catalogue.unread == {bad}


def test_any_number_of_levels_may_be_invisible_to_the_app(tenant: Tenant, floors: list[Level]) -> None:
    for number in range(20):
        tenant.add_level(f"Empty {number}")
    tenant.inject(REFUSED, ROOMS, times=None, when=lambda call: "room_level_id" in call.query)

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert len(catalogue.unread) == 20 + 2  # and the samples


def test_a_level_whose_floors_cannot_be_read_costs_only_them(tenant: Tenant, floors: list[Level]) -> None:
    bad = floors[0].parent_id
    tenant.inject(REFUSED, LEVELS, times=None, when=lambda call: call.query.get("room_level_id") == bad)

    catalogue, _ = read(tenant)

    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert catalogue.levels.keys() == tenant.levels.keys() - {level.level_id for level in floors[:2]}
    assert catalogue.unread == {bad}


@pytest.mark.parametrize("path_root", ["left_out", "included"])
def test_a_room_is_in_a_building_and_on_a_floor(tenant: Tenant, floors: list[Level], path_root: str) -> None:
    tenant.variants.update({"path_root": path_root})
    tenant.add_room("Penthouse", level=tenant.add_level("Hut"))

    catalogue, _ = read(tenant)

    places = {room.name: catalogue.place(room) for room in catalogue.rooms.values()}
    assert places["Tower B 2F 1"] == ("Tower B", "2F")
    assert places["Penthouse"] == ("Hut", "")
    assert places["Somewhere"] == ("", "")


@pytest.mark.parametrize("path_root", ["left_out", "included"])
@pytest.mark.parametrize(
    ("depth", "place"),
    [
        (0, ("3F", "East")),
        (1, ("China", "Shanghai")),
        (2, ("Shanghai", "Tower A")),
        (3, ("Tower A", "3F")),
        (4, ("3F", "East")),
        (5, ("East", "")),
        (6, ("East", "")),
    ],
)
def test_the_building_may_be_any_level_of_a_tree(
    tenant: Tenant, path_root: str, depth: int, place: tuple[str, str]
) -> None:
    tenant.variants.update({"path_root": path_root})
    level = None
    for name in ("China", "Shanghai", "Tower A", "3F", "East"):
        level = tenant.add_level(name, level)
    tenant.add_room("Orion", level=level)
    tenant.add_room("Somewhere")

    catalogue, _ = read(tenant)

    assert {room.name: catalogue.place(room, depth) for room in catalogue.rooms.values()} == {
        "Orion": place,
        "Somewhere": ("", ""),
    }
    assert catalogue.names_by_depth() == [["China"], ["Shanghai"], ["Tower A"], ["3F"], ["East"]]


def test_a_room_without_a_path_is_found_in_the_tree(tenant: Tenant, floors: list[Level]) -> None:
    catalogue, _ = read(tenant)

    places = {catalogue.place(replace(room, path=())) for room in catalogue.rooms.values() if "2F" in room.name}
    assert places == {("Tower A", "2F"), ("Tower B", "2F")}


def test_a_room_with_unknown_levels_has_no_building_or_floor(tenant: Tenant) -> None:
    level = tenant.add_level("Tower A")
    tenant.add_room("Orion", level=level)

    catalogue, _ = read(tenant)
    (room,) = catalogue.rooms.values()

    assert Catalogue(catalogue.rooms, {}).place(room) == ("", "")


def empty_floors(tenant: Tenant, number: int) -> None:
    """Add a tower with empty floors."""
    tower = tenant.add_level("Tower C")
    tenant.add_room("Tower C lobby", level=tower)
    for floor in range(number):
        tenant.add_level(f"{floor}F", tower)


@pytest.mark.parametrize(("rooms_of_level", "lists"), [("subtree", 1 + 1 + 1), ("direct", 1 + 2 + 30)])
def test_empty_levels_are_shown_by_the_fewest_lists(
    tenant: Tenant, floors: list[Level], rooms_of_level: str, lists: int
) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})
    empty_floors(tenant, 30)

    catalogue, virtual = read(tenant)

    assert catalogue.is_listed
    assert catalogue.lists_below is (rooms_of_level == "subtree")
    assert len(virtual.sent(ROOMS)) == lists


@pytest.mark.parametrize("rooms_of_level", ["subtree", "direct"])
def test_rooms_on_hidden_levels_are_found(tenant: Tenant, floors: list[Level], rooms_of_level: str) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})
    empty_floors(tenant, 5)
    shown = list(tenant.rooms.values())
    top = next(level for level in tenant.levels.values() if level.name == "4F")
    hidden = tenant.add_room("Hidden", level=top)
    only(tenant, shown)

    catalogue, _ = read(tenant)

    assert hidden.room_id in catalogue.rooms
    assert not catalogue.is_listed


def test_floors_below_a_closed_tower_are_read_one_by_one(tenant: Tenant, floors: list[Level]) -> None:
    empty_floors(tenant, 3)
    shown = list(tenant.rooms.values())
    floor = next(level for level in tenant.levels.values() if level.name == "0F")
    hidden = tenant.add_room("Hidden", level=floor)
    only(tenant, shown)
    tenant.inject(REFUSED, ROOMS, times=None, when=lambda call: call.query.get("room_level_id") == floor.parent_id)

    catalogue, _ = read(tenant)

    assert hidden.room_id in catalogue.rooms
    assert catalogue.unread == {floor.parent_id}


@pytest.mark.parametrize("fault", [REFUSED, Fault.error(500, 121001)])
@pytest.mark.parametrize("path", [ROOMS, LEVELS])
def test_a_failed_list_does_not_show_that_all_rooms_are_listed(
    tenant: Tenant, floors: list[Level], path: str, fault: Fault
) -> None:
    tenant.variants.rooms_of_level = "direct"
    annex = tenant.add_level("Annex")
    floor = tenant.add_level("Attic", annex)
    shown = list(tenant.rooms.values())
    hidden = tenant.add_room("Hidden", level=floor)
    only(tenant, shown)
    bad = floor if path == ROOMS else annex
    tenant.inject(fault, path, times=None, when=lambda call: call.query.get("room_level_id") == bad.level_id)

    catalogue, _ = read(tenant)

    assert hidden.room_id not in catalogue.rooms
    assert not catalogue.is_listed
    tenant.clear_faults()

    async def again() -> Catalogue:
        only(tenant, shown)
        return await read_catalogue(on_virtual_time(tenant).client, catalogue)

    assert hidden.room_id in run(again()).rooms


def test_lists_that_showed_nothing_new_are_not_read_again(tenant: Tenant, floors: list[Level]) -> None:
    empty_floors(tenant, 30)
    known, _ = read(tenant)
    tenant.add_room("New", level=tenant.add_level("Annex"))

    async def again() -> tuple[Catalogue, Virtual]:
        virtual = on_virtual_time(tenant)
        return await read_catalogue(virtual.client, known), virtual

    catalogue, virtual = run(again())
    assert catalogue.rooms.keys() == tenant.rooms.keys()
    assert catalogue.levels.keys() == tenant.levels.keys()
    assert len(virtual.sent(ROOMS)) == 1
