"""The options of the blueprints, and the special cases of each."""

from homeassistant.core import HomeAssistant
import pytest

from simulator import Tenant
from tests.blueprints.office import (
    LAMP,
    NOBODY,
    SOMEBODY,
    Office,
    logged_warnings,
    say,
    use_empty,
    use_light,
    use_nudge,
    use_prepare,
    use_tell,
    use_used,
)
from tests.conftest import at

pytest_plugins = ["tests.clock", "tests.blueprints.office"]


# Door light


async def test_lamps_can_keep_their_color_while_the_state_is_unknown(office: Office) -> None:
    await use_light(office, when_unavailable="leave")
    await office.until(10, 15, 30)
    office.fail()
    await office.until(10, 40)
    office.tenant.clear_faults()
    await office.until(11)

    assert office.did("light") == "10:00 green, 10:10 red, 10:40 green"


async def test_brightness_per_state_and_no_ending_soon_phase(office: Office) -> None:
    await use_light(office, free_brightness=0, busy_brightness=80, ending_minutes=0)
    assert office.brightness == 0
    await office.until(10, 29)
    assert office.brightness == 80
    assert office.did("light") == "10:00 green, 10:10 red"


async def test_a_lamp_that_gets_power_again_shows_the_state(hass: HomeAssistant, office: Office) -> None:
    await use_light(office)
    hass.states.async_set(LAMP, "unavailable")
    await office.until(10, 12)
    hass.states.async_set(LAMP, "off")
    await office.until(10, 20)

    assert office.did("light") == "10:00 green, 10:10 red, 10:12 red"


async def test_a_lamp_that_was_turned_off_by_hand_stays_off(hass: HomeAssistant, office: Office) -> None:
    await use_light(office)
    await office.until(10, 5)
    hass.states.async_set(LAMP, "off")
    await use_empty(office)  # this reloads the automations

    assert office.did("light") == "10:00 green"


async def test_a_room_out_of_service_is_red(office: Office) -> None:
    office.tenant.disable_room(office.room.room_id, at(9), at(12))
    await office.reload()
    await use_light(office)

    assert office.did("light") == "10:00 red"


# Five minutes left


@pytest.mark.parametrize(
    ("start", "nudges"),
    [
        ((10, 30), "10:25 5 left"),  # back to back
        ((10, 40), "10:25 5 left"),
        ((10, 41), ""),
        (None, ""),
    ],
)
async def test_a_nudge_can_require_that_the_room_is_booked_again_soon(
    office: Office, start: tuple[int, int] | None, nudges: str
) -> None:
    if start:
        office.book(at(*start), at(10, 55))
    await use_nudge(office, when="next_soon", next_minutes=10)
    await office.until(11, 30)

    assert office.did("nudge") == nudges


async def test_a_booking_shorter_than_the_lead_time_gets_no_nudge(office: Office) -> None:
    office.move(at(10, 10), at(10, 15))
    office.book(at(10, 15), at(10, 20))
    office.book(at(10, 20), at(10, 26))
    await office.until(10, 2)
    await use_nudge(office)
    await office.until(10, 40)

    assert office.did("nudge") == "10:21 5 left"


async def test_a_booking_that_is_extended_causes_no_nudge_at_its_old_end(office: Office) -> None:
    office.book(at(10, 30), at(10, 50))
    office.move(at(10, 6), at(10, 12))
    await office.until(10, 2)
    await use_nudge(office)
    await office.until(10, 3)
    office.move(at(10, 6), at(10, 30))
    await office.until(11)

    assert office.did("nudge") == "10:25 5 left, 10:45 5 left"


async def test_a_booking_made_shortly_before_its_end_gets_a_nudge(office: Office) -> None:
    office.move(at(10, 5), at(10, 12))
    await use_nudge(office)
    await office.until(10, 4)
    office.move(at(10, 5), at(10, 12))
    office.book(at(10, 12), at(10, 20))
    await office.until(10, 40)

    assert office.did("nudge") == "10:07 5 left, 10:15 5 left"


async def test_a_room_out_of_service_triggers_nothing(office: Office) -> None:
    office.tenant.disable_room(office.room.room_id, at(9), at(10, 30))
    await office.reload()
    await use_nudge(office)
    await use_empty(office)
    await office.until(11)

    assert office.done == {}


