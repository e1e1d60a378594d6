"""The busy sensor of a room: its state, until when, and what is next."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest

from simulator import Room, Tenant
from tests.clock import Clock, SetUp, Writes, busy_id, reads_of, shown, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

RARELY = 3_600


@pytest.fixture(autouse=True)
async def in_utc(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")


@pytest.fixture
def orion(tenant: Tenant) -> Room:
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    return tenant.add_room("Orion", level=level, capacity=8, equipment=("TV", "Phone"))


def attributes(hass: HomeAssistant, room: Room, *names: str) -> tuple[Any, ...]:
    return tuple(shown(hass, room).attributes[name] for name in names)


def bookings(hass: HomeAssistant, room: Room) -> list[tuple[datetime, datetime]]:
    return [
        (datetime.fromisoformat(block["start"]), datetime.fromisoformat(block["end"]))
        for (blocks,) in [attributes(hass, room, "bookings")]
        for block in blocks
    ]


def text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


# Now and next


async def test_busy_room_shows_its_current_and_next_block(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    for start, end in ((at(9), at(10)), (at(10), at(11)), (at(11, 5), at(12))):
        tenant.book(orion.room_id, start, end)

    await set_up(orion)

    assert shown(hass, orion).state == "on"
    assert attributes(hass, orion, "busy_since", "busy_until", "next_busy_time", "next_free_time", "available_now") == (
        text(at(9)),
        text(at(11)),
        text(at(11, 5)),
        text(at(12)),
        False,
    )
    assert attributes(hass, orion, "disabled_reason", "pending") == (None, 0)
    assert bookings(hass, orion) == [(at(9), at(11)), (at(11, 5), at(12))]


async def test_free_room_shows_its_details(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    await set_up(orion)

    state = shown(hass, orion)
    assert (state.state, state.name) == ("off", "Orion")
    assert "device_class" not in state.attributes  # a booked room is not always occupied
    assert {name: state.attributes[name] for name in ("room_id", "capacity", "building", "floor", "equipment")} == {
        "room_id": orion.room_id,
        "capacity": 8,
        "building": "Tower A",
        "floor": "3F",
        "equipment": ["TV", "Phone"],
    }
    names = ("busy_since", "busy_until", "next_busy_time", "next_free_time", "available_now", "bookings")
    assert attributes(hass, orion, *names) == (None, None, None, None, True, [])


async def test_room_is_available_while_the_gap_is_long_enough(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(11), at(12))
    await set_up(orion, scan_interval=RARELY, min_free_minutes=30)
    assert attributes(hass, orion, "available_now", "next_free_time", "next_busy_time") == (True, None, text(at(11)))
    writes.clear()

    await clock.to(at(10, 29, 59))
    assert writes == []
    await clock.to(at(10, 30))

    assert attributes(hass, orion, "available_now", "next_free_time") == (False, text(at(12)))
    assert state_of(hass, orion) == "off"


async def test_meeting_beyond_the_window_has_no_start_and_end(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, day=-2), at(9, day=8))

    await set_up(orion)

    assert state_of(hass, orion) == "on"
    names = ("busy_since", "busy_until", "next_busy_time", "next_free_time")
    assert attributes(hass, orion, *names) == (None, None, None, None)


async def test_meeting_within_a_longer_horizon_has_an_end(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(9, day=8))

    await set_up(orion, horizon_days=14)

    assert attributes(hass, orion, "busy_since", "busy_until") == (text(at(9)), text(at(9, day=8)))


async def test_meeting_since_yesterday_shows_its_real_start(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, orion: Room
) -> None:
    tenant.book(orion.room_id, at(22, day=-1), at(6))
    clock.set_wall(at(3))

    await set_up(orion)

    assert attributes(hass, orion, "busy_since", "busy_until") == (text(at(22, day=-1)), text(at(6)))
    assert bookings(hass, orion) == [(at(22, day=-1), at(6))]


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("Asia/Shanghai", "2026-11-23T17:30:00+08:00", "2026-11-24T00:30:00+08:00"),
        ("America/New_York", "2026-11-23T04:30:00-05:00", "2026-11-23T11:30:00-05:00"),
    ],
)
async def test_times_are_in_the_configured_time_zone(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, zone: str, since: str, until: str
) -> None:
    await hass.config.async_set_time_zone(zone)
    tenant.book(orion.room_id, at(9, 30), at(16, 30))

    await set_up(orion)

    assert attributes(hass, orion, "busy_since", "busy_until", "next_free_time") == (since, until, until)
    assert attributes(hass, orion, "bookings") == ([{"start": since, "end": until}],)


@pytest.mark.parametrize(
    ("zone", "midnight"), [("Asia/Shanghai", at(16)), ("America/New_York", at(5, day=1)), ("UTC", at(0, day=1))]
)
async def test_bookings_advance_by_a_day_at_local_midnight(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    zone: str,
    midnight: datetime,
) -> None:
    await hass.config.async_set_time_zone(zone)
    hour = timedelta(hours=1)
    days = [(midnight + hour * (24 * day + 3), midnight + hour * (24 * day + 4)) for day in range(-1, 3)]
    for start, end in days:
        tenant.book(orion.room_id, start, end)
    clock.set_wall(midnight - 2 * hour)
    await set_up(orion, scan_interval=4 * 3_600)
    assert bookings(hass, orion) == days[:2]
    writes.clear()

    await clock.to(midnight - timedelta(seconds=1))
    assert writes == []
    await clock.to(midnight)

    assert bookings(hass, orion) == days[1:3]
    assert [write.entity_id for write in writes].count(busy_id(hass, orion)) == 1


# Pending requests


@pytest.mark.parametrize(("counted", "state"), [(False, "off"), (True, "on")])
async def test_pending_request_is_busy_only_if_the_option_is_set(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, counted: bool, state: str
) -> None:
    tenant.book(orion.room_id, at(9), at(11), rsvp="needs_action")
    tenant.book(orion.room_id, at(15), at(16), rsvp="needs_action")
    await set_up(orion, scan_interval=RARELY, count_pending_as_busy=counted)

    assert state_of(hass, orion) == state
    assert attributes(hass, orion, "pending") == (2,)
    await clock.to(at(11))
    assert state_of(hass, orion) == "off"
    assert attributes(hass, orion, "pending") == (1,)


async def test_a_granted_request_is_a_booking(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    request = tenant.book(orion.room_id, at(9), at(11), rsvp="needs_action")
    await set_up(orion)

    tenant.cancel(request.booking_id)
    tenant.book(orion.room_id, at(9), at(11))
    await clock.to(at(10, 2))

    assert state_of(hass, orion) == "on"
    assert attributes(hass, orion, "pending") == (0,)


async def test_declined_request_is_ignored(hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room) -> None:
    tenant.variants.declined_rows = "always"
    tenant.book(orion.room_id, at(9), at(11), rsvp="decline")
    tenant.book(orion.room_id, at(9), at(11), rsvp="removed")

    await set_up(orion, count_pending_as_busy=True)

    assert state_of(hass, orion) == "off"
    assert attributes(hass, orion, "pending") == (0,)


# Disabled rooms


@pytest.mark.parametrize("empty", ["list", "missing_key", "null"])
async def test_a_disabled_room_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, empty: str
) -> None:
    tenant.variants.update({"empty_list": empty})
    tenant.book(orion.room_id, at(10), at(11))
    tenant.disable_room(orion.room_id, at(9), at(10, 40), "water")
    await set_up(orion, scan_interval=RARELY)
    assert state_of(hass, orion) == "on"
    names = ("disabled_reason", "busy_since", "busy_until", "available_now")
    assert attributes(hass, orion, *names) == ("water", text(at(9)), text(at(10, 40)), False)
    writes.clear()

    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 40), "off")]
    assert attributes(hass, orion, "disabled_reason", "available_now") == (None, True)


async def test_room_is_busy_while_it_is_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(10, 20), at(10, 40), "water")
    await set_up(orion, scan_interval=RARELY)
    assert attributes(hass, orion, "disabled_reason", "next_busy_time") == (None, text(at(10, 20)))
    writes.clear()

    await clock.to(at(10, 30))
    assert attributes(hass, orion, "disabled_reason") == ("water",)
    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 20), "on"), (at(10, 40), "off")]
    assert attributes(hass, orion, "disabled_reason") == (None,)


async def test_room_disabled_without_end_is_busy_without_end(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), None)
    await set_up(orion, scan_interval=RARELY)

    for day in range(2):
        await clock.to(at(11, day=day))
        assert state_of(hass, orion) == "on"
        assert attributes(hass, orion, "disabled_reason", "busy_until", "next_free_time") == ("disabled", None, None)


async def test_meeting_merges_with_an_adjacent_disabled_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(10, 20), at(10, 40), "water")
    tenant.book(orion.room_id, at(10, 5), at(10, 20))
    await set_up(orion, scan_interval=RARELY)
    writes.clear()

    await clock.to(at(10, 10))
    assert attributes(hass, orion, "disabled_reason", "busy_until") == (None, text(at(10, 40)))
    await clock.to(at(10, 30))
    assert attributes(hass, orion, "disabled_reason") == ("water",)
    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "on"), (at(10, 40), "off")]


async def test_room_disabled_or_enabled_later_follows_the_catalogue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=RARELY)
    tenant.disable_room(orion.room_id, at(9), None, "water")
    await clock.to(at(16, 1))  # read every six hours
    assert state_of(hass, orion) == "on"
    assert attributes(hass, orion, "disabled_reason") == ("water",)

    tenant.enable_room(orion.room_id)
    await clock.to(at(22, 1))
    assert state_of(hass, orion) == "off"
    assert attributes(hass, orion, "disabled_reason") == (None,)


# On demand


async def test_room_is_read_on_demand(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    vega = tenant.add_room("Vega")
    await set_up(orion, vega, scan_interval=RARELY)
    tenant.requests.clear()
    tenant.book(orion.room_id, at(9), at(11))

    await clock.to(at(10, 5))
    for _ in range(5):
        await clock.run(
            hass.services.async_call(
                "homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True
            )
        )
    assert state_of(hass, orion) == "on"
    await clock.to(at(10, 6))

    assert 1 <= len(reads_of(tenant, orion)) <= 2  # immediately, and once more for later demands
    assert reads_of(tenant, vega) == []
    await clock.to(at(11, 0, 10))
    assert len(reads_of(tenant, vega)) == 1


# As a whole


async def test_large_and_static_attributes_are_not_recorded(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion)

    recorded = shown(hass, orion).state_info
    assert recorded is not None
    unrecorded = recorded["unrecorded_attributes"]
    assert unrecorded >= {"bookings", "room_id", "capacity", "building", "floor", "equipment"}
    assert not unrecorded & {"busy_since", "busy_until", "next_busy_time", "available_now", "pending"}


@pytest.mark.parametrize(("language", "words"), [("en", ("Busy", "Free")), ("zh-Hans", ("占用", "空闲"))])
async def test_states_are_translated(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, language: str, words: tuple[str, str]
) -> None:
    entry = await set_up(orion)
    registered = er.async_get(hass).async_get(busy_id(hass, orion))
    assert registered is not None

    texts = await async_get_translations(hass, language, "entity", [entry.domain])

    prefix = f"component.{entry.domain}.entity.binary_sensor.{registered.translation_key}.state"
    assert (texts[f"{prefix}.on"], texts[f"{prefix}.off"]) == words
