"""Setup, reauthentication and reconfiguration of an entry."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.util import dt as dt_util

from ._vol import vol
from .api import FLOW_DEADLINE, async_create_client
from .const import (
    CONF_ACCOUNTS_URL,
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_PEOPLE,
    CONF_PLAN,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    DOMAIN,
)
from .coordinator import FeishuConfigEntry
from .feishu.access import Access, check_access
from .feishu.address import FEISHU_URL, LARK_URL
from .feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS, FeishuClient
from .feishu.console import app_url, console_url, scopes_json, scopes_url
from .feishu.errors import FeishuError
from .flows.link import LinkSteps
from .flows.options import NONE, FeishuOptionsFlow, forecast_texts
from .flows.people import PeopleSteps
from .flows.problems import Problem
from .flows.rooms import RoomSteps
from .flows.scan import CONF_SCAN, ScanSteps
from .issues import IDENTITY, PERSON, escape_markdown
from .model.options import Options, Plan

_SERVICES = {FEISHU_URL: "Feishu 飞书", LARK_URL: "Lark"}
# Pages of Home Assistant that the text after set-up names
_PAGES = {
    "dashboards_url": "/config/lovelace/dashboards",
    "integration_url": f"/config/integrations/integration/{DOMAIN}",
    "voice_url": "/config/voice-assistants/assistants",
}

_SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
# The address of a private deployment is typed here, too: few organizations have one
_ADDRESS_SCHEMA = {
    vol.Required(CONF_BASE_URL, default=FEISHU_URL): SelectSelector(
        SelectSelectorConfig(
            options=[SelectOptionDict(value=url, label=name) for url, name in _SERVICES.items()],
            mode=SelectSelectorMode.DROPDOWN,
            custom_value=True,
        )
    ),
}
_USER_SCHEMA = vol.Schema(
    {
        **_ADDRESS_SCHEMA,
        vol.Optional(CONF_APP_ID): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Optional(CONF_APP_SECRET): _SECRET,
        vol.Optional(CONF_SCAN, default=False): BooleanSelector(),
        vol.Required(CONF_PLAN, default=Plan.FREE.value): SelectSelector(
            SelectSelectorConfig(
                options=[plan.value for plan in Plan], translation_key=CONF_PLAN, mode=SelectSelectorMode.LIST
            )
        ),
    }
)
_REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_APP_SECRET): _SECRET})
_APP_SCHEMA = vol.Schema({**_ADDRESS_SCHEMA, vol.Required(CONF_APP_SECRET): _SECRET})


class FeishuConfigFlow(RoomSteps, PeopleSteps, LinkSteps, ScanSteps, domain=DOMAIN):
    """Connects one Feishu app."""

    VERSION = 1
    _data: dict[str, Any]
    _options: dict[str, Any]
    _user_input: dict[str, Any]
    _access: Access

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> FeishuOptionsFlow:
        """Return the flow that changes rooms and polling."""
        return FeishuOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address and the credentials of the app, and check them. Or get an app by scanning a code."""
        problem = Problem(_USER_SCHEMA.schema)
        if user_input is not None and (base_url := problem.address(CONF_BASE_URL, user_input[CONF_BASE_URL])):
            self._user_input = user_input
            self._data = {
                CONF_BASE_URL: base_url,
                CONF_APP_ID: user_input.get(CONF_APP_ID, "").strip(),
                CONF_APP_SECRET: user_input.get(CONF_APP_SECRET, "").strip(),
            }
            self._options = {CONF_PLAN: user_input[CONF_PLAN]}
            if user_input[CONF_SCAN]:
                return await self._begin_scan()
            if not self._data[CONF_APP_ID]:
                problem.note_key("no_app_id")
            elif result := await self._check_app(problem):
                return result
        return self._show_form_again("user", _USER_SCHEMA, user_input, problem)

    @override
    def _show_first_form(self, problem: Problem) -> ConfigFlowResult:
        shown = {**self._user_input, CONF_SCAN: False}
        return self._show_form_again("user", _USER_SCHEMA, shown, problem)

    @override
    async def _check_app(self, problem: Problem) -> ConfigFlowResult | None:
        # A flow whose tab was closed is listed nowhere. It ends when another flow sets up the app
        await self.async_set_unique_id(self._data[CONF_APP_ID], raise_on_progress=False)
        self._abort_if_unique_id_configured()
        return await self._continue() if await self._check_access(problem) else None

    async def _continue(self) -> ConfigFlowResult:
        """Continue after a look at what the app may do."""
        if self._access.complete:
            return await self.async_step_rooms()
        return await (self.async_step_access_optional() if self._access.enough else self.async_step_access())

    async def async_step_access(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the app may do, and check again. The flow continues if that is enough to read rooms."""
        problem = Problem()
        if user_input is not None and await self._check_access(problem):
            if self._access.enough:
                return await self._continue()
            problem.errors["base"] = "not_enough_access"
        return self.async_show_form(
            step_id="access",
            data_schema=vol.Schema({}),
            errors=problem.errors,
            description_placeholders={**problem.placeholders, **self._access_texts()},
        )

    async def async_step_access_optional(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show that something optional is missing. It may be granted now, or later."""
        return self.async_show_menu(
            step_id="access_optional",
            menu_options=["check_again", "continue_without"],
            description_placeholders=self._access_texts(),
        )

    async def async_step_check_again(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check whether something was granted meanwhile."""
        return await self.async_step_access({})

    async def async_step_continue_without(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Continue with what the app may do."""
        return await self.async_step_rooms()

    def _access_texts(self) -> dict[str, str]:
        """Return the placeholders for what the app may do. The letters are those of the list in the text."""
        access = self._access
        base_url, app_id = self._data[CONF_BASE_URL], self._data[CONF_APP_ID]
        scopes = access.missing_scopes or (SCOPES_FREE_BUSY[0], SCOPES_ROOMS[0], SCOPES_ROOM_BATCH[0])
        items = {"A": access.free_busy, "B": access.bot, "C": access.room_list, "D": access.room_batch}

        def letters(granted: bool | None) -> str:
            return ", ".join(letter for letter, state in items.items() if state is granted) or NONE

        return {
            "app_name": escape_markdown(access.app_name) or app_id,
            "granted": letters(True),
            "missing": letters(False),
            "unknown": letters(None),
            "time": dt_util.now().strftime("%H:%M:%S"),
            "scopes_url": scopes_url(base_url, app_id, scopes),
            "scopes_json": scopes_json(scopes),
            "app_url": app_url(base_url, app_id),
        }

    async def _check_access(self, problem: Problem) -> bool:
        async def check() -> None:
            self._access = await check_access(self._client())

        return await self._check(check, problem)

    async def _check(self, check: Callable[[], Awaitable[None]], problem: Problem) -> bool:
        if not self._data[CONF_APP_SECRET]:
            problem.note_key("no_secret")
            return False
        try:
            await check()
        except FeishuError as error:
            problem.note(error)
        return not problem.errors

    @override
    def _client(self) -> FeishuClient:
        return async_create_client(self.hass, self._data, deadline=FLOW_DEADLINE)

    @override
    def _rooms_before(self) -> Mapping[str, str]:
        return {}

    @override
    def _levels_before(self) -> Mapping[str, str]:
        return {}

    @override
    async def _rooms_done(self, rooms: dict[str, str], levels: dict[str, str]) -> ConfigFlowResult:
        options = {**self._options, CONF_ROOMS: rooms, CONF_ROOM_LEVELS: levels, **self._options_of_areas()}
        return self._create_entry(options, rooms=len(self._room_ids()))

    @override
    async def _without_rooms(self) -> ConfigFlowResult:
        return await self.async_step_people()

    @override
    def _people_before(self) -> Mapping[str, str]:
        return {}

    @override
    async def _nobody_chosen(self) -> ConfigFlowResult | None:
        return await self.async_step_rooms({})

    @override
    async def _people_done(self, people: dict[str, str]) -> ConfigFlowResult:
        options = {**self._options, CONF_ROOMS: {}, CONF_ROOM_LEVELS: {}, CONF_PEOPLE: people}
        return self._create_entry(options, people=len(people))

    def _create_entry(self, options: dict[str, Any], rooms: int = 0, people: int = 0) -> ConfigFlowResult:
        forecast = forecast_texts(Options.of(options), rooms, people, batch_granted=self._access.room_batch)
        return self.async_create_entry(
            title=self._access.app_name or self._data[CONF_APP_ID],
            data=self._data,
            options=options,
            description="created" if rooms else "created_people",
            description_placeholders={"count": str(rooms or people), **forecast, **_PAGES},
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start after Feishu refused the credentials of the app, or ended the link of the person."""
        if entry_data.get(IDENTITY) == PERSON:
            return self._person_reauth(entry_data)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the secret again."""
        problem = Problem(_REAUTH_SCHEMA.schema)
        entry: FeishuConfigEntry = self._get_reauth_entry()
        if user_input is not None:
            self._data = {**entry.data, CONF_APP_SECRET: user_input[CONF_APP_SECRET].strip()}
            if await self._check(self._client().check_credentials, problem):
                return self._update_and_reload(entry)
        return self._show_form_again("reauth_confirm", _REAUTH_SCHEMA, user_input, problem, entry)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Offer to change the app, or the person."""
        return self._reconfigure_menu()

    async def async_step_app(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address and the secret. The stored secret is never sent to a new address."""
        problem = Problem(_APP_SCHEMA.schema)
        entry: FeishuConfigEntry = self._get_reconfigure_entry()
        if user_input is not None and (base_url := problem.address(CONF_BASE_URL, user_input[CONF_BASE_URL])):
            secret = user_input[CONF_APP_SECRET].strip()
            self._data = {**entry.data, CONF_BASE_URL: base_url, CONF_APP_SECRET: secret}
            if base_url != entry.data[CONF_BASE_URL]:
                self._data.pop(CONF_ACCOUNTS_URL, None)
            if await self._check(self._client().check_credentials, problem):
                return self._update_and_reload(entry)
        shown = user_input or {CONF_BASE_URL: entry.data[CONF_BASE_URL]}
        return self._show_form_again("app", _APP_SCHEMA, shown, problem, entry)

    def _update_and_reload(self, entry: FeishuConfigEntry) -> ConfigFlowResult:
        # Not async_update_reload_and_abort: the entry has an update listener, which applies options in place
        result = self.async_update_and_abort(entry, data=self._data)
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result

    def _show_form_again(
        self,
        step_id: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        problem: Problem,
        entry: FeishuConfigEntry | None = None,
    ) -> ConfigFlowResult:
        """Show a form with the typed values, without the secret."""
        shown = {key: value for key, value in (user_input or {}).items() if key != CONF_APP_SECRET}
        base_url = entry.data[CONF_BASE_URL] if entry else FEISHU_URL
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=problem.errors,
            description_placeholders={
                **problem.placeholders,
                "app_id": entry.data[CONF_APP_ID] if entry else "",
                "app_url": app_url(base_url, entry.data[CONF_APP_ID]) if entry else "",
                "feishu_console_url": console_url(FEISHU_URL),
                "lark_console_url": console_url(LARK_URL),
            },
        )
