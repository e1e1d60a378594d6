"""All failures of a call to Feishu, as one tree of exceptions.

The `code` of the answer decides the class, never its message. The HTTP status decides only if there is no JSON.
Codes: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
import re
from typing import Any

from .redaction import IpAddress, ip_address_in, redacted

_MAX_TEXT = 300
_MAX_SCOPE = 100
_MAX_SCOPES = 20
_LOG_ID = re.compile(r"[0-9a-zA-Z]{1,100}")
_SCOPE = re.compile(r"[a-z][\w.]*(:[\w.]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """What the server said about a failure. Secrets and ids are masked."""

    code: int | None = None
    msg: str = ""
    log_id: str | None = None
    http_status: int | None = None


class FeishuError(Exception):
    """Any failure of a call."""

    def __init__(self, text: str = "", details: ErrorDetails | None = None) -> None:
        """Create an error with a text for the log and the server's details, if there are any."""
        self.details = details or ErrorDetails()
        self.text = text
        super().__init__(text, self.details)

    def __str__(self) -> str:
        """Return the failure in one line, for the log."""
        details = self.details
        # HTTP 200 beside an error code only confuses
        http_status = None if details.code is not None and details.http_status == HTTPStatus.OK else details.http_status
        numbers = (("code", details.code), ("HTTP", http_status), ("log id", details.log_id))
        what = self.text or details.msg or type(self).__name__
        return ", ".join([what, *(f"{name} {value}" for name, value in numbers if value is not None)])

    @property
    def code(self) -> int | None:
        """Feishu's error code, None if Feishu sent none."""
        return self.details.code


class NotReachableError(FeishuError):
    """No answer: DNS failure, connection refused or closed, TLS failure, timeout."""


class ServerError(FeishuError):
    """The server failed. The failure may be temporary."""


class UnreadableAnswerError(ServerError):
    """An answer that does not follow the API: HTML, empty, too large, truncated, no envelope, a malformed row."""


class UnreadableRowsError(UnreadableAnswerError):
    """Feishu answered, but what it says about one room or person is malformed."""


class NotFeishuError(UnreadableAnswerError):
    """Another server answers at this address: with a redirect, or with a web page that is not Feishu's."""


class RateLimitedError(FeishuError):
    """Too many calls in a short time. `retry_after` is the wait in seconds, None if the server gave none."""

    def __init__(self, text: str = "", details: ErrorDetails | None = None, retry_after: float | None = None) -> None:
        """Create an error with the wait in seconds."""
        super().__init__(text, details)
        self.retry_after = retry_after


class QuotaExceededError(FeishuError):
    """The tenant has used up its monthly quota of calls."""


class CredentialsError(FeishuError):
    """Feishu refused the app id or secret. Code 10014 of the token endpoint may also mean a disabled app."""


class StaleTokenError(FeishuError):
    """Feishu refuses even a new token."""


class TokenNotKeptError(FeishuError):
    """New tokens can't be written to disk. None were requested, or those that came are not used yet."""


class AppError(FeishuError):
    """The app can't make this call until an administrator changes something."""


class ScopeMissingError(AppError):
    """The app lacks a scope. Any one of `scopes` is enough."""

    def __init__(self, text: str = "", details: ErrorDetails | None = None, scopes: tuple[str, ...] = ()) -> None:
        """Create an error with the missing scopes."""
        super().__init__(text, details)
        self.scopes = tuple(scope[:_MAX_SCOPE] for scope in scopes[:_MAX_SCOPES])  # they are shown in texts


class BotDisabledError(AppError):
    """The app's bot is off, or no version with the bot is published."""


class AppUnavailableError(AppError):
    """The app is disabled, not installed, or belongs to another tenant."""


class IpDeniedError(AppError):
    """The caller's IP address is not on the app's allowlist. `address` is the one Feishu named, if it named one.

    The address is for the person who edits the allowlist. Neither the text nor the `repr` of the error contains it.
    """

    def __init__(self, text: str = "", details: ErrorDetails | None = None, address: IpAddress | None = None) -> None:
        """Create an error with the caller's address."""
        super().__init__(text, details)
        self.address = address


class SubjectError(FeishuError):
    """Feishu can't read this room or person: unknown, deleted, or not visible to the app."""

    @property
    def is_no_such_person(self) -> bool:
        """Return whether Feishu knows no person with this id: they left, or the id belongs to another app."""
        return self.code in _NO_SUCH_PERSON


class EndpointRetiredError(FeishuError):
    """Feishu has taken this API offline. A removed path may also answer with text: `NotFeishuError`."""


class CalendarUnusableError(FeishuError):
    """The calendar of the app is missing or deleted, or no events can be added to it."""


