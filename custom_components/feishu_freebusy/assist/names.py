"""Finds what a spoken or written name means.

Pure functions: no I/O, no Home Assistant. "A 301", "A三零一", "会议室A301" and "room A three oh one" are one name;
so are "3F", "F03", "third floor", "第3层" and "三楼", and "B1", "basement one", "负一楼" and "地下一层".
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations, product
import re
from typing import Final
import unicodedata

from .numbers import CHINESE_SIGNS, ONES, ORDINAL_ONES, ORDINALS, TEENS, TENS, in_digits

_ALIKE: Final = 0.6  # from 0 to 1: "Orian" for "Orion" is 0.8
_MOST_SIMILAR: Final = 3
_REMEMBERED: Final = 8_192  # names; every question needs them again

_CHINESE_NUMBER: Final = re.compile(f"[{CHINESE_SIGNS}]+")
_ENGLISH_NUMBERS: Final = {"oh": 0, **ONES, **TEENS, **TENS}
_TENS_AND_ONES: Final = re.compile(rf"\b({'|'.join(TENS)})[\s-]+({'|'.join(ONES)})\b")
_ENGLISH_NUMBER: Final = re.compile(rf"\b({'|'.join(_ENGLISH_NUMBERS)})\b")
_TENS_AND_ORDINAL: Final = re.compile(rf"\b({'|'.join(TENS)})[\s-]+({'|'.join(ORDINAL_ONES)})\b")
_ORDINAL_FLOOR: Final = re.compile(rf"\b({'|'.join(ORDINALS)})(?=\s+(?:floor|level|basement)\b)")

_DASH: Final = re.compile("(?<=[0-9a-z])杠(?=[0-9a-z])")  # how "F3-08" is read out
_ORDINAL_SIGN: Final = re.compile(r"第(?=\s*\d)")
_FLOOR_WORD: Final = r"(?:(?:floor|level|fl|f)(?![a-z])|楼层|楼|层)"
_FLOOR_AFTER: Final = re.compile(rf"(\d+)\s*(?:st|nd|rd|th)?\s*{_FLOOR_WORD}")
_FLOOR_BEFORE: Final = re.compile(r"(?<![a-z0-9])(?:floor\s*|level\s*|f|l)(\d{1,2})(?![a-z0-9])")
_FLOOR: Final = re.compile(r"\d+f")  # not "b2", which may be a room
_BASEMENTS: Final = (
    re.compile(rf"(?:地下|负|\bminus\s+)\s*(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)\s*{_FLOOR_WORD}?"),
    re.compile(rf"(?<!\S)[-\u2212](\d{{1,2}})(?:\s*{_FLOOR_WORD}|\s*$)"),  # in "A-1F" the sign is a hyphen
    re.compile(r"\b(?:(?:floor|level)\s+)?(\d{1,2})(?:st|nd|rd|th)\s+basement(?:\s+(?:floor|level))?\b"),
    re.compile(r"\bbasement(?:\s+(?:floor|level))?(?:\s+(\d{1,2}))?\b"),
    re.compile(rf"(?<![a-z0-9])b(\d{{1,2}})\s*{_FLOOR_WORD}"),
    re.compile(r"\b(?:floor|level)\s+b\s*(\d{1,2})(?![a-z0-9])"),
    re.compile(r"(?<![a-z0-9])b(0\d)(?![a-z0-9])"),
)

_BRACKETS: Final = re.compile(
    "|".join(
        f"{start}[^{start}{end}]*{end}"
        for start, end in ((r"\(", r"\)"), (r"\[", r"\]"), "{}", "<>", "【】", "「」", "《》")
    )
)
_SEATS: Final = re.compile(r"\d+\s*(?:人[间位用]?|seats?\b|people\b|persons?\b|pax\b)")
_MOST_PARTS: Final = 6

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
    """The names of a room, a person or a place. A name may be said with one of `places`: "Orion on floor 3".

    If `has_parts`, a part of a name may be said: "衡" for "集团-1F-衡(10)".
    """

    names: Collection[str]
    places: Collection[str] = field(default=())
    has_parts: bool = True

    def literal(self) -> Iterable[str]:
        """Yield the names as written, without case, width, blanks and signs."""
        return map(_literal, self.names)

    def whole(self) -> Iterable[str]:
        """Yield the normalized names."""
        return map(_whole, self.names)

    def core(self) -> Iterable[str]:
        """Yield the names without generic words."""
        return map(core_of, self.names)

    def with_place(self) -> Iterable[str]:
        """Yield names and places together, in both orders."""
        return _in_both_orders(self.core(), map(core_of, self.places))

    def without_brackets(self) -> Iterable[str]:
        """Yield the names without what is in brackets, alone and together with a place."""
        names = [without_brackets(name) for name in self.names]
        cores = [core_of(name) for name in names]
        yield from map(_literal, names)
        yield from cores
        places = dict.fromkeys(core_of(each) for place in self.places for each in (place, without_brackets(place)))
        yield from _in_both_orders(cores, places)

    def consists_of_parts(self, said: str) -> bool:
        """Return whether `said`, without generic words, is made of parts of a name, alone or together with a place."""
        if not self.has_parts:
            return False
        places = {core_of(each) for place in self.places for each in (place, without_brackets(place))} - {""}
        return any(_consists_of_parts(said, name, places) for name in self.names)


def _in_both_orders(names: Iterable[str], places: Iterable[str]) -> Iterator[str]:
    for name, place in product(names, places):
        yield name + place
        yield place + name


def _consists_of_parts(said: str, name: str, places: Collection[str]) -> bool:
    """Return whether parts of the name, in their order, make up `said`. Floors and details do not name a room alone."""
    telling, details = _parts(name)
    # Few parts are in `said`, so there are few combinations
    telling = tuple(part for part in telling if part in said and part not in places)[:_MOST_PARTS]
    if not telling:
        return False
    around = {"", *(place for place in (*places, *details) if place in said)}
    for count in range(1, len(telling) + 1):
        for parts in combinations(telling, count):
            core = "".join(parts)
            if any(said in (core + place, place + core) for place in around):
                return True
    return False


def find_match[Id: Hashable](said: str, known: Mapping[Id, Names], *, literally: bool = True) -> Match[Id]:
    """Return the ids whose name was `said`. A looser reading is tried only if no stricter one matches.

    The readings are: the name as written (only if `literally`), the normalized name, the name without generic words
    like "room", with its place, without what is in brackets, and last the part of a name that only one of them has.
    """
    literal, whole, core = _literal(said), _whole(said), core_of(said)
    bare = {literal, core, core_of(without_brackets(said))}
    tries: tuple[tuple[Collection[str], Callable[[Names], Iterable[str]]], ...] = (
        ((literal,) if literally else (), Names.literal),
        ((whole,), Names.whole),
        ((core,), Names.core),
        ((core,), Names.with_place),
        (bare, Names.without_brackets),
    )
    for keys, keys_of in tries:
        wanted = {key for key in keys if key}
        if wanted and (ids := tuple(each for each, names in known.items() if not wanted.isdisjoint(keys_of(names)))):
            return Match(ids)
    with_part = tuple(each for each, names in known.items() if core and names.consists_of_parts(core))
    return Match(with_part) if len(with_part) == 1 else Match(similar=_similar(core, known))


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
def without_brackets(name: str) -> str:
    """Return a name without what is in brackets, and without a number of seats."""
    plain, before = unicodedata.normalize("NFKC", name).casefold(), ""
    while plain != before:  # brackets may be nested
        plain, before = _BRACKETS.sub(" ", plain), plain
    return _SEATS.sub(" ", plain)


@lru_cache(maxsize=_REMEMBERED)
def _parts(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parts of a name that may name it, and those that only come with them: floors, and text in brackets."""
    outside = _words(without_brackets(name))
    details = {core_of(each[1:-1]) for each in _BRACKETS.findall(unicodedata.normalize("NFKC", name).casefold())}
    floors = {part for part in outside if _FLOOR.fullmatch(part)}
    return tuple(part for part in outside if part not in floors), tuple(sorted((details | floors) - {""}))


