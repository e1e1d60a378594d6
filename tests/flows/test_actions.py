"""The options flow for actions: what is allowed, and whether the app has the permissions for it."""

from collections.abc import AsyncIterator, Callable
import json
import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.acting import booker_of
from custom_components.feishu_freebusy.feishu.events import TO_BOOK, TO_RELEASE
from custom_components.feishu_freebusy.model.options import Options
from simulator import Fault, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.flows.test_options import running
from tests.test_config_flow import SCOPES
from tests.test_translations import fields_of, placeholders, start_options, submit, suggested

OFF: dict[str, Any] = {"book": False, "release": False, "longest_booking_minutes": 240}
MENU = ["actions_check", "actions", "save"]


@pytest.fixture
async def entry(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant
) -> AsyncIterator[MockConfigEntry]:
    """Return a running entry that follows one room."""
    entry = await running(hass, entry_of(tenant.add_room("Orion").room_id))
    yield entry
    await hass.async_block_till_done(wait_background_tasks=True)  # a saved switch reloads the entry
    await hass.config_entries.async_unload(entry.entry_id)


def marks(result: ConfigFlowResult) -> dict[str, str]:
    """Return the permissions of a checklist and their marks."""
    return {scope: mark for mark, scope in re.findall(r"- (\S+) `(.+?)`", placeholders(result)["checklist"])}


def offered(result: ConfigFlowResult) -> list[str]:
    """Return the permissions in the JSON for the console."""
    found: list[str] = json.loads(placeholders(result)["scopes_json"])["scopes"]["tenant"]
    return found


async def test_everything_is_off_at_first_and_off_needs_no_permission(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    result = await start_options(hass, entry, "actions")
    assert fields_of(result).keys() == {*OFF, "booking_title"}
    assert suggested(result) == OFF
    tenant.requests.clear()

    result = await submit(hass, result, **OFF)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert tenant.requests == []


async def test_granted_permissions_are_saved_at_once_and_the_entry_can_book(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    result = await start_options(hass, entry, "actions")

    result = await submit(hass, result, book=True, release=True, booking_title=" Visitors ", longest_booking_minutes=60)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    options = Options.of(entry.options)
    assert (options.book, options.release, options.booking_title) == (True, True, "Visitors")
    assert booker_of(entry.runtime_data)

    result = await start_options(hass, entry, "actions")
    assert suggested(result)["booking_title"] == "Visitors"
    await submit(hass, result, **OFF)
    assert "booking_title" not in entry.options


@pytest.mark.parametrize(
    ("switches", "needed"),
    [({"book": True}, TO_BOOK), ({"release": True}, TO_RELEASE), ({"book": True, "release": True}, TO_BOOK)],
    ids=["book", "release", "both"],
)
async def test_missing_permissions_are_listed_and_can_be_checked_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    tenant: Tenant,
    switches: dict[str, bool],
    needed: tuple[tuple[str, ...], ...],
) -> None:
    tenant.revoke("calendar:room:readonly")
    result = await submit(hass, await start_options(hass, entry, "actions"), **(OFF | switches))

    assert (result["type"], result["step_id"], result["menu_options"]) == (FlowResultType.MENU, "actions_missing", MENU)
    assert marks(result) == {scopes[0]: "❌" for scopes in needed}
    assert offered(result) == [scopes[0] for scopes in needed]

    tenant.grant("calendar:room:readonly")
    result = await submit(hass, result, next_step_id="actions_check")
    if "book" in switches:
        assert marks(result)["calendar:room:readonly"] == "✅"
        assert "calendar:room:readonly" not in offered(result)
        assert entry.options.get("book") is None
        tenant.grant(*BOOKING_SCOPES)
        result = await submit(hass, result, next_step_id="actions_check")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert switches.items() <= entry.options.items()


async def test_back_keeps_what_was_typed_and_saving_anyway_is_possible(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    result = await submit(
        hass, await start_options(hass, entry, "actions"), **(OFF | {"book": True, "longest_booking_minutes": 45})
    )
    result = await submit(hass, result, next_step_id="actions")
    assert suggested(result) == {"book": True, "release": False, "longest_booking_minutes": 45}

    result = await submit(hass, result, **(OFF | {"book": True}))
    result = await submit(hass, result, next_step_id="save")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["book"] is True


async def test_permissions_that_can_not_be_checked_are_listed_with_the_reason(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.inject(Fault.error(400, 212001), SCOPES, times=None)

    result = await submit(hass, await start_options(hass, entry, "actions"), **(OFF | {"release": True}))

    assert result["step_id"] == "actions_unchecked"
    assert "212001" in placeholders(result)["details"]
    assert marks(result) == {"calendar:room:readonly": "❔"}
    tenant.clear_faults()
    result = await submit(hass, result, next_step_id="actions_check")
    assert result["type"] is FlowResultType.CREATE_ENTRY
