"""The methods of a tenant, without HTTP."""

from datetime import UTC, datetime, timedelta

from freezegun import freeze_time
import pytest

from simulator import Room, Tenant, User

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_ids_are_the_same_in_the_same_tenant_and_differ_between_tenants() -> None:
    one, same, other = Tenant(), Tenant(), Tenant(app_id="cli_0000000000000002")
    ids = [tenant.add_room("Orion").room_id for tenant in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]
    assert one.add_room("Vega").room_id != ids[0]


def test_ids_may_be_chosen() -> None:
    tenant = Tenant()
    assert tenant.add_room("Orion", room_id="omm_1").room_id == "omm_1"
    with pytest.raises(ValueError, match="already"):
        tenant.add_room("Vega", room_id="omm_1")


def test_the_default_clock_can_be_frozen() -> None:
    with freeze_time("2026-11-23 12:00:00"):
        assert Tenant().now() == NOON


def test_rename(tenant: Tenant, room: Room) -> None:
    tenant.rename_room(room.room_id, "Vega")
    assert tenant.rooms[room.room_id].name == "Vega"


def test_book_move_cancel(tenant: Tenant, room: Room) -> None:
    booking = tenant.book(room.room_id, NOON, NOON + HOUR)
    moved = tenant.move(booking.booking_id, NOON + HOUR, NOON + 2 * HOUR)
    assert tenant.calendars.of(room.room_id) == (moved,)
    assert (moved.start, moved.end) == (NOON + HOUR, NOON + 2 * HOUR)
    tenant.cancel(booking.booking_id)
    assert tenant.calendars.of(room.room_id) == ()
    assert tenant.bookings == {}
    with pytest.raises(KeyError, match="no booking"):
        tenant.cancel(booking.booking_id)
    with pytest.raises(KeyError, match="no booking"):
        tenant.move(booking.booking_id, NOON, NOON)


def test_invalid_bookings_are_rejected(tenant: Tenant, room: Room) -> None:
    with pytest.raises(ValueError, match="aware"):
        tenant.book(room.room_id, NOON.replace(tzinfo=None), NOON)
    with pytest.raises(ValueError, match="before the start"):
        tenant.book(room.room_id, NOON, NOON - HOUR)
    with pytest.raises(KeyError, match="no room or person"):
        tenant.book("omm_none", NOON, NOON + HOUR)
    tenant.disable_room(room.room_id, NOON, None)
    with pytest.raises(ValueError, match="disabled"):
        tenant.book(room.room_id, NOON, NOON + HOUR)
    earlier = tenant.book(room.room_id, NOON - HOUR, NOON)
    with pytest.raises(ValueError, match="disabled"):
        tenant.move(earlier.booking_id, NOON, NOON + HOUR)
    assert tenant.bookings == {earlier.booking_id: earlier}


def test_disabling_cancels_overlapping_bookings(tenant: Tenant, room: Room, user: User) -> None:
    before = tenant.book(room.room_id, NOON - HOUR, NOON)
    after = tenant.book(room.room_id, NOON + HOUR, NOON + 2 * HOUR)
    tenant.book(room.room_id, NOON - HOUR, NOON + timedelta(seconds=1))
    tenant.book(room.room_id, NOON - HOUR, NOON + 3 * HOUR)
    elsewhere = tenant.book(user.user_id, NOON, NOON + HOUR)
    tenant.disable_room(room.room_id, NOON, NOON + HOUR)
    assert set(tenant.bookings.values()) == {before, after, elsewhere}
    tenant.disable_room(room.room_id, NOON, None)
    assert set(tenant.bookings.values()) == {before, elsewhere}
    tenant.enable_room(room.room_id)
    assert tenant.rooms[room.room_id].disabled is None
    assert set(tenant.bookings.values()) == {before, elsewhere}


def test_unknown_rooms_raise_key_error(tenant: Tenant) -> None:
    for act in (tenant.delete_room, tenant.enable_room):
        with pytest.raises(KeyError, match="no room"):
            act("omm_none")
