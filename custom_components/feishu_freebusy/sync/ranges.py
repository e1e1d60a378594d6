"""Days outside the window that is polled: read for calendars within a share of the budget, and kept for a while."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..feishu.client import MAX_BATCH_ROOMS, MAX_BATCH_ROOMS_WINDOW, MAX_WINDOW, FeishuClient
from ..feishu.errors import EndpointRetiredError, FeishuError, ScopeMissingError
from ..feishu.limits import Payer, paid_by
from ..feishu.models import BusyAnswer, BusyPeriod, SubjectKind, SubjectRef
from ..feishu.windows import windows
from ..model.moment import Moment
from .own_calendar import Clients, read_by_first
from .shares import OverShareError, Share
from .sources import BatchSource, is_failure_of_all

MAX_RANGE = timedelta(days=1_100)  # three years; each 90 days take a call
_MAX_KEPT = 1_000  # subjects
_MAX_KEPT_EACH = 8  # ranges of a subject
# Seconds. Changes outside the polled window are seen this late; the longer time applies if the share runs out
_KEPT_FOR = 900.0
_KEPT_FOR_LONGEST = 3_600.0
_KEPT_FOR_PAST = 86_400.0
# While the share is used up, or Feishu admits no calls. Only for days that polls do not read: see `sync.bookings`
_OLDEST = 86_400.0
_RESERVE = 0.3  # of the share: for ranges that were never read
_PLENTY = 0.8  # of the share: from here on, ranges are kept for the shortest time
_TOGETHER = 0.1  # seconds to wait for other rooms: one call reads 20
_HOUR = timedelta(hours=1)

type _Answer = asyncio.Future[tuple[BusyPeriod, ...]]
type _GroupKey = tuple[datetime, datetime, bool]  # start, end, with external calendars


@dataclass(frozen=True, slots=True)
class Range:
    """The days `[start, end)` of a subject: read as one piece, of which `[from_, to)` is needed."""

    start: datetime
    end: datetime
    from_: datetime
    to: datetime

    @classmethod
    def past(cls, start: datetime, to: datetime, known_from: datetime, now: datetime) -> Range:
        """Return the range from `start` to `to`. If it borders on the known window, it is read up to now.

        The window begins at `known_from`, and moves on for a day.
        """
        return cls(start, max(to, _hour_of(now) + _HOUR) if to == known_from else to, start, to)

    @classmethod
    def ahead(cls, from_: datetime, end: datetime, start: datetime, now: datetime) -> Range:
        """Return the range from the end of the known window, `from_`, to `end`; `start` is what was asked for."""
        return cls(max(start, _hour_of(now)), end, from_, end)

    @classmethod
    def whole(cls, start: datetime, end: datetime) -> Range:
        """Return a range that is needed as a whole."""
        return cls(start, end, start, end)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was asked, when by the loop's clock, and the answer."""

    start: datetime
    end: datetime
    asked_at: float
    is_over: bool  # the days were over: they do not change
    answer: _Answer

    def covers(self, wanted: Range) -> bool:
        return self.start <= wanted.from_ and wanted.to <= self.end