# Prepare and shut down


@pytest.mark.parametrize(
    ("meetings", "actions"),
    [
        ("after_pause", "10:05 prepare, 10:40 shut down, 11:55 prepare, 13:10 shut down"),
        ("first", "10:05 prepare, 10:40 shut down, 13:10 shut down"),
    ],
)
async def test_a_room_that_was_shut_down_is_prepared_again_as_configured(
    office: Office, meetings: str, actions: str
) -> None:
    office.book(at(12), at(12, 30))
    office.book(at(12, 45), at(13))  # a short pause does not count
    await use_prepare(office, prepare_for=meetings)
    await office.until(14)

    assert office.did("prepare") == actions


@pytest.mark.slow
async def test_each_day_has_its_own_first_meeting(office: Office) -> None:
    office.book(at(8, day=1), at(9, day=1))
    office.book(at(10, day=1), at(11, day=1))
    office.poll_every(600)
    await use_prepare(office, prepare_for="first", pause_minutes=120)
    await office.clock.to(at(12, day=1))

    assert office.did("prepare") == "10:05 prepare, 10:40 shut down, 07:55 prepare, 11:10 shut down"


async def test_a_meeting_at_short_notice_is_prepared_for_at_once(office: Office) -> None:
    office.cancel()
    await use_prepare(office)
    await office.until(10, 20, 30)
    soon = office.book(at(10, 24), at(10, 50))
    await office.until(10, 22, 30)
    office.tenant.cancel(soon.booking_id)
    await office.until(10, 40)
    later = office.book(at(10, 59), at(11, 50))
    await office.until(10, 42)
    office.tenant.cancel(later.booking_id)  # nothing was prepared for it yet
    await office.until(11, 50)

    assert office.did("prepare") == "10:21 prepare, 10:33 shut down"


async def test_a_preparation_due_during_a_restart_runs_once_after_it(office: Office) -> None:
    await use_prepare(office)
    await office.until(10, 4)
    await office.restart(at(10, 7))
    await office.until(10, 9)
    assert office.did("prepare") == "10:07 prepare"

    await office.restart(at(10, 9, 30))
    await office.reload()
    await office.until(10, 20)
    assert office.did("prepare") == "10:07 prepare"


# Tell me when it frees up


async def test_a_wish_for_an_available_room_is_answered_at_once(office: Office) -> None:
    office.move(at(10, 40), at(11))
    await use_tell(office)
    await office.until(10, 5)
    assert office.did("tell") == ""

    await office.wish("on")
    await office.until(11, 30)

    assert office.did("tell") == "10:05 free until 10:40"


async def test_a_gap_that_is_too_short_is_not_announced(office: Office) -> None:
    office.book(at(10, 40), at(11))
    await use_tell(office)
    await office.wish("on")
    await office.until(11, 30)

    assert office.did("tell") == "11:00 free"


async def test_a_wish_can_be_withdrawn(office: Office) -> None:
    await use_tell(office)
    await office.wish("on")
    await office.until(10, 20)
    await office.wish("off")
    await office.until(11, 30)

    assert office.done == {}


async def test_a_wish_ends_with_the_day(office: Office) -> None:
    office.move(at(10, 10), at(22))
    await use_tell(office, day_end="11:00:00", day_end_actions=say("tell", "not today"))
    await office.wish("on")
    await office.until(11, 30)

    assert office.did("tell") == "11:00 not today"
    assert office.wished == "off"


# Booked but empty


async def test_late_arrival_restarts_the_empty_room_timer(office: Office) -> None:
    await use_empty(office)
    await office.until(10, 16, 30)
    office.sense(NOBODY, "on")
    await office.until(10, 20)
    office.sense(NOBODY, "off")
    await office.until(10, 26)
    assert office.done == {}

    await office.until(10, 40)
    assert office.did("empty") == "10:27 empty"


async def test_an_empty_booking_is_reported_once(office: Office) -> None:
    office.book(at(10, 40), at(11))
    await use_empty(office)
    await office.until(10, 18)
    for second in range(4):
        office.sense(NOBODY, "off" if second % 2 else "on")
    await office.until(11, 30)

    assert office.did("empty") == "10:17 empty, 10:47 empty"


