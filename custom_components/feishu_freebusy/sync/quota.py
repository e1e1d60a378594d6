"""The calls that count towards the tenant's monthly quota, kept over restarts."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..feishu.limits import AppTraffic
from .store import async_load_if_readable

_VERSION = 1
_SAVE_DELAY = 60.0  # seconds; so many calls may be forgotten if the machine dies
_KEPT_MONTHS = 3  # until NTP has set it, a clock may be years off: the month that it leaves and comes back to goes on


class MonthlyCalls:
    """Counts the calls of this month, by API. A month begins where Home Assistant is."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], traffic: AppTraffic) -> None:
        """Take the traffic of the entry's app: what it has counted so far is counted here, and no longer there."""
        self._store = _store(hass, entry)
        self._traffic = traffic
        self._by_month: dict[str, Counter[str]] = {}  # by API; the one that was counted last is the last
        self._save_is_due = False

    async def async_load(self) -> None:
        """Take over what was counted before the start; a file that can't be read is none."""
        stored = await async_load_if_readable(self._store)
        if isinstance(stored, dict):
            self._by_month = dict(_valid_months(stored))

    @property
    def by_api(self) -> dict[str, int]:
        """Return the calls of this month by API."""
        return dict(self._of_this_month())

    @property
    def used(self) -> int:
        """Return the calls of this month."""
        return self._of_this_month().total()

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
        calls = self.by_api
        *others, month = self._by_month
        return {"calls": calls, "month": month, "other_months": {each: dict(self._by_month[each]) for each in others}}

    def _of_this_month(self) -> Counter[str]:
        """Return the counts of this month, with what the app has counted since."""
        month = _month_of(dt_util.utcnow())
        counts = self._by_month.pop(month, Counter()) + self._traffic.counted
        self._traffic.counted.clear()
        self._by_month[month] = counts
        for forgotten in list(self._by_month)[:-_KEPT_MONTHS]:
            del self._by_month[forgotten]
        return counts


async def async_forget_calls(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the count of an entry that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.calls", atomic_writes=True)


def _month_of(now: datetime) -> str:
    return dt_util.as_local(now).strftime("%Y-%m")


def _valid_months(stored: dict[Any, Any]) -> Iterator[tuple[str, Counter[str]]]:
    """Yield what can be used of a file that anybody may have written to; older ones tell of one month only."""
    others = stored.get("other_months")
    months = [*(others.items() if isinstance(others, dict) else ()), (stored.get("month"), stored.get("calls"))]
    for month, counts in months:
        if type(month) is str and isinstance(counts, dict):
            yield month, Counter(_valid_counts(counts))


def _valid_counts(counts: dict[Any, Any]) -> dict[str, int]:
    return {api: count for api, count in counts.items() if type(api) is str and type(count) is int and count > 0}
