"""The instant at which one event is handled: a wake-up, a poll, a written state."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NewType

LoopSeconds = NewType("LoopSeconds", float)
"""Seconds of the event loop's clock. It never jumps, unlike the wall clock, and means nothing after a restart."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant by both clocks; `now` is in UTC. All code that handles an event shares one moment."""

    now: datetime
    loop: LoopSeconds
    time_zone: tzinfo
