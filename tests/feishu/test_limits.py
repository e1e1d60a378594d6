import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from hypothesis import example, given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.limits import AppTraffic
from tests.conftest import examples

from .virtual import now, run

LIMITS = ((50, 1.0), (1000, 60.0))  # the contract's tier 4
MAX_IN_FLIGHT = 10
BLINK = 1e-6
TOLERANCE = 10 * BLINK  # a waiting call may sleep slightly too long, and so may the calls behind it in the queue


@dataclass(frozen=True)
class PlannedCall:
    """A call to make: when, to which API, how long it takes, and the timeout of its caller."""

    at: float
    api: str = "a"
    lasts: float = 0.0
    patience: float = 1e6


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    planned: PlannedCall
    start: float
    end: float


@asynccontextmanager
async def slot(traffic: AppTraffic, api: str) -> AsyncIterator[None]:
    """Hold a slot for one call."""
    await traffic.enter(api)
    try:
        yield
    finally:
        traffic.leave(api)


async def make(traffic: AppTraffic, plan: list[PlannedCall]) -> list[Made]:
    """Make every planned call as soon as the limits allow it. Return the calls in the order of their start."""
    made: list[Made] = []

    async def call(planned: PlannedCall) -> None:
        await asyncio.sleep(planned.at)
        with suppress(TimeoutError):
            async with asyncio.timeout(planned.patience), slot(traffic, planned.api):
                start = now()
                try:
                    await asyncio.sleep(planned.lasts)
                finally:
                    made.append(Made(planned, start, now()))

    await asyncio.gather(*(call(planned) for planned in plan))
    return sorted(made, key=lambda one: one.start)


class Measured:
    """The calls to one API. The server may have received each at any instant between its start and its end."""

    def __init__(self, made: list[Made]) -> None:
        self.starts = sorted(one.start for one in made)
        self.ends = sorted(one.end for one in made)

    def most_within(self, seconds: float) -> int:
        """Return the most calls that can have reached the server within any window of this length."""
        return max((self.within(end, end + seconds - BLINK) for end in self.ends), default=0)

    def within(self, first: float, last: float) -> int:
        """Return how many calls can have reached the server in `[first, last]`."""
        return bisect_right(self.starts, last) - bisect_left(self.ends, first)


def assert_within_limits(made: list[Made]) -> None:
    for api in {one.planned.api for one in made}:
        measured = Measured([one for one in made if one.planned.api == api])
        for calls, seconds in LIMITS:
            assert measured.most_within(seconds) <= calls
    starts, ends = sorted(one.start for one in made), sorted(one.end for one in made)
    assert all(bisect_right(starts, start) - bisect_right(ends, start) <= MAX_IN_FLIGHT for start in starts)


def assert_no_call_waited_needlessly(made: list[Made]) -> None:
    """Assert that all slots were in use or a limit was reached until just before the start of each delayed call."""
    everything = Measured(made)
    for api in {one.planned.api for one in made}:
        calls_made = [one for one in made if one.planned.api == api]
        measured = Measured(calls_made)
        for one in calls_made:
            before = one.start - TOLERANCE
            if one.planned.at >= before:
                continue
            full = everything.within(before, before) >= MAX_IN_FLIGHT
            limits = (measured.within(before - seconds, before) >= calls for calls, seconds in LIMITS)
            assert full or any(limits), one


@st.composite
def bursts(draw: st.DrawFn) -> list[PlannedCall]:
    """Draw some bursts of up to 300 calls each."""
    plan: list[PlannedCall] = []
    at = 0.0
    for _ in range(draw(st.integers(1, 5))):
        at += draw(st.sampled_from([0.0, 0.5, 0.999, 1.0, 30.0, 59.9]) | st.floats(0, 70))
        durations = draw(
            st.lists(st.sampled_from([0.0, 0.01, 0.2, 1.0, 10.0]) | st.floats(0, 12), min_size=1, max_size=6)
        )
        apis = draw(st.sampled_from(["a", "aab", "abc"]))
        patience = draw(st.sampled_from([1e6, 1e6, 5.0]))
        plan += [
            PlannedCall(
                at, apis[index % len(apis)], durations[index % len(durations)], patience if index % 3 == 0 else 1e6
            )
            for index in range(draw(st.sampled_from([1, 12, 51, 120, 300])))
        ]
    return plan


