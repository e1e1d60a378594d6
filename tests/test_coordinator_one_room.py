"""One room cannot be read while the others can."""

import random
from typing import cast

from homeassistant.core import HomeAssistant
import pytest

from custom_components.feishu_freebusy.sync import timetable
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import (
    FREE_BUSY,
    Clock,
    SetUp,
    Writes,
    busy_id,
    levels,
    reads_of,
    said,
    set_disabled,
    shown,
    state_of,
)
from tests.conftest import at
from tests.test_config_flow import is_of

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("log_of_info")


async def test_unreadable_room_affects_only_itself(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    mira = tenant.add_room("Mira")
    tenant.book(orion.room_id, at(10, 5), at(12))
    await set_up(orion, vega, mira)
    writes.clear()
    caplog.clear()

    order = tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 30))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "on"), (at(10, 10), "unavailable")]
    assert writes.rooms == {orion.room_id}
    ((level, text),) = said(caplog)
    assert level == "WARNING"
    assert all(part in text for part in ("1 of 3", "Meeting rooms", "190002"))
    assert "Orion" not in text
    assert len(reads_of(tenant, vega)) == 1 + 29

    tenant.faults.orders.remove(order)
    await clock.to(at(10, 40))
    assert state_of(hass, orion) == "on"
    assert levels(caplog) == ["WARNING", "INFO"]
    assert writes.rooms == {orion.room_id}


async def test_second_unreadable_room_is_not_logged_again(
    tenant: Tenant, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, tenant.add_room("Mira"))
    caplog.clear()

    for minute, room in ((5, orion), (10, vega)):
        await clock.to(at(10, minute))
        tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(room.room_id))
    await clock.to(at(10, 20))
    tenant.clear_faults()
    await clock.to(at(10, 30))

    assert levels(caplog) == ["WARNING", "INFO"]


async def test_disabling_an_unreadable_room_does_not_hide_failures_of_others(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    await set_up(orion, vega, tenant.add_room("Mira"))
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 5))
    caplog.clear()

    set_disabled(hass, orion, disabled=True)
    await clock.to(at(10, 10))
    assert levels(caplog) == ["INFO"]

    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(vega.room_id))
    await clock.to(at(10, 15))
    assert levels(caplog) == ["INFO", "WARNING"]
    assert "1 of 2" in said(caplog)[-1][1]


async def test_room_with_an_invalid_row_keeps_its_last_reading(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(12))
    await set_up(orion, vega)
    writes.clear()

    row = {"start_time": "2026-11-23T12:00:00Z", "end_time": "soon"}
    damaged = Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": [row]}})
    tenant.inject(damaged, FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 30))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 10), "unavailable")]
    assert state_of(hass, vega) == "off"


async def test_error_of_a_room_does_not_hold_the_answer_in_memory(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    damaged = Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": ["x" * 1_000_000]}})
    tenant.inject(damaged, FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 30))

    error = entry.runtime_data.subjects[orion.room_id].error
    assert error
    assert error.__traceback__ is None
    assert error.__context__ is None


async def test_unreadable_room_does_not_hide_an_outage(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega)
    tenant.delete_room(orion.room_id)
    await clock.to(at(10, 5, 30))
    caplog.clear()

    await simulator.stop()
    await clock.to(at(10, 20))
    assert levels(caplog) == ["ERROR"]
    assert entry.runtime_data.last_exception.translation_key == "cannot_connect"
    await simulator.start()
    await clock.to(at(10, 30))

    assert levels(caplog) == ["ERROR", "INFO"]
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


async def test_poll_fails_if_no_room_can_be_read(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega)
    caplog.clear()

    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None)
    await clock.to(at(10, 30))
    assert entry.runtime_data.last_exception.translation_key == "subject_unreadable"
    assert levels(caplog) == ["ERROR"]
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "unavailable")

    tenant.clear_faults()
    await clock.to(at(10, 40))
    assert levels(caplog) == ["ERROR", "INFO"]
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")


