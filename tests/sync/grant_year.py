"""A year of a token keeper, against a Feishu that knows only the rules of the chain: what it loses must be forced.

Refresh tokens work once and live for a week, and a consent lasts for a year. The machine crashes at each step of a
refresh, its disk and its network fail, its clock is wrong, it sleeps, it is off for days, and backups are restored.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import random
from types import SimpleNamespace
from typing import Any, NoReturn, cast, override

from custom_components.feishu_freebusy.const import CONF_PERSON
from custom_components.feishu_freebusy.feishu.errors import (
    ErrorDetails,
    FeishuError,
    NotReachableError,
    RateLimitedError,
    ServerError,
    TokenNotKeptError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.grants import Grant, GrantError, GrantProblem, Grants
from custom_components.feishu_freebusy.model.link import LinkEnd
from custom_components.feishu_freebusy.model.moment import LoopSeconds, Moment
from custom_components.feishu_freebusy.sync.clock import EntryClock
from custom_components.feishu_freebusy.sync.grant_keeper import GrantKeeper
from custom_components.feishu_freebusy.sync.grant_store import GrantStore, Kept, Sent

START = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ACCESS, REFRESH, CONSENT = 2 * HOUR, 7 * DAY, 365 * DAY
PERSON = "ou_person"
LATEST_DUE = REFRESH / 2 * 1.1
CHANCE = 2.5 * HOUR  # without trouble; it looks at the clock each hour, and waits up to an hour after a failure
MOST_SENT = 45  # refresh tokens in an hour
STEPS = ("before the send", "after the send", "before the write", "after the write")

COMMITTED = "after the send"
UNWRITTEN = "before the write"


class BrokenRuleError(AssertionError):
    """The keeper broke a rule."""


@dataclass
class Chain:
    """The tokens of one consent. Only the newest refresh token works."""

    began: float
    born: float
    refresh: str
    access: dict[str, float] = field(default_factory=dict)  # until when
    is_revoked: bool = False


@dataclass
class World:
    """Feishu, the disk and the machine. Seconds are true ones, from the start of the year."""

    rng: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    clock_error: float = 0.0  # of the wall clock
    slept: float = 0.0  # not seen by the loop's clock
    disk: Kept | None = None
    disk_works: bool = True
    disk_failed_at: float = -DAY  # last
    trouble: str = ""  # of the network, the server or the app; empty if there is none
    lost_answers: int = 0
    is_on: bool = True
    chain: Chain | None = None  # of the last consent
    chains: list[Chain] = field(default_factory=list)
    forced: list[str] = field(default_factory=list)  # why the contract takes the grant
    good_since: float | None = 0.0
    good: list[tuple[float, float]] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    written: set[str] = field(default_factory=set)  # access tokens that were on the disk
    under_way: int = 0
    issued: int = 0
    refreshed_at: list[float] = field(default_factory=list)
    all_sent_at: list[float] = field(default_factory=list)
    refuses: GrantError | None = None
    rotates: bool = True
    access_lifetime: float = ACCESS
    losses: dict[LinkEnd, int] = field(default_factory=dict)
    lost_at: list[float] = field(default_factory=list)  # day
    crashes: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    broken: str = ""  # which rule, and what happened before
    has_failed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def refreshes(self) -> int:
        return len(self.refreshed_at)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.slept

    def note(self, what: str) -> None:
        self.log.append(f"day {self.now / DAY:.3f}: {what}")
        del self.log[:-40]

    def fail(self, why: str) -> NoReturn:
        """End the year. The keeper may be the one that is told, so the one who lives through it looks, too."""
        self.broken = self.broken or "\n".join([why, *self.log])
        self.has_failed.set()
        raise BrokenRuleError(self.broken)

    def note_state(self) -> None:
        """Keep the account of the times without trouble: then the keeper has a chance."""
        is_good = self.is_on and self.disk_works and not self.trouble
        if is_good and self.good_since is None:
            self.good_since = self.now
        elif not is_good and self.good_since is not None:
            self.good.append((self.good_since, self.now))
            self.good_since = None

    def break_good(self) -> None:
        if self.good_since is not None:
            self.good.append((self.good_since, self.now))
            self.good_since = self.now

    def had_a_chance(self, start: float, end: float) -> bool:
        spans = [*self.good, *([(self.good_since, self.now)] if self.good_since is not None else [])]
        return any(min(b, end) - max(a, start) > CHANCE for a, b in spans)

    # Feishu

    def tokens(self, chain: Chain) -> Grant:
        self.issued += 1
        access = f"u-{self.issued}"
        chain.access[access] = self.now + self.access_lifetime
        if chain.refresh and not self.rotates:
            return Grant(access, self.access_lifetime, None, REFRESH, frozenset())
        chain.refresh, chain.born = f"ur-{self.issued}", self.now
        return Grant(access, self.access_lifetime, chain.refresh, REFRESH, frozenset())

    def consent(self) -> Grant:
        """Return the first tokens of a new consent."""
        self.chain = Chain(self.now, self.now, "")
        self.chains.append(self.chain)
        self.forced.clear()
        return self.tokens(self.chain)

    def refresh(self, token: str) -> Grant:
        """Return the next tokens, as the contract says."""
        chain = self.chain
        if self.refuses:
            raise self.refuses
        if chain is None or chain.is_revoked:
            raise refusal(GrantProblem.REFRESH, 20064)
        if token != chain.refresh:
            raise refusal(GrantProblem.REFRESH, 20073)
        if self.now - chain.began >= CONSENT:
            self.forced.append("the year is over")
            raise refusal(GrantProblem.REFRESH, 20037)
        if self.now - chain.born >= REFRESH:
            if not self.had_a_chance(chain.born + LATEST_DUE, chain.born + REFRESH):
                self.forced.append("no chance within a week")
            raise refusal(GrantProblem.REFRESH, 20037)
        self.refreshed_at.append(self.now)
        return self.tokens(chain)

    def accepts(self, access: str) -> bool:
        chain = self.chain
        return chain is not None and not chain.is_revoked and chain.access.get(access, 0.0) > self.now


def refusal(problem: GrantProblem, code: int) -> GrantError:
    return GrantError(problem, ErrorDetails(code=code))


class Life:
    """One run of Home Assistant, from a start to a crash or a stop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_dead = False
        self.crash_at = ""  # the step
        self.changes = 0
        self.has_grants = True
        self.tasks: set[asyncio.Task[Any]] = set()
        self.crashed = asyncio.Event()
        self.entry = SimpleNamespace(title="Office", data={CONF_PERSON: {"open_id": PERSON}})
        self.keeper = GrantKeeper(
            cast("Any", self.entry),
            Disk(self),
            Clock(world),
            lambda: Feishu(self) if self.has_grants else None,
            self._note_change,
        )

    def _note_change(self) -> None:
        self.changes += 1

    async def step(self, name: str) -> None:
        """Pass a moment. If the crash comes now, nothing of this life happens any more."""
        await asyncio.sleep(0.05)
        if not self.is_dead and self.crash_at == name:
            self.die(name)
        if self.is_dead or self.world.broken:
            await asyncio.Event().wait()

    def die(self, step: str = "") -> None:
        """End this life. What Feishu committed and the disk does not have is lost, and only then is that forced."""
        world = self.world
        self.is_dead = True
        is_lost = world.chain is not None and (world.disk is None or world.disk.refresh_token != world.chain.refresh)
        has_just_failed = not world.disk_works or world.now - world.disk_failed_at < MINUTE
        is_under_way = step in {COMMITTED, UNWRITTEN} or world.under_way > 0 or has_just_failed
        if is_lost and is_under_way:
            world.forced.append(f"crash {step}")
        world.under_way = 0
        world.crashes[step] = world.crashes.get(step, 0) + 1
        world.note(f"crash {step}")
        self.crashed.set()

    def begin[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        return task

    async def bury(self) -> None:
        """Remove what is left of a life that has ended."""
        keeper = self.keeper
        keeper._is_stopped = True
        keeper._arm()
        tasks = [*self.tasks, *([keeper._renewal] if keeper._renewal else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        keeper._arm()


class Clock(EntryClock):
    """The clock of the entry: wrong until Feishu's answers have shown that."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    @override
    def moment(self) -> Moment:
        now = START + timedelta(seconds=self._world.now + self._world.clock_error)
        return Moment(now, LoopSeconds(asyncio.get_running_loop().time()), UTC)


class Disk(GrantStore):
    """The file of the entry."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @override
    async def async_load(self) -> Kept | None:
        await self._life.step("load")
        return self._life.world.disk

    @override
    async def async_save(self, kept: Kept) -> None:
        life, world = self._life, self._life.world
        is_new = world.disk is None or kept.refresh_token != world.disk.refresh_token
        await life.step("before the write" if is_new else "before the mark")
        if not world.disk_works:
            world.note("the disk takes nothing")
            raise TokenNotKeptError
        world.disk = kept
        world.written.add(kept.access_token)
        await life.step("after the write" if is_new else "after the mark")

    @override
    async def async_remove(self) -> None:
        self._life.world.disk = None


class Feishu(Grants):
    """The way to Feishu."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @override
    async def refresh(self, refresh_token: str) -> Grant:
        life, world = self._life, self._life.world
        await life.step("before the send")
        if world.under_way:
            world.fail("two refreshes at once")
        if world.disk is None or world.disk.refresh_token != refresh_token or world.disk.sent is not Sent.MAYBE:
            world.fail("sent without a mark on the disk")
        world.all_sent_at.append(world.now)
        world.sent_at = [at for at in world.sent_at if at > world.now - HOUR] + [world.now]
        if len(world.sent_at) > MOST_SENT:
            world.fail("too many refreshes in an hour")
        if world.trouble == "silence":
            await asyncio.sleep(100)
        self._meet_trouble(world.trouble)
        grant = world.refresh(refresh_token)
        world.under_way += 1
        await life.step(COMMITTED)
        world.under_way -= 1
        if world.lost_answers:
            world.lost_answers -= 1
            world.forced.append("lost answer")
            world.note("lost answer")
            await asyncio.sleep(20)
            raise NotReachableError if world.rng.random() < 0.5 else UnreadableAnswerError
        world.note(f"refreshed to {grant.refresh_token}")
        return grant

    @override
    async def revoke(self, token: str) -> None:
        world = self._life.world
        if world.trouble == "silence":
            await asyncio.sleep(25)
        self._meet_trouble(world.trouble)
        for chain in world.chains:
            chain.is_revoked |= chain.refresh == token

    def _meet_trouble(self, trouble: str) -> None:
        if trouble:
            failure = FAILURES[trouble]()
            raise failure


FAILURES: dict[str, Callable[[], FeishuError]] = {
    "network": NotReachableError,
    "server": lambda: ServerError(details=ErrorDetails(code=20050)),
    "limit": lambda: RateLimitedError(details=ErrorDetails(code=99991400), retry_after=60.0),
    "page": UnreadableAnswerError,
    "app": lambda: refusal(GrantProblem.APP, 20074),
    "secret": lambda: refusal(GrantProblem.CREDENTIALS, 20002),
    "policy": lambda: refusal(GrantProblem.POLICY, 21000),
    "person": lambda: refusal(GrantProblem.PERSON, 20066),
    "request": lambda: refusal(GrantProblem.REQUEST, 20063),
}


class Year:
    """Lives through a year, or another time."""

    def __init__(self, seed: int, events: Mapping[Event, float] | None = None) -> None:
        """`events` are what may happen, each with its weight."""
        self._events = events or EVENTS
        self.rng = random.Random(seed)  # noqa: S311
        self.world = World(self.rng)
        self.life: Life
        self._backup: Kept | None = None

    async def live(self, days: float = 364.0) -> World:
        """Return what happened. Raises `BrokenRuleError`."""
        world, rng = self.world, self.rng
        await self.start()
        await self.link()
        while world.now < days * DAY:
            await self.wait(rng.expovariate(1 / (8 * HOUR)))
            await rng.choices(list(self._events), weights=list(self._events.values()))[0](self)
            await self.judge()
        await self.end()
        return world

    async def start(self) -> None:
        """Start Home Assistant."""
        self.life = Life(self.world)
        self.world.is_on = True
        self.world.note_state()
        await self.life.keeper.async_load()
        self.life.keeper.async_start()

    async def link(self) -> None:
        """Let the person consent."""
        grant = self.world.consent()
        now = self.life.keeper._clock.moment.now
        self.world.note(f"linked with {grant.refresh_token}")
        adopting = self.life.begin(self.life.keeper.async_adopt(grant, open_id=PERSON, consented_at=now))
        try:
            await self.ended([adopting])
        except TokenNotKeptError:
            self.world.forced.append("the disk did not take the first tokens")

    async def end(self) -> None:
        """Stop Home Assistant."""
        await self.ended([self.life.begin(self.life.keeper.async_stop())])
        self.power_off()
        await self.life.bury()

    def power_off(self) -> None:
        if not self.life.is_dead:
            self.life.die()
        self.world.is_on = False
        self.world.note_state()

    async def wait(self, seconds: float) -> None:
        """Let time pass. After a crash, Home Assistant starts again within minutes."""
        until = self.world.now + seconds
        while (left := until - self.world.now) > 0:
            crashed = self.life.begin(self.life.crashed.wait())
            failed = self.life.begin(self.world.has_failed.wait())
            await asyncio.wait([crashed, failed], timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                raise BrokenRuleError(self.world.broken)
            failed.cancel()
            if not crashed.done():
                crashed.cancel()
                return
            await self.restart(self.rng.uniform(10, 10 * MINUTE))

    async def restart(self, off: float) -> None:
        """Be off for this long, however it ended."""
        self.power_off()
        await self.life.bury()
        await asyncio.sleep(off)
        await self.start()

    # What is asserted

    async def judge(self) -> None:
        """Check that no link has ended without need. If one has, the person consents again."""
        world, end = self.world, self.life.keeper.end
        if end is None or end is LinkEnd.UNAVAILABLE:
            return
        if not world.forced:
            world.fail(f"lost without need: {end}")
        world.losses[end] = world.losses.get(end, 0) + 1
        world.lost_at.append(world.now / DAY)
        world.note(f"lost as {end}, forced by {world.forced}")
        await self.wait(self.rng.uniform(MINUTE, DAY))
        if self.life.keeper.end:
            await self.link()

    async def call(self) -> None:
        """Make a call in the name of the person, as the transport does."""
        world, keeper, began = self.world, self.life.keeper, self.world.now
        was_good = world.good_since is not None
        try:
            token = await keeper.get()
            if not world.accepts(token):
                token = await keeper.replace(token)
        except FeishuError:
            is_fine = was_good and world.good_since is not None and world.good_since < began - CHANCE
            if is_fine and not world.forced and keeper.end is None and not world.lost_answers:
                world.fail("no token, although nothing is wrong")
            return
        if token not in world.written:
            world.fail("used before it was on the disk")
        if not world.accepts(token) and not world.forced and world.chain and not world.chain.is_revoked:
            world.fail("Feishu refuses the token")

    # What happens

    async def calls(self) -> None:
        """Let up to 20 callers ask at once."""
        await self.ended(self.life.begin(self.call()) for _ in range(self.rng.choice((1, 1, 1, 3, 20))))

    async def ended(self, tasks: Any) -> None:
        """Wait for callers; a crash takes them along."""
        tasks = list(tasks)
        crashed = self.life.begin(self.life.crashed.wait())
        waiting = set(tasks)
        while waiting and not crashed.done():
            done, waiting = await asyncio.wait([*waiting, crashed], return_when=asyncio.FIRST_COMPLETED)
            waiting.discard(crashed)
            for task in done - {crashed}:
                if not task.cancelled():
                    task.result()
        if crashed.done():
            await self.wait(1.0)
        crashed.cancel()

    async def canceled_call(self) -> None:
        task = self.life.begin(self.call())
        await self.wait(self.rng.uniform(0.0, 0.4))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def expire_and_call(self) -> None:
        await self.wait(ACCESS)
        await self.calls()

    async def crash_in_a_refresh(self) -> None:
        self.life.crash_at = self.rng.choice(STEPS)
        await self.expire_and_call()

    async def crash(self) -> None:
        await self.restart(self.rng.uniform(10, 10 * MINUTE))

    async def stop_and_start(self) -> None:
        if self.rng.random() < 0.5:
            await self.wait(ACCESS)
            self.life.begin(self.call())
            await self.wait(self.rng.uniform(0.0, 0.4))
        if not self.life.is_dead:
            await self.ended([self.life.begin(self.life.keeper.async_stop())])
            if self.world.under_way and not self.life.is_dead:
                self.world.fail("the unload does not wait for a refresh")
        await self.restart(self.rng.uniform(10, 10 * MINUTE))

    async def off(self) -> None:
        days = self.rng.choice((0.1, 0.5, 1, 2, 3.5, 5, 8))
        self.world.note(f"off for {days} days")
        error = 0.0 if self.rng.random() < 0.7 else -days * DAY  # a clock without a battery
        self.power_off()
        await self.life.bury()
        await asyncio.sleep(days * DAY)
        self.world.clock_error = error
        await self.start()
        await self.right_clock()

    async def right_clock(self) -> None:
        """Answers of Feishu show the time: the polls of rooms get some, as soon as there is a network."""
        if self.world.trouble != "network":
            await self.wait(self.rng.uniform(1.0, 10 * MINUTE))
            self.world.clock_error = 0.0
            self.world.break_good()

    async def set_clock(self) -> None:
        self.world.clock_error = self.rng.choice((-400, -30, -5, -0.1, 0.1, 3, 8, 400)) * DAY
        self.world.note(f"clock set by {self.world.clock_error / DAY} days")
        if self.rng.random() < 0.5:
            await self.calls()
        await self.right_clock()
        self.world.clock_error = 0.0

    async def sleep(self) -> None:
        hours = self.rng.choice((1, 12, 60, 100))
        self.world.note(f"asleep for {hours} hours")
        self.world.break_good()
        self.world.slept += hours * HOUR
        if self.world.good_since is not None:
            self.world.good_since = self.world.now

    async def trouble(self) -> None:
        hours = self.rng.choice((0.01, 0.1, 1, 10, 30, 60, 100))
        self.world.trouble = self.rng.choice([*FAILURES, "network", "network"])
        self.world.note(f"{self.world.trouble} for {hours} hours")
        self.world.note_state()
        while hours > 0:
            await self.wait(min(hours, 5.0) * HOUR)
            await self.calls()
            hours -= 5.0
        self.world.trouble = ""
        self.world.note_state()

    async def bad_disk(self) -> None:
        self.world.disk_works = False
        self.world.note("disk fails")
        self.world.note_state()
        await self.wait(self.rng.choice((0.01, 1, 10, 50)) * HOUR)
        if self.rng.random() < 0.5:
            await self.expire_and_call()
        self.world.disk_works = True
        self.world.disk_failed_at = self.world.now
        self.world.note("disk works")
        self.world.note_state()

    async def disk_fails_in_a_refresh(self) -> None:
        await self.wait(ACCESS)
        task = self.life.begin(self.call())
        await self.wait(self.rng.uniform(0.0, 0.4))
        await self.bad_disk()
        await self.ended([task])

    async def lose_an_answer(self) -> None:
        self.world.lost_answers = self.rng.choice((1, 1, 1, 2))
        await self.expire_and_call()
        await self.wait(MINUTE)
        self.world.lost_answers = 0

    async def back_up(self) -> None:
        self._backup = self.world.disk

    async def restore(self) -> None:
        if self._backup is None:
            return
        self.world.note("backup restored")
        self.power_off()
        await self.life.bury()
        self.world.disk = self._backup
        if self.world.chain is None or self._backup.refresh_token != self.world.chain.refresh:
            self.world.forced.append("backup")
        await asyncio.sleep(MINUTE)
        await self.start()

    async def revoke(self) -> None:
        if self.world.chain:
            self.world.chain.is_revoked = True
            self.world.forced.append("revoked")
            self.world.note("revoked")
        if self.rng.random() < 0.7:
            self.life.keeper.async_note_revoked(PERSON)
            await self.wait(HOUR)
            if self.world.good_since is not None and self.life.keeper.end is None:
                self.world.fail("the event of a revocation was ignored")

    async def false_event(self) -> None:
        self.life.keeper.async_note_revoked(self.rng.choice((PERSON, "ou_other")))


type Event = Callable[[Year], Coroutine[Any, Any, None]]

EVENTS: Mapping[Event, float] = {
    Year.calls: 30,
    Year.expire_and_call: 10,
    Year.canceled_call: 5,
    Year.crash_in_a_refresh: 4,
    Year.crash: 4,
    Year.stop_and_start: 5,
    Year.off: 1.5,
    Year.set_clock: 2,
    Year.sleep: 2,
    Year.trouble: 6,
    Year.bad_disk: 2,
    Year.disk_fails_in_a_refresh: 1,
    Year.lose_an_answer: 1,
    Year.back_up: 1,
    Year.restore: 0.5,
    Year.revoke: 0.3,
    Year.false_event: 2,
}
