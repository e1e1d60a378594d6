"""A simulated day in which no booking changes, to measure what is written. `benchmarks.disk` runs it with pytest."""

from collections import Counter
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import prepare_save_json
from homeassistant.helpers.storage import Store
import pytest

from benchmarks.bookings import Habits, office_month
from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Tenant
from tests.clock import Clock, SetUp
from tests.conftest import at

_DAYS = range(10)
_START = at(0, day=-1)

pytest_plugins = ["tests.conftest", "tests.clock"]
pytestmark = pytest.mark.usefixtures("each_minute")


async def test_count_bytes_of_a_day(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    task: int,
    results: list[dict[str, int]],
) -> None:
    """Run the day with `task` rooms and append the bytes of each file to `results`."""
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(at(0))
    rooms = [tenant.add_room(f"Room {number}") for number in range(task)]
    # From the day that leaves the known window to the one that enters it
    for room, plan in zip(rooms, office_month(task, _DAYS, Habits()), strict=True):
        for day in _DAYS:
            for start, end in plan.days[day][0].busy:
                tenant.book(room.room_id, _START + timedelta(seconds=start), _START + timedelta(seconds=end))
    written: Counter[str] = Counter()

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        if "data_func" in data:
            data["data"] = data.pop("data_func")()
        if store.key.startswith(DOMAIN):
            written[store.key.rpartition(".")[2]] += len(prepare_save_json(data, encoder=None)[1])

    await set_up(*rooms, plan="paid", source="batch", scan_interval=900)
    with patch.object(Store, "_async_write_data", write):
        await clock.to(at(0, day=1))
    results.append(dict(written))
