"""What an entry may do to rooms: its booker, as the options say, and its errors as Home Assistant shows them."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import CALLBACK_TYPE, Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations

from ._time import local_iso
from .api import async_create_client
from .booking import (
    Act,
    Booked,
    Booker,
    BookingSettings,
    Ended,
    InterruptedBookingError,
    RefusedError,
    ReleaseStoppedError,
    async_delete_event,
    async_find_event,
)
from .const import DOMAIN, EVENT_ACTION
from .coordinator import FeishuConfigEntry, FreeBusyCoordinator
from .devices import device_of, names_of_rooms
from .errors import SCOPE_OF_PERSON, failed, refused
from .feishu.errors import FeishuError, ScopeMissingError
from .feishu.limits import Payer, paid_by
from .finder import main_entity_id
from .issues import async_report_bookings_left
from .model.booking import Identity, Recovery, recovery
from .model.options import Options
from .refusals import async_explain, async_name_of_room, text_of_refusal
from .rights import CallerOf, permitted_rooms
from .sync.clock import EntryClock
from .sync.grant_keeper import async_grant_keeper
from .sync.ledger import Ledger, NotWrittenError
from .sync.shares import OverShareError

_REMOVAL_WAITS = 10.0  # seconds


def booker_of(coordinator: FreeBusyCoordinator) -> Booker | None:
    """Return the booker of an entry, None if it changes nothing. The options say what the booker may be asked for."""
    return coordinator.booker if isinstance(coordinator.booker, Booker) else None


async def async_make_booker(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Make the booker if a switch is on, or if something is left in the ledger from when one was on."""
    coordinator = entry.runtime_data
    ledger = Ledger(hass, entry)
    await ledger.async_load()
    options = coordinator.options
    if not (options.book or options.release or ledger.bookings or ledger.releases):
        return
    booker = coordinator.booker = Booker(
        coordinator, ledger, _settings(options), lambda result: _tell_late(coordinator, result)
    )
    if booker.series_released:
        coordinator.update_issues()
    unsub_stop: CALLBACK_TYPE | None = None

    @callback
    def on_stop(_: Event) -> None:
        nonlocal unsub_stop
        unsub_stop = None
        booker.async_stop()

    @callback
    def on_unload() -> None:
        booker.async_stop()
        if unsub_stop:
            unsub_stop()

    # When Home Assistant stops, it neither unloads entries nor cancels timers
    unsub_stop = hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, on_stop)
    entry.async_on_unload(on_unload)


def button_keys(options: Options) -> frozenset[str]:
    """Return the keys of the buttons that a room has."""
    if options.book:
        return frozenset({"book", "extend", "end"})
    return frozenset({"end"}) if options.release else frozenset()


