"""Live updates in a real Home Assistant: a booking made in Feishu is on a card within seconds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
import os
from statistics import median

from playwright.async_api import expect
import pytest
import pytest_asyncio

from demo.connect import DOMAIN, OPTIONS
from simulator import Booking, Simulator, Tenant
from tests.live.test_cards import Office, office, seconds_until, shoot, word
from tests.live.test_home_assistant import Day, until

__all__ = ["office"]
pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

SOON = 5.0  # seconds
POLLED = 100.0  # seconds; the interval between polls is a minute
RECONNECTED = 100.0
FLIPS = int(os.environ.get("LIVE_FLIPS", "10"))  # scripts/prove asks for more


@pytest_asyncio.fixture(loop_scope="session")
async def connected(office: Office, live_tenant: Tenant, live_simulator: Simulator) -> AsyncIterator[Office]:
    """Switch live updates on in the dialog, and off at the end."""
    (entry,) = [row for row in await office.home.get("/api/config/config_entries/entry") if row["domain"] == DOMAIN]

    day = Day(office.home, live_simulator)
    day.entry_id = entry["entry_id"]
    always = {"enabled": False, "start": "20:00:00", "end": "07:00:00"}
    await day.options("polling", {"scan_interval": 60, "off_hours": always})

    async def choose(*steps: str) -> str:
        flow = (await office.home.post(OPTIONS, {"handler": entry["entry_id"]}))["flow_id"]
        for step in steps:
            shown = await office.home.post(f"{OPTIONS}/{flow}", {"next_step_id": step})
        return str(shown.get("step_id"))

    assert await choose("live_updates", "live_on") == "live_no_event"
    assert len(live_tenant.push.connections) == 1
    yield office
    await choose("live_updates", "live_off")


async def test_a_booking_is_on_a_card_within_seconds(
    connected: Office, live_tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    room = next(iter(live_tenant.rooms.values()))
    took: list[float] = []
    async with connected.browser() as page:
        await page.goto(await connected.door(room))
        await expect(word(page)).to_have_text("Free")
        for _ in range(FLIPS // 2):
            now = datetime.now(UTC).replace(microsecond=0)
            booking = live_tenant.book(room.room_id, now, now + timedelta(hours=1))
            took.append(await seconds_until(word(page), "Busy"))
            await shoot(page, "live-updates")
            live_tenant.cancel(booking.booking_id)
            took.append(await seconds_until(word(page), "Free"))

    with capsys.disabled():
        print(f"\n{FLIPS} flips on a card: median {median(took):.1f} s, longest {max(took):.1f} s")  # noqa: T201
    assert median(took) < SOON, took
    assert live_tenant.push.violations == []


async def test_polls_replace_a_connection_that_is_dead(
    connected: Office, live_tenant: Tenant, live_simulator: Simulator
) -> None:
    room, home = list(live_tenant.rooms.values())[1], connected.home
    entity = connected.entities[room.name]

    async def state() -> str:
        return str((await home.get(f"/api/states/{entity}"))["state"])

    async def is_connected() -> bool:
        return bool(live_tenant.push.connections)

    def book() -> Booking:
        now = datetime.now(UTC).replace(microsecond=0)
        return live_tenant.book(room.room_id, now, now + timedelta(hours=1))

    # A zombie: it answers pings and sends no event
    for connection in live_tenant.push.connections:
        connection.state = "zombie"
    booking = book()
    await until(state, lambda shown: shown == "on", within=POLLED)

    # Unplugged while the booking is canceled; then everything is read
    await live_simulator.stop()
    live_tenant.cancel(booking.booking_id)
    await asyncio.sleep(5)
    await live_simulator.start()
    await until(state, lambda shown: shown == "off", within=POLLED)
    await until(is_connected, bool, within=RECONNECTED)
    booking = book()
    await until(state, lambda shown: shown == "on", within=2 * SOON)

    # A restart while the booking is canceled
    await home.stop()
    live_tenant.cancel(booking.booking_id)
    await connected.restart()
    await until(state, lambda shown: shown == "off", within=POLLED)
    await until(is_connected, bool, within=RECONNECTED)
    booking = book()
    await until(state, lambda shown: shown == "on", within=2 * SOON)
    live_tenant.cancel(booking.booking_id)
    await until(state, lambda shown: shown == "off", within=2 * SOON)
