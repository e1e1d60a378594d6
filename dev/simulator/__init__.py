"""A Feishu tenant on loopback, as strict as the real one. See ``scripts/simulator --help``."""

from .agenda import AppEvent, BookingRules, RoomGuest
from .consents import Consents
from .faults import Fault
from .model import Booking, Call, DisablePeriod, Level, LimitViolation, LoggedRequest, Room, Rsvp, User
from .server import Simulator
from .tenant import Tenant
from .variants import Variants

__all__ = [
    "AppEvent",
    "Booking",
    "BookingRules",
    "Call",
    "Consents",
    "DisablePeriod",
    "Fault",
    "Level",
    "LimitViolation",
    "LoggedRequest",
    "Room",
    "RoomGuest",
    "Rsvp",
    "Simulator",
    "Tenant",
    "User",
    "Variants",
]
