"""Which text a failure has. The same keys exist as errors of the flows and as exceptions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
import re

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.helpers.update_coordinator import UpdateFailed

from .const import DOMAIN
from .feishu.errors import (
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
from .feishu.redaction import MASK

_INVALID_PARAMETER = 10003
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)

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


def unnamed_problem_key(error: FeishuError) -> str:
    """Return the key of a failure in a flow, where no single room or person can be named for it."""
    return "nothing_readable" if isinstance(error, SubjectError) else problem_key(error)


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


def problem_text(hass: HomeAssistant, error: FeishuError | None) -> str:
    """Return a failure in the language of this Home Assistant; None is one that is not Feishu's."""
    if error is None:
        return text_of(hass, "unexpected", {})
    details = error.text or error.answer.msg or type(error).__name__
    # Without the log id, which is another one each time
    details = without_addresses(details if error.code is None else f"{details}, code {error.code}")
    return text_of(hass, problem_key(error), {**problem_placeholders(error), "details": details})


def without_addresses(text: str) -> str:
    """Return words of the server without pages that it would send people to."""
    return _ADDRESS.sub("…", text)


def text_of(hass: HomeAssistant, key: str, placeholders: Mapping[str, str]) -> str:
    """Return the text of an exception in the language of this Home Assistant."""
    texts = async_get_cached_translations(hass, hass.config.language, "exceptions", DOMAIN)
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.format_map(defaultdict(lambda: "…", placeholders))


def update_failed(error: FeishuError) -> UpdateFailed:
    """Return the failure as what a coordinator raises, with its text."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=problem_key(error),
        translation_placeholders=problem_placeholders(error),
    )
