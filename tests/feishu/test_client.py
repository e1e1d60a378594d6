import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from hypothesis import example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.client import SCOPES_FREE_BUSY, SCOPES_ROOMS, FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    AppUnavailableError,
    BotDisabledError,
    FeishuError,
    IpDeniedError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RequestError,
    ScopeMissingError,
    ServerError,
    SubjectError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.models import (
    ActivateStatus,
    Bot,
    BusyPeriod,
    RsvpStatus,
    SubjectKind,
    SubjectRef,
    UserIdType,
)
from simulator import Booking, Fault, Room, Tenant, Variants
from tests.conftest import at, examples

from .virtual import now, on_virtual_time, run

LIST = "calendar/v4/freebusy/list"
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)

type Clipping = Literal["none", "clipped"]
type Overlaps = Literal["as_booked", "merged", "split_overlapping"]
CLIPPINGS: tuple[Clipping, ...] = get_args(Clipping.__value__)


@pytest.fixture
def room(tenant: Tenant) -> Room:
    """Return a room of the tenant."""
    return tenant.add_room("Orion")


def period(booking: Booking, rsvp_status: RsvpStatus | None = None) -> BusyPeriod:
    return BusyPeriod(booking.start, booking.end, rsvp_status)


# --- One call ---------------------------------------------------------------------------------------------------------


async def test_a_room_request_sends_all_documented_fields(client: FeishuClient, tenant: Tenant, room: Room) -> None:
    await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(0, day=1))

    (call,) = tenant.calls(LIST)
    assert call.method == "POST"
    assert isinstance(call.body, dict)
    assert {name: value for name, value in call.body.items() if not name.startswith("time_")} == {
        "room_id": room.room_id,
        "include_external_calendar": True,
        "only_busy": True,
        "need_rsvp_status": False,
    }
    asked = (datetime.fromisoformat(call.body[name]) for name in ("time_min", "time_max"))
    assert [*asked] == [at(0), at(0, day=1)]


@pytest.mark.parametrize("kind", list(UserIdType))
async def test_a_person_can_be_requested_by_each_id_type(
    client: FeishuClient, tenant: Tenant, kind: UserIdType
) -> None:
    user = tenant.add_user("Li Na")
    booking = tenant.book(user.open_id, at(10), at(11))

    busy = await client.freebusy_list(
        SubjectRef.of(getattr(user, kind.value), id_type=kind), time_min=at(0), time_max=at(0, day=1)
    )

    assert busy == (period(booking),)
    (call,) = tenant.calls(LIST)
    assert call.query == {"user_id_type": kind.value}
    assert isinstance(call.body, dict)
    assert "room_id" not in call.body


async def test_all_options_reach_the_server(client: FeishuClient, tenant: Tenant, room: Room) -> None:
    plain = tenant.book(room.room_id, at(8), at(9))
    free = tenant.book(room.room_id, at(10), at(11), free=True)
    external = tenant.book(room.room_id, at(12), at(13), external=True)
    declined = tenant.book(room.room_id, at(14), at(15), rsvp="decline")

    async def ask(**options: Any) -> list[BusyPeriod]:
        return [*await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(23), **options)]

    assert await ask() == [period(plain), period(external)]
    assert await ask(only_busy=False) == [period(plain), period(free), period(external)]
    assert await ask(include_external_calendar=False) == [period(plain)]
    accept = RsvpStatus.ACCEPT
    assert await ask(need_rsvp_status=True) == [
        *(period(plain, accept), period(external, accept), period(declined, RsvpStatus.DECLINE))
    ]


@pytest.mark.parametrize("offset", ["tenant", "utc", "other"])
@pytest.mark.parametrize("row_order", ["sorted", "unsorted"])
async def test_periods_are_sorted_and_in_utc_for_any_offset_and_order(
    client: FeishuClient, tenant: Tenant, room: Room, offset: str, row_order: str
) -> None:
    tenant.variants.update({"offset": offset, "row_order": row_order})
    bookings = [tenant.book(room.room_id, at(hour), at(hour + 1)) for hour in (3, 18, 9, 15)]

    busy = await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(0, day=1))

    assert list(busy) == sorted(period(booking) for booking in bookings)
    assert {one.start.tzinfo for one in busy} == {UTC}


