"""Failures of the app affect all rooms: they are named, cause few calls, and polls recover from them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Fault, Room, Tenant
from tests.clock import FREE_BUSY, STATUSES, TOKEN, Clock, SetUp, Writes, busy_id, levels, said, state_of
from tests.conftest import at
from tests.test_config_flow import FREE_BUSY_SCOPE, SECRET, change, end_trouble, is_of

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("log_of_info")


def rotate(tenant: Tenant) -> None:
    """Reset the app's secret, which invalidates its tokens."""
    tenant.rotate_secret("another")


def revoke(tenant: Tenant) -> None:
    """Revoke the scope for free/busy."""
    tenant.revoke(FREE_BUSY_SCOPE)


@dataclass(frozen=True)
class Trouble:
    """A failure of the app: its error key, its cause, and the minutes at which an hourly poll is retried."""

    key: str
    begin: Callable[[Tenant], object]
    tries: tuple[int, ...] = (0, 1, 3, 7, 12, 17)
    path: str = FREE_BUSY


HOURLY = (0, 60, 120, 180)
TROUBLES = [
    pytest.param(Trouble("invalid_auth", rotate, HOURLY, TOKEN), id="secret reset"),
    pytest.param(Trouble("scope_missing", revoke), id="scope revoked"),
    pytest.param(Trouble("bot_disabled", change("bot_enabled", False)), id="bot off"),
    pytest.param(Trouble("app_unavailable", change("app_enabled", False)), id="app disabled"),
    pytest.param(Trouble("ip_denied", change("ip_allowed", False)), id="ip denied"),
    pytest.param(Trouble("quota_exceeded", change("quota_left", 0), (0, 360)), id="quota used up"),
    pytest.param(
        Trouble("rate_limited", lambda tenant: tenant.inject(Fault.rate_limited(600), times=None), (0, 10, 20)),
        id="rate limited",
    ),
]


