"""The WebSocket of a long connection."""

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Final

from aiohttp import WSMsgType, web

from .hub import Act, Connection, Push

if TYPE_CHECKING:
    from simulator.tenant import Tenant

FOR_EVER: Final = 86_400.0  # seconds
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
WAIT_FOR_CLOSE: Final = 2.0  # seconds


async def serve(tenant: Tenant, request: web.BaseRequest) -> web.StreamResponse:
    """Refuse the handshake, or serve the connection until it ends."""
    push = tenant.push
    if tenant.variants.handshake == "hang":
        await asyncio.sleep(FOR_EVER)
    refusal = push.admit(request.query.get("ticket", ""), request.query.get("access_key", ""))
    if refusal is not None:
        return web.Response(status=403, headers=refusal, text="refused")
    socket_ = web.WebSocketResponse(autoping=False, compress=False, timeout=WAIT_FOR_CLOSE)
    await socket_.prepare(request)
    connection = push.open(request.query.get("device_id", ""))
    sender = asyncio.create_task(_send(socket_, request, connection))
    try:
        await _receive(socket_, push, connection)
    finally:
        sender.cancel()
        cleanly = socket_.close_code is not None and socket_.close_code != 1006
        push.gone(connection, cleanly=cleanly)
    return socket_


async def _receive(socket_: web.WebSocketResponse, push: Push, connection: Connection) -> None:
    answers_pings = push.tenant.variants.client_pings == "answered"
    async for message in socket_:
        match message.type:
            case WSMsgType.BINARY:
                push.receive(connection, message.data)
            case WSMsgType.PING if answers_pings and connection.state != "silent":
                await socket_.pong(message.data)
            case WSMsgType.TEXT:
                push.violations.append("a text message")


async def _send(socket_: web.WebSocketResponse, request: web.BaseRequest, connection: Connection) -> None:
    while True:
        message = await connection.outbox.get()
        with contextlib.suppress(ConnectionError, RuntimeError):  # the client is gone
            match message:
                case Act.BYE:
                    await socket_.close(code=1000, message=b"bye")
                case Act.RST | Act.EOF:
                    _cut(request, reset=message is Act.RST)
                case Act.PING:
                    await socket_.ping()
                case str():
                    await socket_.send_str(message)
                case _:
                    await socket_.send_bytes(message)


def _cut(request: web.BaseRequest, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()
