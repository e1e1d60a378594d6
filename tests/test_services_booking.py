"""The actions that change bookings: they exist only while they are allowed, and say why they refuse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
import json
import logging
from typing import Any, Literal

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er, intent
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, async_capture_events
import voluptuous as vol

from custom_components.feishu_freebusy.const import DOMAIN, EVENT_ACTION
from custom_components.feishu_freebusy.intent import INTENT_END
from simulator import BookingRules, Fault, Room, Simulator, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.actions import BOTH, Perform, of_device, refused
from tests.clock import Clock, SetUp, busy_id, state_of
from tests.conftest import at
from tests.person import link_person
from tests.test_booking import live_events, rows_of, writes_of

pytest_plugins = ["tests.actions"]
pytestmark = pytest.mark.usefixtures("may_book")

ACTIONS = {"book_room", "extend_booking", "end_booking", "release_room"}


def actions(hass: HomeAssistant) -> set[str]:
    """Return the actions that exist, of those that change bookings."""
    return {action for action in ACTIONS if hass.services.has_service(DOMAIN, action)}


# Which exist


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({}, set()), ({"book": True}, ACTIONS), ({"release": True}, {"end_booking", "release_room"})],
    ids=["off", "book", "release"],
)
async def test_only_allowed_actions_exist(
    hass: HomeAssistant, set_up: SetUp, orion: Room, switches: dict[str, bool], expected: set[str]
) -> None:
    await set_up(orion, **switches)

    assert actions(hass) == expected
    assert all(hass.services.supports_response(DOMAIN, each) is SupportsResponse.OPTIONAL for each in expected)


async def test_actions_come_and_go_with_the_switches_and_the_entry(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    for switches, expected in (
        ({"book": True}, ACTIONS),
        ({"book": False}, set()),
        ({"release": True}, {"end_booking", "release_room"}),
    ):
        hass.config_entries.async_update_entry(entry, options={**entry.options, **switches})
        await clock.forward(seconds=1)
        assert actions(hass) == expected

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert actions(hass) == {"end_booking", "release_room"}
    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    assert actions(hass) == set()


async def test_actions_and_intents_go_while_the_entry_is_not_loaded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, begin=lambda tenant: tenant.inject(Fault.status(503), times=None), book=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert actions(hass) == ACTIONS

    hass.config_entries.async_update_entry(entry, options={**entry.options, "book": False, "release": True})
    await clock.settle()
    assert actions(hass) == {"end_booking", "release_room"}
    await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))
    await clock.settle()
    assert actions(hass) == set()
    assert INTENT_END not in {handler.intent_type for handler in intent.async_get(hass)}


# What they do


async def test_a_room_is_booked_extended_and_ended(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    await set_up(orion, book=True)
    room = {"room_id": orion.room_id, "entity_id": busy_id(hass, orion), "name": "Orion"}

    booked = await perform("book_room", entity_id=busy_id(hass, orion), title=" Visitors ")
    (event,) = tenant.agenda.events.values()
    assert booked == {
        **room,
        "start": "2026-11-23T18:00:00+08:00",
        "end": "2026-11-23T18:30:00+08:00",
        "status": "booked",
        "identity": "app",
        "event_id": event.event_id,
        "app_link": booked["app_link"],
    }
    assert event.title == "Visitors"
    assert state_of(hass, orion) == "on"

    extended = await perform("extend_booking", room_id=orion.room_id)
    assert (extended["start"], extended["end"]) == ("2026-11-23T18:30:00+08:00", "2026-11-23T18:45:00+08:00")
    assert {each.title for each in tenant.agenda.events.values()} == {"Visitors", "Booked by Home Assistant"}

    ended = await perform("end_booking", device_id=of_device(hass, orion))
    assert ended == {
        **room,
        "start": "2026-11-23T18:00:00+08:00",
        "end": "2026-11-23T18:30:00+08:00",
        "own": True,
        "confirmed": True,
    }
    assert (rows_of(tenant, orion), live_events(tenant), state_of(hass, orion)) == ([], set(), "off")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Visitors\n from\x00Tokyo", "Visitors from Tokyo"),
        ("\u202eTeam\ud800 👩\u200d💻", "Team 👩\u200d💻"),
        ("\u200b \n", "Booked by Home Assistant"),
    ],
    ids=["line break", "direction and surrogate", "nothing visible"],
)
async def test_a_title_is_one_line_without_hidden_characters(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, title: str, expected: str
) -> None:
    await set_up(orion, book=True)
    await perform("book_room", room_id=orion.room_id, title=title)

    assert [event.title for event in tenant.agenda.events.values()] == [expected]


@pytest.mark.parametrize(
    ("times", "start", "end"),
    [
        ({"start": "2026-11-23T14:00:00Z", "end": "2026-11-23T15:00:00Z"}, at(14), at(15)),
        ({"start": "2026-11-23T14:00:00Z", "duration": {"minutes": 10}}, at(14), at(14, 10)),
        ({"duration": "01:00:00"}, at(10), at(11)),
        ({"end": "2026-11-23T12:00:00Z"}, at(10), at(12)),
    ],
)
async def test_a_booking_has_the_times_of_the_call(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, times: dict[str, Any], start: Any, end: Any
) -> None:
    await set_up(orion, book=True, booking_title="Occupied")

    await perform("book_room", room_id=orion.room_id, **times)

    assert rows_of(tenant, orion) == [(start, end)]
    assert [event.title for event in tenant.agenda.events.values()] == ["Occupied"]


async def test_a_room_where_nobody_came_is_released(
    tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, 55), at(11))
    await set_up(orion, release=True)
    assert await refused(perform, "release_room", room_id=orion.room_id) == "refusal_too_early"
    await clock.to(at(10, 6))
    long = {"exempt_from": {"hours": 1}}
    assert await refused(perform, "release_room", room_id=orion.room_id, **long) == "refusal_too_valuable"
    assert len(rows_of(tenant, orion)) == 1

    released = await perform("release_room", room_id=orion.room_id)

    assert (released["own"], released["confirmed"]) == (False, True)
    assert rows_of(tenant, orion) == []


async def test_meetings_of_others_stay_unless_ending_them_is_switched_on(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion, book=True)

    for action in ("end_booking", "release_room"):
        assert await refused(perform, action, room_id=orion.room_id) == "refusal_not_ours"
    assert len(rows_of(tenant, orion)) == 1


@pytest.mark.parametrize("zero", ["all", "105003"])  # what Feishu makes of original_time 0 for a series
async def test_of_a_weekly_series_only_the_running_date_is_ended(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, zero: Literal["all", "105003"]
) -> None:
    tenant.variants.reply_zero_on_series = zero
    for week in range(-2, 3):
        tenant.book(orion.room_id, at(9, day=7 * week), at(11, day=7 * week), series="weekly")
    await set_up(orion, **BOTH)

    ended = await perform("end_booking", room_id=orion.room_id)

    assert (datetime.fromisoformat(ended["start"]), ended["confirmed"]) == (at(9), True)
    assert [start for start, _ in rows_of(tenant, orion)] == [at(9, day=7 * week) for week in (-2, -1, 1, 2)]


async def test_a_title_is_neither_logged_nor_stored(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    perform: Perform,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    orion: Room,
) -> None:
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")
    entry = await set_up(orion, **BOTH)
    for action in ("book_room", "extend_booking"):
        await perform(action, room_id=orion.room_id, title="Salary of Chen Wei")
    tenant.inject(Fault.status(503), "/attendees", times=None)
    assert await refused(perform, "extend_booking", room_id=orion.room_id, title="Salary of Chen Wei") == "server_error"
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    assert "Salary of Chen Wei" in {event.title for event in tenant.agenda.events.values()}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components")]
    assert ours
    assert "Chen Wei" not in "".join(ours)
    assert "Chen Wei" not in json.dumps(hass_storage, default=str)


# Any room


async def test_any_books_the_best_room_that_fits(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    level = tenant.levels[orion.level_id]
    small = tenant.add_room("Small", level=level, capacity=4, equipment=("TV",))
    taken = tenant.add_room("Taken", level=level, capacity=6, equipment=("TV",))
    tenant.book(taken.room_id, at(10, 15), at(11))
    await set_up(orion, vega, small, taken, book=True)

    booked = await perform("book_room", any=True, min_capacity=5, floor="3F", equipment="TV")

    assert booked["name"] == "Orion"
    assert rows_of(tenant, orion) == [(at(10), at(10, 30))]
    assert await refused(perform, "book_room", any=True, min_capacity=5, floor="3F") == "no_room_free"


async def test_any_books_the_next_room_if_the_best_one_refuses(tenant: Tenant, set_up: SetUp, perform: Perform) -> None:
    first, second = tenant.add_room("A", capacity=4), tenant.add_room("B", capacity=6)
    tenant.agenda.rules[first.room_id] = BookingRules(max_duration=timedelta(minutes=5))
    await set_up(first, second, book=True)

    assert (await perform("book_room", any=True))["name"] == "B"
    assert (rows_of(tenant, first), len(live_events(tenant))) == ([], 1)


# What is refused


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "one_room"),
        ({"room_id": ["{orion}", "{vega}"]}, "one_room"),
        ({"room_id": "omm_unknown"}, "not_a_room"),
        ({"device_id": "nonsense"}, "not_a_room"),
        ({"entity_id": "sun.sun"}, "not_a_room"),
        ({"entity_id": "binary_sensor.orion", "config_entry_id": "another"}, "several_accounts"),
        ({"room_id": "{orion}", "any": True}, "room_or_any"),
        ({"room_id": "{orion}", "end": "2026-11-23T09:00:00Z"}, "duration"),
        ({"room_id": "{orion}", "duration": {"hours": 3}}, "refusal_too_long_hours"),
        ({"room_id": "{orion}", "start": "2026-11-23T08:00:00Z", "end": "2026-11-23T09:00:00Z"}, "refusal_past"),
        ({"room_id": "{vega}"}, "refusal_taken_from_else"),
        ({"any": True, "min_capacity": 500}, "no_room_free"),
    ],
)
async def test_a_refused_booking_has_its_reason_and_changes_nothing(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room, data: dict[str, Any], key: str
) -> None:
    tenant.book(vega.room_id, at(10, 10), at(11))
    await set_up(orion, vega, book=True, longest_booking_minutes=120)
    ids = {"{orion}": orion.room_id, "{vega}": vega.room_id}
    if "room_id" in data:
        named = data["room_id"]
        data = {**data, "room_id": [ids.get(each, each) for each in ([named] if isinstance(named, str) else named)]}

    assert await refused(perform, "book_room", **data) == key
    assert writes_of(tenant) == []


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("book_room", {"end": "2026-11-24 10:00", "duration": {"hours": 1}}),
        ("book_room", {"title": "x" * 1001}),
        ("extend_booking", {"duration": {"hours": -1}}),
        ("end_booking", {"title": "x"}),
        ("release_room", {"after": "soon"}),
    ],
)
async def test_invalid_input_is_refused(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, action: str, data: dict[str, Any]
) -> None:
    await set_up(orion, **BOTH)

    with pytest.raises(vol.Invalid):
        await perform(action, room_id=orion.room_id, **data)
    assert writes_of(tenant) == []


async def test_nothing_runs_and_no_length_are_refused(set_up: SetUp, perform: Perform, orion: Room) -> None:
    await set_up(orion, **BOTH)

    for action in ("extend_booking", "end_booking", "release_room"):
        assert await refused(perform, action, room_id=orion.room_id) == "refusal_nothing_runs"
    assert await refused(perform, "extend_booking", room_id=orion.room_id, duration=0) == "duration"


async def test_a_meeting_that_has_begun_since_the_question_is_not_ended(
    tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    tenant.book(orion.room_id, at(10, 30), at(11))
    await set_up(orion, **BOTH)
    await clock.to(at(10, 30, 20))

    waited = {"milliseconds": 45_000}  # as the card passes it
    assert await refused(perform, "end_booking", room_id=orion.room_id, after=waited) == "refusal_another_runs"
    assert len(rows_of(tenant, orion)) == 2

    await perform("end_booking", room_id=orion.room_id, after={"seconds": 15})
    assert rows_of(tenant, orion) == [(at(9), at(10, 30))]


async def test_an_error_of_feishu_is_said_and_nothing_stays_booked(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.revoke("calendar:calendar.event:create")
    await set_up(orion, book=True)

    assert await refused(perform, "book_room", room_id=orion.room_id) == "scope_missing"
    assert (rows_of(tenant, orion), live_events(tenant)) == ([], set())


async def test_an_entry_without_a_booker_refuses_every_action(set_up: SetUp, perform: Perform, orion: Room) -> None:
    entry = await set_up(orion, **BOTH)
    entry.runtime_data.booker = None

    for action in ACTIONS:
        assert await refused(perform, action, room_id=orion.room_id) == "booking_off"


def main_of(hass: HomeAssistant, entry: MockConfigEntry, room: Room) -> str:
    """Return the id of the main entity of a room in one of several entries."""
    unique_id = f"{entry.unique_id}_{room.room_id}_busy"
    entity_id = er.async_get(hass).async_get_entity_id("binary_sensor", DOMAIN, unique_id)
    assert entity_id
    return entity_id


@asynccontextmanager
async def other_app(
    hass: HomeAssistant, clock: Clock, first: MockConfigEntry, room: Room, **options: Any
) -> AsyncIterator[tuple[MockConfigEntry, Tenant]]:
    """Set up another app that shows the same room."""
    tenant = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    tenant.grant(*BOOKING_SCOPES)
    tenant.add_room(room.name, room_id=room.room_id)
    async with Simulator(tenant) as elsewhere:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Other",
            unique_id=tenant.app_id,
            data={"base_url": elsewhere.base_url, "app_id": tenant.app_id, "app_secret": tenant.app_secret},
            options={**first.options, **options},
        )
        entry.add_to_hass(hass)
        assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        yield entry, tenant
        await clock.run(hass.config_entries.async_unload(entry.entry_id))


async def test_a_booking_is_extended_and_ended_by_the_app_that_made_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    """A call that names the room by its id does not say which of two apps is meant."""
    async with other_app(hass, clock, await set_up(orion, book=True), orion) as (entry, other):
        await perform("book_room", room_id=orion.room_id, config_entry_id=entry.entry_id)
        tenant.book(orion.room_id, at(10), at(10, 30))  # for the first app, it is a booking of somebody else

        await perform("extend_booking", room_id=orion.room_id)
        assert rows_of(other, orion) == [(at(10), at(10, 30)), (at(10, 30), at(10, 45))]
        assert (await perform("end_booking", room_id=orion.room_id))["own"]
        assert rows_of(other, orion) == []


async def test_the_other_app_that_shows_the_room_reads_it_at_once(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    first = await set_up(orion, book=True)
    async with other_app(hass, clock, first, orion) as (entry, other):
        main = main_of(hass, entry, orion)
        other.book(orion.room_id, at(10), at(10, 30))  # both apps see the same calendar of the room

        await perform("book_room", entity_id=busy_id(hass, orion))
        await clock.forward(seconds=3)
        assert (state := hass.states.get(main))
        assert state.state == "on"


async def test_a_meeting_of_others_is_ended_by_the_app_that_may(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    first = await set_up(orion, book=True)
    async with other_app(hass, clock, first, orion, book=False, release=True) as (_, other):
        for each in (tenant, other):
            each.book(orion.room_id, at(9), at(11))

        assert (await perform("end_booking", room_id=orion.room_id))["confirmed"]
        assert rows_of(other, orion) == []


# Who may


def context_of(hass: HomeAssistant, entities: dict[str, Any]) -> Context:
    """Return the context of a user with these rights."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": entities}})
    return Context(user_id=user.id)


