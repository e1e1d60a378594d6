"""The long connection as seen by an independent client: that of Feishu's SDK, unchanged, in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
import sys
import time

import pytest

from simulator import Room, Simulator, Tenant
from simulator.push import Act, Push

from . import sdk_listener
from .conftest import until

PATIENCE = 300.0  # seconds; a process starts in one or two, but not on a busy machine


class Listener:
    """The SDK's client in its process, and the room events that it has received."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, str]] = []
        self.log = ""

    async def read_events(self) -> None:
        """Read what the process prints until it ends. Its log comes the same way."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
            else:
                self.log += line.decode()

    @property
    def rooms(self) -> list[str]:
        """The rooms of the events, in the order of their arrival."""
        return [event["room"] for event in self.events]


async def start(tenant: Tenant, simulator: Simulator, secret: str) -> Listener:
    """Start the process."""
    arguments = (tenant.app_id, secret, simulator.base_url)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        sdk_listener.__file__,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Listener(process)


@asynccontextmanager
async def listening(tenant: Tenant, simulator: Simulator) -> AsyncIterator[Listener]:
    """Run the SDK's client until the end of the block."""
    listener = await start(tenant, simulator, tenant.app_secret)
    reading = asyncio.create_task(listener.read_events())
    try:
        await wait_for(lambda: tenant.push.connections)
        yield listener
    finally:
        listener.process.kill()
        await listener.process.wait()
        await reading


async def wait_for(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    await until(condition, patience=PATIENCE)


async def wait_for_events(listener: Listener, number: int) -> None:
    """Wait until the process has printed as many events."""
    await wait_for(lambda: len(listener.events) >= number)


@pytest.fixture
def push(tenant: Tenant) -> Push:
    """Return the platform's side. It tells the SDK to reconnect at once: its defaults take minutes."""
    push = tenant.push
    push.config = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 0, "PingInterval": 1}
    return push


async def test_client_receives_room_events_and_acknowledges_them(
    tenant: Tenant, simulator: Simulator, push: Push, room: Room
) -> None:
    async with listening(tenant, simulator) as listener:
        booking = tenant.book(room.room_id, tenant.now(), tenant.now())
        tenant.move(booking.booking_id, tenant.now(), tenant.now())
        tenant.cancel(booking.booking_id)
        await wait_for(lambda: len(listener.events) == 3 and all(each.acked for each in push.deliveries))
        assert listener.rooms == [room.room_id] * 3
        assert [event["id"] for event in listener.events] == [each.event_id for each in push.deliveries]
        await wait_for(lambda: push.connections[0].pings >= 2)
    assert push.violations == []


async def test_client_comes_back_after_each_dropped_connection(
    tenant: Tenant, simulator: Simulator, push: Push, room: Room
) -> None:
    push.scale = 0.1
    async with listening(tenant, simulator) as listener:
        for number, way in enumerate((Act.BYE, Act.EOF, Act.RST), 1):
            push.drop(way)
            await wait_for(lambda: not push.connections)
            tenant.rename_room(room.room_id, "Vega")  # without a connection it comes with the next delivery
            await wait_for(lambda: push.deliveries[-1].acked)
            await wait_for_events(listener, number)  # they come through a pipe
            assert (len(listener.events), push.opened) == (number, number + 1)
            assert (push.deliveries[-1].attempts, push.deliveries[-1].failures) == (2, ["no connection"])
    assert push.violations == []


async def test_client_gets_an_event_again_that_it_could_not_handle(
    tenant: Tenant, simulator: Simulator, push: Push, room: Room
) -> None:
    push.scale = 0.01
    tenant.variants.event_noise = "unknown_type"  # the SDK's client answers 500 if it has no handler for a type
    async with listening(tenant, simulator) as listener:
        tenant.rename_room(room.room_id, "Vega")
        await wait_for(lambda: push.deliveries[1].attempts >= 2)
        assert push.deliveries[0].acked
        assert push.deliveries[1].failures[0] == "an acknowledgment whose code is not 200"
        await wait_for_events(listener, 1)
        assert listener.rooms == [room.room_id]


async def test_client_reads_fragments_and_keeps_unknown_fields(
    tenant: Tenant, simulator: Simulator, push: Push, room: Room
) -> None:
    async with listening(tenant, simulator) as listener:
        for frames in ("fragments", "fragments_reversed", "unknown_field"):
            tenant.variants.update({"frames": frames})
            tenant.rename_room(room.room_id, "Vega")
            await wait_for(lambda: push.deliveries[-1].acked)
        await wait_for_events(listener, 3)
        assert len(listener.events) == 3
    assert push.violations == []


async def test_client_with_a_wrong_secret_stops(tenant: Tenant, simulator: Simulator, push: Push) -> None:
    listener = await start(tenant, simulator, "wrong")
    async with asyncio.timeout(PATIENCE):
        await listener.read_events()
        assert await listener.process.wait() != 0
    assert "1000040345" in listener.log
    assert push.opened == 0


@pytest.mark.prove
async def test_client_receives_room_events_over_minutes(
    tenant: Tenant, simulator: Simulator, push: Push, room: Room
) -> None:
    # A change every second, and a drop every 20 s: events without a connection are delivered again
    push.scale = 0.2
    ends_at, number = time.monotonic() + 120, 0
    async with listening(tenant, simulator) as listener:
        while time.monotonic() < ends_at:
            number += 1
            tenant.rename_room(room.room_id, f"Room {number}")
            if number % 20 == 0:
                push.drop((Act.BYE, Act.EOF, Act.RST)[number // 20 % 3])
            await asyncio.sleep(1)
        await wait_for(lambda: all(each.acked for each in push.deliveries))
        assert {event["id"] for event in listener.events} == {each.event_id for each in push.deliveries}
        assert len(push.deliveries) == number > 100
        assert push.opened >= 6
        assert any(each.attempts > 1 for each in push.deliveries)
    assert push.violations == []
