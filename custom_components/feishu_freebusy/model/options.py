"""The options of an entry, with their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from ..const import (
    CONF_BOOK,
    CONF_BOOKING_CALENDAR,
    CONF_BOOKING_CONTACT,
    CONF_BOOKING_TITLE,
    CONF_BUILDING_DEPTH,
    CONF_COUNT_PENDING_AS_BUSY,
    CONF_DASHBOARD_CARDS,
    CONF_HORIZON_DAYS,
    CONF_INCLUDE_EXTERNAL_CALENDAR,
    CONF_LIVE_UPDATES,
    CONF_LONGEST_BOOKING,
    CONF_MIN_FREE_MINUTES,
    CONF_MONTHLY_BUDGET,
    CONF_NO_SHOW_MINUTES,
    CONF_NO_SHOWS,
    CONF_OCCUPANCY,
    CONF_OFF_HOURS,
    CONF_OFFICE_DAY,
    CONF_PEOPLE,
    CONF_PERSON_USERS,
    CONF_PLAN,
    CONF_RELEASE,
    CONF_ROOM_LEVELS,
    CONF_ROOMS,
    CONF_SCAN_INTERVAL,
    CONF_SOURCE,
    CONF_SUGGEST_AREAS,
    CONF_TITLES,
    CONF_TITLES_FOR_ASSISTANTS,
    CONF_VOICE_SENTENCES,
)
from .intervals import OffHours

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Plan(StrEnum):
    """The tenant's plan. Free tenants have a monthly quota of calls."""

    FREE = "free"
    PAID = "paid"


class SourceOption(StrEnum):
    """The API that room free/busy is read from."""

    AUTO = "auto"
    LIST = "list"
    BATCH = "batch"


class TitlesOption(StrEnum):
    """What is shown of bookings besides their times."""

    OFF = "off"
    ORGANIZER = "organizer"
    TITLE_AND_ORGANIZER = "title_and_organizer"


class NoShows(StrEnum):
    """What is done with bookings to which nobody came."""

    OFF = "off"
    DRY_RUN = "dry_run"
    RELEASE = "release"


# Names of rooms and people, and ids of entities: private
CHOSEN: Final = (CONF_ROOMS, CONF_ROOM_LEVELS, CONF_PEOPLE, CONF_OCCUPANCY)
# Everything else. Diagnostics publish these values, so none of them may identify anyone
DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_PLAN: Plan.FREE.value,
    CONF_MONTHLY_BUDGET: 25_000,  # half of the last known quota of free tenants: their other apps share it
    CONF_SOURCE: SourceOption.AUTO.value,
    CONF_SCAN_INTERVAL: 60,
    CONF_OFF_HOURS: {"enabled": True, "start": "20:00:00", "end": "07:00:00", "days": ["sat", "sun"]},
    CONF_HORIZON_DAYS: 7,
    CONF_MIN_FREE_MINUTES: 15,
    CONF_COUNT_PENDING_AS_BUSY: False,
    CONF_INCLUDE_EXTERNAL_CALENDAR: True,
    CONF_DASHBOARD_CARDS: True,
    CONF_VOICE_SENTENCES: False,
    CONF_LIVE_UPDATES: False,  # off: another client of the app would lose events
    CONF_BOOK: False,  # off: nothing is ever changed in Feishu
    CONF_RELEASE: False,
    CONF_LONGEST_BOOKING: 240,
    CONF_TITLES: TitlesOption.OFF.value,  # off: only times are read
    CONF_TITLES_FOR_ASSISTANTS: False,
    CONF_NO_SHOW_MINUTES: 10,
    CONF_NO_SHOWS: NoShows.DRY_RUN.value,  # it says what it would do. The switch for releases is off, too
    CONF_BUILDING_DEPTH: 0,
    CONF_SUGGEST_AREAS: False,  # off: areas are the user's
}


