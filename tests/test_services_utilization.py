"""The action that tells how much rooms were booked in the past."""

from functools import partial
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    label_registry as lr,
)
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Room, Tenant
from tests.actions import Perform
from tests.clock import Clock, SetUp, busy_id, device_of
from tests.conftest import at

pytest_plugins = ["tests.actions"]


@pytest.fixture
def ask(perform: Perform) -> Perform:
    """Return a function that performs the action."""
    return partial(perform, "get_utilization")


@pytest.fixture
async def morning(hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room) -> None:
    """Set up two rooms at 10:00 and wait until 12:15, all UTC. The house is in Shanghai, eight hours ahead."""
    await hass.config.async_set_time_zone("Asia/Shanghai")
    tenant.book(orion.room_id, at(10, 30), at(11, 30))
    person = tenant.add_user("Ada")
    await set_up(orion, vega, scan_interval=600, people={person.open_id: "Ada"})
    await clock.to(at(12, 15))


def names(response: Any) -> list[str]:
    return [room["name"] for room in response["rooms"]]


async def refusal(ask: Perform, **data: Any) -> str | None:
    """Return the translation key of the error."""
    with pytest.raises(ServiceValidationError) as raised:
        await ask(**data)
    return raised.value.translation_key


@pytest.mark.usefixtures("morning")
async def test_rooms_of_a_period_with_their_total(
    hass: HomeAssistant, tenant: Tenant, ask: Perform, orion: Room, vega: Room
) -> None:
    tenant.requests.clear()

    response = await ask(start="2026-11-23 18:00", end="2026-11-23 20:00")

    unknown = {"used": None, "no_show": None, "ad_hoc": None}
    of_each = {"office_hours": 2.0, "known_hours": 2.0}
    assert response == {
        "start": "2026-11-23T18:00:00+08:00",
        "end": "2026-11-23T20:00:00+08:00",
        "rooms": [
            {"room_id": room.room_id, "entity_id": busy_id(hass, room), "name": room.name, **of_each, "booked": booked}
            | unknown
            for room, booked in ((orion, 50.0), (vega, 0.0))
        ],
        "total": {"office_hours": 4.0, "known_hours": 4.0, "booked": 25.0, **unknown},
    }
    assert tenant.requests == []


@pytest.mark.usefixtures("morning")
async def test_hours_of_the_week_on_request(ask: Perform) -> None:
    response = await ask(start="2026-11-23 18:00", end="2026-11-23 20:00", by_hour=True)

    hours = response["rooms"][0]["hours"]
    assert [(each["weekday"], each["hour"], each["office_hours"], each["booked"]) for each in hours] == [
        ("mon", 18, 1.0, 50.0),
        ("mon", 19, 1.0, 50.0),
    ]


@pytest.mark.usefixtures("morning")
async def test_a_period_is_widened_to_whole_local_hours(ask: Perform) -> None:
    response = await ask(start="2026-11-23 18:59:59", end="2026-11-23 19:00:01")

    assert (response["start"], response["end"]) == ("2026-11-23T18:00:00+08:00", "2026-11-23T20:00:00+08:00")
    assert response["total"]["known_hours"] == 4.0


@pytest.mark.usefixtures("morning")
async def test_without_a_period_it_is_this_month_until_now(ask: Perform) -> None:
    response = await ask()

    assert (response["start"], response["end"]) == ("2026-11-01T00:00:00+08:00", "2026-11-23T21:00:00+08:00")
    assert names(response) == ["Orion", "Vega"]
    assert response["total"]["office_hours"] == pytest.approx(4.5, abs=0.4)


