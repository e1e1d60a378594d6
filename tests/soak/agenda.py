"""What is to be done when, and which rooms are to be looked at when."""

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
    """Two queues: of deeds, and of instants at which something about rooms begins or ends."""

    def __init__(self, rng: random.Random, now: Callable[[], datetime]) -> None:
        """Begin with nothing."""
        self._rng, self._now = rng, now
        self._order = count()
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._rooms_at: defaultdict[datetime, set[str]] = defaultdict(set)
        self._instants: list[datetime] = []  # those of `_rooms_at`, as a heap

    @property
    def next_deed(self) -> datetime:
        """Return when something is to be done: there always is."""
        return self._deeds[0][0]

    @property
    def next_mark(self) -> datetime | None:
        """Return when something begins or ends, None if nothing is known to."""
        return self._instants[0] if self._instants else None

    def take_deed(self) -> Deed:
        """Return what is to be done next, and cross it out."""
        return heapq.heappop(self._deeds)[2]

    def take_mark(self) -> set[str]:
        """Return the rooms to be looked at next, and cross them out."""
        return self._rooms_at.pop(heapq.heappop(self._instants))

    def at(self, then: datetime, deed: Deed) -> None:
        """Have something done at an instant."""
        heapq.heappush(self._deeds, (then, next(self._order), deed))

    def within(self, days: float, deed: Deed) -> None:
        """Have something done in so many days."""
        self.at(self._now() + timedelta(days=days), deed)

    def now_and_then(self, days: float, deed: Deed) -> None:
        """Have something done every so many days, on the average."""

        async def do() -> None:
            self.within(self._rng.expovariate(1 / days), do)
            await deed()

        self.within(self._rng.expovariate(1 / days), do)

    def mark(self, room_id: str, edges: Iterable[datetime]) -> None:
        """Have a room looked at right before, at, and right after instants: never on a whole second.

        On one, another timer of that instant may still be due, by less than a millionth of a second.
        """
        now = self._now()
        for edge in edges:
            if not now < edge < now + MARKED_AHEAD:
                continue
            for instant in (edge + HAIR - SECOND, edge + HAIR, edge + HAIR + SECOND):
                if instant not in self._rooms_at:
                    heapq.heappush(self._instants, instant)
                self._rooms_at[instant].add(room_id)
