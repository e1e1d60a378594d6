"""Reads wishes as people say them: "Orion for half an hour", "a room for six on the third floor until three".

Pure functions: no I/O, no clock, no Home Assistant.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
import re
from typing import Final

from .numbers import CHINESE, ENGLISH, value_of
from .times import Times, read_times


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished for. `room` is its name, empty for the room that people are in.

    `place` is None if one room is meant. Else any room will do, with an empty `place` wherever it is; but if `room` is
    not empty, a room of this name comes first. `is_vague`: `seats` may be a time of day instead.
    """

    times: Times
    seats: int = 0
    room: str = ""
    place: str | None = None
    is_vague: bool = False


def read_wish(text: str, now: datetime, zone: tzinfo) -> Wish:
    """Return what a text asks for at `now`. Raises `PastTimeError` and `UnclearTimeError` like `read_times`."""
    times = read_times(text, now, zone)
    rest, seats, is_sure = _without_seats(times.rest)
    rest = _cleaned(rest)
    # "Orion for six" may mean six o'clock
    is_vague = bool(seats) and not is_sure and not times.is_said
    if _HERE.fullmatch(rest):
        return Wish(times, seats, is_vague=is_vague)
    if match := _ANY_ROOM.fullmatch(rest):
        return Wish(times, seats, place=_place(match["place"] or ""))
    if match := _CHINESE_ANY_ROOM.fullmatch(rest):
        place = _place(match["place"] or "")
        return Wish(times, seats, room=rest if place else "", place=place)
    return Wish(times, seats, room=rest, is_vague=is_vague)


def read_search(text: str, now: datetime, zone: tzinfo) -> Wish:
    """Return what a search asks for: like `read_wish`, but what is left of the text is a place."""
    times = read_times(text, now, zone)
    rest, seats, _ = _without_seats(times.rest)
    return Wish(times, seats, place=_place(_cleaned(rest)))


_PEOPLE = r"(?:people|persons?|of\s+us|seats?|seaters?|attendees|participants|guests|colleagues)"
_SEATS: Final = (
    re.compile(
        r"(?<![a-z0-9])(?:for|with|seating|that\s+(?:seats|fits|holds)|big\s+enough\s+for|with\s+(?:room|space)\s+for)\s+"
        rf"(?:an?\s+(?:group|team|meeting)\s+of\s+)?(?:at\s+least\s+)?(?P<n>{ENGLISH})(?P<people>[\s-]+{_PEOPLE})?(?![a-z0-9])",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![a-z0-9])(?P<n>{ENGLISH})[\s-]+{_PEOPLE}(?![a-z0-9])", re.IGNORECASE),
    re.compile(
        rf"(?:能|可以|可|要|够)?(?:坐|容纳|装)?(?:得下|下)?(?:至少)?(?P<n>{CHINESE})(?:个人|个座位|人|位|座)"
        r"(?:以上)?(?:用|开会|坐|间)?的?"
    ),
)
_POLITE: Final = re.compile(
    r"(?<![a-z])(?:please|thanks|thank\s+you|for\s+(?:me|us))(?![a-z])|谢谢|(?:^|(?<=\s))(?:一下|帮我|请)|[吧呢]$",
    re.IGNORECASE,
)
_EDGES = " ,.!?;:，。！？、；"
_BLANK_IN_CHINESE: Final = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_HERE: Final = re.compile(
    r"|(?:it|here|this|this\s+one|(?:this|the|our|my)\s+(?:meeting\s+|conference\s+)?(?:room|meeting|booking|reservation))"
    r"|(?:这里?|这儿|这[个间场次]|它|(?:这|这个|这间|本|本次|我们的|当前的?|现在的)?(?:会议|会|预订))"
    r"|(?:这间|这个|本|当前的?)(?:会议室|房间)",
    re.IGNORECASE,
)
_ANY_ROOM: Final = re.compile(
    r"(?:(?:an?|any|some|one|another|the\s+(?:best|next|nearest|first|smallest)|best|free|available|suitable|empty"
    r"|meeting|conference|small|big|large|quiet|nice|good|other)\s+)*+(?:rooms?|space|somewhere|anywhere)"
    r"(?:\s+(?:that\s+is\s+|that's\s+)?(?:free|available))?(?:\s+(?P<place>(?:on|in|at)\s+.+))?",
    re.IGNORECASE,
)
_CHINESE_ANY_ROOM: Final = re.compile(
    r"(?:[一两]?[间个])?(?P<place>.*?)(?:的|里的|上的)?(?:一|随便|任意|任何|随便哪|哪)?(?:间|个)?"
    r"(?:最好的|最合适的?|合适的|空闲的?|空着的|空的?|有空的|能用的|大的?|小的?|安静的?)*(?:会议室|会议间|房间)"
)
_LEADING_PREPOSITION: Final = re.compile(r"^(?:and\s+)?(?:(?:on|in|at)(?:\s+the)?(?:\s+|$)|在)", re.IGNORECASE)
_TRAILING_PREPOSITION: Final = re.compile(r"(?:的|上的|里的|里|上)$")


def _without_seats(text: str) -> tuple[str, int, bool]:
    """Return a text without its number of people, that number (0: none), and whether it says that they are people."""
    for pattern in _SEATS:
        if match := pattern.search(text):
            is_sure = bool(match.groupdict().get("people", True))
            return f"{text[: match.start()]} {text[match.end() :]}", value_of(match["n"]), is_sure
    return text, 0, True


def _cleaned(text: str) -> str:
    words = " ".join(_POLITE.sub(" ", text.strip(_EDGES)).split())
    return _BLANK_IN_CHINESE.sub("", words).strip(_EDGES).removeprefix("的")


def _place(text: str) -> str:
    return _TRAILING_PREPOSITION.sub("", _LEADING_PREPOSITION.sub("", text.strip(_EDGES))).strip(_EDGES)
