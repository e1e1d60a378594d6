"""Free/busy of one room or one person: ``calendar/v4/freebusy/list``.

Errors: 190002 for a body that is not a JSON object, unknown or missing fields, and wrong types; 190014 for invalid
values of the right type.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from simulator.answers import MISSING, Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.rows import Window, rows
from simulator.tenant import Tenant

from .endpoint import Endpoint, read_time, read_user_id_type, require_body

SCOPES: Final = ("calendar:calendar", "calendar:calendar.free_busy:read", "calendar:calendar:readonly")
MAX_SPAN: Final = timedelta(days=90)
BAD_SHAPE: Final = 190002
BAD_VALUE: Final = 190014
NO_SUCH_USER: Final = 195100
FIELDS: Final[dict[str, type]] = {
    "time_min": str,
    "time_max": str,
    "user_id": str,
    "room_id": str,
    "include_external_calendar": bool,
    "only_busy": bool,
    "need_rsvp_status": bool,
}


@dataclass(frozen=True, slots=True)
class Query:
    """A body with valid names and types. Times are still text."""

    time_min: str
    time_max: str
    user_id: str = ""
    room_id: str = ""
    include_external_calendar: bool = True
    only_busy: bool = True
    need_rsvp_status: bool = False


def list_freebusy(tenant: Tenant, call: Call, _: str) -> Answer:
    """List the busy rows of the person or, if the body names no person, of the room."""
    id_type = read_user_id_type(tenant, call)
    if id_type is None:
        raise _bad_value(tenant, "user_id_type", call.query["user_id_type"])
    query = _read(require_body(call, BAD_SHAPE))
    window = _window(tenant, query)
    subject = _person(tenant, id_type, query.user_id) if query.user_id else _existing_room(tenant, query.room_id)
    return _envelope(tenant, rows(tenant, subject, window))


def _read(body: JsonObject) -> Query:
    for name, value in body.items():
        if name not in FIELDS or not isinstance(value, FIELDS[name]):
            raise ApiError(BAD_SHAPE)
    if not {"time_min", "time_max"} <= body.keys() or not (body.get("user_id") or body.get("room_id")):
        raise ApiError(BAD_SHAPE)
    return Query(**body)  # type: ignore[arg-type]  # names and types were checked above


def _window(tenant: Tenant, query: Query) -> Window:
    start = _instant(tenant, "time_min", query.time_min)
    end = _instant(tenant, "time_max", query.time_max)
    if end <= start:
        raise _bad_value(tenant, "time_max", query.time_max)
    if end - start > MAX_SPAN:
        if tenant.variants.long_span == "190002":
            raise ApiError(BAD_SHAPE)
        raise _bad_value(tenant, "time_max", query.time_max)
    return Window(
        start,
        end,
        only_busy=query.only_busy,
        external=query.include_external_calendar,
        rsvp=query.need_rsvp_status,
    )


def _instant(tenant: Tenant, name: str, text: str) -> datetime:
    instant = read_time(text)
    if instant is None:
        raise _bad_value(tenant, name, text)
    return instant


def _person(tenant: Tenant, id_type: str, value: str) -> str:
    user = tenant.find_user(id_type, value)
    if user is None:
        raise ApiError(NO_SUCH_USER)
    return user.open_id


def _existing_room(tenant: Tenant, room_id: str) -> str:
    room = tenant.rooms.get(room_id)
    if room is None:
        if tenant.variants.unknown_room == "190014":
            raise _bad_value(tenant, "room_id", room_id)
        raise ApiError(BAD_SHAPE)
    disabled = room.disabled is not None and room.disabled.contains(tenant.now())
    if disabled and tenant.variants.disabled_room == "190002":
        raise ApiError(BAD_SHAPE)
    return room_id


def _envelope(tenant: Tenant, found: list[JsonObject]) -> Answer:
    if found or tenant.variants.empty_list == "list":
        return success({"freebusy_list": found})
    match tenant.variants.empty_list:
        case "missing_key":
            return success({})
        case "null":
            return success({"freebusy_list": None})
        case _:
            return success(None)


def _bad_value(tenant: Tenant, name: str, value: str) -> ApiError:
    text = f"The value of {name}({value}) is invalid. Please provide a valid value for the field."
    shapes: dict[str, object] = {
        "value": {"details": [{"value": text}]},
        "missing": MISSING,
        "string": text,
        "empty": {"details": []},
        "null_item": {"details": [None]},
    }
    return ApiError(BAD_VALUE, error=shapes[tenant.variants.error_details])


ENDPOINTS: Final = (
    Endpoint("POST", "calendar/v4/freebusy/list", list_freebusy, SCOPES, needs_bot=True, identity="both"),
)
