"""A live Home Assistant through an hour of faults: `LIVE_PYTHON=… python -m tests.live.outages --minutes 60`.

Prints each outage with what our part of the log said of it, and a summary: states that were untrue, and lines that
should not be there. Ends with 1 if there are any.
"""

from argparse import ArgumentParser
import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import cycle
import os
from pathlib import Path
import random
import re
import socket
import sys
from tempfile import TemporaryDirectory

from demo.connect import Credentials, add_integration, room_states
from demo.home_assistant import HomeAssistant
from simulator import Simulator, Tenant
from simulator.office import office
from tests.faults import TROUBLES, end
from tests.live.test_home_assistant import Day

# The others want somebody to act, or an hour's patience
_TROUBLES = [trouble for trouble in TROUBLES if trouble.recovers <= timedelta(minutes=2)]
_SHORT, _LONG = (100, 200), (640, 700)  # seconds; a long one outlasts the grace
_LONG_EVERY = 4
_RECOVERY = 130  # seconds
_OURS = re.compile(r" (INFO|WARNING|ERROR|CRITICAL) .*\[custom_components\.feishu_freebusy[.\w]*\] (.*)")
_BAD = re.compile(r" (WARNING|ERROR|CRITICAL) |Traceback")
_EDGE = timedelta(seconds=2)  # a state may be asked for just before it flips


def busy_office() -> Tenant:
    """Return an office in which some room becomes busy or free about every minute, for three hours."""
    tenant = office(rooms=6)
    for booking in list(tenant.bookings.values()):
        tenant.cancel(booking.booking_id)
    now = datetime.now(UTC).replace(microsecond=0)
    for minutes, room_id in enumerate(tenant.rooms, 3):
        start = now + timedelta(seconds=7 * minutes)
        while start < now + timedelta(hours=3):
            tenant.book(room_id, start, start + timedelta(minutes=minutes))
            start += timedelta(minutes=2 * minutes)
    return tenant


def is_busy(tenant: Tenant, room_id: str, now: datetime) -> bool | None:
    """Tell whether a room is booked, None within a moment of a flip."""
    bookings = [booking for booking in tenant.bookings.values() if booking.subject_id == room_id]
    edges = {edge for booking in bookings for edge in (booking.start, booking.end)}
    if any(abs(edge - now) < _EDGE for edge in edges):
        return None
    return any(booking.start <= now < booking.end for booking in bookings)


class Watch:
    """Looks at the rooms every second."""

    def __init__(self, home: HomeAssistant, tenant: Tenant) -> None:
        """Take both sides."""
        self._home = home
        self._tenant = tenant
        self.looks: Counter[str] = Counter()
        self.untrue: list[str] = []

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            now = datetime.now(UTC)
            for row in await room_states(self._home):
                truth = is_busy(self._tenant, row["attributes"].get("room_id", ""), now)
                self.looks[row["state"]] += 1
                if row["state"] != "unavailable" and truth is not None and row["state"] != ("on" if truth else "off"):
                    self.untrue.append(f"{now:%H:%M:%S} {row['entity_id']} {row['state']}")
            await asyncio.sleep(1)


def ours(log: Path) -> list[str]:
    """Return what the integration has logged."""
    return [f"{found[1]} {found[2]}" for line in log.read_text().splitlines() if (found := _OURS.search(line))]


async def outages(home: HomeAssistant, simulator: Simulator, until: datetime) -> int:
    """Let one fault follow the other; return in how many of them the log said anything but one line down, one up."""
    odd = 0
    for number, trouble in enumerate(cycle(_TROUBLES), 1):
        length = random.uniform(*(_SHORT if number % _LONG_EVERY else _LONG))  # noqa: S311
        if datetime.now(UTC) + timedelta(seconds=length + _RECOVERY) > until:
            return odd
        before = len(ours(home.log))
        await trouble.begin(simulator)
        await asyncio.sleep(length)
        await end(simulator)
        await asyncio.sleep(_RECOVERY)
        said = ours(home.log)[before:]
        levels = [line.split()[0] for line in said]
        odd += levels != ["ERROR", "INFO"]
        print(f"{length:4.0f} s  {trouble.name}: {' | '.join(line[:150] for line in said)}", flush=True)
    return odd


async def main(minutes: float) -> int:
    """Run, and return the exit code."""
    tenant = busy_office()
    with socket.socket() as probe, TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        home = HomeAssistant(Path(folder), port, python=os.environ["LIVE_PYTHON"])
        async with Simulator(tenant) as simulator, home:
            await home.onboard()
            credentials = Credentials(simulator.base_url, tenant.app_id, tenant.app_secret)
            day = Day(home, simulator)
            day.entry_id = await add_integration(home, credentials, plan="paid", most_rooms=6)
            await day.options("polling", {"off_hours": {"enabled": False, "start": "20:00:00", "end": "07:00:00"}})
            started = len(home.log.read_text().splitlines())
            watch = Watch(home, tenant)
            looking = asyncio.create_task(watch.run())
            odd = await outages(home, simulator, datetime.now(UTC) + timedelta(minutes=minutes))
            looking.cancel()
            lines = home.log.read_text().splitlines()
    bad = [line for line in lines[started:] if _BAD.search(line) and not _OURS.search(line)]
    print(f"looks: {dict(watch.looks)}, untrue: {len(watch.untrue)} {watch.untrue[:5]}")
    print(f"outages with other than one line down and one up: {odd}")
    print(f"other lines at WARNING or above, or tracebacks: {len(bad)}", *bad[:10], sep="\n")
    return int(bool(watch.untrue or odd or bad))


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    sys.exit(asyncio.run(main(parser.parse_args().minutes)))
