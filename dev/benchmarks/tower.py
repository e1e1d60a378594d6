"""A simulated tenant with an office tower of meeting rooms, in a separate process.

`scripts/bench tower ROOMS FLIP_AT` prints its URL and runs until its standard input closes. At FLIP_AT (Unix seconds)
a meeting of BETWEEN_FLIPS seconds begins in every room, then a break of the same length, then the next meeting.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import random
import subprocess
import sys
from typing import Final

from benchmarks.bookings import Habits, meetings
from benchmarks.measure import ENVIRONMENT, ROOT
from simulator import Simulator, Tenant

FLIPS: Final = 6
BETWEEN_FLIPS: Final = 24.0  # seconds

_ROOMS_A_FLOOR: Final = 25


def tower(rooms: int, flip_at: float | None = None) -> Tenant:
    """Return the tenant, always with the same ids. `flip_at` adds flips today, and meetings yesterday and next week."""
    tenant = Tenant()
    building = tenant.add_level("Tower")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for number in range(rooms):
        if number % _ROOMS_A_FLOOR == 0:
            floor = tenant.add_level(f"Floor {number // _ROOMS_A_FLOOR}", building)
        room = tenant.add_room(
            f"Room {number}", level=floor, capacity=8, equipment=("Screen",), room_id=f"omm_{number:032x}"
        )
        if flip_at is not None:
            _book(tenant, room.room_id, number, midnight, flip_at)
    return tenant


def _book(tenant: Tenant, room_id: str, number: int, midnight: datetime, flip_at: float) -> None:
    rng = random.Random(number)  # noqa: S311  # no secret
    for day in (-1, *range(1, 8)):
        for start, end in meetings(day, rng.uniform(0.5, 1.6), Habits(), rng):
            tenant.book(room_id, midnight + timedelta(seconds=start), midnight + timedelta(seconds=end))
    for flip in range(0, FLIPS, 2):
        begins = datetime.fromtimestamp(flip_at + flip * BETWEEN_FLIPS, UTC)
        tenant.book(room_id, begins, begins + timedelta(seconds=BETWEEN_FLIPS))


@contextmanager
def running_tower(rooms: int, flip_at: float) -> Iterator[str]:
    """Run the tenant and yield its URL."""
    command = [sys.executable, "-m", "benchmarks.tower", str(rooms), str(flip_at)]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603  # our own
        assert process.stdout  # noqa: S101  # a pipe
        yield process.stdout.readline().strip()


async def _serve(rooms: int, flip_at: float) -> None:
    async with Simulator(tower(rooms, flip_at)) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
