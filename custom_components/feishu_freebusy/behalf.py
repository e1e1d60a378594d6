"""Books, extends, ends and releases rooms on behalf of a caller, whose rights count."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .acting import async_act, async_title, booker_of
from .booking import Act, Booked, Booker, Ended, RefusedError
from .const import DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .errors import refused
from .finder import async_find_rooms
from .model.booking import Identity, Refusal
from .model.options import Options
from .model.search import Request
from .refusals import FOR_THIS_ROOM
from .rights import (
    Caller,
    may_act_as_person,
    permitted_rooms,
    registered_main_entity,
    restricted_user,
    unauthorized,
)

MOST_TRIES = 3  # rooms to try one after the other, if any room will do
_NEXT_ROOM = FOR_THIS_ROOM | {Refusal.TOO_SOON}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What some app is allowed to do: book and extend, or only end and release."""

    book: bool
    end: bool


def allowed(hass: HomeAssistant) -> Allowed:
    """Return what the switches of all entries allow.

    An entry that is not loaded counts, so that automations and sentences stay valid.
    """
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    options = [Options.of(entry.options) for entry in entries]
    book = any(each.book for each in options)
    return Allowed(book=book, end=book or any(each.release for each in options))


@dataclass(frozen=True, slots=True)
class Target:
    """A room, and the loaded entry that acts on it."""

    entry: FeishuConfigEntry
    room_id: str


def find_target(
    entries: Iterable[FeishuConfigEntry], room_id: str, act: Act = Act.BOOKED, identity: Identity | None = None
) -> Target | None:
    """Return a room of loaded entries. If two apps show it, the one that can do what is wanted is chosen."""
    showing = (entry for entry in entries if room_id in entry.runtime_data.subjects.room_ids)

    def fitness(entry: FeishuConfigEntry) -> tuple[bool, ...]:
        has_organizer = identity is not Identity.PERSON or entry.runtime_data.grant.is_linked
        return has_organizer, *_fitness(entry, room_id, act)

    entry = max(showing, key=fitness, default=None)
    return Target(entry, room_id) if entry else None


def _fitness(entry: FeishuConfigEntry, room_id: str, act: Act) -> tuple[bool, ...]:
    """Return how well the app of an entry can act on a room. Only the app that made a booking knows it as its own."""
    options = entry.runtime_data.options
    if act is Act.BOOKED:
        return (options.book,)
    booker, now = booker_of(entry.runtime_data), entry.runtime_data.clock.moment.now
    own = booker.own_bookings(room_id) if booker else ()
    has_made = any(now < each.end and (each.start <= now or each.is_extension) for each in own)
    if act is Act.EXTENDED:
        return options.book, has_made
    return has_made and (options.book or options.release), options.release, options.book


async def async_check_control(caller: Caller, target: Target, entity_ids: Iterable[str] = ()) -> None:
    """Raise `Unauthorized` unless the caller may control the main entity of a room, and these entities.

    Automations, which have no user, and administrators may control every room.
    """
    if (user := await restricted_user(caller)) is None:
        return
    main = registered_main_entity(caller.hass, target.entry, target.room_id)
    for entity_id in (main, *entity_ids):
        if entity_id is None or not user.permissions.check_entity(entity_id, POLICY_CONTROL):
            raise unauthorized(caller, entity_id, POLICY_CONTROL)


async def async_check_identity(caller: Caller, coordinator: FreeBusyCoordinator, identity: Identity) -> None:
    """Raise `ServiceValidationError` unless the caller may act in this name. This is the only place that decides it."""
    if identity is Identity.APP:
        return
    if not coordinator.grant.is_linked:
        raise refused("person_not_linked")
    if not await may_act_as_person(caller, coordinator.options):
        raise refused("person_not_allowed")


async def async_identity_to_extend(caller: Caller, coordinator: FreeBusyCoordinator) -> Identity | None:
    """Return in whose name an extension is made if nobody says it: None for the one of the running booking."""
    may_be_person = coordinator.grant.is_linked and await may_act_as_person(caller, coordinator.options)
    return None if may_be_person else Identity.APP


