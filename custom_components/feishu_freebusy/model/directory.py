"""The known rooms of a tenant, with their names and places."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from ..feishu.directory import Catalogue
from ..feishu.models import Room, SubjectKind


@dataclass(frozen=True, slots=True)
class KnownRooms:
    """The rooms and levels as read at `read_at`.

    Rooms that the latest scan of all levels did not find stay in `catalogue` as they were last known, at `told_at`;
    `missing` counts the scans without them. After two of these scans, and a direct request for the room, they are
    `gone`. `scopes` are those granted to the app, None if unknown. `unlisted` is not empty if the app may not list
    rooms: one of these scopes would allow it. `was_listed` says whether it ever could.
    """

    catalogue: Catalogue
    read_at: datetime
    missing: Mapping[str, int] = field(default_factory=dict)
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    scopes: frozenset[str] | None = None
    unlisted: tuple[str, ...] = ()
    was_listed: bool = True

    def tells_of(self, room_id: str) -> bool:
        """Return whether the status of the room is known, or cannot be known by this app."""
        return bool(self.unlisted) or room_id in self.catalogue.rooms

    def as_of(self, room_id: str) -> datetime:
        """Return when the status of a room was read."""
        return self.told_at.get(room_id, self.read_at)

    def followed(self, level_ids: Collection[str]) -> list[str]:
        """Return the ids of the rooms on these levels, and of missing rooms that may have been on one of them."""
        if not level_ids:
            return []
        missing = map(self.catalogue.rooms.__getitem__, self.missing)
        # A room without a name was picked by hand and never listed by Feishu: it is on no followed level
        homeless = (room.room_id for room in missing if room.name and not room.room_level_id)
        ids = dict.fromkeys([*self.catalogue.rooms_on(level_ids), *homeless])
        return [room_id for room_id in ids if room_id not in self.gone]


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room as shown; `device_name` differs from `room.name` if several rooms share a name."""

    kind: ClassVar[SubjectKind] = SubjectKind.ROOM
    room: Room
    building: str
    floor: str
    device_name: str

    @property
    def id(self) -> str:
        """Return the id of the room."""
        return self.room.room_id


def describe_rooms(catalogue: Catalogue, room_names: Mapping[str, str]) -> dict[str, RoomInfo]:
    """Return the rooms as shown; rooms that share a name get their floor, and if needed their building, appended."""
    infos = {}
    for room_id, name in room_names.items():
        room = catalogue.rooms.get(room_id) or Room(room_id, name)
        room = room if room.name else replace(room, name=name or room_id)
        infos[room_id] = RoomInfo(room, *catalogue.place(room), device_name=room.name)
    for suffix in (_floor, _building_and_floor):
        names = Counter(info.device_name for info in infos.values())
        infos = {
            room_id: replace(info, device_name=f"{info.room.name} ({suffix(info)})")
            if suffix(info) and names[info.device_name] > 1
            else info
            for room_id, info in infos.items()
        }
    return infos


def _floor(info: RoomInfo) -> str:
    return info.floor or info.building


def _building_and_floor(info: RoomInfo) -> str:
    return place_text(info) if info.floor else ""


def place_text(info: RoomInfo) -> str:
    """Return the place of a room in one line: "Tower A / 3F"."""
    return " / ".join(part for part in (info.building, info.floor) if part)
