"""Every fault, in every situation, through Home Assistant: the right error and effect, no lost booking, no traceback.

The table is in `faults.py`; docs/faults.md is generated from it.
"""

from collections.abc import Callable
from datetime import timedelta
import logging
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_ROOMS, DOMAIN
from custom_components.feishu_freebusy.feishu.errors import (
    AppError,
    CalendarUnusableError,
    ContactUnknownError,
    EventDeniedError,
    EventGoneError,
    FeishuError,
    InstanceUnknownError,
    RoomRefusedError,
    TokenNotKeptError,
    UnreadableRowsError,
)
from custom_components.feishu_freebusy.feishu.grants import GrantError
from simulator import Room, Simulator, Tenant
from simulator.faults import KINDS
from tests.clock import Clock, SetUp, Writes, busy_id, devices_of, levels, shown, state_of
from tests.conftest import at
from tests.faults import TROUBLES, Strike, Trouble, end, table
from tests.test_translations import TEXTS, start_options, submit

pytest_plugins = ["tests.clock"]
pytestmark = [pytest.mark.usefixtures("log_of_info", "in_utc")]

every_trouble = pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)


@pytest.fixture
def busy(tenant: Tenant) -> Room:
    """Return a room that is booked all day, and again tomorrow."""
    room = tenant.add_room("Orion", level=tenant.add_level("3F", tenant.add_level("Tower A")), capacity=8)
    tenant.book(room.room_id, at(9), at(20))
    tenant.book(room.room_id, at(9, day=1), at(10, day=1))
    return room


@pytest.fixture
def free(tenant: Tenant) -> Room:
    """Return a room that nobody books."""
    return tenant.add_room("Vega")


@pytest.fixture
def new(tenant: Tenant) -> Room:
    """Return a room that is not set up."""
    return tenant.add_room("Lyra")


def seen(hass: HomeAssistant, busy: Room, free: Room) -> tuple[str, str]:
    """Return the states of the two rooms."""
    return state_of(hass, busy), state_of(hass, free)


def bookings(hass: HomeAssistant, room: Room) -> Any:
    """Return what is known of a room's bookings."""
    return shown(hass, room).attributes["bookings"]


def kinds(hass: HomeAssistant) -> set[str]:
    """Return the kinds of the current repair issues."""
    issues = ir.async_get(hass).issues.values()
    return {str((issue.data or {})["kind"]) for issue in issues if issue.domain == DOMAIN and issue.active}


def asks_for_secret(hass: HomeAssistant) -> bool:
    """Return whether Home Assistant asks for the secret."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return any(flow["context"]["source"] == "reauth" for flow in flows)


def assert_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Assert that nothing was logged that a user should not see."""
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    ours = [record for record in caplog.records if DOMAIN in record.name and record.levelno >= logging.WARNING]
    assert {record.levelname for record in ours} <= {"ERROR"}


def message_of(key: str) -> str:
    """Return the start of the message with this key."""
    message: str = TEXTS["en"]["exceptions"][key]["message"]
    return message.partition("{")[0].strip(" (")


async def assert_well(hass: HomeAssistant, clock: Clock, busy: Room, free: Room, within: timedelta) -> None:
    """Assert that everything works again in time, without any action of the user."""
    await clock.to(clock.now + within)
    assert seen(hass, busy, free) == ("on", "off")
    assert [booking["start"] for booking in bookings(hass, busy)] == [at(9).isoformat(), at(9, day=1).isoformat()]
    assert kinds(hass) == set()
    assert not asks_for_secret(hass)


def test_the_page_is_generated_from_the_table() -> None:
    assert (Path(__file__).parents[1] / "docs" / "faults.md").read_text(encoding="utf-8") == table()


def test_every_kind_of_fault_and_of_error_is_in_the_table() -> None:
    struck = {trouble.begin.fault.name for trouble in TROUBLES if isinstance(trouble.begin, Strike)}
    assert struck >= KINDS.keys()
    elsewhere = {
        UnreadableRowsError,  # of one room, never of all calls: tests/test_one_bad_thing.py
        *(CalendarUnusableError, ContactUnknownError, EventDeniedError, EventGoneError),  # tests/feishu/test_events.py
        *(InstanceUnknownError, RoomRefusedError),
        GrantError,  # of calls in the name of a person: tests/feishu/test_grants.py
        TokenNotKeptError,  # of the disk: tests/sync/test_grant_keeper.py
    }
    assert {trouble.error for trouble in TROUBLES} | {FeishuError, AppError} | elsewhere == kinds_of(FeishuError)


def kinds_of(error: type[FeishuError]) -> set[type[FeishuError]]:
    return {error}.union(*map(kinds_of, error.__subclasses__()))


