"""A browser that is logged in to a temporary Home Assistant, by default as its owner. Needs Playwright and Chromium."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any, Final

from playwright.async_api import Page, async_playwright

from .home_assistant import HomeAssistant

# Chromium's sandbox does not work as root. The other flags keep Chromium from contacting Google
_FLAGS: Final = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update")
_NEVER: Final = 4_102_444_800_000  # milliseconds


@asynccontextmanager
async def logged_in(home: HomeAssistant, chromium: str, language: str, **context: Any) -> AsyncIterator[Page]:
    """Yield a page in `language`; `context` holds options of the browser context (viewport, color_scheme, ...).

    `token` among them is the access token of another user.
    """
    token = context.pop("token", home.token)
    tokens = {"access_token": token, "token_type": "Bearer", "expires_in": 86_400, "refresh_token": ""}
    tokens |= {"hassUrl": home.url, "clientId": f"{home.url}/", "expires": _NEVER}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        session = await browser.new_context(locale=language, **({"reduced_motion": "reduce"} | context))
        for key, value in (("hassTokens", tokens), ("selectedLanguage", language)):
            await session.add_init_script(f"localStorage.setItem({key!r}, {json.dumps(json.dumps(value))})")
        yield await session.new_page()
        await browser.close()
