"""The calls that grant, renew and revoke the tokens of a person, and what each answer of Feishu means."""

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
import contextlib
import json
import logging
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import aiohttp
from hypothesis import given, strategies as st
import pytest
from yarl import URL

from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotFeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.grants import (
    USER_SCOPES,
    DeviceCode,
    Grant,
    GrantError,
    GrantProblem,
    Grants,
    challenge_of,
    is_page_of,
    new_verifier,
)
from custom_components.feishu_freebusy.feishu.models import Person

from .odd import corrupted
from .scripted import TOKENS, Sent, Session

ACCOUNTS, OPEN = "https://accounts.feishu.cn", "https://open.feishu.cn"
APP_ID, SECRET = "cli_a1b2c3d4e5f60001", "hunter2-simulated-secret"
CODE, VERIFIER, REFRESH, DEVICE = "c0de" * 16, "ver1fier" * 8, "eyJrefresh0", "dev1ce" * 8
REDIRECT = "https://my.home-assistant.io/redirect/oauth"


def grants_of(session: Session, **options: Any) -> Grants:
    options = {"accounts_url": ACCOUNTS, "base_url": OPEN, **options}
    return Grants(cast("aiohttp.ClientSession", session), app_id=APP_ID, app_secret=SECRET, **options)


def refresh(session: Session) -> Grant:
    return asyncio.run(grants_of(session).refresh(REFRESH))


def failure(session: Session, call: Callable[[Grants], Awaitable[object]] | None = None) -> FeishuError:
    """Return the error of a call; a renewal if none is given."""

    async def play() -> FeishuError:
        with pytest.raises(FeishuError) as caught:
            await (call or (lambda grants: grants.refresh(REFRESH)))(grants_of(session))
        return caught.value

    return asyncio.run(play())


def refused(code: int, status: int = 400, **more: Any) -> Session:
    return Session(status, {"code": code, "error": "an_error", "error_description": "no", **more})


# --- Requests ---------------------------------------------------------------------------------------------------------


def test_the_page_of_the_consent_has_every_parameter() -> None:
    verifier = new_verifier()
    url = urlsplit(grants_of(Session()).authorize_url(REDIRECT, "st ate&", challenge_of(verifier)))

    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ACCOUNTS}/open-apis/authen/v1/authorize"
    assert "+" not in url.query  # some servers take it for a plus
    assert {name: value for name, (value,) in parse_qs(url.query, strict_parsing=True).items()} == {
        "client_id": APP_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": " ".join(USER_SCOPES),
        "state": "st ate&",
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "prompt": "consent",
    }


def test_a_verifier_and_its_challenge_follow_pkce() -> None:
    assert 43 <= len(new_verifier()) <= 128
    assert new_verifier() != new_verifier()
    # The example of RFC 7636
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("use_v2", "url"),
    [(False, f"{ACCOUNTS}/oauth/v3/token"), (True, f"{OPEN}/open-apis/authen/v2/oauth/token")],
)
def test_a_code_is_exchanged_once_with_all_it_needs(use_v2: bool, url: str) -> None:
    session = Session()

    grant = asyncio.run(grants_of(session, use_v2=use_v2).exchange(CODE, redirect_uri=REDIRECT, verifier=VERIFIER))

    assert grant == Grant("eyJaccess", 7200, "eyJnext", 604800, frozenset({"offline_access", "vc:room:readonly"}))
    (sent,) = session.sent
    assert (sent.method, sent.url) == ("POST", url)
    assert "Authorization" not in sent.headers  # together with the secret in the body: 20070
    assert sent.json == {
        "grant_type": "authorization_code",
        "client_id": APP_ID,
        "client_secret": SECRET,
        "code": CODE,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }


def test_a_renewal_sends_the_refresh_token_once() -> None:
    session = Session()

    assert refresh(session).refresh_token == "eyJnext"
    (sent,) = session.sent
    assert sent.json == {
        "grant_type": "refresh_token",
        "client_id": APP_ID,
        "client_secret": SECRET,
        "refresh_token": REFRESH,
    }


def test_a_request_takes_the_way_of_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    session = Session()

    refresh(session)

    assert session.options == {
        "allow_redirects": False,
        "proxy": URL("http://proxy.example:3128"),
        "timeout": aiohttp.ClientTimeout(),
        "middlewares": (),
    }


