"""The steps of reconfiguration and reauthentication that link a person, and unlink them."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
import json
import logging
from typing import Any
from unittest.mock import AsyncMock, Mock

import aiohttp
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.feishu_freebusy.api import async_create_grants
from custom_components.feishu_freebusy.const import (
    CONF_ACCOUNTS_URL,
    CONF_APP_SECRET,
    CONF_BASE_URL,
    CONF_PERSON,
    DOMAIN,
)
from custom_components.feishu_freebusy.feishu.address import FEISHU_URL
from custom_components.feishu_freebusy.feishu.errors import ErrorDetails, FeishuError, NotReachableError
from custom_components.feishu_freebusy.feishu.grants import (
    USER_SCOPES,
    DeviceCode,
    Grant,
    GrantError,
    GrantProblem,
    Grants,
    challenge_of,
)
from custom_components.feishu_freebusy.feishu.models import Person
from custom_components.feishu_freebusy.flows import device, link
from simulator import Simulator, Tenant
from tests.flows.test_options import running
from tests.test_config_flow import SECRET
from tests.test_translations import checked, placeholders, submit, suggested

REDIRECT_URL = "https://example.com/auth/external/callback"
ACCOUNTS_URL = "https://accounts.example.com"
GRANT = Grant("user-token", 7200.0, "refresh-token", 604800.0, frozenset(USER_SCOPES))
ADA = Person("ou_ada", "on_ada", "Ada")
GRACE = Person("ou_grace", "on_grace", "Grace *Hopper*")
LINKED = {
    "open_id": ADA.open_id,
    "union_id": ADA.union_id,
    "name": ADA.name,
    "scopes": [],
    "consented_at": "2026-01-01",
}
DEVICE = DeviceCode("device-secret", "WDJB-MJHT", f"{ACCOUNTS_URL}/device?code=1&flow=2", 600.0, 5.0)


@pytest.fixture(autouse=True)
def grants(current_request_with_host: None, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Return what answers for Feishu to a flow in a browser: a full grant of Ada."""
    session = Mock(aiohttp.ClientSession)
    real = Grants(session, accounts_url=ACCOUNTS_URL, base_url=FEISHU_URL, app_id="cli_1", app_secret=SECRET)
    fake = Mock(
        authorize_url=real.authorize_url,
        exchange=AsyncMock(return_value=GRANT),
        begin_device=AsyncMock(return_value=DEVICE),
        poll_device=AsyncMock(return_value=GRANT),
        person=AsyncMock(return_value=ADA),
    )

    def create(hass: HomeAssistant, data: dict[str, Any]) -> Mock | None:
        return fake if async_create_grants(hass, data) else None

    monkeypatch.setattr(link, "async_create_grants", create)
    monkeypatch.setattr(device, "_sleep", lambda _seconds: asyncio.sleep(0))
    return fake


@pytest.fixture
async def entry(hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry], tenant: Tenant) -> MockConfigEntry:
    """Return a running entry with one room."""
    return await running(hass, entry_of(tenant.add_room("Orion").room_id))


@pytest.fixture
def keeper(entry: MockConfigEntry) -> Iterator[Mock]:
    """Return what keeps the tokens of the entry."""
    keeper = Mock(async_adopt=AsyncMock(), async_unlink=AsyncMock(), async_stop=AsyncMock())
    kept, entry.runtime_data.grant = entry.runtime_data.grant, keeper
    yield keeper
    if entry.state is ConfigEntryState.LOADED:
        entry.runtime_data.grant = kept


@pytest.fixture
def linked(hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock) -> MockConfigEntry:
    """Return the entry with Ada linked."""
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_ACCOUNTS_URL: ACCOUNTS_URL, CONF_PERSON: LINKED}
    )
    return entry


