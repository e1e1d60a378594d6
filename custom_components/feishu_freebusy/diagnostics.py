"""Diagnostics for troubleshooting, without names, ids, addresses and secrets.

Every value is picked explicitly. A value is left out unless it is known to identify nobody.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain
import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry

from ._time import local_iso
from .const import (
    CONF_BASE_URL,
    CONF_BOOKING_CALENDAR,
    CONF_BOOKING_CONTACT,
    CONF_BOOKING_TITLE,
    CONF_OFFICE_DAY,
    CONF_PERSON,
    CONF_PERSON_USERS,
)
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import subject_id_of
from .errors import problem_key
from .feishu.address import FEISHU_URL, LARK_URL
from .feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, SCOPES_USER_IDS
from .feishu.errors import FeishuError
from .feishu.events import TO_BOOK, TO_SHOW_TITLES
from .feishu.grants import USER_SCOPES
from .feishu.models import SubjectKind
from .model.moment import Moment
from .model.options import CHOSEN, DEFAULTS
from .model.subject import Subject
from .sync.journal import async_poll_log

_SCOPES = {*SCOPES_FREE_BUSY, *SCOPES_ROOMS, *SCOPES_ROOM_BATCH, *SCOPES_USER_IDS, *chain(*TO_BOOK, *TO_SHOW_TITLES)}
_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+(_v\d)?")  # a type of Feishu, not a text from elsewhere
_SITES = {FEISHU_URL: "feishu", LARK_URL: "lark"}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: FeishuConfigEntry) -> dict[str, Any]:
    """Return the setup of the entry, how and what it reads, and the calls so far."""
    coordinator = _coordinator_of(entry)
    return {
        "entry": _entry(entry),
        "options": {key: entry.options[key] for key in DEFAULTS if key in entry.options},
        "chosen": {key: len(entry.options.get(key, {})) for key in CHOSEN},
        "has_office_day_entity": CONF_OFFICE_DAY in entry.options,
        "has_booking_title": CONF_BOOKING_TITLE in entry.options,
        "has_booking_calendar": CONF_BOOKING_CALENDAR in entry.options,
        "has_booking_contact": CONF_BOOKING_CONTACT in entry.options,
        "has_person_users": bool(entry.options.get(CONF_PERSON_USERS)),
        **(_running(coordinator) if coordinator else {}),
        "polls": [poll.as_dict() for poll in reversed(async_poll_log(hass, entry).polls)],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: FeishuConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return the state of a room or a person; for the account, the diagnostics of the entry."""
    subject_id = subject_id_of(entry, device.identifiers)
    if subject_id is None:
        return await async_get_config_entry_diagnostics(hass, entry)
    found: dict[str, Any] = {"entry": _entry(entry)}
    coordinator = _coordinator_of(entry)
    if coordinator is None or subject_id not in coordinator.subjects:
        return {**found, "subject": None}
    subject = coordinator.subjects[subject_id]
    return {
        **found,
        "interval": coordinator.timetable.interval.total_seconds(),
        "subject": _keys(coordinator)[subject_id],
        **_subject(coordinator, subject_id),
        # The times of people are private
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
        "clock_offset": round(coordinator.clock.offset.total_seconds()),
        "source": _source(coordinator),
        "calls": {
            "this_month": coordinator.calls.used,
            "by_api": coordinator.calls.by_api,
            "by_payer_last_days": coordinator.calls.by_payer,
            "shares_left": coordinator.calls.shares_left(coordinator.clock.moment),
            "projected": coordinator.timetable.projected_calls,
            "budget": coordinator.options.budget,
        },
        "catalogue": _catalogue(coordinator),
        "statuses": _statuses(coordinator),
        **_titles(coordinator),
        **_link(coordinator),
        **_live_updates(coordinator),
        "subjects": {key: _subject(coordinator, subject_id) for subject_id, key in keys.items()},
    }


def _keys(coordinator: FreeBusyCoordinator) -> dict[str, str]:
    """Return the anonymous key of each subject ("room 1") by its id, in their order."""
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
        "last_read_at": local_iso(coordinator.last_read_at),
        "last_poll_succeeded": coordinator.last_update_success,
    }


