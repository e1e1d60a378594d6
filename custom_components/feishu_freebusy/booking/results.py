"""What a piece of work returns or raises, and what an administrator has chosen for it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ..feishu.models import RoomCheck
from ..model.booking import Identity, Refusal, Span


class RefusedError(Exception):
    """A room is not booked, extended, ended or released. Nothing is left of the attempt.

    `wish` is the requested period, None if there is none. `check` is what the room's rules say of it, None
    if they were not asked or said nothing.
    """

    def __init__(self, refusal: Refusal, check: RoomCheck | None = None, *, wish: Span | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.check = check
        self.wish = wish


class InterruptedBookingError(Exception):
    """The work has stopped because the entry was unloaded. The next start finishes or undoes it."""


class ReleaseStoppedError(Exception):
    """A reply has released more than one booking, so none are sent until an administrator allows them again."""


@dataclass(frozen=True, slots=True)
class BookingSettings:
    """What an administrator has chosen.

    `calendar_id` is empty for the primary calendar of the app's bot. `contact` is the open_id of the person that a room
    shows as its booker, empty for nobody. `longest` is the maximum of one booking. `may_end_others`: bookings of others
    may be ended and released.
    """

    calendar_id: str = ""
    contact: str = field(default="", repr=False)
    longest: timedelta | None = None
    may_end_others: bool = False


class Act(StrEnum):
    """What was done to a booking."""

    BOOKED = "booked"
    EXTENDED = "extended"
    ENDED = "ended"
    RELEASED = "released"
    CANCELED = "canceled"
    UNDONE = "undone"  # begun before an interruption, never confirmed, deleted after it
    REQUESTED = "requested"  # an administrator must approve
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"  # the time of a request is over, and nobody has decided


@dataclass(frozen=True, slots=True)
class Booked:
    """A confirmed booking `[start, end)`, or a request for one that waits for an approval: `act` is `REQUESTED`.

    `app_link` opens its event in the Feishu client, empty if there is none.
    """

    room_id: str
    start: datetime
    end: datetime
    event_id: str
    app_link: str = field(default="", repr=False)
    act: Act = Act.BOOKED
    identity: Identity = Identity.APP


@dataclass(frozen=True, slots=True)
class Ended:
    """A booking `[start, end)` that was ended, released or canceled.

    `is_own`: this integration had made it. `is_confirmed`: a read proves that the room is free, or the event is
    deleted. `series_released`: other bookings of the event are gone, too.
    """

    room_id: str
    start: datetime
    end: datetime
    is_own: bool
    is_confirmed: bool = True
    series_released: bool = False
    act: Act = Act.ENDED
