"""Whether rooms would accept a time, and why not: ``freebusy/room_availability_check``, which is not documented."""

from datetime import timedelta
from typing import Final

from simulator.agenda import NO_RULES
from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.tenant import Tenant

from .endpoint import Endpoint, read_time, require_body, require_text
from .freebusy import SCOPES

INVALID: Final = 190014


def check(tenant: Tenant, call: Call, _: str) -> Answer:
    """Answer one row for each known room."""
    body = require_body(call, INVALID)
    event_id = body.get("event_id", "")
    no_event = not event_id and tenant.variants.room_check_without_event == "190014"
    if tenant.variants.room_check == "190014" or no_event or not isinstance(event_id, str):
        raise ApiError(INVALID, error={"details": [{"key": "event_id", "value": "the event is invalid"}]})
    start, end = (read_time(require_text(body, name, INVALID)) for name in ("start_time", "end_time"))
    room_ids = body.get("room_ids")
    if start is None or end is None or end <= start or not isinstance(room_ids, list) or not room_ids:
        raise ApiError(INVALID)
    uid = event_id.rpartition("_")[0]
    rows = [
        _row(tenant, room_id, tenant.agenda.unavailable(room_id, start, end, uid))
        for room_id in room_ids
        if isinstance(room_id, str) and room_id in tenant.rooms
    ]
    return success({"room_availabilitys": rows})


def _row(tenant: Tenant, room_id: str, reason: str) -> JsonObject:
    rules, room = tenant.agenda.rules.get(room_id, NO_RULES), tenant.rooms[room_id]
    row: JsonObject = {"room_id": room_id, "room_name": room.name}
    if reason:
        row |= {"status": "unavailable", "unavailable_reason_type": reason}
    else:
        row["status"] = "need_approval" if rules.approval else "available"
    strategy: JsonObject = {}
    if rules.max_duration is not None:
        strategy["single_max_duration"] = str(int(rules.max_duration.total_seconds()))
    if rules.days_ahead is not None:
        strategy["max_advance_booking_time"] = (tenant.now() + timedelta(days=rules.days_ahead)).isoformat()
    for name, limit in (("daily_start_time", rules.opens), ("daily_end_time", rules.closes)):
        if limit is not None:
            strategy[name] = str(limit.hour * 3600 + limit.minute * 60)
    if strategy:
        row["room_strategy"] = {**strategy, "timezone": str(tenant.zone)}
    if room.disabled is not None and reason == "during_requisition":
        ends = "" if room.disabled.end is None else room.disabled.end.isoformat()
        row["room_requisition"] = {"start_time": room.disabled.start.isoformat(), "end_time": ends}
    row["room_approval_info"] = {"approval_mode": "all" if rules.approval else "none"}
    return row


ENDPOINTS: Final = (
    Endpoint("POST", "calendar/v4/freebusy/room_availability_check", check, SCOPES, needs_bot=True, identity="both"),
)
