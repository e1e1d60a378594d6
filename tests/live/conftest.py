"""One Home Assistant of the newest release, in its own process and environment, and a simulated tenant."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import socket

import pytest
import pytest_asyncio

from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from simulator.office import office


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
