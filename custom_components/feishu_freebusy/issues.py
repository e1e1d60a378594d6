"""Repair issues: what a person has to know or do. At most one per entry and kind.

Issues follow from the state of the account; all other issues of ours are removed. They are not stored: after a start,
each poll finds them again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
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

from .const import CONF_APP_ID, CONF_BASE_URL, CONF_PERSON, DOMAIN
from .errors import problem_text, without_addresses
from .feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOM_BATCH, SCOPES_ROOMS
from .feishu.console import app_url, bot_url, console_url, live_urls, scopes_url, security_url, version_url
from .feishu.errors import (
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    FeishuError,
    IpDeniedError,
    QuotaExceededError,
    ScopeMissingError,
)
from .feishu.grants import GrantProblem
from .feishu.models import SubjectKind
from .model.account import Account, UsedUp
from .model.booking import OwnBooking
from .model.link import Link
from .model.live import LiveProblem
from .model.options import Options
from .model.subject import Subject

_MOST_NAMES = 5
# What the reauthentication of a person is started with
IDENTITY, PERSON, REASON = "identity", "person", "reason"
_STEP_OF_APP = "reauth_confirm"
_STEPS_OF_PERSON = "person_"  # the first step of each: it says why the link has ended
_REFRESH_IS_OFF = 20074
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
    LEVELS_GONE = "levels_gone"
    PEOPLE_GONE = "people_gone"
    ROOM_LIST_OUTDATED = "room_list_outdated"
    BUDGET_USED_UP = "budget_used_up"
    CLOCK_WRONG = "clock_wrong"
    ACTIONS_PERMISSIONS = "actions_permissions"
    RELEASES_STOPPED = "releases_stopped"
    TITLES_REFUSED = "titles_refused"
    LINK_RENEWAL = "link_renewal"
    LINK_REFUSED = "link_refused"
    LIVE_WRONG_CLOUD = LiveProblem.WRONG_CLOUD.value
    LIVE_TOO_MANY_CONNECTIONS = LiveProblem.TOO_MANY_CONNECTIONS.value
    LIVE_NOT_PUBLISHED = LiveProblem.NOT_PUBLISHED.value
    LIVE_EVENTS_MISSING = LiveProblem.EVENTS_MISSING.value


# These stop the app from reading. A poll meets only one of them, so at most one is shown
_OF_APP = frozenset({Kind.APP_UNAVAILABLE, Kind.BOT_DISABLED, Kind.IP_DENIED, Kind.QUOTA_EXCEEDED, Kind.SCOPE_MISSING})
# Live updates do not work; rooms are read as without them
OF_LIVE_UPDATES = frozenset(Kind(problem.value) for problem in LiveProblem)
# Calls in the name of a person do not work, or soon will not; rooms are read as before
OF_LINK = frozenset({Kind.LINK_RENEWAL, Kind.LINK_REFUSED})
# Not urgent: other rooms keep working, and the quota comes back by itself
_WARNINGS = frozenset(
    {
        Kind.QUOTA_EXCEEDED,
        Kind.ROOM_LIST_REFUSED,
        Kind.ROOMS_GONE,
        Kind.LEVELS_GONE,
        Kind.PEOPLE_GONE,
        Kind.ROOM_LIST_OUTDATED,
        Kind.BUDGET_USED_UP,
        Kind.CLOCK_WRONG,
        Kind.ACTIONS_PERMISSIONS,
        Kind.TITLES_REFUSED,
        *OF_LINK,
        *OF_LIVE_UPDATES,
    }
)
_NOTHING_TO_CHECK = frozenset({Kind.BUDGET_USED_UP, Kind.CLOCK_WRONG, Kind.LINK_RENEWAL})  # each poll tells
_NOT_FIXABLE = _NOTHING_TO_CHECK | {Kind.LIVE_EVENTS_MISSING}


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue to be shown; `key` is its translation key."""

    kind: Kind
    key: str
    placeholders: Mapping[str, str]


@callback
def async_watch_entries(hass: HomeAssistant) -> None:
    """Remove the issues of an entry when it is unloaded, disabled or removed.

    `async_on_unload` would not do: Home Assistant also calls it after a failed start, when issues must stay.
    """

    @callback
    def withdraw(_change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain == DOMAIN and entry.state is ConfigEntryState.NOT_LOADED:
            _sync(hass, entry, (), Kind)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, withdraw)


