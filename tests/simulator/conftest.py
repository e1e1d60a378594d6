"""A tenant whose clocks the tests control, served on a real socket, and a client for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from simulator import Room, Simulator, Tenant, User
from tests.simulator.client import Client


@dataclass
class Clock:
    """A clock that moves only when a test says so. It starts on Monday 2026-11-23, 10:00 in Shanghai."""

    now: datetime = datetime(2026, 11, 23, 2, tzinfo=UTC)
    seconds: float = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        """Return the seconds of the monotonic clock."""
        return self.seconds

    def advance(self, **duration: float) -> None:
        """Move both clocks forward."""
        self.now += timedelta(**duration)
        self.seconds += timedelta(**duration).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenant(clock: Clock) -> Tenant:
    return Tenant(clock=clock, monotonic=clock.monotonic)


@pytest.fixture
def room(tenant: Tenant) -> Room:
    return tenant.add_room("Orion", level=tenant.add_level("Tower A"), capacity=8, equipment=("TV",))


@pytest.fixture
def user(tenant: Tenant) -> User:
    return tenant.add_user("Chen Wei", open_id="ou_chen", union_id="on_chen", user_id="chen")


@pytest.fixture
async def simulator(socket_enabled: None, tenant: Tenant) -> AsyncIterator[Simulator]:
    async with Simulator(tenant) as running:
        yield running


@pytest.fixture
async def client(simulator: Simulator, tenant: Tenant) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(simulator.base_url) as session:
        yield Client(session, tenant)
