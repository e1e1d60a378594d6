"""The options flow for occupancy: the sensors of each room, and what is done if nobody comes."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.model.options import NoShows, Options
from simulator import Room, Tenant
from tests.clock import device_of
from tests.flows.test_options import running
from tests.test_translations import fields_of, placeholders, start_options, submit, suggested

MENU = ["occupancy_room", "occupancy_no_shows", "save"]


@pytest.fixture
def room(tenant: Tenant) -> Room:
    return tenant.add_room("Orion")


@pytest.fixture
async def entry(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, room: Room
) -> AsyncIterator[MockConfigEntry]:
    """Return a running entry with the rooms Orion and Vega."""
    entry = await running(hass, entry_of(tenant.add_room("Vega").room_id, room.room_id))
    yield entry
    await hass.async_block_till_done(wait_background_tasks=True)
    await hass.config_entries.async_unload(entry.entry_id)


def sensor(hass: HomeAssistant, name: str, device_class: str = "occupancy", **values: Any) -> er.RegistryEntry:
    """Register a binary sensor."""
    return er.async_get(hass).async_get_or_create(
        "binary_sensor",
        "test",
        name,
        suggested_object_id=name,
        original_name=name,
        original_device_class=device_class,
        **values,
    )


async def sensors_of(hass: HomeAssistant, result: ConfigFlowResult, room: Room) -> ConfigFlowResult:
    """Return the form for the sensors of a room, from the menu of the page."""
    return await submit(hass, await submit(hass, result, next_step_id="occupancy_room"), room=room.room_id)


async def save(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    result = await submit(hass, result, next_step_id="save")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_sensors_in_the_area_of_the_room_are_suggested(
    hass: HomeAssistant, entry: MockConfigEntry, room: Room
) -> None:
    here, there = (ar.async_get(hass).async_create(name) for name in ("Orion", "Lobby"))
    device = device_of(hass, room)
    assert device
    dr.async_get(hass).async_update_device(device.id, area_id=here.id)
    other = MockConfigEntry()
    other.add_to_hass(hass)
    radar = dr.async_get(hass).async_get_or_create(config_entry_id=other.entry_id, identifiers={("test", "radar")})
    dr.async_get(hass).async_update_device(radar.id, area_id=here.id)
    registry = er.async_get(hass)
    sensor(hass, "radar", "presence", device_id=radar.id)
    elsewhere = sensor(hass, "lobby", "motion", device_id=radar.id)
    registry.async_update_entity(elsewhere.entity_id, area_id=there.id)
    for name, device_class in (("people", "occupancy"), ("window", "window")):
        registry.async_update_entity(sensor(hass, name, device_class).entity_id, area_id=here.id)
    disabled = sensor(hass, "disabled", disabled_by=er.RegistryEntryDisabler.USER)
    bell = registry.async_get_or_create("event", "test", "bell", original_device_class="motion")  # no binary sensor
    for other_entity in (disabled, bell):
        registry.async_update_entity(other_entity.entity_id, area_id=here.id)

    result = await start_options(hass, entry, "occupancy")
    assert (result["type"], result["menu_options"]) == (FlowResultType.MENU, MENU)
    assert placeholders(result)["rooms"] == "–"
    result = await sensors_of(hass, result, room)

    assert placeholders(result)["room"] == "Orion"
    assert sorted(suggested(result)["sensors"]) == ["binary_sensor.people", "binary_sensor.radar"]


async def test_chosen_sensors_are_saved_by_their_registry_ids(
    hass: HomeAssistant, entry: MockConfigEntry, room: Room
) -> None:
    people = sensor(hass, "people")
    hass.states.async_set("input_boolean.taken", "on")
    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    assert suggested(result) == {"sensors": []}  # the room has no area
    result = await submit(hass, result, sensors=["binary_sensor.people", "input_boolean.taken"])
    assert placeholders(result)["rooms"] == "- Orion: 2"
    form = await submit(hass, result, next_step_id="occupancy_room")
    labels = [option["label"] for option in fields_of(form)["room"].config["options"]]
    assert labels == ["Orion (2)", "Vega"]
    form = await submit(hass, form, room=room.room_id)
    assert suggested(form)["sensors"] == ["binary_sensor.people", "input_boolean.taken"]
    await save(hass, await submit(hass, form, sensors=["binary_sensor.people", "input_boolean.taken"]))

    assert entry.options["occupancy"] == {room.room_id: [people.id, "input_boolean.taken"]}
    assert hass.states.is_state("sensor.orion_use", "ad_hoc")


async def test_sensors_and_rooms_that_are_gone_are_left_out(
    hass: HomeAssistant, entry: MockConfigEntry, room: Room
) -> None:
    people, radar = sensor(hass, "people"), sensor(hass, "radar")
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "occupancy": {room.room_id: [people.id, radar.id], "omm_gone": [radar.id]}}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    registry = er.async_get(hass)
    registry.async_remove(radar.entity_id)
    registry.async_update_entity(people.entity_id, new_entity_id="binary_sensor.crowd")

    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    assert suggested(result)["sensors"] == ["binary_sensor.crowd"]
    await save(hass, await submit(hass, result, sensors=["binary_sensor.crowd"]))
    assert entry.options["occupancy"] == {room.room_id: [people.id]}

    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    await save(hass, await submit(hass, result, sensors=[]))
    assert entry.options["occupancy"] == {room.room_id: []}
    assert hass.states.get("sensor.orion_use") is None


async def test_no_shows_have_defaults_and_limits(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await submit(hass, await start_options(hass, entry, "occupancy"), next_step_id="occupancy_no_shows")
    assert suggested(result) == {"no_show_minutes": 10, "no_shows": "dry_run"}
    with pytest.raises(InvalidData):
        await submit(hass, result, no_show_minutes=0, no_shows="release")
    result = await submit(hass, result, no_show_minutes=7, no_shows="release")
    assert result["menu_options"] == MENU
    again = await submit(hass, result, next_step_id="occupancy_no_shows")
    assert suggested(again) == {"no_show_minutes": 7, "no_shows": "release"}
    await save(hass, await submit(hass, again, no_show_minutes=7, no_shows="release"))

    options = Options.of(entry.options)
    assert (options.no_show_after.total_seconds(), options.no_shows) == (420, NoShows.RELEASE)


async def test_the_page_works_while_the_entry_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry, room: Room
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    result = await submit(hass, result, sensors=["binary_sensor.people"])
    result = await submit(hass, result, next_step_id="save")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["occupancy"] == {room.room_id: ["binary_sensor.people"]}


async def test_a_cleared_list_stays_empty(hass: HomeAssistant, entry: MockConfigEntry, room: Room) -> None:
    here = ar.async_get(hass).async_create("Orion")
    device = device_of(hass, room)
    assert device
    dr.async_get(hass).async_update_device(device.id, area_id=here.id)
    people = sensor(hass, "people")
    er.async_get(hass).async_update_entity(people.entity_id, area_id=here.id)
    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    assert suggested(result)["sensors"] == [people.entity_id]
    result = await submit(hass, result, sensors=[])
    other = next(room_id for room_id in Options.of(entry.options).rooms if room_id != room.room_id)
    result = await submit(hass, await submit(hass, result, next_step_id="occupancy_room"), room=other)
    await save(hass, await submit(hass, result, sensors=[people.entity_id]))

    assert entry.options["occupancy"] == {room.room_id: [], other: [people.id]}
    result = await sensors_of(hass, await start_options(hass, entry, "occupancy"), room)
    assert suggested(result) == {"sensors": []}


async def test_an_app_without_rooms_is_not_asked_for_one(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    entry = await running(hass, entry_of())
    result = await start_options(hass, entry, "occupancy")
    assert result["menu_options"] == ["occupancy_no_shows", "save"]
