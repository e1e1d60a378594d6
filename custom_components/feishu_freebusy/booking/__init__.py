"""Books, extends, ends and releases rooms."""

from .booker import Booker
from .results import (
    Booked,
    BookingSettings,
    Ended,
    InterruptedBookingError,
    RefusedError,
    ReleaseStoppedError,
)

__all__ = [
    "Booked",
    "Booker",
    "BookingSettings",
    "Ended",
    "InterruptedBookingError",
    "RefusedError",
    "ReleaseStoppedError",
]