@pytest.mark.family
@every_trouble
async def test_set_up(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    entry_of: Callable[..., MockConfigEntry],
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    trouble: Trouble,
) -> None:
    entry = entry_of(busy.room_id, free.room_id)
    entry.add_to_hass(hass)
    await trouble.begin(simulator)
    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.forward(minutes=3)
    while entry.state is ConfigEntryState.SETUP_IN_PROGRESS:
        await clock.forward(seconds=10)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert message_of(trouble.key_without_token) in (entry.reason or "")
    assert hass.states.async_entity_ids("binary_sensor") == []
    assert asks_for_secret(hass) is (trouble.error_without_token.__name__ == "CredentialsError")
    assert kinds(hass) == ({trouble.repair} - {""} if trouble.key_without_token == trouble.key else set())

    await end(simulator)
    await assert_well(hass, clock, busy, free, timedelta(minutes=15))  # by Home Assistant's own retries
    assert "off" not in writes.states_of(busy_id(hass, busy))
    assert_no_traceback(caplog)


@every_trouble
async def test_poll(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    trouble: Trouble,
) -> None:
    entry = await set_up(busy, free)
    await trouble.begin(simulator)
    await clock.forward(minutes=4)

    assert seen(hass, busy, free) == ("on", "off")
    error = entry.runtime_data.last_exception
    assert type(error.__cause__) is trouble.error
    assert error.translation_key == trouble.key
    assert kinds(hass) == {trouble.repair} - {""}
    assert asks_for_secret(hass) is trouble.reauth

    await clock.to(at(10, 20))
    assert seen(hass, busy, free) == ("unavailable", "unavailable")
    assert kinds(hass) == {trouble.repair or "stale"} - ({"stale"} if trouble.reauth else set())
    assert levels(caplog) == ["ERROR"]

    await end(simulator)
    await assert_well(hass, clock, busy, free, trouble.recovers)
    assert "off" not in writes.states_of(busy_id(hass, busy))
    assert "on" not in writes.states_of(busy_id(hass, free))
    assert levels(caplog) == ["ERROR", "INFO"]
    assert_no_traceback(caplog)


@pytest.mark.family
@every_trouble
async def test_catalogue(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    trouble: Trouble,
) -> None:
    entry = await set_up(busy, free, scan_interval=300)
    writes.clear()
    catalogue = entry.runtime_data.catalogue
    await trouble.begin(simulator)
    await clock.run(catalogue.async_refresh())
    await end(simulator)
    assert shown(hass, busy).attributes["floor"] == "3F"
    assert {device.name for device in devices_of(hass)} >= {busy.name, free.name}

    await assert_well(hass, clock, busy, free, timedelta(hours=1))
    assert {write.state for write in writes} & {"unavailable"} == set()
    assert levels(caplog) in ([], ["ERROR", "INFO"])  # a poll may have met the fault
    assert_no_traceback(caplog)


@pytest.mark.family
@every_trouble
async def test_options_flow(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    new: Room,
    trouble: Trouble,
) -> None:
    entry = await set_up(busy, free)
    before = dict(entry.options)
    choice = [room.room_id for room in (busy, free, new)]
    await trouble.begin(simulator)
    form = await clock.run(start_options(hass, entry, "rooms"))
    form = await clock.run(submit(hass, form, rooms=choice))

    assert form["type"] is FlowResultType.FORM
    assert {trouble.flow_key or trouble.key_without_token, trouble.key} & set((form["errors"] or {}).values())
    assert dict(entry.options) == before

    await end(simulator)
    menu = await clock.run(submit(hass, form, rooms=choice))
    await clock.run(submit(hass, menu, next_step_id="save"))
    assert entry.options[CONF_ROOMS].keys() == set(choice)
    await assert_well(hass, clock, busy, free, trouble.recovers)
    assert state_of(hass, new) == "off"
    assert_no_traceback(caplog)


@pytest.mark.family
@every_trouble
async def test_action(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    trouble: Trouble,
) -> None:
    await set_up(busy, free)
    await trouble.begin(simulator)
    with pytest.raises(HomeAssistantError) as raised:
        await clock.run(ask(hass, busy))
    assert raised.value.translation_domain == DOMAIN
    assert raised.value.translation_key == trouble.key

    await end(simulator)
    await assert_well(hass, clock, busy, free, trouble.recovers)
    answer = await clock.run(ask(hass, busy))
    assert [subject["busy"][0]["start"] for subject in answer["subjects"]] == [at(9).isoformat()]
    assert_no_traceback(caplog)


async def ask(hass: HomeAssistant, room: Room) -> Any:
    """Ask Feishu for the bookings of a room."""
    data = {"entity_id": busy_id(hass, room), "duration": "01:00:00"}
    return await hass.services.async_call(DOMAIN, "get_free_busy", data, blocking=True, return_response=True)


@every_trouble
async def test_reload(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    busy: Room,
    free: Room,
    trouble: Trouble,
) -> None:
    entry: MockConfigEntry = await set_up(busy, free)
    await clock.forward(seconds=90)  # read last at 10:01
    await trouble.begin(simulator)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert entry.state is ConfigEntryState.LOADED
    assert seen(hass, busy, free) == ("on", "off")
    await clock.to(at(10, 10, 59))
    assert seen(hass, busy, free) == ("on", "off")
    await clock.to(at(10, 11))
    assert seen(hass, busy, free) == ("unavailable", "unavailable")

    await end(simulator)
    await assert_well(hass, clock, busy, free, trouble.recovers_without_token)
    assert "off" not in writes.states_of(busy_id(hass, busy))
    assert_no_traceback(caplog)
