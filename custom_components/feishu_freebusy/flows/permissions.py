"""The steps that check whether the app has the permissions for what a page of the options switched on."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..const import CONF_APP_ID, CONF_BASE_URL
from ..errors import form_placeholders
from ..feishu.client import FeishuClient
from ..feishu.console import scopes_json, scopes_url, version_url
from ..feishu.errors import FeishuError
from ..feishu.events import missing_scopes

type Scopes = tuple[str, ...]  # any one of them is enough


class PermissionSteps(OptionsFlow):
    """Checks permissions after the step `page`, in its steps `page_check`, `page_missing` and `page_unchecked`."""

    _changes: dict[str, Any]

    def _client(self) -> FeishuClient:
        """Return the client to check with."""
        raise NotImplementedError

    async def async_step_save(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save the changes."""
        raise NotImplementedError

    async def _ask_for_permissions(self, page: str, needed: tuple[Scopes, ...]) -> ConfigFlowResult | None:
        """Return a page that shows which permissions are missing, None if the app has all that are needed."""
        if not needed:
            return None
        try:
            granted = await self._client().granted_scopes()
        except FeishuError as error:
            return self._show_permissions(page, "unchecked", needed, **form_placeholders(error))
        lacking = tuple(scopes for scopes in needed if missing_scopes([scopes], granted))
        return self._show_permissions(page, "missing", lacking) if lacking else None

    def _show_permissions(
        self, page: str, problem: str, permissions: tuple[Scopes, ...], **texts: str
    ) -> ConfigFlowResult:
        """Show these permissions, with what the console needs to add them."""
        base_url, app_id = self.config_entry.data[CONF_BASE_URL], self.config_entry.data[CONF_APP_ID]
        missing = missing_scopes(permissions, ())
        return self.async_show_menu(
            step_id=f"{page}_{problem}",
            menu_options=[f"{page}_check", page, "save"],
            description_placeholders={
                **texts,
                "permissions": "\n".join(f"- `{scope}`" for scope in missing),
                "scopes_url": scopes_url(base_url, app_id, missing),
                "scopes_json": scopes_json(missing),
                "version_url": version_url(base_url, app_id),
            },
        )
