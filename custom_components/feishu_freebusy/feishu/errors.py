"""Everything that can go wrong between us and Feishu, as one tree.

The class is chosen by the answer's `code`, never by its message; the HTTP status decides only where there is no JSON.
Codes: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code
"""

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any

from .redaction import IpAddress, ip_address_in, redacted

_MAX_TEXT = 300
_MAX_SCOPE = 100
_MAX_SCOPES = 20
_LOG_ID = re.compile(r"[0-9a-zA-Z]{1,100}")
_SCOPE = re.compile(r"[a-z][\w.]*(:[\w.]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said of a failure. No secret and nobody's id is in it: it has been cleaned of them."""

    code: int | None = None
    msg: str = ""
    log_id: str | None = None
    http_status: int | None = None


class FeishuError(Exception):
    """Any failure of a call."""

    def __init__(self, text: str = "", answer: Answer | None = None) -> None:
        """Take a text of our own for the log, and what the server said, if it said anything."""
        self.answer = answer or Answer()
        self.text = text
        super().__init__(text, self.answer)

    def __str__(self) -> str:
        """Say what happened in one line, for the log."""
        details = [
            f"{name} {value}"
            for name, value in (
                ("code", self.code),
                ("HTTP", self.answer.http_status),
                ("log id", self.answer.log_id),
            )
            if value is not None
        ]
        what = self.text or self.answer.msg or type(self).__name__
        return ", ".join([what, *details])

    @property
    def code(self) -> int | None:
        """Feishu's code, None where there was no answer of Feishu's."""
        return self.answer.code


class NotReachableError(FeishuError):
    """No answer: name not resolved, connection refused or cut, TLS refused, timeout."""


class ServerError(FeishuError):
    """The server is in trouble; it may be well again in a moment."""


class UnreadableAnswerError(ServerError):
    """An answer that is not one of the API: HTML, empty, too large, cut off, without its envelope, with a bad row."""


class NotFeishuError(UnreadableAnswerError):
    """Something else answers at this address: a redirect, or an error page that is not the API's."""


class RateLimitedError(FeishuError):
    """Too many calls in a moment; `retry_after` says how many seconds to wait, if the server did."""

    def __init__(self, text: str = "", answer: Answer | None = None, retry_after: float | None = None) -> None:
        """Take the seconds to wait beside what every failure has."""
        super().__init__(text, answer)
        self.retry_after = retry_after


class QuotaExceededError(FeishuError):
    """The tenant's calls of this month are used up."""


class CredentialsError(FeishuError):
    """App id or secret refused. Code 10014 of the token endpoint also means that the app is disabled."""


class StaleTokenError(FeishuError):
    """The token is refused, even a fresh one."""


class AppError(FeishuError):
    """The app can't do this until an administrator changes something."""


class ScopeMissingError(AppError):
    """The app lacks a permission; any one of `scopes` would do."""

    def __init__(self, text: str = "", answer: Answer | None = None, scopes: tuple[str, ...] = ()) -> None:
        """Take the scopes beside what every failure has."""
        super().__init__(text, answer)
        self.scopes = tuple(scope[:_MAX_SCOPE] for scope in scopes[:_MAX_SCOPES])  # they get into texts


class BotDisabledError(AppError):
    """The app's bot is not switched on, or no version with it is published."""


class AppUnavailableError(AppError):
    """The app is disabled, not installed, or belongs to another tenant."""


class IpDeniedError(AppError):
    """The caller's address is not on the app's allow-list; `address` is the one that Feishu sees, if it says so.

    It is for whoever is to put it on that list, so neither text nor `repr` of the error holds it.
    """

    def __init__(self, text: str = "", answer: Answer | None = None, address: IpAddress | None = None) -> None:
        """Take the address beside what every failure has."""
        super().__init__(text, answer)
        self.address = address


class SubjectError(FeishuError):
    """This room or person can't be read: unknown, deleted, or not visible to the app."""

    @property
    def is_no_such_person(self) -> bool:
        """Tell whether Feishu said that it knows nobody by this id: somebody who left, or an id of another app."""
        return self.code in _NO_SUCH_PERSON


class EndpointRetiredError(FeishuError):
    """Feishu has taken this API offline. A path that is gone may as well be answered as text: `NotFeishuError`."""


class RequestError(FeishuError):
    """The request was refused, or with a code not known here."""


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
_NO_SUCH_PERSON = frozenset({195100, 99992351, 99992352, 99992353, 99992359, 99992360, 99992361})
_BY_CODE = {code: error for error, codes in _CLASSES.items() for code in codes}
_CREDENTIAL_CODES = frozenset({10003, 10005, 10014, 10015, 20002, 99991543})

_LONGEST_WAIT = 3600.0  # seconds; the limits are those of a minute, and who errs in the unit isn't to shut us out
_WAITS = ("x-ogw-ratelimit-reset", "Retry-After")  # Feishu's header, and that of whoever else is on the way
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
) -> FeishuError:
    """Return the error that a business call's `body` with a non-zero code stands for.

    `required_scopes` are named when the answer doesn't say which one is missing; the secrets and ids `known` to have
    been sent are wiped from its text.
    """
    answer = _answer(body, http_status, headers, known)
    error = _BY_CODE.get(body["code"])
    if error is None and http_status == _TOO_MANY_REQUESTS:
        error = RateLimitedError
    if error is None and http_status >= _SERVER_TROUBLE:
        error = ServerError
    if error is RateLimitedError:
        return RateLimitedError(answer=answer, retry_after=_retry_after(headers))
    if error is ScopeMissingError:
        return ScopeMissingError(answer=answer, scopes=_missing_scopes(body, known) or required_scopes)
    if error is IpDeniedError:
        return IpDeniedError(answer=answer, address=ip_address_in(_text(body.get("msg"))))
    return (error or RequestError)(answer=answer)


