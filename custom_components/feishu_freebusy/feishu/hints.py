"""The events that Feishu pushes. Each is only a hint that something has changed: it has no bookings in it.

https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/event/status_changed
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import re
from typing import Any

import orjson

STATUS_CHANGED = "meeting_room.meeting_room.status_changed_v1"
TOKEN_REVOKED = "auth.user_access_token.revoked_v4"  # noqa: S105  # the name of an event
_RULES_CHANGED = "vc.reserve_config.updated_v1"
_CATALOGUE = ("vc.room.", "vc.room_level.")
_OPEN_ID = re.compile(r"ou_[A-Za-z0-9]{1,96}")
_ROOM_ID = re.compile(r"omm_[A-Za-z0-9]{1,96}")
_SCOPE_ROOM = 2
_MAX_EVENT = 1024 * 1024  # bytes; Feishu's are below 1 KiB, and parsing blocks the loop
_LONGEST_ID = 200  # characters
_MAX_MICROSECONDS = 10**14  # a larger number of milliseconds is one of microseconds


class UnreadableHintError(ValueError):
    """An event that is not JSON in one of Feishu's two envelopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One event. `event_id` is the same if Feishu delivers it again; it may be empty.

    `created_at` is aware; None if the event has no valid time.
    """

    event_id: str
    event_type: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChanged(Hint):
    """A room was created, changed, deleted or booked. It is not documented which other changes send this event."""

    room_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueChanged(Hint):
    """A room or a level was created, changed or deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesChanged(Hint):
    """The booking rules of a room or a level have changed. `scope_id` is its id."""

    scope_id: str
    is_room: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Hint):
    """The tokens of a person work no more: they, an administrator or a policy have ended the grant."""

    open_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent(Hint):
    """An event that says nothing about rooms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEvent(Hint):
    """An event of another app."""


def read_hint(payload: bytes, app_id: str) -> Hint:
    """Return the event in a message for the app `app_id`. Raises `UnreadableHintError`."""
    if len(payload) > _MAX_EVENT:
        raise UnreadableHintError("the event is too large")
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise UnreadableHintError("the event is not JSON") from None
    if not isinstance(body, dict) or not isinstance(event := body.get("event"), dict):
        raise UnreadableHintError("the event has no envelope")
    header = body.get("header")
    if isinstance(header, dict):
        event_type, event_id = _text(header, "event_type"), _text(header, "event_id")
        owner, created_at = header.get("app_id"), _time(header.get("create_time"), 1000)
    else:
        event_type, event_id = _text(event, "type"), _text(body, "uuid")
        owner, created_at = event.get("app_id"), _time(body.get("ts"), 1)
    if not event_type:
        raise UnreadableHintError("the event has no type")
    if isinstance(owner, str) and owner and owner != app_id:
        return ForeignEvent(event_id=event_id, event_type=event_type, created_at=created_at)
    return _hint(event, event_id, event_type, created_at)


def _hint(event: Mapping[str, Any], event_id: str, event_type: str, created_at: datetime | None) -> Hint:
    room_id, scope_id = event.get("room_id"), event.get("scope_id")
    if event_type == STATUS_CHANGED and isinstance(room_id, str) and _ROOM_ID.fullmatch(room_id):
        return RoomChanged(event_id=event_id, event_type=event_type, created_at=created_at, room_id=room_id)
    if event_type.startswith(_CATALOGUE):
        return CatalogueChanged(event_id=event_id, event_type=event_type, created_at=created_at)
    if event_type == _RULES_CHANGED and isinstance(scope_id, str):
        is_room = event.get("scope_type") == _SCOPE_ROOM
        return RulesChanged(
            event_id=event_id, event_type=event_type, created_at=created_at, scope_id=scope_id, is_room=is_room
        )
    open_id = event.get("open_id")
    if event_type == TOKEN_REVOKED and isinstance(open_id, str) and _OPEN_ID.fullmatch(open_id):
        return TokenRevoked(event_id=event_id, event_type=event_type, created_at=created_at, open_id=open_id)
    return OtherEvent(event_id=event_id, event_type=event_type, created_at=created_at)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID else ""


def _time(value: object, per_second: int) -> datetime | None:
    try:
        number = float(value) if isinstance(value, str) else 0.0
        if per_second > 1 and number > _MAX_MICROSECONDS:
            number /= 1000
        return datetime.fromtimestamp(number / per_second, UTC) if number > 0 else None
    except ValueError, OverflowError, OSError:
        return None
