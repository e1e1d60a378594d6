"""Whether a month stays within its budget, whatever a dashboard and actions ask for. `scripts/bench budget list batch`.

Simulates November 2026 of 20 rooms in a real Home Assistant, with and without what is not a poll: a card that shows two
weeks of all rooms day and night, an action and an update six times a day, and a tree of 100 floors.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
import sys
from typing import Final

from benchmarks.measure import Row, simulate, table

ROOMS: Final = 20
DAYS: Final = 30
SOURCES: Final = ("list", "batch")
END: Final = datetime(2026, 12, 1, tzinfo=UTC)
_LONGEST_INTERVAL: Final = 1.3  # compared with the month without all that is not a poll
_WORST_PROJECTION: Final = 0.1  # from the second day on


@dataclass(frozen=True, slots=True)
class Case:
    """The last days of November 2026: how many rooms, read by which API, and what else costs calls."""

    rooms: int
    source: str
    days: int = 30
    budget: int = 25_000
    floors: int = 0
    card: bool = False  # a dashboard shows two weeks of all rooms, day and night
    actions: bool = False

    @property
    def start(self) -> datetime:
        """Return the first midnight."""
        return END - timedelta(days=self.days)


@dataclass(slots=True)
class Month:
    """What a case came to. `intervals` are those at each full office hour, `projections` those of each noon."""

    calls: int = 0
    by_payer: Counter[str] = field(default_factory=Counter)
    intervals: list[float] = field(default_factory=list)
    projections: list[int] = field(default_factory=list)
    cards: Counter[str] = field(default_factory=Counter)  # updates of the dashboard, by whether they had an answer


def rows(rooms: int = ROOMS, days: int = DAYS, budget: int = 25_000, sources: Sequence[str] = SOURCES) -> list[Row]:
    """Run the months, with and without what is not a poll."""
    alone = [Case(rooms, source, days, budget) for source in sources]
    busy = [replace(case, floors=100, card=True, actions=True) for case in alone]
    months: list[Month] = simulate("simulated_month", [*alone, *busy], "-p", "no:logging")
    found = []
    for case, before, after in zip(busy, months[: len(alone)], months[len(alone) :], strict=True):
        found += rows_of(case, before, after)
    return found


def rows_of(case: Case, alone: Month, busy: Month) -> list[Row]:
    """Compare a month with the same one without all that is not a poll."""
    ratio = _mean(busy.intervals) / _mean(alone.intervals)
    error = max(abs(projected / busy.calls - 1) for projected in busy.projections[1:])
    first, *_ = busy.projections
    parts = ", ".join(f"{payer} {calls:,}" for payer, calls in busy.by_payer.most_common())
    return [
        Row(
            f"calls of a month by `{case.source}`, {case.rooms} rooms, with a card, actions and 100 floors",
            f"the budget of {case.budget:,}",
            f"{busy.calls:,} ({parts})",
            "within",
            busy.calls <= case.budget,
        ),
        Row(
            "interval in office hours",
            f"without them ({_mean(alone.intervals):,.0f} s)",
            f"{ratio:.2f} × ({_mean(busy.intervals):,.0f} s)",
            f"≤ {_LONGEST_INTERVAL} ×",
            ratio <= _LONGEST_INTERVAL,
        ),
        Row(
            "projected calls of the month, from the second day on",
            "the calls of the month",
            f"off by {100 * error:.1f} % at most (first day: {100 * (first / busy.calls - 1):+.1f} %)",
            f"≤ {_WORST_PROJECTION:.0%}",
            error <= _WORST_PROJECTION,
        ),
        Row("updates of the card without an answer", "all updates", f"{busy.cards['empty']} of {busy.cards.total():,}"),
    ]


def _mean(intervals: Sequence[float]) -> float:
    return sum(intervals) / len(intervals)


if __name__ == "__main__":
    print(table(rows(sources=sys.argv[1:] or SOURCES)))
