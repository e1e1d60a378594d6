"""The simulator as seen by an independent client: Feishu's SDK."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zlib import crc32

import lark_oapi as lark
from lark_oapi.api.application.v6 import ApplyScopeRequest
from lark_oapi.api.calendar.v4 import (
    BatchFreebusyRequest,
    BatchFreebusyRequestBody,
    ListFreebusyRequest,
    ListFreebusyRequestBody,
    ListFreebusyRequestBodyBuilder,
    ListFreebusyResponse,
)
from lark_oapi.api.contact.v3 import BatchGetIdUserRequest, BatchGetIdUserRequestBody
from lark_oapi.api.vc.v1 import (
    GetRoomRequest,
    ListRoomLevelRequest,
    ListRoomRequest,
    MgetRoomLevelRequest,
    MgetRoomLevelRequestBody,
)
import pytest

from simulator import Room, Simulator, Tenant, User
from tests.simulator.client import DAY
from tests.simulator.conftest import Clock


@pytest.fixture
def tenant(clock: Clock, request: pytest.FixtureRequest) -> Tenant:
    """Return a separate tenant for each test: the SDK caches tokens by app id for the whole process."""
    return Tenant(app_id=f"cli_{crc32(request.node.name.encode()):016x}", clock=clock, monotonic=clock.monotonic)


@pytest.fixture
def sdk(simulator: Simulator, tenant: Tenant) -> lark.Client:
    builder = lark.Client.builder().app_id(tenant.app_id).app_secret(tenant.app_secret)
    return builder.domain(simulator.base_url).log_level(lark.LogLevel.ERROR).build()


async def ask[T](call: Callable[[], T]) -> T:
    """Run a blocking call of the SDK in a thread."""
    return await asyncio.to_thread(call)


def freebusy(sdk: lark.Client, fill: Callable[[ListFreebusyRequestBodyBuilder], object]) -> ListFreebusyResponse:
    """Request free/busy of ``DAY``; ``fill`` adds to the body."""
    body = ListFreebusyRequestBody.builder().time_min(DAY["time_min"]).time_max(DAY["time_max"])
    fill(body)
    request = ListFreebusyRequest.builder().user_id_type("open_id").request_body(body.build()).build()
    response: ListFreebusyResponse = sdk.calendar.v4.freebusy.list(request)
    return response


async def test_rooms_over_several_pages(sdk: lark.Client, tenant: Tenant, room: Room) -> None:
    expected = [room.room_id, *(tenant.add_room(f"Room {number}").room_id for number in range(24))]
    found: list[str] = []
    token = ""
    for page in range(3):
        builder = ListRoomRequest.builder().page_size(10)
        request = (builder.page_token(token) if token else builder).build()
        response = await ask(partial(sdk.vc.v1.room.list, request))
        assert response.success(), response.msg
        found += [item.room_id for item in response.data.rooms]
        assert response.data.has_more is (page < 2)
        token = response.data.page_token
    assert found == expected


async def test_a_room_and_its_level(sdk: lark.Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.disable_room(room.room_id, clock.now, clock.now + timedelta(hours=1), "Painting")
    response = await ask(lambda: sdk.vc.v1.room.get(GetRoomRequest.builder().room_id(room.room_id).build()))
    shown = response.data.room
    assert (shown.name, shown.capacity, [device.name for device in shown.device]) == ("Orion", 8, ["TV"])
    assert (shown.room_status.status, shown.room_status.disable_reason) == (False, "Painting")
    body = MgetRoomLevelRequestBody.builder().level_ids(shown.path).build()
    levels = await ask(lambda: sdk.vc.v1.room_level.mget(MgetRoomLevelRequest.builder().request_body(body).build()))
    assert [level.name for level in levels.data.items] == ["Tower A"]
    tops = await ask(lambda: sdk.vc.v1.room_level.list(ListRoomLevelRequest.builder().page_size(100).build()))
    assert [level.room_level_id for level in tops.data.items] == shown.path


async def test_free_busy_of_a_room(sdk: lark.Client, tenant: Tenant, room: Room) -> None:
    start = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    tenant.book(room.room_id, start, start + timedelta(hours=1))
    tenant.book(room.room_id, start, start + timedelta(hours=2), rsvp="needs_action")
    response = await ask(lambda: freebusy(sdk, lambda body: body.room_id(room.room_id).need_rsvp_status(True)))
    assert response.success(), response.msg
    assert [(row.start_time, row.end_time, row.rsvp_status) for row in response.data.freebusy_list] == [
        ("2026-11-23T10:00:00+08:00", "2026-11-23T11:00:00+08:00", "accept"),
        ("2026-11-23T10:00:00+08:00", "2026-11-23T12:00:00+08:00", "needs_action"),
    ]


async def test_free_busy_of_a_person(sdk: lark.Client, tenant: Tenant, user: User) -> None:
    start = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    tenant.book(user.open_id, start, start + timedelta(hours=1))
    response = await ask(lambda: freebusy(sdk, lambda body: body.user_id(user.open_id)))
    (row,) = response.data.freebusy_list
    assert (row.start_time, row.rsvp_status) == ("2026-11-23T10:00:00+08:00", None)


async def test_free_busy_of_several_people(sdk: lark.Client, tenant: Tenant, user: User) -> None:
    start = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
    tenant.book(user.open_id, start, start + timedelta(hours=1), rsvp="tentative")
    idle = tenant.add_user("Li Na")
    body = BatchFreebusyRequestBody.builder().time_min(DAY["time_min"]).time_max(DAY["time_max"])
    body.user_ids([user.open_id, idle.open_id]).need_rsvp_status(True)
    request = BatchFreebusyRequest.builder().user_id_type("open_id").request_body(body.build()).build()
    response = await ask(lambda: sdk.calendar.v4.freebusy.batch(request))
    assert response.success(), response.msg
    lists = {item.user_id: item.freebusy_items for item in response.data.freebusy_lists}
    (row,) = lists.pop(user.open_id)
    assert (row.start_time, row.rsvp_status) == ("2026-11-23T10:00:00+08:00", "tentative")
    assert lists == {idle.open_id: []}


async def test_ids_by_address_and_number(sdk: lark.Client, tenant: Tenant) -> None:
    user = tenant.add_user("Li Na", email="li.na@example.com", mobile="+12025550102")
    body = BatchGetIdUserRequestBody.builder().emails([user.email, "nobody@example.com"]).mobiles([user.mobile])
    request = BatchGetIdUserRequest.builder().user_id_type("open_id").request_body(body.build()).build()
    response = await ask(lambda: sdk.contact.v3.user.batch_get_id(request))
    assert response.success(), response.msg
    assert [(row.email or row.mobile, row.user_id) for row in response.data.user_list] == [
        (user.email, user.open_id),
        ("nobody@example.com", None),
        (user.mobile, user.open_id),
    ]


async def test_missing_scopes_can_be_requested_once(sdk: lark.Client, tenant: Tenant) -> None:
    tenant.revoke("calendar:room:readonly")
    responses = [
        await ask(lambda: sdk.application.v6.scope.apply(ApplyScopeRequest.builder().build())) for _ in range(2)
    ]
    assert [response.code for response in responses] == [0, 212004]
    assert tenant.scope_requests == [{"calendar:room:readonly"}]


async def test_an_unknown_room_is_an_error_with_a_log_id(sdk: lark.Client) -> None:
    response = await ask(lambda: freebusy(sdk, lambda body: body.room_id("omm_none")))
    assert not response.success()
    assert (response.raw.status_code, response.code) == (400, 190002)
    assert response.get_log_id() == response.error["log_id"]


async def test_an_invalid_time_is_named_in_the_error_details(sdk: lark.Client, room: Room) -> None:
    response = await ask(lambda: freebusy(sdk, lambda body: body.room_id(room.room_id).time_max("tomorrow")))
    assert (response.raw.status_code, response.code) == (400, 190014)
    assert "time_max(tomorrow)" in response.error["details"][0]["value"]


async def test_a_missing_scope_is_named_in_the_error(sdk: lark.Client, tenant: Tenant) -> None:
    tenant.revoke("vc:room:readonly")
    response = await ask(lambda: sdk.vc.v1.room.list(ListRoomRequest.builder().build()))
    assert response.code == 99991672
    assert [violation["subject"] for violation in response.error["permission_violations"]] == [
        "vc:room",
        "vc:room:readonly",
    ]


async def test_a_wrong_secret_gets_no_token(simulator: Simulator, tenant: Tenant) -> None:
    builder = lark.Client.builder().app_id(tenant.app_id).app_secret("wrong").domain(simulator.base_url)
    client = builder.log_level(lark.LogLevel.CRITICAL).build()
    with pytest.raises(lark.exception.ObtainAccessTokenException, match="10014"):
        await ask(lambda: client.vc.v1.room.list(ListRoomRequest.builder().build()))
