"""The options flow for actions: what is allowed, and whether the app has the permissions for it."""

from collections.abc import AsyncIterator, Callable
import json
import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.feishu_freebusy.acting import booker_of
from custom_components.feishu_freebusy.const import CONF_PERSON
from custom_components.feishu_freebusy.feishu.events import TO_BOOK, TO_RELEASE
from custom_components.feishu_freebusy.model.options import Options
from simulator import Fault, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.flows.test_options import running
from tests.test_config_flow import SCOPES
from tests.test_translations import fields_of, placeholders, start_options, submit, suggested, wait

OFF: dict[str, Any] = {"book": False, "release": False, "longest_booking_minutes": 240, "advanced": {}}
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


def listed(result: ConfigFlowResult) -> list[str]:
    """Return the permissions that a page lists."""
    return re.findall(r"- `(.+?)`", placeholders(result)["permissions"])


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

    changes = {"book": True, "release": True, "booking_title": " Visitors ", "longest_booking_minutes": 60}
    result = await submit(hass, result, **(OFF | changes))
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
    assert listed(result) == offered(result) == [scopes[0] for scopes in needed]

    tenant.grant("calendar:room:readonly")
    result = await submit(hass, result, next_step_id="actions_check")
    if "book" in switches:
        assert listed(result) == offered(result) == list(BOOKING_SCOPES)
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
    result = await wait(hass, result)  # the page was reloaded
    assert result["step_id"] == "actions_missing"
    result = await submit(hass, result, next_step_id="actions")
    assert suggested(result) == {"book": True, "release": False, "longest_booking_minutes": 45, "advanced": {}}

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
    assert listed(result) == ["calendar:room:readonly"]
    result = await wait(hass, result)  # the page was reloaded
    assert result["step_id"] == "actions_unchecked"
    tenant.clear_faults()
    result = await submit(hass, result, next_step_id="actions_check")
    assert result["type"] is FlowResultType.CREATE_ENTRY


# The calendar and the contact

SHARED = "feishu.cn_shared@group.calendar.feishu.cn"


def with_advanced(**advanced: str) -> dict[str, Any]:
    """Return what is submitted to allow booking, with these advanced options."""
    return OFF | {"book": True, "advanced": advanced}


async def test_a_shared_calendar_and_a_contact_are_stored_and_shown_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.grant(*BOOKING_SCOPES, "contact:user.id:readonly")
    tenant.agenda.shared[SHARED] = "writer"
    ada = tenant.add_user("Ada", email="ada@example.com")
    advanced = {"booking_calendar": f" {SHARED} ", "booking_contact": "ada@example.com"}

    result = await submit(hass, await start_options(hass, entry, "actions"), **with_advanced(**advanced))
    await hass.async_block_till_done(wait_background_tasks=True)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    booker = booker_of(entry.runtime_data)
    assert booker
    assert (booker.settings.calendar_id, booker.settings.contact) == (SHARED, ada.open_id)
    result = await start_options(hass, entry, "actions")
    assert suggested(result)["advanced"] == {"booking_calendar": SHARED, "booking_contact": "ada@example.com"}

    tenant.requests.clear()
    await submit(hass, result, **with_advanced(booking_contact="ada@example.com"))
    assert tenant.calls("batch_get_id") == []  # known
    assert Options.of(entry.options).booking_calendar == ""
    assert Options.of(entry.options).booking_contact == ada.open_id
    await submit(hass, await start_options(hass, entry, "actions"), **with_advanced())
    assert not {"booking_calendar", "booking_contact"} & entry.options.keys()


async def test_a_contact_can_be_an_id(hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant) -> None:
    tenant.grant(*BOOKING_SCOPES)

    await submit(hass, await start_options(hass, entry, "actions"), **with_advanced(booking_contact="ou_1"))

    assert Options.of(entry.options).booking_contact == "ou_1"


