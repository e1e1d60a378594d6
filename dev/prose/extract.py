"""Finds the prose in a file: comments, docstrings, texts in quotes, names of tests. Code is left out."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import StringIO
import re
import tokenize

# What stands in for code in backticks, so that a rule does not match across it
CODE = "`code`"

_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"https?://\S+")
_TYPESCRIPT = re.compile(
    r"""//(?P<line>[^\n]*) | /\*(?P<block>.*?)\*/ | "(?P<double>(?:\\.|[^"\\\n])*)" | '(?P<single>(?:\\.|[^'\\\n])*)'
    | `(?P<template>(?:\\.|[^`\\])*)`""",
    re.VERBOSE | re.DOTALL,
)
_TEST_NAME = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Prose:
    """One line of prose, and where it is.

    `starts` is true for the first line of a docstring, comment or text. A line that does not start one continues the
    sentence of the line before it.
    """

    line: int
    text: str
    starts: bool = True
    docstring: bool = False


def prose_in(name: str, content: str) -> list[Prose]:
    """Return the prose of a file in the order of its lines, with inline code and links blanked."""
    suffix = name.rpartition(".")[2] if "." in name.rpartition("/")[2] else ""
    found = _READERS.get(suffix, _all_lines)(content)
    return [replace(part, text=_without_code(part.text)) for part in sorted(found) if part.text.strip()]


def _without_code(text: str) -> str:
    return _LINK.sub(CODE, _INLINE_CODE.sub(CODE, text))


def _lines(text: str, first: int, *, docstring: bool = False) -> Iterator[Prose]:
    starts = True
    for number, line in enumerate(text.split("\n"), first):
        yield Prose(number, line.strip(" *"), starts, docstring)
        starts = not line.strip()


def _all_lines(content: str) -> Iterator[Prose]:
    for number, line in enumerate(content.split("\n"), 1):
        yield Prose(number, re.sub(r"^\s*#+\s*", "", line), starts=True)


def _markdown(content: str) -> Iterator[Prose]:
    starts, fence = True, ""
    for number, line in enumerate(content.split("\n"), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            starts = True
        elif fence:
            comment = re.search(r"(?:^|\s)#\s(.*)", line)
            yield Prose(number, comment[1] if comment else "", starts=True)
        else:
            block = re.match(r"\s*(?:[-*>|#]|\d+\.)", line) is not None
            yield Prose(number, line.strip(" |*-#>"), starts or block)
            starts = not line.strip()


def _python(content: str) -> Iterator[Prose]:
    docstrings = _docstrings(content)
    previous = (-2, -2)  # line and column of the last comment
    for token in tokenize.generate_tokens(StringIO(content).readline):
        line, column = token.start
        if token.type == tokenize.COMMENT:
            after_code = token.line[:column].strip()
            yield Prose(line, token.string.lstrip("#: "), starts=bool(after_code) or previous != (line - 1, column))
            previous = (line, column)
        elif token.type in {tokenize.FSTRING_MIDDLE, tokenize.STRING}:
            text = token.string
            if token.type == tokenize.STRING:
                text = re.sub(r"^\w*(\"\"\"|'''|\"|')|(\"\"\"|'''|\"|')$", "", text)
            # a text without a space is a key or a name
            if line in docstrings or " " in text.strip():
                yield from _lines(text.replace("\\n", " "), line, docstring=line in docstrings)
    for found in _TEST_NAME.finditer(content):
        yield Prose(content.count("\n", 0, found.start(1)) + 1, found[1].replace("_", " "))


def _docstrings(content: str) -> set[int]:
    lines = set()
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node
        ):
            lines.add(node.body[0].lineno)
    return lines


def _typescript(content: str) -> Iterator[Prose]:
    previous = -2
    for found in _TYPESCRIPT.finditer(content):
        line = content.count("\n", 0, found.start()) + 1
        kind, text = found.lastgroup, found[found.lastgroup or 0]
        if kind == "line":
            yield Prose(line, text.lstrip("/ "), starts=previous != line - 1)
            previous = line
        elif kind == "block" or " " in text.strip():
            yield from _lines(text, line)


_READERS: dict[str, Callable[[str], Iterator[Prose]]] = {
    "md": _markdown,
    "py": _python,
    "ts": _typescript,
}
