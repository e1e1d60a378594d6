"""Free/busy of up to 20 rooms: ``meeting_room/freebusy/batch_get``, a legacy API.

It has its own scope, needs no bot, sends no RSVP status and has no options. Errors: 100003 for times that are not RFC
3339 (for example, an unencoded ``+`` arrives as a space); 105002 for no rooms, too many rooms, or an empty window.
"""

from itertools import batched
from typing import Final

from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.rows import Window, room_rows
from simulator.tenant import Tenant

from .endpoint import Endpoint, read_time

SCOPES: Final = ("calendar:room:readonly",)
MAX_ROOMS: Final = 20
OFFLINE: Final = 30005
BAD_TIME: Final = 100003
BAD_ROOM: Final = 100005
BAD_REQUEST: Final = 105002


def batch_get(tenant: Tenant, call: Call, _: str) -> Answer:
    """Map rooms to their rows. By default, a room without rows is left out; unknown rooms are in ``error_room_ids``."""
    if tenant.variants.room_batch == "30005":
        raise ApiError(OFFLINE)
    window = _window(call)
    ids = _room_ids(tenant, call)
    unknown = [room_id for room_id in ids if room_id not in tenant.rooms]
    if unknown and tenant.variants.unknown_batch_room == "100005":
        raise ApiError(BAD_ROOM)
    found = {room_id: room_rows(tenant, room_id, window) for room_id in ids if room_id in tenant.rooms}
    if tenant.variants.idle_room == "omitted":
        found = {room_id: rows for room_id, rows in found.items() if rows}
    return success({**_echo(tenant, call), **_free_busy(tenant, found), **_errors(tenant, unknown)})


def _window(call: Call) -> Window:
    start, end = (read_time(call.query.get(name, "")) for name in ("time_min", "time_max"))
    if start is None or end is None:
        raise ApiError(BAD_TIME)
    if end <= start:
        raise ApiError(BAD_REQUEST)
    return Window(start, end)


def _room_ids(tenant: Tenant, call: Call) -> list[str]:
    ids = [*dict.fromkeys(value for name, value in call.pairs if name == "room_ids" and value)]
    if not ids or (len(ids) > MAX_ROOMS and tenant.variants.too_many_rooms == "105002"):
        raise ApiError(BAD_REQUEST)
    return ids[:MAX_ROOMS]


def _echo(tenant: Tenant, call: Call) -> JsonObject:
    told = {"both": ("time_min", "time_max"), "no_time_min": ("time_max",), "no_time_max": ("time_min",), "neither": ()}
    return {name: call.query[name] for name in told[tenant.variants.window_echo]}


def _free_busy(tenant: Tenant, found: dict[str, list[JsonObject]]) -> JsonObject:
    match tenant.variants.free_busy:
        case "map":
            return {"free_busy": found}
        case "list_of_maps":
            return {"free_busy": [dict(pairs) for pairs in batched(found.items(), 1, strict=True)]}
        case "list_of_rows":
            return {"free_busy": [{"room_id": room_id, **row} for room_id, rows in found.items() for row in rows]}
        case "null":
            return {"free_busy": None}
        case "missing":
            return {}


def _errors(tenant: Tenant, unknown: list[str]) -> JsonObject:
    ids = unknown if tenant.variants.unknown_batch_room == "error_room_ids" else []
    return {"error_room_ids": ids} if ids or tenant.variants.error_room_ids == "always" else {}


ENDPOINTS: Final = (Endpoint("GET", "meeting_room/freebusy/batch_get", batch_get, SCOPES, old=True, identity="both"),)
