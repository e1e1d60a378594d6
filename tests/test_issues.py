"""What a user is told of in the repairs: that the month's calls are used up, and until when nothing is read."""

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Fault, Room, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, busy_id, set_disabled, state_of
from tests.conftest import at
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")


def issue_of(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue that the calls of an entry are used up, if there is one."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"quota_exceeded_{entry.entry_id}")


def until(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return until when nothing is read, as a user is told."""
    issue = issue_of(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders is not None
    return issue.translation_placeholders["until"]


async def test_calls_that_are_used_up_are_told_of_with_the_time_of_the_next_try(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    await clock.to(at(10, 30, 30))
    assert issue_of(hass, entry) is None
    tenant.quota_left = 0

    await clock.to(at(10, 31, 30))
    issue = issue_of(hass, entry)
    assert issue is not None
    assert (issue.severity, issue.is_fixable, issue.translation_key) == (
        ir.IssueSeverity.WARNING,
        False,
        "quota_exceeded",
    )
    assert issue.translation_placeholders == {"name": entry.title, "until": until(hass, entry)}
    assert until(hass, entry) in {"2026-11-23 16:30", "2026-11-23 16:31"}
    for language in ("en", "zh-Hans"):
        texts = TEXTS[language]["issues"]["quota_exceeded"]
        assert all(text.format(**issue.translation_placeholders) for text in texts.values())


async def test_nothing_is_read_until_then_and_it_disappears_by_itself(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    tenant.requests.clear()
    tenant.quota_left = None

    await clock.to(at(15, 55))
    assert tenant.calls(FREE_BUSY) == []
    assert issue_of(hass, entry) is not None
    assert {state_of(hass, room) for room in rooms} == {"unavailable"}

    await clock.to(at(16, 3))
    assert issue_of(hass, entry) is None
    assert {state_of(hass, room) for room in rooms} == {"off"}


async def test_where_they_are_still_used_up_it_says_until_when_anew(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    first = until(hass, entry)

    await clock.to(at(16, 5))

    assert first < until(hass, entry)
    assert until(hass, entry) >= "2026-11-23 22:00"
    assert len([call for call in tenant.calls(FREE_BUSY) if call.code]) <= 10 + 1  # the second time, one finds out


async def test_rooms_that_are_out_of_step_pause_as_well(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(*rooms, scan_interval=600)
    for minute, room in enumerate(rooms[:4], 1):
        await clock.to(at(10, minute))
        await clock.run(
            hass.services.async_call(
                "homeassistant", "update_entity", {"entity_id": busy_id(hass, room)}, blocking=True
            )
        )
    tenant.quota_left = 0
    await clock.to(at(10, 10, 30))
    tenant.requests.clear()

    await clock.to(at(15, 55))

    assert tenant.calls(FREE_BUSY) == []
    assert until(hass, entry) in {"2026-11-23 16:09", "2026-11-23 16:10"}


async def test_rooms_that_are_not_read_do_not_matter(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    set_disabled(hass, vega, disabled=True)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    tenant.quota_left = 0

    await clock.to(at(10, 2))

    assert until(hass, entry) in {"2026-11-23 16:00", "2026-11-23 16:01"}


async def test_by_batch_it_is_the_same(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, source="batch")
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    assert issue_of(hass, entry) is not None
    tenant.requests.clear()

    await clock.to(at(15, 55))
    assert tenant.calls(BATCH) == tenant.calls(FREE_BUSY) == []
    tenant.quota_left = 100
    await clock.to(at(16, 3))
    assert issue_of(hass, entry) is None


async def test_other_failures_are_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    tenant.inject(Fault.rate_limited(600), FREE_BUSY)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)

    await clock.to(at(10, 40))

    assert not [issue for domain, issue in ir.async_get(hass).issues if domain == DOMAIN]


@pytest.mark.parametrize("end", ["unload", "remove", "disable"])
async def test_it_goes_with_the_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, end: str
) -> None:
    entry = await set_up(orion)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    assert issue_of(hass, entry) is not None

    if end == "unload":
        await clock.run(hass.config_entries.async_unload(entry.entry_id))
    elif end == "remove":
        await clock.run(hass.config_entries.async_remove(entry.entry_id))
    else:
        await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))
    await clock.forward(minutes=5)

    assert issue_of(hass, entry) is None


async def test_a_start_that_fails_for_it_leaves_none_behind(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """The entry says it itself, and is tried again sooner."""
    entry = await set_up(orion, begin=lambda tenant: tenant.inject(Fault.error(429, 99991403), FREE_BUSY, times=None))
    assert entry.reason is not None
    assert "used up" in entry.reason
    assert issue_of(hass, entry) is None

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    assert issue_of(hass, entry) is None


async def test_a_room_that_is_read_while_the_entry_ends_raises_none(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(orion)
    tenant.quota_left = 0
    tenant.inject(Fault.slow(8), FREE_BUSY)
    wish = hass.async_create_task(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.forward(minutes=5)

    assert wish.done()
    assert issue_of(hass, entry) is None
