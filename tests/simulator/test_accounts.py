"""The accounts server: pages of the consent, tokens, device codes, revocation, apps made by scanning."""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
import gzip
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from simulator import Tenant, User
from simulator.consents import USER_SCOPES
from tests.simulator.client import Client, Json, Reply
from tests.simulator.conftest import Clock

AUTHORIZE = "/open-apis/authen/v1/authorize"
TOKEN, TOKEN_V2 = "/oauth/v3/token", "/open-apis/authen/v2/oauth/token"
DEVICE, VERIFY, REVOKE = "/oauth/v1/device_authorization", "/oauth/v1/device/verify", "/oauth/v1/revoke"
USER_INFO, REGISTER, LAUNCHER = "authen/v1/user_info", "/oauth/v1/app/registration", "/page/launcher"
REDIRECT = "https://my.home-assistant.io/redirect/oauth"
VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@dataclass
class Accounts:
    """Does what a person and an app do on the accounts server."""

    client: Client
    tenant: Tenant
    user: User

    def query(self, **changes: Json) -> dict[str, str]:
        """Return the query of the consent's page."""
        asked = {
            "client_id": self.tenant.app_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": " ".join(USER_SCOPES),
            "state": "s&1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return {name: value for name, value in asked.items() if value is not None}

    async def page(self, **changes: Json) -> str:
        reply = await self.client.send("GET", AUTHORIZE, params=self.query(**changes))
        assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert isinstance(reply.body, str)
        return reply.body

    async def decide(self, decision: str = "allow", **changes: Json) -> Reply:
        fields = {"open_id": self.user.open_id, **self.query(**changes), "decision": decision}
        return await self.client.send("POST", AUTHORIZE, data=fields)

    async def code(self, **changes: Json) -> str:
        """Return the code of a consent."""
        location = urlsplit((await self.decide(**changes)).headers["location"])
        return parse_qs(location.query)["code"][0]

    async def token(self, path: str = TOKEN, **fields: Json) -> Reply:
        body = {"client_id": self.tenant.app_id, "client_secret": self.tenant.app_secret, **fields}
        return await self.client.send("POST", path, json={k: v for k, v in body.items() if v is not None})

    async def exchange(self, code: str, path: str = TOKEN, **changes: Json) -> Reply:
        fields = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        return await self.token(path, grant_type="authorization_code", code=code, **fields)

    async def refresh(self, refresh_token: str, **fields: Json) -> Reply:
        return await self.token(grant_type="refresh_token", refresh_token=refresh_token, **fields)

    async def link(self) -> dict[str, Any]:
        """Return the tokens of a new consent."""
        reply = await self.exchange(await self.code())
        assert reply.outcome == (200, 0), reply.body
        body: dict[str, Any] = reply.body
        return body

    async def form(self, path: str, authorization: str = "", **fields: Json) -> Reply:
        headers = {"Authorization": authorization} if authorization else {}
        return await self.client.send("POST", path, data=fields, headers=headers)

    @property
    def basic(self) -> str:
        return "Basic " + b64encode(f"{self.tenant.app_id}:{self.tenant.app_secret}".encode()).decode()

    async def begin_device(self, scope: str = " ".join(USER_SCOPES)) -> Reply:
        return await self.form(DEVICE, self.basic, client_id=self.tenant.app_id, scope=scope)

    async def poll(self, device_code: str) -> Reply:
        return await self.form(
            TOKEN,
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            device_code=device_code,
            client_id=self.tenant.app_id,
            client_secret=self.tenant.app_secret,
        )


@pytest.fixture
def accounts(client: Client, tenant: Tenant, user: User) -> Accounts:
    return Accounts(client, tenant, user)


# --- Pages ------------------------------------------------------------------------------------------------------------


async def test_the_page_of_a_consent_offers_its_buttons(accounts: Accounts, tenant: Tenant) -> None:
    tenant.add_user("<Li>")
    page = await accounts.page()

    assert re.findall(r'value="(\w+)" id="\w+">', page) == ["allow", "deny", "20027", "20029"]
    assert "&lt;Li&gt;" in page
    assert "<Li>" not in page
    assert all(f"<code>{scope}</code>" in page for scope in USER_SCOPES)
    assert 'name="state" value="s&amp;1"' in page


async def test_a_consent_goes_back_with_a_code_or_an_error(accounts: Accounts) -> None:
    allowed = await accounts.decide()
    denied = await accounts.decide("deny", redirect_uri=f"{REDIRECT}?a=1")

    assert (allowed.status, denied.status) == (302, 302)
    allowed_to, denied_to = (urlsplit(reply.headers["location"]) for reply in (allowed, denied))
    assert f"{allowed_to.scheme}://{allowed_to.netloc}{allowed_to.path}" == REDIRECT
    query = parse_qs(allowed_to.query)
    assert query.keys() == {"code", "state"}
    assert query["state"] == ["s&1"]
    assert re.fullmatch(r"[\w-]{64,}", query["code"][0])
    assert parse_qs(denied_to.query) == {"a": ["1"], "error": ["access_denied"], "state": ["s&1"]}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "cli_ffffffffffff0000"}, 20048),
        ({"response_type": "token"}, 20001),
        ({"redirect_uri": None}, 20001),
        ({"redirect_uri": "/here"}, 20001),
        ({"scope": "im:message"}, 20027),
        ({"scope": " ".join(["vc:room:readonly"] * 51)}, 20027),
    ],
)
async def test_other_errors_stay_on_the_page(accounts: Accounts, changes: dict[str, Json], code: int) -> None:
    assert f"Code: {code}" in await accounts.page(**changes)
    reply = await accounts.decide(**changes)
    assert reply.status == 200
    assert f"Code: {code}" in reply.body


