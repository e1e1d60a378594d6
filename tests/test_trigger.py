"""When the triggers fire, to the second, and when they must not."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
import voluptuous as vol

from custom_components.feishu_freebusy.const import CONF_PEOPLE
from custom_components.feishu_freebusy.model.subject import PersonInfo, Subject
from custom_components.feishu_freebusy.soon import known_bookings
from custom_components.feishu_freebusy.targets import SubjectTracker
from simulator import Booking, Room, Tenant
from tests.clock import Clock, SetUp, busy_id, device_of
from tests.conftest import at
from tests.triggers import Watch, lasting, outage

pytest_plugins = ["tests.triggers"]
pytestmark = pytest.mark.usefixtures("in_utc")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def booking(tenant: Tenant, orion: Room) -> Booking:
    """Return a booking from 11:00 to 11:30."""
    return tenant.book(orion.room_id, at(11), at(11, 30))


# Busy and free


async def test_busy_and_free_fire_at_the_second(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    tenant.book(orion.room_id, at(11, 30), at(12))  # no change between the two
    await set_up(orion)
    await watch.on("became_busy", orion)
    await watch.on("became_free", orion)

    assert await watch.until(11, 59, 59) == ["11:00 orion"]
    assert await watch.until(13) == ["12:00 orion"]
    assert [data["to_state"].state for data in watch.data] == ["on", "off"]


async def test_duration_of_busy_and_free_counts_from_the_change(
    watch: Watch, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("became_busy", orion, **lasting(10))
    await watch.on("became_busy", orion, **lasting(40))

    assert await watch.until(13) == ["11:10 orion"]


async def test_outage_and_reload_fire_nothing(
    hass: HomeAssistant, watch: Watch, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    entry = await set_up(orion)
    for trigger in ("became_busy", "became_free"):
        await watch.on(trigger, orion)
    await watch.on("became_available", orion, duration="00:30:00")
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    await watch.on("booking_ends_soon", orion, before="00:05:00")
    for kind in ("made", "moved", "canceled", "extended", "shortened", "ended_early"):
        await watch.on(f"booking_{kind}", orion)

    await outage(tenant, clock, at(10, 43, 30), at(11, 10))  # unavailable from 10:53 on, busy from 11:00 on
    assert await watch.until(11, 12) == []
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    assert await watch.until(11, 20) == []
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.to(at(11, 40))
    await clock.run(hass.config_entries.async_setup(entry.entry_id))

    assert await watch.until(12, 0, 30) == []
    tenant.book(orion.room_id, at(12, 30), at(13))  # after all that, they still work
    assert await watch.until(12, 35) == ["12:01 orion", "12:25 orion", "12:30 orion"]


@pytest.mark.parametrize(
    ("behavior", "expected"),
    [("each", ["11:30 orion", "12:00 vega"]), ("first", ["11:30 orion"]), ("all", ["12:00 vega"])],
)
async def test_several_rooms_fire_each_first_or_all(
    watch: Watch,
    tenant: Tenant,
    set_up: SetUp,
    orion: Room,
    vega: Room,
    booking: Booking,
    behavior: str,
    expected: list[str],
) -> None:
    tenant.book(vega.room_id, at(11), at(12))
    await set_up(orion, vega)
    await watch.until(11, 15)
    await watch.on("became_free", orion, vega, behavior=behavior)

    assert await watch.until(13) == expected


async def test_all_rooms_are_not_free_while_one_is_unknown(
    watch: Watch, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room, booking: Booking
) -> None:
    await set_up(orion, vega)
    await watch.on("became_free", orion, vega, behavior="all")
    await watch.on("became_available", orion, vega, behavior="all", duration="00:10:00")
    tenant.delete_room(vega.room_id)

    assert await watch.until(12) == []


# Available


async def test_available_fires_for_a_gap_that_is_long_enough(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    tenant.book(orion.room_id, at(12), at(12, 30))
    tenant.book(orion.room_id, at(12, 59), at(13))
    await set_up(orion)
    await watch.on("became_available", orion, duration={"minutes": 30})

    # Exactly 30 minutes, 29 minutes, no end in sight
    assert await watch.until(14) == ["11:30 orion", "13:00 orion"]


async def test_available_fires_when_the_next_booking_goes(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("became_available", orion, duration="00:30:00")
    assert await watch.until(10, 40, 30) == []

    tenant.cancel(booking.booking_id)
    fired = await watch.until(10, 45)
    tenant.book(orion.room_id, at(12), at(13))  # still long enough

    assert fired == ["10:41 orion"]
    assert await watch.until(11, 59) == []


# Soon


async def test_start_and_end_of_each_booking_come_near_at_the_second(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    tenant.book(orion.room_id, at(11, 30), at(12))  # back to back: another booking
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:07")
    await watch.on("booking_ends_soon", orion, before={"minutes": 4})

    assert await watch.until(13) == ["10:54:53 orion", "11:24:53 orion", "11:26 orion", "11:56 orion"]
    assert watch.data[0]["start"] == at(11)
    assert watch.data[0]["end"].isoformat() == "2026-11-23T11:30:00+00:00"
    assert watch.data[0]["before"] == timedelta(minutes=5, seconds=7)


async def test_moved_booking_comes_near_at_its_new_time(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")

    await watch.until(10, 50)
    tenant.move(booking.booking_id, at(11, 20), at(11, 50))
    assert await watch.until(11, 10) == []
    assert await watch.until(11, 17) == ["11:15 orion"]
    tenant.move(booking.booking_id, at(11, 40), at(12))
    assert await watch.until(12) == ["11:35 orion"]


async def test_booking_moved_while_it_is_near_does_not_fire_twice(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:15:00")
    assert await watch.until(10, 46) == ["10:45 orion"]

    tenant.move(booking.booking_id, at(10, 55), at(11, 30))

    assert await watch.until(12) == []


async def test_extended_booking_ends_soon_again(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_ends_soon", orion, before="00:05:00")
    assert await watch.until(11, 26) == ["11:25 orion"]

    tenant.move(booking.booking_id, at(11), at(12))

    assert await watch.until(13) == ["11:55 orion"]


async def test_late_booking_comes_near_at_once(watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    await watch.on("booking_ends_soon", orion, before="00:05:00")
    await watch.until(10, 1, 30)

    tenant.book(orion.room_id, at(10, 4), at(10, 8))  # shorter than that

    assert await watch.until(11) == ["10:02 orion", "10:04 orion"]


async def test_time_of_zero_fires_at_the_start_and_the_end(
    watch: Watch, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:00:00")
    await watch.on("booking_ends_soon", orion, before="00:00:00")

    assert await watch.until(12) == ["11:00 orion", "11:30 orion"]


async def test_canceled_booking_does_not_come_near(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    await watch.until(10, 50)

    tenant.cancel(booking.booking_id)

    assert await watch.until(12) == []


async def test_attaching_a_trigger_or_an_outage_makes_no_near_booking_fire(
    watch: Watch, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.until(10, 56)
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    assert await watch.until(11) == []
    await watch.on("booking_ends_soon", orion, before="00:05:00")

    await outage(tenant, clock, at(11, 10), at(11, 27))  # unavailable from 11:20 on

    assert await watch.until(12) == []


async def test_near_bookings_follow_a_clock_that_was_set(
    watch: Watch, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    await watch.until(10, 10)

    clock.set_wall(at(10, 54, 30))  # timers go on as before
    await clock.forward(minutes=2)

    assert len(watch.fired) == 1
    assert watch.fired[0] < "10:55:31"


async def test_unknown_end_never_comes_near(watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room) -> None:
    tenant.book(orion.room_id, at(11), at(11, day=3))
    await set_up(orion, horizon_days=1)
    await watch.on("booking_ends_soon", orion, before="30:00:00")

    assert await watch.until(12) == []


# Changes


async def test_each_kind_of_change_has_a_trigger_with_the_times(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    await watch.on("booking_made", orion)
    booking = tenant.book(orion.room_id, at(11), at(12))
    assert len(await watch.until(10, 2)) == 1
    assert (watch.data[-1]["start"], watch.data[-1]["previous_start"]) == (at(11), None)
    for kind, start, end in (
        ("moved", at(13), at(14)),
        ("extended", at(13), at(15)),
        ("shortened", at(13), at(14, 30)),
    ):
        await watch.on(f"booking_{kind}", orion)
        tenant.move(booking.booking_id, start, end)
        await watch.clock.forward(minutes=2)
        assert (watch.data[-1]["start"], watch.data[-1]["end"]) == (start, end)
    await watch.on("booking_canceled", orion)
    tenant.cancel(booking.booking_id)
    await watch.clock.forward(minutes=2)

    assert len(watch.fired) == 4
    assert watch.data[-1]["start"] is watch.data[-1]["end"] is None
    assert (watch.data[-1]["previous_start"], watch.data[-1]["previous_end"]) == (at(13), at(14, 30))
    assert watch.data[-1]["previous_start"].tzinfo is dt_util.get_default_time_zone()


async def test_meeting_that_is_ended_fires_only_ended_early(
    watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    for kind in ("made", "moved", "canceled", "extended", "shortened", "ended_early"):
        await watch.on(f"booking_{kind}", orion)
    assert await watch.until(11, 10, 30) == []

    tenant.end(booking.booking_id)

    assert await watch.until(12) == ["11:11 orion"]


# Targets


async def test_targets_are_devices_areas_floors_and_labels(
    hass: HomeAssistant, watch: Watch, set_up: SetUp, orion: Room, vega: Room, booking: Booking
) -> None:
    await set_up(orion, vega)
    device = device_of(hass, orion)
    assert device
    area = ar.async_get(hass).async_create("Lobby", floor_id="third", labels={"quiet"})
    dr.async_get(hass).async_update_device(device.id, area_id=area.id)
    for target in (
        {"device_id": device.id},
        {"area_id": area.id},
        {"floor_id": "third"},
        {"label_id": "quiet"},
    ):
        await watch.on("booking_starts_soon", target=target, before="00:05:00")
        await watch.on("became_busy", target=target)

    assert await watch.until(12) == ["10:55 orion"] * 4 + ["11:00 orion"] * 4


async def test_target_follows_rooms_that_come_and_go(
    hass: HomeAssistant, watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room, vega: Room, booking: Booking
) -> None:
    tenant.book(vega.room_id, at(11), at(11, 30))
    tenant.book(vega.room_id, at(12), at(12, 30))
    tenant.book(orion.room_id, at(12), at(12, 30))
    await set_up(orion, vega)
    area = ar.async_get(hass).async_create("Lobby")
    registry = dr.async_get(hass)
    for room, area_id in ((vega, None), (orion, area.id)):
        device = device_of(hass, room)
        assert device
        registry.async_update_device(device.id, area_id=area_id)
    await watch.on("booking_starts_soon", target={"area_id": area.id}, before="00:05:00")
    assert await watch.until(11, 40) == ["10:55 orion"]

    for room, area_id in ((vega, area.id), (orion, None)):
        device = device_of(hass, room)
        assert device
        registry.async_update_device(device.id, area_id=area_id)

    assert await watch.until(13) == ["11:55 vega"]


async def test_other_entities_and_disabled_rooms_fire_nothing(
    hass: HomeAssistant, watch: Watch, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    await set_up(orion)
    main, other = busy_id(hass, orion), "binary_sensor.door"
    hass.states.async_set(other, "off")
    for trigger, options in (("became_busy", {}), ("booking_starts_soon", {"before": "00:05:00"})):
        await watch.on(trigger, target={"entity_id": [other, "calendar.orion_bookings", main]}, **options)
    er.async_get(hass).async_update_entity(main, disabled_by=er.RegistryEntryDisabler.USER)

    hass.states.async_set(other, "on")

    assert await watch.until(12) == []


async def test_people_have_the_same_triggers(
    hass: HomeAssistant, watch: Watch, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    ada = tenant.add_user("Ada")
    tenant.book(ada.open_id, at(11), at(11, 30))
    await set_up(orion, **{CONF_PEOPLE: {ada.open_id: "Ada"}})
    target = {"entity_id": "binary_sensor.ada"}
    await watch.on("became_busy", target=target)
    await watch.on("booking_ends_soon", target=target, before="00:05:00")

    assert await watch.until(12) == ["11:00 ada", "11:25 ada"]


async def test_detached_triggers_leave_nothing_behind(
    hass: HomeAssistant, watch: Watch, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    entry = await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")
    await watch.on("booking_made", orion)
    notifier = entry.runtime_data.notifier
    assert notifier.hears_of_bookings(orion.room_id)

    watch.end()

    assert not notifier.hears_of_bookings(orion.room_id)
    assert await watch.until(12) == []


async def test_removed_entry_is_forgotten(
    hass: HomeAssistant, watch: Watch, clock: Clock, set_up: SetUp, orion: Room, booking: Booking
) -> None:
    entry = await set_up(orion)
    await watch.on("booking_starts_soon", orion, before="00:05:00")

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert await watch.until(12) == []


@pytest.mark.parametrize(
    ("trigger", "options"),
    [
        ("became_busy", {"behavior": "sometimes"}),
        ("became_available", {"behavior": "each"}),
        ("became_available", {"duration": "00:30:00", "for": "00:01:00"}),
        ("booking_starts_soon", {}),
        ("booking_starts_soon", {"before": "-00:05:00"}),
        ("booking_made", {"before": "00:05:00"}),
    ],
)
async def test_wrong_options_are_refused(
    watch: Watch, set_up: SetUp, orion: Room, trigger: str, options: dict[str, Any]
) -> None:
    await set_up(orion)

    with pytest.raises(vol.Invalid):
        await watch.on(trigger, orion, **options)


def test_nothing_is_booked_before_the_first_answer() -> None:
    assert known_bookings(Subject(PersonInfo("ou_ada", "Ada"))) == ()


async def test_empty_target_is_refused(hass: HomeAssistant) -> None:
    with pytest.raises(Exception, match="No target"):
        SubjectTracker(hass, {}, lambda *_: lambda: None)
