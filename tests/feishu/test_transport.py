import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
import logging
import random
from statistics import mean
import traceback

import aiohttp
import pytest
from yarl import URL

from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    BotDisabledError,
    CredentialsError,
    FeishuError,
    IpDeniedError,
    NotFeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ServerError,
    StaleTokenError,
    SubjectError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.limits import AppTraffic
from custom_components.feishu_freebusy.feishu.session import environment_proxy, session_options
from simulator import Fault, Simulator, Tenant
from simulator.answers import Answer

from .hostile import says, serving
from .virtual import no_latency, now, on_virtual_time, run

BOT = "bot/v3/info"
SCOPES = "application/v6/scopes"
TOKEN = "tenant_access_token/internal"  # a path
MEBIBYTE = 1024 * 1024

PASSING: dict[str, tuple[Fault, type[FeishuError]]] = {
    "connection closed": (Fault.close(), NotReachableError),
    "no answer": (Fault.slow(3600), NotReachableError),
    "500 with a code": (Fault.error(500, 190003), ServerError),
    "200 with an error code": (Fault.error(200, 2200), ServerError),
    "503 with an unknown code": (Fault.error(503, 123456), ServerError),
    "503 as text": (Fault.status(503), ServerError),
    "502 as a web page": (Fault.html(502), ServerError),
    "504 with nothing": (Fault.empty(504), ServerError),
    "429 as a web page": (Fault.html(429), RateLimitedError),
    "429 with nothing": (Fault.empty(429), RateLimitedError),
    "429 with a success in it": (Fault.body(429, {"code": 0, "data": {}}), RateLimitedError),
    "200 with nothing": (Fault.empty(200), UnreadableAnswerError),
    "half the JSON": (Fault.body(200, '{"code":0,"data":{"sco'), UnreadableAnswerError),
    "no JSON at all": (Fault.body(200, "\x00\x01"), UnreadableAnswerError),
    "JSON too deep to read": (Fault.body(200, "[" * 200_000), UnreadableAnswerError),
    "a number too long to read": (Fault.body(200, '{"code":' + "9" * 5000 + "}"), UnreadableAnswerError),
    "JSON too deep to read, and whole": (Fault.body(200, "[" * 2000 + "]" * 2000), UnreadableAnswerError),
    "NaN": (Fault.body(200, '{"code":0,"data":{"capacity":NaN}}'), UnreadableAnswerError),
    "a number that overflows": (Fault.body(200, '{"code":0,"data":{"capacity":1e999}}'), UnreadableAnswerError),
    "half of a character": (Fault.body(200, '{"code":0,"msg":"\\ud83d"}'), UnreadableAnswerError),
    "a byte order mark": (Fault.body(200, '\ufeff{"code":0,"data":{}}'), UnreadableAnswerError),
    "a list": (Fault.body(200, [{"code": 0}]), UnreadableAnswerError),
    "null": (Fault.body(200, None), UnreadableAnswerError),
    "no code": (Fault.body(200, {"data": {}}), UnreadableAnswerError),
    "a code that is text": (Fault.body(200, {"code": "0", "data": {}}), UnreadableAnswerError),
    "a code that is false": (Fault.body(200, {"code": False, "data": {}}), UnreadableAnswerError),
}
FINAL: dict[str, tuple[Fault, type[FeishuError]]] = {
    "a wrong path": (Fault.status(404), NotFeishuError),
    "a captive portal": (Fault.html(403), NotFeishuError),
    "a captive portal that says 200": (Fault.html(200), NotFeishuError),
    "a web page without a type": (Fault.body(200, "\ufeff\r\n <!DOCTYPE html>"), NotFeishuError),
    "redirected": (Fault.redirect("https://elsewhere.example"), NotFeishuError),
    "redirected permanently": (Fault.redirect("https://elsewhere.example", 308), NotFeishuError),
    "not modified": (Fault.empty(304), NotFeishuError),
    "a bad subject": (Fault.error(400, 190002), SubjectError),
    "a bad subject in a 404": (Fault.error(404, 195100), SubjectError),
    "an unknown code": (Fault.error(400, 123456), RequestError),
    "an unknown code in a 200": (Fault.error(200, 123456), RequestError),
    "no bot": (Fault.error(404, 190007), BotDisabledError),
    "IP address denied": (Fault.error(403, 99991401), IpDeniedError),
    "no quota": (Fault.error(429, 99991403), QuotaExceededError),
}


