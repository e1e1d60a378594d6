"""The parameters of a simulated year."""

from dataclasses import dataclass
from datetime import date
from typing import Final

# Worlds in which one thing is wrong all the time
NO_ROOM_API: Final = "room API fails alone"
NO_BUDGET: Final = "budget used up"
CLOCK_OFF: Final = "clock of this machine is fast"
GONE_LOOK_FREE: Final = "free/busy answers for deleted rooms, without rows"
TWO_APPS: Final = "another app may not list rooms"
WORLDS: Final = {
    "no-room-api": NO_ROOM_API,
    "no-budget": NO_BUDGET,
    "clock-off": CLOCK_OFF,
    "gone-look-free": GONE_LOOK_FREE,
    "two-apps": TWO_APPS,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Length, size, random seed and rates. The same plan gives the same year."""

    days: int
    rooms: int
    seed: int
    people: int = 5
    start: date = date(2026, 1, 1)
    edits_a_day: float = 1.0  # per room
    troubles_a_day: float = 1.0
    pace: float = 1.0  # factor for the rate of user actions
    zone: str = "Europe/Berlin"
    source: str = "batch"  # the option at the start
    world: str = ""  # what is wrong all the time
    live_updates: bool = False  # over a long connection, which has faults of its own
