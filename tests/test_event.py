"""The event entity of a room: each change of a booking, with its times and nothing else."""

from typing import Any

from homeassistant.const import EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import mock_restore_cache_with_extra_data

from custom_components.feishu_freebusy.const import CONF_PEOPLE
from custom_components.feishu_freebusy.event import BookingChanges
from simulator import Fault, Room, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp
from tests.conftest import at
from tests.sync.test_statuses import break_room_api

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

EVENT = "event.orion_booking_changes"


class Told(list[str]):
    """The events of the room: the time, what has happened, and the times of the booking."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen from now on."""
        super().__init__()
        hass.bus.async_listen("state_changed", self._note)

    @callback
    def _note(self, event: Event[Any]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if event.data["entity_id"] != EVENT or not old or not new or "event_type" not in new.attributes:
            return
        if old.state == "unavailable" or (old.state, old.attributes) == (new.state, new.attributes):
            return
        values = new.attributes
        times = (values.get(key) for key in ("start", "end", "previous_start", "previous_end"))
        shown = " ".join(time[11:16] if time else "-" for time in times)
        self.append(f"{event.time_fired:%H:%M} {values['event_type']} {shown}")


@pytest.fixture(autouse=True)
def is_enabled(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> bool:
    """Enable the entities, unless the test says otherwise."""
    is_enabled: bool = getattr(request, "param", True)
    monkeypatch.setattr(BookingChanges, "entity_registry_enabled_default", is_enabled)
    return is_enabled


@pytest.fixture
def told(hass: HomeAssistant) -> Told:
    return Told(hass)


async def test_each_change_of_a_booking_is_an_event(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    tenant.book(orion.room_id, at(11), at(12))
    await set_up(orion)
    state = hass.states.get(EVENT)
    assert state
    assert state.state == "unknown"

    booking = tenant.book(orion.room_id, at(13), at(14))
    await clock.to(at(10, 2))
    tenant.move(booking.booking_id, at(15), at(16))
    await clock.to(at(10, 4))
    tenant.move(booking.booking_id, at(15), at(17))
    await clock.to(at(10, 6))
    tenant.move(booking.booking_id, at(15), at(16, 30))
    await clock.to(at(10, 8))
    tenant.cancel(booking.booking_id)
    await clock.to(at(10, 10))
    running = tenant.book(orion.room_id, at(10, 10), at(10, 30))
    await clock.to(at(10, 20))
    tenant.end(running.booking_id)
    await clock.to(at(13))

    assert [each[6:] for each in told] == [
        "made 13:00 14:00 - -",
        "moved 15:00 16:00 13:00 14:00",
        "extended 15:00 17:00 15:00 16:00",
        "shortened 15:00 16:30 15:00 17:00",
        "canceled - - 15:00 16:30",
        "made 10:10 10:30 - -",
        "ended_early - - 10:10 10:30",
    ]


async def test_several_changes_in_one_answer_are_several_events(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    await set_up(orion)

    tenant.book(orion.room_id, at(11), at(12))
    tenant.book(orion.room_id, at(12), at(13))
    await clock.to(at(10, 2))

    assert told == ["10:01 made 11:00 12:00 - -", "10:01 made 12:00 13:00 - -"]


async def test_no_event_has_a_title(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    tenant.book(orion.room_id, at(11), at(12), title="Retro")
    await clock.to(at(10, 2))

    state = hass.states.get(EVENT)

    assert state
    shown = state.attributes.keys() - {"event_types", "friendly_name"}
    assert shown == {"event_type", "start", "end", "previous_start", "previous_end"}


async def test_start_and_outage_are_no_events(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 2))

    # While the entry is not loaded
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    tenant.book(orion.room_id, at(11), at(12))
    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.to(at(10, 5))
    assert told == []

    # While Feishu is down for longer than an answer counts
    tenant.inject(Fault.status(503), times=None)
    await clock.to(at(10, 10))
    tenant.book(orion.room_id, at(13), at(14))
    await clock.to(at(10, 30))
    tenant.clear_faults()
    await clock.to(at(10, 45))
    assert told == []

    tenant.book(orion.room_id, at(15), at(16))
    await clock.to(at(10, 50))
    assert [each[6:] for each in told] == ["made 15:00 16:00 - -"]


async def test_a_change_during_a_short_outage_is_told_after_it(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    await set_up(orion)
    tenant.inject(Fault.status(503), times=None)
    tenant.book(orion.room_id, at(13), at(14))
    await clock.to(at(10, 5))
    assert told == []

    tenant.clear_faults()
    await clock.to(at(10, 10))

    assert [each[6:] for each in told] == ["made 13:00 14:00 - -"]


async def test_changes_of_a_room_that_is_unavailable_are_shown_once_it_is_available(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    bookings = [tenant.book(orion.room_id, at(hour), at(hour + 1)) for hour in (9, 12, 13)]
    await set_up(orion)
    reported: list[Event[Any]] = []
    hass.bus.async_listen(EVENT_STATE_REPORTED, reported.append, event_filter=callback(lambda _: True))
    break_room_api(tenant)
    for booking in bookings:
        tenant.cancel(booking.booking_id)

    await clock.to(at(10, 1, 30))  # bookings vanish, and the room may be closed
    state = hass.states.get(EVENT)
    assert state
    assert state.state == "unavailable"
    assert [event.data for event in reported if event.data["entity_id"] == EVENT] == []

    tenant.clear_faults()
    await clock.to(at(10, 7))
    state = hass.states.get(EVENT)
    assert state
    assert (state.state[:16], state.attributes["event_type"]) == ("2026-11-23T10:01", "canceled")


async def test_passing_days_are_no_events_and_cost_no_extra_call(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    for day in range(12):
        tenant.book(orion.room_id, at(11, day=day), at(12, day=day))
    await set_up(orion, scan_interval=1800)
    calls = len(tenant.calls(FREE_BUSY))

    await clock.to(at(10, day=3))

    assert told == []
    polls = 3 * 24 * 2
    assert polls <= len(tenant.calls(FREE_BUSY)) - calls <= polls + 3  # each end is read once more


async def test_the_last_event_survives_a_restart(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, told: Told
) -> None:
    times = {"start": "2026-11-23T11:00:00+00:00", "end": "2026-11-23T12:00:00+00:00"}
    stored = {"last_event_type": "made", "last_event_attributes": times}
    mock_restore_cache_with_extra_data(hass, ((State(EVENT, "2026-11-23T09:00:00.000+00:00"), stored),))

    await set_up(orion)

    state = hass.states.get(EVENT)
    assert state
    assert state.state == "2026-11-23T09:00:00.000+00:00"
    assert (state.attributes["event_type"], state.attributes["start"]) == ("made", times["start"])
    assert told == []


async def test_only_rooms_have_events(hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room) -> None:
    ada = tenant.add_user("Ada")
    await set_up(orion, **{CONF_PEOPLE: {ada.open_id: "Ada"}})

    assert hass.states.async_entity_ids("event") == [EVENT]


async def test_an_unknown_room_has_no_current_event(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=20)

    state = hass.states.get(EVENT)

    assert state
    assert state.state == "unavailable"


async def test_a_broken_listener_does_not_break_others(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    told: Told,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(orion)

    def fail(_: object) -> None:
        raise ValueError("broken")

    unsubscribe = entry.runtime_data.notifier.async_listen_bookings(orion.room_id, fail)
    tenant.book(orion.room_id, at(11), at(12))
    await clock.forward(minutes=2)
    unsubscribe()
    assert caplog.text.count("Unexpected error updating an entity") == 1

    tenant.book(orion.room_id, at(13), at(14))
    await clock.forward(minutes=2)

    assert len(told) == 2
    assert caplog.text.count("Unexpected error updating an entity") == 1


@pytest.mark.parametrize("is_enabled", [False])
async def test_it_is_disabled_by_default_and_then_no_answers_are_compared(
    hass: HomeAssistant, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)

    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)

    (entity,) = (each for each in entities if each.domain == "event")
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert not entry.runtime_data.notifier.hears_of_bookings(orion.room_id)
