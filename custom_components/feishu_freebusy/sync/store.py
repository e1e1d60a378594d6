"""The last readings and the catalogue, kept over restarts, so that a start in an outage shows them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import Store

from ..const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from ..model.directory import KnownRooms
from ..model.intervals import grace
from ..model.subject import Reading, rows_of_both
from .clock import EntryClock
from .codec import (
    catalogue_from_json,
    catalogue_to_json,
    readings_from_json,
    readings_to_json,
    times_from_json,
    times_to_json,
)

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_SAVE_DELAY = 5.0  # seconds; changes of one poll are written together
_TIMES_DELAY = 300.0  # seconds; after a crash, half of the shortest grace is left
_MOST_CHANGED = 50  # readings in the file of changes; with more, all are written
_CATALOGUE_LASTS = timedelta(days=1)  # while Home Assistant is off: later, too many rooms may have been disabled
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_LONGEST_WINDOW = timedelta(days=366)

type Readings = Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Restored:
    """The stored readings by subject id, and the stored catalogue, if any."""

    readings: Readings
    catalogue: KnownRooms | None


class Stored:
    """The files of an entry: the readings, those that changed since these were written, their times, and the catalogue.

    Memory cards wear out: a reading is written soon after its bookings change. When nothing has changed, only the times
    at which that was confirmed are written, now and then, to a file of their own.
    """

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], clock: EntryClock) -> None:
        """A file is used only if it was written for this entry, with the same app and address."""
        self._hass = hass
        self._entry = entry
        self._clock = clock
        self._readings_store, self._changes_store, self._times_store, self._catalogue_store = _stores(hass, entry)
        # As at the start: readings of another server must not be used
        self._owner = owner_of(entry)
        self._kept: KnownRooms | None = None  # on disk
        self._latest: KnownRooms | None = None
        self._readings: Callable[[], Readings] | None = None
        self._changed: set[str] = set()  # since all readings were written
        self._cancel_save: CALLBACK_TYPE | None = None
        self._cancel_times: CALLBACK_TYPE | None = None

    async def async_load(self) -> Restored:
        """Return what is stored; an unreadable file counts as empty."""
        readings = await self._async_load(self._readings_store, readings_from_json) or {}
        changes = await self._async_load(self._changes_store, readings_from_json) or {}
        for subject_id, reading in changes.items():
            if subject_id not in readings or readings[subject_id].read_at < reading.read_at:
                readings[subject_id] = reading
        if times_of := await self._async_load(self._times_store, times_from_json):
            times = times_of(readings)
            readings = {each: _confirmed(reading, times.get(each)) for each, reading in readings.items()}
        read = await self._async_load(self._catalogue_store, catalogue_from_json)
        now = self._clock.moment.now
        if read and now - max([read.read_at, *(reading.read_at for reading in readings.values())]) > _CATALOGUE_LASTS:
            read = None
        if read and max([read.read_at, *read.told_at.values(), *read.doubted.values()]) > now:
            # The clock was set back: how old the statuses are is unknown
            read = replace(read, read_at=_LONG_AGO, told_at={}, doubted={})
        self._kept = read
        return Restored(readings, read)

    @callback
    def async_keep_catalogue(self, read: KnownRooms) -> None:
        """Write a new catalogue to disk at once: a room may have been disabled. New times alone are written at last."""
        kept, self._latest = self._kept, read
        if kept is None or read != replace(kept, told_at=read.told_at):
            self._kept = read
            task = self._async_save(self._catalogue_store, partial(self._catalogue_as_json, read))
            self._entry.async_create_task(self._hass, task, f"{self._entry.title} save rooms")

    @callback
    def async_keep_readings(self, readings: Callable[[], Readings], changed: str | None) -> None:
        """Write the reading of `changed` to disk in a few seconds, if its bookings have changed.

        `readings` returns all readings; it is called in another thread and must return a stable mapping.
        """
        self._readings = readings
        if not self._cancel_times:
            job = HassJob(self._async_save_times, f"{self._entry.title} save times", cancel_on_shutdown=True)
            self._cancel_times = async_call_later(self._hass, _TIMES_DELAY, job)
        if changed is None:
            return
        self._changed.add(changed)
        if not self._cancel_save:  # a second call would restart the delay
            job = HassJob(self._async_save_changes, f"{self._entry.title} save changes", cancel_on_shutdown=True)
            self._cancel_save = async_call_later(self._hass, _SAVE_DELAY, job)

    async def _async_save_times(self, _now: datetime) -> None:
        self._cancel_times = None
        times = {subject_id: reading.read_at for subject_id, reading in (self._readings or dict)().items()}
        if self._cancel_save:  # first: a time confirms the bookings that are on disk
            self._cancel_save()
            await self._async_save_changes()
        await self._async_save(self._times_store, lambda: self._owned(times_to_json(times)))

    async def _async_save_changes(self, _now: datetime | None = None) -> None:
        self._cancel_save = None
        if len(self._changed) > _MOST_CHANGED:
            self._changed.clear()
            await self._async_save(self._readings_store, self._readings_as_json)
        else:
            await self._async_save(self._changes_store, partial(self._changes_as_json, frozenset(self._changed)))

    async def async_save(self) -> None:
        """Write what is not on disk yet: readings since the start, and when the status of rooms was read."""
        for cancel in filter(None, (self._cancel_save, self._cancel_times)):
            cancel()
        self._cancel_save = self._cancel_times = None
        if self._readings:
            await self._async_save(self._readings_store, self._readings_as_json)
        if self._latest and self._latest is not self._kept:
            self._kept = self._latest
            await self._async_save(self._catalogue_store, partial(self._catalogue_as_json, self._latest))

    def _changes_as_json(self, changed: frozenset[str]) -> dict[str, Any]:
        readings = self._readings() if self._readings else {}
        return self._owned(readings_to_json({each: readings[each] for each in changed if each in readings}))

    def _readings_as_json(self) -> dict[str, Any]:
        return self._owned(readings_to_json(self._readings() if self._readings else {}))

    def _catalogue_as_json(self, read: KnownRooms) -> dict[str, Any]:
        return self._owned(catalogue_to_json(read))

    def _owned(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"owner": self._owner, "content": content}

    async def _async_save(self, store: Store[Any], content: Callable[[], dict[str, Any]]) -> None:
        await store.async_save(await self._hass.async_add_executor_job(content))

    async def _async_load[T](self, store: Store[Any], from_json: Callable[[object], T]) -> T | None:
        stored = await async_load_if_readable(store)
        if not isinstance(stored, dict) or stored.get("owner") != self._owner:
            return None
        return await self._hass.async_add_executor_job(from_json, stored.get("content"))


def _confirmed(reading: Reading, at: datetime | None) -> Reading:
    """Return a reading as it was read once more, with the same bookings, at `at`."""
    if at is None or not reading.read_at < at < reading.horizon:
        return reading
    return replace(reading, read_at=at, fresh_until=reading.fresh_until + (at - reading.read_at))


def is_news(before: Reading | None, reading: Reading) -> bool:
    """Return whether a reading has to be written to disk; `before` is the one that was read before it.

    A booking that only leaves or enters the window is no news: what is on disk stays true. So that the window on disk
    follows, the first reading of a day is news.
    """
    if (
        before is None
        or before.include_external_calendar != reading.include_external_calendar
        or before.horizon - before.window_start != reading.horizon - reading.window_start
        or before.window_start.date() != reading.window_start.date()
    ):
        return True
    if before.periods is reading.periods:
        return False
    known, now_known = rows_of_both(before, reading)
    return Counter(known) != Counter(now_known)


def still_valid(
    readings: Readings, now: datetime, interval_at: Callable[[datetime], timedelta], *, include_external_calendar: bool
) -> dict[str, Reading]:
    """Return the stored readings that are valid at `now`, for no longer than the grace of the interval at their time.

    A reading with another `include_external_calendar` is dropped, and so is one from the future (the clock was set
    back): its age is unknown.
    """
    return {
        subject_id: replace(reading, fresh_until=until)
        for subject_id, reading in readings.items()
        if reading.include_external_calendar == include_external_calendar
        and reading.window_start <= reading.read_at <= now < reading.horizon
        and reading.horizon - reading.window_start <= _LONGEST_WINDOW
        and now < (until := min(reading.fresh_until, reading.read_at + grace(interval_at(reading.read_at))))
    }


async def async_forget_stored(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the files of an entry that is removed."""
    for store in _stores(hass, entry):
        await store.async_remove()


def _stores(hass: HomeAssistant, entry: ConfigEntry[Any]) -> tuple[Store[Any], Store[Any], Store[Any], Store[Any]]:
    """Return the files of readings, changes, times and catalogue; a thread serializes them, not the loop."""

    def store(name: str) -> Store[Any]:
        key = f"{DOMAIN}.{entry.entry_id}.{name}"
        return Store(hass, _VERSION, key, private=True, atomic_writes=True, serialize_in_event_loop=False)

    return store("readings"), store("changes"), store("times"), store("rooms")


def owner_of(entry: ConfigEntry[Any]) -> dict[str, str]:
    """Return what a file says of the entry that it was written for. With another app or address, it is not used."""
    return {
        "entry_id": entry.entry_id,
        CONF_APP_ID: entry.data[CONF_APP_ID],
        CONF_BASE_URL: entry.data[CONF_BASE_URL],
    }


async def async_load_if_readable(store: Store[Any]) -> object:
    """Return the content of a file; None if it can't be read or has another version."""
    try:
        return await store.async_load()
    except HomeAssistantError, NotImplementedError, KeyError, TypeError, OSError:
        _LOGGER.debug("%s could not be read", store.key, exc_info=True)
        return None
