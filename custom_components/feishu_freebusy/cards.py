"""Makes the dashboards load our cards while an entry wants them, and tells the cards the time."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from pathlib import Path
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from homeassistant.components.frontend import add_extra_js_url, remove_extra_js_url
from homeassistant.components.http import StaticPathConfig  # type: ignore[attr-defined]  # not in its `__all__`
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ._vol import vol
from .const import DOMAIN
from .finder import async_now
from .model.options import Options

if TYPE_CHECKING:
    from homeassistant.components.lovelace.resources import ResourceStorageCollection

URL: Final = f"/{DOMAIN}/feishu-freebusy.js"
BUNDLE: Final = Path(__file__).parent / "frontend" / "feishu-freebusy.js"
EDITORS: Final = BUNDLE.with_name("feishu-freebusy-editors.js")  # the bundle loads it when somebody edits a card

# A URL that we wrote: it has a version. An administrator may add the resource by hand, without one
_OURS: Final = re.compile(rf"{re.escape(URL)}\?v=[0-9a-f]{{12}}")

# How far ahead the cards know the office hours. They ask every hour
_OFFICE_HOURS_AHEAD: Final = timedelta(days=2)

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class _State:
    """State that all entries share while Home Assistant runs."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    address: str = ""  # empty until the bundle is served
    extra: bool = False  # added as an extra URL, because the resources are in YAML


_STATE: HassKey[_State] = HassKey(f"{DOMAIN}_dashboard_resources")


@callback
def async_setup_cards(hass: HomeAssistant) -> None:
    """Register the command by which the cards ask for the time."""
    async_register_command(hass, _tell_time)


@websocket_command({vol.Required("type"): f"{DOMAIN}/time"})
@callback
def _tell_time(hass: HomeAssistant, connection: ActiveConnection, message: dict[str, Any]) -> None:
    """Send the time by which the states change, as a tablet's own clock may be wrong, and the office hours.

    Times are in milliseconds since 1970. The office hours are null if an app has no off hours.
    """
    now = async_now(hass)
    spans = _office_hours(hass, now, now + _OFFICE_HOURS_AHEAD)
    office = None if spans is None else [[_milliseconds(start), _milliseconds(end)] for start, end in spans]
    connection.send_result(message["id"], {"now": _milliseconds(now), "office": office})


@callback
def _office_hours(hass: HomeAssistant, start: datetime, end: datetime) -> list[tuple[datetime, datetime]] | None:
    """Return the office hours of all entries that touch `[start, end)`, None if an entry has no off hours."""
    found: list[tuple[datetime, datetime]] = []
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        if (off_hours := entry.runtime_data.options.off_hours) is None:
            return None
        found += off_hours.office_hours(start, end, dt_util.get_default_time_zone())
    return found if entries else None


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


async def async_update_dashboard_resources(hass: HomeAssistant) -> None:
    """Add, update or remove the dashboard resource. Never raises: rooms work without cards.

    Call it when an entry starts, when its options change, and after it was removed.
    """
    state = hass.data.setdefault(_STATE, _State())
    async with state.lock:
        try:
            await _update(hass, state)
        except Exception as error:  # noqa: BLE001  # Home Assistant's resources are not a public API
            _LOGGER.warning(
                "The dashboard cards can't be registered (%r). Add %s to the dashboard resources by hand", error, URL
            )


async def _update(hass: HomeAssistant, state: _State) -> None:
    if "lovelace" not in hass.config.components:
        return
    # Imported late, within the guard: these names are internal to Home Assistant
    from homeassistant.components.lovelace.const import LOVELACE_DATA  # noqa: PLC0415
    from homeassistant.components.lovelace.resources import ResourceStorageCollection  # noqa: PLC0415

    # Served even if no entry wants the resource: an administrator may add it by hand
    state.address = state.address or await _serve(hass)
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    is_wanted = any(Options.of(entry.options).dashboard_cards for entry in entries)
    resources = hass.data[LOVELACE_DATA].resources
    if isinstance(resources, ResourceStorageCollection):
        await _update_stored(resources, state.address, is_wanted)
    else:
        is_there = any(_is_bundle(row["url"]) for row in resources.async_items())
        _update_extra(hass, state, is_wanted and not is_there)


async def _serve(hass: HomeAssistant) -> str:
    """Serve both files and return the address of the bundle, with a version that changes when one of them does."""
    files = (BUNDLE, EDITORS)
    digest = await hass.async_add_executor_job(
        lambda: sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    )
    await hass.http.async_register_static_paths(
        [StaticPathConfig(f"/{DOMAIN}/{file.name}", str(file), cache_headers=True) for file in files]
    )
    return f"{URL}?v={digest[:12]}"


async def _update_stored(resources: ResourceStorageCollection, address: str, is_wanted: bool) -> None:
    await resources.async_get_info()  # loads them
    rows = [row for row in resources.async_items() if _is_bundle(row["url"])]
    if not is_wanted:
        for row in rows:
            if _OURS.fullmatch(row["url"]):
                await resources.async_delete_item(row["id"])
    elif not rows:
        await resources.async_create_item({"res_type": "module", "url": address})
    elif all(row["url"] != address for row in rows):
        await resources.async_update_item(rows[0]["id"], {"url": address})


def _update_extra(hass: HomeAssistant, state: _State, is_wanted: bool) -> None:
    if is_wanted == state.extra:
        return
    (add_extra_js_url if is_wanted else remove_extra_js_url)(hass, state.address)
    state.extra = is_wanted


def _is_bundle(url: str) -> bool:
    return urlsplit(url).path == URL
