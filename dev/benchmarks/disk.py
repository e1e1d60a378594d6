"""The bytes that are written to disk in a day without changes. `scripts/bench disk`."""

import json
import sys
from typing import Final

import pytest

from benchmarks.measure import ROOT, Row, in_own_process, table

ROOMS: Final = 1000

_MEGABYTE: Final = 1_000_000
_MAX_MEGABYTES: Final = 5


def rows(rooms: int = ROOMS) -> list[Row]:
    """Run the day in a separate process."""
    written = in_own_process("benchmarks.disk", rooms)
    total = sum(written.values()) / _MEGABYTE
    parts = ", ".join(f"{name} {size / _MEGABYTE:.1f}" for name, size in sorted(written.items()))
    return [
        Row(
            f"written to disk in a day without changes, {rooms:,} rooms",
            "–",
            f"{total:.1f} MB ({parts})",
            f"≤ {_MAX_MEGABYTES} MB",
            total <= _MAX_MEGABYTES,
        )
    ]


class _Benchmark:
    """A pytest plugin: gives the simulated day its number of rooms and collects its counts."""

    def __init__(self, rooms: int) -> None:
        self._rooms = rooms
        self.written: list[dict[str, int]] = []

    @pytest.fixture
    def number_of_rooms(self) -> int:
        return self._rooms

    @pytest.fixture
    def report(self) -> list[dict[str, int]]:
        return self.written


def _measure(rooms: int) -> str:
    benchmark = _Benchmark(rooms)
    day = str(ROOT / "dev" / "benchmarks" / "quiet_day.py")
    options = ["--quiet", "--numprocesses=0", "--timeout=0", "-p", "no:cacheprovider"]
    status = pytest.main([day, *options], plugins=[benchmark])
    if status or not benchmark.written:
        raise RuntimeError("the simulated day failed")
    return json.dumps(benchmark.written[0])


if __name__ == "__main__":
    print(_measure(int(sys.argv[1])) if len(sys.argv) == 2 else table(rows()))
