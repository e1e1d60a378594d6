"""Makes the pictures of the READMEs, in both languages: the demo's dashboard.

scripts/pictures
"""

import asyncio
import os
from pathlib import Path
import sys
import tempfile

from playwright.async_api import Page

from simulator import Simulator
from simulator.office import office

from . import dashboard
from .browser import logged_in
from .connect import Credentials, add_integration, room_states
from .home_assistant import HomeAssistant
from .life import wake_up

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_PORT = 8137
_ZONE = "Asia/Shanghai"
_SETTLED = 4_000  # milliseconds: fonts and icons are there


async def _make(language: str) -> None:
    tenant = office(rooms=12)
    wake_up(tenant, seed=4)
    with tempfile.TemporaryDirectory() as folder:
        home = HomeAssistant(Path(folder), _PORT, language, _ZONE, os.environ["LIVE_PYTHON"])
        async with Simulator(tenant) as simulator, home:
            await home.onboard()
            credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
            await add_integration(home, credentials, plan="paid", most_rooms=12)
            states = await room_states(home)
            address = await dashboard.add_dashboard(home, states)
            view = {"viewport": {"width": 1180, "height": 650}, "timezone_id": _ZONE}
            async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, **view) as page:
                await _shoot(page, address, f"dashboard-{language}")


async def _shoot(page: Page, address: str, name: str) -> None:
    await page.goto(address)
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(_SETTLED)
    await page.screenshot(path=_DOCS / f"{name}.png")


def main() -> int:
    """Make them all."""
    _DOCS.mkdir(exist_ok=True)
    for language in ("en", "zh-Hans"):
        asyncio.run(_make(language))
    return 0


if __name__ == "__main__":
    sys.exit(main())
