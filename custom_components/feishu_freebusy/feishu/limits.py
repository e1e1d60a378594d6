"""Rate limits of one app in this process, and a count of its calls.

Limits: https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from .clock import ServerClock
from .errors import RateLimitedError

MAX_IN_FLIGHT = 10
_WRITE_EVERY = 1.0  # seconds
LIMITS = ((50, 1.0), (1000, 60.0))  # calls, seconds: "tier 4", the limits of every API used here
_SHORTEST_SLEEP = 1e-6  # seconds; a timer may fire slightly early, and shorter sleeps would spin


class Payer(StrEnum):
    """What calls are made for."""

    POLLS = "polls"
    EVENTS = "events"  # rooms that pushed events name
    STATUSES = "statuses"
    CATALOGUE = "catalogue"
    EVENT_SCANS = "event_scans"  # of the catalogue, because of pushed events
    RANGES = "ranges"  # days of calendars outside the known window
    ACTIONS = "actions"
    BOOKINGS = "bookings"  # book, extend, end, release
    TITLES = "titles"
    UPDATES = "updates"  # `homeassistant.update_entity`; counted among the polls, too
    OTHER = "other"  # flows and repairs


@dataclass(slots=True)
class Bill:
    """Counts the calls that one piece of work makes."""

    payer: Payer
    calls: int = 0


_bill: ContextVar[Bill | None] = ContextVar("bill", default=None)


@contextmanager
def paid_by(payer: Payer) -> Iterator[Bill]:
    """Count the calls made inside, also those of tasks that are started there, for `payer`."""
    bill = Bill(payer)
    token = _bill.set(bill)
    try:
        yield bill
    finally:
        _bill.reset(token)


class SlidingWindow:
    """Keeps the calls to one API within its limits, for every position of the window.

    A call counts from its start until a full window after its *end*. The server receives it at some instant between
    start and end, so the limit holds even if the network delays calls and delivers them together.

    `limits` are pairs of calls and seconds.
    """

    def __init__(self, limits: tuple[tuple[int, float], ...] = LIMITS) -> None:
        self._limits = limits
        self._in_flight = 0
        self._ended: deque[float] = deque(maxlen=max(calls for calls, _ in limits))
        self._blocked_until = 0.0
        self._turn = asyncio.Lock()

    async def enter(self, in_flight: asyncio.Semaphore, patience: float) -> None:
        """Wait in order of arrival until one more call is allowed, and acquire a slot of `in_flight`.

        Raises `RateLimitedError` if the server blocked this API for longer than `patience` seconds. Waiting for our own
        limits never raises.
        """
        async with self._turn:
            while True:
                if (blocked := self._blocked_until - asyncio.get_running_loop().time()) > patience:
                    raise RateLimitedError("the rate limit lasts longer than a call may wait", retry_after=blocked)
                if (delay := self.delay()) > 0:
                    await asyncio.sleep(max(delay, _SHORTEST_SLEEP))
                    continue
                await in_flight.acquire()
                if self.delay() <= 0:
                    break
                in_flight.release()  # the server blocked this API meanwhile; leave the slot to other APIs
            self._in_flight += 1

    def leave(self) -> None:
        """Record the end of a call, successful or not."""
        self._in_flight -= 1
        self._ended.append(asyncio.get_running_loop().time())

    def block(self, seconds: float) -> None:
        """Admit no call for this long, as the server demanded."""
        self._blocked_until = max(self._blocked_until, asyncio.get_running_loop().time() + seconds)

    def delay(self) -> float:
        """Return the seconds until the next call is allowed; 0 or less means now."""
        free_at = self._blocked_until
        for calls, seconds in self._limits:
            places = calls - self._in_flight
            if places <= len(self._ended):
                free_at = max(free_at, self._ended[-places] + seconds)
        return free_at - asyncio.get_running_loop().time()


class AppTraffic:
    """The limits and counters of one app. All clients of the app share it, because Feishu limits the app.

    `counted` holds the calls that count towards the monthly quota, by API, and `paid` the same calls by payer; `sent`
    is the number of all calls. `clock` compares the server's clock with ours.
    """

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.sent = 0
        self.clock = ServerClock()
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._windows: defaultdict[str, SlidingWindow] = defaultdict(SlidingWindow)
        self._write_turn = asyncio.Lock()
        self._next_write = -inf

    async def turn_to_write(self) -> None:
        """Wait until a second has passed since the last write of the app. Writes go in order of arrival."""
        async with self._write_turn:
            await asyncio.sleep(max(self._next_write - asyncio.get_running_loop().time(), 0.0))
            self._next_write = asyncio.get_running_loop().time() + _WRITE_EVERY

    async def enter(self, api: str, patience: float = inf) -> None:
        """Acquire a slot for one call to `api`; release it with `leave`. Waits and raises like `SlidingWindow.enter`.

        A caller that is canceled or gets an error holds no slot.
        """
        await self._windows[api].enter(self._in_flight, patience)
        self.sent += 1

    def leave(self, api: str) -> None:
        """Release the slot of a call that ended, successful or not."""
        self._in_flight.release()
        self._windows[api].leave()

    def count(self, api: str) -> None:
        """Count a call towards the monthly quota."""
        bill = _bill.get()
        self.counted[api] += 1
        self.paid[bill.payer if bill else Payer.OTHER] += 1
        if bill:
            bill.calls += 1

    def block(self, api: str, seconds: float) -> None:
        """Admit no call to `api` for this long."""
        self._windows[api].block(seconds)