# --- Retries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BOT, TOKEN])
@pytest.mark.parametrize(("fault", "expected"), PASSING.values(), ids=PASSING)
def test_a_lasting_failure_raises_after_some_attempts(
    tenant: Tenant, path: str, fault: Fault, expected: type[FeishuError]
) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(fault, path, times=None)

        with pytest.raises(expected):
            await virtual.client.bot()
        assert 2 <= len(virtual.sent(path)) <= 5
        assert now() < 60

    run(play())


@pytest.mark.parametrize("path", [BOT, TOKEN])
@pytest.mark.parametrize("fault", [fault for fault, _ in PASSING.values()], ids=PASSING)
def test_a_passing_failure_is_retried(tenant: Tenant, path: str, fault: Fault) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(fault, path)

        assert (await virtual.client.bot()).app_name == tenant.app_name
        assert len(virtual.sent(path)) == 2

    run(play())


@pytest.mark.parametrize(("fault", "expected"), FINAL.values(), ids=FINAL)
def test_a_final_failure_is_not_retried(tenant: Tenant, fault: Fault, expected: type[FeishuError]) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(fault, BOT)

        with pytest.raises(expected) as failed:
            await virtual.client.bot()
        assert type(failed.value) is expected
        assert len(virtual.sent(BOT)) == 1

    run(play())


def test_the_back_off_grows_and_has_jitter(tenant: Tenant) -> None:
    async def gaps() -> list[float]:
        virtual = on_virtual_time(tenant)
        with pytest.raises(ServerError):
            await virtual.client.bot()
        return [later - earlier for earlier, later in pairwise(virtual.sent(BOT))]

    tenant.inject(Fault.error(500, 190003), BOT, times=None)
    random.seed(1)
    seen = [run(gaps()) for _ in range(60)]

    assert len({row[0] for row in seen}) > 50
    averages = [mean(column) for column in zip(*seen, strict=True)]
    assert all(later > earlier * 1.5 for earlier, later in pairwise(averages))
    assert all(0.05 < gap < 30 for row in seen for gap in row)


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_code_0_with_an_error_status_is_an_error(tenant: Tenant, status: int) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        answer = {"code": 0, "msg": "success", "data": {"items": []}}
        tenant.inject(Fault.body(status, answer), "rooms/mget", times=None)

        with pytest.raises(FeishuError):
            await virtual.client.rooms_mget(["omm_1"])

    run(play())


# --- Rate limits ------------------------------------------------------------------------------------------------------


RATE_LIMITS = {
    "429": Fault.rate_limited(7),
    "old style": Fault.rate_limited(7, status=400),
    "a gateway's page": Fault("page", Answer(429, b"<html>", headers={"Retry-After": "7"})),
}


@pytest.mark.parametrize("fault", RATE_LIMITS.values(), ids=RATE_LIMITS)
def test_a_rate_limit_waits_as_long_as_the_server_says(tenant: Tenant, fault: Fault) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(fault, BOT)

        await virtual.client.bot()
        assert virtual.sent(BOT) == [0, pytest.approx(7, abs=1)]

    run(play())


@pytest.mark.parametrize("code", [99991400, 190004, 190005, 190010, 123456])
def test_a_rate_limit_without_a_time_backs_off(tenant: Tenant, code: int) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault.rate_limited(None, code=code), BOT)

        await virtual.client.bot()
        first, second = virtual.sent(BOT)
        assert 0.1 < second - first < 10

    run(play())


@pytest.mark.parametrize("reset", [0, 1])
def test_a_rate_limit_with_a_very_short_time_backs_off(tenant: Tenant, reset: int) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault.rate_limited(reset), BOT, times=2)

        await virtual.client.bot()
        gaps = [later - earlier for earlier, later in pairwise(virtual.sent(BOT))]
        assert len(gaps) == 2
        assert all(max(reset, 0.2) <= gap < 10 for gap in gaps)

    run(play())


