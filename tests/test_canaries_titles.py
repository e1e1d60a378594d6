"""Titles that are switched on appear in one attribute and in calendars. Search everything else for them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
import json
import logging
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import Base
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE, EVENT_STATE_CHANGED, MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, RecorderInstanceContextManager

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from simulator import Fault, Room, Tenant
from simulator.tenant import TITLE_SCOPES

TITLE, ORGANIZER, PRIVATE = "Quetzalcount", "Ospreywing", "Shoebillsum"
WORDS = (TITLE, ORGANIZER, PRIVATE)
TITLES = "meeting_room/summary/batch_get"
BUSY, CALENDAR = "binary_sensor.orion", "calendar.orion_bookings"


def found_in(*texts: object) -> list[str]:
    """Return the planted words that some text contains, also where it escapes other signs."""
    shown = " ".join(text if isinstance(text, str) else f"{text!r} {json.dumps(text, default=str)}" for text in texts)
    return [word for word in WORDS if word.casefold() in shown.casefold()]


@pytest.fixture
async def mock_recorder_before_hass(async_test_recorder: RecorderInstanceContextManager) -> None:
    """Prepare the database before Home Assistant, as the test kit demands."""


@pytest.fixture
def orion(tenant: Tenant) -> Room:
    """Return a room with a meeting that runs and a private one soon."""
    tenant.grant(*TITLE_SCOPES)
    person = tenant.add_user(ORGANIZER)
    room = tenant.add_room("Orion")
    now, hour = datetime.now(UTC).replace(microsecond=0), timedelta(hours=1)
    tenant.book(room.room_id, now - hour, now + hour, title=TITLE, organizer=person.open_id)
    tenant.book(room.room_id, now + 2 * hour, now + 3 * hour, title=PRIVATE, organizer=person.open_id, private=True)
    return room


@pytest.fixture
async def entry(
    recorder_mock: Recorder,
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    tenant: Tenant,
    orion: Room,
    entry_of: Callable[..., MockConfigEntry],
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[MockConfigEntry]:
    """Return a running entry that shows titles."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.WARNING, logger="sqlalchemy")
    caplog.set_level(logging.DEBUG, logger=f"custom_components.{DOMAIN}")
    for component in ("homeassistant", "diagnostics", "system_health", "calendar"):
        assert await async_setup_component(hass, component, {})
    entry = entry_of(orion.room_id, titles="title_and_organizer")
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    state = hass.states.get(BUSY)
    assert state
    assert found_in(state.attributes["titles"]) == [TITLE, ORGANIZER]
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def book_later(tenant: Tenant, room: Room) -> None:
    """Book a room some hours from now."""
    start = datetime.now(UTC) + timedelta(hours=5)
    organizer = next(iter(tenant.users))
    tenant.book(room.room_id, start, start + timedelta(hours=1), title=f"{TITLE} 2", organizer=organizer)


async def database(recorder: Recorder) -> str:
    """Return everything that the recorder has written."""

    def read() -> str:
        assert recorder.engine
        with recorder.engine.connect() as connection:
            tables = Base.metadata.sorted_tables
            return "\n".join(str(row) for table in tables for row in connection.execute(table.select()))

    return await recorder.async_add_executor_job(read)


async def test_the_recorder_stores_no_title(
    hass: HomeAssistant, entry: MockConfigEntry, recorder_mock: Recorder, tenant: Tenant, orion: Room
) -> None:
    book_later(tenant, orion)
    await entry.runtime_data.async_check_now()
    await async_wait_recording_done(hass)

    stored = await database(recorder_mock)

    assert BUSY in stored
    assert "next_busy_time" in stored
    assert found_in(stored) == []


async def test_no_file_has_a_title(hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done(wait_background_tasks=True)

    assert any(key.startswith(DOMAIN) for key in hass_storage)
    assert found_in(hass_storage) == []


@pytest.mark.parametrize("fails", [False, True])
async def test_no_log_and_no_diagnostics_have_a_title(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    tenant: Tenant,
    orion: Room,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
) -> None:
    if fails:
        tenant.inject(Fault.error(400, 424242, f"{TITLE} of {ORGANIZER}"), TITLES, times=None)
    book_later(tenant, orion)
    await entry.runtime_data.async_check_now()
    await entry.runtime_data.titles.async_check()
    assert (entry.runtime_data.titles.error is not None) is fails

    shown: list[object] = [await async_get_config_entry_diagnostics(hass, entry)]
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    shown += [await async_get_device_diagnostics(hass, entry, device) for device in devices]
    health: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    shown += [await line if asyncio.iscoroutine(line) else line for line in health.values()]

    assert shown[0]["titles"]  # type: ignore[index]
    assert found_in(*shown) == []
    log = "\n".join(record.getMessage() for when in ("setup", "call") for record in caplog.get_records(when))
    assert TITLES in log
    assert ("Titles could not be read" in log) is fails
    assert found_in(log) == []


async def test_no_other_state_no_event_and_no_response_has_a_title(
    hass: HomeAssistant, entry: MockConfigEntry, tenant: Tenant, orion: Room
) -> None:
    events: list[object] = []

    @callback
    def note(event: Event[Any]) -> None:
        if not (event.event_type == EVENT_STATE_CHANGED and event.data["entity_id"] == BUSY):
            events.append(event.as_dict())

    hass.bus.async_listen(MATCH_ALL, note)
    book_later(tenant, orion)
    await entry.runtime_data.async_check_now()
    responses = [
        await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
        for action, data in (("get_free_busy", {"entity_id": BUSY}), ("find_rooms", {}))
    ]
    await hass.async_block_till_done()

    assert len(events) > 2
    assert found_in(*events) == []
    assert responses[0]
    assert found_in(*responses) == []
    assert found_in(*(state.as_dict() for state in hass.states.async_all() if state.entity_id != BUSY)) == []


async def test_a_calendar_shows_the_title_to_those_who_open_it(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    now = datetime.now(UTC)
    days = {"start": (now - timedelta(days=1)).isoformat(), "end": (now + timedelta(days=1)).isoformat()}

    response = await client.get(f"/api/calendars/{CALENDAR}", params=days)

    assert found_in(await response.text()) == [TITLE, ORGANIZER]


async def test_off_leaves_no_title_anywhere(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "titles": "off"})
    await hass.async_block_till_done(wait_background_tasks=True)

    assert found_in(*(state.as_dict() for state in hass.states.async_all())) == []
    assert entry.runtime_data.titles._rooms == {}
    assert repr(entry.runtime_data.titles._titles) == "<Titles of 0 bookings>"
