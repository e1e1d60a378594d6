"""Why a room refuses, and which room would do instead: as data for speech and cards, and as the text of an error."""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ._time import local_text
from .booking import RefusedError
from .const import DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import device_of
from .finder import FoundRoom, async_find_rooms
from .model.booking import Refusal, Span
from .model.directory import RoomInfo, place_text
from .model.schedule import Block, DisabledPeriod
from .model.search import Offer, Request

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ALL_ROOMS = 10_000
# Another room may accept what one room refuses for these reasons
FOR_THIS_ROOM = frozenset(
    {
        Refusal.TAKEN,
        Refusal.TOO_LONG,
        Refusal.TOO_FAR_AHEAD,
        Refusal.NOT_YET,
        Refusal.OUTSIDE_HOURS,
        Refusal.OUT_OF_SERVICE,
        Refusal.APPROVAL,
        Refusal.REASON_NEEDED,
        Refusal.NOT_FOR_PERSON,
        Refusal.REQUESTED,
        Refusal.NOT_BY_APP,
        Refusal.DECLINED,
    }
)
_TEXT_NAMES_OTHER = {Refusal.TAKEN, Refusal.OUT_OF_SERVICE}


@dataclass(frozen=True, slots=True)
class OtherRoom:
    """A room that is free for all of the time that another one refuses. It may refuse, too: it was not asked."""

    room: FoundRoom
    offer: Offer
    is_same_floor: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the room `name` refuses `wish`, and the nearest room that is free instead, from what is known.

    `wish` is None for what is not a booking. `taken` is what takes the room, `disabled` the time in which it is out of
    service. `longest` is the maximum of one booking. `opens` and `closes` are the times of the day between which it can
    be booked, and `next_day_opens` is when bookings of one more day open; all since midnight in the room's time zone.
    `latest` is the end of the time that can be booked at `now`. None if not known, or not the reason.
    """

    refusal: Refusal
    name: str
    now: datetime
    wish: Span | None = None
    taken: Block | None = None
    disabled: DisabledPeriod | None = None
    longest: timedelta | None = None
    opens: timedelta | None = None
    closes: timedelta | None = None
    next_day_opens: timedelta | None = None
    latest: datetime | None = None
    other: OtherRoom | None = None


@callback
def async_explain(
    hass: HomeAssistant,
    coordinator: FreeBusyCoordinator,
    room_id: str,
    error: RefusedError,
    among: Container[str] | None = None,
) -> Explanation:
    """Return why a room refuses. Takes no call to Feishu. With `among`, only these rooms are named instead."""
    now, wish, check = coordinator.clock.moment.now, error.wish, error.check
    subject = coordinator.subjects.get(room_id)
    reason = Explanation(error.refusal, async_name_of_room(hass, coordinator, room_id), now, wish)
    if wish and error.refusal in FOR_THIS_ROOM:
        reason = replace(reason, other=_other_room(hass, coordinator, room_id, wish, among))
    match error.refusal:
        case Refusal.TAKEN if wish:
            reason = replace(reason, taken=_taken(coordinator, room_id, wish))
        case Refusal.OUT_OF_SERVICE if subject:
            reason = replace(reason, disabled=subject.disabled)
        case Refusal.TOO_LONG:
            reason = replace(reason, longest=check.longest if check else coordinator.options.longest_booking)
        case Refusal.OUTSIDE_HOURS if check:
            reason = replace(reason, opens=check.opens, closes=check.closes)
        case Refusal.NOT_YET if check:
            reason = replace(reason, next_day_opens=check.next_day_opens)
        case Refusal.TOO_FAR_AHEAD if check:
            reason = replace(reason, latest=check.latest)
    return reason


@callback
def async_name_of_room(hass: HomeAssistant, coordinator: FreeBusyCoordinator, room_id: str) -> str:
    """Return the name of a room as Home Assistant shows it."""
    if device := device_of(hass, coordinator.config_entry, room_id):
        return device.name_by_user or device.name or room_id
    return room_id


def text_of_refusal(explanation: Explanation) -> tuple[str, dict[str, str]]:
    """Return the translation key of the text of a refusal, and its placeholders."""
    key, placeholders = _reason(explanation)
    if explanation.other and explanation.refusal in _TEXT_NAMES_OTHER:
        key, placeholders = f"{key}_else", placeholders | {"other": _name_and_place(explanation.other)}
    return key, {"room": explanation.name, **placeholders}


def _reason(explanation: Explanation) -> tuple[str, dict[str, str]]:
    key, placeholders = f"refusal_{explanation.refusal.value}", dict[str, str]()
    now = explanation.now
    if (taken := explanation.taken) and (wish := explanation.wish):
        key, placeholders = f"{key}_until", {"until": local_text(taken.end, now)}
        if taken.start > max(wish.start, now):
            key, placeholders = "refusal_taken_from", placeholders | {"from": local_text(taken.start, now)}
    elif explanation.disabled and explanation.disabled.end:
        key, placeholders = f"{key}_until", {"until": local_text(explanation.disabled.end, now)}
    elif longest := explanation.longest:
        if longest > _HOUR and not longest % _HOUR:
            key, placeholders = f"{key}_hours", {"hours": str(longest // _HOUR)}
        else:
            key, placeholders = f"{key}_minutes", {"minutes": str(longest // timedelta(minutes=1))}
    elif explanation.opens is not None or explanation.closes is not None:
        opens, closes = explanation.opens or timedelta(), explanation.closes or _DAY
        key, placeholders = f"{key}_limits", {"opens": _time_of_day(opens), "closes": _time_of_day(closes)}
    elif explanation.next_day_opens is not None:
        key, placeholders = f"{key}_time", {"time": _time_of_day(explanation.next_day_opens)}
    elif latest := explanation.latest:
        days = (dt_util.as_local(latest).date() - dt_util.as_local(now).date()).days
        key, placeholders = f"{key}_limit", {"days": str(max(days, 0)), "until": local_text(latest, now)}
    return key, placeholders


def _taken(coordinator: FreeBusyCoordinator, room_id: str, wish: Span) -> Block | None:
    """Return the first block that takes a part of the wish."""
    schedule = coordinator.subjects.schedule(room_id) if room_id in coordinator.subjects else None
    blocks = schedule.blocks if schedule else ()
    return next((block for block in blocks if block.start < wish.end and wish.start < block.end), None)


def _other_room(
    hass: HomeAssistant,
    coordinator: FreeBusyCoordinator,
    room_id: str,
    wish: Span,
    among: Container[str] | None,
) -> OtherRoom | None:
    """Return the nearest room that is free for all of a wish: on the same floor first, and as large if there is one."""
    earliest = max(wish.start, coordinator.clock.moment.now)
    length = wish.end - earliest
    loaded: list[FeishuConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    options = [(entry, entry.runtime_data.options) for entry in loaded]
    entries = [entry for entry, each in options if each.book and wish.end - wish.start <= each.longest_booking]
    subject = coordinator.subjects.get(room_id)
    if length <= timedelta() or subject is None or not isinstance(here := subject.info, RoomInfo) or not entries:
        return None
    found = async_find_rooms(hass, entries, Request(length, earliest, wish.end, limit=_ALL_ROOMS), among)

    def distance(offer: Offer) -> tuple[bool, bool, bool, bool]:
        info = found.rooms[offer.room_id].info
        is_smaller = info.room.capacity < here.room.capacity
        is_elsewhere = info.building != here.building
        return is_elsewhere or info.floor != here.floor, is_elsewhere, is_smaller, offer.pending

    offers = [offer for offer in found.result.offers if offer.room_id != room_id]
    nearest = min(offers, key=distance, default=None)
    return None if nearest is None else OtherRoom(found.rooms[nearest.room_id], nearest, not distance(nearest)[0])


def _name_and_place(other: OtherRoom) -> str:
    place = "" if other.is_same_floor else place_text(other.room.info)
    return f"{other.room.name} ({place})" if place else other.room.name


def _time_of_day(since_midnight: timedelta) -> str:
    hours, minutes = divmod(since_midnight // timedelta(minutes=1), 60)
    return f"{hours:02}:{minutes:02}"
