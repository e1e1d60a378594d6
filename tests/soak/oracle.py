"""Computes what must be shown of a room, only from the answers and the rules in docs/entities.md.

Uses brute force, on purpose unlike `schedule.py`: no blocks, no bisection, no state between instants. It finds each
value by trying all instants at which anything begins or ends.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, NamedTuple

GRACE_AT_LEAST = timedelta(minutes=10)
GRACE_BEYOND = timedelta(minutes=15)
READING_LIMIT = timedelta(hours=4)  # in office hours
STATUS_LIMIT = timedelta(hours=1)  # in office hours, while the room API works
STATUS_LIMIT_AT_MOST = timedelta(hours=24)
OFFICE_START = timedelta(minutes=10)  # older readings count until the office day is this old
REFUSED = frozenset({"decline", "removed"})
PENDING = "needs_action"
ROOM = "omm_"


type Span = tuple[datetime, datetime]


class Row(NamedTuple):
    """A row of an answer; `rsvp` is empty if the answer had none."""

    start: datetime
    end: datetime
    rsvp: str = ""


class Closure(NamedTuple):
    """When a room is out of service; `end` None means forever."""

    start: datetime
    end: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """A good answer about a room, and the window it was asked for.

    It is valid until `fresh_until`. If the poll interval is not known here, it may be valid until `stale_at`.
    """

    rows: tuple[Row, ...]
    window_start: datetime
    horizon: datetime
    fresh_until: datetime
    stale_at: datetime
    by_list: bool

    @property
    def read_at(self) -> datetime:
        """When the answer was asked for."""
        return self.window_start + timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class View:
    """What must be shown of a room. `bookings` are those of today and tomorrow, `event` is the calendar's state."""

    state: str
    busy_since: datetime | None = None
    busy_until: datetime | None = None
    next_busy_time: datetime | None = None
    next_free_time: datetime | None = None
    available_now: bool | None = None
    pending: int | None = None
    disabled_reason: str | None = None
    bookings: tuple[Span, ...] | None = None
    event: Span | None = field(default=None, compare=False)


UNAVAILABLE = View("unavailable")


def grace(interval: timedelta) -> timedelta:
    """Return for how long an answer stays valid at a poll interval."""
    return max(GRACE_AT_LEAST, min(3 * interval, interval + GRACE_BEYOND))


def interval(options: Mapping[str, Any], now: datetime, zone: tzinfo) -> timedelta:
    """Return the poll interval at `now` on a paid plan."""
    office = timedelta(seconds=min(max(options["scan_interval"], 30), 86_400))
    off_hours = options["off_hours"]
    local = (now + timedelta(seconds=2)).astimezone(zone)
    if off_hours["enabled"] and _is_off(off_hours, local):
        return max(office, timedelta(minutes=30))
    return office


def is_office(options: Mapping[str, Any], now: datetime, zone: tzinfo) -> bool:
    """Return whether `now` is in office hours that began some minutes ago."""
    times = [now - minutes * timedelta(minutes=1) for minutes in range(int(OFFICE_START / timedelta(minutes=1)) + 1)]
    off_hours = options["off_hours"]
    return not off_hours["enabled"] or not any(_is_off(off_hours, each.astimezone(zone)) for each in times)


def _is_off(off_hours: Mapping[str, Any], local: datetime) -> bool:
    start, end, clock = off_hours["start"], off_hours["end"], f"{local:%H:%M:%S}"
    at_night = start <= clock < end if start < end else start > end and (clock >= start or clock < end)
    return at_night or f"{local:%a}".lower() in off_hours["days"]


