"""Buttons of a room: book it now, extend what runs, end what runs. They are available only when they would work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import CALLBACK_TYPE, Context, HassJob, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .acting import async_act, async_title, booker_of, button_keys
from .behalf import async_identity_to_extend
from .booking import Booked, Booker, Ended
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .entity import SubjectEntity, async_add_subjects
from .errors import refused
from .feishu.models import SubjectKind
from .model.booking import OwnBooking, can_be_extended, running_block
from .model.schedule import Block
from .rights import CallerOf

PARALLEL_UPDATES = 0

_BOOKED: Final = timedelta(minutes=30)
_EXTENDED: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class RoomButtonDescription(ButtonEntityDescription):
    """A button: whether it would work now, and what it does."""

    works: Callable[[RoomButton], bool]
    act: Callable[[RoomButton, Booker], Awaitable[Booked | Ended]]


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001  # Home Assistant's signature
    entry: FeishuConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each room that the options allow."""
    coordinator = entry.runtime_data
    keys = button_keys(coordinator.options)

    def buttons_of(subject_id: str) -> list[RoomButton]:
        if coordinator.subjects[subject_id].kind is not SubjectKind.ROOM:
            return []
        return [RoomButton(coordinator, subject_id, each) for each in BUTTONS if each.key in keys]

    await async_add_subjects(entry, async_add_entities, buttons_of)


class RoomButton(SubjectEntity, ButtonEntity):
    """A button of a room. It shows only whether it would work."""

    entity_description: RoomButtonDescription

    def __init__(self, coordinator: FreeBusyCoordinator, room_id: str, description: RoomButtonDescription) -> None:
        """The key of the description is part of the unique id."""
        super().__init__(coordinator, room_id, description)
        self._unsub_timer: CALLBACK_TYPE | None = None

    @property
    @override
    def available(self) -> bool:
        """Return whether pressing it would work, by what was read last."""
        return super().available and self.entity_description.works(self)

    @override
    def rendered(self) -> object:
        """Return whether it is available."""
        return self.available

    @override
    async def async_press(self) -> None:
        """Do it. Raises an error with the reason if the room refuses."""
        if (booker := booker_of(self.coordinator)) is None:
            raise refused("booking_off")
        await async_act(self.coordinator, self.subject_id, self.entity_description.act(self, booker), self._context)

    @property
    def user_id(self) -> str | None:
        """Return who has pressed it, None for an automation."""
        return self._context.user_id if self._context else None

    @property
    def now(self) -> datetime:
        """Return the current time, by Feishu's clock."""
        return self.coordinator.clock.moment.now

    # What is known of the room

    @property
    def free_until(self) -> datetime | None:
        """Return until when the room is free; now if it is not, None if no booking is known ahead."""
        status = self.snapshot.status if self.snapshot else None
        return self.now if status is None or status.busy else status.next_busy

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Return the single bookings that run now, and those of the next day. Empty if none runs."""
        subject, now = self.coordinator.subjects[self.subject_id], self.now
        status = self.snapshot.status if self.snapshot else None
        if subject.reading is None or status is None or not status.busy or status.disabled_reason:
            return ()
        return subject.single_bookings(subject.reading.periods, now, now + timedelta(days=1))

    @property
    def own_bookings(self) -> tuple[OwnBooking, ...]:
        """Return the bookings of the room that this integration has made."""
        booker = booker_of(self.coordinator)
        return booker.own_bookings(self.subject_id) if booker else ()

    # The last instant at which a room can be booked for a while is no change of its state

    @override
    async def async_added_to_hass(self) -> None:
        """Set the timer for the first time."""
        await super().async_added_to_hass()
        self._set_timer()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop the timer."""
        self._stop_timer()
        await super().async_will_remove_from_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        super()._handle_coordinator_update()
        self._set_timer()

    @callback
    def _set_timer(self) -> None:
        """Look again when the room is no longer free for long enough."""
        self._stop_timer()
        if self.entity_description is not BOOK or self.subject_id not in self.coordinator.subjects:
            return
        until = self.free_until
        if until is None or (left := until - _BOOKED - self.now) < timedelta():
            return

        @callback
        def look_again(_: datetime) -> None:
            self._unsub_timer = None
            self._handle_coordinator_update()

        self._unsub_timer = async_call_later(
            self.hass, left.total_seconds() + 0.001, HassJob(look_again, cancel_on_shutdown=True)
        )

    @callback
    def _stop_timer(self) -> None:
        if self._unsub_timer:
            self._unsub_timer()
            self._unsub_timer = None


def _can_book(button: RoomButton) -> bool:
    until = button.free_until
    is_long_enough = until is None or until - button.now >= _BOOKED
    return is_long_enough and button.coordinator.options.longest_booking >= _BOOKED


def _can_extend(button: RoomButton) -> bool:
    is_allowed = button.coordinator.options.longest_booking >= _EXTENDED
    extensions = [Block(own.start, own.end) for own in button.own_bookings if own.is_extension]
    return is_allowed and can_be_extended(button.blocks, button.now, _EXTENDED, extensions)


def _can_end(button: RoomButton) -> bool:
    running = running_block(button.blocks, button.now)
    if running is None or button.coordinator.options.release:
        return running is not None
    return any(own.is_shown_as(running) for own in button.own_bookings)


async def _book(button: RoomButton, booker: Booker) -> Booked:
    start, user = button.now, button.user_id  # others may press it while this waits
    title = await async_title(button.hass, button.coordinator.options)
    return await booker.async_book(button.subject_id, start, start + _BOOKED, title=title, user=user)


async def _extend(button: RoomButton, booker: Booker) -> Booked:
    caller = CallerOf(button.hass, Context(user_id=button.user_id))  # others may press it while this waits
    title = await async_title(button.hass, button.coordinator.options)
    identity = await async_identity_to_extend(caller, button.coordinator)
    return await booker.async_extend(button.subject_id, _EXTENDED, title=title, identity=identity)


async def _end(button: RoomButton, booker: Booker) -> Ended:
    return await booker.async_end(button.subject_id)


BOOK = RoomButtonDescription(key="book", translation_key="book", works=_can_book, act=_book)
EXTEND = RoomButtonDescription(key="extend", translation_key="extend", works=_can_extend, act=_extend)
END = RoomButtonDescription(key="end", translation_key="end", works=_can_end, act=_end)
BUTTONS = (BOOK, EXTEND, END)
