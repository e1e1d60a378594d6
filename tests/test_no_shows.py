"""Rooms to which nobody came: announced, then released. Each doubt keeps the room."""

from datetime import timedelta
from typing import Any

from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.feishu_freebusy.const import CONF_NO_SHOWS, CONF_RELEASE, EVENT_ACTION, EVENT_NO_SHOW
from simulator import Booking, Fault, Room, Tenant
from tests.clock import Clock, SetUp, busy_id, device_of, levels
from tests.conftest import at
from tests.test_booking import rows_of, writes_of
from tests.test_logbook import line
from tests.test_presence import PEOPLE, change, see, sensors
from tests.triggers import Watch

pytest_plugins = ["tests.triggers"]
pytestmark = pytest.mark.usefixtures("may_book", "in_utc")

RELEASE: dict[str, Any] = {CONF_RELEASE: True, CONF_NO_SHOWS: "release"}
ROW = [(at(11), at(12))]


@pytest.fixture
def booking(tenant: Tenant, orion: Room) -> Booking:
    """Return a booking from 11:00 to 12:00."""
    return tenant.book(orion.room_id, at(11), at(12))


@pytest.fixture(autouse=True)
def nobody(hass: HomeAssistant) -> None:
    """Let the sensor see nobody."""
    hass.states.async_set(PEOPLE, "off")


def told(events: list[Event[Any]]) -> list[str]:
    """Return what was told, and when."""
    return [f"{event.time_fired:%H:%M} {event.data['action']}" for event in events]


async def test_a_no_show_is_announced_and_released_five_minutes_later(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, vega: Room, watch: Watch
) -> None:
    tenant.book(orion.room_id, at(11), at(12))
    tenant.book(orion.room_id, at(12), at(13))
    tenant.book(vega.room_id, at(11), at(12))  # without sensors
    await set_up(orion, vega, **RELEASE, **sensors(orion))
    notices, acts = async_capture_events(hass, EVENT_NO_SHOW), async_capture_events(hass, EVENT_ACTION)
    await watch.on("will_be_released", orion, vega)

    assert await watch.until(11, 14, 59) == ["11:10 orion"]
    assert rows_of(tenant, orion) == [*ROW, (at(12), at(13))]
    await clock.to(at(11, 20))
    assert rows_of(tenant, orion) == [(at(12), at(13))]
    assert rows_of(tenant, vega) == ROW
    assert (watch.data[0]["start"], watch.data[0]["end"]) == (at(11), at(12))
    device = device_of(hass, orion)
    assert device
    assert notices[0].data == {
        "action": "will_be_released",
        "room_id": orion.room_id,
        "name": "Orion",
        "entity_id": busy_id(hass, orion),
        "device_id": device.id,
        "start": "2026-11-23T11:00:00+00:00",
        "end": "2026-11-23T12:00:00+00:00",
    }
    await clock.to(at(12, 30))
    assert told(notices) == ["11:10 will_be_released", "12:10 will_be_released"]
    assert [event.data["action"] for event in acts] == ["released", "released"]


async def test_a_dry_run_is_the_default_and_only_writes_to_the_logbook(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking, watch: Watch
) -> None:
    await set_up(orion, **{CONF_RELEASE: True}, **sensors(orion))
    notices = async_capture_events(hass, EVENT_NO_SHOW)
    await watch.on("will_be_released", orion)
    await clock.to(at(12, 30))

    assert told(notices) == ["11:15 would_be_released"]
    assert (rows_of(tenant, orion), writes_of(tenant)) == (ROW, [])
    assert watch.fired == []
    shown = line(hass, notices[0])
    assert shown["message"] == (
        "would have been released without the dry run: nobody came to the meeting from 11:00 to 12:00"
    )
    assert shown["icon"] == "mdi:calendar-question"


@pytest.mark.parametrize("options", [{CONF_NO_SHOWS: "release"}, {CONF_RELEASE: True, CONF_NO_SHOWS: "off"}])
async def test_nothing_happens_while_it_is_off(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking, options: Any
) -> None:
    await set_up(orion, **options, **sensors(orion))
    notices = async_capture_events(hass, EVENT_NO_SHOW)
    await clock.to(at(12, 30))

    assert (told(notices), rows_of(tenant, orion)) == ([], ROW)


