"""Each failure has its own text, as an error of a flow and as an exception."""

from typing import Any

import pytest

from custom_components.feishu_freebusy.errors import (
    form_placeholders,
    problem_key,
    problem_placeholders,
    reasons_of,
    update_failed,
)
from custom_components.feishu_freebusy.feishu.errors import (
    INVITATION_CODES,
    REPLY_CODES,
    AppUnavailableError,
    BotDisabledError,
    CalendarUnusableError,
    ContactUnknownError,
    CredentialsError,
    EndpointRetiredError,
    ErrorDetails,
    EventDeniedError,
    EventGoneError,
    FeishuError,
    InstanceUnknownError,
    IpDeniedError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    TokenNotKeptError,
    UnreadableAnswerError,
    UnreadableRowsError,
    error_of,
    token_error_of,
)
from custom_components.feishu_freebusy.feishu.grants import GrantError, GrantProblem
from tests.test_translations import TEXTS

ERRORS: dict[FeishuError, str] = {
    CredentialsError(): "invalid_auth",
    CredentialsError(details=ErrorDetails(code=10014)): "invalid_auth",
    CredentialsError(details=ErrorDetails(code=10003)): "invalid_app_id",
    ScopeMissingError(): "scope_missing",
    BotDisabledError(): "bot_disabled",
    AppUnavailableError(): "app_unavailable",
    IpDeniedError(): "ip_denied",
    RateLimitedError(): "rate_limited",
    QuotaExceededError(): "quota_exceeded",
    NotReachableError(): "cannot_connect",
    NotFeishuError(): "not_feishu",
    UnreadableRowsError(): "not_feishu",
    UnreadableAnswerError(): "not_feishu",
    ServerError(): "server_error",
    StaleTokenError(): "token_refused",
    SubjectError(): "subject_unreadable",
    EndpointRetiredError(): "endpoint_retired",
    RequestError(): "request_refused",
    RequestError(details=ErrorDetails(code=10003)): "request_refused",
    FeishuError(): "request_refused",
}
# Only calls that book and release raise these, and no flow makes them
OF_EVENTS: dict[FeishuError, str] = {
    CalendarUnusableError(): "calendar_unusable",
    EventDeniedError(): "event_denied",
    EventGoneError(): "event_gone",
    RoomRefusedError(): "room_refused",
    ContactUnknownError(): "contact_unknown",
    InstanceUnknownError(): "booking_changed",
}
# Only calls in the name of a person raise these
OF_PERSONS: dict[FeishuError, str] = {
    GrantError(GrantProblem.REFRESH): "grant_refused",
    TokenNotKeptError(): "token_not_kept",
}
ALL = ERRORS | OF_EVENTS | OF_PERSONS


def _kinds(of: type[FeishuError]) -> set[type[FeishuError]]:
    return {of}.union(*(_kinds(kind) for kind in of.__subclasses__()))


@pytest.mark.parametrize(("error", "key"), ALL.items(), ids=[f"{error!r}"[:60] for error in ALL])
def test_each_error_has_its_translation_key(error: FeishuError, key: str) -> None:
    assert problem_key(error) == key


@pytest.mark.parametrize("error", ALL, ids=[f"{error!r}"[:60] for error in ALL])
def test_the_text_of_a_failure_of_all_subjects_names_none(error: FeishuError) -> None:
    failed = update_failed(error)

    assert failed.translation_key
    assert failed.translation_placeholders
    for texts in TEXTS.values():
        text = texts["exceptions"][failed.translation_key]["message"]
        assert text.format(**failed.translation_placeholders)


def test_every_error_class_is_covered_here() -> None:
    abstract = {kind for kind in _kinds(FeishuError) if kind.__name__ == "AppError"}

    assert _kinds(FeishuError) - abstract == {type(error) for error in ALL}


