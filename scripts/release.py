#!/usr/bin/env python3
"""Builds a release: the archive that the marketplace and HACS download, its checksum and its notes.

The archive has only files that git tracks, all with the same date, so every build of a commit gives the same bytes.
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
    """This state must not be released; the text says why."""


def version_of(root: Path) -> str:
    """Return the version, which must be the same in the manifest, the project file and the newest changelog entry."""
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
    """Return the section of a version in the changelog."""
    section = re.search(rf"^## {re.escape(version)}(?=\s).*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ReleaseError(f"CHANGELOG.md has no text for {version}")
    return section[1].strip() + "\n"


def archive_of(root: Path) -> bytes:
    """Return a zip archive of the integration's tracked files, with the integration's folder as its top."""
    listed = subprocess.run(  # noqa: S603
        ["git", "ls-files", "-z", "--", INTEGRATION],  # noqa: S607  # any git will do
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name in sorted(filter(None, listed)):
            entry = ZipInfo(name.removeprefix(f"{INTEGRATION}/"))  # the date stays 1980
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (root / name).read_bytes(), ZIP_DEFLATED)
    return content.getvalue()


def main() -> None:
    """Write the archive, its checksum and its notes into a folder."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tag", help="the tag of the release: must be v and the version")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder for the files (default: dist)")
    arguments = parser.parse_args()
    try:
        version = version_of(ROOT)
        notes = notes_of((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    except ReleaseError as error:
        sys.exit(f"error: {error}")
    if arguments.tag not in (None, f"v{version}"):
        sys.exit(f"error: the tag is {arguments.tag}, but the version is {version}")
    archive = archive_of(ROOT)
    arguments.into.mkdir(parents=True, exist_ok=True)
    (arguments.into / ARCHIVE).write_bytes(archive)
    (arguments.into / f"{ARCHIVE}.sha256").write_text(f"{sha256(archive).hexdigest()}  {ARCHIVE}\n", encoding="utf-8")
    (arguments.into / "notes.md").write_text(notes, encoding="utf-8")
    sys.stdout.write(f"{version}: {arguments.into / ARCHIVE}, {len(archive)} bytes\n")


if __name__ == "__main__":
    main()
