"""The steps for live updates in a browser, in both languages."""

import os

import pytest

from demo.browser import logged_in
from demo.connect import Credentials, add_integration
from demo.home_assistant import HomeAssistant
from simulator import Tenant
from simulator.push import Act
from tests.live.test_browser import TIMEOUT_MS, Flow

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STEP = ("options", "step")


@pytest.mark.family
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_live_updates_are_switched_on_in_a_browser(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant, language: str
) -> None:
    await add_integration(home, credentials, plan="free", max_rooms=2)
    view = {"width": 1000, "height": 900}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Flow(page, language)

        async def choose(step: str, option: str, *, then: str) -> None:
            await flow.choose(*STEP, step, "menu_options", option)
            await flow.sees(*STEP, then, "title")

        await flow.open_options(home.url, "live_updates")
        await flow.sees(*STEP, "live_updates", "title")
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
