"""Ends and releases bookings of others: one row, and never a series."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
import logging

from homeassistant.core import callback

from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import FeishuError, InstanceUnknownError
from ..feishu.models import EventRef, InstanceReply, RoomBooking
from ..model.booking import (
    LEDGER_KEEPS,
    RELEASE_LOOKS,
    SERIES_AROUND,
    PendingRelease,
    Refusal,
    ReleaseResult,
    first_ref,
    judge_release,
    kind_of,
    may_have_worked,
    running,
    second_ref,
    series_was_released,
)
from ..sync.ledger import Ledger, NotWrittenError
from .results import Ended, RefusedError, ReleaseStoppedError
from .rooms import Rooms, lacks

_LOGGER = logging.getLogger(__name__)

_CALLS_TO_RELEASE = 12  # five of them look for the other instances of a series


class Releases:
    """Replies in the name of rooms to bookings of others."""

    def __init__(
        self, coordinator: FreeBusyCoordinator, ledger: Ledger, rooms: Rooms, judge_later: Callable[[], None]
    ) -> None:
        """`judge_later` is called if the result of a reply can't be read now."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._name = coordinator.name
        self._events = coordinator.client.events
        self._ledger = ledger
        self._rooms = rooms
        self._judge_later = judge_later
        coordinator.release_stop = self._stop

    @property
    def series_released(self) -> bool:
        """Return whether a reply has released more than one booking, so no more are sent. A restart keeps this."""
        return self._stop is not None

    @property
    def _stop(self) -> PendingRelease | None:
        return next(iter(self._ledger.stops), None)

    async def allow_again(self) -> None:
        """Send replies again: an administrator takes the risk. Raises `NotWrittenError`; then none are sent."""
        stops = self._ledger.stops
        try:
            for stop in stops:
                await self._ledger.async_forget(stop)
        except NotWrittenError:
            for stop in stops:
                await self._note(stop)
            raise
        finally:
            self._show_stop()

    async def _note(self, line: PendingRelease) -> None:
        with suppress(NotWrittenError):  # the ledger in memory has it
            await self._ledger.async_record(line)

    @callback
    def _show_stop(self) -> None:
        self._coordinator.release_stop = self._stop
        self._coordinator.update_issues()

    async def release_row(self, room_id: str, row: RoomBooking, status: InstanceReply) -> Ended:
        """End a booking of somebody else, and only this one instance."""
        if self.series_released:
            raise ReleaseStoppedError
        self._rooms.pay(_CALLS_TO_RELEASE)
        around = await self._rooms.rows_around(room_id, row)
        now = self._rooms.now()
        found = running(around, now)
        if isinstance(found, Refusal):
            raise RefusedError(found)
        if found.uid != row.uid or found.end != row.end:
            raise RefusedError(Refusal.ANOTHER_RUNS)  # than the one that was checked
        kind = kind_of(found, around)
        pending = _pending(room_id, found, first_ref(found, kind), status, around)
        failure = await self._reply(pending)
        if isinstance(failure, InstanceUnknownError):
            again = await self._rooms.rows_around(room_id, found)
            ref = second_ref(found, kind, again, may_send_zero=not self.series_released)
            if ref is None and found in again:
                raise failure
            if ref is not None:
                pending = _pending(room_id, found, ref, status, again)
                failure = await self._reply(pending)
                if isinstance(failure, InstanceUnknownError):
                    raise failure
        return await self._judge_release(pending, found, around, failure)

    async def _reply(self, pending: PendingRelease) -> FeishuError | None:
        """Send a reply. Return the error that leaves its result open, or says that the room lacks the booking.

        Raises any other error.
        """
        try:
            await self._ledger.async_record(pending)
            await self._events.reply(pending.room_id, pending.event, pending.status)
        except NotWrittenError:
            await self._rooms.forget(pending)
            raise
        except FeishuError as error:
            if isinstance(error, InstanceUnknownError):
                await self._rooms.forget(pending)
                return error
            if not may_have_worked(error):
                await self._rooms.forget(pending)
                raise
            return error
        return None

    async def _judge_release(
        self, pending: PendingRelease, row: RoomBooking, around: Sequence[RoomBooking], failure: FeishuError | None
    ) -> Ended:
        """Look at the room until the row is gone. Raises `failure` if it stays after a reply that failed."""
        room_id = pending.room_id
        before = [each for each in around if each.start < row.end and row.start < each.end]
        replied_at = self._hass.loop.time()
        result = ReleaseResult.WAIT
        for number, seconds in enumerate(RELEASE_LOOKS, start=1):
            await asyncio.sleep(max(replied_at + seconds - self._hass.loop.time(), 0.0))
            after: tuple[RoomBooking, ...] | None = None
            with suppress(FeishuError):
                after = await self._rooms.rows(room_id, row.start, row.end)
            is_last = number == len(RELEASE_LOOKS)
            result = judge_release(row, before, after, self._rooms.now(), is_last=is_last)
            if result is not ReleaseResult.WAIT:
                break
        if result is ReleaseResult.DONE and pending.others:
            result = await self._judge_series(pending, row, around)
        if result is ReleaseResult.SERIES_RELEASED:
            await self._stop_releases(pending)
        await self._rooms.show(room_id, lacks(row))
        if result is ReleaseResult.WAIT:  # the row is gone, the others could not be read
            self._judge_later()
            return Ended(room_id, row.start, row.end, is_own=False)
        if result is not ReleaseResult.SERIES_RELEASED:
            await self._rooms.forget(pending)
        if result is ReleaseResult.NOT_CONFIRMED and failure:
            raise failure
        return Ended(
            room_id,
            row.start,
            row.end,
            is_own=False,
            is_confirmed=result is not ReleaseResult.NOT_CONFIRMED,
            series_released=result is ReleaseResult.SERIES_RELEASED,
        )

    async def _judge_series(
        self, pending: PendingRelease, row: RoomBooking, around: Sequence[RoomBooking]
    ) -> ReleaseResult:
        """Return whether the other instances still stand, `WAIT` if they can't be read."""
        try:
            after = await self._rooms.rows_around(pending.room_id, row)
        except FeishuError:
            return ReleaseResult.WAIT
        return judge_release(row, around, after, self._rooms.now(), is_last=True)

    async def judge_left(self, release: PendingRelease) -> bool:
        """Judge a reply that was sent before a crash or an outage; return whether it is judged.

        It is never sent again.
        """
        if release not in self._ledger.releases:
            return True
        if self._rooms.now() - release.end < LEDGER_KEEPS and release.others:
            try:
                rows = await self._rooms.rows(
                    release.room_id, release.start - SERIES_AROUND, release.end + SERIES_AROUND
                )
            except FeishuError:
                return False
            if series_was_released(release, rows):
                await self._stop_releases(release)
        if release in self._ledger.releases:
            await self._rooms.forget(release)
        await self._rooms.show(release.room_id, lacks(release))
        return True

    async def _stop_releases(self, release: PendingRelease) -> None:
        """Send no more replies, also after a restart."""
        await self._note(replace(release, series_released=True))
        self._show_stop()
        _LOGGER.error(
            "%s: ending one meeting has released other dates of its series. No more meetings of others are ended",
            self._name,
        )


def _pending(
    room_id: str, row: RoomBooking, ref: EventRef, status: InstanceReply, around: Iterable[RoomBooking]
) -> PendingRelease:
    others = tuple(each.start for each in around if each.uid == row.uid and each.start != row.start)
    return PendingRelease(room_id, ref, status, row.start, row.end, others)
