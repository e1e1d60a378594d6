"""The ledger of what was booked and used: it survives restarts, crashes and damaged files, and is written seldom."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.model.utilization import Numbers, Share, Tally, hour_of
from custom_components.feishu_freebusy.sync import utilization
from custom_components.feishu_freebusy.sync.utilization import Period, kept_months, tally_of, text_of
from simulator import Fault, Room, Tenant
from tests.clock import Clock, SetUp
from tests.conftest import at
from tests.restarts import Stop, Turn, key
from tests.sync.test_quota import disk as disk  # noqa: PLC0414  # a fixture

pytest_plugins = ["tests.clock", "tests.restarts"]
pytestmark = pytest.mark.usefixtures("in_utc", "each_minute")  # numbers are shown with the first look of an hour

HOUR, MINUTE = 3_600, 60
NIGHTS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}

type Ask = Callable[..., Awaitable[Numbers]]


@pytest.fixture
def numbers(clock: Clock) -> Ask:
    """Return a function that returns the numbers of a room from one hour to before another one."""

    async def numbers(entry: MockConfigEntry, room: Room, start: datetime, end: datetime) -> Numbers:
        last = hour_of(end - timedelta(seconds=1), UTC)
        work = entry.runtime_data.utilization.async_read([room.room_id], hour_of(start, UTC), last)
        return Numbers.sum((await clock.run(work))[room.room_id].values())

    return numbers


def file_of(hass_storage: dict[str, Any], entry: MockConfigEntry, name: str = "recent") -> Any:
    """Return the content of a file of the ledger."""
    return hass_storage[key(entry, f"utilization_{name}")]["data"]["content"]


# What counts


async def test_bookings_are_counted_until_they_end(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    tenant.book(orion.room_id, at(11), at(11, 20))
    entry = await set_up(orion, vega, scan_interval=600)
    await clock.to(at(12, 15))

    assert await numbers(entry, orion, at(10), at(12)) == Numbers(2 * HOUR, 2 * HOUR, 50 * MINUTE)
    assert await numbers(entry, vega, at(10), at(12)) == Numbers(2 * HOUR, 2 * HOUR, 0)
    assert await numbers(entry, orion, at(10), at(11)) == Numbers(HOUR, HOUR, 30 * MINUTE)
    assert await numbers(entry, orion, at(8), at(10)) == Numbers()


async def test_a_booking_that_is_ended_counts_until_the_reading_without_it(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    booking = tenant.book(orion.room_id, at(10), at(12))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 35))
    tenant.cancel(booking.booking_id)  # the whole row vanishes
    await clock.to(at(13, 15))

    assert await numbers(entry, orion, at(10), at(13)) == Numbers(3 * HOUR, 3 * HOUR, 40 * MINUTE)


async def test_a_booking_found_after_its_start_counts_from_its_start(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 55))
    tenant.book(orion.room_id, at(10, 54), at(11, 30))
    await clock.to(at(12, 15))

    assert await numbers(entry, orion, at(10), at(12)) == Numbers(2 * HOUR, 2 * HOUR, 36 * MINUTE)


async def test_declined_and_pending_rows_do_not_count(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10), at(11), rsvp="decline")
    tenant.book(orion.room_id, at(10), at(11), rsvp="needs_action")
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(11, 15))

    assert await numbers(entry, orion, at(10), at(11)) == Numbers(HOUR, HOUR, 0)


async def test_a_room_out_of_service_has_no_office_hours(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    tenant.disable_room(orion.room_id, at(10, 30), at(11, 30), "Paint")
    tenant.book(orion.room_id, at(11, 30), at(12))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(12, 15))

    assert await numbers(entry, orion, at(10), at(12)) == Numbers(HOUR, HOUR, 30 * MINUTE)


async def test_a_room_that_is_closed_meanwhile_counts_until_then(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 25))
    tenant.disable_room(orion.room_id, at(10, 25), None, "Paint")
    await clock.to(at(12, 15))

    found = await numbers(entry, orion, at(10), at(12))
    assert 25 * MINUTE <= found.office == found.known <= 40 * MINUTE


async def test_a_clock_that_was_years_behind_costs_no_time(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(10) - timedelta(days=20_000))  # a machine without a battery starts in the past
    entry = await set_up(orion)
    utilization = entry.runtime_data.utilization
    await clock.forward(minutes=10)
    clock.set_wall(at(10))
    utilization.count_all()

    assert len({day for day, _ in utilization._recent[orion.room_id]}) <= 64
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))


async def test_only_office_hours_count(tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room) -> None:
    tenant.book(orion.room_id, at(19, 30), at(21))
    clock.set_wall(at(18))
    entry = await set_up(orion, scan_interval=600, off_hours=NIGHTS)
    await clock.to(at(8, 15, day=1))

    assert await numbers(entry, orion, at(18), at(8, day=1)) == Numbers(3 * HOUR, 3 * HOUR, 30 * MINUTE)


async def test_changed_office_hours_count_from_then_on(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 30))
    off = {**NIGHTS, "start": "10:00:00", "end": "12:00:00"}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "off_hours": off})
    await clock.to(at(13, 15))

    assert await numbers(entry, orion, at(10), at(13)) == Numbers(90 * MINUTE, 90 * MINUTE, 0)


async def test_time_without_knowledge_is_unknown(
    tenant: Tenant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10), at(13))
    entry = await set_up(orion, scan_interval=600)
    tenant.inject(Fault.status(503), times=None)
    await clock.to(at(12, 15))
    assert entry.runtime_data.utilization.share(orion.room_id, Share.BOOKED, Period.DAY) is None
    tenant.clear_faults()
    await clock.to(at(13, 15))

    before = await numbers(entry, orion, at(10), at(12))
    assert before == Numbers(2 * HOUR, before.known, before.known)
    assert 20 * MINUTE <= before.known <= 30 * MINUTE  # the grace
    last = await numbers(entry, orion, at(12), at(13))
    assert last == Numbers(HOUR, last.known, last.known)
    assert last.known >= 40 * MINUTE


async def test_a_room_that_is_dropped_is_counted_no_more(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega, scan_interval=600)
    await clock.to(at(11, 15))
    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {orion.room_id: "Orion"}})
    await clock.to(at(13, 15))

    assert (await numbers(entry, vega, at(10), at(13))).office == 75 * MINUTE
    assert entry.runtime_data.utilization.share(vega.room_id, Share.BOOKED, Period.DAY) is None


async def test_use_counts_once_however_often_it_is_noted(
    clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(11, 15))
    ledger = entry.runtime_data.utilization
    for start, end, use in (
        (at(9), at(10, 10), "free"),  # from before the start
        (at(10, 10), at(10, 20), "in_use"),
        (at(10, 10), at(10, 30), "in_use"),  # it lasts
        (at(10, 30), at(10, 40), None),
        (at(10, 40), at(10, 45), "no_show"),
        (at(10, 45), at(10, 50), "ad_hoc"),
        (at(10, 20), at(10, 30), "ad_hoc"),
    ):
        ledger.note_use(orion.room_id, start, end, use)

    found = await numbers(entry, orion, at(10), at(11))
    assert found == Numbers(HOUR, HOUR, 0, 40 * MINUTE, 25 * MINUTE, 5 * MINUTE, 5 * MINUTE)


async def test_the_use_that_sensors_see_is_counted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, restart: Turn, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10), at(11))
    tenant.book(orion.room_id, at(12), at(12, 30))
    hass.states.async_set("binary_sensor.motion", "off")
    occupancy = {orion.room_id: ["binary_sensor.motion"]}
    entry = await set_up(orion, scan_interval=600, occupancy=occupancy, no_show_minutes=10)
    for minute, state in ((6, "on"), (30, "unavailable"), (40, "on"), (60, "off")):
        await clock.to(at(10) + timedelta(minutes=minute))
        hass.states.async_set("binary_sensor.motion", state)
    await clock.to(at(11, 15))
    hass.states.async_set("binary_sensor.motion", "on")
    await clock.to(at(11, 25))
    hass.states.async_set("binary_sensor.motion", "off")
    assert await restart(entry)
    await clock.to(at(13, 15))

    found = await numbers(entry, orion, at(10), at(13))
    assert found[:3] == (3 * HOUR, 3 * HOUR, 90 * MINUTE)
    assert 165 * MINUTE <= found.watched <= 170 * MINUTE
    assert found.no_show == 20 * MINUTE
    assert found.used == pytest.approx(54 * MINUTE, abs=5 * MINUTE)
    assert found.ad_hoc == pytest.approx(10 * MINUTE, abs=3 * MINUTE)


async def test_use_while_the_machine_slept_is_unknown(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    hass.states.async_set("binary_sensor.motion", "off")
    entry = await set_up(orion, scan_interval=600, occupancy={orion.room_id: ["binary_sensor.motion"]})
    await clock.to(at(10, 20))
    clock.set_wall(at(10, 40))
    await clock.to(at(11, 15))

    found = await numbers(entry, orion, at(10), at(11))
    assert (found.office, found.watched) == (HOUR, 40 * MINUTE)


async def test_use_until_the_office_hours_change_counts_by_the_old_ones(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    hass.states.async_set("binary_sensor.motion", "on")
    entry = await set_up(orion, scan_interval=600, occupancy={orion.room_id: ["binary_sensor.motion"]})
    await clock.to(at(10, 30))
    off = {**NIGHTS, "start": "10:00:00", "end": "12:00:00"}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "off_hours": off})
    await clock.to(at(13, 15))

    found = await numbers(entry, orion, at(10), at(13))
    assert (found.office, found.used) == (90 * MINUTE, 90 * MINUTE)


async def test_a_clock_that_is_set_back_counts_no_time_twice(
    clock: Clock, set_up: SetUp, numbers: Ask, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(11, 30))
    clock.set_wall(at(9, 30))
    await clock.forward(minutes=40)

    found = await numbers(entry, orion, at(9), at(12))
    assert found.known <= found.office <= 3 * HOUR
    assert found.booked == 0


# Restarts


@pytest.mark.parametrize(
    ("stopped", "started"), [(at(10, 37), at(10, 37)), (at(10, 35), at(11, 25))], ids=["restart", "50 minutes"]
)
async def test_a_restart_or_less_than_an_hour_off_loses_nothing(
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    numbers: Ask,
    orion: Room,
    stopped: datetime,
    started: datetime,
) -> None:
    tenant.book(orion.room_id, at(10, 20), at(11, 40))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(stopped)
    await stop(entry)
    await clock.to(started)
    assert await start(entry)
    await clock.to(at(12, 15))

    assert await numbers(entry, orion, at(10), at(12)) == Numbers(2 * HOUR, 2 * HOUR, 80 * MINUTE)


async def test_a_longer_time_off_is_unknown(
    tenant: Tenant, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 20), at(16))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 35))
    await stop(entry)
    await clock.to(at(15))
    assert await start(entry)
    await clock.to(at(16, 15))

    assert await numbers(entry, orion, at(10), at(16)) == Numbers(6 * HOUR, 90 * MINUTE, 70 * MINUTE)
    assert entry.runtime_data.utilization.share(orion.room_id, Share.BOOKED, Period.DAY) is None


async def test_a_crash_loses_no_hours(
    tenant: Tenant, clock: Clock, set_up: SetUp, crash: Stop, start: Turn, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 20), at(11, 40))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(11, 57))
    await crash(entry)
    assert await start(entry)
    await clock.to(at(12, 15))

    assert await numbers(entry, orion, at(10), at(12)) == Numbers(2 * HOUR, 2 * HOUR, 80 * MINUTE)


async def test_a_stopped_home_assistant_has_written_the_numbers(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 41))
    await clock.run(hass.async_stop())

    ((since, days),) = file_of(hass_storage, entry).values()
    assert (since, days) == (int(at(10, 40).timestamp()), {"2026-11-23": "10:0/2400/2400"})


# The files


async def test_a_day_that_is_over_moves_to_the_file_of_its_month(
    hass_storage: dict[str, Any],
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    restart: Turn,
    numbers: Ask,
    orion: Room,
) -> None:
    tenant.book(orion.room_id, at(22), at(2, day=1))
    clock.set_wall(at(21, day=0))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(3, 15, day=1))

    assert file_of(hass_storage, entry, f"{(2026 * 12 + 11) % 14}") == {
        "month": "2026-11",
        "rooms": {orion.room_id: {"23": "21: 22:3600 23:3600"}},
    }
    assert list(file_of(hass_storage, entry)[orion.room_id][1]) == ["2026-11-24"]
    assert await restart(entry)
    assert await numbers(entry, orion, at(21), at(3, day=1)) == Numbers(6 * HOUR, 6 * HOUR, 4 * HOUR)
    share = partial(entry.runtime_data.utilization.share, share=Share.BOOKED)
    assert share(orion.room_id, period=Period.DAY) == share(None, period=Period.DAY) == round(100 * 2 / 3.25, 1)
    assert share(orion.room_id, period=Period.MONTH) == share(None, period=Period.MONTH) == round(100 * 4 / 6.25, 1)


async def test_a_month_that_is_over_is_kept_and_the_next_one_begins(
    clock: Clock, set_up: SetUp, tenant: Tenant, restart: Turn, numbers: Ask, orion: Room
) -> None:
    tenant.book(orion.room_id, at(22, day=7), at(1, day=8))
    clock.set_wall(at(22, day=7))  # 30 November
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(3, 15, day=8))
    assert await restart(entry)

    assert await numbers(entry, orion, at(22, day=7), at(3, day=8)) == Numbers(5 * HOUR, 5 * HOUR, 3 * HOUR)
    assert entry.runtime_data.utilization.share(orion.room_id, Share.BOOKED, Period.MONTH) == round(100 * 1 / 3.25, 1)


async def test_a_new_month_begins_without_the_numbers_of_the_last_one(
    clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room
) -> None:
    tenant.book(orion.room_id, at(20, day=6), at(22, day=6))
    clock.set_wall(at(20, day=6))  # 29 November
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(23, 15, day=7))
    share = partial(entry.runtime_data.utilization.share, share=Share.BOOKED)
    assert share(orion.room_id, period=Period.MONTH) == pytest.approx(100 * 2 / 27, abs=0.1)

    await clock.to(at(0, 15, day=8))
    assert share(orion.room_id, period=Period.MONTH) is None
    await clock.to(at(1, 15, day=8))
    assert share(orion.room_id, period=Period.MONTH) == 0.0


async def test_a_canceled_save_is_repeated(
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.set_wall(at(22))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(1, 50, day=1))
    ledger = entry.runtime_data.utilization

    async def cancel(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patches:
        patches.setattr(ledger, "_async_write", cancel)
        await clock.to(at(2, 15, day=1))  # the file of the month is due
    assert not [name for name in hass_storage if name.endswith(f"utilization_{(2026 * 12 + 11) % 14}")]
    await stop(entry)

    assert file_of(hass_storage, entry, f"{(2026 * 12 + 11) % 14}")["rooms"] == {orion.room_id: {"23": "22: 23:"}}


async def test_a_day_that_a_full_disk_refuses_is_written_later(
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    numbers: Ask,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.set_wall(at(22, day=7))  # 30 November
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(1, 50, day=8))

    async def full(*_: object) -> None:
        raise WriteError("the disk is full")

    with monkeypatch.context() as patches:
        patches.setattr(Store, "_async_write_data", full)
        await clock.to(at(2, 15, day=8))  # the file of the month is due
        assert await numbers(entry, orion, at(22, day=7), at(0, day=8)) == Numbers(2 * HOUR, 2 * HOUR)
    await stop(entry)
    assert await start(entry)

    assert await numbers(entry, orion, at(22, day=7), at(0, day=8)) == Numbers(2 * HOUR, 2 * HOUR)


async def test_a_crash_between_the_files_counts_no_day_twice(
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    numbers: Ask,
    orion: Room,
) -> None:
    clock.set_wall(at(22))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(23, 50))
    recent = json.loads(json.dumps(hass_storage[key(entry, "utilization_recent")]))
    await clock.to(at(2, 30, day=1))
    await stop(entry)
    assert f"{(2026 * 12 + 11) % 14}" in "".join(hass_storage)
    hass_storage[key(entry, "utilization_recent")] = recent  # as it was before the day moved
    assert await start(entry)

    assert await numbers(entry, orion, at(22), at(0, day=1)) == Numbers(2 * HOUR, 2 * HOUR)


async def test_quiet_hours_are_not_written(
    clock: Clock, set_up: SetUp, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    save = Store.async_save

    async def note(store: Store[Any], data: Any) -> None:
        if "utilization" in store.key:
            written.append(clock.now)
        await save(store, data)

    monkeypatch.setattr(Store, "async_save", note)
    clock.set_wall(at(18))
    await set_up(orion, scan_interval=600, off_hours=NIGHTS)
    await clock.to(at(6, 50, day=1))
    assert [each.hour for each in written] == [19, 20, 21]
    await clock.to(at(10, 15, day=1))
    assert [each.hour for each in written[3:]] == [8, 8, 9, 10]  # first, the last day moves to its month


DAMAGED: list[Any] = [
    None,
    [],
    "text",
    {"owner": "other", "content": {}},
    {"content": {"omm_1": 7}},
    {"content": {"omm_1": [1e30, {}]}},
    {"content": {"omm_1": ["now", {"2026-11-23": "9:"}]}},
    {"content": {"omm_1": [0, 7]}},
    {"content": {"omm_1": [0, {"2026-11-23": 9}]}},
    {"content": {"omm_1": [0, {"2026-11-23": "9:x", "2026-11-99": "9:", "": "9:"}]}},
    {"content": {"month": "2026-11", "rooms": 7}},
    {"content": {"month": "2026-11", "rooms": {"omm_1": 7, "omm_2": {"23": 7, "x": "9:"}}}},
]


@pytest.mark.family
@pytest.mark.parametrize("data", DAMAGED, ids=str)
async def test_a_damaged_file_counts_as_empty(
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    numbers: Ask,
    orion: Room,
    data: Any,
) -> None:
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(10, 45))
    await stop(entry)
    if isinstance(data, dict):
        owner = (
            hass_storage[key(entry, "utilization_recent")]["data"]["owner"] if "owner" not in data else data["owner"]
        )
        data = json.loads(json.dumps(data).replace("omm_1", orion.room_id)) | {"owner": owner}
    for name in ("recent", f"{(2026 * 12 + 11) % 14}"):
        hass_storage[key(entry, f"utilization_{name}")] = {"version": 1, "data": data}
    assert await start(entry)
    await clock.to(at(12, 15))

    found = await numbers(entry, orion, at(11), at(12))
    assert found.known == HOUR
    before = await numbers(entry, orion, at(0), at(10))
    assert (before.known, before.booked) in ((0, 0), (HOUR, 0))  # one has a day that can be read


async def test_files_are_removed_with_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(22))
    entry = await set_up(orion, scan_interval=600)
    await clock.to(at(2, 15, day=1))
    assert len([name for name in hass_storage if "utilization" in name]) == 2
    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert [name for name in hass_storage if "utilization" in name] == []


def test_fourteen_months_have_a_file_of_their_own() -> None:
    months = kept_months(date(2027, 2, 28))

    assert (months[0], months[1], months[2], months[-1]) == (
        date(2027, 2, 1),
        date(2027, 1, 1),
        date(2026, 12, 1),
        date(2026, 1, 1),
    )
    assert len({utilization._slot(month) for month in months}) == len(months) == 14


seconds = st.integers(0, 7_200)


@st.composite
def hour_numbers(draw: st.DrawFn) -> Numbers:
    office = draw(st.one_of(st.just(3_600), seconds))
    known = draw(st.one_of(st.just(office), st.integers(0, office)))
    use = draw(st.tuples(*[seconds] * 4))
    return Numbers(office, known, draw(st.integers(0, known)), *use)


@given(st.dictionaries(st.tuples(st.dates(date(2026, 11, 1), date(2026, 11, 30)), st.integers(0, 23)), hour_numbers()))
def test_a_tally_survives_as_text(tally: Tally) -> None:
    texts = {f"{day:%d}": text_of(tally, day) for day, _ in tally}

    assert tally_of(texts, date(2026, 11, 1)) == tally


@pytest.mark.parametrize(
    "text",
    ["9", "x:", "24:", "9:-1", "9:2/1", "9:3600/7200/3600", "9:1/1/20000", "9:0/0/0/0/0/0/0/0", "9:1/x"],
)
def test_an_impossible_day_is_not_read(text: str) -> None:
    expected = {(date(2026, 11, 2), 9): Numbers(3_600, 3_600)} | (
        {(date(2026, 11, 1), 9): Numbers(3_600, 3_600)} if text == "9" else {}
    )
    assert tally_of({"01": text, "02": "9:", "31": "9:"}, date(2026, 11, 1)) == expected


async def test_sixty_rooms_write_little_a_day(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(60)]
    for number, room in enumerate(rooms):
        for hour in range(8, 18, 2):
            tenant.book(room.room_id, at(hour, 5 * (number % 12), day=1), at(hour + 1, 15, day=1))
    clock.set_wall(at(0, day=1))
    sizes: list[int] = []
    save = Store.async_save

    async def note(store: Store[Any], data: Any) -> None:
        await save(store, data)
        if "utilization" in store.key:
            sizes.append((disk / store.key).stat().st_size)

    await set_up(*rooms, scan_interval=3_600, off_hours=NIGHTS)
    monkeypatch.setattr(Store, "async_save", note)
    await clock.to(at(0, 30, day=2))

    assert 0 < sum(sizes) < 150_000
