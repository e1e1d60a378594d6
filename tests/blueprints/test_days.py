"""Exactly what the blueprints do on days with booking changes, outages, restarts and sensor failures."""

from collections.abc import Awaitable, Callable

import pytest

from tests.blueprints.office import (
    NOBODY,
    SOMEBODY,
    Office,
    logged_warnings,
    use_empty,
    use_light,
    use_nudge,
    use_prepare,
    use_tell,
    use_used,
)
from tests.conftest import at

pytest_plugins = ["tests.clock", "tests.blueprints.office"]

type Step = Callable[[Office], Awaitable[None]]


# The days. By default, the room is booked from 10:10 to 10:30


async def on_time(office: Office) -> None:
    pass


async def ends_early(office: Office) -> None:
    await office.until(10, 20, 30)
    office.move(at(10, 10), at(10, 20))


async def is_extended(office: Office) -> None:
    await office.until(10, 26, 30)
    office.move(at(10, 10), at(10, 50))


async def is_shortened(office: Office) -> None:
    await office.until(10, 20, 30)
    office.move(at(10, 10), at(10, 24))


async def is_moved(office: Office) -> None:
    await office.until(10, 5, 30)
    office.move(at(10, 40), at(11))


async def is_canceled_before(office: Office) -> None:
    await office.until(10, 5, 30)
    office.cancel()


async def is_canceled_during(office: Office) -> None:
    await office.until(10, 15, 30)
    office.cancel()


async def back_to_back(office: Office) -> None:
    office.book(at(10, 30), at(10, 50))


async def outage_over_the_end(office: Office) -> None:
    await office.until(10, 15, 30)
    office.fail()  # unavailable at 10:25
    await office.until(10, 40)
    office.tenant.clear_faults()


async def outage_over_the_start(office: Office) -> None:
    office.move(at(10, 15), at(10, 50))
    await office.until(10, 1, 30)
    office.fail()  # unavailable at 10:11
    await office.until(10, 20)
    office.tenant.clear_faults()


async def outage_over_the_nudge(office: Office) -> None:
    await office.until(10, 10, 30)
    office.fail()  # unavailable at 10:20
    await office.until(10, 27)
    office.tenant.clear_faults()


async def outage_in_it(office: Office) -> None:
    office.move(at(10, 5), at(10, 50))
    await office.until(10, 6, 30)
    office.fail()  # unavailable at 10:16
    await office.until(10, 25)
    office.tenant.clear_faults()


async def outage_of_a_free_room(office: Office) -> None:
    office.cancel()
    await office.until(10, 2, 30)
    office.fail()
    await office.until(10, 20)
    office.tenant.clear_faults()


async def short_outage(office: Office) -> None:
    await office.until(10, 8, 30)
    office.fail()
    await office.until(10, 12)
    office.tenant.clear_faults()


async def reload_in_it(office: Office) -> None:
    await office.until(10, 22)
    await office.reload()
    await office.until(10, 27)
    await office.reload()


async def restart_in_it(office: Office) -> None:
    await office.until(10, 21)
    await office.restart(at(10, 22))


async def restart_over_the_nudge(office: Office) -> None:
    await office.until(10, 24)
    await office.restart(at(10, 26))


async def restart_over_the_end(office: Office) -> None:
    await office.until(10, 27)
    await office.restart(at(10, 33))


async def sensors_fail(office: Office) -> None:
    await office.until(10, 15)
    office.sense(NOBODY, "unavailable")
    office.sense(SOMEBODY, "unavailable")
    await office.until(10, 21)
    office.sense(NOBODY, "off")
    office.sense(SOMEBODY, "on")


