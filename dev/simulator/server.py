"""The HTTP server around a tenant, on 127.0.0.1 only."""

import asyncio
import contextlib
import json
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from . import control, gateway
from .answers import Answer
from .faults import Fault
from .model import Call, LoggedRequest
from .tenant import Tenant

HOST: Final = "127.0.0.1"
JSON: Final = "application/json"
# Stopping plays an outage: answers that are still under way are dropped, not waited for.
SHUTDOWN_TIMEOUT: Final = 0.1
_MOST_AT_ONCE: Final = 1024 * 1024  # bytes


class Simulator:
    """Serves a tenant over HTTP. An async context manager; or :meth:`start` and :meth:`stop`.

    ``port`` 0 takes a free one and keeps it: started again after a stop, the simulator is where it was.
    """

    def __init__(self, tenant: Tenant, port: int = 0) -> None:
        """Take the tenant to serve; nothing listens before :meth:`start`."""
        self.tenant = tenant
        self.port = port
        self._runner: web.ServerRunner | None = None

    @property
    def base_url(self) -> str:
        """Where the tenant is: the counterpart of ``https://open.feishu.cn``."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen; ``OSError`` if the port is taken. Does nothing if it listens already."""
        if self._runner is not None:
            return
        # Cancelled when the client hangs up: a slow answer that nobody waits for any more ends there and is logged.
        server = web.Server(self._serve, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_TIMEOUT)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self.port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Stop listening and drop all connections; the tenant keeps its state."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        if request.path.startswith(control.PREFIX):
            body = _read_body(raw, request.content_type)
            return await _send(request, control.answer(self.tenant, request.method, request.path, body))
        # The vendor's SDK sends JSON without saying so; the control interface, which web pages can reach, is stricter.
        body = _read_body(raw, request.content_type if "Content-Type" in request.headers else JSON)
        call = Call(request.method, request.path, tuple(request.query.items()), body, self.tenant.now())
        excess = gateway.count(self.tenant, call)
        fault = self.tenant.faults.take(call.redacted())
        if fault is not None and fault.delay:
            await self._delay(call, fault)
        if fault is not None and fault.hang_up:
            self._log(call, None, fault)
            return _hang_up(request)
        if fault is not None and fault.answer is not None:
            answer = fault.answer
        else:
            answer = gateway.answer(self.tenant, call, request.headers.get("Authorization", ""), excess)
        if fault is not None and fault.spoil is not None:
            answer = fault.spoil(answer)
        self._log(call, answer, fault)
        return await _send(request, answer)

    async def _delay(self, call: Call, fault: Fault) -> None:
        try:
            await asyncio.sleep(fault.delay)
        except asyncio.CancelledError:
            self._log(call, None, fault)
            raise

    def _log(self, call: Call, answer: Answer | None, fault: Fault | None) -> None:
        safe = call.redacted()
        self.tenant.requests.append(
            LoggedRequest(
                method=safe.method,
                path=safe.path,
                query=safe.query,
                body=safe.body,
                status=0 if answer is None else answer.status,
                code=None if answer is None else answer.code,
                at=safe.at,
                pairs=safe.pairs,
                fault=None if fault is None else fault.name,
            )
        )


def _read_body(raw: bytes, content_type: str) -> object:
    if not raw:
        return None
    text = raw.decode(errors="replace")
    if content_type != JSON:
        return text
    with contextlib.suppress(ValueError):
        parsed: object = json.loads(text)
        return parsed
    return text


def _hang_up(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()  # aiohttp wants one; there is nobody left to read it


async def _send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if answer.announced_length is None and len(answer.body) <= _MOST_AT_ONCE:
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body) if answer.announced_length is None else answer.announced_length
    await response.prepare(request)
    if request.transport is not None:
        request.transport.write(answer.body)  # not waited for: nobody may want to read it to its end
    return _cut(request, response)


def _cut(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response
