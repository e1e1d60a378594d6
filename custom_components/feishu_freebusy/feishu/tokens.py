"""The tenant access token of a custom app: fetched once, shared by all calls, renewed before it expires.

https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from .errors import CredentialsError, FeishuError

_RENEW_BEFORE_END = 600.0  # seconds; Feishu issues a new token only in the last 1,800 of the old one
_RETRY_AFTER = 30.0
_PATIENCE = 2.0  # seconds that a call waits for a renewal while the old token is still good
_LAST_MOMENT = 10.0  # seconds before its end; then calls wait for the renewal, as the token could expire during a call


class TokenSource(Protocol):
    """Where calls get their token: `TokenCache` for the app, `GrantKeeper` for a person."""

    @property
    def current(self) -> str | None:
        """Return the token if it can be used at once, else None: `get` then returns one."""

    async def get(self) -> str:
        """Return a valid token. Raises `FeishuError`."""

    async def replace(self, stale: str) -> str:
        """Return another token after Feishu refused `stale`. Raises `FeishuError`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A tenant access token; `lifetime` is in seconds from the time of the request."""

    value: str = field(repr=False)
    lifetime: float


class TokenCache:
    """One token shared by all calls. At most one renewal runs at a time.

    `fetch` requests a token from Feishu and raises `FeishuError`.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        self._fetch = fetch
        self._value: str | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._renewal: asyncio.Task[Token] | None = None
        self._patient_until = 0.0

    @property
    def current(self) -> str | None:
        """Return the token if it is not due for renewal, else None: `get` then returns one."""
        return self._value if self._value and _now() < self._renew_at else None

    async def get(self) -> str:
        """Return a valid token. Raises the `FeishuError` of the token request.

        While the old token is good, a call waits at most `_PATIENCE` for a renewal; the renewal continues by itself.
        """
        if token := self.current:
            return token
        renewal = self._renewal or self._begin_renewal()
        # `asyncio.wait` does not cancel the renewal when this call is canceled: other calls need it
        await asyncio.wait([renewal], timeout=self._patience)
        if self._value and _now() < self._ends_at:
            return self._value  # the new token, or the old one while the renewal takes long or failed
        await asyncio.wait([renewal])
        return renewal.result().value

    async def replace(self, stale: str) -> str:
        """Return a token requested after Feishu refused `stale`. Feishu may issue the same one again."""
        if self._value == stale:
            self._value = None
        return await self.get()

    async def renew(self) -> None:
        """Request a token, even if the current one is good. Raises the `FeishuError` of the request."""
        renewal = self._renewal or self._begin_renewal()
        await asyncio.wait([renewal])
        renewal.result()

    @property
    def _patience(self) -> float | None:
        """How many seconds to wait for a renewal, None to wait until it ends."""
        if self._value is None or _now() >= self._ends_at - _LAST_MOMENT:
            return None
        return max(self._patient_until - _now(), 0.0)

    def _begin_renewal(self) -> asyncio.Task[Token]:
        self._renewal = asyncio.create_task(self._fetch_and_keep())
        self._renewal.add_done_callback(self._renewal_done)
        self._patient_until = _now() + _PATIENCE
        return self._renewal

    async def _fetch_and_keep(self) -> Token:
        # Returns a `Token`, which hides its value: asyncio's debug log shows the results of tasks
        asked_at = _now()
        try:
            token = await self._fetch()
        except CredentialsError:
            self._value = None  # the next call must raise it, even if no call waited for this renewal
            raise
        except FeishuError:
            self._renew_at = min(_now() + _RETRY_AFTER, self._ends_at)
            raise
        self._value = token.value
        self._ends_at = asked_at + token.lifetime
        self._renew_at = self._ends_at - min(_RENEW_BEFORE_END, token.lifetime / 2)
        return token

    def _renewal_done(self, task: asyncio.Task[Token]) -> None:
        self._renewal = None
        if not task.cancelled():
            task.exception()  # retrieve it: asyncio logs an error that no call has retrieved


def _now() -> float:
    return asyncio.get_running_loop().time()
