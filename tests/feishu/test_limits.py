import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.limits import AppTraffic

from .virtual import now, run

LIMITS = ((50, 1.0), (1000, 60.0))  # the contract's tier 4
MAX_IN_FLIGHT = 10
BLINK = 1e-6
HAIRS = 10 * BLINK  # who waits sleeps a hair longer than need be, and so does the next one who waits for him


@dataclass(frozen=True)
class Wish:
    """A call somebody wants to make: when, to which API, how long it takes, and how long its caller waits in all."""

    at: float
    api: str = "a"
    lasts: float = 0.0
    patience: float = 1e6


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    wish: Wish
    start: float
    end: float


@asynccontextmanager
async def place(traffic: AppTraffic, api: str) -> AsyncIterator[None]:
    """Hold a place for one call."""
    await traffic.enter(api)
    try:
        yield
    finally:
        traffic.leave(api)


async def make(traffic: AppTraffic, wishes: list[Wish]) -> list[Made]:
    """Let every wish come true as soon as the traffic allows it, and return the calls in the order of their start."""
    made: list[Made] = []

    async def call(wish: Wish) -> None:
        await asyncio.sleep(wish.at)
        with suppress(TimeoutError):
            async with asyncio.timeout(wish.patience), place(traffic, wish.api):
                start = now()
                try:
                    await asyncio.sleep(wish.lasts)
                finally:
                    made.append(Made(wish, start, now()))

    await asyncio.gather(*(call(wish) for wish in wishes))
    return sorted(made, key=lambda one: one.start)


class Measured:
    """The calls to one API, which the server may have taken in at any instant between start and end."""

    def __init__(self, made: list[Made]) -> None:
        self.starts = sorted(one.start for one in made)
        self.ends = sorted(one.end for one in made)

    def most_within(self, seconds: float) -> int:
        """Return the most calls that can have reached the server within so many seconds."""
        return max((self.within(end, end + seconds - BLINK) for end in self.ends), default=0)

    def within(self, first: float, last: float) -> int:
        """Return how many calls can have reached the server in `[first, last]`."""
        return bisect_right(self.starts, last) - bisect_left(self.ends, first)


def assert_within_limits(made: list[Made]) -> None:
    for api in {one.wish.api for one in made}:
        measured = Measured([one for one in made if one.wish.api == api])
        for calls, seconds in LIMITS:
            assert measured.most_within(seconds) <= calls
    starts, ends = sorted(one.start for one in made), sorted(one.end for one in made)
    assert all(bisect_right(starts, start) - bisect_right(ends, start) <= MAX_IN_FLIGHT for start in starts)


def assert_nobody_waited_for_nothing(made: list[Made]) -> None:
    """Whoever had to wait: up to its start the calls in flight, or one of the limits, left no room."""
    everything = Measured(made)
    for api in {one.wish.api for one in made}:
        calls_made = [one for one in made if one.wish.api == api]
        measured = Measured(calls_made)
        for one in calls_made:
            before = one.start - HAIRS
            if one.wish.at >= before:
                continue
            full = everything.within(before, before) >= MAX_IN_FLIGHT
            limits = (measured.within(before - seconds, before) >= calls for calls, seconds in LIMITS)
            assert full or any(limits), one


@st.composite
def bursts(draw: st.DrawFn) -> list[Wish]:
    """Return some bursts of calls, up to some hundreds each."""
    wishes: list[Wish] = []
    at = 0.0
    for _ in range(draw(st.integers(1, 5))):
        at += draw(st.sampled_from([0.0, 0.5, 0.999, 1.0, 30.0, 59.9]) | st.floats(0, 70))
        durations = draw(
            st.lists(st.sampled_from([0.0, 0.01, 0.2, 1.0, 10.0]) | st.floats(0, 12), min_size=1, max_size=6)
        )
        apis = draw(st.sampled_from(["a", "aab", "abc"]))
        patience = draw(st.sampled_from([1e6, 1e6, 5.0]))
        wishes += [
            Wish(at, apis[index % len(apis)], durations[index % len(durations)], patience if index % 3 == 0 else 1e6)
            for index in range(draw(st.sampled_from([1, 12, 51, 120, 300])))
        ]
    return wishes


