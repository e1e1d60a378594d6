"""A small stand-in for hassfest and the HACS check, which both need the network: do the files agree with each other?"""

import ast
from collections.abc import Callable, Iterator
from functools import cache
import json
from pathlib import Path
import re
import shutil
import struct
from typing import Any

from homeassistant.const import Platform
import pytest
import yaml

DOMAIN = "feishu_freebusy"
ROOT = Path(__file__).parents[1]

MANIFEST_NEEDED = {"domain", "name", "codeowners", "documentation", "iot_class", "issue_tracker", "version"}
MANIFEST_ALLOWED = MANIFEST_NEEDED | {
    "after_dependencies", "bluetooth", "config_flow", "dependencies", "dhcp", "homekit", "import_executor",
    "integration_type", "loggers", "mqtt", "preview_features", "quality_scale", "requirements", "single_config_entry",
    "ssdp", "usb", "zeroconf",
}  # fmt: skip
HACS_ALLOWED = {
    "content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant", "name",
    "persistent_directory", "zip_release",
}  # fmt: skip
SECTIONS = {
    "common", "conditions", "config", "config_subentries", "device", "device_automation", "entity", "entity_component",
    "exceptions", "issues", "options", "selector", "services", "system_health", "title", "triggers",
}  # fmt: skip
# Components that may be imported without being listed as dependencies
EVERYWHERE = {*Platform, "diagnostics", "frontend", "homeassistant", "llm", "persistent_notification", "repairs",
              "system_health", "websocket_api"}  # fmt: skip
# Reasons and errors that come from Home Assistant's own code
BUILT_IN_REASONS = {"already_configured", "already_in_progress", "reauth_successful", "reconfigure_successful",
                    "unique_id_mismatch"}  # fmt: skip
NAMES = re.compile(r"\b(Feishu|Lark|Home Assistant|App ID|App Secret|JSON|URL|ID)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{(\w+)\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

type Json = dict[str, Any]
type Texts = dict[str, Json]


def read(path: Path) -> Json:
    """Read a JSON object."""
    data: Json = json.loads(path.read_text(encoding="utf-8"))
    return data


def leaves(node: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every string below a node."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield path + key, value


def at(node: Json, *path: str) -> Json:
    """Return what lies at a path; where there is nothing, an empty object."""
    for key in path:
        node = node.get(key) or {}
    return node


def check_manifest(root: Path, folder: Path, texts: Texts) -> Iterator[str]:
    """The manifest: what must and may be in it, in which order, and what it promises."""
    manifest = read(folder / "manifest.json")
    keys = list(manifest)
    yield from (f"manifest lacks {key}" for key in MANIFEST_NEEDED - set(keys))
    yield from (f"manifest has unknown {key}" for key in set(keys) - MANIFEST_ALLOWED)
    if keys != ["domain", "name", *sorted(set(keys) - {"domain", "name"})]:
        yield "manifest is not in order: domain, name, then by the alphabet"
    if manifest["domain"] != folder.name:
        yield "manifest's domain is not the folder's name"
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|-alpha\.|-beta\.|-rc\.)\d+)?", manifest.get("version", "")):
        yield "manifest's version is not a version"
    if f'\nversion = "{manifest.get("version")}"\n' not in (root / "pyproject.toml").read_text(encoding="utf-8"):
        yield "manifest's version is not that of pyproject.toml"
    for key in ("documentation", "issue_tracker"):
        if not re.match(r"https://(?!www\.home-assistant\.io)", manifest.get(key, "")):
            yield f"manifest's {key} is not an address of ours"
    if not all(owner.startswith("@") for owner in manifest.get("codeowners", [""])):
        yield "manifest's codeowners are not GitHub names"
    if manifest.get("config_flow") and not ((folder / "config_flow.py").is_file() and "config" in texts["en"]):
        yield "manifest promises a config flow"