def test_a_rate_limit_delays_all_calls_to_its_api_and_no_others(tenant: Tenant) -> None:
    async def play() -> None:
        traffic = AppTraffic()
        one, other = (on_virtual_time(tenant, traffic=traffic) for _ in range(2))
        await one.client.check_credentials()
        tenant.inject(Fault.rate_limited(7), BOT)

        first = asyncio.create_task(one.client.bot())
        await asyncio.sleep(1)
        await asyncio.gather(first, other.client.bot(), one.client.granted_scopes())
        assert other.sent(BOT) == [pytest.approx(7, abs=1)]
        assert one.sent(SCOPES) == [1]

    run(play())


def test_a_lasting_rate_limit_raises_with_retry_after(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault.rate_limited(7), BOT, times=None)

        with pytest.raises(RateLimitedError) as limited:
            await virtual.client.bot()
        assert limited.value.retry_after == 7
        assert 2 <= len(virtual.sent(BOT)) <= 5

    run(play())


def test_1200_calls_at_once_stay_within_the_limits(tenant: Tenant) -> None:
    async def play() -> None:
        room = tenant.add_room("Orion")
        generator = random.Random(1)  # noqa: S311  # no secret
        virtual = on_virtual_time(tenant, latency=lambda: generator.choice([0.0, 0.05, 0.5, 3.0]))
        at = tenant.now()

        await asyncio.gather(*(virtual.client.rooms_mget([room.room_id]) for _ in range(1200)))
        assert len(tenant.calls("rooms/mget")) == 1200
        assert tenant.limit_violations == []
        assert virtual.session.most_in_flight <= 10
        assert (tenant.now() - at).total_seconds() < 240

    run(play())


async def test_120_calls_at_once_over_real_sockets_stay_within_the_limits(client: FeishuClient, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")

    answers = await asyncio.gather(*(client.rooms_mget([room.room_id]) for _ in range(120)))

    assert {answer[0].room_id for answer in answers} == {room.room_id}
    assert tenant.limit_violations == []
    assert len(tenant.calls("rooms/mget")) == 120


# --- The deadline -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [BOT, TOKEN])
@pytest.mark.parametrize("deadline", [4, 12, 25])
def test_a_silent_server_does_not_hold_a_call_beyond_its_deadline(tenant: Tenant, path: str, deadline: float) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=deadline)
        tenant.inject(Fault.slow(3600), path, times=None)

        with pytest.raises(NotReachableError):
            await virtual.client.bot()
        assert now() <= deadline

    run(play())


def test_a_wait_beyond_the_deadline_is_not_started(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=25)
        tenant.inject(Fault.rate_limited(26), BOT)

        with pytest.raises(RateLimitedError) as limited:
            await virtual.client.bot()
        assert limited.value.retry_after == 26
        assert now() < 1

    run(play())


def test_a_rate_limit_met_by_another_call_respects_the_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=25)
        tenant.inject(Fault.rate_limited(3600), BOT)
        with pytest.raises(RateLimitedError):
            await virtual.client.bot()

        with pytest.raises(FeishuError):
            await virtual.client.bot()
        assert now() <= 25

    run(play())


def test_a_rate_limit_met_by_another_call_respects_the_deadline_of_a_retry(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=25)
        await virtual.client.check_credentials()
        tenant.inject(Fault.error(500, 190003), BOT)
        retried = asyncio.create_task(virtual.client.bot())
        await asyncio.sleep(0.1)  # it has failed once and backs off

        virtual.client.traffic.block(BOT, 3600)
        with pytest.raises(FeishuError):
            await retried
        assert now() <= 26

    run(play())


def test_fetching_the_token_does_not_extend_the_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        tenant.inject(Fault.slow(9), TOKEN)
        tenant.inject(Fault.slow(9), BOT)

        with pytest.raises(NotReachableError):
            await virtual.client.bot()
        assert now() <= 12

    run(play())


def test_replacing_a_stale_token_does_not_extend_the_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.check_credentials()
        tenant.expire_tokens()
        tenant.inject(Fault.slow(9), BOT)
        tenant.inject(Fault.slow(9), TOKEN)

        with pytest.raises(NotReachableError):
            await virtual.client.bot()
        assert now() == pytest.approx(12)

    run(play())


