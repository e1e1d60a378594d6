"""A queue of actions, and of instants at which to check rooms."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
import heapq
from itertools import count
import random
from typing import Final

from tests.soak.clock import HAIR, SECOND

MARKED_AHEAD: Final = timedelta(days=2)

type Deed = Callable[[], Awaitable[None]]


class Agenda:
    """Two queues: actions, and the instants around which the state of a room may change."""

    def __init__(self, rng: random.Random, now: Callable[[], datetime]) -> None:
        """Start with empty queues."""
        self._rng, self._now = rng, now
        self._order = count()
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._rooms_at: defaultdict[datetime, set[str]] = defaultdict(set)
        self._instants: list[datetime] = []  # the keys of `_rooms_at`, as a heap

    @property
    def next_deed(self) -> datetime:
        """When the next action is due; the queue is never empty."""
        return self._deeds[0][0]

    @property
    def next_mark(self) -> datetime | None:
        """When the next check is due, None if there is none."""
        return self._instants[0] if self._instants else None

    def take_deed(self) -> Deed:
        """Remove and return the next action."""
        return heapq.heappop(self._deeds)[2]

    def take_mark(self) -> set[str]:
        """Remove and return the ids of the rooms to check next."""
        return self._rooms_at.pop(heapq.heappop(self._instants))

    def at(self, then: datetime, deed: Deed) -> None:
        """Schedule an action at an instant."""
        heapq.heappush(self._deeds, (then, next(self._order), deed))

    def within(self, days: float, deed: Deed) -> None:
        """Schedule an action in `days` days."""
        self.at(self._now() + timedelta(days=days), deed)

    def now_and_then(self, days: float, deed: Deed) -> None:
        """Repeat an action at random, every `days` days on average."""

        async def do() -> None:
            self.within(self._rng.expovariate(1 / days), do)
            await deed()

        self.within(self._rng.expovariate(1 / days), do)

    def mark(self, room_id: str, edges: Iterable[datetime]) -> None:
        """Check a room shortly before, at, and shortly after each edge, but never on a whole second.

        On a whole second, another timer of the same instant may still be due, by less than a microsecond.
        """
        now = self._now()
        for edge in edges:
            if not now < edge < now + MARKED_AHEAD:
                continue
            for instant in (edge + HAIR - SECOND, edge + HAIR, edge + HAIR + SECOND):
                if instant not in self._rooms_at:
                    heapq.heappush(self._instants, instant)
                self._rooms_at[instant].add(room_id)
