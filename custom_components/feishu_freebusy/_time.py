"""Local times as text, for attributes, responses, diagnostics and messages."""

from datetime import datetime, tzinfo
from functools import lru_cache

from homeassistant.util import dt as dt_util


def local_iso(instant: datetime | None) -> str | None:
    """Return an instant in local time, in ISO 8601 with whole seconds; None stays None."""
    return _iso(instant, dt_util.get_default_time_zone()) if instant else None


def local_text(instant: datetime, now: datetime) -> str:
    """Return an instant in local time for people, with its date if that is not the date of `now`."""
    local = dt_util.as_local(instant)
    return local.strftime("%H:%M" if local.date() == dt_util.as_local(now).date() else "%Y-%m-%d %H:%M")


@lru_cache(maxsize=4096)  # many rooms are booked at the same times
def _iso(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="seconds")
