"""The actions that change bookings: book, extend, end and release. They exist only while an app is allowed to."""

from collections.abc import Iterable
from datetime import timedelta

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er, service
from homeassistant.util.json import JsonObjectType

from ._time import local_iso
from ._vol import vol
from .behalf import (
    MOST_TRIES,
    Target,
    allowed,
    async_book,
    async_book_best,
    async_check_control,
    async_end,
    async_extend,
    async_release,
    find_target,
)
from .booking import Act, Booked, Ended
from .const import DOMAIN
from .devices import subject_id_of
from .errors import refused
from .feishu.events import MAX_REASON, MAX_TITLE
from .feishu.parse import one_line
from .model.booking import Identity
from .model.search import Request
from .rights import registered_main_entity
from .services import ROOM_FILTERS, TEXTS, entries_of, filters_of, instant, now_of

SERVICE_BOOK_ROOM = "book_room"
SERVICE_EXTEND_BOOKING = "extend_booking"
SERVICE_END_BOOKING = "end_booking"
SERVICE_RELEASE_ROOM = "release_room"

CONF_IDENTITY = "identity"
CONF_APPROVAL_REASON = "approval_reason"

_TITLE = vol.All(cv.string, one_line, vol.Length(max=MAX_TITLE))
_IDENTITY = vol.All(cv.string, vol.Coerce(Identity))
_ROOM = {
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
    vol.Optional(ATTR_ENTITY_ID, default=[]): cv.entity_ids,
    vol.Optional(ATTR_DEVICE_ID, default=[]): vol.All(cv.ensure_list, [cv.string]),
    vol.Optional("room_id", default=[]): TEXTS,
}
SCHEMAS = {
    SERVICE_BOOK_ROOM: vol.Schema(
        {
            **_ROOM,
            vol.Optional("start"): instant,
            vol.Exclusive("end", "length"): instant,
            vol.Exclusive("duration", "length"): cv.positive_time_period,
            vol.Optional("title", default=""): _TITLE,
            vol.Optional("any", default=False): cv.boolean,
            vol.Optional(CONF_IDENTITY, default=Identity.APP.value): _IDENTITY,
            vol.Optional(CONF_APPROVAL_REASON, default=""): vol.All(cv.string, one_line, vol.Length(max=MAX_REASON)),
            **ROOM_FILTERS,
        }
    ),
    SERVICE_EXTEND_BOOKING: vol.Schema(
        {
            **_ROOM,
            vol.Optional("duration", default=timedelta(minutes=15)): cv.positive_time_period,
            vol.Optional("title", default=""): _TITLE,
            vol.Optional(CONF_IDENTITY): _IDENTITY,
        }
    ),
    SERVICE_END_BOOKING: vol.Schema(
        {**_ROOM, vol.Optional("after", default=timedelta()): cv.positive_time_period},
    ),
    SERVICE_RELEASE_ROOM: vol.Schema(
        {
            **_ROOM,
            vol.Optional("after", default=timedelta(minutes=10)): cv.positive_time_period,
            vol.Optional("exempt_from"): cv.positive_time_period,
        }
    ),
}


@callback
def async_update_booking_services(hass: HomeAssistant) -> bool:
    """Register the actions that some app is allowed to perform, and remove the others. Return whether any changed.

    Call this when entries come, change or go.
    """
    may, has_changed = allowed(hass), False
    for name, handler, is_wanted in (
        (SERVICE_BOOK_ROOM, _book_room, may.book),
        (SERVICE_EXTEND_BOOKING, _extend_booking, may.book),
        (SERVICE_END_BOOKING, _end_booking, may.end),
        (SERVICE_RELEASE_ROOM, _release_room, may.end),
    ):
        if is_wanted == hass.services.has_service(DOMAIN, name):
            continue
        has_changed = True
        if is_wanted:
            hass.services.async_register(
                DOMAIN, name, handler, SCHEMAS[name], supports_response=SupportsResponse.OPTIONAL
            )
        else:
            hass.services.async_remove(DOMAIN, name)
    return has_changed


# The actions


async def _book_room(call: ServiceCall) -> ServiceResponse:
    """Book a room, or the best one that is free."""
    now = now_of(call.hass)
    start = call.data.get("start") or now
    if call.data["any"]:
        start = max(start, now)
    end = call.data.get("end") or start + call.data.get("duration", timedelta(minutes=30))
    if end <= start:
        raise refused("duration")
    title, identity, reason = (call.data[key] for key in ("title", CONF_IDENTITY, CONF_APPROVAL_REASON))
    if not call.data["any"]:
        target = await _target(call)
        booked = await async_book(call, target, start, end, title, identity=identity, reason=reason)
        return _booked(target, booked, call.hass)
    if call.data[ATTR_ENTITY_ID] or call.data[ATTR_DEVICE_ID] or call.data["room_id"]:
        raise refused("room_or_any")
    if reason:  # the room would be free for others until somebody approves
        raise refused("reason_or_any")
    request = Request(duration=end - start, earliest=start, latest=end, limit=MOST_TRIES, **filters_of(call))
    found = await async_book_best(call, entries_of(call), request, title=title, identity=identity)
    return _booked(*found, call.hass)


