"""How often room states are written on a simulated office day, and why. `scripts/bench writes`."""

from dataclasses import asdict
import json
import sys
from typing import Final

from benchmarks.measure import Row, in_own_process, simulate, table

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


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(json.dumps(asdict(simulate("simulated_day", int(sys.argv[1]))[0])))
    else:
        print(table(rows()))
