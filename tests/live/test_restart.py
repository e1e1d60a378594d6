"""Home Assistant restarts while Feishu cannot be reached, and in the middle of a booking."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import socket

import aiohttp
import pytest
import pytest_asyncio

from demo.connect import DOMAIN, OPTIONS, Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant, HomeAssistantError
from simulator import Simulator
from simulator.office import office
from simulator.tenant import BOOKING_SCOPES
from tests.live.test_home_assistant import PUNCTUAL, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]


@pytest_asyncio.fixture(loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    """Serve an office without bookings."""
    tenant = office(rooms=4)
    for booking in list(tenant.bookings.values()):
        tenant.cancel(booking.booking_id)
    async with Simulator(tenant) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def own_home(tmp_path: Path) -> AsyncIterator[HomeAssistant]:
    """Run a separate Home Assistant."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with HomeAssistant(tmp_path, port, python=os.environ["LIVE_PYTHON"]) as running:
        await running.onboard()
        yield running


async def test_a_restart_during_an_outage(own_home: HomeAssistant, simulator: Simulator) -> None:
    """Meetings start and end on time; the log says once that Feishu is down, and once that it is back."""
    tenant = simulator.tenant
    await add_integration(
        own_home, Credentials(simulator.base_url, tenant.app_id, tenant.app_secret), plan="paid", max_rooms=3
    )

    async def states() -> list[str]:
        found = await room_states(own_home)
        return [row["state"] for row in sorted(found, key=lambda row: str(row["entity_id"]))]

    async def log() -> list[str]:
        lines = own_home.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if "feishu_freebusy" in line and "We found a custom integration" not in line]

    await until(states, lambda found: found == ["off"] * 3)
    ids = sorted(row["entity_id"] for row in await room_states(own_home))
    by_name = {room.name: room for room in tenant.rooms.values()}
    names = {row["entity_id"]: row["attributes"]["friendly_name"] for row in await room_states(own_home)}
    first, second, _ = (by_name[names[entity_id]] for entity_id in ids)
    now = datetime.now(UTC).replace(microsecond=0)
    end = now + timedelta(seconds=75)
    tenant.book(first.room_id, now - timedelta(minutes=5), end)
    tenant.book(second.room_id, end, end + timedelta(minutes=30))
    await own_home.post("/api/services/homeassistant/update_entity", {"entity_id": ids})
    await until(states, lambda found: found == ["on", "off", "off"])
    await until(
        lambda: room_states(own_home), lambda found: any(row["attributes"].get("next_busy_time") for row in found)
    )

    await simulator.stop()
    await own_home.stop()
    await own_home.start()

    assert datetime.now(UTC) < end, "this machine is too slow for this test"
    await until(states, lambda found: found == ["on", "off", "off"], within=end.timestamp() - now.timestamp())
    await until(states, lambda found: found == ["off", "on", "off"], within=90)
    changed = [datetime.fromisoformat(row["last_changed"]) - end for row in await room_states(own_home)]
    assert sorted(timedelta(0) <= late < timedelta(seconds=PUNCTUAL) for late in changed) == [False, True, True]
    (line,) = await log()
    assert "ERROR" in line

    await simulator.start()
    await own_home.post("/api/services/homeassistant/update_entity", {"entity_id": ids})
    down, up = await until(log, lambda lines: len(lines) > 1, within=30)
    assert down == line
    assert "INFO" in up
    assert await states() == ["off", "on", "off"]


async def test_a_booking_during_which_the_plug_is_pulled_is_undone(
    own_home: HomeAssistant, simulator: Simulator
) -> None:
    """The room accepts while Home Assistant is down. After the restart the room is free, and the logbook says why."""
    tenant = simulator.tenant
    tenant.grant(*BOOKING_SCOPES)
    credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
    entry_id = await add_integration(own_home, credentials, plan="paid", max_rooms=1)
    flow = (await own_home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    await own_home.post(f"{OPTIONS}/{flow}", {"next_step_id": "actions"})
    chosen = {"book": True, "release": False, "longest_booking_minutes": 120, "advanced": {}}
    assert (await own_home.post(f"{OPTIONS}/{flow}", chosen))["type"] == "create_entry"

    async def services() -> set[str]:
        return {
            name for row in await own_home.get("/api/services") if row["domain"] == DOMAIN for name in row["services"]
        }

    async def states() -> list[str]:
        return [row["state"] for row in await room_states(own_home)]

    await until(services, lambda found: "book_room" in found)
    (room,) = await until(lambda: room_states(own_home), lambda found: [row["state"] for row in found] == ["off"])

    async def rows() -> list[str]:
        return [row.rsvp for row in tenant.bookings.values()]

    async def press() -> None:
        with suppress(aiohttp.ClientError, HomeAssistantError):
            await own_home.post(f"/api/services/{DOMAIN}/book_room?return_response", {"entity_id": room["entity_id"]})

    tenant.agenda.verdict_delay = 2.0
    pressed = asyncio.ensure_future(press())
    await until(rows, lambda found: found == ["needs_action"])
    await own_home.kill()
    await pressed
    await until(rows, lambda found: found == ["accept"])
    killed_at = datetime.now(UTC)

    await own_home.start()

    await until(rows, lambda found: not found)
    assert all(event.deleted for event in tenant.agenda.events.values())
    await until(states, lambda found: found == ["off"])

    async def log() -> list[str]:
        path = f"/api/logbook/{killed_at:%Y-%m-%dT%H:%M:%S}Z?entity={room['entity_id']}"
        return [row.get("message", "") for row in await own_home.get(path)]

    lines = await until(log, lambda found: any("interrupted" in line for line in found))
    assert sum("the booking was interrupted and has been undone" in line for line in lines) == 1
