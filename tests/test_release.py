"""A release holds the integration as git has it, under one version, with what the changelog says of it."""

from io import BytesIO
import json
from pathlib import Path
import re
import subprocess
import sys
from zipfile import ZipFile

import pytest
import yaml

from scripts.release import ARCHIVE, ReleaseError, archive_of, notes_of, version_of

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CHANGELOG = "# Changelog\n\n## 1.1.0\n\nNewer.\n\n## 1.0.0 – 2026-11-24\n\nThe first.\n\n- And more.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout of a small integration."""
    folder = tmp_path / "custom_components" / "feishu_freebusy"
    (folder / "feishu").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps({"version": "1.1.0"}))
    (folder / "feishu" / "client.py").write_text("# client\n")
    (folder / "left_over.pyc").write_text("")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)  # noqa: S607
    subprocess.run(["git", "add", "*.json", "*.py"], cwd=tmp_path, check=True)  # noqa: S607
    return tmp_path


def test_the_versions_agree() -> None:
    assert notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version_of(ROOT))


def test_versions_that_differ_are_refused(checkout: Path) -> None:
    assert version_of(checkout) == "1.1.0"
    (checkout / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    with pytest.raises(ReleaseError, match=r"pyproject\.toml': '1\.2\.0"):
        version_of(checkout)


def test_the_notes_are_those_of_the_version() -> None:
    assert notes_of(CHANGELOG, "1.1.0") == "Newer.\n"
    assert notes_of(CHANGELOG, "1.0.0") == "The first.\n\n- And more.\n"
    with pytest.raises(ReleaseError):
        notes_of(CHANGELOG, "1.0")


def test_the_archive_holds_what_git_holds_at_its_top(checkout: Path) -> None:
    with ZipFile(BytesIO(archive_of(checkout))) as archive:
        assert archive.namelist() == ["feishu/client.py", "manifest.json"]
        assert archive.read("feishu/client.py") == b"# client\n"


def test_the_same_files_make_the_same_bytes(checkout: Path) -> None:
    first = archive_of(checkout)
    for path in checkout.rglob("*.py"):
        path.touch()
    assert archive_of(checkout) == first


def test_a_tag_of_another_version_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "release.py"), "--tag", "v0.0.9", "--into", str(tmp_path)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert run.returncode == 1
    assert "the tag is v0.0.9" in run.stderr
    assert not list(tmp_path.iterdir())


def test_hacs_and_the_workflow_ask_for_the_archive_that_is_built() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert (hacs["zip_release"], hacs["filename"]) == (True, ARCHIVE)
    assert f"dist/{ARCHIVE} " in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_only_read_but_for_the_job_that_publishes(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    rights = {name: job.get("permissions", {}) for name, job in workflow["jobs"].items()}
    writing = {name for name, granted in rights.items() if "write" in str(granted)}
    assert writing == ({"publish"} if path.stem == "release" else set())
    assert all(job["timeout-minutes"] <= 45 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_but_for_the_validators(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for action, version in re.findall(r"uses: (\S+)@(\S+)", text):
        validator = action in {"home-assistant/actions/hassfest", "hacs/action"}
        assert validator or re.fullmatch(r"[0-9a-f]{40}", version), f"{action} is not pinned"
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


@pytest.mark.parametrize("name", ["demo", "floor", "newest"])
def test_requirements_are_pinned_and_name_no_address(name: str) -> None:
    lines = (ROOT / "dev" / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==(\d!)?[\w.]+( ; .+)?", line)] == []