# --- Good answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "lifetime"),
    [
        ("3600", 3600),
        (3600.5, 3600.5),
        (0, 7200),
        (-5, 7200),
        (None, 7200),
        (True, 7200),
        ("soon", 7200),
        ([], 7200),
        ("inf", 7200),
        ("nan", 7200),
        (7200000000, 366 * 86400),
    ],
)
def test_a_strange_lifetime_costs_no_token(told: object, lifetime: float) -> None:
    grant = refresh(Session(body=TOKENS | {"expires_in": told}))

    assert (grant.access_token, grant.access_lifetime, grant.refresh_lifetime) == ("eyJaccess", lifetime, 604800)


@pytest.mark.parametrize("name", ["code", "expires_in", "refresh_token_expires_in", "token_type", "scope"])
def test_what_is_missing_has_its_usual_value(name: str) -> None:
    body = {key: value for key, value in TOKENS.items() if key != name}
    scopes = frozenset(USER_SCOPES) if name == "scope" else frozenset({"offline_access", "vc:room:readonly"})

    assert refresh(Session(body=body)) == Grant("eyJaccess", 7200, "eyJnext", 604800, scopes)


@pytest.mark.parametrize("token", [None, "", 7, "line\nbreak"])
def test_an_answer_may_have_no_refresh_token(token: object) -> None:
    assert refresh(Session(body=TOKENS | {"refresh_token": token})).refresh_token is None


@pytest.mark.parametrize("kind", ["bearer", "BEARER"])
def test_the_type_of_a_token_is_read_without_case(kind: str) -> None:
    assert refresh(Session(body=TOKENS | {"token_type": kind})).access_token == "eyJaccess"


@pytest.mark.parametrize(
    "changes", [{"token_type": "DPoP"}, {"token_type": 1}, {"access_token": None}, {"access_token": "ü"}]
)
def test_an_answer_without_a_usable_token_is_unreadable(changes: dict[str, object]) -> None:
    assert type(failure(Session(body=TOKENS | changes))) is UnreadableAnswerError


# --- Refusals ---------------------------------------------------------------------------------------------------------

# The table of the contract, row by row
TABLE: list[tuple[tuple[int, ...], GrantProblem]] = [
    ((20001, 20036, 20063, 20067, 20068, 20070), GrantProblem.REQUEST),
    ((20002, 20048), GrantProblem.CREDENTIALS),
    ((20009, 20069, 20074), GrantProblem.APP),
    ((20003, 20004, 20065, 20049, 20071), GrantProblem.CODE),
    ((20008, 20010, 20066), GrantProblem.PERSON),
    ((20024,), GrantProblem.OTHER_APP),
    ((20026, 20037, 20064, 20073), GrantProblem.REFRESH),
    ((21000, 21001), GrantProblem.POLICY),
    ((99991401, 99991662), GrantProblem.APP),  # the IP address; a disabled app
    ((99991543,), GrantProblem.CREDENTIALS),
    ((1, 99999), GrantProblem.REQUEST),  # unknown: costs no grant
]


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize(("codes", "problem"), TABLE, ids=[f"{problem} {codes[0]}" for codes, problem in TABLE])
def test_the_code_decides_whatever_the_http_status(codes: tuple[int, ...], problem: GrantProblem, status: int) -> None:
    for code in codes:
        error = failure(refused(code, status))

        assert isinstance(error, GrantError)
        assert (error.problem, error.code) == (problem, code)


@pytest.mark.parametrize(
    ("session", "kind"),
    [
        (refused(20050, 500), ServerError),
        (refused(20050, 400), ServerError),
        (refused(20050, 200), ServerError),
        (refused(20072, 503), ServerError),
        (refused(5, 500), ServerError),
        (refused(99991400, 400), RateLimitedError),
        (refused(99991400, 429), RateLimitedError),
        (Session(429, {"error": "slow_down"}), RateLimitedError),
        (Session(400, {"error": "server_error"}), ServerError),
        (Session(400, {"error": "temporarily_unavailable"}), ServerError),
        (Session(503, {"error": "what"}), ServerError),
        (Session(502, b"<html>", {"Content-Type": "text/html"}), ServerError),
        (Session(404, b"<html>"), NotFeishuError),
        (Session(200, b"<html>"), NotFeishuError),
        (Session(302, {"code": 20037}), NotFeishuError),
        (Session(400, {"hello": "world"}), NotFeishuError),
        (Session(200, []), UnreadableAnswerError),
        (Session(200, b""), UnreadableAnswerError),
        (Session(200, b"{" + b" " * 200_000), UnreadableAnswerError),
        (Session(error=TimeoutError()), NotReachableError),
        (Session(error=aiohttp.ServerDisconnectedError()), NotReachableError),
        (Session(error=OSError()), NotReachableError),
    ],
)
def test_what_may_pass_is_no_refusal(session: Session, kind: type[FeishuError]) -> None:
    error = failure(session)

    assert type(error) is kind
    assert len(session.sent) == 1  # nobody may repeat it but the owner of the token


