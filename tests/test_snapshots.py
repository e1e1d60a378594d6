"""Every entity of an office, platform by platform, with its registry entry and its state."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.feishu_freebusy import PLATFORMS
from custom_components.feishu_freebusy.const import CONF_BOOK, CONF_OCCUPANCY, CONF_PEOPLE, CONF_TITLES
from simulator import Tenant
from simulator.office import office
from simulator.tenant import TITLE_SCOPES
from tests.clock import FREE_BUSY, Clock, SetUp, shown
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.snapshot


@pytest.fixture
def tenant() -> Tenant:
    return office(rooms=6, now=at(10))


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.mark.parametrize("platform", [*PLATFORMS, Platform.BUTTON])
async def test_entities_of_an_office_match_the_snapshot(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    entity_registry: er.EntityRegistry,
    device_registry: dr.DeviceRegistry,
    snapshot: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    has_buttons = platform is Platform.BUTTON  # only if booking is switched on
    monkeypatch.setattr("custom_components.feishu_freebusy.PLATFORMS", [] if has_buttons else [platform])
    monkeypatch.setattr(Entity, "entity_registry_enabled_default", True)
    await hass.config.async_set_time_zone("Asia/Shanghai")
    clock.set_wall(at(3))
    rooms = list(tenant.rooms.values())
    tenant.disable_room(rooms[-1].room_id, at(0), None, "Renovation")
    person = tenant.add_user("Ada", open_id="ou_ada")
    tenant.book(person.open_id, at(2), at(5))
    hass.states.async_set("binary_sensor.people", "on")
    sensors = {room.room_id: ["binary_sensor.people"] for room in (rooms[0], rooms[-1])}

    entry = await set_up(
        *rooms, **{CONF_PEOPLE: {person.open_id: "Ada"}, CONF_BOOK: has_buttons, CONF_OCCUPANCY: sensors}
    )

    await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)
    devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert [(device.name, device.manufacturer, device.model, device.entry_type) for device in devices] == snapshot(
        name="devices"
    )
    assert len(tenant.calls(FREE_BUSY)) == len(rooms) + 1


async def test_titles_of_an_office_match_the_snapshot(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, snapshot: SnapshotAssertion
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    clock.set_wall(at(3))
    tenant.grant(*TITLE_SCOPES)
    rooms = list(tenant.rooms.values())

    await set_up(*rooms, **{CONF_TITLES: "title_and_organizer"})

    assert {room.name: shown(hass, room).attributes["titles"] for room in rooms} == snapshot
