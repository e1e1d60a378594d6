"""When the conditions hold, and that nothing unknown meets one."""

from collections.abc import Callable
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import async_from_config, async_validate_condition_config
import pytest
import voluptuous as vol

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Tenant
from tests.clock import Clock, SetUp, busy_id
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")


class Conditions:
    """Makes conditions."""

    def __init__(self, hass: HomeAssistant, clock: Clock) -> None:
        """Nothing is made yet."""
        self.hass, self.clock = hass, clock
        self.checkers: list[Any] = []

    async def make(
        self, condition: str, *rooms: Room, target: dict[str, Any] | None = None, **options: Any
    ) -> Callable[[], bool | None]:
        """Return a function that checks a condition now."""
        target = target or {"entity_id": [busy_id(self.hass, room) for room in rooms]}
        config = {"condition": f"{DOMAIN}.{condition}", "target": target, **({"options": options} if options else {})}
        checked = await self.clock.run(async_validate_condition_config(self.hass, config))
        checker: Any = await self.clock.run(async_from_config(self.hass, checked))
        self.checkers.append(checker)

        def check() -> bool | None:
            result: bool | None = checker(self.hass)
            return result

        return check


@pytest.fixture
def conditions(hass: HomeAssistant, clock: Clock) -> Conditions:
    return Conditions(hass, clock)


@pytest.fixture
def booked(tenant: Tenant, orion: Room) -> Room:
    """Return a room that is booked 11:00-11:30, 11:30-12:00 and 12:20-13:00."""
    for start, end in ((at(11), at(11, 30)), (at(11, 30), at(12)), (at(12, 20), at(13))):
        tenant.book(orion.room_id, start, end)
    return orion


async def test_a_room_is_free_or_busy(conditions: Conditions, clock: Clock, set_up: SetUp, booked: Room) -> None:
    await set_up(booked)
    free, busy = await conditions.make("is_free", booked), await conditions.make("is_busy", booked)

    found = []
    for hour, minute in ((10, 59), (11, 0), (11, 59), (12, 0)):
        await clock.to(at(hour, minute))
        found.append((free(), busy()))

    assert found == [(True, False), (False, True), (False, True), (True, False)]


async def test_a_state_has_to_last(conditions: Conditions, clock: Clock, set_up: SetUp, booked: Room) -> None:
    await set_up(booked)
    options: dict[str, Any] = {"for": "00:10:00"}
    busy = await conditions.make("is_busy", booked, **options)

    await clock.to(at(11, 9))
    assert not busy()
    await clock.to(at(11, 10))
    assert busy()


async def test_a_room_stays_free_for_long_enough(
    conditions: Conditions, clock: Clock, set_up: SetUp, booked: Room
) -> None:
    await set_up(booked, horizon_days=1)
    hour = await conditions.make("is_available", booked, duration="01:00:00")
    fortnight = await conditions.make("is_available", booked, duration={"days": 14})

    assert hour()
    await clock.to(at(10, 1))
    assert not hour()
    await clock.to(at(11, 30))
    assert not hour()
    await clock.to(at(12))
    assert not hour()
    await clock.to(at(13))
    assert hour()
    assert not fortnight()  # later bookings are not known


async def test_a_booking_ends_within_a_time(conditions: Conditions, clock: Clock, set_up: SetUp, booked: Room) -> None:
    await set_up(booked)
    ends = await conditions.make("booking_ends_soon", booked, duration="00:05:00")

    found = []
    for hour, minute in ((10, 59), (11, 24), (11, 25), (11, 29), (11, 30), (11, 55), (12, 0)):
        await clock.to(at(hour, minute))
        found.append(ends())

    assert found == [False, False, True, True, False, True, False]
    assert [checker.needs_polling for checker in conditions.checkers] == [True]  # the editor shows the result


@pytest.mark.parametrize(("behavior", "expected"), [("any", True), ("all", False)])
async def test_one_of_several_rooms_or_all_of_them(
    conditions: Conditions, clock: Clock, set_up: SetUp, booked: Room, vega: Room, behavior: str, expected: bool
) -> None:
    await set_up(booked, vega)
    checks = [
        await conditions.make("is_free", booked, vega, behavior=behavior),
        await conditions.make("is_available", booked, vega, behavior=behavior, duration="00:10:00"),
    ]
    await clock.to(at(11, 10))

    assert [check() for check in checks] == [expected, expected]


async def test_nothing_unknown_meets_a_condition(
    hass: HomeAssistant, conditions: Conditions, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    targets = [{"entity_id": busy_id(hass, orion)}, {"area_id": "nowhere"}, {"entity_id": "binary_sensor.door"}]
    hass.states.async_set("binary_sensor.door", "off")
    checks = [
        await conditions.make(condition, target=target, behavior=behavior, **options)
        for target in targets
        for behavior in ("any", "all")
        for condition, options in (
            ("is_free", {}),
            ("is_busy", {}),
            ("is_free", {"for": "00:00:01"}),
            ("is_available", {"duration": "00:10:00"}),
            ("booking_ends_soon", {"duration": "00:10:00"}),
        )
    ]
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=20)
    assert [check() for check in checks] == [False] * len(checks)

    tenant.clear_faults()
    await clock.forward(minutes=20)
    of_free_room = [True, False, True, True, False]
    assert [check() for check in checks] == [*of_free_room, *of_free_room, *[False] * 20]
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert [check() for check in checks] == [False] * len(checks)


async def test_all_rooms_are_not_free_while_one_is_unknown(
    conditions: Conditions, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    all_free = await conditions.make("is_free", orion, vega, behavior="all")
    any_free = await conditions.make("is_free", orion, vega)
    assert all_free()

    tenant.delete_room(vega.room_id)
    await clock.forward(minutes=20)

    assert (all_free(), any_free()) == (False, True)


@pytest.mark.parametrize(
    ("condition", "options"),
    [
        ("is_free", {"behavior": "each"}),
        ("is_available", {}),
        ("is_available", {"duration": "00:10:00", "for": "00:10:00"}),
        ("booking_ends_soon", {"duration": "-00:10:00"}),
    ],
)
async def test_wrong_options_are_refused(
    conditions: Conditions, set_up: SetUp, orion: Room, condition: str, options: dict[str, Any]
) -> None:
    await set_up(orion)

    with pytest.raises(vol.Invalid):
        await conditions.make(condition, orion, **options)
