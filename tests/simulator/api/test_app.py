"""Tokens, scopes, bot."""

import pytest

from simulator import Tenant
from tests.simulator.client import TOKEN_PATH, Client, Json
from tests.simulator.conftest import Clock


@pytest.mark.parametrize("path", [TOKEN_PATH, f"{TOKEN_PATH}/"])
async def test_a_token_answer_has_no_data_envelope(client: Client, tenant: Tenant, path: str) -> None:
    credentials = {"app_id": tenant.app_id, "app_secret": tenant.app_secret}
    reply = await client.send("POST", f"/open-apis/{path}", json=credentials)
    assert reply.status == 200
    token = reply.body.pop("tenant_access_token")
    assert reply.body == {"code": 0, "msg": "ok", "expire": 7200}
    assert (await client.call("GET", "application/v6/scopes", authorization=f"Bearer {token}")).outcome == (200, 0)


async def test_the_same_token_while_30_minutes_are_left(client: Client, clock: Clock) -> None:
    first = (await client.ask_token()).body
    clock.advance(minutes=90)
    assert (await client.ask_token()).body == {**first, "expire": 1800}
    clock.advance(seconds=1)
    second = (await client.ask_token()).body
    assert second["tenant_access_token"] != first["tenant_access_token"]
    assert second["expire"] == 7200
    # Both are valid until the old one expires.
    for token, minutes in ((first, 29.9), (second, 119)):
        client.token = token["tenant_access_token"]
        clock.now, start = clock.now, clock.now
        clock.advance(minutes=minutes)
        assert (await client.get("bot/v3/info")).outcome == (200, 0)
        clock.now = start
    client.token = first["tenant_access_token"]
    clock.advance(minutes=30)
    assert (await client.get("bot/v3/info")).outcome == (400, 99991663)


@pytest.mark.parametrize(
    "changes", [{"app_id": ""}, {"app_id": "a1b2"}, {"app_id": 1}, {"app_secret": ""}, {"app_secret": None}]
)
async def test_malformed_credentials(client: Client, changes: dict[str, Json]) -> None:
    reply = await client.ask_token(**changes)
    assert (reply.status, reply.body) == (200, {"code": 10003, "data": {}, "msg": "invalid param"})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"app_id"'])
