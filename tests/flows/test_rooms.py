"""The rooms and levels that set-up offers, and how they are chosen, against a simulated tenant."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType, InvalidData
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from custom_components.feishu_freebusy.const import (
    CONF_PEOPLE,
    CONF_PLAN,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    CONF_SUGGEST_AREAS,
)
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.sync.sources import ListSource
from simulator import Fault, Simulator, Tenant
from tests.conftest import at
from tests.test_config_flow import (
    APP_OFF,
    FREE_BUSY,
    FREE_BUSY_SCOPE,
    LEVELS,
    MGET,
    ROOMS,
    ROOMS_SCOPE,
    WRONG_SECRET,
    Trouble,
    answers_at,
    change,
    chosen,
    chosen_levels,
    end_trouble,
    fault,
    is_of,
    offered,
    offered_levels,
    rooms_read,
    to_rooms,
    troubles_at,
)
from tests.test_translations import fields_of, placeholders, submit, wait

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


# One by one


async def test_rooms_are_listed_by_place_with_floor_and_seats(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tower_b, tower_a = tenant.add_level("Tower B"), tenant.add_level("Tower A")
    floor = tenant.add_level("3F", tower_a)
    tenant.add_room("Vega", level=floor, capacity=12)
    tenant.add_room("Altair", level=tower_b, capacity=2)
    tenant.add_room("Orion", level=floor, capacity=8)
    tenant.add_room("Anywhere")

    result = await to_rooms(hass, simulator)

    assert list(offered(result).values()) == [
        "Anywhere",
        "Orion · Tower A / 3F (8)",
        "Vega · Tower A / 3F (12)",
        "Altair · Tower B (2)",
    ]


@pytest.mark.parametrize("separator", [" ", ",", ", ", ";", "\n", "，", "；", "、", " 、\t"])
async def test_a_list_of_ids_may_be_pasted_at_once(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, separator: str
) -> None:
    first, second, third = (tenant.add_room(name).room_id for name in ("Orion", "Vega", "Mira"))
    pasted = separator.join([first, second, first]) + separator

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[third, pasted])

    assert result["result"].options[CONF_ROOMS] == {third: "Mira", first: "Orion", second: "Vega"}
    assert placeholders(result)["count"] == "3"


async def test_a_room_may_be_typed_by_its_name(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    orion, big = tenant.add_room("Orion").room_id, tenant.add_room("Vega, the big one").room_id

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[" Vega, the big one ", "Orion", orion])

    assert result["result"].options[CONF_ROOMS] == {big: "Vega, the big one", orion: "Orion"}


async def test_a_name_shared_by_two_rooms_chooses_neither(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    tenant.add_room("Orion", level=tenant.add_level("Tower B"))

    result = await submit(hass, await to_rooms(hass, simulator), rooms=["Orion"])

    assert result["errors"] == {CONF_ROOMS: "invalid_room_id"}
    assert placeholders(result)["rooms"] == "Orion"
    assert list(offered(result).values()) == ["Orion · Tower A", "Orion · Tower B"]


async def test_an_unlisted_room_gets_its_name_from_feishu(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.disable_room(room.room_id, at(0, day=-300), None)
    tenant.variants.update({"disabled_rooms": "hidden"})

    result = await to_rooms(hass, simulator)
    assert offered(result) == {}
    result = await submit(hass, result, rooms=[room.room_id])

    assert result["result"].options[CONF_ROOMS] == {room.room_id: "Orion"}


async def test_a_permission_granted_later_is_found_on_submit_with_nothing_chosen(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    tenant.revoke(ROOMS_SCOPE)

    result = await submit(hass, await to_rooms(hass, simulator))
    assert (result["errors"], offered(result)) == ({CONF_ROOMS: "may_not_list"}, {})
    assert ROOMS_SCOPE in placeholders(result)["scopes"]

    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result)
    assert (result["errors"], placeholders(result)["count"]) == ({}, "1")
    assert offered(result) == {room.room_id: "Orion · Tower A"}
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_room_added_later_is_found_on_submit_with_nothing_chosen(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.add_room("Orion")
    result = await to_rooms(hass, simulator)

    result = await submit(hass, result)
    assert (result["errors"], len(offered(result))) == ({CONF_ROOMS: "no_rooms"}, 1)

    tenant.add_room("Vega")
    result = await submit(hass, result)
    assert (result["errors"], len(offered(result))) == ({}, 2)


@pytest.mark.parametrize(
    ("begin", "errors"),
    [
        (lambda tenant: tenant.revoke(ROOMS_SCOPE), {CONF_ROOMS: "no_rooms"}),
        (fault(Fault.html(502), ROOMS), {"base": "server_error"}),
    ],
)
async def test_a_second_look_that_fails_keeps_the_list(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, begin: Callable[[Tenant], object], errors: dict[str, str]
) -> None:
    tenant.add_room("Orion")
    result = await to_rooms(hass, simulator)
    begin(tenant)

    result = await submit(hass, result)

    assert (result["errors"], len(offered(result))) == (errors, 1)


async def test_without_the_room_list_scope_rooms_are_pasted_and_named(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.revoke(ROOMS_SCOPE)

    result = await to_rooms(hass, simulator)
    assert (result["errors"], offered(result)) == ({CONF_ROOMS: "may_not_list"}, {})
    assert placeholders(result)["count"] == "0"
    result = await submit(hass, result, rooms=["，".join(rooms)])
    assert (result["step_id"], result["errors"]) == ("names", {})
    assert list(fields_of(result)) == rooms
    result = await submit(hass, result, **{rooms[0]: " My Orion ", rooms[1]: "My Vega"})

    assert result["result"].options[CONF_ROOMS] == {rooms[0]: "My Orion", rooms[1]: "My Vega"}
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_a_missing_room_name_is_asked_for_again(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.revoke(ROOMS_SCOPE)
    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    result = await submit(hass, result, **{rooms[0]: "My Orion", rooms[1]: "  "})
    assert (result["step_id"], result["errors"]) == ("names", {"base": "no_name"})
    assert list(fields_of(result)) == rooms[1:]
    result = await submit(hass, result, **{rooms[1]: "My Vega"})

    assert result["result"].options[CONF_ROOMS] == {rooms[0]: "My Orion", rooms[1]: "My Vega"}


async def test_only_names_unknown_to_feishu_are_asked_for(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    listed, hidden = tenant.add_room("Orion").room_id, tenant.add_room("Vega").room_id
    tenant.disable_room(hidden, at(0, day=-300), None)
    tenant.variants.update({"disabled_rooms": "hidden"})
    tenant.inject(Fault.html(502), MGET, times=None)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[listed, hidden])

    assert result["step_id"] == "names"
    assert list(fields_of(result)) == [hidden]


async def test_an_invalid_room_id_is_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id, "Orion, omb_1", "omm_ö"])
    assert result["errors"] == {CONF_ROOMS: "invalid_room_id"}
    assert placeholders(result)["rooms"] == "Orion, omb_1, omm_ö"
    assert rooms_read(tenant) == []

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "choice", [{}, {"rooms": []}, {"rooms": [" , "]}, {"room_levels": []}, {"rooms": [], "room_levels": []}]
)
async def test_an_empty_choice_of_rooms_is_refused(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, choice: dict[str, list[str]]
) -> None:
    room = tenant.add_room("Orion", level=tenant.add_level("Tower A"))

    result = await submit(hass, await to_rooms(hass, simulator), **choice)
    assert result["errors"] == {CONF_ROOMS: "no_rooms"}
    assert (chosen(result), chosen_levels(result)) == ([], [])

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_unreadable_rooms_are_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    orion, vega = tenant.add_room("Orion").room_id, tenant.add_room("Vega").room_id
    tenant.inject(Fault.error(400, 190014), FREE_BUSY, times=None, when=is_of(vega))

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[orion, vega, "omm_gone"])
    assert result["errors"] == {CONF_ROOMS: "subject_unreadable"}
    assert placeholders(result)["rooms"] == "Vega, omm_gone"
    assert "190014" in placeholders(result)["details"]
    assert chosen(result) == [orion, vega, "omm_gone"]

    result = await submit(hass, result, rooms=[orion])
    assert result["result"].options[CONF_ROOMS] == {orion: "Orion"}


async def test_each_chosen_room_is_read_once_before_the_entry_is_made(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.add_room("Not wanted")
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, when=is_of(rooms[1]))

    await submit(hass, result, rooms=rooms)

    assert sorted(rooms_read(tenant)) == sorted(rooms)


# Buildings and floors


type Office = dict[str, str]


@pytest.fixture
def office(tenant: Tenant) -> Office:
    """Build two towers and return the ids of their levels and rooms by name."""
    tower_a, tower_b = tenant.add_level("Tower A"), tenant.add_level("Tower B")
    levels = [tower_a, tower_b, tenant.add_level("3F", tower_a), tenant.add_level("4F", tower_a)]
    rooms = [
        tenant.add_room("Lobby", level=tower_a),
        tenant.add_room("Orion", level=levels[2]),
        tenant.add_room("Vega", level=levels[2]),
        tenant.add_room("Mira", level=tower_b),
    ]
    return {level.name: level.level_id for level in levels} | {room.name: room.room_id for room in rooms}


async def test_levels_are_offered_with_the_number_of_their_rooms(
    hass: HomeAssistant, simulator: Simulator, office: Office
) -> None:
    result = await to_rooms(hass, simulator)

    assert list(offered_levels(result).items()) == [
        (office["Tower A"], "Tower A (3)"),
        (office["3F"], "Tower A / 3F (2)"),
        (office["Tower B"], "Tower B (1)"),
    ]  # not 4F, which has no rooms
    assert (chosen(result), chosen_levels(result)) == ([], [])


@pytest.mark.parametrize("rooms", [{}, {"rooms": []}])
async def test_levels_without_single_rooms_are_enough(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, office: Office, rooms: dict[str, list[str]]
) -> None:
    result = await to_rooms(hass, simulator, plan="paid")
    result = await submit(hass, result, **rooms, room_levels=[office["3F"], office["Tower B"]])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert placeholders(result)["count"] == "3"
    assert result["result"].options[CONF_ROOMS] == {}
    assert result["result"].options[CONF_ROOM_LEVELS] == {office["3F"]: "Tower A / 3F", office["Tower B"]: "Tower B"}
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    expected = sorted([office["Orion"], office["Vega"], office["Mira"]])
    assert sorted(result["result"].runtime_data.subjects.room_ids) == expected
    assert sorted(rooms_read(tenant)) == expected  # by the entry; the flow tries only single rooms


async def test_levels_and_rooms_go_together(hass: HomeAssistant, simulator: Simulator, office: Office) -> None:
    result = await to_rooms(hass, simulator)
    result = await submit(hass, result, rooms=[office["Mira"], office["Orion"]], room_levels=[office["3F"]])

    assert placeholders(result)["count"] == "3"  # Orion is on that floor and counts once
    assert result["result"].options[CONF_ROOMS] == {office["Mira"]: "Mira", office["Orion"]: "Orion"}
    assert result["result"].options[CONF_ROOM_LEVELS] == {office["3F"]: "Tower A / 3F"}


def default_of(result: ConfigFlowResult, field: str) -> object:
    """Return the default of a field of a form."""
    assert result["data_schema"] is not None
    return next(key.default() for key in result["data_schema"].schema if key == field)


async def test_rooms_get_their_floor_as_area_if_the_user_wants_it(
    hass: HomeAssistant, simulator: Simulator, office: Office
) -> None:
    result = await to_rooms(hass, simulator)
    assert default_of(result, CONF_SUGGEST_AREAS) is False
    result = await submit(hass, result, rooms=["Nowhere"], suggest_areas=True)
    assert default_of(result, CONF_SUGGEST_AREAS) is True  # kept while an error is shown
    result = await submit(hass, result, rooms=[office["Orion"], office["Mira"]], suggest_areas=True)
    await hass.async_block_till_done()

    assert result["result"].options[CONF_SUGGEST_AREAS] is True
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), result["result"].entry_id)
    areas = {area.id: area.name for area in ar.async_get(hass).async_list_areas()}
    assert {device.name: areas.get(device.area_id or "") for device in devices} == {
        "Orion": "Tower A / 3F",
        "Mira": "Tower B",
        result["result"].title: None,
    }


async def test_no_area_is_made_unless_the_user_wants_it(
    hass: HomeAssistant, simulator: Simulator, office: Office
) -> None:
    result = await submit(hass, await to_rooms(hass, simulator), rooms=[office["Orion"]], suggest_areas=False)
    await hass.async_block_till_done()

    assert CONF_SUGGEST_AREAS not in result["result"].options
    assert list(ar.async_get(hass).async_list_areas()) == []


async def test_chosen_levels_are_kept_after_an_invalid_room(
    hass: HomeAssistant, simulator: Simulator, office: Office
) -> None:
    result = await to_rooms(hass, simulator)
    result = await submit(hass, result, rooms=["Nowhere"], room_levels=[office["Tower A"]])
    assert result["errors"] == {CONF_ROOMS: "invalid_room_id"}
    assert chosen_levels(result) == [office["Tower A"]]
    result = await submit(hass, result, rooms=["omm_gone"], room_levels=[office["Tower B"]])
    assert result["errors"] == {CONF_ROOMS: "subject_unreadable"}
    assert chosen_levels(result) == [office["Tower B"]]

    result = await submit(hass, result, room_levels=[office["Tower B"]])  # the frontend omits an emptied list
    assert result["result"].options[CONF_ROOMS] == {}
    assert result["result"].options[CONF_ROOM_LEVELS] == {office["Tower B"]: "Tower B"}


async def test_only_offered_levels_can_be_chosen(hass: HomeAssistant, simulator: Simulator, office: Office) -> None:
    result = await to_rooms(hass, simulator)

    with pytest.raises(InvalidData):
        await submit(hass, result, room_levels=["omb_gone"])


@pytest.mark.parametrize(
    "begin",
    [
        lambda tenant: tenant.levels.clear(),
        lambda tenant: tenant.revoke(ROOMS_SCOPE),
        lambda tenant: tenant.inject(Fault.html(502), LEVELS, times=None),
    ],
)
async def test_without_levels_there_is_no_level_field(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, office: Office, begin: Callable[[Tenant], object]
) -> None:
    begin(tenant)

    result = await to_rooms(hass, simulator)

    assert CONF_ROOM_LEVELS not in fields_of(result)


# Without rooms


async def test_an_empty_list_is_explained_at_once_and_read_again(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    result = await to_rooms(hass, simulator)
    assert result["errors"] == {CONF_ROOMS: "no_rooms_listed"}
    result = await submit(hass, result)
    assert result["errors"] == {CONF_ROOMS: "no_rooms_listed"}

    room = tenant.add_room("Orion")
    result = await submit(hass, result)
    assert (result["errors"], list(fields_of(result))) == ({}, [CONF_ROOMS])
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_entry_of_people_alone_is_set_up_and_runs(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    li_na = tenant.add_user("Li Na", email="li.na@example.com")
    result = await to_rooms(hass, simulator)

    result = await submit(hass, result, people_only=True)
    assert (result["step_id"], result["errors"]) == ("people", {})
    result = await submit(hass, result, people=["li.na@example.com"])
    result = await submit(hass, result, **{"li.na@example.com": "Li Na"})

    assert (result["description"], placeholders(result)["count"]) == ("created_people", "1")
    entry = result["result"]
    assert entry.options == {
        CONF_PLAN: "free",
        CONF_ROOMS: {},
        CONF_ROOM_LEVELS: {},
        CONF_PEOPLE: {li_na.open_id: "Li Na"},
    }
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    state = hass.states.get("binary_sensor.li_na")
    assert state is not None
    assert state.state == "off"


async def test_nobody_chosen_leads_back_to_the_rooms(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    result = await submit(hass, await to_rooms(hass, simulator))
    result = await submit(hass, result, people_only=True)

    result = await submit(hass, result)
    assert (result["step_id"], result["errors"]) == ("rooms", {CONF_ROOMS: "no_rooms"})
    result = await submit(hass, result, rooms=[room.room_id], people_only=True)  # a room was chosen all the same

    assert result["result"].options[CONF_ROOMS] == {room.room_id: "Orion"}


# Failures, and the retry after them


@pytest.mark.family
@pytest.mark.parametrize(
    "trouble",
    [
        *answers_at(ROOMS),
        *troubles_at(ROOMS),
        *answers_at(LEVELS),
        *troubles_at(LEVELS),
        Trouble("token_refused", fault(Fault.error(400, 99991663), ROOMS), says="99991663"),
        Trouble("request_refused", fault(Fault.error(400, 9499), ROOMS), says="9499"),
    ],
)
async def test_a_failure_to_list_rooms_is_shown_and_can_be_retried(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    trouble.begin(tenant)

    result = await to_rooms(hass, simulator)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["errors"] == trouble.errors
    assert chosen(result) == [room.room_id]

    end_trouble(tenant)
    result = await submit(hass, result, rooms=[])
    assert result["errors"] == {CONF_ROOMS: "no_rooms"}
    assert offered(result) == {room.room_id: "Orion · Tower A"}
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_room_can_be_pasted_after_the_list_failed_once(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.inject(Fault.html(404), ROOMS)

    result = await to_rooms(hass, simulator)
    assert result["errors"] == {"base": "not_feishu"}

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["result"].options[CONF_ROOMS] == {room.room_id: "Orion"}


@pytest.mark.family
@pytest.mark.parametrize(
    "trouble",
    [
        WRONG_SECRET,
        APP_OFF,
        Trouble("ip_denied", change("ip_allowed", False), says="ip 127.0.0.1 is denied"),
        Trouble("bot_disabled", change("bot_enabled", False), says="bot_id not found"),
        Trouble("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), says="Access denied"),
        Trouble("quota_exceeded", change("quota_left", 0), says="quota"),
        Trouble("token_refused", fault(Fault.error(400, 99991663), FREE_BUSY), says="99991663"),
        Trouble("request_refused", fault(Fault.error(400, 9499), FREE_BUSY), says="9499"),
        *answers_at(FREE_BUSY),
        *troubles_at(FREE_BUSY),
    ],
)
async def test_a_failure_to_read_rooms_is_shown_and_can_be_retried(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    result = await to_rooms(hass, simulator)
    trouble.begin(tenant)

    result = await submit(hass, result, rooms=rooms)
    assert (result["step_id"], result["errors"]) == ("rooms", trouble.errors)
    assert trouble.says in placeholders(result)["details"]
    assert chosen(result) == rooms

    end_trouble(tenant)
    result = await submit(hass, result, rooms=rooms)
    assert list(result["result"].options[CONF_ROOMS]) == rooms


async def test_a_missing_scope_is_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    result = await to_rooms(hass, simulator)
    tenant.revoke(FREE_BUSY_SCOPE)

    result = await submit(hass, result, rooms=[room.room_id])

    assert FREE_BUSY_SCOPE in placeholders(result)["scopes"].split(", ")


# Many rooms


async def test_many_rooms_are_read_with_a_progress_bar(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    steps: list[float] = []

    @callback
    def note(event: Event[Any]) -> None:
        steps.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)
    assert (result["type"], result["step_id"]) == (FlowResultType.SHOW_PROGRESS, "try_rooms")
    assert placeholders(result)["count"] == "21"
    again = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    assert sorted(rooms_read(tenant)) == sorted(rooms)  # once each, although the page was loaded twice
    result = await wait(hass, result)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(result["result"].options[CONF_ROOMS]) == rooms
    assert steps == sorted(steps)
    assert (len(steps), steps[-1]) == (21, 1.0)


async def test_twenty_rooms_need_no_progress_bar(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(20)]

    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_bad_room_among_many_is_named_and_can_be_left_out(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(25)]
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(rooms[7]))
    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    result = await wait(hass, result)
    assert (result["step_id"], result["errors"]) == ("rooms", {CONF_ROOMS: "subject_unreadable"})
    assert placeholders(result)["rooms"] == "Room 7"

    rooms.pop(7)
    result = await submit(hass, result, rooms=rooms)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    result = await wait(hass, result)
    assert list(result["result"].options[CONF_ROOMS]) == rooms


async def test_many_nameless_rooms_are_named_after_the_progress_bar(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    tenant.revoke(ROOMS_SCOPE)

    result = await wait(hass, await submit(hass, await to_rooms(hass, simulator), rooms=[" ".join(rooms)]))
    assert result["step_id"] == "names"
    result = await submit(hass, result, **{room_id: f"Mine {room_id}" for room_id in rooms})

    assert result["result"].options[CONF_ROOMS] == {room_id: f"Mine {room_id}" for room_id in rooms}


async def test_an_outage_stops_the_trial_of_many_rooms_early(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(60)]
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.html(502), FREE_BUSY, times=None)

    result = await wait(hass, await submit(hass, result, rooms=rooms))

    assert result["errors"] == {"base": "server_error"}
    assert len(set(rooms_read(tenant))) < len(rooms)


async def test_a_flow_closed_while_rooms_are_read_leaves_nothing_running(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.slow(5), FREE_BUSY, times=None)
    result = await submit(hass, result, rooms=rooms)
    task = hass.config_entries.flow._progress[result["flow_id"]].async_get_progress_task()
    assert task is not None

    hass.config_entries.flow.async_abort(result["flow_id"])

    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("count", [1, 25])
async def test_a_trial_that_fails_unexpectedly_can_be_repeated(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(count)]
    result = await to_rooms(hass, simulator)

    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(ListSource, "read", fail)
        result = await submit(hass, result, rooms=rooms)
        if result["type"] == "progress":
            await hass.async_block_till_done()
            result = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert (result["step_id"], result["errors"]) == ("rooms", {"base": "unexpected"})

    result = await submit(hass, result, rooms=rooms[:1])
    assert result["type"] == "create_entry"
