"""Readings and catalogues as JSON and back. An object is read completely or not at all.

Instants are in UTC, without an offset: "2026-11-23T10:00:00". A busy period is two instants and the RSVP status, if
any: "2026-11-23T10:00:00/2026-11-23T11:00:00 accept".
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ..feishu.directory import Catalogue
from ..feishu.models import BusyPeriod, Room, RoomLevel, RoomStatus, RsvpStatus
from ..model.directory import KnownRooms, WholeRead
from ..model.subject import Reading

type Json = dict[str, Any]

_SEPARATOR = ", "
_NOT_UNDERSTOOD = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


def readings_to_json(readings: Mapping[str, Reading]) -> Json:
    """Return the readings of rooms and people, by id, as JSON."""
    return {subject_id: _reading_to_json(reading) for subject_id, reading in readings.items()}


def readings_from_json(value: object) -> dict[str, Reading]:
    """Return the readings by id, without unreadable ones."""
    readings = {}
    if isinstance(value, dict):
        for subject_id, stored in value.items():
            try:
                readings[subject_id] = _reading(stored)
            except _NOT_UNDERSTOOD:
                continue
    return readings


def times_to_json(times: Mapping[str, datetime]) -> Json:
    """Return when subjects were read last, by id, as JSON: the most common time, and the ids with other times.

    The file is written often, so it names few ids: `digest` says which ids have the usual time.
    """
    most = Counter(times.values()).most_common(1)
    usual = most[0][0] if most else None
    return {
        "usual": usual and _text(usual),
        "digest": _digest(subject_id for subject_id, instant in times.items() if instant == usual),
        "others": {subject_id: _text(instant) for subject_id, instant in times.items() if instant != usual},
    }


def times_from_json(value: object) -> Callable[[Iterable[str]], dict[str, datetime]]:
    """Return a function that returns the times of the stored subjects, by id; none if they are not understood.

    If another subject is stored than had the usual time, that time is used for none.
    """
    try:
        content = _exactly(dict, value)
        usual = None if content["usual"] is None else _instant(content["usual"])
        digest = _exactly(str, content["digest"])
        others = {subject_id: _instant(text) for subject_id, text in _exactly(dict, content["others"]).items()}
    except _NOT_UNDERSTOOD:
        return lambda _: {}

    def times_of(stored: Iterable[str]) -> dict[str, datetime]:
        rest = [subject_id for subject_id in stored if subject_id not in others]
        return {**others, **dict.fromkeys(rest, usual)} if usual and _digest(rest) == digest else others

    return times_of


def _digest(subject_ids: Iterable[str]) -> str:
    return blake2b(_SEPARATOR.join(sorted(subject_ids)).encode(), digest_size=8).hexdigest()


def catalogue_to_json(read: KnownRooms) -> Json:
    """Return a catalogue as JSON."""
    return {
        "read_at": _text(read.read_at),
        "rooms": [asdict(room) | {"status": _status_to_json(room.status)} for room in read.catalogue.rooms.values()],
        "levels": [asdict(level) for level in read.catalogue.levels.values()],
        "missing": dict(read.missing),
        "told_at": {room_id: _text(instant) for room_id, instant in read.told_at.items()},
        "gone": sorted(read.gone),
        "strays": sorted(read.strays),
        "lost_levels": dict(read.lost_levels),
        "absent": sorted(read.absent),
        "doubted": {room_id: _text(instant) for room_id, instant in read.doubted.items()},
        "scopes": None if read.scopes is None else sorted(read.scopes),
        "was_listed": read.was_listed,
        "whole": read.whole and [_text(read.whole.at), read.whole.calls],
        "unread": sorted(read.catalogue.unread),
        "is_listed": read.catalogue.is_listed,
        "lists_below": read.catalogue.lists_below,
    }


def catalogue_from_json(value: object) -> KnownRooms | None:
    """Return the catalogue, None if any part is unreadable: a partial one might lack a disabled room."""
    try:
        return _catalogue(_exactly(dict, value))
    except _NOT_UNDERSTOOD:
        return None


def _reading_to_json(reading: Reading) -> Json:
    return {
        "window_start": _text(reading.window_start),
        "horizon": _text(reading.horizon),
        "read_at": _text(reading.read_at),
        "fresh_until": _text(reading.fresh_until),
        "include_external_calendar": reading.include_external_calendar,
        # One string: a big office has many periods
        "periods": _SEPARATOR.join([_period_to_text(period) for period in reading.periods]),
    }


def _reading(value: Json) -> Reading:
    rows = _exactly(str, value["periods"])
    return Reading(
        periods=tuple([_period(row) for row in rows.split(_SEPARATOR)]) if rows else (),
        window_start=_instant(value["window_start"]),
        horizon=_instant(value["horizon"]),
        read_at=_instant(value["read_at"]),
        fresh_until=_instant(value["fresh_until"]),
        include_external_calendar=_exactly(bool, value["include_external_calendar"]),
    )


def _period_to_text(period: BusyPeriod) -> str:
    times = f"{_text(period.start)}/{_text(period.end)}"
    return f"{times} {period.rsvp_status}" if period.rsvp_status else times


@lru_cache(maxsize=4096)  # many rooms are booked at the same times
def _period(text: str) -> BusyPeriod:
    times, space, word = text.partition(" ")
    start, end = map(_instant, times.split("/"))
    if end < start:
        raise ValueError(text)
    return BusyPeriod(start, end, RsvpStatus(word) if space else None)


def _status_to_json(status: RoomStatus | None) -> Json | None:
    if status is None:
        return None
    return {
        **asdict(status),
        "disable_start": status.disable_start and _text(status.disable_start),
        "disable_end": status.disable_end and _text(status.disable_end),
    }


def _catalogue(value: Json) -> KnownRooms:
    rooms = [_room(room) for room in _exactly(list, value["rooms"])]
    levels = [_level(level) for level in _exactly(list, value["levels"])]
    by_id = {room.room_id: room for room in rooms}
    missing, lost_levels = (
        {each: _exactly(int, scans) for each, scans in _exactly(dict, value[key]).items()}
        for key in ("missing", "lost_levels")
    )
    strays = frozenset(_texts(value["strays"]))
    if not missing.keys() | strays <= by_id.keys():
        raise ValueError("a missing room is not among the known rooms")
    return KnownRooms(
        Catalogue(
            by_id,
            {level.room_level_id: level for level in levels},
            frozenset(_texts(value["unread"])),
            is_listed=_exactly(bool, value["is_listed"]),
            lists_below=_exactly(bool, value["lists_below"]),
        ),
        read_at=_instant(value["read_at"]),
        missing=missing,
        told_at={room_id: _instant(instant) for room_id, instant in _exactly(dict, value["told_at"]).items()},
        gone=frozenset(_texts(value["gone"])),
        strays=strays,
        lost_levels=lost_levels,
        absent=frozenset(_texts(value["absent"])),
        doubted={room_id: _instant(instant) for room_id, instant in _exactly(dict, value["doubted"]).items()},
        scopes=None if value["scopes"] is None else frozenset(_texts(value["scopes"])),
        was_listed=_exactly(bool, value["was_listed"]),
        whole=_whole(value["whole"]),
    )


def _whole(value: object) -> WholeRead | None:
    if value is None:
        return None
    at, calls = _exactly(list, value)
    return WholeRead(_instant(at), _exactly(int, calls))


def _room(value: Json) -> Room:
    return Room(
        room_id=_exactly(str, value["room_id"]),
        name=_exactly(str, value["name"]),
        capacity=_exactly(int, value["capacity"]),
        room_level_id=_exactly(str, value["room_level_id"]),
        path=_texts(value["path"]),
        equipment=_texts(value["equipment"]),
        status=None if value["status"] is None else _status(value["status"]),
    )


def _status(value: Json) -> RoomStatus:
    start, end, enabled_next = value["disable_start"], value["disable_end"], value["enabled_next"]
    return RoomStatus(
        enabled=_exactly(bool, value["enabled"]),
        disable_start=None if start is None else _instant(start),
        disable_end=None if end is None else _instant(end),
        disable_reason=_exactly(str, value["disable_reason"]),
        enabled_next=None if enabled_next is None else _exactly(bool, enabled_next),
    )


def _level(value: Json) -> RoomLevel:
    return RoomLevel(
        room_level_id=_exactly(str, value["room_level_id"]),
        name=_exactly(str, value["name"]),
        parent_id=_exactly(str, value["parent_id"]),
        has_child=_exactly(bool, value["has_child"]),
    )


def _text(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat()


def _instant(text: object) -> datetime:
    """Return an instant written by `_text`; any other spelling is refused."""
    moment = datetime.fromisoformat(_exactly(str, text))
    if moment.tzinfo or moment.isoformat() != text:
        raise ValueError(text)
    return moment.replace(tzinfo=UTC)


def _texts(value: object) -> tuple[str, ...]:
    return tuple([_exactly(str, text) for text in _exactly(list, value)])


def _exactly[T](kind: type[T], value: object) -> T:
    """Return a value of exactly this type: True is not a number."""
    if type(value) is not kind:
        raise TypeError(f"not a {kind.__name__}")
    return value
