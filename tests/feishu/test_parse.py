from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu import parse
from custom_components.feishu_freebusy.feishu.errors import UnreadableAnswerError
from custom_components.feishu_freebusy.feishu.models import (
    ActivateStatus,
    Bot,
    BusyPeriod,
    Room,
    RoomLevel,
    RoomStatus,
    RsvpStatus,
)

TEN, ELEVEN = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
ROW = {"start_time": "2026-11-23T10:00:00Z", "end_time": "2026-11-23T11:00:00Z"}
PERIOD = BusyPeriod(TEN, ELEVEN)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T10:00:00Z",
        "2026-11-23t10:00:00z",
        "2026-11-23T10:00:00+00:00",
        "2026-11-23T10:00:00-00:00",
        "2026-11-23T18:00:00+08:00",
        "2026-11-23T06:30:00-03:30",
        "2026-11-24T00:00:00+14:00",
        "2026-11-22T22:00:00-12:00",
        "2026-11-23T10:00:00.0Z",
        "2026-11-23T10:00:00.000000000Z",
    ],
)
def test_an_instant_may_have_any_offset(text: str) -> None:
    assert parse.instant(text) == TEN
    assert parse.instant(text).tzinfo is UTC


@pytest.mark.parametrize(("fraction", "microseconds"), [(".5", 500_000), (".25", 250_000), (".123456789", 123_456)])
def test_an_instant_may_have_a_fraction(fraction: str, microseconds: int) -> None:
    assert parse.instant(f"2026-11-23T18:00:00{fraction}+08:00") == TEN.replace(microsecond=microseconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "2026-11-23",
        "2026-11-23T10:00:00",  # no offset
        "2026-02-30T10:00:00Z",
        "2026-11-23T25:00:00Z",
        1795428000,
        1795428000.0,
        True,
        [],
        {"date_time": "2026-11-23T10:00:00Z"},
    ],
)
def test_an_invalid_instant_is_unreadable(value: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.instant(value)


EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "clamped"),
    [
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("0001-01-01T00:00:00+08:00", EARLIEST),  # before year 1 in UTC
        ("1969-12-31T23:59:59Z", EARLIEST),
        ("1970-01-01T00:00:00+08:00", EARLIEST),
        ("1970-01-01T00:00:01Z", EARLIEST + timedelta(seconds=1)),
        ("2999-12-31T23:59:58Z", LATEST - timedelta(seconds=1)),
        ("2999-12-31T23:59:59-08:00", LATEST),
        ("9999-12-31T23:59:59Z", LATEST),
        ("9999-12-31T23:59:59-08:00", LATEST),  # after year 9999 in UTC
    ],
)
def test_an_instant_outside_1970_to_2999_is_clamped(text: str, clamped: datetime) -> None:
    assert parse.instant(text) == clamped


@pytest.mark.parametrize("data", [{}, {"freebusy_list": None}, {"freebusy_list": []}])
def test_no_list_means_no_busy_period(data: dict[str, Any]) -> None:
    assert parse.busy_periods(data) == ()


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}, {"data": ""}, {"data": "{}"}, {"data": 0}])
def test_an_answer_without_data_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.data_of(body)


