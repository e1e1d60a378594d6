"""The calls that count towards the tenant's monthly quota, what they were made for, and what each may use."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from math import inf
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..feishu.limits import AppTraffic, Payer
from ..model.moment import Moment
from ..model.options import Options
from .clock import EntryClock
from .shares import Share
from .store import async_load_if_readable

_VERSION = 1
_SAVE_DELAY = 60.0  # seconds; a crash loses the calls of this long
_KEPT_DAYS = 8  # of counts by payer
_RATE_DAYS = 7  # what is expected of the rest of the month is the average of these
_UNLIMITED_SCANS = 1_000_000  # calls a month on a plan without a budget: events may come without end
_UNLIMITED_UPDATES = 250_000  # calls a month on a plan without a budget: an automation may ask in a loop
_DAY = timedelta(days=1)
# Their calls are planned. All others are expected as often as they were made in the last days
_PLANNED = frozenset((Payer.POLLS, Payer.EVENTS, Payer.STATUSES, Payer.CATALOGUE))
_NOT_PLANNED = frozenset(Payer) - _PLANNED
_KEPT_MONTHS = 3  # a clock may be years off until NTP sets it: the counts of the real month must survive


class MonthlyCalls:
    """Counts the calls of this month, by API. The month is one of Home Assistant's time zone."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], traffic: AppTraffic, clock: EntryClock) -> None:
        self._store = _store(hass, entry)
        self._traffic = traffic
        self._clock = clock
        self._by_month: dict[str, Counter[str]] = {}  # by API; the current month is the last
        self._save_is_due = False
        self._is_closed = False
        self._by_day: dict[str, Counter[str]] = {}  # by payer; the current day is the last
        self.ranges = Share(0.1, days=2)
        self.actions = Share(0.1, days=1)
        self.titles = Share(0.1, days=1)
        self.updates = Share(0.1, days=1, unlimited=_UNLIMITED_UPDATES)
        self.event_scans = Share(0.05, days=2, unlimited=_UNLIMITED_SCANS)

    def configure(self, options: Options) -> None:
        """Use the budget of changed options."""
        for share in self._shares.values():
            share.configure(options.budget, options.off_hours)

    def spend_update(self, calls: float, moment: Moment) -> bool:
        """Spend calls of the share of `update_entity`; return whether there were enough. They are counted as polls."""
        if not self.updates.spend(calls, moment):
            return False
        self._day_of(moment.now)[Payer.UPDATES] += round(calls)
        return True

    def expected(self, moment: Moment, until: datetime, payers: Collection[Payer] = _NOT_PLANNED) -> float:
        """Return how many calls of these payers to expect until an instant: as many a day as in the last week."""
        if not self._by_day:
            return 0.0
        first = date.fromisoformat(min(self._by_day))
        midnight = moment.now.astimezone(moment.time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
        days = max((midnight.date() - first).days, 0)
        today = (moment.now - midnight) / _DAY
        earliest = midnight.date() - timedelta(days=_RATE_DAYS)
        made = sum(
            calls
            for day, counts in self._by_day.items()
            if earliest <= date.fromisoformat(day) <= midnight.date()
            for payer, calls in counts.items()
            if payer in payers
        )
        return made / max(min(days, _RATE_DAYS) + today, 1.0) * max((until - moment.now) / _DAY, 0.0)

    @property
    def by_payer(self) -> dict[str, int]:
        """Return the calls of the last days, by what they were made for."""
        return dict(sum(self._by_day.values(), self._traffic.paid.copy()))

    def shares_left(self, moment: Moment) -> dict[str, int | None]:
        """Return how many calls each share has left, None for no limit."""
        return {name: share.left(moment) for name, share in self._shares.items()}

    async def async_load(self) -> None:
        """Load the counts from before the start; an unreadable file counts as empty."""
        stored = await async_load_if_readable(self._store)
        if isinstance(stored, dict):
            self._by_month = dict(_valid_counts(stored.get("months")))
            self._by_day = {day: counts for day, counts in _valid_counts(stored.get("days")) if _is_day(day)}
            self._restore_shares(stored.get("shares"))

    def _restore_shares(self, stored: object) -> None:
        for name, share in self._shares.items():
            try:
                left, at = stored[name]  # type: ignore[index]  # other types fail
                instant = datetime.fromisoformat(at)
                if instant.tzinfo and 0 <= float(left) < inf:
                    share.restore(float(left), instant)
            except IndexError, KeyError, TypeError, ValueError:
                continue

    @property
    def by_api(self) -> dict[str, int]:
        """Return the calls of this month, by API."""
        return dict(self._this_month())

    @property
    def used(self) -> int:
        """Return the calls of this month."""
        return self._this_month().total()

    def _this_month(self) -> Counter[str]:
        return self._by_month.get(_month_of(self._clock.moment.now), Counter()) + self._traffic.counted

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
        stored = {name: share.stored for name, share in self._shares.items()}
        return {
            "months": {month: dict(counts) for month, counts in self._by_month.items()},
            "days": {day: dict(counts) for day, counts in self._by_day.items()},
            "shares": {name: [each[0], each[1].isoformat()] for name, each in stored.items() if each},
        }

    @property
    def _shares(self) -> dict[str, Share]:
        return {
            "ranges": self.ranges,
            "actions": self.actions,
            "titles": self.titles,
            "updates": self.updates,
            "event_scans": self.event_scans,
        }

    def _day_of(self, now: datetime) -> Counter[str]:
        day = dt_util.as_local(now).date().isoformat()
        counts = self._by_day.pop(day, Counter())
        self._by_day[day] = counts
        for oldest in list(self._by_day)[:-_KEPT_DAYS]:
            del self._by_day[oldest]
        return counts

    def _take_over(self) -> None:
        """Move the calls that the app has counted to this month, and drop old months."""
        now = self._clock.moment.now
        counts = self._this_month()
        self._traffic.counted.clear()
        if self._traffic.paid:
            self._day_of(now).update(self._traffic.paid)
            self._traffic.paid.clear()
        month = _month_of(now)
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
    return dt_util.as_local(now).date().isoformat()[:7]  # at each flip; strftime takes seven times as long


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _valid_counts(stored: object) -> Iterator[tuple[str, Counter[str]]]:
    """Yield the valid counts of a stored file, which anybody may have edited, with their month or day."""
    for span, counts in stored.items() if isinstance(stored, dict) else ():
        if isinstance(span, str) and isinstance(counts, dict):
            yield span, Counter({what: count for what, count in counts.items() if type(count) is int and count > 0})
