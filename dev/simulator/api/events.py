"""Calendars: ``calendars/primary``, events, and the rooms invited to them. The caller is the app or a person.

Each has their own calendar. Rooms reply later (:mod:`simulator.agenda`). Only single events can be created, and only
rooms can be invited.
"""

from datetime import UTC, datetime
import re
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from simulator.agenda import NO_RULES, AppEvent, RoomGuest
from simulator.answers import Answer, ApiError, JsonObject, success
from simulator.model import Call
from simulator.tenant import Tenant

from .endpoint import Endpoint, require_body

CALENDAR_SCOPES: Final = ("calendar:calendar:read", "calendar:calendar:readonly")
CREATE_SCOPES: Final = ("calendar:calendar.event:create", "calendar:calendar")
UPDATE_SCOPES: Final = ("calendar:calendar.event:update", "calendar:calendar")
READ_SCOPES: Final = ("calendar:calendar.event:read", "calendar:calendar:readonly", "calendar:calendar")
DELETE_SCOPES: Final = ("calendar:calendar.event:delete", "calendar:calendar")
INVALID: Final = 190014
BAD_EVENT_ID: Final = 193000
NO_PERSON: Final = 195100
MAX_TITLE: Final = 1000
MAX_ATTENDEES: Final = 1000
MAX_ROOMS: Final = 100
MAX_REASON: Final = 200
KEY_LENGTHS: Final = range(32, 129)
PAGE_SIZES: Final = range(10, 101)
LAST_SECOND: Final = 16725225600
UNIX_TIME: Final = re.compile(r"[1-9]\d{0,10}", re.ASCII)
EVENT_ID: Final = re.compile(r"[\w-]{1,100}_\d{1,11}", re.ASCII)
WORDS: Final = {
    "visibility": ("default", "public", "private"),
    "free_busy_status": ("busy", "free"),
    "attendee_ability": ("none", "can_see_others", "can_invite_others", "can_modify_event"),
}
VC_TYPES: Final = ("vc", "third_party", "no_meeting", "lark_live")
NAMESPACE: Final = UUID("6a1d2a51-3bf2-4f0c-8a63-31b1c1a0a3d4")


def primary(tenant: Tenant, call: Call, _: str) -> Answer:
    """Answer the primary calendar of the app's bot, or of the person."""
    _check_id_type(call)
    calendar = {
        "calendar_id": tenant.agenda.calendar_of(call.person),
        "summary": tenant.users[call.person].name if call.person else tenant.app_name,
        "description": "",
        "permissions": "private",
        "color": -1,
        "type": "primary",
        "role": "owner",
    }
    return success({"calendars": [{"calendar": calendar, "user_id": call.person or tenant.bot_id}]})


def calendar(tenant: Tenant, call: Call, calendar_id: str) -> Answer:
    """Answer a calendar and the caller's role in it."""
    role = tenant.agenda.role_in(calendar_id, call.person)
    own = calendar_id == tenant.agenda.calendar_of(call.person)
    return success(
        {
            "calendar_id": calendar_id,
            "summary": (tenant.users[call.person].name if call.person else tenant.app_name) if own else "Shared",
            "description": "",
            "permissions": "private",
            "color": -1,
            "type": "primary" if own else "shared",
            "is_deleted": False,
            "is_third_party": False,
            "role": role,
        }
    )


def create(tenant: Tenant, call: Call, calendar_id: str) -> Answer:
    """Create an event. The same ``idempotency_key`` gives the same event."""
    _check_id_type(call)
    tenant.agenda.require_calendar(calendar_id, call.person)
    body = require_body(call, INVALID)
    key = call.query.get("idempotency_key", "")
    if key and len(key) not in KEY_LENGTHS:
        raise _invalid("idempotency_key", key)
    title = body.get("summary", "")
    if not isinstance(title, str) or len(title) > MAX_TITLE:
        raise _invalid("summary", title)
    if body.get("recurrence"):
        raise _invalid("recurrence", body["recurrence"])
    _check_words(body)
    start, end = _instant(body, "start_time"), _instant(body, "end_time")
    if end <= start or end <= tenant.now():
        raise _invalid("end_time", int(end.timestamp()))
    event = AppEvent(
        uid=str(uuid5(NAMESPACE, tenant.new_id(""))),
        title=title,
        start=start,
        end=end,
        zone=_zone(body),
        private=body.get("visibility") == "private",
        free=body.get("free_busy_status") == "free",
        owner=call.person,
    )
    return success({"event": _event(tenant, tenant.agenda.create(event, key))})


