"""The HTTP server of a tenant, on 127.0.0.1 only."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
import json
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qsl

from aiohttp import web

from . import accounts, control, gateway
from .answers import Answer
from .faults import Fault
from .model import Call, LoggedRequest
from .push import link
from .push.hub import SOCKET_PATH
from .tenant import Tenant

HOST: Final = "127.0.0.1"
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
# stop() simulates an outage: it drops pending answers instead of waiting for them.
SHUTDOWN_TIMEOUT: Final = 0.1
_MOST_AT_ONCE: Final = 1024 * 1024  # bytes


class Simulator:
    """Serves a tenant over HTTP. Use it as an async context manager, or call :meth:`start` and :meth:`stop`.

    ``port`` 0 takes a free port and keeps it: after a stop, the simulator starts again on the same port.
    """

    def __init__(self, tenant: Tenant, port: int = 0) -> None:
        """Prepare to serve ``tenant``; :meth:`start` opens the port."""
        self.tenant = tenant
        self.port = port
        self._runner: web.ServerRunner | None = None

    @property
    def base_url(self) -> str:
        """The address of the tenant, as ``https://open.feishu.cn`` is for real ones."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Start listening, unless already started. Raise ``OSError`` if the port is taken."""
        if self._runner is not None:
            return
        # Cancel the handler when the client disconnects, so that an abandoned slow answer ends and is logged.
        server = web.Server(self._serve, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=SHUTDOWN_TIMEOUT)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self.port = runner.addresses[0][1]
        self.tenant.accounts_url = self.base_url
        self.tenant.push.address = f"ws://{HOST}:{self.port}"
        self._runner = runner

    async def stop(self) -> None:
        """Stop listening and drop all connections; the tenant keeps its state."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
            self.tenant.push.stop()
            self.tenant.agenda.stop()

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
        if request.path == SOCKET_PATH:  # not in the log of requests: its query has secrets
            return await link.serve(self.tenant, request)
        raw = await request.read()
        if request.path.startswith(control.PREFIX):
            body = _read_body(raw, request.content_type)
            return await _send(request, control.answer(self.tenant, request.method, request.path, body))
        # Feishu's SDK sends JSON without a Content-Type. The control interface is stricter: web pages can reach it.
        body = _read_body(raw, request.content_type if "Content-Type" in request.headers else JSON)
        if isinstance(body, str) and request.content_type == FORM and accounts.serves(request.path):
            body = dict(parse_qsl(body, keep_blank_values=True))
        authorization = request.headers.get("Authorization", "")
        caller = gateway.caller_of(self.tenant, authorization)
        call = Call(request.method, request.path, tuple(request.query.items()), body, self.tenant.now(), caller)
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
            answer = gateway.answer(self.tenant, call, authorization, excess)
        if fault is not None and fault.spoil is not None:
            answer = fault.spoil(answer)
        if answer.delay:
            await self._delay(call, Fault.slow(answer.delay))
        if answer.lost:
            self._log(call, None, fault)
            return _hang_up(request)
        self._log(call, answer, fault)
        date = format_datetime((self.tenant.now() + self.tenant.date_offset).astimezone(UTC), usegmt=True)
        return await _send(request, replace(answer, headers={"Date": date, **answer.headers}))

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
                person=safe.person,
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
    return web.Response()  # aiohttp requires one; it is never sent


async def _send(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    if answer.announced_length is None and len(answer.body) <= _MOST_AT_ONCE:
        return web.Response(status=answer.status, body=answer.body, headers=headers)
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_length = len(answer.body) if answer.announced_length is None else answer.announced_length
    await response.prepare(request)
    if request.transport is not None:
        request.transport.write(answer.body)  # do not await the drain: the client may never read all of it
    return _cut(request, response)


def _cut(request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return response
