"""What assistants ask about rooms and people, answered from memory: the same for voice and for language models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import FeishuConfigEntry
from ..finder import Found, async_find_rooms
from ..model.search import Request, SearchResult, Why
from .subjects import Place, SpokenSubject, find_place

_SHORTEST_STAY = timedelta(minutes=1)
_ALL = 1_000
# There are rooms, and some at each place that is searched: where the search has none, they are not loaded
_WHY_NOT_LOADED = frozenset({Why.NO_ROOMS, Why.NONE_IN_PLACE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The room that is looked for; without a duration it is to be free for a useful gap, without a start, now."""

    seats: int = 0
    duration: timedelta = timedelta()
    place: str = ""
    start: datetime | None = None
    until: datetime | None = None


class NoSuchPlaceError(Exception):
    """No room is at the place that was asked for."""


@callback
def async_find_for(
    hass: HomeAssistant, subjects: Mapping[str, SpokenSubject], wish: Wish, *, limit: int = _ALL
) -> Found:
    """Search these rooms. Without a start or an end, only for what is free at once.

    A place that nobody knows may be that of rooms whose entry is not loaded: then nothing is known.

    Raises `NoSuchPlaceError`.
    """
    rooms = {subject_id: subject for subject_id, subject in subjects.items() if subject.is_room}
    place = find_place(wish.place, rooms.values()) if wish.place else Place()
    if place is None:
        if all(room.info for room in rooms.values()):
            raise NoSuchPlaceError(wish.place)
        return Found(SearchResult(why=Why.NOTHING_KNOWN), {})
    entries: list[FeishuConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    now = dt_util.utcnow().replace(microsecond=0)
    earliest = max(wish.start or now, now)
    gaps = [entry.runtime_data.options.min_free for entry in entries]
    duration = wish.duration or max(min(gaps, default=_SHORTEST_STAY), _SHORTEST_STAY)
    latest = wish.until or (None if wish.start else earliest + duration)
    request = Request(
        duration,
        earliest,
        latest,
        min_capacity=wish.seats,
        floors=place.floors,
        buildings=place.buildings,
        areas=place.areas,
        limit=limit,
    )
    found = async_find_rooms(hass, entries, request, among=rooms)
    if found.result.why in _WHY_NOT_LOADED:
        return replace(found, result=replace(found.result, why=Why.NOTHING_KNOWN))
    return found


def unknown_rooms(subjects: Mapping[str, SpokenSubject], found: Found) -> list[SpokenSubject]:
    """Return the rooms that may be what was looked for. Of some it is not even known how large they are, and where."""
    rooms = [subject for subject in subjects.values() if subject.is_room]
    return [room for room in rooms if room.info is None or room.subject_id in found.result.unknown]
