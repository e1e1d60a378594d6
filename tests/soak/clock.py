"""The clocks of the year: a wall clock, and a test clock that moves from timer to timer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, cast, override

from homeassistant.core import HomeAssistant

from tests.clock import Clock
from tests.wall import WallClock

SECOND: Final = timedelta(seconds=1)
AFTER: Final = timedelta(milliseconds=1)  # how long after an instant to check: timers never fire before it
# The loop's clock starts a day before 2**24 seconds, where a float can no longer hold nanoseconds. Even a short run
# must cross that point
FIRST_SECONDS: Final = 2.0**24 - 86_400


class YearClock(Clock):
    """A test clock that calls `settled` whenever all work that takes no time is done."""

    def __init__(self, wall: WallClock) -> None:
        """Start without a Home Assistant; `follow` sets it."""
        super().__init__(cast("HomeAssistant", None), wall)
        self._seconds = FIRST_SECONDS
        self.settled: Callable[[], None] = lambda: None

    def has_more_to_do(self) -> bool:
        """Return whether another timer is due at this instant."""
        timer = self._next_timer()
        return timer is not None and self._wait_for(timer) < AFTER

    @override
    async def settle(self) -> None:
        """Wait until all work that takes no time is done, then call `settled`."""
        await super().settle()
        self.settled()
