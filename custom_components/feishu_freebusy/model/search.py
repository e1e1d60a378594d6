"""Find the rooms that fit a request. If none does, find the nearest alternatives.

Pure functions: no I/O, no clock, no Home Assistant. Instants may be in any time zone; results are in UTC. Periods are
half-open, `[start, end)`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import math
from operator import attrgetter
import re
import unicodedata

from .schedule import Schedule

_SHORTEST_STAY = timedelta(minutes=1)
_DIGITS = re.compile(r"(\d+)")


class Reason(StrEnum):
    """The one part of the request that an alternative does not meet."""

    LATER_START = "later_start"
    SHORTER_STAY = "shorter_stay"
    OTHER_PLACE = "other_place"
    FEWER_SEATS = "fewer_seats"
    LESS_EQUIPMENT = "less_equipment"


class Why(StrEnum):
    """Why no room is offered: the first of these that is true.

    Place, seats and equipment filter the rooms one after the other: `NONE_THAT_LARGE` means none in that place. The
    last four concern the rooms that pass all filters. One busy room among them is enough for `ALL_BUSY`.
    """

    NO_ROOMS = "no_rooms"
    NONE_IN_PLACE = "none_in_place"
    NONE_THAT_LARGE = "none_that_large"
    NONE_WITH_EQUIPMENT = "none_with_equipment"
    TIME_TOO_SHORT = "time_too_short"
    ALL_BUSY = "all_busy"
    OUTSIDE_WINDOW = "outside_window"
    NOTHING_KNOWN = "nothing_known"
    ALL_DISABLED = "all_disabled"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A room to choose from. `schedule` is None without a current reading; `capacity` is 0 if unknown."""

    room_id: str
    name: str
    schedule: Schedule | None
    capacity: int = 0
    building: str = ""
    floor: str = ""
    area: str = ""
    equipment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A stay of `duration` that starts at `earliest` or later and ends by `latest` (None: by the horizon).

    A room must be on one of the floors, in one of the buildings, and in one of the areas; an empty tuple allows any.
    It must have all the equipment; "screen" matches "Touch screen". Case and surrounding spaces are ignored.

    Raises `ValueError` if the duration or the limit is not positive, or an instant has no time zone.
    """

    duration: timedelta
    earliest: datetime
    latest: datetime | None = None
    min_capacity: int = 0
    floors: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    limit: int = 5

    def __post_init__(self) -> None:
        if self.duration <= timedelta():
            raise ValueError("The duration must be positive")
        if self.limit < 1:
            raise ValueError("The limit must be positive")
        if any(instant and instant.utcoffset() is None for instant in (self.earliest, self.latest)):
            raise ValueError("An instant needs a time zone")


@dataclass(frozen=True, slots=True)
class Offer:
    """A room that is free from `free_from` until `free_until` (None: beyond the horizon).

    `pending`: there is a request for the room during the stay that is not yet granted.
    """

    room_id: str
    free_from: datetime
    free_until: datetime | None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """The offer nearest to the request that misses it by `reason` alone. `duration` is the possible stay."""

    reason: Reason
    offer: Offer
    duration: timedelta


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The offers, best first. Without offers: the nearest alternative for each reason, and why there are no offers.

    `unknown` are the IDs of the rooms that pass the filters but have no schedule.
    """

    offers: tuple[Offer, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    why: Why | None = None
    unknown: tuple[str, ...] = ()


def find_rooms(candidates: Iterable[Candidate], request: Request, now: datetime | None = None) -> SearchResult:
    """Return the rooms that fit, each with its first gap that is long enough.

    The order: free soonest, then the smallest that is large enough (unknown size last), then without a pending request,
    then by name in natural order. A room that is disabled at `now` (by default the request's `earliest`), or whose
    schedule does not cover `earliest`, is neither offered nor suggested.
    """
    latest = request.latest.astimezone(UTC) if request.latest else None
    search = _Search(replace(request, earliest=request.earliest.astimezone(UTC), latest=latest), now)
    rated = [(candidate, search.lacks(candidate)) for candidate in candidates]
    matching = [candidate for candidate, lacks in rated if not lacks]
    unknown = tuple(candidate.room_id for candidate in matching if candidate.schedule is None)
    stays = list(filter(None, map(search.first_stay, matching)))
    in_time = sorted(filter(search.in_time, stays), key=_rank)
    if in_time:
        return SearchResult(offers=tuple(_offer(stay) for stay in in_time[: request.limit]), unknown=unknown)
    options = [_Option(Reason.LATER_START, 0, stay) for stay in stays]
    options += search.shorter_stays(matching)
    options += search.with_one_lack(rated)
    return SearchResult(alternatives=_nearest(options), why=search.why(rated), unknown=unknown)


@dataclass(frozen=True, slots=True)
class _Stay:
    """A stay of `length` at the start of a gap that lasts until `gap_end`."""

    candidate: Candidate
    schedule: Schedule
    start: datetime
    gap_end: datetime
    length: timedelta

    @property
    def pending(self) -> bool:
        end = self.start + self.length
        return any(request.start < end and self.start < request.end for request in self.schedule.pending)


@dataclass(frozen=True, slots=True)
class _Option:
    """A stay that misses the request by `reason`. `concession` is by how much; compare it only within one reason."""

    reason: Reason
    concession: int
    stay: _Stay


type _Rated = Sequence[tuple[Candidate, dict[Reason, int]]]


class _Search:
    """A request whose instants are in UTC, applied to rooms."""

    def __init__(self, request: Request, now: datetime | None) -> None:
        self._request = request
        self._now = now or request.earliest
        names = {"floor": request.floors, "building": request.buildings, "area": request.areas}
        self._places: list[tuple[Callable[[Candidate], str], set[str]]] = [
            (attrgetter(kind), folded) for kind, wanted in names.items() if (folded := _folded(wanted))
        ]
        self._equipment = _folded(request.equipment)

    def lacks(self, candidate: Candidate) -> dict[Reason, int]:
        """Return which filters exclude a room, and by how much."""
        equipment = _folded(candidate.equipment)
        amounts = {
            Reason.OTHER_PLACE: sum(_spellings(place(candidate)).isdisjoint(names) for place, names in self._places),
            Reason.FEWER_SEATS: self._request.min_capacity - candidate.capacity,
            Reason.LESS_EQUIPMENT: sum(not any(item in has for has in equipment) for item in self._equipment),
        }
        return {reason: amount for reason, amount in amounts.items() if amount > 0}

    def in_time(self, stay: _Stay) -> bool:
        """Return whether a stay ends by `latest`."""
        latest = self._request.latest
        return latest is None or latest - stay.start >= stay.length

    def first_stay(self, candidate: Candidate) -> _Stay | None:
        """Return the first stay that is long enough, even if it ends after `latest`."""
        duration = self._request.duration
        if (schedule := self._usable(candidate)) is None:
            return None
        for start, end in schedule.gaps(self._request.earliest):
            if end - start >= duration:
                return _Stay(candidate, schedule, start, end, duration)
        return None

    def longest_stay(self, candidate: Candidate) -> _Stay | None:
        """Return the longest stay that ends by `latest`, the first if several; None if it is shorter than a minute."""
        if (schedule := self._usable(candidate)) is None:
            return None
        latest = self._request.latest or schedule.horizon
        longest, length = None, timedelta()
        for start, end in schedule.gaps(self._request.earliest):
            if latest - start <= length:
                break  # neither this gap nor a later one leaves more
            if (left := min(end, latest) - start) > length:
                longest, length = (start, end), left
        return _Stay(candidate, schedule, *longest, length) if longest and length >= _SHORTEST_STAY else None

    def shorter_stays(self, candidates: Iterable[Candidate]) -> Iterator[_Option]:
        """Yield the longest stay of each room in which the whole stay does not fit."""
        for stay in filter(None, map(self.longest_stay, candidates)):
            missing = self._request.duration - stay.length
            yield _Option(Reason.SHORTER_STAY, missing // timedelta.resolution, stay)

    def with_one_lack(self, rated: _Rated) -> Iterator[_Option]:
        """Yield the stays that end by `latest` in rooms that only one filter excludes."""
        for candidate, lacks in rated:
            if len(lacks) == 1 and (stay := self.first_stay(candidate)) and self.in_time(stay):
                for reason, amount in lacks.items():
                    yield _Option(reason, amount, stay)

    def why(self, rated: _Rated) -> Why:
        """Return why nothing is offered."""
        if not rated:
            return Why.NO_ROOMS
        for reason, why in _EXCLUDED_BY.items():
            rated = [(candidate, lacks) for candidate, lacks in rated if reason not in lacks]
            if not rated:
                return why
        request = self._request
        if request.latest and request.latest - request.earliest < request.duration:
            return Why.TIME_TOO_SHORT
        obstacles = {self._obstacle(candidate.schedule) for candidate, _ in rated}
        return next(why for why in Why if why in obstacles)

    def _obstacle(self, schedule: Schedule | None) -> Why:
        """Return why a room that passes the filters is not offered."""
        if schedule is None:
            return Why.NOTHING_KNOWN
        if self._disabled(schedule):
            return Why.ALL_DISABLED
        earliest = self._request.earliest
        if not schedule.known_at(earliest) or schedule.horizon - earliest < self._request.duration:
            return Why.OUTSIDE_WINDOW
        return Why.ALL_BUSY

    def _usable(self, candidate: Candidate) -> Schedule | None:
        schedule = candidate.schedule
        if schedule is None or not schedule.known_at(self._request.earliest) or self._disabled(schedule):
            return None
        return schedule

    def _disabled(self, schedule: Schedule) -> bool:
        # Later disabled periods are blocks of the schedule
        return schedule.disabled is not None and schedule.disabled.contains(self._now)


_EXCLUDED_BY = {
    Reason.OTHER_PLACE: Why.NONE_IN_PLACE,
    Reason.FEWER_SEATS: Why.NONE_THAT_LARGE,
    Reason.LESS_EQUIPMENT: Why.NONE_WITH_EQUIPMENT,
}


def _rank(stay: _Stay) -> tuple[datetime, float, bool, list[str | int], str]:
    candidate = stay.candidate
    return stay.start, candidate.capacity or math.inf, stay.pending, _natural(candidate.name), candidate.room_id


def _offer(stay: _Stay) -> Offer:
    free_until = stay.gap_end.astimezone(UTC) if stay.gap_end < stay.schedule.horizon else None
    return Offer(stay.candidate.room_id, stay.start.astimezone(UTC), free_until, stay.pending)


def _nearest(options: list[_Option]) -> tuple[Alternative, ...]:
    best: dict[Reason, _Stay] = {}
    for option in sorted(options, key=lambda option: (option.concession, _rank(option.stay))):
        best.setdefault(option.reason, option.stay)
    return tuple(Alternative(reason, _offer(best[reason]), best[reason].length) for reason in Reason if reason in best)


def _natural(name: str) -> list[str | int]:
    """Return a key that sorts "A9" before "A10". Text and numbers alternate, so equal positions have equal types."""
    return [int(part) if index % 2 else part for index, part in enumerate(_DIGITS.split(_fold(name)))]


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _spellings(place: str) -> set[str]:
    """Return a place as it may be asked for: "Shanghai / Tower A" with and without the levels above it."""
    return {_fold(place), _fold(place.rpartition(" / ")[2])}


def _folded(names: Iterable[str]) -> set[str]:
    return {_fold(name) for name in names} - {""}
