"""Where free/busy comes from: many subjects in, for each of them an answer or an error out."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Protocol

from .feishu import (
    AppError,
    BusyPeriod,
    CredentialsError,
    FeishuClient,
    FeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
)

type Answers = dict[str, tuple[BusyPeriod, ...] | FeishuError]

# What one call meets, all would meet: the rest is not even sent
ACCOUNT_ERRORS = (AppError, CredentialsError, QuotaExceededError, RateLimitedError, StaleTokenError)
# What one call meets, the others may not; but a server that is down would keep a big office waiting for minutes
OUTAGE_ERRORS = (NotReachableError, ServerError)
_WORKERS = 10
_OUTAGE_AFTER = 10  # failures in a row


class Source(Protocol):
    """A way to read the free/busy of rooms."""

    def calls_per_cycle(self, subjects: int) -> int:
        """Return how many calls it takes to read so many subjects once."""

    async def read(
        self,
        room_ids: Iterable[str],
        time_min: datetime,
        time_max: datetime,
        on_answer: Callable[[], None] | None = None,
    ) -> Answers:
        """Read the rooms; each has its answer or its error. `on_answer` is called as they come."""


class ListSource:
    """`freebusy/list`: one call for each room, and the only one that tells requests from bookings."""

    def __init__(self, client: FeishuClient, *, include_external_calendar: bool = True) -> None:
        """Take the client, and whether events of bound third-party calendars count."""
        self._client = client
        self._include_external_calendar = include_external_calendar

    def calls_per_cycle(self, subjects: int) -> int:
        """Return one call for each."""
        return subjects

    async def read(
        self,
        room_ids: Iterable[str],
        time_min: datetime,
        time_max: datetime,
        on_answer: Callable[[], None] | None = None,
    ) -> Answers:
        """Read the rooms, a few at a time; what fails them all is met once, not once for each."""
        answers: Answers = {}
        failed = _FailureRun()

        async def read_one(room_id: str) -> tuple[BusyPeriod, ...] | FeishuError:
            if failed.for_all:
                return failed.for_all
            try:
                periods = await self._client.freebusy_list(
                    room_id=room_id,
                    time_min=time_min,
                    time_max=time_max,
                    include_external_calendar=self._include_external_calendar,
                    need_rsvp_status=True,
                )
            except FeishuError as error:
                failed.note(error)
                return error
            failed.clear()
            return periods

        async def work(queue: Iterator[str]) -> None:
            for room_id in queue:
                answers[room_id] = await read_one(room_id)
                if on_answer:
                    on_answer()

        queue = iter(list(room_ids))
        async with asyncio.TaskGroup() as group:
            for _ in range(_WORKERS):
                group.create_task(work(queue))
        return answers


class _FailureRun:
    """Failures in a row, and the one that stands for all calls still to come."""

    def __init__(self) -> None:
        self.for_all: FeishuError | None = None
        self._length = 0

    def note(self, error: FeishuError) -> None:
        self._length = self._length + 1 if isinstance(error, OUTAGE_ERRORS) else 0
        if isinstance(error, ACCOUNT_ERRORS) or self._length >= _OUTAGE_AFTER:
            self.for_all = error

    def clear(self) -> None:
        self._length = 0
