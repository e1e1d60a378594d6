"""The office generator."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from simulator import Booking, Tenant
from simulator.office import office

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def of_rooms(tenant: Tenant) -> list[list[Booking]]:
    """Return the bookings of each room, sorted by start."""
    return [sorted(tenant.calendars.of(room_id), key=lambda booking: booking.start) for room_id in tenant.rooms]


def test_the_same_seed_gives_the_same_office() -> None:
    one, same, other = office(12, 1, NOW), office(12, 1, NOW), office(12, 2, NOW)
    assert (one.rooms, one.levels, one.users, one.bookings) == (same.rooms, same.levels, same.users, same.bookings)
    assert not one.rooms.keys() & other.rooms.keys()
    assert [room.capacity for room in one.rooms.values()] != [room.capacity for room in other.rooms.values()]


@pytest.mark.parametrize("rooms", [0, 1, 12, 100])
def test_rooms_on_floors_of_buildings(rooms: int) -> None:
    tenant = office(rooms, 1, NOW)
    assert len(tenant.rooms) == len({room.name for room in tenant.rooms.values()}) == rooms
    for room in tenant.rooms.values():
        floor = tenant.levels[room.level_id]
        assert floor.parent_id in tenant.levels
        assert tenant.levels[floor.parent_id].parent_id == tenant.root.level_id
        assert room.capacity > 0


def test_from_yesterday_to_two_weeks_ahead() -> None:
    bookings = office(12, 1, NOW).bookings.values()
    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)  # Monday in Shanghai
    days = {(booking.start - midnight).days for booking in bookings}
    weekend = {-1, 5, 6, 12, 13}
    assert set(range(15)) - weekend <= days <= set(range(-1, 15))


@pytest.mark.parametrize("rooms", [1, 3, 12])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hour", [0, 12, 20])
def test_it_contains_the_difficult_cases(rooms: int, seed: int, hour: int) -> None:
    now = NOW.replace(hour=hour)
    tenant = office(rooms, seed, now)
    pairs = [pair for bookings in of_rooms(tenant) for pair in pairwise(bookings)]
    bookings = [booking for bookings in of_rooms(tenant) for booking in bookings]
    assert any(one.end == other.start for one, other in pairs)
    assert any(other.start < one.end for one, other in pairs)
    assert any(booking.rsvp == "needs_action" for booking in bookings)
    local = [(booking.start.astimezone(tenant.zone), booking.end.astimezone(tenant.zone)) for booking in bookings]
    assert any(start.hour and start.date() < end.date() and end.hour for start, end in local)
    assert any(not start.hour and end - start == 24 * HOUR for start, end in local)


def test_people_have_bookings() -> None:
    tenant = office(0, 1, NOW, people=2)
    assert len(tenant.users) == 2
    assert all(tenant.calendars.of(open_id) for open_id in tenant.users)


def test_people_have_contacts_and_organize_bookings() -> None:
    tenant = office(12, 1, NOW, people=4)
    assert len({user.email for user in tenant.users.values()}) == len({u.mobile for u in tenant.users.values()}) == 4
    assert all(user.email.endswith("@example.com") for user in tenant.users.values())
    assert {booking.organizer for booking in tenant.bookings.values()} == {*tenant.users, ""}


def test_a_series_has_two_instances_back_to_back() -> None:
    tenant = office(1, 1, NOW)
    one, other = (booking for (bookings,) in [of_rooms(tenant)] for booking in bookings if booking.series)
    assert (one.series, one.end) == (other.series, other.start)
