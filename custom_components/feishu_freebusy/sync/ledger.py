"""The bookings of our own and the replies under way, written to disk before each call.

A crash between any two calls leaves a line here, so that the next start finishes or undoes what was begun. The file has
no titles and no names.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..feishu.models import EventRef, InstanceReply
from ..model.booking import Identity, OwnBooking, PendingRelease, Stage
from .store import async_load_if_readable, owner_of

_LOGGER = logging.getLogger(__name__)

_VERSION = 1
_MOST_UNREAD = 100
_NOT_UNDERSTOOD = (AttributeError, KeyError, OverflowError, TypeError, ValueError)

type Json = dict[str, Any]


class NotWrittenError(Exception):
    """The ledger is not on disk. The call that it was written for must not be made."""


class Ledger:
    """The ledger of an entry. Bookings are unique by key, replies by room, event and start."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """A file is used only if it was written for this entry, with the same app and address."""
        self._hass = hass
        self._entry = entry
        self._store = _store(hass, entry)
        self._owner = owner_of(entry)
        self._bookings: dict[str, OwnBooking] = {}
        self._releases: dict[tuple[str, EventRef, datetime], PendingRelease] = {}
        self._unread: list[object] = []
        self._write = asyncio.Lock()

    @property
    def bookings(self) -> tuple[OwnBooking, ...]:
        """The bookings, in the order in which they were made."""
        return tuple(self._bookings.values())

    @property
    def releases(self) -> tuple[PendingRelease, ...]:
        """The replies whose result is not known."""
        return tuple(each for each in self._releases.values() if not each.series_released)

    @property
    def stops(self) -> tuple[PendingRelease, ...]:
        """The replies that have released a series. While there is one, no more are sent."""
        return tuple(each for each in self._releases.values() if each.series_released)

    def own_uids(self, room_id: str) -> frozenset[str]:
        """Return the uids of the events that book a room."""
        return frozenset(each.uid for each in self._bookings.values() if each.room_id == room_id and each.uid)

    def extension_uids(self, room_id: str) -> frozenset[str]:
        """Return the uids of the events that extend another booking of a room."""
        own = (each for each in self._bookings.values() if each.is_extension and each.room_id == room_id)
        return frozenset(each.uid for each in own if each.uid)

    async def async_load(self) -> None:
        """Load what was written before the start. An unreadable file counts as empty.

        Unreadable lines are kept in the file: another version may understand them.
        """
        stored = await async_load_if_readable(self._store)
        if not isinstance(stored, dict) or stored.get("owner") != self._owner:
            return
        bookings, releases, self._unread = ledger_from_json(stored.get("lines"))
        self._bookings = {each.key: each for each in bookings}
        self._releases = {_key(each): each for each in releases}
        if self._unread:
            _LOGGER.warning("%s: %d stored bookings could not be read", self._entry.title, len(self._unread))

    async def async_record(self, line: OwnBooking | PendingRelease) -> None:
        """Write down a booking in its new stage, or a reply. Raises `NotWrittenError` if it did not reach the disk."""
        if isinstance(line, OwnBooking):
            self._bookings[line.key] = line
        else:
            self._releases[_key(line)] = line
        await self._async_save()

    async def async_forget(self, line: OwnBooking | PendingRelease) -> None:
        """Remove a booking or a reply that needs no care any more. Raises `NotWrittenError`: it may return."""
        if isinstance(line, OwnBooking):
            self._bookings.pop(line.key, None)
        else:
            self._releases.pop(_key(line), None)
        await self._async_save()

    async def _async_save(self) -> None:
        async with self._write:
            lines = ledger_to_json(self.bookings, self._releases.values(), self._unread)
            content = {"owner": self._owner, "lines": lines}
            await self._store.async_save(content)
            # Home Assistant only logs a failed write, and delays one while it stops. Another store reads the disk
            if await async_load_if_readable(_store(self._hass, self._entry)) != content:
                raise NotWrittenError


async def async_forget_ledger(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the ledger of an entry that is removed."""
    await _store(hass, entry).async_remove()


def _store(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Store[Any]:
    return Store(hass, _VERSION, f"{DOMAIN}.{entry.entry_id}.ledger", private=True, atomic_writes=True)


def _key(release: PendingRelease) -> tuple[str, EventRef, datetime]:
    return release.room_id, release.event, release.start


def ledger_to_json(
    bookings: Iterable[OwnBooking], releases: Iterable[PendingRelease], unread: Iterable[object] = ()
) -> list[object]:
    """Return a ledger as JSON, one object per line."""
    return [*map(_booking_to_json, bookings), *map(_release_to_json, releases), *unread]


def ledger_from_json(value: object) -> tuple[list[OwnBooking], list[PendingRelease], list[object]]:
    """Return the bookings, the replies, and the lines that can't be read."""
    bookings: list[OwnBooking] = []
    releases: list[PendingRelease] = []
    unread: list[object] = []
    for line in value if isinstance(value, list) else ():
        try:
            read = _line(line)
        except _NOT_UNDERSTOOD:
            unread.append(line)
            continue
        if isinstance(read, OwnBooking):
            bookings.append(read)
        else:
            releases.append(read)
    return bookings, releases, unread[:_MOST_UNREAD]


def _line(line: Mapping[str, object]) -> OwnBooking | PendingRelease:
    match line["kind"]:
        case "booking":
            return OwnBooking(
                key=_text(line["key"]),
                room_id=_text(line["room_id"]),
                start=_instant(line["start"]),
                end=_instant(line["end"]),
                stage=Stage(_text(line["stage"])),
                calendar_id=_text(line["calendar_id"]),
                event_id=_text(line["event_id"], may_be_empty=True),
                is_extension=_flag(line.get("is_extension", False)),
                identity=Identity(_text(line.get("identity", Identity.APP.value))),
            )
        case "release":
            return PendingRelease(
                room_id=_text(line["room_id"]),
                event=EventRef(_text(line["uid"]), _whole(line["original_time"])),
                status=InstanceReply(_text(line["status"])),
                start=_instant(line["start"]),
                end=_instant(line["end"]),
                others=tuple(_instants(line["others"])),
                series_released=_flag(line.get("series_released", False)),
            )
        case _:
            raise ValueError("another kind of line")


def _booking_to_json(booking: OwnBooking) -> Json:
    return {
        "kind": "booking",
        "key": booking.key,
        "room_id": booking.room_id,
        "start": booking.start.isoformat(),
        "end": booking.end.isoformat(),
        "stage": booking.stage.value,
        "calendar_id": booking.calendar_id,
        "event_id": booking.event_id,
        **({"is_extension": True} if booking.is_extension else {}),
        **({"identity": booking.identity.value} if booking.identity is not Identity.APP else {}),
    }


def _release_to_json(release: PendingRelease) -> Json:
    return {
        "kind": "release",
        "room_id": release.room_id,
        "uid": release.event.uid,
        "original_time": release.event.original_time,
        "status": release.status.value,
        "start": release.start.isoformat(),
        "end": release.end.isoformat(),
        "others": [start.isoformat() for start in release.others],
        **({"series_released": True} if release.series_released else {}),
    }


def _text(value: object, *, may_be_empty: bool = False) -> str:
    if not isinstance(value, str) or not (value or may_be_empty):
        raise ValueError("not a text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not true or false")
    return value


def _instant(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.utcoffset() is None:
        raise ValueError("no offset")
    return moment


def _instants(value: object) -> Iterator[datetime]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return map(_instant, value)
