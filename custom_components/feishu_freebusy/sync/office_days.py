"""Which days are office days: by an entity, else by the holidays of the country, else by weekdays."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import import_module
import logging
from typing import Final, Protocol

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from ..model.moment import Moment
from ..model.options import Options

_LOGGER = logging.getLogger(__name__)

_LOOK_AHEAD: Final = timedelta(days=10)  # the next start of office hours is looked for this far ahead
_DAY: Final = timedelta(days=1)
# Countries that publish the working weekends of a year shortly before it: a year without any is not published yet
_PUBLISHED_YEARLY: Final = {"CN"}


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The dates of some years that differ from the usual week: `extra` are working weekends, `free` are holidays.

    Nothing is known of the `unpublished` years.
    """

    extra: frozenset[date] = frozenset()
    free: frozenset[date] = frozenset()
    unpublished: frozenset[int] = frozenset()


def read_working_days(country: str, years: Collection[int]) -> WorkingDays:
    """Return the working days of a country by the package `holidays`, which comes with some of Home Assistant's parts.

    Nothing is known without the package, or if it does not know the country. Importing takes long: run it in a thread.
    """
    try:
        calendar = import_module("holidays").country_holidays(country, years=sorted(years))
        by_year = [_working_days_of(calendar, year) for year in sorted(years)]
    except ImportError:
        return WorkingDays()
    except Exception:  # another version may behave in another way, which must not stop the polls
        _LOGGER.debug("The working days of %s could not be read", country, exc_info=True)
        return WorkingDays()
    published = [
        (year, days)
        for year, days in zip(sorted(years), by_year, strict=True)
        if days.extra or country not in _PUBLISHED_YEARLY
    ]
    return WorkingDays(
        extra=frozenset().union(*(days.extra for _, days in published)),
        free=frozenset().union(*(days.free for _, days in published)),
        unpublished=frozenset(years) - {year for year, _ in published},
    )


class _Calendar(Protocol):
    """What is used of `holidays.HolidayBase`."""

    weekend: Collection[int]

    def is_working_day(self, key: date) -> bool: ...


def _working_days_of(calendar: _Calendar, year: int) -> WorkingDays:
    first = date(year, 1, 1)
    days = [first + _DAY * number for number in range((date(year + 1, 1, 1) - first).days)]
    works = {day: bool(calendar.is_working_day(day)) for day in days}
    return WorkingDays(
        extra=frozenset(day for day in days if works[day] and day.weekday() in calendar.weekend),
        free=frozenset(day for day in days if not works[day] and day.weekday() not in calendar.weekend),
    )


class OfficeDays:
    """Adds to the off hours of an entry what is known of single days."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        """Know nothing yet. `name` is that of the entry, for the log."""
        self._hass = hass
        self._name = name
        self._known = WorkingDays()
        self._read_for: tuple[str | None, frozenset[int]] | None = None
        self._applied_for: tuple[date, str | None] | None = None
        self._hinted: set[int] = set()
        self._entity_id: str | None = None
        self._unsub: CALLBACK_TYPE | None = None

    async def async_read(self, moment: Moment) -> None:
        """Read the working days of the current year, and of the next one if it is near."""
        today = _today(moment)
        country, years = self._hass.config.country, frozenset({today.year, (today + _LOOK_AHEAD).year})
        if self._read_for == (country, years):
            return
        self._read_for = (country, years)
        unknown = WorkingDays()
        self._known = await self._hass.async_add_executor_job(read_working_days, country, years) if country else unknown
        for year in sorted(self._known.unpublished - self._hinted):
            self._hinted.add(year)
            _LOGGER.warning(
                "The working weekends of %s are not known for %s: %s goes by weekdays. A newer Home Assistant may know "
                "them, or choose an entity for office days in the options",
                year,
                country,
                self._name,
            )

    def is_outdated(self, moment: Moment) -> bool:
        """Return whether another day has begun, or the country was changed, since the days were applied."""
        return self._applied_for != (_today(moment), self._hass.config.country)

    def applied(self, options: Options, moment: Moment) -> Options:
        """Return the options with what is known of single days. The entity decides about today alone."""
        today = _today(moment)
        self._applied_for = (today, self._hass.config.country)
        if options.off_hours is None:
            return options
        # Where no weekday is off, holidays are not either
        known = self._known if options.off_hours.days else WorkingDays()
        extra, free = known.extra, known.free
        state = self._hass.states.get(options.office_day) if options.office_day else None
        if state and state.state in (STATE_ON, STATE_OFF):
            is_office_day = state.state == STATE_ON
            extra = extra | {today} if is_office_day else extra - {today}
            free = free - {today} if is_office_day else free | {today}
        return replace(options, off_hours=replace(options.off_hours, extra=extra, free=free))

    @callback
    def async_watch(self, entity_id: str | None, changed: Callable[[], None]) -> None:
        """Call `changed` when the state of this entity changes, instead of the one watched before."""
        if entity_id == self._entity_id:
            return
        self.async_stop()
        self._entity_id = entity_id
        if entity_id:

            @callback
            def on_change(event: Event[EventStateChangedData]) -> None:
                old, new = event.data["old_state"], event.data["new_state"]
                if (old and old.state) != (new and new.state):
                    changed()

            self._unsub = async_track_state_change_event(self._hass, [entity_id], on_change)

    @callback
    def async_stop(self) -> None:
        """Stop watching."""
        self._entity_id = None
        if self._unsub:
            self._unsub()
            self._unsub = None


def _today(moment: Moment) -> date:
    return moment.now.astimezone(moment.time_zone).date()
