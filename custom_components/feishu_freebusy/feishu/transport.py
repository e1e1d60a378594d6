"""One call to the open platform: token, rate limits, retries, deadline. Returns JSON or raises `FeishuError`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
import logging
import random
import time
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict
import orjson
from yarl import URL

from . import parse
from .errors import (
    PERSON_CODES,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    error_of,
    error_without_code,
    token_error_of,
)
from .limits import AppTraffic
from .session import environment_proxy, error_of_request, read_body
from .tokens import Token, TokenCache, TokenSource

_LOGGER = logging.getLogger(__name__)

_ATTEMPTS = 3
_ATTEMPT_TIMEOUT = 10.0  # seconds
_FIRST_BACK_OFF = 0.5
_LONGEST_BACK_OFF = 8.0
_MAX_BODY = 2 * 1024 * 1024  # bytes; twice the size of 20 fully booked rooms for 30 days. Parsing blocks the loop
_NO_TIMEOUT = aiohttp.ClientTimeout()  # each attempt has one of ours, which includes everything
_JSON_HEADERS = CIMultiDict({"Content-Type": "application/json; charset=utf-8"})
_PRIVATE = frozenset(
    {"room_id", "room_ids", "room_level_id", "user_id", "user_ids", "emails", "mobiles"}
    | {"calendar_id", "event_id", "uid", "operate_id", "idempotency_key", "summary", "approval_reason"}
)
_OK = 200
_REDIRECT = 300
_CLIENT_ERROR = 400

type Params = Mapping[str, str] | Sequence[tuple[str, str]]  # pairs if a name occurs more than once


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API; any one of `scopes` is enough to call it.

    `path` may hold `:id`, once for each id of a call. `counted`: a successful call counts towards the tenant's monthly
    quota. `writes`: it changes something; an app makes one of these calls a second. `repeatable`: it may be sent again
    after a failure that leaves open whether it worked. `codes`: the errors that codes mean for this API.
    """

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    counted: bool = True
    writes: bool = False
    repeatable: bool = True
    codes: Mapping[int, type[FeishuError]] = field(default=MappingProxyType({}), hash=False)


_TOKEN = Endpoint("POST", "auth/v3/tenant_access_token/internal")


