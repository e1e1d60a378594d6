"""Books, extends, ends and releases rooms."""

from .booker import Booker, async_find_event
from .endings import async_delete_event
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
    "async_delete_event",
    "async_find_event",
]
