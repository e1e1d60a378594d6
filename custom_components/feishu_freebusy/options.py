"""The options of an entry, with their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from .const import (
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_PLAN,
    CONF_ROOMS,
    CONF_SCAN_INTERVAL,
)

DEFAULT_MONTHLY_BUDGET = 25_000  # half of the last quota known of free tenants: it is shared with their other apps
DEFAULT_SCAN_INTERVAL = 60
DEFAULT_HORIZON_DAYS = 7
DEFAULT_MIN_FREE_MINUTES = 15


class Plan(StrEnum):
    """What the tenant pays: free tenants have a monthly quota of calls."""

    FREE = "free"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Options:
    """What is read, and how. `rooms` maps the ids to the names they had when they were chosen."""

    rooms: Mapping[str, str]
    plan: Plan
    monthly_budget: int
    scan_interval: timedelta
    horizon: timedelta
    min_free: timedelta
    count_pending_as_busy: bool
    include_external_calendar: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return `entry.options` with the defaults filled in."""
        return cls(
            rooms=options.get(CONF_ROOMS, {}),
            plan=Plan(options.get(CONF_PLAN, Plan.FREE)),
            monthly_budget=int(options.get(CONF_MONTHLY_BUDGET, DEFAULT_MONTHLY_BUDGET)),
            scan_interval=timedelta(seconds=options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL)),
            horizon=timedelta(days=options.get(CONF_HORIZON_DAYS, DEFAULT_HORIZON_DAYS)),
            min_free=timedelta(minutes=options.get(CONF_MIN_FREE_MINUTES, DEFAULT_MIN_FREE_MINUTES)),
            count_pending_as_busy=options.get(CONF_COUNT_PENDING_AS_BUSY, False),
            include_external_calendar=options.get(CONF_INCLUDE_EXTERNAL_CALENDAR, True),
        )

    @property
    def budget(self) -> int | None:
        """Return the calls that may be made in a month, None for any number."""
        return self.monthly_budget if self.plan is Plan.FREE else None
