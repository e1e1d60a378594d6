"""Rooms and polling of a running entry, changed in place."""

from collections.abc import Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_ROOMS
from custom_components.feishu_freebusy.feishu import transport
from simulator import Fault, Tenant
from tests.conftest import at
from tests.test_config_flow import (
    FREE_BUSY,
    FREE_BUSY_SCOPE,
    ROOMS,
    ROOMS_SCOPE,
    SECRET,
    Trouble,
    answers_at,
    change,
    chosen,
    end_trouble,
    is_of,
    offered,
    rooms_read,
    troubles_at,
)
from tests.test_translations import as_sent, checked, fields_of, placeholders, start_options, submit, suggested, wait

POLLING = {
    "plan": "free",
    "monthly_budget": 10_000,
    "scan_interval": 90,
    "horizon_days": 14,
    "min_free_minutes": 30,
    "count_pending_as_busy": True,
    "include_external_calendar": False,
}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let failed calls be repeated without a pause."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@pytest.fixture
def orion(tenant: Tenant) -> str:
    """Return the id of the room that is followed."""
    return tenant.add_room("Orion", level=tenant.add_level("Tower A"), capacity=8).room_id


@pytest.fixture
def vega(tenant: Tenant) -> str:
    """Return the id of another room."""
    return tenant.add_room("Vega").room_id


@pytest.fixture
async def entry(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, orion: str
) -> MockConfigEntry:
    """Return a running entry that follows one room."""
    entry = entry_of(orion)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    tenant.requests.clear()
    return entry


