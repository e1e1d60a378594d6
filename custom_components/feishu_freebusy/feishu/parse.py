"""Parse the JSON of the open platform. JSON that is not as documented raises `UnreadableAnswerError`.

Unknown fields and unknown RSVP words are ignored. A bad value that decides whether somebody is busy always raises.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
import re
from typing import Any, TypeIs
import unicodedata

from .errors import FeishuError, SubjectError, UnreadableAnswerError, UnreadableRowsError
from .models import (
    ActivateStatus,
    Bot,
    BusyAnswer,
    BusyPeriod,
    Event,
    EventRef,
    Page,
    Person,
    Room,
    RoomBooking,
    RoomCheck,
    RoomLevel,
    RoomStatus,
    RsvpStatus,
    Unavailable,
)
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
# Unicode categories in names: control characters and separators of lines become a space; others are left out
_BREAKS = {"Cc", "Zl", "Zp"}
_HIDDEN = {"Cf", "Cn", "Co", "Cs"}
_JOINERS = {"\u200c", "\u200d"}  # of emoji and of Persian letters
_MAX_PARTS = 100  # levels above a room, and pieces of equipment in it
_AVAILABLE = {"available": True, "need_approval": True, "unavailable": False}
_MAX_SECONDS = 10 * 366 * 86400
_MAX_COUNT = 100_000  # seats of a room
_ID = re.compile(r"[\w.:@-]{1,128}", re.ASCII)
_MAX_TOKEN = 8192  # characters; the limit of a header

_RSVP_WORDS: Mapping[str, str] = {status.value: status.value for status in RsvpStatus}


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


def _instant_or_none(text: object) -> datetime | None:
    try:
        return instant(text)
    except UnreadableAnswerError:
        return None


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


def is_empty_success(body: Json) -> bool:
    """Return whether a body is no more than Feishu's word that a call succeeded."""
    return body.get("msg") == "success" and body.get("data") is None and body.keys() <= {"code", "msg", "data"}


def _busy_periods(rows: object, name: str) -> tuple[BusyPeriod, ...]:
    """Return the busy periods of one subject. Raises `UnreadableRowsError` for any bad row: it may be a booking."""
    if not isinstance(rows, list):
        raise UnreadableRowsError(f"{name} is not a list")
    try:
        _check_length(rows, name)
        return _well_formed(rows) or tuple([_busy_period(row) for row in rows])
    except UnreadableAnswerError as error:
        problem = error.text
    raise UnreadableRowsError(problem)  # outside `except`: as its context, the other error would keep all rows alive


def _well_formed(rows: list[Any]) -> tuple[BusyPeriod, ...]:
    """Return the busy periods if all rows are well-formed, else nothing. It is fast: there are many rows."""
    period, word_of = _period, _RSVP_WORDS.get
    try:
        return tuple([period(row["start_time"], row["end_time"], word_of(row.get("rsvp_status"))) for row in rows])
    except AttributeError, KeyError, TypeError, UnreadableAnswerError:
        return ()


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
def _period(start_time: str, end_time: str, word: str | None) -> BusyPeriod:
    start, end = instant(start_time), instant(end_time)
    # With the two swapped, it is busy between them: that hides no booking, and one odd row costs no other row
    return BusyPeriod(min(start, end), max(start, end), RsvpStatus(word) if word else None)


def rooms_busy(data: Json, room_ids: Iterable[str], start: datetime, end: datetime) -> dict[str, BusyAnswer]:
    """Return the busy periods or the error of each room in a batch. `start` and `end` are the requested window.

    A room without rows is free if the answer covers the window, has a map of rows, and names no other rooms. If it
    does name other rooms, or has an element that names none, a missing room may be meant, so it is unreadable.
    """
    if instant(data.get("time_min")) > start or instant(data.get("time_max")) < end:
        raise UnreadableAnswerError("the answer does not cover the requested window")
    rows, nameless = _rows_by_room(data.get("free_busy"))
    refused = _refused_rooms(data.get("error_room_ids"))
    is_damaged = nameless or not all(isinstance(room_id, str) for room_id in refused)
    asked = tuple(room_ids)
    named = {*rows, *(room_id for room_id in refused if isinstance(room_id, str))}
    names_others = not named <= set(asked)

    def answer(room_id: str) -> BusyAnswer:
        if room_id in refused:
            return SubjectError("Feishu can't read this room")
        if room_id not in rows and names_others:
            return UnreadableRowsError("the answer omits this room but names another")
        if room_id not in rows and is_damaged:
            return UnreadableRowsError("the answer omits this room and is damaged")
        return _busy_answer(rows.get(room_id, []), "free_busy")

    return {room_id: answer(room_id) for room_id in asked}


