"""Booking by the calendar of a room: which events can be added and deleted, who may do it, and what a refusal says."""

from datetime import date, datetime, timedelta
from typing import Any

from homeassistant.components.calendar.const import CalendarEntityFeature
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.feishu_freebusy.const import CONF_PEOPLE, DOMAIN, EVENT_ACTION
from custom_components.feishu_freebusy.services_booking import SERVICE_BOOK_ROOM
from simulator import BookingRules, Fault, Room, Tenant
from tests.actions import BOTH, texts_of
from tests.clock import FREE_BUSY, Clock, SetUp, state_of
from tests.conftest import at
from tests.person import link_person
from tests.test_booking import live_events, rows_of, writes_of
from tests.test_calendar import calendar_of, id_of, shown

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("may_book")


@pytest.fixture(autouse=True)
async def home(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")
    assert await async_setup_component(hass, "calendar", {})


class Panel:
    """What Home Assistant's calendar panel sends."""

    def __init__(self, hass: HomeAssistant, clock: Clock, client: Any) -> None:
        self.hass, self.clock, self.client = hass, clock, client

    async def send(self, kind: str, **data: Any) -> dict[str, Any]:
        """Send a command and return the answer."""
        await self.client.send_json_auto_id({"type": f"calendar/event/{kind}", **data})
        answer: dict[str, Any] = await self.clock.run(self.client.receive_json())
        return answer

    async def create(self, room: Room, start: datetime, end: datetime, summary: str = "Visit", **more: Any) -> Any:
        """Add an event to the calendar of a room."""
        event = {"dtstart": start.isoformat(), "dtend": end.isoformat(), "summary": summary, **more}
        return await self.send("create", entity_id=id_of(self.hass, room), event=event)

    async def delete(self, room: Room, uid: str) -> Any:
        """Delete an event."""
        return await self.send("delete", entity_id=id_of(self.hass, room), uid=uid)


@pytest.fixture
async def panel(hass: HomeAssistant, clock: Clock, hass_ws_client: WebSocketGenerator) -> Panel:
    """Return the calendar panel of an administrator."""
    return Panel(hass, clock, await hass_ws_client(hass))


async def uids(hass: HomeAssistant, clock: Clock, room: Room, day: int = 0) -> list[str | None]:
    """Return the uids of the events of a day."""
    events = await clock.run(calendar_of(hass, room).async_get_events(hass, at(0, day=day), at(0, day=day + 1)))
    return [event.uid for event in events]


# Which calendars can be changed


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, CalendarEntityFeature(0)),
        ({"release": True}, CalendarEntityFeature(0)),
        ({"book": True}, CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT),
    ],
    ids=["off", "release", "book"],
)
async def test_events_can_be_added_and_deleted_only_while_booking_is_on(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    switches: dict[str, bool],
    expected: CalendarEntityFeature,
) -> None:
    tenant.book(orion.room_id, at(12), at(13))
    ada = tenant.add_user("Ada")
    await set_up(orion, **{CONF_PEOPLE: {ada.open_id: "Ada"}}, **switches)

    assert shown(hass, orion).attributes.get("supported_features", 0) == expected
    features = [state.attributes.get("supported_features", 0) for state in hass.states.async_all("calendar")]
    assert sorted(features) == sorted([0, expected])
    (uid,) = await uids(hass, clock, orion)  # of a booking made in Feishu
    assert (uid is None) is (not expected)


async def test_without_the_switch_nothing_is_added(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion, release=True)
    times = {"start_date_time": at(14).isoformat(), "end_date_time": at(15).isoformat()}

    assert (await panel.create(orion, at(14), at(15)))["error"]["code"] == "not_supported"
    with pytest.raises(ServiceNotSupported):
        await clock.run(
            hass.services.async_call(
                "calendar", "create_event", {"entity_id": id_of(hass, orion), "summary": "x", **times}, blocking=True
            )
        )
    with pytest.raises(HomeAssistantError) as raised:
        await clock.run(calendar_of(hass, orion).async_create_event(dtstart=at(14), dtend=at(15), summary="x"))
    assert raised.value.translation_key == "booking_off"
    assert writes_of(tenant) == []


# Adding


