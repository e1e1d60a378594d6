"""The steps for occupancy: which sensors see people in which room, and what is done if nobody comes."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import Platform
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .._vol import vol
from ..const import CONF_NO_SHOW_MINUTES, CONF_NO_SHOWS, CONF_OCCUPANCY
from ..devices import device_of, names_of_rooms
from ..issues import escape_markdown
from ..model.options import NoShows, Options, with_defaults
from .fields import number

_CLASSES = ["occupancy", "presence", "motion"]  # of binary sensors
_ROOM = "room"
_SENSORS = "sensors"
_SENSORS_SCHEMA = vol.Schema(
    {
        vol.Optional(_SENSORS, default=[]): EntitySelector(
            EntitySelectorConfig(
                filter=[
                    {"domain": Platform.BINARY_SENSOR.value, "device_class": _CLASSES},
                    {"domain": "input_boolean"},
                ],
                multiple=True,
            )
        )
    }
)
_NO_SHOWS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NO_SHOW_MINUTES): number(1, 120, "minutes"),
        vol.Required(CONF_NO_SHOWS): SelectSelector(
            SelectSelectorConfig(
                options=[each.value for each in NoShows], translation_key=CONF_NO_SHOWS, mode=SelectSelectorMode.LIST
            )
        ),
    }
)


class OccupancySteps(OptionsFlow):
    """Gives rooms their occupancy sensors, one room after the other."""

    _changes: dict[str, Any]
    _sensed_room: str = ""

    def _room_ids_now(self) -> set[str]:
        """Return the ids of the rooms of the entry."""
        raise NotImplementedError

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save the changes."""
        raise NotImplementedError

    async def async_step_occupancy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show which rooms have sensors, and what can be changed."""
        sensors, names = self._chosen_sensors(), self._room_names()
        rooms = [
            f"- {escape_markdown(name)}: {len(sensors[room_id])}"
            for room_id, name in names.items()
            if sensors.get(room_id)
        ]
        return self.async_show_menu(
            step_id="occupancy",
            menu_options=[*(["occupancy_room"] if names else []), "occupancy_no_shows", "save"],
            description_placeholders={"rooms": "\n".join(rooms) or "–"},
        )

    async def async_step_occupancy_room(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a room."""
        if user_input is not None:
            self._sensed_room = user_input[_ROOM]
            return await self.async_step_occupancy_sensors()
        sensors = self._chosen_sensors()
        options = [
            SelectOptionDict(value=room_id, label=f"{name} ({len(sensors[room_id])})" if sensors.get(room_id) else name)
            for room_id, name in self._room_names().items()
        ]
        selector = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
        return self.async_show_form(step_id="occupancy_room", data_schema=vol.Schema({vol.Required(_ROOM): selector}))

    async def async_step_occupancy_sensors(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the sensors of the room. Those of its area are suggested until sensors are chosen."""
        room_id, sensors = self._sensed_room, self._chosen_sensors()
        registry = er.async_get(self.hass)
        if user_input is not None:
            chosen = map(registry.async_get, user_input[_SENSORS])
            # Ids of the registry survive a new entity id
            ids = [entry.id if entry else each for entry, each in zip(chosen, user_input[_SENSORS], strict=True)]
            self._changes[CONF_OCCUPANCY] = {**sensors, room_id: ids}
            return await self.async_step_occupancy()
        suggested = sensors[room_id] if room_id in sensors else self._sensors_in_area(registry, room_id)
        entity_ids = [er.async_resolve_entity_id(registry, each) for each in suggested]
        return self.async_show_form(
            step_id="occupancy_sensors",
            data_schema=self.add_suggested_values_to_schema(_SENSORS_SCHEMA, {_SENSORS: entity_ids}),
            description_placeholders={"room": escape_markdown(self._room_names()[room_id])},
        )

    async def async_step_occupancy_no_shows(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what a no-show is, and what is done about it."""
        if user_input is not None:
            self._changes |= user_input
            return await self.async_step_occupancy()
        shown = {**with_defaults(self.config_entry.options), **self._changes}
        return self.async_show_form(
            step_id="occupancy_no_shows", data_schema=self.add_suggested_values_to_schema(_NO_SHOWS_SCHEMA, shown)
        )

    def _chosen_sensors(self) -> Mapping[str, list[str]]:
        """Return the chosen sensors by room. A room whose list was cleared has none; rooms never set are left out.

        Sensors that were removed from Home Assistant are left out, too.
        """
        registry, room_ids = er.async_get(self.hass), self._room_ids_now()
        stored = Options.of({**self.config_entry.options, **self._changes}).occupancy
        return {
            room_id: [each for each in chosen if er.async_resolve_entity_id(registry, each)]
            for room_id, chosen in stored.items()
            if room_id in room_ids
        }

    def _room_names(self) -> Mapping[str, str]:
        """Return the names of the rooms, sorted by name."""
        names = {**Options.of(self.config_entry.options).rooms, **names_of_rooms(self.hass, self.config_entry)}
        known = ((room_id, names.get(room_id, room_id)) for room_id in self._room_ids_now())
        return dict(sorted(known, key=lambda room: (room[1], room[0])))

    def _sensors_in_area(self, registry: er.EntityRegistry, room_id: str) -> Iterable[str]:
        """Return the enabled binary sensors in the area of the room's device."""
        device = device_of(self.hass, self.config_entry, room_id)
        if device is None or device.area_id is None:
            return []
        in_area = dr.async_entries_for_area(dr.async_get(self.hass), device.area_id)
        entries = [
            *er.async_entries_for_area(registry, device.area_id),
            *(
                entry
                for each in in_area
                for entry in er.async_entries_for_device(registry, each.id)
                if entry.area_id is None
            ),
        ]
        return [
            entry.id
            for entry in entries
            if entry.domain == Platform.BINARY_SENSOR  # an event may be of motion, too
            and not entry.disabled
            and (entry.device_class or entry.original_device_class) in _CLASSES
        ]
