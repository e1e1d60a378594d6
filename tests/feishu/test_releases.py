"""A reply ends one booking and never a series, whatever `original_time` means to this tenant.

The rules of `model.booking` drive the client against the simulated tenant.
"""

import asyncio
from datetime import datetime, timedelta

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import InstanceUnknownError
from custom_components.feishu_freebusy.feishu.models import InstanceReply, RoomBooking
from custom_components.feishu_freebusy.model.booking import (
    RELEASE_LOOKS,
    SERIES_AROUND,
    ReleaseResult,
    first_ref,
    judge_release,
    kind_of,
    second_ref,
)
from simulator import Booking, Room, Tenant

from .virtual import START, on_virtual_time, run

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


@pytest.fixture
def room(tenant: Tenant) -> Room:
    return tenant.add_room("Orion")


async def around(client: FeishuClient, room: Room, now: datetime) -> tuple[RoomBooking, ...]:
    return await client.events.bookings(room.room_id, time_min=now - SERIES_AROUND, time_max=now + SERIES_AROUND)


def release(tenant: Tenant, room: Room, start: datetime, *, is_recurring: bool | None = None) -> ReleaseResult | None:
    """End the booking that starts at `start`; None if Feishu knows it by no name that may be sent."""

    async def play() -> ReleaseResult | None:
        client = on_virtual_time(tenant).client
        before = await around(client, room, START)
        (row,) = [each for each in before if each.start == start]
        kind = kind_of(row, before, is_recurring=is_recurring)
        try:
            await client.events.reply(room.room_id, first_ref(row, kind), InstanceReply.ENDED_BEFORE_DUE)
        except InstanceUnknownError:
            ref = second_ref(row, kind, await around(client, room, START))
            if ref is None:
                return None
            await client.events.reply(room.room_id, ref, InstanceReply.ENDED_BEFORE_DUE)
        waited = 0.0
        for look in RELEASE_LOOKS:
            await asyncio.sleep(look - waited)
            waited, is_last = look, look == RELEASE_LOOKS[-1]
            after = await around(client, room, START)
            result = judge_release(row, before, after, tenant.now(), is_last=is_last)
            if result is not ReleaseResult.WAIT:
                return result
        raise AssertionError("the last look waits")

    return run(play())


def left(tenant: Tenant, room: Room) -> set[str]:
    return {booking.booking_id for booking in tenant.calendars.of(room.room_id)}


@pytest.mark.parametrize("zero", ["all", "105003"])
@pytest.mark.parametrize("start_of_single", ["105003", "accepted"])
@pytest.mark.parametrize("effect", ["vanishes", "shrinks", "vanishes_at_once"])
class TestBothReadings:
    """Every combination of what the sources leave open."""

    @pytest.fixture(autouse=True)
    def variants(self, tenant: Tenant, zero: str, start_of_single: str, effect: str) -> None:
        """Set what is open."""
        switches = {"zero_on_series": zero, "start_on_single": start_of_single, "effect": effect}
        tenant.variants.update({f"reply_{name}": value for name, value in switches.items()})

    def ended(self, tenant: Tenant, room: Room, booking: Booking, bookings: list[Booking]) -> None:
        """Assert that one booking is gone or over, and all others are as they were."""
        others = [each for each in bookings if each is not booking]
        assert [tenant.calendars.get(each.booking_id) for each in others] == others
        if booking.booking_id in left(tenant, room):
            assert tenant.calendars.get(booking.booking_id).end <= tenant.now()

    @pytest.mark.parametrize("is_recurring", [None, False])
    def test_a_single_booking_is_ended(self, tenant: Tenant, room: Room, is_recurring: bool | None) -> None:
        bookings = [tenant.book(room.room_id, START + hour * HOUR, START + (hour + 1) * HOUR) for hour in range(3)]

        assert release(tenant, room, START, is_recurring=is_recurring) is ReleaseResult.DONE

        self.ended(tenant, room, bookings[0], bookings)

    def test_one_instance_of_a_weekly_series_is_ended(self, tenant: Tenant, room: Room) -> None:
        starts = [START + week * WEEK for week in range(-2, 6)]
        bookings = [tenant.book(room.room_id, start, start + HOUR, series="weekly") for start in starts]

        assert release(tenant, room, START) is ReleaseResult.DONE

        self.ended(tenant, room, bookings[2], bookings)

    def test_one_instance_of_a_yearly_series_is_ended(self, tenant: Tenant, room: Room) -> None:
        starts = [START + year * 52 * WEEK for year in range(3)]  # the others are out of sight
        bookings = [tenant.book(room.room_id, start, start + HOUR, series="yearly") for start in starts]

        assert release(tenant, room, START) is ReleaseResult.DONE

        self.ended(tenant, room, bookings[0], bookings)

    def test_a_moved_instance_is_ended(self, tenant: Tenant, room: Room) -> None:
        starts = [START + 2 * HOUR + week * WEEK for week in range(3)]
        bookings = [tenant.book(room.room_id, start, start + HOUR, series="weekly") for start in starts]
        bookings[0] = tenant.move(bookings[0].booking_id, START, START + HOUR)

        assert release(tenant, room, START) is ReleaseResult.DONE

        self.ended(tenant, room, bookings[0], bookings)


def test_an_instance_that_somebody_else_ended_costs_no_series(tenant: Tenant, room: Room) -> None:
    starts = [START + year * 52 * WEEK for year in range(3)]
    bookings = [tenant.book(room.room_id, start, start + HOUR, series="yearly") for start in starts]

    async def play() -> None:
        client = on_virtual_time(tenant).client
        (row,) = await around(client, room, START)
        kind = kind_of(row, [row])
        tenant.end(bookings[0].booking_id)
        with pytest.raises(InstanceUnknownError):
            await client.events.reply(room.room_id, first_ref(row, kind), InstanceReply.ENDED_BEFORE_DUE)
        assert second_ref(row, kind, await around(client, room, START)) is None

    run(play())
    assert left(tenant, room) == {booking.booking_id for booking in bookings[1:]}


def test_a_released_series_is_noticed(tenant: Tenant, room: Room) -> None:
    bookings = [tenant.book(room.room_id, START + week * WEEK, START + week * WEEK + HOUR) for week in range(3)]
    uid = bookings[0].event_uid

    async def play() -> ReleaseResult:
        client = on_virtual_time(tenant).client
        row = RoomBooking(START, START + HOUR, uid, 0)
        before = [RoomBooking(booking.start, booking.end, uid, 0) for booking in bookings]
        tenant.cancel(bookings[0].booking_id)
        return judge_release(row, before, await around(client, room, START), tenant.now(), is_last=False)

    assert run(play()) is ReleaseResult.SERIES_RELEASED


def test_a_reply_without_effect_is_not_confirmed(tenant: Tenant, room: Room) -> None:
    tenant.variants.reply_effect = "never"
    booking = tenant.book(room.room_id, START, START + HOUR)

    assert release(tenant, room, START) is ReleaseResult.NOT_CONFIRMED
    assert left(tenant, room) == {booking.booking_id}
