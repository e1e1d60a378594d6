"""What a person has to know or do: entries in Home Assistant's list of repairs. One per entry and kind."""

from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN

_QUOTA_EXCEEDED = "quota_exceeded"


@callback
def async_report_quota_exceeded(hass: HomeAssistant, entry: ConfigEntry[Any], until: datetime) -> None:
    """Say that the month's calls are used up, and until when nothing is read."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry, _QUOTA_EXCEEDED),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=_QUOTA_EXCEEDED,
        translation_placeholders={
            "name": entry.title,
            "until": dt_util.as_local(until).strftime("%Y-%m-%d %H:%M"),
        },
    )


@callback
def async_withdraw_issues(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove what no longer holds: Feishu answers again, or the entry goes."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, _QUOTA_EXCEEDED))


def _issue_id(entry: ConfigEntry[Any], kind: str) -> str:
    return f"{kind}_{entry.entry_id}"