def _rows_by_room(free_busy: object) -> tuple[Mapping[str, object], bool]:
    """Return the rows by room, and whether an element names no room.

    Some tenants send a list of one-room maps instead of a map, or a list of rows. There, a row without a room may
    belong to any of them.
    """
    if isinstance(free_busy, dict):
        return free_busy, False
    if not isinstance(free_busy, list):
        raise UnreadableAnswerError("free_busy is not a map of rooms")
    rows: dict[str, list[object]] = {}
    nameless = are_rows = False
    for item in free_busy:
        match item:
            case {"room_id": str(room_id)}:
                rows.setdefault(room_id, []).append(item)
                are_rows = True
            case dict() if len(item) == 1 and "room_id" not in item:
                ((room_id, more),) = item.items()
                rows.setdefault(room_id, []).extend(more if isinstance(more, list) else [None])  # None is a bad row
            case _:
                nameless = True
    if nameless and (are_rows or not rows):
        raise UnreadableAnswerError("a row does not name its room")
    return rows, nameless


def _refused_rooms(ids: object) -> list[object]:
    if ids is not None and not isinstance(ids, list):
        raise UnreadableAnswerError("error_room_ids is not a list")
    return ids or []


def users_busy(data: Json, user_ids: Iterable[str]) -> dict[str, BusyAnswer]:
    """Return the busy periods or the error of each person in a batch. A person it does not name is an error.

    A list that names nobody is that of a person without a list, or else a second list of anybody in this batch.
    """
    lists: dict[str, list[object]] = {}
    asked, nameless = tuple(user_ids), 0
    for item in _elements(data, "freebusy_lists"):
        user_id = item.get("user_id") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(user_id, str):
            nameless += 1
            continue
        rows = item.get("freebusy_items")
        if rows is None:  # absent and null mean no busy period, as in `freebusy_list`
            rows = []
        lists.setdefault(user_id, []).extend(rows if isinstance(rows, list) else [None])  # None is a bad row
    if nameless and not lists:
        raise UnreadableAnswerError("the lists have no user_id")
    if nameless > sum(user_id not in lists for user_id in asked):
        # Not raised: it would be taken for a failure that concerns the people of other batches, too
        return {user_id: UnreadableRowsError("a list has no user_id") for user_id in asked}
    return {
        user_id: _busy_answer(lists[user_id], "freebusy_items")
        if user_id in lists
        else SubjectError("Feishu returned nothing about this person")
        for user_id in asked
    }


def _busy_answer(rows: object, name: str) -> BusyAnswer:
    """Return the busy periods of one subject of a batch, or its error: bad rows must not fail the other subjects."""
    try:
        return _busy_periods(rows, name)
    except UnreadableAnswerError as error:
        return error.with_traceback(None)  # the error is kept, and its traceback would keep all rows alive


def rooms(data: Json, key: str = "rooms") -> tuple[Room, ...]:
    """Return the rooms of a list, without those that have no ID or an unreadable status: they count as missing."""
    return tuple(filter(None, map(_room_if_readable, _rows(data, key))))


def _room_if_readable(row: Json) -> Room | None:
    try:
        return _room(row) if _id(row.get("room_id")) else None
    except UnreadableAnswerError:
        return None


def room(data: Json, room_id: str) -> Room:
    """Return the room of a single-room answer."""
    row = data.get("room")
    if not isinstance(row, dict) or _text(row.get("room_id")) != room_id:
        raise UnreadableAnswerError("the answer isn't about this room")
    return _room(row)


def _room(row: Json) -> Room:
    return Room(
        room_id=_id(row.get("room_id")),
        name=_name(row.get("name")),
        capacity=_count(row.get("capacity")),
        room_level_id=_id(row.get("room_level_id")),
        path=tuple(level_id for item in _list(row.get("path")) if (level_id := _id(item))),
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
            parent_id=_id(row.get("parent_id")),
            has_child=row.get("has_child") is True,
        )
        for row in _rows(data, "items")
        if (level_id := _id(row.get("room_level_id")))
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


def room_bookings(data: Json, room_id: str, start: datetime, end: datetime) -> tuple[RoomBooking, ...]:
    """Return the rows of one room with their events. Raises `FeishuError` as `rooms_busy` does for a room."""
    found = bookings_of_rooms(data, [room_id], start, end)[room_id]
    if isinstance(found, FeishuError):
        raise found
    return found


def bookings_of_rooms(
    data: Json, room_ids: Iterable[str], start: datetime, end: datetime
) -> dict[str, tuple[RoomBooking, ...] | FeishuError]:
    """Return the rows of each room with their events, or its error, as `rooms_busy` does."""
    answers = rooms_busy(data, room_ids, start, end)
    rows, _ = _rows_by_room(data.get("free_busy"))
    found: dict[str, tuple[RoomBooking, ...] | FeishuError] = {}
    for room_id, answer in answers.items():
        if isinstance(answer, FeishuError):
            found[room_id] = answer
            continue
        of_room = rows.get(room_id, [])
        pairs = zip(of_room if isinstance(of_room, list) else [], answer, strict=True)
        found[room_id] = tuple(_room_booking(row, period) for row, period in pairs)
    return found


