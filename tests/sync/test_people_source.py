"""PeopleSource returns an answer or an error for each person with the fewest calls; nobody is free by mistake."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    ScopeMissingError,
    ServerError,
    SubjectError,
)
from custom_components.feishu_freebusy.feishu.models import (
    BusyAnswer,
    BusyPeriod,
    RsvpStatus,
    SubjectKind,
    UserIdType,
)
from custom_components.feishu_freebusy.model.schedule import build_schedule
from custom_components.feishu_freebusy.sync.sources import Answers, PeopleSource
from simulator import Fault, LoggedRequest, Tenant, User
from simulator.model import RSVP_WORDS, Call
from tests.feishu.virtual import START, now, on_virtual_time, run
from tests.test_config_flow import FREE_BUSY_SCOPE

ONE, TEN = "calendar/v4/freebusy/list", "calendar/v4/freebusy/batch"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant()


@pytest.fixture
def people(tenant: Tenant) -> list[User]:
    """Return 25 people: three calls of up to ten."""
    return [tenant.add_user(f"Person {number}", user_id=f"p{number}") for number in range(25)]


def ids_of(people: Iterable[User], kind: str = "open_id") -> list[str]:
    return [getattr(person, kind) for person in people]


def read(
    tenant: Tenant, person_ids: Iterable[str], *, days: float = 8, times: int = 1, external: bool = True
) -> Answers:
    """Read the people `times` times, check that each answer is reported once, and return the last answers."""
    ids = list(person_ids)

    async def main() -> Answers:
        client = on_virtual_time(tenant, latency=lambda: 0.05).client
        source = PeopleSource(client, include_external_calendar=external)
        answers: Answers = {}
        for _ in range(times):
            reported: list[tuple[str, BusyAnswer]] = []
            answers = await source.read(
                ids, START, START + days * DAY, lambda *answer, reported=reported: reported.append(answer)
            )
            assert dict(reported) == answers
            assert len(reported) == len(ids)
        return answers

    return run(main())


def in_body(call: LoggedRequest | Call, name: str) -> Any:
    assert isinstance(call.body, dict)
    return call.body.get(name)


def asked_together(tenant: Tenant) -> list[list[str]]:
    """Return the ids in each call for several people."""
    return [in_body(call, "user_ids") for call in tenant.calls(TEN)]


def asked_alone(tenant: Tenant) -> list[str]:
    """Return the id in each call for one person."""
    return [in_body(call, "user_id") for call in tenant.calls(ONE)]


def about(person: User) -> Callable[[Call], bool]:
    """Return a predicate that matches a call for this person alone."""
    return lambda call: in_body(call, "user_id") == person.open_id


# Which call reads which person


def test_each_person_has_an_answer(tenant: Tenant, people: list[User]) -> None:
    tenant.book(people[3].open_id, START, START + HOUR)
    tenant.book(people[17].open_id, START + HOUR, START + 2 * HOUR, rsvp="needs_action")

    answers = read(tenant, ids_of(people))

    assert answers.keys() == set(ids_of(people))
    assert answers[people[3].open_id] == (BusyPeriod(START, START + HOUR, RsvpStatus.ACCEPT),)
    assert answers[people[17].open_id] == (BusyPeriod(START + HOUR, START + 2 * HOUR, RsvpStatus.NEEDS_ACTION),)
    assert sum(bool(answer) for answer in answers.values()) == 2


def test_ten_people_share_a_call(tenant: Tenant, people: list[User]) -> None:
    read(tenant, ids_of(people))

    assert sorted(len(together) for together in asked_together(tenant)) == [5, 10, 10]
    assert asked_alone(tenant) == []


def test_no_people_need_no_call(tenant: Tenant) -> None:
    assert read(tenant, []) == {}
    assert tenant.requests == []


@pytest.mark.parametrize("number", [1, 2, 3, 5, 9, 10, 11, 12, 15, 20, 25])
@pytest.mark.parametrize("days", [8, 14, 14.01, 15, 29, 61])
def test_long_window_uses_the_fewest_calls(tenant: Tenant, people: list[User], number: int, days: float) -> None:
    answers = read(tenant, ids_of(people[:number]), days=days)

    parts = -(-days // 14)
    full, rest = divmod(number, 10)
    calls = len(tenant.calls(ONE)) + len(tenant.calls(TEN))
    assert calls == min(10, parts) * full + min(rest, parts)
    assert calls == PeopleSource.calls_per_cycle(number, days * DAY)  # the budget is based on this number
    assert set(answers.values()) == {()}


def test_a_long_window_is_read_to_its_end(tenant: Tenant, people: list[User]) -> None:
    tenant.variants.clipping = "clipped"
    for person in people[:7]:
        tenant.book(person.open_id, START + 13 * DAY, START + 15 * DAY)
        tenant.book(person.open_id, START + 28 * DAY, START + 28.5 * DAY)

    answers = read(tenant, ids_of(people[:7]), days=29)

    accepted = RsvpStatus.ACCEPT
    whole = (
        BusyPeriod(START + 13 * DAY, START + 15 * DAY, accepted),
        BusyPeriod(START + 28 * DAY, START + 28.5 * DAY, accepted),
    )
    assert set(answers.values()) == {whole}
    assert len(tenant.calls(TEN)) == 3


def test_ids_are_grouped_by_kind(tenant: Tenant, people: list[User]) -> None:
    mixed = [getattr(person, list(UserIdType)[number % 3]) for number, person in enumerate(people[:9])]
    tenant.book(people[4].open_id, START, START + HOUR)

    answers = read(tenant, mixed)

    assert answers.keys() == set(mixed)
    assert {person_id for person_id, answer in answers.items() if answer} == {people[4].union_id}
    asked = {call.query["user_id_type"]: in_body(call, "user_ids") for call in tenant.calls(TEN)}
    assert asked == {kind: [each for each in mixed if UserIdType.of(each) is kind] for kind in UserIdType}


@pytest.mark.parametrize("kind", UserIdType)
def test_call_for_one_person_names_the_kind_of_id(tenant: Tenant, people: list[User], kind: UserIdType) -> None:
    assert read(tenant, ids_of(people[:1], kind)) == {getattr(people[0], kind): ()}

    (call,) = tenant.calls(ONE)
    assert call.query["user_id_type"] == kind


@pytest.mark.parametrize("external", [True, False])
@pytest.mark.parametrize("number", [1, 3])
def test_request_options_of_both_calls(tenant: Tenant, people: list[User], number: int, external: bool) -> None:
    read(tenant, ids_of(people[:number]), external=external)

    (call,) = [*tenant.calls(ONE), *tenant.calls(TEN)]
    assert in_body(call, "include_external_calendar") is external
    assert in_body(call, "need_rsvp_status") is True
    assert in_body(call, "only_busy") is not False


def test_many_people_are_read_within_the_limits_without_delay(tenant: Tenant) -> None:
    many = [tenant.add_user(f"Person {number}").open_id for number in range(1_000)]

    async def main() -> float:
        await PeopleSource(on_virtual_time(tenant, latency=lambda: 0.05).client).read(many, START, START + DAY)
        return now()

    seconds = run(main())

    assert tenant.limit_violations == []
    assert seconds < 100 / 50 + 1.5


# People who cannot be read


@pytest.mark.parametrize("how", ["195100", "left_out"])
def test_one_unknown_person_does_not_hide_the_others(tenant: Tenant, people: list[User], how: str) -> None:
    tenant.variants.update({"unknown_person": how})
    booking = tenant.book(people[1].open_id, START, START + HOUR)

    answers = read(tenant, [*ids_of(people[:4]), "ou_gone"])

    assert isinstance(answers.pop("ou_gone"), SubjectError)
    assert answers.pop(people[1].open_id) == (BusyPeriod(booking.start, booking.end, RsvpStatus.ACCEPT),)
    assert set(answers.values()) == {()}


def test_unknown_person_is_requested_alone_afterwards(tenant: Tenant, people: list[User]) -> None:
    read(tenant, [*ids_of(people[:4]), "ou_gone"], times=3)

    assert [len(together) for together in asked_together(tenant)] == [5, 4, 4]
    assert sorted(asked_alone(tenant)) == sorted([*ids_of(people[:4]), "ou_gone", "ou_gone", "ou_gone"])


def test_person_who_becomes_readable_rejoins_the_shared_call(tenant: Tenant, people: list[User]) -> None:
    together = ids_of(people[:4])

    async def main() -> None:
        source = PeopleSource(on_virtual_time(tenant).client)
        await source.read([*together, "ou_late"], START, START + DAY)
        tenant.add_user("Late", open_id="ou_late")
        for _ in range(2):
            answers = await source.read([*together, "ou_late"], START, START + DAY)
            assert answers["ou_late"] == ()

    run(main())

    assert [len(asked) for asked in asked_together(tenant)] == [5, 4, 5]


def test_omitted_person_is_requested_alone_and_not_assumed_free(tenant: Tenant, people: list[User]) -> None:
    booked, idle, unreadable = ids_of(people[:3])
    tenant.variants.idle_person = "omitted"
    booking = tenant.book(booked, START, START + HOUR)
    tenant.inject(Fault.error(503, 190003), ONE, times=None, when=about(people[2]))

    answers = read(tenant, [booked, idle, unreadable])

    assert answers[booked] == (BusyPeriod(booking.start, booking.end, RsvpStatus.ACCEPT),)
    assert answers[idle] == ()
    assert isinstance(answers[unreadable], ServerError)
    assert set(asked_alone(tenant)) == {idle, unreadable}


@pytest.mark.parametrize("data", [{}, {"freebusy_lists": None}, {"freebusy_lists": []}])
def test_empty_answer_makes_nobody_free(tenant: Tenant, people: list[User], data: dict[str, Any]) -> None:
    for person in people[:3]:
        tenant.book(person.open_id, START, START + HOUR)
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": data}), TEN)

    answers = read(tenant, ids_of(people[:3]))

    assert answers == dict.fromkeys(ids_of(people[:3]), (BusyPeriod(START, START + HOUR, RsvpStatus.ACCEPT),))


def test_invalid_row_affects_only_its_person(tenant: Tenant, people: list[User]) -> None:
    rows = [{"start_time": "now", "end_time": "later"}]
    lists = [{"user_id": people[0].open_id, "freebusy_items": rows}, {"user_id": people[1].open_id}]
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": {"freebusy_lists": lists}}), TEN)

    answers = read(tenant, ids_of(people[:2]))

    assert isinstance(answers[people[0].open_id], ServerError)
    assert answers[people[1].open_id] == ()


@pytest.mark.parametrize(
    "fault", [Fault.status(404), Fault.error(400, 198_001), Fault.error(400, 190_002), Fault.error(404, 99_991_201)]
)
def test_people_are_read_one_by_one_if_the_shared_call_is_refused(
    tenant: Tenant, people: list[User], fault: Fault
) -> None:
    tenant.inject(fault, TEN, times=None)

    answers = read(tenant, ids_of(people[:12]))

    assert set(answers.values()) == {()}
    assert sorted(asked_alone(tenant)) == sorted(ids_of(people[:12]))


def test_person_who_fails_alone_does_not_affect_the_others(tenant: Tenant, people: list[User]) -> None:
    tenant.inject(Fault.close(), ONE, times=None, when=about(people[0]))

    answers = read(tenant, ids_of(people[:3]), days=61)  # one by one: 3 calls instead of 5

    assert isinstance(answers[people[0].open_id], NotReachableError)
    assert [answers[person.open_id] for person in people[1:3]] == [(), ()]


# Failures that affect everyone


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), ScopeMissingError),
        (lambda tenant: setattr(tenant, "quota_left", 0), QuotaExceededError),
        (lambda tenant: tenant.inject(Fault.rate_limited(600), times=None), RateLimitedError),
    ],
)
@pytest.mark.parametrize("days", [8, 61])
def test_common_failure_is_not_repeated_for_each_person(
    tenant: Tenant, begin: Callable[[Tenant], object], kind: type[FeishuError], days: float
) -> None:
    many = [tenant.add_user(f"Person {number}").open_id for number in range(300)]
    read(tenant, many[:1])  # gets a token
    tenant.requests.clear()
    begin(tenant)

    answers = read(tenant, many, days=days)

    assert answers.keys() == set(many)
    assert {type(answer) for answer in answers.values()} == {kind}
    assert len(tenant.calls(TEN)) + len(tenant.calls(ONE)) <= 10


def test_outage_stops_a_read_of_many_people_early(tenant: Tenant) -> None:
    many = [tenant.add_user(f"Person {number}").open_id for number in range(500)]
    tenant.inject(Fault.slow(3_600), TEN, times=None)

    async def main() -> tuple[Answers, float]:
        return await PeopleSource(on_virtual_time(tenant).client).read(many, START, START + DAY), now()

    answers, seconds = run(main())

    assert {type(answer) for answer in answers.values()} == {NotReachableError}
    assert seconds < 250  # two rounds of timeouts, not five


# What an answer means


@pytest.mark.parametrize("rsvp", sorted(RSVP_WORDS))
@pytest.mark.parametrize("number", [1, 3])
def test_person_is_busy_unless_declined_or_removed(tenant: Tenant, people: list[User], rsvp: Any, number: int) -> None:
    tenant.variants.declined_rows = "always"
    booking = tenant.book(people[0].open_id, START + HOUR, START + 2 * HOUR, rsvp=rsvp)
    answer = read(tenant, ids_of(people[:number]))[people[0].open_id]
    assert isinstance(answer, tuple)

    for count_pending in (True, False):
        schedule = build_schedule(
            answer,
            kind=SubjectKind.PERSON,
            window_start=START,
            horizon=START + 8 * DAY,
            count_pending_as_busy=count_pending,
        )
        blocks = [(block.start, block.end) for block in schedule.blocks]
        assert blocks == ([] if rsvp in {"decline", "removed"} else [(booking.start, booking.end)])
        assert schedule.pending == ()  # only rooms have pending requests


@pytest.mark.parametrize(
    ("person_id", "kind"),
    [
        ("ou_7d8a6e6d", UserIdType.OPEN_ID),
        ("on_94a1ee5551", UserIdType.UNION_ID),
        ("3e3cf96b", UserIdType.USER_ID),
        ("ou", UserIdType.USER_ID),
        ("OU_7d8a", UserIdType.USER_ID),
    ],
)
def test_kind_of_id_follows_from_its_prefix(person_id: str, kind: UserIdType) -> None:
    assert UserIdType.of(person_id) is kind


def test_a_refused_call_for_several_people_is_remembered(tenant: Tenant, people: list[User]) -> None:
    tenant.inject(Fault.error(400, 190011), TEN, times=None)

    answers = read(tenant, ids_of(people), times=3)

    assert all(isinstance(answer, tuple) for answer in answers.values())
    assert len(tenant.calls(TEN)) == 3  # one for each ten people, in the first poll
    assert len(tenant.calls(ONE)) == 3 * len(people)


def test_a_refusal_that_everybody_meets_is_not_remembered(tenant: Tenant, people: list[User]) -> None:
    for path in (ONE, TEN):
        tenant.inject(Fault.error(400, 190011), path, times=None)

    read(tenant, ids_of(people), times=2)

    assert len(tenant.calls(TEN)) == 2 * 3
