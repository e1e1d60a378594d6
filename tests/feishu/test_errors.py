from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    EVENT_CODES,
    INVITATION_CODES,
    REPLY_CODES,
    AppError,
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
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    RoomRefusedError,
    ScopeMissingError,
    ServerError,
    StaleTokenError,
    SubjectError,
    error_of,
    token_error_of,
)

# The tables of the API contract, one row a line: section, code, HTTP status (0: not documented), class
BUSINESS: list[tuple[str, int, int, type[FeishuError]]] = [
    ("2.1", 190002, 400, SubjectError),
    ("2.1", 190014, 400, SubjectError),
    ("2.1", 190006, 403, AppUnavailableError),
    ("2.1", 190007, 404, BotDisabledError),
    ("2.1", 195100, 404, SubjectError),
    ("2.1", 190004, 429, RateLimitedError),
    ("2.1", 190005, 429, RateLimitedError),
    ("2.1", 190010, 429, RateLimitedError),
    ("2.1", 190003, 500, ServerError),
    ("3.1", 198001, 400, RequestError),
    ("3.1", 198002, 400, RequestError),
    ("3.1", 198003, 400, RequestError),
    ("3.1", 198004, 400, RequestError),
    ("3.2", 100003, 0, RequestError),
    ("3.2", 100005, 0, SubjectError),
    ("3.2", 105001, 0, ServerError),
    ("3.2", 105002, 400, RequestError),
    ("4", 121001, 500, ServerError),
    ("4", 121002, 400, RequestError),
    ("4", 121003, 400, RequestError),
    ("4", 121004, 404, SubjectError),
    ("4", 121005, 404, SubjectError),
    ("4", 121006, 404, RequestError),
    ("5.1", 99991661, 400, RequestError),
    ("5.1", 99991663, 400, StaleTokenError),
    ("5.1", 99991664, 400, StaleTokenError),
    ("5.1", 99991665, 0, StaleTokenError),
    ("5.1", 99991668, 400, RequestError),
    ("5.1", 99991671, 400, StaleTokenError),
    ("5.1", 99991672, 400, ScopeMissingError),
    ("5.1", 99991679, 400, ScopeMissingError),
    ("5.1", 99991676, 0, ScopeMissingError),
    ("5.1", 99991662, 0, AppUnavailableError),
    ("5.1", 99991673, 0, AppUnavailableError),
    ("5.1", 99991674, 0, RequestError),
    ("5.1", 99991675, 0, RequestError),
    ("5.1", 10005, 0, AppUnavailableError),
    ("5.1", 10014, 0, AppUnavailableError),
    ("5.1", 11205, 0, BotDisabledError),
    ("5.1", 11240, 0, BotDisabledError),
    ("5.1", 11207, 0, AppUnavailableError),
    ("5.1", 11210, 0, AppUnavailableError),
    ("5.1", 20009, 0, AppUnavailableError),
    ("5.1", 99991401, 0, IpDeniedError),
    ("5.1", 99991543, 0, CredentialsError),
    ("5.1", 99991201, 404, EndpointRetiredError),
    ("5.1", 99991301, 404, RequestError),
    ("5.1", 9499, 400, RequestError),
    ("5.1", 99992402, 400, RequestError),
    ("5.1", 99992351, 400, SubjectError),
    ("5.1", 99992352, 400, SubjectError),
    ("5.1", 99992353, 400, SubjectError),
    ("5.1", 99992359, 400, SubjectError),
    ("5.1", 99992360, 400, SubjectError),
    ("5.1", 99992361, 400, SubjectError),
    ("5.1", 99992375, 400, SubjectError),
    ("5.1", 99992376, 400, SubjectError),
    ("5.1", 30005, 0, EndpointRetiredError),
    ("5.1", 1000002, 0, SubjectError),
    ("5.1", 1000003, 0, ServerError),
    ("5.1", 1000004, 0, RateLimitedError),
    ("5.1", 1000005, 0, RateLimitedError),
    ("5.1", 1000007, 0, BotDisabledError),
    ("5.2", 2200, 0, ServerError),
    ("5.2", 1500, 0, ServerError),
    ("5.2", 10101, 0, ServerError),
    ("5.3", 99991400, 429, RateLimitedError),
    ("5.3", 99991400, 400, RateLimitedError),
    ("5.4", 99991403, 429, QuotaExceededError),
    ("14", 212100, 400, AppUnavailableError),
    ("14", 212001, 0, RequestError),
    ("14", 212002, 0, RequestError),
    ("14", 212003, 0, RequestError),
    ("14", 212004, 0, RequestError),
]
TOKEN: list[tuple[str, int, int, type[FeishuError]]] = [
    ("1.2", 10003, 200, CredentialsError),
    ("1.2", 10005, 0, CredentialsError),
    ("1.2", 10014, 200, CredentialsError),
    ("1.2", 10014, 400, CredentialsError),
    ("1.2", 10015, 0, CredentialsError),
    ("1.2", 20002, 0, CredentialsError),
    ("1.2", 99991543, 0, CredentialsError),
    ("1.2", 10012, 0, ServerError),
    ("1.2", 10013, 0, ServerError),
    ("1.2", 10016, 0, ServerError),
    ("1.2", 2200, 0, ServerError),
    ("1.2", 1500, 0, ServerError),
    ("1.2", 10101, 0, ServerError),
    ("1.2", 777777, 200, ServerError),
    ("5.3", 99991400, 400, RateLimitedError),
]

