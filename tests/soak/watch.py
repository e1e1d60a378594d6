"""Looks at what is shown of rooms, and compares it with what has to be."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Tenant
from tests.soak.clock import YearClock
from tests.soak.hearing import Hearing
from tests.soak.house import House
from tests.soak.office import Office
from tests.soak.oracle import UNAVAILABLE, Known, View
from tests.soak.tally import Tally


class Watch:
    """Knows what was written, and looks when all has happened that takes no time, and when it is told to."""

    house: House

    def __init__(self, tally: Tally, clock: YearClock, hearing: Hearing, office: Office, tenant: Tenant) -> None:
        """Take who knows what has to be shown, and those who know the truth."""
        self._tally, self._clock, self._hearing = tally, clock, hearing
        self._office, self._tenant = office, tenant
        self._written: set[str] = set()
        self._expected: dict[str, str] = {}
        self._untangled: dict[str, str] = {}  # entity ids of rooms, by id
        self.moved_at: datetime | None = None

    # What is written

    def began(self, hass: HomeAssistant) -> None:
        """Listen in a Home Assistant that has just started."""
        self._untangled.clear()

        @callback
        def note_write(event: Event[Any]) -> None:
            self._note_write(event.data["entity_id"], event.data.get("old_state"), event.data["new_state"])

        @callback
        def note_idle(event: Event[Any]) -> None:
            moved = self._clock.now == self.moved_at  # a room without any booking looks the same in another zone
            if self._room_of(event.data["entity_id"]) and not moved:
                self._tally.idle_writes += 1
                self._tally.idle_of[f"{self._clock.now} {event.data['entity_id']}"] += 1

        hass.bus.async_listen(EVENT_STATE_CHANGED, note_write)
        hass.bus.async_listen(EVENT_STATE_REPORTED, note_idle, event_filter=callback(lambda _: True))

    def left(self) -> None:
        """Expect no flip over the end of an entry; what was known is stored, and holds for as long as it would have."""
        self._expected.clear()

    def _room_of(self, entity_id: str) -> str:
        if entity_id not in self._untangled:
            entity = er.async_get(self.house.hass).async_get(entity_id)
            ours = entity is not None and entity.platform == DOMAIN and entity.unique_id.endswith("_busy")
            self._untangled[entity_id] = f"omm_{entity.unique_id.split('_omm_')[1][:-5]}" if entity and ours else ""
        return self._untangled[entity_id]

    def _note_write(self, entity_id: str, old: Any, new: Any) -> None:
        if not (room_id := self._room_of(entity_id)):
            return
        self._written.add(room_id)
        self._tally.writes += 1
        if old and new and {old.state, new.state} == {"on", "off"}:
            self._tally.flips_shown += 1

    # What is looked at

    def settled(self) -> None:
        """Look at what was just written, and at what should have been."""
        if (rooms := self._written | self._hearing.changed) and not self._clock.has_more_to_do():
            self._written, self._hearing.changed = set(), set()
            self.look(rooms)

    def look(self, rooms: set[str]) -> None:
        """Compare what is shown of rooms with what has to be."""
        house, now = self.house, self._clock.now
        if not house.is_settled:
            self._tally.unsettled += 1
            return
        self._hearing.take_over_walk()
        self._tally.instants += 1
        for room_id in rooms:
            if (state := house.state(room_id)) is None:
                continue
            self._tally.looks += 1
            known = self._hearing.oracle.known.get(room_id) if house.is_loaded else None
            expected = self._hearing.oracle.view(room_id, now, house.entry.options) if known else UNAVAILABLE
            if known and state.state == "unavailable" and known.fresh_until <= now < known.stale_at:
                expected = UNAVAILABLE
            self._compare(room_id, expected, _shown(state.state, state.attributes), now)
            if known and expected is not UNAVAILABLE:
                self._compare_others(room_id, expected, now)
                self._compare_with_truth(room_id, known, expected, now)
            before, self._expected[room_id] = self._expected.get(room_id), expected.state
            self._tally.flips_due += {before, expected.state} == {"on", "off"}

    def _compare(self, room_id: str, expected: View, shown: View, now: datetime) -> None:
        self._tally.fresh_looks += expected is not UNAVAILABLE
        if shown == expected:
            return
        self._tally.false_free += shown.state == "off" and expected.state != "off"
        wrong = [
            f"{item.name}: {getattr(shown, item.name)} for {getattr(expected, item.name)}"
            for item in fields(View)
            if getattr(shown, item.name) != getattr(expected, item.name)
        ]
        self._tally.mismatch(f"{now} {room_id[:10]} {'; '.join(wrong)}")

    def _compare_others(self, room_id: str, expected: View, now: datetime) -> None:
        """Compare the other entities of the room."""
        until = expected.busy_until if expected.state == "on" else expected.next_busy_time
        for domain, key, value in (
            ("sensor", "next_change", until.isoformat() if until else "unknown"),
            ("sensor", "next_free", expected.next_free_time.isoformat() if expected.next_free_time else "unknown"),
            ("calendar", "calendar", expected.state),
        ):
            state = self.house.state(room_id, key, domain)
            if state and state.state != value:
                self._tally.mismatch(f"{now} {room_id[:10]} {key}: {state.state} for {value}")

    def _compare_with_truth(self, room_id: str, known: Known, expected: View, now: datetime) -> None:
        """Compare with the bookings themselves, where none was changed since the answer."""
        room, never = self._tenant.rooms.get(room_id), datetime.min.replace(tzinfo=UTC)
        asked_at, closed_at = self._hearing.answered[room_id], self._office.closed_at.get(room_id, never)
        if room is None or asked_at < self._office.booked_at.get(room_id, never):
            return
        if self._hearing.walked_at is None or self._hearing.walked_at < closed_at:
            return
        options = self.house.entry.options
        no_booking = {"decline", "removed"}
        if known.by_list and not options["count_pending_as_busy"]:
            no_booking.add("needs_action")
        busy = any(
            booking.start <= now < booking.end
            for booking in self._tenant.calendars.of(room_id)
            if booking.rsvp not in no_booking and not booking.external
        )
        closed = room.disabled is not None and room.disabled.contains(now)
        maybe = any(
            booking.start <= now < booking.end for booking in self._tenant.calendars.of(room_id) if booking.external
        )
        if maybe and not busy and not closed:
            return  # it counts or does not, as the options said when it was read
        self._tally.true_looks += 1
        if (expected.state == "on") is not (busy or closed):
            self._tally.mismatch(f"{now} {room_id[:10]} {expected.state}, and in truth {busy=} {closed=}")


def _shown(state: str, attributes: Mapping[str, Any]) -> View:
    """Return what an entity shows."""
    if state == "unavailable":
        return UNAVAILABLE
    times = ("busy_since", "busy_until", "next_busy_time", "next_free_time")
    instants = {name: datetime.fromisoformat(text) if (text := attributes[name]) else None for name in times}
    return View(
        state,
        available_now=attributes["available_now"],
        pending=attributes["pending"],
        disabled_reason=attributes["disabled_reason"],
        **instants,
    )
