"""An app is made by scanning a code, against the simulated accounts server."""

import asyncio
from base64 import urlsafe_b64decode
import gzip
import json
import logging
from typing import cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from yarl import URL

from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL, accounts_url_of
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    ServerError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.grants import USER_SCOPES, DeviceCode, GrantError, GrantProblem
from custom_components.feishu_freebusy.feishu.hints import STATUS_CHANGED
from custom_components.feishu_freebusy.feishu.registration import APP_EVENTS, APP_SCOPES, RegisteredApp, Registration
from simulator import Fault, Simulator, Tenant

from .scripted import Session

PATH = "app/registration"


@pytest.fixture
def registration(session: aiohttp.ClientSession, simulator: Simulator) -> Registration:
    return Registration(session, accounts_url=simulator.base_url, name="Home Assistant")


async def choose(session: aiohttp.ClientSession, device: DeviceCode, decision: str) -> None:
    """Press a button on the page."""
    fields = {**URL(device.url).query, "decision": decision, "open_id": "ou_1"}
    async with session.post(device.url.partition("?")[0], data=fields) as response:
        assert "Done" in await response.text()


async def problem_of(registration: Registration, device: DeviceCode) -> GrantProblem:
    with pytest.raises(GrantError) as caught:
        await registration.poll(device)
    return caught.value.problem


async def test_a_person_makes_the_app(
    registration: Registration, session: aiohttp.ClientSession, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device = await registration.begin()
    assert (device.lifetime, device.interval) == (600, 5)
    assert await registration.poll(device) is None
    await choose(session, device, "allow")

    app = await registration.poll(device)

    assert app == RegisteredApp(tenant.app_id, tenant.app_secret, is_lark=False)
    assert tenant.app_secret not in f"{app} {caplog.text}"
    assert device.device_code not in f"{device} {caplog.text}"
    assert tenant.scopes == dict.fromkeys(APP_SCOPES, True)
    assert tenant.consents.user_scopes == {*USER_SCOPES}
    assert tenant.push.subscribed == {*APP_EVENTS}
    assert tenant.app_name == "Home Assistant"


async def test_the_page_is_asked_for_no_more_than_the_integration_uses(registration: Registration) -> None:
    query = parse_qs(urlsplit((await registration.begin()).url).query)
    (encoded,) = query["addons"]
    addons = json.loads(gzip.decompress(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))

    assert addons["preset"] is False
    assert {"vc:room:readonly", "calendar:room:readonly", "calendar:calendar.event:create"} < {*APP_SCOPES}
    assert "calendar:room" not in APP_SCOPES
    assert addons["scopes"] == {"tenant": [*APP_SCOPES], "user": [*USER_SCOPES]}
    assert addons["events"]["items"]["tenant"][0] == STATUS_CHANGED
    assert query["user_code"]
    assert query["createOnly"] == ["true"]


async def test_a_poll_may_be_told_to_slow_down(registration: Registration, tenant: Tenant) -> None:
    tenant.variants.registration_polls = "slow_down"
    device = await registration.begin()

    assert await registration.poll(device) is None
    assert device.interval == 10


async def test_an_app_of_lark_comes_from_larks_server(
    registration: Registration, session: aiohttp.ClientSession, tenant: Tenant
) -> None:
    tenant.variants.registration_brand = "lark"
    device = await registration.begin()
    await choose(session, device, "allow")

    assert await registration.poll(device) == RegisteredApp(tenant.app_id, tenant.app_secret, is_lark=True)


@pytest.mark.parametrize("start", [FEISHU_URL, LARK_URL])
def test_the_server_changes_only_from_feishu_to_lark(start: str) -> None:
    session = Session(400, {"error": "authorization_pending", "user_info": {"tenant_brand": "lark"}})
    accounts_url, lark = accounts_url_of(start), accounts_url_of(LARK_URL)
    assert accounts_url is not None
    registration = Registration(cast("aiohttp.ClientSession", session), accounts_url=accounts_url, name="x")

    async def play() -> None:
        for _ in range(2):
            assert await registration.poll(DeviceCode("d", "u", accounts_url, 600, 5)) is None

    asyncio.run(play())
    assert [sent.url.removesuffix("/oauth/v1/app/registration") for sent in session.sent] == [accounts_url, lark, lark]


def test_an_app_of_lark_may_come_at_once() -> None:
    body = {"client_id": "cli_1", "client_secret": "s", "user_info": {"tenant_brand": "lark"}}
    session = Session(body=body)
    registration = Registration(cast("aiohttp.ClientSession", session), accounts_url="https://a.example", name="x")

    app = asyncio.run(registration.poll(DeviceCode("d", "u", "", 600, 5)))

    assert app == RegisteredApp("cli_1", "s", is_lark=True)
    assert len(session.sent) == 1


async def test_a_refused_and_an_expired_code_have_their_problem(
    registration: Registration, session: aiohttp.ClientSession, tenant: Tenant
) -> None:
    denied, expired = await registration.begin(), await registration.begin()
    await choose(session, denied, "deny")

    assert await problem_of(registration, denied) is GrantProblem.DENIED
    tenant.registrations.expire()
    assert await problem_of(registration, expired) is GrantProblem.EXPIRED
    assert await problem_of(registration, DeviceCode("x", "x", "", 1, 1)) is GrantProblem.EXPIRED


async def test_a_server_that_offers_no_secret_makes_no_app(registration: Registration, tenant: Tenant) -> None:
    tenant.variants.registration_methods = "none"

    with pytest.raises(GrantError) as caught:
        await registration.begin()
    assert caught.value.problem is GrantProblem.REQUEST


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.html(502), ServerError),
        (Fault.body(200, []), UnreadableAnswerError),
        (Fault.body(400, {"error": "invalid_request"}), GrantError),
        (Fault.close(), NotReachableError),
    ],
)
@pytest.mark.parametrize("action", ["init", "begin"])
async def test_failures_at_the_start(
    registration: Registration, tenant: Tenant, action: str, fault: Fault, kind: type[FeishuError]
) -> None:
    tenant.inject(fault, PATH, when=lambda call: isinstance(call.body, dict) and call.body["action"] == action)

    with pytest.raises(kind):
        await registration.begin()


@pytest.mark.parametrize(
    "body", [{}, {"client_id": "cli_1"}, {"client_id": "cli_1", "client_secret": 7}, {"user_info": "x"}]
)
async def test_an_answer_without_an_app_is_unreadable(registration: Registration, tenant: Tenant, body: object) -> None:
    device = await registration.begin()
    tenant.inject(Fault.body(200, body), PATH)

    with pytest.raises(UnreadableAnswerError):
        await registration.poll(device)
