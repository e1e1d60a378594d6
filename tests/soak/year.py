"""Lives through a year, and looks at every room whenever anything may have changed."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
import gc
import heapq
from itertools import count
import math
import random
from typing import Any, Final, cast, override
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components.feishu_freebusy.const import DOMAIN
from simulator import Call, Tenant
from tests.clock import Clock
from tests.soak import oracle
from tests.soak.house import House, forget_cancelled_timers
from tests.soak.office import DAYS_AHEAD, Office
from tests.soak.oracle import GRACE_AT_LEAST, GRACE_BEYOND, UNAVAILABLE, Closure, Known, Oracle, View
from tests.soak.plan import Plan
from tests.soak.tally import Mark, Tally
from tests.soak.trouble import Trouble, Troubles, seconds
from tests.soak.witness import BATCH, LIST, ROOMS, ROOMS_MGET, Witness, items_by_room, window_of

WINDOW_BEFORE: Final = timedelta(hours=24)
LONGEST_INTERVAL: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
HAIR: Final = timedelta(milliseconds=1)  # timers fire no earlier than their instant
MARKED_AHEAD: Final = timedelta(days=2)
ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
MARKS: Final = 8  # in a year: when it is counted what there is

OPTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"scan_interval": 1200},
    {"scan_interval": 600},
    {"scan_interval": 900},
    {"horizon_days": 3},
    {"horizon_days": 7},
    {"horizon_days": 14},
    {"min_free_minutes": 5},
    {"min_free_minutes": 15},
    {"min_free_minutes": 30},
    {"count_pending_as_busy": True},
    {"count_pending_as_busy": False},
    {"include_external_calendar": True},
    {"include_external_calendar": False},
    {"plan": "free", "monthly_budget": 25_000},
    {"plan": "paid"},
    {"source": "auto", "scan_interval": 900},
    {"source": "batch"},
    {"off_hours": {"enabled": False, "start": "20:00:00", "end": "07:00:00", "days": []}, "scan_interval": 900},
    {"off_hours": {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}},
    {"off_hours": {"enabled": True, "start": "12:00:00", "end": "13:00:00", "days": ["wed"]}, "scan_interval": 900},
)
FIRST_OPTIONS: Final[dict[str, Any]] = {
    "plan": "paid",
    "source": "batch",
    "scan_interval": 600,
    "monthly_budget": 25_000,
    "horizon_days": 7,
    "min_free_minutes": 15,
    "count_pending_as_busy": False,
    "include_external_calendar": True,
    "off_hours": {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]},
}

type Deed = Callable[[], Awaitable[None]]


class WallClock:
    """What the clock on the wall says."""

    def __init__(self) -> None:
        """Stand still."""
        self._now = datetime(2000, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return what it says."""
        return self._now

    def timestamp(self) -> float:
        """Return that in Unix seconds."""
        return self._now.timestamp()

    def tick(self, duration: timedelta) -> None:
        """Go on by so much."""
        self._now += duration

    def move_to(self, then: datetime) -> None:
        """Be set."""
        self._now = then


class YearClock(Clock):
    """A clock that says whenever all has happened that takes no time."""

    def __init__(self, wall: WallClock) -> None:
        """Stand still; the first Home Assistant is still to be followed."""
        super().__init__(cast("HomeAssistant", None), cast("FrozenDateTimeFactory", wall))
        self._wall = wall
        self.settled: Callable[[], None] = lambda: None

    @property
    @override
    def now(self) -> datetime:
        """Return what the wall clock says, without asking who asks."""
        return self._wall.now()

    def has_more_to_do(self) -> bool:
        """Tell whether another timer is due at this instant: several fire one after the other."""
        wait = self._next_timer()
        return wait is not None and wait < HAIR

    @override
    def _next_timer(self) -> timedelta | None:
        timers = self._hass.loop._scheduled  # type: ignore[attr-defined]  # a heap, so that the first is the next
        if not timers or timers[0].cancelled():
            return super()._next_timer()
        return timedelta(microseconds=max(math.ceil((timers[0].when() - self._seconds) * 1e6), 0))

    @override
    async def settle(self) -> None:
        """Let all happen that takes no time."""
        await super().settle()
        self.settled()


