"""The long connection against the simulated platform, over real sockets: what works, and every known fault."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha1
import logging
from typing import Any

import aiohttp
import pytest

from custom_components.feishu_freebusy.feishu import stream as stream_module
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import CredentialsError, NotReachableError
from custom_components.feishu_freebusy.feishu.hints import STATUS_CHANGED, Hint, OtherEvent, RoomChanged
from custom_components.feishu_freebusy.feishu.session import session_options
from custom_components.feishu_freebusy.feishu.stream import (
    Stream,
    StreamProblem,
    StreamState,
    StreamStatus,
    Timing,
)
from simulator import Fault, Room, Simulator, Tenant
from simulator.push import Act, Push

from .hostile import says, serving

BOOTSTRAP = "/callback/ws/endpoint"
PATIENCE = 120.0  # seconds; only for a test that fails
CLOSE = 0x88  # the first byte of a CLOSE frame
QUICK = Timing(
    answer=60.0,  # as the pong: longer than a busy machine is late
    ping=60.0,
    shortest_ping=0.02,
    longest_ping=60.0,
    pong=60.0,
    close=1.0,
    first_retry=0.02,
    after_clean_close=0.01,
    retry=0.02,
    longest_retry=0.05,
    limit_of_server=0.05,
)


@dataclass
class Listener:
    """A stream, and everything it reported."""

    stream: Stream = field(init=False)
    hints: list[Hint] = field(default_factory=list)
    statuses: list[StreamStatus] = field(default_factory=list)
    credentials: BaseException | None = None

    async def check_credentials(self) -> None:
        """Do what the client's method of this name does."""
        if self.credentials is not None:
            raise self.credentials

    @property
    def states(self) -> list[StreamState]:
        """The states in their order."""
        return [status.state for status in self.statuses]

    @property
    def problems(self) -> list[StreamProblem]:
        """The problems in their order."""
        return [status.problem for status in self.statuses if status.problem]

    @property
    def rooms(self) -> list[str]:
        """The rooms of the hints in their order."""
        return [hint.room_id for hint in self.hints if isinstance(hint, RoomChanged)]

    @property
    def is_connected(self) -> bool:
        """Whether the stream says so."""
        return self.stream.status.state is StreamState.CONNECTED


@pytest.fixture
def push(tenant: Tenant) -> Push:
    """Return the platform's side, which delivers again a hundred times as fast."""
    tenant.push.scale = 0.01
    return tenant.push


def listener_of(session: aiohttp.ClientSession, tenant: Tenant, base_url: str, timing: Timing = QUICK) -> Listener:
    """Return a stream that is not started."""
    listener = Listener()
    listener.stream = Stream(
        session,
        base_url=base_url,
        app_id=tenant.app_id,
        app_secret=tenant.app_secret,
        on_hint=listener.hints.append,
        on_status=listener.statuses.append,
        check_credentials=listener.check_credentials,
        timing=timing,
    )
    return listener


@pytest.fixture
def make(session: aiohttp.ClientSession, simulator: Simulator, tenant: Tenant, push: Push) -> Callable[..., Listener]:
    """Return a function that makes a stream with changes to the quick timing."""

    def make_listener(**changes: float) -> Listener:
        return listener_of(session, tenant, simulator.base_url, replace(QUICK, **changes))

    return make_listener


@pytest.fixture
async def listener(make: Callable[..., Listener], orion: Room) -> AsyncIterator[Listener]:
    """Return a stream that is not started, in a tenant with a room."""
    made = make()
    yield made
    await made.stream.stop_and_wait()


@pytest.fixture
async def connected(listener: Listener, push: Push) -> Listener:
    """Return a stream that is connected."""
    listener.stream.start()
    await until(lambda: listener.is_connected and push.connections)
    return listener


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # a test waits for any state
            await asyncio.sleep(0.002)


async def acknowledged(push: Push) -> None:
    """Wait until the platform has an acknowledgment for each event."""
    await until(lambda: push.deliveries and all(delivery.acked for delivery in push.deliveries))


async def opened(push: Push, number: int, listener: Listener) -> None:
    """Wait until the connection of this number is open."""
    await until(lambda: push.opened == number and listener.is_connected)


# --- What works -------------------------------------------------------------------------------------------------------


async def test_event_of_a_changed_room(connected: Listener, tenant: Tenant, push: Push, orion: Room) -> None:
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert connected.hints[0].event_id == push.deliveries[0].event_id
    assert connected.states == [StreamState.CONNECTING, StreamState.CONNECTED]
    assert connected.stream.statistics.events == 1
    assert connected.stream.statistics.last_events.keys() == {STATUS_CHANGED}
    assert push.violations == []


async def test_connection_with_the_options_of_the_real_session_and_client(
    client: FeishuClient, listener: Listener, push: Push, tenant: Tenant
) -> None:
    listener.stream._check_credentials = client.check_credentials
    tenant.inject(Fault.error(200, 1000040345), BOOTSTRAP)
    listener.stream.start()
    await until(lambda: listener.problems)
    assert listener.problems == [StreamProblem.NOT_PUBLISHED]


