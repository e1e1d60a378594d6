"""The integration in a real Home Assistant, from setup to removal."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import re
from typing import Any

import pytest

from demo.assist import form_values
from demo.connect import DOMAIN, Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Room, Simulator, Tenant

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

PUNCTUAL = 1.0  # seconds


async def until[T](read: Callable[[], Awaitable[T]], good: Callable[[T], bool], within: float = 20.0) -> T:
    """Call `read` until `good` accepts its result, and return that; `TimeoutError` after `within` seconds."""
    async with asyncio.timeout(within):
        while not good(value := await read()):  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.1)
    return value


class Day:
    """The shared state and helpers of the steps."""

    def __init__(self, home: HomeAssistant, simulator: Simulator) -> None:
        """Use `home` with the tenant of `simulator`."""
        self.home = home
        self.simulator = simulator
        self.tenant: Tenant = simulator.tenant
        self.entry_id = ""
        self._lines_of_others = frozenset(home.log.read_text().splitlines())  # of tests before this one

    async def set_up(self) -> None:
        """Add the integration through its config flow."""
        credentials = Credentials(self.simulator.base_url, self.tenant.app_id, self.tenant.app_secret)
        self.entry_id = await add_integration(self.home, credentials, plan="paid", max_rooms=5)
        await until(lambda: room_states(self.home), lambda states: [row["state"] for row in states] == ["off"] * 5)

    async def state(self, room: Room) -> dict[str, Any]:
        """Return the state of a room."""
        states = await room_states(self.home)
        return next(row for row in states if row["attributes"].get("friendly_name") == room.name)

    async def read_now(self, room: Room) -> None:
        """Request an update of a room."""
        entity_id = (await self.state(room))["entity_id"]
        await self.home.post("/api/services/homeassistant/update_entity", {"entity_id": entity_id})

    async def options(self, step: str, changes: dict[str, Any]) -> None:
        """Change options in one step of the options flow."""
        path = "/api/config/config_entries/options/flow"
        form = await self.home.post(path, {"handler": self.entry_id})
        form = await self.home.post(f"{path}/{form['flow_id']}", {"next_step_id": step})
        menu = await self.home.post(f"{path}/{form['flow_id']}", {**form_values(form["data_schema"]), **changes})
        assert menu["type"] == "menu", menu
        result = await self.home.post(f"{path}/{form['flow_id']}", {"next_step_id": "save"})
        assert result["type"] == "create_entry", result

    def log(self) -> list[str]:
        """Return the lines that the integration logged at INFO or above, without times."""
        lines = [line for line in self.home.log.read_text().splitlines() if line not in self._lines_of_others]
        ours = (
            re.search(r" (INFO|WARNING|ERROR|CRITICAL) .*\[custom_components\.feishu\w*[.\w]*\] (.*)", line)
            for line in lines
        )
        return [f"{match[1]} {match[2]}" for match in ours if match]

    def tracebacks(self) -> list[str]:
        """Return the log lines of tracebacks that name a file of the integration."""
        return [line for line in self.home.log.read_text().splitlines() if f"custom_components/{DOMAIN}/" in line]


async def test_setup_flips_options_outage_restart_and_removal(home: HomeAssistant, live_simulator: Simulator) -> None:
    """Only the outage is logged."""
    day = Day(home, live_simulator)
    await day.set_up()
    rooms = list(day.tenant.rooms.values())
    await _booking_flips_on_time(day, rooms[0])
    await _options_apply_in_place(day, rooms)
    await _outage_is_bridged(day, rooms[1])
    messages = day.log()
    assert not day.tracebacks()
    assert [message.split()[0] for message in messages] == ["ERROR", "INFO"], messages
    assert "recovered" in messages[1]
    await _restart_brings_all_back(day)
    await _removal_leaves_nothing(day)
    assert not day.log()


async def _booking_flips_on_time(day: Day, room: Room) -> None:
    """A new booking is read; its start and end are shown on time without another call."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=13)
    end = start + timedelta(seconds=4)
    day.tenant.book(room.room_id, start, end)
    await day.read_now(room)
    await until(lambda: day.state(room), lambda state: state["attributes"]["next_busy_time"] is not None, within=10)
    calls = len(day.tenant.calls("freebusy/list"))
    seen: list[tuple[str, datetime]] = []
    async with asyncio.timeout(40):
        async for event in day.home.events("state_changed"):
            new = event["data"]["new_state"]
            is_main = event["data"]["entity_id"].startswith("binary_sensor.")
            if is_main and new["attributes"].get("friendly_name") == room.name:
                seen.append((new["state"], datetime.fromisoformat(event["time_fired"])))
            if len(seen) == 2:
                break
    assert [state for state, _ in seen] == ["on", "off"]
    for edge, (_, fired) in zip((start, end), seen, strict=True):
        assert timedelta(0) <= fired - edge < timedelta(seconds=PUNCTUAL)
    assert len(day.tenant.calls("freebusy/list")) == calls


