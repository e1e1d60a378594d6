"""The APIs that free/busy is read from. Each takes many subjects and returns an answer or an error for each."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched
from math import ceil
from typing import ClassVar, TypeIs, override

from ..feishu.client import (
    MAX_BATCH_ROOMS,
    MAX_BATCH_ROOMS_WINDOW,
    MAX_BATCH_USERS,
    MAX_BATCH_USERS_WINDOW,
    FeishuClient,
)
from ..feishu.errors import (
    AppError,
    CredentialsError,
    EndpointRetiredError,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ServerError,
    StaleTokenError,
    SubjectError,
    UnreadableRowsError,
)
from ..feishu.models import BusyAnswer, BusyPeriod, SubjectKind, SubjectRef, UserIdType
from .own_calendar import Clients, read_by_first

type Answers = dict[str, BusyAnswer]
type OnAnswer = Callable[[str, BusyAnswer], None]

# If one call fails like this, all would: the rest is not sent
ACCOUNT_ERRORS = (
    AppError,
    CredentialsError,
    EndpointRetiredError,
    QuotaExceededError,
    RateLimitedError,
    StaleTokenError,
)
# Other calls may still succeed, but with a server that is down, a big office would wait for minutes
OUTAGE_ERRORS = (NotReachableError, ServerError)
# The server refuses a call for several people: read each person alone
_ASK_ONE_BY_ONE = (EndpointRetiredError, NotFeishuError, RequestError)
_WORKERS = 10
_OUTAGE_AFTER = 10  # failures in a row


def is_failure_of_all(answer: object) -> TypeIs[FeishuError]:
    """Return whether an answer is a failure that the answers of other subjects would share."""
    return isinstance(answer, (*ACCOUNT_ERRORS, *OUTAGE_ERRORS)) and not isinstance(answer, UnreadableRowsError)


def has_good(answers: Answers) -> bool:
    """Return whether at least one answer is not an error."""
    return any(not isinstance(answer, FeishuError) for answer in answers.values())


class Source(ABC):
    """An API that reads the free/busy of many subjects, up to `chunk_size` in one call."""

    chunk_size: ClassVar[int]

    def __init__(self, client: FeishuClient) -> None:
        self._client = client

    @classmethod
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:  # noqa: ARG003  # for the sources that split windows
        """Return how many calls it takes to read this many subjects once."""
        return ceil(subjects / cls.chunk_size)

    async def read(
        self,
        ids: Iterable[str],
        time_min: datetime,
        time_max: datetime,
        on_answer: OnAnswer = lambda *_: None,
        *,
        probe: bool = False,
    ) -> Answers:
        """Return the answers by id. A few calls run at a time; a failure that concerns all subjects stops the rest.

        `on_answer` is called with each answer as it arrives. With `probe`, one call goes first. If it fails for a
        reason that concerns all subjects, its error is the answer for all.
        """
        answers: Answers = {}
        failed = _FailureRun()
        chunks = list(self._chunks(tuple(ids), time_max - time_min))
        left = iter(chunks)

        async def read_chunk(chunk: Sequence[str]) -> Answers:
            if failed.for_all:
                return dict.fromkeys(chunk, failed.for_all)
            try:
                found = await self._read_chunk(chunk, time_min, time_max)
            except FeishuError as error:
                failed.note(error)
                return dict.fromkeys(chunk, error)
            if failure := next(filter(is_failure_of_all, found.values()), None):
                failed.note(failure)
            else:
                failed.clear()
            return found

        async def work(queue: Iterator[Sequence[str]]) -> None:
            for chunk in queue:
                for subject_id, answer in (await read_chunk(chunk)).items():
                    answers[subject_id] = answer
                    on_answer(subject_id, answer)

        if probe and (first := next(left, None)):
            await work(iter([first]))
            failed.stop_at_once()
        async with asyncio.TaskGroup() as group:
            for _ in chunks[:_WORKERS]:
                group.create_task(work(left))
        return answers

    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:  # noqa: ARG002  # see above
        return batched(ids, self.chunk_size, strict=False)

    @abstractmethod
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        """Read at most `chunk_size` subjects. Raises `FeishuError` if that fails for all of them."""


class ListSource(Source):
    """`freebusy/list`: one call per room. The only API that tells requests for a room from its bookings."""

    chunk_size = 1

    def __init__(self, client: FeishuClient, *, include_external_calendar: bool = True) -> None:
        """`include_external_calendar`: with the events of linked third-party calendars."""
        super().__init__(client)
        self._include_external_calendar = include_external_calendar

    @override
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        (room_id,) = ids
        periods = await self._client.freebusy_list(
            SubjectRef.of(room_id, SubjectKind.ROOM),
            time_min=time_min,
            time_max=time_max,
            include_external_calendar=self._include_external_calendar,
            only_busy=False,  # an event marked as free still reserves its room
            need_rsvp_status=True,
        )
        return {room_id: periods}


class BatchSource(Source):
    """`meeting_room/freebusy/batch_get`: 20 rooms per call. It does not tell requests from bookings."""

    chunk_size = MAX_BATCH_ROOMS

    def __init__(self, client: FeishuClient) -> None:
        super().__init__(client)
        self._refused_alone: set[str] = set()

    @classmethod
    @override
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:
        """Return the calls: one per 20 rooms and 30 days."""
        return super().calls_per_cycle(subjects, window) * ceil(window / MAX_BATCH_ROOMS_WINDOW)

    @override
    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:
        # One refused room may fail its whole call: rooms that were refused before are read alone
        yield from super()._chunks(tuple(room_id for room_id in ids if room_id not in self._refused_alone), window)
        yield from ((room_id,) for room_id in ids if room_id in self._refused_alone)

    @override
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        try:
            answers = await self._client.room_freebusy_batch_get(ids, time_min=time_min, time_max=time_max)
        except SubjectError as error:
            return await self._read_halves(ids, time_min, time_max, error)
        self._refused_alone.difference_update(ids)
        return answers

    async def _read_halves(
        self, ids: Sequence[str], time_min: datetime, time_max: datetime, error: SubjectError
    ) -> Answers:
        """Find the room that a call was refused for."""
        if len(ids) == 1:
            self._refused_alone.update(ids)
            return {ids[0]: error}
        middle = len(ids) // 2
        answers = await self._read_chunk(ids[:middle], time_min, time_max)
        try:
            return answers | await self._read_chunk(ids[middle:], time_min, time_max)
        except FeishuError as failure:  # not raised: the first half has its answers
            return answers | dict.fromkeys(ids[middle:], failure)


class PeopleSource(Source):
    """`freebusy/batch`: 10 people and two weeks per call. People it leaves out are read by `freebusy/list`."""

    chunk_size = MAX_BATCH_USERS

    def __init__(
        self, client: FeishuClient, *, include_external_calendar: bool = True, clients: Clients | None = None
    ) -> None:
        """`include_external_calendar`: with the events of linked third-party calendars.

        `clients` returns those to read a person with. Who has several is read alone.
        """
        super().__init__(client)
        self._clients = clients or (lambda _: (client,))
        self.include_external_calendar = include_external_calendar
        self.refusal: FeishuError | None = None  # of the call for several people: each is then read alone
        self._refused_alone: set[str] = set()

    def filled_up_to(self, window: timedelta) -> int:
        """Return how many people to read together. In a window longer than two weeks, more people take more calls."""
        return self.chunk_size if _parts(window) == 1 else 1

    def is_alone(self, person_id: str) -> bool:
        """Return whether a person takes a call of their own. Calls for refused people are not counted: they fail."""
        return self.refusal is not None or len(self._clients(person_id)) > 1

    @classmethod
    @override
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:
        """Return the calls: one per 10 people and two weeks, or one per person where that takes no more calls."""
        full, rest = divmod(subjects, cls.chunk_size)
        parts = _parts(window)
        return full * min(cls.chunk_size, parts) + min(rest, parts)

    @override
    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:
        # A call takes ids of one type, and one refused person fails the whole call
        alone = {each for each in ids if each in self._refused_alone or self.is_alone(each)}
        for id_type in UserIdType:
            alike = tuple(each for each in ids if UserIdType.of(each) is id_type and each not in alone)
            for chunk in super()._chunks(alike, window):
                together = _parts(window) < len(chunk)
                yield from [chunk] if together else batched(chunk, 1, strict=True)
        yield from ((person_id,) for person_id in ids if person_id in alone)

    @override
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        if len(ids) == 1:
            return {ids[0]: await self._read_one(ids[0], time_min, time_max)}
        answers: Answers = {}
        refusal: FeishuError | None = None
        try:
            answers = await self._client.freebusy_batch(
                [_person(person_id) for person_id in ids],
                time_min=time_min,
                time_max=time_max,
                include_external_calendar=self.include_external_calendar,
                need_rsvp_status=True,
            )
        except SubjectError:
            pass  # one of them
        except _ASK_ONE_BY_ONE as error:
            refusal = error.with_traceback(None)
        left_out = [person_id for person_id in ids if isinstance(answers.get(person_id), SubjectError | None)]
        alone = await asyncio.gather(*(self._read_left_out(person_id, time_min, time_max) for person_id in left_out))
        answers |= dict(zip(left_out, alone, strict=True))
        if has_good(answers):
            self.refusal = refusal  # the server works, so it is the call for several people
        return answers

    async def _read_left_out(self, person_id: str, time_min: datetime, time_max: datetime) -> BusyAnswer:
        try:
            return await self._read_one(person_id, time_min, time_max)
        except FeishuError as error:
            return error  # not raised: the others have their answers

    async def _read_one(self, person_id: str, time_min: datetime, time_max: datetime) -> tuple[BusyPeriod, ...]:
        try:
            periods = await read_by_first(
                self._clients(person_id),
                lambda client: client.freebusy_list(
                    _person(person_id),
                    time_min=time_min,
                    time_max=time_max,
                    include_external_calendar=self.include_external_calendar,
                    need_rsvp_status=True,
                ),
            )
        except SubjectError:
            self._refused_alone.add(person_id)
            raise
        self._refused_alone.discard(person_id)
        return periods


def _person(person_id: str) -> SubjectRef:
    return SubjectRef.of(person_id, SubjectKind.PERSON)


def _parts(window: timedelta) -> int:
    """Return how many calls for several people a window takes."""
    return ceil(window / MAX_BATCH_USERS_WINDOW)


class _FailureRun:
    """Counts failures in a row. `for_all` is the error that all remaining calls would meet, None if there is none."""

    def __init__(self) -> None:
        self.for_all: FeishuError | None = None
        self._latest: FeishuError | None = None
        self._length = 0

    def note(self, error: FeishuError) -> None:
        self._latest = error if is_failure_of_all(error) else None
        self._length = self._length + 1 if self._latest and isinstance(error, OUTAGE_ERRORS) else 0
        if isinstance(error, ACCOUNT_ERRORS) or self._length >= _OUTAGE_AFTER:
            self.for_all = error

    def stop_at_once(self) -> None:
        """Use the latest failure for all remaining calls."""
        self.for_all = self._latest

    def clear(self) -> None:
        self._latest = None
        self._length = 0
