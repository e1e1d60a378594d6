"""Numbers in words, in English and Chinese. Pure functions: no I/O, no Home Assistant."""

from typing import Final

CHINESE_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {
    "\u3007": 0,
    "幺": 1,
    "两": 2,
}
_UNITS: Final = {"十": 10, "百": 100}
CHINESE_SIGNS: Final = "".join([*CHINESE_DIGITS, *_UNITS])


def _counted(words: str, start: int, step: int = 1) -> dict[str, int]:
    """Return the values of words that count up from `start`."""
    return {word: start + step * index for index, word in enumerate(words.split())}


ONES: Final = _counted("zero one two three four five six seven eight nine", 0)
TEENS: Final = _counted("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen", 10)
TENS: Final = _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
ORDINAL_ONES: Final = _counted("first second third fourth fifth sixth seventh eighth ninth", 1)
ORDINALS: Final = {
    **ORDINAL_ONES,
    **_counted("tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth", 10),
    **_counted("seventeenth eighteenth nineteenth", 17),
    **_counted("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth", 20, 10),
}

# Regular expressions of a number up to 99 in English words or digits, and of a Chinese one. Both take all of it
ENGLISH: Final = (
    rf"(?:\d++|(?:{'|'.join(TENS)})(?:[\s-](?:{'|'.join(ONES)})(?![a-z]))?|(?:{'|'.join([*TEENS, *ONES])})(?![a-z]))"
)
CHINESE: Final = rf"(?:\d++|[{CHINESE_SIGNS}]++)"


def value_of(words: str) -> int:
    """Return the value of what `ENGLISH` or `CHINESE` matches."""
    if words.isdecimal():
        return int(words)
    if words[0] in CHINESE_SIGNS:
        return int(in_digits(words))
    values = {**ONES, **TEENS, **TENS}
    return sum(values[word] for word in words.casefold().replace("-", " ").split())


def in_digits(numerals: str) -> str:
    """Return Chinese numerals in digits: 三零一 is read out digit by digit, 二十三 is one number."""
    if not any(unit in numerals for unit in _UNITS):
        return "".join(str(CHINESE_DIGITS[digit]) for digit in numerals)
    total, digit = 0, None
    for sign in numerals:
        if sign in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[sign]
            digit = None
        else:
            digit = CHINESE_DIGITS[sign]
    return str(total + (digit or 0))
