"""A big tree of levels costs few calls: only the rooms in use are read often."""

from dataclasses import replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.model.intervals import catalogue_plan
from simulator import Fault, Level, Room, Tenant
from tests.clock import ROOMS, STATUSES, Clock, SetUp, busy_id, device_of, state_of
from tests.conftest import at
from tests.test_config_flow import LEVELS

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

RARELY = 3_600
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def build(tenant: Tenant, sites: int, floors: int, used: int) -> list[Room]:
    """Build sites with floors, and a room on each of the first `used` floors of each site."""
    rooms = []
    for site in range(sites):
        building = tenant.add_level(f"Site {site}")
        for floor in range(floors):
            level = tenant.add_level(f"{floor}F", building)
            if floor < used:
                rooms.append(tenant.add_room(f"R{site}-{floor}", level=level))
    return rooms


@pytest.fixture
def office(tenant: Tenant) -> list[Room]:
    return build(tenant, 25, 8, 4)


def trees(tenant: Tenant) -> list[datetime]:
    """Return when the whole tree was read."""
    roots = [call for call in tenant.calls(LEVELS) if "room_level_id" not in call.query]
    return [call.at.replace(microsecond=0) for call in roots]


@pytest.mark.parametrize(
    ("tree", "rooms_of_level"),
    [((25, 8, 4), "subtree"), ((25, 8, 4), "direct"), ((4, 25, 3), "direct"), ((1, 1_000, 1), "direct")],
    ids=["25 sites", "25 sites, lists without the rooms below", "4 towers", "1,000 empty floors"],
)
async def test_a_month_of_a_big_tree_takes_few_calls(
    tenant: Tenant, clock: Clock, set_up: SetUp, tree: tuple[int, int, int], rooms_of_level: str
) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})
    rooms = build(tenant, *tree)
    entry = await set_up(rooms[0], plan="free", scan_interval=RARELY, off_hours={"enabled": False})
    tenant.requests.clear()

    await clock.to(at(10, 5, day=1))

    made = [call for call in tenant.requests if "/vc/" in call.path and call.code == 0]
    statuses = [call for call in made if call.path.endswith(STATUSES)]
    assert len(made) * 30 < 2_500
    assert len(made) - len(statuses) <= 1_250 / 30
    assert entry.runtime_data.catalogue.plan.calls_a_day * 30 <= 1_250


