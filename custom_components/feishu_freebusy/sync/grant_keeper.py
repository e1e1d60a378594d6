"""Keeps the tokens of the person who is linked to an entry.

A refresh token works once, and the link is lost with an answer that has the next one. So nobody else refreshes, one
refresh runs at a time, and the new tokens are on disk before they are used.

https://open.feishu.cn/document/authentication-management/access-token/refresh-user-access-token
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from math import inf
import random
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..api import async_create_client, async_create_grants
from ..const import CONF_PERSON
from ..feishu.errors import (
    FeishuError,
    NotReachableError,
    RateLimitedError,
    StaleTokenError,
    TokenNotKeptError,
    UnreadableAnswerError,
)
from ..feishu.grants import Grant, GrantError, GrantProblem, Grants
from ..model.link import RENEW_AFTER, Link, LinkEnd
from ..model.moment import LoopSeconds, Moment
from .clock import EntryClock
from .grant_store import GrantStore, Kept, Sent

_LOGGER = logging.getLogger(__name__)

_RENEW_BEFORE_END = 600.0  # seconds
_LAST_MOMENT = 10.0  # seconds before its end; the token could expire during a call
_PATIENCE = 2.0  # seconds that a call waits for a refresh while the old token is good
_DEADLINE = 60.0  # of a refresh, with its second try
_SECOND_TRY_AFTER = 5.0
_JITTER = 0.1  # of the keep-alive: not all entries refresh at the same time
_LOOK_EVERY = 3600.0  # seconds; timers do not notice a clock that was set, or a machine that slept
_TIMER_ERROR = 1.0  # seconds; a timer may fire early
_BETWEEN_CALLS = 30.0  # seconds; after a failure, calls without a token do not try sooner
_LONGEST_BACK_OFF = 3600.0
_AFTER_REFUSAL = 3600.0
_BETWEEN_FORCED = 10.0  # seconds; a token so new is not replaced
_REVOKE_DEADLINE = 5.0
_CLOCK_ERROR = timedelta(minutes=10)  # a time in the future by more shows that the clock was set back

_TOLD_BY_CODE = {20037: LinkEnd.EXPIRED, 20073: LinkEnd.COPIED}
_FINAL = frozenset({GrantProblem.REFRESH, GrantProblem.OTHER_APP, GrantProblem.CODE})


class GrantKeeper:
    """The tokens of the person of an entry, if one is linked. It is the `TokenSource` of calls in their name.

    Calls get a token on demand. A timer refreshes in time even if nobody calls: a refresh token lives for a week.
    """

    def __init__(
        self,
        entry: ConfigEntry[Any],
        store: GrantStore,
        clock: EntryClock,
        grants: Callable[[], Grants | None],
        on_change: Callable[[], None],
    ) -> None:
        """`grants` returns what gets the tokens, None if it is not known where people sign in.

        `on_change` is called when `link` has changed.
        """
        self._entry = entry
        self._store = store
        self._clock = clock
        self._grants = grants
        self._on_change = on_change
        self._lock = asyncio.Lock()  # held while the tokens are read, refreshed, written and published
        self._renewal: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_started = self._is_stopped = False
        self._forget()

    def _forget(self) -> None:
        self._kept: Kept | None = None
        self._unwritten: _New | None = None  # the disk did not take them yet
        self._requested_at: LoopSeconds | None = None  # the refresh token; None if it is from before the start
        self._access_ends = -inf  # by the loop's clock
        self._jitter = 0.0
        self._is_refused = False  # Feishu refused the access token
        self._is_revoked = False  # Feishu said so; the next refresh shows whether it is true
        self._is_missing = False
        self._patient_until = -inf
        self._note_success()

    def _note_success(self) -> None:
        self._error: FeishuError | None = None  # why the last refresh failed
        self._refusal: GrantError | None = None  # the last one since a success
        self._failures = 0
        self._next_call_at = self._next_try_at = -inf

    # The link

    @property
    def is_linked(self) -> bool:
        """Return whether there is a person, whether their link works or not."""
        return CONF_PERSON in self._entry.data

    @property
    def link(self) -> Link | None:
        """Return what is known of the link, None if there is no person."""
        if not self.is_linked:
            return None
        return Link(
            consented_at=self._kept.consented_at if self._kept else None,
            problem=self.problem,
            code=self.problem_code,
            challenge_url=self._refusal.challenge_url if self._refusal else "",
            end=self.end,
            is_to_renew=self.renew_by is not None and self._clock.moment.now >= self.renew_by,
        )

    @property
    def end(self) -> LinkEnd | None:
        """Return why the person has to consent again, None while the link works."""
        if self._is_missing:
            return LinkEnd.MISSING
        return self._kept.end if self._kept else None

    @property
    def problem(self) -> GrantProblem | None:
        """Return why Feishu refuses to refresh, None if it does not."""
        if self._is_missing:
            return GrantProblem.REFRESH
        return self._refusal.problem if self._refusal else None

    @property
    def problem_code(self) -> int | None:
        """Return the code of the last refusal."""
        return self._refusal.code if self._refusal else None

    @property
    def renew_by(self) -> datetime | None:
        """Return from when on the person should consent again."""
        return self._kept.consented_at + RENEW_AFTER if self._kept else None

    @property
    def refreshed_at(self) -> datetime | None:
        """Return when the tokens were refreshed."""
        return self._kept.refreshed_at if self._kept else None

    @property
    def error(self) -> FeishuError | None:
        """Return the failure of the last refresh, None if it worked."""
        return self._error

    async def async_load(self) -> None:
        """Load the tokens. Without a person, delete those of one who was never linked completely."""
        kept, person = await self._store.async_load(), self._entry.data.get(CONF_PERSON)
        if person is None:
            if kept:
                await self._store.async_remove()
        elif kept is None or kept.open_id != person["open_id"]:
            self._is_missing = True
        else:
            self._take(kept)

    def _take(self, kept: Kept) -> None:
        """Use tokens from the disk. How old they are is known only by the wall clock."""
        moment = self._clock.moment
        left = (kept.access_ends - moment.now).total_seconds()
        self._access_ends = moment.loop + left if _has_known_age(kept, moment) else -inf
        self._requested_at = None
        self._keep(kept)
        if kept.end and kept.end is not LinkEnd.UNAVAILABLE:
            self._refusal = GrantError(GrantProblem.REFRESH)

    def _keep(self, kept: Kept) -> None:
        if self._kept is None or self._kept.refresh_token != kept.refresh_token:
            self._jitter = random.uniform(-_JITTER, _JITTER)  # noqa: S311  # not for security
        self._kept = kept

    async def async_adopt(self, grant: Grant, *, open_id: str, consented_at: datetime) -> None:
        """Link a person, or the same one again. Their tokens are on disk when this returns.

        The grant of another person, who was linked before, is revoked if Feishu answers soon.

        Raises `TokenNotKeptError`; then nothing has changed. Raises `ValueError` for a grant without a refresh token.
        """
        if grant.refresh_token is None:
            raise ValueError("without a refresh token, a link would end in hours")
        async with self._lock:
            former = await self._latest()
            new = _new(grant, self._clock.moment, open_id, consented_at)
            await self._store.async_save(new.kept)
            self._forget()
            self._publish(new)
            if former and former.open_id != open_id:  # those of the same person may depend on each other
                await _revoke(self._grants(), former)
        self._arm()
        self._on_change()

    async def async_unlink(self) -> None:
        """Revoke the grant if Feishu answers soon, and delete the tokens."""
        async with self._lock:
            await _revoke(self._grants(), await self._latest())
            await self._store.async_remove()
            self._forget()
        self._arm()
        self._on_change()

    async def _latest(self) -> Kept | None:
        """Return the newest tokens, also those that are not written or not loaded."""
        return self._unwritten.kept if self._unwritten else self._kept or await self._store.async_load()

    # Tokens

    @property
    def current(self) -> str | None:
        """Return the access token if it is not due for renewal, else None: `get` then returns one."""
        return self._access(_RENEW_BEFORE_END)

    def _access(self, seconds: float = 0.0) -> str | None:
        """Return the access token if it is good for longer than this."""
        if self._kept is None or self._is_refused:
            return None
        moment = self._clock.moment
        left = min(self._access_ends - moment.loop, (self._kept.access_ends - moment.now).total_seconds())
        return self._kept.access_token if left > seconds else None

    async def get(self) -> str:
        """Return a valid token. Raises the `FeishuError` of the refresh.

        After a failed refresh, the old token serves until its end. A canceled call does not cancel the refresh.
        """
        if token := self.current:
            return token
        if self._renewal is None and self._error and self._now() < self._next_call_at:
            if token := self._access():
                return token
            raise self._error.with_traceback(None)
        renewal = self._renewal or self._begin()
        await asyncio.wait([renewal], timeout=self._patience)
        if (token := self._access()) is None:
            await asyncio.wait([renewal])
            renewal.result()
            token = self._access()
        if token is None:
            raise StaleTokenError("the new token has expired already")
        return token

    async def replace(self, stale: str) -> str:
        """Return another token after Feishu refused `stale`; the same one if it was issued just now."""
        if self._kept and self._kept.access_token == stale:
            if self._requested_at is not None and self._now() - self._requested_at < _BETWEEN_FORCED:
                return stale
            self._is_refused = True
        return await self.get()

    @property
    def _patience(self) -> float | None:
        """How many seconds to wait for a refresh, None to wait until it ends."""
        return max(self._patient_until - self._now(), 0.0) if self._access(_LAST_MOMENT) else None

    @callback
    def async_note_revoked(self, open_id: str) -> None:
        """Find out whether the grant is revoked, as an event says of this person. Other people are ignored."""
        if self._kept and self.is_linked and open_id == self._kept.open_id and not self._is_over:
            if not self._is_revoked:  # the same event may come again and again
                self._is_revoked = True
                self._next_try_at = self._now()
            self._arm()

    async def async_check(self) -> None:
        """Refresh now, although the last refusal is recent. Raises the `FeishuError` of the refresh."""
        self._next_call_at = self._next_try_at = -inf
        renewal = self._renewal or self._begin()
        await asyncio.wait([renewal])
        renewal.result()

    # The timer

    @callback
    def async_start(self) -> None:
        """Begin to keep the link alive."""
        self._is_started = True
        self._arm()
        if self.end:
            self._on_change()

    async def async_stop(self) -> None:
        """Refresh no more, and wait until a refresh under way has been written."""
        self._is_stopped = True
        self._arm()
        if self._renewal:
            await asyncio.wait([self._renewal], timeout=_DEADLINE + _SECOND_TRY_AFTER)
        if not self._lock.locked():  # else the disk hangs
            async with self._lock:
                with suppress(TokenNotKeptError):
                    await self._write_new()

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due = self._due_in()
        if self._is_started and not self._is_stopped and not self._renewal and due is not None:
            delay = max(min(due, _LOOK_EVERY), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        due = self._due_in()
        if due is not None and due < _TIMER_ERROR:
            self._begin()
        else:
            self._arm()

    def _due_in(self) -> float | None:
        """Return in how many seconds the timer should refresh, None if never.

        What the wall clock says is a reason to refresh, never a reason to give up: Feishu alone ends a link.
        """
        kept, moment = self._kept, self._clock.moment
        if self._unwritten:
            return self._next_try_at - moment.loop
        if kept is None or self._is_over:
            return None
        age = (moment.now - kept.refreshed_at).total_seconds()
        if self._requested_at is not None:
            age = max(age, moment.loop - self._requested_at)
        due = kept.refresh_lifetime / 2 * (1 + self._jitter) - age
        if kept.sent is not Sent.NO or kept.end or not _has_known_age(kept, moment):
            due = 0.0
        if self._is_revoked:
            due = 0.0 if self._requested_at is None else self._requested_at + _BETWEEN_FORCED - moment.loop
        return max(due, self._next_try_at - moment.loop)

    @property
    def _is_over(self) -> bool:
        """Return whether only a new consent helps."""
        return self._kept is None or (self._kept.end is not None and self._kept.end is not LinkEnd.UNAVAILABLE)

    # A refresh

    def _begin(self) -> asyncio.Task[None]:
        self._renewal = asyncio.create_task(self._renew(), name=f"{self._entry.title} token of a person")
        self._renewal.add_done_callback(self._on_renewed)
        self._patient_until = self._now() + _PATIENCE
        return self._renewal

    def _on_renewed(self, task: asyncio.Task[None]) -> None:
        self._renewal = None
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, FeishuError):
            _LOGGER.error("Unexpected error refreshing the token of %s", self._entry.title, exc_info=error)
            self._put_off(_BETWEEN_CALLS, _LONGEST_BACK_OFF)
        self._arm()

    async def _renew(self) -> None:
        """Refresh the tokens if that is still needed, and note the result."""
        before = self.link
        async with self._lock:
            if self.current and (due := self._due_in()) is not None and due > 0:
                return  # somebody linked a person while this waited for the lock
            try:
                if self._unwritten is None:
                    self._unwritten = await self._refresh()
                await self._write_new()
                self._note_success()
            except FeishuError as error:
                self._note_failure(error)
                raise
            finally:
                if self.link != before:
                    self._on_change()

    async def _refresh(self) -> _New:
        """Return new tokens, which are not written yet."""
        if self._is_stopped:
            raise NotReachableError("the entry is not loaded any more")
        stored = await self._store.async_load()
        if stored and self._kept and stored.open_id == self._kept.open_id and _is_newer(stored, self._kept):
            self._take(stored)
        kept, grants = self._kept, self._grants()
        if kept is None or self._is_over:
            raise (self._refusal or GrantError(GrantProblem.REFRESH)).with_traceback(None)
        if grants is None:
            raise GrantError(GrantProblem.REQUEST)
        attempt = _Attempt(grants, self._clock, is_in_doubt=kept.sent is Sent.MAYBE)
        # Shows that the answer can be written, too. After a crash, the mark says that the token may have been used
        marked = replace(kept, sent=Sent.MAYBE)
        await self._store.async_save(marked)
        self._kept = kept = marked
        try:
            moment, grant = await attempt.refresh(kept.refresh_token)
        except FeishuError as error:
            await self._note_refusal(kept, error, is_in_doubt=attempt.is_in_doubt)
            raise
        return _new(grant, moment, kept.open_id, kept.consented_at, before=kept)

    async def _note_refusal(self, kept: Kept, error: FeishuError, *, is_in_doubt: bool) -> None:
        """Write down that the refresh token was not used up, or why the link has ended."""
        end = _end_of(error, is_in_doubt=is_in_doubt, is_revoked=self._is_revoked)
        if end or not is_in_doubt:
            self._kept = replace(kept, sent=Sent.MAYBE if is_in_doubt else Sent.REFUSED, end=end or kept.end)
            with suppress(TokenNotKeptError):
                await self._store.async_save(self._kept)
        if end:
            self._is_revoked = False

    async def _write_new(self) -> None:
        """Write the new tokens, and use them from then on."""
        if self._unwritten:
            await self._store.async_save(self._unwritten.kept)
            self._publish(self._unwritten)

    def _publish(self, new: _New) -> None:
        self._keep(new.kept)
        self._unwritten = None
        self._is_refused = self._is_revoked = self._is_missing = False
        self._access_ends = new.access_ends
        if new.has_refresh_token:
            self._requested_at = new.requested_at

    def _note_failure(self, error: FeishuError) -> None:
        if self._error is None or type(self._error) is not type(error) or self._error.code != error.code:
            level = logging.WARNING if isinstance(error, (GrantError, TokenNotKeptError)) else logging.DEBUG
            _LOGGER.log(level, "%s: the token of the linked person can't be refreshed: %s", self._entry.title, error)
        self._error = error
        self._failures += 1
        if isinstance(error, GrantError):
            self._refusal = error
            self._put_off(_AFTER_REFUSAL, _AFTER_REFUSAL)
            return
        if self._unwritten:  # a crash would lose the link, and to write costs no call
            self._put_off(_BETWEEN_CALLS, _BETWEEN_CALLS)
            return
        wait = (error.retry_after if isinstance(error, RateLimitedError) else None) or _BETWEEN_CALLS
        self._put_off(wait, max(wait, min(_BETWEEN_CALLS * 2**self._failures, _LONGEST_BACK_OFF)))

    def _put_off(self, calls: float, timer: float) -> None:
        now = self._now()
        self._next_call_at, self._next_try_at = now + calls, now + timer

    def _now(self) -> float:
        return self._clock.moment.loop


class _Attempt:
    """Sends a refresh token, and once more if no answer comes. The second time, Feishu may know it as used."""

    def __init__(self, grants: Grants, clock: EntryClock, *, is_in_doubt: bool) -> None:
        """`is_in_doubt`: the token may have been used up before."""
        self._grants = grants
        self._clock = clock
        self.is_in_doubt = is_in_doubt

    async def refresh(self, refresh_token: str) -> tuple[Moment, Grant]:
        """Return the new tokens and when they were asked for. Raises `FeishuError`."""
        try:
            async with asyncio.timeout(_DEADLINE):
                with suppress(NotReachableError, UnreadableAnswerError):
                    return self._clock.moment, await self._grants.refresh(refresh_token)
                self.is_in_doubt = True
                await asyncio.sleep(_SECOND_TRY_AFTER)
                return self._clock.moment, await self._grants.refresh(refresh_token)
        except TimeoutError:
            self.is_in_doubt = True
            raise NotReachableError("no answer in time") from None


@dataclass(frozen=True, slots=True)
class _New:
    """The tokens of an answer. `requested_at` and `access_ends` are by the loop's clock."""

    kept: Kept
    requested_at: LoopSeconds
    access_ends: float
    has_refresh_token: bool


