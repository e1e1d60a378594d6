"""Free/busy of several people in one call and all variants of its answer."""

from datetime import UTC, datetime

import pytest

from simulator import Room, Tenant, User
from tests.simulator.client import DAY, Client, Json, Reply

PATH = "calendar/v4/freebusy/batch"
TEN, ELEVEN = datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC)
ROW = {"start_time": "2026-11-23T10:00:00+08:00", "end_time": "2026-11-23T11:00:00+08:00"}


async def ask(client: Client, *user_ids: str, user_id_type: str = "open_id", **changes: Json) -> Reply:
    """Request free/busy of 2026-11-23 in Shanghai, overridden by ``changes``."""
    body = {**DAY, "user_ids": list(user_ids), **changes}
    return await client.call("POST", PATH, body, user_id_type=user_id_type)


@pytest.fixture
def idle(tenant: Tenant) -> User:
    return tenant.add_user("Li Na", open_id="ou_li", union_id="on_li", user_id="li")


@pytest.mark.parametrize("kind", ["open_id", "union_id", "user_id"])
async def test_each_person_has_a_list(client: Client, tenant: Tenant, user: User, idle: User, kind: str) -> None:
    tenant.book(user.open_id, TEN, ELEVEN)
    busy_id, idle_id = getattr(user, kind), getattr(idle, kind)

    data = (await ask(client, busy_id, idle_id, user_id_type=kind)).data

    assert data == {
        "freebusy_lists": [
            {"user_id": busy_id, "freebusy_items": [ROW]},
            {"user_id": idle_id, "freebusy_items": []},
        ]
    }


@pytest.mark.parametrize(
    ("variant", "shown"),
    [
        ("null", [{"user_id": "ou_li", "freebusy_items": None}]),
        ("missing_key", [{"user_id": "ou_li"}]),
        ("omitted", []),
    ],
)
async def test_an_idle_person(
    client: Client, tenant: Tenant, user: User, idle: User, variant: str, shown: Json
) -> None:
    tenant.variants.update({"idle_person": variant})
    tenant.book(user.open_id, TEN, ELEVEN)

    data = (await ask(client, user.open_id, idle.open_id)).data

    assert data["freebusy_lists"] == [{"user_id": user.open_id, "freebusy_items": [ROW]}, *shown]


async def test_options(client: Client, tenant: Tenant, user: User) -> None:
    tenant.book(user.open_id, TEN, ELEVEN, free=True)
    tenant.book(user.open_id, TEN, ELEVEN, external=True)
    tenant.book(user.open_id, TEN, ELEVEN, rsvp="decline")

    async def items(**options: Json) -> Json:
        return (await ask(client, user.open_id, **options)).data["freebusy_lists"][0]["freebusy_items"]

    assert len(await items()) == 1
    assert len(await items(only_busy=False)) == 2
    assert await items(include_external_calendar=False) == []
    assert [row["rsvp_status"] for row in await items(need_rsvp_status=True)] == ["accept", "decline"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        DAY,
        {"user_ids": ["ou_chen"]},
        {**DAY, "user_ids": "ou_chen"},
        {**DAY, "user_ids": [7]},
        {**DAY, "user_ids": ["ou_chen"], "time_min": 1795363200},
        {**DAY, "user_ids": ["ou_chen"], "only_busy": "true"},
        {**DAY, "user_ids": ["ou_chen"], "room_ids": []},
    ],
)
async def test_invalid_bodies_get_190002(client: Client, user: User, body: Json) -> None:
    assert (await client.call("POST", PATH, body)).outcome == (400, 190002)


async def test_a_wrong_kind_of_id(client: Client, user: User) -> None:
    assert (await ask(client, user.open_id, user_id_type="email")).outcome == (400, 190002)


async def test_1_to_10_people_are_allowed(client: Client, tenant: Tenant) -> None:
    ids = [tenant.add_user(f"Person {number}").open_id for number in range(11)]

    assert len((await ask(client, *ids[:10])).data["freebusy_lists"]) == 10
    assert (await ask(client, *ids)).outcome == (400, 198001)
    assert (await ask(client)).outcome == (400, 198001)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time_min": "2026-11-23T00:00:00"}, 198002),
        ({"time_max": "tomorrow"}, 198002),
        ({"time_max": DAY["time_min"]}, 198003),
        ({"time_max": "2026-12-07T00:00:01+08:00"}, 198003),
    ],
)
async def test_invalid_windows(client: Client, user: User, changes: Json, code: int) -> None:
    assert (await ask(client, user.open_id, **changes)).outcome == (400, code)


async def test_two_weeks_are_allowed(client: Client, user: User) -> None:
    assert (await ask(client, user.open_id, time_max="2026-12-07T00:00:00+08:00")).outcome == (200, 0)


async def test_an_unknown_person_fails_the_call(client: Client, user: User, room: Room) -> None:
    assert (await ask(client, user.open_id, "ou_none")).outcome == (404, 195100)
    assert (await ask(client, room.room_id)).outcome == (404, 195100)


async def test_an_unknown_person_may_be_left_out(client: Client, tenant: Tenant, user: User) -> None:
    tenant.variants.unknown_person = "left_out"

    data = (await ask(client, "ou_none", user.open_id)).data

    assert data == {"freebusy_lists": [{"user_id": user.open_id, "freebusy_items": []}]}


async def test_scopes_bot_and_quota_are_those_of_freebusy_list(client: Client, tenant: Tenant, user: User) -> None:
    tenant.quota_left = 1
    tenant.revoke("contact:user.employee_id:readonly")
    assert (await ask(client, "chen", user_id_type="user_id")).outcome == (400, 99991672)
    tenant.bot_enabled = False
    assert (await ask(client, user.open_id)).outcome == (404, 190007)
    tenant.revoke("calendar:calendar.free_busy:read")
    assert (await ask(client, user.open_id)).outcome == (400, 99991672)
    tenant.bot_enabled = True
    tenant.grant("calendar:calendar")
    assert (await ask(client, user.open_id)).outcome == (200, 0)
    assert (await ask(client, user.open_id)).outcome == (429, 99991403)
