"""Parameters of ``freebusy/list`` and all variants of its answer."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator import Room, Rsvp, Tenant, User
from tests.simulator.client import DAY, FREEBUSY, Client, Json
from tests.simulator.conftest import Clock

ACCEPTED = {"start_time": "2026-11-23T10:00:00+08:00", "end_time": "2026-11-23T11:00:00+08:00"}


def at(hour: int, minute: int = 0) -> datetime:
    """Return a time on 2026-11-23 in Shanghai; hours may be negative or above 24."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


def times(rows: list[dict[str, str]]) -> list[str]:
    """Return ``HH:MM-HH:MM`` of each row."""
    return [f"{row['start_time'][11:16]}-{row['end_time'][11:16]}" for row in rows]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        DAY,
        {**DAY, "room_id": ""},
        {**DAY, "room_id": 7},
        {**DAY, "room_id": "ROOM", "only_busy": "true"},
        {**DAY, "room_id": "ROOM", "need_rsvp_status": 1},
        {**DAY, "room_id": "ROOM", "need_rsvp": True},
        {**DAY, "room_id": "ROOM", "include_external_calendar": None},
        {"time_min": DAY["time_min"], "room_id": "ROOM"},
        {**DAY, "time_min": 1795363200, "room_id": "ROOM"},
        {**DAY, "room_id": "omm_none"},
    ],
)
async def test_invalid_bodies_get_190002(client: Client, room: Room, body: Json) -> None:
    if isinstance(body, dict) and body.get("room_id") == "ROOM":
        body = {**body, "room_id": room.room_id}
    reply = await client.call("POST", FREEBUSY, body)
    assert reply.outcome == (400, 190002)
    assert reply.body["msg"] == "invalid parameters in request"
    assert set(reply.body["error"]) == {"log_id", "troubleshooter"}


async def test_a_body_that_is_not_json_gets_190002(client: Client, room: Room) -> None:
    await client.get("bot/v3/info")
    headers = {"Authorization": f"Bearer {client.token}"}
    reply = await client.send("POST", f"/open-apis/{FREEBUSY}", data={**DAY, "room_id": room.room_id}, headers=headers)
    assert reply.outcome == (400, 190002)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_min", "2026-11-23T00:00:00"),
        ("time_min", "2026-11-23 00:00:00+08:00"),
        ("time_min", "2026-11-23"),
        ("time_min", "2026-11-31T00:00:00Z"),
        ("time_min", "2026-11-23T00:00:00+0800"),
        ("time_min", "1795363200"),
        ("time_max", DAY["time_min"]),
        ("time_max", "2026-11-22T00:00:00Z"),
        ("time_max", "2027-02-21T00:00:01+08:00"),
    ],
)
async def test_invalid_values_get_190014(client: Client, room: Room, field: str, value: str) -> None:
    reply = await client.freebusy(room_id=room.room_id, **{field: value})
    assert reply.outcome == (400, 190014)
    text = f"The value of {field}({value}) is invalid. Please provide a valid value for the field."
    assert reply.body["error"]["details"] == [{"value": text}]


async def test_90_days_are_allowed(client: Client, room: Room) -> None:
    assert await client.rows(room_id=room.room_id, time_max="2027-02-21T00:00:00+08:00") == []


@pytest.mark.parametrize("text", ["2026-11-22T16:00:00Z", "2026-11-22t16:00:00.000z", "2026-11-22T08:00:00-08:00"])
async def test_any_offset_is_accepted(client: Client, tenant: Tenant, room: Room, text: str) -> None:
    tenant.book(room.room_id, at(-2), at(0))
    tenant.book(room.room_id, at(0), at(1))
    assert times(await client.rows(room_id=room.room_id, time_min=text)) == ["00:00-01:00"]


