"""The options flow for live updates: before connecting, the steps in the console, and what has been seen."""

from collections.abc import AsyncIterator, Callable

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_LIVE_UPDATES
from custom_components.feishu_freebusy.flows import live_updates
from custom_components.feishu_freebusy.model.live import LiveState
from simulator import Fault, Tenant
from tests.flows.test_options import running
from tests.test_translations import placeholders, start_options, submit

CONNECTIONS = "event/v1/connection"
ENDPOINT = "callback/ws/endpoint"


@pytest.fixture
def orion(tenant: Tenant) -> str:
    """Return the id of the followed room."""
    return tenant.add_room("Orion").room_id


@pytest.fixture
async def entry(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], orion: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[MockConfigEntry]:
    """Return a running entry that follows one room. The form does not wait long."""
    monkeypatch.setattr(live_updates, "_CONNECTED_WITHIN", 5.0)
    entry = await running(hass, entry_of(orion))
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def shown(result: ConfigFlowResult) -> tuple[str, list[str]]:
    """Return the step that a menu shows, and its choices."""
    assert result["type"] is FlowResultType.MENU
    return result["step_id"], [str(option) for option in result["menu_options"]]  # type: ignore[attr-defined]


async def chosen(hass: HomeAssistant, result: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose from the menu."""
    return await submit(hass, result, next_step_id=step)


async def test_switching_on_connects_and_shows_the_steps(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str
) -> None:
    result = await start_options(hass, entry, "live_updates")
    assert shown(result) == ("live_updates", ["live_on", "init"])
    assert tenant.push.opened == 0

    result = await chosen(hass, result, "live_on")

    assert shown(result) == ("live_no_event", ["live_check", "live_done", "live_off"])
    assert placeholders(result)["app_url"].endswith(f"/app/{tenant.app_id}")
    assert entry.options[CONF_LIVE_UPDATES] is True
    assert len(tenant.push.connections) == 1

    tenant.push.room_changed(orion, "book")
    while entry.runtime_data.live.last_event is None:
        await hass.async_block_till_done()
    result = await chosen(hass, result, "live_check")
    assert shown(result)[0] == "live_works"
    assert int(placeholders(result)["seconds"]) < 20

    before = entry.runtime_data
    result = await chosen(hass, result, "live_done")
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_LIVE_UPDATES] is True
    assert (entry.runtime_data is before, len(tenant.push.connections)) == (True, 1)
    assert tenant.push.violations == []


async def test_switching_off_closes_the_connection(hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant) -> None:
    await chosen(hass, await start_options(hass, entry, "live_updates"), "live_on")

    result = await start_options(hass, entry, "live_updates")
    assert shown(result)[0] == "live_no_event"
    result = await chosen(hass, result, "live_off")
    await hass.async_block_till_done(wait_background_tasks=True)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_LIVE_UPDATES] is False
    assert entry.runtime_data.live.state is LiveState.OFF
    assert (tenant.push.opened, tenant.push.closed_cleanly) == (1, 1)


@pytest.mark.parametrize(("step", "is_on"), [("live_on_anyway", True), ("live_leave_off", False)])
async def test_another_client_is_said_before_connecting(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, step: str, is_on: bool
) -> None:
    other = tenant.push.open("another client")
    result = await chosen(hass, await start_options(hass, entry, "live_updates"), "live_on")

    assert shown(result) == ("live_others", ["live_on_anyway", "live_leave_off"])
    assert (CONF_LIVE_UPDATES in entry.options, tenant.push.connections) == (False, [other])

    result = await chosen(hass, result, step)
    assert result["type"] is (FlowResultType.MENU if is_on else FlowResultType.CREATE_ENTRY)
    assert entry.options.get(CONF_LIVE_UPDATES, False) is is_on
    assert len(tenant.push.connections) == 1 + is_on
    tenant.push.stop()


async def test_a_failed_question_for_other_clients_does_not_stop_the_flow(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.inject(Fault.error(400, 99991672), CONNECTIONS, times=None)

    result = await chosen(hass, await start_options(hass, entry, "live_updates"), "live_on")

    assert shown(result)[0] == "live_no_event"


@pytest.mark.parametrize(
    ("fault", "step", "details"),
    [
        (Fault.body(200, "no JSON"), "live_waiting", "server"),
        (Fault.error(200, 1), "live_waiting", "server, 1"),
        (Fault.error(200, 1000040351), "live_wrong_cloud", None),
        (Fault.error(200, 1000040350), "live_too_many", None),
        (Fault.error(200, 1000040345), "live_unpublished", None),
    ],
)
async def test_the_form_says_why_there_is_no_connection(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, fault: Fault, step: str, details: str | None
) -> None:
    tenant.inject(fault, ENDPOINT, times=None)

    result = await chosen(hass, await start_options(hass, entry, "live_updates"), "live_on")

    assert shown(result) == (step, ["live_check", "live_done", "live_off"])
    assert placeholders(result).get("details") == details
    tenant.clear_faults()
    assert shown(await chosen(hass, result, "live_check"))[0] == "live_no_event"


async def test_an_entry_that_is_not_running_only_saves_the_option(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)

    result = await chosen(hass, await start_options(hass, entry, "live_updates"), "live_on")

    assert shown(result) == ("live_not_running", ["live_done", "live_off"])
    assert (entry.options[CONF_LIVE_UPDATES], tenant.push.opened) == (True, 0)


async def test_back_returns_to_the_menu(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await chosen(hass, await start_options(hass, entry, "live_updates"), "init")

    assert shown(result) == (
        "init",
        ["rooms", "places", "people", "polling", "live_updates", "actions", "titles", "occupancy"],
    )
