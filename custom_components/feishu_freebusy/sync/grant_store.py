"""The file with the tokens of a person. Each entry has its own, readable by Home Assistant's user alone."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..feishu.errors import TokenNotKeptError
from ..model.link import LinkEnd
from .store import async_load_if_readable, owner_of

_VERSION = 1


class Sent(StrEnum):
    """Whether the refresh token in the file was sent, and with which result."""

    NO = "no"
    REFUSED = "refused"  # it was sent and not used up
    MAYBE = "maybe"  # it may have been sent, and no answer was written


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The tokens of a person. All times are by the clock of the entry, which may have been wrong.

    `refreshed_at` is the time of the request that returned `refresh_token`.
    """

    open_id: str
    consented_at: datetime
    access_token: str = field(repr=False)
    access_ends: datetime
    refresh_token: str = field(repr=False)
    refreshed_at: datetime
    refresh_lifetime: float  # seconds
    sent: Sent = Sent.NO
    end: LinkEnd | None = None


class GrantStore:
    """The file of an entry. It is used only if it was written for this entry, with the same app and address."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self._hass = hass
        self._entry = entry
        self._store = _store(hass, entry)
        self._owner = owner_of(entry)

    async def async_load(self) -> Kept | None:
        """Return the tokens on disk, None if there are none or the file can't be read."""
        stored = await async_load_if_readable(_store(self._hass, self._entry))  # a new store reads the disk
        if not isinstance(stored, dict) or stored.get("owner") != self._owner:
            return None
        try:
            return _from_json(stored["grant"])
        except AttributeError, KeyError, OverflowError, TypeError, ValueError:
            return None

    async def async_save(self, kept: Kept) -> None:
        """Write the tokens. Raises `TokenNotKeptError` if they did not reach the disk."""
        try:
            await self._store.async_save({"owner": self._owner, "grant": _to_json(kept)})
        except OSError:
            raise TokenNotKeptError("the tokens could not be written to disk") from None
        # Home Assistant only logs a failed write, and delays one while it stops
        if await self.async_load() != kept:
            raise TokenNotKeptError("the tokens could not be written to disk")

    async def async_remove(self) -> None:
        """Delete the file."""
        await self._store.async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.grant", private=True, atomic_writes=True)


def _to_json(kept: Kept) -> dict[str, Any]:
    return {
        "open_id": kept.open_id,
        "consented_at": kept.consented_at.isoformat(),
        "access_token": kept.access_token,
        "access_ends": kept.access_ends.isoformat(),
        "refresh_token": kept.refresh_token,
        "refreshed_at": kept.refreshed_at.isoformat(),
        "refresh_lifetime": kept.refresh_lifetime,
        "sent": kept.sent.value,
        "end": kept.end and kept.end.value,
    }


def _from_json(stored: dict[str, Any]) -> Kept:
    return Kept(
        open_id=_text(stored["open_id"]),
        consented_at=_instant(stored["consented_at"]),
        access_token=_text(stored["access_token"]),
        access_ends=_instant(stored["access_ends"]),
        refresh_token=_text(stored["refresh_token"]),
        refreshed_at=_instant(stored["refreshed_at"]),
        refresh_lifetime=float(stored["refresh_lifetime"]),
        sent=Sent(stored["sent"]),
        end=None if stored["end"] is None else LinkEnd(stored["end"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _instant(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.utcoffset() is None:
        raise ValueError("no offset")
    return moment
