"""The config flow in a browser, in both languages."""

from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect
import pytest

from demo.browser import logged_in
from demo.connect import DOMAIN, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations"
SHOTS = os.environ.get("LIVE_SCREENSHOTS")
TIMEOUT_MS = 60_000  # an upper limit for slow machines
TEXT_FIELDS = ("app_id", "app_secret")

# Texts of Home Assistant itself
OK = {"en": "OK", "zh-Hans": "确定"}
SUBMIT = {"en": "Submit", "zh-Hans": "提交"}
ADD = {"en": "Add", "zh-Hans": "添加"}
FINISH = {"en": "Skip and finish", "zh-Hans": "跳过并完成"}


@dataclass
class Flow:
    """The dialog of the flow. Expected texts come from the translation files."""

    page: Page
    language: str

    def __post_init__(self) -> None:
        """Load the translations."""
        self.texts: dict[str, Any] = json.loads((TRANSLATIONS / f"{self.language}.json").read_text())
        self.taken = 0

    @property
    def form(self) -> Locator:
        """The current form."""
        return self.page.locator("step-flow-form")

    def text(self, *path: str) -> str:
        """Return a text up to its first placeholder or link."""
        value: Any = self.texts
        for key in path:
            value = value[key]
        return str(value).split("{")[0].split("[")[0].strip()

    async def open(self, url: str) -> None:
        """Open the flow as an "add integration" link does."""
        await self.page.goto(f"{url}/config/integrations/dashboard/add?domain={DOMAIN}")
        await self.page.get_by_role("button", name=OK[self.language], exact=True).click()
        await self.sees("config", "step", "user", "description")

    async def open_options(self, url: str, option: str) -> None:
        """Open the options of the entry, and choose from their menu."""
        await self.page.goto(f"{url}/config/integrations/integration/{DOMAIN}")
        await self.page.locator("ha-config-entry-row ha-icon-button").nth(1).click()
        path = ("options", "step", "init", "menu_options", option)
        await self.sees(*path)
        await self.choose(*path)

    async def sees(self, *path: str) -> None:
        """Wait until a text is visible."""
        await expect(self.page.get_by_text(self.text(*path)).first).to_be_visible(timeout=TIMEOUT_MS)
        await self.shoot(path[2])

    async def shoot(self, name: str) -> None:
        """Save a screenshot if LIVE_SCREENSHOTS is set."""
        if SHOTS:
            self.taken += 1
            await self.page.screenshot(
                path=f"{SHOTS}/flow-{self.language}-{self.taken:02}-{name}.png", animations="disabled"
            )

    async def enter_service(self, address: str) -> None:
        """Type the address of a private deployment into the list of services."""
        await self.form.locator("ha-selector-select").first.click()
        picker = self.page.locator("ha-picker-combo-box")
        await picker.locator("input").first.fill(address)
        await picker.get_by_text(address).last.click()
        # Until the field shows it, the form forgets what is typed into other fields
        await expect(self.form.get_by_role("button", name=address)).to_be_visible(timeout=TIMEOUT_MS)

    async def fill(self, field: str, value: str) -> None:
        """Type into a text field of the first form."""
        label = self.text("config", "step", "user", "data", field)
        await expect(self.form.get_by_text(label).first).to_be_visible(timeout=TIMEOUT_MS)
        await self.form.locator("ha-selector-text input").nth(TEXT_FIELDS.index(field)).fill(value)

    async def submit(self) -> None:
        """Submit the form."""
        await self.page.get_by_role("button", name=SUBMIT[self.language], exact=True).click()

    async def choose(self, *path: str) -> None:
        """Choose from a menu."""
        await self.page.get_by_text(self.text(*path), exact=True).first.click()

    async def connect(self, simulator: Simulator, tenant: Tenant) -> None:
        """Fill in and submit the first form."""
        await self.enter_service(simulator.base_url)
        await self.fill("app_id", tenant.app_id)
        await self.fill("app_secret", tenant.app_secret)
        await self.submit()

    async def add_room(self, name: str) -> None:
        """Search for a room in the list and select it."""
        await self.page.get_by_role("button", name=ADD[self.language], exact=True).first.click()
        # Wait for the search field: without focus, letters trigger keyboard shortcuts of Home Assistant
        await self.page.locator("ha-picker-combo-box input").first.fill(name)
        await self.page.get_by_text(f"{name} ·").last.click()


