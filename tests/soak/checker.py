"""Compares what is shown of rooms with what must be shown."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_RESTORED, EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er

from simulator import Tenant
from tests.soak import leftovers, oracle
from tests.soak.answers import Answers
from tests.soak.clock import SECOND, YearClock
from tests.soak.home import Home
from tests.soak.office import Office
from tests.soak.oracle import UNAVAILABLE, Known, Span, View
from tests.soak.tally import Tally

BUSY: Final = "busy"
CLOCK_TOLERANCE: Final = 10  # seconds; `ServerClock` ignores smaller changes of the difference
STATUS_AGAIN: Final = timedelta(seconds=70)  # then the status of a closed room that should be open is read again
TIMES: Final = ("busy_since", "busy_until", "next_busy_time", "next_free_time")
# All allowed attributes; an unknown one may change without a reason
ATTRIBUTES: Final = frozenset(
    {
        *(item.name for item in fields(View)),
        *("room_id", "capacity", "building", "floor", "equipment", "friendly_name", "device_class"),
        *("message", "all_day", "start_time", "end_time", "location", "description"),
        *("unit_of_measurement", "state_class", "options"),
        *("event_types", "event_type", "start", "end", "previous_start", "previous_end"),
    }
)
_KEY = re.compile("_((?:omm|ou)_[0-9a-f]+)_(.+)")


class Checker:
    """Records state writes. Checks rooms after each write and on request."""

    home: Home

    def __init__(self, tally: Tally, clock: YearClock, answers: Answers, office: Office, tenant: Tenant) -> None:
        """Compare with the oracle of `answers`, and with the bookings of `tenant`."""
        self._tally, self._clock, self._answers = tally, clock, answers
        self._office, self._tenant = office, tenant
        self._written: set[str] = set()
        self._expected: dict[str, str] = {}
        self._keys: dict[str, tuple[str, str]] = {}  # room id and key, by entity id
        self._ranges: dict[str, object] = {}  # content of each calendar at its last write

    # State writes

    def began(self, hass: HomeAssistant) -> None:
        """Listen to the state events of a new Home Assistant."""
        self._keys.clear()

        @callback
        def record_write(event: Event[Any]) -> None:
            self._record_write(event.data["entity_id"], event.data.get("old_state"), event.data["new_state"])

        @callback
        def record_idle(event: Event[Any]) -> None:
            self._record_idle(event.data["entity_id"])

        hass.bus.async_listen(EVENT_STATE_CHANGED, record_write)
        hass.bus.async_listen(EVENT_STATE_REPORTED, record_idle, event_filter=callback(lambda _: True))

    def left(self) -> None:
        """Expect no flip across the end of an entry. Known answers stay valid, because the entry stores them."""
        self._expected.clear()
        self._answers.drop_pending()

    def ended(self, hass: HomeAssistant) -> None:
        """Record what is left of an entry that has ended; not if others are still loaded."""
        if self.home.other_apps:
            return
        self._tally.left_behind.update(leftovers.running(hass))
        if hass.is_running:
            self._tally.left_behind.update(leftovers.duplicate_listeners(hass))

    def _room_of(self, entity_id: str) -> tuple[str, str]:
        """Return the room id and the key of an entity; empty strings if it is not a room's."""
        if entity_id not in self._keys:
            entity = er.async_get(self.home.hass).async_get(entity_id)
            is_ours = entity is not None and entity.config_entry_id == self.home.entry.entry_id
            found = _KEY.search(entity.unique_id) if entity and is_ours else None
            self._keys[entity_id] = (found[1], found[2]) if found else ("", "")
        return self._keys[entity_id]

    def _record_write(self, entity_id: str, old: State | None, new: State | None) -> None:
        room_id, key = self._room_of(entity_id)
        if not room_id:
            return
        if new and ATTR_RESTORED not in new.attributes and (unknown := new.attributes.keys() - ATTRIBUTES):
            self._tally.mismatch(f"{self._clock.now} {entity_id} is written with {unknown}")
        if key == "calendar":
            self._ranges[room_id] = self._range_of(room_id)
        if key != BUSY:
            return
        self._written.add(room_id)
        self._tally.writes += 1
        if old is None or new is None or ATTR_RESTORED in old.attributes or ATTR_RESTORED in new.attributes:
            return  # the entity is added or removed
        states = {old.state, new.state}
        self._tally.flips_shown += states == {"on", "off"}
        if room_id in self._expected:  # a new room is written before it is read
            self._tally.drops_shown += "unavailable" in states and len(states) > 1

    def _record_idle(self, entity_id: str) -> None:
        """Count a state that was written without a change."""
        room_id, key = self._room_of(entity_id)
        if not room_id:
            return
        if key == "calendar":  # a write without a new state refreshes the calendar's subscribers
            before, self._ranges[room_id] = self._ranges.get(room_id), self._range_of(room_id)
            if before != self._ranges[room_id]:
                return
        self._tally.idle_writes += 1
        self._tally.idle_of[f"{self._clock.now} {entity_id}"] += 1

    def _range_of(self, room_id: str) -> object:
        """Return everything that the events in a room's calendar depend on."""
        self._answers.apply_answers()
        self._answers.apply_scan()
        current = self._answers.oracle
        known, closure = current.known.get(room_id), current.closures.get(room_id)
        if known is None:
            return None
        zone, options = self._zone, self.home.entry.options
        now = self._clock.now + (SECOND if self.home.is_clock_wrong else timedelta())  # it is known to a second
        days = (oracle.midnight(now, zone), oracle.midnight(known.horizon, zone))
        return known.rows, closure, days, options["count_pending_as_busy"]

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.home.zone)

    # Checks

    def settled(self) -> None:
        """Check the rooms that were written and those that should have been."""
        self._answers.apply_answers()
        if (rooms := self._written | self._answers.changed) and not self._clock.has_more_to_do():
            self._written, self._answers.changed = set(), set()
            self.check(rooms)

    def check_free_rooms(self) -> None:
        """Compare the number of free rooms with what is shown of them. A room whose entity is disabled may be free."""
        home = self.home
        if not (home.is_loaded and home.is_settled):
            return
        states = [
            state.state if (state := home.state(room_id)) and not home.is_disabled(room_id) else None
            for room_id in home.entry.options["rooms"]
        ]
        free, hidden = states.count("off"), states.count(None)
        expected = {str(count) for count in range(free, free + hidden + 1)}
        if "on" not in states and not free:
            expected.add(UNAVAILABLE.state)
        self._tally.free_rooms_checks += 1
        if home.free_rooms not in expected:
            self._tally.mismatch(f"{self._clock.now} {home.free_rooms} free rooms, expected {sorted(expected)}")

    def _latest(self, now: datetime) -> datetime:
        """Return the latest time that it may seem to be: if the machine's clock is wrong, time is known inexactly."""
        return now + CLOCK_TOLERANCE * SECOND if self.home.is_clock_wrong else now

    def _check_offers(self, now: datetime) -> None:
        """Find rooms that are offered although one of several apps says that they are busy or closed."""
        current = self._answers.oracle
        for room_id in self.home.offered() & self.home.options["rooms"].keys():
            known = current.known.get(room_id)
            if known is None or known.fresh_until <= now or current.may_be_doubted(room_id, now):
                continue  # what the other app says counts alone
            if current.view(room_id, now, self.home.entry.options, self._zone).state == "on":
                self._tally.false_free += 1
                self._tally.mismatch(f"{now} {room_id[:10]} is offered, but busy by one app")

    def check(self, rooms: set[str]) -> None:
        """Compare what is shown of rooms with what the oracle expects."""
        home, now = self.home, self._clock.now
        if not home.is_settled:
            self._tally.unsettled += 1
            return
        self._answers.apply_answers()
        self._answers.apply_scan()
        self._tally.instants += 1
        self._check_presence(rooms, now)
        if home.other_apps and home.is_loaded:
            self._check_offers(now)
        for room_id in rooms:
            if (state := home.state(room_id)) is None:
                continue
            self._tally.checks += 1
            known = self._answers.oracle.known.get(room_id) if home.is_loaded else None
            expected = self._answers.oracle.view(room_id, now, home.entry.options, self._zone) if known else UNAVAILABLE
            latest = self._latest(now)
            if known and state.state == "unavailable" and known.fresh_until <= latest and now < known.stale_at:
                expected = UNAVAILABLE
            if state.state == "unavailable" and (
                self._answers.oracle.may_be_doubted(room_id, latest) or not self._office.has(room_id)
            ):
                expected = UNAVAILABLE  # what the state rests on may be too old, or the room is gone
            self._check_closure(room_id, state.state, now)
            shown = self._shown(state)
            nearby = self._nearby(room_id, shown, now) if known and home.is_clock_wrong and shown != expected else None
            expected = nearby or expected
            self._compare(room_id, expected, shown, now)
            if known and expected is not UNAVAILABLE:
                self._compare_others(room_id, expected, now)
            if known and expected is not UNAVAILABLE and not nearby:
                self._compare_with_truth(room_id, known, expected, now)
            if home.is_loaded:
                before, self._expected[room_id] = self._expected.get(room_id, expected.state), expected.state
                self._tally.flips_due += {before, expected.state} == {"on", "off"}
                self._tally.drops_due += before != expected.state and UNAVAILABLE.state in (before, expected.state)

    def _nearby(self, room_id: str, shown: View, now: datetime) -> View | None:
        """Return what is shown if it is right some seconds earlier or later: an answer tells the time inexactly."""
        instants = [now + seconds * SECOND for seconds in range(-CLOCK_TOLERANCE, CLOCK_TOLERANCE + 1)]
        oracles = [self._answers.oracle]
        closure, read_at = oracles[0].closures.get(room_id), oracles[0].status_at.get(room_id)
        if closure and read_at and now - read_at <= STATUS_AGAIN:
            # The first answers of a start tell the time. Until then, the end of a closure may seem to be over
            oracles.append(replace(oracles[0], closures={room_id: closure._replace(end=None)}))
        views = (each.view(room_id, then, self.home.entry.options, self._zone) for each in oracles for then in instants)
        return next((view for view in views if view == shown), None)

    def _check_closure(self, room_id: str, state: str, now: datetime) -> None:
        """Find a room that is shown free although it was closed or deleted so long ago that everybody should know."""
        room, closed_at = self._tenant.rooms.get(room_id), self._office.closed_at.get(room_id)
        answers = self._answers
        if state != "off" or not self.home.is_loaded or closed_at is None or not answers.oracle.reads_statuses:
            return
        latest = self._latest(now)  # a closure may seem to end a little early
        if room and room.disabled and room.disabled.contains(now) and room.disabled.contains(latest):
            since = max(closed_at, room.disabled.start)
        elif room is None:
            since = closed_at
        else:
            return
        failed_at = answers.room_api_failed_at
        works = failed_at is None or now - failed_at > 2 * oracle.STATUS_LIMIT
        then = now - oracle.STATUS_LIMIT
        limit = oracle.STATUS_LIMIT if works and self._is_office(then, now) else oracle.STATUS_LIMIT_AT_MOST
        if now - since > limit + oracle.OFFICE_START:
            self._tally.false_free += 1
            self._tally.mismatch(f"{now} {room_id[:10]} off, but closed or deleted since {since}")

    def _is_office(self, start: datetime, end: datetime) -> bool:
        options = self.home.entry.options
        return all(oracle.is_office(options, start + (end - start) * part / 6, self._zone) for part in range(7))

    def _check_presence(self, rooms: set[str], now: datetime) -> None:
        """Find rooms without an entity that should have one, and the other way round."""
        home = self.home
        if not home.is_loaded:
            return
        for room_id in rooms:
            wanted = room_id in home.subject_ids
            is_there = home.state(room_id) is not None
            if is_there is not wanted and not home.is_disabled(room_id):
                self._tally.mismatch(f"{now} {room_id[:10]} entity: {'missing' if wanted else 'left over'}")

    def _compare(self, room_id: str, expected: View, shown: View, now: datetime) -> None:
        self._tally.known_checks += expected is not UNAVAILABLE
        if shown == expected:
            return
        self._tally.false_free += shown.state == "off" and expected.state != "off"
        wrong = [
            f"{item.name}: {getattr(shown, item.name)}, expected {getattr(expected, item.name)}"
            for item in fields(View)
            if getattr(shown, item.name) != getattr(expected, item.name)
        ]
        self._tally.mismatch(f"{now} {room_id[:10]} {'; '.join(wrong)}")

    def _compare_others(self, room_id: str, expected: View, now: datetime) -> None:
        """Check the other entities of the room."""
        until = expected.busy_until if expected.state == "on" else expected.next_busy_time
        for domain, key, value in (
            ("sensor", "next_change", until.isoformat() if until else "unknown"),
            ("sensor", "next_free", expected.next_free_time.isoformat() if expected.next_free_time else "unknown"),
            ("calendar", "calendar", expected.state),
        ):
            if key == "calendar" and self.home.is_clock_wrong:
                continue  # Home Assistant compares events with the clock of the machine
            state = self.home.state(room_id, key, domain)
            if state and state.state != value:
                self._tally.mismatch(f"{now} {room_id[:10]} {key}: {state.state}, expected {value}")
            elif state and key == "calendar" and (event := _event_of(state)) != self._event_text(expected.event):
                self._tally.mismatch(f"{now} {room_id[:10]} {key}: {event}, expected {expected.event}")

    def _event_text(self, event: Span | None) -> tuple[str, str] | None:
        """Return the start and end of an event as a calendar's attributes show them."""
        if event is None:
            return None
        start, end = (f"{instant.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" for instant in event)
        return start, end

    def _compare_with_truth(self, room_id: str, known: Known, expected: View, now: datetime) -> None:
        """Compare with the tenant's bookings, if none has changed since the answer."""
        never = datetime.min.replace(tzinfo=UTC)
        room, person = self._tenant.rooms.get(room_id), self._tenant.users.get(room_id)
        asked_at, closed_at = self._answers.answered[room_id], self._office.closed_at.get(room_id, never)
        if (room is None and person is None) or asked_at < self._office.booked_at.get(room_id, never):
            return
        if room and self._answers.oracle.status_at.get(room_id, never) < closed_at:
            return
        options = self.home.entry.options
        no_booking = {"decline", "removed"}
        if room and known.by_list and not options["count_pending_as_busy"]:
            no_booking.add("needs_action")
        spans = [
            (booking.start, booking.end)
            for booking in self._tenant.calendars.of(room_id)
            if booking.rsvp not in no_booking and not booking.external
        ]
        busy = any(start <= now < end for start, end in oracle.without_short_gaps(spans))
        closed = room is not None and room.disabled is not None and room.disabled.contains(now)
        maybe = any(
            booking.start <= now < booking.end for booking in self._tenant.calendars.of(room_id) if booking.external
        )
        if maybe and not busy and not closed:
            return  # whether it counts depends on the options at the time of the read
        self._tally.truth_checks += 1
        if (expected.state == "on") is not (busy or closed):
            self._tally.mismatch(f"{now} {room_id[:10]} {expected.state}, but by the bookings {busy=} {closed=}")

    def _shown(self, state: State) -> View:
        """Return what an entity shows. Instants that are not in the local time zone become naive, and so differ."""
        if state.state == UNAVAILABLE.state:
            return UNAVAILABLE
        shown = state.attributes
        times = {name: self._instant(text) if (text := shown.get(name)) else None for name in TIMES}
        return View(
            state.state,
            busy_since=times["busy_since"],
            busy_until=times["busy_until"],
            next_busy_time=times["next_busy_time"],
            next_free_time=times["next_free_time"],
            available_now=shown.get("available_now"),
            pending=shown.get("pending"),
            disabled_reason=shown.get("disabled_reason"),
            bookings=tuple((self._instant(row["start"]), self._instant(row["end"])) for row in shown["bookings"])
            if "bookings" in shown
            else None,
        )

    def _instant(self, text: str) -> datetime:
        instant = datetime.fromisoformat(text)
        return instant if instant.astimezone(self._zone).isoformat() == text else instant.replace(tzinfo=None)


def _event_of(state: State) -> tuple[str, str] | None:
    """Return start and end of a calendar's event, or None."""
    shown = state.attributes
    return (shown["start_time"], shown["end_time"]) if "start_time" in shown else None
