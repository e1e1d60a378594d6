"""A malicious or broken server causes one clear error, gets no secret, and the next call works."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from compression import zstd
from contextlib import suppress
import gzip
import socket
import tracemalloc
from typing import Any
import zlib

import aiohttp
import pytest

from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotFeishuError,
    NotReachableError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.session import session_options

from .hostile import BOT, ORION, Script, Server, failure_of, nothing_left, ok, says, says_for_ever, serving

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def quick(quick_retries: None) -> None:
    """Retry without a pause."""


@pytest.fixture
async def client_of(socket_enabled: None) -> AsyncIterator[Callable[[Server], FeishuClient]]:
    """Return a function that makes a client of a server."""
    async with aiohttp.ClientSession(**session_options()) as session:
        yield lambda server: FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)


def redirect(location: bytes, status: int = 302) -> Script:
    return says(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location))


def chunked(*headers: bytes) -> bytes:
    lines = (b"HTTP/1.1 200 OK", *headers, b"Transfer-Encoding: chunked", b"", b"")
    return b"\r\n".join(lines)


def packed(encoding: bytes, body: bytes) -> Script:
    return says(ok(body, b"Content-Encoding: " + encoding))


ZEROS = bytes(10 * MEBIBYTE)
HEADER = b"X-Header: %s\r\n"

HOSTILE: dict[str, tuple[Script, type[FeishuError]]] = {
    # Redirects and demands for a login
    **{
        f"{status} to {place!r}": (redirect(place, status), NotFeishuError)
        for status in (301, 302, 303, 307, 308)
        for place in (
            *(
                b"http://elsewhere.example/open-apis/bot/v3/info",
                b"//elsewhere.example/",
                b"/open-apis/bot/v3/info",
                b"?again",
            ),
            *(b"file:///etc/passwd", b"javascript:alert(1)", b"http://[", b"http://\xff\xfe", b"", b"http://a:99999/"),
        )
    },
    "300 with choices": (redirect(b"http://elsewhere.example/", 300), NotFeishuError),
    "305 use proxy": (redirect(b"http://elsewhere.example/", 305), NotFeishuError),
    "a proxy that asks for a login": (
        says(b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
        NotFeishuError,
    ),
    "401 asks for a password": (
        says(b"HTTP/1.1 401 Who?\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
        NotFeishuError,
    ),
    # It never ends
    "a body without end": (says_for_ever(chunked(), b"10000\r\n" + b" " * 0x10000 + b"\r\n"), UnreadableAnswerError),
    "a body without end or frame": (says_for_ever(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536), UnreadableAnswerError),
    "a redirect without end": (
        says_for_ever(b"HTTP/1.1 302 Go\r\nLocation: /\r\n\r\n", b" " * 65536),
        UnreadableAnswerError,
    ),
    "a header without end": (says_for_ever(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x" * 65536), UnreadableAnswerError),
    # Compressed
    "gzip": (packed(b"gzip", gzip.compress(ZEROS)), UnreadableAnswerError),
    "deflate": (packed(b"deflate", zlib.compress(ZEROS)), UnreadableAnswerError),
    "zstd": (packed(b"zstd", zstd.compress(ZEROS)), UnreadableAnswerError),
    "gzip in gzip": (packed(b"gzip, gzip", gzip.compress(gzip.compress(ZEROS))), UnreadableAnswerError),
    "many gzips": (packed(b"gzip", gzip.compress(bytes(65536)) * 200), UnreadableAnswerError),
    "gzip that is cut off": (packed(b"gzip", gzip.compress(BOT)[:-12]), UnreadableAnswerError),
    "not gzip": (packed(b"gzip", BOT), UnreadableAnswerError),
    "not deflate": (packed(b"deflate", b"\xff" + BOT), UnreadableAnswerError),
    "not zstd": (packed(b"zstd", BOT), UnreadableAnswerError),
    # Invalid headers
    "a header of 1 MB": (says(ok(BOT, b"X-Header: " + b"x" * MEBIBYTE), keep=False), UnreadableAnswerError),
    "a header without a name": (says(ok(BOT, b": value"), keep=False), UnreadableAnswerError),
    "a negative length": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", keep=False),
        UnreadableAnswerError,
    ),
    "a length in words": (says(b"HTTP/1.1 200 OK\r\nContent-Length: all\r\n\r\n", keep=False), UnreadableAnswerError),
    "two lengths": (says(ok(BOT, b"Content-Length: 3"), keep=False), UnreadableAnswerError),
    "a length and chunks": (says(ok(BOT, b"Transfer-Encoding: chunked"), keep=False), UnreadableAnswerError),
    "a status in letters": (says(b"HTTP/1.1 abc OK\r\n\r\n", keep=False), UnreadableAnswerError),
    "a status of five digits": (says(b"HTTP/1.1 20000 OK\r\n\r\n", keep=False), UnreadableAnswerError),
    "HTTP/0.9": (says(BOT, keep=False), UnreadableAnswerError),
    "HTTP/9": (says(BOT.join([b"HTTP/9.9 200 OK\r\n\r\n", b""]), keep=False), UnreadableAnswerError),
    "HTTP/2": (says(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80", keep=False), UnreadableAnswerError),
    "TLS on a plain port": (says(b"\x15\x03\x03\0\x02\x02\x28", keep=False), UnreadableAnswerError),
    "a hang-up": (says(b"", keep=False), NotReachableError),
    # The body contradicts the headers
    "half of the body": (says(ok(BOT)[:-20], keep=False), UnreadableAnswerError),
    "half of a chunk": (says(chunked() + b"40\r\n{", keep=False), UnreadableAnswerError),
    "an invalid chunk": (says(chunked() + b"zz\r\n{}\r\n0\r\n\r\n", keep=False), UnreadableAnswerError),
    "a length shorter than the body": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + BOT),
        UnreadableAnswerError,
    ),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), UnreadableAnswerError),
    # Upgrades to another protocol
    "an upgrade": (
        says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + BOT),
        NotFeishuError,
    ),
    "an upgrade to h2c": (
        says(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" + BOT),
        NotFeishuError,
    ),
}

ONLY_TIME_ENDS = {
    "a body that drips": says_for_ever(chunked(), b"1\r\n \r\n", pause=0.05),
    "headers that drip": says_for_ever(b"HTTP/1.1 200 OK\r\nX-Header: ", b"x", pause=0.05),
    "a chunk length without end": says_for_ever(chunked(), b"0" * 65536),
    "chunk extensions without end": says_for_ever(chunked() + b"1;", b"x" * 65536),
    "continue, continue": says_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "hints without end": says_for_ever(b"", b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" * 100),
    "nothing at all": says(b""),
    "a length longer than the body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + BOT),
}

# Only a timeout ends these before aiohttp 3.14; later releases refuse them
TIME_ENDS_AT_LATEST = {
    "headers without end": says_for_ever(b"HTTP/1.1 200 OK\r\n", HEADER % (b"x" * 99)),
    "trailers without end": says_for_ever(chunked() + b"0\r\n", HEADER % (b"x" * 999)),
}
# Before aiohttp 3.14 these are ignored; later releases refuse them
ODD = {
    "100,000 headers": says(ok(BOT, *[b"X-Header: x"] * 100_000), keep=False),
    "a header with a NUL": says(ok(BOT, b"X-Header: a\0b"), keep=False),
}


@pytest.mark.parametrize(("script", "expected"), HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_answer_raises_one_clear_error(
    socket_enabled: None, caplog: pytest.LogCaptureFixture, script: Script, expected: type[FeishuError]
) -> None:
    async with (
        serving(script) as server,
        nothing_left(server, caplog),
        aiohttp.ClientSession(**session_options()) as session,
    ):
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)

        assert type(await failure_of(client)) is expected
        server.script = None
        assert await client.bot() == ORION


@pytest.mark.parametrize("script", ODD.values(), ids=ODD)
async def test_an_odd_header_is_refused_or_ignored(client_of: Callable[[Server], FeishuClient], script: Script) -> None:
    async with serving(script) as server:
        client = client_of(server)

        with suppress(UnreadableAnswerError):
            assert await client.bot() == ORION
        server.script = None
        assert await client.bot() == ORION


@pytest.mark.family
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        *((script, {NotReachableError}) for script in ONLY_TIME_ENDS.values()),
        *((script, {NotReachableError, UnreadableAnswerError}) for script in TIME_ENDS_AT_LATEST.values()),
    ],
    ids=[*ONLY_TIME_ENDS, *TIME_ENDS_AT_LATEST],
)
@pytest.mark.parametrize("strikes", ["a call", "a token"])
async def test_an_endless_answer_ends_by_timeout(
    socket_enabled: None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    expected: set[type[FeishuError]],
    strikes: str,
) -> None:
    monkeypatch.setattr(transport, "_ATTEMPT_TIMEOUT", 0.2)
    async with serving() as server, nothing_left(server, caplog), aiohttp.ClientSession(**session_options()) as session:
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)
        server.script, server.token_script = (script, None) if strikes == "a call" else (None, script)

        assert type(await failure_of(client)) in expected
        monkeypatch.undo()
        server.script = server.token_script = None
        assert await client.bot() == ORION


async def test_a_dripping_body_does_not_outlast_the_deadline(socket_enabled: None) -> None:
    drip = ONLY_TIME_ENDS["a body that drips"]
    async with serving(drip) as server, aiohttp.ClientSession(**session_options()) as session:
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address, deadline=1.0)
        before = asyncio.get_running_loop().time()

        with pytest.raises(NotReachableError):
            await client.bot()
        assert asyncio.get_running_loop().time() - before < 5  # a single attempt may last 10 s


# --- Elsewhere --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 301, 302, 303, 307, 308, 401, 407, 503])
@pytest.mark.parametrize("strikes", ["a call", "a token"])
async def test_no_header_of_an_answer_makes_us_call_another_server(
    client_of: Callable[[Server], FeishuClient], status: int, strikes: str
) -> None:
    async with serving() as bystander, serving() as server:
        where = bystander.address.encode()
        names = (b"Location", b"Content-Location", b"Refresh", b"Link", b"Alt-Svc", b"URI", b"X-Accel-Redirect")
        values = (where, where, b"0; url=" + where, b"<%s>; rel=preload" % where, b'h2="%s"' % where[7:], where, where)
        lines = [b"%s: %s" % pair for pair in zip(names, values, strict=True)]
        script = says(ok(b"{}", *lines).replace(b"200 OK", b"%d Hm" % status))
        server.script, server.token_script = (script, None) if strikes == "a call" else (None, script)

        await failure_of(client_of(server))
        assert bystander.requests == []
        assert bystander.open_connections == 0


async def test_middlewares_of_the_session_do_not_run(socket_enabled: None) -> None:
    looked = []

    async def look(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        looked.append(response.headers.get("Location"))
        raise ValueError("no URL")  # as `yarl` says of `http://[`

    async with (
        serving(redirect(b"http://[")) as server,
        aiohttp.ClientSession(middlewares=(look,), **session_options()) as session,
    ):
        client = FeishuClient(session, "cli_a", "secret-0815", base_url=server.address)

        assert type(await failure_of(client)) is NotFeishuError
    assert looked == []


async def test_no_cookie_is_kept_or_sent(socket_enabled: None) -> None:
    cookies = (b"Set-Cookie: mine=1", b"Set-Cookie: everybodys=1; Domain=localhost; Path=/; Max-Age=9999")
    connector = aiohttp.TCPConnector(family=socket.AF_INET)
    async with (
        serving(says(ok(BOT, *cookies))) as server,
        aiohttp.ClientSession(connector=connector, **session_options()) as session,
    ):
        address = server.address.replace("127.0.0.1", "localhost")  # aiohttp keeps no cookies of IP addresses
        for app_id in ("cli_a", "cli_a", "cli_b"):
            assert await FeishuClient(session, app_id, "secret-0815", base_url=address).bot() == ORION

    assert len(server.requests) == 6
    assert not [request for request in server.requests if b"cookie" in request.lower()]


# --- One connection for many answers ----------------------------------------------------------------------------------

EVIL = ok(b'{"code":0,"bot":{"app_name":"Evil","activate_status":2}}')


POISONED = [
    ok(BOT) + EVIL,
    ok(BOT) + EVIL * 3,
    ok(BOT) + b"garbage",
    b"HTTP/1.1 304 Not Modified\r\n\r\n" + EVIL,
    b"HTTP/1.1 302 Go\r\nLocation: /\r\nContent-Length: 0\r\n\r\n" + EVIL,
]
POISONED_AND_ASKED_AGAIN = [
    ok(BOT).replace(b"Content-Length: %d" % len(BOT), b"Content-Length: %d" % (len(BOT) - 1)) + EVIL,
    ok(b"{}") + EVIL,
    b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL,
]


@pytest.mark.parametrize(
    ("answer", "pause"),
    # Bytes that arrive after the next request look like its answer. So there is no pause where a retry follows at once
    [*((answer, 0.05) for answer in POISONED), *((answer, 0.0) for answer in POISONED + POISONED_AND_ASKED_AGAIN)],
    ids=range(2 * len(POISONED) + len(POISONED_AND_ASKED_AGAIN)),
)
async def test_bytes_after_an_answer_do_not_answer_the_next_call(
    client_of: Callable[[Server], FeishuClient], answer: bytes, pause: float
) -> None:
    head = answer.removesuffix(EVIL * 3).removesuffix(EVIL).removesuffix(b"garbage")
    said = asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> bool:
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(pause)
        writer.write(answer[len(head) :])
        said.set()
        await writer.drain()
        return True

    async with serving(script) as server:
        client = client_of(server)
        for _ in range(3):
            with suppress(FeishuError):
                assert (await client.bot()).app_name != "Evil"
            if pause:
                await asyncio.wait_for(said.wait(), 10)
                await asyncio.sleep(pause)
                for _ in range(10):  # let the loop read the bytes before the next request, also on a slow machine
                    await asyncio.sleep(0)
            said.clear()
        server.script = None
        assert await client.bot() == ORION


# --- Compressed -------------------------------------------------------------------------------------------------------


def bomb(encoding: str) -> bytes:
    """Return 256 MiB of zeros, compressed."""
    if encoding == "zstd":
        packer: Any = zstd.ZstdCompressor()
    else:
        packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    chunk = bytes(16 * MEBIBYTE)
    return b"".join([*(packer.compress(chunk) for _ in range(16)), packer.flush()])


@pytest.fixture
def most_memory() -> Iterator[Callable[[], int]]:
    """Return a function for the peak of allocated bytes since the start of the test."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
async def test_a_decompression_bomb_does_not_fill_the_memory(
    client_of: Callable[[Server], FeishuClient], most_memory: Callable[[], int], encoding: str
) -> None:
    packed_zeros = bomb(encoding)
    assert len(packed_zeros) < MEBIBYTE
    tracemalloc.reset_peak()
    async with serving(packed(encoding.encode(), packed_zeros)) as server:
        assert type(await failure_of(client_of(server))) is UnreadableAnswerError

    assert most_memory() < 160 * MEBIBYTE  # before aiohttp 3.14, one read decompresses 32 MiB