async def test_a_long_span_may_be_190002(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.long_span = "190002"
    reply = await client.freebusy(room_id=room.room_id, time_max="2027-03-01T00:00:00Z")
    assert reply.outcome == (400, 190002)


async def test_an_unknown_room_may_be_190014(client: Client, tenant: Tenant) -> None:
    tenant.variants.unknown_room = "190014"
    reply = await client.freebusy(room_id="omm_none")
    assert reply.outcome == (400, 190014)
    assert "room_id(omm_none)" in reply.body["error"]["details"][0]["value"]


async def test_a_deleted_room_is_unknown_and_has_no_bookings(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(10), at(11))
    tenant.delete_room(room.room_id)
    assert (await client.freebusy(room_id=room.room_id)).outcome == (400, 190002)
    assert tenant.bookings == {}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("string", "The value of"), ("empty", []), ("null_item", [None]), ("missing", "error is missing")],
)
async def test_shapes_of_190014(client: Client, tenant: Tenant, shape: Json, expected: Json) -> None:
    tenant.variants.unknown_room = "190014"
    tenant.variants.error_details = shape
    error = (await client.freebusy(room_id="omm_none")).body.get("error", "error is missing")
    if isinstance(error, dict):
        assert error["details"] == expected
    else:
        assert error.startswith(expected)


@pytest.mark.parametrize(("id_type", "value"), [("open_id", "ou_chen"), ("union_id", "on_chen"), ("user_id", "chen")])
async def test_people_by_each_kind_of_id(client: Client, tenant: Tenant, user: User, id_type: str, value: str) -> None:
    tenant.book(value, at(10), at(11))
    assert (await client.freebusy(id_type, user_id=value)).data == {"freebusy_list": [ACCEPTED]}
    assert tenant.calendars.of(user.open_id)


async def test_an_id_of_another_kind_is_unknown(client: Client, user: User) -> None:
    assert (await client.freebusy("union_id", user_id=user.open_id)).outcome == (404, 195100)


async def test_an_unknown_kind_of_id(client: Client, user: User) -> None:
    assert (await client.freebusy("email", user_id=user.open_id)).outcome == (400, 190014)


async def test_user_id_requires_its_scope(client: Client, tenant: Tenant, user: User) -> None:
    tenant.revoke("contact:user.employee_id:readonly")
    assert (await client.freebusy("user_id", user_id=user.user_id)).outcome == (400, 99991672)
    assert (await client.freebusy("open_id", user_id=user.open_id)).outcome == (200, 0)


