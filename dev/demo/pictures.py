"""Takes the pictures of the documentation, in both languages: a board, a door panel, Assist, and an animation.

The animation shows a room whose booking begins: the board and the door before, the door and the board after.

scripts/pictures
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
import os
from pathlib import Path
import sys
import tempfile
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.async_api import Page

from simulator import Simulator, Tenant
from simulator.office import office

from . import dashboard
from .activity import fill_working_day
from .assist import enable_assist
from .browser import logged_in
from .connect import Credentials, add_integration, room_states
from .console import drawing
from .home_assistant import HomeAssistant, HomeAssistantError

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_PORT = 8137
_MORNING = 10  # o'clock
_TABLET = {"width": 1180, "height": 740}
_PHONE = {"width": 560, "height": 620}
_SMALL = {"width": 960, "height": 616}
_HEADER = 56  # pixels, Home Assistant's own
_FRAMES = (1_600, 1_800, 2_800, 1_800)  # milliseconds
_COLORS = 64
_AHEAD = timedelta(seconds=75)  # enough to read the new booking, and to take the pictures before it begins
_BEFORE = 10  # seconds before the booking begins, for the picture of the door
_SETTLED = 4_000  # milliseconds until fonts and icons are loaded
_QUESTIONS = {
    "en": ("is Orion free?", "find me a room for six for half an hour"),
    "zh-Hans": ("Orion现在有空吗？", "找一间能坐六个人、空半小时的会议室"),
}


async def _make(language: str) -> None:
    zone = _zone_in_the_morning()
    tenant = office(rooms=10, zone=ZoneInfo(zone))
    fill_working_day(tenant, seed=4)
    with tempfile.TemporaryDirectory() as folder:
        home = HomeAssistant(Path(folder), _PORT, language, zone, os.environ["LIVE_PYTHON"])
        async with Simulator(tenant) as simulator, home:
            await home.onboard()
            credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
            entry_id = await add_integration(home, credentials, plan="paid", max_rooms=10)
            await enable_assist(home, entry_id)
            address = await dashboard.add_dashboards(home)
            free = next(state["entity_id"] for state in await room_states(home) if _is_free_for_a_while(state))
            view = {"viewport": _TABLET, "timezone_id": zone}
            async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, **view) as page:
                await page.add_init_script("""localStorage.setItem("dockedSidebar", '"always_hidden"')""")
                await _shoot(page, f"{address}", f"dashboard-{language}")
                await _shoot(page, f"{address}/door-{free.partition('.')[2]}", f"door-{language}")
                await _shoot_assist(page, address, language)
                await _animate(page, home, tenant, free, f"{_DOCS}/live-{language}.gif")


def _zone_in_the_morning() -> str:
    """Return a time zone in which it is morning now, so that the screenshots show a working day."""
    return f"Etc/GMT{(datetime.now(UTC).hour - _MORNING + 11) % 24 - 11:+d}"


def _is_free_for_a_while(state: Mapping[str, Any]) -> bool:
    return bool(state["attributes"].get("available_now") and state["attributes"].get("next_busy_time"))


async def _open(page: Page, address: str) -> None:
    await page.goto(address)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(_SETTLED)


async def _shoot(page: Page, address: str, name: str) -> None:
    await _open(page, address)
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


async def _animate(page: Page, home: HomeAssistant, tenant: Tenant, entity_id: str, path: str) -> None:
    """Save the animation: a booking of this room begins at a full minute."""
    name = (await _state(home, entity_id))["attributes"]["friendly_name"]
    room_id = next(room.room_id for room in tenant.rooms.values() if room.name == name)
    start = (tenant.clock() + _AHEAD).replace(second=0, microsecond=0) + timedelta(minutes=1)
    for booking in list(tenant.calendars.of(room_id)):
        if booking.start < start + timedelta(hours=2) and tenant.clock() < booking.end:
            tenant.cancel(booking.booking_id)
    tenant.book(room_id, start, start + timedelta(minutes=45))
    board = f"{home.url}/{dashboard.URL_PATH}"
    door = f"{board}/door-{entity_id.partition('.')[2]}"
    await page.set_viewport_size({"width": _SMALL["width"], "height": _SMALL["height"]})
    while _next_booking(await _state(home, entity_id)) != start:
        await home.post("/api/services/homeassistant/update_entity", {"entity_id": entity_id})
        await asyncio.sleep(1)
    await _open(page, board)
    frames = [await _frame(page)]
    await _open(page, door)
    await asyncio.sleep(max(0, (start - tenant.clock()).total_seconds() - _BEFORE))
    frames.append(await _frame(page))
    left = (start - tenant.clock()).total_seconds()
    if left < 0 or (await _state(home, entity_id))["state"] != "off":
        raise HomeAssistantError("the booking began before the pictures were taken")
    await asyncio.sleep(left + 1)
    frames.append(await _frame(page))
    await _open(page, board)
    frames.append(await _frame(page))
    palette = [frame.quantize(_COLORS) for frame in frames]
    palette[0].save(path, save_all=True, append_images=palette[1:], duration=list(_FRAMES), loop=0, optimize=True)


def _next_booking(state: Mapping[str, Any]) -> datetime | None:
    start = state["attributes"].get("next_busy_time")
    return datetime.fromisoformat(start) if start else None


async def _state(home: HomeAssistant, entity_id: str) -> Any:
    return await home.get(f"/api/states/{entity_id}")


async def _frame(page: Page) -> Image.Image:
    """Return a picture of the page below Home Assistant's header."""
    height = _SMALL["height"] - _HEADER
    shot = await page.screenshot(clip={"x": 0, "y": _HEADER, "width": _SMALL["width"], "height": height})
    return Image.open(BytesIO(shot)).convert("RGB")


def main() -> int:
    """Save all screenshots in docs/."""
    for language in ("en", "zh-Hans"):
        (_DOCS / f"app-{language}.svg").write_text(drawing(language), encoding="utf-8")
        asyncio.run(_make(language))
    return 0


if __name__ == "__main__":
    sys.exit(main())
