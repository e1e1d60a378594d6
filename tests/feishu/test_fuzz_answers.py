"""For any bytes as an answer, a call returns a value or raises one of our errors, and the next call works."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.directory import Catalogue, read_catalogue
from custom_components.feishu_freebusy.feishu.errors import FeishuError, UnreadableAnswerError
from custom_components.feishu_freebusy.feishu.models import (
    BusyPeriod,
    EventRef,
    InstanceReply,
    Room,
    RoomLevel,
    RsvpStatus,
    SubjectRef,
)
from custom_components.feishu_freebusy.feishu.windows import joined
from simulator import Fault, Tenant
from simulator.answers import Answer

from .odd import ODD_VALUES, corrupted
from .virtual import on_virtual_time, run

START = datetime(2026, 11, 23, tzinfo=UTC)
WINDOW: dict[str, Any] = {"time_min": START, "time_max": START + timedelta(days=1)}
MEBIBYTE = 1024 * 1024
ROW = {"start_time": "2026-11-23T10:00:00Z", "end_time": "2026-11-23T11:00:00Z"}

END = START + timedelta(hours=1)
HOW: dict[str, Any] = {"time_zone": "UTC", "idempotency_key": "k" * 32}
EVENT = {"event_id": "a_0", "start_time": {"timestamp": "1795428000"}, "end_time": {"timestamp": "1795438000"}}

type CallOf = Callable[[FeishuClient], Awaitable[object]]

CALLS: dict[str, tuple[CallOf, dict[str, Any]]] = {
    "bot/v3/info": (lambda client: client.bot(), {"bot": {"app_name": "Rooms", "activate_status": 2}}),
    "tenant_access_token/internal": (
        lambda client: client.check_credentials(),
        {"tenant_access_token": "t-abc", "expire": 7200},
    ),
    "freebusy/list": (
        lambda client: client.freebusy_list(SubjectRef.of("omm_1"), **WINDOW),
        {"data": {"freebusy_list": [ROW]}},
    ),
    "freebusy/batch": (
        lambda client: client.freebusy_batch([SubjectRef.of("ou_1")], **WINDOW),
        {"data": {"freebusy_lists": [{"user_id": "ou_1", "freebusy_items": [ROW]}]}},
    ),
    "freebusy/batch_get": (
        lambda client: client.room_freebusy_batch_get(["omm_1"], **WINDOW),
        {"data": {"time_min": "2026-11-23T00:00:00Z", "time_max": "2026-11-24T00:00:00Z", "free_busy": {}}},
    ),
    "vc/v1/rooms": (lambda client: client.rooms(), {"data": {"rooms": [{"room_id": "omm_1", "name": "Orion"}]}}),
    "rooms/search": (lambda client: client.bookable_rooms(), {"data": {"rooms": [{"room_id": "omm_1"}]}}),
    "vc/v1/room_levels": (lambda client: client.room_levels(), {"data": {"items": [{"room_level_id": "omb_1"}]}}),
    "application/v6/scopes": (lambda client: client.granted_scopes(), {"data": {"scopes": []}}),
    "event/v1/connection": (lambda client: client.online_connections(), {"data": {"online_instance_cnt": 1}}),
    "calendars/primary": (
        lambda client: client.events.primary_calendar(),
        {"data": {"calendars": [{"calendar": {"calendar_id": "feishu.cn_1@group"}}]}},
    ),
    "primary/events": (
        lambda client: client.events.create("primary", title="Retro", start=START, end=END, **HOW),
        {"data": {"event": EVENT}},
    ),
    "events/a_0": (lambda client: client.events.event("primary", "a_0"), {"data": {"event": EVENT}}),
    "events/b_0": (lambda client: client.events.delete("primary", "b_0"), {"data": {}}),
    "c_0/attendees": (lambda client: client.events.add_room("primary", "c_0", "omm_1"), {"data": {}}),
    "a_0/attendees": (
        lambda client: client.events.verdict("primary", "a_0", "omm_1"),
        {"data": {"items": [{"room_id": "omm_1", "rsvp_status": "accept"}], "has_more": False}},
    ),
    "room_availability_check": (
        lambda client: client.events.check_rooms("primary", ["omm_1"], start=START, end=END),
        {"data": {"room_availabilitys": [{"room_id": "omm_1", "status": "available"}]}},
    ),
    "meeting_room/freebusy/batch_get": (
        lambda client: client.events.bookings("omm_1", **WINDOW),
        {"data": {"time_min": "2026-11-23T00:00:00Z", "time_max": "2026-11-24T00:00:00Z", "free_busy": {}}},
    ),
    "instance/reply": (
        lambda client: client.events.reply("omm_1", EventRef("a"), InstanceReply.NOT_CHECK_IN),
        {},
    ),
    "summary/batch_get": (
        lambda client: client.events.titles([EventRef("a")]),
        {"data": {"EventInfos": [{"uid": "a", "original_time": 0, "summary": "Retro"}]}},
    ),
    "app_versions": (lambda client: client.published_events(), {"data": {"items": []}}),
}
every_call = pytest.mark.parametrize("path", CALLS)


def ask(path: str, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> object:
    """Return what a call returns or raises for this answer, and assert that the next call works."""
    call, _ = CALLS[path]
    tenant = Tenant()
    tenant.add_room("Orion", room_id="omm_1")

    async def play() -> object:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault("raw", Answer(status, body, headers=headers or {})), path, times=None)
        try:
            return await call(virtual.client)
        except FeishuError as error:
            return error
        finally:
            tenant.clear_faults()
            assert (await virtual.client.bot()).app_name == tenant.app_name

    return run(play())


def as_json(path: str) -> bytes:
    return json.dumps({"code": 0, "msg": "ok", **CALLS[path][1]}).encode()


@every_call
def test_the_uncorrupted_answer_is_read(path: str) -> None:
    assert not isinstance(ask(path, as_json(path)), FeishuError)


@pytest.mark.family
@every_call
@given(data=st.data())
def test_a_corrupted_answer_gives_a_value_or_an_error(path: str, data: st.DataObject) -> None:
    body = data.draw(corrupted({"code": 0, "msg": "ok", **CALLS[path][1]}))

    try:
        text = json.dumps(body).encode()
    except ValueError, RecursionError:  # not writable as JSON
        return
    ask(path, text, data.draw(st.sampled_from([200, 200, 200, 299, 400, 401, 404, 429, 500, 999])))


@pytest.mark.family
@every_call
@given(data=st.data())
def test_corrupted_bytes_give_a_value_or_an_error(path: str, data: st.DataObject) -> None:
    body = bytearray(as_json(path))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body)))
        length = data.draw(st.sampled_from([0, 0, 1, 3, 1000]))
        body[place : place + length] = data.draw(
            st.binary(max_size=4)
            | st.sampled_from([b'"', b"\\", b"{", b"]", b",", b"\0", b"\xef\xbb\xbf", b"\xff", b"1e"])
        )
    ask(path, bytes(body))


CODES = [
    *(b'"0"', b"true", b"false", b"null", b"0.0", b"-0.0", b"1.0", b"1e0", b"0e0", b"NaN", b"Infinity", b"-Infinity"),
    *(b"[]", b"{}", b"[0]", b"00", b"+0", b"0x0", b"", b"1e999", b"1" + b"0" * 400, b"9" * 10_000, b"1E+400"),
    *(b"18446744073709551616", b"-9223372036854775809", b"1" + b"0" * 400 + b".5", b"0." + b"0" * 10_000 + b"1"),
]


@every_call
@pytest.mark.parametrize("code", CODES, ids=lambda code: code[:30].decode())
def test_only_an_integer_is_a_code(path: str, code: bytes) -> None:
    assert isinstance(ask(path, as_json(path).replace(b'"code": 0', b'"code": ' + code)), UnreadableAnswerError)


@every_call
def test_an_answer_without_a_code_is_unreadable(path: str) -> None:
    assert isinstance(ask(path, as_json(path).replace(b'"code"', b'"cod"')), UnreadableAnswerError)


@pytest.mark.parametrize(
    "bodies",
    [
        (b'{"code":0,"code":190002,"data":{}}', FeishuError),  # the last one counts, as in most JSON parsers
        (b'{"code":0,"data":{"freebusy_list":[]},"data":null}', UnreadableAnswerError),
    ],
)
def test_the_last_of_duplicate_keys_counts(bodies: tuple[bytes, type[FeishuError]]) -> None:
    body, expected = bodies

    assert isinstance(ask("freebusy/list", body), expected)


HUGE = {
    "50 MB of blanks": b" " * 50 * MEBIBYTE,
    "50 MB of text": b'{"code":0,"msg":"' + b"x" * 50 * MEBIBYTE + b'"}',
    "lists in lists": b'{"code":0,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects in objects": b'{"code":0,"data":' + b'{"data":' * 100_000 + b"0" + b"}" * 100_000 + b"}",
    "100,000 rows": json.dumps({"code": 0, "data": {"freebusy_list": [ROW] * 100_000}}).encode(),
    "many rows": json.dumps({"code": 0, "data": {"freebusy_list": [ROW] * 20_000}}).encode(),
    "many empty rows": b'{"code":0,"data":{"freebusy_list":[' + b"{}," * 500_000 + b"{}]}}",
    "a name of 1 MB": b'{"code":0,"data":{"freebusy_list":[{"' + b"x" * MEBIBYTE + b'":0}]}}',
    "a time of 1 MB": b'{"code":0,"data":{"freebusy_list":[{"start_time":"2026-11-23T10:00:00.'
    + b"0" * MEBIBYTE
    + b'Z","end_time":"2026-11-23T10:00:00Z"}]}}',
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
def test_a_huge_answer_is_unreadable(body: bytes) -> None:
    answer = ask("freebusy/list", body)

    assert isinstance(answer, UnreadableAnswerError)
    assert len(f"{answer} {answer!r}") < 2000


@given(
    status=st.sampled_from([200, 302, 400, 404, 429, 500, 503, 999]),
    body=st.sampled_from([b"", b"{}", b"<html>", b'{"code":99991400}', b'{"code":0,"data":{}}', b'{"code":1}']),
    headers=st.dictionaries(
        st.sampled_from(["x-ogw-ratelimit-reset", "x-ogw-ratelimit-limit", "Retry-After", "x-tt-logid", "Location"]),
        st.sampled_from(
            ["", "-1", "0", "1e308", "1e-320", "9" * 400, "nan", "-inf", "٣", "1_0", " 5 ", "0x5", "http://[", "\ud800"]
        ),
    ),
)
def test_any_headers_give_a_value_or_an_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    ask("freebusy/list", body, status, headers)


# --- Windows ----------------------------------------------------------------------------------------------------------

STATUSES = st.none() | st.sampled_from(list(RsvpStatus))
HOURS = st.integers(-3, 3).map(lambda hours: START + timedelta(hours=hours))
PERIODS = st.builds(
    lambda one, other, status: BusyPeriod(min(one, other), max(one, other), status), HOURS, HOURS, STATUSES
)


@given(before=st.lists(PERIODS, max_size=12), after=st.lists(PERIODS, max_size=12))
def test_joining_windows_loses_no_busy_instant(before: list[BusyPeriod], after: list[BusyPeriod]) -> None:
    rows = joined(before, after, seam=START)

    assert list(rows) == sorted(rows, key=lambda period: (period.start, period.end))
    for status in (None, *RsvpStatus):
        for minutes in range(-200, 200, 20):
            moment = START + timedelta(minutes=minutes)

            def covers(period: BusyPeriod, moment: datetime = moment, status: RsvpStatus | None = status) -> bool:
                return period.rsvp_status is status and period.start <= moment < period.end

            assert any(map(covers, rows)) == any(map(covers, (*before, *after)))


def hours(start: int, end: int) -> BusyPeriod:
    return BusyPeriod(START + timedelta(hours=start), START + timedelta(hours=end), RsvpStatus.ACCEPT)


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ([hours(-2, 2)], [hours(0, 2)], [hours(-2, 2)]),
        ([hours(-2, 2)], [hours(0, 2), hours(0, 2)], [hours(-2, 2), hours(0, 2)]),
        ([hours(-2, 2), hours(-2, 2)], [hours(0, 2), hours(0, 2)], [hours(-2, 2), hours(-2, 2)]),
        (
            [hours(-2, 2), hours(-1, 2)],
            [hours(0, 2), hours(0, 2), hours(0, 3)],
            [hours(-2, 2), hours(-1, 2), hours(0, 3)],
        ),
        ([hours(-2, 2)], [hours(-2, 2), hours(0, 2)], [hours(-2, 2), hours(0, 2)]),
    ],
    ids=["one", "another one", "two alike", "two that end at once", "another one, uncut"],
)
def test_a_row_that_only_the_later_window_cut_counts_once(
    before: list[BusyPeriod], after: list[BusyPeriod], rows: list[BusyPeriod]
) -> None:
    assert list(joined(before, after, seam=START)) == rows


def test_windows_with_many_rows_at_the_seam_are_joined() -> None:
    hour = timedelta(hours=1)
    words = (RsvpStatus.ACCEPT, RsvpStatus.TENTATIVE)
    before = [BusyPeriod(START - hour, START, word) for word in words for _ in range(20_000)]
    after = [BusyPeriod(START, START + hour, word) for word in reversed(words) for _ in range(20_000)]

    rows = joined(before, after, seam=START)

    assert len(rows) == 40_000
    assert {(row.start, row.end) for row in rows} == {(START - hour, START + hour)}


# --- Catalogues -------------------------------------------------------------------------------------------------------

LEVEL_IDS = st.sampled_from([f"omb_{number}" for number in range(6)])


@given(
    parents=st.dictionaries(LEVEL_IDS, LEVEL_IDS | st.just("") | st.just("omb_unknown")),
    paths=st.lists(st.tuples(LEVEL_IDS | st.just(""), st.lists(LEVEL_IDS, max_size=3)), max_size=4),
)
def test_a_catalogue_accepts_a_level_tree_of_any_shape(
    parents: dict[str, str], paths: list[tuple[str, list[str]]]
) -> None:
    catalogue = Catalogue(
        rooms={
            f"omm_{number}": Room(f"omm_{number}", "Orion", room_level_id=level_id, path=tuple(path))
            for number, (level_id, path) in enumerate(paths)
        },
        levels={level_id: RoomLevel(level_id, level_id, parent) for level_id, parent in parents.items()},
    )

    for room in catalogue.rooms.values():
        assert len(catalogue.place(room)) == 2
        assert room.room_id in catalogue.rooms_on([room.room_level_id])
    for level_id in (*parents, "omb_unknown"):
        catalogue.level_name(level_id)
    assert sum(catalogue.room_counts().values()) >= len(paths)


def test_a_very_deep_level_tree_is_followed_to_a_maximum_depth() -> None:
    levels = {f"omb_{depth}": RoomLevel(f"omb_{depth}", "x" * 255, f"omb_{depth + 1}") for depth in range(100_000)}
    rooms = {f"omm_{number}": Room(f"omm_{number}", "", room_level_id="omb_0") for number in range(1000)}
    catalogue = Catalogue(rooms, levels)

    assert len(catalogue.level_name("omb_0")) < 10_000
    assert catalogue.room_counts()["omb_0"] == 1000
    assert len(catalogue.rooms_on(["omb_0"])) == 1000


class _Endless:
    """A client of a tenant with endless levels or rooms."""

    def __init__(self, *, rooms: int = 0, levels: int = 0) -> None:
        self.asked = 0
        self._rooms, self._levels = rooms, levels

    async def rooms(self, room_level_id: str = "") -> tuple[Room, ...]:
        if not room_level_id:
            return ()
        self.asked += 1
        return tuple(Room(f"omm_{self.asked}_{number}", "") for number in range(self._rooms))

    async def room_levels(self, room_level_id: str = "") -> tuple[RoomLevel, ...]:
        if room_level_id and not self._levels:
            return ()
        self.asked += 1
        return tuple(
            RoomLevel(f"omb_{self.asked}_{number}", "", room_level_id, has_child=True)
            for number in range(self._levels or 100)
        )


@pytest.mark.parametrize("tenant", [_Endless(levels=1), _Endless(levels=1000), _Endless(rooms=5000)])
def test_an_endless_tenant_is_given_up(tenant: Any) -> None:
    with pytest.raises(UnreadableAnswerError):
        run(read_catalogue(tenant))

    assert tenant.asked < 20_000


@pytest.mark.parametrize("number", [10_001, 100_000])
def test_a_page_far_above_the_page_size_is_unreadable(number: int) -> None:
    rooms = [{"room_id": f"omm_{number}"} for number in range(number)]

    answer = ask("vc/v1/rooms", json.dumps({"code": 0, "data": {"rooms": rooms}}).encode())

    assert isinstance(answer, UnreadableAnswerError)


def test_endless_oversized_pages_are_given_up(tenant: Tenant) -> None:
    rooms = [{"room_id": f"omm_{number}"} for number in range(10_000)]

    async def play() -> None:
        virtual = on_virtual_time(tenant)
        for page in range(10):
            data = {"rooms": rooms, "has_more": True, "page_token": str(page)}
            tenant.inject(Fault.body(200, {"code": 0, "data": data}), "vc/v1/rooms")
        with pytest.raises(UnreadableAnswerError, match="no end"):
            await virtual.client.rooms()
        assert len(virtual.sent("vc/v1/rooms")) < 10

    run(play())


@pytest.mark.parametrize("path", ["vc/v1/rooms", "vc/v1/room_levels"])
@pytest.mark.parametrize(
    "odd", [value for value in ODD_VALUES if value not in ([], None)], ids=lambda odd: repr(odd)[:20]
)
def test_a_list_of_another_type_is_unreadable(path: str, odd: Any) -> None:
    key = "rooms" if path.endswith("rooms") else "items"
    body = json.dumps({"code": 0, "data": {key: odd}}).encode()

    answer = ask(path, body)

    assert isinstance(answer, UnreadableAnswerError) or answer == ()
