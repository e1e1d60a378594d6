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
BEFORE = {"booking_starts_soon": 10, "booking_ends_soon": 5}  # seconds
CHANGES = ("booking_made", "booking_moved", "booking_extended", "booking_shortened", "booking_canceled")
KEYS = (*CHANGES, "booking_starts_soon", "became_busy", "booking_ends_soon", "became_free", "became_available")
OPTIONS = {key: {"before": f"00:00:{seconds:02}"} for key, seconds in BEFORE.items()}
OPTIONS["became_available"] = {"duration": "00:30:00"}
CONDITIONS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "became_busy": [("is_busy", {})],
    "booking_ends_soon": [("booking_ends_soon", {"duration": "00:00:10"})],
    "became_free": [("is_free", {})],
    "became_available": [("is_available", {"duration": "01:00:00"})],
}
CLICKED = "Built by clicking"
LATE = 0.5  # seconds


@pytest.mark.family
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


IN_A_FIELD = """() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused?.tagName === "INPUT";
}"""


async def click_together(office: Office, room: str) -> str:
    """Build an automation in the editor: three triggers, and a condition that stops the last one. Return its id."""
    texts = json.loads((TRANSLATIONS / "en.json").read_text(encoding="utf-8"))
    async with office.browser() as page:

        async def add(kind: str, key: str) -> None:
            name = texts[kind][key]["name"]
            await page.get_by_role("button", name=ADD["en"][kind]).first.click()
            await page.get_by_role("textbox").or_(page.get_by_role("searchbox")).first.fill(name)
            await page.get_by_text(name, exact=True).first.click()
            await page.get_by_role("button", name="Add target").click()
            await page.wait_for_function(IN_A_FIELD)  # elsewhere, keys are shortcuts
            await page.keyboard.type(room)
            await page.locator("[role=option]", has_text="Binary sensor").first.click()
            if seconds := BEFORE.get(key):
                fields = page.locator("ha-automation-sidebar ha-base-time-input input")
                entered = {1: 0, 2: seconds}
                # A field that is drawn again meanwhile loses what was typed
                while {number: int(await fields.nth(number).input_value()) for number in entered} != entered:
                    for number, value in entered.items():
                        await fields.nth(number).fill(str(value))
                        await fields.nth(number).press("Tab")
                        await page.evaluate("() => new Promise(requestAnimationFrame)")

        await page.goto(f"{office.home.url}/config/automation/edit/new")
        for key in ("became_busy", "booking_ends_soon", "became_free"):
            await add("triggers", key)
        await add("conditions", "is_busy")
        await shoot(page, "automation-clicked")
        await page.get_by_role("button", name="Save").click()
        dialog = page.locator("ha-dialog")
        await dialog.get_by_role("textbox").first.fill(CLICKED)
        await dialog.get_by_role("button", name="Save").last.click()
        await page.wait_for_url(lambda url: not url.endswith("/new"))
        return page.url.rpartition("/")[2]


async def test_triggers_fire_at_the_second(office: Office) -> None:
    room = list(office.tenant.rooms.values())[2]
    target = {"entity_id": office.entities[room.name]}
    later, hour = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=4), timedelta(hours=1)
    moved, extended, shortened, canceled = (
        office.tenant.book(room.room_id, later + 3 * number * hour, later + (3 * number + 1) * hour)
        for number in range(4)
    )
    await office.home.post("/api/services/homeassistant/update_entity", target)
    clicked = await click_together(office, room.name)
    config = await office.home.get(f"/api/config/automation/config/{clicked}")
    assert config["triggers"][1]["options"] == {"before": {"hours": 0, "minutes": 0, "seconds": 5}}
    for key in KEYS:
        trigger = {"trigger": f"{DOMAIN}.{key}", "target": target, "options": OPTIONS.get(key, {})}
        conditions = [
            {"condition": f"{DOMAIN}.{name}", "target": target, "options": options}
            for name, options in CONDITIONS.get(key, [])
        ]
        automation = {"alias": key, "triggers": [trigger], "conditions": conditions, "actions": []}
        await office.home.post(f"/api/config/automation/config/{key}", automation)
    fired: list[tuple[str, datetime]] = []

    async def listen() -> None:
        async for event in office.home.events("automation_triggered"):
            note = (event["data"]["name"], datetime.fromisoformat(event["time_fired"]))
            fired.append(note)

    listener = asyncio.create_task(listen())
    while not fired:
        await office.home.post("/api/services/automation/trigger", {"entity_id": f"automation.{KEYS[0]}"})
        await asyncio.sleep(0.1)
    changed_at = datetime.now(UTC)
    start = changed_at.replace(microsecond=0) + timedelta(seconds=30)
    end = start + timedelta(seconds=15)
    office.tenant.book(room.room_id, start, end)
    office.tenant.move(moved.booking_id, moved.start + hour, moved.end + hour)
    office.tenant.move(extended.booking_id, extended.start, extended.end + hour)
    office.tenant.move(shortened.booking_id, shortened.start, shortened.end - hour / 2)
    office.tenant.cancel(canceled.booking_id)
    await office.home.post("/api/services/homeassistant/update_entity", target)
    await asyncio.sleep((end - datetime.now(UTC)).total_seconds() + 2)
    listener.cancel()
    for automation_id in (*KEYS, clicked):
        await office.home.delete(f"/api/config/automation/config/{automation_id}")

    found = [each for each in fired if each[1] >= changed_at]
    before, on_time = found[: len(CHANGES)], found[len(CHANGES) :]
    assert sorted(key for key, _ in before) == sorted(CHANGES)
    assert max(at for _, at in before) < start
    due = {
        start - timedelta(seconds=10): {"booking_starts_soon"},
        start: {"became_busy", CLICKED},
        end - timedelta(seconds=5): {"booking_ends_soon", CLICKED},
        end: {"became_free", "became_available"},  # the condition stops the automation that was built by clicking
    }
    at_instants = {
        instant: {key for key, at in on_time if 0 <= (at - instant).total_seconds() < LATE} for instant in due
    }
    assert at_instants == due
    assert len(on_time) == sum(map(len, due.values()))
