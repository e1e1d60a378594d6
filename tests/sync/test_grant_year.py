"""A simulated year of the token keeper: it loses only what the contract takes, and breaking a rule is found.

`scripts/prove grants` lives through many years, and breaks the keeper on purpose.
"""

import asyncio
from collections.abc import Callable, Mapping
import os
from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.grants import GrantProblem
from custom_components.feishu_freebusy.model.link import LinkEnd
from custom_components.feishu_freebusy.sync import grant_keeper
from custom_components.feishu_freebusy.sync.grant_keeper import GrantKeeper
from custom_components.feishu_freebusy.sync.grant_store import Kept, Sent
from tests.feishu.virtual import run
from tests.sync.grant_year import BrokenRuleError, Disk, Event, Year

FURTHER_SEEDS = range(3, 3 + 5 * int(os.environ.get("SOAK_SEEDS", "20")))
MOST_YEARS = 8  # until a breakage is found

type Patches = pytest.MonkeyPatch


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.prove) for seed in FURTHER_SEEDS)])
def test_a_year_loses_no_grant_that_the_contract_does_not_force(seed: int) -> None:
    world = run(Year(seed).live())

    assert world.refreshes > 200
    assert len(world.crashes) == 5  # at each step of a refresh, and between two
    assert LinkEnd.INTERRUPTED in world.losses


def test_a_year_without_trouble_loses_nothing_before_its_end() -> None:
    calm = (Year.calls, Year.expire_and_call, Year.canceled_call, Year.stop_and_start)

    world = run(Year(1, dict.fromkeys(calm, 1.0)).live(400))

    assert world.losses == {LinkEnd.EXPIRED: 1}
    assert world.lost_at[0] >= 365


# Ways to break the keeper


def forget_to_write(patches: Patches) -> None:
    async def publish(self: GrantKeeper) -> None:
        if self._unwritten:
            self._publish(self._unwritten)

    patches.setattr(GrantKeeper, "_write_new", publish)


def use_what_is_not_written(patches: Patches) -> None:
    write = GrantKeeper._write_new

    async def publish_and_write(self: GrantKeeper) -> None:
        if new := self._unwritten:
            self._publish(new)
            self._unwritten = new
        await write(self)

    patches.setattr(GrantKeeper, "_write_new", publish_and_write)


def send_without_a_mark(patches: Patches) -> None:
    save = Disk.async_save

    async def save_tokens(self: Disk, kept: Kept) -> None:
        if kept.sent is not Sent.MAYBE:
            await save(self, kept)

    patches.setattr(Disk, "async_save", save_tokens)


def keep_nothing_alive(patches: Patches) -> None:
    patches.setattr(GrantKeeper, "_on_timer", lambda _: None)


def sleep_through_the_week(patches: Patches) -> None:
    patches.setattr(grant_keeper, "_LOOK_EVERY", 1e9)


def end_at_any_failure(patches: Patches) -> None:
    patches.setattr(grant_keeper, "_end_of", lambda *_, **__: LinkEnd.REVOKED)


def end_at_a_refusal_of_the_app(patches: Patches) -> None:
    patches.setattr(grant_keeper, "_FINAL", grant_keeper._FINAL | {GrantProblem.APP, GrantProblem.POLICY})


def end_by_the_clock(patches: Patches) -> None:
    end: Any = GrantKeeper.end

    def by_the_clock(self: GrantKeeper) -> LinkEnd | None:
        kept, now = self._kept, self._clock.moment.now
        if kept and (now - kept.refreshed_at).total_seconds() > kept.refresh_lifetime:
            return LinkEnd.EXPIRED
        told: LinkEnd | None = end.fget(self)
        return told

    patches.setattr(GrantKeeper, "end", property(by_the_clock))


def let_a_caller_cancel(patches: Patches) -> None:
    async def get(self: GrantKeeper) -> str:
        if token := self.current:
            return token
        await (self._renewal or self._begin())
        return self._access() or ""

    patches.setattr(GrantKeeper, "get", get)


def refresh_for_each_caller(patches: Patches) -> None:
    class NoLock:
        async def __aenter__(self) -> None:
            return None

        async def __aexit__(self, *_: object) -> None:
            return None

    begin = GrantKeeper._begin

    def begin_anew(self: GrantKeeper) -> asyncio.Task[None]:
        patches.setattr(self, "_lock", NoLock())
        task = begin(self)
        self._renewal = None
        return task

    patches.setattr(GrantKeeper, "_begin", begin_anew)


def try_again_at_once(patches: Patches) -> None:
    patches.setattr(GrantKeeper, "_put_off", lambda *_: None)


def leave_new_tokens_unwritten_for_an_hour(patches: Patches) -> None:
    put_off = GrantKeeper._put_off

    def put_off_longer(self: GrantKeeper, calls: float, timer: float) -> None:
        put_off(self, calls, 3600.0 if self._unwritten else timer)

    patches.setattr(GrantKeeper, "_put_off", put_off_longer)


def ignore_revocations(patches: Patches) -> None:
    patches.setattr(GrantKeeper, "async_note_revoked", lambda *_: None)


def unload_at_once(patches: Patches) -> None:
    async def stop(self: GrantKeeper) -> None:
        self._is_stopped = True

    patches.setattr(GrantKeeper, "async_stop", stop)


# What may happen, where a breakage shows only if little else does
SLEEP = {Year.sleep: 1.0}
TROUBLE = {Year.trouble: 1.0}
BAD_DISK = {Year.disk_fails_in_a_refresh: 1.0, Year.crash: 1.0}
SABOTAGES = [
    (forget_to_write, "before it was on the disk", None),
    (use_what_is_not_written, "before it was on the disk", None),
    (send_without_a_mark, "without a mark", None),
    (sleep_through_the_week, "lost without need: expired", SLEEP),
    (end_at_any_failure, "lost without need: revoked", None),
    (end_at_a_refusal_of_the_app, "lost without need: revoked", None),
    (end_by_the_clock, "lost without need: expired", None),
    (let_a_caller_cancel, "two refreshes at once", None),
    (refresh_for_each_caller, "two refreshes at once", None),
    (try_again_at_once, "too many refreshes in an hour", TROUBLE),
    (leave_new_tokens_unwritten_for_an_hour, "lost without need: interrupted", BAD_DISK),
    (ignore_revocations, "the event of a revocation was ignored", None),
    (unload_at_once, "lost without need: interrupted", None),
]


@pytest.mark.prove
@pytest.mark.parametrize(("sabotage", "found", "events"), SABOTAGES)
def test_a_broken_keeper_is_found(
    monkeypatch: pytest.MonkeyPatch,
    sabotage: Callable[[Patches], None],
    found: str,
    events: Mapping[Event, float] | None,
) -> None:
    sabotage(monkeypatch)

    wrong = ""
    for seed in range(1, 1 + MOST_YEARS):
        try:
            run(Year(seed, events).live())
        except BrokenRuleError as error:
            wrong = str(error)
            break
    assert found in wrong.partition("\n")[0]


@pytest.mark.prove
@pytest.mark.parametrize("events", [SLEEP, TROUBLE, BAD_DISK])
def test_nothing_is_found_where_nothing_is_broken(events: Mapping[Event, float]) -> None:
    for seed in range(1, 4):
        run(Year(seed, events).live(60))


def test_a_keeper_that_keeps_nothing_alive_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_nothing_alive(monkeypatch)

    with pytest.raises(BrokenRuleError, match="lost without need: expired"):
        run(Year(1, {Year.crash: 50.0, Year.calls: 1.0}).live(100))
