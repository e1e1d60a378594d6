#!/usr/bin/env python3
"""Builds what a release consists of: the archive that the marketplace and HACS download, and its notes.

Only what git holds goes in, each file with the same date: whoever builds the same commit gets the same bytes.
"""

from argparse import ArgumentParser
from hashlib import sha256
from io import BytesIO
import json
from pathlib import Path
import re
import subprocess
import sys
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parent.parent
INTEGRATION = "custom_components/feishu_freebusy"
ARCHIVE = "feishu_freebusy.zip"  # as in hacs.json


class ReleaseError(Exception):
    """It must not be released as it is; the text says why."""


def version_of(root: Path) -> str:
    """Return the version, which the manifest, the project file and the newest entry of the changelog must agree on."""
    manifest = json.loads((root / INTEGRATION / "manifest.json").read_text(encoding="utf-8"))["version"]
    project = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    changelog = re.search(r"^## (\S+)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    found = {
        "manifest.json": manifest,
        "pyproject.toml": project and project[1],
        "CHANGELOG.md": changelog and changelog[1],
    }
    if len(set(found.values())) > 1:
        raise ReleaseError(f"the versions differ: {found}")
    return str(manifest)


def notes_of(changelog: str, version: str) -> str:
    """Return what the changelog says of a version."""
    section = re.search(rf"^## {re.escape(version)}(?=\s).*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ReleaseError(f"CHANGELOG.md says nothing of {version}")
    return section[1].strip() + "\n"


def archive_of(root: Path) -> bytes:
    """Return the integration's files, as git holds them, as a zip archive with them at its top."""
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", "-z", "--", INTEGRATION],  # noqa: S607  # whichever git there is
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name in sorted(filter(None, listed)):
            entry = ZipInfo(name.removeprefix(f"{INTEGRATION}/"))  # dated 1980, and readable by its owner
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (root / name).read_bytes(), ZIP_DEFLATED)
    return content.getvalue()


def main() -> None:
    """Write the archive, its checksum and the notes into a folder."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tag", help="what the release is to be called: refused unless it is v and the version")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder to write to (default: dist)")
    arguments = parser.parse_args()
    try:
        version = version_of(ROOT)
        notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    except ReleaseError as error:
        sys.exit(f"error: {error}")
    if arguments.tag not in (None, f"v{version}"):
        sys.exit(f"error: the tag is {arguments.tag}, the version {version}")
    archive = archive_of(ROOT)
    arguments.into.mkdir(parents=True, exist_ok=True)
    (arguments.into / ARCHIVE).write_bytes(archive)
    (arguments.into / f"{ARCHIVE}.sha256").write_text(f"{sha256(archive).hexdigest()}  {ARCHIVE}\n", encoding="utf-8")
    (arguments.into / "notes.md").write_text(notes, encoding="utf-8")
    sys.stdout.write(f"{version}: {arguments.into / ARCHIVE}, {len(archive)} bytes\n")


if __name__ == "__main__":
    main()
