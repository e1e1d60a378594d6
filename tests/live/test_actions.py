"""Booking from the page of a device in a browser, in both languages, after the switch and its permissions."""

from datetime import UTC, datetime, timedelta
import os

from playwright.async_api import expect
import pytest

from demo.browser import logged_in
from demo.connect import Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Tenant
from tests.live.test_browser import TIMEOUT_MS, Flow
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

STEP = ("options", "step")
CALENDAR = "calendar:calendar"
SCOPES = [f"{CALENDAR}:read", *(f"{CALENDAR}.event:{each}" for each in ("create", "update", "read", "delete"))]
BUTTON = ("entity", "button")
PRESS = {"en": "Press", "zh-Hans": "按下"}  # Home Assistant's


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_room_is_booked_extended_and_ended_on_the_page_of_its_device(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant, language: str
) -> None:
    await add_integration(home, credentials, plan="paid", max_rooms=1)
    (room,) = await room_states(home)
    half_an_hour = timedelta(minutes=30)
    view = {"width": 1000, "height": 1400}
    async with logged_in(home, os.environ["LIVE_CHROMIUM"], language, viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow, names = Flow(page, language), Flow(page, "en")  # entities have names in the language of the server
        await flow.open_options(home.url, "actions")
        await flow.sees(*STEP, "actions", "data", "book")
        await page.locator("ha-selector-boolean").first.click()
        await flow.submit()
        await flow.sees(*STEP, "actions_missing", "title")
        live_tenant.grant(*SCOPES)
        await flow.choose(*STEP, "actions_missing", "menu_options", "actions_check")
        await expect(page.locator("step-flow-create-entry")).to_be_visible(timeout=TIMEOUT_MS)
        await flow.shoot("saved")

        registry = await home.command({"type": "config/entity_registry/list"})
        device = next(row["device_id"] for row in registry if row["entity_id"] == room["entity_id"])
        await page.goto(f"{home.url}/config/devices/device/{device}")

        async def press(key: str) -> None:
            row = page.locator("hui-button-entity-row", has_text=names.text(*BUTTON, key, "name"))
            button = row.get_by_role("button", name=PRESS[language])
            await expect(button).to_be_enabled(timeout=TIMEOUT_MS)
            await flow.shoot(key)
            await button.click()

        async def state() -> str:
            return str((await home.get(f"/api/states/{room['entity_id']}"))["state"])

        async def lengths() -> list[timedelta]:
            now = datetime.now(UTC)
            return [each.end - each.start for each in live_tenant.bookings.values() if each.end > now]

        await press("book")
        await until(state, lambda shown: shown == "on", within=TIMEOUT_MS / 1000)
        assert await lengths() == [half_an_hour]
        await press("extend")
        await until(
            lengths, lambda all_of_them: all_of_them == [half_an_hour, half_an_hour / 2], within=TIMEOUT_MS / 1000
        )
        await press("end")
        await until(state, lambda shown: shown == "off", within=TIMEOUT_MS / 1000)
        assert await lengths() == []
        await flow.shoot("ended")
