"""The options of an entry, with their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Any, Self

from homeassistant.util import dt as dt_util

from ..const import (
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_DASHBOARD_CARDS,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_OFF_HOURS,
    CONF_PEOPLE,
    CONF_PLAN,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    CONF_SCAN_INTERVAL,
    CONF_SOURCE,
    CONF_VOICE_SENTENCES,
)
from .intervals import OffHours

DEFAULT_MONTHLY_BUDGET = 25_000  # half of the last quota known of free tenants: it is shared with their other apps
DEFAULT_SCAN_INTERVAL = 60
DEFAULT_HORIZON_DAYS = 7
DEFAULT_MIN_FREE_MINUTES = 15
DEFAULT_OFF_HOURS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Plan(StrEnum):
    """What the tenant pays: free tenants have a monthly quota of calls."""

    FREE = "free"
    PAID = "paid"


class SourceOption(StrEnum):
    """Which API tells when rooms are busy."""

    AUTO = "auto"
    LIST = "list"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Options:
    """What is read, and how.

    `rooms`, `room_levels` and `people` map the ids to the names they had when they were chosen; all rooms of such a
    level are read. `off_hours` is None where all hours are alike.
    """

    rooms: Mapping[str, str]
    room_levels: Mapping[str, str]
    people: Mapping[str, str]
    plan: Plan
    monthly_budget: int
    source: SourceOption
    scan_interval: timedelta
    off_hours: OffHours | None
    horizon: timedelta
    min_free: timedelta
    count_pending_as_busy: bool
    include_external_calendar: bool
    dashboard_cards: bool
    voice_sentences: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return `entry.options` with the defaults filled in."""
        return cls(
            rooms=options.get(CONF_ROOMS, {}),
            room_levels=options.get(CONF_ROOM_LEVELS, {}),
            people=options.get(CONF_PEOPLE, {}),
            plan=Plan(options.get(CONF_PLAN, Plan.FREE)),
            monthly_budget=int(options.get(CONF_MONTHLY_BUDGET, DEFAULT_MONTHLY_BUDGET)),
            source=SourceOption(options.get(CONF_SOURCE, SourceOption.AUTO)),
            scan_interval=timedelta(seconds=options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)),
            off_hours=_off_hours({**DEFAULT_OFF_HOURS, **options.get(CONF_OFF_HOURS, {})}),
            horizon=timedelta(days=options.get(CONF_HORIZON_DAYS, DEFAULT_HORIZON_DAYS)),
            min_free=timedelta(minutes=options.get(CONF_MIN_FREE_MINUTES, DEFAULT_MIN_FREE_MINUTES)),
            count_pending_as_busy=options.get(CONF_COUNT_PENDING_AS_BUSY, False),
            include_external_calendar=options.get(CONF_INCLUDE_EXTERNAL_CALENDAR, True),
            dashboard_cards=options.get(CONF_DASHBOARD_CARDS, True),
            voice_sentences=options.get(CONF_VOICE_SENTENCES, False),
        )

    @property
    def budget(self) -> int | None:
        """Return the calls that may be made in a month, None for any number."""
        return self.monthly_budget if self.plan is Plan.FREE else None


def _off_hours(stored: Mapping[str, Any]) -> OffHours | None:
    if not stored["enabled"]:
        return None
    return OffHours(
        start=dt_util.parse_time(stored["start"]) or time.min,
        end=dt_util.parse_time(stored["end"]) or time.min,
        days=frozenset(map(WEEKDAYS.index, stored["days"])),
    )
