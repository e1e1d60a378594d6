"""The rows of a free/busy answer: which bookings they are made of, and in what form they are sent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
import random
from typing import Final

from .answers import JsonObject
from .model import Booking
from .tenant import Tenant

OTHER_OFFSET: Final = timezone(-timedelta(hours=3, minutes=30))
DECLINED: Final = frozenset({"decline", "removed"})


@dataclass(frozen=True, slots=True)
class Window:
    """What a caller asks for: ``[start, end)``, aware, and which events and fields are wanted."""

    start: datetime
    end: datetime
    only_busy: bool = True
    external: bool = True
    rsvp: bool = False


def rows(tenant: Tenant, subject_id: str, window: Window) -> list[JsonObject]:
    """Return the rows of a subject as they are sent, under the tenant's variants."""
    bookings = [booking for booking in tenant.calendars.of(subject_id) if _wanted(tenant, booking, window)]
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
    return [_row(tenant, booking, window) for booking in bookings]


def _wanted(tenant: Tenant, booking: Booking, window: Window) -> bool:
    if booking.start >= window.end or booking.end <= window.start:
        return False
    if (booking.free and window.only_busy) or (booking.external and not window.external):
        return False
    if booking.rsvp not in DECLINED:
        return True
    shown = tenant.variants.declined_rows
    return shown == "always" or (shown == "with_rsvp" and window.rsvp)


def _merged(bookings: list[Booking]) -> list[Booking]:
    merged: list[Booking] = []
    for booking in bookings:
        # Only rows of the same state melt into one: a granted booking must not swallow a pending request.
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
    """Return the same rows in an order that is never the sorted one, and always the same."""
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


def _text(tenant: Tenant, instant: datetime) -> str:
    match tenant.variants.offset:
        case "utc":
            return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case "other":
            return instant.astimezone(OTHER_OFFSET).isoformat(timespec="seconds")
        case "tenant":
            return instant.astimezone(tenant.zone).isoformat(timespec="seconds")
