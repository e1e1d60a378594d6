"""The app's calendar: events, invited rooms and their replies."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest

from simulator import BookingRules, Room, Tenant, User
from simulator.tenant import BOOKING_SCOPES
from tests.simulator.client import DAY, Client, Json, Reply
from tests.simulator.conftest import Clock

HOUR = timedelta(hours=1)
NO_CHAT = {"vc_type": "no_meeting"}
PRIMARY = "calendar/v4/calendars/primary"
BATCH = "meeting_room/freebusy/batch_get"


def at(hour: float) -> datetime:
    """Return an hour of 2026-11-23 in Shanghai. The tests start at 10."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + hour * HOUR


def stamp(hour: float) -> dict[str, str]:
    return {"timestamp": str(int(at(hour).timestamp())), "timezone": "Asia/Shanghai"}


def body(start: float = 11, end: float = 12, **changes: Json) -> Json:
    return {"summary": "Retro", "start_time": stamp(start), "end_time": stamp(end), "vchat": NO_CHAT, **changes}


@pytest.fixture(autouse=True)
def granted(tenant: Tenant) -> None:
    tenant.grant(*BOOKING_SCOPES)


async def events(client: Client) -> str:
    """Return the path of the events of the app's primary calendar."""
    calendar: Json = (await client.call("POST", PRIMARY)).data["calendars"][0]
    return f"calendar/v4/calendars/{calendar['calendar']['calendar_id']}/events"


async def create(client: Client, start: float = 11, end: float = 12, **query: Json) -> str:
    """Create an event and return its path."""
    path = await events(client)
    event = (await client.call("POST", path, body(start, end), **query)).data["event"]
    return f"{path}/{event['event_id']}"


async def invite(client: Client, event: str, room: Room, **changes: Json) -> Reply:
    attendee = {"type": "resource", "room_id": room.room_id, **changes}
    return await client.call("POST", f"{event}/attendees", {"attendees": [attendee]})


async def reply_of(client: Client, event: str) -> str:
    (item,) = (await client.get(f"{event}/attendees")).data["items"]
    word: str = item["rsvp_status"]
    return word


async def hours(client: Client, room: Room) -> list[tuple[str, str]]:
    """Return the rows of a room in the batch."""
    data = (await client.get(BATCH, room_ids=room.room_id, **DAY)).data
    rows = data["free_busy"].get(room.room_id, [])
    return [(row["start_time"][11:16], row["end_time"][11:16]) for row in rows]


async def test_a_room_is_booked(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    event = await create(client)

    (attendee,) = (await invite(client, event, room)).data["attendees"]

    assert (attendee["rsvp_status"], attendee["room_id"]) == ("needs_action", room.room_id)
    assert (await reply_of(client, event), await hours(client, room)) == ("needs_action", [])
    clock.advance(seconds=1.5)
    assert (await reply_of(client, event), await hours(client, room)) == ("accept", [("11:00", "12:00")])
    data = (await client.get(BATCH, room_ids=room.room_id, **DAY)).data
    (row,) = data["free_busy"][room.room_id]
    assert f"{row['uid']}_0" == event.rpartition("/")[2]
    assert (row["original_time"], row["organizer_info"]) == (0, {"open_id": tenant.bot_id})


async def test_a_request_is_pending_in_the_list(client: Client, tenant: Tenant, room: Room) -> None:
    await invite(client, await create(client), room)

    (row,) = await client.rows(room_id=room.room_id, need_rsvp_status=True)

    assert row["rsvp_status"] == "needs_action"
    tenant.variants.own_rows = "at_request"
    assert await hours(client, room) == [("11:00", "12:00")]


async def test_the_first_accepted_request_wins(client: Client, room: Room, clock: Clock) -> None:
    first, second = await create(client), await create(client, 11.5, 13)
    await invite(client, first, room)
    await invite(client, second, room)
    clock.advance(seconds=2)

    assert [await reply_of(client, event) for event in (first, second)] == ["accept", "decline"]
    assert await hours(client, room) == [("11:00", "12:00")]


async def test_the_reply_may_never_come(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.agenda.verdict_delay = None
    event = await create(client)
    await invite(client, event, room)
    clock.advance(minutes=30)

    assert await reply_of(client, event) == "needs_action"


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        (BookingRules(opens=time(11), closes=time(12)), "accept"),
        (BookingRules(closes=time(11, 30)), "decline"),
        (BookingRules(opens=time(11, 30)), "decline"),
        (BookingRules(max_duration=HOUR), "accept"),
        (BookingRules(max_duration=HOUR / 2), "decline"),
        (BookingRules(days_ahead=0), "decline"),
        (BookingRules(allowed=False), "decline"),
        (BookingRules(form=True), "decline"),
    ],
    ids=str,
)
async def test_rules_of_a_room(
    client: Client, tenant: Tenant, room: Room, clock: Clock, rules: BookingRules, word: str
) -> None:
    tenant.agenda.rules[room.room_id] = rules
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)

    assert await reply_of(client, event) == word


