"""The objects of a tenant. All are immutable: a change replaces the object in the tenant's dictionaries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

type Rsvp = Literal["accept", "needs_action", "tentative", "decline", "removed"]
RSVP_WORDS: frozenset[str] = frozenset(get_args(Rsvp.__value__))


@dataclass(frozen=True, slots=True)
class Level:
    """A room level (building, floor, ...). ``path`` holds level ids from the top level down to this one."""

    level_id: str
    name: str
    parent_id: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DisablePeriod:
    """When a room is out of service: ``[start, end)``, aware; ``end`` ``None`` = forever."""

    start: datetime
    end: datetime | None
    reason: str = ""

    def contains(self, instant: datetime) -> bool:
        """Return whether the room is disabled at ``instant`` (aware)."""
        return self.start <= instant and (self.end is None or instant < self.end)

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Return whether ``[start, end)`` (aware) overlaps the period."""
        return self.start < end and (self.end is None or start < self.end)


@dataclass(frozen=True, slots=True)
class Room:
    """A meeting room. ``capacity`` in seats; ``disabled`` may be a past, current or planned period."""

    room_id: str
    name: str
    level_id: str
    capacity: int = 0
    equipment: tuple[str, ...] = ()
    description: str = ""
    display_id: str = ""
    custom_room_id: str = ""
    disabled: DisablePeriod | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person with the three kinds of id that Feishu has. ``mobile`` begins with ``+`` and the country code."""

    name: str
    open_id: str
    union_id: str
    user_id: str
    email: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Booking:
    """One event in the calendar of a room or a person: ``[start, end)``, aware UTC.

    ``subject_id`` is a room id or an open_id. ``free`` = marked as free (dropped by ``only_busy``), ``external`` = from
    a bound third-party calendar (dropped by ``include_external_calendar=false``). Bookings of the same ``series`` are
    instances of one event; ``original_time`` is the original start of a moved instance, in Unix seconds. ``organizer``
    is the open_id of a person, empty for an app. ``private``: answers leave out the organizer. ``uid``: of an event in
    the app's calendar; ``requested``: the room has not replied to it yet.
    """

    booking_id: str
    subject_id: str
    start: datetime
    end: datetime
    rsvp: Rsvp = "accept"
    free: bool = False
    external: bool = False
    series: str = ""
    original_time: int = 0
    organizer: str = ""
    private: bool = False
    title: str = ""
    uid: str = ""
    requested: bool = False

    @property
    def event_uid(self) -> str:
        """The uid of the event in answers."""
        return self.uid or self.series or str(UUID(self.booking_id))


@dataclass(frozen=True, slots=True)
class Caller:
    """The person whose access token a request has, and what they granted."""

    open_id: str
    scopes: frozenset[str]


SECRETS: frozenset[str] = frozenset(
    {"app_secret", "AppSecret", "client_secret", "code", "code_verifier", "state"}
    | {"refresh_token", "access_token", "device_code", "token"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """A received request. ``body`` is parsed JSON, the raw text if it was not JSON, or ``None`` if empty.

    The fields of a form are a ``body``, too, on the accounts server. ``caller`` is ``None`` for the app.
    """

    method: str
    path: str
    pairs: tuple[tuple[str, str], ...]
    body: object
    at: datetime
    caller: Caller | None = None

    @property
    def person(self) -> str:
        """The open_id of the person who calls, empty for the app."""
        return self.caller.open_id if self.caller else ""

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the first value of a repeated one (``pairs`` has all values)."""
        return dict(reversed(self.pairs))

    def redacted(self) -> Call:
        """Return the call without secrets, for the log."""
        body = self.body
        if isinstance(body, Mapping):
            body = {name: "***" if name in SECRETS else value for name, value in body.items()}
        elif isinstance(body, str) and any(name in body for name in SECRETS):
            body = "***"
        pairs = tuple((name, "***" if name in SECRETS else value) for name, value in self.pairs)
        return replace(self, body=body, pairs=pairs)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request and its outcome. ``status`` 0 = the connection was closed; ``code`` ``None`` = no JSON was sent.

    ``person``: the open_id of the person whose token it had, empty for the app.
    """

    method: str
    path: str
    query: dict[str, str]
    body: object
    status: int
    code: int | None
    at: datetime
    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    fault: str | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class LimitViolation:
    """A call over a rate limit: more than ``limit`` calls of ``api`` within ``window`` seconds."""

    api: str
    limit: int
    window: float
    at: datetime
