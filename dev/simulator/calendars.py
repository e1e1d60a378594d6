"""The bookings of all subjects, indexed by id and by subject."""

from dataclasses import dataclass, field

from .model import Booking


@dataclass(slots=True)
class Calendars:
    """Indexes bookings by id and by subject, so that an answer does not scan the bookings of other subjects."""

    bookings: dict[str, Booking] = field(default_factory=dict)
    _of: dict[str, dict[str, Booking]] = field(default_factory=dict)

    def of(self, subject_id: str) -> tuple[Booking, ...]:
        """Return the bookings of a room or a person, in the order in which they were made."""
        return tuple(self._of.get(subject_id, {}).values())

    def get(self, booking_id: str) -> Booking:
        """Return a booking; raise ``KeyError`` if it does not exist."""
        if booking_id not in self.bookings:
            raise KeyError(f"there is no booking {booking_id}")
        return self.bookings[booking_id]

    def put(self, booking: Booking) -> None:
        """Add a booking, or replace the one with the same id."""
        self.bookings[booking.booking_id] = booking
        self._of.setdefault(booking.subject_id, {})[booking.booking_id] = booking

    def remove(self, booking_id: str) -> None:
        """Remove a booking; raise ``KeyError`` if it does not exist."""
        booking = self.get(booking_id)
        del self.bookings[booking_id]
        del self._of[booking.subject_id][booking_id]

    def drop(self, subject_id: str) -> None:
        """Remove all bookings of a subject."""
        for booking_id in self._of.pop(subject_id, {}):
            del self.bookings[booking_id]
