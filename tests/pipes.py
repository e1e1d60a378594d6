"""Connections in memory between Home Assistant and simulators, for tests in which time passes at once.

What one end writes, the other one reads in the next round of the loop. So everything that is on its way is in the loop,
and nobody has to wait for a socket. (PYTEST_DONT_REWRITE: it is imported before that.)
"""

import asyncio
from collections import deque
from collections.abc import Callable
import socket
from typing import Any, cast

from aiohttp import TCPConnector, web
import pytest

from simulator import Simulator


class _Socket:
    """What is asked of a socket: whether its end is a reset."""

    family = socket.AF_UNIX  # aiohttp sets options of TCP on others
    resets = False

    def setsockopt(self, level: int, option: int, _value: object) -> None:
        self.resets |= (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)


class Pipe(asyncio.Transport):
    """One end of a connection. It ends as one of TCP does: the other end reads what was written before."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        """Make an end that is not connected yet."""
        self._socket = _Socket()
        super().__init__({"socket": self._socket, "peername": ("127.0.0.1", 0)})
        self._loop = loop
        self._protocol = protocol
        self._peer = self
        self._reading = True
        self._closing = False
        self._arrived: deque[bytes | Exception | None] = deque()  # None: the other end was closed

    def connect(self, peer: Pipe) -> None:
        """Connect the two ends."""
        self._peer, peer._peer = peer, self
        peer._protocol.connection_made(peer)
        self._protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send to the other end."""
        if data and not self._closing:
            self._peer._arrive(bytes(data))

    def close(self) -> None:
        """Close this end."""
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._lost, None)

    def abort(self) -> None:
        """Close this end. The other one sees a reset if the socket's options say so."""
        self.close()

    def is_closing(self) -> bool:
        """Return whether this end is closed."""
        return self._closing

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who reads at this end."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another one read at this end."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def is_reading(self) -> bool:
        """Return whether this end reads."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._reading = False

    def resume_reading(self) -> None:
        """Read what arrived meanwhile."""
        self._reading = True
        self._loop.call_soon(self._read)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait: none, as the other end has them at once."""
        return 0

    def _arrive(self, data: bytes | Exception | None) -> None:
        self._arrived.append(data)
        self._loop.call_soon(self._read)

    def _read(self) -> None:
        while self._arrived and self.is_reading():
            match self._arrived.popleft():
                case bytes(data):
                    self._protocol.data_received(data)
                case None:
                    if not self._protocol.eof_received():
                        self.close()
                case error:
                    self._closing = True
                    self._loop.call_soon(self._lost, error)

    def _lost(self, error: Exception | None) -> None:
        self._protocol.connection_lost(error)
        self._peer._arrive(ConnectionResetError() if self._socket.resets else None)


def use_pipes(patches: pytest.MonkeyPatch, *running: Simulator) -> None:
    """Connect to running simulators, and to each one that starts from now on, without sockets."""
    simulators = {simulator.port: simulator for simulator in running}
    start, connect = Simulator.start, TCPConnector._wrap_create_connection

    async def note(simulator: Simulator) -> None:
        await start(simulator)
        simulators[simulator.port] = simulator

    async def connect_in_memory(
        connector: TCPConnector, factory: Callable[[], Any], *args: Any, addr_infos: list[Any], **options: Any
    ) -> tuple[asyncio.Transport, Any]:
        reached = simulators.get(addr_infos[0][4][1])
        if reached is None or reached._runner is None or options.get("ssl"):
            return await connect(connector, factory, *args, addr_infos=addr_infos, **options)
        loop = asyncio.get_running_loop()
        protocol = factory()
        pipe = Pipe(loop, protocol)
        pipe.connect(Pipe(loop, cast("web.Server", reached._runner.server)()))
        return pipe, protocol

    patches.setattr(Simulator, "start", note)
    patches.setattr(TCPConnector, "_wrap_create_connection", connect_in_memory)
