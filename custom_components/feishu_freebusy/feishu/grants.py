"""Tokens of a person: the consent in the browser or by a device code, the tokens it gives, and their renewal.

A grant is what a person allows this app. Its refresh token works once: each renewal returns the next one. Nothing here
repeats a request, and nothing is kept: `sync.grant_keeper` owns the tokens.

https://open.feishu.cn/document/authentication-management/access-token/get-user-access-token
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
import hashlib
from math import isfinite
import secrets
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp

from . import parse
from .accounts import Answer, ask
from .errors import (
    PERSON_CODES,
    AppUnavailableError,
    CredentialsError,
    ErrorDetails,
    FeishuError,
    IpDeniedError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    UnreadableAnswerError,
)
from .models import Person

USER_SCOPES = (
    "offline_access",
    "calendar:calendar:read",
    "calendar:calendar.event:create",
    "calendar:calendar.event:update",
    "calendar:calendar.event:read",
    "calendar:calendar.event:delete",
    "calendar:calendar.free_busy:read",
    "vc:room:readonly",
)

_AUTHORIZE = "/open-apis/authen/v1/authorize"
_TOKEN_V3 = "/oauth/v3/token"  # noqa: S105  # a path
_TOKEN_V2 = "/open-apis/authen/v2/oauth/token"  # noqa: S105  # a path
_DEVICE = "/oauth/v1/device_authorization"
_REVOKE = "/oauth/v1/revoke"
_USER_INFO = "/open-apis/authen/v1/user_info"
_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

# Taken if an answer does not tell a lifetime: what the documentation shows
_ACCESS_LIFETIME = 7200.0  # seconds
_REFRESH_LIFETIME = 604800.0
_DEVICE_LIFETIME = 240.0
_DEVICE_INTERVAL = 5.0
_LONGEST_LIFETIME = 366 * 86400.0
_LONGEST_INTERVAL = 60.0
_SLOWER = 5.0


class GrantProblem(StrEnum):
    """Why Feishu refuses a grant. Each asks for another reaction."""

    CODE = "code"  # unknown, used, older than five minutes, or of another request: start the link again
    REFRESH = "refresh"  # the refresh token is invalid, expired, revoked or used: ask the person again
    PERSON = "person"  # they left, are suspended, or the app is not available to them
    OTHER_APP = "other_app"  # the code or the token belongs to another app: ask the person again
    APP = "app"  # not installed, disabled, or not allowed to refresh: an administrator has to change something
    CREDENTIALS = "credentials"  # the secret is wrong or the app is unknown: the app's own problem
    REQUEST = "request"  # our request is wrong, or the code is unknown
    POLICY = "policy"  # the access policy of the tenant, with a page that may help
    DENIED = "denied"  # the person said no
    EXPIRED = "expired"  # the device code is too old


class GrantError(FeishuError):
    """Feishu refuses a grant, and asking again would not help. All that may pass has another class.

    `challenge_url` is the page that the access policy names, empty if it names none on a host of Feishu's.
    """

    def __init__(self, problem: GrantProblem, details: ErrorDetails | None = None, challenge_url: str = "") -> None:
        """Create an error with its reason."""
        super().__init__("", details)
        self.problem = problem
        self.challenge_url = challenge_url


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens of a person. The lifetimes are in seconds from the request.

    `refresh_token` is None if Feishu sent none: then the grant ends with the access token, or the last refresh token
    goes on. `scopes` are those that the person has granted.
    """

    access_token: str = field(repr=False)
    access_lifetime: float
    refresh_token: str | None = field(repr=False)
    refresh_lifetime: float
    scopes: frozenset[str]


@dataclass(slots=True)
class DeviceCode:
    """A consent that waits for the person. They open `url`, or type `user_code` there.

    `lifetime` is in seconds from the request, `interval` in seconds between two polls. A poll may raise the interval.
    """

    device_code: str = field(repr=False)
    user_code: str
    url: str
    lifetime: float
    interval: float

    def slow_down(self) -> None:
        """Raise the interval, as Feishu demands."""
        self.interval = min(self.interval + _SLOWER, _LONGEST_INTERVAL)


