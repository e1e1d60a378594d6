"""One odd row, room or level costs itself alone, and nothing that is booked looks free because of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.components.calendar import CalendarEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_component import DATA_INSTANCES
import pytest

from simulator import Fault, Room, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]


def rows(*spans: tuple[str, str]) -> Fault:
    """Answer with these rows of free/busy."""
    listed = [{"start_time": start, "end_time": end} for start, end in spans]
    return Fault.body(200, {"code": 0, "msg": "success", "data": {"freebusy_list": listed}})


def calendar_of(hass: HomeAssistant, room: Room) -> CalendarEntity:
    entities = er.async_get(hass).entities.values()
    entity_id = next(each.entity_id for each in entities if each.unique_id.endswith(f"_{room.room_id}_calendar"))
    entity = hass.data[DATA_INSTANCES]["calendar"].get_entity(entity_id)
    assert isinstance(entity, CalendarEntity)
    return entity


# Rows


async def test_a_row_of_negative_length_hides_no_booking(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    negative = ("2026-11-25T12:00:00Z", "2026-11-25T11:00:00Z")
    tenant.inject(rows(negative, ("2026-11-23T11:00:00Z", "2026-11-23T12:00:00Z")), FREE_BUSY, times=None)
    await set_up(orion)

    assert state_of(hass, orion) == "off"
    await clock.to(at(11))
    assert state_of(hass, orion) == "on"
    await clock.to(at(11, 30, day=2))
    assert state_of(hass, orion) == "on"
    await clock.to(at(12, day=2))
    assert state_of(hass, orion) == "off"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("span", [("0001-01-01T00:00:00Z", None), (None, "9999-12-31T23:59:59Z")], ids=["1", "9999"])
async def test_rows_of_year_1_or_9999_break_no_calendar(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    zone: str,
    span: tuple[str | None, str | None],
) -> None:
    await hass.config.async_set_time_zone(zone)
    span_of_row = (span[0] or "2026-11-23T09:00:00Z", span[1] or "2026-11-23T12:00:00Z")
    tenant.inject(rows(span_of_row), FREE_BUSY, times=None)
    await set_up(orion)
    calendar = calendar_of(hass, orion)

    assert state_of(hass, orion) == "on"
    for start, end in ((at(0), at(23)), (at(0, day=-40), at(0, day=40))):
        (event,) = await clock.run(calendar.async_get_events(hass, start, end))
        assert event.start_datetime_local < at(11)
        assert event.end_datetime_local >= at(12)
        event.as_dict()
    asked: dict[str, Any] = {"room_id": orion.room_id, "start": "2026-11-23T10:00:00Z"}
    response: Any = await clock.run(
        hass.services.async_call("feishu_freebusy", "get_free_busy", asked, blocking=True, return_response=True)
    )
    (busy,) = response["subjects"][0]["busy"]
    assert datetime.fromisoformat(busy["start"]).astimezone(UTC) < at(11)


async def test_a_gap_of_a_second_at_midnight_is_no_gap(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(23, 59, 59))
    tenant.book(orion.room_id, at(0, day=1), at(12, day=1))
    await set_up(orion, scan_interval=3600)

    await clock.to(at(23, 59, 59) + timedelta(milliseconds=500))
    assert state_of(hass, orion) == "on"


@pytest.mark.parametrize("reading", ["left_out", "shown"])
async def test_an_event_marked_as_free_makes_its_room_busy(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, reading: Any
) -> None:
    tenant.variants.free_rows_of_rooms = reading
    tenant.book(orion.room_id, at(9), at(12), free=True)
    tenant.book(orion.room_id, at(9, day=-40), at(12, day=-40), free=True)
    await set_up(orion)

    assert state_of(hass, orion) == "on"
    far = calendar_of(hass, orion).async_get_events(hass, at(0, day=-41), at(0, day=-39))
    assert len(await clock.run(far)) == 1
