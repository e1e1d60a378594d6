"""The clock of an entry: every rule takes its "now" from here."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..feishu.clock import ServerClock
from ..model.moment import LoopSeconds, Moment


class EntryClock:
    """Tells the time: Feishu's if the clock of this machine is wrong, else that of this machine."""

    def __init__(self, hass: HomeAssistant, server: ServerClock) -> None:
        """`server` compares the clock of this machine with that of the entry's server."""
        self._hass = hass
        self._server = server
        self._event: Moment | None = None

    @property
    def moment(self) -> Moment:
        """Return the moment of the event that is handled, else the current one."""
        if self._event:
            return self._event
        wall, loop = dt_util.utcnow(), LoopSeconds(self._hass.loop.time())
        return Moment(wall + self._server.offset_at(wall, loop), loop, dt_util.get_default_time_zone())

    @contextmanager
    def one_moment(self) -> Iterator[Moment]:
        """Handle an event at one moment; must not be held over an `await`."""
        outer, self._event = self._event, self.moment
        try:
            yield self._event
        finally:
            self._event = outer

    @property
    def offset(self) -> timedelta:
        """Return what to add to the clock of this machine to get Feishu's; 0 if they agree."""
        return self._server.offset_at(dt_util.utcnow(), self._hass.loop.time())
