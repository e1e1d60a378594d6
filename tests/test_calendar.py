"""The calendar of a room: its bookings in any range, and when they are read from Feishu."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.components.calendar import CalendarEntity
from homeassistant.const import EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.feishu_freebusy.sync.ranges import MAX_RANGE
from simulator import Fault, Room, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, Writes, busy_id, device_of, reads_of
from tests.conftest import at
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]

RARELY = 3_600
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")

type Bookings = list[tuple[datetime, datetime]]


@pytest.fixture(autouse=True)
async def home(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")
    # Before time is frozen, because threads load it; and before a test client starts, because no view can be added then
    assert await async_setup_component(hass, "calendar", {})


def id_of(hass: HomeAssistant, room: Room) -> str:
    entities = er.async_get(hass).entities.values()
    return next(entity.entity_id for entity in entities if entity.unique_id.endswith(f"_{room.room_id}_calendar"))


def calendar_of(hass: HomeAssistant, room: Room) -> CalendarEntity:
    entity = hass.data[DATA_INSTANCES]["calendar"].get_entity(id_of(hass, room))
    assert isinstance(entity, CalendarEntity)
    return entity


def shown(hass: HomeAssistant, room: Room) -> State:
    state = hass.states.get(id_of(hass, room))
    assert state is not None
    return state


def event_of(hass: HomeAssistant, room: Room) -> tuple[str, str | None, str | None]:
    """Return the state, and the local start and end of the event."""
    state = shown(hass, room)
    start, end = (state.attributes.get(name) for name in ("start_time", "end_time"))
    return state.state, start and start.removesuffix(":00"), end and end.removesuffix(":00")


type Ask = Callable[..., Any]


@pytest.fixture
def ask(hass: HomeAssistant, clock: Clock) -> Ask:
    """Return a function that asks the calendar of a room for its bookings between two instants."""

    async def ask(room: Room, start: datetime, end: datetime) -> Bookings:
        events = await clock.run(calendar_of(hass, room).async_get_events(hass, start, end))
        return [
            (event.start_datetime_local.astimezone(UTC), event.end_datetime_local.astimezone(UTC)) for event in events
        ]

    return ask


# The event


async def test_event_is_the_current_or_the_next_block(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    for start, end in ((9, 10), (10, 11), (14, 15)):
        tenant.book(orion.room_id, at(start), at(end))
    await set_up(orion, scan_interval=RARELY)

    assert event_of(hass, orion) == ("on", "2026-11-23 09:00", "2026-11-23 11:00")
    await clock.to(at(11))
    assert event_of(hass, orion) == ("off", "2026-11-23 14:00", "2026-11-23 15:00")
    await clock.to(at(14))
    assert event_of(hass, orion) == ("on", "2026-11-23 14:00", "2026-11-23 15:00")
    await clock.to(at(15))
    assert event_of(hass, orion) == ("off", None, None)


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), -timedelta(minutes=7)], ids=["fast", "slow"])
async def test_a_wrong_clock_causes_no_write_without_a_change(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, ahead: timedelta
) -> None:
    """The event follows the clock of Feishu. Home Assistant makes the state by the clock of this machine."""
    tenant.clock = lambda: clock.now - ahead
    tenant.book(orion.room_id, at(10, 30), at(11))
    tenant.book(orion.room_id, at(12), at(13))
    await set_up(orion)
    await clock.forward(minutes=5)
    unchanged: list[str] = []
    listener = callback(lambda event: unchanged.append(event.data["entity_id"]))
    hass.bus.async_listen(EVENT_STATE_REPORTED, listener, event_filter=callback(lambda _: True))
    before = event_of(hass, orion)

    await clock.to(at(11, 59))

    assert id_of(hass, orion) not in unchanged
    assert before[1:] == ("2026-11-23 10:30", "2026-11-23 11:00")
    assert event_of(hass, orion)[1:] == ("2026-11-23 12:00", "2026-11-23 13:00")


async def test_all_entities_of_a_room_change_at_the_same_instant(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    for minute in range(5, 59, 6):
        tenant.book(orion.room_id, at(10, minute, minute), at(10, minute + 4))
    await set_up(orion, scan_interval=RARELY, min_free_minutes=0)
    writes.clear()

    await clock.to(at(10, 59))

    flips = writes.changes_of(busy_id(hass, orion))
    assert flips == [
        flip for minute in range(5, 55, 6) for flip in ((at(10, minute, minute), "on"), (at(10, minute + 4), "off"))
    ]
    assert writes.changes_of(id_of(hass, orion)) == flips
    next_change = writes.changes_of("sensor.orion_next_change")
    assert [when for when, _ in next_change] == [when for when, _ in flips]


@pytest.mark.usefixtures("each_minute")
async def test_other_entities_are_updated_if_the_calendar_changed_first(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    await set_up(orion, scan_interval=RARELY)

    clock.set_wall(at(10, 30))  # timers do not notice until the next minute
    calendar_of(hass, orion).async_write_ha_state()  # as Home Assistant's own alarm does
    assert shown(hass, orion).state == "off"
    await clock.forward(minutes=1)

    states = [hass.states.get(entity_id) for entity_id in (busy_id(hass, orion), "sensor.orion_next_change")]
    assert [state and state.state for state in states] == ["off", "unknown"]


async def test_calendar_is_unavailable_after_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(14), at(15))
    await set_up(orion, vega)
    assert [shown(hass, room).state for room in (orion, vega)] == ["off", "off"]

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.to(at(11))

    assert [shown(hass, room).state for room in (orion, vega)] == ["unavailable", "unavailable"]
    with pytest.raises(HomeAssistantError):
        await ask(orion, at(9), at(17))
    tenant.clear_faults()
    with pytest.raises(HomeAssistantError):
        await ask(orion, at(9), at(17))  # like its state: known with the next poll
    await clock.to(at(11, 10))
    assert [shown(hass, room).state for room in (orion, vega)] == ["off", "off"]
    assert await ask(orion, at(9), at(17)) == []


async def test_a_kept_range_is_not_shown_for_days_that_polls_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    await set_up(orion)
    assert await ask(orion, at(10), at(0, day=30)) == []  # kept for a day if Feishu admits no calls
    tenant.quota_left = 0
    tenant.book(orion.room_id, at(13), at(14))
    await clock.to(at(12))
    assert shown(hass, orion).state == "unavailable"

    for start, end in [(at(9), at(17)), (at(10), at(0, day=30)), (at(6, day=6), at(0, day=20))]:
        with pytest.raises(HomeAssistantError) as failure:
            await ask(orion, start, end)
        assert failure.value.translation_key == "quota_exceeded"
    assert await ask(orion, at(0, day=20), at(0, day=30)) == []  # no poll reads these days


async def test_days_that_polls_read_are_not_shown_while_the_status_of_the_room_is_in_doubt(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    booking = tenant.book(orion.room_id, at(13), at(14))
    await set_up(orion)
    tenant.inject(Fault.error(500, 121001), times=None, when=lambda call: "vc/v1/room" in call.path)
    tenant.cancel(booking.booking_id)
    await clock.to(at(10, 10))
    assert shown(hass, orion).state == "unavailable"

    with pytest.raises(HomeAssistantError) as failure:
        await ask(orion, at(9), at(17))

    assert failure.value.translation_key == "state_unknown"
    assert_is_translated(failure.value)
    assert await ask(orion, at(9, day=-1), at(10)) == []  # over
    tenant.clear_faults()
    await clock.to(at(10, 20))
    assert await ask(orion, at(9), at(17)) == []


# Bookings without a known start or end


@pytest.mark.slow
@pytest.mark.parametrize("clipping", ["none", "clipped"])
@pytest.mark.parametrize(
    ("start", "state"), [(at(9), "on"), (at(9, day=5), "off"), (at(9, 30, day=7), "off")], ids=["now", "next", "last"]
)
async def test_end_beyond_the_horizon_does_not_move_with_polls(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    start: datetime,
    state: str,
    clipping: str,
) -> None:
    tenant.variants.update({"clipping": clipping})
    tenant.book(orion.room_id, start, at(9, day=30))
    await set_up(orion, scan_interval=900)
    assert event_of(hass, orion) == (state, f"{start:%Y-%m-%d %H:%M}", "2026-12-01 00:00")
    writes.clear()

    await clock.to(at(23, 59))
    assert writes == []

    await clock.to(at(0, 5, day=1))
    assert event_of(hass, orion) == (state, f"{start:%Y-%m-%d %H:%M}", "2026-12-02 00:00")


async def test_room_booked_beyond_the_horizon_stays_busy(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(9, day=30))
    clock.set_wall(at(23, 30))
    await set_up(orion, horizon_days=1, scan_interval=3 * 3_600)

    for hour in range(24):
        await clock.to(at(0, 15, day=1) + timedelta(hours=hour))
        busy = hass.states.get(busy_id(hass, orion))
        assert busy is not None
        assert (shown(hass, orion).state, busy.state) == ("on", "on")


@pytest.mark.parametrize("clipping", ["none", "clipped"])
async def test_booking_from_before_the_window_starts_at_midnight(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, clipping: str
) -> None:
    tenant.variants.update({"clipping": clipping})
    tenant.book(orion.room_id, at(9, day=-3), at(9, day=3))
    await set_up(orion, scan_interval=900)
    assert event_of(hass, orion) == ("on", "2026-11-23 00:00", "2026-11-26 09:00")
    writes.clear()

    await clock.to(at(23, 59))
    assert writes == []
    await clock.to(at(0, day=1))
    assert event_of(hass, orion) == ("on", "2026-11-24 00:00", "2026-11-26 09:00")


# Ranges


async def test_range_returns_each_overlapping_booking(tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room) -> None:
    booked = [(at(7), at(9)), (at(8), at(9, 30)), (at(9, 30), at(10)), (at(10), at(11)), (at(11), at(12))]
    for start, end in reversed(booked):
        tenant.book(orion.room_id, start, end)
    await set_up(orion)

    assert await ask(orion, at(9), at(11)) == booked[1:4]
    assert await ask(orion, at(9, 15), at(9, 16)) == [booked[1]]
    assert await ask(orion, at(12), at(23)) == []


async def test_empty_range_returns_nothing(tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion)
    tenant.requests.clear()

    for instant in (at(10), at(10, day=50)):
        assert await ask(orion, instant, instant) == []
    assert tenant.requests == []


@pytest.mark.parametrize(("counted", "expected"), [(False, [9, 11]), (True, [9, 10, 11])])
@pytest.mark.parametrize("day", [0, 30], ids=["known", "read"])
async def test_range_excludes_declined_and_uncounted_pending_requests(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    ask: Ask,
    orion: Room,
    counted: bool,
    expected: list[int],
    day: int,
) -> None:
    tenant.variants.declined_rows = "always"
    for hour, rsvp in enumerate(("decline", "accept", "needs_action", "tentative", "removed"), 8):
        tenant.book(orion.room_id, at(hour, day=day), at(hour + 1, day=day), rsvp=rsvp)  # type: ignore[arg-type]
    await set_up(orion, count_pending_as_busy=counted)

    bookings = await ask(orion, at(0, day=day), at(23, day=day))

    assert [start.hour for start, _ in bookings] == expected


async def test_disabled_time_is_a_booking(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room, vega: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(15, day=20), "water")
    tenant.disable_room(vega.room_id, at(9), None)
    tenant.book(orion.room_id, at(15, day=20), at(16, day=20))

    await set_up(orion, vega)

    assert event_of(hass, orion)[0] == event_of(hass, vega)[0] == "on"
    whole = (at(9), at(15, day=20))  # not cut: a calendar trigger would take the edge of each range for a start
    assert await ask(orion, at(0), at(12)) == [whole]
    assert await ask(orion, at(0, day=20), at(0, day=21)) == [whole, (at(15, day=20), at(16, day=20))]
    latest = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert await ask(vega, at(0, day=200), at(0, day=201)) == [(at(9), latest)]


async def test_event_contains_only_times_and_the_name_of_the_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))

    await set_up(orion)

    (event,) = await clock.run(calendar_of(hass, orion).async_get_events(hass, at(9), at(12)))
    assert {name: value for name, value in event.as_dict().items() if value} == {
        "start": at(9).isoformat(),
        "end": at(11).isoformat(),
        "summary": "Orion",
    }
    attributes = shown(hass, orion).attributes
    assert (attributes["message"], attributes["description"], attributes["location"]) == ("Orion", "", "")


async def test_event_has_the_name_that_a_user_gave_the_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion)
    device = device_of(hass, orion)
    assert device

    dr.async_get(hass).async_update_device(device.id, name_by_user="Boardroom")
    await clock.settle()

    (event,) = await clock.run(calendar_of(hass, orion).async_get_events(hass, at(9), at(12)))
    assert event.summary == "Boardroom"
    assert shown(hass, orion).attributes["message"] == "Boardroom"


@pytest.mark.parametrize(("language", "name"), [("en", "Orion Bookings"), ("zh-Hans", "Orion 预订")])
async def test_the_calendar_is_told_from_the_room_by_its_name(
    hass: HomeAssistant, set_up: SetUp, orion: Room, language: str, name: str
) -> None:
    hass.config.language = language

    await set_up(orion)

    assert shown(hass, orion).name == name


# Calls for ranges


async def test_range_within_the_window_makes_no_call(tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room) -> None:
    tenant.book(orion.room_id, at(9, day=-1), at(11, day=-1))
    tenant.book(orion.room_id, at(9, day=7), at(11, day=7))
    await set_up(orion)
    tenant.requests.clear()

    assert await ask(orion, at(10, day=-1), at(10, day=7)) == [
        (at(9, day=-1), at(11, day=-1)),
        (at(9, day=7), at(11, day=7)),
    ]
    assert tenant.requests == []
    for window in ((at(9, 59, 59, day=-1), at(12)), (at(12), at(10, 0, 1, day=7))):
        assert len(await ask(orion, *window)) == 1
    assert len(reads_of(tenant, orion)) == 2


async def test_200_days_take_three_calls_that_are_counted(
    tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room, vega: Room
) -> None:
    days = range(-40, 180, 20)
    for day in days:
        tenant.book(orion.room_id, at(9, day=day), at(10, day=day))
    tenant.book(orion.room_id, at(20, day=58), at(4, day=59))
    entry = await set_up(orion, vega, include_external_calendar=False)
    before = entry.runtime_data.calls.used
    tenant.requests.clear()

    bookings = await ask(orion, at(0, day=-31), at(0, day=169))

    expected = [(at(9, day=day), at(10, day=day)) for day in days if -31 <= day < 169]
    assert bookings == sorted([*expected, (at(20, day=58), at(4, day=59))])
    assert [call.path.removeprefix("/open-apis/") for call in tenant.requests] == [FREE_BUSY] * 3
    for call in reads_of(tenant, orion):
        assert isinstance(call.body, dict)
        assert (call.body["need_rsvp_status"], call.body["include_external_calendar"]) == (True, False)
    assert entry.runtime_data.calls.used == before + 3


async def test_range_above_the_maximum_is_refused(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    await set_up(orion)
    tenant.requests.clear()

    with pytest.raises(HomeAssistantError) as refused:
        await ask(orion, at(10), at(10, 1) + MAX_RANGE)

    assert tenant.requests == []
    assert_is_translated(refused.value, days=str(MAX_RANGE.days))


def assert_is_translated(error: HomeAssistantError, **placeholders: str) -> None:
    assert error.translation_domain == "feishu_freebusy"
    given = error.translation_placeholders or {}
    assert given.items() >= placeholders.items()
    for texts in TEXTS.values():
        assert texts["exceptions"][error.translation_key]["message"].format(**given)


BEYOND = (at(0, day=20), at(0, day=50))


async def test_days_beyond_the_window_are_read_once_in_15_minutes(
    tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=60)
    tenant.requests.clear()

    for _ in range(3):
        assert await ask(orion, *BEYOND) == []
    assert len(tenant.requests) == 1
    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await clock.to(at(10, 14, 59))
    tenant.requests.clear()
    assert await ask(orion, *BEYOND) == []
    assert len(tenant.requests) == 0

    await clock.to(at(10, 15, 1))
    tenant.requests.clear()
    for _ in range(3):
        assert await ask(orion, *BEYOND) == [(at(9, day=30), at(10, day=30))]
    assert await ask(vega, *BEYOND) == []
    assert await ask(orion, BEYOND[0], BEYOND[1] + DAY) == [(at(9, day=30), at(10, day=30))]
    assert [call.body["room_id"] for call in tenant.requests if isinstance(call.body, dict)] == [
        orion.room_id,
        vega.room_id,
        orion.room_id,
    ]


async def test_an_open_card_of_two_weeks_uses_only_its_share(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, plan="free", source="list", monthly_budget=9_000, scan_interval=RARELY)
    window = (at(0), at(0, day=14))
    for room in rooms:
        panel.look_at(calendar_of(hass, room), *window)
    assert await panel.updates() == [[]] * len(rooms)
    tenant.requests.clear()

    for hour in range(24):
        await clock.to(at(11) + timedelta(hours=hour))
        for room in rooms:
            panel.look_at(calendar_of(hass, room), *window)
        assert None not in await panel.updates()

    ranges = [call for call in tenant.calls(FREE_BUSY) if window_of(call.body) != DAY * 8]
    assert 30 <= len(ranges) <= 30 + 60 - len(rooms)  # a day's share, and what two days had left
    assert entry.runtime_data.calls.by_payer["ranges"] == len(ranges) + len(rooms)


async def test_a_used_up_share_is_said_for_days_that_were_never_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, rooms: list[Room]
) -> None:
    await set_up(*rooms, plan="free", source="list", monthly_budget=1_200, scan_interval=RARELY)
    for room in rooms[:8]:
        assert await ask(room, *BEYOND) == []

    with pytest.raises(HomeAssistantError) as refusal:
        await ask(rooms[8], *BEYOND)
    assert_is_translated(refusal.value)
    assert refusal.value.translation_key == "ranges_over_budget"
    assert await ask(rooms[8], at(0), at(0, day=2)) == []
    await clock.forward(hours=7)
    assert await ask(rooms[8], *BEYOND) == []


async def test_rooms_read_by_batch_share_the_call_of_a_card(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, rooms: list[Room]
) -> None:
    tenant.book(rooms[3].room_id, at(9, day=10), at(10, day=10))
    await set_up(*rooms, source="batch", scan_interval=RARELY)
    tenant.requests.clear()

    for room in rooms:
        panel.look_at(calendar_of(hass, room), at(0), at(0, day=14))
    await clock.forward(seconds=1)

    assert sorted(filter(None, await panel.updates())) == [[(at(9, day=10), at(10, day=10))]]
    assert (len(tenant.calls(BATCH)), tenant.calls(FREE_BUSY)) == (1, [])


async def test_days_before_the_window_are_read_once_a_day(
    tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, day=-3), at(10, day=-3))
    tenant.book(orion.room_id, at(11, day=-1), at(12, day=-1))  # leaves the window meanwhile
    await set_up(orion, scan_interval=600)
    tenant.requests.clear()

    for hour in range(24):
        await clock.to(at(10, 1) + timedelta(hours=hour))
        found = await ask(orion, at(0, day=-7), at(0, day=3))
        assert found == [(at(9, day=-3), at(10, day=-3)), (at(11, day=-1), at(12, day=-1))]

    assert len([call for call in tenant.calls(FREE_BUSY) if window_of(call.body) != DAY * 8]) == 1


async def test_simultaneous_requests_make_one_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await set_up(orion)
    tenant.requests.clear()
    calendar = calendar_of(hass, orion)

    async def ask_twice() -> list[int]:
        asked = [calendar.async_get_events(hass, *BEYOND) for _ in range(2)]
        return [len(events) for events in await asyncio.gather(*asked)]

    assert await clock.run(ask_twice()) == [1, 1]
    assert len(tenant.requests) == 1


@pytest.mark.parametrize("others", [0, 1])
async def test_canceled_request_does_not_affect_others(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    others: int,
) -> None:
    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await set_up(orion)
    tenant.requests.clear()
    calendar = calendar_of(hass, orion)
    impatient, *patient = (hass.async_create_task(calendar.async_get_events(hass, *BEYOND)) for _ in range(1 + others))

    await asyncio.sleep(0)
    impatient.cancel()
    await clock.settle()

    assert impatient.cancelled()
    assert [len(await waiting) for waiting in patient] == [1] * others
    assert len(await clock.run(calendar.async_get_events(hass, *BEYOND))) == 1
    assert len(tenant.requests) == 1


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        (Fault.status(503), "server_error"),
        (Fault.rate_limited(reset=900), "rate_limited"),
        (Fault.error(429, 99991403), "quota_exceeded"),
        (Fault.error(400, 190002), "subject_unreadable"),
        (Fault.html(200), "not_feishu"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_failed_range_reports_the_reason_and_can_be_retried(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room, fault: Fault, key: str
) -> None:
    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await set_up(orion, scan_interval=RARELY)
    tenant.inject(fault, FREE_BUSY, times=None)

    with pytest.raises(HomeAssistantError) as failure:
        await ask(orion, *BEYOND)

    assert failure.value.translation_key == key
    assert_is_translated(failure.value)
    assert "Orion" not in str(failure.value)  # Home Assistant logs the error
    tenant.clear_faults()
    await clock.forward(minutes=16)
    assert await ask(orion, *BEYOND) == [(at(9, day=30), at(10, day=30))]


# Time zones


@pytest.mark.slow
@pytest.mark.parametrize(
    ("midnight", "hours"),
    [
        (datetime(2026, 3, 29, tzinfo=BERLIN), 23),
        (datetime(2026, 10, 25, tzinfo=BERLIN), 25),
        (datetime(2026, 6, 10, tzinfo=BERLIN), 24),
    ],
)
async def test_bookings_are_exact_on_days_of_clock_changes(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    ask: Ask,
    orion: Room,
    midnight: datetime,
    hours: int,
) -> None:
    """Every second quarter-hour of the day is booked; range and states show exactly that."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    start = midnight.astimezone(UTC)
    booked = [(start + (30 * i + 15) * MINUTE, start + (30 * i + 30) * MINUTE) for i in range(2 * hours)]
    for booking in booked:
        tenant.book(orion.room_id, *booking)
    clock.set_wall(start - timedelta(hours=2))
    await set_up(orion, scan_interval=RARELY)

    assert await ask(orion, dt_util.start_of_local_day(midnight.date()), midnight + DAY) == booked
    for quarter in range(4 * hours):
        await clock.to(start + quarter * 15 * MINUTE)
        expected = "on" if quarter % 2 else "off"
        busy = hass.states.get(busy_id(hass, orion))
        assert busy is not None
        assert (shown(hass, orion).state, busy.state) == (expected, expected), clock.now


