"""The rooms and people exposed to an assistant, with all their names."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er

from ..const import DOMAIN
from ..coordinator import FeishuConfigEntry, FreeBusyCoordinator
from ..devices import subject_id_of
from ..feishu.models import SubjectKind, SubjectRef
from ..finder import combined, main_entity_id
from ..model.directory import RoomInfo
from ..model.schedule import Schedule
from ..model.subject import Snapshot, snapshot_of
from .names import Match, Names, core_of, find_match, without_brackets


@dataclass(frozen=True, slots=True)
class SpokenSubject:
    """A room or a person as users name it. `info` is None for a person, and while the entry is not loaded.

    `others` are further entries that read the same room or person.
    """

    entry: FeishuConfigEntry
    subject_id: str
    entity_id: str | None
    name: str
    names: frozenset[str]
    area: str
    info: RoomInfo | None
    others: tuple[FeishuConfigEntry, ...] = ()

    @property
    def kind(self) -> SubjectKind:
        """Return whether it is a room or a person, also while the entry is not loaded."""
        return SubjectRef.of(self.subject_id).kind

    @property
    def place(self) -> str:
        """Return building and floor in one text, empty if unknown."""
        return f"{self.info.building} {self.info.floor}".strip() if self.info else ""

    @property
    def places(self) -> tuple[str, ...]:
        """Return all names of its place: floor, building, both, area."""
        parts = (self.info.floor, self.info.building, self.place, self.info.zone) if self.info else ()
        return tuple(filter(None, dict.fromkeys((*parts, self.area))))

    @property
    def coordinator(self) -> FreeBusyCoordinator | None:
        """Return the coordinator, None while the entry is not loaded."""
        return self.entry.runtime_data if self.entry.state is ConfigEntryState.LOADED else None

    @property
    def entries(self) -> list[FeishuConfigEntry]:
        """Return the loaded entries that read it."""
        return [entry for entry in (self.entry, *self.others) if _is_loaded(entry)]

    @property
    def schedule(self) -> Schedule | None:
        """Return all that is known of its bookings, None if nothing current is. Busy if any app says so."""
        return combined(entry.runtime_data.subjects.schedule(self.subject_id) for entry in self.entries)

    @property
    def snapshot(self) -> Snapshot | None:
        """Return the current snapshot, None if nothing current is known. Busy if any app says so."""
        coordinators = [entry.runtime_data for entry in self.entries]
        if len(coordinators) < 2:  # noqa: PLR2004
            return coordinators[0].subjects.snapshot(self.subject_id) if coordinators else None
        schedule = self.schedule
        moment, min_free = coordinators[0].clock.moment, coordinators[0].options.min_free
        return snapshot_of(schedule, moment, min_free, schedule.horizon) if schedule else None

    @property
    def is_reachable(self) -> bool:
        """Return whether the last poll succeeded."""
        return self.coordinator is not None and self.coordinator.last_update_success

    @property
    def known_since(self) -> datetime:
        """Return the start of the known window, to compare the age of readings."""
        schedule = self.coordinator.subjects.schedule(self.subject_id) if self.coordinator else None
        return schedule.window_start if schedule else datetime.min.replace(tzinfo=UTC)


@callback
def async_spoken_subjects(hass: HomeAssistant, assistant: str | None) -> dict[str, SpokenSubject]:
    """Return the rooms and people whose main entities are exposed to this assistant, by id, sorted by name.

    Without an assistant, all are returned. If two apps show a room or person, the one with the latest reading gives
    its name and place.
    """
    subjects: dict[str, SpokenSubject] = {}
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False):
        for subject in _subjects_of(hass, entry, assistant):
            other = subjects.get(subject.subject_id)
            if other is None:
                subjects[subject.subject_id] = subject
                continue
            first, second = (subject, other) if other.known_since < subject.known_since else (other, subject)
            subjects[subject.subject_id] = replace(first, others=(*first.others, second.entry, *second.others))
    return dict(sorted(subjects.items(), key=lambda item: item[1].name))


def _is_loaded(entry: FeishuConfigEntry) -> bool:
    return entry.state is ConfigEntryState.LOADED


def _subjects_of(hass: HomeAssistant, entry: FeishuConfigEntry, assistant: str | None) -> Iterator[SpokenSubject]:
    coordinator = entry.runtime_data if entry.state is ConfigEntryState.LOADED else None
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        subject_id = subject_id_of(entry, device.identifiers)
        if subject_id is None or device.disabled or (coordinator and subject_id not in coordinator.subjects):
            continue
        entity_id = main_entity_id(hass, entry, subject_id)
        if assistant and not (entity_id and async_should_expose(hass, assistant, entity_id)):
            continue
        info = coordinator.subjects[subject_id].info if coordinator else None
        area = ar.async_get(hass).async_get_area(device.area_id) if device.area_id else None
        names = [device.name_by_user, device.name, *_names_of_entity(hass, entity_id)]
        room = info if isinstance(info, RoomInfo) else None
        yield SpokenSubject(
            entry,
            subject_id,
            entity_id,
            name=device.name_by_user or device.name or subject_id,
            names=frozenset(filter(None, [*names, room.room.name if room else None])),
            area=area.name if area else "",
            info=room,
        )


def _names_of_entity(hass: HomeAssistant, entity_id: str | None) -> Iterator[str | None]:
    """Yield the names that a user gave to an entity, and its aliases."""
    if entity_id and (entity := er.async_get(hass).async_get(entity_id)):
        yield entity.name
        # The alias that stands for the entity's own name is not a string
        yield from (alias for alias in entity.aliases if isinstance(alias, str))


def find_subject(said: str, subjects: Mapping[str, SpokenSubject]) -> Match[str]:
    """Return the ids of the rooms and people with this name. Call it in a thread: thousands of names take a while."""
    return find_match(
        said, {subject_id: Names(subject.names, subject.places) for subject_id, subject in subjects.items()}
    )


@callback
def rooms_in_area(hass: HomeAssistant, rooms: Mapping[str, SpokenSubject], area_id: str | None) -> list[SpokenSubject]:
    """Return the rooms of an area, none without an area."""
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    return [room for room in rooms.values() if area and room.area == area.name]


@dataclass(frozen=True, slots=True)
class Place:
    """A floor, a building, a floor of a building or an area, as fields of a search."""

    floors: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()


def find_place(said: str, subjects: Iterable[SpokenSubject]) -> Place | None:
    """Return the place with this name that has rooms, None if there is none. Call it in a thread."""
    known: dict[Place, Names] = {}
    for subject in subjects:
        floor, building = (subject.info.floor, subject.info.building) if subject.info else ("", "")
        if floor:
            # "third floor" means "3F" in one building and "3层（研发）" in the next
            known[Place(floors=(floor,))] = Names([floor, without_brackets(floor)])
        if building:
            known[Place(buildings=(building,))] = Names([building, _without_levels_above(building)])
        if floor and building:
            both = Place(floors=(floor,), buildings=(building,))
            spellings = dict.fromkeys((building, _without_levels_above(building)))
            orders = ("{building} {floor}", "{floor} {building}")
            names = [order.format(building=each, floor=floor) for each, order in product(spellings, orders)]
            known[both] = Names(names, has_parts=False)
        if subject.area:
            known[Place(areas=(subject.area,))] = Names([subject.area])
    found = find_match(said, known, literally=False).ids
    meant = min(map(_rank, found), default=None)
    places = [place for place in found if _rank(place) == meant]
    return _merged(places) if places else None


def _rank(place: Place) -> tuple[bool, bool, list[str]]:
    """Return the rank of a place. The lowest rank is meant; places of one rank can be searched together.

    A floor comes before an area of the same name. Floors of two buildings have two ranks, because a search for both
    would also find the other building's floor.
    """
    buildings = [core_of(_without_levels_above(each)) for each in place.buildings if place.floors]
    return bool(place.areas), bool(place.buildings), buildings


def _without_levels_above(building: str) -> str:
    """Return what people call a building; "Tower A" means both "Shanghai / Tower A" and "Beijing / Tower A"."""
    return building.rpartition(" / ")[2]


def _merged(places: Sequence[Place]) -> Place:
    """Return places of one rank as one: the third floor is "3F" in one building and "3层" in the next."""
    return Place(
        floors=tuple(floor for place in places for floor in place.floors),
        buildings=tuple(building for place in places for building in place.buildings),
        areas=tuple(area for place in places for area in place.areas),
    )
