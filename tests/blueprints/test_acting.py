"""The blueprint that changes bookings: a button that books."""

from datetime import timedelta
from typing import Any

import pytest

from simulator import Tenant
from tests.blueprints.office import Office, say
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
