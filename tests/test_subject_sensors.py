"""Sensors of a room (next change, next free, next busy) and the number of free rooms."""

from datetime import datetime
import re
from typing import Any

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_platform, entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Tenant
from tests.clock import FREE_BUSY, STATUSES, Clock, SetUp, Writes, busy_id
from tests.conftest import at

pytest_plugins = ["tests.clock"]

RARELY = 3_600


@pytest.fixture(autouse=True)
async def home(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")
    assert await async_setup_component(hass, "calendar", {})  # before time is frozen, because threads load it


def entity_of(hass: HomeAssistant, key: str) -> er.RegistryEntry:
    """Return our entity whose unique id ends with the key."""
    entities = er.async_get(hass).entities.values()
    return next(entity for entity in entities if entity.unique_id.endswith(f"_{key}"))


def state_of(hass: HomeAssistant, room: Room, key: str) -> str | datetime | None:
    """Return the state of a sensor: an instant, or a word such as "unknown"; None if it is disabled."""
    state = hass.states.get(entity_of(hass, f"{room.room_id}_{key}").entity_id)
    if state is None or not state.state.startswith("20"):
        return state.state if state else None
    return datetime.fromisoformat(state.state)


def free_rooms(hass: HomeAssistant) -> State:
    state = hass.states.get(entity_of(hass, "free_rooms").entity_id)
    assert state is not None
    return state


def free(hass: HomeAssistant) -> tuple[str, list[str] | None]:
    """Return the number of free rooms and their names."""
    return free_rooms(hass).state, free_rooms(hass).attributes.get("rooms")


@pytest.fixture
def with_all_sensors(hass: HomeAssistant, tenant: Tenant, orion: Room, vega: Room) -> None:
    """Enable the sensors that are disabled by default."""
    for room in (orion, vega):
        for key in ("next_free", "next_busy"):
            er.async_get(hass).async_get_or_create(
                "sensor",
                DOMAIN,
                f"{tenant.app_id}_{room.room_id}_{key}",
                suggested_object_id=f"{room.name}_{key}",
                disabled_by=None,
            )


# A room


@pytest.mark.usefixtures("with_all_sensors")
async def test_room_shows_its_next_change_next_free_and_next_busy_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    for start, end in ((at(9), at(10, 30)), (at(10, 40), at(12)), (at(14), at(15))):
        tenant.book(orion.room_id, start, end)
    await set_up(orion, scan_interval=RARELY)

    def shown() -> tuple[Any, ...]:
        return tuple(state_of(hass, orion, key) for key in ("next_change", "next_free", "next_busy"))

    # end of the current state, start of the next gap that is long enough, start of the next meeting
    assert shown() == (at(10, 30), at(12), at(10, 40))
    await clock.to(at(10, 30))
    assert shown() == (at(10, 40), at(12), at(10, 40))
    await clock.to(at(10, 40))
    assert shown() == (at(12), at(12), at(14))
    await clock.to(at(12))
    assert shown() == (at(14), "unknown", at(14))
    await clock.to(at(13, 45))
    assert shown() == (at(14), at(15), at(14))
    await clock.to(at(15))
    assert shown() == ("unknown", "unknown", "unknown")


@pytest.mark.usefixtures("with_all_sensors")
@pytest.mark.parametrize(("end", "state"), [(at(9, day=30), "unknown"), (None, "unknown")])
async def test_next_change_is_unknown_if_disabled_beyond_the_horizon(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, end: datetime | None, state: str
) -> None:
    tenant.disable_room(orion.room_id, at(9), end)

    await set_up(orion)

    assert [state_of(hass, orion, key) for key in ("next_change", "next_free")] == [state, state]


@pytest.mark.usefixtures("with_all_sensors")
async def test_sensors_are_unavailable_after_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(14), at(15))
    await set_up(orion, vega)
    assert [state_of(hass, room, "next_change") for room in (orion, vega)] == ["unknown", at(14)]

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.to(at(11))
    for key in ("next_change", "next_free"):
        assert [state_of(hass, room, key) for room in (orion, vega)] == ["unavailable", "unavailable"]

    tenant.clear_faults()
    await clock.to(at(11, 10))
    assert [state_of(hass, room, "next_change") for room in (orion, vega)] == ["unknown", at(14)]


async def test_entities_enabled_by_default(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    await set_up(orion)

    entities = [entity for entity in er.async_get(hass).entities.values() if orion.room_id in entity.unique_id]
    assert sorted((entity.entity_id, entity.disabled) for entity in entities) == [
        ("binary_sensor.orion", False),
        ("calendar.orion_bookings", False),
        ("event.orion_booking_changes", True),
        ("sensor.orion_booked_this_month", True),
        ("sensor.orion_booked_today", True),
        ("sensor.orion_next_busy", True),
        ("sensor.orion_next_change", False),
        ("sensor.orion_next_free", True),
    ]
    assert {entity.entity_category for entity in entities} == {None}
    assert hass.states.get("sensor.orion_next_busy") is None


async def test_polls_without_changes_write_no_states(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(18))
    tenant.book(orion.room_id, at(9, day=5), at(18, day=30))
    await set_up(orion, vega)
    count = free_rooms(hass)
    writes.clear()

    await clock.to(at(13))

    assert len(tenant.calls(FREE_BUSY)) > 2 * 150
    assert writes == []
    assert free_rooms(hass).last_reported == count.last_reported


async def test_flip_writes_only_entities_whose_value_changes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(14), at(15))
    await set_up(orion, vega, scan_interval=RARELY)
    writes.clear()

    await clock.to(at(11, 30))

    changed = {write.entity_id: (write.before, write.state) for write in writes if write.state != write.before}
    assert changed == {
        busy_id(hass, orion): ("on", "off"),
        "calendar.orion_bookings": ("on", "off"),
        "sensor.orion_next_change": (at(11).isoformat(), at(14).isoformat()),
    }
    assert {write.at.replace(microsecond=0) for write in writes} == {at(11)}