async def test_calls_of_the_catalogue_are_projected(
    tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    entry = await set_up(office[0], scan_interval=RARELY)
    timetable = entry.runtime_data.timetable
    before = timetable.projected_calls - entry.runtime_data.calls.used
    await clock.forward(days=1)
    after = timetable.projected_calls - entry.runtime_data.calls.used

    assert before - after == pytest.approx(24 + 144 + entry.runtime_data.catalogue.plan.calls_a_day, abs=2)


async def test_between_reads_of_the_tree_only_the_rooms_in_use_are_read(
    tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    await set_up(*office[:3], plan="free", scan_interval=RARELY)
    assert trees(tenant) == [at(10)]
    tenant.requests.clear()

    await clock.to(at(10, 5, day=1))

    assert (tenant.calls(ROOMS), tenant.calls(LEVELS)) == ([], [])
    await clock.to(at(0, day=7))
    assert 1 <= len(trees(tenant)) <= 3


async def test_a_restart_does_not_read_the_tree_again(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    entry = await set_up(office[0], plan="free", scan_interval=RARELY)
    tenant.requests.clear()

    for _ in range(3):
        await clock.forward(hours=1)
        assert await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert tenant.calls(LEVELS) == []
    assert state_of(hass, office[0]) == "off"


async def test_a_chosen_room_that_is_renamed_moved_or_deleted_is_noticed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    renamed, moved, deleted, _ = rooms = office[:4]
    entry = await set_up(*rooms, plan="free", scan_interval=RARELY)
    tenant.requests.clear()

    tenant.rename_room(renamed.room_id, "Great Orion")
    tenant.rooms[moved.room_id] = replace(tenant.rooms[moved.room_id], level_id=office[-1].level_id)
    del tenant.rooms[deleted.room_id]
    await clock.to(at(16, 1))
    assert place(hass, renamed) == ("Great Orion", "Site 0 / 0F")
    assert place(hass, moved) == (moved.name, "Site 24 / 3F")
    await clock.to(at(22, 1))

    assert entry.runtime_data.catalogue.data.gone == {deleted.room_id}
    assert state_of(hass, deleted) == "unavailable"
    assert tenant.calls(LEVELS) == []


def place(hass: HomeAssistant, room: Room) -> tuple[str | None, str | None]:
    device = device_of(hass, room)
    assert device is not None
    return device.name, device.model


async def follow(set_up: SetUp, *rooms: Room, **options: object) -> MockConfigEntry:
    levels = {room.level_id: "floor" for room in rooms}
    return await set_up(room_levels=levels, plan="free", scan_interval=RARELY, **options)


@pytest.mark.parametrize("rooms_of_level", ["subtree", "direct"])
async def test_a_new_room_on_a_followed_level_appears_within_six_hours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room], rooms_of_level: str
) -> None:
    tenant.variants.update({"rooms_of_level": rooms_of_level})
    await follow(set_up, office[0], office[5])
    new = tenant.add_room("New", level=tenant.levels[office[5].level_id])
    tenant.requests.clear()

    await clock.to(at(16, 1))

    assert state_of(hass, new) == "off"
    assert len(tenant.calls(ROOMS)) <= 2
    assert tenant.calls(LEVELS) == []


async def test_a_room_that_leaves_a_followed_level_goes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    left, stays = tenant.add_room("Left", level=tenant.levels[office[0].level_id]), office[0]
    await follow(set_up, office[0])
    left_id = busy_id(hass, left)

    tenant.rooms[left.room_id] = replace(tenant.rooms[left.room_id], level_id=office[9].level_id)
    await clock.to(at(16, 1))

    assert (hass.states.get(left_id), state_of(hass, stays)) == (None, "off")


async def test_a_room_on_a_new_level_has_the_tree_read_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    moved = office[0]
    await set_up(moved, plan="free", scan_interval=RARELY)
    tenant.requests.clear()

    level: Level = tenant.add_level("Annex", tenant.levels[tenant.levels[moved.level_id].parent_id])
    tenant.rooms[moved.room_id] = replace(tenant.rooms[moved.room_id], level_id=level.level_id)
    await clock.to(at(16, 1))
    assert place(hass, moved) == (moved.name, "Site 0 / 0F")
    await clock.to(at(22, 1))
    assert place(hass, moved) == (moved.name, "Site 0 / Annex")
    await clock.to(at(22, 1, day=1))
    assert trees(tenant) == [at(22)]


async def test_without_direct_requests_the_tree_is_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, office: list[Room]
) -> None:
    tenant.inject(Fault.error(400, 121003), STATUSES, times=None)
    await set_up(office[0], plan="free", scan_interval=RARELY)

    tenant.rename_room(office[0].room_id, "Great Orion")
    await clock.to(at(16, 1))

    assert place(hass, office[0]) == ("Great Orion", "Site 0 / 0F")


@pytest.mark.parametrize(
    ("whole", "used", "budget", "hours"),
    [
        (4, 1, 25_000, (6, 6)),
        (7, 1, 25_000, (12, 6)),
        (128, 1, 25_000, (126, 6)),
        (1_000, 1, 25_000, (720, 6)),
        (10_000, 1, 25_000, (720, 6)),
        (128, 30, 25_000, (144, 24)),
        (50, 1, None, (6, 6)),
        (1_000, 1, None, (96, 6)),
    ],
)
def test_the_budget_decides_how_often_the_tree_is_read(
    whole: int, used: int, budget: int | None, hours: tuple[float, float]
) -> None:
    plan = catalogue_plan(whole, used, budget)

    assert (plan.whole / HOUR, plan.used / HOUR) == pytest.approx(hours, rel=0.05)
    if whole < 1_000 and used == 1:
        assert plan.calls_a_day * 30 <= (budget or 250_000) * 0.055
