"""What stops actions: missing permissions, and a reply that released a series. Each has an issue and a way out."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.feishu.events import Events
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.sync.ledger import Ledger, NotWrittenError
from simulator import Fault, Room, Tenant
from simulator.agenda import Agenda
from tests.actions import BOTH, Perform, refused
from tests.clock import Clock, SetUp
from tests.conftest import at
from tests.test_booking import ledger_on_disk, live_events, rows_of, writes_of
from tests.test_config_flow import SCOPES
from tests.test_issues import issue_of, kinds
from tests.test_repairs import Fix, begin, fix
from tests.test_translations import assert_issue_is_readable, placeholders

__all__ = ["fix"]
pytest_plugins = ["tests.actions"]
pytestmark = pytest.mark.usefixtures("may_book", "in_utc")

CREATE, DELETE = "calendar:calendar.event:create", "calendar:calendar.event:delete"
UPDATE, READ = "calendar:calendar.event:update", "calendar:calendar.event:read"


# Permissions


@pytest.mark.parametrize(
    ("switches", "scope", "expected"),
    [
        ({"book": True}, CREATE, ["actions_permissions"]),
        ({"release": True}, CREATE, []),
        ({"release": True}, "calendar:room:readonly", ["actions_permissions"]),
        ({}, CREATE, []),
    ],
)
async def test_permissions_are_missed_only_for_what_is_switched_on(
    hass: HomeAssistant,
    tenant: Tenant,
    set_up: SetUp,
    orion: Room,
    switches: dict[str, bool],
    scope: str,
    expected: list[str],
) -> None:
    tenant.revoke(scope)
    await set_up(orion, **switches)

    assert kinds(hass) == expected


async def test_lost_permissions_are_found_without_an_act_and_named_with_their_page(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    assert kinds(hass) == []
    tenant.revoke(CREATE, DELETE)
    await clock.to(at(16, 5))

    issue = issue_of(hass, entry, "actions_permissions")
    assert issue
    assert issue.severity is ir.IssueSeverity.WARNING
    assert_issue_is_readable(issue)
    app = f"{entry.data['base_url']}/app/{entry.data['app_id']}"
    assert issue.translation_placeholders == {
        "name": entry.title,
        "scopes": f"- `{CREATE}`\n- `{DELETE}`",
        "scopes_url": f"{app}/auth?q={CREATE},{DELETE}&op_from=openapi&token_type=tenant",
        "version_url": f"{app}/version",
    }

    tenant.grant(CREATE, DELETE)
    await clock.to(at(22, 5))
    assert kinds(hass) == []


async def test_an_act_without_permission_raises_the_issue_and_a_later_one_removes_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    paid = entry.runtime_data.client.traffic.paid
    others = paid[Payer.OTHER]
    tenant.revoke(CREATE, DELETE)

    assert await refused(perform, "book_room", room_id=orion.room_id) == "scope_missing"
    await clock.settle()
    issue = issue_of(hass, entry, "actions_permissions")
    assert issue
    assert (issue.translation_placeholders or {})["scopes"] == f"- `{CREATE}`\n- `{DELETE}`"

    tenant.grant(CREATE, DELETE)
    await perform("book_room", room_id=orion.room_id)
    await clock.settle()
    assert kinds(hass) == []
    assert paid[Payer.OTHER] == others  # the act has paid for the list of permissions, too


@pytest.mark.parametrize(("call", "scope"), [("add_room", UPDATE), ("verdict", READ)])
async def test_permissions_that_go_in_the_middle_of_a_booking_leave_none_once_they_return(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    perform: Perform,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    scope: str,
) -> None:
    entry = await set_up(orion, book=True)
    real = getattr(Events, call)

    async def withdrawn(*args: Any, **kwargs: Any) -> Any:
        tenant.revoke(scope, DELETE)
        return await real(*args, **kwargs)

    monkeypatch.setattr(Events, call, withdrawn)
    assert await refused(perform, "book_room", room_id=orion.room_id) == "scope_missing"
    await clock.settle()
    issue = issue_of(hass, entry, "actions_permissions")
    assert issue
    assert (issue.translation_placeholders or {})["scopes"] == f"- `{scope}`\n- `{DELETE}`"
    assert len(live_events(tenant)) == 1

    tenant.grant(scope, DELETE)
    await clock.forward(minutes=11)
    assert (live_events(tenant), rows_of(tenant, orion)) == (set(), [])


async def test_a_refused_scope_is_named_if_the_list_of_permissions_can_not_be_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    tenant.inject(Fault.error(400, 212001), SCOPES, times=None)
    entry = await set_up(orion, book=True)
    tenant.revoke(CREATE)
    assert kinds(hass) == []

    assert await refused(perform, "book_room", room_id=orion.room_id) == "scope_missing"
    await clock.settle()
    issue = issue_of(hass, entry, "actions_permissions")
    assert issue
    assert f"`{CREATE}`" in (issue.translation_placeholders or {})["scopes"]

    tenant.grant(CREATE)
    await perform("book_room", room_id=orion.room_id)
    await clock.settle()
    assert kinds(hass) == []


async def test_a_scope_that_is_granted_again_is_forgotten_with_the_next_list(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> None:
    await set_up(orion, book=True)
    scope = {"permission_violations": [{"subject": "a scope?"}, {"subject": CREATE}]}
    body = {"code": 99991672, "msg": "denied", "error": scope}
    tenant.inject(Fault.body(400, body), "/events", times=1)

    assert await refused(perform, "book_room", room_id=orion.room_id) == "scope_missing"
    await clock.settle()
    assert kinds(hass) == ["actions_permissions"]  # although the list has it
    tenant.add_room("New")  # Home Assistant tells only of a list that has changed
    await clock.to(at(16, 5))
    assert kinds(hass) == []


async def test_missing_permissions_can_be_checked_again(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    tenant.revoke(CREATE)
    entry = await set_up(orion, book=True)

    result = await begin(fix, entry, "actions_permissions")
    assert result["errors"] == {"base": "still"}
    assert CREATE in placeholders(result)["scopes"]
    tenant.inject(Fault.status(503), SCOPES, times=None)
    assert (await fix.submit())["errors"] == {"base": "other"}
    tenant.clear_faults()
    tenant.grant(CREATE)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []


async def test_administrators_can_be_asked_for_missing_permissions(
    hass: HomeAssistant, tenant: Tenant, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    tenant.revoke(CREATE)
    entry = await set_up(orion, book=True)
    await fix.open(entry, "actions_permissions")

    assert (await fix.choose("ask"))["step_id"] == "asked"
    tenant.grant(CREATE)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY


# A series that was released


@pytest.fixture
async def stopped(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, perform: Perform, orion: Room
) -> MockConfigEntry:
    """Return an entry whose reply has released a whole series."""
    for day in range(3):
        tenant.book(orion.room_id, at(9, day=day), at(11, day=day), series="daily")
    entry = await set_up(orion, **BOTH)

    def release_all(agenda: Agenda, room_id: str, *_: object) -> None:
        for row in list(agenda.tenant.calendars.of(room_id)):
            agenda.tenant.calendars.remove(row.booking_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Agenda, "reply", release_all)
        await perform("end_booking", room_id=orion.room_id)
    assert rows_of(tenant, orion) == []
    tenant.book(orion.room_id, at(9), at(11))
    return entry


async def test_a_released_series_stops_releases_also_after_a_restart(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    perform: Perform,
    stopped: MockConfigEntry,
    orion: Room,
    hass_storage: dict[str, Any],
) -> None:
    for _ in range(2):
        issue = issue_of(hass, stopped, "releases_stopped")
        assert issue
        assert issue.severity is ir.IssueSeverity.ERROR
        assert_issue_is_readable(issue)
        words = {"name": stopped.title, "room": "Orion", "start": "2026-11-23 09:00"}
        assert issue.translation_placeholders == words
        tenant.requests.clear()
        assert await refused(perform, "end_booking", room_id=orion.room_id) == "release_stopped"
        assert writes_of(tenant) == []
        await clock.run(hass.config_entries.async_reload(stopped.entry_id))
        await clock.settle()
    (line,) = hass_storage[f"{DOMAIN}.{stopped.entry_id}.ledger"]["data"]["lines"]
    assert line["series_released"] is True
    assert "Chen" not in json.dumps(line)


async def test_own_bookings_are_made_and_ended_while_releases_are_stopped(
    tenant: Tenant, clock: Clock, perform: Perform, stopped: MockConfigEntry, orion: Room
) -> None:
    await clock.to(at(11))

    await perform("book_room", room_id=orion.room_id)
    ended = await perform("end_booking", room_id=orion.room_id)

    assert (ended["own"], ended["confirmed"]) == (True, True)


async def test_an_administrator_allows_releases_again(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, perform: Perform, fix: Fix, stopped: MockConfigEntry, orion: Room
) -> None:
    assert (await fix.open(stopped, "releases_stopped"))["step_id"] == "confirm"
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY

    assert kinds(hass) == []
    assert not (await perform("end_booking", room_id=orion.room_id))["own"]
    await clock.run(hass.config_entries.async_reload(stopped.entry_id))
    await clock.settle()
    assert kinds(hass) == []


async def test_a_stop_that_can_not_be_removed_from_the_disk_stays(
    hass: HomeAssistant,
    perform: Perform,
    fix: Fix,
    stopped: MockConfigEntry,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await fix.open(stopped, "releases_stopped")

    async def fail(_: Ledger) -> None:
        raise NotWrittenError

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_async_save", fail)
        assert (await fix.submit())["errors"] == {"base": "not_written"}
    assert kinds(hass) == ["releases_stopped"]
    assert await refused(perform, "end_booking", room_id=orion.room_id) == "release_stopped"
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize("is_unloaded", [True, False], ids=["unloaded", "switched off"])
async def test_the_dialog_of_a_stop_changes_nothing_once_nothing_can_be_ended(
    hass: HomeAssistant,
    clock: Clock,
    fix: Fix,
    stopped: MockConfigEntry,
    *,
    is_unloaded: bool,
) -> None:
    await fix.open(stopped, "releases_stopped")
    if is_unloaded:
        await clock.run(hass.config_entries.async_unload(stopped.entry_id))
    else:
        hass.config_entries.async_update_entry(stopped, options={**stopped.options, "book": False, "release": False})
        await clock.forward(seconds=1)

    assert (await fix.submit())["reason"] == "entry_gone"
    assert len((await ledger_on_disk(hass, stopped)).stops) == 1


async def test_a_stop_of_a_room_that_is_no_longer_read_names_its_id(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, stopped: MockConfigEntry, orion: Room, vega: Room
) -> None:
    hass.config_entries.async_update_entry(stopped, options={**stopped.options, "rooms": {vega.room_id: "Vega"}})
    await clock.forward(minutes=2)

    issue = issue_of(hass, stopped, "releases_stopped")
    assert issue
    assert (issue.translation_placeholders or {})["room"].replace("\\", "") == orion.room_id


async def test_a_stop_is_not_shown_while_nothing_may_be_ended(
    hass: HomeAssistant, clock: Clock, stopped: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(stopped, options={**stopped.options, "book": False, "release": False})
    await clock.forward(minutes=2)
    assert kinds(hass) == []

    hass.config_entries.async_update_entry(stopped, options={**stopped.options, "release": True})
    await clock.forward(minutes=2)
    assert kinds(hass) == ["releases_stopped"]
