"""Booking in a person's name: who may, a request that waits in the calendar, and its result in the logbook."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import os
from typing import Any

from playwright.async_api import expect
import pytest
import pytest_asyncio

from demo.browser import logged_in
from demo.connect import DOMAIN, Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import BookingRules, Simulator, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.live.conftest import ENTRIES
from tests.live.test_actions import name_of
from tests.live.test_browser import TIMEOUT_MS, Flow

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

FLOW = "/api/config/config_entries/flow"
STEP = ("options", "step", "actions")


@pytest_asyncio.fixture(loop_scope="session")
async def tablet(home: HomeAssistant, live_tenant: Tenant) -> AsyncIterator[str]:
    """Add a user without rights of an administrator, and restore the tenant afterwards."""
    live_tenant.consents.device_interval = 1
    live_tenant.grant(*BOOKING_SCOPES)
    created = await home.command({"type": "config/auth/create", "name": "Tablet", "group_ids": ["system-users"]})
    user_id: str = created["user"]["id"]
    yield user_id
    await home.command({"type": "config/auth/delete", "user_id": user_id})
    live_tenant.agenda.rules.clear()
    live_tenant.consents.device_interval = 5
    live_tenant.consents.chains.clear()


async def link(home: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_id: str) -> str:
    """Link the first person with a device code, and return their open_id."""
    step = await home.post(FLOW, {"handler": DOMAIN, "entry_id": entry_id})
    path = f"{FLOW}/{step['flow_id']}"
    await home.post(path, {"next_step_id": "link"})
    await home.post(path, {"accounts_url": simulator.base_url, "app_secret": tenant.app_secret})
    await home.post(path, {"next_step_id": "device"})
    await home.post(path, {})
    open_id = next(iter(tenant.users))
    tenant.consents.decide_device(tenant.consents.devices[-1].user_code, open_id, allow=True)
    while (await home.get(path))["type"] != "form":  # noqa: ASYNC110  # another process says when
        await asyncio.sleep(0.3)
    assert (await home.post(path, {}))["reason"] == "person_linked"
    return open_id


async def set_up_again(home: HomeAssistant, entry_id: str) -> None:
    """Wait until the entry is set up with buttons, after booking was switched on."""
    async with asyncio.timeout(60):
        is_loaded = has_buttons = False
        while not (is_loaded and has_buttons):
            await asyncio.sleep(0.1)
            is_loaded = {each["entry_id"]: each["state"] for each in await home.get(ENTRIES)}[entry_id] == "loaded"
            has_buttons = any(each["entity_id"].startswith("button.") for each in await home.get("/api/states"))


async def test_a_request_waits_in_the_calendar_and_its_result_is_in_the_logbook(
    home: HomeAssistant, live_simulator: Simulator, live_tenant: Tenant, credentials: Credentials, tablet: str
) -> None:
    entry_id = await add_integration(home, credentials, plan="paid", max_rooms=2)
    open_id = await link(home, live_simulator, live_tenant, entry_id)
    rooms = await room_states(home)
    names = [name_of(state) for state in rooms]
    by_name = {each.name: each.room_id for each in live_tenant.rooms.values()}
    room_ids = [by_name[name] for name in names]
    live_tenant.agenda.rules |= {room_id: BookingRules(approval=True) for room_id in room_ids}
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

    async def request(room_id: str) -> Any:
        times = {"start": start.isoformat(), "duration": "00:30:00"}
        how = {"identity": "person", "approval_reason": "Interview"}
        path = f"/api/services/{DOMAIN}/book_room?return_response"
        return (await home.post(path, {"room_id": room_id, **times, **how}))["service_response"]

    chromium, view = os.environ["LIVE_CHROMIUM"], {"width": 1000, "height": 1400}
    async with logged_in(home, chromium, "zh-Hans", viewport=view) as page:
        flow = Flow(page, "zh-Hans")
        await flow.open_options(home.url, "actions")
        await flow.sees(*STEP, "data", "person_users")
        await flow.sees(*STEP, "data_description", "person_users")
    async with logged_in(home, chromium, "en", viewport=view) as page:
        page.set_default_timeout(TIMEOUT_MS)
        flow = Flow(page, "en")
        await flow.open_options(home.url, "actions")
        await flow.sees(*STEP, "data", "person_users")
        await page.locator("ha-selector-boolean").first.click()
        users = page.locator("ha-selector-select")
        await users.get_by_text("Add").click()
        await page.get_by_text("Tablet").locator("visible=true").last.click()
        await expect(users.get_by_text("Tablet")).to_be_visible()
        await flow.shoot("user-chosen")
        await flow.submit()
        await expect(page.locator("step-flow-create-entry")).to_be_visible(timeout=TIMEOUT_MS)
        await set_up_again(home, entry_id)

        # A user may book a room only once a minute
        assert [(await request(room_id))["status"] for room_id in room_ids] == ["waiting_for_approval"] * 2
        events = live_tenant.agenda.events.values()  # also of other tests
        owners = [each.owner for each in events if each.start == start and each.guests.keys() & room_ids]
        assert owners == [open_id, open_id]
        await page.goto(f"{home.url}/calendar")
        waits = page.get_by_text("Requested: ").locator("visible=true")
        await expect(waits).to_have_count(2)
        await flow.shoot("calendar-waits")

        for room_id, approve in zip(room_ids, (True, False), strict=True):
            live_tenant.agenda.decide(room_id, approve=approve)
        entity_ids = [state["entity_id"] for state in rooms]
        await home.post("/api/services/homeassistant/update_entity", {"entity_id": entity_ids})
        await page.goto(f"{home.url}/logbook")
        for result in ("the request was approved", "the request was declined"):
            await expect(page.get_by_text(result).first).to_be_visible()
        await flow.shoot("logbook")
        await page.goto(f"{home.url}/calendar")
        await expect(page.get_by_text(names[0], exact=True).locator("visible=true").last).to_be_visible()
        await expect(waits).to_have_count(0)
        await flow.shoot("calendar-decided")