async def chosen(hass: HomeAssistant, result: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose from a menu."""
    assert result["type"] is FlowResultType.MENU
    return await submit(hass, result, next_step_id=step)


async def ways(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the reconfiguration and continue to the ways to sign in."""
    menu = checked(await entry.start_reconfigure_flow(hass))
    result = await chosen(hass, menu, "relink" if CONF_PERSON in entry.data else "link")
    return await submit(hass, result, accounts_url=ACCOUNTS_URL, app_secret=SECRET)


async def signed_in(hass: HomeAssistant, entry: MockConfigEntry, **answer: str) -> ConfigFlowResult:
    """Sign in in the browser. The answer is a code unless another one is given."""
    result = await chosen(hass, await ways(hass, entry), "sign_in")
    return await returned(hass, await submit(hass, result), **answer)


async def returned(hass: HomeAssistant, result: ConfigFlowResult, **answer: str) -> ConfigFlowResult:
    """Return from Feishu's page."""
    assert result["type"] is FlowResultType.EXTERNAL_STEP
    done = await hass.config_entries.flow.async_configure(result["flow_id"], {"state": {}, **(answer or {"code": "1"})})
    assert done["type"] is FlowResultType.EXTERNAL_STEP_DONE
    return await reloaded(hass, done)


async def reloaded(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Read a step again, as a browser does after it was away."""
    return checked(await hass.config_entries.flow.async_configure(result["flow_id"]))


async def coded(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Sign in with a device code."""
    result = await submit(hass, await chosen(hass, await ways(hass, entry), "device"))
    if result["type"] is not FlowResultType.SHOW_PROGRESS:
        return result
    await hass.async_block_till_done()
    return await reloaded(hass, result)


def refusal(problem: GrantProblem) -> GrantError:
    """Return a refusal of Feishu."""
    return GrantError(problem, ErrorDetails(code=20000, msg="no"))


# In the browser


@pytest.mark.usefixtures("socket_enabled")
async def test_a_person_is_linked_by_the_page_of_home_assistant(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    keeper: Mock,
    grants: Mock,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "auth", {})
    browser = await hass_client_no_auth()
    before, rooms, reads = entry.runtime_data, hass.states.async_all("binary_sensor"), Mock()
    entry.runtime_data.async_add_listener(reads)

    result = await chosen(hass, await ways(hass, entry), "sign_in")
    texts = placeholders(result)
    assert texts["redirect_url"] == REDIRECT_URL
    app_page = f"{entry.data[CONF_BASE_URL]}/app/{entry.unique_id}"
    assert texts["security_url"] == f"{app_page}/safe"
    assert texts["scopes_url"].startswith(f"{app_page}/auth?")
    assert json.loads(texts["scopes_json"]) == {"scopes": {"tenant": [], "user": list(USER_SCOPES)}}

    result = await submit(hass, result)
    page = URL(result["url"])
    assert await reloaded(hass, result) | {"url": ""} == result | {"url": ""}  # waits for the same consent
    query = {"code": "one-time-code", "state": page.query["state"]}
    assert (await browser.get("/auth/external/callback", params=query)).status == 200
    result = await reloaded(hass, result)
    assert (result["step_id"], placeholders(result)["name"]) == ("confirm", ADA.name)
    result = await submit(hass, result)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "person_linked")
    asked = grants.exchange.await_args
    assert asked.args == ("one-time-code",)
    assert asked.kwargs["redirect_uri"] == page.query["redirect_uri"] == REDIRECT_URL
    assert challenge_of(asked.kwargs["verifier"]) == page.query["code_challenge"]
    consented_at = datetime.fromisoformat(entry.data[CONF_PERSON]["consented_at"])
    assert timedelta() <= dt_util.utcnow() - consented_at < timedelta(minutes=1)
    adopted = keeper.async_adopt.await_args
    assert adopted.args[0].refresh_token == GRANT.refresh_token
    assert adopted.kwargs == {"open_id": ADA.open_id, "consented_at": consented_at}
    assert entry.data[CONF_ACCOUNTS_URL] == ACCOUNTS_URL
    assert entry.data[CONF_PERSON] == {
        "open_id": ADA.open_id,
        "union_id": ADA.union_id,
        "name": ADA.name,
        "scopes": sorted(USER_SCOPES),
        "consented_at": consented_at.isoformat(),
    }
    await hass.async_block_till_done()
    assert entry.runtime_data is before  # not reloaded
    assert hass.states.async_all("binary_sensor") == rooms


async def test_time_on_the_last_page_counts_for_the_tokens(
    hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock
) -> None:
    result = await signed_in(hass, entry)
    flow: Any = hass.config_entries.flow._progress[result["flow_id"]]
    flow._granted_at -= 600

    await submit(hass, result)

    adopted = keeper.async_adopt.await_args.args[0]
    assert 6590 < adopted.access_lifetime <= 6600
    assert 604190 < adopted.refresh_lifetime <= 604200


async def test_declining_ends_the_flow(hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock) -> None:
    data = entry.data

    result = await signed_in(hass, entry, error="access_denied")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "sign_in_denied")
    assert entry.data == data
    keeper.async_adopt.assert_not_awaited()


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (refusal(GrantProblem.CODE), "sign_in_expired"),
        (refusal(GrantProblem.OTHER_APP), "sign_in_expired"),
        (refusal(GrantProblem.PERSON), "person_refused"),
        (refusal(GrantProblem.APP), "sign_in_off"),
        (refusal(GrantProblem.CREDENTIALS), "invalid_auth"),
        (refusal(GrantProblem.REQUEST), "request_refused"),
        (refusal(GrantProblem.POLICY), "access_policy"),
        (NotReachableError("no answer"), "cannot_connect"),
    ],
)
@pytest.mark.parametrize("call", ["exchange", "person"])
async def test_a_failed_sign_in_starts_again(
    hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock, grants: Mock, call: str, error: FeishuError, key: str
) -> None:
    getattr(grants, call).side_effect = error

    result = await signed_in(hass, entry)
    assert (result["step_id"], result["errors"]) == ("sign_in", {"base": key})
    assert placeholders(result)["redirect_url"] == REDIRECT_URL
    getattr(grants, call).side_effect = None
    result = await returned(hass, await submit(hass, result))

    assert (await submit(hass, result))["reason"] == "person_linked"
    verifiers = [call.kwargs["verifier"] for call in grants.exchange.await_args_list]
    assert len(set(verifiers)) == 2


