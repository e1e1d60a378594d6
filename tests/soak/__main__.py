"""Simulates a year of one Home Assistant: `scripts/soak --days 365 --rooms 50 --seed 1`."""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
import os
from pathlib import Path
import sys
from time import process_time

import pytest

from tests.soak.plan import WORLDS, Plan
from tests.soak.report import failures, report
from tests.soak.tally import Tally

YEAR = Path(__file__).with_name("one_year.py")
PYTEST_OPTIONS = ["--quiet", "--numprocesses=0", "--timeout=0", "-p", "no:cacheprovider", "-p", "no:logging"]


class Soak:
    """A pytest plugin: gives the test its plan and collects its tally."""

    def __init__(self, plan: Plan) -> None:
        """Run `plan`."""
        self._plan = plan
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w")  # pytest captures sys.stdout itself
        self.lived: list[Tally] = []

    @pytest.fixture
    def plan(self) -> Plan:
        """Return the plan."""
        return self._plan

    @pytest.fixture
    def say(self) -> Callable[[str], None]:
        """Return a function that prints at once, past pytest's capture."""
        return partial(print, file=self._out, flush=True)

    @pytest.fixture
    def tallies(self) -> list[Tally]:
        """Return the list for the result."""
        return self.lived


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulation and return the exit status."""
    options = _parser().parse_args(arguments)
    world = WORLDS.get(options.world, "")
    plan = Plan(
        options.days, options.rooms, options.seed, options.people, world=world, live_updates=options.live_updates
    )
    soak = Soak(plan)
    size = f"{options.days} days of {options.rooms} rooms and {options.people} people, seed {options.seed}"
    print(f"{size}: {world}" if world else size, flush=True)
    status = pytest.main([str(YEAR), *PYTEST_OPTIONS], plugins=[soak])
    if not soak.lived:
        return int(status) or 1
    (tally,) = soak.lived
    print(report(tally))
    wrong = failures(tally)
    print("\n" + "\n".join([*(f"WRONG: {what}" for what in wrong), "" if wrong else "no failures"]).strip())
    print(f"{process_time():.0f} s of CPU time")
    return 1 if wrong or status else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--days", type=int, default=365, help="how many days (default: 365)")
    parser.add_argument("--rooms", type=int, default=50, help="how many rooms (default: 50)")
    parser.add_argument("--people", type=int, default=5, help="how many people (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same year (default: 1)")
    parser.add_argument("--live-updates", action="store_true", help="with live updates")
    parser.add_argument("--world", choices=WORLDS, help="what is wrong all the time (default: nothing)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
