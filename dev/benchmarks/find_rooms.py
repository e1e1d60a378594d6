"""The CPU time of finding a room among 1,000, in a real Home Assistant. `scripts/bench find_rooms`.

The baseline is one pass over all busy periods of all rooms.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
import gc
import json
import sys
import time
from typing import Any, Final

from homeassistant.core import HomeAssistant

from benchmarks.home import WatchedSelector, home, run, set_up
from benchmarks.measure import Row, Spread, in_own_process, table
from benchmarks.tower import running_tower, tower
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.coordinator import FreeBusyCoordinator
from custom_components.feishu_freebusy.services import SERVICE_FIND_ROOMS

ROOMS: Final = 1000
ROUNDS: Final = 25

_MOST: Final = 8  # times the baseline
# One query that finds a room, and one that finds none and searches every room for an alternative
_QUERIES: Final[dict[str, dict[str, Any]]] = {
    "found": {"duration": {"minutes": 30}, "min_capacity": 4, "equipment": ["screen"], "limit": 5},
    "not found": {"duration": {"hours": 13}, "min_capacity": 4, "building": ["Tower"], "limit": 5},
}


@dataclass(slots=True)
class Result:
    """CPU seconds per round."""

    baseline: list[float] = field(default_factory=list)
    searches: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _QUERIES})


def rows(rooms: int = ROOMS, rounds: int = ROUNDS) -> list[Row]:
    """Call the action, as an automation does, in a separate process."""
    result = in_own_process("benchmarks.find_rooms", rooms, rounds)
    return [_row(rooms, name, took, result["baseline"]) for name, took in result["searches"].items()]


def _row(rooms: int, name: str, took: list[float], baseline: list[float]) -> Row:
    milliseconds = Spread.of(1000 * seconds for seconds in took)
    ratio = Spread.of(search / once for search, once in zip(took, baseline, strict=True))
    return Row(
        f"CPU time of `find_rooms` on {rooms:,} rooms, room {name}",
        "one pass over all schedules",
        f"{ratio.text('{:.1f}')} ×; {milliseconds.median:.0f} ms",
        f"≤ {_MOST} ×",
        ratio.median <= _MOST,
    )


async def measure(_selector: WatchedSelector, rooms: int, rounds: int) -> Result:
    """Measure the baseline and each query, `rounds` times in turn."""
    result = Result()
    with running_tower(rooms, time.time() + 3600) as base_url:
        async with home() as hass:
            entry = await set_up(hass, tower(rooms), base_url, scan_interval=3600)
            gc.collect()
            for _ in range(rounds):
                result.baseline.append(_cpu(lambda: _scan_schedules(entry.runtime_data)))
                for name, query in _QUERIES.items():
                    result.searches[name].append(await _search(hass, query, name))
            await hass.config_entries.async_unload(entry.entry_id)
    return result


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _scan_schedules(coordinator: FreeBusyCoordinator) -> timedelta:
    busy = timedelta()
    for room_id in coordinator.subjects.room_ids:
        if schedule := coordinator.subjects.schedule(room_id):
            for block in schedule.blocks:
                busy += block.end - block.start
    return busy


async def _search(hass: HomeAssistant, query: dict[str, Any], name: str) -> float:
    tomorrow = datetime.now(UTC).replace(hour=9, minute=0, second=0) + timedelta(days=1)
    until = tomorrow + timedelta(hours=9)
    data = {**query, "start": tomorrow.isoformat(), "until": until.isoformat()}
    begun = time.process_time()
    response = await hass.services.async_call(DOMAIN, SERVICE_FIND_ROOMS, data, blocking=True, return_response=True)
    took = time.process_time() - begun
    if (
        not response
        or bool(response["rooms"]) != (name == "found")
        or bool(response["alternatives"]) == (name == "found")
    ):
        raise RuntimeError(f"unexpected answer to the query {name!r}")
    return took


if __name__ == "__main__":
    if len(sys.argv) == 3:
        numbers: list[Any] = [int(argument) for argument in sys.argv[1:]]
        print(json.dumps(asdict(run(lambda selector: measure(selector, *numbers)))))
    else:
        print(table(rows()))
