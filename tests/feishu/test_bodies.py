"""Bodies of answers: framing, size, JSON. Bodies of requests: any text."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import gzip
import re

import aiohttp
import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import UnreadableAnswerError
from custom_components.feishu_freebusy.feishu.models import ActivateStatus, Bot
from simulator import Fault, Tenant

from .virtual import on_virtual_time, run

MEBIBYTE = 1024 * 1024
TOKEN = b'{"code":0,"msg":"ok","tenant_access_token":"t-abc","expire":7200}'
BOT = b'{"code":0,"msg":"ok","bot":{"app_name":"Orion","activate_status":2}}'

type Frame = Callable[[bytes], bytes]


def with_length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def in_chunks(body: bytes) -> bytes:
    half = len(body) // 2
    chunks = (b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (body[:half], body[half:], b""))
    return b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def until_the_end(body: bytes) -> bytes:
    return b"\r\n" + body


def zipped(frame: Frame) -> Frame:
    return lambda body: b"Content-Encoding: gzip\r\n" + frame(gzip.compress(body, 1))


FRAMES = {
    "with its length": with_length,
    "in chunks": in_chunks,
    "until the connection ends": until_the_end,
    "zipped": zipped(with_length),
    "zipped in chunks": zipped(in_chunks),
}
every_frame = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


@asynccontextmanager
async def server_of(answer: bytes) -> AsyncIterator[str]:
    """Serve tokens, and the same answer on every other path. Yields the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        framed = with_length(TOKEN) if b"tenant_access_token" in head else answer
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + framed)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@every_frame
@pytest.mark.parametrize("size", [len(BOT), MEBIBYTE, 2 * MEBIBYTE])
async def test_an_answer_is_read_for_every_framing(session: aiohttp.ClientSession, frame: Frame, size: int) -> None:
    async with server_of(frame(BOT.ljust(size))) as address:
        client = FeishuClient(session, "cli_a", "secret", base_url=address)

        assert await client.bot() == Bot("Orion", ActivateStatus.ENABLED)


@every_frame
@pytest.mark.parametrize("size", [2 * MEBIBYTE + 1, 64 * MEBIBYTE])
async def test_an_oversized_answer_is_unreadable_for_every_framing(
    quick_retries: None, session: aiohttp.ClientSession, frame: Frame, size: int
) -> None:
    async with server_of(frame(BOT.ljust(size))) as address:
        client = FeishuClient(session, "cli_a", "secret", base_url=address)

        with pytest.raises(UnreadableAnswerError, match="too large"):
            await client.bot()


@pytest.mark.parametrize("frame", [with_length, in_chunks])
async def test_an_answer_falsely_declared_as_gzip_is_unreadable(
    quick_retries: None, session: aiohttp.ClientSession, frame: Frame
) -> None:
    async with server_of(b"Content-Encoding: gzip\r\n" + frame(BOT)) as address:
        client = FeishuClient(session, "cli_a", "secret", base_url=address)

        with pytest.raises(UnreadableAnswerError):
            await client.bot()


@pytest.mark.parametrize(
    ("bot", "expected"),
    [
        ('{"app_name":"Vega","app_name":"Orion"}', Bot("Orion", None)),
        ('{"app_name":"Orion","activate_status":18446744073709551616}', Bot("Orion", None)),
        ('{"app_name":"Orion","activate_status":-9223372036854775809}', Bot("Orion", None)),
        ('{"app_name":"Orion","activate_status":2.0}', Bot("Orion", ActivateStatus.ENABLED)),
        ('{"app_name":"\\ud83d\\ude00 \\u0000 😀"}', Bot("😀 😀", None)),
        ('{"app_name":"Orion","more":' + "[" * 900 + "]" * 900 + "}", Bot("Orion", None)),
    ],
    ids=["a name twice", "a large number", "a small number", "a fraction", "escapes", "deep"],
)
def test_unusual_but_valid_json_is_read(tenant: Tenant, bot: str, expected: Bot) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        tenant.inject(Fault.body(200, f' {{"code":0,"bot":{bot}}}\r\n'), "bot/v3/info")

        assert await virtual.client.bot() == expected

    run(play())


def test_a_request_may_hold_any_text(tenant: Tenant) -> None:
    async def play() -> None:
        virtual = on_virtual_time(tenant)
        ids = ["omm_会议室", "omm_😀", 'omm_"\\\n\0']

        assert await virtual.client.rooms_mget(ids) == ()
        assert tenant.requests[-1].body == {"room_ids": ids}

    run(play())
