"""A Feishu tenant in memory, with one app."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
import hashlib
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo

from .agenda import Agenda
from .calendars import Calendars
from .consents import Consents
from .faults import Fault, FaultOrder, FaultQueue
from .limits import SlidingWindows
from .model import Booking, Call, DisablePeriod, Level, LimitViolation, LoggedRequest, Room, Rsvp, User
from .push import Push
from .push.messages import LEVEL_CREATED, ROOM
from .registrations import Registrations
from .tokens import TokenIssuer
from .variants import Variants

DEFAULT_SCOPES: Final = (
    "vc:room:readonly",
    "calendar:calendar.free_busy:read",
    "calendar:room:readonly",
    "contact:user.employee_id:readonly",
    "contact:user.id:readonly",
)
# What the app needs beyond that to book rooms and to read titles
BOOKING_SCOPES: Final = (
    "calendar:calendar:read",
    "calendar:calendar.event:create",
    "calendar:calendar.event:update",
    "calendar:calendar.event:read",
    "calendar:calendar.event:delete",
)
TITLE_SCOPES: Final = ("calendar:room",)
BOT_ENABLED: Final = 2
BOT_WORKS: Final = frozenset({BOT_ENABLED, 4})  # 4: enabled, and a newer version waits for approval


def utc_now() -> datetime:
    """Return the current instant in UTC (``datetime`` is looked up at each call, so that tests can freeze it)."""
    return datetime.now(UTC)


@dataclass(eq=False, kw_only=True)
class Tenant:
    """One tenant with one app: its state, and methods to change it.

    ``clock`` returns the current instant (aware) for tokens and room states, ``monotonic`` the seconds for the rate
    limits. ``zone`` sets the offset of the times in answers. Ids derive from the app id and ``seed``: a tenant that is
    built twice has the same ids, and different tenants have different ids.
    """

    app_id: str = "cli_a1b2c3d4e5f60001"
    app_secret: str = field(default="simulated-secret-0001", repr=False)
    app_name: str = "Meeting rooms"
    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    clock: Callable[[], datetime] = field(default=utc_now, repr=False)
    monotonic: Callable[[], float] = field(default=monotonic, repr=False)
    seed: int = 0
    accounts_url: str = "https://accounts.feishu.cn"  # the server sets its own address

    app_enabled: bool = True
    ip_allowed: bool = True
    bot_enabled: bool = True
    bot_status: int = BOT_ENABLED
    stuck_token: bool = False
    limits_enabled: bool = True
    quota_left: int | None = None
    date_offset: timedelta = timedelta()  # of the header Date against the tenant's clock
    variants: Variants = field(default_factory=Variants)

    sensitive_scopes: frozenset[str] = frozenset()  # the app cannot request these by itself

    scopes: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(DEFAULT_SCOPES, True), init=False)
    levels: dict[str, Level] = field(default_factory=dict, init=False, repr=False)
    rooms: dict[str, Room] = field(default_factory=dict, init=False, repr=False)
    users: dict[str, User] = field(default_factory=dict, init=False, repr=False)
    calendars: Calendars = field(default_factory=Calendars, init=False, repr=False)
    scope_requests: list[frozenset[str]] = field(default_factory=list, init=False, repr=False)
    requests: list[LoggedRequest] = field(default_factory=list, init=False, repr=False)
    limit_violations: list[LimitViolation] = field(default_factory=list, init=False, repr=False)
    faults: FaultQueue = field(default_factory=FaultQueue, init=False, repr=False)
    tokens: TokenIssuer = field(init=False, repr=False)
    limits: SlidingWindows = field(init=False, repr=False)
    root: Level = field(init=False, repr=False)
    push: Push = field(init=False, repr=False)
    agenda: Agenda = field(init=False, repr=False)
    consents: Consents = field(init=False, repr=False)
    registrations: Registrations = field(default_factory=Registrations, init=False, repr=False)
    _ids: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the objects that need the clocks and the app id."""
        self.tokens = TokenIssuer(self.now)
        self.limits = SlidingWindows(self._seconds)
        level_id = self.new_id("omb_")
        self.root = Level(level_id, "Tenant", parent_id="", path=(level_id,))
        self.push = Push(self)
        self.agenda = Agenda(self)
        self.consents = Consents(self)

    def now(self) -> datetime:
        """Return the current instant (aware); ``clock`` may be replaced at any time."""
        return self.clock()

    # --- Levels and rooms ---------------------------------------------------------------------------------------------

    def add_level(self, name: str, parent: Level | None = None) -> Level:
        """Add a building (no ``parent``) or a level inside one."""
        level_id = self.new_id("omb_")
        above = self.root if parent is None else parent
        level = Level(level_id, name, above.level_id, (*above.path, level_id))
        self.levels[level_id] = level
        shown = {"room_level_id": level_id, "name": name, "parent_id": level.parent_id, "path": list(level.path)}
        self.push.send(LEVEL_CREATED, {"room_level": shown})
        return level

    def add_room(
        self,
        name: str,
        *,
        level: Level | None = None,
        capacity: int = 0,
        equipment: Iterable[str] = (),
        description: str = "",
        room_id: str | None = None,
    ) -> Room:
        """Add a room on ``level`` (``None``: directly in the tenant)."""
        room_id = room_id or self.new_id("omm_")
        if room_id in self.rooms:
            raise ValueError(f"there is a room {room_id} already")
        room = Room(
            room_id,
            name,
            level_id=(level or self.root).level_id,
            capacity=capacity,
            equipment=tuple(equipment),
            description=description,
            display_id=f"LM{len(self.rooms) + 1:09d}",
        )
        self.rooms[room_id] = room
        self._tell_of_room(room, "created")
        return room

    def rename_room(self, room_id: str, name: str) -> Room:
        """Rename a room."""
        return self._change_room(replace(self._room(room_id), name=name))

    def delete_room(self, room_id: str) -> None:
        """Remove a room and its bookings."""
        self._tell_of_room(self._room(room_id), "deleted")
        del self.rooms[room_id]
        self.calendars.drop(room_id)

    def disable_room(self, room_id: str, start: datetime, end: datetime | None, reason: str = "") -> Room:
        """Disable a room in ``[start, end)`` (aware; ``None`` = forever).

        Bookings that overlap this time are canceled, as in Feishu.
        """
        _require_span(start, end)
        period = DisablePeriod(start.astimezone(UTC), None if end is None else end.astimezone(UTC), reason)
        room = self._change_room(replace(self._room(room_id), disabled=period))
        for booking in self.calendars.of(room_id):
            if period.overlaps(booking.start, booking.end):
                self.calendars.remove(booking.booking_id)
                self.agenda.row_gone(booking)
        return room

    def enable_room(self, room_id: str) -> Room:
        """Enable a room. Canceled bookings stay canceled."""
        return self._change_room(replace(self._room(room_id), disabled=None))

    # --- People -------------------------------------------------------------------------------------------------------

    def add_user(
        self,
        name: str,
        *,
        open_id: str | None = None,
        union_id: str | None = None,
        user_id: str | None = None,
        email: str = "",
        mobile: str = "",
    ) -> User:
        """Add a person; missing ids are generated. ``mobile`` begins with ``+`` and the country code."""
        user = User(
            name,
            open_id or self.new_id("ou_"),
            union_id or self.new_id("on_"),
            user_id or self.new_id("")[:8],
            email,
            mobile,
        )
        self.users[user.open_id] = user
        return user

    def delete_user(self, open_id: str) -> None:
        """Remove a person and their bookings; raise ``KeyError`` for an unknown id."""
        if open_id not in self.users:
            raise KeyError(f"there is no person {open_id}")
        del self.users[open_id]
        self.calendars.drop(open_id)

    # --- Bookings -----------------------------------------------------------------------------------------------------

    @property
    def bookings(self) -> dict[str, Booking]:
        """All bookings by id (read only)."""
        return self.calendars.bookings

    def book(
        self,
        subject_id: str,
        start: datetime,
        end: datetime,
        *,
        rsvp: Rsvp = "accept",
        free: bool = False,
        external: bool = False,
        series: str = "",
        organizer: str = "",
        private: bool = False,
        title: str = "",
    ) -> Booking:
        """Put an event ``[start, end)`` (aware) into the calendar of a room (room id) or a person (any of their ids).

        Overlaps are allowed. Bookings of the same ``series`` are instances of one event. ``organizer`` is an open_id,
        empty for an app. Raises ``KeyError`` for an unknown subject; ``ValueError`` for naive times, an end before the
        start, or a room that is disabled at that time.
        """
        owner = self._subject(subject_id)
        self._require_bookable(owner, start, end)
        booking = Booking(
            self.new_id(""),
            owner,
            start.astimezone(UTC),
            end.astimezone(UTC),
            rsvp,
            free=free,
            external=external,
            series=series,
            organizer=organizer,
            private=private,
            title=title,
        )
        self.calendars.put(booking)
        self.push.room_changed(owner, "book")
        return booking

    def move(self, booking_id: str, start: datetime, end: datetime) -> Booking:
        """Move a booking to ``[start, end)`` (aware). Errors as in :meth:`book`.

        A moved instance of a series becomes an exception: its ``original_time`` keeps the first start.
        """
        booking = self.calendars.get(booking_id)
        self._require_bookable(booking.subject_id, start, end)
        moved = replace(booking, start=start.astimezone(UTC), end=end.astimezone(UTC))
        if booking.series and not booking.original_time:
            moved = replace(moved, original_time=int(booking.start.timestamp()))
        self.calendars.put(moved)
        self.push.room_changed(moved.subject_id, "move")
        return moved

    def cancel(self, booking_id: str) -> None:
        """Remove a booking; raise ``KeyError`` if it does not exist."""
        self._remove(booking_id, "cancel")

    def release(self, booking_id: str) -> None:
        """Remove a booking that nobody checked in to; raise ``KeyError`` if it does not exist."""
        self._remove(booking_id, "release")

    def end(self, booking_id: str) -> None:
        """End a booking early. As in Feishu, the whole row disappears. Raise ``KeyError`` if it does not exist."""
        self._remove(booking_id, "end")

    # --- The app ------------------------------------------------------------------------------------------------------

    @property
    def bot_works(self) -> bool:
        """Whether the app's bot is enabled and active."""
        return self.bot_enabled and self.bot_status in BOT_WORKS

    @property
    def bot_id(self) -> str:
        """The open_id of the app's bot."""
        return f"ou_{self.root.level_id.removeprefix('omb_')}"

    def grant(self, *scopes: str) -> None:
        """Grant scopes to the app."""
        self.scopes.update(dict.fromkeys(scopes, True))

    def revoke(self, *scopes: str) -> None:
        """Revoke scopes; they stay on the app's list, as not granted."""
        self.scopes.update(dict.fromkeys(scopes, False))

    def rotate_secret(self, secret: str) -> None:
        """Change the app secret. A variant decides whether old tokens stay valid."""
        self.app_secret = secret
        if self.variants.secret_rotation == "revokes_tokens":
            self.expire_tokens()

    def expire_tokens(self) -> None:
        """Invalidate all issued tokens."""
        self.tokens.expire()

    # --- Faults and the request log -----------------------------------------------------------------------------------

    def inject(
        self,
        fault: Fault,
        path: str | None = None,
        times: int | None = 1,
        when: Callable[[Call], bool] | None = None,
    ) -> FaultOrder:
        """Apply ``fault`` to the next ``times`` requests (``None``: to all).

        Only requests whose path ends in ``path`` and for which ``when`` returns true count (``None``: any).
        """
        order = FaultOrder(fault, path, times, when)
        self.faults.orders.append(order)
        return order

    def clear_faults(self) -> None:
        """Remove all injected faults."""
        self.faults.orders.clear()

    def calls(self, path: str) -> list[LoggedRequest]:
        """Return the logged requests whose path ends in ``path``, oldest first."""
        return [request for request in self.requests if request.path.endswith(path)]

    # --- Lookup and internals -----------------------------------------------------------------------------------------

    def find_user(self, kind: str, value: str) -> User | None:
        """Return the person whose id of ``kind`` (``open_id``, ``union_id``, ``user_id``) is ``value``."""
        if kind == "open_id":
            return self.users.get(value)
        return next((user for user in self.users.values() if getattr(user, kind) == value), None)

    def _seconds(self) -> float:
        return self.monotonic()

    def _subject(self, subject_id: str) -> str:
        if subject_id in self.rooms:
            return subject_id
        for kind in ("open_id", "union_id", "user_id"):
            user = self.find_user(kind, subject_id)
            if user is not None:
                return user.open_id
        raise KeyError(f"there is no room or person {subject_id}")

    def _room(self, room_id: str) -> Room:
        if room_id not in self.rooms:
            raise KeyError(f"there is no room {room_id}")
        return self.rooms[room_id]

    def _change_room(self, room: Room) -> Room:
        self.rooms[room.room_id] = room
        self._tell_of_room(room, "updated")
        return room

    def _tell_of_room(self, room: Room, what: str) -> None:
        shown: dict[str, object] = {"room_id": room.room_id}
        if what != "deleted":
            shown |= {"name": room.name, "capacity": room.capacity, "room_level_id": room.level_id}
        self.push.send(ROOM.format(what), shown if what == "deleted" else {"room": shown})
        self.push.room_changed(room.room_id, "room")

    def _remove(self, booking_id: str, cause: str) -> None:
        booking = self.calendars.get(booking_id)
        self.calendars.remove(booking_id)
        self.agenda.row_gone(booking)
        self.push.room_changed(booking.subject_id, cause)

    def _require_bookable(self, owner: str, start: datetime, end: datetime) -> None:
        _require_span(start, end)
        room = self.rooms.get(owner)
        if room is not None and room.disabled is not None and room.disabled.overlaps(start, end):
            raise ValueError(f"room {owner} is disabled in that time")

    def new_id(self, prefix: str) -> str:
        """Return an id that no other object of the tenant has."""
        self._ids += 1
        name = f"{self.app_id}/{self.seed}/{self._ids}"
        return prefix + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _require_span(start: datetime, end: datetime | None) -> None:
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise ValueError("times must be aware")
    if end is not None and end < start:
        raise ValueError("the end is before the start")
