"""Feishu's SDK makes an app by scanning a code, and calls with the token of a person."""

import asyncio
from typing import Any

import lark_oapi as lark
from lark_oapi.api.authen.v1 import GetUserInfoRequest
from lark_oapi.api.calendar.v4 import PrimaryCalendarRequest
from lark_oapi.api.vc.v1 import SearchRoomRequest, SearchRoomRequestBody
from lark_oapi.scene import registration
import pytest
from yarl import URL

from simulator import Room, Simulator, Tenant, User
from simulator.consents import USER_SCOPES
from tests.simulator.client import Client

SCOPES = ["vc:room:readonly", "calendar:room:readonly"]


@pytest.mark.parametrize("brand", ["feishu", "lark"])
async def test_the_sdk_makes_an_app(
    simulator: Simulator, client: Client, tenant: Tenant, user: User, brand: Any
) -> None:
    tenant.variants.registration_brand = brand
    tenant.registrations.interval = 0
    loop, tasks = asyncio.get_running_loop(), []

    async def scan(url: str) -> None:
        fields = dict(URL(url).query)
        path = url.removeprefix(simulator.base_url).partition("?")[0]
        await client.send("POST", path, data={**fields, "decision": "allow", "open_id": user.open_id})

    def show(code: dict[str, Any]) -> None:
        tasks.append(asyncio.run_coroutine_threadsafe(scan(code["url"]), loop))

    made = await asyncio.to_thread(
        lambda: registration.register_app(
            on_qr_code=show,
            domain=simulator.base_url,
            lark_domain=simulator.base_url,
            addons={"preset": False, "scopes": {"tenant": SCOPES, "user": ["offline_access"]}},
        )
    )

    assert (made["client_id"], made["client_secret"]) == (tenant.app_id, tenant.app_secret)
    assert made["user_info"] == {"open_id": user.open_id, "tenant_brand": brand}
    assert tenant.scopes == dict.fromkeys(SCOPES, True)
    assert tenant.consents.user_scopes == {"offline_access"}


async def test_the_sdk_calls_with_the_token_of_a_person(
    simulator: Simulator, tenant: Tenant, user: User, room: Room
) -> None:
    code = tenant.consents.new_code(user.open_id, USER_SCOPES, "https://example.com", "", "")
    tokens = tenant.consents.exchange(code, "https://example.com", None, checks_pkce=True)
    sdk = (
        lark.Client.builder()
        .app_id(tenant.app_id)
        .app_secret(tenant.app_secret)
        .domain(simulator.base_url)
        .enable_set_token(enable_set_token=True)
        .build()
    )
    option = lark.RequestOption.builder().user_access_token(str(tokens["access_token"])).build()
    search = SearchRoomRequest.builder().request_body(SearchRoomRequestBody.builder().page_size(10).build()).build()

    info = await asyncio.to_thread(lambda: sdk.authen.v1.user_info.get(GetUserInfoRequest.builder().build(), option))
    primary = await asyncio.to_thread(
        lambda: sdk.calendar.v4.calendar.primary(PrimaryCalendarRequest.builder().build(), option)
    )
    rooms = await asyncio.to_thread(lambda: sdk.vc.v1.room.search(search, option))

    assert (info.data.open_id, info.data.name) == (user.open_id, user.name)
    assert primary.data.calendars[0].user_id == user.open_id
    assert [each.room_id for each in rooms.data.rooms] == [room.room_id]