async def test_thousand_events_in_their_order(rooms: list[Room], connected: Listener, push: Push) -> None:
    push.ack_within = 30.0
    for number in range(1000):
        push.send(STATUS_CHANGED, {"room_name": "x", "room_id": rooms[number % 12].room_id})
    await until(lambda: len(connected.hints) == 1000)
    await acknowledged(push)
    assert [hint.event_id for hint in connected.hints] == [each.event_id for each in push.deliveries]
    assert push.violations == []


async def test_first_ping_at_once_and_others_in_the_servers_interval(make: Callable[..., Listener], push: Push) -> None:
    listener = make(longest_ping=0.05, pong=5.0)
    listener.stream.start()
    await until(lambda: push.connections and push.connections[0].pings >= 4)
    assert listener.stream.statistics.last_pong is not None
    assert (push.opened, push.violations) == (1, [])
    await listener.stream.stop_and_wait()


async def test_new_ping_interval_in_a_pong_applies_at_once(make: Callable[..., Listener], push: Push) -> None:
    push.config = None
    listener = make(ping=0.3, longest_ping=0.02)
    listener.stream.start()
    await until(lambda: push.connections and push.connections[0].pings >= 1)
    push.config = {"PingInterval": 1}
    await until(lambda: push.connections[0].pings >= 5)
    assert push.opened == 1
    await listener.stream.stop_and_wait()


@pytest.mark.parametrize(
    "config",
    [
        None,
        {},
        {"PingInterval": 0, "ReconnectInterval": 0, "ReconnectNonce": 0, "ReconnectCount": 0},
        {"PingInterval": "120", "ReconnectInterval": None, "ReconnectNonce": [], "ReconnectCount": "x"},
        {"PingInterval": -1, "ReconnectInterval": 1.5, "ReconnectNonce": True},
        {"PingInterval": 10**30, "ReconnectInterval": 10**30, "ReconnectNonce": 10**30},
    ],
)
async def test_odd_configuration_in_bootstrap_and_pong(
    listener: Listener, push: Push, tenant: Tenant, orion: Room, config: dict[str, object] | None
) -> None:
    push.config = config
    listener.stream.start()
    await until(lambda: push.connections and push.connections[0].pings)
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    push.drop()
    await until(lambda: push.opened == 2 and listener.is_connected)


@pytest.mark.parametrize("pong", ["empty", "garbage"])
async def test_odd_pongs_keep_the_connection(
    make: Callable[..., Listener], push: Push, tenant: Tenant, pong: str
) -> None:
    tenant.variants.update({"pong": pong})
    listener = make(longest_ping=0.03)
    listener.stream.start()
    await until(lambda: push.connections and push.connections[0].pings >= 4)
    assert push.opened == 1
    await listener.stream.stop_and_wait()


async def test_url_without_service_id(listener: Listener, push: Push, tenant: Tenant) -> None:
    tenant.variants.connection_url = "no_service_id"
    listener.stream.start()
    await until(lambda: push.violations)  # the simulator is stricter than Feishu, which does not check the number
    assert push.violations == ["a control frame that is not a plain ping"]
    assert listener.is_connected


@pytest.mark.parametrize(
    "variant",
    [
        "whole",
        "fragments",
        "fragments_reversed",
        "fragment_twice",
        "fragment_empty",
        "unknown_field",
        "headers_missing",
    ],
)
async def test_frames_of_every_shape_are_read_and_acknowledged(
    connected: Listener, tenant: Tenant, push: Push, orion: Room, variant: str
) -> None:
    tenant.variants.update({"frames": variant})
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert (push.deliveries[0].attempts, push.violations) == (1, [])


@pytest.mark.parametrize("variant", ["text", "method_7", "card"])
async def test_stray_messages_are_ignored(
    connected: Listener, tenant: Tenant, push: Push, orion: Room, variant: str
) -> None:
    tenant.variants.update({"frames": variant})
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert (push.opened, push.violations) == (1, [])


@pytest.mark.parametrize(
    ("variant", "malformed"),
    [
        ("fragment_missing", 0),
        ("seq_too_large", 1),
        ("sum_huge", 1),
        ("bad_utf8", 1),
        ("cut_off", 1),
        ("required_field_missing", 1),
    ],
)
async def test_unreadable_frame_is_not_acknowledged_and_comes_again(
    connected: Listener, tenant: Tenant, push: Push, orion: Room, variant: str, malformed: int
) -> None:
    push.ack_within = 0.2
    tenant.variants.update({"frames": variant})
    tenant.rename_room(orion.room_id, "Vega")
    await until(lambda: push.deliveries[0].failures)
    tenant.variants.frames = "whole"
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert connected.stream.statistics.malformed == malformed
    assert push.opened == 1


