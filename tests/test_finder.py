"""The search among 1,000 rooms, through the action, compared with an oracle that checks every time step."""

from datetime import timedelta
from random import Random
from typing import Any, override
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.assist.subjects import async_spoken_subjects
from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.devices import subject_id_of
from custom_components.feishu_freebusy.feishu.models import RsvpStatus
from custom_components.feishu_freebusy.finder import async_now
from custom_components.feishu_freebusy.model.search import Offer, Reason, SearchResult, Why
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp
from tests.conftest import at
from tests.model.test_search import DECLINE, ITEMS, NEEDS_ACTION, WANTED, Office, OfficeRoom, Oracle, Wish

pytest_plugins = ["tests.clock"]

ROOMS = 1_000
STEP = timedelta(minutes=5)
DAY = 288  # steps
NOW = DAY  # the known window begins a day earlier
HORIZON = 3 * DAY
BUILDINGS, FLOORS, AREAS = ("Straße", "2F"), ("1F", "2F"), ("", "1F", "2F")


class Tower(Oracle):
    """An oracle for numbered rooms. It sorts by number, which is also the natural order of the names."""

    @override
    def _rank(self, found: tuple[OfficeRoom, int, int]) -> tuple[Any, ...]:
        each, start, length = found
        return start, each.capacity or 10**6, each.pending(start, length), int(each.name.removeprefix("Room "))


