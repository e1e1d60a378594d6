"""The rules of booking, extending, ending and releasing rooms."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    AppUnavailableError,
    ContactUnknownError,
    EventGoneError,
    FeishuError,
    InstanceUnknownError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.models import (
    EventRef,
    InstanceReply,
    RoomBooking,
    RoomCheck,
    RsvpStatus,
    Unavailable,
)
from custom_components.feishu_freebusy.model.booking import (
    BOOKING_PAUSE,
    RELEASE_LOOKS,
    VERDICT_LOOKS,
    Identity,
    Kind,
    Next,
    OwnBooking,
    PendingRelease,
    Recovery,
    Refusal,
    ReleaseResult,
    Span,
    Stage,
    Step,
    approval_refusal,
    explained,
    extension,
    first_ref,
    judge_booking,
    judge_release,
    kind_of,
    may_book_again,
    may_have_worked,
    recovery,
    refusal_before,
    refusal_of_check,
    release_refusal,
    running,
    second_ref,
    series_was_released,
    shows,
    to_end,
)
from custom_components.feishu_freebusy.model.schedule import DisabledPeriod
from tests.conftest import at

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WISH = Span(at(10), at(11))
OWN = {"own", "own-2"}


def row(start: datetime, end: datetime, uid: str = "a", original_time: int | None = 0) -> RoomBooking:
    return RoomBooking(start, end, uid, original_time)


def unix(moment: datetime) -> int:
    return int(moment.timestamp())


# --- Book -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "rows", "expected"),
    [
        (WISH, [], None),
        (WISH, [row(at(9), at(10)), row(at(11), at(12))], None),
        (WISH, [row(at(9), at(10, 1))], Refusal.TAKEN),
        (WISH, [row(at(10, 59), at(12))], Refusal.TAKEN),
        (WISH, [row(at(10, 15), at(10, 30))], Refusal.TAKEN),
        (WISH, [row(at(8), at(20))], Refusal.TAKEN),
        (Span(at(8), at(10)), [], None),  # has begun
        (Span(at(8), at(9)), [], Refusal.PAST),  # ends now
        (Span(at(11), at(11)), [], Refusal.PAST),
        (Span(at(12), at(11)), [], Refusal.PAST),
        (Span(at(10), at(12, 0, 1)), [], Refusal.TOO_LONG),
        (Span(at(10), at(12)), [], None),
    ],
)
def test_a_room_must_be_free_for_the_whole_wish(wish: Span, rows: list[RoomBooking], expected: Refusal | None) -> None:
    assert refusal_before(wish, rows, at(9), longest=2 * HOUR) is expected


def test_a_room_out_of_service_is_not_booked() -> None:
    ended, coming = (DisabledPeriod(at(8), end, "") for end in (at(10), at(10, 1)))
    endless = DisabledPeriod(at(10, 59), None, "")
    for disabled, expected in ((ended, None), (coming, Refusal.OUT_OF_SERVICE), (endless, Refusal.OUT_OF_SERVICE)):
        assert refusal_before(WISH, [], at(9), disabled=disabled) is expected
        assert extension([row(at(8), at(10))], at(9), HOUR, (), disabled=disabled) == (expected or WISH)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, True),
        (at(9), False),
        (at(9) - BOOKING_PAUSE + timedelta(seconds=1), False),
        (at(9) - BOOKING_PAUSE, True),
        (at(10), True),  # the clock was set back
    ],
)
def test_one_user_books_a_room_once_a_minute(last: datetime | None, expected: bool) -> None:
    assert may_book_again(last, at(9)) is expected


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (None, None),
        (RoomCheck("r", available=True), None),
        (RoomCheck("r", available=None), None),
        (RoomCheck("r", available=False), Refusal.DECLINED),
        (RoomCheck("r", available=True, needs_approval=True), Refusal.APPROVAL),
        (RoomCheck("r", available=False, reason=Unavailable.RESERVED), Refusal.TAKEN),
        (RoomCheck("r", available=False, reason=Unavailable.OUTSIDE_HOURS), Refusal.OUTSIDE_HOURS),
    ],
)
def test_rules_of_a_room_explain_a_refusal(check: RoomCheck | None, expected: Refusal | None) -> None:
    assert refusal_of_check(check) is expected


@pytest.mark.parametrize("reason", Unavailable)
def test_every_reason_of_feishu_has_a_refusal(reason: Unavailable) -> None:
    assert refusal_of_check(RoomCheck("r", available=False, reason=reason)) is not Refusal.DECLINED


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotReachableError(), True),
        (ServerError(), True),
        (UnreadableAnswerError(), True),
        (NotFeishuError(), True),
        (RateLimitedError(), False),
        (QuotaExceededError(), False),
        (ScopeMissingError(), False),
        (AppUnavailableError(), False),
        (RequestError(), False),
        (RoomRefusedError(), False),
        (ContactUnknownError(), False),
        (EventGoneError(), False),
        (InstanceUnknownError(), False),
    ],
)
def test_only_a_call_without_feishus_answer_may_have_worked(error: FeishuError, expected: bool) -> None:
    assert may_have_worked(error) is expected


@pytest.mark.parametrize(
    ("refusal", "check", "expected"),
    [
        (Refusal.DECLINED, None, Refusal.DECLINED),
        (Refusal.DECLINED, RoomCheck("r", available=True), Refusal.DECLINED),
        (Refusal.DECLINED, RoomCheck("r", available=False, reason=Unavailable.TOO_LONG), Refusal.TOO_LONG),
        (Refusal.NOT_BY_APP, RoomCheck("r", available=True, needs_approval=True), Refusal.APPROVAL),
        (Refusal.TAKEN, RoomCheck("r", available=False, reason=Unavailable.TOO_LONG), Refusal.TAKEN),
        (Refusal.NO_ANSWER, RoomCheck("r", available=True, needs_approval=True), Refusal.APPROVAL),
        (Refusal.NO_ANSWER, RoomCheck("r", available=False, reason=Unavailable.TOO_LONG), Refusal.NO_ANSWER),
        (Refusal.NO_ANSWER, None, Refusal.NO_ANSWER),
    ],
)
def test_a_check_explains_only_what_has_no_reason(refusal: Refusal, check: RoomCheck | None, expected: Refusal) -> None:
    assert explained(refusal, check) is expected


@pytest.mark.parametrize(
    ("identity", "may_give_reason", "expected"),
    [
        (Identity.APP, True, Refusal.APPROVAL),
        (Identity.PERSON, True, Refusal.REASON_NEEDED),
        (Identity.PERSON, False, Refusal.APPROVAL),
    ],
)
def test_only_a_person_is_asked_for_the_reason_of_a_request(
    identity: Identity, may_give_reason: bool, expected: Refusal
) -> None:
    assert approval_refusal(identity, may_give_reason=may_give_reason) is expected


SHOWN = [row(at(10), at(11), "own")]
TAKEN = [row(at(10, 30), at(11, 30), "b")]


@pytest.mark.parametrize(
    ("verdict", "rows", "is_last", "expected"),
    [
        (RsvpStatus.ACCEPT, SHOWN, False, Step(Next.CONFIRMED)),
        (RsvpStatus.ACCEPT, SHOWN, True, Step(Next.CONFIRMED)),
        (RsvpStatus.ACCEPT, [row(at(11), at(12), "b"), *SHOWN], False, Step(Next.CONFIRMED)),
        (RsvpStatus.ACCEPT, [], False, Step(Next.WAIT)),
        (RsvpStatus.ACCEPT, None, False, Step(Next.WAIT)),
        (RsvpStatus.ACCEPT, [], True, Step(Next.UNDO, Refusal.NOT_SHOWN)),
        (RsvpStatus.ACCEPT, None, True, Step(Next.UNDO, Refusal.NOT_SHOWN)),
        (RsvpStatus.ACCEPT, [row(at(10), at(10, 30), "own")], True, Step(Next.UNDO, Refusal.NOT_SHOWN)),
        (RsvpStatus.ACCEPT, [*SHOWN, *TAKEN], False, Step(Next.UNDO, Refusal.TAKEN)),  # never a double booking
        (RsvpStatus.NEEDS_ACTION, [], False, Step(Next.WAIT)),
        (RsvpStatus.NEEDS_ACTION, SHOWN, False, Step(Next.WAIT)),  # some tenants show requests
        (RsvpStatus.NEEDS_ACTION, SHOWN, True, Step(Next.UNDO, Refusal.NO_ANSWER)),
        (RsvpStatus.TENTATIVE, SHOWN, True, Step(Next.UNDO, Refusal.NO_ANSWER)),
        (None, SHOWN, False, Step(Next.WAIT)),
        (None, SHOWN, True, Step(Next.UNDO, Refusal.NO_ANSWER)),
        (RsvpStatus.DECLINE, [], False, Step(Next.UNDO, Refusal.DECLINED)),
        (RsvpStatus.DECLINE, None, False, Step(Next.UNDO, Refusal.DECLINED)),
        (RsvpStatus.DECLINE, TAKEN, False, Step(Next.UNDO, Refusal.TAKEN)),
        (RsvpStatus.REMOVED, TAKEN, False, Step(Next.UNDO, Refusal.TAKEN)),
        (RsvpStatus.REMOVED, SHOWN, False, Step(Next.UNDO, Refusal.DECLINED)),
    ],
)
def test_a_booking_is_confirmed_only_by_what_the_room_shows(
    verdict: RsvpStatus | None, rows: list[RoomBooking] | None, is_last: bool, expected: Step
) -> None:
    assert judge_booking(verdict, rows, "own", WISH, is_last=is_last) == expected


@given(
    verdict=st.none() | st.sampled_from(RsvpStatus),
    spans=st.none()
    | st.lists(st.tuples(st.integers(8, 11), st.integers(1, 3), st.sampled_from(["own", "b"])), max_size=3),
    is_last=st.booleans(),
    may_wait=st.booleans(),
)
def test_the_last_look_never_waits_and_only_a_lone_row_confirms(
    verdict: RsvpStatus | None, spans: list[tuple[int, int, str]] | None, is_last: bool, may_wait: bool
) -> None:
    rows = None if spans is None else [row(at(start), at(start + hours), uid) for start, hours, uid in spans]

    step = judge_booking(verdict, rows, "own", WISH, is_last=is_last, may_wait=may_wait)

    assert (step.next is Next.WAIT_FOR_APPROVAL) == (may_wait and verdict is RsvpStatus.NEEDS_ACTION)
    assert not (is_last and step.next is Next.WAIT)
    assert (step.refusal is not None) == (step.next is Next.UNDO)
    if step.next is Next.CONFIRMED:
        assert verdict is RsvpStatus.ACCEPT
        assert rows
        assert shows(rows, "own", WISH)
        assert {other.uid for other in rows if WISH.overlaps(other)} == {"own"}


@pytest.mark.parametrize("looks", [VERDICT_LOOKS, RELEASE_LOOKS])
def test_looks_begin_after_two_seconds_and_become_rarer(looks: tuple[float, ...]) -> None:
    assert looks[0] == 2
    assert all(one < other for one, other in pairwise(looks))
    assert looks[-1] <= 120


# --- Extend and end ---------------------------------------------------------------------------------------------------


def test_the_running_booking_is_found() -> None:
    rows = [row(at(9), at(10)), row(at(10), at(11), "b")]
    assert running(rows, at(9, 59)) == rows[0]
    assert running(rows, at(10)) == rows[1]
    assert running(rows, at(11)) is Refusal.NOTHING_RUNS
    assert running([*rows, row(at(9), at(12), "c")], at(10)) is Refusal.SEVERAL_RUN


@pytest.mark.parametrize(
    ("rows", "length", "expected"),
    [
        ([row(at(9), at(10))], 15, Span(at(10), at(10, 15))),
        ([row(at(9), at(10)), row(at(10, 15), at(11), "b")], 15, Span(at(10), at(10, 15))),
        ([row(at(9), at(10)), row(at(10, 15), at(11), "b")], 16, Refusal.TAKEN),
        ([row(at(9), at(10)), row(at(10), at(11), "b")], 1, Refusal.TAKEN),
        # An own extension is extended; a meeting of somebody else right after it is not
        ([row(at(9), at(10)), row(at(10), at(10, 15), "own")], 15, Span(at(10, 15), at(10, 30))),
        (
            [row(at(9), at(10)), row(at(10), at(10, 15), "own"), row(at(10, 15), at(10, 30), "own-2")],
            15,
            Span(at(10, 30), at(10, 45)),
        ),
        ([row(at(9), at(10)), row(at(10), at(10, 15), "own"), row(at(10, 15), at(11), "b")], 15, Refusal.TAKEN),
        ([row(at(9), at(10)), row(at(10, 5), at(11), "own")], 15, Refusal.TAKEN),  # not adjacent
        ([], 15, Refusal.NOTHING_RUNS),
        ([row(at(9), at(10))], 121, Refusal.TOO_LONG),
    ],
)
def test_a_second_booking_extends_the_first(rows: list[RoomBooking], length: int, expected: Span | Refusal) -> None:
    assert extension(rows, at(9, 30), length * MINUTE, OWN, longest=2 * HOUR) == expected


@pytest.mark.parametrize(
    ("rows", "may_end_others", "expected"),
    [
        ([row(at(9), at(10), "own")], False, [0]),
        ([row(at(9), at(10))], False, Refusal.NOT_OURS),
        ([row(at(9), at(10))], True, [0]),
        ([row(at(9), at(10)), row(at(10), at(11), "own")], True, [0, 1]),
        ([row(at(9), at(10)), row(at(10), at(11), "b")], True, [0]),
        ([row(at(9), at(10)), row(at(11), at(12), "own")], True, [0]),
        ([row(at(10), at(11), "own")], True, Refusal.NOTHING_RUNS),
        ([row(at(9), at(10)), row(at(9), at(11), "own")], True, Refusal.SEVERAL_RUN),
        ([row(at(9), at(10), uid="")], True, Refusal.NOT_IDENTIFIED),
        ([row(at(9), at(10), original_time=None)], True, Refusal.NOT_IDENTIFIED),
    ],
)
def test_ending_ends_the_running_booking_and_its_extensions(
    rows: list[RoomBooking], may_end_others: bool, expected: list[int] | Refusal
) -> None:
    found = to_end(rows, at(9, 30), OWN, OWN, may_end_others=may_end_others)

    assert found == (expected if isinstance(expected, Refusal) else tuple(rows[index] for index in expected))


# --- Release ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "now", "expected"),
    [
        ({}, at(9, 10), None),
        ({}, at(9, 59, 59), None),
        ({}, at(9, 9, 59), Refusal.TOO_EARLY),
        ({}, at(8), Refusal.NOTHING_RUNS),
        ({}, at(10), Refusal.NOTHING_RUNS),
        ({"end": at(13)}, at(9, 10), Refusal.TOO_VALUABLE),
        ({"uid": ""}, at(9, 10), Refusal.NOT_IDENTIFIED),
        ({"original_time": None}, at(9, 10), Refusal.NOT_IDENTIFIED),
    ],
)
def test_a_no_show_is_released_after_a_while(changes: dict[str, Any], now: datetime, expected: Refusal | None) -> None:
    booking = replace(row(at(9), at(10)), **changes)

    assert release_refusal(booking, now, after=10 * MINUTE, exempt_from=4 * HOUR) is expected


BOOKING = row(at(9), at(10))
MOVED = row(at(9), at(10), original_time=unix(at(7)))
WEEK_LATER = row(at(9, day=7), at(10, day=7))
OTHER_EVENT = row(at(9, day=7), at(10, day=7), "b")


@pytest.mark.parametrize(
    ("booking", "around", "is_recurring", "expected"),
    [
        (BOOKING, [BOOKING], None, Kind.UNKNOWN),
        (BOOKING, [BOOKING, OTHER_EVENT], None, Kind.UNKNOWN),
        (BOOKING, [BOOKING, WEEK_LATER], None, Kind.SERIES),
        (BOOKING, [BOOKING, WEEK_LATER], False, Kind.SERIES),
        (BOOKING, [BOOKING], True, Kind.SERIES),
        (BOOKING, [BOOKING], False, Kind.SINGLE),
        (MOVED, [MOVED], None, Kind.SERIES),
        (MOVED, [MOVED], False, Kind.SERIES),
    ],
)
def test_signs_of_a_series(
    booking: RoomBooking, around: list[RoomBooking], is_recurring: bool | None, expected: Kind
) -> None:
    assert kind_of(booking, around, is_recurring=is_recurring) is expected


@pytest.mark.parametrize(
    ("booking", "kind", "first", "second"),
    [
        (BOOKING, Kind.SINGLE, 0, unix(at(9))),
        (BOOKING, Kind.SERIES, unix(at(9)), None),
        (BOOKING, Kind.UNKNOWN, unix(at(9)), 0),
        (MOVED, Kind.SERIES, unix(at(7)), None),
    ],
)
def test_both_readings_of_the_original_time(booking: RoomBooking, kind: Kind, first: int, second: int | None) -> None:
    assert first_ref(booking, kind) == EventRef("a", first)
    assert second_ref(booking, kind, [booking]) == (None if second is None else EventRef("a", second))


@pytest.mark.parametrize("again", [[], [WEEK_LATER], [replace(BOOKING, end=at(9, 30))], [BOOKING, WEEK_LATER]])
def test_no_zero_after_the_booking_changed_or_another_instance_showed(again: list[RoomBooking]) -> None:
    assert second_ref(BOOKING, Kind.UNKNOWN, again) is None


def test_no_zero_after_an_accident() -> None:
    assert second_ref(BOOKING, Kind.UNKNOWN, [BOOKING], may_send_zero=False) is None


@given(
    original_time=st.sampled_from([0, unix(at(7))]),
    others=st.lists(st.integers(1, 60), max_size=3),
    is_recurring=st.none() | st.booleans(),
    gone=st.booleans(),
)
def test_zero_never_names_a_row_with_a_sign_of_a_series(
    original_time: int, others: list[int], is_recurring: bool | None, gone: bool
) -> None:
    booking = row(at(9), at(10), original_time=original_time)
    around = [booking, *(row(at(9, day=day), at(10, day=day)) for day in others)]
    kind = kind_of(booking, around, is_recurring=is_recurring)

    refs = [first_ref(booking, kind), second_ref(booking, kind, around[1:] if gone else around)]

    if EventRef("a", 0) in refs:
        assert not others
        assert not original_time
        assert is_recurring is not True


@pytest.mark.parametrize(
    ("before", "after", "is_last", "expected"),
    [
        ([BOOKING], [], False, ReleaseResult.DONE),
        ([BOOKING], [replace(BOOKING, end=at(9, 30))], False, ReleaseResult.DONE),
        ([BOOKING, WEEK_LATER], [WEEK_LATER], False, ReleaseResult.DONE),
        ([BOOKING, OTHER_EVENT], [], False, ReleaseResult.DONE),  # it is another event
        ([BOOKING], [BOOKING], False, ReleaseResult.WAIT),
        ([BOOKING], None, False, ReleaseResult.WAIT),
        ([BOOKING], [BOOKING], True, ReleaseResult.NOT_CONFIRMED),
        ([BOOKING], None, True, ReleaseResult.NOT_CONFIRMED),
        ([BOOKING, WEEK_LATER], [], False, ReleaseResult.SERIES_RELEASED),
        ([BOOKING, WEEK_LATER], [BOOKING], True, ReleaseResult.SERIES_RELEASED),
    ],
)
def test_a_release_is_judged_by_what_the_room_shows(
    before: list[RoomBooking], after: list[RoomBooking] | None, is_last: bool, expected: ReleaseResult
) -> None:
    assert judge_release(BOOKING, before, after, at(9, 30), is_last=is_last) is expected


def test_a_series_that_was_released_shows_after_a_start() -> None:
    others = (WEEK_LATER.start,)
    release = PendingRelease("r", EventRef("a"), InstanceReply.NOT_CHECK_IN, BOOKING.start, BOOKING.end, others)

    assert not series_was_released(release, [WEEK_LATER])
    assert series_was_released(release, [OTHER_EVENT])
    assert not series_was_released(replace(release, others=()), [])


# --- Own bookings -----------------------------------------------------------------------------------------------------

BEGUN = OwnBooking("key", "omm_1", at(10), at(11), Stage.CREATING, "primary")


@pytest.mark.parametrize(
    ("stage", "event_id", "now", "expected"),
    [
        (Stage.CREATING, "", at(9), Recovery.FIND),
        (Stage.CREATING, "", at(10, 30), Recovery.FIND),
        (Stage.CREATING, "", at(11), Recovery.FORGET),
        (Stage.INVITING, "own_0", at(9), Recovery.DELETE),
        (Stage.INVITING, "own_0", at(20), Recovery.DELETE),
        (Stage.WAITING, "own_0", at(9), Recovery.KEEP),
        (Stage.WAITING, "own_0", at(11, day=3), Recovery.KEEP),
        (Stage.CONFIRMED, "own_0", at(9), Recovery.KEEP),
        (Stage.CONFIRMED, "own_0", at(10, 59, day=1), Recovery.KEEP),
        (Stage.CONFIRMED, "own_0", at(11, day=1), Recovery.FORGET),
        (Stage.ENDING, "own_0", at(10, 30), Recovery.DELETE),
        (Stage.DELETING, "own_0", at(10, 30), Recovery.DELETE),
        (Stage.DELETING, "", at(10, 30), Recovery.FIND),
    ],
)
def test_what_a_crash_leaves_is_kept_or_undone(stage: Stage, event_id: str, now: datetime, expected: Recovery) -> None:
    assert recovery(BEGUN.at(stage, event_id), now) is expected


def test_a_booking_keeps_its_event_over_the_stages() -> None:
    booking = BEGUN.at(Stage.INVITING, "b5-2_0").at(Stage.CONFIRMED)

    assert (BEGUN.uid, booking.uid, booking.event_id) == ("", "b5-2", "b5-2_0")
