"""The calls that count towards the tenant's monthly quota, kept over restarts."""

from collections import Counter
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .feishu import AppTraffic
from .storage import async_load_if_readable

_VERSION = 1
_SAVE_DELAY = 60.0  # seconds; so many calls may be forgotten if the machine dies


class MonthlyCalls:
    """Counts the calls of this month, by API. A month begins where Home Assistant is."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], traffic: AppTraffic) -> None:
        """Take the traffic of the entry's app: what it has counted so far is counted here, and no longer there."""
        self._store = _store(hass, entry)
        self._traffic = traffic
        self._month = _month_of(dt_util.utcnow())
        self._by_api: Counter[str] = Counter()
        self._save_is_due = False

    async def async_load(self) -> None:
        """Take over what was counted before the start; a file that can't be read is none."""
        stored = await async_load_if_readable(self._store)
        if isinstance(stored, dict) and stored.get("month") == self._month:
            self._by_api.update(_valid_counts(stored.get("calls")))

    @property
    def by_api(self) -> dict[str, int]:
        """Return the calls of this month by API."""
        self._take_over()
        return dict(self._by_api)

    @property
    def used(self) -> int:
        """Return the calls of this month."""
        self._take_over()
        return self._by_api.total()

    @callback
    def async_save_soon(self) -> None:
        """Have the count written to disk in a while."""
        if not self._save_is_due:  # the store would begin to wait anew, and with polls that follow closely never write
            self._save_is_due = True
            self._store.async_delay_save(self._stored, _SAVE_DELAY)

    async def async_save(self) -> None:
        """Write the count to disk."""
        await self._store.async_save(self._stored())

    def _stored(self) -> dict[str, Any]:
        self._save_is_due = False
        return {"calls": self.by_api, "month": self._month}

    def _take_over(self) -> None:
        month = _month_of(dt_util.utcnow())
        if month != self._month:
            self._month = month
            self._by_api.clear()
        self._by_api += self._traffic.counted
        self._traffic.counted.clear()


async def async_forget_calls(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the count of an entry that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.calls", atomic_writes=True)


def _month_of(now: datetime) -> str:
    return dt_util.as_local(now).strftime("%Y-%m")


def _valid_counts(counts: object) -> dict[str, int]:
    """Return what can be used of a file that anybody may have written to."""
    if not isinstance(counts, dict):
        return {}
    return {api: count for api, count in counts.items() if type(api) is str and type(count) is int and count > 0}