async def test_a_flow_without_a_browser_has_no_redirect_url(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_request(_hass: HomeAssistant) -> str:
        raise RuntimeError("No current request in context")

    monkeypatch.setattr(link, "async_get_redirect_uri", no_request)

    result = await chosen(hass, await ways(hass, entry), "sign_in")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_redirect_url")


async def test_a_foreign_field_does_not_confirm(hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock) -> None:
    """A second answer of the browser, after the back button, is no consent."""
    result = await signed_in(hass, entry)

    with pytest.raises(InvalidData):
        await submit(hass, result, code="2", state={})

    keeper.async_adopt.assert_not_awaited()


# With a device code


async def test_a_person_is_linked_by_a_device_code(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    keeper: Mock,
    grants: Mock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grants.poll_device.side_effect = [None, NotReachableError("no answer"), GRANT]
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(device, "_sleep", nap)

    result = await submit(hass, await chosen(hass, await ways(hass, entry), "device"))
    assert (result["type"], result["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "device")
    texts = placeholders(result)
    assert (texts["url"], texts["code"]) == (DEVICE.url, DEVICE.user_code)
    assert f'data="{ACCOUNTS_URL}/device?code=1&amp;flow=2"' in texts["qr"]
    assert DEVICE.device_code not in str(texts)
    await hass.async_block_till_done()
    result = await reloaded(hass, result)
    assert result["step_id"] == "confirm"
    result = await submit(hass, result)

    assert result["reason"] == "person_linked"
    assert entry.data[CONF_PERSON]["open_id"] == ADA.open_id
    assert naps == [DEVICE.interval] * 3


async def test_declining_the_device_code_ends_the_flow(
    hass: HomeAssistant, entry: MockConfigEntry, grants: Mock
) -> None:
    grants.poll_device.side_effect = refusal(GrantProblem.DENIED)

    result = await coded(hass, entry)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "sign_in_denied")


@pytest.mark.parametrize(
    ("call", "error", "key"),
    [
        ("begin_device", NotReachableError("no answer"), "cannot_connect"),
        ("begin_device", refusal(GrantProblem.REQUEST), "request_refused"),
        ("poll_device", refusal(GrantProblem.EXPIRED), "sign_in_expired"),
        ("person", refusal(GrantProblem.PERSON), "person_refused"),
    ],
)
async def test_a_failed_device_code_starts_again(
    hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock, grants: Mock, call: str, error: FeishuError, key: str
) -> None:
    getattr(grants, call).side_effect = error

    result = await coded(hass, entry)
    assert (result["step_id"], result["errors"]) == ("device", {"base": key})
    getattr(grants, call).side_effect = None
    result = await submit(hass, result)
    await hass.async_block_till_done()
    result = await submit(hass, await reloaded(hass, result))

    assert result["reason"] == "person_linked"


async def test_a_device_code_that_nobody_uses_expires(
    hass: HomeAssistant, entry: MockConfigEntry, grants: Mock
) -> None:
    grants.begin_device.return_value = DeviceCode("device-secret", "CODE", ACCOUNTS_URL, 0.0, 5.0)

    result = await coded(hass, entry)

    assert result["errors"] == {"base": "sign_in_expired"}
    grants.poll_device.assert_not_awaited()


# What was granted


@pytest.mark.parametrize(
    ("refused", "granted", "missing"),
    [
        (["vc:room:readonly"], "A, B, D", "C"),
        (["calendar:calendar.event:create", "calendar:calendar.event:delete"], "C, D", "A, B"),
        (list(USER_SCOPES), "–", "A, B, C, D"),
    ],
)
async def test_the_last_page_says_what_is_missing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    keeper: Mock,
    grants: Mock,
    refused: list[str],
    granted: str,
    missing: str,
) -> None:
    scopes = frozenset(USER_SCOPES) - set(refused)
    grants.exchange.return_value = Grant("user-token", 7200.0, "refresh-token", 604800.0, scopes)

    result = await reloaded(hass, await signed_in(hass, entry))
    assert result["step_id"] == "confirm_missing"
    texts = placeholders(result)
    assert (texts["granted"], texts["missing"]) == (granted, missing)
    assert set(texts["missing_scopes"].split("\n")) == {f"- `{scope}`" for scope in refused} - {"- `offline_access`"}

    result = await submit(hass, result)
    assert result["reason"] == "person_linked"
    assert entry.data[CONF_PERSON]["scopes"] == sorted(scopes)


async def test_a_grant_that_ends_after_two_hours_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, grants: Mock
) -> None:
    grants.exchange.return_value = Grant("user-token", 7200.0, None, 0.0, frozenset(USER_SCOPES))

    result = await signed_in(hass, entry)

    assert (result["step_id"], result["errors"]) == ("sign_in", {"base": "no_refresh_token"})


async def test_tokens_that_cannot_be_stored_are_not_linked(
    hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock
) -> None:
    keeper.async_adopt.side_effect = FeishuError("the disk is full")

    result = await submit(hass, await signed_in(hass, entry))
    assert (result["step_id"], result["errors"]) == ("confirm", {"base": "request_refused"})
    assert CONF_PERSON not in entry.data
    keeper.async_adopt.side_effect = None

    assert (await submit(hass, result))["reason"] == "person_linked"


# Another person


@pytest.mark.parametrize(
    ("choice", "reason", "open_id"),
    [("link_other", "person_linked", GRACE.open_id), ("keep_person", "person_kept", ADA.open_id)],
)
async def test_another_person_must_be_confirmed(
    hass: HomeAssistant, linked: MockConfigEntry, grants: Mock, choice: str, reason: str, open_id: str
) -> None:
    grants.person.return_value = GRACE

    result = await signed_in(hass, linked)
    assert result["step_id"] == "other_person"
    assert placeholders(result) == {"person": "Ada", "name": r"Grace \*Hopper\*"}
    result = await chosen(hass, await reloaded(hass, result), choice)
    if choice == "link_other":
        assert result["step_id"] == "confirm"
        result = await submit(hass, result)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)
    assert linked.data[CONF_PERSON]["open_id"] == open_id


