"""Calls of the accounts server, which grants tokens and registers apps. They do not repeat themselves.

A token that is used only once must not be sent twice by accident, so each caller decides whether to ask again. Apart
from that, these calls take the same way as those of the open platform: the same session, the same proxy, no redirects.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
import logging
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import orjson

from .errors import FeishuError, NotReachableError, error_of, error_without_code
from .session import environment_proxy, error_of_request, read_body

_LOGGER = logging.getLogger(__name__)

_TIMEOUT = 25.0  # seconds
_MAX_ANSWER = 128 * 1024  # bytes; two tokens of 8 KiB are the most that is used
_NO_TIMEOUT = aiohttp.ClientTimeout()  # `_TIMEOUT` includes everything
_JSON = "application/json; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_OK = 200
_REDIRECT = 300
_CLIENT_ERROR = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object, and how it came. `code` is 0 if the server sent none; `error` is the name of OAuth 2.0."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: dict[str, Any] = field(repr=False)

    @property
    def code(self) -> int:
        """Feishu's code, 0 if there is none."""
        code = self.body.get("code")
        return code if type(code) is int else 0

    @property
    def error(self) -> str:
        """The name of the error, empty if there is none."""
        error = self.body.get("error")
        return error if isinstance(error, str) else ""

    @property
    def failed(self) -> bool:
        """Whether any of the three says so: the HTTP status, the code, the name of an error."""
        return not _OK <= self.status < _REDIRECT or self.code != 0 or bool(self.error)

    def failure(self, known: tuple[str, ...], codes: Mapping[int, type[FeishuError]]) -> FeishuError:
        """Return the error of a failed answer, with its secrets masked. `codes` come before the common ones."""
        told = self.body.get("error_description") or self.body.get("msg") or self.error
        body = {"code": self.code or None, "msg": told, "error": self.body.get("error")}
        return error_of(body, self.status, self.headers, known=known, codes=codes)


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    json: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    basic: tuple[str, str] | None = None,
    bearer: str = "",
    known: tuple[str, ...] = (),
    may_be_empty: bool = False,
) -> Answer:
    """Return the answer to one request, whatever it says. `known` are the secrets of the request.

    Raises `NotReachableError`, `UnreadableAnswerError`, `ServerError` or `RateLimitedError` if it is not JSON.
    """
    headers = {}
    if basic is not None:
        headers["Authorization"] = "Basic " + b64encode(":".join(basic).encode()).decode()
    elif bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    data: bytes | None = None
    if json is not None:
        headers["Content-Type"], data = _JSON, orjson.dumps(json)
    elif form is not None:
        headers["Content-Type"], data = _FORM, urlencode(form).encode()
    started = asyncio.get_running_loop().time()
    path = urlsplit(url).path  # the log has nothing of the query
    error: FeishuError
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            session.request(
                method,
                url,
                headers=headers,
                data=data,
                allow_redirects=False,
                proxy=environment_proxy(url),
                timeout=_NO_TIMEOUT,
                middlewares=(),  # Home Assistant's session has one that resolves the target of a redirect
            ) as response,
        ):
            content = await read_body(response, _MAX_ANSWER)
    except TimeoutError:
        error = NotReachableError("no answer in time")
    except (aiohttp.ClientError, OSError) as failure:
        error = error_of_request(failure)
    else:
        answer = _read(response, content, known, may_be_empty=may_be_empty)
        milliseconds = (asyncio.get_running_loop().time() - started) * 1000
        _LOGGER.debug("%s %s: HTTP %s, code %s, %.0f ms", method, path, answer.status, answer.code, milliseconds)
        return answer
    raise error  # outside `except`: as its context, aiohttp's error would keep the request with the secrets


def _read(
    response: aiohttp.ClientResponse, content: bytes | bytearray, known: tuple[str, ...], *, may_be_empty: bool
) -> Answer:
    status = response.status
    if may_be_empty and not content and _OK <= status < _REDIRECT:
        return Answer(status, response.headers, {})
    if _OK <= status < _REDIRECT or status >= _CLIENT_ERROR:
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError:
            body = None
        if isinstance(body, dict):
            answer = Answer(status, response.headers, body)
            if status < _REDIRECT or answer.code or answer.error:
                return answer
    raise error_without_code(status, response.headers, content, known=known)
