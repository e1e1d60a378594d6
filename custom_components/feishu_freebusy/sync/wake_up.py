"""The one timer of an entry. It stays right when the clock is set or the machine sleeps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..model.moment import Moment

_TICK = timedelta(minutes=1)  # timers run on the monotonic clock: this notices a wall clock that was set


class WakeUp:
    """Calls `wake` at an instant, or after a minute if that is sooner. `arm` schedules one call."""

    def __init__(self, hass: HomeAssistant, name: str, wake: Callable[[], None], moment: Moment) -> None:
        self._hass = hass
        self._job = HassJob(self._on_timer, name)
        self._wake = wake
        self._cancel: CALLBACK_TYPE | None = None
        self._stopped = False
        self._offset = _offset(moment)

    @callback
    def arm(self, at: datetime | None, now: datetime) -> None:
        """Call at this instant, but no later than in a minute; replaces an earlier call."""
        self._disarm()
        if self._stopped:
            return
        # Seconds, not an instant: a timer on an instant waits an hour longer if the clock is set back by an hour
        delay = min(at - now, _TICK) if at else _TICK
        self._cancel = async_call_later(self._hass, delay, self._job)

    @callback
    def stop(self) -> None:
        """Cancel the call, and ignore `arm` from now on."""
        self._stopped = True
        self._disarm()

    @callback
    def leap(self, moment: Moment) -> timedelta:
        """Return how far the wall clock has moved against the loop's clock since the last call.

        Positive: it was set forward, or the machine slept. Negative: it was set back.
        """
        before, self._offset = self._offset, _offset(moment)
        return self._offset - before

    @callback
    def _disarm(self) -> None:
        if self._cancel:
            self._cancel()
            self._cancel = None

    @callback
    def _on_timer(self, _now: datetime) -> None:
        self._cancel = None
        self._wake()


def _offset(moment: Moment) -> timedelta:
    """Return the wall clock's reading at second 0 of the loop's clock."""
    return moment.now - datetime.fromtimestamp(moment.loop, UTC)
