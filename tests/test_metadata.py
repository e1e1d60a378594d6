"""The languages match each other, no text is left over, and the versions agree.

hassfest checks none of that. It runs online only, so its rules for texts and icons are here, too.
"""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
import tomllib
from typing import Any

from tests.test_translations import TEXTS

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "feishu_freebusy"
MANIFEST: dict[str, Any] = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))
HACS: dict[str, Any] = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Names that need no translation
NAMES = re.compile(r"\b(Feishu|Lark|Home Assistant|App ID|App Secret|JSON|URL|ID)\b", re.IGNORECASE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# HTML, a quoted placeholder, an address, or a space at an end
REFUSED = re.compile(r"<[a-z].*>|'\{\w+\}'|[a-z]://|www\.|^\s|\s$", re.IGNORECASE | re.DOTALL)


def leaves(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every string below a node."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


ENGLISH, CHINESE_TEXTS = (dict(leaves(TEXTS[language])) for language in ("en", "zh-Hans"))


def test_translations_are_english_and_chinese() -> None:
    assert TEXTS.keys() == {"en", "zh-Hans"}


def test_both_languages_have_the_same_keys() -> None:
    assert ENGLISH.keys() == CHINESE_TEXTS.keys()


def test_both_languages_have_the_same_placeholders() -> None:
    english, chinese = (
        {key: set(PLACEHOLDER.findall(text)) for key, text in texts.items()} for texts in (ENGLISH, CHINESE_TEXTS)
    )
    assert english == chinese


def test_every_chinese_text_is_translated() -> None:
    prose = {key for key, text in ENGLISH.items() if re.search("[A-Za-z]{2}", NAMES.sub("", PLACEHOLDER.sub("", text)))}
    assert {key for key in prose if not CHINESE.search(CHINESE_TEXTS[key])} == set()


def test_hassfest_accepts_every_text() -> None:
    texts = [*ENGLISH.items(), *CHINESE_TEXTS.items()]
    assert [key for key, text in texts if REFUSED.search(text)] == []


def test_hassfest_accepts_the_icons() -> None:
    icons = json.loads((COMPONENT / "icons.json").read_text(encoding="utf-8"))
    assert {icon for _, icon in leaves(icons) if not icon.startswith("mdi:")} == set()
    entities = [entity for platform in icons["entity"].values() for entity in platform.values()]
    assert [entity for entity in entities if entity.get("default") in entity.get("state", {}).values()] == []


def test_hassfest_accepts_the_order_of_the_manifest() -> None:
    assert list(MANIFEST) == ["domain", "name", *sorted(MANIFEST.keys() - {"domain", "name"})]


def test_the_source_uses_every_text() -> None:
    words, starts = {"already_configured", "reauth_successful", "reconfigure_successful"}, []
    for path in COMPONENT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.AsyncFunctionDef(name=name):
                    words.add(name.removeprefix("async_step_"))
                case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]) if re.fullmatch(r"\w+", start):
                    starts.append(start)
                case ast.Constant(value=str(word)):
                    words.add(word)
    flows = [TEXTS["en"][flow].get(part, {}) for flow in ("config", "options") for part in ("abort", "error", "step")]
    texts = {key for section in (TEXTS["en"]["exceptions"], TEXTS["en"]["issues"], *flows) for key in section}
    assert {key for key in texts - words if not key.startswith(tuple(starts))} == set()


def test_hacs_requires_the_oldest_tested_home_assistant() -> None:
    floor = (ROOT / "dev/requirements/floor.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^homeassistant==(\d+\.\d+)\.", floor, re.MULTILINE)
    assert pinned
    assert HACS["homeassistant"] == f"{pinned[1]}.0"


def test_hacs_and_the_manifest_have_the_same_name() -> None:
    assert HACS["name"] == MANIFEST["name"]


def test_the_manifest_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert MANIFEST["version"] == project["version"]
