"""The prose check reads comments, docstrings, texts, pages and names of tests, and leaves code alone."""

from pathlib import Path
import re
import subprocess

import pytest

from prose import check as prose_check
from prose.check import Rules, check, check_commit_message, is_checked
from prose.extract import prose_in

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def no_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out codespell, which is in another environment."""
    monkeypatch.setattr(prose_check, "_spelling", lambda _: [])


def found(name: str, content: str) -> list[str]:
    """Return the place and the phrase of each finding."""
    return [line.partition('": ')[0] for line in check({name: content}, Rules.load())]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.py", '"""Whoever asks."""\n', 'a.py:1: "Whoever'),
        ("a.py", "x = 1  # whoever asks\n", 'a.py:1: "whoever'),
        ("a.py", 'raise ValueError(f"{x} is whoever asks")\n', 'a.py:1: "whoever'),
        ("a.py", "def test_whoever_asks() -> None:\n    pass\n", 'a.py:1: "whoever'),
        ("a.py", "# A comment that is long: see to\n# it at last.\n", 'a.py:1: "see to it'),
        ("a.py", '\n\ndef f():\n    """Do.\n\n    Lest it\n    fails.\n    """\n', 'a.py:6: "Lest'),
        ("a.ts", "// whoever asks\n", 'a.ts:1: "whoever'),
        ("a.ts", "const x = 1;\n/** One.\n *  Whoever asks. */\n", 'a.ts:3: "Whoever'),
        ("a.ts", 'const x = "whoever asks";\n', 'a.ts:1: "whoever'),
        ("a.md", "# Title\n\nAsk, be\nit now.\n", 'a.md:3: "be it'),
        ("a.md", "```bash\nscripts/x # whoever asks\n```\n", 'a.md:2: "whoever'),
        ("a.yaml", "a: 1\nb: Whoever asks\n", 'a.yaml:2: "Whoever'),
        ("a.json", '{\n  "a": "Whoever asks"\n}\n', 'a.json:2: "Whoever'),
    ],
)
def test_a_phrase_is_found_where_people_read_it(name: str, content: str, expected: str) -> None:
    assert found(name, content) == [expected]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.py", "whoever = he = lest = 1\n"),
        ("a.py", 'x = {"whoever": 1}\n'),
        ("a.py", "# calls `whoever` once\n"),
        ("a.py", "# one comment: see\n\n# to it another\n"),
        ("a.py", "x = 1  # see\ny = 1  # to it\n"),
        ("a.md", "The name is `whoever`.\n\n```python\nwhoever = 1\n```\n"),
        ("a.md", "See https://example.com/whoever/lest for more.\n"),
        ("a.ts", "const whoever = 'whoever';\n"),
    ],
)
def test_code_is_left_alone(name: str, content: str) -> None:
    assert found(name, content) == []


@pytest.mark.parametrize(
    "text",
    [
        "Wait, for it is late.",
        "Wait: for there is none.",
        "They wait, for the room is not theirs.",
        "Should it fail, wait.",
        "It waits, so that nobody asks.",
        "There is nothing but this.",
        "A person decides for himself.",
        "A room of which nothing is known waits.",
        "The value is to be shown.",
    ],
)
def test_hard_phrases_are_found(text: str) -> None:
    assert len(found("a.md", text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Wait for it.",
        "The timeout, for the first call, is 10 s.",
        "It should fail. Should it?",
        "Nobody else can do it, but that is fine.",
        "Such a room, such as Orion, waits.",
        "The cache has a cache of this.",
    ],
)
def test_plain_phrases_pass(text: str) -> None:
    assert found("a.md", text) == []


def test_how_a_docstring_starts_is_checked_and_other_texts_may_start_so() -> None:
    assert found("a.py", '"""Tell whether it is."""\n') == ['a.py:1: "Tell whether']
    assert found("a.py", "# Tell whether it is\n") == []


@pytest.mark.parametrize(
    "name", ["README.md", "scripts/test", "dev/simulator/rows.py", "frontend/src/hass.ts", "hacs.json"]
)
def test_files_with_english_prose_are_checked(name: str) -> None:
    assert is_checked(name)


@pytest.mark.parametrize(
    "name",
    [
        "README.zh-Hans.md",
        "docs/door-en.png",
        "frontend/package-lock.json",
        "dev/requirements/lint.txt",
        "dev/prose/check.py",
    ],
)
def test_other_files_are_not(name: str) -> None:
    assert not is_checked(name)


def test_each_line_of_prose_knows_where_it_is() -> None:
    content = '"""One.\n\nTwo.\n"""\n\nx = "three words here"  # four\n'
    assert [(part.line, part.text) for part in prose_in("a.py", content)] == [
        (1, "One."),
        (3, "Two."),
        (6, "four"),
        (6, "three words here"),
    ]


@pytest.mark.parametrize(
    ("message", "faults"),
    [
        ("Add a room\n\nIt was missing.\n# Please enter the message\n# whoever\n", []),
        ("Add a room.\n", ["the subject ends in a period"]),
        (f"Add {'a' * 69}\n", ["the subject has 73 characters"]),
        ("Add a room\n\nWhoever asks.\n", ['commit message:3: "Whoever"']),
    ],
)
def test_commit_messages_have_a_short_subject_and_plain_words(message: str, faults: list[str]) -> None:
    lines = list(check_commit_message(message, Rules.load()))
    assert [line.startswith(fault) for line, fault in zip(lines, faults, strict=True)] == [True] * len(faults)


def test_words_of_the_list_are_lower_case_sorted_and_unique() -> None:
    lines = (ROOT / "dev" / "prose" / "words.txt").read_text(encoding="utf-8").splitlines()
    words = [line.partition("->")[0] for line in lines]
    assert words == sorted(set(words), key=lambda word: word.strip("'"))
    assert [line for line in lines if not re.fullmatch(r"[a-z']+->[a-z', ]*", line)] == []


def test_the_command_checks_spelling_too(tmp_path: Path) -> None:
    path = tmp_path / "message"
    path.write_text("Colour the rooms\n\nWhilst they are teh same.\n", encoding="utf-8")
    run = subprocess.run(  # noqa: S603
        [ROOT / "scripts" / "prose", "--commit-message", path], check=False, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert run.stdout.splitlines() == [
        'commit message:1: "Colour": write Color',
        'commit message:3: "Whilst": write While',
        'commit message:3: "teh": write the',
    ]
