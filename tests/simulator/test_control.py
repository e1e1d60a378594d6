"""The control interface over HTTP."""

from datetime import UTC, datetime, time, timedelta

import pytest

from simulator import AppEvent, BookingRules, Room, Tenant, User, control
from simulator.faults import KINDS
from tests.simulator.client import Client, Json

START, LATER, END = "2026-11-23T10:00:00+08:00", "2026-11-23T11:00:00+08:00", "2026-11-23T12:00:00+08:00"


async def test_book_move_cancel(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    booked = await client.control("book", subject_id=room.room_id, start=START, end=LATER, rsvp="needs_action")
    booking_id = booked.body["booking_id"]
    assert booked.status == 200
    assert booked.body == {
        "booking_id": booking_id,
        "subject_id": room.room_id,
        "start": "2026-11-23T02:00:00+00:00",
        "end": "2026-11-23T03:00:00+00:00",
        "rsvp": "needs_action",
        "free": False,
        "external": False,
        "series": "",
        "original_time": 0,
        "organizer": "",
        "private": False,
        "title": "",
        "uid": "",
        "requested": False,
    }
    assert (await client.control("move", booking_id=booking_id, start=LATER, end=END)).status == 200
    assert tenant.bookings[booking_id].start == datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert (await client.control("cancel", booking_id=booking_id)).body == {}
    assert tenant.bookings == {}
    await client.control("book", subject_id=user.open_id, start=START, end=LATER, free=True, external=True)
    (booking,) = tenant.calendars.of(user.open_id)
    assert (booking.free, booking.external) == (True, True)
    event = {"series": "weekly", "organizer": user.open_id, "private": True}
    weekly = await client.control("book", subject_id=room.room_id, start=START, end=LATER, **event)
    assert weekly.body.items() >= event.items()


async def test_rooms_levels_people(client: Client, tenant: Tenant) -> None:
    tower = (await client.control("levels/add", name="Tower")).body["level_id"]
    floor = (await client.control("levels/add", name="1F", parent=tower)).body
    assert floor["path"][1:] == [tower, floor["level_id"]]
    added = {"name": "Orion", "level": tower, "capacity": 8, "equipment": ["TV"], "room_id": "omm_1"}
    assert (await client.control("rooms/add", **added)).body["room_id"] == "omm_1"
    room = tenant.rooms["omm_1"]
    assert (room.level_id, room.capacity, room.equipment) == (tower, 8, ("TV",))
    await client.control("rooms/rename", room_id="omm_1", name="Vega")
    assert tenant.rooms["omm_1"].name == "Vega"
    disabled = await client.control("rooms/disable", room_id="omm_1", start=START, reason="Painting")
    assert disabled.body["disabled"] == {"start": "2026-11-23T02:00:00+00:00", "end": None, "reason": "Painting"}
    await client.control("rooms/disable", room_id="omm_1", start=START, end=LATER)
    period = tenant.rooms["omm_1"].disabled
    assert period is not None
    assert period.end == datetime(2026, 11, 23, 3, tzinfo=UTC)
    await client.control("rooms/enable", room_id="omm_1")
    assert tenant.rooms["omm_1"].disabled is None
    await client.control("rooms/delete", room_id="omm_1")
    assert tenant.rooms == {}
    added = {"name": "Chen Wei", "open_id": "ou_1", "email": "chen@example.com", "mobile": "+12025550101"}
    assert (await client.control("users/add", **added)).body.items() >= added.items()
    assert tenant.users["ou_1"].name == "Chen Wei"
    await client.control("users/delete", open_id="ou_1")
    assert tenant.users == {}
    gone = await client.send("POST", "/simulator/users/delete", json={"open_id": "ou_1"})
    assert (gone.status, gone.body) == (400, {"error": "there is no person ou_1"})


async def test_the_app(client: Client, tenant: Tenant) -> None:
    await client.control("scopes/revoke", scopes=["vc:room:readonly"])
    await client.control("scopes/grant", scopes=["calendar:room"])
    assert (tenant.scopes["vc:room:readonly"], tenant.scopes["calendar:room"]) == (False, True)
    await client.call("POST", "application/v6/scopes/apply")
    assert (await client.send("GET", "/simulator/state")).body["app"]["scope_requests"] == [["vc:room:readonly"]]
    await client.control("app", enabled=False, ip_allowed=False)
    assert (tenant.app_enabled, tenant.ip_allowed) == (False, False)
    await client.control("app", enabled=True)
    assert (tenant.app_enabled, tenant.ip_allowed) == (True, False)
    await client.control("bot", enabled=False, status=3)
    assert (tenant.bot_enabled, tenant.bot_status) == (False, 3)
    await client.control("secret", secret="new")
    assert tenant.app_secret == "new"
    await client.control("quota", left=3)
    assert tenant.quota_left == 3
    await client.control("quota", left=None)
    assert tenant.quota_left is None
    await client.control("limits", enabled=False)
    assert tenant.limits_enabled is False


async def test_rules_and_delays_of_the_agenda(client: Client, tenant: Tenant, room: Room) -> None:
    rules = {"opens": "09:00", "max_duration": 3600, "days_ahead": 30, "approval": True}
    await client.control("rooms/rules", room_id=room.room_id, **rules)
    assert tenant.agenda.rules[room.room_id] == BookingRules(
        opens=time(9), max_duration=timedelta(hours=1), days_ahead=30, approval=True
    )
    await client.control("agenda", verdict_delay=30.0, reply_delay=0.5)
    assert (tenant.agenda.verdict_delay, tenant.agenda.reply_delay) == (30, 0.5)
    await client.control("agenda", verdict_delay=None)
    assert (tenant.agenda.verdict_delay, tenant.agenda.reply_delay) == (None, 0.5)
    start = tenant.now()
    tenant.agenda.create(AppEvent("uid", "Retro", start, start + timedelta(hours=1), "UTC"), "")
    (event,) = (await client.send("GET", "/simulator/state")).body["events"]
    assert (event["title"], event["guests"]) == ("Retro", {})


async def test_tokens(client: Client, tenant: Tenant) -> None:
    await client.get("bot/v3/info")
    await client.send("POST", "/simulator/tokens/expire")
    assert (await client.get("bot/v3/info")).outcome == (400, 99991663)
    await client.control("tokens/stuck", stuck=True)
    assert tenant.stuck_token is True


async def test_variants(client: Client, tenant: Tenant) -> None:
    reply = await client.control("variants", empty_list="null", wrong_secret_status=400)
    assert reply.body["empty_list"] == tenant.variants.empty_list == "null"
    shown = await client.send("GET", "/simulator/variants")
    assert shown.body["wrong_secret_status"] == 400


async def test_faults(client: Client, tenant: Tenant, room: Room) -> None:
    await client.control("faults/inject", kind="rate_limited", args={"reset": 9}, path="vc/v1/rooms", times=None)
    for _ in range(2):
        assert (await client.get("vc/v1/rooms")).headers["x-ogw-ratelimit-reset"] == "9"
    await client.control("faults/clear")
    assert (await client.get("vc/v1/rooms")).status == 200
    await client.control("faults/inject", kind="status", args={"status": 502}, body={"room_id": room.room_id})
    assert (await client.freebusy(room_id="omm_none")).status == 400
    assert [(await client.freebusy(room_id=room.room_id)).status for _ in range(2)] == [502, 200]
    assert tenant.faults.orders == []


async def test_requests(client: Client, tenant: Tenant) -> None:
    await client.get("vc/v1/rooms", page_size="5")
    (token, rooms) = (await client.send("GET", "/simulator/requests")).body
    assert token["body"] == {"app_id": tenant.app_id, "app_secret": "***"}
    assert (rooms["path"], rooms["query"], rooms["status"]) == ("/open-apis/vc/v1/rooms", {"page_size": "5"}, 200)
    await client.control("requests/clear")
    assert tenant.requests == []  # control requests are not logged


async def test_state(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    tenant.book(room.room_id, datetime(2026, 11, 23, 3, tzinfo=UTC), datetime(2026, 11, 23, 4, tzinfo=UTC))
    await client.control("faults/inject", kind="slow", args={"seconds": 0.1}, path="freebusy/list")
    await client.get("bot/v3/info")
    reply = await client.send("GET", "/simulator/state")
    assert [item["name"] for item in reply.body["rooms"]] == ["Orion"]
    assert [item["open_id"] for item in reply.body["users"]] == [user.open_id]
    assert [item["start"] for item in reply.body["bookings"]] == ["2026-11-23T03:00:00+00:00"]
    assert reply.body["faults"] == [{"kind": "slow", "path": "freebusy/list", "left": 1}]
    assert reply.body["requests"] == 2
    assert not any(secret in str(reply.body) for secret in (tenant.app_secret, client.token))


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("book", {}, "subject_id must be of type str"),
        ("book", {"subject_id": "omm_none", "start": START, "end": END}, "there is no room or person omm_none"),
        ("book", {"subject_id": "ROOM", "start": "10:00", "end": END}, "Invalid isoformat string: '10:00'"),
        ("book", {"subject_id": "ROOM", "start": "2026-11-23T10:00:00", "end": END}, "times must be aware"),
        ("book", {"subject_id": "ROOM", "start": END, "end": START}, "the end is before the start"),
        ("book", {"subject_id": "ROOM", "start": START, "end": END, "free": 1}, "free must be of type bool"),
        (
            "book",
            {"subject_id": "ROOM", "start": START, "end": END, "rsvp": "yes"},
            "rsvp must be one of accept, decline, needs_action, removed, tentative",
        ),
        ("cancel", {"booking_id": "none"}, "there is no booking none"),
        ("rooms/add", {"name": "x", "equipment": "TV"}, "equipment must be of type list"),
        ("rooms/add", {"name": "x", "equipment": [1]}, "equipment must be a list of strings"),
        ("rooms/add", {"name": "x", "level": "omb_none"}, "there is no level omb_none"),
        ("rooms/delete", {"room_id": "omm_none"}, "there is no room omm_none"),
        ("rooms/rules", {"room_id": "omm_none"}, "there is no room omm_none"),
        ("quota", {}, "left must be a number or null"),
        ("quota", {"left": True}, "left must be of type int"),
        ("faults/inject", {"kind": "flood"}, f"kind must be one of {', '.join(KINDS)}"),
        ("faults/inject", {"kind": "slow", "args": {"minutes": 1}}, "Fault.slow() got an unexpected keyword argument"),
        ("variants", {"empty_list": "no"}, "variant empty_list is one of 'list'"),
        ("bot", [], "the body must be a JSON object"),
    ],
)
async def test_invalid_requests_get_400_and_change_nothing(
    client: Client, tenant: Tenant, room: Room, path: str, body: Json, error: str
) -> None:
    if isinstance(body, dict) and body.get("subject_id") == "ROOM":
        body = {**body, "subject_id": room.room_id}
    reply = await client.send("POST", f"/simulator/{path}", json=body)
    assert reply.status == 400
    assert reply.body["error"].startswith(error)
    assert tenant.bookings == {}


async def test_only_json_is_accepted(client: Client, tenant: Tenant) -> None:
    """A web page can send a form to 127.0.0.1, but not JSON."""
    reply = await client.send(
        "POST", "/simulator/secret", data='{"secret": "x"}', headers={"Content-Type": "text/plain"}
    )
    assert reply.status == 400
    assert tenant.app_secret == "simulated-secret-0001"


@pytest.mark.parametrize(("method", "path"), [("GET", "book"), ("POST", "state"), ("DELETE", "requests"), ("GET", "x")])
async def test_an_unknown_control_path_or_method_is_404(client: Client, method: str, path: str) -> None:
    assert (await client.send(method, f"/simulator/{path}")).status == 404


def test_all_commands_are_documented() -> None:
    text = control.__doc__ or ""
    for method, commands in (("GET", control.READS), ("POST", control.CHANGES)):
        for path in commands:
            assert f"\n{method:4} {path} " in text or f"\n{method:4} {path}\n" in text, path
