"""A release holds the files of the integration that git holds, under one version, with the notes of the changelog.

Workflows, forms and requirements are checked here, too.
"""

from io import BytesIO
import json
import os
from pathlib import Path
import re
import subprocess
import sys
from zipfile import ZipFile

import pytest
import yaml

from scripts.release import ARCHIVE, ReleaseError, archive_of, notes_of, version_of

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
# The jobs that may write, and what
WRITERS = {
    ("release", "publish"): {"contents"},
    ("raise", "propose"): {"actions", "contents", "pull-requests"},
    ("prove", "report"): {"issues"},
}
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


def test_the_notes_are_the_section_of_the_version() -> None:
    assert notes_of(CHANGELOG, "1.1.0") == "Newer.\n"
    assert notes_of(CHANGELOG, "1.0.0") == "The first.\n\n- And more.\n"
    with pytest.raises(ReleaseError):
        notes_of(CHANGELOG, "1.0")


def test_the_archive_has_the_tracked_files_at_its_top(checkout: Path) -> None:
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


def test_hacs_and_the_release_workflow_name_the_archive() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert (hacs["zip_release"], hacs["filename"]) == (True, ARCHIVE)
    assert f"dist/{ARCHIVE} " in (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_only_listed_jobs_may_write(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in workflow["jobs"].items():
        written = {right for right, granted in job.get("permissions", {}).items() if granted != "read"}
        assert written <= WRITERS.get((path.stem, name), set())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_that_write_run_no_script_of_the_tests(path: Path) -> None:
    for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items():
        if (path.stem, name) in WRITERS:
            run = "\n".join(step.get("run", "") for step in job["steps"])
            assert re.findall(r"scripts/[\w.]+|\.ci/run|\bpip\b|\bnpm\b|\buv\b", run) in ([], ["scripts/release.py"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_end_and_runs_do_not_pile_up(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["concurrency"]["group"].startswith("${{ github.workflow }}")
    assert all(job["timeout-minutes"] <= 360 for job in workflow["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_except_the_validators(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for action, version in re.findall(r"uses: (\S+)@(\S+)", text):
        validator = action in {"home-assistant/actions/hassfest", "hacs/action"}
        assert validator or re.fullmatch(r"[0-9a-f]{40}", version), f"{action} is not pinned"
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "dev" / "requirements").glob("*.in")))
def test_requirements_are_pinned_and_name_no_address(name: str) -> None:
    lines = (ROOT / "dev" / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==(\d!)?[\w.]+( ; .+)?", line)] == []


def test_every_script_of_a_workflow_is_executable() -> None:
    for path in [*WORKFLOWS, ROOT / ".pre-commit-config.yaml", ROOT / ".devcontainer" / "devcontainer.json"]:
        for script in re.findall(
            r"(?<![\w./-])((?:scripts|\.devcontainer)/[\w-]+)(?![\w.-])", path.read_text(encoding="utf-8")
        ):
            assert os.access(ROOT / script, os.X_OK), f"{path.name} runs {script}"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_have_what_github_asks_for(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert form["name"]
    assert form["description"]
    assert {field["type"] for field in fields} <= {"checkboxes", "dropdown", "input", "textarea"}
    assert all(field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))


def test_a_bug_report_asks_for_versions_diagnostics_and_the_log() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    fields = {field["id"]: field for field in form["body"] if "id" in field}
    assert {"integration", "home-assistant", "diagnostics", "log"} <= fields.keys()
    for name in ("integration", "home-assistant", "diagnostics"):
        assert fields[name]["validations"]["required"]


def test_code_owners_are_those_of_the_manifest() -> None:
    manifest = json.loads((ROOT / "custom_components/feishu_freebusy/manifest.json").read_text(encoding="utf-8"))
    rules = [
        line.split() for line in (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines() if line[:1] == "*"
    ]
    assert rules == [["*", *manifest["codeowners"]]]
