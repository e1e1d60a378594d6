"""The soak finds what is broken on purpose in three simulated days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.soak import plan as plans, sabotages as broken
from tests.soak.plan import Plan
from tests.soak.plugin import Live
from tests.soak.report import failures

pytest_plugins = ["tests.soak.plugin"]
pytestmark = pytest.mark.prove

PLAN = Plan(days=3, rooms=6, seed=1, people=2, troubles_a_day=6, pace=6)
BUSY_HOUSE = replace(PLAN, pace=60)  # others are there for hours, and zones for a day
BY_LIST = replace(PLAN, source="auto")  # one room a call, which alone tells of answers to an invitation
NO_ROOM_API = replace(PLAN, world=plans.NO_ROOM_API, edits_a_day=20, pace=2)  # bookings vanish often
NO_BUDGET = replace(PLAN, world=plans.NO_BUDGET, start=date(2026, 1, 5))  # a Monday
CLOCK_OFF = replace(PLAN, world=plans.CLOCK_OFF)
GONE_LOOK_FREE = replace(BUSY_HOUSE, world=plans.GONE_LOOK_FREE, start=date(2026, 1, 5))  # a Monday
TWO_APPS = replace(BUSY_HOUSE, world=plans.TWO_APPS)  # rooms are closed often
MANY_CALLS = replace(BY_LIST, days=1, rooms=60)

FALSE_FREE = "times shown free while not known to be free"
NOT_SHOWN = "state: unavailable, expected"
MISMATCH = "omm_"
DROPS = "changes to or from unavailable"
IDLE = "state writes without a change"
LEFT = "left behind: "


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Tell the test kit that a test may leave timers."""
    return True


@pytest.fixture
def expected_lingering_tasks() -> bool:
    """Tell it that it may leave tasks, too."""
    return True


@pytest.mark.parametrize(
    ("sabotage", "found", "plan"),
    [
        (broken.read_no_status_between_scans, NOT_SHOWN, PLAN),
        (broken.show_closed_rooms_between_scans, FALSE_FREE, BUSY_HOUSE),
        (broken.trust_a_status_for_ever, FALSE_FREE, NO_ROOM_API),
        (broken.show_an_answer_that_lost_a_booking_unchecked, FALSE_FREE, NO_ROOM_API),
        (broken.hold_a_reading_all_day, FALSE_FREE, NO_BUDGET),
        (broken.believe_the_clock_of_the_machine, FALSE_FREE, CLOCK_OFF),
        (broken.believe_the_app_that_read_last, FALSE_FREE, TWO_APPS),
        (broken.show_rooms_that_are_gone, FALSE_FREE, GONE_LOOK_FREE),
        (broken.forget_a_block, FALSE_FREE, PLAN),
        (broken.end_a_second_late, "state: on, expected off", PLAN),
        (broken.be_free_while_busy, FALSE_FREE, PLAN),
        (broken.be_free_while_busy, "changes between busy and free", PLAN),
        (broken.be_off_between_meetings, "bookings: ", PLAN),
        (broken.want_longer_gaps, "next_free: ", PLAN),
        (broken.count_what_was_declined, MISMATCH, BY_LIST),
        (broken.count_what_is_pending, MISMATCH, BY_LIST),
        (broken.leave_people_free_until_they_answer, FALSE_FREE, PLAN),
        (broken.ignore_that_rooms_are_disabled, FALSE_FREE, PLAN),
        (broken.list_other_bookings, "bookings: ", PLAN),
        (broken.leave_the_number_of_free_rooms, "free rooms, expected", PLAN),
        (broken.put_the_last_event_first, "calendar: ", PLAN),
        (broken.hold_twice_as_long, FALSE_FREE, PLAN),
        (broken.hold_anew_after_a_restart, FALSE_FREE, BUSY_HOUSE),
        (broken.be_free_in_an_outage, FALSE_FREE, PLAN),
        (broken.be_unavailable_at_the_first_failure, MISMATCH, PLAN),
        (broken.flicker_at_each_answer, DROPS, PLAN),
        (broken.ask_half_as_often, FALSE_FREE, PLAN),
        (broken.ask_as_fast_as_it_goes, "calls over a rate limit", MANY_CALLS),
        (broken.arm_no_timer_after_the_first, FALSE_FREE, PLAN),
        (broken.write_a_room_at_each_tick, IDLE, PLAN),
        (broken.write_a_sensor_at_each_tick, IDLE, PLAN),
        (broken.write_a_calendar_at_each_tick, IDLE, PLAN),
        (broken.say_when_it_was_read, "is written with {'read_at'}", PLAN),
        (broken.log_each_failure, "log lines about failures", PLAN),
        (broken.stay_in_the_zone, MISMATCH, BUSY_HOUSE),
        (broken.leave_rooms_as_they_were, "entity: ", BUSY_HOUSE),
        (broken.reload_for_options, "options were not applied in place", BUSY_HOUSE),
        (broken.leave_the_timer, f"{LEFT}timer of ", PLAN),
        (broken.start_timers_for_ever, "timers grew", PLAN),
        (broken.start_tasks_for_ever, "tasks grew", PLAN),
        (broken.keep_objects, "objects grew", PLAN),
        (broken.listen_for_ever, "listeners of ", BUSY_HOUSE),
    ],
)
async def test_it_is_found(
    live: Live, monkeypatch: pytest.MonkeyPatch, sabotage: Callable[[pytest.MonkeyPatch], None], found: str, plan: Plan
) -> None:
    sabotage(monkeypatch)

    tally = await live(plan)

    assert [what for what in failures(tally) if found in what]


@pytest.mark.parametrize(
    "plan",
    [PLAN, BUSY_HOUSE, BY_LIST, MANY_CALLS, NO_ROOM_API, NO_BUDGET, CLOCK_OFF, GONE_LOOK_FREE, TWO_APPS],
)
async def test_nothing_is_found_where_nothing_is_broken(live: Live, plan: Plan) -> None:
    found = failures(await live(plan))

    assert found == [], "\n".join(found)
