"""Why a room refuses: the limit that is broken, until when it is taken, and the nearest room that is free."""

from datetime import time, timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.feishu_freebusy.booking import RefusedError
from custom_components.feishu_freebusy.model.booking import Refusal, Span
from custom_components.feishu_freebusy.refusals import async_explain, text_of_refusal
from simulator import BookingRules, Fault, Room, Tenant
from tests.actions import Perform, error_of, texts_of
from tests.clock import Clock, SetUp, busy_id, device_of
from tests.conftest import at
from tests.test_booking import writes_of

pytest_plugins = ["tests.actions"]
pytestmark = pytest.mark.usefixtures("may_book", "in_utc")

HOUR = timedelta(hours=1)
CHECK = "room_availability_check"


async def refusal(perform: Perform, action: str = "book_room", **data: Any) -> str:
    """Return the English text with which an action is refused."""
    return texts_of(await error_of(perform(action, **data)))["en"]


def answer(tenant: Tenant, room: Room, reason: str, **rules: Any) -> None:
    """Let the check of a room give this reason, and these rules."""
    tenant.agenda.rules[room.room_id] = BookingRules(allowed=False)
    row = {
        "room_id": room.room_id,
        "status": "unavailable",
        "unavailable_reason_type": reason,
        "room_strategy": rules,
    }
    tenant.inject(Fault.body(200, {"code": 0, "data": {"room_availabilitys": [row]}}), CHECK)


# Limits


@pytest.mark.parametrize(
    ("rules", "hours", "expected"),
    [
        (BookingRules(opens=time(8), closes=time(20)), (13, 15), "Orion can only be booked between 08:00 and 20:00."),
        (BookingRules(closes=time(20)), (13, 15), "Orion can only be booked between 00:00 and 20:00."),
        (BookingRules(opens=time(22)), (13, 15), "Orion can only be booked between 22:00 and 24:00."),
        (
            BookingRules(max_duration=timedelta(minutes=90)),
            (14, 16),
            "Orion can be booked for at most 90 minutes at a time.",
        ),
        (BookingRules(max_duration=HOUR), (14, 16), "Orion can be booked for at most 60 minutes at a time."),
        (BookingRules(max_duration=2 * HOUR), (14, 17), "Orion can be booked for at most 2 hours at a time."),
        (
            BookingRules(days_ahead=30),
            (24 * 31, 24 * 31 + 1),
            "Orion can be booked at most 30 days ahead, now until 2026-12-23 10:00.",
        ),
    ],
)
async def test_the_limit_of_the_room_is_named(
    tenant: Tenant,
    set_up: SetUp,
    perform: Perform,
    orion: Room,
    rules: BookingRules,
    hours: tuple[int, int],
    expected: str,
) -> None:
    tenant.agenda.rules[orion.room_id] = rules
    await set_up(orion, book=True)
    start, end = (at(0) + timedelta(hours=each) for each in hours)

    said = await refusal(perform, room_id=orion.room_id, start=start.isoformat(), end=end.isoformat())

    assert said == expected


@pytest.mark.parametrize(
    ("reason", "rules", "expected"),
    [
        (
            "before_daily_advance_window_release",
            {"daily_advance_window_release_time": "32400"},
            "Orion does not take bookings for that day yet. They open at 09:00.",
        ),
        (
            "before_daily_advance_window_release",
            {},
            "The room does not take bookings for that day yet. Try again later today.",
        ),
        ("beyond_advance_booking_window", {"max_advance_booking_time": "soon"}, "The room does not take bookings that"),
        (
            "over_max_duration",
            {},
            "The booking is too long. The maximum is set in the options of the app, and by the room.",
        ),
        ("not_in_usable_time", {}, "The room can't be booked at that time of day."),
    ],
)
async def test_a_limit_that_feishu_does_not_tell_is_not_named(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, reason: str, rules: dict[str, str], expected: str
) -> None:
    answer(tenant, orion, reason, **rules)
    await set_up(orion, book=True)

    assert (await refusal(perform, room_id=orion.room_id)).startswith(expected)


async def test_the_limit_of_the_options_is_named(tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room) -> None:
    await set_up(orion, book=True, longest_booking_minutes=120)

    said = await refusal(perform, room_id=orion.room_id, duration={"hours": 3})

    assert said == "Orion can be booked for at most 2 hours at a time."
    assert writes_of(tenant) == []


