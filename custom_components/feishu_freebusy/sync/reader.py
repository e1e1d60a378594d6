"""By which API rooms and people are read, what that costs, and the fallback when the batch API is refused."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from math import ceil
import random

from ..feishu.client import MAX_MGET_ROOMS, SCOPES_ROOM_BATCH, FeishuClient
from ..feishu.errors import (
    EndpointRetiredError,
    FeishuError,
    NotFeishuError,
    RequestError,
    ScopeMissingError,
    UnreadableAnswerError,
)
from ..feishu.models import BusyAnswer, SubjectKind
from ..model.intervals import (
    MIN_INTERVAL,
    PollPlan,
    TimeLeft,
    budget_of_polls,
    month_bounds,
    poll_plan,
    status_plan,
)
from ..model.moment import Moment
from ..model.options import Options, SourceOption
from ..model.subject import Subject
from .own_calendar import Clients
from .sources import Answers, BatchSource, ListSource, OnAnswer, PeopleSource, Source, has_good

WINDOW_BEFORE = timedelta(hours=24)

# Feishu says that the batch API is closed to this app, or gone
_REFUSALS = (EndpointRetiredError, RequestError, ScopeMissingError)
_LIST_CALLS_PER_MINUTE = 500  # half of Feishu's limit: leave room for reads on request
_SOURCES: dict[SourceOption, type[Source]] = {SourceOption.LIST: ListSource, SourceOption.BATCH: BatchSource}


class Reason(StrEnum):
    """Why this API is used."""

    CHOSEN = "chosen"
    AFFORDABLE = "affordable"  # one call per room and interval fits the budget
    THRIFTY = "thrifty"  # one call per room and interval would not fit
    NOT_GRANTED = "not_granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month: by which API rooms are read and why, how often, and the calls, with those for their status and list."""

    source: SourceOption
    reason: Reason
    calls_per_cycle: int
    plan: PollPlan
    calls: int


def forecast(
    options: Options,
    rooms: int,
    people: int = 0,
    *,
    batch_granted: bool | None,
    now: datetime,
    time_zone: tzinfo,
    people_alone: int = 0,
    other_calls: float = 0.0,
) -> Forecast:
    """Return by which API this many rooms are read, and what that costs, with people, in the month of `now`.

    `batch_granted` is None if unknown: then batch is tried. Of the people, `people_alone` take a call each.
    `other_calls` are those that the list of rooms takes in a month. The calls used so far this month do not count, so
    that the API does not change back and forth.
    """

    def by(source: SourceOption, reason: Reason) -> Forecast:
        counts = (rooms, people)
        return _forecast(
            source, reason, counts, options, now, time_zone, people_alone=people_alone, other_calls=other_calls
        )

    if options.source is SourceOption.LIST:
        return by(SourceOption.LIST, Reason.CHOSEN)
    by_list = by(SourceOption.LIST, Reason.AFFORDABLE)
    if options.source is SourceOption.AUTO and _is_affordable(by_list, options):
        return by_list
    if batch_granted is False:
        return replace(by_list, reason=Reason.NOT_GRANTED)
    return by(SourceOption.BATCH, Reason.CHOSEN if options.source is SourceOption.BATCH else Reason.THRIFTY)


def _forecast(
    source: SourceOption,
    reason: Reason,
    counts: tuple[int, int],
    options: Options,
    now: datetime,
    time_zone: tzinfo,
    *,
    people_alone: int,
    other_calls: float,
) -> Forecast:
    start = month_bounds(now, time_zone)[0]
    window = WINDOW_BEFORE + options.horizon
    rooms, people = counts
    calls_for_people = people_alone + PeopleSource.calls_per_cycle(people - people_alone, window)
    calls_per_cycle = _SOURCES[source].calls_per_cycle(rooms, window) + calls_for_people
    month = TimeLeft.of_month(start, options.off_hours, time_zone)
    calls_per_read = calls_per_status_read(rooms)
    other_calls += calls_per_read * month.cycles(status_plan(calls_per_read, calls=options.budget, time_left=month))
    plan = poll_plan(
        options.scan_interval,
        calls_per_cycle=calls_per_cycle,
        budget=budget_of_polls(options.budget, 0, other_calls),
        used=0,
        now=start,
        off_hours=options.off_hours,
        time_zone=time_zone,
    )
    calls = month.cycles(plan) * calls_per_cycle + other_calls
    return Forecast(source, reason, calls_per_cycle, plan, round(calls))