async def test_a_body_that_is_not_an_object(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    reply = await client.send("POST", f"/open-apis/{TOKEN_PATH}", data=body, headers=headers)
    assert reply.outcome == (200, 10003)


async def test_unknown_app(client: Client) -> None:
    reply = await client.ask_token(app_id="cli_ffffffffffffffff")
    assert (reply.status, reply.body) == (200, {"code": 10014, "msg": "app id not exists"})


async def test_wrong_secret(client: Client, tenant: Tenant) -> None:
    reply = await client.ask_token(app_secret="wrong")
    assert (reply.status, reply.body) == (200, {"code": 10014, "msg": "app secret invalid"})
    tenant.variants.wrong_secret_status = 400
    assert (await client.ask_token(app_secret="wrong")).outcome == (400, 10014)


async def test_a_disabled_app_gets_no_token(client: Client, tenant: Tenant) -> None:
    tenant.app_enabled = False
    assert (await client.ask_token()).outcome == (200, 10014)
    tenant.app_enabled = True
    assert (await client.ask_token()).outcome == (200, 0)


async def test_the_token_endpoint_ignores_the_ip_allow_list(client: Client, tenant: Tenant) -> None:
    tenant.ip_allowed = False
    assert (await client.ask_token()).outcome == (200, 0)


async def test_expired_tokens_are_followed_by_a_new_one(client: Client, tenant: Tenant) -> None:
    first = (await client.ask_token()).body
    tenant.expire_tokens()
    second = (await client.ask_token()).body
    assert second["tenant_access_token"] != first["tenant_access_token"]
    client.token = second["tenant_access_token"]
    assert (await client.get("bot/v3/info")).outcome == (200, 0)


async def test_a_stuck_token_is_reissued_although_it_is_invalid(client: Client, tenant: Tenant) -> None:
    first = (await client.ask_token()).body
    tenant.stuck_token = True
    tenant.expire_tokens()
    assert (await client.ask_token()).body == first
    client.token = first["tenant_access_token"]
    assert (await client.get("bot/v3/info")).outcome == (400, 99991663)
    tenant.stuck_token = False
    assert (await client.ask_token()).body["tenant_access_token"] != client.token


async def test_a_new_secret_revokes_old_tokens(client: Client, tenant: Tenant) -> None:
    await client.get("bot/v3/info")
    tenant.rotate_secret("new")
    assert (await client.ask_token(app_secret="simulated-secret-0001")).outcome == (200, 10014)
    assert (await client.get("bot/v3/info")).outcome == (400, 99991663)
    assert (await client.ask_token()).outcome == (200, 0)


async def test_a_new_secret_may_keep_old_tokens(client: Client, tenant: Tenant) -> None:
    tenant.variants.secret_rotation = "keeps_tokens"
    await client.get("bot/v3/info")
    tenant.rotate_secret("new")
    assert (await client.get("bot/v3/info")).outcome == (200, 0)


async def test_scopes(client: Client, tenant: Tenant) -> None:
    tenant.revoke("vc:room:readonly")
    tenant.grant("calendar:room")
    scopes = (await client.get("application/v6/scopes")).data["scopes"]
    assert {scope["scope_name"]: scope["grant_status"] for scope in scopes} == {
        "vc:room:readonly": 2,
        "calendar:calendar.free_busy:read": 1,
        "calendar:room:readonly": 1,
        "contact:user.employee_id:readonly": 1,
        "contact:user.id:readonly": 1,
        "calendar:room": 1,
    }


async def test_sensitive_scopes_are_not_requested(client: Client, tenant: Tenant) -> None:
    tenant.revoke("vc:room:readonly", "secret:one")
    tenant.sensitive_scopes = frozenset({"secret:one"})
    assert (await client.call("POST", "application/v6/scopes/apply")).outcome == (200, 0)
    assert tenant.scope_requests == [{"vc:room:readonly"}]
    tenant.grant("vc:room:readonly")
    assert (await client.call("POST", "application/v6/scopes/apply")).outcome == (400, 212001)


async def test_missing_scopes_are_requested_once(client: Client, tenant: Tenant) -> None:
    async def apply() -> tuple[int, int]:
        return (await client.call("POST", "application/v6/scopes/apply")).outcome

    assert await apply() == (400, 212002)
    tenant.revoke("vc:room:readonly")
    assert await apply() == (200, 0)
    assert await apply() == (400, 212004)
    for number in range(9):
        tenant.revoke(f"scope:{number}")
        assert await apply() == (200, 0)
    tenant.revoke("one:more")
    assert await apply() == (400, 212003)
    assert tenant.scope_requests[:2] == [{"vc:room:readonly"}, {"vc:room:readonly", "scope:0"}]
    assert len(tenant.scope_requests) == 10
    tenant.grant(*tenant.scopes)
    assert await apply() == (400, 212002)


async def test_a_bot_answer_has_no_data_envelope(client: Client, tenant: Tenant) -> None:
    tenant.bot_status = 3
    body = (await client.get("bot/v3/info")).body
    assert body["bot"].pop("open_id").startswith("ou_")
    bot = {"activate_status": 3, "app_name": "Meeting rooms", "avatar_url": "", "ip_white_list": []}
    assert body == {"code": 0, "msg": "ok", "bot": bot}


async def test_no_bot(client: Client, tenant: Tenant) -> None:
    tenant.bot_enabled = False
    assert (await client.get("bot/v3/info")).outcome == (400, 11205)


VERSIONS = "application/v6/applications/{}/app_versions"


async def test_versions_need_a_scope_and_list_the_subscribed_events(client: Client, tenant: Tenant) -> None:
    path = VERSIONS.format(tenant.app_id)
    assert (await client.get(path, lang="zh_cn")).outcome == (400, 99991672)
    tenant.grant("application:application.app_version:readonly")
    (version,) = (await client.get(path, lang="zh_cn")).data["items"]
    assert version["event_infos"] == [{"event_type": "meeting_room.meeting_room.status_changed_v1"}]
    assert version["status"] == 1
    tenant.variants.app_version = "under_review"
    (version,) = (await client.get(VERSIONS.format("me"), lang="zh_cn")).data["items"]
    assert version["status"] == 3
    assert (await client.get(VERSIONS.format("cli_0"), lang="zh_cn")).outcome == (400, 99992402)
    assert (await client.get(path)).outcome == (400, 99992402)
