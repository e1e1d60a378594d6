"""How long a year is, and how much goes wrong in it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how big, and which of all the years there could be."""

    days: int
    rooms: int
    seed: int
    people: int = 5
    start: date = date(2026, 1, 1)
    edits_a_day: float = 1.0  # of a room
    troubles_a_day: float = 1.0
    pace: float = 1.0  # of what is done in the house
    zone: str = "Europe/Berlin"
    source: str = "batch"  # at first
