"""The steps for actions: what is allowed, and the permissions that this needs."""

from collections.abc import Mapping, Sequence
import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import SectionConfig, section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)

from .._vol import vol
from ..const import (
    CONF_APP_ID,
    CONF_BASE_URL,
    CONF_BOOK,
    CONF_BOOKING_CALENDAR,
    CONF_BOOKING_CONTACT,
    CONF_BOOKING_TITLE,
    CONF_LONGEST_BOOKING,
    CONF_PERSON,
    CONF_PERSON_USERS,
    CONF_RELEASE,
)
from ..errors import form_placeholders, unnamed_problem_key
from ..feishu.client import SCOPES_USER_IDS
from ..feishu.console import scopes_url
from ..feishu.errors import CalendarUnusableError, EventDeniedError, FeishuError, RequestError
from ..feishu.events import MAX_TITLE, needed_scopes
from ..feishu.parse import one_line
from ..model.options import with_defaults
from .fields import number
from .permissions import PermissionSteps

_ADVANCED = "advanced"
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_OPEN_ID = re.compile(r"ou_\w{1,61}", re.ASCII)
_CALENDAR_ID = re.compile(r"[\w@-][\w.@-]{0,127}", re.ASCII)
_NO_WORDS = {"contact": "", "calendar": "", "scopes": "", "details": ""}

_SWITCHES = {
    vol.Required(CONF_BOOK): BooleanSelector(),
    vol.Required(CONF_RELEASE): BooleanSelector(),
    vol.Optional(CONF_BOOKING_TITLE): vol.All(TextSelector(), vol.Length(max=MAX_TITLE)),
    vol.Required(CONF_LONGEST_BOOKING): number(5, 1_440, "minutes", step=5),
}
_SECTION = {
    vol.Required(_ADVANCED): section(
        vol.Schema(
            {
                vol.Optional(CONF_BOOKING_CALENDAR): TextSelector(),
                vol.Optional(CONF_BOOKING_CONTACT): TextSelector(),
            }
        ),
        SectionConfig(collapsed=True),
    ),
}


class ActionsSteps(PermissionSteps):
    """Switches booking and releasing on and off, and checks at once whether the app may do it."""

    _users: Sequence[SelectOptionDict] = ()  # who may be allowed to act as the linked person

    async def async_step_actions(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what Home Assistant may do to bookings."""
        self._users = await self._selectable_users()
        if user_input is None:
            return self._show_actions()
        if self._users:
            user_input = {CONF_PERSON_USERS: [], **user_input}  # a field that was cleared is left out
        advanced = user_input[_ADVANCED]
        calendar, contact = (advanced.get(key, "").strip() for key in (CONF_BOOKING_CALENDAR, CONF_BOOKING_CONTACT))
        self._changes = {
            **{key: value for key, value in user_input.items() if key != _ADVANCED},
            CONF_BOOKING_TITLE: one_line(user_input.get(CONF_BOOKING_TITLE, "")) or None,
            CONF_BOOKING_CALENDAR: calendar or None,
            CONF_BOOKING_CONTACT: {contact: contact} if contact else None,
        }
        words = {"contact": contact, "calendar": calendar}
        if calendar and not _CALENDAR_ID.fullmatch(calendar):
            return self._show_actions("calendar_not_found", words)
        try:
            person_id = await self._contact_id(contact)
        except FeishuError as error:
            return self._show_actions(unnamed_problem_key(error), words | form_placeholders(error))
        if contact and not person_id:
            return self._show_actions("contact_not_found", words)
        self._changes[CONF_BOOKING_CONTACT] = {person_id: contact} if contact else None
        return await self.async_step_actions_check()

    async def _selectable_users(self) -> list[SelectOptionDict]:
        """Return the users who may be allowed to act as the linked person; none without one. Administrators may."""
        if not self.config_entry.data.get(CONF_PERSON):
            return []
        users = await self.hass.auth.async_get_users()
        choice = [each for each in users if each.is_active and not (each.is_admin or each.system_generated)]
        options = [SelectOptionDict(value=each.id, label=each.name or each.id) for each in choice]
        return sorted(options, key=lambda option: option["label"])

    @property
    def _schema(self) -> vol.Schema:
        if not self._users:
            return vol.Schema({**_SWITCHES, **_SECTION})
        selector = SelectSelector(
            SelectSelectorConfig(options=list(self._users), multiple=True, mode=SelectSelectorMode.DROPDOWN)
        )
        return vol.Schema({**_SWITCHES, vol.Optional(CONF_PERSON_USERS): selector, **_SECTION})

    async def _contact_id(self, typed: str) -> str:
        """Return the open_id of a person, empty if Feishu does not know them. A known person needs no call."""
        known: Mapping[str, str] = self.config_entry.options.get(CONF_BOOKING_CONTACT, {})
        if _OPEN_ID.fullmatch(typed):
            return typed
        if typed in known.values():
            return next(person_id for person_id, text in known.items() if text == typed)
        if not _EMAIL.fullmatch(typed):
            return ""
        return (await self._client().user_ids(emails=[typed])).get(typed, "")

    async def _calendar_problem(self) -> tuple[str, dict[str, str]] | None:
        """Return why the app can't book in the chosen calendar, as an error of the form; None if it can."""
        if not self._changes[CONF_BOOK] or not (calendar := self._changes[CONF_BOOKING_CALENDAR]):
            return None
        words = {"calendar": calendar}
        try:
            may_write = await self._client().events.may_write(calendar)
        except CalendarUnusableError, EventDeniedError, RequestError:
            return "calendar_not_found", words
        except FeishuError as error:
            return unnamed_problem_key(error), words | form_placeholders(error)
        return None if may_write else ("calendar_read_only", words)

    def _show_actions(self, error: str = "", words: Mapping[str, str] = _NO_WORDS) -> ConfigFlowResult:
        shown = {**with_defaults(self.config_entry.options), **self._changes}
        contact = shown.get(CONF_BOOKING_CONTACT) or {}
        advanced = {
            CONF_BOOKING_CALENDAR: shown.get(CONF_BOOKING_CALENDAR),
            CONF_BOOKING_CONTACT: next(iter(contact.values()), None),
        }
        chosen = set(shown.get(CONF_PERSON_USERS, ()))  # some users may be gone
        shown[CONF_PERSON_USERS] = [each["value"] for each in self._users if each["value"] in chosen]
        shown = {
            **{key: value for key, value in shown.items() if value is not None},
            _ADVANCED: {key: value for key, value in advanced.items() if value},
        }
        return self.async_show_form(
            step_id="actions",
            data_schema=self.add_suggested_values_to_schema(self._schema, shown),
            errors={"base": error} if error else {},
            description_placeholders={
                **_NO_WORDS,
                **words,
                "contact_url": scopes_url(
                    self.config_entry.data[CONF_BASE_URL], self.config_entry.data[CONF_APP_ID], SCOPES_USER_IDS
                ),
            },
        )

    async def async_step_actions_check(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Save if the app has all permissions for what is switched on. Otherwise, show which are missing."""
        needed = needed_scopes(book=self._changes[CONF_BOOK], release=self._changes[CONF_RELEASE])
        if result := await self._ask_for_permissions("actions", needed):
            return result
        if problem := await self._calendar_problem():
            return self._show_actions(*problem)
        return await self.async_step_save()

    async def async_step_actions_missing(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page with the missing permissions was reloaded."""
        return await self.async_step_actions_check()

    async def async_step_actions_unchecked(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Check again: the page was reloaded."""
        return await self.async_step_actions_check()
