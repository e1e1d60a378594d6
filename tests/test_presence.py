"""The sensor of use, and the triggers that follow it: to the second, and never by a guess."""

from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.feishu_freebusy.const import CONF_NO_SHOW_MINUTES, CONF_OCCUPANCY, CONF_ROOMS
from custom_components.feishu_freebusy.model.use import Use, UseSpan
from simulator import Booking, Room, Tenant
from tests.clock import Clock, SetUp, Writes
from tests.conftest import at
from tests.triggers import Watch, lasting, outage

pytest_plugins = ["tests.triggers"]
pytestmark = pytest.mark.usefixtures("in_utc")

PEOPLE, RADAR, USE = "binary_sensor.people", "binary_sensor.radar", "sensor.orion_use"
TRIGGERS = ("no_show", "ad_hoc_use")


@pytest.fixture
def booking(tenant: Tenant, orion: Room) -> Booking:
    """Return a booking from 11:00 to 12:00."""
    return tenant.book(orion.room_id, at(11), at(12))


def sensors(room: Room, *entity_ids: str) -> dict[str, Any]:
    """Return the option that gives a room its sensors."""
    return {CONF_OCCUPANCY: {room.room_id: list(entity_ids or (PEOPLE,))}}


def change(hass: HomeAssistant, **options: Any) -> None:
    """Change options of the entry, as the flow does."""
    (entry,) = hass.config_entries.async_entries("feishu_freebusy")
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})


async def see(hass: HomeAssistant, clock: Clock, hour: int, minute: int, state: str, sensor: str = PEOPLE) -> None:
    """Let a sensor change its state at a time of day."""
    await clock.to(at(hour, minute))
    hass.states.async_set(sensor, state)
    await clock.settle()


def use(hass: HomeAssistant) -> str | None:
    """Return the state of the sensor of use, None if there is none."""
    state = hass.states.get(USE)
    return state.state if state else None


async def test_the_use_follows_bookings_and_people_to_the_second(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    vega: Room,
    tenant: Tenant,
    booking: Booking,
) -> None:
    tenant.book(orion.room_id, at(12), at(12, 30))
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, vega, **sensors(orion))
    await see(hass, clock, 11, 20, "on")
    await see(hass, clock, 11, 50, "off")
    await see(hass, clock, 13, 0, "on")
    await see(hass, clock, 13, 30, "off")
    tenant.disable_room(orion.room_id, at(14), None, "Renovation")
    await clock.to(at(15))

    assert [(f"{when:%H:%M:%S}", state) for when, state in writes.changes_of(USE)] == [
        ("10:00:00", "free"),
        ("11:00:00", "booked"),
        ("11:10:00", "no_show"),
        ("11:20:00", "in_use"),
        ("11:52:00", "booked"),
        ("12:10:00", "no_show"),
        ("12:30:00", "free"),
        ("13:00:00", "ad_hoc"),
        ("13:32:00", "free"),
        ("14:00:00", "out_of_service"),
    ]
    assert hass.states.get("sensor.vega_use") is None


async def test_any_sensor_that_is_on_counts_and_all_must_be_known_to_be_empty(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion, PEOPLE, RADAR))
    assert use(hass) == STATE_UNKNOWN  # one has not come yet

    await see(hass, clock, 10, 30, "off", RADAR)
    assert use(hass) == "free"
    await see(hass, clock, 11, 1, "on", RADAR)
    await see(hass, clock, 11, 2, STATE_UNAVAILABLE)
    assert use(hass) == "in_use"
    await see(hass, clock, 11, 5, "off", RADAR)
    assert use(hass) == STATE_UNKNOWN
    await see(hass, clock, 11, 10, "off")
    await clock.to(at(11, 50))
    assert use(hass) == "booked"
    hass.states.async_remove(PEOPLE)
    await clock.settle()
    assert use(hass) == STATE_UNKNOWN