async def test_single_unreadable_room_still_has_an_entity(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=1)

    await set_up(orion)
    assert shown(hass, orion).state == "unavailable"
    await clock.to(at(10, 5))

    assert shown(hass, orion).state == "off"


UNREADABLE_ROW = {"start_time": "2026-11-23T12:00:00Z", "end_time": "soon"}
UNREADABLE = Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": [UNREADABLE_ROW]}})


@pytest.mark.parametrize("fault", [UNREADABLE, Fault.error(500, 190003)], ids=["unreadable", "internal error"])
async def test_unreadable_room_does_not_block_recovery_from_an_outage(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
    fault: Fault,
) -> None:
    await set_up(orion, vega)
    tenant.inject(fault, FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 5, 30))
    await simulator.stop()
    await clock.to(at(10, 25))
    assert state_of(hass, vega) == "unavailable"

    await simulator.start()
    await clock.to(at(10, 31))

    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


async def test_unreadable_room_is_not_the_probe_after_an_outage(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
) -> None:
    monkeypatch.setattr(random, "shuffle", lambda _: None)  # keep the order
    entry = await set_up(orion, vega)
    tenant.inject(UNREADABLE, FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 5, 30))
    await simulator.stop()
    await clock.to(at(10, 25))
    await simulator.start()

    await entry.runtime_data.async_check_now()

    assert state_of(hass, vega) == "off"


async def test_many_unreadable_rooms_do_not_affect_the_others(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    bad = [tenant.add_room(f"Bad {number}") for number in range(30)]
    good = [tenant.add_room(f"Good {number}") for number in range(10)]
    ids = {room.room_id for room in bad}
    tenant.inject(
        Fault.error(500, 190003),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] in ids,
    )

    await set_up(*bad, *good, source="list", scan_interval=300)
    await clock.to(at(11))

    assert {state_of(hass, room) for room in good} == {"off"}
    assert {state_of(hass, room) for room in bad} == {"unavailable"}


@pytest.mark.parametrize("jitter", [-0.05, 0.05])
async def test_unreadable_person_polled_alone_is_not_an_outage(
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    orion: Room,
    vega: Room,
    jitter: float,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda *_: jitter)
    monkeypatch.setattr(timetable, "_JITTER", abs(jitter))
    person = tenant.add_user("Ada")
    tenant.revoke("calendar:calendar.free_busy:read")
    await set_up(orion, vega, people={person.open_id: "Ada"}, source="batch")
    caplog.clear()

    await clock.to(at(13))

    assert said(caplog) == []


async def test_unreadable_room_does_not_end_an_outage(
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega, scan_interval=1_800)
    tenant.inject(UNREADABLE, FREE_BUSY, times=None, when=is_of(orion.room_id))
    await clock.to(at(10, 45))
    assert levels(caplog) == ["WARNING"]
    await simulator.stop()

    await clock.to(at(11, 45))

    assert levels(caplog) == ["WARNING", "ERROR"]
    assert not entry.runtime_data.last_update_success


async def test_newly_unreadable_person_is_logged_once_and_costs_no_other_calls(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    person = tenant.add_user("Ada")
    people = {person.open_id: "Ada"}
    entry = await set_up(orion, vega, people=people, source="list", scan_interval=1_800)
    tenant.inject(
        Fault.status(503), FREE_BUSY, times=None, when=lambda call: "room_id" not in cast("dict[str, str]", call.body)
    )
    await entry.runtime_data.async_read_now(person.open_id)  # alone: it is not known yet whether others can be read
    await clock.forward(seconds=5)
    caplog.clear()
    tenant.requests.clear()

    await clock.to(at(14, 1))

    assert levels(caplog) == ["INFO", "WARNING"]
    asked = [cast("dict[str, str]", call.body) for call in tenant.calls(FREE_BUSY)]
    assert sum(body.get("room_id") == orion.room_id for body in asked) == 8
