"""Free/busy of many rooms in one call and all variants of its answer."""

from datetime import UTC, datetime, timedelta

import pytest
from yarl import URL

from simulator import Booking, Room, Tenant, User
from tests.simulator.client import DAY, Client, Json, Reply
from tests.simulator.conftest import Clock

PATH = "meeting_room/freebusy/batch_get"
HOUR = timedelta(hours=1)


def at(hour: int) -> datetime:
    """Return a full hour on 2026-11-23 in Shanghai."""
    return datetime(2026, 11, 22, 16, tzinfo=UTC) + hour * HOUR


async def ask(client: Client, *room_ids: str, **changes: Json) -> Reply:
    """Request free/busy of 2026-11-23 in Shanghai, overridden by ``changes``."""
    return await client.get(PATH, room_ids=list(room_ids), **{**DAY, **changes})


@pytest.fixture
def other(tenant: Tenant) -> Room:
    return tenant.add_room("Vega")


@pytest.fixture
def booking(tenant: Tenant, room: Room) -> Booking:
    return tenant.book(room.room_id, at(10), at(11))


async def test_rooms_are_mapped_to_their_rows(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    tenant.book(room.room_id, at(10), at(11), organizer=user.open_id)

    data = (await ask(client, room.room_id)).data

    uid = data["free_busy"][room.room_id][0]["uid"]
    assert len(uid) == 36
    row = {
        "start_time": "2026-11-23T10:00:00+08:00",
        "end_time": "2026-11-23T11:00:00+08:00",
        "uid": uid,
        "original_time": 0,
        "organizer_info": {"name": "Chen Wei", "open_id": "ou_chen"},
    }
    assert data == {**DAY, "free_busy": {room.room_id: [row]}}


async def test_the_organizer_may_be_the_app_or_missing(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.book(room.room_id, at(10), at(11))
    tenant.book(room.room_id, at(12), at(13), private=True)

    by_app, private = (await ask(client, room.room_id)).data["free_busy"][room.room_id]

    assert by_app["organizer_info"] == {"open_id": tenant.bot_id}
    assert "organizer_info" not in private


async def test_the_name_of_an_organizer_may_be_left_out(client: Client, tenant: Tenant, room: Room, user: User) -> None:
    tenant.book(room.room_id, at(10), at(11), organizer=user.open_id)
    tenant.variants.organizer_names = "left_out"

    (row,) = (await ask(client, room.room_id)).data["free_busy"][room.room_id]

    assert row["organizer_info"] == {"open_id": "ou_chen"}


async def test_instances_of_a_series_share_their_uid(client: Client, tenant: Tenant, room: Room) -> None:
    bookings = [tenant.book(room.room_id, at(hour), at(hour + 1), series="weekly") for hour in (8, 12)]
    tenant.move(bookings[1].booking_id, at(14), at(15))
    tenant.move(bookings[1].booking_id, at(16), at(17))

    rows = (await ask(client, room.room_id)).data["free_busy"][room.room_id]

    assert [row["uid"] for row in rows] == ["weekly", "weekly"]
    assert [row["original_time"] for row in rows] == [0, int(at(12).timestamp())]


async def test_a_moved_single_event_is_no_exception(
    client: Client, tenant: Tenant, room: Room, booking: Booking
) -> None:
    tenant.move(booking.booking_id, at(14), at(15))

    (row,) = (await ask(client, room.room_id)).data["free_busy"][room.room_id]

    assert row["original_time"] == 0


async def test_rsvp_states_are_left_out_and_declined_events_hidden(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.declined_rows = "always"
    tenant.variants.rsvp_status = "always"
    for hour, rsvp in enumerate(("accept", "needs_action", "tentative", "decline", "removed")):
        tenant.book(room.room_id, at(hour), at(hour + 1), rsvp=rsvp)  # type: ignore[arg-type]  # an Rsvp
    tenant.book(room.room_id, at(8), at(9), free=True)
    tenant.book(room.room_id, at(10), at(11), external=True)

    async def hours() -> list[int]:
        rows = (await ask(client, room.room_id)).data["free_busy"][room.room_id]
        assert not any("rsvp_status" in row for row in rows)
        return [int(row["start_time"][11:13]) for row in rows]

    assert await hours() == [0, 1, 2, 10]
    tenant.variants.pending_rows = "hidden"
    assert await hours() == [0, 2, 10]


@pytest.mark.parametrize(("variant", "shown"), [("omitted", []), ("empty_list", ["OTHER"])])
async def test_an_idle_room(
    client: Client, tenant: Tenant, room: Room, other: Room, booking: Booking, variant: str, shown: list[str]
) -> None:
    tenant.variants.update({"idle_room": variant})

    data = (await ask(client, room.room_id, other.room_id)).data

    assert set(data["free_busy"]) == {room.room_id, *(other.room_id for _ in shown)}
    assert "error_room_ids" not in data


async def test_a_disabled_room_looks_idle(client: Client, tenant: Tenant, room: Room, clock: Clock) -> None:
    tenant.disable_room(room.room_id, clock.now, None)

    assert (await ask(client, room.room_id)).data == {**DAY, "free_busy": {}}


async def test_an_unknown_room_is_in_error_room_ids(client: Client, room: Room, booking: Booking) -> None:
    data = (await ask(client, "omm_none", room.room_id)).data

    assert list(data["free_busy"]) == [room.room_id]
    assert data["error_room_ids"] == ["omm_none"]


async def test_an_unknown_room_may_fail_the_call(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.unknown_batch_room = "100005"

    assert (await ask(client, room.room_id, "omm_none")).outcome == (400, 100005)
    assert (await ask(client, room.room_id)).outcome == (200, 0)


async def test_an_unknown_room_may_be_left_out(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.unknown_batch_room = "omitted"

    assert (await ask(client, room.room_id, "omm_none")).data == {**DAY, "free_busy": {}}


async def test_the_list_of_unknown_rooms_may_always_be_present(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.error_room_ids = "always"

    assert (await ask(client, room.room_id)).data["error_room_ids"] == []


async def test_at_most_20_rooms(client: Client, tenant: Tenant) -> None:
    ids = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    for room_id in ids:
        tenant.book(room_id, at(10), at(11))

    assert set((await ask(client, *ids[:20])).data["free_busy"]) == set(ids[:20])
    assert (await ask(client, *ids)).outcome == (400, 105002)
    tenant.variants.too_many_rooms = "truncated"
    assert set((await ask(client, *ids)).data["free_busy"]) == set(ids[:20])


async def test_the_map_may_be_a_list(client: Client, tenant: Tenant, room: Room, booking: Booking) -> None:
    rows = (await ask(client, room.room_id)).data["free_busy"][room.room_id]
    tenant.variants.free_busy = "list_of_maps"
    assert (await ask(client, room.room_id)).data["free_busy"] == [{room.room_id: rows}]
    tenant.variants.free_busy = "list_of_rows"
    assert (await ask(client, room.room_id)).data["free_busy"] == [{"room_id": room.room_id, **rows[0]}]


async def test_incomplete_envelopes(client: Client, tenant: Tenant, room: Room, booking: Booking) -> None:
    tenant.variants.free_busy = "null"
    assert (await ask(client, room.room_id)).data == {**DAY, "free_busy": None}
    tenant.variants.free_busy = "missing"
    assert (await ask(client, room.room_id)).data == DAY
    for echo, left in (("no_time_min", {"time_max"}), ("no_time_max", {"time_min"}), ("neither", set())):
        tenant.variants.update({"window_echo": echo})
        assert set((await ask(client, room.room_id)).data) == left


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"time_min": "2026-11-23T00:00:00"}, 100003),
        ({"time_max": "tomorrow"}, 100003),
        ({"time_min": ""}, 100003),
        ({"time_max": DAY["time_min"]}, 105002),
    ],
)
async def test_invalid_windows(client: Client, room: Room, changes: Json, code: int) -> None:
    assert (await ask(client, room.room_id, **changes)).outcome == (400, code)


async def test_rooms_and_times_are_required(client: Client, room: Room) -> None:
    assert (await ask(client)).outcome == (400, 105002)
    assert (await ask(client, "")).outcome == (400, 105002)
    assert (await client.get(PATH, room_ids=room.room_id)).outcome == (400, 100003)


async def test_an_unencoded_plus_is_a_space(client: Client, room: Room) -> None:
    await client.get("bot/v3/info")
    query = f"room_ids={room.room_id}&time_min={DAY['time_min']}&time_max={DAY['time_max']}"

    async def outcome(text: str) -> tuple[int, int]:
        url = URL(f"/open-apis/{PATH}?{text}", encoded=True)
        headers = {"Authorization": f"Bearer {client.token}"}
        return (await client.send("GET", url, headers=headers)).outcome

    assert await outcome(query) == (400, 100003)
    assert await outcome(query.replace("+", "%2B")) == (200, 0)


async def test_a_long_window_is_accepted(client: Client, room: Room) -> None:
    assert (await ask(client, room.room_id, time_max="2028-01-01T00:00:00+08:00")).outcome == (200, 0)


async def test_it_needs_its_own_scope_and_no_bot(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.bot_enabled = False
    tenant.revoke("calendar:calendar.free_busy:read", "vc:room:readonly")
    assert (await ask(client, room.room_id)).outcome == (200, 0)
    tenant.grant("calendar:calendar", "calendar:room")
    tenant.revoke("calendar:room:readonly")
    reply = await ask(client, room.room_id)
    assert reply.outcome == (400, 99991672)
    assert [violation["subject"] for violation in reply.body["error"]["permission_violations"]] == [
        "calendar:room:readonly"
    ]


@pytest.mark.parametrize("status", [400, 429])
async def test_its_rate_limit_status_may_differ(client: Client, tenant: Tenant, room: Room, status: Json) -> None:
    tenant.variants.rate_limit = "190004"  # only for calendar/v4
    tenant.variants.room_batch_limit_status = status
    tenant.limits.windows = ((1, 1.0),)
    await ask(client, room.room_id)

    reply = await ask(client, room.room_id)

    assert reply.outcome == (status, 99991400)
    assert (reply.headers["x-ogw-ratelimit-limit"], reply.headers["x-ogw-ratelimit-reset"]) == ("1", "1")


async def test_successful_calls_count_against_the_quota(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.quota_left = 1
    assert (await ask(client, "")).outcome == (400, 105002)
    assert (await ask(client, room.room_id)).outcome == (200, 0)
    assert (await ask(client, room.room_id)).outcome == (429, 99991403)


async def test_it_may_be_taken_offline(client: Client, tenant: Tenant, room: Room) -> None:
    tenant.variants.room_batch = "30005"
    assert (await ask(client, room.room_id)).outcome == (400, 30005)
    tenant.variants.room_batch = "404"
    reply = await ask(client, room.room_id)
    assert (reply.status, reply.body) == (404, "404 page not found")
    assert (await client.get("vc/v1/rooms")).outcome == (200, 0)
