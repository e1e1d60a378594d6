"""The one timer of an entry, and what it takes to rely on it though clocks are set and machines sleep."""

from collections.abc import Callable
from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

_TICK = timedelta(minutes=1)  # heals jumps of the clock and suspended machines: timers run on the monotonic one
_DRIFT = timedelta(seconds=1)  # of a clock that is not set, from one minute to the next


class WakeUp:
    """Calls at an instant, or after a minute if that is sooner; is armed anew each time, and once stopped no more."""

    def __init__(self, hass: HomeAssistant, name: str, wake: Callable[[], None]) -> None:
        """Take the name of the timer and what to call."""
        self._hass = hass
        self._job = HassJob(self._on_timer, name)
        self._wake = wake
        self._cancel: CALLBACK_TYPE | None = None
        self._stopped = False
        self._clock_began = self._now_began()

    @callback
    def arm(self, at: datetime | None) -> None:
        """Call at this instant, in place of what was said before; None is some time."""
        self._disarm()
        if self._stopped:
            return
        # By seconds, not by instant: a timer on an instant waits for the clock, for an hour if that was set back by one
        delay = min(at - dt_util.utcnow(), _TICK) if at else _TICK
        self._cancel = async_call_later(self._hass, delay, self._job)

    @callback
    def stop(self) -> None:
        """Call no more."""
        self._stopped = True
        self._disarm()

    @callback
    def clock_moved_by(self) -> timedelta:
        """Return by how much the wall clock was set since this was asked last, on if positive; nothing if it was not.

        To timers, which run on the loop's clock, it was also set on while the machine slept.
        """
        before, self._clock_began = self._clock_began, self._now_began()
        moved = self._clock_began - before
        return moved if abs(moved) > _DRIFT else timedelta()

    def _now_began(self) -> datetime:
        """Return when the loop's clock began, by the wall clock: at another instant if that is set."""
        return dt_util.utcnow() - timedelta(seconds=self._hass.loop.time())

    @callback
    def _disarm(self) -> None:
        if self._cancel:
            self._cancel()
            self._cancel = None

    @callback
    def _on_timer(self, _now: datetime) -> None:
        self._cancel = None
        self._wake()
