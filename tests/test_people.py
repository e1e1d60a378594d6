"""People have the same entities as rooms, are read in the same polls, and show only times from Feishu."""

from datetime import datetime
from itertools import chain
import json
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.feishu_freebusy import async_remove_config_entry_device
from custom_components.feishu_freebusy.const import CONF_PEOPLE, DOMAIN
from custom_components.feishu_freebusy.diagnostics import async_get_config_entry_diagnostics
from simulator import Fault, LoggedRequest, Room, Tenant, User
from simulator.model import Call
from tests.clock import FREE_BUSY, STATUSES, Clock, SetUp, devices_of, state_of
from tests.conftest import at
from tests.person import link_person

pytest_plugins = ["tests.clock"]

TEN = "calendar/v4/freebusy/batch"
KEYS = ("busy", "calendar", "next_busy", "next_change", "next_free")


@pytest.fixture
def mira(tenant: Tenant) -> Room:
    """Return a room."""
    return tenant.add_room("Mira")


@pytest.fixture
def people(tenant: Tenant) -> list[User]:
    """Return a dozen people."""
    return [tenant.add_user(f"Person {number}", user_id=f"p{number}") for number in range(12)]


def followed(*people: User, kind: str = "open_id") -> dict[str, str]:
    """Return the option that follows people, with names that differ from those at Feishu."""
    return {getattr(person, kind): f"Colleague {number}" for number, person in enumerate(people)}


def entity_ids(hass: HomeAssistant, person_id: str) -> dict[str, str]:
    """Return the entity ids of a person by key."""
    entities = er.async_get(hass).entities.values()
    return {
        entity.unique_id.rpartition(f"_{person_id}_")[2]: entity.entity_id
        for entity in entities
        if f"_{person_id}_" in entity.unique_id
    }


def of(hass: HomeAssistant, person: User, key: str = "busy") -> State:
    """Return the state of an entity of a person."""
    state = hass.states.get(entity_ids(hass, person.open_id)[key])
    assert state
    return state


def asked(call: LoggedRequest) -> dict[str, Any]:
    assert isinstance(call.body, dict)
    return call.body


# Entities


