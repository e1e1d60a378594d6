"""The files of an entry: when they are written, who owns them, and how damaged files are handled."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
import pytest

from custom_components.feishu_freebusy.const import CONF_BASE_URL
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RsvpStatus
from custom_components.feishu_freebusy.model.subject import Reading
from custom_components.feishu_freebusy.sync.store import is_news
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, ROOMS, Clock, SetUp, state_of
from tests.conftest import at
from tests.restarts import CATALOGUE, CHANGES, READINGS, TIMES, Stop, Turn, key, stored
from tests.sync.test_quota import disk as disk  # noqa: PLC0414  # a fixture

pytest_plugins = ["tests.clock", "tests.restarts"]
pytestmark = pytest.mark.usefixtures("in_utc")


@pytest.fixture
def written(hass_storage: dict[str, Any]) -> Iterator[list[str]]:
    """Return a list that records the last part of the key of each store that is written."""
    names: list[str] = []
    write = Store._async_write_data

    async def note(self: Store[Any], data: Any) -> None:
        names.append(self.key.rpartition(".")[2])
        await write(self, data)

    with pytest.MonkeyPatch.context() as until_then:  # undone before Home Assistant's storage fixture ends
        until_then.setattr(Store, "_async_write_data", note)
        yield names


# When files are written


async def test_only_changed_bookings_are_written_at_once_and_times_every_five_minutes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, written: list[str], orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=30)
    assert (written.count(CATALOGUE), written.count(CHANGES)) == (1, 0)
    await clock.to(at(10, 0, 6))
    assert written.count(CHANGES) == 1
    await clock.to(at(10, 59))
    assert (written.count(CATALOGUE), written.count(READINGS), written.count(CHANGES)) == (1, 0, 1)
    assert written.count(TIMES) == 11

    tenant.book(orion.room_id, at(12), at(13))
    await clock.to(at(10, 59, 36))
    assert written.count(CHANGES) == 2

    await clock.to(at(16, 1))
    assert written.count(CATALOGUE) == 2


async def test_bookings_that_leave_or_enter_the_window_are_not_written(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, written: list[str], orion: Room
) -> None:
    for day in (-1, 3):
        tenant.book(orion.room_id, at(12, day=day), at(13, day=day))
    await set_up(orion, scan_interval=600, horizon_days=3)
    await clock.to(at(10, 1))
    written.clear()

    await clock.to(at(14))

    assert (written.count(READINGS), written.count(CHANGES)) == (0, 0)


async def test_unchanged_bookings_are_written_once_a_day(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, written: list[str], orion: Room
) -> None:
    await set_up(orion, scan_interval=600)
    await clock.to(at(10, 1))
    written.clear()

    await clock.to(at(10, 1, day=1))

    assert (written.count(READINGS), written.count(CHANGES)) == (0, 1)


NOON = BusyPeriod(at(12), at(13))
READ = Reading((NOON,), at(10, day=-1), at(10, day=1), at(10), at(11))


def later(*periods: BusyPeriod, **changes: Any) -> Reading:  # of any field
    """Return what is read an hour after `READ`."""
    moved = replace(READ, periods=periods, window_start=at(11, day=-1), horizon=at(11, day=1), read_at=at(11))
    return replace(moved, **changes)


@pytest.mark.parametrize(
    ("before", "reading", "expected"),
    [
        pytest.param(None, READ, True, id="the first"),
        pytest.param(READ, later(NOON), False, id="the same"),
        pytest.param(READ, later(), True, id="canceled"),
        pytest.param(READ, later(NOON, NOON), True, id="booked twice"),
        pytest.param(READ, later(replace(NOON, end=at(14))), True, id="extended"),
        pytest.param(READ, later(replace(NOON, rsvp_status=RsvpStatus.ACCEPT)), True, id="accepted"),
        pytest.param(
            replace(READ, periods=(BusyPeriod(at(8, day=-1), at(11, day=-1)), NOON)),
            later(NOON),
            False,
            id="left the window",
        ),
        pytest.param(READ, later(NOON, BusyPeriod(at(10, day=1), at(12, day=1))), False, id="entered the window"),
        pytest.param(
            READ, later(NOON, BusyPeriod(at(9, day=1), at(12, day=1))), True, id="booked across the old horizon"
        ),
        pytest.param(READ, later(NOON, horizon=at(11, day=2)), True, id="longer window"),
        pytest.param(READ, later(NOON, include_external_calendar=False), True, id="other calendars"),
        pytest.param(READ, later(NOON, window_start=at(10), horizon=at(10, day=2)), True, id="the next day"),
    ],
)
def test_reading_is_news(before: Reading | None, reading: Reading, *, expected: bool) -> None:
    assert is_news(before, reading) is expected


async def test_many_changes_are_written_with_all_readings(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, written: list[str]
) -> None:
    await set_up(*[tenant.add_room(f"Room {number}") for number in range(51)])

    await clock.to(at(10, 0, 6))

    assert (written.count(READINGS), written.count(CHANGES)) == (1, 0)


async def test_a_booking_read_seconds_before_a_crash_in_an_outage_is_known(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    crash: Stop,
    start: Turn,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega)
    await clock.to(at(10, 6, 30))
    tenant.book(orion.room_id, at(10, 6), at(12))
    await clock.to(at(10, 7, 20))
    await simulator.stop()
    await crash(entry)

    assert await start(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("on", "off")


async def test_a_reading_that_was_not_confirmed_before_a_crash_stays_as_old_as_it_was(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    crash: Stop,
    start: Turn,
    restart: Turn,
    orion: Room,
    vega: Room,
) -> None:
    """One room fails until it is forgotten, and over a restart. The times of the other say nothing of it."""
    entry = await set_up(orion, vega)
    await clock.to(at(10, 1, 30))
    refused = Fault.error(400, 190014)
    tenant.inject(refused, FREE_BUSY, times=None, when=lambda call: vega.room_id in str(call.body))
    await clock.to(at(10, 12))
    assert await restart(entry)
    await clock.to(at(10, 18, 30))
    await simulator.stop()
    await crash(entry)

    assert await start(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "unavailable")


async def test_nothing_is_written_during_an_outage(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, written: list[str], orion: Room
) -> None:
    await set_up(orion)
    await simulator.stop()
    await clock.to(at(10, 6))
    written.clear()

    await clock.to(at(20))

    assert {READINGS, CATALOGUE} & set(written) == set()


async def test_latest_readings_are_written_when_home_assistant_stops(
    hass: HomeAssistant, hass_storage: dict[str, Any], tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 3, 10))
    assert key(entry, READINGS) not in hass_storage

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await clock.settle()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await clock.settle()

    (reading,) = stored(hass_storage, entry, READINGS).values()
    assert (reading["read_at"], reading["fresh_until"]) == ("2026-11-23T10:03:00", "2026-11-23T10:13:00")
    (room,) = stored(hass_storage, entry, CATALOGUE)["rooms"]
    assert (room["room_id"], room["name"], room["capacity"]) == (orion.room_id, "Orion", 8)


async def test_crash_shortens_the_grace_period_by_minutes(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    crash: Stop,
    start: Turn,
    orion: Room,
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 8))
    await simulator.stop()
    await crash(entry)
    await clock.to(at(10, 9))

    assert await start(entry)
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 13, 59))
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 14))  # it was written at 10:05, just before that minute's poll
    assert state_of(hass, orion) == "unavailable"


async def test_setup_fails_after_a_crash_before_the_first_write(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, crash: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 0, 3))
    await simulator.stop()
    await crash(entry)

    assert not await start(entry)


async def test_disabled_room_survives_a_crash(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    crash: Stop,
    start: Turn,
    orion: Room,
) -> None:
    entry = await set_up(orion, scan_interval=3_600)
    tenant.disable_room(orion.room_id, at(9), None, "water")
    await clock.to(at(16, 0, 1))
    assert state_of(hass, orion) == "on"
    tenant.inject(Fault.status(503), ROOMS, times=None)
    await crash(entry)

    assert await start(entry)
    assert state_of(hass, orion) == "on"


async def test_failed_setup_keeps_the_stored_files(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    restart: Turn,
    orion: Room,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await clock.to(at(10, 20))
    assert not await restart(entry)
    before = deepcopy(hass_storage)

    await clock.forward(hours=3)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    for name in (READINGS, CATALOGUE):
        assert hass_storage[key(entry, name)] == before[key(entry, name)]


# Owner of a file


async def test_readings_of_another_server_are_not_used(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    data = {**entry.data, CONF_BASE_URL: "http://127.0.0.1:9"}  # changed while the entry runs, as in a reconfiguration
    hass.config_entries.async_update_entry(entry, data=data)
    await clock.settle()
    await stop(entry)

    assert not await start(entry)


@pytest.mark.parametrize("name", ["entry_id", "app_id", "base_url", None])
@pytest.mark.parametrize("file", [READINGS, CATALOGUE])
async def test_file_of_another_owner_is_ignored(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    file: str,
    name: str | None,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    data = hass_storage[key(entry, file)]["data"]
    data["owner"] = {**data["owner"], name: "another"} if name else None

    assert not await start(entry)


# Damaged files


def damaged(data: Any, *path: Any, value: object) -> bytes:
    """Return the bytes of a JSON file in which one value is replaced."""
    data = deepcopy(data)
    inner = data
    for step in path[:-1]:
        inner = inner[step if step != "first" else next(iter(inner))]
    inner[path[-1] if path[-1] != "first" else next(iter(inner))] = value
    return json.dumps(data).encode()


CONTENT = ("data", "content")
BYTES = {
    "empty": b"",
    "brace": b"{",
    "half": b'{"version": 1, "data": {"own',
    "binary": b"\xff\xfe\x00",
    "zeros": b"\x00" * 300,
    "deep": b"[" * 5_000,
}


def each(path: tuple[Any, ...], *values: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Return a place in a file, paired with each of the values to put there."""
    return [(path, value) for value in values]


EVERYWHERE = [
    *each((), None, [], {}, "text", 7, {"version": 1}, {"version": 1, "data": None}),
    *each(("version",), 2, 0, "1", None),
    *each(("data",), None, [], {}, "text"),
    *each(CONTENT, None, [], {}, "text", 7),
]
READING = (*CONTENT, "first")
IN_READINGS = [
    *each(READING, None, [], {}, "text"),
    *each((*READING, "read_at"), None, 7, "yesterday", "2026-11-23", "2026-11-23T10:00:01", "9999-12-31T23:59:59"),
    *each((*READING, "read_at"), "2026-11-23T10:00:00+00:00", "0001-01-01T00:00:00", "2026-11-22T10:00:00"),
    *each((*READING, "fresh_until"), None, True, "2026-11-23T09:59:59", "soon"),
    *each((*READING, "window_start"), None, "2026-11-23T10:00:01", "0001-01-01T00:00:00"),
    *each((*READING, "horizon"), None, "2026-11-23T09:00:00", "9999-12-31T23:59:59"),
    *each((*READING, "include_external_calendar"), None, 1, False, "true"),
    *each((*READING, "periods"), None, [], {}, ", ", "x", "2026-11-23T10:00:00", "2026-11-23/2026-11-24"),
    *each((*READING, "periods"), "2026-11-23T11:00:00/2026-11-23T10:00:00"),
    *each(
        (*READING, "periods"), *(f"2026-11-23T10:00:00/2026-11-23T11:00:00{rest}" for rest in (" ", ", ", " perhaps"))
    ),
]
IN_CATALOGUE = [
    *each((*CONTENT, "rooms"), None, {}, "text", [None], [{}]),
    *each((*CONTENT, "rooms", 0, "room_id"), None, 7),
    *each((*CONTENT, "rooms", 0, "capacity"), None, True, "8", 1.5),
    *each((*CONTENT, "rooms", 0, "path"), None, "text", [None]),
    *each((*CONTENT, "rooms", 0, "status"), True, {}, {"enabled": True}),
    *each((*CONTENT, "levels"), None, {}, [None], [{"room_level_id": "omb_1"}]),
    *each((*CONTENT, "missing"), None, [], {"omm_unknown": 1}, {"omm_unknown": "1"}),
    *each((*CONTENT, "told_at"), None, [], {"omm_unknown": 7}, {"omm_unknown": "soon"}),
    *each((*CONTENT, "gone"), None, {}, [7]),
    *each((*CONTENT, "scopes"), {}, "text", [None]),
    *each((*CONTENT, "read_at"), None, 7, "2026", "2026-11-23T10:00:00Z"),
]


