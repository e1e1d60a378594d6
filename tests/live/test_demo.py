"""The demo, the first command of the README."""

import asyncio
import os
from pathlib import Path
import socket

import pytest

from simulator.office import office

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_the_demo_shows_the_state_of_each_room(language: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    demo = await asyncio.create_subprocess_exec(
        *(os.environ["LIVE_PYTHON"], "-m", "demo", "--once", "--rooms", "4", "--port", port, "--language", language),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'dev'}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    shown = (await demo.communicate())[0].decode()

    assert demo.returncode == 0, shown
    assert [room.name for room in office(rooms=4).rooms.values() if room.name not in shown] == []