async def test_a_room_has_its_name_in_home_assistant(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    entry = await set_up(orion, book=True, longest_booking_minutes=120)
    device = device_of(hass, orion)
    assert device
    dr.async_get(hass).async_update_device(device.id, name_by_user="The den")

    assert (await refusal(perform, room_id=orion.room_id, duration={"hours": 3})).startswith("The den can be booked")
    gone = async_explain(hass, entry.runtime_data, "omm_gone", RefusedError(Refusal.NOTHING_RUNS))
    assert text_of_refusal(gone) == ("refusal_nothing_runs", {"room": "omm_gone"})


# Taken


@pytest.mark.parametrize(
    ("start", "booked", "expected"),
    [
        (at(10), [(at(9), at(11))], "Orion is booked until 11:00."),
        (at(10), [(at(9), at(11)), (at(11), at(12))], "Orion is booked until 12:00."),
        (at(10), [(at(10, 15), at(11))], "Orion is booked from 10:15 to 11:00."),
        (at(14), [(at(13), at(15))], "Orion is booked until 15:00."),
        (at(14, day=1), [(at(14, 10, day=1), at(15, day=1))], "Orion is booked from 2026-11-24 14:10 to 2026-11-24"),
    ],
)
async def test_a_taken_room_says_until_when(
    tenant: Tenant,
    set_up: SetUp,
    perform: Perform,
    orion: Room,
    start: Any,
    booked: list[tuple[Any, Any]],
    expected: str,
) -> None:
    for period in booked:
        tenant.book(orion.room_id, *period)
    await set_up(orion, book=True)

    assert (await refusal(perform, room_id=orion.room_id, start=start.isoformat())).startswith(expected)


async def test_a_taken_room_says_what_an_extension_would_overlap(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(11, 10), at(12))
    await set_up(orion, book=True)

    said = await refusal(perform, "extend_booking", room_id=orion.room_id)

    assert said == "Orion is booked from 11:10 to 12:00."


async def test_without_a_current_state_a_taken_room_is_only_taken(
    tenant: Tenant, hass: HomeAssistant, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    error = RefusedError(Refusal.TAKEN, wish=Span(at(11), at(12)))

    explanation = async_explain(hass, entry.runtime_data, orion.room_id, error)

    assert (explanation.taken, explanation.other) == (None, None)
    assert text_of_refusal(explanation)[0] == "refusal_taken"


async def test_a_room_out_of_service_says_until_when(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), at(18), "Renovation")
    tenant.disable_room(vega.room_id, at(9), None, "Closed")
    await set_up(orion, vega, book=True)

    assert await refusal(perform, room_id=orion.room_id) == "Orion is out of service until 18:00."
    assert await refusal(perform, room_id=vega.room_id) == "The room is out of service at that time."


# The nearest room


async def test_the_nearest_free_room_is_named_with_its_place_if_it_is_elsewhere(
    tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    third = tenant.levels[orion.level_id]
    tower = tenant.levels[third.parent_id]
    small = tenant.add_room("Small", level=third, capacity=4)
    large = tenant.add_room("Large", level=third, capacity=12)
    below = tenant.add_room("Below", level=tenant.add_level("2F", tower), capacity=8)
    away = tenant.add_room("Away", level=tenant.add_level("3F", tenant.add_level("Tower B")), capacity=8)
    tenant.book(orion.room_id, at(14), at(15))
    await set_up(orion, small, large, below, away, book=True)

    for other in ("Large", "Small", "Below (Tower A / 2F)", "Away (Tower B / 3F)"):
        said = await refusal(perform, room_id=orion.room_id, start=at(14).isoformat())
        assert said == f"Orion is booked until 15:00. {other} is free for all of that time."
        room = next(each for each in (small, large, below, away) if each.name == other.partition(" (")[0])
        tenant.book(room.room_id, at(14), at(14, 5))
        await clock.forward(minutes=10)
    assert await refusal(perform, room_id=orion.room_id, start=at(14).isoformat()) == "Orion is booked until 15:00."


async def test_no_call_is_made_to_name_another_room(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(10), at(11))
    entry = await set_up(orion, vega, book=True)
    tenant.requests.clear()

    error = RefusedError(Refusal.DECLINED, wish=Span(at(10), at(10, 30)))
    explanation = async_explain(hass, entry.runtime_data, orion.room_id, error)

    assert explanation.other
    assert (explanation.other.room.name, explanation.other.is_same_floor) == ("Vega", False)
    assert explanation.other.room.entity_id == busy_id(hass, vega)
    assert text_of_refusal(explanation) == ("refusal_declined", {"room": "Orion"})
    assert tenant.requests == []


@pytest.mark.parametrize(
    ("wish", "options"),
    [
        (Span(at(10), at(15)), {}),  # too long for this account
        (Span(at(8), at(9)), {}),  # over
        (Span(at(10), at(11)), {"book": False, "release": True}),  # nothing can be booked
        (None, {}),
    ],
    ids=["too long", "over", "not bookable", "no booking"],
)
async def test_no_room_is_named_that_could_not_be_booked(
    hass: HomeAssistant, set_up: SetUp, orion: Room, vega: Room, wish: Span | None, options: dict[str, bool]
) -> None:
    entry = await set_up(orion, vega, **({"book": True} | options))

    error = RefusedError(Refusal.TAKEN, wish=wish)

    assert async_explain(hass, entry.runtime_data, orion.room_id, error).other is None


async def test_only_rooms_that_the_user_may_see_are_named(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(10), at(11))
    await set_up(orion, vega, book=True)
    boss, guest = MockUser(is_owner=True).add_to_hass(hass), MockUser().add_to_hass(hass)
    guest.mock_policy({"entities": {"entity_ids": {busy_id(hass, orion): True}}})

    async def said_to(user: MockUser) -> str:
        return await refusal(perform, room_id=orion.room_id, context=Context(user_id=user.id))

    assert await said_to(boss) == "Orion is booked until 11:00. Vega is free for all of that time."
    assert await said_to(guest) == "Orion is booked until 11:00."
    guest.mock_policy({"entities": {"entity_ids": {busy_id(hass, each): True for each in (orion, vega)}}})
    assert await said_to(guest) == "Orion is booked until 11:00. Vega is free for all of that time."
