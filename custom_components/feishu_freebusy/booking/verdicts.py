"""How rooms reply to a request, and why they refuse."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import PASSING_ERRORS, EventGoneError, FeishuError
from ..feishu.models import RoomBooking, RoomCheck, RsvpStatus
from ..model.booking import (
    APPROVAL_AFTER,
    APPROVAL_KNOWN_FOR,
    VERDICT_LOOKS,
    Next,
    OwnBooking,
    Refusal,
    Span,
    approval_refusal,
    explained,
    is_unexplained,
    judge_booking,
)
from .organizers import Organizers
from .results import RefusedError
from .rooms import Rooms

_CALLS_OF_LOOK = 2


class Verdicts:
    """The replies of rooms, and which rooms are known to need an approval.

    Feishu does not list those rooms. Each is known after its first refusal or request, until the next start or the next
    day. A rule may concern only long bookings, so a shorter one is tried.
    """

    def __init__(self, coordinator: FreeBusyCoordinator, rooms: Rooms, organizers: Organizers) -> None:
        self._hass = coordinator.hass
        self._rooms = rooms
        self._organizers = organizers
        self._approvals: dict[str, tuple[timedelta, datetime]] = {}  # by room: for which length, since when

    def needs_approval(self, room_id: str, wish: Span) -> bool:
        """Return whether a booking is known to need an approval."""
        known = self._approvals.get(room_id)
        if known is None or not timedelta() <= self._rooms.now() - known[1] < APPROVAL_KNOWN_FOR:
            return False
        return wish.end - wish.start >= known[0]

    def note_approval(self, booking: OwnBooking) -> None:
        """Remember that a room needs an approval for a booking of this length."""
        self._approvals[booking.room_id] = booking.end - booking.start, self._rooms.now()

    async def wait_for(self, booking: OwnBooking, check_caller: Callable[[], None], *, has_reason: bool) -> Next:
        """Return when a booking is confirmed, or waits for an approval, which takes a reason.

        Raises `RefusedError`, or the error that leaves the result open. `check_caller` may raise.
        """
        wish, invited_at, number = Span(booking.start, booking.end), self._hass.loop.time(), 0
        while True:
            number += 1
            look_at = invited_at + VERDICT_LOOKS[number - 1]
            await asyncio.sleep(max(look_at - self._hass.loop.time(), 0.0))
            check_caller()
            if number > 1:
                self._rooms.pay(_CALLS_OF_LOOK)
            is_last = number == len(VERDICT_LOOKS)
            verdict, failure = await self._verdict(booking)
            rows: tuple[RoomBooking, ...] | None = None
            if verdict not in (None, RsvpStatus.NEEDS_ACTION):
                try:
                    rows = await self._rooms.rows(booking.room_id, wish.start, wish.end)
                except FeishuError as error:
                    failure = error
            is_open = verdict in (None, RsvpStatus.ACCEPT)
            if is_open and failure and not isinstance(failure, PASSING_ERRORS):
                raise failure
            may_wait = has_reason and (
                is_last or (number >= APPROVAL_AFTER and self.needs_approval(booking.room_id, wish))
            )
            if has_reason and number == APPROVAL_AFTER and not may_wait and verdict is RsvpStatus.NEEDS_ACTION:
                check = await self._check(booking, booking.event_id)
                may_wait = check is not None and check.needs_approval
            step = judge_booking(verdict, rows, booking.uid, wish, is_last=is_last, may_wait=may_wait)
            if step.next in (Next.CONFIRMED, Next.WAIT_FOR_APPROVAL):
                return step.next
            if step.next is Next.UNDO:
                if failure and is_open:
                    raise failure
                raise RefusedError(step.refusal or Refusal.DECLINED)

    async def _verdict(self, booking: OwnBooking) -> tuple[RsvpStatus | None, FeishuError | None]:
        events = self._organizers.events(booking.identity)
        try:
            return await events.verdict(booking.calendar_id, booking.event_id, booking.room_id), None
        except EventGoneError:
            return RsvpStatus.REMOVED, None
        except FeishuError as error:
            return None, error

    async def explained(self, refusal: Refusal, booking: OwnBooking, *, has_reason: bool) -> RefusedError:
        """Return a refusal with the reason that the room's rules give. They are asked only if Feishu gave none."""
        wish = Span(booking.start, booking.end)
        check = None
        if is_unexplained(refusal):
            check = await self._check(booking)
            if (found := explained(refusal, check)) is not Refusal.APPROVAL or not has_reason:
                refusal = found
        if refusal is Refusal.APPROVAL:
            self.note_approval(booking)
            refusal = approval_refusal(booking.identity, may_give_reason=not booking.is_extension)
        return RefusedError(refusal, check, wish=wish)

    async def _check(self, booking: OwnBooking, event_id: str = "") -> RoomCheck | None:
        """Return what the room's rules say of a booking, None if they say nothing. Its `event_id` must exist."""
        checks: tuple[RoomCheck, ...] = ()
        with suppress(FeishuError):
            checks = await self._organizers.events(booking.identity).check_rooms(
                booking.calendar_id, [booking.room_id], start=booking.start, end=booking.end, event_id=event_id
            )
        return next((each for each in checks if each.room_id == booking.room_id), None)
