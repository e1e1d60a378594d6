"""Booking on the page of a device and in the calendar panel, in both languages, with the switch and its permissions."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import os
from typing import Any

from playwright.async_api import Page, TimeoutError as PlaywrightTimeoutError, expect
import pytest

from demo.browser import logged_in
from demo.connect import Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Tenant
from tests.live.delays import Delays
from tests.live.test_browser import TIMEOUT_MS, Flow

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SOON_MS = 5_000  # then again
STEP = ("options", "step")
CALENDAR = "calendar:calendar"
SCOPES = [f"{CALENDAR}:read", *(f"{CALENDAR}.event:{each}" for each in ("create", "update", "read", "delete"))]
BUTTON = ("entity", "button")
# Texts of Home Assistant itself
PRESS = {"en": "Press", "zh-Hans": "按下"}
EVENTS = {"en": ("Add event", "Delete event", "Delete"), "zh-Hans": ("添加事件", "删除事件", "删除")}


def name_of(state: Mapping[str, Any]) -> str:
    """Return the name of an entity."""
    return str(state["attributes"]["friendly_name"])


@pytest.mark.family
@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_rooms_are_booked_on_the_page_of_a_device_and_in_the_calendar(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant, language: str
) -> None:
    await add_integration(home, credentials, plan="paid", max_rooms=2)
    # The calendar panel proposes the first one. A user may book a room only once a minute
    first, room = await room_states(home)
    by_name = {each.name: each for each in live_tenant.rooms.values()}
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

        def lengths() -> list[timedelta]:
            now = datetime.now(UTC)
            return [each.end - each.start for each in live_tenant.bookings.values() if each.end > now]

        delays = Delays(home, live_tenant, by_name[name_of(room)], room["entity_id"], f"device page, {language}")
        await delays.of(lambda: press("book"), "book", bookings=1)
        assert lengths() == [half_an_hour]
        await delays.of(lambda: press("extend"), "extend", bookings=2)
        assert lengths() == [half_an_hour, half_an_hour / 2]
        await delays.of(lambda: press("end"), "end", bookings=0)
        assert lengths() == []
        await flow.shoot("ended")

        delays = Delays(home, live_tenant, by_name[name_of(first)], first["entity_id"], f"calendar panel, {language}")
        await book_and_delete_in_the_calendar(page, flow, delays)


async def book_and_delete_in_the_calendar(page: Page, flow: Flow, delays: Delays) -> None:
    """Add an event to the calendar of a room in the calendar panel, and delete it."""
    await page.goto(f"{delays.home.url}/calendar")
    add_event, delete_event, sure = EVENTS[flow.language]
    editor, detail = (page.locator(f"dialog-calendar-event-{each}") for each in ("editor", "detail"))

    async def add() -> None:
        await page.get_by_role("button", name=add_event).click()
        await editor.locator(".summary input").fill("Visit")
        await flow.shoot("calendar-add")
        await editor.get_by_role("button", name=add_event).click()

    async def delete() -> None:
        event = page.get_by_text(delays.room.name, exact=True).locator("visible=true").last
        button = detail.get_by_role("button", name=delete_event)
        while not await button.is_visible():  # a click is lost while the panel draws its events again
            with suppress(PlaywrightTimeoutError):
                await event.click(timeout=SOON_MS)
                await button.wait_for(timeout=SOON_MS)
        await flow.shoot("calendar-delete")
        await button.click()
        await page.get_by_role("button", name=sure, exact=True).click()

    await delays.of(add, "book", bookings=1)
    await delays.of(delete, "end", bookings=0)
