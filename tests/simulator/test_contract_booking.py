"""Feishu's SDK books a room of the simulator, reads the reply, changes and deletes the event, and ends it early."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import json
from uuid import uuid4
from zlib import crc32

import lark_oapi as lark
from lark_oapi.api.calendar.v4 import (
    CalendarEvent,
    CalendarEventAttendee,
    CreateCalendarEventAttendeeRequest,
    CreateCalendarEventAttendeeRequestBody,
    CreateCalendarEventRequest,
    DeleteCalendarEventRequest,
    GetCalendarEventRequest,
    ListCalendarEventAttendeeRequest,
    PatchCalendarEventRequest,
    PrimaryCalendarRequest,
    TimeInfo,
    Vchat,
)
import pytest

from simulator import BookingRules, Room, Simulator, Tenant, User
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES
from tests.simulator.conftest import Clock

HOUR = timedelta(hours=1)
START = datetime.fromisoformat("2026-11-23T11:00:00+08:00")


@pytest.fixture
def tenant(clock: Clock, request: pytest.FixtureRequest) -> Tenant:
    """Return a separate tenant for each test: the SDK caches tokens by app id for the whole process."""
    app_id = f"cli_{crc32(request.node.name.encode()):016x}"
    tenant = Tenant(app_id=app_id, clock=clock, monotonic=clock.monotonic)
    tenant.grant(*BOOKING_SCOPES, *TITLE_SCOPES)
    return tenant


class Desk:
    """Books by the SDK. Its calls block, so each runs in a thread."""

    def __init__(self, sdk: lark.Client, calendar_id: str = "") -> None:
        self.sdk = sdk
        self.calendar_id = calendar_id

    async def ask[T](self, call: Callable[[], T]) -> T:
        """Make one call."""
        return await asyncio.to_thread(call)

    async def open(self) -> None:
        """Find the app's calendar."""
        request = PrimaryCalendarRequest.builder().user_id_type("open_id").build()
        response = await self.ask(lambda: self.sdk.calendar.v4.calendar.primary(request))
        assert response.success(), response.msg
        self.calendar_id = response.data.calendars[0].calendar.calendar_id

    async def create(self, key: str, start: datetime = START, end: datetime = START + HOUR) -> lark.RawResponse:
        """Create an event without a video meeting."""
        body = CalendarEvent.builder().summary("Retro").start_time(time_of(start)).end_time(time_of(end))
        body = body.vchat(Vchat.builder().vc_type("no_meeting").build()).need_notification(False)
        body = body.visibility("default").free_busy_status("busy").attendee_ability("none")
        builder = CreateCalendarEventRequest.builder().calendar_id(self.calendar_id).user_id_type("open_id")
        request = builder.idempotency_key(key).request_body(body.build()).build()
        return await self.ask(lambda: self.sdk.calendar.v4.calendar_event.create(request))

    async def event_id(self) -> str:
        """Create an event and return its id."""
        response = await self.create(uuid4().hex)
        assert response.success(), response.msg
        event_id: str = response.data.event.event_id
        return event_id

    async def invite(self, event_id: str, room: Room, contact: str) -> lark.RawResponse:
        """Invite a room."""
        attendee = CalendarEventAttendee.builder().type("resource").room_id(room.room_id).operate_id(contact).build()
        body = CreateCalendarEventAttendeeRequestBody.builder().attendees([attendee])
        body = body.need_notification(False).add_operator_to_attendee(False)
        builder = CreateCalendarEventAttendeeRequest.builder().calendar_id(self.calendar_id).event_id(event_id)
        request = builder.user_id_type("open_id").request_body(body.build()).build()
        return await self.ask(lambda: self.sdk.calendar.v4.calendar_event_attendee.create(request))

    async def reply(self, event_id: str) -> tuple[str, str]:
        """Return the only room of an event and its reply."""
        builder = ListCalendarEventAttendeeRequest.builder().calendar_id(self.calendar_id).event_id(event_id)
        request = builder.user_id_type("open_id").page_size(20).build()
        response = await self.ask(lambda: self.sdk.calendar.v4.calendar_event_attendee.list(request))
        assert response.success(), response.msg
        (item,) = response.data.items
        return item.room_id, item.rsvp_status

    async def delete(self, event_id: str) -> lark.RawResponse:
        """Delete an event."""
        builder = DeleteCalendarEventRequest.builder().calendar_id(self.calendar_id).event_id(event_id)
        request = builder.need_notification("false").build()
        return await self.ask(lambda: self.sdk.calendar.v4.calendar_event.delete(request))

    async def post(self, path: str, body: object) -> tuple[int, object]:
        """Call an API that the SDK has no method for; return its code and data."""
        builder = lark.BaseRequest.builder().http_method(lark.HttpMethod.POST).uri(f"/open-apis/{path}")
        request = builder.token_types({lark.AccessTokenType.TENANT}).body(body).build()
        response = await self.ask(lambda: self.sdk.request(request))
        return response.code, json.loads(response.raw.content).get("data")