@pytest.mark.parametrize("rows", [{}, "", 0, False, "none", {"freebusy_list": []}])
def test_a_freebusy_list_of_another_type_is_unreadable(rows: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.busy_periods({"freebusy_list": rows})


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        "busy",
        {},
        {"start_time": ROW["start_time"]},
        {"end_time": ROW["end_time"]},
        {**ROW, "start_time": "2026-11-23T10:00:00"},
        {**ROW, "end_time": None},
        {**ROW, "end_time": 1795428000},
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_row_fails_the_answer(bad: object, place: int) -> None:
    rows: list[object] = [ROW, ROW]
    rows.insert(place, bad)

    with pytest.raises(UnreadableAnswerError):
        parse.busy_periods({"freebusy_list": rows})


def test_a_row_of_negative_length_is_busy_from_the_lesser_to_the_greater_instant() -> None:
    odd = {"start_time": "2026-11-23T19:00:00+08:00", "end_time": "2026-11-23T10:00:00Z", "rsvp_status": "accept"}

    assert parse.busy_periods({"freebusy_list": [odd, ROW]}) == (BusyPeriod(TEN, ELEVEN, RsvpStatus.ACCEPT), PERIOD)


def test_a_row_of_zero_length_is_kept() -> None:
    assert parse.busy_periods({"freebusy_list": [{**ROW, "end_time": ROW["start_time"]}]}) == (BusyPeriod(TEN, TEN),)


def test_unknown_fields_are_ignored() -> None:
    row = {**ROW, "uid": "1", "organizer": {"name": "x"}, "free_busy_status": None}

    assert parse.busy_periods({"freebusy_list": [row], "page_token": "x"}) == (PERIOD,)


@pytest.mark.parametrize("status", list(RsvpStatus))
def test_every_documented_rsvp_status_is_known(status: RsvpStatus) -> None:
    assert parse.busy_periods({"freebusy_list": [{**ROW, "rsvp_status": status.value}]}) == (
        BusyPeriod(TEN, ELEVEN, status),
    )
    assert {"needs_action", "accept", "tentative", "decline", "removed"} == {known.value for known in RsvpStatus}


@pytest.mark.parametrize("word", [None, "", "ACCEPTED", "delegated", 0, True, [], {}, ["decline"]])
def test_an_unknown_rsvp_status_is_none(word: object) -> None:
    assert parse.busy_periods({"freebusy_list": [{**ROW, "rsvp_status": word}]}) == (PERIOD,)


OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1970, 1, 3), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001  # `timezones` adds one


