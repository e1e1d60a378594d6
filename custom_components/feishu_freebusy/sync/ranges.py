"""Ranges of days outside the window that is polled: read for calendars, and kept for a while."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..feishu.client import FeishuClient
from ..feishu.models import BusyPeriod, SubjectKind, SubjectRef
from ..model.moment import Moment

MAX_RANGE = timedelta(days=1_100)  # three years; each 90 days take a call
_MAX_KEPT = 1_000
# Seconds. Within the polled window, the reading replaces what a range says; outside of it, changes are seen this late
_KEPT_FOR = 900.0
_KEPT_FOR_PAST = 86_400.0

type _Key = tuple[str, datetime, datetime, bool]
type _Request = asyncio.Task[tuple[BusyPeriod, ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A request, and until when its answer is used, by the loop's clock."""

    request: _Request
    until: float


class RangeReader:
    """Reads ranges. However often a calendar is looked at, a range costs one call until it expires."""

    def __init__(self, client: FeishuClient) -> None:
        self._client = client
        self._kept: dict[_Key, _Kept] = {}

    async def read(
        self,
        subject_id: str,
        kind: SubjectKind,
        start: datetime,
        end: datetime,
        moment: Moment,
        *,
        include_external_calendar: bool,
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of a subject that touch `[start, end)`, as read some time ago.

        Requests for the same range at the same time make one call. Raises `FeishuError`.
        """
        key = (subject_id, start, end, include_external_calendar)
        kept = self._kept.pop(key, None)
        if kept is None or kept.until <= moment.loop or (kept.request.done() and not _is_good(kept.request)):
            request = asyncio.get_running_loop().create_task(
                self._client.freebusy_list(
                    SubjectRef.of(subject_id, kind),
                    time_min=start,
                    time_max=end,
                    include_external_calendar=include_external_calendar,
                    only_busy=kind is SubjectKind.PERSON,  # an event marked as free still reserves its room
                    need_rsvp_status=True,
                )
            )
            request.add_done_callback(_is_good)  # retrieves the error: asyncio logs one that nobody has retrieved
            kept = _Kept(request, moment.loop + (_KEPT_FOR_PAST if end <= moment.now else _KEPT_FOR))
        self._kept[key] = kept
        if len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        await asyncio.wait([kept.request])  # not awaited itself: one caller may be canceled while others wait
        return kept.request.result()


def _is_good(request: _Request) -> bool:
    return request.done() and not request.cancelled() and request.exception() is None
