"""Turns a failure into a text or an exception. Flows and exceptions share the translation keys."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
import re

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .feishu.errors import (
    AppUnavailableError,
    BotDisabledError,
    CalendarUnusableError,
    ContactUnknownError,
    CredentialsError,
    EndpointRetiredError,
    EventDeniedError,
    EventGoneError,
    FeishuError,
    InstanceUnknownError,
    IpDeniedError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    TokenNotKeptError,
    UnreadableAnswerError,
)
from .feishu.grants import GrantError
from .feishu.redaction import MASK

_INVALID_PARAMETER = 10003
SCOPE_OF_PERSON = 99991679  # what the person has not granted, while the app may have it
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

# The first match counts: subclasses stand before their base classes
_KEYS: tuple[tuple[type[FeishuError], str], ...] = (
    (CredentialsError, "invalid_auth"),
    (ScopeMissingError, "scope_missing"),
    (BotDisabledError, "bot_disabled"),
    (AppUnavailableError, "app_unavailable"),
    (IpDeniedError, "ip_denied"),
    (RateLimitedError, "rate_limited"),
    (QuotaExceededError, "quota_exceeded"),
    (NotReachableError, "cannot_connect"),
    (UnreadableAnswerError, "not_feishu"),
    (ServerError, "server_error"),
    (StaleTokenError, "token_refused"),
    (SubjectError, "subject_unreadable"),
    (EndpointRetiredError, "endpoint_retired"),
    # Only calls of `feishu.events` raise these, so no flow has texts of them
    (CalendarUnusableError, "calendar_unusable"),
    (EventDeniedError, "event_denied"),
    (EventGoneError, "event_gone"),
    (RoomRefusedError, "room_refused"),
    (ContactUnknownError, "contact_unknown"),
    (InstanceUnknownError, "booking_changed"),
    # Only calls in the name of a person raise this
    (GrantError, "grant_refused"),
    (TokenNotKeptError, "token_not_kept"),
)


def problem_key(error: FeishuError) -> str:
    """Return the translation key of a failure."""
    if isinstance(error, CredentialsError) and error.code == _INVALID_PARAMETER:
        return "invalid_app_id"
    if isinstance(error, ScopeMissingError) and error.code == SCOPE_OF_PERSON:
        return "person_scope_missing"
    return next((key for kind, key in _KEYS if isinstance(error, kind)), "request_refused")


def unnamed_problem_key(error: FeishuError) -> str:
    """Return the translation key of a failure in a flow that can't name one room or person as the cause."""
    return "nothing_readable" if isinstance(error, SubjectError) else problem_key(error)


def problem_placeholders(error: FeishuError) -> dict[str, str]:
    """Return the placeholders of a failure's text: the scopes (any one is enough) and the server's message."""
    scopes = error.scopes if isinstance(error, ScopeMissingError) else ()
    return {"scopes": ", ".join(scopes), "details": str(error)}


def form_placeholders(error: FeishuError) -> dict[str, str]:
    """Return the placeholders for a form. Forms are not logged, so `details` names the IP address to allow."""
    placeholders = problem_placeholders(error)
    if isinstance(error, IpDeniedError) and error.address:
        details, address = placeholders["details"], str(error.address)
        details = details.replace(MASK, address) if details.count(MASK) == 1 else f"{details}, {address}"
        return {**placeholders, "details": details}
    return placeholders


def reasons_of(errors: Iterable[FeishuError]) -> str:
    """Return failures in one line for the log: one text per key and code, with the number of failures."""
    alike: dict[tuple[str, int | None], list[FeishuError]] = {}
    for error in errors:
        alike.setdefault((problem_key(error), error.code), []).append(error)
    return "; ".join(f"{len(some)} x {some[0]}" if len(alike) > 1 else str(some[0]) for some in alike.values())


def problem_text(hass: HomeAssistant, error: FeishuError | None) -> str:
    """Return a failure in the language of this Home Assistant. None: the failure is not Feishu's."""
    if error is None:
        return text_of(hass, "unexpected", {})
    details = error.text or error.details.msg or type(error).__name__
    # Without the log id: it differs each time
    details = without_addresses(details if error.code is None else f"{details}, code {error.code}")
    return text_of(hass, problem_key(error), {**problem_placeholders(error), "details": details})


def without_addresses(text: str) -> str:
    """Return the server's message with web addresses masked."""
    return _ADDRESS.sub("…", text)


def text_of(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return the text of an exception in the language of this Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.format_map(defaultdict(lambda: "…", placeholders))


def failed[E: HomeAssistantError](error: FeishuError, kind: type[E]) -> E:
    """Return a failure as an exception of Home Assistant, with its translated text."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=problem_key(error),
        translation_placeholders=problem_placeholders(error),
    )


def update_failed(error: FeishuError) -> UpdateFailed:
    """Return a failure as the exception that a coordinator raises."""
    return failed(error, UpdateFailed)


def refused(key: str, **placeholders: str) -> ServiceValidationError:
    """Return the exception for an input that is refused; `key` is the translation key of its text."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )
