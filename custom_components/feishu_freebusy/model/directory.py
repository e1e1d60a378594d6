"""The rooms of a tenant as they are known: which there are, what they are called, and where they are."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..feishu.directory import Catalogue
from ..feishu.models import Room


@dataclass(frozen=True, slots=True)
class ReadCatalogue:
    """A catalogue, and when it was read.

    Rooms that are missing in the latest walk over all levels are in it as they were last known, `told_at` says when;
    `missing` says for how many walks. They are `gone` when two walks and a question for that very room said so.
    `scopes` are those granted to the app, None where that is not known. `unlisted` is not empty if rooms may not be
    listed (any more): any one of these scopes would do; `was_listed` tells whether they ever were.
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
        """Tell whether it is known if the room is disabled, as far as that can be."""
        return bool(self.unlisted) or room_id in self.catalogue.rooms

    def as_of(self, room_id: str) -> datetime:
        """Return when what there is of a room was true."""
        return self.told_at.get(room_id, self.read_at)

    def followed(self, level_ids: Collection[str]) -> list[str]:
        """Return the ids of the rooms on these levels, with those that are missing and may have been on one."""
        if not level_ids:
            return []
        missing = map(self.catalogue.rooms.__getitem__, self.missing)
        # One without a name was picked by hand and never shown by Feishu: no level brought it
        homeless = (room.room_id for room in missing if room.name and not room.room_level_id)
        ids = dict.fromkeys([*self.catalogue.rooms_on(level_ids), *homeless])
        return [room_id for room_id in ids if room_id not in self.gone]


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room as it is shown; `device_name` differs from `room.name` where rooms share one."""

    room: Room
    building: str
    floor: str
    device_name: str


def describe_rooms(catalogue: Catalogue, room_names: Mapping[str, str]) -> dict[str, RoomInfo]:
    """Return what is known of the rooms; those that share a name get their floor, if need be their building, too."""
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
    """Return where a room is, in one line."""
    return " / ".join(part for part in (info.building, info.floor) if part)
