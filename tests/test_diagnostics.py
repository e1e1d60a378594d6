"""Diagnostics show how an entry reads and what that costs, but no names, ids or addresses."""

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
import json
import logging
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.feishu_freebusy.const import (
    CONF_BOOKING_CALENDAR,
    CONF_BOOKING_CONTACT,
    CONF_BOOKING_TITLE,
    CONF_OFFICE_DAY,
    CONF_PERSON_USERS,
)
from custom_components.feishu_freebusy.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.feishu_freebusy.model.options import CHOSEN, DEFAULTS, Options
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, set_disabled
from tests.conftest import at

pytest_plugins = ["tests.clock"]

# Of these, only whether they are set
ONLY_PRESENCE = {CONF_OFFICE_DAY, CONF_BOOKING_CALENDAR, CONF_BOOKING_CONTACT, CONF_BOOKING_TITLE, CONF_PERSON_USERS}

BATCH_SCOPE = "calendar:room:readonly"


@pytest.fixture(autouse=True)
async def in_utc(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")


async def diagnostics_of(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the data of the downloaded file."""
    return json.loads(json.dumps(await async_get_config_entry_diagnostics(hass, entry)))


async def test_diagnostics_show_how_rooms_are_read_and_the_calls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, plan="free", scan_interval=120, calls=300)

    found = await diagnostics_of(hass, entry)

    assert found["entry"] == {"state": "loaded", "reason": None, "version": "1.1", "site": "private"}
    assert found["options"] == {"plan": "free", "off_hours": {"enabled": False}, "scan_interval": 120}
    assert found["chosen"] == {"people": 0, "rooms": 12, "room_levels": 0, "occupancy": 0}
    assert (found["rooms"], found["people"]) == (12, 0)
    assert found["source"] == {
        "in_use": "batch",
        "reason": "thrifty",
        "refusal": None,
        "calls_per_cycle": 1,
        "interval": 120.0,
        "interval_office_hours": 120.0,
        "interval_off_hours": 1800.0,
        "last_read_at": "2026-11-23T10:00:00+00:00",
        "last_poll_succeeded": True,
    }
    assert found["calls"] == {
        "this_month": 303,
        "by_api": {FREE_BUSY: 300, BATCH: 1, "vc/v1/rooms": 1, "vc/v1/room_levels": 1},
        "by_payer_last_days": {"polls": 1, "catalogue": 2},
        "shares_left": {"ranges": 166, "actions": 83, "titles": 83, "updates": 83, "event_scans": 83},
        "projected": entry.runtime_data.timetable.projected_calls,
        "budget": 25_000,
    }


async def test_the_entity_for_office_days_is_not_named(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    entry = await set_up(orion, office_day="binary_sensor.alice_works")

    found = await async_get_config_entry_diagnostics(hass, entry)

    assert found["has_office_day_entity"] is True
    assert "alice" not in json.dumps(found, default=str)


async def test_the_actions_and_their_permissions_are_shown_without_private_texts(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    tenant.grant("calendar:calendar.event:create")
    private = {"booking_title": "Salary of Chen Wei", "booking_contact": {"ou_chen": "chen.wei@example.com"}}
    private["person_users"] = ["user-chen"]
    entry = await set_up(orion, book=True, booking_calendar="chen@group.calendar.feishu.cn", **private)
    found = await diagnostics_of(hass, entry)

    assert (found["has_booking_title"], found["options"]["book"]) == (True, True)
    assert (found["has_booking_calendar"], found["has_booking_contact"]) == (True, True)
    assert found["has_person_users"] is True
    assert "calendar:calendar.event:create" in found["catalogue"]["scopes"]
    assert "chen" not in json.dumps(found, default=str).lower()


def test_every_option_is_shown_or_only_counted() -> None:
    assert {*DEFAULTS, *CHOSEN, *ONLY_PRESENCE} == {field.name for field in fields(Options)} - {
        "horizon",
        "min_free",
        "longest_booking",
        "no_show_after",
    } | {"horizon_days", "min_free_minutes", "longest_booking_minutes", "no_show_minutes"}


async def test_diagnostics_show_the_catalogue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.grant("somebody:elses")
    entry = await set_up(orion, vega, scan_interval=3_600)
    del tenant.rooms[vega.room_id]
    await clock.to(at(22, 1))

    assert (await diagnostics_of(hass, entry))["catalogue"] == {
        "read_at": "2026-11-23T22:00:00+00:00",
        "rooms": 2,
        "levels": 2,
        "missing": 1,
        "gone": 1,
        "scopes": [
            "calendar:calendar.free_busy:read",
            "calendar:room:readonly",
            "contact:user.id:readonly",
            "vc:room:readonly",
        ],
        "may_list_rooms": True,
        "error": None,
    }


async def test_diagnostics_show_that_the_app_may_not_list_rooms_any_more(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.revoke("vc:room:readonly")
    await clock.to(at(22, 1))

    catalogue = (await diagnostics_of(hass, entry))["catalogue"]

    assert (catalogue["may_list_rooms"], catalogue["rooms"]) == (False, 1)


async def test_diagnostics_show_how_the_status_of_rooms_is_read_and_why_that_fails(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    well = {"interval_office_hours": 600.0, "interval_off_hours": 3_600.0, "failing_since": None, "error": None}
    assert (await diagnostics_of(hass, entry))["statuses"] == well
    fault = Fault.error(500, 121001, "Orion fails", error={"log_id": "20261123ABC"})
    tenant.inject(fault, "vc/v1/rooms/mget", times=None)
    await clock.to(at(10, 15))

    assert (await diagnostics_of(hass, entry))["statuses"] == {
        **well,
        "failing_since": "2026-11-23T10:10:00+00:00",
        "error": {"error": "server_error", "code": 121001, "http": 500, "log_id": "20261123ABC"},
    }


async def test_diagnostics_follow_the_clock_of_the_server(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.clock = lambda: clock.now - timedelta(minutes=7)
    entry = await set_up(orion)
    await clock.to(at(10, 3, 30))

    found = await diagnostics_of(hass, entry)

    assert abs(found["clock_offset"] + 7 * 60) <= 1
    assert found["subjects"]["room 1"]["age"] == 30
    assert found["subjects"]["room 1"]["fresh_for"] == 570
    assert [poll["at"][:16] for poll in found["polls"][:2]] == ["2026-11-23T09:56", "2026-11-23T09:55"]


async def test_diagnostics_show_the_freshness_and_error_of_each_subject(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room, rooms: list[Room]
) -> None:
    tenant.disable_room(orion.room_id, at(11), None, "Leak")
    for start in (9, 10, 14):
        tenant.book(vega.room_id, at(start), at(start + 1))
    tenant.book(vega.room_id, at(17), at(18), rsvp="needs_action")
    person = tenant.add_user("Li Na")
    tenant.book(person.open_id, at(9), at(11))
    entry = await set_up(orion, vega, rooms[0], people={person.open_id: "Li Na"})
    set_disabled(hass, rooms[0], disabled=True)
    fails = Fault.error(400, 190014, error={"log_id": "20261123ABC"})
    tenant.inject(fails, FREE_BUSY, times=None, when=lambda call: vega.room_id in str(call.body))
    await clock.to(at(10, 12, 30))

    subjects = (await diagnostics_of(hass, entry))["subjects"]

    well = {"missing": 0, "gone": False, "failures": 0, "error": None}
    assert list(subjects) == ["room 1", "room 2", "room 3", "person 1"]
    assert subjects["room 1"] == {
        **well,
        "fresh": True,
        "busy": False,
        "age": 30,
        "fresh_for": 570,
        "due_in": 30,
        "read": True,
        "periods": 0,
        "blocks": 1,
        "pending": 0,
        "disabled": True,
        "evidence": {
            "reading": {"age": 30, "counts_for": 570},
            "horizon": {"age": 30, "counts_for": 7 * 86_400 - 30},
            "status": {"age": 150, "counts_for": 3_450},
        },
    }
    assert subjects["room 2"] == {
        "fresh": False,
        "busy": None,
        "age": 750,
        "fresh_for": -150,
        "due_in": 30,
        "read": True,
        "periods": 4,
        "blocks": 2,
        "pending": None,
        "disabled": False,
        "missing": 0,
        "gone": False,
        "failures": 12,
        "error": {"error": "subject_unreadable", "code": 190014, "http": 400, "log_id": "20261123ABC"},
        "evidence": {
            "reading": {"age": 750, "counts_for": -150},
            "horizon": {"age": 750, "counts_for": 7 * 86_400 - 750},
            "status": {"age": 150, "counts_for": 3_450},
        },
    }
    assert (subjects["room 3"]["read"], subjects["room 2"]["read"]) == (False, True)
    assert (subjects["person 1"]["fresh"], subjects["person 1"]["busy"]) == (True, None)


async def test_diagnostics_show_the_last_polls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    fails = Fault.error(400, 190014, error={"log_id": "20261123ABC"})
    tenant.inject(fails, FREE_BUSY, when=lambda call: vega.room_id in str(call.body))
    await clock.to(at(10, 1, 30))
    tenant.inject(Fault.slow(4), FREE_BUSY)
    await clock.to(at(10, 2, 30))

    polls = (await diagnostics_of(hass, entry))["polls"]

    nothing: dict[str, Any] = {"bad": [], "log_ids": []}
    assert polls == [
        {**nothing, "kind": "free_busy", "at": local(10, 2), "seconds": 4.0, "calls": 2, "good": 2},
        {
            "kind": "free_busy",
            "at": local(10, 1),
            "seconds": 0.0,
            "calls": 2,
            "good": 1,
            "bad": [{"error": "subject_unreadable", "code": 190014, "count": 1}],
            "log_ids": ["20261123ABC"],
        },
        {**nothing, "kind": "free_busy", "at": local(10), "seconds": 0.0, "calls": 2, "good": 2},
        {**nothing, "kind": "catalogue", "at": local(10), "seconds": 0.0, "calls": polls[-1]["calls"], "good": 1},
    ]
    assert polls[-1]["calls"] == len([call for call in tenant.requests if call.at == at(10)]) - 2


def local(hour: int, minute: int = 0) -> str:
    """Return an instant as the poll log shows it."""
    return f"2026-11-23T{hour:02}:{minute:02}:00+00:00"


async def test_only_the_last_polls_are_kept(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(12, 0, 30))

    polls = (await diagnostics_of(hass, entry))["polls"]

    assert (len(polls), polls[0]["at"], polls[-1]["at"]) == (50, local(12), local(11, 11))


async def test_a_failed_setup_has_diagnostics(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    def deny(tenant: Tenant) -> None:
        tenant.ip_allowed = False

    entry = await set_up(orion, begin=deny)

    found = await diagnostics_of(hass, entry)

    assert found["entry"]["state"] == "setup_retry"
    assert found["entry"]["reason"] in ("ip_denied", None)  # the oldest Home Assistant does not keep it
    assert found["polls"][0]["bad"] == [{"error": "ip_denied", "code": 99991401, "count": 1}]
    assert found["polls"][0]["log_ids"] != []
    assert (found["chosen"]["rooms"], "subjects" in found, "calls" in found) == (1, False, False)


async def test_polls_are_kept_over_a_reload_and_dropped_with_the_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    unloaded = await diagnostics_of(hass, entry)
    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    loaded = await diagnostics_of(hass, entry)
    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert (unloaded["entry"]["state"], len(unloaded["polls"])) == ("not_loaded", 2)
    assert (loaded["entry"]["state"], len(loaded["polls"])) == ("loaded", 4)
    assert (await diagnostics_of(hass, entry))["polls"] == []


async def test_the_downloaded_file_names_nobody(
    hass: HomeAssistant,
    clock: Clock,  # first: sets the time from which access tokens are valid
    hass_client: ClientSessionGenerator,
    tenant: Tenant,
    set_up: SetUp,
    orion: Room,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    entry = await set_up(orion)
    tenant.inject(Fault.error(429, 99991403), times=None)
    await clock.to(at(10, 2))
    browser = await clock.run(hass_client())

    response = await clock.run(browser.get(f"/api/diagnostics/config_entry/{entry.entry_id}"))

    found = await clock.run(response.json())
    # The file has the placeholders of persistent issues, so none of ours may be persistent
    assert [issue["issue_id"] for issue in found["issues"]] == [f"quota_exceeded_{entry.entry_id}"]
    assert not any(issue.get("translation_placeholders") for issue in found["issues"])
    assert not any(word in json.dumps(found) for word in ("Orion", entry.title, tenant.app_id, orion.room_id))
    assert found["home_assistant"]["version"]
    assert found["integration_manifest"]["version"]


async def test_the_debug_log_has_a_line_for_each_poll(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
) -> None:
    caplog.set_level(logging.DEBUG, logger="custom_components.feishu_freebusy.sync.journal")
    fails = Fault.error(400, 190014, error={"log_id": "20261123ABC"})
    tenant.inject(fails, FREE_BUSY, when=lambda call: vega.room_id in str(call.body))
    await set_up(orion, vega)

    records = [record for record in caplog.records if record.name.endswith("journal")]
    lines = [record.getMessage() for record in records if record.levelno == logging.DEBUG]

    assert lines == [
        "Meeting rooms, catalogue: 1 good; 6 calls in 0.00 s",
        "Meeting rooms, free_busy: 1 good, 1 subject_unreadable (190014); 2 calls in 0.00 s; log ids 20261123ABC",
    ]


# Of a device


async def device_diagnostics_of(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Any:
    """Return the data of the file of the device whose identifier ends with `key`."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    (device,) = (device for device in devices if any(found.endswith(key) for _, found in device.identifiers))
    return json.loads(json.dumps(await async_get_device_diagnostics(hass, entry, device)))


async def test_room_diagnostics_show_the_answer_and_the_schedule(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(9), at(10))
    tenant.book(vega.room_id, at(10), at(11))
    tenant.book(vega.room_id, at(12), at(13), rsvp="decline")
    tenant.disable_room(vega.room_id, at(15), None, "Leak")
    entry = await set_up(orion, vega)

    found = await device_diagnostics_of(hass, entry, vega.room_id)

    assert (found["subject"], found["entry"]["state"], found["interval"]) == ("room 2", "loaded", 60.0)
    assert (found["fresh"], found["busy"], found["disabled"]) == (True, True, True)
    assert found["window"] == [local_text(10, day=-1), local_text(10, day=7)]
    assert found["answer"] == [
        [local_text(9), local_text(10), "accept"],
        [local_text(10), local_text(11), "accept"],
        [local_text(12), local_text(13), "decline"],
    ]
    assert found["merged"] == [[local_text(9), local_text(11)], [local_text(15), local_text(10, day=7)]]
    assert found["out_of_service"] == [local_text(15), None]


def local_text(hour: int, *, day: int = 0) -> str:
    return at(hour, day=day).isoformat()


async def test_person_diagnostics_show_no_times(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    person = tenant.add_user("Li Na")
    tenant.book(person.open_id, at(9), at(11))
    entry = await set_up(orion, people={person.open_id: "Li Na"})

    found = await device_diagnostics_of(hass, entry, person.open_id)

    assert (found["subject"], found["fresh"], found["periods"], found["blocks"]) == ("person 1", True, 1, 1)
    assert found["busy"] is None
    assert "T09:00" not in json.dumps(found)
    assert "T11:00" not in json.dumps(found)


async def test_account_diagnostics_are_those_of_the_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)

    assert await device_diagnostics_of(hass, entry, tenant.app_id) == await diagnostics_of(hass, entry)


@pytest.mark.parametrize("of", ["room", "account"])
async def test_device_diagnostics_work_while_the_entry_is_not_loaded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, of: str
) -> None:
    entry = await set_up(orion)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    found = await device_diagnostics_of(hass, entry, orion.room_id if of == "room" else tenant.app_id)

    assert found["entry"]["state"] == "not_loaded"
    assert found.get("subject") is None


async def test_a_paid_plan_has_no_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    found = await diagnostics_of(hass, await set_up(orion))

    assert found["calls"]["budget"] is None
    assert (found["source"]["in_use"], found["source"]["reason"]) == ("list", "affordable")


@pytest.mark.parametrize(
    ("begin", "reason", "error", "code"),
    [
        (lambda tenant: tenant.revoke(BATCH_SCOPE), "refused", "scope_missing", 99991672),
        (lambda tenant: setattr(tenant.variants, "room_batch", "30005"), "refused", "endpoint_retired", 30005),
        (lambda tenant: setattr(tenant.variants, "room_batch", "404"), "refused", "not_feishu", None),
    ],
)
async def test_diagnostics_show_why_the_batch_api_is_not_used(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    rooms: list[Room],
    begin: Callable[[Tenant], object],
    reason: str,
    error: str,
    code: int | None,
) -> None:
    entry = await set_up(*rooms, plan="free")
    begin(tenant)
    await clock.to(at(10, 5))

    source = (await diagnostics_of(hass, entry))["source"]
    assert (source["in_use"], source["reason"], source["calls_per_cycle"]) == ("list", reason, 12)
    assert (source["refusal"]["error"], source["refusal"]["code"]) == (error, code)
    assert bool(source["refusal"]["log_id"]) is (code is not None)


async def test_diagnostics_show_a_missing_scope(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, rooms: list[Room]
) -> None:
    tenant.revoke(BATCH_SCOPE)

    source = (await diagnostics_of(hass, await set_up(*rooms, plan="free")))["source"]

    assert (source["in_use"], source["reason"], source["refusal"]) == ("list", "not_granted", None)


async def test_diagnostics_contain_no_names_ids_or_addresses(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
) -> None:
    floor = tenant.levels[orion.level_id]
    tenant.book(vega.room_id, at(9), at(11))
    person = tenant.add_user("Li Na", user_id="lina", email="li.na@example.com", mobile="+8613011111111")
    people = {person.open_id: "Li Na", person.union_id: "Na Li"}
    occupancy = {vega.room_id: ["binary_sensor.radar"]}
    entry = await set_up(vega, room_levels={floor.level_id: floor.name}, people=people, occupancy=occupancy)
    secrets = (tenant.app_secret, *(call.body for call in tenant.requests if isinstance(call.body, str)))
    tenant.inject(Fault.error(400, 99991672, "Access denied for Orion, t-g1044"), FREE_BUSY, times=None)
    await clock.to(at(10, 5))

    text = json.dumps(await diagnostics_of(hass, entry), ensure_ascii=False)

    told = [tenant.app_id, tenant.app_name, entry.title, simulator.base_url, "127.0.0.1", "t-", *secrets]
    told += [word for room in (orion, vega) for word in (room.room_id, room.name)]
    told += [word for level in tenant.levels.values() for word in (level.level_id, level.name)]
    told += [
        "binary_sensor.radar",
        "Na",
        "Li",
        person.open_id,
        person.union_id,
        person.user_id,
        person.email,
        person.mobile,
    ]
    assert [word for word in told if word in text] == []
    assert json.loads(text)["chosen"] == {"people": 2, "rooms": 1, "room_levels": 1, "occupancy": 1}
    assert json.loads(text)["rooms"] == 2


async def test_diagnostics_work_before_the_first_reading(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up()

    found = await diagnostics_of(hass, entry)

    assert (found["rooms"], found["source"]["last_read_at"]) == (0, None)


async def test_live_updates_show_ages_and_counts_and_no_secret(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=3_600)
    await clock.forward(seconds=40)
    tenant.push.room_changed(orion.room_id, "book")
    await clock.forward(seconds=10)

    found = await async_get_config_entry_diagnostics(hass, entry)

    live = found["live_updates"]
    assert (live["state"], live["problem"], live["trust"]) == ("connected", None, "proving")
    assert live["last_events"] == {"meeting_room.meeting_room.status_changed_v1": 10}
    assert (live["events"], live["hints"], live["reads"], live["duplicates"], live["misses"]) == (1, 1, 1, 0, 0)
    assert 10 < live["connected_for"] <= 50
    assert live["last_pong"] <= live["connected_for"]
    assert tenant.app_secret not in str(found)
    assert orion.room_id not in str(found)
