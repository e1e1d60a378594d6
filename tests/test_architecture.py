"""Imports point down, folder by folder, so that each wing can be read and tested alone."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
import re
import subprocess
import sys

import pytest

COMPONENT = Path(__file__).parents[1] / "custom_components" / "feishu_freebusy"
PACKAGE = "custom_components.feishu_freebusy"

# Which part may import which. A part is a folder or a module at the top; it may import itself and the parts of its row.
_CLIENT = {"const", "feishu"}
_RULES = _CLIENT | {"model"}
_SUPPORT = _RULES | {"_slices", "_time", "_vol", "api", "errors"}
_BELOW_COORDINATOR = _SUPPORT | {"devices", "issues", "sync"}
_BELOW_ENTITIES = _BELOW_COORDINATOR | {"coordinator"}
_BELOW_WORDS = _BELOW_ENTITIES | {"acting", "behalf", "booking", "entity", "finder", "refusals", "rights"}
MAY_IMPORT: Mapping[str, set[str]] = {
    "const": set(),
    "_slices": set(),
    "_time": set(),
    "_vol": set(),
    "feishu": {"const"},
    "model": _CLIENT,
    "api": _RULES,
    "errors": _RULES,
    "devices": _RULES | {"_slices"},
    "issues": _SUPPORT,
    "sync": _SUPPORT,
    "coordinator": _BELOW_COORDINATOR,
    "entity": _BELOW_ENTITIES,
    "finder": _BELOW_ENTITIES,
    "booking": _BELOW_ENTITIES,
    "refusals": _BELOW_ENTITIES | {"booking", "finder"},
    "acting": _BELOW_ENTITIES | {"booking", "finder", "refusals", "rights"},
    "rights": _BELOW_ENTITIES | {"finder"},
    "behalf": _BELOW_ENTITIES | {"acting", "booking", "finder", "refusals", "rights"},
    "no_shows": _BELOW_ENTITIES | {"acting", "booking", "finder", "refusals"},
    "binary_sensor": _BELOW_WORDS,
    "button": _BELOW_WORDS,
    "calendar": _BELOW_WORDS,
    "logbook": {"_time", "booking", "const"},
    "sensor": _BELOW_WORDS,
    "services": _BELOW_WORDS,
    "services_booking": _BELOW_WORDS | {"services"},
    "services_utilization": _BELOW_WORDS | {"services"},
    "repairs": _BELOW_WORDS,
    "event": _BELOW_WORDS,
    "soon": _BELOW_ENTITIES,
    "targets": _BELOW_ENTITIES,
    "trigger": _BELOW_WORDS | {"no_shows", "soon", "targets"},
    "condition": _BELOW_WORDS | {"soon", "targets"},
    "diagnostics": _BELOW_WORDS,
    "system_health": _BELOW_WORDS,
    "cards": _RULES | {"_vol", "finder"},
    "flows": _BELOW_WORDS,
    "config_flow": _BELOW_WORDS | {"flows"},
    "assist": _BELOW_WORDS,
    "intent": _BELOW_WORDS | {"assist"},
    "llm": _BELOW_WORDS | {"assist", "services"},
    "": _BELOW_WORDS
    | {
        "assist",
        "cards",
        "intent",
        "no_shows",
        "services",
        "services_booking",
        "services_utilization",
    },  # set-up itself
}
WITHOUT_HOME_ASSISTANT = ("feishu", "model")
# The clock of this machine may be wrong: `sync.clock` tells the time of an entry, `finder` that of all entries. The
# transport compares the clocks; the others try whether something can be read, on any day, or talk about a whole month
READ_THE_CLOCK_OF_THE_MACHINE = {
    "sync.clock",
    "finder",
    "logbook",  # which times are of today, as the logbook itself shows it
    "feishu.transport",
    "feishu.client",
    "feishu.access",
    "flows.rooms",
    "flows.people",
    "flows.options",
    "config_flow",
}
MODULES = sorted(COMPONENT.rglob("*.py"))

LOAD_ALONE = """
import importlib, pkgutil, sys, types
parent = types.ModuleType("component")
parent.__path__ = [sys.argv[1]]
sys.modules["component"] = parent
for name in sys.argv[2:]:
    package = importlib.import_module(f"component.{name}")
    for module in pkgutil.walk_packages(package.__path__, f"component.{name}."):
        importlib.import_module(module.name)
