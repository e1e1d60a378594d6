"""What all tests share: a simulated tenant over real sockets, and Home Assistant with the integration."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_OFF_HOURS,
    CONF_PLAN,
    CONF_ROOMS,
    DOMAIN,
)
from simulator import Room, Simulator, Tenant

# The same examples every time: what fails in one run fails in all. The deep ones are made up anew
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("deep", max_examples=5000, deadline=None)
settings.load_profile("steady")


@pytest.fixture
def tenant() -> Tenant:
    """Return an empty tenant in which everything the integration needs is granted."""
    return Tenant()


@pytest.fixture
async def simulator(socket_enabled: None, tenant: Tenant) -> AsyncIterator[Simulator]:
    """Serve the tenant on 127.0.0.1."""
    async with Simulator(tenant) as running:
        yield running


@pytest.fixture
def integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def entry_of(integration: None, simulator: Simulator, tenant: Tenant) -> Callable[..., MockConfigEntry]:
    """Return what makes an entry for rooms of the tenant, not yet added to Home Assistant."""

    def make(*room_ids: str, **options: Any) -> MockConfigEntry:
        return MockConfigEntry(
            domain=DOMAIN,
            title=tenant.app_name,
            unique_id=tenant.app_id,
            data={
                CONF_BASE_URL: simulator.base_url,
                CONF_APP_ID: tenant.app_id,
                CONF_APP_SECRET: tenant.app_secret,
            },
            options={
                CONF_ROOMS: {room_id: tenant.rooms[room_id].name for room_id in room_ids},
                CONF_PLAN: "paid",
                CONF_OFF_HOURS: {"enabled": False},
                **options,
            },
        )

    return make


@pytest.fixture
def orion(tenant: Tenant) -> Room:
    """Return a room with all that a room may have."""
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    return tenant.add_room("Orion", level=level, capacity=8, equipment=("TV",))


@pytest.fixture
def vega(tenant: Tenant) -> Room:
    """Return a room with nothing but a name."""
    return tenant.add_room("Vega")


@pytest.fixture
def rooms(tenant: Tenant) -> list[Room]:
    """Return a dozen rooms."""
    return [tenant.add_room(f"Room {number}") for number in range(12)]


@pytest.fixture
def log_of_info(caplog: pytest.LogCaptureFixture) -> None:
    """Let `caplog` see what a user sees in the log."""
    caplog.set_level(logging.INFO)


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 0) -> datetime:
    """Return an instant of the day on which tests play, 2026-11-23 UTC, or so many days after it."""
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC) + timedelta(days=day)
