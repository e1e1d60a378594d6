"""The room card at every size: nothing overlaps, no word is cut without an ellipsis, every key fits a finger.

The cards are laid out in a page of their own, without a Home Assistant. `layout.js` looks for the faults.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
import pytest
import pytest_asyncio

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

LAYOUT = Path(__file__).with_name("layout.js").read_text()
BUNDLE = Path(__file__).parents[2] / "custom_components" / "feishu_freebusy" / "frontend" / "feishu-freebusy.js"
NOW = datetime(2026, 11, 23, 10, 10, tzinfo=UTC)

# Pixels. A section has 12 columns with gaps of 8; a row has 56 and a gap of 8
PHONE, WIDE = 344, 500
COLUMNS = (3, 4, 6, 8, 12)
PANELS = (
    *((360, 584), (390, 788), (800, 1224), (768, 968)),
    *((640, 304), (844, 334), (1024, 544), (768, 744), (1280, 744), (1920, 1024), (1920, 1080)),
)
REFUSAL = "Großer Konferenzraum is booked until 11:00. Kleiner Konferenzraum am Innenhof is free for all of that time."


def at(minutes: int) -> str:
    """Return the time `minutes` after the time of the cards."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def case(
    state: str, *, requests: int = 0, press: str = "", config: dict[str, Any] | None = None, **attributes: Any
) -> dict[str, Any]:
    """Return a room with its card. `press`: the "first" or "last" key is pressed. Attributes are minutes from now."""
    times = {name: at(value) if isinstance(value, int) else value for name, value in attributes.items()}
    bookings = ((-100, -40), (110, 230), (300, 330), (1500, 1560))
    place = {"building": "Tower A", "floor": "3F", "capacity": 8}
    known = {
        **place,
        "pending": requests,
        "bookings": [{"start": at(start), "end": at(end)} for start, end in bookings],
    }
    named = {"friendly_name": "Großer Konferenzraum", **({} if state == "unavailable" else known), **times}
    return {"state": state, "attributes": named, "config": {"actions": True, **(config or {})}, "press": press}


CASES = {
    "free": case("off", next_busy_time=110, friendly_name="Orion", config={"actions": False}),
    "requested": case("off", next_busy_time=110, requests=2),
    "soon": case("off", next_busy_time=8, next_free_time=68, friendly_name="Orion"),
    "busy": case("on", busy_until=50, next_busy_time=110, next_free_time=230, requests=1, config={"actions": False}),
    "changeable": case("on", busy_until=50, next_busy_time=110, friendly_name="观云"),
    "ending": case("on", busy_until=5, friendly_name="Orion"),
    "long": case("on", busy_until=1400),
    "disabled": case("on", busy_until=900, disabled_reason="Projector broken, the repair comes tomorrow"),
    "unknown": case("unavailable"),
    "refused": case("off", next_busy_time=110, press="first"),
    "asked": case("on", busy_until=50, next_busy_time=110, press="last"),
    "mono": case("off", next_busy_time=110, config={"monochrome": True}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page() -> AsyncIterator[Page]:
    """Yield a page with the cards."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=os.environ["LIVE_CHROMIUM"], args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1920, "height": 1080}, timezone_id="UTC")
        await page.clock.install(time=NOW)
        fonts = "Roboto, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
        await page.set_content(f"<!doctype html><style>body {{ margin: 0; font: 14px {fonts} }}</style>")
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
@pytest.mark.parametrize("section", [PHONE, WIDE])
async def test_a_card_in_a_section_is_clean_at_every_size(page: Page, section: int, language: str) -> None:
    column = (section - 11 * 8) / 12
    widths = [columns * column + 8 * (columns - 1) for columns in COLUMNS]
    heights = [56 * rows + 8 * (rows - 1) for rows in range(1, 9)]
    sizes = [(width, height) for width in widths for height in heights]
    assert await faults(page, "grid", language, sizes) == []


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
async def test_a_panel_is_clean_on_every_screen(page: Page, language: str) -> None:
    assert await faults(page, "panel", language, PANELS) == []


async def test_a_card_that_is_too_small_has_faults(page: Page) -> None:
    """The search for faults finds some."""
    found = " ".join(await faults(page, "grid", "en", [(30, 40), (320, 30)]))
    assert "is cut" in found
    assert "leaves the card" in found
