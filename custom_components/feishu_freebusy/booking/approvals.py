"""Follows the requests that wait for an administrator, until they are decided or over.

Nobody waits for the result any more: it is told by an event. The ledger keeps the requests over restarts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HassJob, callback
from homeassistant.helpers.event import async_call_later

from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import EventGoneError, FeishuError
from ..feishu.models import RoomBooking, RsvpStatus
from ..model.booking import (
    FIRST_APPROVAL_LOOK,
    LEDGER_KEEPS,
    LONGEST_APPROVAL_LOOK,
    Next,
    OwnBooking,
    Span,
    Stage,
    judge_booking,
)
from ..sync.ledger import Ledger
from ..sync.shares import OverShareError
from .organizers import Organizers
from .results import Act, Booked, Ended
from .rooms import Rooms, holds

_JUST_AFTER = 1.0  # seconds


class Approvals:
    """The requests of an entry that wait.

    A request is looked at when the reads of its room show something new, at its start and end, and now and then: after
    two minutes at first, every hour later. A look is a call of the share of actions. If none is left, it is skipped.
    """

    def __init__(
        self,
        coordinator: FreeBusyCoordinator,
        ledger: Ledger,
        rooms: Rooms,
        organizers: Organizers,
        locks: Mapping[str, asyncio.Lock],
        undo: Callable[[OwnBooking], Awaitable[None]],
        tell: Callable[[Booked | Ended], None],
    ) -> None:
        """`undo` deletes the event of a request, and `tell` is called with its result."""
        self._coordinator = coordinator
        self._ledger = ledger
        self._rooms = rooms
        self._organizers = organizers
        self._locks = locks
        self._undo = undo
        self._tell = tell
        self._delay = FIRST_APPROVAL_LOOK
        self._shown: dict[str, object] = {}  # by key: what the reads of the room show in the time of the request
        self._unsub_rooms: dict[str, CALLBACK_TYPE] = {}
        self._unsub_timer: CALLBACK_TYPE | None = None

    @property
    def waiting(self) -> tuple[OwnBooking, ...]:
        """Return the requests that are not decided."""
        return tuple(each for each in self._ledger.bookings if each.stage is Stage.WAITING)

    @callback
    def async_follow(self) -> None:
        """Follow what waits: after the start, and after a new request."""
        self._delay = FIRST_APPROVAL_LOOK
        self._plan()

    @callback
    def async_stop(self) -> None:
        """Look no more: the entry is unloaded."""
        for unsub in self._unsub_rooms.values():
            unsub()
        self._unsub_rooms.clear()
        self._stop_timer()

    @callback
    def _stop_timer(self) -> None:
        if self._unsub_timer:
            self._unsub_timer()
            self._unsub_timer = None

    @callback
    def _plan(self) -> None:
        """Listen to the rooms of what waits, and plan the next look."""
        waiting = () if self._rooms.is_stopped else self.waiting
        room_ids = {each.room_id for each in waiting}
        for room_id in self._unsub_rooms.keys() - room_ids:
            self._unsub_rooms.pop(room_id)()
        for room_id in room_ids - self._unsub_rooms.keys():
            self._unsub_rooms[room_id] = self._listen(room_id)
        self._shown = {each.key: self._shown.get(each.key, self._show(each)) for each in waiting}
        self._stop_timer()
        if not waiting:
            return
        now = self._rooms.now()
        edges = [edge - now for each in waiting for edge in (each.start, each.end) if edge > now]
        wait = min([self._delay, *edges]).total_seconds() + _JUST_AFTER

        @callback
        def on_time(_: datetime) -> None:
            self._unsub_timer = None
            self._delay = min(self._delay * 2, LONGEST_APPROVAL_LOOK)
            self._coordinator.create_task(self._look_at(self.waiting), "approvals")

        job = HassJob(on_time, "look at approvals", cancel_on_shutdown=True)
        self._unsub_timer = async_call_later(self._coordinator.hass, wait, job)

    @callback
    def _listen(self, room_id: str) -> CALLBACK_TYPE:
        @callback
        def on_change() -> None:
            """Look at the requests in whose time the last read shows something new."""
            mine = [each for each in self.waiting if each.room_id == room_id]
            shown = {each.key: self._show(each) for each in mine}
            if changed := [each for each in mine if self._shown.get(each.key) != shown[each.key]]:
                self._shown |= shown
                self._coordinator.create_task(self._look_at(changed), "approvals")

        return self._coordinator.notifier.async_listen(room_id, on_change)

    def _show(self, booking: OwnBooking) -> object:
        subject = self._coordinator.subjects.get(booking.room_id)
        periods = subject.reading.periods if subject and subject.reading else ()
        return {
            (each.start, each.end, each.rsvp_status)
            for each in periods
            if each.start < booking.end and booking.start < each.end
        }

    async def _look_at(self, requests: tuple[OwnBooking, ...] | list[OwnBooking]) -> None:
        for request in requests:
            async with self._locks[request.room_id]:
                if request in self.waiting:
                    await self._look(request)
        self._coordinator.calls.async_save_soon()
        self._plan()

    async def _look(self, request: OwnBooking) -> None:
        """Ask how a request stands, and tell its result."""
        wish, now = Span(request.start, request.end), self._rooms.now()
        verdict: RsvpStatus | None = None
        rows: tuple[RoomBooking, ...] | None = None
        try:
            self._rooms.pay(1, must=True)
            verdict = await self._organizers.events(request.identity).verdict(
                request.calendar_id, request.event_id, request.room_id
            )
            if verdict not in (None, RsvpStatus.NEEDS_ACTION):
                self._rooms.pay(1)
                rows = await self._rooms.rows(request.room_id, request.start, request.end)
        except EventGoneError:  # the person has withdrawn it in Feishu
            await self._rooms.forget(request)
            self._tell(self._ended(request, Act.CANCELED))
            return
        except FeishuError, OverShareError:
            pass
        step = judge_booking(verdict, rows, request.uid, wish, is_last=False)
        if step.next is Next.CONFIRMED:
            await self._rooms.note(request.at(Stage.CONFIRMED))
            self._tell(
                Booked(
                    request.room_id,
                    request.start,
                    request.end,
                    request.event_id,
                    act=Act.APPROVED,
                    identity=request.identity,
                )
            )
            await self._rooms.show(request.room_id, holds(wish))
        elif step.next is Next.UNDO:
            await self._close(request, Act.DECLINED)
        elif request.end <= now and (verdict or now - request.end >= LEDGER_KEEPS):
            await self._close(request, Act.EXPIRED)

    async def _close(self, request: OwnBooking, act: Act) -> None:
        """Say that a request has failed, and delete its event."""
        await self._rooms.note(request.at(Stage.DELETING))
        self._tell(self._ended(request, act))
        await self._undo(request)

    @staticmethod
    def _ended(request: OwnBooking, act: Act) -> Ended:
        return Ended(request.room_id, request.start, request.end, is_own=True, act=act)
