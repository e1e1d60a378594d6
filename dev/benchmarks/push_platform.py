"""The platform of the `push` benchmark, in its own process: it prints its URL and sends events after the first line."""

import asyncio
import sys
import time
from typing import Final

from simulator import Simulator, Tenant
from simulator.push.messages import STATUS_CHANGED

FASTER: Final = 10  # all pings come so many times as often as usual
_PING: Final = 12  # seconds
_ROOMS: Final = 100


async def _serve(events: int, seconds: float) -> None:
    tenant = Tenant()
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(_ROOMS)]
    tenant.push.scale = 1 / FASTER
    tenant.push.ack_within = 3600.0
    tenant.push.config = {"PingInterval": _PING}
    async with Simulator(tenant) as simulator:
        print(simulator.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        started = time.monotonic()
        for number in range(events):
            await asyncio.sleep(max(started + number * seconds / events - time.monotonic(), 0))
            tenant.push.send(STATUS_CHANGED, {"room_name": "Room", "room_id": rooms[number % _ROOMS]})
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
