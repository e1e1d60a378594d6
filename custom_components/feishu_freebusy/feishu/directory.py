"""The rooms of a tenant and the levels (buildings, floors) they are on."""

from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .client import PAGE_SIZE, FeishuClient
from .errors import NotFeishuError, RequestError, ServerError, SubjectError, UnreadableAnswerError
from .models import Room, RoomLevel

# No real tenant comes near these. They stop the scan of an endless or circular tree
_MAX_ROOMS = 50_000
_MAX_LEVELS = 10_000
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rooms and levels of a tenant, by id. `unread` are the levels that could not be read, "" for the topmost.

    `is_listed` says that the list without a level had all rooms, and that no list failed which would show the contrary;
    `lists_below` whether the list of a level has the rooms of the levels below it, too.
    """

    rooms: Mapping[str, Room]
    levels: Mapping[str, RoomLevel]
    unread: frozenset[str] = frozenset()
    is_listed: bool = False
    lists_below: bool = False

    def place(self, room: Room, building_depth: int = 0) -> tuple[str, str]:
        """Return the names of the building and the floor of a room, each empty if unknown."""
        above, below = self.levels_around(room, building_depth)
        return above[-1].name if above else "", below[0].name if below else ""

    def levels_around(self, room: Room, building_depth: int = 0) -> tuple[tuple[RoomLevel, ...], tuple[RoomLevel, ...]]:
        """Return the levels of a room down to its building, and those below the building, each from the top down.

        `building_depth` says which level is the building: 1 is the topmost. A room with fewer levels has its innermost
        level as the building. With 0 the building and the floor are the two innermost levels; levels above them may be
        cities and countries.
        """
        levels = self._lineage_of(room)
        count = building_depth or max(len(levels) - 1, 1)
        return levels[:count], levels[count:]

    def names_by_depth(self) -> list[list[str]]:
        """Return the names of the levels that rooms have at each depth, the topmost depth first."""
        depths: list[dict[str, None]] = []
        for room in self.rooms.values():
            for depth, level in enumerate(self._lineage_of(room)):
                if depth == len(depths):
                    depths.append({})
                depths[depth][level.name] = None
        return [sorted(names) for names in depths]

    def level_name(self, level_id: str) -> str:
        """Return the name of a level, preceded by those above it: "Tower A / 3F"."""
        lineage = [self.levels[above].name for above in self._lineage(level_id) if above in self.levels]
        return " / ".join(reversed(lineage))

    def rooms_on(self, level_ids: Iterable[str]) -> list[str]:
        """Return the IDs of the rooms on these levels and on the levels below them."""
        wanted = set(level_ids)
        return [room.room_id for room in self.rooms.values() if not wanted.isdisjoint(self.levels_of(room))]

    def room_counts(self) -> Counter[str]:
        """Return how many rooms each level has, including the levels below it."""
        return Counter(level_id for room in self.rooms.values() for level_id in self.levels_of(room))

    def _lineage_of(self, room: Room) -> tuple[RoomLevel, ...]:
        """Return the levels of a room from the top down. Some answers have no `path`, others no parents of levels."""
        path = self._known_levels((*room.path, room.room_level_id))
        lineage = self._known_levels(self._lineage(room.room_level_id))[::-1]
        return path if len(path) >= len(lineage) else lineage

    def _known_levels(self, level_ids: Iterable[str]) -> tuple[RoomLevel, ...]:
        return tuple(self.levels[level_id] for level_id in dict.fromkeys(level_ids) if level_id in self.levels)

    def levels_of(self, room: Room) -> set[str]:
        """Return the IDs of the levels that a room is on: its floor, and those above."""
        return {*room.path, *self._lineage(room.room_level_id)}

    def levels_below(self, level_ids: Iterable[str]) -> dict[str, RoomLevel]:
        """Return the levels below these levels, by ID. All levels are below ""."""
        above = set(level_ids)
        return {
            level_id: level
            for level_id, level in self.levels.items()
            if "" in above or not above.isdisjoint(self._lineage(level.parent_id))
        }

    def lists_of(self, level_ids: Iterable[str]) -> list[str]:
        """Return the levels whose lists have all rooms on these levels and on those below them."""
        wanted = set(level_ids)
        if not self.lists_below:
            return sorted(wanted | self.levels_below(wanted).keys())
        return sorted(level_id for level_id in wanted if wanted.isdisjoint(list(self._lineage(level_id))[1:]))

    def top_of(self, level_id: str) -> str:
        """Return the topmost level above a level, or the level itself."""
        known = [above for above in self._lineage(level_id) if above in self.levels]
        return known[-1] if known else level_id

    def _lineage(self, level_id: str) -> Iterator[str]:
        """Yield the IDs of a level and of those above it, the nearest first."""
        seen: set[str] = set()
        while level_id not in seen and len(seen) < _MAX_DEPTH:
            seen.add(level_id)
            yield level_id
            level_id = self.levels[level_id].parent_id if level_id in self.levels else level_id


async def read_catalogue(client: FeishuClient, known: Catalogue | None = None) -> Catalogue:
    """Read all rooms and levels. Raises `FeishuError` if the tenant can't be read.

    If an earlier read, `known`, found all rooms in the list without a level, no list of a level is read again.

    A room list without a level should hold every room of the tenant, but some tenants return only a part. So read the
    list of a level that has many rooms, and the lists that show the levels without rooms. If one of them has a new
    room, read all other levels, too. A level that can't be read costs that level alone: it is in `unread`.
    """
    scan = _Scan(client)
    rooms = _by_id(await client.rooms())
    levels = await scan.levels()
    if known and known.is_listed:
        return replace(known, rooms=rooms, levels=levels, unread=frozenset(scan.unread))
    known = Catalogue(rooms, levels)
    seen = {level_id for room in rooms.values() for level_id in (*room.path, room.room_level_id)}
    hidden: dict[str, Room] = {}
    asked: set[str] = set()
    lists_below = False
    for level_id in _samples(known):
        asked.add(level_id)
        hidden |= (sample := await scan.rooms_of([level_id]))
        if any(level_id in room.path and room.room_level_id != level_id for room in sample.values()):
            lists_below = True
            break
    empty = levels.keys() - seen - asked
    lists = set(_shortest_lists(known, empty)) - asked if lists_below else set(empty)
    hidden |= await scan.rooms_of(lists)
    asked |= lists
    is_listed = not hidden.keys() - rooms.keys()
    if not is_listed:
        lists = set(map(known.top_of, levels) if lists_below else levels)
        hidden |= await scan.rooms_of(lists - asked)
        asked |= lists
    if lists_below:  # a level may be closed to the app, and those below it not
        below = known.levels_below(scan.unread & asked).keys()
        hidden |= await scan.rooms_of((below if not is_listed else below & empty) - asked)
        is_listed = is_listed and not hidden.keys() - rooms.keys()
    is_listed = is_listed and not scan.unread  # a level that could not be read may have rooms that are not listed
    return Catalogue(hidden | rooms, levels, frozenset(scan.unread), is_listed=is_listed, lists_below=lists_below)


def _shortest_lists(known: Catalogue, empty: Iterable[str]) -> list[str]:
    """Return the levels whose lists, with the rooms below them, show all of the levels `empty` in the fewest calls.

    That is the topmost level, or the topmost of the empty ones if the list of the whole has too many pages.
    """
    apart = replace(known, lists_below=True).lists_of(empty)
    by_top: dict[str, list[str]] = {}
    for level_id in apart:
        by_top.setdefault(known.top_of(level_id), []).append(level_id)
    counts = known.room_counts()
    return [
        level_id
        for top, below in by_top.items()
        for level_id in ([top] if pages_of(counts[top]) < len(below) else below)
    ]


def pages_of(rooms: int) -> int:
    """Return how many calls a list of this many rooms takes."""
    return max(-(-rooms // PAGE_SIZE), 1)


def _samples(known: Catalogue) -> list[str]:
    """Return the levels whose lists show whether the list without a level is complete.

    These are the topmost level with the most rooms, and the level with the most rooms directly on it: not every tenant
    lists the rooms below a level. If no room is listed, it is the topmost level with the most levels below it.
    """
    levels = known.levels
    below = {level_id: n for level_id, n in known.room_counts().items() if level_id in levels}
    directly = Counter(room.room_level_id for room in known.rooms.values() if room.room_level_id in levels)
    topmost = {level_id: n for level_id, n in below.items() if levels[level_id].parent_id not in levels}
    largest = Counter(map(known.top_of, levels)) if not below else Counter[str]()
    fullest = [
        max(each, key=lambda level_id: (each[level_id], level_id)) for each in (topmost, directly, largest) if each
    ]
    return list(dict.fromkeys(fullest))


class _Scan:
    """Reads levels one by one, and goes on without those that can't be read."""

    def __init__(self, client: FeishuClient) -> None:
        self._client = client
        self._good = 1  # the list of rooms
        self._failed = 0
        self.unread: set[str] = set()

    async def levels(self) -> dict[str, RoomLevel]:
        """Return all levels that can be read, by ID."""
        levels: dict[str, RoomLevel] = {}
        parents = [""]
        while parents:
            parent = parents.pop()
            for level in await self._try(parent, self._client.room_levels(parent)):
                if level.room_level_id not in levels:
                    levels[level.room_level_id] = level
                    parents += [level.room_level_id] if level.has_child else []
            if len(levels) > _MAX_LEVELS:
                raise UnreadableAnswerError("the tenant has too many room levels")
        return levels

    async def rooms_of(self, level_ids: Iterable[str]) -> dict[str, Room]:
        """Return the rooms on these levels, by ID."""
        rooms: dict[str, Room] = {}
        for level_id in sorted(level_ids):
            rooms |= _by_id(await self._try(level_id, self._client.rooms(level_id)))
            if len(rooms) > _MAX_ROOMS:
                raise UnreadableAnswerError("the tenant has too many rooms")
        return rooms

    async def _try[T](self, level_id: str, items: Awaitable[tuple[T, ...]]) -> tuple[T, ...]:
        """Return the items of a level, none if it can't be read. Raises `FeishuError` if more calls fail than succeed.

        A level that the app may not see does not count as a failure.
        """
        try:
            found = await items
        except SubjectError:
            self.unread.add(level_id)
            return ()
        except NotFeishuError:
            raise
        except RequestError, ServerError:
            self._failed += 1
            if self._failed >= self._good:
                raise
            self.unread.add(level_id)
            return ()
        self._good += 1
        return found


def _by_id(rooms: Iterable[Room]) -> dict[str, Room]:
    return {room.room_id: room for room in rooms}
