"""The rooms and people of an entry: which there are, and what each shows now."""

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from datetime import datetime
from typing import Protocol, override

from homeassistant.core import callback

from ..feishu.models import SubjectKind
from ..model.directory import shortened
from ..model.options import Options
from ..model.schedule import Schedule
from ..model.subject import PersonInfo, Snapshot, Subject, SubjectInfo
from .catalogue import CatalogueCoordinator
from .clock import EntryClock
from .store import Readings


class Host(Protocol):
    """Knows the options of the entry."""

    @property
    def options(self) -> Options:
        """The options in force."""


class Subjects(Mapping[str, Subject]):
    """All rooms and people, by id."""

    def __init__(self, catalogue: CatalogueCoordinator, clock: EntryClock, host: Host) -> None:
        """Make the subjects from the options and the catalogue, which has been read before."""
        self._catalogue = catalogue
        self._clock = clock
        self._host = host
        self._by_id: Mapping[str, Subject] = {}  # replaced, never changed: another thread reads it
        self.replace(self.describe())

    @override
    def __getitem__(self, subject_id: str) -> Subject:
        return self._by_id[subject_id]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    @override
    def __len__(self) -> int:
        return len(self._by_id)

    @override
    def items(self) -> ItemsView[str, Subject]:  # the views of a dictionary: a mapping's own ones are slow
        return self._by_id.items()

    @override
    def values(self) -> ValuesView[Subject]:
        return self._by_id.values()

    @property
    def room_ids(self) -> tuple[str, ...]:
        """Return the ids of the rooms."""
        return tuple(room_id for room_id, subject in self._by_id.items() if subject.kind is SubjectKind.ROOM)

    @callback
    def snapshot(self, subject_id: str) -> Snapshot | None:
        """Return what to show about a subject now, None if nothing current is known."""
        subject = self._by_id.get(subject_id)
        return subject.snapshot(self._clock.moment, self._host.options.min_free) if subject else None

    @callback
    def schedule(self, subject_id: str) -> Schedule | None:
        """Return the schedule of a subject, None if nothing current is known."""
        return self._by_id[subject_id].schedule if self.snapshot(subject_id) else None

    @callback
    def next_change(self) -> datetime | None:
        """Return when the first subject will change, None if none will. It is now if one changed unnoticed."""
        moment, min_free = self._clock.moment, self._host.options.min_free
        instants = []
        for subject in self._by_id.values():
            if (shot := subject.snapshot(moment, min_free)) is not subject.last_notified:
                instants.append(moment.now)  # it changed while others were notified
            elif shot:
                instants.append(shot.until)
        return min(instants, default=None)

    def readings(self) -> Readings:
        """Return the reading of each subject that has one. May be called in another thread."""
        return {subject_id: subject.reading for subject_id, subject in self._by_id.items() if subject.reading}

    def describe(self) -> Mapping[str, SubjectInfo]:
        """Return the rooms and people that the options and the catalogue now name."""
        known, options = self._catalogue.data, self._host.options
        followed = {room_id: known.catalogue.rooms[room_id].name for room_id in known.followed(options.room_levels)}
        people = {person_id: PersonInfo(person_id, shortened(name)) for person_id, name in options.people.items()}
        return {**self._catalogue.describe({**followed, **options.rooms}), **people}

    @callback
    def replace(self, infos: Mapping[str, SubjectInfo]) -> None:
        """Have exactly these subjects. Those that stay keep all that is known of them."""
        before = self._by_id
        self._by_id = {subject_id: before.get(subject_id) or Subject(info) for subject_id, info in infos.items()}
