import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
import gc
from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    CredentialsError,
    FeishuError,
    NotReachableError,
    ServerError,
)
from custom_components.feishu_freebusy.feishu.tokens import Token, TokenCache
from simulator.tokens import TokenIssuer

from .virtual import START, now, run

HOUR = 3600.0


class Endpoint:
    """A token endpoint that numbers its tokens and counts its requests."""

    def __init__(self, lifetime: float = 2 * HOUR, takes: float = 0.0) -> None:
        self.lifetime = lifetime
        self.takes = takes
        self.asked = 0
        self.failure: FeishuError | None = None
        self.stuck = False

    async def __call__(self) -> Token:
        self.asked += 1
        number = 1 if self.stuck else self.asked
        await asyncio.sleep(self.takes)
        if self.failure is not None:
            raise self.failure
        return Token(f"t-{number}", self.lifetime)


async def together(count: int, call: Callable[[], Awaitable[str]]) -> list[str | BaseException]:
    """Return the results or errors of this many concurrent calls."""

    async def caller() -> str:
        return await call()

    return await asyncio.gather(*(caller() for _ in range(count)), return_exceptions=True)


def test_concurrent_calls_share_one_token_request() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=1)
        cache = TokenCache(endpoint)

        assert await together(50, cache.get) == ["t-1"] * 50
        assert endpoint.asked == 1

    run(play())


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        await cache.get()

        await asyncio.sleep(1.5 * HOUR)  # Feishu would not issue a new token yet
        assert await cache.get() == "t-1"
        await asyncio.sleep(0.5 * HOUR - 60)  # the last minute: the token may expire during a call
        assert await cache.get() == "t-2"
        assert endpoint.asked == 2

    run(play())


@pytest.mark.parametrize("lifetime", [2, 60, 600, 1199, 1801])
def test_a_short_lived_token_is_used_and_renewed_in_time(lifetime: int) -> None:
    async def play() -> None:
        endpoint = Endpoint(lifetime)
        cache = TokenCache(endpoint)

        assert await together(5, cache.get) == ["t-1"] * 5
        assert await cache.get() == "t-1"
        await asyncio.sleep(lifetime * 0.99)
        assert await cache.get() == "t-2"

    run(play())


def test_the_lifetime_of_a_token_starts_with_its_request() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=25)
        cache = TokenCache(endpoint)
        await cache.get()

        await asyncio.sleep(2 * HOUR - 10)  # expired 15 s ago, by the server's clock
        endpoint.takes, endpoint.failure = 0, NotReachableError("cut")
        with pytest.raises(NotReachableError):
            await cache.get()

    run(play())


def test_for_a_day_tokens_are_valid_and_rarely_requested() -> None:
    async def play() -> None:
        issuer = TokenIssuer(lambda: START + timedelta(seconds=now()))
        asked = 0

        async def fetch() -> Token:
            nonlocal asked
            asked += 1
            return Token(*issuer.issue(stuck=False))

        await asyncio.sleep(1000)
        await fetch()  # another process of the same app: our first token will not be fresh
        await asyncio.sleep(4000)
        cache = TokenCache(fetch)
        for _ in range(24 * 60):
            assert issuer.valid(await cache.get())
            await asyncio.sleep(60)
        assert asked <= 24 * 3600 / (7200 - 1800) + 3

    run(play())


def test_a_failed_renewal_is_ignored_while_the_old_token_is_good() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=1)
        cache = TokenCache(endpoint)
        await cache.get()
        await asyncio.sleep(2 * HOUR - 500)

        endpoint.failure = NotReachableError("cut")
        assert await together(20, cache.get) == ["t-1"] * 20
        assert await together(20, cache.get) == ["t-1"] * 20
        assert endpoint.asked == 2  # not once per call
        endpoint.failure = None
        await asyncio.sleep(60)
        assert await cache.get() == "t-3"

    run(play())


def test_a_failed_renewal_raises_if_the_old_token_has_expired() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        await cache.get()
        await asyncio.sleep(2 * HOUR)

        endpoint.failure = ServerError("down")
        with pytest.raises(ServerError):
            await cache.get()

    run(play())


def test_a_slow_failed_renewal_raises_if_the_old_token_expires_meanwhile() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        await cache.get()
        await asyncio.sleep(2 * HOUR - 5)

        endpoint.takes, endpoint.failure = 30, NotReachableError("no answer in time")
        with pytest.raises(NotReachableError):
            await cache.get()

    run(play())


def test_refused_credentials_raise_at_once() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        await cache.get()
        await asyncio.sleep(2 * HOUR - 500)

        endpoint.failure = CredentialsError("no")
        with pytest.raises(CredentialsError):
            await cache.get()

    run(play())


async def renewing_in_time(endpoint: Endpoint, takes: float, failure: FeishuError | None = None) -> TokenCache:
    """Return a cache whose token is good for 590 s and whose renewal takes this long."""
    cache = TokenCache(endpoint)
    await cache.get()
    await asyncio.sleep(2 * HOUR - 590)
    endpoint.takes, endpoint.failure = takes, failure
    return cache


