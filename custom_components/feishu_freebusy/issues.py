"""What a person has to know or do: entries in Home Assistant's list of repairs. One per entry and kind.

What should be in it follows from the state of the account, and all else of ours is taken out. Issues don't outlive
Home Assistant: whatever still holds after a start is found out anew.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import re
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from .errors import problem_text, without_addresses
from .feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS
from .feishu.console import app_url, bot_url, console_url, scopes_url, security_url, version_url
from .feishu.errors import (
    AppError,
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    FeishuError,
    IpDeniedError,
    QuotaExceededError,
    ScopeMissingError,
)
from .model.directory import ReadCatalogue
from .model.options import Options
from .model.subject import PersonInfo, Subject

_MOST_NAMES = 5
_POLLS_TO_BE_GONE = 2
_NARROWEST = {scopes[0] for scopes in (SCOPES_FREE_BUSY, SCOPES_ROOMS, SCOPES_ROOM_BATCH)}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~-])")


class Kind(StrEnum):
    """What an issue is about."""

    APP_UNAVAILABLE = "app_unavailable"
    BOT_DISABLED = "bot_disabled"
    IP_DENIED = "ip_denied"
    QUOTA_EXCEEDED = "quota_exceeded"
    SCOPE_MISSING = "scope_missing"
    STALE = "stale"
    ROOM_LIST_REFUSED = "room_list_refused"
    ROOMS_GONE = "rooms_gone"
    PEOPLE_GONE = "people_gone"


# What keeps the app from reading. A poll meets one of them at a time, so there is one of them at a time
_OF_APP = frozenset({Kind.APP_UNAVAILABLE, Kind.BOT_DISABLED, Kind.IP_DENIED, Kind.QUOTA_EXCEEDED, Kind.SCOPE_MISSING})
# With these all other rooms go on as before; and calls that are used up come back by themselves
_WARNINGS = frozenset({Kind.QUOTA_EXCEEDED, Kind.ROOM_LIST_REFUSED, Kind.ROOMS_GONE, Kind.PEOPLE_GONE})


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue that there should be; its texts are those of `key`."""

    kind: Kind
    key: str
    placeholders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Account:
    """What there is to know of an account after a poll, or when known bookings become too old.

    `failure` is what the last poll failed with, `subjects` are those that are read, `is_anything_known` tells whether
    anything current is known of any of them, `next_try` is when the next of them is due.
    """

    failure: BaseException | None
    subjects: Collection[Subject]
    is_anything_known: bool
    next_try: datetime
    catalogue: ReadCatalogue

    @property
    def error(self) -> FeishuError | None:
        """Return what Feishu did not do in the last poll, None where that is not why it failed."""
        cause = self.failure.__cause__ if self.failure else None
        return cause if isinstance(cause, FeishuError) else None

    @property
    def error_of_some(self) -> AppError | None:
        """Return what keeps the app from some subjects only: one kind of ids takes a scope of its own."""
        errors = (subject.error for subject in self.subjects)
        return next((error for error in errors if isinstance(error, AppError)), None)


@callback
def async_watch_entries(hass: HomeAssistant) -> None:
    """Have the issues of an entry end when it is unloaded, disabled or removed.

    What an entry does on unload, Home Assistant also does after each start that failed, where issues are to stay.
    """

    @callback
    def withdraw(_change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain == DOMAIN and entry.state is ConfigEntryState.NOT_LOADED:
            _sync(hass, entry, (), Kind)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, withdraw)


