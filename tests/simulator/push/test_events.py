"""The simulated events: what causes them, how they are written, and how they are delivered."""

from collections.abc import Callable
from datetime import UTC, timedelta
import json
import random
from typing import Any

from aiohttp import WSMsgType
import pytest

from simulator import AppEvent, Booking, BookingRules, Room, RoomGuest, Tenant
from simulator.push import Push
from simulator.push.frames import Frame, decode
from simulator.push.messages import LEVEL_CREATED, STATUS_CHANGED
from tests.simulator.conftest import Clock

from .conftest import Link, LongClient, until

HOUR = timedelta(hours=1)


@pytest.fixture
async def link(long_client: LongClient, tenant: Tenant, room: Room) -> Link:
    """Return a connection that is opened when the room is there."""
    tenant.variants.server_pings = "off"
    return await long_client.connect()


@pytest.fixture
def booking(tenant: Tenant, room: Room, clock: Clock) -> Booking:
    """Return a booking made before any client connected."""
    return tenant.book(room.room_id, clock.now, clock.now + HOUR)


async def test_booking_sends_an_event(link: Link, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.book(room.room_id, clock.now, clock.now + HOUR)
    frame = await link.frame()
    assert (frame.service, frame.method, frame.payload_encoding, frame.payload_type) == (33554678, 1, "", "")
    assert frame.log_id > 2**53
    assert [key for key, _ in frame.headers] == [
        *("type", "message_id", "sum", "seq", "trace_id", "timestamp", "instance_id")
    ]
    body = json.loads(frame.payload or b"")
    assert body == {
        "schema": "2.0",
        "header": {
            "event_id": body["header"]["event_id"],
            "event_type": STATUS_CHANGED,
            "create_time": "1795399200000",
            "token": "v-simulated-token",
            "app_id": tenant.app_id,
            "tenant_key": body["header"]["tenant_key"],
        },
        "event": {"room_name": "Orion", "room_id": room.room_id},
    }


@pytest.mark.parametrize("cause", ["move", "cancel", "release", "end", "room"])
async def test_each_cause_sends_an_event_unless_its_variant_says_none(
    booking: Booking, link: Link, tenant: Tenant, clock: Clock, cause: str
) -> None:
    changes: dict[str, Callable[[], object]] = {
        "move": lambda: tenant.move(booking.booking_id, clock.now + HOUR, clock.now + 2 * HOUR),
        "cancel": lambda: tenant.cancel(booking.booking_id),
        "release": lambda: tenant.release(booking.booking_id),
        "end": lambda: tenant.end(booking.booking_id),
        "room": lambda: tenant.rename_room(booking.subject_id, "Vega"),
    }
    change = changes[cause]
    again = tenant.calendars.get(booking.booking_id)
    change()
    assert (await link.event())["event"]["room_id"] == booking.subject_id
    tenant.calendars.put(again)
    tenant.variants.update({f"event_on_{cause}": "none"})
    change()
    await link.quiet()


@pytest.mark.parametrize("allowed", [True, False], ids=["accepted", "declined"])
async def test_steps_of_a_request_of_the_app_send_events(
    link: Link, tenant: Tenant, push: Push, room: Room, clock: Clock, *, allowed: bool
) -> None:
    tenant.variants.update({"event_on_request": "sent", "event_on_decline": "sent"})
    tenant.agenda.rules[room.room_id] = BookingRules(allowed=allowed)
    start = clock.now.astimezone(UTC)
    event = tenant.agenda.create(AppEvent("uid", "Retro", start, start + HOUR, "UTC"), "")
    tenant.agenda.invite(event.event_id, RoomGuest(room.room_id, "resource_1", tenant.new_id("")))
    assert len(push.deliveries) == 1
    clock.advance(seconds=2)
    tenant.agenda.settle()
    assert len(push.deliveries) == 2
    tenant.agenda.delete(event.event_id)
    assert [delivery.event_type for delivery in push.deliveries] == [STATUS_CHANGED] * 3
    tenant.agenda.stop()


async def test_a_request_sends_an_event_only_when_it_is_accepted(
    link: Link, tenant: Tenant, push: Push, room: Room, clock: Clock
) -> None:
    tenant.agenda.verdict_delay = 0
    start = clock.now.astimezone(UTC)
    for rules in (BookingRules(allowed=False), BookingRules()):
        tenant.agenda.rules[room.room_id] = rules
        event = tenant.agenda.create(AppEvent(tenant.new_id(""), "Retro", start, start + HOUR, "UTC"), "")
        assert push.deliveries == []
        tenant.agenda.invite(event.event_id, RoomGuest(room.room_id, "resource_1", tenant.new_id("")))
    assert len(push.deliveries) == 1


async def test_new_booking_without_an_event(link: Link, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.variants.event_on_book = "none"
    tenant.book(room.room_id, clock.now, clock.now + HOUR)
    await link.quiet()


async def test_person_has_no_event(link: Link, tenant: Tenant, clock: Clock) -> None:
    tenant.book(tenant.add_user("Chen Wei").open_id, clock.now, clock.now + HOUR)
    await link.quiet()


async def test_disabled_enabled_and_deleted_rooms_send_events(link: Link, tenant: Tenant, room: Room) -> None:
    tenant.disable_room(room.room_id, tenant.now(), None)
    tenant.enable_room(room.room_id)
    tenant.delete_room(room.room_id)
    assert [(await link.event())["event"]["room_id"] for _ in range(3)] == [room.room_id] * 3


async def test_events_of_the_catalogue_need_a_subscription(link: Link, tenant: Tenant, push: Push) -> None:
    tenant.variants.event_on_room = "none"
    tenant.add_room("Vega")
    await link.quiet()
    push.subscribed |= {"vc.room.created_v1", "vc.room.updated_v1", "vc.room.deleted_v1", LEVEL_CREATED}
    level = tenant.add_level("Tower B")
    room = tenant.add_room("Mira", level=level)
    tenant.rename_room(room.room_id, "Lyra")
    tenant.delete_room(room.room_id)
    events = [await link.event() for _ in range(4)]
    assert [event["header"]["event_type"] for event in events] == [
        *(LEVEL_CREATED, "vc.room.created_v1", "vc.room.updated_v1", "vc.room.deleted_v1")
    ]
    assert events[0]["event"]["room_level"]["room_level_id"] == level.level_id
    assert (events[1]["event"]["room"]["name"], events[2]["event"]["room"]["name"]) == ("Mira", "Lyra")
    assert events[3]["event"] == {"room_id": room.room_id}


@pytest.mark.parametrize("scope", ["calendar:room:readonly"])
async def test_event_needs_its_scope(link: Link, tenant: Tenant, room: Room, scope: str) -> None:
    tenant.revoke(scope)
    tenant.rename_room(room.room_id, "Vega")
    await link.quiet()
    tenant.grant(scope)
    tenant.rename_room(room.room_id, "Mira")
    assert (await link.event())["event"]["room_name"] == "Mira"


async def test_no_event_before_the_first_connection(tenant: Tenant, push: Push, booking: Booking) -> None:
    assert push.deliveries == []


async def test_event_after_a_delay(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    push.delay = 0.15
    tenant.rename_room(room.room_id, "Vega")
    await link.quiet(0.05)
    await link.event()


async def test_lost_events(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    push.loss, push._random = 0.5, random.Random(1)  # noqa: S311  # no secret
    for number in range(100):
        tenant.rename_room(room.room_id, f"Vega {number}")
    assert 35 < len(push.deliveries) < 65
    push.loss = 1.0
    tenant.rename_room(room.room_id, "Mira")
    assert len(push.deliveries) < 65


@pytest.mark.parametrize(
    ("variant", "value", "expected"),
    [
        ("event_token", "empty", ("header", "token", "")),
        ("event_app_id", "foreign", ("header", "app_id", "cli_ffffffffffff0000")),
        ("event_time", "microseconds", ("header", "create_time", "1795399200000000")),
    ],
)
async def test_variants_of_the_envelope(
    link: Link, tenant: Tenant, room: Room, variant: str, value: str, expected: tuple[str, str, str]
) -> None:
    tenant.variants.update({variant: value})
    tenant.rename_room(room.room_id, "Vega")
    part, name, content = expected
    assert (await link.event())[part][name] == content


async def test_envelope_v1(link: Link, tenant: Tenant, room: Room) -> None:
    tenant.variants.event_envelope = "v1"
    tenant.rename_room(room.room_id, "Vega")
    body = await link.event()
    assert (body["type"], body["ts"], len(body["uuid"])) == ("event_callback", "1795399200.000000", 32)
    assert body["event"]["type"] == STATUS_CHANGED
    assert body["event"]["room_id"] == room.room_id


async def test_id_of_a_level_instead_of_a_room(link: Link, tenant: Tenant, room: Room) -> None:
    tenant.variants.event_room_id = "omb"
    tenant.rename_room(room.room_id, "Vega")
    assert (await link.event())["event"]["room_id"] == room.room_id.replace("omm_", "omb_")


async def test_copies_and_noise(link: Link, tenant: Tenant, room: Room) -> None:
    tenant.variants.event_copies = "twice"
    tenant.variants.event_noise = "unknown_type"
    tenant.rename_room(room.room_id, "Vega")
    events = [await link.event() for _ in range(4)]
    ids = [event["header"]["event_id"] for event in events]
    assert (ids[0], ids[2]) == (ids[1], ids[3])
    assert ids[0] != ids[2]
    assert events[2]["header"]["event_type"].startswith("approval.")


async def test_each_event_goes_to_one_random_connection(
    link: Link, long_client: LongClient, tenant: Tenant, push: Push, room: Room
) -> None:
    await long_client.connect()
    for number in range(40):
        tenant.rename_room(room.room_id, f"Vega {number}")
    await until(lambda: sum(each.received_events for each in push.connections) >= 40)
    assert all(each.received_events > 8 for each in push.connections)


# --- Frames -----------------------------------------------------------------------------------------------------------


async def joined(link: Link) -> tuple[list[Frame], Any]:
    """Return the frames of one event in the order of their arrival, and its JSON."""
    parts = [await link.frame()]
    total = int(parts[0].header("sum") or 1)
    while len({part.header("seq") for part in parts}) < total:
        parts.append(await link.frame())
    payloads = {int(part.header("seq") or 0): part.payload or b"" for part in parts}
    return parts, json.loads(b"".join(payloads[index] for index in range(total)))


@pytest.mark.parametrize(
    ("variant", "order"),
    [
        ("whole", [0]),
        ("fragments", [0, 1, 2]),
        ("fragments_reversed", [2, 1, 0]),
        ("fragment_twice", [0, 0, 1, 2]),
        ("fragment_empty", [0, 1, 2, 3]),
    ],
)
async def test_fragments(link: Link, tenant: Tenant, push: Push, room: Room, variant: str, order: list[int]) -> None:
    tenant.variants.update({"frames": variant})
    tenant.variants.redelivery = "off"
    tenant.rename_room(room.room_id, "Vega")
    parts, body = await joined(link)
    assert [int(part.header("seq")) for part in parts] == order
    assert body["event"]["room_name"] == "Vega"
    assert len({part.header("message_id") for part in parts}) == 1
    if len(parts) > 1:
        await link.ack(parts[0])
        await until(lambda: push.violations == ["an acknowledgment that nobody waits for"])
    await link.ack(parts[-1])
    await until(lambda: push.deliveries[0].acked)


async def test_unknown_fields_must_come_back(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    tenant.variants.frames = "unknown_field"
    tenant.variants.redelivery = "off"
    for name in ("Vega", "Mira"):
        tenant.rename_room(room.room_id, name)
    first, second = await link.frame(), await link.frame()
    await link.ack(first, unknown=b"")
    await link.ack(second)
    await until(lambda: push.deliveries[1].acked)
    assert push.violations == ["an acknowledgment with other fields"]


async def test_event_without_headers(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    tenant.variants.frames = "headers_missing"
    tenant.rename_room(room.room_id, "Vega")
    frame = await link.frame()
    assert frame.headers == (("type", "event"),)
    await link.ack(frame)
    await until(lambda: push.deliveries[0].acked)


async def test_stray_messages_come_before_the_event(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    tenant.variants.frames = "text"
    tenant.rename_room(room.room_id, "Vega")
    assert (await link.next()).type is WSMsgType.TEXT
    await link.event()
    tenant.variants.frames = "method_7"
    tenant.rename_room(room.room_id, "Mira")
    assert (await link.frame()).method == 7
    await link.event()
    tenant.variants.frames = "card"
    tenant.rename_room(room.room_id, "Lyra")
    card = await link.frame()
    assert card.header("type") == "card"
    await link.ack(card)
    await link.event()
    await until(lambda: all(each.acked for each in push.deliveries))
    assert push.violations == []


@pytest.mark.parametrize(
    ("variant", "total", "seq"),
    [("seq_too_large", "2", "2"), ("sum_huge", "1000000", "0"), ("fragment_missing", "3", "0")],
)
async def test_impossible_fragments(link: Link, tenant: Tenant, room: Room, variant: str, total: str, seq: str) -> None:
    tenant.variants.update({"frames": variant, "redelivery": "off"})
    tenant.rename_room(room.room_id, "Vega")
    frame = await link.frame()
    assert (frame.header("sum"), frame.header("seq")) == (total, seq)


@pytest.mark.parametrize("variant", ["bad_utf8", "cut_off", "required_field_missing"])
async def test_frames_that_cannot_be_read(link: Link, tenant: Tenant, room: Room, variant: str) -> None:
    tenant.variants.update({"frames": variant, "redelivery": "off"})
    tenant.rename_room(room.room_id, "Vega")
    message = await link.next()
    with pytest.raises(ValueError, match=r"utf-8|cut off|required"):
        decode(message.data)


# --- Delivery again ---------------------------------------------------------------------------------------------------


async def test_event_without_an_acknowledgment_comes_four_more_times(
    link: Link, tenant: Tenant, push: Push, room: Room
) -> None:
    push.scale, push.ack_within = 0.0001, 0.05
    tenant.rename_room(room.room_id, "Vega")
    events = [await link.event(ack=False) for _ in range(5)]
    assert len({event["header"]["event_id"] for event in events}) == 1
    await until(lambda: len(push.deliveries[0].failures) == 5)
    await link.quiet()
    assert (push.deliveries[0].attempts, push.deliveries[0].acked) == (5, False)


async def test_forgotten_events_do_not_come_again(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    push.scale, push.ack_within = 0.0001, 0.05
    tenant.rename_room(room.room_id, "Vega")
    await link.event(ack=False)
    (delivery,) = push.deliveries
    push.forget_deliveries()
    await until(lambda: delivery.failures)
    await link.quiet()
    assert delivery.attempts == 1


async def test_acknowledgment_ends_the_deliveries(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    push.ack_within = 0.05
    tenant.rename_room(room.room_id, "Vega")
    await link.event(ack=False)
    push.ack_within = 5.0
    await link.event()
    await until(lambda: push.deliveries[0].acked)
    await link.quiet(0.4)
    assert push.deliveries[0].failures == ["no acknowledgment"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payload": b'{"code":500}'}, "an acknowledgment whose code is not 200"),
        ({"payload": b"[]"}, "an acknowledgment whose code is not 200"),
        ({"payload": b"{"}, "an acknowledgment whose code is not 200"),
        ({"headers": (("type", "event"), ("biz_rt", "1"))}, "an acknowledgment without all headers and biz_rt"),
        ({"headers": ()}, "an acknowledgment without all headers and biz_rt"),
        ({"service": 1}, "an acknowledgment with other fields"),
    ],
)
async def test_bad_acknowledgment_leads_to_another_delivery(
    link: Link, tenant: Tenant, push: Push, room: Room, changes: dict[str, Any], reason: str
) -> None:
    tenant.rename_room(room.room_id, "Vega")
    frame = await link.frame()
    payload = changes.pop("payload", b'{"code":200}')
    await link.ack(frame, payload, **changes)
    await link.event()
    await until(lambda: push.deliveries[0].acked)
    assert push.violations == push.deliveries[0].failures == [reason]


async def test_event_without_a_connection_is_delivered_later(
    link: Link, long_client: LongClient, tenant: Tenant, push: Push, room: Room
) -> None:
    await link.socket.close()
    await until(lambda: not push.connections)
    tenant.rename_room(room.room_id, "Vega")
    await until(lambda: push.deliveries[0].failures)
    other = await long_client.connect()
    assert (await other.event())["event"]["room_name"] == "Vega"


async def test_no_other_delivery_if_the_variant_is_off(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    tenant.variants.redelivery, push.ack_within = "off", 0.05
    tenant.rename_room(room.room_id, "Vega")
    await link.event(ack=False)
    await link.quiet(0.4)


async def test_zombie_answers_pings_and_gets_no_events(link: Link, tenant: Tenant, push: Push, room: Room) -> None:
    push.connections[0].state = "zombie"
    tenant.rename_room(room.room_id, "Vega")
    await link.ping()
    assert (await link.frame()).header("type") == "pong"
    await link.quiet()


async def test_fields_of_a_negative_service_round_trip() -> None:
    frame = Frame(2**64 - 1, 0, -5, 1, (("键", "值"),), b"\x00", None, "", "x", bytes.fromhex("8008ff01"))
    assert decode(frame.encode()) == frame
