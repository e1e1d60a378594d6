"""The rooms of a tenant and the levels (buildings, floors) they are on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .client import FeishuClient
from .errors import UnreadableAnswerError
from .models import Room, RoomLevel

# No real tenant comes near these. They stop the scan of an endless or circular tree
_MAX_ROOMS = 50_000
_MAX_LEVELS = 10_000
_MAX_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rooms and levels of a tenant, by id."""

    rooms: Mapping[str, Room]
    levels: Mapping[str, RoomLevel]

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
        return [room.room_id for room in self.rooms.values() if not wanted.isdisjoint(self._levels_of(room))]

    def room_counts(self) -> Counter[str]:
        """Return how many rooms each level has, including the levels below it."""
        return Counter(level_id for room in self.rooms.values() for level_id in self._levels_of(room))

    def _lineage_of(self, room: Room) -> tuple[RoomLevel, ...]:
        """Return the levels of a room from the top down. Some answers have no `path`, others no parents of levels."""
        path = self._known_levels((*room.path, room.room_level_id))
        lineage = self._known_levels(self._lineage(room.room_level_id))[::-1]
        return path if len(path) >= len(lineage) else lineage

    def _known_levels(self, level_ids: Iterable[str]) -> tuple[RoomLevel, ...]:
        return tuple(self.levels[level_id] for level_id in dict.fromkeys(level_ids) if level_id in self.levels)

    def _levels_of(self, room: Room) -> set[str]:
        return {*room.path, *self._lineage(room.room_level_id)}

    def _lineage(self, level_id: str) -> Iterator[str]:
        """Yield the IDs of a level and of those above it, the nearest first."""
        seen: set[str] = set()
        while level_id not in seen and len(seen) < _MAX_DEPTH:
            seen.add(level_id)
            yield level_id
            level_id = self.levels[level_id].parent_id if level_id in self.levels else level_id


async def read_catalogue(client: FeishuClient) -> Catalogue:
    """Read all rooms and levels. Raises `FeishuError` rather than return a partial catalogue.

    A room list without a level should hold every room of the tenant, but some tenants return only a part. So read the
    rooms of each level that has none in the list. If one of them has a new room, read all other levels, too.
    """
    rooms = {room.room_id: room for room in await client.rooms()}
    levels = await _read_levels(client)
    seen = {level_id for room in rooms.values() for level_id in (*room.path, room.room_level_id)}
    hidden = await _rooms_of(client, levels.keys() - seen)
    if hidden.keys() - rooms.keys():
        hidden |= await _rooms_of(client, levels.keys() & seen)
    return Catalogue(rooms=hidden | rooms, levels=levels)


async def _read_levels(client: FeishuClient) -> dict[str, RoomLevel]:
    levels = {level.room_level_id: level for level in await client.room_levels()}
    parents = [level for level in levels.values() if level.has_child]
    while parents:
        parent = parents.pop()
        for level in await client.room_levels(parent.room_level_id):
            if level.room_level_id not in levels:
                levels[level.room_level_id] = level
                parents += [level] if level.has_child else []
        if len(levels) > _MAX_LEVELS:
            raise UnreadableAnswerError("the tenant has too many room levels")
    return levels


async def _rooms_of(client: FeishuClient, level_ids: Iterable[str]) -> dict[str, Room]:
    rooms: dict[str, Room] = {}
    for level_id in sorted(level_ids):
        rooms |= {room.room_id: room for room in await client.rooms(level_id)}
        if len(rooms) > _MAX_ROOMS:
            raise UnreadableAnswerError("the tenant has too many rooms")
    return rooms
