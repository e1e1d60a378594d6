"""Replies in the name of a room, and titles."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from simulator import Booking, Room, Tenant, User
from simulator.tenant import TITLE_SCOPES
from tests.simulator.client import DAY, Client, Json, Reply
from tests.simulator.conftest import Clock

REPLY = "meeting_room/instance/reply"
TITLES = "meeting_room/summary/batch_get"
HOUR = timedelta(hours=1)


def at(hour: int) -> datetime:
    """Return a full hour on 2026-11-23 in Shanghai. The tests start at 10."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + hour * HOUR


def unix(hour: int) -> int:
    return int(at(hour).timestamp())


@pytest.fixture
def single(tenant: Tenant, room: Room) -> Booking:
    return tenant.book(room.room_id, at(9), at(11))


@pytest.fixture
def series(tenant: Tenant, room: Room) -> list[Booking]:
    """Return three instances of a series; the last one was moved from 16 to 17."""
    bookings = [tenant.book(room.room_id, at(hour), at(hour + 1), series="daily") for hour in (9, 13, 16)]
    return [*bookings[:2], tenant.move(bookings[2].booking_id, at(17), at(18))]


async def reply(
    client: Client, room: Room, booking: Booking, original_time: int, status: str = "ENDED_BEFORE_DUE"
) -> tuple[int, int]:
    body = {"room_id": room.room_id, "uid": booking.event_uid, "original_time": original_time, "status": status}
    return (await client.call("POST", REPLY, body)).outcome


async def starts(client: Client, room: Room) -> list[int]:
    data = (await client.get("meeting_room/freebusy/batch_get", room_ids=room.room_id, **DAY)).data
    return [int(row["start_time"][11:13]) for row in data["free_busy"].get(room.room_id, [])]


@pytest.mark.parametrize("status", ["ENDED_BEFORE_DUE", "NOT_CHECK_IN"])
async def test_the_row_vanishes_after_a_while(
    client: Client, room: Room, single: Booking, clock: Clock, status: str
) -> None:
    assert await reply(client, room, single, 0, status) == (200, 0)
    assert await starts(client, room) == [9]
    clock.advance(seconds=1.5)
    assert await starts(client, room) == []


@pytest.mark.parametrize(
    ("variant", "left"), [("vanishes_at_once", []), ("shrinks", [9]), ("never", [9]), ("vanishes", [])]
)
async def test_effects(
    client: Client, tenant: Tenant, room: Room, single: Booking, clock: Clock, variant: str, left: list[int]
) -> None:
    tenant.variants.update({"reply_effect": variant})
    await reply(client, room, single, 0)
    clock.advance(seconds=0 if variant == "vanishes_at_once" else 2)

    assert await starts(client, room) == left
    if variant == "shrinks":
        assert tenant.bookings[single.booking_id].end == clock.now


async def test_the_start_names_one_instance_of_a_series(
    client: Client, room: Room, series: list[Booking], clock: Clock
) -> None:
    assert await reply(client, room, series[0], unix(9)) == (200, 0)
    clock.advance(seconds=2)
    assert await starts(client, room) == [13, 17]


async def test_a_moved_instance_is_named_by_its_original_start(
    client: Client, room: Room, series: list[Booking], clock: Clock
) -> None:
    assert await reply(client, room, series[2], unix(17)) == (400, 105003)
    assert await reply(client, room, series[2], unix(16)) == (200, 0)
    clock.advance(seconds=2)
    assert await starts(client, room) == [9, 13]


async def test_0_releases_the_whole_series(
    client: Client, tenant: Tenant, room: Room, series: list[Booking], clock: Clock
) -> None:
    tenant.variants.reply_zero_on_series = "105003"
    assert await reply(client, room, series[0], 0) == (400, 105003)
    tenant.variants.reply_zero_on_series = "all"
    assert await reply(client, room, series[0], 0) == (200, 0)
    clock.advance(seconds=2)
    assert await starts(client, room) == []


async def test_the_start_of_a_single_event_may_be_refused(
    client: Client, tenant: Tenant, room: Room, single: Booking
) -> None:
    assert await reply(client, room, single, unix(9)) == (400, 105003)
    tenant.variants.reply_start_on_single = "accepted"
    assert await reply(client, room, single, unix(9)) == (200, 0)


@pytest.mark.parametrize(("variant", "outcome"), [("105003", (400, 105003)), ("0", (200, 0))])
async def test_a_second_reply(
    client: Client, tenant: Tenant, room: Room, single: Booking, clock: Clock, variant: str, outcome: Json
) -> None:
    tenant.variants.update({"reply_again": variant})
    await reply(client, room, single, 0)
    clock.advance(seconds=2)

    assert await reply(client, room, single, 0) == outcome


