"""The memory of a room with all its entities. `scripts/bench memory`.

Each number of rooms is set up in a separate process; tracemalloc measures the memory of Python objects.
"""

import gc
import json
import sys
import time
import tracemalloc
from typing import Final

from benchmarks.home import WatchedSelector, home, run, set_up
from benchmarks.measure import Row, Spread, in_own_process, table
from benchmarks.tower import running_tower, tower

ROUNDS: Final = 3
FEW: Final = 100
MANY: Final = 1000


def rows(rounds: int = ROUNDS, few: int = FEW, many: int = MANY) -> list[Row]:
    """Measure the memory of each additional room between `few` and `many` rooms."""
    sizes = [(_measured(few), _measured(many)) for _ in range(rounds)]
    one_more = Spread.of((most - least) / (many - few) / 1024 for least, most in sizes)
    growth = Spread.of((most / many) / (least / few) for least, most in sizes)
    return [
        Row(
            f"memory per additional room with all entities, from {few} to {many:,} rooms",
            "–",
            f"{one_more.text('{:.1f}')} KiB",
        ),
        Row(
            f"memory per room at {many:,} rooms",
            f"per room at {few} rooms",
            f"{growth.text()} ×",
            "falling",
            growth.median < 1,
        ),
    ]


def _measured(rooms: int) -> float:
    size: float = in_own_process("benchmarks.memory", rooms)
    return size


async def measure(_selector: WatchedSelector, rooms: int) -> int:
    """Return the bytes that a config entry with this many rooms takes."""
    with running_tower(rooms, time.time() + 3600) as base_url:
        async with home() as hass:
            tenant = tower(rooms)
            gc.collect()
            tracemalloc.start()
            entry = await set_up(hass, tenant, base_url)
            gc.collect()
            size = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
            await hass.config_entries.async_unload(entry.entry_id)
    return size


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(run(lambda selector: measure(selector, int(sys.argv[1])))))
    else:
        print(table(rows()))
