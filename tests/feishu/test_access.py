"""Checking the scopes and the bot of an app, against a simulated tenant."""

from collections.abc import Callable

from homeassistant.core import HomeAssistant
import pytest

from custom_components.feishu_freebusy.api import async_create_client
from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_APP_SECRET, CONF_BASE_URL
from custom_components.feishu_freebusy.errors import problem_key
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.access import Access, check_access
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import FeishuError
from simulator import Fault, Simulator, Tenant

FREE_BUSY = "calendar:calendar.free_busy:read"
ROOMS = "vc:room:readonly"
ROOM_BATCH = "calendar:room:readonly"
SCOPES_PATH = "application/v6/scopes"
BOT_PATH = "bot/v3/info"
ROOMS_PATH = "vc/v1/rooms"
FREE_BUSY_PATH = "calendar/v4/freebusy/list"
ROOM_BATCH_PATH = "meeting_room/freebusy/batch_get"

type Change = Callable[[Tenant], object]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed calls without a pause."""
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)


@pytest.fixture
async def client(hass: HomeAssistant, simulator: Simulator, tenant: Tenant) -> FeishuClient:
    data = {CONF_BASE_URL: simulator.base_url, CONF_APP_ID: tenant.app_id, CONF_APP_SECRET: tenant.app_secret}
    return async_create_client(hass, data)


def no_scopes(tenant: Tenant) -> None:
    """Make the call for the app's scopes fail."""
    tenant.inject(Fault.error(400, 9499), SCOPES_PATH, times=None)


def bot_is(status: int) -> Change:
    return lambda tenant: setattr(tenant, "bot_status", status)


def always(fault: Fault, path: str) -> Change:
    return lambda tenant: tenant.inject(fault, path, times=None)


def both(*changes: Change) -> Change:
    return lambda tenant: [change(tenant) for change in changes]


def revoke(*scopes: str) -> Change:
    return lambda tenant: tenant.revoke(*scopes)


def bot_off(tenant: Tenant) -> None:
    tenant.bot_enabled = False


def variant(**values: str) -> Change:
    return lambda tenant: tenant.variants.update(values)


def named(free_busy: bool | None, room_list: bool | None, room_batch: bool | None, bot: bool | None) -> Access:
    return Access("Meeting rooms", free_busy, room_list, room_batch, bot)


def nameless(free_busy: bool | None, room_list: bool | None, room_batch: bool | None, bot: bool | None) -> Access:
    return Access("", free_busy, room_list, room_batch, bot)


def nothing(tenant: Tenant) -> None:
    """Leave the tenant unchanged."""


@pytest.mark.parametrize(
    ("change", "access"),
    [
        pytest.param(nothing, named(True, True, True, True), id="all granted"),
        pytest.param(revoke(FREE_BUSY), named(False, True, True, True), id="no free/busy"),
        pytest.param(revoke(ROOMS), named(True, False, True, True), id="no rooms"),
        pytest.param(revoke(ROOM_BATCH), named(True, True, False, True), id="no batch"),
        pytest.param(bot_off, nameless(True, True, True, False), id="no bot"),
        pytest.param(bot_is(0), named(True, True, True, False), id="bot to be installed"),
        pytest.param(bot_is(1), named(True, True, True, False), id="bot disabled"),
        pytest.param(bot_is(3), named(True, True, True, False), id="bot installed, not enabled"),
        pytest.param(bot_is(4), named(True, True, True, True), id="bot to be upgraded"),
        pytest.param(bot_is(5), named(True, True, True, None), id="license expired"),
        pytest.param(bot_is(99), named(True, True, True, None), id="bot in an unknown state"),
        pytest.param(always(Fault.html(502), BOT_PATH), nameless(True, True, True, None), id="bot unreadable"),
    ],
)
async def test_reported_scopes_and_bot_status_are_trusted(
    client: FeishuClient, tenant: Tenant, change: Change, access: Access
) -> None:
    change(tenant)

    assert await check_access(client) == access
    assert tenant.calls(FREE_BUSY_PATH) == []


