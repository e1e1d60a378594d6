"""Free/busy of up to 10 people: ``calendar/v4/freebusy/batch``. It does not accept rooms.

Errors: 190002 for a body that is not a JSON object, unknown or missing fields, and wrong types; 198001 for the number
of ids, 198002 for the format of the times, 198003 for the length of the window.
"""

from datetime import timedelta
from typing import Final

from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.rows import Window, rows
from simulator.tenant import Tenant

from .endpoint import Endpoint, read_time, read_user_id_type, require_body
from .freebusy import SCOPES

MAX_USERS: Final = 10
MAX_SPAN: Final = timedelta(weeks=2)
BAD_SHAPE: Final = 190002
NO_SUCH_USER: Final = 195100
BAD_COUNT: Final = 198001
BAD_TIME: Final = 198002
BAD_RANGE: Final = 198003
REQUIRED: Final[dict[str, type]] = {"time_min": str, "time_max": str, "user_ids": list}
OPTIONS: Final = {"include_external_calendar": "external", "only_busy": "only_busy", "need_rsvp_status": "rsvp"}


def batch(tenant: Tenant, call: Call, _: str) -> Answer:
    """List the busy rows of each person. An unknown person fails the whole call (by default)."""
    id_type = read_user_id_type(tenant, call)
    if id_type is None:
        raise ApiError(BAD_SHAPE)
    body = require_body(call, BAD_SHAPE)
    user_ids = _user_ids(body)
    window = _window(body)
    found = {user_id: tenant.find_user(id_type, user_id) for user_id in user_ids}
    if None in found.values() and tenant.variants.unknown_person == "195100":
        raise ApiError(NO_SUCH_USER)
    answers = [_answer(tenant, user_id, rows(tenant, user.open_id, window)) for user_id, user in found.items() if user]
    return success({"freebusy_lists": [answer for answer in answers if answer is not None]})


def _user_ids(body: JsonObject) -> list[str]:
    if not REQUIRED.keys() <= body.keys() or not body.keys() <= REQUIRED.keys() | OPTIONS.keys():
        raise ApiError(BAD_SHAPE)
    if not all(isinstance(value, REQUIRED.get(name, bool)) for name, value in body.items()):
        raise ApiError(BAD_SHAPE)
    user_ids = body["user_ids"]
    if not isinstance(user_ids, list) or not all(isinstance(user_id, str) for user_id in user_ids):
        raise ApiError(BAD_SHAPE)
    if not 1 <= len(user_ids) <= MAX_USERS:
        raise ApiError(BAD_COUNT)
    return user_ids


def _window(body: JsonObject) -> Window:
    start, end = (read_time(str(body[name])) for name in ("time_min", "time_max"))
    if start is None or end is None:
        raise ApiError(BAD_TIME)
    if not timedelta(0) < end - start <= MAX_SPAN:
        raise ApiError(BAD_RANGE)
    return Window(start, end, **{field: bool(body[name]) for name, field in OPTIONS.items() if name in body})


def _answer(tenant: Tenant, user_id: str, found: list[JsonObject]) -> JsonObject | None:
    if found:
        return {"user_id": user_id, "freebusy_items": found}
    match tenant.variants.idle_person:
        case "empty_list":
            return {"user_id": user_id, "freebusy_items": []}
        case "null":
            return {"user_id": user_id, "freebusy_items": None}
        case "missing_key":
            return {"user_id": user_id}
        case "omitted":
            return None


ENDPOINTS: Final = (Endpoint("POST", "calendar/v4/freebusy/batch", batch, SCOPES, needs_bot=True, identity="both"),)
