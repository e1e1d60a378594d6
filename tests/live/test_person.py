"""A person is linked in a browser, on the pages of the simulated accounts server, and an app is made by scanning."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
import os
import re

from playwright.async_api import Page, expect
import pytest
import pytest_asyncio

from demo.browser import logged_in
from demo.connect import DOMAIN, OPTIONS, Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from simulator.push.messages import TOKEN_REVOKED
from tests.live.test_browser import SHOTS, TIMEOUT_MS, Flow
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STEP = ("config", "step")
LANGUAGES = ["en", "zh-Hans"] if SHOTS else ["zh-Hans"]  # one is enough to see that the pages follow each other


@dataclass
class Link(Flow):
    """The dialog that links a person."""

    async def shoot(self, name: str) -> None:
        """Save a screenshot once texts in Markdown are there, which come late."""
        if SHOTS:
            await self.page.wait_for_timeout(500)
        await super().shoot(name)

    async def open_ways(self, url: str, choice: str = "link") -> None:
        """Open the reconfiguration, and continue to the ways to sign in."""
        await self.page.goto(f"{url}/config/integrations/integration/{DOMAIN}")
        row = self.page.locator("ha-config-entry-row")
        await row.locator("ha-dropdown ha-icon-button").first.click()
        await row.locator("ha-dropdown-item[value=reconfigure]").first.click()
        await self.sees(*STEP, "reconfigure", "menu_options", choice)
        text = self.text(*STEP, "reconfigure", "menu_options", choice)
        await self.page.locator("step-flow-menu").get_by_text(text).first.click()

    async def name_server(self, simulator: Simulator, tenant: Tenant) -> None:
        """Enter where the people of the simulated tenant sign in."""
        await self.sees(*STEP, "accounts", "data", "accounts_url")
        await self.form.locator("ha-selector-text input").nth(0).fill(simulator.base_url)
        await self.form.locator("ha-selector-text input").nth(1).fill(tenant.app_secret)
        await self.shoot("accounts")
        await self.submit()
        await self.sees(*STEP, "link", "menu_options", "sign_in")

    async def leave(self, tenant: Tenant, decision: str, name: str = "", *, step: str = "link") -> Page:
        """Register the URL that the dialog shows, go to Feishu's page, and decide there."""
        await self.choose(*STEP, step, "menu_options", "sign_in")
        await self.sees(*STEP, "sign_in", "title")
        registered = await self.form.locator("pre").first.inner_text()
        tenant.consents.redirect_urls = {registered.strip()}
        async with self.page.context.expect_page() as opened:
            await self.submit()
        popup = await opened.value
        await self.decide(popup, decision, name)
        return popup

    async def decide(self, popup: Page, decision: str, name: str = "") -> None:
        """Decide on Feishu's page, as this person."""
        if name:
            await popup.get_by_role("combobox").select_option(name)
        await popup.locator(f"#{decision}").click()

    async def ends(self, reason: str) -> None:
        """See the last page, and close the dialog."""
        await expect(self.page.get_by_text(self.text("config", "abort", reason))).to_be_visible(timeout=TIMEOUT_MS)
        await self.shoot(reason)
        await self.page.keyboard.press("Escape")


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def quick_pages(live_tenant: Tenant) -> AsyncIterator[None]:
    """Ask for a poll each second. Forget all consents afterwards."""
    consents, registrations = live_tenant.consents, live_tenant.registrations
    app_name, subscribed = live_tenant.app_name, set(live_tenant.push.subscribed)
    consents.device_interval = registrations.interval = 1
    yield
    consents.device_interval = registrations.interval = 5
    consents.redirect_urls = None
    consents.chains.clear()
    live_tenant.app_name = app_name
    live_tenant.push.subscribed = subscribed
    live_tenant.variants.granted_scopes = "all"
    live_tenant.variants.registration_scopes = "asked"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_person_is_linked_replaced_and_unlinked(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, credentials: Credentials, language: str
) -> None:
    await add_integration(home, credentials, plan="paid", max_rooms=2)
    states = [(state["state"], state["last_changed"]) for state in await room_states(home)]
    people = [user.name for user in live_tenant.users.values()]
    view = {"width": 1000, "height": 1200}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Link(page, language)

        # Declined
        await flow.open_ways(home.url)
        await flow.name_server(live_simulator, live_tenant)
        await flow.leave(live_tenant, "deny")
        await flow.ends("sign_in_denied")

        # An error that stays on Feishu's page, then one scope is missing
        live_tenant.variants.granted_scopes = "one_missing"
        await flow.open_ways(home.url)
        await flow.name_server(live_simulator, live_tenant)
        popup = await flow.leave(live_tenant, "\\32 0029")
        await expect(popup.locator("#error")).to_be_visible()
        await flow.shoot("external")
        await popup.go_back()
        await flow.decide(popup, "allow", people[0])
        await flow.sees(*STEP, "confirm_missing", "title")
        await expect(page.get_by_text(people[0]).first).to_be_visible()
        await expect(page.get_by_text("vc:room:readonly")).to_be_visible()
        await flow.submit()
        await flow.ends("person_linked")

        # Another person
        live_tenant.variants.granted_scopes = "all"
        await flow.open_ways(home.url, "relink")
        await flow.name_server(live_simulator, live_tenant)
        await link_by_code(flow, *people[:2])

        await flow.open_ways(home.url, "unlink")
        await flow.sees(*STEP, "unlink", "title")
        await flow.submit()
        await flow.ends("person_unlinked")
    assert [(state["state"], state["last_changed"]) for state in await room_states(home)] == states
    assert {chain.open_id: chain.revoked for chain in live_tenant.consents.chains}[list(live_tenant.users)[1]]


