"""Set-up, reauthentication and reconfiguration, against a simulated tenant."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlowResult
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from custom_components.feishu_freebusy.const import (
    CONF_APP_ID,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_PLAN,
    CONF_ROOMS,
    CONF_SITE,
    DOMAIN,
)
from custom_components.feishu_freebusy.feishu import FEISHU_URL, LARK_URL, transport
from simulator import Fault, Simulator, Tenant
from simulator.model import Call
from tests.conftest import at
from tests.test_translations import as_sent, fields_of, placeholders, start, submit, suggested, wait

SECRET = "simulated-secret-0001"
FREE_BUSY_SCOPE = "calendar:calendar.free_busy:read"
ROOMS_SCOPE = "vc:room:readonly"
TOKEN = "auth/v3/tenant_access_token/internal"
BOT = "bot/v3/info"
SCOPES = "application/v6/scopes"
ROOMS = "vc/v1/rooms"
LEVELS = "vc/v1/room_levels"
MGET = "vc/v1/rooms/mget"
FREE_BUSY = "calendar/v4/freebusy/list"

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let failed calls be repeated without a pause."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@dataclass(frozen=True)
class Trouble:
    """Something that keeps Feishu from answering well, and what a flow says of it."""

    error: str
    begin: Callable[[Tenant], object]
    field: str = "base"
    says: str = ""

    @property
    def errors(self) -> dict[str, str]:
        """What the form shows."""
        return {self.field: self.error}


def fault(fault: Fault, path: str) -> Callable[[Tenant], object]:
    """Return what lets each call of a path fail."""
    return lambda tenant: tenant.inject(fault, path, times=None)


def change(name: str, value: object) -> Callable[[Tenant], object]:
    """Return what changes something about the tenant."""
    return lambda tenant: setattr(tenant, name, value)


def end_trouble(tenant: Tenant) -> None:
    """Let all be well again."""
    tenant.clear_faults()
    tenant.app_enabled = tenant.ip_allowed = tenant.bot_enabled = True
    tenant.app_secret = SECRET
    tenant.quota_left = None
    tenant.grant(FREE_BUSY_SCOPE)


def troubles_at(path: str) -> list[Any]:
    """Return what may happen to any call but that for the token, struck at one path."""
    troubles = [
        Trouble("app_unavailable", fault(Fault.error(400, 99991662), path), says="99991662"),
        Trouble("ip_denied", fault(Fault.error(400, 99991401), path), says="ip 127.0.0.1 is denied"),
        Trouble("rate_limited", fault(Fault.rate_limited(reset=0), path), says="99991400"),
        Trouble("quota_exceeded", fault(Fault.error(429, 99991403), path), says="quota"),
        Trouble("cannot_connect", fault(Fault.close(), path), says="no connection"),
    ]
    return [pytest.param(trouble, id=f"{trouble.error} at {path}") for trouble in troubles]


def answers_at(path: str) -> list[Any]:
    """Return what else may come back from a call."""
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
    """Return what a user types who has the right app."""
    return {
        CONF_SITE: "private",
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: simulator.tenant.app_id,
        CONF_APP_SECRET: SECRET,
        CONF_PLAN: "free",
        **changes,
    }


async def to_next(hass: HomeAssistant, simulator: Simulator, **changes: Any) -> ConfigFlowResult:
    """Begin to set up the app and submit the first form."""
    return await submit(hass, await start(hass), **typed(simulator, **changes))


async def to_rooms(hass: HomeAssistant, simulator: Simulator, **changes: Any) -> ConfigFlowResult:
    """Go on to the form for rooms, if need be past the checklist."""
    result = await to_next(hass, simulator, **changes)
    if result["step_id"] == "access":
        result = await submit(hass, result)
    assert result["step_id"] == "rooms"
    return result


def offered(result: ConfigFlowResult) -> dict[str, str]:
    """Return the labels of the rooms that a form offers, by id."""
    options = fields_of(result)[CONF_ROOMS].config["options"]
    return {option["value"]: option["label"] for option in options}


def chosen(result: ConfigFlowResult) -> list[str]:
    """Return the rooms that a form has chosen already."""
    assert result["data_schema"] is not None
    (key,) = result["data_schema"].schema
    rooms: list[str] = key.default()
    return rooms


def is_of(room_id: str) -> Callable[[Call], bool]:
    """Return whether a call asks for a room."""
    return lambda call: isinstance(call.body, dict) and call.body.get("room_id") == room_id


def rooms_read(tenant: Tenant) -> list[str]:
    """Return the rooms whose free/busy was asked for."""
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
    assert entry.options == {CONF_PLAN: "free", CONF_ROOMS: {vega.room_id: "Vega", orion.room_id: "Orion"}}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("plan", "rooms", "interval"),
    [
        ("free", 1, "104 s"),
        ("free", 2, "3 min"),
        ("free", 10, "17 min"),
        ("paid", 10, "60 s"),
    ],
)
async def test_it_says_how_often_the_rooms_will_be_read(
    hass: HomeAssistant,
    simulator: Simulator,
    tenant: Tenant,
    freezer: FrozenDateTimeFactory,
    plan: str,
    rooms: int,
    interval: str,
) -> None:
    freezer.move_to(at(10))  # a month of 30 days
    room_ids = [tenant.add_room(f"Room {number}").room_id for number in range(rooms)]

    result = await submit(hass, await to_rooms(hass, simulator, plan=plan), rooms=room_ids)

    assert placeholders(result) == {"count": str(rooms), "interval": interval}


async def test_blanks_around_what_is_pasted_do_no_harm(
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


async def test_without_a_name_for_the_app_the_entry_gets_its_id(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.inject(Fault.html(502), BOT, times=None)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id])

    assert result["title"] == tenant.app_id


# Addresses


@pytest.mark.parametrize(
    ("site", "address", "error"),
    [
        ("feishu", "https://open.example.com", "address_not_needed"),
        ("lark", "https://open.larksuite.com", "address_not_needed"),
        ("private", None, "address_needed"),
        ("private", "  ", "address_needed"),
        ("private", "open.example.com", "address_not_a_url"),
        ("private", "ftp://open.example.com", "address_not_a_url"),
        ("private", "https://open.example.com/open-apis", "address_more_than_a_host"),
        ("private", "https://me:word@open.example.com", "address_more_than_a_host"),
        ("private", "http://open.example.com", "address_not_encrypted"),
        ("private", "http://8.8.8.8", "address_not_encrypted"),
    ],
)
async def test_an_address_that_may_not_be_called_is_not_called(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, site: str, address: str | None, error: str
) -> None:
    room = tenant.add_room("Orion")
    first = typed(simulator, site=site, base_url=address)
    if address is None:
        del first[CONF_BASE_URL]

    result = await submit(hass, await start(hass), **first)
    assert result["errors"] == {CONF_BASE_URL: error}
    assert tenant.requests == []

    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(("site", "url"), [("feishu", FEISHU_URL), ("lark", LARK_URL)])
async def test_the_service_decides_who_is_called(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, site: str, url: str
) -> None:
    aioclient_mock.post(f"{url}/open-apis/{TOKEN}", json={"code": 10014, "msg": "app id not exists"})

    result = await submit(hass, await start(hass), site=site, app_id="cli_1", app_secret=SECRET, plan="paid")

    assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
    assert [str(call[1]) for call in aioclient_mock.mock_calls] == [f"{url}/open-apis/{TOKEN}"]


# Every failure, and the way on from it


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("invalid_auth", change(CONF_APP_SECRET, "another"), CONF_APP_SECRET, "app secret invalid"),
        Trouble("invalid_auth", change("app_enabled", False), CONF_APP_SECRET, "app is disabled"),
        Trouble("invalid_app_id", fault(Fault.error(200, 10003), TOKEN), CONF_APP_ID, "10003"),
        Trouble("ip_denied", change("ip_allowed", False), says="ip 127.0.0.1 is denied"),
        Trouble("app_unavailable", fault(Fault.error(400, 212100), SCOPES), says="212100"),
        Trouble("rate_limited", fault(Fault.rate_limited(reset=0), TOKEN), says="99991400"),
        *answers_at(TOKEN),
        *troubles_at(BOT),
        *troubles_at(SCOPES),
    ],
)
async def test_the_first_form_names_a_failure_and_goes_on_from_it(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion")
    trouble.begin(tenant)

    result = await to_next(hass, simulator, plan="paid")
    assert (result["step_id"], result["errors"]) == ("user", trouble.errors)
    assert trouble.says in placeholders(result)["details"]
    assert suggested(result) == {
        CONF_SITE: "private",
        CONF_BASE_URL: simulator.base_url,
        CONF_APP_ID: tenant.app_id,
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


async def test_nobody_at_this_address(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    await simulator.stop()

    result = await to_next(hass, simulator)
    assert result["errors"] == {"base": "cannot_connect"}

    await simulator.start()
    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "trouble",
    [
        WRONG_SECRET,
        APP_OFF,
        Trouble("ip_denied", change("ip_allowed", False), says="ip 127.0.0.1 is denied"),
        *answers_at(TOKEN),
        *troubles_at(BOT),
        *troubles_at(SCOPES),
    ],
)
async def test_the_checklist_names_a_failure_and_goes_on_from_it(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(ROOMS_SCOPE)
    result = await to_next(hass, simulator)
    trouble.begin(tenant)

    result = await submit(hass, result)
    assert (result["step_id"], result["errors"]) == ("access", trouble.errors)
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result)
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "trouble",
    [
        *answers_at(ROOMS),
        *troubles_at(ROOMS),
        *answers_at(LEVELS),
        *troubles_at(LEVELS),
        Trouble("quota_exceeded", change("quota_left", 0), says="quota"),
        Trouble("token_refused", fault(Fault.error(400, 99991663), ROOMS), says="99991663"),
        Trouble("request_refused", fault(Fault.error(400, 9499), ROOMS), says="9499"),
    ],
)
async def test_a_failure_to_list_rooms_is_named_and_gone_on_from(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    trouble.begin(tenant)

    result = await to_rooms(hass, simulator)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["errors"] == trouble.errors
    assert chosen(result) == [room.room_id]

    end_trouble(tenant)
    result = await submit(hass, result, rooms=[])
    assert result["errors"] == {CONF_ROOMS: "no_rooms"}
    assert offered(result) == {room.room_id: "Orion · Tower A"}
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_room_may_be_pasted_while_the_list_fails_and_is_read_once_it_works(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.inject(Fault.html(404), ROOMS)

    result = await to_rooms(hass, simulator)
    assert result["errors"] == {"base": "not_feishu"}

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["result"].options[CONF_ROOMS] == {room.room_id: "Orion"}


@pytest.mark.parametrize(
    "trouble",
    [
        WRONG_SECRET,
        APP_OFF,
        Trouble("ip_denied", change("ip_allowed", False), says="ip 127.0.0.1 is denied"),
        Trouble("bot_disabled", change("bot_enabled", False), says="bot_id not found"),
        Trouble("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), says="Access denied"),
        Trouble("quota_exceeded", change("quota_left", 0), says="quota"),
        Trouble("token_refused", fault(Fault.error(400, 99991663), FREE_BUSY), says="99991663"),
        Trouble("request_refused", fault(Fault.error(400, 9499), FREE_BUSY), says="9499"),
        *answers_at(FREE_BUSY),
        *troubles_at(FREE_BUSY),
    ],
)
async def test_a_failure_to_read_rooms_is_named_and_gone_on_from(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    result = await to_rooms(hass, simulator)
    trouble.begin(tenant)

    result = await submit(hass, result, rooms=rooms)
    assert (result["step_id"], result["errors"]) == ("rooms", trouble.errors)
    assert trouble.says in placeholders(result)["details"]
    assert chosen(result) == rooms

    end_trouble(tenant)
    result = await submit(hass, result, rooms=rooms)
    assert list(result["result"].options[CONF_ROOMS]) == rooms


async def test_a_missing_scope_is_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")
    result = await to_rooms(hass, simulator)
    tenant.revoke(FREE_BUSY_SCOPE)

    result = await submit(hass, result, rooms=[room.room_id])

    assert FREE_BUSY_SCOPE in placeholders(result)["scopes"].split(", ")


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
    shown.append(await submit(hass, shown[-1]))
    shown.append(await submit(hass, shown[-1], rooms=[room.room_id]))
    assert [result["step_id"] for result in shown] == ["user", "user", "access", "rooms", "names"]
    result = await submit(hass, shown[-1], **{room.room_id: "Orion"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()

    for text in (*map(as_sent, shown), str(placeholders(result)), caplog.text):
        assert SECRET not in text
        assert "wrong-secret-9" not in text


# What the app may do


@pytest.mark.parametrize(
    ("scopes", "bot", "marks", "missing"),
    [
        ([ROOMS_SCOPE], True, "✅❌✅", [ROOMS_SCOPE]),
        ([FREE_BUSY_SCOPE], True, "❌✅✅", [FREE_BUSY_SCOPE]),
        ([FREE_BUSY_SCOPE, ROOMS_SCOPE], True, "❌❌✅", [FREE_BUSY_SCOPE, ROOMS_SCOPE]),
        ([], False, "✅✅❌", [FREE_BUSY_SCOPE, ROOMS_SCOPE]),  # all it needs: there is no harm in it
        ([FREE_BUSY_SCOPE], False, "❌✅❌", [FREE_BUSY_SCOPE]),
    ],
)
async def test_the_checklist_shows_what_is_missing_and_where_it_is_granted(
    hass: HomeAssistant,
    simulator: Simulator,
    tenant: Tenant,
    scopes: list[str],
    bot: bool,
    marks: str,
    missing: list[str],
) -> None:
    tenant.revoke(*scopes)
    tenant.bot_enabled = bot

    result = await to_next(hass, simulator)

    assert (result["step_id"], result["errors"]) == ("access", {})
    shown = placeholders(result)
    assert shown["free_busy"] + shown["room_list"] + shown["bot"] == marks
    page = f"{simulator.base_url}/app/{tenant.app_id}"
    assert shown["app_url"] == page
    assert shown["scopes_url"] == f"{page}/auth?q={','.join(missing)}&op_from=openapi&token_type=tenant"
    assert json.loads(shown["scopes_json"]) == {"scopes": {"tenant": missing, "user": []}}
    assert shown["app_name"] == ("Meeting rooms" if bot else tenant.app_id)


@pytest.mark.parametrize(
    "mend",
    [lambda tenant: tenant.grant(FREE_BUSY_SCOPE), lambda tenant: tenant.grant("calendar:calendar")],
)
async def test_without_free_busy_the_checklist_is_not_passed(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, mend: Callable[[Tenant], None]
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(FREE_BUSY_SCOPE)
    result = await to_next(hass, simulator)

    result = await submit(hass, result)
    assert (result["step_id"], result["errors"]) == ("access", {"base": "not_enough_access"})
    assert placeholders(result)["free_busy"] == "❌"

    mend(tenant)
    result = await submit(hass, result)
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_without_a_bot_the_checklist_is_not_passed(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.bot_enabled = False
    result = await to_next(hass, simulator)

    result = await submit(hass, result)
    assert (result["step_id"], result["errors"]) == ("access", {"base": "not_enough_access"})

    tenant.bot_enabled = True
    result = await submit(hass, result)
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["title"] == "Meeting rooms"  # not known before


async def test_the_checklist_is_up_to_date_after_each_look(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.revoke(FREE_BUSY_SCOPE, ROOMS_SCOPE)
    result = await to_next(hass, simulator)

    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result)

    assert (placeholders(result)["free_busy"], placeholders(result)["room_list"]) == ("❌", "✅")
    assert json.loads(placeholders(result)["scopes_json"])["scopes"]["tenant"] == [FREE_BUSY_SCOPE]


@pytest.mark.parametrize(
    ("revoked", "step", "marks"),
    [([], "rooms", ""), ([ROOMS_SCOPE], "access", "✅❌"), ([FREE_BUSY_SCOPE], "access", "❌✅")],
)
async def test_where_the_scopes_can_not_be_asked_for_they_are_tried(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, revoked: list[str], step: str, marks: str
) -> None:
    tenant.inject(Fault.html(404), SCOPES, times=None)
    tenant.revoke(*revoked)

    result = await to_next(hass, simulator)

    assert result["step_id"] == step
    shown = placeholders(result)
    assert shown.get("free_busy", "") + shown.get("room_list", "") == marks


async def test_what_can_not_be_found_out_is_shown_as_that(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.inject(Fault.html(404), SCOPES, times=None)
    tenant.inject(Fault.html(404), FREE_BUSY, times=None)
    tenant.revoke(ROOMS_SCOPE)

    result = await to_next(hass, simulator)

    assert placeholders(result)["free_busy"] == "❔"
    assert (await submit(hass, result))["step_id"] == "rooms"


# Rooms


async def test_rooms_are_listed_by_place_with_floor_and_seats(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tower_b, tower_a = tenant.add_level("Tower B"), tenant.add_level("Tower A")
    floor = tenant.add_level("3F", tower_a)
    tenant.add_room("Vega", level=floor, capacity=12)
    tenant.add_room("Altair", level=tower_b, capacity=2)
    tenant.add_room("Orion", level=floor, capacity=8)
    tenant.add_room("Anywhere")

    result = await to_rooms(hass, simulator)

    assert list(offered(result).values()) == [
        "Anywhere",
        "Orion · Tower A / 3F · 👤 8",
        "Vega · Tower A / 3F · 👤 12",
        "Altair · Tower B · 👤 2",
    ]


@pytest.mark.parametrize("separator", [" ", ",", ", ", ";", "\n", "，", "；", "、", " 、\t"])
async def test_a_list_of_ids_may_be_pasted_at_once(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, separator: str
) -> None:
    first, second, third = (tenant.add_room(name).room_id for name in ("Orion", "Vega", "Mira"))
    pasted = separator.join([first, second, first]) + separator

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[third, pasted])

    assert result["result"].options[CONF_ROOMS] == {third: "Mira", first: "Orion", second: "Vega"}
    assert placeholders(result)["count"] == "3"


async def test_a_room_may_be_typed_by_its_name(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    orion, big = tenant.add_room("Orion").room_id, tenant.add_room("Vega, the big one").room_id

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[" Vega, the big one ", "Orion", orion])

    assert result["result"].options[CONF_ROOMS] == {big: "Vega, the big one", orion: "Orion"}


async def test_a_name_that_two_rooms_have_does_not_choose_one_of_them(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.add_room("Orion", level=tenant.add_level("Tower A"))
    tenant.add_room("Orion", level=tenant.add_level("Tower B"))

    result = await submit(hass, await to_rooms(hass, simulator), rooms=["Orion"])

    assert result["errors"] == {CONF_ROOMS: "invalid_room_id"}
    assert placeholders(result)["rooms"] == "Orion"
    assert list(offered(result).values()) == ["Orion · Tower A", "Orion · Tower B"]


async def test_a_pasted_room_that_is_not_in_the_list_still_gets_its_name_from_feishu(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    tenant.disable_room(room.room_id, at(0, day=-300), None)
    tenant.variants.update({"disabled_rooms": "hidden"})

    result = await to_rooms(hass, simulator)
    assert offered(result) == {}
    result = await submit(hass, result, rooms=[room.room_id])

    assert result["result"].options[CONF_ROOMS] == {room.room_id: "Orion"}


async def test_without_the_permission_to_list_rooms_they_are_pasted_and_named(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.revoke(ROOMS_SCOPE)

    result = await to_rooms(hass, simulator)
    assert (result["errors"], offered(result), placeholders(result)["count"]) == ({}, {}, "0")
    result = await submit(hass, result, rooms=["，".join(rooms)])
    assert (result["step_id"], result["errors"]) == ("names", {})
    assert list(fields_of(result)) == rooms
    result = await submit(hass, result, **{rooms[0]: " My Orion ", rooms[1]: "My Vega"})

    assert result["result"].options[CONF_ROOMS] == {rooms[0]: "My Orion", rooms[1]: "My Vega"}
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED


async def test_a_room_without_a_name_is_asked_for_again(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.revoke(ROOMS_SCOPE)
    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    result = await submit(hass, result, **{rooms[0]: "My Orion", rooms[1]: "  "})
    assert (result["step_id"], result["errors"]) == ("names", {"base": "no_name"})
    assert list(fields_of(result)) == rooms[1:]
    result = await submit(hass, result, **{rooms[1]: "My Vega"})

    assert result["result"].options[CONF_ROOMS] == {rooms[0]: "My Orion", rooms[1]: "My Vega"}


async def test_only_names_that_feishu_does_not_tell_are_asked_for(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    listed, hidden = tenant.add_room("Orion").room_id, tenant.add_room("Vega").room_id
    tenant.disable_room(hidden, at(0, day=-300), None)
    tenant.variants.update({"disabled_rooms": "hidden"})
    tenant.inject(Fault.html(502), MGET, times=None)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[listed, hidden])

    assert result["step_id"] == "names"
    assert list(fields_of(result)) == [hidden]


async def test_what_is_no_room_id_is_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    room = tenant.add_room("Orion")

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id, "Orion, omb_1", "omm_ö"])
    assert result["errors"] == {CONF_ROOMS: "invalid_room_id"}
    assert placeholders(result)["rooms"] == "Orion, omb_1, omm_ö"
    assert rooms_read(tenant) == []

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("rooms", [[], [" , "]])
async def test_a_room_must_be_chosen(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, rooms: list[str]
) -> None:
    room = tenant.add_room("Orion")

    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)
    assert result["errors"] == {CONF_ROOMS: "no_rooms"}

    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_rooms_that_can_not_be_read_are_named(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    orion, vega = tenant.add_room("Orion").room_id, tenant.add_room("Vega").room_id
    tenant.inject(Fault.error(400, 190014), FREE_BUSY, times=None, when=is_of(vega))

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[orion, vega, "omm_gone"])
    assert result["errors"] == {CONF_ROOMS: "subject_unreadable"}
    assert placeholders(result)["rooms"] == "Vega, omm_gone"
    assert "190014" in placeholders(result)["details"]
    assert chosen(result) == [orion, vega, "omm_gone"]

    result = await submit(hass, result, rooms=[orion])
    assert result["result"].options[CONF_ROOMS] == {orion: "Orion"}


async def test_each_chosen_room_is_read_once_before_the_entry_is_made(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(name).room_id for name in ("Orion", "Vega")]
    tenant.add_room("Not wanted")
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, when=is_of(rooms[1]))

    await submit(hass, result, rooms=rooms)

    assert sorted(rooms_read(tenant)) == sorted(rooms)


# Many rooms


async def test_many_rooms_are_read_behind_a_progress_bar(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    steps: list[float] = []

    @callback
    def note(event: Event[Any]) -> None:
        steps.append(event.data["progress"])

    hass.bus.async_listen(EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, note)

    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)
    assert (result["type"], result["step_id"]) == (FlowResultType.SHOW_PROGRESS, "try_rooms")
    assert placeholders(result)["count"] == "21"
    again = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert again["type"] is FlowResultType.SHOW_PROGRESS
    await hass.async_block_till_done()
    assert sorted(rooms_read(tenant)) == sorted(rooms)  # once each, however often somebody looked
    result = await wait(hass, result)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert list(result["result"].options[CONF_ROOMS]) == rooms
    assert steps == sorted(steps)
    assert (len(steps), steps[-1]) == (21, 1.0)


async def test_twenty_rooms_need_no_progress_bar(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(20)]

    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_bad_room_among_many_is_named_and_can_be_left_out(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(25)]
    tenant.inject(Fault.error(400, 190002), FREE_BUSY, times=None, when=is_of(rooms[7]))
    result = await submit(hass, await to_rooms(hass, simulator), rooms=rooms)

    result = await wait(hass, result)
    assert (result["step_id"], result["errors"]) == ("rooms", {CONF_ROOMS: "subject_unreadable"})
    assert placeholders(result)["rooms"] == "Room 7"

    rooms.pop(7)
    result = await submit(hass, result, rooms=rooms)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    result = await wait(hass, result)
    assert list(result["result"].options[CONF_ROOMS]) == rooms


async def test_many_nameless_rooms_are_named_after_the_progress_bar(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    tenant.revoke(ROOMS_SCOPE)

    result = await wait(hass, await submit(hass, await to_rooms(hass, simulator), rooms=[" ".join(rooms)]))
    assert result["step_id"] == "names"
    result = await submit(hass, result, **{room_id: f"Mine {room_id}" for room_id in rooms})

    assert result["result"].options[CONF_ROOMS] == {room_id: f"Mine {room_id}" for room_id in rooms}


async def test_an_outage_ends_the_reading_of_many_rooms_early(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(60)]
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.html(502), FREE_BUSY, times=None)

    result = await wait(hass, await submit(hass, result, rooms=rooms))

    assert result["errors"] == {"base": "server_error"}
    assert len(set(rooms_read(tenant))) < len(rooms)


async def test_a_flow_closed_while_rooms_are_read_leaves_nothing_running(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    rooms = [tenant.add_room(f"Room {number}").room_id for number in range(21)]
    result = await to_rooms(hass, simulator)
    tenant.inject(Fault.slow(5), FREE_BUSY, times=None)
    result = await submit(hass, result, rooms=rooms)
    task = hass.config_entries.flow._progress[result["flow_id"]].async_get_progress_task()
    assert task is not None

    hass.config_entries.flow.async_abort(result["flow_id"])

    with pytest.raises(asyncio.CancelledError):
        await task


# The same app twice


async def test_an_app_that_is_set_up_is_not_set_up_again(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    entry_of().add_to_hass(hass)

    result = await to_next(hass, simulator, app_secret="typed-by-mistake")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert tenant.requests == []


async def test_an_app_that_is_being_set_up_is_not_set_up_beside_that(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    room = tenant.add_room("Orion")
    first = await to_rooms(hass, simulator)

    second = await to_next(hass, simulator)
    assert (second["type"], second["reason"]) == (FlowResultType.ABORT, "already_in_progress")

    result = await submit(hass, first, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_two_apps_may_be_set_up(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    room = tenant.add_room("Orion")
    entry_of(room.room_id).add_to_hass(hass)
    tenant.app_id = "cli_a1b2c3d4e5f60002"

    result = await submit(hass, await to_rooms(hass, simulator), rooms=[room.room_id])

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(hass.config_entries.async_entries(DOMAIN)) == 2


# Reauthentication


@pytest.fixture
async def entry(hass: HomeAssistant, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]) -> MockConfigEntry:
    """Return a running entry."""
    entry = entry_of(tenant.add_room("Orion").room_id)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


@pytest.fixture
async def refused_entry(
    hass: HomeAssistant, tenant: Tenant, entry_of: Callable[..., MockConfigEntry]
) -> MockConfigEntry:
    """Return an entry that could not start, because its secret had been reset."""
    entry = entry_of(tenant.add_room("Orion").room_id)
    entry.add_to_hass(hass)
    tenant.rotate_secret("new-secret")
    assert not await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def test_a_reset_secret_is_entered_again(hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry) -> None:
    tenant.rotate_secret("new-secret")
    before = entry.runtime_data

    result = await entry.start_reauth_flow(hass)
    result = await submit(hass, result, app_secret="wrong-secret")
    assert (result["step_id"], result["errors"]) == ("reauth_confirm", {CONF_APP_SECRET: "invalid_auth"})
    assert placeholders(result)["app_id"] == tenant.app_id
    assert placeholders(result)["app_url"] == f"{entry.data[CONF_BASE_URL]}/app/{tenant.app_id}"
    assert suggested(result) == {}
    assert entry.data[CONF_APP_SECRET] == SECRET
    result = await submit(hass, result, app_secret=" new-secret\n")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert entry.data[CONF_APP_SECRET] == "new-secret"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before
    assert entry.runtime_data.last_update_success


async def test_the_same_secret_is_accepted_once_the_app_is_enabled_again(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry
) -> None:
    before = entry.runtime_data
    result = await entry.start_reauth_flow(hass)
    tenant.app_enabled = False
    result = await submit(hass, result, app_secret=SECRET)
    assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
    assert "app is disabled" in placeholders(result)["details"]

    tenant.app_enabled = True
    result = await submit(hass, result, app_secret=SECRET)

    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data is not before


@pytest.mark.parametrize("trouble", answers_at(TOKEN))
async def test_reauthentication_names_a_failure_and_goes_on_from_it(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry, trouble: Trouble
) -> None:
    result = await entry.start_reauth_flow(hass)
    trouble.begin(tenant)

    result = await submit(hass, result, app_secret=SECRET)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    result = await submit(hass, result, app_secret=SECRET)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_an_empty_secret_is_complained_of_where_it_is_seen(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry
) -> None:
    result = await entry.start_reauth_flow(hass)

    result = await submit(hass, result, app_secret=" ")

    assert result["type"] is FlowResultType.FORM
    assert result["errors"]
    assert result["errors"].keys() <= {"base", CONF_APP_SECRET}


async def test_an_entry_that_could_not_start_starts_with_the_new_secret(
    hass: HomeAssistant, refused_entry: MockConfigEntry
) -> None:
    result = await refused_entry.start_reauth_flow(hass)
    result = await submit(hass, result, app_secret="new-secret")

    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert refused_entry.state is ConfigEntryState.LOADED


async def test_an_entry_whose_secret_was_reset_meanwhile_asks_for_it_at_its_start(
    hass: HomeAssistant, refused_entry: MockConfigEntry
) -> None:
    await hass.async_block_till_done()

    flows = list(refused_entry.async_get_active_flows(hass, {SOURCE_REAUTH}))
    assert [flow["step_id"] for flow in flows] == ["reauth_confirm"]


# Reconfiguration


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (FEISHU_URL, {CONF_SITE: "feishu"}),
        (LARK_URL, {CONF_SITE: "lark"}),
        ("https://open.example.com", {CONF_SITE: "private", CONF_BASE_URL: "https://open.example.com"}),
    ],
)
async def test_reconfiguration_shows_the_address_but_not_the_secret(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], url: str, shown: dict[str, str]
) -> None:
    entry = entry_of()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_BASE_URL: url})

    result = await entry.start_reconfigure_flow(hass)

    assert (result["step_id"], result["errors"]) == ("reconfigure", {})
    assert suggested(result) == shown
    assert SECRET not in as_sent(result)
    assert placeholders(result)["app_id"] == entry.data[CONF_APP_ID]


async def test_address_and_secret_can_be_changed(hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry) -> None:
    rooms = entry.options[CONF_ROOMS]
    async with Simulator(tenant) as elsewhere:
        tenant.rotate_secret("new-secret")
        result = await entry.start_reconfigure_flow(hass)

        there = {CONF_SITE: "private", CONF_BASE_URL: elsewhere.base_url}
        result = await submit(hass, result, **there, app_secret="wrong-secret")
        assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
        assert suggested(result) == there
        assert entry.data[CONF_BASE_URL] != elsewhere.base_url
        result = await submit(hass, result, **there, app_secret=" new-secret ")

        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
        assert entry.data == {
            CONF_BASE_URL: elsewhere.base_url,
            CONF_APP_ID: tenant.app_id,
            CONF_APP_SECRET: "new-secret",
        }
        assert entry.options[CONF_ROOMS] == rooms
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert entry.runtime_data.last_update_success


async def test_another_host_never_receives_the_stored_secret(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    thief = Tenant(app_secret=SECRET)  # answers well to the stored secret alone
    async with Simulator(thief) as elsewhere:
        result = await entry.start_reconfigure_flow(hass)
        there = {CONF_SITE: "private", CONF_BASE_URL: elsewhere.base_url}
        with pytest.raises(InvalidData):
            await submit(hass, result, **there)
        assert thief.requests == []

        result = await submit(hass, result, **there, app_secret="typed-secret")
        assert result["errors"] == {CONF_APP_SECRET: "invalid_auth"}
        assert {call.code for call in thief.requests} == {10014}


@pytest.mark.parametrize(
    ("typed_address", "error"),
    [
        ({CONF_SITE: "private"}, "address_needed"),
        ({CONF_SITE: "lark", CONF_BASE_URL: "https://open.example.com"}, "address_not_needed"),
        ({CONF_SITE: "private", CONF_BASE_URL: "http://open.example.com"}, "address_not_encrypted"),
    ],
)
async def test_reconfiguration_has_the_same_rules_for_addresses(
    hass: HomeAssistant, entry: MockConfigEntry, simulator: Simulator, typed_address: dict[str, str], error: str
) -> None:
    result = await entry.start_reconfigure_flow(hass)

    result = await submit(hass, result, **typed_address, app_secret=SECRET)
    assert result["errors"] == {CONF_BASE_URL: error}
    assert suggested(result) == typed_address

    result = await submit(hass, result, site="private", base_url=simulator.base_url, app_secret=SECRET)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


@pytest.mark.parametrize("trouble", answers_at(TOKEN))
async def test_reconfiguration_names_a_failure_and_goes_on_from_it(
    hass: HomeAssistant, tenant: Tenant, entry: MockConfigEntry, simulator: Simulator, trouble: Trouble
) -> None:
    here = {CONF_SITE: "private", CONF_BASE_URL: simulator.base_url, CONF_APP_SECRET: SECRET}
    result = await entry.start_reconfigure_flow(hass)
    trouble.begin(tenant)

    result = await submit(hass, result, **here)
    assert result["errors"] == trouble.errors
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    result = await submit(hass, result, **here)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_an_entry_that_could_not_start_starts_with_the_new_connection(
    hass: HomeAssistant, refused_entry: MockConfigEntry, simulator: Simulator
) -> None:
    result = await refused_entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, site="private", base_url=simulator.base_url, app_secret="new-secret")

    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert refused_entry.state is ConfigEntryState.LOADED
