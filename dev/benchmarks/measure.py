"""What a benchmark hands over, and how several rounds become one figure."""

from collections.abc import Iterable
from dataclasses import dataclass
import json
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from typing import Any

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dev'}",
}  # of a Python that runs a module of ours


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, and the least and the most of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, rounds: Iterable[float]) -> Spread:
        """Sum up rounds."""
        figures = sorted(rounds)
        return cls(median(figures), figures[0], figures[-1])

    def text(self, form: str = "{:.2f}") -> str:
        """Return it like `1.31 (1.28 – 1.40)`, and without the brackets where all rounds came out alike."""
        middle, least, most = (form.format(figure) for figure in (self.median, self.least, self.most))
        return middle if least == most else f"{middle} ({least} – {most})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where there is no target."""

    what: str
    against: str
    measured: str
    target: str = "–"
    met: bool | None = None


def table(rows: Iterable[Row]) -> str:
    """Return rows as a table in Markdown."""
    marks = {None: "", True: "yes", False: "**no**"}
    lines = ["| What | Against | Measured: median (least – most) | Target | Met |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.against} | {row.measured} | {row.target} | {marks[row.met]} |" for row in rows]
    return "\n".join(lines)


def in_own_process(module: str, *arguments: object) -> Any:  # noqa: ANN401  # JSON
    """Run a module of ours in a Python of its own and return the JSON that it prints last."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
    return json.loads(done.stdout.splitlines()[-1])