def _catalogue(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    read = coordinator.catalogue.data
    return {
        "read_at": local_iso(read.read_at),
        "rooms": len(read.catalogue.rooms),
        "levels": len(read.catalogue.levels),
        "missing": len(read.missing),
        "gone": len(read.gone),
        "scopes": None if read.scopes is None else sorted(read.scopes & _SCOPES),
        "may_list_rooms": not read.unlisted,
        "error": _error(coordinator.catalogue.error),
    }


def _statuses(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    """Return how often the statuses of rooms are read, and since when that fails."""
    plan, statuses = coordinator.timetable.status_plan, coordinator.statuses
    return {
        "interval_office_hours": plan.office.total_seconds(),
        "interval_off_hours": plan.off.total_seconds(),
        "failing_since": local_iso(statuses.failing_since),
        "error": _error(statuses.error),
    }


def _titles(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    """Return whether titles can be read. None of them is in it."""
    return {"titles": {"error": _error(coordinator.titles.error)}} if coordinator.titles.is_on else {}


def _link(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    """Return whether calls in the name of a person work. Times are ages in seconds, and the person is not named."""
    grant, now = coordinator.grant, coordinator.clock.moment.now
    if grant.link is None:
        return {}
    consented_at, refreshed_at, end = grant.link.consented_at, grant.refreshed_at, grant.end
    granted = coordinator.config_entry.data[CONF_PERSON].get("scopes", ())
    return {
        "link": {
            "end": end and end.value,
            "error": _error(grant.error),
            "has_token": grant.current is not None,
            "consented": consented_at and round((now - consented_at).total_seconds()),
            "refreshed": refreshed_at and round((now - refreshed_at).total_seconds()),
            "to_renew": grant.link.is_to_renew,
            "scopes": sorted({*granted} & {*USER_SCOPES}),
        }
    }


def _live_updates(coordinator: FreeBusyCoordinator) -> dict[str, Any]:
    """Return the state of live updates. Times are ages in seconds."""
    live, now = coordinator.live, coordinator.clock.moment.loop
    numbers, reader = live.statistics, live.reader
    if numbers is None or reader is None:
        return {}
    return {
        "live_updates": {
            "state": live.state.value,
            "problem": live.status.problem and live.status.problem.value,
            "connected_for": _age(numbers.connected_at, now),
            "last_pong": _age(numbers.last_pong, now),
            "last_events": {name: _age(at, now) for name, at in numbers.last_events.items() if _EVENT.fullmatch(name)},
            "events": numbers.events,
            "malformed": numbers.malformed,
            "foreign": numbers.foreign,
            "connections": numbers.connections,
            "last_code": numbers.last_code,
            "trust": reader.trust.state.value,
            "covered": reader.trust.covered,
            "misses": reader.trust.misses,
            **asdict(reader.counts),
        }
    }


def _age(at: float | None, now: float) -> int | None:
    return None if at is None else round(now - at)


def _subject(coordinator: FreeBusyCoordinator, subject_id: str) -> dict[str, Any]:
    subject, catalogue = coordinator.subjects[subject_id], coordinator.catalogue.data
    snapshot, reading, schedule = coordinator.subjects.snapshot(subject_id), subject.reading, subject.schedule
    moment = coordinator.clock.moment
    return {
        "fresh": snapshot is not None,
        "busy": snapshot.status.busy if snapshot and subject.kind is SubjectKind.ROOM else None,
        "age": reading and round((moment.now - reading.read_at).total_seconds()),
        "fresh_for": reading and round((reading.fresh_until - moment.now).total_seconds()),
        "due_in": round(coordinator.timetable.due_at(subject_id) - moment.loop),
        "read": subject_id not in coordinator.ignored,
        "periods": len(reading.periods) if reading else None,
        "blocks": len(schedule.blocks) if schedule else None,
        "pending": snapshot.status.pending if snapshot else None,
        "disabled": subject.disabled is not None,
        "missing": catalogue.missing.get(subject_id, 0),
        "gone": subject_id in catalogue.gone,
        "failures": coordinator.timetable.failures(subject_id),
        "error": _error(subject.error),
        "evidence": _evidence(subject, moment),
    }


def _evidence(subject: Subject, moment: Moment) -> dict[str, Any]:
    """Return what the state rests on: the age of each piece, and for how long it still counts, in seconds."""
    return {
        piece.value: {
            "age": round(limit.read.age(moment).total_seconds()),
            "counts_for": round((limit.until_at(moment) - moment.now).total_seconds()),
        }
        for piece, limit in subject.evidence.items()
    }


def _times(coordinator: FreeBusyCoordinator, subject_id: str) -> dict[str, Any]:
    """Return the answer for a room and the schedule made from it. It does not say whose meetings they are."""
    subject = coordinator.subjects[subject_id]
    reading, disabled = subject.reading, subject.disabled
    return {
        "window": reading and [local_iso(reading.window_start), local_iso(reading.horizon)],
        "answer": [
            [local_iso(period.start), local_iso(period.end), period.rsvp_status and period.rsvp_status.value]
            for period in (reading.periods if reading else ())
        ],
        "merged": [
            [local_iso(block.start), local_iso(block.end)]
            for block in (subject.schedule.blocks if subject.schedule else ())
        ],
        "out_of_service": disabled and [local_iso(disabled.start), local_iso(disabled.end)],
    }


def _error(error: FeishuError | None) -> Mapping[str, Any] | None:
    """Return a failure without the server's message."""
    if error is None:
        return None
    details = error.details
    return {"error": problem_key(error), "code": details.code, "http": details.http_status, "log_id": details.log_id}