async def test_what_the_sensors_saw_before_the_start_counts_if_it_still_lasts(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await clock.to(at(11, 5))
    entry = await set_up(orion, **sensors(orion))
    await clock.to(at(11, 10))
    assert use(hass) == "no_show"
    hass.states.async_remove(PEOPLE)  # as after a restart of Home Assistant
    hass.states.async_set(PEOPLE, "off")
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.to(at(11, 50))

    assert use(hass) == "booked"


async def test_an_outage_of_feishu_makes_it_unavailable(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion))
    await outage(tenant, clock, at(10, 43, 30), at(11, 10))
    assert use(hass) == STATE_UNAVAILABLE

    await clock.to(at(11, 12))
    assert use(hass) == "no_show"


@pytest.mark.usefixtures("each_minute")
async def test_a_clock_that_is_set_is_noticed_within_a_minute(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion))

    clock.set_wall(at(11, 30))
    await clock.forward(minutes=1)
    assert use(hass) == "booked"  # nobody knows whether it was empty since 11:00
    clock.set_wall(at(10, 1))
    await clock.forward(minutes=1)
    assert use(hass) == "free"


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_machine_that_slept_saw_no_empty_room(
    hass: HomeAssistant,
    watch: Watch,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    orion: Room,
    booking: Booking,
    is_heard: bool,
) -> None:
    hass.states.async_set(PEOPLE, "off")
    tenant.book(orion.room_id, at(12), at(13))
    await set_up(orion, **sensors(orion))
    await watch.on("no_show", orion)
    await clock.to(at(11, 2))
    clock.set_wall(at(11, 11))  # asleep for nine minutes
    if is_heard:  # before the next look at the clock
        hass.states.async_set(PEOPLE, "off", {"battery": 80})
    await clock.forward(minutes=1)

    assert use(hass) == "booked"
    assert await watch.until(11, 59) == []
    assert await watch.until(12, 30) == ["12:10 orion"]


# Options and the registry


async def test_rooms_get_and_lose_the_sensor_in_place(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    hass.states.async_set(PEOPLE, "on")
    entry = await set_up(orion, **sensors(vega))  # a room that is no longer there
    assert hass.states.get("sensor.vega_use") is None
    coordinator = entry.runtime_data

    change(hass, **sensors(orion))
    await clock.forward(seconds=1)
    assert use(hass) == "ad_hoc"
    hass.states.async_set(RADAR, "off")
    change(hass, **sensors(orion, RADAR))
    await clock.forward(seconds=1)
    assert use(hass) == "free"
    change(hass, **{CONF_ROOMS: {orion.room_id: "Orion", vega.room_id: "Vega"}, **sensors(vega)})
    await clock.forward(minutes=1)

    assert use(hass) is None
    assert er.async_get(hass).async_get(USE) is None
    assert hass.states.is_state("sensor.vega_use", "ad_hoc")
    change(hass, **{CONF_ROOMS: {orion.room_id: "Orion"}})
    await clock.forward(seconds=1)
    assert hass.states.get("sensor.vega_use") is None
    assert coordinator.presence.rooms == frozenset()
    assert coordinator.presence.span(vega.room_id).use is None
    assert entry.runtime_data is coordinator  # no reload: no room became unavailable


async def test_a_sensor_left_over_from_other_options_is_removed_at_the_start(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **sensors(orion))
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    change(hass, **{CONF_OCCUPANCY: {orion.room_id: []}})
    await clock.run(hass.config_entries.async_setup(entry.entry_id))

    assert er.async_get(hass).async_get(USE) is None


async def test_another_no_show_time_counts_at_once(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion))
    await clock.to(at(11, 5))
    change(hass, **{CONF_NO_SHOW_MINUTES: 3})
    await clock.forward(seconds=1)

    assert use(hass) == "no_show"


async def test_a_sensor_with_a_new_entity_id_is_followed_and_a_removed_one_tells_nothing(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    registry = er.async_get(hass)
    sensor = registry.async_get_or_create("binary_sensor", "test", "1", suggested_object_id="people")
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion, sensor.id))
    assert use(hass) == "free"

    hass.states.async_remove(PEOPLE)
    registry.async_update_entity(PEOPLE, new_entity_id=RADAR)
    hass.states.async_set(RADAR, "on")
    await clock.settle()
    assert use(hass) == "ad_hoc"
    registry.async_update_entity(RADAR, name="Radar")  # no news for us
    registry.async_remove(RADAR)
    hass.states.async_remove(RADAR)
    await clock.settle()
    assert use(hass) == STATE_UNKNOWN


