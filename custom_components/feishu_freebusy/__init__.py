"""Meeting rooms of a Feishu or Lark tenant: busy or free, to the second."""

import asyncio
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .acting import (
    async_apply_switches,
    async_make_booker,
    async_recover_bookings,
    async_remove_buttons,
    async_settle_bookings,
    async_undo_bookings_left,
    button_keys,
)
from .api import async_create_client
from .assist.sentences import async_update_voice_sentences
from .cards import async_setup_cards, async_update_dashboard_resources
from .const import CONF_PEOPLE, CONF_ROOMS, DOMAIN
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import (
    async_remove_dropped,
    async_update_account_device,
    names_of_rooms,
    subject_id_of,
)
from .feishu.models import SubjectKind, SubjectRef
from .intent import async_update_booking_intents
from .issues import async_report_failure, async_watch_entries
from .model.options import Options
from .no_shows import NoShowReleaser
from .services import async_setup_services
from .services_booking import async_update_booking_services
from .services_utilization import async_setup_utilization_service
from .sync.catalogue import CatalogueCoordinator
from .sync.clock import EntryClock
from .sync.grant_keeper import async_remove_grant
from .sync.journal import async_forget_polls
from .sync.ledger import async_forget_ledger
from .sync.quota import MonthlyCalls, async_forget_calls
from .sync.store import Stored, async_forget_stored
from .sync.trust_store import async_forget_trust
from .sync.utilization import async_forget_utilization

PLATFORMS = [Platform.BINARY_SENSOR, Platform.CALENDAR, Platform.EVENT, Platform.SENSOR]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:  # noqa: ARG001  # Home Assistant's signature
    """Register the actions and the command of the cards, which exist even if no entry is loaded."""
    async_setup_services(hass)
    async_setup_utilization_service(hass)
    _async_watch_switches(hass)
    async_setup_cards(hass)
    async_watch_entries(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Read the catalogue and the rooms once, then keep them current. If that fails, use what is stored."""
    client = async_create_client(hass, entry.data)
    clock = EntryClock(hass, client.traffic.clock)
    calls = MonthlyCalls(hass, entry, client.traffic, clock)
    await calls.async_load()
    entry.async_on_unload(calls.async_save)
    stored = Stored(hass, entry, clock)
    restored = await stored.async_load()
    entry.async_on_unload(stored.async_save)
    catalogue = CatalogueCoordinator(hass, entry, client, clock, names_of_rooms(hass, entry), restored.catalogue)
    try:
        await catalogue.async_config_entry_first_refresh()
    except ConfigEntryNotReady:
        if catalogue.error:
            async_report_failure(hass, entry, catalogue.error)
        raise
    stored.async_keep_catalogue(catalogue.data)
    coordinator = FreeBusyCoordinator(hass, entry, client, clock, catalogue, calls, stored)
    await coordinator.grant.async_load()
    entry.async_on_unload(coordinator.async_save_utilization)
    await coordinator.async_start(restored.readings)
    entry.runtime_data = coordinator
    await async_make_booker(hass, entry)
    async_remove_buttons(hass, entry)
    coordinator.async_watch()
    entry.async_on_unload(entry.add_update_listener(_async_entry_updated))
    await async_remove_dropped(hass, entry, coordinator.subjects)
    await asyncio.sleep(0)  # let others use the event loop between the first read and the platforms
    async with coordinator.subjects_lock:
        await hass.config_entries.async_forward_entry_setups(entry, _platforms(coordinator))
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)
    if entry.pref_disable_new_entities:
        coordinator.async_ignore_disabled()
    async_recover_bookings(coordinator)
    NoShowReleaser(coordinator)
    if Options.of(entry.options) != coordinator.options:  # changed during the setup, before the listener was added
        hass.config_entries.async_schedule_reload(entry.entry_id)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> bool:
    """Remove the entities; the coordinators stop with the entry."""
    await async_update_voice_sentences(hass)  # the entry may be disabled by now
    is_unloaded = await hass.config_entries.async_unload_platforms(entry, _platforms(entry.runtime_data))
    if is_unloaded:
        await async_settle_bookings(entry.runtime_data)
        await entry.runtime_data.grant.async_stop()
    return is_unloaded


@callback
def _async_watch_switches(hass: HomeAssistant) -> None:
    """Offer actions and intents that change bookings only while an app is allowed to.

    An entry may also be changed or disabled while it is not loaded.
    """

    @callback
    def update(_change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain == DOMAIN and async_update_booking_services(hass):
            async_update_booking_intents(hass)
            hass.async_create_task(async_update_voice_sentences(hass), "voice sentences")

    async_update_booking_services(hass)
    async_update_booking_intents(hass)
    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, update)


def _platforms(coordinator: FreeBusyCoordinator) -> list[Platform]:
    """Return the platforms of an entry. Its switches for actions stay as they were at its start."""
    return [*PLATFORMS, Platform.BUTTON] if button_keys(coordinator.options) else PLATFORMS


async def async_remove_entry(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Delete what is stored; the last entry also removes the dashboard cards and the voice sentences."""
    await async_forget_calls(hass, entry)
    async_forget_polls(hass, entry)
    await async_forget_stored(hass, entry)
    await async_forget_trust(hass, entry)
    await async_undo_bookings_left(hass, entry)
    await async_forget_ledger(hass, entry)
    await async_remove_grant(hass, entry)  # last: a booking of the person may have been undone with their token
    await async_forget_utilization(hass, entry)
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: FeishuConfigEntry, device: DeviceEntry) -> bool:
    """Delete a person or a room picked by hand. Others are refused: they would come back."""
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
    """Return whether the subject is a room of a followed level, or may be one while the entry is not loaded."""
    if not options.room_levels or SubjectRef.of(subject_id).kind is SubjectKind.PERSON:
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    return subject_id in entry.runtime_data.catalogue.data.followed(options.room_levels)


async def _async_entry_updated(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Apply a changed title or options in place; the flow itself reloads the entry for another address or secret."""
    coordinator = entry.runtime_data
    async_update_account_device(hass, entry)
    await async_update_dashboard_resources(hass)
    await async_update_voice_sentences(hass)
    if coordinator.is_running and not async_apply_switches(coordinator):
        await coordinator.async_apply_options()