@callback
def async_update_issues(hass: HomeAssistant, entry: ConfigEntry[Any], account: Account) -> None:
    """Show exactly the issues that follow from the account, after a poll or a read of the catalogue."""
    is_secret_refused = account.is_stream_refused or _problem_of(account.link) is GrantProblem.CREDENTIALS
    if is_secret_refused:
        async_start_reauth(hass, entry)
    if account.failure is None:
        if not is_secret_refused:
            async_end_reauth(hass, entry)
        _sync(hass, entry, [_issue_of_app(entry, account.error_of_some)], _OF_APP)
    elif account.error:
        polls = entry.state is ConfigEntryState.LOADED or account.is_anything_known  # the entry starts from stored data
        async_report_failure(hass, entry, account.error, account.next_try if polls else None)
    _update_reauth_of_person(hass, entry, account.link)
    async_update_stale(hass, entry, account)
    issues = (
        _issue_of_room_list(entry, account),
        _issue_of_gone(entry, Kind.ROOMS_GONE, rooms_gone(entry, account)),
        _issue_of_gone(entry, Kind.LEVELS_GONE, levels_gone(entry, account)),
        _issue_of_gone(entry, Kind.PEOPLE_GONE, people_gone(account)),
        _issue_of_outdated(hass, entry, account),
        _issue_of_budget(entry, account.used_up),
        _issue_of_clock(entry, account.clock_error),
        _issue_of_actions(entry, account.missing_for_actions),
        _issue_of_stop(entry, account),
        _issue_of_live(entry, account.live_problem),
        _issue_of_scopes(entry, Kind.TITLES_REFUSED, account.titles_lack) if account.titles_lack else None,
        _issue_of_renewal(entry, account.link),
        _issue_of_link(entry, account.link),
    )
    kinds = (
        Kind.ROOM_LIST_REFUSED,
        Kind.ROOMS_GONE,
        Kind.LEVELS_GONE,
        Kind.PEOPLE_GONE,
        Kind.ROOM_LIST_OUTDATED,
        Kind.ACTIONS_PERMISSIONS,
        Kind.RELEASES_STOPPED,
        Kind.TITLES_REFUSED,
        Kind.LINK_REFUSED,
        *_NOTHING_TO_CHECK,
        *OF_LIVE_UPDATES,
    )
    _sync(hass, entry, issues, kinds)


@callback
def async_report_failure(
    hass: HomeAssistant, entry: ConfigEntry[Any], error: FeishuError, next_try: datetime | None = None
) -> None:
    """Show what to do about a failure that all calls would meet.

    A failure that says nothing about the app, such as a network error, leaves earlier issues as they are. `next_try` is
    None during set-up: Home Assistant decides when to retry.
    """
    if isinstance(error, CredentialsError):
        # ConfigEntryAuthFailed would end polling forever, but the app may only be disabled for a while
        async_start_reauth(hass, entry)
        _sync(hass, entry, (), _OF_APP)
    elif issue := _issue_of_app(entry, error, next_try):
        async_end_reauth(hass, entry)  # the secret was accepted
        _sync(hass, entry, [issue], _OF_APP)


@callback
def async_update_stale(hass: HomeAssistant, entry: ConfigEntry[Any], account: Account) -> None:
    """Show that nothing is known any more, from the end of the grace, unless another issue says why."""
    issue = None
    has_cause = isinstance(account.error, CredentialsError) or any(is_active(hass, entry, kind) for kind in _OF_APP)
    # People who are gone are not an outage
    others = [subject for subject in account.subjects if not _is_gone(subject)]
    read_at = max((subject.reading.read_at for subject in others if subject.reading), default=None)
    if account.failure and read_at and not account.is_anything_known and not has_cause:
        issue = _issue(
            entry,
            Kind.STALE,
            since=_clock(read_at),
            problem=escape_markdown(problem_text(hass, account.error)),
            app_url=app_url(entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]),
        )
    _sync(hass, entry, [issue], (Kind.STALE,))


@callback
def async_start_reauth(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Ask for the secret of the app. This goes before asking a person: Home Assistant asks one thing at a time."""
    _end_reauth(hass, entry, lambda step: step != _STEP_OF_APP)
    entry.async_start_reauth(hass)


@callback
def async_end_reauth(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Close the reauthentication of the app: the secret is accepted again."""
    _end_reauth(hass, entry, lambda step: step == _STEP_OF_APP)


@callback
def _update_reauth_of_person(hass: HomeAssistant, entry: ConfigEntry[Any], link: Link | None) -> None:
    """Ask the person again if their link has ended. If it works again, close what nobody has answered yet."""
    if link and link.end:
        entry.async_start_reauth(hass, data={IDENTITY: PERSON, REASON: link.end.value})
    else:
        _end_reauth(hass, entry, lambda step: step.startswith(_STEPS_OF_PERSON))


@callback
def _end_reauth(hass: HomeAssistant, entry: ConfigEntry[Any], is_meant: Callable[[str], bool]) -> None:
    """Close the reauthentications that show one of these steps."""
    for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        if is_meant(flow["step_id"]):
            hass.config_entries.flow.async_abort(flow["flow_id"])


@callback
def async_report_bookings_left(
    hass: HomeAssistant, entry: ConfigEntry[Any], bookings: Iterable[OwnBooking], names: Mapping[str, str]
) -> None:
    """Report bookings that nobody was told of and that can't be deleted. The issue stays without the entry."""
    lines = (
        f"- {escape_markdown(names.get(each.room_id, each.room_id))}, {_clock(each.start)} – {_clock(each.end)}"
        for each in bookings
    )
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"bookings_left_{entry.entry_id}",
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key="bookings_left",
        translation_placeholders={"name": entry.title, "bookings": "\n".join(lines)},
    )