# All rooms


async def test_free_rooms_are_counted_and_named(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    closed = tenant.add_room("Closed")
    tenant.disable_room(closed.room_id, at(9), None)
    tenant.book(orion.room_id, at(10, 20), at(10, 40))
    tenant.book(vega.room_id, at(9), at(10, 30))
    await set_up(vega, orion, closed, scan_interval=RARELY)

    assert free(hass) == ("1", ["Orion"])
    await clock.to(at(10, 20))
    assert free(hass) == ("0", [])
    await clock.to(at(10, 30))
    assert free(hass) == ("1", ["Vega"])
    await clock.to(at(10, 40))
    assert free(hass) == ("2", ["Orion", "Vega"])


async def test_names_change_when_another_room_is_free_instead(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(10, 20), at(10, 40))
    tenant.book(vega.room_id, at(9), at(10, 20))
    await set_up(orion, vega, scan_interval=RARELY)

    assert free(hass) == ("1", ["Orion"])
    await clock.to(at(10, 20))
    assert free(hass) == ("1", ["Vega"])


async def test_free_rooms_are_counted_again_when_a_room_closes_between_two_polls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=RARELY)
    tenant.disable_room(orion.room_id, at(10, 5), at(15), "paint")

    while hass.states.is_state(busy_id(hass, orion), "off"):
        assert free(hass) == ("2", ["Orion", "Vega"])
        await clock.forward(seconds=1)

    assert free(hass) == ("1", ["Vega"])
    assert len(tenant.calls(STATUSES)) == 1  # no poll, and no scan


async def test_unavailable_room_does_not_count_as_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    assert free(hass) == ("2", ["Orion", "Vega"])

    tenant.inject(Fault.status(503), FREE_BUSY, times=None, when=lambda call: orion.room_id in str(call.body))
    await clock.to(at(11))
    assert free(hass) == ("1", ["Vega"])

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.to(at(12))
    assert free(hass) == ("unavailable", None)
    tenant.clear_faults()
    await clock.to(at(12, 10))
    assert free(hass) == ("2", ["Orion", "Vega"])


async def test_count_follows_added_and_removed_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion)

    for rooms, expected in (({"Orion", "Vega"}, ("2", ["Orion", "Vega"])), ({"Vega"}, ("1", ["Vega"]))):
        chosen = {room.room_id: room.name for room in (orion, vega) if room.name in rooms}
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": chosen})
        await clock.forward(minutes=2)
        assert free(hass) == expected


async def test_people_do_not_count_as_free_rooms(hass: HomeAssistant, tenant: Tenant, set_up: SetUp) -> None:
    ana = tenant.add_user("Ana")

    await set_up(people={ana.open_id: "Ana"})

    assert free(hass) == ("0", [])


async def test_names_of_free_rooms_are_not_recorded(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    await set_up(orion)

    recorded = free_rooms(hass).state_info
    assert recorded is not None
    assert "rooms" in recorded["unrecorded_attributes"]
    assert free_rooms(hass).attributes["state_class"] == "measurement"


# Names


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_entity_ids_of_chinese_names_are_in_pinyin(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, language: str
) -> None:
    hass.config.language = language
    room = tenant.add_room("三楼 猎户座会议室")

    await set_up(room)

    entities = [entity for entity in er.async_get(hass).entities.values() if room.room_id in entity.unique_id]
    ids = {entity.unique_id.partition(f"_{room.room_id}_")[2]: entity.entity_id for entity in entities}
    name = ids["busy"].removeprefix("binary_sensor.")
    assert re.fullmatch(r"san_lou_[a-z_]+_zuo_hui_yi_shi", name)
    assert ids == {
        "busy": f"binary_sensor.{name}",
        "booking_changes": f"event.{name}_booking_changes",
        "calendar": f"calendar.{name}_bookings",
        "next_change": f"sensor.{name}_next_change",
        "next_free": f"sensor.{name}_next_free",
        "next_busy": f"sensor.{name}_next_busy",
        "booked_today": f"sensor.{name}_booked_today",
        "booked_this_month": f"sensor.{name}_booked_this_month",
    }


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", {"Next change", "Free rooms"}), ("zh-Hans", {"下次变化", "空闲会议室"})],
)
async def test_names_are_in_the_configured_language(
    hass: HomeAssistant, set_up: SetUp, orion: Room, language: str, words: set[str]
) -> None:
    hass.config.language = language

    await set_up(orion)

    names = {state.name.removeprefix("Orion ").removeprefix("Meeting rooms ") for state in hass.states.async_all()}
    assert names >= words | {"Orion"}


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_each_attribute_of_ours_has_a_name(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, language: str
) -> None:
    ana = tenant.add_user("Ana")
    await set_up(orion, people={ana.open_id: "Ana"})

    texts = await async_get_translations(hass, language, "entity", [DOMAIN])
    named = set()
    for platform in entity_platform.async_get_platforms(hass, DOMAIN):
        for entity in platform.entities.values():
            for attribute in entity.extra_state_attributes or ():
                key = f"{platform.domain}.{entity.translation_key}.state_attributes.{attribute}.name"
                assert texts[f"component.{DOMAIN}.entity.{key}"]
                named.add(attribute)
    assert named >= {"rooms", "bookings", "room_id"}
