"""Every text that a flow shows exists in every language, and its placeholders are filled in.

Tests drive flows with `start`, `start_options` and `submit`, which check each result.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.data_entry_flow import FlowManagerIndexView
from homeassistant.helpers.issue_registry import IssueEntry
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig
import pytest
import voluptuous as vol

from custom_components.feishu_freebusy.const import DOMAIN

_FOLDER = Path(__file__).parents[1] / "custom_components" / DOMAIN / "translations"
TEXTS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.json"))
}
_NAMES = re.compile(r"\{(\w+)\}")
FIXES: dict[str, str] = {}  # flow ID of a repair flow -> translation key of its issue
_FIELDS_WITHOUT_TEXT = {"names", "person_names"}  # steps whose fields are IDs


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Start the config flow."""
    return checked(await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))


async def start_options(hass: HomeAssistant, entry: ConfigEntry, step: str) -> ConfigFlowResult:
    """Open the options of an entry and choose a step from the menu."""
    menu = checked(await hass.config_entries.options.async_init(entry.entry_id))
    return await submit(hass, menu, next_step_id=step)


async def submit(hass: HomeAssistant, result: ConfigFlowResult, **user_input: Any) -> ConfigFlowResult:
    """Submit the form of a flow, or choose from its menu."""
    manager = hass.config_entries.flow if result["handler"] == DOMAIN else hass.config_entries.options
    return checked(await manager.async_configure(result["flow_id"], user_input))