async def _extend_booking(call: ServiceCall) -> ServiceResponse:
    """Extend what runs in a room."""
    target = await _target(call, Act.EXTENDED)
    booked = await async_extend(
        call, target, call.data["duration"], call.data["title"], identity=call.data.get(CONF_IDENTITY)
    )
    return _booked(target, booked, call.hass)


async def _end_booking(call: ServiceCall) -> ServiceResponse:
    """End what runs in a room."""
    target = await _target(call, Act.ENDED)
    return _ended(target, await async_end(call, target, call.data["after"]), call.hass)


async def _release_room(call: ServiceCall) -> ServiceResponse:
    """Release a room to which nobody came."""
    target = await _target(call, Act.RELEASED)
    ended = await async_release(call, target, call.data["after"], call.data.get("exempt_from"))
    return _ended(target, ended, call.hass)


def _booked(target: Target, booked: Booked, hass: HomeAssistant) -> JsonObjectType:
    return {
        **_described(target, hass),
        "start": local_iso(booked.start),
        "end": local_iso(booked.end),
        "status": "waiting_for_approval" if booked.act is Act.REQUESTED else "booked",
        "identity": booked.identity.value,
        "event_id": booked.event_id,
        "app_link": booked.app_link or None,
    }


def _ended(target: Target, ended: Ended, hass: HomeAssistant) -> JsonObjectType:
    return {
        **_described(target, hass),
        "start": local_iso(ended.start),
        "end": local_iso(ended.end),
        "own": ended.is_own,
        "confirmed": ended.is_confirmed,
    }


def _described(target: Target, hass: HomeAssistant) -> JsonObjectType:
    subject = target.entry.runtime_data.subjects.get(target.room_id)
    return {
        "room_id": target.room_id,
        "entity_id": registered_main_entity(hass, target.entry, target.room_id),
        "name": subject.info.device_name if subject else None,
    }


# The room


async def _target(call: ServiceCall, act: Act = Act.BOOKED) -> Target:
    """Return the one room of a call, whose entities the caller may control."""
    targets = [*_of_entities(call), *_of_devices(call), *_of_ids(call, act)]
    rooms = {(target.entry.entry_id, target.room_id): target for target in targets}
    if len(rooms) != 1:
        raise refused("one_room")
    target = next(iter(rooms.values()))
    if call.data.get(ATTR_CONFIG_ENTRY_ID, target.entry.entry_id) != target.entry.entry_id:
        raise refused("several_accounts")
    await async_check_control(call, target, call.data[ATTR_ENTITY_ID])
    return target


def _of_entities(call: ServiceCall) -> Iterable[Target]:
    for entity_id in call.data[ATTR_ENTITY_ID]:
        entity = er.async_get(call.hass).async_get(entity_id)
        if entity is None or entity.platform != DOMAIN or entity.device_id is None:
            raise refused("not_a_room", name=entity_id)
        yield _of_device(call, entity.device_id, entity_id)


def _of_devices(call: ServiceCall) -> Iterable[Target]:
    for device_id in call.data[ATTR_DEVICE_ID]:
        yield _of_device(call, device_id, device_id)


def _of_device(call: ServiceCall, device_id: str, name: str) -> Target:
    device = dr.async_get(call.hass).async_get(device_id)
    for other in call.hass.config_entries.async_entries(DOMAIN):
        if room_id := subject_id_of(other, device.identifiers) if device else None:
            entry = service.async_get_config_entry(call.hass, DOMAIN, other.entry_id)
            if room_id in entry.runtime_data.subjects.room_ids:
                return Target(entry, room_id)
    raise refused("not_a_room", name=name)


def _of_ids(call: ServiceCall, act: Act) -> Iterable[Target]:
    """Yield the rooms named by their ids."""
    wanted = [room_id for room_id in call.data["room_id"] if room_id]
    if not wanted:
        return
    entries = entries_of(call)
    for room_id in wanted:
        if (target := find_target(entries, room_id, act, call.data.get(CONF_IDENTITY))) is None:
            raise refused("not_a_room", name=room_id)
        yield target
