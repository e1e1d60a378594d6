"""One Home Assistant of the newest release, in its own process and environment, and a simulated tenant."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import socket

import pytest
import pytest_asyncio

from demo.connect import DOMAIN, Credentials, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from simulator.office import office

ENTRIES = "/api/config/config_entries/entry"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one event loop, because they share the session's Home Assistant."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def live_tenant() -> Tenant:
    """Return an office without bookings."""
    tenant = office(rooms=6)
    for booking in list(tenant.bookings.values()):
        tenant.cancel(booking.booking_id)
    return tenant


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def live_simulator(live_tenant: Tenant) -> AsyncIterator[Simulator]:
    """Serve the tenant."""
    async with Simulator(live_tenant) as running:
        yield running


@pytest.fixture(scope="session")
def credentials(live_simulator: Simulator, live_tenant: Tenant) -> Credentials:
    """Return what the tenant's app connects with."""
    return Credentials(live_simulator.base_url, live_tenant.app_id, live_tenant.app_secret)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant, onboarded. LIVE_PYTHON is the interpreter that has it installed."""
    folder = tmp_path_factory.mktemp("home-assistant")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with HomeAssistant(folder, port, python=os.environ["LIVE_PYTHON"]) as running:
        await running.onboard()
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def restored_tenant(live_tenant: Tenant) -> AsyncIterator[None]:
    """Cancel all bookings after a test, restore what the app may do, and deliver no event to the next test."""
    scopes, limit, bot_enabled = dict(live_tenant.scopes), live_tenant.push.limit, live_tenant.bot_enabled
    yield
    live_tenant.scopes.clear()
    live_tenant.scopes.update(scopes)
    live_tenant.push.limit, live_tenant.bot_enabled, live_tenant.ip_allowed = limit, bot_enabled, True
    for booking in list(live_tenant.bookings.values()):
        live_tenant.cancel(booking.booking_id)
    live_tenant.push.forget_deliveries()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def restored_home(request: pytest.FixtureRequest, restored_tenant: None) -> AsyncIterator[None]:
    """Remove the config entries and the binary sensors that a test added; those of its module's fixtures stay."""
    if "home" not in request.fixturenames:
        yield
        return
    home: HomeAssistant = request.getfixturevalue("home")
    entries, sensors = await entries_of(home), await sensors_of(home)
    # Bookings of the last test were canceled after it
    if busy := [state["entity_id"] for state in await room_states(home) if state["state"] == "on"]:
        await home.post("/api/services/homeassistant/update_entity", {"entity_id": busy})
    yield
    for entry_id in await entries_of(home) - entries:
        await home.delete(f"{ENTRIES}/{entry_id}")
    for entity_id in await sensors_of(home) - sensors:
        await home.delete(f"/api/states/{entity_id}")


async def entries_of(home: HomeAssistant) -> set[str]:
    """Return the ids of our config entries."""
    return {entry["entry_id"] for entry in await home.get(ENTRIES) if entry["domain"] == DOMAIN}


async def sensors_of(home: HomeAssistant) -> set[str]:
    """Return the ids of binary sensors that exist as a state only."""
    registered = {row["entity_id"] for row in await home.command({"type": "config/entity_registry/list"})}
    states = {state["entity_id"] for state in await home.get("/api/states")}
    return {each for each in states - registered if each.startswith("binary_sensor.")}
