"""The checks of the gateway and their order."""

import pytest

from simulator import Room, Tenant
from tests.simulator.client import FREEBUSY, Client, Json
from tests.simulator.conftest import Clock

LIMIT_HEADERS = ("x-ogw-ratelimit-limit", "x-ogw-ratelimit-reset")


def limit_headers(headers: dict[str, str]) -> list[str | None]:
    return [headers.get(name) for name in LIMIT_HEADERS]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "calendar/v4/freebusy/list"),
        ("POST", "vc/v1/rooms"),
        ("GET", "auth/v3/tenant_access_token/internal"),
        ("GET", "vc/v1/rooms/"),
        ("GET", "vc/v1/rooms/a/b"),
        ("GET", "nothing"),
        ("GET", "../vc/v1/rooms"),
    ],
)
async def test_unknown_path_or_method(client: Client, method: str, path: str) -> None:
    reply = await client.call(method, path, authorization="none needed")
    assert (reply.status, reply.body) == (404, "404 page not found")
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("Basic abc", 99991661),
        ("t-simabc", 99991661),
        ("Bearer", 99991661),
        ("Bearer t-simabc", 99991663),
        ("Bearer u-abc", 99991668),
        ("Bearer eyJabc", 99991668),
        ("Bearer abc", 99991671),
    ],
)
async def test_wrong_tokens(client: Client, authorization: str, code: int) -> None:
    for method, path in (("POST", FREEBUSY), ("GET", "vc/v1/rooms"), ("GET", "bot/v3/info")):
        reply = await client.call(method, path, authorization=authorization)
        assert reply.outcome == (400, code)
        assert reply.body["error"]["log_id"] == reply.headers["x-tt-logid"]


async def test_no_authorization_at_all(client: Client) -> None:
    assert (await client.send("GET", "/open-apis/bot/v3/info")).outcome == (400, 99991661)


async def test_order_of_checks(client: Client, tenant: Tenant, room: Room) -> None:
    """Start with everything wrong, then fix one thing after the other."""
    await client.get("bot/v3/info")
    tenant.expire_tokens()
    tenant.app_enabled = tenant.ip_allowed = tenant.bot_enabled = False
    tenant.quota_left = 0
    tenant.revoke("calendar:calendar.free_busy:read")

    async def outcome() -> tuple[int, int]:
        return (await client.freebusy(room_id=room.room_id, time_min="wrong")).outcome

    assert await outcome() == (400, 99991663)
    tenant.app_enabled = True
    client.token = ""
    client.token = (await client.ask_token()).body["tenant_access_token"]
    tenant.app_enabled = False
    assert await outcome() == (400, 99991662)
    tenant.app_enabled = True
    assert await outcome() == (400, 99991401)
    tenant.ip_allowed = True
    assert await outcome() == (429, 99991403)
    tenant.quota_left = None
    assert await outcome() == (400, 99991672)
    tenant.grant("calendar:calendar.free_busy:read")
    assert await outcome() == (404, 190007)
    tenant.bot_enabled = True
    assert await outcome() == (400, 190014)


async def test_denied_ip_may_be_403(client: Client, tenant: Tenant) -> None:
    tenant.ip_allowed = False
    tenant.variants.denied_ip_status = 403
    assert (await client.get("vc/v1/rooms")).outcome == (403, 99991401)


@pytest.mark.parametrize(
    ("status", "outcome"), [(0, 190007), (1, 190007), (2, 0), (3, 190007), (4, 0), (5, 190007), (6, 190007)]
)
async def test_a_bot_that_is_not_active(client: Client, tenant: Tenant, room: Room, status: int, outcome: int) -> None:
    tenant.bot_status = status
    assert (await client.freebusy(room_id=room.room_id)).body["code"] == outcome
    assert (await client.get("vc/v1/rooms")).outcome == (200, 0)


@pytest.mark.parametrize("scope", ["calendar:calendar", "calendar:calendar:readonly"])
async def test_any_one_scope_is_enough(client: Client, tenant: Tenant, room: Room, scope: str) -> None:
    tenant.revoke("calendar:calendar.free_busy:read")
    reply = await client.freebusy(room_id=room.room_id)
    assert reply.outcome == (400, 99991672)
    assert [violation["subject"] for violation in reply.body["error"]["permission_violations"]] == [
        "calendar:calendar",
        "calendar:calendar.free_busy:read",
        "calendar:calendar:readonly",
    ]
    tenant.grant(scope)
    assert (await client.freebusy(room_id=room.room_id)).outcome == (200, 0)


