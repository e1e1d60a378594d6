import pytest

from benchmarks.bookings import DAY, HOUR, MINUTE, Habits, Room, Spans, Version, office_month
from benchmarks.lateness import (
    BUDGET,
    CHOSEN,
    FIXED,
    OFFICE_DAYS,
    PLAIN,
    POLICIES,
    Policy,
    Scenario,
    simulate,
    study,
)

pytestmark = pytest.mark.prove

TEN = DAY + 10 * HOUR  # on a Monday
AT_THE_END = Policy("at the end", after_end=(0.0,))


def room(*versions: tuple[float, Spans]) -> list[Room]:
    """Return an office with one room whose bookings of that Monday have these versions."""
    history = [Version(since, busy) for since, busy in versions]
    return [Room({1: history}, [version.since for version in history[1:]])]


def test_the_simulation_is_reproducible() -> None:
    office = office_month(5, OFFICE_DAYS, Habits())
    assert simulate(office, CHOSEN, 1) == simulate(office, CHOSEN, 1)


@pytest.mark.parametrize(("rooms", "rooms_per_call"), [(12, 1), (40, 20)])
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_policy_uses_the_budget_and_never_exceeds_it(policy: Policy, rooms: int, rooms_per_call: int) -> None:
    office = office_month(rooms, OFFICE_DAYS, Habits())
    assert BUDGET * 0.999 <= simulate(office, policy, rooms_per_call).calls <= BUDGET


def test_reads_at_edges_make_the_interval_longer() -> None:
    fixed, plain, chosen = (study(Scenario(12, 1), policy, Habits()).interval for policy in (FIXED, PLAIN, CHOSEN))
    assert plain < chosen < fixed


def test_a_meeting_booked_at_the_door_is_wrong_until_seen() -> None:
    outcome = simulate(room((-1.0, ()), (TEN, ((TEN, TEN + HOUR),))), PLAIN, 1)
    (late,) = outcome.lateness
    assert 0 < late <= outcome.intervals[0]
    assert (outcome.shown_free, outcome.shown_busy) == (late, 0)


def test_a_cancellation_seen_before_the_start_is_never_wrong() -> None:
    outcome = simulate(room((-1.0, ((TEN, TEN + HOUR),)), (TEN - 2 * HOUR, ())), PLAIN, 1)
    assert len(outcome.lateness) == 1
    assert (outcome.shown_free, outcome.shown_busy) == (0, 0)


def test_an_early_end_is_shown_busy_until_seen() -> None:
    ended = TEN + 30 * MINUTE
    outcome = simulate(room((-1.0, ((TEN, TEN + HOUR),)), (ended, ((TEN, ended),))), PLAIN, 1)
    assert (outcome.shown_free, [outcome.shown_busy]) == (0, outcome.lateness)


@pytest.mark.parametrize(("policy", "false_flips"), [(CHOSEN, 0), (AT_THE_END, 1)])
def test_an_extension_is_seen_in_time_by_a_read_before_the_end(policy: Policy, false_flips: int) -> None:
    end = TEN + HOUR
    extended = room((-1.0, ((TEN, end),)), (end - 11, ((TEN, end + HOUR),)))
    assert simulate(extended, policy, 1, budget=2500).false_flips == false_flips


def test_changes_at_night_do_not_count() -> None:
    outcome = simulate(room((-1.0, ()), (DAY + 6 * HOUR, ((TEN, TEN + HOUR),))), PLAIN, 1)
    assert outcome.lateness == []


def test_with_few_calls_there_are_no_reads_at_edges() -> None:
    office = office_month(200, OFFICE_DAYS, Habits())
    assert simulate(office, CHOSEN, 1) == simulate(office, PLAIN, 1)
