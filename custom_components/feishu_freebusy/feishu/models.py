"""What the Feishu Open Platform says, as values.

Every instant is an aware `datetime` in UTC, every period half-open: `[start, end)`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from .errors import FeishuError


class RsvpStatus(StrEnum):
    """The answer of a room or a person to an invitation.

    For a room: `NEEDS_ACTION` is a request not yet granted, `ACCEPT` a booking, `DECLINE` a refused one.
    """

    NEEDS_ACTION = "needs_action"
    ACCEPT = "accept"
    TENTATIVE = "tentative"
    DECLINE = "decline"
    REMOVED = "removed"


class UserIdType(StrEnum):
    """The kinds of id a user has: per app, per developer, per tenant."""

    OPEN_ID = "open_id"
    UNION_ID = "union_id"
    USER_ID = "user_id"


@dataclass(frozen=True, slots=True, order=True)
class BusyPeriod:
    """One row of a free/busy answer; `rsvp_status` is None when absent or a word not known here."""

    start: datetime
    end: datetime
    rsvp_status: RsvpStatus | None = None


# What a call for several subjects says of one of them: its busy periods, or why it can't be read
type BusyAnswer = tuple[BusyPeriod, ...] | FeishuError


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """Whether a room is enabled, and the period in which it is disabled.

    `disable_start` and `disable_end` are None when not given; for `disable_end` that means "for ever". `enabled_next`
    is the state announced for the time to come, None when not given.
    """

    enabled: bool
    disable_start: datetime | None = None
    disable_end: datetime | None = None
    disable_reason: str = ""
    enabled_next: bool | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A meeting room (`omm_...`). `path` holds the ids of its levels, the outermost first."""

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


class ActivateStatus(IntEnum):
    """Whether the app's bot can be used in the tenant."""

    TO_BE_INSTALLED = 0
    DISABLED_BY_TENANT = 1
    ENABLED = 2
    INSTALLED_NOT_ENABLED = 3
    TO_BE_UPGRADED = 4
    LICENCE_EXPIRED = 5
    PLAN_EXPIRED = 6


@dataclass(frozen=True, slots=True)
class Bot:
    """The app's bot: the app's name, and whether it is alive (`activate_status` None: a value not known here)."""

    app_name: str
    activate_status: ActivateStatus | None


_PREFIXES = {"ou_": UserIdType.OPEN_ID, "on_": UserIdType.UNION_ID}


def user_id_type_of(person_id: str) -> UserIdType:
    """Return which kind of id it is: those of an app and of a developer say so themselves, others are the tenant's."""
    return next((kind for prefix, kind in _PREFIXES.items() if person_id.startswith(prefix)), UserIdType.USER_ID)
