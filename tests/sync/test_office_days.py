"""Working weekends and holidays: by an entity, else by the package `holidays`, else by weekdays."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import sys
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.feishu_freebusy.model.evidence import Piece
from custom_components.feishu_freebusy.sync.office_days import WorkingDays, read_working_days
from simulator import Fault, Room, Tenant
from tests.clock import Clock, SetUp, reads_of, said, state_of

pytest_plugins = ["tests.clock"]

WEEKENDS = {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]}
ENTITY = "binary_sensor.workday"
WORKING_WEEKENDS = frozenset(
    date(2026, *day) for day in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))
)  # of China, as published
NATIONAL_DAY = frozenset(date(2026, 10, day) for day in (1, 2, 5, 6, 7))  # and the weekend in between
MINUTE = timedelta(minutes=1)


@dataclass
class Holidays:
    """Stands in for the holidays of a country: some of China's in 2026."""

    years: Collection[int]
    weekend = frozenset({5, 6})

    def is_working_day(self, day: date) -> bool:
        """Return whether people work on a date; of other years nothing is published but New Year."""
        if day in WORKING_WEEKENDS:
            return True
        return day.weekday() not in self.weekend and day not in NATIONAL_DAY and (day.month, day.day) != (1, 1)


@pytest.fixture
def package(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the country of Home Assistant to China, and offer the package."""

    def country_holidays(country: str, years: Collection[int]) -> Holidays:
        if country not in {"CN", "US"}:
            raise NotImplementedError(f"Country {country} not available")
        return Holidays(years)

    monkeypatch.setitem(sys.modules, "holidays", SimpleNamespace(country_holidays=country_holidays))
    hass.config.country = "CN"


@pytest.fixture
async def shanghai(hass: HomeAssistant) -> None:
    """Set the time zone of Home Assistant to Shanghai."""
    await hass.config.async_set_time_zone("Asia/Shanghai")


async def minutes_until_seen(hass: HomeAssistant, tenant: Tenant, clock: Clock, room: Room) -> int:
    """Book the room now, and return after how many minutes it is shown as busy."""
    tenant.book(room.room_id, clock.now, clock.now + timedelta(hours=2))
    for minutes in range(1, 61):
        await clock.forward(minutes=1)
        if state_of(hass, room) == "on":
            return minutes
    raise AssertionError("it is never seen")


# By the package


def without_package(patches: pytest.MonkeyPatch) -> None:
    patches.setitem(sys.modules, "holidays", None)


def with_odd_package(patches: pytest.MonkeyPatch) -> None:
    patches.setitem(sys.modules, "holidays", SimpleNamespace())


@pytest.mark.usefixtures("package")
def test_the_six_working_weekends_of_2026_are_office_days() -> None:
    known = read_working_days("CN", {2026})

    assert known.extra == WORKING_WEEKENDS
    assert NATIONAL_DAY.issubset(known.free)
    assert date(2026, 2, 21) not in known.extra | known.free  # an ordinary Saturday: the weekdays decide
    assert known.unpublished == frozenset()


def test_the_real_package_knows_the_six_working_weekends() -> None:
    pytest.importorskip("holidays", reason="Home Assistant installs it with its integration Workday")

    known = read_working_days("CN", {2026})

    assert known.extra == WORKING_WEEKENDS
    assert NATIONAL_DAY.issubset(known.free)
    assert read_working_days("XX", {2026}) == WorkingDays()


@pytest.mark.usefixtures("package")
def test_a_year_without_published_working_weekends_is_left_to_weekdays() -> None:
    assert read_working_days("CN", {2027}) == WorkingDays(unpublished=frozenset({2027}))
    both = read_working_days("CN", {2026, 2027})
    assert both.extra == WORKING_WEEKENDS
    assert {day.year for day in both.free} == {2026}
    assert both.unpublished == {2027}


@pytest.mark.usefixtures("package")
def test_other_countries_need_no_working_weekends() -> None:
    known = read_working_days("US", {2027})

    assert known == WorkingDays(free=frozenset({date(2027, 1, 1)}))


@pytest.mark.usefixtures("package")
def test_an_unknown_country_has_weekdays() -> None:
    assert read_working_days("XX", {2026}) == WorkingDays()


@pytest.mark.parametrize("begin", [without_package, with_odd_package])
def test_without_a_usable_package_there_are_weekdays(
    monkeypatch: pytest.MonkeyPatch, begin: Callable[[pytest.MonkeyPatch], None]
) -> None:
    begin(monkeypatch)

    assert read_working_days("CN", {2026}) == WorkingDays()


@pytest.mark.parametrize("day", sorted(WORKING_WEEKENDS))
@pytest.mark.usefixtures("package", "shanghai")
async def test_a_booking_on_a_working_weekend_is_seen_within_minutes(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, day: date
) -> None:
    clock.set_wall(datetime(day.year, day.month, day.day, 2, 0, tzinfo=UTC))  # ten o'clock
    await set_up(orion, off_hours=WEEKENDS)

    assert await minutes_until_seen(hass, tenant, clock, orion) <= 2


@pytest.mark.parametrize(
    ("hour", "quiet"),
    [
        (datetime(2026, 2, 21, 2, tzinfo=UTC), True),  # an ordinary Saturday
        (datetime(2026, 10, 6, 2, tzinfo=UTC), True),  # a Tuesday without work
        (datetime(2026, 10, 9, 23, 30, tzinfo=UTC), False),  # already the working Saturday in Shanghai
        (datetime(2026, 10, 10, 12, 30, tzinfo=UTC), True),  # its evening
    ],
)
@pytest.mark.usefixtures("package", "shanghai")
async def test_other_days_and_hours_stay_quiet(
    clock: Clock, set_up: SetUp, orion: Room, hour: datetime, quiet: bool
) -> None:
    clock.set_wall(hour)
    entry = await set_up(orion, off_hours=WEEKENDS)

    assert entry.runtime_data.timetable.interval == (30 * MINUTE if quiet else MINUTE)


@pytest.mark.usefixtures("package", "shanghai")
async def test_where_no_weekday_is_off_holidays_are_not_either(clock: Clock, set_up: SetUp, orion: Room) -> None:
    clock.set_wall(datetime(2026, 10, 6, 2, tzinfo=UTC))
    entry = await set_up(orion, off_hours={**WEEKENDS, "days": []})

    assert entry.runtime_data.timetable.interval == MINUTE


@pytest.mark.usefixtures("package", "shanghai")
async def test_an_unpublished_year_is_told_once(
    clock: Clock, set_up: SetUp, orion: Room, caplog: pytest.LogCaptureFixture
) -> None:
    clock.set_wall(datetime(2026, 12, 21, 10, tzinfo=UTC))
    entry = await set_up(orion, off_hours=WEEKENDS, scan_interval=3_600)
    assert said(caplog) == []

    await clock.to(datetime(2026, 12, 23, tzinfo=UTC))  # ten days before the year begins, it is looked at
    clock.set_wall(datetime(2026, 12, 31, tzinfo=UTC))
    await clock.to(datetime(2027, 1, 2, 2, tzinfo=UTC))

    (hint,) = [text for level, text in said(caplog) if level == "WARNING"]
    assert hint.startswith("The working weekends of 2027 are not known for CN")
    assert entry.runtime_data.options.off_hours.free == frozenset()


@pytest.mark.usefixtures("package", "shanghai", "each_minute")
async def test_evidence_is_judged_again_when_a_day_becomes_an_office_day(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    """In an outage, no answer does it: a status counts for an hour then, not for hours as on a weekend."""
    clock.set_wall(datetime(2026, 10, 10, 2, tzinfo=UTC))
    hass.config.country = None
    subject = (await set_up(orion, off_hours=WEEKENDS)).runtime_data.subjects[orion.room_id]
    assert subject.evidence[Piece.STATUS].until > clock.now + 90 * MINUTE
    tenant.inject(Fault.status(503), times=None)

    await hass.config.async_update(country="CN")
    await clock.forward(minutes=2)

    assert subject.evidence[Piece.STATUS].until <= clock.now + 60 * MINUTE


@pytest.mark.usefixtures("package", "shanghai", "each_minute")
async def test_another_country_takes_effect_while_running(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(datetime(2026, 10, 10, 2, tzinfo=UTC))
    hass.config.country = None
    entry = await set_up(orion, off_hours=WEEKENDS)
    assert entry.runtime_data.timetable.interval == 30 * MINUTE

    await hass.config.async_update(country="CN")
    await clock.forward(minutes=2)

    assert entry.runtime_data.timetable.interval == MINUTE


# By an entity


@pytest.mark.usefixtures("shanghai")
async def test_a_working_saturday_can_be_said_to_be_one(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    hass.states.async_set(ENTITY, "on")
    await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)

    assert await minutes_until_seen(hass, tenant, clock, orion) <= 2


@pytest.mark.parametrize(
    ("day", "state", "interval"),
    [
        ((10, 10), "off", 30 * MINUTE),
        ((10, 10), "on", MINUTE),
        ((10, 10), "unavailable", MINUTE),
        ((10, 10), "unknown", MINUTE),
        ((10, 10), None, MINUTE),
        ((10, 6), "on", MINUTE),
        ((10, 6), "unavailable", 30 * MINUTE),
        ((10, 12), "off", 30 * MINUTE),
        ((10, 12), "on", MINUTE),
        ((10, 17), "on", MINUTE),
        ((10, 17), "unavailable", 30 * MINUTE),
    ],
)
@pytest.mark.usefixtures("package", "shanghai")
async def test_the_entity_decides_before_the_package(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    orion: Room,
    day: tuple[int, int],
    state: str | None,
    interval: timedelta,
) -> None:
    clock.set_wall(datetime(2026, *day, 2, tzinfo=UTC))
    if state:
        hass.states.async_set(ENTITY, state)
    entry = await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)

    assert entry.runtime_data.timetable.interval == interval


@pytest.mark.usefixtures("shanghai")
async def test_a_day_that_becomes_an_office_day_is_read_often_at_once(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    entry = await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)
    await clock.forward(minutes=5)
    tenant.requests.clear()

    hass.states.async_set(ENTITY, "on")
    await clock.forward(minutes=10)
    assert len(reads_of(tenant, orion)) in {9, 10}

    hass.states.async_set(ENTITY, "off", {"some": "attribute"})
    await clock.forward(minutes=2)
    tenant.requests.clear()
    await clock.forward(minutes=25)
    assert len(reads_of(tenant, orion)) <= 1
    assert entry.runtime_data.timetable.interval == 30 * MINUTE


@pytest.mark.usefixtures("shanghai")
async def test_the_entity_tells_of_today_alone(hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room) -> None:
    clock.set_wall(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    hass.states.async_set(ENTITY, "on")
    entry = await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)
    off_hours = entry.runtime_data.options.off_hours
    assert (off_hours.extra, off_hours.free) == ({date(2026, 11, 28)}, frozenset())

    hass.states.async_set(ENTITY, "unavailable")
    await clock.to(datetime(2026, 11, 29, 2, 0, tzinfo=UTC))
    assert entry.runtime_data.timetable.interval == 30 * MINUTE

    hass.states.async_set(ENTITY, "off")
    await clock.to(datetime(2026, 11, 30, 2, 0, tzinfo=UTC))
    off_hours = entry.runtime_data.options.off_hours
    assert (off_hours.extra, off_hours.free) == (frozenset(), {date(2026, 11, 30)})


@pytest.mark.usefixtures("shanghai")
async def test_another_entity_takes_effect_in_place(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    hass.states.async_set(ENTITY, "off")
    hass.states.async_set("calendar.office", "on")
    entry = await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)
    coordinator = entry.runtime_data

    async def change(**options: Any) -> None:
        hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
        await clock.settle()

    await change(office_day="calendar.office")
    assert coordinator.timetable.interval == MINUTE
    hass.states.async_set(ENTITY, "on")
    hass.states.async_set("calendar.office", "off")
    await clock.settle()
    assert coordinator.timetable.interval == 30 * MINUTE
    await change(office_day=None)
    assert entry.runtime_data is coordinator
    assert coordinator.timetable.interval == 30 * MINUTE


async def test_without_off_hours_no_day_matters(hass: HomeAssistant, set_up: SetUp, orion: Room) -> None:
    hass.states.async_set(ENTITY, "off")
    entry = await set_up(orion, office_day=ENTITY)

    assert entry.runtime_data.options.off_hours is None


@pytest.mark.usefixtures("shanghai")
async def test_an_unloaded_entry_no_longer_follows_the_entity(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    clock.set_wall(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    entry = await set_up(orion, off_hours=WEEKENDS, office_day=ENTITY)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    tenant.requests.clear()

    hass.states.async_set(ENTITY, "on")
    await clock.forward(minutes=5)

    assert tenant.requests == []
