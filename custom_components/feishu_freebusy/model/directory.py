"""The known rooms of a tenant, with their names and places."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Final

from ..feishu.directory import Catalogue
from ..feishu.models import Room, RoomLevel, SubjectKind

_SEPARATOR: Final = " / "
_LEAST_LEVELS: Final = 2  # appended to a shared name, even if they tell nothing apart

SCANS_TO_BE_GONE = 2
_LONGEST_NAME = 200  # letters of an entity id, which also has the domain and the name of the entity
_LETTERS_OF_SIGN = 7


@dataclass(frozen=True, slots=True)
class WholeRead:
    """A read of the whole tree of rooms and levels: when, and how many calls it took."""

    at: datetime
    calls: int


@dataclass(frozen=True, slots=True)
class KnownRooms:
    """The rooms and levels as read at `read_at`.

    Rooms that the latest scan of all levels did not find stay in `catalogue` as they were last known, at `told_at`;
    `missing` counts the scans without them. After two of these scans, and a direct request for the room, they are
    `gone`. `strays` are followed rooms that the latest scan found on no followed level: they stay on their old level
    until a direct request confirms a move. `lost_levels` counts the scans without a followed level. `scopes` are those
    granted to the app, None if unknown. `unlisted` is not empty if the app may not list rooms: one of these scopes
    would allow it. `was_listed` says whether it ever could. `whole` is the last read of the whole tree; since then,
    only the rooms that are used may have been read.

    The status of rooms is also read between the scans: `told_at` then has the time. `absent` are the rooms that the
    latest of these reads did not find. `doubted` is when bookings of a room vanished, which a closure may have caused.
    """

    catalogue: Catalogue
    read_at: datetime
    missing: Mapping[str, int] = field(default_factory=dict)
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    strays: frozenset[str] = frozenset()
    lost_levels: Mapping[str, int] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    doubted: Mapping[str, datetime] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    unlisted: tuple[str, ...] = ()
    was_listed: bool = True
    whole: WholeRead | None = None

    @property
    def levels_gone(self) -> frozenset[str]:
        """Return the followed levels that two scans did not find, or found without the rooms that were there."""
        return frozenset(level_id for level_id, scans in self.lost_levels.items() if scans >= SCANS_TO_BE_GONE)

    def tells_of(self, room_id: str) -> bool:
        """Return whether the status of the room is known, or cannot be known by this app."""
        return bool(self.unlisted) or room_id in self.catalogue.rooms

    def as_of(self, room_id: str) -> datetime:
        """Return when the status of a room was read."""
        return self.told_at.get(room_id, self.read_at)

    def is_missing(self, room_id: str) -> bool:
        """Return whether the latest read did not find a room that was known before."""
        return room_id in self.absent or self.missing.get(room_id, 0) > 0

    def is_doubted(self, room_id: str) -> bool:
        """Return whether bookings of a room have vanished since its status was read."""
        return room_id in self.doubted and self.as_of(room_id) < self.doubted[room_id]

    def with_statuses(self, asked: Collection[str], found: Iterable[Room], read_at: datetime) -> KnownRooms:
        """Return the same with the statuses of `found`, the answer for the rooms `asked` at `read_at`.

        What was read later stays.
        """
        known = self.catalogue.rooms
        asked = [room_id for room_id in asked if room_id not in self.told_at or self.told_at[room_id] <= read_at]
        by_id = {room.room_id: room for room in found if room.room_id in asked and room.room_id in known}
        statuses = {room_id: replace(known[room_id], status=room.status) for room_id, room in by_id.items()}
        return replace(
            self,
            catalogue=replace(self.catalogue, rooms={**known, **statuses}),
            missing={room_id: scans for room_id, scans in self.missing.items() if room_id not in by_id},
            told_at={**self.told_at, **dict.fromkeys(by_id, read_at)},
            gone=self.gone - by_id.keys(),
            absent=(self.absent - by_id.keys()) | (known.keys() & set(asked) - by_id.keys()),
            doubted={room_id: since for room_id, since in self.doubted.items() if room_id not in by_id},
        )

    def with_newer_of(self, other: KnownRooms) -> KnownRooms:
        """Return the same with what became known in `other` while this was read."""
        rooms, others = self.catalogue.rooms, other.catalogue.rooms
        newer = {
            room_id: read_at
            for room_id, read_at in other.told_at.items()
            if room_id in rooms and room_id in others and read_at > self.as_of(room_id)
        }
        if not newer and not other.doubted:
            return self
        statuses = {room_id: replace(rooms[room_id], status=others[room_id].status) for room_id in newer}
        return replace(
            self,
            catalogue=replace(self.catalogue, rooms={**rooms, **statuses}),
            told_at={**self.told_at, **newer},
            doubted={room_id: since for room_id, since in other.doubted.items() if since > self.as_of(room_id)},
        )

    def followed(self, level_ids: Collection[str]) -> list[str]:
        """Return the ids of the rooms on these levels, and of missing rooms that may have been on one of them."""
        if not level_ids:
            return []
        astray = map(self.catalogue.rooms.__getitem__, [*self.missing, *self.strays])
        # A room without a name was picked by hand and never listed by Feishu: it is on no followed level
        homeless = (room.room_id for room in astray if room.name and not room.room_level_id and not room.path)
        ids = dict.fromkeys([*self.catalogue.rooms_on(level_ids), *homeless])
        return [room_id for room_id in ids if room_id not in self.gone]


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room as shown; `device_name` differs from `room.name` if several rooms share a name.

    `building` has the names of levels above it if another building has its name: "Shanghai / Tower A". `zone` has the
    levels below the floor.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.ROOM
    room: Room
    building: str
    floor: str
    device_name: str
    zone: str = ""

    @property
    def id(self) -> str:
        """Return the id of the room."""
        return self.room.room_id


def describe_rooms(catalogue: Catalogue, room_names: Mapping[str, str], building_depth: int = 0) -> dict[str, RoomInfo]:
    """Return the rooms as shown; rooms that share a name get their levels appended, as many as tell them apart.

    `building_depth` says which level is the building: 1 is the topmost, 0 the one above the innermost.
    """
    known = _places(catalogue, building_depth)
    rooms, places = {}, {}
    for room_id, name in room_names.items():
        room = catalogue.rooms.get(room_id) or Room(room_id, name)
        rooms[room_id] = room if room.name else replace(room, name=name or room_id)
        places[room_id] = known.get((room.path, room.room_level_id), _NOWHERE)
    names = {room_id: shortened(room.name) for room_id, room in rooms.items()}
    for depth in range(1, max((len(place.lineage) for place in places.values()), default=0) + 1):
        for room_id in _with_shared_names(names, places, by_lineage=depth > _LEAST_LEVELS):
            lineage = places[room_id].lineage
            if len(lineage) >= depth:
                names[room_id] = _with_suffix(rooms[room_id].name, _SEPARATOR.join(lineage[-depth:]))
    return {
        room_id: RoomInfo(room, place.building, place.floor, names[room_id], place.zone)
        for (room_id, room), place in zip(rooms.items(), places.values(), strict=True)
    }


def shortened(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name that Home Assistant can make entity ids of, cut if needed.

    An entity id has up to 255 characters, and a Chinese character becomes up to 7 of them: "zhuang_".
    """
    length = 0
    for index, sign in enumerate(name):
        length += 1 if sign.isascii() else _LETTERS_OF_SIGN
        if length > longest:
            return f"{name[:index].rstrip()}…"
    return name


