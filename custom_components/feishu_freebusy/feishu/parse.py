"""From JSON of the open platform to values. What can't be understood raises `UnreadableAnswerError`.

Unknown extra fields and words are let pass; a value that decides whether somebody is busy never is.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from .errors import UnreadableAnswerError
from .models import ActivateStatus, Bot, BusyPeriod, Page, Room, RoomLevel, RoomStatus, RsvpStatus
from .tokens import Token

type Json = dict[str, Any]


def data_of(body: Json) -> Json:
    """Return the `data` of an answer."""
    data = body.get("data")
    if not isinstance(data, dict):
        raise UnreadableAnswerError("the answer has no data")
    return data


def instant(text: object) -> datetime:
    """Return an RFC 3339 date-time with an offset as an aware one in UTC."""
    try:
        if isinstance(text, str) and (moment := datetime.fromisoformat(text.upper())).utcoffset() is not None:
            return moment.astimezone(UTC)
    except ValueError, OverflowError:
        pass
    raise UnreadableAnswerError(f"not a date-time with an offset: {text!r:.60}")


def busy_periods(data: Json) -> tuple[BusyPeriod, ...]:
    """Return the rows of `freebusy_list`; absent, null and empty all mean that there is none."""
    return tuple(_busy_period(row) for row in _rows(data, "freebusy_list"))


def _busy_period(row: Json) -> BusyPeriod:
    start, end = instant(row.get("start_time")), instant(row.get("end_time"))
    if end < start:
        raise UnreadableAnswerError("a busy period ends before it starts")
    return BusyPeriod(start, end, _rsvp_status(row.get("rsvp_status")))


def _rsvp_status(word: object) -> RsvpStatus | None:
    try:
        return RsvpStatus(word)  # type: ignore[arg-type]  # anything but a known word raises
    except ValueError:
        return None


def rooms(data: Json, key: str = "rooms") -> tuple[Room, ...]:
    """Return the rooms of a list; one without an id is of no use and left out."""
    return tuple(_room(row) for row in _rows(data, key) if _text(row.get("room_id")))


def _room(row: Json) -> Room:
    return Room(
        room_id=_text(row.get("room_id")),
        name=_text(row.get("name")),
        capacity=_count(row.get("capacity")),
        room_level_id=_text(row.get("room_level_id")),
        path=tuple(_texts(row.get("path"))),
        equipment=tuple(
            name for item in _list(row.get("device")) if isinstance(item, dict) and (name := _text(item.get("name")))
        ),
        status=_room_status(row.get("room_status")),
    )


def _room_status(value: object) -> RoomStatus | None:
    if not isinstance(value, dict):
        return None
    return RoomStatus(
        enabled=value.get("status") is not False,
        disable_start=_unix_time(value.get("disable_start_time")),
        disable_end=_unix_time(value.get("disable_end_time")),
        disable_reason=_text(value.get("disable_reason")),
        enabled_next=next_state if isinstance(next_state := value.get("schedule_status"), bool) else None,
    )


def room_levels(data: Json) -> tuple[RoomLevel, ...]:
    """Return the levels of a list; one without an id is left out."""
    return tuple(
        RoomLevel(
            room_level_id=level_id,
            name=_text(row.get("name")),
            parent_id=_text(row.get("parent_id")),
            has_child=row.get("has_child") is True,
        )
        for row in _rows(data, "items")
        if (level_id := _text(row.get("room_level_id")))
    )


def page[T](data: Json, parse_items: Callable[[Json], tuple[T, ...]]) -> Page[T]:
    """Return one page of a list. More to come without a way to get it is unreadable, not the end."""
    token = _text(data.get("page_token"))
    more = data.get("has_more", bool(token)) is True
    if more and not token:
        raise UnreadableAnswerError("a list goes on but doesn't say where")
    return Page(parse_items(data), token if more else None)


def granted_scopes(data: Json) -> frozenset[str]:
    """Return the names of the scopes that the tenant has granted to the app."""
    if not isinstance(data.get("scopes"), list):
        raise UnreadableAnswerError("the answer has no scopes")
    return frozenset(_text(row.get("scope_name")) for row in _rows(data, "scopes") if row.get("grant_status") == 1)


def bot(body: Json) -> Bot:
    """Return the app's bot; this answer is flat, without `data`."""
    row = body.get("bot")
    if not isinstance(row, dict):
        raise UnreadableAnswerError("the answer has no bot")
    try:
        status = ActivateStatus(row.get("activate_status"))  # type: ignore[arg-type]  # anything else raises
    except ValueError:
        status = None
    return Bot(app_name=_text(row.get("app_name")), activate_status=status)


def token(body: Json) -> Token:
    """Return the token; this answer is flat, without `data`."""
    value, lifetime = body.get("tenant_access_token"), body.get("expire")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value:
        raise UnreadableAnswerError("the answer has no token")
    if not isinstance(lifetime, int) or lifetime <= 0:
        raise UnreadableAnswerError("the answer doesn't say how long the token lives")
    return Token(value, lifetime)


def _rows(data: Json, key: str) -> Iterator[Json]:
    rows = data.get(key)
    if rows is None:
        return
    if not isinstance(rows, list):
        raise UnreadableAnswerError(f"{key} is not a list")
    for row in rows:
        if not isinstance(row, dict):
            raise UnreadableAnswerError(f"a row of {key} is not an object")
        yield row


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> Iterator[str]:
    return (text for item in _list(value) if (text := _text(item)))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _unix_time(value: object) -> datetime | None:
    """Return a Unix time in seconds, which may come as a string; 0 and what is no time are None."""
    try:
        seconds = int(value)  # type: ignore[call-overload]  # anything but a number raises
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except TypeError, ValueError, OverflowError, OSError:
        return None
