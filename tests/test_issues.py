"""Repair issues: one for each cause, for as long as the cause lasts, with instructions."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_BASE_URL, DOMAIN
from custom_components.feishu_freebusy.feishu import parse
from simulator import Fault, Room, Simulator, Tenant
from tests.clock import BATCH, FREE_BUSY, Clock, SetUp, busy_id, set_disabled, state_of
from tests.conftest import at
from tests.test_config_flow import FREE_BUSY_SCOPE, ROOMS_SCOPE, change, end_trouble
from tests.test_coordinator_account import reauths
from tests.test_translations import assert_issue_is_readable

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("in_utc")

BATCH_SCOPE = "calendar:room:readonly"
USER_ID_SCOPE = "contact:user.employee_id:readonly"


def issue_of(hass: HomeAssistant, entry: MockConfigEntry, kind: str = "quota_exceeded") -> ir.IssueEntry | None:
    """Return the issue of this kind of an entry, after checking its texts."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{kind}_{entry.entry_id}")
    if issue:
        assert_issue_is_readable(issue)
    return issue


def kinds(hass: HomeAssistant) -> list[str]:
    """Return the kinds of all our issues."""
    ours = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN and issue.active]
    return sorted(str(issue.data["kind"]) for issue in ours if issue.data)


def words(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> dict[str, str]:
    """Return the placeholders of an issue."""
    issue = issue_of(hass, entry, kind)
    assert issue
    assert issue.translation_placeholders
    return issue.translation_placeholders


def until(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the time of the next read, as shown in the issue."""
    issue = issue_of(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders is not None
    return issue.translation_placeholders["until"]


async def test_exceeded_quota_issue_shows_the_time_of_the_next_try(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    await clock.to(at(10, 30, 30))
    assert issue_of(hass, entry) is None
    tenant.quota_left = 0

    await clock.to(at(10, 31, 30))
    issue = issue_of(hass, entry)
    assert issue is not None
    assert (issue.severity, issue.is_fixable, issue.translation_key) == (
        ir.IssueSeverity.WARNING,
        True,  # users who raise the quota can retry immediately
        "quota_exceeded",
    )
    assert issue.translation_placeholders == {
        "name": entry.title,
        "until": until(hass, entry),
        "console_url": f"{entry.data[CONF_BASE_URL]}/app",
    }
    assert until(hass, entry) in {"2026-11-23 16:30", "2026-11-23 16:31"}


async def test_quota_issue_pauses_reads_and_disappears_by_itself(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    tenant.requests.clear()
    tenant.quota_left = None

    await clock.to(at(15, 55))
    assert tenant.calls(FREE_BUSY) == []
    assert issue_of(hass, entry) is not None
    assert {state_of(hass, room) for room in rooms} == {"unavailable"}

    await clock.to(at(16, 3))
    assert issue_of(hass, entry) is None
    assert {state_of(hass, room) for room in rooms} == {"off"}


async def test_quota_issue_is_updated_if_the_quota_is_still_exceeded(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    first = until(hass, entry)

    await clock.to(at(16, 5))

    assert first < until(hass, entry)
    assert until(hass, entry) >= "2026-11-23 22:00"
    assert (
        len([call for call in tenant.calls(FREE_BUSY) if call.code]) <= 10 + 1
    )  # the second time, one probe is enough


async def test_quota_pauses_rooms_with_shifted_polls_too(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(*rooms, scan_interval=600)
    for minute, room in enumerate(rooms[:4], 1):
        await clock.to(at(10, minute))
        await clock.run(
            hass.services.async_call(
                "homeassistant", "update_entity", {"entity_id": busy_id(hass, room)}, blocking=True
            )
        )
    tenant.quota_left = 0
    await clock.to(at(10, 10, 30))
    tenant.requests.clear()

    await clock.to(at(15, 55))

    assert tenant.calls(FREE_BUSY) == []
    assert until(hass, entry) in {"2026-11-23 16:09", "2026-11-23 16:10"}


async def test_quota_issue_ignores_disabled_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    set_disabled(hass, vega, disabled=True)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    tenant.quota_left = 0

    await clock.to(at(10, 2))

    assert until(hass, entry) in {"2026-11-23 16:00", "2026-11-23 16:01"}


async def test_quota_issue_with_the_batch_api(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, source="batch")
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    assert issue_of(hass, entry) is not None
    tenant.requests.clear()

    await clock.to(at(15, 55))
    assert tenant.calls(BATCH) == tenant.calls(FREE_BUSY) == []
    tenant.quota_left = 100
    await clock.to(at(16, 3))
    assert issue_of(hass, entry) is None


async def test_other_failures_raise_no_issue_in_the_grace_period(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=1800)
    tenant.inject(Fault.rate_limited(600), FREE_BUSY)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)

    await clock.to(at(10, 40))

    assert not [issue for domain, issue in ir.async_get(hass).issues if domain == DOMAIN]


@pytest.mark.parametrize("end", ["unload", "remove", "disable"])
async def test_issue_is_removed_with_the_entry(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, end: str
) -> None:
    entry = await set_up(orion)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    assert issue_of(hass, entry) is not None

    if end == "unload":
        await clock.run(hass.config_entries.async_unload(entry.entry_id))
    elif end == "remove":
        await clock.run(hass.config_entries.async_remove(entry.entry_id))
    else:
        await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))
    await clock.forward(minutes=5)

    assert issue_of(hass, entry) is None


async def test_read_during_unload_raises_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(orion)
    tenant.quota_left = 0
    tenant.inject(Fault.slow(8), FREE_BUSY)
    update = hass.async_create_task(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.forward(minutes=5)

    assert update.done()
    assert issue_of(hass, entry) is None


# Causes that prevent the app from reading


@dataclass(frozen=True)
class Cause:
    """A failure of the app: the kind of its issue, its cause, and the placeholders besides the name."""

    kind: str
    begin: Callable[[Tenant], object]
    words: dict[str, str] = field(default_factory=dict)  # {app} is the app's page
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR
    key: str = ""

    def placeholders(self, entry: MockConfigEntry) -> dict[str, str]:
        """Return all placeholders of the issue, with the app's page filled in."""
        app = f"{entry.data['base_url']}/app/{entry.data['app_id']}"
        return {"name": entry.title} | {name: word.replace("{app}", app) for name, word in self.words.items()}


def refuse(code: int, msg: str = "") -> Callable[[Tenant], object]:
    """Return a function that makes all free/busy calls fail with this error."""
    return lambda tenant: tenant.inject(Fault.error(400, code, msg), FREE_BUSY, times=None)


SCOPE_WORDS = {
    "scopes": "`calendar:calendar.free_busy:read`, `calendar:calendar`, `calendar:calendar:readonly`",
    "scopes_url": "{app}/auth?q=calendar:calendar.free_busy:read&op_from=openapi&token_type=tenant",
    "version_url": "{app}/version",
}
CAUSES = [
    pytest.param(
        Cause("scope_missing", lambda tenant: tenant.revoke(FREE_BUSY_SCOPE), SCOPE_WORDS), id="scope revoked"
    ),
    pytest.param(
        Cause("bot_disabled", change("bot_enabled", False), {"bot_url": "{app}/bot", "version_url": "{app}/version"}),
        id="bot off",
    ),
    pytest.param(
        Cause("app_unavailable", refuse(99991662), {"version_url": "{app}/version", "code": "99991662"}),
        id="app disabled",
    ),
    pytest.param(
        Cause("ip_denied", change("ip_allowed", False), {"security_url": "{app}/safe", "address": "127.0.0.1"}),
        id="ip denied",
    ),
    pytest.param(
        Cause("ip_denied", refuse(99991401, "denied"), {"security_url": "{app}/safe"}, key="ip_denied_unknown"),
        id="unknown ip denied",
    ),
]


class Changes(list[tuple[str, str]]):
    """Changes of our issues: action and kind."""


@pytest.fixture
def changes(hass: HomeAssistant) -> Changes:
    """Return a list that records each change of an issue from now on."""
    changes = Changes()

    @callback
    def note(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        if event.data["domain"] == DOMAIN:
            changes.append((event.data["action"], event.data["issue_id"].rpartition("_")[0]))

    hass.bus.async_listen(EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    return changes


@pytest.mark.slow
@pytest.mark.parametrize("cause", CAUSES)
async def test_issue_is_raised_once_with_links_and_removed_when_fixed(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    changes: Changes,
    rooms: list[Room],
    cause: Cause,
) -> None:
    entry = await set_up(*rooms)
    await clock.to(at(10, 4, 30))
    cause.begin(tenant)

    await clock.to(at(10, 5, 30))
    issue = issue_of(hass, entry, cause.kind)
    assert issue
    assert (issue.severity, issue.is_fixable) == (cause.severity, True)
    assert issue.translation_key == (cause.key or cause.kind)
    assert issue.translation_placeholders == cause.placeholders(entry)

    await clock.to(at(11))  # long after the grace period
    assert changes == [("create", cause.kind)]

    end_trouble(tenant)
    await clock.to(at(11, 6))
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert changes == [("create", cause.kind), ("remove", cause.kind)]


@pytest.mark.parametrize("cause", CAUSES)
async def test_failed_setup_keeps_its_issue_through_all_retries(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    changes: Changes,
    orion: Room,
    cause: Cause,
) -> None:
    entry = await set_up(orion, begin=cause.begin)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert words(hass, entry, cause.kind) == cause.placeholders(entry)

    await clock.forward(minutes=10)
    assert changes == [("create", cause.kind)]

    end_trouble(tenant)
    await clock.forward(minutes=10)
    assert changes == [("create", cause.kind), ("remove", cause.kind)]
    assert state_of(hass, orion) == "off"


async def test_quota_issue_at_setup_shows_no_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    """Home Assistant, not the integration, decides when to retry the setup."""
    entry = await set_up(orion, begin=change("quota_left", 0))
    issue = issue_of(hass, entry)
    assert issue
    assert (issue.translation_key, issue.translation_placeholders) == (
        "quota_exceeded_at_start",
        {"name": entry.title, "console_url": f"{entry.data[CONF_BASE_URL]}/app"},
    )
    await clock.forward(minutes=10)
    assert changes == [("create", "quota_exceeded")]

    end_trouble(tenant)
    await clock.forward(minutes=10)
    assert kinds(hass) == []


@pytest.mark.parametrize("end", ["unload", "remove", "disable"])
async def test_issue_of_a_failed_setup_is_removed_with_the_entry(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, end: str
) -> None:
    entry = await set_up(orion, begin=change("bot_enabled", False))
    assert kinds(hass) == ["bot_disabled"]

    if end == "unload":
        await clock.run(hass.config_entries.async_unload(entry.entry_id))
    elif end == "remove":
        await clock.run(hass.config_entries.async_remove(entry.entry_id))
    else:
        await clock.run(hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER))
    await clock.forward(minutes=5)

    assert kinds(hass) == []


async def test_setup_that_fails_for_another_reason_raises_no_issue(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, begin=lambda tenant: tenant.inject(Fault.status(503), times=None))
    await clock.forward(minutes=20)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert kinds(hass) == []


async def test_successive_causes_raise_one_issue_at_a_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 20))
    assert kinds(hass) == ["scope_missing"]

    tenant.grant(FREE_BUSY_SCOPE)
    tenant.bot_enabled = False
    await clock.to(at(10, 30))
    assert kinds(hass) == ["bot_disabled"]
    assert len(changes) == 3


async def test_outage_keeps_the_issue_of_an_earlier_cause(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    simulator: Simulator,
    changes: Changes,
    rooms: list[Room],
) -> None:
    """An outage does not fix the cause and is no cause of its own."""
    await set_up(*rooms)
    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 5))

    await simulator.stop()
    await clock.to(at(10, 40))
    await simulator.start()

    assert kinds(hass) == ["scope_missing"]
    assert changes == [("create", "scope_missing")]


