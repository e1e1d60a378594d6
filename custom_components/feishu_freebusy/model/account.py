"""The state of an account: what failed, what is out of date, what is used up. The issues follow from it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..feishu.errors import AppError, FeishuError
from .booking import PendingRelease
from .directory import KnownRooms
from .link import Link
from .live import LiveProblem
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Outdated:
    """The room list or the status of rooms can't be read, though free/busy can: since when, and why."""

    since: datetime
    error: FeishuError | None


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Too little of the budget of the month is left: how many calls were made of how many, and until when."""

    used: int
    budget: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """The state of an account after a poll, or when readings become too old.

    `failure` is the exception of the last poll, `subjects` are those that are read, `is_anything_known` says whether
    anything current is known about any of them, `next_try` is when the next of them is due. `clock_error` is how far
    the clock of this machine is ahead of Feishu's, if that matters. `titles_lack` are scopes that titles need; any one
    is enough.
    """

    failure: BaseException | None
    subjects: Collection[Subject]
    is_anything_known: bool
    next_try: datetime
    catalogue: KnownRooms
    outdated: Outdated | None = None
    used_up: UsedUp | None = None
    clock_error: timedelta | None = None
    live_problem: LiveProblem | None = None
    is_stream_refused: bool = False  # the long connection's credentials
    missing_for_actions: tuple[str, ...] = ()  # scopes
    release_stop: PendingRelease | None = None  # why no more bookings of others are ended
    titles_lack: tuple[str, ...] = ()
    link: Link | None = None  # of a person

    @property
    def error(self) -> FeishuError | None:
        """Return the error of Feishu that failed the last poll, None if the cause was another."""
        cause = self.failure.__cause__ if self.failure else None
        return cause if isinstance(cause, FeishuError) else None

    @property
    def error_of_some(self) -> AppError | None:
        """Return an error of the app that only some subjects meet: a kind of user id may need its own scope."""
        errors = (subject.error for subject in self.subjects)
        return next((error for error in errors if isinstance(error, AppError)), None)
