"""The steps that link a person to an entry, in the browser or with a device code, and that unlink them.

Home Assistant's own page receives the answer of the browser and resumes this flow. That page works for config flows
only, so the steps are not in the options.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.helpers.config_entry_oauth2_flow import LocalOAuth2Implementation, async_get_redirect_uri
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
from yarl import URL

from .._vol import vol
from ..api import async_create_client, async_create_grants
from ..const import CONF_ACCOUNTS_URL, CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL, CONF_PERSON, DOMAIN
from ..coordinator import FeishuConfigEntry
from ..feishu.address import accounts_url_of
from ..feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOMS
from ..feishu.console import scopes_json, security_url, user_scopes_url, version_url
from ..feishu.errors import FeishuError
from ..feishu.events import (
    SCOPES_CALENDAR,
    SCOPES_EVENT_CREATE,
    SCOPES_EVENT_DELETE,
    SCOPES_EVENT_READ,
    SCOPES_EVENT_UPDATE,
    missing_scopes,
)
from ..feishu.grants import USER_SCOPES, DeviceCode, Grant, GrantError, GrantProblem, Grants, challenge_of, new_verifier
from ..feishu.models import Person
from ..issues import REASON, escape_markdown
from ..sync.clock import EntryClock
from ..sync.grant_keeper import GrantKeeper, async_grant_keeper
from .device import device_placeholders, wait_for_person
from .options import NONE
from .problems import Problem

# The page for each reason why a link ended; the other reasons have the last page
_PAGES = {
    "expired": "person_expired",
    "revoked": "person_revoked",
    "copied": "person_copied",
    "unavailable": "person_unavailable",
}
_OTHER_PAGE = "person_lost"
# What a person may do, by the letter in the text: of each row, any one scope
_FEATURES = {
    "A": (SCOPES_CALENDAR, SCOPES_EVENT_CREATE, SCOPES_EVENT_UPDATE, SCOPES_EVENT_READ),
    "B": (SCOPES_EVENT_DELETE,),
    "C": (SCOPES_ROOMS,),
    "D": (SCOPES_FREE_BUSY,),
}
_ACCOUNTS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_ACCOUNTS_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
        vol.Required(CONF_APP_SECRET): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
        ),
    }
)
_NOTHING = vol.Schema({})


class LinkSteps(ConfigFlow):
    """Links a person, replaces them by another one, and unlinks them."""

    _accounts: Mapping[str, str] = {}  # replaced, never changed
    _redirect_uri: str
    _verifier: str
    _code: str
    _device: DeviceCode
    _wait: asyncio.Task[Grant] | None = None
    _grant: Grant
    _granted_at: float  # the loop's time
    _consented_at: datetime
    _person: Person

    @property
    def _entry(self) -> FeishuConfigEntry:
        return self._get_reauth_entry() if self.source == SOURCE_REAUTH else self._get_reconfigure_entry()

    @property
    def _keeper(self) -> GrantKeeper:
        entry = self._entry
        if entry.state is ConfigEntryState.LOADED:
            return entry.runtime_data.grant
        return async_grant_keeper(self.hass, entry)

    @property
    def _grants(self) -> Grants | None:
        """What gets the tokens; None while the address of the sign-in is not known."""
        return async_create_grants(self.hass, {**self._entry.data, **self._accounts})

    def _name(self) -> str:
        """Return the name of the linked person."""
        person = self._entry.data.get(CONF_PERSON)
        return escape_markdown(person["name"]) or person["open_id"] if person else NONE

    # Ways in

    def _reconfigure_menu(self) -> ConfigFlowResult:
        """Offer to change the app, or the person."""
        is_linked = CONF_PERSON in self._entry.data
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=["app", "relink", "unlink"] if is_linked else ["app", "link"],
            description_placeholders={"app_id": self._entry.data[CONF_APP_ID], "person": self._name()},
        )

    def _person_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Say why the link ended, and offer to link again or to unlink."""
        self._ended = _PAGES.get(entry_data.get(REASON, ""), _OTHER_PAGE)
        return self._show_end()

    def _show_end(self) -> ConfigFlowResult:
        ways = ["link"] if self._grants is None else ["sign_in", "device"]
        return self.async_show_menu(
            step_id=self._ended, menu_options=[*ways, "unlink"], description_placeholders={"person": self._name()}
        )

    async def async_step_person_expired(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the page again: it was reloaded."""
        return self._show_end()

    async_step_person_revoked = async_step_person_expired
    async_step_person_copied = async_step_person_expired
    async_step_person_unavailable = async_step_person_expired
    async_step_person_lost = async_step_person_expired

    async def async_step_relink(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Link again, with other permissions or another person."""
        return await self.async_step_link()

    async def async_step_link(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Ask for the address of the sign-in if it is not known, and for the way to sign in."""
        if accounts_url_of(self._entry.data[CONF_BASE_URL]) is None and not self._accounts:
            return await self.async_step_accounts()
        return self.async_show_menu(step_id="link", menu_options=["sign_in", "device"])

    async def async_step_accounts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of the sign-in. The stored secret is never sent to a new address."""
        entry = self._entry
        problem = Problem(_ACCOUNTS_SCHEMA.schema)
        if user_input is not None:
            url = problem.address(CONF_ACCOUNTS_URL, user_input[CONF_ACCOUNTS_URL])
            if user_input[CONF_APP_SECRET].strip() != entry.data[CONF_APP_SECRET]:
                problem.errors[CONF_APP_SECRET] = "another_secret"
            elif url:
                self._accounts = {CONF_ACCOUNTS_URL: url}
                return await self.async_step_link()
        typed = user_input or entry.data
        shown = {key: typed[key] for key in (CONF_ACCOUNTS_URL,) if key in typed}
        return self.async_show_form(
            step_id="accounts",
            data_schema=self.add_suggested_values_to_schema(_ACCOUNTS_SCHEMA, shown),
            errors=problem.errors,
            description_placeholders={"base_url": entry.data[CONF_BASE_URL]},
        )

    # In the browser

    async def async_step_sign_in(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the console needs before the browser leaves: Feishu shows two errors that never come back."""
        if user_input is not None:
            self._verifier = new_verifier()
            return await self.async_step_auth()
        try:
            self._redirect_uri = async_get_redirect_uri(self.hass)
        except RuntimeError:  # not a browser
            return self.async_abort(reason="no_redirect_url")
        return self._show_sign_in(Problem())

    def _show_sign_in(self, problem: Problem) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="sign_in",
            data_schema=_NOTHING,
            errors=problem.errors,
            description_placeholders={
                **problem.placeholders,
                **self._console_texts(),
                "redirect_url": self._redirect_uri,
            },
        )

    async def async_step_auth(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Send the browser to Feishu, and take what Home Assistant's page received."""
        if user_input is None:
            texts = {**self._console_texts(), "redirect_url": self._redirect_uri}
            return self.async_external_step(
                step_id="auth", url=await self._authorize_url(), description_placeholders=texts
            )
        if "code" not in user_input:
            return self.async_external_step_done(next_step_id="denied")
        self._code = user_input["code"]
        return self.async_external_step_done(next_step_id="exchange")

    async def _authorize_url(self) -> str:
        # Only Home Assistant can make a state that its page accepts
        core = LocalOAuth2Implementation(self.hass, DOMAIN, "", "", "", "")
        state = URL(await core.async_generate_authorize_url(self.flow_id)).query["state"]
        return self._asked.authorize_url(self._redirect_uri, state, challenge_of(self._verifier))

    @property
    def _asked(self) -> Grants:
        grants = self._grants
        if TYPE_CHECKING:
            assert grants is not None  # these steps are offered only if there is an address
        return grants

    async def async_step_denied(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """End: the person said no."""
        return self.async_abort(reason="sign_in_denied")

    async def async_step_exchange(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Turn the code into a grant. If that fails, sign in again."""
        problem = Problem()
        try:
            grant = await self._asked.exchange(self._code, redirect_uri=self._redirect_uri, verifier=self._verifier)
        except FeishuError as error:
            problem.note(error)
        else:
            if await self._identify(grant, problem):
                return self._continue_link()
        return self._show_sign_in(problem)

    # With a device code

    async def async_step_device(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the console needs, then get a code."""
        problem = Problem()
        if user_input is not None:
            try:
                self._device = await self._asked.begin_device()
            except FeishuError as error:
                problem.note(error)
            else:
                return await self.async_step_device_wait()
        return self._show_device(problem)

    def _show_device(self, problem: Problem) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="device",
            data_schema=_NOTHING,
            errors=problem.errors,
            description_placeholders={**problem.placeholders, **self._console_texts()},
        )

    async def async_step_device_wait(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the link and the code until the person has decided."""
        if self._wait is None:
            waiting = wait_for_person(self._device, self._asked.poll_device)
            self._wait = self.hass.async_create_task(waiting, f"{DOMAIN} sign-in")
        if not self._wait.done():
            return self.async_show_progress(
                step_id="device_wait",
                progress_action="device",
                progress_task=self._wait,
                description_placeholders=device_placeholders(self._device),
            )
        return self.async_show_progress_done(next_step_id="device_done")

    async def async_step_device_done(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Continue with the grant, or say why there is none and start again."""
        if TYPE_CHECKING:
            assert self._wait is not None
        wait, self._wait = self._wait, None
        problem = Problem()
        try:
            grant = await wait
        except FeishuError as error:
            if isinstance(error, GrantError) and error.problem is GrantProblem.DENIED:
                return self.async_abort(reason="sign_in_denied")
            problem.note(error)
        else:
            if await self._identify(grant, problem):
                return self._continue_link()
        return self._show_device(problem)

    # What was granted

    async def _identify(self, grant: Grant, problem: Problem) -> bool:
        """Find out whose grant this is. Return whether it can be used."""
        if grant.refresh_token is None:
            problem.note_key("no_refresh_token")
            return False
        clock = EntryClock(self.hass, async_create_client(self.hass, self._entry.data).traffic.clock)
        self._grant, self._granted_at, self._consented_at = grant, self.hass.loop.time(), clock.moment.now
        try:
            self._person = await self._asked.person(grant.access_token)
        except FeishuError as error:
            problem.note(error)
        return not problem.errors

    def _continue_link(self) -> ConfigFlowResult:
        linked = self._entry.data.get(CONF_PERSON)
        if linked and linked["open_id"] != self._person.open_id:
            return self._show_other_person()
        return self._show_confirm(Problem())

    def _show_other_person(self) -> ConfigFlowResult:
        return self.async_show_menu(
            step_id="other_person",
            menu_options=["link_other", "keep_person"],
            description_placeholders={"person": self._name(), "name": self._new_name()},
        )

    async def async_step_other_person(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Show the page again: it was reloaded."""
        return self._show_other_person()

    async def async_step_link_other(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """Replace the linked person."""
        return self._show_confirm(Problem())

    async def async_step_keep_person(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:  # noqa: ARG002
        """End: the person who was linked stays."""
        return self.async_abort(reason="person_kept")

    def _new_name(self) -> str:
        return escape_markdown(self._person.name) or self._person.open_id

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show who it is and what they granted, then link them."""
        problem = Problem()
        if user_input is not None:
            try:
                return await self._link()
            except FeishuError as error:
                problem.note(error)
        return self._show_confirm(problem)

    async_step_confirm_missing = async_step_confirm

    def _show_confirm(self, problem: Problem) -> ConfigFlowResult:
        granted = self._grant.scopes
        lacking = {letter: missing_scopes(needed, granted) for letter, needed in _FEATURES.items()}
        missing = [scope for scopes in lacking.values() for scope in scopes]
        return self.async_show_form(
            step_id="confirm_missing" if missing else "confirm",
            data_schema=_NOTHING,
            errors=problem.errors,
            description_placeholders={
                **problem.placeholders,
                **self._console_texts(),
                "name": self._new_name(),
                "granted": ", ".join(letter for letter, scopes in lacking.items() if not scopes) or NONE,
                "missing": ", ".join(letter for letter, scopes in lacking.items() if scopes),
                "missing_scopes": "\n".join(f"- `{scope}`" for scope in missing),
            },
        )

    async def _link(self) -> ConfigFlowResult:
        entry, person = self._entry, self._person
        waited = self.hass.loop.time() - self._granted_at
        grant = replace(
            self._grant,
            access_lifetime=self._grant.access_lifetime - waited,
            refresh_lifetime=self._grant.refresh_lifetime - waited,
        )
        await self._keeper.async_adopt(grant, open_id=person.open_id, consented_at=self._consented_at)
        linked = {
            "open_id": person.open_id,
            "union_id": person.union_id,
            "name": person.name,
            "scopes": sorted(grant.scopes),
            "consented_at": self._consented_at.isoformat(),
        }
        return self.async_update_and_abort(
            entry, data={**entry.data, **self._accounts, CONF_PERSON: linked}, reason="person_linked"
        )

    async def async_step_unlink(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to unlink the person. The rooms stay."""
        entry = self._entry
        if user_input is None:
            return self.async_show_form(
                step_id="unlink", data_schema=_NOTHING, description_placeholders={"person": self._name()}
            )
        await self._keeper.async_unlink()
        data = {key: value for key, value in entry.data.items() if key != CONF_PERSON}
        return self.async_update_and_abort(entry, data=data, reason="person_unlinked")

    def _console_texts(self) -> dict[str, str]:
        """Return the pages of the console, and the permissions to grant there."""
        base_url, app_id = self._entry.data[CONF_BASE_URL], self._entry.data[CONF_APP_ID]
        return {
            "security_url": security_url(base_url, app_id),
            "scopes_url": user_scopes_url(base_url, app_id, USER_SCOPES),
            "scopes_json": scopes_json(user=USER_SCOPES),
            "version_url": version_url(base_url, app_id),
        }