async def test_a_booking_form_can_be_answered(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.agenda.rules[room.room_id] = BookingRules(form=True)
    event = await create(client)
    await invite(client, event, room, resource_customization=[{"index_key": "1", "input_content": "Tea"}])
    clock.advance(seconds=2)

    assert await reply_of(client, event) == "accept"


async def test_an_approval_room_refuses_the_app(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    event = await create(client)

    reply = await invite(client, event, room)

    assert reply.outcome == (400, 190014)
    assert "approval_reason" in reply.body["error"]["details"][0]["value"]
    tenant.variants.approval = "needs_action"
    await invite(client, event, room)
    clock.advance(hours=1)
    assert await reply_of(client, event) == "needs_action"


async def test_an_approval_room_may_decline(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    tenant.variants.approval = "decline"
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)

    assert await reply_of(client, event) == "decline"


async def test_a_contact_may_be_required(client: Client, tenant: Tenant, room: Room, user: User, clock: Clock) -> None:
    event, other = await create(client), await create(client, 13, 14)
    tenant.variants.room_contact = "190014"
    assert (await invite(client, event, room)).outcome == (400, 190014)
    assert (await invite(client, event, room, operate_id="ou_gone")).outcome == (404, 195100)
    tenant.variants.room_contact = "declines"
    await invite(client, event, room)
    (attendee,) = (await invite(client, other, room, operate_id=user.open_id)).data["attendees"]
    clock.advance(seconds=2)

    assert attendee["operate_id"] == user.open_id
    assert [await reply_of(client, path) for path in (event, other)] == ["decline", "accept"]


async def test_the_same_key_gives_the_same_event(client: Client, tenant: Tenant) -> None:
    key = uuid4().hex

    first, again, other = [await create(client, idempotency_key=one) for one in (key, key, uuid4().hex)]

    assert first == again != other
    assert len(tenant.agenda.events) == 2


async def test_a_deleted_event_frees_the_room(client: Client, room: Room, clock: Clock) -> None:
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)
    assert (await client.call("DELETE", event, need_notification="false")).outcome == (200, 0)

    assert await hours(client, room) == []
    assert (await client.call("DELETE", event)).outcome == (403, 193003)
    assert (await client.get(event)).outcome == (403, 193003)


async def test_a_request_of_a_deleted_event_is_never_accepted(client: Client, room: Room, clock: Clock) -> None:
    event = await create(client)
    await invite(client, event, room)
    await client.call("DELETE", event)
    clock.advance(seconds=2)

    assert await hours(client, room) == []


async def test_an_event_and_its_rooms_are_read(client: Client, room: Room) -> None:
    event = await create(client)
    await invite(client, event, room)

    shown = (await client.get(event, need_attendee="true")).data["event"]

    assert (shown["summary"], shown["recurrence"], shown["start_time"]) == ("Retro", "", stamp(11))
    assert [attendee["room_id"] for attendee in shown["attendees"]] == [room.room_id]
    assert (await client.get(event.replace("_0", "_1795402800"))).outcome == (404, 193001)
    assert (await client.get(event.replace("_0", ""))).outcome == (400, 193000)


async def test_attendees_come_in_pages(client: Client, tenant: Tenant) -> None:
    event = await create(client)
    for number in range(12):
        await invite(client, event, tenant.add_room(f"Room {number}"))

    first = (await client.get(f"{event}/attendees", page_size="10")).data
    second = (await client.get(f"{event}/attendees", page_size="10", page_token=first["page_token"])).data

    assert (len(first["items"]), first["has_more"], len(second["items"]), second["has_more"]) == (10, True, 2, False)
    assert (await client.get(f"{event}/attendees", page_size="9")).outcome == (400, 190014)


async def test_a_room_is_taken_off_an_event(client: Client, room: Room, clock: Clock) -> None:
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)
    ids = {"delete_ids": [{"type": "resource", "room_id": room.room_id}], "need_notification": False}

    assert (await client.call("POST", f"{event}/attendees/batch_delete", ids)).outcome == (200, 0)

    assert (await reply_of(client, event), await hours(client, room)) == ("removed", [])


