"""A Home Assistant that restarts with its stored data, on one virtual clock."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
import heapq
from typing import Any

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    frame,
    issue_registry as ir,
    label_registry as lr,
    restore_state as rs,
    translation,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.util.async_ import get_scheduled_timer_handles
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, DOMAIN
from custom_components.feishu_freebusy.coordinator import FreeBusyCoordinator
from custom_components.feishu_freebusy.finder import async_find_rooms, async_now
from custom_components.feishu_freebusy.model.options import Options
from custom_components.feishu_freebusy.model.search import Request
from tests.clock import Clock

_ENTRY_ID = "01SOAK"
_STAY = timedelta(minutes=1)


class Home:
    """One config entry in a series of Home Assistants."""

    hass: HomeAssistant
    entry: MockConfigEntry

    def __init__(
        self,
        clock: Clock,
        unique_id: str,
        data: Mapping[str, Any],
        options: Mapping[str, Any],
        zone: str,
    ) -> None:
        """Prepare the entry; `start` sets it up."""
        self._clock = clock
        self.unique_id = unique_id
        self.zone = zone
        self._entry_data, self.entry_options = dict(data), dict(options)
        self.began: Callable[[HomeAssistant], None] = lambda _: None  # called with each new Home Assistant
        self.left: Callable[[], None] = lambda: None  # called when the entry is no longer loaded
        self.ended: Callable[[HomeAssistant], None] = lambda _: None  # called when nothing of the entry should be left
        self._enabled_since_load: set[str] = set()
        self._stack = AsyncExitStack()
        self.loads = 0  # how often the entry was loaded
        self.is_clock_wrong = False
        self.other_apps: list[dict[str, str]] = []  # the data of entries that show the same rooms by other apps

    @property
    def options(self) -> dict[str, Any]:
        """The options of the entry."""
        return dict(self.entry.options)

    @property
    def subject_ids(self) -> set[str]:
        """The ids of all rooms and people of the entry."""
        return {*self.entry.options["rooms"], *self.entry.options["people"]}

    @property
    def coordinator(self) -> FreeBusyCoordinator:
        """The coordinator of the entry, which must be loaded."""
        coordinator: FreeBusyCoordinator = self.entry.runtime_data
        return coordinator

    @property
    def is_loaded(self) -> bool:
        """Whether the entry is loaded."""
        return self.entry.state is ConfigEntryState.LOADED

    @property
    def is_settled(self) -> bool:
        """Whether the entry is neither starting nor stopping, and its options are in force.

        If the clock of the machine is wrong, enough answers must have told it since the start.
        """
        if self.entry.state in (ConfigEntryState.SETUP_RETRY, ConfigEntryState.NOT_LOADED):
            return True
        if not self.is_loaded or self.coordinator.options != Options.of(self.entry.options):
            return False
        answers = self.coordinator.client.traffic.clock._latest
        return not self.is_clock_wrong or len(answers) == answers.maxlen

    async def start(self) -> None:
        """Start a new Home Assistant with the stored registries and entry."""
        hass = self.hass = await self._stack.enter_async_context(async_test_home_assistant(load_registries=False))
        self._clock.follow(hass)
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        hass.async_add_import_executor_job = hass.async_add_executor_job  # type: ignore[method-assign]  # `settle` waits for this executor only
        frame.async_setup(hass)
        if setup := getattr(dr, "async_setup", None):
            setup(hass)
        for registry in (ar, cr, dr, er, fr, ir, lr, rs):
            await self._clock.run(registry.async_load(hass))
        await hass.config.async_set_time_zone(self.zone)
        await self._clock.run(translation.async_load_integrations(hass, {"homeassistant"}))
        self.entry = MockConfigEntry(
            domain=DOMAIN,
            title="Meeting rooms",
            entry_id=_ENTRY_ID,
            unique_id=self.unique_id,
            data=self._entry_data,
            options=self.entry_options,
        )
        self.entry.add_to_hass(hass)
        async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._entry_changed)
        self.began(hass)
        await self._clock.run(hass.config_entries.async_setup(_ENTRY_ID))
        for data in self.other_apps:
            app_id = data[CONF_APP_ID]
            entry = MockConfigEntry(
                domain=DOMAIN,
                title=f"App {app_id}",
                entry_id=app_id,
                unique_id=app_id,
                data=data,
                options={**self.entry_options, "people": {}},
            )
            entry.add_to_hass(hass)
            if not await self._clock.run(hass.config_entries.async_setup(app_id)):
                raise AssertionError(f"{app_id}: {entry.reason}")
        await self._clock.settle()

    def offered(self) -> set[str]:
        """Return the rooms that a search in all entries offers for the next minutes."""
        entries = self.hass.config_entries.async_loaded_entries(DOMAIN)
        now = async_now(self.hass)
        request = Request(_STAY, now, now + _STAY, limit=1_000)
        return {offer.room_id for offer in async_find_rooms(self.hass, entries, request).result.offers}

    @callback
    def _entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.entry_id != _ENTRY_ID:
            return
        if entry.state is ConfigEntryState.LOADED:
            self.loads += 1
            self._enabled_since_load.clear()
        else:
            self.left()

    async def stop(self) -> None:
        """Stop Home Assistant, which writes its data."""
        self._entry_data, self.entry_options = dict(self.entry.data), dict(self.entry.options)
        await self._clock.run(self.hass.async_stop(force=True))
        await self._stack.aclose()
        self.ended(self.hass)
        _end_timers(self.hass)
        self.left()

    async def reload(self) -> None:
        """Reload the entry."""
        await self._clock.run(self.hass.config_entries.async_reload(_ENTRY_ID))
        await self._clock.settle()

    async def unload(self) -> None:
        """Unload the entry."""
        await self._clock.run(self.hass.config_entries.async_unload(_ENTRY_ID))
        await self._clock.settle()
        self.ended(self.hass)

    async def load(self) -> None:
        """Load the entry if it is unloaded."""
        if self.entry.state is not ConfigEntryState.NOT_LOADED:
            return
        await self._clock.run(self.hass.config_entries.async_setup(_ENTRY_ID))
        await self._clock.settle()

    async def set_options(self, **options: Any) -> None:
        """Change options of the entry."""
        self.hass.config_entries.async_update_entry(self.entry, options={**self.entry.options, **options})
        await self._clock.settle()

    async def set_zone(self, zone: str) -> None:
        """Change the time zone of Home Assistant."""
        self.zone = zone
        # Do not use the clock here: it does not see the thread that loads the zone, and would move time meanwhile
        await self.hass.config.async_update(time_zone=zone)
        await self._clock.settle()

    async def enter_secret(self, secret: str) -> bool:
        """Complete the reauthentication flow. Return whether there was one and it accepted the secret."""
        flows = self.hass.config_entries.flow
        for flow in flows.async_progress_by_handler(DOMAIN):
            answer = {CONF_APP_SECRET: secret}
            result = await self._clock.run(flows.async_configure(flow["flow_id"], answer))
            await self._clock.settle()
            return str(result["type"]) == "abort"
        return False

    def state(self, room_id: str, key: str = "busy", domain: str = "binary_sensor") -> State | None:
        """Return the state of an entity of a room; None if there is no entity or it is disabled."""
        unique_id = f"{self.unique_id}_{room_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id(domain, DOMAIN, unique_id)
        return self.hass.states.get(entity_id) if entity_id else None

    @property
    def free_rooms(self) -> str:
        """The state of the sensor for the number of free rooms."""
        entity_id = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, f"{self.unique_id}_free_rooms")
        state = self.hass.states.get(entity_id) if entity_id else None
        return state.state if state else STATE_UNAVAILABLE

    def is_disabled(self, room_id: str) -> bool:
        """Return whether the main entity of a room is disabled, or was enabled but the entry not yet reloaded."""
        registry = er.async_get(self.hass)
        entity_id = registry.async_get_entity_id("binary_sensor", DOMAIN, f"{self.unique_id}_{room_id}_busy")
        entity = registry.async_get(entity_id) if entity_id else None
        return room_id in self._enabled_since_load or (entity is not None and entity.disabled_by is not None)

    def set_enabled(self, room_id: str, *, on: bool) -> None:
        """Disable or enable all entities of a room. Home Assistant reloads the entry for enabled ones."""
        if on:
            self._enabled_since_load.add(room_id)
        registry = er.async_get(self.hass)
        for entity in list(registry.entities.values()):
            if f"_{room_id}_" in entity.unique_id and (entity.disabled_by is not None) is on:
                registry.async_update_entity(
                    entity.entity_id, disabled_by=None if on else er.RegistryEntryDisabler.USER
                )


def _end_timers(hass: HomeAssistant) -> None:
    """Cancel the timers of a Home Assistant, as if its process had ended."""
    for timer in get_scheduled_timer_handles(hass.loop):
        inside: Any = timer
        whose = getattr(inside._callback, "__self__", inside._callback)
        if getattr(whose, "hass", None) is hass:
            timer.cancel()
    forget_canceled_timers(hass.loop)


def forget_canceled_timers(loop: Any) -> None:  # needs private attributes
    """Free canceled timers: an event loop keeps them and their arguments until they are due."""
    loop._scheduled = [timer for timer in loop._scheduled if not timer.cancelled()]
    loop._timer_cancelled_count = 0
    heapq.heapify(loop._scheduled)
