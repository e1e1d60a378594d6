"""Names, places and capacities of rooms follow Feishu; rooms of the same name get distinct device names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.const import CONF_BUILDING_DEPTH
from custom_components.feishu_freebusy.feishu.directory import Catalogue
from custom_components.feishu_freebusy.feishu.models import Room as FeishuRoom, RoomLevel
from custom_components.feishu_freebusy.model.directory import describe_rooms, place_text
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import BATCH, ROOMS, Clock, SetUp, Writes, busy_id, device_of, shown, state_of
from tests.conftest import at
from tests.test_config_flow import ROOMS_SCOPE, SCOPES

pytest_plugins = ["tests.clock"]

RARELY = 3_600


def lists(tenant: Tenant) -> list[datetime]:
    """Return when the rooms of the tenant were listed."""
    calls = tenant.calls(ROOMS)
    return [call.at.replace(microsecond=0) for call in calls if "room_level_id" not in call.query]


def device(hass: HomeAssistant, room: Room) -> tuple[str | None, str | None]:
    """Return name and model of the room's device."""
    found = device_of(hass, room)
    assert found is not None
    return found.name, found.model


async def test_catalogue_is_read_every_six_hours(tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room) -> None:
    await set_up(orion, scan_interval=RARELY)

    await clock.to(at(10, 5, day=1))

    assert lists(tenant) == [at(10) + timedelta(hours=6) * count for count in range(5)]


async def test_unchanged_catalogue_writes_no_states(clock: Clock, set_up: SetUp, writes: Writes, orion: Room) -> None:
    clock.set_wall(at(12))
    await set_up(orion, scan_interval=RARELY)
    writes.clear()

    await clock.forward(hours=6, minutes=5)

    assert writes == []


