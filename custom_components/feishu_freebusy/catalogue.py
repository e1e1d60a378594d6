"""Which rooms there are, what they are called and where they are; read a few times a day."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .const import CATALOGUE_INTERVAL
from .feishu import (
    Catalogue,
    CredentialsError,
    FeishuClient,
    FeishuError,
    Room,
    ScopeMissingError,
    read_catalogue,
)
from .polling import pause_after
from .problems import update_failed

_LOGGER = logging.getLogger(__name__)
_RETRY_INTERVAL = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ReadCatalogue:
    """A catalogue, and when it was read."""

    catalogue: Catalogue
    read_at: datetime


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A room as it is shown; `device_name` differs from `room.name` where rooms share one."""

    room: Room
    building: str
    floor: str
    device_name: str


class CatalogueCoordinator(DataUpdateCoordinator[ReadCatalogue]):
    """Keeps the catalogue.

    A failed read is not the entities' concern: the rooms are still there and the old catalogue still serves. Only at
    set-up it is: without knowing which rooms are disabled, these would look free.
    """

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], client: FeishuClient) -> None:
        """Take the client to read with."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{entry.title} rooms", update_interval=CATALOGUE_INTERVAL
        )
        self._client = client

    @override
    async def _async_update_data(self) -> ReadCatalogue:
        read_at = dt_util.utcnow()
        try:
            catalogue = await read_catalogue(self._client)
        except FeishuError as error:
            return self._without_answer(error, read_at)
        self.update_interval = CATALOGUE_INTERVAL
        return ReadCatalogue(catalogue, read_at)

    def _without_answer(self, error: FeishuError, read_at: datetime) -> ReadCatalogue:
        self.update_interval = CATALOGUE_INTERVAL if pause_after(error) else _RETRY_INTERVAL
        _LOGGER.debug("The rooms of %s could not be read: %s", self.config_entry.title, error)
        if self.data:
            return self.data
        if isinstance(error, ScopeMissingError):
            # A choice of the tenant's admin, not an outage: rooms go by the names they were given in the flow
            return ReadCatalogue(Catalogue({}, {}), read_at)
        if isinstance(error, CredentialsError):
            self.config_entry.async_start_reauth(self.hass)
        raise update_failed(error) from error

    def describe(self, room_names: dict[str, str]) -> dict[str, RoomInfo]:
        """Return what is known of the rooms with these ids; the given names serve where the catalogue has none."""
        return describe_rooms(self.data.catalogue, room_names)


def describe_rooms(catalogue: Catalogue, room_names: dict[str, str]) -> dict[str, RoomInfo]:
    """Return what is known of the rooms; those that share a name get their floor, if need be their building, too."""
    infos = {}
    for room_id, name in room_names.items():
        room = catalogue.rooms.get(room_id) or Room(room_id, name)
        room = room if room.name else replace(room, name=name or room_id)
        infos[room_id] = RoomInfo(room, *catalogue.place(room), device_name=room.name)
    for suffix in (_floor, _building_and_floor):
        names = [info.device_name for info in infos.values()]
        infos = {
            room_id: replace(info, device_name=f"{info.room.name} ({suffix(info)})")
            if suffix(info) and names.count(info.device_name) > 1
            else info
            for room_id, info in infos.items()
        }
    return infos


def _floor(info: RoomInfo) -> str:
    return info.floor or info.building


def _building_and_floor(info: RoomInfo) -> str:
    return place_text(info) if info.floor else ""


def place_text(info: RoomInfo) -> str:
    """Return where a room is, in one line."""
    return " / ".join(part for part in (info.building, info.floor) if part)