LIGHT = "10:00 green, 10:10 red, 10:25 orange, 10:30 green"
USUAL = {
    "light": LIGHT,
    "nudge": "10:25 5 left",
    "prepare": "10:05 prepare, 10:40 shut down",
    "tell": "10:30 free",
    "empty": "10:17 empty",
    "used": "10:37 used",
}
DAYS: dict[Step, dict[str, str]] = {
    on_time: USUAL,
    ends_early: {
        "light": "10:00 green, 10:10 red, 10:21 green",
        "prepare": "10:05 prepare, 10:30 shut down",  # 10 minutes after the end at 10:20, which was seen at 10:21
        "tell": "10:21 free",
        "empty": "10:17 empty",
        "used": "10:28 used",
    },
    is_extended: {
        "light": "10:00 green, 10:10 red, 10:25 orange, 10:27 red, 10:45 orange, 10:50 green",
        "nudge": "10:25 5 left, 10:45 5 left",
        "prepare": "10:05 prepare, 11:00 shut down",
        "tell": "10:50 free",
        "empty": "10:17 empty",
        "used": "10:57 used",
    },
    is_shortened: {
        "light": "10:00 green, 10:10 red, 10:21 orange, 10:24 green",
        "nudge": "10:21 3 left",
        "prepare": "10:05 prepare, 10:34 shut down",
        "tell": "10:24 free",
        "empty": "10:17 empty",
        "used": "10:31 used",
    },
    is_moved: {
        "light": "10:00 green, 10:40 red, 10:55 orange, 11:00 green",
        "nudge": "10:55 5 left",
        "prepare": "10:05 prepare, 10:35 prepare, 11:10 shut down",
        "tell": "10:06 free until 10:40",
        "empty": "10:47 empty",
        "used": "10:13 used",
    },
    is_canceled_before: {
        "light": "10:00 green",
        "prepare": "10:05 prepare, 10:16 shut down",
        "tell": "10:06 free",
        "used": "10:13 used",
    },
    is_canceled_during: {
        "light": "10:00 green, 10:10 red, 10:16 green",
        "prepare": "10:05 prepare, 10:26 shut down",
        "tell": "10:16 free",
        "used": "10:23 used",
    },
    back_to_back: {
        "light": "10:00 green, 10:10 red, 10:45 orange, 10:50 green",
        "nudge": "10:25 5 left, 10:45 5 left",
        "prepare": "10:05 prepare, 11:00 shut down",
        "tell": "10:50 free",
        "empty": "10:17 empty",
        "used": "10:57 used",
    },
    outage_over_the_end: {
        "light": "10:00 green, 10:10 red, 10:25:30 dark, 10:40 green",
        "prepare": "10:05 prepare, 10:40 shut down",
        "tell": "10:40 free",
        "empty": "10:17 empty",
        "used": "10:47 used",
    },
    outage_over_the_start: {
        "light": "10:00 green, 10:11:30 dark, 10:20 red, 10:45 orange, 10:50 green",
        "nudge": "10:45 5 left",
        "prepare": "10:10 prepare, 11:00 shut down",
        "tell": "10:50 free",
        "empty": "10:22 empty",
        "used": "10:57 used",
    },
    outage_over_the_nudge: {
        **USUAL,
        "light": "10:00 green, 10:10 red, 10:20:30 dark, 10:27 orange, 10:30 green",
        "nudge": "10:27 3 left",
    },
    outage_in_it: {
        "light": "10:00 green, 10:05 red, 10:16:30 dark, 10:25 red, 10:45 orange, 10:50 green",
        "nudge": "10:45 5 left",
        "prepare": "10:01 prepare, 11:00 shut down",
        "tell": "10:50 free",
        "empty": "10:12 empty",
        "used": "10:57 used",
    },
    outage_of_a_free_room: {
        "light": "10:00 green, 10:12:30 dark, 10:20 green",
        "tell": "10:01 free",
        "used": "10:08 used",
    },
    short_outage: USUAL,
    # A reload or restart sets the lamp again
    reload_in_it: {**USUAL, "light": "10:00 green, 10:10 red, 10:22 red, 10:25 orange, 10:27 orange, 10:30 green"},
    restart_in_it: {**USUAL, "light": "10:00 green, 10:10 red, 10:22 red, 10:25 orange, 10:30 green"},
    restart_over_the_nudge: {
        **USUAL,
        "light": "10:00 green, 10:10 red, 10:26 orange, 10:30 green",
        "nudge": "10:26 4 left",
    },
    restart_over_the_end: {
        "light": "10:00 green, 10:10 red, 10:25 orange, 10:33 green",
        "nudge": "10:25 5 left",
        "prepare": "10:05 prepare, 10:40 shut down",
        "tell": "10:33 free",
        "empty": "10:17 empty",  # the arrival was not seen, so "used" does not fire
    },
    sensors_fail: {**USUAL, "empty": "10:28 empty"},
}


@pytest.mark.slow
@pytest.mark.parametrize("day", DAYS)
async def test_all_blueprints_act_exactly_as_expected_on_each_day(
    office: Office, caplog: pytest.LogCaptureFixture, day: Step
) -> None:
    await use_nudge(office)
    await use_prepare(office)
    await use_tell(office)
    await use_empty(office)
    await use_used(office)
    await use_light(office)
    await office.wish("on")
    office.sense(SOMEBODY, "on")

    await day(office)
    await office.until(11, 30)

    assert {who: office.did(who) for who in office.done} == DAYS[day]
    assert office.wished == "off"
    assert logged_warnings(caplog) == []
