"""The values that the Feishu Open Platform returns.

Every instant is an aware `datetime` in UTC. Every period is half-open: `[start, end)`.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Self

from .errors import FeishuError

_ROOM_PREFIX = "omm_"  # every room id starts with it


class SubjectKind(StrEnum):
    """What a free/busy answer is about."""

    ROOM = "room"
    PERSON = "person"


class RsvpStatus(StrEnum):
    """The reply of a room or a person to an invitation.

    For a room, `NEEDS_ACTION` is a request not yet approved, `ACCEPT` a booking, and `DECLINE` a refused request.
    """

    NEEDS_ACTION = "needs_action"
    ACCEPT = "accept"
    TENTATIVE = "tentative"
    DECLINE = "decline"
    REMOVED = "removed"


class UserIdType(StrEnum):
    """The types of user id: unique per app, per developer, per tenant."""

    OPEN_ID = "open_id"
    UNION_ID = "union_id"
    USER_ID = "user_id"

    @classmethod
    def of(cls, person_id: str) -> UserIdType:
        """Return the type of an id. An `open_id` and a `union_id` have a prefix, a `user_id` has none."""
        return {"ou_": cls.OPEN_ID, "on_": cls.UNION_ID}.get(person_id[:3], cls.USER_ID)


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """A room or a person, as free/busy calls address it. `id_type` is None for a room."""

    kind: SubjectKind
    id: str
    id_type: UserIdType | None = None

    @classmethod
    def of(cls, subject_id: str, kind: SubjectKind | None = None, id_type: UserIdType | None = None) -> Self:
        """Return the subject with this id. A `kind` or `id_type` that is None follows from the prefix of the id."""
        if kind is None:
            kind = SubjectKind.ROOM if subject_id.startswith(_ROOM_PREFIX) else SubjectKind.PERSON
        if kind is SubjectKind.ROOM:
            return cls(kind, subject_id)
        return cls(kind, subject_id, id_type or UserIdType.of(subject_id))


@dataclass(frozen=True, slots=True, order=True)
class BusyPeriod:
    """One row of a free/busy answer. `rsvp_status` is None if it is absent or unknown."""

    start: datetime
    end: datetime
    rsvp_status: RsvpStatus | None = None


# One subject's part of an answer: its busy periods, or why it can't be read
type BusyAnswer = tuple[BusyPeriod, ...] | FeishuError


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """Whether a room is enabled, and the period in which it is disabled.

    `disable_start` and `disable_end` are None if not given. Without a `disable_end`, the room is disabled for good.
    `enabled_next` is the announced next state, None if not given.
    """

    enabled: bool
    disable_start: datetime | None = None
    disable_end: datetime | None = None
    disable_reason: str = ""
    enabled_next: bool | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who has granted a token. `open_id` is theirs in this app only."""

    open_id: str
    union_id: str
    name: str
    tenant_key: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """A meeting room (`omm_...`). `path` holds the ids of its levels, outermost first."""

    room_id: str
    name: str
    capacity: int = 0
    room_level_id: str = ""
    path: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    status: RoomStatus | None = None


@dataclass(frozen=True, slots=True)
class RoomLevel:
    """A level of the tenant's room tree (`omb_...`): a country, a city, a building, a floor."""

    room_level_id: str
    name: str
    parent_id: str = ""
    has_child: bool = False


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One page of a list; `next_token` is None on the last one."""

    items: tuple[T, ...]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class EventRef:
    """One event, or one instance of a series. `original_time` is that of its row, in Unix seconds."""

    uid: str
    original_time: int = 0


@dataclass(frozen=True, slots=True)
class RoomBooking:
    """One row of a room, with its event.

    `original_time` is 0 for a single event and for an ordinary instance of a series, the original start in Unix seconds
    for a moved instance, None if it is unreadable. `has_organizer` is False for a private event. `organizer` is the
    name, empty if Feishu does not tell it, as for events of apps.
    """

    start: datetime
    end: datetime
    uid: str
    original_time: int | None
    organizer: str = field(default="", repr=False)
    has_organizer: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the app's calendar. `calendar_id` is empty if the answer does not tell it.

    `is_recurring`: it is a series. `app_link` opens it in the Feishu client, empty if there is none.
    """

    event_id: str
    start: datetime
    end: datetime
    calendar_id: str = ""
    is_recurring: bool = False
    app_link: str = field(default="", repr=False)

    @property
    def uid(self) -> str:
        """The uid, as rows of a room name it."""
        return self.event_id.rpartition("_")[0]


class InstanceReply(StrEnum):
    """What to reply in the name of a room: nobody came, or the meeting is over."""

    NOT_CHECK_IN = "NOT_CHECK_IN"
    ENDED_BEFORE_DUE = "ENDED_BEFORE_DUE"


class Unavailable(StrEnum):
    """Why a room does not accept a time."""

    RESERVED = "reserved_by_other_event"
    PAST = "past_time"
    TOO_FAR_AHEAD = "beyond_advance_booking_window"
    TOO_LONG = "over_max_duration"
    OUTSIDE_HOURS = "not_in_usable_time"
    OUT_OF_SERVICE = "during_requisition"
    NOT_YET = "before_daily_advance_window_release"
    SERIES_NEEDS_APPROVAL = "recurring_exceed_approval_limit"


@dataclass(frozen=True, slots=True)
class RoomCheck:
    """Whether a room would accept a time.

    `available` is None for an unknown word. `reason` is why it is not available, None if there is none or it is
    unknown. `longest` is the maximum of one booking. `opens` and `closes` are the times of the day between which it can
    be booked, and `next_day_opens` is when bookings of one more day open; all since midnight in the room's time zone.
    `latest` is the end of the time that can be booked now. None if not told.
    """

    room_id: str
    available: bool | None
    needs_approval: bool = False
    reason: Unavailable | None = None
    longest: timedelta | None = None
    opens: timedelta | None = None
    closes: timedelta | None = None
    next_day_opens: timedelta | None = None
    latest: datetime | None = None


class ActivateStatus(IntEnum):
    """Whether the app's bot can be used in the tenant."""

    TO_BE_INSTALLED = 0
    DISABLED_BY_TENANT = 1
    ENABLED = 2
    INSTALLED_NOT_ENABLED = 3
    TO_BE_UPGRADED = 4
    LICENSE_EXPIRED = 5
    PLAN_EXPIRED = 6


@dataclass(frozen=True, slots=True)
class Bot:
    """The app's bot. `app_name` is the name of the app; `activate_status` is None for an unknown value."""

    app_name: str
    activate_status: ActivateStatus | None
