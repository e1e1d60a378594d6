"""The options flow for rooms and floors of a running entry. It shows the effect before it saves."""

from collections.abc import Callable
from dataclasses import replace

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import (
    CONF_BUILDING_DEPTH,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    CONF_SUGGEST_AREAS,
)
from custom_components.feishu_freebusy.feishu import transport
from simulator import Fault, Tenant
from tests.clock import busy_id
from tests.test_config_flow import (
    DECEMBER,
    FREE_BUSY,
    FREE_BUSY_SCOPE,
    ROOMS,
    ROOMS_SCOPE,
    SECRET,
    Trouble,
    answers_at,
    change,
    chosen,
    chosen_levels,
    end_trouble,
    is_of,
    offered,
    offered_levels,
    rooms_read,
    troubles_at,
)
from tests.test_translations import as_sent, checked, fields_of, placeholders, start_options, submit, suggested, wait
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@pytest.fixture
def tower(tenant: Tenant) -> str:
    """Return the id of the level that the followed room is on."""
    return tenant.add_level("Tower A").level_id


@pytest.fixture
def orion(tenant: Tenant, tower: str) -> str:
    """Return the id of the followed room."""
    return tenant.add_room("Orion", level=tenant.levels[tower], capacity=8).room_id


@pytest.fixture
def vega(tenant: Tenant) -> str:
    """Return the id of another room."""
    return tenant.add_room("Vega").room_id


@pytest.fixture
async def entry(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, orion: str
) -> MockConfigEntry:
    """Return a running entry that follows one room."""
    entry = await running(hass, entry_of(orion))
    tenant.requests.clear()
    return entry


async def running(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set up an entry."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def save(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Save on the form that shows the effect."""
    assert result["type"] is FlowResultType.MENU
    result = await submit(hass, result, next_step_id="save")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **choice: list[str]) -> None:
    """Choose rooms and levels, and save."""
    await save(hass, await submit(hass, await start_options(hass, entry, "rooms"), **choice))


