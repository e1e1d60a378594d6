"""Ends a row of a room and its extensions: own bookings, and one booking of somebody else."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from ..coordinator import FreeBusyCoordinator
from ..feishu.errors import EventGoneError, FeishuError
from ..feishu.events import Events
from ..feishu.models import InstanceReply, RoomBooking
from ..model.booking import OwnBooking, Stage, first_ref, kind_of
from ..sync.ledger import Ledger, NotWrittenError
from .organizers import Organizers
from .releases import Releases
from .results import Ended
from .rooms import Rooms, lacks


class Endings:
    """Frees rooms. Only the app may reply in the name of a room; an event is deleted in the name of its organizer."""

    def __init__(
        self,
        coordinator: FreeBusyCoordinator,
        ledger: Ledger,
        rooms: Rooms,
        organizers: Organizers,
        releases: Releases,
        clean_up_later: Callable[[], None],
    ) -> None:
        """`clean_up_later` is called if an event can't be deleted now."""
        self._events = coordinator.client.events
        self._ledger = ledger
        self._rooms = rooms
        self._organizers = organizers
        self._releases = releases
        self._clean_up_later = clean_up_later

    async def end_rows(
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
        if await self.end_own(room_id, mine, rows, status):
            return ended
        return replace(ended, is_confirmed=False)

    async def end_own(
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
            await async_delete_event(self._organizers.events(booking.identity), booking)
        except FeishuError as error:
            if is_free:
                self._clean_up_later()
            else:
                await self._rooms.note(booking)
            return error, is_free
        await self._rooms.forget(deleting)
        return None, True


async def async_delete_event(events: Events, booking: OwnBooking) -> None:
    """Delete the event of a booking, whose id is known. Raises `FeishuError`."""
    with suppress(EventGoneError):
        await events.delete(booking.calendar_id, booking.event_id)
