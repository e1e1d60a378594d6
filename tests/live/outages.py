"""Runs a real Home Assistant through an hour of outages: `LIVE_PYTHON=… python -m tests.live.outages --minutes 60`.

Prints each outage with the lines that the integration logged, then a summary of wrong states and unexpected log lines.
Exits with 1 if there are any.
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

# Leave out the faults that need a person or an hour to recover
_TROUBLES = [trouble for trouble in TROUBLES if trouble.recovers <= timedelta(minutes=2)]
_SHORT, _LONG = (100, 200), (640, 700)  # seconds; a long outage exceeds the grace period
_LONG_EVERY = 4
_RECOVERY = 130  # seconds
_OURS = re.compile(r" (INFO|WARNING|ERROR|CRITICAL) .*\[custom_components\.feishu_freebusy[.\w]*\] (.*)")
_BAD = re.compile(r" (WARNING|ERROR|CRITICAL) |Traceback")
_EDGE = timedelta(seconds=2)  # ignore states this close to a flip


def busy_office() -> Tenant:
    """Return an office in which about one room a minute becomes busy or free, for three hours."""
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
    """Return whether a room is booked; None close to a flip."""
    bookings = [booking for booking in tenant.bookings.values() if booking.subject_id == room_id]
    edges = {edge for booking in bookings for edge in (booking.start, booking.end)}
    if any(abs(edge - now) < _EDGE for edge in edges):
        return None
    return any(booking.start <= now < booking.end for booking in bookings)


class StateChecker:
    """Compares the states of the rooms with their bookings every second."""

    def __init__(self, home: HomeAssistant, tenant: Tenant) -> None:
        """Compare the states in `home` with the bookings of `tenant`."""
        self._home = home
        self._tenant = tenant
        self.checked: Counter[str] = Counter()  # by state
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Check every second until canceled."""
        while True:
            now = datetime.now(UTC)
            for row in await room_states(self._home):
                truth = is_busy(self._tenant, row["attributes"].get("room_id", ""), now)
                self.checked[row["state"]] += 1
                if row["state"] != "unavailable" and truth is not None and row["state"] != ("on" if truth else "off"):
                    self.wrong.append(f"{now:%H:%M:%S} {row['entity_id']} {row['state']}")
            await asyncio.sleep(1)


def ours(log: Path) -> list[str]:
    """Return the lines that the integration logged."""
    return [f"{found[1]} {found[2]}" for line in log.read_text().splitlines() if (found := _OURS.search(line))]


async def outages(home: HomeAssistant, simulator: Simulator, until: datetime) -> int:
    """Inject one fault after the other. Return the number of outages not logged as exactly one ERROR and one INFO."""
    unexpected = 0
    for number, trouble in enumerate(cycle(_TROUBLES), 1):
        length = random.uniform(*(_SHORT if number % _LONG_EVERY else _LONG))  # noqa: S311
        if datetime.now(UTC) + timedelta(seconds=length + _RECOVERY) > until:
            return unexpected
        before = len(ours(home.log))
        await trouble.begin(simulator)
        await asyncio.sleep(length)
        await end(simulator)
        await asyncio.sleep(_RECOVERY)
        logged = ours(home.log)[before:]
        levels = [line.split()[0] for line in logged]
        unexpected += levels != ["ERROR", "INFO"]
        print(f"{length:4.0f} s  {trouble.name}: {' | '.join(line[:150] for line in logged)}", flush=True)
    return unexpected


async def main(minutes: float) -> int:
    """Run all outages and return the exit code."""
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
            day.entry_id = await add_integration(home, credentials, plan="paid", max_rooms=6)
            await day.options("polling", {"off_hours": {"enabled": False, "start": "20:00:00", "end": "07:00:00"}})
            started = len(home.log.read_text().splitlines())
            checker = StateChecker(home, tenant)
            checking = asyncio.create_task(checker.run())
            unexpected = await outages(home, simulator, datetime.now(UTC) + timedelta(minutes=minutes))
            checking.cancel()
            lines = home.log.read_text().splitlines()
    bad = [line for line in lines[started:] if _BAD.search(line) and not _OURS.search(line)]
    print(f"checked states: {dict(checker.checked)}, wrong: {len(checker.wrong)} {checker.wrong[:5]}")
    print(f"outages not logged as one ERROR and one INFO: {unexpected}")
    print(f"other lines at WARNING or above, and tracebacks: {len(bad)}", *bad[:10], sep="\n")
    return int(bool(checker.wrong or unexpected or bad))


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    sys.exit(asyncio.run(main(parser.parse_args().minutes)))
