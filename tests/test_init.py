"""An entry sets up, retries after failures, and leaves nothing behind when it is unloaded or removed."""

from collections import Counter
from datetime import timedelta
import logging
from pathlib import Path
import weakref

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import (
    FREE_BUSY,
    ROOMS,
    STATUSES,
    TOKEN,
    Clock,
    SetUp,
    Writes,
    busy_id,
    device_of,
    devices_of,
    is_gone,
    shown,
    state_of,
)
from tests.conftest import at
from tests.test_config_flow import (
    FREE_BUSY_SCOPE,
    LEVELS,
    ROOMS_SCOPE,
    SCOPES,
    SECRET,
    Trouble,
    answers_at,
    change,
    end_trouble,
    troubles_at,
)
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]


def runs(entry: MockConfigEntry) -> bool:
    return entry.state is ConfigEntryState.LOADED


def waits(entry: MockConfigEntry) -> bool:
    return entry.state is ConfigEntryState.SETUP_RETRY


# Setup


async def test_setup_reads_each_room_once(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, writes: Writes, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)

    assert runs(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")
    paths = [call.path.removeprefix("/open-apis/") for call in tenant.requests]
    assert sorted(paths) == sorted([TOKEN, ROOMS, ROOMS, LEVELS, LEVELS, SCOPES, FREE_BUSY, FREE_BUSY])
    assert writes.rooms == {orion.room_id, vega.room_id}
    assert len(writes) == len({write.entity_id for write in writes})


@pytest.mark.family
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("invalid_auth", change("app_secret", "another"), says="app secret invalid"),
        Trouble("invalid_auth", change("app_enabled", False), says="app is disabled"),
        Trouble("bot_disabled", change("bot_enabled", False), says="bot_id not found"),
        Trouble("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), says="Access denied"),
        Trouble("subject_unreadable", lambda tenant: tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None)),
        *troubles_at(FREE_BUSY),
        *answers_at(FREE_BUSY),
        *troubles_at(ROOMS),
        *answers_at(ROOMS),
        *answers_at(TOKEN),
    ],
)
async def test_failed_setup_names_the_reason_and_recovers(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room, trouble: Trouble
) -> None:
    entry = await set_up(orion, vega, begin=trouble.begin)

    assert waits(entry)
    words = TEXTS["en"]["exceptions"][trouble.error]["message"].partition("{")[0].strip(" (")
    assert entry.reason is not None
    assert words in entry.reason
    assert trouble.says.replace("127.0.0.1", "***") in entry.reason  # Home Assistant logs the reason
    assert hass.states.async_entity_ids("binary_sensor") == []

    end_trouble(tenant)
    await clock.forward(minutes=2)
    assert runs(entry)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")


async def test_setup_is_retried_until_the_server_is_up(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await simulator.stop()
    entry = await set_up(orion)
    await clock.to(at(10, 10))
    assert waits(entry)

    await simulator.start()
    await clock.to(at(10, 12))

    assert runs(entry)
    assert state_of(hass, orion) == "off"


@pytest.mark.parametrize("name", ["app_secret", "app_enabled"])
async def test_secret_refused_at_setup_starts_one_reauth(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, name: str
) -> None:
    entry = await set_up(orion, begin=change(name, "another" if name == "app_secret" else False))

    def reauths() -> int:
        return len(list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})))

    assert reauths() == 1
    await clock.to(at(10, 10))
    assert reauths() == 1

    end_trouble(tenant)
    await clock.to(at(10, 12))
    assert runs(entry)
    assert reauths() == 0


@pytest.mark.parametrize("key", ["cannot_connect", "scope_missing", "quota_exceeded"])
async def test_other_failures_at_setup_start_no_reauth(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, key: str
) -> None:
    faults = {
        "cannot_connect": Fault.close(),
        "scope_missing": Fault.error(400, 99991672),
        "quota_exceeded": Fault.error(429, 99991403),
    }
    tenant.inject(faults[key], FREE_BUSY, times=None)

    entry = await set_up(orion)
    await clock.to(at(10, 5))

    assert list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})) == []