@pytest.mark.family
@pytest.mark.parametrize(
    ("file", "path", "value"),
    [
        *((file, path, value) for file in (READINGS, CATALOGUE) for path, value in EVERYWHERE),
        *((READINGS, path, value) for path, value in IN_READINGS),
        *((CATALOGUE, path, value) for path, value in IN_CATALOGUE),
        *(
            pytest.param(file, None, content, id=f"{file}-{name}")
            for file in (READINGS, CATALOGUE)
            for name, content in BYTES.items()
        ),
    ],
)
async def test_damaged_file_is_ignored_and_replaced(
    hass: HomeAssistant,
    disk: Path,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    file: str,
    path: tuple[Any, ...] | None,
    value: Any,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    place = disk / key(entry, file)
    if path is None:
        place.write_bytes(value)
    elif path:
        place.write_bytes(damaged(json.loads(place.read_bytes()), *path, value=value))
    else:
        place.write_text(json.dumps(value))

    assert not await start(entry)

    await simulator.start()
    assert await start(entry)
    assert state_of(hass, orion) == "off"
    await stop(entry)
    await simulator.stop()
    assert await start(entry)
    assert state_of(hass, orion) == "off"


async def test_damaged_reading_does_not_affect_the_others(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    vega: Room,
) -> None:
    entry = await set_up(orion, vega)
    await simulator.stop()
    await stop(entry)
    stored(hass_storage, entry, READINGS)[orion.room_id]["periods"] = "2026-11-23T10:00:00/"

    assert await start(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")


@pytest.mark.parametrize("until", ["2026-11-23T10:10:01", "2026-11-24T10:00:00", "9999-12-31T23:59:59"])
async def test_edited_file_cannot_extend_the_grace_period(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    stop: Stop,
    start: Turn,
    orion: Room,
    until: str,
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    stored(hass_storage, entry, READINGS)[orion.room_id]["fresh_until"] = until

    assert await start(entry)
    await clock.to(at(10, 9, 59))
    assert state_of(hass, orion) == "off"
    await clock.to(at(10, 10))
    assert state_of(hass, orion) == "unavailable"


async def test_huge_file_does_not_prevent_setup(
    hass: HomeAssistant, disk: Path, simulator: Simulator, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await stop(entry)
    place = disk / key(entry, READINGS)
    content = json.loads(place.read_bytes())
    (reading,) = content["data"]["content"].values()
    content["data"]["content"] |= {f"omm_{number}": {**reading, "periods": "x" * 1_000} for number in range(20_000)}
    place.write_text(json.dumps(content))

    assert await start(entry)
    assert state_of(hass, orion) == "off"


async def test_folders_instead_of_files_prevent_neither_setup_nor_unload(
    hass: HomeAssistant, disk: Path, clock: Clock, set_up: SetUp, stop: Stop, start: Turn, orion: Room
) -> None:
    entry = await set_up(orion)
    await stop(entry)
    for name in (READINGS, CATALOGUE):
        (disk / key(entry, name)).unlink()
        (disk / key(entry, name)).mkdir()

    assert await start(entry)
    await clock.forward(minutes=10)
    assert state_of(hass, orion) == "off"
    await stop(entry)


async def test_files_are_readable_only_by_their_owner(
    hass: HomeAssistant, disk: Path, set_up: SetUp, stop: Stop, orion: Room
) -> None:
    entry = await set_up(orion)
    await stop(entry)

    for name in (READINGS, CATALOGUE):
        assert (disk / key(entry, name)).stat().st_mode & 0o077 == 0


# Removal


async def test_files_are_removed_with_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 8))
    files = {key(entry, name) for name in (CHANGES, TIMES, CATALOGUE)}
    assert files <= hass_storage.keys()

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(minutes=30)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await clock.settle()

    assert {*files, key(entry, READINGS)} & hass_storage.keys() == set()


async def test_late_answer_does_not_recreate_the_files(
    hass: HomeAssistant, tenant: Tenant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.inject(Fault.slow(8))
    await clock.to(at(10, 1, 2))

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(minutes=30)

    assert {key(entry, READINGS), key(entry, CATALOGUE)} & hass_storage.keys() == set()
