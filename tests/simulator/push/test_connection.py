"""The simulated long connection: bootstrap, handshake, pings, limits, and the ways in which a connection ends."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import aiohttp
from aiohttp import WSMsgType
import pytest

from simulator import Fault, Room, Simulator, Tenant
from simulator.push import Act, Push
from simulator.push.frames import Frame
from tests.simulator.client import Client

from .conftest import LongClient, until


async def test_bootstrap(long_client: LongClient, simulator: Simulator, tenant: Tenant) -> None:
    reply = await long_client.bootstrap()
    assert reply.body == {"code": 0, "msg": "", "data": reply.data}
    assert reply.data["ClientConfig"] == {
        "ReconnectCount": -1,
        "ReconnectInterval": 120,
        "ReconnectNonce": 30,
        "PingInterval": 120,
    }
    url = urlsplit(reply.data["URL"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"ws://127.0.0.1:{simulator.port}/ws/v2"
    query = parse_qs(url.query)
    assert query.keys() == {"fpid", "aid", "device_id", "access_key", "service_id", "ticket"}
    assert (query["service_id"], len(query["device_id"][0])) == (["33554678"], 19)


async def test_no_secret_is_in_the_request_log(long_client: LongClient, tenant: Tenant) -> None:
    await long_client.connect()
    assert [request.path for request in tenant.requests] == ["/callback/ws/endpoint"]
    assert tenant.requests[0].body == {"AppID": tenant.app_id, "AppSecret": "***"}
    assert tenant.app_secret not in str(tenant.requests)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AppID": ""}, 1000040344),
        ({"AppSecret": ""}, 1000040344),
        ({"AppID": None}, 1000040344),
        ({"AppSecret": "wrong"}, 1000040345),
        ({"AppID": "cli_0000000000000000"}, 1000040345),
    ],
)
async def test_bootstrap_with_wrong_credentials(long_client: LongClient, changes: dict[str, str], code: int) -> None:
    assert (await long_client.bootstrap(**changes)).outcome == (200, code)


async def test_bootstrap_of_a_disabled_app(long_client: LongClient, tenant: Tenant) -> None:
    tenant.app_enabled = False
    assert (await long_client.bootstrap()).outcome == (200, 403)


async def test_bootstrap_needs_post_and_no_prefix(long_client: LongClient, client: Client) -> None:
    assert (await client.send("GET", "/callback/ws/endpoint")).status == 404
    assert (await client.send("POST", "/open-apis/callback/ws/endpoint", json={})).status == 404


@pytest.mark.parametrize(
    "fault",
    [Fault.html(502), Fault.html(400), Fault.body(200, {"code": 0, "msg": "", "data": None}), Fault.error(200, 1)],
)
async def test_faults_apply_to_the_bootstrap(long_client: LongClient, tenant: Tenant, fault: Fault) -> None:
    tenant.inject(fault, "/callback/ws/endpoint")
    reply = await long_client.bootstrap()
    assert fault.answer is not None
    assert reply.status == fault.answer.status
    assert (await long_client.bootstrap()).outcome == (200, 0)


async def test_configuration_may_be_missing_or_odd(long_client: LongClient, push: Push) -> None:
    push.config = None
    assert "ClientConfig" not in (await long_client.bootstrap()).data
    push.config = {"ReconnectCount": 0, "PingInterval": "120"}
    assert (await long_client.bootstrap()).data["ClientConfig"] == push.config


async def test_url_without_service_id(long_client: LongClient, tenant: Tenant) -> None:
    tenant.variants.connection_url = "no_service_id"
    assert "service_id" not in await long_client.url()


async def handshake_refusal(long_client: LongClient, url: str) -> tuple[str | None, str | None]:
    """Return status and code in the headers of a refused handshake."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await long_client.dial(url)
    headers = refused.value.headers
    assert headers is not None
    return headers.get("Handshake-Status"), headers.get("Handshake-Autherrcode")


async def test_ticket_is_good_for_one_connection(long_client: LongClient, push: Push) -> None:
    url = await long_client.url()
    await long_client.dial(url)
    assert await handshake_refusal(long_client, url) == ("514", "1000040347")
    assert len(push.connections) == 1


