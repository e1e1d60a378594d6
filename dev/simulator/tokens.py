"""Tenant access tokens: issuing, reissuing, expiry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import secrets
from typing import Final

LIFETIME: Final = timedelta(hours=2)
REISSUE_BELOW: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the instant (aware) at which it expires. The repr leaves out the value."""

    value: str = field(repr=False)
    ends: datetime


@dataclass(slots=True)
class TokenIssuer:
    """Issues tokens as Feishu does: the same one while 30 minutes are left, then a new one. Both stay valid."""

    clock: Callable[[], datetime]
    _live: list[Token] = field(default_factory=list, repr=False)
    _last: Token | None = field(default=None, repr=False)

    def issue(self, *, stuck: bool) -> tuple[str, int]:
        """Return a token and its remaining life in whole seconds. ``stuck``: return the last one, even if expired."""
        now = self.clock()
        if stuck and self._last is not None:
            left = max(self._last.ends - now, REISSUE_BELOW)
            return self._last.value, int(left.total_seconds())
        current = self._live[-1] if self._live else None
        if current is None or current.ends - now < REISSUE_BELOW:
            current = self._last = Token(f"t-sim{secrets.token_hex(20)}", now + LIFETIME)
            self._live = [token for token in self._live if token.ends > now] + [current]
        return current.value, int((current.ends - now).total_seconds())

    def valid(self, value: str) -> bool:
        """Return whether ``value`` is an issued token that has not expired."""
        now = self.clock()
        return any(token.value == value and token.ends > now for token in self._live)

    def expire(self) -> None:
        """Invalidate all tokens now."""
        self._live.clear()