async def test_buttons_show_errors_that_never_go_back(accounts: Accounts) -> None:
    for code in ("20027", "20029"):
        reply = await accounts.decide(code)
        assert (reply.status, "location" in reply.headers) == (200, False)
        assert f"Code: {code}" in reply.body


async def test_the_console_decides_which_urls_scopes_and_people_are_allowed(
    accounts: Accounts, tenant: Tenant, client: Client
) -> None:
    await client.control("consents", redirect_urls=["https://other.example.com/x"])
    assert "Code: 20029" in await accounts.page()
    await client.control("consents", redirect_urls=[REDIRECT])
    assert "Code" not in await accounts.page(redirect_uri=f"{REDIRECT}?a=1#b")  # these parts are ignored
    await client.control("consents", redirect_urls=None, user_scopes=["offline_access"])
    assert "Code: 20027" in await accounts.page()
    await client.control("consents", user_scopes=list(USER_SCOPES), unavailable=[accounts.user.open_id])
    assert "Code: 20010" in (await accounts.decide()).body
    tenant.app_enabled = False
    assert "Code: 20069" in await accounts.page()


async def test_paths_of_the_accounts_server_have_their_methods(client: Client) -> None:
    assert (await client.send("GET", TOKEN)).status == 404


# --- Codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TOKEN, TOKEN_V2])
async def test_a_code_gives_tokens_once(accounts: Accounts, path: str) -> None:
    code = await accounts.code()
    reply = await accounts.exchange(code, path)

    assert reply.outcome == (200, 0)
    assert reply.body | {"access_token": "", "refresh_token": ""} == {
        "code": 0,
        "access_token": "",
        "expires_in": 7200,
        "refresh_token": "",
        "refresh_token_expires_in": 604800,
        "scope": " ".join(sorted(USER_SCOPES)),
        "token_type": "Bearer",
    }
    assert all(reply.body[name].startswith("eyJ") for name in ("access_token", "refresh_token"))
    assert (await accounts.exchange(code, path)).outcome == (400, 20065)


async def test_a_form_is_as_good_as_json(accounts: Accounts, tenant: Tenant) -> None:
    fields = {"client_id": tenant.app_id, "client_secret": tenant.app_secret, "redirect_uri": REDIRECT}
    reply = await accounts.form(
        TOKEN, grant_type="authorization_code", code=await accounts.code(), code_verifier=VERIFIER, **fields
    )

    assert reply.outcome == (200, 0)


