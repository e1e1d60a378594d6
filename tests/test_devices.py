"""Rooms as devices."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_BASE_URL, CONF_ROOMS, CONF_SUGGEST_AREAS, DOMAIN
from custom_components.feishu_freebusy.devices import subject_device_info
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.feishu.models import Room as FeishuRoom
from custom_components.feishu_freebusy.model.directory import RoomInfo
from custom_components.feishu_freebusy.model.subject import PersonInfo
from simulator import Room, Tenant
from tests.clock import SetUp, busy_id, device_of, devices_of

pytest_plugins = ["tests.clock"]


async def test_room_is_a_device_with_its_busy_sensor_as_main_entity(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)

    device = device_of(hass, orion)
    assert device is not None
    assert (device.name, device.model, device.manufacturer) == ("Orion", "Tower A / 3F", "Feishu")
    assert device.entry_type is DeviceEntryType.SERVICE
    assert device.identifiers == {(DOMAIN, f"{tenant.app_id}_{orion.room_id}")}
    assert device.configuration_url is None  # the address is private
    assert (device.via_device_id, device.area_id) == (None, None)
    registered = er.async_get(hass).async_get(busy_id(hass, orion))
    assert registered is not None
    assert (registered.device_id, registered.entity_id, registered.original_name) == (
        device.id,
        "binary_sensor.orion",
        None,
    )


async def test_account_is_a_device_without_room_entities(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)

    rooms = [device_of(hass, room) for room in (orion, vega)]
    (account,) = [device for device in devices_of(hass) if device not in rooms]
    assert (account.name, account.model, account.manufacturer) == (entry.title, tenant.app_id, "Feishu")
    assert account.entry_type is DeviceEntryType.SERVICE
    assert account.identifiers == {(DOMAIN, tenant.app_id)}
    assert account.configuration_url == f"{entry.data[CONF_BASE_URL]}/app/{tenant.app_id}"
    entities = er.async_entries_for_device(er.async_get(hass), account.id, include_disabled_entities=True)
    assert entities
    assert not any("_omm_" in entity.unique_id for entity in entities)


@pytest.mark.parametrize(
    ("url", "maker", "host"),
    [
        (FEISHU_URL, "Feishu", "https://applink.feishu.cn"),
        (LARK_URL, "Lark", "https://applink.larksuite.com"),
        ("https://feishu.example.com", "Feishu", None),
    ],
)
async def test_a_device_is_made_by_feishu_or_lark_and_opens_its_calendar(
    hass: HomeAssistant, url: str, maker: str, host: str | None
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="cli_1", data={CONF_BASE_URL: url, CONF_APP_ID: "cli_1"})
    info = RoomInfo(FeishuRoom("omm_1", "Orion"), building="", floor="", device_name="Orion")

    device = subject_device_info(hass, entry, info)

    assert device["manufacturer"] == maker
    assert device["model"] is None
    assert device["configuration_url"] == (host and f"{host}/client/calendar/view?type=meeting")

    person = subject_device_info(hass, entry, PersonInfo("ou_1", "Ada"))
    assert person["configuration_url"] == (host and f"{host}/client/calendar/view?type=day")


async def test_a_device_of_another_integration_is_left_alone(
    hass: HomeAssistant, set_up: SetUp, orion: Room, tenant: Tenant
) -> None:
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    kept = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("other", "1")})

    await set_up(orion)

    assert dr.async_get(hass).async_get(kept.id) is not None
    assert device_of(hass, orion) is not None


async def test_room_keeps_its_area_and_name_after_a_reload(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    entry = await set_up(orion)
    device = device_of(hass, orion)
    assert device is not None
    dr.async_get(hass).async_update_device(device.id, name_by_user="Board room", area_id="first_floor")

    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert dr.async_get(hass).async_get(device.id) == device_of(hass, orion)
    again = device_of(hass, orion)
    assert again is not None
    assert (again.name_by_user, again.area_id) == ("Board room", "first_floor")


async def test_an_area_is_suggested_for_new_rooms_only(
    hass: HomeAssistant, set_up: SetUp, orion: Room, tenant: Tenant
) -> None:
    entry = await set_up(orion)
    lyra = tenant.add_room("Lyra", level=tenant.add_level("1F"))
    rooms = {**entry.options[CONF_ROOMS], lyra.room_id: "Lyra"}

    hass.config_entries.async_update_entry(
        entry, options={**entry.options, CONF_ROOMS: rooms, CONF_SUGGEST_AREAS: True}
    )
    await hass.async_block_till_done()
    device = device_of(hass, lyra)
    assert device is not None
    assert device.area_id == "1f"
    dr.async_get(hass).async_update_device(device.id, area_id=None)  # the user does not want it
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert [each and each.area_id for each in (device_of(hass, orion), device_of(hass, lyra))] == [None, None]