async def test_refused_secret_starts_reauth_and_raises_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    """A disabled app raises an issue at first; at the next token request it becomes a refused secret."""
    entry = await set_up(*rooms)
    tenant.app_enabled = False
    await clock.to(at(10, 20))
    assert kinds(hass) == ["app_unavailable"]
    assert reauths(hass, entry) == []

    tenant.expire_tokens()
    tenant.inject(Fault.error(400, 99991663), FREE_BUSY)  # a gateway checks the token first
    await clock.to(at(10, 40))
    assert kinds(hass) == []
    assert len(reauths(hass, entry)) == 1

    end_trouble(tenant)
    await clock.to(at(11, 45))
    assert kinds(hass) == []
    assert reauths(hass, entry) == []


async def test_new_token_ends_reauth_even_if_another_cause_remains(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.rotate_secret("another")
    await clock.to(at(10, 5))
    assert len(reauths(hass, entry)) == 1

    end_trouble(tenant)
    tenant.bot_enabled = False
    await clock.to(at(11, 5))

    assert reauths(hass, entry) == []
    assert kinds(hass) == ["bot_disabled"]


# Nothing left to read, so nothing can fail


async def leave_nothing_to_read(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, room: Room, how: str
) -> None:
    """Disable all entities of the only room, or remove it from the options."""
    if how == "disabled":
        set_disabled(hass, room, disabled=True)
    else:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {}})
    await clock.settle()