@st.composite
def rows_and_periods(draw: st.DrawFn) -> tuple[list[dict[str, object]], list[BusyPeriod]]:
    """Draw rows as a server may write them, and the periods that they mean."""
    rows: list[dict[str, object]] = []
    periods = []
    for _ in range(draw(st.integers(0, 6))):
        start = draw(INSTANTS)
        end = (start + draw(st.timedeltas(timedelta(0), timedelta(days=30)))).astimezone(draw(OFFSETS))
        timespec = draw(st.sampled_from(["seconds", "milliseconds", "microseconds"]))
        cut = {"seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}[timespec]
        start, end = (moment - timedelta(microseconds=moment.microsecond % cut) for moment in (start, end))
        word = draw(st.none() | st.sampled_from([*(status.value for status in RsvpStatus), "new_word"]))
        row: dict[str, object] = {
            "start_time": start.isoformat(timespec=timespec),
            "end_time": end.isoformat(timespec=timespec).replace("+00:00", "Z"),
        }
        rows.append(row if word is None else {**row, "rsvp_status": word})
        known = RsvpStatus(word) if word in set(RsvpStatus) else None
        periods.append(BusyPeriod(start.astimezone(UTC), end.astimezone(UTC), known))
    return rows, periods


@settings(deadline=None)
@given(rows_and_periods())
def test_any_valid_rows_give_their_periods(
    written: tuple[list[dict[str, object]], list[BusyPeriod]],
) -> None:
    rows, periods = written

    assert list(parse.busy_periods({"freebusy_list": rows})) == periods


def test_all_fields_of_a_room_are_read() -> None:
    row = {
        "room_id": "omm_1",
        "name": " Orion ",
        "capacity": 8,
        "description": "by the lift",
        "display_id": "LM1",
        "custom_room_id": "",
        "room_level_id": "omb_2",
        "path": ["omb_1", "omb_2"],
        "room_status": {
            "status": False,
            "schedule_status": True,
            "disable_start_time": "1795428000",
            "disable_end_time": "0",
            "disable_reason": "painting",
            "contact_ids": ["ou_1"],
        },
        "device": [{"name": "TV"}, {"name": ""}, None, {"name": "Whiteboard"}],
    }

    assert parse.rooms({"rooms": [row]}) == (
        Room(
            room_id="omm_1",
            name="Orion",
            capacity=8,
            room_level_id="omb_2",
            path=("omb_1", "omb_2"),
            equipment=("TV", "Whiteboard"),
            status=RoomStatus(
                enabled=False,
                disable_start=datetime.fromtimestamp(1795428000, UTC),
                disable_reason="painting",
                enabled_next=True,
            ),
        ),
    )


def test_a_room_needs_only_an_id() -> None:
    rows = [{"room_id": "omm_1"}, {"name": "no id"}, {"room_id": ""}, {"room_id": None}]

    assert parse.rooms({"rooms": rows}) == (Room("omm_1", ""),)


@pytest.mark.parametrize("number", [1795428000, "1795428000"])
def test_the_times_of_a_disabled_room_may_be_strings_or_numbers(number: object) -> None:
    status = {"status": True, "disable_start_time": number, "disable_end_time": number}
    (room,) = parse.rooms({"rooms": [{"room_id": "omm_1", "room_status": status}]})

    moment = datetime.fromtimestamp(1795428000, UTC)
    assert room.status == RoomStatus(enabled=True, disable_start=moment, disable_end=moment)


def test_a_room_disabled_until_year_9999_is_disabled_until_the_latest_instant() -> None:
    status = {"status": False, "disable_start_time": 1, "disable_end_time": 253402300799}
    (room,) = parse.rooms({"rooms": [{"room_id": "omm_1", "room_status": status}]})

    assert room.status == RoomStatus(False, EARLIEST + timedelta(seconds=1), LATEST)


@pytest.mark.parametrize(("word", "known"), [(True, True), (False, False), (None, None), (1, None), ("true", None)])
def test_the_announced_state_of_a_room_is_none_unless_boolean(word: object, known: bool | None) -> None:
    (room,) = parse.rooms({"rooms": [{"room_id": "omm_1", "room_status": {"status": True, "schedule_status": word}}]})

    assert room.status == RoomStatus(enabled=True, enabled_next=known)


@pytest.mark.parametrize("number", [None, 0, "0", "", "soon", -1, math.inf, math.nan, 10**30, "9" * 5000, [], {}])
def test_an_invalid_end_leaves_a_room_disabled_without_end(number: object) -> None:
    status = {"status": False, "disable_end_time": number}
    (room,) = parse.rooms({"rooms": [{"room_id": "omm_1", "room_status": status}]})

    assert room.status == RoomStatus(enabled=False)


def test_all_fields_of_a_level_are_read() -> None:
    row = {"room_level_id": "omb_2", "name": "2F", "parent_id": "omb_1", "path": [], "has_child": True}

    assert parse.room_levels({"items": [row, {"name": "no id"}, {"room_level_id": "omb_3"}]}) == (
        RoomLevel("omb_2", "2F", "omb_1", has_child=True),
        RoomLevel("omb_3", ""),
    )


@pytest.mark.parametrize(
    ("data", "next_token"),
    [
        ({}, None),
        ({"has_more": False}, None),
        ({"has_more": False, "page_token": "100"}, None),
        ({"has_more": True, "page_token": "100"}, "100"),
    ],
)
def test_has_more_decides_whether_there_is_a_next_page(data: dict[str, Any], next_token: str | None) -> None:
    assert parse.page({"rooms": [], **data}, parse.rooms).next_token == next_token


@pytest.mark.parametrize("token", [{}, {"page_token": ""}, {"page_token": None}])
def test_has_more_without_a_page_token_is_unreadable(token: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.page({"rooms": [], "has_more": True, **token}, parse.rooms)


def test_only_granted_scopes_count() -> None:
    rows = [
        {"scope_name": "vc:room", "grant_status": 2},
        {"scope_name": "vc:room:readonly", "grant_status": 1, "scope_type": "tenant"},
        {"scope_name": "calendar:calendar"},
    ]

    assert parse.granted_scopes({"scopes": rows}) == {"vc:room:readonly"}


@pytest.mark.parametrize("number", [None, -1, "1", True, 1.0])
def test_a_missing_number_of_connections_is_unreadable(number: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.online_connections({"online_instance_cnt": number})


def test_events_are_those_of_the_newest_approved_version() -> None:
    versions = [
        {"status": 3, "publish_time": "1790000003", "events": ["under review"]},
        {"status": 1, "publish_time": "1790000001", "events": ["old"]},
        {"status": 1, "publish_time": "1790000002", "events": ["new", 7], "event_infos": [{"event_type": "other"}, {}]},
        {"status": True, "publish_time": "1790000004", "events": ["odd"]},
        {"status": 1, "publish_time": "", "events": ["older"]},
    ]
    assert parse.published_events({"items": versions}) == {"new", "other"}
    assert parse.published_events({"items": versions[:1]}) == frozenset()
    assert parse.published_events({"items": []}) == frozenset()


@pytest.mark.parametrize("data", [{}, {"items": None}, {"items": {}}])
def test_a_missing_list_of_versions_is_unreadable(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.published_events(data)


@pytest.mark.parametrize("data", [{}, {"scopes": None}, {"scopes": {}}])
def test_a_missing_list_of_scopes_is_unreadable(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.granted_scopes(data)


@pytest.mark.parametrize(
    ("number", "status"),
    [*((status.value, status) for status in ActivateStatus), (7, None), (-1, None), (None, None), ("2", None)],
)
def test_a_bot_has_a_name_and_a_status_or_none(number: object, status: ActivateStatus | None) -> None:
    assert parse.bot({"bot": {"app_name": "Rooms", "activate_status": number}}) == Bot("Rooms", status)


@pytest.mark.parametrize("body", [{}, {"bot": None}, {"data": {"bot": {}}}])
def test_a_missing_bot_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.bot(body)


def test_a_token_is_read() -> None:
    token = parse.token({"tenant_access_token": "t-abc", "expire": 7200})

    assert (token.value, token.lifetime) == ("t-abc", 7200)
    assert "t-abc" not in repr(token)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tenant_access_token": "t-abc"},
        {"expire": 7200},
        {"tenant_access_token": "", "expire": 7200},
        {"tenant_access_token": None, "expire": 7200},
        {"tenant_access_token": "t-abc\r\nX-Header: 1", "expire": 7200},
        {"tenant_access_token": "t-票", "expire": 7200},
        {"tenant_access_token": "t-abc", "expire": 0},
        {"tenant_access_token": "t-abc", "expire": -1},
        {"tenant_access_token": "t-abc", "expire": "7200"},
        {"tenant_access_token": "t-abc", "expire": None},
        {"tenant_access_token": "t-abc", "expire": math.nan},
    ],
)
def test_a_token_that_cannot_be_used_is_unreadable(body: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError) as unreadable:
        parse.token(body)

    assert "t-abc" not in repr(unreadable.value)


KEYS = st.sampled_from(
    [
        *("data", "freebusy_list", "start_time", "end_time", "rsvp_status"),
        *("rooms", "items", "room_id", "room_level_id", "name", "path", "device", "capacity", "room_status", "status"),
        *("disable_start_time", "disable_end_time", "has_child", "page_token", "has_more"),
        *("scopes", "scope_name", "grant_status", "bot", "activate_status", "tenant_access_token", "expire"),
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*ROW.values(), "9" * 50])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)


def _of(key: str, read: Callable[[dict[str, Any]], object]) -> Callable[[Any], object]:
    return lambda value: read({key: value})


READERS: list[Callable[[Any], object]] = [
    parse.instant,
    _of("data", parse.data_of),
    _of("freebusy_list", parse.busy_periods),
    _of("rooms", parse.rooms),
    _of("items", parse.room_levels),
    _of("scopes", parse.granted_scopes),
    _of("bot", parse.bot),
    lambda value: parse.page({"rooms": [], "has_more": True, "page_token": value}, parse.rooms),
    lambda value: parse.page({"rooms": [], "has_more": value}, parse.rooms),
    lambda value: parse.rooms({"rooms": [{"room_id": "omm_1", "room_status": value, "path": value, "device": value}]}),
    lambda value: parse.busy_periods({"freebusy_list": [{**ROW, "rsvp_status": value}]}),
    lambda value: parse.token({"tenant_access_token": value, "expire": 7200}),
    lambda value: parse.token({"tenant_access_token": "t-abc", "expire": value}),
]
WHOLE: list[Callable[[dict[str, Any]], object]] = [
    *(parse.data_of, parse.busy_periods, parse.rooms, parse.room_levels, parse.granted_scopes, parse.bot, parse.token)
]


@settings(deadline=None)
@given(value=JSON, body=st.dictionaries(KEYS | st.text(), JSON))
def test_any_json_gives_a_value_or_an_unreadable_answer(value: object, body: dict[str, Any]) -> None:
    for read, argument in [*((read, value) for read in READERS), *((read, body) for read in WHOLE)]:
        with suppress(UnreadableAnswerError):
            read(argument)