@pytest.mark.parametrize("empty_list", ["list", "missing_key", "null"])
async def test_an_empty_list_means_no_busy_period(
    client: FeishuClient, tenant: Tenant, room: Room, empty_list: str
) -> None:
    tenant.variants.update({"empty_list": empty_list})

    assert await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1)) == ()


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "success"},
        {"code": 0, "msg": "success", "data": None},
        {"code": 0, "msg": "success", "data": []},
        {"code": 0, "msg": "success", "data": {"freebusy_list": {}}},
        {"code": 0, "msg": "success", "data": {"freebusy_list": [None]}},
        {"code": 0, "msg": "success", "data": {"freebusy_list": [{"start_time": "2026-11-23T10:00:00Z"}]}},
    ],
)
async def test_a_damaged_answer_is_never_free(
    client: FeishuClient, tenant: Tenant, room: Room, body: dict[str, Any]
) -> None:
    tenant.inject(Fault.body(200, body), LIST, times=None)

    with pytest.raises(UnreadableAnswerError):
        await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1))


async def test_a_success_without_data_is_empty_if_feishu_says_it(
    client: FeishuClient, tenant: Tenant, room: Room
) -> None:
    tenant.variants.empty_list = "missing_data"
    orion = SubjectRef.of(room.room_id)

    answers = [await client.freebusy_list(orion, time_min=at(0), time_max=at(1)) for _ in range(3)]

    assert answers == [()] * 3
    assert [call.code for call in tenant.calls(LIST)].count(190002) == 1  # one proof for all of them
    assert client.traffic.counted == {LIST: 3}


@pytest.mark.parametrize("unknown_room", ["190002", "190014"])
async def test_each_refusal_of_an_unknown_room_proves_that_feishu_answers(
    client: FeishuClient, tenant: Tenant, room: Room, unknown_room: Any
) -> None:
    tenant.variants.update({"empty_list": "missing_data", "unknown_room": unknown_room})

    assert await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1)) == ()


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "success"},  # to everything, also to a room that does not exist
        {"code": 0, "msg": "success", "data": None},
        {"code": 0, "msg": "ok"},
        {"code": 0},
        {"code": 0, "msg": "success", "data": []},
        {"code": 0, "msg": "success", "result": {}},
    ],
)
async def test_a_success_without_data_from_another_server_is_never_free(
    client: FeishuClient, tenant: Tenant, room: Room, body: dict[str, Any]
) -> None:
    tenant.inject(Fault.body(200, body), LIST, times=None)

    with pytest.raises(UnreadableAnswerError):
        await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.error(500, 190003), ServerError),
        (Fault.error(400, 99991672), ScopeMissingError),
        (Fault.error(400, 404), RequestError),
        (Fault.html(200), NotFeishuError),
    ],
)
async def test_a_proof_that_fails_is_the_error_of_the_answer(
    client: FeishuClient, tenant: Tenant, room: Room, fault: Fault, error: type[FeishuError]
) -> None:
    tenant.variants.empty_list = "missing_data"
    tenant.inject(fault, LIST, times=None, when=lambda call: room.room_id not in str(call.body))

    with pytest.raises(error):
        await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1))


def test_a_proof_does_not_extend_the_deadline_of_a_call(tenant: Tenant, room: Room) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.check_credentials()
        tenant.variants.empty_list = "missing_data"
        tenant.inject(Fault.slow(8), LIST, when=lambda call: room.room_id in str(call.body))
        tenant.inject(Fault.slow(3600), LIST, times=None, when=lambda call: room.room_id not in str(call.body))
        orion = SubjectRef.of(room.room_id)

        async def read(after: float) -> float:
            await asyncio.sleep(after)
            with pytest.raises(NotReachableError):
                await virtual.client.freebusy_list(orion, time_min=at(0), time_max=at(1))
            return now()

        # The second one needs no time for its own call, and waits for the proof that the first one started
        assert list(await asyncio.gather(read(0), read(9))) == pytest.approx([12, 20])

    run(play())