@callback
def async_update_issues(hass: HomeAssistant, entry: ConfigEntry[Any], account: Account) -> None:
    """See to it that there are just the issues that the account has after a poll, or after a read of the catalogue."""
    if account.failure is None:
        async_end_reauth(hass, entry)
        _sync(hass, entry, [_issue_of_app(entry, account.error_of_some)], _OF_APP)
    elif account.error:
        polls = entry.state is ConfigEntryState.LOADED or account.is_anything_known  # with what was stored, it starts
        async_report_failure(hass, entry, account.error, account.next_try if polls else None)
    async_update_stale(hass, entry, account)
    issues = (
        _issue_of_room_list(entry, account),
        _issue_of_gone(entry, Kind.ROOMS_GONE, rooms_gone(entry, account)),
        _issue_of_gone(entry, Kind.PEOPLE_GONE, people_gone(account)),
    )
    kinds = (Kind.ROOM_LIST_REFUSED, Kind.ROOMS_GONE, Kind.PEOPLE_GONE)
    _sync(hass, entry, issues, kinds)


@callback
def async_report_failure(
    hass: HomeAssistant, entry: ConfigEntry[Any], error: FeishuError, next_try: datetime | None = None
) -> None:
    """Say what has to be done about a failure that all calls would meet.

    One that tells nothing of the app, as when there is no network, leaves what an earlier one told of it. `next_try`
    is None where that is Home Assistant's decision, while it sets up the entry.
    """
    if isinstance(error, CredentialsError):
        # ConfigEntryAuthFailed would end polling for good, yet the app may only be disabled for a while
        entry.async_start_reauth(hass)
        _sync(hass, entry, (), _OF_APP)
    elif issue := _issue_of_app(entry, error, next_try):
        async_end_reauth(hass, entry)  # the secret was accepted
        _sync(hass, entry, [issue], _OF_APP)


@callback
def async_update_stale(hass: HomeAssistant, entry: ConfigEntry[Any], account: Account) -> None:
    """Say that nothing is known any more, unless something says why; from the very end of the grace on."""
    issue = None
    has_cause = isinstance(account.error, CredentialsError) or any(is_active(hass, entry, kind) for kind in _OF_APP)
    # People who are gone are no outage
    others = [subject for subject in account.subjects if not _is_gone(subject)]
    read_at = max((subject.reading.read_at for subject in others if subject.reading), default=None)
    if account.failure and read_at and not account.is_anything_known and not has_cause:
        issue = _issue(
            entry,
            Kind.STALE,
            since=_clock(read_at),
            problem=_inert(problem_text(hass, account.error)),
            app_url=app_url(entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]),
        )
    _sync(hass, entry, [issue], (Kind.STALE,))


@callback
def async_end_reauth(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Ask no more for a secret that is accepted again."""
    for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        hass.config_entries.flow.async_abort(flow["flow_id"])


def rooms_gone(entry: ConfigEntry[Any], account: Account) -> dict[str, str]:
    """Return the names of the rooms that were picked by hand and don't exist any more, by id."""
    return {
        room_id: account.catalogue.catalogue.rooms[room_id].name or name or room_id
        for room_id, name in Options.of(entry.options).rooms.items()
        if room_id in account.catalogue.gone
    }


def people_gone(account: Account) -> dict[str, str]:
    """Return the names of the people of whom Feishu said in several polls that there is no such person, by id."""
    return {
        subject.info.person_id: subject.info.device_name
        for subject in account.subjects
        if isinstance(subject.info, PersonInfo) and _is_gone(subject)
    }


def _is_gone(subject: Subject) -> bool:
    return subject.polls_unknown >= _POLLS_TO_BE_GONE


def _issue_of_app(entry: ConfigEntry[Any], error: FeishuError | None, next_try: datetime | None = None) -> Issue | None:
    """Return the issue that a failure stands for, None where it doesn't tell of the app."""
    base_url, app_id = entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]
    security, version = security_url(base_url, app_id), version_url(base_url, app_id)
    issue = None
    match error:
        case ScopeMissingError():
            issue = _issue_of_scopes(entry, Kind.SCOPE_MISSING, error.scopes)
        case BotDisabledError():
            issue = _issue(entry, Kind.BOT_DISABLED, bot_url=bot_url(base_url, app_id), version_url=version)
        case AppUnavailableError():
            issue = _issue(entry, Kind.APP_UNAVAILABLE, version_url=version, code=str(error.code))
        case IpDeniedError() if error.address:
            issue = _issue(entry, Kind.IP_DENIED, security_url=security, address=str(error.address))
        case IpDeniedError():
            issue = _issue(entry, Kind.IP_DENIED, "ip_denied_unknown", security_url=security)
        case QuotaExceededError() if next_try:
            issue = _issue(entry, Kind.QUOTA_EXCEEDED, until=_clock(next_try), console_url=console_url(base_url))
        case QuotaExceededError():
            issue = _issue(entry, Kind.QUOTA_EXCEEDED, "quota_exceeded_at_start", console_url=console_url(base_url))
    return issue


