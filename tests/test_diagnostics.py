"""What a user may send to others: how an entry reads and what that costs, and nothing of who and where."""

from collections.abc import Callable
import json
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.diagnostics import async_get_config_entry_diagnostics
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp
from tests.conftest import at

pytest_plugins = ["tests.clock"]

BATCH_SCOPE = "calendar:room:readonly"


@pytest.fixture(autouse=True)
async def in_utc(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("UTC")


async def diagnostics_of(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return what is put into the file."""
    return json.loads(json.dumps(await async_get_config_entry_diagnostics(hass, entry)))


async def test_it_says_how_rooms_are_read_and_what_that_costs(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, plan="free", scan_interval=120, calls=300)

    assert await diagnostics_of(hass, entry) == {
        "options": {"plan": "free", "off_hours": {"enabled": False}, "scan_interval": 120},
        "chosen": {"people": 0, "rooms": 12, "room_levels": 0},
        "rooms": 12,
        "source": {
            "in_use": "batch",
            "reason": "thrifty",
            "refusal": None,
            "calls_per_cycle": 1,
            "interval_office_hours": 120.0,
            "interval_off_hours": 1800.0,
            "last_read_at": "2026-11-23T10:00:00+00:00",
        },
        "calls": {
            "this_month": 303,
            "by_api": {FREE_BUSY: 300, BATCH: 1, "vc/v1/rooms": 1, "vc/v1/room_levels": 1},
            "projected": entry.runtime_data.timetable.projected_calls,
            "budget": 25_000,
        },
    }


async def test_a_paid_plan_has_no_budget(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    found = await diagnostics_of(hass, await set_up(orion))

    assert found["calls"]["budget"] is None
    assert (found["source"]["in_use"], found["source"]["reason"]) == ("list", "affordable")


@pytest.mark.parametrize(
    ("begin", "reason", "error", "code"),
    [
        (lambda tenant: tenant.revoke(BATCH_SCOPE), "refused", "ScopeMissingError", 99991672),
        (lambda tenant: setattr(tenant.variants, "room_batch", "30005"), "refused", "EndpointRetiredError", 30005),
        (lambda tenant: setattr(tenant.variants, "room_batch", "404"), "refused", "NotFeishuError", None),
    ],
)
async def test_it_says_why_rooms_are_read_one_by_one(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    rooms: list[Room],
    begin: Callable[[Tenant], object],
    reason: str,
    error: str,
    code: int | None,
) -> None:
    entry = await set_up(*rooms, plan="free")
    begin(tenant)
    await clock.to(at(10, 5))

    source = (await diagnostics_of(hass, entry))["source"]
    assert (source["in_use"], source["reason"], source["calls_per_cycle"]) == ("list", reason, 12)
    assert (source["refusal"]["error"], source["refusal"]["code"]) == (error, code)
    assert bool(source["refusal"]["log_id"]) is (code is not None)


async def test_it_says_that_the_permission_is_not_granted(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, rooms: list[Room]
) -> None:
    tenant.revoke(BATCH_SCOPE)

    source = (await diagnostics_of(hass, await set_up(*rooms, plan="free")))["source"]

    assert (source["in_use"], source["reason"], source["refusal"]) == ("list", "not_granted", None)


async def test_it_says_nothing_of_who_and_where(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    vega: Room,
) -> None:
    floor = tenant.levels[orion.level_id]
    tenant.book(vega.room_id, at(9), at(11))
    person = tenant.add_user("Li Na", user_id="lina", email="li.na@example.com", mobile="+8613011111111")
    people = {person.open_id: "Li Na", person.union_id: "Na Li"}
    entry = await set_up(vega, room_levels={floor.level_id: floor.name}, people=people)
    secrets = (tenant.app_secret, *(call.body for call in tenant.requests if isinstance(call.body, str)))
    tenant.inject(Fault.error(400, 99991672, "Access denied for Orion, t-g1044"), FREE_BUSY, times=None)
    await clock.to(at(10, 5))

    text = json.dumps(await diagnostics_of(hass, entry), ensure_ascii=False)

    told = [tenant.app_id, tenant.app_name, entry.title, simulator.base_url, "127.0.0.1", "t-", *secrets]
    told += [word for room in (orion, vega) for word in (room.room_id, room.name)]
    told += [word for level in tenant.levels.values() for word in (level.level_id, level.name)]
    told += ["Na", "Li", person.open_id, person.union_id, person.user_id, person.email, person.mobile]
    assert [word for word in told if word in text] == []
    assert json.loads(text)["chosen"] == {"people": 2, "rooms": 1, "room_levels": 1}
    assert json.loads(text)["rooms"] == 2


async def test_it_can_be_had_before_anything_was_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up()

    found = await diagnostics_of(hass, entry)

    assert (found["rooms"], found["source"]["last_read_at"]) == (0, None)