@pytest.mark.parametrize(
    ("asked", "sent", "v3", "v2"),
    [
        ({}, {"code_verifier": None}, 20049, 20049),
        ({}, {"code_verifier": "w" * 43}, 20049, 20049),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, {}, 0, 0),
        ({"code_challenge": "short"}, {"code_verifier": "short"}, 20049, 20049),
        ({"code_challenge": None}, {}, 20049, 0),
        ({"code_challenge": None}, {"code_verifier": None}, 0, 0),
        ({}, {"redirect_uri": f"{REDIRECT}/"}, 20071, 20071),
        ({}, {"code": "nobody's"}, 20003, 20003),
        ({}, {"code": None}, 20001, 20001),
        ({}, {"grant_type": "password"}, 20036, 20036),
        ({}, {"client_id": "cli_ffffffffffff0000"}, 20048, 20048),
        ({}, {"client_secret": "wrong"}, 20002, 20002),
        ({}, {"client_secret": None}, 20001, 20001),
    ],
)
async def test_a_code_is_checked(
    accounts: Accounts, asked: dict[str, Json], sent: dict[str, Json], v3: int, v2: int
) -> None:
    for path, code in ((TOKEN, v3), (TOKEN_V2, v2)):
        fields = {"grant_type": "authorization_code", "code": await accounts.code(**asked), "redirect_uri": REDIRECT}
        reply = await accounts.token(path, **{**fields, "code_verifier": VERIFIER, **sent})
        assert reply.outcome == (400 if code else 200, code)


async def test_a_code_lasts_five_minutes(accounts: Accounts, clock: Clock) -> None:
    code = await accounts.code()
    clock.advance(minutes=5)
    assert (await accounts.exchange(code)).outcome == (400, 20004)


async def test_the_secret_comes_in_one_place(accounts: Accounts) -> None:
    reply = await accounts.form(TOKEN, accounts.basic, grant_type="refresh_token", client_secret="x")
    assert reply.outcome == (400, 20070)
    assert (await accounts.client.send("POST", TOKEN, data="nonsense")).outcome == (400, 20063)
    for header in ("Basic !", "Bearer x"):
        assert (await accounts.form(TOKEN, header, grant_type="refresh_token")).outcome == (400, 20001)


async def test_a_disabled_app_gets_no_tokens(accounts: Accounts, tenant: Tenant) -> None:
    tenant.app_enabled = False
    assert (await accounts.refresh("eyJ")).outcome == (400, 20069)


async def test_grants_of_a_person_add_up(accounts: Accounts, tenant: Tenant) -> None:
    first = await accounts.exchange(await accounts.code(scope="offline_access"))
    second = await accounts.exchange(await accounts.code(scope="vc:room:readonly"))

    assert (first.body["scope"], second.body["scope"]) == ("offline_access", "offline_access vc:room:readonly")
    tenant.variants.second_consent = "revokes"
    await accounts.link()
    assert (await accounts.refresh(first.body["refresh_token"])).outcome == (400, 20064)


# --- Refresh ----------------------------------------------------------------------------------------------------------


async def test_a_refresh_token_works_once_and_old_access_tokens_work_on(accounts: Accounts) -> None:
    tokens = await accounts.link()
    reply = await accounts.refresh(tokens["refresh_token"])

    assert reply.outcome == (200, 0)
    assert len({tokens["access_token"], reply.body["access_token"]}) == 2
    assert (await accounts.refresh(tokens["refresh_token"])).outcome == (400, 20073)
    assert (await accounts.refresh(reply.body["refresh_token"])).outcome == (200, 0)
    for token in (tokens["access_token"], reply.body["access_token"]):
        assert (await user_info(accounts, token))["code"] == 0


async def user_info(accounts: Accounts, token: str) -> Json:
    reply = await accounts.client.get(USER_INFO, authorization=f"Bearer {token}")
    assert reply.status == 200
    return reply.body


async def test_tokens_and_the_grant_have_their_lifetimes(accounts: Accounts, clock: Clock) -> None:
    tokens = await accounts.link()
    clock.advance(hours=2)
    assert (await user_info(accounts, tokens["access_token"]))["code"] == 20005
    clock.advance(days=6)
    refresh_token = (await accounts.refresh(tokens["refresh_token"])).body["refresh_token"]
    for _ in range(59):  # kept alive until the consent is 365 days old
        clock.advance(days=6)
        refresh_token = (await accounts.refresh(refresh_token)).body["refresh_token"]
    clock.advance(days=6)
    assert (await accounts.refresh(refresh_token)).outcome == (400, 20037)
    unused = await accounts.link()
    clock.advance(days=7)
    assert (await accounts.refresh(unused["refresh_token"])).outcome == (400, 20037)


async def test_lifetimes_can_be_scaled(accounts: Accounts, client: Client) -> None:
    await client.control("consents", access_lifetime=60.0, refresh_lifetime=120.0)
    tokens = await accounts.link()
    assert (tokens["expires_in"], tokens["refresh_token_expires_in"]) == (60, 120)


