"""How the CPU time of a schedule grows with the number of busy periods. `scripts/bench schedule`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import log2
import random
import time
from timeit import repeat
from typing import Final

from benchmarks.measure import Row, Spread, table
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, SubjectKind
from custom_components.feishu_freebusy.model.schedule import build_schedule

ROUNDS: Final = 9
FEW: Final = 100
MANY: Final = 10_000

_REPEATS: Final = 3
_START: Final = datetime(2026, 11, 23, tzinfo=UTC)
_MIN_FREE: Final = timedelta(minutes=15)


def rows(rounds: int = ROUNDS) -> list[Row]:
    """Compare many busy periods with few; both are shuffled, and half of them overlap the next one."""
    few, many = _periods(FEW), _periods(MANY)
    log_linear = MANY * log2(MANY) / (FEW * log2(FEW))
    build = Spread.of(_build(many, 1) / _build(few, MANY // FEW) / log_linear for _ in range(rounds))
    query = Spread.of(_query(many) / _query(few) for _ in range(rounds))
    return [
        Row(
            f"CPU time of building a `Schedule` of {MANY:,} busy periods, compared with {FEW}",
            "n log n",
            f"{build.text()} ×",
            "≤ 1 ×",
            build.median <= 1,
        ),
        Row("CPU time of its state and next change", f"{FEW} periods", f"{query.text()} ×"),
    ]


def _periods(number: int) -> list[BusyPeriod]:
    rng = random.Random(number)  # noqa: S311  # no secret
    starts = [_START + timedelta(minutes=30 * place) for place in range(number)]
    rng.shuffle(starts)
    return [BusyPeriod(start, start + timedelta(minutes=rng.choice((10, 40)))) for start in starts]


def _build(periods: list[BusyPeriod], times: int) -> float:
    """Return the CPU seconds to build one schedule."""
    horizon = _START + timedelta(minutes=30 * len(periods) + 60)

    def build() -> None:
        build_schedule(periods, kind=SubjectKind.ROOM, window_start=_START, horizon=horizon)

    return _cost(build, times)


def _query(periods: list[BusyPeriod], times: int = 2000) -> float:
    """Return the CPU seconds for the state and the next change at one instant."""
    horizon = _START + timedelta(minutes=30 * len(periods) + 60)
    schedule = build_schedule(periods, kind=SubjectKind.ROOM, window_start=_START, horizon=horizon)
    now = periods[0].start

    def query() -> None:
        schedule.status(now, _MIN_FREE)
        schedule.next_change(now, _MIN_FREE, UTC)

    return _cost(query, times)


def _cost(work: Callable[[], None], times: int) -> float:
    """Return the minimum CPU seconds of several runs; other work on the machine only adds time."""
    return min(repeat(work, timer=time.process_time, number=times, repeat=_REPEATS)) / times


if __name__ == "__main__":
    print(table(rows()))