async def wait(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait until a progress step is done."""
    await hass.async_block_till_done()
    manager = hass.config_entries.flow if result["handler"] == DOMAIN else hass.config_entries.options
    return checked(await manager.async_configure(result["flow_id"]))


def checked(result: ConfigFlowResult) -> ConfigFlowResult:
    """Return the result of a flow, after checking that it can be shown."""
    assert_texts_exist(result)
    if result["type"] is FlowResultType.FORM:
        shown = {"base", *fields_of(result)}
        assert (result["errors"] or {}).keys() <= shown, "an error at a field that the form lacks is not shown"
        as_sent(result)
    return result


def as_sent(result: ConfigFlowResult) -> str:
    """Return what the browser receives for a form."""
    view: Any = FlowManagerIndexView[Any](None)
    return json.dumps(view._prepare_result_json(result), ensure_ascii=False)


def fields_of(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the fields of a form and their validators."""
    schema = result["data_schema"]
    return {} if schema is None else {str(key): value for key, value in schema.schema.items()}


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the suggested values of a form."""
    assert result["data_schema"] is not None
    return _suggested_in(result["data_schema"])


def _suggested_in(schema: Any) -> dict[str, Any]:
    values = {}
    for key, value in schema.schema.items():
        if isinstance(value, section):
            values[str(key)] = _suggested_in(value.schema)
        elif key.description and "suggested_value" in key.description:
            values[str(key)] = key.description["suggested_value"]
    return values


def placeholders(result: ConfigFlowResult) -> dict[str, str]:
    """Return the description placeholders of a result."""
    return dict(result["description_placeholders"] or {})


def assert_texts_exist(result: ConfigFlowResult) -> None:
    """Assert that each text exists in each language and that no placeholder is empty."""
    given = placeholders(result) if "description_placeholders" in result else {}
    for path in _paths(result):
        for language, texts in TEXTS.items():
            text = _look_up(texts, path.split("."))
            assert text, f"{language}: {path} is missing"
            empty = {name for name in _NAMES.findall(text) if not given.get(name)}
            assert not empty, f"{language}: {path} names {empty}, but nothing is filled in"


def assert_issue_is_readable(issue: IssueEntry) -> None:
    """Assert that an issue has all its texts and that no placeholder is empty.

    The errors of its flow are not checked: their placeholders are filled in only when an error occurs.
    """
    words = issue.translation_placeholders or {}
    assert issue.is_fixable, "an issue without a fix flow needs a description"
    for language, texts in TEXTS.items():
        mine = texts["issues"].get(issue.translation_key)
        assert mine, f"{language}: issue {issue.translation_key} is missing"
        shown = [mine["title"], *(text for step in mine["fix_flow"]["step"].values() for text in _leaves(step))]
        empty = {name for text in shown for name in _NAMES.findall(text) if not words.get(name)}
        assert not empty, f"{language}: issue {issue.translation_key} names {empty}, but nothing is filled in"


def _leaves(texts: Any) -> Iterator[str]:
    if isinstance(texts, str):
        yield texts
    else:
        for text in texts.values():
            yield from _leaves(text)


def _part(result: ConfigFlowResult) -> str:
    if flow := FIXES.get(result["flow_id"]) if "flow_id" in result else None:
        return f"issues.{flow}.fix_flow"
    return "config" if result["handler"] == DOMAIN else "options"


def _paths(result: ConfigFlowResult) -> Iterator[str]:
    part = _part(result)
    match result["type"]:
        case FlowResultType.FORM:
            yield from (f"{part}.{path}" for path in _paths_of_form(result))
            yield from _paths_of_selectors(fields_of(result).values())
        case FlowResultType.MENU:
            yield from (f"{part}.{path}" for path in _paths_of_menu(result))
        case FlowResultType.SHOW_PROGRESS:
            yield f"{part}.progress.{result['progress_action']}"
        case FlowResultType.EXTERNAL_STEP:
            yield from (f"{part}.step.{result['step_id']}.{text}" for text in ("title", "description"))
        case FlowResultType.ABORT if "translation_domain" not in result:
            yield f"{part}.abort.{result['reason']}"
        case FlowResultType.CREATE_ENTRY if result["description"]:
            yield f"{part}.create_entry.{result['description']}"


def _paths_of_form(result: ConfigFlowResult) -> Iterator[str]:
    step = f"step.{result['step_id']}"
    yield from (f"{step}.title", f"{step}.description")
    if result["step_id"] not in _FIELDS_WITHOUT_TEXT:
        yield from _paths_of_fields(step, fields_of(result))
    yield from (f"error.{error}" for error in (result["errors"] or {}).values())


def _paths_of_fields(place: str, fields: Mapping[Any, Any]) -> Iterator[str]:
    for field, validator in fields.items():
        if isinstance(validator, section):
            within = f"{place}.sections.{field}"
            yield from (f"{within}.name", f"{within}.description")
            yield from _paths_of_fields(within, validator.schema.schema)
        else:
            yield from (f"{place}.{kind}.{field}" for kind in ("data", "data_description"))


def _paths_of_menu(result: ConfigFlowResult) -> Iterator[str]:
    step = f"step.{result['step_id']}"
    yield f"{step}.title"
    path = f"{_part(result)}.{step}.description".split(".")
    described = any(_look_up(texts, path) for texts in TEXTS.values())
    if described or placeholders(result):
        yield f"{step}.description"
    options: Any = result["menu_options"]
    yield from (f"{step}.menu_options.{option}" for option in options)


def _paths_of_selectors(validators: Iterable[Any]) -> Iterator[str]:
    for validator in validators:
        if isinstance(validator, section):
            yield from _paths_of_selectors(validator.schema.schema.values())
        elif isinstance(validator, SelectSelector) and (key := validator.config.get("translation_key")):
            yield from (f"selector.{key}.options.{option}" for option in validator.config["options"])


def _look_up(texts: Any, path: list[str]) -> Any:
    for key in path:
        texts = texts.get(key, {}) if isinstance(texts, dict) else {}
    return texts


def test_there_are_two_languages() -> None:
    assert TEXTS.keys() == {"en", "zh-Hans"}


def form(**changes: Any) -> ConfigFlowResult:
    """Return the result of a flow that shows a form."""
    result: Any = {
        "type": FlowResultType.FORM,
        "handler": DOMAIN,
        "step_id": "names",
        "data_schema": None,
        "errors": {},
        "description_placeholders": None,
    }
    return result | changes  # type: ignore[no-any-return]


UNKNOWN_CHOICE = SelectSelector(SelectSelectorConfig(options=["someday"], translation_key="weekday"))
EFFECT = {
    "type": FlowResultType.MENU,
    "handler": "an entry's options",
    "step_id": "polling_effect",
    "menu_options": ["save"],
    "description_placeholders": {"count": "1"},
}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"step_id": "nowhere"}, "step.nowhere.title is missing"),
        ({"errors": {"base": "nonsense"}}, "error.nonsense is missing"),
        ({"errors": {"base": "scope_missing"}}, "but nothing is filled in"),
        (
            {"errors": {"base": "scope_missing"}, "description_placeholders": {"scopes": "", "details": "no"}},
            "names {'scopes'}, but nothing is filled in",
        ),
        ({"errors": {"nowhere": "no_name"}}, "is not shown"),
        ({"type": FlowResultType.ABORT, "reason": "nonsense"}, "abort.nonsense is missing"),
        ({"type": FlowResultType.CREATE_ENTRY, "description": "created"}, "but nothing is filled in"),
        ({"type": FlowResultType.MENU, "step_id": "init", "menu_options": []}, "config.step.init.title is missing"),
        ({**EFFECT, "step_id": "nowhere"}, "options.step.nowhere.title is missing"),
        ({**EFFECT, "step_id": "init", "description_placeholders": None}, "init.menu_options.save is missing"),
        (EFFECT, "options.step.polling_effect.description names "),
        ({**EFFECT, "step_id": "init", "menu_options": []}, "options.step.init.description is missing"),
        ({"type": FlowResultType.SHOW_PROGRESS, "progress_action": "nap"}, "progress.nap is missing"),
        ({"type": FlowResultType.EXTERNAL_STEP, "step_id": "nowhere"}, "step.nowhere.title is missing"),
    ],
)
def test_unreadable_result_fails_the_check(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        checked(form(**changes))


@pytest.mark.parametrize(
    ("name", "fields", "complaint"),
    [
        ("night", {}, "polling.sections.night.name is missing"),
        ("off_hours", {"dusk": bool}, "polling.sections.off_hours.data.dusk is missing"),
        ("off_hours", {"days": UNKNOWN_CHOICE}, "selector.weekday.options.someday is missing"),
    ],
)
def test_unreadable_section_fails_the_check(name: str, fields: dict[str, Any], complaint: str) -> None:
    within: Any = vol.Schema(fields)  # the newest Home Assistant types it with another library
    schema = vol.Schema({name: section(within)})
    filled = dict.fromkeys(("count", "interval", "off_interval", "calls", "rooms_per_call", "missing"), "1")

    with pytest.raises(AssertionError, match=re.escape(complaint)):
        checked(form(handler="x", step_id="polling", data_schema=schema, description_placeholders=filled))


def test_readable_form_passes_the_check() -> None:
    result = form(
        errors={"base": "scope_missing"}, description_placeholders={"scopes": "calendar:calendar", "details": "no"}
    )

    assert checked(result) is result


def issue(key: str, **words: str) -> IssueEntry:
    """Return an entry of the issue registry."""
    return IssueEntry(
        active=True,
        breaks_in_ha_version=None,
        created=datetime.now(UTC),
        data=None,
        dismissed_version=None,
        domain=DOMAIN,
        is_fixable=True,
        is_persistent=False,
        issue_domain=None,
        issue_id=key,
        learn_more_url=None,
        severity=None,
        translation_key=key,
        translation_placeholders=words,
    )


@pytest.mark.parametrize(
    ("shown", "complaint"),
    [
        (issue("nonsense"), "issue nonsense is missing"),
        (issue("bot_disabled", bot_url="x", version_url="x"), "names {'name'}, but nothing is filled in"),
        (issue("bot_disabled", name="x", bot_url="", version_url="x"), "names {'bot_url'}, but nothing is filled in"),
    ],
)
def test_unreadable_issue_fails_the_check(shown: IssueEntry, complaint: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        assert_issue_is_readable(shown)


@pytest.mark.parametrize("key", TEXTS["en"]["issues"])
def test_issue_has_the_same_texts_and_placeholders_in_every_language(key: str) -> None:
    def words_of(texts: Any, path: str = "") -> dict[str, list[str]]:
        if isinstance(texts, str):
            return {path: sorted(set(_NAMES.findall(texts)))}
        return {name: words for part in texts for name, words in words_of(texts[part], f"{path}.{part}").items()}

    english, *others = (words_of(texts["issues"][key]) for texts in TEXTS.values())

    assert others == [english]
    if key in {
        "bookings_left",
        "budget_used_up",
        "clock_ahead",
        "clock_behind",
        "link_renewal",
        "live_events_missing",
    }:  # nothing to check at once
        assert english.keys() == {".title", ".description"}
        return
    assert {".title", ".fix_flow.abort.entry_gone"} < english.keys()
    asks = ".fix_flow.step.init.menu_options.ask" in english
    removes = ".fix_flow.step.confirm.description" in english
    looks = {
        f".fix_flow.{path}" for path in ("error.still", "error.other", "step.check.title", "step.check.description")
    }
    assert removes or looks <= english.keys()
    outcomes = ("too_sensitive", "nothing_to_ask", "asked_too_often", "asked_already", "not_asked")
    assert not asks or {f".fix_flow.error.{outcome}" for outcome in outcomes} <= english.keys()
