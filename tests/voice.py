"""What Assist is asked: by Home Assistant's own recognizer of sentences, or through its whole conversation agent.

Its fixtures are asked for with `pytest_plugins = ["tests.voice"]`. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, intent
from homeassistant.setup import async_setup_component
import pytest
import yaml

from custom_components.feishu_freebusy.assist.sentences import SENTENCES
from custom_components.feishu_freebusy.const import CONF_VOICE_SENTENCES, DOMAIN
from simulator import Room, Tenant
from tests.clock import Clock, SetUp
from tests.conftest import at

pytest_plugins = ["tests.clock"]

ASSIST = "conversation"
CHINESE = "zh-CN"  # the name of the sentences; Home Assistant's own language is zh-Hans

PARTS_OF_ASSIST = ["intent", "llm"] if find_spec("homeassistant.components.llm") else ["intent"]  # llm: from 2026.8 on

type Ask = Callable[..., Awaitable[str]]
type OpenOffice = Callable[..., Awaitable[None]]


@pytest.fixture
def config_dir(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Let the configuration lie in a folder of its own, to which sentences are written."""
    hass.config.config_dir = str(tmp_path)
    return tmp_path


@pytest.fixture
def ids(in_utc: None, tenant: Tenant) -> dict[str, str]:
    """Fill the tenant, and return the ids of its rooms. A301 is busy until 14:30, Orion from 15:00, Lyra is free."""
    tower = tenant.add_level("Tower A")
    third, fifth = (tenant.add_level(name, tower) for name in ("3F", "5F"))
    rooms = [
        tenant.add_room("A301", level=third, capacity=8),
        tenant.add_room("Orion", level=third, capacity=6),
        tenant.add_room("Lyra", level=third, capacity=4),
        tenant.add_room("Boardroom", level=fifth, capacity=20),
    ]
    ids = {room.name: room.room_id for room in rooms}
    tenant.book(ids["A301"], at(9), at(14, 30))
    tenant.book(ids["Orion"], at(15), at(16))
    tenant.book(ids["Boardroom"], at(9), at(11))
    return ids


@pytest.fixture
def open_office(hass: HomeAssistant, config_dir: Path, tenant: Tenant, clock: Clock, set_up: SetUp) -> OpenOffice:
    """Return what sets up rooms, by default all of the tenant, exposed to Assist; with its agent if asked for."""

    async def open_office(*rooms: Room, expose: bool = True, agent: bool = False, **options: Any) -> None:
        assert await async_setup_component(hass, "homeassistant", {})
        await set_up(*(rooms or tenant.rooms.values()), **{CONF_VOICE_SENTENCES: agent, **options})
        for domain in ["conversation"] if agent else PARTS_OF_ASSIST:
            assert await clock.run(async_setup_component(hass, domain, {}))
        await clock.settle()
        if expose:
            for entity in list(er.async_get(hass).entities.values()):
                if entity.platform == DOMAIN and entity.domain == Platform.BINARY_SENSOR:
                    async_expose_entity(hass, ASSIST, entity.entity_id, True)

    return open_office


@pytest.fixture
def ask(hass: HomeAssistant, clock: Clock) -> Ask:
    """Return what puts a question, by default in English, and returns what is spoken."""

    async def ask(question: str, language: str = "en") -> str:
        return said(await response_to(hass, clock, question, language))

    return ask


@pytest.fixture
def ask_agent(hass: HomeAssistant, clock: Clock) -> Ask:
    """Return the same by way of Home Assistant's whole conversation agent, which `open_office` sets up if asked to."""

    async def ask_agent(question: str, language: str = "en") -> str:
        return said(await agents_response_to(hass, clock, question, language))

    return ask_agent


@cache
def sentences(language: str) -> Any:
    """Return all that is understood in a language, Home Assistant's sentences and ours, merged as its agent does."""
    # Only now: Home Assistant itself would install these packages by then
    from hassil.intents import Intents  # noqa: PLC0415
    from hassil.util import merge_dict  # noqa: PLC0415
    from home_assistant_intents import get_intents  # noqa: PLC0415

    merged: dict[str, Any] = dict(get_intents(language) or {})
    for ours in our_sentences(language):
        for each in ours["intents"].values():
            for data in each["data"]:
                data["metadata"] = {"hass_custom_sentence": True}
        merge_dict(merged, ours)
    return Intents.from_dict(merged)


def our_sentences(language: str) -> list[dict[str, Any]]:
    """Return the files of our sentences in a language: questions, and what changes bookings."""
    files = [SENTENCES / f"{language}.yaml", *sorted(SENTENCES.glob(f"*/{language}.yaml"))]
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


def recognize(
    question: str, language: str, names: dict[str, str] | None = None
) -> tuple[str, dict[str, dict[str, Any]]] | None:
    """Return which intent a question is recognized as, with its slots; `names` of entities come with their domains."""
    from hassil.intents import TextSlotList  # noqa: PLC0415
    from hassil.recognize import recognize_best  # noqa: PLC0415

    known = [(name, name, {"domain": domain}) for name, domain in (names or {}).items()]
    found = recognize_best(
        question,
        sentences(language),
        slot_lists={
            "name": TextSlotList.from_tuples(known, name="name"),
            **{kind: TextSlotList.from_tuples([], name=kind) for kind in ("area", "floor")},
        },
        language=language,
        best_metadata_key="hass_custom_sentence",
        best_slot_name="name",
    )
    if found is None:
        return None
    return found.intent.name, {
        entity.name: {"value": entity.value, "text": entity.text or entity.value} for entity in found.entities_list
    }


async def response_to(hass: HomeAssistant, clock: Clock, question: str, language: str = "en") -> intent.IntentResponse:
    """Return what our intents respond to a question that is recognized as one of them."""
    recognized = recognize(question, "en" if language.startswith("en") else CHINESE)
    assert recognized, f"not understood: {question}"
    name, slots = recognized
    handling = intent.async_handle(hass, ASSIST, name, slots, question, language=language, assistant=ASSIST)
    return await clock.run(handling)


async def agents_response_to(
    hass: HomeAssistant, clock: Clock, question: str, language: str = "en"
) -> intent.IntentResponse:
    """Return all that comes of a question to the agent."""
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
    registry.async_update_entity(entity.entity_id, aliases=[*entity.aliases, *aliases])


def rename(hass: HomeAssistant, subject_id: str, name: str) -> None:
    """Give a device another name, as a user does."""
    device_id = entity_of(hass, subject_id).device_id
    assert device_id
    dr.async_get(hass).async_update_device(device_id, name_by_user=name)
