"""The lists of requirements move to a newer Home Assistant with everything that it asks for."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

import newer
from newer import lead_of, pins_of, raised

NEWEST = """\
# The newest Home Assistant that the test kit supports (2026.10.4), with the linters.
pytest-homeassistant-custom-component==0.13.375
mypy==2.4.1
# What the conversation agent asks for
hassil==3.12.1
PyTurboJPEG==1.8.3
"""
RESOLVED = {newer.TEST_KIT: "0.13.380", newer.HOME_ASSISTANT: "2026.11.1"}


@pytest.fixture
def home_assistant(tmp_path: Path) -> Path:
    """Return an unpacked Home Assistant with two components."""
    folder = tmp_path / "homeassistant"
    for name, requirements in {
        "camera": ["PyTurboJPEG==1.9.0"],
        "conversation": ["hassil==3.13.0"],
        "sun": None,
    }.items():
        (folder / "components" / name).mkdir(parents=True)
        manifest = {"domain": name} if requirements is None else {"domain": name, "requirements": requirements}
        (folder / "components" / name / "manifest.json").write_text(json.dumps(manifest))
    (folder / "package_constraints.txt").write_text("# Constraints\n\naiohttp==3.14.0\nhassil==3.13.1\ngrpcio>=1\n")
    return folder


def test_what_home_assistant_asks_for_is_read_and_constraints_win(home_assistant: Path) -> None:
    assert pins_of(home_assistant) == {"aiohttp": "3.14.0", "hassil": "3.13.1", "pyturbojpeg": "1.9.0"}


def test_a_list_moves_with_what_home_assistant_asks_for(home_assistant: Path) -> None:
    text = raised(NEWEST, before="2026.10.4", resolved=RESOLVED, pins=pins_of(home_assistant))
    assert text == (
        "# The newest Home Assistant that the test kit supports (2026.11.1), with the linters.\n"
        "pytest-homeassistant-custom-component==0.13.380\n"
        "mypy==2.4.1\n"
        "# What the conversation agent asks for\n"
        "hassil==3.13.1\n"
        "PyTurboJPEG==1.9.0\n"
    )


def test_an_overridden_package_keeps_its_version(home_assistant: Path) -> None:
    text = raised(
        NEWEST, before="2026.10.4", resolved=RESOLVED, pins=pins_of(home_assistant), overridden=["pyturbojpeg"]
    )
    assert "PyTurboJPEG==1.8.3\n" in text


def test_nothing_changes_where_the_newest_is_there() -> None:
    resolved = {newer.TEST_KIT: "0.13.375", newer.HOME_ASSISTANT: "2026.10.4"}
    assert raised(NEWEST, before="2026.10.4", resolved=resolved, pins={"hassil": "3.12.1"}) == NEWEST


@pytest.mark.parametrize(
    ("requirements", "lead"),
    [
        (NEWEST, newer.TEST_KIT),
        ("homeassistant==2026.11.0\n", newer.HOME_ASSISTANT),
        ("zizmor==1.32.0\n# homeassistant==2026.11.0\n", None),
    ],
)
def test_a_list_without_home_assistant_does_not_move(requirements: str, lead: str | None) -> None:
    assert lead_of(requirements) == lead


def test_all_lists_except_the_floor_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {
        "demo": "homeassistant==2026.10.4\n",
        "floor": "homeassistant==2026.10.4\n",
        "lint": "zizmor==1.0\n",
        "vendor": "-r demo.in\n-c demo.txt\nlark-oapi==1.7.5\n",
    }
    for name, requirements in lists.items():
        (tmp_path / f"{name}.in").write_text(requirements)
        (tmp_path / f"{name}.txt").write_text(f"# By:\n#    uv pip compile {name}.in\nhomeassistant==2026.10.4\n")
    commands = []

    def uv(*arguments: str | Path, given: str | None = None) -> str:
        commands.append((arguments, given))
        return "homeassistant==2026.11.1\n"

    monkeypatch.setattr(newer, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(newer, "uv", uv)
    monkeypatch.setattr(newer, "asked_for_by", lambda _: {})
    assert list(newer.raise_all()) == [
        "demo: Home Assistant 2026.10.4 -> 2026.11.1",
        "vendor: compiled again",
    ]
    assert (tmp_path / "demo.in").read_text() == "homeassistant==2026.11.1\n"
    assert (tmp_path / "floor.in").read_text() == "homeassistant==2026.10.4\n"
    assert [arguments for arguments, given in commands if given is None] == [
        ("pip", "compile", "demo.in"),
        ("pip", "compile", "vendor.in"),
    ]


def test_every_list_says_by_which_command_it_was_compiled() -> None:
    root = Path(__file__).parents[1]
    for path in sorted((root / "dev" / "requirements").glob("*.in")):
        command = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()[1]
        assert command.startswith("#    uv pip compile --universal ")
        assert f" {path.relative_to(root)} " in f"{command} "
        assert "--python " not in command


def test_an_unknown_command_is_refused() -> None:
    run = subprocess.run(  # noqa: S603
        [sys.executable, newer.__file__, "lower"], check=False, capture_output=True, text=True
    )
    assert (run.returncode, run.stderr) == (1, "usage: python -m newer raise|beta\n")
