"""The fix flows of issues: check again now, ask the Feishu administrator, remove deleted rooms, levels or people."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
import logging
from typing import TYPE_CHECKING, Any, override

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, OperationNotAllowed
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from ._vol import vol
from .acting import async_check_permissions, booker_of
from .api import FLOW_DEADLINE, async_create_client
from .const import CONF_PEOPLE, CONF_ROOM_LEVELS, CONF_ROOMS, DOMAIN
from .coordinator import FreeBusyCoordinator
from .errors import problem_key, problem_text, text_of, without_addresses
from .feishu.errors import FeishuError, NotReachableError
from .feishu.grants import GrantError
from .issues import OF_LIVE_UPDATES, Kind, id_of_issue, is_active, levels_gone, people_gone, rooms_gone
from .model.account import Account
from .sync.ledger import NotWrittenError

if TYPE_CHECKING:
    from homeassistant.data_entry_flow import FlowResult

_LOGGER = logging.getLogger(__name__)
_CONNECTED_WITHIN = 15.0  # seconds

# What a fix flow removes, and from which option
_REMOVABLE = {
    Kind.ROOMS_GONE: CONF_ROOMS,
    Kind.LEVELS_GONE: CONF_ROOM_LEVELS,
    Kind.PEOPLE_GONE: CONF_PEOPLE,
}
# A check of these meets no error of Feishu while the problem stays
_WITHOUT_DETAILS = OF_LIVE_UPDATES | {Kind.ACTIONS_PERMISSIONS, Kind.LINK_REFUSED}
# Some things cannot be read without a scope; free and busy can
_OTHER_SCOPES = frozenset({Kind.ROOM_LIST_REFUSED, Kind.TITLES_REFUSED})
_OUTCOMES = {
    212001: "too_sensitive",
    212002: "nothing_to_ask",
    212003: "asked_too_often",
    212004: "asked_already",
}


async def async_create_fix_flow(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    issue_id: str,  # noqa: ARG001
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the fix flow of an issue."""
    words = data or {}
    kind, entry_id = Kind(str(words["kind"])), str(words["entry_id"])
    if kind in _REMOVABLE:
        return RemoveFlow(kind, entry_id)
    if kind in {Kind.SCOPE_MISSING, Kind.ACTIONS_PERMISSIONS, *_OTHER_SCOPES}:
        return ScopeFlow(kind, entry_id)
    if kind is Kind.RELEASES_STOPPED:
        return AllowFlow(kind, entry_id)
    return CheckFlow(kind, entry_id)


class _FixFlow(RepairsFlow):
    def __init__(self, kind: Kind, entry_id: str) -> None:
        """Fix an issue of this kind. The entry may be removed while the dialog is open."""
        self._kind = kind
        self._entry_id = entry_id
        self._words: dict[str, str] = {}

    @property
    def _entry(self) -> ConfigEntry[FreeBusyCoordinator] | None:
        """Return the entry, None if it was removed or unloaded."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return None if entry is None or entry.state is ConfigEntryState.NOT_LOADED else entry

    def _placeholders(self, **more: str) -> dict[str, str]:
        """Return the current placeholders of the issue; the last ones if the issue is gone."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, id_of_issue(self._entry_id, self._kind))
        if issue and issue.translation_placeholders:
            self._words = issue.translation_placeholders
        return {**self._words, **more}

    def _form(self, step_id: str, error: str | None = None, **placeholders: str) -> FlowResult[Any, Any]:
        return self.async_show_form(
            step_id=step_id,
            data_schema=vol.Schema({}),
            errors={"base": error} if error else {},
            description_placeholders=self._placeholders(**placeholders),
        )


