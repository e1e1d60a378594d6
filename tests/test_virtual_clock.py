"""The clock of the tests: a timer fires when it is due, not before."""

import asyncio
import socket
from typing import Any, override

from homeassistant.core import HomeAssistant
import pytest

import tests.clock
from tests.clock import Clock
from tests.pipes import Pipe

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


class Reader(asyncio.Protocol):
    """Notes what arrives at its end of a pipe."""

    def __init__(self) -> None:
        self.noted: list[Any] = []

    @override
    def data_received(self, data: bytes) -> None:
        self.noted.append(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.noted.append(type(exc))


@pytest.mark.parametrize(("options", "end"), [([], type(None)), ([socket.SO_LINGER], ConnectionResetError)])
async def test_a_pipe_delivers_what_was_written_before_it_ends(options: list[int], end: type[Any]) -> None:
    here, there = Reader(), Reader()
    near, far = (Pipe(asyncio.get_running_loop(), reader) for reader in (here, there))
    near.connect(far)
    far.pause_reading()

    near.write(b"one")
    near.write(b"two")
    for option in options:
        near.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, option, b"")
    near.abort()
    near.write(b"late")
    await asyncio.sleep(0.01)
    assert (here.noted, there.noted) == ([type(None)], [])

    far.resume_reading()
    await asyncio.sleep(0.01)
    assert there.noted == [b"one", b"two", end]
    assert far.is_closing()