def _new(grant: Grant, moment: Moment, open_id: str, consented_at: datetime, before: Kept | None = None) -> _New:
    """Return the tokens of an answer to a request at `moment`. Without a refresh token, the one of before goes on."""
    kept = Kept(
        open_id=open_id,
        consented_at=consented_at,
        access_token=grant.access_token,
        access_ends=moment.now + timedelta(seconds=grant.access_lifetime),
        refresh_token=grant.refresh_token or "",
        refreshed_at=moment.now,
        refresh_lifetime=grant.refresh_lifetime,
    )
    if before and not grant.refresh_token:
        kept = replace(
            kept,
            refresh_token=before.refresh_token,
            refreshed_at=before.refreshed_at,
            refresh_lifetime=before.refresh_lifetime,
        )
    return _New(kept, moment.loop, moment.loop + grant.access_lifetime, grant.refresh_token is not None)


def _is_newer(stored: Kept, kept: Kept) -> bool:
    """Return whether another process has refreshed the tokens since."""
    return stored.refresh_token != kept.refresh_token and stored.refreshed_at > kept.refreshed_at


def _has_known_age(kept: Kept, moment: Moment) -> bool:
    """Return whether the wall clock can tell how old the tokens are. It can't if it was set back."""
    return kept.refreshed_at <= moment.now + _CLOCK_ERROR


