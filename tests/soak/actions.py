"""What a user does with Home Assistant in a year: change options, restart, replace rooms, move to another time zone."""

from collections.abc import Callable
from datetime import timedelta
import random
from typing import Any, Final

from tests.soak.checker import Checker
from tests.soak.clock import YearClock
from tests.soak.home import Home
from tests.soak.office import Office
from tests.soak.plan import NO_BUDGET, Plan
from tests.soak.scheduler import Action, Scheduler
from tests.soak.tally import Tally

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
    {"plan": "free", "monthly_budget": 100},  # used up soon
    {"plan": "paid"},
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
    "live_updates": False,
    "off_hours": {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]},
}


class UserActions:
    """The actions of a user, each repeated at random."""

    home: Home

    def __init__(
        self, office: Office, clock: YearClock, scheduler: Scheduler, checker: Checker, tally: Tally, rng: random.Random
    ) -> None:
        """Act in `home` (set later) and in `office`."""
        self._office, self._clock, self._scheduler, self._checker = office, clock, scheduler, checker
        self._tally, self._done, self._rng = tally, tally.actions, rng

    def begin(self, plan: Plan) -> None:
        """Schedule each action with its average interval in days, divided by the plan's pace."""
        self._rooms = plan.rooms
        self._options = [each for each in OPTIONS if plan.world != NO_BUDGET or "plan" not in each]
        if plan.live_updates:
            self._options += [{"live_updates": False}, {"live_updates": True}, {"live_updates": True}]
        actions: dict[float, Action] = {
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
            61.1: self._change_zone,
            21.1: self._disable_for_a_while,
        }
        for days, action in actions.items():
            self._scheduler.repeat(days / plan.pace, action)

    def _of_the_office(self, action: Callable[[], str]) -> Action:
        async def do() -> None:
            self._office.do(action)

        return do

    async def _change_options(self) -> None:
        self._done["options changed"] += 1
        before = self.home.entry.runtime_data if self.home.is_loaded else None
        await self.home.set_options(**self._rng.choice(self._options))
        if before and before is not getattr(self.home.entry, "runtime_data", None):
            self._tally.mismatch(f"{self._clock.now} options were not applied in place")

    async def _restart(self) -> None:
        self._done["restarts"] += 1
        await self.home.stop()
        if self._rng.random() < 0.3:
            await self._clock.to(self._clock.now + timedelta(seconds=self._rng.uniform(10, 3_600)))
        await self.home.start()

    async def _reload(self) -> None:
        self._done["reloads"] += 1
        await self.home.reload()

    async def _leave_unloaded(self) -> None:
        if self.home.is_loaded:
            self._done["unloaded for a while"] += 1
            await self.home.unload()
            self._scheduler.within(self._rng.uniform(0, 0.2), self.home.load)

    async def _change_zone(self) -> None:
        self._done["time zones changed"] += 1
        await self.home.set_zone(self._rng.choice(ZONES))
        self._checker.check(self.home.subject_ids)

    async def _add_room(self) -> None:
        self._done["rooms added"] += 1
        room = self._office.add_room()
        await self.home.set_options(rooms={**self.home.options["rooms"], room.room_id: room.name})

    async def _drop_rooms(self) -> None:
        for key in ("rooms", "people"):
            chosen = self.home.options[key]
            kept = {subject_id: name for subject_id, name in chosen.items() if self._office.has(subject_id)}
            self._done[f"{key} dropped"] += len(chosen) - len(kept)
            if kept != chosen:
                await self.home.set_options(**{key: kept})

    async def _replace_room(self) -> None:
        if self._office.size > self._rooms * 0.9:
            self._office.do(self._office.delete_room)
            await self._add_room()

    async def _replace_person(self) -> None:
        if self._office.people:
            self._office.do(self._office.delete_person)
            self._done["people added"] += 1
            person = self._office.add_person()
            people = {**self.home.options["people"], person.open_id: person.name}
            await self.home.set_options(people=people)

    async def _disable_for_a_while(self) -> None:
        self._done["rooms or people disabled"] += 1
        room_id = self._rng.choice(sorted(self.home.subject_ids))
        self.home.set_enabled(room_id, on=False)

        async def enable() -> None:
            self.home.set_enabled(room_id, on=True)

        self._scheduler.within(self._rng.uniform(0.1, 3), enable)