NOTHING_LEFT = pytest.mark.parametrize("how", ["disabled", "dropped"])


@NOTHING_LEFT
@pytest.mark.parametrize("cause", CAUSES)
async def test_issue_is_removed_at_the_next_poll_if_nothing_is_left_to_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, cause: Cause, how: str
) -> None:
    entry = await set_up(orion)
    cause.begin(tenant)
    await clock.to(at(10, 6))
    assert kinds(hass) == [cause.kind]

    await leave_nothing_to_read(hass, clock, entry, orion, how)
    end_trouble(tenant)
    await clock.to(at(10, 12))
    assert kinds(hass) == []
    await clock.to(at(14))
    assert kinds(hass) == []


@NOTHING_LEFT
async def test_reauth_ends_if_nothing_is_left_to_read_and_restarts_later(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, how: str
) -> None:
    entry = await set_up(orion)
    tenant.rotate_secret("another")
    await clock.to(at(10, 6))
    assert len(reauths(hass, entry)) == 1

    await leave_nothing_to_read(hass, clock, entry, orion, how)
    await clock.to(at(14))
    assert reauths(hass, entry) == []

    if how == "disabled":
        set_disabled(hass, orion, disabled=False)
    else:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {orion.room_id: "Orion"}})
    await clock.to(at(14, 2))  # Home Assistant reloads an entry after its entities are enabled
    assert len(reauths(hass, entry)) == 1
    assert kinds(hass) == []


