"""The rooms of an entry as devices."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from .catalogue import RoomInfo, place_text
from .const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from .coordinator import FeishuConfigEntry
from .feishu import LARK_URL
from .links import app_url


def room_device_info(entry: FeishuConfigEntry, info: RoomInfo) -> DeviceInfo:
    """Return a room as a device."""
    return DeviceInfo(
        identifiers={_identifier(entry, info.room.room_id)},
        name=info.device_name,
        manufacturer="Lark" if entry.data[CONF_BASE_URL] == LARK_URL else "Feishu",
        model=place_text(info) or None,
        entry_type=DeviceEntryType.SERVICE,
        configuration_url=app_url(entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]),
    )


def _identifier(entry: FeishuConfigEntry, room_id: str) -> tuple[str, str]:
    # With the app: two apps of one tenant may show the same room
    return (DOMAIN, f"{entry.unique_id}_{room_id}")


@callback
def async_remove_dropped_rooms(hass: HomeAssistant, entry: FeishuConfigEntry, room_ids: tuple[str, ...]) -> None:
    """Remove the devices, with their entities, of rooms that are not among `room_ids`."""
    registry = dr.async_get(hass)
    kept = {_identifier(entry, room_id) for room_id in room_ids}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if not device.identifiers & kept:
            registry.async_remove_device(device.id)


@callback
def async_update_rooms(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Give the devices the names and places that the catalogue has now."""
    registry = dr.async_get(hass)
    coordinator = entry.runtime_data
    for room_id in coordinator.room_ids:
        registry.async_get_or_create(
            config_entry_id=entry.entry_id, **room_device_info(entry, coordinator.room(room_id))
        )