def get(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Answer one event, with its rooms if the query says ``need_attendee=true``."""
    event = _find(tenant, call, path_ids)
    rooms: JsonObject = {}
    if call.query.get("need_attendee") == "true":
        rooms = {"attendees": [_attendee(tenant, guest) for guest in event.guests.values()], "has_more_attendee": False}
    return success({"event": {**_event(tenant, event), **rooms}})


def change(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Move an event. A start without an end changes nothing, and neither does an end without a start."""
    event = _find(tenant, call, path_ids)
    body = require_body(call, INVALID)
    _check_words(body)
    if "start_time" in body and "end_time" in body:
        start, end = _instant(body, "start_time"), _instant(body, "end_time")
        if end <= start:
            raise _invalid("end_time", int(end.timestamp()))
        event = tenant.agenda.move(event.event_id, start, end)
    return success({"event": _event(tenant, event)})


def delete(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Delete an event. A second time: 193003."""
    tenant.agenda.delete(_find(tenant, call, path_ids).event_id)
    return success({})


def invite(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Invite rooms. All are checked before the first is invited."""
    event = _find(tenant, call, path_ids)
    attendees = _objects(require_body(call, INVALID), "attendees", MAX_ATTENDEES)
    if len(attendees) > MAX_ROOMS:
        raise _invalid("attendees", len(attendees))
    guests = [_guest(tenant, call, item) for item in attendees]
    invited = [tenant.agenda.invite(event.event_id, guest) for guest in guests]
    return success({"attendees": [_attendee(tenant, guest) for guest in invited]})


def list_attendees(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Answer one page of the event's rooms and their replies."""
    event = _find(tenant, call, path_ids)
    size, token = call.query.get("page_size", "20"), call.query.get("page_token") or "0"
    if not size.isdecimal() or int(size) not in PAGE_SIZES or not token.isdecimal():
        raise _invalid("page_size", size)
    guests, first = list(event.guests.values()), int(token)
    after = first + int(size)
    has_more = after < len(guests)
    items = [_attendee(tenant, guest) for guest in guests[first:after]]
    return success({"items": items, "has_more": has_more, "page_token": str(after) if has_more else ""})


def remove_attendees(tenant: Tenant, call: Call, path_ids: str) -> Answer:
    """Take rooms off an event."""
    event = _find(tenant, call, path_ids)
    body = require_body(call, INVALID)
    room_ids = [item.get("room_id") for item in _objects(body, "delete_ids", MAX_ATTENDEES)]
    tenant.agenda.remove_rooms(event.event_id, [room_id for room_id in room_ids if isinstance(room_id, str)])
    return success({})


def _find(tenant: Tenant, call: Call, path_ids: str) -> AppEvent:
    _check_id_type(call)
    calendar_id, event_id = path_ids.split("/")
    tenant.agenda.require_calendar(calendar_id, call.person)
    if not EVENT_ID.fullmatch(event_id):
        raise ApiError(BAD_EVENT_ID)
    return tenant.agenda.get(event_id, call.person)


def _check_id_type(call: Call) -> None:
    id_type = call.query.get("user_id_type", "open_id")
    if id_type not in ("open_id", "union_id") and not (call.person and id_type == "user_id"):
        raise _invalid("user_id_type", id_type)


def _check_words(body: JsonObject) -> None:
    for name, words in WORDS.items():
        if body.get(name, words[0]) not in words:
            raise _invalid(name, body[name])
    chat = body.get("vchat", {})
    if not isinstance(chat, dict) or chat.get("vc_type", VC_TYPES[0]) not in VC_TYPES:
        raise _invalid("vchat", chat)
    if not isinstance(body.get("need_notification", True), bool):
        raise _invalid("need_notification", body["need_notification"])


def _instant(body: JsonObject, name: str) -> datetime:
    value = body.get(name)
    text = value.get("timestamp") if isinstance(value, dict) else None
    if not isinstance(text, str) or not UNIX_TIME.fullmatch(text) or int(text) > LAST_SECOND:
        raise _invalid(name, text)
    return datetime.fromtimestamp(int(text), UTC)


def _zone(body: JsonObject) -> str:
    value = body["start_time"]
    zone = value.get("timezone", "Asia/Shanghai") if isinstance(value, dict) else ""
    try:
        return ZoneInfo(zone).key
    except TypeError, ValueError, KeyError, OSError:
        raise _invalid("timezone", zone) from None


def _objects(body: JsonObject, name: str, most: int) -> list[JsonObject]:
    items = body.get(name)
    if not isinstance(items, list) or not 0 < len(items) <= most or not all(isinstance(item, dict) for item in items):
        raise _invalid(name, "")
    return items


def _guest(tenant: Tenant, call: Call, item: JsonObject) -> RoomGuest:
    room_id, contact, reason = item.get("room_id"), item.get("operate_id", ""), item.get("approval_reason", "")
    if item.get("type") != "resource":
        raise _invalid("type", item.get("type"))
    if not isinstance(room_id, str) or room_id not in tenant.rooms:
        raise _invalid("room_id", room_id)
    if not isinstance(contact, str) or (contact and contact not in tenant.users):
        raise ApiError(NO_PERSON)
    if not contact and not call.person and tenant.variants.room_contact == "190014":
        raise _invalid("operate_id", "")
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise _invalid("approval_reason", reason)
    refused = tenant.variants.approval == "190014"
    if call.person:
        refused = not reason and tenant.variants.reason_missing == "190014"
    if refused and tenant.agenda.rules.get(room_id, NO_RULES).approval:
        raise _invalid("approval_reason", "")  # which only a person can give
    booking_id = tenant.new_id("")
    return RoomGuest(
        room_id,
        attendee_id=f"resource_{room_id}",
        booking_id=booking_id,
        contact=contact,
        has_form=bool(item.get("resource_customization")),
        reason=reason,
    )


def _event(tenant: Tenant, event: AppEvent) -> JsonObject:
    return {
        "event_id": event.event_id,
        "organizer_calendar_id": tenant.agenda.calendar_of(event.owner),
        "summary": event.title,
        "start_time": {"timestamp": str(int(event.start.timestamp())), "timezone": event.zone},
        "end_time": {"timestamp": str(int(event.end.timestamp())), "timezone": event.zone},
        "visibility": "private" if event.private else "default",
        "free_busy_status": "free" if event.free else "busy",
        "status": "confirmed",
        "recurrence": "",
        "is_exception": False,
        "app_link": f"https://applink.feishu.cn/client/calendar/event/detail?key={event.uid}&originalTime=0",
    }


def _attendee(tenant: Tenant, guest: RoomGuest) -> JsonObject:
    room = tenant.rooms.get(guest.room_id)
    return {
        "type": "resource",
        "attendee_id": guest.attendee_id,
        "rsvp_status": guest.rsvp,
        "is_optional": False,
        "is_organizer": False,
        "is_external": False,
        "display_name": room.name if room else "",
        "room_id": guest.room_id,
        **({"operate_id": guest.contact} if guest.contact else {}),
    }


def _invalid(name: str, value: object) -> ApiError:
    return ApiError(INVALID, error={"details": [{"key": name, "value": f"the value of {name}({value}) is invalid"}]})


_EVENTS: Final = "calendar/v4/calendars/:id/events"
_EVENT: Final = f"{_EVENTS}/:id"
_ATTENDEES: Final = f"{_EVENT}/attendees"

ENDPOINTS: Final = (
    Endpoint("POST", "calendar/v4/calendars/primary", primary, CALENDAR_SCOPES, needs_bot=True, identity="both"),
    Endpoint("GET", "calendar/v4/calendars/:id", calendar, CALENDAR_SCOPES, needs_bot=True, identity="both"),
    Endpoint("POST", _EVENTS, create, CREATE_SCOPES, needs_bot=True, identity="both"),
    Endpoint("GET", _EVENT, get, READ_SCOPES, needs_bot=True, identity="both"),
    Endpoint("PATCH", _EVENT, change, UPDATE_SCOPES, needs_bot=True, identity="both"),
    Endpoint("DELETE", _EVENT, delete, DELETE_SCOPES, needs_bot=True, identity="both"),
    Endpoint("POST", _ATTENDEES, invite, UPDATE_SCOPES, needs_bot=True, identity="both"),
    Endpoint("GET", _ATTENDEES, list_attendees, READ_SCOPES, needs_bot=True, identity="both"),
    Endpoint("POST", f"{_ATTENDEES}/batch_delete", remove_attendees, UPDATE_SCOPES, needs_bot=True, identity="both"),
)
