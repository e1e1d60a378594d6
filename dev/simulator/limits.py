"""Rate limits, in their strictest reading: a maximum of calls in *any* second and in *any* minute."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
import math
from typing import Final

TIER_4: Final = ((50, 1.0), (1000, 60.0))


@dataclass(frozen=True, slots=True)
class Excess:
    """A call over the limit: the limit, its window in seconds, and the whole seconds until a call is allowed again."""

    limit: int
    window: float
    reset: int


@dataclass(slots=True)
class SlidingWindows:
    """Counts calls per API. ``monotonic`` returns seconds; ``windows`` holds pairs of (calls, seconds)."""

    monotonic: Callable[[], float]
    windows: tuple[tuple[int, float], ...] = TIER_4
    _calls: defaultdict[tuple[str, float], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def admit(self, api: str, windows: tuple[tuple[int, float], ...] | None = None) -> Excess | None:
        """Count a call of ``api`` and return ``None``; if it exceeds a limit, do not count it and return the excess.

        ``windows`` are the limits of this API if they are not those of tier 4.
        """
        now = self.monotonic()
        windows = windows or self.windows
        for limit, window in windows:
            calls = self._calls[api, window]
            while calls and now - calls[0] >= window:
                calls.popleft()
            if len(calls) >= limit:
                return Excess(limit, window, max(1, math.ceil(calls[0] + window - now)))
        for _, window in windows:
            self._calls[api, window].append(now)
        return None
