"""Many rooms in, for each an answer or an error out, with as few calls as that takes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from custom_components.feishu_freebusy.feishu import (
    BusyPeriod,
    FeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RsvpStatus,
    ScopeMissingError,
    ServerError,
    SubjectError,
)
from custom_components.feishu_freebusy.sources import Answers, ListSource
from simulator import Fault, Tenant
from tests.clock import FREE_BUSY
from tests.feishu.virtual import START, now, on_virtual_time, run
from tests.test_config_flow import FREE_BUSY_SCOPE, is_of

WINDOW = (START - timedelta(days=1), START + timedelta(days=7))


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant()
    for number in range(200):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    return tenant


def read(tenant: Tenant, rooms: int, *, latency: float = 0.05, on_answer: Callable[[], None] | None = None) -> Answers:
    """Read the first so many rooms."""

    async def main() -> Answers:
        client = on_virtual_time(tenant, latency=lambda: latency).client
        return await ListSource(client).read(list(tenant.rooms)[:rooms], *WINDOW, on_answer)

    return run(main())


def kinds(answers: Answers) -> set[type]:
    """Return the kinds of answers there are."""
    return {type(answer) for answer in answers.values()}


def test_each_room_has_its_answer(tenant: Tenant) -> None:
    hour = timedelta(hours=1)
    tenant.book("omm_3", START, START + hour)
    tenant.book("omm_7", START + hour, START + 2 * hour, rsvp="needs_action")

    answers = read(tenant, 20)

    assert sorted(answers) == sorted(f"omm_{number}" for number in range(20))
    assert answers["omm_3"] == (BusyPeriod(START, START + hour, RsvpStatus.ACCEPT),)
    assert answers["omm_7"] == (BusyPeriod(START + hour, START + 2 * hour, RsvpStatus.NEEDS_ACTION),)
    assert sum(bool(answer) for answer in answers.values()) == 2


def test_one_call_for_each_room(tenant: Tenant) -> None:
    ticks: list[float] = []

    read(tenant, 20, on_answer=lambda: ticks.append(now()))

    assert len(tenant.calls(FREE_BUSY)) == len(ticks) == 20


async def test_that_is_what_the_budget_reckons_with(tenant: Tenant) -> None:
    assert ListSource(on_virtual_time(tenant).client).calls_per_cycle(20) == 20


def test_no_room_takes_no_call(tenant: Tenant) -> None:
    assert read(tenant, 0) == {}
    assert tenant.requests == []


@pytest.mark.parametrize("external", [True, False])
def test_whether_external_calendars_count_is_asked_for(tenant: Tenant, external: bool) -> None:
    async def main() -> None:
        source = ListSource(on_virtual_time(tenant).client, include_external_calendar=external)
        await source.read(["omm_1"], *WINDOW)

    run(main())

    (call,) = tenant.calls(FREE_BUSY)
    assert isinstance(call.body, dict)
    assert call.body["include_external_calendar"] is external


def test_many_rooms_keep_to_the_limits_and_lose_no_time(tenant: Tenant) -> None:
    async def main() -> float:
        await ListSource(on_virtual_time(tenant, latency=lambda: 0.05).client).read(tenant.rooms, *WINDOW)
        return now()

    seconds = run(main())

    assert tenant.limit_violations == []
    assert seconds < 200 / 50 + 1.5


def test_a_room_that_can_not_be_read_has_its_error_and_the_others_their_answers(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of("omm_5"))

    answers = read(tenant, 30)

    failed = {room_id for room_id, answer in answers.items() if isinstance(answer, FeishuError)}
    assert failed == {"omm_5"}
    assert isinstance(answers["omm_5"], SubjectError)


def test_many_rooms_that_can_not_be_read_do_not_keep_the_others_from_it(tenant: Tenant) -> None:
    for number in range(50):
        tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(f"omm_{number}"))

    answers = read(tenant, 60)

    assert len(tenant.calls(FREE_BUSY)) == 60
    assert sum(isinstance(answer, SubjectError) for answer in answers.values()) == 50


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), ScopeMissingError),
        (lambda tenant: setattr(tenant, "quota_left", 0), QuotaExceededError),
        (lambda tenant: tenant.inject(Fault.rate_limited(600), FREE_BUSY, times=None), RateLimitedError),
    ],
)
def test_what_fails_for_all_is_not_sent_for_each(
    tenant: Tenant, begin: Callable[[Tenant], object], kind: type[FeishuError]
) -> None:
    begin(tenant)

    answers = read(tenant, 200)

    assert len(answers) == 200
    assert kinds(answers) == {kind}
    assert len(tenant.calls(FREE_BUSY)) <= 10


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault.status(503), ServerError), (Fault.close(), NotReachableError), (Fault.slow(3_600), NotReachableError)],
)
def test_an_outage_ends_the_reading_of_many_rooms_early(tenant: Tenant, fault: Fault, kind: type[FeishuError]) -> None:
    tenant.inject(fault, FREE_BUSY, times=None)
    ended: list[float] = []

    answers = read(tenant, 200, on_answer=lambda: ended.append(now()))

    assert len(answers) == 200
    assert kinds(answers) == {kind}
    assert max(ended) < 75  # two rounds of what one call takes, and not twenty


def test_failures_here_and_there_are_no_outage(tenant: Tenant) -> None:
    for number in range(0, 100, 4):
        tenant.inject(Fault.status(503), FREE_BUSY, times=None, when=is_of(f"omm_{number}"))

    answers = read(tenant, 100)

    assert sum(isinstance(answer, ServerError) for answer in answers.values()) == 25


def test_an_outage_in_the_middle_keeps_what_was_read(tenant: Tenant) -> None:
    struck = {f"omm_{number}" for number in range(40, 200)}
    tenant.inject(
        Fault.close(),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] in struck,
    )

    answers = read(tenant, 200)

    assert {room_id for room_id, answer in answers.items() if isinstance(answer, FeishuError)} == struck
    assert len(tenant.calls(FREE_BUSY)) < 40 + 30 * 3