async def test_made_up_ticket_or_access_key_is_refused(long_client: LongClient, push: Push) -> None:
    url = await long_client.url()
    assert (await handshake_refusal(long_client, url + "0"))[0] == "514"
    assert (await handshake_refusal(long_client, (await long_client.url()).replace("access_key=", "access_key=0")))[
        0
    ] == "514"
    assert (await handshake_refusal(long_client, f"{push.address}/ws/v2"))[0] == "514"


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("514", ("514", "1000040347")),
        ("514_without_code", ("514", None)),
        ("514_too_many", ("514", "1000040350")),
        ("403", ("403", None)),
        ("500", ("500", None)),
        ("no_headers", (None, None)),
    ],
)
async def test_refused_handshake(
    long_client: LongClient, tenant: Tenant, variant: str, expected: tuple[str | None, str | None]
) -> None:
    tenant.variants.update({"handshake": variant})
    assert await handshake_refusal(long_client, await long_client.url()) == expected


async def test_hanging_handshake(long_client: LongClient, tenant: Tenant) -> None:
    tenant.variants.handshake = "hang"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await long_client.connect()


async def test_limit_at_the_bootstrap(long_client: LongClient, push: Push) -> None:
    push.limit = 1
    link = await long_client.connect()
    assert (await long_client.bootstrap()).outcome == (200, 1000040350)
    await link.socket.close()
    await until(lambda: not push.connections)
    assert (await long_client.bootstrap()).outcome == (200, 0)


async def test_limit_at_the_handshake(long_client: LongClient, push: Push, tenant: Tenant) -> None:
    push.limit = 1
    tenant.variants.connection_limit = "handshake"
    await long_client.connect()
    assert await handshake_refusal(long_client, await long_client.url()) == ("514", "1000040350")


async def test_count_of_connections(long_client: LongClient, client: Client, push: Push) -> None:
    async def count() -> int:
        number: int = (await client.get("event/v1/connection")).data["online_instance_cnt"]
        return number

    assert await count() == 0
    link = await long_client.connect()
    await long_client.connect()
    assert await count() == 2
    await link.socket.close()
    await until(lambda: len(push.connections) == 1)
    assert await count() == 1


async def test_count_of_connections_may_be_stale(long_client: LongClient, client: Client, tenant: Tenant) -> None:
    tenant.variants.online_count = "stale"
    assert (await client.get("event/v1/connection")).data == {"online_instance_cnt": 0}
    await long_client.connect()
    assert (await client.get("event/v1/connection")).data == {"online_instance_cnt": 0}
    moment = tenant.monotonic()
    tenant.monotonic = lambda: moment + 60
    assert (await client.get("event/v1/connection")).data == {"online_instance_cnt": 1}


async def test_count_of_connections_ten_times_a_second(long_client: LongClient, client: Client) -> None:
    replies = [await client.get("event/v1/connection") for _ in range(11)]
    assert [reply.status for reply in replies] == [200] * 10 + [429]


async def test_pong_with_configuration(long_client: LongClient, push: Push) -> None:
    link = await long_client.connect()
    push.config = {"PingInterval": 90}
    await link.ping()
    pong = await link.frame()
    assert pong == Frame(0, 0, 33554678, 0, (("type", "pong"),), b'{"PingInterval": 90}', None, None)
    assert push.connections[0].pings == 1
    assert push.violations == []


@pytest.mark.parametrize(("variant", "payload"), [("empty", None), ("garbage", b'{"PingInterval')])
async def test_pong_variants(long_client: LongClient, tenant: Tenant, variant: str, payload: bytes | None) -> None:
    tenant.variants.update({"pong": variant, "server_pings": "off"})
    link = await long_client.connect()
    await link.ping()
    assert (await link.frame()).payload == payload


async def test_missing_pong(long_client: LongClient, tenant: Tenant) -> None:
    tenant.variants.update({"pong": "missing", "server_pings": "off"})
    link = await long_client.connect()
    await link.ping()
    await link.quiet()


async def test_violations_are_recorded(long_client: LongClient, push: Push) -> None:
    link = await long_client.connect()
    await link.ping(service=1)
    await link.send(Frame(1, 0, 33554678, 0, (("type", "ping"),), None))
    await link.send(Frame(0, 0, 33554678, 0, (("type", "pong"),), None))
    await link.send(Frame(0, 0, 33554678, 7))
    await link.send(Frame(5, 5, 33554678, 1, (("type", "event"),), b'{"code":200}'))
    await link.socket.send_bytes(b"\x08")
    await link.socket.send_bytes(b"\x08\x01")
    await link.socket.send_bytes(b"\x7b\x7c")
    await link.socket.send_bytes(bytes.fromhex("08011002180320012a060a0474797065"))
    await link.socket.send_str("hello")
    await until(lambda: len(push.violations) == 10)
    assert [violation.partition(":")[0] for violation in push.violations] == [
        *["a control frame that is not a plain ping"] * 3,
        "method 7",
        "an acknowledgment that nobody waits for",
        *["malformed frame"] * 4,
        "a text message",
    ]