@asynccontextmanager
async def all_slots_taken(traffic: AppTraffic) -> AsyncIterator[None]:
    """Hold all slots for calls."""
    for _ in range(10):
        await traffic.enter("elsewhere")
    yield
    for _ in range(10):
        traffic.leave("elsewhere")


def test_waiting_in_the_queue_does_not_count_towards_the_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.check_credentials()
        tenant.inject(Fault.slow(9), BOT)
        async with all_slots_taken(virtual.client.traffic):
            call = asyncio.create_task(virtual.client.bot())
            await asyncio.sleep(100)

        assert (await call).app_name == tenant.app_name
        assert now() == pytest.approx(109)

    run(play())


def test_waiting_in_the_queue_does_not_extend_the_rest_of_the_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.check_credentials()
        tenant.inject(Fault.slow(3600), BOT, times=None)
        async with all_slots_taken(virtual.client.traffic):
            call = asyncio.create_task(virtual.client.bot())
            await asyncio.sleep(100)

        with pytest.raises(NotReachableError):
            await call
        assert now() == pytest.approx(112)
        assert virtual.sent(BOT) == [100, pytest.approx(110.5, abs=0.5)]

    run(play())


def test_a_queued_token_request_does_not_hold_a_call_beyond_its_deadline(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        async with all_slots_taken(virtual.client.traffic):
            for ends_at, call in ((12, virtual.client.check_credentials), (24, virtual.client.bot)):
                with pytest.raises(NotReachableError):
                    await call()
                assert now() == pytest.approx(ends_at)

        await virtual.client.bot()  # the queued token request succeeds
        assert len(virtual.sent(TOKEN)) == 1

    run(play())


def test_a_canceled_call_stops_at_once_and_releases_its_slot(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        await virtual.client.check_credentials()
        tenant.inject(Fault.slow(9), BOT, times=15)
        calls = [asyncio.create_task(virtual.client.bot()) for _ in range(15)]
        await asyncio.sleep(1)

        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        tenant.clear_faults()
        await asyncio.gather(*(virtual.client.bot() for _ in range(12)))
        assert now() < 2

    run(play())


@pytest.mark.parametrize("ticks", range(20))
def test_a_call_canceled_at_any_moment_releases_its_slot(tenant: Tenant, ticks: int) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        await virtual.client.check_credentials()
        calls = [asyncio.create_task(virtual.client.bot()) for _ in range(25)]
        for _ in range(ticks):
            await asyncio.sleep(0)

        for call in calls:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert any(isinstance(end, asyncio.CancelledError) for end in ended)
        await asyncio.gather(*(virtual.client.bot() for _ in range(25)))
        assert virtual.session.most_in_flight == 10
        assert now() < 1

    run(play())


@pytest.mark.parametrize("failure", [ValueError("a bug"), asyncio.CancelledError()], ids=repr)
def test_a_slot_is_released_however_a_call_ends(tenant: Tenant, failure: BaseException) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        await virtual.client.check_credentials()

        def fail() -> float:
            raise failure

        virtual.session.latency = fail
        for _ in range(20):
            with pytest.raises(type(failure)):
                await virtual.client.bot()
        virtual.session.latency = no_latency
        await asyncio.gather(*(virtual.client.bot() for _ in range(31)))
        assert virtual.sent(BOT) == pytest.approx([0] * 50 + [1])  # failed calls count, too

    run(play())


# --- Tokens -----------------------------------------------------------------------------------------------------------


async def test_50_calls_at_the_start_request_one_token(client: FeishuClient, tenant: Tenant) -> None:
    await asyncio.gather(*(client.granted_scopes() for _ in range(50)))

    assert len(tenant.calls(TOKEN)) == 1


def test_50_calls_with_a_stale_token_request_one_new_token(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, latency=lambda: 0.1)
        await virtual.client.check_credentials()

        tenant.expire_tokens()
        await asyncio.gather(*(virtual.client.granted_scopes() for _ in range(50)))
        assert len(virtual.sent(TOKEN)) == 2

    run(play())


@pytest.mark.parametrize("deadline", [25, 90])
def test_a_silent_token_endpoint_delays_no_call_while_the_token_is_good(tenant: Tenant, deadline: float) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=deadline)
        await virtual.client.check_credentials()
        tenant.inject(Fault.slow(3600), TOKEN, times=None)
        await asyncio.sleep(6_610)  # the token is good for 590 s more

        while now() < 7_100:
            began = now()
            await asyncio.gather(*(virtual.client.bot() for _ in range(10)))
            assert now() - began < 3
            await asyncio.sleep(20)

    run(play())


async def test_a_stale_token_is_replaced_and_the_call_repeated(client: FeishuClient, tenant: Tenant) -> None:
    await client.granted_scopes()
    tenant.expire_tokens()

    assert await client.granted_scopes()
    assert [call.code for call in tenant.calls(SCOPES)] == [0, 99991663, 0]
    assert len(tenant.calls(TOKEN)) == 2


@pytest.mark.parametrize("code", [99991663, 99991664, 99991665, 99991671])
async def test_every_code_of_a_stale_token_requests_a_new_token(
    client: FeishuClient, tenant: Tenant, code: int
) -> None:
    tenant.inject(Fault.error(400, code), SCOPES)

    assert await client.granted_scopes()
    assert len(tenant.calls(TOKEN)) == 2


async def test_a_token_that_stays_stale_raises_after_one_repeat(client: FeishuClient, tenant: Tenant) -> None:
    await client.granted_scopes()
    tenant.stuck_token = True
    tenant.expire_tokens()

    with pytest.raises(StaleTokenError):
        await client.granted_scopes()
    assert [call.code for call in tenant.calls(SCOPES)] == [0, 99991663, 99991663]
    assert len(tenant.calls(TOKEN)) == 2


@pytest.mark.parametrize("status", [200, 400])
async def test_a_wrong_secret_is_refused_and_not_retried(
    session: aiohttp.ClientSession, simulator: Simulator, tenant: Tenant, status: int
) -> None:
    tenant.variants.update({"wrong_secret_status": status})
    client = FeishuClient(session, tenant.app_id, "a slip of the pen", base_url=simulator.base_url)

    with pytest.raises(CredentialsError) as refused:
        await client.check_credentials()
    assert refused.value.code == 10014
    assert len(tenant.calls(TOKEN)) == 1


async def test_a_malformed_app_id_is_refused(
    session: aiohttp.ClientSession, simulator: Simulator, tenant: Tenant
) -> None:
    with pytest.raises(CredentialsError) as refused:
        await FeishuClient(session, "cli", tenant.app_secret, base_url=simulator.base_url).check_credentials()
    assert refused.value.code == 10003


async def test_valid_credentials_pass_the_check(client: FeishuClient, tenant: Tenant) -> None:
    await client.check_credentials()

    assert [call.body for call in tenant.requests] == [{"app_id": tenant.app_id, "app_secret": "***"}]


async def test_a_check_of_the_credentials_asks_feishu_each_time(client: FeishuClient, tenant: Tenant) -> None:
    await client.bot()
    await client.check_credentials()
    assert len(tenant.calls(TOKEN)) == 2

    tenant.rotate_secret("another-secret-0002")
    with pytest.raises(CredentialsError):
        await client.check_credentials()


def test_a_check_of_the_credentials_that_fails_keeps_the_token(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant, deadline=12)
        await virtual.client.bot()
        tenant.inject(Fault.slow(3600), TOKEN, times=None)
        with pytest.raises(NotReachableError):
            await virtual.client.check_credentials()
        assert now() == pytest.approx(12)

        await virtual.client.bot()
        assert now() < 15

    run(play())


# --- What counts ------------------------------------------------------------------------------------------------------


def test_only_successful_calls_count_and_token_requests_never_do(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault.error(500, 190003), "vc/v1/rooms")
        for _ in range(3):
            await virtual.client.rooms()
        tenant.revoke("vc:room:readonly")
        with pytest.raises(FeishuError):
            await virtual.client.rooms()

        assert virtual.client.traffic.counted == {"vc/v1/rooms": 3}

    run(play())


# --- Over real sockets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.html(502), ServerError),
        (Fault.html(200), NotFeishuError),
        (Fault.empty(), UnreadableAnswerError),
        (Fault.cut_off(), UnreadableAnswerError),
        (Fault.cut_off(broken_connection=True), UnreadableAnswerError),
        (Fault.oversized(9 * MEBIBYTE), UnreadableAnswerError),
        (Fault.close(), NotReachableError),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("path", [SCOPES, TOKEN])
async def test_a_damaged_answer_raises_and_the_next_call_works(
    client: FeishuClient, tenant: Tenant, path: str, fault: Fault, expected: type[FeishuError]
) -> None:
    tenant.inject(fault, path, times=None)

    with pytest.raises(expected):
        await client.granted_scopes()
    tenant.clear_faults()
    assert await client.granted_scopes()


async def test_an_answer_of_2_mib_is_read(client: FeishuClient, tenant: Tenant) -> None:
    tenant.inject(Fault.oversized(2 * MEBIBYTE), SCOPES)

    assert await client.granted_scopes()
    assert len(tenant.calls(SCOPES)) == 1


async def test_a_slow_answer_times_out_and_is_retried(
    client: FeishuClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_ATTEMPT_TIMEOUT", 0.1)
    tenant.inject(Fault.slow(30), SCOPES)

    assert await client.granted_scopes()


async def test_a_server_that_does_not_answer_by_the_deadline_is_not_reachable(
    quick_retries: None, socket_enabled: None, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.inject(Fault.slow(3), SCOPES, times=None)

    async with aiohttp.ClientSession() as session:
        client = FeishuClient(session, tenant.app_id, tenant.app_secret, base_url=simulator.base_url, deadline=0.2)
        with pytest.raises(NotReachableError):
            await client.granted_scopes()


async def test_a_refused_connection_is_not_reachable(client: FeishuClient, simulator: Simulator) -> None:
    await simulator.stop()

    with pytest.raises(NotReachableError):
        await client.bot()


async def test_an_invalid_host_name_is_not_reachable(quick_retries: None, session: aiohttp.ClientSession) -> None:
    client = FeishuClient(session, "cli_a", "secret", base_url=f"https://{'a' * 64}.invalid")

    with pytest.raises(NotReachableError):
        await client.bot()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", [BOT, TOKEN])
async def test_a_redirect_is_not_followed(client: FeishuClient, tenant: Tenant, path: str, status: int) -> None:
    elsewhere = Tenant()
    async with Simulator(elsewhere) as other:
        tenant.inject(Fault.redirect(f"{other.base_url}/open-apis/{BOT}", status), path, times=None)

        with pytest.raises(NotFeishuError):
            await client.bot()
    assert elsewhere.requests == []


# --- Secrets ----------------------------------------------------------------------------------------------------------


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, its causes and its contexts."""
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def texts_of(error: BaseException) -> str:
    """Return all texts that a log may show of an exception."""
    parts = [text for link in chain(error) for text in (str(link), repr(link), repr(link.args))]
    return "\n".join([*parts, *traceback.format_exception(error)])


REPEATING = [
    (200, 190002),
    (400, 190002),
    (400, 99991663),
    (400, 99991672),
    (429, 99991400),
    (500, 190003),
    (503, 1),
    (200, 2200),
]


@pytest.mark.parametrize(("status", "code"), REPEATING)
@pytest.mark.parametrize("path", [BOT, TOKEN])
def test_secrets_repeated_by_the_server_are_in_no_text(
    tenant: Tenant, caplog: pytest.LogCaptureFixture, path: str, status: int, code: int
) -> None:
    caplog.set_level(logging.DEBUG)

    async def play() -> None:
        virtual = on_virtual_time(tenant)
        token, _ = tenant.tokens.issue(stuck=False)  # the token that the client will get
        known = [tenant.app_secret] if path == TOKEN else [tenant.app_secret, token]
        tenant.inject(Fault.error(status, code, f"no {' with '.join(known)}"), path, times=None)

        with pytest.raises(FeishuError) as failed:
            await virtual.client.bot()
        told = f"{texts_of(failed.value)} {caplog.text}"
        assert not [secret for secret in known if secret in told]

    run(play())


@pytest.fixture
async def not_http(socket_enabled: None) -> AsyncIterator[str]:
    """Serve tokens, and on every other path an answer that is not HTTP. Yields the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if TOKEN.encode() in head:
            body = b'{"code":0,"msg":"ok","tenant_access_token":"t-hush-hush","expire":7200}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        else:
            writer.write(b"It is time for tea.\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_answer_that_is_not_http_puts_no_secret_into_any_text(
    quick_retries: None, session: aiohttp.ClientSession, not_http: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = FeishuClient(session, "cli_a", "secret-0815", base_url=not_http)

    with pytest.raises(FeishuError) as failed:
        await client.bot()
    told = texts_of(failed.value) + caplog.text
    assert "t-hush-hush" not in told
    assert "secret-0815" not in told


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.html(502), Fault.empty(), Fault.cut_off(), Fault.cut_off(broken_connection=True), Fault.close()),
        *(Fault.redirect("https://elsewhere.example"), Fault.slow(30), Fault.rate_limited(None)),
    ],
    ids=lambda fault: fault.name,
)
@pytest.mark.parametrize("path", [BOT, TOKEN])
async def test_no_failure_puts_a_secret_into_any_text(
    client: FeishuClient,
    tenant: Tenant,
    path: str,
    fault: Fault,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "_ATTEMPT_TIMEOUT", 0.1)
    caplog.set_level(logging.DEBUG)
    token, _ = tenant.tokens.issue(stuck=False)
    tenant.inject(fault, path, times=None)

    with pytest.raises(FeishuError) as failed:
        await client.bot()
    told = f"{texts_of(failed.value)} {client!r} {vars(client)!r} {caplog.text}"
    assert tenant.app_secret not in told
    assert token not in told


@pytest.mark.parametrize(
    ("variables", "base_url", "expected"),
    [
        ({}, "https://open.feishu.cn", None),
        ({"https_proxy": "http://proxy:3128"}, "https://open.feishu.cn", "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "https://open.feishu.cn", "http://proxy:3128"),
        ({"http_proxy": "http://proxy:3128"}, "https://open.feishu.cn", None),
        ({"http_proxy": "http://proxy:3128"}, "http://10.0.0.1:8000", "http://proxy:3128"),
        ({"http_proxy": "http://proxy:3128"}, "http://127.0.0.1:8000", None),
        ({"http_proxy": "http://proxy:3128"}, "http://localhost:8000", None),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "feishu.cn"}, "https://open.feishu.cn", None),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "*"}, "https://open.feishu.cn", None),
        ({"https_proxy": "socks5://proxy:1080"}, "https://open.feishu.cn", None),
        ({"https_proxy": "http://["}, "https://open.feishu.cn", None),
        ({"https_proxy": "http://user:word@proxy:3128"}, "https://open.feishu.cn", "http://user:word@proxy:3128"),
    ],
)
def test_the_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], base_url: str, expected: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert environment_proxy(base_url) == (None if expected is None else URL(expected))


