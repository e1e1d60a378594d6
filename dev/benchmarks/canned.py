"""A server with prepared answers in a separate process, so that benchmarks measure only the client.

`scripts/bench canned` prints its URL and runs until its standard input closes.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import json
import random
import re
import subprocess
import sys
from typing import Final, override
from zoneinfo import ZoneInfo

from benchmarks.bookings import Habits, meetings
from benchmarks.measure import ENVIRONMENT, ROOT

ROOMS: Final = 50
# An answer covers the five office days of a week: about 30 meetings
WINDOW: Final = (datetime(2026, 11, 21, 16, tzinfo=UTC), datetime(2026, 11, 29, 16, tzinfo=UTC))

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_MONDAY_TO_FRIDAY: Final = range(1, 6)


def room_id(number: int) -> str:
    """Return the id of room `number` modulo `ROOMS`."""
    return f"omm_{number % ROOMS:032d}"


def _rows(room: int) -> list[dict[str, str]]:
    rng = random.Random(room)  # noqa: S311  # no secret
    spacing = rng.uniform(0.5, 1.6)
    return [
        {"start_time": _text(start), "end_time": _text(end), "rsvp_status": "accept"}
        for day in _MONDAY_TO_FRIDAY
        for start, end in meetings(day, spacing, Habits(off_grid=0.1), rng)
    ]


def _text(seconds: float) -> str:
    return (WINDOW[0] + timedelta(seconds=seconds)).astimezone(_SHANGHAI).isoformat()


def _response(content: object) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_TOKEN: Final = _response({"code": 0, "msg": "ok", "tenant_access_token": "t-canned", "expire": 7200})
_FREE_BUSY: Final = [
    _response({"code": 0, "msg": "success", "data": {"freebusy_list": _rows(room)}}) for room in range(ROOMS)
]
_ROOM: Final = re.compile(rb"omm_(\d+)")


def _answer(body: bytes) -> bytes:
    room = _ROOM.search(body)
    return _FREE_BUSY[int(room[1])] if room else _TOKEN


class _Connection(asyncio.Protocol):
    """Answers requests in order: with bookings if the request names a room, otherwise with a token."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream
        self._transport = transport
        self._received = b""

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0
            )
            if len(self._received) < end + 4 + length:
                return
            self._transport.write(_answer(self._received[end + 4 : end + 4 + length]))
            self._received = self._received[end + 4 + length :]


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def canned_server() -> Iterator[str]:
    """Run the server and yield its URL."""
    command = [sys.executable, "-m", "benchmarks.canned"]
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=-1, stdout=-1, text=True) as process:  # noqa: S603  # our own
        assert process.stdout  # noqa: S101  # a pipe
        yield process.stdout.readline().strip()


if __name__ == "__main__":
    asyncio.run(_serve())