@pytest.mark.parametrize("cause", ["cancel", "release", "end", "disable"])
async def test_a_booking_that_somebody_else_removes_costs_the_event_its_room(
    client: Client, tenant: Tenant, room: Room, clock: Clock, cause: str
) -> None:
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)
    assert await reply_of(client, event) == "accept"
    (booking,) = tenant.calendars.of(room.room_id)
    if cause == "disable":
        tenant.disable_room(room.room_id, clock.now, None)
    else:
        getattr(tenant, cause)(booking.booking_id)

    assert await reply_of(client, event) == "removed"


async def test_an_administrator_approves_a_request_of_the_app(
    client: Client, tenant: Tenant, room: Room, clock: Clock
) -> None:
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    tenant.variants.approval = "needs_action"
    event = await create(client)
    await invite(client, event, room)
    uid = event.rpartition("/")[2].removesuffix("_0")
    approved = {"room_id": room.room_id, "uid": uid, "original_time": 0, "status": "ACCEPTED_BY_ADMIN"}
    assert (await client.call("POST", "meeting_room/instance/reply", approved)).outcome == (200, 0)
    clock.advance(seconds=2)

    assert (await reply_of(client, event), await hours(client, room)) == ("accept", [("11:00", "12:00")])


async def test_one_time_alone_moves_nothing(client: Client, room: Room, clock: Clock) -> None:
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)
    assert (await client.call("PATCH", event, {"end_time": stamp(13)})).outcome == (200, 0)
    assert await hours(client, room) == [("11:00", "12:00")]
    await client.call("PATCH", event, {"start_time": stamp(11), "end_time": stamp(13)})
    assert (await reply_of(client, event), await hours(client, room)) == ("accept", [("11:00", "13:00")])


async def test_a_moved_event_may_lose_its_room(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=2)
    tenant.book(room.room_id, at(12), at(13))
    longer = {"start_time": stamp(11), "end_time": stamp(13)}
    tenant.variants.patch_conflict = "190014"
    assert (await client.call("PATCH", event, longer)).outcome == (400, 190014)
    assert await hours(client, room) == [("11:00", "12:00"), ("12:00", "13:00")]
    tenant.variants.patch_conflict = "room_removed"
    assert (await client.call("PATCH", event, longer)).outcome == (200, 0)
    assert (await reply_of(client, event), await hours(client, room)) == ("removed", [("12:00", "13:00")])


@pytest.mark.parametrize(("variant", "word"), [("accepted", "accept"), ("room_removed", "removed")])
async def test_an_event_that_has_begun_is_moved(
    client: Client, tenant: Tenant, room: Room, clock: Clock, variant: str, word: str
) -> None:
    tenant.variants.update({"patch_past_start": variant})
    event = await create(client)
    await invite(client, event, room)
    clock.advance(hours=1.5)
    await client.call("PATCH", event, {"start_time": stamp(11), "end_time": stamp(13)})

    assert await reply_of(client, event) == word


