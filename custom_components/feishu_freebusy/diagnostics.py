"""What helps to find out why an entry does what it does; without names, ids, addresses and secrets.

All that is told is picked here, one by one: what is not known to tell nobody anything is not in it.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.util import dt as dt_util

from .const import (
    CONF_BASE_URL,
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
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import subject_id_of
from .errors import problem_key
from .feishu.address import FEISHU_URL, LARK_URL
from .feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, SCOPES_USER_IDS
from .feishu.errors import FeishuError
from .model.schedule import SubjectKind
from .sync.journal import async_poll_log

_OPTIONS = (
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_DASHBOARD_CARDS,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_OFF_HOURS,
    CONF_PLAN,
    CONF_SCAN_INTERVAL,
    CONF_SOURCE,
    CONF_VOICE_SENTENCES,
)
_COUNTED = (CONF_PEOPLE, CONF_ROOM_LEVELS, CONF_ROOMS)
_SCOPES = {*SCOPES_FREE_BUSY, *SCOPES_ROOMS, *SCOPES_ROOM_BATCH, *SCOPES_USER_IDS}
_SITES = {FEISHU_URL: "feishu", LARK_URL: "lark"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: FeishuConfigEntry) -> dict[str, Any]:
    """Return how the entry is set up, how it reads, what came of it, and what that has cost so far."""
    coordinator = _coordinator_of(entry)
    return {
        "entry": _entry(entry),
        "options": {key: entry.options[key] for key in _OPTIONS if key in entry.options},
        "chosen": {key: len(entry.options.get(key, {})) for key in _COUNTED},
        **(_running(coordinator) if coordinator else {}),
        "polls": [poll.as_dict() for poll in reversed(async_poll_log(hass, entry).polls)],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: FeishuConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return what is known of a room or a person, by its key in the entry's diagnostics; for the account, these."""
    subject_id = subject_id_of(entry, device.identifiers)
    if subject_id is None:
        return await async_get_config_entry_diagnostics(hass, entry)
    found: dict[str, Any] = {"entry": _entry(entry)}
    coordinator = _coordinator_of(entry)
    if coordinator is None or subject_id not in coordinator:
        return {**found, "subject": None}
    subject = coordinator.subjects[subject_id]
    return {
        **found,
        "interval": coordinator.timetable.interval.total_seconds(),
        "subject": _keys(coordinator)[subject_id],
        **_subject(coordinator, subject_id),
        # When others are busy is their own concern
        **(_times(coordinator, subject_id) if subject.kind is SubjectKind.ROOM else {}),
    }


def _coordinator_of(entry: FeishuConfigEntry) -> FreeBusyCoordinator | None:
    return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None


def _entry(entry: FeishuConfigEntry) -> dict[str, Any]:
    return {
        "state": entry.state.value,
        "reason": entry.error_reason_translation_key,
        "version": f"{entry.version}.{entry.minor_version}",
        "site": _SITES.get(entry.data[CONF_BASE_URL], "private"),
    }


def _running(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    keys = _keys(coordinator)
    kinds = Counter(subject.kind for subject in coordinator.subjects.values())
    return {
        "rooms": kinds[SubjectKind.ROOM],
        "people": kinds[SubjectKind.PERSON],
        "source": _source(coordinator),
        "calls": {
            "this_month": coordinator.calls.used,
            "by_api": coordinator.calls.by_api,
            "projected": coordinator.timetable.projected_calls,
            "budget": coordinator.options.budget,
        },
        "catalogue": _catalogue(coordinator),
        "subjects": {key: _subject(coordinator, subject_id) for subject_id, key in keys.items()},
    }


def _keys(coordinator: FreeBusyCoordinator) -> dict[str, str]:
    """Return what subjects are called here, by their ids: "room 1" and so on, in their order."""
    counts: Counter[SubjectKind] = Counter()
    keys = {}
    for subject_id, subject in coordinator.subjects.items():
        counts[subject.kind] += 1
        keys[subject_id] = f"{subject.kind.value} {counts[subject.kind]}"
    return keys


def _source(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    source = coordinator.source
    return {
        "in_use": source.forecast.source.value,
        "reason": source.forecast.reason.value,
        "refusal": _error(source.refusal),
        "calls_per_cycle": source.forecast.calls_per_cycle,
        "interval": coordinator.timetable.interval.total_seconds(),
        "interval_office_hours": coordinator.timetable.plan.office.total_seconds(),
        "interval_off_hours": coordinator.timetable.plan.off.total_seconds(),
        "last_read_at": _text(coordinator.last_read_at),
        "last_poll_succeeded": coordinator.last_update_success,
    }


def _catalogue(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    read = coordinator.catalogue.data
    return {
        "read_at": _text(read.read_at),
        "rooms": len(read.catalogue.rooms),
        "levels": len(read.catalogue.levels),
        "missing": len(read.missing),
        "gone": len(read.gone),
        "scopes": None if read.scopes is None else sorted(read.scopes & _SCOPES),
    }


def _subject(coordinator: FreeBusyCoordinator, subject_id: str) -> dict[str, Any]:
    subject, catalogue = coordinator.subjects[subject_id], coordinator.catalogue.data
    snapshot, reading, schedule = coordinator.snapshot(subject_id), subject.reading, subject.schedule
    now = dt_util.utcnow()
    return {
        "fresh": snapshot is not None,
        "busy": snapshot.status.busy if snapshot and subject.kind is SubjectKind.ROOM else None,
        "age": reading and round((now - reading.read_at).total_seconds()),
        "fresh_for": reading and round((reading.fresh_until - now).total_seconds()),
        "due_in": round(coordinator.timetable.due_at(subject_id) - coordinator.moment.loop),
        "read": subject_id not in coordinator.ignored,
        "periods": len(reading.periods) if reading else None,
        "blocks": len(schedule.blocks) if schedule else None,
        "pending": snapshot.status.pending if snapshot else None,
        "disabled": subject.disabled is not None,
        "missing": catalogue.missing.get(subject_id, 0),
        "gone": subject_id in catalogue.gone,
        "failures": coordinator.timetable.failures(subject_id),
        "error": _error(subject.error),
    }


def _times(coordinator: FreeBusyCoordinator, subject_id: str) -> dict[str, Any]:
    """Return what was answered and what became of it; what was read of a room tells nobody whose meetings they are."""
    subject = coordinator.subjects[subject_id]
    reading, disabled = subject.reading, subject.disabled
    return {
        "window": reading and [_text(reading.window_start), _text(reading.horizon)],
        "answer": [
            [_text(period.start), _text(period.end), period.rsvp_status and period.rsvp_status.value]
            for period in (reading.periods if reading else ())
        ],
        "merged": [
            [_text(block.start), _text(block.end)] for block in (subject.schedule.blocks if subject.schedule else ())
        ],
        "out_of_service": disabled and [_text(disabled.start), _text(disabled.end)],
    }


def _error(error: FeishuError | None) -> Mapping[str, Any] | None:
    """Return a failure without the server's own words."""
    if error is None:
        return None
    answer = error.answer
    return {"error": problem_key(error), "code": error.code, "http": answer.http_status, "log_id": answer.log_id}


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else dt_util.as_local(instant).isoformat(timespec="seconds")
