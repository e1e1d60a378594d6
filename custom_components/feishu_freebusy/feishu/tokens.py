"""The tenant access token of a custom app: got once, shared, renewed in time.

https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from .errors import CredentialsError, FeishuError

_RENEW_BEFORE_END = 600.0  # seconds; Feishu issues a new token only in the last 1,800 of the old one
_RETRY_AFTER = 30.0
_PATIENCE = 2.0  # how long a renewal keeps those waiting who can do with the old token
_LAST_MOMENT = 10.0  # when they no longer can: a call that starts now may outlive it


@dataclass(frozen=True, slots=True)
class Token:
    """A tenant access token; `lifetime` in seconds from when it was asked for."""

    value: str = field(repr=False)
    lifetime: float


class TokenCache:
    """Hands out one token to all; however many wait for a renewal, one is under way."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]]) -> None:
        """Take the call that asks Feishu for a token; it raises `FeishuError`."""
        self._fetch = fetch
        self._value: str | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._renewal: asyncio.Task[Token] | None = None
        self._patient_until = 0.0

    async def get(self) -> str:
        """Return a token that is good for a while. Raises what the token endpoint answers.

        A renewal that takes its time goes on by itself while the old token is good.
        """
        if self._value and _now() < self._renew_at:
            return self._value
        renewal = self._renewal or self._begin_renewal()
        # Not awaited itself: whoever waits may be cancelled, and the renewal goes on for the others
        await asyncio.wait([renewal], timeout=self._patience)
        if self._value and _now() < self._ends_at:
            return self._value  # or the old token outlives the trouble, and nobody need notice it
        await asyncio.wait([renewal])
        return renewal.result().value

    async def replace(self, stale: str) -> str:
        """Return another token than `stale`, which was refused; it may be the same one if Feishu insists."""
        if self._value == stale:
            self._value = None
        return await self.get()

    @property
    def _patience(self) -> float | None:
        """Return how many seconds to wait for a renewal, None for as long as it takes."""
        if self._value is None or _now() >= self._ends_at - _LAST_MOMENT:
            return None
        return max(self._patient_until - _now(), 0.0)

    def _begin_renewal(self) -> asyncio.Task[Token]:
        self._renewal = asyncio.create_task(self._fetch_and_keep())
        self._renewal.add_done_callback(self._renewal_done)
        self._patient_until = _now() + _PATIENCE
        return self._renewal

    async def _fetch_and_keep(self) -> Token:
        # Returned as it is: asyncio's debug log shows what a task has come to, and a `Token` hides its value
        asked_at = _now()
        try:
            token = await self._fetch()
        except CredentialsError:
            self._value = None  # so that the next call hears of it, even if nobody waited for this
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
            task.exception()  # seen by those who waited; if nobody did, nobody needs it


def _now() -> float:
    return asyncio.get_running_loop().time()