def new_verifier() -> str:
    """Return the secret of one consent (PKCE): its challenge goes to the browser, the secret with the code."""
    return secrets.token_urlsafe(64)


def challenge_of(verifier: str) -> str:
    """Return the challenge of a verifier, by the method S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class Grants:
    """Gets, renews and revokes the grants of one app.

    Each call is one request of at most 25 seconds. It raises `GrantError` if Feishu refuses, and otherwise
    `NotReachableError`, `ServerError`, `UnreadableAnswerError` or `RateLimitedError`, after which the tokens of before
    still count.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        accounts_url: str,
        base_url: str,
        app_id: str,
        app_secret: str,
        use_v2: bool = False,
    ) -> None:
        """Use the caller's session, which must be made with `session_options`.

        `accounts_url` is the server of the consent page, `base_url` that of the open platform. `use_v2`: ask the older
        token endpoint, on the open platform.
        """
        self._session = session
        self._accounts_url = accounts_url
        self._base_url = base_url
        self._app_id = app_id
        self._app_secret = app_secret
        self._token_url = f"{base_url}{_TOKEN_V2}" if use_v2 else f"{accounts_url}{_TOKEN_V3}"

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return f"<Grants of {self._app_id} at {self._accounts_url}>"

    def authorize_url(self, redirect_uri: str, state: str, challenge: str) -> str:
        """Return the page on which a person consents. It sends the browser to `redirect_uri`, with a code or an error.

        `challenge` is the one of the verifier that `exchange` gets. Some errors never come back: the page shows them.

        https://open.feishu.cn/document/authentication-management/access-token/obtain-oauth-code
        """
        query = {
            "client_id": self._app_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": " ".join(USER_SCOPES),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "consent",  # in Feishu's own browser, too: the year of a grant begins with the consent
        }
        return f"{self._accounts_url}{_AUTHORIZE}?{urlencode(query, quote_via=quote)}"

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> Grant:
        """Return the grant for the code of the consent page. `redirect_uri` is the one of the page."""
        request = {"code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
        return await self._grant("authorization_code", request, (code, verifier), GrantProblem.CODE)

    async def refresh(self, refresh_token: str) -> Grant:
        """Return the next tokens. From then on `refresh_token` is dead, even if the answer is lost."""
        return await self._grant(
            "refresh_token", {"refresh_token": refresh_token}, (refresh_token,), GrantProblem.REFRESH
        )

    async def begin_device(self) -> DeviceCode:
        """Begin a consent without a redirect: the person opens a page, and `poll_device` waits for them."""
        url, known = f"{self._accounts_url}{_DEVICE}", (self._app_secret, self._app_id)
        answer = await ask(
            self._session,
            "POST",
            url,
            form={"client_id": self._app_id, "scope": " ".join(USER_SCOPES)},
            basic=(self._app_id, self._app_secret),  # and not in the form, too: both together are refused
            known=known,
        )
        if answer.failed:
            raise self._refusal(answer, known, GrantProblem.REQUEST)
        return device_code_of(answer.body, self._accounts_url)

    async def poll_device(self, device: DeviceCode) -> Grant | None:
        """Return the grant, None while the person has not decided. Ask again after `device.interval` seconds.

        Feishu may ask for slower polls: then this raises `device.interval`, up to 60 seconds, and returns None.
        """
        request = {
            "grant_type": _DEVICE_CODE,
            "device_code": device.device_code,
            "client_id": self._app_id,
            "client_secret": self._app_secret,
        }
        known = (self._app_secret, device.device_code, device.user_code, self._app_id)
        answer = await ask(self._session, "POST", self._token_url, form=request, known=known)
        if not answer.failed:
            return _grant(answer.body)
        if answer.error == "authorization_pending":
            return None
        if answer.error == "slow_down":
            device.slow_down()
            return None
        raise self._refusal(answer, known, GrantProblem.EXPIRED)

    async def revoke(self, token: str) -> None:
        """End a grant by its refresh token. The endpoint is not documented, so a failure means little."""
        known = (self._app_secret, token, self._app_id)
        request = {
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            "token": token,
            "token_type_hint": "refresh_token",
        }
        url = f"{self._accounts_url}{_REVOKE}"
        answer = await ask(self._session, "POST", url, form=request, known=known, may_be_empty=True)
        if answer.failed:
            raise self._refusal(answer, known, GrantProblem.REFRESH)

    async def person(self, access_token: str) -> Person:
        """Return the owner of a token. Raises `StaleTokenError` if Feishu refuses it.

        https://open.feishu.cn/document/server-docs/authentication-management/login-state-management/get
        """
        known = (self._app_secret, access_token, self._app_id)
        url = f"{self._base_url}{_USER_INFO}"
        answer = await ask(self._session, "GET", url, bearer=access_token, known=known)
        if answer.failed:  # often with HTTP 200
            server, codes = self._accounts_url, PERSON_CODES
            raise refusal_of(answer, known, GrantProblem.REQUEST, server=server, problems=_PERSON_PROBLEMS, codes=codes)
        return parse.person(parse.data_of(answer.body))

    async def _grant(
        self, grant_type: str, request: Mapping[str, str], known: tuple[str, ...], invalid: GrantProblem
    ) -> Grant:
        body = {
            "grant_type": grant_type,
            "client_id": self._app_id,
            "client_secret": self._app_secret,
            **request,
        }
        known = (self._app_secret, *known, self._app_id)
        answer = await ask(self._session, "POST", self._token_url, json=body, known=known)
        if answer.failed:
            raise self._refusal(answer, known, invalid)
        return _grant(answer.body)

    def _refusal(self, answer: Answer, known: tuple[str, ...], invalid: GrantProblem) -> FeishuError:
        return refusal_of(answer, known, invalid, server=self._accounts_url)


def refusal_of(
    answer: Answer,
    known: tuple[str, ...],
    invalid: GrantProblem,
    *,
    server: str,
    problems: Mapping[int, GrantProblem] | None = None,
    codes: Mapping[int, type[FeishuError]] | None = None,
) -> FeishuError:
    """Return the error of a failed answer: by its code, or by its name if it has no code.

    `invalid` is what the name `invalid_grant` means. An unknown code means that our request is wrong: it must not cost
    the person their grant. `problems` and `codes` are what codes mean if they are not of the token endpoint.
    """
    failure = answer.failure(known, {**_TEMPORARY, **(codes or {})})
    if isinstance(failure, (RateLimitedError, ServerError, StaleTokenError)):
        return failure
    problem = (_PROBLEMS if problems is None else problems).get(answer.code)
    if problem is None and not answer.code:
        if answer.error in _TEMPORARY_ERRORS:
            return ServerError(details=failure.details)
        problem = invalid if answer.error == "invalid_grant" else _ERRORS.get(answer.error)
    if problem is None and isinstance(failure, (AppUnavailableError, IpDeniedError)):
        problem = GrantProblem.APP
    if problem is None and isinstance(failure, CredentialsError):
        problem = GrantProblem.CREDENTIALS
    url = _challenge_url(answer.body, server) if problem is GrantProblem.POLICY else ""
    return GrantError(problem or GrantProblem.REQUEST, failure.details, url)


def _challenge_url(body: Mapping[str, Any], server: str) -> str:
    places = (body, body.get("error"), body.get("data"))
    found = (place.get("challenge_url") for place in places if isinstance(place, dict))
    return next((url for url in found if isinstance(url, str) and is_page_of(url, server)), "")


def device_code_of(body: Mapping[str, Any], server: str) -> DeviceCode:
    """Return the device code of an answer. Raises `UnreadableAnswerError`, also for a page on another site."""
    code, user_code = body.get("device_code"), body.get("user_code")
    url = body.get("verification_uri_complete") or body.get("verification_uri")
    if not parse.is_token(code) or not parse.is_token(user_code):
        raise UnreadableAnswerError("the answer has no device code")
    if not isinstance(url, str) or not is_page_of(url, server):
        raise UnreadableAnswerError("the answer has no page of this server")
    return DeviceCode(
        code,
        user_code,
        url,
        _lifetime(body.get("expires_in"), _DEVICE_LIFETIME),
        min(_lifetime(body.get("interval"), _DEVICE_INTERVAL), _LONGEST_INTERVAL),
    )


def is_page_of(url: str, server: str) -> bool:
    """Return whether a page belongs to the site of a server: on the same host, or on another one of its domain.

    The page of a server with `https` has `https`, too. A server with an IP address has only its own pages.
    """
    try:
        page, own = urlsplit(url), urlsplit(server)
        own_host, host, port = own.hostname or "", page.hostname or "", page.port
    except ValueError:
        return False
    if page.scheme != own.scheme or "@" in page.netloc or not url.isprintable() or " " in url:
        return False
    if (host, port) == (own_host, own.port):
        return True
    domain = own_host.partition(".")[2]
    return own_host.startswith("accounts.") and port is None and host.endswith(f".{domain}")


def _grant(body: Mapping[str, Any]) -> Grant:
    """Return the tokens of an answer. It is flat, without `data`.

    A refresh token that is thrown away is lost for good, so a strange lifetime fails nothing.
    """
    access, refresh, kind, scope = (body.get(name) for name in ("access_token", "refresh_token", "token_type", "scope"))
    if kind is not None and not (isinstance(kind, str) and kind.lower() == "bearer"):
        raise UnreadableAnswerError("the answer has a token of another type")
    if not parse.is_token(access):
        raise UnreadableAnswerError("the answer has no token")
    return Grant(
        access,
        _lifetime(body.get("expires_in"), _ACCESS_LIFETIME),
        refresh if parse.is_token(refresh) else None,
        _lifetime(body.get("refresh_token_expires_in"), _REFRESH_LIFETIME),
        # OAuth 2.0: without a scope, it is the one that was asked for
        frozenset(scope.split()) if isinstance(scope, str) else frozenset(USER_SCOPES),
    )


def _lifetime(value: object, usual: float) -> float:
    """Return a number of seconds, also from text. The usual one if it is missing, zero or no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return usual
    try:
        seconds = float(value)
    except ValueError, OverflowError:
        return usual
    return min(seconds, _LONGEST_LIFETIME) if isfinite(seconds) and seconds > 0 else usual


_BY_PROBLEM: Mapping[GrantProblem, frozenset[int]] = {
    GrantProblem.REQUEST: frozenset({20001, 20036, 20063, 20067, 20068, 20070}),
    GrantProblem.CREDENTIALS: frozenset({20002, 20048}),
    GrantProblem.APP: frozenset({20009, 20069, 20074}),
    GrantProblem.CODE: frozenset({20003, 20004, 20065, 20049, 20071}),
    GrantProblem.PERSON: frozenset({20008, 20010, 20066}),
    GrantProblem.OTHER_APP: frozenset({20024}),
    GrantProblem.REFRESH: frozenset({20026, 20037, 20064, 20073}),
    GrantProblem.POLICY: frozenset({21000, 21001}),
}
_PROBLEMS = {code: problem for problem, codes in _BY_PROBLEM.items() for code in codes}
_TEMPORARY: Mapping[int, type[FeishuError]] = {20050: ServerError, 20072: ServerError}
# Of `user_info`: unknown, left, frozen, not registered
_PERSON_PROBLEMS = dict.fromkeys((20008, 20021, 20022, 20023), GrantProblem.PERSON)
_ERRORS = {
    "access_denied": GrantProblem.DENIED,
    "expired_token": GrantProblem.EXPIRED,
    "invalid_client": GrantProblem.CREDENTIALS,
    "unauthorized_client": GrantProblem.APP,
}
_TEMPORARY_ERRORS = frozenset({"server_error", "temporarily_unavailable", "slow_down"})
