"""Ranges of days outside the polled window: read once, kept for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import gc

import pytest

from custom_components.feishu_freebusy.feishu.errors import ServerError
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, SubjectKind
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.sync import ranges
from custom_components.feishu_freebusy.sync.ranges import RangeReader
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


def reading(tenant: Tenant, main: Callable[[Read], Awaitable[None]]) -> list[object]:
    """Run `main` with a function that reads ranges; return the rooms that Feishu was asked for."""

    async def on_time() -> None:
        reader, loop = RangeReader(on_virtual_time(tenant, latency=lambda: 0.1).client), asyncio.get_running_loop()
        began = loop.time()

        async def read(
            subject_id: str = ROOM_ID,
            window: tuple[datetime, datetime] = FAR,
            kind: SubjectKind = SubjectKind.ROOM,
            *,
            external: bool = True,
        ) -> tuple[BusyPeriod, ...]:
            now = START + timedelta(seconds=loop.time() - began)
            moment = Moment(now, LoopSeconds(loop.time()), UTC)
            return await reader.read(subject_id, kind, *window, moment, include_external_calendar=external)

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