# What the codes mean for the calls that book and release
EVENTS: list[tuple[int, int, type[FeishuError]]] = [
    *((code, 404, CalendarUnusableError) for code in (191000, 191001, 191003, 191004)),
    *((code, 403, EventDeniedError) for code in (191002, 193002, 194001, 194002, 194003)),
    (193001, 404, EventGoneError),
    (193003, 403, EventGoneError),
    *((code, 400, RequestError) for code in (190002, 190014, 193000, 193101, 193102, 193103, 193104)),
    *((code, 400, RequestError) for code in (193109, 193110, 193111, 194000, 194004, 195112, 195113)),
    (195100, 404, ContactUnknownError),
    (190003, 500, ServerError),
    (190006, 403, AppUnavailableError),
    (190007, 404, BotDisabledError),
    *((code, 429, RateLimitedError) for code in (190004, 190005, 190010, 99991400)),
    (99991672, 400, ScopeMissingError),
    (777777, 400, RequestError),
]

UNDOCUMENTED = (200, 400, 403)


def error(code: int, status: int = 400, headers: Mapping[str, str] | None = None, **body: Any) -> FeishuError:
    """Return the error of an answer."""
    return error_of({"code": code, "msg": "no", **body}, status, headers or {})


@pytest.mark.parametrize(("section", "code", "status", "expected"), BUSINESS)
def test_the_code_decides_the_error_of_a_call(
    section: str, code: int, status: int, expected: type[FeishuError]
) -> None:
    for http_status in (status,) if status else UNDOCUMENTED:
        failure = error(code, http_status)

        assert type(failure) is expected
        assert (failure.code, failure.details.http_status) == (code, http_status)


@pytest.mark.parametrize(("code", "status", "expected"), EVENTS)
def test_the_code_decides_the_error_of_a_call_about_events(code: int, status: int, expected: type[FeishuError]) -> None:
    assert type(error_of({"code": code, "msg": ""}, status, {}, codes=EVENT_CODES)) is expected


@pytest.mark.parametrize(
    ("codes", "code", "expected"),
    [
        (INVITATION_CODES, 190014, RoomRefusedError),
        (INVITATION_CODES, 190002, RoomRefusedError),
        (INVITATION_CODES, 193003, EventGoneError),
        (REPLY_CODES, 105003, InstanceUnknownError),
        (REPLY_CODES, 100005, SubjectError),
        (REPLY_CODES, 105002, RequestError),
    ],
)
def test_a_code_may_mean_something_else_for_one_api(
    codes: Mapping[int, type[FeishuError]], code: int, expected: type[FeishuError]
) -> None:
    assert type(error_of({"code": code, "msg": ""}, 400, {}, codes=codes)) is expected