async def test_an_event_added_in_the_panel_books_the_room_and_can_be_deleted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion, book=True, scan_interval=3_600)
    acts = async_capture_events(hass, EVENT_ACTION)

    created = await panel.create(orion, at(9, 59), at(10, 30), " Visit ", location="Tower A", description="")
    assert created["success"], created
    (event,) = tenant.agenda.events.values()
    assert (event.title, event.zone) == ("Visit", "UTC")
    ((start, end),) = rows_of(tenant, orion)
    assert (at(10) <= start < at(10, 0, 5), end) == (True, at(10, 30))  # what has passed is not booked
    assert (state_of(hass, orion), await uids(hass, clock, orion)) == ("on", [event.event_id])

    assert (await panel.delete(orion, event.event_id))["success"]
    assert (rows_of(tenant, orion), live_events(tenant), state_of(hass, orion)) == ([], set(), "off")
    assert [act.data["action"] for act in acts] == ["booked", "canceled"]
    assert all(act.context.user_id == acts[0].context.user_id is not None for act in acts)


async def test_the_action_books_for_the_user_who_calls_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, book=True, booking_title="Occupied")
    user, acts = MockUser(is_owner=True).add_to_hass(hass), async_capture_events(hass, EVENT_ACTION)

    async def book(start: datetime, length: timedelta = timedelta(hours=1)) -> None:
        data = {
            "entity_id": id_of(hass, orion),
            "summary": "",
            "start_date_time": start.isoformat(),
            "end_date_time": (start + length).isoformat(),
        }
        context = Context(user_id=user.id)
        await clock.run(hass.services.async_call("calendar", "create_event", data, blocking=True, context=context))

    await book(at(14))
    assert [event.title for event in tenant.agenda.events.values()] == ["Occupied"]
    assert acts[0].context.user_id == user.id
    with pytest.raises(HomeAssistantError) as raised:
        await book(at(16))
    assert raised.value.translation_key == "refusal_too_soon"
    assert rows_of(tenant, orion) == [(at(14), at(15))]


async def test_a_user_needs_the_right_to_control_the_calendar(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    hass_ws_client: WebSocketGenerator,
    hass_admin_user: MockUser,
    orion: Room,
) -> None:
    tenant.book(orion.room_id, at(16), at(17))
    await set_up(orion, book=True)
    panel = Panel(hass, clock, await hass_ws_client(hass))
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"entity_ids": {id_of(hass, orion): {"read": True}}}})

    assert (await panel.create(orion, at(14), at(15)))["error"]["code"] == "unauthorized"
    assert (await panel.delete(orion, "x"))["error"]["code"] == "unauthorized"
    data = {
        "entity_id": id_of(hass, orion),
        "summary": "x",
        "start_date_time": at(14).isoformat(),
        "end_date_time": at(15).isoformat(),
    }
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "calendar", "create_event", data, blocking=True, context=Context(user_id=hass_admin_user.id)
        )
    assert writes_of(tenant) == []


async def test_an_event_beyond_the_polled_days_is_shown_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion, book=True)
    assert await uids(hass, clock, orion, day=20) == []

    assert (await panel.create(orion, at(14, day=20), at(15, day=20)))["success"]

    (event,) = tenant.agenda.events.values()
    assert await uids(hass, clock, orion, day=20) == [event.event_id]
    assert (await panel.delete(orion, event.event_id))["success"]
    assert await uids(hass, clock, orion, day=20) == []


async def test_an_open_panel_shows_own_bookings_as_such(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion, book=True, scan_interval=3_600)
    told: list[Any] = []
    calendar_of(hass, orion).async_subscribe_events(at(0), at(0, day=1), told.append)

    assert (await panel.create(orion, at(14), at(15)))["success"]
    await clock.forward(seconds=3)  # Home Assistant collects changes for a moment

    (event,) = told[-1]
    assert event["uid"].endswith("_0")
    assert [event["uid"]] == await uids(hass, clock, orion)


