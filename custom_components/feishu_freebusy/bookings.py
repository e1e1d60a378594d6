"""The single bookings of any range: from memory where they are known, else read and kept until the next poll."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from .feishu import BusyPeriod, FeishuClient
from .people import user_id_type_of
from .schedule import SubjectKind
from .subject import Reading, Subject

MAX_RANGE = timedelta(days=1_100)  # three years; each 90 days take a call
_MAX_KEPT = 1_000

type _Key = tuple[str, datetime, datetime]
type _Answer = asyncio.Future[tuple[BusyPeriod, ...]]


class RangeReader:
    """Reads ranges; what was read is kept as long as the subject's latest reading is the same.

    After that it still serves to tell of a change, which comes from memory. So whoever has a calendar open costs no
    call at a flip, nor when bookings change.
    """

    def __init__(self, client: FeishuClient) -> None:
        """Take the client to read with."""
        self._client = client
        self._kept: dict[_Key, tuple[Reading | None, _Answer]] = {}

    async def read(
        self, subject_id: str, subject: Subject, start: datetime, end: datetime, *, include_external_calendar: bool
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of a subject that touch `[start, end)`, and maybe others. Raises `FeishuError`.

        Several who ask for the same at the same time make one call.
        """
        key = (subject_id, start, end)
        reading, answer = self._kept.get(key, (None, None))
        if answer and reading is not subject.reading and _is_good(answer) and subject.has_news(dt_util.utcnow()):
            periods = subject.brought_up_to_date(answer.result())
            answer = asyncio.get_running_loop().create_future()
            answer.set_result(periods)
            self._keep(key, reading, answer)
        elif answer is None or reading is not subject.reading or (answer.done() and not _is_good(answer)):
            answer = asyncio.create_task(
                self._client.freebusy_list(
                    **_who(subject_id, subject.kind),
                    time_min=start,
                    time_max=end,
                    include_external_calendar=include_external_calendar,
                    need_rsvp_status=True,
                )
            )
            answer.add_done_callback(_is_good)  # an error that nobody waits for any more is not to be logged
            self._keep(key, subject.reading, answer)
        await asyncio.wait([answer])  # not awaited itself: whoever waits may be cancelled, and others still wait
        return answer.result()

    def _keep(self, key: _Key, reading: Reading | None, answer: _Answer) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (reading, answer)
        if len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _is_good(answer: _Answer) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None


def _who(subject_id: str, kind: SubjectKind) -> Mapping[str, Any]:
    if kind is SubjectKind.ROOM:
        return {"room_id": subject_id}
    return {"user_id": subject_id, "user_id_type": user_id_type_of(subject_id)}