@pytest.mark.parametrize(("section", "code", "status", "expected"), TOKEN)
def test_the_code_decides_the_error_of_a_token_request(
    section: str, code: int, status: int, expected: type[FeishuError]
) -> None:
    for http_status in (status,) if status else UNDOCUMENTED:
        assert type(token_error_of({"code": code, "msg": "no"}, http_status, {})) is expected


def test_the_message_never_decides() -> None:
    failure = error(190007, msg="Invalid access token, request trigger frequency limit")

    assert type(failure) is BotDisabledError


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, RequestError), (404, RequestError), (429, RateLimitedError), (500, ServerError), (503, ServerError)],
)
def test_the_status_decides_if_the_code_is_unknown(status: int, expected: type[FeishuError]) -> None:
    assert type(error(123456789, status)) is expected


def test_a_known_code_outranks_the_status() -> None:
    assert type(error(99991403, 429)) is QuotaExceededError
    assert type(error(190007, 500)) is BotDisabledError


@pytest.mark.parametrize("kind", [ScopeMissingError, BotDisabledError, AppUnavailableError, IpDeniedError])
def test_errors_that_an_administrator_can_fix_are_app_errors(kind: type[FeishuError]) -> None:
    assert issubclass(kind, AppError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ogw-ratelimit-reset": "7"}, 7.0),
        ({"x-ogw-ratelimit-reset": "0"}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "9", "x-ogw-ratelimit-reset": "7"}, 7.0),
        ({"Retry-After": "9", "x-ogw-ratelimit-reset": "soon"}, 9.0),
        ({"Retry-After": "Mon, 23 Nov 2026 10:00:00 GMT"}, None),
        ({}, None),
        *(({"x-ogw-ratelimit-reset": text}, None) for text in ("", "soon", "-3", "nan", "inf", "1e999")),
    ],
)
def test_retry_after_comes_from_the_headers(headers: dict[str, str], seconds: float | None) -> None:
    failure = error(99991400, 429, headers)

    assert isinstance(failure, RateLimitedError)
    assert failure.retry_after == seconds


@pytest.mark.parametrize(
    "shape",
    [
        None,
        "The value of room_id is invalid.",
        [],
        7,
        {},
        {"details": None},
        {"details": []},
        {"details": [None]},
        {"details": "text"},
        {"log_id": None, "permission_violations": None},
        {"log_id": ["a"], "permission_violations": "text"},
        {"permission_violations": [None, 1, "text", {}, {"subject": None}, {"subject": 1, "scope": []}]},
    ],
)
@pytest.mark.parametrize(("code", "expected"), [(190014, SubjectError), (99991672, ScopeMissingError)])
def test_the_error_member_may_have_any_shape(shape: object, code: int, expected: type[FeishuError]) -> None:
    failure = error(code, error=shape)

    assert type(failure) is expected
    assert str(code) in str(failure)


def test_the_error_member_may_be_absent() -> None:
    assert type(error_of({"code": 190014}, 400, {})) is SubjectError


@pytest.mark.parametrize(
    ("member", "headers"),
    [
        ({"log_id": "20261123ABC"}, {}),
        ({"logid": "20261123ABC"}, {}),
        ({}, {"x-tt-logid": "20261123ABC"}),
        ("text", {"x-tt-logid": "20261123ABC"}),
    ],
)
def test_the_log_id_is_kept_and_shown(member: object, headers: dict[str, str]) -> None:
    failure = error(190003, 500, headers, error=member)

    assert failure.details.log_id == "20261123ABC"
    assert "20261123ABC" in str(failure)


