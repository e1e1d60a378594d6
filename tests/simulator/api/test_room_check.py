"""The check whether rooms would accept a time."""

from datetime import time, timedelta

import pytest

from simulator import BookingRules, Room, Tenant
from tests.simulator.client import Client, Json
from tests.simulator.conftest import Clock

PATH = "calendar/v4/freebusy/room_availability_check"
SPAN = {"start_time": "2026-11-23T11:00:00+08:00", "end_time": "2026-11-23T12:00:00+08:00"}
HOUR = timedelta(hours=1)


async def check(client: Client, room: Room, **changes: Json) -> Json:
    """Return the row of a room."""
    body = {"calendar_id": "primary", "room_ids": [room.room_id], **SPAN, **changes}
    (row,) = (await client.call("POST", PATH, body)).data["room_availabilitys"]
    return row


async def test_a_free_room_is_available(client: Client, room: Room) -> None:
    row = await check(client, room)

    assert (row["room_id"], row["room_name"], row["status"]) == (room.room_id, "Orion", "available")
    assert row["room_approval_info"] == {"approval_mode": "none"}


@pytest.mark.parametrize(
    ("rules", "reason", "strategy"),
    [
        (BookingRules(opens=time(12)), "not_in_usable_time", {"daily_start_time": "43200"}),
        (BookingRules(closes=time(11, 30)), "not_in_usable_time", {"daily_end_time": "41400"}),
        (BookingRules(max_duration=HOUR / 2), "over_max_duration", {"single_max_duration": "1800"}),
        (
            BookingRules(days_ahead=0),
            "beyond_advance_booking_window",
            {"max_advance_booking_time": "2026-11-23T02:00:00+00:00"},
        ),
    ],
)
async def test_a_rule_is_named(
    client: Client, tenant: Tenant, room: Room, rules: BookingRules, reason: str, strategy: Json
) -> None:
    tenant.agenda.rules[room.room_id] = rules

    row = await check(client, room)

    assert (row["status"], row["unavailable_reason_type"]) == ("unavailable", reason)
    assert row["room_strategy"] == {**strategy, "timezone": "Asia/Shanghai"}


async def test_other_reasons(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    booking = tenant.book(room.room_id, clock.now, clock.now + 3 * HOUR)
    assert (await check(client, room))["unavailable_reason_type"] == "reserved_by_other_event"
    tenant.cancel(booking.booking_id)
    tenant.disable_room(room.room_id, clock.now, None)
    assert (await check(client, room))["unavailable_reason_type"] == "during_requisition"
    clock.advance(hours=2)
    client.token = ""  # the old one has expired
    assert (await check(client, room))["unavailable_reason_type"] == "past_time"


async def test_approval_is_named(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)

    row = await check(client, room)

    assert (row["status"], row["room_approval_info"]) == ("need_approval", {"approval_mode": "all"})


async def test_it_may_be_missing_or_require_an_event(client: Client, tenant: Tenant, room: Room) -> None:
    body = {"calendar_id": "primary", "room_ids": [room.room_id], **SPAN}
    tenant.variants.room_check_without_event = "190014"
    assert (await client.call("POST", PATH, body)).outcome == (400, 190014)
    assert (await check(client, room, event_id="some_0"))["status"] == "available"
    tenant.variants.room_check = "190014"
    assert (await client.call("POST", PATH, {**body, "event_id": "some_0"})).outcome == (400, 190014)
    tenant.variants.room_check = "404"
    assert (await client.call("POST", PATH, body)).status == 404


@pytest.mark.parametrize(
    "changes",
    [{"start_time": "11:00"}, {"start_time": 5}, {"end_time": SPAN["start_time"]}, {"room_ids": []}, {"event_id": 5}],
    ids=str,
)
async def test_invalid_requests(client: Client, room: Room, changes: Json) -> None:
    body = {"calendar_id": "primary", "room_ids": [room.room_id], **SPAN, **changes}
    assert (await client.call("POST", PATH, body)).outcome == (400, 190014)


async def test_it_needs_the_scope_of_free_busy(client: Client, tenant: Tenant) -> None:
    tenant.revoke("calendar:calendar.free_busy:read")
    assert (await client.call("POST", PATH, {})).outcome == (400, 99991672)