def check_hacs(root: Path, folder: Path, _texts: Texts) -> Iterator[str]:
    """What HACS reads: no unknown keys, the manifest's name, and the floor that is tested."""
    hacs = read(root / "hacs.json")
    yield from (f"hacs.json has unknown {key}" for key in set(hacs) - HACS_ALLOWED)
    if hacs["name"] != read(folder / "manifest.json")["name"]:
        yield "hacs.json has another name than the manifest"
    floor = (root / "dev/requirements/floor.txt").read_text(encoding="utf-8")
    pinned = re.search(r"^homeassistant==(\d+\.\d+)\.", floor, re.MULTILINE)
    if not pinned or hacs.get("homeassistant") != f"{pinned[1]}.0":
        yield "hacs.json has another floor than dev/requirements/floor.txt"


def check_brand(_root: Path, folder: Path, _texts: Texts) -> Iterator[str]:
    """The images: PNG, square, of the sizes that Home Assistant asks for."""
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        path = folder / "brand" / name
        head = path.read_bytes()[:24] if path.is_file() else b""
        if head[:8] != b"\x89PNG\r\n\x1a\n" or struct.unpack(">II", head[16:]) != (size, size):
            yield f"brand/{name} is not a PNG of {size} x {size}"


def check_texts(_root: Path, _folder: Path, texts: Texts) -> Iterator[str]:
    """The translations among each other, and each text by itself."""
    english = dict(leaves(texts["en"]))
    if set(texts) != {"en", "zh-Hans"}:
        yield f"translations are {sorted(texts)}"
    for language, tree in texts.items():
        yield from (f"{language} has an unknown section {key}" for key in tree.keys() - SECTIONS)
        these = dict(leaves(tree))
        yield from (f"{language} has another set of keys: {key}" for key in sorted(these.keys() ^ english.keys()))
        for key, text in these.items():
            if not text.strip() or text != text.strip():
                yield f"{language} {key} is empty or padded"
            if re.search(r"://|\bwww\.", text):
                yield f"{language} {key} has an address in it"
            if re.search(r"</?\w+[^>]*>", text):
                yield f"{language} {key} has HTML in it"
            if "[%key" in text:
                yield f"{language} {key} has a reference, which nothing resolves"
            origin = english.get(key, text)
            if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(origin)):
                yield f"{language} {key} has other placeholders"
            prose = re.search(r"[A-Za-z]{2}", NAMES.sub("", PLACEHOLDER.sub("", origin)))
            if language == "zh-Hans" and prose and not CHINESE.search(text):
                yield f"{language} {key} is not translated"


def check_forms(_root: Path, _folder: Path, texts: Texts) -> Iterator[str]:
    """Every field of every form is explained, and nothing else is."""
    for flow in ("config", "options"):
        for step, content in at(texts["en"], flow, "step").items():
            for part in (content, *at(content, "sections").values()):
                for field in sorted(at(part, "data").keys() ^ at(part, "data_description").keys()):
                    yield f"{flow} step {step}: {field} has a label or an explanation, not both"


def check_icons(_root: Path, folder: Path, texts: Texts) -> Iterator[str]:
    """Icons and translations are about the same entities and states."""
    icons = read(folder / "icons.json")
    yield from (
        f"icon {key} is not mdi: {icon}" for key, icon in leaves(icons) if not re.match(r"mdi:[a-z0-9-]+$", icon)
    )
    drawn = {(platform, key) for platform, keys in at(icons, "entity").items() for key in keys}
    named = {(platform, key) for platform, keys in at(texts["en"], "entity").items() for key in keys}
    yield from (f"entity {'.'.join(key)} has an icon or a text, not both" for key in sorted(drawn ^ named))
    for platform, key in sorted(drawn & named):
        icon, text = icons["entity"][platform][key], texts["en"]["entity"][platform][key]
        if "default" not in icon:
            yield f"entity {platform}.{key} has no default icon"
        for state in at(icon, "state").keys() - at(text, "state").keys():
            yield f"entity {platform}.{key} has an icon for {state}, but no text"


