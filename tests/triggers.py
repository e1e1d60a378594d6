"""The integration's triggers, attached as automations do.

Its fixture is asked for with `pytest_plugins = ["tests.triggers"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
import logging
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.trigger import async_initialize_triggers, async_validate_trigger_config
from homeassistant.util import dt as dt_util
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Tenant
from tests.clock import Clock, busy_id
from tests.conftest import at

pytest_plugins = ["tests.clock"]


class Watch:
    """Attaches triggers, and records when they fire and for which entity."""

    def __init__(self, hass: HomeAssistant, clock: Clock) -> None:
        """Nothing is attached yet."""
        self.hass, self.clock = hass, clock
        self.fired: list[str] = []
        self.data: list[dict[str, Any]] = []
        self._detach: list[Callable[[], None]] = []

    async def _note(self, run_variables: dict[str, Any], _context: Context | None = None) -> None:
        data = run_variables["trigger"]
        self.data.append(data)
        self.fired.append(f"{dt_util.utcnow():%H:%M:%S} {data['entity_id'].partition('.')[2]}".replace(":00 ", " "))

    async def on(self, trigger: str, *rooms: Room, target: dict[str, Any] | None = None, **options: Any) -> None:
        """Attach a trigger to rooms, or to another target."""
        target = target or {"entity_id": [busy_id(self.hass, room) for room in rooms]}
        config = {"platform": f"{DOMAIN}.{trigger}", "target": target, **({"options": options} if options else {})}
        checked = await self.clock.run(async_validate_trigger_config(self.hass, [config]))
        attach = async_initialize_triggers(self.hass, checked, self._note, DOMAIN, "test", logging.getLogger().log)
        detach = await self.clock.run(attach)
        assert detach
        self._detach.append(detach)

    async def until(self, hour: int, minute: int = 0, second: int = 0) -> list[str]:
        """Let time pass; return what has fired since the last call."""
        await self.clock.to(at(hour, minute, second))
        fired, self.fired = self.fired, []
        return fired

    def end(self) -> None:
        """Detach all triggers."""
        while self._detach:
            self._detach.pop()()


@pytest.fixture
async def watch(hass: HomeAssistant, clock: Clock) -> AsyncIterator[Watch]:
    watch = Watch(hass, clock)
    yield watch
    watch.end()


async def outage(tenant: Tenant, clock: Clock, start: datetime, end: datetime) -> None:
    """Make every call fail from `start` to `end`."""
    await clock.to(start)
    tenant.inject(Fault.status(503), times=None)
    await clock.to(end)
    tenant.clear_faults()


def lasting(minutes: int) -> dict[str, Any]:
    """Return the option `for`, which is a word of Python, too."""
    return {"for": {"minutes": minutes}}
