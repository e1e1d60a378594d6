"""1,000 rooms in a real Home Assistant: setup, polls, all rooms flipping at once. `scripts/bench storm`.

The tenant runs in a separate process. Stalls are measured in CPU time, which excludes other work on the machine.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
import json
import sys
import time
from typing import Any, Final
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from benchmarks.home import Stall, WatchedSelector, entity_id, home, run, set_up
from benchmarks.measure import Row, Spread, in_own_process, table
from benchmarks.tower import BETWEEN_FLIPS, FLIPS, running_tower, tower
from custom_components.feishu_freebusy.model import intervals

ROOMS: Final = 1000
POLLS: Final = 7

_INTERVAL: Final = 4  # seconds; the product's minimum is longer
_POLL_TIMEOUT: Final = 60.0  # seconds
_AFTER_FLIP: Final = 4.0  # seconds


@dataclass(slots=True)
class Result:
    """The measurements, in order; times are in seconds."""

    set_up: float = 0.0
    set_up_stall: Stall | None = None
    polls: list[Stall] = field(default_factory=list)
    options: Stall | None = None
    flips: list[float] = field(default_factory=list)
    flip_stalls: list[Stall] = field(default_factory=list)
    unload: Stall | None = None


def rows(rooms: int = ROOMS, polls: int = POLLS) -> list[Row]:
    """Run the benchmark in a separate process."""
    result = in_own_process("benchmarks.storm", rooms, polls)
    poll = _milliseconds(_cpu(result["polls"]))
    flip = _milliseconds(result["flips"])
    by_the_clock = _milliseconds(stall["wall"] for stall in result["polls"])
    collected = _milliseconds(stall["collected"] for stall in result["polls"])
    others = {
        "… in a flip of all rooms": result["flip_stalls"],
        "… in the setup": [result["set_up_stall"]],
        "… in a change of options": [result["options"]],
        "… in the unload of the entry": [result["unload"]],
    }
    return [
        Row(
            f"longest stall of the event loop (CPU time) in a poll of {rooms:,} rooms",
            "–",
            f"{poll.text('{:.0f}')} ms",
            "≤ 20 ms",
            poll.median <= 20,
        ),
        *(Row(what, "–", f"{_milliseconds(_cpu(stalls)).text('{:.0f}')} ms") for what, stalls in others.items()),
        Row("… in a poll, wall time, including the garbage collector", "–", f"{by_the_clock.text('{:.0f}')} ms"),
        Row("CPU time of full garbage collections in a poll", "–", f"{collected.text('{:.0f}')} ms"),
        Row(
            f"{rooms:,} rooms flip at the same instant: the last state is written",
            "that instant",
            f"{flip.text('{:.0f}')} ms after",
            "≤ 250 ms",
            flip.median <= 250,
        ),
        Row(f"setup of {rooms:,} rooms, until all states are written", "–", f"{result['set_up']:.1f} s"),
    ]


def _cpu(stalls: Iterable[dict[str, float]]) -> Iterator[float]:
    return (stall["cpu"] for stall in stalls)


def _milliseconds(seconds: Iterable[float]) -> Spread:
    return Spread.of(1000 * each for each in seconds)


async def measure(selector: WatchedSelector, rooms: int, polls: int) -> Result:
    """Measure setup, polls, a change of options, flips and unload of an entry."""
    result = Result()
    flip_at = float(round(time.time()) + 20 + polls * _INTERVAL + rooms // 100)
    with (
        running_tower(rooms, flip_at) as base_url,
        patch.object(intervals, "MIN_INTERVAL", timedelta(seconds=_INTERVAL)),
    ):
        async with home() as hass:
            selector.restart()
            begun = time.perf_counter()
            entry = await set_up(hass, tower(rooms), base_url, scan_interval=_INTERVAL)
            result.set_up = time.perf_counter() - begun
            result.set_up_stall = selector.stall()
            for _ in range(polls):
                selector.restart()
                await _poll(hass)
                result.polls.append(selector.stall())
            selector.restart()
            hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 3600})
            await hass.async_block_till_done()
            result.options = selector.stall()
            await _flip_all(hass, selector, flip_at, rooms, result)
            selector.restart()
            await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
            await asyncio.sleep(0)  # let the selector see the end of the unload
            result.unload = selector.stall()
    return result


async def _poll(hass: HomeAssistant) -> None:
    """Wait until a poll has ended: it changes the number of calls."""
    polled = asyncio.Event()
    end = async_track_state_change_event(hass, entity_id(hass, "calls"), callback(lambda _: polled.set()))
    await asyncio.wait_for(polled.wait(), _POLL_TIMEOUT)
    end()


async def _flip_all(hass: HomeAssistant, selector: WatchedSelector, flip_at: float, rooms: int, result: Result) -> None:
    written: list[float] = []
    hass.bus.async_listen(EVENT_STATE_CHANGED, callback(lambda event: written.append(event.time_fired_timestamp)))
    for flip in range(FLIPS):
        instant = flip_at + flip * BETWEEN_FLIPS
        if time.time() > instant - 1:
            raise RuntimeError("the machine is too slow: the next flip is less than a second away")
        await asyncio.sleep(instant - time.time() - 1)
        written.clear()
        selector.restart()
        await asyncio.sleep(1 + _AFTER_FLIP)
        result.flip_stalls.append(selector.stall())
        if len(written) < rooms:
            raise RuntimeError(f"only {len(written)} of at least {rooms} states were written")
        result.flips.append(max(written) - instant)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        numbers: list[Any] = [int(argument) for argument in sys.argv[1:]]
        print(json.dumps(asdict(run(lambda selector: measure(selector, *numbers)))))
    else:
        print(table(rows()))
