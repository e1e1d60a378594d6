"""During an outage, rooms show their last reading until the grace period ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from traceback import walk_tb

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.feishu_freebusy.binary_sensor import BusySensor
from custom_components.feishu_freebusy.feishu import parse
from custom_components.feishu_freebusy.model.options import WEEKDAYS
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, TOKEN, Clock, SetUp, Writes, busy_id, levels, said, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("log_of_info")


type Begin = Callable[[Simulator], Awaitable[object]]


def fault(fault: Fault, path: str | None = None) -> Begin:
    """Return a function that makes all calls fail with this fault."""

    async def begin(simulator: Simulator) -> None:
        simulator.tenant.inject(fault, path, times=None)

    return begin


async def end(simulator: Simulator) -> None:
    """End the outage."""
    simulator.tenant.clear_faults()
    await simulator.start()


OUTAGES = [
    pytest.param(Simulator.stop, id="down"),
    pytest.param(fault(Fault.status(503)), id="503"),
    pytest.param(fault(Fault.error(500, 190003)), id="internal error"),
    pytest.param(fault(Fault.html(502)), id="gateway page"),
    pytest.param(fault(Fault.html(200)), id="captive portal"),
    pytest.param(fault(Fault.empty()), id="empty"),
    pytest.param(fault(Fault.cut_off()), id="half"),
    pytest.param(fault(Fault.cut_off(broken_connection=True)), id="cut off"),
    pytest.param(fault(Fault.close()), id="closed"),
    pytest.param(fault(Fault.slow(3_600), FREE_BUSY), id="silent"),
]


@pytest.mark.parametrize("begin", OUTAGES)
async def test_meetings_are_shown_in_an_outage_until_the_grace_period_ends(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
    begin: Begin,
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(10, 8, 30))
    tenant.book(orion.room_id, at(10, 11), at(10, 30))
    await set_up(orion, vega)
    await clock.to(at(10, 2, 30))
    writes.clear()
    caplog.clear()

    await begin(simulator)
    await clock.to(at(10, 20))  # 10 minutes after 10:02
    assert writes.changes_of(busy_id(hass, orion)) == [
        (at(10, 5), "on"),
        (at(10, 8, 30), "off"),
        (at(10, 11), "on"),
        (at(10, 12), "unavailable"),
    ]
    assert writes.changes_of(busy_id(hass, vega)) == [(at(10, 12), "unavailable")]
    assert levels(caplog) == ["ERROR"]

    writes.clear()
    await end(simulator)
    await clock.forward(minutes=6)
    assert [state for _, state in writes.changes_of(busy_id(hass, orion))] == ["on"]
    assert [state for _, state in writes.changes_of(busy_id(hass, vega))] == ["off"]
    assert levels(caplog) == ["ERROR", "INFO"]


@pytest.mark.parametrize(
    ("interval", "minutes"), [(30, 10), (60, 10), (240, 12), (300, 15), (450, 22.5), (1_800, 45), (3_600, 75)]
)
async def test_grace_period_depends_on_the_interval(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    orion: Room,
    interval: int,
    minutes: float,
) -> None:
    tenant.book(orion.room_id, at(9), at(13))
    await set_up(orion, scan_interval=interval)
    writes.clear()

    await simulator.stop()
    await clock.to(at(12))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10) + timedelta(minutes=minutes), "unavailable")]


async def test_room_is_unavailable_after_the_horizon_even_in_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(9, day=3))
    # Off hours all day, in an app that may not list rooms: nothing else limits the state
    off_hours = {"enabled": True, "start": "00:00:00", "end": "00:00:00", "days": list(WEEKDAYS)}
    await set_up(
        orion,
        begin=lambda tenant: tenant.revoke("vc:room:readonly"),
        scan_interval=86_400,
        horizon_days=1,
        off_hours=off_hours,
    )
    writes.clear()

    await simulator.stop()
    await clock.to(at(11, day=1))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, day=1), "unavailable")]


async def test_failed_polls_are_retried_soon_despite_a_long_interval(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=3_600)
    tenant.book(orion.room_id, at(10), at(14))
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    tenant.requests.clear()

    await clock.to(at(11, 18))
    polls = sorted({call.at.replace(microsecond=0) for call in tenant.calls(FREE_BUSY)})
    assert polls == [at(11), at(11, 1), at(11, 3), at(11, 7), at(11, 12), at(11, 17)]

    tenant.clear_faults()
    tenant.requests.clear()
    await clock.to(at(13))
    assert state_of(hass, orion) == "on"
    polls = [call.at.replace(microsecond=0) for call in tenant.requests if call.path.endswith(FREE_BUSY)]
    assert polls == [at(11, 22), at(12, 22)]

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    tenant.requests.clear()
    await clock.to(at(13, 26))
    polls = sorted({call.at.replace(microsecond=0) for call in tenant.calls(FREE_BUSY)})
    assert polls == [at(13, 22), at(13, 23), at(13, 25)]  # the first outage is forgotten


async def test_short_failure_is_retried_silently(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, caplog: pytest.LogCaptureFixture, orion: Room
) -> None:
    await set_up(orion)
    writes.clear()
    caplog.clear()

    tenant.inject(Fault.status(503), FREE_BUSY, times=2)
    await clock.to(at(10, 5))

    assert (writes, said(caplog)) == ([], [])


async def test_each_outage_is_logged_once(
    simulator: Simulator, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    caplog.clear()

    for start in (10, 40):
        await clock.to(at(10, start))
        await simulator.stop()
        await clock.forward(minutes=20)
        await simulator.start()
    await clock.to(at(11, 10))

    assert levels(caplog) == ["ERROR", "INFO", "ERROR", "INFO"]


async def test_recovery_of_one_room_does_not_report_the_others_as_failed(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await set_up(orion, vega)
    await simulator.stop()
    await clock.to(at(10, 5, 30))
    caplog.clear()

    await simulator.start()
    await clock.run(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.to(at(10, 15))

    assert [line for line in said(caplog) if line[0] != "INFO"] == []


async def test_room_is_not_shown_free_after_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(14))
    await set_up(orion)
    writes.clear()

    await simulator.stop()
    await clock.to(at(13))
    assert [state for _, state in writes.changes_of(busy_id(hass, orion))] == ["unavailable"]
    await simulator.start()
    await clock.to(at(13, 10))

    assert [state for _, state in writes.changes_of(busy_id(hass, orion))] == ["unavailable", "on"]


async def test_old_token_is_used_while_no_new_one_is_available(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, orion: Room
) -> None:
    await set_up(orion)
    caplog.clear()

    tenant.inject(Fault.status(503), TOKEN, times=None)
    await clock.to(at(11, 55))  # the token ends at 12

    assert said(caplog) == []
    assert state_of(hass, orion) == "off"


async def test_unexpected_exception_causes_no_extra_calls(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    await set_up(orion)
    tenant.requests.clear()
    caplog.clear()

    with monkeypatch.context() as until_then:
        until_then.setattr(parse, "busy_periods", fail)
        await clock.to(at(10, 15))
    assert state_of(hass, orion) == "unavailable"
    assert len(tenant.requests) <= 15
    assert "ERROR" in levels(caplog)

    await clock.to(at(10, 20))
    assert state_of(hass, orion) == "off"


async def test_failing_entity_does_not_block_updates_of_others(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
) -> None:
    rendered = BusySensor.rendered

    def fail(sensor: BusySensor) -> object:
        if sensor.subject_id == orion.room_id:
            raise ZeroDivisionError
        return rendered(sensor)

    entry = await set_up(orion, vega)
    monkeypatch.setattr(BusySensor, "rendered", fail)
    for room in (orion, vega):
        tenant.book(room.room_id, at(10), at(11))
    await clock.to(at(10, 1, 5))

    assert state_of(hass, vega) == "on"
    assert entry.runtime_data.last_update_success
    assert "Unexpected error updating an entity of Meeting rooms" in caplog.text


async def test_traceback_of_a_lasting_failure_does_not_grow(
    simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    coordinator = (await set_up(orion)).runtime_data
    await simulator.stop()
    await clock.to(at(10, 2, 10))
    frames = []

    for _ in range(3):  # no room is due
        await coordinator.async_refresh()
        frames.append(len(list(walk_tb(coordinator.last_exception.__traceback__))))

    assert not coordinator.last_update_success
    assert len(set(frames)) == 1