async def test_nothing_is_followed_after_the_unload(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    hass.states.async_set(PEOPLE, "off")
    entry = await set_up(orion, **sensors(orion))
    presence, told = entry.runtime_data.presence, []
    presence.async_listen(None, lambda *spans: told.append(spans))
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    presence.async_apply()
    hass.states.async_set(PEOPLE, "on")
    await clock.to(at(12))

    assert (presence.rooms, told) == (frozenset(), [])


# Spans


async def test_spans_tell_what_was_and_a_broken_listener_breaks_no_other(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    booking: Booking,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hass.states.async_set(PEOPLE, "off")
    entry = await set_up(orion, **sensors(orion))
    spans: list[UseSpan] = []

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    entry.runtime_data.presence.async_listen(None, fail)
    entry.runtime_data.presence.async_listen(None, lambda _room_id, ended, _begun: spans.append(ended))
    await see(hass, clock, 11, 5, "on")
    await clock.to(at(12, 30))

    assert [(span.start, span.end, span.use, span.booking and span.booking.start) for span in spans] == [
        (at(10), at(11), Use.FREE, None),
        (at(11), at(11, 5), Use.BOOKED, at(11)),
        (at(11, 5), at(12, 15), Use.IN_USE, at(11)),
    ]
    assert caplog.text.count("Unexpected error telling of the use") == 3
    caplog.clear()


# Triggers


async def test_a_no_show_fires_once_with_the_times_of_the_booking(
    hass: HomeAssistant, watch: Watch, clock: Clock, set_up: SetUp, orion: Room, vega: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, vega, **sensors(orion))
    await watch.on("no_show", orion, vega)

    assert await watch.until(14) == ["11:10 orion"]
    assert (watch.data[0]["start"], watch.data[0]["end"]) == (at(11), at(12))


async def test_ad_hoc_use_fires_if_it_lasts(
    hass: HomeAssistant, watch: Watch, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, **sensors(orion))
    await watch.on("ad_hoc_use", orion, **lasting(5))
    await watch.on("ad_hoc_use", orion, **lasting(0))

    await see(hass, clock, 10, 10, "on")
    await see(hass, clock, 10, 12, "off")
    assert await watch.until(10, 20) == ["10:10 orion"]
    await see(hass, clock, 10, 30, "on")
    assert await watch.until(10, 44) == ["10:30 orion", "10:35 orion"]
    await see(hass, clock, 10, 44, "off")
    await see(hass, clock, 10, 50, "on")  # early for the booking, then in time, then late
    assert await watch.until(12, 14) == []
    assert await watch.until(12, 17) == ["12:15 orion"]
    assert "start" not in watch.data[0]
    watch.end()
    assert await watch.until(12, 30) == []


async def test_what_an_outage_or_a_reload_shows_fires_nothing(
    hass: HomeAssistant,
    watch: Watch,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    orion: Room,
    vega: Room,
    booking: Booking,
) -> None:
    hass.states.async_set(PEOPLE, "off")
    hass.states.async_set(RADAR, STATE_UNAVAILABLE)
    entry = await set_up(orion, vega, **{CONF_OCCUPANCY: {orion.room_id: [PEOPLE], vega.room_id: [RADAR]}})
    await watch.on("no_show", orion, vega)
    await watch.on("ad_hoc_use", orion, vega, **lasting(0))

    await see(hass, clock, 10, 20, "on", RADAR)  # it does not know when they came
    await outage(tenant, clock, at(10, 43, 30), at(11, 11))
    await clock.to(at(11, 20))
    assert use(hass) == "no_show"
    await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert await watch.until(11, 30) == []
    assert entry.runtime_data.presence.span(vega.room_id).use is Use.AD_HOC
    await clock.to(at(11, 30) + timedelta(hours=1))
