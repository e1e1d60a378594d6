"""The actions that change bookings: book, extend, end and release. They exist only while an app is allowed to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er, service
from homeassistant.util.json import JsonObjectType

from ._time import local_iso
from ._vol import vol
from .acting import async_act, async_title, booker_of
from .booking import Booked, Booker, Ended, RefusedError
from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .devices import subject_id_of
from .errors import refused
from .feishu.events import MAX_TITLE
from .finder import async_find_rooms
from .model.booking import Refusal
from .model.options import Options
from .model.search import Request
from .refusals import FOR_THIS_ROOM
from .services import (
    ROOM_FILTERS,
    TEXTS,
    entries_of,
    filters_of,
    instant,
    now_of,
    permitted_rooms,
    registered_main_entity,
    restricted_user,
    unauthorized,
)

SERVICE_BOOK_ROOM = "book_room"
SERVICE_EXTEND_BOOKING = "extend_booking"
SERVICE_END_BOOKING = "end_booking"
SERVICE_RELEASE_ROOM = "release_room"

_MOST_TRIES = 3  # rooms to try one after the other, if any room will do
_NEXT_ROOM = FOR_THIS_ROOM | {Refusal.TOO_SOON}

_TITLE = vol.All(cv.string, str.strip, vol.Length(max=MAX_TITLE))
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
            **ROOM_FILTERS,
        }
    ),
    SERVICE_EXTEND_BOOKING: vol.Schema(
        {
            **_ROOM,
            vol.Optional("duration", default=timedelta(minutes=15)): cv.positive_time_period,
            vol.Optional("title", default=""): _TITLE,
        }
    ),
    SERVICE_END_BOOKING: vol.Schema(_ROOM),
    SERVICE_RELEASE_ROOM: vol.Schema(
        {
            **_ROOM,
            vol.Optional("after", default=timedelta(minutes=10)): cv.positive_time_period,
            vol.Optional("exempt_from"): cv.positive_time_period,
        }
    ),
}


@callback
def async_update_booking_services(hass: HomeAssistant) -> None:
    """Register the actions that some app is allowed to perform, and remove the others.

    An entry that is not loaded counts, so that its automations stay valid. Call this when entries come, change or go.
    """
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    options = [Options.of(entry.options) for entry in entries]
    book = any(each.book for each in options)
    end = book or any(each.release for each in options)
    for name, handler, is_wanted in (
        (SERVICE_BOOK_ROOM, _book_room, book),
        (SERVICE_EXTEND_BOOKING, _extend_booking, book),
        (SERVICE_END_BOOKING, _end_booking, end),
        (SERVICE_RELEASE_ROOM, _release_room, end),
    ):
        if not is_wanted:
            if hass.services.has_service(DOMAIN, name):
                hass.services.async_remove(DOMAIN, name)
        elif not hass.services.has_service(DOMAIN, name):
            hass.services.async_register(
                DOMAIN, name, handler, SCHEMAS[name], supports_response=SupportsResponse.OPTIONAL
            )


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
    if not call.data["any"]:
        return await _book(call, await _target(call), start, end)
    if call.data[ATTR_ENTITY_ID] or call.data[ATTR_DEVICE_ID] or call.data["room_id"]:
        raise refused("room_or_any")
    return await _book_any(call, start, end)


async def _book_any(call: ServiceCall, start: datetime, end: datetime) -> ServiceResponse:
    """Book the best room that is free for all of `[start, end)`. If it refuses, try the next best."""
    entries = [entry for entry in entries_of(call) if entry.runtime_data.options.book]
    if not entries:
        raise refused("booking_off")
    request = Request(duration=end - start, earliest=start, latest=end, limit=_MOST_TRIES, **filters_of(call))
    found = async_find_rooms(call.hass, entries, request, await permitted_rooms(call, entries, POLICY_CONTROL))
    last: ServiceValidationError | None = None
    for offer in found.result.offers:
        entry = next(entry for entry in entries if offer.room_id in entry.runtime_data.subjects)
        try:
            return await _book(call, _Target(entry, offer.room_id), start, end)
        except ServiceValidationError as error:
            if not isinstance(error.__cause__, RefusedError) or error.__cause__.refusal not in _NEXT_ROOM:
                raise
            last = error
    raise last or refused("no_room_free")


async def _book(call: ServiceCall, target: _Target, start: datetime, end: datetime) -> ServiceResponse:
    booker = _booker(target.entry, must_book=True)
    coordinator = target.entry.runtime_data
    title = call.data["title"] or await async_title(call.hass, coordinator.options)
    work = booker.async_book(target.room_id, start, end, title=title, user=call.context.user_id)
    return _booked(target, await async_act(coordinator, target.room_id, work, call.context), call.hass)


async def _extend_booking(call: ServiceCall) -> ServiceResponse:
    """Extend what runs in a room."""
    target = await _target(call)
    booker = _booker(target.entry, must_book=True)
    if not call.data["duration"]:
        raise refused("duration")
    coordinator = target.entry.runtime_data
    title = call.data["title"] or await async_title(call.hass, coordinator.options)
    work = booker.async_extend(target.room_id, call.data["duration"], title=title)
    return _booked(target, await async_act(coordinator, target.room_id, work, call.context), call.hass)


async def _end_booking(call: ServiceCall) -> ServiceResponse:
    """End what runs in a room."""
    target = await _target(call)
    work = _booker(target.entry).async_end(target.room_id)
    return _ended(target, await async_act(target.entry.runtime_data, target.room_id, work, call.context), call.hass)


async def _release_room(call: ServiceCall) -> ServiceResponse:
    """Release a room to which nobody came."""
    target = await _target(call)
    booker = _booker(target.entry)
    work = booker.async_release(target.room_id, after=call.data["after"], exempt_from=call.data.get("exempt_from"))
    return _ended(target, await async_act(target.entry.runtime_data, target.room_id, work, call.context), call.hass)


def _booked(target: _Target, booked: Booked, hass: HomeAssistant) -> JsonObjectType:
    return {
        **target.describe(hass),
        "start": local_iso(booked.start),
        "end": local_iso(booked.end),
        "event_id": booked.event_id,
        "app_link": booked.app_link or None,
    }


def _ended(target: _Target, ended: Ended, hass: HomeAssistant) -> JsonObjectType:
    return {
        **target.describe(hass),
        "start": local_iso(ended.start),
        "end": local_iso(ended.end),
        "own": ended.is_own,
        "confirmed": ended.is_confirmed,
    }


# The room


@dataclass(frozen=True, slots=True)
class _Target:
    """A room, and the loaded entry that acts on it."""

    entry: FeishuConfigEntry
    room_id: str

    def describe(self, hass: HomeAssistant) -> JsonObjectType:
        """Return the room in a response."""
        subject = self.entry.runtime_data.subjects.get(self.room_id)
        return {
            "room_id": self.room_id,
            "entity_id": registered_main_entity(hass, self.entry, self.room_id),
            "name": subject.info.device_name if subject else None,
        }


def _booker(entry: FeishuConfigEntry, *, must_book: bool = False) -> Booker:
    """Return the booker of an entry. Raises `ServiceValidationError` if the switch for this action is off."""
    options, booker = entry.runtime_data.options, booker_of(entry.runtime_data)
    if booker is None or not (options.book or (options.release and not must_book)):
        raise refused("booking_off")
    return booker


async def _target(call: ServiceCall) -> _Target:
    """Return the one room of a call, whose entities the caller may control.

    Automations, which have no user, and administrators may control every room of the entry.
    """
    targets = [*_of_entities(call), *_of_devices(call), *_of_ids(call)]
    rooms = {(target.entry.entry_id, target.room_id): target for target in targets}
    if len(rooms) != 1:
        raise refused("one_room")
    target = next(iter(rooms.values()))
    if call.data.get(ATTR_CONFIG_ENTRY_ID, target.entry.entry_id) != target.entry.entry_id:
        raise refused("several_accounts")
    if (user := await restricted_user(call)) is not None:
        main = registered_main_entity(call.hass, target.entry, target.room_id)
        for entity_id in (main, *call.data[ATTR_ENTITY_ID]):
            if entity_id is None or not user.permissions.check_entity(entity_id, POLICY_CONTROL):
                raise unauthorized(call, entity_id, POLICY_CONTROL)
    return target


def _of_entities(call: ServiceCall) -> Iterable[_Target]:
    for entity_id in call.data[ATTR_ENTITY_ID]:
        entity = er.async_get(call.hass).async_get(entity_id)
        if entity is None or entity.platform != DOMAIN or entity.device_id is None:
            raise refused("not_a_room", name=entity_id)
        yield _of_device(call, entity.device_id, entity_id)


def _of_devices(call: ServiceCall) -> Iterable[_Target]:
    for device_id in call.data[ATTR_DEVICE_ID]:
        yield _of_device(call, device_id, device_id)


def _of_device(call: ServiceCall, device_id: str, name: str) -> _Target:
    device = dr.async_get(call.hass).async_get(device_id)
    ids = device.config_entries if device else ()
    ours = [entry for entry in call.hass.config_entries.async_entries(DOMAIN) if entry.entry_id in ids]
    for other in ours:
        entry = service.async_get_config_entry(call.hass, DOMAIN, other.entry_id)
        room_id = subject_id_of(entry, device.identifiers) if device else None
        if room_id and room_id in entry.runtime_data.subjects.room_ids:
            return _Target(entry, room_id)
    raise refused("not_a_room", name=name)


def _of_ids(call: ServiceCall) -> Iterable[_Target]:
    """Yield the rooms named by their ids. If two apps show a room, one that may book it is chosen."""
    wanted = [room_id for room_id in call.data["room_id"] if room_id]
    if not wanted:
        return
    entries = sorted(entries_of(call), key=lambda entry: not entry.runtime_data.options.book)
    for room_id in wanted:
        entry = next((entry for entry in entries if room_id in entry.runtime_data.subjects.room_ids), None)
        if entry is None:
            raise refused("not_a_room", name=room_id)
        yield _Target(entry, room_id)
