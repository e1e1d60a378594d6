"""Home Assistant with the integration, for the tests that run in Home Assistant's test kit.

(PYTEST_DONT_REWRITE: it may be imported before it is a plugin.)
"""

from collections.abc import Callable
from typing import Any

from homeassistant.util import executor
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
from simulator import Simulator, Tenant

# Home Assistant interrupts a worker that does not end within a third of a second. On a busy machine an idle worker may
# need longer, and one that is interrupted does not wake the next one, so the test kit finds threads that never end
executor.EXECUTOR_SHUTDOWN_TIMEOUT = 600


@pytest.fixture
def integration(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def entry_of(integration: None, simulator: Simulator, tenant: Tenant) -> Callable[..., MockConfigEntry]:
    """Return a function that makes an entry for rooms of the tenant, not yet added to Home Assistant."""

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


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the debug mode of the event loop off. Overrides the fixture of the test kit.

    It records a stack for each callback, which takes nearly half of the time of a test.
    """
