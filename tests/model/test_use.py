"""How a room is used, by its bookings and its sensors: against a replay of the minutes, and case by case."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.model.schedule import Block, DisabledPeriod
from custom_components.feishu_freebusy.model.use import (
    HOLD,
    MARGIN,
    History,
    Seen,
    Use,
    booking_at,
    next_use_change,
    together,
    use_at,
)
from tests.conftest import at

MINUTE = timedelta(minutes=1)
AFTER = 10 * MINUTE
MEETING = Block(at(11), at(12))
YES, NO, UNKNOWN = True, False, None


def seen(*changes: tuple[datetime, bool | None], first: bool | None = NO) -> History:
    """Return the history of a room whose sensors were known from 9:00 on."""
    history = History(Seen(at(9), first))
    for when, occupied in changes:
        history.note(when, occupied)
    return history


def use(now: datetime, history: History, *bookings: Block, disabled: DisabledPeriod | None = None) -> Use | None:
    return use_at(now, bookings or (MEETING,), history, disabled=disabled, no_show_after=AFTER)


# Several sensors


@pytest.mark.parametrize(
    ("sensors", "expected"),
    [
        ([], Seen(at(12), UNKNOWN)),
        ([(9, NO), (10, NO)], Seen(at(10), NO)),
        ([(9, YES), (10, YES), (11, NO)], Seen(at(9), YES)),
        ([(9, UNKNOWN), (10, YES)], Seen(at(10), YES)),
        ([(9, UNKNOWN), (10, NO)], Seen(at(12), UNKNOWN)),
    ],
)
def test_one_that_is_on_is_enough_and_empty_needs_all(sensors: list[tuple[int, bool | None]], expected: Seen) -> None:
    assert together([Seen(at(hour), occupied) for hour, occupied in sensors], at(12)) == expected


# A booking


def test_a_booking_nobody_comes_to_is_a_no_show_to_the_second() -> None:
    history = seen()

    assert use(at(10, 59, 59), history) is Use.FREE
    assert use(at(11), history) is Use.BOOKED
    assert use(at(11, 9, 59), history) is Use.BOOKED
    assert use(at(11, 10), history) is Use.NO_SHOW
    assert use(at(12), history) is Use.FREE


def test_a_booking_that_was_used_is_never_a_no_show() -> None:
    history = seen((at(11, 5), YES), (at(11, 6), NO))

    assert use(at(11, 7), history) is Use.IN_USE
    assert use(at(11, 8), history) is Use.BOOKED
    assert use(at(11, 59), history) is Use.BOOKED


def test_people_who_come_after_a_no_show_use_the_room() -> None:
    assert use(at(11, 30), seen((at(11, 20), YES))) is Use.IN_USE


@pytest.mark.parametrize("gap", [(at(11), at(11, 0, 1)), (at(11, 5), at(11, 6)), (at(10, 30), at(11, 0, 1))])
def test_a_gap_in_the_knowledge_since_the_start_means_no_no_show(gap: tuple[datetime, datetime]) -> None:
    history = seen((gap[0], UNKNOWN), (gap[1], NO))

    assert use(at(11, 30), history) is Use.BOOKED


def test_a_gap_before_the_start_does_not_matter() -> None:
    assert use(at(11, 10), seen((at(10), UNKNOWN), (at(11), NO))) is Use.NO_SHOW


def test_sensors_that_come_late_or_die_are_unknown_and_never_empty() -> None:
    assert use(at(11, 20), seen(first=UNKNOWN)) is None
    assert use(at(11, 20), seen((at(11, 20), NO), first=UNKNOWN)) is Use.BOOKED
    assert use(at(11, 20), seen((at(11, 5), YES), (at(11, 20), UNKNOWN))) is None
    assert use(at(10), seen((at(9, 30), UNKNOWN))) is None


def test_a_sensor_that_flaps_leaves_the_room_in_use() -> None:
    history = seen()
    for minute in range(0, 60, 2):
        history.note(at(11, minute), YES)
        assert use(at(11, minute, 1), history) is Use.IN_USE
        history.note(at(11, minute, 2), NO)
        assert use(at(11, minute + 1, 59), history) is Use.IN_USE


def test_a_sensor_that_flaps_for_days_does_not_fill_the_memory() -> None:
    history = seen()
    for second in range(20_000):
        history.note(at(10) + second * MINUTE / 60, second % 2 == 0)

    assert len(history._seen) == 1_000


def test_a_day_ago_is_forgotten_but_not_what_still_lasts() -> None:
    history = seen((at(9, 30), YES), (at(9, 40), NO))
    history.note(at(9, 35) + timedelta(days=1), NO)
    assert history.last_occupied(at(9), at(9, 50)) == at(9, 40)
    history.note(at(9, 41) + timedelta(days=1), NO)

    assert history.last_occupied(at(9), at(9, 50)) is None
    assert history.is_empty_since(at(9, 40))


def test_a_clock_that_was_set_back_leaves_the_history_in_order() -> None:
    history = seen((at(10), YES))
    history.note(at(9, 30), NO)

    assert history.last_occupied(at(9), at(10, 1)) == at(10)


# Before, after and between bookings


def test_people_who_come_early_are_there_for_the_booking() -> None:
    assert use(at(10, 45), seen((at(10, 45), YES))) is Use.IN_USE
    assert use(at(10, 45), seen((at(10, 44), YES))) is Use.AD_HOC
    assert use(at(10, 59), seen((at(10, 44), YES))) is Use.AD_HOC
    assert use(at(11, 30), seen((at(10, 45), YES))) is Use.IN_USE


def test_people_who_come_early_and_leave_again_make_a_no_show() -> None:
    history = seen((at(10, 50), YES), (at(11), NO))

    assert use(at(11), history) is Use.BOOKED
    assert use(at(11, 10), history) is Use.NO_SHOW


def test_people_who_stay_late_count_for_a_while_as_those_of_the_booking() -> None:
    history = seen((at(11, 5), YES))

    assert use(at(12, 14, 59), history) is Use.IN_USE
    assert use(at(12, 15), history) is Use.AD_HOC
    assert use(at(12, 1), seen((at(12), YES))) is Use.AD_HOC


def test_people_who_left_before_the_end_are_not_held_beyond_it() -> None:
    assert use(at(12), seen((at(11, 5), YES), (at(11, 59), NO))) is Use.FREE


def test_back_to_back_bookings_are_judged_one_by_one() -> None:
    second = Block(at(12), at(13))
    history = seen((at(11, 5), YES), (at(12), NO))

    assert use(at(11, 59), history, MEETING, second) is Use.IN_USE
    assert use(at(12), history, MEETING, second) is Use.BOOKED
    assert use(at(12, 10), history, MEETING, second) is Use.NO_SHOW
    stay = seen((at(11, 5), YES), (at(12, 3), NO))
    assert use(at(12, 4), stay, MEETING, second) is Use.IN_USE
    assert use(at(12, 20), stay, MEETING, second) is Use.BOOKED


def test_of_overlapping_bookings_the_last_to_start_counts() -> None:
    second = Block(at(11, 30), at(12, 30))
    stay = seen((at(11, 5), YES))

    assert booking_at([second, MEETING], at(11, 40)) == second
    assert use(at(11, 40), stay, MEETING, second) is Use.IN_USE
    left = seen((at(11, 5), YES), (at(11, 20), NO))
    assert use(at(11, 29), left, MEETING, second) is Use.BOOKED
    assert use(at(11, 40), left, MEETING, second) is Use.NO_SHOW


def test_a_closed_room_needs_no_sensor_to_be_out_of_service() -> None:
    closed = DisabledPeriod(at(11), at(12), "Renovation")

    assert use(at(11), seen(first=UNKNOWN), disabled=closed) is Use.OUT_OF_SERVICE
    assert use(at(12), seen(), disabled=closed) is Use.FREE


# Against a replay of the minutes


def replayed(now: int, people: Sequence[bool | None], bookings: Sequence[tuple[int, int]]) -> Use | None:
    """Return the use at a minute by looking at each minute until then."""
    if people[now] is None:
        return None
    running = max((each for each in bookings if each[0] <= now < each[1]), default=None)
    start = running[0] if running else max((end for _, end in bookings if end <= now), default=-999)
    recent = [minute for minute in (now - 1, now - 2) if minute >= 0 and people[minute] and minute + 1 > start]
    if running:
        if people[now] or recent:
            return Use.IN_USE
        nobody = all(people[minute] is False for minute in range(start, now + 1)) if start >= 0 else False
        return Use.NO_SHOW if now - start >= 10 and nobody else Use.BOOKED
    if not people[now] and not recent:
        return Use.FREE
    since = now
    for minute in range(now, -1, -1):
        if people[minute]:
            since = minute
        elif since - minute >= 2 and people[since]:
            break
    late = since < start and now - start < 15
    early = any(begin > now and since < begin <= since + 15 for begin, _ in bookings)
    return Use.IN_USE if late or early else Use.AD_HOC


BOOKINGS = st.lists(
    st.tuples(st.integers(0, 110), st.integers(1, 60)).map(lambda each: (each[0], each[0] + each[1])), max_size=4
)
PEOPLE = st.lists(
    st.tuples(st.sampled_from([YES, NO, NO, UNKNOWN]), st.integers(1, 40)).map(lambda each: [each[0]] * each[1]),
    min_size=12,
).map(lambda runs: [each for run in runs for each in run][:120])


@given(people=PEOPLE, bookings=BOOKINGS)
def test_the_use_is_that_of_a_replay_and_changes_only_when_predicted(
    people: list[bool | None], bookings: list[tuple[int, int]]
) -> None:
    blocks = [Block(at(9) + start * MINUTE, at(9) + end * MINUTE) for start, end in bookings]
    history, before, due = History(Seen(at(9), people[0])), None, None
    for minute, occupied in enumerate(people):
        now = at(9) + minute * MINUTE
        told = occupied is not history.occupied or minute == 0
        history.note(now, occupied)
        found = use_at(now, blocks, history, no_show_after=AFTER)

        assert found is replayed(minute, people, bookings), minute
        assert found is before or told or due == now
        if told or due == now:
            due = next_use_change(now, blocks, history, no_show_after=AFTER)
        before = found


def test_the_next_change_is_none_after_everything() -> None:
    history = seen((at(11), YES), (at(11, 30), NO))
    closed = DisabledPeriod(at(13), at(14), "Renovation")
    forever = DisabledPeriod(at(13), None, "Renovation")

    def following(now: datetime, disabled: DisabledPeriod | None = None) -> datetime | None:
        return next_use_change(now, [MEETING], history, disabled=disabled, no_show_after=AFTER)

    assert following(at(11, 31)) == at(11, 30) + HOLD
    assert following(at(12)) == at(12) + MARGIN
    assert following(at(12, 15)) is None
    assert following(at(12, 15), closed) == at(13)
    assert following(at(13), closed) == at(14)
    assert following(at(13), forever) is None