async def test_ignored_issue_stays_ignored_while_it_lasts(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    ir.async_ignore_issue(hass, DOMAIN, f"quota_exceeded_{entry.entry_id}", ignore=True)
    before = until(hass, entry)

    await clock.to(at(16, 5))

    assert until(hass, entry) > before
    issue = issue_of(hass, entry)
    assert issue
    assert issue.dismissed_version


async def test_issues_are_not_persistent(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """After a restart, causes that remain raise their issues again; causes that were fixed must not."""
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 2))

    issue = issue_of(hass, entry, "bot_disabled")
    assert issue
    assert not issue.is_persistent
    assert issue.to_json().keys().isdisjoint({"translation_key", "data"})


async def test_two_entries_have_their_own_issues(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    another: tuple[Tenant, MockConfigEntry],
) -> None:
    entry = await set_up(orion)
    other_tenant, other = another
    tenant.bot_enabled = other_tenant.bot_enabled = False
    await clock.to(at(10, 2))
    assert kinds(hass) == ["bot_disabled", "bot_disabled"]
    assert words(hass, entry, "bot_disabled")["bot_url"] != words(hass, other, "bot_disabled")["bot_url"]

    tenant.bot_enabled = True
    await clock.to(at(10, 8))
    assert issue_of(hass, entry, "bot_disabled") is None
    assert issue_of(hass, other, "bot_disabled")
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert issue_of(hass, other, "bot_disabled")


@pytest.fixture
async def another(
    hass: HomeAssistant, clock: Clock, entry_of: Callable[..., MockConfigEntry]
) -> AsyncIterator[tuple[Tenant, MockConfigEntry]]:
    """Set up an entry for another app of another tenant."""
    tenant = Tenant(app_id="cli_another000000001", app_secret="another-secret", monotonic=clock.seconds)
    room = tenant.add_room("Lyra")
    async with Simulator(tenant) as elsewhere:
        template = entry_of()
        data = {"base_url": elsewhere.base_url, "app_id": tenant.app_id, "app_secret": tenant.app_secret}
        options = {**template.options, "rooms": {room.room_id: room.name}}
        entry = MockConfigEntry(domain=DOMAIN, title="Other", unique_id=tenant.app_id, data=data, options=options)
        entry.add_to_hass(hass)
        await clock.run(hass.config_entries.async_setup(entry.entry_id))
        yield tenant, entry
        await clock.run(hass.config_entries.async_unload(entry.entry_id))


