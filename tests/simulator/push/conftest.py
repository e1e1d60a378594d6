"""A client of the long connection that does exactly what a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
import json
from typing import Any

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType
import pytest

from simulator import Simulator, Tenant
from simulator.push import Push
from simulator.push.frames import DATA, Frame, decode
from tests.simulator.client import Client, Reply

PATIENCE = 120.0  # seconds; only for a test that fails


@dataclass
class Link:
    """One open connection."""

    socket: ClientWebSocketResponse

    async def next(self) -> aiohttp.WSMessage:
        """Return the next message of any type."""
        async with asyncio.timeout(PATIENCE):
            return await self.socket.receive()

    async def frame(self) -> Frame:
        """Return the next frame; WebSocket pings are answered."""
        while (message := await self.next()).type is WSMsgType.PING:
            await self.socket.pong(message.data)
        assert message.type is WSMsgType.BINARY, message
        return decode(message.data)

    async def quiet(self, seconds: float = 0.05) -> None:
        """Fail if a message arrives."""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.socket.receive()

    async def send(self, frame: Frame) -> None:
        """Send a frame."""
        await self.socket.send_bytes(frame.encode())

    async def ping(self, service: int = 33554678) -> None:
        """Send a ping."""
        await self.send(Frame(0, 0, service, 0, (("type", "ping"),), None, None, None))

    async def ack(self, frame: Frame, payload: bytes = b'{"code":200}', **changes: Any) -> None:
        """Acknowledge a frame."""
        answer = replace(frame, headers=(*frame.headers, ("biz_rt", "1")), payload=payload)
        await self.send(replace(answer, **changes))

    async def event(self, *, ack: bool = True) -> dict[str, Any]:
        """Return the next event."""
        frame = await self.frame()
        assert (frame.method, frame.header("type")) == (DATA, "event")
        if ack:
            await self.ack(frame)
        body: dict[str, Any] = json.loads(frame.payload or b"")
        return body


@dataclass
class LongClient:
    """Opens long connections."""

    client: Client
    stack: AsyncExitStack
    links: list[Link] = field(default_factory=list)

    async def bootstrap(self, **changes: Any) -> Reply:
        """Ask for a URL with the right credentials, overridden by ``changes``."""
        tenant = self.client.tenant
        body = {"AppID": tenant.app_id, "AppSecret": tenant.app_secret, **changes}
        return await self.client.send("POST", "/callback/ws/endpoint", json=body)

    async def url(self) -> str:
        """Return the URL of a new connection."""
        url: str = (await self.bootstrap()).data["URL"]
        return url

    async def dial(self, url: str) -> Link:
        """Open a connection at a URL."""
        entering = self.client.session.ws_connect(url, autoping=False, autoclose=False)
        return Link(await self.stack.enter_async_context(entering))

    async def connect(self) -> Link:
        """Open a connection."""
        return await self.dial(await self.url())


@pytest.fixture
def push(tenant: Tenant) -> Push:
    """Return the platform's side, which delivers a thousand times as fast."""
    tenant.push.scale, tenant.push.ack_within = 0.001, 5.0
    return tenant.push


@pytest.fixture
async def long_client(simulator: Simulator, client: Client, push: Push) -> AsyncIterator[LongClient]:
    async with AsyncExitStack() as stack:
        yield LongClient(client, stack)


async def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110  # a test waits for any state
            await asyncio.sleep(0.002)