def calls_per_status_read(rooms: int) -> int:
    """Return how many calls it takes to read the status of this many rooms."""
    return ceil(rooms / MAX_MGET_ROOMS)


def _is_affordable(by_list: Forecast, options: Options) -> bool:
    wanted = max(options.scan_interval, MIN_INTERVAL)
    fits_budget = by_list.plan.office <= wanted
    return fits_budget and by_list.calls_per_cycle * timedelta(minutes=1) / wanted <= _LIST_CALLS_PER_MINUTE


class RoomSource:
    """Reads rooms by batch if that is worth it and allowed, else one by one."""

    def __init__(
        self,
        client: FeishuClient,
        options: Options,
        counts: tuple[int, int],
        scopes: Collection[str] | None,
        moment: Moment,
    ) -> None:
        """Choose the API for the first time; see `configure`."""
        self._client = client
        self._batch = BatchSource(client)
        self._unreadable_polls = 0
        self.people_alone = 0  # how many people take a call each
        self.other_calls = 0.0  # in a month, for the list of rooms
        self.refusal: FeishuError | None = None  # of the batch API
        self.configure(options, counts, scopes, moment)

    def configure(
        self, options: Options, counts: tuple[int, int], scopes: Collection[str] | None, moment: Moment
    ) -> None:
        """Choose the API; `counts` are the numbers of rooms and people, `scopes` those granted (None: unknown)."""
        self._list = ListSource(self._client, include_external_calendar=options.include_external_calendar)
        granted = None if scopes is None else any(scope in scopes for scope in SCOPES_ROOM_BATCH)
        is_refused = self.refusal is not None and granted is not False
        month = forecast(
            options,
            *counts,
            batch_granted=False if is_refused else granted,
            now=moment.now,
            time_zone=moment.time_zone,
            people_alone=self.people_alone,
            other_calls=self.other_calls,
        )
        is_consequence = is_refused and month.reason is Reason.NOT_GRANTED
        self.forecast = replace(month, reason=Reason.REFUSED) if is_consequence else month

    def try_again(self) -> None:
        """Try the batch API again although it was refused."""
        self.refusal = None

    @property
    def chunk_size(self) -> int:
        """Return how many rooms a call reads."""
        return _SOURCES[self.forecast.source].chunk_size

    async def read(
        self,
        room_ids: Iterable[str],
        time_min: datetime,
        time_max: datetime,
        on_answer: OnAnswer,
        *,
        doubtful: Collection[str] = (),
        probe: bool = False,
    ) -> Answers:
        """Return an answer or an error for each room; `on_answer` is called with each as it arrives.

        `doubtful` rooms may not exist. They are read by list: batch might leave them out like a room without bookings.
        Rooms that batch refuses are read by list at once. If batch read no room and list did, batch counts as refused.
        """
        if self.forecast.source is SourceOption.LIST:
            return await self._list.read(room_ids, time_min, time_max, on_answer, probe=probe)
        by_batch: list[str] = []
        by_list: list[str] = []
        for room_id in room_ids:
            (by_list if room_id in doubtful else by_batch).append(room_id)
        refusals: list[FeishuError] = []

        def sift(room_id: str, answer: BusyAnswer) -> None:
            if isinstance(answer, FeishuError) and (isinstance(answer, NotFeishuError) or self._is_for_good(answer)):
                refusals.append(answer)
                by_list.append(room_id)
            else:
                on_answer(room_id, answer)

        answers = await self._batch.read(by_batch, time_min, time_max, sift, probe=probe)
        for_good = None if has_good(answers) else next(filter(self._is_for_good, refusals), None)
        unreadable = bool(answers) and all(isinstance(answer, UnreadableAnswerError) for answer in answers.values())
        self._unreadable_polls = self._unreadable_polls + 1 if unreadable else 0
        listed = await self._list.read(by_list, time_min, time_max, on_answer, probe=probe or bool(refusals))
        if for_good and has_good(listed):
            self.refusal = for_good  # the server works, so it is the batch API
        return answers | listed

    def _is_for_good(self, error: FeishuError) -> bool:
        # One unreadable answer may be an accident; twice in a row for all rooms is permanent
        return isinstance(error, _REFUSALS) or (isinstance(error, UnreadableAnswerError) and self._unreadable_polls > 0)