def reauths(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the ids of the open flows that ask for the secret."""
    return [flow["flow_id"] for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH})]


def times(tenant: Tenant, path: str, since: datetime) -> list[int]:
    """Return the minutes after `since` in which a path was called."""
    return sorted({(call.at - since) // timedelta(minutes=1) for call in tenant.calls(path) if call.at >= since})


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_failure_is_named_and_retried_with_increasing_delays(
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    rooms: list[Room],
    trouble: Trouble,
) -> None:
    entry = await set_up(*rooms, scan_interval=3_600)
    caplog.clear()
    await clock.to(at(10, 30))
    tenant.requests.clear()

    trouble.begin(tenant)
    await clock.to(at(11) + timedelta(minutes=trouble.tries[-1], seconds=-10))
    assert entry.runtime_data.last_exception.translation_key == trouble.key
    await clock.forward(seconds=20)

    assert times(tenant, trouble.path, at(11)) == list(trouble.tries)
    assert "ERROR" in levels(caplog)
    assert "WARNING" not in levels(caplog)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_rooms_are_unavailable_after_the_grace_period_and_recover(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    writes: Writes,
    caplog: pytest.LogCaptureFixture,
    rooms: list[Room],
    trouble: Trouble,
) -> None:
    for room in rooms:
        tenant.book(room.room_id, at(9), at(23))
    await set_up(*rooms)
    caplog.clear()
    await clock.to(at(10, 4, 30))
    writes.clear()

    trouble.begin(tenant)
    await clock.to(at(10, 14, 30))
    unavailable = [(at(10, 14), "unavailable")]
    assert all(writes.changes_of(busy_id(hass, room)) == unavailable for room in rooms)
    end_trouble(tenant)
    await clock.forward(minutes=trouble.tries[1] - trouble.tries[0])

    assert {state_of(hass, room) for room in rooms} == {"on"}
    assert all(writes.states_of(busy_id(hass, room)) == {"unavailable", "on"} for room in rooms)
    assert levels(caplog) == ["ERROR", "INFO"]


@pytest.mark.family
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_common_failure_is_not_repeated_for_each_room(
    tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room], trouble: Trouble
) -> None:
    rooms += [tenant.add_room(f"Another {number}") for number in range(30)]
    await set_up(*rooms, scan_interval=3_600)
    await clock.to(at(10, 30))
    tenant.requests.clear()

    trouble.begin(tenant)
    for until, most_polls in ((at(10, 59, 30), 0), (at(11, 0, 30), 10)):  # statuses, then a poll
        tenant.requests.clear()
        await clock.to(until)

        # The calls in flight when the first answer arrives; a refused secret is sent once
        refused = [call for call in tenant.requests if call.code not in {0, 99991663}]
        assert len([call for call in tenant.calls(FREE_BUSY) if call in refused]) <= most_polls
        assert len([call for call in tenant.calls(STATUSES) if call in refused]) <= 1
        assert len(tenant.calls(TOKEN)) <= 1
    assert refused


async def test_refused_secret_starts_one_reauth_that_ends_when_it_is_accepted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    rooms = rooms[:2]
    entry = await set_up(*rooms)
    tenant.rotate_secret("another")

    await clock.to(at(10, 2))
    (flow_id,) = reauths(hass, entry)
    assert ir.async_get(hass).async_get_issue("homeassistant", f"config_entry_reauth_{entry.domain}_{entry.entry_id}")
    await clock.to(at(13, 2))
    assert reauths(hass, entry) == [flow_id]

    tenant.rotate_secret(SECRET)
    await clock.to(at(14, 2))
    assert reauths(hass, entry) == []
    assert {state_of(hass, room) for room in rooms} == {"off"}
    await clock.to(at(14, 15))
    assert reauths(hass, entry) == []


async def test_rooms_are_read_immediately_with_the_new_secret(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.rotate_secret("another")
    await clock.to(at(10, 15))
    (flow_id,) = reauths(hass, entry)

    result: Any = await clock.run(hass.config_entries.flow.async_configure(flow_id, {"app_secret": "another"}))
    await clock.settle()

    assert result["reason"] == "reauth_successful"
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert reauths(hass, entry) == []


async def test_other_failures_start_no_reauth(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)

    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 30))

    assert reauths(hass, entry) == []


async def test_missing_scope_is_named_in_the_log(
    tenant: Tenant, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    caplog.clear()

    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 5))

    ((level, text),) = said(caplog)
    assert level == "ERROR"
    assert FREE_BUSY_SCOPE in text


async def test_exceeded_quota_pauses_polls_for_hours(
    tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    tenant.requests.clear()

    await clock.to(at(15, 50))

    assert tenant.requests == []


async def test_short_rate_limit_is_waited_for_within_the_poll(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    caplog: pytest.LogCaptureFixture,
    rooms: list[Room],
) -> None:
    entry = await set_up(*rooms)
    caplog.clear()
    tenant.requests.clear()

    tenant.inject(Fault.rate_limited(5), FREE_BUSY)
    await clock.to(at(10, 1, 30))

    assert len(tenant.calls(FREE_BUSY)) == 13
    assert tenant.calls(FREE_BUSY)[-1].at >= at(10, 1, 5)
    assert entry.runtime_data.last_update_success
    assert said(caplog) == []


async def test_expired_token_is_renewed_silently(
    tenant: Tenant, clock: Clock, set_up: SetUp, caplog: pytest.LogCaptureFixture, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    caplog.clear()
    tenant.requests.clear()

    tenant.expire_tokens()
    await clock.to(at(10, 1, 30))

    assert entry.runtime_data.last_update_success
    assert len(tenant.calls(TOKEN)) == 1
    assert said(caplog) == []


async def test_one_successful_read_triggers_a_read_of_all_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await set_up(orion, vega)
    tenant.quota_left = 0
    await clock.to(at(10, 30))
    assert state_of(hass, vega) == "unavailable"

    tenant.quota_left = None
    await clock.run(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.forward(seconds=5)

    assert (state_of(hass, orion), state_of(hass, vega)) == ("off", "off")


async def test_quota_error_of_a_single_room_does_not_pause_it_for_hours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    tenant.inject(Fault.error(400, 99991403), FREE_BUSY, when=is_of(vega.room_id))

    await clock.to(at(10, 20))

    assert state_of(hass, vega) == "off"
