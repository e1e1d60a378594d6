"""The actions, as automations and people call them: responses, calls to Feishu, refused input."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import (
    area_registry as ar,
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.device_registry import DeviceEntryDisabler
from homeassistant.helpers.entity_registry import RegistryEntryDisabler
from homeassistant.helpers.selector import SelectSelector, selector
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol
import yaml

from custom_components.feishu_freebusy import services, services_booking, services_utilization
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.feishu.models import BusyPeriod
from custom_components.feishu_freebusy.model.search import Reason, Why
from simulator import Fault, Room, Simulator, Tenant, User
from tests.actions import Perform, of_device, texts_of
from tests.clock import FREE_BUSY, Clock, SetUp, busy_id
from tests.conftest import at
from tests.test_config_flow import FREE_BUSY_SCOPE
from tests.test_translations import TEXTS

pytest_plugins = ["tests.actions"]

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / DOMAIN


@pytest.fixture
def lyra(tenant: Tenant) -> Room:
    """Return a room with every property."""
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    return tenant.add_room("Lyra", level=level, capacity=8, equipment=("TV", "Whiteboard"))


@pytest.fixture
def mira(tenant: Tenant) -> Room:
    """Return a room with only a name."""
    return tenant.add_room("Mira")


@pytest.fixture
def li_na(tenant: Tenant) -> User:
    """Return a person."""
    return tenant.add_user("Li Na", user_id="3e3cf96b")


def asked(tenant: Tenant) -> dict[str, Any]:
    """Return the body of the latest free/busy request."""
    body = tenant.calls(FREE_BUSY)[-1].body
    assert isinstance(body, dict)
    return body


# Both actions


async def test_the_actions_exist_without_an_entry(hass: HomeAssistant, integration: None) -> None:
    assert await async_setup_component(hass, DOMAIN, {})

    for action in ("get_free_busy", "find_rooms", "get_utilization"):
        assert hass.services.supports_response(DOMAIN, action) is SupportsResponse.ONLY
        with pytest.raises(ServiceValidationError) as raised:
            await hass.services.async_call(DOMAIN, action, {}, blocking=True, return_response=True)
        assert raised.value.translation_key == "not_loaded"
        assert texts_of(raised.value)["en"] == "No app is set up and running."


@pytest.mark.parametrize("action", ["get_free_busy", "find_rooms", "get_utilization"])
async def test_a_missing_or_unloaded_entry_is_named_in_the_error(
    hass: HomeAssistant, set_up: SetUp, clock: Clock, perform: Perform, mira: Room, action: str
) -> None:
    entry = await set_up(mira)
    other = MockConfigEntry(domain="sun", title="Sun")
    other.add_to_hass(hass)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    for entry_id, key in (
        ("nonsense", "service_config_entry_not_found"),
        (other.entry_id, "service_config_entry_wrong_domain"),
        (entry.entry_id, "service_config_entry_not_loaded"),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await perform(action, config_entry_id=entry_id)
        assert raised.value.translation_key == key
    with pytest.raises(ServiceValidationError) as raised:
        await perform(action)
    assert raised.value.translation_key == "not_loaded"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("get_free_busy", {"start": "nine o'clock"}),
        ("get_free_busy", {"start": "0001-01-01T00:00:00+14:00"}),
        ("get_free_busy", {"start": "9999-12-31T23:00:00-14:00"}),
        ("get_free_busy", {"end": "2026-11-24 10:00", "duration": {"hours": 1}}),
        ("get_free_busy", {"duration": {"hours": -1}}),
        ("get_free_busy", {"user_id_type": "email"}),
        ("get_free_busy", {"entity_id": "Orion"}),
        ("get_free_busy", {"titles": True}),
        ("find_rooms", {"duration": "soon"}),
        ("find_rooms", {"until": "9999-12-31T23:00:00-14:00"}),
        ("find_rooms", {"min_capacity": -1}),
        ("find_rooms", {"limit": 0}),
        ("find_rooms", {"limit": 101}),
        ("find_rooms", {"room_id": "omm_1"}),
        ("get_utilization", {"start": "yesterday"}),
        ("get_utilization", {"by_hour": "twice"}),
    ],
)
async def test_invalid_input_is_refused(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room, action: str, data: dict[str, Any]
) -> None:
    await set_up(mira)
    tenant.requests.clear()

    with pytest.raises(vol.Invalid):
        await perform(action, **data)
    assert tenant.requests == []


def described(action: str) -> dict[str, Any]:
    """Return the fields of an action as the developer tools show them."""
    fields = yaml.safe_load((COMPONENT / "services.yaml").read_text(encoding="utf-8"))[action]["fields"]
    flat: dict[str, Any] = {}
    for name, field in fields.items():
        flat |= field.get("fields") or {name: field}
    return flat


SCHEMAS = {
    "get_free_busy": services._GET_FREE_BUSY,
    "find_rooms": services._FIND_ROOMS,
    "get_utilization": services_utilization.GET_UTILIZATION,
    **services_booking.SCHEMAS,
}


@pytest.mark.parametrize("action", SCHEMAS)
def test_described_fields_match_the_schema(action: str) -> None:
    fields = described(action)

    expected = set(SCHEMAS[action].schema)
    if action == "get_utilization":
        expected -= set(cv.ENTITY_SERVICE_FIELDS)  # the editor shows them as its target
    assert fields.keys() == expected
    for texts in TEXTS.values():
        assert texts["services"][action]["fields"].keys() == fields.keys()


@pytest.mark.parametrize("action", SCHEMAS)
def test_defaults_and_examples_pass_the_schema(action: str) -> None:
    fields, schema = described(action), SCHEMAS[action]
    filled = schema({})

    for name, field in fields.items():
        if "default" in field and name in filled:
            assert schema({name: field["default"]}) == filled
        if "example" in field:
            example = yaml.safe_load(field["example"])
            assert schema({name: example})[name] == example


@pytest.mark.parametrize("action", SCHEMAS)
def test_selectors_exist_and_their_options_have_texts(action: str) -> None:
    for field in described(action).values():
        chosen = selector(field["selector"])
        if isinstance(chosen, SelectSelector):
            for texts in TEXTS.values():
                options = texts["selector"][chosen.config["translation_key"]]["options"]
                assert list(options) == chosen.config["options"]


# get_free_busy


async def test_rooms_and_people_by_entity_and_by_id_in_one_response(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, lyra: Room, mira: Room, li_na: User
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    stranger = tenant.add_user("Chen Wei")
    tenant.book(lyra.room_id, at(9, 30), at(11))
    tenant.book(lyra.room_id, at(12), at(13))
    tenant.book(li_na.open_id, at(13), at(13, 30))
    tenant.book(mira.room_id, at(10), at(10, 15))
    await set_up(lyra, people={li_na.open_id: "Na"})
    calendar = er.async_get(hass).async_get_entity_id("calendar", DOMAIN, f"{tenant.app_id}_{li_na.open_id}_calendar")

    response = await perform(
        "get_free_busy",
        entity_id=[busy_id(hass, lyra), calendar],
        room_id=[mira.room_id, f" {mira.room_id} ", ""],
        user_id=[stranger.union_id],
    )

    assert response == {
        "start": "2026-11-23T18:00:00+08:00",
        "end": "2026-11-24T18:00:00+08:00",
        "subjects": [
            {
                "id": lyra.room_id,
                "name": "Lyra",
                "busy": [
                    {"start": "2026-11-23T17:30:00+08:00", "end": "2026-11-23T19:00:00+08:00"},
                    {"start": "2026-11-23T20:00:00+08:00", "end": "2026-11-23T21:00:00+08:00"},
                ],
            },
            {
                "id": li_na.open_id,
                "name": "Na",
                "busy": [{"start": "2026-11-23T21:00:00+08:00", "end": "2026-11-23T21:30:00+08:00"}],
            },
            {
                "id": mira.room_id,
                "name": None,
                "busy": [{"start": "2026-11-23T18:00:00+08:00", "end": "2026-11-23T18:15:00+08:00"}],
            },
            {"id": stranger.union_id, "name": None, "busy": []},
        ],
    }


async def test_the_response_uses_the_name_given_in_home_assistant(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, lyra: Room
) -> None:
    await set_up(lyra)
    dr.async_get(hass).async_update_device(of_device(hass, lyra), name_by_user="The big one")

    response = await perform("get_free_busy", entity_id=busy_id(hass, lyra))

    assert [subject["name"] for subject in response["subjects"]] == ["The big one"]


async def test_the_calls_of_the_action_are_counted(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, lyra: Room, mira: Room
) -> None:
    entry = await set_up(lyra)
    used = entry.runtime_data.calls.used

    await perform("get_free_busy", room_id=[lyra.room_id, mira.room_id], duration={"days": 100})

    assert entry.runtime_data.calls.used == used + 4  # two windows for each


@pytest.mark.parametrize(
    ("name", "default"), [("only_busy", False), ("include_external_calendar", True), ("need_rsvp_status", False)]
)
async def test_each_parameter_reaches_feishu(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room, name: str, default: bool
) -> None:
    await set_up(mira)

    await perform("get_free_busy", room_id=mira.room_id)
    assert asked(tenant)[name] is default
    for value in (True, False):
        await perform("get_free_busy", room_id=mira.room_id, **{name: value})
        assert asked(tenant)[name] is value


async def test_each_parameter_has_its_effect(tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room) -> None:
    tenant.book(mira.room_id, at(11), at(12), free=True)
    tenant.book(mira.room_id, at(12), at(13), external=True)
    tenant.book(mira.room_id, at(13), at(14), rsvp="needs_action")
    await set_up(mira)

    async def hours(**data: Any) -> list[int]:
        response = await perform("get_free_busy", room_id=mira.room_id, **data)
        busy = response["subjects"][0]["busy"]
        return [datetime.fromisoformat(period["start"]).astimezone(UTC).hour for period in busy]

    assert await hours() == [11, 12, 13]
    assert await hours(only_busy=True) == [12, 13]
    assert await hours(include_external_calendar=False) == [11, 13]


async def test_events_marked_as_free_are_left_out_for_people_by_default(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room
) -> None:
    person = tenant.add_user("Li Na")
    tenant.book(person.open_id, at(11), at(12), free=True)
    await set_up(mira)

    response = await perform("get_free_busy", user_id=person.open_id)

    assert response["subjects"][0]["busy"] == []


async def test_rsvp_status_is_returned_only_on_request(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room
) -> None:
    tenant.book(mira.room_id, at(11), at(12), rsvp="needs_action")
    await set_up(mira)

    response = await perform("get_free_busy", room_id=mira.room_id, need_rsvp_status=True)
    assert [period["rsvp_status"] for period in response["subjects"][0]["busy"]] == ["needs_action"]
    response = await perform("get_free_busy", room_id=mira.room_id)
    assert "rsvp_status" not in response["subjects"][0]["busy"][0]


@pytest.mark.parametrize("kind", ["open_id", "union_id", "user_id"])
@pytest.mark.parametrize("told", [True, False])
async def test_the_id_type_is_given_or_derived_from_the_id(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room, li_na: User, kind: str, told: bool
) -> None:
    await set_up(mira)
    tenant.book(li_na.open_id, at(11), at(12))

    response = await perform("get_free_busy", user_id=getattr(li_na, kind), **({"user_id_type": kind} if told else {}))

    assert tenant.calls(FREE_BUSY)[-1].query["user_id_type"] == kind
    assert len(response["subjects"][0]["busy"]) == 1


async def test_a_given_id_type_overrides_the_prefix(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room
) -> None:
    tenant.add_user("Odd", user_id="ou_odd")
    await set_up(mira)

    await perform("get_free_busy", user_id="ou_odd", user_id_type="user_id")

    assert tenant.calls(FREE_BUSY)[-1].query["user_id_type"] == "user_id"


@pytest.mark.parametrize(
    ("zone", "data", "start", "end"),
    [
        ("UTC", {}, at(10), at(10, day=1)),
        ("UTC", {"duration": {"days": 2, "minutes": 30}}, at(10), at(10, 30, day=2)),
        ("UTC", {"duration": "01:30"}, at(10), at(11, 30)),
        ("UTC", {"end": "2026-11-23 12:00:00"}, at(10), at(12)),
        ("UTC", {"start": "2026-11-01 00:00:00", "end": "2026-11-02T00:00:00"}, at(0, day=-22), at(0, day=-21)),
        ("Asia/Shanghai", {"start": "2026-11-23 20:00:00"}, at(12), at(12, day=1)),
        ("Asia/Shanghai", {"start": "2026-11-23T20:00:00Z", "duration": {"hours": 1}}, at(20), at(21)),
        ("Asia/Shanghai", {"start": "2026-11-23T20:00:00.7+01:00", "duration": {"hours": 1}}, at(19), at(20)),
        # The day on which clocks are set back has 25 hours
        ("Europe/Berlin", {"start": "2026-10-25 00:00", "end": "2026-10-26 00:00"}, at(22, day=-30), at(23, day=-29)),
    ],
)
async def test_times_without_a_zone_are_in_home_assistants_zone(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    clock: Clock,
    perform: Perform,
    mira: Room,
    zone: str,
    data: dict[str, Any],
    start: datetime,
    end: datetime,
) -> None:
    await hass.config.async_set_time_zone(zone)
    await set_up(mira)
    clock.set_wall(at(10) + timedelta(milliseconds=300))

    response = await perform("get_free_busy", room_id=mira.room_id, **data)

    told = [datetime.fromisoformat(response[name]) for name in ("start", "end")]
    assert told == [start, end]
    assert [instant.utcoffset() for instant in told] == [
        instant.astimezone(ZoneInfo(zone)).utcoffset() for instant in (start, end)
    ]
    assert [datetime.fromisoformat(asked(tenant)[name]) for name in ("time_min", "time_max")] == [start, end]


async def test_a_year_takes_several_calls(tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room) -> None:
    tenant.book(mira.room_id, at(10, day=-200), at(11, day=-200))
    tenant.book(mira.room_id, at(10, day=150), at(11, day=150))
    await set_up(mira)
    tenant.requests.clear()

    response = await perform(
        "get_free_busy", room_id=mira.room_id, start=at(10, day=-210).isoformat(), end=at(10, day=156).isoformat()
    )

    assert len(response["subjects"][0]["busy"]) == 2
    assert len(tenant.calls(FREE_BUSY)) == 5


async def test_a_failure_of_one_subject_is_in_its_result(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room, li_na: User
) -> None:
    await set_up(mira)

    response = await perform("get_free_busy", room_id=[mira.room_id, "omm_gone"], user_id=["ou_gone", li_na.open_id])

    by_id = {subject.pop("id"): subject for subject in response["subjects"]}
    assert by_id[mira.room_id] == {"name": "Mira", "busy": []}
    assert by_id[li_na.open_id] == {"name": None, "busy": []}
    for subject_id, code in (("omm_gone", "190002"), ("ou_gone", "195100")):
        assert by_id[subject_id].keys() == {"name", "error", "details"}
        assert by_id[subject_id]["error"] == "subject_unreadable"
        assert code in by_id[subject_id]["details"]


@pytest.mark.parametrize(
    ("begin", "key", "says"),
    [
        (lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), "scope_missing", FREE_BUSY_SCOPE),
        (lambda tenant: setattr(tenant, "quota_left", 0), "quota_exceeded", "99991403"),
        (lambda tenant: tenant.inject(Fault.close(), times=None), "cannot_connect", "no connection"),
        (lambda tenant: tenant.inject(Fault.error(400, 190002), times=None), "subject_unreadable", "190002"),
    ],
)
async def test_a_failure_of_all_subjects_is_an_error(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    perform: Perform,
    lyra: Room,
    begin: Callable[[Tenant], object],
    key: str,
    says: str,
) -> None:
    await set_up(lyra)
    begin(tenant)

    with pytest.raises(HomeAssistantError) as raised:
        await perform("get_free_busy", entity_id=busy_id(hass, lyra), room_id="omm_gone")

    assert not isinstance(raised.value, ServiceValidationError)
    assert raised.value.translation_key == key
    assert all(says in text for text in texts_of(raised.value).values())
    # Home Assistant logs the text, so it must not identify a room
    assert not any(word in text for text in texts_of(raised.value).values() for word in ("Lyra", "omm_gone"))


@pytest.mark.parametrize(
    ("data", "key", "says"),
    [
        ({}, "subjects", "between 1 and 100"),
        ({"room_id": ["", "  "]}, "subjects", "between 1 and 100"),
        ({"room_id": [f"omm_{number}" for number in range(101)]}, "subjects", "between 1 and 100"),
        ({"room_id": "omm_1", "end": "2026-11-23T10:00:00Z"}, "window", "366 days"),
        ({"room_id": "omm_1", "end": "2026-11-23T09:00:00Z"}, "window", "366 days"),
        ({"room_id": "omm_1", "duration": 0}, "window", "366 days"),
        ({"room_id": "omm_1", "duration": {"days": 366, "seconds": 1}}, "window", "366 days"),
        ({"room_id": "omm_1", "duration": {"days": 900_000_000}}, "window", "366 days"),
        ({"entity_id": "binary_sensor.nowhere"}, "not_ours", "binary_sensor.nowhere"),
        ({"entity_id": "sun.sun"}, "not_ours", "sun.sun"),
    ],
)
async def test_invalid_subjects_and_windows_are_refused_before_any_call(
    tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room, data: dict[str, Any], key: str, says: str
) -> None:
    await set_up(mira)
    tenant.requests.clear()

    with pytest.raises(ServiceValidationError) as raised:
        await perform("get_free_busy", **data)

    assert raised.value.translation_key == key
    assert says in texts_of(raised.value)["en"]
    assert tenant.requests == []


async def test_entities_of_others_and_of_the_account_are_refused(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, mira: Room
) -> None:
    entry = await set_up(mira)
    registry = er.async_get(hass)
    account = registry.async_get_entity_id("sensor", DOMAIN, f"{tenant.app_id}_calls")
    other = MockConfigEntry(domain="sun")
    other.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("sun", f"{entry.unique_id}_{mira.room_id}")}
    )
    foreign = registry.async_get_or_create("sensor", "sun", "1", config_entry=other, device_id=device.id).entity_id

    for entity_id in (account, foreign):
        assert entity_id
        with pytest.raises(ServiceValidationError) as raised:
            await perform("get_free_busy", entity_id=[busy_id(hass, mira), entity_id])
        assert raised.value.translation_key == "not_ours"
        assert entity_id in texts_of(raised.value)["zh-Hans"]


async def test_the_entry_may_be_unloaded_during_the_call(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, mira: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await set_up(mira)

    async def answer_late(*_: Any, **__: Any) -> tuple[BusyPeriod, ...]:
        await hass.config_entries.async_unload(entry.entry_id)
        return ()

    monkeypatch.setattr(entry.runtime_data.client, "freebusy_list", answer_late)

    response = await perform("get_free_busy", room_id=mira.room_id)

    assert response["subjects"] == [{"id": mira.room_id, "name": "Mira", "busy": []}]


# Two accounts


@pytest.fixture
async def other(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, lyra: Room, mira: Room
) -> AsyncIterator[tuple[Tenant, MockConfigEntry]]:
    """Set up two entries, and yield the second tenant and its entry; Lyra is shown by both."""
    await set_up(lyra, mira)
    tenant = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    tenant.add_room("Lyra there", room_id=lyra.room_id, capacity=4)
    tenant.add_room("Nova", room_id="omm_nova", capacity=2)
    async with Simulator(tenant) as elsewhere:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Other",
            unique_id=tenant.app_id,
            data={"base_url": elsewhere.base_url, "app_id": tenant.app_id, "app_secret": tenant.app_secret},
            options={
                "rooms": {room.room_id: room.name for room in tenant.rooms.values()},
                "plan": "paid",
                "off_hours": {"enabled": False},
                "scan_interval": 3600,
            },
        )
        entry.add_to_hass(hass)
        assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        yield tenant, entry
        await clock.run(hass.config_entries.async_unload(entry.entry_id))


def of_entry(hass: HomeAssistant, entry: MockConfigEntry, room_id: str) -> str:
    entity_id = er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, f"{entry.unique_id}_{room_id}_busy")
    assert entity_id
    return entity_id


async def test_an_entity_selects_the_account(
    hass: HomeAssistant, tenant: Tenant, perform: Perform, other: tuple[Tenant, MockConfigEntry], lyra: Room
) -> None:
    there, entry = other
    there.requests.clear()
    tenant.requests.clear()

    await perform("get_free_busy", entity_id=of_entry(hass, entry, "omm_nova"), room_id=lyra.room_id)

    assert len(there.calls(FREE_BUSY)) == 2
    assert tenant.requests == []


async def test_ids_alone_do_not_select_an_account(perform: Perform, other: tuple[Tenant, MockConfigEntry]) -> None:
    there, entry = other

    with pytest.raises(ServiceValidationError) as raised:
        await perform("get_free_busy", room_id="omm_nova")
    assert raised.value.translation_key == "which_account"
    assert texts_of(raised.value)

    there.requests.clear()
    response = await perform("get_free_busy", room_id="omm_nova", config_entry_id=entry.entry_id)
    assert response["subjects"][0]["name"] == "Nova"
    assert len(there.calls(FREE_BUSY)) == 1


async def test_a_foreign_entity_is_named_with_several_accounts(
    hass: HomeAssistant, perform: Perform, other: tuple[Tenant, MockConfigEntry]
) -> None:
    sun = er.async_get(hass).async_get_or_create("sensor", "sun", "dusk").entity_id

    for entity_id in (sun, "binary_sensor.nowhere"):
        with pytest.raises(ServiceValidationError) as raised:
            await perform("get_free_busy", entity_id=entity_id, room_id="omm_nova")
        assert raised.value.translation_key == "not_ours"
        assert all(entity_id in text for text in texts_of(raised.value).values())


async def test_entities_of_two_accounts_are_refused(
    hass: HomeAssistant, perform: Perform, other: tuple[Tenant, MockConfigEntry], mira: Room
) -> None:
    first, _ = hass.config_entries.async_entries(DOMAIN)
    _, entry = other
    here, there = of_entry(hass, first, mira.room_id), of_entry(hass, entry, "omm_nova")

    for data in ({"entity_id": [here, there]}, {"entity_id": [here], "config_entry_id": entry.entry_id}):
        with pytest.raises(ServiceValidationError) as raised:
            await perform("get_free_busy", **data)
        assert raised.value.translation_key == "several_accounts"
        assert texts_of(raised.value)


async def test_rooms_of_both_accounts_are_found_and_a_shared_room_once(
    hass: HomeAssistant, clock: Clock, perform: Perform, other: tuple[Tenant, MockConfigEntry], lyra: Room
) -> None:
    _, entry = other
    response = await perform("find_rooms")
    assert [room["name"] for room in response["rooms"]] == ["Nova", "Lyra", "Mira"]

    await clock.to(at(10, 59))  # the other one was last read at ten
    response = await perform("find_rooms")
    assert [room["name"] for room in response["rooms"]] == ["Nova", "Lyra", "Mira"]
    assert response["rooms"][1]["entity_id"] != of_entry(hass, entry, lyra.room_id)

    response = await perform("find_rooms", config_entry_id=entry.entry_id)
    assert [room["name"] for room in response["rooms"]] == ["Nova", "Lyra there"]


@pytest.mark.usefixtures("other")
async def test_the_latest_reading_of_a_shared_room_counts(
    tenant: Tenant, clock: Clock, perform: Perform, lyra: Room
) -> None:
    await clock.to(at(10, 30))
    tenant.book(lyra.room_id, at(10, 30), at(12))
    await clock.to(at(10, 32))

    response = await perform("find_rooms", min_capacity=4)

    (room,) = response["rooms"]
    assert room["name"] == "Lyra"
    assert datetime.fromisoformat(room["free_from"]) == at(12)


# find_rooms


async def test_rooms_are_found_from_memory_with_their_properties(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room, mira: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    tenant.book(lyra.room_id, at(14), at(15))
    tenant.book(lyra.room_id, at(10, 15), at(10, 45), rsvp="needs_action")
    tenant.book(mira.room_id, at(9), at(10, 30))
    await set_up(lyra, mira)
    area = ar.async_get(hass).async_create("Lounge")
    dr.async_get(hass).async_update_device(of_device(hass, mira), area_id=area.id)
    tenant.requests.clear()
    clock.set_wall(at(10) + timedelta(milliseconds=300))

    response = await perform("find_rooms")

    assert response == {
        "rooms": [
            {
                "name": "Lyra",
                "entity_id": busy_id(hass, lyra),
                "room_id": lyra.room_id,
                "free_from": "2026-11-23T18:00:00+08:00",
                "free_until": "2026-11-23T22:00:00+08:00",
                "pending": True,
                "capacity": 8,
                "building": "Tower A",
                "floor": "3F",
                "area": None,
                "equipment": ["TV", "Whiteboard"],
            },
            {
                "name": "Mira",
                "entity_id": busy_id(hass, mira),
                "room_id": mira.room_id,
                "free_from": "2026-11-23T18:30:00+08:00",
                "free_until": None,
                "pending": False,
                "capacity": None,
                "building": None,
                "floor": None,
                "area": "Lounge",
                "equipment": [],
            },
        ],
        "alternatives": [],
        "why": None,
    }
    assert tenant.requests == []


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({}, ["Lyra", "Mira"]),
        ({"min_capacity": 8}, ["Lyra"]),
        ({"min_capacity": "9"}, []),
        ({"building": "tower a"}, ["Lyra"]),
        ({"floor": ["2F", " 3f "]}, ["Lyra"]),
        ({"floor": "2F"}, []),
        ({"building": "Tower A", "floor": "2F"}, []),
        ({"area": "lounge"}, ["Mira"]),
        ({"area": ["upstairs", "attic"]}, ["Mira"]),  # an id: the area was renamed since
        ({"area": "Nowhere"}, []),
        ({"equipment": "board"}, ["Lyra"]),
        ({"equipment": ["tv", "Phone"]}, []),
        ({"limit": 1}, ["Lyra"]),
        ({"duration": {"hours": 5}}, ["Mira", "Lyra"]),
        ({"duration": "00:45:00"}, ["Lyra", "Mira"]),
        ({"start": "2026-11-23 14:30:00"}, ["Mira", "Lyra"]),
        ({"start": "2026-11-23T22:30:00+08:00"}, ["Mira", "Lyra"]),
        ({"start": "2026-11-23 07:00:00"}, ["Lyra", "Mira"]),
        ({"until": "2026-11-23 10:30:00"}, ["Lyra"]),
        ({"duration": {"hours": 5}, "until": "2026-11-23 20:00:00"}, ["Mira", "Lyra"]),
    ],
)
async def test_each_filter_narrows_the_result(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    perform: Perform,
    lyra: Room,
    mira: Room,
    data: dict[str, Any],
    found: list[str],
) -> None:
    await hass.config.async_set_time_zone("UTC")
    tenant.book(lyra.room_id, at(14), at(15))
    tenant.book(mira.room_id, at(9), at(10, 10))
    await set_up(lyra, mira)
    areas = ar.async_get(hass)
    area = areas.async_create("Upstairs")
    areas.async_update(area.id, name="Lounge")
    dr.async_get(hass).async_update_device(of_device(hass, mira), area_id=area.id)

    response = await perform("find_rooms", **data)

    assert [room["name"] for room in response["rooms"]] == found
    assert (response["why"] is None) == bool(found)


async def test_an_earliest_start_in_the_past_is_now(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, mira: Room
) -> None:
    await set_up(mira)

    response = await perform("find_rooms", start=at(8).isoformat())

    assert datetime.fromisoformat(response["rooms"][0]["free_from"]) == at(10)


async def test_without_a_fit_there_are_alternatives_and_a_reason(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, lyra: Room, mira: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    tenant.book(lyra.room_id, at(10, 20), at(11))
    await set_up(lyra, mira)

    response = await perform("find_rooms", until=at(10, 30).isoformat(), min_capacity=6)

    assert response["rooms"] == []
    assert response["why"] == "all_busy"
    shown = [
        {key: alternative[key] for key in ("reason", "minutes", "name", "free_from", "free_until")}
        for alternative in response["alternatives"]
    ]
    assert shown == [
        {
            "reason": "later_start",
            "minutes": 30,
            "name": "Lyra",
            "free_from": "2026-11-23T19:00:00+08:00",
            "free_until": None,
        },
        {
            "reason": "shorter_stay",
            "minutes": 20,
            "name": "Lyra",
            "free_from": "2026-11-23T18:00:00+08:00",
            "free_until": "2026-11-23T18:20:00+08:00",
        },
        {
            "reason": "fewer_seats",
            "minutes": 30,
            "name": "Mira",
            "free_from": "2026-11-23T18:00:00+08:00",
            "free_until": None,
        },
    ]
    found = await perform("find_rooms", min_capacity=6)
    assert response["alternatives"][0].keys() == {"reason", "minutes", *found["rooms"][0]}


async def test_a_search_uses_the_name_given_in_home_assistant(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, lyra: Room
) -> None:
    await set_up(lyra)
    dr.async_get(hass).async_update_device(of_device(hass, lyra), name_by_user="The big one")

    response = await perform("find_rooms")

    assert [room["name"] for room in response["rooms"]] == ["The big one"]


async def test_a_disabled_device_is_not_offered(
    hass: HomeAssistant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room, mira: Room
) -> None:
    await set_up(lyra, mira)
    dr.async_get(hass).async_update_device(of_device(hass, lyra), disabled_by=DeviceEntryDisabler.USER)
    await clock.settle()

    response = await perform("find_rooms")

    assert [room["name"] for room in response["rooms"]] == ["Mira"]


async def test_a_disabled_entity_has_no_entity_id_in_the_response(
    hass: HomeAssistant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room
) -> None:
    await set_up(lyra)
    er.async_get(hass).async_update_entity(busy_id(hass, lyra), disabled_by=RegistryEntryDisabler.USER)
    await clock.settle()

    response = await perform("find_rooms")

    assert [(room["name"], room["entity_id"]) for room in response["rooms"]] == [("Lyra", None)]


async def test_a_room_that_is_out_of_service_is_neither_offered_nor_suggested(
    tenant: Tenant, set_up: SetUp, perform: Perform, lyra: Room, mira: Room
) -> None:
    tenant.disable_room(lyra.room_id, at(9), at(12), "Repairs")
    tenant.disable_room(mira.room_id, at(12), None)
    await set_up(lyra, mira)

    response = await perform("find_rooms", start=at(11).isoformat())
    assert [room["name"] for room in response["rooms"]] == ["Mira"]

    response = await perform("find_rooms", start=at(13).isoformat())
    assert (response["rooms"], response["alternatives"], response["why"]) == ([], [], "all_busy")
    response = await perform("find_rooms", building="Tower A")
    assert (response["rooms"], response["why"]) == ([], "all_disabled")
    assert [(each["reason"], each["name"]) for each in response["alternatives"]] == [("other_place", "Mira")]


async def test_an_unavailable_room_is_neither_offered_nor_suggested(
    tenant: Tenant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room, mira: Room
) -> None:
    await set_up(lyra, mira)
    tenant.inject(
        Fault.error(400, 190002),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] == lyra.room_id,
    )
    await clock.forward(hours=1)

    response = await perform("find_rooms")
    assert [room["name"] for room in response["rooms"]] == ["Mira"]

    response = await perform("find_rooms", building="Tower A", min_capacity=20)
    assert (response["rooms"], response["alternatives"], response["why"]) == ([], [], "none_that_large")
    response = await perform("find_rooms", building="Tower A")
    assert response["why"] == "nothing_known"


async def test_people_are_never_offered(set_up: SetUp, perform: Perform, mira: Room, li_na: User) -> None:
    await set_up(mira, people={li_na.open_id: "Na"})

    response = await perform("find_rooms")

    assert [room["name"] for room in response["rooms"]] == ["Mira"]


async def test_a_zero_duration_is_refused(set_up: SetUp, perform: Perform, mira: Room) -> None:
    await set_up(mira)

    with pytest.raises(ServiceValidationError) as raised:
        await perform("find_rooms", duration=0)

    assert raised.value.translation_key == "duration"
    assert texts_of(raised.value)["en"] == "The duration must be longer than zero."


@pytest.mark.parametrize("page", ["actions.md", "actions.zh-Hans.md"])
@pytest.mark.parametrize("value", [*Reason, *Why])
def test_each_reason_is_documented(page: str, value: str) -> None:
    assert f"`{value}`" in (ROOT / "docs" / page).read_text(encoding="utf-8")


# Who may read what


@pytest.fixture
def ask_as(perform: Perform) -> Perform:
    """Return what performs `get_free_busy` as a user."""

    async def ask_as(user: MockUser, **data: Any) -> Any:
        return await perform("get_free_busy", context=Context(user_id=user.id), **data)

    return ask_as


def user_who_may_read(hass: HomeAssistant, *entity_ids: str) -> MockUser:
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True} for entity_id in entity_ids}}})
    return user


async def test_a_user_reads_only_what_the_user_may_read(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, ask_as: Perform, lyra: Room, mira: Room
) -> None:
    await set_up(lyra, mira)
    user = user_who_may_read(hass, busy_id(hass, lyra))
    tenant.requests.clear()

    for allowed in ({"entity_id": busy_id(hass, lyra)}, {"room_id": lyra.room_id}):
        assert (await ask_as(user, **allowed))["subjects"][0]["id"] == lyra.room_id
    reads = len(tenant.requests)
    stranger, unlisted = tenant.add_user("Li Na"), tenant.add_room("Unlisted")
    for refused in (
        {"entity_id": [busy_id(hass, lyra), busy_id(hass, mira)]},
        {"room_id": mira.room_id},
        {"room_id": [lyra.room_id, unlisted.room_id]},
        {"user_id": stranger.open_id},
    ):
        with pytest.raises(Unauthorized):
            await ask_as(user, **refused)
    with pytest.raises(Unauthorized):
        await ask_as(user_who_may_read(hass), room_id=lyra.room_id)
    assert len(tenant.requests) == reads


async def test_a_user_finds_only_rooms_that_the_user_may_read(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, lyra: Room, mira: Room
) -> None:
    await set_up(lyra, mira)
    admin = MockUser(is_owner=True).add_to_hass(hass)

    async def found_by(user: MockUser) -> list[str]:
        response = await perform("find_rooms", duration="00:30:00", context=Context(user_id=user.id))
        return sorted(room["name"] for room in [*response["rooms"], *response["alternatives"]])

    assert await found_by(admin) == ["Lyra", "Mira"]
    assert await found_by(user_who_may_read(hass, busy_id(hass, lyra))) == ["Lyra"]
    assert await found_by(user_who_may_read(hass)) == []


async def test_administrators_and_automations_may_read_all_of_feishu(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, ask_as: Perform, lyra: Room
) -> None:
    await set_up(lyra)
    other = tenant.add_room("Unlisted")
    admin = MockUser(is_owner=True).add_to_hass(hass)

    for response in (await ask_as(admin, room_id=other.room_id), await perform("get_free_busy", room_id=other.room_id)):
        assert response["subjects"][0]["busy"] == []


async def test_a_user_who_was_removed_reads_nothing(
    hass: HomeAssistant, set_up: SetUp, ask_as: Perform, lyra: Room
) -> None:
    await set_up(lyra)

    with pytest.raises(UnknownUser):
        await ask_as(MockUser(), room_id=lyra.room_id)


@pytest.mark.slow
async def test_actions_use_only_their_share_of_the_budget(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room
) -> None:
    await set_up(lyra, plan="free", monthly_budget=6_000)  # 20 calls a day for actions

    await perform("get_free_busy", room_id=lyra.room_id, duration={"days": 366})  # five windows
    with pytest.raises(ServiceValidationError) as refusal:
        await perform("get_free_busy", room_id=[f"omm_{number}" for number in range(16)])
    assert refusal.value.translation_key == "over_budget"
    assert refusal.value.translation_placeholders == {"calls": "16", "left": "15"}
    for _ in range(15):
        await perform("get_free_busy", room_id=lyra.room_id)
    with pytest.raises(ServiceValidationError):
        await perform("get_free_busy", room_id=lyra.room_id)

    await clock.forward(days=1)
    await perform("get_free_busy", room_id=lyra.room_id)


async def test_on_a_paid_plan_actions_have_no_share(
    set_up: SetUp, perform: Perform, tenant: Tenant, lyra: Room
) -> None:
    await set_up(lyra)

    for _ in range(3):
        await perform("get_free_busy", room_id=[lyra.room_id], duration={"days": 366})


async def test_no_action_reads_while_the_quota_is_used_up(
    tenant: Tenant, set_up: SetUp, clock: Clock, perform: Perform, lyra: Room
) -> None:
    await set_up(lyra)
    tenant.quota_left = 0
    await clock.forward(minutes=2)
    tenant.requests.clear()

    with pytest.raises(HomeAssistantError) as refusal:
        await perform("get_free_busy", room_id=lyra.room_id)

    assert refusal.value.translation_key == "quota_exceeded"
    assert tenant.calls(FREE_BUSY) == []