def rooms_gone(entry: ConfigEntry[Any], account: Account) -> dict[str, str]:
    """Return the names of the rooms that were picked by hand and no longer exist, by id."""
    return {
        room_id: account.catalogue.catalogue.rooms[room_id].name or name or room_id
        for room_id, name in Options.of(entry.options).rooms.items()
        if room_id in account.catalogue.gone
    }


def levels_gone(entry: ConfigEntry[Any], account: Account) -> dict[str, str]:
    """Return the names of the followed buildings and floors that are gone, or have lost all their rooms, by id."""
    levels = Options.of(entry.options).room_levels
    return {
        level_id: name or level_id for level_id, name in levels.items() if level_id in account.catalogue.levels_gone
    }


def people_gone(account: Account) -> dict[str, str]:
    """Return the names of the people that Feishu did not know in several polls, by id."""
    return {
        subject.info.id: subject.info.device_name
        for subject in account.subjects
        if subject.kind is SubjectKind.PERSON and _is_gone(subject)
    }


def _is_gone(subject: Subject) -> bool:
    return subject.polls_unknown >= _POLLS_TO_BE_GONE


def _issue_of_app(entry: ConfigEntry[Any], error: FeishuError | None, next_try: datetime | None = None) -> Issue | None:
    """Return the issue for a failure, None if it says nothing about the app."""
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
    """Return the issue that rooms can no longer be listed. If they never could, it was known at set-up."""
    read = account.catalogue
    if read.unlisted and (read.was_listed or Options.of(entry.options).room_levels):
        return _issue_of_scopes(entry, Kind.ROOM_LIST_REFUSED, read.unlisted)
    return None


def _issue_of_scopes(entry: ConfigEntry[Any], kind: Kind, scopes: tuple[str, ...]) -> Issue:
    base_url, app_id = entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]
    known = _scopes_among(scopes)
    known.sort(key=lambda scope: scope not in _NARROWEST)
    return _issue(
        entry,
        kind,
        scopes=", ".join(f"`{scope}`" for scope in known) or "?",
        scopes_url=scopes_url(base_url, app_id, known[:1]),
        version_url=version_url(base_url, app_id),
    )


def _scopes_among(names: Iterable[str]) -> list[str]:
    """Return what can be scopes of these names. A server may have told them."""
    return [name for name in names if re.fullmatch(r"[\w.:-]+", name)]


def _issue_of_gone(entry: ConfigEntry[Any], kind: Kind, names: Mapping[str, str]) -> Issue | None:
    if not names:
        return None
    lines = [f"- {escape_markdown(name)}" for name in sorted(names.values())]
    shown = [*lines[:_MOST_NAMES], *(["- …"] if len(lines) > _MOST_NAMES else [])]
    return _issue(entry, kind, count=str(len(names)), names="\n".join(shown))


def _issue_of_outdated(hass: HomeAssistant, entry: ConfigEntry[Any], account: Account) -> Issue | None:
    if (outdated := account.outdated) is None:
        return None
    problem = escape_markdown(problem_text(hass, outdated.error))
    return _issue(entry, Kind.ROOM_LIST_OUTDATED, since=_clock(outdated.since), problem=problem)


def _issue_of_budget(entry: ConfigEntry[Any], used_up: UsedUp | None) -> Issue | None:
    if used_up is None:
        return None
    used, budget, until = f"{used_up.used:,}", f"{used_up.budget:,}", _clock(used_up.until)
    return _issue(entry, Kind.BUDGET_USED_UP, used=used, budget=budget, until=until)


def _issue_of_clock(entry: ConfigEntry[Any], ahead: timedelta | None) -> Issue | None:
    if ahead is None:
        return None
    key = "clock_ahead" if ahead > timedelta() else "clock_behind"
    minutes, seconds = divmod(round(abs(ahead).total_seconds()), 60)
    return _issue(entry, Kind.CLOCK_WRONG, key, minutes=str(minutes), seconds=str(seconds))


def _issue_of_actions(entry: ConfigEntry[Any], missing: tuple[str, ...]) -> Issue | None:
    """Return the issue that names all permissions that actions lack."""
    if not missing:
        return None
    known = _scopes_among(missing)
    base_url, app_id = entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]
    return _issue(
        entry,
        Kind.ACTIONS_PERMISSIONS,
        scopes="\n".join(f"- `{scope}`" for scope in known) or "- ?",
        scopes_url=scopes_url(base_url, app_id, known),
        version_url=version_url(base_url, app_id),
    )