def test_a_proof_that_waits_in_the_queue_does_not_use_up_the_deadline(tenant: Tenant, room: Room) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.check_credentials()
        tenant.variants.empty_list = "missing_data"
        tenant.inject(Fault.slow(5), LIST)
        orion = SubjectRef.of(room.room_id)
        call = asyncio.create_task(virtual.client.freebusy_list(orion, time_min=at(0), time_max=at(1)))
        await asyncio.sleep(1)
        holders = [asyncio.create_task(virtual.client.traffic.enter("elsewhere")) for _ in range(10)]
        await asyncio.sleep(100)  # the call has its answer, and the proof is in the queue
        assert not call.done()
        assert len(virtual.sent(LIST)) == 1
        for _ in holders:
            virtual.client.traffic.leave("elsewhere")

        assert await call == ()

    run(play())


# --- Refused before anything is sent ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": SubjectRef.of("", SubjectKind.ROOM)},
        {"subject": SubjectRef.of("", SubjectKind.PERSON)},
        {"time_min": at(12)},
        {"time_max": at(10)},
        {"time_min": at(11).replace(tzinfo=None)},
        {"time_max": at(12).replace(tzinfo=None)},
    ],
)
async def test_invalid_arguments_raise_before_anything_is_sent(
    client: FeishuClient, tenant: Tenant, wrong: dict[str, Any]
) -> None:
    question = {"subject": SubjectRef.of("omm_1"), "time_min": at(11), "time_max": at(12), **wrong}

    with pytest.raises(ValueError, match=r"."):
        await client.freebusy_list(**question)
    assert tenant.requests == []


# --- Refused by Feishu ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unknown_room", ["190002", "190014"])
@pytest.mark.parametrize("error_details", ["value", "missing", "string", "empty", "null_item"])
async def test_an_unknown_room_cannot_be_read(
    client: FeishuClient, tenant: Tenant, unknown_room: str, error_details: str
) -> None:
    tenant.variants.update({"unknown_room": unknown_room, "error_details": error_details})

    with pytest.raises(SubjectError) as refused:
        await client.freebusy_list(SubjectRef.of("omm_gone"), time_min=at(0), time_max=at(1))
    assert refused.value.code == int(unknown_room)


async def test_an_unknown_person_cannot_be_read(client: FeishuClient) -> None:
    with pytest.raises(SubjectError):
        await client.freebusy_list(SubjectRef.of("ou_gone"), time_min=at(0), time_max=at(1))


async def test_free_busy_needs_the_bot(client: FeishuClient, tenant: Tenant, room: Room) -> None:
    tenant.bot_enabled = False

    with pytest.raises(BotDisabledError):
        await client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1))
    with pytest.raises(BotDisabledError):
        await client.bot()


@pytest.mark.parametrize("violations", ["subject", "scope_and_url", "missing"])
@pytest.mark.parametrize("log_id_key", ["log_id", "logid"])
async def test_a_missing_scope_error_lists_all_sufficient_scopes(
    client: FeishuClient, tenant: Tenant, room: Room, violations: str, log_id_key: str
) -> None:
    tenant.variants.update({"permission_violations": violations, "log_id_key": log_id_key})
    tenant.revoke(*tenant.scopes)

    calls: list[tuple[Callable[[], Awaitable[object]], tuple[str, ...]]] = [
        (lambda: client.freebusy_list(SubjectRef.of(room.room_id), time_min=at(0), time_max=at(1)), SCOPES_FREE_BUSY),
        (client.rooms, SCOPES_ROOMS),
        (client.room_levels, SCOPES_ROOMS),
        (lambda: client.rooms_mget([room.room_id]), SCOPES_ROOMS),
    ]
    for call, scopes in calls:
        with pytest.raises(ScopeMissingError) as refused:
            await call()
        assert set(refused.value.scopes) == set(scopes)
        assert refused.value.details.log_id
    assert await client.granted_scopes() == frozenset()


