"""The steps for live updates: another client of the app, the steps in the console, and what has been seen so far."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow

from ..api import FLOW_DEADLINE, async_create_client
from ..const import CONF_APP_ID, CONF_BASE_URL, CONF_LIVE_UPDATES
from ..coordinator import FeishuConfigEntry
from ..feishu.console import live_urls
from ..feishu.errors import FeishuError
from ..feishu.stream import StreamState, StreamStatus
from ..model.live import LiveProblem, LiveState
from ..model.options import Options
from ..sync.live_updates import LiveUpdates
from ..sync.shared_stream import async_is_connected

_CONNECTED_WITHIN = 10.0  # seconds; a person waits


class LiveUpdatesSteps(OptionsFlow):
    """Switches live updates on and off. This is saved at once: Feishu's console needs an open connection."""

    async def async_step_live_updates(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say what live updates are, or what they do at the moment."""
        if Options.of(self.config_entry.options).live_updates:
            return await self._show_live()
        return self.async_show_menu(step_id="live_updates", menu_options=["live_on", "init"])

    async def async_step_live_on(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Switch live updates on, unless another client of the app is online."""
        if await self._others_online():
            return await self.async_step_live_others()
        return await self.async_step_live_on_anyway()

    async def async_step_live_others(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say that another client of the app is online."""
        return self.async_show_menu(step_id="live_others", menu_options=["live_on_anyway", "live_leave_off"])

    async def async_step_live_on_anyway(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Switch live updates on."""
        self._save_live(enabled=True)
        if (live := self._live) is not None:
            live.async_apply(enabled=True)
        return await self.async_step_live_check()

    async def async_step_live_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Look again at what has been seen."""
        if (live := self._live) is not None:
            await live.async_check(_CONNECTED_WITHIN)
        return await self._show_live()

    async def async_step_live_off(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Switch live updates off."""
        self._save_live(enabled=False)
        return await self.async_step_live_done()

    async def async_step_live_leave_off(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Change nothing."""
        return await self.async_step_live_done()

    async def async_step_live_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """End the dialog; the change is saved already."""
        return self.async_create_entry(data=dict(self.config_entry.options))

    async def _show_live(self) -> ConfigFlowResult:
        """Show what has been seen so far, and what to do."""
        live = self._live
        if live is None or not live.is_on:
            return await self.async_step_live_not_running()
        if live.state is LiveState.WAITING:
            return await self._show_not_connected(live)
        if live.seconds_since_event is None:
            return await self.async_step_live_no_event()
        return await self.async_step_live_works()

    async def _show_not_connected(self, live: LiveUpdates) -> ConfigFlowResult:
        match live.problem:
            case LiveProblem.TOO_MANY_CONNECTIONS:
                return await self.async_step_live_too_many()
            case LiveProblem.WRONG_CLOUD:
                return await self.async_step_live_wrong_cloud()
            case LiveProblem.NOT_PUBLISHED:
                return await self.async_step_live_unpublished()
        return await self.async_step_live_waiting()

    async def async_step_live_not_running(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say that the entry is not running."""
        return self.async_show_menu(step_id="live_not_running", menu_options=["live_done", "live_off"])

    async def async_step_live_waiting(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say why there is no connection."""
        status = self._live.status if self._live else StreamStatus(StreamState.OFF)
        details = status.problem.value if status.problem else status.state.value
        if status.details.code is not None:
            details += f", {status.details.code}"
        return self._show_menu("live_waiting", details=details)

    async def async_step_live_too_many(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say that there are too many connections of the app."""
        return self._show_menu("live_too_many")

    async def async_step_live_wrong_cloud(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say that the app belongs to the other cloud."""
        return self._show_menu("live_wrong_cloud")

    async def async_step_live_unpublished(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say that the app has no published version."""
        return self._show_menu("live_unpublished")

    async def async_step_live_no_event(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the steps in the console."""
        return self._show_menu("live_no_event")

    async def async_step_live_works(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Say when the last event came."""
        return self._show_menu("live_works", seconds=str(self._live.seconds_since_event if self._live else 0))

    def _show_menu(self, step_id: str, **placeholders: str) -> ConfigFlowResult:
        urls = live_urls(self.config_entry.data[CONF_BASE_URL], self.config_entry.data[CONF_APP_ID])
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["live_check", "live_done", "live_off"],
            description_placeholders={**urls, **placeholders},
        )

    def _save_live(self, *, enabled: bool) -> None:
        options = {**self.config_entry.options, CONF_LIVE_UPDATES: enabled}
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)

    async def _others_online(self) -> bool:
        """Return whether other clients of the app have a connection; if Feishu can't tell, no."""
        client = async_create_client(self.hass, self.config_entry.data, deadline=FLOW_DEADLINE)
        try:
            online = await client.online_connections()
        except FeishuError:
            return False
        return online > int(async_is_connected(self.hass, self.config_entry))

    @property
    def _live(self) -> LiveUpdates | None:
        entry: FeishuConfigEntry = self.config_entry
        return entry.runtime_data.live if entry.state is ConfigEntryState.LOADED else None