class SubjectReader:
    """Reads rooms and people, each by their own API."""

    def __init__(
        self,
        client: FeishuClient,
        options: Options,
        subjects: Mapping[str, Subject],
        scopes: Collection[str] | None,
        moment: Moment,
        clients: Clients | None = None,
    ) -> None:
        """Choose the API for the first time; see `configure`. `clients` returns those to read a person with."""
        self._people = PeopleSource(client, clients=clients)
        self.rooms = RoomSource(client, options, _counts(subjects), scopes, moment)
        self.configure(options, subjects, scopes, moment)

    def configure(
        self, options: Options, subjects: Mapping[str, Subject], scopes: Collection[str] | None, moment: Moment
    ) -> None:
        """Choose the API for `subjects`, all that are read; `scopes` are those granted (None: unknown)."""
        self.rooms.people_alone = self.people_alone(_of_kind(SubjectKind.PERSON, subjects))
        self.rooms.configure(options, _counts(subjects), scopes, moment)
        self._people.include_external_calendar = options.include_external_calendar
        self._window = WINDOW_BEFORE + options.horizon

    def try_again(self) -> None:
        """Try the calls for several rooms or people again although they were refused."""
        self.rooms.try_again()
        self._people.refusal = None

    def people_alone(self, person_ids: Iterable[str]) -> int:
        """Return how many of these people take a call each."""
        return sum(map(self._people.is_alone, person_ids))

    def fill_up(
        self, subjects: Mapping[str, Subject], due: Collection[str], first: Collection[str] = ()
    ) -> dict[str, Subject]:
        """Return the subjects to read: those that are due, and others to fill up the last call.

        Of these others, `first` come first, then those read longest ago.
        """
        people = _of_kind(SubjectKind.PERSON, subjects)
        alone = {person_id: person for person_id, person in people.items() if self._people.is_alone(person_id)}
        together = {person_id: person for person_id, person in people.items() if person_id not in alone}
        chosen = [
            *_fill_up(_of_kind(SubjectKind.ROOM, subjects), due, self.rooms.chunk_size, first),
            *_fill_up(together, due, self._people.filled_up_to(self._window), first),
            *_fill_up(alone, due, 1, first),
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
        """Read all of these subjects; the arguments are those of `RoomSource.read`."""
        rooms, people = (_in_order(_of_kind(kind, subjects)) for kind in (SubjectKind.ROOM, SubjectKind.PERSON))
        answers_of_rooms, answers_of_people = await asyncio.gather(
            self.rooms.read(rooms, time_min, time_max, on_answer, doubtful=doubtful, probe=probe),
            self._people.read(people, time_min, time_max, on_answer, probe=probe),
        )
        return answers_of_rooms | answers_of_people


def _counts(subjects: Mapping[str, Subject]) -> tuple[int, int]:
    rooms = len(_of_kind(SubjectKind.ROOM, subjects))
    return rooms, len(subjects) - rooms


def _of_kind(kind: SubjectKind, subjects: Mapping[str, Subject]) -> dict[str, Subject]:
    return {subject_id: subject for subject_id, subject in subjects.items() if subject.kind is kind}


def _fill_up(
    subjects: Mapping[str, Subject], due: Collection[str], chunk_size: int, first: Collection[str]
) -> Iterable[str]:
    """Return the subjects that are due, and enough others to fill the last call: `first`, then by age."""
    wanted = [subject_id for subject_id in subjects if subject_id in due]
    read_at = {
        subject_id: subject.reading.read_at
        for subject_id, subject in subjects.items()
        if subject_id not in due and subject.reading
    }
    by_age = sorted(read_at, key=lambda subject_id: (subject_id not in first, read_at[subject_id]))
    return [*wanted, *by_age[: -len(wanted) % chunk_size]]


def _in_order(subjects: Mapping[str, Subject]) -> list[str]:
    """Return the order in which subjects are read: the error of the first may stand for all.

    Subjects with errors of their own come last. The order is random, so that one bad subject is not always first.
    """
    order = list(subjects)
    random.shuffle(order)
    return sorted(order, key=lambda subject_id: subjects[subject_id].error is not None)