@lru_cache(4_000)
def instant(text: str) -> datetime:
    """Parse an RFC 3339 time; the result is in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def rows_of(items: Iterable[Mapping[str, str]] | None) -> tuple[Row, ...]:
    """Return the rows of an answer of either API."""
    return tuple(
        Row(instant(item["start_time"]), instant(item["end_time"]), item.get("rsvp_status", "")) for item in items or ()
    )


def closure_of(status: Mapping[str, Any] | None) -> Closure | None:
    """Return the closure in a `room_status`, or None."""
    if not status or not int(status.get("disable_start_time", 0)):
        return None
    end = int(status["disable_end_time"])
    start = datetime.fromtimestamp(int(status["disable_start_time"]), UTC)
    return Closure(start, datetime.fromtimestamp(end, UTC) if end else None, status["disable_reason"] or "disabled")


def lost_booking(before: Known, after: Known, now: datetime, *, count_pending: bool) -> bool:
    """Return whether a booking of the next day is not in the newer answer, not even moved a little."""
    end = now + timedelta(days=1)
    no_booking = REFUSED if count_pending else {*REFUSED, PENDING}
    old, new = (
        [row for row in known.rows if row.start < row.end and row.rsvp not in no_booking] for known in (before, after)
    )
    ahead = [row for row in old if row.end > now and row.start < end]
    return any(not any(row.start < other.end and other.start < row.end for other in new) for row in ahead)


@dataclass
class Oracle:
    """Holds the last good answer about each room, its closure, and when its status was read.

    `lost_at` is when an answer came that lacked a booking: a closure may have canceled it. `is_hindered` says that
    statuses may not be read on time.
    """

    known: dict[str, Known] = field(default_factory=dict)
    closures: dict[str, Closure | None] = field(default_factory=dict)
    status_at: dict[str, datetime] = field(default_factory=dict)
    lost_at: dict[str, datetime] = field(default_factory=dict)
    reads_statuses: bool = True  # whether the app may list rooms
    is_hindered: bool = False

    def view(self, room_id: str, now: datetime, options: Mapping[str, Any], zone: tzinfo) -> View:
        """Return what must be shown of a room at `now`; days are those of `zone`."""
        known = self.known.get(room_id)
        if known is None or now >= known.stale_at or not known.window_start <= now < known.horizon:
            return UNAVAILABLE
        if now - known.read_at >= READING_LIMIT and is_office(options, now, zone):
            return UNAVAILABLE
        if self._status_is_too_old(room_id, now):
            return UNAVAILABLE
        closure, is_room = self.closures.get(room_id), room_id.startswith(ROOM)
        # A pending invitation makes a person busy. A pending request does not make a room busy
        spans = self._spans(known, closure, count_pending=options["count_pending_as_busy"] or not is_room)
        view = _view(spans, known, closure, now, timedelta(minutes=options["min_free_minutes"]), zone)
        return view if is_room else replace(view, pending=None)

    def _status_is_too_old(self, room_id: str, now: datetime) -> bool:
        read_at = self.status_at.get(room_id)
        if not self.reads_statuses or read_at is None:
            return False
        return now - read_at >= STATUS_LIMIT_AT_MOST or read_at < self.lost_at.get(room_id, read_at)

    def may_be_doubted(self, room_id: str, now: datetime) -> bool:
        """Return whether the status of a room may be too old, or its end not confirmed.

        The status is read every hour at most, and before a closure ends, unless these reads are hindered.
        """
        read_at, closure = self.status_at.get(room_id), self.closures.get(room_id)
        if not self.is_hindered or not room_id.startswith(ROOM) or not self.reads_statuses or read_at is None:
            return False
        has_ended = closure is not None and closure.end is not None and read_at < closure.end <= now
        return has_ended or now - read_at >= STATUS_LIMIT - timedelta(minutes=1)

    def edges(self, room_id: str) -> set[datetime]:
        """Return all instants at which a row or closure of a room begins or ends."""
        known, closure = self.known[room_id], self.closures.get(room_id)
        edges = {edge for row in known.rows for edge in row[:2]}
        if closure:
            edges |= {closure.start, closure.end or closure.start}
        return edges

    def _spans(self, known: Known, closure: Closure | None, *, count_pending: bool) -> list[Span]:
        spans = [
            (row.start, row.end)
            for row in known.rows
            if row.start < row.end and row.rsvp not in REFUSED and (count_pending or row.rsvp != PENDING)
        ]
        if closure:
            spans.append((closure.start, closure.end or known.horizon))
        horizon, start = known.horizon, known.window_start
        return without_short_gaps(
            [(since, min(until, horizon)) for since, until in spans if since < horizon and until > start]
        )


def without_short_gaps(spans: list[Span]) -> list[Span]:
    """Return the spans and each gap of under a minute between an end and a later start."""
    starts = sorted(start for start, _ in spans)
    gaps = [
        (end, start)
        for _, end in spans
        if (start := next((start for start in starts if start > end), None)) and start - end < timedelta(minutes=1)
    ]
    return spans + gaps


def _view(
    spans: list[Span], known: Known, closure: Closure | None, now: datetime, min_free: timedelta, zone: tzinfo
) -> View:
    horizon = known.horizon

    def busy(at: datetime) -> bool:
        return any(start <= at < end for start, end in spans)

    def begins(at: datetime) -> bool:  # no other span reaches or covers this start
        return not any(start < at <= end for start, end in spans)

    def next_begin(at: datetime) -> datetime:
        return min((start for start, _ in spans if start > at and begins(start)), default=horizon)

    ends = sorted({end for _, end in spans if end > now and not busy(end)})
    busy_now, next_busy = busy(now), next_begin(now)
    since = max((start for start, _ in spans if start <= now and begins(start)), default=None) if busy_now else None
    until = ends[0] if busy_now else None
    available = not busy_now and next_busy - now > min_free
    next_free = next((end for end in ends if end < horizon and next_begin(end) - end >= min_free), None)
    return View(
        state="on" if busy_now else "off",
        busy_since=since if since and since > known.window_start else None,
        busy_until=until if until and until < horizon else None,
        next_busy_time=next_busy if next_busy < horizon else None,
        next_free_time=None if available else next_free,
        available_now=available,
        pending=sum(
            row.start < row.end and row.rsvp == PENDING and row.end > now and row.start < horizon for row in known.rows
        ),
        disabled_reason=closure.reason
        if closure and closure.start <= now and (closure.end is None or now < closure.end)
        else None,
        bookings=_bookings(spans, known, midnight(now, zone), midnight(now, zone, days=2)),
        event=_event(spans, known, now, zone),
    )


def _bookings(spans: list[Span], known: Known, start: datetime, end: datetime) -> tuple[Span, ...]:
    """Return the joined spans that overlap `[start, end)`. Ends beyond the horizon become the end of that range."""
    joined = {_joined(span, spans) for span in spans if span[0] < end and start < span[1]}
    return tuple(sorted(_cut(span, known, start, end) for span in joined))


def _event(spans: list[Span], known: Known, now: datetime, zone: tzinfo) -> Span | None:
    """Return the current or next joined span. An end beyond the horizon becomes the midnight after the horizon."""
    if not (ahead := [span for span in spans if now < span[1]]):
        return None
    return _cut(_joined(min(ahead), spans), known, midnight(now, zone), midnight(known.horizon, zone, days=1))


def _cut(span: Span, known: Known, start: datetime, end: datetime) -> Span:
    return (span[0] if span[0] > known.window_start else start, span[1] if span[1] < known.horizon else end)


def _joined(span: Span, spans: list[Span]) -> Span:
    """Return the span merged with all spans that touch it, directly or through others."""
    near = [other for other in spans if other[0] <= span[1] and span[0] <= other[1]]
    wider = (min(start for start, _ in near), max(end for _, end in near))
    return span if wider == span else _joined(wider, spans)


def midnight(now: datetime, zone: tzinfo, days: int = 0) -> datetime:
    """Return the midnight before `now` in `zone`, or the one `days` days later, in UTC."""
    local = now.astimezone(zone)
    return datetime.combine(local.date() + timedelta(days=days), time(), zone).astimezone(UTC)
