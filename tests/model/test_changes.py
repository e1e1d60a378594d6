"""What happened to bookings between two answers, by examples and against a brute-force search."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched, combinations, permutations, product
from math import inf

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RsvpStatus, SubjectKind
from custom_components.feishu_freebusy.model import changes as changes_module
from custom_components.feishu_freebusy.model.changes import Change, ChangeKind, changes_between
from custom_components.feishu_freebusy.model.subject import Reading
from tests.conftest import at

ROOM = SubjectKind.ROOM
MINUTE = timedelta(minutes=1)
NOW = at(10)
DAY = timedelta(days=1)


def span(text: str) -> tuple[datetime, datetime]:
    """Return the start and the end of "10:00-11:30"."""
    start, end = ((int(hour), int(minute)) for hour, minute in (part.split(":") for part in text.split("-")))
    return at(*start), at(*end)


def reading(*rows: str | BusyPeriod, read_at: datetime = NOW, rsvp: RsvpStatus | None = RsvpStatus.ACCEPT) -> Reading:
    """Return an answer with these rows."""
    periods = tuple(row if isinstance(row, BusyPeriod) else BusyPeriod(*span(row), rsvp) for row in rows)
    return Reading(periods, read_at - DAY, read_at + 7 * DAY, read_at, read_at + 10 * MINUTE)


def before(*rows: str | BusyPeriod, rsvp: RsvpStatus | None = RsvpStatus.ACCEPT) -> Reading:
    """Return an answer with these rows, a minute ago."""
    return reading(*rows, read_at=NOW - MINUTE, rsvp=rsvp)


def told(first: Reading, second: Reading, **options: bool) -> list[str]:
    """Return the changes between two answers as text: the kind, the new and the previous times."""
    return [shown(change) for change in changes_between(first, second, kind=ROOM, **options)]


def shown(change: Change) -> str:
    def clock(instant: datetime | None) -> str:
        return f"{instant:%H:%M}" if instant else "?"

    new = f"{clock(change.start)}-{clock(change.end)}".replace("?-?", "")
    old = f"{clock(change.previous_start)}-{clock(change.previous_end)}".replace("?-?", "")
    return " ".join(filter(None, (change.kind, new, old and f"({old})")))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "11:00-12:00", "made 11:00-12:00"),
        ("", "09:30-10:30", "made 09:30-10:30"),
        ("11:00-12:00", "", "canceled (11:00-12:00)"),
        ("11:00-12:00", "11:00-12:30", "extended 11:00-12:30 (11:00-12:00)"),
        ("11:00-12:00", "11:00-11:30", "shortened 11:00-11:30 (11:00-12:00)"),
        ("11:00-12:00", "14:00-15:00", "moved 14:00-15:00 (11:00-12:00)"),
        ("11:00-12:00", "11:30-13:00", "moved 11:30-13:00 (11:00-12:00)"),
        ("11:00-12:00", "10:30-12:00", "moved 10:30-12:00 (11:00-12:00)"),
        ("11:00-12:00", "14:00-14:30", "canceled (11:00-12:00), made 14:00-14:30"),
        ("09:30-10:30", "", "ended_early (09:30-10:30)"),
        ("09:30-10:30", "09:30-10:00", "ended_early 09:30-10:00 (09:30-10:30)"),
        ("09:30-10:30", "09:30-10:15", "shortened 09:30-10:15 (09:30-10:30)"),
        ("09:30-10:30", "09:30-11:00", "extended 09:30-11:00 (09:30-10:30)"),
        ("09:30-10:30", "09:45-10:45", "moved 09:45-10:45 (09:30-10:30)"),
        ("09:30-10:30", "14:00-15:00", "ended_early (09:30-10:30), made 14:00-15:00"),
        ("10:00-10:30", "", "ended_early (10:00-10:30)"),
        ("10:01-10:31", "", "canceled (10:01-10:31)"),
        ("09:00-10:00", "09:00-10:30", "extended 09:00-10:30 (09:00-10:00)"),  # while it ended
        ("09:00-10:00", "", ""),
        ("09:00-10:00", "09:00-09:30", ""),
        ("09:00-10:00", "09:30-11:00", "made 09:30-11:00"),
        ("", "09:00-10:00", ""),
    ],
)
def test_a_change_is_told_with_its_new_and_previous_times(old: str, new: str, expected: str) -> None:
    assert ", ".join(told(before(*old.split()), reading(*new.split()))) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Touching
        ("11:00-12:00", "11:00-12:00 12:00-13:00", "made 12:00-13:00"),
        ("11:00-12:00 12:00-13:00", "12:00-13:00", "canceled (11:00-12:00)"),
        ("11:00-12:00 12:00-13:00", "11:00-12:30 12:30-13:00",
         "extended 11:00-12:30 (11:00-12:00), moved 12:30-13:00 (12:00-13:00)"),
        # Overlapping
        ("11:00-12:00 11:30-12:30", "11:30-12:30", "canceled (11:00-12:00)"),
        ("11:00-12:00 11:00-12:30", "11:00-12:00", "canceled (11:00-12:30)"),
        ("11:00-12:00 11:00-13:00", "11:00-13:10", "extended 11:00-13:10 (11:00-13:00), canceled (11:00-12:00)"),
        # The most similar one is the same booking
        ("11:00-12:00", "11:40-12:40 11:10-12:10", "moved 11:10-12:10 (11:00-12:00), made 11:40-12:40"),
        ("11:00-12:00", "16:00-17:00 14:00-15:00", "moved 14:00-15:00 (11:00-12:00), made 16:00-17:00"),
        ("11:00-12:00 13:00-14:00", "15:00-16:00", "canceled (11:00-12:00), moved 15:00-16:00 (13:00-14:00)"),
        # The same booking twice in one answer
        ("", "11:00-12:00 11:00-12:00", "made 11:00-12:00"),
        ("11:00-11:00", "", ""),
    ],
)  # fmt: skip
def test_bookings_that_touch_or_overlap_are_told_apart(old: str, new: str, expected: str) -> None:
    assert sorted(told(before(*old.split()), reading(*new.split()))) == sorted(filter(None, expected.split(", ")))


def test_a_window_that_moves_changes_nothing() -> None:
    rows = (
        BusyPeriod(NOW - 2 * DAY, NOW - DAY + timedelta(minutes=10)),  # leaves
        BusyPeriod(NOW + 6 * DAY, NOW + 8 * DAY),  # is cut by both horizons
    )
    later = NOW + 30 * MINUTE
    first = reading(*rows)
    second = reading(rows[1], BusyPeriod(first.horizon, later + 7 * DAY), read_at=later)
    second = Reading(second.periods, second.window_start, second.horizon, NOW + MINUTE, NOW + 20 * MINUTE)

    assert told(first, second) == []


def test_a_time_outside_the_window_is_not_known() -> None:
    start, end = NOW - 25 * timedelta(hours=1), NOW + 8 * DAY

    (made,) = changes_between(before(), reading(BusyPeriod(start, end)), kind=ROOM)
    (canceled,) = changes_between(before(BusyPeriod(start + 25 * timedelta(hours=2), end)), reading(), kind=ROOM)

    assert made == Change(ChangeKind.MADE)
    assert canceled == Change(ChangeKind.CANCELED, previous_start=start + 25 * timedelta(hours=2))


def test_an_end_beyond_the_known_days_is_told_if_the_answer_has_it() -> None:
    first = reading(read_at=NOW - 30 * MINUTE)
    end = first.horizon + 10 * MINUTE  # known by now
    second = reading(BusyPeriod(first.horizon - 10 * MINUTE, end))
    fresh = Reading((), first.window_start, first.horizon, first.read_at, NOW)

    assert changes_between(fresh, second, kind=ROOM)[0].end == end


def test_nothing_is_told_after_an_outage() -> None:
    first = before("11:00-12:00")

    assert told(first, reading(read_at=first.fresh_until)) == ["canceled (11:00-12:00)"]
    assert told(first, reading(read_at=first.fresh_until + timedelta(seconds=1))) == []


def test_nothing_is_told_if_other_calendars_were_read() -> None:
    second = reading()
    second = Reading((), second.window_start, second.horizon, NOW, NOW, include_external_calendar=False)

    assert told(before("11:00-12:00"), second) == []


@pytest.mark.parametrize(
    ("old", "new", "expected", "counted"),
    [
        (RsvpStatus.NEEDS_ACTION, RsvpStatus.ACCEPT, ["made 11:00-12:00"], []),
        (RsvpStatus.ACCEPT, RsvpStatus.DECLINE, ["canceled (11:00-12:00)"], ["canceled (11:00-12:00)"]),
        (RsvpStatus.ACCEPT, RsvpStatus.NEEDS_ACTION, ["canceled (11:00-12:00)"], []),
        # The other API does not tell requests from bookings
        (RsvpStatus.NEEDS_ACTION, None, [], []),
        (None, RsvpStatus.NEEDS_ACTION, [], []),
        (RsvpStatus.ACCEPT, None, [], []),
        (None, RsvpStatus.TENTATIVE, [], []),
    ],
)
def test_a_reply_of_the_room_makes_or_cancels_a_booking(
    old: RsvpStatus | None, new: RsvpStatus | None, expected: list[str], counted: list[str]
) -> None:
    first, second = before("11:00-12:00", rsvp=old), reading("11:00-12:00", rsvp=new)

    assert told(first, second) == expected
    assert told(first, second, count_pending_as_busy=True) == counted


def test_a_refused_request_is_no_change() -> None:
    first = before("11:00-12:00", rsvp=RsvpStatus.NEEDS_ACTION)

    assert told(first, reading("11:00-12:00", rsvp=RsvpStatus.DECLINE)) == []
    assert told(first, reading()) == []


def test_very_many_differences_are_no_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = before("11:00-12:00"), reading("13:00-14:00")
    assert told(first, second) == ["moved 13:00-14:00 (11:00-12:00)"]

    monkeypatch.setattr(changes_module, "_MOST_PAIRS", 0)

    assert told(first, second) == ["canceled (11:00-12:00)", "made 13:00-14:00"]


# Against a brute-force search. Times are steps of ten minutes from now, in a window of 6 before to 10 after now

FIRST, LAST = -6, 10
STEP = 10 * MINUTE
type Booking = tuple[int, int]
BOOKINGS = st.tuples(st.integers(-8, 12), st.integers(1, 6)).map(lambda each: (each[0], sum(each)))


def as_reading(bookings: Iterable[Booking], read_at: datetime) -> Reading:
    rows = (BusyPeriod(NOW + start * STEP, NOW + end * STEP) for start, end in bookings)
    return Reading(tuple(rows), NOW + FIRST * STEP, NOW + LAST * STEP, read_at, read_at + STEP)


def as_steps(change: Change) -> str:
    """Return a change with its times in steps; a time outside the window is the edge of the window."""

    def times(start: datetime | None, end: datetime | None) -> str:
        first = round((start - NOW) / STEP) if start else FIRST
        last = round((end - NOW) / STEP) if end else LAST
        return f" {first, last}"

    is_gone = change.start is None and change.end is None and change.kind in ("canceled", "ended_early")
    new = "" if is_gone else times(change.start, change.end)
    old = "" if change.kind == "made" else times(change.previous_start, change.previous_end)
    return f"{change.kind}{old}{new}"


def visible(bookings: Iterable[Booking]) -> set[Booking]:
    """Return the part of each booking in the window."""
    return {(max(start, FIRST), min(end, LAST)) for start, end in bookings if start < LAST and end > FIRST}


def order_of(old: Booking, new: Booking) -> tuple[int, int] | None:
    """Return the rank of a pair, None if the two can't be the same booking."""
    if old[0] == new[0]:
        return 0, abs(old[1] - new[1])
    if old[1] <= 0 or new[1] <= 0:
        return None
    if shared := len(set(range(*old)) & set(range(*new))):
        return 1, -shared
    return (2, abs(old[0] - new[0])) if old[0] > 0 and old[1] - old[0] == new[1] - new[0] else None


