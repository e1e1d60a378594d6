"""Booking and releasing rooms of the simulated tenant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    BotDisabledError,
    CalendarUnusableError,
    ContactUnknownError,
    EventGoneError,
    FeishuError,
    InstanceUnknownError,
    NotReachableError,
    RequestError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    SubjectError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.events import TO_BOOK, TO_RELEASE, TO_SHOW_TITLES, missing_scopes
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.feishu.models import (
    Event,
    EventRef,
    InstanceReply,
    RoomBooking,
    RoomCheck,
    RsvpStatus,
    Unavailable,
)
from simulator import BookingRules, Fault, Room, Tenant
from simulator.agenda import Role
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES
from tests.conftest import at

from .virtual import START, Virtual, now, on_virtual_time, run

HOUR = timedelta(hours=1)
KEY = "0123456789abcdef" * 2
TITLE = "Salary of Chen Wei"
CREATE, INVITE, REPLY = "primary/events", "/attendees", "instance/reply"
TITLES = "summary/batch_get"


@pytest.fixture
def tenant() -> Tenant:
    """Return a tenant whose app may book, release and read titles."""
    tenant = Tenant()
    tenant.grant(*BOOKING_SCOPES, *TITLE_SCOPES)
    return tenant


@pytest.fixture
def room(tenant: Tenant) -> Room:
    return tenant.add_room("Orion")


async def create(client: FeishuClient, key: str = KEY, **changes: Any) -> Event:
    """Create an event of an hour, an hour after the start of the test."""
    times = {"start": START + HOUR, "end": START + 2 * HOUR}
    how = {"title": TITLE, "time_zone": "Asia/Shanghai", "idempotency_key": key}
    return await client.events.create("primary", **{**how, **times, **changes})


async def booked(virtual: Virtual, room: Room) -> Event:
    """Book a room and wait for its reply."""
    event = await create(virtual.client)
    await virtual.client.events.add_room("primary", event.event_id, room.room_id)
    await asyncio.sleep(2)
    return event


async def bookings(client: FeishuClient, room: Room, days: int = 1) -> tuple[RoomBooking, ...]:
    return await client.events.bookings(room.room_id, time_min=START, time_max=START + timedelta(days=days))


def test_a_room_is_booked_confirmed_and_given_back(tenant: Tenant, room: Room) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        events = virtual.client.events
        calendar_id = await events.primary_calendar()
        assert calendar_id == tenant.agenda.calendar_id
        event = await create(virtual.client)
        assert (event.start, event.end, event.calendar_id) == (START + HOUR, START + 2 * HOUR, calendar_id)
        assert await events.verdict(calendar_id, event.event_id, room.room_id) is RsvpStatus.REMOVED
        await events.add_room(calendar_id, event.event_id, room.room_id)
        assert await events.verdict(calendar_id, event.event_id, room.room_id) is RsvpStatus.NEEDS_ACTION
        assert await bookings(virtual.client, room) == ()
        await asyncio.sleep(2)
        assert await events.verdict(calendar_id, event.event_id, room.room_id) is RsvpStatus.ACCEPT
        (row,) = await bookings(virtual.client, room)
        assert row == RoomBooking(event.start, event.end, event.uid, 0, has_organizer=True)
        assert await events.event(calendar_id, event.event_id) == event
        await events.delete(calendar_id, event.event_id)
        await events.delete(calendar_id, event.event_id)
        assert await bookings(virtual.client, room) == ()
        with pytest.raises(EventGoneError) as gone:
            await events.verdict(calendar_id, event.event_id, room.room_id)
        assert gone.value.was_deleted

    run(play())


@pytest.mark.parametrize(
    ("role", "expected"),
    [("owner", True), ("writer", True), ("reader", False), ("free_busy_reader", False), ("unknown", False)],
)
def test_the_role_tells_whether_the_app_may_write_in_a_calendar(tenant: Tenant, role: Role, *, expected: bool) -> None:
    tenant.agenda.shared["shared"] = role

    async def play() -> None:
        client = on_virtual_time(tenant).client
        events = client.events
        assert await events.may_write(await events.primary_calendar())
        assert await events.may_write("shared") is expected
        if expected:
            event = await events.create(
                "shared", title="", start=START, end=START + HOUR, time_zone="UTC", idempotency_key=KEY
            )
            await events.delete("shared", event.event_id)
        with pytest.raises(CalendarUnusableError):
            await events.may_write("other")
        tenant.inject(
            Fault.body(200, {"code": 0, "data": {"calendar_id": "shared", "role": "owner", "is_deleted": True}})
        )
        assert not await events.may_write("shared")
        tenant.inject(Fault.body(200, {"code": 0, "data": {"role": "owner"}}))
        with pytest.raises(UnreadableAnswerError):
            await events.may_write("shared")

    run(play())


def test_the_requests_are_as_documented(tenant: Tenant, room: Room) -> None:
    person = tenant.add_user("Chen Wei")

    async def play() -> None:
        client = on_virtual_time(tenant).client
        event = await create(client)
        await client.events.add_room("primary", event.event_id, room.room_id, contact=person.open_id)
        await client.events.delete("primary", event.event_id)

    run(play())
    (created,) = tenant.calls(CREATE)
    assert created.query == {"user_id_type": "open_id", "idempotency_key": KEY}
    assert created.body == {
        "summary": TITLE,
        "start_time": {"timestamp": "1795395600", "timezone": "Asia/Shanghai"},
        "end_time": {"timestamp": "1795399200", "timezone": "Asia/Shanghai"},
        "vchat": {"vc_type": "no_meeting"},
        "visibility": "default",
        "free_busy_status": "busy",
        "attendee_ability": "none",
        "need_notification": False,
    }
    (invited,) = tenant.calls(INVITE)
    assert invited.body == {
        "attendees": [{"type": "resource", "room_id": room.room_id, "operate_id": person.open_id}],
        "need_notification": False,
        "add_operator_to_attendee": False,
    }
    assert tenant.requests[-1].method == "DELETE"
    assert tenant.requests[-1].query == {"need_notification": "false"}


def test_a_lost_answer_creates_no_second_event(tenant: Tenant) -> None:
    async def play() -> None:
        client = on_virtual_time(tenant).client
        first = await create(client)
        tenant.inject(Fault.close(), CREATE)  # the request is sent again
        assert await create(client) == first

    run(play())
    assert len(tenant.agenda.events) == 1


@pytest.mark.parametrize(
    "fault", [Fault.close(), Fault.html(502), Fault.status(500, 190003)], ids=lambda fault: fault.name
)
def test_a_reply_is_never_sent_again_when_it_may_have_worked(tenant: Tenant, room: Room, fault: Fault) -> None:
    async def play() -> None:
        client = on_virtual_time(tenant).client
        tenant.inject(fault, REPLY, times=None)
        with pytest.raises((NotReachableError, ServerError)):
            await client.events.reply(room.room_id, EventRef("a"), InstanceReply.NOT_CHECK_IN)

    run(play())
    assert len(tenant.calls(REPLY)) == 1


def test_a_reply_that_came_too_fast_is_sent_again(tenant: Tenant, room: Room) -> None:
    booking = tenant.book(room.room_id, START, START + HOUR)
    tenant.inject(Fault.rate_limited(), REPLY)

    async def play() -> None:
        client = on_virtual_time(tenant).client
        await client.events.reply(room.room_id, EventRef(booking.event_uid), InstanceReply.ENDED_BEFORE_DUE)
        await asyncio.sleep(2)
        assert await bookings(client, room) == ()

    run(play())
    assert len(tenant.calls(REPLY)) == 2


def test_a_reply_needs_the_right_original_time(tenant: Tenant, room: Room) -> None:
    for day in range(3):
        tenant.book(room.room_id, at(9, day=day), at(10, day=day), series="daily")

    async def play() -> None:
        client = on_virtual_time(tenant).client
        with pytest.raises(InstanceUnknownError):
            await client.events.reply(room.room_id, EventRef("daily", 5), InstanceReply.NOT_CHECK_IN)
        start = int(at(9, day=1).timestamp())
        await client.events.reply(room.room_id, EventRef("daily", start), InstanceReply.NOT_CHECK_IN)
        await asyncio.sleep(2)
        assert [row.start for row in await bookings(client, room, days=4)] == [at(9), at(9, day=2)]

    run(play())


def test_the_app_makes_one_write_a_second(tenant: Tenant, room: Room) -> None:
    async def play() -> list[float]:
        virtual = on_virtual_time(tenant)
        await virtual.client.events.primary_calendar()  # gets the token
        started = now()
        await asyncio.gather(
            *(create(virtual.client, key=f"{number:032}") for number in range(3)), bookings(virtual.client, room)
        )
        assert virtual.sent("batch_get") == [started]
        return [sent - started for sent in virtual.sent(CREATE)]

    assert run(play()) == [0, 1, 2]


def test_the_calls_have_their_payers(tenant: Tenant, room: Room) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        await booked(virtual, room)
        (row,) = await bookings(virtual.client, room)
        await virtual.client.events.titles([EventRef(row.uid)])
        assert virtual.client.traffic.paid == {Payer.BOOKINGS: 3, Payer.TITLES: 1}

    run(play())


@pytest.mark.parametrize(
    ("scope", "missing"),
    [
        ("calendar:calendar:read", "primary_calendar"),
        ("calendar:calendar:read", "may_write"),
        ("calendar:calendar.event:create", "create"),
        ("calendar:calendar.event:update", "add_room"),
        ("calendar:calendar.event:read", "verdict"),
        ("calendar:calendar.event:delete", "delete"),
        ("calendar:room:readonly", "reply"),
        ("calendar:room", "titles"),
    ],
)
def test_a_missing_scope_is_named(tenant: Tenant, room: Room, scope: str, missing: str) -> None:
    async def play() -> None:
        client = on_virtual_time(tenant).client
        events, event = client.events, await create(client)
        tenant.revoke(scope)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "primary_calendar": events.primary_calendar,
            "may_write": lambda: events.may_write("primary"),
            "create": lambda: create(client),
            "add_room": lambda: events.add_room("primary", event.event_id, room.room_id),
            "verdict": lambda: events.verdict("primary", event.event_id, room.room_id),
            "delete": lambda: events.delete("primary", event.event_id),
            "reply": lambda: events.reply(room.room_id, EventRef("a"), InstanceReply.NOT_CHECK_IN),
            "titles": lambda: events.titles([EventRef("a")]),
        }
        with pytest.raises(ScopeMissingError) as refused:
            await calls[missing]()
        assert scope in refused.value.scopes

    run(play())


@pytest.mark.parametrize(
    ("needed", "granted", "missing"),
    [
        (TO_BOOK, [*BOOKING_SCOPES, "calendar:room:readonly"], ()),
        (TO_BOOK, ["calendar:calendar", "calendar:calendar:readonly", "calendar:room:readonly"], ()),
        (TO_BOOK, ["calendar:calendar"], ("calendar:calendar:read", "calendar:room:readonly")),
        (TO_BOOK, [], (*BOOKING_SCOPES, "calendar:room:readonly")),
        (TO_RELEASE, [], ("calendar:room:readonly",)),
        (TO_SHOW_TITLES, ["calendar:room:readonly"], ("calendar:room",)),
    ],
)
def test_the_narrowest_missing_scopes(
    needed: tuple[tuple[str, ...], ...], granted: list[str], missing: tuple[str, ...]
) -> None:
    assert missing_scopes(needed, granted) == missing


def failure(tenant: Tenant, room: Room, *, contact: str = "", calendar_id: str = "primary") -> FeishuError:
    """Return the error of booking a room."""

    async def play() -> FeishuError:
        events = on_virtual_time(tenant).client.events
        times = {"start": START + HOUR, "end": START + 2 * HOUR}
        try:
            event = await events.create(calendar_id, title=TITLE, time_zone="UTC", idempotency_key=KEY, **times)
            await events.add_room(calendar_id, event.event_id, room.room_id, contact=contact)
        except FeishuError as error:
            return error
        raise AssertionError("nothing failed")

    return run(play())


def test_refusals_have_their_classes(tenant: Tenant, room: Room) -> None:
    assert type(failure(tenant, room, contact="ou_gone")) is ContactUnknownError
    assert type(failure(tenant, room, calendar_id="other")) is CalendarUnusableError
    tenant.agenda.rules[room.room_id] = BookingRules(approval=True)
    assert type(failure(tenant, room)) is RoomRefusedError
    tenant.bot_enabled = False
    assert type(failure(tenant, room)) is BotDisabledError


def test_an_unknown_event_is_gone(tenant: Tenant) -> None:
    async def play() -> None:
        events = on_virtual_time(tenant).client.events
        for call in (events.delete("primary", "unknown_0"), events.event("primary", "unknown_0")):
            with pytest.raises(EventGoneError) as gone:
                await call
            assert not gone.value.was_deleted

    run(play())


def test_another_event_than_the_requested_one_is_unreadable(tenant: Tenant) -> None:
    async def play() -> None:
        client = on_virtual_time(tenant).client
        event = await create(client)
        shown = {"event": {"event_id": "b_0", "start_time": {"timestamp": "1"}, "end_time": {"timestamp": "2"}}}
        tenant.inject(Fault.body(200, {"code": 0, "msg": "ok", "data": shown}), event.event_id)
        with pytest.raises(UnreadableAnswerError):
            await client.events.event("primary", event.event_id)

    run(play())


@pytest.mark.parametrize(
    "changes",
    [
        {"start": START.replace(tzinfo=None)},
        {"end": START},
        {"start": START + HOUR, "end": START + HOUR + timedelta(milliseconds=500)},
        {"title": "x" * 1001},
        {"idempotency_key": "short"},
        {"idempotency_key": "k" * 129},
    ],
    ids=str,
)
def test_an_invalid_event_is_not_sent(tenant: Tenant, changes: dict[str, Any]) -> None:
    async def play() -> None:
        with pytest.raises(ValueError, match=r"event|title|key"):
            await create(on_virtual_time(tenant).client, **changes)

    run(play())
    assert tenant.requests == []


@pytest.mark.parametrize("path_id", ["", ".", "..", "a/b", "../rooms"])
def test_an_id_that_would_change_the_path_is_not_sent(tenant: Tenant, path_id: str) -> None:
    async def play() -> None:
        events = on_virtual_time(tenant).client.events
        for ids in ((path_id, "a_0"), ("primary", path_id)):
            with pytest.raises(ValueError, match="this id"):
                await events.delete(*ids)

    run(play())
    assert tenant.requests == []


def test_a_failure_names_neither_title_nor_ids(tenant: Tenant, room: Room) -> None:
    person = tenant.add_user("Chen Wei")
    told = f"no: {TITLE} {room.room_id} {person.open_id} {KEY} event-1_0"
    for path in (CREATE, INVITE):
        tenant.inject(Fault.error(400, 190014, msg=told), path, times=None)

    async def play() -> None:
        client = on_virtual_time(tenant).client
        with pytest.raises(RequestError) as refused:
            await create(client)
        assert not [word for word in (TITLE, KEY) if word in f"{refused.value} {refused.value!r}"]
        with pytest.raises(RoomRefusedError) as no_room:
            await client.events.add_room("primary", "event-1_0", room.room_id, contact=person.open_id)
        words = (room.room_id, person.open_id, "event-1_0")
        assert not [word for word in words if word in f"{no_room.value} {no_room.value!r}"]

    run(play())


def test_bookings_of_a_long_window_are_joined(tenant: Tenant, room: Room) -> None:
    tenant.variants.clipping = "clipped"
    seam = START + timedelta(days=30)
    across = tenant.book(room.room_id, seam - HOUR, seam + HOUR)
    organizer = tenant.add_user("Chen Wei")
    later = tenant.book(room.room_id, seam + 2 * HOUR, seam + 3 * HOUR, organizer=organizer.open_id)
    private = tenant.book(room.room_id, seam + 4 * HOUR, seam + 5 * HOUR, private=True)
    moved = tenant.book(room.room_id, seam + 6 * HOUR, seam + 7 * HOUR, series="weekly")
    tenant.move(moved.booking_id, seam + 8 * HOUR, seam + 9 * HOUR)

    async def play() -> tuple[RoomBooking, ...]:
        return await bookings(on_virtual_time(tenant).client, room, days=40)

    assert run(play()) == (
        RoomBooking(across.start, across.end, across.event_uid, 0, has_organizer=True),
        RoomBooking(later.start, later.end, later.event_uid, 0, "Chen Wei", has_organizer=True),
        RoomBooking(private.start, private.end, private.event_uid, 0),
        RoomBooking(
            moved.start + 2 * HOUR, moved.end + 2 * HOUR, "weekly", int(moved.start.timestamp()), has_organizer=True
        ),
    )


def test_bookings_of_an_unknown_room_are_an_error(tenant: Tenant) -> None:
    async def play() -> None:
        with pytest.raises(SubjectError):
            await on_virtual_time(tenant).client.events.bookings("omm_none", time_min=START, time_max=START + HOUR)

    run(play())


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (BookingRules(), {"available": True}),
        (BookingRules(approval=True), {"available": True, "needs_approval": True}),
        (
            BookingRules(max_duration=HOUR / 2),
            {"available": False, "reason": Unavailable.TOO_LONG, "longest": HOUR / 2},
        ),
    ],
)
def test_rooms_tell_why_they_are_unavailable(
    tenant: Tenant, room: Room, rules: BookingRules, expected: dict[str, Any]
) -> None:
    tenant.agenda.rules[room.room_id] = rules

    async def play() -> tuple[RoomCheck, ...]:
        events = on_virtual_time(tenant).client.events
        ids = [room.room_id, "omm_none"]
        return await events.check_rooms("primary", ids, start=START + HOUR, end=START + 2 * HOUR, event_id="a_0")

    assert run(play()) == (RoomCheck(room.room_id, **expected),)


@pytest.mark.parametrize(
    ("status", "reason", "available"),
    [("unavailable", "a_new_one", False), ("odd", "", None), ("odd", "past_time", False), (7, None, None)],
)
def test_unknown_words_of_a_check(tenant: Tenant, status: object, reason: object, available: bool | None) -> None:
    row = {"room_id": "omm_1", "status": status, "unavailable_reason_type": reason}
    tenant.inject(Fault.body(200, {"code": 0, "data": {"room_availabilitys": [row]}}), "room_availability_check")

    async def play() -> None:
        events = on_virtual_time(tenant).client.events
        (check,) = await events.check_rooms("primary", ["omm_1"], start=START, end=START + HOUR)
        assert check.available is available
        assert check.reason is (Unavailable.PAST if reason == "past_time" else None)

    run(play())


def test_a_check_needs_aware_times(tenant: Tenant) -> None:
    async def play() -> None:
        events = on_virtual_time(tenant).client.events
        with pytest.raises(ValueError, match="time zone"):
            await events.check_rooms("primary", ["omm_1"], start=START.replace(tzinfo=None), end=START)

    run(play())
    assert tenant.requests == []


def test_titles_are_read_in_batches(tenant: Tenant, room: Room) -> None:
    made = [
        tenant.book(room.room_id, START + number * HOUR, START + (number + 1) * HOUR, title=f"Meeting {number}")
        for number in range(60)
    ]
    private = tenant.book(room.room_id, START, START + HOUR, private=True, title="Salary")
    untitled = tenant.book(room.room_id, START, START + HOUR)
    asked = [EventRef(booking.event_uid) for booking in (*made, private, untitled)]

    async def play() -> dict[EventRef, str]:
        return await on_virtual_time(tenant).client.events.titles([*asked, asked[0]])

    expected = {event: f"Meeting {number}" for number, event in enumerate(asked[:60])}
    assert run(play()) == {**expected, asked[-1]: ""}
    assert len(tenant.calls(TITLES)) == 2


def test_titles_are_halved_until_feishu_takes_them(tenant: Tenant) -> None:
    def too_many(call: Any) -> bool:
        return len(call.body["EventUids"]) > 13

    tenant.inject(Fault.error(400, 105002), TITLES, times=None, when=too_many)

    async def play() -> dict[EventRef, str]:
        return await on_virtual_time(tenant).client.events.titles(EventRef(str(number)) for number in range(50))

    assert run(play()) == {}
    assert max(len(call.body["EventUids"]) for call in tenant.calls(TITLES) if call.code == 0) <= 13  # type: ignore[index]


def test_titles_that_are_refused_one_by_one_are_an_error(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 105002), TITLES, times=None)

    async def play() -> None:
        with pytest.raises(RequestError):
            await on_virtual_time(tenant).client.events.titles(EventRef(str(number)) for number in range(4))

    run(play())
    assert len(tenant.calls(TITLES)) == 3  # 4, 2, 1


def test_endless_attendees_are_given_up(tenant: Tenant) -> None:
    page = {"items": [], "has_more": True, "page_token": "again"}
    tenant.inject(Fault.body(200, {"code": 0, "data": page}), INVITE, times=None)

    async def play() -> None:
        with pytest.raises(UnreadableAnswerError, match="no end"):
            await on_virtual_time(tenant).client.events.verdict("primary", "a_0", "omm_1")

    run(play())
    assert len(tenant.calls(INVITE)) == 2


def test_a_reply_of_a_later_page_is_found(tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(101)]

    async def play() -> None:
        client = on_virtual_time(tenant).client
        event = await create(client)
        for room in rooms:
            await client.events.add_room("primary", event.event_id, room.room_id)
        await asyncio.sleep(2)
        assert await client.events.verdict("primary", event.event_id, rooms[-1].room_id) is RsvpStatus.ACCEPT

    run(play())


@pytest.mark.parametrize("word", ["perhaps", None, 5, ["accept"]])
def test_an_unknown_reply_is_none(tenant: Tenant, word: object) -> None:
    data = {"items": [{"room_id": "omm_1", "rsvp_status": word}]}
    tenant.inject(Fault.body(200, {"code": 0, "data": data}), INVITE)

    async def play() -> None:
        assert await on_virtual_time(tenant).client.events.verdict("primary", "a_0", "omm_1") is None

    run(play())


def test_the_repr_of_a_booking_has_no_organizer() -> None:
    row = RoomBooking(START, START + HOUR, "a", 0, "Chen Wei", has_organizer=True)
    assert "Chen" not in repr(row)
