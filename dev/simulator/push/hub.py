"""Tickets, connections, and the delivery of events: one random connection, an acknowledgment, deliveries again.

Nothing here touches a socket; :mod:`simulator.push.link` does.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
import json
import random
import secrets
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlencode
import uuid

from simulator.answers import Answer
from simulator.model import Call

from . import messages
from .frames import CONTROL, DATA, Frame, decode

if TYPE_CHECKING:
    from simulator.tenant import Tenant

BOOTSTRAP_PATH: Final = "/callback/ws/endpoint"
SOCKET_PATH: Final = "/ws/v2"
SERVICE_ID: Final = 33554678
CONFIG: Final[Mapping[str, object]] = {
    "ReconnectCount": -1,
    "ReconnectInterval": 120,
    "ReconnectNonce": 30,
    "PingInterval": 120,
}
NO_CREDENTIALS, WRONG_CREDENTIALS, TOO_MANY = 1000040344, 1000040345, 1000040350
FORBIDDEN, AUTH_FAILED, BAD_TICKET = 403, 514, 1000040347
AGAIN_AFTER: Final = (15.0, 300.0, 3600.0, 21600.0)  # seconds after a failure; at most these four times
PING_EVERY: Final = 30.0  # seconds
STALE_FOR: Final = 60.0  # seconds
EVENT_SCOPES: Final = (  # by the start of the event's type; any one scope is enough
    ("vc.", ("vc:room", "vc:room:readonly")),
    ("auth.", ("auth:user_access_token:read",)),
    ("", ("calendar:room:readonly",)),
)


def _handshake(status: int, msg: str, code: int | None = None) -> dict[str, str]:
    headers = {"Handshake-Status": str(status), "Handshake-Msg": msg}
    return headers if code is None else {**headers, "Handshake-Autherrcode": str(code)}


REFUSED_HANDSHAKES: Final = {  # by variant
    "514": _handshake(AUTH_FAILED, "auth failed", BAD_TICKET),
    "514_without_code": _handshake(AUTH_FAILED, "auth failed"),
    "514_too_many": _handshake(AUTH_FAILED, "exceed connection limit", TOO_MANY),
    "403": _handshake(FORBIDDEN, "forbidden"),
    "500": _handshake(500, "internal error"),
    "no_headers": {},
}

type LinkState = Literal["works", "zombie", "silent"]


class Act(StrEnum):
    """What a link does apart from sending messages: close with a CLOSE frame, reset, cut off, ping."""

    BYE = "bye"
    RST = "rst"
    EOF = "eof"
    PING = "ping"


@dataclass(eq=False, slots=True)
class Delivery:
    """An event and the result of its deliveries."""

    event_id: str
    event_type: str
    content: bytes = field(repr=False)
    attempts: int = 0
    acked: bool = False
    failures: list[str] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Connection:
    """One open connection, as the platform sees it. ``outbox`` holds what the link sends.

    ``state``: ``zombie`` answers pings and gets no events, ``silent`` gets nothing at all.
    """

    device_id: str
    service_id: int
    outbox: asyncio.Queue[bytes | str | Act] = field(default_factory=asyncio.Queue, repr=False)
    state: LinkState = "works"
    pings: int = 0
    received_events: int = 0
    pending: dict[tuple[int, int], tuple[Frame, Delivery]] = field(default_factory=dict, repr=False)
    dead: bool = False  # the client is gone, and the platform has not noticed
    seq_id: int = 0

    def close(self, way: Act = Act.BYE) -> None:
        """Close the connection."""
        self.outbox.put_nowait(way)


@dataclass(eq=False, slots=True)
class Push:
    """The long connections of the tenant's app.

    ``config`` goes into the bootstrap and the pongs (``None``: none). ``subscribed``: the event types of the published
    version. ``scale`` multiplies the times between deliveries and between WebSocket
    pings; ``ack_within``: seconds until an event counts as not acknowledged. ``delay``: seconds from a change to
    its event. ``limit``: most connections. ``close_after``: seconds until a connection is closed (``None``: never), in
    the way of ``close_by``. ``linger``: seconds for which a connection counts after its client is gone without a CLOSE
    frame. ``loss``: the share of events that is lost. ``violations``: what clients sent and must not send.
    """

    tenant: Tenant = field(repr=False)
    address: str = "ws://127.0.0.1:0"
    config: dict[str, object] | None = field(default_factory=lambda: {**CONFIG})
    subscribed: set[str] = field(default_factory=lambda: {messages.STATUS_CHANGED})
    scale: float = 1.0
    ack_within: float = 3.0
    delay: float = 0.0
    limit: int = 50
    close_after: float | None = None
    close_by: Act = Act.BYE
    linger: float = 0.0
    loss: float = 0.0
    connections: list[Connection] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    opened: int = 0
    closed_cleanly: int = 0
    _loop: asyncio.AbstractEventLoop = field(init=False, repr=False)  # from the first connection on
    _tickets: dict[str, str] = field(default_factory=dict, repr=False)
    _timers: set[asyncio.TimerHandle] = field(default_factory=set, repr=False)
    _random: random.Random = field(default_factory=lambda: random.Random(1), repr=False)  # noqa: S311 - no secret
    _counted: tuple[float, int] | None = field(default=None, repr=False)

    # --- Bootstrap and handshake --------------------------------------------------------------------------------------

    def bootstrap(self, call: Call) -> Answer:
        """Answer the request for the URL of a connection."""
        body = call.body if isinstance(call.body, dict) else {}
        app_id, secret = body.get("AppID"), body.get("AppSecret")
        if not app_id or not secret:
            return _refuse(NO_CREDENTIALS, "app_id or app_secret is empty")
        if (app_id, secret) != (self.tenant.app_id, self.tenant.app_secret):
            return _refuse(WRONG_CREDENTIALS, "app_id or app_secret is invalid")
        if not self.tenant.app_enabled:
            return _refuse(FORBIDDEN, "forbidden")
        if self.tenant.variants.connection_limit == "bootstrap" and len(self.connections) >= self.limit:
            return _refuse(TOO_MANY, "the number of connections exceeded the limit")
        data: dict[str, object] = {"URL": self._url()}
        if self.config is not None:
            data["ClientConfig"] = self.config
        return Answer.json(200, {"code": 0, "msg": "", "data": data})

    def admit(self, ticket: str, access_key: str) -> dict[str, str] | None:
        """Return the headers of a refused handshake, ``None`` to accept it. A ticket is good for one connection."""
        refusal = REFUSED_HANDSHAKES.get(self.tenant.variants.handshake)
        if refusal is not None:
            return dict(refusal)
        if not access_key or self._tickets.pop(ticket, None) != access_key:
            return _handshake(AUTH_FAILED, "the ticket is not valid", BAD_TICKET)
        if len(self.connections) >= self.limit:
            return _handshake(AUTH_FAILED, "exceed connection limit", TOO_MANY)
        return None

    def open(self, device_id: str) -> Connection:
        """Add a connection."""
        self._loop = asyncio.get_running_loop()
        state = self.tenant.variants.link
        connection = Connection(device_id, SERVICE_ID, state=state)
        self.connections.append(connection)
        self.opened += 1
        if self.close_after is not None:
            self._after(self.close_after, lambda: connection.close(self.close_by))
        self._ping_later(connection)
        return connection

    def gone(self, connection: Connection, *, cleanly: bool) -> None:
        """Remove a connection whose client is gone; without a CLOSE frame it counts for ``linger`` more seconds."""
        self.closed_cleanly += cleanly
        if cleanly or not self.linger:
            self._forget(connection)
        else:
            connection.dead = True
            self._after(self.linger, lambda: self._forget(connection))

    def online_count(self) -> int:
        """Return the number of open connections, as ``event/v1/connection`` tells it."""
        now = self.tenant.monotonic()
        if self.tenant.variants.online_count == "real":
            return len(self.connections)
        if self._counted is None or now - self._counted[0] >= STALE_FOR:
            self._counted = (now, len(self.connections))
        return self._counted[1]

    def drop(self, way: Act = Act.BYE) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.close(way)

    def stop(self) -> None:
        """Forget all connections and everything that was to happen later."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.connections.clear()

    # --- Events -------------------------------------------------------------------------------------------------------

    def room_changed(self, room_id: str, cause: str) -> None:
        """Send the event of a changed room, unless the variant of this ``cause`` says that there is none."""
        room = self.tenant.rooms.get(room_id)
        if room is None or getattr(self.tenant.variants, f"event_on_{cause}") == "none":
            return
        shown = room_id.replace("omm_", "omb_", 1) if self.tenant.variants.event_room_id == "omb" else room_id
        self.send(messages.STATUS_CHANGED, {"room_name": room.name, "room_id": shown})

    def send(self, event_type: str, event: dict[str, object]) -> None:
        """Send an event to one connection.

        It is not sent if the app has not subscribed to it or lacks the scope, or as long as no client ever connected.
        """
        if not self.opened or event_type not in self.subscribed or not self._may_see(event_type):
            return
        self._send(event_type, event)
        if self.tenant.variants.event_noise == "unknown_type":
            self._send("approval.instance.trip_group_update_v4", {"instance": "1"})

    def _send(self, event_type: str, event: dict[str, object]) -> None:
        if self._random.random() < self.loss:
            return
        tenant, event_id = self.tenant, secrets.token_hex(16)
        app = (tenant.app_id, tenant.root.level_id.removeprefix("omb_")[:16])
        content = messages.payload(tenant.variants, event_id, event_type, event, app, tenant.now())
        delivery = Delivery(event_id, event_type, content)
        self.deliveries.append(delivery)
        for _ in range(2 if tenant.variants.event_copies == "twice" else 1):
            self._after(self.delay, lambda: self._deliver(delivery))

    def receive(self, connection: Connection, data: bytes) -> None:
        """Handle a binary message of the client."""
        try:
            frame = decode(data)
        except ValueError as error:
            self.violations.append(f"malformed frame: {error}")
            return
        if connection.state == "silent":
            return
        if frame.method == CONTROL:
            self._answer_ping(connection, frame)
        elif frame.method == DATA:
            self._take_ack(connection, frame)
        else:
            self.violations.append(f"method {frame.method}")

    def ping_is_due(self, connection: Connection) -> None:
        """Send a WebSocket ping, and another one later."""
        if connection in self.connections:
            if connection.state != "silent" and self.tenant.variants.server_pings == "sent":
                connection.outbox.put_nowait(Act.PING)
            self._ping_later(connection)

    def _ping_later(self, connection: Connection) -> None:
        self._after(PING_EVERY * self.scale, lambda: self.ping_is_due(connection))

    def _deliver(self, delivery: Delivery) -> None:
        delivery.attempts += 1
        connection = self._random.choice(self.connections) if self.connections else None
        if connection is None:
            self._failed(delivery, "no connection")
            return
        if connection.state == "zombie":
            return  # the platform believes that it was delivered
        connection.received_events += 1
        connection.seq_id += 100
        log_id = 2**53 + self._random.getrandbits(60)
        frame = messages.data_frame(
            connection.seq_id, log_id, connection.service_id, str(uuid.UUID(int=log_id)), self.tenant.now()
        )
        wire = messages.wire(self.tenant.variants, frame, delivery.content)
        if wire.expected is not None:
            connection.pending[wire.expected.seq_id, log_id] = (wire.expected, delivery)
        if connection.state == "works" and not connection.dead:
            for message in wire.messages:
                connection.outbox.put_nowait(message)
        attempt = delivery.attempts

        def check() -> None:
            if not delivery.acked and delivery.attempts == attempt and len(delivery.failures) < attempt:
                connection.pending.pop((wire.expected.seq_id, log_id) if wire.expected else (0, 0), None)
                self._failed(delivery, "no acknowledgment")

        self._after(self.ack_within, check)

    def _failed(self, delivery: Delivery, reason: str) -> None:
        delivery.failures.append(reason)
        if self.tenant.variants.redelivery == "on" and len(delivery.failures) <= len(AGAIN_AFTER):
            self._after(AGAIN_AFTER[len(delivery.failures) - 1] * self.scale, lambda: self._deliver_again(delivery))

    def _deliver_again(self, delivery: Delivery) -> None:
        if any(each is delivery for each in self.deliveries):
            self._deliver(delivery)

    def forget_deliveries(self) -> None:
        """Deliver nothing again that was sent so far."""
        self.deliveries.clear()

    def _take_ack(self, connection: Connection, frame: Frame) -> None:
        if frame.header("type") == "card":
            return
        sent, delivery = connection.pending.pop((frame.seq_id, frame.log_id), (None, None))
        if sent is None or delivery is None:
            self.violations.append("an acknowledgment that nobody waits for")
            return
        problem = _problem_of_ack(sent, frame)
        if problem is None:
            delivery.acked = True
        else:
            self.violations.append(problem)
            self._failed(delivery, problem)

    def _answer_ping(self, connection: Connection, frame: Frame) -> None:
        wanted = Frame(0, 0, connection.service_id, CONTROL, (("type", "ping"),), None, None, None)
        if replace(frame, payload=None, payload_encoding=None, payload_type=None) != wanted or frame.payload:
            self.violations.append("a control frame that is not a plain ping")
            return
        connection.pings += 1
        variant = self.tenant.variants.pong
        if variant == "missing":
            return
        config = None if self.config is None or variant == "empty" else json.dumps(self.config).encode()
        pong = replace(
            wanted, headers=(("type", "pong"),), payload=b'{"PingInterval' if variant == "garbage" else config
        )
        connection.outbox.put_nowait(pong.encode())

    # --- Internals ----------------------------------------------------------------------------------------------------

    def _url(self) -> str:
        ticket, access_key = str(uuid.uuid4()), secrets.token_hex(16)
        self._tickets[ticket] = access_key
        query = {
            "fpid": "493",
            "aid": "552564",
            "device_id": str(10**18 + secrets.randbelow(9 * 10**18)),
            "access_key": access_key,
            "service_id": str(SERVICE_ID),
            "ticket": ticket,
        }
        if self.tenant.variants.connection_url == "no_service_id":
            del query["service_id"]
        return f"{self.address}{SOCKET_PATH}?{urlencode(query)}"

    def _may_see(self, event_type: str) -> bool:
        scopes = next((scopes for start, scopes in EVENT_SCOPES if event_type.startswith(start)), ())
        return any(self.tenant.scopes.get(scope) for scope in scopes)

    def _forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = self._loop.call_later(seconds, run)
        self._timers.add(timer)


def _refuse(code: int, msg: str) -> Answer:
    return Answer.json(200, {"code": code, "msg": msg})


def _problem_of_ack(sent: Frame, ack: Frame) -> str | None:
    """Return what is wrong with an acknowledgment, ``None`` if nothing is."""
    *headers, last = ack.headers or (("", ""),)
    try:
        answer = json.loads(ack.payload or b"")
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("code") != 200:
        return "an acknowledgment whose code is not 200"
    if tuple(headers) != sent.headers or last[0] != "biz_rt" or not last[1].lstrip("-").isdigit():
        return "an acknowledgment without all headers and biz_rt"
    if (ack.service, ack.unknown) != (sent.service, sent.unknown):
        return "an acknowledgment with other fields"
    return None
