"""The demo, the first command of the README."""

import asyncio
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import socket

import pytest

from demo.connect import Credentials, add_integration, room_states
from demo.features import buttons, switch_on
from demo.home_assistant import HomeAssistant, HomeAssistantError
from simulator import Tenant
from simulator.office import office
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("language", "more"), [("en", []), ("zh-Hans", ["--quick"])], ids=["en", "zh-Hans"])
async def test_the_demo_shows_the_state_of_each_room(language: str, more: list[str]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    demo = await asyncio.create_subprocess_exec(
        *(
            os.environ["LIVE_PYTHON"],
            "-m",
            "demo",
            "--once",
            "--rooms",
            "4",
            "--port",
            port,
            "--language",
            language,
            *more,
        ),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'dev'}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    shown = (await demo.communicate())[0].decode()

    assert demo.returncode == 0, shown
    assert [room.name for room in office(rooms=4).rooms.values() if room.name not in shown] == []


async def test_the_demo_has_live_updates_titles_and_booking(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant
) -> None:
    room, now = next(iter(live_tenant.rooms.values())), datetime.now(UTC)
    live_tenant.book(room.room_id, now - timedelta(minutes=5), now + timedelta(minutes=30), title="Stand-up")
    entry = await add_integration(home, credentials, plan="paid", max_rooms=6)
    with pytest.raises(HomeAssistantError, match="titles_missing"):
        await switch_on(home, entry)
    live_tenant.grant(*BOOKING_SCOPES, *TITLE_SCOPES)

    await switch_on(home, entry)

    assert len(await buttons(home)) == 6
    states = {state["entity_id"]: state for state in await home.get("/api/states")}
    assert states["sensor.meeting_rooms_live_updates"]["state"] in {"connected", "waiting"}

    async def titles() -> list[str]:
        return [row["title"] for state in await room_states(home) for row in state["attributes"].get("titles", [])]

    await until(titles, lambda shown: shown == ["Stand-up"])
    free = next(state for state in await room_states(home) if state["state"] == "off")["entity_id"].partition(".")[2]
    button = next(button for button in await buttons(home) if button.startswith(f"button.{free}_"))
    await home.post("/api/services/button/press", {"entity_id": button})
    assert [state["state"] for state in await room_states(home)].count("on") == 2
