"""The last readings and the catalogue, kept over restarts, so that a start in an outage shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from ..model.directory import KnownRooms
from ..model.intervals import grace
from ..model.subject import Reading
from .codec import catalogue_from_json, catalogue_to_json, readings_from_json, readings_to_json

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
# Seconds. Polls are more frequent, but memory cards wear out. After a crash, readings still have half of the shortest
# grace
_SAVE_DELAY = 300.0
_CATALOGUE_LASTS = timedelta(days=1)  # while Home Assistant is off: later, too many rooms may have been disabled
_LONGEST_WINDOW = timedelta(days=366)

type Readings = Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class Restored:
    """The stored readings by subject id, and the stored catalogue, if any."""

    readings: Readings
    catalogue: KnownRooms | None


class Stored:
    """Two files of an entry: the readings, which change with every poll, and the catalogue, which rarely changes."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """A file is used only if it was written for this entry, with the same app and address."""
        self._hass = hass
        self._entry = entry
        self._readings_store, self._catalogue_store = _stores(hass, entry)
        # As at the start: readings of another server must not be used
        self._owner = {
            "entry_id": entry.entry_id,
            CONF_APP_ID: entry.data[CONF_APP_ID],
            CONF_BASE_URL: entry.data[CONF_BASE_URL],
        }
        self._kept: KnownRooms | None = None
        self._readings: Callable[[], Readings] | None = None
        self._save_is_due = False

    async def async_load(self) -> Restored:
        """Return what is stored; an unreadable file counts as empty."""
        readings = await self._async_load(self._readings_store, readings_from_json) or {}
        read = await self._async_load(self._catalogue_store, catalogue_from_json)
        now = dt_util.utcnow()
        if read and now - max([read.read_at, *(reading.read_at for reading in readings.values())]) > _CATALOGUE_LASTS:
            read = None
        if read and read.read_at > now:
            read = replace(read, read_at=now)  # the clock was set back
        self._kept = read
        return Restored(readings, read)

    @callback
    def async_keep_catalogue(self, read: KnownRooms) -> None:
        """Write a new catalogue to disk at once: a room may have been disabled."""
        if read is not self._kept:
            self._kept = read
            task = self._async_save(self._catalogue_store, partial(self._catalogue_as_json, read))
            self._entry.async_create_task(self._hass, task, f"{self._entry.title} save rooms")

    @callback
    def async_keep_readings(self, readings: Callable[[], Readings]) -> None:
        """Write the readings to disk later. `readings` is called in another thread and must return a stable mapping."""
        self._readings = readings
        # Once: another call would restart the delay, and frequent polls would prevent the save
        if not self._save_is_due:
            self._save_is_due = True
            self._readings_store.async_delay_save(self._readings_as_json, _SAVE_DELAY)

    async def async_save(self) -> None:
        """Write the readings to disk, if any were read since the start."""
        if self._readings:
            await self._async_save(self._readings_store, self._readings_as_json)

    def _readings_as_json(self) -> dict[str, Any]:
        self._save_is_due = False  # first: readings from now on need another save
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


def _stores(hass: HomeAssistant, entry: ConfigEntry[Any]) -> tuple[Store[Any], Store[Any]]:
    """Return the files of readings and catalogue; a thread serializes them, as 1,000 rooms would block the loop."""

    def store(name: str) -> Store[Any]:
        key = f"{DOMAIN}.{entry.entry_id}.{name}"
        return Store(hass, _VERSION, key, private=True, atomic_writes=True, serialize_in_event_loop=False)

    return store("readings"), store("rooms")


async def async_load_if_readable(store: Store[Any]) -> object:
    """Return the content of a file; None if it can't be read or has another version."""
    try:
        return await store.async_load()
    except HomeAssistantError, NotImplementedError, KeyError, TypeError, OSError:
        _LOGGER.debug("%s could not be read", store.key, exc_info=True)
        return None
