"""The tokens of a person: refreshed once, on disk before they are used, and kept alive."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    StaleTokenError,
    TokenNotKeptError,
)
from custom_components.feishu_freebusy.feishu.grants import Grant, GrantError, GrantProblem
from custom_components.feishu_freebusy.model.link import LinkEnd
from custom_components.feishu_freebusy.sync.grant_store import Kept, Sent
from tests.feishu.virtual import run
from tests.sync.grant_year import ACCESS, DAY, HOUR, MINUTE, PERSON, REFRESH, START, Life, World, refusal

type Story = Callable[[World, Life], Awaitable[None]]


def live(story: Story) -> None:
    """Run a story with a person who is linked, from the start of a life."""

    async def all_of_it() -> None:
        world = World()
        life = Life(world)
        life.keeper.async_start()
        await life.keeper.async_adopt(world.consent(), open_id=PERSON, consented_at=START)
        life.changes = 0
        try:
            await story(world, life)
        finally:
            await life.bury()

    run(all_of_it())


async def after(life: Life, off: float = MINUTE) -> Life:
    """Return the next life, started after this one has ended."""
    await life.bury()
    await asyncio.sleep(off)
    following = Life(life.world)
    await following.keeper.async_load()
    following.keeper.async_start()
    return following


async def error_of(life: Life) -> FeishuError:
    with pytest.raises(FeishuError) as raised:
        await life.keeper.get()
    return raised.value


def test_a_token_serves_until_ten_minutes_before_its_end() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(ACCESS - 11 * MINUTE)
        assert await life.keeper.get() == life.keeper.current == first
        await asyncio.sleep(2 * MINUTE)
        assert life.keeper.current is None
        assert await life.keeper.get() != first
        assert world.refreshes == 1

    live(story)


def test_twenty_callers_at_the_end_of_a_token_refresh_it_once() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        tokens = await asyncio.gather(*(life.keeper.get() for _ in range(20)))
        assert len(set(tokens)) == 1
        assert world.refreshes == 1

    live(story)


def test_a_call_does_not_wait_for_a_slow_refresh_while_the_old_token_is_good() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(ACCESS - 5 * MINUTE)
        world.lost_answers = 1  # it comes to light after 20 seconds
        began = world.now
        assert await life.keeper.get() == first
        assert world.now - began == pytest.approx(2.0)

    live(story)


def test_a_lost_answer_is_retried_once_then_the_old_token_is_used_to_its_end() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(ACCESS - 5 * MINUTE)
        world.lost_answers = 1
        assert await life.keeper.get() == first
        await asyncio.sleep(MINUTE)
        assert (len(world.sent_at), life.keeper.end) == (2, LinkEnd.INTERRUPTED)
        assert world.sent_at[1] - world.sent_at[0] == pytest.approx(25.0, abs=1.0)
        assert await life.keeper.get() == first
        await asyncio.sleep(5 * MINUTE)
        error = await error_of(life)
        assert isinstance(error, GrantError)
        assert error.problem is GrantProblem.REFRESH
        await asyncio.sleep(2 * HOUR)
        assert len(world.all_sent_at) == 2

    live(story)


def test_a_request_that_never_arrived_is_sent_again() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = "network"
        getting = asyncio.create_task(life.keeper.get())
        await asyncio.sleep(2.0)
        world.trouble = ""
        assert world.accepts(await getting)
        assert life.keeper.end is None

    live(story)


def test_a_server_that_is_silent_holds_a_call_for_a_minute_at_most() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = "silence"
        began = world.now
        assert isinstance(await error_of(life), NotReachableError)
        assert world.now - began == pytest.approx(60.0, abs=1.0)
        assert life.keeper.end is None

    live(story)


def test_nothing_is_sent_while_the_disk_takes_nothing() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(ACCESS - 5 * MINUTE)
        world.disk_works = False
        assert await life.keeper.get() == first
        await asyncio.sleep(5 * MINUTE)
        assert isinstance(await error_of(life), TokenNotKeptError)
        assert not world.sent_at
        world.disk_works = True
        await asyncio.sleep(MINUTE)
        assert world.accepts(await life.keeper.get())

    live(story)


def test_new_tokens_that_the_disk_does_not_take_are_written_later_and_used_then() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        getting = asyncio.create_task(life.keeper.get())
        await asyncio.sleep(0.22)
        assert world.sent_at
        world.disk_works = False
        with pytest.raises(TokenNotKeptError):
            await getting
        assert isinstance(await error_of(life), TokenNotKeptError)
        await asyncio.sleep(5 * HOUR)
        world.disk_works = True
        await asyncio.sleep(MINUTE)
        assert world.disk is not None
        assert world.chain is not None
        assert world.disk.refresh_token == world.chain.refresh
        assert len(world.all_sent_at) == 1
        assert world.accepts(await life.keeper.get())

    live(story)


def test_new_tokens_are_written_at_the_latest_at_the_unload() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        getting = asyncio.create_task(life.keeper.get())
        await asyncio.sleep(0.22)
        world.disk_works = False
        with pytest.raises(TokenNotKeptError):
            await getting
        world.disk_works = True
        await life.keeper.async_stop()
        following = await after(life)
        assert world.accepts(await following.keeper.get())
        await following.bury()

    live(story)


def test_a_canceled_call_does_not_cancel_the_refresh() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        getting = asyncio.create_task(life.keeper.get())
        await asyncio.sleep(0.22)
        getting.cancel()
        await asyncio.sleep(1.0)
        assert world.disk is not None
        assert life.keeper.current == world.disk.access_token
        assert world.accepts(world.disk.access_token)

    live(story)


def test_the_unload_waits_for_a_refresh_and_none_begins_after_it() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        getting = asyncio.create_task(life.keeper.get())
        await asyncio.sleep(0.1)
        await life.keeper.async_stop()
        assert world.refreshes == 1
        assert world.accepts(await getting)
        await asyncio.sleep(ACCESS)
        assert isinstance(await error_of(life), NotReachableError)
        await asyncio.sleep(8 * DAY)
        assert world.refreshes == 1

    live(story)


@pytest.mark.parametrize("step", ["before the mark", "after the mark", "before the send", "after the write"])
def test_a_crash_at_this_step_loses_nothing(step: str) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        life.crash_at = step
        life.begin(life.keeper.get())
        await life.crashed.wait()
        following = await after(life)
        await asyncio.sleep(MINUTE)
        assert world.accepts(await following.keeper.get())
        assert following.keeper.end is None
        await following.bury()

    live(story)


@pytest.mark.parametrize("step", ["after the send", "before the write"])
def test_a_crash_between_the_answer_and_the_disk_is_found_out_at_the_next_start(step: str) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        life.crash_at = step
        life.begin(life.keeper.get())
        await life.crashed.wait()
        following = await after(life)
        await asyncio.sleep(1.0)
        assert following.keeper.end is LinkEnd.INTERRUPTED
        third = await after(following)
        assert third.keeper.end is LinkEnd.INTERRUPTED
        await asyncio.sleep(DAY)
        assert len(world.all_sent_at) == 2  # a link that has ended is not tried again
        await third.bury()

    live(story)


def test_a_link_that_nobody_uses_is_kept_alive() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(8 * DAY)
        assert world.refreshes == 2
        assert life.keeper.end is None

    live(story)


def test_the_keep_alive_comes_after_half_of_the_week_give_or_take_a_tenth() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(100 * DAY)
        waits = [after - before for before, after in zip(world.refreshed_at, world.refreshed_at[1:], strict=False)]
        assert min(waits) > REFRESH / 2 * 0.9
        assert max(waits) < REFRESH / 2 * 1.1 + 1.0
        assert max(waits) - min(waits) > REFRESH / 2 * 0.05

    live(story)


def test_a_refresh_that_is_overdue_comes_at_the_start() -> None:
    async def story(world: World, life: Life) -> None:
        following = await after(life, 5 * DAY)
        await asyncio.sleep(1.0)
        assert world.refreshes == 1
        await following.bury()

    live(story)


def test_eight_days_off_end_the_link_as_expired() -> None:
    async def story(_: World, life: Life) -> None:
        following = await after(life, 8 * DAY)
        await asyncio.sleep(1.0)
        assert following.keeper.end is LinkEnd.EXPIRED
        await following.bury()

    live(story)


@pytest.mark.parametrize(
    ("trouble", "kind"), [("limit", RateLimitedError), ("server", ServerError), ("page", ServerError)]
)
def test_a_temporary_failure_is_retried_and_ends_nothing(trouble: str, kind: type[FeishuError]) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = trouble
        assert isinstance(await error_of(life), kind)
        await asyncio.sleep(3 * HOUR)
        assert len(world.sent_at) <= 6
        assert (life.keeper.end, life.keeper.problem) == (None, None)
        world.trouble = ""
        await asyncio.sleep(HOUR + MINUTE)
        assert world.accepts(await life.keeper.get())

    live(story)


def test_callers_after_a_failure_get_it_again_for_half_a_minute() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = "server"
        first = await error_of(life)
        assert await error_of(life) is first
        assert len(world.sent_at) == 1
        world.trouble = ""
        await asyncio.sleep(31.0)
        assert world.accepts(await life.keeper.get())

    live(story)


@pytest.mark.parametrize("trouble", ["app", "secret", "policy", "request"])
def test_a_refusal_that_is_not_the_persons_is_retried_hourly(trouble: str) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = trouble
        error = await error_of(life)
        assert isinstance(error, GrantError)
        link = life.keeper.link
        assert link is not None
        assert (link.problem, link.code, link.end) == (error.problem, error.code, None)
        await asyncio.sleep(4 * HOUR + MINUTE)
        assert len(world.all_sent_at) == 5
        world.trouble = ""
        await asyncio.sleep(HOUR)
        assert (life.keeper.problem, life.keeper.problem_code, life.changes) == (None, None, 2)
        assert world.accepts(await life.keeper.get())

    live(story)


def test_a_check_does_not_wait_for_the_hour() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = "app"
        await error_of(life)
        with pytest.raises(GrantError):
            await life.keeper.async_check()
        world.trouble = ""
        await life.keeper.async_check()
        assert life.keeper.problem is None

    live(story)


def test_a_person_who_is_not_available_is_asked_and_may_come_back() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.trouble = "person"
        await error_of(life)
        assert life.keeper.end is LinkEnd.UNAVAILABLE
        world.trouble = ""
        following = await after(life)
        assert following.keeper.end is LinkEnd.UNAVAILABLE
        await asyncio.sleep(1.0)
        assert following.keeper.end is None
        await following.bury()

    live(story)


@pytest.mark.parametrize(
    ("problem", "code", "end"),
    [
        (GrantProblem.REFRESH, 20037, LinkEnd.EXPIRED),
        (GrantProblem.REFRESH, 20073, LinkEnd.COPIED),
        (GrantProblem.REFRESH, 20064, LinkEnd.REVOKED),
        (GrantProblem.REFRESH, 20026, LinkEnd.REVOKED),
        (GrantProblem.OTHER_APP, 20024, LinkEnd.OTHER_APP),
    ],
)
def test_each_final_refusal_has_its_reason(problem: GrantProblem, code: int, end: LinkEnd) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.refuses = refusal(problem, code)
        await error_of(life)
        assert (life.keeper.end, life.keeper.problem, life.keeper.problem_code) == (end, problem, code)
        assert life.changes == 1

    live(story)


def test_a_restored_backup_is_told_as_a_copy() -> None:
    async def story(world: World, life: Life) -> None:
        backup = world.disk
        await asyncio.sleep(ACCESS)
        await life.keeper.get()
        await life.bury()
        world.disk = backup
        following = await after(life, 4 * DAY)
        await asyncio.sleep(1.0)
        assert following.keeper.end is LinkEnd.COPIED
        await following.bury()

    live(story)


def test_a_refused_token_is_replaced_once() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(MINUTE)
        second, third = await asyncio.gather(life.keeper.replace(first), life.keeper.replace(first))
        assert first != second == third
        assert await life.keeper.replace(first) == second  # another call was late
        assert await life.keeper.replace(second) == second  # issued just now: the token is not what is wrong
        assert world.refreshes == 1

    live(story)


def test_a_refused_token_is_not_used_again() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        await asyncio.sleep(MINUTE)
        world.trouble = "server"
        with pytest.raises(ServerError):
            await life.keeper.replace(first)
        assert life.keeper.current is None
        assert isinstance(await error_of(life), ServerError)

    live(story)


def test_an_event_of_a_revocation_ends_the_link_within_seconds() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(HOUR)
        assert world.chain is not None
        world.chain.is_revoked = True
        life.keeper.async_note_revoked(PERSON)
        await asyncio.sleep(1.0)
        assert life.keeper.end is LinkEnd.REVOKED
        life.keeper.async_note_revoked(PERSON)
        await asyncio.sleep(HOUR)
        assert len(world.sent_at) == 1

    live(story)


def test_an_event_that_is_wrong_or_of_somebody_else_ends_nothing() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(HOUR)
        life.keeper.async_note_revoked("ou_other")
        await asyncio.sleep(MINUTE)
        assert not world.sent_at
        for _ in range(100):
            life.keeper.async_note_revoked(PERSON)
            await asyncio.sleep(0.05)
        await asyncio.sleep(MINUTE)
        assert len(world.sent_at) == 2  # Feishu may deliver an event again
        assert world.accepts(await life.keeper.get())

    live(story)


@pytest.mark.parametrize("days", [-400, -2, 2, 400])
def test_a_wrong_clock_ends_no_link(days: int) -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(HOUR)
        world.clock_error = days * DAY
        assert world.accepts(await life.keeper.get())
        following = await after(life)
        assert world.accepts(await following.keeper.get())
        await asyncio.sleep(HOUR)
        world.clock_error = 0.0
        await asyncio.sleep(4 * HOUR)
        assert world.accepts(await following.keeper.get())
        await asyncio.sleep(10 * DAY)
        assert world.accepts(await following.keeper.get())
        await following.bury()

    live(story)


def test_a_machine_that_slept_refreshes_within_an_hour() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(1.0)
        world.slept += 5 * DAY
        assert world.accepts(await life.keeper.get())
        world.slept += 5 * DAY
        await asyncio.sleep(HOUR + MINUTE)
        assert world.refreshes == 2

    live(story)


def test_a_link_should_be_renewed_a_month_before_its_year_ends() -> None:
    async def story(_: World, life: Life) -> None:
        assert life.keeper.link is not None
        assert not life.keeper.link.is_to_renew
        assert life.keeper.renew_by == START + timedelta(days=335)
        assert life.keeper.link.ends_at == START + timedelta(days=365)
        await asyncio.sleep(335 * DAY)
        assert life.keeper.link.is_to_renew
        await asyncio.sleep(34 * DAY)
        assert life.keeper.link.end is LinkEnd.EXPIRED

    live(story)


def test_a_new_consent_replaces_the_tokens_of_before() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.refuses = refusal(GrantProblem.REFRESH, 20064)
        await error_of(life)
        world.refuses = None
        now = START + timedelta(seconds=world.now)
        await life.keeper.async_adopt(world.consent(), open_id=PERSON, consented_at=now)
        assert (life.keeper.end, life.keeper.problem) == (None, None)
        assert world.accepts(await life.keeper.get())
        following = await after(life)
        assert world.accepts(await following.keeper.get())
        await following.bury()

    live(story)


@pytest.mark.parametrize(("open_id", "is_revoked"), [(PERSON, False), ("ou_other", True)])
def test_only_the_grant_of_another_person_is_revoked_by_a_new_link(open_id: str, *, is_revoked: bool) -> None:
    async def story(world: World, life: Life) -> None:
        former = world.chain
        grant = world.consent()
        await life.keeper.async_adopt(grant, open_id=open_id, consented_at=START)
        assert former is not None
        assert former.is_revoked is is_revoked
        assert world.accepts(await life.keeper.get())

    live(story)


def test_tokens_that_can_not_be_written_are_not_adopted() -> None:
    async def story(world: World, life: Life) -> None:
        first = await life.keeper.get()
        world.disk_works = False
        with pytest.raises(TokenNotKeptError):
            await life.keeper.async_adopt(
                Grant("u-x", ACCESS, "ur-x", REFRESH, frozenset()), open_id="ou_other", consented_at=START
            )
        with pytest.raises(ValueError, match="without a refresh token"):
            await life.keeper.async_adopt(
                Grant("u-x", ACCESS, None, 0.0, frozenset()), open_id=PERSON, consented_at=START
            )
        assert await life.keeper.get() == first

    live(story)


def test_an_unlink_revokes_and_deletes() -> None:
    async def story(world: World, life: Life) -> None:
        await life.keeper.async_unlink()
        assert (world.disk, world.chain and world.chain.is_revoked) == (None, True)
        assert (life.keeper.current, life.keeper.end) == (None, None)
        assert isinstance(await error_of(life), GrantError)

    live(story)


def test_a_link_that_has_ended_is_not_revoked_again() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.refuses = refusal(GrantProblem.REFRESH, 20073)
        await error_of(life)
        await life.keeper.async_unlink()
        assert (world.disk, world.chain and world.chain.is_revoked) == (None, False)

    live(story)


@pytest.mark.parametrize("trouble", ["network", "silence"])
def test_a_revocation_that_fails_does_not_keep_an_unlink(trouble: str) -> None:
    async def story(world: World, life: Life) -> None:
        world.trouble = trouble
        began = world.now
        await life.keeper.async_unlink()
        assert world.disk is None
        assert world.now - began <= 5.0

    live(story)


def test_an_unlink_of_an_entry_that_is_not_loaded_revokes_what_is_on_disk() -> None:
    async def story(world: World, life: Life) -> None:
        await life.bury()
        await Life(world).keeper.async_unlink()
        assert (world.disk, world.chain and world.chain.is_revoked) == (None, True)

    live(story)


def test_without_a_person_there_is_no_link_and_tokens_left_over_are_deleted() -> None:
    async def story(world: World, life: Life) -> None:
        life.entry.data.clear()
        following = Life(world)
        following.entry.data.clear()
        await following.keeper.async_load()
        assert world.disk is None
        assert (following.keeper.is_linked, following.keeper.link) == (False, None)
        assert isinstance(await error_of(following), GrantError)

    live(story)


@pytest.mark.parametrize("open_id", [None, "ou_other"])
def test_tokens_that_are_gone_or_of_somebody_else_are_missing(open_id: str | None) -> None:
    async def story(world: World, life: Life) -> None:
        await life.bury()
        if open_id is None:
            world.disk = None
        life.entry.data["person"]["open_id"] = open_id or PERSON
        following = Life(world)
        following.entry.data["person"]["open_id"] = open_id or PERSON
        await following.keeper.async_load()
        following.keeper.async_start()
        assert (following.keeper.end, following.keeper.problem) == (LinkEnd.MISSING, GrantProblem.REFRESH)
        assert following.changes == 1
        assert isinstance(await error_of(following), GrantError)
        await following.bury()

    live(story)


def test_tokens_that_another_process_refreshed_are_used() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        other = Life(world)
        await other.keeper.async_load()
        await other.keeper.get()
        await asyncio.sleep(ACCESS)
        assert world.accepts(await life.keeper.get())
        assert life.keeper.end is None

    live(story)


def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one() -> None:
    async def story(world: World, life: Life) -> None:
        world.rotates = False
        await asyncio.sleep(ACCESS)
        assert world.accepts(await life.keeper.get())
        await asyncio.sleep(ACCESS)
        assert world.accepts(await life.keeper.get())
        assert world.disk is not None
        assert world.disk.refresh_token == "ur-1"

    live(story)


def test_a_token_that_has_expired_on_arrival_is_told() -> None:
    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        world.access_lifetime = 0.01
        assert isinstance(await error_of(life), StaleTokenError)

    live(story)


def test_without_an_address_to_sign_in_nothing_is_sent() -> None:
    async def story(world: World, life: Life) -> None:
        life.has_grants = False
        await asyncio.sleep(ACCESS)
        error = await error_of(life)
        assert isinstance(error, GrantError)
        assert error.problem is GrantProblem.REQUEST
        assert life.keeper.end is None

    live(story)


def test_an_unexpected_error_is_logged_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    async def story(world: World, life: Life) -> None:
        world.trouble = "nonsense"
        await asyncio.sleep(4 * DAY)
        assert "Unexpected error refreshing the token of Office" in caplog.text
        world.trouble = ""
        await asyncio.sleep(2 * HOUR)
        assert world.refreshes == 1

    live(story)


def test_no_text_of_the_tokens_shows_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async def story(world: World, life: Life) -> None:
        await asyncio.sleep(ACCESS)
        await life.keeper.get()
        world.refuses = refusal(GrantProblem.REFRESH, 20073)
        await asyncio.sleep(ACCESS)
        error = await error_of(life)
        kept = world.disk
        assert kept is not None
        texts = [caplog.text, repr(kept), str(kept), repr(life.keeper), repr(error), repr(life.keeper.link)]
        texts += [repr(task) for task in asyncio.all_tasks()]
        for token in (kept.access_token, kept.refresh_token):
            assert not [text for text in texts if f"'{token}'" in text or f"{token} " in text]

    live(story)


def test_marks_are_kept_apart_from_tokens() -> None:
    assert {field for field in Kept.__dataclass_fields__ if not Kept.__dataclass_fields__[field].repr} == {
        "access_token",
        "refresh_token",
    }
    assert [*Sent] == ["no", "refused", "maybe"]
