"""Free/busy of many rooms in one call."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
import json
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import aiohttp
from hypothesis import example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.client import SCOPES_ROOM_BATCH, FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    EndpointRetiredError,
    NotFeishuError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ScopeMissingError,
    SubjectError,
    UnreadableAnswerError,
    UnreadableRowsError,
)
from custom_components.feishu_freebusy.feishu.models import BusyAnswer, BusyPeriod
from simulator import Booking, Fault, Room, Tenant, Variants
from tests.conftest import at, examples

from .virtual import on_virtual_time, run

BATCH = "meeting_room/freebusy/batch_get"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = at(0)


@pytest.fixture
def rooms(tenant: Tenant) -> list[Room]:
    """Return three rooms."""
    return [tenant.add_room(name) for name in ("Orion", "Vega", "Mira")]


def ids(rooms: Sequence[Room]) -> list[str]:
    return [room.room_id for room in rooms]


def period(booking: Booking) -> BusyPeriod:
    return BusyPeriod(booking.start, booking.end)


async def ask(client: FeishuClient, *room_ids: str) -> dict[str, BusyAnswer]:
    """Read the free/busy of the day."""
    return await client.room_freebusy_batch_get(room_ids, time_min=at(0), time_max=at(0, day=1))


# --- One call ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("idle_room", ["omitted", "empty_list"])
@pytest.mark.parametrize("free_busy", ["map", "list_of_maps", "list_of_rows"])
@pytest.mark.parametrize("error_room_ids", ["when_any", "always"])
@pytest.mark.parametrize("offset", ["tenant", "utc", "other"])
async def test_each_room_has_its_answer(
    client: FeishuClient,
    tenant: Tenant,
    rooms: list[Room],
    idle_room: str,
    free_busy: str,
    error_room_ids: str,
    offset: str,
) -> None:
    tenant.variants.update(
        {"idle_room": idle_room, "free_busy": free_busy, "error_room_ids": error_room_ids, "offset": offset}
    )
    tenant.variants.row_order = "unsorted"
    orion, vega, mira = ids(rooms)
    first = [tenant.book(orion, at(hour), at(hour + 1), series="weekly") for hour in (15, 9)]
    second = tenant.book(mira, at(9), at(10), private=True)
    tenant.book(mira, at(11), at(12), rsvp="decline")
    tenant.book(tenant.add_room("Not asked for").room_id, at(9), at(10))

    assert await ask(client, orion, vega, mira) == {
        orion: (period(first[1]), period(first[0])),
        vega: (),
        mira: (period(second),),
    }
    assert len(tenant.calls(BATCH)) == 1


@pytest.mark.parametrize("idle_room", ["omitted", "empty_list"])
@pytest.mark.parametrize("free_busy", ["map", "list_of_maps", "list_of_rows"])
async def test_all_rooms_may_be_free(
    client: FeishuClient, tenant: Tenant, rooms: list[Room], idle_room: str, free_busy: str
) -> None:
    tenant.variants.update({"idle_room": idle_room, "free_busy": free_busy})

    assert await ask(client, *ids(rooms)) == dict.fromkeys(ids(rooms), ())


@pytest.mark.parametrize(("pending_rows", "shown"), [("shown", 1), ("hidden", 0)])
async def test_a_pending_request_may_be_shown_or_hidden(
    client: FeishuClient, tenant: Tenant, rooms: list[Room], pending_rows: str, shown: int
) -> None:
    tenant.variants.update({"pending_rows": pending_rows})
    booking = tenant.book(rooms[0].room_id, at(9), at(10), rsvp="needs_action")

    assert await ask(client, rooms[0].room_id) == {rooms[0].room_id: (period(booking),) * shown}


async def test_20_rooms_fit_into_one_call(client: FeishuClient, tenant: Tenant) -> None:
    room_ids = [tenant.add_room(f"Room {number}").room_id for number in range(20)]
    bookings = {room_id: tenant.book(room_id, at(9), at(10)) for room_id in room_ids}

    assert await ask(client, *room_ids) == {room_id: (period(one),) for room_id, one in bookings.items()}


async def test_a_disabled_room_has_no_rows(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    tenant.disable_room(rooms[0].room_id, at(0), None)

    assert await ask(client, rooms[0].room_id) == {rooms[0].room_id: ()}


async def test_an_unknown_room_is_not_free(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    booking = tenant.book(rooms[0].room_id, at(9), at(10))

    answers = await ask(client, rooms[0].room_id, "omm_gone")

    assert answers[rooms[0].room_id] == (period(booking),)
    assert type(answers["omm_gone"]) is SubjectError


async def test_an_unknown_room_may_fail_the_call(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    tenant.variants.unknown_batch_room = "100005"

    with pytest.raises(SubjectError):
        await ask(client, rooms[0].room_id, "omm_gone")


@pytest.mark.parametrize(
    "variants",
    [
        {"free_busy": "null"},
        {"free_busy": "missing"},
        {"window_echo": "no_time_min"},
        {"window_echo": "no_time_max"},
        {"window_echo": "neither"},
    ],
)
@pytest.mark.parametrize("booked", [True, False])
async def test_an_incomplete_envelope_is_never_free(
    client: FeishuClient, tenant: Tenant, rooms: list[Room], variants: dict[str, str], booked: bool
) -> None:
    tenant.variants.update(variants)
    if booked:
        tenant.book(rooms[0].room_id, at(9), at(10))

    with pytest.raises(UnreadableAnswerError):
        await ask(client, *ids(rooms))


async def test_one_bad_row_fails_only_its_room(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    orion, vega, mira = ids(rooms)
    good = {"start_time": "2026-11-23T09:00:00Z", "end_time": "2026-11-23T10:00:00Z"}
    data = {
        "time_min": "2026-11-23T08:00:00+08:00",
        "time_max": "2026-11-24T00:00:00Z",
        "free_busy": {orion: [good, {**good, "end_time": "soon"}], vega: [good]},
    }
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": data}), BATCH)

    answers = await ask(client, orion, vega, mira)

    assert type(answers[orion]) is UnreadableRowsError
    assert (answers[vega], answers[mira]) == ((BusyPeriod(at(9), at(10)),), ())


# --- What goes out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"room_ids": []},
        {"room_ids": [f"omm_{number}" for number in range(21)]},
        {"room_ids": ["omm_1", "omm_1"]},
        {"room_ids": ["omm_1", ""]},
        {"time_max": at(10)},
        {"time_max": at(11)},
        {"time_min": at(11).replace(tzinfo=None)},
        {"time_max": at(12).replace(tzinfo=None)},
    ],
)
async def test_invalid_arguments_raise_before_anything_is_sent(
    client: FeishuClient, tenant: Tenant, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        await client.room_freebusy_batch_get(**{"room_ids": ["omm_1"], "time_min": at(11), "time_max": at(12), **wrong})
    assert tenant.requests == []


async def test_ids_are_repeated_and_plus_signs_encoded_on_the_wire(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    targets = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, target, _ = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        targets.append(target.decode())
        query = dict(parse_qsl(urlsplit(target.decode()).query))
        echo = {name: query[name] for name in ("time_min", "time_max") if query}
        answer = {"code": 0, "tenant_access_token": "t-1", "expire": 7200, "data": {**echo, "free_busy": {}}}
        body = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = FeishuClient(session, "cli_1", "secret", base_url=f"http://127.0.0.1:{port}")
        shanghai = ZoneInfo("Asia/Shanghai")
        await client.room_freebusy_batch_get(
            ["omm_1", "omm&+2"], time_min=at(0).astimezone(shanghai), time_max=at(1).astimezone(shanghai)
        )

    _, target = targets
    assert target.partition("?")[::2] == (
        f"/open-apis/{BATCH}",
        "room_ids=omm_1&room_ids=omm%26%2B2&time_min=2026-11-23T00:00:00%2B00:00&time_max=2026-11-23T01:00:00%2B00:00",
    )


# --- Refused by Feishu ------------------------------------------------------------------------------------------------


async def test_it_needs_its_own_scope_and_no_bot(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    tenant.bot_enabled = False
    tenant.revoke(*tenant.scopes)

    with pytest.raises(ScopeMissingError) as refused:
        await ask(client, rooms[0].room_id)
    assert refused.value.scopes == SCOPES_ROOM_BATCH
    tenant.grant(*SCOPES_ROOM_BATCH)
    assert await ask(client, rooms[0].room_id) == {rooms[0].room_id: ()}


@pytest.mark.parametrize(("room_batch", "error"), [("30005", EndpointRetiredError), ("404", NotFeishuError)])
async def test_a_retired_endpoint_raises_without_a_retry(
    client: FeishuClient, tenant: Tenant, rooms: list[Room], room_batch: str, error: type[Exception]
) -> None:
    tenant.variants.update({"room_batch": room_batch})

    with pytest.raises(error) as refused:
        await ask(client, rooms[0].room_id)
    assert type(refused.value) is error
    assert len(tenant.calls(BATCH)) == 1
    assert await client.rooms()


async def test_a_refused_request_raises_request_error(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    tenant.inject(Fault.error(400, 105002), BATCH)

    with pytest.raises(RequestError):
        await ask(client, rooms[0].room_id)


async def test_its_calls_count_towards_the_quota(client: FeishuClient, tenant: Tenant, rooms: list[Room]) -> None:
    tenant.quota_left = 1

    await ask(client, rooms[0].room_id)
    with pytest.raises(QuotaExceededError):
        await ask(client, rooms[0].room_id)
    assert client.traffic.counted == {BATCH: 1}


@pytest.mark.parametrize("status", [400, 429])
def test_a_rate_limit_is_recognized_with_either_status(
    tenant: Tenant, rooms: list[Room], status: Literal[400, 429]
) -> None:
    tenant.inject(Fault.rate_limited(reset=7, status=status), BATCH)

    async def play() -> float:
        await ask(on_virtual_time(tenant).client, *ids(rooms))
        return asyncio.get_running_loop().time()

    assert run(play()) >= 7
    assert [call.status for call in tenant.calls(BATCH)] == [status, 200]


async def test_a_lasting_rate_limit_raises_rate_limited_error(
    client: FeishuClient, tenant: Tenant, rooms: list[Room]
) -> None:
    tenant.inject(Fault.rate_limited(reset=None, status=400), BATCH, times=None)

    with pytest.raises(RateLimitedError):
        await ask(client, *ids(rooms))


# --- Windows of more than 30 days -------------------------------------------------------------------------------------


def ask_long(tenant: Tenant, time_min: datetime, time_max: datetime, *more: str) -> dict[str, BusyAnswer]:
    """Read the free/busy of all rooms of the tenant, and of `more`."""

    async def play() -> dict[str, BusyAnswer]:
        client = on_virtual_time(tenant).client
        return await client.room_freebusy_batch_get([*tenant.rooms, *more], time_min=time_min, time_max=time_max)

    return run(play())


@pytest.mark.parametrize(("days", "calls"), [(1, 1), (30, 1), (31, 2), (60, 2), (90, 3)])
@pytest.mark.parametrize("clipping", ["none", "clipped"])
def test_a_long_window_takes_several_calls(
    tenant: Tenant, rooms: list[Room], days: int, calls: int, clipping: str
) -> None:
    tenant.variants.update({"clipping": clipping})
    across = [tenant.book(rooms[0].room_id, START + (n * 30 - 1) * DAY, START + (n * 30 + 1) * DAY) for n in (1, 2)]
    end = START + days * DAY

    answers = ask_long(tenant, START, end)

    seen = [period(booking) for booking in across if booking.start < end]
    if clipping == "clipped":
        seen = [BusyPeriod(one.start, min(one.end, end)) for one in seen]
    assert answers == {rooms[0].room_id: tuple(seen), rooms[1].room_id: (), rooms[2].room_id: ()}
    assert len(tenant.calls(BATCH)) == calls


def test_a_room_unknown_in_each_part_is_an_error(tenant: Tenant, rooms: list[Room]) -> None:
    booking = tenant.book(rooms[0].room_id, START + 29 * DAY, START + 31 * DAY)

    answers = ask_long(tenant, START, START + 60 * DAY, "omm_gone")

    assert answers[rooms[0].room_id] == (period(booking),)
    assert type(answers["omm_gone"]) is SubjectError


@pytest.mark.parametrize("bad_part", [0, 1])
def test_a_room_that_is_unreadable_in_one_part_is_unreadable_as_a_whole(
    tenant: Tenant, rooms: list[Room], bad_part: int
) -> None:
    orion, vega, _ = ids(rooms)
    booking = tenant.book(vega, START + DAY, START + 2 * DAY)
    whole = {"time_min": START.isoformat(), "time_max": (START + 60 * DAY).isoformat()}
    rows = {orion: [{}], vega: [{"start_time": booking.start.isoformat(), "end_time": booking.end.isoformat()}]}
    bad: dict[str, object] = {**whole, "free_busy": rows if bad_part == 0 else {orion: [{}]}}
    first_day = START.isoformat()
    tenant.inject(
        Fault.body(200, {"code": 0, "msg": "", "data": bad}),
        BATCH,
        when=lambda call: (call.query["time_min"] == first_day) == (bad_part == 0),
    )

    answers = ask_long(tenant, START, START + 60 * DAY)

    assert type(answers[orion]) is UnreadableRowsError
    assert answers[vega] == (period(booking),)


# Hours from the start: the seams of 30 days are at 720, 1440, ...
HOURS = st.sampled_from([-1, 0, 1, 719, 720, 721, 1439, 1440, 1441]) | st.integers(-24, 70 * 24)
BOOKED = st.tuples(
    st.integers(0, 2), HOURS, st.sampled_from([1, 2, 24, 31 * 24]), st.sampled_from(["accept", "decline", "removed"])
)
FORMS: dict[str, st.SearchStrategy[object]] = {
    "clipping": st.sampled_from(["none", "clipped"]),
    "row_order": st.sampled_from(["sorted", "unsorted"]),
    "offset": st.sampled_from(["tenant", "utc", "other"]),
    "idle_room": st.sampled_from(["omitted", "empty_list"]),
    "free_busy": st.sampled_from(["map", "list_of_maps", "list_of_rows"]),
}


@examples(0.8)
@given(
    booked=st.lists(BOOKED, max_size=8),
    hours=st.sampled_from([24, 720, 721, 1440, 1500]),
    forms=st.fixed_dictionaries(FORMS),
)
@example([(0, 719, 1, "accept"), (0, 720, 1, "accept")], 1440, {})
def test_any_batch_matches_the_bookings(
    booked: list[tuple[int, int, int, Any]], hours: int, forms: dict[str, object]
) -> None:
    """Compare with the bookings, hour by hour."""
    variants = Variants()
    variants.update(forms)
    tenant = Tenant(variants=variants)
    room_ids = [tenant.add_room(f"Room {number}").room_id for number in range(3)]
    for number, start, lasts, rsvp in booked:
        tenant.book(room_ids[number], START + start * HOUR, START + (start + lasts) * HOUR, rsvp=rsvp)

    answers = ask_long(tenant, START, START + hours * HOUR)

    for number, room_id in enumerate(room_ids):
        answer = answers[room_id]
        assert isinstance(answer, tuple)
        assert list(answer) == sorted(answer, key=lambda one: (one.start, one.end))
        busy = {
            hour
            for of, start, lasts, rsvp in booked
            if of == number and rsvp == "accept"
            for hour in range(start, start + lasts)
        }
        told = {hour for one in answer for hour in range((one.start - START) // HOUR, (one.end - START) // HOUR)}
        window = set(range(hours))
        assert told & window == busy & window
