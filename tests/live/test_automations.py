"""The triggers and conditions in a real Home Assistant: the editor offers them, and they fire at the right second."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from playwright.async_api import expect
import pytest

from demo.connect import DOMAIN
from tests.live.test_cards import Office, office, shoot

__all__ = ["office"]
pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / DOMAIN / "translations"
ADD = {  # Home Assistant's own words
    "en": {"triggers": "Add trigger", "conditions": "Add condition"},
    "zh-Hans": {"triggers": "添加触发条件", "conditions": "添加条件"},
}
KEYS = ("booking_made", "booking_starts_soon", "became_busy", "booking_ends_soon", "became_free")
LATE = 0.5  # seconds
OPTIONS = {"booking_starts_soon": {"before": "00:00:10"}, "booking_ends_soon": {"before": "00:00:05"}}


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_the_editor_offers_our_triggers_and_conditions(office: Office, language: str) -> None:
    texts = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
    async with office.browser(language) as page:
        for kind, button in ADD[language].items():
            await page.goto(f"{office.home.url}/config/automation/edit/new")
            await page.get_by_role("button", name=button).first.click()
            search = page.get_by_role("textbox").or_(page.get_by_role("searchbox")).first
            for each in texts[kind].values():
                await search.fill(each["name"])
                await expect(page.get_by_text(each["description"], exact=True).first).to_be_visible()
            await shoot(page, f"automation-{kind}-{language}")


async def test_triggers_fire_at_the_second(office: Office) -> None:
    room = list(office.tenant.rooms.values())[2]
    target = {"entity_id": office.entities[room.name]}
    for key in KEYS:
        trigger = {"trigger": f"{DOMAIN}.{key}", "target": target, "options": OPTIONS.get(key, {})}
        action = {"event": "fired", "event_data": {"by": key}}
        automation = {"alias": key, "triggers": [trigger], "actions": [action]}
        await office.home.post(f"/api/config/automation/config/{key}", automation)
    fired: list[tuple[str, datetime]] = []

    async def listen() -> None:
        async for event in office.home.events("fired"):
            note = (event["data"]["by"], datetime.fromisoformat(event["time_fired"]))
            fired.append(note)

    listener = asyncio.create_task(listen())
    while not fired:
        await office.home.post("/api/events/fired", {"by": "the test"})
        await asyncio.sleep(0.1)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    end = start + timedelta(seconds=15)
    office.tenant.book(room.room_id, start, end)
    await office.home.post("/api/services/homeassistant/update_entity", target)
    await asyncio.sleep((end - datetime.now(UTC)).total_seconds() + 2)
    listener.cancel()
    for key in KEYS:
        await office.home.delete(f"/api/config/automation/config/{key}")

    (made, at), *others = [each for each in fired if each[0] in KEYS]
    assert made == "booking_made"
    assert at < start
    due = {
        "booking_starts_soon": start - timedelta(seconds=10),
        "became_busy": start,
        "booking_ends_soon": end - timedelta(seconds=5),
        "became_free": end,
    }
    assert [key for key, _ in others] == list(due)
    late = {key: (at - due[key]).total_seconds() for key, at in others}
    assert {key: seconds for key, seconds in late.items() if not 0 <= seconds < LATE} == {}
