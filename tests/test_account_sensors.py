"""Sensors of the account: calls, interval and last read."""

from datetime import timedelta
from typing import Any

from homeassistant.const import EntityCategory
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from simulator import Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, device_of, devices_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

KEYS = ("calls", "projected_calls", "interval", "last_read")
NIGHTS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": []}


@pytest.fixture(autouse=True)
async def in_utc(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")


def entity_of(hass: HomeAssistant, tenant: Tenant, key: str) -> er.RegistryEntry:
    """Return the registry entry of a sensor of the account."""
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("sensor", "feishu_freebusy", f"{tenant.app_id}_{key}")
    assert entity_id is not None
    return registry.entities[entity_id]


def shown(hass: HomeAssistant, tenant: Tenant, key: str) -> State:
    """Return the state of a sensor of the account."""
    state = hass.states.get(entity_of(hass, tenant, key).entity_id)
    assert state is not None
    return state


async def enable(hass: HomeAssistant, clock: Clock, tenant: Tenant, key: str) -> None:
    """Enable a sensor; half a minute later Home Assistant reloads the entry."""
    er.async_get(hass).async_update_entity(entity_of(hass, tenant, key).entity_id, disabled_by=None)
    await clock.forward(seconds=30)
    assert hass.states.get(entity_of(hass, tenant, key).entity_id)


async def test_sensors_are_diagnostics_of_the_account(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)

    room = device_of(hass, orion)
    assert room is not None
    entities = [entity_of(hass, tenant, key) for key in KEYS]
    assert {entity.entity_category for entity in entities} == {EntityCategory.DIAGNOSTIC}
    (account,) = [device for device in devices_of(hass) if device.id != room.id]
    assert {entity.device_id for entity in entities} == {account.id}
    assert (account.name, account.model, account.identifiers) == (
        tenant.app_name,
        tenant.app_id,
        {("feishu_freebusy", tenant.app_id)},
    )
    assert [entity.disabled_by for entity in entities] == [None, None, None, er.RegistryEntryDisabler.INTEGRATION]


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ("Calls this month", "Projected calls this month", "Polling interval", "Last read")),
        ("zh-Hans", ("本月调用次数", "本月预计调用次数", "读取间隔", "上次读取")),
    ],
)
async def test_names_and_units(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    language: str,
    names: tuple[str, ...],
) -> None:
    hass.config.language = language
    await set_up(orion)
    await enable(hass, clock, tenant, "last_read")

    states = [shown(hass, tenant, key) for key in KEYS]
    assert [state.name for state in states] == [f"{tenant.app_name} {name}" for name in names]
    assert [state.attributes.get("unit_of_measurement") for state in states] == [
        *("calls", "calls"),  # Home Assistant always takes the unit from the English texts
        *("min", None),
    ]


async def test_calls_count_the_current_month(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.quota_left = 10_000
    await set_up(orion, vega, calls=700)
    await clock.to(at(10, 5, 5))

    state = shown(hass, tenant, "calls")
    assert int(state.state) == 700 + 10_000 - tenant.quota_left == 700 + 4 + 6 * 2
    assert state.attributes["state_class"] == "total_increasing"
    clock.set_wall(at(0, 1, day=8))
    await clock.forward(minutes=2)
    assert int(shown(hass, tenant, "calls").state) < 20


@pytest.mark.parametrize(
    ("options", "minutes"),
    [
        ({"scan_interval": 60}, 1),
        ({"scan_interval": 90}, 1.5),
        ({"scan_interval": 1}, 0.5),
        ({"scan_interval": 3_600}, 60),
        ({"off_hours": {**NIGHTS, "start": "09:00:00"}}, 30),
        ({"off_hours": NIGHTS}, 1),
    ],
)
async def test_interval_is_the_current_one(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, options: dict[str, Any], minutes: float
) -> None:
    await set_up(orion, **options)

    state = shown(hass, tenant, "interval")
    assert float(state.state) == minutes
    assert state.attributes["unit_of_measurement"] == "min"


async def test_the_interval_is_stretched_by_the_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms, plan="free", source="list", calls=20_000)

    left = at(0, day=8) - at(10)
    others = left / timedelta(minutes=30) + left / timedelta(hours=6) * 2  # statuses, and the catalogue
    assert float(shown(hass, tenant, "interval").state) == pytest.approx(
        left / timedelta(minutes=1) * 12 / (5_000 - others), rel=0.01
    )


async def test_projected_calls_estimate_the_whole_month(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms[:3], scan_interval=600, calls=5_000)
    projected = int(shown(hass, tenant, "projected_calls").state)
    assert projected % 100 == 0
    left = at(0, day=8) - at(10)
    others = left / timedelta(minutes=10) + left / timedelta(hours=6) * 2  # statuses, and the catalogue
    assert projected == pytest.approx(5_000 + left / timedelta(minutes=10) * 3 + others, abs=100)

    await clock.to(at(22))
    assert int(shown(hass, tenant, "projected_calls").state) == pytest.approx(projected, abs=100)


async def test_projected_calls_of_a_free_plan_equal_its_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms, plan="free", source="list", calls=20_000)

    for hours in (0, 2, 10):
        await clock.forward(hours=hours)
        assert int(shown(hass, tenant, "projected_calls").state) == 25_000


async def test_last_read_is_the_last_successful_poll(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=600)
    await enable(hass, clock, tenant, "last_read")
    assert shown(hass, tenant, "last_read").state == at(10, 0, 30).isoformat()

    await clock.to(at(10, 15))
    last = shown(hass, tenant, "last_read").state
    assert at(10, 10, 29).isoformat() <= last <= at(10, 10, 31).isoformat()
    await simulator.stop()
    await clock.to(at(10, 59))
    assert shown(hass, tenant, "last_read").state == last


async def test_sensors_stay_available_in_an_outage(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)

    await simulator.stop()
    await clock.to(at(11))

    assert shown(hass, tenant, "calls").state == "5"
    assert float(shown(hass, tenant, "interval").state) == 1
    assert int(shown(hass, tenant, "projected_calls").state) > 0


async def test_only_changed_values_are_written(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    written: list[str] = []

    @callback
    def note(event: Event[Any]) -> None:
        written.append(event.data["entity_id"])

    await set_up(orion, scan_interval=300)
    await enable(hass, clock, tenant, "last_read")
    for name in ("state_changed", "state_reported"):
        hass.bus.async_listen(name, note, event_filter=callback(lambda _: True))

    await clock.forward(minutes=60, seconds=5)

    assert written.count(entity_of(hass, tenant, "calls").entity_id) == 12
    assert written.count(entity_of(hass, tenant, "last_read").entity_id) == 12
    assert written.count(entity_of(hass, tenant, "interval").entity_id) == 0
    assert written.count(entity_of(hass, tenant, "projected_calls").entity_id) <= 2


async def test_updating_a_sensor_makes_no_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await set_up(orion)
    tenant.requests.clear()

    ids = [entity_of(hass, tenant, key).entity_id for key in KEYS[:3]]
    await clock.run(hass.services.async_call("homeassistant", "update_entity", {"entity_id": ids}, blocking=True))
    await clock.forward(seconds=20)

    assert tenant.calls(FREE_BUSY) == []


async def test_sensors_are_removed_with_the_entry(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room
) -> None:
    entry = await set_up(orion)
    assert {key for key in KEYS if hass.states.get(entity_of(hass, tenant, key).entity_id)} == set(KEYS[:3])

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.settle()

    assert hass.states.async_entity_ids("sensor") == []
    assert er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id) == []
