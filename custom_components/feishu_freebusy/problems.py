"""Which text a failure has. The same keys exist as errors of the flows and as exceptions."""

from collections.abc import Iterable

from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .feishu import (
    MASK,
    AppUnavailableError,
    BotDisabledError,
    CredentialsError,
    EndpointRetiredError,
    FeishuError,
    IpDeniedError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    UnreadableAnswerError,
)

_INVALID_PARAMETER = 10003

# The first that fits counts: special ones before those they are kinds of
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
)


def problem_key(error: FeishuError) -> str:
    """Return the translation key of a failure."""
    if isinstance(error, CredentialsError) and error.code == _INVALID_PARAMETER:
        return "invalid_app_id"
    return next((key for kind, key in _KEYS if isinstance(error, kind)), "request_refused")


def problem_placeholders(error: FeishuError) -> dict[str, str]:
    """Return what the texts of failures may name: the scopes (any one would do), and the server's words."""
    scopes = error.scopes if isinstance(error, ScopeMissingError) else ()
    return {"scopes": ", ".join(scopes), "details": str(error)}


def form_placeholders(error: FeishuError) -> dict[str, str]:
    """Return the same for a form, which ends up in no log: with the address that Feishu is to let in."""
    placeholders = problem_placeholders(error)
    if isinstance(error, IpDeniedError) and error.address:
        details, address = placeholders["details"], str(error.address)
        told = details.replace(MASK, address) if details.count(MASK) == 1 else f"{details}, {address}"
        return {**placeholders, "details": told}
    return placeholders


def reasons_of(errors: Iterable[FeishuError]) -> str:
    """Return failures in one line for the log: those of a kind are counted, and the first of them speaks for all."""
    alike: dict[tuple[str, int | None], list[FeishuError]] = {}
    for error in errors:
        alike.setdefault((problem_key(error), error.code), []).append(error)
    return "; ".join(f"{len(some)} x {some[0]}" if len(alike) > 1 else str(some[0]) for some in alike.values())


def update_failed(error: FeishuError) -> UpdateFailed:
    """Return the failure as what a coordinator raises, with its text."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=problem_key(error),
        translation_placeholders=problem_placeholders(error),
    )