@pytest.mark.parametrize("contact", ["nobody@example.com", "Ada"])
async def test_an_unknown_contact_is_refused_and_stays_typed(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, contact: str
) -> None:
    tenant.grant(*BOOKING_SCOPES, "contact:user.id:readonly")

    result = await submit(hass, await start_options(hass, entry, "actions"), **with_advanced(booking_contact=contact))

    assert (result["step_id"], result["errors"]) == ("actions", {"base": "contact_not_found"})
    assert placeholders(result)["contact"] == contact
    assert suggested(result)["advanced"] == {"booking_contact": contact}
    result = await submit(hass, result, **with_advanced())
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_people_can_not_be_found_without_the_permission(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.revoke("contact:user.id:readonly")

    result = await submit(
        hass, await start_options(hass, entry, "actions"), **with_advanced(booking_contact="ada@example.com")
    )

    assert result["errors"] == {"base": "scope_missing"}
    assert placeholders(result)["scopes"] == "contact:user.id:readonly"
    assert "contact:user.id:readonly" in placeholders(result)["contact_url"]


@pytest.mark.parametrize(
    ("calendar", "error"),
    [
        (SHARED, "calendar_read_only"),
        ("feishu.cn_other@group.calendar.feishu.cn", "calendar_not_found"),
        ("not/an id", "calendar_not_found"),
        ("..", "calendar_not_found"),
    ],
)
async def test_a_calendar_in_which_the_app_may_not_write_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, calendar: str, error: str
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    tenant.agenda.shared[SHARED] = "reader"

    result = await submit(hass, await start_options(hass, entry, "actions"), **with_advanced(booking_calendar=calendar))

    assert (result["step_id"], result["errors"]) == ("actions", {"base": error})
    assert placeholders(result)["calendar"] == calendar
    assert suggested(result)["advanced"] == {"booking_calendar": calendar}
    tenant.agenda.shared[SHARED] = "owner"
    result = await submit(hass, result, **with_advanced(booking_calendar=SHARED))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_calendar_that_can_not_be_checked_is_not_saved(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    tenant.inject(Fault.error(403, 190006), f"calendars/{SHARED}", times=None)

    result = await submit(hass, await start_options(hass, entry, "actions"), **with_advanced(booking_calendar=SHARED))

    assert result["errors"] == {"base": "app_unavailable"}
    assert "190006" in placeholders(result)["details"]


async def test_while_booking_is_off_no_calendar_is_checked(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    result = await start_options(hass, entry, "actions")
    tenant.requests.clear()

    result = await submit(hass, result, **(with_advanced(booking_calendar=SHARED) | {"book": False}))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert tenant.requests == []


# Who may act as the linked person


async def test_users_who_may_act_as_the_person_are_chosen_once_one_is_linked(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    tablet, other, _ = (
        MockUser(id=name, name=name, **kind).add_to_hass(hass)
        for name, kind in (("tablet", {}), ("guest", {}), ("former", {"is_active": False}))
    )
    MockUser(id="admin", is_owner=True).add_to_hass(hass)
    MockUser(id="system", system_generated=True).add_to_hass(hass)
    assert "person_users" not in fields_of(await start_options(hass, entry, "actions"))

    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_PERSON: {"open_id": "ou_1"}})
    result = await start_options(hass, entry, "actions")
    field = fields_of(result)["person_users"]
    assert [option["value"] for option in field.config["options"]] == ["guest", "tablet"]
    result = await submit(hass, result, **OFF, person_users=[tablet.id, other.id])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert Options.of(entry.options).person_users == {"tablet", "guest"}

    await hass.auth.async_remove_user(other)
    result = await start_options(hass, entry, "actions")
    assert suggested(result)["person_users"] == ["tablet"]
    await submit(hass, result, **OFF)  # the field was cleared
    assert Options.of(entry.options).person_users == frozenset()


async def test_the_choice_of_users_outlasts_a_page_without_the_field(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "person_users": ["tablet"]})

    await submit(hass, await start_options(hass, entry, "actions"), **OFF)

    assert entry.options["person_users"] == ["tablet"]
