"""States change on time without a call; polls detect changes at Feishu."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from homeassistant.core import HomeAssistant
import pytest

from custom_components.feishu_freebusy.sync import timetable
from simulator import Room, Tenant
from tests.clock import FREE_BUSY, STATUSES, TOKEN, Clock, SetUp, Writes, busy_id, reads_of, shown, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

MINUTE = timedelta(minutes=1)
RARELY = 3_600  # seconds between polls: earlier changes come from the timer


# The timer


async def test_room_flips_exactly_on_time_without_a_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 5, 7), at(10, 40, 59))
    await set_up(orion, scan_interval=RARELY)
    assert state_of(hass, orion) == "off"
    tenant.requests.clear()
    writes.clear()

    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5, 7), "on"), (at(10, 40, 59), "off")]
    assert len(tenant.requests) == len(tenant.calls(STATUSES)) == 5


async def test_back_to_back_meetings_show_no_gap(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    for start in (5, 15, 25):
        tenant.book(orion.room_id, at(10, start), at(10, start + 10))
    await set_up(orion)
    writes.clear()

    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "on"), (at(10, 35), "off")]


async def test_each_room_flips_at_its_own_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(10, 30))
    tenant.book(vega.room_id, at(10, 5), at(10, 20))
    await set_up(orion, vega, scan_interval=RARELY)
    writes.clear()

    await clock.to(at(10, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "on"), (at(10, 30), "off")]
    assert writes.changes_of(busy_id(hass, vega)) == [(at(10, 5), "on"), (at(10, 20), "off")]


async def test_a_meeting_that_began_yesterday_counts(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(22, day=-1), at(6))
    clock.set_wall(at(3))
    await set_up(orion, scan_interval=RARELY)
    assert state_of(hass, orion) == "on"
    writes.clear()

    await clock.to(at(7))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(6), "off")]


async def test_rooms_still_flip_when_polling_is_disabled(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(10, 8))
    entry = await set_up(orion)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await clock.settle()
    tenant.requests.clear()
    writes.clear()

    await clock.to(at(10, 9))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(10, 5), "on"), (at(10, 8), "off")]


@pytest.mark.usefixtures("each_minute")
@pytest.mark.parametrize(
    ("set_to", "expected"), [(at(11, 10), "on"), (at(12, 10), "off"), (at(9, 50), "off")], ids=["on", "past", "back"]
)
async def test_state_is_correct_within_a_minute_of_a_clock_change(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, set_to: datetime, expected: str
) -> None:
    started_busy = expected == "off"
    tenant.book(orion.room_id, at(10) if started_busy else at(11), at(12))
    await set_up(orion, scan_interval=7_200)
    await clock.to(at(10, 0, 20))
    assert state_of(hass, orion) == ("on" if started_busy else "off")

    clock.set_wall(set_to)
    await clock.forward(minutes=1)

    assert state_of(hass, orion) == expected


async def test_flips_are_on_time_after_the_clock_was_set_back(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9, 20), at(9, 40))
    await set_up(orion, scan_interval=7_200)
    writes.clear()

    clock.set_wall(at(9))
    await clock.to(at(9, 59))

    assert writes.changes_of(busy_id(hass, orion)) == [(at(9, 20), "on"), (at(9, 40), "off")]


# Polls


@pytest.mark.parametrize("seconds", [30, 60, 90, 600])
async def test_rooms_are_read_exactly_at_the_interval(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room, seconds: int
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(12))
    await set_up(orion, vega, scan_interval=seconds)
    tenant.requests.clear()

    await clock.to(at(10, 30, 1))

    due = [at(10) + timedelta(seconds=seconds) * count for count in range(1, 1_800 // seconds + 1)]
    for room in (orion, vega):
        assert [call.at.replace(microsecond=0) for call in reads_of(tenant, room)] == due
    assert len(tenant.calls(STATUSES)) in {2, 3}  # every ten minutes, with the poll that comes next
    assert len(tenant.requests) == 2 * len(due) + len(tenant.calls(STATUSES))


async def test_a_day_needs_few_calls_besides_the_polls(
    tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=600)
    tenant.requests.clear()

    await clock.to(at(10, 5, day=1))

    assert len(tenant.calls(FREE_BUSY)) == 144
    assert len(tenant.calls(TOKEN)) <= 24 / 1.5 + 1  # a token is valid for two hours and renewed early
    assert 140 - 4 <= len(tenant.calls(STATUSES)) <= 144  # the scans read the status, too
    others = len(tenant.calls(TOKEN)) + len(tenant.calls(STATUSES))
    assert len(tenant.requests) == 144 + others + 4 * 5  # rooms, a sample, levels and scopes: 4 a day


async def test_poll_intervals_have_jitter(
    monkeypatch: pytest.MonkeyPatch, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    monkeypatch.setattr(timetable, "_JITTER", 0.05)
    await set_up(orion, scan_interval=600)

    await clock.to(at(20))

    pauses = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(tenant.calls(FREE_BUSY))]
    assert all(569 < pause < 631 for pause in pauses)
    assert max(pauses) - min(pauses) > 5
    assert 57 <= len(pauses) <= 63


async def test_requested_window_is_from_yesterday_to_the_horizon(tenant: Tenant, set_up: SetUp, orion: Room) -> None:
    await set_up(orion, horizon_days=3, include_external_calendar=False)

    (call,) = reads_of(tenant, orion)
    assert call.body == {
        "room_id": orion.room_id,
        "time_min": at(10, day=-1).isoformat(),
        "time_max": at(10, day=3).isoformat(),
        "include_external_calendar": False,
        "only_busy": False,
        "need_rsvp_status": True,
    }


async def test_poll_detects_new_moved_and_canceled_meetings(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    await set_up(orion)
    writes.clear()

    await clock.to(at(10, 0, 30))
    booking = tenant.book(orion.room_id, at(10), at(11))
    await clock.to(at(10, 1, 30))
    assert state_of(hass, orion) == "on"
    tenant.move(booking.booking_id, at(10), at(10, 2, 15))
    await clock.to(at(10, 2, 30))
    assert writes.changes_of(busy_id(hass, orion))[-1] == (at(10, 2, 15), "off")
    booking = tenant.book(orion.room_id, at(10), at(11))
    await clock.to(at(10, 3, 30))
    tenant.cancel(booking.booking_id)
    await clock.to(at(10, 4, 30))
    assert state_of(hass, orion) == "off"


# Which states are written


def booked(tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(9), at(11))
    tenant.book(room.room_id, at(15), at(16))


def booked_for_days(tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(9, day=-5), at(9, day=30))


def booked_for_days_and_clipped(tenant: Tenant, room: Room) -> None:
    tenant.variants.clipping = "clipped"
    booked_for_days(tenant, room)


def booked_to_the_horizon(tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(9), at(9, day=30))


def requested(tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(9), at(11), rsvp="needs_action")


def in_any_order(tenant: Tenant, room: Room) -> None:
    tenant.variants.row_order = "unsorted"
    tenant.variants.overlaps = "split_overlapping"
    booked(tenant, room)


def disabled_forever(tenant: Tenant, room: Room) -> None:
    tenant.disable_room(room.room_id, at(9), None, "water")


def disabled_forever_since_long_ago(tenant: Tenant, room: Room) -> None:
    tenant.disable_room(room.room_id, at(9, day=-40), None, "water")


def disabled_until_tomorrow(tenant: Tenant, room: Room) -> None:
    tenant.disable_room(room.room_id, at(9, day=-1), at(9, day=1), "water")


def disabled_tomorrow(tenant: Tenant, room: Room) -> None:
    tenant.disable_room(room.room_id, at(9, day=1), None, "water")


@pytest.mark.parametrize(
    "prepare",
    [
        booked,
        booked_for_days,
        booked_for_days_and_clipped,
        booked_to_the_horizon,
        requested,
        in_any_order,
        disabled_forever,
        disabled_forever_since_long_ago,
        disabled_until_tomorrow,
        disabled_tomorrow,
    ],
)
async def test_polls_without_changes_write_no_states(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, prepare: Callable[[Tenant, Room], None]
) -> None:
    clock.set_wall(at(10, 1))
    prepare(tenant, orion)
    await set_up(orion)
    tenant.requests.clear()
    writes.clear()

    await clock.forward(minutes=10)

    assert (len(tenant.calls(FREE_BUSY)), len(tenant.calls(STATUSES)), len(tenant.requests)) == (9, 1, 10)
    assert writes == []


async def test_changed_meeting_writes_only_its_room(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    booking = tenant.book(orion.room_id, at(9), at(11))
    tenant.book(vega.room_id, at(9), at(11))
    await set_up(orion, vega)
    writes.clear()

    tenant.move(booking.booking_id, at(9), at(10, 45))
    await clock.to(at(10, 5))

    assert writes.rooms == {orion.room_id}
    assert len(writes) == len({write.entity_id for write in writes})
    assert shown(hass, orion).attributes["busy_until"].startswith("2026-11-23T02:45")  # in Home Assistant's zone


async def test_new_meeting_days_ahead_writes_only_the_calendar(
    tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(15), at(16))
    await set_up(orion)
    writes.clear()

    tenant.book(orion.room_id, at(9, day=4), at(11, day=4))
    await clock.to(at(10, 5))

    assert {write.entity_id.partition(".")[0] for write in writes} == {"calendar"}  # it shows all future bookings


async def test_changes_that_are_not_shown_write_no_busy_state(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    booking = tenant.book(orion.room_id, at(9, day=3), at(11, day=3))
    await set_up(orion)
    writes.clear()

    tenant.move(booking.booking_id, at(9, day=3), at(12, day=3))  # the next one: only its start is shown
    await clock.to(at(10, 5))
    tenant.disable_room(orion.room_id, at(9, day=30), at(11, day=30))  # beyond the horizon
    await clock.to(at(16, 5))

    assert [write for write in writes if write.entity_id == busy_id(hass, orion)] == []