async def test_a_refresh_may_narrow_the_scopes(accounts: Accounts) -> None:
    token = (await accounts.link())["refresh_token"]

    assert (await accounts.refresh(token, scope="offline_access offline_access")).outcome == (400, 20067)
    assert (await accounts.refresh(token, scope="im:message")).outcome == (400, 20068)
    assert (await accounts.refresh(token, scope="vc:room:readonly")).body["scope"] == "vc:room:readonly"


@pytest.mark.parametrize("case", ["unknown", "switched off", "left", "suspended", "unavailable", "revoked"])
async def test_who_cannot_refresh(accounts: Accounts, tenant: Tenant, client: Client, case: str) -> None:
    token, open_id = (await accounts.link())["refresh_token"], accounts.user.open_id
    match case:
        case "unknown":
            token = "eyJunknown"
        case "switched off":
            await client.control("consents", may_refresh=False)
        case "left":
            tenant.delete_user(open_id)
        case "revoked":
            await client.control("consents/revoke", open_id=open_id)
        case _:
            await client.control("consents", **{case: [open_id]})
    codes = {"unknown": 20026, "switched off": 20074, "left": 20008, "suspended": 20066, "unavailable": 20010}

    assert (await accounts.refresh(token)).outcome == (400, codes.get(case, 20064))


# --- Variants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variants", "outcome"),
    [
        ({"token_trouble": "20050"}, (500, 20050)),
        ({"token_trouble": "20072"}, (503, 20072)),
        ({"token_trouble": "99991400"}, (400, 99991400)),
        ({"token_trouble": "21001"}, (400, 21001)),
        ({"grant_error_status": 200}, (200, 20026)),
    ],
)
async def test_variants_of_failures(
    accounts: Accounts, tenant: Tenant, variants: dict[str, Json], outcome: tuple[int, int]
) -> None:
    tenant.variants.update(variants)
    assert (await accounts.refresh("eyJ")).outcome == outcome


async def test_a_failure_may_be_a_web_page_or_have_no_code(accounts: Accounts, tenant: Tenant) -> None:
    tenant.variants.token_trouble = "html"
    reply = await accounts.refresh("eyJ")
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html; charset=utf-8")
    tenant.variants.update({"token_trouble": "none", "grant_errors": "name_only"})
    assert (await accounts.refresh("eyJ")).body.keys() == {"error", "error_description"}


@pytest.mark.parametrize(("challenge", "host"), [("own", "127.0.0.1"), ("foreign", "feishu.example.com")])
async def test_a_policy_names_a_page(accounts: Accounts, tenant: Tenant, challenge: Json, host: str) -> None:
    tenant.variants.update({"token_trouble": "21000", "challenge": challenge})
    reply = await accounts.refresh("eyJ")
    assert urlsplit(reply.body["challenge_url"]).hostname == host
    tenant.variants.challenge = "missing"
    assert "challenge_url" not in (await accounts.refresh("eyJ")).body


@pytest.mark.parametrize("code", ["20004", "20065"])
async def test_a_code_may_be_refused(accounts: Accounts, tenant: Tenant, code: Json) -> None:
    tenant.variants.consent_code = code
    assert (await accounts.exchange(await accounts.code())).outcome == (400, int(code))


async def test_pkce_may_be_off(accounts: Accounts, tenant: Tenant) -> None:
    tenant.variants.pkce = "off"
    assert (await accounts.exchange(await accounts.code(), code_verifier="wrong")).outcome == (200, 0)


async def test_a_lost_answer_has_used_up_the_refresh_token(accounts: Accounts, tenant: Tenant) -> None:
    token = (await accounts.link())["refresh_token"]
    tenant.variants.refresh_answer = "lost"

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await accounts.refresh(token)

    tenant.variants.refresh_answer = "sent"
    assert (await accounts.refresh(token)).outcome == (400, 20073)
    assert tenant.requests[-2].status == 0


async def test_an_answer_may_be_late(accounts: Accounts, tenant: Tenant, client: Client) -> None:
    token = (await accounts.link())["refresh_token"]
    await client.control("consents", late=0.01)
    tenant.variants.refresh_answer = "late"
    assert (await accounts.refresh(token)).outcome == (200, 0)