async def test_an_empty_room_is_reported_after_a_restart(office: Office) -> None:
    await use_empty(office)
    await office.until(10, 14)
    await office.restart(at(10, 16))
    await office.until(10, 30)

    assert office.did("empty") == "10:23 empty"


# Used but not booked


async def test_early_arrival_is_not_reported(office: Office) -> None:
    office.move(at(10, 40), at(11))
    await use_used(office, early_minutes=15)
    await office.until(10, 19)
    office.sense(SOMEBODY, "on")
    await office.until(10, 59)

    assert office.done == {}


async def test_each_occupancy_is_reported_once(office: Office) -> None:
    office.cancel()
    await use_used(office)
    for minute, state in ((2, "on"), (8, "off"), (10, "on"), (20, "off"), (30, "on")):
        await office.until(10, minute)
        office.sense(SOMEBODY, state)
    await office.until(10, 40)
    booking = office.book(at(10, 42), at(10, 50))
    await office.until(11, 30)

    assert booking
    assert office.did("used") == "10:17 used, 10:37 used"


async def test_a_sensor_that_becomes_available_is_not_an_arrival(office: Office) -> None:
    office.cancel()
    await use_used(office)
    office.sense(SOMEBODY, "unavailable")
    await office.until(10, 5)
    office.sense(SOMEBODY, "on")
    await office.until(11)

    assert office.done == {}


# All blueprints


@pytest.mark.slow
async def test_days_follow_the_time_zone_of_home_assistant(hass: HomeAssistant, office: Office) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    office.move(at(10, 40), at(11))
    office.book(at(15, 20), at(15, 45))
    office.book(at(16, 30), at(17))  # after midnight
    await use_prepare(office, prepare_for="first")
    await use_tell(office)
    await office.wish("on")
    await office.until(18)

    assert office.did("tell") == "10:01 free until 18:40"
    assert office.did("prepare") == "10:35 prepare, 11:10 shut down, 16:25 prepare, 17:10 shut down"


@pytest.mark.parametrize("minute", [5, 20])
async def test_automations_can_be_triggered_by_hand(
    hass: HomeAssistant, office: Office, caplog: pytest.LogCaptureFixture, minute: int
) -> None:
    await use_nudge(office)
    await use_prepare(office)
    await use_tell(office)
    await use_empty(office)
    await use_used(office)
    await use_light(office)
    await office.until(10, minute, 30)
    office.done.clear()

    automations = hass.states.async_entity_ids("automation")
    await office.clock.run(hass.services.async_call("automation", "trigger", {"entity_id": automations}, blocking=True))
    await office.clock.settle()

    assert {"light", "nudge", "empty", "used"} <= office.done.keys()
    assert logged_warnings(caplog) == []


# The message variable


SENTENCES = {
    "": {
        "nudge": "10:25 Orion: 5 minutes left, until 10:30.",
        "tell": "10:30 Orion is available until 10:50.",
        "empty": "10:17 Orion is booked until 10:30, but nobody is there.",
        "used": "10:02 Orion is in use, but nobody has booked it.",
    },
    ".zh-Hans": {
        "nudge": "10:25 Orion还剩 5 分钟，10:30 结束。",
        "tell": "10:30 Orion现在可用，一直到 10:50。",
        "empty": "10:17 Orion已被预订到 10:30，但没有人。",
        "used": "10:02 Orion有人在用，但没有预订。",
    },
}


@pytest.mark.parametrize("language", SENTENCES)
async def test_the_message_variable_is_a_sentence_in_the_language(
    office: Office, tenant: Tenant, language: str
) -> None:
    office.book(at(10, 50), at(11))
    await use_nudge(office, language, actions=say("nudge", "{{ message }}"))
    await use_tell(office, language, actions=say("tell", "{{ message }}"))
    await use_empty(office, language, actions=say("empty", "{{ message }}"))
    await use_used(office, language, actions=say("used", "{{ message }}"), minutes=2, early_minutes=5)
    await office.wish("on")
    office.sense(SOMEBODY, "on")
    await office.until(10, 40)

    assert {who: office.did(who) for who in office.done} == SENTENCES[language]
