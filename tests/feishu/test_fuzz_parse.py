"""Any JSON from Feishu gives a value or one of our errors, and no booking is lost."""

from calendar import timegm
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
import re
from typing import Any

from hypothesis import example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu import parse
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    ScopeMissingError,
    UnreadableAnswerError,
    error_of,
    token_error_of,
)
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, Room

from .odd import ODD_TIMES, ODD_VALUES, corrupted, nested, odd_values

START, END = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
ROWS = [
    {"start_time": "2026-11-23T09:00:00+08:00", "end_time": "2026-11-23T10:00:00+08:00", "rsvp_status": "accept"},
    {"start_time": "2026-11-23T02:00:00Z", "end_time": "2026-11-23T03:30:00.5Z"},
    {"start_time": "2026-11-22T22:00:00-05:00", "end_time": "2026-11-22T23:00:00-05:00", "rsvp_status": "tentative"},
]
PERIODS = parse.busy_periods({"freebusy_list": ROWS})
ROOM = {
    "room_id": "omm_1",
    "name": "Orion",
    "capacity": 8,
    "room_level_id": "omb_2",
    "path": ["omb_1", "omb_2"],
    "device": [{"name": "TV"}],
    "room_status": {
        "status": False,
        "schedule_status": True,
        "disable_start_time": "1795428000",
        "disable_end_time": 1795438000,
        "disable_reason": "painting",
    },
}
LEVEL = {"room_level_id": "omb_2", "name": "2F", "parent_id": "omb_1", "has_child": True}
USER = {"user_id": "ou_1", "email": "a@example.com", "mobile": "+8613800000000"}
BATCH = {
    "time_min": "2026-11-23T00:00:00Z",
    "time_max": "2026-11-24T00:00:00Z",
    "free_busy": {"omm_1": ROWS, "omm_2": []},
    "error_room_ids": ["omm_3"],
}
PEOPLE = {"freebusy_lists": [{"user_id": "ou_1", "freebusy_items": ROWS}, {"user_id": "ou_2"}]}


EVENT_OF_ROW = {"uid": "a", "original_time": 0, "organizer_info": {"name": "Chen Wei", "open_id": "ou_1"}}
EVENT = {
    "event_id": "a_0",
    "organizer_calendar_id": "feishu.cn_1@group",
    "start_time": {"timestamp": "1795428000"},
    "end_time": {"timestamp": "1795438000"},
    "recurrence": "",
    "app_link": "https://applink.feishu.cn/a",
}
ATTENDEE = {"type": "resource", "room_id": "omm_1", "rsvp_status": "accept"}
CHECK = {
    "room_id": "omm_1",
    "status": "unavailable",
    "unavailable_reason_type": "over_max_duration",
    "room_strategy": {"single_max_duration": "1800", "daily_start_time": "28800", "daily_end_time": 72000},
}


def room_bookings(data: Any) -> object:
    return parse.room_bookings(data, "omm_1", START, END)


def rooms_busy(data: Any) -> object:
    return parse.rooms_busy(data, ["omm_1", "omm_2", "omm_3"], START, END)


# A parser and an answer that it can read
READERS: dict[str, tuple[Callable[[Any], object], Any]] = {
    "data": (parse.data_of, {"data": {"freebusy_list": ROWS}}),
    "free/busy": (parse.busy_periods, {"freebusy_list": ROWS}),
    "batch of rooms": (rooms_busy, BATCH),
    "batch of rooms, as a list": (rooms_busy, {**BATCH, "free_busy": [{"room_id": "omm_1", **ROWS[0]}, {"omm_2": []}]}),
    "batch of people": (lambda data: parse.users_busy(data, ["ou_1", "ou_2", "ou_3"]), PEOPLE),
    "rooms": (lambda data: parse.page(data, parse.rooms), {"rooms": [ROOM], "has_more": True, "page_token": "2"}),
    "room": (lambda data: parse.room(data, "omm_1"), {"room": ROOM}),
    "levels": (lambda data: parse.page(data, parse.room_levels), {"items": [LEVEL], "has_more": False}),
    "ids": (lambda data: parse.user_ids(data, [USER["email"]], [USER["mobile"]]), {"user_list": [USER]}),
    "scopes": (parse.granted_scopes, {"scopes": [{"scope_name": "vc:room", "grant_status": 1}]}),
    "connections": (parse.online_connections, {"online_instance_cnt": 2}),
    "versions": (
        parse.published_events,
        {"items": [{"status": 1, "publish_time": "1790000000", "events": ["a"], "event_infos": [{"event_type": "b"}]}]},
    ),
    "bookings of a room": (room_bookings, {**BATCH, "free_busy": {"omm_1": [{**row, **EVENT_OF_ROW} for row in ROWS]}}),
    "calendar": (parse.primary_calendar, {"calendars": [{"calendar": {"calendar_id": "feishu.cn_1@group"}}]}),
    "event": (parse.event, {"event": EVENT}),
    "replies of rooms": (lambda data: parse.page(data, parse.room_replies), {"items": [ATTENDEE], "has_more": False}),
    "checks of rooms": (parse.room_checks, {"room_availabilitys": [CHECK]}),
    "titles": (parse.titles, {"EventInfos": [{"uid": "a", "original_time": 0, "summary": "Retro"}]}),
    "bot": (parse.bot, {"bot": {"app_name": "Rooms", "activate_status": 2}}),
    "token": (parse.token, {"tenant_access_token": "t-abc", "expire": 7200}),
}
every_reader = pytest.mark.parametrize(("read", "valid"), READERS.values(), ids=READERS)


