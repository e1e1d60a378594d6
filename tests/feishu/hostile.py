"""A misbehaving server on real sockets. It records its requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import logging
import re
import ssl
from typing import Any, cast

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import FeishuError
from custom_components.feishu_freebusy.feishu.models import ActivateStatus, Bot

TOKEN = b'{"code":0,"msg":"ok","tenant_access_token":"t-hush-hush","expire":7200}'
SECRETS = ("secret-0815", "t-hush-hush")
BOT = b'{"code":0,"msg":"ok","bot":{"app_name":"Orion","activate_status":2}}'

ORION = Bot("Orion", ActivateStatus.ENABLED)

# Called for each request. Returns whether to keep the connection for the next one
type Script = Callable[[asyncio.StreamWriter], Awaitable[bool]]


def ok(body: bytes, *headers: bytes) -> bytes:
    """Return a complete HTTP answer."""
    return b"".join([b"HTTP/1.1 200 OK\r\n", *(b"%s\r\n" % header for header in headers)]) + (
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )


def says(answer: bytes, *, keep: bool = True) -> Script:
    """Return a script that sends these bytes."""

    async def script(writer: asyncio.StreamWriter) -> bool:
        writer.write(answer)
        await writer.drain()
        return keep

    return script


def says_for_ever(start: bytes, more: bytes, *, pause: float = 0.0) -> Script:
    """Return a script that sends `start`, then `more` until the client hangs up."""

    async def script(writer: asyncio.StreamWriter) -> bool:
        writer.write(start)
        while not writer.is_closing():
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(pause)
        return False

    return script


@dataclass
class Server:
    """A server that answers calls by `script` and token requests by `token_script`; without a script, it succeeds."""

    address: str
    script: Script | None = None
    token_script: Script | None = None
    requests: list[bytes] = field(default_factory=list)
    open_connections: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.tasks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        self.open_connections += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            while await self._answer(await self._read(reader), writer):
                pass
        self.open_connections -= 1
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        request = head + (await reader.readexactly(int(length[1])) if length else b"")
        self.requests.append(request)
        return request

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        is_token = b"tenant_access_token" in request.split(b"\r\n", 1)[0]
        script = self.token_script if is_token else self.script
        return await (script or says(ok(TOKEN if is_token else BOT)))(writer)


@asynccontextmanager
async def serving(
    script: Script | None = None, *, token_script: Script | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Run a server on 127.0.0.1."""
    server = Server("", script, token_script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.address = f"{'https' if tls else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        listening.close_clients()
        await asyncio.gather(*server.tasks)


@asynccontextmanager
async def nothing_left(
    server: Server, caplog: pytest.LogCaptureFixture, *, complaints_of_tls: bool = False
) -> AsyncIterator[None]:
    """Assert that no task and no connection is left, the log has no secret, and asyncio reported no error."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    caplog.set_level(logging.DEBUG)
    yield
    for _ in range(100):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        left = [task for task in tasks if "Server.serve" not in repr(task.get_coro())]
        if not left and server.open_connections == 0:
            break
        await asyncio.sleep(0.01)
    assert left == []
    assert server.open_connections == 0
    assert complaints == [] or complaints_of_tls  # errors of a failed handshake come from the server
    assert not [secret for secret in SECRETS if secret in caplog.text]


async def failure_of(client: FeishuClient) -> FeishuError:
    """Return the error of a call."""
    with pytest.raises(FeishuError) as failed:
        await client.bot()
    assert not [secret for secret in SECRETS if secret in f"{failed.value} {failed.value!r}"]
    assert len(str(failed.value)) < 500
    return failed.value