@pytest.mark.parametrize(("url", "used"), [("ws://10.0.0.1/x", "http://plain:1"), ("wss://a.cn/x", "http://secure:2")])
def test_a_websocket_has_the_proxy_of_http(monkeypatch: pytest.MonkeyPatch, url: str, used: str) -> None:
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://plain:1")
    monkeypatch.setenv("https_proxy", "http://secure:2")

    assert environment_proxy(URL(url)) == URL(used)


async def test_a_proxy_that_refuses_is_no_answer_of_feishu(
    quick_retries: None, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with serving(says(refusal, keep=False)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address)
        client = FeishuClient(session, "cli_a", "secret-0815", base_url="https://feishu.example")

        with pytest.raises(NotReachableError, match="the proxy refused") as failed:
            await client.check_credentials()
    assert failed.value.details.http_status == 407
    assert proxy.requests[0].startswith(b"CONNECT feishu.example:443 ")


async def test_calls_go_through_the_proxy(
    tenant: Tenant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator is the proxy: it gets the whole address of a server that does not exist."""
    monkeypatch.setenv("http_proxy", simulator.base_url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with aiohttp.ClientSession(**session_options()) as session:
        client = FeishuClient(session, tenant.app_id, tenant.app_secret, base_url="http://10.255.255.1")

        assert (await client.bot()).app_name == tenant.app_name
