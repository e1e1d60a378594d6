"""A session without sockets that answers every request alike."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from typing import Any
from urllib.parse import parse_qs

from multidict import CIMultiDict

TOKENS = {
    "code": 0,
    "access_token": "eyJaccess",
    "expires_in": 7200,
    "refresh_token": "eyJnext",
    "refresh_token_expires_in": 604800,
    "scope": "offline_access vc:room:readonly",
    "token_type": "Bearer",
}


@dataclass
class Sent:
    method: str
    url: str
    headers: Mapping[str, str]
    data: bytes | None

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"].startswith("application/json")
        return json.loads(self.data or b"")

    @property
    def form(self) -> dict[str, str]:
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        return {name: value for name, (value,) in parse_qs((self.data or b"").decode()).items()}


@dataclass
class Content:
    """The body of an answer."""

    body: bytes

    async def readany(self) -> bytes:
        body, self.body = self.body, b""
        return body

    def at_eof(self) -> bool:
        return not self.body


@dataclass
class Response:
    """An answer, as aiohttp gives it."""

    status: int
    headers: CIMultiDict[str]
    content: Content

    def close(self) -> None:
        pass


@dataclass
class Session:
    """Answers every request alike, and remembers them."""

    status: int = 200
    body: object = field(default_factory=lambda: dict(TOKENS))
    headers: dict[str, str] = field(default_factory=dict)
    error: BaseException | None = None
    sent: list[Sent] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)  # of the last request

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], data: bytes | None, **options: object
    ) -> AsyncIterator[Response]:
        self.sent.append(Sent(method, url, headers, data))
        self.options = options
        if self.error is not None:
            raise self.error
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        yield Response(self.status, CIMultiDict(self.headers), Content(content))
