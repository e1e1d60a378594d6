"""The steps that choose rooms, shared by the config flow and the options flow."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import chain
import logging
from operator import itemgetter
import re
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
from homeassistant.util import dt as dt_util

from .._vol import vol
from ..const import CONF_ROOM_LEVELS, CONF_ROOMS, CONF_SUGGEST_AREAS, DOMAIN
from ..errors import form_placeholders, problem_key, unnamed_problem_key
from ..feishu.client import FeishuClient
from ..feishu.directory import Catalogue, read_catalogue
from ..feishu.errors import FeishuError, ScopeMissingError, SubjectError
from ..feishu.models import BusyAnswer, SubjectKind, SubjectRef
from ..model.directory import describe_rooms, place_text
from ..sync.sources import Answers, ListSource

_LOGGER = logging.getLogger(__name__)

_SEPARATORS = re.compile(r"[\s,;，；、]+")  # pasted lists may have Chinese punctuation
_ID = re.compile(r"\w{5,}", re.ASCII)
_PROGRESS_FROM = 20  # rooms to try; fewer finish before a progress bar appears
_MOST_TRIED = 100  # rooms; each takes a call. If others can't be read, the first poll finds out
_NO_CATALOGUE = Catalogue({}, {})
_PEOPLE_ONLY = "people_only"
_NOTHING_TO_CHOOSE = {"may_not_list", "no_rooms", "no_rooms_listed"}  # errors that offer to continue without rooms


class RoomSteps(ConfigEntryBaseFlow):
    """Chooses rooms from a list or by id, or whole levels. Tries to read new rooms, and asks for missing names."""

    _catalogue: Catalogue | None = None
    _problem: dict[str, str]
    _problem_placeholders: dict[str, str]
    _list_refused: ScopeMissingError | None = None  # when the catalogue was read last
    _trial: asyncio.Task[Answers] | None = None

    def __init__(self) -> None:
        super().__init__()
        self._chosen: list[str] = []
        self._levels: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._suggest_areas: bool | None = None  # None: not asked

    def _client(self) -> FeishuClient:
        """Return the client to read with."""
        raise NotImplementedError

    def _rooms_before(self) -> Mapping[str, str]:
        """Return the rooms of the entry, ids and names."""
        raise NotImplementedError

    def _levels_before(self) -> Mapping[str, str]:
        """Return the levels of the entry, ids and names."""
        raise NotImplementedError

    def _building_depth(self) -> int:
        """Return which level is the building, as in `Options`."""
        return 0

    def _suggested_before(self) -> bool:
        """Return whether areas are suggested for the rooms of the entry."""
        return False

    def _last_catalogue(self) -> Catalogue:
        """Return the catalogue to use if it can't be read."""
        return _NO_CATALOGUE

    async def _rooms_done(self, rooms: dict[str, str], levels: dict[str, str]) -> ConfigFlowResult:
        """Continue with the chosen rooms and levels, ids and names."""
        raise NotImplementedError

    async def _without_rooms(self) -> ConfigFlowResult:
        """Continue without rooms."""
        raise NotImplementedError

    async def async_step_rooms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for rooms and levels."""
        self._problem, self._problem_placeholders = {}, {}
        await self._read_catalogue()
        if user_input is None:
            if not (self._chosen or self._levels):  # otherwise the user returned to this step
                self._chosen, self._levels = list(self._rooms_before()), dict(self._levels_before())
            if not (self._chosen or self._levels or self._known.rooms or self._problem):
                self._explain_empty_list()
            return self._show_rooms()
        self._chosen = self._ids_of(user_input.get(CONF_ROOMS, []))
        names = self._names_of_levels()
        self._levels = {level_id: names.get(level_id, level_id) for level_id in user_input.get(CONF_ROOM_LEVELS, [])}
        self._suggest_areas = user_input.get(CONF_SUGGEST_AREAS)
        if wrong := [room_id for room_id in self._chosen if not self._is_room_id(room_id)]:
            self._problem = {CONF_ROOMS: "invalid_room_id"}
            self._problem_placeholders = {"rooms": ", ".join(wrong)}
        elif not (self._chosen or self._levels) and user_input.get(_PEOPLE_ONLY):
            return await self._without_rooms()
        elif not (self._chosen or self._levels or self._problem):
            return await self._look_again()
        if self._problem:
            return self._show_rooms()
        return await self.async_step_try_rooms()

    async def _look_again(self) -> ConfigFlowResult:
        """Read the list again: rooms may have been added, or the permission to list them may have been granted."""
        rooms_before = self._known.rooms.keys()
        await self._read_catalogue(again=True)
        if not (self._known.rooms or self._problem):
            self._explain_empty_list()
        elif not self._problem and self._known.rooms.keys() <= rooms_before:
            self._problem = {CONF_ROOMS: "no_rooms"}
        return self._show_rooms()

    def _explain_empty_list(self) -> None:
        if self._list_refused:
            self._note_problem(CONF_ROOMS, "may_not_list", self._list_refused)
        else:
            self._problem = {CONF_ROOMS: "no_rooms_listed"}

    async def _read_catalogue(self, *, again: bool = False) -> None:
        if self._catalogue is not None and not again:
            return
        try:
            self._catalogue = await read_catalogue(self._client(), None if again else self._last_catalogue())
            self._list_refused = None
        except ScopeMissingError as error:
            self._catalogue = self._known
            self._list_refused = error
        except FeishuError as error:
            self._note_problem("base", unnamed_problem_key(error), error)

    @property
    def _known(self) -> Catalogue:
        return self._last_catalogue() if self._catalogue is None else self._catalogue

    def _note_problem(self, field: str, key: str, error: FeishuError, rooms: Iterable[str] = ()) -> None:
        self._problem = {field: key}
        self._problem_placeholders = {**form_placeholders(error), "rooms": ", ".join(rooms)}

    def _ids_of(self, values: Iterable[str]) -> list[str]:
        """Return each id once. A value is a room of the list, a room's name, or pasted ids."""
        rooms = self._known.rooms.values()
        names = Counter(room.name for room in rooms)
        by_name = {room.name: room.room_id for room in rooms if names[room.name] == 1}
        stripped = [value.strip() for value in values]
        ids = chain.from_iterable(
            [by_name[value]] if value in by_name else _SEPARATORS.split(value) for value in stripped if value
        )
        return list(dict.fromkeys(room_id for room_id in ids if room_id))

    def _is_room_id(self, room_id: str) -> bool:
        known = room_id in self._rooms_before() or room_id in self._known.rooms
        return known or (SubjectRef.of(room_id).kind is SubjectKind.ROOM and _ID.fullmatch(room_id) is not None)

    def _show_rooms(self) -> ConfigFlowResult:
        fields: dict[vol.Marker, Selector[Any]] = {
            vol.Optional(CONF_ROOMS, description={"suggested_value": self._chosen}): SelectSelector(
                SelectSelectorConfig(
                    options=self._room_options(), multiple=True, custom_value=True, mode=SelectSelectorMode.DROPDOWN
                )
            )
        }
        if levels := self._level_options():
            field = vol.Optional(CONF_ROOM_LEVELS, description={"suggested_value": list(self._levels)})
            fields[field] = SelectSelector(
                SelectSelectorConfig(options=levels, multiple=True, mode=SelectSelectorMode.DROPDOWN)
            )
            suggest = self._suggested_before() if self._suggest_areas is None else self._suggest_areas
            fields[vol.Optional(CONF_SUGGEST_AREAS, default=suggest)] = BooleanSelector()
        if self._problem.get(CONF_ROOMS) in _NOTHING_TO_CHOOSE:
            fields[vol.Optional(_PEOPLE_ONLY, default=False)] = BooleanSelector()
        return self.async_show_form(
            step_id="rooms",
            data_schema=vol.Schema(fields),
            errors=self._problem,
            description_placeholders={
                "count": str(len(self._known.rooms)),
                "scopes": "",
                "details": "",
                "rooms": "",
                **self._problem_placeholders,
            },
        )

    def _level_options(self) -> list[SelectOptionDict]:
        counts = self._known.room_counts()
        return [
            SelectOptionDict(value=level_id, label=f"{name} ({counts[level_id]})")
            for level_id, name in sorted(self._names_of_levels().items(), key=itemgetter(1))
            if counts[level_id] or level_id in self._levels_before()
        ]

    def _names_of_levels(self) -> dict[str, str]:
        catalogue = self._known
        names = {level_id: catalogue.level_name(level_id) or level_id for level_id in catalogue.levels}
        return {**self._levels_before(), **names}

    def _options_of_areas(self) -> dict[str, Any]:
        """Return what has changed about areas, as options."""
        is_changed = self._suggest_areas not in (None, self._suggested_before())
        return {CONF_SUGGEST_AREAS: self._suggest_areas} if is_changed else {}

    def _room_ids(self) -> set[str]:
        """Return the ids of the rooms that are chosen, one by one or with their levels."""
        return {*self._chosen, *self._known.rooms_on(self._levels)}

    def _room_options(self) -> list[SelectOptionDict]:
        infos = describe_rooms(self._known, self._names_of_rooms(), self._building_depth()).values()
        options = []
        for info in sorted(infos, key=lambda info: (info.building, info.floor, info.room.name)):
            label = " · ".join(part for part in (info.room.name, place_text(info)) if part)
            # No word: the user's language is not known here. The text of the field explains the number
            seats = f" ({info.room.capacity})" if info.room.capacity else ""
            options.append(SelectOptionDict(value=info.room.room_id, label=f"{label}{seats}"))
        return options

    def _names_of_rooms(self) -> dict[str, str]:
        named = {room.room_id: room.name for room in self._known.rooms.values() if room.name}
        return {**self._names, **self._rooms_before(), **named}

    async def async_step_try_rooms(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Read each new room once, to report an unreadable room now."""
        new = [room_id for room_id in self._chosen if room_id not in self._rooms_before()]
        if self._trial is None:
            self._trial = self.hass.async_create_task(self._try_rooms(new), f"{DOMAIN} try rooms")
        if len(new) > _PROGRESS_FROM:
            if not self._trial.done():
                return self.async_show_progress(
                    step_id="try_rooms",
                    progress_action="try_rooms",
                    progress_task=self._trial,
                    description_placeholders={"count": str(len(new))},
                )
            return self.async_show_progress_done(next_step_id="rooms_tried")
        return await self.async_step_rooms_tried()

    async def _try_rooms(self, room_ids: list[str]) -> Answers:
        now = dt_util.utcnow()  # any day tells whether rooms can be read
        tried = room_ids[:_MOST_TRIED]
        read = 0

        def show_progress(_room_id: str, _answer: BusyAnswer) -> None:
            nonlocal read
            read += 1
            self.async_update_progress(read / len(tried))

        return await ListSource(self._client()).read(tried, now, now + timedelta(days=1), show_progress)

    async def async_step_rooms_tried(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show which rooms failed and why, or continue."""
        if TYPE_CHECKING:
            assert self._trial is not None
        trial, self._trial = self._trial, None  # first: a trial that failed must not fail the next one, too
        try:
            answers = await trial
        except Exception:  # the form is shown again instead of a dialog that cannot go on
            _LOGGER.exception("Unexpected error trying to read rooms")
            self._problem, self._problem_placeholders = {"base": "unexpected"}, {}
            return self._show_rooms()
        errors = {room_id: answer for room_id, answer in answers.items() if isinstance(answer, FeishuError)}
        await self._find_names()
        if not errors:
            return await self.async_step_names()
        first = next(iter(errors.values()))
        alike = [self._names.get(room_id) or room_id for room_id, error in errors.items() if type(error) is type(first)]
        field = CONF_ROOMS if isinstance(first, SubjectError) else "base"
        self._note_problem(field, problem_key(first), first, alike)
        return self._show_rooms()

    async def _find_names(self) -> None:
        self._names = self._names_of_rooms()
        if nameless := [room_id for room_id in self._chosen if not self._names.get(room_id)]:
            try:
                rooms = await self._client().rooms_mget(nameless)
            except FeishuError:
                return  # the next step asks for the names
            self._names |= {room.room_id: room.name for room in rooms}

    async def async_step_names(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the names that Feishu doesn't return."""
        self._names |= {room_id: name.strip() for room_id, name in (user_input or {}).items()}
        nameless = [room_id for room_id in self._chosen if not self._names.get(room_id)]
        if not nameless:
            return await self._rooms_done({room_id: self._names[room_id] for room_id in self._chosen}, self._levels)
        return self.async_show_form(
            step_id="names",
            data_schema=vol.Schema({vol.Required(room_id): TextSelector() for room_id in nameless}),
            errors={} if user_input is None else {"base": "no_name"},
        )
