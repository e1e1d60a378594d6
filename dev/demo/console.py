"""Draws the six steps of making an app in the developer console, in both languages."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

_FONT: Final = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','PingFang SC','Noto Sans CJK SC',sans-serif"
_ACCENT, _TINT, _TEXT, _GRAY, _LINE, _PAPER = "#0b6bcb", "#e3effb", "#1f2933", "#9aa5b1", "#d5dbe1", "#ffffff"
_WIDTH, _HEIGHT, _GAP, _HEAD = 296, 176, 14, 44  # of a step, and the space for its title
_COLUMNS: Final = 3
_SIDE: Final = 108  # width of the menu
_MOST_LETTERS: Final = 16  # in a line of the menu

# Title, where in the menu, what to press
_STEPS: Final = {
    "en": (
        ("Create Custom App", "", "Create Custom App"),
        ("Add the bot", "Add Features", "Bot"),
        ("Import the permissions", "Permissions & Scopes", "Batch import/export"),
        ("Publish a version", "Version Management & Release", "Create a version"),
        ("Have it approved", "App review", "Approve"),
        ("Note ID and secret", "Credentials & Basic Info", ""),
    ),
    "zh-Hans": (
        ("创建应用", "", "创建企业自建应用"),
        ("添加机器人", "添加应用能力", "机器人"),
        ("导入权限", "权限管理", "批量导入/导出权限"),
        ("发布版本", "版本管理与发布", "创建版本"),
        ("通过审核", "应用审核", "通过"),
        ("记下 App ID 和 App Secret", "凭证与基础信息", ""),
    ),
}
_CONSOLES: Final = {"en": ("Developer console", "Admin Console"), "zh-Hans": ("开发者后台", "管理后台")}
_APPROVAL: Final = 5  # the step that is done in the other console
_SECRET: Final = 6


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    title: str
    menu: str
    button: str
    console: str

    def drawing(self) -> Iterable[str]:
        x, y = (
            ((self.number - 1) % _COLUMNS) * (_WIDTH + _GAP),
            (self.number - 1) // _COLUMNS * (_HEIGHT + _HEAD + _GAP),
        )
        yield f'<g transform="translate({x + 1} {y + 1})">'
        yield f'<circle cx="14" cy="20" r="13" fill="{_ACCENT}"/>'
        yield _words(14, 25, str(self.number), 14, _PAPER, weight=700, anchor="middle")
        yield _words(36, 25, self.title, 15, _TEXT, weight=600)
        yield f'<g transform="translate(0 {_HEAD})">'
        yield _box(0, 0, _WIDTH, _HEIGHT, _PAPER, _LINE, 8)
        yield f'<path d="M0 26H{_WIDTH}" stroke="{_LINE}"/>'
        yield _words(12, 17, self.console, 10, _GRAY)
        yield from self._menu() if self.menu else ()
        left = _SIDE + 14 if self.menu else 14
        yield from self._content(left, _WIDTH - left - 14)
        yield "</g></g>"

    def _menu(self) -> Iterable[str]:
        yield f'<path d="M{_SIDE} 26V{_HEIGHT}" stroke="{_LINE}"/>'
        lines = _lines(self.menu)
        yield _box(6, 62, _SIDE - 12, 10 + 13 * len(lines), _TINT, _ACCENT, 5)
        for index, line in enumerate(lines):
            yield _words(13, 77 + 13 * index, line, 9.5, _ACCENT, weight=600)
        below = 72 + 13 * len(lines)
        for top in (40, below + 12, below + 28, below + 44):
            yield _bar(13, top, 64)

    def _content(self, x: int, width: int) -> Iterable[str]:
        if self.number == _SECRET:
            for top, name, value in ((52, "App ID", "cli_a1b2c3…"), (104, "App Secret", "••••••••••")):
                yield _words(x, top, name, 10, _GRAY)
                yield _box(x, top + 8, width, 26, _TINT, _ACCENT, 5)
                yield _words(x + 9, top + 25, value, 11, _TEXT)
            return
        long = len(self.button) * (6.4 if self.button.isascii() else 11.5) + 26
        yield _box(x, 42, long, 26, _ACCENT, _ACCENT, 5)
        yield _words(x + long / 2, 59, self.button, 10.5, _PAPER, weight=600, anchor="middle")
        for top, part in ((84, 0.45), (114, 0.62), (144, 0.45)):
            yield _box(x, top, width, 22, "none", _LINE, 5)
            yield _bar(x + 10, top + 9, width * part)


def _lines(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if len(longer) <= _MOST_LETTERS else [lines[-1], word]
    return lines


def _words(x: float, y: float, text: str, size: float, color: str, *, weight: int = 400, anchor: str = "start") -> str:
    style = f'font-size="{size}" fill="{color}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str, line: str, radius: int) -> str:
    size = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}"'
    return f'<rect {size} fill="{fill}" stroke="{line}"/>'


def _bar(x: float, y: float, width: float) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="5" rx="2.5" fill="{_LINE}"/>'


def drawing(language: str) -> str:
    """Return the steps as an SVG image."""
    console, admin_console = _CONSOLES[language]
    steps = [
        _Step(number, *texts, admin_console if number == _APPROVAL else console)
        for number, texts in enumerate(_STEPS[language], start=1)
    ]
    width = _COLUMNS * (_WIDTH + _GAP) - _GAP + 2
    height = 2 * (_HEIGHT + _HEAD + _GAP) - _GAP + 2
    label = " · ".join(f"{step.number} {step.title}" for step in steps)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    paper = f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>'
    parts = [part for step in steps for part in step.drawing()]
    return "\n".join(
        [f'{head} font-family="{_FONT}" role="img" aria-label="{escape(label)}">', paper, *parts, "</svg>\n"]
    )