async def test_each_state_of_the_app_has_its_error(client: FeishuClient, tenant: Tenant, room: Room) -> None:
    await client.check_credentials()

    tenant.quota_left = 0
    with pytest.raises(QuotaExceededError):
        await client.rooms()
    tenant.ip_allowed = False
    with pytest.raises(IpDeniedError):
        await client.rooms()
    tenant.app_enabled = False
    with pytest.raises(AppUnavailableError):
        await client.rooms()


# --- Windows of more than 90 days -------------------------------------------------------------------------------------

START = at(0)


def ask(
    tenant: Tenant, time_min: datetime, time_max: datetime, *, need_rsvp_status: bool = True
) -> tuple[BusyPeriod, ...]:
    """Return the busy periods of the tenant's only room."""

    async def play() -> tuple[BusyPeriod, ...]:
        (room_id,) = tenant.rooms
        return await on_virtual_time(tenant).client.freebusy_list(
            SubjectRef.of(room_id), time_min=time_min, time_max=time_max, need_rsvp_status=need_rsvp_status
        )

    return run(play())


def covered(rows: Iterable[tuple[datetime, datetime]], window: tuple[datetime, datetime]) -> list[list[datetime]]:
    """Return the time within the window that rows cover, merged and sorted."""
    merged: list[list[datetime]] = []
    for start, end in sorted((max(start, window[0]), min(end, window[1])) for start, end in rows):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        elif start < end:
            merged.append([start, end])
    return merged


def assert_as_booked(tenant: Tenant, busy: tuple[BusyPeriod, ...], window: tuple[datetime, datetime]) -> None:
    """Compare an answer with the bookings, for each RSVP status."""
    bookings = [one for one in tenant.bookings.values() if one.start < window[1] and one.end > window[0]]
    for status in RsvpStatus:
        said = covered(((one.start, one.end) for one in busy if one.rsvp_status is status), window)
        assert said == covered(((one.start, one.end) for one in bookings if one.rsvp == status.value), window)
    assert list(busy) == sorted(busy, key=lambda one: (one.start, one.end))
    if tenant.variants.overlaps == "as_booked":
        assert len(busy) <= len(bookings)  # no duplicates


@pytest.mark.parametrize("clipping", CLIPPINGS)
@pytest.mark.parametrize(("days", "calls"), [(1, 1), (90, 1), (91, 2), (180, 2), (181, 3), (365, 5)])
def test_a_long_window_gives_the_same_as_one_call(
    tenant: Tenant, room: Room, clipping: Clipping, days: int, calls: int
) -> None:
    tenant.variants.clipping = clipping
    for seam in (START + 90 * DAY * number for number in range(6)):
        tenant.book(room.room_id, seam - 5 * HOUR, seam + 5 * HOUR)  # spans it
        tenant.book(room.room_id, seam - 2 * DAY - HOUR, seam - 2 * DAY)
        tenant.book(room.room_id, seam - 2 * DAY, seam - 2 * DAY + HOUR)  # back to back
        tenant.book(room.room_id, seam - HOUR, seam, rsvp="needs_action")
        tenant.book(room.room_id, seam, seam + HOUR, rsvp="needs_action")  # back to back at the seam
    window = START, START + days * DAY

    assert_as_booked(tenant, ask(tenant, *window), window)
    assert len(tenant.calls(LIST)) == calls
    assert {call.code for call in tenant.calls(LIST)} == {0}


@pytest.mark.parametrize("clipping", CLIPPINGS)
@pytest.mark.parametrize("need_rsvp_status", [True, False])
def test_a_booking_across_the_seam_comes_back_in_one_piece(
    tenant: Tenant, room: Room, clipping: Clipping, need_rsvp_status: bool
) -> None:
    tenant.variants.clipping = clipping
    booking = tenant.book(room.room_id, START + 89 * DAY, START + 91 * DAY)

    busy = ask(tenant, START, START + 120 * DAY, need_rsvp_status=need_rsvp_status)

    assert busy == (period(booking, RsvpStatus.ACCEPT if need_rsvp_status else None),)


