"""Nothing holds the event loop for long: work on many rooms is done in slices."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.device_registry import EVENT_DEVICE_REGISTRY_UPDATED
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy import _slices, coordinator
from custom_components.feishu_freebusy._slices import in_slices
from custom_components.feishu_freebusy.assist import names, subjects
from simulator import Room, Tenant
from tests.clock import Clock, SetUp, Write, Writes, state_of
from tests.conftest import at
from tests.voice import Ask, OpenOffice

pytest_plugins = ["tests.clock", "tests.voice"]

ROOMS = 30
ADDED_AT_ONCE = 10
RARELY = 86_400


class Turns:
    """Counts the turns of the event loop, and how much happens in each."""

    def __init__(self, loop: Any, patches: pytest.MonkeyPatch) -> None:  # with private methods
        self.number = 0
        self._happened: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
        run_once = loop._run_once

        def count() -> None:
            self.number += 1
            run_once()

        patches.setattr(loop, "_run_once", count)

    def note(self, what: str, kind: str = "") -> None:
        """Note that something happened in this turn."""
        self._happened[self.number, kind].add(what)

    @property
    def most(self) -> int:
        """Return how many different things of one kind happened in one turn, at most."""
        return max(map(len, self._happened.values()))

    @property
    def total(self) -> int:
        """Return how many different things have happened."""
        return len(set().union(*self._happened.values()))


@pytest.fixture
def turns(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Count turns, each slice being a single piece of work."""
    monkeypatch.setattr(_slices, "SLICE", 0)
    return Turns(hass.loop, monkeypatch)


@pytest.fixture
def rooms(tenant: Tenant) -> list[Room]:
    """Return the rooms of an office; all are booked from 11 to 12."""
    rooms = [tenant.add_room(f"Room {number}") for number in range(ROOMS)]
    for room in rooms:
        tenant.book(room.room_id, at(11), at(12))
    return rooms


def note_writes(turns: Turns, writes: Writes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Note each state of a room that is written from now on, by the domain of the entity."""
    append = writes.append

    def note(write: Write) -> None:
        append(write)
        turns.note(write.room_id, write.entity_id.partition(".")[0])

    monkeypatch.setattr(writes, "append", note)


async def test_loop_turns_when_a_slice_is_over(clock: Clock) -> None:
    done = []

    async def work() -> None:
        async for each in in_slices(range(4)):
            done.append(each)
            clock.skip(seconds=_slices.SLICE * 0.6)

    task = asyncio.ensure_future(work())
    steps = []
    while not task.done():  # it counts turns
        await asyncio.sleep(0)
        steps.append(len(done))
    assert steps[:2] == [2, 4]


async def unload(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry) -> None:
    await clock.run(hass.config_entries.async_unload(entry.entry_id))


async def flip(_hass: HomeAssistant, clock: Clock, _entry: MockConfigEntry) -> None:
    await clock.to(at(11))


async def change_options(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "min_free_minutes": 60})
    await clock.settle()


async def change_time_zone(hass: HomeAssistant, clock: Clock, _entry: MockConfigEntry) -> None:
    await hass.config.async_update(time_zone="Asia/Tokyo")
    await clock.settle()


@pytest.mark.parametrize("work", [flip, change_options, change_time_zone, unload])
async def test_one_slice_writes_the_states_of_few_rooms(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    rooms: list[Room],
    turns: Turns,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[HomeAssistant, Clock, MockConfigEntry], Awaitable[None]],
) -> None:
    entry = await set_up(*rooms, scan_interval=RARELY)
    note_writes(turns, writes, monkeypatch)

    await work(hass, clock, entry)

    assert (turns.total, turns.most) == (ROOMS, 1)


async def test_start_adds_few_entities_at_once(
    clock: Clock, set_up: SetUp, writes: Writes, rooms: list[Room], turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_writes(turns, writes, monkeypatch)

    await set_up(*rooms, scan_interval=RARELY)

    assert (turns.total, turns.most) == (ROOMS, ADDED_AT_ONCE)


@pytest.mark.parametrize("change", ["renamed", "dropped"])
async def test_one_slice_changes_one_device(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, rooms: list[Room], turns: Turns, change: str
) -> None:
    entry = await set_up(*rooms, scan_interval=RARELY)
    hass.bus.async_listen(EVENT_DEVICE_REGISTRY_UPDATED, callback(lambda event: turns.note(event.data["device_id"])))

    if change == "renamed":
        for number, room in enumerate(rooms):
            tenant.rename_room(room.room_id, f"Hall {number}")
        await clock.run(entry.runtime_data.catalogue.async_refresh())
    else:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {}})
    await clock.settle()

    assert (turns.total, turns.most) == (ROOMS, 1)


async def test_unchanged_rooms_are_not_written_to_the_device_registry(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, scan_interval=RARELY)
    updates: list[Event[Any]] = []

    @callback
    def note(event: Event[Any]) -> None:
        updates.append(event)

    hass.bus.async_listen(EVENT_DEVICE_REGISTRY_UPDATED, note)

    await clock.run(entry.runtime_data.catalogue.async_refresh())

    assert updates == []


async def test_options_changed_during_a_catalogue_read_are_applied_once(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, rooms: list[Room], turns: Turns
) -> None:
    entry = await set_up(*rooms[1:], scan_interval=RARELY)

    refresh = clock.run(entry.runtime_data.catalogue.async_refresh())
    chosen = {room.room_id: room.name for room in rooms[:-1]}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": chosen})
    await refresh
    await clock.settle()

    assert set(entry.runtime_data.subjects) == chosen.keys()
    assert len(hass.states.async_entity_ids("binary_sensor")) == ROOMS - 1


async def test_unload_in_the_middle_of_a_change_adds_no_entities(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    rooms: list[Room],
    turns: Turns,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entry = await set_up(rooms[0], scan_interval=RARELY)

    options = {**entry.options, "rooms": {room.room_id: room.name for room in rooms}}
    hass.config_entries.async_update_entry(entry, options=options)
    while len(hass.states.async_entity_ids("binary_sensor")) < ROOMS // 2:  # noqa: ASYNC110  # it looks in each turn
        await asyncio.sleep(0)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    states = [hass.states.get(entity_id) for entity_id in hass.states.async_entity_ids("binary_sensor")]
    assert {state.state for state in states if state} == {"unavailable"}
    assert "Error" not in caplog.text


async def test_names_are_looked_for_in_a_thread(
    open_office: OpenOffice, rooms: list[Room], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = []

    def find(*arguments: Any) -> Any:  # those of `find_match`
        running.append(asyncio._get_running_loop())
        return find_match(*arguments)

    find_match = names.find_match
    monkeypatch.setattr(subjects, "find_match", find)
    await open_office(*rooms)

    await ask("is Room 7 free")

    assert set(running) == {None}


async def test_a_room_that_changes_while_others_are_notified_is_not_forgotten(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
) -> None:
    tenant.book(orion.room_id, at(10, 5), at(11))
    tenant.book(vega.room_id, at(10, 5, 1), at(11))
    await set_up(orion, vega, scan_interval=3_600)
    await clock.to(at(10, 4, 59))

    async def slow(items: Iterable[str]) -> AsyncIterator[str]:
        for item in items:
            yield item
            clock.skip(seconds=2)
            clock.set_wall(clock.now + timedelta(seconds=2))

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(coordinator, "in_slices", slow)
        await clock.to(at(10, 5, 3))

    assert [state_of(hass, room) for room in (orion, vega)] == ["on", "on"]
