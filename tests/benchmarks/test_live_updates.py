import pytest

from benchmarks.bookings import Habits, office_month
from benchmarks.lateness import BUDGET, CHOSEN, OFFICE_DAYS, Scenario, simulate
from benchmarks.live_updates import PLATFORMS, Month, Platform, study

pytestmark = pytest.mark.prove

SCENARIO = Scenario(20, 20)


def test_the_simulation_is_reproducible() -> None:
    assert study(SCENARIO, PLATFORMS[2]) == study(SCENARIO, PLATFORMS[2])


def test_without_events_everything_is_as_without_live_updates() -> None:
    office = office_month(20, OFFICE_DAYS, Habits())
    assert Month(office, 20, Platform("none", loss=1.0), seed=1).run() == simulate(office, CHOSEN, 20)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_no_platform_costs_more_or_is_later_than_polls_alone(platform: Platform) -> None:
    off, on = study(SCENARIO, None), study(SCENARIO, platform)
    assert on.calls <= BUDGET
    assert on.late <= off.late
    assert on.very_late <= off.very_late
    assert on.wrong <= off.wrong


def test_targets_with_all_events() -> None:
    small = study(SCENARIO, PLATFORMS[0])
    assert small.late <= 4
    assert small.very_late <= 8
    assert small.trusted > 0.9
