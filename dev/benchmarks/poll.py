"""The time of a poll of 1,000 rooms, compared with the bound of our rate limiter. `scripts/bench poll`.

Runs on virtual time: the simulator answers each call after a fixed latency, and only waiting takes time.
"""

from datetime import timedelta
from heapq import heapreplace
from typing import Final

from benchmarks.measure import Row, table
from custom_components.feishu_freebusy.feishu import limits
from custom_components.feishu_freebusy.feishu.errors import FeishuError
from custom_components.feishu_freebusy.sync.sources import BatchSource, ListSource, Source
from simulator.office import office
from tests.feishu.virtual import START, now, on_virtual_time, run

ROOMS: Final = 1000
LATENCY: Final = 0.05  # seconds


def rows(rooms: int = ROOMS) -> list[Row]:
    """Poll the rooms once with each source."""
    return [_row(source, rooms) for source in (ListSource, BatchSource)]


def _row(source: type[Source], rooms: int) -> Row:
    calls = -(-rooms // source.chunk_size)
    bound = _bound(calls)
    took = run(_poll(source, rooms))
    return Row(
        f"time of a poll of {rooms:,} rooms by `{'batch' if source is BatchSource else 'list'}`",
        f"rate limiter's bound for {calls:,} calls, {bound:.2f} s",
        f"{took / bound:.3f} ×",
        "≤ 1.05 ×",
        took / bound <= 1.05,
    )


async def _poll(source: type[Source], rooms: int) -> float:
    tenant = office(rooms=rooms, seed=1)
    virtual = on_virtual_time(tenant, latency=lambda: LATENCY)
    await virtual.client.check_credentials()
    begun = now()
    answers = await source(virtual.client).read(tenant.rooms, START, START + timedelta(days=7))
    failed = [answer for answer in answers.values() if isinstance(answer, FeishuError)]
    if answers.keys() != tenant.rooms.keys() or failed or tenant.limit_violations:
        raise RuntimeError("the poll failed or exceeded a rate limit")
    return now() - begun


def _bound(calls: int) -> float:
    """Return the seconds for `calls` calls if each begins as soon as the rate limiter allows."""
    ends: list[float] = []
    in_flight = [0.0] * limits.MAX_IN_FLIGHT
    for number in range(calls):
        allowed = [ends[number - most] + seconds for most, seconds in limits.LIMITS if number >= most]
        end = max(in_flight[0], *allowed, 0.0) + LATENCY
        heapreplace(in_flight, end)
        ends.append(end)
    return ends[-1]


if __name__ == "__main__":
    print(table(rows()))
