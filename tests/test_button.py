"""The buttons of a room: which exist, when they are available, and what pressing one does."""

from datetime import datetime
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.feishu_freebusy.const import CONF_PEOPLE, DOMAIN
from custom_components.feishu_freebusy.model.booking import can_be_extended, running_block
from custom_components.feishu_freebusy.model.schedule import Block
from simulator import Fault, Room, Tenant
from tests.actions import BOTH
from tests.clock import FREE_BUSY, Clock, SetUp, state_of
from tests.conftest import at
from tests.test_booking import live_events, rows_of, writes_of

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("may_book")


def button_id(hass: HomeAssistant, room: Room, key: str) -> str | None:
    """Return the entity id of a button, None if there is none."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return er.async_get(hass).async_get_entity_id("button", DOMAIN, f"{entry.unique_id}_{room.room_id}_{key}")


def buttons(hass: HomeAssistant, room: Room) -> dict[str, bool]:
    """Return the buttons of a room, and whether each is available."""
    ids = {key: button_id(hass, room, key) for key in ("book", "extend", "end")}
    states = {key: hass.states.get(entity_id) for key, entity_id in ids.items() if entity_id}
    return {key: state.state != "unavailable" for key, state in states.items() if state}


def available(hass: HomeAssistant, room: Room) -> set[str]:
    """Return the buttons of a room that are available."""
    return {key for key, is_available in buttons(hass, room).items() if is_available}


async def press(hass: HomeAssistant, clock: Clock, room: Room, key: str, context: Context | None = None) -> None:
    """Press a button."""
    data: dict[str, Any] = {"entity_id": button_id(hass, room, key)}
    await clock.run(hass.services.async_call("button", "press", data, blocking=True, context=context))


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({}, set()), ({"book": True}, {"book", "extend", "end"}), ({"release": True}, {"end"})],
    ids=["off", "book", "release"],
)
async def test_only_allowed_buttons_exist(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, switches: dict[str, bool], expected: set[str]
) -> None:
    ada = tenant.add_user("Ada")
    await set_up(orion, **{CONF_PEOPLE: {ada.open_id: "Ada"}}, **switches)

    assert buttons(hass, orion).keys() == expected
    assert len(hass.states.async_entity_ids("button")) == len(expected)


async def test_buttons_come_and_go_with_the_switches(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **BOTH)
    for switches, expected in (
        ({"book": False}, {"end"}),
        ({"release": False}, set()),
        ({"book": True}, {"book", "extend", "end"}),
    ):
        hass.config_entries.async_update_entry(entry, options={**entry.options, **switches})
        await clock.forward(seconds=1)
        assert buttons(hass, orion).keys() == expected
        assert {key for key in ("book", "extend", "end") if button_id(hass, orion, key)} == expected


async def test_a_room_is_booked_extended_and_ended(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, book=True, scan_interval=3_600)
    assert available(hass, orion) == {"book"}

    await press(hass, clock, orion, "book")
    assert rows_of(tenant, orion) == [(at(10), at(10, 30))]
    assert available(hass, orion) == {"extend", "end"}

    await press(hass, clock, orion, "extend")
    await press(hass, clock, orion, "extend")
    assert rows_of(tenant, orion)[-1] == (at(10, 45), at(11))
    assert available(hass, orion) == {"extend", "end"}

    await press(hass, clock, orion, "end")
    assert (rows_of(tenant, orion), live_events(tenant), state_of(hass, orion)) == ([], set(), "off")
    assert available(hass, orion) == {"book"}


@pytest.mark.parametrize(
    ("booked", "switches", "expected"),
    [
        ([], {}, {"book"}),
        ([(at(10, 30), at(11))], {}, {"book"}),
        ([(at(10, 29), at(11))], {}, set()),
        ([], {"longest_booking_minutes": 20}, set()),
        ([(at(9), at(11))], {}, {"extend", "end"}),
        ([(at(9), at(11))], {"longest_booking_minutes": 10}, {"end"}),
        ([(at(9), at(11))], {"release": False}, {"extend"}),
        ([(at(9), at(11)), (at(11, 15), at(12))], {}, {"extend", "end"}),
        ([(at(9), at(11)), (at(11, 14), at(12))], {}, {"end"}),
        ([(at(9), at(11)), (at(11), at(12))], {}, {"end"}),
    ],
)
async def test_a_button_is_available_only_if_it_would_work(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    orion: Room,
    booked: list[tuple[datetime, datetime]],
    switches: dict[str, Any],
    expected: set[str],
) -> None:
    for start, end in booked:
        tenant.book(orion.room_id, start, end)
    await set_up(orion, **(BOTH | switches))

    assert available(hass, orion) == expected


async def test_the_room_can_be_booked_until_half_an_hour_before_its_next_booking(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(11), at(12))
    await set_up(orion, **BOTH, scan_interval=3_600)

    await clock.to(at(10, 30))
    assert available(hass, orion) == {"book"}
    await clock.forward(seconds=0.1)
    assert available(hass, orion) == set()
    await clock.to(at(11))
    assert available(hass, orion) == {"extend", "end"}
    await clock.to(at(12))
    assert available(hass, orion) == {"book"}


async def test_no_button_works_while_the_room_is_disabled_or_unknown(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.disable_room(orion.room_id, at(9), None, "Renovation")
    await set_up(orion, vega, **BOTH)
    assert (available(hass, orion), available(hass, vega)) == (set(), {"book"})

    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.forward(hours=5)
    assert available(hass, vega) == set()


async def test_a_refusal_is_shown_and_the_button_follows_the_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, **BOTH, scan_interval=3_600)
    tenant.book(orion.room_id, at(10), at(11))  # not read yet

    with pytest.raises(HomeAssistantError) as raised:
        await press(hass, clock, orion, "book")

    assert raised.value.translation_key == "refusal_taken_until"
    assert writes_of(tenant) == []
    assert (state_of(hass, orion), available(hass, orion)) == ("on", {"extend", "end"})


async def test_one_user_books_a_room_at_most_once_a_minute(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, **BOTH)
    ada, bo = (Context(user_id=MockUser(is_owner=True).add_to_hass(hass).id) for _ in range(2))
    await press(hass, clock, orion, "book", ada)
    await press(hass, clock, orion, "end", ada)

    with pytest.raises(HomeAssistantError) as raised:
        await press(hass, clock, orion, "book", ada)
    assert raised.value.translation_key == "refusal_too_soon"
    await press(hass, clock, orion, "book", bo)
    assert len(rows_of(tenant, orion)) == 1


async def test_two_presses_at_once_extend_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    await set_up(orion, book=True)

    data = {"entity_id": button_id(hass, orion, "extend")}
    presses = [
        hass.async_create_task(hass.services.async_call("button", "press", data, blocking=True)) for _ in range(2)
    ]
    await clock.forward(seconds=30)

    failures = [press.exception() for press in presses]
    assert [getattr(failure, "translation_key", None) for failure in failures] == [None, "refusal_under_way"]
    assert rows_of(tenant, orion) == [(at(9), at(10, 30)), (at(10, 30), at(10, 45))]


async def test_two_presses_at_once_book_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, **BOTH)
    data = {"entity_id": button_id(hass, orion, "book")}
    presses = [
        hass.async_create_task(
            hass.services.async_call("button", "press", data, blocking=True, context=Context(user_id=user.id))
        )
        for user in (MockUser(is_owner=True).add_to_hass(hass) for _ in range(2))
    ]
    await clock.forward(seconds=30)

    failures = [press.exception() for press in presses]
    assert [getattr(failure, "translation_key", None) for failure in failures] == [None, "refusal_taken_until"]
    assert len(rows_of(tenant, orion)) == 1


def test_an_own_extension_counts_as_part_of_what_runs() -> None:
    running, extension = Block(at(9), at(11)), Block(at(11), at(12))
    hour = at(11) - at(10)

    assert running_block([running, extension], at(10)) == running
    assert running_block([running, Block(at(9), at(12))], at(10)) is None
    assert not can_be_extended([running, extension], at(10), hour, [])
    assert can_be_extended([running, extension], at(10), hour, [extension])
    assert not can_be_extended([extension], at(10), hour, [extension])
