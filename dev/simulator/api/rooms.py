"""Meeting rooms and room levels: ``vc/v1``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from simulator.agenda import NO_RULES
from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call, Level, Room
from simulator.tenant import Tenant

from .endpoint import USER_ID_TYPES, Endpoint, require_body

SCOPES: Final = ("vc:room", "vc:room:readonly")
PARAM_ERROR: Final = 121003
NO_SUCH_DATA: Final = 121004
MAX_PAGE: Final = 100
DEFAULT_PAGE: Final = 20
SEARCH_PAGE: Final = 10
ROOT_ID: Final = "0"
_SOME: Final = 2  # rooms of each level that a partial list shows
_ENABLED_LATE: Final = timedelta(minutes=5)


def list_rooms(tenant: Tenant, call: Call, _: str) -> Answer:
    """List the rooms of the tenant or of a level, page by page."""
    _check_user_id_type(call)
    rooms = [_room(tenant, room) for room in _rooms_in(tenant, call.query.get("room_level_id", ""))]
    return success(_page(call, "rooms", rooms))


def get_room(tenant: Tenant, call: Call, room_id: str) -> Answer:
    """Describe one room."""
    _check_user_id_type(call)
    if room_id not in tenant.rooms:
        raise ApiError(NO_SUCH_DATA)
    return success({"room": _room(tenant, tenant.rooms[room_id])})


def mget_rooms(tenant: Tenant, call: Call, _: str) -> Answer:
    """Describe the requested rooms; unknown rooms are left out."""
    _check_user_id_type(call)
    ids = _ids(call, "room_ids")
    return success({"items": [_room(tenant, tenant.rooms[room_id]) for room_id in ids if room_id in tenant.rooms]})


def search_rooms(tenant: Tenant, call: Call, _: str) -> Answer:
    """List the rooms that the person may book, page by page. ``custom_room_ids`` go before a ``keyword``."""
    _check_user_id_type(call)
    body = require_body(call, PARAM_ERROR)
    size, token = body.get("page_size", SEARCH_PAGE), body.get("page_token") or "0"
    if type(size) is not int or not 1 <= size <= MAX_PAGE or not isinstance(token, str) or not token.isdecimal():
        raise ApiError(PARAM_ERROR)
    keyword, custom_ids = body.get("keyword") or "", body.get("custom_room_ids") or []
    if not isinstance(keyword, str) or not isinstance(custom_ids, list):
        raise ApiError(PARAM_ERROR)
    found = [
        _room(tenant, room)
        for room in tenant.rooms.values()
        if tenant.agenda.rules.get(room.room_id, NO_RULES).may_book(call.person)
        and (room.custom_room_id in custom_ids if custom_ids else keyword in room.name)
    ]
    start = int(token)
    page: JsonObject = {"rooms": found[start : start + size], "has_more": start + size < len(found)}
    if page["has_more"]:
        page["page_token"] = str(start + size)
    return success(page)


def list_levels(tenant: Tenant, call: Call, _: str) -> Answer:
    """List the direct children of a level (default: the top levels), page by page."""
    parent = _existing_level(tenant, call.query.get("room_level_id", "") or ROOT_ID)
    children = [level for level in tenant.levels.values() if level.parent_id == parent.level_id]
    return success(_page(call, "items", [_level(tenant, level) for level in children]))


def get_level(tenant: Tenant, _call: Call, level_id: str) -> Answer:
    """Describe one level; ``0`` is the tenant itself."""
    return success(_level(tenant, _existing_level(tenant, level_id)))


def mget_levels(tenant: Tenant, call: Call, _: str) -> Answer:
    """Describe the requested levels; unknown levels are left out."""
    levels = [_find_level(tenant, level_id) for level_id in _ids(call, "level_ids")]
    return success({"items": [_level(tenant, level) for level in levels if level is not None]})


def _rooms_in(tenant: Tenant, level_id: str) -> Iterable[Room]:
    level = _existing_level(tenant, level_id or ROOT_ID)
    reach = tenant.variants.rooms_of_level if level_id else tenant.variants.rooms_without_level
    now = tenant.now()
    shown: Counter[str] = Counter()
    for room in tenant.rooms.values():
        inside = room.level_id == level.level_id if reach == "direct" else level.level_id in _path(tenant, room)
        disabled = room.disabled is not None and room.disabled.contains(now)
        if not inside or (disabled and tenant.variants.disabled_rooms == "hidden"):
            continue
        shown[room.level_id] += 1
        if reach != "some" or shown[room.level_id] <= _SOME:
            yield room


def _page(call: Call, key: str, items: Sequence[object]) -> JsonObject:
    size = _number(call.query.get("page_size"), DEFAULT_PAGE)
    start = _number(call.query.get("page_token") or None, 0)
    if not 1 <= size <= MAX_PAGE:
        raise ApiError(PARAM_ERROR)
    end = start + size
    page: JsonObject = {key: items[start:end], "has_more": end < len(items)}
    if end < len(items):
        page["page_token"] = str(end)
    return page


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise ApiError(PARAM_ERROR)
    return int(text)


def _ids(call: Call, key: str) -> list[str]:
    ids = require_body(call, PARAM_ERROR).get(key)
    if not isinstance(ids, list) or not ids or not all(isinstance(item, str) for item in ids):
        raise ApiError(PARAM_ERROR)
    return ids


def _check_user_id_type(call: Call) -> None:
    if call.query.get("user_id_type", "open_id") not in USER_ID_TYPES:
        raise ApiError(PARAM_ERROR)


def _find_level(tenant: Tenant, level_id: str) -> Level | None:
    return tenant.root if level_id in {ROOT_ID, tenant.root.level_id} else tenant.levels.get(level_id)


def _existing_level(tenant: Tenant, level_id: str) -> Level:
    level = _find_level(tenant, level_id)
    if level is None:
        raise ApiError(NO_SUCH_DATA)
    return level


def _path(tenant: Tenant, room: Room) -> tuple[str, ...]:
    level = _find_level(tenant, room.level_id)
    return () if level is None else level.path


def _shown(tenant: Tenant, path: tuple[str, ...]) -> list[str]:
    return [
        level_id for level_id in path if level_id != tenant.root.level_id or tenant.variants.path_root == "included"
    ]


def _level(tenant: Tenant, level: Level) -> JsonObject:
    return {
        "room_level_id": level.level_id,
        "name": level.name,
        "parent_id": level.parent_id,
        "path": _shown(tenant, level.path),
        "has_child": any(other.parent_id == level.level_id for other in tenant.levels.values()),
        "custom_group_id": "",
    }


def _room(tenant: Tenant, room: Room) -> JsonObject:
    described: JsonObject = {
        "room_id": room.room_id,
        "name": room.name,
        "capacity": room.capacity,
        "description": room.description,
        "display_id": room.display_id,
        "custom_room_id": room.custom_room_id,
        "room_level_id": room.level_id,
        "path": _shown(tenant, _path(tenant, room)),
        "device": [{"name": name} for name in room.equipment],
    }
    status = _room_status(tenant, room)
    return described if status is None else {**described, "room_status": status}


def _room_status(tenant: Tenant, room: Room) -> JsonObject | None:
    now = tenant.now()
    period = room.disabled
    lag = _ENABLED_LATE if tenant.variants.enabled_again == "late" else timedelta()
    if period is None or (period.end is not None and period.end + lag <= now):
        enabled: JsonObject = {"status": True, "schedule_status": True}
        return enabled if tenant.variants.room_status == "always" else None
    number = int if tenant.variants.disable_times == "int" else str
    return {
        "status": now < period.start,
        # The next state: true if the current period has an end, false if a period is still to come.
        "schedule_status": period.end is not None and period.start <= now,
        "disable_start_time": number(int(period.start.timestamp())),
        "disable_end_time": number(0 if period.end is None else int(period.end.timestamp())),
        "disable_reason": period.reason,
        "contact_ids": [],
        "disable_notice": False,
        "resume_notice": False,
    }


ENDPOINTS: Final = (
    Endpoint("GET", "vc/v1/rooms", list_rooms, SCOPES),
    Endpoint("POST", "vc/v1/rooms/mget", mget_rooms, SCOPES),
    Endpoint("POST", "vc/v1/rooms/search", search_rooms, SCOPES, identity="person"),
    Endpoint("GET", "vc/v1/rooms/:id", get_room, SCOPES),
    Endpoint("GET", "vc/v1/room_levels", list_levels, SCOPES),
    Endpoint("POST", "vc/v1/room_levels/mget", mget_levels, SCOPES),
    Endpoint("GET", "vc/v1/room_levels/:id", get_level, SCOPES),
)
