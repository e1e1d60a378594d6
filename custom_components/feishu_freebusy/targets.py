"""The rooms and people that an automation targets, by their main entities."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, Platform
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetEntityChangeTracker, TargetSelection
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .model.soon import lasts_until

type Attach = Callable[[str, FreeBusyCoordinator, str], CALLBACK_TYPE]


@callback
def main_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    """Return those of these entities that are the enabled main entity of a room or a person."""
    return {entity_id for entity_id in entity_ids if _registered(hass, entity_id)}


def _registered(hass: HomeAssistant, entity_id: str) -> er.RegistryEntry | None:
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.disabled or (entity.platform, entity.domain) != (DOMAIN, Platform.BINARY_SENSOR):
        return None
    return entity


@callback
def subject_of(hass: HomeAssistant, entity_id: str) -> tuple[FreeBusyCoordinator, str] | None:
    """Return the room or person with this main entity: its coordinator and its id; None while it is not loaded."""
    entity = _registered(hass, entity_id)
    entry: FeishuConfigEntry | None = hass.config_entries.async_get_entry((entity and entity.config_entry_id) or "")
    if entity is None or entry is None or entry.state is not ConfigEntryState.LOADED:
        return None
    subject_id = entity.unique_id.removeprefix(f"{entry.unique_id}_").removesuffix("_busy")
    return (entry.runtime_data, subject_id) if subject_id in entry.runtime_data.subjects else None


@callback
def stays_free(hass: HomeAssistant, state: State, duration: timedelta) -> bool:
    """Return whether a room in this state is free now and is known to stay free for at least `duration`."""
    if state.state != STATE_OFF or (found := subject_of(hass, state.entity_id)) is None:
        return False
    coordinator, subject_id = found
    schedule, next_busy = coordinator.subjects.schedule(subject_id), state.attributes.get("next_busy_time")
    until = datetime.fromisoformat(next_busy) if next_busy else schedule.horizon if schedule else None
    return until is not None and lasts_until(until, duration, coordinator.clock.moment.now)


class SubjectTracker(TargetEntityChangeTracker):
    """Calls `attach` for each targeted room and person, again after each reload of its entry, and undoes it in time.

    `attach` gets the entity id, the coordinator and the id of the subject, and returns what undoes it.
    """

    def __init__(self, hass: HomeAssistant, target: ConfigType, attach: Attach) -> None:
        """Raise `HomeAssistantError` if the target is empty."""
        selection = TargetSelection(target)
        if not selection.has_any_target:
            raise HomeAssistantError(f"No target defined in {target}")
        super().__init__(hass, selection, lambda entities: main_entities(hass, entities))
        self._attach = attach
        self._entities: set[str] = set()
        self._attached: dict[str, tuple[FreeBusyCoordinator, CALLBACK_TYPE]] = {}
        self._unsub_entries: dict[str, CALLBACK_TYPE] = {}

    @callback
    @override
    def _handle_entities_update(self, tracked_entities: set[str]) -> None:
        if tracked_entities == self._entities:
            return
        self._entities = tracked_entities
        self._watch_entries()
        self._update()

    @callback
    def _watch_entries(self) -> None:
        entities = filter(None, (_registered(self._hass, entity_id) for entity_id in self._entities))
        entry_ids = {entity.config_entry_id for entity in entities if entity.config_entry_id}
        for entry_id in self._unsub_entries.keys() - entry_ids:
            self._unsub_entries.pop(entry_id)()
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            if entry.entry_id in entry_ids - self._unsub_entries.keys():
                self._unsub_entries[entry.entry_id] = entry.async_on_state_change(self._update)

    @callback
    def _update(self) -> None:
        """Attach to what is loaded now, detach from the rest."""
        found = {each: where for each in self._entities if (where := subject_of(self._hass, each))}
        for entity_id, (coordinator, detach) in list(self._attached.items()):
            if entity_id not in found or found[entity_id][0] is not coordinator:
                del self._attached[entity_id]
                detach()
        for entity_id in found.keys() - self._attached.keys():
            coordinator, subject_id = found[entity_id]
            self._attached[entity_id] = (coordinator, self._attach(entity_id, coordinator, subject_id))

    @callback
    @override
    def _unsubscribe(self) -> None:
        super()._unsubscribe()
        self._entities = set()
        self._watch_entries()
        self._update()