@every_reader
def test_the_uncorrupted_answer_is_read(read: Callable[[Any], object], valid: Any) -> None:
    assert read(valid)


@pytest.mark.family
@every_reader
@given(data=st.data())
def test_a_corrupted_answer_gives_a_value_or_is_unreadable(
    read: Callable[[Any], object], valid: Any, data: st.DataObject
) -> None:
    with suppress(UnreadableAnswerError):
        read(data.draw(corrupted(valid)))


@every_reader
def test_any_odd_member_gives_a_value_or_is_unreadable(read: Callable[[Any], object], valid: Any) -> None:
    for key in valid:
        for odd in (*ODD_VALUES, *ODD_TIMES):
            with suppress(UnreadableAnswerError):
                read({**valid, key: odd})


# --- Never a false "free" ---------------------------------------------------------------------------------------------


def instant_by_hand(text: str) -> float | None:
    """Return the Unix time of an RFC 3339 date-time; None if the text is not one."""
    match = re.fullmatch(r"(dddd)-(dd)-(dd)[Tt](dd):(dd):(dd)(\.d+)?([Zz]|([+-])(dd):(dd))".replace("d", "[0-9]"), text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    offset = 0 if match[9] is None else int(f"{match[9]}1") * (int(match[10]) * 60 + int(match[11])) * 60
    if hour > 23 or minute > 59 or second > 59 or int(match[10] or 0) > 23 or int(match[11] or 0) > 59:
        return None
    with suppress(ValueError):
        datetime(year, month, day)  # noqa: DTZ001  # raises if the date does not exist
        return timegm((year, month, day, hour, minute, second)) - offset + float((match[7] or ".0")[:7])
    return None


def clamped(seconds: float | None) -> float:
    """Return a Unix time within 1970 to 2999."""
    assert seconds is not None
    return min(max(seconds, 0), timegm((2999, 12, 31, 23, 59, 59)))


two = st.integers(0, 99).map("{:02}".format)
NEARLY_TIMES = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.integers(0, 9999).map("{:04}".format) | st.just("2026"),
    *(st.sampled_from(["01", "02", "12"]) | two, st.sampled_from(["01", "28", "31"]) | two),
    st.sampled_from("TTTt _"),
    *(st.sampled_from(["00", "10", "23", "24"]) | two for _ in range(1)),
    *(st.sampled_from(["00", "30", "59", "60"]) | two for _ in range(2)),
    st.sampled_from(["", "", ".5", ".123456789", ".", ",5"]),
    st.sampled_from(
        ["Z", "z", "+00:00", "-00:00", "+08:00", "-12:30", "+14:00", "+23:59", "+24:00", "", "+0800", "+08"]
    ),
)


@given(NEARLY_TIMES | st.sampled_from(ODD_TIMES) | st.text("0123456789-+:.TtZz W", max_size=35))
@example("2026-11-23T10:00:00.123456789Z")
@example("2026-W48-1T10:00:00Z")
def test_an_instant_follows_rfc_3339_or_is_unreadable(text: str) -> None:
    meant = instant_by_hand(text)

    try:
        moment = parse.instant(text)
    except UnreadableAnswerError:
        assert meant is None or len(text) > 40
        return
    assert moment.tzinfo is UTC
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1) == pytest.approx(clamped(meant), abs=1e-3)


