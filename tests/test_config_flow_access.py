"""The set-up's checklist of what the app may do."""

from collections.abc import Callable
import json

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.feishu_freebusy.feishu import transport
from simulator import Fault, Simulator, Tenant
from tests.conftest import at
from tests.test_config_flow import (
    APP_OFF,
    BATCH_SCOPE,
    BOT,
    FREE_BUSY,
    FREE_BUSY_SCOPE,
    ROOM_BATCH,
    ROOMS_SCOPE,
    SCOPES,
    TOKEN,
    WRONG_SECRET,
    Trouble,
    answers_at,
    change,
    end_trouble,
    to_next,
    troubles_at,
)
from tests.test_translations import placeholders, submit
from tests.wall import WallClock

pytest_plugins = ["tests.wall"]

ALL_SCOPES = [FREE_BUSY_SCOPE, ROOMS_SCOPE, BATCH_SCOPE]

pytestmark = pytest.mark.usefixtures("integration")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a delay."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@pytest.mark.parametrize(
    ("scopes", "bot", "step", "granted", "letters", "missing"),
    [
        ([ROOMS_SCOPE], True, "access_optional", "A, B, D", "C", [ROOMS_SCOPE]),
        ([FREE_BUSY_SCOPE], True, "access", "B, C, D", "A", [FREE_BUSY_SCOPE]),
        ([BATCH_SCOPE], True, "access_optional", "A, B, C", "D", [BATCH_SCOPE]),
        ([ROOMS_SCOPE, BATCH_SCOPE], True, "access_optional", "A, B", "C, D", [ROOMS_SCOPE, BATCH_SCOPE]),
        (ALL_SCOPES, True, "access", "B", "A, C, D", ALL_SCOPES),
        ([], False, "access", "A, C, D", "B", ALL_SCOPES),  # the link asks for all scopes, also for granted ones
        ([FREE_BUSY_SCOPE], False, "access", "C, D", "A, B", [FREE_BUSY_SCOPE]),
    ],
)
async def test_the_checklist_shows_what_is_missing_with_links(
    hass: HomeAssistant,
    simulator: Simulator,
    tenant: Tenant,
    scopes: list[str],
    bot: bool,
    step: str,
    granted: str,
    letters: str,
    missing: list[str],
) -> None:
    tenant.revoke(*scopes)
    tenant.bot_enabled = bot

    result = await to_next(hass, simulator)

    assert (result["step_id"], result.get("errors")) == (step, {} if step == "access" else None)
    shown = placeholders(result)
    assert (shown["granted"], shown["missing"], shown["unknown"]) == (granted, letters, "–")
    page = f"{simulator.base_url}/app/{tenant.app_id}"
    assert shown["app_url"] == page
    assert shown["scopes_url"] == f"{page}/auth?q={','.join(missing)}&op_from=openapi&token_type=tenant"
    assert json.loads(shown["scopes_json"]) == {"scopes": {"tenant": missing, "user": []}}
    assert shown["app_name"] == ("Meeting rooms" if bot else tenant.app_id)