def check_services(_root: Path, folder: Path, texts: Texts) -> Iterator[str]:
    """services.yaml, icons and translations have the same actions and fields."""
    path = folder / "services.yaml"
    services: Json = (yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None) or {}
    icons, named = at(read(folder / "icons.json"), "services"), at(texts["en"], "services")
    yield from (f"action {key} has no text, no icon or no definition" for key in {*services, *icons, *named}
                if not (key in services and key in icons and key in named))  # fmt: skip
    for key in services.keys() & named.keys():
        fields, sections = set(), set()
        for field, content in at(services, key, "fields").items():
            inner = at(content or {}, "fields")
            sections |= {field} if inner else set()
            fields |= set(inner) or {field}
        for kind, here in (("fields", fields), ("sections", sections)):
            for field in here ^ at(named, key, kind).keys():
                yield f"action {key}: {field} is in services.yaml or in the translations, not in both"
        for text in (named[key], *at(named, key, "fields").values()):
            if not {"name", "description"} <= text.keys():
                yield f"action {key}: a name or a description is missing"


def literal(node: ast.expr) -> str | None:
    """Return a string as it stands in the source; of an f-string, what it begins with, and a star."""
    if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        return f"{node.values[0].value!s}*"
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# Which keyword of which call asks for a text, and below what it lies; the first that fits
ASKING = (
    ("translation_key", r".*(Error|Failed|NotReady|Invalid)", "exceptions"),
    ("translation_key", r"async_create_issue", "issues"),
    ("translation_key", r".*SelectorConfig", "selector"),
    ("translation_key", r".*EntityDescription", "entity.{platform}"),
    ("step_id", r"async_show_(form|menu)", "*.step"),
    ("progress_action", r"async_show_progress", "*.progress"),
    ("reason", r"async_abort", "*.abort"),
    ("errors", r".*", "*.error"),
)


def uses(tree: ast.Module, platform: str) -> Iterator[tuple[str, str]]:
    """Yield below what (with stars) a text is asked for, and by which key."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=keywords):
                for keyword in keywords:
                    parents = (up for word, call, up in ASKING if word == keyword.arg and re.fullmatch(call, name))
                    values = keyword.value.values if isinstance(keyword.value, ast.Dict) else [keyword.value]
                    if parent := next(parents, None):
                        yield from ((parent.format(platform=platform), key) for key in map(literal, values) if key)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors") | ast.Attribute(attr="errors"))]):
                yield from (("*.error", key) for key in [literal(node.value)] if key)
            case ast.Assign(
                targets=[ast.Name(id="_attr_translation_key") | ast.Attribute(attr="_attr_translation_key")]
            ):
                yield from ((f"entity.{platform}", key) for key in [literal(node.value)] if key)


@cache
def parse(source: str) -> ast.Module:
    """Parse a file; most are the same in every copy."""
    return ast.parse(source)


def sources(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield the parsed source files."""
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder), parse(path.read_text(encoding="utf-8"))


def check_asked(_root: Path, folder: Path, texts: Texts) -> Iterator[str]:
    """Every text that the source asks for exists."""
    known = "\n".join(key for key, _ in leaves(texts["en"]))
    for path, tree in sources(folder):
        for asked, key in uses(tree, path.stem):
            parent = asked.replace("*.", "issues.*.fix_flow.") if path.stem == "repairs" else asked
            pattern = re.escape(f"{parent}.{key}").replace(r"\*", r"[^.\n]*")
            if key not in BUILT_IN_REASONS and not re.search(rf"^{pattern}(\.|$)", known, re.MULTILINE):
                yield f"{path} asks for {parent}.{key}, which has no text"


def check_left_over(_root: Path, folder: Path, texts: Texts) -> Iterator[str]:
    """Every text of a step, an error, a reason, an exception or an issue is named somewhere in the source."""
    words = set(BUILT_IN_REASONS)
    for node in (node for _, tree in sources(folder) for node in ast.walk(tree)):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
            words.add(node.name.removeprefix("async_step_"))
        elif isinstance(node, ast.expr) and (word := literal(node)):
            words.add(word)
    starts = tuple(word[:-1] for word in words if re.fullmatch(r"\w+\*", word))
    flows = (f"{flow}.{part}" for flow in ("config", "options") for part in ("abort", "error", "step"))
    for path in ("exceptions", "issues", *flows):
        for key in at(texts["en"], *path.split(".")).keys() - words:
            if not key.startswith(starts):
                yield f"{path}.{key} is used nowhere"


