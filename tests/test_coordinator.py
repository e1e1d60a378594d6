"""States that change on time, and polls that find out what changed."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
import pytest

from simulator import Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, Writes, busy_id, reads_of, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]


async def test_flip(hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes) -> None:
    room = tenant.add_room("Orion")
    tenant.book(room.room_id, at(10, 5), at(10, 10))
    tenant.book(room.room_id, at(10, 10), at(10, 20))
    entry = await set_up(room)
    print(entry.state, entry.reason)
    await clock.to(at(10, 30))
    print(writes)
    print([c.at for c in tenant.requests])
    assert 0