@lru_cache(maxsize=_REMEMBERED)
def _literal(name: str) -> str:
    """Return a name as written, without case, width, blanks and signs."""
    return "".join(_WORD.findall(unicodedata.normalize("NFKC", name).casefold()))


@lru_cache(maxsize=_REMEMBERED)
def _whole(name: str) -> str:
    """Return a name without case, width, blanks, signs and articles."""
    return "".join(word for word in _WORD.findall(_plain(name)) if word not in _ARTICLE)


@lru_cache(maxsize=_REMEMBERED)
def core_of(name: str) -> str:
    """Return a name without generic words: kinds of rooms and prepositions."""
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    plain = _CHINESE_FILLERS.sub(" ", _plain(name))
    return [word for word in _WORD.findall(plain) if word not in _FILLERS]


def _plain(text: str) -> str:
    """Return a text in lower case and normal width, with numbers in digits, floors as "3f" and basements as "b1"."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = _CHINESE_NUMBER.sub(lambda match: in_digits(match[0]), plain)
    plain = _DASH.sub("-", _ORDINAL_SIGN.sub("", plain))
    plain = _TENS_AND_ORDINAL.sub(lambda match: f"{TENS[match[1]] + ORDINAL_ONES[match[2]]}th", plain)
    plain = _TENS_AND_ONES.sub(lambda match: str(TENS[match[1]] + ONES[match[2]]), plain)
    plain = _ORDINAL_FLOOR.sub(lambda match: f"{ORDINALS[match[1]]}th", plain)
    plain = _ENGLISH_NUMBER.sub(lambda match: str(_ENGLISH_NUMBERS[match[1]]), plain)
    for basement in _BASEMENTS:
        plain = basement.sub(lambda match: f" b{int(match[1] or 1)} ", plain)
    for floor in (_FLOOR_AFTER, _FLOOR_BEFORE):
        plain = floor.sub(lambda match: f" {int(match[1])}f ", plain)
    return plain
