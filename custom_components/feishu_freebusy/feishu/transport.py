"""One call to the open platform: token, limits, retries, deadline, and an answer that is JSON or an error."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
import json
import logging
import random
from typing import Any
from urllib.parse import quote

import aiohttp

from . import parse
from .errors import (
    Answer,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    UnreadableAnswerError,
    error_of,
    token_error_of,
)
from .tokens import Token, TokenCache
from .traffic import AppTraffic

_LOGGER = logging.getLogger(__name__)

_ATTEMPTS = 3
_ATTEMPT_TIMEOUT = 10.0  # seconds
_FIRST_BACK_OFF = 0.5
_LONGEST_BACK_OFF = 8.0
_MAX_BODY = 8 * 1024 * 1024  # bytes; a page of 100 rooms has about 100 KiB
_OK = 200
_REDIRECT = 300
_CLIENT_ERROR = 400
_SERVER_ERROR = 500

type Params = Mapping[str, str] | Sequence[tuple[str, str]]  # pairs where a name comes more than once


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API; any one of `scopes` opens it.

    `path` may hold one `:id`. `counted`: a successful call counts towards the tenant's monthly quota.
    """

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    counted: bool = True


_TOKEN = Endpoint("POST", "auth/v3/tenant_access_token/internal")


class Transport:
    """Calls endpoints as one custom app."""

    def __init__(  # credentials, address and the three things it works with
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        app_id: str,
        app_secret: str,
        traffic: AppTraffic,
        deadline: float,
    ) -> None:
        """Take the `deadline` in seconds: no call lasts longer, with its token, its retries and all waiting.

        Standing in line for our own limits is not counted: however many call at once, each has its turn.
        """
        self._session = session
        self._url = f"{base_url}/open-apis"
        self._app_id = app_id
        self._app_secret = app_secret
        self._traffic = traffic
        self._deadline = deadline
        self._tokens = TokenCache(self._fetch_token)

    async def token(self) -> None:
        """See to it that there is a token. Raises `CredentialsError` and what any call may raise."""
        async with self._deadline_of_a_call():
            await self._tokens.get()

    @asynccontextmanager
    async def _deadline_of_a_call(self) -> AsyncIterator[_Deadline]:
        try:
            async with asyncio.timeout(self._deadline) as timeout:
                yield _Deadline(timeout)
        except TimeoutError:
            raise NotReachableError("no answer in time") from None

    async def call(
        self,
        endpoint: Endpoint,
        *,
        path_id: str = "",
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that `endpoint` answers, its code being 0. Raises `FeishuError`."""
        request = _Request(endpoint, path_id, params, body)
        async with self._deadline_of_a_call() as deadline:
            token = await self._tokens.get()
            try:
                return await self._call_with(token, request, deadline)
            except StaleTokenError:
                token = await self._tokens.replace(token)
            return await self._call_with(token, request, deadline)

    async def _call_with(self, token: str, request: _Request, deadline: _Deadline) -> dict[str, Any]:
        secrets = (self._app_secret, token)
        request = replace(request, headers={"Authorization": f"Bearer {token}"})
        answer = await self._send_with_retries(request, deadline, secrets)
        if answer.code == 0:
            if request.endpoint.counted:
                self._traffic.counted[request.endpoint.path] += 1
            return answer.body
        raise error_of(
            answer.body, answer.status, answer.headers, required_scopes=request.endpoint.scopes, secrets=secrets
        )

    async def _fetch_token(self) -> Token:
        secrets = (self._app_secret,)
        request = _Request(_TOKEN, body={"app_id": self._app_id, "app_secret": self._app_secret})
        async with self._deadline_of_a_call() as deadline:
            answer = await self._send_with_retries(request, deadline, secrets)
        if answer.code == 0:
            return parse.token(answer.body)
        raise token_error_of(answer.body, answer.status, answer.headers, secrets=secrets)

    async def _send_with_retries(self, request: _Request, deadline: _Deadline, secrets: tuple[str, ...]) -> _Answer:
        path = request.endpoint.path
        attempt = 0
        while True:
            attempt += 1
            async with AsyncExitStack() as stack:
                with deadline.suspended() as left:
                    await stack.enter_async_context(self._traffic.slot(path, patience=left))
                try:
                    async with asyncio.timeout(_ATTEMPT_TIMEOUT):
                        answer = await self._send(request)
                    failure = _passing_failure(answer, secrets)
                    if failure is None:
                        return answer
                except TimeoutError:
                    failure = NotReachableError("no answer in time")
                except (NotReachableError, ServerError) as error:
                    failure = error
            delay = self._delay_after(failure, attempt, path)
            if delay is None or delay >= deadline.left:
                raise failure
            _LOGGER.debug("%s %s: %s; once more in %.1f s", request.endpoint.method, path, failure, delay)
            await asyncio.sleep(delay)

    def _delay_after(self, failure: FeishuError, attempt: int, path: str) -> float | None:
        """Return the seconds to wait before the next attempt, None if there is to be none."""
        told = failure.retry_after if isinstance(failure, RateLimitedError) else None
        if told:
            self._traffic.block(path, told)
        if attempt >= _ATTEMPTS or isinstance(failure, NotFeishuError):
            return None
        if told is not None:
            return told
        back_off: float = min(_FIRST_BACK_OFF * 2 ** (attempt - 1), _LONGEST_BACK_OFF)
        return back_off * random.uniform(0.5, 1.5)  # noqa: S311  # jitter, not a secret

    async def _send(self, request: _Request) -> _Answer:
        started = _now()
        endpoint = request.endpoint
        try:
            async with self._session.request(
                endpoint.method,
                f"{self._url}/{endpoint.path.replace(':id', quote(request.path_id, safe=''))}",
                headers={**request.headers, "Content-Type": "application/json; charset=utf-8"},
                params=request.params,
                data=None if request.body is None else json.dumps(request.body).encode(),
                allow_redirects=False,
            ) as response:
                answer = _read_answer(await _read_body(response), response)
        # Not chained: the session's errors carry the request, and with it the token
        except aiohttp.ClientPayloadError:
            raise UnreadableAnswerError("the answer was cut off") from None
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise NotReachableError(f"no connection ({type(error).__name__})") from None
        milliseconds = (_now() - started) * 1000
        _LOGGER.debug(
            "%s %s: HTTP %s, code %s, %.0f ms", endpoint.method, endpoint.path, answer.status, answer.code, milliseconds
        )
        return answer


class _Deadline:
    """How long a call may still last."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout

    @property
    def left(self) -> float:
        """Return the seconds left."""
        ends_at = self._timeout.when()
        return float("inf") if ends_at is None else ends_at - _now()

    @contextmanager
    def suspended(self) -> Iterator[float]:
        """Stop the clock; yields the seconds left on it."""
        left = self.left
        self._timeout.reschedule(None)
        try:
            yield left
        finally:
            if not self._timeout.expired():
                self._timeout.reschedule(_now() + left)


@dataclass(frozen=True, slots=True)
class _Request:
    endpoint: Endpoint
    path_id: str = ""
    params: Params | None = None
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> int:
        code: int = self.body["code"]
        return code


def _passing_failure(answer: _Answer, secrets: tuple[str, ...]) -> FeishuError | None:
    """Return the error of an answer that may be another one in a moment, None for any other answer."""
    if answer.code == 0:
        return None
    error = error_of(answer.body, answer.status, answer.headers, secrets=secrets)
    return error if isinstance(error, (RateLimitedError, ServerError)) else None


async def _read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > _MAX_BODY:
            response.close()
            raise UnreadableAnswerError("the answer is too large", Answer(http_status=response.status))
    return bytes(body)


def _read_answer(body: bytes, response: aiohttp.ClientResponse) -> _Answer:
    """Return the JSON object of an answer, whatever its status says about its type."""
    status = response.status
    if not _OK <= status < _REDIRECT and status < _CLIENT_ERROR:
        raise NotFeishuError("redirected elsewhere", Answer(http_status=status))
    try:
        content = json.loads(body)
    except ValueError, RecursionError:
        content = None
    code = content.get("code") if isinstance(content, dict) else None
    if type(code) is int and (code != 0 or status < _REDIRECT):
        return _Answer(status, response.headers, content)
    answer = Answer(http_status=status, log_id=response.headers.get("x-tt-logid"))
    if status >= _SERVER_ERROR:
        raise ServerError("the server is in trouble", answer)
    if status >= _CLIENT_ERROR:
        raise NotFeishuError("an error page that is not Feishu's", answer)
    raise UnreadableAnswerError("the answer is not Feishu's JSON", answer)


def _now() -> float:
    return asyncio.get_running_loop().time()
