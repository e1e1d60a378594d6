"""Wait until a person has opened a page on another device: to sign in, or to register an app."""

import asyncio
from collections.abc import Awaitable, Callable
from html import escape

from ..feishu.errors import ErrorDetails, NotReachableError, RateLimitedError, ServerError
from ..feishu.grants import DeviceCode, GrantError, GrantProblem

_sleep = asyncio.sleep
_TEMPORARY = (NotReachableError, RateLimitedError, ServerError)


async def wait_for_person[T](device: DeviceCode, poll: Callable[[DeviceCode], Awaitable[T | None]]) -> T:
    """Poll until there is a result, and return it. A temporary failure is not the end.

    Raises `GrantError`: the person refused, the code is too old, or Feishu refuses the app.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + device.lifetime
    while loop.time() < end:
        await _sleep(device.interval)
        try:
            if (result := await poll(device)) is not None:
                return result
        except _TEMPORARY:
            continue
    raise GrantError(GrantProblem.EXPIRED, ErrorDetails(msg="nobody agreed in time"))


def device_placeholders(device: DeviceCode) -> dict[str, str]:
    """Return the placeholders of the page that waits. Home Assistant's Markdown draws the QR code of the link."""
    # A long address needs a dense code: the lowest level of error correction keeps it legible
    code = f'<ha-qr-code data="{escape(device.url)}" scale="4" error-correction-level="low"></ha-qr-code>'
    return {"url": device.url, "code": device.user_code, "qr": code}
