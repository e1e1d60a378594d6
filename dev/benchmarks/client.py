"""The cost of one free/busy call for a client: request, answer, parsing, merged schedule. `scripts/bench client`.

Compares three clients on the same server: ours, twenty lines of aiohttp with orjson, and the vendor's SDK. CPU time is
that of this process; the server runs in another one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
import time
from typing import Final

import aiohttp
import orjson

from benchmarks.canned import WINDOW, canned_server, room_id
from benchmarks.measure import Row, Spread, table
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.models import SubjectKind, SubjectRef
from custom_components.feishu_freebusy.model.schedule import build_schedule

ROUNDS: Final = 9
CALLS: Final = 200
SDK_CALLS: Final = 10
_AT_ONCE: Final = 10
_OF_A_LIMIT: Final = 50  # calls a client may make before our rate limiter waits, which is not measured here
_CREDENTIALS: Final = ("cli_canned", "canned-secret")

type Read = Callable[[str], Awaitable[Blocks]]
type Blocks = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds per call."""

    cpu: float
    wall: float


def rows(rounds: int = ROUNDS, calls: int = CALLS, sdk_calls: int = SDK_CALLS) -> list[Row]:
    """Measure the three clients in turn, round by round."""
    with canned_server() as url:
        costs = asyncio.run(_measure(url, rounds, calls, sdk_calls))
    ours, bare, sdk = zip(*costs, strict=True)
    return [
        _row("bare `aiohttp` + `orjson`", ours, bare, 1.3),
        _row("the vendor's SDK, async", sdk, ours, 40, less=True),
    ]


def _row(against: str, costs: Sequence[Cost], others: Sequence[Cost], limit: float, *, less: bool = False) -> Row:
    cpu = Spread.of(cost.cpu / other.cpu for cost, other in zip(costs, others, strict=True))
    wall = Spread.of(cost.wall / other.wall for cost, other in zip(costs, others, strict=True))
    form, times = ("{:.0f}", "× less") if less else ("{:.2f}", "×")
    return Row(
        "CPU for a free/busy call: request, parsing, schedule",
        against,
        f"{cpu.text(form)} {times}; wall time {form.format(wall.median)} {times}",
        f"≥ {limit} {times}" if less else f"≤ {limit} {times}",
        cpu.median >= limit if less else cpu.median <= limit,
    )


async def _measure(url: str, rounds: int, calls: int, sdk_calls: int) -> list[tuple[Cost, Cost, Cost]]:
    sdk = _sdk(url)
    async with aiohttp.ClientSession() as session:
        bare = _bare(session, url)
        await _check_same_results([_ours(FeishuClient(session, *_CREDENTIALS, base_url=url)), bare, sdk])
        return [
            (await _cost_of_ours(session, url, calls), await _cost(bare, calls), await _cost(sdk, sdk_calls))
            for _ in range(rounds)
        ]


async def _check_same_results(reads: Iterable[Read]) -> None:
    """Check that all clients return the same schedules. This also warms them up."""
    schedules = [[await read(room_id(number)) for number in range(_AT_ONCE)] for read in reads]
    if any(schedule != schedules[0] for schedule in schedules):
        raise RuntimeError("the clients return different schedules")


async def _cost_of_ours(session: aiohttp.ClientSession, url: str, calls: int) -> Cost:
    parts = []
    for _ in range(0, calls, _OF_A_LIMIT):
        client = FeishuClient(session, *_CREDENTIALS, base_url=url)
        await client.check_credentials()
        parts.append(await _cost(_ours(client), _OF_A_LIMIT))
    return Cost(sum(part.cpu for part in parts) / len(parts), sum(part.wall for part in parts) / len(parts))


async def _cost(read: Read, calls: int) -> Cost:
    left = iter(range(calls))

    async def work() -> None:
        for number in left:
            await read(room_id(number))

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return Cost((time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls)


def _ours(client: FeishuClient) -> Read:
    start, end = WINDOW

    async def read(room_id: str) -> Blocks:
        periods = await client.freebusy_list(
            SubjectRef.of(room_id), time_min=start, time_max=end, need_rsvp_status=True
        )
        schedule = build_schedule(periods, kind=SubjectKind.ROOM, window_start=start, horizon=end)
        return [(block.start, block.end) for block in schedule.blocks]

    return read


def _bare(session: aiohttp.ClientSession, url: str) -> Read:
    start, end = WINDOW
    window = {"time_min": start.isoformat(), "time_max": end.isoformat()}
    headers = {"Authorization": "Bearer t-canned", "Content-Type": "application/json; charset=utf-8"}

    async def read(room_id: str) -> Blocks:
        async with session.post(
            f"{url}/open-apis/calendar/v4/freebusy/list",
            params={"user_id_type": "open_id"},
            data=orjson.dumps({**window, "room_id": room_id, "need_rsvp_status": True}),
            headers=headers,
        ) as response:
            answer = orjson.loads(await response.read())
        items = answer["data"]["freebusy_list"]
        return _merged([(item["start_time"], item["end_time"]) for item in items if item["rsvp_status"] != "decline"])

    return read


def _sdk(url: str) -> Read:
    # Imported here because the import takes seconds
    from lark_oapi import Client, LogLevel  # noqa: PLC0415
    from lark_oapi.api.calendar.v4 import ListFreebusyRequest, ListFreebusyRequestBody  # noqa: PLC0415

    start, end = WINDOW
    app_id, app_secret = _CREDENTIALS
    client = Client.builder().app_id(app_id).app_secret(app_secret).domain(url).log_level(LogLevel.ERROR).build()

    async def read(room_id: str) -> Blocks:
        body = ListFreebusyRequestBody.builder().time_min(start.isoformat()).time_max(end.isoformat())
        body.room_id(room_id).need_rsvp_status(True)
        request = ListFreebusyRequest.builder().user_id_type("open_id").request_body(body.build()).build()
        response = await client.calendar.v4.freebusy.alist(request)
        items = response.data.freebusy_list
        return _merged([(item.start_time, item.end_time) for item in items if item.rsvp_status != "decline"])

    return read


def _merged(texts: list[tuple[str, str]]) -> Blocks:
    periods = sorted(
        (datetime.fromisoformat(start).astimezone(UTC), datetime.fromisoformat(end).astimezone(UTC))
        for start, end in texts
    )
    merged: Blocks = []
    for start, end in periods:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


if __name__ == "__main__":
    print(table(rows()))