@pytest.mark.parametrize(
    ("code", "http_status", "key"),
    [
        (190007, 404, "bot_disabled"),
        (11205, 400, "bot_disabled"),
        (99991662, 400, "app_unavailable"),
        (99991673, 400, "app_unavailable"),
        (212100, 400, "app_unavailable"),
        (190006, 403, "app_unavailable"),
        (99991672, 400, "scope_missing"),
        (99991401, 400, "ip_denied"),
        (99991401, 403, "ip_denied"),
        (99991400, 429, "rate_limited"),
        (99991400, 400, "rate_limited"),
        (190005, 429, "rate_limited"),
        (1, 429, "rate_limited"),
        (99991403, 429, "quota_exceeded"),
        (99991663, 400, "token_refused"),
        (190002, 400, "subject_unreadable"),
        (190014, 400, "subject_unreadable"),
        (30005, 400, "endpoint_retired"),
        (99991201, 404, "endpoint_retired"),
        (190003, 500, "server_error"),
        (1, 500, "server_error"),
        (1, 400, "request_refused"),
    ],
)
def test_each_documented_code_has_its_text(code: int, http_status: int, key: str) -> None:
    assert problem_key(error_of({"code": code, "msg": ""}, http_status, {})) == key


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (10003, "invalid_app_id"),
        *((code, "invalid_auth") for code in (10005, 10014, 10015, 20002, 99991543)),
        (2200, "server_error"),
        (10012, "server_error"),
    ],
)
def test_each_code_of_the_token_endpoint_has_its_text(code: int, key: str) -> None:
    assert problem_key(token_error_of({"code": code, "msg": ""}, 200, {})) == key


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("key", sorted(set(ERRORS.values())))
def test_flows_and_exceptions_share_the_text_of_a_failure(language: str, key: str) -> None:
    texts: dict[str, Any] = TEXTS[language]

    assert texts["config"]["error"][key]
    assert texts["options"]["error"][key] == texts["config"]["error"][key]
    assert key in texts["exceptions"]


def test_no_two_failures_have_the_same_text() -> None:
    for language, texts in TEXTS.items():
        said = [texts["config"]["error"][key] for key in set(ERRORS.values())]
        said += [texts["exceptions"][key]["message"] for key in (OF_EVENTS | OF_PERSONS).values()]
        assert len(set(said)) == len(said), language


@pytest.mark.parametrize("code", sorted({*INVITATION_CODES, *REPLY_CODES}))
def test_a_flow_never_meets_an_error_of_events(code: int) -> None:
    assert type(error_of({"code": code, "msg": ""}, 400, {})) in {type(error) for error in ERRORS}


def test_the_text_names_missing_scopes_and_the_servers_words() -> None:
    error = ScopeMissingError(details=ErrorDetails(99991672, "Access denied", "log-1", 400), scopes=("vc:room", "vc:x"))

    named = problem_placeholders(error)

    assert named["scopes"] == "vc:room, vc:x"
    for part in ("Access denied", "99991672", "400", "log-1"):
        assert part in named["details"]


def test_an_error_without_details_has_a_text() -> None:
    assert problem_placeholders(RequestError())["details"]


@pytest.mark.parametrize(
    ("msg", "details"),
    [
        ("ip 203.0.113.7 is denied", "ip 203.0.113.7 is denied, code 99991401, HTTP 400"),
        (
            "ip 203.0.113.7 of cli_a1b2c3 is denied",
            "ip *** of cli_*** is denied, code 99991401, HTTP 400, 203.0.113.7",
        ),
        ("denied", "denied, code 99991401, HTTP 400"),
    ],
)
def test_only_forms_show_the_denied_ip_address(msg: str, details: str) -> None:
    error = error_of({"code": 99991401, "msg": msg}, 400, {})

    assert form_placeholders(error) == {"scopes": "", "details": details}
    assert "203" not in problem_placeholders(error)["details"]


def test_failures_are_counted_by_kind() -> None:
    gone = [error_of({"code": 190014, "msg": f"no {number}"}, 400, {}) for number in range(3)]
    odd = error_of({"code": 77, "msg": "what"}, 400, {})

    assert reasons_of(gone) == "no 0, code 190014, HTTP 400"
    assert reasons_of([*gone, odd]) == "3 x no 0, code 190014, HTTP 400; 1 x what, code 77, HTTP 400"
