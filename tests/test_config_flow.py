"""Set-up, from the first form to the entry, against a simulated tenant, and helpers for the other tests of flows."""

from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.feishu_freebusy.const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_PLAN,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    DOMAIN,
)
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.flows.scan import CONF_SCAN
from simulator import Fault, Simulator, Tenant
from simulator.model import Call
from tests.conftest import at
from tests.test_translations import as_sent, fields_of, placeholders, start, submit, suggested
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]

SECRET = "simulated-secret-0001"
PRIVATE_URL = "https://feishu.example.com"
FREE_BUSY_SCOPE = "calendar:calendar.free_busy:read"
BATCH_SCOPE = "calendar:room:readonly"
ROOMS_SCOPE = "vc:room:readonly"
TOKEN = "auth/v3/tenant_access_token/internal"
BOT = "bot/v3/info"
SCOPES = "application/v6/scopes"
ROOMS = "vc/v1/rooms"
LEVELS = "vc/v1/room_levels"
MGET = "vc/v1/rooms/mget"
FREE_BUSY = "calendar/v4/freebusy/list"
ROOM_BATCH = "meeting_room/freebusy/batch_get"

DECEMBER = at(10, day=14)  # a month of 744 hours, 299 of them in the office by default

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@dataclass(frozen=True)
class Trouble:
    """A failure of Feishu, and the error that a flow must show."""

    error: str
    begin: Callable[[Tenant], object]
    field: str = "base"
    says: str = ""

    @property
    def errors(self) -> dict[str, str]:
        """The errors of the form."""
        return {self.field: self.error}


def fault(fault: Fault, path: str) -> Callable[[Tenant], object]:
    """Return a function that makes each call of a path fail."""
    return lambda tenant: tenant.inject(fault, path, times=None)


def change(name: str, value: object) -> Callable[[Tenant], object]:
    """Return a function that changes an attribute of the tenant."""
    return lambda tenant: setattr(tenant, name, value)


def end_trouble(tenant: Tenant) -> None:
    """End all failures."""
    tenant.clear_faults()
    tenant.app_enabled = tenant.ip_allowed = tenant.bot_enabled = True
    tenant.app_secret = SECRET
    tenant.quota_left = None
    tenant.grant(FREE_BUSY_SCOPE)


def troubles_at(path: str) -> list[Any]:
    """Return failures of calls to this path that need a token."""
    troubles = [
        Trouble("app_unavailable", fault(Fault.error(400, 99991662), path), says="99991662"),
        Trouble("ip_denied", fault(Fault.error(400, 99991401), path), says="ip 127.0.0.1 is denied"),
        Trouble("rate_limited", fault(Fault.rate_limited(reset=0), path), says="99991400"),
        Trouble("quota_exceeded", fault(Fault.error(429, 99991403), path), says="quota"),
        Trouble("cannot_connect", fault(Fault.close(), path), says="no connection"),
    ]
    return [pytest.param(trouble, id=f"{trouble.error} at {path}") for trouble in troubles]


def answers_at(path: str) -> list[Any]:
    """Return failures of calls to this path, with or without a token."""
    troubles = [
        Trouble("not_feishu", fault(Fault.html(404), path), says="HTTP 404"),
        Trouble("not_feishu", fault(Fault.html(200), path), says="not Feishu's JSON"),
        Trouble("not_feishu", fault(Fault.redirect("https://example.com"), path), says="redirected"),
        Trouble("server_error", fault(Fault.html(502), path), says="HTTP 502"),
        Trouble("server_error", fault(Fault.error(500, 2200), path), says="2200"),
    ]
    return [pytest.param(trouble, id=f"{trouble.says} at {path}") for trouble in troubles]


WRONG_SECRET = Trouble("invalid_auth", change(CONF_APP_SECRET, "another"), says="app secret invalid")
APP_OFF = Trouble("invalid_auth", change("app_enabled", False), says="app is disabled")


