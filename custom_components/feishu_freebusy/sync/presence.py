"""Follows the occupancy sensors of rooms, and tells when the use of a room changes."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
import logging
from typing import Final, Protocol

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED, EventEntityRegistryUpdatedData
from homeassistant.helpers.event import async_track_state_change_event

from ..feishu.models import SubjectKind
from ..model.options import Options
from ..model.schedule import Block, single_bookings
from ..model.subject import Subject
from ..model.use import History, Seen, UseSpan, booking_at, next_use_change, together, use_at
from .clock import EntryClock
from .notifier import Notifier
from .subjects import Subjects
from .wake_up import WakeUp

_LOGGER = logging.getLogger(__name__)

_OCCUPIED: Final = {STATE_ON: True, STATE_OFF: False}  # every other state tells nothing
_LEAP: Final = timedelta(seconds=1)
_LONGEST_BLIND: Final = timedelta(minutes=1)  # a longer leap of the clock hides what the sensors saw meanwhile
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

type UseListener = Callable[[str, UseSpan, UseSpan], None]
type RoomsListener = Callable[[set[str], set[str]], None]


class Host(Protocol):
    """Knows the options of the entry."""

    @property
    def options(self) -> Options:
        """The options in force."""


class Presence:
    """Knows how the rooms with occupancy sensors are used. One timer serves all of them."""

    def __init__(
        self, hass: HomeAssistant, name: str, clock: EntryClock, subjects: Subjects, notifier: Notifier, host: Host
    ) -> None:
        """Follow nothing until `async_apply`."""
        self._hass = hass
        self._name = name
        self._clock = clock
        self._subjects = subjects
        self._notifier = notifier
        self._host = host
        self._followed: dict[str, _Room] = {}
        self._sensors: Mapping[str, tuple[str, ...]] = {}  # the current entity ids of each followed room
        self._rooms_of: Mapping[str, list[str]] = {}  # the other way around
        self._chosen: frozenset[str] = frozenset()  # all sensors, as in the options
        self._use_listeners: dict[str | None, list[UseListener]] = {}
        self._rooms_listeners: list[RoomsListener] = []
        self._unsub_states: CALLBACK_TYPE | None = None
        self._unsub_registry: CALLBACK_TYPE | None = None
        self._armed: datetime | None = None
        self._is_stopped = False
        self._wake_up = WakeUp(hass, f"{name} use of rooms", self._on_wake_up, clock.moment)

    @property
    def rooms(self) -> frozenset[str]:
        """Return the ids of the rooms that have occupancy sensors."""
        return frozenset(self._followed)

    @callback
    def span(self, room_id: str) -> UseSpan:
        """Return the use of a room since its last change, the sensors and bookings of this moment included."""
        if (room := self._followed.get(room_id)) is None:
            return UseSpan(self._clock.moment.now, None, None)
        self._notice_leap()
        return self._judge(room)

    @callback
    def async_listen(self, room_id: str | None, listener: UseListener) -> CALLBACK_TYPE:
        """Call `listener` when the use of a room, or of any room (None), changes; return what stops this.

        It gets the id of the room, the span that has ended, and the one that begins.
        """
        self._use_listeners.setdefault(room_id, []).append(listener)
        return lambda: self._use_listeners[room_id].remove(listener)

    @callback
    def async_listen_rooms(self, listener: RoomsListener) -> CALLBACK_TYPE:
        """Call `listener` with the rooms that get their first sensor and those that lose their last one."""
        self._rooms_listeners.append(listener)
        return lambda: self._rooms_listeners.remove(listener)

    @callback
    def async_apply(self) -> None:
        """Follow the rooms that have sensors, by the options. Does nothing after `async_stop`."""
        if self._is_stopped:
            return
        if self._unsub_registry is None:
            self._unsub_registry = self._hass.bus.async_listen(
                EVENT_ENTITY_REGISTRY_UPDATED, self._on_registry, event_filter=self._concerns
            )
        before = self.rooms
        self._follow()
        added, removed = set(self.rooms - before), set(before - self.rooms)
        for listener in list(self._rooms_listeners) if added or removed else ():
            listener(added, removed)

    @callback
    def async_stop(self) -> None:
        """Follow nothing any more."""
        self._is_stopped = True
        self._wake_up.stop()
        for room in self._followed.values():
            room.unsub()
        self._followed = {}
        for unsub in filter(None, (self._unsub_states, self._unsub_registry)):
            unsub()
        self._unsub_states = self._unsub_registry = None

    # The sensors

    @callback
    def _follow(self) -> None:
        """Follow the sensors by the entity ids that they have now. One that was removed tells nothing."""
        registry = er.async_get(self._hass)
        all_chosen = self._host.options.occupancy
        sensors = {
            room_id: tuple(er.async_resolve_entity_id(registry, each) or each for each in chosen)
            for room_id, chosen in all_chosen.items()
            if chosen and room_id in self._subjects
        }
        before, self._sensors = self._sensors, sensors
        self._chosen = frozenset(chain.from_iterable(all_chosen.values()))
        self._rooms_of = rooms_of = defaultdict(list)
        for room_id, entity_ids in sensors.items():
            for entity_id in entity_ids:
                rooms_of[entity_id].append(room_id)
        with self._clock.one_moment():
            for room_id in before.keys() - sensors.keys():
                self._followed.pop(room_id).unsub()
            for room_id in sensors.keys() - before.keys():
                unsub = self._notifier.async_listen(room_id, partial(self._look, room_id))
                history, now = History(self._seen(room_id)), self._clock.moment.now
                self._followed[room_id] = _Room(self._subjects[room_id], history, unsub, now)
            if before != sensors:
                if self._unsub_states:
                    self._unsub_states()
                self._unsub_states = async_track_state_change_event(self._hass, list(rooms_of), self._on_state)
            for room_id, room in self._followed.items():
                if before.get(room_id, sensors[room_id]) != sensors[room_id]:
                    room.history = History(self._seen(room_id))
                self._look(room_id)

    def _seen(self, room_id: str) -> Seen:
        now, states = self._clock.moment.now, self._hass.states
        return together((self._seen_by(states.get(entity_id), now) for entity_id in self._sensors[room_id]), now)

    def _seen_by(self, state: State | None, now: datetime) -> Seen:
        if state is None:
            return Seen(now, occupied=None)
        return Seen(min(state.last_changed + self._clock.offset, now), _OCCUPIED.get(state.state))

    @callback
    def _on_state(self, event: Event[EventStateChangedData]) -> None:
        with self._clock.one_moment() as moment:
            self._notice_leap()
            for room_id in self._rooms_of.get(event.data["entity_id"], ()):
                self._followed[room_id].history.note(moment.now, self._seen(room_id).occupied)
                self._look(room_id)

    @callback
    def _concerns(self, data: EventEntityRegistryUpdatedData) -> bool:
        """Return whether one of the sensors was added, removed or got another entity id."""
        if data["action"] == "update" and "entity_id" not in data["changes"]:
            return False
        entity_id, entry = data["entity_id"], er.async_get(self._hass).async_get(data["entity_id"])
        return entity_id in self._rooms_of or (entry is not None and entry.id in self._chosen)

    @callback
    def _on_registry(self, _event: Event[EventEntityRegistryUpdatedData]) -> None:
        self.async_apply()

    # The use

    @callback
    def _on_wake_up(self) -> None:
        with self._clock.one_moment() as moment:
            self._armed = None
            self._notice_leap()
            for room_id, room in list(self._followed.items()):
                if room.due is not None and room.due <= moment.now:
                    self._look(room_id)
            self._arm(min(filter(None, (room.due for room in self._followed.values())), default=None))

    @callback
    def _notice_leap(self) -> None:
        """Look at all rooms if the clock was set or the machine slept: nobody knows what the sensors saw meanwhile."""
        with self._clock.one_moment() as moment:
            leap = self._wake_up.leap(moment)
            for room_id, room in list(self._followed.items()) if abs(leap) > _LEAP else ():
                if abs(leap) > _LONGEST_BLIND:
                    self._forget(room_id, room, moment.now - leap)
                self._look(room_id)

    @callback
    def _forget(self, room_id: str, room: _Room, until: datetime) -> None:
        """Let the use of a room be unknown since `until`, and start again with what the sensors say now."""
        now = self._clock.moment.now
        room.history = History(Seen(now, self._seen(room_id).occupied))
        ended, room.span = replace(room.span, end=max(until, room.span.start)), UseSpan(now, None, None)
        self._tell(room_id, ended, room.span)

    @callback
    def _look(self, room_id: str) -> None:
        """Tell the listeners if the use of a room has changed, and set the timer."""
        self._notice_leap()
        room, now = self._followed[room_id], self._clock.moment.now
        before, span = room.span, self._judge(room)
        room.due = next_use_change(
            now,
            room.bookings(),
            room.history,
            disabled=room.subject.disabled,
            no_show_after=self._host.options.no_show_after,
        )
        if span is not before:
            room.span = span
            self._tell(room_id, replace(before, end=now), span)
        self._arm(room.due)

    def _judge(self, room: _Room) -> UseSpan:
        """Return the span of a room, a new one if its use has changed."""
        now, subject = self._clock.moment.now, room.subject
        use = booking = None
        if self._subjects.snapshot(subject.info.id):
            bookings = room.bookings()
            booking = booking_at(bookings, now)
            use = use_at(
                now,
                bookings,
                room.history,
                disabled=subject.disabled,
                no_show_after=self._host.options.no_show_after,
            )
        return room.span if room.span.use is use else UseSpan(now, None, use, booking)

    def _tell(self, room_id: str, ended: UseSpan, begun: UseSpan) -> None:
        for listener in [*self._use_listeners.get(room_id, ()), *self._use_listeners.get(None, ())]:
            try:
                listener(room_id, ended, begun)
            except Exception:  # a broken listener must not break others
                _LOGGER.exception("Unexpected error telling of the use of a room of %s", self._name)

    @callback
    def _arm(self, due: datetime | None) -> None:
        """Let the timer fire at an instant at the latest. It may fire early: that does no harm."""
        if self._followed and (self._armed is None or (due is not None and due < self._armed)):
            self._armed = due or _NEVER
            self._wake_up.arm(due, self._clock.moment.now)


class _Room:
    """A room with sensors, and what is known of it."""

    def __init__(self, subject: Subject, history: History, unsub: CALLBACK_TYPE, now: datetime) -> None:
        """`unsub` ends the notifications of its bookings."""
        self.subject = subject
        self.history = history
        self.unsub = unsub
        self.span = UseSpan(now, None, None)
        self.due: datetime | None = None  # when its use may change by time alone
        self._source: tuple[object, bool] | None = None
        self._bookings: tuple[Block, ...] = ()

    def bookings(self) -> tuple[Block, ...]:
        """Return its single bookings; a closure is none."""
        if (reading := self.subject.reading) is None:
            return ()
        count_pending = self.subject.count_pending_as_busy
        if self._source is None or self._source[0] is not reading.periods or self._source[1] is not count_pending:
            self._source = (reading.periods, count_pending)
            self._bookings = single_bookings(
                reading.periods,
                kind=SubjectKind.ROOM,
                start=reading.window_start,
                end=reading.horizon,
                count_pending_as_busy=count_pending,
            )
        return self._bookings
