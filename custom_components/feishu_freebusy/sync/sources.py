"""Where free/busy comes from: many subjects in, for each of them an answer or an error out."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import batched
from math import ceil
from typing import ClassVar, override

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
)
from ..feishu.models import BusyPeriod, UserIdType, user_id_type_of

type Answer = tuple[BusyPeriod, ...] | FeishuError
type Answers = dict[str, Answer]
type OnAnswer = Callable[[str, Answer], None]

# What one call meets, all would meet: the rest is not even sent
ACCOUNT_ERRORS = (
    AppError,
    CredentialsError,
    EndpointRetiredError,
    QuotaExceededError,
    RateLimitedError,
    StaleTokenError,
)
# What one call meets, the others may not; but a server that is down would keep a big office waiting for minutes
OUTAGE_ERRORS = (NotReachableError, ServerError)
# One person is enough to have a call for ten refused; or there is no such call here
_ASK_ONE_BY_ONE = (EndpointRetiredError, NotFeishuError, RequestError, SubjectError)
_WORKERS = 10
_OUTAGE_AFTER = 10  # failures in a row


def has_good(answers: Answers) -> bool:
    """Tell whether there is an answer among them that is no error."""
    return any(not isinstance(answer, FeishuError) for answer in answers.values())


class Source(ABC):
    """A way to read the free/busy of many, so many of them a call."""

    chunk_size: ClassVar[int]

    def __init__(self, client: FeishuClient) -> None:
        """Take the client to read with."""
        self._client = client

    @classmethod
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:  # noqa: ARG003  # one kind cuts its windows
        """Return how many calls it takes to read so many subjects once."""
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
        """Read them, a few calls at a time; what fails them all is met once, not once for each.

        `on_answer` is called with each answer as it comes. With `probe`, the first call goes ahead of the others, and
        if it fails for a reason that is not its subject's, it stands for all.
        """
        answers: Answers = {}
        failed = _FailureRun()
        chunks = iter(list(self._chunks(tuple(ids), time_max - time_min)))

        async def read_chunk(chunk: Sequence[str]) -> Answers:
            if failed.for_all:
                return dict.fromkeys(chunk, failed.for_all)
            try:
                found = await self._read_chunk(chunk, time_min, time_max)
            except FeishuError as error:
                failed.note(error)
                return dict.fromkeys(chunk, error)
            failed.clear()
            return found

        async def work(queue: Iterator[Sequence[str]]) -> None:
            for chunk in queue:
                for subject_id, answer in (await read_chunk(chunk)).items():
                    answers[subject_id] = answer
                    on_answer(subject_id, answer)

        if probe and (first := next(chunks, None)):
            await work(iter([first]))
            failed.stop_at_once()
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(work(chunks))
        return answers

    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:  # noqa: ARG002  # as above
        return batched(ids, self.chunk_size, strict=False)

    @abstractmethod
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        """Read so many as fit into a call. Raises `FeishuError` if that fails for all of them."""


class ListSource(Source):
    """`freebusy/list`: one call for each room, and the only one that tells requests from bookings."""

    chunk_size = 1

    def __init__(self, client: FeishuClient, *, include_external_calendar: bool = True) -> None:
        """Take the client, and whether events of bound third-party calendars count."""
        super().__init__(client)
        self._include_external_calendar = include_external_calendar

    @override
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        (room_id,) = ids
        periods = await self._client.freebusy_list(
            room_id=room_id,
            time_min=time_min,
            time_max=time_max,
            include_external_calendar=self._include_external_calendar,
            need_rsvp_status=True,
        )
        return {room_id: periods}


class BatchSource(Source):
    """`meeting_room/freebusy/batch_get`: 20 rooms a call, which does not tell requests from bookings."""

    chunk_size = MAX_BATCH_ROOMS

    def __init__(self, client: FeishuClient) -> None:
        """Take the client to read with."""
        super().__init__(client)
        self._refused_alone: set[str] = set()

    @classmethod
    @override
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:
        """Return one call for 20 rooms and 30 days."""
        return super().calls_per_cycle(subjects, window) * ceil(window / MAX_BATCH_ROOMS_WINDOW)

    @override
    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:
        # One room that is refused may take its whole call with it: those that are known for it go alone
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
        """Find out which room it is that a call was refused for."""
        if len(ids) == 1:
            self._refused_alone.update(ids)
            return {ids[0]: error}
        middle = len(ids) // 2
        return {
            **await self._read_chunk(ids[:middle], time_min, time_max),
            **await self._read_chunk(ids[middle:], time_min, time_max),
        }


class PeopleSource(Source):
    """`freebusy/batch`: 10 persons and two weeks a call; whoever that leaves out is read alone, by `freebusy/list`."""

    chunk_size = MAX_BATCH_USERS

    def __init__(self, client: FeishuClient, *, include_external_calendar: bool = True) -> None:
        """Take the client, and whether events of bound third-party calendars count."""
        super().__init__(client)
        self.include_external_calendar = include_external_calendar
        self._refused_alone: set[str] = set()

    @classmethod
    def filled_up_to(cls, window: timedelta) -> int:
        """Return how many a call may as well read: in a longer window, many take more calls than few."""
        return cls.chunk_size if _parts(window) == 1 else 1

    @classmethod
    @override
    def calls_per_cycle(cls, subjects: int, window: timedelta) -> int:
        """Return one call for 10 persons and two weeks, or one for each where that is no more."""
        full, rest = divmod(subjects, cls.chunk_size)
        parts = _parts(window)
        return full * min(cls.chunk_size, parts) + min(rest, parts)

    @override
    def _chunks(self, ids: tuple[str, ...], window: timedelta) -> Iterable[Sequence[str]]:
        # A call takes ids of one kind; and one person who is refused takes the whole call with him
        for kind in UserIdType:
            alike = [person_id for person_id in ids if user_id_type_of(person_id) is kind]
            for chunk in super()._chunks(tuple(one for one in alike if one not in self._refused_alone), window):
                yield from [chunk] if _parts(window) < len(chunk) else batched(chunk, 1, strict=True)
        yield from ((person_id,) for person_id in ids if person_id in self._refused_alone)

    @override
    async def _read_chunk(self, ids: Sequence[str], time_min: datetime, time_max: datetime) -> Answers:
        if len(ids) == 1:
            return {ids[0]: await self._read_one(ids[0], time_min, time_max)}
        answers: Answers = {}
        with suppress(*_ASK_ONE_BY_ONE):
            answers = await self._client.freebusy_batch(
                ids,
                time_min=time_min,
                time_max=time_max,
                user_id_type=user_id_type_of(ids[0]),
                include_external_calendar=self.include_external_calendar,
                need_rsvp_status=True,
            )
        left_out = [person_id for person_id in ids if isinstance(answers.get(person_id), SubjectError | None)]
        alone = await asyncio.gather(*(self._read_left_out(person_id, time_min, time_max) for person_id in left_out))
        return {**answers, **dict(zip(left_out, alone, strict=True))}

    async def _read_left_out(self, person_id: str, time_min: datetime, time_max: datetime) -> Answer:
        try:
            return await self._read_one(person_id, time_min, time_max)
        except FeishuError as error:
            return error  # the others have their answers

    async def _read_one(self, person_id: str, time_min: datetime, time_max: datetime) -> tuple[BusyPeriod, ...]:
        try:
            periods = await self._client.freebusy_list(
                user_id=person_id,
                user_id_type=user_id_type_of(person_id),
                time_min=time_min,
                time_max=time_max,
                include_external_calendar=self.include_external_calendar,
                need_rsvp_status=True,
            )
        except SubjectError:
            self._refused_alone.add(person_id)
            raise
        self._refused_alone.discard(person_id)
        return periods


def _parts(window: timedelta) -> int:
    """Return how many calls for many persons a window takes."""
    return ceil(window / MAX_BATCH_USERS_WINDOW)


class _FailureRun:
    """Failures in a row, and the one that stands for all calls still to come."""

    def __init__(self) -> None:
        self.for_all: FeishuError | None = None
        self._latest: FeishuError | None = None
        self._length = 0

    def note(self, error: FeishuError) -> None:
        self._latest = error if isinstance(error, (*ACCOUNT_ERRORS, *OUTAGE_ERRORS)) else None
        self._length = self._length + 1 if isinstance(error, OUTAGE_ERRORS) else 0
        if isinstance(error, ACCOUNT_ERRORS) or self._length >= _OUTAGE_AFTER:
            self.for_all = error

    def stop_at_once(self) -> None:
        """Let the latest failure stand for all."""
        self.for_all = self._latest

    def clear(self) -> None:
        self._latest = None
        self._length = 0
