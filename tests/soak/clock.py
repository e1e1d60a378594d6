"""The clocks of a year: the one on the wall, and the one that goes from timer to timer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import math
from typing import Final, cast, override

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from tests.clock import Clock

SECOND: Final = timedelta(seconds=1)
HAIR: Final = timedelta(milliseconds=1)  # timers fire no earlier than their instant
# The loop's clock at first: a day later a float holds no nanoseconds any more, and even a short run is to outlive that
FIRST_SECONDS: Final = 2.0**24 - 86_400


class WallClock:
    """What the clock on the wall says."""

    def __init__(self) -> None:
        """Stand still."""
        self._now = datetime(2000, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return what it says."""
        return self._now

    def timestamp(self) -> float:
        """Return that in Unix seconds."""
        return self._now.timestamp()

    def tick(self, duration: timedelta) -> None:
        """Go on by so much."""
        self._now += duration

    def move_to(self, then: datetime) -> None:
        """Be set."""
        self._now = then


class YearClock(Clock):
    """A clock that says whenever all has happened that takes no time."""

    def __init__(self, wall: WallClock) -> None:
        """Stand still; the first Home Assistant is still to be followed."""
        super().__init__(cast("HomeAssistant", None), cast("FrozenDateTimeFactory", wall))
        self._wall = wall
        self._seconds = FIRST_SECONDS
        self.settled: Callable[[], None] = lambda: None

    @property
    @override
    def now(self) -> datetime:
        """Return what the wall clock says, without asking who asks."""
        return self._wall.now()

    def has_more_to_do(self) -> bool:
        """Tell whether another timer is due at this instant: several fire one after the other."""
        wait = self._next_timer()
        return wait is not None and wait < HAIR

    @override
    def _next_timer(self) -> timedelta | None:
        timers = self._hass.loop._scheduled  # type: ignore[attr-defined]  # a heap, so that the first is the next
        if not timers or timers[0].cancelled():
            return super()._next_timer()
        return timedelta(microseconds=max(math.ceil((timers[0].when() - self._seconds) * 1e6), 0))

    @override
    async def settle(self) -> None:
        """Let all happen that takes no time."""
        await super().settle()
        self.settled()
