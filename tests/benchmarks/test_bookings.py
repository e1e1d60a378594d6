from itertools import pairwise

from benchmarks.bookings import DAY, HOUR, Habits, Room, office_month

QUIET = Habits(same_day=0, ad_hoc=0, canceled=0, moved=0, no_shows=0, extended=0, ended_early=0)
DAYS = [1, 2, 3]


def last_day(office: list[Room]) -> list[tuple[float, float]]:
    return [span for room in office for span in room.days[3][-1].busy]


def test_the_same_seed_gives_the_same_office() -> None:
    assert office_month(3, DAYS, Habits()) == office_month(3, DAYS, Habits())
    assert office_month(3, DAYS, Habits()) != office_month(3, DAYS, Habits(), seed=2)


def test_bookings_are_merged_and_within_their_day() -> None:
    for room in office_month(20, DAYS, Habits()):
        for day, versions in room.days.items():
            for version in versions:
                assert all(earlier[1] < later[0] for earlier, later in pairwise(version.busy))
                assert all(9 * HOUR <= start - day * DAY < end - day * DAY <= 18 * HOUR for start, end in version.busy)


def test_each_recorded_change_changes_the_bookings() -> None:
    for room in office_month(20, DAYS, Habits()):
        versions = [version for versions in room.days.values() for version in versions[1:]]
        assert room.changes == sorted(version.since for version in versions)
        for history in room.days.values():
            assert all(one.since < other.since and one.busy != other.busy for one, other in pairwise(history))


def test_without_changes_bookings_are_only_added() -> None:
    for room in office_month(20, [10], QUIET):
        for earlier, later in pairwise(room.days[10]):
            assert all(any(new[0] <= old[0] and old[1] <= new[1] for new in later.busy) for old in earlier.busy)


def test_ad_hoc_meetings_are_booked_on_their_day() -> None:
    ad_hoc = office_month(20, [10], Habits(same_day=0, ad_hoc=1))
    assert all(8.5 * HOUR < at - 10 * DAY < 18 * HOUR for room in ad_hoc for at in room.changes)
    assert all(room.days[10][0].busy == () for room in ad_hoc)


def test_no_shows_are_released() -> None:
    habits = Habits(same_day=0, ad_hoc=0, canceled=0, moved=0, no_shows=1, released_after=10)
    lengths = [end - start for start, end in last_day(office_month(20, DAYS, habits))]
    assert lengths
    assert all(570 <= length <= 630 for length in lengths)