def test_a_rate_limit_tells_how_long_to_wait() -> None:
    session = refused(99991400)
    session.headers = {"x-ogw-ratelimit-reset": "17"}

    error = failure(session)

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 17


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("invalid_grant", GrantProblem.REFRESH),
        ("access_denied", GrantProblem.DENIED),
        ("expired_token", GrantProblem.EXPIRED),
        ("invalid_client", GrantProblem.CREDENTIALS),
        ("unauthorized_client", GrantProblem.APP),
        ("invalid_request", GrantProblem.REQUEST),
        ("what_is_this", GrantProblem.REQUEST),
    ],
)
def test_without_a_code_the_name_of_the_error_decides(name: str, problem: GrantProblem, status: int) -> None:
    error = failure(Session(status, {"error": name, "error_description": "no"}))

    assert isinstance(error, GrantError)
    assert (error.problem, error.code) == (problem, None)
    assert str(error) == ("no, HTTP 400" if status == 400 else "no, HTTP 200")


def test_an_invalid_grant_is_a_code_when_a_code_was_sent() -> None:
    session = Session(400, {"error": "invalid_grant"})

    error = failure(session, lambda grants: grants.exchange(CODE, redirect_uri=REDIRECT, verifier=VERIFIER))

    assert isinstance(error, GrantError)
    assert error.problem is GrantProblem.CODE


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"challenge_url": "https://www.feishu.cn/challenge?x=1"}, "https://www.feishu.cn/challenge?x=1"),
        ({"data": {"challenge_url": f"{ACCOUNTS}/challenge"}}, f"{ACCOUNTS}/challenge"),
        ({"error": {"challenge_url": f"{ACCOUNTS}/challenge"}}, f"{ACCOUNTS}/challenge"),
        ({"challenge_url": "https://feishu.cn.example.com/challenge"}, ""),
        ({"challenge_url": "javascript:alert(1)"}, ""),
        ({"challenge_url": 7}, ""),
        ({}, ""),
    ],
)
def test_the_page_of_a_policy_is_shown_only_from_feishus_hosts(told: dict[str, Any], shown: str) -> None:
    error = failure(refused(21000, **told))

    assert isinstance(error, GrantError)
    assert (error.problem, error.challenge_url) == (GrantProblem.POLICY, shown)


@pytest.mark.parametrize(
    ("url", "server", "own"),
    [
        ("https://accounts.larksuite.com/x", "https://accounts.larksuite.com", True),
        ("https://www.larksuite.com/x", "https://accounts.larksuite.com", True),
        ("https://www.feishu.cn/x", "https://accounts.larksuite.com", False),
        ("https://evilfeishu.cn/x", ACCOUNTS, False),
        ("http://accounts.feishu.cn/x", ACCOUNTS, False),
        ("https://accounts.feishu.cn:8443/x", ACCOUNTS, False),
        ("https://me@accounts.feishu.cn/x", ACCOUNTS, False),
        ("https://accounts.feishu.cn/a b", ACCOUNTS, False),
        ("https://[::1", ACCOUNTS, False),
        ("http://127.0.0.1:8990/x", "http://127.0.0.1:8990", True),
        ("http://127.0.0.1:8991/x", "http://127.0.0.1:8990", False),
        ("http://9.0.0.1/x", "http://127.0.0.1:8990", False),
        ("", ACCOUNTS, False),
    ],
)
def test_a_page_belongs_to_the_site_of_its_server(url: str, server: str, own: bool) -> None:
    assert is_page_of(url, server) is own


# --- Device code, revocation, person ----------------------------------------------------------------------------------

BEGUN = {
    "device_code": DEVICE,
    "user_code": "ABCD-EFGH",
    "verification_uri": f"{ACCOUNTS}/oauth/v1/device/verify",
    "verification_uri_complete": f"{ACCOUNTS}/oauth/v1/device/verify?flow_id=1&user_code=ABCD-EFGH",
    "expires_in": 600,
    "interval": 5,
}


