"""The self-assessment on the quality scale is backed by the files."""

from collections.abc import Callable
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPONENT = ROOT / "custom_components" / "feishu_freebusy"
RULES: dict[str, Any] = yaml.safe_load((COMPONENT / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]
TIERS = {
    "bronze": """
        action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage docs-actions
        dependency-transparency docs-conditions docs-high-level-description docs-installation-instructions
        docs-removal-instructions docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
        test-before-configure test-before-setup unique-config-entry""",
    "silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
        entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow
        test-coverage""",
    "gold": """
        devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
        docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default entity-translations exception-translations
        icon-translations reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}


def source(name: str) -> str:
    return (COMPONENT / name).read_text(encoding="utf-8")


def all_sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in COMPONENT.rglob("*.py"))


def manifest() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(source("manifest.json"))
    return value


def page(name: str) -> str:
    """Return a page of the documentation."""
    return (ROOT / name).read_text(encoding="utf-8")


def readme(heading: str) -> str:
    """Return the section of the README below a heading."""
    text = page("README.md")
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    return section[1] if section else ""


def project() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def set_up_once() -> str:
    return source("__init__.py").partition("async def async_setup_entry")[0]


def polls_in_parallel(platform: str) -> bool:
    return "\nPARALLEL_UPDATES = 0\n" not in source(f"{platform}.py")


def platforms() -> list[str]:
    names = re.search(r"PLATFORMS.*?\[(.*?)\]", source("__init__.py"))
    assert names
    return [name.strip().removeprefix("Platform.").lower() for name in names[1].split(",")]


def test_exactly_the_known_rules_are_assessed() -> None:
    assert list(RULES) == [rule for tier in TIERS.values() for rule in sorted(tier.split())]


@pytest.mark.parametrize("rule", RULES)
def test_rule_is_done_or_exempt_with_a_reason(rule: str) -> None:
    said = RULES[rule]
    if said == "done":
        return
    assert said.keys() == {"status", "comment"}
    assert said["status"] in {"done", "exempt"}
    assert len(said["comment"].strip()) > 40, "the reason must be a sentence"


def test_manifest_claims_platinum() -> None:
    assert manifest()["quality_scale"] == "platinum"


@pytest.mark.parametrize("rule", ["docs-conditions", "docs-triggers"])
def test_missing_triggers_and_conditions_are_exempt(rule: str) -> None:
    module = rule.removeprefix("docs-").removesuffix("s") + ".py"
    assert (COMPONENT / module).exists() is (RULES[rule] == "done")


EVIDENCE: dict[str, Callable[[], object]] = {
    "action-setup": lambda: "async_setup_services(hass)" in set_up_once(),
    "appropriate-polling": lambda: "MIN_INTERVAL = timedelta(seconds=30)" in source("model/intervals.py"),
    "brands": lambda: (COMPONENT / "brand" / "icon.png").exists() and (COMPONENT / "brand" / "icon@2x.png").exists(),
    "common-modules": lambda: (COMPONENT / "coordinator.py").exists() and (COMPONENT / "entity.py").exists(),
    "config-flow": lambda: manifest()["config_flow"],
    "config-flow-test-coverage": lambda: "config_flow.py' --fail-under 100" in (ROOT / "scripts" / "test").read_text(),
    "dependency-transparency": lambda: not manifest().get("requirements"),
    "docs-actions": lambda: all(name in page("docs/actions.md") for name in yaml.safe_load(source("services.yaml"))),
    "docs-conditions": lambda: page("docs/automations.md").count("| Condition |") == 1,
    "docs-configuration-parameters": lambda: "| Option | Default | Meaning |" in page("docs/options.md"),
    "docs-data-update": lambda: "interval" in page("docs/calls.md"),
    "docs-examples": lambda: "```yaml" in page("docs/actions.md") and "```yaml" in page("docs/automations.md"),
    "docs-installation-instructions": lambda: readme("Install") and readme("Make the Feishu app"),
    "docs-installation-parameters": lambda: "| Field | Meaning |" in readme("Set up"),
    "docs-known-limitations": lambda: page("docs/limits.md").count("\n- ") >= 4,
    "docs-removal-instructions": lambda: "Delete" in page("docs/removing.md"),
    "docs-supported-functions": lambda: "| Entity | What it tells |" in page("docs/entities.md"),
    "docs-triggers": lambda: page("docs/automations.md").count("| Trigger |") == 1,
    "docs-troubleshooting": lambda: "| Message or code | What to do |" in page("docs/troubleshooting.md"),
    "diagnostics": lambda: "async_get_config_entry_diagnostics" in source("diagnostics.py"),
    "has-entity-name": lambda: "_attr_has_entity_name = True" in source("entity.py"),
    "inject-websession": lambda: "async_create_clientsession(hass" in source("api.py"),
    "integration-owner": lambda: manifest()["codeowners"],
    "parallel-updates": lambda: platforms() and not any(map(polls_in_parallel, platforms())),
    "reauthentication-flow": lambda: "async_step_reauth_confirm" in source("config_flow.py"),
    "reconfiguration-flow": lambda: "async_step_reconfigure" in source("config_flow.py"),
    "repair-issues": lambda: "async_create_fix_flow" in source("repairs.py"),
    "runtime-data": lambda: "ConfigEntry[FreeBusyCoordinator]" in all_sources(),
    "strict-typing": lambda: (COMPONENT / "py.typed").exists() and "strict = true" in project(),
    "test-coverage": lambda: "fail_under = 95" in project(),
    "unique-config-entry": lambda: "_abort_if_unique_id_configured" in source("config_flow.py"),
}


@pytest.mark.parametrize("rule", EVIDENCE)
def test_done_rule_has_evidence(rule: str) -> None:
    said = RULES[rule]
    assert "exempt" not in str(said) or rule == "dependency-transparency"
    assert EVIDENCE[rule](), f"no evidence that {rule} is {said}"
