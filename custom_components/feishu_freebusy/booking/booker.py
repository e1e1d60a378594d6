"""Books, extends, ends and releases rooms: the calls in their order, and what to undo if one fails.

One piece of work changes a room at a time. Each call that changes something is written to the ledger before it is made.
A booking that is not confirmed is deleted: at once, or later if Feishu fails, or after the next start.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import Any
from uuid import uuid4

from homeassistant.core import CALLBACK_TYPE, HassJob, callback
from homeassistant.helpers.event import async_call_later

from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import CalendarUnusableError, FeishuError, RateLimitedError, RoomRefusedError
from ..feishu.events import MAX_TITLE, Events
from ..feishu.models import Event, InstanceReply, RoomBooking
from ..model.booking import (
    LEDGER_KEEPS,
    Identity,
    Next,
    OwnBooking,
    Recovery,
    Refusal,
    Span,
    Stage,
    approval_refusal,
    extension,
    extension_wish,
    may_book_again,
    may_have_worked,
    recovery,
    refusal_before,
    release_refusal,
    running,
    to_end,
)
from ..sync.ledger import Ledger, NotWrittenError
from .approvals import Approvals
from .endings import Endings, async_delete_event
from .organizers import Organizers
from .releases import Releases
from .results import Act, Booked, BookingSettings, Ended, InterruptedBookingError, RefusedError
from .rooms import Rooms, holds, lacks, whole_second
from .verdicts import Verdicts

_LOGGER = logging.getLogger(__name__)

_CALLS_TO_BOOK = 8  # if the room replies at once: rows, event, invitation, reply, rows again, and the new state
_CALLS_TO_END = 6
_SETTLE_WITHIN = 10.0  # seconds; an unload does not wait longer
_FIRST_RETRY, _LONGEST_RETRY = 30.0, 600.0  # seconds between attempts to delete what could not be deleted


@dataclass(frozen=True, slots=True)
class _Order:
    """A wish to book, and in whose name. Rooms that need an approval take a `reason`."""

    wish: Span
    title: str
    identity: Identity = Identity.APP
    reason: str = ""
    is_extension: bool = False


@dataclass(slots=True)
class _Caller:
    """Who waits for a piece of work. Nobody is told of a booking whose caller is gone."""

    is_gone: bool = False

    def check(self) -> None:
        """Raise `InterruptedBookingError` if the caller is gone."""
        if self.is_gone:
            raise InterruptedBookingError


class Booker:
    """Changes the bookings of the rooms of an entry.

    Methods raise `RefusedError`, `FeishuError`, `NotWrittenError` if the ledger can't be written, `OverShareError` if
    actions have used up their share of the budget, and `InterruptedBookingError`. After an error, no booking stays.
    A caller may be canceled: its work goes on, but a new booking is then undone.
    """

    def __init__(
        self,
        coordinator: FreeBusyCoordinator,
        ledger: Ledger,
        settings: BookingSettings,
        tell: Callable[[Booked | Ended], None] = lambda _: None,
    ) -> None:
        """The ledger must have been loaded. `settings` may be replaced at any time.

        `tell` is called with what nobody waits for any more: a booking that was interrupted and is undone later, and
        the result of a request that waited for an approval.
        """
        self.settings = settings
        self._tell = tell
        self._tasks: set[asyncio.Task[Any]] = set()
        self._extending: set[str] = set()  # rooms
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._events = coordinator.client.events  # in the name of a room, and to read: only the app may
        self._ledger = ledger
        self._rooms = Rooms(coordinator, ledger)
        self._organizers = Organizers(coordinator, self._rooms)
        self._verdicts = Verdicts(coordinator, self._rooms, self._organizers)
        self._releases = Releases(coordinator, ledger, self._rooms, self._clean_up_later)
        self._endings = Endings(
            coordinator, ledger, self._rooms, self._organizers, self._releases, self._clean_up_later
        )
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._approvals = Approvals(
            coordinator, ledger, self._rooms, self._organizers, self._locks, self._undo, self._tell
        )
        self._clean_up_lock = asyncio.Lock()
        self._booked_at: dict[tuple[str, str | None], datetime] = {}  # by room and user
        self._retry_delay = _FIRST_RETRY
        self._unsub_retry: CALLBACK_TYPE | None = None

    # --- What can be done ---------------------------------------------------------------------------------------------

    async def async_book(
        self,
        room_id: str,
        start: datetime,
        end: datetime,
        *,
        title: str,
        user: str | None = None,
        identity: Identity = Identity.APP,
        reason: str = "",
    ) -> Booked:
        """Book a room for `[start, end)`, cut to whole seconds. `user` may book a room once a minute.

        `reason` is what an administrator reads who must approve the booking. Then the result may be a request that
        waits: `Act.REQUESTED`. Raises `ValueError` for naive times or a long title.
        """
        _check_title(title)
        order = _Order(Span(whole_second(start), whole_second(end)), title, identity, reason)
        return await self._run("book", room_id, lambda caller: self._book(room_id, order, user, caller))

    async def async_extend(
        self, room_id: str, length: timedelta, *, title: str, identity: Identity | None = Identity.APP
    ) -> Booked:
        """Extend what runs in a room by a second booking right after it. A press during an extension is refused.

        Without an identity, it is that of the own booking that runs; the app's for a booking of somebody else, and
        while no person can be used. Raises `ValueError` if the length is not positive or the title is too long.
        """
        _check_title(title)
        if length <= timedelta():
            raise ValueError("an extension has a length")
        if room_id in self._extending:
            raise RefusedError(Refusal.UNDER_WAY)
        asked_at = self._rooms.now()
        self._extending.add(room_id)
        try:
            return await self._run(
                "extend", room_id, lambda caller: self._extend(room_id, length, title, identity, asked_at, caller)
            )
        finally:
            self._extending.discard(room_id)

    async def async_end(self, room_id: str, *, after: timedelta = timedelta()) -> Ended:
        """End what runs in a room, and its extensions, if it has run for `after`. Raises `ReleaseStoppedError`.

        While it waits or reads, another meeting may begin: that one is not ended.
        """
        asked_at = self._rooms.now() - after
        return await self._run("end", room_id, lambda _: self._end(room_id, asked_at))

    async def async_release(
        self,
        room_id: str,
        *,
        after: timedelta,
        exempt_from: timedelta | None = None,
        is_still: Callable[[datetime], bool] | None = None,
    ) -> Ended:
        """Release what runs in a room because nobody came. Raises `ReleaseStoppedError`.

        `after` is the time since the start that must have passed. Bookings of `exempt_from` and longer are kept.
        `is_still` gets the start of the running booking, and returns whether that one is meant and still a no-show.
        """
        asked_at = self._rooms.now()
        return await self._run(
            "release", room_id, lambda _: self._release(room_id, after, exempt_from, asked_at, is_still)
        )

    async def async_cancel(self, room_id: str, event_id: str) -> Ended:
        """Delete an own booking or request, running or future. Raises `RefusedError` with `NOT_OURS` for others."""
        return await self._run("cancel", room_id, lambda _: self._cancel(room_id, event_id))

    @property
    def series_released(self) -> bool:
        """Return whether a reply has released more than one booking."""
        return self._releases.series_released

    async def async_allow_releases(self) -> None:
        """End bookings of others again after `series_released`. Raises `NotWrittenError`; then nothing changes."""
        await self._releases.allow_again()

    def own_bookings(self, room_id: str) -> tuple[OwnBooking, ...]:
        """Return the confirmed bookings of a room that this integration has made."""
        return tuple(
            each for each in self._ledger.bookings if each.room_id == room_id and each.stage is Stage.CONFIRMED
        )

    def requests(self, room_id: str) -> tuple[OwnBooking, ...]:
        """Return the requests for a room that wait for an approval."""
        return tuple(each for each in self._approvals.waiting if each.room_id == room_id)

    async def async_rooms_of_person(self) -> frozenset[str] | None:
        """Return the ids of the rooms that the linked person may book, None if they can't be read."""
        return await self._organizers.rooms_of_person()

    # --- Start and stop -----------------------------------------------------------------------------------------------

    async def async_recover(self) -> None:
        """Finish or undo what is left in the ledger. What Feishu refuses now is tried again later.

        What waits for an approval is followed.
        """
        self._approvals.async_follow()
        async with self._clean_up_lock:
            is_done = True
            for booking in self._ledger.bookings:
                if recovery(booking, self._rooms.now()) is Recovery.KEEP:
                    continue
                async with self._locks[booking.room_id]:
                    is_done &= await self._finish(booking.key)
            for release in self._ledger.releases:
                async with self._locks[release.room_id]:
                    is_done &= await self._releases.judge_left(release)
            self._coordinator.calls.async_save_soon()
        if is_done:
            self._retry_delay = _FIRST_RETRY
        else:
            self._clean_up_later()

    @callback
    def async_stop(self) -> None:
        """Try nothing again: the entry is unloaded. The ledger keeps what is left."""
        self._rooms.is_stopped = True
        self._approvals.async_stop()
        if self._unsub_retry:
            self._unsub_retry()
            self._unsub_retry = None

    async def async_settle(self) -> None:
        """Interrupt all work, and finish or undo it as after a start. What takes too long is left to the ledger."""
        self.async_stop()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_WITHIN):
                await self.async_recover()

    @callback
    def _clean_up_later(self) -> None:
        if self._unsub_retry or self._rooms.is_stopped:
            return

        @callback
        def clean_up(_: datetime) -> None:
            self._unsub_retry = None
            self._coordinator.create_task(self.async_recover(), "bookings left over")

        self._unsub_retry = async_call_later(self._hass, self._retry_delay, HassJob(clean_up))
        self._retry_delay = min(self._retry_delay * 2, _LONGEST_RETRY)

    async def _run[T](self, what: str, room_id: str, work: Callable[[_Caller], Awaitable[T]]) -> T:
        """Do one piece of work after the others of this room, in a task that outlives a canceled caller."""
        if self._rooms.is_stopped:
            raise InterruptedBookingError
        caller = _Caller()

        async def in_turn() -> T:
            async with self._locks[room_id]:
                caller.check()
                try:
                    return await work(caller)
                finally:
                    self._coordinator.calls.async_save_soon()

        name = f"{self._coordinator.name} {what}"
        task = self._coordinator.config_entry.async_create_background_task(self._hass, in_turn(), name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            caller.is_gone = True
            task.add_done_callback(self._take_back)
            raise
        if task.cancelled():
            raise InterruptedBookingError
        return task.result()

    @callback
    def _take_back[T](self, task: asyncio.Task[T]) -> None:
        """Undo a booking that was confirmed just when its caller was canceled."""
        if task.cancelled():
            return
        if error := task.exception():
            _LOGGER.debug("%s: nobody is told of the end of a booking: %r", self._coordinator.name, error)
        elif isinstance(result := task.result(), Booked):
            self._coordinator.create_task(self._undo_booked(result), "booking of a canceled caller")

    async def _undo_booked(self, booked: Booked) -> None:
        async with self._locks[booked.room_id]:
            for booking in (*self.own_bookings(booked.room_id), *self.requests(booked.room_id)):
                if booking.event_id == booked.event_id:
                    await self._undo(booking)

    # --- Book and extend ----------------------------------------------------------------------------------------------

    async def _book(self, room_id: str, order: _Order, user: str | None, caller: _Caller) -> Booked:
        wish, now, longest = order.wish, self._rooms.now(), self.settings.longest
        if refusal := refusal_before(wish, (), now, longest=longest, disabled=self._rooms.disabled(room_id)):
            raise RefusedError(refusal, wish=wish)
        if not may_book_again(self._booked_at.get((room_id, user)), now):
            # Two tablets may share a user: the second one is told why, not that it was too fast
            is_taken = any(own.start < wish.end and wish.start < own.end for own in self.own_bookings(room_id))
            raise RefusedError(Refusal.TAKEN if is_taken else Refusal.TOO_SOON, wish=wish)
        await self._check_order(room_id, order)
        self._rooms.pay(_CALLS_TO_BOOK, must=True)
        rows = await self._rooms.rows(room_id, wish.start, wish.end)
        if refusal := refusal_before(wish, rows, self._rooms.now(), longest=longest):
            await self._rooms.show(room_id, holds(wish), at_most_once=True)  # a panel may have shown the room as free
            raise RefusedError(refusal, wish=wish)
        booked = await self._make(room_id, order, caller)
        self._booked_at[room_id, user] = self._rooms.now()
        return booked

    async def _check_order(self, room_id: str, order: _Order) -> None:
        """Raise `RefusedError` if the organizer is known to be refused in a room, or waits for an answer already."""
        if any(each.start < order.wish.end and order.wish.start < each.end for each in self.requests(room_id)):
            raise RefusedError(Refusal.REQUESTED, wish=order.wish)
        if not order.reason and self._verdicts.needs_approval(room_id, order.wish):
            refusal = approval_refusal(order.identity, may_give_reason=not order.is_extension)
            raise RefusedError(refusal, wish=order.wish)
        if order.identity is Identity.PERSON:
            rooms = await self._organizers.rooms_of_person()
            if rooms is not None and room_id not in rooms:
                raise RefusedError(Refusal.NOT_FOR_PERSON, wish=order.wish)

    async def _extend(
        self,
        room_id: str,
        length: timedelta,
        title: str,
        identity: Identity | None,
        asked_at: datetime,
        caller: _Caller,
    ) -> Booked:
        self._rooms.pay(_CALLS_TO_BOOK, must=True)
        rows = await self._rooms.rows_now(room_id)
        extensions = self._ledger.extension_uids(room_id)
        longest, disabled = self.settings.longest, self._rooms.disabled(room_id)
        wish = extension(
            rows, self._rooms.now(), length, extensions, asked_at=asked_at, longest=longest, disabled=disabled
        )
        if isinstance(wish, Refusal):
            refused = extension_wish(rows, asked_at, length, extensions)
            raise await self._rooms.refused_now(room_id, wish, refused if isinstance(refused, Span) else None)
        order = _Order(wish, title, identity or self._identity_before(room_id, rows, wish), is_extension=True)
        await self._check_order(room_id, order)
        return replace(await self._make(room_id, order, caller), act=Act.EXTENDED)

    def _identity_before(self, room_id: str, rows: Sequence[RoomBooking], wish: Span) -> Identity:
        """Return in whose name the booking right before an extension was made."""
        uids = {row.uid for row in rows if row.end == wish.start}
        is_by_person = any(each.uid in uids for each in self.own_bookings(room_id) if each.identity is Identity.PERSON)
        return Identity.PERSON if is_by_person and self._organizers.can_be_person else Identity.APP

    async def _make(self, room_id: str, order: _Order, caller: _Caller) -> Booked:
        """Book a room that is free. Whatever fails, no booking stays."""
        await self._forget_past()
        events = self._organizers.events(order.identity)
        calendar_id = await self._organizers.calendar(order.identity, self.settings.calendar_id)
        booking = OwnBooking(
            uuid4().hex,
            room_id,
            order.wish.start,
            order.wish.end,
            Stage.CREATING,
            calendar_id,
            is_extension=order.is_extension,
            identity=order.identity,
        )
        try:
            await self._ledger.async_record(booking)
        except NotWrittenError:
            await self._rooms.forget(booking)
            raise
        event = await self._create(events, booking, order.title)
        booking = booking.at(Stage.INVITING, event.event_id)
        has_reason = bool(order.reason)
        try:
            await self._ledger.async_record(booking)
            contact = self.settings.contact if order.identity is Identity.APP else ""
            await events.add_room(calendar_id, event.event_id, room_id, contact=contact, approval_reason=order.reason)
            next_step = await self._verdicts.wait_for(booking, caller.check, has_reason=has_reason)
            is_waiting = next_step is Next.WAIT_FOR_APPROVAL
            await self._rooms.show(room_id, holds(order.wish), at_most_once=is_waiting)
            caller.check()
            await self._confirm(booking, Stage.WAITING if is_waiting else Stage.CONFIRMED)
            caller.check()
        except RefusedError as error:
            await self._undo(booking)
            raise await self._verdicts.explained(error.refusal, booking, has_reason=has_reason) from None
        except RoomRefusedError as error:
            await self._undo(booking)
            refusal = Refusal.APPROVAL if error.needs_approval and not has_reason else Refusal.NOT_BY_APP
            raise await self._verdicts.explained(refusal, booking, has_reason=has_reason) from error
        except Exception:
            await self._undo(booking)
            raise
        act = Act.BOOKED
        if is_waiting:
            act = Act.REQUESTED
            self._verdicts.note_approval(booking)
            self._approvals.async_follow()
        wish = order.wish
        return Booked(room_id, wish.start, wish.end, event.event_id, event.app_link, act, order.identity)

    async def _create(self, events: Events, booking: OwnBooking, title: str) -> Event:
        """Create the event of a booking. If that fails, none stays."""
        try:
            return await _create(events, booking, title, self._hass.config.time_zone)
        except FeishuError as error:
            if isinstance(error, CalendarUnusableError):
                self._organizers.forget_calendars()
            # Earlier attempts of a call whose last one met the rate limit may have worked
            if may_have_worked(error) or isinstance(error, RateLimitedError):
                await self._undo(booking)
            else:
                await self._rooms.forget(booking)
            raise
        except Exception:
            await self._undo(booking)
            raise

    async def _confirm(self, booking: OwnBooking, stage: Stage) -> None:
        try:
            await self._ledger.async_record(booking.at(stage))  # the caller is told at once
        except asyncio.CancelledError:  # the entry is unloaded: nobody is told, but the line may be on disk
            await self._rooms.note(booking)
            raise

    async def _forget_past(self) -> None:
        for booking in self._ledger.bookings:
            if booking.stage is Stage.CONFIRMED and recovery(booking, self._rooms.now()) is Recovery.FORGET:
                await self._rooms.forget(booking)

    # --- Undo ---------------------------------------------------------------------------------------------------------

    async def _undo(self, booking: OwnBooking) -> None:
        """Delete the event of a booking, or leave that to a later attempt."""
        await self._rooms.note(booking.at(Stage.DELETING))
        if not await self._finish(booking.key):
            self._clean_up_later()

    async def _finish(self, key: str) -> bool:
        """Finish or undo a booking of the ledger that nobody works at; return whether nothing is left to do."""
        booking = next((each for each in self._ledger.bookings if each.key == key), None)
        if booking is None:
            return True
        now = self._rooms.now()
        action, was_interrupted = recovery(booking, now), booking.stage in (Stage.CREATING, Stage.INVITING)
        if action is Recovery.KEEP:
            return True
        if action is Recovery.FORGET or now - booking.end >= LEDGER_KEEPS:
            await self._rooms.forget(booking)
            return True
        events = self._organizers.events(booking.identity)
        try:
            if action is Recovery.FIND:
                booking = await async_find_event(events, booking, self._hass.config.time_zone)
                await self._rooms.note(booking)
            await async_delete_event(events, booking)
        except FeishuError as error:
            _LOGGER.debug("%s: a booking is not deleted yet: %s", self._coordinator.name, error)
            return False
        await self._rooms.forget(booking)
        if was_interrupted:
            self._tell(Ended(booking.room_id, booking.start, booking.end, is_own=True, act=Act.UNDONE))
        await self._rooms.show(booking.room_id, lacks(booking))
        return True

    # --- End ----------------------------------------------------------------------------------------------------------

    async def _end(self, room_id: str, asked_at: datetime) -> Ended:
        self._rooms.pay(_CALLS_TO_END)
        rows = await self._rooms.rows_now(room_id)
        found = self._to_end(room_id, rows, asked_at)
        if isinstance(found, Refusal):
            raise await self._rooms.refused_now(room_id, found)
        return await self._endings.end_rows(room_id, found, rows, InstanceReply.ENDED_BEFORE_DUE)

    async def _release(
        self,
        room_id: str,
        after: timedelta,
        exempt_from: timedelta | None,
        asked_at: datetime,
        is_still: Callable[[datetime], bool] | None,
    ) -> Ended:
        self._rooms.pay(_CALLS_TO_END)
        rows = await self._rooms.rows_now(room_id)
        row = running(rows, self._rooms.now())
        if isinstance(row, Refusal):
            raise await self._rooms.refused_now(room_id, row)
        if is_still and not is_still(row.start):
            raise RefusedError(Refusal.NOTHING_RUNS)
        if refusal := release_refusal(row, self._rooms.now(), after=after, exempt_from=exempt_from):
            raise RefusedError(refusal)
        found = self._to_end(room_id, rows, asked_at)
        if isinstance(found, Refusal):
            raise RefusedError(found)
        return replace(await self._endings.end_rows(room_id, found, rows, InstanceReply.NOT_CHECK_IN), act=Act.RELEASED)

    def _to_end(
        self, room_id: str, rows: Sequence[RoomBooking], asked_at: datetime
    ) -> tuple[RoomBooking, ...] | Refusal:
        return to_end(
            rows,
            self._rooms.now(),
            self._ledger.own_uids(room_id),
            self._ledger.extension_uids(room_id),
            may_end_others=self.settings.may_end_others,
            asked_at=asked_at,
        )

    async def _cancel(self, room_id: str, event_id: str) -> Ended:
        own = (*self.own_bookings(room_id), *self.requests(room_id))
        booking = next((each for each in own if each.event_id == event_id), None)
        if booking is None:
            raise RefusedError(Refusal.NOT_OURS)
        self._rooms.pay(_CALLS_TO_END)
        row = RoomBooking(booking.start, booking.end, booking.uid, 0)
        is_deleted = await self._endings.end_own(room_id, [(row, booking)], (row,), InstanceReply.ENDED_BEFORE_DUE)
        return Ended(room_id, booking.start, booking.end, is_own=True, is_confirmed=is_deleted, act=Act.CANCELED)


async def async_find_event(events: Events, booking: OwnBooking, time_zone: str) -> OwnBooking:
    """Return a booking with the id of its event, to delete it. Raises `FeishuError`."""
    event = await _create(events, booking, "", time_zone)  # the same key leads to the same event
    return booking.at(Stage.DELETING, event.event_id)


async def _create(events: Events, booking: OwnBooking, title: str, time_zone: str) -> Event:
    return await events.create(
        booking.calendar_id,
        title=title,
        start=booking.start,
        end=booking.end,
        time_zone=time_zone,
        idempotency_key=booking.key,
    )


def _check_title(title: str) -> None:
    if len(title) > MAX_TITLE:
        raise ValueError("the title is too long")