def _room_booking(row: Json, period: BusyPeriod) -> RoomBooking:
    organizer = row.get("organizer_info")
    original_time = row.get("original_time")
    return RoomBooking(
        start=period.start,
        end=period.end,
        uid=_id(row.get("uid")),
        original_time=original_time if type(original_time) is int and original_time >= 0 else None,
        organizer=_name(organizer.get("name")) if isinstance(organizer, dict) else "",
        has_organizer=isinstance(organizer, dict),
    )


def primary_calendar(data: Json) -> str:
    """Return the id of the first calendar."""
    for row in _rows(data, "calendars"):
        calendar = row.get("calendar")
        if isinstance(calendar, dict) and (calendar_id := _id(calendar.get("calendar_id"))):
            return calendar_id
    raise UnreadableAnswerError("the answer has no calendar")


def may_write(data: Json) -> bool:
    """Return whether the role of the app in a calendar lets it add events."""
    if not _id(data.get("calendar_id")):
        raise UnreadableAnswerError("the answer has no calendar")
    return data.get("role") in ("writer", "owner") and data.get("is_deleted") is not True


def event(data: Json) -> Event:
    """Return the event of an answer."""
    row = data.get("event")
    if not isinstance(row, dict) or not (event_id := _id(row.get("event_id"))):
        raise UnreadableAnswerError("the answer has no event")
    start, end = _event_time(row.get("start_time")), _event_time(row.get("end_time"))
    if start is None or end is None:
        raise UnreadableAnswerError("the event has no readable start or end")
    return Event(
        event_id=event_id,
        start=start,
        end=end,
        calendar_id=_id(row.get("organizer_calendar_id")),
        is_recurring=bool(row.get("recurrence")),
        app_link=link if (link := _text(row.get("app_link"))).startswith("https://") else "",
    )


def _event_time(value: object) -> datetime | None:
    return _unix_time(value.get("timestamp")) if isinstance(value, dict) else None


def room_replies(data: Json, key: str = "items") -> tuple[tuple[str, RsvpStatus | None], ...]:
    """Return the rooms among the attendees and their replies. An unknown word is None."""
    if not isinstance(data.get(key), list):  # else an event would seem to have lost its room
        raise UnreadableAnswerError("the answer has no list of attendees")
    return tuple(
        (room_id, RsvpStatus(word) if isinstance(word := row.get("rsvp_status"), str) and word in _RSVP_WORDS else None)
        for row in _rows(data, key)
        if (room_id := _id(row.get("room_id")))
    )


def room_checks(data: Json) -> tuple[RoomCheck, ...]:
    """Return what rooms say to a time."""
    if not isinstance(data.get("room_availabilitys"), list):  # Feishu's spelling
        raise UnreadableAnswerError("the answer has no availability of rooms")
    return tuple(_room_check(row) for row in _rows(data, "room_availabilitys") if _id(row.get("room_id")))


def _room_check(row: Json) -> RoomCheck:
    status, reason = _text(row.get("status")), _text(row.get("unavailable_reason_type"))
    rules = row.get("room_strategy")
    rules = rules if isinstance(rules, dict) else {}
    return RoomCheck(
        room_id=_id(row.get("room_id")),
        available=_AVAILABLE.get(status, False if reason else None),
        needs_approval=status == "need_approval",
        reason=Unavailable(reason) if reason in set(Unavailable) else None,
        longest=_seconds(rules.get("single_max_duration")),
        opens=_seconds(rules.get("daily_start_time")),
        closes=_seconds(rules.get("daily_end_time")),
        next_day_opens=_seconds(rules.get("daily_advance_window_release_time")),
        latest=_instant_or_none(rules.get("max_advance_booking_time")),
    )


def _seconds(value: object) -> timedelta | None:
    """Return a duration of whole seconds, given as a number or a string. Longer than ten years is None."""
    if isinstance(value, str) and _UNIX_TIME.fullmatch(value):
        value = int(value)
    return timedelta(seconds=value) if type(value) is int and 0 <= value <= _MAX_SECONDS else None


def titles(data: Json) -> dict[EventRef, str]:
    """Return the titles that the answer has, by event. An event without a title has an empty one."""
    if not isinstance(data.get("EventInfos") or [], list):
        raise UnreadableAnswerError("EventInfos is not a list")
    return {
        EventRef(uid, original_time): _name(row.get("summary"))
        for row in _rows(data, "EventInfos")
        if (uid := _id(row.get("uid"))) and type(original_time := row.get("original_time")) is int
    }