async def test_booking_across_the_repeated_hour_of_a_clock_change(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, writes: Writes, orion: Room
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    start = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 local time; it ends at 02:15 local time
    tenant.book(orion.room_id, start, start + 30 * MINUTE)
    clock.set_wall(start - timedelta(hours=2))
    await set_up(orion, scan_interval=RARELY)
    writes.clear()

    assert await ask(orion, start - DAY / 2, start + DAY / 2) == [(start, start + 30 * MINUTE)]
    await clock.to(start + timedelta(hours=2))

    assert writes.changes_of(id_of(hass, orion)) == [(start, "on"), (start + 30 * MINUTE, "off")]


async def test_times_are_in_the_configured_time_zone_not_the_tenants(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    tenant.book(orion.room_id, at(9, 30), at(16, 30))
    tenant.book(orion.room_id, at(3, day=30), at(4, day=30))

    await set_up(orion)

    assert event_of(hass, orion) == ("on", "2026-11-23 04:30", "2026-11-23 11:30")
    day = datetime(2026, 12, 22, tzinfo=ZoneInfo("America/New_York"))
    (event,) = await clock.run(calendar_of(hass, orion).async_get_events(hass, day, day + DAY))
    assert event.as_dict()["start"] == "2026-12-22T22:00:00-05:00"


# Open calendars


class Panel:
    """An open calendar panel: it subscribes as `calendar/event/subscribe` of Home Assistant does, without a socket."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._updates: list[Bookings | None] = []

    def look_at(self, calendar: CalendarEntity, start: datetime, end: datetime) -> None:
        calendar.async_subscribe_events(start, end, self._note)
        calendar.async_update_single_event_listener(start, end, self._note)

    async def updates(self) -> list[Bookings | None]:
        """Return the updates received since the last call."""
        await self._clock.settle()
        updates, self._updates = self._updates, []
        return updates

    def _note(self, events: Any) -> None:
        self._updates.append(
            events
            if events is None
            else [(datetime.fromisoformat(event["start"]), datetime.fromisoformat(event["end"])) for event in events]
        )


@pytest.fixture
def panel(clock: Clock) -> Panel:
    return Panel(clock)


@pytest.mark.parametrize(
    ("start", "end"), [(at(0), at(0, day=7)), (at(0, day=-20), at(0, day=80))], ids=["known", "beyond"]
)
async def test_open_calendar_shows_changes_with_few_calls(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    panel: Panel,
    orion: Room,
    start: datetime,
    end: datetime,
) -> None:
    polls = 40  # seconds
    far = [(at(9, day=-15), at(9, day=-14)), (at(9, day=60), at(9, day=61))] if end > at(0, day=7) else []
    first, second, standing = (at(10, 5), at(10, 20)), (at(10, 30), at(10, 40)), (at(12), at(13))
    for booking in (*far, first, second, standing):
        tenant.book(orion.room_id, *booking)
    yesterday = tenant.book(orion.room_id, at(9, day=-1), at(10, 15, day=-1))  # leaves the known window meanwhile
    known = sorted([*far, *((yesterday.start, yesterday.end) for _ in far[:1]), first, second, standing])
    await set_up(orion, scan_interval=polls)
    tenant.requests.clear()

    panel.look_at(calendar_of(hass, orion), start, end)
    assert await panel.updates() == [known]
    assert len(tenant.requests) == (2 if far else 0)  # of 100 days

    # Flips, with many polls before and after
    for flip in (*first, *second):
        await clock.to(flip + timedelta(seconds=4))
        assert all(update == known for update in await panel.updates())

    # A new meeting
    third = tenant.book(orion.room_id, at(15, day=3), at(16, day=3))
    tenant.requests.clear()
    await clock.forward(seconds=2 * polls)
    known = sorted([*known, (third.start, third.end)])
    assert (await panel.updates())[-1:] == [known]

    # A canceled meeting
    tenant.cancel(third.booking_id)
    await clock.forward(seconds=2 * polls)
    known.remove((third.start, third.end))
    assert (await panel.updates())[-1:] == [known]

    # No change
    await clock.forward(minutes=10)
    assert await panel.updates() == []
    quarters = (clock.now - at(10)) // timedelta(minutes=15)
    reads = [call for call in reads_of(tenant, orion) if window_of(call.body) != (DAY * 8)]
    assert len(reads) <= (2 * (quarters + 1) if far else 0)  # 100 days take two calls


def window_of(body: object) -> timedelta:
    assert isinstance(body, dict)
    return datetime.fromisoformat(body["time_max"]) - datetime.fromisoformat(body["time_min"])


async def test_a_calendar_opened_15_minutes_later_shows_new_bookings_far_ahead(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion)
    panel.look_at(calendar_of(hass, orion), *BEYOND)
    assert await panel.updates() == [[]]

    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await clock.forward(minutes=15, seconds=1)
    assert await panel.updates() == []
    panel.look_at(calendar_of(hass, orion), *BEYOND)

    assert await panel.updates() == [[(at(9, day=30), at(10, day=30))]]


async def test_open_calendar_is_notified_of_an_outage(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion)
    panel.look_at(calendar_of(hass, orion), at(0), at(0, day=1))
    assert await panel.updates() == [[]]

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.to(at(11))
    assert (await panel.updates())[-1:] == [None]
    tenant.clear_faults()
    await clock.to(at(11, 10))

    assert (await panel.updates())[-1:] == [[]]


# Through Home Assistant's APIs


async def test_websocket_subscription_receives_a_change(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    panel: Panel,
    hass_ws_client: WebSocketGenerator,
    orion: Room,
) -> None:
    entry = await set_up(orion)
    client = await hass_ws_client(hass)
    window = {"start": at(0).isoformat(), "end": at(0, day=1).isoformat()}
    await client.send_json_auto_id({"type": "calendar/event/subscribe", "entity_id": id_of(hass, orion), **window})
    assert (await client.receive_json())["success"]
    assert (await client.receive_json())["event"] == {"events": []}

    tenant.book(orion.room_id, at(12), at(13))
    await clock.run(entry.runtime_data.async_read_now(orion.room_id))

    (event,) = (await client.receive_json())["event"]["events"]
    assert (event["start"], event["end"], event["summary"]) == (at(12).isoformat(), at(13).isoformat(), "Orion")


async def test_the_standard_triggers_fire_to_the_second(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    for start, end in ((at(10, 7, 7), at(10, 21, 9)), (at(10, 21, 9), at(10, 40))):
        tenant.book(orion.room_id, start, end)
    await set_up(orion)
    fired: list[tuple[datetime, str]] = []

    @callback
    def note(event: Event[Any]) -> None:
        when = event.time_fired
        fired.append((when.replace(microsecond=when.microsecond // 1000 * 1000), event.data["what"]))

    hass.bus.async_listen("recorded", note)
    automations = [
        {
            "alias": what,
            "triggers": {"trigger": "calendar", "entity_id": id_of(hass, orion), "event": what, "offset": offset},
            "actions": {"event": "recorded", "event_data": {"what": f"{what} {offset}"}},
        }
        for what, offset in (("start", "00:00:00"), ("end", "00:00:00"), ("start", "-00:05:00"))
    ]
    assert await clock.run(async_setup_component(hass, "automation", {"automation": automations}))
    tenant.requests.clear()

    await clock.to(at(11))

    assert sorted(fired) == [
        (at(10, 2, 7), "start -00:05:00"),
        (at(10, 7, 7), "start 00:00:00"),
        (at(10, 16, 9), "start -00:05:00"),
        (at(10, 21, 9), "end 00:00:00"),
        (at(10, 21, 9), "start 00:00:00"),
        (at(10, 40), "end 00:00:00"),
    ]
    assert all(window_of(call.body) == DAY * 8 for call in tenant.calls(FREE_BUSY))
    await clock.run(hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True))


async def test_the_http_api_returns_the_bookings(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    hass_client: ClientSessionGenerator,
    orion: Room,
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    tenant.book(orion.room_id, at(9), at(10))
    await set_up(orion)
    client = await hass_client()

    listed = await client.get("/api/calendars")
    assert await listed.json() == [{"name": "Orion Bookings", "entity_id": id_of(hass, orion)}]
    address = f"/api/calendars/{id_of(hass, orion)}"
    answer = await client.get(address, params={"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"})
    assert answer.status == HTTPStatus.OK
    (event,) = await answer.json()
    assert {name: value for name, value in event.items() if value} == {
        "start": {"dateTime": "2026-11-23T10:00:00+01:00"},
        "end": {"dateTime": "2026-11-23T11:00:00+01:00"},
        "summary": "Orion",
    }
    answer = await client.get(address, params={"start": "2026-01-01T00:00:00Z", "end": "2036-01-01T00:00:00Z"})
    assert answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert str(MAX_RANGE.days) in await answer.text()


async def test_get_events_action_returns_the_bookings(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(9, day=20), at(10, day=20))
    await set_up(orion, vega)

    async def get_events(**data: Any) -> Any:
        data["entity_id"] = [id_of(hass, orion), id_of(hass, vega)]
        return await clock.run(
            hass.services.async_call("calendar", "get_events", data, blocking=True, return_response=True)
        )

    one = {"start": at(9).isoformat(), "end": at(11).isoformat(), "summary": "Orion"}
    two = {"start": at(9, day=20).isoformat(), "end": at(10, day=20).isoformat(), "summary": "Orion"}
    empty: dict[str, Any] = {"events": []}
    assert await get_events(duration={"hours": 3}) == {id_of(hass, orion): {"events": [one]}, id_of(hass, vega): empty}
    assert await get_events(start_date_time=at(0, day=20), end_date_time=at(0, day=21)) == {
        id_of(hass, orion): {"events": [two]},
        id_of(hass, vega): empty,
    }


async def test_calendar_is_removed_with_its_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry: MockConfigEntry = await set_up(orion, vega)
    dropped = id_of(hass, vega)

    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {orion.room_id: "Orion"}})
    await clock.settle()

    assert hass.states.get(dropped) is None
    assert shown(hass, orion).state == "off"


async def test_unchanged_poll_does_not_extend_a_cached_range(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    await set_up(orion, scan_interval=1_800)
    assert await ask(orion, *BEYOND) == []

    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await clock.to(at(10, 30, 2))  # right after a poll

    assert await ask(orion, *BEYOND) == [(at(9, day=30), at(10, day=30))]


@pytest.mark.slow
async def test_range_is_read_again_days_later(
    tenant: Tenant, clock: Clock, set_up: SetUp, ask: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, day=3), at(10, day=3))
    await set_up(orion, scan_interval=900)
    assert await ask(orion, *BEYOND) == []

    tenant.book(orion.room_id, at(9, day=30), at(10, day=30))
    await clock.to(at(9, 0, 2, day=3))

    assert await ask(orion, *BEYOND) == [(at(9, day=30), at(10, day=30))]
