"""A room with automations from the blueprints, and helpers for everything that happens to them.

Use its fixture with `pytest_plugins = ["tests.clock", "tests.blueprints.office"]`. (PYTEST_DONT_REWRITE: this module is
imported before pytest can rewrite it.)
"""

from collections.abc import AsyncIterator
from datetime import datetime
import logging
from pathlib import Path
import re
from typing import Any
from unittest.mock import patch

from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.const import EVENT_CALL_SERVICE
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from simulator import Booking, Fault, Room, Tenant
from tests.clock import Clock, SetUp, busy_id
from tests.conftest import at

FOLDER = Path(__file__).parents[2] / "blueprints/automation/feishu_freebusy"
LAMP, NOBODY, SOMEBODY, WISH = "light.door", "binary_sensor.nobody", "binary_sensor.somebody", "input_boolean.wish"
COLORS = {(0, 255, 0): "green", (255, 0, 0): "red", (255, 160, 0): "orange"}


class Office:
    """A room with automations. Records what the automations do."""

    def __init__(self, hass: HomeAssistant, tenant: Tenant, clock: Clock, room: Room) -> None:
        """Record actions from now on."""
        self.hass, self.tenant, self.clock, self.room = hass, tenant, clock, room
        self.done: dict[str, list[str]] = {}
        self.entry: MockConfigEntry | None = None
        self.booking: Booking | None = None
        self.brightness = 0
        self.automations: list[dict[str, Any]] = []
        hass.bus.async_listen("acted", self._note_event)
        hass.bus.async_listen(EVENT_CALL_SERVICE, self._note_service)

    def _note(self, who: str, what: str) -> None:
        self.done.setdefault(who, []).append(f"{dt_util.utcnow():%H:%M:%S} {what}".replace(":00 ", " ").strip())

    @callback
    def _note_event(self, event: Event) -> None:
        self._note(event.data["who"], str(event.data["what"]))

    @callback
    def _note_service(self, event: Event) -> None:
        data = event.data["service_data"]
        match event.data["domain"], event.data["service"]:
            case "light", "turn_on":
                self._note("light", COLORS[tuple(data["rgb_color"])])
                self.brightness = data["brightness_pct"]
            case "light", "turn_off":
                self._note("light", "dark")

    def did(self, who: str) -> str:
        """Return the actions of a blueprint with their times."""
        return ", ".join(self.done.get(who, ()))

    # Time and bookings

    async def until(self, hour: int, minute: int = 0, second: int = 0) -> None:
        """Move the clock forward to a time of day."""
        await self.clock.to(at(hour, minute, second))

    def book(self, start: datetime, end: datetime) -> Booking:
        """Book the room."""
        return self.tenant.book(self.room.room_id, start, end)

    def move(self, start: datetime, end: datetime) -> None:
        """Move the first booking."""
        assert self.booking
        self.tenant.move(self.booking.booking_id, start, end)

    def cancel(self) -> None:
        """Cancel the first booking."""
        assert self.booking
        self.tenant.cancel(self.booking.booking_id)

    def fail(self) -> None:
        """Make Feishu answer HTTP 503 from now on."""
        self.tenant.inject(Fault.status(503), times=None)

    # Home Assistant

    async def use(self, blueprint: str, **inputs: Any) -> None:
        """Create an automation from a blueprint."""
        inputs = {"room": busy_id(self.hass, self.room), **inputs}
        blueprint_of = {"path": f"{FOLDER.name}/{blueprint}.yaml", "input": inputs}
        self.automations.append({"id": blueprint, "alias": blueprint, "use_blueprint": blueprint_of})
        await self._load(self.automations)
        states = self.hass.states.async_all("automation")
        assert [state.state for state in states] == ["on"] * len(self.automations)

    async def _load(self, automations: list[dict[str, Any]]) -> None:
        # Replace the function that reads YAML in a thread, which the clock cannot wait for
        with patch("homeassistant.config.async_hass_config_yaml", return_value={"automation": automations}):
            await self.clock.run(self.hass.services.async_call("automation", "reload", blocking=True))

    def poll_every(self, seconds: int) -> None:
        """Change the interval of the polls, for tests that last for days."""
        assert self.entry
        options = {**self.entry.options, "scan_interval": seconds}
        self.hass.config_entries.async_update_entry(self.entry, options=options)

    async def reload(self) -> None:
        """Reload the integration."""
        assert self.entry
        await self.clock.run(self.hass.config_entries.async_reload(self.entry.entry_id))

    async def stop(self) -> None:
        """Stop Home Assistant."""
        assert self.entry
        await self._load([])
        await self.clock.run(self.hass.config_entries.async_unload(self.entry.entry_id))

    async def restart(self, until: datetime) -> None:
        """Simulate a restart of Home Assistant that ends at `until`."""
        assert self.entry
        sensors = {sensor: self.hass.states.get(sensor) for sensor in (NOBODY, SOMEBODY)}
        await self.stop()
        for sensor in sensors:
            self.hass.states.async_remove(sensor)
        await self.clock.to(until)
        self.hass.set_state(CoreState.not_running)
        await self._load(self.automations)
        await self.clock.run(self.hass.config_entries.async_setup(self.entry.entry_id))
        for sensor, state in sensors.items():
            assert state
            self.sense(sensor, state.state)
        await self.clock.run(self.hass.async_start())

    def sense(self, sensor: str, state: str) -> None:
        """Set the state of an occupancy sensor."""
        self.hass.states.async_set(sensor, state, {"device_class": "occupancy"})

    async def wish(self, state: str) -> None:
        """Turn the helper of "tell me when it frees up" on or off."""
        data = {"entity_id": WISH}
        await self.clock.run(self.hass.services.async_call("input_boolean", f"turn_{state}", data, blocking=True))

    @property
    def wished(self) -> str:
        """The state of the helper: "on" while somebody waits for the room."""
        state = self.hass.states.get(WISH)
        assert state
        return state.state