async def test_the_name_of_the_app_is_shown_literally(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.app_name = "**Rooms** [here](https://example.com)"
    tenant.revoke(BATCH_SCOPE)

    shown = placeholders(await to_next(hass, simulator))["app_name"]

    assert shown.startswith(r"\*\*Rooms\*\* \[here\]\(")
    assert "example.com" not in shown


@pytest.mark.parametrize(
    "repair",
    [lambda tenant: tenant.grant(FREE_BUSY_SCOPE), lambda tenant: tenant.grant("calendar:calendar")],
)
async def test_without_free_busy_the_checklist_is_not_passed(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, repair: Callable[[Tenant], None]
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(FREE_BUSY_SCOPE)
    result = await to_next(hass, simulator)

    result = await submit(hass, result)
    assert (result["step_id"], result["errors"]) == ("access", {"base": "not_enough_access"})
    assert placeholders(result)["missing"] == "A"

    repair(tenant)
    result = await submit(hass, result)
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("revoked", [[BATCH_SCOPE], [ROOMS_SCOPE, BATCH_SCOPE]])
async def test_optional_scopes_do_not_block_the_setup(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, revoked: list[str]
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(*revoked)
    result = await to_next(hass, simulator)
    assert result["menu_options"] == ["check_again", "continue_without"]

    result = await submit(hass, result, next_step_id="continue_without")
    assert result["step_id"] == "rooms"
    result = await submit(hass, result, rooms=[room.room_id])
    if ROOMS_SCOPE in revoked:
        result = await submit(hass, result, **{room.room_id: "Orion"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_second_check_finds_what_was_granted_meanwhile(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, wall: WallClock
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(ROOMS_SCOPE, BATCH_SCOPE)
    await hass.config.async_set_time_zone("Asia/Shanghai")
    wall.move_to(at(10))
    result = await to_next(hass, simulator)
    assert (placeholders(result)["missing"], placeholders(result)["time"]) == ("C, D", "18:00:00")

    tenant.grant(BATCH_SCOPE)
    wall.move_to(at(10, 1))
    result = await submit(hass, result, next_step_id="check_again")
    assert result["step_id"] == "access_optional"
    assert (placeholders(result)["missing"], placeholders(result)["time"]) == ("C", "18:01:00")

    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result, next_step_id="check_again")
    assert (result["step_id"], placeholders(result)["count"]) == ("rooms", "1")
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_second_check_may_find_that_something_required_is_gone(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.revoke(ROOMS_SCOPE)
    result = await to_next(hass, simulator)

    tenant.revoke(FREE_BUSY_SCOPE)
    result = await submit(hass, result, next_step_id="check_again")
    assert (result["step_id"], result["errors"]) == ("access", {"base": "not_enough_access"})

    tenant.grant(FREE_BUSY_SCOPE)
    result = await submit(hass, result)
    assert result["step_id"] == "access_optional"


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
    assert result["title"] == "Meeting rooms"  # the name was unknown before


async def test_the_checklist_is_updated_by_each_check(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.revoke(FREE_BUSY_SCOPE, ROOMS_SCOPE)
    result = await to_next(hass, simulator)

    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result)

    assert (placeholders(result)["missing"], placeholders(result)["granted"]) == ("A", "B, C, D")
    assert json.loads(placeholders(result)["scopes_json"])["scopes"]["tenant"] == [FREE_BUSY_SCOPE]


@pytest.mark.parametrize(
    ("revoked", "step", "missing"),
    [
        ([], "rooms", None),
        ([ROOMS_SCOPE], "access_optional", "C"),
        ([FREE_BUSY_SCOPE], "access", "A"),
        ([BATCH_SCOPE], "access_optional", "D"),
    ],
)
async def test_apis_are_tried_if_scopes_cannot_be_read(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, revoked: list[str], step: str, missing: str | None
) -> None:
    tenant.inject(Fault.html(404), SCOPES, times=None)
    tenant.revoke(*revoked)

    result = await to_next(hass, simulator)

    assert result["step_id"] == step
    assert placeholders(result).get("missing") == missing


async def test_unknown_permissions_are_shown_as_unknown(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant
) -> None:
    tenant.inject(Fault.html(404), SCOPES, times=None)
    for path in (FREE_BUSY, ROOM_BATCH):
        tenant.inject(Fault.html(404), path, times=None)
    tenant.revoke(ROOMS_SCOPE)

    result = await to_next(hass, simulator)

    assert (placeholders(result)["unknown"], placeholders(result)["missing"]) == ("A, D", "C")
    assert json.loads(placeholders(result)["scopes_json"])["scopes"]["tenant"] == [ROOMS_SCOPE]
    assert (await submit(hass, result, next_step_id="continue_without"))["step_id"] == "rooms"


@pytest.mark.family
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
async def test_the_checklist_shows_a_failure_and_can_be_retried(
    hass: HomeAssistant, simulator: Simulator, tenant: Tenant, trouble: Trouble
) -> None:
    room = tenant.add_room("Orion")
    tenant.revoke(ROOMS_SCOPE)
    result = await to_next(hass, simulator)
    trouble.begin(tenant)

    result = await submit(hass, result, next_step_id="check_again")
    assert (result["step_id"], result["errors"]) == ("access", trouble.errors)
    assert trouble.says in placeholders(result)["details"]

    end_trouble(tenant)
    tenant.grant(ROOMS_SCOPE)
    result = await submit(hass, result)
    result = await submit(hass, result, rooms=[room.room_id])
    assert result["type"] is FlowResultType.CREATE_ENTRY