def best_pairs(gone: list[Booking], made: list[Booking]) -> list[tuple[Booking, Booking]]:
    """Try all ways to pair bookings; return the one whose best pair is best, then its second best pair, and so on."""
    best: list[tuple[float, ...]] = [(inf,)]
    found: list[tuple[Booking, Booking]] = []
    for size in range(1, min(len(gone), len(made)) + 1):
        for some, others in product(combinations(gone, size), permutations(made, size)):
            pairs = list(zip(some, others, strict=True))
            ranks = [order_of(*pair) for pair in pairs]
            keys = [(*rank, *old, *new) for rank, (old, new) in zip(ranks, pairs, strict=True) if rank]
            if len(keys) == size and (ranked := [*sorted(keys), (inf,)]) < best:
                best, found = ranked, pairs
    return found


def expected_changes(old: set[Booking], new: set[Booking]) -> list[str]:
    """Return the expected changes, sorted."""
    gone, made = sorted(old - new), sorted(new - old)
    pairs = best_pairs(gone, made)
    alone = [set(gone) - {first for first, _ in pairs}, set(made) - {second for _, second in pairs}]
    lines = [f"{'canceled' if each[0] > 0 else 'ended_early'} {each}" for each in alone[0] if each[1] > 0]
    lines += [f"made {each}" for each in alone[1] if each[1] > 0]
    for first, second in pairs:
        if first[0] != second[0]:
            kind = "moved"
        elif first[1] < second[1]:
            kind = "extended"
        else:
            kind = "shortened" if second[1] > 0 else "ended_early"
        if first[1] > 0 or second[1] > 0:
            lines.append(f"{kind} {first} {second}")
    return sorted(lines)


@given(st.sets(BOOKINGS, max_size=4), st.sets(BOOKINGS, max_size=4), st.sets(BOOKINGS, max_size=2))
def test_changes_match_a_search_of_all_pairs(old: set[Booking], new: set[Booking], same: set[Booking]) -> None:
    first, second = as_reading(old | same, NOW - MINUTE), as_reading(new | same, NOW)

    found = changes_between(first, second, kind=ROOM)

    assert sorted(map(as_steps, found)) == expected_changes(visible(old | same), visible(new | same))


@given(st.sets(BOOKINGS, max_size=8), st.sets(BOOKINGS, max_size=8))
def test_changes_turn_the_old_bookings_into_the_new_ones(old: set[Booking], new: set[Booking]) -> None:
    bookings = visible(old)

    for change in changes_between(as_reading(old, NOW - MINUTE), as_reading(new, NOW), kind=ROOM):
        kind, *times = as_steps(change).replace("(", "").replace(",", "").replace(")", "").split()
        spans = [(int(start), int(end)) for start, end in batched(times, 2, strict=True)]
        if kind != "made":
            bookings.remove(spans.pop(0))
        bookings.update(spans)

    assert {each for each in bookings if each[1] > 0} == {each for each in visible(new) if each[1] > 0}
