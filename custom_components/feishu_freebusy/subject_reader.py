"""Reads rooms and people at once: whom along with those who are due, and in which order."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo
import random

from .feishu.client import FeishuClient
from .model.options import Options
from .model.schedule import SubjectKind
from .model.subject import Subject
from .room_source import WINDOW_BEFORE, RoomSource
from .sources import Answers, OnAnswer, PeopleSource


class SubjectReader:
    """Asks for rooms by the one API and for people by the other."""

    def __init__(self, client: FeishuClient) -> None:
        """Take the client to read with; `configure` says how."""
        self._client = client
        self.rooms = RoomSource(client)
        self._people = PeopleSource(client)

    def configure(
        self,
        options: Options,
        subjects: Mapping[str, Subject],
        scopes: Collection[str] | None,
        now: datetime,
        time_zone: tzinfo,
    ) -> None:
        """Take the options, all that is to be read, and the scopes granted, None where that is not known."""
        rooms, people = (_of_kind(kind, subjects) for kind in (SubjectKind.ROOM, SubjectKind.PERSON))
        counts = (len(rooms), len(people))
        self.rooms.configure(options, counts, scopes, now, time_zone)
        self._people.include_external_calendar = options.include_external_calendar
        self._window = WINDOW_BEFORE + options.horizon

    def fill_up(self, subjects: Mapping[str, Subject], due: Collection[str]) -> dict[str, Subject]:
        """Return which of the subjects to read: those that are due, and others as far as these cost no more calls."""
        chosen = [
            *_fill_up(_of_kind(SubjectKind.ROOM, subjects), due, self.rooms.chunk_size),
            *_fill_up(_of_kind(SubjectKind.PERSON, subjects), due, PeopleSource.filled_up_to(self._window)),
        ]
        return {subject_id: subjects[subject_id] for subject_id in chosen}

    async def read(
        self,
        subjects: Mapping[str, Subject],
        time_min: datetime,
        time_max: datetime,
        on_answer: OnAnswer,
        *,
        doubtful: Collection[str],
        probe: bool,
    ) -> Answers:
        """Read them all; the arguments are those of `RoomSource.read`."""
        rooms, people = (_in_order(_of_kind(kind, subjects)) for kind in (SubjectKind.ROOM, SubjectKind.PERSON))
        answers_of_rooms, answers_of_people = await asyncio.gather(
            self.rooms.read(rooms, time_min, time_max, on_answer, doubtful=doubtful, probe=probe),
            self._people.read(people, time_min, time_max, on_answer, probe=probe),
        )
        return answers_of_rooms | answers_of_people


def _of_kind(kind: SubjectKind, subjects: Mapping[str, Subject]) -> dict[str, Subject]:
    return {subject_id: subject for subject_id, subject in subjects.items() if subject.kind is kind}


def _fill_up(subjects: Mapping[str, Subject], due: Collection[str], chunk_size: int) -> Iterable[str]:
    """Return those that are due and, so that the last call is full, those read longest ago."""
    wanted = [subject_id for subject_id in subjects if subject_id in due]
    read_at = {
        subject_id: subject.reading.read_at
        for subject_id, subject in subjects.items()
        if subject_id not in due and subject.reading
    }
    by_age = sorted(read_at, key=read_at.__getitem__)
    return [*wanted, *by_age[: -len(wanted) % chunk_size]]


def _in_order(subjects: Mapping[str, Subject]) -> list[str]:
    """Return in which order they are asked for, as what the first ones meet may stand for all.

    Those with troubles of their own come last; as it is not known of all whose these are, it is others each time.
    """
    order = list(subjects)
    random.shuffle(order)
    return sorted(order, key=lambda subject_id: subjects[subject_id].error is not None)