@pytest.mark.parametrize(
    ("change", "access"),
    [
        pytest.param(nothing, named(True, True, True, True), id="all granted"),
        pytest.param(revoke(FREE_BUSY), named(False, True, True, True), id="no free/busy"),
        pytest.param(revoke(ROOMS), named(True, False, True, True), id="no rooms"),
        pytest.param(revoke(ROOM_BATCH), named(True, True, False, True), id="no batch"),
        pytest.param(bot_off, nameless(None, True, True, False), id="no bot"),
        pytest.param(both(bot_off, revoke(FREE_BUSY)), nameless(False, True, True, False), id="no bot, no free/busy"),
        pytest.param(always(Fault.html(502), ROOMS_PATH), named(True, None, True, True), id="rooms unreadable"),
        pytest.param(always(Fault.html(502), FREE_BUSY_PATH), named(None, True, True, True), id="free/busy unreadable"),
        pytest.param(
            always(Fault.error(404, 190007), FREE_BUSY_PATH),
            named(None, True, True, False),
            id="bot on, free/busy says off",
        ),
        pytest.param(
            always(Fault.body(200, {"code": 0, "data": {"freebusy_list": []}}), FREE_BUSY_PATH),
            named(True, True, True, True),
            id="unknown room free",
        ),
        pytest.param(
            always(Fault.html(502), BOT_PATH), nameless(True, True, True, True), id="bot unreadable, free/busy works"
        ),
        pytest.param(variant(room_batch="30005"), named(True, True, None, True), id="batch taken offline"),
        pytest.param(variant(room_batch="404"), named(True, True, None, True), id="batch gone"),
        pytest.param(always(Fault.html(502), ROOM_BATCH_PATH), named(True, True, None, True), id="batch unreadable"),
        pytest.param(always(Fault.error(400, 1), ROOM_BATCH_PATH), named(True, True, None, True), id="batch refused"),
        pytest.param(variant(free_busy="missing"), named(True, True, None, True), id="batch malformed"),
    ],
)
async def test_apis_are_tried_if_the_scopes_cannot_be_read(
    client: FeishuClient, tenant: Tenant, change: Change, access: Access
) -> None:
    no_scopes(tenant)
    change(tenant)

    assert await check_access(client) == access


@pytest.mark.parametrize(
    "change",
    [
        *(variant(unknown_room=answer) for answer in ("190002", "190014")),
        *(variant(unknown_batch_room=answer) for answer in ("error_room_ids", "100005", "omitted")),
    ],
)
async def test_trying_an_api_needs_no_existing_room(client: FeishuClient, tenant: Tenant, change: Change) -> None:
    no_scopes(tenant)
    change(tenant)

    assert await check_access(client) == named(True, True, True, True)


async def test_scopes_of_an_app_that_is_not_installed_are_found_by_trying(client: FeishuClient, tenant: Tenant) -> None:
    always(Fault.error(400, 212100), SCOPES_PATH)(tenant)
    tenant.revoke(ROOM_BATCH)

    assert await check_access(client) == named(True, True, False, True)


@pytest.mark.parametrize("scope", ["calendar:calendar:readonly", "calendar:calendar"])
async def test_a_wider_calendar_scope_grants_free_busy(client: FeishuClient, tenant: Tenant, scope: str) -> None:
    tenant.revoke(FREE_BUSY)
    tenant.grant(scope)

    assert (await check_access(client)).free_busy is True


async def test_a_wider_room_scope_grants_the_room_list(client: FeishuClient, tenant: Tenant) -> None:
    tenant.revoke(ROOMS)
    tenant.grant("vc:room")

    assert (await check_access(client)).room_list is True


# Each call of the check may meet the failure
@pytest.mark.parametrize("path", [BOT_PATH, SCOPES_PATH, ROOMS_PATH, FREE_BUSY_PATH, ROOM_BATCH_PATH])
@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault.error(400, 99991662), "app_unavailable"),
        (Fault.error(400, 99991401), "ip_denied"),
        (Fault.error(429, 99991403), "quota_exceeded"),
        (Fault.rate_limited(reset=0), "rate_limited"),
        (Fault.close(), "cannot_connect"),
    ],
)
async def test_a_failure_of_all_calls_is_raised_not_reported_as_a_missing_scope(
    client: FeishuClient, tenant: Tenant, path: str, fault: Fault, problem: str
) -> None:
    always(fault, path)(tenant)
    no_scopes(tenant)

    with pytest.raises(FeishuError) as raised:
        await check_access(client)

    assert problem_key(raised.value) == problem


@pytest.mark.parametrize(
    ("access", "complete", "enough", "missing"),
    [
        (named(True, True, True, True), True, True, ()),
        (named(None, None, None, None), True, True, ()),
        (named(True, False, True, True), False, True, (ROOMS,)),
        (named(False, True, True, True), False, False, (FREE_BUSY,)),
        (named(True, True, False, True), False, True, (ROOM_BATCH,)),
        (named(False, False, False, False), False, False, (FREE_BUSY, ROOMS, ROOM_BATCH)),
        (named(True, True, True, False), False, False, ()),
    ],
)
def test_reading_rooms_needs_free_busy_and_the_bot(
    access: Access, complete: bool, enough: bool, missing: tuple[str, ...]
) -> None:
    assert (access.complete, access.enough, access.missing_scopes) == (complete, enough, missing)
