"""The long connection over which Feishu pushes events to the app: connect, ping, acknowledge, reconnect.

No failure ends it: it reconnects until it is stopped. The connection's URL is a secret, like the app secret: it is in
no text, no log and no error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
import logging
import random
from typing import Any, Final, NoReturn

import aiohttp
import orjson
from yarl import URL

from . import frames, hints
from .errors import (
    CredentialsError,
    ErrorDetails,
    FeishuError,
    NotFeishuError,
    NotReachableError,
    RateLimitedError,
    UnreadableAnswerError,
    error_without_code,
)
from .frames import Fragments, Frame, FrameError
from .hints import ForeignEvent, Hint, UnreadableHintError
from .redaction import redacted
from .session import environment_proxy, error_of_request, read_body

_LOGGER = logging.getLogger(__name__)

_PATH = "/callback/ws/endpoint"
_HEADERS = {"Content-Type": "application/json", "locale": "zh"}
_MAX_ANSWER = 64 * 1024  # bytes, of the answer with the URL
_MAX_TEXT = 300
_MAX_TYPES = 50  # event types in the statistics
_MOST_MALFORMED = 3  # in a row; then the connection is replaced
_OK = 200
_FORBIDDEN, _AUTH_FAILED = 403, 514
_BUSY, _INTERNAL_ERROR = 1, 1000040343
_NO_CREDENTIALS, _BAD_CREDENTIALS, _TOO_MANY, _WRONG_CLOUD = 1000040344, 1000040345, 1000040350, 1000040351
_NORMAL_CLOSURE, _GOING_AWAY = 1000, 1001
_CLOSE = _NORMAL_CLOSURE.to_bytes(2)  # the content of a CLOSE frame
_LAST_MESSAGES = {
    aiohttp.WSMsgType.CLOSE,
    aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.CLOSED,
    aiohttp.WSMsgType.ERROR,
}
_JITTER = 0.2


class StreamState(StrEnum):
    """What the connection does."""

    OFF = "off"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting"  # for the next attempt


class StreamProblem(StrEnum):
    """Why there is no connection."""

    NOT_REACHABLE = "not_reachable"
    SERVER = "server"  # the server failed or sent something unreadable
    BLOCKED = "blocked"  # something else answered, such as a proxy or the login page of a network
    REFUSED_TICKET = "refused_ticket"
    CLOSED = "closed"  # the connection ended
    SILENT = "silent"  # a ping was not answered
    MALFORMED = "malformed"  # too many unreadable frames
    CREDENTIALS = "credentials"  # the token endpoint refuses them, too
    NOT_PUBLISHED = "not_published"  # the token endpoint accepts the credentials
    FORBIDDEN = "forbidden"
    WRONG_CLOUD = "wrong_cloud"  # a Feishu app at Lark's address, or the reverse
    TOO_MANY_CONNECTIONS = "too_many_connections"
    UNKNOWN = "unknown"  # a code that is not documented


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """The state, and why the connection waits. `retry_in` is the number of seconds until the next attempt."""

    state: StreamState
    problem: StreamProblem | None = None
    details: ErrorDetails = field(default_factory=ErrorDetails)
    retry_in: float | None = None


@dataclass(slots=True)
class StreamStatistics:
    """Numbers for diagnostics. Times are those of the loop's clock, in seconds; None: never."""

    connections: int = 0
    connected_at: float | None = None
    last_pong: float | None = None
    last_events: dict[str, float] = field(default_factory=dict)  # by event type
    events: int = 0
    malformed: int = 0  # frames and events that cannot be read, or exceed a limit
    foreign: int = 0  # events of another app
    last_code: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """All durations in seconds. Only tests use others."""

    answer: float = 15.0  # to the request for the URL, and to the handshake
    ping: float = 120.0  # between two pings, unless the server sets another interval
    shortest_ping: float = 10.0
    longest_ping: float = 300.0
    pong: float = 20.0  # from a ping to any frame; three seconds end healthy connections on lossy networks
    heartbeat: float = 30.0  # between two WebSocket pings
    close: float = 2.0  # from our CLOSE frame to the server's
    first_retry: float = 30.0  # at most, unless the server sets another value
    after_clean_close: float = 3.0  # at most
    retry: float = 5.0  # the second one; it doubles
    longest_retry: float = 60.0  # or the server's interval if that is longer
    limit_of_server: float = 300.0  # for values of the server
    healthy: float = 60.0  # after this time connected, the next retry is a first one
    slow: float = 3600.0  # an administrator has to change something
    refused: float = 600.0  # it doubles, up to `slow`
    too_many: float = 600.0


