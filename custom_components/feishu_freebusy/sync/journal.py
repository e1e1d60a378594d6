"""The last polls of an entry, for diagnostics: no names, no ids. They survive reloads and failed set-ups.

Also decides whether a failed poll is a failure of the account.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .._time import local_iso
from ..const import DOMAIN
from ..errors import problem_key, reasons_of
from ..feishu.errors import FeishuError
from ..feishu.limits import AppTraffic
from ..model.subject import Subject
from .clock import EntryClock
from .sources import Answers, has_good, is_failure_of_all

_LOGGER = logging.getLogger(__name__)

_KEPT = 50  # polls: most of an hour
_KEPT_LOG_IDS = 3  # of one poll: the same failures have the same cause


class PollKind(StrEnum):
    """What was read."""

    CATALOGUE = "catalogue"
    FREE_BUSY = "free_busy"


@dataclass(slots=True)
class Poll:
    """One poll. `calls` are all calls of the app meanwhile, with retries; `bad` counts errors by key and code."""

    kind: PollKind
    at: datetime
    seconds: float = 0.0
    calls: int = 0
    good: int = 0
    bad: Counter[tuple[str, int | None]] = field(default_factory=Counter)
    log_ids: list[str] = field(default_factory=list)

    def note(self, answers: Iterable[object]) -> None:
        """Count good answers and errors."""
        for answer in answers:
            if not isinstance(answer, FeishuError):
                self.good += 1
                continue
            self.bad[problem_key(answer), answer.code] += 1
            log_id = answer.details.log_id
            if log_id and log_id not in self.log_ids and len(self.log_ids) < _KEPT_LOG_IDS:
                self.log_ids.append(log_id)

    def as_dict(self) -> dict[str, Any]:
        """Return the poll for diagnostics, with its start in local time."""
        return {
            "kind": self.kind.value,
            "at": local_iso(self.at),
            "seconds": round(self.seconds, 3),
            "calls": self.calls,
            "good": self.good,
            "bad": [{"error": key, "code": code, "count": count} for (key, code), count in self.bad.items()],
            "log_ids": self.log_ids,
        }

    def __str__(self) -> str:
        """Return the counts, the duration and the log ids in one line, for the log."""
        bad = (f"{count} {key}" + (f" ({code})" if code else "") for (key, code), count in self.bad.items())
        log_ids = f"; log ids {', '.join(self.log_ids)}" if self.log_ids else ""
        return f"{', '.join([f'{self.good} good', *bad])}; {self.calls} calls in {self.seconds:.2f} s{log_ids}"


class PollLog:
    """The last polls, oldest first."""

    def __init__(self) -> None:
        self.polls: deque[Poll] = deque(maxlen=_KEPT)

    @contextmanager
    def poll(self, kind: PollKind, entry: ConfigEntry[Any], traffic: AppTraffic, clock: EntryClock) -> Iterator[Poll]:
        """Log the poll in this context. The caller notes the answers; a `FeishuError` is noted and raised again."""
        poll = Poll(kind, clock.moment.now)
        loop = asyncio.get_running_loop()
        started, sent = loop.time(), traffic.sent
        try:
            yield poll
        except FeishuError as error:
            poll.note([error])
            raise
        finally:
            poll.seconds = loop.time() - started
            poll.calls = traffic.sent - sent
            self.polls.append(poll)
            _LOGGER.debug("%s, %s: %s", entry.title, kind.value, poll)


_LOGS: HassKey[defaultdict[str, PollLog]] = HassKey(f"{DOMAIN}_poll_logs")


@callback
def async_poll_log(hass: HomeAssistant, entry: ConfigEntry[Any]) -> PollLog:
    """Return the log of an entry."""
    return hass.data.setdefault(_LOGS, defaultdict(PollLog))[entry.entry_id]


@callback
def async_forget_polls(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Drop the log of an entry that is removed."""
    hass.data.setdefault(_LOGS, defaultdict(PollLog)).pop(entry.entry_id, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll says about the account: its failure, or None. `tells_nothing`: the poll proves neither."""

    failure: FeishuError | None = None
    tells_nothing: bool = False


def outcome_of(answers: Answers, read: Collection[str], failures: Callable[[str], int]) -> Outcome:
    """Return what the answers of a poll say about the account.

    `read` are all subjects that are polled, now or later; `failures` returns the failures in a row of a subject.
    """
    if not answers:
        return Outcome(tells_nothing=True)  # all that were read were dropped meanwhile
    if has_good(answers):
        return Outcome()
    errors = {subject_id: answer for subject_id, answer in answers.items() if isinstance(answer, FeishuError)}
    of_all = [error for error in errors.values() if is_failure_of_all(error)]
    if len(errors) < len(read) and all(failures(subject_id) for subject_id in errors if subject_id in read):
        return Outcome(tells_nothing=bool(of_all))  # only subjects that had failed before were read
    if len(errors) == len(read) > 1 and len({type(error) for error in errors.values()}) == 1:
        return Outcome(next(iter(errors.values())))
    return Outcome(of_all[0] if of_all else None)


class UnreadableLog:
    """Logs once that some subjects can't be read, and once that all can be read again."""

    def __init__(self, account: str) -> None:
        """`account` is its name in the log."""
        self._account = account
        self._some_are = False

    def note(self, subjects: Collection[Subject]) -> None:
        """Check all subjects that are read, after a poll."""
        errors = [subject.error for subject in subjects if subject.error]
        if errors and not self._some_are:
            # No names: logs are shared, and the unavailable entities show which
            reasons = reasons_of(errors)
            _LOGGER.warning(
                "%s of %s rooms and people of %s can't be read: %s", len(errors), len(subjects), self._account, reasons
            )
        if self._some_are and not errors:
            _LOGGER.info("All rooms and people of %s can be read again", self._account)
        self._some_are = bool(errors)


class OutdatedLog:
    """Logs once that the room list is out of date, and once that it can be read again."""

    def __init__(self, account: str) -> None:
        """`account` is its name in the log."""
        self._account = account
        self._is_outdated = False

    def note(self, error: FeishuError | None) -> None:
        """Log why the list is out of date, once; None says that it is not any more."""
        if error and not self._is_outdated:
            _LOGGER.warning(
                "The room list or the status of rooms of %s can't be read, so rooms that are taken out of service go"
                " unnoticed: %s",
                self._account,
                reasons_of([error]),
            )
        if self._is_outdated and not error:
            _LOGGER.info("The room list of %s can be read again", self._account)
        self._is_outdated = error is not None
