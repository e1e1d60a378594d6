"""Reads the rooms and levels of the tenant a few times a day.

If the whole tree takes many calls, it is read rarely. In between, only the rooms that are used are read.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from math import ceil
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import CATALOGUE_INTERVAL
from ..errors import update_failed
from ..feishu.client import MAX_MGET_ROOMS, FeishuClient
from ..feishu.directory import Catalogue, pages_of, read_catalogue
from ..feishu.errors import (
    EndpointRetiredError,
    FeishuError,
    RequestError,
    ScopeMissingError,
    SubjectError,
    UnreadableAnswerError,
)
from ..feishu.limits import Payer, paid_by
from ..feishu.models import Room
from ..model.directory import SCANS_TO_BE_GONE, KnownRooms, RoomInfo, WholeRead, describe_rooms
from ..model.intervals import CataloguePlan, catalogue_plan, pause_after
from ..model.options import Options
from .clock import EntryClock
from .journal import PollKind, async_poll_log

_LOGGER = logging.getLogger(__name__)
_RETRY_INTERVAL = timedelta(minutes=30)
_SLACK = timedelta(minutes=5)  # timers are a little early or late
# A read of the used rooms that fails like this is replaced by one of the whole tree
_NO_FAILURE_OF_ALL = (EndpointRetiredError, RequestError, SubjectError, UnreadableAnswerError)
_NOT_ALLOWED = 121005  # the app may not see the room: that does not mean that it was deleted


class CatalogueCoordinator(DataUpdateCoordinator[KnownRooms]):
    """Keeps the catalogue, `data`.

    A failed read changes nothing for the entities: the old catalogue is used until the next read. Without an old one,
    the set-up fails: a disabled room would look free.
    """

    config_entry: ConfigEntry[Any]

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        client: FeishuClient,
        clock: EntryClock,
        remembered: Mapping[str, str],
        stored: KnownRooms | None,
    ) -> None:
        """`remembered` are the names of the rooms known before the start; `stored` is the last catalogue, if any."""
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=f"{entry.title} rooms", update_interval=CATALOGUE_INTERVAL
        )
        self._client = client
        self._clock = clock
        self._remembered = remembered
        self._poll_log = async_poll_log(hass, entry)
        self.error: FeishuError | None = None  # of the latest read
        self.failing_since: datetime | None = None  # the first of the reads that have failed in a row
        self.failed_at: datetime | None = None  # the last one that failed
        self._scanned = False  # since the start
        self._payer = Payer.CATALOGUE
        self._wants_whole = False  # the next read must be one of the whole tree
        self._calls_of_used: int | None = None  # of the last read of the used rooms
        self._plan: tuple[object, CataloguePlan] | None = None  # and what it was made for
        if stored:
            self.data = stored

    @override
    async def _async_update_data(self) -> KnownRooms:
        started = self.hass.loop.time()
        try:
            with self._poll_log.poll(PollKind.CATALOGUE, self.config_entry, self._client.traffic, self._clock) as poll:
                read = await self._read(self._now_at(started))
                poll.note([read])
        except FeishuError as error:
            return await self._without_answer(error, self._now_at(started))
        # A first scan without some levels may lack rooms that nothing else tells of
        is_partial = read.catalogue.unread and not self.data
        self._wants_whole = self._wants_whole or bool(is_partial)
        self.error = self.failing_since = None
        self._scanned = True
        read = read.with_newer_of(self.data) if self.data else read
        self.update_interval = _RETRY_INTERVAL if is_partial else self._plan_of(read).used
        return read

    @property
    def next_calls(self) -> int:
        """Return about how many calls a read at this moment takes."""
        known = self.data
        if known.whole and self._is_whole_due(known, self._clock.moment.now):
            return known.whole.calls
        return self._calls_for_used(known)

    async def async_refresh_after_event(self) -> None:
        """Read now, because a pushed event says that something has changed."""
        self._payer = Payer.EVENT_SCANS
        try:
            await self.async_refresh()
        finally:
            self._payer = Payer.CATALOGUE

    @property
    def plan(self) -> CataloguePlan:
        """Return how often the catalogue is read, and how many calls that takes."""
        return self._plan_of(self.data)

    def _plan_of(self, known: KnownRooms) -> CataloguePlan:
        options = Options.of(self.config_entry.options)
        key = (known.whole, known.unlisted, self._calls_of_used, options.budget)
        if self._plan is None or self._plan[0] != key:
            whole = known.whole.calls if known.whole and not known.unlisted else 0
            self._plan = (key, catalogue_plan(whole, self._calls_for_used(known), options.budget))
        return self._plan[1]

    def _calls_for_used(self, known: KnownRooms) -> int:
        if self._calls_of_used is not None:
            return self._calls_of_used
        return ceil(len(self._used(known, Options.of(self.config_entry.options))) / MAX_MGET_ROOMS)

    async def _read(self, now: datetime) -> KnownRooms:
        """Read the whole tree if it is time, else the rooms that are used. Raises `FeishuError`."""
        if self.data and not self._is_whole_due(self.data, now):
            with paid_by(self._payer) as bill, suppress(*_NO_FAILURE_OF_ALL):
                read = await self._compare(await self._read_used(self.data, now))
                self._calls_of_used = bill.calls
                return read
        with paid_by(self._payer) as bill:
            scanned = await read_catalogue(self._client)
            scopes = await self._read_scopes()
            read = await self._compare(await self._keep_placed(KnownRooms(scanned, now, scopes=scopes)))
            self._wants_whole = False
            return replace(read, whole=WholeRead(now, bill.calls))

    def _is_whole_due(self, known: KnownRooms, now: datetime) -> bool:
        followed = Options.of(self.config_entry.options).room_levels.keys()
        plan = self._plan_of(known)
        return (
            self._wants_whole
            or known.whole is None
            or bool(known.unlisted)
            or plan.whole <= CATALOGUE_INTERVAL
            or now - known.whole.at > plan.whole - _SLACK
            or now < known.whole.at  # the clock was set back
            or not followed <= known.catalogue.levels.keys()
            or any(scans < SCANS_TO_BE_GONE for scans in known.lost_levels.values())
        )

    @staticmethod
    def _used(known: KnownRooms, options: Options) -> list[str]:
        return list(dict.fromkeys([*options.rooms, *known.followed(options.room_levels)]))

    async def _read_used(self, known: KnownRooms, now: datetime) -> KnownRooms:
        """Read the chosen rooms and those on followed levels; all others stay as they were. Raises `FeishuError`."""
        options, catalogue = Options.of(self.config_entry.options), known.catalogue
        used = self._used(known, options)
        found: dict[str, Room] = {}
        lists = [level for level in catalogue.lists_of(options.room_levels) if level not in catalogue.unread]
        if lists and catalogue.is_listed and pages_of(len(catalogue.rooms)) <= len(lists):
            lists = [""]  # the list of all rooms
        for level_id in lists:
            found |= {room.room_id: room for room in await self._client.rooms(level_id)}
        rest = [room_id for room_id in used if room_id not in found]
        found |= {room.room_id: room for room in await self._client.rooms_mget(rest)}
        others = catalogue.rooms.keys() - used - found.keys()
        return replace(
            known,
            catalogue=replace(
                catalogue,
                rooms={
                    **{room_id: room for room_id, room in catalogue.rooms.items() if room_id in others},
                    **{room_id: self._placed(room, known) for room_id, room in found.items()},
                },
            ),
            read_at=now,
            told_at={room_id: known.as_of(room_id) for room_id in others},
            scopes=await self._read_scopes(),
            strays=known.strays & found.keys(),
            absent=frozenset(),
            doubted={},
        )

    def _placed(self, room: Room, known: KnownRooms) -> Room:
        """Return a room on its level. Without a known one, it stays where it was until the tree is read."""
        levels, before = known.catalogue.levels, known.catalogue.rooms.get(room.room_id)
        if room.room_id not in known.strays and not known.catalogue.levels_of(room).isdisjoint(levels):
            if room.room_level_id in levels or not room.room_level_id:
                return room
            self._wants_whole |= before is None or before.room_level_id != room.room_level_id
        return replace(room, path=before.path, room_level_id=before.room_level_id) if before else room

    @callback
    def take_statuses(self, asked: Collection[str], found: Iterable[Room], read_at: datetime) -> None:
        """Store statuses that were read between two scans. Listeners are not called: only statuses have changed."""
        self.data = self.data.with_statuses(asked, found, read_at)

    @callback
    def doubt(self, room_ids: Iterable[str], since: datetime) -> None:
        """Trust no status of these rooms that was read before `since`: bookings have vanished."""
        self.data = replace(self.data, doubted={**self.data.doubted, **dict.fromkeys(room_ids, since)})

    def _now_at(self, loop: float) -> datetime:
        """Return the time at second `loop` of the loop's clock."""
        moment = self._clock.moment
        return moment.now - timedelta(seconds=moment.loop - loop)

    async def async_read_scopes(self) -> None:
        """Read now which scopes are granted. Raises `FeishuError`; then the last list stays."""
        self.data = replace(self.data, scopes=await self._client.granted_scopes())

    async def _read_scopes(self) -> frozenset[str] | None:
        try:
            return await self._client.granted_scopes()
        except FeishuError as error:
            _LOGGER.debug("The scopes of %s could not be read: %s", self.config_entry.title, error)
            return self.data.scopes if self.data else None

    async def _compare(self, read: KnownRooms) -> KnownRooms:
        """Keep, find or drop the rooms that were known before and that the scan did not find."""
        absent = {
            room_id: room for room_id, room in self._rooms_before().items() if room_id not in read.catalogue.rooms
        }
        found = await self._ask_for(absent)
        scans = self.data.missing if self.data else {}
        missing = {room_id: scans.get(room_id, 0) + 1 for room_id in absent if room_id not in found}
        gone = {
            room_id
            for room_id, count in missing.items()
            if count >= SCANS_TO_BE_GONE and await self._is_gone(room_id, found)
        }
        forgotten = gone - self._chosen.keys()
        kept = {room_id: room for room_id, room in absent.items() if room_id not in forgotten}
        still_missing = kept.keys() - found.keys()
        return replace(
            read,
            catalogue=replace(read.catalogue, rooms={**kept, **read.catalogue.rooms, **found}),
            missing={room_id: missing[room_id] for room_id in still_missing},
            told_at={**read.told_at, **{room_id: self.data.as_of(room_id) for room_id in still_missing}}
            if self.data
            else {},
            gone=frozenset(gone - forgotten),
        )

    async def _keep_placed(self, read: KnownRooms) -> KnownRooms:
        """Keep followed rooms on their level until it is certain that they were moved.

        A level may be deleted and created again with another ID, and rooms may be listed without their levels. If a
        followed level has lost all its rooms, they stay until the user stops following it. A single room goes as soon
        as a direct request says that it was moved.
        """
        followed = Options.of(self.config_entry.options).room_levels.keys()
        read = replace(read, catalogue=self._with_unread_levels(read.catalogue))
        catalogue = read.catalogue
        before = {room_id: room for room_id, room in self._followed_before().items() if room_id in catalogue.rooms}
        old = self.data.catalogue if self.data else Catalogue({}, {})
        was_on = {room_id: old.levels_of(room) for room_id, room in before.items()}
        with_rooms = followed & set(catalogue.room_counts())
        strays = {room_id for room_id in before if catalogue.levels_of(catalogue.rooms[room_id]).isdisjoint(followed)}
        gone = set() if catalogue.unread else followed - catalogue.levels.keys()
        lost = (gone | (followed & set().union(*(was_on[room_id] for room_id in strays)))) - with_rooms
        looked_at = await self._look_at(
            [
                room_id
                for room_id in strays
                # Without a stored catalogue, it may have been on any followed level that has no rooms
                if was_on[room_id].isdisjoint(lost) and (was_on[room_id] or followed <= with_rooms)
            ]
        )
        rooms = dict(catalogue.rooms)
        for room_id, room in looked_at.items():
            if not catalogue.levels_of(room).isdisjoint(catalogue.levels):
                rooms[room_id] = room
                strays.discard(room_id)
        for room_id in strays:
            known = before[room_id]
            rooms[room_id] = replace(rooms[room_id], path=known.path, room_level_id=known.room_level_id)
        used = lost.union(*(was_on[room_id] for room_id in strays))
        old_levels = {level_id: level for level_id, level in old.levels.items() if level_id in used}
        scans = self.data.lost_levels if self.data else {}
        return replace(
            read,
            catalogue=replace(catalogue, rooms=rooms, levels={**old_levels, **catalogue.levels}),
            strays=frozenset(strays),
            lost_levels={level_id: scans.get(level_id, 0) + 1 for level_id in lost},
        )

    def _with_unread_levels(self, catalogue: Catalogue) -> Catalogue:
        """Return the catalogue with the levels that were known before below the levels that could not be read."""
        if not catalogue.unread or not self.data:
            return catalogue
        return replace(catalogue, levels={**self.data.catalogue.levels_below(catalogue.unread), **catalogue.levels})

    def _followed_before(self) -> dict[str, Room]:
        """Return the rooms that were on followed levels, as they were last known."""
        levels = Options.of(self.config_entry.options).room_levels
        if self.data:
            rooms = self.data.catalogue.rooms
            return {room_id: rooms[room_id] for room_id in self.data.followed(levels)}
        others = self._remembered.keys() - self._chosen.keys() if levels else ()
        return {room_id: Room(room_id, self._remembered[room_id]) for room_id in others}

    async def _look_at(self, room_ids: Collection[str]) -> dict[str, Room]:
        """Return what a direct request says of these rooms; nothing if it fails."""
        if not room_ids:
            return {}
        try:
            found = await self._client.rooms_mget(room_ids)
        except FeishuError as error:
            _LOGGER.debug("Moved rooms of %s could not be asked for: %s", self.config_entry.title, error)
            return {}
        return {room.room_id: room for room in found if room.room_id in room_ids}

    @property
    def _chosen(self) -> Mapping[str, str]:
        return Options.of(self.config_entry.options).rooms

    def _rooms_before(self) -> dict[str, Room]:
        """Return the rooms that are expected, as they were last known."""
        chosen = {room_id: Room(room_id, "") for room_id in self._chosen}  # the name is in the options
        if self.data:
            return {**chosen, **self.data.catalogue.rooms}
        return {room_id: Room(room_id, name) for room_id, name in self._remembered.items()} | chosen

    async def _ask_for(self, room_ids: Collection[str]) -> dict[str, Room]:
        """Return which of the rooms exist although the list left them out. Raises `FeishuError`."""
        try:
            return {room.room_id: room for room in await self._client.rooms_mget(room_ids)}
        except FeishuError as error:
            _LOGGER.debug("Missing rooms of %s could not be asked for: %s", self.config_entry.title, error)
        # Rooms seen since the start stay as they were. Any other may be disabled and must not look free: ask for it
        known = self.data.catalogue.rooms if self.data and self._scanned else {}
        return await self._ask_one_by_one(room_id for room_id in room_ids if room_id not in known)

    async def _ask_one_by_one(self, room_ids: Iterable[str]) -> dict[str, Room]:
        found = {}
        for room_id in room_ids:
            with suppress(RequestError, SubjectError, UnreadableAnswerError):
                found[room_id] = await self._client.room(room_id)
        return found

    async def _is_gone(self, room_id: str, found: dict[str, Room]) -> bool:
        """Ask for one room; add it to `found` if it exists."""
        try:
            found[room_id] = await self._client.room(room_id)
        except SubjectError as error:
            return error.code != _NOT_ALLOWED
        except FeishuError:
            return self.data is not None and room_id in self.data.gone
        return False

    async def _without_answer(self, error: FeishuError, read_at: datetime) -> KnownRooms:
        self.update_interval = CATALOGUE_INTERVAL if pause_after(error) else _RETRY_INTERVAL
        self.error = error
        self.failing_since, self.failed_at = self.failing_since or read_at, read_at
        _LOGGER.debug("The rooms of %s could not be read: %s", self.config_entry.title, error)
        if isinstance(error, ScopeMissingError):
            return await self._without_permission(error.scopes, read_at)
        if self.data:
            return self.data
        raise update_failed(error) from error

    async def _without_permission(self, refused: tuple[str, ...], read_at: datetime) -> KnownRooms:
        """Continue with what is known: the app may not list rooms. That is a decision of the tenant, not an outage."""
        scopes = await self._read_scopes()
        if self.data:
            read = replace(self.data, scopes=scopes, unlisted=refused)
            return self.data if read == self.data else read
        rooms = self._rooms_before()  # with the names from the flow
        missing = dict.fromkeys(rooms, 0)
        return KnownRooms(
            Catalogue(rooms, {}), read_at, missing=missing, scopes=scopes, unlisted=refused, was_listed=False
        )

    def describe(self, room_names: Mapping[str, str]) -> dict[str, RoomInfo]:
        """Return the rooms with these ids as shown; the given names are used if the catalogue has none."""
        depth = Options.of(self.config_entry.options).building_depth
        return describe_rooms(self.data.catalogue, room_names, depth)