class Year:
    """The year. `live` lives through it; what came of it is in `tally`."""

    def __init__(self, plan: Plan, tenant: Tenant, witness: Witness, clock: YearClock) -> None:
        """Take what it is made of."""
        self.plan, self.tally = plan, Tally()
        self._tenant, self._witness, self._clock = tenant, witness, clock
        self._rng = random.Random(plan.seed)  # noqa: S311  # no secret
        self._oracle = Oracle()
        self._office = Office(tenant, self._rng, lambda: clock.now)
        self._order = count()
        self._deeds: list[tuple[datetime, int, Deed]] = []
        self._marks: defaultdict[datetime, set[str]] = defaultdict(set)
        self._instants: list[datetime] = []  # those of `_marks`, as a heap
        self._written: set[str] = set()
        self._changed: set[str] = set()  # of these an answer brought news
        self._expected: dict[str, str] = {}
        self._walks: list[tuple[datetime, dict[str, Closure | None]]] = []
        self._walked_at: datetime | None = None
        self._answered: dict[str, datetime] = {}
        self._read_at: tuple[datetime, timedelta, timedelta] | None = None
        self._moved_at: datetime | None = None
        self._on_at: set[str] = set()  # names of troubles of the tenant
        self._untangled: dict[str, str] = {}  # entity ids of rooms, by id

    # What is heard

    def told(self, call: Call, data: Mapping[str, Any] | None) -> None:
        """Take a call that was made, and its answer if it was a good one."""
        if call.path in (BATCH, LIST):
            self._note_free_busy(call, data)
        elif data and call.path in (ROOMS, ROOMS_MGET):
            rooms = data.get("rooms") or data.get("items") or ()
            closures = {room["room_id"]: oracle.closure_of(room.get("room_status")) for room in rooms}
            self._walks.append((self._clock.now, closures))

    def _note_free_busy(self, call: Call, data: Mapping[str, Any] | None) -> None:
        window = window_of(call)
        if window is None:
            return
        read_at = window[0] + WINDOW_BEFORE
        if self._read_at is None or self._read_at[0] != read_at:
            self._read_at = (read_at, *self._graces())
            self.tally.polls += 1
        if data is None:
            return
        _, grace, longest = self._read_at
        now = self._clock.now
        for room_id, items in items_by_room(call, data).items():
            known = Known(oracle.rows_of(items), *window, read_at + grace, read_at + longest, by_list=call.path == LIST)
            before = self._oracle.known.get(room_id)
            self._oracle.known[room_id] = known
            self._answered[room_id] = now
            self._mark(known.fresh_until, room_id)
            if before is None or before.rows != known.rows:
                self._changed.add(room_id)
                for edge in self._oracle.edges(room_id):
                    self._mark(edge, room_id)

    def _graces(self) -> tuple[timedelta, timedelta]:
        """Return for how long at least, and at most, what is read now holds."""
        house = self._house
        longest = LONGEST_INTERVAL + GRACE_BEYOND
        options = house.entry.options
        if options["plan"] == "free":  # then the budget may stretch the interval, by a rule that has tests of its own
            return oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(house.zone))), longest
        if house.is_loaded and not house.is_settled:
            return GRACE_AT_LEAST, longest
        grace = oracle.grace(oracle.interval(options, self._clock.now, ZoneInfo(house.zone)))
        return grace, grace

    def _mark(self, edge: datetime, room_id: str) -> None:
        """Have a room looked at right before, at, and right after an instant."""
        now = self._clock.now
        if not now < edge < now + MARKED_AHEAD:
            return
        for instant in (edge - SECOND, edge + HAIR, edge + SECOND):
            if instant not in self._marks:
                heapq.heappush(self._instants, instant)
            self._marks[instant].add(room_id)

    def _began(self, hass: HomeAssistant) -> None:
        """Listen in a Home Assistant that has just started."""
        self._untangled.clear()

        @callback
        def note_write(event: Event[Any]) -> None:
            self._note_write(event.data["entity_id"], event.data.get("old_state"), event.data["new_state"])

        @callback
        def note_idle(event: Event[Any]) -> None:
            moved = self._clock.now == self._moved_at  # a room without any booking looks the same in another zone
            if self._room_of(event.data["entity_id"]) and not moved:
                self.tally.idle_writes += 1
                self.tally.idle_of[f"{self._clock.now} {event.data['entity_id']}"] += 1

        hass.bus.async_listen(EVENT_STATE_CHANGED, note_write)
        hass.bus.async_listen(EVENT_STATE_REPORTED, note_idle, event_filter=callback(lambda _: True))

    def _left(self) -> None:
        """Expect no flip over the end of an entry; what was known is stored, and holds for as long as it would have."""
        self._expected.clear()

    def _room_of(self, entity_id: str) -> str:
        if entity_id not in self._untangled:
            entity = er.async_get(self._house.hass).async_get(entity_id)
            ours = entity is not None and entity.platform == DOMAIN and entity.unique_id.endswith("_busy")
            self._untangled[entity_id] = f"omm_{entity.unique_id.split('_omm_')[1][:-5]}" if entity and ours else ""
        return self._untangled[entity_id]

    def _note_write(self, entity_id: str, old: Any, new: Any) -> None:
        if not (room_id := self._room_of(entity_id)):
            return
        self._written.add(room_id)
        self.tally.writes += 1
        if old and new and {old.state, new.state} == {"on", "off"}:
            self.tally.flips_shown += 1

    # What is looked at

    def settled(self) -> None:
        """Look at what was just written, and at what should have been."""
        if (rooms := self._written | self._changed) and not self._clock.has_more_to_do():
            self._written, self._changed = set(), set()
            self._look(rooms)

    def _look(self, rooms: set[str]) -> None:
        """Compare what is shown of rooms with what has to be."""
        house, now = self._house, self._clock.now
        if not house.is_settled:
            self.tally.unsettled += 1
            return
        self._take_over_walk()
        self.tally.instants += 1
        for room_id in rooms:
            if (state := house.state(room_id)) is None:
                continue
            self.tally.looks += 1
            known = self._oracle.known.get(room_id) if house.is_loaded else None
            expected = self._oracle.view(room_id, now, house.entry.options) if known else UNAVAILABLE
            if known and state.state == "unavailable" and known.fresh_until <= now < known.stale_at:
                expected = UNAVAILABLE
            self._compare(room_id, expected, _shown(state.state, state.attributes), now)
            if known and expected is not UNAVAILABLE:
                self._compare_others(room_id, expected, now)
                self._compare_with_truth(room_id, known, expected, now)
            before, self._expected[room_id] = self._expected.get(room_id), expected.state
            self.tally.flips_due += {before, expected.state} == {"on", "off"}

    def _compare(self, room_id: str, expected: View, shown: View, now: datetime) -> None:
        self.tally.fresh_looks += expected is not UNAVAILABLE
        if shown == expected:
            return
        self.tally.false_free += shown.state == "off" and expected.state != "off"
        wrong = [
            f"{item.name}: {getattr(shown, item.name)} for {getattr(expected, item.name)}"
            for item in fields(View)
            if getattr(shown, item.name) != getattr(expected, item.name)
        ]
        self.tally.mismatch(f"{now} {room_id[:10]} {'; '.join(wrong)}")

    def _compare_others(self, room_id: str, expected: View, now: datetime) -> None:
        """Compare the other entities of the room."""
        until = expected.busy_until if expected.state == "on" else expected.next_busy_time
        for domain, key, value in (
            ("sensor", "next_change", until.isoformat() if until else "unknown"),
            ("sensor", "next_free", expected.next_free_time.isoformat() if expected.next_free_time else "unknown"),
            ("calendar", "calendar", expected.state),
        ):
            state = self._house.state(room_id, key, domain)
            if state and state.state != value:
                self.tally.mismatch(f"{now} {room_id[:10]} {key}: {state.state} for {value}")

    def _compare_with_truth(self, room_id: str, known: Known, expected: View, now: datetime) -> None:
        """Compare with the bookings themselves, where none was changed since the answer."""
        room, never = self._tenant.rooms.get(room_id), datetime.min.replace(tzinfo=UTC)
        asked_at, closed_at = self._answered[room_id], self._office.closed_at.get(room_id, never)
        if room is None or asked_at < self._office.booked_at.get(room_id, never):
            return
        if self._walked_at is None or self._walked_at < closed_at:
            return
        options = self._house.entry.options
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
        self.tally.true_looks += 1
        if (expected.state == "on") is not (busy or closed):
            self.tally.mismatch(f"{now} {room_id[:10]} {expected.state}, and in truth {busy=} {closed=}")

    def _take_over_walk(self) -> None:
        """Find out which reading of the rooms is in force: closures are known from that."""
        if not self._house.is_loaded:
            return
        read_at = self._house.coordinator.catalogue.data.read_at
        if read_at == self._walked_at:
            return
        self._walked_at = read_at
        closures: dict[str, Closure | None] = {}
        for at, found in self._walks:
            if at >= read_at:
                closures |= found
        self._walks.clear()
        changed = {room_id for room_id, closure in closures.items() if closure != self._oracle.closures.get(room_id)}
        self._oracle.closures |= closures
        for room_id in changed & self._oracle.known.keys():
            for edge in self._oracle.edges(room_id):
                self._mark(edge, room_id)

    # What happens

    async def live(self, house: House) -> Tally:
        """Live through the year, from its first midnight."""
        self._house, plan = house, self.plan
        house.began, house.left = self._began, self._left
        troubles = Troubles(self._witness, self._rng, self._run, self._type_secret)
        zone = ZoneInfo(house.zone)
        rooms = [self._office.add_room() for _ in range(plan.rooms)]
        for ahead in range(-1, DAYS_AHEAD):
            self._office.plan_day(plan.start + timedelta(days=ahead), zone)
        start = self._clock.now
        house.entry_options["rooms"] = {room.room_id: room.name for room in rooms}
        await house.start()
        self._every_day(start)
        self._now_and_then(1 / (plan.edits_a_day * plan.rooms), self._edit)
        self._now_and_then(1 / plan.troubles_a_day, lambda: self._begin_trouble(troubles))
        self._now_and_then(1 / 6, self._look_at_all)
        for days, deed in self._house_deeds().items():
            self._now_and_then(days / plan.pace, deed)
        end = start + timedelta(days=plan.days)
        await self._until(start + (end - start) / MARKS / 2)
        for mark in range(1, MARKS + 1):
            self._tally_mark()
            await self._until(start + (end - start) * mark / MARKS)
        self._tally_mark()
        self.tally.take(self._office.done, self._witness)
        await house.stop()
        return self.tally

    async def _until(self, end: datetime) -> None:
        """Do what is due, and look where something begins or ends, until then."""
        while True:
            deed_at = self._deeds[0][0]
            instant = self._instants[0] if self._instants else end
            if min(deed_at, instant) >= end:
                break
            if deed_at <= instant:
                _, _, deed = heapq.heappop(self._deeds)
                await self._go_to(deed_at)
                await deed()
                await self._clock.settle()
                continue
            heapq.heappop(self._instants)
            rooms = {room_id for room_id in self._marks.pop(instant) if self._is_still(room_id, instant)}
            if rooms and instant > self._clock.now:
                await self._clock.to(instant)
                self._look(rooms)
        await self._go_to(end)

    def _is_still(self, room_id: str, instant: datetime) -> bool:
        """Tell whether something still begins or ends there, by the latest answer."""
        known = self._oracle.known.get(room_id)
        if known is None:
            return True
        edges = (instant - SECOND, instant - HAIR, instant + SECOND)
        return known.fresh_until in edges or any(edge in self._oracle.edges(room_id) for edge in edges)

    async def _go_to(self, then: datetime) -> None:
        if then > self._clock.now:
            await self._clock.to(then)

    def _at(self, then: datetime, deed: Deed) -> None:
        heapq.heappush(self._deeds, (then, next(self._order), deed))

    def _in(self, days: float, deed: Deed) -> None:
        self._at(self._clock.now + timedelta(days=days), deed)

    def _now_and_then(self, days: float, deed: Deed) -> None:
        """Do something every so many days, on the average."""

        async def do() -> None:
            self._in(self._rng.expovariate(1 / days), do)
            await deed()

        self._in(self._rng.expovariate(1 / days), do)

    def _every_day(self, midnight: datetime) -> None:
        async def plan() -> None:
            self._at(self._clock.now + timedelta(days=1), plan)
            zone = ZoneInfo(self._house.zone)
            self._office.sweep()
            _forget_writes()
            day = self._clock.now.astimezone(zone).date() + timedelta(days=DAYS_AHEAD - 1)
            self._office.plan_day(day, zone)

        self._at(midnight + timedelta(days=1, hours=3), plan)

    async def _run(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        await self._clock.run(run())

    async def _edit(self) -> None:
        self._office.edit()

    async def _look_at_all(self) -> None:
        if self._house.hass.is_running:
            self._look(set(self._house.entry.options["rooms"]))

    async def _begin_trouble(self, troubles: Troubles) -> None:
        name = self._rng.choice(troubles.kinds)
        if troubles.is_of_the_tenant(name):
            if self._on_at:
                return
            self._on_at.add(name)
        self.tally.troubles[name] += 1
        trouble = await troubles.begin(name)
        self._at(self._clock.now + seconds(trouble.seconds), lambda: self._end_trouble(trouble))

    async def _end_trouble(self, trouble: Trouble) -> None:
        await trouble.end()
        self._on_at.discard(trouble.name)

    async def _type_secret(self) -> None:
        """Type the new secret when it is asked for; in an outage that is refused, and tried again."""
        secret = self._tenant.app_secret
        if secret == self._house.entry.data["app_secret"]:
            return
        await self._house.type_secret(secret)
        if self._house.entry.data["app_secret"] != secret:
            self.tally.asked_again += 1
            self._on_at.add("secret changed")

            async def again() -> None:
                self._on_at.discard("secret changed")
                await self._type_secret()

            self._in(1 / 24, again)

    def _house_deeds(self) -> dict[float, Deed]:  # noqa: C901  # a list of simple things
        """Return what is done in the house, by how many days lie between."""
        office, house, rng = self._office, self._house, self._rng

        async def change_options() -> None:
            self.tally.deeds["options changed"] += 1
            await house.set_options(**rng.choice(OPTIONS))

        async def restart() -> None:
            self.tally.deeds["restarts"] += 1
            await house.stop()
            if rng.random() < 0.3:
                await self._pass(rng.uniform(10, 3_600))
            await house.start()

        async def reload() -> None:
            self.tally.deeds["reloads"] += 1
            await house.reload()

        async def leave_unloaded() -> None:
            if house.is_loaded:
                self.tally.deeds["unloaded for a while"] += 1
                await house.unload()
                self._in(rng.uniform(0, 0.2), house.load)

        async def move() -> None:
            self.tally.deeds["zones"] += 1
            self._moved_at = self._clock.now
            await house.set_zone(rng.choice(ZONES))

        async def add_room() -> None:
            self.tally.deeds["rooms added"] += 1
            room = office.add_room()
            await house.set_options(rooms={**house.options["rooms"], room.room_id: room.name})

        async def drop_rooms() -> None:
            gone = house.options["rooms"].keys() - self._tenant.rooms.keys()
            self.tally.deeds["rooms dropped"] += len(gone)
            kept = {room_id: name for room_id, name in house.options["rooms"].items() if room_id not in gone}
            if gone:
                await house.set_options(rooms=kept)

        async def delete_room() -> None:
            if len(self._tenant.rooms) > self.plan.rooms * 0.9:
                office.do(office.delete_room)
                await add_room()

        async def disable_entities() -> None:
            self.tally.deeds["rooms switched off"] += 1
            room_id = rng.choice([*house.options["rooms"]])
            house.switch(room_id, on=False)
            self._in(rng.uniform(0.1, 3), lambda: switch_on(room_id))

        async def switch_on(room_id: str) -> None:
            house.switch(room_id, on=True)

        def of_the_office(deed: Callable[[], str]) -> Deed:
            async def do() -> None:
                office.do(deed)

            return do

        return {
            2.1: of_the_office(office.close_room),
            2.2: of_the_office(office.open_room),
            6.1: of_the_office(office.rename_room),
            9.1: delete_room,
            14.1: drop_rooms,
            4.1: change_options,
            7.1: restart,
            11.1: reload,
            31.1: leave_unloaded,
            61.1: move,
            21.1: disable_entities,
        }

    async def _pass(self, length: float) -> None:
        await self._clock.to(self._clock.now + timedelta(seconds=length))

    def _tally_mark(self) -> None:
        _forget_writes()
        forget_cancelled_timers(self._house.hass.loop)
        gc.collect()
        timers = sum(not timer.cancelled() for timer in get_scheduled_timer_handles(self._house.hass.loop))
        self.tally.marks.append(Mark.now(self._clock.now, timers))


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


def _forget_writes() -> None:
    """Let go of what was written to the storage, which is a mock and remembers all that it was called with."""
    for name in ("_async_load", "_async_write_data", "async_remove"):
        getattr(Store, name).reset_mock()
