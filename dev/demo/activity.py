"""Simulated activity in the office: meetings are booked, moved, shortened and canceled all the time."""

import asyncio
from datetime import datetime, timedelta
import random
from typing import Final

from simulator import Booking, Tenant
from simulator.office import TITLES

_LENGTHS: Final = (15, 30, 30, 30, 60, 60, 90)
_PACE: Final = (5.0, 12.0)  # seconds between two changes
_FAST: Final = 10
_TRIES: Final = 20  # about 2 of 5 changes that are drawn are possible


def fill_working_day(tenant: Tenant, *, seed: int = 1) -> None:
    """Book the rooms as in the middle of a working day, at any hour."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    now = tenant.clock()
    for room_id in tenant.rooms:
        for booking in _bookings(tenant, room_id):
            if booking.start < now + timedelta(hours=4) and now < booking.end:
                tenant.cancel(booking.booking_id)
        start = _quarter(now) + timedelta(minutes=rng.choice((-30, -15, -15, 0, 0, 15, 45)))
        for _ in range(rng.choice((0, 1, 2, 3))):
            end = start + timedelta(minutes=rng.choice(_LENGTHS))
            _book(tenant, room_id, start, end)
            start = end + timedelta(minutes=rng.choice((0, 0, 15, 30)))


async def simulate_activity(tenant: Tenant, *, fast: bool = False) -> None:
    """Change a booking every few seconds, forever."""
    rng = random.Random()  # noqa: S311  # no secret
    low, high = (seconds / (_FAST if fast else 1) for seconds in _PACE)
    while True:
        await asyncio.sleep(rng.uniform(low, high))
        soon = timedelta(minutes=1) if fast else timedelta(minutes=5)
        any(_change(tenant, rng, soon) for _ in range(_TRIES))


def _change(tenant: Tenant, rng: random.Random, soon: timedelta) -> bool:
    """Change a booking of a random room. Return whether the change that was drawn was possible."""
    now = tenant.clock().replace(microsecond=0)
    room_id = rng.choice(list(tenant.rooms))
    bookings = [booking for booking in _bookings(tenant, room_id) if booking.end > now]
    current = next((booking for booking in bookings if booking.start <= now), None)
    coming = next((booking for booking in bookings if now < booking.start < now + timedelta(hours=2)), None)
    match rng.choice(("book", "book", "end", "extend", "cancel", "move")):
        case "book" if not current:
            start = now + timedelta(seconds=rng.randint(10, int(soon.total_seconds())))
            end = start + rng.choice((1, 2, 3, 6)) * soon
            if any(booking.start < end and start < booking.end for booking in bookings):
                return False
            _book(tenant, room_id, start, end)
        case "end" if current and current.start < now:
            tenant.move(current.booking_id, current.start, now)
        case "extend" if current:
            tenant.move(current.booking_id, current.start, current.end + soon)
        case "cancel" if coming:
            tenant.cancel(coming.booking_id)
        case "move" if coming:
            tenant.move(coming.booking_id, coming.start + soon, coming.end + soon)
        case _:
            return False
    return True


def _book(tenant: Tenant, room_id: str, start: datetime, end: datetime) -> None:
    """Book a room, with the titles and organizers in turn; some meetings have none."""
    number, organizers = len(tenant.bookings), (*tenant.users, "")
    organizer = organizers[number % len(organizers)]
    tenant.book(room_id, start, end, title=TITLES[number % len(TITLES)], organizer=organizer)


def _bookings(tenant: Tenant, room_id: str) -> list[Booking]:
    return sorted(tenant.calendars.of(room_id), key=lambda booking: booking.start)


def _quarter(now: datetime) -> datetime:
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
