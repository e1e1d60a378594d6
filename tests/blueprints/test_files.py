"""The blueprint files are complete, valid, and equivalent in both languages."""

from pathlib import Path
import re
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.importer import fetch_blueprint_from_github_url
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from tests.blueprints.office import FOLDER

ROOT = FOLDER.parents[2]
FILES = sorted(FOLDER.iterdir())
ENGLISH = [path for path in FILES if not path.stem.endswith(".zh-Hans")]
TEXTS = {"name", "description", "label", "alias", "message"}
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def blueprint_in(path: Path) -> Blueprint:
    """Load the blueprint of a file."""
    return Blueprint(load_yaml_dict(str(path)), expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA)


def inputs_of(blueprint: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the inputs and sections of a blueprint."""
    found: dict[str, dict[str, Any]] = {}
    for name, field in blueprint["input"].items():
        found |= {name: field} | field.get("input", {})
    return found


def test_there_are_seven_blueprints_in_two_languages() -> None:
    assert len(ENGLISH) == 7
    assert {path.name for path in FILES} == {
        name for path in ENGLISH for name in (path.name, f"{path.stem}.zh-Hans.yaml")
    }


def test_a_blueprint_is_valid_and_names_the_minimum_version(path: Path) -> None:
    blueprint = blueprint_in(path)
    floor = load_yaml_dict(str(ROOT / "hacs.json"))["homeassistant"]

    assert blueprint.validate() is None
    assert blueprint.metadata["homeassistant"]["min_version"] == floor
    assert blueprint.metadata["author"]


async def test_a_blueprint_is_imported_from_its_source_url(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, path: Path
) -> None:
    repository = load_yaml_dict(str(ROOT / "custom_components/feishu_freebusy/manifest.json"))["documentation"]
    place = path.relative_to(ROOT).as_posix()
    raw = f"{repository.replace('github.com', 'raw.githubusercontent.com')}/main/{place}"
    blueprint = blueprint_in(path)
    aioclient_mock.get(raw, text=blueprint.yaml())
    source_url = blueprint.metadata["source_url"]

    imported = await fetch_blueprint_from_github_url(hass, source_url)

    assert source_url == f"{repository}/blob/main/{place}"
    assert imported.suggested_filename == f"feishu-freebusy/{path.stem}"
    assert imported.blueprint.data == blueprint.data


def test_each_input_has_a_name_and_description_and_is_used(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    for name, field in inputs_of(load_yaml_dict(str(path))["blueprint"]).items():
        assert field["name"].strip(), name
        if "input" in field:
            assert field["icon"].startswith("mdi:"), name
            continue
        assert field["description"].strip()[-1] in ".。", name
        assert "selector" in field, name
        assert f"!input {name}\n" in text, name


def test_the_room_input_offers_only_our_rooms(path: Path) -> None:
    inputs = inputs_of(load_yaml_dict(str(path))["blueprint"])

    offered = inputs["room"]["selector"]["entity"]["filter"]
    assert offered == [{"integration": "feishu_freebusy", "domain": "binary_sensor"}]


def without_texts(node: Any) -> Any:
    """Return the node with texts replaced, and without the language in the file's URL."""
    match node:
        case dict():
            return {
                key: "text" if key in TEXTS and isinstance(value, str) else without_texts(value)
                for key, value in node.items()
            }
        case list():
            return [without_texts(value) for value in node]
        case str():
            return node.replace(".zh-Hans.yaml", ".yaml")
    return node


def texts(node: Any) -> list[str]:
    """Return all texts in the node."""
    match node:
        case dict():
            return [
                text
                for key, value in node.items()
                for text in ([value] if key in TEXTS and isinstance(value, str) else texts(value))
            ]
        case list():
            return [text for value in node for text in texts(value)]
    return []


@pytest.mark.parametrize("english", ENGLISH, ids=lambda path: path.stem)
def test_the_languages_differ_only_in_texts(english: Path) -> None:
    one, other = (load_yaml_dict(str(path)) for path in (english, english.with_suffix(".zh-Hans.yaml")))

    assert without_texts(one) == without_texts(other)
    assert not CHINESE.search(str(one))
    assert [text for text in texts(other) if not CHINESE.search(text)] == []
    assert [set(re.findall(r"`{{ \w+ }}`", text)) for text in texts(one)] == [
        set(re.findall(r"`{{ \w+ }}`", text)) for text in texts(other)
    ]


def test_the_languages_have_the_same_comments() -> None:
    for english in ENGLISH:
        comments = [
            re.findall(r"^\s*# .*|\S # .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
            for path in (english, english.with_suffix(".zh-Hans.yaml"))
        ]
        assert comments[0] == comments[1]
