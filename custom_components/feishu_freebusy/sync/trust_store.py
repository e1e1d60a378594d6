"""Whether events cover all changes, kept over restarts: otherwise, each restart would cost a day of normal polling."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from .clock import EntryClock
from .store import async_load_if_readable, owner_of
from .trust import Trust

_VERSION = 1
_SAVE_DELAY = 3600.0  # seconds; a crash loses the changes of this long
_LASTS = timedelta(days=1)  # while live updates are off or Home Assistant is: the app may have been changed


class TrustStore:
    """The file of an entry."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], clock: EntryClock) -> None:
        """A file is used only if it was written for this entry, with the same app and address."""
        self._store = _store(hass, entry)
        self._clock = clock
        self._owner = owner_of(entry)
        self._save_is_due = False

    async def async_restore(self, trust: Trust) -> None:
        """Continue with what is stored; an unreadable file changes nothing."""
        stored = await async_load_if_readable(self._store)
        if not isinstance(stored, dict) or stored.get("owner") != self._owner:
            return
        moment = self._clock.moment
        try:
            off_for = moment.now - datetime.fromisoformat(stored["saved_at"])
        except KeyError, TypeError, ValueError:
            return
        if timedelta() <= off_for <= _LASTS:  # else the clock was set back, or it is too long ago
            trust.restore(stored.get("trust"), moment.loop, off_for=off_for.total_seconds())

    @callback
    def async_save_soon(self, trust: Callable[[], Trust]) -> None:
        """Write to disk within an hour, and when Home Assistant stops."""
        if not self._save_is_due:  # a second call would restart the delay
            self._save_is_due = True
            self._store.async_delay_save(lambda: self._content(trust()), _SAVE_DELAY)

    async def async_save(self, trust: Trust) -> None:
        """Write to disk now."""
        await self._store.async_save(self._content(trust))

    async def async_forget(self) -> None:
        """Remove the file."""
        await self._store.async_remove()

    def _content(self, trust: Trust) -> dict[str, Any]:
        self._save_is_due = False
        moment = self._clock.moment
        return {"owner": self._owner, "saved_at": moment.now.isoformat(), "trust": trust.stored(moment.loop)}


async def async_forget_trust(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the file of an entry that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.live_updates", atomic_writes=True)