async def close(popup: Page) -> None:
    """Close Feishu's page once it has the decision: a page that is closed earlier may not send it."""
    await expect(popup.get_by_text("Done")).to_be_visible(timeout=TIMEOUT_MS)
    await popup.close()


async def link_by_code(flow: Link, linked: str, name: str) -> None:
    """Sign in with a device code, as another person than the linked one."""
    page, progress = flow.page, flow.page.locator("step-flow-progress")
    await flow.choose(*STEP, "link", "menu_options", "device")
    await flow.sees(*STEP, "device", "title")
    await flow.submit()
    await expect(progress.locator("ha-qr-code canvas")).to_be_visible(timeout=TIMEOUT_MS)
    await flow.shoot("device-code")
    async with page.context.expect_page() as opened:
        await progress.locator("a").click()
    popup = await opened.value
    await expect(popup.get_by_text(await progress.locator("strong").inner_text())).to_be_visible()
    await flow.decide(popup, "allow", name)
    await close(popup)
    await expect(page.get_by_text(re.compile(f"{linked}.*{name}")).first).to_be_visible(timeout=TIMEOUT_MS)
    await flow.shoot("other-person")
    await page.locator("step-flow-menu ha-list-item, step-flow-menu ha-list-item-button").first.click()
    await flow.sees(*STEP, "confirm", "title")
    await flow.submit()
    await flow.ends("person_linked")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_app_is_made_by_scanning_with_two_scopes_missing(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, language: str
) -> None:
    view = {"width": 1000, "height": 1200}
    live_tenant.variants.registration_scopes = "two_missing"
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Link(page, language)
        await flow.open(home.url)

        await scan(flow, live_simulator, "deny")
        await flow.sees("config", "error", "scan_denied")
        await scan(flow, live_simulator, "allow", again=True)

        await expect(page.get_by_text(flow.text(*STEP, "access", "title")).first).to_be_visible(timeout=TIMEOUT_MS)
        await flow.shoot("checklist")


async def scan(flow: Link, simulator: Simulator, decision: str, *, again: bool = False) -> None:
    """Fill in the first form without an app, and decide on the page of the code."""
    if not again:
        await flow.enter_service(simulator.base_url)
    await flow.form.locator("ha-selector-boolean ha-switch, ha-selector-boolean ha-checkbox").click()
    await flow.shoot("first-form")
    await flow.submit()
    await flow.sees(*STEP, "scan_accounts", "data", "accounts_url")
    await flow.form.locator("ha-selector-text input").fill(simulator.base_url)
    await flow.submit()
    progress = flow.page.locator("step-flow-progress")
    await expect(progress.locator("ha-qr-code canvas")).to_be_visible(timeout=TIMEOUT_MS)
    await flow.shoot("scan")
    async with flow.page.context.expect_page() as opened:
        await progress.locator("a").click()
    popup = await opened.value
    await flow.decide(popup, decision)
    await close(popup)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_revoked_link_asks_for_a_new_sign_in(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, credentials: Credentials, language: str
) -> None:
    """Feishu tells of it at once, and Home Assistant says why."""
    entry_id = await add_integration(home, credentials, plan="paid", max_rooms=1)
    live_tenant.push.subscribed.add(TOKEN_REVOKED)
    live_tenant.grant("auth:user_access_token:read")
    options = (await home.post(OPTIONS, {"handler": entry_id}))["flow_id"]
    for step in ("live_updates", "live_on"):
        await home.post(f"{OPTIONS}/{options}", {"next_step_id": step})
    open_id, user = next(iter(live_tenant.users.items()))
    await link_over_the_api(home, entry_id, live_simulator, live_tenant, open_id)

    live_tenant.consents.revoke_person(open_id)

    view = {"width": 1000, "height": 1200}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Link(page, language)
        await page.goto(f"{home.url}/config/integrations/dashboard")
        await page.locator("ha-config-flow-card ha-button").first.click()
        await expect(page.get_by_text(user.name).first).to_be_visible(timeout=TIMEOUT_MS)
        await flow.sees(*STEP, "person_revoked", "menu_options", "sign_in")
        await flow.leave(live_tenant, "allow", user.name, step="person_revoked")
        await flow.sees(*STEP, "confirm", "title")
        await flow.submit()
        await flow.ends("person_linked")
    assert {chain.revoked for chain in live_tenant.consents.chains if chain.open_id == open_id} == {True, False}


async def link_over_the_api(
    home: HomeAssistant, entry_id: str, simulator: Simulator, tenant: Tenant, open_id: str
) -> None:
    """Link a person with a device code, without a browser."""
    url = "/api/config/config_entries/flow"
    step = await home.post(url, {"handler": DOMAIN, "entry_id": entry_id})
    server = {"accounts_url": simulator.base_url, "app_secret": tenant.app_secret}
    for answer in ({"next_step_id": "link"}, server, {"next_step_id": "device"}, {}):
        step = await home.post(f"{url}/{step['flow_id']}", answer)
    tenant.consents.decide_device(step["description_placeholders"]["code"], open_id, allow=True)
    step = await until(lambda: home.get(f"{url}/{step['flow_id']}"), lambda shown: shown["type"] == "form")
    assert (await home.post(f"{url}/{step['flow_id']}", {}))["reason"] == "person_linked"
