"""Answers no server should send: odd values, odd times, and valid answers that are corrupted in a few places."""

from collections.abc import Iterator
from math import inf, nan
from typing import Any

from hypothesis import strategies as st

type Place = tuple[Any, ...]

_DEEPEST = 8  # the deepest level that is corrupted; valid answers are not as deep


def nested(depth: int) -> list[Any]:
    """Return `depth` + 1 lists, each inside the one before."""
    outermost: list[Any] = []
    innermost = outermost
    for _ in range(depth):
        innermost.append([])
        innermost = innermost[0]
    return outermost


ODD_TIMES = [
    *("2026-W48-1T10:00:00Z", "2026-327T10:00:00Z", "20261123T100000Z", "2026-11-23T100000Z", "2026-1-23T10:00:00Z"),
    *("2026-11-23T10Z", "2026-11-23T10:00Z", "2026-11-23T10:00+08:00", "2026-11-23 10:00:00Z", "2026-11-23_10:00:00Z"),
    *("2026-11-23T24:00:00Z", "2026-11-23T24:00:01Z", "2026-11-23T23:59:60Z", "2026-12-31T23:59:61Z"),
    *("2026-11-23T10:00:00", "2026-11-23T10:00:00 Z", "2026-11-23T10:00:00[Asia/Shanghai]", "2026-11-23T10:00:00UTC"),
    *("2026-11-23T10:00:00+08", "2026-11-23T10:00:00+0800", "2026-11-23T10:00:00+08:00:30", "2026-11-23T10:00:00+8:00"),
    *("2026-11-23T10:00:00+08:00:00.5", "2026-11-23T10:00:00+24:00", "2026-11-23T10:00:00+23:60"),
    *("2026-11-23T10:00:00−08:00", "2026-11-23T10:00:00+-8:00", "2026-11-23T10:00:00++08:00"),  # noqa: RUF001
    *("2026-11-23T10:00:00,5Z", "2026-11-23T10:00:00.Z", "2026-11-23T10:00:00.5.5Z", "2026-11-23T10:00:00.5e3Z"),
    *("2026-02-29T10:00:00Z", "2026-00-23T10:00:00Z", "2026-13-23T10:00:00Z", "2026-11-00T10:00:00Z"),
    *("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    *("-2026-11-23T10:00:00Z", "+2026-11-23T10:00:00Z", "2026-11-23T-1:00:00Z", "2026-11-23T10:-1:00Z"),
    *("２０２６-11-23T10:00:00Z", "2026-11-23T1٠:00:00Z", "2026-11-23\ud80010:00:00Z", "2026-11-23T10:00:00Z\n"),  # noqa: RUF001
    *("\ufeff2026-11-23T10:00:00Z", " 2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z\0", "\u202e2026-11-23T10:00:00Z"),
    *("2026-11-23T10:00:00." + "0" * 1_000_000 + "Z", "2026-11-23T10:00:00Z" * 1000, "now", "0", "1795428000"),
]
ODD_TEXTS = [
    *("", " ", "\0", "null", "true", "0", "-1", "1e999", "NaN", "Infinity", "９", "1_000", "9" * 5000, "1" + "0" * 400),  # noqa: RUF001
    *("\ud800", "\udfff", "\ufeff", "\u202eroom", "e\u0301", "👩\u200d💻", "𝕆𝕞𝕞", "ﬀ", "ß", "İ", "\u2028", "\x1b[2J"),
    *("../..", "%2e%2e", "'; --", "<b>", "{0}", "%s", "\r\nX-Header: 1", "x" * 1_000_000),
]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 7200, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 10**400, -(10**400)),
    *(0.0, -0.0, 1.0, 0.5, 1e308, -1e308, 5e-324, inf, -inf, nan),
    *([], {}, [[]], [{}], [None], {"": None}, {"data": {}}, {"code": 0}, nested(900), [0] * 10_000),
]


def odd_values() -> st.SearchStrategy[Any]:
    """Return a strategy for odd values, mostly similar to valid ones."""
    return (
        st.sampled_from(ODD_VALUES)
        | st.sampled_from(ODD_TEXTS)
        | st.sampled_from(ODD_TIMES)
        | st.text(max_size=30)
        | st.integers()
        | st.floats()
    )


def _places(value: Any, here: Place = ()) -> Iterator[Place]:
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner if len(here) < _DEEPEST else ():
        yield from _places(below, (*here, key))


def _changed(value: Any, place: Place, change: str, odd: Any) -> Any:
    """Return a copy that is changed in one place."""
    if not place:
        return odd
    key, *rest = place
    holder = value.copy()
    if rest:
        holder[key] = _changed(holder[key], tuple(rest), change, odd)
        return holder
    match change:
        case "replace":
            holder[key] = odd
        case "wrap in a list":
            holder[key] = [holder[key]]
        case "wrap in an object":
            holder[key] = {"value": holder[key]}
        case "leave out":
            del holder[key]
        case "put beside" if isinstance(holder, list):
            holder.insert(key, odd)
        case "put beside":
            holder[f"{key} "] = odd
        case "rename" if isinstance(holder, dict):
            holder[key.upper()] = holder.pop(key)
    return holder


CHANGES = ["replace", "replace", "wrap in a list", "wrap in an object", "leave out", "put beside", "rename"]


@st.composite
def corrupted(draw: st.DrawFn, valid: Any, *, within: Place = (), changes: tuple[str, ...] = tuple(CHANGES)) -> Any:
    """Draw a valid answer with one to three changes, all of them below `within`."""
    value = valid
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in _places(value) if place[: len(within)] == within and len(place) > len(within)]
        if not places:
            break
        value = _changed(value, draw(st.sampled_from(places)), draw(st.sampled_from(changes)), draw(odd_values()))
    return value
