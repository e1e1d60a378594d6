"""Reads the status of rooms between the scans of the whole tree: a room that is disabled must not look free."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import batched
import logging

from ..feishu.client import MAX_MGET_ROOMS, FeishuClient
from ..feishu.errors import FeishuError
from ..model.directory import RoomInfo
from ..model.evidence import Stamp
from ..model.intervals import status_retry_delay
from ..model.moment import LoopSeconds, Moment
from ..model.subject import Subject
from .catalogue import CatalogueCoordinator
from .sources import ACCOUNT_ERRORS
from .timetable import BEFORE_END, DUE_SLACK, EDGE_NOT_BEFORE, Timetable

_LOGGER = logging.getLogger(__name__)

_ENABLED_LATE = timedelta(minutes=1)  # after which a room is asked for again that Feishu should have enabled


class StatusReader:
    """Reads the statuses that are due into the catalogue. `error` is the one of the latest read, None if it worked.

    `failing_since` is the start of the first read of those that have failed in a row, `failed_at` the end of the last.
    """

    def __init__(self, client: FeishuClient, catalogue: CatalogueCoordinator) -> None:
        """Read with this client."""
        self._client = client
        self._catalogue = catalogue
        self._wanted: set[str] = set()
        self._left_out: dict[str, Stamp] = {}  # when a room was asked for that the answer did not have
        self._failures = 0
        self._retry_at = LoopSeconds(0.0)
        self.error: FeishuError | None = None
        self.failing_since: datetime | None = None
        self.failed_at: datetime | None = None

    def want(self, room_ids: Iterable[str], *, at_once: bool = True) -> None:
        """Read the status of these rooms with the next poll; with `at_once`, even if the last read has just failed."""
        self._wanted.update(room_ids)
        if at_once:
            self._retry_at = LoopSeconds(0.0)

    def retain(self, room_ids: Container[str]) -> None:
        """Forget all other rooms."""
        self._wanted = {room_id for room_id in self._wanted if room_id in room_ids}
        self._left_out = {room_id: at for room_id, at in self._left_out.items() if room_id in room_ids}

    def next_due(self, subjects: Mapping[str, Subject], timetable: Timetable, moment: Moment) -> LoopSeconds | None:
        """Return when the first status of these subjects is due; None if no state rests on one, or a poll has to come.

        If the last read met a failure of the account, a poll has to find out whether it lasts.
        """
        if isinstance(self.error, ACCOUNT_ERRORS):
            return None
        return min(self._due_at(self._used(subjects, (), moment), timetable, moment).values(), default=None)

    def due(
        self, subjects: Mapping[str, Subject], soon_read: Collection[str], timetable: Timetable, moment: Moment
    ) -> list[str]:
        """Return the rooms whose status must be read; `soon_read` are the subjects that this poll reads."""
        latest = moment.loop + DUE_SLACK
        due_at = self._due_at(self._used(subjects, soon_read, moment), timetable, moment)
        return [room_id for room_id, at in due_at.items() if at <= latest]

    def filled_up(
        self, room_ids: Collection[str], subjects: Mapping[str, Subject], soon_read: Collection[str], moment: Moment
    ) -> list[str]:
        """Return these rooms, and those that fill the last call up: with the status read longest ago."""
        used = self._used(subjects, soon_read, moment)
        others = sorted(used.keys() - set(room_ids), key=lambda room_id: _read_at(used[room_id]))
        return [*room_ids, *others[: -len(room_ids) % MAX_MGET_ROOMS]]

    @staticmethod
    def _used(subjects: Mapping[str, Subject], soon_read: Collection[str], moment: Moment) -> dict[str, Subject]:
        """Return the rooms whose state rests on a status. A room without a reading needs none."""
        return {
            subject_id: subject
            for subject_id, subject in subjects.items()
            if subject.status_read and (subject_id in soon_read or subject.is_read(moment))
        }

    def _due_at(self, rooms: Mapping[str, Subject], timetable: Timetable, moment: Moment) -> dict[str, LoopSeconds]:
        due_at: dict[str, LoopSeconds] = {}
        regular: dict[Stamp, LoopSeconds] = {}  # many rooms are read by one call
        for room_id, room in rooms.items():
            read = self._left_out.get(room_id, room.status_read)
            if read is None or room_id in self._wanted:
                due_at[room_id] = self._retry_at
                continue
            if read not in regular:
                regular[read] = timetable.status_due_at(read, moment)
            at, end = regular[read], room.disabled.end if room.disabled else None
            if end and read.at < end - EDGE_NOT_BEFORE:
                at = min(at, LoopSeconds(moment.loop + (end - BEFORE_END - moment.now).total_seconds()))
            elif (over_for := _over_for(room, read)) is not None:
                at = min(at, LoopSeconds(read.loop + max(over_for, _ENABLED_LATE).total_seconds()))
            due_at[room_id] = max(at, self._retry_at)
        return due_at

    async def read(self, room_ids: Iterable[str], now: Callable[[], Moment]) -> None:
        """Read the status of these rooms into the catalogue. `now` returns the moment; `error` says what failed."""
        error: FeishuError | None = None
        for chunk in batched(room_ids, MAX_MGET_ROOMS, strict=False):
            moment = now()
            try:
                found = await self._client.rooms_mget(chunk)
            except FeishuError as failure:
                _LOGGER.debug("The status of rooms could not be read: %s", failure)
                error = failure.with_traceback(None)
                break
            self._catalogue.take_statuses(chunk, found, moment.now)
            self._wanted.difference_update(chunk)
            answered = {room.room_id for room in found}
            self._left_out = {room_id: at for room_id, at in self._left_out.items() if room_id not in chunk}
            self._left_out |= {room_id: Stamp(moment.now, moment.loop) for room_id in chunk if room_id not in answered}
        self.error = error
        if error is None:
            self.failing_since, self._failures, self._retry_at = None, 0, LoopSeconds(0.0)
        else:
            moment = now()
            self._failures += 1
            self.failing_since, self.failed_at = self.failing_since or moment.now, moment.now
            self._retry_at = LoopSeconds(moment.loop + status_retry_delay(self._failures).total_seconds())


def _over_for(room: Subject, read: Stamp) -> timedelta | None:
    """Return how long the period was over in which a room is disabled, if Feishu did not enable it."""
    if room.disabled is None or room.disabled.end or not isinstance(room.info, RoomInfo) or not room.info.room.status:
        return None
    end = room.info.room.status.disable_end
    return max(read.at - end, timedelta()) if end else None


def _read_at(room: Subject) -> LoopSeconds:
    return room.status_read.loop if room.status_read else LoopSeconds(0.0)
