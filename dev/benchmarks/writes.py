"""How often room states are written on a simulated office day, and why. `scripts/bench writes`."""

from dataclasses import asdict
import json
import sys
from typing import TYPE_CHECKING, Final

import pytest

from benchmarks.measure import ROOT, Row, in_own_process, table

if TYPE_CHECKING:
    from benchmarks.simulated_day import Counts

ROOMS: Final = 20


def rows(rooms: int = ROOMS) -> list[Row]:
    """Run the day in a separate process."""
    day = in_own_process("benchmarks.writes", rooms)
    ratio = day["written"] / day["expected"]
    causes = day["transitions"] + day["changes"]
    each = {key: day[key] / rooms for key in ("written", "flipped", "transitions", "changes", "polls")}
    return [
        Row(
            f"state writes per room and day, {rooms} rooms, {day['polls']:,} polls",
            "instants at which the shown values change",
            f"{ratio:.2f} × ({each['written']:.1f} writes)",
            "1.0 ×",
            round(ratio, 1) == 1.0,
        ),
        Row(
            "the same",
            f"transitions ({each['transitions']:.1f}) and booking changes ({each['changes']:.1f})",
            f"{day['written'] / causes:.2f} ×",
        ),
        Row(
            "state writes with another state than before",
            "transitions",
            f"{day['flipped'] / day['transitions']:.2f} × ({each['flipped']:.1f} writes)",
        ),
        Row(
            "writes without a change right after another write, per room and day",
            "–",
            f"{day['repeated'] / rooms:.1f}",
            "0",
            day["repeated"] == 0,
        ),
    ]


class _Benchmark:
    """A pytest plugin: gives the simulated day its number of rooms and collects its counts."""

    def __init__(self, rooms: int) -> None:
        self._rooms = rooms
        self.counts: list[Counts] = []

    @pytest.fixture
    def number_of_rooms(self) -> int:
        return self._rooms

    @pytest.fixture
    def report(self) -> list[Counts]:
        return self.counts


def _measure(rooms: int) -> str:
    benchmark = _Benchmark(rooms)
    day = str(ROOT / "dev" / "benchmarks" / "simulated_day.py")
    options = ["--quiet", "--numprocesses=0", "--timeout=0", "-p", "no:cacheprovider"]
    status = pytest.main([day, *options], plugins=[benchmark])
    if status or not benchmark.counts:
        raise RuntimeError("the simulated day failed")
    return json.dumps(asdict(benchmark.counts[0]))


if __name__ == "__main__":
    print(_measure(int(sys.argv[1])) if len(sys.argv) == 2 else table(rows()))
