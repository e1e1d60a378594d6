"""The options flow: rooms, people and polling of an entry."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from datetime import timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.data_entry_flow import SectionConfig, section
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
from homeassistant.util import dt as dt_util

from .._vol import vol
from ..api import FLOW_DEADLINE, async_create_client
from ..const import (
    CONF_BUILDING_DEPTH,
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_DASHBOARD_CARDS,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_OFF_HOURS,
    CONF_OFFICE_DAY,
    CONF_PEOPLE,
    CONF_PERSON,
    CONF_PLAN,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    CONF_SCAN_INTERVAL,
    CONF_SOURCE,
    CONF_SUGGEST_AREAS,
    CONF_VOICE_SENTENCES,
)
from ..coordinator import FeishuConfigEntry, FreeBusyCoordinator
from ..devices import names_of_rooms
from ..feishu.client import MAX_BATCH_ROOMS, SCOPES_ROOM_BATCH, FeishuClient
from ..feishu.directory import Catalogue
from ..model.options import WEEKDAYS, Options, Plan, SourceOption, with_defaults
from ..sync.reader import Reason, forecast
from .actions import ActionsSteps
from .fields import number
from .live_updates import LiveUpdatesSteps
from .occupancy import OccupancySteps
from .people import PeopleSteps
from .rooms import RoomSteps
from .titles import TitlesSteps

NONE = "–"  # in texts, for an empty list
_DECIMALS_BELOW = 3  # minutes
_MOST_EXAMPLES = 3


_POLLING_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_PLAN): SelectSelector(
            SelectSelectorConfig(
                options=[plan.value for plan in Plan], translation_key=CONF_PLAN, mode=SelectSelectorMode.LIST
            )
        ),
        vol.Required(CONF_MONTHLY_BUDGET): number(1_000, 1_000_000),
        vol.Required(CONF_SOURCE): SelectSelector(
            SelectSelectorConfig(
                options=[source.value for source in SourceOption],
                translation_key=CONF_SOURCE,
                mode=SelectSelectorMode.DROPDOWN,
            )
        ),
        vol.Required(CONF_SCAN_INTERVAL): number(30, 3_600, "seconds"),
        vol.Required(CONF_OFF_HOURS): section(
            vol.Schema(
                {
                    vol.Required("enabled"): BooleanSelector(),
                    vol.Required("start"): TimeSelector(),
                    vol.Required("end"): TimeSelector(),
                    vol.Optional("days", default=[]): SelectSelector(
                        SelectSelectorConfig(
                            options=list(WEEKDAYS),
                            multiple=True,
                            translation_key="weekday",
                            mode=SelectSelectorMode.DROPDOWN,
                        )
                    ),
                }
            ),
            SectionConfig(collapsed=True),
        ),
        vol.Optional(CONF_OFFICE_DAY): EntitySelector(
            EntitySelectorConfig(domain=["binary_sensor", "calendar", "input_boolean", "schedule"])
        ),
        vol.Required(CONF_HORIZON_DAYS): number(2, 60, "days"),
        vol.Required(CONF_MIN_FREE_MINUTES): number(0, 240, "minutes"),
        vol.Required(CONF_COUNT_PENDING_AS_BUSY): BooleanSelector(),
        vol.Required(CONF_INCLUDE_EXTERNAL_CALENDAR): BooleanSelector(),
        vol.Required(CONF_DASHBOARD_CARDS): BooleanSelector(),
        vol.Required(CONF_VOICE_SENTENCES): BooleanSelector(),
    }
)


class FeishuOptionsFlow(
    RoomSteps, PeopleSteps, LiveUpdatesSteps, ActionsSteps, TitlesSteps, OccupancySteps, OptionsFlow
):
    """Changes what is read, and how. It shows the effect on the calls before it saves a change."""

    def __init__(self) -> None:
        super().__init__()
        self._changes: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the menu."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["rooms", "places", "people", "polling", "live_updates", "actions", "titles", "occupancy"],
        )

    async def async_step_places(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which level of the room tree is the building."""
        if user_input is not None:
            self._changes = {CONF_BUILDING_DEPTH: int(user_input.get(CONF_BUILDING_DEPTH, 0))}
            return await self.async_step_save()
        depths = self._last_catalogue().names_by_depth()
        before = self._building_depth()
        options = [
            SelectOptionDict(value=str(depth), label=f"{depth} · {_examples(names)}")
            for depth, names in enumerate(depths, start=1)
        ]
        if before > len(depths):  # chosen when the tree was deeper
            options.append(SelectOptionDict(value=str(before), label=str(before)))
        field = vol.Optional(CONF_BUILDING_DEPTH, description={"suggested_value": str(before)} if before else None)
        return self.async_show_form(
            step_id="places",
            data_schema=vol.Schema(
                {field: SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))}
            ),
        )

    async def async_step_polling(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the polling options."""
        if user_input is not None:
            self._changes = {CONF_OFFICE_DAY: None, **user_input}  # a field that was cleared is left out
            return await self.async_step_polling_effect()
        return self.async_show_form(
            step_id="polling",
            data_schema=self.add_suggested_values_to_schema(_POLLING_SCHEMA, with_defaults(self._new_options)),
            description_placeholders=self._forecast_texts(self.config_entry.options, self._room_ids_now()),
        )

    @override
    def _client(self) -> FeishuClient:
        return async_create_client(self.hass, self.config_entry.data, deadline=FLOW_DEADLINE)

    @override
    def _rooms_before(self) -> Mapping[str, str]:
        return Options.of(self.config_entry.options).rooms

    @override
    def _levels_before(self) -> Mapping[str, str]:
        return Options.of(self.config_entry.options).room_levels

    @override
    def _building_depth(self) -> int:
        return Options.of(self.config_entry.options).building_depth

    @override
    def _suggested_before(self) -> bool:
        return Options.of(self.config_entry.options).suggest_areas

    @override
    def _last_catalogue(self) -> Catalogue:
        return self._coordinator.catalogue.data.catalogue if self._coordinator else super()._last_catalogue()

    @override
    async def _rooms_done(self, rooms: dict[str, str], levels: dict[str, str]) -> ConfigFlowResult:
        self._changes.pop(CONF_SUGGEST_AREAS, None)  # the user may have returned to the form
        self._changes |= {CONF_ROOMS: rooms, CONF_ROOM_LEVELS: levels, **self._options_of_areas()}
        return await self.async_step_rooms_effect()

    @override
    async def _without_rooms(self) -> ConfigFlowResult:
        self._changes = {CONF_ROOMS: {}, CONF_ROOM_LEVELS: {}}
        return await self.async_step_people()

    @override
    def _people_before(self) -> Mapping[str, str]:
        return Options.of(self.config_entry.options).people

    @override
    def _linked_person(self) -> Mapping[str, str]:
        person = self.config_entry.data.get(CONF_PERSON)
        return {person["open_id"]: person["name"] or person["open_id"]} if person else {}

    @override
    async def _nobody_chosen(self) -> ConfigFlowResult | None:
        options = Options.of(self._new_options)
        if options.rooms or options.room_levels:
            return None
        self._changes |= {CONF_PEOPLE: {}}
        return await self.async_step_rooms({})

    @override
    async def _people_done(self, people: dict[str, str]) -> ConfigFlowResult:
        self._changes |= {CONF_PEOPLE: people}
        return await self.async_step_people_effect()

    async def async_step_rooms_effect(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the effect of the chosen rooms."""
        return self._show_effect("rooms", self._room_ids())

    async def async_step_people_effect(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the effect of the chosen people."""
        people, before = (Options.of(each).people for each in (self._new_options, self.config_entry.options))
        room_ids = self._room_ids() if CONF_ROOMS in self._changes else self._room_ids_now()
        return self._show_effect("people", room_ids, people=str(len(people)), people_before=str(len(before)))

    async def async_step_polling_effect(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the effect of the polling options."""
        return self._show_effect("polling", self._room_ids_now())

    def _show_effect(self, step_id: str, room_ids: AbstractSet[str], **counts: str) -> ConfigFlowResult:
        before = self._forecast_texts(self.config_entry.options, self._room_ids_now())
        return self.async_show_menu(
            step_id=f"{step_id}_effect",
            menu_options=["save", step_id],
            description_placeholders={
                **self._forecast_texts(self._new_options, room_ids),
                **{f"{name}_before": text for name, text in before.items()},
                **counts,
            },
        )

    @override
    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save the changes."""
        return self.async_create_entry(data=self._new_options)

    @property
    def _new_options(self) -> dict[str, Any]:
        options = {**self.config_entry.options, **self._changes}
        return {key: value for key, value in options.items() if value is not None}

    def _forecast_texts(self, options: Mapping[str, Any], room_ids: AbstractSet[str]) -> dict[str, str]:
        new = Options.of(options)
        ignored = self._coordinator.ignored if self._coordinator else frozenset()
        rooms, people = (len(ids - ignored) for ids in (room_ids, new.people.keys()))
        texts = forecast_texts(
            new,
            rooms,
            people,
            batch_granted=self._batch_granted(),
            people_alone=self._coordinator.people_alone(new.people.keys() - ignored) if self._coordinator else 0,
            other_calls=self._coordinator.source.other_calls if self._coordinator else 0.0,
        )
        return {"count": str(len(room_ids)), **texts}

    def _batch_granted(self) -> bool | None:
        if self._coordinator is None:
            return None
        if self._coordinator.source.refusal:
            return False
        scopes = self._coordinator.catalogue.data.scopes
        return None if scopes is None else not scopes.isdisjoint(SCOPES_ROOM_BATCH)

    @property
    def _coordinator(self) -> FreeBusyCoordinator | None:
        entry: FeishuConfigEntry = self.config_entry
        return entry.runtime_data if entry.state is ConfigEntryState.LOADED else None

    @override
    def _room_ids_now(self) -> set[str]:
        if self._coordinator:
            return set(self._coordinator.subjects.room_ids)
        return {*self._rooms_before(), *names_of_rooms(self.hass, self.config_entry)}


def forecast_texts(
    options: Options,
    rooms: int,
    people: int = 0,
    *,
    batch_granted: bool | None,
    people_alone: int = 0,
    other_calls: float = 0.0,
) -> dict[str, str]:
    """Return the placeholders for texts about a month of polling; see `forecast`.

    They are numbers (intervals in minutes). Words and units are in the translations, because the reader's language is
    not known here.
    """
    month = forecast(
        options,
        rooms,
        people,
        batch_granted=batch_granted,
        now=dt_util.utcnow(),  # only the length of the month and what is left of it matter
        time_zone=dt_util.get_default_time_zone(),
        people_alone=people_alone,
        other_calls=other_calls,
    )
    missing = SCOPES_ROOM_BATCH[0] if month.reason is Reason.NOT_GRANTED else NONE
    return {
        "interval": _minutes_text(month.plan.office),
        "off_interval": _minutes_text(month.plan.off if options.off_hours else month.plan.office),
        "calls": f"{month.calls:,}",
        "rooms_per_call": f"{MAX_BATCH_ROOMS if month.source is SourceOption.BATCH else 1}",
        "missing": missing,
    }


def _minutes_text(duration: timedelta) -> str:
    minutes = duration / timedelta(minutes=1)
    return f"{minutes:.1f}".removesuffix(".0") if minutes < _DECIMALS_BELOW else f"{minutes:,.0f}"


def _examples(names: Sequence[str]) -> str:
    """Return the first names of a level of the room tree; they need no translation."""
    shown = ", ".join(names[:_MOST_EXAMPLES])
    return f"{shown}, …" if len(names) > _MOST_EXAMPLES else shown