@pytest.mark.parametrize("text", ODD_TIMES, ids=lambda text: ascii(text)[:40])
def test_an_odd_time_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableAnswerError) as unreadable:
        parse.instant(text)

    assert len(str(unreadable.value)) < 200


WITHIN_ROWS = ("replace", "wrap in a list", "wrap in an object", "leave out", "put beside", "rename")


@given(rows=st.integers(0, 2).flatmap(lambda place: corrupted(ROWS, within=(place,), changes=WITHIN_ROWS)))
def test_a_corrupted_row_is_never_dropped(rows: list[Any]) -> None:
    try:
        read = parse.busy_periods({"freebusy_list": rows})
    except UnreadableAnswerError:
        return
    assert len(read) == len(rows)
    for row, period in zip(rows, read, strict=True):
        times = sorted(clamped(instant_by_hand(row[name])) for name in ("start_time", "end_time"))
        assert [period.start.timestamp(), period.end.timestamp()] == pytest.approx(times, abs=1e-3)


@given(corrupted(BATCH))
def test_a_room_with_bookings_is_free_only_if_its_rows_are_gone(data: Any) -> None:
    try:
        answers = parse.rooms_busy(data, ["omm_1", "omm_3"], START, END)
    except UnreadableAnswerError:
        return
    named = data["free_busy"] if isinstance(data["free_busy"], dict) else {}
    if isinstance(data["free_busy"], list):
        named = {key: rows for item in data["free_busy"] for key, rows in item.items()}
    if answers["omm_1"] == ():
        assert named.get("omm_1", []) == []
    if not isinstance(answers["omm_3"], FeishuError):
        assert "omm_3" not in (data.get("error_room_ids") or [])


@given(corrupted(PEOPLE))
def test_a_person_is_free_only_with_an_empty_list(data: Any) -> None:
    try:
        answers = parse.users_busy(data, ["ou_1", "ou_2"])
    except UnreadableAnswerError:
        return
    for user_id, answer in answers.items():
        if answer == ():
            lists = [item for item in data["freebusy_lists"] if item["user_id"] == user_id]
            assert lists
            assert not any(item.get("freebusy_items") for item in lists)


def test_too_many_rows_are_unreadable() -> None:
    rows = ROWS[:1] * 100_000

    with pytest.raises(UnreadableAnswerError):
        parse.busy_periods({"freebusy_list": rows})
    answers = parse.users_busy({"freebusy_lists": [{"user_id": "ou_1", "freebusy_items": rows}]}, ["ou_1"])
    assert isinstance(answers["ou_1"], UnreadableAnswerError)
    assert len(parse.busy_periods({"freebusy_list": rows[:10_000]})) == 10_000


