"""What the one timer of an entry does: show each change on time, and read the statuses that are due."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol

from homeassistant.core import HomeAssistant, callback

from ..model.moment import Moment
from .clock import EntryClock
from .notifier import Notifier
from .poller import Poller
from .subjects import Subjects
from .wake_up import WakeUp


class Host(Protocol):
    """Does what else has to be done when the timer fires."""

    @callback
    def create_task(self, work: Coroutine[Any, Any, None], name: str) -> object:
        """Start work that is canceled when the entry is unloaded."""

    @callback
    def before_changes(self, moment: Moment, leap: timedelta) -> None:
        """The timer has fired; `leap` is how far the wall clock has jumped forward since the last time."""

    @callback
    def after_changes(self) -> None:
        """All subjects that have changed are shown."""

    @callback
    def update_issues(self) -> None:
        """Show the issues that follow from the state of the account."""


class Timer:
    """Fires at the earliest change of any subject, when a status is due, and after a minute at the latest."""

    def __init__(
        self,
        hass: HomeAssistant,
        name: str,
        clock: EntryClock,
        subjects: Subjects,
        notifier: Notifier,
        poller: Poller,
        host: Host,
    ) -> None:
        self._clock = clock
        self._subjects = subjects
        self._notifier = notifier
        self._poller = poller
        self._host = host
        self._wake_up = WakeUp(hass, f"{name} next change", self._on_wake_up, clock.moment)
        self._is_reading_statuses = False

    @callback
    def arm(self) -> datetime | None:
        """Set the timer to the next change; return when the next status is due, by the wall clock."""
        moment = self._clock.moment
        status_due = self._poller.status_due(moment)
        instants = (self._subjects.next_change(), None if self._is_reading_statuses else status_due)
        self._wake_up.arm(min(filter(None, instants), default=None), moment.now)
        return status_due

    @callback
    def stop(self) -> None:
        """Never fire again."""
        self._wake_up.stop()

    @callback
    def _on_wake_up(self) -> None:
        self._wake_up.arm(None, self._clock.moment.now)
        self._host.create_task(self._async_show_changes(), "changes")

    async def _async_show_changes(self) -> None:
        """Notify the listeners of all subjects that have changed, then set the timer to the next change."""
        with self._clock.one_moment() as moment:
            self._host.before_changes(moment, self._wake_up.leap(moment))
        await self._notifier.async_notify_changed(moment)
        with self._clock.one_moment() as moment:
            status_due = self.arm()
            self._notifier.notify(None)
            self._host.after_changes()
            is_due = status_due is not None and status_due <= moment.now
            if is_due and not self._is_reading_statuses and not self._poller.is_stopped:
                self._is_reading_statuses = True
                self._host.create_task(self._async_read_statuses(), "status of rooms")

    async def _async_read_statuses(self) -> None:
        try:
            await self._poller.read_due_statuses()
        finally:
            self._is_reading_statuses = False
        with self._clock.one_moment() as moment:
            status_due = self._poller.status_due(moment)
            if status_due and status_due > moment.now:  # what is still due is tried again in a minute
                self.arm()
            self._host.update_issues()
