"""The calls that count towards the tenant's monthly quota, kept over restarts."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..feishu.limits import AppTraffic
from .store import async_load_if_readable

_VERSION = 1
_SAVE_DELAY = 60.0  # seconds; a crash loses the calls of this long
_SHARE_OF_ACTIONS = 0.2  # of a day's part of the monthly budget
_DAYS_OF_MONTH = 30
_KEPT_MONTHS = 3  # a clock may be years off until NTP sets it: the counts of the real month must survive


class MonthlyCalls:
    """Counts the calls of this month, by API. The month is one of Home Assistant's time zone."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], traffic: AppTraffic) -> None:
        self._store = _store(hass, entry)
        self._traffic = traffic
        self._by_month: dict[str, Counter[str]] = {}  # by API; the current month is the last
        self._save_is_due = False
        self._is_closed = False
        self._actions: tuple[date, int] = (date.min, 0)  # the day, and the calls of actions on it

    def left_for_actions(self, budget: int | None) -> int | None:
        """Return how many calls actions may still take today; None if the `budget` of the month is unlimited."""
        if budget is None:
            return None
        day, used = self._actions
        share = round(budget * _SHARE_OF_ACTIONS / _DAYS_OF_MONTH)
        return max(share - (used if day == dt_util.now().date() else 0), 0)

    def note_action(self, calls: int) -> None:
        """Count calls of an action for today."""
        day, used = self._actions
        today = dt_util.now().date()
        self._actions = (today, calls + (used if day == today else 0))

    async def async_load(self) -> None:
        """Load the counts from before the start; an unreadable file counts as empty."""
        stored = await async_load_if_readable(self._store)
        if isinstance(stored, dict):
            self._by_month = dict(_valid_months(stored.get("months")))

    @property
    def by_api(self) -> dict[str, int]:
        """Return the calls of this month, by API."""
        return dict(self._this_month())

    @property
    def used(self) -> int:
        """Return the calls of this month."""
        return self._this_month().total()

    def _this_month(self) -> Counter[str]:
        return self._by_month.get(_month_of(dt_util.utcnow()), Counter()) + self._traffic.counted

    @callback
    def async_save_soon(self) -> None:
        """Write the count to disk within a minute. Must be called after calls to Feishu."""
        if self._is_closed:
            return  # the next start counts them; the file of a removed entry must not come back
        self._take_over()
        # Once: another call would restart the delay, and frequent polls would prevent the save
        if not self._save_is_due:
            self._save_is_due = True
            self._store.async_delay_save(self._stored, _SAVE_DELAY)

    async def async_save(self) -> None:
        """Write the count to disk for the last time: the entry is unloaded."""
        self._is_closed = True
        await self._store.async_save(self._stored())

    def _stored(self) -> dict[str, Any]:
        self._save_is_due = False
        self._take_over()
        return {"months": {month: dict(counts) for month, counts in self._by_month.items()}}

    def _take_over(self) -> None:
        """Move the calls that the app has counted to this month, and drop old months."""
        counts = self._this_month()
        self._traffic.counted.clear()
        month = _month_of(dt_util.utcnow())
        self._by_month.pop(month, None)
        self._by_month[month] = counts
        for oldest in list(self._by_month)[:-_KEPT_MONTHS]:
            del self._by_month[oldest]


async def async_forget_calls(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the count of an entry that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.calls", atomic_writes=True)


def _month_of(now: datetime) -> str:
    return dt_util.as_local(now).strftime("%Y-%m")


def _valid_months(months: object) -> Iterator[tuple[str, Counter[str]]]:
    """Yield the valid parts of a stored file, which anybody may have edited."""
    for month, counts in months.items() if isinstance(months, dict) else ():
        if isinstance(month, str) and isinstance(counts, dict):
            yield month, Counter({api: count for api, count in counts.items() if type(count) is int and count > 0})