async def test_rooms_use_their_stored_names_without_the_catalogue_permission(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.revoke(ROOMS_SCOPE)
    tenant.book(orion.room_id, at(9), at(11))

    entry = await set_up(orion)

    assert runs(entry)
    state, device = shown(hass, orion), device_of(hass, orion)
    assert (state.state, state.name, state.attributes["building"]) == ("on", "Orion", None)
    assert device is not None
    assert (device.name, device.model) == ("Orion", None)

    tenant.grant(ROOMS_SCOPE)
    await clock.to(at(10, 31))
    assert shown(hass, orion).attributes["building"] == "Tower A"


async def test_unlisted_room_keeps_its_name(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.inject(Fault.body(200, {"code": 0, "data": {"rooms": [], "has_more": False}}), ROOMS, times=None)

    await set_up(orion, vega)

    assert shown(hass, orion).name == "Orion"


async def test_rooms_removed_while_unloaded_are_gone_after_setup(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    hass.config_entries.async_update_entry(
        entry, options={**entry.options, "rooms": {vega.room_id: "Vega"}}, title="Rooms"
    )

    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()

    assert device_of(hass, orion) is None
    assert state_of(hass, vega) == "off"


# Unloading and removal


async def test_nothing_runs_after_unloading(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 30), at(11))
    entry = await set_up(orion)
    coordinator = weakref.ref(entry.runtime_data)
    catalogue = weakref.ref(entry.runtime_data.catalogue)

    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.settle()
    assert state_of(hass, orion) == "unavailable"
    tenant.requests.clear()
    writes.clear()
    await clock.to(at(17))

    assert (tenant.requests, writes) == ([], [])
    assert is_gone(coordinator, catalogue)  # no timer, listener or task holds them


async def test_nothing_runs_after_a_failed_setup_is_unloaded(
    hass: HomeAssistant, tenant: Tenant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    entry = await set_up(orion)
    assert waits(entry)

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    tenant.requests.clear()
    await clock.to(at(17))

    assert tenant.requests == []


async def test_a_reload_leaves_one_poll_and_one_timer(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, writes: Writes, orion: Room
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(10, 8))
    entry = await set_up(orion)
    for _ in range(3):
        assert await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.settle()
    tenant.requests.clear()
    writes.clear()

    await clock.to(at(10, 10, 30))

    assert (len(tenant.calls(FREE_BUSY)), len(tenant.calls(STATUSES)), len(tenant.requests)) == (10, 1, 11)
    assert [state for _, state in writes.changes_of(shown(hass, orion).entity_id)] == ["on", "off"]
    assert Counter(write.entity_id for write in writes)[shown(hass, orion).entity_id] == 2


async def test_rate_limits_are_kept_across_reloads(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(*(tenant.add_room(f"Room {number}") for number in range(40)))

    for _ in range(3):
        assert await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert tenant.limit_violations == []


async def test_devices_and_entities_are_removed_with_the_entry(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.settle()

    assert hass.config_entries.async_entries(DOMAIN) == []
    assert hass.states.async_entity_ids("binary_sensor") == []
    assert dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id) == []
    assert er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id) == []


@pytest.mark.parametrize("fault", [Fault.slow(3_600), Fault.rate_limited(30)], ids=["silent", "rate limited"])
@pytest.mark.parametrize("end", ["unload", "remove", "stop"])
async def test_unload_during_a_poll_is_clean(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    vega: Room,
    fault: Fault,
    end: str,
) -> None:
    entry = await set_up(orion, vega)
    tenant.inject(fault, FREE_BUSY, times=None)
    await clock.to(at(10, 1, 5))
    assert hass._background_tasks
    caplog.clear()

    if end == "unload":
        await clock.run(hass.config_entries.async_unload(entry.entry_id))
    elif end == "remove":
        await clock.run(hass.config_entries.async_remove(entry.entry_id))
    else:
        await clock.run(hass.async_stop())
    tenant.requests.clear()
    if end != "stop":  # after a stop, nothing runs
        await clock.forward(minutes=10)

    assert tenant.requests == []
    assert not hass._background_tasks
    timers = [timer for timer in get_scheduled_timer_handles(hass.loop) if not timer.cancelled()]
    assert [timer for timer in timers if "next change" in repr(timer)] == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("end", ["unload", "remove", "reload"])
async def test_options_changed_right_before_the_end_are_no_error(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
    end: str,
) -> None:
    hass.config.config_dir = str(tmp_path)  # of the voice sentences
    entry = await set_up(orion)
    failures: list[dict[str, object]] = []
    hass.loop.set_exception_handler(lambda _, context: failures.append(context))
    caplog.clear()

    # Written by a thread, after which the entry may be gone
    hass.config_entries.async_update_entry(entry, options={**entry.options, "voice_sentences": True, "book": True})
    await clock.run(getattr(hass.config_entries, f"async_{end}")(entry.entry_id))
    await clock.forward(minutes=1)

    assert failures == []
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert entry.state is (ConfigEntryState.LOADED if end == "reload" else ConfigEntryState.NOT_LOADED)


async def test_read_on_demand_during_unload_restarts_nothing(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(orion)
    coordinator = weakref.ref(entry.runtime_data)
    tenant.inject(Fault.slow(8), FREE_BUSY)
    update = hass.async_create_task(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert not update.done()
    await clock.forward(minutes=5)

    assert update.done()
    del update
    assert is_gone(coordinator)


async def test_entry_can_be_unloaded_in_an_outage_and_set_up_after_it(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    await simulator.stop()
    await clock.to(at(10, 5))

    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await simulator.start()
    assert await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()

    assert state_of(hass, orion) == "off"


async def test_secret_and_token_are_never_logged(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
) -> None:
    caplog.set_level(logging.DEBUG)
    await set_up(orion)
    await clock.to(at(10, 2))
    tenant.inject(Fault.status(503), FREE_BUSY, times=4)
    await clock.to(at(10, 5))
    tenant.rotate_secret("another")
    await clock.to(at(10, 7))
    await simulator.stop()
    await clock.forward(hours=2)

    ours = [record for record in caplog.records if "feishu" in record.name or "update_coordinator" in record.name]
    assert len(ours) > 10
    assert not any(SECRET in text or "t-sim" in text for text in map(caplog.handler.format, ours))


async def test_two_apps_run_side_by_side(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    other = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    other.add_room("Orion", room_id=orion.room_id)
    other.book(orion.room_id, at(9), at(11))

    async with Simulator(other) as elsewhere:
        entry = hass.config_entries.async_entries(DOMAIN)[0]
        copy = MockConfigEntry(  # the other app shows the same room
            domain=DOMAIN,
            title="Other",
            unique_id=other.app_id,
            data={"base_url": elsewhere.base_url, "app_id": other.app_id, "app_secret": other.app_secret},
            options=dict(entry.options),
        )
        copy.add_to_hass(hass)
        assert await clock.run(hass.config_entries.async_setup(copy.entry_id))
        await clock.settle()

        states = hass.states.async_all("binary_sensor")
        assert sorted(state.state for state in states) == ["off", "on"]
        assert len(devices_of(hass)) == 4  # for each app: the account and its room
        await clock.run(hass.config_entries.async_unload(copy.entry_id))
        assert tenant.limit_violations == []
        await clock.to(clock.now + timedelta(minutes=2))
        assert state_of(hass, orion) == "off"