@pytest.fixture
async def desk(simulator: Simulator, tenant: Tenant) -> Desk:
    builder = lark.Client.builder().app_id(tenant.app_id).app_secret(tenant.app_secret)
    desk = Desk(builder.domain(simulator.base_url).log_level(lark.LogLevel.CRITICAL).build())
    await desk.open()
    return desk


def time_of(moment: datetime) -> TimeInfo:
    return TimeInfo.builder().timestamp(str(int(moment.timestamp()))).timezone("Asia/Shanghai").build()


async def test_a_room_is_booked_and_the_event_deleted(
    desk: Desk, tenant: Tenant, room: Room, user: User, clock: Clock
) -> None:
    event_id = await desk.event_id()
    invited = await desk.invite(event_id, room, user.open_id)
    assert invited.success(), invited.msg
    (attendee,) = invited.data.attendees
    assert (attendee.room_id, attendee.rsvp_status, attendee.operate_id) == (
        room.room_id,
        "needs_action",
        user.open_id,
    )
    clock.advance(seconds=2)
    assert await desk.reply(event_id) == (room.room_id, "accept")
    (booking,) = tenant.calendars.of(room.room_id)
    assert (f"{booking.event_uid}_0", booking.start, booking.end) == (event_id, START, START + HOUR)
    assert (await desk.delete(event_id)).success()
    assert tenant.calendars.of(room.room_id) == ()
    again = await desk.delete(event_id)
    assert (again.raw.status_code, again.code) == (403, 193003)


async def test_a_taken_room_declines(desk: Desk, tenant: Tenant, room: Room, user: User, clock: Clock) -> None:
    tenant.book(room.room_id, START, START + HOUR)
    event_id = await desk.event_id()
    await desk.invite(event_id, room, user.open_id)
    clock.advance(seconds=2)

    assert await desk.reply(event_id) == (room.room_id, "decline")


async def test_an_approval_room_and_an_unknown_contact_are_refused(
    desk: Desk, tenant: Tenant, room: Room, user: User
) -> None:
    event_id = await desk.event_id()
    assert (await desk.invite(event_id, room, "ou_gone")).code == 195100
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    refused = await desk.invite(event_id, room, user.open_id)

    assert (refused.raw.status_code, refused.code) == (400, 190014)
    assert "approval_reason" in refused.error["details"][0]["value"]


async def test_the_same_key_gives_the_same_event(desk: Desk) -> None:
    key = uuid4().hex
    first, again = [(await desk.create(key)).data.event.event_id for _ in range(2)]

    assert first == again


async def test_an_event_is_read_and_moved(desk: Desk, room: Room, user: User, clock: Clock) -> None:
    event_id = await desk.event_id()
    await desk.invite(event_id, room, user.open_id)
    clock.advance(seconds=2)
    end = time_of(START + 2 * HOUR)
    body = CalendarEvent.builder().start_time(time_of(START)).end_time(end).build()
    builder = PatchCalendarEventRequest.builder().calendar_id(desk.calendar_id).event_id(event_id)
    patched = await desk.ask(lambda: desk.sdk.calendar.v4.calendar_event.patch(builder.request_body(body).build()))
    assert patched.success(), patched.msg
    request = GetCalendarEventRequest.builder().calendar_id(desk.calendar_id).event_id(event_id).build()
    shown = await desk.ask(lambda: desk.sdk.calendar.v4.calendar_event.get(request))

    event = shown.data.event
    assert (event.summary, event.end_time.timestamp, event.recurrence) == ("Retro", end.timestamp, "")


async def test_a_booking_is_named_and_ended(desk: Desk, tenant: Tenant, room: Room, user: User, clock: Clock) -> None:
    event_id = await desk.event_id()
    await desk.invite(event_id, room, user.open_id)
    clock.advance(seconds=2)
    named = {"uid": event_id.removesuffix("_0"), "original_time": 0}
    code, data = await desk.post("meeting_room/summary/batch_get", {"EventUids": [named]})
    assert code == 0
    chat = {"vc_type": "no_meeting", "icon_type": "default", "description": "", "meeting_url": ""}
    assert data == {"EventInfos": [{**named, "summary": "Retro", "vchat": chat}], "ErrorEventUids": []}
    ended = {"room_id": room.room_id, **named, "status": "ENDED_BEFORE_DUE"}
    assert await desk.post("meeting_room/instance/reply", ended) == (0, None)
    clock.advance(seconds=2)
    assert await desk.reply(event_id) == (room.room_id, "removed")
    assert tenant.calendars.of(room.room_id) == ()


async def test_a_missing_scope_is_named(desk: Desk, tenant: Tenant) -> None:
    tenant.revoke("calendar:calendar.event:create")

    refused = await desk.create(uuid4().hex)

    assert refused.code == 99991672
    assert "calendar:calendar.event:create" in [row["subject"] for row in refused.error["permission_violations"]]