@pytest.mark.parametrize("clipping", CLIPPINGS)
def test_a_booking_across_two_seams_comes_back_in_one_piece(tenant: Tenant, room: Room, clipping: Clipping) -> None:
    tenant.variants.clipping = clipping
    booking = tenant.book(room.room_id, START + 89 * DAY, START + 181 * DAY)

    assert ask(tenant, START, START + 200 * DAY) == (period(booking, RsvpStatus.ACCEPT),)


@pytest.mark.parametrize("clipping", CLIPPINGS)
def test_bookings_that_overlap_at_the_seam_come_back_in_one_piece_each(
    tenant: Tenant, room: Room, clipping: Clipping
) -> None:
    tenant.variants.clipping = clipping
    seam = START + 90 * DAY
    tenant.book(room.room_id, seam - 2 * HOUR, seam + HOUR)
    tenant.book(room.room_id, seam - HOUR, seam + 2 * HOUR)

    busy = ask(tenant, START, START + 100 * DAY)

    assert len(busy) == 2
    assert_as_booked(tenant, busy, (START, START + 100 * DAY))


@pytest.mark.parametrize("clipping", CLIPPINGS)
def test_a_request_that_meets_a_booking_at_the_seam_stays_a_request(
    tenant: Tenant, room: Room, clipping: Clipping
) -> None:
    tenant.variants.clipping = clipping
    seam = START + 90 * DAY
    booking = tenant.book(room.room_id, seam - HOUR, seam)
    request = tenant.book(room.room_id, seam, seam + HOUR, rsvp="needs_action")

    assert ask(tenant, START, START + 100 * DAY) == (
        period(booking, RsvpStatus.ACCEPT),
        period(request, RsvpStatus.NEEDS_ACTION),
    )


def test_two_equal_bookings_stay_two(tenant: Tenant, room: Room) -> None:
    bookings = [tenant.book(room.room_id, START + 89 * DAY, START + 91 * DAY) for _ in range(2)]

    assert list(ask(tenant, START, START + 100 * DAY)) == [period(one, RsvpStatus.ACCEPT) for one in bookings]


# Hours from the start: the seams of 90 days are at 2160, 4320, ...
HOURS = st.sampled_from([-1, 0, 1, 2159, 2160, 2161, 4319, 4320, 4321]) | st.integers(-24, 200 * 24)
BOOKED = st.tuples(HOURS, st.sampled_from([1, 2, 24, 90 * 24]), st.sampled_from(["accept", "needs_action", "decline"]))


@examples(0.6)
@given(
    bookings=st.lists(BOOKED, max_size=8),
    hours=st.sampled_from([2160, 2161, 2184, 4320, 4321, 4800]),
    clipping=st.sampled_from(CLIPPINGS),
    overlaps=st.sampled_from(get_args(Overlaps.__value__)),
    row_order=st.sampled_from(["sorted", "unsorted"]),
    offset=st.sampled_from(["tenant", "utc", "other"]),
)
@example([(2159, 1, "accept"), (2160, 1, "accept")], 4320, "none", "as_booked", "sorted", "utc")
@example([(2159, 2, "accept"), (2159, 24, "accept")], 4320, "clipped", "as_booked", "sorted", "utc")
def test_any_long_window_gives_the_same_as_one_call(
    bookings: list[tuple[int, int, Any]],
    hours: int,
    clipping: Clipping,
    overlaps: Overlaps,
    row_order: Literal["sorted", "unsorted"],
    offset: Literal["tenant", "utc", "other"],
) -> None:
    tenant = Tenant(variants=Variants(clipping=clipping, overlaps=overlaps, row_order=row_order, offset=offset))
    room = tenant.add_room("Orion")
    for start, lasts, rsvp in bookings:
        tenant.book(room.room_id, START + start * HOUR, START + (start + lasts) * HOUR, rsvp=rsvp)
    window = START, START + hours * HOUR

    assert_as_booked(tenant, ask(tenant, *window), window)


