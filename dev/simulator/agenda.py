"""The events of the app and of people, each in their own calendar, and how rooms reply to them."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal

from .answers import ApiError
from .model import Booking, Rsvp

if TYPE_CHECKING:
    from .tenant import Tenant

INVALID: Final = 190014
NO_CALENDAR: Final = 191000
BAD_CALENDAR_ID: Final = 191001
NO_ROLE: Final = 191002
NO_EVENT: Final = 193001
EVENT_DELETED: Final = 193003
BAD_INSTANCE: Final = 105003
PRIMARY: Final = "primary"
WRITES: Final = ("writer", "owner")
TAKES_THE_ROOM: Final[frozenset[Rsvp]] = frozenset({"accept", "tentative"})
_LATE: Final = 0.002  # seconds; a timer may fire slightly early

type Role = Literal["unknown", "free_busy_reader", "reader", "writer", "owner"]
type Unavailable = Literal[
    "",
    "reserved_by_other_event",
    "past_time",
    "beyond_advance_booking_window",
    "over_max_duration",
    "not_in_usable_time",
    "during_requisition",
]


@dataclass(frozen=True, slots=True)
class BookingRules:
    """Who may book a room, and when. ``opens`` and ``closes`` are in the tenant's zone; ``None`` = no limit.

    ``allowed``: the app is in the allowed range. ``people``: the people (open_ids) in it, ``None`` = all. ``approval``:
    an administrator must approve. ``form``: every request must answer the room's booking form.
    """

    opens: time | None = None
    closes: time | None = None
    max_duration: timedelta | None = None
    days_ahead: int | None = None
    allowed: bool = True
    people: frozenset[str] | None = None
    approval: bool = False
    form: bool = False

    def may_book(self, open_id: str) -> bool:
        """Return whether a person is in the allowed range; the app if the id is empty."""
        return self.allowed if not open_id else self.people is None or open_id in self.people


NO_RULES: Final = BookingRules()


@dataclass(frozen=True, slots=True)
class RoomGuest:
    """A room that is invited to an event. ``contact`` is an open_id; ``has_form``: the request answered the form.

    ``reason``: why an administrator should approve it.
    """

    room_id: str
    attendee_id: str
    booking_id: str
    rsvp: Rsvp = "needs_action"
    contact: str = ""
    has_form: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AppEvent:
    """An event in a calendar of the app or of a person: ``[start, end)``, aware UTC. ``zone`` names its time zone.

    ``owner`` is the open_id of the person, empty for the app; ``own_row`` the id of the booking in their calendar.
    """

    uid: str
    title: str
    start: datetime
    end: datetime
    zone: str
    private: bool = False
    free: bool = False
    guests: Mapping[str, RoomGuest] = field(default_factory=dict)
    deleted: bool = False
    owner: str = ""
    own_row: str = ""

    @property
    def event_id(self) -> str:
        """The id in the API."""
        return f"{self.uid}_0"


@dataclass(eq=False, slots=True)
class Agenda:
    """The calendar of the app, and those of people.

    ``verdict_delay``: seconds from a request until the room replies (``None``: never). ``approval_delay``: seconds from
    a person's request until an administrator decides with ``approval_verdict`` (``None``: :meth:`decide` decides).
    ``reply_delay``: seconds from an ``instance/reply`` until the row changes. Changes that are due happen at the next
    call, and by themselves while an event loop runs. ``shared``: other calendars, and the app's roles in them.
    """

    tenant: Tenant = field(repr=False)
    verdict_delay: float | None = 1.5
    reply_delay: float = 1.5
    approval_delay: float | None = None
    approval_verdict: Rsvp = "accept"
    events: dict[str, AppEvent] = field(default_factory=dict)
    rules: dict[str, BookingRules] = field(default_factory=dict)
    shared: dict[str, Role] = field(default_factory=dict)
    _by_key: dict[str, str] = field(default_factory=dict, repr=False)
    _replied: set[tuple[str, str, int]] = field(default_factory=set, repr=False)
    _due: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list, repr=False)
    _timers: set[asyncio.TimerHandle] = field(default_factory=set, repr=False)

    @property
    def calendar_id(self) -> str:
        """The id of the app's primary calendar."""
        return self.calendar_of("")

    def calendar_of(self, open_id: str) -> str:
        """Return the id of the primary calendar of a person, of the app if the id is empty."""
        return f"feishu.cn_{(open_id or self.tenant.bot_id).removeprefix('ou_')[:20]}@group.calendar.feishu.cn"

    # --- Time ---------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Make all changes that are due."""
        now = self.tenant.now()
        while due := [item for item in self._due if item[0] <= now]:
            first = min(due, key=lambda item: item[0])
            self._due.remove(first)
            first[1]()

    def stop(self) -> None:
        """Cancel the timers. Changes that are due later happen at the next call."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _after(self, seconds: float, change: Callable[[], None]) -> None:
        if seconds <= 0:
            change()
            return
        self._due.append((self.tenant.now() + timedelta(seconds=seconds), change))

        def run() -> None:
            self._timers.discard(timer)
            self.settle()

        timer = asyncio.get_running_loop().call_later(seconds + _LATE, run)
        self._timers.add(timer)

    # --- Events -------------------------------------------------------------------------------------------------------

    def require_calendar(self, calendar_id: str, open_id: str = "") -> None:
        """Raise ``ApiError`` unless this is the id of a calendar in which the caller may write."""
        if calendar_id == PRIMARY:
            if self.tenant.variants.primary_as_id == "191001":
                raise ApiError(BAD_CALENDAR_ID)
            return
        if self.role_in(calendar_id, open_id) not in WRITES:
            raise ApiError(NO_ROLE)

    def role_in(self, calendar_id: str, open_id: str = "") -> Role:
        """Return the caller's role in a calendar. Raise 191000 if there is no calendar, 191002 if there is no role."""
        if calendar_id == self.calendar_of(open_id):
            return "owner"
        if calendar_id in self.shared and not open_id:
            return self.shared[calendar_id]
        if calendar_id in map(self.calendar_of, ("", *self.tenant.users)):
            raise ApiError(NO_ROLE)
        raise ApiError(NO_CALENDAR)

    def get(self, event_id: str, owner: str | None = None) -> AppEvent:
        """Return an event. Raise 193001 if there is none, and 193003 if it is deleted.

        ``owner``: there is none in the calendar of this person (empty: the app) if it belongs to somebody else.
        """
        event = self.events.get(event_id)
        if event is None or owner not in {None, event.owner}:
            raise ApiError(NO_EVENT)
        if event.deleted:
            raise ApiError(EVENT_DELETED)
        return event

    def create(self, event: AppEvent, key: str) -> AppEvent:
        """Add an event. With an idempotency ``key`` that was used before, return the event of that call."""
        if key in self._by_key:
            return self.events[self._by_key[key]]
        if event.owner:
            event = replace(event, own_row=self.tenant.new_id(""))
            self._put_own_row(event)
        self.events[event.event_id] = event
        if key:
            self._by_key[key] = event.event_id
        return event

    def _put_own_row(self, event: AppEvent) -> None:
        """Show an event in the calendar of its person."""
        if event.own_row:
            row = Booking(
                event.own_row,
                event.owner,
                event.start,
                event.end,
                free=event.free,
                organizer=event.owner,
                private=event.private,
                title=event.title,
                uid=event.uid,
            )
            self.tenant.calendars.put(row)

    def delete(self, event_id: str) -> None:
        """Delete an event; its rooms become free. Errors as in :meth:`get`."""
        event = self.get(event_id)
        for guest in event.guests.values():
            self._drop_row(guest, "cancel")
        if event.own_row in self.tenant.calendars.bookings:
            self.tenant.calendars.remove(event.own_row)
        self.events[event_id] = replace(event, deleted=True, guests={})

    def move(self, event_id: str, start: datetime, end: datetime) -> AppEvent:
        """Move an event and judge its rooms again. A room that refuses falls off without an error.

        A variant refuses the move instead, with 190014. Another removes the room if ``start`` has passed.
        """
        event = self.get(event_id)
        moved = replace(event, start=start.astimezone(UTC), end=end.astimezone(UTC))
        held = [guest for guest in event.guests.values() if guest.rsvp == "accept"]
        lost = [guest for guest in held if not self._fits(moved, guest, approved=bool(event.owner))]
        if lost and self.tenant.variants.patch_conflict == "190014":
            raise ApiError(INVALID)
        if self.tenant.variants.patch_past_start == "room_removed" and start < self.tenant.now():
            lost = held
        self.events[event_id] = moved
        self._put_own_row(moved)
        for guest in event.guests.values():
            if guest in lost:
                self._drop_row(guest, "move")
                self._set_guest(event_id, replace(guest, rsvp="removed"))
            elif guest.booking_id in self.tenant.calendars.bookings:
                booking = self.tenant.calendars.get(guest.booking_id)
                self.tenant.calendars.put(replace(booking, start=moved.start, end=moved.end))
                self.tenant.push.room_changed(guest.room_id, "move")
        return self.events[event_id]

    # --- Rooms --------------------------------------------------------------------------------------------------------

    def invite(self, event_id: str, guest: RoomGuest) -> RoomGuest:
        """Request a room for an event. The room replies later. A room that is invited already stays as it is."""
        event = self.get(event_id)
        if guest.room_id in event.guests and event.guests[guest.room_id].rsvp != "removed":
            return event.guests[guest.room_id]
        self._set_guest(event_id, guest)
        self.tenant.calendars.put(
            Booking(
                guest.booking_id,
                guest.room_id,
                event.start,
                event.end,
                "needs_action",
                free=event.free,
                private=event.private,
                uid=event.uid,
                title=event.title,
                requested=True,
                organizer=event.owner,
            )
        )
        self.tenant.push.room_changed(guest.room_id, "request")
        if self._waits_for_approval(event, guest):
            if event.owner and self.approval_delay is not None:
                self._after(self.approval_delay, lambda: self._decide(event_id, guest.room_id, self.approval_verdict))
        elif self.verdict_delay is not None:
            self._after(self.verdict_delay, lambda: self._judge(event_id, guest.room_id, guest.booking_id))
        return guest

    def decide(self, room_id: str, *, approve: bool) -> None:
        """Approve or decline, as an administrator, all requests of people for a room that wait for it."""
        for event in list(self.events.values()):
            self._decide(event.event_id, room_id, "accept" if approve else "decline")

    def _decide(self, event_id: str, room_id: str, verdict: Rsvp) -> None:
        event = self.events[event_id]
        guest = event.guests.get(room_id)
        if guest is not None and guest.rsvp == "needs_action" and self._waits_for_approval(event, guest):
            fits = self._fits(event, guest, approved=True)
            self._reply(event_id, guest, verdict if fits else "decline")

    def remove_rooms(self, event_id: str, room_ids: Iterable[str]) -> None:
        """Take rooms off an event, which stays. Rooms that are not on it are ignored."""
        for room_id in room_ids:
            guest = self.get(event_id).guests.get(room_id)
            if guest is not None:
                self._drop_row(guest, "cancel")
                self._set_guest(event_id, replace(guest, rsvp="removed"))

    def unavailable(self, room_id: str, start: datetime, end: datetime, event_uid: str = "") -> Unavailable:
        """Return why a room refuses ``[start, end)``, empty if it does not. ``event_uid``: this event may overlap."""
        rules, room, now = self.rules.get(room_id, NO_RULES), self.tenant.rooms[room_id], self.tenant.now()
        others = (
            booking
            for booking in self.tenant.calendars.of(room_id)
            if booking.event_uid != event_uid and booking.rsvp in TAKES_THE_ROOM and not booking.free
        )
        too_far = rules.days_ahead is not None and start > now + timedelta(days=rules.days_ahead)
        reasons: tuple[tuple[bool, Unavailable], ...] = (
            (end <= now, "past_time"),
            (too_far, "beyond_advance_booking_window"),
            (rules.max_duration is not None and end - start > rules.max_duration, "over_max_duration"),
            (not self._is_open(rules, start, end), "not_in_usable_time"),
            (room.disabled is not None and room.disabled.overlaps(start, end), "during_requisition"),
            (any(booking.start < end and start < booking.end for booking in others), "reserved_by_other_event"),
        )
        return next((reason for applies, reason in reasons if applies), "")

    def _is_open(self, rules: BookingRules, start: datetime, end: datetime) -> bool:
        first, last = start.astimezone(self.tenant.zone), end.astimezone(self.tenant.zone)
        if rules.opens is None and rules.closes is None:
            return True
        opens, closes = rules.opens or time.min, rules.closes or time.max
        return first.date() == last.date() and opens <= first.time() and last.time() <= closes

    def _fits(self, event: AppEvent, guest: RoomGuest, *, approved: bool = False) -> bool:
        rules, variants = self.rules.get(guest.room_id, NO_RULES), self.tenant.variants
        if guest.room_id not in self.tenant.rooms or not rules.may_book(event.owner):
            return False
        if (rules.approval and not approved) or (rules.form and not guest.has_form):
            return False
        if variants.room_contact == "declines" and not guest.contact and not event.owner:
            return False
        return not self.unavailable(guest.room_id, event.start, event.end, event.uid)

    def _waits_for_approval(self, event: AppEvent, guest: RoomGuest) -> bool:
        rules = self.rules.get(guest.room_id, NO_RULES)
        if not rules.approval or not rules.may_book(event.owner):
            return False
        return bool(guest.reason) if event.owner else self.tenant.variants.approval == "needs_action"

    def _judge(self, event_id: str, room_id: str, booking_id: str) -> None:
        event = self.events[event_id]
        guest = event.guests.get(room_id)
        if guest is None or guest.booking_id != booking_id or guest.rsvp != "needs_action":
            return
        self._reply(event_id, guest, "accept" if self._fits(event, guest) else "decline")

    def _reply(self, event_id: str, guest: RoomGuest, rsvp: Rsvp) -> None:
        self._set_guest(event_id, replace(guest, rsvp=rsvp))
        booking = self.tenant.calendars.bookings.get(guest.booking_id)
        if booking is not None:
            self.tenant.calendars.put(replace(booking, rsvp=rsvp, requested=False))
        self.tenant.push.room_changed(guest.room_id, "book" if rsvp == "accept" else "decline")

    def _set_guest(self, event_id: str, guest: RoomGuest) -> None:
        event = self.events[event_id]
        self.events[event_id] = replace(event, guests={**event.guests, guest.room_id: guest})

    def _drop_row(self, guest: RoomGuest, cause: str) -> None:
        if guest.booking_id in self.tenant.calendars.bookings:
            self.tenant.calendars.remove(guest.booking_id)
            self.tenant.push.room_changed(guest.room_id, cause)

    def row_gone(self, booking: Booking) -> None:
        """Mark the room as removed from the event: somebody removed its booking."""
        event = self.events.get(f"{booking.uid}_0")
        guest = event.guests.get(booking.subject_id) if event else None
        if event and guest and guest.booking_id == booking.booking_id:
            self._set_guest(event.event_id, replace(guest, rsvp="removed"))

    # --- Replies for rooms --------------------------------------------------------------------------------------------

    def reply(self, room_id: str, uid: str, original_time: int, status: str) -> None:
        """Carry out an ``instance/reply``. Raise 105003 if ``original_time`` names no booking of the event."""
        asked = (room_id, uid, original_time)
        if asked in self._replied and self.tenant.variants.reply_again == "0":
            return
        meant = self._meant(room_id, uid, original_time)
        if not meant:
            raise ApiError(BAD_INSTANCE)
        by_admin = status.endswith("_BY_ADMIN")
        if any((booking.rsvp == "needs_action") is not by_admin for booking in meant):
            raise ApiError(BAD_INSTANCE)
        self._replied.add(asked)
        delay = 0.0 if self.tenant.variants.reply_effect == "vanishes_at_once" else self.reply_delay
        for booking in meant:
            self._after(delay, lambda booking=booking: self._take_effect(booking.booking_id, status))  # type: ignore[misc]  # mypy cannot type a default of a lambda

    def _meant(self, room_id: str, uid: str, original_time: int) -> list[Booking]:
        variants = self.tenant.variants
        instances = [
            booking
            for booking in self.tenant.calendars.of(room_id)
            if booking.event_uid == uid and booking.rsvp not in ("decline", "removed")
        ]
        if not any(booking.series for booking in instances):
            accepted = {0} if variants.reply_start_on_single == "105003" else {0, *map(_start_of, instances)}
            return instances if original_time in accepted else []
        if original_time == 0:
            return instances if variants.reply_zero_on_series == "all" else []
        return [booking for booking in instances if (booking.original_time or _start_of(booking)) == original_time]

    def _take_effect(self, booking_id: str, status: str) -> None:
        booking = self.tenant.calendars.bookings.get(booking_id)
        if booking is None or self.tenant.variants.reply_effect == "never":
            return
        cause = "end" if status == "ENDED_BEFORE_DUE" else "release"
        if status.endswith("_BY_ADMIN"):
            rsvp: Rsvp = "accept" if status == "ACCEPTED_BY_ADMIN" else "decline"
            event = self.events.get(f"{booking.uid}_0")
            if event is not None:
                self._reply(event.event_id, event.guests[booking.subject_id], rsvp)
            else:
                self.tenant.calendars.put(replace(booking, rsvp=rsvp))
                self.tenant.push.room_changed(booking.subject_id, "book" if rsvp == "accept" else "decline")
            return
        if self.tenant.variants.reply_effect == "shrinks":
            self.tenant.calendars.put(replace(booking, end=max(booking.start, self.tenant.now().astimezone(UTC))))
            self.tenant.push.room_changed(booking.subject_id, cause)
            return
        self.tenant.calendars.remove(booking_id)
        self.row_gone(booking)
        self.tenant.push.room_changed(booking.subject_id, cause)


def _start_of(booking: Booking) -> int:
    return int(booking.start.timestamp())
