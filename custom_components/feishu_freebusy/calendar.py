"""The bookings of a room or a person as a calendar: times, and titles if they are switched on.

Rooms can be booked by adding an event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.components.calendar.const import CalendarEntityFeature
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.components.websocket_api.connection import current_connection
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .acting import async_act, async_title, booker_of
from .booking import Booker
from .const import DOMAIN
from .coordinator import FeishuConfigEntry
from .entity import SubjectEntity, async_add_subjects, zone_of
from .errors import failed, refused, text_of
from .feishu.errors import FeishuError
from .feishu.events import MAX_TITLE
from .feishu.models import SubjectKind, SubjectRef
from .feishu.parse import one_line
from .model.booking import OwnBooking
from .model.schedule import Block
from .model.titles import NO_LABEL, Label
from .sync.bookings import StateUnknownError
from .sync.ranges import MAX_RANGE
from .sync.shares import OverShareError

PARALLEL_UPDATES = 0

ROOM_CALENDAR = CalendarEntityDescription(key="calendar", translation_key="calendar")
PERSON_CALENDAR = CalendarEntityDescription(key="calendar", translation_key="person_calendar")
_WAITING = f"component.{DOMAIN}.selector.request.options.waiting"
_ASSIST = "conversation"  # what exposing an entity to Assist, and to language models, is stored under


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a calendar for each room and person."""
    coordinator = entry.runtime_data

    def calendars_of(subject_id: str) -> list[SubjectCalendar]:
        is_room = coordinator.subjects[subject_id].kind is SubjectKind.ROOM
        return [SubjectCalendar(coordinator, subject_id, ROOM_CALENDAR if is_room else PERSON_CALENDAR)]

    await async_add_subjects(entry, async_add_entities, calendars_of)


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
    """The event is the current or next block; a range holds the single bookings.

    While booking is on, adding an event books the room, and own bookings can be deleted. Home Assistant checks that the
    user may control the calendar.
    """

    _called_with: Context | None = None

    @property
    @override
    def supported_features(self) -> CalendarEntityFeature | None:
        """Return what can be done to the bookings, None if nothing can."""
        if not self._can_book:
            return None
        return CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT

    @property
    def _can_book(self) -> bool:
        is_room = SubjectRef.of(self.subject_id).kind is SubjectKind.ROOM
        return is_room and self.coordinator.options.book and booker_of(self.coordinator) is not None

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
        titles = self.coordinator.titles.shown(self.subject_id)  # for open calendars; the state has none
        # If our clock is wrong, Home Assistant changes the state at other times
        state = self.state if self.coordinator.clock.offset else snapshot.status.busy
        mine = self._own_bookings, self._requests
        return snapshot.block, state, ahead, titles, mine, zone_of(snapshot.block, ahead), self._name

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the bookings of a range: from memory if known, else from Feishu. Then own requests that wait."""
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
        waiting = [each for each in self._requests if each.start < end and start < each.end]
        return [
            *(self._event_of(block, self._uid_of(block), self._label_of(block)) for block in blocks),
            *(self._request_as_event(each) for each in waiting if not any(map(each.is_shown_as, blocks))),
        ]

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Book the room, from now on if the start has passed: the panel proposes the last full hour.

        The location is ignored, because it is the room.
        """
        context = self._context_of_call()
        with _with_texts(self.hass):
            booker = self._booker()
            start, end = kwargs["dtstart"], kwargs["dtend"]
            if not isinstance(start, datetime) or not isinstance(end, datetime):
                raise refused("calendar_all_day")
            if kwargs.get("rrule"):
                raise refused("calendar_recurrence")
            if kwargs.get("description"):
                raise refused("calendar_description")
            title = one_line(kwargs["summary"]) or await async_title(self.hass, self.coordinator.options)
            if len(title) > MAX_TITLE:
                raise refused("title_too_long", most=str(MAX_TITLE))
            user = context.user_id if context else None
            start, end, now = dt_util.as_utc(start), dt_util.as_utc(end), self.coordinator.clock.moment.now
            first = now if start < now < end else start
            work = booker.async_book(self.subject_id, first, end, title=title, user=user)
            await async_act(self.coordinator, self.subject_id, work, context)

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """Cancel an own booking. Bookings of others stay, although ending them may be allowed."""
        context = self._context_of_call()
        with _with_texts(self.hass):
            booker = self._booker()
            if uid not in {own.event_id for own in (*self._own_bookings, *self._requests)}:
                raise refused("calendar_not_ours")
            await async_act(self.coordinator, self.subject_id, booker.async_cancel(self.subject_id, uid), context)

    def _booker(self) -> Booker:
        booker = booker_of(self.coordinator)
        if booker is None or not self._can_book:
            raise refused("booking_off")
        return booker

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Remember the context for the call that follows at once."""
        super().async_set_context(context)
        self._called_with = context
        self.hass.loop.call_soon(self._forget_call)

    @callback
    def _forget_call(self) -> None:
        self._called_with = None

    def _context_of_call(self) -> Context | None:
        """Return who acts. The websocket commands of calendars set no context: the user is that of the connection."""
        connection = current_connection.get()
        return self._called_with or (Context(user_id=connection.user.id) if connection else None)

    @property
    def _own_bookings(self) -> tuple[OwnBooking, ...]:
        """Return the own bookings of the room; none while booking is off."""
        booker = booker_of(self.coordinator)
        return booker.own_bookings(self.subject_id) if booker and self._can_book else ()

    @property
    def _requests(self) -> tuple[OwnBooking, ...]:
        """Return the own requests for the room that wait for an approval; none while booking is off."""
        booker = booker_of(self.coordinator)
        return booker.requests(self.subject_id) if booker and self._can_book else ()

    def _request_as_event(self, request: OwnBooking) -> CalendarEvent:
        """Return a request as an event that says so. It does not make the room busy."""
        texts = async_get_cached_translations(self.hass, self.hass.config.language, "selector", DOMAIN)
        summary = texts.get(_WAITING, "{name}").replace("{name}", self._name)
        block = Block(request.start, request.end)
        return _booking(block, dt_util.get_default_time_zone(), summary, request.event_id)

    def _uid_of(self, block: Block) -> str | None:
        """Return the uid of a booking: the event id of an own one, else a text by which to refuse its deletion."""
        if not self._can_book:
            return None
        own = (each.event_id for each in (*self._own_bookings, *self._requests) if each.is_shown_as(block))
        return next(own, f"{block.start.astimezone(UTC):%Y%m%dT%H%M%SZ}")

    def _label_of(self, block: Block) -> Label:
        """Return the label of a booking, an empty one if an assistant could see what it may not know.

        An assistant asks by the same call as a dashboard. So a calendar that is exposed to one shows no titles, unless
        assistants are told them.
        """
        label = self.coordinator.titles.label_of(self.subject_id, block)
        is_secret = label != NO_LABEL and not self.coordinator.options.titles_for_assistants
        return NO_LABEL if is_secret and async_should_expose(self.hass, _ASSIST, self.entity_id) else label

    def _event_of(self, block: Block, uid: str | None = None, label: Label = NO_LABEL) -> CalendarEvent:
        event = _booking(block, dt_util.get_default_time_zone(), self._name, uid)
        if label == NO_LABEL:
            return event
        # Not cached: titles that are switched off must not stay in memory
        event = replace(event, summary=label.title or label.organizer, location=self._name)
        return replace(event, description=label.organizer) if label.title and label.organizer else event

    @property
    def _name(self) -> str:
        """Return the name of the device. Many calendars are shown together, and their colors look alike."""
        device = self.device_entry
        return (device and (device.name_by_user or device.name)) or self.info.device_name

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
def _booking(block: Block, zone: tzinfo, summary: str, uid: str | None) -> Booking:
    return Booking(_at_offset(block.start, zone), _at_offset(block.end, zone), summary, uid=uid)


@contextmanager
def _with_texts(hass: HomeAssistant) -> Iterator[None]:
    """Give errors their text in the language of Home Assistant.

    The websocket commands of calendars send only the text of an error, which is English if an error has just its key.
    """
    try:
        yield
    except HomeAssistantError as error:
        key, placeholders = error.translation_key, error.translation_placeholders
        if not key:
            raise
        kind = ServiceValidationError if isinstance(error, ServiceValidationError) else HomeAssistantError
        raise kind(
            text_of(hass, key, placeholders or {}),
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=placeholders,
        ) from error


def _at_offset(instant: datetime, zone: tzinfo) -> datetime:
    """Return an instant in local time, with its offset instead of a time zone."""
    return datetime.fromisoformat(instant.astimezone(zone).isoformat())