def test_a_slow_renewal_delays_no_call_while_the_old_token_is_good() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = await renewing_in_time(endpoint, 31, NotReachableError("no answer in time"))

        began = now()
        assert await together(20, cache.get) == ["t-1"] * 20
        assert now() - began < 3
        waited = now()
        for _ in range(20):
            assert await cache.get() == "t-1"
        assert now() == waited
        assert endpoint.asked == 2

        pauses = 0.0
        for _ in range(80):  # another 400 s
            asked_at = now()
            assert await cache.get() == "t-1"
            pauses += now() - asked_at
            await asyncio.sleep(5)
        assert pauses < 3 * endpoint.asked
        assert endpoint.asked < 10

    run(play())


def test_the_token_of_a_slow_renewal_is_used() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = await renewing_in_time(endpoint, 5)

        assert await cache.get() == "t-1"
        await asyncio.sleep(5)
        assert await together(20, cache.get) == ["t-2"] * 20
        assert endpoint.asked == 2

    run(play())


def test_credentials_refused_in_the_background_raise_at_the_next_call() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = await renewing_in_time(endpoint, 5, CredentialsError("no"))

        assert await cache.get() == "t-1"
        await asyncio.sleep(5)
        for _ in range(2):
            with pytest.raises(CredentialsError):
                await cache.get()

    run(play())


def test_a_token_refused_during_its_renewal_is_not_used_again() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = await renewing_in_time(endpoint, 5)

        waiting = asyncio.create_task(cache.get())
        await asyncio.sleep(1)
        assert await cache.replace("t-1") == "t-2"
        assert await waiting == "t-2"
        assert endpoint.asked == 2

    run(play())


def test_an_expired_token_is_not_used_after_a_failed_renewal() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        await cache.get()
        await asyncio.sleep(2 * HOUR - 5)

        endpoint.failure = ServerError("down")
        assert await cache.get() == "t-1"
        await asyncio.sleep(6)
        with pytest.raises(ServerError):
            await cache.get()

    run(play())


def test_a_renewal_ends_by_itself_after_its_cache_is_deleted() -> None:
    async def play() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        cache = await renewing_in_time(Endpoint(), 31, NotReachableError("no answer in time"))
        await cache.get()

        del cache
        gc.collect()
        await asyncio.sleep(31)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert complaints == []

    run(play())


def test_a_first_failure_reaches_all_waiting_calls_and_is_not_kept() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=1)
        endpoint.failure = NotReachableError("cut")
        cache = TokenCache(endpoint)

        answers = await together(10, cache.get)
        assert {type(answer) for answer in answers} == {NotReachableError}
        assert endpoint.asked == 1
        endpoint.failure = None
        assert await cache.get() == "t-2"

    run(play())


def test_a_canceled_call_does_not_cancel_the_renewal() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=5)
        cache = TokenCache(endpoint)
        first = asyncio.create_task(cache.get())
        second = asyncio.create_task(cache.get())
        await asyncio.sleep(1)

        first.cancel()
        assert await second == "t-1"
        assert first.cancelled()
        assert endpoint.asked == 1

    run(play())


def test_a_renewal_that_fails_after_all_calls_ended_logs_no_error() -> None:
    async def play() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        endpoint = Endpoint(takes=5)
        endpoint.failure = NotReachableError("cut")
        waiting = asyncio.create_task(TokenCache(endpoint).get())
        await asyncio.sleep(1)

        waiting.cancel()
        await asyncio.sleep(10)
        assert complaints == []

    run(play())


def test_a_stale_token_is_replaced_once_for_all_calls() -> None:
    async def play() -> None:
        endpoint = Endpoint(takes=1)
        cache = TokenCache(endpoint)
        stale = await cache.get()

        assert await together(50, lambda: cache.replace(stale)) == ["t-2"] * 50
        assert await cache.replace(stale) == "t-2"  # a late call gets the new token and does not replace it again
        assert endpoint.asked == 2

    run(play())


def test_the_replacement_may_be_the_same_token() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        endpoint.stuck = True
        cache = TokenCache(endpoint)

        assert await cache.replace(await cache.get()) == "t-1"
        assert endpoint.asked == 2

    run(play())


def test_a_stale_token_is_not_used_again_if_the_replacement_fails() -> None:
    async def play() -> None:
        endpoint = Endpoint()
        cache = TokenCache(endpoint)
        stale = await cache.get()

        endpoint.failure = NotReachableError("cut")
        for attempt in (cache.replace(stale), cache.get()):
            with pytest.raises(NotReachableError):
                await attempt

    run(play())


def test_no_repr_has_a_token() -> None:
    async def play() -> None:
        cache = TokenCache(Endpoint())
        await cache.get()

        assert "t-1" not in f"{cache!r} {vars(cache).get('_renewal')!r} {Token('t-1', 1)!r}"

    run(play())
