"""What each piece of work at a room needs: its rows, its state, the budget and the ledger."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from ..coordinator import FreeBusyCoordinator
from ..feishu.models import RoomBooking
from ..model.booking import SERIES_AROUND, OwnBooking, PendingRelease, Refusal, Span
from ..model.schedule import DisabledPeriod
from ..sync.ledger import Ledger, NotWrittenError
from ..sync.shares import OverShareError
from .results import RefusedError

_BEFORE, _AHEAD = timedelta(days=1), timedelta(days=29)  # rows around now, in one call
_SHOW_AGAIN_AFTER = (0.0, 2.0, 4.0, 8.0)  # seconds; free/busy may lag behind the calendar
_WAIT_FOR_STATE = 2.0  # seconds; a slow read of the new state does not hold back the answer


class Rooms:
    """The rooms of an entry."""

    def __init__(self, coordinator: FreeBusyCoordinator, ledger: Ledger) -> None:
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._events = coordinator.client.events
        self._ledger = ledger
        self.is_stopped = False  # the entry is unloaded: the state of rooms is not read any more

    # --- Reads --------------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the time by the clock of the entry."""
        return self._coordinator.clock.moment.now

    async def rows(self, room_id: str, start: datetime, end: datetime) -> tuple[RoomBooking, ...]:
        """Read the rows of a room that overlap `[start, end)`, sorted by start."""
        return await self._events.bookings(room_id, time_min=start, time_max=end)

    async def rows_now(self, room_id: str) -> tuple[RoomBooking, ...]:
        """Read the rows of a room from a day ago on, in one call."""
        now = whole_second(self.now())
        return await self.rows(room_id, now - _BEFORE, now + _AHEAD)

    async def rows_around(self, room_id: str, row: RoomBooking) -> tuple[RoomBooking, ...]:
        """Read the rows around a row that may belong to its series, in several calls."""
        return await self.rows(room_id, row.start - SERIES_AROUND, row.end + SERIES_AROUND)

    def disabled(self, room_id: str) -> DisabledPeriod | None:
        """Return the known period in which a room is out of service."""
        subject = self._coordinator.subjects.get(room_id)
        return subject.disabled if subject else None

    def pay(self, calls: int, *, must: bool = False) -> None:
        """Spend calls of the share of actions. With `must`, raise `OverShareError` if too few are left.

        What ends or undoes a booking is never refused: it takes what is left.
        """
        share, moment = self._coordinator.calls.actions, self._coordinator.clock.moment
        if share.spend(calls, moment):
            return
        left = share.left(moment) or 0
        if must:
            raise OverShareError(calls, left)
        share.spend(left, moment)

    async def refused_now(self, room_id: str, refusal: Refusal, wish: Span | None = None) -> RefusedError:
        """Return a refusal, and read the room if a panel may have shown something else."""
        if refusal in (Refusal.NOTHING_RUNS, Refusal.ANOTHER_RUNS, Refusal.TAKEN):
            await self.show(room_id, lambda _: True, at_most_once=True)
        return RefusedError(refusal, wish=wish)

    # --- The state of the room ----------------------------------------------------------------------------------------

    async def show(
        self,
        room_id: str,
        is_shown: Callable[[Iterable[tuple[datetime, datetime]]], bool],
        *,
        at_most_once: bool = False,
    ) -> None:
        """Read the state of a room now, and again while it lacks the change. A slow read goes on in the background."""
        if self.is_stopped or room_id not in self._coordinator.subjects:
            return
        first = asyncio.Event()

        async def read() -> None:
            started_at = self._hass.loop.time()
            for seconds in _SHOW_AGAIN_AFTER[: 1 if at_most_once else None]:
                await asyncio.sleep(max(started_at + seconds - self._hass.loop.time(), 0.0))
                if room_id not in self._coordinator.subjects:
                    break
                self._coordinator.timetable.make_due([room_id])
                await self._coordinator.async_refresh()
                first.set()
                subject = self._coordinator.subjects.get(room_id)
                reading = subject.reading if subject else None
                if reading is None or is_shown([(row.start, row.end) for row in reading.periods]):
                    break
            first.set()

        self._coordinator.create_task(read(), "new bookings")
        with suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_FOR_STATE):
                await first.wait()

    async def note(self, line: OwnBooking) -> None:
        """Write a line whose older form leads to the same end, so that the call may be made even if this fails."""
        with suppress(NotWrittenError):
            await self._ledger.async_record(line)

    async def forget(self, line: OwnBooking | PendingRelease) -> None:
        """Remove a line. One that comes back is dealt with again, which does no harm."""
        with suppress(NotWrittenError):
            await self._ledger.async_forget(line)


def holds(wish: Span) -> Callable[[Iterable[tuple[datetime, datetime]]], bool]:
    """Return a function that says whether a reading shows something in a period."""
    return lambda rows: any(start < wish.end and wish.start < end for start, end in rows)


def lacks(*gone: RoomBooking | OwnBooking | PendingRelease) -> Callable[[Iterable[tuple[datetime, datetime]]], bool]:
    """Return a function that says whether a reading does not show some bookings any more."""
    return {(each.start, each.end) for each in gone}.isdisjoint


def whole_second(moment: datetime) -> datetime:
    """Return an instant in UTC, cut to whole seconds. Raises `ValueError` if it is naive."""
    if moment.utcoffset() is None:
        raise ValueError("the times need a time zone")
    return moment.astimezone(UTC).replace(microsecond=0)
