"""Faults of the long connection: the table in `tests/faults.py`."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.feishu_freebusy.model.live import LiveState
from simulator import Room, Tenant
from tests.clock import Clock, SetUp, state_of
from tests.faults import LINK_TROUBLES, LinkTrouble
from tests.soak.incidents import PUSH, end_push

pytest_plugins = ["tests.clock"]

POLL = timedelta(seconds=62)


@pytest.mark.parametrize("trouble", LINK_TROUBLES, ids=lambda trouble: trouble.begin)
async def test_rooms_are_read_in_time_during_a_fault_and_at_once_after_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, trouble: LinkTrouble
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=60)
    await clock.forward(seconds=100)
    live = entry.runtime_data.live
    assert live.state is LiveState.CONNECTED

    PUSH[trouble.begin](tenant)
    for shown in ("on", "off") * 2:
        if shown == "on":
            booking = tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=4))
        else:
            tenant.cancel(booking.booking_id)
        await clock.to(clock.now + POLL)
        assert state_of(hass, orion) == shown
    await clock.forward(seconds=70)
    assert live.state.value == trouble.state
    issues = {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.active}
    assert issues == ({trouble.repair} if trouble.repair else set())

    end_push(tenant)
    await clock.to(clock.now + trouble.recovers)
    assert live.status.problem is None
    assert {issue.translation_key for issue in ir.async_get(hass).issues.values() if issue.active} == set()
    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=4))
    await clock.forward(seconds=5)
    assert state_of(hass, orion) == "on"
