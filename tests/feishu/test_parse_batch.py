"""Parsing the answers of the batch calls."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu import parse
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    SubjectError,
    UnreadableAnswerError,
    UnreadableRowsError,
)
from custom_components.feishu_freebusy.feishu.models import BusyPeriod

TEN, ELEVEN = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 23, 11, tzinfo=UTC)
ROW = {"start_time": "2026-11-23T10:00:00Z", "end_time": "2026-11-23T11:00:00Z"}
PERIOD = BusyPeriod(TEN, ELEVEN)
START, END = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
ECHO = {"time_min": "2026-11-23T00:00:00Z", "time_max": "2026-11-24T00:00:00Z"}
BAD_ROWS: list[Any] = [
    *(None, [], "busy", 0, {}),
    {"start_time": ROW["start_time"]},
    {**ROW, "end_time": None},
    {**ROW, "start_time": "2026-11-23T10:00:00"},
    {**ROW, "end_time": 1795428000},
]


def rooms(*ids: str, **data: Any) -> dict[str, Any]:
    """Return the parsed answer of a batch for these rooms."""
    return parse.rooms_busy({**ECHO, **data}, ids, START, END)


def kinds(answers: dict[str, Any]) -> dict[str, Any]:
    """Return the answers, with each error replaced by its class."""
    return {key: type(answer) if isinstance(answer, FeishuError) else answer for key, answer in answers.items()}


@pytest.mark.parametrize(
    "free_busy",
    [
        {"a": [ROW]},
        {"a": [ROW], "b": []},
        {"a": [ROW], "b": [], "not asked for": [{}]},
        [{"a": [ROW]}],
        [{"a": [ROW]}, {"b": []}],
        [{"b": []}, {"a": []}, {"a": [ROW]}],
        [{"room_id": "a", **ROW}],
        [{"room_id": "a", **ROW}, {"b": []}, {"room_id": "c"}],
    ],
)
def test_a_room_without_a_row_is_free(free_busy: object) -> None:
    assert rooms("a", "b", free_busy=free_busy) == {"a": (PERIOD,), "b": ()}


@pytest.mark.parametrize("free_busy", [{"a": [ROW], "B": [ROW]}, [{"a": [ROW]}, {"B": []}], {"a": [ROW], "": []}])
def test_an_omitted_room_is_not_free_if_the_answer_names_another_room(free_busy: object) -> None:
    assert kinds(rooms("a", "b", free_busy=free_busy)) == {"a": (PERIOD,), "b": UnreadableRowsError}


@pytest.mark.parametrize("free_busy", [{}, [], {"a": []}, [{"a": []}]])
@pytest.mark.parametrize("errors", [{}, {"error_room_ids": None}, {"error_room_ids": []}])
def test_all_rooms_may_be_free(free_busy: object, errors: dict[str, Any]) -> None:
    assert rooms("a", "b", free_busy=free_busy, **errors) == {"a": (), "b": ()}


@pytest.mark.parametrize(
    "free_busy",
    [None, "", 0, False, True, "a", [None], [[]], ["a"], [{}], [{"a": [], "b": []}], [{"room_id": 1}]],
)
def test_an_invalid_map_of_rooms_is_unreadable(free_busy: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        rooms("a", free_busy=free_busy)


@pytest.mark.parametrize(
    ("echo", "complete"),
    [
        ({}, True),
        ({"time_min": "2026-11-23T08:00:00+08:00", "time_max": "2026-11-23T19:00:00-05:00"}, True),
        ({"time_min": "2026-11-22T23:59:59Z", "time_max": "2026-11-24T00:00:01Z"}, True),
        ({"time_min": "2026-11-23T00:00:01Z"}, False),
        ({"time_max": "2026-11-23T23:59:59Z"}, False),
        ({"time_min": "2026-11-23T00:00:00+00:00", "time_max": "2026-11-24T00:00:00+08:00"}, False),
        ({"time_min": None}, False),
        ({"time_max": None}, False),
        ({"time_min": "", "time_max": ""}, False),
        ({"time_min": "2026-11-23T00:00:00"}, False),
        ({"time_max": 1795478400}, False),
    ],
)
@pytest.mark.parametrize("free_busy", [{}, {"a": [ROW]}])
def test_an_answer_must_cover_the_requested_window(
    echo: dict[str, Any], complete: bool, free_busy: dict[str, Any]
) -> None:
    if complete:
        assert rooms("a", "b", free_busy=free_busy, **echo)["b"] == ()
        return
    with pytest.raises(UnreadableAnswerError):
        rooms("a", "b", free_busy=free_busy, **echo)


@pytest.mark.parametrize("data", [{}, {"free_busy": {}}, {"time_min": ECHO["time_min"], "free_busy": {}}])
def test_an_incomplete_envelope_is_never_free(data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.rooms_busy(data, ["a"], START, END)


def test_a_room_in_error_room_ids_is_not_free() -> None:
    answers = rooms("a", "b", "c", free_busy={"a": [ROW], "b": [ROW]}, error_room_ids=["b", "c", "d"])

    assert kinds(answers) == {"a": (PERIOD,), "b": SubjectError, "c": SubjectError}


@pytest.mark.parametrize("ids", [{}, "a", 0, False])
def test_invalid_error_room_ids_are_unreadable(ids: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        rooms("a", free_busy={}, error_room_ids=ids)


@pytest.mark.parametrize("bad", [None, 1, {"room_id": "b"}])
def test_a_refused_room_without_an_id_may_be_any_omitted_room(bad: object) -> None:
    answers = rooms("a", "b", "c", free_busy={"a": [ROW]}, error_room_ids=["c", bad])

    assert kinds(answers) == {"a": (PERIOD,), "b": UnreadableRowsError, "c": SubjectError}


@pytest.mark.parametrize("bad", [None, [], "a", {}, {"a": [], "b": []}])
def test_an_element_without_a_room_may_be_any_omitted_room(bad: object) -> None:
    answers = rooms("a", "b", free_busy=[{"a": [ROW]}, bad])

    assert kinds(answers) == {"a": (PERIOD,), "b": UnreadableRowsError}


@pytest.mark.parametrize("bad", [None, 1, {}, "row"])
@pytest.mark.parametrize("earlier", [[], [{"a": []}], [{"a": [ROW]}]], ids=["alone", "idle", "busy"])
def test_an_element_that_names_its_room_costs_only_that_room(earlier: list[Any], bad: object) -> None:
    answers = rooms("a", "b", free_busy=[*earlier, {"a": bad}])

    assert kinds(answers) == {"a": UnreadableRowsError, "b": ()}


def test_a_refused_room_that_was_not_asked_for_may_be_an_omitted_one() -> None:
    answers = rooms("a", "b", free_busy={"a": [ROW]}, error_room_ids=["another"])

    assert kinds(answers) == {"a": (PERIOD,), "b": UnreadableRowsError}


def test_a_row_without_a_room_may_belong_to_any_room() -> None:
    with pytest.raises(UnreadableAnswerError):
        rooms("a", "b", free_busy=[{"room_id": "a", **ROW}, {"room_id": "b", **ROW}, ROW])


@pytest.mark.parametrize("bad", [None, [], {}, {"freebusy_items": [ROW]}, {"user_id": 1, "freebusy_items": [ROW]}])
def test_a_list_without_a_person_may_be_any_person_who_is_not_listed(bad: object) -> None:
    a, b = {"user_id": "a", "freebusy_items": [ROW]}, {"user_id": "b", "freebusy_items": [ROW]}

    answers = parse.users_busy({"freebusy_lists": [a, bad]}, ["a", "b"])

    assert kinds(answers) == {"a": (PERIOD,), "b": SubjectError}  # who is then asked for alone
    answers = parse.users_busy({"freebusy_lists": [a, b, bad]}, ["a", "b"])
    assert kinds(answers) == {"a": UnreadableRowsError, "b": UnreadableRowsError}  # it may be a second list of either


@pytest.mark.parametrize("bad", BAD_ROWS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_row_fails_only_its_room(bad: object, place: int) -> None:
    rows: list[object] = [ROW, ROW]
    rows.insert(place, bad)

    answers = rooms("a", "b", "c", free_busy={"a": rows, "b": [ROW]})

    assert kinds(answers) == {"a": UnreadableRowsError, "b": (PERIOD,), "c": ()}
    assert answers["a"].__traceback__ is None  # a traceback would keep all rows alive


@pytest.mark.parametrize("rows", [None, {}, "", 0, False, "none", ROW])
def test_a_room_without_a_list_of_rows_is_unreadable(rows: object) -> None:
    assert kinds(rooms("a", "b", free_busy={"a": rows, "b": [ROW]})) == {"a": UnreadableRowsError, "b": (PERIOD,)}


def test_the_rsvp_status_of_a_row_is_read() -> None:
    (period,) = rooms("a", free_busy={"a": [{**ROW, "rsvp_status": "decline"}]})["a"]

    assert period.rsvp_status == "decline"


@pytest.mark.parametrize("items", [{}, {"freebusy_items": None}, {"freebusy_items": []}])
def test_a_person_listed_without_rows_is_free(items: dict[str, Any]) -> None:
    data = {"freebusy_lists": [{"user_id": "a", "freebusy_items": [ROW]}, {"user_id": "b", **items}]}

    assert parse.users_busy(data, ["a", "b"]) == {"a": (PERIOD,), "b": ()}


@pytest.mark.parametrize("data", [{}, {"freebusy_lists": None}, {"freebusy_lists": []}])
def test_a_person_who_is_not_listed_is_not_free(data: dict[str, Any]) -> None:
    assert kinds(parse.users_busy(data, ["a"])) == {"a": SubjectError}


@pytest.mark.parametrize("lists", [{}, "", 0, [None], [[]], [{"freebusy_items": [ROW]}], [{"user_id": 1}]])
def test_lists_without_a_user_id_are_unreadable(lists: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse.users_busy({"freebusy_lists": lists}, ["a"])


@pytest.mark.parametrize("items", [*([row] for row in BAD_ROWS), {}, "", 0, "none", ROW])
def test_bad_rows_fail_only_their_person(items: object) -> None:
    lists = [{"user_id": "a", "freebusy_items": items}, {"user_id": "b", "freebusy_items": [ROW]}]

    answers = parse.users_busy({"freebusy_lists": lists}, ["a", "b"])

    assert kinds(answers) == {"a": UnreadableRowsError, "b": (PERIOD,)}


def test_a_person_listed_twice_has_the_rows_of_both_lists() -> None:
    later = {"start_time": "2026-11-23T12:00:00Z", "end_time": "2026-11-23T13:00:00Z"}
    lists = [{"user_id": "a", "freebusy_items": [row]} for row in (ROW, later)]

    busy = parse.users_busy({"freebusy_lists": lists}, ["a"])["a"]

    assert isinstance(busy, tuple)
    assert [one.start.hour for one in busy] == [10, 12]


# --- Any answer -------------------------------------------------------------------------------------------------------

IDS = ["a", "b", "c"]
HOURS = st.integers(0, 23)
GOOD = (
    st.tuples(HOURS, HOURS)
    .map(sorted)
    .map(lambda hours: {name: f"2026-11-23T{hour:02}:00:00Z" for name, hour in zip(ROW, hours, strict=True)})
)
ROWS = st.lists(GOOD | st.sampled_from(BAD_ROWS), max_size=4)


def expected(rows: list[Any]) -> object:
    """Parse the rows in the simplest way."""
    if any(row in BAD_ROWS for row in rows):
        return UnreadableRowsError
    times = [(datetime.fromisoformat(row["start_time"]), datetime.fromisoformat(row["end_time"])) for row in rows]
    return tuple(BusyPeriod(*pair) for pair in times)


@settings(deadline=None)
@given(
    rows=st.dictionaries(st.sampled_from([*IDS, "other"]), ROWS),
    refused=st.none() | st.lists(st.sampled_from([*IDS, "other"])),
    asked=st.lists(st.sampled_from(IDS), unique=True),
    as_list=st.booleans(),
)
def test_any_rooms_match_a_simple_parser(
    rows: dict[str, list[Any]], refused: list[str] | None, asked: list[str], as_list: bool
) -> None:
    free_busy = [{room_id: some} for room_id, some in rows.items()] if as_list else rows

    answers = rooms(*asked, free_busy=free_busy, error_room_ids=refused)

    def by_hand(room_id: str) -> object:
        if room_id in (refused or []):
            return SubjectError
        others = [other for other in [*rows, *(refused or [])] if other not in asked]
        return UnreadableRowsError if others and room_id not in rows else expected(rows.get(room_id, []))

    assert kinds(answers) == {room_id: by_hand(room_id) for room_id in asked}


@settings(deadline=None)
@given(rows=st.dictionaries(st.sampled_from([*IDS, "other"]), ROWS))
def test_any_people_match_a_simple_parser(rows: dict[str, list[Any]]) -> None:
    lists = [{"user_id": user_id, "freebusy_items": some} for user_id, some in rows.items()]

    answers = parse.users_busy({"freebusy_lists": lists}, IDS)

    assert kinds(answers) == {user_id: expected(rows[user_id]) if user_id in rows else SubjectError for user_id in IDS}


KEYS = st.sampled_from(
    [
        *("free_busy", "error_room_ids", "time_min", "time_max", "a", "room_id", "start_time", "end_time"),
        *("freebusy_lists", "freebusy_items", "user_id", "user_list", "email", "mobile", "room"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["a", *ROW.values()])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(deadline=None)
@given(value=JSON, data=st.dictionaries(KEYS, JSON))
def test_any_json_gives_answers_or_is_unreadable(value: object, data: dict[str, Any]) -> None:
    for changes in ({}, {"free_busy": value}, {"free_busy": {}, "error_room_ids": value}, {"free_busy": {"a": value}}):
        with suppress(UnreadableAnswerError):
            assert rooms("a", "b", **{**data, **ECHO, **changes}).keys() == {"a", "b"}
    for lists in (value, [value], [{"user_id": "a", "freebusy_items": value}]):
        with suppress(UnreadableAnswerError):
            assert parse.users_busy({**data, "freebusy_lists": lists}, ["a"]).keys() == {"a"}
    for rows in (value, [value]):
        with suppress(UnreadableAnswerError):
            assert parse.user_ids({"user_list": rows}, ["a"], ["a"]).keys() <= {"a"}
    with suppress(UnreadableAnswerError):
        assert parse.room({"room": value}, "a").room_id == "a"


def test_the_cache_of_periods_is_bounded() -> None:
    starts = [(START + timedelta(hours=hours)).isoformat() for hours in range(5000)]
    rows = [{"start_time": start, "end_time": (END + timedelta(days=365)).isoformat()} for start in starts]

    first, again = (parse.busy_periods({"freebusy_list": rows[-2:]}) for _ in range(2))
    assert first[0] is again[0]
    parse.busy_periods({"freebusy_list": rows})
    assert parse._period.cache_info().currsize < 5000
