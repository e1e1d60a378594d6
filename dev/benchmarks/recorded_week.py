"""A simulated week of rooms with a real recorder. `benchmarks.recorder` runs it with pytest.

Bookings follow the model in `benchmarks.bookings`, from Monday to Sunday, on virtual time.
"""

from datetime import datetime, timedelta
import logging
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from benchmarks.bookings import DAY, Habits, Version, office_month
from benchmarks.recorder import Week
from simulator import Tenant
from tests.clock import Clock, SetUp
from tests.conftest import at

pytest_plugins = ["tests.conftest", "tests.clock"]

_OFFICE_DAYS: Final = (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)  # the following week is within the horizon
_KEY: Final = re.compile(r"^cli_[^_]+_(omm_[^_]+_)?")  # the part of a unique id before the key
_BUDGET: Final = 25_000 * 8 // 30  # the free plan's calls for the last 8 days of a month


@pytest.fixture
def recorder_config(task: Week) -> dict[str, object]:
    """Return the recorder's configuration. Also turn off the log of SQL statements."""
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    return {"db_url": f"sqlite:///{task.database}", "commit_interval": 60, "auto_purge": False}


@pytest.mark.usefixtures("recorder_mock", "each_minute")
async def test_record_a_week(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, tenant: Tenant, task: Week, results: list[Week]
) -> None:
    """Run the week, fill `task` with the result, and append it to `results`."""
    week = task
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(at(0))
    office = office_month(week.rooms, _OFFICE_DAYS, Habits())
    rooms = [tenant.add_room(f"Room {number}") for number in range(week.rooms)]
    changes = []
    for room, history in zip(rooms, office, strict=True):
        for day, (first, *later) in history.days.items():
            _book(tenant, room.room_id, day, first)
            changes += [(version, room.room_id, day) for version in later if version.since < week.days * DAY]
    entry = await set_up(*rooms, plan="free", monthly_budget=_BUDGET, source="batch", off_hours={})
    week.begin = clock.now.timestamp()
    for version, room_id, day in sorted(changes, key=lambda change: change[0].since):
        await clock.to(_instant(version.since))
        _book(tenant, room_id, day, version)
    await clock.to(at(0, day=week.days))
    week.end = clock.now.timestamp()
    week.changes = len(changes)
    for entity in er.async_get(hass).entities.values():
        week.keys[entity.entity_id] = _KEY.sub("", entity.unique_id)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    results.append(week)


def _instant(seconds: float) -> datetime:
    return at(0) + timedelta(seconds=round(seconds))


def _book(tenant: Tenant, room_id: str, day: int, version: Version) -> None:
    for booking in tenant.calendars.of(room_id):
        if at(0, day=day) <= booking.start < at(0, day=day + 1):
            tenant.cancel(booking.booking_id)
    for start, end in version.busy:
        tenant.book(room_id, _instant(start), _instant(end))