async def test_the_same_person_is_linked_again(hass: HomeAssistant, linked: MockConfigEntry) -> None:
    result = await signed_in(hass, linked)
    assert result["step_id"] == "confirm"
    result = await submit(hass, result)

    assert result["reason"] == "person_linked"
    assert linked.data[CONF_PERSON]["scopes"] == sorted(USER_SCOPES)


async def test_a_person_without_a_name_is_shown_by_id(
    hass: HomeAssistant, linked: MockConfigEntry, grants: Mock
) -> None:
    hass.config_entries.async_update_entry(linked, data={**linked.data, CONF_PERSON: {**LINKED, "name": ""}})
    grants.person.return_value = Person("ou_2", "on_2", "")

    result = await signed_in(hass, linked)

    assert placeholders(result) == {"person": "ou_ada", "name": "ou_2"}


async def test_unlinking_ends_the_grant_and_keeps_the_rooms(
    hass: HomeAssistant, linked: MockConfigEntry, keeper: Mock
) -> None:
    before, options = linked.runtime_data, linked.options
    menu = checked(await linked.start_reconfigure_flow(hass))
    assert menu["menu_options"] == ["app", "relink", "unlink"]
    assert placeholders(menu)["person"] == ADA.name
    result = await chosen(hass, menu, "unlink")
    assert result["type"] is FlowResultType.FORM
    keeper.async_unlink.assert_not_awaited()

    result = await submit(hass, result)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "person_unlinked")
    keeper.async_unlink.assert_awaited_once_with()
    assert CONF_PERSON not in linked.data
    await hass.async_block_till_done()
    assert (linked.runtime_data, linked.options) == (before, options)