def with_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return `entry.options` as stored, with the defaults of `DEFAULTS` filled in, also within `off_hours`."""
    off_hours = {**DEFAULTS[CONF_OFF_HOURS], **options.get(CONF_OFF_HOURS, {})}
    return {**{key: {} for key in CHOSEN}, **DEFAULTS, **options, CONF_OFF_HOURS: off_hours}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of an entry, parsed.

    `rooms`, `room_levels` and `people` map ids to the names at the time they were chosen; all rooms of a chosen level
    are read. `off_hours` is None if the interval is the same at all hours. `office_day` is the ID of an entity that is
    on while today is an office day. `building_depth` says which level of the room tree is the building: 1 is the
    topmost, 0 the one above the innermost. `book`: rooms may be booked. `release`: bookings of others may be ended.
    `booking_title` is empty for a text in the language of Home Assistant. `booking_calendar` is the ID of the calendar
    for bookings, empty for the app's own. `booking_contact` is the open_id of the person that rooms show as the booker,
    empty for nobody. `person_users` are the IDs of the Home Assistant users who may act as the linked person, besides
    administrators. `titles_for_assistants`: assistants are told what is shown of bookings.
    `occupancy` maps rooms to their occupancy sensors, each by its id in the entity registry, or by its entity id if it
    is not registered. A booking is a no-show `no_show_after` its start.
    `suggest_areas`: a new room gets its floor as area.
    """

    rooms: Mapping[str, str]
    room_levels: Mapping[str, str]
    people: Mapping[str, str]
    plan: Plan
    monthly_budget: int
    source: SourceOption
    scan_interval: timedelta
    off_hours: OffHours | None
    office_day: str | None
    horizon: timedelta
    min_free: timedelta
    count_pending_as_busy: bool
    include_external_calendar: bool
    dashboard_cards: bool
    voice_sentences: bool
    live_updates: bool
    book: bool
    release: bool
    booking_title: str
    booking_calendar: str
    booking_contact: str
    longest_booking: timedelta
    person_users: frozenset[str]
    titles: TitlesOption
    titles_for_assistants: bool
    occupancy: Mapping[str, tuple[str, ...]]
    no_show_after: timedelta
    no_shows: NoShows
    building_depth: int
    suggest_areas: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return `entry.options`, parsed, with the defaults filled in."""
        stored = with_defaults(options)
        return cls(
            rooms=stored[CONF_ROOMS],
            room_levels=stored[CONF_ROOM_LEVELS],
            people=stored[CONF_PEOPLE],
            plan=Plan(stored[CONF_PLAN]),
            monthly_budget=int(stored[CONF_MONTHLY_BUDGET]),
            source=SourceOption(stored[CONF_SOURCE]),
            scan_interval=timedelta(seconds=stored[CONF_SCAN_INTERVAL]),
            off_hours=_off_hours(stored[CONF_OFF_HOURS]),
            office_day=stored.get(CONF_OFFICE_DAY),  # without a default: diagnostics must not publish an entity ID
            horizon=timedelta(days=stored[CONF_HORIZON_DAYS]),
            min_free=timedelta(minutes=stored[CONF_MIN_FREE_MINUTES]),
            count_pending_as_busy=stored[CONF_COUNT_PENDING_AS_BUSY],
            include_external_calendar=stored[CONF_INCLUDE_EXTERNAL_CALENDAR],
            dashboard_cards=stored[CONF_DASHBOARD_CARDS],
            voice_sentences=stored[CONF_VOICE_SENTENCES],
            live_updates=bool(stored[CONF_LIVE_UPDATES]),
            book=bool(stored[CONF_BOOK]),
            release=bool(stored[CONF_RELEASE]),
            # Without defaults: diagnostics must not publish them
            booking_title=stored.get(CONF_BOOKING_TITLE, ""),
            booking_calendar=stored.get(CONF_BOOKING_CALENDAR, ""),
            booking_contact=next(iter(stored.get(CONF_BOOKING_CONTACT, {})), ""),  # by the text that was typed
            longest_booking=timedelta(minutes=stored[CONF_LONGEST_BOOKING]),
            person_users=frozenset(stored.get(CONF_PERSON_USERS, ())),
            titles=TitlesOption(stored[CONF_TITLES]),
            titles_for_assistants=bool(stored[CONF_TITLES_FOR_ASSISTANTS]),
            occupancy={room_id: tuple(sensors) for room_id, sensors in stored[CONF_OCCUPANCY].items()},
            no_show_after=timedelta(minutes=stored[CONF_NO_SHOW_MINUTES]),
            no_shows=NoShows(stored[CONF_NO_SHOWS]),
            building_depth=int(stored[CONF_BUILDING_DEPTH]),
            suggest_areas=bool(stored[CONF_SUGGEST_AREAS]),
        )

    @property
    def budget(self) -> int | None:
        """Return the most calls per month, None for no limit."""
        return self.monthly_budget if self.plan is Plan.FREE else None


def _off_hours(stored: Mapping[str, Any]) -> OffHours | None:
    if not stored["enabled"]:
        return None
    days = frozenset(map(WEEKDAYS.index, stored["days"]))
    return OffHours(start=_time(stored["start"]), end=_time(stored["end"]), days=days)


def _time(text: str) -> time:
    """Return a time of day; midnight if the text is not one."""
    try:
        hour, minute, second = map(int, f"{text}:0".split(":")[:3])
        return time(hour, minute, second)
    except ValueError:
        return time.min