def followed(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the names of the rooms that have an entity."""
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    states = (hass.states.get(entity.entity_id) for entity in entities if entity.unique_id.endswith("_busy"))
    return {state.name for state in states if state}


async def test_the_menu_offers_rooms_people_polling_and_live_updates(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    result = checked(await hass.config_entries.options.async_init(entry.entry_id))

    assert (result["type"], result["menu_options"]) == (
        FlowResultType.MENU,
        ["rooms", "places", "people", "polling", "live_updates", "actions", "titles", "occupancy"],
    )


# Rooms


async def test_a_room_is_added_while_the_others_stay(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    before, options_before = entry.runtime_data, dict(entry.options)
    kept = busy_id(hass, tenant.rooms[orion])
    seen: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        seen.append(event.data["new_state"].state if event.data["new_state"] else "removed")

    async_track_state_change_event(hass, kept, note)

    result = await start_options(hass, entry, "rooms")
    assert offered(result) == {vega: "Vega", orion: "Orion · Tower A (8)"}
    assert chosen(result) == [orion]
    assert rooms_read(tenant) == []
    result = await submit(hass, result, rooms=[orion, vega])
    assert rooms_read(tenant) == [vega]  # the new room is tried; the other is known to work
    assert entry.options == options_before
    await save(hass, result)

    assert entry.options == {**options_before, CONF_ROOMS: {orion: "Orion", vega: "Vega"}, CONF_ROOM_LEVELS: {}}
    assert entry.runtime_data is before
    assert followed(hass, entry) == {"Orion", "Vega"}
    assert not {STATE_UNAVAILABLE, "removed"} & set(seen)


async def test_areas_are_suggested_until_the_user_does_not_want_it(
    hass: HomeAssistant, entry: MockConfigEntry, orion: str
) -> None:
    assert CONF_SUGGEST_AREAS not in entry.options
    for wanted in (True, True, False):
        form = await start_options(hass, entry, "rooms")
        await save(hass, await submit(hass, form, rooms=[orion], suggest_areas=wanted))
        assert entry.options[CONF_SUGGEST_AREAS] is wanted


async def test_rooms_that_stay_are_not_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None)  # a followed room may stay even while it fails

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[orion, vega])
    assert placeholders(result)["rooms"] == "Vega"
    assert rooms_read(tenant) == [vega]

    tenant.requests.clear()
    result = await submit(hass, result, rooms=[orion])
    assert result["step_id"] == "rooms_effect"
    assert rooms_read(tenant) == []


async def test_a_room_is_dropped_with_its_device(
    hass: HomeAssistant, entry: MockConfigEntry, orion: str, vega: str
) -> None:
    result = await start_options(hass, entry, "rooms")
    await save(hass, await submit(hass, result, rooms=[vega]))

    assert entry.options[CONF_ROOMS] == {vega: "Vega"}
    assert followed(hass, entry) == {"Vega"}


async def test_a_followed_room_that_vanished_is_offered_by_its_last_name(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.delete_room(orion)

    result = await start_options(hass, entry, "rooms")
    assert offered(result)[orion] == "Orion"
    assert chosen(result) == [orion]
    assert placeholders(result)["count"] == "1"

    await save(hass, await submit(hass, result, rooms=[orion, vega]))
    assert entry.options[CONF_ROOMS] == {orion: "Orion", vega: "Vega"}


async def test_a_room_that_was_renamed_gets_its_new_name(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str
) -> None:
    tenant.rename_room(orion, "Great Orion")

    result = await start_options(hass, entry, "rooms")
    assert offered(result)[orion].startswith("Great Orion")
    await save(hass, await submit(hass, result, rooms=[orion]))

    assert entry.options[CONF_ROOMS] == {orion: "Great Orion"}


async def test_a_typed_name_is_kept_while_rooms_cannot_be_listed(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str
) -> None:
    tenant.revoke(ROOMS_SCOPE)

    result = await start_options(hass, entry, "rooms")
    assert result["errors"] == {}
    assert offered(result) == {orion: "Orion · Tower A (8)"}  # as it was last known
    result = await submit(hass, result, rooms=[orion, vega])
    assert result["step_id"] == "names"
    assert list(fields_of(result)) == [vega]
    result = await submit(hass, result, **{vega: " "})
    assert result["errors"] == {"base": "no_name"}
    result = await submit(hass, result, **{vega: "My Vega"})
    assert placeholders(result)["count"] == "2"

    result = await submit(hass, result, next_step_id="rooms")
    assert offered(result)[vega] == "My Vega"
    await save(hass, await submit(hass, result, rooms=[orion, vega]))  # the name is not asked for again
    assert entry.options[CONF_ROOMS] == {orion: "Orion", vega: "My Vega"}


@pytest.mark.parametrize(
    ("rooms", "error", "named"),
    [
        (None, "no_rooms", ""),
        ([], "no_rooms", ""),
        (["Deneb"], "invalid_room_id", "Deneb"),
        (["omm_gone"], "subject_unreadable", "omm_gone"),
    ],
)
async def test_a_wrong_choice_is_named_and_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, vega: str, rooms: list[str] | None, error: str, named: str
) -> None:
    before = dict(entry.options)

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, **({} if rooms is None else {"rooms": rooms}))
    assert result["errors"] == {CONF_ROOMS: error}
    assert placeholders(result)["rooms"] == named
    assert chosen(result) == (rooms or [])
    assert entry.options == before

    await save(hass, await submit(hass, result, rooms=[vega]))
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
async def test_a_failure_to_read_a_new_room_is_shown_and_can_be_retried(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str, trouble: Trouble
) -> None:
    result = await start_options(hass, entry, "rooms")
    trouble.begin(tenant)

    result = await submit(hass, result, rooms=[orion, vega])
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    await save(hass, await submit(hass, result, rooms=[orion, vega]))
    assert list(entry.options[CONF_ROOMS]) == [orion, vega]


@pytest.mark.parametrize("trouble", [*answers_at(ROOMS), *troubles_at(ROOMS)])
async def test_a_failure_to_list_rooms_keeps_the_followed_rooms(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, vega: str, trouble: Trouble
) -> None:
    trouble.begin(tenant)

    result = await start_options(hass, entry, "rooms")
    assert result["errors"] == trouble.errors
    assert offered(result) == {orion: "Orion · Tower A (8)"}  # as it was last known
    assert chosen(result) == [orion]

    end_trouble(tenant)
    await save(hass, await submit(hass, result, rooms=[orion, vega]))
    assert list(entry.options[CONF_ROOMS]) == [orion, vega]


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

    await save(hass, await submit(hass, result, rooms=[orion, *rooms[:20]]))
    assert len(entry.options[CONF_ROOMS]) == 21


async def test_the_secret_is_in_none_of_the_forms(hass: HomeAssistant, entry: MockConfigEntry, orion: str) -> None:
    for step in ("rooms", "polling"):
        assert SECRET not in as_sent(await start_options(hass, entry, step))
    result = await start_options(hass, entry, "rooms")
    assert SECRET not in as_sent(await submit(hass, result, rooms=[orion]))


# Buildings and floors


async def test_a_level_replaces_its_room(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, tower: str, vega: str
) -> None:
    before = entry.runtime_data

    result = await start_options(hass, entry, "rooms")
    assert offered_levels(result) == {tower: "Tower A (1)"}
    assert chosen_levels(result) == []
    result = await submit(hass, result, room_levels=[tower])  # the frontend omits an emptied list
    assert rooms_read(tenant) == []
    await save(hass, result)

    assert (entry.options[CONF_ROOMS], entry.options[CONF_ROOM_LEVELS]) == ({}, {tower: "Tower A"})
    assert entry.runtime_data is before
    assert followed(hass, entry) == {"Orion"}
    result = await start_options(hass, entry, "rooms")
    assert (chosen(result), chosen_levels(result)) == ([], [tower])


async def test_dropping_a_level_drops_its_rooms(
    hass: HomeAssistant, entry: MockConfigEntry, tower: str, vega: str
) -> None:
    await choose(hass, entry, room_levels=[tower])
    assert followed(hass, entry) == {"Orion"}

    await choose(hass, entry, rooms=[vega])
    assert entry.options[CONF_ROOM_LEVELS] == {}
    assert followed(hass, entry) == {"Vega"}


async def test_a_level_that_was_renamed_gets_its_new_name(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, tower: str
) -> None:
    await choose(hass, entry, room_levels=[tower])
    tenant.levels[tower] = replace(tenant.levels[tower], name="Great Tower")

    await choose(hass, entry, room_levels=[tower])

    assert entry.options[CONF_ROOM_LEVELS] == {tower: "Great Tower"}


async def test_a_level_that_vanished_is_offered_by_its_last_name(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, orion: str, tower: str
) -> None:
    entry = await running(hass, entry_of(orion, room_levels={"omb_gone": "Tower Z / 3F"}))

    result = await start_options(hass, entry, "rooms")
    assert offered_levels(result) == {tower: "Tower A (1)", "omb_gone": "Tower Z / 3F (0)"}
    assert chosen_levels(result) == ["omb_gone"]
    result = await submit(hass, result, rooms=["Nowhere"])
    assert chosen_levels(result) == []
    assert "omb_gone" in offered_levels(result)  # a level that was removed by mistake can be added again
    await save(hass, await submit(hass, result, rooms=[orion], room_levels=["omb_gone"]))
    assert entry.options[CONF_ROOM_LEVELS] == {"omb_gone": "Tower Z / 3F"}

    await choose(hass, entry, rooms=[orion])
    assert offered_levels(await start_options(hass, entry, "rooms")) == {tower: "Tower A (1)"}


@pytest.mark.parametrize(
    ("begin", "errors"),
    [
        (lambda tenant: tenant.revoke(ROOMS_SCOPE), {}),
        (lambda tenant: tenant.inject(Fault.html(502), ROOMS, times=None), {"base": "server_error"}),
    ],
)
async def test_levels_that_cannot_be_listed_are_offered_as_last_known(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    tenant: Tenant,
    tower: str,
    begin: Callable[[Tenant], object],
    errors: dict[str, str],
) -> None:
    await choose(hass, entry, room_levels=[tower])
    begin(tenant)

    result = await start_options(hass, entry, "rooms")

    assert result["errors"] == errors
    assert offered_levels(result) == {tower: "Tower A (1)"}
    assert chosen_levels(result) == [tower]
    assert placeholders(result)["count"] == "1"


# The effect


async def test_the_effect_of_another_choice_is_shown(
    hass: HomeAssistant,
    entry_of: Callable[..., MockConfigEntry],
    tenant: Tenant,
    wall: WallClock,
    orion: str,
    tower: str,
) -> None:
    wall.move_to(DECEMBER)
    others = [tenant.add_room(f"Room {number}").room_id for number in range(9)]
    entry = await running(hass, entry_of(orion, plan="free", off_hours={"enabled": True}, source="list"))

    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=others, room_levels=[tower])

    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "rooms_effect")
    assert result["menu_options"] == ["save", "rooms"]
    assert placeholders(result) == {
        "count": "10",
        "count_before": "1",
        "interval": "11",
        "interval_before": "1",
        "off_interval": "42",
        "off_interval_before": "30",
        "calls": "25,000",
        "calls_before": "20,440",
        "rooms_per_call": "1",
        "rooms_per_call_before": "1",
        "missing": "–",
        "missing_before": "–",
    }


async def test_a_choice_can_be_made_again(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: str, tower: str, vega: str
) -> None:
    before = dict(entry.options)
    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[vega], room_levels=[tower])
    assert placeholders(result)["count"] == "2"

    result = await submit(hass, result, next_step_id="rooms")
    assert (result["step_id"], result["errors"]) == ("rooms", {})
    assert (chosen(result), chosen_levels(result)) == ([vega], [tower])
    result = await submit(hass, result, rooms=[orion, vega])
    assert placeholders(result)["count"] == "2"
    assert entry.options == before

    await save(hass, result)
    assert entry.options[CONF_ROOMS] == {orion: "Orion", vega: "Vega"}
    assert entry.options[CONF_ROOM_LEVELS] == {}


async def test_an_unsaved_choice_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, vega: str
) -> None:
    before = dict(entry.options)
    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[vega])

    hass.config_entries.options.async_abort(result["flow_id"])
    await hass.async_block_till_done()

    assert entry.options == before
    assert followed(hass, entry) == {"Orion"}


async def test_a_change_made_meanwhile_is_not_undone(hass: HomeAssistant, entry: MockConfigEntry, vega: str) -> None:
    result = await start_options(hass, entry, "rooms")
    result = await submit(hass, result, rooms=[vega])
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 600})

    await save(hass, result)

    assert entry.options["scan_interval"] == 600
    assert entry.options[CONF_ROOMS] == {vega: "Vega"}


# Without a running entry


async def test_options_can_be_changed_while_the_entry_does_not_run(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant, orion: str, vega: str
) -> None:
    entry = entry_of(orion)
    entry.add_to_hass(hass)
    tenant.inject(Fault.html(404), ROOMS)
    assert not await hass.config_entries.async_setup(entry.entry_id)

    result = await start_options(hass, entry, "polling")
    await save(hass, await submit(hass, result, **{**suggested(result), "horizon_days": 3}))
    await choose(hass, entry, rooms=[vega])
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert entry.state is ConfigEntryState.LOADED
    assert entry.options["horizon_days"] == 3
    assert followed(hass, entry) == {"Vega"}


async def test_an_entry_that_does_not_run_still_knows_its_rooms(
    hass: HomeAssistant, entry: MockConfigEntry, tower: str, vega: str
) -> None:
    await choose(hass, entry, rooms=[vega], room_levels=[tower])
    assert await hass.config_entries.async_unload(entry.entry_id)

    result = await start_options(hass, entry, "polling")

    assert placeholders(result)["count"] == "2"


# Which level is the building


async def test_the_level_of_the_buildings_is_chosen_and_can_be_reset(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant
) -> None:
    city = tenant.add_level("Shanghai")
    for name in ("Tower A", "Tower B", "Tower C", "Tower D"):
        zone = tenant.add_level("East", tenant.add_level("3F", tenant.add_level(name, city)))
        room = tenant.add_room("Orion", level=zone)
    entry = await running(hass, entry_of(room.room_id))

    result = await start_options(hass, entry, "places")
    assert list(offered(result, CONF_BUILDING_DEPTH).values()) == [
        "1 · Shanghai",
        "2 · Tower A, Tower B, Tower C, …",
        "3 · 3F",
        "4 · East",
    ]
    assert suggested(result) == {}
    result = await submit(hass, result, building_depth="2")
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options[CONF_BUILDING_DEPTH] == 2
    state = hass.states.get(busy_id(hass, room))
    assert state
    assert (state.attributes["building"], state.attributes["floor"]) == ("Tower D", "3F")
    rooms = await start_options(hass, entry, "rooms")
    assert offered(rooms)[room.room_id] == "Orion · Tower D / 3F / East"

    result = await start_options(hass, entry, "places")
    assert suggested(result) == {CONF_BUILDING_DEPTH: "2"}
    await submit(hass, result)
    assert entry.options[CONF_BUILDING_DEPTH] == 0


async def test_a_level_that_no_longer_exists_stays_chosen(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant
) -> None:
    room = tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    entry = await running(hass, entry_of(room.room_id, building_depth=3))

    result = await start_options(hass, entry, "places")

    assert offered(result, CONF_BUILDING_DEPTH) == {"1": "1 · Tower A", "3": "3"}
    assert suggested(result) == {CONF_BUILDING_DEPTH: "3"}