@examples(0.2)
@given(bursts())
@example([PlannedCall(0)] * 1100)
@example([PlannedCall(0, lasts=0.9)] * 60 + [PlannedCall(60.5, lasts=0.3)] * 1100)
@example([PlannedCall(16, lasts=0.0), PlannedCall(16, lasts=1 / 3)] * 150)
def test_any_burst_stays_within_the_limits_and_uses_them_fully(plan: list[PlannedCall]) -> None:
    made = run(make(AppTraffic(), plan))

    assert_within_limits(made)
    assert_no_call_waited_needlessly(made)
    assert len(made) >= sum(planned.patience == 1e6 for planned in plan)


def test_quick_calls_reach_the_limits_per_second_and_per_minute() -> None:
    starts = [one.start for one in run(make(AppTraffic(), [PlannedCall(0)] * 2000))]

    assert sum(start < 1 for start in starts) == 50
    assert starts[999] < 20
    assert starts[1000] >= 60
    assert starts[1999] < 80


def test_a_call_counts_until_a_full_window_after_its_end() -> None:
    async def play() -> list[Made]:
        plan = [PlannedCall(0, lasts=5.0)] * 10 + [PlannedCall(4.9)] * 50
        return await make(AppTraffic(), plan)

    made = run(play())

    assert sum(one.start < 6 for one in made) == 50  # the ten slow ones count until a second after their end


def test_clients_of_an_app_share_limits_and_each_api_has_its_own() -> None:
    traffic = AppTraffic()

    async def play() -> list[list[Made]]:
        return await asyncio.gather(*(make(traffic, [PlannedCall(0, api)] * 50) for api in ("a", "a", "b")))

    first, second, other = run(play())

    assert_within_limits(first + second + other)
    assert max(one.start for one in first + second) >= 1
    assert max(one.start for one in other) < 1


def test_a_blocked_api_does_not_delay_another() -> None:
    async def play() -> list[Made]:
        traffic = AppTraffic()
        traffic.block("a", 30)
        return await make(traffic, [PlannedCall(0, "a")] * 100 + [PlannedCall(1, "b")] * 20)

    made = run(play())

    assert [one.start for one in made if one.planned.api == "b"] == [1] * 20
    assert min(one.start for one in made if one.planned.api == "a") == pytest.approx(30)


def test_a_block_also_delays_calls_that_already_wait() -> None:
    async def play() -> list[Made]:
        traffic = AppTraffic()
        asyncio.get_running_loop().call_later(0.5, traffic.block, "a", 30)
        return await make(traffic, [PlannedCall(0, "a", lasts=2.0)] * 15)

    starts = [one.start for one in run(play())]

    assert starts == pytest.approx([0] * 10 + [30.5] * 5)


def test_a_shorter_block_does_not_shorten_a_longer_one() -> None:
    async def play() -> None:
        traffic = AppTraffic()
        traffic.block("a", 30)
        traffic.block("a", 1)

        assert traffic._windows["a"].delay() == 30
        assert traffic._windows["b"].delay() <= 0
        await asyncio.sleep(31)
        assert traffic._windows["a"].delay() <= 0

    run(play())


def test_calls_are_admitted_in_order_of_arrival() -> None:
    plan = [PlannedCall(index / 1000) for index in range(120)]

    assert [one.planned for one in run(make(AppTraffic(), plan))] == plan


def _ways_to_end() -> Iterator[BaseException]:
    yield ValueError("a bug")
    yield asyncio.CancelledError()


@pytest.mark.parametrize("failure", _ways_to_end(), ids=lambda failure: type(failure).__name__)
def test_a_slot_is_released_however_a_call_ends(failure: BaseException) -> None:
    async def play() -> None:
        traffic = AppTraffic()
        for _ in range(MAX_IN_FLIGHT):
            with suppress(type(failure)):
                async with slot(traffic, "a"):
                    raise failure

        assert [one.start for one in await make(traffic, [PlannedCall(0)] * 41)] == pytest.approx([0] * 40 + [1])

    run(play())


def test_a_call_that_stops_waiting_leaves_the_queue() -> None:
    async def play() -> None:
        traffic = AppTraffic()
        impatient = [PlannedCall(0, lasts=20.0)] * 10 + [PlannedCall(1, patience=5.0, lasts=1.0)] * 30
        made = await make(traffic, [*impatient, PlannedCall(2, lasts=1.0)])

        assert [one.start for one in made] == [0] * 10 + [20]

    run(play())
