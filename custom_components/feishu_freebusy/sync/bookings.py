"""The single bookings of a subject, for calendars: from memory where polls read them, else from Feishu."""

import asyncio
from datetime import datetime
from typing import Protocol

from ..feishu.client import FeishuClient
from ..feishu.errors import FeishuError
from ..feishu.models import BusyPeriod
from ..model.intervals import pause_after
from ..model.moment import Moment
from ..model.options import Options, SourceOption
from ..model.schedule import Block
from ..model.subject import Subject
from .catalogue import CatalogueCoordinator
from .clock import EntryClock
from .poller import Poller
from .quota import MonthlyCalls
from .ranges import Range, RangeReader
from .subjects import Subjects


class StateUnknownError(Exception):
    """Nothing current is known of a subject, so that no time may be shown as free."""


class Host(Protocol):
    """Knows the options and the clients, and whether the account fails."""

    @property
    def options(self) -> Options:
        """The options in force."""

    @property
    def error(self) -> FeishuError | None:
        """Feishu's error that failed the last poll, None if there is none."""

    def clients_of(self, subject_id: str) -> tuple[FeishuClient, ...]:
        """Return the clients to read a subject with, one after the other until one can."""


class Bookings:
    """Answers calendars. Days outside the polled window are read and kept by `sync.ranges`."""

    def __init__(
        self,
        client: FeishuClient,
        catalogue: CatalogueCoordinator,
        calls: MonthlyCalls,
        clock: EntryClock,
        subjects: Subjects,
        poller: Poller,
        host: Host,
    ) -> None:
        self._catalogue = catalogue
        self._calls = calls
        self._clock = clock
        self._subjects = subjects
        self._poller = poller
        self._host = host
        self._ranges = RangeReader(client, calls.ranges, host.clients_of)

    def ahead(self, subject_id: str) -> tuple[Block, ...]:
        """Return the known bookings from today on."""
        moment = self._clock.moment
        return self._subjects[subject_id].bookings_ahead(moment.now, moment.time_zone)

    def forget_ranges(self, subject_id: str) -> None:
        """Read the days outside the polled window again: this integration has changed the bookings of a subject."""
        self._ranges.forget(subject_id)

    async def async_read(self, subject_id: str, start: datetime, end: datetime) -> tuple[Block, ...]:
        """Return the bookings that touch `[start, end)`: from memory if known, else from Feishu.

        The days that polls read, from now on, are shown only as long as the state of the subject is. A subject that was
        just dropped has no bookings. Raises `FeishuError`, `StateUnknownError`, and `OverShareError` if calendars have
        used up their share of the budget.
        """
        if (subject := self._subjects.get(subject_id)) is None:
            return ()
        self._check_evidence(subject, start, end)
        moment = self._clock.moment
        if subject.reading and subject.knows(start, end, moment):
            return subject.single_bookings(subject.reading.periods, start, end)
        if window := subject.window(moment):
            first, last = window
            earlier = Range.past(start, min(first, end), first, moment.now) if start < first else None
            later = Range.ahead(max(last, start), end, start, moment.now) if last < end else None
        else:
            earlier = later = Range.whole(start, end)
        try:
            before, after = await asyncio.gather(
                self._read_range(subject, earlier, moment), self._read_range(subject, later, moment)
            )
        finally:
            if not self._poller.is_stopped:
                self._calls.async_save_soon()
        self._check_evidence(subject, start, end)  # it may have grown too old during the calls
        return subject.single_bookings(subject.updated(before, self._clock.moment, after), start, end)

    def _check_evidence(self, subject: Subject, start: datetime, end: datetime) -> None:
        """Raise an error if the range has days that polls read, from now on, but nothing current is known of them.

        Rows alone are no evidence: they may be old, and the room may be closed.
        """
        moment, options = self._clock.moment, self._host.options
        is_polled = start < moment.now + options.horizon and moment.now < end
        if is_polled and subject.snapshot(moment, options.min_free) is None:
            if error := self._host.error or subject.error:
                raise error.with_traceback(None)
            raise StateUnknownError

    async def _read_range(self, subject: Subject, wanted: Range | None, moment: Moment) -> tuple[BusyPeriod, ...]:
        if wanted is None:
            return ()
        error = self._host.error
        return await self._ranges.read(
            subject.info.id,
            subject.kind,
            wanted,
            moment,
            include_external_calendar=self._host.options.include_external_calendar,
            by_batch=self._poller.reader.rooms.forecast.source is SourceOption.BATCH
            and not self._catalogue.data.is_missing(subject.info.id),
            refusal=error if error and pause_after(error) else None,
        )