# What is refused


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ({"dtstart": "2026-11-24", "dtend": "2026-11-25"}, "calendar_all_day"),
        ({"rrule": "FREQ=DAILY;COUNT=2"}, "calendar_recurrence"),
        ({"description": "With Chen Wei"}, "calendar_description"),
        ({"summary": "x" * 1001}, "title_too_long"),
        ({"dtstart": "2026-11-23T08:00:00Z", "dtend": "2026-11-23T09:00:00Z"}, "refusal_past"),
        ({"dtend": "2026-11-23T20:00:00Z"}, "refusal_too_long_hours"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_refused_event_has_its_reason_in_the_language_of_home_assistant(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    panel: Panel,
    orion: Room,
    event: dict[str, str],
    key: str,
    language: str,
) -> None:
    hass.config.language = language
    await set_up(orion, book=True)
    data = {"dtstart": "2026-11-23T14:00:00Z", "dtend": "2026-11-23T15:00:00Z", "summary": "x", **event}

    answer = await panel.send("create", entity_id=id_of(hass, orion), event=data)

    kind = datetime if "T" in data["dtstart"] else date
    times = {name: kind.fromisoformat(data[name]) for name in ("dtstart", "dtend")}
    with pytest.raises(HomeAssistantError) as raised:
        await clock.run(calendar_of(hass, orion).async_create_event(**{**data, **times}))
    assert raised.value.translation_key == key
    assert answer["error"] == {"code": "failed", "message": texts_of(raised.value)[language]}
    assert writes_of(tenant) == []


@pytest.mark.parametrize("switches", [{"book": True}, BOTH], ids=["book", "both"])
async def test_bookings_of_others_are_not_deleted(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    panel: Panel,
    orion: Room,
    switches: dict[str, bool],
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(14), at(15))
    await set_up(orion, **switches)
    found = await uids(hass, clock, orion)
    assert len(set(found)) == 2

    for uid in found:
        assert uid
        answer = await panel.delete(orion, uid)
        assert answer["error"]["message"].startswith("Only bookings made by Home Assistant can be deleted here.")
    assert len(rows_of(tenant, orion)) == 2
    assert writes_of(tenant) == []


async def test_an_error_of_feishu_is_said_in_the_panel(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    tenant.revoke("calendar:calendar.event:create")
    await set_up(orion, book=True)

    answer = await panel.create(orion, at(14), at(15))

    assert answer["error"]["code"] == "failed"
    assert answer["error"]["message"].startswith("The app lacks a permission.")
    assert live_events(tenant) == set()


async def test_an_unexpected_error_keeps_its_text(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_up(orion, book=True)
    calendar = calendar_of(hass, orion)

    async def fail(*args: Any) -> None:
        args[2].close()
        raise HomeAssistantError("out of order")

    monkeypatch.setattr("custom_components.feishu_freebusy.calendar.async_act", fail)
    with pytest.raises(HomeAssistantError, match="out of order"):
        await clock.run(calendar.async_create_event(dtstart=at(14), dtend=at(15), summary="x"))


async def test_a_calendar_that_is_unavailable_can_still_be_deleted_from(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, panel: Panel, orion: Room
) -> None:
    await set_up(orion, book=True)
    assert (await panel.create(orion, at(14), at(15)))["success"]
    (event,) = tenant.agenda.events.values()
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.forward(hours=3)

    assert shown(hass, orion).state == "unavailable"
    await clock.run(calendar_of(hass, orion).async_delete_event(event.event_id))
    assert rows_of(tenant, orion) == []


@pytest.mark.parametrize("pending_is_busy", [False, True])
async def test_a_request_is_shown_until_it_is_decided_and_can_be_withdrawn(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    panel: Panel,
    orion: Room,
    *,
    pending_is_busy: bool,
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(approval=True)
    entry = await set_up(orion, book=True, count_pending_as_busy=pending_is_busy)
    await link_person(hass, clock, tenant, entry, tenant.add_user("Li Na"))

    async def request() -> str:
        times = {"start": at(14).isoformat(), "end": at(15).isoformat()}
        data = {"room_id": orion.room_id, "identity": "person", "approval_reason": "Interview", **times}
        work = hass.services.async_call(DOMAIN, SERVICE_BOOK_ROOM, data, blocking=True, return_response=True)
        answer: Any = await clock.run(work)
        return str(answer["event_id"])

    async def day() -> list[tuple[str, str | None]]:
        events = await clock.run(calendar_of(hass, orion).async_get_events(hass, at(0), at(0, day=1)))
        return [(event.summary, event.uid) for event in events]

    event_id = await request()
    summary = "Orion" if pending_is_busy else "Requested: Orion"
    assert await day() == [(summary, event_id)]
    assert state_of(hass, orion) == "off"
    assert (await panel.delete(orion, event_id))["success"]
    assert (await day(), live_events(tenant)) == ([], set())

    await clock.forward(minutes=1)
    event_id = await request()
    tenant.agenda.decide(orion.room_id, approve=True)
    await clock.forward(minutes=3)
    assert await day() == [("Orion", event_id)]
