"""The fast benchmarks run and return rows. Most of their figures are not checked here."""

import asyncio
from collections.abc import Callable
from functools import partial
import time

import pytest

from benchmarks import client, memory, poll, push, schedule, writes
from benchmarks.home import Stall, WatchedSelector, run
from benchmarks.measure import Row, Spread, table


@pytest.mark.parametrize(
    ("measure", "rows"),
    [
        pytest.param(partial(client.rows, rounds=1, calls=50, sdk_calls=1), 2, id="client"),
        pytest.param(partial(poll.rows, rooms=60), 2, id="poll"),
        pytest.param(partial(push.rows, events=50, seconds=1.0, idle=0.5), 5, id="push", marks=pytest.mark.prove),
        pytest.param(partial(schedule.rows, rounds=1), 2, id="schedule"),
        pytest.param(partial(memory.rows, rounds=1, few=2, many=4), 2, id="memory", marks=pytest.mark.prove),
    ],
)
async def test_a_benchmark_returns_its_rows(socket_enabled: None, measure: Callable[[], list[Row]], rows: int) -> None:
    measured = await asyncio.to_thread(measure)  # it runs its own event loop
    assert len(table(measured).splitlines()) == 2 + rows


async def test_a_poll_meets_its_target(socket_enabled: None) -> None:
    assert all(row.met for row in await asyncio.to_thread(poll.rows, rooms=60))


@pytest.mark.prove
async def test_a_day_has_no_unneeded_writes(socket_enabled: None) -> None:
    first, *_ = await asyncio.to_thread(writes.rows, rooms=2)
    assert first.met


async def test_a_stall_is_measured(socket_enabled: None) -> None:
    async def work(selector: WatchedSelector) -> Stall:
        selector.restart()
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        await asyncio.sleep(0)
        return selector.stall()

    stall = await asyncio.to_thread(run, work)
    assert 0.02 <= stall.cpu + stall.collected <= stall.wall + 0.001


def test_a_spread_is_median_minimum_and_maximum() -> None:
    assert Spread.of([3.0, 1.0, 2.0]).text() == "2.00 (1.00 – 3.00)"
    assert Spread.of([2.0]).text("{:.0f} ms") == "2 ms"


def test_missed_targets_are_bold() -> None:
    rows = [Row("a", "b", "1", "≤ 2", met=True), Row("a", "b", "3", "≤ 2", met=False), Row("a", "b", "3")]
    assert [line.rsplit("|", 2)[1].strip() for line in table(rows).splitlines()[2:]] == ["yes", "**no**", ""]
