"""Parse the JSON of the open platform. JSON that is not as documented raises `UnreadableAnswerError`.

Unknown fields and unknown RSVP words are ignored. A bad value that decides whether somebody is busy always raises.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
import re
from typing import Any

from .errors import SubjectError, UnreadableAnswerError
from .models import ActivateStatus, Bot, BusyAnswer, BusyPeriod, Page, Room, RoomLevel, RoomStatus, RsvpStatus
from .tokens import Token

type Json = dict[str, Any]

# Stricter than `fromisoformat`, which also accepts week dates, 24:00, offsets with seconds, and times without seconds
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_UNIX_TIME = re.compile(r"\d{1,18}", re.ASCII)
# Nothing here needs other years, and in years 1 and 9999 time zone arithmetic overflows
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MAX_ROWS = 10_000  # per list; 90 days have 8,640 quarter-hours, and a page is requested with 100 rooms
_MAX_NAME = 255  # characters; Home Assistant is slow to make an entity of a much longer name
_MAX_PARTS = 100  # levels above a room, and pieces of equipment in it
_MAX_TOKEN = 8192  # characters; the limit of a header

_RSVP_WORDS: Mapping[str, RsvpStatus] = {status.value: status for status in RsvpStatus}


def data_of(body: Json) -> Json:
    """Return the `data` of an answer."""
    data = body.get("data")
    if not isinstance(data, dict):
        raise UnreadableAnswerError("the answer has no data")
    return data


def instant(text: object) -> datetime:
    """Return an RFC 3339 date-time in UTC. Instants before 1970 and after 2999 are clamped."""
    try:
        if isinstance(text, str) and _RFC_3339.fullmatch(text):
            return _clamped(datetime.fromisoformat(text.upper()))
    except ValueError:
        pass
    raise UnreadableAnswerError("not a date-time with an offset")


def _clamped(moment: datetime) -> datetime:
    if moment.year < _EARLIEST.year:
        return _EARLIEST
    if moment.year > _LATEST.year:
        return _LATEST
    return min(max(moment.astimezone(UTC), _EARLIEST), _LATEST)


def busy_periods(data: Json) -> tuple[BusyPeriod, ...]:
    """Return the rows of `freebusy_list`. An absent, null or empty list means no busy period."""
    rows = data.get("freebusy_list")
    return () if rows is None else _busy_periods(rows, "freebusy_list")


def _busy_periods(rows: object, name: str) -> tuple[BusyPeriod, ...]:
    if not isinstance(rows, list):
        raise UnreadableAnswerError(f"{name} is not a list")
    _check_length(rows, name)
    return tuple([_busy_period(row) for row in rows])


def _check_length(rows: list[Any], name: str) -> None:
    if len(rows) > _MAX_ROWS:
        raise UnreadableAnswerError(f"{name} has too many rows")


def _busy_period(row: object) -> BusyPeriod:
    if not isinstance(row, dict):
        raise UnreadableAnswerError("a busy period is not an object")
    start, end, word = row.get("start_time"), row.get("end_time"), row.get("rsvp_status")
    if not (isinstance(start, str) and isinstance(end, str)):
        raise UnreadableAnswerError("a busy period has no readable start or end")
    return _period(start, end, _RSVP_WORDS.get(word) if isinstance(word, str) else None)


@lru_cache(maxsize=4096)  # polls repeat most periods, and many rooms are booked at the same times
def _period(start_time: str, end_time: str, rsvp_status: RsvpStatus | None) -> BusyPeriod:
    start, end = instant(start_time), instant(end_time)
    # With the two swapped, it is busy between them: that hides no booking, and one odd row costs no other row
    return BusyPeriod(min(start, end), max(start, end), rsvp_status)


def rooms_busy(data: Json, room_ids: Iterable[str], start: datetime, end: datetime) -> dict[str, BusyAnswer]:
    """Return the busy periods or the error of each room in a batch. `start` and `end` are the requested window.

    A room without rows is free if the answer covers the window, has a map of rows, and names no other rooms. If it
    does name other rooms, a missing room may be listed under another ID, so it is unreadable.
    """
    if instant(data.get("time_min")) > start or instant(data.get("time_max")) < end:
        raise UnreadableAnswerError("the answer does not cover the requested window")
    rows = _rows_by_room(data.get("free_busy"))
    refused = frozenset(_refused_rooms(data.get("error_room_ids")))
    asked = tuple(room_ids)
    names_others = not rows.keys() <= set(asked)

    def answer(room_id: str) -> BusyAnswer:
        if room_id in refused:
            return SubjectError("Feishu can't read this room")
        if room_id not in rows and names_others:
            return UnreadableAnswerError("the answer omits this room but names another")
        return _busy_answer(rows.get(room_id, []), "free_busy")

    return {room_id: answer(room_id) for room_id in asked}


def _rows_by_room(free_busy: object) -> Mapping[str, object]:
    """Return the rows by room. Some tenants send a list of rows or of one-room maps instead of a map."""
    if isinstance(free_busy, dict):
        return free_busy
    if not isinstance(free_busy, list):
        raise UnreadableAnswerError("free_busy is not a map of rooms")
    rows: dict[str, list[object]] = {}
    for item in free_busy:
        match item:
            case {"room_id": str(room_id)}:
                rows.setdefault(room_id, []).append(item)
            case dict() if len(item) == 1 and isinstance(more := next(iter(item.values())), list):
                rows.setdefault(next(iter(item)), []).extend(more)
            case _:
                raise UnreadableAnswerError("a row does not name its room")
    return rows


def _refused_rooms(ids: object) -> Iterator[str]:
    if ids is not None and not isinstance(ids, list):
        raise UnreadableAnswerError("error_room_ids is not a list")
    for room_id in ids or ():
        if not isinstance(room_id, str):
            raise UnreadableAnswerError("error_room_ids holds a value that is not an ID")
        yield room_id


def users_busy(data: Json, user_ids: Iterable[str]) -> dict[str, BusyAnswer]:
    """Return the busy periods or the error of each person in a batch. A person it does not name is an error."""
    lists: dict[str, list[object]] = {}
    for item in _rows(data, "freebusy_lists"):
        user_id, rows = item.get("user_id"), item.get("freebusy_items")
        if not isinstance(user_id, str):
            raise UnreadableAnswerError("a list has no user_id")
        if rows is None:  # absent and null mean no busy period, as in `freebusy_list`
            rows = []
        lists.setdefault(user_id, []).extend(rows if isinstance(rows, list) else [None])  # None is a bad row
    return {
        user_id: _busy_answer(lists[user_id], "freebusy_items")
        if user_id in lists
        else SubjectError("Feishu returned nothing about this person")
        for user_id in user_ids
    }


def _busy_answer(rows: object, name: str) -> BusyAnswer:
    """Return the busy periods of one subject of a batch, or its error: bad rows must not fail the other subjects."""
    try:
        return _busy_periods(rows, name)
    except UnreadableAnswerError as error:
        return error.with_traceback(None)  # the error is kept, and its traceback would keep all rows alive


def rooms(data: Json, key: str = "rooms") -> tuple[Room, ...]:
    """Return the rooms of a list, without those that have no ID."""
    return tuple(_room(row) for row in _rows(data, key) if _text(row.get("room_id")))


def room(data: Json, room_id: str) -> Room:
    """Return the room of a single-room answer."""
    row = data.get("room")
    if not isinstance(row, dict) or _text(row.get("room_id")) != room_id:
        raise UnreadableAnswerError("the answer isn't about this room")
    return _room(row)


def _room(row: Json) -> Room:
    return Room(
        room_id=_text(row.get("room_id")),
        name=_name(row.get("name")),
        capacity=_count(row.get("capacity")),
        room_level_id=_text(row.get("room_level_id")),
        path=tuple(_texts(row.get("path"))),
        equipment=tuple(
            name for item in _list(row.get("device")) if isinstance(item, dict) and (name := _name(item.get("name")))
        ),
        status=_room_status(row.get("room_status")),
    )


def _room_status(value: object) -> RoomStatus | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(enabled := value.get("status"), bool | None):
        raise UnreadableAnswerError("the status of a room is unreadable")
    return RoomStatus(
        enabled=enabled is not False,
        disable_start=_unix_time(value.get("disable_start_time")),
        disable_end=_unix_time(value.get("disable_end_time")),
        disable_reason=_name(value.get("disable_reason")),
        enabled_next=next_state if isinstance(next_state := value.get("schedule_status"), bool) else None,
    )


def room_levels(data: Json) -> tuple[RoomLevel, ...]:
    """Return the levels of a list, without those that have no ID."""
    return tuple(
        RoomLevel(
            room_level_id=level_id,
            name=_name(row.get("name")),
            parent_id=_text(row.get("parent_id")),
            has_child=row.get("has_child") is True,
        )
        for row in _rows(data, "items")
        if (level_id := _text(row.get("room_level_id")))
    )


def page[T](data: Json, parse_items: Callable[[Json], tuple[T, ...]]) -> Page[T]:
    """Return one page of a list. `has_more` without a `page_token` is unreadable: the list would be incomplete."""
    token = _text(data.get("page_token"))
    more = bool(token) if (word := data.get("has_more")) is None else word
    if not isinstance(more, bool):
        raise UnreadableAnswerError("has_more is not true or false")
    if more and not token:
        raise UnreadableAnswerError("has_more is true but there is no page_token")
    return Page(parse_items(data), token if more else None)


def user_ids(data: Json, emails: Sequence[str], mobiles: Sequence[str]) -> dict[str, str]:
    """Return the IDs of the people found, by the e-mail address or mobile number exactly as requested."""
    if not isinstance(data.get("user_list"), list):
        raise UnreadableAnswerError("the answer has no user_list")
    found: dict[tuple[str, str], str] = {}
    for row in _rows(data, "user_list"):
        email, mobile, user_id = (_text(row.get(name)) for name in ("email", "mobile", "user_id"))
        keys = (("email", email.casefold()), ("mobile", mobile))
        if user_id and any(found.setdefault(key, user_id) != user_id for key in keys if key[1]):
            raise UnreadableAnswerError("two people have the same e-mail address or number")
    by_contact = [
        *((address, ("email", address.strip().casefold())) for address in emails),
        *((number, ("mobile", number.strip())) for number in mobiles),
    ]
    return {contact: found[key] for contact, key in by_contact if key in found}


def granted_scopes(data: Json) -> frozenset[str]:
    """Return the names of the scopes that the tenant has granted to the app."""
    if not isinstance(data.get("scopes"), list):
        raise UnreadableAnswerError("the answer has no list of scopes")
    return frozenset(
        name for row in _rows(data, "scopes") if _is_granted(row) and (name := _text(row.get("scope_name")))
    )


def _is_granted(row: Json) -> bool:
    return type(status := row.get("grant_status")) is int and status == 1


def bot(body: Json) -> Bot:
    """Return the app's bot. This answer is flat, without `data`."""
    row = body.get("bot")
    if not isinstance(row, dict):
        raise UnreadableAnswerError("the answer has no bot")
    number = row.get("activate_status")
    try:
        status = None if isinstance(number, bool) else ActivateStatus(number)  # type: ignore[arg-type]  # other types raise
    except ValueError:
        status = None
    return Bot(app_name=_name(row.get("app_name")), activate_status=status)


