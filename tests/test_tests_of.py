"""Which tests run where is read from their imports."""

from itertools import chain
from pathlib import Path
import sys

import pytest

from scripts import tests_of
from tests.conftest import NEED_VENDOR, quarters, sample

ALONE = ("feishu", "model", "simulator")  # these folders of tests need no Home Assistant
NEED_HOME = {  # the rest of them, until it has moved
    "tests/feishu/test_access.py",
    "tests/model/test_intervals.py",
    "tests/model/test_options.py",
}


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(tests_of.ROOT).as_posix() for path in paths]


def test_each_test_file_runs_in_one_stage() -> None:
    stages = [names(tests_of.of_kind(kind)) for kind in ("pure", "home", "vendor")]

    assert sorted(chain(*stages)) == names(tests_of.test_files())
    assert all(stages)


def test_the_vendors_sdk_is_needed_where_conftest_says() -> None:
    assert names(tests_of.of_kind("vendor")) == [f"tests/{name}" for name in NEED_VENDOR]


@pytest.mark.parametrize("folder", ALONE)
def test_folders_without_home_assistant(folder: str) -> None:
    found = {name for name in names(tests_of.test_files()) if name.startswith(f"tests/{folder}/")}

    assert found - set(names([*tests_of.of_kind("pure"), *tests_of.of_kind("vendor")])) <= NEED_HOME


@pytest.mark.skipif("pytest_homeassistant_custom_component" in sys.modules, reason="The test kit loads Home Assistant")
def test_pure_tests_load_no_home_assistant() -> None:
    """All test modules of this run are imported by now."""
    assert {"homeassistant", "lark_oapi"} & set(sys.modules) == set()


@pytest.mark.parametrize(
    ("changed", "test"),
    [
        ("tests/sync/test_quota.py", "tests/sync/test_quota.py"),
        ("custom_components/feishu_freebusy/sync/quota.py", "tests/sync/test_quota.py"),
        ("custom_components/feishu_freebusy/model/schedule.py", "tests/model/test_search.py"),
        ("custom_components/feishu_freebusy/translations/zh-Hans.json", "tests/test_translations.py"),
        ("custom_components/feishu_freebusy/__init__.py", "tests/test_init.py"),
        ("tests/voice.py", "tests/test_intent.py"),
        ("dev/simulator/tenant.py", "tests/simulator/test_tenant.py"),
        ("tests/feishu/conftest.py", "tests/feishu/test_client.py"),
        ("README.zh-Hans.md", "tests/test_user_docs.py"),
        ("docs/cards.zh-Hans.md", "tests/test_user_docs.py"),
    ],
)
def test_a_change_touches_its_tests(changed: str, test: str) -> None:
    assert test in names(tests_of.touched([changed]))


def test_the_nearest_tests_come_first() -> None:
    changed = ["custom_components/feishu_freebusy/sync/quota.py", "tests/test_init.py"]

    assert names(tests_of.touched(changed))[:2] == ["tests/test_init.py", "tests/sync/test_quota.py"]


def test_a_deleted_file_touches_the_tests_with_its_name() -> None:
    assert names(tests_of.touched(["custom_components/feishu_freebusy/gone/quota.py"])) == ["tests/sync/test_quota.py"]


def test_an_unrelated_file_touches_nothing() -> None:
    assert tests_of.touched(["LICENSE"]) == []


def test_the_transport_is_tested_with_both_versions_of_aiohttp() -> None:
    transport = names(tests_of.of_kind("transport"))

    assert "tests/feishu/test_transport.py" in transport
    assert "tests/feishu/test_tls.py" in transport
    assert "tests/feishu/test_parse.py" not in transport


def test_the_oldest_release_runs_what_home_assistant_calls() -> None:
    doors = names(tests_of.of_kind("doors"))

    home, integration = names(tests_of.of_kind("home")), tests_of.ROOT / "custom_components" / "feishu_freebusy"
    of_modules = {f"tests/test_{path.stem}.py" for path in integration.glob("*.py")} & set(home)
    assert of_modules <= set(doors)
    folders = {"tests", "tests/flows", "tests/blueprints"}
    assert {name.rpartition("/")[0] for name in doors} == folders
    left = [name for name in home if name.rpartition("/")[0] in folders and name not in doors]
    assert {name for name in left if not name.startswith(("tests/test_coordinator_", "tests/test_canaries"))} == {
        "tests/blueprints/test_choices.py",
        "tests/test_action_issues.py",
        "tests/test_booking.py",
        "tests/test_booking_person.py",
        "tests/test_disabled.py",
        "tests/test_faults.py",
        "tests/test_one_bad_thing.py",
        "tests/test_presence.py",
        "tests/test_time.py",
        "tests/test_utilization_sensors.py",
    }


def test_no_tests_are_no_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty line would become an empty argument, with which pytest runs everything."""
    monkeypatch.setattr(tests_of, "touched", lambda _: [])
    assert tests_of.main("changed") == 0
    assert capsys.readouterr().out == ""


def test_a_quarter_of_a_family_has_each_of_two_values_and_is_always_the_same() -> None:
    family = [f"test_x.py::test_a[{fault}-{source}]" for fault in range(20) for source in ("list", "batch")]

    left = quarters([*family, "test_x.py::test_b[en]", "test_x.py::test_b[zh-Hans]"])

    assert len(left & set(family)) == 10
    assert {case.rpartition("-")[2] for case in left & set(family)} == {"list]", "batch]"}
    assert len(left) == 11
    assert left == quarters(reversed([*family, "test_x.py::test_b[en]", "test_x.py::test_b[zh-Hans]"]))


def test_a_sample_has_the_first_case_of_every_third_test_of_each_file() -> None:
    tests = [f"test_{file}.py::test_{number}[{case}]" for file in "ab" for number in range(4) for case in (1, 2)]

    assert sample(tests) == {f"test_{file}.py::test_{number}[1]" for file in "ab" for number in (0, 3)}
