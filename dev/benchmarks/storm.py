"""Many rooms in a real Home Assistant: start, polls, all rooms flipping at once, unload. `scripts/bench storm`.

The tenant runs in a separate process. Stalls are measured in CPU time, which excludes other work on the machine.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
import gc
import json
import sys
import time
from typing import Any, Final
from unittest.mock import patch

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, State, callback

from benchmarks.bare import BareEntities
from benchmarks.home import WatchedSelector, home, run, set_up
from benchmarks.measure import Row, Spread, in_own_process, table
from benchmarks.tower import BETWEEN_FLIPS, FLIPS, running_tower, tower
from custom_components.feishu_freebusy.model import schedule

FLIPPING: Final = 1000
ROOMS: Final = (1000, 2000)
ROUNDS: Final = 3

_MAX_STALL: Final = 50  # milliseconds
_MAX_STALL_IN_POLL: Final = 20  # of 1,000 rooms: polls come every few minutes, the others are rare
_MAX_FLIP: Final = 1.5
_STATES: Final = 3  # that a flip writes for each room, at least
_FLIP_TIMEOUT: Final = BETWEEN_FLIPS - 4  # seconds
_PHASES: Final = {
    "start": "the start",
    "poll": "a poll of all rooms",
    "catalogue": "a read of the room list",
    "options": "a change of options",
    "flip": "a flip of all rooms",
    "reload": "a reload",
    "unload": "the unload",
}


@dataclass(slots=True)
class Result:
    """The measurements, in order; times are in seconds."""

    stalls: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in _PHASES})
    took: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in _PHASES})
    flips: list[float] = field(default_factory=list)  # CPU seconds for each state
    bare: list[float] = field(default_factory=list)  # the same for bare entities


def rows(flipping: int = FLIPPING, sizes: Sequence[int] = ROOMS, rounds: int = ROUNDS) -> list[Row]:
    """Run the benchmark in separate processes: one for the flips, and one of each size for the stalls."""
    flips = in_own_process("benchmarks.storm", flipping, 0)
    stalls = {rooms: in_own_process("benchmarks.storm", rooms, rounds) for rooms in sizes}
    ratio = Spread.of(ours / bare for ours, bare in zip(flips["flips"], flips["bare"], strict=True))
    delay = Spread.of(flips["took"]["flip"])
    return [
        Row(
            f"CPU time of a flip of {flipping:,} rooms at the same instant",
            "Home Assistant writing the same states",
            f"{ratio.text()} ×; the last is written {1000 * delay.median:.0f} ms after the instant",
            f"≤ {_MAX_FLIP} ×",
            ratio.median <= _MAX_FLIP,
        ),
        _row_of_stall(flips, "flip", flipping),
        *(
            _row_of_stall(measured, phase, rooms)
            for rooms, measured in stalls.items()
            for phase in _PHASES
            if phase != "flip"
        ),
    ]


def _row_of_stall(result: dict[str, Any], phase: str, rooms: int) -> Row:
    most = _MAX_STALL_IN_POLL if phase == "poll" and rooms <= FLIPPING else _MAX_STALL
    stall = Spread.of(1000 * seconds for seconds in result["stalls"][phase])
    took = Spread.of(result["took"][phase])
    return Row(
        f"longest stall of the event loop (CPU time) in {_PHASES[phase]}, {rooms:,} rooms",
        "–",
        f"{stall.text('{:.0f}')} ms; all: {took.text('{:.1f}')} s",
        f"≤ {most} ms",
        stall.median <= most,
    )


async def measure(selector: WatchedSelector, rooms: int, rounds: int) -> Result:
    """Measure each phase `rounds` times, start and unload once; with 0 rounds, only flips."""
    result = Result()

    @asynccontextmanager
    async def phase(name: str) -> AsyncIterator[None]:
        await asyncio.sleep(1)  # let delayed writes of the phase before end
        gc.collect()
        await asyncio.sleep(0)
        selector.restart()
        begun = time.perf_counter()
        yield
        result.took[name].append(time.perf_counter() - begun)
        await asyncio.sleep(0)  # let the selector see the end
        result.stalls[name].append(selector.stall().cpu)

    flip_at = float(round(time.time()) + 60 + rooms // 10 + (86_400 if rounds else 0))
    with running_tower(rooms, flip_at) as base_url, patch.object(schedule, "_SHORTEST_GAP", timedelta()):
        async with home() as hass:
            async with phase("start"):
                entry = await set_up(hass, tower(rooms), base_url, scan_interval=3600)
            if not rounds:
                await _flip_all(hass, phase, flip_at, rooms, result)
            coordinator = entry.runtime_data
            for number in range(rounds):
                async with phase("poll"):
                    await coordinator.async_check_now()
                async with phase("catalogue"):
                    await coordinator.catalogue.async_refresh()
                    await hass.async_block_till_done(wait_background_tasks=True)
                async with phase("options"):
                    options = {**entry.options, "min_free_minutes": 20 + number}
                    hass.config_entries.async_update_entry(entry, options=options)
                    await hass.async_block_till_done(wait_background_tasks=True)
                async with phase("reload"):
                    await hass.config_entries.async_reload(entry.entry_id)
                    await hass.async_block_till_done()
                coordinator = entry.runtime_data
            async with phase("unload"):
                await hass.config_entries.async_unload(entry.entry_id)
                await hass.async_block_till_done()
    return result


async def _flip_all(
    hass: HomeAssistant, phase: Callable[[str], Any], flip_at: float, rooms: int, result: Result
) -> None:
    written: list[State] = []
    last = 0.0

    @callback
    def note(event: Event[Any]) -> None:
        nonlocal last
        if state := event.data["new_state"]:
            written.append(state)
            last = event.time_fired_timestamp

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    bare = BareEntities(hass)
    for flip in range(FLIPS):
        instant = flip_at + flip * BETWEEN_FLIPS
        async with phase("flip"):
            if time.time() > instant - 1:
                raise RuntimeError("the machine is too slow: the next flip is less than a second away")
            await asyncio.sleep(instant - time.time() - 0.2)
            written.clear()
            gc.disable()  # a pass of the collector costs as much as a flip, and either side may trigger it
            begun = time.thread_time()
            while len(written) < _STATES * rooms or time.time() < last + 0.5:
                if time.time() > instant + _FLIP_TIMEOUT:
                    raise RuntimeError(f"only {len(written)} of at least {_STATES * rooms} states were written")
                await asyncio.sleep(0.1)
            cpu = time.thread_time() - begun
        result.took["flip"][-1] = last - instant
        states = [state for state in written if not state.object_id.endswith("free_rooms")]
        bare_cpu = await bare.write(states)
        gc.enable()
        if flip:  # in the first, the bare entities are added
            result.flips.append(cpu / len(written))
            result.bare.append(bare_cpu / len(states))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        numbers: list[Any] = [int(argument) for argument in sys.argv[1:]]
        print(json.dumps(asdict(run(lambda selector: measure(selector, *numbers)))))
    else:
        print(table(rows()))