async def test_a_shared_calendar_takes_events_if_the_app_may_write_in_it(client: Client, tenant: Tenant) -> None:
    own = (await events(client)).removesuffix("/events")
    assert {key: (await client.call("GET", own)).data[key] for key in ("type", "role")} == {
        "type": "primary",
        "role": "owner",
    }
    shared = "calendar/v4/calendars/shared"
    assert (await client.call("GET", shared)).outcome == (404, 191000)
    tenant.agenda.shared["shared"] = "reader"
    assert (await client.call("GET", shared)).data["role"] == "reader"
    assert (await client.call("POST", f"{shared}/events", body())).outcome == (403, 191002)
    tenant.agenda.shared["shared"] = "writer"
    made = await client.call("POST", f"{shared}/events", body())
    path = f"{shared}/events/{made.data['event']['event_id']}"
    assert (await client.call("DELETE", path)).outcome == (200, 0)


async def test_the_word_primary_may_be_refused(client: Client, tenant: Tenant) -> None:
    path = "calendar/v4/calendars/primary/events"
    assert (await client.call("POST", path, body())).outcome == (200, 0)
    tenant.variants.primary_as_id = "191001"
    assert (await client.call("POST", path, body())).outcome == (400, 191001)
    assert (await client.call("POST", path.replace("primary", "other"), body())).outcome == (404, 191000)


@pytest.mark.parametrize(
    "changes",
    [
        {"summary": "x" * 1001},
        {"end_time": stamp(11)},
        {"start_time": stamp(7), "end_time": stamp(8)},  # wholly past
        {"start_time": {"timestamp": int(at(11).timestamp())}},
        {"start_time": {"date": "2026-11-23"}},
        {"start_time": {**stamp(11), "timezone": "Mars"}},
        {"visibility": "secret"},
        {"vchat": {"vc_type": "phone"}},
        {"need_notification": "no"},
        {"recurrence": "FREQ=DAILY"},
    ],
    ids=str,
)
async def test_an_invalid_event_is_refused(client: Client, tenant: Tenant, changes: Json) -> None:
    assert (await client.call("POST", await events(client), body(**changes))).outcome == (400, 190014)
    assert tenant.agenda.events == {}


async def test_an_event_may_have_begun(client: Client) -> None:
    assert (await client.call("POST", await events(client), body(9, 10.5))).outcome == (200, 0)


async def test_a_key_has_32_to_128_characters(client: Client) -> None:
    path = await events(client)
    outcomes = [
        (await client.call("POST", path, body(), idempotency_key="k" * length)).outcome[0]
        for length in (31, 32, 128, 129)
    ]
    assert outcomes == [400, 200, 200, 400]


@pytest.mark.parametrize(
    "attendees",
    [
        [],
        None,
        [{}],
        [{"type": "user", "user_id": "ou_chen"}],
        [{"type": "resource", "room_id": "omm_none"}],
        ["omm_1"],
    ],
    ids=str,
)
async def test_invalid_attendees_are_refused(client: Client, attendees: Json) -> None:
    event = await create(client)
    assert (await client.call("POST", f"{event}/attendees", {"attendees": attendees})).outcome == (400, 190014)


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("calendar:calendar:read", "POST", PRIMARY),
        ("calendar:calendar.event:create", "POST", "{events}"),
        ("calendar:calendar.event:update", "POST", "{event}/attendees"),
        ("calendar:calendar.event:update", "PATCH", "{event}"),
        ("calendar:calendar.event:read", "GET", "{event}/attendees"),
        ("calendar:calendar.event:read", "GET", "{event}"),
        ("calendar:calendar.event:delete", "DELETE", "{event}"),
    ],
)
async def test_every_call_needs_its_scope_and_the_bot(
    client: Client, tenant: Tenant, scope: str, method: str, path: str
) -> None:
    event = await create(client)
    full = path.format(event=event, events=event.rpartition("/")[0])
    tenant.revoke(scope)
    assert (await client.call(method, full, {})).outcome == (400, 99991672)
    tenant.grant(scope)
    tenant.bot_enabled = False
    assert (await client.call(method, full, {})).outcome == (404, 190007)


async def test_the_room_replies_without_another_call(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.agenda.verdict_delay = 0.05
    event = await create(client)
    await invite(client, event, room)
    clock.advance(seconds=1)
    await asyncio.sleep(0.1)

    assert tenant.agenda.events[event.rpartition("/")[2]].guests[room.room_id].rsvp == "accept"
