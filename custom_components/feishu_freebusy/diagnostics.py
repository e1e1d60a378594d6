"""What helps to find out why an entry does what it does; without names, ids, addresses and secrets."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import CONF_PEOPLE, CONF_ROOM_LEVELS, CONF_ROOMS
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator

_NAMES_AND_IDS = (CONF_PEOPLE, CONF_ROOM_LEVELS, CONF_ROOMS)


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
) -> dict[str, Any]:
    """Return how the entry is set up, how it reads, and what that has cost so far."""
    coordinator = entry.runtime_data
    return {
        "options": {key: value for key, value in entry.options.items() if key not in _NAMES_AND_IDS},
        "chosen": {key: len(entry.options.get(key, {})) for key in _NAMES_AND_IDS},
        "rooms": len(coordinator.room_ids),
        "source": _source(coordinator),
        "calls": {
            "this_month": coordinator.calls.used,
            "by_api": coordinator.calls.by_api,
            "projected": coordinator.timetable.projected_calls,
            "budget": coordinator.options.budget,
        },
    }


def _source(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    source = coordinator.source
    refusal = source.refusal
    last_read_at = coordinator.last_read_at
    return {
        "in_use": source.forecast.source,
        "reason": source.forecast.reason,
        "refusal": refusal and {"error": type(refusal).__name__, "code": refusal.code, "log_id": refusal.answer.log_id},
        "calls_per_cycle": source.forecast.calls_per_cycle,
        "interval_office_hours": coordinator.timetable.plan.office.total_seconds(),
        "interval_off_hours": coordinator.timetable.plan.off.total_seconds(),
        "last_read_at": last_read_at and dt_util.as_local(last_read_at).isoformat(),
    }