async def test_three_malformed_frames_in_a_row_replace_the_connection(
    connected: Listener, tenant: Tenant, push: Push, orion: Room
) -> None:
    tenant.variants.redelivery = "off"
    for variant in ("bad_utf8", "cut_off", "whole", "bad_utf8", "cut_off"):
        tenant.variants.update({"frames": variant})
        tenant.rename_room(orion.room_id, "Vega")
        await until(lambda: push.deliveries[-1].attempts)
    await until(lambda: connected.stream.statistics.malformed == 4)
    assert push.opened == 1
    tenant.variants.frames = "bad_utf8"
    tenant.rename_room(orion.room_id, "Vega")
    await until(lambda: push.opened == 2 and connected.is_connected)
    assert connected.problems == [StreamProblem.MALFORMED]


async def test_message_larger_than_the_limit_replaces_the_connection(connected: Listener, push: Push) -> None:
    push.connections[0].outbox.put_nowait(bytes(2 * 1024 * 1024))
    await until(lambda: push.opened == 2 and connected.is_connected)
    assert connected.problems == [StreamProblem.CLOSED]


@pytest.mark.parametrize(
    ("variant", "value"),
    [("event_envelope", "v1"), ("event_token", "empty"), ("event_time", "microseconds")],
)
async def test_envelopes(
    connected: Listener, tenant: Tenant, push: Push, orion: Room, variant: str, value: str
) -> None:
    tenant.variants.update({variant: value})
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]


async def test_event_of_another_app_is_acknowledged_and_ignored(
    connected: Listener, tenant: Tenant, push: Push, orion: Room
) -> None:
    tenant.variants.event_app_id = "foreign"
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.hints == []
    assert connected.stream.statistics.foreign == 1


async def test_unknown_event_and_level_id_are_acknowledged(
    connected: Listener, tenant: Tenant, push: Push, orion: Room
) -> None:
    tenant.variants.update({"event_noise": "unknown_type", "event_room_id": "omb"})
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert [type(hint) for hint in connected.hints] == [OtherEvent, OtherEvent]


async def test_unreadable_event_is_acknowledged_and_counted(connected: Listener, push: Push, orion: Room) -> None:
    push.send(STATUS_CHANGED, {"room_id": orion.room_id})
    push.deliveries[0].content = b"not JSON"
    await acknowledged(push)
    assert connected.hints == []
    assert connected.stream.statistics.malformed == 1


async def test_repeated_events_are_handed_over_with_the_same_id(
    connected: Listener, tenant: Tenant, push: Push, orion: Room
) -> None:
    tenant.variants.event_copies = "twice"
    tenant.rename_room(orion.room_id, "Vega")
    await until(lambda: len(connected.hints) == 2)
    assert connected.hints[0] == connected.hints[1]


async def test_statistics_keep_a_bounded_number_of_event_types(connected: Listener, push: Push) -> None:
    for number in range(60):
        push.subscribed.add(f"type.{number}")
        push.send(f"type.{number}", {})
    await acknowledged(push)
    assert connected.stream.statistics.events == 60
    assert len(connected.stream.statistics.last_events) == 50


