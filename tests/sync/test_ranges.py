"""Ranges that are read, kept, and brought up to date."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import gc

import pytest

from custom_components.feishu_freebusy.feishu.errors import ServerError
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, Room as FeishuRoom, RsvpStatus
from custom_components.feishu_freebusy.model.directory import RoomInfo
from custom_components.feishu_freebusy.model.subject import PersonInfo, Reading, Subject
from custom_components.feishu_freebusy.sync import ranges
from custom_components.feishu_freebusy.sync.ranges import RangeReader
from simulator import Fault, Tenant
from tests.feishu.virtual import START, on_virtual_time, run

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROOM_ID = "omm_1"
FAR = (START - 20 * DAY, START + 40 * DAY)


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant()
    for number in range(1, 5):
        tenant.add_room(f"Room {number}", room_id=f"omm_{number}")
    return tenant


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return what sets the wall clock to so long after the start."""

    def set_to(passed: timedelta) -> None:
        monkeypatch.setattr("homeassistant.util.dt.utcnow", lambda: START + passed)

    set_to(timedelta())
    return set_to


def room() -> Subject:
    return Subject(RoomInfo(FeishuRoom(ROOM_ID, "Orion"), building="", floor="", device_name="Orion"))


def poll(subject: Subject, *rows: BusyPeriod, at: datetime = START) -> None:
    """Take an answer that was read at an instant, and look at it."""
    subject.keep(Reading(rows, at - DAY, at + 7 * DAY, at, at + HOUR))
    subject.rebuild(disabled=None, count_pending_as_busy=False)
    assert subject.snapshot(at, timedelta(minutes=15), UTC)


def row(start: float, end: float) -> BusyPeriod:
    """Return a busy period in days since the start."""
    return BusyPeriod(START + start * DAY, START + end * DAY, RsvpStatus.ACCEPT)


type Read = Callable[..., Awaitable[tuple[BusyPeriod, ...]]]


def reading(tenant: Tenant, main: Callable[[Read], Awaitable[None]]) -> list[object]:
    """Run what reads ranges; returns whom Feishu was asked for."""

    async def on_time() -> None:
        reader = RangeReader(on_virtual_time(tenant, latency=lambda: 0.1).client)

        async def read(subject: Subject, subject_id: str = ROOM_ID) -> tuple[BusyPeriod, ...]:
            return await reader.read(subject_id, subject, *FAR, include_external_calendar=True)

        await main(read)

    run(on_time())
    return [call.body["room_id"] for call in tenant.requests if isinstance(call.body, dict) and "room_id" in call.body]


@pytest.mark.parametrize(
    ("kind", "person_id"), [("open_id", "ou_1"), ("union_id", "on_1"), ("user_id", "7f3a")], ids=str
)
def test_a_person_is_asked_for_by_the_kind_of_id(tenant: Tenant, kind: str, person_id: str) -> None:
    ana = tenant.add_user("Ana", open_id="ou_1", union_id="on_1", user_id="7f3a")
    tenant.book(ana.open_id, START + 20 * DAY, START + 20 * DAY + HOUR)

    async def main(read: Read) -> None:
        (busy,) = await read(Subject(PersonInfo(person_id, "Ana")), person_id)
        assert (busy.start, busy.end) == (START + 20 * DAY, START + 20 * DAY + HOUR)

    reading(tenant, main)
    assert tenant.requests[-1].query["user_id_type"] == kind


def test_many_who_ask_at_once_make_one_call_and_share_its_failure(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190003), times=None)
    subject = room()

    async def main(read: Read) -> None:
        outcomes = await asyncio.gather(*(read(subject) for _ in range(9)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ServerError}
        before = len(tenant.requests)
        tenant.clear_faults()
        assert await read(subject) == ()
        assert len(tenant.requests) > before

    reading(tenant, main)


def test_a_failure_that_nobody_waits_for_any_more_is_not_logged(tenant: Tenant) -> None:
    tenant.inject(Fault.error(400, 190003), times=None)
    logged: list[object] = []

    async def main(read: Read) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        waiting = asyncio.ensure_future(read(room()))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(100)

    reading(tenant, main)
    gc.collect()

    assert len(tenant.requests) > 1
    assert logged == []


def test_it_is_kept_until_another_reading_even_if_that_says_the_same(
    tenant: Tenant, clock: Callable[[timedelta], None]
) -> None:
    subject = room()

    async def main(read: Read) -> None:
        for at in (START, START + HOUR / 4):
            poll(subject, row(1, 2), at=at)
            clock(at - START + timedelta(seconds=10))
            for _ in range(3):
                await read(subject)

    assert reading(tenant, main) == [ROOM_ID, ROOM_ID]


def test_while_a_change_is_told_all_that_is_known_comes_from_memory(
    tenant: Tenant, clock: Callable[[timedelta], None]
) -> None:
    gone, far = row(3, 3.5), [row(-9, -8.5), row(30, 30.5)]
    for booking in (gone, *far):
        tenant.book(ROOM_ID, booking.start, booking.end)
    subject = room()

    async def main(read: Read) -> None:
        poll(subject, gone)
        assert set(await read(subject)) == {gone, *far}
        for later, known in ((HOUR, row(4, 4.5)), (20 * HOUR, row(5, 5.5))):
            poll(subject, known, at=START + later)
            clock(later)
            assert set(await read(subject)) == {known, *far}

        clock(20 * HOUR + timedelta(seconds=10))
        assert set(await read(subject)) == {gone, *far}

    assert reading(tenant, main) == [ROOM_ID, ROOM_ID]


def test_what_was_told_stays_when_it_leaves_the_known_window(
    tenant: Tenant, clock: Callable[[timedelta], None]
) -> None:
    subject, held = room(), row(1, 1.5)

    async def main(read: Read) -> None:
        poll(subject)
        assert await read(subject) == ()
        for days, rows in ((0.5, [held]), (3, [])):
            poll(subject, *rows, at=START + days * DAY)
            clock(days * DAY)
            assert await read(subject) == (held,)

    assert reading(tenant, main) == [ROOM_ID]


def test_a_change_is_told_by_asking_if_nothing_was_read_before(tenant: Tenant) -> None:
    subject = room()

    async def main(read: Read) -> None:
        poll(subject, row(1, 2))
        assert await read(subject) == ()

    assert reading(tenant, main) == [ROOM_ID]


def test_so_many_ranges_are_kept_and_no_more(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "_MAX_KEPT", 3)
    subjects = {f"omm_{number}": room() for number in range(1, 5)}

    async def main(read: Read) -> None:
        for room_id in ("omm_1", "omm_2", "omm_3", "omm_1", "omm_4", "omm_2", "omm_1"):
            await read(subjects[room_id], room_id)

    assert reading(tenant, main) == ["omm_1", "omm_2", "omm_3", "omm_4", "omm_1"]
