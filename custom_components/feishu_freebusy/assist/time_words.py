"""Finds the words about time in a text: clocks, days, parts of the day and lengths, in English and Chinese.

Pure functions: no I/O, no clock, no Home Assistant. What the words mean at an instant is in `times`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
import re
from typing import Final

from .numbers import CHINESE, ENGLISH, ONES, ORDINALS, TENS, value_of


class Role(StrEnum):
    """What a clock says of a stay."""

    AT = "at"  # or the start of a stay, or its end after a dash
    FROM = "from"
    UNTIL = "until"
    AFTER = "after"
    BEFORE = "before"
    BETWEEN = "between"
    AND = "and"  # the end, after "between"
    TO = "to"  # the end, right after a clock or the current time
    FOR = "for"  # "for 3 pm"


class Part(StrEnum):
    """A part of the day."""

    SMALL_HOURS = "small_hours"
    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. `minutes` are those after midnight, by one reading; `is_vague`: it may be twelve hours later."""

    role: Role
    minutes: int
    is_vague: bool = False
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day: so many days from today, a weekday of this or a later week, or a date."""

    offset: int | None = None
    weekday: int | None = None
    week: int | None = None  # 0 for this week, 1 for the next one
    date: tuple[int, int, int] | None = None  # year and month (0: the next one), day


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """A part of the day. `is_today`: "this morning". `needs_day`: it counts only next to a day."""

    part: Part
    is_today: bool = False
    needs_day: bool = False


@dataclass(frozen=True, slots=True)
class Length:
    """How long a stay is; `is_wait`: after how long it starts."""

    length: timedelta
    is_wait: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """The word "now"."""


type Meaning = Clock | Day | PartOfDay | Length | Now


@dataclass(frozen=True, slots=True)
class Word:
    """Words of a text from `start` to `end`, and what they mean."""

    start: int
    end: int
    meaning: Meaning


_BETWEEN_WORDS = " ,、"


def find_words(text: str) -> list[Word]:
    """Return the words about time in a text in normal width, in their order. They do not overlap."""
    found: list[Word] = []
    for word in sorted(_all_words(text), key=lambda word: (word.start, -word.end)):
        if found and word.start < found[-1].end:
            continue
        found.append(word)
    return list(_in_context(text, _with_roles(text, found)))


def _all_words(text: str) -> Iterator[Word]:
    for pattern, meaning_of in _PATTERNS:
        for match in pattern.finditer(text):
            if (meaning := meaning_of(match)) is not None:
                yield Word(match.start(), match.end(), meaning)


def _with_roles(text: str, words: list[Word]) -> list[Word]:
    """Return the words, with the role of a clock that is said before its day: "to Thursday 8 am"."""
    found = list(words)
    for index, (day, clock) in enumerate(pairwise(words)):
        role = _ROLE_BEFORE_DAY.search(text[: day.start])
        if (
            role
            and isinstance(day.meaning, Day)
            and isinstance(clock.meaning, Clock)
            and clock.meaning.role is Role.AT
            and not text[day.end : clock.start].strip()
        ):
            said = role[0].strip().casefold()
            meaning = replace(clock.meaning, role=_ROLES[said] if said in _ROLES else _ZH_ROLES.get(said, Role.TO))
            found[index : index + 2] = [Word(role.start(), day.end, day.meaning), replace(clock, meaning=meaning)]
    return found


def _in_context(text: str, words: list[Word]) -> Iterator[Word]:
    """Yield the words that make sense after the word before them."""
    before: Word | None = None
    for index, word in enumerate(words):
        meaning = word.meaning
        follows = before is not None and not text[before.end : word.start].strip(_BETWEEN_WORDS)
        clock_before = before.meaning if before and isinstance(before.meaning, (Clock, Now)) and follows else None
        if isinstance(meaning, Clock):
            if meaning.role is Role.TO and clock_before is None and text[word.start] in "-–—~":
                continue
            if meaning.role is Role.AND and getattr(clock_before, "role", None) is not Role.BETWEEN:
                continue
        if isinstance(meaning, PartOfDay) and meaning.needs_day:
            after = words[index + 1] if index + 1 < len(words) else None
            is_before_clock = (
                after is not None
                and isinstance(after.meaning, Clock)
                and not text[word.end : after.start].strip(_BETWEEN_WORDS)
            )
            if not (before and follows and isinstance(before.meaning, Day)) and not is_before_clock:
                continue
        before = word
        yield word


# --- English ----------------------------------------------------------------------------------------------------------

_B, _E = "(?<![a-z0-9])", "(?![a-z0-9])"
_N = ENGLISH
_ROLES: Final = {
    "at": Role.AT,
    "around": Role.AT,
    "about": Role.AT,
    "from": Role.FROM,
    "starting at": Role.FROM,
    "until": Role.UNTIL,
    "till": Role.UNTIL,
    "til": Role.UNTIL,
    "up to": Role.UNTIL,
    "by": Role.UNTIL,
    "to": Role.TO,
    "through": Role.TO,
    "-": Role.TO,
    "–": Role.TO,
    "—": Role.TO,
    "~": Role.TO,
    "after": Role.AFTER,
    "before": Role.BEFORE,
    "between": Role.BETWEEN,
    "and": Role.AND,
    "for": Role.FOR,
}
_ROLE_WORDS = "|".join(sorted((role for role in _ROLES if role.isascii() and role[0].isalpha()), key=len, reverse=True))
_ROLE = rf"(?P<role>{_B}(?:{_ROLE_WORDS})(?=\s)|[-–—~])\s*(?:(?:at|around|about)\s+)?"
_PART_WORDS: Final = {
    "morning": Part.MORNING,
    "noon": Part.NOON,
    "lunch": Part.NOON,
    "lunchtime": Part.NOON,
    "afternoon": Part.AFTERNOON,
    "evening": Part.EVENING,
    "night": Part.EVENING,
}
_PART = "(?P<part>morning|afternoon|evening|night)"
_HALF = rf"(?:\s*(?P<half>[ap])\.?\s?m\b\.?|\s+(?:in\s+the|this|at)\s+{_PART}{_E})"
_H = rf"(?:{_E}|(?=[ap]\.?m))"  # the end of an hour, as in "3pm"
_MINUTE_WORDS: Final = {"ten": 10, "fifteen": 15, **{word: tens for word, tens in TENS.items() if tens < 60}}  # noqa: PLR2004
_NOON, _MIDNIGHT = 12 * 60, 24 * 60
_MOST_HOURS, _MOST_MINUTES, _HALF_DAY = 24, 59, 12


def _clock(
    role: Role, hour: int, minute: int, part: Part | None, *, half: str = "", is_exact: bool = False
) -> Clock | None:
    """Return a clock, None if no day has this time. `is_exact`: the hour is one of 24."""
    if hour > _MOST_HOURS or minute > _MOST_MINUTES or (hour == _MOST_HOURS and minute):
        return None
    if half:
        if not 1 <= hour <= _HALF_DAY:
            return None if hour == 0 else Clock(role, hour * 60 + minute)
        return Clock(role, (hour % _HALF_DAY + (_HALF_DAY if half == "p" else 0)) * 60 + minute)
    is_vague = 1 <= hour <= _HALF_DAY and not is_exact
    return in_part(Clock(role, hour * 60 + minute, is_vague), part)


def in_part(clock: Clock, part: Part | None) -> Clock:
    """Return a vague clock as it is meant in a part of the day."""
    if part is None or part is Part.DAY or not clock.is_vague:
        return clock
    hour, minute = divmod(clock.minutes, 60)
    hour %= _HALF_DAY
    match part:
        case Part.SMALL_HOURS:
            pass
        case Part.MORNING:
            hour = hour or _HALF_DAY
        case Part.NOON:
            hour += _HALF_DAY if hour < 4 else 0  # noqa: PLR2004  # "eleven at noon" is before it
        case Part.AFTERNOON:
            hour += _HALF_DAY
        case Part.EVENING:
            hour += _HALF_DAY if hour >= 4 else 24  # noqa: PLR2004  # "one at night" is on the next day
    return replace(clock, minutes=hour * 60 + minute, is_vague=False, part=part)


def _role(match: re.Match[str]) -> Role | None:
    said = match.groupdict().get("role")
    return _ROLES[re.sub(r"\s+", " ", said.casefold())] if said else None


def _part(match: re.Match[str]) -> Part | None:
    said = match.groupdict().get("part")
    return _PART_WORDS[said.casefold()] if said else None


def _half(match: re.Match[str]) -> str:
    return (match.groupdict().get("half") or "").casefold()


def _with_colon(match: re.Match[str]) -> Meaning | None:
    role = _role(match)
    if match["sign"] == "." and not role and not _half(match):
        return None  # a number
    is_exact = match["h"].startswith("0")
    return _clock(role or Role.AT, int(match["h"]), int(match["m"]), _part(match), half=_half(match), is_exact=is_exact)


def _minutes_past(match: re.Match[str]) -> Meaning | None:
    said = match["rel"].casefold()
    minutes = 30 if said == "half" else 15 if "quarter" in said else value_of(match["n"])
    hour = value_of(match["h"])
    if not 1 <= hour <= _HALF_DAY or minutes > _MOST_MINUTES:
        return None
    if match["dir"].casefold() in ("to", "before"):
        hour, minutes = (hour - 1) or _HALF_DAY, 60 - minutes
    return _clock(_role(match) or Role.AT, hour, minutes, _part(match), half=_half(match))


def _hour_and_words(match: re.Match[str]) -> Meaning | None:
    if match["ones"]:
        minute = value_of(match["ones"])
    else:
        minute = _MINUTE_WORDS[match["tens"].casefold()] + (5 if match["five"] else 0)
    return _clock(_role(match) or Role.AT, value_of(match["h"]), minute, _part(match), half=_half(match))


def _hour(match: re.Match[str]) -> Meaning | None:
    role, half, part = _role(match), _half(match), _part(match)
    is_clock = bool(half or match["sharp"])
    if not is_clock and (role is Role.FOR or (role is None and not part)):
        return None  # "for six" means people
    return _clock(role or Role.AT, value_of(match["h"]), 0, part, half=half)


def _named(match: re.Match[str]) -> Meaning | None:
    role = _role(match) or Role.AT
    return Clock(role, _MIDNIGHT if match["name"].casefold() == "midnight" else _NOON)


_MINUTES = r"-?\s?(?:(?:more|extra|additional)\s+)?(?:minutes?|mins?)"
_HOURS = r"-?\s?(?:(?:more|extra|additional)\s+)?(?:hours?|hrs?|h(?![a-z]))"
_LENGTH = (
    r"(?:(?P<half_hour>(?:a\s+|another\s+)?half(?:\s+an|-a|\s+a)?[\s-]hour)"
    rf"|(?:an|a|one|1)\s+{_HOURS}\s+and\s+a\s+(?P<and_what>half|quarter)"
    r"|(?P<quarters>(?:a\s+)?quarter|three\s+quarters)\s+of\s+an\s+hour"
    rf"|(?P<half_hours>{_N})\s+and\s+a\s+half\s*{_HOURS}"
    rf"|(?P<decimal>\d{{1,2}}[.,]\d)\s*{_HOURS}"
    rf"|(?P<hours>{_N}|an?(?:other)?|a\s+couple\s+of)\s*{_HOURS}"
    rf"(?:\s*(?:and\s+)?(?P<and_minutes>{_N})\s*{_MINUTES})?"
    rf"|(?P<minutes>{_N})\s*{_MINUTES}"
    rf"|next\s+(?P<next_hour>hour))(?:\s+(?:more|longer|long))?"
)
_IN_LENGTH = (
    r"(?P<wait>in\s+)?(?:(?:for|by|lasting|with)\s+)?(?:(?:at\s+least|about|the\s+next|the|another|an\s+extra)\s+)*"
)
_LATER = r"(?P<later>\s+from\s+now|\s+later|['’]s\s+time)?"


def _length(match: re.Match[str]) -> Meaning | None:
    said = match.groupdict()
    if said["half_hour"]:
        minutes = 30.0
    elif said["next_hour"]:
        minutes = 60.0
    elif said["and_what"]:
        minutes = 90.0 if said["and_what"].casefold() == "half" else 75.0
    elif said["quarters"]:
        minutes = 45.0 if said["quarters"].casefold().startswith("three") else 15.0
    elif said["half_hours"]:
        minutes = value_of(said["half_hours"]) * 60.0 + 30
    elif said["decimal"]:
        minutes = float(said["decimal"].replace(",", ".")) * 60
    elif said["minutes"]:
        minutes = float(value_of(said["minutes"]))
    else:
        hours = said["hours"].casefold()
        minutes = 60.0 * (2 if "couple" in hours else 1 if hours[0] == "a" else value_of(hours))
        minutes += value_of(said["and_minutes"]) if said["and_minutes"] else 0
    is_soon = re.search(r"\bnext\b", match[0], re.IGNORECASE)  # "in the next hour" is from now on
    return _length_of(minutes, is_wait=bool(said["later"] or (said["wait"] and not is_soon)))


def _length_of(minutes: float, *, is_wait: bool) -> Meaning | None:
    return Length(timedelta(minutes=minutes), is_wait) if 0 < minutes <= _MOST_LENGTH else None


_MOST_LENGTH = 24 * 60.0  # minutes
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_ORDINAL = (
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)|(?:twenty|thirty)[\s-](?:{'|'.join(list(ORDINALS)[:9])})|(?:{'|'.join(ORDINALS)}))"
)
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"


def _ordinal(said: str) -> int:
    if said[0].isdigit():
        return int(re.match(r"\d+", said)[0])  # type: ignore[index]
    return sum({**TENS, **ORDINALS}[word] for word in said.casefold().replace("-", " ").split())


def _date(match: re.Match[str]) -> Meaning | None:
    said = match["day"]
    day = _ordinal(said) if not said.isdecimal() else int(said)
    return Day(date=(0, _MONTHS.index(match["month"].casefold()) + 1, day))


def _weekday(match: re.Match[str]) -> Meaning | None:
    week = {"this": 0, "next": 1}.get((match["which"] or "").casefold())
    return Day(weekday=_WEEKDAYS.index(match["weekday"].casefold()), week=week)


def _part_of_day(match: re.Match[str]) -> Meaning | None:
    lead = (match["lead"] or "").casefold()
    part = _PART_WORDS[match["name"].casefold()]
    return PartOfDay(part, is_today=lead.startswith("this"), needs_day=not lead)


# --- Chinese ----------------------------------------------------------------------------------------------------------

_Z = f"(?<![周期拜]){CHINESE}"  # "周三十点" is Wednesday at ten
_ZH_PARTS: Final = {
    "凌晨": Part.SMALL_HOURS, "半夜": Part.SMALL_HOURS,
    "清晨": Part.MORNING, "早上": Part.MORNING, "早晨": Part.MORNING, "上午": Part.MORNING, "早": Part.MORNING,
    "中午": Part.NOON, "下午": Part.AFTERNOON, "午后": Part.AFTERNOON,
    "傍晚": Part.EVENING, "晚上": Part.EVENING, "晚间": Part.EVENING, "夜里": Part.EVENING, "晚": Part.EVENING,
    "全天": Part.DAY, "整天": Part.DAY, "一整天": Part.DAY,
}  # fmt: skip
_ZH_PART = "|".join(sorted(_ZH_PARTS, key=len, reverse=True))
_ZH_CLOCK_PART = rf"(?:(?P<part>{_ZH_PART})\s*(?:的\s*)?)?"
_ZH_ROLE = r"(?:(?P<role>从|自|在|直到|一直到|到|至|-|–|—|~)\s*)?"
_ZH_AFTER = "(?:(?P<after>以后|之后|后|起|开始)|(?P<before>以前|之前|前))?"
_ROLE_BEFORE_DAY: Final = re.compile(r"(?:(?<![a-z])(?:from|until|till|to)\s+|从|直到|到|至)$", re.IGNORECASE)
_NOT_COUNTED = "(?!个|小时|分钟|刻钟|人|位|间|号|楼|层|座)"
_ZH_ROLES: Final = {"从": Role.FROM, "自": Role.FROM, "在": Role.AT, "直到": Role.UNTIL, "一直到": Role.UNTIL}


def _zh_role(match: re.Match[str]) -> Role:
    if match["after"]:
        return Role.FROM if match["after"] in ("起", "开始") else Role.AFTER
    if match["before"]:
        return Role.BEFORE
    return _ZH_ROLES.get(match["role"], Role.TO) if match["role"] else Role.AT


def _zh_clock(match: re.Match[str]) -> Meaning | None:
    minute = 30 if match["half"] else 15 * value_of(match["quarter"]) if match["quarter"] else 0
    if match["minute"]:
        minute = value_of(match["minute"])
    part = _ZH_PARTS[match["part"]] if match["part"] else None
    return _clock(_zh_role(match), value_of(match["h"]), minute, part)


def _zh_colon(match: re.Match[str]) -> Meaning | None:
    part = _ZH_PARTS[match["part"]] if match["part"] else None
    return _clock(_zh_role(match), int(match["h"]), int(match["m"]), part, is_exact=match["h"].startswith("0"))


def _zh_length(match: re.Match[str]) -> Meaning | None:
    said = match.groupdict()
    if said["half_hour"]:
        minutes = 30.0
    elif said["quarters"]:
        minutes = 15.0 * value_of(said["quarters"])
    elif said["decimal"]:
        minutes = float(said["decimal"]) * 60
    elif said["hours"]:
        minutes = value_of(said["hours"]) * 60.0 + (30 if said["and_half"] or said["half_after"] else 0)
        minutes += value_of(said["and_minutes"]) if said["and_minutes"] else 0
    else:
        minutes = float(value_of(said["minutes"]))
    return _length_of(minutes, is_wait=bool(said["wait"] or said["later"]))


def _zh_weekday(match: re.Match[str]) -> Meaning | None:
    said = match["weekday"]
    weekday = 6 if said in "日天7" else "一二三四五六".index(said) if said in "一二三四五六" else int(said) - 1
    week = {"这": 0, "本": 0, "下": 1}.get((match["which"] or "")[:1])
    return Day(weekday=weekday, week=week)


_ZH_DAYS: Final = {"大后天": 3, "后天": 2, "明天": 1, "明日": 1, "明": 1, "今天": 0, "今日": 0, "今": 0}


def _zh_day(match: re.Match[str]) -> Meaning | None:
    return Day(offset=_ZH_DAYS[match[0]])


def _zh_date(match: re.Match[str]) -> Meaning | None:
    return Day(date=(0, value_of(match["month"]) if match["month"] else 0, value_of(match["day"])))


def _zh_part(match: re.Match[str]) -> Meaning | None:
    said = match["name"]
    return PartOfDay(_ZH_PARTS[said], needs_day=len(said) == 1)


# --- All patterns -----------------------------------------------------------------------------------------------------


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_PATTERNS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Meaning | None]], ...]] = (
    (_pattern(rf"{_B}{_IN_LENGTH}{_B}{_LENGTH}{_E}{_LATER}"), _length),
    (
        _pattern(
            rf"{_B}(?:(?P<role>at|until|till|til|by|before|after|from|to)\s+)?"
            rf"(?P<rel>half|(?:a\s+)?quarter|(?P<n>{_N})\s+minutes?)\s+(?P<dir>past|after|to|before)\s+"
            rf"(?P<h>{_N}){_E}{_HALF}?"
        ),
        _minutes_past,
    ),
    (
        _pattern(
            rf"{_B}(?P<role>at|until|till|til|by|before|after)\s+"
            rf"(?P<rel>(?P<n>{_N}))\s+(?P<dir>past|after|to|before)\s+(?P<h>{_N}){_E}{_HALF}?"
        ),
        _minutes_past,
    ),
    (
        _pattern(rf"(?:{_ROLE})?(?<![a-z0-9:.])(?P<h>\d{{1,2}})(?P<sign>[:.])(?P<m>\d{{2}}){_H}{_HALF}?"),
        _with_colon,
    ),
    (
        _pattern(
            rf"(?:{_ROLE}){_B}(?P<h>{_N})\s+(?:oh\s+(?P<ones>{'|'.join(ONES)})"
            rf"|(?P<tens>{'|'.join(_MINUTE_WORDS)})(?P<five>[\s-]five)?){_E}{_HALF}?"
        ),
        _hour_and_words,
    ),
    (_pattern(rf"(?:{_ROLE})?{_B}(?P<h>{_N}){_H}(?P<sharp>\s*o.?clock{_E})?{_HALF}?"), _hour),
    (
        _pattern(rf"{_B}(?P<h>{_N})(?=\s*(?:to|till|until|-|–)\s*(?:{_N}\s?[ap]\.?m|\d{{1,2}}:\d\d))"),
        lambda match: _clock(Role.AT, value_of(match["h"]), 0, None),
    ),
    (_pattern(rf"{_ROLE}(?P<name>noon|midday|midnight){_E}"), _named),
    (_pattern(rf"{_B}(?:the\s+)?day\s+after\s+tomorrow{_E}"), lambda _: Day(offset=2)),
    (_pattern(rf"{_B}tomorrow{_E}"), lambda _: Day(offset=1)),
    (_pattern(rf"{_B}today{_E}"), lambda _: Day(offset=0)),
    (_pattern(rf"{_B}tonight{_E}"), lambda _: PartOfDay(Part.EVENING, is_today=True)),
    (
        _pattern(rf"{_B}(?:on\s+)?(?:(?P<which>this|next|coming)\s+)?(?P<weekday>{'|'.join(_WEEKDAYS)}){_E}"),
        _weekday,
    ),
    (_pattern(rf"{_B}(?:on\s+)?(?:the\s+)?(?P<day>{_ORDINAL}|\d{{1,2}})\s+(?:of\s+)?{_MONTH}{_E}"), _date),
    (_pattern(rf"{_B}(?:on\s+)?{_MONTH}\s+(?:the\s+)?(?P<day>{_ORDINAL}|\d{{1,2}}){_E}"), _date),
    (
        _pattern(rf"{_B}on\s+the\s+(?P<day>{_ORDINAL}){_E}(?!\s+(?:floor|level|basement))"),
        lambda match: Day(date=(0, 0, _ordinal(match["day"]))),
    ),
    (
        _pattern(rf"{_B}(?:on\s+)?(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d){_E}"),
        lambda match: Day(date=(int(match["y"]), int(match["m"]), int(match["d"]))),
    ),
    (
        _pattern(
            rf"{_B}(?:(?P<lead>in\s+the|during\s+the|over|at|this)\s+)?"
            rf"(?P<name>morning|afternoon|evening|night|lunchtime|lunch){_E}"
        ),
        _part_of_day,
    ),
    (_pattern(rf"{_B}(?:all|the\s+(?:whole|entire|rest\s+of\s+the))\s+day{_E}"), lambda _: PartOfDay(Part.DAY)),
    (
        _pattern(
            rf"{_B}(?:from\s+)?(?:right\s+now|just\s+now|now|at\s+the\s+moment|at\s+present|currently|immediately"
            rf"|(?:straight|right)\s+away){_E}"
        ),
        lambda _: Now(),
    ),
    # Chinese
    (
        _pattern(
            r"(?P<wait>再?过)?(?:接下来|至少|大约|大概)*"
            rf"(?:(?P<half_hour>半个?(?:小时|钟头|钟))|(?P<quarters>[一三两二])刻钟|(?P<decimal>\d{{1,2}}\.\d)个?小时"
            rf"|(?P<hours>{_Z})(?:个(?P<and_half>半)(?:小时|钟头)|(?:个?(?:小时|钟头)|个钟)(?P<half_after>半)?)"
            rf"(?:零|又)?(?:(?P<and_minutes>{_Z})分钟?)?"
            rf"|(?P<minutes>{_Z})分钟?)(?:以上)?(?P<later>(?:以|之)?后)?"
        ),
        _zh_length,
    ),
    (
        _pattern(
            rf"{_ZH_ROLE}{_ZH_CLOCK_PART}(?P<h>{_Z})(?:点钟|點鐘|点|點|时(?!间|候))(?:整)?"
            rf"(?:(?P<half>半)(?!个?小时|个?钟头)|(?P<quarter>[一三])刻(?!钟)|(?:零|过)?(?P<minute>{_Z}){_NOT_COUNTED}分?(?!钟))?{_ZH_AFTER}"
        ),
        _zh_clock,
    ),
    (_pattern(rf"{_ZH_ROLE}{_ZH_CLOCK_PART}(?<![a-z0-9:])(?P<h>\d{{1,2}}):(?P<m>\d{{2}})(?!\d){_ZH_AFTER}"), _zh_colon),
    (_pattern("大后天|后天|明天|明日|今天|今日|[明今](?=早|晚|上午|中午|下午)"), _zh_day),
    (_pattern(r"(?P<which>下个?|这个?|本)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天1-7])"), _zh_weekday),
    (_pattern(rf"(?:(?P<month>{_Z})月)?(?P<day>{_Z})[日号](?![楼院馆厅线会间房门座])"), _zh_date),
    (_pattern(f"(?P<name>{_ZH_PART})"), _zh_part),
    (_pattern("从?(?:现在|目前|当前|此刻|这会儿|眼下|马上|立刻|即刻)"), lambda _: Now()),
)
