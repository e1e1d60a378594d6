"""Books, extends, ends and releases rooms."""

from .booker import Booker
from .results import (
    Act,
    Booked,
    BookingSettings,
    Ended,
    InterruptedBookingError,
    RefusedError,
    ReleaseStoppedError,
)

__all__ = [
    "Act",
    "Booked",
    "Booker",
    "BookingSettings",
    "Ended",
    "InterruptedBookingError",
    "RefusedError",
    "ReleaseStoppedError",
]