class EventDeniedError(FeishuError):
    """The app may not use this calendar, or not read or change this event."""


class EventGoneError(FeishuError):
    """The event does not exist, or not any more. `was_deleted` tells a deleted one from an unknown one."""

    @property
    def was_deleted(self) -> bool:
        """Return whether Feishu knows the event as deleted."""
        return self.code == _EVENT_DELETED


class RoomRefusedError(FeishuError):
    """Feishu does not let the organizer request this room, for example because an administrator must approve bookings.

    `needs_approval`: Feishu asks for the reason that an administrator reads.
    """

    def __init__(self, text: str = "", details: ErrorDetails | None = None, *, needs_approval: bool = False) -> None:
        """Create an error that says whether a reason is missing."""
        super().__init__(text, details)
        self.needs_approval = needs_approval


class ContactUnknownError(FeishuError):
    """The contact of a booking has left the organization, or was never in it."""


class InstanceUnknownError(FeishuError):
    """The room does not have this booking: it is over, it was moved, or its event has another `original_time`."""


class RequestError(FeishuError):
    """Feishu refused the request, or the code is unknown."""


# A later call may succeed
PASSING_ERRORS = (NotReachableError, ServerError, RateLimitedError)

_CLASSES: Mapping[type[FeishuError], frozenset[int]] = {
    CredentialsError: frozenset({99991543}),
    StaleTokenError: frozenset({99991663, 99991664, 99991665, 99991671}),
    ScopeMissingError: frozenset({99991672, 99991676, 99991679}),
    BotDisabledError: frozenset({190007, 1000007, 11205, 11240}),
    AppUnavailableError: frozenset({190006, 99991662, 99991673, 10005, 10014, 11207, 11210, 20009, 212100}),
    IpDeniedError: frozenset({99991401}),
    QuotaExceededError: frozenset({99991403}),
    RateLimitedError: frozenset({99991400, 190004, 190005, 190010, 1000004, 1000005}),
    ServerError: frozenset({190003, 1000003, 121001, 105001, 2200, 1500, 10101}),
    EndpointRetiredError: frozenset({30005, 99991201}),  # the second: there is nothing at this path
    SubjectError: frozenset(
        {190002, 1000002, 190014, 195100, 121004, 121005, 100005}
        | {99992351, 99992352, 99992353, 99992359, 99992360, 99992361, 99992375, 99992376}
    ),
}
_EVENT_DELETED = 193003
_EVENT_CLASSES: Mapping[type[FeishuError], frozenset[int]] = {
    CalendarUnusableError: frozenset({191000, 191001, 191003, 191004}),
    EventDeniedError: frozenset({191002, 193002, 194001, 194002, 194003}),
    EventGoneError: frozenset({193001, _EVENT_DELETED}),
    ContactUnknownError: frozenset({195100}),
    RequestError: frozenset(
        {190002, 190014, 193000, 193101, 193102, 193103, 193104, 193109, 193110, 193111, 194000, 194004}
        | {195112, 195113}
    ),
}
# What codes mean for one kind of API. For all others they mean what `_CLASSES` says
EVENT_CODES: Mapping[int, type[FeishuError]] = {
    code: error for error, codes in _EVENT_CLASSES.items() for code in codes
}
INVITATION_CODES: Mapping[int, type[FeishuError]] = {
    **EVENT_CODES,
    190002: RoomRefusedError,
    190014: RoomRefusedError,
}
REPLY_CODES: Mapping[int, type[FeishuError]] = {105003: InstanceUnknownError}
_NO_SUCH_PERSON = frozenset({195100, 99992351, 99992352, 99992353, 99992359, 99992360, 99992361})
_BY_CODE = {code: error for error, codes in _CLASSES.items() for code in codes}
# What codes mean for a call with the token of a person. For the app, 99991668 says that the call is not for people
PERSON_CODES: Mapping[int, type[FeishuError]] = dict.fromkeys((20005, 99991668, 99991677), StaleTokenError)
_CREDENTIAL_CODES = frozenset({10003, 10005, 10014, 10015, 20002, 99991543})

_APPROVAL_FIELD = "approval_reason"  # in Feishu's hint at the field that is missing
_NO_CODES: Mapping[int, type[FeishuError]] = {}
_LONGEST_WAIT = 3600.0  # seconds; cap it: a server that sends milliseconds must not block us for hours
_WAITS = ("x-ogw-ratelimit-reset", "Retry-After")  # Feishu's header, and the one of proxies
_OK = 200
_REDIRECT = 300
_CLIENT_ERROR = 400
_TOO_MANY_REQUESTS = 429
_SERVER_TROUBLE = 500


