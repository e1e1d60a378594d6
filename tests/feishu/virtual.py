"""The client on virtual time and without sockets: its session calls the simulated tenant directly."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
import selectors
from typing import Any, cast
from urllib.parse import parse_qsl

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.limits import AppTraffic
from simulator import Call, LoggedRequest, Tenant, gateway
from tests.feishu.scripted import Content, Response

START = datetime(2026, 11, 23, tzinfo=UTC)


class _JumpingSelector(selectors.SelectSelector):
    """A selector that advances the loop's clock instead of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("deadlock: all tasks wait and no timer is set")
            self.now += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time: when all tasks wait, its clock jumps to the next timer."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = 1e-8  # a year in seconds has no finer one, and a timer must fire at its own time

    def time(self) -> float:
        return self._jumping.now


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def now() -> float:
    """Return the seconds of virtual time that have passed."""
    return asyncio.get_running_loop().time()


def no_latency() -> float:
    return 0.0


@dataclass
class VirtualSession:
    """The part of `aiohttp.ClientSession` that the client uses, answered by a tenant on virtual time.

    Half of a request's `latency` passes before the tenant receives it, the other half after.
    """

    tenant: Tenant
    latency: Callable[[], float] = no_latency
    in_flight: int = 0
    most_in_flight: int = 0
    sent_at: list[tuple[str, float]] = field(default_factory=list)

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: URL | str,
        *,
        headers: Mapping[str, str],
        data: bytes | None,
        **_: object,
    ) -> AsyncIterator[Response]:
        url = URL(url)
        path = url.path
        self.sent_at.append((path, now()))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            latency = self.latency()
            await asyncio.sleep(latency / 2)
            body: object = None
            if data is not None:
                form = headers.get("Content-Type") == "application/x-www-form-urlencoded"
                body = dict(parse_qsl(data.decode())) if form else json.loads(data)
            authorization = headers.get("Authorization", "")
            caller = gateway.caller_of(self.tenant, authorization)
            call = Call(method, path, tuple(url.query.items()), body, self.tenant.now(), caller)
            response = await self._answer(call, authorization)
            await asyncio.sleep(latency / 2)
            yield response
        finally:
            self.in_flight -= 1

    async def _answer(self, call: Call, authorization: str) -> Response:
        excess = gateway.count(self.tenant, call)
        fault = self.tenant.faults.take(call)
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.hang_up:
                self._log(call)
                raise aiohttp.ServerDisconnectedError
        if fault is not None and fault.answer is not None:
            answer = fault.answer
        else:
            answer = gateway.answer(self.tenant, call, authorization, excess)
        await asyncio.sleep(answer.delay)
        if answer.lost:
            self._log(call)
            raise aiohttp.ServerDisconnectedError
        self._log(call, answer.status, answer.code)
        return Response(answer.status, CIMultiDict(answer.headers), Content(answer.body))

    def _log(self, call: Call, status: int = 0, code: int | None = None) -> None:
        request = LoggedRequest(call.method, call.path, call.query, call.body, status, code, call.at, pairs=call.pairs)
        self.tenant.requests.append(request)


@dataclass(frozen=True)
class Virtual:
    """A client on virtual time and its session."""

    client: FeishuClient
    session: VirtualSession

    def sent(self, path: str) -> list[float]:
        """Return when requests for paths with this ending were sent."""
        return [at for sent, at in self.session.sent_at if sent.endswith(path)]


def on_virtual_time(
    tenant: Tenant,
    *,
    latency: Callable[[], float] = no_latency,
    traffic: AppTraffic | None = None,
    deadline: float = 90.0,
) -> Virtual:
    """Set the tenant to the time of the running loop and return a client of it. Call this inside `run`."""
    loop = asyncio.get_running_loop()
    tenant.monotonic = loop.time
    tenant.clock = lambda: START + timedelta(seconds=loop.time())
    session = VirtualSession(tenant, latency)
    client = FeishuClient(
        cast("aiohttp.ClientSession", session),
        tenant.app_id,
        tenant.app_secret,
        traffic=traffic,
        deadline=deadline,
    )
    return Virtual(client, session)
