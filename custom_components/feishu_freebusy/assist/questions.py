"""Searches for rooms by assistants, from memory, shared by voice and language models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant

from ..const import DOMAIN
from ..coordinator import FeishuConfigEntry
from ..feishu.models import SubjectKind
from ..finder import Found, async_find_rooms, async_now
from ..model.search import Request, SearchResult, Why
from .subjects import Place, SpokenSubject, find_place

_SHORTEST_STAY = timedelta(minutes=1)
_ALL = 1_000
# Exposed rooms exist at the place: if the search finds none, their entries are not loaded
_WHY_NOT_LOADED = frozenset({Why.NO_ROOMS, Why.NONE_IN_PLACE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomQuery:
    """The wanted room. Without a duration, any useful gap is enough; without a start, the stay starts now.

    `is_range`: the stay may be any time between `start` and `until`.
    """

    seats: int = 0
    duration: timedelta = timedelta()
    place: str = ""
    start: datetime | None = None
    until: datetime | None = None
    is_range: bool = False


class NoSuchPlaceError(Exception):
    """No room is at the requested place."""


async def async_find_for(
    hass: HomeAssistant, subjects: Mapping[str, SpokenSubject], query: RoomQuery, *, limit: int = _ALL
) -> Found:
    """Search these rooms. Without a start and an end, only rooms that are free now are found.

    Raises `NoSuchPlaceError`. While the entry of a room is not loaded, its place is unknown: then the result says that
    nothing is known.
    """
    rooms = _rooms(subjects)
    try:
        request = await async_request_for(hass, rooms, query, limit=limit)
    except NoSuchPlaceError:
        if all(room.info for room in rooms.values()):
            raise
        return Found(SearchResult(why=Why.NOTHING_KNOWN), {}, async_now(hass))
    entries: list[FeishuConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    found = async_find_rooms(hass, entries, request, among=rooms)
    if found.result.why in _WHY_NOT_LOADED:
        return replace(found, result=replace(found.result, why=Why.NOTHING_KNOWN))
    return found


async def async_request_for(
    hass: HomeAssistant, rooms: Mapping[str, SpokenSubject], query: RoomQuery, *, limit: int
) -> Request:
    """Return the search for a query among rooms. Raises `NoSuchPlaceError`."""
    place: Place | None = Place()
    if query.place:
        place = await hass.async_add_executor_job(find_place, query.place, rooms.values())
    if place is None:
        raise NoSuchPlaceError(query.place)
    entries: list[FeishuConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    now = async_now(hass).replace(microsecond=0)
    earliest = max(query.start or now, now)
    gaps = [entry.runtime_data.options.min_free for entry in entries]
    duration = query.duration or max(min(gaps, default=_SHORTEST_STAY), _SHORTEST_STAY)
    return Request(
        duration,
        earliest,
        query.until or (None if query.is_range else earliest + duration),
        min_capacity=query.seats,
        floors=place.floors,
        buildings=place.buildings,
        areas=place.areas,
        limit=limit,
    )


def _rooms(subjects: Mapping[str, SpokenSubject]) -> dict[str, SpokenSubject]:
    return {subject_id: subject for subject_id, subject in subjects.items() if subject.kind is SubjectKind.ROOM}


def unknown_rooms(subjects: Mapping[str, SpokenSubject], found: Found) -> list[SpokenSubject]:
    """Return the rooms that may fit but whose schedule, size or place is unknown."""
    rooms = [subject for subject in subjects.values() if subject.kind is SubjectKind.ROOM]
    return [room for room in rooms if room.info is None or room.subject_id in found.result.unknown]
