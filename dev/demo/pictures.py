"""Takes the screenshots for the documentation, in both languages: the board of all rooms, a door panel, and Assist.

scripts/pictures
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
import os
from pathlib import Path
import sys
import tempfile
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Page

from simulator import Simulator
from simulator.office import office

from . import dashboard
from .activity import fill_working_day
from .assist import enable_assist
from .browser import logged_in
from .connect import Credentials, add_integration, room_states
from .home_assistant import HomeAssistant

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_PORT = 8137
_MORNING = 10  # o'clock
_TABLET = {"width": 1180, "height": 740}
_PHONE = {"width": 560, "height": 620}
_SETTLED = 4_000  # milliseconds until fonts and icons are loaded
_QUESTIONS = {
    "en": ("is Orion free?", "find me a room for six for half an hour"),
    "zh-Hans": ("Orion现在有空吗？", "找一间能坐六个人、空半小时的会议室"),
}


async def _make(language: str) -> None:
    zone = _zone_in_the_morning()
    tenant = office(rooms=12, zone=ZoneInfo(zone))
    fill_working_day(tenant, seed=4)
    with tempfile.TemporaryDirectory() as folder:
        home = HomeAssistant(Path(folder), _PORT, language, zone, os.environ["LIVE_PYTHON"])
        async with Simulator(tenant) as simulator, home:
            await home.onboard()
            credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
            entry_id = await add_integration(home, credentials, plan="paid", max_rooms=12)
            await enable_assist(home, entry_id)
            address = await dashboard.add_dashboards(home)
            free = next(state["entity_id"] for state in await room_states(home) if _is_free_for_a_while(state))
            view = {"viewport": _TABLET, "timezone_id": zone}
            async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, **view) as page:
                await page.add_init_script("""localStorage.setItem("dockedSidebar", '"always_hidden"')""")
                await _shoot(page, f"{address}", f"dashboard-{language}")
                await _shoot(page, f"{address}/door-{free.partition('.')[2]}", f"door-{language}")
                await _shoot_assist(page, address, language)


def _zone_in_the_morning() -> str:
    """Return a time zone in which it is morning now, so that the screenshots show a working day."""
    return f"Etc/GMT{(datetime.now(UTC).hour - _MORNING + 11) % 24 - 11:+d}"


def _is_free_for_a_while(state: Mapping[str, Any]) -> bool:
    return bool(state["attributes"].get("available_now") and state["attributes"].get("next_busy_time"))


async def _shoot(page: Page, address: str, name: str) -> None:
    await page.goto(address)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(_SETTLED)
    await page.screenshot(path=_DOCS / f"{name}.png")


async def _shoot_assist(page: Page, address: str, language: str) -> None:
    await page.goto(address)
    await page.set_viewport_size({"width": _PHONE["width"], "height": _PHONE["height"]})
    await page.wait_for_timeout(_SETTLED)
    await page.keyboard.press("a")  # Home Assistant's shortcut for Assist
    entry = page.locator("ha-assist-chat input, ha-assist-chat textarea").first
    for question in _QUESTIONS[language]:
        await entry.fill(question)
        await entry.press("Enter")
        await page.wait_for_timeout(_SETTLED / 2)
    await page.screenshot(path=_DOCS / f"assist-{language}.png")


def main() -> int:
    """Save all screenshots in docs/."""
    _DOCS.mkdir(exist_ok=True)
    for language in ("en", "zh-Hans"):
        asyncio.run(_make(language))
    return 0


if __name__ == "__main__":
    sys.exit(main())