def user_ids(data: Json, emails: Sequence[str], mobiles: Sequence[str]) -> dict[str, str]:
    """Return the IDs of the people found, by the e-mail address or mobile number exactly as requested."""
    if not isinstance(data.get("user_list"), list):
        raise UnreadableAnswerError("the answer has no user_list")
    found: dict[tuple[str, str], str | None] = {}  # None: two people have the same address or number
    for row in _rows(data, "user_list"):
        email, mobile, user_id = (_text(row.get(name)) for name in ("email", "mobile", "user_id"))
        for key in (("email", email.casefold()), ("mobile", mobile)):
            if user_id and key[1] and found.setdefault(key, user_id) != user_id:
                found[key] = None
    by_contact = [
        *((address, ("email", address.strip().casefold())) for address in emails),
        *((number, ("mobile", number.strip())) for number in mobiles),
    ]
    return {contact: found_id for contact, key in by_contact if (found_id := found.get(key))}


def granted_scopes(data: Json) -> frozenset[str]:
    """Return the names of the scopes that the tenant has granted to the app."""
    if not isinstance(data.get("scopes"), list):
        raise UnreadableAnswerError("the answer has no list of scopes")
    return frozenset(
        name for row in _rows(data, "scopes") if _is_granted(row) and (name := _text(row.get("scope_name")))
    )


def _is_granted(row: Json) -> bool:
    return type(status := row.get("grant_status")) is int and status == 1


def online_connections(data: Json) -> int:
    """Return the number of open long connections."""
    number = data.get("online_instance_cnt")
    if type(number) is not int or number < 0:
        raise UnreadableAnswerError("the answer has no number of connections")
    return number


def published_events(data: Json) -> frozenset[str]:
    """Return the event types of the newest approved version, none if no version is approved."""
    if not isinstance(data.get("items"), list):
        raise UnreadableAnswerError("the answer has no list of versions")
    approved = (row for row in _rows(data, "items") if type(row.get("status")) is int and row["status"] == 1)
    newest = max(approved, key=_published_at, default={})
    types = (row.get("event_type") for row in _rows(newest, "event_infos"))
    return frozenset(filter(None, map(_text, (*types, *_elements(newest, "events")))))


def _published_at(row: Json) -> float:
    published_at = _unix_time(row.get("publish_time"))
    return published_at.timestamp() if published_at else 0.0


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
    if not is_token(value):
        raise UnreadableAnswerError("the answer has no token")
    if type(lifetime) is not int or lifetime <= 0:  # not `isinstance`: a boolean is no lifetime
        raise UnreadableAnswerError("the answer has no token lifetime")
    return Token(value, lifetime)


def is_token(value: object) -> TypeIs[str]:
    """Return whether a value can be a token: text that a header may carry."""
    return isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN and value.isascii() and value.isprintable()


def person(data: Json) -> Person:
    """Return the person of a token."""
    open_id = _id(data.get("open_id"))
    if not open_id:
        raise UnreadableAnswerError("the answer has no open_id")
    names = (_name(data.get(key)) for key in ("name", "en_name"))
    return Person(open_id, _id(data.get("union_id")), next(filter(None, names), ""), _id(data.get("tenant_key")))


def _rows(data: Json, key: str) -> Iterator[Json]:
    """Yield the objects of a list. Anything else in it names nobody and nothing, and costs only itself."""
    return (row for row in _elements(data, key) if isinstance(row, dict))


def _elements(data: Json, key: str) -> list[Any]:
    rows = data.get(key)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise UnreadableAnswerError(f"{key} is not a list")
    _check_length(rows, key)
    return rows


def _list(value: object) -> list[Any]:
    return value[:_MAX_PARTS] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _name(value: object) -> str:
    """Return a name in one line of composed characters (NFC), without control and bidirectional characters."""
    if not isinstance(value, str):
        return ""
    return one_line(value[: _MAX_NAME * 4])[:_MAX_NAME].rstrip()


def one_line(text: str) -> str:
    """Return a text in one line of composed characters (NFC), without control and bidirectional characters."""
    text = unicodedata.normalize("NFC", text)
    shown = "".join(" " if unicodedata.category(sign) in _BREAKS else sign for sign in text if _is_shown(sign))
    return " ".join(shown.split())


def _is_shown(sign: str) -> bool:
    return sign in _JOINERS or unicodedata.category(sign) not in _HIDDEN


def _id(value: object) -> str:
    """Return an ID, empty if it is none."""
    text = _text(value)
    return text if _ID.fullmatch(text) else ""


def _count(value: object) -> int:
    return value if type(value) is int and 0 < value <= _MAX_COUNT else 0


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
