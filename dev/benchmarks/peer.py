"""100 rooms in our integration and in core's `remote_calendar`, which reads each as an ICS file. `scripts/bench peer`.

Both run in the same Home Assistant release on this machine, against the same bookings, each in a process of its own.
The ICS files come from a small server beside the simulator; Feishu itself offers none for rooms.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
import gc
import json
from statistics import median
import subprocess
import sys
import time
import tracemalloc
from typing import Any, Final

from aiohttp import web
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry

from benchmarks.home import WatchedSelector, home, run, set_up
from benchmarks.measure import ENVIRONMENT, ROOT, in_own_process
from benchmarks.tower import tower
from simulator import Simulator, Tenant

ROOMS: Final = 100
POLLS: Final = 5
_PEER: Final = "remote_calendar"
_FLIP_IN: Final = 75.0  # seconds; both are set up and polled by then
_AFTER_FLIP: Final = 8.0
_ICS_TIME: Final = "%Y%m%dT%H%M%SZ"


# --- The servers, in a process of their own ---------------------------------------------------------------------------


def _ics(tenant: Tenant, room_id: str) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Feishu Free/Busy//Benchmark//EN"]
    for booking in tenant.calendars.of(room_id):
        lines += [
            "BEGIN:VEVENT",
            f"UID:{booking.booking_id}",
            f"DTSTAMP:{booking.start:{_ICS_TIME}}",
            f"DTSTART:{booking.start.astimezone(UTC):{_ICS_TIME}}",
            f"DTEND:{booking.end.astimezone(UTC):{_ICS_TIME}}",
            "SUMMARY:Booked",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


async def _serve(rooms: int, flip_at: float) -> None:
    tenant = tower(rooms, flip_at)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=_ics(tenant, request.match_info["room"]), content_type="text/calendar")

    app = web.Application()
    app.router.add_get("/{room}.ics", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    async with Simulator(tenant) as simulator:
        await site.start()
        (address,) = runner.addresses
        print(json.dumps([simulator.base_url, f"http://127.0.0.1:{address[1]}"]), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@contextmanager
def _servers(rooms: int, flip_at: float) -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "benchmarks.peer", "serve", str(rooms), str(flip_at)]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603  # our own
        assert process.stdout  # noqa: S101  # a pipe
        ours, peers = json.loads(process.stdout.readline())
        yield ours, peers


# --- The two integrations ---------------------------------------------------------------------------------------------


async def _set_up_ours(hass: HomeAssistant, tenant: Tenant, base_url: str) -> list[Any]:
    # No polls of its own during the measurement
    return [await set_up(hass, tenant, base_url, scan_interval=86_400)]


async def _set_up_peer(hass: HomeAssistant, tenant: Tenant, base_url: str) -> list[Any]:
    entries = []
    for room in tenant.rooms.values():
        data = {"calendar_name": room.name, "url": f"{base_url}/{room.room_id}.ics"}
        entry = MockConfigEntry(domain=_PEER, title=room.name, data=data, unique_id=room.room_id)
        entry.add_to_hass(hass)
        if not await hass.config_entries.async_setup(entry.entry_id):
            raise RuntimeError(f"{room.name}: {entry.reason}")
        entries.append(entry)
    await hass.async_block_till_done()
    return entries


async def _poll(entries: Sequence[Any], hass: HomeAssistant) -> None:
    """Read all rooms once."""
    refreshes = (
        each.runtime_data.async_refresh() if each.domain == _PEER else each.runtime_data.async_check_now()
        for each in entries
    )
    await asyncio.gather(*refreshes)
    await hass.async_block_till_done()


async def measure(_selector: WatchedSelector, who: str, what: str, rooms: int) -> dict[str, float]:
    """Return the memory, or the other figures, of our integration ("ours") or of the peer."""
    flip_at = float(int(time.time() + _FLIP_IN))
    with _servers(rooms, flip_at) as (ours, peers):
        async with home() as hass:
            tenant = tower(rooms)
            make, address = (_set_up_ours, ours) if who == "ours" else (_set_up_peer, peers)
            if what == "memory":
                gc.collect()
                tracemalloc.start()
                entries = await make(hass, tenant, address)
                gc.collect()
                return {"memory": tracemalloc.get_traced_memory()[0] / rooms / 1024}
            entries = await make(hass, tenant, address)
            figures = await _figures(hass, entries, rooms, flip_at)
            for entry in entries:
                await hass.config_entries.async_unload(entry.entry_id)
            return figures


async def _figures(hass: HomeAssistant, entries: Sequence[Any], rooms: int, flip_at: float) -> dict[str, float]:
    flips: list[float] = []

    @callback
    def note(event: Event[Any]) -> None:
        domain = "calendar." if len(entries) > 1 else "binary_sensor."
        new = event.data["new_state"]
        if event.data["entity_id"].startswith(domain) and new and new.state == "on":
            flips.append(event.time_fired_timestamp - flip_at)

    traffic = entries[0].runtime_data.client.traffic if len(entries) == 1 else None
    sent = traffic.sent if traffic else 0
    cpu = []
    for _ in range(POLLS):
        before = time.process_time()
        await _poll(entries, hass)
        cpu.append(time.process_time() - before)
    calls = (traffic.sent - sent) / POLLS if traffic else float(len(entries))
    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    if time.time() > flip_at - 1:
        raise RuntimeError("this machine is too slow for this benchmark")
    await asyncio.sleep(flip_at + _AFTER_FLIP - time.time())
    if len(flips) != rooms:
        raise RuntimeError(f"{len(flips)} of {rooms} rooms became busy")
    return {
        "cpu": median(cpu) / rooms * 1000,
        "calls": calls,
        "flip": median(flips) * 1000,
        "last_flip": max(flips) * 1000,
    }


def peer_table(rooms: int = ROOMS) -> str:
    """Measure both, one after the other, and return the figures as a Markdown table."""
    found = {
        who: {
            **in_own_process("benchmarks.peer", "measure", who, "memory", rooms),
            **in_own_process("benchmarks.peer", "measure", who, "speed", rooms),
        }
        for who in ("ours", "peer")
    }
    ours, peer = found["ours"], found["peer"]
    lines = [f"| Of {rooms} rooms | This integration | remote_calendar |", "|---|---|---|"]
    for what, key, form in (
        ("CPU time per room and poll", "cpu", "{:.2f} ms"),
        ("calls per poll", "calls", "{:.0f}"),
        ("memory per room with its modules and entities", "memory", "{:.1f} KiB"),
        ("a meeting begins: shown after, median", "flip", "{:.1f} ms"),
        ("... the last room", "last_flip", "{:.1f} ms"),
    ):
        lines.append(f"| {what} | {form.format(ours[key])} | {form.format(peer[key])} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Print the table, or do what another process asks for."""
    match arguments:
        case ["serve", rooms, flip_at]:
            asyncio.run(_serve(int(rooms), float(flip_at)))
        case ["measure", who, what, rooms]:
            print(json.dumps(run(lambda selector: measure(selector, who, what, int(rooms)))))
        case _:
            print(peer_table())
            print(f"\n{datetime.now(UTC):%Y-%m-%d}, {ROOMS} rooms, {POLLS} polls")


if __name__ == "__main__":
    main(sys.argv[1:])