def token(body: Json) -> Token:
    """Return the token. This answer is flat, without `data`."""
    value, lifetime = body.get("tenant_access_token"), body.get("expire")
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TOKEN or not value.isascii() or not value.isprintable():
        raise UnreadableAnswerError("the answer has no token")
    if type(lifetime) is not int or lifetime <= 0:  # not `isinstance`: a boolean is no lifetime
        raise UnreadableAnswerError("the answer has no token lifetime")
    return Token(value, lifetime)


def _rows(data: Json, key: str) -> Iterator[Json]:
    rows = data.get(key)
    if rows is None:
        return
    if not isinstance(rows, list):
        raise UnreadableAnswerError(f"{key} is not a list")
    _check_length(rows, key)
    for row in rows:
        if not isinstance(row, dict):
            raise UnreadableAnswerError(f"a row of {key} is not an object")
        yield row


def _list(value: object) -> list[Any]:
    return value[:_MAX_PARTS] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _name(value: object) -> str:
    return _text(value)[:_MAX_NAME]


def _texts(value: object) -> Iterator[str]:
    return (text for item in _list(value) if (text := _text(item)))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _unix_time(value: object) -> datetime | None:
    """Return the instant of a Unix time in seconds, given as a number or a string. 0 and invalid times are None."""
    if isinstance(value, str) and _UNIX_TIME.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    try:
        return _clamped(datetime.fromtimestamp(int(value), UTC))
    except ValueError, OverflowError, OSError:
        return None