def test_a_device_code_is_asked_for_with_the_secret_in_one_place() -> None:
    session = Session(body=BEGUN)

    device = asyncio.run(grants_of(session).begin_device())

    assert device == DeviceCode(DEVICE, "ABCD-EFGH", BEGUN["verification_uri_complete"], 600, 5)  # type: ignore[arg-type]
    (sent,) = session.sent
    assert sent.url == f"{ACCOUNTS}/oauth/v1/device_authorization"
    assert sent.form == {"client_id": APP_ID, "scope": " ".join(USER_SCOPES)}
    scheme, _, credentials = sent.headers["Authorization"].partition(" ")
    assert (scheme, b64decode(credentials).decode()) == ("Basic", f"{APP_ID}:{SECRET}")


def test_a_device_code_has_usual_times_and_the_plain_page() -> None:
    body = {name: BEGUN[name] for name in ("device_code", "user_code", "verification_uri")}

    device = asyncio.run(grants_of(Session(body=body)).begin_device())

    assert (device.url, device.lifetime, device.interval) == (BEGUN["verification_uri"], 240, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": ""},
        {"verification_uri_complete": "https://example.com/verify"},
        {"verification_uri_complete": None, "verification_uri": None},
    ],
)
def test_a_device_code_without_a_page_of_feishus_is_unreadable(changes: dict[str, object]) -> None:
    error = failure(Session(body=BEGUN | changes), lambda grants: grants.begin_device())

    assert type(error) is UnreadableAnswerError


def test_refused_scopes_are_told_when_a_device_code_is_asked_for() -> None:
    session = Session(400, {"error": "invalid_scope", "error_description": "unknown scope"})

    error = failure(session, lambda grants: grants.begin_device())

    assert isinstance(error, GrantError)
    assert error.problem is GrantProblem.REQUEST


def poll(session: Session, device: DeviceCode) -> Grant | None:
    return asyncio.run(grants_of(session).poll_device(device))


def device_code(interval: float = 5) -> DeviceCode:
    return DeviceCode(DEVICE, "ABCD-EFGH", f"{ACCOUNTS}/verify", 600, interval)


@pytest.mark.parametrize("status", [200, 400])
def test_a_poll_waits_slows_down_and_ends_with_the_grant(status: int) -> None:
    device, session = device_code(), Session(status, {"error": "authorization_pending"})

    assert (poll(session, device), device.interval) == (None, 5)
    session.body = {"error": "slow_down"}
    assert (poll(session, device), device.interval) == (None, 10)
    session.status, session.body = 200, dict(TOKENS)
    grant = poll(session, device)
    assert grant is not None
    assert grant.access_token == "eyJaccess"
    assert {sent.url for sent in session.sent} == {f"{ACCOUNTS}/oauth/v3/token"}
    assert session.sent[0].form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": DEVICE,
        "client_id": APP_ID,
        "client_secret": SECRET,
    }
    assert "Authorization" not in session.sent[0].headers


def test_polls_become_slower_up_to_a_minute() -> None:
    device = device_code(58)

    assert poll(Session(400, {"error": "slow_down"}), device) is None
    assert device.interval == 60


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("access_denied", GrantProblem.DENIED),
        ("expired_token", GrantProblem.EXPIRED),
        ("invalid_grant", GrantProblem.EXPIRED),
    ],
)
def test_a_poll_tells_how_the_consent_ended(name: str, problem: GrantProblem) -> None:
    error = failure(Session(400, {"error": name}), lambda grants: grants.poll_device(device_code()))

    assert isinstance(error, GrantError)
    assert error.problem is problem


@pytest.mark.parametrize("body", [b"", {"code": 0}])
def test_a_revocation_may_be_answered_by_nothing(body: object) -> None:
    session = Session(body=body)

    asyncio.run(grants_of(session).revoke(REFRESH))

    (sent,) = session.sent
    assert sent.url == f"{ACCOUNTS}/oauth/v1/revoke"
    assert sent.form == {
        "client_id": APP_ID,
        "client_secret": SECRET,
        "token": REFRESH,
        "token_type_hint": "refresh_token",
    }


def test_a_failed_revocation_raises() -> None:
    error = failure(refused(20064), lambda grants: grants.revoke(REFRESH))

    assert isinstance(error, GrantError)
    assert error.problem is GrantProblem.REFRESH


USER = {"open_id": "ou_1", "union_id": "on_1", "tenant_key": "t1", "name": " Li\nNa ", "en_name": "Lina"}


