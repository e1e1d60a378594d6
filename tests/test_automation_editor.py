"""What the automation editor is told about our triggers and conditions, and that it accepts what it makes of it."""

import json
from pathlib import Path
import re
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import validate_selector
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.feishu_freebusy.condition import CONDITIONS
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.trigger import TRIGGERS
from simulator import Room, Tenant
from tests.clock import Clock, SetUp, busy_id, device_of
from tests.conftest import at
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]

COMPONENT = Path(__file__).parents[1] / "custom_components" / DOMAIN
KINDS: dict[str, tuple[str, ...]] = {"trigger": tuple(TRIGGERS), "condition": tuple(CONDITIONS)}
KEYS = [(kind, key) for kind, known in KINDS.items() for key in known]


def described(kind: str) -> dict[str, Any]:
    """Return the descriptions of the triggers or conditions in their file, without the shared parts."""
    content = load_yaml_dict(str(COMPONENT / f"{kind}s.yaml"))
    return {key: value for key, value in content.items() if not key.startswith(".")}


def defaults(kind: str, key: str) -> dict[str, Any]:
    """Return the options as the editor fills them in."""
    return {name: field["default"] for name, field in described(kind)[key].get("fields", {}).items()}


# The files


@pytest.mark.parametrize("kind", KINDS)
def test_descriptions_texts_and_icons_name_the_same_keys(kind: str) -> None:
    icons = json.loads((COMPONENT / "icons.json").read_text(encoding="utf-8"))[f"{kind}s"]
    sources = [described(kind), icons, *(texts[f"{kind}s"] for texts in TEXTS.values())]

    assert [sorted(source) for source in sources] == [sorted(KINDS[kind])] * len(sources)
    assert [re.fullmatch("mdi:[a-z-]+", icon[kind]) is None for icon in icons.values()] == [False] * len(icons)
    assert [icon.keys() for icon in icons.values()] == [{kind}] * len(icons)


@pytest.mark.parametrize(("kind", "key"), KEYS)
@pytest.mark.parametrize("language", TEXTS)
def test_each_field_has_texts_and_a_selector(kind: str, key: str, language: str) -> None:
    texts = TEXTS[language][f"{kind}s"][key]
    fields = described(kind)[key].get("fields", {})

    assert texts.get("fields", {}).keys() == fields.keys()
    for name, each in {"": texts, **texts.get("fields", {})}.items():
        assert each["name"][0].isupper() or language == "zh-Hans"
        assert each["name"][-1] not in ".。"
        assert name == "behavior" or each["description"][-1] in ".。"  # Home Assistant itself explains the choices
    for field in fields.values():
        assert field.keys() == {"required", "default", "selector"}
        validate_selector(field["selector"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", TEXTS)
def test_names_differ(kind: str, language: str) -> None:
    names = [texts["name"] for texts in TEXTS[language][f"{kind}s"].values()]

    assert len(set(names)) == len(names)


# What the editor asks for


@pytest.fixture
async def client(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, hass_ws_client: WebSocketGenerator
) -> MockHAClientWebSocket:
    """Return a client of the WebSocket API of a Home Assistant with one room."""
    await set_up(orion)
    return await hass_ws_client(hass)


async def ask(client: MockHAClientWebSocket, **command: Any) -> Any:
    """Return the result of a command."""
    await client.send_json_auto_id(command)
    answer = await client.receive_json()
    assert answer["success"], answer
    return answer["result"]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_editor_gets_our_descriptions(client: MockHAClientWebSocket, kind: str) -> None:
    await ask(client, type=f"{kind}_platforms/subscribe")
    event = (await client.receive_json())["event"]

    ours = {key.removeprefix(f"{DOMAIN}."): value for key, value in event.items() if key.startswith(f"{DOMAIN}.")}

    assert ours.keys() == set(KINDS[kind])
    for key, description in ours.items():
        assert description["target"]["entity"][0] == {"integration": DOMAIN, "domain": ["binary_sensor"]}
        assert description["fields"].keys() == defaults(kind, key).keys()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_room_offers_them_all_and_other_things_none(
    hass: HomeAssistant, client: MockHAClientWebSocket, orion: Room, kind: str
) -> None:
    device = device_of(hass, orion)
    assert device

    command = f"get_{kind}s_for_target"
    of_room = await ask(client, type=command, target={"device_id": [device.id]})
    of_sensor = await ask(client, type=command, target={"entity_id": ["sensor.orion_next_change"]})

    assert {f"{DOMAIN}.{key}" for key in KINDS[kind]} <= set(of_room)
    assert [each for each in of_sensor if each.startswith(DOMAIN)] == []


@pytest.mark.parametrize(("kind", "key"), KEYS)
async def test_the_default_options_are_valid(
    hass: HomeAssistant, client: MockHAClientWebSocket, orion: Room, kind: str, key: str
) -> None:
    config: dict[str, Any] = {kind: f"{DOMAIN}.{key}", "target": {"entity_id": [busy_id(hass, orion)]}}
    config["options"] = defaults(kind, key)  # the editor may send an empty dictionary

    result = await ask(client, type="validate_config", **{f"{kind}s": [config]})
    wrong = await ask(client, type="validate_config", **{f"{kind}s": [{**config, "options": {"nonsense": 1}}]})

    assert result == {f"{kind}s": {"valid": True, "error": None}}
    assert wrong[f"{kind}s"]["valid"] is False


async def test_a_trigger_and_a_condition_work_from_the_editor(
    hass: HomeAssistant, client: MockHAClientWebSocket, clock: Clock, tenant: Tenant, orion: Room
) -> None:
    target = {"entity_id": [busy_id(hass, orion)]}
    trigger = {"trigger": f"{DOMAIN}.booking_made", "target": target}
    await ask(client, type="subscribe_trigger", trigger=[trigger])
    is_free = {"condition": f"{DOMAIN}.is_free", "target": target, "options": defaults("condition", "is_free")}

    assert await ask(client, type="test_condition", condition=is_free) == {"result": True}
    tenant.book(orion.room_id, at(10, 30), at(11))
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await clock.run(entry.runtime_data.async_read_now(orion.room_id))
    event = (await client.receive_json())["event"]

    fired = event["variables"]["trigger"]
    assert fired["entity_id"] == busy_id(hass, orion)
    assert fired["start"] == dt_util.as_local(at(10, 30)).isoformat()
    assert fired["previous_start"] is None