_DEFAULT_TIMING: Final = Timing()


class _Ended(Exception):  # noqa: N818  # the usual end of an attempt
    """An attempt to connect failed, or the connection ended. `clean`: the server closed it in the regular way."""

    def __init__(
        self,
        problem: StreamProblem,
        details: ErrorDetails | None = None,
        *,
        clean: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.details = details or ErrorDetails()
        self.clean = clean
        self.retry_after = retry_after


class Stream:
    """Keeps one connection open from `start` until `stop`.

    `on_hint` is called for each event, also if it was delivered before, and `on_status` for each change of the state;
    both run in the event loop and must return at once. `check_credentials` requests a token and raises
    `CredentialsError` if Feishu refuses the credentials.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        app_id: str,
        app_secret: str,
        on_hint: Callable[[Hint], None],
        on_status: Callable[[StreamStatus], None],
        check_credentials: Callable[[], Awaitable[None]],
        timing: Timing = _DEFAULT_TIMING,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._proxy = environment_proxy(base_url)
        self._app_id = app_id
        self._app_secret = app_secret
        self._on_hint = on_hint
        self._on_status = on_status
        self._check_credentials = check_credentials
        self._timing = timing
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.status = StreamStatus(StreamState.OFF)
        self.statistics = StreamStatistics()

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return f"<Stream {self._app_id} at {self._base_url}: {self.status.state}>"

    def start(self) -> None:
        """Start to connect in the background, unless started already."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="feishu_freebusy stream")
            self._tasks.add(self._task)
            self._task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Close the connection in the background. Nothing is called after this."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.statistics.connected_at = None
            self.status = StreamStatus(StreamState.OFF)
            self._call(self._on_status, self.status)

    async def stop_and_wait(self) -> None:
        """Close the connection, and wait until it is closed: a few seconds at most."""
        self.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def reconnect(self) -> None:
        """Replace the connection, or try again at once. Does nothing if the stream is stopped."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self.statistics.connected_at = None
            self.start()

    # --- Attempts -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self._set_status(StreamStatus(StreamState.CONNECTING))
        if earlier := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(earlier)  # one connection at a time
        delays = _Delays(self._timing)
        while True:
            self._set_status(StreamStatus(StreamState.CONNECTING))
            ended = await self._attempt(delays)
            delay = delays.after(ended)
            self._set_status(StreamStatus(StreamState.WAITING, ended.problem, ended.details, delay))
            _LOGGER.debug("No long connection: %s, code %s; next in %.0f s", ended.problem, ended.details.code, delay)
            await asyncio.sleep(delay)

    async def _attempt(self, delays: _Delays) -> _Ended:
        """Connect, and keep the connection until it ends. Return why it ended."""
        started: float | None = None
        try:
            url = await self._fetch_url(delays)
            socket = await self._open(url)
            started = _now()
            connection = _Connection(self, socket, _service_of(url), delays)
            try:
                await connection.serve()
            finally:
                await connection.close()
        except _Ended as end:
            ended = end
        except Exception as error:  # noqa: BLE001  # no failure may end the stream; its text may name the URL
            _LOGGER.error("The long connection failed unexpectedly: %s", type(error).__name__)  # noqa: TRY400
            ended = _Ended(StreamProblem.SERVER)
        self.statistics.connected_at = None
        if ended.details.code is not None:
            self.statistics.last_code = ended.details.code
        if started is not None and _now() - started >= self._timing.healthy:
            delays.reset()
        return ended

    async def _fetch_url(self, delays: _Delays) -> URL:
        """Return the URL of a new connection; each is good for one."""
        status, headers, content = await self._post({"AppID": self._app_id, "AppSecret": self._app_secret})
        body = _json(content)
        code = body.get("code")
        code = code if type(code) is int else None
        if status == _OK and code == 0:
            data = body.get("data")
            data = data if isinstance(data, dict) else {}
            url = self._read_url(data.get("URL"))
            delays.configure(data.get("ClientConfig"))
            return url
        details = ErrorDetails(code, self._clean(body.get("msg")), http_status=status)
        if status == _OK and code is not None:
            raise _Ended(await self._problem_of(code), details)
        error = error_without_code(status, headers, content)
        retry_after = (isinstance(error, RateLimitedError) and error.retry_after) or 0.0
        blocked = code is None and isinstance(error, NotFeishuError)
        raise _Ended(StreamProblem.BLOCKED if blocked else StreamProblem.SERVER, details, retry_after=retry_after)

    async def _post(self, body: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes | bytearray]:
        error: FeishuError
        try:
            async with (
                asyncio.timeout(self._timing.answer),
                self._session.post(
                    f"{self._base_url}{_PATH}",
                    headers=_HEADERS,
                    data=orjson.dumps(body),
                    allow_redirects=False,
                    proxy=self._proxy,
                    middlewares=(),
                ) as response,
            ):
                return response.status, response.headers, await read_body(response, _MAX_ANSWER)
        except UnreadableAnswerError as failure:
            error = failure
        except (aiohttp.ClientError, OSError) as failure:  # a timeout, too
            error = error_of_request(failure)
        problem = StreamProblem.NOT_REACHABLE if isinstance(error, NotReachableError) else StreamProblem.SERVER
        raise _Ended(problem)  # outside `except`: as its context, aiohttp's error would keep the request

    def _read_url(self, value: object) -> URL:
        """Return the URL. It must be encrypted, unless the open platform's address is not."""
        try:
            url = URL(value, encoded=True) if isinstance(value, str) else URL()
        except ValueError:
            url = URL()
        schemes = {"wss"} if self._base_url.startswith("https:") else {"ws", "wss"}
        if url.scheme not in schemes or not url.host:
            raise _Ended(StreamProblem.SERVER)
        return url

    async def _problem_of(self, code: int) -> StreamProblem:
        if code == _BAD_CREDENTIALS:
            try:
                await self._check_credentials()
            except CredentialsError:
                return StreamProblem.CREDENTIALS
            except FeishuError:
                return StreamProblem.SERVER
            return StreamProblem.NOT_PUBLISHED
        return _PROBLEMS.get(code, StreamProblem.UNKNOWN)

    async def _open(self, url: URL) -> aiohttp.ClientWebSocketResponse:
        try:
            async with asyncio.timeout(self._timing.answer):
                return await self._session.ws_connect(
                    url,
                    timeout=aiohttp.ClientWSTimeout(ws_close=self._timing.close),
                    heartbeat=self._timing.heartbeat,
                    autoclose=False,
                    proxy=environment_proxy(url),
                    max_msg_size=frames.MAX_FRAME,
                )
        except aiohttp.WSServerHandshakeError as error:
            ended = self._refusal(error.status, error.headers or {})
        except aiohttp.ClientError, OSError, ValueError:
            ended = _Ended(StreamProblem.NOT_REACHABLE)
        raise ended  # outside `except`: aiohttp's errors name the URL

    def _refusal(self, http_status: int, headers: Mapping[str, str]) -> _Ended:
        """Return the end for a refused handshake. The HTTP status says nothing; Feishu's own headers do."""
        code = _number(headers.get("Handshake-Autherrcode"))
        msg = self._clean(headers.get("Handshake-Msg"))
        status = _number(headers.get("Handshake-Status"))
        details = ErrorDetails(code or status, msg, http_status=http_status)
        if "Handshake-Status" not in headers:
            return _Ended(StreamProblem.BLOCKED, details)
        if status == _AUTH_FAILED:
            too_many = code == _TOO_MANY
            return _Ended(StreamProblem.TOO_MANY_CONNECTIONS if too_many else StreamProblem.REFUSED_TICKET, details)
        return _Ended(StreamProblem.FORBIDDEN if status == _FORBIDDEN else StreamProblem.SERVER, details)

    # --- Callbacks ----------------------------------------------------------------------------------------------------

    def _set_status(self, status: StreamStatus) -> None:
        if self._task is asyncio.current_task() and status != self.status:
            self.status = status
            self._call(self._on_status, status)

    def connected(self) -> None:
        """Record that the connection is open."""
        self.statistics.connections += 1
        self.statistics.connected_at = _now()
        self._set_status(StreamStatus(StreamState.CONNECTED))

    def received(self, payload: bytes) -> None:
        """Hand over an event that was acknowledged."""
        statistics = self.statistics
        try:
            hint = hints.read_hint(payload, self._app_id)
        except UnreadableHintError as error:
            statistics.malformed += 1
            _LOGGER.debug("Ignored an event: %s", error)
            return
        if isinstance(hint, ForeignEvent):
            statistics.foreign += 1
            _LOGGER.debug("Ignored an event of another app")
            return
        statistics.events += 1
        if hint.event_type in statistics.last_events or len(statistics.last_events) < _MAX_TYPES:
            statistics.last_events[hint.event_type] = _now()
        if self._task is asyncio.current_task():
            self._call(self._on_hint, hint)

    def _call[T](self, callback: Callable[[T], None], value: T) -> None:
        try:
            callback(value)
        except Exception:
            _LOGGER.exception("A listener of the long connection failed")

    def _clean(self, text: object) -> str:
        """Return a text of the server without secrets and ids."""
        return redacted(text, (self._app_secret, self._app_id))[:_MAX_TEXT] if isinstance(text, str) else ""


class _Connection:
    """One open connection: pings, and the frames that arrive."""

    def __init__(self, stream: Stream, socket: aiohttp.ClientWebSocketResponse, service: int, delays: _Delays) -> None:
        self._stream = stream
        self._socket = socket
        self._service = service
        self._delays = delays
        self._fragments = Fragments()
        self._malformed_in_a_row = 0
        self._inbox: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue(1)
        # A task of its own, canceled only in the end: the socket of a canceled `receive` counts as broken
        self._receiving = asyncio.create_task(self._receive())

    async def serve(self) -> NoReturn:
        """Serve the connection until it ends. Raises `_Ended`."""
        self._stream.connected()
        timing = self._delays.timing
        last_ping = float("-inf")
        answer_by: float | None = None
        while True:
            now = _now()
            if answer_by is not None and now >= answer_by:
                raise _Ended(StreamProblem.SILENT)
            if now >= last_ping + self._delays.ping:
                last_ping = now
                answer_by = now + timing.pong if answer_by is None else answer_by
                await self._send(frames.ping(self._service))
            next_ping = last_ping + self._delays.ping
            until = next_ping if answer_by is None else min(next_ping, answer_by)
            message = await self._next_message(until)
            if message is not None:
                answer_by = None
                await self._handle(message)

    async def _next_message(self, until: float) -> aiohttp.WSMessage | None:
        """Return the next message, None if there is none until then (on the loop's clock)."""
        try:
            async with asyncio.timeout_at(until):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _receive(self) -> None:
        message = None
        while message is None or message.type not in _LAST_MESSAGES:
            message = await self._socket.receive()
            await self._inbox.put(message)

    async def close(self) -> None:
        """Send a CLOSE frame and wait for the server's, for a short time.

        Without it, the server sends events to the dead connection for minutes or hours.
        """
        seconds = self._delays.timing.close
        with suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(seconds):
                await self._exchange_close_frames()
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)
        with suppress(TimeoutError, aiohttp.ClientError, OSError):
            async with asyncio.timeout(seconds):
                await self._socket.close()

    async def _exchange_close_frames(self) -> None:
        # aiohttp's `close` would do so, but the server's frame would start its heartbeat again
        if self._socket.close_code is None and not self._socket.closed:
            await self._socket.send_frame(_CLOSE, aiohttp.WSMsgType.CLOSE)
            while (await self._inbox.get()).type not in _LAST_MESSAGES:
                pass

    async def _send(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._delays.timing.pong):
                await self._socket.send_bytes(data)
                return
        except aiohttp.ClientError, OSError:  # a timeout, too: the other side does not read
            pass
        raise _Ended(StreamProblem.CLOSED)

    async def _handle(self, message: aiohttp.WSMessage) -> None:
        match message.type:
            case aiohttp.WSMsgType.BINARY:
                await self._handle_frame(message.data)
            case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                code = message.data if isinstance(message.data, int) else None
                raise _Ended(StreamProblem.CLOSED, clean=code in {_NORMAL_CLOSURE, _GOING_AWAY})
            case aiohttp.WSMsgType.ERROR:
                raise _Ended(StreamProblem.CLOSED)
            case _:
                _LOGGER.debug("Ignored a message that is not binary")

    async def _handle_frame(self, data: bytes) -> None:
        started = _now()
        try:
            frame = frames.decode(data)
            if frame.method == frames.CONTROL:
                self._handle_control(frame)
                payload = None
            else:
                payload = self._fragments.add(frame, started) if frame.method == frames.DATA else None
        except FrameError as error:
            self._count_malformed(error)
            return
        self._malformed_in_a_row = 0
        if payload is not None:
            # First of all: Feishu delivers an event again that is not acknowledged within three seconds
            await self._send(frames.ack(frame, round((_now() - started) * 1000)))
            if frame.header("type") == "event":
                self._stream.received(payload)

    def _count_malformed(self, error: FrameError) -> None:
        self._stream.statistics.malformed += 1
        self._malformed_in_a_row += 1
        _LOGGER.debug("Ignored a frame: %s", error)
        if self._malformed_in_a_row >= _MOST_MALFORMED:
            raise _Ended(StreamProblem.MALFORMED)

    def _handle_control(self, frame: Frame) -> None:
        if frame.header("type") == "pong":
            self._stream.statistics.last_pong = _now()
            if frame.payload:
                self._delays.configure(_json(frame.payload))


