"""The command line of the prose check."""

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
import subprocess
import sys

from .check import Rules, check, check_commit_message, is_checked

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Return the files that git holds and this check reads."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def report(findings: Iterable[str], *, count: bool) -> int:
    """Print the findings, or how many each folder has, and return the exit code."""
    lines = list(findings)
    if count:
        folders: dict[str, int] = {}
        for line in lines:
            folder = line.partition(":")[0].rpartition("/")[0] or "."
            folders[folder] = folders.get(folder, 0) + 1
        lines = [f"{number:5}  {folder}" for folder, number in sorted(folders.items())]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


def main() -> int:
    """Check the files that are named, or all."""
    parser = ArgumentParser(
        prog="scripts/prose", description="Checks the English of comments, docstrings, texts and pages."
    )
    parser.add_argument("files", nargs="*", type=Path, help="only these files (default: all that git holds)")
    parser.add_argument("--count", action="store_true", help="print only the number of findings in each folder")
    parser.add_argument("--commit-message", type=Path, metavar="FILE", help="check the commit message in this file")
    arguments = parser.parse_args()
    rules = Rules.load()
    if arguments.commit_message:
        message = arguments.commit_message.read_text(encoding="utf-8")
        return report(check_commit_message(message, rules), count=False)
    named = [path.resolve() for path in arguments.files] or tracked()
    files = {path.relative_to(ROOT).as_posix(): path for path in named if path.is_relative_to(ROOT) and path.is_file()}
    texts = {name: path.read_text(encoding="utf-8") for name, path in sorted(files.items()) if is_checked(name)}
    return report(check(texts, rules), count=arguments.count)


if __name__ == "__main__":
    sys.exit(main())
