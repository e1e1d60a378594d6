"""ListSource and BatchSource return an answer or an error for each room with the fewest calls."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    ServerError,
    SubjectError,
    UnreadableAnswerError,
    UnreadableRowsError,
)
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RsvpStatus
from custom_components.feishu_freebusy.sync.sources import Answers, BatchSource, ListSource, OnAnswer, Source
from simulator import Booking, Fault, Tenant
from simulator.model import Call
from tests.clock import BATCH, FREE_BUSY, rooms_of
from tests.feishu.virtual import START, now, on_virtual_time, run
from tests.test_config_flow import BATCH_SCOPE, FREE_BUSY_SCOPE, is_of

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WINDOW = (START - DAY, START + 7 * DAY)

type Make = Callable[[FeishuClient], Source]


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant()
    for number in range(200):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    return tenant


def read(
    tenant: Tenant,
    rooms: int,
    make: Make = ListSource,
    *,
    on_answer: OnAnswer = lambda *_: None,
    probe: bool = False,
    polls: int = 1,
) -> Answers:
    """Read the first `rooms` rooms in `polls` polls and return the answers of the last poll."""

    async def main() -> Answers:
        source = make(on_virtual_time(tenant, latency=lambda: 0.05).client)
        answers: Answers = {}
        for _ in range(polls):
            tenant.requests.clear()
            answers = await source.read(list(tenant.rooms)[:rooms], *WINDOW, on_answer, probe=probe)
        return answers

    return run(main())


def kinds(answers: Answers) -> set[type]:
    """Return the types of the answers."""
    return {type(answer) for answer in answers.values()}


def failures(answers: Answers) -> dict[str, type]:
    """Return the type of the error of each room that has one."""
    return {room_id: type(answer) for room_id, answer in answers.items() if isinstance(answer, FeishuError)}


def asks_for(*room_ids: str) -> Callable[[Call], bool]:
    """Return a predicate that matches a request for at least one of these rooms."""
    wanted = set(room_ids)
    return lambda call: (
        not wanted.isdisjoint(
            [call.body["room_id"]] if isinstance(call.body, dict) else (value for _, value in call.pairs)
        )
    )


SOURCES = [pytest.param(ListSource, FREE_BUSY, id="list"), pytest.param(BatchSource, BATCH, id="batch")]


# Both sources


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_each_room_has_its_answer(tenant: Tenant, make: Make, path: str) -> None:
    tenant.book("omm_3", START, START + HOUR)
    tenant.book("omm_27", START + HOUR, START + 2 * HOUR)

    answers = read(tenant, 40, make)

    assert sorted(answers) == sorted(f"omm_{number}" for number in range(40))
    periods = {room_id: answer for room_id, answer in answers.items() if answer}
    accepted = RsvpStatus.ACCEPT if make is ListSource else None
    assert periods == {
        "omm_3": (BusyPeriod(START, START + HOUR, accepted),),
        "omm_27": (BusyPeriod(START + HOUR, START + 2 * HOUR, accepted),),
    }


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_answers_are_reported_as_they_arrive(tenant: Tenant, make: Make, path: str) -> None:
    tenant.inject(Fault.error(400, 190002), path, times=None, when=asks_for("omm_50"))
    reported: dict[str, object] = {}
    at: dict[str, float] = {}

    def take(room_id: str, answer: object) -> None:
        assert room_id not in reported
        reported[room_id], at[room_id] = answer, now()

    answers = read(tenant, 200, make, on_answer=take)

    assert reported == answers
    assert failures(answers) == {"omm_50": SubjectError}
    assert min(at.values()) < max(at.values())


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_no_rooms_need_no_call(tenant: Tenant, make: Make, path: str) -> None:
    assert read(tenant, 0, make) == {}
    assert read(tenant, 0, make, probe=True) == {}
    assert tenant.requests == []


@pytest.mark.parametrize(("make", "path"), SOURCES)
@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (lambda tenant: tenant.revoke(FREE_BUSY_SCOPE, BATCH_SCOPE), ScopeMissingError),
        (lambda tenant: setattr(tenant, "quota_left", 0), QuotaExceededError),
        (lambda tenant: tenant.inject(Fault.rate_limited(600), times=None), RateLimitedError),
    ],
)
def test_common_failure_is_not_repeated_for_each_room(
    tenant: Tenant, make: Make, path: str, begin: Callable[[Tenant], object], kind: type[FeishuError]
) -> None:
    read(tenant, 1, make)  # gets a token
    begin(tenant)

    answers = read(tenant, 200, make)

    assert len(answers) == 200
    assert kinds(answers) == {kind}
    assert len(tenant.calls(path)) <= 10


@pytest.mark.parametrize(("make", "path"), SOURCES)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault.status(503), ServerError), (Fault.close(), NotReachableError), (Fault.slow(3_600), NotReachableError)],
)
def test_outage_stops_a_read_of_many_rooms_early(
    tenant: Tenant, make: Make, path: str, fault: Fault, kind: type[FeishuError]
) -> None:
    tenant.inject(fault, path, times=None)
    ended: list[float] = []

    answers = read(tenant, 200, make, on_answer=lambda *_: ended.append(now()))

    assert len(answers) == 200
    assert kinds(answers) == {kind}
    assert max(ended) < 75  # two rounds of timeouts, not twenty


# Probe: one call before all others


@pytest.mark.parametrize(("make", "path"), SOURCES)
@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    [
        (Fault.error(400, 99991672), ScopeMissingError, 1),
        (Fault.error(429, 99991403), QuotaExceededError, 1),
        (Fault.error(400, 99991401), FeishuError, 1),
        (Fault.status(503), ServerError, 3),
        (Fault.close(), NotReachableError, 3),
        (Fault.rate_limited(reset=0), RateLimitedError, 3),
    ],
)
def test_failed_probe_fails_all_rooms_without_further_calls(
    tenant: Tenant, make: Make, path: str, fault: Fault, kind: type[FeishuError], tries: int
) -> None:
    tenant.inject(fault, path, times=None)
    reported: list[str] = []

    answers = read(tenant, 200, make, on_answer=lambda room_id, _: reported.append(room_id), probe=True)

    assert len(tenant.calls(path)) == tries
    assert all(isinstance(answer, kind) for answer in answers.values())
    assert len(set(reported)) == len(reported) == len(answers) == 200


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_successful_probe_is_followed_by_the_other_rooms(tenant: Tenant, make: Make, path: str) -> None:
    tenant.book("omm_199", START, START + HOUR)

    answers = read(tenant, 200, make, probe=True)

    assert failures(answers) == {}
    assert len(answers) == 200
    assert answers["omm_199"]


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_unreadable_first_room_does_not_fail_the_probe(tenant: Tenant, make: Make, path: str) -> None:
    tenant.inject(Fault.error(400, 190002), path, times=None, when=asks_for("omm_0"))

    assert failures(read(tenant, 200, make, probe=True)) == {"omm_0": SubjectError}


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_outage_after_a_successful_probe_fails_the_other_rooms(tenant: Tenant, make: Make, path: str) -> None:
    tenant.inject(Fault.status(503), path, times=None, when=lambda call: not asks_for("omm_0")(call))

    answers = read(tenant, 200, make, probe=True)

    assert isinstance(answers["omm_0"], tuple)
    assert kinds({room_id: answers[room_id] for room_id in list(answers)[20:]}) == {ServerError}
    assert len(tenant.calls(path)) <= 1 + 3 * 20


# One room per call


def test_one_call_for_each_room(tenant: Tenant) -> None:
    ticks: list[float] = []

    read(tenant, 20, on_answer=lambda *_: ticks.append(now()))

    assert len(tenant.calls(FREE_BUSY)) == len(ticks) == 20


@pytest.mark.parametrize(
    ("make", "rooms", "days", "calls"),
    [
        (ListSource, 0, 8, 0),
        (ListSource, 20, 8, 20),
        (ListSource, 200, 90, 200),
        (BatchSource, 0, 8, 0),
        (BatchSource, 1, 8, 1),
        (BatchSource, 20, 8, 1),
        (BatchSource, 21, 8, 2),
        (BatchSource, 200, 8, 10),
        (BatchSource, 200, 30, 10),
        (BatchSource, 200, 31, 20),
        (BatchSource, 200, 91, 40),
    ],
)
def test_calls_per_cycle_equals_the_calls_made(
    tenant: Tenant, make: type[Source], rooms: int, days: int, calls: int
) -> None:
    assert make.calls_per_cycle(rooms, days * DAY) == calls

    async def main() -> None:
        source = make(on_virtual_time(tenant).client)
        await source.read(list(tenant.rooms)[:rooms], START, START + days * DAY)

    run(main())
    assert len([*tenant.calls(FREE_BUSY), *tenant.calls(BATCH)]) == calls


def test_pending_requests_are_distinguished_from_bookings(tenant: Tenant) -> None:
    tenant.book("omm_7", START, START + HOUR, rsvp="needs_action")

    assert read(tenant, 20)["omm_7"] == (BusyPeriod(START, START + HOUR, RsvpStatus.NEEDS_ACTION),)


@pytest.mark.parametrize("external", [True, False])
def test_external_calendar_option_is_sent(tenant: Tenant, external: bool) -> None:
    read(tenant, 1, lambda client: ListSource(client, include_external_calendar=external))

    (call,) = tenant.calls(FREE_BUSY)
    assert isinstance(call.body, dict)
    assert call.body["include_external_calendar"] is external


@pytest.mark.parametrize(("make", "path"), SOURCES)
def test_many_rooms_are_read_within_the_limits_without_delay(tenant: Tenant, make: Make, path: str) -> None:
    ended: list[float] = []

    read(tenant, 200, make, on_answer=lambda *_: ended.append(now()))

    assert tenant.limit_violations == []
    assert max(ended) < (200 / 50 if path == FREE_BUSY else 0) + 1.5


def test_single_unreadable_room_does_not_affect_the_others(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of("omm_5"))

    assert failures(read(tenant, 30)) == {"omm_5": SubjectError}
    assert len(tenant.calls(FREE_BUSY)) == 30


def test_many_unreadable_rooms_do_not_affect_the_others(tenant: Tenant) -> None:
    for number in range(50):
        tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(f"omm_{number}"))

    answers = read(tenant, 60)

    assert len(tenant.calls(FREE_BUSY)) == 60
    assert failures(answers) == {f"omm_{number}": SubjectError for number in range(50)}


def test_scattered_failures_are_not_treated_as_an_outage(tenant: Tenant) -> None:
    for number in range(0, 100, 4):
        tenant.inject(Fault.status(503), FREE_BUSY, times=None, when=is_of(f"omm_{number}"))

    assert failures(read(tenant, 100)) == {f"omm_{number}": ServerError for number in range(0, 100, 4)}


def test_outage_midway_keeps_earlier_answers(tenant: Tenant) -> None:
    struck = {f"omm_{number}" for number in range(40, 200)}
    tenant.inject(Fault.close(), FREE_BUSY, times=None, when=asks_for(*struck))

    answers = read(tenant, 200)

    assert failures(answers).keys() == struck
    assert len(tenant.calls(FREE_BUSY)) < 40 + 30 * 3


# Twenty rooms per call

ENVELOPES = [
    pytest.param({name: value}, id=f"{name} {value}")
    for name, values in {
        "idle_room": ("omitted", "empty_list"),
        "free_busy": ("map", "list_of_maps", "list_of_rows"),
        "error_room_ids": ("when_any", "always"),
        "offset": ("utc", "other"),
        "row_order": ("unsorted",),
        "overlaps": ("split_overlapping",),
        "clipping": ("clipped",),
    }.items()
    for value in values
]


@pytest.mark.parametrize("variants", ENVELOPES)
def test_every_batch_format_gives_the_same_answers(tenant: Tenant, variants: dict[str, Any]) -> None:
    tenant.variants.update(variants)
    bookings = [tenant.book("omm_3", START, START + HOUR), tenant.book("omm_3", START + 3 * HOUR, START + 4 * HOUR)]
    tenant.book("omm_12", START, START + HOUR)
    tenant.delete_room("omm_5")
    rooms = [f"omm_{number}" for number in range(20)]

    async def main() -> Answers:
        return await BatchSource(on_virtual_time(tenant).client).read(rooms, *WINDOW)

    answers = run(main())

    assert len(tenant.calls(BATCH)) == 1
    assert failures(answers) == {"omm_5": SubjectError}
    assert busy_hours(answers["omm_3"]) == {(booking.start, booking.end) for booking in bookings}
    assert busy_hours(answers["omm_12"]) == {(START, START + HOUR)}
    assert [room_id for room_id in rooms if answers[room_id] == ()] == [
        room_id for room_id in rooms if room_id not in {"omm_3", "omm_5", "omm_12"}
    ]


def busy_hours(answer: object) -> set[tuple[Any, Any]]:
    """Return the start and end of each busy period; overlapping and adjacent periods are merged."""
    assert isinstance(answer, tuple)
    joined: list[BusyPeriod] = []
    for period in sorted(answer):
        if joined and period.start <= joined[-1].end:
            joined[-1] = BusyPeriod(joined[-1].start, max(joined[-1].end, period.end))
        else:
            joined.append(period)
    return {(period.start, period.end) for period in joined}


@pytest.mark.parametrize(
    "variants",
    [
        {"free_busy": "null"},
        {"free_busy": "missing"},
        {"window_echo": "no_time_min"},
        {"window_echo": "no_time_max"},
        {"window_echo": "neither"},
    ],
    ids=str,
)
def test_incomplete_answer_frees_no_room(tenant: Tenant, variants: dict[str, Any]) -> None:
    tenant.variants.update(variants)

    answers = read(tenant, 45, BatchSource)

    assert len(answers) == 45
    assert kinds(answers) == {UnreadableAnswerError}


def test_instances_of_a_series_are_separate_bookings(tenant: Tenant) -> None:
    weekly: list[Booking] = [
        tenant.book("omm_3", START + days * DAY, START + days * DAY + HOUR, series="weekly") for days in range(5)
    ]
    moved = tenant.move(weekly[2].booking_id, weekly[2].start + 3 * HOUR, weekly[2].end + 3 * HOUR)

    answer = read(tenant, 20, BatchSource)["omm_3"]

    expected = {(booking.start, booking.end) for booking in (*weekly[:2], moved, *weekly[3:])}
    assert busy_hours(answer) == expected


def test_batch_calls_are_full(tenant: Tenant) -> None:
    read(tenant, 45, BatchSource)

    assert sorted(len(rooms_of(call)) for call in tenant.calls(BATCH)) == [5, 20, 20]
    assert sorted(room_id for call in tenant.calls(BATCH) for room_id in rooms_of(call)) == sorted(
        f"omm_{number}" for number in range(45)
    )


@pytest.mark.parametrize("status", [400, 429])
def test_rate_limit_of_the_batch_api_is_waited_for(tenant: Tenant, status: int) -> None:
    tenant.inject(Fault.rate_limited(3, status=status), BATCH)
    ended: list[float] = []

    answers = read(tenant, 45, BatchSource, on_answer=lambda *_: ended.append(now()))

    assert failures(answers) == {}
    assert 3 <= max(ended) < 5
    assert len(tenant.calls(BATCH)) == 4


def test_room_that_fails_its_whole_batch_is_found_by_halving(tenant: Tenant) -> None:
    tenant.variants.unknown_batch_room = "100005"
    tenant.book("omm_31", START, START + HOUR)
    rooms = list(tenant.rooms)[:40]
    tenant.delete_room("omm_30")

    async def main() -> Answers:
        return await BatchSource(on_virtual_time(tenant).client).read(rooms, *WINDOW)

    answers = run(main())

    assert failures(answers) == {"omm_30": SubjectError}
    assert len(answers) == 40
    assert answers["omm_31"]
    assert len(tenant.calls(BATCH)) <= 2 + 2 * 5  # twenty are halved five times


def test_refused_room_is_requested_alone_afterwards(tenant: Tenant) -> None:
    tenant.variants.unknown_batch_room = "100005"
    rooms = list(tenant.rooms)[:40]
    tenant.delete_room("omm_30")

    async def main() -> tuple[Answers, Answers]:
        source = BatchSource(on_virtual_time(tenant).client)
        await source.read(rooms, *WINDOW)
        tenant.requests.clear()
        refused = await source.read(rooms, *WINDOW)
        assert sorted(len(rooms_of(call)) for call in tenant.calls(BATCH)) == [1, 19, 20]
        assert [rooms_of(call) for call in tenant.calls(BATCH) if call.code] == [["omm_30"]]
        tenant.add_room("Room 30", room_id="omm_30")
        await source.read(rooms, *WINDOW)
        tenant.requests.clear()
        accepted = await source.read(rooms, *WINDOW)
        assert sorted(len(rooms_of(call)) for call in tenant.calls(BATCH)) == [20, 20]
        return refused, accepted

    refused, accepted = run(main())

    assert failures(refused) == {"omm_30": SubjectError}
    assert failures(accepted) == {}


def test_each_room_has_an_error_if_all_are_refused(tenant: Tenant) -> None:
    tenant.variants.unknown_batch_room = "100005"
    rooms = list(tenant.rooms)
    tenant.rooms.clear()

    async def main() -> Answers:
        return await BatchSource(on_virtual_time(tenant).client).read(rooms, *WINDOW)

    answers = run(main())

    assert failures(answers) == dict.fromkeys(rooms, SubjectError)
    assert tenant.limit_violations == []


def test_outage_while_halving_a_batch_frees_no_room(tenant: Tenant) -> None:
    tenant.variants.unknown_batch_room = "100005"
    rooms = list(tenant.rooms)[:20]
    tenant.delete_room("omm_10")
    tenant.inject(Fault.status(503), BATCH, times=None, when=lambda call: len(call.pairs) < 2 + 6)

    async def main() -> Answers:
        return await BatchSource(on_virtual_time(tenant).client).read(rooms, *WINDOW)

    answers = run(main())
    assert kinds({room_id: answers[room_id] for room_id in rooms[:10]}) == {tuple}
    assert kinds({room_id: answers[room_id] for room_id in rooms[10:]}) == {ServerError}


# One bad thing


def test_a_failure_in_the_second_half_of_a_split_batch_keeps_the_answers_of_the_first(tenant: Tenant) -> None:
    """Room 3 fails its batch. The halves are read alone; the second one meets an outage."""
    tenant.variants.unknown_batch_room = "100005"
    tenant.delete_room("omm_3")
    ids = [f"omm_{number}" for number in range(20)]
    tenant.inject(
        Fault.error(500, 190003),
        BATCH,
        times=None,
        when=lambda call: "omm_19" in rooms_of_call(call) and len(call.pairs) < 15,
    )

    async def main() -> Answers:
        return await BatchSource(on_virtual_time(tenant).client).read(ids, *WINDOW)

    answers = run(main())

    assert {room_id: type(answer) for room_id, answer in answers.items()} == {
        room_id: SubjectError if room_id == "omm_3" else tuple if number < 10 else ServerError
        for number, room_id in enumerate(ids)
    }


def rooms_of_call(call: Call) -> list[str]:
    return [value for name, value in call.pairs if name == "room_ids"]


def test_rooms_with_bad_rows_are_no_outage(tenant: Tenant) -> None:
    bad = {"code": 0, "msg": "success", "data": {"freebusy_list": [{"start_time": "soon"}]}}
    tenant.inject(Fault.body(200, bad), FREE_BUSY, times=30)

    answers = read(tenant, 60)

    assert len(tenant.calls(FREE_BUSY)) == 60
    assert sum(isinstance(answer, UnreadableRowsError) for answer in answers.values()) == 30