@pytest.mark.parametrize(
    ("zone", "first", "days"),
    [
        ("Europe/Berlin", datetime(2026, 8, 1), 120),  # noqa: DTZ001  # gets its zone below
        ("Europe/Berlin", datetime(2027, 2, 1), 120),  # noqa: DTZ001
        ("America/New_York", datetime(2026, 9, 1), 90),  # noqa: DTZ001
        ("Australia/Lord_Howe", datetime(2026, 3, 1), 365),  # noqa: DTZ001
    ],
)
def test_a_window_across_a_dst_change_is_split_into_days_of_24_hours(
    tenant: Tenant, room: Room, zone: str, first: datetime, days: int
) -> None:
    time_min = first.replace(tzinfo=ZoneInfo(zone))
    time_max = time_min + days * DAY
    booking = tenant.book(room.room_id, time_max.astimezone(UTC) - HOUR, time_max.astimezone(UTC))

    assert ask(tenant, time_min, time_max) == (period(booking, RsvpStatus.ACCEPT),)


def test_a_window_within_the_repeated_hour_of_a_dst_change_is_not_empty(tenant: Tenant, room: Room) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    time_min = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    booking = tenant.book(room.room_id, time_min.astimezone(UTC), time_min.astimezone(UTC) + HOUR)

    busy = ask(tenant, time_min, datetime(2026, 10, 25, 2, 10, tzinfo=berlin, fold=1))

    assert busy == (period(booking, RsvpStatus.ACCEPT),)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-9 * HOUR)])
def test_a_window_with_fractions_of_a_second_is_widened(tenant: Tenant, room: Room, zone: timezone) -> None:
    first = tenant.book(room.room_id, at(10), at(11))
    last = tenant.book(room.room_id, at(12), at(13))
    time_min, time_max = at(10, 59, 59), at(12).replace(microsecond=1)

    busy = ask(tenant, time_min.replace(microsecond=999_999).astimezone(zone), time_max.astimezone(zone))

    assert busy == (period(first, RsvpStatus.ACCEPT), period(last, RsvpStatus.ACCEPT))


def test_one_failed_part_fails_the_whole_answer(tenant: Tenant, room: Room) -> None:
    seen = []

    def second(_: object) -> bool:
        seen.append(1)
        return len(seen) == 2

    tenant.inject(Fault.body(200, {"code": 0, "msg": ""}), LIST, when=second)

    with pytest.raises(UnreadableAnswerError):
        ask(tenant, START, START + 200 * DAY)


# --- Rooms, levels, the app -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "calls"), [(0, 1), (100, 1), (101, 2), (250, 3)])
async def test_all_pages_of_rooms_are_read(client: FeishuClient, tenant: Tenant, count: int, calls: int) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(count)]

    assert [room.room_id for room in await client.rooms()] == [room.room_id for room in rooms]
    assert [call.query["page_size"] for call in tenant.calls("vc/v1/rooms")] == ["100"] * calls


async def test_all_pages_of_levels_are_read(client: FeishuClient, tenant: Tenant) -> None:
    top = [tenant.add_level(f"Tower {number}") for number in range(120)]
    floors = [tenant.add_level(f"{number}F", top[0]) for number in range(130)]

    assert [level.room_level_id for level in await client.room_levels()] == [level.level_id for level in top]
    below = await client.room_levels(top[0].level_id)
    assert [(level.name, level.parent_id) for level in below] == [(level.name, top[0].level_id) for level in floors]


async def test_all_pages_of_the_rooms_of_one_level_are_read(client: FeishuClient, tenant: Tenant) -> None:
    level = tenant.add_level("Tower A")
    tenant.add_room("Elsewhere")
    inside = [tenant.add_room(f"Room {number}", level=level) for number in range(101)]

    assert [room.room_id for room in await client.rooms(level.level_id)] == [room.room_id for room in inside]