# No valid reading


async def test_stale_issue_is_raised_when_the_grace_period_ends(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, simulator: Simulator, changes: Changes, rooms: list[Room]
) -> None:
    """It does not wait for the next poll."""
    entry = await set_up(*rooms)
    await clock.to(at(10, 4, 30))
    await simulator.stop()

    await clock.to(at(10, 13, 59))
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert changes == []
    await clock.to(at(10, 14, 1))
    assert {state_of(hass, room) for room in rooms} == {"unavailable"}
    issue = issue_of(hass, entry, "stale")
    assert issue
    assert (issue.severity, issue.created) == (ir.IssueSeverity.ERROR, at(10, 14))
    placeholders = words(hass, entry, "stale")
    assert placeholders["since"] == "2026-11-23 10:04"
    assert placeholders["problem"].startswith("The server did not answer.")
    assert placeholders["app_url"] == f"{entry.data['base_url']}/app/{entry.data['app_id']}"

    await clock.to(at(11))
    assert changes == [("create", "stale")]
    await simulator.start()
    await clock.to(at(11, 6))
    assert changes == [("create", "stale"), ("remove", "stale")]


async def test_stale_issue_shows_the_last_error_translated_and_without_links(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await hass.config.async_update(language="zh-Hans")
    entry = await set_up(orion)
    msg = "see [here](https://example.com/x) or www.example.com *now*"
    tenant.inject(Fault.error(500, 190003, msg), FREE_BUSY, times=None)
    await clock.to(at(10, 20))

    problem = words(hass, entry, "stale")["problem"]
    assert problem.startswith("飞书服务暂时异常")
    assert "example" not in problem
    assert r"\*now\*" in problem


async def test_no_stale_issue_while_one_room_is_available(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None, when=lambda call: orion.room_id in str(call.body))
    await clock.to(at(10, 30))

    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")
    assert kinds(hass) == []


async def test_issue_of_a_known_cause_replaces_the_stale_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.to(at(10, 20))
    assert kinds(hass) == ["stale"]

    end_trouble(tenant)
    tenant.ip_allowed = False
    await clock.to(at(10, 30))

    assert kinds(hass) == ["ip_denied"]
    assert len(changes) == 3


async def test_refused_secret_raises_no_stale_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    tenant.rotate_secret("another")
    await clock.to(at(10, 50))

    assert {state_of(hass, room) for room in rooms} == {"unavailable"}
    assert kinds(hass) == []


# The catalogue of rooms


async def test_refused_catalogue_raises_an_issue_until_it_is_granted(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=3600)
    tenant.revoke(ROOMS_SCOPE)
    await clock.to(at(20))
    issue = issue_of(hass, entry, "room_list_refused")
    assert issue
    assert issue.severity is ir.IssueSeverity.WARNING
    assert words(hass, entry, "room_list_refused")["scopes"] == "`vc:room:readonly`, `vc:room`"
    assert changes == [("create", "room_list_refused")]
    assert state_of(hass, orion) == "off"

    tenant.grant(ROOMS_SCOPE)
    await clock.to(at(20, 31))
    assert changes == [("create", "room_list_refused"), ("remove", "room_list_refused")]


async def test_no_issue_if_the_catalogue_was_never_granted(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=3600, begin=lambda tenant: tenant.revoke(ROOMS_SCOPE))
    await clock.to(at(20))

    assert kinds(hass) == []


async def test_followed_floors_need_the_catalogue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    levels = {orion.level_id: "3F"}
    await set_up(orion, room_levels=levels, scan_interval=3600, begin=lambda tenant: tenant.revoke(ROOMS_SCOPE))
    await clock.settle()
    assert kinds(hass) == ["room_list_refused"]

    tenant.grant(ROOMS_SCOPE)
    await clock.to(at(10, 31))
    assert kinds(hass) == []


async def test_refused_batch_raises_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    """Rooms are still read one by one; the account sensors show how often."""
    await set_up(*rooms, source="batch", scan_interval=600)
    tenant.revoke(BATCH_SCOPE)
    await clock.to(at(20))

    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert kinds(hass) == []


# Deleted rooms and people


@pytest.mark.slow
async def test_issue_names_the_first_deleted_rooms(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, scan_interval=3600)
    tenant.rename_room(rooms[0].room_id, "[Room 0](https://example.com)")
    await clock.to(at(16, 5))
    for room in rooms[:7]:
        tenant.delete_room(room.room_id)
    await clock.to(at(22, 5))
    assert kinds(hass) == []  # one scan is not enough

    await clock.to(at(4, 5, day=1))
    placeholders = words(hass, entry, "rooms_gone")
    assert placeholders["count"] == "7"
    assert placeholders["names"] == "- Room 1\n- Room 2\n- Room 3\n- Room 4\n- Room 5\n- …"
    await clock.to(at(12, day=1))
    assert changes == [("create", "rooms_gone")]


async def test_markdown_in_a_room_name_is_escaped(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.rename_room(orion.room_id, "*[Orion](https://example.com)")
    entry = await set_up(orion, vega, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(22, 5))

    assert words(hass, entry, "rooms_gone")["names"] == r"- \*\[Orion\]\(…"


async def test_issue_is_removed_when_the_deleted_room_reappears(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(22, 5))
    assert kinds(hass) == ["rooms_gone"]

    tenant.add_room("Orion", room_id=orion.room_id)
    await clock.to(at(4, 5, day=1))
    assert kinds(hass) == []


async def test_deleted_room_of_a_followed_floor_raises_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(vega, room_levels={orion.level_id: "3F"}, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(12, day=1))

    assert kinds(hass) == []


async def test_deleted_people_raise_an_issue_after_two_polls_until_they_return(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    people = [tenant.add_user(name) for name in ("Li Na", "Wang Wei", "Zhang San")]
    entry = await set_up(orion, people={person.open_id: person.name for person in people}, scan_interval=600)
    for person in people[:2]:
        tenant.delete_user(person.open_id)
    await clock.to(at(10, 11))
    assert kinds(hass) == []  # one poll is not enough

    await clock.to(at(10, 21))
    placeholders = words(hass, entry, "people_gone")
    assert placeholders == {"name": entry.title, "count": "2", "names": "- Li Na\n- Wang Wei"}
    tenant.add_user("Li Na", open_id=people[0].open_id)
    await clock.to(at(10, 31))
    assert words(hass, entry, "people_gone")["names"] == "- Wang Wei"
    tenant.add_user("Wang Wei", open_id=people[1].open_id)
    await clock.to(at(10, 41))
    assert changes == [("create", "people_gone"), ("update", "people_gone"), ("remove", "people_gone")]


@pytest.mark.parametrize("code", [190002, 190014])
async def test_ambiguous_error_of_a_person_raises_no_issue(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, code: int
) -> None:
    person = tenant.add_user("Li Na")
    await set_up(orion, people={person.open_id: "Li Na"})
    tenant.inject(Fault.error(400, code), FREE_BUSY, times=None, when=lambda call: person.open_id in str(call.body))
    await clock.to(at(11))

    assert kinds(hass) == []


async def test_deletion_of_all_people_is_not_an_outage(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    people = [tenant.add_user(name) for name in ("Li Na", "Wang Wei")]
    await set_up(people={person.open_id: person.name for person in people})
    for person in people:
        tenant.delete_user(person.open_id)
    await clock.to(at(11))

    assert kinds(hass) == ["people_gone"]


async def test_scope_missing_for_people_raises_an_issue_while_rooms_work(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    person = tenant.add_user("Li Na", user_id="lina")
    entry = await set_up(orion, people={person.user_id: "Li Na"})
    tenant.revoke(USER_ID_SCOPE)
    await clock.to(at(10, 30))
    assert words(hass, entry, "scope_missing")["scopes"] == f"`{USER_ID_SCOPE}`"
    assert state_of(hass, orion) == "off"

    tenant.grant(USER_ID_SCOPE)
    await clock.to(at(10, 36))
    assert changes == [("create", "scope_missing"), ("remove", "scope_missing")]


async def test_unexpected_exception_is_named_in_the_stale_issue(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    entry = await set_up(orion)
    with monkeypatch.context() as until_then:
        until_then.setattr(parse, "busy_periods", fail)
        await clock.to(at(10, 15))
    assert words(hass, entry, "stale")["problem"].startswith("An unexpected error occurred")
