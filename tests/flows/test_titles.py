"""The options flow for titles: what is shown of bookings, and whether the app has the permissions for it."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.feishu.events import TO_SHOW_ORGANIZERS, TO_SHOW_TITLES
from custom_components.feishu_freebusy.model.options import Options, TitlesOption
from simulator import Fault, Tenant
from simulator.tenant import TITLE_SCOPES
from tests.flows.test_actions import OFF as ACTIONS_OFF, entry, listed, offered
from tests.test_config_flow import SCOPES
from tests.test_translations import fields_of, placeholders, start_options, submit, suggested

__all__ = ["entry"]

OFF: dict[str, Any] = {"titles": "off", "titles_for_assistants": False}
MENU = ["titles_check", "titles", "save"]


async def test_titles_are_off_at_first_and_off_needs_no_permission(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    result = await start_options(hass, entry, "titles")
    assert fields_of(result).keys() == OFF.keys()
    assert suggested(result) == OFF
    tenant.requests.clear()

    result = await submit(hass, result, **OFF)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert tenant.requests == []


@pytest.mark.parametrize("titles", ["organizer", "title_and_organizer"])
async def test_granted_permissions_are_saved_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, titles: str
) -> None:
    tenant.grant(*TITLE_SCOPES)

    result = await submit(hass, await start_options(hass, entry, "titles"), titles=titles, titles_for_assistants=True)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    options = Options.of(entry.options)
    assert (options.titles, options.titles_for_assistants) == (TitlesOption(titles), True)
    assert entry.runtime_data.titles.is_on


@pytest.mark.parametrize(
    ("titles", "needed"), [("organizer", TO_SHOW_ORGANIZERS), ("title_and_organizer", TO_SHOW_TITLES)]
)
async def test_missing_permissions_are_listed_and_can_be_checked_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, titles: str, needed: tuple[tuple[str, ...], ...]
) -> None:
    tenant.revoke("calendar:room:readonly", *TITLE_SCOPES)
    result = await submit(hass, await start_options(hass, entry, "titles"), **(OFF | {"titles": titles}))

    assert (result["type"], result["step_id"], result["menu_options"]) == (FlowResultType.MENU, "titles_missing", MENU)
    assert listed(result) == offered(result) == [scopes[0] for scopes in needed]

    tenant.grant("calendar:room:readonly", *TITLE_SCOPES)
    result = await submit(hass, result, next_step_id="titles_check")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["titles"] == titles


async def test_back_keeps_what_was_chosen_and_saving_anyway_is_possible(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    chosen = {"titles": "title_and_organizer", "titles_for_assistants": True}
    result = await submit(hass, await start_options(hass, entry, "titles"), **chosen)
    result = await submit(hass, result, next_step_id="titles")
    assert suggested(result) == chosen

    result = await submit(hass, await submit(hass, result, **chosen), next_step_id="save")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert chosen.items() <= entry.options.items()


async def test_permissions_that_can_not_be_checked_are_listed_with_the_reason(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.inject(Fault.error(400, 212001), SCOPES, times=None)

    result = await submit(hass, await start_options(hass, entry, "titles"), **(OFF | {"titles": "organizer"}))

    assert result["step_id"] == "titles_unchecked"
    assert "212001" in placeholders(result)["details"]
    assert listed(result) == ["calendar:room:readonly"]
    tenant.clear_faults()
    result = await submit(hass, result, next_step_id="titles_check")
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("step", ["titles_missing", "titles_unchecked", "actions_missing", "actions_unchecked"])
async def test_a_reloaded_page_checks_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, step: str
) -> None:
    page, problem = step.split("_")
    if problem == "unchecked":
        tenant.inject(Fault.error(400, 212001), SCOPES, times=None)
    tenant.revoke("calendar:room:readonly")
    typed = {"titles": "organizer"} if page == "titles" else {"book": True, "release": True}
    defaults = OFF if page == "titles" else ACTIONS_OFF
    result = await submit(hass, await start_options(hass, entry, page), **(defaults | typed))
    calls = len(tenant.calls(SCOPES))

    result = await hass.config_entries.options.async_configure(result["flow_id"])

    assert result["step_id"] == step
    assert len(tenant.calls(SCOPES)) == calls + 1
