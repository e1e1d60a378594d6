"""Time and memory to import our client and the vendor's SDK. `scripts/bench imports`.

Each import runs in a new Python process; the start of Python itself is not counted.
"""

import subprocess
import sys
from typing import Final

from benchmarks.measure import ROOT, Row, Spread, table

ROUNDS: Final = 7

_LEAST: Final = 100  # after aiohttp, which Home Assistant has imported anyway
_LEAST_TIME: Final = 20  # aiohttp included, which the SDK imports, too: missed
_LEAST_SIZE: Final = 5
_OURS: Final = "feishu"  # as a top-level package: importing the integration would import Home Assistant
_SDK: Final = "lark_oapi"
_HOME: Final = ROOT / "custom_components" / "feishu_freebusy"
_PROGRAM: Final = """
import sys, time
sys.path.append(sys.argv[1])
for name in sys.argv[3:]:
    __import__(name)
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1])
before, begun = resident(), time.perf_counter()
__import__(sys.argv[2])
print(time.perf_counter() - begun, resident() - before)
"""


def rows(rounds: int = ROUNDS) -> list[Row]:
    """Import both in turn, round by round. The first round only warms the system's caches and is dropped."""
    alone = [(_import(_OURS), _import(_SDK)) for _ in range(rounds + 1)][1:]
    times, sizes = _ratios(alone)
    # Home Assistant has imported aiohttp anyway
    after_aiohttp, sizes_after = _ratios([(_import(_OURS, "aiohttp"), _import(_SDK, "aiohttp")) for _ in range(rounds)])
    sdk, sdk_too = "the vendor's SDK", "the vendor's SDK, both after `aiohttp`"
    return [
        Row(
            "time to import `feishu/`",
            sdk,
            _less(times, "{:.0f}"),
            f"≥ {_LEAST_TIME} × less",
            times.median >= _LEAST_TIME,
        ),
        Row(
            "memory to import `feishu/`",
            sdk,
            _less(sizes, "{:.1f}"),
            f"≥ {_LEAST_SIZE} × less",
            sizes.median >= _LEAST_SIZE,
        ),
        Row(
            "time to import `feishu/`",
            sdk_too,
            _less(after_aiohttp, "{:.0f}"),
            f"≥ {_LEAST} × less",
            after_aiohttp.median >= _LEAST,
        ),
        Row(
            "memory to import `feishu/`",
            sdk_too,
            _less(sizes_after, "{:.0f}"),
            f"≥ {_LEAST} × less",
            sizes_after.median >= _LEAST,
        ),
    ]


def _ratios(costs: list[tuple[tuple[float, float], tuple[float, float]]]) -> tuple[Spread, Spread]:
    times, sizes = zip(*((sdk[0] / ours[0], sdk[1] / ours[1]) for ours, sdk in costs), strict=True)
    return Spread.of(times), Spread.of(sizes)


def _less(ratio: Spread, form: str) -> str:
    return f"{ratio.text(form)} × less"


def _import(name: str, *before: str) -> tuple[float, float]:
    """Return the seconds and memory pages of importing `name` after all of `before`."""
    done = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", _PROGRAM, _HOME, name, *before], check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, pages = map(float, done.stdout.split())
    return seconds, pages


if __name__ == "__main__":
    print(table(rows()))
