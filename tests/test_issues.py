"""What a user is told of in the repairs: once for each cause, for as long as it lasts, and what to do about it."""

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
    """Return the issue of a kind that an entry has, after making sure that it can be read."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{kind}_{entry.entry_id}")
    if issue:
        assert_issue_is_readable(issue)
    return issue


def kinds(hass: HomeAssistant) -> list[str]:
    """Return the kinds of all issues of ours."""
    ours = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN and issue.active]
    return sorted(str(issue.data["kind"]) for issue in ours if issue.data)


def words(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> dict[str, str]:
    """Return what an issue fills into its texts."""
    issue = issue_of(hass, entry, kind)
    assert issue
    assert issue.translation_placeholders
    return issue.translation_placeholders


def until(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return until when nothing is read, as a user is told."""
    issue = issue_of(hass, entry)
    assert issue is not None
    assert issue.translation_placeholders is not None
    return issue.translation_placeholders["until"]


async def test_calls_that_are_used_up_are_told_of_with_the_time_of_the_next_try(
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
        True,  # whoever has the quota raised need not wait for the next try
        "quota_exceeded",
    )
    assert issue.translation_placeholders == {
        "name": entry.title,
        "until": until(hass, entry),
        "console_url": f"{entry.data[CONF_BASE_URL]}/app",
    }
    assert until(hass, entry) in {"2026-11-23 16:30", "2026-11-23 16:31"}