@settings(max_examples=20, deadline=None)
@given(bursts())
@example([Wish(0)] * 1100)
@example([Wish(0, lasts=0.9)] * 60 + [Wish(60.5, lasts=0.3)] * 1100)
@example([Wish(16, lasts=0.0), Wish(16, lasts=1 / 3)] * 150)
def test_any_burst_stays_within_the_limits_and_uses_them_fully(wishes: list[Wish]) -> None:
    made = run(make(AppTraffic(), wishes))

    assert_within_limits(made)
    assert_nobody_waited_for_nothing(made)
    assert len(made) >= sum(wish.patience == 1e6 for wish in wishes)


def test_quick_calls_reach_the_limits_per_second_and_per_minute() -> None:
    starts = [one.start for one in run(make(AppTraffic(), [Wish(0)] * 2000))]

    assert sum(start < 1 for start in starts) == 50
    assert starts[999] < 20
    assert starts[1000] >= 60
    assert starts[1999] < 80


def test_a_call_counts_until_a_full_window_after_its_end() -> None:
    async def play() -> list[Made]:
        wishes = [Wish(0, lasts=5.0)] * 10 + [Wish(4.9)] * 50
        return await make(AppTraffic(), wishes)

    made = run(play())

    assert sum(one.start < 6 for one in made) == 50  # the ten slow ones count until a second after their end


def test_clients_of_an_app_share_limits_and_each_api_has_its_own() -> None:
    traffic = AppTraffic()

    async def play() -> list[list[Made]]:
        return await asyncio.gather(*(make(traffic, [Wish(0, api)] * 50) for api in ("a", "a", "b")))

    first, second, other = run(play())

    assert_within_limits(first + second + other)
    assert max(one.start for one in first + second) >= 1
    assert max(one.start for one in other) < 1


def test_a_blocked_api_does_not_delay_another() -> None:
    async def play() -> list[Made]:
        traffic = AppTraffic()
        traffic.block("a", 30)
        return await make(traffic, [Wish(0, "a")] * 100 + [Wish(1, "b")] * 20)

    made = run(play())

    assert [one.start for one in made if one.wish.api == "b"] == [1] * 20
    assert min(one.start for one in made if one.wish.api == "a") == pytest.approx(30)


def test_a_block_also_delays_calls_that_already_wait() -> None:
    async def play() -> list[Made]:
        traffic = AppTraffic()
        asyncio.get_running_loop().call_later(0.5, traffic.block, "a", 30)
        return await make(traffic, [Wish(0, "a", lasts=2.0)] * 15)

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
    wishes = [Wish(index / 1000) for index in range(120)]

    assert [one.wish for one in run(make(AppTraffic(), wishes))] == wishes


def _ways_to_end() -> Iterator[BaseException]:
    yield ValueError("a bug")
    yield asyncio.CancelledError()


@pytest.mark.parametrize("failure", _ways_to_end(), ids=lambda failure: type(failure).__name__)
def test_a_slot_is_released_however_a_call_ends(failure: BaseException) -> None:
    async def play() -> None:
        traffic = AppTraffic()
        for _ in range(MAX_IN_FLIGHT):
            with suppress(type(failure)):
                async with place(traffic, "a"):
                    raise failure

        assert [one.start for one in await make(traffic, [Wish(0)] * 41)] == pytest.approx([0] * 40 + [1])

    run(play())


def test_a_call_that_stops_waiting_leaves_the_queue() -> None:
    async def play() -> None:
        traffic = AppTraffic()
        impatient = [Wish(0, lasts=20.0)] * 10 + [Wish(1, patience=5.0, lasts=1.0)] * 30
        made = await make(traffic, [*impatient, Wish(2, lasts=1.0)])

        assert [one.start for one in made] == [0] * 10 + [20]

    run(play())