class CheckFlow(_FixFlow):
    """Says what to do, and checks whether it is done."""

    _error: FeishuError | None = None  # of a check that reads no rooms

    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Say what to do."""
        return self._form("check") if self._entry else self.async_abort(reason="entry_gone")

    async def async_step_check(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Check whether it is done."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="entry_gone")
        self._placeholders()
        try:
            in_time = await self._in_time(entry, self._look(entry))
        except Exception:
            _LOGGER.exception("Unexpected error checking %s", entry.title)
            return self._form("check", "other", problem=problem_text(self.hass, None))
        if (entry := self._entry) is None:
            return self.async_abort(reason="entry_gone")
        if in_time and self._is_fixed(entry):
            return self.async_create_entry(data={})
        if in_time and entry.state is not ConfigEntryState.LOADED:
            return self._form_after_start(entry)
        return self._form_after(self._found(entry) if in_time else NotReachableError("no answer in time"))

    async def _look(self, entry: ConfigEntry[FreeBusyCoordinator]) -> None:
        if entry.state is not ConfigEntryState.LOADED:
            with suppress(OperationNotAllowed):
                await self.hass.config_entries.async_reload(entry.entry_id)
            return
        coordinator = entry.runtime_data  # the entry may be unloaded during the calls
        if self._kind is Kind.ROOM_LIST_REFUSED:
            await coordinator.catalogue.async_refresh()
        elif self._kind is Kind.ROOM_LIST_OUTDATED:
            await coordinator.catalogue.async_refresh()
            await coordinator.async_check_now()
        elif self._kind is Kind.TITLES_REFUSED:
            await coordinator.titles.async_check()
        elif self._kind in OF_LIVE_UPDATES:
            await coordinator.live.async_check(_CONNECTED_WITHIN)
            coordinator.async_live_changed()
        elif self._kind is Kind.ACTIONS_PERMISSIONS:
            self._error = None
            try:
                await async_check_permissions(coordinator)
            except FeishuError as error:
                self._error = error
        elif self._kind is Kind.LINK_REFUSED:
            self._error = None
            try:
                await coordinator.grant.async_check()
            except FeishuError as error:
                self._error = None if isinstance(error, GrantError) else error
        else:
            await coordinator.async_check_now()

    async def _in_time(self, entry: ConfigEntry[FreeBusyCoordinator], look: Coroutine[Any, Any, None]) -> bool:
        """Wait up to FLOW_DEADLINE; the check continues in the background. Returns whether it finished.

        Raises what the check raised.
        """
        task = self.hass.async_create_task(look, f"{entry.title} check")
        done, _ = await asyncio.wait({task}, timeout=FLOW_DEADLINE)
        for finished in done:
            finished.result()
        return bool(done)

    def _is_fixed(self, entry: ConfigEntry[FreeBusyCoordinator]) -> bool:
        if is_active(self.hass, entry, self._kind):
            return False
        # A reload that is still running proves nothing, unless it has raised another issue
        return entry.state is ConfigEntryState.LOADED or any(is_active(self.hass, entry, kind) for kind in Kind)

    def _found(self, entry: ConfigEntry[FreeBusyCoordinator]) -> FeishuError | None:
        """Return the failure of this check, None if it is not Feishu's."""
        if self._kind is Kind.ROOM_LIST_REFUSED:
            return entry.runtime_data.catalogue.error
        if self._kind is Kind.TITLES_REFUSED:
            return entry.runtime_data.titles.error
        if self._kind in _WITHOUT_DETAILS:
            return self._error
        account = entry.runtime_data.account
        if self._kind is Kind.ROOM_LIST_OUTDATED and account.outdated:
            return account.outdated.error
        return account.error or account.error_of_some

    def _form_after(self, error: FeishuError | None) -> FlowResult[Any, Any]:
        """Say whether the check met the same failure or another one."""
        if self._kind in _WITHOUT_DETAILS and error is None:
            return self._form("check", "still")
        about = Kind.SCOPE_MISSING if self._kind in _OTHER_SCOPES else self._kind
        if error and (about in {Kind.STALE, Kind.ROOM_LIST_OUTDATED} or problem_key(error) == about):
            return self._form("check", "still", details=without_addresses(str(error)))
        return self._form("check", "other", problem=problem_text(self.hass, error))

    def _form_after_start(self, entry: ConfigEntry[FreeBusyCoordinator]) -> FlowResult[Any, Any]:
        """Say the same for an entry that failed to set up. Older Home Assistants keep only the text of the reason."""
        key, words = entry.error_reason_translation_key, entry.error_reason_translation_placeholders or {}
        reason = text_of(self.hass, key, words) if key else entry.reason or ""
        if is_active(self.hass, entry, self._kind):  # the reload removed the issue, so it was raised again
            return self._form("check", "still", details=without_addresses(words.get("details", reason)))
        return self._form("check", "other", problem=without_addresses(reason))


class ScopeFlow(CheckFlow):
    """Can also ask the tenant's administrators for the scopes."""

    @override
    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        if self._entry is None:
            return self.async_abort(reason="entry_gone")
        return self.async_show_menu(
            step_id="init", menu_options=["check", "ask"], description_placeholders=self._placeholders()
        )

    async def async_step_ask(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Ask for all missing scopes: Feishu accepts no list."""
        if (entry := self._entry) is None:
            return self.async_abort(reason="entry_gone")
        try:
            await async_create_client(self.hass, entry.data, deadline=FLOW_DEADLINE).apply_for_scopes()
        except FeishuError as error:
            outcome = _OUTCOMES.get(error.code or 0, "not_asked")
            return self._form("check", outcome, problem=problem_text(self.hass, error))
        return self._form("asked")

    async def async_step_asked(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Check whether the scopes are granted."""
        return await self.async_step_check()


class AllowFlow(_FixFlow):
    """Lets bookings of others be ended again after a reply released more than one. The administrator takes the risk."""

    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Say what happened."""
        return self._form("confirm") if self._entry else self.async_abort(reason="entry_gone")

    async def async_step_confirm(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Forget the stop."""
        entry = self._entry
        is_running = entry is not None and entry.state is ConfigEntryState.LOADED
        booker = booker_of(entry.runtime_data) if entry and is_running else None
        if booker is None:
            return self.async_abort(reason="entry_gone")
        try:
            await booker.async_allow_releases()
        except NotWrittenError:
            return self._form("confirm", "not_written")
        return self.async_create_entry(data={})


class RemoveFlow(_FixFlow):
    """Removes deleted rooms, levels or people from the options."""

    async def async_step_init(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Name what is gone."""
        return self._form("confirm") if self._entry else self.async_abort(reason="entry_gone")

    async def async_step_confirm(self, _: Mapping[str, Any] | None = None) -> FlowResult[Any, Any]:
        """Remove those that are still gone: some may have returned while the dialog was open."""
        entry = self._entry
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="entry_gone")
        key = _REMOVABLE[self._kind]
        gone = self._gone(entry, entry.runtime_data.account)
        kept = {subject_id: name for subject_id, name in entry.options.get(key, {}).items() if subject_id not in gone}
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, key: kept})
        return self.async_create_entry(data={})

    def _gone(self, entry: ConfigEntry[FreeBusyCoordinator], account: Account) -> Mapping[str, str]:
        if self._kind is Kind.PEOPLE_GONE:
            return people_gone(account)
        return (rooms_gone if self._kind is Kind.ROOMS_GONE else levels_gone)(entry, account)