def _end_of(error: FeishuError, *, is_in_doubt: bool, is_revoked: bool) -> LinkEnd | None:
    """Return why the link has ended, None if it goes on."""
    if not isinstance(error, GrantError):
        return None
    if error.problem is GrantProblem.PERSON:
        return LinkEnd.UNAVAILABLE
    if error.problem is GrantProblem.OTHER_APP:
        return LinkEnd.OTHER_APP
    if error.problem not in _FINAL:
        return None
    if is_revoked:
        return LinkEnd.REVOKED
    told = _TOLD_BY_CODE.get(error.code or 0, LinkEnd.REVOKED)
    return LinkEnd.INTERRUPTED if is_in_doubt and told is not LinkEnd.EXPIRED else told


async def _revoke(grants: Grants | None, kept: Kept | None) -> None:
    if grants is None or kept is None or (kept.end and kept.end is not LinkEnd.UNAVAILABLE):
        return
    with suppress(FeishuError, TimeoutError):
        async with asyncio.timeout(_REVOKE_DEADLINE):
            await grants.revoke(kept.refresh_token)


def async_grant_keeper(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    clock: EntryClock | None = None,
    on_change: Callable[[], None] = lambda: None,
) -> GrantKeeper:
    """Return the keeper of an entry. If the entry is not loaded, it is only for linking and unlinking."""
    clock = clock or EntryClock(hass, async_create_client(hass, entry.data).traffic.clock)
    return GrantKeeper(entry, GrantStore(hass, entry), clock, lambda: async_create_grants(hass, entry.data), on_change)


async def async_remove_grant(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Revoke the grant of an entry that is removed, and delete its tokens."""
    await async_grant_keeper(hass, entry).async_unlink()
