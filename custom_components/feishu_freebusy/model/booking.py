"""The rules of booking, extending, ending and releasing: what may be done, and what each result means.

Pure functions: no I/O, no clock, no Home Assistant. Instants are aware, periods are half-open: `[start, end)`. The rows
of a room are those of a fresh read, sorted by start. "Own" bookings are those that this integration made.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ..feishu.errors import FeishuError, NotReachableError, ServerError
from ..feishu.models import EventRef, InstanceReply, RoomBooking, RoomCheck, RsvpStatus, Unavailable
from .schedule import Block, DisabledPeriod

VERDICT_LOOKS = (2.0, 4.0, 7.0, 11.0, 16.0, 25.0, 40.0, 60.0, 90.0, 120.0)  # seconds after the invitation
RELEASE_LOOKS = (2.0, 4.0, 8.0, 15.0)  # seconds after the reply
SERIES_AROUND = timedelta(days=65)  # before and after a booking: shows the other instances of a monthly series
LEDGER_KEEPS = timedelta(days=1)  # after the end of a booking
BOOKING_PAUSE = timedelta(minutes=1)  # between two new bookings of a room by one user
APPROVAL_AFTER = 3  # looks without a reply; then a room that needs an approval waits for it
FIRST_APPROVAL_LOOK, LONGEST_APPROVAL_LOOK = timedelta(minutes=2), timedelta(hours=1)
APPROVAL_KNOWN_FOR = timedelta(days=1)  # an administrator may change the rules of a room
ROOMS_OF_PERSON_LAST = timedelta(hours=1)  # an administrator rarely changes who may book a room


class Identity(StrEnum):
    """In whose name a room is booked."""

    APP = "app"
    PERSON = "person"  # the linked one


class Refusal(StrEnum):
    """Why a room is not booked, extended, ended or released."""

    TAKEN = "taken"
    PAST = "past"
    TOO_LONG = "too_long"
    TOO_FAR_AHEAD = "too_far_ahead"
    NOT_YET = "not_yet"  # the room accepts bookings of that day later
    OUTSIDE_HOURS = "outside_hours"
    OUT_OF_SERVICE = "out_of_service"
    APPROVAL = "approval"
    REASON_NEEDED = "reason_needed"  # the person requests a room that needs an approval, and gives no reason
    NOT_FOR_PERSON = "not_for_person"  # the person is not in the room's booking range
    REQUESTED = "requested"  # another request for the room waits for an approval
    NOT_BY_APP = "not_by_app"  # Feishu refuses the invitation: approval, a form or a contact may be missing
    TOO_SOON = "too_soon"  # after another booking of the same user
    UNDER_WAY = "under_way"  # an extension: a second press, because the first one takes seconds
    DECLINED = "declined"  # for no known reason
    NO_ANSWER = "no_answer"  # the room has not replied in time
    NOT_SHOWN = "not_shown"  # the room has accepted, but does not show the booking
    NOTHING_RUNS = "nothing_runs"
    ANOTHER_RUNS = "another_runs"  # a meeting that began after the request
    SEVERAL_RUN = "several_run"
    NOT_OURS = "not_ours"  # and bookings of others may not be ended
    TOO_EARLY = "too_early"  # to release a booking as a no-show
    TOO_VALUABLE = "too_valuable"  # a booking this long is never released as a no-show
    NOT_IDENTIFIED = "not_identified"  # the row does not name its event


@dataclass(frozen=True, slots=True)
class Span:
    """The period `[start, end)` of a wish."""

    start: datetime
    end: datetime

    def overlaps(self, row: RoomBooking) -> bool:
        """Return whether a row takes a part of the period."""
        return row.start < self.end and self.start < row.end


# --- Before the first call --------------------------------------------------------------------------------------------


def refusal_before(
    wish: Span,
    rows: Iterable[RoomBooking],
    now: datetime,
    *,
    longest: timedelta | None = None,
    disabled: DisabledPeriod | None = None,
) -> Refusal | None:
    """Return why a wish is refused without a call to book, None if the room is free for all of it."""
    if wish.end <= max(now, wish.start):
        return Refusal.PAST
    if longest is not None and wish.end - wish.start > longest:
        return Refusal.TOO_LONG
    if disabled and disabled.overlaps(wish.start, wish.end):
        return Refusal.OUT_OF_SERVICE
    return Refusal.TAKEN if any(map(wish.overlaps, rows)) else None


def may_book_again(last: datetime | None, now: datetime) -> bool:
    """Return whether a user may book a room again; `last` is when they booked it before. A clock set back counts."""
    return last is None or not timedelta() <= now - last < BOOKING_PAUSE


_REASONS = {
    Unavailable.RESERVED: Refusal.TAKEN,
    Unavailable.PAST: Refusal.PAST,
    Unavailable.TOO_FAR_AHEAD: Refusal.TOO_FAR_AHEAD,
    Unavailable.TOO_LONG: Refusal.TOO_LONG,
    Unavailable.OUTSIDE_HOURS: Refusal.OUTSIDE_HOURS,
    Unavailable.OUT_OF_SERVICE: Refusal.OUT_OF_SERVICE,
    Unavailable.NOT_YET: Refusal.NOT_YET,
    Unavailable.SERIES_NEEDS_APPROVAL: Refusal.APPROVAL,
}


def refusal_of_check(check: RoomCheck | None) -> Refusal | None:
    """Return the refusal that a room's rules explain, None if they explain none. They never allow a booking."""
    if check is None:
        return None
    if check.reason:
        return _REASONS[check.reason]
    if check.needs_approval:
        return Refusal.APPROVAL
    return Refusal.DECLINED if check.available is False else None