@pytest.mark.parametrize(
    ("violations", "scopes"),
    [
        ([{"type": "action_scope_required", "subject": "vc:room"}], ("vc:room",)),
        ([{"scope": "vc:room", "url": "https://open.feishu.cn"}, {"scope": "b"}], ("vc:room", "b")),
        ([None, {"subject": "vc:room"}], ("vc:room",)),
        ([], ("vc:room:readonly",)),
        (None, ("vc:room:readonly",)),
    ],
)
def test_a_missing_scope_error_names_the_scopes(violations: object, scopes: tuple[str, ...]) -> None:
    body = {"code": 99991672, "msg": "Access denied", "error": {"permission_violations": violations}}
    failure = error_of(body, 400, {}, required_scopes=("vc:room:readonly",))

    assert isinstance(failure, ScopeMissingError)
    assert failure.scopes == scopes


@pytest.mark.parametrize(
    ("code", "is_gone"), [(195100, True), (99992351, True), (99992361, True), (190002, False), (99992375, False)]
)
def test_only_some_codes_mean_that_a_person_does_not_exist(code: int, *, is_gone: bool) -> None:
    failure = error(code)

    assert isinstance(failure, SubjectError)
    assert failure.is_no_such_person is is_gone


def test_request_data_repeated_by_the_server_is_masked() -> None:
    known = ("hunter2", "t-abc123", "lina")
    body = {
        "code": 99991672,
        "msg": "bad token t-abc123\nof secret hunter2 for Lina, see https://feishu.internal/?q=1",
        "error": {"log_id": "hunter2", "permission_violations": [{"subject": "hunter2"}, {"subject": "vc:lina"}]},
    }
    headers = {"x-tt-logid": "HUNTER2"}

    for failure in (error_of(body, 400, headers, known=known), token_error_of(body, 200, headers, known=known)):
        assert isinstance(failure, ScopeMissingError)
        assert (failure.details.log_id, failure.scopes) == (None, ())
        for text in (str(failure), repr(failure), failure.details.msg):
            assert not any(word in text.casefold() for word in (*known, "feishu.internal"))
            assert "bad token *** of secret *** for ***, see ***" in text


@pytest.mark.parametrize("log_id", ["t-g1044qeGEDXT", "omm_4de32cf1", "li.na@example.com", "10.0.0.8", "", "a" * 101])
def test_an_implausible_log_id_is_dropped(log_id: str) -> None:
    failure = error(190003, 500, {"x-tt-logid": log_id}, error={"log_id": log_id})

    assert failure.details.log_id is None


@pytest.mark.parametrize(
    ("msg", "address"), [("ip 203.0.113.7 is denied by app setting", "203.0.113.7"), ("denied by app setting", None)]
)
def test_a_denied_ip_address_is_kept_but_is_in_no_text(msg: str, address: str | None) -> None:
    failure = error(99991401, msg=msg)

    assert isinstance(failure, IpDeniedError)
    assert failure.address == (address and ip_address(address))
    assert "203" not in f"{failure} {failure!r} {failure.args}"
    assert "denied by app setting" in str(failure)


def test_an_empty_known_secret_leaves_the_message_unchanged() -> None:
    assert error_of({"code": 190002, "msg": "bad room"}, 400, {}, known=("",)).details.msg == "bad room"


def test_a_message_is_one_line_of_bounded_length() -> None:
    text = str(error(190002, msg="line\r\n" * 10_000))

    assert "\n" not in text
    assert len(text) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MEMBERS = st.sampled_from(["log_id", "logid", "details", "permission_violations", "message"])


@settings(deadline=None)
@given(
    code=st.integers().filter(bool) | st.sampled_from([code for _, code, _, _ in BUSINESS]),
    msg=JSON,
    member=JSON | st.dictionaries(MEMBERS, JSON),
    status=st.integers(200, 599),
)
def test_any_refusal_becomes_an_error_that_can_be_shown(code: int, msg: object, member: object, status: int) -> None:
    body = {"code": code, "msg": msg, "error": member}

    for failure in (error_of(body, status, {}), token_error_of(body, status, {})):
        assert failure.code == code
        assert str(code) in str(failure)
        assert repr(failure)
