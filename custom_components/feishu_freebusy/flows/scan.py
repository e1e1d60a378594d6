"""The steps that get an app by scanning a code with the Feishu app. Each failure leads back to the first form.

Feishu's own tools make apps in this way, but it is not documented, so an organization may refuse it.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .._vol import vol
from ..api import async_create_registration
from ..const import CONF_ACCOUNTS_URL, CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, DOMAIN
from ..feishu.address import LARK_URL, accounts_url_of
from ..feishu.errors import FeishuError
from ..feishu.grants import DeviceCode, GrantError, GrantProblem
from ..feishu.registration import RegisteredApp, Registration
from .device import device_placeholders, wait_for_person
from .problems import Problem

CONF_SCAN = "scan"
_ACCOUNTS_SCHEMA = vol.Schema(
    {vol.Required(CONF_ACCOUNTS_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL))}
)
_ENDS = {GrantProblem.DENIED: "scan_denied", GrantProblem.EXPIRED: "scan_expired"}


class ScanSteps(ConfigFlow):
    """Gets the ID and the secret of a new app, then continues like the form that asks for both."""

    _data: dict[str, Any]
    _registration: Registration
    _scanned_code: DeviceCode
    _scan: asyncio.Task[RegisteredApp] | None = None

    def _show_first_form(self, problem: Problem) -> ConfigFlowResult:
        """Show the first form again, with the typed values."""
        raise NotImplementedError

    async def _check_app(self, problem: Problem) -> ConfigFlowResult | None:
        """Continue with the app of `_data`, or note the problem."""
        raise NotImplementedError

    async def _begin_scan(self) -> ConfigFlowResult:
        """Begin after the first form, which has chosen the address."""
        if accounts_url := accounts_url_of(self._data[CONF_BASE_URL]):
            return await self._register(accounts_url)
        return await self.async_step_scan_accounts()

    async def async_step_scan_accounts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where people sign in: a private address does not tell."""
        problem = Problem()
        if user_input is not None and (url := problem.address(CONF_ACCOUNTS_URL, user_input[CONF_ACCOUNTS_URL])):
            self._data = {**self._data, CONF_ACCOUNTS_URL: url}
            return await self._register(url)
        return self.async_show_form(
            step_id="scan_accounts",
            data_schema=self.add_suggested_values_to_schema(_ACCOUNTS_SCHEMA, user_input),
            errors=problem.errors,
            description_placeholders={"base_url": self._data[CONF_BASE_URL]},
        )

    async def _register(self, accounts_url: str) -> ConfigFlowResult:
        self._registration = async_create_registration(self.hass, accounts_url)
        try:
            self._scanned_code = await self._registration.begin()
        except FeishuError as error:
            return self._show_scan_failed(error)
        return await self.async_step_scan()

    async def async_step_scan(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the code until the app is made."""
        if self._scan is None:
            waiting = wait_for_person(self._scanned_code, self._registration.poll)
            self._scan = self.hass.async_create_task(waiting, f"{DOMAIN} scan")
        if not self._scan.done():
            return self.async_show_progress(
                step_id="scan",
                progress_action="scan",
                progress_task=self._scan,
                description_placeholders=device_placeholders(self._scanned_code),
            )
        return self.async_show_progress_done(next_step_id="scan_done")

    async def async_step_scan_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Continue with the new app, or return to the first form."""
        if TYPE_CHECKING:
            assert self._scan is not None
        scan, self._scan = self._scan, None
        try:
            app = await scan
        except FeishuError as error:
            return self._show_scan_failed(error)
        if app.is_lark:
            self._data[CONF_BASE_URL] = LARK_URL
        self._data |= {CONF_APP_ID: app.app_id, CONF_APP_SECRET: app.app_secret}
        return await self.async_step_scanned({})

    def _show_scan_failed(self, error: FeishuError) -> ConfigFlowResult:
        problem = Problem()
        problem.note(error)
        key = _ENDS.get(error.problem) if isinstance(error, GrantError) else None
        problem.errors = {"base": key or "scan_failed"}
        return self._show_first_form(problem)

    async def async_step_scanned(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Check the new app. If that fails, keep its secret and check again."""
        problem = Problem()
        if user_input is not None and (result := await self._check_app(problem)):
            return result
        return self.async_show_form(
            step_id="scanned",
            data_schema=vol.Schema({}),
            errors=problem.errors,
            description_placeholders={**problem.placeholders, "app_id": self._data[CONF_APP_ID]},
        )