# --- What the result of a call means ----------------------------------------------------------------------------------


def may_have_worked(error: FeishuError) -> bool:
    """Return whether a call that failed may have been carried out: nobody read Feishu's answer to it."""
    return isinstance(error, (NotReachableError, ServerError))


def is_unexplained(refusal: Refusal) -> bool:
    """Return whether Feishu has refused a booking without a reason."""
    return refusal in (Refusal.DECLINED, Refusal.NOT_BY_APP, Refusal.NO_ANSWER)


def explained(refusal: Refusal, check: RoomCheck | None) -> Refusal:
    """Return the reason that a room's rules give for a refusal of Feishu, which tells none itself.

    A room that needs an approval does not answer before there is one.
    """
    if refusal is Refusal.NO_ANSWER:
        return Refusal.APPROVAL if check and check.needs_approval else refusal
    return (is_unexplained(refusal) and refusal_of_check(check)) or refusal


def approval_refusal(identity: Identity, *, may_give_reason: bool) -> Refusal:
    """Return why a booking without a reason is refused in a room that needs an approval. Only a person can give one."""
    return Refusal.REASON_NEEDED if identity is Identity.PERSON and may_give_reason else Refusal.APPROVAL


class Next(StrEnum):
    """What to do after a look at a booking."""

    CONFIRMED = "confirmed"
    WAIT = "wait"
    WAIT_FOR_APPROVAL = "wait_for_approval"  # of an administrator, for hours or days
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and with `UNDO` why."""

    next: Next
    refusal: Refusal | None = None


def judge_booking(
    verdict: RsvpStatus | None,
    rows: Sequence[RoomBooking] | None,
    uid: str,
    wish: Span,
    *,
    is_last: bool,
    may_wait: bool = False,
) -> Step:
    """Return what to do with a booking whose room was invited.

    `verdict` is the reply of the room, None if it could not be read or is unknown. `rows` are those of the room, None
    if they could not be read. `is_last`: there is no other look. `may_wait`: an administrator may have to approve, so a
    room without a reply waits for that. A booking is confirmed only when a read shows it for the whole period, and
    shows no other booking beside it.
    """
    if verdict in (RsvpStatus.DECLINE, RsvpStatus.REMOVED):
        rival = rows is not None and any(row.uid != uid and wish.overlaps(row) for row in rows)
        return Step(Next.UNDO, Refusal.TAKEN if rival else Refusal.DECLINED)
    if verdict is RsvpStatus.ACCEPT and rows is not None and shows(rows, uid, wish):
        if any(row.uid != uid and wish.overlaps(row) for row in rows):
            return Step(Next.UNDO, Refusal.TAKEN)
        return Step(Next.CONFIRMED)
    if may_wait and verdict is RsvpStatus.NEEDS_ACTION:
        return Step(Next.WAIT_FOR_APPROVAL)
    if not is_last:
        return Step(Next.WAIT)
    return Step(Next.UNDO, Refusal.NOT_SHOWN if verdict is RsvpStatus.ACCEPT else Refusal.NO_ANSWER)


def shows(rows: Iterable[RoomBooking], uid: str, wish: Span) -> bool:
    """Return whether the rows show the whole booking of an event."""
    return any(row.uid == uid and row.start <= wish.start and wish.end <= row.end for row in rows)


# --- Extend and end ---------------------------------------------------------------------------------------------------


def running(rows: Iterable[RoomBooking], now: datetime) -> RoomBooking | Refusal:
    """Return the row that runs at `now`. `SEVERAL_RUN` if rows overlap: which one is meant is unknown."""
    found = [row for row in rows if row.start <= now < row.end]
    if not found:
        return Refusal.NOTHING_RUNS
    return found[0] if len(found) == 1 else Refusal.SEVERAL_RUN


def extension(
    rows: Sequence[RoomBooking],
    now: datetime,
    length: timedelta,
    extension_uids: Collection[str],
    *,
    asked_at: datetime | None = None,
    longest: timedelta | None = None,
    disabled: DisabledPeriod | None = None,
) -> Span | Refusal:
    """Return the period of a second booking that extends by `length` what ran when it was asked for: `asked_at`.

    Without `asked_at`, that is `now`. `longest` is that of one booking.
    """
    wish = extension_wish(rows, asked_at or now, length, extension_uids)
    if isinstance(wish, Refusal):
        return wish
    return refusal_before(wish, rows, now, longest=longest, disabled=disabled) or wish


def extension_wish(
    rows: Sequence[RoomBooking], now: datetime, length: timedelta, extension_uids: Collection[str]
) -> Span | Refusal:
    """Return the period of an extension, whether it is free or not.

    It begins where the row that runs at `now` ends, or where its last extension ends.
    """
    row = running(rows, now)
    if isinstance(row, Refusal):
        return row
    end = _with_extensions(rows, row, extension_uids)[-1].end
    return Span(end, end + length)


def to_end(
    rows: Sequence[RoomBooking],
    now: datetime,
    own_uids: Collection[str],
    extension_uids: Collection[str] = (),
    *,
    may_end_others: bool,
    asked_at: datetime | None = None,
) -> tuple[RoomBooking, ...] | Refusal:
    """Return the rows that end when somebody ends the meeting at `now`: the running one, and its extensions.

    `extension_uids` are those of the own bookings that extend others. A meeting that began after `asked_at`, when
    somebody asked to end one, is not meant.
    """
    row = running(rows, now)
    if isinstance(row, Refusal):
        return row
    if asked_at and row.start > asked_at and row.uid not in extension_uids:
        return Refusal.ANOTHER_RUNS
    if row.uid not in own_uids and not may_end_others:
        return Refusal.NOT_OURS
    if not _is_identified(row):
        return Refusal.NOT_IDENTIFIED
    return _with_extensions(rows, row, extension_uids)


def _with_extensions(
    rows: Iterable[RoomBooking], row: RoomBooking, extension_uids: Collection[str]
) -> tuple[RoomBooking, ...]:
    """Return a row and the extensions that follow it without a gap. A separate own booking is none."""
    found = [row]
    for other in sorted(rows, key=lambda each: each.start):
        if other.start == found[-1].end < other.end and other.uid in extension_uids:
            found.append(other)
    return tuple(found)


def running_block(blocks: Iterable[Block], now: datetime) -> Block | None:
    """Return the booking that runs at `now`; None if none runs, or several do."""
    found = [block for block in blocks if block.start <= now < block.end]
    return found[0] if len(found) == 1 else None


def running_until(blocks: Iterable[Block], now: datetime, extensions: Iterable[Block]) -> datetime | None:
    """Return when the booking that runs at `now` ends, with its own extensions; None if none runs, or several do.

    `extensions` are the own bookings that extend others.
    """
    running = running_block(blocks, now)
    if running is None:
        return None
    end = running.end
    for block in sorted(extensions):
        if block.start == end < block.end:
            end = block.end
    return end


def can_be_extended(blocks: Sequence[Block], now: datetime, length: timedelta, extensions: Iterable[Block]) -> bool:
    """Return whether `extension` would find `length` free after what runs at `now`."""
    if (end := running_until(blocks, now, extensions)) is None:
        return False
    return not any(block.start < end + length and end < block.end for block in blocks)


# --- Release ----------------------------------------------------------------------------------------------------------


def release_refusal(
    row: RoomBooking, now: datetime, *, after: timedelta, exempt_from: timedelta | None = None
) -> Refusal | None:
    """Return why a booking may not be released as a no-show, None if it may.

    `after` is the time since the start that must have passed. Bookings of `exempt_from` and longer are never released.
    """
    if not row.start <= now < row.end:
        return Refusal.NOTHING_RUNS
    if now - row.start < after:
        return Refusal.TOO_EARLY
    if exempt_from is not None and row.end - row.start >= exempt_from:
        return Refusal.TOO_VALUABLE
    return None if _is_identified(row) else Refusal.NOT_IDENTIFIED


def _is_identified(row: RoomBooking) -> bool:
    return bool(row.uid) and row.original_time is not None


class Kind(StrEnum):
    """What is known of the event of a row. `UNKNOWN` may be a series whose other instances are out of sight."""

    SINGLE = "single"
    SERIES = "series"
    UNKNOWN = "unknown"


def kind_of(row: RoomBooking, rows_around: Iterable[RoomBooking], *, is_recurring: bool | None = None) -> Kind:
    """Return what is known of the event of a row.

    `rows_around` are those of the room within `SERIES_AROUND`. `is_recurring` is what the event itself says, False for
    an own booking, None if it is not known. What is seen outranks it.
    """
    if row.original_time or any(other.uid == row.uid and other.start != row.start for other in rows_around):
        return Kind.SERIES
    if is_recurring is None:
        return Kind.UNKNOWN
    return Kind.SERIES if is_recurring else Kind.SINGLE


def first_ref(row: RoomBooking, kind: Kind) -> EventRef:
    """Return how to name an identified row in a reply.

    A moved instance is named by its original start. Zero means all instances of a series, so it names only what is
    proven to be a single event. Everything else is named by its start, which is never more than one instance.
    """
    if row.original_time:
        return EventRef(row.uid, row.original_time)
    return EventRef(row.uid, 0 if kind is Kind.SINGLE else _start_of(row))


def second_ref(
    row: RoomBooking, kind: Kind, rows_again: Sequence[RoomBooking], *, may_send_zero: bool = True
) -> EventRef | None:
    """Return how to name a row after Feishu said that it knows no booking by `first_ref`; None: give up.

    `rows_again` were read after that answer. If the row is gone from them, somebody else has ended it, and a zero would
    end the rest of its series. Zero is sent only for a row without any sign of a series. `may_send_zero` is False once
    a reply has released more than one row.
    """
    if row.original_time or kind is Kind.SERIES or row not in rows_again:
        return None
    if kind is Kind.SINGLE:
        return EventRef(row.uid, _start_of(row))
    if not may_send_zero or kind_of(row, rows_again) is not Kind.UNKNOWN:
        return None
    return EventRef(row.uid, 0)


def _start_of(row: RoomBooking) -> int:
    return int(row.start.timestamp())


class ReleaseResult(StrEnum):
    """What a look at the room after a reply shows.

    `SERIES_RELEASED`: other rows of the event are gone, too. Stop using replies, and tell an administrator.
    """

    DONE = "done"
    WAIT = "wait"
    NOT_CONFIRMED = "not_confirmed"
    SERIES_RELEASED = "series_released"


def judge_release(
    row: RoomBooking,
    before: Iterable[RoomBooking],
    after: Iterable[RoomBooking] | None,
    now: datetime,
    *,
    is_last: bool,
) -> ReleaseResult:
    """Return the result of a reply. `before` and `after` are rows of the same window, `after` None if unreadable.

    A row that ends by now is as good as gone. Without a proof the result is never `DONE`.
    """
    if after is not None:
        left = {(other.start, other.original_time): other for other in after if other.uid == row.uid}
        others = (other for other in before if other.uid == row.uid and other.start != row.start)
        if any((other.start, other.original_time) not in left for other in others):
            return ReleaseResult.SERIES_RELEASED
        same = left.get((row.start, row.original_time))
        if same is None or same.end <= now:
            return ReleaseResult.DONE
    return ReleaseResult.NOT_CONFIRMED if is_last else ReleaseResult.WAIT


# --- Own bookings -----------------------------------------------------------------------------------------------------


class Stage(StrEnum):
    """How far an own booking is. It is written down before the call that the stage is named after."""

    CREATING = "creating"  # the event: its id is not known
    INVITING = "inviting"  # the room
    WAITING = "waiting"  # somebody was told that an administrator must approve
    CONFIRMED = "confirmed"  # somebody was told that the room is booked
    ENDING = "ending"  # the reply in the name of the room
    DELETING = "deleting"  # the event


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """A booking that this integration makes or has made. `key` is its idempotency key; `event_id` may be empty.

    `is_extension`: it was made to extend another booking, and ends with it. All calls about its event are made in the
    name of `identity`.
    """

    key: str
    room_id: str
    start: datetime
    end: datetime
    stage: Stage
    calendar_id: str
    event_id: str = ""
    is_extension: bool = False
    identity: Identity = Identity.APP

    @property
    def uid(self) -> str:
        """The uid of its rows, empty while the event is not known."""
        return self.event_id.rpartition("_")[0]

    def is_shown_as(self, block: Block) -> bool:
        """Return whether a block is this booking. Feishu may cut a row at the start of the range that is read."""
        return self.end == block.end and self.start <= block.start

    def at(self, stage: Stage, event_id: str = "") -> OwnBooking:
        """Return the booking in another stage. An `event_id` is taken over."""
        return replace(self, stage=stage, event_id=event_id or self.event_id)


class Recovery(StrEnum):
    """What to do after a start with a booking from before it."""

    KEEP = "keep"
    FORGET = "forget"
    FIND = "find"  # create the event with the same key, which returns its id, then delete it
    DELETE = "delete"


def recovery(booking: OwnBooking, now: datetime) -> Recovery:
    """Return what to do with a booking after a start.

    Nobody was told of a booking that is not confirmed, so it is undone even if the room has accepted it. What was being
    ended or deleted is deleted. A past event can't be created again; without its room it disturbs nobody. What waits
    for an approval is kept: it is looked at until it is decided.
    """
    if booking.stage is Stage.WAITING:
        return Recovery.KEEP
    if booking.stage is Stage.CONFIRMED:
        return Recovery.FORGET if now - booking.end >= LEDGER_KEEPS else Recovery.KEEP
    if not booking.event_id:
        return Recovery.FORGET if booking.end <= now else Recovery.FIND
    return Recovery.DELETE


@dataclass(frozen=True, slots=True)
class PendingRelease:
    """A reply that was sent, or was about to be, and what the room showed before it.

    `others` are the starts of the other rows of the event. They show after a start whether a series was released.
    `series_released`: it was, so no more replies are sent until an administrator allows them again.
    """

    room_id: str
    event: EventRef
    status: InstanceReply
    start: datetime
    end: datetime
    others: tuple[datetime, ...] = ()
    series_released: bool = False


def series_was_released(release: PendingRelease, rows: Iterable[RoomBooking]) -> bool:
    """Return whether rows of other dates are gone since a reply. `rows` are those around its booking."""
    left = {row.start for row in rows if row.uid == release.event.uid}
    return any(start not in left for start in release.others)
