"""Runs all benchmarks and prints two Markdown tables: `scripts/bench`.

The first table is measured on this machine in this run. The second, how late changes are seen, is simulated. The run
takes some minutes. Each module can also run alone.
"""

from collections.abc import Callable
import sys
from typing import Final

from benchmarks import budget, client, disk, find_rooms, imports, lateness, memory, poll, push, schedule, storm, writes
from benchmarks.measure import Row, table

_ALL: Final[dict[str, Callable[[], list[Row]]]] = {
    "client": client.rows,
    "imports": imports.rows,
    "poll": poll.rows,
    "push": push.rows,
    "storm": storm.rows,
    "writes": writes.rows,
    "disk": disk.rows,
    "find_rooms": find_rooms.rows,
    "schedule": schedule.rows,
    "memory": memory.rows,
    "budget": budget.rows,
}


def main() -> None:
    """Run the benchmarks one after the other, so that they do not disturb each other."""
    rows: list[Row] = []
    for name, measure in _ALL.items():
        print(f"measuring: {name}", file=sys.stderr, flush=True)
        rows += measure()
    print(table(rows))
    print()
    print(lateness.lateness_table())


if __name__ == "__main__":
    main()
