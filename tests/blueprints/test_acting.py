"""The blueprints that change bookings: a button that books, and the release of a room to which nobody came."""

from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from simulator import Fault, Tenant
from tests.blueprints.office import NOBODY, Office, logged_warnings, say
from tests.conftest import at
from tests.test_booking import live_events, rows_of, writes_of

pytest_plugins = ["tests.clock", "tests.blueprints.office"]
pytestmark = pytest.mark.usefixtures("may_book")

PRESSED = [{"trigger": "event", "event_type": "pressed"}]


async def allow(office: Office, **switches: bool) -> None:
    """Let Home Assistant change bookings."""
    assert office.entry
    office.hass.config_entries.async_update_entry(office.entry, options={**office.entry.options, **switches})
    await office.clock.forward(seconds=1)


# A button that books


async def use_button(office: Office, language: str = "", **inputs: Any) -> None:
    actions = {f"{case}_actions": say("button", f"{case}: {{{{ message }}}}") for case in ("booked", "refused")}
    await office.use(f"book_by_button{language}", **{"triggers": PRESSED, **actions, **inputs})


async def press(office: Office) -> None:
    office.hass.bus.async_fire("pressed")
    await office.clock.forward(seconds=10)


@pytest.mark.parametrize(
    ("language", "booked", "refused"),
    [
        ("", "Orion is booked until 11:00.", "Orion could not be booked."),
        (".zh-Hans", "Orion已预订到 11:00。", "Orion未能预订。"),
    ],
)
async def test_a_press_books_the_room_and_says_whether_it_worked(
    office: Office, tenant: Tenant, language: str, booked: str, refused: str
) -> None:
    await allow(office, book=True)
    await use_button(office, language)
    await office.until(10, 15)
    await press(office)
    assert rows_of(tenant, office.room) == [(at(10, 10), at(10, 30))]
    await office.until(10, 30)
    await press(office)
    assert rows_of(tenant, office.room)[-1] == (at(10, 30), at(11))
    await press(office)

    said = [each.partition(" ")[2] for each in office.done["button"]]
    assert said == [f"refused: {refused}", f"booked: {booked}", f"refused: {refused}"]
    assert len(live_events(tenant)) == 1


async def test_a_press_books_for_as_long_as_chosen_and_with_a_title(office: Office, tenant: Tenant) -> None:
    await allow(office, book=True)
    await use_button(office, minutes=5, title="Walk-in")
    await press(office)

    start, end = rows_of(tenant, office.room)[0]
    assert (start < at(10, 1), end - start) == (True, timedelta(minutes=5))
    assert [event.title for event in tenant.agenda.events.values()] == ["Walk-in"]


async def test_while_booking_is_off_a_press_changes_nothing(office: Office, tenant: Tenant) -> None:
    await use_button(office)
    await press(office)

    assert office.did("button") == ""  # Home Assistant says that the action does not exist
    assert writes_of(tenant) == []


# Nobody came


async def use_release(office: Office, language: str = "", **inputs: Any) -> None:
    inputs = {"occupancy": NOBODY, "minutes": 7, "actions": say("release", "{{ message }}"), **inputs}
    await office.use(f"release_empty_room{language}", **inputs)


SENTENCES = {
    "": (
        "Dry run: Orion would be released. Nobody has come since 10:10.",
        "Orion was released. Nobody has come since 10:10.",
        "Orion could not be released. Nobody has come since 10:10.",
    ),
    ".zh-Hans": (
        "试运行：Orion将被释放，10:10 以来无人到场。",
        "Orion已释放，10:10 以来无人到场。",
        "Orion未能释放，10:10 以来无人到场。",
    ),
}


@pytest.mark.parametrize("language", SENTENCES)
async def test_a_dry_run_says_what_it_would_do_and_releases_nothing(
    office: Office, tenant: Tenant, language: str
) -> None:
    await allow(office, release=True)
    await use_release(office, language)
    await office.until(10, 29)

    assert office.did("release") == f"10:17 {SENTENCES[language][0]}"
    assert rows_of(tenant, office.room) == [(at(10, 10), at(10, 30))]
    assert writes_of(tenant) == []


@pytest.mark.parametrize("language", SENTENCES)
async def test_a_room_to_which_nobody_came_is_released_once(office: Office, tenant: Tenant, language: str) -> None:
    office.book(at(11), at(12))
    await allow(office, release=True)
    await use_release(office, language, dry_run=False)
    await office.until(10, 40)

    assert [each.partition(" ")[2] for each in office.done["release"]] == [SENTENCES[language][1]]
    assert rows_of(tenant, office.room) == [(at(11), at(12))]


@pytest.mark.parametrize("language", SENTENCES)
async def test_a_release_that_fails_is_said(office: Office, tenant: Tenant, language: str) -> None:
    await allow(office, release=True)
    await use_release(office, language, dry_run=False)
    await office.until(10, 16, 30)
    tenant.inject(Fault.error(400, 190006), "instance/reply", times=None)
    await office.until(10, 29)

    assert [each.partition(" ")[2] for each in office.done["release"]] == [SENTENCES[language][2]]
    assert rows_of(tenant, office.room) == [(at(10, 10), at(10, 30))]


async def somebody_comes(office: Office) -> None:
    await office.until(10, 12)
    office.sense(NOBODY, "on")


async def somebody_comes_and_leaves(office: Office) -> None:
    await somebody_comes(office)
    await office.until(10, 13)
    office.sense(NOBODY, "off")


async def the_sensor_fails_for_a_moment(office: Office) -> None:
    await office.until(10, 12)
    office.sense(NOBODY, "unavailable")
    await office.until(10, 13)
    office.sense(NOBODY, "off")


async def home_assistant_restarts(office: Office) -> None:
    await office.until(10, 12)
    await office.restart(at(10, 14))


async def the_booking_is_long(office: Office) -> None:
    office.move(at(10, 10), at(11, 10))


async def the_room_is_disabled(office: Office) -> None:
    office.tenant.disable_room(office.room.room_id, at(9), at(12))
    await office.reload()


@pytest.mark.parametrize(
    "day",
    [
        somebody_comes,
        somebody_comes_and_leaves,
        the_sensor_fails_for_a_moment,
        home_assistant_restarts,
        the_booking_is_long,
        the_room_is_disabled,
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_room_is_kept_unless_it_was_empty_all_the_time(
    hass: HomeAssistant, office: Office, tenant: Tenant, day: Any, *, dry_run: bool
) -> None:
    await allow(office, release=True)
    await use_release(office, dry_run=dry_run, hours=1)
    await day(office)
    await office.until(10, 29)

    assert office.did("release") == ""
    assert [call for call in writes_of(tenant) if "reply" in call] == []


@pytest.mark.parametrize("minute", [5, 20])
async def test_automations_can_be_triggered_by_hand(
    hass: HomeAssistant, office: Office, caplog: pytest.LogCaptureFixture, minute: int
) -> None:
    await allow(office, release=True)
    await use_release(office)
    await office.until(10, minute, 30)
    office.done.clear()

    automations = hass.states.async_entity_ids("automation")
    await office.clock.run(hass.services.async_call("automation", "trigger", {"entity_id": automations}, blocking=True))
    await office.clock.settle()

    assert "Orion would be released" in office.did("release")
    assert logged_warnings(caplog) == []
