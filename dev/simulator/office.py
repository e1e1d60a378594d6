"""A realistic office for a seed: buildings, floors, rooms, people, and their bookings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import cycle
import random
from typing import Final
from zoneinfo import ZoneInfo

from .model import Level, Room, Rsvp
from .tenant import Tenant, utc_now

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
FLOORS: Final = 3
ROOMS_PER_FLOOR: Final = 5
DAYS_BACK: Final = 1
DAYS_AHEAD: Final = 14
NAMES: Final = (
    *("Orion", "Lyra", "Vega", "Altair", "Deneb", "Rigel", "Sirius", "Mira", "Polaris", "Capella", "Spica", "Antares"),
    *("观云", "听雨", "长江", "黄河", "泰山", "西湖"),
)
PEOPLE: Final = ("Chen Wei", "Li Na", "王芳", "Zhang Min", "Ahmed Khan", "Maria Rossi")
TITLES: Final = ("Stand-up", "Design review", "周会", "Retrospective", "项目评审", "Interview", "")
NUMBERS: Final = "+120255501"  # a range reserved for fiction
EQUIPMENT: Final = ("TV", "Whiteboard", "Video conferencing", "Projector", "Phone")
CAPACITIES: Final = (2, 4, 4, 6, 8, 8, 12, 20)
MINUTES: Final = (30, 30, 30, 60, 60, 60, 90, 120)
GAPS: Final = (0, 0, 0, 5, 15, 30, 60, 90)  # minutes after a meeting; 0 = back to back
OPENS: Final = time(9)
CLOSES: Final = time(18, 30)
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Diary:
    """Makes bookings for one subject in the tenant's local time."""

    tenant: Tenant
    subject_id: str
    organizers: Iterator[str]
    titles: Iterator[str]

    def book(self, day: date, start: time, length: timedelta, rsvp: Rsvp = "accept", series: str = "") -> None:
        """Book ``length`` from ``start`` on ``day``, both in local time."""
        begin = datetime.combine(day, start, self.tenant.zone).astimezone(UTC)
        self.tenant.book(
            self.subject_id,
            begin,
            begin + length,
            rsvp=rsvp,
            series=series,
            organizer=next(self.organizers),
            title=next(self.titles),
        )


def office(
    rooms: int = 12,
    seed: int = 1,
    now: datetime | None = None,
    *,
    people: int = 4,
    clock: Callable[[], datetime] = utc_now,
    zone: tzinfo = SHANGHAI,
) -> Tenant:
    """Return a tenant with ``rooms`` rooms and ``people`` people, booked from yesterday to 14 days after ``now``.

    ``now`` is aware (default: ``clock()``); only its date in ``zone`` matters. If there is at least one room, the days
    around ``now`` contain meetings that are back to back, overlapping, across midnight, pending and all-day.
    """
    tenant = Tenant(seed=seed, clock=clock, zone=zone)
    rng = random.Random(seed)  # noqa: S311 - no secret
    today = (clock() if now is None else now).astimezone(tenant.zone).date()
    days = [today + timedelta(days=offset) for offset in range(-DAYS_BACK, DAYS_AHEAD + 1)]
    added = _add_rooms(tenant, rooms, rng)
    for index in range(people):
        _add_person(tenant, index)
    organizers = cycle((*tenant.users, ""))  # "": booked by an app
    titles = cycle(TITLES)
    for subject_id in (*tenant.rooms, *tenant.users):
        diary = Diary(tenant, subject_id, organizers, titles)
        for day in days:
            _ordinary_day(diary, day, rng)
    if added:
        _special_days([Diary(tenant, room.room_id, organizers, titles) for room in added], today)
    return tenant


def _add_person(tenant: Tenant, index: int) -> None:
    name = _name(PEOPLE, index)
    tenant.add_user(name, email=f"person.{index + 1}@example.com", mobile=f"{NUMBERS}{index + 1:02}")


def _add_rooms(tenant: Tenant, count: int, rng: random.Random) -> list[Room]:
    added: list[Room] = []
    building: Level | None = None
    level: Level | None = None
    for index in range(count):
        floor, place = divmod(index, ROOMS_PER_FLOOR)
        if place == 0 and floor % FLOORS == 0:
            building = tenant.add_level(f"Tower {_letters(floor // FLOORS)}")
        if place == 0:
            level = tenant.add_level(f"{floor % FLOORS + 1}F", building)
        equipment = rng.sample(EQUIPMENT, rng.randrange(len(EQUIPMENT)))
        added.append(
            tenant.add_room(_name(NAMES, index), level=level, capacity=rng.choice(CAPACITIES), equipment=equipment)
        )
    return added


def _ordinary_day(diary: Diary, day: date, rng: random.Random) -> None:
    """Fill the office hours with meetings and gaps; leave most weekend days empty."""
    if day.weekday() >= SATURDAY and rng.random() < 0.9:
        return
    start = datetime.combine(day, OPENS) + timedelta(minutes=rng.choice((0, 0, 30, 60, 120)))
    while start.time() < CLOSES and start.date() == day:
        length = timedelta(minutes=rng.choice(MINUTES))
        if rng.random() < 0.75:
            diary.book(day, start.time(), length, _answer(rng))
        start += length + timedelta(minutes=rng.choice(GAPS))


def _answer(rng: random.Random) -> Rsvp:
    words: tuple[Rsvp, ...] = ("accept", "needs_action", "tentative", "decline", "removed")
    return rng.choices(words, weights=(90, 5, 2, 2, 1))[0]


def _special_days(diaries: list[Diary], today: date) -> None:
    """Add the difficult cases, spread over the rooms."""
    hour = timedelta(hours=1)
    tomorrow = today + timedelta(days=1)

    back_to_back = diaries[0]
    back_to_back.book(today, time(19), hour, series="evening shift")
    back_to_back.book(today, time(20), hour, series="evening shift")

    overlapping = diaries[1 % len(diaries)]
    overlapping.book(today, time(19), 2 * hour)
    overlapping.book(today, time(20, 30), hour)

    pending = diaries[2 % len(diaries)]
    pending.book(tomorrow, time(19), hour, "needs_action")

    across_midnight = diaries[3 % len(diaries)]
    across_midnight.book(today, time(22, 30), 3 * hour)

    all_day = diaries[4 % len(diaries)]
    all_day.book(today + timedelta(days=2), time(0), 24 * hour)


def _name(names: tuple[str, ...], index: int) -> str:
    """Return the name at ``index``; past the end, names repeat with a number."""
    lap, place = divmod(index, len(names))
    return names[place] if lap == 0 else f"{names[place]} {lap + 1}"


def _letters(index: int) -> str:
    """Return A, B, ... Z, AA, AB, ..."""
    lap, place = divmod(index, 26)
    return (_letters(lap - 1) if lap else "") + chr(ord("A") + place)
