"""Rooms that are disabled between two reads of the catalogue must not look free."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from simulator import Fault, Room, Tenant
from tests.clock import ROOMS, Clock, SetUp, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]


async def test_a_room_disabled_now_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """A booked room is taken out of service at 10:02 (Feishu cancels its bookings): it must not be free."""
    tenant.book(orion.room_id, at(9), at(18))
    await set_up(orion)
    assert state_of(hass, orion) == "on"
    await clock.to(at(10, 2))
    tenant.disable_room(orion.room_id, at(10, 2), None, "burst pipe")
    states = set()
    while clock.now < at(13):
        await clock.forward(minutes=5)
        states.add(state_of(hass, orion))
    assert states == {"on"}


async def test_find_rooms_does_not_offer_a_room_disabled_meanwhile(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(18))
    await set_up(orion)
    tenant.disable_room(orion.room_id, at(10, 0), None, "burst pipe")
    await clock.to(at(10, 15))
    found: Any = await hass.services.async_call(
        "feishu_freebusy", "find_rooms", {"duration": "01:00:00"}, blocking=True, return_response=True
    )
    assert (found["rooms"], found["why"]) == ([], "all_disabled")


@pytest.mark.parametrize(
    ("fault", "days"),
    [
        pytest.param(Fault.error(500, 121001), 3, id="121001"),
        pytest.param(Fault.status(503), 1, id="503"),
        pytest.param(Fault.error(400, 121002), 1, id="121002"),
        pytest.param(Fault.rate_limited(None), 1, id="429"),
    ],
)
async def test_a_room_disabled_while_the_scan_fails_for_days_is_not_free(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, fault: Fault, days: int
) -> None:
    await set_up(orion, scan_interval=3600)
    tenant.inject(fault, ROOMS, times=None)
    tenant.disable_room(orion.room_id, at(11), None, "burst pipe")
    await clock.to(at(11, 10))  # the status of rooms can be read
    states = set()
    while clock.now < at(12, day=days):
        states.add(state_of(hass, orion))
        await clock.forward(hours=1)
    assert states == {"on"}
