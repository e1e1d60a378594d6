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
from ..feishu.errors import (
    CalendarUnusableError,
    EndpointRetiredError,
    EventGoneError,
    FeishuError,
    NotReachableError,
    RateLimitedError,
    RequestError,
    RoomRefusedError,
    ServerError,
)
from ..feishu.events import MAX_TITLE, Events
from ..feishu.models import Event, InstanceReply, RoomBooking, RoomCheck, RsvpStatus
from ..model.booking import (
    LEDGER_KEEPS,
    VERDICT_LOOKS,
    Next,
    OwnBooking,
    Recovery,
    Refusal,
    Span,
    Stage,
    explained,
    extension,
    extension_wish,
    first_ref,
    is_unexplained,
    judge_booking,
    kind_of,
    may_book_again,
    may_have_worked,
    recovery,
    refusal_before,
    release_refusal,
    running,
    to_end,
)
from ..sync.ledger import Ledger, NotWrittenError
from .releases import Releases
from .results import Act, Booked, BookingSettings, Ended, InterruptedBookingError, RefusedError
from .rooms import Rooms, holds, lacks, whole_second

_LOGGER = logging.getLogger(__name__)

_WORD_FOR_PRIMARY = "primary"
_CALLS_TO_BOOK = 8  # if the room replies at once: rows, event, invitation, reply, rows again, and the new state
_CALLS_TO_END = 6
_CALLS_OF_LOOK = 2
_SETTLE_WITHIN = 10.0  # seconds; an unload does not wait longer
_FIRST_RETRY, _LONGEST_RETRY = 30.0, 600.0  # seconds between attempts to delete what could not be deleted
_PASSING = (NotReachableError, ServerError, RateLimitedError)


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
        tell: Callable[[Ended], None] = lambda _: None,
    ) -> None:
        """The ledger must have been loaded. `settings` may be replaced at any time.

        `tell` is called for a booking that was interrupted and is undone later: nobody waits for its result any more.
        """
        self.settings = settings
        self._tell = tell
        self._tasks: set[asyncio.Task[Any]] = set()
        self._extending: set[str] = set()  # rooms
        self._hass = coordinator.hass
        self._coordinator = coordinator
        self._events = coordinator.client.events
        self._ledger = ledger
        self._rooms = Rooms(coordinator, ledger)
        self._releases = Releases(coordinator, ledger, self._rooms, self._clean_up_later)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._clean_up_lock = asyncio.Lock()
        self._booked_at: dict[tuple[str, str | None], datetime] = {}  # by room and user
        self._primary = ""
        self._retry_delay = _FIRST_RETRY
        self._unsub_retry: CALLBACK_TYPE | None = None

    # --- What can be done ---------------------------------------------------------------------------------------------

    async def async_book(
        self, room_id: str, start: datetime, end: datetime, *, title: str, user: str | None = None
    ) -> Booked:
        """Book a room for `[start, end)`, cut to whole seconds. `user` may book a room once a minute.

        Raises `ValueError` for naive times or a long title.
        """
        _check_title(title)
        wish = Span(whole_second(start), whole_second(end))
        return await self._run("book", room_id, lambda caller: self._book(room_id, wish, title, user, caller))

    async def async_extend(self, room_id: str, length: timedelta, *, title: str) -> Booked:
        """Extend what runs in a room by a second booking right after it. A press during an extension is refused.

        Raises `ValueError` if the length is not positive or the title is too long.
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
                "extend", room_id, lambda caller: self._extend(room_id, length, title, asked_at, caller)
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
        """Delete an own booking, running or future. Raises `RefusedError` with `NOT_OURS` for any other event."""
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

    # --- Start and stop -----------------------------------------------------------------------------------------------

    async def async_recover(self) -> None:
        """Finish or undo what is left in the ledger. What Feishu refuses now is tried again later."""
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
            for booking in self.own_bookings(booked.room_id):
                if booking.event_id == booked.event_id:
                    await self._undo(booking)

    # --- Book and extend ----------------------------------------------------------------------------------------------

    async def _book(self, room_id: str, wish: Span, title: str, user: str | None, caller: _Caller) -> Booked:
        now, longest = self._rooms.now(), self.settings.longest
        if refusal := refusal_before(wish, (), now, longest=longest, disabled=self._rooms.disabled(room_id)):
            raise RefusedError(refusal, wish=wish)
        if not may_book_again(self._booked_at.get((room_id, user)), now):
            # Two tablets may share a user: the second one is told why, not that it was too fast
            is_taken = any(own.start < wish.end and wish.start < own.end for own in self.own_bookings(room_id))
            raise RefusedError(Refusal.TAKEN if is_taken else Refusal.TOO_SOON, wish=wish)
        self._rooms.pay(_CALLS_TO_BOOK, must=True)
        rows = await self._rooms.rows(room_id, wish.start, wish.end)
        if refusal := refusal_before(wish, rows, self._rooms.now(), longest=longest):
            await self._rooms.show(room_id, holds(wish), at_most_once=True)  # a panel may have shown the room as free
            raise RefusedError(refusal, wish=wish)
        booked = await self._make(room_id, wish, title, caller)
        self._booked_at[room_id, user] = self._rooms.now()
        return booked

    async def _extend(self, room_id: str, length: timedelta, title: str, asked_at: datetime, caller: _Caller) -> Booked:
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
        return replace(await self._make(room_id, wish, title, caller, is_extension=True), act=Act.EXTENDED)

    async def _make(
        self, room_id: str, wish: Span, title: str, caller: _Caller, *, is_extension: bool = False
    ) -> Booked:
        """Book a room that is free. Whatever fails, no booking stays."""
        await self._forget_past()
        calendar_id = await self._calendar()
        booking = OwnBooking(
            uuid4().hex, room_id, wish.start, wish.end, Stage.CREATING, calendar_id, is_extension=is_extension
        )
        try:
            await self._ledger.async_record(booking)
        except NotWrittenError:
            await self._rooms.forget(booking)
            raise
        try:
            event = await self._create(booking, title)
        except FeishuError as error:
            if isinstance(error, CalendarUnusableError):
                self._primary = ""
            # Earlier attempts of a call whose last one met the rate limit may have worked
            if may_have_worked(error) or isinstance(error, RateLimitedError):
                await self._undo(booking)
            else:
                await self._rooms.forget(booking)
            raise
        except Exception:
            await self._undo(booking)
            raise
        booking = booking.at(Stage.INVITING, event.event_id)
        try:
            await self._ledger.async_record(booking)
            await self._events.add_room(calendar_id, event.event_id, room_id, contact=self.settings.contact)
            await self._await_verdict(booking, wish, caller)
            await self._rooms.show(room_id, holds(wish))
            caller.check()
            await self._confirm(booking)
            caller.check()
        except RefusedError as error:
            await self._undo(booking)
            raise await self._explained(error.refusal, booking) from None
        except RoomRefusedError as error:
            await self._undo(booking)
            raise await self._explained(Refusal.NOT_BY_APP, booking) from error
        except Exception:
            await self._undo(booking)
            raise
        return Booked(room_id, wish.start, wish.end, event.event_id, event.app_link)

    async def _confirm(self, booking: OwnBooking) -> None:
        try:
            await self._ledger.async_record(booking.at(Stage.CONFIRMED))  # the caller is told at once
        except asyncio.CancelledError:  # the entry is unloaded: nobody is told, but the line may be on disk
            await self._rooms.note(booking)
            raise

    async def _forget_past(self) -> None:
        for booking in self._ledger.bookings:
            if booking.stage is Stage.CONFIRMED and recovery(booking, self._rooms.now()) is Recovery.FORGET:
                await self._rooms.forget(booking)

    async def _calendar(self) -> str:
        """Return the calendar of the bookings. The word for the primary one serves if its id can't be read."""
        if not (self.settings.calendar_id or self._primary):
            try:
                self._primary = await self._events.primary_calendar()
            except CalendarUnusableError, EndpointRetiredError, RequestError:
                return _WORD_FOR_PRIMARY
        return self.settings.calendar_id or self._primary

    async def _create(self, booking: OwnBooking, title: str) -> Event:
        return await _create(self._events, booking, title, self._hass.config.time_zone)

    async def _await_verdict(self, booking: OwnBooking, wish: Span, caller: _Caller) -> None:
        """Return when a booking is confirmed. Raises `RefusedError`, or the error that leaves the result open."""
        invited_at = self._hass.loop.time()
        for number, seconds in enumerate(VERDICT_LOOKS, start=1):
            await asyncio.sleep(max(invited_at + seconds - self._hass.loop.time(), 0.0))
            caller.check()
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
            if is_open and failure and not isinstance(failure, _PASSING):
                raise failure
            step = judge_booking(verdict, rows, booking.uid, wish, is_last=is_last)
            if step.next is Next.CONFIRMED:
                return
            if step.next is Next.UNDO:
                if failure and is_open:
                    raise failure
                raise RefusedError(step.refusal or Refusal.DECLINED)

    async def _verdict(self, booking: OwnBooking) -> tuple[RsvpStatus | None, FeishuError | None]:
        try:
            return await self._events.verdict(booking.calendar_id, booking.event_id, booking.room_id), None
        except EventGoneError:
            return RsvpStatus.REMOVED, None
        except FeishuError as error:
            return None, error

    async def _explained(self, refusal: Refusal, booking: OwnBooking) -> RefusedError:
        """Return a refusal with the reason that the room's rules give. They are asked only if Feishu gave none."""
        wish = Span(booking.start, booking.end)
        if not is_unexplained(refusal):
            return RefusedError(refusal, wish=wish)
        checks: tuple[RoomCheck, ...] = ()
        with suppress(FeishuError):
            checks = await self._events.check_rooms(
                booking.calendar_id, [booking.room_id], start=booking.start, end=booking.end
            )
        check = next((each for each in checks if each.room_id == booking.room_id), None)
        return RefusedError(explained(refusal, check), check, wish=wish)

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
        try:
            if action is Recovery.FIND:
                booking = await async_find_event(self._events, booking, self._hass.config.time_zone)
                await self._rooms.note(booking)
            await async_delete_event(self._events, booking)
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
        return await self._end_rows(room_id, found, rows, InstanceReply.ENDED_BEFORE_DUE)

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
        return replace(await self._end_rows(room_id, found, rows, InstanceReply.NOT_CHECK_IN), act=Act.RELEASED)

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

    async def _end_rows(
        self, room_id: str, found: Sequence[RoomBooking], rows: Sequence[RoomBooking], status: InstanceReply
    ) -> Ended:
        """End a running row and its extensions."""
        row = found[0]
        by_uid = {each.uid: each for each in self._ledger.bookings if each.room_id == room_id and each.uid}
        mine = [(each, by_uid[each.uid]) for each in found if each.uid in by_uid]
        if row.uid in by_uid:
            ended = Ended(room_id, row.start, row.end, is_own=True)
        else:
            ended = await self._releases.release_row(room_id, row, status)
        if await self._end_own(room_id, mine, rows, status):
            return ended
        return replace(ended, is_confirmed=False)

    async def _end_own(
        self,
        room_id: str,
        mine: Sequence[tuple[RoomBooking, OwnBooking]],
        rows: Sequence[RoomBooking],
        status: InstanceReply,
    ) -> bool:
        """End own bookings: reply for those that run, then delete their events. Return whether all are deleted."""
        if not mine:
            return True
        for _, booking in mine:
            try:
                await self._ledger.async_record(booking.at(Stage.ENDING))
            except NotWrittenError:
                for _, kept in mine:
                    await self._rooms.note(kept)
                raise
        failures = [await self._end_one(row, booking, rows, status) for row, booking in mine]
        await self._rooms.show(room_id, lacks(*(row for row, _ in mine)))
        if errors := [failure for failure, is_free in failures if failure and not is_free]:
            raise errors[0]
        return not any(failure for failure, _ in failures)

    async def _end_one(
        self, row: RoomBooking, booking: OwnBooking, rows: Sequence[RoomBooking], status: InstanceReply
    ) -> tuple[FeishuError | None, bool]:
        """Return why the event was not deleted, None if it was, and whether a reply has freed the room anyway.

        A booking that both calls have failed to end stays, because the caller is told so.
        """
        is_free = False
        if row.start <= self._rooms.now():
            with suppress(FeishuError):
                ref = first_ref(row, kind_of(row, rows, is_recurring=False))
                await self._events.reply(booking.room_id, ref, status)
                is_free = True
        deleting = booking.at(Stage.DELETING)
        await self._rooms.note(deleting)
        try:
            await async_delete_event(self._events, booking)
        except FeishuError as error:
            if is_free:
                self._clean_up_later()
            else:
                await self._rooms.note(booking)
            return error, is_free
        await self._rooms.forget(deleting)
        return None, True

    async def _cancel(self, room_id: str, event_id: str) -> Ended:
        booking = next((each for each in self.own_bookings(room_id) if each.event_id == event_id), None)
        if booking is None:
            raise RefusedError(Refusal.NOT_OURS)
        self._rooms.pay(_CALLS_TO_END)
        row = RoomBooking(booking.start, booking.end, booking.uid, 0)
        is_deleted = await self._end_own(room_id, [(row, booking)], (row,), InstanceReply.ENDED_BEFORE_DUE)
        return Ended(room_id, booking.start, booking.end, is_own=True, is_confirmed=is_deleted, act=Act.CANCELED)


async def async_find_event(events: Events, booking: OwnBooking, time_zone: str) -> OwnBooking:
    """Return a booking with the id of its event, to delete it. Raises `FeishuError`."""
    event = await _create(events, booking, "", time_zone)  # the same key leads to the same event
    return booking.at(Stage.DELETING, event.event_id)


async def async_delete_event(events: Events, booking: OwnBooking) -> None:
    """Delete the event of a booking, whose id is known. Raises `FeishuError`."""
    with suppress(EventGoneError):
        await events.delete(booking.calendar_id, booking.event_id)


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