def tower_room(random: Random, number: int) -> OfficeRoom:
    """Return a crowded room; some are out of service, some can't be read."""
    begin = random.randrange(NOW - DAY // 2, HORIZON)
    disabled = random.choice([*[None] * 12, (begin, None), (begin, begin + DAY)])
    rows: list[tuple[int, int, RsvpStatus | None]] = []
    end = 0
    while end < HORIZON - 20:
        start = end + random.choice([0, 0, 0, 1, 2, 8])
        end = start + random.randint(3, 18)
        rows.append((start, end, random.choice([RsvpStatus.ACCEPT, RsvpStatus.TENTATIVE])))
    rows += [(start, start + 6, random.choice([DECLINE, NEEDS_ACTION])) for start, _, _ in rows[::5]]
    if disabled:  # Feishu cancels what is booked in that time
        rows = [row for row in rows if row[1] <= begin or (disabled[1] is not None and disabled[1] <= row[0])]
    return OfficeRoom(
        f"omm_{number:04}",
        name=f"Room {number}",
        rows=rows,
        window=(0, HORIZON),
        disabled=disabled,
        known=random.random() > 0.05,
        capacity=random.choice([0, 2, 4, 6, 8, 12, 20]),
        places=(random.choice(BUILDINGS), random.choice(FLOORS), random.choice(AREAS)),
        equipment=tuple(random.sample(ITEMS, random.randint(0, 2))),
    )


def tower_wish(random: Random) -> Wish:
    """Return a random request for a room of the tower."""
    earliest = random.choice([NOW, NOW, NOW + random.randrange(2 * DAY + 20)])
    return Wish(
        now=NOW,
        duration=random.choice([1, 3, 6, 9, 12, 18, 36, 72]),
        earliest=earliest,
        latest=random.choice([None, earliest + random.randrange(1, 30)]),
        min_capacity=random.choice([0, 0, 2, 5, 12, 20, 21]),
        places=(
            random.choice([(), ("STRASSE ",), ("2F", "Straße"), ("1F",)]),
            random.choice([(), ("1F",), (" 1f", "2F")]),
            random.choice([(), (), ("2F",), ("1F", "2F")]),
        ),
        equipment=tuple(random.sample(list(WANTED), random.choice([0, 1, 2, 4]))),
        limit=random.choice([1, 5, 20, 100]),
    )


@pytest.fixture
def office(tenant: Tenant) -> Office:
    """Return the tower, built in the tenant."""
    random = Random(20261123)  # noqa: S311  # reproducible
    office = Office(at(10) - NOW * STEP, STEP, [tower_room(random, number) for number in range(ROOMS)])
    towers = {name: tenant.add_level(name) for name in BUILDINGS}
    levels = {(above, name): tenant.add_level(name, towers[above]) for above in BUILDINGS for name in FLOORS}
    for each in office.rooms:
        room = tenant.add_room(
            each.name,
            level=levels[each.places[:2]],
            capacity=each.capacity,
            equipment=each.equipment,
            room_id=each.room_id,
        )
        if each.disabled:
            start, end = each.disabled
            tenant.disable_room(room.room_id, office.instant(start), None if end is None else office.instant(end))
        for start, end, rsvp in each.rows:
            tenant.book(
                room.room_id, office.instant(start), office.instant(end), rsvp=(rsvp or RsvpStatus.ACCEPT).value
            )
    unreadable = {each.room_id for each in office.rooms if not each.known}
    tenant.inject(
        Fault.error(400, 190002),
        FREE_BUSY,
        times=None,
        when=lambda call: isinstance(call.body, dict) and call.body["room_id"] in unreadable,
    )
    return office


def put_into_areas(hass: HomeAssistant, entry: Any, office: Office) -> dict[str, str]:
    """Put the rooms where the office has them; returns the ids of the areas."""
    areas = {name: ar.async_get(hass).async_create(name).id for name in AREAS if name}
    places = {each.room_id: each.places[2] for each in office.rooms}
    registry = dr.async_get(hass)
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        room_id = subject_id_of(entry, device.identifiers)
        if room_id and (name := places[room_id]):
            registry.async_update_device(device.id, area_id=areas[name])
    return areas


def action_data(office: Office, wish: Wish, zone: str, area_ids: dict[str, str]) -> dict[str, Any]:
    """Return the data with which the action is called."""

    def text(step: int) -> str:
        return office.instant(step).astimezone(ZoneInfo(zone)).isoformat()

    buildings, floors, areas = wish.places
    return {
        "duration": {"minutes": wish.duration * 5},
        "start": text(wish.earliest),
        **({} if wish.latest is None else {"until": text(wish.latest)}),
        "min_capacity": wish.min_capacity,
        "building": list(buildings),
        "floor": list(floors),
        "area": [area_ids.get(name, name) if wish.limit > 5 else name for name in areas],
        "equipment": list(wish.equipment),
        "limit": wish.limit,
    }


def expected_response(result: SearchResult) -> dict[str, Any]:
    """Return the part of the response that the oracle knows."""
    return {
        "rooms": [_offer(offer) for offer in result.offers],
        "alternatives": [
            {"reason": each.reason.value, "minutes": each.duration // timedelta(minutes=1), **_offer(each.offer)}
            for each in result.alternatives
        ],
        "why": result.why,
    }


def _offer(offer: Offer) -> dict[str, Any]:
    until = offer.free_until and dt_util.as_local(offer.free_until).isoformat()
    return {
        "room_id": offer.room_id,
        "free_from": dt_util.as_local(offer.free_from).isoformat(),
        "free_until": until,
        "pending": offer.pending,
    }


def without_room_properties(response: dict[str, Any]) -> dict[str, Any]:
    """Return a response without the properties of rooms."""
    about_rooms = {"name", "entity_id", "capacity", "building", "floor", "area", "equipment"}
    return {
        "why": response["why"],
        **{
            part: [{key: value for key, value in each.items() if key not in about_rooms} for each in response[part]]
            for part in ("rooms", "alternatives")
        },
    }


@pytest.mark.slow
async def test_the_action_finds_what_the_oracle_finds(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, clock: Clock, office: Office
) -> None:
    await hass.config.async_set_time_zone("Asia/Kathmandu")
    entry = await set_up(*tenant.rooms.values(), horizon_days=2, source="list")
    clock.set_wall(at(10))  # reading them took a while, and steps begin on the minute
    coordinator = entry.runtime_data
    assert coordinator.subjects.schedule(next(each.room_id for each in office.rooms if each.known)).horizon == at(
        10, day=2
    )
    area_ids = put_into_areas(hass, entry, office)
    tenant.requests.clear()
    random = Random(1)  # noqa: S311  # reproducible
    reasons: set[Reason] = set()
    verdicts: set[Why | None] = set()

    for _ in range(50):
        wish = tower_wish(random)
        data = action_data(office, wish, random.choice(["UTC", "Europe/Berlin", "Asia/Shanghai"]), area_ids)
        response = await hass.services.async_call(DOMAIN, "find_rooms", data, blocking=True, return_response=True)
        result = Tower(office, wish).result()
        assert without_room_properties(dict(response or {})) == expected_response(result), wish
        reasons |= {alternative.reason for alternative in result.alternatives}
        verdicts.add(result.why)

    assert tenant.requests == []
    # The random requests have covered these results
    assert reasons == set(Reason)
    assert verdicts >= {None, Why.ALL_BUSY, Why.NONE_THAT_LARGE, Why.NONE_IN_PLACE, Why.TIME_TOO_SHORT}


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "booked"])
async def test_a_room_of_two_apps_is_busy_if_either_says_so(
    hass: HomeAssistant, tenant: Tenant, in_utc: None, clock: Clock, set_up: SetUp, orion: Room, closed: bool
) -> None:
    """The app that is read later may not list rooms, so it does not know that the room is closed."""
    if closed:
        tenant.disable_room(orion.room_id, at(9), at(15), "paint")
    else:
        tenant.book(orion.room_id, at(9), at(15))
    entry = await set_up(orion)
    other = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    other.add_room("Orion", room_id=orion.room_id)
    other.book(orion.room_id, at(15), at(15, 30))
    other.revoke("vc:room:readonly")
    await clock.to(at(10, 0, 30))
    async with Simulator(other) as elsewhere:
        second = MockConfigEntry(
            domain=DOMAIN,
            title="Other",
            unique_id=other.app_id,
            data={"base_url": elsewhere.base_url, "app_id": other.app_id, "app_secret": other.app_secret},
            options=dict(entry.options),
        )
        second.add_to_hass(hass)
        assert await clock.run(hass.config_entries.async_setup(second.entry_id))
        await clock.settle()

        request = {"duration": "01:00:00"}
        found: Any = await hass.services.async_call(DOMAIN, "find_rooms", request, blocking=True, return_response=True)
        snapshot = async_spoken_subjects(hass, None)[orion.room_id].snapshot
        await clock.run(hass.config_entries.async_unload(second.entry_id))

    assert [room["free_from"] for room in found["rooms"]] == ([] if closed else [at(15, 30).isoformat()])
    assert snapshot
    assert (snapshot.status.busy, snapshot.status.busy_until) == (True, at(15, 30))
    assert snapshot.status.disabled_reason == ("paint" if closed else None)


async def test_one_server_with_a_wrong_clock_does_not_move_the_search(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    first = await set_up(orion)
    other = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    async with Simulator(other) as elsewhere:
        second = MockConfigEntry(
            domain=DOMAIN,
            unique_id=other.app_id,
            data={"base_url": elsewhere.base_url, "app_id": other.app_id, "app_secret": other.app_secret},
            options={"rooms": {other.add_room("Vega").room_id: "Vega"}},
        )
        second.add_to_hass(hass)
        assert await clock.run(hass.config_entries.async_setup(second.entry_id))
        clocks = [entry.runtime_data.client.traffic.clock for entry in (first, second)]

        clocks[1].offset = timedelta(minutes=20)
        assert async_now(hass) == clock.now
        clocks[0].offset = timedelta(minutes=19)  # both say that this machine is slow
        assert async_now(hass) == clock.now + timedelta(minutes=19)
        await clock.run(hass.config_entries.async_unload(second.entry_id))