async def be_refused(flow: Flow, simulator: Simulator, tenant: Tenant) -> None:
    """Submit the first form to a server that does not answer, with a wrong secret, and from a refused IP address."""
    await flow.enter_service("http://127.0.0.1:9")
    await flow.fill("app_id", tenant.app_id)
    await flow.fill("app_secret", "wrong")
    await flow.submit()
    await flow.sees("config", "error", "cannot_connect")

    await flow.enter_service(simulator.base_url)
    await flow.fill("app_secret", "wrong")
    await flow.submit()
    await flow.sees("config", "error", "invalid_auth")

    tenant.ip_allowed = False
    await flow.fill("app_secret", tenant.app_secret)
    await flow.submit()
    await flow.sees("config", "error", "ip_denied")


@pytest.mark.family
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_set_up_recovers_from_every_wrong_turn(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, language: str
) -> None:
    """Each wrong turn shows its reason in the user's language, and the same dialog goes on from there."""
    view = {"width": 1000, "height": 1100}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Flow(page, language)
        await flow.open(home.url)
        await be_refused(flow, live_simulator, live_tenant)

        live_tenant.ip_allowed, live_tenant.bot_enabled = True, False
        await flow.fill("app_secret", live_tenant.app_secret)
        await flow.submit()
        await flow.sees("config", "step", "access", "title")
        await flow.submit()
        await flow.sees("config", "error", "not_enough_access")

        live_tenant.bot_enabled = True
        live_tenant.revoke("vc:room:readonly", "calendar:room:readonly")
        await flow.submit()
        await flow.sees("config", "step", "access_optional", "menu_options", "check_again")

        await page.goto("about:blank")  # the tab is closed in the middle
        await flow.open(home.url)
        await flow.connect(live_simulator, live_tenant)
        await flow.sees("config", "step", "access_optional", "menu_options", "check_again")
        await expect(page.get_by_text("C, D")).to_be_visible(timeout=TIMEOUT_MS)
        live_tenant.grant("calendar:room:readonly")
        await flow.choose("config", "step", "access_optional", "menu_options", "check_again")
        await expect(page.get_by_text("A, B, D")).to_be_visible(timeout=TIMEOUT_MS)
        await flow.choose("config", "step", "access_optional", "menu_options", "continue_without")
        await flow.sees("config", "error", "may_not_list")

        live_tenant.grant("vc:room:readonly")
        await flow.submit()
        await flow.sees("config", "step", "rooms", "data", "room_levels")
        rooms = list(live_tenant.rooms.values())[:2]
        for room in rooms:
            await flow.add_room(room.name)
        await flow.shoot("rooms-chosen")
        await flow.submit()
        await flow.sees("config", "create_entry", "created")
        found = page.locator("step-flow-create-entry a")
        await expect(found).to_have_count(3, timeout=TIMEOUT_MS)
        links = [await link.get_attribute("href") for link in await found.all()]
        assert [str(link).rpartition("/")[2] for link in links] == ["dashboards", DOMAIN, "assistants"]
        await page.goto(f"{home.url}{links[0]}")
        await expect(page.locator("ha-config-lovelace-dashboards ha-button").last).to_be_visible(timeout=TIMEOUT_MS)
        await flow.shoot("dashboards")
    states = await room_states(home)
    assert {state["attributes"]["friendly_name"] for state in states} == {room.name for room in rooms}
