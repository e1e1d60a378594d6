"""Chooses tests by what they import: `python scripts/tests_of.py KIND` prints test files, one a line.

pure       need neither Home Assistant nor the vendor's SDK
transport  the pure ones of the client, which sends requests with aiohttp: its version differs between releases
home       need Home Assistant
doors      those of them that test what Home Assistant calls: the top of the integration, its flows, its blueprints
vendor     need the vendor's SDK
changed    are touched by what changed since a commit (by default HEAD~1), uncommitted changes included

A change touches a test that is the changed file, imports it, or has its name: `sync/quota.py` touches
`tests/sync/test_quota.py`. `_READERS` lists the tests of files that are not Python.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath
import subprocess
import sys
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
KINDS: Final = ("pure", "transport", "home", "doors", "vendor")
MOST_TOUCHED: Final = 4  # files with Home Assistant in them: each takes seconds

_TRANSPORT: Final = "custom_components.feishu_freebusy.feishu.transport"
_FOLDERS: Final = {  # where the modules of a top-level name are
    **dict.fromkeys(("custom_components", "scripts", "tests"), ROOT),
    **dict.fromkeys(("benchmarks", "demo", "newer", "prose", "simulator"), ROOT / "dev"),
}
_HOME: Final = {"homeassistant", "probatio", "pytest_homeassistant_custom_component"}
_VENDOR: Final = {"lark_oapi"}
_DOORS: Final = [ROOT / "tests", ROOT / "tests" / "flows", ROOT / "tests" / "blueprints"]
# Polls, failures, clocks, bookings, presence and numbers follow our own rules
_BEHIND: Final = (
    "test_action_issues",
    "test_booking",
    "test_canaries",
    "test_choices",
    "test_coordinator_",
    "test_disabled",
    "test_faults",
    "test_one_bad_thing",
    "test_presence",
    "test_time",
    "test_utilization_sensors",
)
_READERS: Final = {
    "blueprints": ["tests/blueprints/test_files.py"],
    "CHANGELOG.md": ["tests/test_release.py"],
    "docs": ["tests/test_user_docs.py", "tests/test_docs.py"],
    "README": ["tests/test_user_docs.py"],
    "custom_components/feishu_freebusy/frontend": ["tests/test_cards.py"],
    "custom_components/feishu_freebusy/quality_scale": ["tests/test_quality_scale.py"],
    "custom_components/feishu_freebusy/sentences": [
        "tests/assist/test_sentences.py",
        "tests/test_intent.py",
        "tests/test_intent_booking.py",
    ],
    "custom_components/feishu_freebusy/manifest.json": ["tests/test_metadata.py"],
    "custom_components/feishu_freebusy/translations": ["tests/test_translations.py", "tests/test_metadata.py"],
    "hacs.json": ["tests/test_metadata.py"],
}


def test_files() -> list[Path]:
    """Return all files of tests but those of the live Home Assistant, which has a stage of its own."""
    return sorted(path for path in (ROOT / "tests").rglob("test_*.py") if "live" not in path.parts)


def of_kind(kind: str) -> list[Path]:
    """Return the test files of one of `KINDS`."""
    return [path for path in test_files() if kind in kinds(path)]


def kinds(test: Path) -> set[str]:
    """Return the kinds a test file is of."""
    names = needs(test)
    tops = {name.partition(".")[0] for name in names}
    if tops & _VENDOR:
        return {"vendor"}
    if tops & _HOME:
        is_door = test.parent in _DOORS and not test.name.startswith(_BEHIND)
        return {"home", "doors"} if is_door else {"home"}
    sends = test.parent == ROOT / "tests" / "feishu" and _TRANSPORT in names
    return {"pure", "transport"} if sends else {"pure"}


def touched(changed: Iterable[str]) -> list[Path]:
    """Return the test files that the changed files touch, the nearest first."""
    found: dict[Path, int] = {}
    for name in changed:
        path = ROOT / name
        stems = {path.parent.name, "init"} if path.stem == "__init__" else {path.stem}
        for test in test_files():
            if test == path:
                distance = 0
            elif test.stem.removeprefix("test_") in stems or test.relative_to(ROOT).as_posix() in _readers(name):
                distance = 1
            elif path.suffix == ".py" and (path in dict(imports(test)).values() or path in _conftests(test)):
                distance = 2
            else:
                continue
            found[test] = min(distance, found.get(test, distance))
    return sorted(found, key=lambda test: (found[test], test))


def changed_since(commit: str) -> list[str]:
    """Return the paths of files that differ from a commit, uncommitted and new ones included."""
    return [
        *_git("diff", "--name-only", "--no-renames", "-z", commit),
        *_git("ls-files", "--others", "--exclude-standard", "-z"),
    ]


@cache
def needs(path: Path) -> frozenset[str]:
    """Return the names of all modules that a file imports, itself or by way of others of the repository."""
    seen: set[Path] = set()
    names: set[str] = set()
    ahead = [path, *(file for file in _conftests(path) if file.parent != ROOT / "tests" / "feishu")]
    while ahead:
        if (one := ahead.pop()) in seen:
            continue
        seen.add(one)
        for name, file in imports(one):
            names.add(name)
            if file:
                ahead.append(file)
    return frozenset(names)


@cache
def imports(path: Path) -> tuple[tuple[str, Path | None], ...]:
    """Return the names that a file imports, anywhere in it, with their files if they are the repository's."""
    return tuple((name, _file_of(name)) for name in _imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*_package(path, level), *([module] if module else [])]
                for alias in names:
                    name = ".".join([*base, alias.name])
                    yield name if _file_of(name) else ".".join(base)
            case ast.Assign(targets=[ast.Name(id="pytest_plugins")], value=ast.List(elts=plugins)):
                # conftest.py loads its plugin only where Home Assistant's test kit is
                if path.name != "conftest.py":
                    yield from (str(plugin.value) for plugin in plugins if isinstance(plugin, ast.Constant))


def _package(path: Path, level: int) -> list[str]:
    if not level:
        return []
    base = ROOT / "dev" if path.is_relative_to(ROOT / "dev") else ROOT
    return list(path.relative_to(base).parts[:-level])


@cache
def _file_of(name: str) -> Path | None:
    top, *_ = name.split(".")
    if top not in _FOLDERS:
        return None
    path = _FOLDERS[top].joinpath(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _conftests(test: Path) -> list[Path]:
    return [file for folder in test.parents if (file := folder / "conftest.py").is_file()]


def _readers(name: str) -> list[str]:
    return next((tests for start, tests in _READERS.items() if name.startswith(start) and name[-3:] != ".py"), [])


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", "-C", ROOT, *arguments], check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603, S607
    return [name for name in done.stdout.split("\0") if name]


def main(kind: str, *rest: str) -> int:
    """Print the files; say on stderr what is left out."""
    if kind in KINDS:
        tests = of_kind(kind)
    elif kind == "changed":
        tests = [test for test in touched(changed_since(*(rest or ["HEAD~1"]))) if "home" in kinds(test)]
        if len(tests) > MOST_TOUCHED:
            left = f"{len(tests)} test files are touched; scripts/test runs those beyond the nearest {MOST_TOUCHED}"
            print(left, file=sys.stderr)
        del tests[MOST_TOUCHED:]
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for test in tests:  # no line at all for none
        print(PurePosixPath(test.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [""])))