async def test_the_person_wins_over_the_room(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    tenant.book(room.room_id, at(8), at(9))
    tenant.book(user.open_id, at(10), at(11))
    assert await client.rows(room_id=room.room_id, user_id=user.open_id) == [ACCEPTED]
    assert (await client.freebusy(room_id=room.room_id, user_id="ou_none")).outcome == (404, 195100)


async def test_the_window_is_half_open(client: Client, tenant: Tenant, room: Room) -> None:
    for start, end in ((-1, 0), (-1, 1), (23, 25), (24, 25)):
        tenant.book(room.room_id, at(start), at(end))
    assert times(await client.rows(room_id=room.room_id)) == ["23:00-01:00", "23:00-01:00"]


async def test_free_and_external_events_can_be_left_out(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(8), at(9), free=True)
    tenant.book(room.room_id, at(9), at(10), external=True)
    assert times(await client.rows(room_id=room.room_id)) == ["09:00-10:00"]
    assert times(await client.rows(room_id=room.room_id, only_busy=False)) == ["08:00-09:00", "09:00-10:00"]
    assert await client.rows(room_id=room.room_id, include_external_calendar=False) == []


async def test_events_marked_as_free_may_be_shown_in_rooms(
    client: Client, tenant: Tenant, room: Room, user: User
) -> None:
    tenant.variants.free_rows_of_rooms = "shown"
    for subject_id in (room.room_id, user.open_id):
        tenant.book(subject_id, at(8), at(9), free=True)
    assert times(await client.rows(room_id=room.room_id)) == ["08:00-09:00"]
    assert await client.rows(user_id=user.open_id) == []


@pytest.mark.parametrize("rsvp", ["accept", "needs_action", "tentative", "decline", "removed"])
async def test_rsvp_only_on_request(client: Client, tenant: Tenant, room: Room, rsvp: Rsvp) -> None:
    tenant.book(room.room_id, at(10), at(11), rsvp=rsvp)
    assert await client.rows(room_id=room.room_id, need_rsvp_status=True) == [{**ACCEPTED, "rsvp_status": rsvp}]
    declined = rsvp in {"decline", "removed"}
    assert await client.rows(room_id=room.room_id) == ([] if declined else [ACCEPTED])


async def test_rsvp_variants(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(10), at(11))
    tenant.variants.rsvp_status = "never"
    assert await client.rows(room_id=room.room_id, need_rsvp_status=True) == [ACCEPTED]
    tenant.variants.rsvp_status = "always"
    assert await client.rows(room_id=room.room_id) == [{**ACCEPTED, "rsvp_status": "accept"}]


async def test_declined_rows_variants(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(10), at(11), rsvp="decline")
    tenant.variants.declined_rows = "never"
    assert await client.rows(room_id=room.room_id, need_rsvp_status=True) == []
    tenant.variants.declined_rows = "always"
    assert await client.rows(room_id=room.room_id) == [ACCEPTED]


@pytest.mark.parametrize(
    ("variant", "body"),
    [
        ("list", {"code": 0, "msg": "success", "data": {"freebusy_list": []}}),
        ("missing_key", {"code": 0, "msg": "success", "data": {}}),
        ("null", {"code": 0, "msg": "success", "data": {"freebusy_list": None}}),
        ("missing_data", {"code": 0, "msg": "success"}),
    ],
)
async def test_empty_list(client: Client, tenant: Tenant, room: Room, variant: Json, body: Json) -> None:
    tenant.variants.empty_list = variant
    assert (await client.freebusy(room_id=room.room_id)).body == body
    tenant.book(room.room_id, at(10), at(11))
    assert await client.rows(room_id=room.room_id) == [ACCEPTED]


@pytest.mark.parametrize(
    ("variant", "start"),
    [
        ("tenant", "2026-11-23T10:00:00+08:00"),
        ("utc", "2026-11-23T02:00:00Z"),
        ("other", "2026-11-22T22:30:00-03:30"),
    ],
)
async def test_offset(client: Client, tenant: Tenant, room: Room, variant: Json, start: str) -> None:
    tenant.variants.offset = variant
    tenant.book(room.room_id, at(10), at(11))
    assert (await client.rows(room_id=room.room_id))[0]["start_time"] == start


async def test_row_order(client: Client, tenant: Tenant, room: Room) -> None:
    for hour in (12, 8, 10):
        tenant.book(room.room_id, at(hour), at(hour + 1))
    in_order = ["08:00-09:00", "10:00-11:00", "12:00-13:00"]
    assert times(await client.rows(room_id=room.room_id)) == in_order
    tenant.variants.row_order = "unsorted"
    unsorted = times(await client.rows(room_id=room.room_id))
    assert unsorted != in_order
    assert sorted(unsorted) == in_order


async def test_clipping(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(-1), at(1))
    tenant.book(room.room_id, at(23), at(25))
    tenant.variants.clipping = "clipped"
    rows = await client.rows(room_id=room.room_id)
    assert [(row["start_time"], row["end_time"]) for row in rows] == [
        (DAY["time_min"], "2026-11-23T01:00:00+08:00"),
        ("2026-11-23T23:00:00+08:00", DAY["time_max"]),
    ]


async def test_overlaps(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(8), at(11))
    tenant.book(room.room_id, at(9), at(10), rsvp="needs_action")
    tenant.book(room.room_id, at(10), at(12))
    assert times(await client.rows(room_id=room.room_id)) == ["08:00-11:00", "09:00-10:00", "10:00-12:00"]
    tenant.variants.overlaps = "merged"
    assert times(await client.rows(room_id=room.room_id)) == ["08:00-12:00", "09:00-10:00"]
    tenant.variants.overlaps = "split_overlapping"
    split = times(await client.rows(room_id=room.room_id))
    assert split[:2] == ["08:00-10:00", "09:00-11:00"]
    assert len(split) == 6


async def test_a_disabled_room_loses_bookings(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    for hour in (8, 10, 14):
        tenant.book(room.room_id, at(hour), at(hour + 1))
    tenant.disable_room(room.room_id, clock.now + timedelta(minutes=30), at(14))
    assert times(await client.rows(room_id=room.room_id)) == ["08:00-09:00", "14:00-15:00"]
    tenant.variants.disabled_room = "190002"
    assert (await client.freebusy(room_id=room.room_id)).outcome == (200, 0)
    clock.advance(minutes=30)
    assert (await client.freebusy(room_id=room.room_id)).outcome == (400, 190002)
