"""Work on many rooms in slices, so that Home Assistant gets its turn in between."""

import asyncio
from collections.abc import AsyncIterator, Iterable

SLICE = 0.005  # seconds; several slices of ours may run in one turn of the event loop


class Pace:
    """Lets others use the event loop when its owner has worked for a slice of time."""

    def __init__(self) -> None:
        """Begin a slice. Needs a running loop."""
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + SLICE

    async def step(self) -> None:
        """Call this after each piece of work. Anything may change while it waits."""
        if self._loop.time() >= self._until:
            await asyncio.sleep(0)
            self._until = self._loop.time() + SLICE


async def in_slices[T](items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items; after each slice of time, let others use the event loop. Anything may change meanwhile."""
    pace = Pace()
    for item in items:
        yield item
        await pace.step()