print(*sorted(name for name in sys.modules if name.startswith("component.")))
sys.exit(any(name.partition(".")[0] in {"homeassistant", "custom_components"} for name in sys.modules))
"""


def name_of(path: Path) -> str:
    """Return the dotted name of a module below the component; empty for the component itself."""
    parts = path.relative_to(COMPONENT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports_of(source: str, name: str, *, is_package: bool = False) -> Iterator[str]:
    """Yield the dotted names that a module imports, wherever in it: ours below the component, others as `/name`."""
    package = name.split(".") if is_package else name.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"/{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            module = [*base, *(node.module.split(".") if node.module else ())]
            yield from (".".join([*module, alias.name]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"/{node.module}.{alias.name}" for alias in node.names)


def part_of(name: str) -> str:
    return name.partition(".")[0]


def forbidden(source: str, name: str, *, is_package: bool = False) -> list[str]:
    """Return the imports of a module that its row in the table does not allow."""
    part = part_of(name)

    def allowed(imported: str) -> bool:
        if not imported.startswith("/"):
            return part_of(imported) in MAY_IMPORT[part] | {part}
        top = part_of(imported[1:])
        if top == "custom_components":
            return False
        return part not in WITHOUT_HOME_ASSISTANT or top not in {"homeassistant", "probatio", "voluptuous"}

    return [each for each in imports_of(source, name, is_package=is_package) if not allowed(each)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(COMPONENT).as_posix())
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    is_package = path.name == "__init__.py"
    assert forbidden(path.read_text(encoding="utf-8"), name_of(path), is_package=is_package) == []


def test_only_a_few_modules_read_the_clock_of_the_machine() -> None:
    reads = re.compile(r"\butcnow\(|dt_util\.now\(|time\.time\(|datetime\.now\(")
    found = {name_of(path) for path in MODULES if reads.search(path.read_text(encoding="utf-8"))}
    assert found == READ_THE_CLOCK_OF_THE_MACHINE


def test_the_table_names_every_part() -> None:
    assert {part_of(name_of(path)) for path in MODULES} == MAY_IMPORT.keys()


def test_the_table_has_no_circles() -> None:
    tuple(TopologicalSorter(MAY_IMPORT).static_order())


def test_modules_do_not_import_each_other_in_circles() -> None:
    names = {name_of(path): path for path in MODULES}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        is_package = path.name == "__init__.py"
        imported = imports_of(path.read_text(encoding="utf-8"), name, is_package=is_package)
        # An import names a module, or something in one
        targets = (each if each in names else each.rpartition(".")[0] for each in imported if not each.startswith("/"))
        graph[name] = {target for target in targets if target in names} - {name}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("model.schedule", "import homeassistant.util.dt as dt_util"),
        ("model.schedule", "from homeassistant.util import dt"),
        ("model.schedule", "def late():\n    from homeassistant.core import HomeAssistant"),
        ("model.schedule", "if TYPE_CHECKING:\n    from homeassistant.core import HomeAssistant"),
        ("model.schedule", "from ..sync.timetable import Timetable"),
        ("model.schedule", "from .. import coordinator"),
        ("feishu.client", "from ..model.schedule import Schedule"),
        ("feishu.client", "from custom_components.feishu_freebusy.const import DOMAIN"),
        ("sync.poller", "from ..coordinator import FreeBusyCoordinator"),
        ("flows.rooms", "from ..assist.names import Names"),
        ("assist.names", "from ..flows.rooms import RoomSteps"),
        ("issues", "from .sync.catalogue import CatalogueCoordinator"),
    ],
)
def test_the_check_finds_an_import_the_wrong_way(name: str, source: str) -> None:
    assert forbidden(source, name)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (
            "model.schedule",
            "from datetime import datetime\nfrom ..feishu.models import BusyPeriod\nfrom . import options",
        ),
        ("feishu.client", "import aiohttp\nfrom . import errors\nfrom .models import Room\nfrom ..const import DOMAIN"),
        ("calendar", "from .entity import SubjectEntity\nfrom homeassistant.core import HomeAssistant"),
    ],
)
def test_the_check_allows_an_import_the_right_way(name: str, source: str) -> None:
    assert forbidden(source, name) == []


def test_the_client_and_the_rules_load_without_home_assistant() -> None:
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-c", LOAD_ALONE, str(COMPONENT), *WITHOUT_HOME_ASSISTANT],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.split())
    assert {"component.feishu.client", "component.feishu.stream", "component.model.schedule"} <= loaded