def check_set_up(_root: Path, folder: Path, _texts: Texts) -> Iterator[str]:
    """What is imported is declared, and a set-up of the domain says that it takes no YAML."""
    manifest = read(folder / "manifest.json")
    declared = {*manifest.get("dependencies", ()), *manifest.get("after_dependencies", ()), *EVERYWHERE}
    for path, tree in sources(folder):
        for node in ast.walk(tree):
            match node:
                case ast.ImportFrom(module=str(module)) if module.startswith("homeassistant.components."):
                    if (name := module.split(".")[2]) not in declared:
                        yield f"{path} imports {name}, which the manifest does not name"
    tree = parse((folder / "__init__.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if functions & {"async_setup", "setup"} and "CONFIG_SCHEMA" not in names:
        yield "async_setup needs a CONFIG_SCHEMA"


CHECKS = (
    check_manifest,
    check_hacs,
    check_brand,
    check_texts,
    check_forms,
    check_icons,
    check_services,
    check_asked,
    check_left_over,
    check_set_up,
)


def findings(root: Path) -> list[str]:
    """Return what is wrong with a checkout."""
    folder = root / "custom_components" / DOMAIN
    texts = {path.stem: read(path) for path in sorted((folder / "translations").glob("*.json"))}
    return [finding for check in CHECKS for finding in check(root, folder, texts)]


def test_the_files_agree() -> None:
    assert findings(ROOT) == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Make a copy of what is checked, to be spoilt."""
    for path in ("hacs.json", "pyproject.toml", "dev/requirements/floor.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    folder = f"custom_components/{DOMAIN}"
    shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def put(*path: str, value: object) -> Callable[[Json], None]:
    """Return what sets a value in a JSON object; None takes it away."""

    def change(data: Json) -> None:
        for key in path[:-1]:
            data = data.setdefault(key, {})
        data.pop(path[-1], None)
        if value is not None:
            data[path[-1]] = value

    return change


MANIFEST, HACS, ICONS = "manifest.json", "../../hacs.json", "icons.json"
EN, ZH = "translations/en.json", "translations/zh-Hans.json"
TITLE = ("config", "step", "user", "title")


@pytest.mark.parametrize(
    ("file", "change", "finding"),
    [
        (MANIFEST, put("version", value=None), "manifest lacks version"),
        (MANIFEST, put("categories", value=["office"]), "manifest has unknown categories"),
        (MANIFEST, put("codeowners", value=["@somebody"]), "manifest is not in order"),
        (MANIFEST, put("domain", value="feishu"), "manifest's domain is not the folder's name"),
        (MANIFEST, put("version", value="one"), "manifest's version is not a version"),
        (MANIFEST, put("version", value="99.0.0"), "manifest's version is not that of pyproject.toml"),
        (MANIFEST, put("documentation", value="www.home-assistant.io"), "manifest's documentation is not"),
        (HACS, put("homeassistant", value="2025.1.0"), "hacs.json has another floor"),
        (HACS, put("name", value="Feishu"), "hacs.json has another name"),
        (HACS, put("domains", value=["sensor"]), "hacs.json has unknown domains"),
        (ZH, put(*TITLE, value=None), "zh-Hans has another set of keys: config.step.user.title"),
        (EN, put(*TITLE, value="Sign in {here}"), "zh-Hans config.step.user.title has other placeholders"),
        (ZH, put(*TITLE, value="Sign in"), "zh-Hans config.step.user.title is not translated"),
        (ZH, put(*TITLE, value=" "), "zh-Hans config.step.user.title is empty or padded"),
        (EN, put(*TITLE, value="See https://example.com"), "en config.step.user.title has an address"),
        (EN, put(*TITLE, value="<b>Sign in</b>"), "en config.step.user.title has HTML"),
        (EN, put(*TITLE, value="[%key:common::x%]"), "en config.step.user.title has a reference"),
        (EN, put("strings", value={"a": "b"}), "en has an unknown section strings"),
        (EN, put("config", "step", "user", "data", "x", value="X"), "config step user: x has a label"),
        (EN, put("config", "step", "access", value=None), "asks for *.step.access, which has no text"),
        (EN, put("config", "error", "nonsense", value="No"), "config.error.nonsense is used nowhere"),
        (EN, put("options", "step", "nonsense", "title", value="No"), "options.step.nonsense is used nowhere"),
        (EN, put("services", "x", "name", value="X"), "action x has no text, no icon or no definition"),
        (ICONS, put("entity", "binary_sensor", "busy", "default", value="hass:door"), "is not mdi: hass:door"),
        (ICONS, put("entity", "binary_sensor", "busy", "default", value=None), "busy has no default icon"),
        (ICONS, put("entity", "binary_sensor", "busy", "state", "x", value="mdi:a"), "has an icon for x, but no text"),
        (ICONS, put("entity", "sensor", "x", "default", value="mdi:a"), "entity sensor.x has an icon or a text"),
    ],
)  # fmt: skip
def test_a_flaw_is_found(copy: Path, file: str, change: Callable[[Json], None], finding: str) -> None:
    path = copy / "custom_components" / DOMAIN / file
    data = read(path)
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")
    assert [found for found in findings(copy) if finding in found]


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ('raise UpdateFailed(translation_key="nonsense")', "asks for exceptions.nonsense, which has no text"),
        ('ir.async_create_issue(hass, translation_key="nonsense")', "asks for issues.nonsense"),
        ('SelectSelectorConfig(translation_key="nonsense")', "asks for selector.nonsense"),
        ('SensorEntityDescription(translation_key="nonsense")', "asks for entity.spoilt.nonsense"),
        ('self.errors["base"] = "nonsense"', "asks for *.error.nonsense"),
        ('self.errors["base"] = f"nonsense_{error}"', "asks for *.error.nonsense_*"),
        ('self.async_show_form(errors={"base": "nonsense"})', "asks for *.error.nonsense"),
        ('self.async_abort(reason="nonsense")', "asks for *.abort.nonsense"),
        ("from homeassistant.components.mqtt import client", "imports mqtt, which the manifest does not name"),
    ],
)
def test_a_text_or_a_dependency_that_the_source_lacks_is_found(copy: Path, source: str, finding: str) -> None:
    (copy / "custom_components" / DOMAIN / "spoilt.py").write_text(source, encoding="utf-8")
    assert [found for found in findings(copy) if finding in found]


def test_a_missing_schema_or_image_is_found(copy: Path) -> None:
    folder = copy / "custom_components" / DOMAIN
    (folder / "__init__.py").write_text("async def async_setup(hass, config): ...", encoding="utf-8")
    (folder / "brand/icon.png").write_bytes((folder / "brand/icon@2x.png").read_bytes())
    found = findings(copy)
    assert "async_setup needs a CONFIG_SCHEMA" in found
    assert "brand/icon.png is not a PNG of 256 x 256" in found


def test_actions_are_compared(copy: Path) -> None:
    folder = copy / "custom_components" / DOMAIN
    (folder / "services.yaml").write_text("find:\n  fields:\n    floor:\n    more:\n      fields:\n        seats:\n")
    for path, value in (
        ("icons.json", {"service": "mdi:magnify"}),
        ("translations/en.json", {"name": "Find", "fields": {"floor": {"name": "Floor"}, "seats": {}}}),
    ):
        data = read(folder / path)
        data.setdefault("services", {})["find"] = value
        (folder / path).write_text(json.dumps(data), encoding="utf-8")
    found = findings(copy)
    assert "action find: more is in services.yaml or in the translations, not in both" in found
    assert "action find: a name or a description is missing" in found
    assert not [
        finding
        for finding in found
        if finding.startswith(("action find: floor", "action find: seats", "action find has"))
    ]