def _with_suffix(name: str, suffix: str) -> str:
    return f"{shortened(name, _LONGEST_NAME * 6 // 10)} ({shortened(suffix, _LONGEST_NAME * 4 // 10)})"


def _with_shared_names(names: Mapping[str, str], places: Mapping[str, _Place], *, by_lineage: bool) -> list[str]:
    """Return the rooms whose name others have, too; if `by_lineage`, only if more levels tell them apart."""
    having: dict[str, list[str]] = {}
    for room_id, name in names.items():
        having.setdefault(name, []).append(room_id)
    shared = [room_ids for room_ids in having.values() if len(room_ids) > 1]
    if by_lineage:
        shared = [room_ids for room_ids in shared if len({places[room_id].lineage for room_id in room_ids}) > 1]
    return [room_id for room_ids in shared for room_id in room_ids]


@dataclass(frozen=True, slots=True)
class _Place:
    building: str
    floor: str
    zone: str
    lineage: tuple[str, ...]  # names of all levels, the topmost first


_NOWHERE: Final = _Place("", "", "", ())


def _places(catalogue: Catalogue, building_depth: int) -> dict[tuple[tuple[str, ...], str], _Place]:
    """Return where rooms are, by their path and level: many rooms share one place."""
    around = {
        key: catalogue.levels_around(room, building_depth)
        for key, room in {(room.path, room.room_level_id): room for room in catalogue.rooms.values()}.items()
    }
    buildings = _names_of_buildings(above for above, _ in around.values())
    places = {}
    for key, (above, below) in around.items():
        floor, *zones = [level.name for level in below] or [""]
        building = buildings[above[-1].room_level_id] if above else ""
        lineage = tuple(level.name for level in (*above, *below))
        places[key] = _Place(building, floor, _SEPARATOR.join(zones), lineage)
    return places


def _names_of_buildings(lines: Iterable[tuple[RoomLevel, ...]]) -> dict[str, str]:
    """Return the names of buildings by their level ids; namesakes get the levels above them prepended.

    Each line has the levels from the topmost down to a building.
    """
    lineages = {line[-1].room_level_id: tuple(level.name for level in line) for line in lines if line}
    names = {level_id: lineage[-1] for level_id, lineage in lineages.items()}
    for depth in range(2, max(map(len, lineages.values()), default=0) + 1):
        different: dict[str, set[tuple[str, ...]]] = {}
        for level_id, name in names.items():
            different.setdefault(name, set()).add(lineages[level_id])
        names |= {
            level_id: _SEPARATOR.join(lineages[level_id][-depth:])
            for level_id, name in names.items()
            if len(different[name]) > 1 and len(lineages[level_id]) >= depth
        }
    return names


def place_text(info: RoomInfo) -> str:
    """Return the place of a room in one line: "Tower A / 3F"."""
    return _SEPARATOR.join(part for part in (info.building, info.floor, info.zone) if part)