class Transport:
    """Calls endpoints as one custom app.

    No call lasts longer than `deadline` seconds, including its token, its retries and waits that the server demands.
    Waiting in the queue of our own limits does not count, so every call gets its turn.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        app_id: str,
        app_secret: str,
        traffic: AppTraffic,
        deadline: float,
        tokens: TokenSource | None = None,
    ) -> None:
        """Use the tokens of the app, or `tokens`, which are those of a person."""
        self._session = session
        self._url = f"{base_url}/open-apis"
        self._proxy = environment_proxy(base_url)
        self._app_id = app_id
        self._app_secret = app_secret
        self._traffic = traffic
        self._deadline = deadline
        self._app_tokens = TokenCache(self._fetch_token)
        self._tokens: TokenSource = tokens or self._app_tokens
        self._codes: Mapping[int, type[FeishuError]] = {} if tokens is None else PERSON_CODES
        self._headers_of = ""  # this token
        self._headers = _JSON_HEADERS

    async def check_credentials(self) -> None:
        """Request a token of the app. Raises `CredentialsError` or another `FeishuError`."""
        await _in_time(self._app_tokens.renew(), self._deadline)

    def new_deadline(self) -> Deadline:
        """Return the deadline of a call that starts now."""
        return Deadline(self._deadline)

    async def call(
        self,
        endpoint: Endpoint,
        *,
        path_ids: tuple[str, ...] = (),
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object of a successful answer (code 0). Raises `FeishuError` for any other.

        Several calls that answer one question may share a `deadline`.
        """
        request = _Request(endpoint, path_ids, params, body)
        deadline = deadline or self.new_deadline()
        token = self._tokens.current
        if token is None:
            token = await _in_time(self._tokens.get(), deadline.left)
        try:
            return await self._call_with(token, request, deadline)
        except StaleTokenError:
            token = await _in_time(self._tokens.replace(token), deadline.left)
        return await self._call_with(token, request, deadline)

    async def _call_with(self, token: str, request: _Request, deadline: Deadline) -> dict[str, Any]:
        answer = await self._send_with_retries(request, deadline, token)
        if answer.code == 0:
            if request.endpoint.counted:
                self._traffic.count(request.endpoint.path)
            return answer.body
        endpoint, known = request.endpoint, self._known(request, token)
        raise error_of(
            answer.body,
            answer.status,
            answer.headers,
            required_scopes=endpoint.scopes,
            known=known,
            codes={**endpoint.codes, **self._codes},
        )

    def _known(self, request: _Request, token: str) -> tuple[str, ...]:
        """Return the secrets and IDs of a request, which its answer may repeat."""
        return (self._app_secret, token, self._app_id, *request.ids)

    async def _fetch_token(self) -> Token:
        request = _Request(_TOKEN, body={"app_id": self._app_id, "app_secret": self._app_secret})
        answer = await self._send_with_retries(request, self.new_deadline())
        if answer.code == 0:
            return parse.token(answer.body)
        raise token_error_of(answer.body, answer.status, answer.headers, known=self._known(request, ""))

    async def _send_with_retries(self, request: _Request, deadline: Deadline, token: str = "") -> _Answer:
        path = request.endpoint.path
        attempt = 0
        while True:
            attempt += 1
            patience = deadline.pause()
            if request.endpoint.writes:
                await self._traffic.turn_to_write()
            await self._traffic.enter(path, patience=patience)
            try:
                deadline.go_on()
                answer = await self._send(request, token, min(deadline.left, _ATTEMPT_TIMEOUT))
                failure = None if answer.code == 0 else _passing_failure(answer, self._known(request, token))
                if failure is None:
                    return answer
            except (NotReachableError, RateLimitedError, ServerError) as error:
                failure = error
            finally:
                self._traffic.leave(path)
            delay = self._delay_after(failure, attempt, path)
            if not (request.endpoint.repeatable or isinstance(failure, RateLimitedError)):
                raise failure
            if delay is None or delay >= deadline.left:
                raise failure
            _LOGGER.debug("%s %s: %s; retrying in %.1f s", request.endpoint.method, path, failure, delay)
            await asyncio.sleep(delay)

    def _delay_after(self, failure: FeishuError, attempt: int, path: str) -> float | None:
        """Return the seconds to wait before the next attempt, None to give up."""
        told = (isinstance(failure, RateLimitedError) and failure.retry_after) or 0.0
        if told:
            self._traffic.block(path, told)
        if attempt >= _ATTEMPTS or isinstance(failure, NotFeishuError):
            return None
        back_off: float = min(_FIRST_BACK_OFF * 2 ** (attempt - 1), _LONGEST_BACK_OFF)
        return max(told, back_off * random.uniform(0.5, 1.5))  # noqa: S311  # jitter, not a secret

    async def _send(self, request: _Request, token: str, seconds: float) -> _Answer:
        started, sent = _now(), time.time()
        endpoint = request.endpoint
        error: FeishuError
        try:
            async with (
                asyncio.timeout(seconds),
                self._session.request(
                    endpoint.method,
                    _url_of(self._url, endpoint.path, request.path_ids, request.pairs),
                    headers=self._headers_with(token),
                    data=None if request.body is None else orjson.dumps(request.body),
                    allow_redirects=False,
                    proxy=self._proxy,
                    timeout=_NO_TIMEOUT,
                    middlewares=(),  # Home Assistant's session has one that resolves the target of a redirect
                ) as response,
            ):
                body = await read_body(response, _MAX_BODY)
        except TimeoutError:
            error = NotReachableError("no answer in time")
        except (aiohttp.ClientError, OSError) as failure:
            error = error_of_request(failure)
        else:
            answer = _read_answer(body, response, partial(self._known, request, token))
            if date := answer.headers.get("Date"):
                self._traffic.clock.note(date, _utc(sent), _utc(time.time()), _now())
            if _LOGGER.isEnabledFor(logging.DEBUG):
                milliseconds = (_now() - started) * 1000
                where = endpoint.method, endpoint.path
                _LOGGER.debug("%s %s: HTTP %s, code %s, %.0f ms", *where, answer.status, answer.code, milliseconds)
            return answer
        raise error  # outside `except`: as its context, aiohttp's error would keep the request with the token

    def _headers_with(self, token: str) -> CIMultiDict[str]:
        """Return the headers of a request. They are made once per token."""
        if not token:
            return _JSON_HEADERS
        if token != self._headers_of:
            self._headers_of = token
            self._headers = CIMultiDict({**_JSON_HEADERS, "Authorization": f"Bearer {token}"})
        return self._headers


