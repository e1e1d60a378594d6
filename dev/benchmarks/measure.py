"""The rows of the benchmark table, how several rounds become one figure, and how a simulation runs."""

from collections.abc import Iterable
from dataclasses import dataclass
import json
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dev'}",
}  # for a Python process that runs one of our modules


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, minimum and maximum of several rounds."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, rounds: Iterable[float]) -> Spread:
        """Summarize the figures of several rounds."""
        figures = sorted(rounds)
        return cls(median(figures), figures[0], figures[-1])

    def text(self, form: str = "{:.2f}") -> str:
        """Return text like `1.31 (1.28 – 1.40)`, without the range if minimum and maximum look the same."""
        middle, least, most = (form.format(figure) for figure in (self.median, self.least, self.most))
        return middle if least == most else f"{middle} ({least} – {most})"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `met` is None if there is no target."""

    what: str
    against: str
    measured: str
    target: str = "–"
    met: bool | None = None


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a Markdown table."""
    marks = {None: "", True: "yes", False: "**no**"}
    lines = ["| What | Against | Measured: median (min – max) | Target | Met |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.against} | {row.measured} | {row.target} | {marks[row.met]} |" for row in rows]
    return "\n".join(lines)


class _Simulation:
    """A pytest plugin: gives a simulation its task and collects its results."""

    def __init__(self, task: object) -> None:
        self._task = task
        self.collected: list[Any] = []

    @pytest.fixture
    def task(self) -> object:
        return self._task

    @pytest.fixture
    def results(self) -> list[Any]:
        return self.collected


def simulate(module: str, task: object, *options: str) -> list[Any]:
    """Run one of our modules with pytest. Its test gets the fixture `task` and appends to the fixture `results`."""
    simulation = _Simulation(task)
    path = str(ROOT / "dev" / "benchmarks" / f"{module}.py")
    all_options = ["--quiet", "--numprocesses=0", "--timeout=0", "-p", "no:cacheprovider", *options]
    if pytest.main([path, *all_options], plugins=[simulation]) or not simulation.collected:
        raise RuntimeError(f"{module} failed")
    return simulation.collected


def in_own_process(module: str, *arguments: object) -> Any:  # noqa: ANN401  # JSON
    """Run one of our modules in a new Python process and return the JSON in its last line of output."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
    return json.loads(done.stdout.splitlines()[-1])
