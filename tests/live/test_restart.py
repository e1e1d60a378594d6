"""Home Assistant restarts while Feishu cannot be reached."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import socket

import pytest
import pytest_asyncio

from demo.connect import Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator
from simulator.office import office
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