async def test_renamed_moved_and_reequipped_room_is_updated(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    vega = tenant.add_room("Vega")
    await set_up(orion, vega, scan_interval=RARELY)
    assert device(hass, orion) == ("Orion", "Tower A / 3F")

    elsewhere = tenant.add_level("1F", tenant.add_level("Tower B"))
    tenant.rename_room(orion.room_id, "Great Orion")
    tenant.rooms[orion.room_id] = replace(
        tenant.rooms[orion.room_id], level_id=elsewhere.level_id, capacity=20, equipment=("TV",)
    )
    await clock.to(at(16, 1))

    assert device(hass, orion) == ("Great Orion", "Tower B / 1F")
    state = shown(hass, orion)
    assert state.name == "Great Orion"
    assert state.entity_id == "binary_sensor.orion"  # unchanged, so that automations still work
    assert [state.attributes[name] for name in ("capacity", "building", "floor", "equipment")] == [
        20,
        "Tower B",
        "1F",
        ["TV"],
    ]
    assert device(hass, vega) == ("Vega", None)


async def test_a_renamed_level_is_shown(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=RARELY)

    tenant.levels[orion.level_id] = replace(tenant.levels[orion.level_id], name="Third floor")
    await clock.to(at(16, 1))

    assert device(hass, orion) == ("Orion", "Tower A / Third floor")
    assert shown(hass, orion).attributes["floor"] == "Third floor"


async def test_user_given_device_name_is_kept(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=RARELY)
    found = device_of(hass, orion)
    assert found is not None
    dr.async_get(hass).async_update_device(found.id, name_by_user="Board room")

    tenant.rename_room(orion.room_id, "Great Orion")
    await clock.to(at(16, 1))

    found = device_of(hass, orion)
    assert found is not None
    assert found.name_by_user == "Board room"
    assert shown(hass, orion).name == "Board room"


@pytest.mark.parametrize(
    "fault", [Fault.status(503), Fault.html(200), Fault.close(), Fault.error(400, 99991672), Fault.error(400, 99991401)]
)
async def test_failed_catalogue_read_keeps_rooms_and_is_retried_soon(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    fault: Fault,
) -> None:
    clock.set_wall(at(12))
    tenant.disable_room(orion.room_id, at(13), at(20), "water")
    await set_up(orion, scan_interval=RARELY)
    await clock.to(at(17, 55))
    caplog.clear()
    writes.clear()

    tenant.rename_room(orion.room_id, "Great Orion")
    tenant.inject(fault, ROOMS, times=None)
    await clock.to(at(18, 25))
    assert device(hass, orion) == ("Orion", "Tower A / 3F")
    assert shown(hass, orion).attributes["disabled_reason"] == "water"
    assert writes == []
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []

    tenant.clear_faults()
    await clock.to(at(18, 31))
    assert device(hass, orion) == ("Great Orion", "Tower A / 3F")
    tenant.requests.clear()
    await clock.to(at(1, day=1))
    assert lists(tenant) == [at(0, 30, day=1)]


async def test_the_catalogue_is_read_although_the_granted_scopes_cannot_be(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """Feishu says that the app is not installed (212100), although its calls work."""
    tenant.inject(Fault.error(400, 212100), SCOPES, times=None)
    entry = await set_up(orion, scan_interval=RARELY, source="batch")
    tenant.rename_room(orion.room_id, "Great Orion")

    await clock.to(at(16, 5))

    assert device(hass, orion) == ("Great Orion", "Tower A / 3F")
    assert state_of(hass, orion) == "off"
    assert tenant.calls(BATCH)  # tried, because its scope may be granted
    assert (entry.runtime_data.catalogue.error, entry.runtime_data.catalogue.data.scopes) == (None, None)


async def test_catalogue_with_a_missing_page_is_discarded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    others = [tenant.add_room(f"Room {number}") for number in range(120)]  # on two pages
    await set_up(orion, others[-1], scan_interval=RARELY)
    tenant.rename_room(orion.room_id, "Great Orion")
    tenant.inject(Fault.status(503), ROOMS, times=None, when=lambda call: "page_token" in call.query)

    await clock.to(at(16, 5))

    assert device(hass, orion) == ("Orion", "Tower A / 3F")


async def test_permission_granted_later_is_detected(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.revoke(ROOMS_SCOPE)
    await set_up(orion, scan_interval=RARELY)
    assert device(hass, orion) == ("Orion", None)

    tenant.grant(ROOMS_SCOPE)
    await clock.to(at(10, 31))

    assert device(hass, orion) == ("Orion", "Tower A / 3F")


async def test_outage_is_logged_once(
    simulator: Simulator, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, orion: Room
) -> None:
    await set_up(orion, scan_interval=600)
    caplog.clear()

    await clock.to(at(15, 55))
    await simulator.stop()
    await clock.to(at(17))

    ours = [record for record in caplog.records if "feishu" in record.name and record.levelname != "DEBUG"]
    assert [record.levelname for record in ours] == ["ERROR"]


@pytest.mark.parametrize(
    ("begin", "calls"),
    [
        pytest.param(lambda tenant: tenant.rotate_secret("another"), 12, id="secret reset: hourly"),
        pytest.param(lambda tenant: setattr(tenant, "quota_left", 0), 6, id="quota used up: every six hours"),
    ],
)
async def test_catalogue_reads_pause_when_polls_pause(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, begin: Callable[[Tenant], object], calls: int
) -> None:
    await set_up(orion)
    begin(tenant)
    await clock.to(at(10, 2))
    tenant.requests.clear()

    await clock.to(at(22, 2))

    refused = [call for call in tenant.requests if call.code]
    assert len(refused) <= calls + 2  # the catalogue's own attempts may not coincide with polls


# Names


async def test_rooms_of_the_same_name_get_distinct_names(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    tower = tenant.add_level("Tower A")
    one, two = (tenant.add_room("Orion", level=tenant.add_level(name, tower)) for name in ("1F", "2F"))

    await set_up(one, two, scan_interval=RARELY)
    assert device(hass, one) == ("Orion (1F)", "Tower A / 1F")
    assert device(hass, two) == ("Orion (2F)", "Tower A / 2F")
    assert shown(hass, one).name == "Orion (1F)"
    assert busy_id(hass, one) != busy_id(hass, two)

    tenant.rename_room(two.room_id, "Vega")
    await clock.to(at(16, 1))
    assert device(hass, one) == ("Orion", "Tower A / 1F")
    assert device(hass, two) == ("Vega", "Tower A / 2F")


def levels(*names: str) -> dict[str, RoomLevel]:
    return {name: RoomLevel(name, name) for name in names}


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([("A", "1F"), ("A", "2F")], ["Orion (1F)", "Orion (2F)"]),
        ([("A", "1F"), ("B", "1F")], ["Orion (A / 1F)", "Orion (B / 1F)"]),
        ([("A", "1F"), ("B", "1F"), ("B", "2F")], ["Orion (A / 1F)", "Orion (B / 1F)", "Orion (2F)"]),
        ([("A",), ("B",)], ["Orion (A)", "Orion (B)"]),
        ([("A", "1F"), ()], ["Orion (1F)", "Orion"]),
        ([("A", "1F"), ("A", "1F")], ["Orion (A / 1F)", "Orion (A / 1F)"]),
        ([(), ()], ["Orion", "Orion"]),
    ],
)
def test_rooms_of_the_same_name_are_distinguished_by_place(places: list[tuple[str, ...]], expected: list[str]) -> None:
    rooms = {
        f"omm_{index}": FeishuRoom(f"omm_{index}", "Orion", room_level_id=path[-1] if path else "", path=path)
        for index, path in enumerate(places)
    }

    infos = describe_rooms(Catalogue(rooms, levels("A", "B", "1F", "2F")), dict.fromkeys(rooms, ""))

    assert [info.device_name for info in infos.values()] == expected


TREE: dict[str, tuple[str, ...]] = {
    "a": ("Shanghai", "Tower A", "3F", "East"),
    "b": ("Shanghai", "Tower B", "3F", "East"),
    "c": ("Beijing", "Tower A", "3F", "East"),
    "d": ("Beijing", "Tower A", "3F", "West"),
}


def describe_tree(paths: dict[str, tuple[str, ...]], building_depth: int) -> dict[str, tuple[str, str, str]]:
    """Return name, place and building of a room in each path. A level is named by the last part of its ID."""
    ids = {key: ["/".join(path[:depth]) for depth in range(1, len(path) + 1)] for key, path in paths.items()}
    known = {level_id: RoomLevel(level_id, level_id.rpartition("/")[2]) for path in ids.values() for level_id in path}
    rooms = {key: FeishuRoom(key, "Orion", room_level_id=path[-1], path=tuple(path)) for key, path in ids.items()}
    infos = describe_rooms(Catalogue(rooms, known), dict.fromkeys(rooms, ""), building_depth)
    return {key: (info.device_name, place_text(info), info.building) for key, info in infos.items()}


@pytest.mark.parametrize(
    ("keys", "building_depth", "expected"),
    [
        (
            "ab",
            0,
            [
                ("Orion (Tower A / 3F / East)", "Tower A / 3F / East", "Tower A / 3F"),
                ("Orion (Tower B / 3F / East)", "Tower B / 3F / East", "Tower B / 3F"),
            ],
        ),
        (
            "ab",
            2,
            [
                ("Orion (Tower A / 3F / East)", "Tower A / 3F / East", "Tower A"),
                ("Orion (Tower B / 3F / East)", "Tower B / 3F / East", "Tower B"),
            ],
        ),
        (
            "ac",
            2,
            [
                ("Orion (Shanghai / Tower A / 3F / East)", "Shanghai / Tower A / 3F / East", "Shanghai / Tower A"),
                ("Orion (Beijing / Tower A / 3F / East)", "Beijing / Tower A / 3F / East", "Beijing / Tower A"),
            ],
        ),
        (
            "cd",
            2,
            [("Orion (East)", "Tower A / 3F / East", "Tower A"), ("Orion (West)", "Tower A / 3F / West", "Tower A")],
        ),
        (
            "cd",
            1,
            [
                ("Orion (East)", "Beijing / Tower A / 3F / East", "Beijing"),
                ("Orion (West)", "Beijing / Tower A / 3F / West", "Beijing"),
            ],
        ),
    ],
)
def test_rooms_in_zones_of_two_towers_differ_in_name_and_group(
    keys: str, building_depth: int, expected: list[tuple[str, str, str]]
) -> None:
    paths = {key: TREE[key] for key in keys}

    assert list(describe_tree(paths, building_depth).values()) == expected


@given(
    st.lists(st.lists(st.sampled_from("AB"), min_size=1, max_size=5).map(tuple), min_size=1, max_size=8, unique=True),
    st.integers(0, 6),
)
def test_rooms_on_different_levels_never_share_a_name(paths: list[tuple[str, ...]], building_depth: int) -> None:
    described = describe_tree({str(index): path for index, path in enumerate(paths)}, building_depth)

    names = [name for name, _, _ in described.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path_root", ["left_out", "included"])
async def test_zones_of_two_towers_are_told_apart_and_grouped_by_the_chosen_building(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, path_root: str
) -> None:
    tenant.variants.update({"path_root": path_root})
    city = tenant.add_level("Shanghai")
    rooms = []
    for tower in ("Tower A", "Tower B"):
        zone = tenant.add_level("East", tenant.add_level("3F", tenant.add_level(tower, city)))
        rooms.append(tenant.add_room("Orion", level=zone))

    entry = await set_up(*rooms)
    assert [device(hass, room) for room in rooms] == [
        ("Orion (Tower A / 3F / East)", "Tower A / 3F / East"),
        ("Orion (Tower B / 3F / East)", "Tower B / 3F / East"),
    ]
    assert [place_of(hass, room) for room in rooms] == [("Tower A / 3F", "East"), ("Tower B / 3F", "East")]

    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_BUILDING_DEPTH: 2})
    await clock.settle()
    assert [place_of(hass, room) for room in rooms] == [("Tower A", "3F"), ("Tower B", "3F")]


def place_of(hass: HomeAssistant, room: Room) -> tuple[str, str]:
    """Return the building and the floor that a room shows."""
    attributes = shown(hass, room).attributes
    return attributes["building"], attributes["floor"]


def test_unfollowed_room_of_the_same_name_is_ignored() -> None:
    rooms = {room_id: FeishuRoom(room_id, "Orion", path=("A",)) for room_id in ("omm_1", "omm_2")}

    infos = describe_rooms(Catalogue(rooms, levels("A")), {"omm_1": ""})

    assert infos["omm_1"].device_name == "Orion"


@pytest.mark.parametrize(
    ("listed", "given", "expected"),
    [("Orion", "Old name", "Orion"), ("", "Old name", "Old name"), ("", "", "omm_1"), (None, "Old name", "Old name")],
)
def test_room_name_falls_back_to_given_name_then_id(listed: str | None, given: str, expected: str) -> None:
    rooms = {} if listed is None else {"omm_1": FeishuRoom("omm_1", listed)}

    info = describe_rooms(Catalogue(rooms, {}), {"omm_1": given})["omm_1"]

    assert (info.room.name, info.device_name) == (expected, expected)


@pytest.mark.parametrize(
    ("path", "place"), [((), ""), (("A",), "A"), (("A", "1F"), "A / 1F"), (("City", "A", "1F"), "A / 1F")]
)
def test_place_text_shows_at_most_two_levels(path: tuple[str, ...], place: str) -> None:
    rooms = {"omm_1": FeishuRoom("omm_1", "Orion", path=path)}

    info = describe_rooms(Catalogue(rooms, levels("City", "A", "1F")), {"omm_1": ""})["omm_1"]

    assert place_text(info) == place


async def test_new_room_is_unavailable_until_the_catalogue_is_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    entry = await set_up(orion)
    closed, open_one = tenant.add_room("Closed"), tenant.add_room("Open")
    tenant.disable_room(closed.room_id, at(8), None, "broken")
    tenant.inject(Fault.error(500, 190003), ROOMS, times=None)

    rooms = {room.room_id: room.name for room in (orion, closed, open_one)}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": rooms})
    await clock.to(at(10, 5))
    assert [state_of(hass, room) for room in (orion, closed, open_one)] == ["off", "unavailable", "unavailable"]

    tenant.clear_faults()
    await clock.to(at(10, 31))
    assert [state_of(hass, room) for room in (orion, closed, open_one)] == ["off", "on", "off"]
    assert "off" not in writes.states_of(busy_id(hass, closed))


async def test_catalogue_is_read_right_after_an_outage(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(15, 59, 30))
    await set_up(orion)
    await simulator.stop()
    await clock.forward(hours=6, minutes=2)
    tenant.rename_room(orion.room_id, "Great Orion")

    await simulator.start()
    await clock.forward(minutes=6)

    assert device(hass, orion) == ("Great Orion", "Tower A / 3F")


async def test_unlisted_disabled_room_is_busy_until_its_disabling_ends(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(13), "water")
    await set_up(orion, scan_interval=RARELY)
    tenant.inject(Fault.body(200, {"code": 0, "msg": "success", "data": {"rooms": []}}), ROOMS, times=None)
    tenant.inject(Fault.error(500, 190003), f"{ROOMS}/mget", times=None)

    await clock.to(at(23))

    assert state_of(hass, orion) == "off"
    # Nobody knows whether it ends until the second scan asks for the room itself
    assert [(when.replace(microsecond=0), state) for when, state in writes.changes_of(busy_id(hass, orion))[1:]] == [
        (at(13), "unavailable"),
        (at(22), "off"),
    ]


async def test_room_disabled_during_an_outage_is_not_shown_free_afterwards(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    clock.set_wall(at(15, 59, 30))
    await set_up(orion)
    await simulator.stop()
    await clock.forward(hours=6, minutes=2)
    tenant.disable_room(orion.room_id, clock.now - timedelta(hours=1), None, "water")
    writes.clear()

    await simulator.start()
    await clock.forward(minutes=6)

    assert [state for _, state in writes.changes_of(busy_id(hass, orion))] == ["on"]
