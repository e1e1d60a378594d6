"""A Feishu tenant on loopback, as strict as the real one. See ``scripts/simulator --help``."""

from .faults import Fault
from .model import Booking, Call, DisablePeriod, Level, LimitViolation, LoggedRequest, Room, Rsvp, User
from .server import Simulator
from .tenant import Tenant
from .variants import Variants

__all__ = [
    "Booking",
    "Call",
    "DisablePeriod",
    "Fault",
    "Level",
    "LimitViolation",
    "LoggedRequest",
    "Room",
    "Rsvp",
    "Simulator",
    "Tenant",
    "User",
    "Variants",
]