class RangeReader:
    """Reads ranges. However often a calendar is looked at, a range is read once until it expires.

    If the share of the budget runs out, ranges are read less often, and older ones are used.
    """

    def __init__(self, client: FeishuClient, share: Share, clients: Clients | None = None) -> None:
        """Spend the calls of `share`. `clients` returns those to read a subject with."""
        self._clients = clients or (lambda _: (client,))
        self._share = share
        self._kept: dict[tuple[str, bool], list[_Kept]] = {}
        self._batch = BatchSource(client)
        self._groups: dict[_GroupKey, tuple[list[str], asyncio.Task[Mapping[str, BusyAnswer]]]] = {}

    async def read(
        self,
        subject_id: str,
        kind: SubjectKind,
        wanted: Range,
        moment: Moment,
        *,
        include_external_calendar: bool,
        by_batch: bool = False,
        refusal: FeishuError | None = None,
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of a subject that touch the range, as read some time ago.

        Requests for the same range at the same time make one call; with `by_batch`, so do requests for several rooms.
        `refusal` is the error while no call may be made. Raises `FeishuError`, and `OverShareError` if the share is
        used up and nothing is known.
        """
        key = (subject_id, include_external_calendar)
        ranges = self._kept.pop(key, [])  # put back as the latest
        self._kept[key] = ranges
        if len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        kept = next((each for each in reversed(ranges) if each.covers(wanted) and _is_usable(each, moment)), None)
        if kept is None or self._is_old(kept, moment):
            fresh = self._ask(subject_id, kind, wanted, moment, include_external_calendar, by_batch, refusal, kept)
            if fresh is not kept:
                _keep(ranges, fresh)
            kept = fresh
        await asyncio.wait([kept.answer])  # not awaited itself: one caller may be canceled while others wait
        return kept.answer.result()

    def forget(self, subject_id: str) -> None:
        """Drop what is kept of a subject whose bookings were changed by this integration."""
        for external in (False, True):
            self._kept.pop((subject_id, external), None)

    def _is_old(self, kept: _Kept, moment: Moment) -> bool:
        age = moment.loop - kept.asked_at
        if not kept.answer.done():
            return False
        return age >= (_KEPT_FOR_PAST if kept.is_over else self._kept_for(moment))

    def _kept_for(self, moment: Moment) -> float:
        scarcity = (_PLENTY - self._share.fill(moment)) / (_PLENTY - _RESERVE)
        return _KEPT_FOR + min(max(scarcity, 0.0), 1.0) * (_KEPT_FOR_LONGEST - _KEPT_FOR)

    def _ask(
        self,
        subject_id: str,
        kind: SubjectKind,
        wanted: Range,
        moment: Moment,
        include_external_calendar: bool,
        by_batch: bool,
        refusal: FeishuError | None,
        kept: _Kept | None,
    ) -> _Kept:
        """Read a range, or return what is kept if no call may be made."""
        calls = len(windows(wanted.start, wanted.end, MAX_WINDOW))
        together = (
            by_batch and kind is SubjectKind.ROOM and wanted.end - wanted.start <= MAX_BATCH_ROOMS_WINDOW and calls == 1
        )
        key = (wanted.start, wanted.end, include_external_calendar)
        if together and key in self._groups and len(self._groups[key][0]) % MAX_BATCH_ROOMS:
            calls = 0  # the call is paid
        if refusal:
            if kept is None:
                raise refusal.with_traceback(None)
            return kept
        if calls and not self._share.spend(calls, moment, reserve=_RESERVE if kept else 0.0):
            if kept is None:
                raise OverShareError(calls, self._share.left(moment) or 0)
            return kept
        loop = asyncio.get_running_loop()
        with paid_by(Payer.RANGES):
            if together:
                if key not in self._groups:
                    rooms: list[str] = []
                    self._groups[key] = rooms, loop.create_task(self._read_group(key, rooms, moment))
                self._groups[key][0].append(subject_id)
                work = self._read_in_group(subject_id, wanted, key, self._groups[key][1], moment)
            else:
                work = self._read_alone(subject_id, kind, wanted, include_external_calendar=include_external_calendar)
            answer = loop.create_task(work)
        answer.add_done_callback(_is_good)  # retrieves the error: asyncio logs one that nobody has retrieved
        return _Kept(wanted.start, wanted.end, moment.loop, wanted.to <= moment.now, answer)

    async def _read_alone(
        self, subject_id: str, kind: SubjectKind, wanted: Range, *, include_external_calendar: bool
    ) -> tuple[BusyPeriod, ...]:
        return await read_by_first(
            self._clients(subject_id),
            lambda client: client.freebusy_list(
                SubjectRef.of(subject_id, kind),
                time_min=wanted.start,
                time_max=wanted.end,
                include_external_calendar=include_external_calendar,
                only_busy=kind is SubjectKind.PERSON,  # an event marked as free still reserves its room
                need_rsvp_status=True,
            ),
        )

    async def _read_in_group(
        self,
        room_id: str,
        wanted: Range,
        key: _GroupKey,
        group: asyncio.Task[Mapping[str, BusyAnswer]],
        moment: Moment,
    ) -> tuple[BusyPeriod, ...]:
        """Return the answer of the group for a room; read the room alone if there is none."""
        await asyncio.wait([group])
        answer = group.result().get(room_id)
        if is_failure_of_all(answer) and not isinstance(answer, (EndpointRetiredError, ScopeMissingError)):
            raise answer.with_traceback(None)  # a call for one room would fail, too
        if answer is not None and not isinstance(answer, FeishuError):
            return answer
        if len(group.result()) > 1 and not self._share.spend(1, moment):
            raise OverShareError(1, 0)
        return await self._read_alone(room_id, SubjectKind.ROOM, wanted, include_external_calendar=key[2])

    async def _read_group(self, key: _GroupKey, rooms: list[str], moment: Moment) -> Mapping[str, BusyAnswer]:
        """Read the rooms that are asked for within a moment, and fill the call up with those read longest ago."""
        await asyncio.sleep(_TOGETHER)
        del self._groups[key]
        start, end, external = key
        others = self._others(key, rooms)
        if len(rooms) + len(others) == 1:
            return {}  # alone is not dearer, and has the replies
        answers = await self._batch.read([*rooms, *others], start, end)
        for room_id in others:
            answer = answers.get(room_id)
            if answer is not None and not isinstance(answer, FeishuError) and (room_id, external) in self._kept:
                done: _Answer = asyncio.get_running_loop().create_future()
                done.set_result(answer)
                _keep(self._kept[room_id, external], _Kept(start, end, moment.loop, is_over=False, answer=done))
        return answers

    def _others(self, key: _GroupKey, rooms: Collection[str]) -> list[str]:
        """Return other rooms with the same days in memory, as many as fill the last call up."""
        _, end, external = key
        asked_at = {
            room_id: ranges[-1].asked_at
            for (room_id, with_external), ranges in self._kept.items()
            if with_external == external
            and room_id not in rooms
            and SubjectRef.of(room_id).kind is SubjectKind.ROOM
            and ranges
            and ranges[-1].end == end
            and _is_good(ranges[-1].answer)
        }
        return sorted(asked_at, key=asked_at.__getitem__)[: -len(rooms) % MAX_BATCH_ROOMS]


def _keep(ranges: list[_Kept], fresh: _Kept) -> None:
    """Keep a range instead of the older ones that it covers."""
    ranges[:] = [each for each in ranges if not (fresh.start <= each.start and each.end <= fresh.end)]
    ranges.append(fresh)
    del ranges[:-_MAX_KEPT_EACH]


def _hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _is_usable(kept: _Kept, moment: Moment) -> bool:
    """Return whether a range may be used: a failed one is read again, and a very old one is no longer true."""
    if not kept.answer.done():
        return True
    return _is_good(kept.answer) and (kept.is_over or moment.loop - kept.asked_at < _OLDEST)


def _is_good(answer: _Answer) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None
