"""Finds what a spoken or written name means.

Pure functions: no I/O, no Home Assistant. "A 301", "A三零一", "会议室A301" and "room A three oh one" are one name;
so are "3F", "third floor", "floor 3" and "三楼".
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product
import re
from typing import Final
import unicodedata

_ALIKE: Final = 0.6  # from 0 to 1: "Orian" for "Orion" is 0.8
_MOST_SIMILAR: Final = 3
_REMEMBERED: Final = 8_192  # names; every question needs them again

_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"\u3007": 0, "幺": 1, "两": 2}
_UNITS: Final = {"十": 10, "百": 100}
_CHINESE_NUMBER: Final = re.compile(f"[{''.join([*_DIGITS, *_UNITS])}]+")


def _counted(words: str, start: int, step: int = 1) -> dict[str, int]:
    """Return the values of words that count up from `start`."""
    return {word: start + step * index for index, word in enumerate(words.split())}


_ONES: Final = _counted("zero one two three four five six seven eight nine", 0)
_TEENS: Final = _counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)
_TENS: Final = _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
_ORDINALS: Final = _counted("first second third fourth fifth sixth seventh eighth ninth tenth", 1)
_ENGLISH_NUMBERS: Final = {"oh": 0, **_ONES, **_TEENS, **_TENS}
_TENS_AND_ONES: Final = re.compile(rf"\b({'|'.join(_TENS)})[\s-]+({'|'.join(_ONES)})\b")
_ENGLISH_NUMBER: Final = re.compile(rf"\b({'|'.join(_ENGLISH_NUMBERS)})\b")
_ORDINAL_FLOOR: Final = re.compile(rf"\b({'|'.join(_ORDINALS)})(?=\s+(?:floor|level)\b)")

_FLOOR_AFTER: Final = re.compile(r"(\d+)\s*(?:st|nd|rd|th)?\s*(?:(?:floor|level|fl|f)(?![a-z])|楼层|楼|层)")
_FLOOR_BEFORE: Final = re.compile(r"(?<![a-z0-9])(?:floor\s*|level\s*|f|l)(\d{1,2})(?![a-z0-9])")

_TIME: Final = re.compile(
    r"\b(?:today|tonight|tomorrow|morning|noon|afternoon|evening|night|weekend|o.clock|(?:minute|hour|day|week|month)s?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|\d\s*[ap]\.?m\b"
    r"|今[天日晚]|明[天日早晚]|后天|早上|早晨|上午|中午|下午|傍晚|晚上|星期|礼拜|周[\d日天末]|下周|\d月|[\d几]点|小时|分钟|会儿|时候|以后|之后"
)

_WORD: Final = re.compile(r"[^\W_]+")
_ARTICLE: Final = {"the"}
_FILLERS: Final = {*_ARTICLE, "room", "rooms", "meeting", "conference", "called", "named", "on", "in", "at", "of"}
_CHINESE_FILLERS: Final = re.compile(
    "会议室|会议间|房间|现在|目前|这会儿|此刻|那个|这个|那间|这间|那里|这里|那儿|这儿|的|在|(?<=[0-9])号"
)


@dataclass(frozen=True, slots=True)
class Match[Id: Hashable]:
    """What a name means: one id, or several if it is ambiguous. Without ids, `similar` are those with similar names."""

    ids: tuple[Id, ...] = ()
    similar: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a room, a person or a place. A name may be said with one of `places`: "Orion on floor 3"."""

    names: Collection[str]
    places: Collection[str] = field(default=())

    def whole(self) -> Iterable[str]:
        """Yield the normalized names."""
        return map(_whole, self.names)

    def core(self) -> Iterable[str]:
        """Yield the names without generic words."""
        return map(core_of, self.names)

    def with_place(self) -> Iterable[str]:
        """Yield names and places together, in both orders."""
        for name, place in product(self.core(), map(core_of, self.places)):
            yield name + place
            yield place + name


def find_match[Id: Hashable](said: str, known: Mapping[Id, Names]) -> Match[Id]:
    """Return the ids whose name was `said`: the whole name, else the name without generic words like "room"."""
    tries: tuple[tuple[str, Callable[[Names], Iterable[str]]], ...] = (
        (_whole(said), Names.whole),
        (core_of(said), Names.core),
        (core_of(said), Names.with_place),
    )
    for key, keys_of in tries:
        if ids := tuple(each for each, names in known.items() if key and key in keys_of(names)):
            return Match(ids)
    return Match(similar=_similar(core_of(said), known))


def is_time(said: str) -> bool:
    """Return whether this is a time, not a place. Speech recognition may fill a place with a time."""
    return _TIME.search(_plain(said)) is not None


def _similar[Id: Hashable](key: str, known: Mapping[Id, Names]) -> tuple[Id, ...]:
    if not key:
        return ()
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(key)
    rates = {
        each: max((_likeness(matcher, name) for name in names.core()), default=0.0) for each, names in known.items()
    }
    best = sorted((each for each, rate in rates.items() if rate >= _ALIKE), key=lambda each: -rates[each])
    return tuple(best[:_MOST_SIMILAR])


def _likeness(matcher: SequenceMatcher[str], name: str) -> float:
    """Return the similarity from 0 to 1; 0 if it is below `_ALIKE`. Cheap upper bounds rule out most names."""
    matcher.set_seq1(name)
    return matcher.ratio() if min(matcher.real_quick_ratio(), matcher.quick_ratio()) >= _ALIKE else 0.0


@lru_cache(maxsize=_REMEMBERED)
def _whole(name: str) -> str:
    """Return a name without case, width, blanks, signs and articles."""
    return "".join(word for word in _WORD.findall(_plain(name)) if word not in _ARTICLE)


@lru_cache(maxsize=_REMEMBERED)
def core_of(name: str) -> str:
    """Return a name without generic words: kinds of rooms and prepositions."""
    plain = _CHINESE_FILLERS.sub(" ", _plain(name))
    return "".join(word for word in _WORD.findall(plain) if word not in _FILLERS)


def _plain(text: str) -> str:
    """Return a text in lower case and normal width, with numbers in digits and floors as "3f"."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _CHINESE_NUMBER.sub(lambda match: _digits(match[0]), plain)
    plain = _TENS_AND_ONES.sub(lambda match: str(_TENS[match[1]] + _ONES[match[2]]), plain)
    plain = _ORDINAL_FLOOR.sub(lambda match: str(_ORDINALS[match[1]]), plain)
    plain = _ENGLISH_NUMBER.sub(lambda match: str(_ENGLISH_NUMBERS[match[1]]), plain)
    plain = _FLOOR_AFTER.sub(r" \1f ", plain)
    return _FLOOR_BEFORE.sub(r" \1f ", plain)


def _digits(numerals: str) -> str:
    """Return Chinese numerals in digits: 三零一 is read out digit by digit, 二十三 is one number."""
    if not any(unit in numerals for unit in _UNITS):
        return "".join(str(_DIGITS[digit]) for digit in numerals)
    total, digit = 0, None
    for sign in numerals:
        if sign in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[sign]
            digit = None
        else:
            digit = _DIGITS[sign]
    return str(total + (digit or 0))