@pytest.mark.parametrize(
    ("minute", "state"), [(5, "on"), (12, "on"), (5, "unavailable"), (12, "unavailable"), (14, "unknown")]
)
async def test_people_or_a_doubt_keep_the_room(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    orion: Room,
    booking: Booking,
    minute: int,
    state: str,
) -> None:
    await set_up(orion, **RELEASE, **sensors(orion))
    await see(hass, clock, 11, minute, state)
    await clock.forward(seconds=1)
    hass.states.async_set(PEOPLE, "off")
    await clock.to(at(12, 30))

    assert (rows_of(tenant, orion), writes_of(tenant)) == (ROW, [])


@pytest.mark.parametrize(
    ("hours", "is_released"), [(timedelta(hours=4, seconds=-1), True), (timedelta(hours=4), False)]
)
async def test_long_bookings_are_kept(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, hours: timedelta, is_released: bool
) -> None:
    tenant.book(orion.room_id, at(11), at(11) + hours)
    await set_up(orion, **RELEASE, **sensors(orion))
    await clock.to(at(11, 30))

    assert (rows_of(tenant, orion) == []) is is_released


async def test_a_closed_room_is_not_released(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking
) -> None:
    await set_up(orion, **RELEASE, **sensors(orion))
    tenant.disable_room(orion.room_id, at(10, 30), at(14))
    await clock.to(at(12, 30))

    assert writes_of(tenant) == []


async def test_a_booking_that_is_nearly_over_is_not_announced(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room
) -> None:
    tenant.book(orion.room_id, at(11), at(11, 15))
    await set_up(orion, **RELEASE, **sensors(orion))
    notices = async_capture_events(hass, EVENT_NO_SHOW)
    await clock.to(at(11, 30))

    assert told(notices) == []


async def test_overlapping_bookings_are_kept(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking, caplog: pytest.LogCaptureFixture
) -> None:
    tenant.book(orion.room_id, at(10, 50), at(11, 30))
    await set_up(orion, **RELEASE, **sensors(orion))
    await clock.to(at(11, 29))

    assert writes_of(tenant) == []
    assert levels(caplog) == ["WARNING"]


async def test_a_booking_that_was_replaced_unnoticed_is_kept(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(orion, **RELEASE, **sensors(orion))
    await clock.to(at(11, 14, 59))
    tenant.cancel(booking.booking_id)
    tenant.book(orion.room_id, at(10, 30), at(12))
    await clock.to(at(11, 29))

    assert rows_of(tenant, orion) == [(at(10, 30), at(12))]
    assert levels(caplog) == ["WARNING"]


async def test_a_release_that_fails_is_logged_and_not_tried_again(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking, caplog: pytest.LogCaptureFixture
) -> None:
    await set_up(orion, **RELEASE, **sensors(orion))
    tenant.inject(Fault.status(403), "meeting_room/instance/reply", times=None)
    await clock.to(at(12, 30))

    assert rows_of(tenant, orion) == ROW
    assert "a room to which nobody came was not released" in caplog.text


async def test_a_reload_forgets_an_announced_release(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking
) -> None:
    entry = await set_up(orion, **RELEASE, **sensors(orion))
    await clock.to(at(11, 12))
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.to(at(12, 30))

    assert rows_of(tenant, orion) == ROW


async def test_releases_switched_on_after_the_no_show_begin_with_the_next_one(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room, booking: Booking
) -> None:
    await set_up(orion, **{CONF_RELEASE: True}, **sensors(orion))
    notices = async_capture_events(hass, EVENT_NO_SHOW)
    await clock.to(at(11, 12))
    change(hass, **RELEASE)
    await clock.to(at(12, 30))

    assert told(notices) == ["11:15 would_be_released"]  # a release is announced first
    assert rows_of(tenant, orion) == ROW


@pytest.mark.parametrize(("chosen", "expected"), [("dry_run", ["11:15 would_be_released"]), ("off", [])])
async def test_a_choice_after_the_announcement_counts(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    orion: Room,
    booking: Booking,
    chosen: str,
    expected: list[str],
) -> None:
    await set_up(orion, **RELEASE, **sensors(orion))
    notices = async_capture_events(hass, EVENT_NO_SHOW)
    await clock.to(at(11, 12))
    change(hass, **{CONF_NO_SHOWS: chosen})
    await clock.to(at(12, 30))

    assert told(notices) == ["11:10 will_be_released", *expected]
    assert rows_of(tenant, orion) == ROW
