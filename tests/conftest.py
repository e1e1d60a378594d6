"""What all tests share: a simulated tenant. What needs Home Assistant is in `tests/home.py`.

Pure tests run without Home Assistant (`-p no:homeassistant`, see `scripts/tests_of.py`).
"""

from collections.abc import AsyncIterator, Generator, Iterable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
import logging
from math import ceil
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any
from zlib import crc32

from hypothesis import settings
import pytest

from simulator import Room, Simulator, Tenant
from simulator.tenant import BOOKING_SCOPES

# The same examples in every run, so that failures repeat. The deep profile uses new ones each time
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("quick", settings.get_profile("steady"), max_examples=20)
settings.register_profile("deep", max_examples=int(os.environ.get("DEEP_EXAMPLES", "5000")), deadline=None)
settings.load_profile("steady")

NEED_VENDOR = [
    "benchmarks/test_rows.py",
    "feishu/test_frames_vendor.py",
    "simulator/push/test_contract.py",
    "simulator/test_contract.py",
    "simulator/test_contract_booking.py",
    "simulator/test_contract_people.py",
]
collect_ignore = [] if find_spec("lark_oapi") else NEED_VENDOR

if "pytest_homeassistant_custom_component.plugins" in sys.modules:
    pytest_plugins = ["tests.home"]
else:
    # Importing the integration's own package would load Home Assistant, so put an empty package in its place
    integration = ModuleType("custom_components.feishu_freebusy")
    integration.__path__ = [str(Path(__file__).parents[1] / "custom_components" / "feishu_freebusy")]
    sys.modules[integration.__name__] = integration


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options with which `scripts/test` leaves tests out; `scripts/prove` runs all."""
    parser.addoption("--sample", action="store_true", help="run only the first case of every third test of a file")
    parser.addoption("--quarter", action="store_true", help="run only a quarter of the cases of a family")


@pytest.hookimpl(trylast=True)  # after tests were deselected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that take seconds, so that no worker waits at the end while another one runs them."""
    left = {item.nodeid for item in items}
    if config.getoption("sample", default=False):
        left = sample(item.nodeid for item in items)
        # The newest release may skip these, so they run nowhere else
        left |= {item.nodeid for item in items if item.get_closest_marker("skipif")}
    if config.getoption("quarter", default=False):
        family = {item.nodeid for item in items if item.get_closest_marker("family")}
        left -= family - quarters(family)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in left])
    items[:] = [item for item in items if item.nodeid in left]
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def sample(cases: Iterable[str]) -> set[str]:
    """Return the first case of every third test of each file, given in their order."""
    files: dict[str, dict[str, str]] = {}
    for case in cases:
        files.setdefault(case.partition("::")[0], {}).setdefault(case.partition("[")[0], case)
    return {case for tests in files.values() for case in [*tests.values()][::3]}


def quarters(cases: Iterable[str]) -> set[str]:
    """Return a quarter of the cases of each test, at least one.

    It is always the same quarter. Checksums choose it: every fourth case would have the same value of a parameter.
    """
    families: dict[str, list[str]] = {}
    for case in sorted(cases, key=lambda name: crc32(name.encode())):
        families.setdefault(case.partition("[")[0], []).append(case)
    return {case for family in families.values() for case in family[: ceil(len(family) / 4)]}


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Let a worker report any text: half a character (a lone surrogate) in a log would end it."""
    return encodable((yield))


def encodable(value: Any) -> Any:
    """Return a value of a report with escapes for what UTF-8 can't express."""
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: encodable(each) for key, each in value.items()}
        case list():
            return [encodable(each) for each in value]
        case tuple():
            return tuple(encodable(each) for each in value)
    return value


@pytest.fixture
def tenant() -> Tenant:
    """Return an empty tenant in which everything the integration needs is granted."""
    return Tenant()


@pytest.fixture
def may_book(tenant: Tenant) -> None:
    """Let the app book and release rooms."""
    tenant.grant(*BOOKING_SCOPES)


@pytest.fixture
async def simulator(socket_enabled: None, tenant: Tenant) -> AsyncIterator[Simulator]:
    """Serve the tenant on 127.0.0.1."""
    async with Simulator(tenant) as running:
        yield running


@pytest.fixture
def orion(tenant: Tenant) -> Room:
    """Return a room with every property."""
    level = tenant.add_level("3F", tenant.add_level("Tower A"))
    return tenant.add_room("Orion", level=level, capacity=8, equipment=("TV",))


@pytest.fixture
def vega(tenant: Tenant) -> Room:
    """Return a room with only a name."""
    return tenant.add_room("Vega")


@pytest.fixture
def rooms(tenant: Tenant) -> list[Room]:
    """Return a dozen rooms."""
    return [tenant.add_room(f"Room {number}") for number in range(12)]


@pytest.fixture
def log_of_info(caplog: pytest.LogCaptureFixture) -> None:
    """Let `caplog` see what a user sees in the log."""
    caplog.set_level(logging.INFO)


def examples(factor: float) -> settings:
    """Return settings with a multiple of the profile's number of examples (100 if it is steady)."""
    return settings(max_examples=max(round(settings().max_examples * factor), 1))


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 0) -> datetime:
    """Return an instant of the day of the tests, 2026-11-23 in UTC, plus `day` days."""
    return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC) + timedelta(days=day)