async def test_websocket_pings_of_the_server(long_client: LongClient, tenant: Tenant, push: Push) -> None:
    link = await long_client.connect()
    assert (await link.next()).type is WSMsgType.PING
    assert (await link.next()).type is WSMsgType.PING
    tenant.variants.server_pings = "off"
    await link.quiet(0.1)


async def test_websocket_pings_of_the_client(long_client: LongClient, tenant: Tenant) -> None:
    tenant.variants.server_pings = "off"
    link = await long_client.connect()
    await link.socket.ping(b"1")
    assert (await link.next()).type is WSMsgType.PONG
    tenant.variants.client_pings = "ignored"
    other = await long_client.connect()
    await other.socket.ping(b"1")
    await other.quiet()


async def test_silent_link(long_client: LongClient, tenant: Tenant, room: Room) -> None:
    tenant.variants.link = "silent"
    link = await long_client.connect()
    await link.ping()
    await link.socket.ping()
    tenant.rename_room(room.room_id, "Vega")
    await link.quiet(0.1)


async def test_close_with_and_without_a_close_frame(long_client: LongClient, push: Push) -> None:
    link = await long_client.connect()
    push.drop()
    message = await link.next()
    assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1000, "bye")
    await link.socket.close()
    for way in (Act.EOF, Act.RST):
        link = await long_client.connect()
        push.drop(way)
        assert (await link.next()).type in {WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSING}
        assert link.socket.close_code in {None, 1006}
    await until(lambda: not push.connections)
    assert (push.opened, push.closed_cleanly) == (3, 1)


async def test_connections_of_limited_life(long_client: LongClient, push: Push) -> None:
    push.close_after, push.close_by = 0.02, Act.BYE
    link = await long_client.connect()
    while (message := await link.next()).type is WSMsgType.PING:
        await link.socket.pong(message.data)
    assert message.type is WSMsgType.CLOSE


async def test_client_that_leaves_without_a_close_frame_lingers(long_client: LongClient, push: Push) -> None:
    push.linger = 0.1
    link = await long_client.connect()
    response = link.socket._response
    assert response.connection is not None
    assert response.connection.transport is not None
    response.connection.transport.abort()
    await until(lambda: push.connections[0].dead)
    assert push.online_count() == 1
    await until(lambda: not push.connections)


async def test_client_that_closes_does_not_linger(long_client: LongClient, push: Push) -> None:
    push.linger = 60.0
    link = await long_client.connect()
    await link.socket.close()
    await until(lambda: not push.connections)
    assert push.closed_cleanly == 1


async def test_stopped_simulator_forgets_connections_and_timers(
    long_client: LongClient, simulator: Simulator, push: Push
) -> None:
    await long_client.connect()
    await simulator.stop()
    assert push.connections == []
    assert push._timers == set()


async def test_control_interface(long_client: LongClient, client: Client, push: Push, room: Room) -> None:
    await client.control("push", scale=0.5, limit=3, close_by="rst", config=None, subscribed=["a"], close_after=None)
    assert (push.scale, push.limit, push.close_by, push.config) == (0.5, 3, Act.RST, None)
    await client.control("push", subscribed=["meeting_room.meeting_room.status_changed_v1"])
    assert (push.scale, push.config) == (0.5, None)
    link = await long_client.connect()
    event = {"room_id": room.room_id, "room_name": "Orion"}
    await client.control("push/send", event_type="meeting_room.meeting_room.status_changed_v1", event=event)
    assert (await link.event())["event"] == event
    await until(lambda: push.deliveries[0].acked)
    await client.control("push/state", state="zombie")
    shown = (await client.send("GET", "/simulator/push")).body
    assert shown["connections"] == [{"state": "zombie", "pings": 0, "events": 1, "dead": False}]
    assert [delivery["acked"] for delivery in shown["deliveries"]] == [True]
    assert (shown["opened"], shown["violations"]) == (1, [])
    await client.control("push/drop", way="eof")
    await until(lambda: not push.connections)
    for command, body in (("push/state", {"state": "x"}), ("push/drop", {"way": "ping"}), ("push", {"scale": "1"})):
        assert (await client.control(command, **body)).status == 400
    assert json.dumps(shown).count(room.room_id) == 0