async def test_nothing_is_read_until_then_and_it_disappears_by_itself(
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


async def test_where_they_are_still_used_up_it_says_until_when_anew(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms)
    tenant.quota_left = 0
    await clock.to(at(10, 2))
    first = until(hass, entry)

    await clock.to(at(16, 5))

    assert first < until(hass, entry)
    assert until(hass, entry) >= "2026-11-23 22:00"
    assert len([call for call in tenant.calls(FREE_BUSY) if call.code]) <= 10 + 1  # the second time, one finds out


async def test_rooms_that_are_out_of_step_pause_as_well(
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


async def test_rooms_that_are_not_read_do_not_matter(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    entry = await set_up(orion, vega)
    set_disabled(hass, vega, disabled=True)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    tenant.quota_left = 0

    await clock.to(at(10, 2))

    assert until(hass, entry) in {"2026-11-23 16:00", "2026-11-23 16:01"}


async def test_by_batch_it_is_the_same(
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


async def test_other_failures_are_no_issue_while_bookings_are_known(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=1800)
    tenant.inject(Fault.rate_limited(600), FREE_BUSY)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)

    await clock.to(at(10, 40))

    assert not [issue for domain, issue in ir.async_get(hass).issues if domain == DOMAIN]


@pytest.mark.parametrize("end", ["unload", "remove", "disable"])
async def test_it_goes_with_the_entry(
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


async def test_a_room_that_is_read_while_the_entry_ends_raises_none(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    entry = await set_up(orion)
    tenant.quota_left = 0
    tenant.inject(Fault.slow(8), FREE_BUSY)
    wish = hass.async_create_task(
        hass.services.async_call("homeassistant", "update_entity", {"entity_id": busy_id(hass, orion)}, blocking=True)
    )
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await clock.forward(minutes=5)

    assert wish.done()
    assert issue_of(hass, entry) is None


# What keeps the app from reading


@dataclass(frozen=True)
class Cause:
    """What happens to the app, as which issue it is told, and with which words beside the name."""

    kind: str
    begin: Callable[[Tenant], object]
    words: dict[str, str] = field(default_factory=dict)  # {app} is the app's page
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR
    key: str = ""

    def placeholders(self, entry: MockConfigEntry) -> dict[str, str]:
        """Return the words with all that they hold."""
        app = f"{entry.data['base_url']}/app/{entry.data['app_id']}"
        return {"name": entry.title} | {name: word.replace("{app}", app) for name, word in self.words.items()}


def refuse(code: int, msg: str = "") -> Callable[[Tenant], object]:
    """Return what refuses all that is asked about free/busy."""
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
    """What happened to issues of ours: what, and of which kind."""


@pytest.fixture
def changes(hass: HomeAssistant) -> Changes:
    """Note each change of an issue from now on."""
    changes = Changes()

    @callback
    def note(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        if event.data["domain"] == DOMAIN:
            changes.append((event.data["action"], event.data["issue_id"].rpartition("_")[0]))

    hass.bus.async_listen(EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    return changes


@pytest.mark.parametrize("cause", CAUSES)
async def test_it_is_told_once_with_its_page_and_goes_when_it_is_mended(
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

    await clock.to(at(12))  # long after the grace
    assert changes == [("create", cause.kind)]

    end_trouble(tenant)
    await clock.to(at(12, 6))
    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert changes == [("create", cause.kind), ("remove", cause.kind)]


@pytest.mark.parametrize("cause", CAUSES)
async def test_a_start_that_fails_for_it_says_so_through_all_retries(
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


async def test_at_a_start_used_up_calls_are_told_of_without_a_time(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    """Home Assistant says when it tries again, not the integration."""
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
async def test_of_a_start_that_failed_it_goes_with_the_entry(
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


async def test_a_start_that_fails_otherwise_says_so_at_the_entry_alone(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, begin=lambda tenant: tenant.inject(Fault.status(503), times=None))
    await clock.forward(minutes=20)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert kinds(hass) == []


async def test_one_cause_after_another_is_one_issue_at_a_time(
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


async def test_an_outage_says_nothing_of_what_was_missing_before(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    simulator: Simulator,
    changes: Changes,
    rooms: list[Room],
) -> None:
    """It is neither mended, nor another cause to tell of."""
    await set_up(*rooms)
    tenant.revoke(FREE_BUSY_SCOPE)
    await clock.to(at(10, 5))

    await simulator.stop()
    await clock.to(at(10, 40))
    await simulator.start()

    assert kinds(hass) == ["scope_missing"]
    assert changes == [("create", "scope_missing")]


async def test_a_refused_secret_is_asked_for_and_no_issue_of_ours(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    """A disabled app is one at first, and with the next token it is a refused secret."""
    entry = await set_up(*rooms)
    tenant.app_enabled = False
    await clock.to(at(10, 20))
    assert kinds(hass) == ["app_unavailable"]
    assert reauths(hass, entry) == []

    tenant.expire_tokens()
    tenant.inject(Fault.error(400, 99991663), FREE_BUSY)  # a gateway looks at the token first
    await clock.to(at(10, 40))
    assert kinds(hass) == []
    assert len(reauths(hass, entry)) == 1

    end_trouble(tenant)
    await clock.to(at(11, 45))
    assert kinds(hass) == []
    assert reauths(hass, entry) == []


async def test_a_token_that_comes_while_the_app_lacks_something_ends_the_question_for_the_secret(
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


# Nothing is left to read, so nothing can fail


async def leave_nothing_to_read(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, room: Room, how: str
) -> None:
    """Disable all entities of the only room, or drop it."""
    if how == "disabled":
        set_disabled(hass, room, disabled=True)
    else:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rooms": {}})
    await clock.settle()


NOTHING_LEFT = pytest.mark.parametrize("how", ["disabled", "dropped"])


@NOTHING_LEFT
@pytest.mark.parametrize("cause", CAUSES)
async def test_an_issue_ends_with_the_next_poll_where_nothing_is_left_to_read(
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
async def test_a_secret_is_asked_for_no_more_where_nothing_is_left_to_read_and_again_where_something_is(
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
    await clock.to(at(14, 2))  # Home Assistant reloads an entry of which entities were enabled
    assert len(reauths(hass, entry)) == 1
    assert kinds(hass) == []


async def test_an_issue_that_was_ignored_stays_so_while_it_lasts(
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


async def test_issues_do_not_outlive_home_assistant(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """What still holds after a restart is found out anew; what was mended meanwhile must not be there."""
    entry = await set_up(orion)
    tenant.bot_enabled = False
    await clock.to(at(10, 2))

    issue = issue_of(hass, entry, "bot_disabled")
    assert issue
    assert not issue.is_persistent
    assert issue.to_json().keys().isdisjoint({"translation_key", "data"})


async def test_two_entries_have_their_own(
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


# Nothing known


async def test_that_nothing_is_known_is_told_at_the_end_of_the_grace(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, simulator: Simulator, changes: Changes, rooms: list[Room]
) -> None:
    """And not at the next poll."""
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
    told = words(hass, entry, "stale")
    assert told["since"] == "2026-11-23 10:04"
    assert told["problem"].startswith("The server did not answer.")
    assert told["app_url"] == f"{entry.data['base_url']}/app/{entry.data['app_id']}"

    await clock.to(at(11))
    assert changes == [("create", "stale")]
    await simulator.start()
    await clock.to(at(11, 6))
    assert changes == [("create", "stale"), ("remove", "stale")]


async def test_the_last_error_is_told_in_the_language_of_the_house_and_without_links(
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


async def test_one_room_that_is_known_is_something(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None, when=lambda call: orion.room_id in str(call.body))
    await clock.to(at(10, 30))

    assert (state_of(hass, orion), state_of(hass, vega)) == ("unavailable", "off")
    assert kinds(hass) == []


async def test_once_the_cause_is_known_it_is_told_in_place_of_that_nothing_is_known(
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


async def test_with_a_refused_secret_nothing_else_is_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    await set_up(*rooms)
    tenant.rotate_secret("another")
    await clock.to(at(10, 50))

    assert {state_of(hass, room) for room in rooms} == {"unavailable"}
    assert kinds(hass) == []


# The list of rooms


async def test_a_list_of_rooms_that_is_refused_all_at_once_is_told_and_goes_when_it_is_granted(
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


async def test_who_never_wanted_the_list_is_not_nagged(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    await set_up(orion, scan_interval=3600, begin=lambda tenant: tenant.revoke(ROOMS_SCOPE))
    await clock.to(at(20))

    assert kinds(hass) == []


async def test_floors_can_not_be_followed_without_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    levels = {orion.level_id: "3F"}
    await set_up(orion, room_levels=levels, scan_interval=3600, begin=lambda tenant: tenant.revoke(ROOMS_SCOPE))
    await clock.settle()
    assert kinds(hass) == ["room_list_refused"]

    tenant.grant(ROOMS_SCOPE)
    await clock.to(at(10, 31))
    assert kinds(hass) == []


async def test_a_batch_that_is_refused_costs_calls_and_no_words(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, rooms: list[Room]
) -> None:
    """Rooms are read all the same, one by one; how often is shown at the account."""
    await set_up(*rooms, source="batch")
    tenant.revoke(BATCH_SCOPE)
    await clock.to(at(20))

    assert {state_of(hass, room) for room in rooms} == {"off"}
    assert kinds(hass) == []


# Rooms and people that are gone


async def test_rooms_that_are_gone_are_told_with_their_first_names(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, rooms: list[Room]
) -> None:
    entry = await set_up(*rooms, scan_interval=3600)
    tenant.rename_room(rooms[0].room_id, "[Room 0](https://example.com)")
    await clock.to(at(16, 5))
    for room in rooms[:7]:
        tenant.delete_room(room.room_id)
    await clock.to(at(22, 5))
    assert kinds(hass) == []  # one walk is not enough

    await clock.to(at(4, 5, day=1))
    told = words(hass, entry, "rooms_gone")
    assert told["count"] == "7"
    assert told["names"] == "- Room 1\n- Room 2\n- Room 3\n- Room 4\n- Room 5\n- …"
    await clock.to(at(12, day=1))
    assert changes == [("create", "rooms_gone")]


async def test_a_name_is_shown_as_it_is(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    tenant.rename_room(orion.room_id, "*[Orion](https://example.com)")
    entry = await set_up(orion, vega, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(22, 5))

    assert words(hass, entry, "rooms_gone")["names"] == r"- \*\[Orion\]\(…"


async def test_a_room_that_comes_back_is_told_of_no_more(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(orion, vega, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(22, 5))
    assert kinds(hass) == ["rooms_gone"]

    tenant.add_room("Orion", room_id=orion.room_id)
    await clock.to(at(4, 5, day=1))
    assert kinds(hass) == []


async def test_a_room_of_a_followed_floor_just_goes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, vega: Room
) -> None:
    await set_up(vega, room_levels={orion.level_id: "3F"}, scan_interval=3600)
    tenant.delete_room(orion.room_id)
    await clock.to(at(12, day=1))

    assert kinds(hass) == []


async def test_people_who_left_are_told_of_after_two_polls_and_no_more_when_they_are_back(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, changes: Changes, orion: Room
) -> None:
    people = [tenant.add_user(name) for name in ("Li Na", "Wang Wei", "Zhang San")]
    entry = await set_up(orion, people={person.open_id: person.name for person in people}, scan_interval=600)
    for person in people[:2]:
        tenant.delete_user(person.open_id)
    await clock.to(at(10, 11))
    assert kinds(hass) == []  # it may have been an accident

    await clock.to(at(10, 21))
    told = words(hass, entry, "people_gone")
    assert told == {"name": entry.title, "count": "2", "names": "- Li Na\n- Wang Wei"}
    tenant.add_user("Li Na", open_id=people[0].open_id)
    await clock.to(at(10, 31))
    assert words(hass, entry, "people_gone")["names"] == "- Wang Wei"
    tenant.add_user("Wang Wei", open_id=people[1].open_id)
    await clock.to(at(10, 41))
    assert changes == [("create", "people_gone"), ("update", "people_gone"), ("remove", "people_gone")]


@pytest.mark.parametrize("code", [190002, 190014])
async def test_what_is_not_said_of_a_person_is_not_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, code: int
) -> None:
    person = tenant.add_user("Li Na")
    await set_up(orion, people={person.open_id: "Li Na"})
    tenant.inject(Fault.error(400, code), FREE_BUSY, times=None, when=lambda call: person.open_id in str(call.body))
    await clock.to(at(11))

    assert kinds(hass) == []


async def test_when_all_people_left_that_is_no_outage(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp
) -> None:
    people = [tenant.add_user(name) for name in ("Li Na", "Wang Wei")]
    await set_up(people={person.open_id: person.name for person in people})
    for person in people:
        tenant.delete_user(person.open_id)
    await clock.to(at(11))

    assert kinds(hass) == ["people_gone"]


async def test_a_scope_that_some_people_need_is_told_while_rooms_go_on(
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


async def test_a_bug_of_ours_is_told_as_such(
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
    assert words(hass, entry, "stale")["problem"].startswith("Something unexpected happened")
