"""Imports point one way, so that the client and the rules about time can be read, tested and timed alone."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

COMPONENT = Path(__file__).parents[1] / "custom_components" / "feishu_freebusy"
# Stands for the component's package in the dotted names below.
ROOT = "component"
PURE: dict[str, set[str]] = {"schedule.py": {"feishu"}, "room_names.py": set(), "room_search.py": {"schedule"}}
ALONE = [*(COMPONENT / path for path in PURE), *sorted((COMPONENT / "feishu").rglob("*.py"))]

LOAD_ALL = """
import importlib, pkgutil, sys, types
parent = types.ModuleType("component")
parent.__path__ = [sys.argv[1]]
sys.modules["component"] = parent
feishu = importlib.import_module("component.feishu")
for module in pkgutil.walk_packages(feishu.__path__, "component.feishu."):
    importlib.import_module(module.name)
importlib.import_module("component.room_search")
print(*sorted(name for name in sys.modules if name.partition(".")[0] in ("component", "custom_components")))
sys.exit("homeassistant" in sys.modules)
"""


def imported(source: str, path: str) -> Iterator[str]:
    """Yield the dotted name of all that a module imports, wherever in it; relative ones start with `component`."""
    package = [ROOT, *Path(path).parts[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module or "").split(".")] if node.module else base
            yield from (".".join([*module, alias.name]) for alias in node.names)


def forbidden(source: str, path: str) -> list[str]:
    """Return what a module below the coordinator must not import but does."""

    def allowed(name: str) -> bool:
        top, *rest = name.split(".")
        if top == ROOT:
            return rest[0] in PURE.get(path, {"feishu"})
        if path in PURE:
            return top in sys.stdlib_module_names
        return top not in {"homeassistant", "custom_components", "", "probatio", "voluptuous"}

    return [name for name in imported(source, path) if not allowed(name)]


@pytest.mark.parametrize("path", [path.relative_to(COMPONENT).as_posix() for path in ALONE])
def test_imports_point_one_way(path: str) -> None:
    assert forbidden((COMPONENT / path).read_text(encoding="utf-8"), path) == []


def test_there_is_something_to_scan() -> None:
    assert len(ALONE) > 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("schedule.py", "import homeassistant.util.dt as dt_util"),
        ("schedule.py", "from homeassistant.util import dt"),
        ("schedule.py", "import aiohttp"),
        ("schedule.py", "from .const import DOMAIN"),
        ("schedule.py", "from . import coordinator"),
        ("room_search.py", "from .feishu.models import Room"),
        ("room_search.py", "from .catalogue import RoomInfo"),
        ("feishu/client.py", "def late():\n    from homeassistant.core import HomeAssistant"),
        ("feishu/client.py", "if TYPE_CHECKING:\n    from homeassistant.core import HomeAssistant"),
        ("feishu/client.py", "from ..const import DOMAIN"),
        ("feishu/client.py", "from .. import schedule"),
        ("feishu/client.py", "from custom_components.feishu_freebusy.const import DOMAIN"),
        ("feishu/deeper/client.py", "from ...schedule import Schedule"),
        ("feishu/__init__.py", "from ..schedule import Schedule"),
    ],
)
def test_the_scan_sees_an_import_the_wrong_way(path: str, source: str) -> None:
    assert forbidden(source, path)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("schedule.py", "from datetime import datetime\nfrom .feishu.models import BusyPeriod\nfrom . import feishu"),
        ("feishu/client.py", "import aiohttp\nfrom . import errors\nfrom .models import Room"),
        ("feishu/deeper/client.py", "from ..models import Room"),
    ],
)
def test_the_scan_lets_the_right_imports_pass(path: str, source: str) -> None:
    assert forbidden(source, path) == []


def test_the_client_and_the_rules_about_time_load_without_home_assistant() -> None:
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", LOAD_ALL, str(COMPONENT)], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert {"component.room_search", "component.schedule", "component.feishu.models"} <= loaded
    assert not {name for name in loaded if name.startswith("custom_components")}
