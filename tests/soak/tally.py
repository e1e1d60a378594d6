"""The counts of a simulated year."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
import ctypes
from dataclasses import dataclass, field
from datetime import datetime
import gc
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Self, override

if TYPE_CHECKING:  # the process that starts pytest must not import Home Assistant first
    from tests.soak.observed_simulator import ObservedSimulator

_MAX_REPORTED = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of the process at an instant: numbers of objects, and `memory` in KiB."""

    at: datetime
    objects: int
    memory: int
    timers: int
    tasks: int
    homes: int
    coordinators: int

    @classmethod
    def now(cls, at: datetime, timers: int) -> Self:
        """Measure now. First return freed memory to the system, so that it does not count."""
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)
        status = Path("/proc/self/status").read_text(encoding="ascii")
        memory = int(status.partition("VmRSS:")[2].split()[0])
        objects = gc.get_objects()
        kinds = Counter(type(it).__name__ for it in objects)
        homes, coordinators = kinds["HomeAssistant"], kinds["FreeBusyCoordinator"]
        return cls(at, len(objects), memory, timers, len(asyncio.all_tasks()), homes, coordinators)


class LogCounter(logging.Handler):
    """Counts log lines: ours by level and message, those of other loggers from WARNING on."""

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self.ours: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.levels: Counter[str] = Counter()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("custom_components.feishu_freebusy"):
            self.levels[record.levelname] += (
                "not %s; Retrying" not in record.msg
            )  # Home Assistant logs this with our logger
            self.ours[f"{record.levelname} {record.msg}"] += 1
        elif record.levelno >= logging.WARNING:
            self.others[f"{record.levelname} {record.name}: {record.msg}"] += 1


@dataclass
class Tally:
    """The counts, and the mismatches found."""

    apps: int = 1
    instants: int = 0
    checks: int = 0
    known_checks: int = 0
    truth_checks: int = 0
    free_rooms_checks: int = 0
    unsettled: int = 0
    mismatches: int = 0
    false_free: int = 0
    reported: list[str] = field(default_factory=list)
    polls: int = 0
    events: int = 0  # acknowledged
    writes: int = 0
    idle_writes: int = 0
    idle_of: Counter[str] = field(default_factory=Counter)
    left_behind: Counter[str] = field(default_factory=Counter)
    limit_violations: int = 0
    drops_shown: int = 0
    drops_due: int = 0
    loads: int = 0
    flips_shown: int = 0
    flips_due: int = 0
    asked_again: int = 0
    incidents: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    faulty_calls: Counter[str] = field(default_factory=Counter)
    error_codes: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    log: LogCounter = field(default_factory=LogCounter)
    say: Callable[[str], None] = field(default=lambda _: None, repr=False)  # prints progress

    def mismatch(self, what: str) -> None:
        """Record that a wrong value is shown."""
        self.mismatches += 1
        if len(self.reported) < _MAX_REPORTED:
            self.reported.append(what)
            self.say(what)

    def take(self, edits: Mapping[str, int], simulator: ObservedSimulator, loads: int) -> None:
        """Add the counts of other objects."""
        self.loads = loads
        self.edits.update(edits)
        self.calls, self.faulty_calls = simulator.calls, simulator.faulty_calls
        self.error_codes = simulator.error_codes
        self.limit_violations = len(simulator.tenant.limit_violations)
