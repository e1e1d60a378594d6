"""Getting an app by scanning a code: it is offered beside the first form, and each failure leads back to it."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock, Mock

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.feishu_freebusy.const import CONF_ACCOUNTS_URL, CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL, LARK_URL
from custom_components.feishu_freebusy.feishu.errors import ErrorDetails, FeishuError, NotReachableError
from custom_components.feishu_freebusy.feishu.grants import DeviceCode, GrantError, GrantProblem
from custom_components.feishu_freebusy.feishu.registration import RegisteredApp
from custom_components.feishu_freebusy.flows import device, scan
from simulator import Simulator, Tenant
from tests.test_config_flow import FREE_BUSY_SCOPE, ROOMS_SCOPE, SECRET, to_rooms, typed
from tests.test_translations import checked, placeholders, start, submit, suggested

ACCOUNTS_URL = "https://accounts.example.com"
CODE = DeviceCode("device-secret", "WDJB-MJHT", f"{ACCOUNTS_URL}/page/launcher?user_code=WDJB-MJHT", 600.0, 5.0)

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def registration(monkeypatch: pytest.MonkeyPatch, tenant: Tenant) -> Mock:
    """Return what makes apps. It makes the app of the tenant."""
    app = RegisteredApp(tenant.app_id, SECRET, is_lark=False)
    fake = Mock(begin=AsyncMock(return_value=CODE), poll=AsyncMock(return_value=app), asked=[])

    def create(_hass: HomeAssistant, accounts_url: str) -> Mock:
        fake.asked.append(accounts_url)
        return fake

    monkeypatch.setattr(scan, "async_create_registration", create)
    monkeypatch.setattr(device, "_sleep", lambda _seconds: asyncio.sleep(0))
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)
    return fake


def scanning(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return the input of a user who has no app yet."""
    return {"base_url": simulator.base_url, "scan": True, "plan": "paid", **changes}


async def scanned(hass: HomeAssistant, simulator: Simulator) -> ConfigFlowResult:
    """Start the set-up, and scan the code."""
    result = await submit(hass, await start(hass), **scanning(simulator))
    return await waited(hass, await submit(hass, result, accounts_url=ACCOUNTS_URL))