async def _options_apply_in_place(day: Day, rooms: list[Room]) -> None:
    """A removed room disappears; the states of the others are not written again."""
    before = {row["entity_id"]: row["last_updated"] for row in await room_states(day.home)}
    kept = [room.room_id for room in rooms if room is not rooms[2]]
    await day.options("rooms", {"rooms": kept})
    wanted = {room.name for room in rooms} - {rooms[2].name}

    def names(states: list[dict[str, Any]]) -> set[str]:
        return {row["attributes"]["friendly_name"] for row in states if row["state"] == "off"}

    states = await until(lambda: room_states(day.home), lambda states: names(states) == wanted)
    after = {row["entity_id"]: row["last_updated"] for row in states}
    assert all(after[entity_id] == written for entity_id, written in before.items() if entity_id in after)
    all_alike = {"enabled": False, "start": "20:00:00", "end": "07:00:00", "days": []}  # the same interval at night
    await day.options("polling", {"scan_interval": 30, "off_hours": all_alike})


async def _outage_is_bridged(day: Day, room: Room) -> None:
    """Known bookings are still shown while Feishu does not answer."""
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=14)
    day.tenant.book(room.room_id, start, start + timedelta(minutes=3))
    await day.read_now(room)
    await until(lambda: day.state(room), lambda state: state["attributes"].get("next_busy_time") is not None, within=15)
    await day.simulator.stop()
    await until(lambda: day.state(room), lambda state: state["state"] == "on", within=20)
    await until(lambda: asyncio.to_thread(day.log), lambda messages: len(messages) == 1, within=60)
    assert all(row["state"] in {"on", "off"} for row in await room_states(day.home))
    await day.simulator.start()
    await until(lambda: asyncio.to_thread(day.log), lambda messages: len(messages) == 2, within=120)


async def _restart_brings_all_back(day: Day) -> None:
    before = {row["entity_id"]: row["state"] for row in await room_states(day.home)}
    await day.home.stop()
    await day.home.start()

    async def states() -> dict[str, str]:
        return {row["entity_id"]: row["state"] for row in await room_states(day.home)}

    await until(states, lambda after: after.keys() == before.keys() and "unavailable" not in after.values(), within=60)


async def _removal_leaves_nothing(day: Day) -> None:
    await day.home.delete(f"/api/config/config_entries/entry/{day.entry_id}")
    await until(lambda: room_states(day.home), lambda states: not states)
    devices = await day.home.command({"type": "config/device_registry/list"})
    assert not [device for device in devices if day.entry_id in device["config_entries"]]
    entities = await day.home.command({"type": "config/entity_registry/list"})
    assert not [entity for entity in entities if entity["platform"] == DOMAIN]
    assert not list((day.home.folder / ".storage").glob(f"*{DOMAIN}*"))
