"""The steps for live updates in a browser, in both languages."""

import os

import pytest

from demo.browser import logged_in
from demo.connect import DOMAIN, Credentials, add_integration
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from simulator.push import Act
from tests.live.test_browser import TIMEOUT_MS, Flow

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STEP = ("options", "step")


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_live_updates_are_switched_on_in_a_browser(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, language: str
) -> None:
    credentials = Credentials(live_simulator.base_url, live_tenant.app_id, live_tenant.app_secret)
    await add_integration(home, credentials, plan="free", max_rooms=2)
    view = {"width": 1000, "height": 900}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Flow(page, language)

        async def choose(step: str, option: str, *, then: str) -> None:
            await flow.choose(*STEP, step, "menu_options", option)
            await flow.sees(*STEP, then, "title")

        await page.goto(f"{home.url}/config/integrations/integration/{DOMAIN}")
        await page.locator("ha-config-entry-row ha-icon-button").nth(1).click()
        await flow.sees(*STEP, "init", "menu_options", "live_updates")
        await choose("init", "live_updates", then="live_updates")
        other = live_tenant.push.open("another")
        await choose("live_updates", "live_on", then="live_others")
        live_tenant.push.gone(other, cleanly=True)
        await choose("live_others", "live_on_anyway", then="live_no_event")
        live_tenant.push.limit = 0
        live_tenant.push.drop(Act.RST)
        await choose("live_no_event", "live_check", then="live_too_many")
        live_tenant.push.limit = 50
        await choose("live_too_many", "live_check", then="live_no_event")
        live_tenant.push.room_changed(next(iter(live_tenant.rooms)), "book")
        await choose("live_no_event", "live_check", then="live_works")
        await flow.choose(*STEP, "live_works", "menu_options", "live_off")
