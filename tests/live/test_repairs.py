"""The repairs in a browser: the problem, a link to the page that fixes it, and a button that checks again."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
from typing import Any

from playwright.async_api import Locator, Page, expect
import pytest
import pytest_asyncio

from demo.browser import logged_in
from demo.connect import DOMAIN, Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations"
SHOTS = os.environ.get("LIVE_SCREENSHOTS")
TIMEOUT_MS = 60_000
LANGUAGES = ("en", "zh-Hans")
FREE_BUSY = "calendar:calendar.free_busy:read"
SUBMIT = {"en": "Submit", "zh-Hans": "提交"}  # texts of Home Assistant itself


@dataclass
class Dialog:
    """The dialog of an issue. Expected texts come from the translation files."""

    page: Page
    language: str
    key: str

    def __post_init__(self) -> None:
        """Load the translations."""
        texts = json.loads((TRANSLATIONS / f"{self.language}.json").read_text(encoding="utf-8"))
        self.texts: dict[str, Any] = texts["issues"][self.key]

    @property
    def box(self) -> Locator:
        """The dialog."""
        return self.page.locator("dialog-data-entry-flow")

    def text(self, *path: str) -> str:
        """Return the longest part of a text's first line without placeholders and Markdown."""
        value: Any = self.texts
        for key in path:
            value = value[key]
        return max(re.split(r"\{\w+\}|[*`\[\]()]", str(value).split("\n")[0]), key=len).strip()

    async def open(self, url: str) -> None:
        """Open the dialog from the list of repairs."""
        await self.page.goto(f"{url}/config/repairs")
        await self.page.get_by_text(self.text("title")).first.click(timeout=TIMEOUT_MS)
        step = next(iter(self.texts["fix_flow"]["step"]))
        await self.sees("fix_flow", "step", step, "description")

    async def sees(self, *path: str) -> None:
        """Wait until a text is visible."""
        await expect(self.box.get_by_text(self.text(*path)).first).to_be_visible(timeout=TIMEOUT_MS)

    async def links_to(self, address: str) -> None:
        """Wait until a link to this page is visible."""
        await expect(self.box.locator(f'a[href^="{address}"]').first).to_be_visible(timeout=TIMEOUT_MS)

    async def press(self, name: str) -> None:
        """Press a button or select a menu item."""
        await self.box.get_by_text(name, exact=True).first.click(timeout=TIMEOUT_MS)

    async def shoot(self, name: str) -> None:
        """Save a screenshot if LIVE_SCREENSHOTS is set."""
        if SHOTS:
            await self.page.wait_for_timeout(500)
            await self.page.screenshot(path=f"{SHOTS}/{name}-{self.language}.png", animations="disabled")


@pytest_asyncio.fixture(loop_scope="session")
async def simulator() -> AsyncIterator[Simulator]:
    """Serve a separate tenant."""
    tenant = Tenant(app_id="cli_a1b2c3d4e5f60010", app_name="Repairs", seed=10)
    for number in range(3):
        tenant.add_room(f"Room {number}")
    async with Simulator(tenant) as running:
        yield running


@dataclass(frozen=True)
class Cause:
    """A cause of an issue: its translation key, how to cause it, and the page that the dialog links to."""

    key: str
    begin: Callable[[Tenant], object]
    page: str = ""


CAUSES = (
    Cause("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY), f"/auth?q={FREE_BUSY}"),
    Cause("bot_disabled", lambda tenant: setattr(tenant, "bot_enabled", False), "/bot"),
    Cause("ip_denied", lambda tenant: setattr(tenant, "ip_allowed", False), "/safe"),
    Cause("quota_exceeded", lambda tenant: setattr(tenant, "quota_left", 0)),
)


def fix(tenant: Tenant) -> None:
    """Remove all causes."""
    tenant.grant(FREE_BUSY)
    tenant.bot_enabled = tenant.ip_allowed = tenant.app_enabled = True
    tenant.quota_left = None


async def issues(home: HomeAssistant) -> list[str]:
    """Return the translation keys of our issues."""
    found = await home.command({"type": "repairs/list_issues"})
    return [issue["translation_key"] for issue in found["issues"] if issue["domain"] == DOMAIN]


async def test_each_issue_links_to_its_fix_and_ends_after_a_check(home: HomeAssistant, simulator: Simulator) -> None:
    """In both languages; the link leads to the app's own page; the button detects the fix."""
    tenant = simulator.tenant
    credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
    entry_id = await add_integration(home, credentials, plan="paid", max_rooms=3)
    app = f"{simulator.base_url}/app/{tenant.app_id}"
    for language in LANGUAGES:
        view = {"width": 1000, "height": 900}
        async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
            for cause in CAUSES:
                dialog = Dialog(page, language, cause.key)
                cause.begin(tenant)
                await home.post(f"/api/config/config_entries/entry/{entry_id}/reload", {})
                assert await until(lambda: issues(home), bool) == [cause.key]
                await dialog.open(home.url)
                if cause.page:
                    await dialog.links_to(f"{app}{cause.page}")
                await dialog.shoot(cause.key)
                if "init" in dialog.texts["fix_flow"]["step"]:
                    await dialog.press(dialog.text("fix_flow", "step", "init", "menu_options", "check"))
                else:
                    await dialog.press(SUBMIT[language])
                await dialog.sees("fix_flow", "error", "still")
                await dialog.shoot(f"{cause.key}-still")
                fix(tenant)
                await dialog.press(SUBMIT[language])
                assert await until(lambda: issues(home), lambda found: not found) == []
            states = await until(lambda: room_states(home), lambda rows: len(rows) == 3)
            assert {row["state"] for row in states} == {"off"}
