"""The tools for language models, and their results."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, llm
import pytest
import voluptuous as vol

from custom_components.feishu_freebusy.const import CONF_PEOPLE, DOMAIN
from simulator import Fault, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.clock import Clock
from tests.conftest import at
from tests.voice import ASSIST, Ask, OpenOffice, call, entity_of

pytest_plugins = ["tests.voice"]

pytest.importorskip("homeassistant.components.llm", reason="Home Assistant asks integrations for tools from 2026.8 on")

STATUS, FIND = "feishu_freebusy__get_status", "feishu_freebusy__find_rooms"
BOOK, EXTEND, END = (f"feishu_freebusy__{name}" for name in ("book_room", "extend_meeting", "end_meeting"))
CONTEXT = llm.LLMContext("test", Context(), "en", ASSIST, None)


@pytest.fixture
def ids(in_utc: None, tenant: Tenant) -> dict[str, str]:
    """Fill the tenant; it is 10:00. Return the ids of its rooms, and of a person."""
    third = tenant.add_level("3F", tenant.add_level("Tower A"))
    rooms = [tenant.add_room("Orion", level=third, capacity=8), tenant.add_room("Vega")]
    ada = tenant.add_user("Ada")
    tenant.book(rooms[0].room_id, at(9), at(14, 30))
    tenant.book(rooms[1].room_id, at(10, 5), at(11))
    return {**{room.name: room.room_id for room in rooms}, "Ada": ada.open_id}


async def tools(hass: HomeAssistant) -> dict[str, llm.Tool]:
    """Return the tools of Assist that are ours."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, CONTEXT)
    return {tool.name: tool for tool in api.tools if "eishu" in tool.name}


