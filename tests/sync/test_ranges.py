"""Ranges of days outside the polled window: read once, kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import gc

import pytest

from custom_components.feishu_freebusy.feishu.errors import FeishuError, QuotaExceededError, ServerError
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, SubjectKind
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.sync import ranges
from custom_components.feishu_freebusy.sync.ranges import Range, RangeReader
from custom_components.feishu_freebusy.sync.shares import OverShareError, Share
from simulator import Fault, Tenant
from tests.feishu.virtual import START, on_virtual_time, run

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROOM_ID = "omm_1"
FAR = (START - 20 * DAY, START + 40 * DAY)
PAST = (START - 20 * DAY, START - 10 * DAY)


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant()
    for number in range(1, 5):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    return tenant


type Read = Callable[..., Awaitable[tuple[BusyPeriod, ...]]]


def reading(tenant: Tenant, main: Callable[[Read], Awaitable[None]], budget: int | None = None) -> list[object]:
    """Run `main` with a function that reads ranges; return the rooms that Feishu was asked for."""

    async def on_time() -> None:
        share = Share(0.1, days=2)
        share.configure(budget, None)
        reader = RangeReader(on_virtual_time(tenant, latency=lambda: 0.1).client, share)
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def read(
            subject_id: str = ROOM_ID,
            window: tuple[datetime, datetime] = FAR,
            kind: SubjectKind = SubjectKind.ROOM,
            *,
            external: bool = True,
            by_batch: bool = False,
            refusal: FeishuError | None = None,
        ) -> tuple[BusyPeriod, ...]:
            now = START + timedelta(seconds=loop.time() - began)
            moment = Moment(now, LoopSeconds(loop.time()), UTC)
            return await reader.read(
                subject_id,
                kind,
                Range.whole(*window),
                moment,
                include_external_calendar=external,
                by_batch=by_batch,
                refusal=refusal,
            )

        await main(read)

    run(on_time())
    return [call.body["room_id"] for call in tenant.requests if isinstance(call.body, dict) and "room_id" in call.body]


@pytest.mark.parametrize(
    ("kind", "person_id"), [("open_id", "ou_1"), ("union_id", "on_1"), ("user_id", "7f3a")], ids=str
)
def test_call_for_a_person_names_the_kind_of_id(tenant: Tenant, kind: str, person_id: str) -> None:
    ana = tenant.add_user("Ana", open_id="ou_1", union_id="on_1", user_id="7f3a")
    tenant.book(ana.open_id, START + 20 * DAY, START + 20 * DAY + HOUR)

    async def main(read: Read) -> None:
        (busy,) = await read(person_id, kind=SubjectKind.PERSON)
        assert (busy.start, busy.end) == (START + 20 * DAY, START + 20 * DAY + HOUR)

    reading(tenant, main)
    assert tenant.requests[-1].query["user_id_type"] == kind


def test_simultaneous_requests_make_one_call_and_share_its_failure(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190003), times=None)

    async def main(read: Read) -> None:
        outcomes = await asyncio.gather(*(read() for _ in range(9)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ServerError}
        before = len(tenant.requests)
        tenant.clear_faults()
        assert await read() == ()
        assert len(tenant.requests) > before

    reading(tenant, main)


def test_a_failure_nobody_waits_for_is_not_logged(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190003), times=None)
    logged: list[object] = []

    async def main(read: Read) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        waiting = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(100)

    reading(tenant, main)
    gc.collect()
    assert len(tenant.requests) > 1
    assert logged == []


@pytest.mark.parametrize(
    ("window", "kept_for"),
    [(FAR, timedelta(minutes=15)), (PAST, DAY)],
    ids=["days to come for 15 minutes", "days that are over for a day"],
)
def test_a_range_is_kept_until_it_expires(
    tenant: Tenant, window: tuple[datetime, datetime], kept_for: timedelta
) -> None:
    second = 1.0

    async def main(read: Read) -> None:
        for _ in range(3):
            await read(window=window)
        await asyncio.sleep(kept_for.total_seconds() - second)
        await read(window=window)
        assert len(tenant.requests) == 2  # with the one for the token
        await asyncio.sleep(second)
        await read(window=window)

    assert reading(tenant, main) == [ROOM_ID, ROOM_ID]


def test_ranges_are_cached_per_external_calendar_option(tenant: Tenant) -> None:
    async def main(read: Read) -> None:
        for external in (True, False, True):
            await read(external=external)

    assert reading(tenant, main) == [ROOM_ID, ROOM_ID]


def test_the_ranges_used_longest_ago_are_dropped(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_MAX_KEPT", 3)

    async def main(read: Read) -> None:
        for room_id in ("omm_1", "omm_2", "omm_3", "omm_1", "omm_4", "omm_2", "omm_1"):
            await read(room_id)

    assert reading(tenant, main) == ["omm_1", "omm_2", "omm_3", "omm_4", "omm_2"]


def test_a_part_of_a_kept_range_costs_no_call(tenant: Tenant) -> None:
    async def main(read: Read) -> None:
        await read(window=FAR)
        await read(window=(FAR[0] + DAY, FAR[1] - DAY))
        await read(window=(FAR[0] + DAY, FAR[1] + DAY))

    assert reading(tenant, main) == [ROOM_ID, ROOM_ID]


# The share of the budget

BUDGET = 600  # 60 calls a month: 4 at once, 2 a day


def test_a_used_up_share_still_serves_older_ranges(tenant: Tenant) -> None:
    async def main(read: Read) -> None:
        for room_id in ("omm_1", "omm_2", "omm_3"):
            await read(room_id)
        tenant.book("omm_1", START + 20 * DAY, START + 20 * DAY + HOUR)
        await asyncio.sleep(2 * 3_600)
        assert await read("omm_1") == ()
        await asyncio.sleep(16 * 3_600)
        assert len(await read("omm_1")) == 1

    assert reading(tenant, main, BUDGET) == ["omm_1", "omm_2", "omm_3", "omm_1"]


def test_a_range_that_was_never_read_may_use_the_reserve(tenant: Tenant) -> None:
    async def main(read: Read) -> None:
        for room_id in ("omm_1", "omm_2", "omm_3", "omm_4"):
            await read(room_id)
        with pytest.raises(OverShareError) as refusal:
            await read("omm_4", (FAR[1], FAR[1] + DAY))
        assert (refusal.value.calls, refusal.value.left) == (1, 0)
        await asyncio.sleep(12 * 3_600)
        await read("omm_4", (FAR[1], FAR[1] + DAY))

    assert reading(tenant, main, BUDGET) == ["omm_1", "omm_2", "omm_3", "omm_4", "omm_4"]


def test_a_range_of_the_day_before_is_not_served_any_more(tenant: Tenant) -> None:
    async def main(read: Read) -> None:
        for room_id in ("omm_1", "omm_2", "omm_3", "omm_4"):
            await read(room_id)
        for _ in range(4):  # what comes back goes to others
            await asyncio.sleep(6 * 3_600)
            with pytest.raises(OverShareError):
                await read("omm_2", (START + 50 * DAY, START + 300 * DAY))
            assert await read("omm_1") == ()

    assert len(reading(tenant, main, BUDGET)) == 5


@pytest.mark.parametrize(("days", "calls"), [(1, 10), (30, 300)])
def test_a_card_that_is_open_all_day_stays_within_the_share(tenant: Tenant, days: int, calls: int) -> None:
    """A card asks for four rooms every five minutes; the share is 10 calls a day."""

    async def main(read: Read) -> None:
        for _ in range(days * 288):
            for number in range(1, 5):
                await read(f"omm_{number}")
            await asyncio.sleep(300)

    made = len(reading(tenant, main, 3_000))
    assert calls * 0.9 <= made <= calls + 20  # what was saved for two days may be spent at the beginning


def test_while_no_call_is_admitted_older_ranges_are_served(tenant: Tenant) -> None:
    refusal = QuotaExceededError("used up")

    async def main(read: Read) -> None:
        await read()
        await asyncio.sleep(2 * 3_600)
        assert await read(refusal=refusal) == ()
        with pytest.raises(QuotaExceededError):
            await read("omm_2", refusal=refusal)

    assert reading(tenant, main) == [ROOM_ID]


def test_the_same_range_of_several_rooms_is_one_batch(tenant: Tenant) -> None:
    for number in range(5, 25):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    tenant.book("omm_7", START + 20 * DAY, START + 20 * DAY + HOUR)
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        found = await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 25)))
        assert [len(periods) for periods in found] == [0] * 6 + [1] + [0] * 17
        await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 25)))

    assert reading(tenant, main) == []
    assert [len(call.pairs) - 2 for call in tenant.calls("meeting_room/freebusy/batch_get")] == [20, 4]


def test_a_batch_costs_the_share_one_call(tenant: Tenant) -> None:
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        for _ in range(3):
            await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 5)))
            await asyncio.sleep(86_400)

    reading(tenant, main, BUDGET)
    assert len(tenant.calls("meeting_room/freebusy/batch_get")) == 3


def test_a_batch_is_filled_up_with_the_rooms_read_longest_ago(tenant: Tenant) -> None:
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 5)))
        tenant.book("omm_4", START + 20 * DAY, START + 20 * DAY + HOUR)
        await asyncio.sleep(3_600)
        assert await read("omm_1", week, by_batch=True) == ()
        assert len(await read("omm_4", week, by_batch=True)) == 1

    assert reading(tenant, main) == []
    assert [len(call.pairs) - 2 for call in tenant.calls("meeting_room/freebusy/batch_get")] == [4, 4]


def test_a_batch_is_filled_up_with_rooms_of_the_same_request_alone(tenant: Tenant) -> None:
    person = tenant.add_user("Ana")
    week, other_week = (START + 18 * DAY, START + 25 * DAY), (START + 11 * DAY, START + 18 * DAY)

    async def main(read: Read) -> None:
        await read(person.open_id, week, SubjectKind.PERSON)
        await read("omm_2", week, external=False)
        await read("omm_3", other_week)
        await read("omm_4", week)
        await read("omm_1", week, by_batch=True)

    reading(tenant, main)
    (batch,) = tenant.calls("meeting_room/freebusy/batch_get")
    assert [value for name, value in batch.pairs if name == "room_ids"] == ["omm_1", "omm_4"]


def test_one_call_of_a_share_is_enough_for_a_batch(tenant: Tenant) -> None:
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 5)))

    reading(tenant, main, 150)  # one call for two days
    assert len(tenant.calls("meeting_room/freebusy/batch_get")) == 1


def test_a_refused_batch_is_read_room_by_room(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 99991672), "meeting_room/freebusy/batch_get", times=None)
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        assert await asyncio.gather(*(read(f"omm_{number}", week, by_batch=True) for number in range(1, 4))) == [()] * 3

    assert sorted(map(str, reading(tenant, main))) == ["omm_1", "omm_2", "omm_3"]


def test_a_batch_that_fails_in_an_outage_is_not_repeated_room_by_room(tenant: Tenant) -> None:
    tenant.inject(Fault.status(503), "meeting_room/freebusy/batch_get", times=None)
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        answers = await asyncio.gather(
            *(read(f"omm_{number}", week, by_batch=True) for number in range(1, 4)), return_exceptions=True
        )
        assert all(isinstance(answer, FeishuError) for answer in answers)

    assert reading(tenant, main) == []


def test_rooms_that_are_read_alone_after_a_refused_batch_pay_for_it(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 99991672), "meeting_room/freebusy/batch_get", times=None)
    week = (START + 18 * DAY, START + 25 * DAY)

    async def main(read: Read) -> None:
        answers = await asyncio.gather(
            *(read(f"omm_{number}", week, by_batch=True) for number in range(1, 5)), return_exceptions=True
        )
        assert sum(isinstance(answer, OverShareError) for answer in answers) == 2

    assert len(reading(tenant, main, 450)) == 2  # three calls in two days: the batch, and two rooms


@pytest.mark.parametrize(("days_ago", "is_extended"), [(1, True), (30, False)])
def test_only_days_that_border_on_the_known_window_are_read_up_to_now(days_ago: int, is_extended: bool) -> None:
    known_from = START - DAY
    to = START - days_ago * DAY

    wanted = Range.past(to - 7 * DAY, to, known_from, START)

    assert (wanted.start, wanted.from_, wanted.to) == (to - 7 * DAY, to - 7 * DAY, to)
    assert (wanted.end > START) is is_extended
    assert is_extended or wanted.end == to
