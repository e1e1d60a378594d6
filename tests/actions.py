"""The integration's actions, performed as automations and people do.

Its fixtures are asked for with `pytest_plugins = ["tests.actions"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

from collections.abc import Awaitable, Callable
import json
from string import Formatter
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Room
from tests.clock import Clock, device_of
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]

BOTH = {"book": True, "release": True}  # options: everything that changes bookings is allowed

type Perform = Callable[..., Awaitable[Any]]


@pytest.fixture
def perform(hass: HomeAssistant, clock: Clock) -> Perform:
    """Return a function that performs an action and returns its response, which must be JSON."""

    async def perform(action: str, *, context: Context | None = None, **data: Any) -> Any:
        work = hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True, context=context)
        response = await clock.run(work)
        assert json.loads(json.dumps(response)) == response
        return response

    return perform


async def error_of(work: Awaitable[object]) -> HomeAssistantError:
    """Return the error with which an action fails. Its text exists in all languages."""
    with pytest.raises(HomeAssistantError) as raised:
        await work
    assert texts_of(raised.value)
    return raised.value


async def refused(perform: Perform, action: str, **data: Any) -> str | None:
    """Return the key of the text with which an action is refused."""
    return (await error_of(perform(action, **data))).translation_key


def texts_of(error: HomeAssistantError) -> dict[str, str]:
    """Return what an error says, in each language."""
    assert error.translation_domain == DOMAIN
    said = {}
    for language, texts in TEXTS.items():
        text = texts["exceptions"][error.translation_key]["message"]
        named = error.translation_placeholders or {}
        assert all(named[name] for _, name, _, _ in Formatter().parse(text) if name)
        said[language] = text.format(**named)
    return said


def of_device(hass: HomeAssistant, room: Room) -> str:
    """Return the id of a room's device."""
    device = device_of(hass, room)
    assert device
    return device.id
