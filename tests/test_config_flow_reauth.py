"""Reauthentication and reconfiguration, against a simulated tenant."""

from collections.abc import Callable

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_ROOMS
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from simulator import Simulator, Tenant
from tests.test_config_flow import (
    SECRET,
    TOKEN,
    Trouble,
    answers_at,
    end_trouble,
)
from tests.test_translations import as_sent, checked, placeholders, submit, suggested

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


# Reauthentication


@pytest.fixture
async def entry(hass: HomeAssistant, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """Return a running entry."""
    entry = entry_of(tenant.add_room("Orion").room_id)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


@pytest.fixture
async def refused_entry(
    hass: HomeAssistant, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> MockConfigEntry:
    """Return an entry that failed to start because its secret was reset."""
    entry = entry_of(tenant.add_room("Orion").room_id)
    entry.add_to_hass(hass)
    tenant.rotate_secret("new-secret")
    assert not await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def test_a_reset_secret_is_entered_again(hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry) -> None:
    tenant.rotate_secret("new-secret")
    before = entry.runtime_data

    result = await entry.start_reauth_flow(hass)
    result = await submit(hass, result, app_secret="wrong-secret")
    assert (result["step_id"], result["errors"]) == ("reauth_confirm", {CONF_APP_SECRET: "invalid_auth"})
    assert placeholders(result)["app_id"] == tenant.app_id
    assert placeholders(result)["app_url"] == f"{entry.data[CONF_BASE_URL]}/app/{tenant.app_id}"
    assert suggested(result) == {}
    assert entry.data[CONF_APP_SECRET] == SECRET
    result = await submit(hass, result, app_secret=" new-secret\n")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data[CONF_APP_SECRET] == "new-secret"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before
    assert entry.runtime_data.last_update_success


async def test_the_same_secret_is_accepted_once_the_app_is_enabled_again(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry
) -> None:
    before = entry.runtime_data
    result = await entry.start_reauth_flow(hass)
    tenant.app_enabled = False
    result = await submit(hass, result, app_secret=SECRET)
    assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
    assert "app is disabled" in placeholders(result)["details"]

    tenant.app_enabled = True
    result = await submit(hass, result, app_secret=SECRET)

    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before


@pytest.mark.parametrize("trouble", answers_at(TOKEN))
async def test_reauthentication_shows_a_failure_and_can_be_retried(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry, trouble: Trouble
) -> None:
    result = await entry.start_reauth_flow(hass)
    trouble.begin(tenant)

    result = await submit(hass, result, app_secret=SECRET)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    result = await submit(hass, result, app_secret=SECRET)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_an_empty_secret_is_refused_at_its_field(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry
) -> None:
    result = await entry.start_reauth_flow(hass)

    result = await submit(hass, result, app_secret=" ")

    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    assert result["errors"].keys() <= {"base", CONF_APP_SECRET}


async def test_an_entry_that_could_not_start_starts_with_the_new_secret(
    hass: HomeAssistant, refused_entry: MockConfigEntry
) -> None:
    result = await refused_entry.start_reauth_flow(hass)
    result = await submit(hass, result, app_secret="new-secret")

    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert refused_entry.state is ConfigEntryState.LOADED


async def test_an_entry_with_a_reset_secret_asks_for_it_at_the_start(
    hass: HomeAssistant, refused_entry: MockConfigEntry
) -> None:
    await hass.async_block_till_done()

    flows = list(refused_entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]


# Reconfiguration


async def to_app(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Start the reconfiguration, and choose the app."""
    return await submit(hass, checked(await entry.start_reconfigure_flow(hass)), next_step_id="app")


@pytest.mark.parametrize("url", [FEISHU_URL, LARK_URL, "https://open.example.com"])
async def test_reconfiguration_shows_the_address_but_not_the_secret(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], url: str
) -> None:
    entry = entry_of()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_BASE_URL: url})

    result = await to_app(hass, entry)

    assert (result["step_id"], result["errors"]) == ("app", {})
    assert suggested(result) == {CONF_BASE_URL: url}
    assert SECRET not in as_sent(result)
    assert placeholders(result)["app_id"] == entry.data[CONF_APP_ID]


async def test_address_and_secret_can_be_changed(hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry) -> None:
    rooms = entry.options[CONF_ROOMS]
    async with Simulator(tenant) as elsewhere:
        tenant.rotate_secret("new-secret")
        result = await to_app(hass, entry)

        there = {CONF_BASE_URL: elsewhere.base_url}
        result = await submit(hass, result, **there, app_secret="wrong-secret")
        assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
        assert suggested(result) == there
        assert entry.data[CONF_BASE_URL] != elsewhere.base_url
        result = await submit(hass, result, **there, app_secret=" new-secret ")

        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.data == {
            CONF_BASE_URL: elsewhere.base_url,
            CONF_APP_ID: tenant.app_id,
            CONF_APP_SECRET: "new-secret",
        }
        assert entry.options[CONF_ROOMS] == rooms
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.runtime_data.last_update_success


async def test_another_host_never_receives_the_stored_secret(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    thief = Tenant(app_secret=SECRET)  # accepts only the stored secret
    async with Simulator(thief) as elsewhere:
        result = await to_app(hass, entry)
        there = {CONF_BASE_URL: elsewhere.base_url}
        with pytest.raises(InvalidData):
            await submit(hass, result, **there)
        assert thief.requests == []

        result = await submit(hass, result, **there, app_secret="typed-secret")
        assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
        assert {call.code for call in thief.requests} == {10014}


@pytest.mark.parametrize(
    ("url", "error"),
    [("private", "address_not_a_url"), ("http://open.example.com", "address_not_encrypted")],
)
async def test_reconfiguration_has_the_same_rules_for_addresses(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, url: str, error: str
) -> None:
    result = await to_app(hass, entry)

    result = await submit(hass, result, base_url=url, app_secret=SECRET)
    assert result["errors"] == {CONF_BASE_URL: error}
    assert suggested(result) == {CONF_BASE_URL: url}

    result = await submit(hass, result, base_url=simulator.base_url, app_secret=SECRET)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


@pytest.mark.parametrize("trouble", answers_at(TOKEN))
async def test_reconfiguration_shows_a_failure_and_can_be_retried(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry, simulator: Simulator, trouble: Trouble
) -> None:
    here = {CONF_BASE_URL: simulator.base_url, CONF_APP_SECRET: SECRET}
    result = await to_app(hass, entry)
    trouble.begin(tenant)

    result = await submit(hass, result, **here)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    result = await submit(hass, result, **here)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_an_entry_that_could_not_start_starts_with_the_new_connection(
    hass: HomeAssistant, refused_entry: MockConfigEntry, simulator: Simulator
) -> None:
    result = await to_app(hass, refused_entry)
    result = await submit(hass, result, base_url=simulator.base_url, app_secret="new-secret")

    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert refused_entry.state is ConfigEntryState.LOADED