async def async_book(
    caller: Caller,
    target: Target,
    start: datetime,
    end: datetime,
    title: str = "",
    *,
    identity: Identity = Identity.APP,
    reason: str = "",
) -> Booked:
    """Book a room that the caller may control. Without a title, it is the one of the options.

    `reason` is for rooms that need an approval. Only the person can give one.
    """
    booker = _booker(target, must_book=True)
    coordinator = target.entry.runtime_data
    await async_check_identity(caller, coordinator, identity)
    if reason and identity is Identity.APP:
        raise refused("reason_of_app")
    title = title or await async_title(caller.hass, coordinator.options)
    work = booker.async_book(
        target.room_id, start, end, title=title, user=caller.context.user_id, identity=identity, reason=reason
    )
    return await async_act(coordinator, target.room_id, work, caller.context)


async def async_book_best(
    caller: Caller,
    entries: Iterable[FeishuConfigEntry],
    request: Request,
    *,
    title: str = "",
    among: Collection[str] | None = None,
    identity: Identity = Identity.APP,
) -> tuple[Target, Booked]:
    """Book the best room that fits, for the duration of the request. If it refuses, try the next best.

    `among` limits the rooms to these ids.
    """
    able = [entry for entry in entries if entry.runtime_data.options.book]
    if not able:
        raise refused("booking_off")
    if identity is Identity.PERSON:
        able = [entry for entry in able if entry.runtime_data.grant.is_linked] or able[:1]
        for entry in able:
            await async_check_identity(caller, entry.runtime_data, identity)
        among = await _rooms_of_person(able, among)
    permitted = await permitted_rooms(caller, able, POLICY_CONTROL)
    by_entry = [(entry, await permitted_rooms(caller, [entry], POLICY_CONTROL)) for entry in able]
    if among is not None:
        permitted = set(among) if permitted is None else permitted.intersection(among)
    found = async_find_rooms(caller.hass, able, request, permitted)
    last: ServiceValidationError | None = None
    for offer in found.result.offers:
        may_act = [entry for entry, rooms in by_entry if rooms is None or offer.room_id in rooms]
        if target := find_target(may_act, offer.room_id):
            try:
                end = offer.free_from + request.duration
                return target, await async_book(caller, target, offer.free_from, end, title, identity=identity)
            except ServiceValidationError as error:
                if not isinstance(error.__cause__, RefusedError) or error.__cause__.refusal not in _NEXT_ROOM:
                    raise
                last = error
    raise last or refused("no_room_free")


async def _rooms_of_person(
    entries: Iterable[FeishuConfigEntry], among: Collection[str] | None
) -> Collection[str] | None:
    """Return the rooms that a linked person may book, of `among`; all of these if that can't be read."""
    found: set[str] = set()
    for entry in entries:
        booker = booker_of(entry.runtime_data)
        rooms = await booker.async_rooms_of_person() if booker else None
        if rooms is None:
            return among
        found |= rooms
    return found if among is None else found.intersection(among)


async def async_extend(
    caller: Caller, target: Target, length: timedelta, title: str = "", *, identity: Identity | None = None
) -> Booked:
    """Extend what runs in a room that the caller may control, in the name of the running booking if none is given."""
    booker = _booker(target, must_book=True)
    if length <= timedelta():
        raise refused("duration")
    coordinator = target.entry.runtime_data
    if identity:
        await async_check_identity(caller, coordinator, identity)
    else:
        identity = await async_identity_to_extend(caller, coordinator)
    title = title or await async_title(caller.hass, coordinator.options)
    work = booker.async_extend(target.room_id, length, title=title, identity=identity)
    return await async_act(coordinator, target.room_id, work, caller.context)


async def async_end(caller: Caller, target: Target, after: timedelta = timedelta()) -> Ended:
    """End what runs in a room, if it has run for `after`."""
    work = _booker(target).async_end(target.room_id, after=after)
    return await async_act(target.entry.runtime_data, target.room_id, work, caller.context)


async def async_release(caller: Caller, target: Target, after: timedelta, exempt_from: timedelta | None) -> Ended:
    """Release a room to which nobody came."""
    work = _booker(target).async_release(target.room_id, after=after, exempt_from=exempt_from)
    return await async_act(target.entry.runtime_data, target.room_id, work, caller.context)


def _booker(target: Target, *, must_book: bool = False) -> Booker:
    """Return the booker of an entry. Raises `ServiceValidationError` if the switch for this work is off."""
    options, booker = target.entry.runtime_data.options, booker_of(target.entry.runtime_data)
    if booker is None or not (options.book or (options.release and not must_book)):
        raise refused("booking_off")
    return booker