def followed(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the names of the rooms that have an entity."""
    states = (
        hass.states.get(entity.entity_id)
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    )
    return {state.name for state in states if state}


async def test_the_menu_offers_rooms_and_polling(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = checked(await hass.config_entries.options.async_init(entry.entry_id))

    assert (result["type"], result["menu_options"]) == (FlowResultType.MENU, ["rooms", "polling"])


# Rooms


async def test_a_room_is_added_while_the_others_stay(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    before, options_before = entry.runtime_data, dict(entry.options)
    (kept,) = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    seen: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        seen.append(event.data["new_state"].state if event.data["new_state"] else "removed")

    async_track_state_change_event(hass, kept.entity_id, note)

    result = await start_options(hass, entry, "rooms")
    assert offered(result) == {vega: "Vega", orion: "Orion · Tower A · 👤 8"}
    assert chosen(result) == [orion]
    assert rooms_read(tenant) == []
    result = await submit(hass, result, rooms=[orion, vega])
    assert rooms_read(tenant)[0] == vega  # tried; the other one is known to work
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**options_before, CONF_ROOMS: {orion: "Orion", vega: "Vega"}}
    assert entry.runtime_data is before
    assert followed(hass, entry) == {"Orion", "Vega"}
    assert not {STATE_UNAVAILABLE, "removed"} & set(seen)


async def test_rooms_that_stay_are_not_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None)  # even one that fails at the moment may stay

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[orion, vega])
    assert placeholders(result)["rooms"] == "Vega"
    assert rooms_read(tenant) == [vega]

    tenant.requests.clear()
    result = await submit(hass, result, rooms=[orion])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert rooms_read(tenant) == []


async def test_a_room_is_dropped_with_its_device(
    hass: HomeAssistant, entry: MockConfigEntry, orion: str, vega: str
) -> None:
    result = await start_options(hass, entry, "rooms")
    await submit(hass, result, rooms=[vega])
    await hass.async_block_till_done()

    assert entry.options[CONF_ROOMS] == {vega: "Vega"}
    assert followed(hass, entry) == {"Vega"}


async def test_a_followed_room_that_vanished_is_offered_by_the_name_it_had(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.delete_room(orion)

    result = await start_options(hass, entry, "rooms")
    assert offered(result)[orion] == "Orion"
    assert chosen(result) == [orion]
    assert placeholders(result)["count"] == "1"

    result = await submit(hass, result, rooms=[orion, vega])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options[CONF_ROOMS] == {orion: "Orion", vega: "Vega"}


async def test_a_room_that_was_renamed_gets_its_new_name(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str
) -> None:
    tenant.rename_room(orion, "Great Orion")

    result = await start_options(hass, entry, "rooms")
    assert offered(result)[orion].startswith("Great Orion")
    await submit(hass, result, rooms=[orion])
    await hass.async_block_till_done()

    assert entry.options[CONF_ROOMS] == {orion: "Great Orion"}


async def test_a_name_once_given_by_hand_stays_where_rooms_can_not_be_listed(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.revoke(ROOMS_SCOPE)

    result = await start_options(hass, entry, "rooms")
    assert offered(result) == {orion: "Orion"}
    result = await submit(hass, result, rooms=[orion, vega])
    assert result["step_id"] == "names"
    assert list(fields_of(result)) == [vega]
    result = await submit(hass, result, **{vega: " "})
    assert result["errors"] == {"base": "no_name"}
    await submit(hass, result, **{vega: "My Vega"})
    await hass.async_block_till_done()

    assert entry.options[CONF_ROOMS] == {orion: "Orion", vega: "My Vega"}


@pytest.mark.parametrize(
    ("rooms", "error", "named"),
    [([], "no_rooms", ""), (["Deneb"], "invalid_room_id", "Deneb"), (["omm_gone"], "subject_unreadable", "omm_gone")],
)
async def test_a_wrong_choice_is_named_and_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, vega: str, rooms: list[str], error: str, named: str
) -> None:
    before = dict(entry.options)

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=rooms)
    assert result["errors"] == {CONF_ROOMS: error}
    assert placeholders(result)["rooms"] == named
    assert entry.options == before

    await submit(hass, result, rooms=[vega])
    await hass.async_block_till_done()
    assert entry.options[CONF_ROOMS] == {vega: "Vega"}


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("invalid_auth", change("app_secret", "another"), says="app secret invalid"),
        Trouble("bot_disabled", change("bot_enabled", False), says="bot_id not found"),
        Trouble("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), says="Access denied"),
        *answers_at(FREE_BUSY),
        *troubles_at(FREE_BUSY),
    ],
)
async def test_a_failure_to_read_a_new_room_is_named_and_gone_on_from(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str, trouble: Trouble
) -> None:
    result = await start_options(hass, entry, "rooms")
    trouble.begin(tenant)

    result = await submit(hass, result, rooms=[orion, vega])
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    result = await submit(hass, result, rooms=[orion, vega])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


@pytest.mark.parametrize("trouble", [*answers_at(ROOMS), *troubles_at(ROOMS)])
async def test_a_failure_to_list_rooms_leaves_those_that_are_followed(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str, trouble: Trouble
) -> None:
    trouble.begin(tenant)

    result = await start_options(hass, entry, "rooms")
    assert result["errors"] == trouble.errors
    assert offered(result) == {orion: "Orion"}
    assert chosen(result) == [orion]

    end_trouble(tenant)
    result = await submit(hass, result, rooms=[orion, vega])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_only_many_new_rooms_need_a_progress_bar(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, when=is_of(rooms[20]))

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[orion, *rooms])
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert placeholders(result)["count"] == "21"
    result = await wait(hass, result)
    assert placeholders(result)["rooms"] == "Room 20"

    result = await submit(hass, result, rooms=[orion, *rooms[:20]])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert len(entry.options[CONF_ROOMS]) == 21


async def test_the_secret_is_in_none_of_the_forms(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for step in ("rooms", "polling"):
        assert SECRET not in as_sent(await start_options(hass, entry, step))


# Polling


async def test_polling_starts_from_what_is_in_force(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    result = await start_options(hass, entry, "polling")

    assert suggested(result) == {
        "plan": "paid",
        "monthly_budget": 25_000,
        "scan_interval": 60,
        "horizon_days": 7,
        "min_free_minutes": 15,
        "count_pending_as_busy": False,
        "include_external_calendar": True,
    }
    assert placeholders(result) == {"count": "1", "interval": "60 s"}


async def test_the_interval_shown_is_that_of_the_plan(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(at(10))  # a month of 30 days
    hass.config_entries.async_update_entry(entry, options={**entry.options, "plan": "free", "monthly_budget": 5_000})
    await hass.async_block_till_done()

    result = await start_options(hass, entry, "polling")

    assert placeholders(result)["interval"] == "9 min"


async def test_polling_is_changed_in_place(hass: HomeAssistant, entry: MockConfigEntry, orion: str) -> None:
    before = entry.runtime_data
    rooms = dict(entry.options[CONF_ROOMS])

    result = await start_options(hass, entry, "polling")
    result = await submit(hass, result, **{**POLLING, "scan_interval": 90.0})  # numbers come as fractions
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {CONF_ROOMS: rooms, **POLLING}
    assert all(type(entry.options[key]) is type(value) for key, value in POLLING.items())
    assert entry.runtime_data is before
    assert entry.runtime_data.options.horizon.days == 14
    assert suggested(await start_options(hass, entry, "polling")) == POLLING


async def test_rooms_and_polling_do_not_undo_each_other(
    hass: HomeAssistant, entry: MockConfigEntry, orion: str, vega: str
) -> None:
    await submit(hass, await start_options(hass, entry, "polling"), **POLLING)
    await submit(hass, await start_options(hass, entry, "rooms"), rooms=[orion, vega])
    await hass.async_block_till_done()

    assert entry.options == {CONF_ROOMS: {orion: "Orion", vega: "Vega"}, **POLLING}


@pytest.mark.parametrize(
    ("field", "lowest", "highest"),
    [
        ("monthly_budget", 1_000, 1_000_000),
        ("scan_interval", 30, 3_600),
        ("horizon_days", 2, 60),
        ("min_free_minutes", 0, 240),
    ],
)
async def test_numbers_have_bounds(
    hass: HomeAssistant, entry: MockConfigEntry, field: str, lowest: int, highest: int
) -> None:
    before = dict(entry.options)
    result = await start_options(hass, entry, "polling")
    for value in (lowest - 1, highest + 1):
        with pytest.raises(InvalidData):
            await submit(hass, result, **{**POLLING, field: value})
    assert entry.options == before

    await submit(hass, result, **{**POLLING, field: highest})
    result = await start_options(hass, entry, "polling")
    await submit(hass, result, **{**POLLING, field: lowest})
    await hass.async_block_till_done()
    assert entry.options[field] == lowest


@pytest.mark.parametrize("wrong", [{"plan": "cheap"}, {"scan_interval": "often"}, {"unheard_of": 1}])
async def test_what_is_no_value_is_refused(hass: HomeAssistant, entry: MockConfigEntry, wrong: dict[str, Any]) -> None:
    result = await start_options(hass, entry, "polling")

    with pytest.raises(InvalidData):
        await submit(hass, result, **{**POLLING, **wrong})


# Without a running entry


async def test_options_can_be_changed_while_the_entry_does_not_run(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, orion: str, vega: str
) -> None:
    entry = entry_of(orion)
    entry.add_to_hass(hass)
    tenant.inject(Fault.html(404), ROOMS)
    assert not await hass.config_entries.async_setup(entry.entry_id)

    await submit(hass, await start_options(hass, entry, "polling"), **POLLING)
    await submit(hass, await start_options(hass, entry, "rooms"), rooms=[vega])
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert followed(hass, entry) == {"Vega"}
