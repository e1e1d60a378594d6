"""Free/busy of several people in one call."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.client import SCOPES_FREE_BUSY, FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    BotDisabledError,
    ScopeMissingError,
    SubjectError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.models import BusyAnswer, BusyPeriod, RsvpStatus, SubjectRef, UserIdType
from simulator import Booking, Fault, Tenant, User, Variants
from tests.conftest import at, examples

from .virtual import on_virtual_time, run

BATCH = "calendar/v4/freebusy/batch"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = at(0)


@pytest.fixture
def people(tenant: Tenant) -> list[User]:
    """Return two people."""
    return [tenant.add_user(name) for name in ("Li Na", "Chen Wei")]


def period(booking: Booking, rsvp_status: RsvpStatus | None = None) -> BusyPeriod:
    return BusyPeriod(booking.start, booking.end, rsvp_status)


async def ask(
    client: FeishuClient, *user_ids: str, id_type: UserIdType | None = None, **options: Any
) -> dict[str, BusyAnswer]:
    """Read the free/busy of the day."""
    people = [SubjectRef.of(user_id, id_type=id_type) for user_id in user_ids]
    return await client.freebusy_batch(people, time_min=at(0), time_max=at(0, day=1), **options)


@pytest.mark.parametrize("kind", list(UserIdType))
@pytest.mark.parametrize("idle_person", ["empty_list", "null", "missing_key"])
@pytest.mark.parametrize("row_order", ["sorted", "unsorted"])
async def test_each_person_has_an_answer(
    client: FeishuClient, tenant: Tenant, people: list[User], kind: UserIdType, idle_person: str, row_order: str
) -> None:
    tenant.variants.update({"idle_person": idle_person, "row_order": row_order})
    bookings = [tenant.book(people[0].open_id, at(hour), at(hour + 1)) for hour in (15, 9)]
    busy_id, idle_id = (getattr(user, kind.value) for user in people)

    answers = await ask(client, busy_id, idle_id, id_type=kind)

    assert answers == {busy_id: (period(bookings[1]), period(bookings[0])), idle_id: ()}
    assert len(tenant.calls(BATCH)) == 1


async def test_a_person_missing_from_the_answer_is_not_free(
    client: FeishuClient, tenant: Tenant, people: list[User]
) -> None:
    tenant.variants.update({"idle_person": "omitted", "unknown_person": "left_out"})
    booking = tenant.book(people[0].open_id, at(9), at(10))
    busy_id, idle_id = (user.open_id for user in people)

    answers = await ask(client, busy_id, idle_id, "ou_gone")

    assert answers[busy_id] == (period(booking),)
    assert type(answers[idle_id]) is type(answers["ou_gone"]) is SubjectError


@pytest.mark.parametrize("data", [{}, {"freebusy_lists": None}, {"freebusy_lists": []}])
async def test_an_answer_without_people_makes_nobody_free(
    client: FeishuClient, tenant: Tenant, people: list[User], data: dict[str, Any]
) -> None:
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": data}), BATCH)

    answers = await ask(client, *(user.open_id for user in people))

    assert {type(answer) for answer in answers.values()} == {SubjectError}
    assert answers.keys() == {user.open_id for user in people}


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "success"},
        {"code": 0, "data": []},
        {"code": 0, "data": {"freebusy_lists": {}}},
        {"code": 0, "data": {"freebusy_lists": [None]}},
        {"code": 0, "data": {"freebusy_lists": [{"freebusy_items": []}]}},
    ],
)
async def test_a_damaged_answer_is_never_free(
    client: FeishuClient, tenant: Tenant, people: list[User], body: dict[str, Any]
) -> None:
    tenant.inject(Fault.body(200, body), BATCH, times=None)

    with pytest.raises(UnreadableAnswerError):
        await ask(client, people[0].open_id)


async def test_an_unknown_person_fails_the_call(client: FeishuClient, people: list[User]) -> None:
    with pytest.raises(SubjectError) as refused:
        await ask(client, people[0].open_id, "ou_gone")
    assert refused.value.code == 195100


async def test_all_options_reach_the_server(client: FeishuClient, tenant: Tenant, people: list[User]) -> None:
    user_id = people[0].open_id
    plain = tenant.book(user_id, at(8), at(9))
    free = tenant.book(user_id, at(10), at(11), free=True)
    external = tenant.book(user_id, at(12), at(13), external=True)
    declined = tenant.book(user_id, at(14), at(15), rsvp="decline")
    accept, decline = RsvpStatus.ACCEPT, RsvpStatus.DECLINE

    assert await ask(client, user_id) == {user_id: (period(plain), period(external))}
    assert await ask(client, user_id, only_busy=False) == {user_id: (period(plain), period(free), period(external))}
    assert await ask(client, user_id, include_external_calendar=False) == {user_id: (period(plain),)}
    assert await ask(client, user_id, need_rsvp_status=True) == {
        user_id: (period(plain, accept), period(external, accept), period(declined, decline))
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": []},
        {"people": [SubjectRef.of(f"ou_{number}") for number in range(11)]},
        {"people": [SubjectRef.of("ou_1"), SubjectRef.of("ou_1")]},
        {"people": [SubjectRef.of("")]},
        {"people": [SubjectRef.of("ou_1"), SubjectRef.of("on_1")]},
        {"people": [SubjectRef.of("omm_1")]},
        {"time_max": at(11)},
        {"time_min": at(11).replace(tzinfo=None)},
    ],
)
async def test_invalid_arguments_raise_before_anything_is_sent(
    client: FeishuClient, tenant: Tenant, wrong: dict[str, Any]
) -> None:
    question = {"people": [SubjectRef.of("ou_1")], "time_min": at(11), "time_max": at(12), **wrong}

    with pytest.raises(ValueError, match=r"."):
        await client.freebusy_batch(**question)
    assert tenant.requests == []


async def test_it_needs_the_bot_and_the_scopes_of_the_single_call(
    client: FeishuClient, tenant: Tenant, people: list[User]
) -> None:
    tenant.bot_enabled = False
    with pytest.raises(BotDisabledError):
        await ask(client, people[0].open_id)
    tenant.revoke(*tenant.scopes)
    with pytest.raises(ScopeMissingError) as refused:
        await ask(client, people[0].open_id)
    assert set(refused.value.scopes) == set(SCOPES_FREE_BUSY)


# --- Windows of more than two weeks -----------------------------------------------------------------------------------


def ask_long(tenant: Tenant, time_min: datetime, time_max: datetime) -> dict[str, BusyAnswer]:
    async def play() -> dict[str, BusyAnswer]:
        client = on_virtual_time(tenant).client
        people = [SubjectRef.of(user_id) for user_id in tenant.users]
        return await client.freebusy_batch(people, time_min=time_min, time_max=time_max, need_rsvp_status=True)

    return run(play())


@pytest.mark.parametrize(("days", "calls"), [(1, 1), (14, 1), (15, 2), (28, 2), (42, 3)])
@pytest.mark.parametrize("clipping", ["none", "clipped"])
def test_a_long_window_takes_several_calls(
    tenant: Tenant, people: list[User], days: int, calls: int, clipping: str
) -> None:
    tenant.variants.update({"clipping": clipping})
    end = START + days * DAY
    booking = tenant.book(people[0].open_id, START + 12 * HOUR, end - HOUR)

    answers = ask_long(tenant, START, end)

    assert answers == {people[0].open_id: (period(booking, RsvpStatus.ACCEPT),), people[1].open_id: ()}
    assert [call.status for call in tenant.calls(BATCH)] == [200] * calls


@examples(0.4)
@given(
    booked=st.lists(
        st.tuples(
            st.integers(0, 1),
            st.sampled_from([0, 335, 336, 337]) | st.integers(-24, 30 * 24),
            st.sampled_from([1, 2, 24, 15 * 24]),
            st.sampled_from(["accept", "tentative", "decline"]),
        ),
        max_size=6,
    ),
    hours=st.sampled_from([24, 336, 337, 700]),
    forms=st.fixed_dictionaries(
        {
            "clipping": st.sampled_from(["none", "clipped"]),
            "row_order": st.sampled_from(["sorted", "unsorted"]),
            "offset": st.sampled_from(["tenant", "utc", "other"]),
            "idle_person": st.sampled_from(["empty_list", "null", "missing_key"]),
        }
    ),
)
def test_any_batch_matches_the_bookings(
    booked: list[tuple[int, int, int, Any]], hours: int, forms: dict[str, object]
) -> None:
    """Compare with the bookings, hour by hour and for each RSVP status."""
    variants = Variants()
    variants.update(forms)
    tenant = Tenant(variants=variants)
    user_ids = [tenant.add_user(f"Person {number}").open_id for number in range(2)]
    for number, start, lasts, rsvp in booked:
        tenant.book(user_ids[number], START + start * HOUR, START + (start + lasts) * HOUR, rsvp=rsvp)

    answers = ask_long(tenant, START, START + hours * HOUR)

    for number, user_id in enumerate(user_ids):
        answer = answers[user_id]
        assert isinstance(answer, tuple)
        busy = {
            (hour, rsvp)
            for of, start, lasts, rsvp in booked
            if of == number
            for hour in range(max(start, 0), min(start + lasts, hours))
        }
        told = {
            (hour, one.rsvp_status)
            for one in answer
            for hour in range((one.start - START) // HOUR, (one.end - START) // HOUR)
            if 0 <= hour < hours
        }
        assert told == busy
