"""What people do in an office in a year: all kinds of booking changes, and added, changed and removed rooms."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
import random
from typing import Final

from simulator import Booking, Level, Room, Rsvp, Tenant, User

MINUTE: Final = timedelta(minutes=1)
DAYS_AHEAD: Final = 9  # days for which meetings are planned; series reach further
LENGTHS: Final = (15, 30, 30, 45, 60, 60, 90, 120)
GAPS: Final = (0, 0, 15, 30, 60, 120, 180)
RSVPS: Final[tuple[Rsvp, ...]] = ("accept", "needs_action", "tentative", "decline", "removed")
DAY_OVER: Final = timedelta(days=2)  # no answer shows bookings that ended longer ago
SATURDAY: Final = 5

type Edit = Callable[[], str]


class Office:
    """Changes bookings and rooms, and records when each room last changed."""

    def __init__(self, tenant: Tenant, rng: random.Random, now: Callable[[], datetime]) -> None:
        """Use an empty tenant."""
        self._tenant, self._rng, self._now = tenant, rng, now
        self._named = 0
        self.done: Counter[str] = Counter()
        self.booked_at: dict[str, datetime] = {}  # when the bookings of a room last changed
        self.closed_at: dict[str, datetime] = {}  # when a room was last disabled or enabled
        tower = tenant.add_level("Tower")
        self.levels: list[Level] = [tenant.add_level(f"{floor}F", tower) for floor in range(1, 6)]

    # Rooms

    @property
    def size(self) -> int:
        """The number of rooms."""
        return len(self._tenant.rooms)

    @property
    def people(self) -> list[str]:
        """The ids of the people."""
        return [*self._tenant.users]

    def has(self, subject_id: str) -> bool:
        """Return whether this room or person exists."""
        return subject_id in self._tenant.rooms or subject_id in self._tenant.users

    def add_person(self) -> User:
        """Add a person."""
        self._named += 1
        person = self._tenant.add_user(f"Person {self._named}")
        self._touch(person.open_id)
        return person

    def delete_person(self) -> str:
        """Remove a random person."""
        person_id = self._rng.choice(self.people)
        self._tenant.delete_user(person_id)
        self._touch(person_id)
        return "people gone"

    def add_room(self) -> Room:
        """Add a room."""
        self._named += 1
        room = self._tenant.add_room(f"Room {self._named}", level=self._rng.choice(self.levels), capacity=4)
        self._touch(room.room_id)
        return room

    def rename_room(self) -> str:
        """Rename a random room."""
        self._named += 1
        self._tenant.rename_room(self._any_room(), f"Room {self._named}")
        return "rooms renamed"

    def delete_room(self) -> str:
        """Remove a random room."""
        room_id = self._any_room()
        self._tenant.delete_room(room_id)
        self.booked_at[room_id] = self.closed_at[room_id] = self._now()
        return "rooms deleted"

    def close_room(self) -> str:
        """Disable a random room: from now or later, for hours, days or forever."""
        room_id, now = self._any_room(), self._now()
        start = now + self._rng.choice((timedelta(), timedelta(), timedelta(hours=20)))
        end = self._rng.choice((start + timedelta(hours=3), start + timedelta(days=2), None))
        reason = self._rng.choice(("Cleaning", "Wet paint", ""))
        self._tenant.disable_room(room_id, start.replace(microsecond=0), end and end.replace(microsecond=0), reason)
        self.booked_at[room_id] = self.closed_at[room_id] = now
        return "rooms disabled"

    def open_room(self) -> str:
        """Enable a random disabled room."""
        closed = [room.room_id for room in self._tenant.rooms.values() if room.disabled]
        if not closed:
            return "nothing to enable"
        room_id = self._rng.choice(closed)
        self._tenant.enable_room(room_id)
        self.closed_at[room_id] = self._now()
        return "rooms enabled"

    # Meetings

    def plan_day(self, day: date, zone: tzinfo) -> None:
        """Add meetings to a day."""
        for room_id in (*self._tenant.rooms, *self._tenant.users):
            if day.weekday() >= SATURDAY and self._rng.random() < 0.9:
                continue
            begin = datetime.combine(day, time(8), zone).astimezone(UTC) + 30 * MINUTE * self._rng.randrange(8)
            for _ in range(self._rng.randrange(6)):
                end = begin + MINUTE * self._rng.choice(LENGTHS)
                self._book(room_id, begin, end, self._rng.choices(RSVPS, (80, 8, 4, 4, 4))[0])
                begin = end + MINUTE * self._rng.choice(GAPS)
            if self._rng.random() < 0.05:
                self._book(room_id, *self._odd_span(day, zone))

    def sweep(self) -> None:
        """Remove old bookings, so that answers cost the same all year."""
        over = self._now() - DAY_OVER
        for booking in [booking for booking in self._tenant.bookings.values() if booking.end < over]:
            self._tenant.cancel(booking.booking_id)

    def edit(self) -> None:
        """Make a random change to the bookings."""
        edits: dict[Edit, int] = {
            self._book_now: 3,
            self._book_later: 3,
            self._book_over_another: 1,
            self._book_series: 1,
            self._move: 4,
            self._cancel: 3,
            self._extend: 4,
            self._shorten: 2,
            self._release: 2,
            self._answer: 2,
        }
        self.do(self._rng.choices([*edits], [*edits.values()])[0])

    def do(self, edit: Edit) -> None:
        """Make a change and count it. It is refused if the room is disabled or there is nothing to change."""
        try:
            self.done[edit()] += 1
        except ValueError, IndexError:
            self.done["refused"] += 1

    def _book_now(self) -> str:
        start = self._now().replace(second=0, microsecond=0) + self._rng.choice((-5, -1, 0, 1, 5, 10)) * MINUTE
        return self._book(self._any_subject(), start, start + MINUTE * self._rng.choice(LENGTHS))

    def _book_later(self) -> str:
        start = self._now().replace(minute=0, second=0, microsecond=0) + 15 * MINUTE * self._rng.randrange(4, 300)
        end = start + MINUTE * self._rng.choice((0, *LENGTHS, 24 * 60, 50 * 60))
        return self._book(self._any_subject(), start, end, self._rng.choices(RSVPS, (80, 15, 3, 1, 1))[0])

    def _book_over_another(self) -> str:
        other = self._any_booking()
        start = other.start + self._rng.choice((-15, 0, 15)) * MINUTE
        return self._book(other.subject_id, start, other.end + self._rng.choice((-5, 0, 30)) * MINUTE)

    def _book_series(self) -> str:
        room_id = self._any_subject()
        start = self._now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=self._rng.randrange(1, 40))
        for week in range(4):
            self._book(room_id, start + timedelta(weeks=week), start + timedelta(weeks=week, hours=1), series="weekly")
        return "series booked"

    def _move(self) -> str:
        booking, by = self._any_booking(), self._rng.choice((-90, -30, -15, 15, 30, 60, 1440)) * MINUTE
        return self._change(booking, booking.start + by, booking.end + by, "moved")

    def _extend(self) -> str:
        booking = self._any_booking(soon=True)
        return self._change(booking, booking.start, booking.end + self._rng.choice((5, 15, 30)) * MINUTE, "extended")

    def _shorten(self) -> str:
        booking = self._any_booking(soon=True)
        return self._change(booking, booking.start, booking.start + (booking.end - booking.start) / 2, "shortened")

    def _release(self) -> str:
        now = self._now().replace(microsecond=0)
        under_way = [booking for booking in self._bookings() if booking.start < now < booking.end]
        booking = self._rng.choice(under_way)
        return self._change(booking, booking.start, now, "released")

    def _cancel(self) -> str:
        booking = self._any_booking()
        self._tenant.cancel(booking.booking_id)
        self._touch(booking.subject_id)
        return "canceled"

    def _answer(self) -> str:
        asked = [booking for booking in self._bookings() if booking.rsvp == "needs_action"]
        booking = self._rng.choice(asked)
        rsvp: Rsvp = "decline" if self._rng.random() < 0.3 else "accept"
        self._tenant.calendars.put(replace(booking, rsvp=rsvp))
        self._touch(booking.subject_id)
        return "granted" if rsvp == "accept" else "declined"

    def _odd_span(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
        noon = midnight + timedelta(hours=12)
        return self._rng.choice(
            (
                (
                    midnight - timedelta(hours=1, minutes=30),
                    midnight + timedelta(hours=4),
                ),  # where the clock may change
                (midnight, midnight + timedelta(days=1)),
                (noon, noon),
                (noon + timedelta(seconds=7), noon + timedelta(seconds=52)),
                (midnight + timedelta(hours=23), midnight + timedelta(days=3)),
            )
        )

    def _book(self, room_id: str, start: datetime, end: datetime, rsvp: Rsvp = "accept", series: str = "") -> str:
        try:
            self._tenant.book(room_id, start, end, rsvp=rsvp, series=series, external=self._rng.random() < 0.05)
        except ValueError:
            return "refused"
        self._touch(room_id)
        return "booked"

    def _change(self, booking: Booking, start: datetime, end: datetime, word: str) -> str:
        whole = end.replace(microsecond=0)
        self._tenant.move(booking.booking_id, start, max(start, whole))
        self._touch(booking.subject_id)
        return word

    def _touch(self, room_id: str) -> None:
        self.booked_at[room_id] = self._now()

    def _any_room(self) -> str:
        return self._rng.choice([*self._tenant.rooms])

    def _any_subject(self) -> str:
        return self._rng.choice([*self._tenant.rooms, *self._tenant.users])

    def _bookings(self) -> list[Booking]:
        now = self._now()
        return [booking for booking in self._tenant.bookings.values() if booking.end > now]

    def _any_booking(self, *, soon: bool = False) -> Booking:
        until = self._now() + (timedelta(hours=2) if soon else timedelta(days=2))
        return self._rng.choice([booking for booking in self._bookings() if booking.start < until])
