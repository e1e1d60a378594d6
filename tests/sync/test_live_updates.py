"""Live updates over the simulator's long connection, on virtual time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_LIVE_UPDATES, DOMAIN
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.feishu.stream import StreamState
from custom_components.feishu_freebusy.model.live import LiveProblem, LiveState
from custom_components.feishu_freebusy.sync.trust import TrustState
from custom_components.feishu_freebusy.sync.trust_store import TrustStore
from simulator import Fault, Room, Simulator, Tenant
from simulator.push import Act
from tests.clock import BATCH, FREE_BUSY, STATUSES, Clock, SetUp, reads_of, rooms_of, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]

HOURLY = {"scan_interval": 3_600}
LIVE = {"live_updates": True, **HOURLY}
BOOTSTRAP = "/callback/ws/endpoint"


def issues_of(hass: HomeAssistant) -> set[str]:
    """Return the translation keys of the active issues."""
    return {issue.translation_key or "" for issue in ir.async_get(hass).issues.values() if issue.active}


def tasks_of_streams() -> list[str]:
    """Return the names of the tasks that belong to a long connection."""
    return [task.get_name() for task in asyncio.all_tasks() if "stream" in task.get_name() and not task.done()]


async def test_a_booking_is_shown_within_seconds(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega, **LIVE)
    await clock.forward(seconds=40)  # the first attempt may wait
    assert entry.runtime_data.live.state is LiveState.CONNECTED
    assert state_of(hass, orion) == "off"
    tenant.requests.clear()

    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=1))
    await clock.forward(seconds=5)

    assert state_of(hass, orion) == "on"
    assert (len(reads_of(tenant, orion)), len(reads_of(tenant, vega))) == (1, 0)
    assert tenant.push.violations == []


async def test_off_opens_no_connection_and_changes_no_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **HOURLY)
    tenant.requests.clear()

    tenant.book(orion.room_id, at(10, 30), at(11, 30))
    await clock.forward(minutes=30)

    assert {call.path.rsplit("/", 1)[-1] for call in tenant.requests} == {"mget"}  # the status, as without live updates
    assert (tenant.push.opened, tasks_of_streams()) == (0, [])
    live = entry.runtime_data.live
    assert (live.state, live.problem, live.reader, live.statistics) == (LiveState.OFF, None, None, None)
    assert entry.runtime_data.timetable.adjust is None
    await clock.run(live.async_check(1))  # nothing to check


async def test_unload_closes_the_connection(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.settle()

    assert (tenant.push.closed_cleanly, tenant.push.connections, tasks_of_streams()) == (1, [], [])
    tenant.requests.clear()
    await clock.forward(hours=1)
    assert tenant.requests == []


async def test_a_reload_connects_again(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)

    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.forward(seconds=40)

    assert (tenant.push.opened, tenant.push.closed_cleanly, len(tenant.push.connections)) == (2, 1, 1)
    assert entry.runtime_data.live.state is LiveState.CONNECTED


async def test_stopping_home_assistant_closes_the_connection(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, **LIVE)
    await clock.forward(seconds=40)

    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await clock.forward(seconds=5)

    assert (tenant.push.closed_cleanly, tenant.push.connections, tasks_of_streams()) == (1, [], [])


async def test_two_entries_of_one_app_share_a_connection(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    entry_of: Callable[..., MockConfigEntry],
    orion: Room,
    vega: Room,
) -> None:
    first = await set_up(orion, **LIVE)
    second = entry_of(vega.room_id, **LIVE)
    object.__setattr__(second, "unique_id", "another")
    second.add_to_hass(hass)
    await clock.run(hass.config_entries.async_setup(second.entry_id))
    await clock.forward(seconds=40)
    assert (tenant.push.opened, len(tenant.push.connections)) == (1, 1)

    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=1))
    tenant.book(vega.room_id, clock.now, clock.now + timedelta(hours=1))
    await clock.forward(seconds=5)
    assert (state_of(hass, orion), state_of(hass, vega)) == ("on", "on")

    await clock.run(hass.config_entries.async_unload(first.entry_id))
    assert (len(tenant.push.connections), second.runtime_data.live.state) == (1, LiveState.CONNECTED)
    await clock.run(hass.config_entries.async_unload(second.entry_id))
    assert (tenant.push.closed_cleanly, tenant.push.connections, tasks_of_streams()) == (1, [], [])


async def test_the_option_takes_effect_without_a_reload(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **HOURLY)
    coordinator = entry.runtime_data

    for enabled, state in ((True, LiveState.CONNECTED), (False, LiveState.OFF)):
        hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LIVE_UPDATES: enabled})
        await clock.forward(seconds=40)
        assert (entry.runtime_data is coordinator, coordinator.live.state) == (True, state)

    assert (tenant.push.closed_cleanly, tenant.push.connections, tasks_of_streams()) == (1, [], [])
    assert coordinator.timetable.adjust is None


async def test_an_unload_during_the_switch_off_closes_the_connection(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    monkeypatch.setattr(TrustStore, "async_save", lambda *_: asyncio.sleep(5))  # a slow disk

    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LIVE_UPDATES: False})
    await clock.settle()
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.forward(seconds=10)

    assert (tenant.push.closed_cleanly, tenant.push.connections, tasks_of_streams()) == (1, [], [])


async def test_an_event_delivered_twice_is_read_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.variants.event_copies = "twice"
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    tenant.requests.clear()

    tenant.book(orion.room_id, at(12), at(13))
    await clock.forward(seconds=10)

    assert len(reads_of(tenant, orion)) == 1
    counts = entry.runtime_data.live.reader.counts
    assert (counts.hints, counts.duplicates) == (1, 1)


async def test_all_rooms_are_read_after_a_gap(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega, **LIVE)
    await clock.forward(seconds=130)
    tenant.requests.clear()
    states = []
    entry.runtime_data.async_add_listener(lambda: states.append(entry.runtime_data.live.state))

    tenant.push.drop(Act.RST)
    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=1))
    await clock.forward(seconds=60)

    assert LiveState.WAITING in states
    assert states[-1] is LiveState.CONNECTED
    assert len(reads_of(tenant, vega)) == 1
    assert state_of(hass, orion) == "on"


async def test_an_event_of_an_unknown_room_reads_the_list_of_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    new = tenant.add_room("Nova")
    tenant.book(new.room_id, at(12), at(13))
    await clock.forward(seconds=60)

    assert new.room_id in entry.runtime_data.catalogue.data.catalogue.rooms
    tenant.requests.clear()
    tenant.book(new.room_id, at(14), at(15))  # now it is known, and not read
    await clock.forward(seconds=60)
    assert tenant.calls(FREE_BUSY) == []


async def test_reads_because_of_events_have_their_own_payer_and_are_projected(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    before, projected = entry.runtime_data.calls.by_payer, entry.runtime_data.timetable.projected_calls

    tenant.book(orion.room_id, at(12), at(13))
    await clock.forward(seconds=10)

    after = entry.runtime_data.calls.by_payer
    assert after == {**before, Payer.EVENTS: 1}
    assert entry.runtime_data.timetable.projected_calls > projected + 1  # on each day that is left


async def test_scans_because_of_events_stop_when_their_share_is_used_up(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, plan="free", monthly_budget=25_000, **LIVE)
    await clock.forward(seconds=40)
    coordinator = entry.runtime_data
    cost, share = coordinator.catalogue.next_calls, coordinator.calls.event_scans
    left = share.left(coordinator.clock.moment)
    assert left is not None
    share.spend(left - cost, coordinator.clock.moment)
    paid = []

    for _ in range(3):
        tenant.push.room_changed(tenant.add_room("Nova").room_id, "book")
        await clock.forward(minutes=10)
        paid.append(coordinator.calls.by_payer[Payer.EVENT_SCANS])

    assert paid == [cost, cost, cost]
    assert len(coordinator.catalogue.data.catalogue.rooms) == 2


async def test_calls_are_filled_up_with_the_rooms_read_longest_ago(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(30)]
    entry = await set_up(*rooms, source="batch", scan_interval=86_400, live_updates=True)
    await clock.forward(seconds=40)
    for room in rooms[:12]:  # read again, so that the others are older
        tenant.push.room_changed(room.room_id, "book")
    await clock.forward(seconds=8)
    last = {room.room_id: entry.runtime_data.subjects[room.room_id].reading.read_at for room in rooms}
    tenant.requests.clear()

    tenant.push.room_changed(rooms[0].room_id, "book")
    await clock.forward(seconds=8)

    (call,) = tenant.calls(BATCH)
    others = set(rooms_of(call)) - {rooms[0].room_id}
    assert len(others) == 19
    rest = set(last) - {rooms[0].room_id} - others
    assert max(last[each] for each in others) <= min(last[each] for each in rest)
    assert {room.room_id for room in rooms[20:]} <= others  # not read since the start


async def test_events_in_an_outage_make_no_call_and_are_read_after_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=300)
    await clock.forward(seconds=40)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.forward(minutes=5)  # a poll fails
    assert not entry.runtime_data.last_update_success
    next_poll = entry.runtime_data.timetable.due_at(orion.room_id)
    tenant.requests.clear()

    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=20))
    await clock.forward(seconds=20)

    assert tenant.calls(FREE_BUSY) == []
    assert entry.runtime_data.timetable.due_at(orion.room_id) == next_poll
    tenant.clear_faults()
    await clock.forward(minutes=6)
    assert state_of(hass, orion) == "on"


async def test_trusted_events_make_polls_rarer_until_the_connection_is_lost(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=60)
    await clock.forward(seconds=40)
    live, timetable = entry.runtime_data.live, entry.runtime_data.timetable
    assert timetable.plan.office == timedelta(minutes=1)

    live.reader.trust.state = TrustState.TRUSTED
    await clock.forward(minutes=2)
    assert timetable.plan.office == timedelta(minutes=15)

    tenant.push.limit = 0  # it cannot come back
    tenant.push.drop(Act.RST)
    await clock.forward(minutes=1)
    assert timetable.plan.office == timedelta(minutes=15)
    await clock.forward(minutes=2)
    assert timetable.plan.office == timedelta(minutes=1)
    tenant.requests.clear()
    await clock.forward(minutes=5)
    assert len(reads_of(tenant, orion)) == 5


async def test_changes_without_events_end_the_trust(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega, live_updates=True, scan_interval=60)
    await clock.forward(seconds=100)  # a change before the first read with a connection proves nothing
    tenant.push.loss = 1.0
    for room in (orion, vega):
        tenant.book(room.room_id, at(12), at(13))

    await clock.forward(minutes=3)

    live = entry.runtime_data.live
    assert (live.state, live.problem) == (LiveState.NOT_TRUSTED, None)
    assert live.reader.counts.reconnects == 1
    await clock.forward(seconds=10)
    live._untrusted_since -= 86_400
    await clock.forward(minutes=2)
    assert live.problem is LiveProblem.EVENTS_MISSING
    assert issues_of(hass) == {"live_events_missing"}


async def test_trust_continues_after_a_reload_only_if_the_connection_comes_back(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=60)
    await clock.forward(seconds=40)
    entry.runtime_data.live.reader.trust.state = TrustState.TRUSTED

    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.forward(minutes=4)
    assert entry.runtime_data.live.reader.trust.state is TrustState.TRUSTED
    assert entry.runtime_data.timetable.plan.office == timedelta(minutes=15)

    tenant.push.limit = 0  # it cannot come back
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.forward(minutes=4)
    assert entry.runtime_data.live.reader.trust.state is TrustState.TRUSTED
    assert entry.runtime_data.timetable.plan.office == timedelta(minutes=1)


async def test_after_a_restart_trusted_events_count_from_the_connection(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, live_updates=True, scan_interval=60)
    await clock.forward(seconds=40)
    entry.runtime_data.live.reader.trust.state = TrustState.TRUSTED
    tenant.inject(Fault.status(503), BOOTSTRAP, times=None)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.forward(seconds=70)
    live = entry.runtime_data.live
    assert (live.state, live.reader.trust.state) == (LiveState.WAITING, TrustState.TRUSTED)

    tenant.push.loss = 1.0  # nobody hears it
    tenant.book(orion.room_id, clock.now, clock.now + timedelta(hours=1))
    tenant.clear_faults()
    await clock.run(live.async_check(15))
    assert live.state is LiveState.CONNECTED
    await clock.forward(seconds=10)

    assert entry.runtime_data.timetable.plan.office == timedelta(minutes=15)
    assert state_of(hass, orion) == "on"


@pytest.mark.parametrize("change", [{"saved_at": "2026-11-21T10:00:00+00:00"}, {"owner": {}}, {"trust": None}])
async def test_old_or_foreign_trust_is_not_used(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    change: dict[str, Any],
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    entry.runtime_data.live.reader.trust.state = TrustState.TRUSTED
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    hass_storage[f"{DOMAIN}.{entry.entry_id}.live_updates"]["data"].update(change)

    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.forward(seconds=40)

    assert entry.runtime_data.live.reader.trust.state is TrustState.PROVING


async def test_the_stored_trust_goes_with_the_option_and_the_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    key = f"{DOMAIN}.{entry.entry_id}.live_updates"
    await clock.forward(seconds=40)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    assert key in hass_storage

    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LIVE_UPDATES: False})
    await clock.forward(seconds=5)
    assert key not in hass_storage


async def test_an_event_that_no_booking_explains_reads_the_status(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    tenant.requests.clear()

    tenant.push.room_changed(orion.room_id, "book")
    await clock.forward(seconds=90)

    assert len(tenant.calls(STATUSES)) == 1


@pytest.mark.parametrize(
    ("prepare", "problem"),
    [
        (lambda tenant: setattr(tenant.push, "limit", 0), LiveProblem.TOO_MANY_CONNECTIONS),
        (lambda tenant: tenant.push.subscribed.clear(), LiveProblem.NOT_PUBLISHED),
    ],
)
async def test_problems_become_repair_issues_and_go(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    prepare: Callable[[Tenant], object],
    problem: LiveProblem,
) -> None:
    tenant.grant("application:application:self_manage")
    prepare(tenant)
    entry = await set_up(orion, **LIVE)
    await clock.forward(minutes=11)
    live = entry.runtime_data.live
    assert live.problem is problem
    assert issues_of(hass) == {problem.value}

    tenant.push.limit = 50
    tenant.push.subscribed = {"meeting_room.meeting_room.status_changed_v1"}
    await clock.run(live.async_check(15))
    await clock.settle()

    assert not live.problem
    assert not issues_of(hass)


async def test_the_published_event_is_checked_although_the_connection_drops_often(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.grant("application:application:self_manage")
    tenant.push.subscribed.clear()
    entry = await set_up(orion, **LIVE)
    for _ in range(6):
        await clock.forward(minutes=2)
        tenant.push.drop(Act.BYE)

    await clock.forward(minutes=1)

    assert entry.runtime_data.live.problem is LiveProblem.NOT_PUBLISHED


async def test_whether_the_event_is_published_may_be_unknown(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    tenant.push.subscribed.clear()
    entry = await set_up(orion, **LIVE)

    await clock.forward(minutes=11)

    assert (entry.runtime_data.live.problem, issues_of(hass)) == (None, set())


async def test_a_refused_secret_leads_to_reauthentication(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)

    tenant.rotate_secret("another secret")
    tenant.push.drop(Act.RST)
    await clock.forward(minutes=2)

    assert any(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert entry.runtime_data.live.state is LiveState.WAITING


async def test_no_secret_and_no_room_is_logged(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger=f"custom_components.{DOMAIN}")
    entry = await set_up(orion, **LIVE)
    await clock.forward(seconds=40)
    tenant.push.drop(Act.RST)
    tenant.push.limit = 0
    await clock.forward(minutes=3)

    ours = [each.getMessage() for each in caplog.records if each.name.startswith(f"custom_components.{DOMAIN}")]
    texts = [*ours, repr(entry.runtime_data.live.status), repr(entry.runtime_data.live.statistics)]
    assert entry.runtime_data.live.status.state is StreamState.WAITING
    for secret in (tenant.app_secret, "access_key", "ticket=", orion.room_id):
        assert [text for text in texts if secret in text] == []
