"""The room card at every size: nothing overlaps, no word is cut without an ellipsis, every key fits a finger. And axe.

The cards are laid out in a page of their own, without a Home Assistant. `layout.js` looks for the faults.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright, expect
import pytest
import pytest_asyncio

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

LAYOUT = Path(__file__).with_name("layout.js").read_text()
BUNDLE = Path(__file__).parents[2] / "custom_components" / "feishu_freebusy" / "frontend" / "feishu-freebusy.js"
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
NOW = datetime(2026, 11, 23, 10, 10, tzinfo=UTC)

# Pixels. The columns of a section on a phone (344 wide) and on a desktop (500 wide), with gaps of 8
WIDTHS = (80, 109, 161, 227, 288, 331, 500)
HEIGHTS = tuple(56 * rows + 8 * (rows - 1) for rows in range(1, 9))
PANELS = (
    *((360, 584), (390, 788), (800, 1224), (768, 968)),
    *((640, 304), (844, 334), (1024, 544), (768, 744), (1280, 744), (1920, 1024), (1920, 1080)),
)
# Sizes at which the stand-in for container queries is compared with these
ALIKE = {
    "grid": [(80, 56), (109, 184), (161, 120), (227, 248), (331, 312), (500, 440)],
    "panel": [(390, 788), (1280, 744)],
}
PIXELS = 1.5
LOGO = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 3 1'/%3E"
REFUSAL = "Großer Konferenzraum is booked until 11:00. Kleiner Konferenzraum am Innenhof is free for all of that time."


def at(minutes: int) -> str:
    """Return the time `minutes` after the time of the cards."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


TITLES = {"titles": True}
LABELS: list[dict[str, Any]] = [
    {
        "start": -30,
        "end": 50,
        "title": "Quarterly review of the roadmap for Großkunden",
        "organizer": "Alexandra Example",
    },
    {"start": 110, "end": 230, "title": "季度业务复盘会议", "organizer": None},
]


def case(
    state: str, *, requests: int = 0, press: str = "", config: dict[str, Any] | None = None, **attributes: Any
) -> dict[str, Any]:
    """Return a room with its card. Attributes are minutes from now.

    `press`: the "first" or "last" key is pressed, or the key to "turn" the page.
    """
    times = {name: at(value) if isinstance(value, int) else value for name, value in attributes.items()}
    bookings = ((-100, -40), (110, 230), (300, 330), (1500, 1560))
    place = {"building": "Tower A", "floor": "3F", "capacity": 8}
    known = {
        **place,
        "pending": requests,
        "bookings": [{"start": at(start), "end": at(end)} for start, end in bookings],
    }
    titles = [{**label, "start": at(label["start"]), "end": at(label["end"])} for label in LABELS]
    known |= {"titles": titles} if (config or {}).get("titles") else {}
    named = {"friendly_name": "Großer Konferenzraum", **({} if state == "unavailable" else known), **times}
    return {"state": state, "attributes": named, "config": {"actions": True, **(config or {})}, "press": press}


