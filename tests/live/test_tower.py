"""A hundred rooms, added by selecting two floors, in a real Home Assistant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from demo.connect import DOMAIN, Credentials, room_states
from demo.home_assistant import HomeAssistant, HomeAssistantError
from simulator import Simulator, Tenant
from tests.live.test_home_assistant import PUNCTUAL, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

FLOW = "/api/config/config_entries/flow"
BATCH = "meeting_room/freebusy/batch_get"
LIST = "calendar/v4/freebusy/list"


@pytest_asyncio.fixture(loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    """Serve a separate tenant."""
    async with Simulator(Tenant(app_id="cli_a1b2c3d4e5f60009", app_name="Tower", seed=9)) as running:
        yield running


async def test_two_floors_with_100_rooms(home: HomeAssistant, simulator: Simulator) -> None:
    """20 rooms a call; states on time; a new room of the floors is added; a room of the floors cannot be deleted."""
    tenant = simulator.tenant
    tower = tenant.add_level("Tower")
    floors = [tenant.add_level(name, tower) for name in ("8F", "9F")]
    rooms = [tenant.add_room(f"Room {number}", level=floors[number % 2], capacity=6) for number in range(100)]
    tenant.add_room("Elsewhere", level=tenant.add_level("Cellar", tower))

    flow = (await home.post(FLOW, {"handler": DOMAIN}))["flow_id"]
    credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
    await home.post(f"{FLOW}/{flow}", credentials.as_input("free"))
    created = await home.post(f"{FLOW}/{flow}", {"rooms": [], "room_levels": [floor.level_id for floor in floors]})
    assert created["type"] == "create_entry", created
    entry_id = created["result"]["entry_id"]

    async def states() -> dict[str, str]:
        return {row["attributes"]["friendly_name"]: row["state"] for row in await room_states(home)}

    await until(states, lambda found: found == {room.name: "off" for room in rooms}, within=60)
    assert len(tenant.calls(BATCH)) == 5
    assert tenant.calls(LIST) == []
    assert tenant.limit_violations == []

    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=12)
    for room in rooms[:50]:
        tenant.book(room.room_id, start, start + timedelta(minutes=30))
    ids = [row["entity_id"] for row in await room_states(home)]
    await home.post("/api/services/homeassistant/update_entity", {"entity_id": ids})
    await until(states, lambda found: list(found.values()).count("on") == 50, within=40)
    changed = [row["last_changed"] for row in await room_states(home) if row["state"] == "on"]
    late = [datetime.fromisoformat(instant) - start for instant in changed]
    assert timedelta(0) <= min(late) <= max(late) < timedelta(seconds=PUNCTUAL)

    tenant.add_room("New", level=floors[0])
    await home.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
    await until(states, lambda found: found.get("New") == "off" and len(found) == 101, within=60)
    assert not await _delete_device(home, entry_id, "New")


async def _delete_device(home: HomeAssistant, entry_id: str, name: str) -> bool:
    devices: list[dict[str, Any]] = await home.command({"type": "config/device_registry/list"})
    device = next(device for device in devices if device["name"] == name)
    try:
        await home.command(
            {
                "type": "config/device_registry/remove_config_entry",
                "device_id": device["id"],
                "config_entry_id": entry_id,
            }
        )
    except HomeAssistantError:
        return False
    return True
