"""System information: whether Feishu is reachable, the credentials work and the data are current.

Every user can read that page, and copies of it are posted in public: no names, no addresses.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from homeassistant.components import system_health
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .api import async_reach
from .const import CONF_BASE_URL, DOMAIN
from .coordinator import FeishuConfigEntry
from .model.live import LiveState

_OK = "ok"
_NUMBERS_APART = " · "  # of several accounts


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:  # noqa: ARG001
    """Register the callback for the page."""
    register.async_register_info(_async_info, f"/config/integrations/integration/{DOMAIN}")


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the lines. A slow one is a coroutine; an unknown one is left out."""
    entries: list[FeishuConfigEntry] = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    loaded = [entry for entry in entries if entry.state is ConfigEntryState.LOADED]
    lines: dict[str, Any] = {"accounts": f"{len(loaded)} / {len(entries)}"}
    if entries:
        lines["can_reach_server"] = _async_reach(hass, {entry.data[CONF_BASE_URL] for entry in entries})
    if refused := sum(any(entry.async_get_active_flows(hass, {SOURCE_REAUTH})) for entry in entries):
        lines["credentials"] = _failed("refused", refused, len(entries))
    elif loaded:
        lines["credentials"] = _OK
    return lines | (_of_loaded(loaded) if loaded else {})


def _of_loaded(entries: Iterable[FeishuConfigEntry]) -> dict[str, Any]:
    coordinators = [entry.runtime_data for entry in entries]
    read = [(each, subject_id) for each in coordinators for subject_id in each.subjects.keys() - each.ignored]
    known = sum(coordinator.subjects.snapshot(subject_id) is not None for coordinator, subject_id in read)
    read_at = [coordinator.last_read_at for coordinator in coordinators]
    live = [coordinator.live for coordinator in coordinators if coordinator.live.is_on]
    connected = sum(each.state is not LiveState.WAITING for each in live)
    return {
        "current": f"{known} / {len(read)}",
        **({"last_read": min(filter(None, read_at))} if all(read_at) else {}),
        "calls": _NUMBERS_APART.join(
            f"{coordinator.calls.used:,}" + (f" / {budget:,}" if (budget := coordinator.options.budget) else "")
            for coordinator in coordinators
        ),
        **({"live_updates": f"{connected} / {len(live)}"} if live else {}),
    }


async def _async_reach(hass: HomeAssistant, urls: Iterable[str]) -> str | dict[str, str]:
    """Return whether every address answers. The result names no address."""
    found = await asyncio.gather(*(async_reach(hass, url) for url in urls))
    failed = [error for error in found if error]
    return _failed(failed[0], len(failed), len(found)) if failed else _OK


def _failed(error: str, count: int, of: int) -> dict[str, str]:
    return {"type": "failed", "error": error if of == 1 else f"{error} ({count} / {of})"}