CASES = {
    "free": case("off", next_busy_time=110, friendly_name="Orion", config={"actions": False}),
    "requested": case("off", next_busy_time=110, requests=2),
    "soon": case("off", next_busy_time=8, next_free_time=68, friendly_name="Orion"),
    "busy": case("on", busy_until=50, next_busy_time=110, next_free_time=230, requests=1, config={"actions": False}),
    "changeable": case("on", busy_until=50, next_busy_time=110, friendly_name="观云", config={"link": True}),
    "linked": case("off", next_busy_time=110, config={"link": True, "actions": False}),
    "titled": case("on", busy_until=50, next_busy_time=110, friendly_name="Orion", config=TITLES | {"actions": False}),
    "named": case("on", busy_until=5, next_busy_time=110, next_free_time=230, requests=1, config=TITLES),
    "ending": case("on", busy_until=5, friendly_name="Orion"),
    "long": case("on", busy_until=1400),
    "disabled": case("on", busy_until=900, disabled_reason="Projector broken, the repair comes tomorrow"),
    "unknown": case("unavailable"),
    "refused": case("off", next_busy_time=110, press="first"),
    "asked": case("on", busy_until=50, next_busy_time=110, press="last"),
    "invited": case("off", next_busy_time=110, config={"qr": True}),
    "invited, busy": case("on", busy_until=50, next_busy_time=110, config={"qr": True, "actions": False}),
    "with a logo": case("off", next_busy_time=110, config={"logo": LOGO, "free_color": "#b7e4c7", "background": LOGO}),
    "tomorrow": case("off", next_busy_time=110, config={"actions": False}, press="turn"),
    "mono": case("off", next_busy_time=110, config={"monochrome": True}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page() -> AsyncIterator[Page]:
    """Yield a page with the cards."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=os.environ["LIVE_CHROMIUM"], args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1920, "height": 1080}, timezone_id="UTC")
        await page.clock.set_fixed_time(NOW)
        body = "margin: 0; font: 14px Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
        await page.set_content(f"<!doctype html><title>Cards</title><style>body {{ {body} }}</style>")
        await page.add_script_tag(path=BUNDLE, type="module")
        yield page
        await browser.close()


async def faults(page: Page, layout: str, language: str, sizes: Iterable[tuple[float, float]]) -> list[str]:
    """Lay out the cards of all cases in these sizes and return what is wrong."""
    found: list[str] = await page.evaluate(
        LAYOUT,
        {"cases": CASES, "sizes": list(sizes), "language": language, "layout": layout, "refusal": REFUSAL},
    )
    return found


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_card_in_a_section_is_clean_at_every_size(page: Page, language: str) -> None:
    sizes = [(width, height) for width in WIDTHS for height in HEIGHTS]
    assert await faults(page, "grid", language, sizes) == []


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_panel_is_clean_on_every_screen(page: Page, language: str) -> None:
    assert await faults(page, "panel", language, PANELS) == []


async def test_axe_finds_no_problem_in_keys_questions_and_dialogs(page: Page) -> None:
    await page.add_script_tag(path=AXE)
    await faults(page, "panel", "en", [(1024, 700)])
    assert await axe(page) == []
    await faults(page, "grid", "en", [(344, 248)])
    for name in ("requested", "changeable", "refused", "asked"):
        await page.locator(f"#{name} .open").click()
        assert await axe(page) == []
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog[open]")).to_have_count(0)


async def axe(page: Page) -> list[str]:
    """Return what axe finds in the cards."""
    found: list[str] = await page.evaluate(
        """async () => {
          const { violations } = await axe.run([...document.querySelectorAll("feishu-room-card")]);
          return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
        }"""
    )
    return found


async def test_a_card_that_is_too_small_has_faults(page: Page) -> None:
    """The search for faults finds some."""
    found = " ".join(await faults(page, "grid", "en", [(30, 40), (320, 30)]))
    assert "is cut" in found
    assert "leaves the card" in found


@pytest.mark.parametrize("layout", ALIKE)
async def test_cards_without_container_queries_are_laid_out_alike(page: Page, layout: str) -> None:
    boxes = [await boxes_of(page, layout, is_old=is_old) for is_old in (True, False)]
    assert boxes[0].keys() == boxes[1].keys()
    assert len(boxes[0]) > 100
    different = {
        name: (box, boxes[1][name])
        for name, box in boxes[0].items()
        if any(abs(one - other) > PIXELS for one, other in zip(box, boxes[1][name], strict=True))
    }
    assert different == {}


async def boxes_of(page: Page, layout: str, *, is_old: bool) -> dict[str, list[float]]:
    """Lay out the cards and return the boxes of all their visible elements."""
    await page.evaluate("(isOld) => { CSS.supports = () => !isOld; }", is_old)
    assert await faults(page, layout, "en", ALIKE[layout]) == []
    assert await page.locator("feishu-room-card > style").count() == (len(CASES) * len(ALIKE[layout]) if is_old else 0)
    found: dict[str, Any] = await page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("feishu-room-card")].flatMap((card, number) => {
          const edge = card.getBoundingClientRect();
          return [...card.shadowRoot.querySelectorAll("ha-card *")].map((element, index) => {
            const { left, top, width, height } = element.getBoundingClientRect();
            const isShown = width > 0 && height > 0;
            const box = isShown ? [left - edge.left, top - edge.top, width, height] : [0, 0, 0, 0];
            const id = card.parentElement.id;
            return [`${id} ${number} ${element.localName}.${element.getAttribute("class")} ${index}`, box];
          });
        }))"""
    )
    return found
