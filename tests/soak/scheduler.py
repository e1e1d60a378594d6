"""A queue of actions, and of instants at which to check rooms."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
import heapq
from itertools import count
import random
from typing import Final

from tests.soak.clock import AFTER, SECOND

CHECKED_AHEAD: Final = timedelta(days=2)

type Action = Callable[[], Awaitable[None]]


class Scheduler:
    """Two queues: actions, and the instants around which the state of a room may change."""

    def __init__(self, rng: random.Random, now: Callable[[], datetime]) -> None:
        """Start with empty queues."""
        self._rng, self._now = rng, now
        self._order = count()
        self._actions: list[tuple[datetime, int, Action]] = []
        self._rooms_at: defaultdict[datetime, set[str]] = defaultdict(set)
        self._instants: list[datetime] = []  # the keys of `_rooms_at`, as a heap

    @property
    def next_action_at(self) -> datetime:
        """When the next action is due; the queue is never empty."""
        return self._actions[0][0]

    @property
    def next_check_at(self) -> datetime | None:
        """When the next check is due, None if there is none."""
        return self._instants[0] if self._instants else None

    def pop_action(self) -> Action:
        """Remove and return the next action."""
        return heapq.heappop(self._actions)[2]

    def pop_check(self) -> set[str]:
        """Remove and return the ids of the rooms to check next."""
        return self._rooms_at.pop(heapq.heappop(self._instants))

    def at(self, then: datetime, action: Action) -> None:
        """Schedule an action at an instant."""
        heapq.heappush(self._actions, (then, next(self._order), action))

    def within(self, days: float, action: Action) -> None:
        """Schedule an action in `days` days."""
        self.at(self._now() + timedelta(days=days), action)

    def repeat(self, days: float, action: Action) -> None:
        """Repeat an action at random, every `days` days on average."""

        async def do() -> None:
            self.within(self._rng.expovariate(1 / days), do)
            await action()

        self.within(self._rng.expovariate(1 / days), do)

    def check_around(self, room_id: str, edges: Iterable[datetime]) -> None:
        """Check a room shortly before, at, and shortly after each edge, but never on a whole second.

        On a whole second, another timer of the same instant may still be due, by less than a microsecond.
        """
        now = self._now()
        for edge in edges:
            if not now < edge < now + CHECKED_AHEAD:
                continue
            for instant in (edge + AFTER - SECOND, edge + AFTER, edge + AFTER + SECOND):
                if instant not in self._rooms_at:
                    heapq.heappush(self._instants, instant)
                self._rooms_at[instant].add(room_id)
