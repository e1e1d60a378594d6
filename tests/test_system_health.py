"""The lines of the page "System information", for all entries together."""

from collections.abc import Callable
from datetime import datetime
import json
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, Clock, SetUp, set_disabled
from tests.conftest import at
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]

REFUSED = {"type": "failed", "error": "refused"}
UNREACHABLE = {"type": "failed", "error": "unreachable"}


async def info(hass: HomeAssistant, clock: Clock) -> dict[str, Any]:
    """Return the lines, with coroutines awaited. Checks that each has a text in every language."""
    assert await async_setup_component(hass, "system_health", {})
    await clock.settle()
    lines: dict[str, Any] = await get_system_health_info(hass, DOMAIN)
    for name, line in lines.items():
        if hasattr(line, "__await__"):
            lines[name] = await clock.run(line)
    for texts in TEXTS.values():
        assert lines.keys() <= texts["system_health"]["info"].keys()
    return lines


async def test_a_loaded_entry_shows_its_state(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, plan="free", source="list", scan_interval=60, calls=1_200)
    fails = Fault.error(400, 190014)
    tenant.inject(fails, FREE_BUSY, times=None, when=lambda call: vega.room_id in str(call.body))
    await clock.to(at(10, 12, 30))

    lines = await info(hass, clock)

    read_at = lines.pop("last_read")
    assert isinstance(read_at, datetime)
    assert (clock.now - read_at).total_seconds() < 60
    used = next(iter(hass.config_entries.async_entries(DOMAIN))).runtime_data.calls.used
    assert used > 1_200
    assert lines == {
        "accounts": "1 / 1",
        "can_reach_server": "ok",
        "credentials": "ok",
        "current": "1 / 2",
        "calls": f"{used:,} / 25,000",
    }


async def test_ignored_subjects_do_not_count_as_lacking_data(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    set_disabled(hass, vega, disabled=True)
    await clock.to(at(10, 30))  # long after the grace

    assert (await info(hass, clock))["current"] == "1 / 1"


async def test_the_reachability_check_sends_no_api_call_and_no_credentials(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion)
    used = entry.runtime_data.calls.used
    tenant.requests.clear()

    await info(hass, clock)

    assert entry.runtime_data.calls.used == used
    assert [(call.method, call.path, call.body) for call in tenant.requests] == [("GET", "/", None)]


async def test_an_unreachable_server_is_reported(
    hass: HomeAssistant, simulator: Simulator, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion)
    await simulator.stop()
    await clock.to(at(10, 15))

    lines = await info(hass, clock)

    assert (lines["can_reach_server"], lines["current"]) == (UNREACHABLE, "0 / 1")
    assert lines["last_read"] < at(10, 1)


async def test_a_server_is_reached_through_the_proxy_of_the_environment(
    hass: HomeAssistant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The simulator is the proxy: it gets the whole address of a server that does not exist."""
    entry = await set_up(orion)
    data = {**entry.data, CONF_BASE_URL: "http://feishu.example"}
    hass.config_entries.async_update_entry(entry, data=data)
    monkeypatch.setenv("http_proxy", simulator.base_url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert (await info(hass, clock))["can_reach_server"] == "ok"


async def test_a_failed_setup_counts_as_not_loaded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, begin=lambda tenant: tenant.inject(Fault.status(503), times=None))
    tenant.clear_faults()

    assert await info(hass, clock) == {"accounts": "0 / 1", "can_reach_server": "ok"}


@pytest.mark.parametrize("while_running", [True, False])
async def test_refused_credentials_are_reported(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, while_running: bool
) -> None:
    def rotate(tenant: Tenant) -> None:
        tenant.rotate_secret("another")

    await set_up(orion, begin=None if while_running else rotate)
    rotate(tenant)
    await clock.to(at(10, 5))

    lines = await info(hass, clock)

    assert (lines["accounts"], lines["credentials"]) == ("1 / 1" if while_running else "0 / 1", REFUSED)


async def test_several_entries_are_summed_up(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    entry_of: Callable[..., MockConfigEntry],
    orion: Room,
) -> None:
    first = await set_up(orion)
    for number, address in enumerate(("http://127.0.0.1:1", "http://127.0.0.1:2")):
        data = {**first.data, CONF_APP_ID: f"cli_{number}", CONF_BASE_URL: address}
        other = MockConfigEntry(domain=DOMAIN, unique_id=f"cli_{number}", data=data, title="Other")
        other.add_to_hass(hass)
        if number:
            await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)

    lines = await info(hass, clock)

    assert lines["accounts"] == "1 / 2"
    assert lines["can_reach_server"] == {"type": "failed", "error": "unreachable (1 / 2)"}
    assert (lines["current"], lines["calls"]) == ("1 / 1", str(first.runtime_data.calls.used))


async def test_without_an_entry_only_accounts_are_shown(hass: HomeAssistant, integration: None, clock: Clock) -> None:
    assert await async_setup_component(hass, DOMAIN, {})

    assert await info(hass, clock) == {"accounts": "0 / 0"}


async def test_the_page_contains_no_address(
    hass: HomeAssistant,
    clock: Clock,  # first: sets the time from which access tokens are valid
    hass_ws_client: WebSocketGenerator,
    tenant: Tenant,
    simulator: Simulator,
    set_up: SetUp,
    orion: Room,
) -> None:
    await set_up(orion)
    await simulator.stop()
    assert await async_setup_component(hass, "system_health", {})
    socket = await clock.run(hass_ws_client(hass))
    await socket.send_json({"id": 7, "type": "system_health/info"})
    sent: list[dict[str, Any]] = []
    while not sent or sent[-1].get("event", {}).get("type") != "finish":
        sent.append(await clock.run(socket.receive_json()))

    shown = sent[1]["event"]["data"][DOMAIN]
    assert shown["manage_url"] == f"/config/integrations/integration/{DOMAIN}"
    assert {"domain": DOMAIN, "key": "can_reach_server", "data": UNREACHABLE}.items() <= next(
        message["event"] for message in sent if message.get("event", {}).get("domain") == DOMAIN
    ).items()
    ours = json.dumps([shown, *(message for message in sent if message.get("event", {}).get("domain") == DOMAIN)])
    assert not any(word in ours for word in ("127.0.0.1", str(simulator.port), tenant.app_id, tenant.app_name, "Orion"))


async def test_live_updates_are_counted_if_they_are_on(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, live_updates=True, scan_interval=3_600)
    await clock.forward(seconds=40)
    assert (await info(hass, clock))["live_updates"] == "1 / 1"

    tenant.push.limit = 0
    tenant.push.drop()
    await clock.forward(seconds=5)
    assert (await info(hass, clock))["live_updates"] == "0 / 1"
