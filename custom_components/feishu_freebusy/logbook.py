"""What this integration did to bookings, in the logbook. Home Assistant adds who did it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from ._time import local_text
from .booking import Act
from .const import DOMAIN, EVENT_ACTION, EVENT_NO_SHOW

_ICONS = {
    Act.BOOKED.value: "mdi:calendar-plus",
    Act.EXTENDED.value: "mdi:calendar-arrow-right",
    Act.ENDED.value: "mdi:calendar-check",
    Act.RELEASED.value: "mdi:calendar-remove",
    Act.CANCELED.value: "mdi:calendar-remove",
    Act.UNDONE.value: "mdi:calendar-remove",
    Act.REQUESTED.value: "mdi:calendar-clock",
    Act.APPROVED.value: "mdi:calendar-check",
    Act.DECLINED.value: "mdi:calendar-remove",
    Act.EXPIRED.value: "mdi:calendar-remove",
    "will_be_released": "mdi:calendar-alert",
    "would_be_released": "mdi:calendar-question",
}
_TEXT = f"component.{DOMAIN}.selector.logbook.options.{{}}"


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None],
) -> None:
    """Describe the events that say what was done."""

    @callback
    def describe(event: LazyEventPartialState) -> dict[str, Any]:
        data = event.data
        texts = async_get_cached_translations(hass, hass.config.language, "selector", DOMAIN)
        action = str(data.get("action"))
        times = {"start": _local(data.get("start")), "end": _local(data.get("end"))}
        described = {
            LOGBOOK_ENTRY_NAME: data.get("name"),
            LOGBOOK_ENTRY_MESSAGE: texts.get(_TEXT.format(action), action).format_map(defaultdict(lambda: "…", times)),
            LOGBOOK_ENTRY_ICON: _ICONS.get(action),
            LOGBOOK_ENTRY_ENTITY_ID: data.get("entity_id"),
        }
        return {key: value for key, value in described.items() if value}

    for event_type in (EVENT_ACTION, EVENT_NO_SHOW):
        async_describe_event(DOMAIN, event_type, describe)


def _local(value: object) -> str:
    """Return a time of an event in local time, with its date if it is not today."""
    instant = dt_util.parse_datetime(value) if isinstance(value, str) else None
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        return "…"
    return local_text(instant, dt_util.utcnow())
