"""The link of a person while the entry runs: what is shown, what is asked of them, and that rooms go on."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import json
import logging
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_PERSON, DOMAIN
from custom_components.feishu_freebusy.diagnostics import async_get_config_entry_diagnostics
from custom_components.feishu_freebusy.feishu.errors import CredentialsError, FeishuError, TokenNotKeptError
from custom_components.feishu_freebusy.feishu.grants import GrantError, GrantProblem
from custom_components.feishu_freebusy.issues import async_report_failure
from custom_components.feishu_freebusy.model.link import LinkEnd
from custom_components.feishu_freebusy.sync.grant_keeper import GrantKeeper, async_grant_keeper
from custom_components.feishu_freebusy.sync.grant_store import GrantStore
from simulator import Room, Tenant
from simulator.model import User
from tests.clock import Clock, SetUp, state_of
from tests.person import link_person
from tests.test_coordinator_account import reauths
from tests.test_issues import issue_of, kinds
from tests.test_repairs import Fix, begin

pytest_plugins = ["tests.clock"]

LIVE = {"live_updates": True, "scan_interval": 3600, "source": "batch"}


@pytest.fixture
def mei(tenant: Tenant) -> User:
    return tenant.add_user("Mei Heron")


@pytest.fixture
async def entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, mei: User, request: Any
) -> MockConfigEntry:
    """Return an entry with a linked person."""
    entry = await set_up(orion, **getattr(request, "param", {}))
    await link_person(hass, clock, tenant, entry, mei)
    return entry


@pytest.fixture
async def fix(hass: HomeAssistant, clock: Clock) -> Fix:
    """Return the dialog of repair issues."""
    assert await async_setup_component(hass, "repairs", {})
    return Fix(hass, clock)


def keeper_of(entry: MockConfigEntry) -> GrantKeeper:
    keeper: GrantKeeper = entry.runtime_data.grant
    return keeper


async def refreshed(clock: Clock, entry: MockConfigEntry) -> FeishuError | None:
    """Let a call find its token refused; return the error of the refresh, if it fails."""
    await clock.forward(minutes=1)
    keeper = keeper_of(entry)
    try:
        await clock.run(keeper.replace(keeper.current or ""))
    except FeishuError as error:
        return error
    return None


def key_of(hass: HomeAssistant, entry: MockConfigEntry, kind: str = "link_refused") -> str | None:
    issue = issue_of(hass, entry, kind)
    return issue.translation_key if issue else None


async def test_the_link_survives_a_reload_without_a_refresh(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry
) -> None:
    token = keeper_of(entry).current
    assert token

    await clock.run(hass.config_entries.async_reload(entry.entry_id))

    assert keeper_of(entry).current == token
    assert keeper_of(entry).end is None


async def test_a_call_with_an_expired_token_is_made_with_the_next_one(
    tenant: Tenant, clock: Clock, entry: MockConfigEntry, orion: Room
) -> None:
    await clock.forward(minutes=1)
    tenant.consents.expire_access_tokens()

    found = await clock.run(entry.runtime_data.person_client.bookable_rooms())

    assert found
    assert len(tenant.calls("oauth/v3/token")) == 2  # the consent, and one refresh


@pytest.mark.parametrize("entry", [LIVE], indirect=True)
async def test_an_event_of_a_revocation_asks_the_person_within_seconds_and_rooms_go_on(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, orion: Room, mei: User
) -> None:
    tenant.push.subscribed.add("auth.user_access_token.revoked_v4")
    tenant.grant("auth:user_access_token:read")
    await clock.forward(minutes=1)
    tenant.consents.revoke_person(tenant.add_user("Somebody Else").open_id)
    await clock.forward(seconds=5)
    assert keeper_of(entry).end is None
    assert len(tenant.calls("oauth/v3/token")) == 1

    tenant.consents.revoke_person(mei.open_id)
    await clock.forward(seconds=15)

    assert keeper_of(entry).end is LinkEnd.REVOKED
    assert len(reauths(hass, entry)) == 1
    assert state_of(hass, orion) == "off"
    assert kinds(hass) == []
    await clock.forward(hours=2)
    assert len(reauths(hass, entry)) == 1
    assert state_of(hass, orion) == "off"


@pytest.mark.parametrize(
    ("cause", "cure", "key"),
    [
        (
            lambda tenant: setattr(tenant.consents, "may_refresh", False),
            lambda tenant: setattr(tenant.consents, "may_refresh", True),
            "link_refresh_off",
        ),
        (
            lambda tenant: setattr(tenant.variants, "token_trouble", "21000"),
            lambda tenant: setattr(tenant.variants, "token_trouble", "none"),
            "link_challenge",
        ),
        (
            lambda tenant: setattr(tenant.variants, "token_trouble", "21001"),
            lambda tenant: setattr(tenant.variants, "token_trouble", "none"),
            "link_denied",
        ),
    ],
)
async def test_a_refusal_is_an_issue_until_a_check_finds_it_gone(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    entry: MockConfigEntry,
    fix: Fix,
    cause: Callable[[Tenant], object],
    cure: Callable[[Tenant], object],
    key: str,
) -> None:
    cause(tenant)
    assert isinstance(await refreshed(clock, entry), GrantError)
    assert key_of(hass, entry) == key
    assert reauths(hass, entry) == []
    found = await begin(fix, entry, "link_refused")
    assert found["errors"] == {"base": "still"}

    cure(tenant)
    found = await begin(fix, entry, "link_refused")

    assert found["type"] == "create_entry"
    assert key_of(hass, entry) is None


async def test_a_check_that_meets_another_failure_names_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, fix: Fix
) -> None:
    tenant.consents.may_refresh = False
    await refreshed(clock, entry)
    tenant.variants.token_trouble = "20050"

    found = await begin(fix, entry, "link_refused")

    assert found["errors"] == {"base": "other"}


async def test_a_disabled_app_is_named_with_its_code(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = GrantError(GrantProblem.APP, replace(FeishuError().details, code=20069))
    monkeypatch.setattr(keeper_of(entry), "_refusal", error)

    entry.runtime_data.update_issues()

    assert key_of(hass, entry) == "link_app_off"


async def test_a_person_who_is_suspended_is_asked_and_left_alone_once_they_are_back(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, mei: User
) -> None:
    tenant.consents.suspended.add(mei.open_id)
    await refreshed(clock, entry)
    assert keeper_of(entry).end is LinkEnd.UNAVAILABLE
    await clock.settle()
    assert len(reauths(hass, entry)) == 1

    tenant.consents.suspended.clear()
    await clock.forward(hours=1, minutes=2)

    assert keeper_of(entry).end is None
    assert reauths(hass, entry) == []


async def test_a_wrong_secret_is_asked_of_the_app_not_of_the_person(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = GrantError(GrantProblem.CREDENTIALS)
    monkeypatch.setattr(keeper_of(entry), "_refusal", error)

    await clock.forward(minutes=2)
    assert len(reauths(hass, entry)) == 1
    monkeypatch.setattr(keeper_of(entry), "_refusal", None)
    await clock.forward(minutes=2)

    assert reauths(hass, entry) == []


async def test_the_secret_is_asked_for_before_the_person_and_the_person_after_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, mei: User
) -> None:
    def asked() -> list[str]:
        flows = entry.async_get_active_flows(hass, {SOURCE_REAUTH})
        return ["app" if flow["step_id"] == "reauth_confirm" else flow["step_id"] for flow in flows]

    tenant.consents.revoke_person(mei.open_id)
    await refreshed(clock, entry)
    await clock.settle()
    assert asked() == ["person_revoked"]

    async_report_failure(hass, entry, CredentialsError())
    await clock.settle()
    assert asked() == ["app"]
    await clock.forward(minutes=2)

    assert asked() == ["person_revoked"]


async def test_twenty_calls_with_an_expired_token_refresh_it_once(
    tenant: Tenant, clock: Clock, entry: MockConfigEntry
) -> None:
    await clock.forward(minutes=1)
    tenant.consents.expire_access_tokens()
    client = entry.runtime_data.person_client

    async def calls() -> None:
        await asyncio.gather(*(client.bookable_rooms() for _ in range(20)))

    await clock.run(calls())

    assert len(tenant.calls("oauth/v3/token")) == 2  # the consent, and one refresh


async def test_the_yearly_renewal_is_an_issue_not_an_error(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry
) -> None:
    keeper = keeper_of(entry)
    kept = keeper._kept
    assert kept
    keeper._kept = replace(kept, consented_at=clock.now - timedelta(days=334, hours=23, minutes=59))
    await clock.forward(seconds=30)
    assert kinds(hass) == []

    await clock.forward(minutes=2)

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"link_renewal_{entry.entry_id}")
    assert issue
    assert issue.severity is ir.IssueSeverity.WARNING
    assert not issue.is_fixable
    assert issue.translation_placeholders == {
        "name": entry.title,
        "person": "Mei Heron",
        "until": "2026-12-23",
        "integration_url": "/config/integrations/integration/feishu_freebusy",
    }
    assert reauths(hass, entry) == []


async def test_the_unload_waits_for_a_slow_refresh(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry
) -> None:
    await clock.forward(minutes=1)
    keeper = keeper_of(entry)
    before = keeper.current
    tenant.variants.refresh_answer = "late"
    calling = hass.loop.create_task(keeper.replace(before or ""))
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    token = await calling
    assert token != before
    stored = await GrantStore(hass, entry).async_load()
    assert stored
    assert stored.access_token == token


@pytest.mark.parametrize("trouble", ["none", "html"])
async def test_a_removed_entry_revokes_the_grant_and_deletes_its_tokens(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    tenant: Tenant,
    clock: Clock,
    entry: MockConfigEntry,
    trouble: Any,
) -> None:
    tenant.variants.token_trouble = trouble
    key = f"{DOMAIN}.{entry.entry_id}.grant"
    assert key in hass_storage

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert key not in hass_storage
    assert tenant.consents.chains[0].revoked


async def test_tokens_of_another_app_or_unreadable_ones_are_missing(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: Clock, entry: MockConfigEntry
) -> None:
    file = hass_storage[f"{DOMAIN}.{entry.entry_id}.grant"]["data"]
    changes: tuple[dict[str, Any], ...] = (
        {"owner": {}},
        {"grant": None},
        {"grant": {**file["grant"], "refresh_token": ""}},
        {"grant": {**file["grant"], "access_ends": "2026-11-23T10:00:00"}},
    )
    for change in changes:
        hass_storage[f"{DOMAIN}.{entry.entry_id}.grant"]["data"] = {**file, **change}
        keeper = async_grant_keeper(hass, entry)
        await keeper.async_load()
        assert keeper.end is LinkEnd.MISSING


@pytest.mark.parametrize("fails", ["loudly", "silently"])
async def test_a_failed_write_is_noticed(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    async def save(_: Any) -> None:
        if fails == "loudly":
            raise OSError

    store = GrantStore(hass, entry)
    kept = await store.async_load()
    assert kept
    monkeypatch.setattr(store._store, "async_save", save)

    with pytest.raises(TokenNotKeptError):
        await store.async_save(replace(kept, access_token="u-new"))


async def test_tokens_that_come_while_home_assistant_stops_are_in_its_last_write(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, mei: User
) -> None:
    await clock.forward(minutes=1)
    keeper = keeper_of(entry)
    tenant.variants.refresh_answer = "late"
    keeper.async_note_revoked(mei.open_id)
    await clock.forward(seconds=1)
    hass.set_state(CoreState.stopping)

    await clock.run(keeper.async_stop())
    issued = tenant.consents.chains[0].refresh_token
    before = await GrantStore(hass, entry).async_load()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await clock.settle()
    after = await GrantStore(hass, entry).async_load()

    assert before
    assert after
    assert before.refresh_token != after.refresh_token == issued


async def test_no_log_and_no_diagnostics_show_tokens_or_the_person(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    mei: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.feishu_freebusy")
    caplog.set_level(logging.DEBUG, "asyncio")
    entry = await set_up(orion)
    await link_person(hass, clock, tenant, entry, mei)
    keeper = keeper_of(entry)
    seen = [keeper._kept]
    await refreshed(clock, entry)
    seen.append(keeper._kept)
    working = await async_get_config_entry_diagnostics(hass, entry)
    tenant.consents.suspended.add(mei.open_id)
    error = await refreshed(clock, entry)
    ended = await async_get_config_entry_diagnostics(hass, entry)

    assert working["link"] == {
        "end": None,
        "error": None,
        "has_token": True,
        "consented": 60,
        "refreshed": 0,
        "to_renew": False,
        "scopes": sorted(entry.data[CONF_PERSON]["scopes"]),
    }
    assert (ended["link"]["end"], ended["link"]["error"]["code"]) == ("unavailable", 20066)
    log = "\n".join(
        f"{record.getMessage()} {record.exc_text}"
        for record in caplog.records
        if record.name.startswith(("custom_components.feishu_freebusy", "asyncio"))  # the test kit logs what it stores
    )
    texts = [
        log,
        json.dumps([working, ended]),
        *(repr(each) for each in (keeper, keeper.link, error, error and error.__context__, *seen)),
    ]
    for kept in seen:
        assert kept
        for secret in (kept.access_token, kept.refresh_token):
            assert not [text for text in texts if secret in text]
    assert not [text for text in texts[:2] for private in (mei.open_id, mei.name) if private in text]
    assert "the token of the linked person can't be refreshed" in log
