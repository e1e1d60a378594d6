"""Meeting rooms of a Feishu or Lark tenant: busy or free, to the second."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED, EventEntityRegistryUpdatedData
from homeassistant.helpers.typing import ConfigType

from .api import async_create_client
from .assist.sentences import async_update_voice_sentences
from .cards import async_update_dashboard_resources
from .const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_PEOPLE, CONF_ROOMS, DOMAIN, PLATFORMS, ROOM_PREFIX
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import (
    async_remove_dropped,
    async_update_devices,
    names_of_rooms,
    subject_id_of,
    subjects_without_enabled_entity,
)
from .issues import async_watch_entries
from .model.options import Options
from .services import async_setup_services
from .sync.catalogue import CatalogueCoordinator
from .sync.journal import async_forget_polls
from .sync.quota import MonthlyCalls, async_forget_calls
from .sync.store import Stored, async_forget_stored

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001  # Home Assistant's signature
    """Set up the actions, which are there even if no entry is loaded, and the end of issues when one is not."""
    async_setup_services(hass)
    async_watch_entries(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Read the catalogue and the rooms once, then keep them current; where that fails, what is stored serves."""
    client = async_create_client(
        hass,
        base_url=entry.data[CONF_BASE_URL],
        app_id=entry.data[CONF_APP_ID],
        app_secret=entry.data[CONF_APP_SECRET],
    )
    calls = MonthlyCalls(hass, entry, client.traffic)
    await calls.async_load()
    entry.async_on_unload(calls.async_save)
    stored = Stored(hass, entry)
    restored = await stored.async_load()
    entry.async_on_unload(stored.async_save)
    catalogue = CatalogueCoordinator(hass, entry, client, names_of_rooms(hass, entry), restored.catalogue)
    await catalogue.async_config_entry_first_refresh()
    stored.async_keep_catalogue(catalogue.data)
    coordinator = FreeBusyCoordinator(hass, entry, client, catalogue, calls, stored)
    coordinator.async_ignore(subjects_without_enabled_entity(hass, entry))
    await coordinator.async_start(restored.readings)
    entry.runtime_data = coordinator
    _listen(hass, entry, coordinator)
    async_remove_dropped(hass, entry, coordinator.subject_ids)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)
    if entry.pref_disable_new_entities:
        coordinator.async_ignore(subjects_without_enabled_entity(hass, entry))
    if Options.of(entry.options) != coordinator.options:  # changed meanwhile, when nobody listened yet
        hass.config_entries.async_schedule_reload(entry.entry_id)
    return True


@callback
def _listen(hass: HomeAssistant, entry: FeishuConfigEntry, coordinator: FreeBusyCoordinator) -> None:
    @callback
    def apply_catalogue() -> None:
        coordinator.async_ignore(subjects_without_enabled_entity(hass, entry))  # of those that were new last time
        coordinator.async_apply_catalogue()
        async_remove_dropped(hass, entry, coordinator.subject_ids)
        async_update_devices(hass, entry)
        coordinator.stored.async_keep_catalogue(coordinator.catalogue.data)

    @callback
    def apply_registry(_event: Event[EventEntityRegistryUpdatedData]) -> None:
        coordinator.async_ignore(subjects_without_enabled_entity(hass, entry))

    @callback
    def is_enabled_or_disabled(data: EventEntityRegistryUpdatedData) -> bool:
        if data["action"] != "update" or "disabled_by" not in data["changes"]:
            return False
        entity = er.async_get(hass).async_get(data["entity_id"])
        return entity is not None and entity.config_entry_id == entry.entry_id

    @callback
    def apply_config(event: Event[dict[str, Any]]) -> None:
        if "time_zone" in event.data:
            coordinator.async_apply_time_zone()

    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, apply_config))
    entry.async_on_unload(coordinator.catalogue.async_add_listener(apply_catalogue))
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    entry.async_on_unload(
        hass.bus.async_listen(EVENT_ENTITY_REGISTRY_UPDATED, apply_registry, event_filter=is_enabled_or_disabled)
    )


async def async_unload_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Remove the entities; the coordinators stop by themselves."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Leave nothing behind; dashboard cards and voice sentences go with the last entry."""
    await async_forget_calls(hass, entry)
    async_forget_polls(hass, entry)
    await async_forget_stored(hass, entry)
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: FeishuConfigEntry, device: DeviceEntry) -> bool:
    """Delete a person, or a room that was picked by hand; one of a followed floor, and the account, would come back."""
    deleted = subject_id_of(entry, device.identifiers)
    options = Options.of(entry.options)
    if deleted is None or _may_be_followed(entry, deleted, options):
        return False
    kept = {
        key: {subject_id: name for subject_id, name in chosen.items() if subject_id != deleted}
        for key, chosen in ((CONF_ROOMS, options.rooms), (CONF_PEOPLE, options.people))
    }
    hass.config_entries.async_update_entry(entry, options={**entry.options, **kept})
    return True


def _may_be_followed(entry: FeishuConfigEntry, subject_id: str, options: Options) -> bool:
    """Tell whether it is, or for all that is known may be, a room of a followed level."""
    if not options.room_levels or not subject_id.startswith(ROOM_PREFIX):
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    return subject_id in entry.runtime_data.catalogue.data.followed(options.room_levels)


async def _async_entry_updated(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Apply changed options in place; a changed address or secret reloads the entry from its flow."""
    coordinator = entry.runtime_data
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)
    if not _is_running(entry, coordinator):
        return
    before, options = coordinator.options, Options.of(entry.options)
    if before == options:
        return
    if (
        before.source != options.source
        or not options.rooms.keys() <= coordinator.catalogue.data.catalogue.rooms.keys()
        or not options.room_levels.keys() <= before.room_levels.keys()
    ):
        # First: a room of which nothing is known may be disabled, and a permission granted only now
        await coordinator.catalogue.async_refresh()
        if not _is_running(entry, coordinator):
            return
    coordinator.async_apply_options()
    async_remove_dropped(hass, entry, coordinator.subject_ids)
    async_update_devices(hass, entry)
    await coordinator.async_refresh()


def _is_running(entry: FeishuConfigEntry, coordinator: FreeBusyCoordinator) -> bool:
    """Tell whether the entry was not unloaded meanwhile; else the next start takes the options as they are then."""
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data is coordinator
