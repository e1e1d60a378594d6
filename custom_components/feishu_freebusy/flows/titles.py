"""The steps for titles: what is shown of bookings besides their times, and the permissions that this needs."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import BooleanSelector, SelectSelector, SelectSelectorConfig, SelectSelectorMode

from .._vol import vol
from ..const import CONF_TITLES, CONF_TITLES_FOR_ASSISTANTS
from ..feishu.events import TO_SHOW_ORGANIZERS, TO_SHOW_TITLES
from ..model.options import TitlesOption, with_defaults
from .permissions import PermissionSteps

_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TITLES): SelectSelector(
            SelectSelectorConfig(
                options=[option.value for option in TitlesOption],
                translation_key=CONF_TITLES,
                mode=SelectSelectorMode.LIST,
            )
        ),
        vol.Required(CONF_TITLES_FOR_ASSISTANTS): BooleanSelector(),
    }
)
_NEEDED = {
    TitlesOption.OFF: (),
    TitlesOption.ORGANIZER: TO_SHOW_ORGANIZERS,
    TitlesOption.TITLE_AND_ORGANIZER: TO_SHOW_TITLES,
}


class TitlesSteps(PermissionSteps):
    """Switches titles on and off, and checks at once whether the app may read them."""

    async def async_step_titles(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is shown of bookings."""
        if user_input is not None:
            self._changes = user_input
            return await self.async_step_titles_check()
        shown = {**with_defaults(self.config_entry.options), **self._changes}
        return self.async_show_form(step_id="titles", data_schema=self.add_suggested_values_to_schema(_SCHEMA, shown))

    async def async_step_titles_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Save if the app has all permissions for what is switched on. Otherwise, show which are missing."""
        needed = _NEEDED[TitlesOption(self._changes[CONF_TITLES])]
        return await self._ask_for_permissions("titles", needed) or await self.async_step_save()

    async def async_step_titles_missing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page with the missing permissions was reloaded."""
        return await self.async_step_titles_check()

    async def async_step_titles_unchecked(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page was reloaded."""
        return await self.async_step_titles_check()
