"""What a user does with Home Assistant in a year: change options, restart, replace rooms, move to another time zone."""

from collections.abc import Callable
from datetime import timedelta
import random
from typing import Any, Final

from tests.soak.agenda import Agenda, Deed
from tests.soak.clock import YearClock
from tests.soak.house import House
from tests.soak.office import Office
from tests.soak.plan import Plan
from tests.soak.tally import Tally
from tests.soak.watch import Watch

ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
OPTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"scan_interval": 1200},
    {"scan_interval": 600},
    {"scan_interval": 900},
    {"horizon_days": 3},
    {"horizon_days": 7},
    {"horizon_days": 13},  # plus the day before: the longest window of one call for people
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


class Deeds:
    """The actions of a user, each repeated at random."""

    house: House

    def __init__(
        self, office: Office, clock: YearClock, agenda: Agenda, watch: Watch, tally: Tally, rng: random.Random
    ) -> None:
        """Act in `house` (set later) and in `office`."""
        self._office, self._clock, self._agenda, self._watch = office, clock, agenda, watch
        self._tally, self._done, self._rng = tally, tally.deeds, rng

    def begin(self, plan: Plan) -> None:
        """Schedule each action with its average interval in days, divided by the plan's pace."""
        self._rooms = plan.rooms
        deeds: dict[float, Deed] = {
            2.1: self._of_the_office(self._office.close_room),
            2.2: self._of_the_office(self._office.open_room),
            6.1: self._of_the_office(self._office.rename_room),
            9.1: self._replace_room,
            9.2: self._replace_person,
            14.1: self._drop_rooms,
            4.1: self._change_options,
            7.1: self._restart,
            11.1: self._reload,
            31.1: self._leave_unloaded,
            61.1: self._move,
            21.1: self._switch_off,
        }
        for days, deed in deeds.items():
            self._agenda.now_and_then(days / plan.pace, deed)

    def _of_the_office(self, deed: Callable[[], str]) -> Deed:
        async def do() -> None:
            self._office.do(deed)

        return do

    async def _change_options(self) -> None:
        self._done["options changed"] += 1
        before = self.house.entry.runtime_data if self.house.is_loaded else None
        await self.house.set_options(**self._rng.choice(OPTIONS))
        if before and before is not getattr(self.house.entry, "runtime_data", None):
            self._tally.mismatch(f"{self._clock.now} options were not applied in place")

    async def _restart(self) -> None:
        self._done["restarts"] += 1
        await self.house.stop()
        if self._rng.random() < 0.3:
            await self._clock.to(self._clock.now + timedelta(seconds=self._rng.uniform(10, 3_600)))
        await self.house.start()

    async def _reload(self) -> None:
        self._done["reloads"] += 1
        await self.house.reload()

    async def _leave_unloaded(self) -> None:
        if self.house.is_loaded:
            self._done["unloaded for a while"] += 1
            await self.house.unload()
            self._agenda.within(self._rng.uniform(0, 0.2), self.house.load)

    async def _move(self) -> None:
        self._done["zones"] += 1
        await self.house.set_zone(self._rng.choice(ZONES))
        self._watch.look(self.house.subject_ids)

    async def _add_room(self) -> None:
        self._done["rooms added"] += 1
        room = self._office.add_room()
        await self.house.set_options(rooms={**self.house.options["rooms"], room.room_id: room.name})

    async def _drop_rooms(self) -> None:
        for key in ("rooms", "people"):
            chosen = self.house.options[key]
            kept = {subject_id: name for subject_id, name in chosen.items() if self._office.has(subject_id)}
            self._done[f"{key} dropped"] += len(chosen) - len(kept)
            if kept != chosen:
                await self.house.set_options(**{key: kept})

    async def _replace_room(self) -> None:
        if self._office.size > self._rooms * 0.9:
            self._office.do(self._office.delete_room)
            await self._add_room()

    async def _replace_person(self) -> None:
        if self._office.people:
            self._office.do(self._office.delete_person)
            self._done["people added"] += 1
            person = self._office.add_person()
            people = {**self.house.options["people"], person.open_id: person.name}
            await self.house.set_options(people=people)

    async def _switch_off(self) -> None:
        self._done["rooms or people switched off"] += 1
        room_id = self._rng.choice(sorted(self.house.subject_ids))
        self.house.switch(room_id, on=False)

        async def switch_on() -> None:
            self.house.switch(room_id, on=True)

        self._agenda.within(self._rng.uniform(0.1, 3), switch_on)
