"""Meeting rooms of a Feishu or Lark tenant: busy or free, to the second."""

from homeassistant.core import HomeAssistant, callback

from .api import async_create_client
from .catalogue import CatalogueCoordinator
from .const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, PLATFORMS
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import async_remove_dropped_rooms, async_update_rooms
from .options import Options


async def async_setup_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Read the catalogue and the rooms once, then keep them current."""
    client = async_create_client(
        hass,
        base_url=entry.data[CONF_BASE_URL],
        app_id=entry.data[CONF_APP_ID],
        app_secret=entry.data[CONF_APP_SECRET],
    )
    catalogue = CatalogueCoordinator(hass, entry, client)
    await catalogue.async_config_entry_first_refresh()
    coordinator = FreeBusyCoordinator(hass, entry, client, catalogue)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator

    @callback
    def apply_catalogue() -> None:
        coordinator.async_apply_catalogue()
        async_update_rooms(hass, entry)

    entry.async_on_unload(catalogue.async_add_listener(apply_catalogue))
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    async_remove_dropped_rooms(hass, entry, coordinator.room_ids)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Remove the entities; the coordinators stop by themselves."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def _async_entry_updated(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Apply changed options in place; a changed address or secret reloads the entry from its flow."""
    async_remove_dropped_rooms(hass, entry, tuple(Options.of(entry.options).rooms))
    await entry.runtime_data.async_apply_options()
    async_update_rooms(hass, entry)
