"""The rows of a free/busy answer: which bookings they show, and in what format.

The variants of offset, order, clipping and overlaps apply to all endpoints.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
import random
from typing import Final

from .answers import JsonObject
from .model import Booking, Rsvp
from .tenant import Tenant

OTHER_OFFSET: Final = timezone(-timedelta(hours=3, minutes=30))
DECLINED: Final[frozenset[Rsvp]] = frozenset({"decline", "removed"})
PENDING: Final[frozenset[Rsvp]] = frozenset({"needs_action"})


@dataclass(frozen=True, slots=True)
class Window:
    """What a caller asks for: the range ``[start, end)`` (aware), and which events and fields to include."""

    start: datetime
    end: datetime
    only_busy: bool = True
    external: bool = True
    rsvp: bool = False


def rows(tenant: Tenant, subject_id: str, window: Window) -> list[JsonObject]:
    """Return the rows of a subject as ``calendar/v4`` sends them."""
    shown = tenant.variants.declined_rows
    hidden = frozenset() if shown == "always" or (shown == "with_rsvp" and window.rsvp) else DECLINED
    return [_row(tenant, booking, window) for booking in bookings_in(tenant, subject_id, window, hidden)]


def room_rows(tenant: Tenant, room_id: str, window: Window) -> list[JsonObject]:
    """Return the rows of a room as ``meeting_room`` sends them: with the event, without the RSVP status."""
    hidden = DECLINED if tenant.variants.pending_rows == "shown" else DECLINED | PENDING
    bookings = bookings_in(tenant, room_id, window, hidden)
    if tenant.variants.own_rows == "at_accept":
        bookings = [booking for booking in bookings if not booking.requested]
    return [_room_row(tenant, booking) for booking in bookings]


def bookings_in(tenant: Tenant, subject_id: str, window: Window, hidden: frozenset[Rsvp]) -> list[Booking]:
    """Return the bookings of a subject in the window, without the ``hidden`` states, as the tenant's variants say."""
    bookings = [
        booking
        for booking in tenant.calendars.of(subject_id)
        if booking.rsvp not in hidden and _wanted(tenant, booking, window)
    ]
    bookings.sort(key=lambda booking: (booking.start, booking.end))
    if tenant.variants.clipping == "clipped":
        bookings = [
            replace(booking, start=max(booking.start, window.start), end=min(booking.end, window.end))
            for booking in bookings
        ]
    if tenant.variants.overlaps == "merged":
        bookings = _merged(bookings)
    elif tenant.variants.overlaps == "split_overlapping":
        bookings = [half for booking in bookings for half in _split(booking)]
    if tenant.variants.row_order == "unsorted":
        bookings = _unsorted(bookings)
    return bookings


def _wanted(tenant: Tenant, booking: Booking, window: Window) -> bool:
    if booking.start >= window.end or booking.end <= window.start or (booking.external and not window.external):
        return False
    reserves_a_room = booking.subject_id in tenant.rooms and tenant.variants.free_rows_of_rooms == "shown"
    return reserves_a_room or not (booking.free and window.only_busy)


def _merged(bookings: list[Booking]) -> list[Booking]:
    merged: list[Booking] = []
    for booking in bookings:
        # Merge only rows of the same RSVP state: an accepted booking must not absorb a pending request.
        index = next((i for i, other in enumerate(merged) if _joins(other, booking)), None)
        if index is None:
            merged.append(booking)
        else:
            merged[index] = replace(merged[index], end=max(merged[index].end, booking.end))
    return merged


def _joins(earlier: Booking, later: Booking) -> bool:
    return earlier.rsvp == later.rsvp and later.start <= earlier.end


def _split(booking: Booking) -> tuple[Booking, ...]:
    third = (booking.end - booking.start) // 3
    if third < timedelta(seconds=1):
        return (booking,)
    return replace(booking, end=booking.end - third), replace(booking, start=booking.start + third)


def _unsorted(bookings: list[Booking]) -> list[Booking]:
    """Return the bookings in a reproducible order that is never the sorted one."""
    shuffled = list(bookings)
    random.Random(len(bookings)).shuffle(shuffled)  # noqa: S311 - no secret
    in_order = all(one.start <= other.start for one, other in pairwise(shuffled))
    return shuffled[::-1] if in_order else shuffled


def _row(tenant: Tenant, booking: Booking, window: Window) -> JsonObject:
    row: JsonObject = {"start_time": _text(tenant, booking.start), "end_time": _text(tenant, booking.end)}
    shown = tenant.variants.rsvp_status
    if shown == "always" or (shown == "on_request" and window.rsvp):
        row["rsvp_status"] = booking.rsvp
    return row


def _room_row(tenant: Tenant, booking: Booking) -> JsonObject:
    row: JsonObject = {
        "start_time": _text(tenant, booking.start),
        "end_time": _text(tenant, booking.end),
        "uid": booking.event_uid,
        "original_time": booking.original_time,
    }
    organizer = tenant.users.get(booking.organizer)
    if not booking.private:
        person = {"open_id": organizer.open_id if organizer else tenant.bot_id}
        if organizer and tenant.variants.organizer_names == "sent":
            person["name"] = organizer.name
        row["organizer_info"] = person
    return row


def _text(tenant: Tenant, instant: datetime) -> str:
    match tenant.variants.offset:
        case "utc":
            return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case "other":
            return instant.astimezone(OTHER_OFFSET).isoformat(timespec="seconds")
        case "tenant":
            return instant.astimezone(tenant.zone).isoformat(timespec="seconds")
