"""Sensors of the booked share: of each room, and of the account. They change once an hour."""

from datetime import timedelta
from typing import Any

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Tenant
from tests.clock import Clock, SetUp, Writes
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc", "each_minute")  # numbers are shown with the first look of an hour

PEOPLE = "binary_sensor.people"
NIGHTS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}


def state_of(hass: HomeAssistant, tenant: Tenant, key: str, room: Room | None = None) -> State | None:
    """Return the state of a sensor of the account, or of a room."""
    unique_id = f"{tenant.app_id}_{f'{room.room_id}_' if room else ''}{key}"
    entity_id = er.async_get(hass).async_get_entity_id(SENSOR, DOMAIN, unique_id)
    assert entity_id is not None
    return hass.states.get(entity_id)


def value_of(hass: HomeAssistant, tenant: Tenant, key: str, room: Room | None = None) -> str | None:
    state = state_of(hass, tenant, key, room)
    return state.state if state else None


@pytest.fixture
def all_enabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enable the sensors that are disabled by default."""
    monkeypatch.setattr("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True)


async def test_sensors_of_the_account_are_enabled_and_those_of_rooms_are_not(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    person = tenant.add_user("Ada")
    await set_up(orion, people={person.open_id: "Ada"})

    for key in ("booked_today", "booked_this_month"):
        state = state_of(hass, tenant, key)
        assert state is not None
        assert {name: state.attributes[name] for name in ("state_class", "unit_of_measurement")} == {
            "state_class": "measurement",  # long-term statistics
            "unit_of_measurement": "%",
        }
        assert state_of(hass, tenant, key, orion) is None
    people = [entity for entity in er.async_get(hass).entities.values() if person.open_id in entity.unique_id]
    assert [entity for entity in people if "booked" in entity.unique_id] == []


@pytest.mark.usefixtures("all_enabled")
async def test_shares_follow_the_hours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(8), at(10))
    tenant.book(vega.room_id, at(9), at(10))
    clock.set_wall(at(6))
    await set_up(orion, vega, scan_interval=600, off_hours=NIGHTS)
    assert value_of(hass, tenant, "booked_today") == "unknown"

    await clock.to(at(11, 5))
    assert float(value_of(hass, tenant, "booked_today", orion) or 0) == pytest.approx(50, abs=2.5)
    assert float(value_of(hass, tenant, "booked_today", vega) or 0) == pytest.approx(25, abs=1.5)
    assert float(value_of(hass, tenant, "booked_today") or 0) == pytest.approx(37.5, abs=2)
    assert value_of(hass, tenant, "booked_today") == value_of(hass, tenant, "booked_this_month")

    await clock.to(at(8, 5, day=1))
    assert value_of(hass, tenant, "booked_today", orion) == "0.0"
    month = float(value_of(hass, tenant, "booked_this_month", orion) or 0)
    assert month == pytest.approx(100 * 2 / 14, abs=0.3)


@pytest.mark.usefixtures("all_enabled")
async def test_a_sensor_is_written_at_most_once_an_hour(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    for hour in range(11, 18):
        tenant.book(orion.room_id, at(hour, 5), at(hour, 5 + 6 * (hour - 10)))
    await set_up(orion, scan_interval=60)
    writes.clear()
    await clock.to(at(18, 55))

    entity_id = state_of(hass, tenant, "booked_today", orion)
    assert entity_id is not None
    of_sensor = [write for write in writes if write.entity_id == entity_id.entity_id]
    assert {write.at.hour for write in of_sensor} == set(range(11, 19))
    assert len(of_sensor) == 8
    assert {write.at - write.at.replace(minute=0, second=0, microsecond=0) for write in of_sensor} <= {
        timedelta(seconds=second) for second in range(2)
    }


@pytest.mark.usefixtures("all_enabled")
async def test_weekends_and_outages_are_unknown(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(19, day=4))  # Friday
    await set_up(orion, scan_interval=600, off_hours=NIGHTS)
    await clock.to(at(12, day=5))
    assert value_of(hass, tenant, "booked_today", orion) == value_of(hass, tenant, "booked_today") == "unknown"
    assert value_of(hass, tenant, "booked_this_month", orion) == "0.0"

    tenant.inject(Fault.status(503), times=None)
    await clock.to(at(12, day=7))
    assert value_of(hass, tenant, "booked_today", orion) == value_of(hass, tenant, "booked_today") == "unknown"
    assert value_of(hass, tenant, "booked_this_month", orion) == "unknown"


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Booked today", "Booked this month", "Used today", "No-shows today", "Used without a booking today"]),
        ("zh-Hans", ["今日预订率", "本月预订率", "今日使用率", "今日无人到场率", "今日未预订使用率"]),
    ],
)
async def test_names(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, language: str, names: list[str]
) -> None:
    hass.config.language = language
    await set_up(orion, **with_sensor(orion))

    keys = ("booked_today", "booked_this_month", "used_today", "no_show_today", "ad_hoc_today")
    found = [state_of(hass, tenant, key) for key in keys]
    assert [state.name for state in found if state] == [f"{tenant.app_name} {name}" for name in names]


def with_sensor(room: Room) -> dict[str, Any]:
    """Return the option that gives a room an occupancy sensor."""
    return {"occupancy": {room.room_id: [PEOPLE]}, "no_show_minutes": 10}


async def test_only_rooms_with_occupancy_sensors_and_their_account_have_shares_of_use(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    def found() -> dict[str, bool]:
        entities = [entity for entity in er.async_get(hass).entities.values() if "no_show" in entity.unique_id]
        return {entity.unique_id.removeprefix(f"{tenant.app_id}_"): entity.disabled for entity in entities}

    entry = await set_up(orion, vega)
    assert found() == {}

    for _ in range(2):
        hass.config_entries.async_update_entry(entry, options={**entry.options, **with_sensor(orion)})
        await clock.settle()
        assert found() == {
            f"{orion.room_id}_no_show_today": True,
            f"{orion.room_id}_no_show_this_month": True,
            "no_show_today": False,
            "no_show_this_month": False,
        }
        assert value_of(hass, tenant, "no_show_today") == "unknown"
        hass.config_entries.async_update_entry(entry, options={**entry.options, "occupancy": {}})
        await clock.settle()
        assert found() == {}


@pytest.mark.usefixtures("all_enabled")
async def test_shares_of_use_are_those_of_the_rooms_with_sensors(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(11), at(14))
    hass.states.async_set(PEOPLE, "off")
    await set_up(orion, vega, scan_interval=600, **with_sensor(orion))
    for hour, minute, state in ((13, 0, "on"), (13, 30, "off"), (15, 0, "on"), (16, 0, "off")):
        await clock.to(at(hour, minute))
        hass.states.async_set(PEOPLE, state)
    await clock.to(at(20, 5))

    def shares(room: Room | None) -> list[float]:
        keys = (f"{share}_today" for share in ("booked", "used", "no_show", "ad_hoc"))
        return [float(value_of(hass, tenant, key, room) or 0) for key in keys]

    of_orion, of_all = shares(orion), shares(None)
    minutes = (180, 32 + 62, 110, 62)  # of the ten hours since 10:00
    assert of_orion == pytest.approx([100 * each / 600 for each in minutes], abs=1.5)
    assert of_all == [pytest.approx(of_orion[0] / 2, abs=0.3), *of_orion[1:]]
    assert value_of(hass, tenant, "used_this_month") == value_of(hass, tenant, "used_today")