async def test_any_books_with_an_app_whose_entity_the_user_may_control(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    first = await set_up(orion, book=True)
    async with other_app(hass, clock, first, orion) as (entry, other):
        controller = context_of(hass, {main_of(hass, entry, orion): True, busy_id(hass, orion): {"read": True}})

        await perform("book_room", any=True, context=controller)
        assert rows_of(tenant, orion) == []
        assert rows_of(other, orion) == [(at(10), at(10, 30))]


@pytest.mark.parametrize("action", sorted(ACTIONS))
async def test_users_may_act_on_rooms_whose_entities_they_may_control(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room, action: str
) -> None:
    for room in (orion, vega):
        tenant.book(room.room_id, at(9), at(10, 30))
    await set_up(orion, vega, **BOTH)
    controller = context_of(hass, {busy_id(hass, orion): True, busy_id(hass, vega): {"read": True}})
    times = {"start": "2026-11-23T14:00:00Z"} if action == "book_room" else {}
    data: dict[str, Any] = {"context": controller, **times}

    with pytest.raises(Unauthorized):
        await perform(action, room_id=vega.room_id, **data)
    calendar = er.async_get(hass).async_get_entity_id("calendar", DOMAIN, f"{tenant.app_id}_{orion.room_id}_calendar")
    with pytest.raises(Unauthorized):
        await perform(action, room_id=orion.room_id, entity_id=calendar, **data)
    assert writes_of(tenant) == []
    assert (await perform(action, room_id=orion.room_id, **data))["name"] == "Orion"


async def test_any_books_only_rooms_that_the_user_may_control(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, book=True)
    controller = context_of(hass, {busy_id(hass, vega): True, busy_id(hass, orion): {"read": True}})

    booked = await perform("book_room", any=True, context=controller)

    assert booked["name"] == "Vega"
    with pytest.raises(ServiceValidationError) as raised:
        await perform("book_room", any=True, context=controller)
    assert raised.value.translation_key == "no_room_free"
    assert rows_of(tenant, orion) == []


async def test_a_user_books_a_room_at_most_once_a_minute(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    await set_up(orion, book=True)
    context = Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id)

    async def book(hour: int) -> None:
        await perform("book_room", room_id=orion.room_id, start=at(hour).isoformat(), context=context)

    await book(12)
    with pytest.raises(ServiceValidationError) as raised:
        await book(14)
    assert raised.value.translation_key == "refusal_too_soon"
    await clock.forward(minutes=1)
    await book(14)
    assert len(rows_of(tenant, orion)) == 2


# In the name of a person


@pytest.fixture
async def person_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> MockConfigEntry:
    """Return an entry with a linked person, whose name one user may use."""
    entry = await set_up(orion, book=True, person_users=["chosen"])
    await link_person(hass, clock, tenant, entry, tenant.add_user("Li Na"))
    return entry


def member(hass: HomeAssistant, name: str) -> Context:
    """Return the context of a user who may control everything, but is no administrator."""
    user = MockUser(id=name, name=name).add_to_hass(hass)
    user.mock_policy({"entities": True})
    return Context(user_id=user.id)


@pytest.mark.parametrize("who", ["administrator", "chosen", "other", "automation"])
async def test_only_chosen_users_administrators_and_automations_act_as_the_person(
    hass: HomeAssistant, tenant: Tenant, perform: Perform, person_entry: MockConfigEntry, orion: Room, who: str
) -> None:
    context = Context() if who == "automation" else member(hass, who)
    if who == "administrator":
        context = Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id)
    by_person = {"room_id": orion.room_id, "identity": "person", "context": context}

    if who == "other":
        assert await refused(perform, "book_room", **by_person) == "person_not_allowed"
        assert await refused(perform, "extend_booking", **by_person) == "person_not_allowed"
        assert writes_of(tenant) == []
        await perform("book_room", room_id=orion.room_id, identity="person")  # an automation
    else:
        booked = await perform("book_room", **by_person)
        assert (booked["status"], booked["identity"]) == ("booked", "person")
        assert booked["app_link"].startswith("https://applink.")

    extended = await perform("extend_booking", room_id=orion.room_id, context=context)
    assert extended["identity"] == ("app" if who == "other" else "person")
    assert (await perform("end_booking", room_id=orion.room_id, context=context))["confirmed"]
    assert live_events(tenant) == set()


