"""The server: where it listens, what it logs, stop and start."""

import json
import socket

import aiohttp
import pytest

from simulator import Simulator, Tenant
from tests.simulator.client import TOKEN_PATH, Client


async def test_an_outage_and_its_end(simulator: Simulator, client: Client, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    await client.get("bot/v3/info")
    url = simulator.base_url
    await simulator.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get("bot/v3/info")
    await simulator.start()
    assert simulator.base_url == url
    rooms = (await client.get("vc/v1/rooms")).data["rooms"]  # the old token is still valid
    assert [item["room_id"] for item in rooms] == [room.room_id]


async def test_start_and_stop_may_be_repeated(simulator: Simulator, client: Client) -> None:
    await simulator.start()
    assert (await client.get("bot/v3/info")).status == 200
    await simulator.stop()
    await simulator.stop()


async def test_a_port_in_use(simulator: Simulator, tenant: Tenant) -> None:
    second = Simulator(tenant, simulator.port)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.stop()


async def test_only_loopback_is_served(simulator: Simulator) -> None:
    assert simulator.base_url == f"http://127.0.0.1:{simulator.port}"
    with socket.socket() as other:
        # This would fail if the server listened on all addresses.
        other.bind(("127.0.0.2", simulator.port))


async def test_json_without_a_content_type(client: Client, tenant: Tenant) -> None:
    credentials = {"app_id": tenant.app_id, "app_secret": tenant.app_secret}
    options = {"data": json.dumps(credentials).encode(), "skip_auto_headers": {"Content-Type"}}
    assert (await client.send("POST", f"/open-apis/{TOKEN_PATH}", **options)).outcome == (200, 0)
    assert (await client.send("POST", "/simulator/tokens/expire", **options)).status == 400


async def test_the_log_of_requests(client: Client, tenant: Tenant) -> None:
    await client.get("vc/v1/rooms", page_size="5", page_token="x")
    await client.freebusy(room_id="omm_none")
    token, rooms, freebusy = tenant.requests
    assert (token.method, token.path) == ("POST", f"/open-apis/{TOKEN_PATH}")
    assert (rooms.query, rooms.body, rooms.status, rooms.code) == (
        {"page_size": "5", "page_token": "x"},
        None,
        400,
        121003,
    )
    assert tenant.calls("freebusy/list") == [freebusy]
    assert isinstance(freebusy.body, dict)
    assert freebusy.body["room_id"] == "omm_none"
    assert freebusy.at == tenant.now()


async def test_repeated_parameters_are_logged(client: Client, tenant: Tenant) -> None:
    await client.send("GET", "/open-apis/nothing?a=1&a=2&b=%2B")
    assert tenant.requests[-1].query == {"a": "1", "b": "+"}
    assert tenant.requests[-1].pairs == (("a", "1"), ("a", "2"), ("b", "+"))


async def test_no_log_or_repr_contains_a_secret(
    client: Client, tenant: Tenant, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    await client.get("bot/v3/info")
    await client.ask_token(app_secret="wrong-secret-0001")
    cut = f'{{"app_id":"x","app_secret":"{tenant.app_secret}"'
    await client.send("POST", f"/open-apis/{TOKEN_PATH}", data=cut, headers={"Content-Type": "application/json"})
    output = capfd.readouterr()
    text = repr(tenant.requests) + repr(tenant) + repr(tenant.tokens) + caplog.text + output.out + output.err
    for secret in (tenant.app_secret, "wrong-secret-0001", client.token):
        assert secret not in text