async def test_a_used_refresh_token_may_have_a_grace_or_another_code(
    accounts: Accounts, tenant: Tenant, clock: Clock
) -> None:
    token = (await accounts.link())["refresh_token"]
    tenant.variants.refresh_grace = "30s"
    first = await accounts.refresh(token)
    assert (await accounts.refresh(token)).body == first.body
    clock.advance(seconds=31)
    tenant.variants.used_refresh_token = "20064"
    assert (await accounts.refresh(token)).outcome == (400, 20064)


async def test_answers_may_have_no_refresh_token(accounts: Accounts, tenant: Tenant) -> None:
    tenant.variants.refresh_tokens = "left_out"
    assert "refresh_token" not in await accounts.link()
    tenant.variants.refresh_tokens = "kept"
    token = (await accounts.link())["refresh_token"]
    for _ in range(2):
        reply = await accounts.refresh(token)
        assert reply.outcome == (200, 0)
        assert "refresh_token" not in reply.body


@pytest.mark.parametrize(("kind", "shown"), [("text", "7200"), ("zero", 0), ("missing", None)])
async def test_lifetimes_may_be_odd(accounts: Accounts, tenant: Tenant, kind: Json, shown: object) -> None:
    tenant.variants.lifetimes = kind
    tokens = await accounts.link()
    assert tokens.get("expires_in") == shown
    assert ("refresh_token_expires_in" in tokens) is (kind != "missing")


@pytest.mark.parametrize("kind", ["bearer", "DPoP"])
async def test_tokens_may_have_another_type(accounts: Accounts, tenant: Tenant, kind: Json) -> None:
    tenant.variants.token_type = kind
    assert (await accounts.link())["token_type"] == kind


async def test_a_person_may_grant_less(accounts: Accounts, tenant: Tenant) -> None:
    tenant.variants.granted_scopes = "one_missing"
    assert set((await accounts.link())["scope"].split()) == {*USER_SCOPES} - {"vc:room:readonly"}


# --- Device codes -----------------------------------------------------------------------------------------------------


async def test_a_device_code_waits_for_its_person(accounts: Accounts, client: Client) -> None:
    begun = (await accounts.begin_device()).body

    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert (await accounts.poll(begun["device_code"])).body["error"] == "authorization_pending"
    page = await client.send("GET", begun["verification_uri_complete"])
    assert re.findall(r'value="(\w+)" id="\w+">', page.body) == ["allow", "deny", "20001"]
    chosen = {"open_id": accounts.user.open_id, "user_code": begun["user_code"]}
    assert "Done" in (await client.send("POST", VERIFY, data={**chosen, "decision": "allow"})).body
    tokens = await accounts.poll(begun["device_code"])
    assert tokens.outcome == (200, 0)
    assert (await user_info(accounts, tokens.body["access_token"]))["data"]["open_id"] == accounts.user.open_id
    assert (await accounts.poll(begun["device_code"])).body["error"] == "invalid_grant"


async def test_a_device_code_may_be_typed(accounts: Accounts, client: Client) -> None:
    begun = (await accounts.begin_device()).body
    assert 'name="user_code"' in (await client.send("GET", begun["verification_uri"])).body


async def test_a_device_code_ends_in_other_ways(accounts: Accounts, client: Client, clock: Clock) -> None:
    denied, expired, late = [(await accounts.begin_device()).body for _ in range(3)]
    await client.control("consents/decide", user_code=denied["user_code"], open_id=accounts.user.open_id, allow=False)
    assert (await accounts.poll(denied["device_code"])).body["error"] == "access_denied"
    clock.advance(seconds=600)
    assert (await accounts.poll(expired["device_code"])).body["error"] == "expired_token"
    another = (await accounts.begin_device()).body
    await client.control("consents/expire", devices=True)
    assert (await accounts.poll(another["device_code"])).body["error"] == "expired_token"
    for fields in ({"user_code": late["user_code"], "decision": "20001"}, {"user_code": "X", "decision": "allow"}):
        assert "Code: 20001" in (await client.send("POST", VERIFY, data=fields)).body


async def test_variants_of_device_codes(accounts: Accounts, tenant: Tenant, client: Client) -> None:
    tenant.variants.update({"device_polls": "slow_down", "device_page": "20001"})
    begun = (await accounts.begin_device()).body
    errors = [(await accounts.poll(begun["device_code"])).body["error"] for _ in range(2)]
    assert errors == ["slow_down", "authorization_pending"]
    assert "Code: 20001" in (await client.send("GET", begun["verification_uri_complete"])).body


