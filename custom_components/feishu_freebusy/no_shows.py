"""Releases rooms to which nobody came: first it is announced, then it is done. A dry run only says so."""

from datetime import datetime
import logging
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later

from .acting import async_act, booker_of, described
from .booking import Booker
from .const import EVENT_NO_SHOW
from .coordinator import FreeBusyCoordinator
from .model.options import NoShows
from .model.schedule import Block
from .model.use import EXEMPT_FROM, NOTICE, Use, UseSpan, may_be_released

_LOGGER = logging.getLogger(__name__)

WILL_BE_RELEASED: Final = "will_be_released"
_WOULD_BE_RELEASED: Final = "would_be_released"


class NoShowReleaser:
    """Follows the use of all rooms of an entry. Releases each no-show once, and only one that was seen to begin."""

    def __init__(self, coordinator: FreeBusyCoordinator) -> None:
        """Follow until the entry is unloaded."""
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._unsub_timers: dict[str, CALLBACK_TYPE] = {}
        entry = coordinator.config_entry
        entry.async_on_unload(coordinator.presence.async_listen(None, self._on_use))
        entry.async_on_unload(self._stop)

    @callback
    def _stop(self) -> None:
        for room_id in list(self._unsub_timers):
            self._keep(room_id)

    @callback
    def _keep(self, room_id: str) -> None:
        if unsub := self._unsub_timers.pop(room_id, None):
            unsub()

    @property
    def _mode(self) -> NoShows:
        options = self._coordinator.options
        return options.no_shows if options.release else NoShows.OFF

    @callback
    def _on_use(self, room_id: str, ended: UseSpan, begun: UseSpan) -> None:
        """Announce a release when a booking becomes a no-show. Any other change keeps the room."""
        self._keep(room_id)
        booking = begun.booking
        if ended.use is None or begun.use is not Use.NO_SHOW or booking is None or self._mode is NoShows.OFF:
            return
        if not may_be_released(booking, begun.start):
            return

        is_announced = self._mode is NoShows.RELEASE

        @callback
        def on_time(_: datetime) -> None:
            del self._unsub_timers[room_id]
            self._release(room_id, booking, is_announced)

        job = HassJob(on_time, "release of a no-show", cancel_on_shutdown=True)
        self._unsub_timers[room_id] = async_call_later(self._hass, NOTICE, job)
        if is_announced:
            self._tell(WILL_BE_RELEASED, room_id, booking)

    @callback
    def _release(self, room_id: str, booking: Block, is_announced: bool) -> None:
        # Releases may have been switched on meanwhile: without an announcement, nobody could keep the room
        if self._mode is NoShows.DRY_RUN or (self._mode is NoShows.RELEASE and not is_announced):
            self._tell(_WOULD_BE_RELEASED, room_id, booking)
        elif self._mode is NoShows.RELEASE and (booker := booker_of(self._coordinator)):
            self._coordinator.create_task(self._async_release(booker, room_id, booking), "release of a no-show")

    async def _async_release(self, booker: Booker, room_id: str, booking: Block) -> None:
        def is_still(start: datetime) -> bool:
            """Return whether a running booking is the announced one, and nobody has come meanwhile."""
            return start == booking.start and self._coordinator.presence.span(room_id).use is Use.NO_SHOW

        after = self._coordinator.options.no_show_after
        work = booker.async_release(room_id, after=after, exempt_from=EXEMPT_FROM, is_still=is_still)
        try:
            await async_act(self._coordinator, room_id, work)
        except HomeAssistantError as error:
            _LOGGER.warning("%s: a room to which nobody came was not released: %s", self._coordinator.name, error)

    @callback
    def _tell(self, action: str, room_id: str, booking: Block) -> None:
        """Fire the event that triggers listen to and the logbook shows."""
        data = {"action": action, **described(self._coordinator, room_id, booking.start, booking.end)}
        self._hass.bus.async_fire(EVENT_NO_SHOW, data)