def token_error_of(
    body: Mapping[str, Any], http_status: int, headers: Mapping[str, str], *, known: tuple[str, ...] = ()
) -> FeishuError:
    """Return the error that the token endpoint's `body` stands for: bad credentials, or trouble that may pass."""
    answer = _answer(body, http_status, headers, known)
    if body["code"] in _CREDENTIAL_CODES:
        return CredentialsError(answer=answer)
    error = error_of(body, http_status, headers, known=known)
    return ServerError(answer=answer) if isinstance(error, RequestError) else error


def error_without_code(
    http_status: int, headers: Mapping[str, str], *, known: tuple[str, ...] = ()
) -> RateLimitedError | ServerError:
    """Return the error that an answer without Feishu's JSON stands for; nothing but its status says what it is."""
    answer = Answer(http_status=http_status, log_id=_log_id_in(headers, known))
    if http_status == _TOO_MANY_REQUESTS:
        return RateLimitedError("too many calls, says a page that is not Feishu's", answer, _retry_after(headers))
    if http_status >= _SERVER_TROUBLE:
        return ServerError("the server is in trouble", answer)
    if http_status >= _CLIENT_ERROR:
        return NotFeishuError("an error page that is not Feishu's", answer)
    return UnreadableAnswerError("the answer is not Feishu's JSON", answer)


def _answer(body: Mapping[str, Any], http_status: int, headers: Mapping[str, str], known: tuple[str, ...]) -> Answer:
    details = _details(body)
    log_ids = (_log_id(details.get(key), known) for key in ("log_id", "logid"))
    return Answer(
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
    # Letters and digits alone: no id, no token, no address is made of these; and it is the server's own
    if not isinstance(value, str) or not _LOG_ID.fullmatch(value) or _holds(value, known):
        return None
    return value


def _holds(text: str, known: tuple[str, ...]) -> bool:
    return any(word and word.casefold() in text.casefold() for word in known)


def _details(body: Mapping[str, Any]) -> Mapping[str, Any]:
    error = body.get("error")
    return error if isinstance(error, dict) else {}


def _missing_scopes(body: Mapping[str, Any], known: tuple[str, ...]) -> tuple[str, ...]:
    violations = _details(body).get("permission_violations")
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