async def test_a_device_code_needs_scopes_of_the_app(accounts: Accounts) -> None:
    assert (await accounts.begin_device("im:message")).body["error"] == "invalid_scope"


async def test_an_unknown_device_code_cannot_be_decided(client: Client) -> None:
    reply = await client.control("consents/decide", user_code="X", open_id="ou_1")
    assert (reply.status, reply.body) == (400, {"error": "there is no device code X"})


# --- Revocation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_a_revoked_chain_is_dead(accounts: Accounts, kind: str) -> None:
    tokens = await accounts.link()
    fields = {"client_id": accounts.tenant.app_id, "client_secret": accounts.tenant.app_secret}
    reply = await accounts.form(REVOKE, **fields, token=tokens[kind], token_type_hint=kind)

    assert (reply.status, reply.body) == (200, "")
    assert (await accounts.refresh(tokens["refresh_token"])).outcome == (400, 20064)
    assert (await user_info(accounts, tokens["access_token"]))["code"] == 20005


@pytest.mark.parametrize(("answer", "outcome"), [("code", (200, 0)), ("500", (500, 20050))])
async def test_a_revocation_may_answer_otherwise(
    accounts: Accounts, tenant: Tenant, answer: Json, outcome: tuple[int, int]
) -> None:
    tenant.variants.revocation = answer
    fields = {"client_id": tenant.app_id, "client_secret": tenant.app_secret}
    assert (await accounts.form(REVOKE, **fields, token="eyJ")).outcome == outcome


@pytest.mark.parametrize(("left", "code"), [(True, 20021), (False, 20022)])
async def test_user_info_tells_who_is_gone(accounts: Accounts, tenant: Tenant, left: bool, code: int) -> None:
    token = (await accounts.link())["access_token"]
    if left:
        tenant.delete_user(accounts.user.open_id)
    else:
        tenant.consents.suspended.add(accounts.user.open_id)
    assert (await user_info(accounts, token))["code"] == code


async def test_user_info_describes_the_person(accounts: Accounts) -> None:
    data = (await user_info(accounts, (await accounts.link())["access_token"]))["data"]
    assert (data["open_id"], data["union_id"], data["name"]) == ("ou_chen", "on_chen", "Chen Wei")


async def test_the_log_has_no_secrets(accounts: Accounts, client: Client, tenant: Tenant) -> None:
    tokens = await accounts.link()
    await accounts.refresh(tokens["refresh_token"])
    begun = (await accounts.begin_device()).body
    await accounts.poll(begun["device_code"])
    await accounts.page()
    log = (await client.send("GET", "/simulator/requests")).body

    secret = (tenant.app_secret, tokens["refresh_token"], begun["device_code"], VERIFIER, "s&1")
    assert not [text for text in secret if text in json.dumps(log)]
    assert [row["body"]["grant_type"] for row in log if row["path"] == TOKEN] == [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ]


async def test_the_state_of_consents_is_shown_without_tokens(accounts: Accounts, client: Client) -> None:
    tokens = await accounts.link()
    await accounts.begin_device()
    await client.control("consents/expire", access_tokens=True)
    shown = (await client.send("GET", "/simulator/consents")).body

    assert [(chain["open_id"], chain["revoked"]) for chain in shown["chains"]] == [("ou_chen", False)]
    assert len(shown["devices"]) == 1
    assert tokens["refresh_token"] not in json.dumps(shown)
    assert (await user_info(accounts, tokens["access_token"]))["code"] == 20005


# --- Apps made by scanning --------------------------------------------------------------------------------------------

WISHES = {
    "scopes": {"tenant": ["vc:room:readonly", "a:b", "c:d"], "user": ["offline_access"]},
    "events": {"items": {"tenant": ["x.y_v1"]}},
}


def addons(content: object = WISHES) -> str:
    return urlsafe_b64encode(gzip.compress(json.dumps(content).encode())).decode().rstrip("=")


async def begin_app(accounts: Accounts) -> dict[str, Any]:
    reply = await accounts.form(
        REGISTER,
        action="begin",
        archetype="PersonalAgent",
        auth_method="client_secret",
        request_user_info="open_id",
    )
    assert reply.status == 200
    body: dict[str, Any] = reply.body
    return body


async def poll_app(accounts: Accounts, begun: dict[str, Any]) -> Reply:
    return await accounts.form(REGISTER, action="poll", device_code=begun["device_code"])