@pytest.mark.parametrize(
    ("changes", "name"), [({}, "Li Na"), ({"name": ""}, "Lina"), ({"name": None, "en_name": None}, "")]
)
def test_a_person_is_read_with_their_own_token(changes: dict[str, object], name: str) -> None:
    session = Session(body={"code": 0, "msg": "success", "data": USER | changes})

    person = asyncio.run(grants_of(session).person("eyJaccess"))

    assert person == Person("ou_1", "on_1", name, "t1")
    (sent,) = session.sent
    assert (sent.method, sent.url) == ("GET", f"{OPEN}/open-apis/authen/v1/user_info")
    assert sent.headers["Authorization"] == "Bearer eyJaccess"


@pytest.mark.parametrize("data", [{}, {"open_id": ""}, {"open_id": 7}])
def test_a_person_without_an_id_is_unreadable(data: dict[str, object]) -> None:
    session = Session(body={"code": 0, "data": data})

    assert type(failure(session, lambda grants: grants.person("eyJaccess"))) is UnreadableAnswerError


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("code", "kind", "problem"),
    [
        (20005, StaleTokenError, None),
        (99991668, StaleTokenError, None),
        (99991677, StaleTokenError, None),
        *((code, GrantError, GrantProblem.PERSON) for code in (20008, 20021, 20022, 20023)),
        (20050, ServerError, None),
        (77, GrantError, GrantProblem.REQUEST),
    ],
)
def test_the_errors_of_user_info_come_with_any_status(
    code: int, kind: type[FeishuError], problem: GrantProblem | None, status: int
) -> None:
    session = Session(status, {"code": code, "msg": "no"})

    error = failure(session, lambda grants: grants.person("eyJaccess"))

    assert type(error) is kind
    assert getattr(error, "problem", None) is problem


# --- Answers that no server should send -------------------------------------------------------------------------------

VALID: dict[str, tuple[Callable[[Grants], Awaitable[object]], dict[str, Any]]] = {
    "refresh": (lambda grants: grants.refresh(REFRESH), TOKENS),
    "begin_device": (lambda grants: grants.begin_device(), BEGUN),
    "poll_device": (lambda grants: grants.poll_device(device_code()), {"error": "authorization_pending"}),
    "revoke": (lambda grants: grants.revoke(REFRESH), {"code": 0}),
    "person": (lambda grants: grants.person("eyJ"), {"code": 0, "data": USER}),
    "policy": (lambda grants: grants.refresh(REFRESH), {"code": 21000, "data": {"challenge_url": f"{ACCOUNTS}/x"}}),
}


@pytest.mark.parametrize("name", VALID)
@given(data=st.data())
def test_a_corrupted_answer_gives_a_value_or_an_error(name: str, data: st.DataObject) -> None:
    call, valid = VALID[name]
    try:
        body = json.dumps(data.draw(corrupted(valid))).encode()
    except ValueError, RecursionError:  # not writable as JSON
        return
    session = Session(data.draw(st.sampled_from([200, 299, 302, 400, 429, 500, 999])), body)

    async def play() -> None:
        with contextlib.suppress(FeishuError):
            await call(grants_of(session))

    asyncio.run(play())


# --- Secrets ----------------------------------------------------------------------------------------------------------

SECRETS = (SECRET, CODE, VERIFIER, REFRESH, DEVICE, "eyJaccess", "eyJnext")


def test_no_repr_shows_a_secret() -> None:
    shown = repr((grants_of(Session()), refresh(Session()), device_code()))

    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize(
    "call",
    [
        lambda grants: grants.exchange(CODE, redirect_uri=REDIRECT, verifier=VERIFIER),
        lambda grants: grants.refresh(REFRESH),
        lambda grants: grants.begin_device(),
        lambda grants: grants.poll_device(device_code()),
        lambda grants: grants.revoke(REFRESH),
        lambda grants: grants.person("eyJaccess"),
    ],
    ids=["exchange", "refresh", "begin_device", "poll_device", "revoke", "person"],
)
@pytest.mark.parametrize("reason", ["error_description", "msg", "error"])
def test_no_error_and_no_log_shows_a_secret_that_the_server_repeats(
    call: Callable[[Grants], Awaitable[object]], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = Session(400, {"code": 20001})

    async def sent() -> Sent:
        with pytest.raises(FeishuError):
            await call(grants_of(session))
        return session.sent[-1]

    request = asyncio.run(sent())
    repeated = f"{(request.data or b'').decode()} {request.headers.get('Authorization', '')}"
    session.body = {"code": 20001, reason: f"bad request: {repeated}"}
    error = failure(session, call)

    shown = f"{error!r} {error} {error.details} {caplog.text}"
    assert not [secret for secret in SECRETS if secret in shown]
    assert error.__context__ is None
    assert error.__cause__ is None
