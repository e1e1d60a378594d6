"""Compares prose with the rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import re
import subprocess
import sys
from tempfile import TemporaryDirectory
import tomllib

from .extract import Prose, prose_in

FOLDER = Path(__file__).parent
SUBJECT_LENGTH = 72
# codespell's own lists: certain mistakes, real but rare words that are mistakes for another, British spelling
_LISTS = "clear,rare,en-GB_to_en-US"
_START = "\x02"  # before the first word of a docstring


@dataclass(frozen=True)
class Phrase:
    """A pattern that must not occur, and what to write instead."""

    pattern: re.Pattern[str]
    instead: str


@dataclass(frozen=True)
class Rules:
    """What to look for."""

    phrases: tuple[Phrase, ...]

    @classmethod
    def load(cls) -> Rules:
        """Return the rules of phrases.toml."""
        table = tomllib.loads((FOLDER / "phrases.toml").read_text(encoding="utf-8"))
        return cls(tuple(Phrase(_pattern(row["find"]), row["instead"]) for row in table["phrase"]))


@cache
def _settings() -> dict[str, list[str]]:
    files: dict[str, list[str]] = tomllib.loads((FOLDER / "phrases.toml").read_text(encoding="utf-8"))["files"]
    return files


def _pattern(find: str) -> re.Pattern[str]:
    # a space matches a line break, too; "^" asks for the start of a docstring
    find = find.replace(" ", r"\s+")
    start = f"{_START}\\s*" if find.startswith("^") else r"(?<![\w'’-](?=\w))"
    return re.compile(f"{start}(?:{find.removeprefix('^')})(?![\\w’-])", re.IGNORECASE)


def is_checked(name: str) -> bool:
    """Return whether a file, named from the top of the repository, has prose of ours in English."""
    files = _settings()
    base = name.rpartition("/")[2]
    if any(re.fullmatch(pattern, name) for pattern in files["skip"]):
        return False
    return (
        base.rpartition(".")[2] in files["endings"]
        if "." in base
        else base in files["names"] or name.startswith("scripts/")
    )


def check(texts: dict[str, str], rules: Rules) -> Iterator[str]:
    """Yield a line for each finding, sorted: the file, the line and what to write instead.

    Args:
        texts: The content of each file by its name.
        rules: What to look for.

    """
    prose = {name: prose_in(name, content) for name, content in texts.items()}
    found = {finding for name, parts in prose.items() for finding in _phrases(name, parts, rules)}
    found |= set(_spelling(prose))
    for name, line, advice in sorted(found):
        yield f"{name}:{line}: {advice}"


def _phrases(name: str, parts: list[Prose], rules: Rules) -> Iterator[tuple[str, int, str]]:
    # one text, in which a sentence may run over lines but not from one comment into the next
    pieces, starts, length = [], [], 0
    for part in parts:
        break_before = "\n.\n" if part.starts else "\n"
        piece = f"{break_before}{_START if part.starts and part.docstring else ''}{part.text}"
        starts.append((length + len(piece) - len(part.text), part.line))
        pieces.append(piece)
        length += len(piece)
    text = "".join(pieces)
    for phrase in rules.phrases:
        for match in phrase.pattern.finditer(text):
            position = match.start() + len(match[0]) - len(match[0].lstrip(f"{_START} \n"))
            line = next((line for offset, line in reversed(starts) if offset <= position), 1)
            words = " ".join(match[0].replace(_START, "").split())
            yield name, line, f'"{words}": {phrase.instead}'


def _spelling(prose: dict[str, list[Prose]]) -> Iterator[tuple[str, int, str]]:
    """Ask codespell about all prose at once: starting it takes longer than reading."""
    where = [(name, part.line) for name, parts in prose.items() for part in parts]
    text = "".join(f"{part.text}\n" for parts in prose.values() for part in parts)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "prose"
        path.write_text(text, encoding="utf-8")
        command: list[str | Path] = [
            *(
                sys.executable,
                "-m",
                "codespell_lib",
                "--builtin",
                _LISTS,
                "--dictionary",
                "-",
                "--dictionary",
                FOLDER / "words.txt",
            ),
            *(
                "--ignore-words",
                FOLDER / "accepted.txt",
                "--config",
                "/dev/null",
                "--toml",
                "/dev/null",
                "--disable-colors",
            ),
            path,
        ]
        printed = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if printed.returncode not in (0, 65):  # 65: found something
        raise RuntimeError(printed.stderr)
    for line in printed.stdout.splitlines():
        found = re.fullmatch(r".*?:(\d+): (.+?) ==> (.+)", line)
        if found is None:
            raise RuntimeError(f"codespell printed: {line}")
        yield *where[int(found[1]) - 1], f'"{found[2]}": write {found[3]}'


def check_commit_message(message: str, rules: Rules) -> Iterator[str]:
    """Yield a line for each fault of a commit message."""
    text = "\n".join(line for line in message.splitlines() if not line.startswith("#"))
    subject = text.strip().partition("\n")[0]
    if len(subject) > SUBJECT_LENGTH:
        yield f"the subject has {len(subject)} characters: put details in the body, {SUBJECT_LENGTH} are the most"
    if subject.endswith("."):
        yield "the subject ends in a period: drop it"
    yield from check({"commit message": text}, rules)