async def test_a_person_has_the_entities_of_a_room(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, mira: Room, people: list[User]
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    person = people[0]
    tenant.book(person.open_id, at(9), at(11))
    tenant.book(person.open_id, at(10, 30), at(11, 30), rsvp="needs_action")  # an invitation, which counts as busy
    tenant.book(person.open_id, at(11, 30), at(15), rsvp="decline")
    tenant.book(person.open_id, at(13), at(14), rsvp="tentative")

    await set_up(mira, people=followed(person))

    assert sorted(entity_ids(hass, person.open_id)) == sorted(KEYS)
    shown = of(hass, person)
    assert (shown.entity_id, shown.name, shown.state) == ("binary_sensor.colleague_0", "Colleague 0", "on")
    assert of(hass, person, "next_change").state == at(11, 30).isoformat()
    calendar = of(hass, person, "calendar")
    assert (calendar.state, calendar.attributes["message"]) == ("on", "Colleague 0")
    assert calendar.attributes["end_time"] == "2026-11-23 19:30:00"
    (device,) = [device for device in devices_of(hass) if device.name == "Colleague 0"]
    assert (device.model, device.entry_type, device.manufacturer) == ("Person", dr.DeviceEntryType.SERVICE, "Feishu")


@pytest.mark.parametrize(("language", "model"), [("en", "Person"), ("zh-Hans", "人员")])
async def test_people_are_told_apart_from_rooms_without_a_place(
    hass: HomeAssistant, set_up: SetUp, mira: Room, people: list[User], language: str, model: str
) -> None:
    hass.config.language = language
    await set_up(mira, people=followed(people[0]))

    models = {device.name: device.model for device in devices_of(hass)}
    assert (models["Colleague 0"], models["Mira"]) == (model, None)


async def test_person_has_time_attributes_but_no_room_attributes(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, mira: Room, people: list[User]
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    tenant.book(people[0].open_id, at(9), at(11))

    await set_up(mira, people=followed(people[0]))

    assert of(hass, people[0]).attributes == {
        "friendly_name": "Colleague 0",
        "busy_since": "2026-11-23T17:00:00+08:00",
        "busy_until": "2026-11-23T19:00:00+08:00",
        "next_busy_time": None,
        "next_free_time": "2026-11-23T19:00:00+08:00",
        "available_now": False,
        "bookings": [{"start": "2026-11-23T17:00:00+08:00", "end": "2026-11-23T19:00:00+08:00"}],
    }


async def test_person_flips_exactly_on_time_without_a_call(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    tenant.book(people[0].open_id, at(10, 20), at(10, 40))
    await set_up(mira, people=followed(people[0]), scan_interval=3600)
    tenant.requests.clear()

    for until, state in ((at(10, 19, 59), "off"), (at(10, 20), "on"), (at(10, 39, 49), "on")):
        await clock.to(until)
        assert of(hass, people[0]).state == of(hass, people[0], "calendar").state == state
    assert len(tenant.requests) == len(tenant.calls(STATUSES)) == 3  # of the room, every ten minutes
    await clock.to(at(10, 40))
    assert of(hass, people[0]).state == "off"


@pytest.mark.parametrize("kind", ["open_id", "union_id", "user_id"])
async def test_person_can_be_followed_by_any_kind_of_id(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, mira: Room, people: list[User], kind: str
) -> None:
    tenant.book(people[0].open_id, at(9), at(11))

    await set_up(mira, people=followed(*people[:3], kind=kind))

    states = [hass.states.get(f"binary_sensor.colleague_{number}") for number in range(3)]
    assert [state and state.state for state in states] == ["on", "off", "off"]


async def test_external_calendars_follow_the_option(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    tenant.book(people[0].open_id, at(9), at(11), external=True)
    entry = await set_up(mira, people=followed(*people[:2]), include_external_calendar=False)
    assert of(hass, people[0]).state == "off"

    hass.config_entries.async_update_entry(entry, options={**entry.options, "include_external_calendar": True})
    await clock.settle()

    assert of(hass, people[0]).state == "on"


async def test_calendar_range_beyond_the_window_is_read(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    tenant.book(people[0].union_id, at(9, day=100), at(11, day=100))
    entry = await set_up(mira, people=followed(people[0], kind="union_id"))
    tenant.requests.clear()

    blocks = await clock.run(
        entry.runtime_data.bookings.async_read(people[0].union_id, at(0, day=50), at(0, day=120)),
    )

    assert [(block.start, block.end) for block in blocks] == [(at(9, day=100), at(11, day=100))]
    (call,) = tenant.calls(FREE_BUSY)
    assert (call.query["user_id_type"], asked(call)["user_id"]) == ("union_id", people[0].union_id)


# Polls and their cost


async def test_people_are_read_with_rooms_and_ten_per_call(
    tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    entry = await set_up(mira, people=followed(*people))
    assert entry.runtime_data.source.forecast.calls_per_cycle == 1 + 2
    used = entry.runtime_data.calls.used
    tenant.requests.clear()

    await clock.to(at(10, 1, 30))

    assert sorted(len(asked(call)["user_ids"]) for call in tenant.calls(TEN)) == [2, 10]
    assert len(tenant.calls(FREE_BUSY)) == 1
    assert entry.runtime_data.calls.used == used + 3


async def test_people_count_in_the_budget(set_up: SetUp, mira: Room, people: list[User]) -> None:
    entry = await set_up(mira, people=followed(*people), plan="free", monthly_budget=5_000)

    timetable = entry.runtime_data.timetable
    seconds_left = (
        datetime(2026, 12, 1, 8, tzinfo=at(0).tzinfo) - at(10)
    ).total_seconds()  # midnight in the US time zone
    statuses = seconds_left / timetable.status_plan.office.total_seconds()
    polls = (5_000 - entry.runtime_data.calls.used - statuses) / 3
    assert timetable.plan.office.total_seconds() == pytest.approx(seconds_left / polls, rel=0.02)


async def test_without_rooms_only_people_are_read(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, people: list[User]
) -> None:
    entry = await set_up(people=followed(*people[:3]))
    tenant.requests.clear()

    await clock.to(at(10, 1, 30))

    assert [request.path.partition("open-apis/")[2] for request in tenant.requests] == [TEN]
    assert entry.runtime_data.source.forecast.calls_per_cycle == 1
    assert of(hass, people[0]).state == "off"


async def test_people_who_are_read_one_by_one_are_in_the_forecast(
    tenant: Tenant, set_up: SetUp, clock: Clock, people: list[User]
) -> None:
    """Feishu refuses the call for several people: what the forecast says is what is made."""
    tenant.inject(Fault.error(400, 190011), TEN, times=None)
    entry = await set_up(people=followed(*people[:3]), scan_interval=300)
    assert entry.runtime_data.source.forecast.calls_per_cycle == 3
    tenant.requests.clear()
    left = entry.runtime_data.timetable.projected_calls - entry.runtime_data.calls.used

    await clock.forward(hours=1)

    alone = len(tenant.calls(FREE_BUSY))
    assert alone == pytest.approx(12 * 3, abs=3)
    assert len(tenant.requests) == alone
    now_left = entry.runtime_data.timetable.projected_calls - entry.runtime_data.calls.used
    assert left - now_left == pytest.approx(alone, abs=4)


# People who cannot be read


async def test_only_the_unknown_person_is_unavailable(
    hass: HomeAssistant, set_up: SetUp, mira: Room, people: list[User]
) -> None:
    await set_up(mira, people={"ou_gone": "Gone", **followed(*people[:3])})

    gone = hass.states.get("binary_sensor.gone")
    assert gone
    assert gone.state == STATE_UNAVAILABLE
    assert [of(hass, person).state for person in people[:3]] == ["off"] * 3
    assert state_of(hass, mira) == "off"


async def test_person_who_becomes_unreadable_is_shown_for_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    tenant.book(people[0].open_id, at(10, 5), at(12))
    await set_up(mira, people=followed(*people[:3]))
    tenant.variants.unknown_person = "left_out"
    del tenant.users[people[0].open_id]

    await clock.to(at(10, 9))
    assert of(hass, people[0]).state == "on"  # from the last reading
    await clock.to(at(10, 11))

    assert of(hass, people[0]).state == STATE_UNAVAILABLE
    assert [of(hass, person).state for person in people[1:3]] == ["off", "off"]
    assert state_of(hass, mira) == "off"


async def test_unreadable_people_do_not_affect_rooms(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    await set_up(mira, people=followed(*people[:3]))
    tenant.inject(Fault.status(503), TEN, times=None)

    await clock.to(at(10, 30))

    assert [of(hass, person).state for person in people[:3]] == [STATE_UNAVAILABLE] * 3
    assert state_of(hass, mira) == "off"


# Times only


async def test_only_times_from_feishu_are_shown(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    """Any other field that Feishu may send is ignored."""
    row = {
        "start_time": at(9).isoformat(),
        "end_time": at(11).isoformat(),
        "rsvp_status": "accept",
        "summary": "Sensitive: salaries",
        "location": {"name": "Sensitive: home"},
        "organizer_info": {"name": "Sensitive: the boss", "open_id": "ou_sensitive"},
    }
    lists = [{"user_id": person.open_id, "name": "Sensitive: a name", "freebusy_items": [row]} for person in people]
    body = {"code": 0, "msg": "", "data": {"freebusy_lists": lists}}
    entry = await set_up(
        mira,
        begin=lambda tenant: tenant.inject(Fault.body(200, body), TEN, times=None),
        people=followed(*people[:3]),
    )
    assert of(hass, people[0]).state == "on"

    shown = [state.as_dict_json.decode() for state in hass.states.async_all()]
    shown.append(json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str))
    events = await clock.run(
        hass.services.async_call(
            "calendar",
            "get_events",
            {"entity_id": of(hass, people[0], "calendar").entity_id, "duration": {"hours": 1}},
            blocking=True,
            return_response=True,
        )
    )
    shown.append(json.dumps(events))

    assert "2026-11-23" in shown[-1]
    assert not [text for text in shown if "ensitive" in text]
    ids = list(chain.from_iterable((each.open_id, each.union_id, each.user_id + '"') for each in people))
    assert not [text for text in shown for person_id in ids if person_id in text]
    names = [person.name for person in people]
    assert not [text for text in shown for name in names if name in text]


async def test_diagnostics_contain_the_number_of_people_but_no_names(
    hass: HomeAssistant, set_up: SetUp, mira: Room, people: list[User]
) -> None:
    entry = await set_up(mira, people=followed(*people[:3]))

    diagnostics = await async_get_config_entry_diagnostics(hass, entry)

    assert diagnostics["chosen"][CONF_PEOPLE] == 3
    assert "Colleague" not in json.dumps(diagnostics, default=str)


# Removal


async def test_removed_person_has_no_device_and_is_not_read(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    entry = await set_up(mira, people=followed(*people[:3]))

    hass.config_entries.async_update_entry(entry, options={**entry.options, "people": followed(people[0], people[1])})
    await clock.settle()
    tenant.requests.clear()
    await clock.to(at(10, 2))

    assert entity_ids(hass, people[2].open_id) == {}
    assert "Colleague 2" not in {device.name for device in devices_of(hass)}
    assert {person for call in tenant.calls(TEN) for person in asked(call)["user_ids"]} == set(followed(*people[:2]))


async def test_adding_a_person_does_not_affect_the_others(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    tenant.book(people[1].open_id, at(9), at(11))
    entry = await set_up(mira, people=followed(people[0]))
    before = of(hass, people[0]).last_updated

    hass.config_entries.async_update_entry(entry, options={**entry.options, "people": followed(*people[:2])})
    await clock.forward(seconds=1)

    assert of(hass, people[1]).state == "on"
    assert of(hass, people[0]).last_updated == before


async def test_renamed_person_keeps_their_entities(
    hass: HomeAssistant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    entry = await set_up(mira, people=followed(people[0]))

    hass.config_entries.async_update_entry(entry, options={**entry.options, "people": {people[0].open_id: "Na"}})
    await clock.settle()

    assert of(hass, people[0]).entity_id == "binary_sensor.colleague_0"
    assert "Na" in {device.name for device in devices_of(hass)}


async def test_the_device_of_a_person_can_be_deleted(
    hass: HomeAssistant, set_up: SetUp, clock: Clock, mira: Room, people: list[User]
) -> None:
    entry = await set_up(mira, people=followed(*people[:2]))
    device = next(device for device in devices_of(hass) if device.name == "Colleague 0")

    assert await async_remove_config_entry_device(hass, entry, device)
    await clock.settle()

    assert entry.options[CONF_PEOPLE] == {people[1].open_id: "Colleague 1"}
    assert entity_ids(hass, people[0].open_id) == {}
    assert of(hass, people[1]).state == "off"
    assert state_of(hass, mira) == "off"


async def test_read_of_one_person_excludes_others_if_they_cost_calls(
    tenant: Tenant, clock: Clock, set_up: SetUp, people: list[User]
) -> None:
    entry = await set_up(
        people={person.open_id: person.name for person in people}, scan_interval=3_600, horizon_days=30
    )
    tenant.requests.clear()

    await entry.runtime_data.async_read_now(people[0].open_id)
    await clock.settle()

    assert len(tenant.requests) == 1


# The linked person


async def test_the_linked_person_reads_their_own_calendar_while_the_link_works(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, mira: Room, people: list[User]
) -> None:
    own, *_ = people

    def is_app(call: Call | LoggedRequest) -> bool:
        return call.person == "" and isinstance(call.body, dict) and own.open_id in str(call.body)

    tenant.book(own.open_id, at(9), at(11))
    tenant.book(people[1].open_id, at(9), at(11))
    entry = await set_up(mira, people=followed(*people[:3]), scan_interval=600)
    tenant.inject(Fault.error(400, 190002), times=None, when=is_app)  # the app may not see this one person
    await link_person(hass, clock, tenant, entry, own)
    tenant.requests.clear()

    await clock.forward(minutes=11)
    assert {call.path.rpartition("/")[2] for call in tenant.requests if own.open_id in str(call.body)} == {"list"}
    calendar = {"entity_id": entity_ids(hass, own.open_id)["calendar"], "start_date_time": at(0, day=-9).isoformat()}
    later = {**calendar, "end_date_time": at(0, day=-8).isoformat()}
    await clock.run(hass.services.async_call("calendar", "get_events", later, blocking=True, return_response=True))
    asked_now = {"user_id": own.open_id, "duration": "01:00:00"}
    answer: Any = await clock.run(
        hass.services.async_call(DOMAIN, "get_free_busy", asked_now, blocking=True, return_response=True)
    )
    assert len(answer["subjects"][0]["busy"]) == 1
    assert [of(hass, each).state for each in people[:3]] == ["on", "on", "off"]

    tenant.clear_faults()
    tenant.consents.revoke_person(own.open_id, "revoked by user")
    tenant.requests.clear()
    await clock.to(at(11, 1))
    assert [of(hass, each).state for each in people[:3]] == ["off", "off", "off"]
    assert any(is_app(call) for call in tenant.requests)  # like everybody else
    assert entry.runtime_data.last_update_success


async def test_the_call_for_the_linked_person_is_in_the_forecast(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, people: list[User]
) -> None:
    own, *_ = people
    entry = await set_up(people=followed(*people), scan_interval=600)
    assert entry.runtime_data.source.forecast.calls_per_cycle == 2
    await link_person(hass, clock, tenant, entry, own)
    await clock.forward(minutes=15)
    coordinator = entry.runtime_data
    assert coordinator.source.forecast.calls_per_cycle == 3  # ten people, one, and the linked one
    tenant.requests.clear()

    await clock.run(coordinator.async_read_now(people[1].open_id))
    await clock.forward(seconds=15)
    assert [call.path.rpartition("/")[2] for call in tenant.requests] == ["batch"]  # filled up with others alone
    tenant.requests.clear()
    await clock.run(coordinator.async_read_now(own.open_id))
    await clock.forward(seconds=15)
    assert [call.path.rpartition("/")[2] for call in tenant.requests] == ["list"]