async def use(hass: HomeAssistant, clock: Clock, name: str, **arguments: Any) -> Any:
    """Call a tool like a language model, and return its data."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, CONTEXT)
    result = await clock.run(api.async_call_tool(llm.ToolInput(name, arguments)))
    assert result.error == ("error" in result.data)
    return result.data


async def test_there_is_one_tool_for_each_job(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    """The intents are not offered as tools, too."""
    await open_office()

    found = await tools(hass)

    assert set(found) == {STATUS, FIND}
    for tool in found.values():
        assert tool.integration == DOMAIN
        assert tool.annotations == llm.ToolAnnotations(
            read_only=True, destructive=False, idempotent=True, open_world=False
        )
        assert tool.title
        assert tool.description
        assert len(tool.name) <= 64


async def test_without_exposed_entities_there_are_no_tools(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(expose=False)

    assert await tools(hass) == {}


async def test_without_exposed_rooms_there_is_no_search_tool(
    hass: HomeAssistant, tenant: Tenant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(tenant.rooms[ids["Vega"]], **{CONF_PEOPLE: {ids["Ada"]: "Ada"}})
    async_expose_entity(hass, ASSIST, entity_of(hass, ids["Vega"]).entity_id, False)

    assert set(await tools(hass)) == {STATUS}


async def test_other_llm_apis_get_no_tools(hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice) -> None:
    from custom_components.feishu_freebusy.llm import async_get_tools  # noqa: PLC0415  # not before 2026.8

    await open_office()

    assert async_get_tools(hass, CONTEXT, "homeassistant") is None
    first, again = (async_get_tools(hass, CONTEXT, llm.LLM_API_ASSIST) for _ in range(2))
    assert first
    assert again
    assert first.tools == again.tools  # where APIs are merged, equal tools are one
    assert len(set(first.tools)) == len(first.tools)


async def test_the_status_tool_returns_data(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    await open_office(**{CONF_PEOPLE: {ids["Ada"]: "Ada"}})

    assert await use(hass, clock, STATUS) == {
        "subjects": [
            {"name": "Ada", "kind": "person", "status": "free", "free_until": None},
            {
                "name": "Orion", "kind": "room", "building": "Tower A", "floor": "3F", "seats": 8, "status": "busy",
                "busy_until": "2026-11-23T22:30:00+08:00", "next_free": "2026-11-23T22:30:00+08:00",
            },
            {
                "name": "Vega", "kind": "room", "building": None, "floor": None, "seats": None, "status": "free",
                "free_until": "2026-11-23T18:05:00+08:00", "next_free": "2026-11-23T19:00:00+08:00",
            },
        ],
        "more": 0,
    }  # fmt: skip


async def everything_told(hass: HomeAssistant, clock: Clock) -> str:
    """Return the prompt, and what all tools answer that read something."""
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, CONTEXT)
    told = [api.api_prompt]
    for tool in api.tools:
        arguments = {"calendar": "Orion Bookings", "range": "today"} if "calendar" in tool.name else {}
        if tool.name in {STATUS, FIND} or "calendar" in tool.name or "Context" in tool.name:
            told.append(f"{tool.name} {await clock.run(api.async_call_tool(llm.ToolInput(tool.name, arguments)))}")
    return "\n".join(told)


async def test_titles_are_told_only_if_they_may_be(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    tenant.grant("calendar:room")
    vega = tenant.rooms[ids["Vega"]]
    chen = tenant.add_user("Chen Wei").open_id
    tenant.book(vega.room_id, at(9), at(10, 5), title="Retro", organizer=chen)
    await open_office(titles="title_and_organizer")
    assert "Retro" in str(hass.states.get(entity_of(hass, vega.room_id).entity_id))
    await expose_calendars(hass, "Orion Bookings")
    orion = tenant.rooms[ids["Orion"]]
    tenant.cancel(next(each.booking_id for each in tenant.bookings.values() if each.subject_id == orion.room_id))
    tenant.book(orion.room_id, at(9, 30), at(11), title="Planning", organizer=chen)
    await clock.forward(minutes=1, seconds=5)

    told = await everything_told(hass, clock)
    for name in ("feishu_freebusy__get_status", "calendar", "Context"):
        assert name in told
    assert [word for word in ("Retro", "Planning", "Chen") if word in told] == []

    (entry,) = hass.config_entries.async_entries(DOMAIN)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "titles_for_assistants": True})
    await clock.settle()
    told = await everything_told(hass, clock)
    assert [word for word in ("Retro", "Planning", "Chen") if word in told] == ["Retro", "Planning", "Chen"]
    (status,) = (await use(hass, clock, STATUS, names=["Orion"]))["subjects"]
    assert (status["meeting_title"], status["meeting_organizer"]) == ("Planning", "Chen Wei")


async def expose_calendars(hass: HomeAssistant, *names: str) -> None:
    """Expose the calendars of rooms to the assistant."""
    for state in hass.states.async_all("calendar"):
        if state.name in names:
            async_expose_entity(hass, ASSIST, state.entity_id, True)


async def test_tools_understand_the_same_names_as_speech(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    call(hass, ids["Orion"], "猎户座")

    for names in (["the Orion room"], "猎户座会议室", ["orion 3f"]):
        told = await use(hass, clock, STATUS, names=names)
        assert [subject["name"] for subject in told["subjects"]] == ["Orion"]
    some = await use(hass, clock, STATUS, names=["Orion", "Vegas"])
    assert some["not_found_but_similar_names"] == {"Vegas": ["Vega"]}
    none = await use(hass, clock, STATUS, names=["Pool"])
    assert none == {"error": "No room or person has this name", "similar_names": {"Pool": []}}


async def test_unknown_states_are_reported_as_unavailable(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=15)

    told = await use(hass, clock, STATUS, names=["Vega"])
    found = await use(hass, clock, FIND)

    assert told["subjects"] == [
        {
            "name": "Vega", "kind": "room", "building": None, "floor": None, "seats": None,
            "status": "unavailable", "reason": "no current data from Feishu",
        }
    ]  # fmt: skip
    assert (found["rooms"], found["why_none"], found["unavailable_rooms"]) == ([], "nothing_known", ["Orion", "Vega"])


@pytest.mark.parametrize(("reason", "told"), [("Projector repair", "Projector repair"), ("", "no reason given")])
async def test_a_room_out_of_service_is_busy_with_its_reason(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    ids: dict[str, str],
    open_office: OpenOffice,
    reason: str,
    told: str,
) -> None:
    tenant.disable_room(ids["Vega"], at(9), None, reason)
    await open_office()

    (room,) = (await use(hass, clock, STATUS, names=["Vega"]))["subjects"]

    assert isinstance(room, dict)
    assert (room["status"], room["busy_until"], room["out_of_service"]) == ("busy", None, told)


async def test_rooms_are_found_by_seats_place_and_time(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    now = await use(hass, clock, FIND, seats=6, minutes=60, place="third floor")
    with pytest.raises(vol.Invalid, match="Year out of range"):
        await use(hass, clock, FIND, start="0001-01-01 00:00:00")
    later = await use(
        hass, clock, FIND, seats=6, minutes=60, start="2026-11-23T14:00:00", until="2026-11-23T16:00:00+00:00"
    )

    orion = {
        "name": "Orion", "free_from": "2026-11-23T14:30:00+00:00", "free_until": None, "building": "Tower A",
        "floor": "3F", "seats": 8, "requested_by_others": False,
    }  # fmt: skip
    assert now == {
        "rooms": [],
        "why_none": "all_busy",
        "alternatives": [{"what_has_to_give": "later_start", "minutes": 60, **orion}],
        "unavailable_rooms": [],
    }
    assert later == {"rooms": [orion], "why_none": None, "alternatives": [], "unavailable_rooms": []}


async def test_a_search_with_a_start_covers_the_known_window(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    found = await use(hass, clock, FIND, seats=8, start="2026-11-23T12:00:00")

    assert [room["free_from"] for room in found["rooms"]] == ["2026-11-23T14:30:00+00:00"]


async def test_only_rooms_that_may_fit_are_listed_as_unavailable(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    tenant.delete_room(ids["Orion"])
    await clock.forward(minutes=15)

    for wish, unavailable in (({}, ["Orion"]), ({"place": "Tower A"}, ["Orion"]), ({"seats": 20}, [])):
        assert (await use(hass, clock, FIND, **wish))["unavailable_rooms"] == unavailable


async def test_an_unknown_place_is_an_error(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    assert await use(hass, clock, FIND, place="roof") == {
        "error": "No room is at this place", "places": ["Tower A 3F"],
    }  # fmt: skip


async def test_an_unknown_place_is_no_error_while_an_entry_is_not_loaded(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    for wish in ({}, {"place": "third floor"}):
        assert await use(hass, clock, FIND, **wish) == {
            "rooms": [], "why_none": "nothing_known", "alternatives": [], "unavailable_rooms": ["Orion", "Vega"],
        }  # fmt: skip


async def test_tools_return_only_exposed_entities(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    async_expose_entity(hass, ASSIST, entity_of(hass, ids["Vega"]).entity_id, False)

    status = await use(hass, clock, STATUS)
    found = await use(hass, clock, FIND)

    assert "Vega" not in str(status)
    assert "Vega" not in str(found)
    assert "similar_names" in await use(hass, clock, STATUS, names=["Vega"])


async def test_the_parameters_convert_to_openapi(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    import probatio  # noqa: PLC0415  # only in releases that have tools

    await open_office()
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, CONTEXT)

    for tool in (await tools(hass)).values():
        schema = probatio.to_openapi(tool.parameters, custom_serializer=api.custom_serializer)
        assert schema["type"] == "object"
        assert all(parameter.get("description") for parameter in schema["properties"].values())
        assert all(parameter.get("type") for parameter in schema["properties"].values())


# Later times


async def test_the_status_at_a_later_time_is_told(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    async def status(start: str) -> dict[str, Any]:
        told = await use(hass, clock, STATUS, names=["Orion"], start=start)
        (room,) = told["subjects"]
        return {key: room[key] for key in ("status", "busy_until", "free_until") if key in room}

    assert await status("2026-11-23T14:00:00") == {"status": "busy", "busy_until": "2026-11-23T14:30:00+00:00"}
    assert await status("2026-11-23T14:30:00") == {"status": "free", "free_until": None}
    assert await status("2026-12-20T10:00:00") == {"status": "unknown"}
    assert await status("2026-11-23T09:00:00") == {"status": "busy", "busy_until": "2026-11-23T14:30:00+00:00"}


async def test_the_status_during_a_period_is_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    async def status(start: str, end: str, room: str = "Orion") -> Any:
        told = await use(hass, clock, STATUS, names=[room], start=start, end=end)
        return told.get("error") or told["subjects"][0]

    partly = await status("2026-11-23T14:00:00", "2026-11-23T15:00:00")
    assert partly == {
        "name": "Orion", "kind": "room", "building": "Tower A", "floor": "3F", "seats": 8,
        "start": "2026-11-23T14:00:00+00:00", "end": "2026-11-23T15:00:00+00:00",
        "known_until": "2026-11-30T10:00:00+00:00", "status": "not_free_all_the_time",
        "free_periods": [{"start": "2026-11-23T14:30:00+00:00", "end": "2026-11-23T15:00:00+00:00"}],
    }  # fmt: skip
    assert (await status("2026-11-24T14:00:00", "2026-11-24T15:00:00"))["status"] == "free"
    assert (await status("2026-11-30T09:00:00", "2026-11-30T11:00:00"))["status"] == "unknown"
    assert (await status("2026-12-20T09:00:00", "2026-12-20T11:00:00"))["status"] == "unknown"
    assert (await status("2026-11-23T14:00:00", "2026-11-23T13:00:00")).startswith("The end must be")
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=15)
    for times in ({"start": "2026-11-24T14:00:00"}, {"start": "2026-11-24T14:00:00", "end": "2026-11-24T15:00:00"}):
        told = await use(hass, clock, STATUS, names=["Orion"], **times)
        assert told["subjects"][0]["status"] == "unavailable"


# Tools that change bookings


@pytest.fixture
def booking_tenant(tenant: Tenant) -> Tenant:
    """Let the app book and release rooms."""
    tenant.grant(*BOOKING_SCOPES)
    return tenant


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({}, set()), ({"book": True}, {BOOK, EXTEND, END}), ({"release": True}, {END})],
    ids=["off", "book", "release"],
)
async def test_only_allowed_tools_exist(
    hass: HomeAssistant,
    booking_tenant: Tenant,
    ids: dict[str, str],
    open_office: OpenOffice,
    switches: dict[str, bool],
    expected: set[str],
) -> None:
    await open_office(**switches)

    found = await tools(hass)
    assert set(found) == {STATUS, FIND, *expected}
    for name in expected:
        annotations = found[name].annotations
        assert (annotations.read_only, annotations.destructive) == (False, name == END)


async def test_tools_book_extend_and_end(
    hass: HomeAssistant, booking_tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True)

    booked = await use(
        hass, clock, BOOK, room="the Orion room", start="2026-11-23T15:00:00", minutes=45, title=" Design review "
    )
    assert booked == {
        "booked": {"name": "Orion", "start": "2026-11-23T15:00:00+00:00", "end": "2026-11-23T15:45:00+00:00"}
    }
    assert [event.title for event in booking_tenant.agenda.events.values()] == ["Design review"]
    await clock.forward(minutes=1)  # a user may book a room once a minute
    best = await use(
        hass, clock, BOOK, seats=6, place="third floor", start="2026-11-24T09:00:00", end="2026-11-24T10:00:00"
    )
    assert best["booked"]["name"] == "Orion"
    await clock.to(at(15, 10))
    extended = await use(hass, clock, EXTEND, room="Orion", minutes=30)
    assert extended == {"extended": True, "name": "Orion", "ends": "2026-11-23T16:15:00+00:00"}
    anyway = await use(hass, clock, EXTEND, room="Orion", end="2026-11-23T16:00:00")
    assert anyway == {"extended": False, "name": "Orion", "ends": "2026-11-23T16:15:00+00:00"}
    ended = await use(hass, clock, END, room="Orion")
    assert ended == {
        "ended": {"name": "Orion", "start": "2026-11-23T15:00:00+00:00", "end": "2026-11-23T15:45:00+00:00"},
        "confirmed": True,
    }


async def test_a_refused_tool_tells_the_reason_and_alternatives_without_titles(
    hass: HomeAssistant, booking_tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True)
    async_expose_entity(hass, ASSIST, entity_of(hass, ids["Vega"]).entity_id, True)

    taken = await use(hass, clock, BOOK, room="Orion", start="2026-11-23T14:00:00")
    assert taken == {
        "error": "Orion is booked until 14:30. Vega is free for all of that time.", "other_room": "Vega",
    }  # fmt: skip
    none = await use(hass, clock, BOOK, seats=5, minutes=30)
    assert none["error"] == "No room that fits is free for all of that time."
    assert none["alternatives"][0]["what_has_to_give"] == "later_start"
    assert await use(hass, clock, BOOK, place="roof") == {
        "error": "No room is at this place", "places": ["Tower A 3F"],
    }  # fmt: skip
    assert await use(hass, clock, BOOK, room="Vegas") == {
        "error": "No single room has this name", "similar_names": ["Vega"],
    }  # fmt: skip
    past = await use(hass, clock, BOOK, start="2026-11-23T09:00:00", end="2026-11-23T09:30:00")
    assert past["error"] == "That time is already over."
    end = await use(hass, clock, END, room="Orion")
    assert end["error"].startswith("Orion: Somebody else made this booking.")
    assert "title" not in str([taken, none, past, end])


async def test_without_a_name_the_room_of_the_device_is_meant(
    hass: HomeAssistant, booking_tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True, release=True)
    area = ar.async_get(hass).async_create("Corner")
    device_id = entity_of(hass, ids["Orion"]).device_id
    assert device_id
    devices = dr.async_get(hass)
    devices.async_update_device(device_id, area_id=area.id)
    here = llm.LLMContext("test", Context(), "en", ASSIST, device_id)
    nowhere = llm.LLMContext("test", None, "en", ASSIST, None)

    async def end(context: llm.LLMContext) -> Any:
        api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)
        return (await clock.run(api.async_call_tool(llm.ToolInput(END, {})))).data

    assert await end(nowhere) == {"error": "No single room has this name", "similar_names": []}
    assert (await end(here))["ended"]["name"] == "Orion"