async def test_the_first_instant_of_a_month_is_in_that_month(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, ask: Perform, orion: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    clock.set_wall(at(16, day=7))  # midnight there
    await set_up(orion, scan_interval=600)
    response = await ask()

    assert (response["start"], response["end"]) == ("2026-12-01T00:00:00+08:00", "2026-12-01T01:00:00+08:00")
    assert response["total"]["known_hours"] == 0.0


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize(("start", "end"), [("2026-01-01", "2026-01-03"), ("2026-12-01", "2026-12-03")])
async def test_a_period_without_readings_is_unknown(ask: Perform, start: str, end: str) -> None:
    response = await ask(start=start, end=end, by_hour=True)

    assert response["total"] == {
        "office_hours": 0.0,
        "known_hours": 0.0,
        "booked": None,
        "used": None,
        "no_show": None,
        "ad_hoc": None,
    }
    assert [room["hours"] for room in response["rooms"]] == [[], []]


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize(
    "data",
    [
        {"start": "2026-11-24", "end": "2026-11-24"},
        {"start": "2026-11-24", "end": "2026-11-23"},
        {"start": "2027-01-01"},
        {"start": "2024-01-01", "end": "2026-01-01"},
    ],
)
async def test_a_period_must_be_in_order_and_not_too_long(ask: Perform, data: dict[str, Any]) -> None:
    assert await refusal(ask, **data) == "window"


@pytest.mark.usefixtures("morning")
async def test_rooms_are_targeted_by_entity_device_area_and_label(
    hass: HomeAssistant, ask: Perform, orion: Room
) -> None:
    device = device_of(hass, orion)
    assert device is not None
    area, label = ar.async_get(hass).async_create("Lounge"), lr.async_get(hass).async_create("Large")
    dr.async_get(hass).async_update_device(device.id, area_id=area.id, labels={label.label_id})

    for target in (
        {"entity_id": busy_id(hass, orion)},
        {"entity_id": "calendar.orion_bookings"},
        {"device_id": [device.id]},
        {"area_id": area.id},
        {"label_id": label.label_id},
    ):
        assert names(await ask(**target)) == ["Orion"], target


@pytest.mark.usefixtures("morning")
async def test_a_target_that_is_no_room_is_refused(hass: HomeAssistant, ask: Perform, orion: Room) -> None:
    empty = ar.async_get(hass).async_create("Attic")
    er.async_get(hass).async_get_or_create("light", "other", "1", suggested_object_id="lamp")

    for target in (
        {"entity_id": "light.lamp"},
        {"entity_id": "light.none"},
        {"entity_id": [busy_id(hass, orion), "binary_sensor.ada"]},
        {"entity_id": "sensor.meeting_rooms_booked_today"},
        {"area_id": empty.id},
        {"area_id": "nowhere"},
        {"device_id": "missing"},
        {"entity_id": "none"},
    ):
        assert await refusal(ask, **target) == "not_a_room", target


@pytest.mark.usefixtures("morning")
async def test_a_room_that_is_not_read_any_more_is_refused(
    hass: HomeAssistant, ask: Perform, clock: Clock, vega: Room
) -> None:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    entity_id = busy_id(hass, vega)
    subjects = entry.runtime_data.subjects
    subjects.replace({each: subject.info for each, subject in subjects.items() if each != vega.room_id})

    assert await refusal(ask, entity_id=entity_id) == "not_a_room"
    assert names(await ask()) == ["Orion"]


@pytest.mark.usefixtures("morning")
async def test_users_see_the_rooms_that_they_may_read(
    hass: HomeAssistant, ask: Perform, orion: Room, vega: Room
) -> None:
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {busy_id(hass, orion): {"read": True}}}})
    context = Context(user_id=user.id)

    assert names(await ask(context=context)) == ["Orion"]
    assert names(await ask(context=context, entity_id=busy_id(hass, orion))) == ["Orion"]
    with pytest.raises(Unauthorized):
        await ask(context=context, entity_id=busy_id(hass, vega))
    admin = MockUser(is_owner=True).add_to_hass(hass)
    assert names(await ask(context=Context(user_id=admin.id))) == ["Orion", "Vega"]


@pytest.mark.usefixtures("morning")
async def test_a_room_of_two_apps_counts_once(hass: HomeAssistant, ask: Perform, set_up: SetUp, orion: Room) -> None:
    (first,) = hass.config_entries.async_entries(DOMAIN)
    hass.config_entries.async_update_entry(first, unique_id="cli_first")
    await set_up(orion, scan_interval=600)

    assert names(await ask()) == ["Orion", "Vega"]
    assert names(await ask(config_entry_id=first.entry_id)) == ["Orion", "Vega"]
