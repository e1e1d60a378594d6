"""Local times as text, for attributes, responses and diagnostics."""

from datetime import datetime

from homeassistant.util import dt as dt_util


def local_iso(instant: datetime | None) -> str | None:
    """Return an instant in local time, in ISO 8601 with whole seconds; None stays None."""
    return dt_util.as_local(instant).isoformat(timespec="seconds") if instant else None