def error_of(
    body: Mapping[str, Any],
    http_status: int,
    headers: Mapping[str, str],
    *,
    required_scopes: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
    codes: Mapping[int, type[FeishuError]] = _NO_CODES,
) -> FeishuError:
    """Return the error for the `body` of a business call, whose code is not zero.

    `required_scopes` are used if the answer doesn't name the missing scope. `known` are the secrets and ids that were
    sent; they are masked in the texts. `codes` are those that mean something else for this API.
    """
    details = _details(body, http_status, headers, known)
    error = codes.get(body["code"]) or _BY_CODE.get(body["code"])
    if error is None and http_status == _TOO_MANY_REQUESTS:
        error = RateLimitedError
    if error is None and http_status >= _SERVER_TROUBLE:
        error = ServerError
    if error is RateLimitedError:
        return RateLimitedError(details=details, retry_after=_retry_after(headers))
    if error is ScopeMissingError:
        return ScopeMissingError(details=details, scopes=_missing_scopes(body, known) or required_scopes)
    if error is RoomRefusedError:
        return RoomRefusedError(
            details=details, needs_approval=_APPROVAL_FIELD in str([body.get("msg"), body.get("error")])
        )
    if error is IpDeniedError:
        return IpDeniedError(details=details, address=ip_address_in(_text(body.get("msg"))))
    return (error or RequestError)(details=details)


def token_error_of(
    body: Mapping[str, Any], http_status: int, headers: Mapping[str, str], *, known: tuple[str, ...] = ()
) -> FeishuError:
    """Return the error for the `body` of the token endpoint: bad credentials, or a failure that may be temporary."""
    details = _details(body, http_status, headers, known)
    if body["code"] in _CREDENTIAL_CODES:
        return CredentialsError(details=details)
    error = error_of(body, http_status, headers, known=known)
    return ServerError(details=details) if isinstance(error, RequestError) else error


def error_without_code(
    http_status: int, headers: Mapping[str, str], content: bytes | bytearray = b"", *, known: tuple[str, ...] = ()
) -> RateLimitedError | ServerError:
    """Return the error for an answer without Feishu's JSON: the HTTP status and the kind of content tell it."""
    details = ErrorDetails(http_status=http_status, log_id=_log_id_in(headers, known))
    if http_status == _TOO_MANY_REQUESTS:
        return RateLimitedError(
            "too many calls, according to a page that is not Feishu's", details, _retry_after(headers)
        )
    if http_status >= _SERVER_TROUBLE:
        return ServerError("the server failed", details)
    if http_status >= _CLIENT_ERROR:
        return NotFeishuError("an error page that is not Feishu's", details)
    if not _OK <= http_status < _REDIRECT:
        return NotFeishuError("redirected elsewhere", details)
    if _is_web_page(headers, content):
        return NotFeishuError("the answer is a web page, not Feishu's JSON", details)
    return UnreadableAnswerError("the answer is not Feishu's JSON", details)


def _is_web_page(headers: Mapping[str, str], content: bytes | bytearray) -> bool:
    is_html = "html" in headers.get("Content-Type", "").lower()
    return is_html or content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _details(
    body: Mapping[str, Any], http_status: int, headers: Mapping[str, str], known: tuple[str, ...]
) -> ErrorDetails:
    error = _error_member(body)
    log_ids = (_log_id(error.get(key), known) for key in ("log_id", "logid"))
    return ErrorDetails(
        code=body["code"],
        msg=redacted(_text(body.get("msg")), known)[:_MAX_TEXT],
        log_id=next(filter(None, log_ids), None) or _log_id_in(headers, known),
        http_status=http_status,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _log_id_in(headers: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    return _log_id(headers.get("x-tt-logid"), known)


def _log_id(value: object, known: tuple[str, ...]) -> str | None:
    # Only letters and digits: then it is no id, token or address. It must not be one of our own values either
    if not isinstance(value, str) or not _LOG_ID.fullmatch(value) or _holds(value, known):
        return None
    return value


def _holds(text: str, known: tuple[str, ...]) -> bool:
    return any(word and word.casefold() in text.casefold() for word in known)


def _error_member(body: Mapping[str, Any]) -> Mapping[str, Any]:
    error = body.get("error")
    return error if isinstance(error, dict) else {}


def _missing_scopes(body: Mapping[str, Any], known: tuple[str, ...]) -> tuple[str, ...]:
    violations = _error_member(body).get("permission_violations")
    if not isinstance(violations, list):
        return ()
    names = (_text(row.get("subject") or row.get("scope")) for row in violations if isinstance(row, dict))
    return tuple(name for name in names if _SCOPE.fullmatch(name) and redacted(name, known) == name)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    waits = (_wait(headers.get(name, "")) for name in _WAITS)
    return next((wait for wait in waits if wait is not None), None)


def _wait(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT) if 0 <= seconds < float("inf") else None
