"""What one app sends to Feishu from this process: never too much at once, and counted.

Limits: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
"""

import asyncio
from collections import Counter, defaultdict, deque
from math import inf

from .errors import RateLimitedError

MAX_IN_FLIGHT = 10
LIMITS = ((50, 1.0), (1000, 60.0))  # calls, seconds: "tier 4", which every API used here has
_SHORTEST_SLEEP = 1e-6  # seconds; a timer may fire a hair early, and a shorter one would at once, again and again


class SlidingWindow:
    """Admits no more calls to one API than its limits allow, in whatever way one lays the window.

    A call keeps its place from its start until a full window after its *end*. The server takes it in somewhere between
    the two, so that not even calls which the network delays and then delivers together exceed the limit there.
    """

    def __init__(self, limits: tuple[tuple[int, float], ...] = LIMITS) -> None:
        """Take the limits as pairs of calls and seconds."""
        self._limits = limits
        self._in_flight = 0
        self._ended: deque[float] = deque(maxlen=max(calls for calls, _ in limits))
        self._blocked_until = 0.0
        self._turn = asyncio.Lock()

    async def enter(self, in_flight: asyncio.Semaphore, patience: float) -> None:
        """Wait, first come first served, until one more call is allowed, and take one of the places `in_flight`.

        The line always moves; but where the server said to wait for longer than `patience`, in seconds, it is left with
        `RateLimitedError`.
        """
        async with self._turn:
            while True:
                if (blocked := self._blocked_until - asyncio.get_running_loop().time()) > patience:
                    raise RateLimitedError("told to wait for longer than a call may last", retry_after=blocked)
                if (delay := self.delay()) > 0:
                    await asyncio.sleep(max(delay, _SHORTEST_SLEEP))
                    continue
                await in_flight.acquire()
                if self.delay() <= 0:
                    break
                in_flight.release()  # told to wait meanwhile: other APIs need not wait with us
            self._in_flight += 1

    def leave(self) -> None:
        """Say that a call has ended, well or not."""
        self._in_flight -= 1
        self._ended.append(asyncio.get_running_loop().time())

    def block(self, seconds: float) -> None:
        """Admit no call for so long, because the server said so."""
        self._blocked_until = max(self._blocked_until, asyncio.get_running_loop().time() + seconds)

    def delay(self) -> float:
        """Return the seconds until the next call is allowed, as things stand."""
        free_at = self._blocked_until
        for calls, seconds in self._limits:
            places = calls - self._in_flight
            if places <= len(self._ended):
                free_at = max(free_at, self._ended[-places] + seconds)
        return free_at - asyncio.get_running_loop().time()


class AppTraffic:
    """Shared by all that call Feishu as the same app, for the limits hold for the app.

    `counted` holds the calls that count towards the monthly quota, by API; `sent` is the number of all calls.
    """

    def __init__(self) -> None:
        """Start with no call made."""
        self.counted: Counter[str] = Counter()
        self.sent = 0
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._windows: defaultdict[str, SlidingWindow] = defaultdict(SlidingWindow)

    async def enter(self, api: str, patience: float = inf) -> None:
        """Take a place for one call to `api`, to be given back with `leave`; waits as `SlidingWindow.enter` says.

        Who is cancelled or gets an error has taken none.
        """
        await self._windows[api].enter(self._in_flight, patience)
        self.sent += 1

    def leave(self, api: str) -> None:
        """Give the place back: the call has ended, well or not."""
        self._in_flight.release()
        self._windows[api].leave()

    def block(self, api: str, seconds: float) -> None:
        """Admit no call to `api` for so long."""
        self._windows[api].block(seconds)