async def test_failing_listener_does_not_end_the_stream(
    connected: Listener, tenant: Tenant, push: Push, orion: Room, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("bug")

    connected.stream._on_hint = fail
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    connected.stream._on_hint = connected.hints.append
    tenant.rename_room(orion.room_id, "Mira")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert caplog.text.count("A listener of the long connection failed") == 1


# --- Start, stop, reconnect -------------------------------------------------------------------------------------------


async def test_stop_sends_a_close_frame(connected: Listener, push: Push) -> None:
    push.linger = 60.0
    await connected.stream.stop_and_wait()
    assert connected.states[-1] is StreamState.OFF
    await until(lambda: not push.connections)
    assert push.closed_cleanly == 1


async def test_stop_without_waiting_closes_in_the_background(connected: Listener, push: Push) -> None:
    push.linger = 60.0
    connected.stream.stop()
    assert connected.stream.status.state is StreamState.OFF
    await until(lambda: not push.connections)
    assert push.closed_cleanly == 1


async def test_nothing_is_reported_after_stop(connected: Listener, tenant: Tenant, push: Push, orion: Room) -> None:
    tenant.rename_room(orion.room_id, "Vega")
    connected.stream.stop()
    reported = len(connected.statuses), len(connected.hints)
    await connected.stream.stop_and_wait()
    await asyncio.sleep(0.1)
    assert (len(connected.statuses), len(connected.hints)) == reported
    assert push.opened == 1


async def test_stop_does_not_wait_long_for_the_servers_close_frame(
    make: Callable[..., Listener], tenant: Tenant
) -> None:
    async with deaf_server() as url:
        tenant.inject(Fault.body(200, {"code": 0, "data": {"URL": url}}), BOOTSTRAP)
        listener = make(close=0.2)
        listener.stream.start()
        await until(lambda: listener.is_connected)
        started = asyncio.get_running_loop().time()
        await listener.stream.stop_and_wait()
        assert asyncio.get_running_loop().time() - started < 8.0  # aiohttp alone would wait ten seconds


@asynccontextmanager
async def deaf_server() -> AsyncIterator[str]:
    """Run a server that accepts WebSockets and then does nothing. Return its URL."""

    async def nothing(*_: object) -> None:
        await over.wait()

    over = asyncio.Event()
    async with websocket_server(nothing) as url:
        yield url
        over.set()


@asynccontextmanager
async def websocket_server(
    then: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]],
) -> AsyncIterator[str]:
    """Run a server that accepts WebSockets, and then calls `then` with the streams. Return its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = next(
            line[18:].strip() for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accepted = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())  # noqa: S324  # RFC 6455
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n")
        await then(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("pings", [False, True])
@pytest.mark.parametrize("end", ["stop", "reconnect"])
async def test_close_waits_for_the_servers_close_frame(
    make: Callable[..., Listener], tenant: Tenant, end: str, pings: bool
) -> None:
    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (head := await reader.readexactly(2))[0] != CLOSE:
            length = head[1] & 0x7F
            await reader.readexactly(4 + length)  # the mask and the content
        await reader.readexactly(4 + (head[1] & 0x7F))
        await asyncio.sleep(0.1)
        was_open.append(not reader.at_eof())
        writer.write(bytes([CLOSE, 0]))

    was_open: list[bool] = []
    tenant.push.config = None
    async with websocket_server(answer_late) as url:
        tenant.inject(Fault.body(200, {"code": 0, "data": {"URL": url}}), BOOTSTRAP)
        listener = make(close=5.0, ping=0.02 if pings else 60.0)
        listener.stream.start()
        await until(lambda: listener.is_connected)
        await asyncio.sleep(0.1)
        getattr(listener.stream, end)()
        await until(lambda: was_open)
        await listener.stream.stop_and_wait()
    assert was_open == [True]


async def test_reconnect_says_at_once_that_it_connects(connected: Listener, push: Push) -> None:
    closing = asyncio.Event()
    close = aiohttp.ClientWebSocketResponse.close

    async def slow_close(socket: aiohttp.ClientWebSocketResponse) -> bool:
        await closing.wait()
        return await close(socket)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(aiohttp.ClientWebSocketResponse, "close", slow_close)
        connected.stream.reconnect()
        await asyncio.sleep(0.05)
        assert connected.stream.status.state is StreamState.CONNECTING
        assert connected.stream.statistics.connected_at is None
        closing.set()
    await until(lambda: push.opened == 2 and connected.is_connected)
    assert connected.stream.statistics.connected_at is not None


async def test_failing_listener_does_not_keep_the_connection_open(
    connected: Listener, push: Push, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("bug")

    connected.stream._on_status = fail
    await connected.stream.stop_and_wait()
    assert caplog.text.count("A listener of the long connection failed") == 1
    await until(lambda: not push.connections)
    assert push.closed_cleanly == 1


async def test_start_and_stop_may_be_repeated(listener: Listener, push: Push) -> None:
    listener.stream.stop()
    await listener.stream.stop_and_wait()
    assert listener.statuses == []
    for _ in range(3):
        listener.stream.start()
        listener.stream.start()
        await until(lambda: listener.is_connected)
        listener.stream.stop()
        listener.stream.stop()
    await listener.stream.stop_and_wait()
    await until(lambda: not push.connections)
    assert (push.opened, push.closed_cleanly) == (3, 3)


async def test_stop_while_it_connects_leaves_nothing(listener: Listener, push: Push, tenant: Tenant) -> None:
    tenant.variants.handshake = "hang"
    listener.stream.start()
    await until(lambda: tenant.calls(BOOTSTRAP))
    await listener.stream.stop_and_wait()
    tenant.inject(Fault.slow(30), BOOTSTRAP)
    listener.stream.start()
    await asyncio.sleep(0.05)
    await listener.stream.stop_and_wait()
    assert listener.states == [StreamState.CONNECTING, StreamState.OFF] * 2
    assert push.opened == 0


async def test_reconnect_replaces_the_connection(connected: Listener, push: Push) -> None:
    connected.stream.reconnect()
    connected.stream.reconnect()
    await until(lambda: push.opened == 2 and connected.is_connected)
    await until(lambda: len(push.connections) == 1)
    assert push.closed_cleanly == 1
    assert connected.states == [StreamState.CONNECTING, StreamState.CONNECTED] * 2


async def test_reconnect_ends_a_long_wait(listener: Listener, push: Push, tenant: Tenant) -> None:
    tenant.inject(Fault.error(200, 403), BOOTSTRAP)
    listener.stream.start()
    await until(lambda: listener.problems)
    listener.stream.reconnect()
    await until(lambda: listener.is_connected)
    assert push.opened == 1


async def test_reconnect_of_a_stopped_stream_does_nothing(listener: Listener, push: Push) -> None:
    listener.stream.reconnect()
    await asyncio.sleep(0.05)
    assert (listener.statuses, push.opened) == ([], 0)


# --- Answers to the bootstrap -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "problem", "least", "most"),
    [
        (Fault.error(200, 1), StreamProblem.SERVER, 0, 0.05),
        (Fault.error(200, 403), StreamProblem.FORBIDDEN, 2880, 4320),
        (Fault.error(200, 514), StreamProblem.FORBIDDEN, 2880, 4320),
        (Fault.error(200, 1000040343), StreamProblem.SERVER, 0, 0.05),
        (Fault.error(200, 1000040344), StreamProblem.CREDENTIALS, 480, 720),
        (Fault.error(200, 1000040345), StreamProblem.NOT_PUBLISHED, 480, 720),
        (Fault.error(200, 1000040350), StreamProblem.TOO_MANY_CONNECTIONS, 480, 720),
        (Fault.error(200, 1000040351), StreamProblem.WRONG_CLOUD, 2880, 4320),
        (Fault.error(200, 424242), StreamProblem.UNKNOWN, 480, 720),
        (Fault.error(400, 1000040351), StreamProblem.SERVER, 0, 0.05),
        (Fault.error(500, 1), StreamProblem.SERVER, 0, 0.05),
        (Fault.html(400), StreamProblem.BLOCKED, 0, 0.05),
        (Fault.html(404), StreamProblem.BLOCKED, 0, 0.05),
        (Fault.redirect("http://127.0.0.1:9/login"), StreamProblem.BLOCKED, 0, 0.05),
        (Fault.html(200), StreamProblem.BLOCKED, 0, 0.05),
        (Fault.html(502), StreamProblem.SERVER, 0, 0.05),
        (Fault.empty(), StreamProblem.SERVER, 0, 0.05),
        (Fault.rate_limited(reset=7), StreamProblem.SERVER, 7, 7),
        (Fault.status(429), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "msg": "", "data": None}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": 7}}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": ""}}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": "https://127.0.0.1/"}}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": "ws://["}}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": "ws:///x"}}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": 0, "data": {"URL": "ws://127.0.0.1:9/"}}), StreamProblem.NOT_REACHABLE, 0, 0.05),
        (Fault.body(200, {"code": "0"}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, {"code": True}), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, []), StreamProblem.SERVER, 0, 0.05),
        (Fault.body(200, "{"), StreamProblem.SERVER, 0, 0.05),
        (Fault.oversized(100_000), StreamProblem.SERVER, 0, 0.05),
        (Fault.cut_off(broken_connection=True), StreamProblem.SERVER, 0, 0.05),
        (Fault.close(), StreamProblem.NOT_REACHABLE, 0, 0.05),
    ],
)
async def test_failed_bootstrap(
    listener: Listener, tenant: Tenant, push: Push, fault: Fault, problem: StreamProblem, least: float, most: float
) -> None:
    tenant.inject(fault, BOOTSTRAP)
    listener.stream.start()
    await until(lambda: listener.problems)
    (waiting,) = [status for status in listener.statuses if status.problem]
    assert waiting.state is StreamState.WAITING
    assert waiting.problem is problem
    assert waiting.retry_in is not None
    assert least <= waiting.retry_in <= most
    if waiting.retry_in > 1:
        listener.stream.reconnect()
    await until(lambda: listener.is_connected)
    assert push.opened == 1


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (None, StreamProblem.NOT_PUBLISHED),
        (CredentialsError(), StreamProblem.CREDENTIALS),
        (NotReachableError(), StreamProblem.SERVER),
    ],
)
async def test_refused_credentials_are_checked_with_the_token_endpoint(
    listener: Listener, tenant: Tenant, error: Exception | None, problem: StreamProblem
) -> None:
    tenant.rotate_secret("another-secret-0002")
    listener.credentials = error
    listener.stream.start()
    await until(lambda: listener.problems)
    assert listener.problems[0] is problem


async def test_details_have_the_code_and_no_secret(listener: Listener, tenant: Tenant) -> None:
    tenant.inject(
        Fault.error(200, 424242, f"bad {tenant.app_secret} of {tenant.app_id}, see wss://x/y?ticket=1"), BOOTSTRAP
    )
    listener.stream.start()
    await until(lambda: listener.problems)
    details = listener.statuses[-1].details
    assert (details.code, details.http_status, details.msg) == (424242, 200, "bad *** of ***, see ***")
    assert listener.stream.statistics.last_code == 424242


async def test_encrypted_platform_must_give_an_encrypted_url(session: aiohttp.ClientSession, tenant: Tenant) -> None:
    stream = listener_of(session, tenant, "https://open.feishu.cn").stream
    assert (
        str(stream._read_url("wss://msg-frontier.feishu.cn/ws/v2?a=%2F")) == "wss://msg-frontier.feishu.cn/ws/v2?a=%2F"
    )
    for url in ("ws://msg-frontier.feishu.cn/ws/v2", "http://msg-frontier.feishu.cn", "wss:/x", 7, None):
        with pytest.raises(stream_module._Ended):
            stream._read_url(url)


async def test_answer_that_is_not_http(session: aiohttp.ClientSession, tenant: Tenant) -> None:
    async with serving(says(b"hello\r\n\r\n", keep=False)) as server:
        listener = listener_of(session, tenant, server.address)
        listener.stream.start()
        await until(lambda: listener.problems)
        assert listener.problems[0] is StreamProblem.SERVER
        await listener.stream.stop_and_wait()


async def test_long_connection_goes_through_the_proxy(
    session: aiohttp.ClientSession, tenant: Tenant, simulator: Simulator, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulator is the proxy: it gets the whole address of a server that does not exist."""
    monkeypatch.setenv("http_proxy", simulator.base_url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    push.address = "ws://10.255.255.1"
    listener = listener_of(session, tenant, "http://10.255.255.1")
    listener.stream.start()
    await until(lambda: listener.is_connected)
    assert push.opened == 1
    await listener.stream.stop_and_wait()


@pytest.mark.parametrize("refuses", ["bootstrap", "connection"])
async def test_proxy_that_refuses_means_not_reachable(
    session: aiohttp.ClientSession, tenant: Tenant, simulator: Simulator, refuses: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with serving(says(refusal, keep=False)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.address)
        tenant.push.address = "wss://feishu.example"
        address = "https://feishu.example" if refuses == "bootstrap" else simulator.base_url
        listener = listener_of(session, tenant, address)
        listener.stream.start()
        await until(lambda: listener.problems)
        await listener.stream.stop_and_wait()
    assert listener.problems[0] is StreamProblem.NOT_REACHABLE
    assert proxy.requests[0].startswith(b"CONNECT feishu.example:443 ")
    assert len(tenant.calls(BOOTSTRAP)) == (0 if refuses == "bootstrap" else 1)


# --- Answers to the handshake -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("handshake", "problem", "code", "least", "most"),
    [
        ("514_too_many", StreamProblem.TOO_MANY_CONNECTIONS, 1000040350, 480, 720),
        ("514", StreamProblem.REFUSED_TICKET, 1000040347, 0, 0.05),
        ("514_without_code", StreamProblem.REFUSED_TICKET, 514, 0, 0.05),
        ("403", StreamProblem.FORBIDDEN, 403, 2880, 4320),
        ("500", StreamProblem.SERVER, 500, 0, 0.05),
        ("no_headers", StreamProblem.BLOCKED, None, 0, 0.05),
    ],
)
async def test_refused_handshake(
    listener: Listener,
    tenant: Tenant,
    handshake: str,
    problem: StreamProblem,
    code: int | None,
    least: float,
    most: float,
) -> None:
    tenant.variants.update({"handshake": handshake})
    listener.stream.start()
    await until(lambda: listener.problems)
    (waiting, *_) = [status for status in listener.statuses if status.problem]
    assert (waiting.problem, waiting.details.code) == (problem, code)
    assert waiting.retry_in is not None
    assert least <= waiting.retry_in <= most
    tenant.variants.handshake = "101"
    listener.stream.reconnect()
    await until(lambda: listener.is_connected)


async def test_each_attempt_fetches_a_new_url(connected: Listener, tenant: Tenant, push: Push) -> None:
    for number in (2, 3):
        push.drop()
        await opened(push, number, connected)
    assert len(tenant.calls(BOOTSTRAP)) == 3


async def test_hanging_handshake_ends_in_time(make: Callable[..., Listener], tenant: Tenant) -> None:
    tenant.variants.handshake = "hang"
    listener = make(answer=0.2)
    listener.stream.start()
    await until(lambda: listener.problems)
    assert listener.problems[0] is StreamProblem.NOT_REACHABLE
    tenant.variants.handshake = "101"
    await until(lambda: listener.is_connected)
    await listener.stream.stop_and_wait()


# --- Faults of existing clients ---------------------------------------------------------------------------------------


async def test_silent_link_is_replaced(make: Callable[..., Listener], push: Push, tenant: Tenant, orion: Room) -> None:
    listener = make(longest_ping=0.1, pong=0.3, close=0.1)
    listener.stream.start()
    await until(lambda: push.connections and push.connections[0].pings >= 2)
    push.connections[0].state = "silent"
    await until(lambda: listener.problems and listener.is_connected)
    assert set(listener.problems) == {StreamProblem.SILENT}
    tenant.rename_room(orion.room_id, "Vega")
    await until(lambda: listener.rooms)
    await listener.stream.stop_and_wait()


async def test_missing_pongs_replace_the_link_unless_something_else_arrives(
    make: Callable[..., Listener], push: Push, tenant: Tenant, orion: Room
) -> None:
    tenant.variants.pong = "missing"
    listener = make(longest_ping=0.2, pong=1.0, close=0.1)
    listener.stream.start()
    await until(lambda: push.connections)
    for number in range(16):
        tenant.rename_room(orion.room_id, f"Vega {number}")
        await asyncio.sleep(0.1)
    assert push.opened == 1
    await until(lambda: push.opened >= 2)
    assert listener.problems[0] is StreamProblem.SILENT
    await listener.stream.stop_and_wait()


async def test_zombie_is_left_by_a_forced_reconnect(
    connected: Listener, push: Push, tenant: Tenant, orion: Room
) -> None:
    push.connections[0].state = "zombie"
    tenant.rename_room(orion.room_id, "Vega")
    await asyncio.sleep(0.1)
    assert connected.hints == []
    connected.stream.reconnect()
    await until(lambda: push.opened == 2 and connected.is_connected)
    tenant.rename_room(orion.room_id, "Mira")
    await until(lambda: connected.rooms == [orion.room_id])


async def test_hanging_bootstrap_ends_in_time_and_blocks_nothing(make: Callable[..., Listener], tenant: Tenant) -> None:
    tenant.inject(Fault.slow(60), BOOTSTRAP)
    listener = make(answer=0.3)
    listener.stream.start()
    turns = 0
    while not listener.problems:
        await asyncio.sleep(0.005)
        turns += 1
    assert turns > 5  # other tasks ran meanwhile
    await until(lambda: listener.is_connected)
    assert listener.problems == [StreamProblem.NOT_REACHABLE]
    await listener.stream.stop_and_wait()


async def test_events_arrive_after_many_drops_and_only_one_connection_is_left(
    connected: Listener, push: Push, tenant: Tenant, orion: Room
) -> None:
    for number in range(2, 12):
        push.drop((Act.BYE, Act.RST, Act.EOF)[number % 3])
        await opened(push, number, connected)
    await until(lambda: len(push.connections) == 1)
    tenant.rename_room(orion.room_id, "Vega")
    await acknowledged(push)
    assert connected.rooms == [orion.room_id]
    assert set(connected.problems) == {StreamProblem.CLOSED}


def test_stream_works_in_one_event_loop_after_another(socket_enabled: None) -> None:
    async def connect_once() -> int:
        tenant = Tenant()
        async with Simulator(tenant) as simulator, aiohttp.ClientSession(**session_options()) as session:
            listener = listener_of(session, tenant, simulator.base_url)
            listener.stream.start()
            await until(lambda: listener.is_connected)
            await listener.stream.stop_and_wait()
        return tenant.push.opened

    def in_a_new_loop(main: Coroutine[Any, Any, int]) -> int:
        with asyncio.Runner() as runner:
            return runner.run(main)

    assert [in_a_new_loop(connect_once()) for _ in range(2)] == [1, 1]


async def test_a_long_outage_is_survived(listener: Listener, simulator: Simulator, push: Push) -> None:
    await simulator.stop()
    listener.stream.start()
    await until(lambda: len(listener.problems) >= 8)
    assert set(listener.problems) == {StreamProblem.NOT_REACHABLE}
    assert StreamState.CONNECTED not in listener.states
    await simulator.start()
    await until(lambda: listener.is_connected)
    assert push.opened == 1


async def test_reconnect_count_of_the_server_is_ignored(
    listener: Listener, push: Push, simulator: Simulator, tenant: Tenant
) -> None:
    push.config = {"ReconnectCount": 1, "ReconnectInterval": 1, "ReconnectNonce": 1, "PingInterval": 120}
    listener.stream.start()
    await until(lambda: listener.is_connected and push.connections[0].pings)
    tenant.inject(Fault.error(200, 1), BOOTSTRAP, times=4)
    push.drop(Act.RST)
    await until(lambda: push.opened == 2 and listener.is_connected)
    assert listener.problems == [StreamProblem.CLOSED, *[StreamProblem.SERVER] * 4]


async def test_failed_bootstrap_is_never_reported_as_connected(listener: Listener, tenant: Tenant) -> None:
    tenant.inject(Fault.error(200, 1), BOOTSTRAP, times=None)
    listener.stream.start()
    await until(lambda: len(listener.problems) >= 3)
    assert set(listener.states) == {StreamState.CONNECTING, StreamState.WAITING}
    assert listener.stream.statistics.connections == 0


async def test_unexpected_error_is_survived_and_logged_without_its_text(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError("wss://secret")

    with monkeypatch.context() as patched:
        patched.setattr(Stream, "_open", fail)
        listener.stream.start()
        await until(lambda: len(listener.problems) >= 2)
    await until(lambda: listener.is_connected)
    assert "failed unexpectedly: LookupError" in caplog.text
    assert "wss://" not in caplog.text


async def test_no_secret_in_any_log_or_text(
    listener: Listener, tenant: Tenant, push: Push, orion: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    listener.stream.start()
    await until(lambda: listener.is_connected)
    secrets = {tenant.app_secret}
    for handshake in ("514", "403", "no_headers", "500", "101"):
        tenant.variants.update({"handshake": handshake})
        secrets |= push._tickets.keys() | set(push._tickets.values())
        listener.stream.reconnect()
        await asyncio.sleep(0.05)
    await until(lambda: listener.is_connected)
    for variant in ("bad_utf8", "text", "whole", "fragments"):
        tenant.variants.update({"frames": variant})
        tenant.rename_room(orion.room_id, "Orion the Second")
    await until(lambda: listener.rooms)
    push.drop(Act.RST)
    await until(lambda: listener.problems and listener.is_connected)
    await listener.stream.stop_and_wait()
    texts = caplog.text + repr(listener.statuses) + repr(listener.stream) + repr(listener.stream.statistics)
    assert len(secrets) > 1
    for secret in secrets | {"ticket=", "access_key", "/ws/v2", "Orion the Second"}:
        assert secret not in texts


async def test_other_side_that_does_not_read_ends_the_connection(
    make: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch, push: Push
) -> None:
    async def never(*_: object) -> None:
        await asyncio.sleep(60)

    listener = make(pong=0.2, close=0.1)
    with monkeypatch.context() as patched:
        patched.setattr(aiohttp.ClientWebSocketResponse, "send_bytes", never)
        listener.stream.start()
        await until(lambda: listener.problems)
    assert listener.problems[0] is StreamProblem.CLOSED
    await until(lambda: listener.is_connected)
    await listener.stream.stop_and_wait()


# --- How long it waits ------------------------------------------------------------------------------------------------


def ended(problem: StreamProblem = StreamProblem.CLOSED, *, clean: bool = False) -> stream_module._Ended:
    return stream_module._Ended(problem, clean=clean)


def waits(*ends: stream_module._Ended, config: object = None) -> list[float]:
    """Return the waits after each end, with the real durations."""
    delays = stream_module._Delays(Timing())
    delays.configure(config)
    return [delays.after(end) for end in ends]


def test_first_retry_is_at_random_within_the_servers_limit() -> None:
    assert 20 < max(waits(ended())[0] for _ in range(200)) <= 30
    assert 4 < max(waits(ended(), config={"ReconnectNonce": 5})[0] for _ in range(200)) <= 5
    assert max(waits(ended(clean=True))[0] for _ in range(200)) <= 3


def test_further_retries_double_up_to_the_servers_interval() -> None:
    for _ in range(20):
        _, *further = waits(*[ended()] * 9, config={"ReconnectInterval": 120})
        for wait, expected in zip(further, [5, 10, 20, 40, 80, 120, 120, 120], strict=True):
            assert 0.8 * expected <= wait <= 1.2 * expected


@pytest.mark.parametrize(("interval", "longest"), [(5, 60), (None, 60), (120, 120), (10**6, 300)])
def test_longest_retry(interval: int | None, longest: int) -> None:
    wait = waits(*[ended()] * 30, config={"ReconnectInterval": interval})[-1]
    assert 0.8 * longest <= wait <= 1.2 * longest


def test_instances_do_not_retry_in_step() -> None:
    assert len({round(waits(ended(), ended())[1], 6) for _ in range(50)}) > 40


def test_retries_start_again_after_a_healthy_connection() -> None:
    delays = stream_module._Delays(Timing())
    for _ in range(6):
        delays.after(ended())
    delays.reset()
    assert delays.after(ended(clean=True)) <= 3


async def test_healthy_connection_is_followed_by_a_first_retry(make: Callable[..., Listener], push: Push) -> None:
    listener = make(healthy=0.1, retry=30.0, longest_retry=30.0)
    listener.stream.start()
    for number in (1, 2, 3):
        await opened(push, number, listener)
        await asyncio.sleep(0.15)
        push.drop()
    await until(lambda: push.opened == 4)
    await listener.stream.stop_and_wait()


def test_refused_credentials_are_tried_ever_less_often() -> None:
    found = waits(*[ended(StreamProblem.NOT_PUBLISHED)] * 6)
    for wait, minutes in zip(found, [10, 20, 40, 60, 60, 60], strict=True):
        assert 0.8 * minutes * 60 <= wait <= 1.2 * minutes * 60


@pytest.mark.parametrize(
    ("config", "ping"),
    [
        (None, 120),
        ({"PingInterval": 90}, 90),
        ({"PingInterval": 1}, 10),
        ({"PingInterval": 9999}, 300),
        ({"PingInterval": 0}, 120),
        ({"PingInterval": "90"}, 120),
        ({"PingInterval": True}, 120),
        ({}, 120),
        ([], 120),
    ],
)
def test_ping_interval(config: object, ping: float) -> None:
    delays = stream_module._Delays(Timing())
    delays.configure(config)
    assert delays.ping == ping


def test_configuration_with_one_value_keeps_the_others() -> None:
    delays = stream_module._Delays(Timing())
    delays.configure({"PingInterval": 90, "ReconnectNonce": 7, "ReconnectInterval": 200})
    delays.configure({"ReconnectNonce": 9})
    assert (delays.ping, delays._first_retry, delays._longest_retry) == (90, 9, 200)
