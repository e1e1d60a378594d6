"""One odd row, room or level costs itself alone, and nothing that is booked looks free because of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
from typing import Any

from homeassistant.components.calendar import CalendarEntity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.setup import async_setup_component
import pytest

from custom_components.feishu_freebusy.feishu import parse
from simulator import Fault, Room, Tenant
from tests.clock import (
    FREE_BUSY,
    ROOMS,
    STATUSES,
    Clock,
    SetUp,
    busy_id,
    device_of,
    devices_of,
    said,
    state_of,
)
from tests.conftest import at

pytest_plugins = ["tests.clock"]


def rows(*spans: tuple[str, str]) -> Fault:
    """Answer with these rows of free/busy."""
    listed = [{"start_time": start, "end_time": end} for start, end in spans]
    return Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": listed}})


def calendar_of(hass: HomeAssistant, room: Room) -> CalendarEntity:
    entities = er.async_get(hass).entities.values()
    entity_id = next(each.entity_id for each in entities if each.unique_id.endswith(f"_{room.room_id}_calendar"))
    entity = hass.data[DATA_INSTANCES]["calendar"].get_entity(entity_id)
    assert isinstance(entity, CalendarEntity)
    return entity


# Rows


@pytest.mark.slow
async def test_a_row_of_negative_length_hides_no_booking(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    negative = ("2026-11-25T12:00:00Z", "2026-11-25T11:00:00Z")
    tenant.inject(rows(negative, ("2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z")), FREE_BUSY, times=None)
    await set_up(orion, scan_interval=3_600)

    assert state_of(hass, orion) == "off"
    await clock.to(at(11))
    assert state_of(hass, orion) == "on"
    await clock.to(at(11, 30, day=2))
    assert state_of(hass, orion) == "on"
    await clock.to(at(12, day=2))
    assert state_of(hass, orion) == "off"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("span", [("0001-01-01T00:00:00Z", None), (None, "9999-12-31T23:59:59Z")], ids=["1", "9999"])
async def test_rows_of_year_1_or_9999_break_no_calendar(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    zone: str,
    span: tuple[str | None, str | None],
) -> None:
    await hass.config.async_set_time_zone(zone)
    span_of_row = (span[0] or "2026-11-23T09:00:00Z", span[1] or "2026-11-23T12:00:00Z")
    tenant.inject(rows(span_of_row), FREE_BUSY, times=None)
    await set_up(orion)
    calendar = calendar_of(hass, orion)

    assert state_of(hass, orion) == "on"
    for start, end in ((at(0), at(23)), (at(0, day=-40), at(0, day=40))):
        (event,) = await clock.run(calendar.async_get_events(hass, start, end))
        assert event.start_datetime_local < at(11)
        assert event.end_datetime_local >= at(12)
        event.as_dict()
    asked: dict[str, Any] = {"room_id": orion.room_id, "start": "2026-11-23T10:00:00Z"}
    response: Any = await clock.run(
        hass.services.async_call("feishu_freebusy", "get_free_busy", asked, blocking=True, return_response=True)
    )
    (busy,) = response["subjects"][0]["busy"]
    assert datetime.fromisoformat(busy["start"]).astimezone(UTC) < at(11)


async def test_a_gap_of_a_second_at_midnight_is_no_gap(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(23, 59, 59))
    tenant.book(orion.room_id, at(0, day=1), at(12, day=1))
    await set_up(orion, scan_interval=3600)

    await clock.to(at(23, 59, 59) + timedelta(milliseconds=500))
    assert state_of(hass, orion) == "on"


@pytest.mark.parametrize("reading", ["left_out", "shown"])
async def test_an_event_marked_as_free_makes_its_room_busy(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, reading: Any
) -> None:
    tenant.variants.free_rows_of_rooms = reading
    tenant.book(orion.room_id, at(9), at(12), free=True)
    tenant.book(orion.room_id, at(9, day=-40), at(12, day=-40), free=True)
    await set_up(orion)

    assert state_of(hass, orion) == "on"
    far = calendar_of(hass, orion).async_get_events(hass, at(0, day=-41), at(0, day=-39))
    assert len(await clock.run(far)) == 1


# Every list

START, END = at(0), at(0, day=1)
ROW = {"start_time": "2026-11-23T10:00:00Z", "end_time": "2026-11-23T11:00:00Z"}
ECHO = {"time_min": "2026-11-23T00:00:00Z", "time_max": "2026-11-24T00:00:00Z"}
MOST_LETTERS = 1_000
ABSURD: list[Any] = [None, True, 0, -1, 1e308, "", "x" * 10_000, [], {}, [[]], {"": None}, {"id": 1}]

type Read = Callable[[list[Any]], Any]


def published(**events: list[Any]) -> frozenset[str]:
    return parse.published_events({"items": [{"status": 1, "publish_time": "1700000000", **events}]})


def rooms_busy(items: list[Any]) -> dict[str, Any]:
    return parse.rooms_busy({**ECHO, "free_busy": items}, ["omm_0", "omm_1", "omm_2", "omm_bad"], START, END)


def people_busy(items: list[Any]) -> dict[str, Any]:
    return parse.users_busy({"freebusy_lists": items}, ["ou_0", "ou_1", "ou_2", "ou_bad"])


def bookings_of_rooms(items: list[Any]) -> dict[str, Any]:
    return parse.bookings_of_rooms({**ECHO, "free_busy": items}, ["omm_0", "omm_1", "omm_2", "omm_bad"], START, END)


def booked(answers: dict[str, Any]) -> dict[str, Any]:
    """Return the subjects with bookings. The others are free or unreadable."""
    return {subject_id: answer for subject_id, answer in answers.items() if answer and isinstance(answer, tuple)}


# How the elements of each list are read, and three good ones
LISTS: dict[str, tuple[Read, list[Any]]] = {
    "rooms": (lambda items: parse.rooms({"rooms": items}), [{"room_id": f"omm_{n}", "name": "R"} for n in range(3)]),
    "rooms by id": (lambda items: parse.rooms({"items": items}, "items"), [{"room_id": f"omm_{n}"} for n in range(3)]),
    "levels": (lambda items: parse.room_levels({"items": items}), [{"room_level_id": f"omb_{n}"} for n in range(3)]),
    "scopes": (
        lambda items: sorted(parse.granted_scopes({"scopes": items})),
        [{"scope_name": f"vc:{n}", "grant_status": 1} for n in range(3)],
    ),
    "ids by address": (
        lambda items: parse.user_ids({"user_list": items}, [f"{n}@example.com" for n in range(3)], []),
        [{"email": f"{n}@example.com", "user_id": f"ou_{n}"} for n in range(3)],
    ),
    "ids by number": (
        lambda items: parse.user_ids({"user_list": items}, [], [f"+8613{n}" for n in range(3)]),
        [{"mobile": f"+8613{n}", "user_id": f"ou_{n}"} for n in range(3)],
    ),
    "people": (
        lambda items: booked(people_busy(items)),
        [{"user_id": f"ou_{n}", "freebusy_items": [ROW]} for n in range(3)],
    ),
    "batch of rooms": (lambda items: booked(rooms_busy(items)), [{f"omm_{n}": [ROW]} for n in range(3)]),
    "batch of rooms with events": (
        lambda items: booked(bookings_of_rooms(items)),
        [{f"omm_{n}": [{**ROW, "uid": f"uid-{n}", "original_time": 0}]} for n in range(3)],
    ),
    "titles": (
        lambda items: parse.titles({"EventInfos": items}),
        [{"uid": f"uid-{n}", "original_time": 0, "summary": "T"} for n in range(3)],
    ),
    "attendees": (
        lambda items: parse.room_replies({"items": items}),
        [{"room_id": f"omm_{n}", "rsvp_status": "accept"} for n in range(3)],
    ),
    "answers of rooms to a time": (
        lambda items: parse.room_checks({"room_availabilitys": items}),
        [{"room_id": f"omm_{n}", "status": "available"} for n in range(3)],
    ),
    "calendars": (
        lambda items: [parse.primary_calendar({"calendars": items})],
        [{"calendar": {"calendar_id": "feishu.cn_1@group.calendar.feishu.cn"}} for _ in range(3)],
    ),
    "versions of the app": (
        lambda items: parse.published_events({"items": items}),
        # The newest one counts
        [{"status": 1, "publish_time": f"170000000{n}", "event_infos": [{"event_type": "e"}]} for n in range(3)],
    ),
    "events of a version": (
        lambda items: published(event_infos=items),
        [{"event_type": f"e{n}"} for n in range(3)],
    ),
    "names of events of a version": (
        lambda items: sorted(name for name in published(events=items) if len(name) < MOST_LETTERS),
        [f"e{n}" for n in range(3)],
    ),
    "equipment": (
        lambda items: parse.rooms({"rooms": [{"room_id": "omm_1", "device": items}]})[0].equipment,
        [{"name": f"TV {n}"} for n in range(3)],
    ),
    "path of a room": (
        lambda items: parse.rooms({"rooms": [{"room_id": "omm_1", "path": items}]})[0].path,
        [f"omb_{n}" for n in range(3)],
    ),
}
OF_MAPPINGS = {name: (read, good) for name, (read, good) in LISTS.items() if isinstance(good[0], dict)}
every_list = pytest.mark.parametrize(("read", "good"), LISTS.values(), ids=LISTS)
every_list_of_mappings = pytest.mark.parametrize(("read", "good"), OF_MAPPINGS.values(), ids=OF_MAPPINGS)


@every_list
def test_a_broken_element_costs_only_itself(read: Read, good: list[Any]) -> None:
    for bad in ABSURD:
        for place in (0, 1, 3):
            assert read([*good[:place], bad, *good[place:]]) == read(good), bad


@every_list_of_mappings
def test_an_absurd_value_costs_only_its_element(read: Read, good: list[dict[str, Any]]) -> None:
    first, *others = good
    for key in first:
        for bad in ABSURD:
            found, expected = read([{**first, key: bad}, *others]), read(others)
            if isinstance(found, dict):
                assert expected.items() <= found.items(), bad
            else:
                assert [each for each in expected if each not in found] == [], bad


def test_each_list_that_is_parsed_has_its_broken_elements_here(monkeypatch: pytest.MonkeyPatch) -> None:
    read_keys: set[str] = set()
    elements = parse._elements

    def note(data: Any, key: str) -> list[Any]:
        read_keys.add(key)
        return elements(data, key)

    monkeypatch.setattr(parse, "_elements", note)
    for read, good in LISTS.values():
        read(good)

    source = Path(parse.__file__).read_text()
    assert set(re.findall(r'_(?:rows|elements)\(\w+, "(\w+)"\)', source)) <= read_keys


def test_absurd_details_of_a_booking_leave_its_times() -> None:
    details = {"uid": "uid", "original_time": 0, "organizer_info": {"name": "Li Na"}}
    other = {"omm_2": [{**ROW, **details}]}
    good = parse.bookings_of_rooms({**ECHO, "free_busy": other}, ["omm_2"], START, END)["omm_2"]
    for key in details:
        for bad in ABSURD:
            rows = {"omm_1": [{**ROW, **details, key: bad}], **other}
            found: Any = parse.bookings_of_rooms({**ECHO, "free_busy": rows}, rows, START, END)
            assert [(each.start, each.end) for each in found["omm_1"]] == [(at(10), at(11))], bad
            assert found["omm_2"] == good


def test_an_element_that_names_nobody_makes_nobody_free() -> None:
    for bad in ABSURD:
        for answers in (rooms_busy([{"omm_1": [ROW]}, bad]), people_busy([{"user_id": "ou_1"}, bad])):
            assert [key for key, answer in answers.items() if isinstance(answer, tuple)] == [list(answers)[1]]


async def test_a_room_with_an_unreadable_status_costs_only_itself(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    rows = [
        {"room_id": orion.room_id, "name": "Orion", "room_status": {"status": "perhaps"}},
        {"room_id": vega.room_id, "name": "Vega"},
        None,
    ]
    for path, key in ((ROOMS, "rooms"), (STATUSES, "items")):
        tenant.inject(Fault.body(200, {"code": 0, "msg": "success", "data": {key: rows}}), path, times=None)
    entry = await set_up(orion, vega)

    assert entry.state.value == "loaded"
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


# One room, one moment


async def test_a_bad_row_of_a_room_asked_alone_is_no_failure_of_the_account(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    rooms: list[Room],
    caplog: pytest.LogCaptureFixture,
    log_of_info: None,
) -> None:
    entry = await set_up(*rooms, scan_interval=3600)
    bad = rooms[0]
    tenant.inject(
        Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": [{"start_time": "soon"}]}}),
        FREE_BUSY,
        times=None,
        when=lambda call: bad.room_id in str(call.body),
    )
    caplog.clear()

    await clock.run(entry.runtime_data.async_read_now(bad.room_id))
    await clock.forward(seconds=30)

    assert [level for level, _ in said(caplog)] == ["WARNING"]
    assert "1 of 12" in said(caplog)[0][1]
    assert entry.runtime_data.last_update_success


@pytest.mark.parametrize("source", ["list", "batch"])
async def test_idle_rooms_stay_free_where_feishu_sends_no_data(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room], source: str
) -> None:
    tenant.variants.empty_list = "missing_data"
    tenant.book(rooms[0].room_id, at(9), at(11))
    await set_up(*rooms, source=source)
    await clock.forward(minutes=30)

    assert [state_of(hass, room) for room in rooms] == ["on", *["off"] * 11]


async def test_a_foreign_page_that_says_success_frees_no_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(18))
    await set_up(orion)
    tenant.inject(Fault.body(200, {"code": 0, "msg": "success"}), FREE_BUSY, times=None)

    await clock.to(at(10, 9))
    assert state_of(hass, orion) == "on"
    await clock.to(at(11))
    assert state_of(hass, orion) == "unavailable"


async def test_a_calendar_of_a_room_that_was_just_dropped_has_no_bookings(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    calendar = calendar_of(hass, orion)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {vega.room_id: "Vega"}})
    await clock.settle()

    assert await clock.run(calendar.async_get_events(hass, at(9), at(12))) == []


@pytest.mark.parametrize("end", ["reload", "unload"])
async def test_the_poll_of_changed_options_ends_with_its_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room], end: str
) -> None:
    entry = await set_up(*rooms, scan_interval=3600)
    tenant.inject(Fault.slow(8), FREE_BUSY, times=None)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "horizon_days": 3})
    await clock.settle()
    begun = clock.now
    tenant.clear_faults()
    tenant.requests.clear()

    what = hass.config_entries.async_reload if end == "reload" else hass.config_entries.async_unload
    await clock.run(what(entry.entry_id))

    assert clock.now - begun < timedelta(seconds=5)
    await clock.forward(minutes=2)
    canceled = [call for call in tenant.calls(FREE_BUSY) if call.fault]
    assert len(canceled) <= 10  # those under way; the other rooms are not asked for
    assert len(tenant.calls(FREE_BUSY)) - len(canceled) == (len(rooms) if end == "reload" else 0)
    if end == "reload":
        assert state_of(hass, rooms[0]) == "off"


# Names and manners


async def test_names_with_control_characters_are_shown_in_one_line(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    level = tenant.add_level("3F\n\u202e")
    room = tenant.add_room("\u202eOri\x00on\r\n\tRoom\u2066 e\u0301\U0001f469\u200d\U0001f4bb", level=level)
    await set_up(room)

    device = device_of(hass, room)
    assert device
    assert device.name == "Ori on Room \u00e9\U0001f469\u200d\U0001f4bb"
    assert device.model == "3F"


@pytest.mark.parametrize("name", ["庄" * 100, "庄" * 400, "Room " * 60, "ㅱ" * 255], ids=["100", "400", "en", "ko"])
async def test_rooms_with_overlong_names_have_their_entities(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, name: str
) -> None:
    floors = [tenant.add_level("楼" * 100, tenant.add_level(f"{tower}座" * 60)) for tower in ("甲", "乙")]
    rooms = [tenant.add_room(name, level=level) for level in floors]
    await set_up(*rooms)

    entities = [each for each in er.async_get(hass).entities.values() if "_omm_" in each.unique_id]
    for room in rooms:
        assert state_of(hass, room) == "off"
        assert len(busy_id(hass, room)) < 255
        assert sum(room.room_id in each.unique_id for each in entities) == len(entities) / 2


async def test_renaming_the_entry_renames_its_device(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    (before,) = [device for device in devices_of(hass) if device.model == tenant.app_id]

    hass.config_entries.async_update_entry(entry, title="Our rooms")
    await clock.settle()

    (after,) = [device for device in devices_of(hass) if device.model == tenant.app_id]
    assert (after.id, after.name) == (before.id, "Our rooms")


@pytest.mark.parametrize(("event", "then"), [("start", at(10, 30)), ("end", at(11))])
@pytest.mark.parametrize("end", [None, at(20, day=3)], ids=["for ever", "until"])
async def test_a_calendar_trigger_of_a_disabled_room_does_not_fire(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
    event: str,
    then: datetime,
    end: datetime | None,
) -> None:
    tenant.disable_room(orion.room_id, at(8), end, "burst pipe")
    tenant.book(vega.room_id, at(10, 30), at(11))
    await set_up(orion, vega)
    assert state_of(hass, orion) == "on"
    fired: list[datetime] = []

    async def note(_call: ServiceCall) -> None:
        fired.append(clock.now)

    hass.services.async_register("test", "note", note)
    automation = {
        "alias": "a",
        "mode": "queued",
        "triggers": [
            {"trigger": "calendar", "event": event, "entity_id": calendar_of(hass, room).entity_id}
            for room in (orion, vega)
        ],
        "actions": [{"action": "test.note"}],
    }
    await clock.to(at(10, 0, 7))  # Home Assistant misses an end at the very instant at which it asks for events
    assert await clock.run(async_setup_component(hass, "automation", {"automation": [automation]}))
    await clock.to(at(12))
    await clock.run(hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True))

    assert fired == [then]  # the booking of the other room


async def test_floors_in_composed_and_decomposed_characters_are_the_same(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    for name, floor in (("A", "E\u0301tage"), ("B", "\u00c9tage")):
        tenant.add_room(name, level=tenant.add_level(floor, tenant.add_level(f"Tower {name}")))
    await set_up(*tenant.rooms.values())

    for floor in ("E\u0301tage", "\u00c9tage"):
        response: Any = await clock.run(
            hass.services.async_call(
                "feishu_freebusy", "find_rooms", {"floor": floor}, blocking=True, return_response=True
            )
        )
        assert {room["name"] for room in response["rooms"]} == {"A", "B"}
