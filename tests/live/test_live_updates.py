"""Live updates in a real Home Assistant: a booking made in Feishu is on a card within seconds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from statistics import median

from playwright.async_api import expect
import pytest
import pytest_asyncio

from demo.connect import DOMAIN, OPTIONS
from simulator import Tenant
from tests.live.test_cards import Office, office, seconds_until, shoot, word

__all__ = ["office"]
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

SOON = 5.0  # seconds
TIMES = 5


@pytest_asyncio.fixture(loop_scope="session")
async def connected(office: Office, live_tenant: Tenant) -> AsyncIterator[Office]:  # it is a fixture
    """Switch live updates on in the dialog, and off at the end."""
    (entry,) = [row for row in await office.home.get("/api/config/config_entries/entry") if row["domain"] == DOMAIN]

    async def choose(*steps: str) -> str:
        flow = (await office.home.post(OPTIONS, {"handler": entry["entry_id"]}))["flow_id"]
        for step in steps:
            shown = await office.home.post(f"{OPTIONS}/{flow}", {"next_step_id": step})
        return str(shown.get("step_id"))

    assert await choose("live_updates", "live_on") == "live_no_event"
    assert len(live_tenant.push.connections) == 1
    yield office
    await choose("live_updates", "live_off")


async def test_a_booking_is_on_a_card_within_seconds(connected: Office, live_tenant: Tenant) -> None:
    room = next(iter(live_tenant.rooms.values()))
    took: list[float] = []
    async with connected.browser() as page:
        await page.goto(await connected.door(room))
        await expect(word(page)).to_have_text("Free")
        for _ in range(TIMES):
            now = datetime.now(UTC).replace(microsecond=0)
            booking = live_tenant.book(room.room_id, now, now + timedelta(hours=1))
            took.append(await seconds_until(word(page), "Busy"))
            await shoot(page, "live-updates")
            live_tenant.cancel(booking.booking_id)
            took.append(await seconds_until(word(page), "Free"))

    assert median(took) < SOON, took
    assert live_tenant.push.violations == []
