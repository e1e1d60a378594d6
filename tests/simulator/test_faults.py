"""Faults as a client sees them."""

import asyncio
from time import monotonic

import aiohttp
import pytest

from simulator import Fault, Room, Tenant
from tests.simulator.client import DAY, FREEBUSY, Client, Json

INFO = "bot/v3/info"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault.status(500, code=190003), 500, {"code": 190003, "msg": "internal service error"}),
        (Fault.status(503), 503, "Service Unavailable"),
        (Fault.status(799), 799, "Unknown"),
        (Fault.empty(), 200, ""),
        (Fault.empty(status=504), 504, ""),
        (Fault.body(200, "[1, 2"), 200, "[1, 2"),
        (Fault.body(418, {"code": 5, "data": None}), 418, {"code": 5, "data": None}),
        (Fault.body(200, [1]), 200, [1]),
        (Fault.error(400, 99991663), 400, {"code": 99991663, "msg": "Invalid access token for authorization."}),
        (Fault.error(400, 190014, "no", error="text"), 400, {"code": 190014, "msg": "no", "error": "text"}),
        (Fault.error(400, 42), 400, {"code": 42, "msg": "error"}),
    ],
)
async def test_answers(client: Client, tenant: Tenant, fault: Fault, status: int, body: Json) -> None:
    await client.get(INFO)
    tenant.inject(fault)
    async with client.session.get(f"/open-apis/{INFO}") as response:
        text = await response.text()
        assert response.status == status
        if isinstance(body, str):
            assert text == body
        else:
            got = await response.json()
            if fault == Fault.error(400, 99991663):
                got["msg"] = got["msg"].partition(" Please")[0]
            assert got == body
    assert tenant.requests[-1].status == status
    assert tenant.requests[-1].fault == fault.name
    assert (await client.get(INFO)).outcome == (200, 0)


@pytest.mark.parametrize(
    ("fault", "outcome", "headers"),
    [
        (Fault.rate_limited(), (429, 99991400), ("50", "1")),
        (Fault.rate_limited(reset=17, status=400), (400, 99991400), ("50", "17")),
        (Fault.rate_limited(reset=None, code=190005), (429, 190005), (None, None)),
    ],
)
async def test_rate_limited(
    client: Client, tenant: Tenant, fault: Fault, outcome: tuple[int, int], headers: tuple[str | None, str | None]
) -> None:
    tenant.inject(fault)
    reply = await client.get("vc/v1/rooms", authorization="Bearer t-any")
    assert reply.outcome == outcome
    assert (reply.headers.get("x-ogw-ratelimit-limit"), reply.headers.get("x-ogw-ratelimit-reset")) == headers


@pytest.mark.parametrize("status", [200, 502])
async def test_html(client: Client, tenant: Tenant, status: int) -> None:
    tenant.inject(Fault.html(status=status))
    reply = await client.send("GET", f"/open-apis/{INFO}")
    assert reply.status == status
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.body.startswith("<html>")


async def test_redirect(client: Client, tenant: Tenant) -> None:
    tenant.inject(Fault.redirect("http://127.0.0.1:1/elsewhere"))
    reply = await client.send("GET", f"/open-apis/{INFO}")
    assert (reply.status, reply.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")


async def test_cut_off(client: Client, tenant: Tenant) -> None:
    whole = await client.get(INFO)
    headers = {"Authorization": f"Bearer {client.token}"}
    tenant.inject(Fault.cut_off())
    async with client.session.get(f"/open-apis/{INFO}", headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        half = await response.text()
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            await response.json()
    assert len(half) == int(whole.headers["content-length"]) // 2
    tenant.inject(Fault.cut_off(broken_connection=True))
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.get(INFO)


async def test_oversized(client: Client, tenant: Tenant) -> None:
    whole = await client.get(INFO)
    tenant.inject(Fault.oversized(100_000))
    reply = await client.get(INFO)
    assert reply.headers["content-length"] == "100000"
    assert reply.body == whole.body  # valid JSON: only a size limit notices


async def test_slow(client: Client, tenant: Tenant) -> None:
    await client.get(INFO)
    tenant.inject(Fault.slow(0.2))
    start = monotonic()
    assert (await client.get(INFO)).outcome == (200, 0)
    assert monotonic() - start >= 0.2


async def test_a_client_timeout_is_logged(client: Client, tenant: Tenant) -> None:
    await client.get(INFO)
    tenant.inject(Fault.slow(60))
    with pytest.raises(TimeoutError):
        await client.send("GET", f"/open-apis/{INFO}", timeout=aiohttp.ClientTimeout(total=0.1))
    for _ in range(100):
        if tenant.requests[-1].fault:
            break
        await asyncio.sleep(0.01)
    assert (tenant.requests[-1].fault, tenant.requests[-1].status) == ("slow", 0)


async def test_close(client: Client, tenant: Tenant) -> None:
    await client.get(INFO)
    tenant.inject(Fault.close())
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.freebusy()
    assert (tenant.requests[-1].status, tenant.requests[-1].code) == (0, None)
    assert (await client.get(INFO)).outcome == (200, 0)


async def test_path_and_times(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.inject(Fault.status(500, code=190003), path="freebusy/list", times=2)
    assert (await client.get(INFO)).outcome == (200, 0)
    codes = [(await client.freebusy(room_id=room.room_id)).body["code"] for _ in range(3)]
    assert codes == [190003, 190003, 0]


async def test_until_cleared(client: Client, tenant: Tenant) -> None:
    await client.get(INFO)
    tenant.inject(Fault.status(502), times=None)
    assert [(await client.get(INFO)).status for _ in range(3)] == [502, 502, 502]
    tenant.clear_faults()
    assert (await client.get(INFO)).status == 200


async def test_a_condition_selects_the_requests(client: Client, tenant: Tenant, room: Room) -> None:
    other = tenant.add_room("Vega")
    tenant.inject(
        Fault.error(400, 190002),
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body.get("room_id") == other.room_id,
    )
    assert (await client.freebusy(room_id=room.room_id)).outcome == (200, 0)
    assert (await client.freebusy(room_id=other.room_id)).outcome == (400, 190002)


async def test_the_oldest_fault_applies_first(client: Client, tenant: Tenant) -> None:
    await client.get(INFO)
    tenant.inject(Fault.status(500))
    tenant.inject(Fault.status(502))
    assert [(await client.get(INFO)).status for _ in range(3)] == [500, 502, 200]


async def test_failed_calls_count_against_the_limit_not_the_quota(client: Client, tenant: Tenant) -> None:
    tenant.quota_left = 5
    tenant.limits.windows = ((2, 1.0),)
    tenant.inject(Fault.status(502), path="vc/v1/rooms", times=2)
    assert [(await client.get("vc/v1/rooms")).status for _ in range(3)] == [502, 502, 429]
    assert tenant.quota_left == 5


async def test_a_fault_sees_no_secret(client: Client, tenant: Tenant) -> None:
    seen: list[str] = []

    def look(call: object) -> bool:
        seen.append(repr(call))
        return False

    tenant.inject(Fault.close(), when=look)
    await client.call("POST", FREEBUSY, DAY)
    assert len(seen) == 2
    assert not any(tenant.app_secret in text or client.token in text for text in seen)
