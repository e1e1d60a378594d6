"""Home Assistant's own conversation agent, which is spoken to.

Its fixtures are asked for with `pytest_plugins = ["tests.voice"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, intent
from homeassistant.setup import async_setup_component
import pytest

from custom_components.feishu_freebusy.const import CONF_VOICE_SENTENCES, DOMAIN
from simulator import Room, Tenant
from tests.clock import Clock, SetUp

pytest_plugins = ["tests.clock"]

ASSIST = "conversation"

type Ask = Callable[..., Awaitable[str]]
type OpenOffice = Callable[..., Awaitable[None]]


@pytest.fixture
def config_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Let the configuration lie in a folder of its own, to which sentences are written."""
    hass.config.config_dir = str(tmp_path)
    return tmp_path


@pytest.fixture
def open_office(hass: HomeAssistant, config_dir: Path, tenant: Tenant, clock: Clock, set_up: SetUp) -> OpenOffice:
    """Return what sets up rooms, by default all of the tenant, exposed to an Assist that can be spoken to."""

    async def open_office(*rooms: Room, expose: bool = True, **options: Any) -> None:
        assert await async_setup_component(hass, "homeassistant", {})
        await set_up(*(rooms or tenant.rooms.values()), **{CONF_VOICE_SENTENCES: True, **options})
        assert await clock.run(async_setup_component(hass, "conversation", {}))
        await clock.settle()
        if expose:
            for entity in list(er.async_get(hass).entities.values()):
                if entity.platform == DOMAIN and entity.domain == Platform.BINARY_SENSOR:
                    async_expose_entity(hass, ASSIST, entity.entity_id, True)

    return open_office


@pytest.fixture
def ask(hass: HomeAssistant, clock: Clock) -> Ask:
    """Return what puts a question, in English where no other language is named, and returns the answer."""

    async def ask(question: str, language: str = "en") -> str:
        return said(await response_to(hass, clock, question, language))

    return ask


async def response_to(hass: HomeAssistant, clock: Clock, question: str, language: str = "en") -> intent.IntentResponse:
    """Return all that comes of a question."""
    # Only now: it wants packages that Home Assistant itself would install by then
    from homeassistant.components.conversation import async_converse  # noqa: PLC0415

    result = await clock.run(async_converse(hass, question, None, Context(), language))
    response: intent.IntentResponse = result.response
    return response


def said(response: intent.IntentResponse) -> str:
    """Return what is spoken."""
    return str(response.speech["plain"]["speech"])


def entity_of(hass: HomeAssistant, subject_id: str) -> er.RegistryEntry:
    """Return the main entity of a room or a person."""
    entities = er.async_get(hass).entities.values()
    return next(entity for entity in entities if entity.unique_id.endswith(f"_{subject_id}_busy"))


def call(hass: HomeAssistant, subject_id: str, *aliases: str) -> None:
    """Give aliases to the main entity of a room or a person."""
    registry = er.async_get(hass)
    entity = entity_of(hass, subject_id)
    kind: Any = type(entity.aliases)  # a set until 2026.3, then a list
    registry.async_update_entity(entity.entity_id, aliases=kind([*entity.aliases, *aliases]))


def rename(hass: HomeAssistant, subject_id: str, name: str) -> None:
    """Give a device another name, as a user does."""
    device_id = entity_of(hass, subject_id).device_id
    assert device_id
    dr.async_get(hass).async_update_device(device_id, name_by_user=name)