@callback
def async_remove_buttons(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Remove the buttons that the options no longer allow."""
    registry, keys = er.async_get(hass), button_keys(entry.runtime_data.options)
    for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
        if entity.domain == Platform.BUTTON and entity.unique_id.rpartition("_")[2] not in keys:
            registry.async_remove(entity.entity_id)


@callback
def async_recover_bookings(coordinator: FreeBusyCoordinator) -> None:
    """Finish or undo in the background what was begun before the start."""
    if booker := booker_of(coordinator):
        coordinator.create_task(booker.async_recover(), "bookings left over")


async def async_settle_bookings(coordinator: FreeBusyCoordinator) -> None:
    """Interrupt what is under way, and finish or undo it: the entry may never be loaded again."""
    if booker := booker_of(coordinator):
        await booker.async_settle()


async def async_undo_bookings_left(hass: HomeAssistant, entry: FeishuConfigEntry) -> None:
    """Undo what is left in the ledger of an entry that is removed, and tell what can't be undone."""
    ledger = Ledger(hass, entry)
    await ledger.async_load()
    client = async_create_client(hass, entry.data)
    now = EntryClock(hass, client.traffic.clock).moment.now
    left = {each.key: each for each in ledger.bookings if recovery(each, now) in (Recovery.FIND, Recovery.DELETE)}
    if not left:
        return
    grant = async_grant_keeper(hass, entry)
    await grant.async_load()
    events_of = {Identity.APP: client.events, Identity.PERSON: client.as_person(grant).events}
    with suppress(TimeoutError):
        async with asyncio.timeout(_REMOVAL_WAITS):
            for booking in list(left.values()):
                events = events_of[booking.identity]
                with suppress(FeishuError):
                    if not (found := booking).event_id:
                        found = await async_find_event(events, booking, hass.config.time_zone)
                    await async_delete_event(events, found)
                    del left[booking.key]
    if left:
        async_report_bookings_left(hass, entry, left.values(), names_of_rooms(hass, entry))


@callback
def async_apply_switches(coordinator: FreeBusyCoordinator) -> bool:
    """Apply the options of actions before the others; return whether the entry is reloaded instead.

    A changed switch adds or removes entities.
    """
    before, options = coordinator.options, Options.of(coordinator.config_entry.options)
    if (before.book, before.release) != (options.book, options.release):
        coordinator.hass.config_entries.async_schedule_reload(coordinator.config_entry.entry_id)
        return True
    if booker := booker_of(coordinator):
        booker.settings = _settings(options)
        async_recover_bookings(coordinator)  # the person may be linked again, whose bookings could not be undone
    return False


def _settings(options: Options) -> BookingSettings:
    return BookingSettings(
        calendar_id=options.booking_calendar,
        contact=options.booking_contact,
        longest=options.longest_booking,
        may_end_others=options.release,
    )


async def async_title(hass: HomeAssistant, options: Options) -> str:
    """Return the title of bookings for which nobody chose one."""
    if options.booking_title:
        return options.booking_title
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return texts.get(f"component.{DOMAIN}.selector.booking_title.options.default", "")


async def async_act[T: Booked | Ended](
    coordinator: FreeBusyCoordinator, room_id: str, work: Awaitable[T], context: Context | None = None
) -> T:
    """Return the result of the booker's work at a room, with its errors as those of Home Assistant.

    `context` is that of the call: it says who acts. A refusal names only rooms that this user may see. What was done is
    told by an event, which the logbook shows. Then the entities of the room are told: what is shown of a room also
    depends on which bookings are own ones.
    """
    try:
        with _shown_errors():
            result = await work
    except RefusedError as error:
        entries: list[FeishuConfigEntry] = coordinator.hass.config_entries.async_loaded_entries(DOMAIN)
        among = await permitted_rooms(CallerOf(coordinator.hass, context or Context()), entries)
        key, placeholders = text_of_refusal(async_explain(coordinator.hass, coordinator, room_id, error, among))
        raise refused(key, **placeholders) from error
    except HomeAssistantError as error:
        if isinstance(error.__cause__, ScopeMissingError) and error.__cause__.code != SCOPE_OF_PERSON:
            coordinator.denied_scopes = error.__cause__.scopes
            coordinator.create_task(_look_at_permissions(coordinator), "permissions for actions")
        raise
    else:
        if coordinator.denied_scopes or coordinator.account.missing_for_actions:
            coordinator.denied_scopes = ()
            coordinator.create_task(_look_at_permissions(coordinator), "permissions for actions")
        _tell_of_change(coordinator, result, context)
        return result
    finally:
        if room_id in coordinator.subjects:
            coordinator.notifier.notify(room_id)


async def async_check_permissions(coordinator: FreeBusyCoordinator) -> None:
    """Read which permissions the app has, and update the issue that names those missing. Raises `FeishuError`."""
    await coordinator.catalogue.async_read_scopes()
    coordinator.denied_scopes = ()
    coordinator.update_issues()


async def _look_at_permissions(coordinator: FreeBusyCoordinator) -> None:
    """Read which permissions the app has. What Feishu has just refused or allowed counts even if the list differs."""
    with suppress(FeishuError), paid_by(Payer.BOOKINGS):
        await coordinator.catalogue.async_read_scopes()
    coordinator.update_issues()


@callback
def _tell_late(coordinator: FreeBusyCoordinator, result: Booked | Ended) -> None:
    """Fire the event of a result that nobody waits for any more, and update the entities of the room."""
    _tell_of_change(coordinator, result, None)
    if result.room_id in coordinator.subjects:
        coordinator.notifier.notify(result.room_id)


@callback
def _tell_of_change(coordinator: FreeBusyCoordinator, result: Booked | Ended, context: Context | None) -> None:
    """Let all that shows a room know what was done."""
    coordinator.bookings.forget_ranges(result.room_id)
    _read_by_others(coordinator, result.room_id)
    _tell(coordinator, result, context)


@callback
def _read_by_others(coordinator: FreeBusyCoordinator, room_id: str) -> None:
    """Let the other apps that show the room read it: assistants call it busy while one of them says so."""
    entries: list[FeishuConfigEntry] = coordinator.hass.config_entries.async_loaded_entries(DOMAIN)
    for other in (entry.runtime_data for entry in entries):
        if other is not coordinator and room_id in other.subjects:
            other.bookings.forget_ranges(room_id)
            other.timetable.make_due([room_id])
            other.create_task(other.async_request_refresh(), "room that another app has changed")


@callback
def _tell(coordinator: FreeBusyCoordinator, result: Booked | Ended, context: Context | None) -> None:
    """Fire the event that says what was done. It has no title: all automations may read it, and it is recorded."""
    data = {
        **described(coordinator, result.room_id, result.start, result.end),
        "action": result.act.value,
        "own": isinstance(result, Booked) or result.is_own,
        "confirmed": result.act is not Act.REQUESTED if isinstance(result, Booked) else result.is_confirmed,
    }
    coordinator.hass.bus.async_fire(EVENT_ACTION, data, context=context)


@callback
def described(coordinator: FreeBusyCoordinator, room_id: str, start: datetime, end: datetime) -> dict[str, Any]:
    """Return a booking `[start, end)` of a room in the data of an event, without a title."""
    hass, entry = coordinator.hass, coordinator.config_entry
    device = device_of(hass, entry, room_id)
    return {
        "room_id": room_id,
        "name": async_name_of_room(hass, coordinator, room_id),
        "entity_id": main_entity_id(hass, entry, room_id),
        "device_id": device.id if device else None,
        "start": local_iso(start),
        "end": local_iso(end),
    }


@contextmanager
def _shown_errors() -> Iterator[None]:
    try:
        yield
    except OverShareError as error:
        raise refused("actions_over_budget", calls=str(error.calls), left=str(error.left)) from error
    except ReleaseStoppedError as error:
        raise refused("release_stopped") from error
    except InterruptedBookingError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="booking_interrupted") from error
    except NotWrittenError as error:
        raise HomeAssistantError(translation_domain=DOMAIN, translation_key="booking_not_written") from error
    except FeishuError as error:
        raise failed(error, HomeAssistantError) from error