@pytest.mark.parametrize(("status", "rsvp"), [("ACCEPTED_BY_ADMIN", "accept"), ("DECLINED_BY_ADMIN", "decline")])
async def test_administrators_reply_to_requests_only(
    client: Client, tenant: Tenant, room: Room, single: Booking, clock: Clock, status: str, rsvp: str
) -> None:
    request = tenant.book(room.room_id, at(13), at(14), rsvp="needs_action")
    assert await reply(client, room, single, 0, status) == (400, 105003)
    assert await reply(client, room, request, 0) == (400, 105003)
    assert await reply(client, room, request, 0, status) == (200, 0)
    clock.advance(seconds=2)
    await starts(client, room)
    assert tenant.bookings[request.booking_id].rsvp == rsvp


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"room_id": "omm_none"}, 100005),
        ({"uid": "unknown"}, 105003),
        ({"uid": ""}, 105002),
        ({"original_time": "0"}, 105002),
        ({"original_time": True}, 105002),
        ({"original_time": -1}, 105002),
        ({"status": "GONE"}, 105002),
    ],
    ids=str,
)
async def test_invalid_replies(client: Client, room: Room, single: Booking, changes: Json, code: int) -> None:
    body = {"room_id": room.room_id, "uid": single.event_uid, "original_time": 0, "status": "NOT_CHECK_IN"}
    assert (await client.call("POST", REPLY, {**body, **changes})).outcome == (400, code)


async def test_a_reply_needs_a_scope_for_reading(client: Client, tenant: Tenant, room: Room, single: Booking) -> None:
    tenant.revoke("calendar:room:readonly")
    assert await reply(client, room, single, 0) == (400, 99991672)


async def ask(client: Client, *uids: str) -> Reply:
    return await client.call("POST", TITLES, {"EventUids": [{"uid": uid, "original_time": 0} for uid in uids]})


def titles_of(data: Json) -> tuple[dict[str, str], list[str]]:
    named: Iterable[Json] = data["EventInfos"]
    return {row["uid"]: row["summary"] for row in named}, [row["uid"] for row in data["ErrorEventUids"]]


async def test_titles_of_four_kinds_of_bookings(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    tenant.grant(*TITLE_SCOPES)
    by_person = tenant.book(room.room_id, at(9), at(10), organizer=user.open_id, title="Retro").event_uid
    by_app = tenant.book(room.room_id, at(10), at(11), title="Stand-up").event_uid
    pending = tenant.book(room.room_id, at(11), at(12), rsvp="needs_action", title="Review").event_uid
    private = tenant.book(room.room_id, at(12), at(13), private=True, title="Salary").event_uid
    asked = (by_person, by_app, pending, private, "unknown")
    shown = {by_person: "Retro", by_app: "Stand-up", pending: "Review"}

    assert titles_of((await ask(client, *asked)).data) == (shown, [private, "unknown"])
    for variant, more in (("returned", {private: "Salary"}), ("empty", {private: ""}), ("omitted", {})):
        tenant.variants.update({"private_titles": variant})
        assert titles_of((await ask(client, *asked)).data) == ({**shown, **more}, ["unknown"])


@pytest.mark.parametrize(("variant", "most"), [("50", 50), ("100", 100), ("none", 10_000)])
async def test_a_call_takes_a_number_of_events(client: Client, tenant: Tenant, variant: str, most: int) -> None:
    tenant.grant(*TITLE_SCOPES)
    tenant.variants.update({"most_titles": variant})

    assert (await ask(client, *map(str, range(most)))).outcome == (200, 0)
    if variant != "none":
        assert (await ask(client, *map(str, range(most + 1)))).outcome == (400, 105002)


async def test_the_refusal_of_too_many_events_and_of_untold_ones(client: Client, tenant: Tenant) -> None:
    tenant.grant(*TITLE_SCOPES)
    tenant.variants.too_many_titles = "100002"
    tenant.variants.untold_titles = "left_out"

    assert (await ask(client, *map(str, range(51)))).outcome == (400, 100002)
    assert (await ask(client, "unknown")).data == {"EventInfos": []}


async def test_titles_need_their_scope(client: Client) -> None:
    reply = await ask(client, "uid")
    assert reply.outcome == (400, 99991672)


@pytest.mark.parametrize("uids", [None, [], [{}], [{"uid": "x"}], [{"uid": 1, "original_time": 0}], ["x"]], ids=str)
async def test_invalid_requests_for_titles(client: Client, tenant: Tenant, uids: Json) -> None:
    tenant.grant(*TITLE_SCOPES)
    assert (await client.call("POST", TITLES, {"EventUids": uids})).outcome == (400, 105002)
