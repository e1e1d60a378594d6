"""Tells the entities of a subject when what they show has changed."""

from collections.abc import Callable, Iterable
from functools import partial
import logging

from homeassistant.core import CALLBACK_TYPE, callback

from .._slices import in_slices
from ..model.changes import Change
from ..model.moment import Moment
from .clock import EntryClock
from .subjects import Subjects

_LOGGER = logging.getLogger(__name__)


class Notifier:
    """Calls the listeners of each subject at its changes, and those of the account (None) when it is asked to."""

    def __init__(self, subjects: Subjects, clock: EntryClock, name: str) -> None:
        """`name` is that of the entry, for the log."""
        self._subjects = subjects
        self._clock = clock
        self._name = name
        self._listeners_of: dict[object, list[CALLBACK_TYPE]] = {}
        self._added_listeners: list[Callable[[Iterable[str]], None]] = []
        self._change_listeners: dict[str, list[Callable[[Change], None]]] = {}

    @callback
    def async_listen(self, subject_id: object, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `listener` at each change of a subject, or of the account; return a function that stops this."""
        self._listeners_of.setdefault(subject_id, []).append(listener)
        return lambda: self._listeners_of[subject_id].remove(listener)

    @callback
    def async_listen_added(self, listener: Callable[[Iterable[str]], None]) -> CALLBACK_TYPE:
        """Call `listener` with the ids of new subjects; return a function that stops this."""
        self._added_listeners.append(listener)
        return lambda: self._added_listeners.remove(listener)

    @callback
    def async_listen_bookings(self, subject_id: str, listener: Callable[[Change], None]) -> CALLBACK_TYPE:
        """Call `listener` with each change of a booking of a subject; return a function that stops this."""
        self._change_listeners.setdefault(subject_id, []).append(listener)
        return lambda: self._change_listeners[subject_id].remove(listener)

    @callback
    def hears_of_bookings(self, subject_id: str) -> bool:
        """Return whether anything listens to the changes of the bookings of a subject."""
        return bool(self._change_listeners.get(subject_id))

    @callback
    def notify_bookings(self, subject_id: str, changes: Iterable[Change]) -> None:
        """Call the listeners of the bookings of a subject with each change, at one moment."""
        with self._clock.one_moment():
            for change in changes:
                for listener in list(self._change_listeners.get(subject_id, ())):
                    self._call(partial(listener, change))

    @callback
    def notify_added(self, subject_id: str) -> None:
        """Call the listeners for new subjects."""
        for listener in self._added_listeners:
            listener([subject_id])

    @callback
    def notify(self, subject_id: str | None) -> None:
        """Call the listeners of a subject, or of the account, at one moment."""
        with self._clock.one_moment():
            if subject := self._subjects.get(subject_id or ""):
                subject.last_notified = self._subjects.snapshot(subject.info.id)
            for listener in list(self._listeners_of.get(subject_id, ())):
                self._call(listener)

    def _call(self, listener: Callable[[], None]) -> None:
        try:
            listener()
        except Exception:  # as Home Assistant does: a broken entity must not break others or the poll
            _LOGGER.exception("Unexpected error updating an entity of %s", self._name)

    @callback
    def notify_if_changed(self, subject_id: str) -> bool:
        """Call the listeners of a subject if it may show something else than they were told; return whether it does."""
        with self._clock.one_moment():
            if (subject := self._subjects.get(subject_id)) is None:
                return False
            # Compare with the last notification: the snapshot may have been replaced since, without one
            told, shot = subject.last_notified, self._subjects.snapshot(subject_id)
            if shot is not told:
                self.notify(subject_id)
            return shot != told

    async def async_notify_changed(self, moment: Moment) -> None:
        """Call the listeners of all subjects that have changed at `moment`, in slices."""
        changed = [subject_id for subject_id, subject in self._subjects.items() if not subject.is_told(moment)]
        async for subject_id in in_slices(changed):
            self.notify_if_changed(subject_id)
