"""One call to the open platform: token, limits, retries, deadline, and an answer that is JSON or an error."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
import logging
import random
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API: any one of `scopes` opens it, `metered` calls count towards the tenant's monthly quota."""

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    metered: bool = True


_TOKEN = Endpoint("POST", "auth/v3/tenant_access_token/internal", metered=False)


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
        """Take the `deadline` in seconds: no call lasts longer once it was admitted, retries and waiting included."""
        self._session = session
        self._url = f"{base_url}/open-apis"
        self._app_id = app_id
        self._app_secret = app_secret
        self._traffic = traffic
        self._deadline = deadline
        self._tokens = TokenCache(self._fetch_token)

    async def token(self) -> None:
        """See to it that there is a token. Raises `CredentialsError` and what any call may raise."""
        await self._tokens.get()

    async def call(
        self,
        endpoint: Endpoint,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that `endpoint` answers, its code being 0. Raises `FeishuError`."""
        token = await self._tokens.get()
        try:
            return await self._call_with(token, endpoint, params, body)
        except StaleTokenError:
            token = await self._tokens.replace(token)
        return await self._call_with(token, endpoint, params, body)

    async def _call_with(
        self,
        token: str,
        endpoint: Endpoint,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        answer = await self._send_with_retries(endpoint, {"Authorization": f"Bearer {token}"}, params, body)
        if answer.code == 0:
            if endpoint.metered:
                self._traffic.counted[endpoint.path] += 1
            return answer.body
        raise error_of(
            answer.body,
            answer.status,
            answer.headers,
            required_scopes=endpoint.scopes,
            secrets=(self._app_secret, token),
        )

    async def _fetch_token(self) -> Token:
        credentials = {"app_id": self._app_id, "app_secret": self._app_secret}
        answer = await self._send_with_retries(_TOKEN, {}, None, credentials)
        if answer.code == 0:
            return parse.token(answer.body)
        raise token_error_of(answer.body, answer.status, answer.headers, secrets=(self._app_secret,))

    async def _send_with_retries(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> _Answer:
        deadline: float | None = None
        attempt = 0
        while True:
            attempt += 1
            async with self._traffic.slot(endpoint.path):
                now = asyncio.get_running_loop().time()
                deadline = deadline or now + self._deadline
                try:
                    async with asyncio.timeout_at(min(deadline, now + _ATTEMPT_TIMEOUT)):
                        answer = await self._send(endpoint, headers, params, body)
                    failure = self._passing_failure(answer)
                    if failure is None:
                        return answer
                except TimeoutError:
                    failure = NotReachableError("no answer in time")
                except (NotReachableError, ServerError) as error:
                    failure = error
            delay = self._delay_after(failure, attempt, endpoint)
            if delay is None or asyncio.get_running_loop().time() + delay >= deadline:
                raise failure
            _LOGGER.debug("%s %s: %s; once more in %.1f s", endpoint.method, endpoint.path, failure, delay)
            await asyncio.sleep(delay)

    def _passing_failure(self, answer: _Answer) -> FeishuError | None:
        """Return the error of an answer that may be another one in a moment, None for any other answer."""
        if answer.code == 0:
            return None
        error = error_of(answer.body, answer.status, answer.headers, secrets=(self._app_secret,))
        return error if isinstance(error, (RateLimitedError, ServerError)) else None

    def _delay_after(self, failure: FeishuError, attempt: int, endpoint: Endpoint) -> float | None:
        """Return the seconds to wait before the next attempt, None if there is to be none."""
        told = failure.retry_after if isinstance(failure, RateLimitedError) else None
        if told:
            self._traffic.block(endpoint.path, told)
        if attempt >= _ATTEMPTS or isinstance(failure, NotFeishuError):
            return None
        if told is not None:
            return told
        back_off: float = min(_FIRST_BACK_OFF * 2 ** (attempt - 1), _LONGEST_BACK_OFF)
        return back_off * random.uniform(0.5, 1.5)  # noqa: S311  # jitter, not a secret

    async def _send(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> _Answer:
        started = asyncio.get_running_loop().time()
        try:
            async with self._session.request(
                endpoint.method,
                f"{self._url}/{endpoint.path}",
                headers={**headers, "Content-Type": "application/json; charset=utf-8"},
                params=params,
                data=None if body is None else json.dumps(body).encode(),
                allow_redirects=False,
            ) as response:
                answer = _read_answer(await _read_body(response), response)
        except aiohttp.ClientPayloadError as error:
            raise UnreadableAnswerError("the answer was cut off") from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise NotReachableError(f"no connection ({type(error).__name__})") from error
        _LOGGER.debug(
            "%s %s: HTTP %s, code %s, %.0f ms",
            endpoint.method,
            endpoint.path,
            answer.status,
            answer.code,
            (asyncio.get_running_loop().time() - started) * 1000,
        )
        return answer


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> int:
        code: int = self.body["code"]
        return code


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
    if isinstance(content, dict) and type(content.get("code")) is int:
        return _Answer(status, response.headers, content)
    answer = Answer(http_status=status, log_id=response.headers.get("x-tt-logid"))
    if status >= _SERVER_ERROR:
        raise ServerError("the server is in trouble", answer)
    if status >= _CLIENT_ERROR:
        raise NotFeishuError("an error page that is not Feishu's", answer)
    raise UnreadableAnswerError("the answer is not Feishu's JSON", answer)