class _Delays:
    """How long to wait: between pings, and between attempts. The server may set some of it."""

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.ping = timing.ping
        self._first_retry = timing.first_retry
        self._longest_retry = timing.longest_retry
        self._failures = 0
        self._refusals = 0

    def configure(self, config: object) -> None:
        """Use the server's values. A value that is missing, zero or no number changes nothing.

        `ReconnectCount` is ignored: clients that gave up after it stayed deaf.
        """
        timing = self.timing
        values = config if isinstance(config, dict) else {}
        if ping := _positive(values.get("PingInterval")):
            self.ping = min(max(ping, timing.shortest_ping), timing.longest_ping)
        if nonce := _positive(values.get("ReconnectNonce")):
            self._first_retry = min(nonce, timing.limit_of_server)
        if interval := _positive(values.get("ReconnectInterval")):
            self._longest_retry = min(max(interval, timing.longest_retry), timing.limit_of_server)

    def reset(self) -> None:
        """Let the next retry be a first one: the last connection was healthy."""
        self._failures = self._refusals = 0

    def after(self, ended: _Ended) -> float:
        """Return the seconds until the next attempt."""
        timing = self.timing
        if ended.problem in {StreamProblem.CREDENTIALS, StreamProblem.NOT_PUBLISHED}:
            self._refusals += 1
            return _jittered(min(timing.refused * 2 ** min(self._refusals - 1, 10), timing.slow))
        if ended.problem in {StreamProblem.FORBIDDEN, StreamProblem.WRONG_CLOUD}:
            return _jittered(timing.slow)
        if ended.problem in {StreamProblem.TOO_MANY_CONNECTIONS, StreamProblem.UNKNOWN}:
            return _jittered(timing.too_many)
        self._failures += 1
        if self._failures == 1:
            most = min(self._first_retry, timing.after_clean_close) if ended.clean else self._first_retry
            return max(random.uniform(0, most), ended.retry_after)  # noqa: S311  # no secret
        back_off: float = timing.retry * 2 ** min(self._failures - 2, 10)
        return max(_jittered(min(back_off, self._longest_retry)), ended.retry_after)


_PROBLEMS: Final = {
    _BUSY: StreamProblem.SERVER,
    _INTERNAL_ERROR: StreamProblem.SERVER,
    _FORBIDDEN: StreamProblem.FORBIDDEN,
    _AUTH_FAILED: StreamProblem.FORBIDDEN,
    _NO_CREDENTIALS: StreamProblem.CREDENTIALS,
    _TOO_MANY: StreamProblem.TOO_MANY_CONNECTIONS,
    _WRONG_CLOUD: StreamProblem.WRONG_CLOUD,
}


def _json(content: bytes | bytearray) -> dict[str, Any]:
    """Return a JSON object, an empty one if the content is none."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _service_of(url: URL) -> int:
    """Return the number for the pings; the server does not check it."""
    number = _number(url.query.get("service_id"))
    return number if number is not None and number < 1 << 31 else 0


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= len("1000040350") else None


def _positive(value: object) -> int | None:
    return value if type(value) is int and value > 0 else None


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311  # no secret


def _now() -> float:
    return asyncio.get_running_loop().time()