async def choose(accounts: Accounts, begun: dict[str, Any], decision: str, **changes: Json) -> str:
    fields = {"user_code": begun["user_code"], "name": "Rooms", "addons": addons(), **changes}
    reply = await accounts.form(LAUNCHER, decision=decision, open_id=accounts.user.open_id, **fields)
    assert isinstance(reply.body, str)
    return reply.body


async def test_an_app_is_made_with_what_the_page_asks_for(accounts: Accounts, client: Client, tenant: Tenant) -> None:
    assert (await accounts.form(REGISTER, action="init")).body["supported_auth_methods"] == ["client_secret"]
    begun = await begin_app(accounts)
    assert (await poll_app(accounts, begun)).body["error"] == "authorization_pending"
    query = urlencode({"name": "Rooms", "addons": addons()})
    page = (await client.send("GET", f"{begun['verification_uri_complete']}&{query}")).body
    assert all(text in page for text in ("Rooms", "vc:room:readonly", 'id="allow"', 'id="deny"'))

    assert "Done" in await choose(accounts, begun, "allow")

    assert (await poll_app(accounts, begun)).body == {
        "client_id": tenant.app_id,
        "client_secret": tenant.app_secret,
        "user_info": {"open_id": "ou_chen", "tenant_brand": "feishu"},
    }
    assert tenant.scopes == {"vc:room:readonly": True, "a:b": True, "c:d": True}
    assert (tenant.consents.user_scopes, tenant.push.subscribed) == ({"offline_access"}, {"x.y_v1"})


async def test_an_app_may_lack_scopes_or_belong_to_lark(accounts: Accounts, tenant: Tenant) -> None:
    tenant.variants.update(
        {"registration_scopes": "two_missing", "registration_brand": "lark", "registration_polls": "slow_down"}
    )
    begun = await begin_app(accounts)
    assert (await poll_app(accounts, begun)).body["error"] == "slow_down"
    await choose(accounts, begun, "allow")

    first, second = [(await poll_app(accounts, begun)).body for _ in range(2)]
    assert first["user_info"]["tenant_brand"] == "lark"
    assert "client_id" not in first
    assert second["client_id"] == tenant.app_id
    assert tenant.scopes == {"vc:room:readonly": True, "a:b": False, "c:d": False}


async def test_no_app_is_made(accounts: Accounts, client: Client, tenant: Tenant, clock: Clock) -> None:
    denied, expired = await begin_app(accounts), await begin_app(accounts)
    await choose(accounts, denied, "deny")
    assert (await poll_app(accounts, denied)).body["error"] == "access_denied"
    clock.advance(seconds=600)
    assert (await poll_app(accounts, expired)).body["error"] == "expired_token"
    assert "Code: 20001" in (await client.send("GET", expired["verification_uri_complete"])).body
    another = await begin_app(accounts)
    await client.control("consents/expire", registrations=True)
    assert (await poll_app(accounts, another)).body["error"] == "expired_token"
    assert (await poll_app(accounts, {"device_code": "x"})).body["error"] == "invalid_grant"
    assert (await accounts.form(REGISTER, action="begin")).body["error"] == "invalid_request"
    for decision, changes in (("20001", {}), ("allow", {"user_code": "x"}), ("allow", {"addons": "x"})):
        assert "Code: 20001" in await choose(accounts, another, decision, **changes)
    tenant.variants.registration_methods = "none"
    assert (await accounts.form(REGISTER, action="init")).body["supported_auth_methods"] == []


@pytest.mark.parametrize(("content", "shown"), [(None, "My app"), ([], "My app"), ({"scopes": "x"}, "My app")])
async def test_an_app_may_ask_for_nothing(accounts: Accounts, client: Client, content: object, shown: str) -> None:
    begun = await begin_app(accounts)
    query = urlencode({"addons": addons(content)})
    assert shown in (await client.send("GET", f"{begun['verification_uri_complete']}&{query}")).body


async def test_the_page_that_makes_apps_may_be_broken(accounts: Accounts, client: Client, tenant: Tenant) -> None:
    tenant.variants.registration_page = "20001"
    begun = await begin_app(accounts)
    assert "Code: 20001" in (await client.send("GET", begun["verification_uri_complete"])).body


async def test_without_offline_access_there_is_no_refresh_token(accounts: Accounts) -> None:
    reply = await accounts.exchange(await accounts.code(scope="vc:room:readonly"))
    assert "refresh_token" not in reply.body