async def test_the_button_extends_in_the_name_of_the_person_only_for_those_who_may(
    hass: HomeAssistant, clock: Clock, perform: Perform, tenant: Tenant, person_entry: MockConfigEntry, orion: Room
) -> None:
    await perform("book_room", room_id=orion.room_id, identity="person")
    button = next(each for each in hass.states.async_entity_ids("button") if "extend" in each)

    for context in (member(hass, "other"), member(hass, "chosen")):
        press = hass.services.async_call("button", "press", {"entity_id": button}, blocking=True, context=context)
        await clock.run(press)

    owners = [bool(event.owner) for event in tenant.agenda.events.values()]
    assert owners == [True, False, False]  # the second one extends the extension of the app


async def test_a_request_answers_that_it_waits(
    hass: HomeAssistant, tenant: Tenant, perform: Perform, person_entry: MockConfigEntry, orion: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(approval=True)
    acts = async_capture_events(hass, EVENT_ACTION)
    room = {"room_id": orion.room_id, "duration": "01:00:00"}

    assert await refused(perform, "book_room", **room) == "refusal_approval"
    assert await refused(perform, "book_room", identity="person", **room) == "refusal_reason_needed"
    assert await refused(perform, "book_room", approval_reason="Interview", **room) == "reason_of_app"
    booked = await perform("book_room", identity="person", approval_reason=" Interview\n", **room)

    assert (booked["status"], booked["identity"]) == ("waiting_for_approval", "person")
    assert [(act.data["action"], act.data["confirmed"]) for act in acts] == [("requested", False)]
    assert [event.guests[orion.room_id].reason for event in tenant.agenda.events.values() if not event.deleted] == [
        "Interview"
    ]


async def test_any_room_for_the_person_is_one_that_they_may_book(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(people=frozenset())
    entry = await set_up(orion, vega, book=True)
    assert await refused(perform, "book_room", any=True, identity="person") == "person_not_linked"
    await link_person(hass, clock, tenant, entry, tenant.add_user("Li Na"))

    assert await refused(perform, "book_room", any=True, identity="person", approval_reason="x") == "reason_or_any"
    assert await refused(perform, "book_room", room_id=orion.room_id, identity="person") == "refusal_not_for_person"
    booked = await perform("book_room", any=True, identity="person")
    assert (booked["name"], booked["identity"]) == ("Vega", "person")
    assert await refused(perform, "book_room", any=True, identity="person") == "no_room_free"

    tenant.inject(Fault.status(503), "rooms/search", times=None)  # then Feishu decides
    await clock.forward(hours=2)
    assert (await perform("book_room", any=True, identity="person"))["name"] == "Vega"


async def test_without_a_linked_person_only_the_app_books(
    tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    await set_up(orion, book=True)

    assert await refused(perform, "book_room", room_id=orion.room_id, identity="person") == "person_not_linked"
    for wrong in ({"identity": "robot"}, {"approval_reason": "x" * 201}):
        with pytest.raises(vol.Invalid):
            await perform("book_room", room_id=orion.room_id, **wrong)
    assert writes_of(tenant) == []


async def test_a_dead_link_is_said_and_is_no_missing_permission_of_the_app(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    perform: Perform,
    person_entry: MockConfigEntry,
    orion: Room,
) -> None:
    as_person = {"room_id": orion.room_id, "identity": "person"}
    tenant.inject(Fault.error(400, 99991679), "/events", when=lambda call: call.method == "POST")
    assert await refused(perform, "book_room", **as_person) == "person_scope_missing"
    assert person_entry.runtime_data.denied_scopes == ()

    await clock.forward(minutes=1)
    tenant.consents.revoke_person(person_entry.data["person"]["open_id"], "revoked by user")
    assert await refused(perform, "book_room", **as_person) == "grant_refused"
    assert (await perform("book_room", room_id=orion.room_id))["identity"] == "app"