async def test_a_person_is_unlinked_while_the_entry_is_not_running(
    hass: HomeAssistant, linked: MockConfigEntry, keeper: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = Mock(async_unlink=AsyncMock())
    monkeypatch.setattr(link, "async_grant_keeper", lambda _hass, _entry: spare)
    await hass.config_entries.async_unload(linked.entry_id)

    result = await chosen(hass, await linked.start_reconfigure_flow(hass), "unlink")
    result = await submit(hass, result)

    assert result["reason"] == "person_unlinked"
    spare.async_unlink.assert_awaited_once_with()


# The address of the sign-in


@pytest.mark.parametrize(
    ("url", "secret", "errors"),
    [
        ("accounts.example.com", SECRET, {CONF_ACCOUNTS_URL: "address_not_a_url"}),
        ("http://accounts.example.com", SECRET, {CONF_ACCOUNTS_URL: "address_not_encrypted"}),
        (ACCOUNTS_URL, "guessed", {CONF_APP_SECRET: "another_secret"}),
        ("nowhere", "guessed", {CONF_ACCOUNTS_URL: "address_not_a_url", CONF_APP_SECRET: "another_secret"}),
    ],
)
async def test_a_private_address_asks_where_people_sign_in(
    hass: HomeAssistant, entry: MockConfigEntry, url: str, secret: str, errors: dict[str, str]
) -> None:
    menu = checked(await entry.start_reconfigure_flow(hass))
    assert menu["menu_options"] == ["app", "link"]
    result = await chosen(hass, menu, "link")
    assert (result["step_id"], result["errors"]) == ("accounts", {})
    assert suggested(result) == {}

    result = await submit(hass, result, accounts_url=url, app_secret=secret)
    assert (result["step_id"], result["errors"]) == ("accounts", errors)
    assert suggested(result) == {CONF_ACCOUNTS_URL: url}
    result = await submit(hass, result, accounts_url=f" {ACCOUNTS_URL}/", app_secret=SECRET)

    assert (result["step_id"], result["menu_options"]) == ("link", ["sign_in", "device"])
    assert CONF_ACCOUNTS_URL not in entry.data  # stored with the person


async def test_the_address_of_the_sign_in_can_be_changed(hass: HomeAssistant, linked: MockConfigEntry) -> None:
    result = await chosen(hass, await linked.start_reconfigure_flow(hass), "relink")
    assert suggested(result) == {CONF_ACCOUNTS_URL: ACCOUNTS_URL}

    result = await submit(hass, result, accounts_url="https://login.example.com", app_secret=SECRET)
    result = await returned(hass, await submit(hass, await chosen(hass, result, "sign_in")))
    await submit(hass, result)

    assert linked.data[CONF_ACCOUNTS_URL] == "https://login.example.com"


async def test_feishu_needs_no_address_of_the_sign_in(
    hass: HomeAssistant, entry_of: Callable[..., MockConfigEntry]
) -> None:
    entry = entry_of()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_BASE_URL: FEISHU_URL})

    result = await chosen(hass, await entry.start_reconfigure_flow(hass), "link")

    assert result["step_id"] == "link"