@pytest.mark.parametrize("tokens", [["2"], [str(number) for number in range(2000)]], ids=["one", "ever new ones"])
def test_endless_pages_are_given_up(tenant: Tenant, tokens: list[str]) -> None:
    async def play() -> None:
        for token in tokens:
            page = {"rooms": [{"room_id": "omm_1"}], "has_more": True, "page_token": token}
            times = None if token == tokens[-1] else 1
            tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": page}), "vc/v1/rooms", times)
        virtual = on_virtual_time(tenant)

        with pytest.raises(UnreadableAnswerError):
            await virtual.client.rooms()
        assert len(virtual.sent("vc/v1/rooms")) < 2000

    run(play())


async def test_a_failed_page_fails_the_whole_list(client: FeishuClient, tenant: Tenant) -> None:
    for number in range(150):
        tenant.add_room(f"Room {number}")
    tenant.inject(Fault.error(400, 121003), "vc/v1/rooms", when=lambda call: "page_token" in call.query)

    with pytest.raises(Exception, match="121003"):
        await client.rooms()


async def test_rooms_by_id_returns_those_that_exist(client: FeishuClient, tenant: Tenant) -> None:
    ids = [tenant.add_room(f"Room {number}").room_id for number in range(130)]

    found = await client.rooms_mget([*ids, "omm_gone", ids[0]])

    assert [room.room_id for room in found] == ids
    assert [call.method for call in tenant.calls("rooms/mget")] == ["POST"] * len(tenant.calls("rooms/mget"))


async def test_an_empty_list_of_ids_costs_no_call(client: FeishuClient, tenant: Tenant) -> None:
    assert await client.rooms_mget([]) == ()
    assert tenant.requests == []


@pytest.mark.parametrize("disable_times", ["string", "int"])
async def test_a_disabled_room_has_a_start_an_end_and_a_reason(
    client: FeishuClient, tenant: Tenant, room: Room, disable_times: str
) -> None:
    tenant.variants.update({"disable_times": disable_times})
    tenant.disable_room(room.room_id, at(8), None, "painting")

    (found,) = await client.rooms_mget([room.room_id])

    assert found.status is not None
    assert (found.status.disable_start, found.status.disable_end) == (at(8), None)
    assert found.status.disable_reason == "painting"


async def test_a_room_has_its_levels_capacity_and_equipment(client: FeishuClient, tenant: Tenant) -> None:
    tower = tenant.add_level("Tower A")
    floor = tenant.add_level("2F", tower)
    tenant.add_room("观云", level=floor, capacity=8, equipment=("TV", "Whiteboard"))

    (room,) = await client.rooms()

    assert (room.name, room.capacity, room.equipment) == ("观云", 8, ("TV", "Whiteboard"))
    assert (room.room_level_id, room.path) == (floor.level_id, (tower.level_id, floor.level_id))


async def test_only_granted_scopes_are_returned(client: FeishuClient, tenant: Tenant) -> None:
    tenant.revoke("calendar:room:readonly")
    tenant.grant("calendar:calendar")

    granted = await client.granted_scopes()

    assert granted == {name for name, given in tenant.scopes.items() if given}
    assert "calendar:room:readonly" not in granted


@pytest.mark.parametrize(
    ("number", "status"), [(2, ActivateStatus.ENABLED), (6, ActivateStatus.PLAN_EXPIRED), (9, None)]
)
async def test_the_bot_has_the_app_name_and_a_status(
    client: FeishuClient, tenant: Tenant, number: int, status: ActivateStatus | None
) -> None:
    tenant.bot_status = number

    assert await client.bot() == Bot(tenant.app_name, status)


async def test_the_repr_of_a_client_has_its_app_but_not_its_secret(client: FeishuClient, tenant: Tenant) -> None:
    assert tenant.app_id in repr(client)
    assert tenant.app_secret not in f"{client!r} {vars(client)!r}"
