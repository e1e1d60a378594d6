"""The rooms and people of an entry, and its account, as devices."""

from collections.abc import Callable, Iterable
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED, EventEntityRegistryUpdatedData
from homeassistant.helpers.translation import async_get_cached_translations

from ._slices import in_slices
from .const import CONF_APP_ID, CONF_BASE_URL, CONF_SUGGEST_AREAS, DOMAIN
from .feishu.address import LARK_URL
from .feishu.app_links import day_url, rooms_url
from .feishu.console import app_url
from .feishu.models import SubjectKind, SubjectRef
from .model.directory import RoomInfo, place_text
from .model.subject import SubjectInfo


def subject_device_info(hass: HomeAssistant, entry: ConfigEntry[Any], info: SubjectInfo) -> DeviceInfo:
    """Return a room or a person as a device. The model is the place of the room, or says that it is a person.

    Its page opens the calendar in Feishu. The cards take the host of their links from it.
    """
    place = place_text(info) or None if isinstance(info, RoomInfo) else None
    model = place if isinstance(info, RoomInfo) else _word_for_person(hass)
    page = (rooms_url if isinstance(info, RoomInfo) else day_url)(entry.data[CONF_BASE_URL])
    identifiers = {_identifier(entry, info.id)}
    device = DeviceInfo(
        identifiers=identifiers, name=info.device_name, model=model, configuration_url=page, **_common(entry)
    )
    if place and entry.options.get(CONF_SUGGEST_AREAS):
        device["suggested_area"] = place  # counts only for a device that is new
    return device


def _word_for_person(hass: HomeAssistant) -> str | None:
    texts = async_get_cached_translations(hass, hass.config.language, "device", DOMAIN)
    return texts.get(f"component.{DOMAIN}.device.person.name")


def account_device_info(entry: ConfigEntry[Any]) -> DeviceInfo:
    """Return the account, one Feishu app, as a device."""
    app_id = entry.data[CONF_APP_ID]
    return DeviceInfo(
        identifiers={_account_identifier(entry)},
        name=entry.title,
        model=app_id,
        configuration_url=app_url(entry.data[CONF_BASE_URL], app_id),
        **_common(entry),
    )


def _common(entry: ConfigEntry[Any]) -> DeviceInfo:
    return DeviceInfo(
        manufacturer="Lark" if entry.data[CONF_BASE_URL] == LARK_URL else "Feishu",
        entry_type=DeviceEntryType.SERVICE,
    )


def subject_id_of(entry: ConfigEntry[Any], identifiers: Iterable[tuple[str, str]]) -> str | None:
    """Return the subject id of a device of the entry, None for the account."""
    prefix = f"{entry.unique_id}_"
    keys = (key for domain, key in identifiers if domain == DOMAIN and key.startswith(prefix))
    return next((key.removeprefix(prefix) for key in keys), None)


@callback
def device_of(hass: HomeAssistant, entry: ConfigEntry[Any], subject_id: str) -> dr.DeviceEntry | None:
    """Return the device of a room or a person, None if there is none."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next((device for device in devices if _identifier(entry, subject_id) in device.identifiers), None)


@callback
def names_of_rooms(hass: HomeAssistant, entry: ConfigEntry[Any]) -> dict[str, str]:
    """Return the rooms that have a device, with their last known names."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    names = {subject_id: device.name for device in devices if (subject_id := subject_id_of(entry, device.identifiers))}
    return {
        room_id: name or room_id for room_id, name in names.items() if SubjectRef.of(room_id).kind is SubjectKind.ROOM
    }


@callback
def subjects_without_enabled_entity(hass: HomeAssistant, entry: ConfigEntry[Any]) -> set[str]:
    """Return the subjects whose entities are all disabled. A subject without entities is new and not among them."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    idle = {device.id: subject_id for device in devices if (subject_id := subject_id_of(entry, device.identifiers))}
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    for entity in entities:
        if not entity.disabled:
            idle.pop(entity.device_id or "", None)
    return {idle[entity.device_id] for entity in entities if entity.device_id in idle}


@callback
def async_watch_enabled(hass: HomeAssistant, entry: ConfigEntry[Any], listener: Callable[[], None]) -> CALLBACK_TYPE:
    """Call `listener` when an entity of the entry is enabled or disabled; return a function that stops this."""

    @callback
    def is_enabled_or_disabled(data: EventEntityRegistryUpdatedData) -> bool:
        if data["action"] != "update" or "disabled_by" not in data["changes"]:
            return False
        entity = er.async_get(hass).async_get(data["entity_id"])
        return entity is not None and entity.config_entry_id == entry.entry_id

    @callback
    def call(_event: Event[EventEntityRegistryUpdatedData]) -> None:
        listener()

    return hass.bus.async_listen(EVENT_ENTITY_REGISTRY_UPDATED, call, event_filter=is_enabled_or_disabled)


def _identifier(entry: ConfigEntry[Any], subject_id: str) -> tuple[str, str]:
    # With the app id: two apps of one tenant may show the same room
    return (DOMAIN, f"{entry.unique_id}_{subject_id}")


def _account_identifier(entry: ConfigEntry[Any]) -> tuple[str, str]:
    return (DOMAIN, f"{entry.unique_id}")


async def async_remove_dropped(hass: HomeAssistant, entry: ConfigEntry[Any], subject_ids: Iterable[str]) -> None:
    """Remove the devices and entities of all rooms and people except these."""
    registry = dr.async_get(hass)
    kept = {_account_identifier(entry), *(_identifier(entry, subject_id) for subject_id in subject_ids)}
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    async for device_id in in_slices([device.id for device in devices if not device.identifiers & kept]):
        if registry.async_get(device_id):  # it may have been removed meanwhile
            registry.async_remove_device(device_id)


@callback
def async_update_account_device(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Give the device of the account the current name of the entry."""
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    if any(_account_identifier(entry) in device.identifiers for device in devices):
        registry.async_get_or_create(config_entry_id=entry.entry_id, **account_device_info(entry))


@callback
def async_update_device(hass: HomeAssistant, entry: ConfigEntry[Any], info: SubjectInfo) -> None:
    """Give the device of a room or a person its current name and place."""
    device = subject_device_info(hass, entry, info)
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **device)