async def test_another_address_of_the_app_forgets_where_people_sign_in(
    hass: HomeAssistant, linked: MockConfigEntry, tenant: Tenant
) -> None:
    async with Simulator(tenant) as elsewhere:
        result = await chosen(hass, await linked.start_reconfigure_flow(hass), "app")
        result = await submit(hass, result, base_url=elsewhere.base_url, app_secret=SECRET)
        await hass.async_block_till_done()

    assert result["reason"] == "reconfigure_successful"
    assert CONF_ACCOUNTS_URL not in linked.data
    assert linked.data[CONF_PERSON] == LINKED


# The link has ended


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("expired", "person_expired"),
        ("revoked", "person_revoked"),
        ("copied", "person_copied"),
        ("unavailable", "person_unavailable"),
        ("missing", "person_lost"),
        (None, "person_lost"),
    ],
)
async def test_a_dead_link_says_why_and_is_linked_again(
    hass: HomeAssistant, linked: MockConfigEntry, reason: str | None, step: str
) -> None:
    linked.async_start_reauth(hass, data={"identity": "person", **({"reason": reason} if reason else {})})
    await hass.async_block_till_done()
    (flow,) = linked.async_get_active_flows(hass, {SOURCE_REAUTH})
    result = await reloaded(hass, flow)
    assert (result["step_id"], result["menu_options"]) == (step, ["sign_in", "device", "unlink"])
    assert placeholders(result) == {"person": ADA.name}

    result = await returned(hass, await submit(hass, await chosen(hass, result, "sign_in")))
    result = await submit(hass, result)

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "person_linked")
    assert linked.data[CONF_PERSON]["scopes"] == sorted(USER_SCOPES)
    assert linked.data[CONF_ACCOUNTS_URL] == ACCOUNTS_URL


async def test_a_dead_link_asks_for_the_address_that_was_forgotten(
    hass: HomeAssistant, linked: MockConfigEntry
) -> None:
    data = {key: value for key, value in linked.data.items() if key != CONF_ACCOUNTS_URL}
    hass.config_entries.async_update_entry(linked, data=data)

    result = checked(await linked.start_reauth_flow(hass, data={"identity": "person", "reason": "expired"}))
    assert result["menu_options"] == ["link", "unlink"]
    result = await chosen(hass, result, "link")

    assert result["step_id"] == "accounts"


async def test_a_dead_link_can_be_unlinked(hass: HomeAssistant, linked: MockConfigEntry, keeper: Mock) -> None:
    result = checked(await linked.start_reauth_flow(hass, data={"identity": "person"}))

    result = await submit(hass, await chosen(hass, result, "unlink"))

    assert result["reason"] == "person_unlinked"
    keeper.async_unlink.assert_awaited_once_with()


async def test_no_secret_is_shown_or_logged(
    hass: HomeAssistant, entry: MockConfigEntry, keeper: Mock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, f"custom_components.{DOMAIN}")

    result = await chosen(hass, await ways(hass, entry), "sign_in")
    result = await submit(hass, result)
    shown = [str(result["url"])]
    result = await returned(hass, result, code="one-time-code")
    shown += [str(result), str(await submit(hass, result)), caplog.text, str(entry.data[CONF_PERSON])]

    for secret in (SECRET, "user-token", "refresh-token", "one-time-code"):
        assert secret not in "".join(shown)