def typed(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return the input of a user with valid credentials."""
    return {
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: simulator.tenant.app_id,
        CONF_APP_SECRET: SECRET,
        CONF_PLAN: "free",
        **changes,
    }


async def to_next(hass: HomeAssistant, simulator: Simulator, **changes: Any) -> ConfigFlowResult:
    """Start the set-up, and submit the first form."""
    return await submit(hass, await start(hass), **typed(simulator, **changes))


async def to_rooms(hass: HomeAssistant, simulator: Simulator, **changes: Any) -> ConfigFlowResult:
    """Continue to the form for rooms, through the checklist if it is shown."""
    result = await to_next(hass, simulator, **changes)
    if result["step_id"] == "access_optional":
        result = await submit(hass, result, next_step_id="continue_without")
    assert result["step_id"] == "rooms"
    return result


def offered(result: ConfigFlowResult, field: str = CONF_ROOMS) -> dict[str, str]:
    """Return the labels of the rooms that a form offers, by id."""
    options = fields_of(result)[field].config["options"]
    return {option["value"]: option["label"] for option in options}


def offered_levels(result: ConfigFlowResult) -> dict[str, str]:
    """Return the labels of the levels that a form offers, by id."""
    return offered(result, CONF_ROOM_LEVELS)


def chosen(result: ConfigFlowResult) -> list[str]:
    """Return the preselected rooms of a form."""
    rooms: list[str] = suggested(result)[CONF_ROOMS]
    return rooms


def chosen_levels(result: ConfigFlowResult) -> list[str]:
    """Return the preselected levels of a form."""
    levels: list[str] = suggested(result)[CONF_ROOM_LEVELS]
    return levels


def is_of(room_id: str) -> Callable[[Call], bool]:
    """Return a filter for the calls that read this room."""
    return lambda call: isinstance(call.body, dict) and call.body.get("room_id") == room_id


def rooms_read(tenant: Tenant) -> list[str]:
    """Return the rooms whose free/busy was read."""
    return [call.body["room_id"] for call in tenant.calls(FREE_BUSY) if isinstance(call.body, dict)]


# From the first form to the entry


async def test_an_app_and_its_rooms_become_an_entry(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    orion, vega = tenant.add_room("Orion"), tenant.add_room("Vega")
    tenant.add_room("Not wanted")

    result = await start(hass)
    assert (result["step_id"], result["errors"]) == ("user", {})
    assert placeholders(result)["feishu_console_url"] == "https://open.feishu.cn/app"
    assert placeholders(result)["lark_console_url"] == "https://open.larksuite.com/app"
    result = await submit(hass, result, **typed(simulator))
    assert (result["step_id"], result["errors"]) == ("rooms", {})
    assert placeholders(result)["count"] == "3"
    result = await submit(hass, result, rooms=[vega.room_id, orion.room_id])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Meeting rooms"
    entry = result["result"]
    assert entry.unique_id == tenant.app_id
    assert entry.data == {
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: tenant.app_id,
        CONF_APP_SECRET: tenant.app_secret,
    }
    assert entry.options == {
        CONF_PLAN: "free",
        CONF_ROOMS: {vega.room_id: "Vega", orion.room_id: "Orion"},
        CONF_ROOM_LEVELS: {},
    }
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("plan", "rooms", "revoked", "said"),
    [
        ("free", 1, [], ["1", "30", "20,080", "1", "–"]),
        ("free", 2, [], ["1", "30", "20,080", "20", "–"]),
        ("free", 10, [BATCH_SCOPE], ["10", "41", "25,000", "1", BATCH_SCOPE]),
        ("paid", 10, [], ["1", "30", "190,539", "1", "–"]),
    ],
)
async def test_the_created_entry_shows_the_polling_interval(
    hass: HomeAssistant,
    simulator: Simulator,
    tenant: Tenant,
    wall: WallClock,
    plan: str,
    rooms: int,
    revoked: list[str],
    said: list[str],
) -> None:
    wall.move_to(DECEMBER)
    room_ids = [tenant.add_room(f"Room {number}").room_id for number in range(rooms)]
    tenant.revoke(*revoked)

    result = await submit(hass, await to_rooms(hass, simulator, plan=plan), rooms=room_ids)

    interval, off_interval, calls, rooms_per_call, missing = said
    assert placeholders(result) == {
        "count": str(rooms),
        "interval": interval,
        "off_interval": off_interval,
        "calls": calls,
        "rooms_per_call": rooms_per_call,
        "missing": missing,
        "dashboards_url": "/config/lovelace/dashboards",
        "integration_url": "/config/integrations/integration/feishu_freebusy",
        "voice_url": "/config/voice-assistants/assistants",
    }


async def test_blanks_around_pasted_values_are_ignored(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    pasted = {
        CONF_BASE_URL: f" {simulator.base_url}/ ",
        CONF_APP_ID: f"{tenant.app_id}\n",
        CONF_APP_SECRET: f"\t{SECRET} ",
    }

    result = await submit(hass, await to_rooms(hass, simulator, **pasted), rooms=[room.room_id])

    assert result["result"].unique_id == tenant.app_id
    assert result["result"].data == {
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: tenant.app_id,
        CONF_APP_SECRET: SECRET,
    }


async def test_the_title_is_the_app_id_if_the_app_has_no_name(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.inject(Fault.html(502), BOT, times=None)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id])

    assert result["title"] == tenant.app_id


# Addresses


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("", "address_not_a_url"),
        ("  ", "address_not_a_url"),
        ("open.example.com", "address_not_a_url"),
        ("ftp://open.example.com", "address_not_a_url"),
        ("https://open.example.com/open-apis", "address_more_than_a_host"),
        ("https://me:word@open.example.com", "address_more_than_a_host"),
        ("http://open.example.com", "address_not_encrypted"),
        ("http://8.8.8.8", "address_not_encrypted"),
    ],
)
async def test_a_refused_address_is_never_called(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, url: str, error: str
) -> None:
    room = tenant.add_room("Orion")

    result = await submit(hass, await start(hass), **typed(simulator, base_url=url))
    assert result["errors"] == {CONF_BASE_URL: error}
    assert suggested(result)[CONF_BASE_URL] == url
    assert tenant.requests == []

    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("typed_url", "url"),
    [(FEISHU_URL, FEISHU_URL), (LARK_URL, LARK_URL), (f"{LARK_URL}/", LARK_URL), (PRIVATE_URL, PRIVATE_URL)],
)
async def test_the_chosen_site_decides_the_address(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, typed_url: str, url: str
) -> None:
    aioclient_mock.post(f"{url}/open-apis/{TOKEN}", json={"code": 10014, "msg": "app id not exists"})

    result = await submit(hass, await start(hass), base_url=typed_url, app_id="cli_1", app_secret=SECRET, plan="paid")

    assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
    assert [str(call[1]) for call in aioclient_mock.mock_calls] == [f"{url}/open-apis/{TOKEN}"]


# Every failure, and the retry after it


@pytest.mark.family
@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("invalid_auth", change(CONF_APP_SECRET, "another"), CONF_APP_SECRET, "app secret invalid"),
        Trouble("invalid_auth", change("app_enabled", False), CONF_APP_SECRET, "app is disabled"),
        Trouble("invalid_app_id", fault(Fault.error(200, 10003), TOKEN), CONF_APP_ID, "10003"),
        Trouble("ip_denied", change("ip_allowed", False), says="ip 127.0.0.1 is denied"),
        Trouble("quota_exceeded", change("quota_left", 0), says="quota"),
        Trouble("rate_limited", fault(Fault.rate_limited(reset=0), TOKEN), says="99991400"),
        *answers_at(TOKEN),
        *troubles_at(BOT),
        *troubles_at(SCOPES),
    ],
)
async def test_the_first_form_shows_a_failure_and_can_be_retried(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion")
    trouble.begin(tenant)

    result = await to_next(hass, simulator, plan="paid")
    assert (result["step_id"], result["errors"]) == ("user", trouble.errors)
    assert trouble.says in placeholders(result)["details"]
    assert suggested(result) == {
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: tenant.app_id,
        CONF_SCAN: False,
        CONF_PLAN: "paid",
    }

    end_trouble(tenant)
    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_app_id_can_be_corrected(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")

    result = await to_next(hass, simulator, app_id="Meeting rooms")
    assert result["errors"] == {CONF_APP_ID: "invalid_app_id"}
    result = await submit(hass, result, **typed(simulator, app_id="cli_0000000000000000"))
    assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
    assert "app id not exists" in placeholders(result)["details"]

    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["result"].unique_id == tenant.app_id


async def test_an_unreachable_address_is_reported(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    await simulator.stop()

    result = await to_next(hass, simulator)
    assert result["errors"] == {"base": "cannot_connect"}

    await simulator.start()
    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


# The secret


async def test_the_secret_goes_to_feishu_and_nowhere_else(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(ROOMS_SCOPE)
    caplog.set_level(logging.DEBUG)
    tenant.inject(Fault.error(200, 10014, f"secret wrong-secret-9 of {tenant.app_id} is wrong"), TOKEN)

    shown = [await to_next(hass, simulator, app_secret="wrong-secret-9")]
    assert "***" in placeholders(shown[-1])["details"]
    shown.append(await submit(hass, shown[-1], **typed(simulator, app_secret="wrong-secret-9")))
    shown.append(await submit(hass, shown[-1], **typed(simulator)))
    shown.append(await submit(hass, shown[-1], next_step_id="continue_without"))
    shown.append(await submit(hass, shown[-1], rooms=[room.room_id]))
    assert [result["step_id"] for result in shown] == ["user", "user", "access_optional", "rooms", "names"]
    result = await submit(hass, shown[-1], **{room.room_id: "Orion"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()

    for text in (*map(as_sent, shown), str(placeholders(result)), caplog.text):
        assert SECRET not in text
        assert "wrong-secret-9" not in text


# The same app twice


async def test_a_configured_app_is_refused(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    entry_of().add_to_hass(hass)

    result = await to_next(hass, simulator, app_secret="typed-by-mistake")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert tenant.requests == []


@pytest.mark.parametrize("left_at", ["access", "access_optional", "rooms"])
async def test_closing_the_tab_locks_nobody_out(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, left_at: str
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(*{"access": [FREE_BUSY_SCOPE], "access_optional": [ROOMS_SCOPE]}.get(left_at, []))
    left = await to_next(hass, simulator)
    assert left["step_id"] == left_at

    tenant.grant(FREE_BUSY_SCOPE, ROOMS_SCOPE)
    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []  # the flow that was left has ended, too
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_two_apps_may_be_set_up(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    room = tenant.add_room("Orion")
    entry_of(room.room_id).add_to_hass(hass)
    tenant.app_id = "cli_a1b2c3d4e5f60002"

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2
