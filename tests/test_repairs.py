"""The fix flows of issues: check again, ask the administrator, remove deleted rooms and people."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import DOMAIN
from custom_components.feishu_freebusy.coordinator import FreeBusyCoordinator
from custom_components.feishu_freebusy.sync.store import async_forget_stored
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import FREE_BUSY, ROOMS, Clock, SetUp, shown, state_of
from tests.conftest import at
from tests.test_config_flow import FREE_BUSY_SCOPE, ROOMS_SCOPE, change, end_trouble
from tests.test_issues import CAUSES, NOTHING_LEFT, Cause, kinds, leave_nothing_to_read
from tests.test_translations import FIXES, TEXTS, checked, placeholders

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

APPLY = "application/v6/scopes/apply"
TITLES = "meeting_room/summary/batch_get"


class Fix:
    """Opens the dialog of an issue and goes through it. Checks the texts of each step."""

    def __init__(self, hass: HomeAssistant, clock: Clock) -> None:
        self._manager = hass.data["repairs"]["flow_manager"]
        self._registry = ir.async_get(hass)
        self._clock = clock
        self._flow_id = ""

    async def open(self, entry: MockConfigEntry, kind: str) -> Any:
        """Return the first step."""
        issue = self._registry.async_get_issue(DOMAIN, f"{kind}_{entry.entry_id}")
        assert issue
        result = await self._clock.run(self._manager.async_init(DOMAIN, data={"issue_id": issue.issue_id}))
        self._flow_id = result["flow_id"]
        FIXES[self._flow_id] = issue.translation_key or ""
        return checked(result)

    async def submit(self, **user_input: Any) -> Any:
        """Return the next step."""
        return checked(await self._clock.run(self._manager.async_configure(self._flow_id, user_input)))

    def begin_to_submit(self, hass: HomeAssistant) -> asyncio.Task[Any]:
        """Press the button, without waiting for the next step."""
        return hass.async_create_task(self._manager.async_configure(self._flow_id, {}))

    async def choose(self, step: str) -> Any:
        """Choose a step from a menu, and return it."""
        return await self.submit(next_step_id=step)


@pytest.fixture
async def fix(hass: HomeAssistant, clock: Clock) -> Fix:
    """Return the dialog."""
    assert await async_setup_component(hass, "repairs", {})
    return Fix(hass, clock)


async def begin(fix: Fix, entry: MockConfigEntry, kind: str) -> Any:
    """Open the dialog up to the button that checks again, and press it."""
    first = await fix.open(entry, kind)
    return await (fix.choose("check") if first["type"] is FlowResultType.MENU else fix.submit())


TROUBLES = [
    *CAUSES,
    pytest.param(Cause("quota_exceeded", change("quota_left", 0)), id="quota used up"),
    pytest.param(
        Cause("stale", lambda tenant: tenant.inject(Fault.status(503), FREE_BUSY, times=None)), id="server down"
    ),
]


@pytest.mark.family
@pytest.mark.parametrize("cause", TROUBLES)
async def test_a_solved_problem_is_noticed_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, rooms: list[Room], cause: Cause
) -> None:
    entry = await set_up(*rooms)
    await clock.to(at(10, 4, 30))
    cause.begin(tenant)
    await clock.to(at(10, 20))
    assert kinds(hass) == [cause.kind]
    end_trouble(tenant)
    now = clock.now

    result = await begin(fix, entry, cause.kind)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert (clock.now - now).total_seconds() < 5


@pytest.mark.family
@pytest.mark.parametrize("cause", TROUBLES)
async def test_a_remaining_problem_is_shown_with_its_error_after_few_calls(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, rooms: list[Room], cause: Cause
) -> None:
    entry = await set_up(*rooms)
    await clock.to(at(10, 4, 30))
    cause.begin(tenant)
    await clock.to(at(10, 20))
    tenant.requests.clear()

    result = await begin(fix, entry, cause.kind)
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "check", {"base": "still"})
    assert placeholders(result)["details"]
    assert "http" not in placeholders(result)["details"]
    assert kinds(hass) == [cause.kind]
    assert len(tenant.calls(FREE_BUSY)) <= 3  # in an outage, one call is retried twice

    end_trouble(tenant)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []


async def test_the_error_shown_is_that_of_this_check(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, simulator: Simulator, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    await simulator.stop()

    result = await begin(fix, entry, "bot_disabled")
    await simulator.start()

    assert result["errors"] == {"base": "other"}
    assert placeholders(result)["problem"].startswith("The server did not answer.")
    assert kinds(hass) == ["bot_disabled"]


async def test_an_issue_is_fixed_even_if_another_problem_follows(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    tenant.bot_enabled = True
    tenant.revoke(FREE_BUSY_SCOPE)

    result = await begin(fix, entry, "bot_disabled")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == ["scope_missing"]


@NOTHING_LEFT
async def test_an_issue_is_fixed_if_nothing_is_left_to_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, how: str
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 6))
    await fix.open(entry, "bot_disabled")
    await leave_nothing_to_read(hass, clock, entry, orion, how)

    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []


async def test_the_check_ends_without_an_answer_from_feishu(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    tenant.inject(Fault.slow(600), FREE_BUSY, times=None)
    now = clock.now

    result = await begin(fix, entry, "bot_disabled")

    assert result["errors"] == {"base": "other"}
    assert "no answer in time" in placeholders(result)["problem"]
    assert (clock.now - now).total_seconds() <= 26
    assert kinds(hass) == ["bot_disabled"]


# While the entry is not set up


@pytest.mark.parametrize("cause", CAUSES)
async def test_the_check_sets_up_a_failed_entry_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, cause: Cause
) -> None:
    entry = await set_up(orion, begin=cause.begin)
    await clock.forward(minutes=5)  # retries are rare by now

    result = await begin(fix, entry, cause.kind)
    assert result["errors"] == {"base": "still"}
    assert placeholders(result)["details"]
    assert kinds(hass) == [cause.kind]

    end_trouble(tenant)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.state is ConfigEntryState.LOADED
    assert kinds(hass) == []
    assert state_of(hass, orion) == "off"


async def test_an_outage_during_the_check_fixes_nothing(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, simulator: Simulator, orion: Room
) -> None:
    entry = await set_up(orion, begin=change("bot_enabled", False))
    await simulator.stop()
    result = await begin(fix, entry, "bot_disabled")
    await simulator.start()
    assert result["errors"] == {"base": "other"}
    assert placeholders(result)["problem"].startswith("The server did not answer.")

    tenant.bot_enabled = True
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY


# An entry that goes while the dialog is open


@pytest.mark.parametrize("end", ["remove", "disable", "unload"])
@pytest.mark.parametrize("when", ["before the first step", "before the second step"])
async def test_the_dialog_ends_with_the_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, end: str, when: str
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    await fix.open(entry, "bot_disabled")
    if when == "before the second step":
        assert (await fix.submit())["errors"]

    if end == "remove":
        await clock.run(hass.config_entries.async_remove(entry.entry_id))
    elif end == "disable":
        await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))
    else:
        await clock.run(hass.config_entries.async_unload(entry.entry_id))

    result = await fix.submit()
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_gone")


async def test_removing_the_entry_ends_a_running_check(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    tenant.inject(Fault.slow(5), FREE_BUSY)
    await fix.open(entry, "bot_disabled")
    look = fix.begin_to_submit(hass)
    await clock.settle()

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(seconds=10)

    assert (look.result()["type"], look.result()["reason"]) == (FlowResultType.ABORT, "entry_gone")


# Asking the admin


async def missing_scope(tenant: Tenant, clock: Clock, set_up: SetUp, room: Room) -> MockConfigEntry:
    """Set up an entry whose app has lost the scope for free/busy."""
    entry = await set_up(room)
    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 5))
    return entry


async def test_the_admin_can_be_asked_and_the_grant_is_noticed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await missing_scope(tenant, clock, set_up, orion)
    menu = await fix.open(entry, "scope_missing")
    assert menu["menu_options"] == ["check", "ask"]

    asked = await fix.choose("ask")
    assert (asked["type"], asked["step_id"], asked["errors"]) == (FlowResultType.FORM, "asked", {})
    assert tenant.scope_requests == [frozenset({FREE_BUSY_SCOPE})]
    assert (await fix.submit())["errors"] == {"base": "still"}
    tenant.grant(FREE_BUSY_SCOPE)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []


OUTCOMES: list[Any] = [
    pytest.param(lambda tenant: setattr(tenant, "sensitive_scopes", frozenset({FREE_BUSY_SCOPE})), "too_sensitive"),
    pytest.param(lambda tenant: tenant.scopes.pop(FREE_BUSY_SCOPE), "nothing_to_ask"),
    pytest.param(
        lambda tenant: tenant.scope_requests.extend(frozenset({str(number)}) for number in range(10)), "asked_too_often"
    ),
    pytest.param(lambda tenant: tenant.scope_requests.append(frozenset({FREE_BUSY_SCOPE})), "asked_already"),
    pytest.param(lambda tenant: tenant.inject(Fault.error(400, 99991401), APPLY), "not_asked"),
    pytest.param(lambda tenant: tenant.inject(Fault.status(503), APPLY, times=None), "not_asked"),
]


@pytest.mark.parametrize(("happens", "outcome"), OUTCOMES)
async def test_the_outcome_of_the_request_is_shown(
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    fix: Fix,
    orion: Room,
    happens: Callable[[Tenant], object],
    outcome: str,
) -> None:
    entry = await missing_scope(tenant, clock, set_up, orion)
    happens(tenant)
    before = len(tenant.scope_requests)
    await fix.open(entry, "scope_missing")

    result = await fix.choose("ask")

    assert (result["step_id"], result["errors"]) == ("check", {"base": outcome})
    assert len(tenant.scope_requests) == before
    end_trouble(tenant)
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY


async def test_the_admin_can_be_asked_before_the_entry_is_set_up(
    tenant: Tenant, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await set_up(orion, begin=lambda tenant: tenant.revoke(FREE_BUSY_SCOPE))
    await fix.open(entry, "scope_missing")

    assert (await fix.choose("ask"))["step_id"] == "asked"
    assert tenant.scope_requests == [frozenset({FREE_BUSY_SCOPE})]


@pytest.mark.parametrize("step", ["check", "ask"])
async def test_a_removed_entry_makes_no_call(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, step: str
) -> None:
    entry = await missing_scope(tenant, clock, set_up, orion)
    await fix.open(entry, "scope_missing")
    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    tenant.requests.clear()

    assert (await fix.choose(step))["reason"] == "entry_gone"
    assert tenant.requests == []


async def test_the_room_list_is_checked_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=3600)
    tenant.revoke(ROOMS_SCOPE)
    await clock.to(at(16, 5))

    result = await begin(fix, entry, "room_list_refused")
    assert result["errors"] == {"base": "still"}
    assert ROOMS_SCOPE in placeholders(result)["details"]
    tenant.inject(Fault.status(503), ROOMS, times=None)
    assert (await fix.submit())["errors"] == {"base": "other"}
    end_trouble(tenant)
    tenant.grant(ROOMS_SCOPE)
    tenant.requests.clear()
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert tenant.calls(ROOMS)
    assert kinds(hass) == []


async def test_titles_are_checked_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(18), title="Retro")
    entry = await set_up(orion, titles="title_and_organizer")

    result = await begin(fix, entry, "titles_refused")
    assert result["errors"] == {"base": "still"}
    assert "calendar:room" in placeholders(result)["details"]
    tenant.inject(Fault.status(503), TITLES, times=None)
    assert (await fix.submit())["errors"] == {"base": "other"}
    assert kinds(hass) == ["titles_refused"]
    tenant.clear_faults()
    tenant.grant("calendar:room")
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []
    assert shown(hass, orion).attributes["titles"][0]["title"] == "Retro"


# Deleted rooms and people


async def gone_room(tenant: Tenant, clock: Clock, set_up: SetUp, gone: Room, kept: Room) -> MockConfigEntry:
    """Set up an entry of two rooms, and delete one in Feishu."""
    entry = await set_up(gone, kept, scan_interval=3600)
    tenant.delete_room(gone.room_id)
    await clock.to(at(22, 5))
    return entry


async def test_deleted_rooms_can_be_removed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, vega: Room
) -> None:
    entry = await gone_room(tenant, clock, set_up, orion, vega)
    first = await fix.open(entry, "rooms_gone")
    assert first["step_id"] == "confirm"
    assert placeholders(first)["names"] == "- Orion"
    assert len(entry.options["rooms"]) == 2  # opening the dialog removes nothing

    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    await clock.settle()

    assert entry.options["rooms"] == {vega.room_id: "Vega"}
    assert hass.states.get("binary_sensor.orion") is None
    assert state_of(hass, vega) == "off"
    assert kinds(hass) == []
    await clock.to(at(12, day=1))
    assert kinds(hass) == []


async def test_a_room_that_comes_back_while_the_dialog_is_open_stays(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, vega: Room
) -> None:
    entry = await gone_room(tenant, clock, set_up, orion, vega)
    await fix.open(entry, "rooms_gone")
    tenant.add_room("Orion", room_id=orion.room_id)
    await clock.to(at(4, 5, day=1))

    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY

    assert entry.options["rooms"].keys() == {orion.room_id, vega.room_id}
    assert state_of(hass, orion) == "off"


async def test_deleted_people_can_be_removed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    gone, kept = (tenant.add_user(name) for name in ("Li Na", "Wang Wei"))
    entry = await set_up(orion, people={gone.open_id: "Li Na", kept.open_id: "Wang Wei"})
    tenant.delete_user(gone.open_id)
    await clock.to(at(10, 15))

    await fix.open(entry, "people_gone")
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    await clock.settle()

    assert entry.options["people"] == {kept.open_id: "Wang Wei"}
    assert entry.options["rooms"] == {orion.room_id: "Orion"}
    assert kinds(hass) == []
    await clock.forward(hours=1)
    assert kinds(hass) == []


async def test_nothing_is_removed_from_an_entry_that_is_not_running(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room, vega: Room
) -> None:
    entry = await gone_room(tenant, clock, set_up, orion, vega)
    await fix.open(entry, "rooms_gone")
    await clock.run(hass.config_entries.async_unload(entry.entry_id))

    assert (await fix.submit())["reason"] == "entry_gone"
    assert len(entry.options["rooms"]) == 2


async def test_nothing_is_removed_from_an_entry_that_retries_its_setup(
    hass: HomeAssistant,
    tenant: Tenant,
    simulator: Simulator,
    clock: Clock,
    set_up: SetUp,
    fix: Fix,
    orion: Room,
    vega: Room,
) -> None:
    entry = await gone_room(tenant, clock, set_up, orion, vega)
    await fix.open(entry, "rooms_gone")
    await simulator.stop()
    assert await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.run(async_forget_stored(hass, entry))
    assert not await clock.run(hass.config_entries.async_setup(entry.entry_id))
    assert entry.state is ConfigEntryState.SETUP_RETRY

    result = await fix.submit()
    await simulator.start()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "entry_gone")
    assert entry.options["rooms"] == {orion.room_id: "Orion", vega.room_id: "Vega"}


@pytest.mark.parametrize(
    ("language", "does_not_run", "nothing_happened"),
    [("en", "is not running", "Nothing was changed."), ("zh-Hans", "目前未在运行", "未作任何更改。")],
)
@pytest.mark.parametrize("kind", ["rooms_gone", "people_gone"])
def test_the_text_for_a_stopped_entry_says_that_nothing_changed(
    kind: str, language: str, does_not_run: str, nothing_happened: str
) -> None:
    text = TEXTS[language]["issues"][kind]["fix_flow"]["abort"]["entry_gone"]

    assert does_not_run in text  # the entry may be about to retry its set-up
    assert text.endswith(nothing_happened)


async def test_the_dialog_of_an_entry_that_is_gone_says_so(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    """An issue can outlive its entry for a moment; its dialog must not offer a step."""
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 5))
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"bot_disabled_{entry.entry_id}")
    assert issue
    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue.issue_id,
        data=issue.data,
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=issue.translation_key or "",
        translation_placeholders=issue.translation_placeholders,
    )

    assert (await fix.open(entry, "bot_disabled"))["reason"] == "entry_gone"


async def test_a_check_that_fails_unexpectedly_says_so(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    fix: Fix,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    orion: Room,
) -> None:
    entry = await missing_scope(tenant, clock, set_up, orion)
    await fix.open(entry, "scope_missing")

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(FreeBusyCoordinator, "async_check_now", fail)
    result = await fix.choose("check")

    assert result["errors"] == {"base": "other"}
    assert "unexpected" in result["description_placeholders"]["problem"]
    assert "ZeroDivisionError" in caplog.text


async def test_the_other_cloud_is_said_until_the_address_is_changed(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    refusal = {"code": 1000040351, "msg": "incorrect domain", "data": None}
    tenant.inject(Fault.body(200, refusal), "/callback/ws/endpoint", times=None)
    entry = await set_up(orion, live_updates=True, scan_interval=3_600)
    await clock.forward(minutes=5)
    form = await fix.open(entry, "live_wrong_cloud")
    assert form["step_id"] == "check"

    assert (await fix.submit())["errors"] == {"base": "still"}
    assert state_of(hass, orion) == "off"  # rooms are read as without live updates

    tenant.clear_faults()  # as after the address was changed
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert entry.runtime_data.live.problem is None


async def test_live_updates_are_checked_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    tenant.push.limit = 0
    entry = await set_up(orion, live_updates=True, scan_interval=3_600)
    await clock.forward(seconds=5)
    form = await fix.open(entry, "live_too_many_connections")
    assert form["step_id"] == "check"

    assert (await fix.submit())["errors"] == {"base": "still"}
    tenant.push.limit = 1
    assert (await fix.submit())["type"] is FlowResultType.CREATE_ENTRY
    assert kinds(hass) == []


async def test_removing_the_entry_ends_a_running_check_of_live_updates(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, fix: Fix, orion: Room
) -> None:
    tenant.push.limit = 0
    entry = await set_up(orion, live_updates=True, scan_interval=3_600)
    await clock.forward(seconds=5)
    await fix.open(entry, "live_too_many_connections")
    tenant.inject(Fault.slow(5), "callback/ws/endpoint")
    look = fix.begin_to_submit(hass)
    await clock.settle()

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    await clock.forward(seconds=10)

    assert (look.result()["type"], look.result()["reason"]) == (FlowResultType.ABORT, "entry_gone")
