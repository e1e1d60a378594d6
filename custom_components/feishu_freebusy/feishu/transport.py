"""One call to the open platform: token, rate limits, retries, deadline. Returns JSON or raises `FeishuError`."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
import logging
import random
import time
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from . import parse
from .errors import (
    ErrorDetails,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    UnreadableAnswerError,
    error_of,
    error_without_code,
    token_error_of,
)
from .limits import AppTraffic
from .session import environment_proxy, error_of_request
from .tokens import Token, TokenCache

_LOGGER = logging.getLogger(__name__)

_ATTEMPTS = 3
_ATTEMPT_TIMEOUT = 10.0  # seconds
_FIRST_BACK_OFF = 0.5
_LONGEST_BACK_OFF = 8.0
_MAX_BODY = 2 * 1024 * 1024  # bytes; twice the size of 20 fully booked rooms for 30 days. Parsing blocks the loop
_NO_TIMEOUT = aiohttp.ClientTimeout()  # each attempt has one of ours, which includes everything
_JSON_BODY = {"Content-Type": "application/json; charset=utf-8"}
_IDS = {"room_id", "room_ids", "room_level_id", "user_id", "user_ids", "emails", "mobiles"}
_OK = 200
_REDIRECT = 300
_CLIENT_ERROR = 400

type Params = Mapping[str, str] | Sequence[tuple[str, str]]  # pairs if a name occurs more than once


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API; any one of `scopes` is enough to call it.

    `path` may hold one `:id`. `counted`: a successful call counts towards the tenant's monthly quota.
    """

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    counted: bool = True


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
    ) -> None:
        self._session = session
        self._url = f"{base_url}/open-apis"
        self._proxy = environment_proxy(base_url)
        self._app_id = app_id
        self._app_secret = app_secret
        self._traffic = traffic
        self._deadline = deadline
        self._tokens = TokenCache(self._fetch_token)

    async def check_credentials(self) -> None:
        """Request a token. Raises `CredentialsError` or another `FeishuError`."""
        await _in_time(self._tokens.renew(), self._deadline)

    async def call(
        self,
        endpoint: Endpoint,
        *,
        path_id: str = "",
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object of a successful answer (code 0). Raises `FeishuError` for any other."""
        request = _Request(endpoint, path_id, params, body)
        deadline = _Deadline(self._deadline)
        token = self._tokens.current
        if token is None:
            token = await _in_time(self._tokens.get(), deadline.left)
        try:
            return await self._call_with(token, request, deadline)
        except StaleTokenError:
            token = await _in_time(self._tokens.replace(token), deadline.left)
        return await self._call_with(token, request, deadline)

    async def _call_with(self, token: str, request: _Request, deadline: _Deadline) -> dict[str, Any]:
        answer = await self._send_with_retries(request, deadline, token)
        if answer.code == 0:
            if request.endpoint.counted:
                self._traffic.count(request.endpoint.path)
            return answer.body
        scopes, known = request.endpoint.scopes, self._known(request, token)
        raise error_of(answer.body, answer.status, answer.headers, required_scopes=scopes, known=known)

    def _known(self, request: _Request, token: str) -> tuple[str, ...]:
        """Return the secrets and IDs of a request, which its answer may repeat."""
        return (self._app_secret, token, self._app_id, *request.ids)

    async def _fetch_token(self) -> Token:
        request = _Request(_TOKEN, body={"app_id": self._app_id, "app_secret": self._app_secret})
        answer = await self._send_with_retries(request, _Deadline(self._deadline))
        if answer.code == 0:
            return parse.token(answer.body)
        raise token_error_of(answer.body, answer.status, answer.headers, known=self._known(request, ""))

    async def _send_with_retries(self, request: _Request, deadline: _Deadline, token: str = "") -> _Answer:
        path = request.endpoint.path
        attempt = 0
        while True:
            attempt += 1
            left = deadline.left
            await self._traffic.enter(path, patience=left)
            try:
                deadline.left = left  # restore it: waiting in the queue does not count
                answer = await _in_time(self._send(request, token), min(left, _ATTEMPT_TIMEOUT))
                failure = None if answer.code == 0 else _passing_failure(answer, self._known(request, token))
                if failure is None:
                    return answer
            except (NotReachableError, RateLimitedError, ServerError) as error:
                failure = error
            finally:
                self._traffic.leave(path)
            delay = self._delay_after(failure, attempt, path)
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

    async def _send(self, request: _Request, token: str) -> _Answer:
        started, sent = _now(), _wall()
        endpoint = request.endpoint
        answer: _Answer | FeishuError
        try:
            async with self._session.request(
                endpoint.method,
                f"{self._url}/{endpoint.path.replace(':id', quote(request.path_id, safe=''))}",
                headers={**_JSON_BODY, "Authorization": f"Bearer {token}"} if token else _JSON_BODY,
                params=request.params,
                data=None if request.body is None else orjson.dumps(request.body),
                allow_redirects=False,
                proxy=self._proxy,
                timeout=_NO_TIMEOUT,
                middlewares=(),  # Home Assistant's session has one that resolves the target of a redirect
            ) as response:
                answer = _read_answer(await _read_body(response), response, partial(self._known, request, token))
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            answer = error_of_request(error)
        if isinstance(answer, FeishuError):
            raise answer  # outside `except`: as its context, aiohttp's error would keep the request with the token
        self._traffic.clock.note(answer.headers.get("Date"), sent, _wall(), _now())
        milliseconds = (_now() - started) * 1000
        _LOGGER.debug(
            "%s %s: HTTP %s, code %s, %.0f ms", endpoint.method, endpoint.path, answer.status, answer.code, milliseconds
        )
        return answer


class _Deadline:
    """The end of a call; `left` is the number of seconds until then."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @property
    def left(self) -> float:
        return self._ends_at - _now()

    @left.setter
    def left(self, seconds: float) -> None:
        self._ends_at = _now() + seconds


@dataclass(frozen=True, slots=True)
class _Request:
    endpoint: Endpoint
    path_id: str = field(default="", repr=False)
    params: Params | None = field(default=None, repr=False)
    body: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def ids(self) -> Iterator[str]:
        """Yield the IDs, e-mail addresses and numbers in the request."""
        yield self.path_id
        params = self.params or ()
        for name, value in (*(params.items() if isinstance(params, Mapping) else params), *(self.body or {}).items()):
            if name in _IDS:
                yield from (value,) if isinstance(value, str) else value


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


async def _read_body(response: aiohttp.ClientResponse) -> bytearray:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _MAX_BODY:
            response.close()
            raise UnreadableAnswerError("the answer is too large", ErrorDetails(http_status=response.status))
    return body


def _read_answer(body: bytearray, response: aiohttp.ClientResponse, known: Callable[[], tuple[str, ...]]) -> _Answer:
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


def _wall() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _now() -> float:
    return asyncio.get_running_loop().time()
