"""The clocks of the year: a wall clock, and a test clock that moves from timer to timer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, cast, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from tests.clock import Clock

SECOND: Final = timedelta(seconds=1)
AFTER: Final = timedelta(milliseconds=1)  # how long after an instant to check: timers never fire before it
# The loop's clock starts a day before 2**24 seconds, where a float can no longer hold nanoseconds. Even a short run
# must cross that point
FIRST_SECONDS: Final = 2.0**24 - 86_400


class WallClock:
    """A wall clock that moves only by `tick` and `move_to`, and the clock of the machine, which is `ahead` of it."""

    def __init__(self) -> None:
        """Start in the year 2000."""
        self._now = datetime(2000, 1, 1, tzinfo=UTC)
        self.ahead = timedelta()

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        return self._now

    def machine_now(self) -> datetime:
        """Return what the clock of the machine shows."""
        return self._now + self.ahead

    def machine_timestamp(self) -> float:
        """Return what the clock of the machine shows, in Unix seconds."""
        return self.machine_now().timestamp()

    def tick(self, duration: timedelta) -> None:
        """Move forward by a duration."""
        self._now += duration

    def move_to(self, then: datetime) -> None:
        """Set the clock."""
        self._now = then


class YearClock(Clock):
    """A test clock that calls `settled` whenever all work that takes no time is done."""

    def __init__(self, wall: WallClock) -> None:
        """Start without a Home Assistant; `follow` sets it."""
        super().__init__(cast("HomeAssistant", None), cast("FrozenDateTimeFactory", wall))
        self._wall = wall
        self._seconds = FIRST_SECONDS
        self.settled: Callable[[], None] = lambda: None

    @property
    @override
    def now(self) -> datetime:
        """Return the current instant, without freezegun's slow stack inspection."""
        return self._wall.now()

    def has_more_to_do(self) -> bool:
        """Return whether another timer is due at this instant."""
        timer = self._next_timer()
        return timer is not None and self._wait_for(timer) < AFTER

    @override
    def _next_timer(self) -> float | None:
        timers = self._hass.loop._scheduled  # type: ignore[attr-defined]  # a heap: the first is the next
        if not timers or timers[0].cancelled():
            return super()._next_timer()
        return cast("float", timers[0].when())

    @override
    async def settle(self) -> None:
        """Wait until all work that takes no time is done, then call `settled`."""
        await super().settle()
        self.settled()
