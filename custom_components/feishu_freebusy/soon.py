"""Follows the bookings of rooms and people, and tells when one starts or ends soon."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .coordinator import FreeBusyCoordinator
from .model.schedule import Block, single_bookings
from .model.soon import Edge, SoonWatch
from .model.subject import Subject

_LONGEST_WAIT: Final = timedelta(minutes=1)  # timers run on the loop's clock: look again in case the clock was set


class SoonFollower:
    """Calls `fire` with the entity id and the booking when an end of a booking comes near.

    One timer serves all subjects. What a subject shows and what it has booked comes from its coordinator.
    """

    def __init__(self, hass: HomeAssistant, edge: Edge, offset: timedelta, fire: Callable[[str, Block], None]) -> None:
        self._hass = hass
        self._edge = edge
        self._offset = offset
        self._fire = fire
        self._followed: dict[str, _Followed] = {}
        self._job = HassJob(self._on_timer, "bookings that come near", cancel_on_shutdown=True)
        self._unsub_timer: CALLBACK_TYPE | None = None
        self._timer_at = 0.0  # on the loop's clock

    @callback
    def attach(self, entity_id: str, coordinator: FreeBusyCoordinator, subject_id: str) -> CALLBACK_TYPE:
        """Follow a subject; return a function that stops this."""
        followed = _Followed(coordinator, subject_id, SoonWatch(self._edge, self._offset))

        @callback
        def look() -> None:
            self._look(entity_id, followed)

        @callback
        def detach() -> None:
            unsub()
            del self._followed[entity_id]
            if not self._followed:
                self._stop_timer()

        self._followed[entity_id] = followed
        unsub = coordinator.notifier.async_listen(subject_id, look)
        look()
        return detach

    @callback
    def _look(self, entity_id: str, followed: _Followed) -> None:
        for booking in followed.look():
            self._fire(entity_id, booking)
        self._arm(followed.wait)

    @callback
    def _arm(self, wait: timedelta) -> None:
        """Let the timer fire after `wait` at the latest. It may fire early: that does no harm."""
        at = self._hass.loop.time() + wait.total_seconds()
        if self._unsub_timer and self._timer_at <= at:
            return
        self._stop_timer()
        self._timer_at = at
        self._unsub_timer = async_call_later(self._hass, wait, self._job)

    @callback
    def _stop_timer(self) -> None:
        if self._unsub_timer:
            self._unsub_timer()
            self._unsub_timer = None

    @callback
    def _on_timer(self, _now: datetime) -> None:
        self._unsub_timer = None
        for entity_id, followed in list(self._followed.items()):
            if followed.wait:
                self._arm(followed.wait)
            else:
                self._look(entity_id, followed)


class _Followed:
    """A room or a person whose bookings are followed."""

    def __init__(self, coordinator: FreeBusyCoordinator, subject_id: str, watch: SoonWatch) -> None:
        self._coordinator = coordinator
        self._subject_id = subject_id
        self._watch = watch
        self._source: tuple[object, bool] | None = None
        self._bookings: tuple[Block, ...] = ()
        self._next_look: datetime | None = None

    @property
    def wait(self) -> timedelta:
        """Return how long to wait until the next look; 0 if it is due."""
        if self._next_look is None:
            return _LONGEST_WAIT
        return min(max(self._next_look - self._coordinator.clock.moment.now, timedelta()), _LONGEST_WAIT)

    def look(self) -> tuple[Block, ...]:
        """Return the bookings that have come near since the last look."""
        now = self._coordinator.clock.moment.now
        bookings = self._known_bookings()
        self._next_look = self._watch.next_look(bookings or (), now)
        return self._watch.look(bookings, now)

    def _known_bookings(self) -> tuple[Block, ...] | None:
        """Return the bookings, None if nothing current is known."""
        subject = self._coordinator.subjects.get(self._subject_id)
        if subject is None or self._coordinator.subjects.snapshot(self._subject_id) is None:
            return None
        periods = subject.reading.periods if subject.reading else ()
        count_pending = subject.count_pending_as_busy
        if self._source is None or self._source[0] is not periods or self._source[1] is not count_pending:
            self._source = (periods, count_pending)
            self._bookings = known_bookings(subject)
        return self._bookings


def known_bookings(subject: Subject) -> tuple[Block, ...]:
    """Return the single bookings of a subject whose end is known; a closure of the room is none."""
    if (reading := subject.reading) is None:
        return ()
    bookings = single_bookings(
        reading.periods,
        kind=subject.kind,
        start=reading.window_start,
        end=reading.horizon,
        count_pending_as_busy=subject.count_pending_as_busy,
    )
    return tuple(booking for booking in bookings if booking.end < reading.horizon)
