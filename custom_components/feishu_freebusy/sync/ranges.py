"""The single bookings of any range: from memory where they are known, else read and kept until the next poll."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from ..feishu.client import FeishuClient
from ..feishu.models import BusyPeriod, user_id_type_of
from ..model.schedule import SubjectKind
from ..model.subject import Reading, Subject

MAX_RANGE = timedelta(days=1_100)  # three years; each 90 days take a call
_MAX_KEPT = 1_000
_KEPT_FOR = 3_600.0  # seconds, at most: where the latest reading does not reach, nothing tells that it is outdated

type _Key = tuple[str, datetime, datetime]
type _Answer = asyncio.Future[tuple[BusyPeriod, ...]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, what the latest reading of the subject was when it was asked for, and when by the loop's clock."""

    answer: _Answer
    reading: Reading | None
    asked_at: float


class RangeReader:
    """Reads ranges; what was read is kept as long as the subject's latest reading is the same.

    After that it still serves to tell of a change, which comes from memory. So whoever has a calendar open costs no
    call at a flip, nor when bookings change.
    """

    def __init__(self, client: FeishuClient) -> None:
        """Take the client to read with."""
        self._client = client
        self._kept: dict[_Key, _Kept] = {}

    async def read(
        self, subject_id: str, subject: Subject, start: datetime, end: datetime, *, include_external_calendar: bool
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of a subject that touch `[start, end)`, and maybe others. Raises `FeishuError`.

        Several who ask for the same at the same time make one call.
        """
        loop = asyncio.get_running_loop()
        key = (subject_id, start, end)
        kept = self._kept.get(key)
        if kept and (loop.time() - kept.asked_at > _KEPT_FOR or (kept.answer.done() and not _is_good(kept.answer))):
            kept = None
        if kept and kept.reading is subject.reading:
            answer = kept.answer
        elif kept and kept.answer.done() and subject.has_news(dt_util.utcnow()):
            answer = loop.create_future()
            answer.set_result(subject.brought_up_to_date(kept.answer.result()))
            self._keep(key, replace(kept, answer=answer))
        else:
            answer = loop.create_task(
                self._client.freebusy_list(
                    **_who(subject_id, subject.kind),
                    time_min=start,
                    time_max=end,
                    include_external_calendar=include_external_calendar,
                    need_rsvp_status=True,
                )
            )
            answer.add_done_callback(_is_good)  # an error that nobody waits for any more is not to be logged
            self._keep(key, _Kept(answer, subject.reading, loop.time()))
        await asyncio.wait([answer])  # not awaited itself: whoever waits may be cancelled, and others still wait
        return answer.result()

    def _keep(self, key: _Key, kept: _Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = kept
        if len(self._kept) > _MAX_KEPT:
            del self._kept[next(iter(self._kept))]


def _is_good(answer: _Answer) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None


def _who(subject_id: str, kind: SubjectKind) -> Mapping[str, Any]:
    if kind is SubjectKind.ROOM:
        return {"room_id": subject_id}
    return {"user_id": subject_id, "user_id_type": user_id_type_of(subject_id)}
