"""What was done to bookings: an event on the bus, and a line in the logbook, without titles."""

from datetime import datetime, timedelta
import json
from typing import Any

from homeassistant.components.logbook.models import LazyEventPartialState, async_event_to_row
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_capture_events

from custom_components.feishu_freebusy.const import DOMAIN, EVENT_ACTION
from custom_components.feishu_freebusy.logbook import async_describe_events
from simulator import Room, Tenant
from tests.actions import BOTH, Perform
from tests.clock import Clock, SetUp, busy_id, device_of
from tests.conftest import at
from tests.test_button import press

pytest_plugins = ["tests.actions"]
pytestmark = pytest.mark.usefixtures("may_book", "in_utc")


def line(hass: HomeAssistant, event: Event[Any]) -> dict[str, Any]:
    """Return what the logbook shows of an event."""
    found: dict[str, Any] = {}

    def take(domain: str, event_type: str, describe: Any) -> None:
        assert domain == DOMAIN
        if event_type == event.event_type:
            found.update(describe(LazyEventPartialState(async_event_to_row(event), {})))

    async_describe_events(hass, take)
    return found


def said(hass: HomeAssistant, **data: Any) -> str:
    """Return the message for an event."""
    message: str = line(hass, Event(EVENT_ACTION, data))["message"]
    return message


async def test_each_act_fires_an_event_with_the_user_and_without_a_title(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, **BOTH)
    acts = async_capture_events(hass, EVENT_ACTION)
    context = Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id)

    await perform("book_room", room_id=orion.room_id, title="Salary of Chen Wei", context=context)
    await perform("extend_booking", room_id=orion.room_id, title="Salary of Chen Wei", context=context)
    await perform("end_booking", room_id=orion.room_id, context=context)
    tenant.book(vega.room_id, at(9), at(11))
    await perform("release_room", room_id=vega.room_id, context=context)
    await clock.forward(minutes=1)
    await press(hass, clock, orion, "book", context)

    assert [event.data["action"] for event in acts] == ["booked", "extended", "ended", "released", "booked"]
    assert {event.context.id for event in acts} == {context.id}
    device = device_of(hass, orion)
    assert device
    assert acts[1].data == {
        "action": "extended",
        "room_id": orion.room_id,
        "name": "Orion",
        "entity_id": busy_id(hass, orion),
        "device_id": device.id,
        "start": "2026-11-23T10:30:00+00:00",
        "end": "2026-11-23T10:45:00+00:00",
        "own": True,
        "confirmed": True,
    }
    assert (acts[3].data["own"], acts[3].data["confirmed"]) == (False, True)
    assert "Chen Wei" not in json.dumps([event.data for event in acts])


async def test_a_refused_act_fires_no_event(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    await set_up(orion, book=True)
    acts = async_capture_events(hass, EVENT_ACTION)

    with pytest.raises(HomeAssistantError):
        await perform("book_room", room_id=orion.room_id)

    assert acts == []


@pytest.mark.parametrize(
    ("action", "english", "chinese"),
    [
        ("booked", "was booked from 14:00 to 15:00", "已预订：14:00 至 15:00"),
        ("extended", "was extended until 15:00", "已延长到 15:00"),
        (
            "ended",
            "was freed: the meeting from 14:00 to 15:00 was ended",
            "已空闲：14:00 至 15:00 的会议已结束",
        ),
        (
            "released",
            "was released: nobody came to the meeting from 14:00 to 15:00",
            "已释放：14:00 至 15:00 的会议无人到场",
        ),
        ("canceled", "is no longer booked from 14:00 to 15:00", "已取消预订：14:00 至 15:00"),
        (
            "undone",
            "is not booked from 14:00 to 15:00: the booking was interrupted and has been undone",
            "未预订：14:00 至 15:00 的预订被中断，已撤销",
        ),
        (
            "requested",
            "is requested from 14:00 to 15:00: an administrator must approve it",
            "已申请：14:00 至 15:00，等待管理员审批",
        ),
        (
            "approved",
            "was booked from 14:00 to 15:00: the request was approved",
            "已预订：14:00 至 15:00，申请已获批准",
        ),
        (
            "declined",
            "is not booked from 14:00 to 15:00: the request was declined",
            "未预订：14:00 至 15:00 的申请被拒绝",
        ),
        (
            "expired",
            "was not booked from 14:00 to 15:00: nobody decided on the request in time",
            "未预订：14:00 至 15:00 的申请未在时限内审批",
        ),
    ],
)
async def test_the_logbook_says_what_was_done_in_the_language_of_home_assistant(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, action: str, english: str, chinese: str
) -> None:
    times = {"start": at(14).isoformat(), "end": at(15).isoformat()}
    hass.config.language = "zh-Hans"
    await set_up(orion)

    assert said(hass, action=action, **times) == chinese
    hass.config.language = "en"
    assert said(hass, action=action, **times) == english


async def test_a_line_names_the_room_and_leads_to_it(
    hass: HomeAssistant, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    await set_up(orion, book=True)
    acts = async_capture_events(hass, EVENT_ACTION)
    await perform("book_room", room_id=orion.room_id)

    assert line(hass, acts[0]) == {
        "name": "Orion",
        "message": "was booked from 10:00 to 10:30",
        "icon": "mdi:calendar-plus",
        "entity_id": busy_id(hass, orion),
    }


def later(days: int) -> datetime:
    return at(14) + timedelta(days=days)


async def test_times_of_another_day_have_their_date(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)

    for day in (-1, 1):
        times = {"start": later(day).isoformat(), "end": later(day).isoformat()}
        assert said(hass, action="extended", **times) == f"was extended until {later(day):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize("end", [None, 7, "soon", "2026-11-23T15:00:00"])
async def test_a_line_survives_an_event_that_others_have_fired(
    hass: HomeAssistant, set_up: SetUp, orion: Room, end: object
) -> None:
    await set_up(orion)

    assert said(hass, action="extended", end=end) == "was extended until …"
    assert said(hass, action="painted") == "painted"
    assert said(hass) == "None"
