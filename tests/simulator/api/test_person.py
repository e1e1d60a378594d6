"""Calls with the token of a person: what they may call, their own calendar, rooms that need an approval."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from simulator import BookingRules, Room, Tenant, User
from simulator.consents import USER_SCOPES
from simulator.push.messages import TOKEN_REVOKED
from tests.simulator.client import FREEBUSY, Client, Json, Reply
from tests.simulator.conftest import Clock

PRIMARY, EVENTS = "calendar/v4/calendars/primary", "calendar/v4/calendars/primary/events"
SEARCH, BATCH = "vc/v1/rooms/search", "meeting_room/freebusy/batch_get"
START, END = datetime(2026, 11, 23, 3, tzinfo=UTC), datetime(2026, 11, 23, 4, tzinfo=UTC)


class Person:
    """Calls with the access token of a person."""

    def __init__(self, client: Client, tenant: Tenant, user: User) -> None:
        self.client, self.tenant, self.user = client, tenant, user
        self.link()

    def link(self, *scopes: str) -> None:
        """Get a new token."""
        consents, redirect = self.tenant.consents, "https://example.com/x"
        code = consents.new_code(self.user.open_id, scopes or USER_SCOPES, redirect, "", "")
        self.token = str(consents.exchange(code, redirect, None, checks_pkce=True)["access_token"])

    async def call(self, method: str, path: str, body: Json = None, **query: Json) -> Reply:
        return await self.client.call(method, path, body, f"Bearer {self.token}", **query)

    async def event(self) -> str:
        """Create an event and return its id."""
        times = {
            name: {"timestamp": str(int(moment.timestamp()))} for name, moment in zip(TIMES, (START, END), strict=True)
        }
        event_id: str = (await self.call("POST", EVENTS, {"summary": "Visit", **times})).data["event"]["event_id"]
        return event_id

    async def invite(self, event_id: str, room: Room, **more: Json) -> Reply:
        body = {"attendees": [{"type": "resource", "room_id": room.room_id, **more}]}
        return await self.call("POST", f"{EVENTS}/{event_id}/attendees", body)

    async def verdict(self, event_id: str) -> str:
        (item,) = (await self.call("GET", f"{EVENTS}/{event_id}/attendees")).data["items"]
        rsvp: str = item["rsvp_status"]
        return rsvp


TIMES = ("start_time", "end_time")


@pytest.fixture
def person(client: Client, tenant: Tenant, user: User) -> Person:
    tenant.bot_enabled = False  # a person needs no bot
    return Person(client, tenant, user)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "vc/v1/rooms"),
        ("GET", "vc/v1/rooms/omm_1"),
        ("POST", "vc/v1/rooms/mget"),
        ("GET", "vc/v1/room_levels"),
        ("POST", "meeting_room/instance/reply"),
        ("POST", "meeting_room/summary/batch_get"),
        ("GET", "bot/v3/info"),
        ("GET", "application/v6/scopes"),
    ],
)
async def test_calls_that_are_only_for_the_app(person: Person, method: str, path: str) -> None:
    assert (await person.call(method, path)).outcome == (400, 99991668)


async def test_rooms_are_searched_only_by_a_person(person: Person, client: Client, room: Room, tenant: Tenant) -> None:
    other = tenant.add_room("Vega")
    assert (await client.call("POST", SEARCH, {})).outcome == (400, 99991663)
    found = (await person.call("POST", SEARCH, {})).data
    assert [each["room_id"] for each in found["rooms"]] == [room.room_id, other.room_id]
    await client.control("rooms/rules", room_id=room.room_id, people=["ou_other"])
    await client.control("rooms/rules", room_id=other.room_id, people=[person.user.open_id], allowed=False)
    found = (await person.call("POST", SEARCH, {"keyword": "Veg"})).data
    assert [each["room_id"] for each in found["rooms"]] == [other.room_id]
    assert (await person.call("POST", SEARCH, {"custom_room_ids": ["x"]})).data["rooms"] == []


async def test_the_search_has_pages(person: Person, tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(12)]
    first = (await person.call("POST", SEARCH, {})).data
    second = (await person.call("POST", SEARCH, {"page_token": first["page_token"]})).data
    assert (len(first["rooms"]), first["has_more"], second["has_more"]) == (10, True, False)
    assert [each["room_id"] for each in (*first["rooms"], *second["rooms"])] == [room.room_id for room in rooms]


@pytest.mark.parametrize(
    "body", [{"page_size": 0}, {"page_size": "10"}, {"page_token": "x"}, {"keyword": 7}, {"custom_room_ids": "x"}]
)
async def test_a_malformed_search(person: Person, body: Json) -> None:
    assert (await person.call("POST", SEARCH, body)).outcome == (400, 121003)


async def test_a_person_is_refused_without_a_good_token(person: Person, clock: Clock, client: Client) -> None:
    assert (await person.call("POST", PRIMARY)).outcome == (200, 0)
    clock.advance(hours=2)
    assert (await person.call("POST", PRIMARY)).outcome == (400, 99991677)
    person.link()
    await client.control("consents/revoke", open_id=person.user.open_id)
    assert (await person.call("POST", PRIMARY)).outcome == (400, 99991668)
    person.token = "eyJnobody"
    assert (await person.call("POST", PRIMARY)).outcome == (400, 99991668)


async def test_a_scope_must_be_granted_by_the_person(person: Person, tenant: Tenant) -> None:
    tenant.consents.chains.clear()
    person.link("vc:room:readonly")
    reply = await person.call("POST", PRIMARY)
    assert reply.outcome == (400, 99991679)
    violation = reply.body["error"]["permission_violations"][0]
    assert violation == {"type": "action_privilege_required", "subject": "calendar:calendar:read"}
    tenant.consents.user_scopes.clear()
    assert (await person.call("POST", PRIMARY)).outcome == (400, 99991672)
    assert (await person.call("GET", BATCH, room_ids="omm_1")).outcome == (400, 99991672)


async def test_a_person_has_their_own_calendar(person: Person, client: Client, room: Room, tenant: Tenant) -> None:
    tenant.bot_enabled = True
    tenant.grant(*USER_SCOPES)
    (mine,) = (await person.call("POST", PRIMARY)).data["calendars"]
    (apps,) = (await client.call("POST", PRIMARY)).data["calendars"]
    assert mine["user_id"] == person.user.open_id
    assert mine["calendar"]["summary"] == "Chen Wei"
    calendar_id = mine["calendar"]["calendar_id"]
    assert (await person.call("GET", f"calendar/v4/calendars/{calendar_id}")).data["role"] == "owner"
    event_id = await person.event()
    event = (await person.call("GET", f"calendar/v4/calendars/{calendar_id}/events/{event_id}")).data["event"]
    assert event["organizer_calendar_id"] == calendar_id
    # Neither sees the calendar of the other
    assert (await client.call("GET", f"{EVENTS}/{event_id}")).outcome == (404, 193001)
    assert (await client.call("GET", f"calendar/v4/calendars/{calendar_id}")).outcome == (403, 191002)
    other = f"calendar/v4/calendars/{apps['calendar']['calendar_id']}"
    assert (await person.call("GET", other)).outcome == (403, 191002)
    assert (await person.call("GET", "calendar/v4/calendars/x@group.calendar.feishu.cn")).outcome == (404, 191000)


async def test_a_booking_of_a_person_names_them_and_is_in_their_calendar(
    person: Person, client: Client, room: Room, tenant: Tenant, clock: Clock
) -> None:
    event_id = await person.event()
    assert (await person.invite(event_id, room)).outcome == (200, 0)
    clock.advance(seconds=2)
    assert await person.verdict(event_id) == "accept"

    window = {"time_min": START.isoformat(), "time_max": END.isoformat()}
    rows = (await client.get(BATCH, room_ids=room.room_id, **window)).data["free_busy"][room.room_id]
    assert [row["organizer_info"] for row in rows] == [{"open_id": "ou_chen", "name": "Chen Wei"}]
    busy = (await person.call("POST", FREEBUSY, {"user_id": "ou_chen", **window})).data["freebusy_list"]
    assert len(busy) == 1
    times = {
        name: {"timestamp": str(int((moment + timedelta(hours=1)).timestamp()))}
        for name, moment in zip(TIMES, (START, END), strict=True)
    }
    await person.call("PATCH", f"{EVENTS}/{event_id}", times)
    (own,) = tenant.calendars.of("ou_chen")
    assert own.start == START + timedelta(hours=1)
    await person.call("DELETE", f"{EVENTS}/{event_id}", user_id_type="user_id")
    assert tenant.bookings == {}


async def test_a_person_must_be_allowed_and_needs_no_contact(
    person: Person, client: Client, room: Room, tenant: Tenant, clock: Clock
) -> None:
    tenant.variants.room_contact = "190014"
    await client.control("rooms/rules", room_id=room.room_id, people=["ou_other"], approval=True)
    event_id = await person.event()
    assert (await person.invite(event_id, room, approval_reason="A visit")).outcome == (200, 0)
    clock.advance(seconds=2)
    assert await person.verdict(event_id) == "decline"


# --- Approval ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def approved(room: Room, tenant: Tenant) -> Room:
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    return room


@pytest.mark.parametrize("approve", [True, False])
async def test_an_administrator_decides_by_hand(
    person: Person, client: Client, approved: Room, clock: Clock, approve: bool
) -> None:
    event_id = await person.event()
    assert (await person.invite(event_id, approved, approval_reason="A visit")).outcome == (200, 0)
    clock.advance(hours=0.5)
    assert await person.verdict(event_id) == "needs_action"
    await client.control("rooms/decide", room_id=approved.room_id, approve=approve)
    assert await person.verdict(event_id) == ("accept" if approve else "decline")


@pytest.mark.parametrize("verdict", ["accept", "decline"])
async def test_an_administrator_decides_after_a_while(
    person: Person, client: Client, approved: Room, clock: Clock, verdict: str
) -> None:
    await client.control("agenda", approval_delay=300.0, approval_verdict=verdict)
    event_id = await person.event()
    await person.invite(event_id, approved, approval_reason="A visit")
    clock.advance(seconds=299)
    assert await person.verdict(event_id) == "needs_action"
    clock.advance(seconds=2)
    assert await person.verdict(event_id) == verdict


async def test_an_approved_room_that_was_taken_meanwhile_declines(
    person: Person, client: Client, approved: Room, tenant: Tenant
) -> None:
    event_id = await person.event()
    await person.invite(event_id, approved, approval_reason="A visit")
    tenant.book(approved.room_id, START, END)
    await client.control("rooms/decide", room_id=approved.room_id, approve=True)
    assert await person.verdict(event_id) == "decline"


async def test_a_room_with_approval_needs_a_reason(
    person: Person, approved: Room, tenant: Tenant, clock: Clock
) -> None:
    event_id = await person.event()
    for more in ({}, {"approval_reason": ""}, {"approval_reason": "x" * 201}, {"approval_reason": 7}):
        reply = await person.invite(event_id, approved, **more)
        assert reply.outcome == (400, 190014)
        assert reply.body["error"]["details"][0]["key"] == "approval_reason"
    tenant.variants.reason_missing = "decline"
    assert (await person.invite(event_id, approved)).outcome == (200, 0)
    clock.advance(seconds=2)
    assert await person.verdict(event_id) == "decline"


async def test_the_app_cannot_give_a_reason(client: Client, approved: Room, tenant: Tenant, user: User) -> None:
    tenant.grant(*USER_SCOPES)
    person = Person(client, tenant, user)
    person.token = (await client.ask_token()).body["tenant_access_token"]
    event_id = await person.event()
    assert (await person.invite(event_id, approved, approval_reason="A visit")).outcome == (400, 190014)


async def test_the_log_names_the_person(person: Person, client: Client, tenant: Tenant) -> None:
    tenant.bot_enabled = True
    tenant.grant("calendar:calendar:read")
    await person.call("POST", PRIMARY)
    await client.call("POST", PRIMARY)
    assert [call.person for call in tenant.calls(PRIMARY)] == ["ou_chen", ""]


# --- Revocation -------------------------------------------------------------------------------------------------------


async def test_a_revocation_is_pushed(person: Person, tenant: Tenant) -> None:
    push = tenant.push
    push.subscribed.add(TOKEN_REVOKED)
    push.opened, push._loop = 1, asyncio.get_running_loop()
    tenant.consents.revoke_person(person.user.open_id)
    assert push.deliveries == []  # without the scope
    tenant.grant("auth:user_access_token:read")
    tenant.consents.revoke_person(person.user.open_id, "revoked by administrator")
    (delivery,) = push.deliveries
    assert delivery.event_type == TOKEN_REVOKED
    assert b'"open_id":"ou_chen","union_id":"on_chen"' in delivery.content
    tenant.variants.event_on_revoke = "none"
    tenant.consents.revoke_person(person.user.open_id)
    assert len(push.deliveries) == 1
    push.stop()