def logged_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return warnings and errors that Home Assistant logged about automations."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and re.search(r"automation|blueprint|script|template|trigger", record.name)
    ]


def say(who: str, what: str) -> list[dict[str, Any]]:
    """Return an action that fires an event, which `Office` records."""
    return [{"event": "acted", "event_data": {"who": who, "what": what}}]


@pytest.fixture
async def office(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    in_utc: None,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Office]:
    """Return a room that is booked from 10:10 to 10:30, and set up everything that the automations need."""
    monkeypatch.setattr(DomainBlueprints, "blueprint_folder", FOLDER.parent)
    for service in ("turn_on", "turn_off"):
        async_mock_service(hass, "light", service)
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"wish": {"initial": False}}})
    office = Office(hass, tenant, clock, orion)
    office.booking = office.book(at(10, 10), at(10, 30))
    office.entry = await set_up(orion)
    office.sense(NOBODY, "off")
    office.sense(SOMEBODY, "off")
    hass.states.async_set(LAMP, "on")
    yield office
    await office.stop()


async def use_light(office: Office, **inputs: Any) -> None:
    await office.use("door_light", **{"lights": [LAMP], **inputs})


async def use_nudge(office: Office, language: str = "", **inputs: Any) -> None:
    actions = say("nudge", "{{ minutes_left }} left")
    await office.use(f"time_is_up{language}", **{"when": "always", "actions": actions, **inputs})


async def use_prepare(office: Office, **inputs: Any) -> None:
    actions = {"prepare_actions": say("prepare", "prepare"), "shut_down_actions": say("prepare", "shut down")}
    await office.use("prepare_room", **{"lead_minutes": 5, "idle_minutes": 10, **actions, **inputs})


async def use_tell(office: Office, language: str = "", **inputs: Any) -> None:
    actions = say("tell", "free{{ ' until ' if free_until else '' }}{{ free_until }}")
    await office.use(f"room_frees_up{language}", **{"wish": WISH, "actions": actions, **inputs})


async def use_empty(office: Office, language: str = "", **inputs: Any) -> None:
    inputs = {"occupancy": NOBODY, "minutes": 7, "actions": say("empty", "empty"), **inputs}
    await office.use(f"booked_but_empty{language}", **inputs)


async def use_used(office: Office, language: str = "", **inputs: Any) -> None:
    inputs = {"occupancy": SOMEBODY, "minutes": 7, "actions": say("used", "used"), **inputs}
    await office.use(f"used_but_not_booked{language}", **inputs)
