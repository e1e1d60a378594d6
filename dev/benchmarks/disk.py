"""The bytes that are written to disk in a day without changes. `scripts/bench disk`."""

from collections.abc import Sequence
import json
import sys
from typing import Final

from benchmarks.measure import Row, in_own_process, simulate, table

ROOMS: Final = (60, 1000)

_MEGABYTE: Final = 1_000_000
_MAX_MEGABYTES: Final = 5


def rows(sizes: Sequence[int] = ROOMS) -> list[Row]:
    """Run the day of each number of rooms in a separate process."""
    return [_row(rooms) for rooms in sizes]


def _row(rooms: int) -> Row:
    written = in_own_process("benchmarks.disk", rooms)
    total = sum(written.values()) / _MEGABYTE
    parts = ", ".join(f"{name} {size / _MEGABYTE:.2f}" for name, size in sorted(written.items()))
    return Row(
        f"written to disk in a day without changes, {rooms:,} rooms",
        "–",
        f"{total:.2f} MB ({parts})",
        f"≤ {_MAX_MEGABYTES} MB",
        total <= _MAX_MEGABYTES,
    )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(simulate("quiet_day", int(sys.argv[1]))[0]))
    else:
        print(table(rows()))
