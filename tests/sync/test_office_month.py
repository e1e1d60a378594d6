"""The numbers of weeks of rooms with occupancy sensors, to the second, against a count that looks at each half minute.

Home Assistant restarts meanwhile, clocks are set back, and sensors flap, die and come late. `scripts/prove numbers`
lives through a month of 20 rooms.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
import sys

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.model.utilization import Hour, Numbers, Share, add, hour_of
from simulator import Booking, Room, Tenant
from tests.clock import Clock, SetUp
from tests.restarts import Stop, Turn
from tests.sync.office_month import (
    KINDS,
    NO_SHOW_MINUTES,
    OFF_HOURS,
    STEP,
    ZONE,
    Meeting,
    Plan,
    RoomPlan,
    States,
    count,
    make,
    state_at,
)

pytest_plugins = ["tests.clock", "tests.restarts"]

# Clocks are set back in the night of this day, at 3:00
SUNDAY = datetime(2026, 10, 24, 22, tzinfo=UTC)
MONTH = datetime(2026, 10, 11, 22, tzinfo=UTC)

type Steps = list[tuple[datetime, bool, Callable[[], object]]]  # whether a sensor changes: that is lost while down


class Office:
    """Lives through a plan."""

    def __init__(self, hass: HomeAssistant, tenant: Tenant, clock: Clock, stop: Stop, start: Turn) -> None:
        self._hass, self._tenant, self._clock, self._stop, self._start = hass, tenant, clock, stop, start
        self._sensors: dict[str, States] = {}

    async def live(self, plan: Plan, set_up: SetUp) -> list[dict[Hour, Numbers]]:
        """Return the numbers of each room, as the action reads them."""
        self._clock.set_wall(plan.start)
        steps: Steps = []
        rooms = [self._plan(index, room, steps) for index, room in enumerate(plan.rooms)]
        ids = [room.room_id for room in rooms]
        occupancy = {room_id: list(_sensor_ids(index, plan.rooms[index])) for index, room_id in enumerate(ids)}
        self._show_sensors(plan.start)
        options = {"occupancy": occupancy, "no_show_minutes": NO_SHOW_MINUTES, "off_hours": OFF_HOURS}
        entry = await set_up(*rooms, scan_interval=1_800, **options)
        down = list(plan.down)
        for at, is_of_sensor, step in sorted(steps, key=itemgetter(0, 1)):
            if down and down[0][0] <= at:
                await self._restart(entry, *down.pop(0))
            if at < plan.end and not (is_of_sensor and at < self._clock.now):
                await self._clock.to(max(at, self._clock.now))
                step()
                await self._clock.settle()
        await self._clock.to(plan.end + timedelta(hours=2))
        last = hour_of(plan.end - STEP, ZONE)
        read = entry.runtime_data.utilization.async_read(ids, hour_of(plan.start, ZONE), last)
        found = await self._clock.run(read)
        return [found[room_id] for room_id in ids]

    def _plan(self, index: int, room: RoomPlan, steps: Steps) -> Room:
        added = self._tenant.add_room(f"Room {index}")
        for meeting in room.meetings:
            self._plan_meeting(added.room_id, meeting, steps)
        if room.closed:
            self._tenant.disable_room(added.room_id, *room.closed, "Renovation")
        for entity_id, states in zip(_sensor_ids(index, room), room.sensors, strict=True):
            self._sensors[entity_id] = states
            steps += [(at, True, partial(self._show, entity_id, state)) for at, state in states.items()]
        return added

    def _plan_meeting(self, room_id: str, meeting: Meeting, steps: Steps) -> None:
        made: list[Booking] = []

        def book() -> None:
            made.append(self._tenant.book(room_id, meeting.start, meeting.end))

        if meeting.made is None:
            book()
        else:
            steps.append((meeting.made, False, book))
        if meeting.canceled:
            steps.append((meeting.canceled, False, lambda: self._tenant.cancel(made[0].booking_id)))

    def _show(self, entity_id: str, state: bool | None) -> None:
        self._hass.states.async_set(entity_id, {True: "on", False: "off", None: "unavailable"}[state])

    def _show_sensors(self, now: datetime) -> None:
        """Let each sensor show its state. One that says nothing has not come yet."""
        for entity_id, states in self._sensors.items():
            self._hass.states.async_remove(entity_id)
            if (state := state_at(states, now)) is not None:
                self._show(entity_id, state)

    async def _restart(self, entry: MockConfigEntry, since: datetime, until: datetime) -> None:
        await self._clock.to(since)
        await self._stop(entry)
        await self._clock.to(until)
        self._show_sensors(until)
        assert await self._start(entry)


def _sensor_ids(index: int, room: RoomPlan) -> Iterator[str]:
    return (f"binary_sensor.people_{index}_{number}" for number in range(len(room.sensors)))


@pytest.fixture
async def office(hass: HomeAssistant, tenant: Tenant, clock: Clock, stop: Stop, start: Turn) -> Office:
    """Return an office in the time zone of the plans."""
    await hass.config.async_set_time_zone(str(ZONE))
    return Office(hass, tenant, clock, stop, start)


def differences(expected: dict[Hour, Numbers], found: dict[Hour, Numbers]) -> list[str]:
    """Return a line for each hour in which the numbers differ."""
    return [
        f"{day} {hour}:00: {found.get((day, hour))}, expected {expected.get((day, hour))}"
        for day, hour in sorted(expected.keys() | found.keys())
        if found.get((day, hour)) != expected.get((day, hour))
    ]


@pytest.mark.slow
async def test_two_days_are_counted_to_the_second(office: Office, set_up: SetUp) -> None:
    plan = make(SUNDAY, days=2, kinds=["flapping", "dying", "late"], seed=1)
    expected = [count(plan, room) for room in plan.rooms]
    found = await office.live(plan, set_up)

    assert [differences(*each) for each in zip(expected, found, strict=True)] == [[], [], []]
    total = Numbers.sum(numbers for tally in expected for numbers in tally.values())
    assert total.office == 3 * (20 + 19) * 3_600  # clocks were set back on the first day
    assert 0 < total.ad_hoc < total.used < total.watched < total.known
    assert 0 < total.no_show < total.booked


@pytest.mark.prove
async def test_a_month_is_counted_to_the_second(
    office: Office, set_up: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make(MONTH, days=31, kinds=[KINDS[index % len(KINDS)] for index in range(20)], seed=2)
    expected = [count(plan, room) for room in plan.rooms]
    found = await office.live(plan, set_up)

    with capsys.disabled():
        sys.stdout.write("\n".join(["", *table(plan, expected, found), ""]))
    assert [differences(*each) for each in zip(expected, found, strict=True)] == [[]] * 20


def table(plan: Plan, expected: list[dict[Hour, Numbers]], found: list[dict[Hour, Numbers]]) -> Iterator[str]:
    """Return the shares of each room in percent, as counted by brute force and by the integration."""
    yield f"{'room':>4}  {'sensors':<12}{'hours':>6}  " + "".join(f"{share:>16}" for share in Share) + "  wrong hours"
    rooms = [(str(index), room.kind) for index, room in enumerate(plan.rooms)]
    for (name, kind), *tallies in zip(
        [*rooms, ("all", "")], [*expected, _total(expected)], [*found, _total(found)], strict=True
    ):
        counted, shown = (Numbers.sum(tally.values()) for tally in tallies)
        shares = "".join(f"{f'{counted.shares[each]} = {shown.shares[each]}':>16}" for each in Share)
        wrong = len(differences(*tallies))
        yield f"{name:>4}  {kind:<12}{shown.office / 3_600:>6.1f}  {shares}  {wrong:>11}"


def _total(tallies: list[dict[Hour, Numbers]]) -> dict[Hour, Numbers]:
    total: dict[Hour, Numbers] = {}
    for tally in tallies:
        add(total, tally)
    return total