def _issue_of_room_list(entry: ConfigEntry[Any], account: Account) -> Issue | None:
    """Return the issue that rooms can't be listed any more; that they never could is the choice of who set it up."""
    read = account.catalogue
    if read.unlisted and (read.was_listed or Options.of(entry.options).room_levels):
        return _issue_of_scopes(entry, Kind.ROOM_LIST_REFUSED, read.unlisted)
    return None


def _issue_of_scopes(entry: ConfigEntry[Any], kind: Kind, scopes: tuple[str, ...]) -> Issue:
    base_url, app_id = entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]
    known = [scope for scope in scopes if re.fullmatch(r"[\w.:-]+", scope)]  # it is the server that names them
    known.sort(key=lambda scope: scope not in _NARROWEST)
    return _issue(
        entry,
        kind,
        scopes=", ".join(f"`{scope}`" for scope in known) or "?",
        scopes_url=scopes_url(base_url, app_id, known[:1]),
        version_url=version_url(base_url, app_id),
    )


def _issue_of_gone(entry: ConfigEntry[Any], kind: Kind, names: Mapping[str, str]) -> Issue | None:
    if not names:
        return None
    lines = [f"- {_inert(name)}" for name in sorted(names.values())]
    shown = [*lines[:_MOST_NAMES], *(["- …"] if len(lines) > _MOST_NAMES else [])]
    return _issue(entry, kind, count=str(len(names)), names="\n".join(shown))


def _issue(entry: ConfigEntry[Any], kind: Kind, key: str | None = None, **placeholders: str) -> Issue:
    return Issue(kind, key or kind, {"name": entry.title, **placeholders})


def _clock(instant: datetime) -> str:
    return dt_util.as_local(instant).strftime("%Y-%m-%d %H:%M")


def _inert(text: str) -> str:
    """Return words of somebody else so that they are shown as they are: without links of theirs, without Markdown."""
    return _MARKDOWN.sub(r"\\\1", without_addresses(" ".join(text.split())))


def id_of_issue(entry_id: str, kind: Kind) -> str:
    """Return the id of an entry's issue."""
    return f"{kind}_{entry_id}"


@callback
def is_active(hass: HomeAssistant, entry: ConfigEntry[Any], kind: Kind) -> bool:
    """Tell whether there is such an issue; of one that was ignored, the registry remembers more than that it is."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, id_of_issue(entry.entry_id, kind))
    return issue is not None and issue.active


@callback
def _sync(hass: HomeAssistant, entry: ConfigEntry[Any], issues: Iterable[Issue | None], kinds: Iterable[Kind]) -> None:
    """See to it that of these kinds there are these issues and no others; what stays doesn't so much as flicker."""
    wanted = {issue.kind: issue for issue in issues if issue}
    for kind in kinds:
        if issue := wanted.get(kind):
            ir.async_create_issue(
                hass,
                DOMAIN,
                id_of_issue(entry.entry_id, kind),
                data={"entry_id": entry.entry_id, "kind": kind.value},
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING if kind in _WARNINGS else ir.IssueSeverity.ERROR,
                translation_key=issue.key,
                translation_placeholders=dict(issue.placeholders),
            )
        elif is_active(hass, entry, kind):
            ir.async_delete_issue(hass, DOMAIN, id_of_issue(entry.entry_id, kind))
