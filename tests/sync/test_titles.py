"""Titles and organizers: what is read, what is shown, and that busy and free never depend on it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.feishu_freebusy.const import CONF_TITLES, DOMAIN
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.model.titles import Label
from simulator import Booking, Fault, LoggedRequest, Room, Tenant, User
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES
from simulator.variants import CHOICES
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, Writes, busy_id, levels, rooms_of, set_disabled, shown, state_of
from tests.conftest import at
from tests.faults import TROUBLES, Strike, Trouble
from tests.test_calendar import calendar_of, id_of

pytest_plugins = ["tests.clock"]
pytestmark = [pytest.mark.usefixtures("in_utc", "log_of_info")]

TITLES = "meeting_room/summary/batch_get"
ORGANIZER, ALL = {CONF_TITLES: "organizer"}, {CONF_TITLES: "title_and_organizer"}
STRIKES = [trouble for trouble in TROUBLES if isinstance(trouble.begin, Strike)]
# The behavior of the calls that titles need
VARIANTS = ("private_titles", "most_titles", "too_many_titles", "untold_titles", "organizer_names", "pending_rows")
ROWS = ("room_batch", "too_many_rooms", "idle_room", "unknown_batch_room", "error_room_ids", "free_busy", "window_echo")


@pytest.fixture(autouse=True)
async def components(hass: HomeAssistant) -> None:
    for component in ("homeassistant", "calendar"):
        assert await async_setup_component(hass, component, {})


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    tenant.grant(*TITLE_SCOPES)
    return tenant


@pytest.fixture
def chen(tenant: Tenant) -> User:
    return tenant.add_user("Chen Wei")


@pytest.fixture
def booked(tenant: Tenant, orion: Room, chen: User) -> Room:
    """Return a room with a running meeting, and later ones of each kind. It is 10:00."""
    tenant.book(orion.room_id, at(9), at(11), title="Retro", organizer=chen.open_id)
    tenant.book(orion.room_id, at(11), at(12), title="Stand-up")  # of an app: without a name
    tenant.book(orion.room_id, at(13), at(14), title="Salary", organizer=chen.open_id, private=True)
    tenant.book(orion.room_id, at(15), at(16), title="Review", organizer=chen.open_id, rsvp="needs_action")
    tenant.book(orion.room_id, at(17), at(18), organizer=chen.open_id)
    tenant.book(orion.room_id, at(11, day=1), at(12, day=1), title="Tomorrow", organizer=chen.open_id)
    return orion


def uids_of(call: LoggedRequest) -> list[str]:
    """Return the events of a request for titles."""
    body: Any = call.body
    return [row["uid"] for row in body["EventUids"]]


def titles(hass: HomeAssistant, room: Room) -> Any:
    """Return the start, title and organizer of each booking in the attribute; None if there is no attribute."""
    rows = shown(hass, room).attributes.get("titles")
    return rows if rows is None else [(row["start"][11:16], row["title"], row["organizer"]) for row in rows]


async def events(hass: HomeAssistant, clock: Clock, room: Room) -> list[tuple[str, str, str | None]]:
    """Return the start, summary and description of each event of today."""
    found = await clock.run(calendar_of(hass, room).async_get_events(hass, at(0), at(0, day=1)))
    return [(f"{event.start:%H:%M}", event.summary, event.description) for event in found]


async def choose(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, **options: Any) -> None:
    """Change options."""
    hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
    await clock.settle()


def titled(tenant: Tenant, title: str) -> Booking:
    """Return the booking with this title."""
    return next(booking for booking in tenant.bookings.values() if booking.title == title)


def kinds(hass: HomeAssistant) -> set[str]:
    """Return the kinds of the current repair issues."""
    issues = ir.async_get(hass).issues.values()
    return {str((issue.data or {})["kind"]) for issue in issues if issue.domain == DOMAIN and issue.active}


# What is shown


async def test_titles_and_organizers_are_shown_but_not_of_private_bookings(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)

    assert titles(hass, booked) == [
        ("09:00", "Retro", "Chen Wei"),
        ("11:00", "Stand-up", None),
        ("17:00", None, "Chen Wei"),
    ]
    assert shown(hass, booked).attributes["titles"][0]["end"] == at(11).isoformat()
    assert await events(hass, clock, booked) == [
        ("09:00", "Retro", "Chen Wei"),
        ("11:00", "Stand-up", None),
        ("13:00", "Orion", None),
        ("17:00", "Chen Wei", None),
    ]
    found = await clock.run(calendar_of(hass, booked).async_get_events(hass, at(0), at(0, day=1)))
    assert [event.location for event in found] == ["Orion", "Orion", None, "Orion"]
    calendar = hass.states.get(id_of(hass, booked))
    assert calendar
    assert calendar.attributes["message"] == "Orion"  # the recorder stores it


async def test_private_titles_are_not_requested(
    hass: HomeAssistant, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)

    (call,) = tenant.calls(TITLES)
    private = titled(tenant, "Salary")
    asked = uids_of(call)
    assert private.event_uid not in asked
    assert len(asked) == 4  # with the request, which may be granted; not the one of tomorrow at 11


async def test_only_organizers(hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room) -> None:
    tenant.revoke(*TITLE_SCOPES)
    await set_up(booked, **ORGANIZER)

    assert titles(hass, booked) == [("09:00", None, "Chen Wei"), ("17:00", None, "Chen Wei")]
    assert [event[1:] for event in await events(hass, clock, booked)] == [
        ("Chen Wei", None),
        ("Orion", None),
        ("Orion", None),
        ("Chen Wei", None),
    ]
    assert tenant.calls(TITLES) == []
    assert kinds(hass) == set()


async def test_off_by_default(hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room) -> None:
    entry = await set_up(booked)
    await clock.forward(hours=1)

    assert titles(hass, booked) is None
    assert {summary for _, summary, _ in await events(hass, clock, booked)} == {"Orion"}
    assert (tenant.calls(TITLES), tenant.calls(BATCH)) == ([], [])
    assert Payer.TITLES not in entry.runtime_data.calls.by_payer


async def test_nothing_else_changes(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    def everything() -> dict[str, Any]:
        states = (state for state in hass.states.async_all() if not state.entity_id.startswith("sensor.simulated"))
        return {
            state.entity_id: (state.state, {**state.attributes, "titles": None})
            for state in states
            if "call" not in state.entity_id
        }

    entry = await set_up(booked)
    before = everything()
    await choose(hass, clock, entry, **ALL)

    assert titles(hass, booked)
    assert everything() == before


async def test_a_person_has_no_titles(
    hass: HomeAssistant, set_up: SetUp, tenant: Tenant, booked: Room, chen: User
) -> None:
    tenant.book(chen.open_id, at(9), at(11), title="Retro")
    await set_up(booked, people={chen.open_id: "Chen"}, **ALL)

    (person,) = (state for state in hass.states.async_all("binary_sensor") if state.name == "Chen")
    assert person.state == "on"
    assert "titles" not in person.attributes


async def test_a_booking_leaves_the_attribute_when_it_ends(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)

    await clock.to(at(10, 59) + timedelta(seconds=59))
    assert titles(hass, booked)[0][1] == "Retro"
    await clock.to(at(11))
    assert titles(hass, booked)[0][1] == "Stand-up"
    assert state_of(hass, booked) == "on"


async def test_two_bookings_at_the_same_time_have_no_title(
    hass: HomeAssistant, set_up: SetUp, tenant: Tenant, booked: Room, chen: User
) -> None:
    tenant.book(booked.room_id, at(9), at(11), title="Request", rsvp="needs_action", organizer=chen.open_id)

    await set_up(booked, **ALL)

    assert titles(hass, booked)[0] == ("11:00", "Stand-up", None)


async def test_the_running_booking(hass: HomeAssistant, clock: Clock, set_up: SetUp, booked: Room) -> None:
    entry = await set_up(booked, **ALL)
    reader = entry.runtime_data.titles

    assert reader.running(booked.room_id) == Label("Retro", "Chen Wei")
    await clock.to(at(12, 30))
    assert reader.running(booked.room_id) == Label()
    assert reader.running("omm_other") == Label()


@pytest.mark.parametrize("is_shown", [True, False])
async def test_an_own_booking_follows_the_same_rule(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, vega: Room, is_shown: bool
) -> None:
    tenant.grant(*BOOKING_SCOPES)
    await set_up(vega, book=True, **(ALL if is_shown else {}))
    data = {"entity_id": busy_id(hass, vega), "duration": {"minutes": 30}, "title": "Visit"}
    await clock.run(hass.services.async_call(DOMAIN, "book_room", data, blocking=True, return_response=True))
    await clock.forward(seconds=10)

    assert state_of(hass, vega) == "on"
    assert titles(hass, vega) == ([("10:00", "Visit", None)] if is_shown else None)
    assert [summary for _, summary, _ in await events(hass, clock, vega)] == ["Visit" if is_shown else "Vega"]


# When it is read


async def test_a_new_booking_is_read_after_a_few_seconds(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)
    await clock.forward(minutes=5)
    calls = len(tenant.calls(BATCH)), len(tenant.calls(TITLES))
    tenant.book(booked.room_id, at(12), at(12, 30), title="Lunch")
    tenant.book(booked.room_id, at(12, 30), at(13), title="Coffee")

    await clock.forward(minutes=1, seconds=5)

    assert [title for _, title, _ in titles(hass, booked)][:4] == ["Retro", "Stand-up", "Lunch", "Coffee"]
    assert (len(tenant.calls(BATCH)), len(tenant.calls(TITLES))) == (calls[0] + 1, calls[1] + 1)
    assert len(uids_of(tenant.calls(TITLES)[-1])) == 2


async def test_a_moved_booking_has_its_title_at_the_new_time(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)
    moved = titled(tenant, "Stand-up")
    tenant.move(moved.booking_id, at(19), at(20))

    await clock.forward(minutes=1, seconds=5)

    assert titles(hass, booked)[-1] == ("19:00", "Stand-up", None)


async def test_a_canceled_booking_costs_no_call_and_its_title_vanishes(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)
    calls = len(tenant.calls(BATCH))
    canceled = titled(tenant, "Stand-up")
    tenant.cancel(canceled.booking_id)

    await clock.forward(minutes=1, seconds=5)

    assert [title for _, title, _ in titles(hass, booked)] == ["Retro", None]
    assert len(tenant.calls(BATCH)) == calls


async def test_a_changed_title_shows_within_15_minutes_and_a_private_booking_loses_it(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, chen: User
) -> None:
    await set_up(booked, **ALL)
    for title, private in (("Retro", True), ("Stand-up", False)):
        tenant.calendars.put(replace(titled(tenant, title), private=private, title=f"New {title}"))

    await clock.forward(minutes=16)

    assert [title for _, title, _ in titles(hass, booked)] == ["New Stand-up", None]


async def test_an_hour_takes_a_read_every_15_minutes_and_rooms_without_bookings_none(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    await set_up(booked, vega, **ALL)
    await clock.forward(minutes=59)

    assert len(tenant.calls(BATCH)) == len(tenant.calls(TITLES)) == 4
    assert {room_id for call in tenant.calls(BATCH) for room_id in rooms_of(call)} == {booked.room_id}


async def test_a_room_whose_state_is_not_known_is_not_read(
    hass: HomeAssistant, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=lambda call: vega.room_id in str(call.body))

    await set_up(booked, vega, **ALL)

    assert state_of(hass, vega) == "unavailable"
    assert {room_id for call in tenant.calls(BATCH) for room_id in rooms_of(call)} == {booked.room_id}


async def test_many_rooms_are_read_in_batches(hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(25)]
    for room in rooms:
        for hour in range(11, 16):
            tenant.book(room.room_id, at(hour), at(hour, 50), title=f"{room.name} {hour}")
    entry = await set_up(*rooms, **ALL)

    assert titles(hass, rooms[24])[4][1] == "Room 24 15"
    assert [len(rooms_of(call)) for call in tenant.calls(BATCH)] == [20, 5]
    assert [len(uids_of(call)) for call in tenant.calls(TITLES)] == [50, 50, 25]
    assert entry.runtime_data.calls.by_payer[Payer.TITLES] == 5

    tenant.requests.clear()
    for room in rooms[:2]:
        tenant.book(room.room_id, at(17), at(18), title="Late")
    await clock.forward(minutes=1, seconds=5)
    assert [len(rooms_of(call)) for call in tenant.calls(BATCH)] == [20]  # filled up with other rooms


async def test_a_room_whose_entities_are_disabled_is_not_read(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(9), at(11), title="Retro")
    await set_up(booked, vega, **ALL)
    set_disabled(hass, vega, disabled=True)
    await clock.settle()
    tenant.requests.clear()

    await clock.forward(minutes=16)

    assert {room_id for call in tenant.calls(BATCH) for room_id in rooms_of(call)} == {booked.room_id}


async def test_a_day_on_a_free_plan_costs_no_more_than_the_share(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    for minute in range(0, 24 * 60, 10):
        start = at(12) + timedelta(minutes=minute)
        tenant.book(vega.room_id, start, start + timedelta(minutes=10), title=f"{minute}")
    entry = await set_up(booked, vega, plan="free", monthly_budget=1_000, off_hours={"enabled": False}, **ALL)
    assert titles(hass, vega)
    await clock.forward(hours=23)

    calls = entry.runtime_data.calls.by_payer[Payer.TITLES]
    assert 4 <= calls <= 2 * 0.1 * 1_000 / 30
    assert state_of(hass, vega) == "on"


async def test_titles_that_can_not_be_read_again_count_for_four_hours(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    await set_up(booked, **ALL)
    tenant.inject(Fault.status(503), BATCH, times=None)

    await clock.to(at(13, 59))
    assert titles(hass, booked) == [("17:00", None, "Chen Wei")]
    await clock.to(at(14, 31))
    assert titles(hass, booked) == []
    tenant.clear_faults()
    await clock.forward(minutes=16)
    assert titles(hass, booked) == [("17:00", None, "Chen Wei"), ("11:00", "Tomorrow", "Chen Wei")]


# Failures


@pytest.mark.family
@pytest.mark.parametrize("path", [BATCH, TITLES])
@pytest.mark.parametrize("trouble", STRIKES, ids=lambda trouble: trouble.name)
async def test_a_failure_changes_no_state(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    tenant: Tenant,
    booked: Room,
    vega: Room,
    trouble: Trouble,
    path: str,
) -> None:
    assert isinstance(trouble.begin, Strike)
    await set_up(booked, vega, scan_interval=600, **ALL)
    tenant.inject(trouble.begin.fault, path, times=None)
    tenant.book(booked.room_id, at(19), at(20), title="Late")
    await clock.to(at(11, 30))

    assert writes.states_of(busy_id(hass, booked)) == {"on"}
    assert writes.states_of(busy_id(hass, vega)) <= {"off"}
    assert state_of(hass, vega) == "off"
    assert kinds(hass) == set()
    assert levels(caplog) == []

    tenant.clear_faults()
    await clock.forward(hours=1, minutes=1)
    assert "Late" in [title for _, title, _ in titles(hass, booked)]


@pytest.mark.family
@pytest.mark.parametrize(
    ("variant", "value"), [(name, value) for name in (*VARIANTS, *ROWS) for value in CHOICES[name]]
)
async def test_each_reading_of_the_documentation_changes_no_state(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    tenant: Tenant,
    booked: Room,
    vega: Room,
    variant: str,
    value: object,
) -> None:
    gone = tenant.add_room("Gone")
    for minute in range(60):
        tenant.book(vega.room_id, at(20, minute), at(20, minute, 30), title=f"{minute}")
    tenant.book(gone.room_id, at(12), at(13), title="Gone")
    tenant.variants.update({"most_titles": "50", variant: value})

    await set_up(booked, vega, gone, **ALL)
    await clock.forward(minutes=20)

    assert (state_of(hass, booked), state_of(hass, vega), state_of(hass, gone)) == ("on", "off", "off")
    assert "Salary" not in str(hass.states.async_all())
    found = titles(hass, booked)
    organizer = None if (variant, value) == ("organizer_names", "left_out") else "Chen Wei"
    works = (variant, value) not in {
        *(("room_batch", "30005"), ("room_batch", "404"), ("window_echo", "no_time_min")),
        *(("window_echo", "no_time_max"), ("window_echo", "neither"), ("free_busy", "null"), ("free_busy", "missing")),
    }
    assert found[:1] == ([("09:00", "Retro", organizer)] if works else [])


async def test_the_number_of_titles_in_a_call_is_halved_if_feishu_refuses_it(
    hass: HomeAssistant, set_up: SetUp, tenant: Tenant, vega: Room
) -> None:
    for minute in range(40):
        tenant.book(vega.room_id, at(20, minute), at(20, minute, 30), title=f"{minute}")
    fault = Fault.error(400, 100002)
    tenant.inject(fault, TITLES, times=None, when=lambda call: str(call.body).count("uid") > 20)

    await set_up(vega, **ALL)

    assert len(titles(hass, vega)) == 40


async def test_a_room_that_fails_the_call_for_several_is_read_alone(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(9), at(20), title="Retro")
    fault = Fault.error(400, 100005)
    tenant.inject(fault, BATCH, times=None, when=lambda call: f"'{vega.room_id}'" in str(call.pairs))

    await set_up(booked, vega, **ALL)

    assert titles(hass, booked)[0][1] == "Retro"
    assert titles(hass, vega) == []
    assert [len(rooms_of(call)) for call in tenant.calls(BATCH)] == [2, 1, 1]
    await clock.forward(minutes=16)
    assert [len(rooms_of(call)) for call in tenant.calls(BATCH)[3:]] == [1]
    tenant.clear_faults()
    await clock.forward(minutes=46)
    assert titles(hass, vega)
    tenant.requests.clear()
    await clock.forward(minutes=31)
    assert 2 in [len(rooms_of(call)) for call in tenant.calls(BATCH)]


async def test_a_missing_permission_is_an_issue_and_switching_titles_off_ends_it(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    tenant.revoke(*TITLE_SCOPES)
    entry = await set_up(booked, **ALL)

    assert kinds(hass) == {"titles_refused"}
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"titles_refused_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["scopes"] == "`calendar:room`"
    assert titles(hass, booked) == [("09:00", None, "Chen Wei"), ("17:00", None, "Chen Wei")]
    assert state_of(hass, booked) == "on"

    await choose(hass, clock, entry, **ORGANIZER)
    assert kinds(hass) == set()


async def test_a_granted_permission_ends_the_issue(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    tenant.revoke(*TITLE_SCOPES)
    await set_up(booked, **ALL)
    tenant.grant(*TITLE_SCOPES)

    await clock.forward(hours=1, minutes=1)

    assert kinds(hass) == set()
    assert titles(hass, booked)[0][1]


# On and off


async def test_off_removes_titles_at_once(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    entry = await set_up(booked, **ALL)
    await choose(hass, clock, entry, **ORGANIZER)
    assert {title for _, title, _ in titles(hass, booked)} == {None}
    await choose(hass, clock, entry, **ALL)
    assert titles(hass, booked)[0][1] == "Retro"
    now, calls = clock.now, len(tenant.requests)

    await choose(hass, clock, entry, titles="off")

    assert clock.now == now
    assert titles(hass, booked) is None
    assert {summary for _, summary, _ in await events(hass, clock, booked)} == {"Orion"}
    await clock.forward(hours=1)
    assert [call for call in tenant.requests[calls:] if call.path.endswith((BATCH, TITLES))] == []


async def test_off_during_a_read_shows_nothing(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    tenant.inject(Fault.slow(60), TITLES, times=None)
    entry = await set_up(booked, **ALL)
    assert [title for _, title, _ in titles(hass, booked)] == [None, None]  # organizers come first

    await choose(hass, clock, entry, titles="off")
    await clock.forward(minutes=2)

    assert titles(hass, booked) is None
    assert entry.runtime_data.titles.error is None


async def test_a_check_waits_for_a_running_read_and_does_nothing_if_titles_are_off(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room
) -> None:
    tenant.inject(Fault.slow(20), TITLES)
    entry = await set_up(booked, **ALL)
    await clock.run(entry.runtime_data.titles.async_check())
    assert titles(hass, booked)[0][1] == "Retro"
    assert len(tenant.calls(BATCH)) == 2

    await choose(hass, clock, entry, titles="off")
    await clock.run(entry.runtime_data.titles.async_check())
    assert len(tenant.calls(BATCH)) == 2


async def test_after_a_restart_titles_are_read_again(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, hass_storage: dict[str, Any]
) -> None:
    entry = await set_up(booked, **ALL)
    tenant.inject(Fault.status(503), BATCH, times=None)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.settle()

    assert titles(hass, booked) == []
    assert "Retro" not in str(hass_storage)
    tenant.clear_faults()
    await clock.forward(minutes=16)
    assert titles(hass, booked)[0][1] == "Retro"


async def test_a_dropped_room_is_forgotten(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, booked: Room, vega: Room
) -> None:
    tenant.book(vega.room_id, at(9), at(11), title="Retro")
    entry = await set_up(booked, vega, **ALL)
    await choose(hass, clock, entry, rooms={vega.room_id: "Vega"})
    await clock.forward(minutes=20)

    assert entry.runtime_data.titles.shown(booked.room_id) == ()
    assert list(entry.runtime_data.titles._rooms) == [vega.room_id]


# Assistants


async def test_a_calendar_that_assistants_see_has_titles_only_if_they_may_know_them(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, booked: Room, hass_client: ClientSessionGenerator
) -> None:
    entry = await set_up(booked, **ALL)
    assert (await events(hass, clock, booked))[0][1] == "Retro"

    async_expose_entity(hass, "conversation", id_of(hass, booked), True)
    assert {(summary, description) for _, summary, description in await events(hass, clock, booked)} == {
        ("Orion", None)
    }
    assert titles(hass, booked)[0][1] == "Retro"

    await choose(hass, clock, entry, titles_for_assistants=True)
    assert (await events(hass, clock, booked))[0][1] == "Retro"
