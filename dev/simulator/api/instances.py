"""Legacy APIs about single bookings of a room: replies in its name, and titles."""

from typing import Final

from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Booking, Call
from simulator.tenant import Tenant

from .endpoint import Endpoint, require_body, require_text

REPLY_SCOPES: Final = ("calendar:room:readonly",)
TITLE_SCOPES: Final = ("calendar:room",)
BAD_ROOM: Final = 100005
BAD_REQUEST: Final = 105002
STATUSES: Final = frozenset({"NOT_CHECK_IN", "ENDED_BEFORE_DUE", "ACCEPTED_BY_ADMIN", "DECLINED_BY_ADMIN"})


def reply(tenant: Tenant, call: Call, _: str) -> Answer:
    """Release, end, approve or decline a booking of a room. The row changes later."""
    body = require_body(call, BAD_REQUEST)
    room_id, uid, status = (require_text(body, name, BAD_REQUEST) for name in ("room_id", "uid", "status"))
    original_time = body.get("original_time")
    if type(original_time) is not int or original_time < 0 or status not in STATUSES:
        raise ApiError(BAD_REQUEST)
    if room_id not in tenant.rooms:
        raise ApiError(BAD_ROOM)
    tenant.agenda.reply(room_id, uid, original_time, status)
    return success(None)


def titles(tenant: Tenant, call: Call, _: str) -> Answer:
    """Answer the titles of events. Private and unknown ones are in ``ErrorEventUids``."""
    asked = require_body(call, BAD_REQUEST).get("EventUids")
    most = tenant.variants.most_titles
    if not isinstance(asked, list) or not asked:
        raise ApiError(BAD_REQUEST)
    if most != "none" and len(asked) > int(most):
        raise ApiError(int(tenant.variants.too_many_titles))
    found: list[JsonObject] = []
    errors: list[JsonObject] = []
    events = {booking.event_uid: booking for room_id in tenant.rooms for booking in tenant.calendars.of(room_id)}
    for item in asked:
        if not isinstance(item, dict) or not isinstance(item.get("uid"), str):
            raise ApiError(BAD_REQUEST)
        if type(item.get("original_time")) is not int:
            raise ApiError(BAD_REQUEST)
        named: JsonObject = {"uid": item["uid"], "original_time": item["original_time"]}
        _add(tenant, events.get(item["uid"]), named, found, errors)
    untold = {"ErrorEventUids": errors} if tenant.variants.untold_titles == "listed" else {}
    return success({"EventInfos": found, **untold})


def _add(
    tenant: Tenant, booking: Booking | None, named: JsonObject, found: list[JsonObject], errors: list[JsonObject]
) -> None:
    private = booking is not None and booking.private
    if booking is None or (private and tenant.variants.private_titles == "error"):
        errors.append({**named, "error_msg": "no permission" if private else "event not found"})
    elif not private or tenant.variants.private_titles != "omitted":
        hidden = private and tenant.variants.private_titles == "empty"
        chat = {"vc_type": "no_meeting", "icon_type": "default", "description": "", "meeting_url": ""}
        found.append({**named, "summary": "" if hidden else booking.title, "vchat": chat})


ENDPOINTS: Final = (
    Endpoint("POST", "meeting_room/instance/reply", reply, REPLY_SCOPES, old=True),
    Endpoint("POST", "meeting_room/summary/batch_get", titles, TITLE_SCOPES, old=True),
)