class Deadline:
    """The end of a call. Its time stands still while the call waits in the queue of our own limits."""

    def __init__(self, seconds: float) -> None:
        """Start with this many seconds left."""
        self._ends_at = _now() + seconds
        self._paused: float | None = None

    @property
    def left(self) -> float:
        """The number of seconds that are left."""
        return self._ends_at - _now() if self._paused is None else self._paused

    def pause(self) -> float:
        """Stop the time, and return the seconds that are left."""
        self._paused = self.left
        return self._paused

    def go_on(self) -> None:
        """Let the time run again."""
        self._ends_at = _now() + self.left
        self._paused = None


@dataclass(frozen=True, slots=True)
class _Request:
    endpoint: Endpoint
    path_ids: tuple[str, ...] = field(default=(), repr=False)
    params: Params | None = field(default=None, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the parameters of the URL."""
        params = self.params or ()
        return tuple(params.items() if isinstance(params, Mapping) else params)

    @property
    def ids(self) -> Iterator[str]:
        """Yield the IDs, e-mail addresses, numbers and titles in the request."""
        yield from self.path_ids
        for name, value in (*self.pairs, *(self.body or {}).items()):
            yield from _private_texts(name, value)


def _private_texts(name: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        if name in _PRIVATE:
            yield value
    elif isinstance(value, Mapping):
        for inner, below in value.items():
            yield from _private_texts(inner, below)
    elif isinstance(value, list):
        for item in value:
            yield from _private_texts(name, item)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: dict[str, Any] = field(repr=False)

    @property
    def code(self) -> int:
        code: int = self.body["code"]
        return code


async def _in_time[T](result: Awaitable[T], seconds: float) -> T:
    """Await a result. Raises `NotReachableError` if it takes longer than this many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        raise NotReachableError("no answer in time") from None


def _passing_failure(answer: _Answer, known: tuple[str, ...]) -> FeishuError | None:
    """Return the error of an answer that is worth a retry, None for any other."""
    error = error_of(answer.body, answer.status, answer.headers, known=known)
    return error if isinstance(error, (RateLimitedError, ServerError)) else None


@lru_cache(maxsize=64)
def _url_of(base: str, path: str, path_ids: tuple[str, ...], params: tuple[tuple[str, str], ...]) -> URL:
    for path_id in path_ids:
        path = path.replace(":id", quote(path_id, safe=""), 1)
    url = URL(f"{base}/{path}")
    return url.extend_query(params) if params else url


def _read_answer(
    body: bytes | bytearray, response: aiohttp.ClientResponse, known: Callable[[], tuple[str, ...]]
) -> _Answer:
    """Return the JSON object of an answer; its content type is ignored. `known` is called only for failures."""
    status = response.status
    if not _OK <= status < _REDIRECT and status < _CLIENT_ERROR:
        raise error_without_code(status, response.headers, known=known())
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    code = content.get("code") if isinstance(content, dict) else None
    if type(code) is int and (code != 0 or status < _REDIRECT):
        return _Answer(status, response.headers, content)
    raise error_without_code(status, response.headers, body, known=known())


def _utc(unix_time: float) -> datetime:
    return datetime.fromtimestamp(unix_time, UTC)


def _now() -> float:
    return asyncio.get_running_loop().time()
