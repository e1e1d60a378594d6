"""The steps for actions: who may be allowed what, the permissions that this needs, and which of them are missing."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)

from .._vol import vol
from ..const import CONF_APP_ID, CONF_BASE_URL, CONF_BOOK, CONF_BOOKING_TITLE, CONF_LONGEST_BOOKING, CONF_RELEASE
from ..errors import form_placeholders
from ..feishu.client import FeishuClient
from ..feishu.console import scopes_json, scopes_url, version_url
from ..feishu.errors import FeishuError
from ..feishu.events import MAX_TITLE, missing_scopes, needed_scopes
from ..model.options import with_defaults

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_BOOK): BooleanSelector(),
        vol.Required(CONF_RELEASE): BooleanSelector(),
        vol.Optional(CONF_BOOKING_TITLE): vol.All(TextSelector(), vol.Length(max=MAX_TITLE)),
        vol.Required(CONF_LONGEST_BOOKING): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=5,
                    max=1_440,
                    step=5,
                    mode=NumberSelectorMode.BOX,
                    unit_of_measurement="minutes",
                    translation_key="unit",
                )
            ),
            vol.Coerce(int),
        ),
    }
)


class ActionsSteps(OptionsFlow):
    """Switches booking and releasing on and off, and checks at once whether the app may do it."""

    _changes: dict[str, Any]

    def _client(self) -> FeishuClient:
        """Return the client to check with."""
        raise NotImplementedError

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save the changes."""
        raise NotImplementedError

    async def async_step_actions(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what Home Assistant may do to bookings."""
        if user_input is not None:
            title = user_input.get(CONF_BOOKING_TITLE, "").strip()
            self._changes = {**user_input, CONF_BOOKING_TITLE: title or None}
            return await self.async_step_actions_check()
        shown = {**with_defaults(self.config_entry.options), **self._changes}
        shown = {key: value for key, value in shown.items() if value is not None}
        return self.async_show_form(step_id="actions", data_schema=self.add_suggested_values_to_schema(_SCHEMA, shown))

    async def async_step_actions_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Save if the app has all permissions for what is switched on. Otherwise, show which are missing."""
        needed = needed_scopes(book=self._changes[CONF_BOOK], release=self._changes[CONF_RELEASE])
        if not needed:
            return await self.async_step_save()
        try:
            granted = await self._client().granted_scopes()
        except FeishuError as error:
            return self._show_permissions("actions_unchecked", needed, needed, **form_placeholders(error))
        lacking = tuple(scopes for scopes in needed if missing_scopes([scopes], granted))
        if not lacking:
            return await self.async_step_save()
        return self._show_permissions("actions_missing", needed, lacking)

    async def async_step_actions_missing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page with the missing permissions was reloaded."""
        return await self.async_step_actions_check()

    async def async_step_actions_unchecked(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page was reloaded."""
        return await self.async_step_actions_check()

    def _show_permissions(
        self, step_id: str, needed: tuple[tuple[str, ...], ...], lacking: tuple[tuple[str, ...], ...], **texts: str
    ) -> ConfigFlowResult:
        """Show each permission, marked if it is missing, with what the console needs to add the missing ones."""
        base_url, app_id = self.config_entry.data[CONF_BASE_URL], self.config_entry.data[CONF_APP_ID]
        missing = missing_scopes(lacking, ())
        marks = {scopes[0]: "❌" if scopes in lacking else "✅" for scopes in needed}
        if step_id == "actions_unchecked":
            marks = dict.fromkeys(marks, "❔")
        return self.async_show_menu(
            step_id=step_id,
            menu_options=["actions_check", "actions", "save"],
            description_placeholders={
                **texts,
                "checklist": "\n".join(f"- {mark} `{scope}`" for scope, mark in marks.items()),
                "scopes_url": scopes_url(base_url, app_id, missing),
                "scopes_json": scopes_json(missing),
                "version_url": version_url(base_url, app_id),
            },
        )
