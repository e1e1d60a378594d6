"""Prints the rooms as a table in a terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
import unicodedata

_WORDS = {"on": "busy", "off": "free"}
_COLORS = {"on": "\x1b[31m", "off": "\x1b[32m"}
_PLAIN = "\x1b[0m"


def lines(states: Iterable[Mapping[str, Any]], *, color: bool) -> list[str]:
    """Return a heading and a line for each room: name, state, end of the state, and when it is next free."""
    result = [_row("Room", "State", "Until", "Next free")]
    for state in states:
        shown = state["attributes"]
        busy = state["state"] == "on"
        row = _row(
            shown.get("friendly_name", state["entity_id"]),
            _WORDS.get(state["state"], state["state"]),
            _time(shown.get("busy_until" if busy else "next_busy_time")),
            "now" if shown.get("available_now") else _time(shown.get("next_free_time")),
        )
        result.append(f"{_COLORS.get(state['state'], '')}{row}{_PLAIN}" if color else row)
    return result


def _row(*cells: str) -> str:
    return "  ".join(_padded(cell, width) for cell, width in zip(cells, (24, 12, 10, 10), strict=True)).rstrip()


def _padded(text: str, width: int) -> str:
    shown = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * (width - shown)


def _time(text: str | None) -> str:
    return f"{datetime.fromisoformat(text):%a %H:%M}" if text else "-"
