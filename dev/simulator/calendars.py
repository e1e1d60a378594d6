"""The bookings of all subjects, found by id and by subject."""

from dataclasses import dataclass, field

from .model import Booking


@dataclass(slots=True)
class Calendars:
    """Holds each booking once by its id and once with its subject, so that an answer costs only its own rows."""

    bookings: dict[str, Booking] = field(default_factory=dict)
    _of: dict[str, dict[str, Booking]] = field(default_factory=dict)

    def of(self, subject_id: str) -> tuple[Booking, ...]:
        """Return the bookings of a room or a person, in the order they were made."""
        return tuple(self._of.get(subject_id, {}).values())

    def get(self, booking_id: str) -> Booking:
        """Return a booking; ``KeyError`` if there is none."""
        if booking_id not in self.bookings:
            raise KeyError(f"there is no booking {booking_id}")
        return self.bookings[booking_id]

    def put(self, booking: Booking) -> None:
        """Add a booking, or replace the one with its id."""
        self.bookings[booking.booking_id] = booking
        self._of.setdefault(booking.subject_id, {})[booking.booking_id] = booking

    def remove(self, booking_id: str) -> None:
        """Remove a booking; ``KeyError`` if there is none."""
        booking = self.get(booking_id)
        del self.bookings[booking_id]
        del self._of[booking.subject_id][booking_id]

    def drop(self, subject_id: str) -> None:
        """Remove all bookings of a subject."""
        for booking_id in self._of.pop(subject_id, {}):
            del self.bookings[booking_id]