def _issue_of_stop(entry: ConfigEntry[Any], account: Account) -> Issue | None:
    """Return the issue that ending one booking has ended others, so that no more are ended."""
    if (stop := account.release_stop) is None:
        return None
    names = {subject.info.id: subject.info.device_name for subject in account.subjects}
    room = escape_markdown(names.get(stop.room_id, stop.room_id))
    return _issue(entry, Kind.RELEASES_STOPPED, room=room, start=_clock(stop.start))


def _problem_of(link: Link | None) -> GrantProblem | None:
    return link.problem if link else None


def _issue_of_renewal(entry: ConfigEntry[Any], link: Link | None) -> Issue | None:
    """Return the issue that a person should consent again, before Feishu ends their link after a year."""
    if link is None or link.ends_at is None or link.end or not link.is_to_renew:
        return None
    until = dt_util.as_local(link.ends_at).strftime("%Y-%m-%d")
    url = f"/config/integrations/integration/{DOMAIN}"
    return _issue(entry, Kind.LINK_RENEWAL, person=_name_of_person(entry), until=until, integration_url=url)


def _issue_of_link(entry: ConfigEntry[Any], link: Link | None) -> Issue | None:
    """Return the issue that Feishu renews no tokens because of the app, or because of the rules of the organization."""
    base_url, app_id = entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID]
    person = _name_of_person(entry)
    match _problem_of(link):
        case GrantProblem.APP if link and link.code == _REFRESH_IS_OFF:
            urls = {"security_url": security_url(base_url, app_id), "version_url": version_url(base_url, app_id)}
            return _issue(entry, Kind.LINK_REFUSED, "link_refresh_off", person=person, **urls)
        case GrantProblem.APP if link:
            url = version_url(base_url, app_id)
            return _issue(entry, Kind.LINK_REFUSED, "link_app_off", person=person, version_url=url, code=str(link.code))
        case GrantProblem.POLICY if link and link.challenge_url:
            return _issue(entry, Kind.LINK_REFUSED, "link_challenge", person=person, challenge_url=link.challenge_url)
        case GrantProblem.POLICY:
            return _issue(entry, Kind.LINK_REFUSED, "link_denied", person=person)
    return None


def _name_of_person(entry: ConfigEntry[Any]) -> str:
    person = entry.data.get(CONF_PERSON, {})
    return escape_markdown(person.get("name") or person.get("open_id", "?"))


def _issue_of_live(entry: ConfigEntry[Any], problem: LiveProblem | None) -> Issue | None:
    if problem is None:
        return None
    urls = live_urls(entry.data[CONF_BASE_URL], entry.data[CONF_APP_ID])
    return _issue(entry, Kind(problem.value), **urls)


def _issue(entry: ConfigEntry[Any], kind: Kind, key: str | None = None, **placeholders: str) -> Issue:
    return Issue(kind, key or kind, {"name": entry.title, **placeholders})


def _clock(instant: datetime) -> str:
    return dt_util.as_local(instant).strftime("%Y-%m-%d %H:%M")


def escape_markdown(text: str) -> str:
    """Return text from elsewhere so that Markdown shows it literally, without addresses."""
    return _MARKDOWN.sub(r"\\\1", without_addresses(" ".join(text.split())))


def id_of_issue(entry_id: str, kind: Kind) -> str:
    """Return the id of an entry's issue."""
    return f"{kind}_{entry_id}"


@callback
def is_active(hass: HomeAssistant, entry: ConfigEntry[Any], kind: Kind) -> bool:
    """Return whether there is such an issue. The registry also keeps inactive ones that were ignored."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, id_of_issue(entry.entry_id, kind))
    return issue is not None and issue.active


@callback
def _sync(hass: HomeAssistant, entry: ConfigEntry[Any], issues: Iterable[Issue | None], kinds: Iterable[Kind]) -> None:
    """Create and delete issues so that of these kinds exactly `issues` exist; the others stay untouched."""
    wanted = {issue.kind: issue for issue in issues if issue}
    for kind in kinds:
        if issue := wanted.get(kind):
            ir.async_create_issue(
                hass,
                DOMAIN,
                id_of_issue(entry.entry_id, kind),
                data={"entry_id": entry.entry_id, "kind": kind.value},
                is_fixable=kind not in _NOT_FIXABLE,
                severity=ir.IssueSeverity.WARNING if kind in _WARNINGS else ir.IssueSeverity.ERROR,
                translation_key=issue.key,
                translation_placeholders=dict(issue.placeholders),
            )
        elif is_active(hass, entry, kind):
            ir.async_delete_issue(hass, DOMAIN, id_of_issue(entry.entry_id, kind))
