"""The clock of the tests: a timer fires when it is due, not before."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

import tests.clock
from tests.clock import Clock

pytest_plugins = ["tests.clock"]


@pytest.mark.parametrize("later", [0.0, 1e-9, 3e-7, 9.9e-7])
@pytest.mark.parametrize("duration", [1.0, 0.1, 119.619796])
async def test_no_timer_fires_before_it_is_due(
    hass: HomeAssistant, clock: Clock, monkeypatch: pytest.MonkeyPatch, duration: float, later: float
) -> None:
    monkeypatch.setattr(tests.clock, "_PATIENCE", 5.0)
    clock.skip(seconds=0.380204)
    begun = hass.loop.time()
    due = begun + duration + later
    early = []

    async def wait() -> None:
        while (now := hass.loop.time()) < due:
            early.append(now)
            try:
                async with asyncio.timeout_at(due):
                    await asyncio.Event().wait()
            except TimeoutError:
                pass

    async with asyncio.TaskGroup() as group:
        group.create_task(wait())
        hass.loop.call_at(begun + duration, int)  # stops the clock just before
        await clock.forward(seconds=duration + 1)

    assert early == [begun]
    assert hass.loop.time() == pytest.approx(begun + duration + 1, abs=2e-6)