@pytest.mark.parametrize("path", ["vc/v1/rooms", "vc/v1/rooms/omm_none", "vc/v1/room_levels", "vc/v1/room_levels/0"])
async def test_rooms_require_their_scope(client: Client, tenant: Tenant, path: str) -> None:
    tenant.revoke("vc:room:readonly")
    reply = await client.get(path)
    assert reply.outcome == (400, 99991672)
    assert reply.body["msg"].startswith("Access denied. One of the following scopes is required: [vc:room, vc:room:r")
    assert f"https://open.feishu.cn/app/{tenant.app_id}/auth?q=vc:room,vc:room:readonly&" in reply.body["msg"]
    assert (await client.freebusy(room_id="omm_none")).outcome == (400, 190002)


@pytest.mark.parametrize(("shape", "keys"), [("scope_and_url", {"scope", "url"}), ("missing", None)])
async def test_shapes_of_permission_violations(client: Client, tenant: Tenant, shape: Json, keys: Json) -> None:
    tenant.revoke("vc:room:readonly")
    tenant.variants.permission_violations = shape
    violations = (await client.get("vc/v1/rooms")).body["error"].get("permission_violations")
    assert (None if violations is None else set(violations[0])) == keys


async def test_the_log_id_key_may_differ(client: Client, tenant: Tenant) -> None:
    tenant.variants.log_id_key = "logid"
    reply = await client.get("vc/v1/rooms/omm_none")
    assert reply.body["error"]["logid"] == reply.headers["x-tt-logid"]


async def test_50_calls_in_any_second(client: Client, tenant: Tenant, clock: Clock) -> None:
    for _ in range(49):
        assert (await client.get("vc/v1/rooms")).outcome == (200, 0)
    clock.advance(seconds=0.9)
    assert (await client.get("vc/v1/rooms")).outcome == (200, 0)
    reply = await client.get("vc/v1/rooms")
    assert reply.outcome == (429, 99991400)
    assert limit_headers(reply.headers) == ["50", "1"]
    assert [(violation.api, violation.limit) for violation in tenant.limit_violations] == [("GET vc/v1/rooms", 50)]
    # Another API has its own windows, and the token endpoint has none.
    assert (await client.get("vc/v1/room_levels")).outcome == (200, 0)
    clock.advance(seconds=0.1)
    for _ in range(49):
        assert (await client.get("vc/v1/rooms")).outcome == (200, 0)
    assert (await client.get("vc/v1/rooms")).outcome == (429, 99991400)


async def test_1000_calls_in_any_minute(client: Client, tenant: Tenant, clock: Clock) -> None:
    for _ in range(1000):
        tenant.limits.admit("GET vc/v1/rooms")
        clock.seconds += 1 / 32  # exact in binary; 31.25 s in all
    reply = await client.get("vc/v1/rooms")
    assert reply.outcome == (429, 99991400)
    assert limit_headers(reply.headers) == ["1000", "29"]
    clock.seconds += 28.75
    assert (await client.get("vc/v1/rooms")).outcome == (200, 0)


async def test_calls_that_fail_count_too(client: Client, tenant: Tenant) -> None:
    for _ in range(50):
        await client.get("vc/v1/rooms", authorization="Bearer t-wrong")
    assert (await client.get("vc/v1/rooms")).outcome == (429, 99991400)
    assert len(tenant.limit_violations) == 1


async def test_limits_can_be_switched_off(client: Client, tenant: Tenant) -> None:
    tenant.limits_enabled = False
    for _ in range(51):
        assert (await client.get("vc/v1/rooms")).outcome == (200, 0)
    assert tenant.limit_violations == []


@pytest.mark.parametrize("code", ["190004", "190005", "190010"])
async def test_product_codes_have_no_headers(client: Client, tenant: Tenant, code: Json) -> None:
    tenant.variants.rate_limit = code
    tenant.limits.windows = ((1, 1.0),)
    await client.get("vc/v1/rooms")
    reply = await client.get("vc/v1/rooms")
    assert reply.outcome == (429, int(code))
    assert limit_headers(reply.headers) == [None, None]


async def test_the_quota_counts_only_successful_calls(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.quota_left = 3
    for path in ("application/v6/scopes", "vc/v1/rooms/omm_none"):
        await client.get(path)
    await client.freebusy(room_id="omm_none")
    assert tenant.quota_left == 3
    await client.get("bot/v3/info")
    await client.get("vc/v1/rooms")
    await client.freebusy(room_id=room.room_id)
    assert tenant.quota_left == 0
    reply = await client.get("vc/v1/rooms")
    assert reply.outcome == (429, 99991403)
    assert reply.body["msg"] == "This month's API call quota has been exceeded"
    assert limit_headers(reply.headers) == [None, None]
    assert (await client.get("application/v6/scopes")).outcome == (200, 0)
