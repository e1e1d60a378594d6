"""The bookings of a room or a person as a calendar: times, no titles."""

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .entity import SubjectEntity, async_add_subjects, zone_of
from .errors import failed, refused
from .feishu.errors import FeishuError
from .feishu.models import SubjectKind, SubjectRef
from .model.schedule import Block
from .sync.bookings import StateUnknownError
from .sync.ranges import MAX_RANGE
from .sync.shares import OverShareError

PARALLEL_UPDATES = 0

CALENDAR = CalendarEntityDescription(key="calendar", translation_key="calendar", name=None)
_STATE_BUSY = f"component.{DOMAIN}.entity.binary_sensor.{{}}.state.on"


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a calendar for each room and person."""
    coordinator = entry.runtime_data
    await async_add_subjects(
        entry, async_add_entities, lambda subject_id: [SubjectCalendar(coordinator, subject_id, CALENDAR)]
    )


class Booking(CalendarEvent):
    """An event that stays valid in the hour that comes twice when clocks go back.

    Home Assistant's own event compares local times and refuses one that starts in the first of these hours and ends in
    the second.
    """

    start: datetime
    end: datetime

    @override
    def __post_init__(self) -> None:
        """Skip the check: a block always starts before it ends."""

    @property
    @override
    def start_datetime_local(self) -> datetime:
        """Return the start, with an offset instead of a time zone."""
        return self.start

    @property
    @override
    def end_datetime_local(self) -> datetime:
        """Return the end, with an offset instead of a time zone."""
        return self.end


class SubjectCalendar(SubjectEntity, CalendarEntity):
    """The event is the current or next block; a range holds the single bookings."""

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return the current block, else the next one, by Feishu's clock.

        Home Assistant makes the state of it by the clock of this machine, which integrations must not change.
        """
        block = self.snapshot.block if self.snapshot else None
        return self._event_of(block) if block else None

    @override
    def rendered(self) -> object:
        """Return the block, whether it has begun, and all bookings for open calendars; None if nothing is known."""
        if (snapshot := self.snapshot) is None:
            return None
        ahead = self.coordinator.bookings.ahead(self.subject_id)
        # If our clock is wrong, Home Assistant changes the state at other times
        state = self.state if self.coordinator.clock.offset else snapshot.status.busy
        return snapshot.block, state, ahead, zone_of(snapshot.block, ahead)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the bookings of a range: from memory if known, else from Feishu."""
        start, end = dt_util.as_utc(start_date), dt_util.as_utc(end_date)
        if start >= end:
            return []
        if end - start > MAX_RANGE:
            raise refused("range_too_long", days=str(MAX_RANGE.days))
        try:
            blocks = await self.coordinator.bookings.async_read(self.subject_id, start, end)
        except FeishuError as error:
            raise failed(error, HomeAssistantError) from error
        except OverShareError as error:
            raise refused("ranges_over_budget") from error
        except StateUnknownError as error:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="state_unknown") from error
        return [self._event_of(block) for block in blocks]

    def _event_of(self, block: Block) -> CalendarEvent:
        language = self.hass.config.language
        is_room = SubjectRef.of(self.subject_id).kind is SubjectKind.ROOM
        key = _STATE_BUSY.format("busy" if is_room else "person_busy")
        summary = async_get_cached_translations(self.hass, language, "entity", DOMAIN).get(key, "Busy")
        return _booking(block, dt_util.get_default_time_zone(), summary)

    @callback
    @override
    def _async_write_ha_state(self) -> None:
        """Write the state, without Home Assistant's alarms for its next change: the coordinator's timer is exact.

        The alarms of a thousand rooms that are booked on the hour would hold the event loop. If our clock is wrong,
        they are needed: Home Assistant compares the event with that clock.
        """
        super()._async_write_ha_state()
        if not self.coordinator.clock.offset:
            for cancel in self._alarm_unsubs or ():
                cancel()
            self._alarm_unsubs = None


@lru_cache(maxsize=1024)  # a write asks three times, and many rooms are booked at the same times
def _booking(block: Block, zone: tzinfo, summary: str) -> Booking:
    return Booking(_at_offset(block.start, zone), _at_offset(block.end, zone), summary)


def _at_offset(instant: datetime, zone: tzinfo) -> datetime:
    """Return an instant in local time, with its offset instead of a time zone."""
    return datetime.fromisoformat(instant.astimezone(zone).isoformat())
