"""Each call that counts towards the tenant's monthly quota is counted exactly once."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
import json
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.api import async_create_client
from simulator import Fault, Room, Tenant
from tests.clock import BATCH, FREE_BUSY, ROOMS, STATUSES, Clock, SetUp, busy_id, calls_key
from tests.conftest import at
from tests.test_config_flow import LEVELS

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

UNCOUNTED = ("auth/", "application/", "contact/")
RARELY = 3_600
ON_DISK = {name: getattr(Store, name) for name in ("_async_load", "_async_write_data", "async_remove")}


@pytest.fixture
def disk(hass: HomeAssistant, tmp_path: Path) -> Iterator[Path]:
    """Write stores to real files; return their folder."""
    folder = tmp_path / ".storage"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as until_then:  # undone before Home Assistant's storage fixture ends
        for name, function in ON_DISK.items():
            until_then.setattr(Store, name, function)
        until_then.setattr(hass.config, "config_dir", str(tmp_path))
        yield folder


def calls_of(entry: MockConfigEntry) -> dict[str, int]:
    """Return the calls of this month by API."""
    calls: dict[str, int] = entry.runtime_data.calls.by_api
    assert entry.runtime_data.calls.used == sum(calls.values())
    return calls


def paid(tenant: Tenant) -> dict[str, int]:
    """Return the calls that the tenant counted, by API."""
    paths = (call.path.removeprefix("/open-apis/") for call in tenant.requests if call.code == 0)
    return dict(Counter(path for path in paths if not path.startswith(UNCOUNTED)))


# What counts


async def test_calls_are_counted_by_api(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.quota_left = 1_000
    entry = await set_up(orion, vega)
    await clock.to(at(10, 5, 5))

    assert calls_of(entry) == {FREE_BUSY: 12, ROOMS: 2, LEVELS: 2} == paid(tenant)
    assert 1_000 - tenant.quota_left == 16


async def test_batch_calls_are_counted_under_their_own_api(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, source="batch")
    await clock.to(at(10, 5, 5))

    assert calls_of(entry) == {BATCH: 6, ROOMS: 1, LEVELS: 1} == paid(tenant)


async def test_failed_calls_are_not_counted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    before = calls_of(entry)
    tenant.inject(Fault.status(503), FREE_BUSY, times=2)
    await clock.to(at(10, 1, 5))
    assert calls_of(entry) == {**before, FREE_BUSY: 2}

    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None)
    await clock.to(at(10, 5))
    assert calls_of(entry) == {**before, FREE_BUSY: 2}


async def test_calls_of_another_client_of_the_same_app_are_counted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.add_user("Li Na", email="li.na@example.com")
    entry = await set_up(orion, scan_interval=RARELY)
    before = calls_of(entry)
    client = async_create_client(hass, entry.data)

    await clock.run(client.rooms())
    assert await clock.run(client.user_ids(emails=["li.na@example.com"]))
    await clock.run(client.granted_scopes())
    await clock.run(client.bot())

    assert calls_of(entry) == {**before, ROOMS: before[ROOMS] + 1, "bot/v3/info": 1}


# The month


async def test_new_month_starts_at_zero(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(at(23, 50, day=7))
    entry = await set_up(orion, scan_interval=600, calls=500)
    await clock.to(at(23, 59, 50, day=7))
    assert entry.runtime_data.calls.used > 500

    await clock.to(at(0, 5, day=8))
    assert calls_of(entry) == {FREE_BUSY: 1, STATUSES: 1}
    await clock.to(at(0, 25, day=8))
    assert calls_of(entry) == {FREE_BUSY: 3, STATUSES: 3}


async def test_month_starts_in_the_configured_time_zone(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    clock.set_wall(at(15, 50, day=7))
    entry = await set_up(orion, scan_interval=RARELY, calls=500)
    assert entry.runtime_data.calls.used > 500

    await clock.to(at(16, 1, day=7))

    assert entry.runtime_data.calls.used < 50


async def test_stored_count_of_another_month_is_not_used(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    orion: Room,
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    months = hass_storage[calls_key(entry)]["data"]["months"]
    months["2026-10"] = months.pop("2026-11")

    await clock.run(hass.config_entries.async_setup(entry.entry_id))

    assert entry.runtime_data.calls.used < 10


# A clock that is wrong for a while, as on a machine that gets its time from the network after the start

WRONG = [at(10, day=14), at(10, day=-300), at(10, day=30_000)]


@pytest.mark.usefixtures("each_minute")
@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_count_resumes_after_a_wrong_clock_is_corrected(
    clock: Clock, set_up: SetUp, orion: Room, wrong: datetime
) -> None:
    entry = await set_up(orion, calls=1_000)
    before = calls_of(entry)

    clock.set_wall(wrong)
    await clock.forward(minutes=2, seconds=5)
    statuses = {STATUSES: 1} if wrong > at(10) else {}  # after a leap, the status of the room is read, too
    assert calls_of(entry) == {FREE_BUSY: 2, **statuses}
    clock.set_wall(at(10, 2, 5))
    assert calls_of(entry) == before
    await clock.to(at(10, 3, 5))
    polls = calls_of(entry)[FREE_BUSY] - before[FREE_BUSY]
    assert polls in {1, 2}  # a forward jump causes an extra poll, which may coincide with a regular one
    await clock.to(at(10, 5, 5))

    statuses = {} if wrong > at(10) else {STATUSES: 1}
    assert calls_of(entry) == {**before, FREE_BUSY: before[FREE_BUSY] + polls + 2, **statuses}


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_setup_with_a_wrong_clock_keeps_the_real_month(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, wrong: datetime
) -> None:
    entry = await set_up(orion, scan_interval=RARELY, calls=1_000)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    clock.set_wall(wrong)
    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    assert entry.runtime_data.calls.used < 10
    await clock.run(hass.config_entries.async_unload(entry.entry_id))  # stores the wrong month as well
    clock.set_wall(at(10, 5))
    await clock.run(hass.config_entries.async_setup(entry.entry_id))

    assert entry.runtime_data.calls.used > 1_000


async def test_real_month_is_kept_however_often_the_clock_is_wrong(clock: Clock, set_up: SetUp, orion: Room) -> None:
    entry = await set_up(orion, scan_interval=RARELY, calls=1_000)

    for day in range(100, 1_000, 100):
        clock.set_wall(at(10, day=day))
        assert calls_of(entry) == {}
        clock.set_wall(at(10))
        assert entry.runtime_data.calls.used > 1_000


async def test_only_the_latest_three_months_are_kept(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    for days in (10, 40, 70, 100, 130):
        clock.set_wall(at(10, day=days))
        await clock.forward(hours=2)

    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    stored = hass_storage[calls_key(entry)]["data"]["months"]
    assert list(stored) == ["2027-02", "2027-03", "2027-04"]
    assert all(stored.values())


async def test_file_with_too_many_months_is_trimmed(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, entry_of: Any, orion: Room
) -> None:
    entry = entry_of(orion.room_id, scan_interval=RARELY)
    entry.add_to_hass(hass)
    months = {f"{year}-01": {FREE_BUSY: 1} for year in range(3_000, 4_000)}
    data = {"months": {**months, "2026-11": {FREE_BUSY: 1_000}}}
    hass_storage[calls_key(entry)] = {"version": 1, "data": data}

    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    assert entry.runtime_data.calls.used > 1_000
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    assert list(hass_storage[calls_key(entry)]["data"]["months"]) == ["3998-01", "3999-01", "2026-11"]


# Restarts and reloads


async def test_reload_neither_loses_nor_doubles_calls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    for minute in (2, 4, 6):
        await clock.to(at(10, minute))
        assert await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.to(at(10, 10))

    assert calls_of(entry) == paid(tenant)


async def test_restart_continues_from_the_stored_count(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, calls=4_711)

    assert calls_of(entry) == {FREE_BUSY: 4_711 + 1, ROOMS: 2, LEVELS: 2}


async def test_the_count_is_stored_when_home_assistant_stops(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 0, 30))
    assert calls_key(entry) not in hass_storage

    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await clock.settle()

    assert hass_storage[calls_key(entry)]["data"]["months"] == {"2026-11": calls_of(entry)}


@pytest.mark.parametrize("interval", [30, 60, 90])
async def test_frequent_polls_do_not_postpone_storing(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room, interval: int
) -> None:
    entry = await set_up(orion, scan_interval=interval)

    for minute in (2, 4, 6):
        await clock.to(at(10, minute, 40))
        stored = hass_storage[calls_key(entry)]["data"]["months"]["2026-11"][FREE_BUSY]
        assert calls_of(entry)[FREE_BUSY] - stored <= 150 / interval


async def test_calls_of_a_failed_setup_are_kept(
    hass: HomeAssistant, tenant: Tenant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    entry = await set_up(orion)
    assert hass_storage[calls_key(entry)]["data"]["months"] == {"2026-11": {ROOMS: 2, LEVELS: 2}}

    tenant.clear_faults()
    await clock.to(at(10, 2))

    assert calls_of(entry) == paid(tenant)


# Damaged files

COUNTS = {FREE_BUSY: 500}
USELESS: tuple[object, ...] = (
    *(None, [], {}, "text", 7),
    *({"version": 1}, {"version": 1, "data": None}, {"version": 1, "data": []}, {"version": 1, "data": "text"}),
    *({"version": version, "data": {"months": {"2026-11": COUNTS}}} for version in (2, 0, "1", None)),
    *({"version": 1, "data": {"months": months}} for months in (None, [1, 2], "text", 7, ["2026-11"])),
    *({"version": 1, "data": {"months": {"2026-11": calls}}} for calls in (None, [1, 2], "text")),
    *({"version": 1, "data": {"months": {"2026-11": {FREE_BUSY: count}}}} for count in (-1, 0, 1.5, "7", None, True)),
)


@pytest.fixture
async def starts_with(hass: HomeAssistant, disk: Path, entry_of: Any, clock: Clock, orion: Room) -> Any:
    """Return a function that sets up an entry whose file holds the given bytes."""

    async def start(content: bytes | None) -> MockConfigEntry:
        entry: MockConfigEntry = entry_of(orion.room_id, scan_interval=RARELY)
        entry.add_to_hass(hass)
        if content is not None:
            (disk / calls_key(entry)).write_bytes(content)
        assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
        await clock.settle()
        return entry

    return start


@pytest.mark.family
@pytest.mark.parametrize("value", USELESS, ids=json.dumps)
async def test_unusable_file_is_ignored_and_replaced(
    hass: HomeAssistant, disk: Path, clock: Clock, starts_with: Any, value: object
) -> None:
    entry = await starts_with(json.dumps(value).encode())

    assert calls_of(entry) == {FREE_BUSY: 1, ROOMS: 2, LEVELS: 2}
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    written = json.loads((disk / calls_key(entry)).read_text())
    counted = {FREE_BUSY: 1, ROOMS: 2, LEVELS: 2}
    assert written["data"]["months"] == {"2026-11": counted}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"version": 1, "data": {"mon', b"\xff\xfe\x00", b"\x00" * 300],
    ids=["empty", "brace", "half", "binary", "zeros"],
)
async def test_truncated_or_binary_file_is_ignored_and_replaced(
    hass: HomeAssistant, disk: Path, clock: Clock, starts_with: Any, content: bytes
) -> None:
    entry = await starts_with(content)

    assert calls_of(entry) == {FREE_BUSY: 1, ROOMS: 2, LEVELS: 2}
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert json.loads((disk / calls_key(entry)).read_text())["data"]["months"].keys() == {"2026-11"}


async def test_valid_counts_in_a_partly_damaged_file_are_used(starts_with: Any) -> None:
    counts = {FREE_BUSY: 500, BATCH: "many", ROOMS: -3, "an/api/of/old": 7}
    stored = {"version": 1, "data": {"months": {"2026-11": counts}}}

    entry = await starts_with(json.dumps(stored).encode())

    assert calls_of(entry) == {FREE_BUSY: 501, "an/api/of/old": 7, ROOMS: 2, LEVELS: 2}


async def test_folder_instead_of_the_file_does_not_prevent_setup(
    hass: HomeAssistant, disk: Path, entry_of: Any, clock: Clock, orion: Room
) -> None:
    entry: MockConfigEntry = entry_of(orion.room_id, scan_interval=RARELY)
    entry.add_to_hass(hass)
    (disk / calls_key(entry)).mkdir()

    assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
    assert calls_of(entry) == {FREE_BUSY: 1, ROOMS: 2, LEVELS: 2}


async def test_count_on_disk_survives_reloads(
    hass: HomeAssistant, disk: Path, tenant: Tenant, clock: Clock, starts_with: Any
) -> None:
    entry = await starts_with(None)
    for _ in range(3):
        assert await clock.run(hass.config_entries.async_reload(entry.entry_id))
        await clock.forward(minutes=3)

    assert calls_of(entry) == paid(tenant)
    stored = json.loads((disk / calls_key(entry)).read_text())
    assert (stored["key"], stored["version"]) == (calls_key(entry), 1)


# Removal


async def test_file_is_removed_with_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await clock.to(at(10, 5))
    assert calls_key(entry) in hass_storage

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(minutes=5)

    assert calls_key(entry) not in hass_storage


async def test_read_during_removal_does_not_recreate_the_file(
    hass: HomeAssistant, tenant: Tenant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(orion)
    tenant.inject(Fault.slow(8), FREE_BUSY)
    update = hass.async_create_task(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.settle()

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(minutes=5)

    assert update.done()
    assert calls_key(entry) not in hass_storage


async def test_an_entry_that_never_ran_can_be_removed(
    hass: HomeAssistant, tenant: Tenant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, begin=lambda tenant: tenant.rotate_secret("another"))

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert calls_key(entry) not in hass_storage


async def test_calls_after_the_entry_was_removed_write_no_file(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, hass_storage: dict[str, Any], orion: Room
) -> None:
    entry = await set_up(orion)
    calls = entry.runtime_data.calls
    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    assert calls_key(entry) not in hass_storage

    calls.async_save_soon()  # an action was still reading
    await clock.forward(minutes=5)

    assert calls_key(entry) not in hass_storage


async def test_looking_at_the_bot_counts(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)

    await clock.run(entry.runtime_data.client.bot())

    assert entry.runtime_data.calls.by_api["bot/v3/info"] == 1
