"""Which bookings come near, and when: against a simple replay of the seconds."""

from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.model.schedule import Block
from custom_components.feishu_freebusy.model.soon import Edge, SoonWatch, soon_between
from tests.conftest import at

MINUTE = timedelta(minutes=1)
NOW = at(10)
MEETING = Block(at(11), at(11, 30))


@pytest.mark.parametrize(
    ("edge", "offset", "expected"),
    [
        (Edge.START, 5, (at(10, 55), at(11))),
        (Edge.START, 0, (at(11), at(11, 1))),
        (Edge.END, 5, (at(11, 25), at(11, 30))),
        (Edge.END, 45, (at(11), at(11, 30))),
        (Edge.END, 0, (at(11, 30), at(11, 31))),
    ],
)
def test_an_end_of_a_booking_is_near_for_the_offset(edge: Edge, offset: int, expected: object) -> None:
    assert soon_between(MEETING, edge, offset * MINUTE) == expected


def test_the_first_look_and_the_first_after_an_outage_return_nothing() -> None:
    watch = SoonWatch(Edge.START, 5 * MINUTE)

    assert watch.look([MEETING], at(10, 56)) == ()
    assert watch.look(None, at(10, 57)) == ()
    assert watch.look([MEETING], at(10, 58)) == ()


def test_a_booking_that_replaces_a_near_one_does_not_count() -> None:
    watch = SoonWatch(Edge.START, 5 * MINUTE)
    moved, other = Block(at(10, 59), at(11, 30)), Block(at(10, 58), at(10, 59))
    watch.look([MEETING], NOW)

    assert watch.look([MEETING], at(10, 55)) == (MEETING,)
    assert watch.look([moved], at(10, 56)) == ()
    assert watch.look([moved, other], at(10, 57)) == (other,)


def test_a_near_booking_that_is_over_replaces_nothing() -> None:
    watch = SoonWatch(Edge.END, 5 * MINUTE)
    watch.look([MEETING], NOW)
    later = Block(at(11, 30), at(11, 50))

    assert watch.look([MEETING, later], at(11, 25)) == (MEETING,)
    assert watch.look([later], at(11, 46)) == (later,)  # without the row of the past


BOOKINGS = st.sets(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(
        lambda each: Block(NOW + each[0] * MINUTE, NOW + sum(each) * MINUTE)
    ),
    max_size=6,
)


@given(BOOKINGS, st.sampled_from(Edge), st.integers(0, 15))
def test_each_booking_comes_near_once_at_its_instant(bookings: set[Block], edge: Edge, offset: int) -> None:
    watch, now = SoonWatch(edge, offset * MINUTE), NOW - 30 * MINUTE
    found: list[tuple[object, Block]] = []
    assert watch.look(bookings, now) == ()

    while next_look := watch.next_look(bookings, now):
        now = next_look
        found += [(now, booking) for booking in watch.look(bookings, now)]

    expected = []
    for each in bookings:
        before_end = max(each.end - offset * MINUTE, each.start)
        expected.append((each.start - offset * MINUTE if edge is Edge.START else before_end, each))
    assert sorted(found, key=str) == sorted(expected, key=str)
