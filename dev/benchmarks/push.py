"""The cost of the long connection: idle, and with 1,000 events in a minute. `scripts/bench push`.

The platform runs in a separate process. CPU times are those of the process with the connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from typing import Final

import aiohttp

from benchmarks.home import WatchedSelector, run
from benchmarks.measure import ENVIRONMENT, ROOT, Row, in_own_process, table
from benchmarks.push_platform import FASTER
from custom_components.feishu_freebusy.feishu.hints import Hint
from custom_components.feishu_freebusy.feishu.session import session_options
from custom_components.feishu_freebusy.feishu.stream import Stream, StreamState, Timing
from simulator import Tenant

EVENTS: Final = 1000
SECONDS: Final = 60.0
IDLE: Final = 30.0  # seconds
_TIMEOUT: Final = 30.0  # seconds


@dataclass(slots=True)
class Result:
    """Times in seconds, sizes in bytes."""

    idle: float = 0.0
    events: float = 0.0
    stall: float = 0.0
    memory: int = 0
    growth: int = 0


def rows(events: int = EVENTS, seconds: float = SECONDS, idle: float = IDLE) -> list[Row]:
    """Run the benchmark in a separate process."""
    result = Result(**in_own_process("benchmarks.push", events, seconds, idle))
    an_event, stall = 1000 * result.events / events, 1000 * result.stall
    an_hour = result.idle / idle / FASTER * 3600
    return [
        Row(
            f"CPU time for an event of the long connection, {events:,} in {seconds:.0f} s",
            "–",
            f"{an_event:.2f} ms",
            "≤ 1 ms",
            an_event <= 1,
        ),
        Row("… longest stall of the event loop (CPU time)", "–", f"{stall:.1f} ms", "≤ 20 ms", stall <= 20),
        Row("CPU time of an idle long connection", "–", f"{an_hour:.2f} s in an hour"),
        Row("memory of an idle long connection", "–", f"{result.memory / 1024:.0f} KiB"),
        Row(f"… {events:,} events later", "–", f"{result.growth / 1024:+.0f} KiB"),
    ]


async def measure(selector: WatchedSelector, events: int, seconds: float, idle: float) -> Result:
    """Measure CPU time, then memory with another connection: tracemalloc costs time."""
    result, received = Result(), [0]
    with _platform(events, seconds) as (url, begin):
        async with _connected(url, received):
            result.idle = await _cpu_time_of(asyncio.sleep(idle))
            selector.restart()
            begin()
            result.events = await _cpu_time_of(_until(received, events))
            result.stall = selector.stall().cpu
    gc.collect()
    tracemalloc.start()
    received = [0]
    with _platform(events, 1.0) as (url, begin):
        before = _traced()
        async with _connected(url, received):
            result.memory = _traced() - before
            begin()
            await _until(received, events)
            result.growth = _traced() - before - result.memory
    tracemalloc.stop()
    return result


@asynccontextmanager
async def _connected(url: str, received: list[int]) -> AsyncIterator[None]:
    def count(_: Hint) -> None:
        received[0] += 1

    async def check_credentials() -> None:
        pass

    tenant = Tenant()
    async with aiohttp.ClientSession(**session_options()) as session:
        stream = Stream(
            session,
            base_url=url,
            app_id=tenant.app_id,
            app_secret=tenant.app_secret,
            on_hint=count,
            on_status=lambda _: None,
            check_credentials=check_credentials,
            timing=Timing(heartbeat=Timing().heartbeat / FASTER),
        )
        stream.start()
        async with asyncio.timeout(_TIMEOUT):
            while stream.status.state is not StreamState.CONNECTED:  # noqa: ASYNC110  # a benchmark may poll
                await asyncio.sleep(0.01)
        yield
        await stream.stop_and_wait()


async def _until(received: list[int], events: int) -> None:
    while received[0] < events:  # noqa: ASYNC110  # rarely: its cost is part of the result
        await asyncio.sleep(0.1)


async def _cpu_time_of(work: Awaitable[None]) -> float:
    before = time.process_time()
    await work
    return time.process_time() - before


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@contextmanager
def _platform(events: int, seconds: float) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run the platform. Yield its URL, and a function that starts the events."""
    command = [sys.executable, "-m", "benchmarks.push_platform", str(events), str(seconds)]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603  # our own
        assert process.stdout  # noqa: S101  # pipes
        pipe = process.stdin
        assert pipe  # noqa: S101

        def begin() -> None:
            pipe.write("\n")
            pipe.flush()

        yield process.stdout.readline().strip(), begin


if __name__ == "__main__":
    if len(sys.argv) == 4:
        how_many, how_long, how_idle = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
        print(json.dumps(asdict(run(lambda watched: measure(watched, how_many, how_long, how_idle)))))
    else:
        print(table(rows()))