async def waited(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait until the page that shows the code is over."""
    await hass.async_block_till_done()
    return checked(await hass.config_entries.flow.async_configure(result["flow_id"]))


async def test_an_app_made_by_scanning_becomes_an_entry(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, registration: Mock
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(FREE_BUSY_SCOPE, ROOMS_SCOPE)
    registration.poll.side_effect = [None, NotReachableError("no answer"), registration.poll.return_value]

    result = await submit(hass, await start(hass), **scanning(simulator))
    assert (result["step_id"], result["errors"]) == ("scan_accounts", {})
    result = await submit(hass, result, accounts_url=ACCOUNTS_URL)
    assert (result["type"], result["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "scan")
    assert placeholders(result)["url"] == CODE.url
    assert CODE.url in placeholders(result)["qr"]
    assert registration.asked == [ACCOUNTS_URL]
    result = await waited(hass, result)

    # The checklist says what was granted
    assert (result["step_id"], placeholders(result)["missing"]) == ("access", "A, C")
    tenant.grant(FREE_BUSY_SCOPE, ROOMS_SCOPE)
    result = await submit(hass, await submit(hass, result), rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == tenant.app_id
    assert result["result"].data == {
        CONF_BASE_URL: simulator.base_url,
        CONF_ACCOUNTS_URL: ACCOUNTS_URL,
        CONF_APP_ID: tenant.app_id,
        CONF_APP_SECRET: SECRET,
    }
    assert result["result"].options["plan"] == "paid"


@pytest.mark.parametrize(
    ("call", "error", "key", "says"),
    [
        ("begin", NotReachableError("no answer"), "scan_failed", "no answer"),
        ("begin", GrantError(GrantProblem.REQUEST, ErrorDetails(code=20001)), "scan_failed", "20001"),
        ("poll", GrantError(GrantProblem.POLICY, ErrorDetails(code=21001)), "scan_failed", "21001"),
        ("poll", GrantError(GrantProblem.DENIED), "scan_denied", ""),
        ("poll", GrantError(GrantProblem.EXPIRED), "scan_expired", ""),
    ],
)
async def test_a_failed_scan_leads_back_to_the_first_form(
    hass: HomeAssistant,
    simulator: Simulator,
    tenant: Tenant,
    registration: Mock,
    call: str,
    error: FeishuError,
    key: str,
    says: str,
) -> None:
    room = tenant.add_room("Orion")
    getattr(registration, call).side_effect = error

    result = await submit(hass, await start(hass), **scanning(simulator, app_id="cli_typed"))
    result = await submit(hass, result, accounts_url=ACCOUNTS_URL)
    if call == "poll":
        result = await waited(hass, result)
    assert (result["step_id"], result["errors"]) == ("user", {"base": key})
    assert says in placeholders(result)["details"]
    assert suggested(result) == scanning(simulator, app_id="cli_typed", scan=False)

    result = await submit(hass, result, **typed(simulator))
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert CONF_ACCOUNTS_URL not in result["result"].data


async def test_a_scan_can_be_repeated(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, registration: Mock
) -> None:
    tenant.add_room("Orion")
    registration.poll.side_effect = GrantError(GrantProblem.EXPIRED)
    result = await scanned(hass, simulator)
    registration.poll.side_effect = None

    result = await submit(hass, result, **scanning(simulator))
    result = await waited(hass, await submit(hass, result, accounts_url=ACCOUNTS_URL))

    assert result["step_id"] == "rooms"


async def test_an_unfinished_app_can_be_checked_again(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    """Its secret is not lost while Feishu does not know the new app yet."""
    tenant.add_room("Orion")
    tenant.app_enabled = False

    result = await scanned(hass, simulator)
    assert (result["step_id"], result["errors"]) == ("scanned", {"base": "invalid_auth"})
    assert placeholders(result)["app_id"] == tenant.app_id
    assert SECRET not in str(result)
    tenant.app_enabled = True

    assert (await submit(hass, result))["step_id"] == "rooms"


async def test_an_app_that_is_set_up_is_not_set_up_twice(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, entry_of: Callable[..., Any]
) -> None:
    entry_of(tenant.add_room("Orion").room_id).add_to_hass(hass)

    result = await scanned(hass, simulator)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("url", [FEISHU_URL, LARK_URL])
@pytest.mark.parametrize("is_lark", [False, True])
async def test_the_organization_decides_the_address(
    hass: HomeAssistant, registration: Mock, monkeypatch: pytest.MonkeyPatch, url: str, is_lark: bool
) -> None:
    registration.poll.return_value = RegisteredApp("cli_new", SECRET, is_lark=is_lark)
    checks = AsyncMock(side_effect=NotReachableError("no answer"))
    monkeypatch.setattr("custom_components.feishu_freebusy.config_flow.check_access", checks)

    result = await waited(hass, await submit(hass, await start(hass), base_url=url, scan=True, plan="free"))

    assert result["step_id"] == "scanned"
    assert registration.asked == [url.replace("open.", "accounts.")]
    assert checks.await_args_list[0].args[0].base_url == (LARK_URL if is_lark else url)


async def test_the_address_of_a_private_sign_in_is_checked(
    hass: HomeAssistant, simulator: Simulator, registration: Mock
) -> None:
    result = await submit(hass, await start(hass), **scanning(simulator))

    result = await submit(hass, result, accounts_url="accounts.example.com")

    assert result["errors"] == {CONF_ACCOUNTS_URL: "address_not_a_url"}
    assert suggested(result) == {CONF_ACCOUNTS_URL: "accounts.example.com"}
    assert registration.asked == []


@pytest.mark.parametrize(
    ("missing", "errors"),
    [
        ((CONF_APP_ID,), {CONF_APP_ID: "no_app_id"}),
        ((CONF_APP_SECRET,), {CONF_APP_SECRET: "no_secret"}),
        ((CONF_APP_ID, CONF_APP_SECRET), {CONF_APP_ID: "no_app_id"}),
    ],
)
async def test_without_scanning_id_and_secret_are_needed(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, missing: tuple[str, ...], errors: dict[str, str]
) -> None:
    tenant.add_room("Orion")
    filled = {key: value for key, value in typed(simulator).items() if key not in missing}

    result = await submit(hass, await start(hass), **filled)

    assert (result["step_id"], result["errors"]) == ("user", errors)
    assert tenant.requests == []
    assert (await submit(hass, result, **typed(simulator)))["step_id"] == "rooms"


async def test_the_manual_way_registers_nothing(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, registration: Mock
) -> None:
    tenant.add_room("Orion")

    await to_rooms(hass, simulator)

    assert registration.asked == []