@pytest.mark.parametrize("word", [1, 0, "true", "false", "", [], {}, 1.0])
def test_an_invalid_has_more_is_unreadable(word: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.page({"rooms": [], "has_more": word, "page_token": "2"}, parse.rooms)


def test_a_page_token_without_has_more_means_a_next_page() -> None:
    assert parse.page({"rooms": [], "has_more": None, "page_token": "2"}, parse.rooms).next_token == "2"


@pytest.mark.parametrize("status", [0, 1, "false", "true", "", [], {}, 0.0])
def test_an_invalid_enabled_flag_of_a_room_is_unreadable(status: object) -> None:
    check_unreadable({**ROOM, "room_status": {"status": status}})


def check_unreadable(row: dict[str, Any]) -> None:
    """Check that a room is unreadable alone, and left out of a list: it counts as missing, never as enabled."""
    with pytest.raises(UnreadableAnswerError):
        parse.room({"room": row}, row["room_id"])
    assert parse.rooms({"rooms": [row, {"room_id": "omm_2"}]}) == (Room("omm_2", ""),)


@pytest.mark.parametrize("status", [[], "", 0, False, "disabled", [{"status": False}]])
def test_an_invalid_room_status_is_unreadable(status: object) -> None:
    check_unreadable({**ROOM, "room_status": status})


# --- Booleans are not numbers -----------------------------------------------------------------------------------------


def test_true_is_not_a_number() -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.token({"tenant_access_token": "t-abc", "expire": True})
    assert parse.granted_scopes({"scopes": [{"scope_name": "vc:room", "grant_status": True}]}) == frozenset()
    assert parse.bot({"bot": {"app_name": "Rooms", "activate_status": True}}).activate_status is None
    (room,) = parse.rooms({"rooms": [{**ROOM, "capacity": True, "room_status": {"disable_end_time": True}}]})
    assert room.capacity == 0
    assert room.status
    assert room.status.disable_end is None


@pytest.mark.parametrize("text", [" 1795428000 ", "1_795_428_000", "1795428００0", "+1795428000", "1795428000.0"])  # noqa: RUF001
def test_only_digits_are_a_unix_time(text: str) -> None:
    (room,) = parse.rooms({"rooms": [{**ROOM, "room_status": {"status": False, "disable_end_time": text}}]})

    assert room.status
    assert room.status.disable_end is None  # disabled without end, so never free by mistake


# --- Bounds -----------------------------------------------------------------------------------------------------------


def test_long_fields_of_a_room_are_truncated() -> None:
    long = "x" * 1_000_000
    row = {**ROOM, "name": long, "path": ["omb_1"] * 1000, "device": [{"name": long}] * 1000}
    row["room_status"] = {"status": False, "disable_reason": long}
    (room,) = parse.rooms({"rooms": [row]})
    (level,) = parse.room_levels({"items": [{**LEVEL, "name": long}]})

    assert len(repr(room)) < 100_000
    assert len(level.name) < 1000
    assert len(parse.bot({"bot": {"app_name": long}}).app_name) < 1000


def test_long_times_are_not_cached() -> None:
    remembered = parse._period.cache_info().currsize
    longest = max(ODD_TIMES, key=len)
    row = {"start_time": longest, "end_time": longest}
    for _ in range(3):
        with suppress(UnreadableAnswerError):
            parse.busy_periods({"freebusy_list": [row]})

    assert parse._period.cache_info().currsize == remembered


def test_an_overlong_token_is_unreadable() -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.token({"tenant_access_token": "t-" + "x" * 1_000_000, "expire": 7200})


# --- Errors -----------------------------------------------------------------------------------------------------------

REFUSAL = {
    "code": 99991672,
    "msg": "Access denied",
    "error": {"log_id": "20261123ABC", "permission_violations": [{"type": "scope", "subject": "vc:room"}]},
}
CODES = st.sampled_from([99991672, 99991400, 10014, 190002, 2**64 - 1, -(2**63), 1])


@given(
    body=corrupted(REFUSAL, within=("error",)) | corrupted(REFUSAL),
    code=CODES,
    status=st.integers(100, 999),
    headers=st.dictionaries(st.sampled_from(["x-ogw-ratelimit-reset", "x-tt-logid"]), odd_values().map(str)),
)
def test_a_corrupted_refusal_is_an_error_of_bounded_length(
    body: Any, code: int, status: int, headers: dict[str, str]
) -> None:
    body = {**(body if isinstance(body, dict) else {}), "code": code}

    for error in (error_of(body, status, headers), token_error_of(body, status, headers)):
        assert isinstance(error, FeishuError)
        assert error.code == code
        assert len(error.details.msg) <= 300


@pytest.mark.parametrize("text", ["3600", "3601", "1795428000", "1e308", "9" * 300])
def test_retry_after_is_capped_at_an_hour(text: str) -> None:
    error = error_of({"code": 99991400}, 429, {"x-ogw-ratelimit-reset": text})

    assert getattr(error, "retry_after", None) == 3600.0


def test_missing_scopes_are_limited_in_number_and_length() -> None:
    rows = [{"subject": f"vc:room{'x' * 1_000}"} for _ in range(1_000)]
    error = error_of({"code": 99991672, "error": {"permission_violations": rows}}, 400, {})

    assert isinstance(error, ScopeMissingError)
    assert len(", ".join(error.scopes)) < 5000


def test_a_deeply_nested_answer_gives_a_value_or_is_unreadable() -> None:
    deep = nested(900)

    for read, valid in READERS.values():
        for key in valid:
            with suppress(UnreadableAnswerError):
                read({**valid, key: deep})
    assert error_of({"code": 1, "error": {"log_id": deep, "permission_violations": deep}}, 400, {}).code == 1


def test_valid_rows_give_their_periods() -> None:
    assert [period.start.hour for period in PERIODS] == [1, 2, 3]
    assert all(isinstance(period, BusyPeriod) for period in PERIODS)
