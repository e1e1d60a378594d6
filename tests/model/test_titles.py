"""Which titles are read, and for how long they count."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.feishu_freebusy.feishu.models import EventRef, RoomBooking
from custom_components.feishu_freebusy.model.schedule import Block
from custom_components.feishu_freebusy.model.titles import Label, Titles
from tests.conftest import at

RETRO = RoomBooking(at(10), at(11), "a", 0, "Chen Wei", has_organizer=True)
PRIVATE = RoomBooking(at(10), at(11), "b", 0)
NOW = at(9)
MINUTE = timedelta(minutes=1)


def read(told: dict[EventRef, str]) -> Titles:
    """Return what is known after one call."""
    titles = Titles()
    titles.take([RETRO], titles.wanted([RETRO], NOW), told, NOW)
    return titles


@pytest.mark.parametrize(
    ("booking", "is_wanted"),
    [
        (RETRO, True),
        (PRIVATE, False),
        (replace(RETRO, organizer=""), True),  # of an app
        (replace(RETRO, uid=""), False),
        (replace(RETRO, original_time=None), False),
        (replace(RETRO, start=at(7), end=at(9)), False),  # over
        (replace(RETRO, start=at(7), end=at(9, 1)), True),  # running
        (replace(RETRO, start=at(8, 59, day=1), end=at(10, day=1)), True),
        (replace(RETRO, start=at(9, day=1), end=at(10, day=1)), False),
    ],
)
def test_titles_of_the_next_day_are_wanted_unless_private(booking: RoomBooking, is_wanted: bool) -> None:
    assert bool(Titles().wanted([booking], NOW)) is is_wanted


def test_an_event_is_asked_for_once() -> None:
    later = replace(RETRO, start=at(12), end=at(13))
    moved = replace(RETRO, original_time=7)

    assert Titles().wanted([RETRO, later, moved], NOW) == (EventRef("a"), EventRef("a", 7))


def test_a_title_is_read_again_after_15_minutes_and_counts_for_4_hours() -> None:
    titles = read({EventRef("a"): "Retro"})

    assert titles.title_of(RETRO, NOW) == "Retro"
    assert titles.wanted([RETRO], NOW + 14 * MINUTE) == ()
    assert titles.wanted([RETRO], NOW + 15 * MINUTE) == (EventRef("a"),)
    assert titles.title_of(RETRO, NOW + 239 * MINUTE) == "Retro"
    assert titles.title_of(RETRO, NOW + 240 * MINUTE) == ""


def test_an_event_that_feishu_does_not_tell_is_asked_for_again_after_an_hour() -> None:
    titles = read({})

    assert titles.title_of(RETRO, NOW) == ""
    assert titles.wanted([RETRO], NOW + 59 * MINUTE) == ()
    assert titles.wanted([RETRO], NOW + 60 * MINUTE) == (EventRef("a"),)


def test_a_moved_booking_is_asked_for_again() -> None:
    moved = replace(RETRO, start=at(12), end=at(13))
    titles = read({EventRef("a"): "Retro"})

    assert titles.title_of(moved, NOW) == ""
    assert titles.wanted([moved], NOW) == (EventRef("a"),)


def test_an_empty_title_is_not_asked_for_again() -> None:
    titles = read({EventRef("a"): ""})

    assert titles.title_of(RETRO, NOW) == ""
    assert titles.wanted([RETRO], NOW) == ()


def test_a_booking_that_turned_private_has_no_title() -> None:
    titles = read({EventRef("a"): "Retro"})

    assert titles.title_of(replace(RETRO, organizer="", has_organizer=False), NOW) == ""


def test_titles_count_from_their_read_if_the_clock_is_set_back() -> None:
    assert read({EventRef("a"): "Retro"}).wanted([RETRO], NOW - MINUTE) == (EventRef("a"),)


def test_old_titles_are_forgotten() -> None:
    titles = read({EventRef("a"): "Retro"})

    titles.take([], [], {}, NOW + 240 * MINUTE)

    assert repr(titles) == "<Titles of 0 bookings>"


def test_no_repr_has_a_title() -> None:
    titles = read({EventRef("a"): "Retro"})

    labels = titles.labels_of([RETRO], NOW)
    assert labels.by_times == {Block(at(10), at(11)): Label("Retro", "Chen Wei")}
    for name in ("Retro", "Chen Wei"):
        assert name not in f"{titles!r} {titles._known!r} {labels!r}"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([RETRO], [Label("Retro", "Chen Wei")]),
        ([PRIVATE], []),
        ([RETRO, PRIVATE], []),  # at the same time
        ([RETRO, replace(PRIVATE, start=at(9, 30))], [Label("Retro", "Chen Wei")]),
        ([replace(RETRO, organizer="")], [Label("Retro")]),
        ([replace(RETRO, uid="", organizer="")], []),
        ([replace(RETRO, original_time=None)], [Label(organizer="Chen Wei")]),
    ],
)
def test_a_booking_has_a_label_unless_it_is_private_or_not_alone_at_its_time(
    rows: list[RoomBooking], expected: list[Label]
) -> None:
    labels = read({EventRef("a"): "Retro"}).labels_of(rows, NOW)

    assert list(labels.by_times.values()) == expected
    assert labels.times == {Block(row.start, row.end) for row in rows}


@pytest.mark.parametrize(("minutes", "counts"), [(-1, False), (0, True), (239, True), (240, False)])
def test_labels_count_for_4_hours(minutes: int, counts: bool) -> None:
    assert Titles().labels_of([], NOW).counts(NOW + minutes * MINUTE) is counts
