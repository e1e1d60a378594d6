"""The switches of actions: with both off there is no trace, and what was begun before a start is undone."""

from datetime import timedelta

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.feishu_freebusy import acting
from custom_components.feishu_freebusy.acting import booker_of
from custom_components.feishu_freebusy.booking import (
    Booked,
    BookingSettings,
    InterruptedBookingError,
    ReleaseStoppedError,
)
from custom_components.feishu_freebusy.const import DOMAIN, EVENT_ACTION
from custom_components.feishu_freebusy.feishu.errors import ServerError
from custom_components.feishu_freebusy.model.booking import OwnBooking, Refusal, Stage
from custom_components.feishu_freebusy.model.options import Options
from custom_components.feishu_freebusy.sync.ledger import Ledger, NotWrittenError
from custom_components.feishu_freebusy.sync.shares import OverShareError
from simulator import Fault, Room, Tenant
from tests.actions import texts_of
from tests.clock import Clock, SetUp
from tests.conftest import at
from tests.test_booking import ledger_on_disk, live_events, rows_of, writes_of
from tests.test_translations import TEXTS

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("may_book")

LEDGER = "feishu_freebusy.{}.ledger"


async def test_with_both_switches_off_there_is_no_trace(
    tenant: Tenant, set_up: SetUp, orion: Room, hass_storage: dict[str, object]
) -> None:
    entry = await set_up(orion)

    assert booker_of(entry.runtime_data) is None
    assert writes_of(tenant) == []
    assert not any(key.endswith(".ledger") for key in hass_storage)


@pytest.mark.parametrize(
    ("switches", "may_end_others"), [({"book": True}, False), ({"release": True}, True)], ids=["book", "release"]
)
async def test_each_switch_makes_a_booker_with_its_settings(
    set_up: SetUp, orion: Room, switches: dict[str, bool], may_end_others: bool
) -> None:
    entry = await set_up(orion, **switches, longest_booking_minutes=90)

    booker = booker_of(entry.runtime_data)
    assert booker
    assert booker.settings == BookingSettings(longest=timedelta(minutes=90), may_end_others=may_end_others)


@pytest.mark.parametrize("book", [True, False])
async def test_a_start_undoes_what_was_begun_before_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, book: bool
) -> None:
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker
    booked = await clock.run(booker.async_book(orion.room_id, at(14), at(15), title="Visit"))
    (booking,) = (await ledger_on_disk(hass, entry)).bookings
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    ledger = await ledger_on_disk(hass, entry)
    await ledger.async_record(booking.at(Stage.INVITING))
    hass.config_entries.async_update_entry(entry, options={**entry.options, "book": book})
    assert live_events(tenant) == {booked.event_id}

    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.settle()

    assert (live_events(tenant), rows_of(tenant, orion)) == (set(), [])
    assert (await ledger_on_disk(hass, entry)).bookings == ()


async def test_confirmed_bookings_stay_when_booking_is_switched_off(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker
    await clock.run(booker.async_book(orion.room_id, at(14), at(15), title="Visit"))

    hass.config_entries.async_update_entry(entry, options={**entry.options, "book": False})
    await clock.forward(seconds=5)

    assert entry.state is ConfigEntryState.LOADED
    assert rows_of(tenant, orion) == [(at(14), at(15))]
    assert booker_of(entry.runtime_data) not in (None, booker)


async def test_a_changed_switch_reloads_and_other_settings_apply_in_place(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    before, booker = entry.runtime_data, booker_of(entry.runtime_data)
    assert booker

    hass.config_entries.async_update_entry(entry, options={**entry.options, "longest_booking_minutes": 30})
    await clock.settle()
    assert (entry.runtime_data, booker_of(before)) == (before, booker)
    assert booker.settings.longest == timedelta(minutes=30)

    hass.config_entries.async_update_entry(entry, options={**entry.options, "release": True})
    await clock.forward(seconds=1)
    assert entry.runtime_data is not before
    assert (new := booker_of(entry.runtime_data))
    assert new.settings.may_end_others


async def test_after_an_unload_nothing_is_tried_again(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    ledger = Ledger(hass, entry)
    await ledger.async_record(OwnBooking("k" * 32, orion.room_id, at(14), at(15), Stage.DELETING, "primary", "gone_0"))
    tenant.inject(Fault.status(503), "/events/gone_0", times=None)
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.settle()

    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    tenant.requests.clear()
    await clock.forward(minutes=30)

    assert tenant.requests == []
    assert len((await ledger_on_disk(hass, entry)).bookings) == 1


async def test_a_removed_entry_leaves_no_ledger(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, orion: Room, hass_storage: dict[str, object]
) -> None:
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker
    await clock.run(booker.async_book(orion.room_id, at(14), at(15), title="Visit"))
    assert LEDGER.format(entry.entry_id) in hass_storage

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert LEDGER.format(entry.entry_id) not in hass_storage


async def turn_away(hass: HomeAssistant, entry: MockConfigEntry, how: str) -> None:
    """Unload an entry for one of the reasons that there are."""
    entries = hass.config_entries
    if how == "disable":
        await entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        return
    await {"unload": entries.async_unload, "reload": entries.async_reload, "remove": entries.async_remove}[how](
        entry.entry_id
    )


@pytest.mark.parametrize("how", ["unload", "reload", "disable", "remove"])
@pytest.mark.parametrize("slow", ["/events", "/attendees", "/nothing"], ids=["created", "invited", "accepted"])
async def test_an_entry_that_goes_in_the_middle_of_a_booking_leaves_none(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room, how: str, slow: str
) -> None:
    tenant.inject(Fault.slow(30), slow)
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker
    acts = async_capture_events(hass, EVENT_ACTION)
    first = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), title="Visit"))
    second = hass.async_create_task(booker.async_book(orion.room_id, at(16), at(17), title="Visit", user="other"))
    await clock.forward(seconds=2.7)
    assert not first.done()

    await clock.run(turn_away(hass, entry, how))

    assert (live_events(tenant), rows_of(tenant, orion)) == (set(), [])
    for work in (first, second):
        with pytest.raises(InterruptedBookingError):
            await work
    assert [event.data["action"] for event in acts] == ["undone"]
    assert (await ledger_on_disk(hass, entry)).bookings == ()
    with pytest.raises(InterruptedBookingError):
        await booker.async_end(orion.room_id)


async def test_an_end_that_is_interrupted_is_finished(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker
    await clock.run(booker.async_book(orion.room_id, at(10), at(11), title="Visit"))
    tenant.inject(Fault.slow(30), "instance/reply")
    work = hass.async_create_task(booker.async_end(orion.room_id))
    await clock.forward(seconds=1)

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert live_events(tenant) == set()
    with pytest.raises(InterruptedBookingError):
        await work


async def test_a_removed_entry_tells_of_bookings_that_it_can_not_undo(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, orion: Room
) -> None:
    entry = await set_up(orion, book=True)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    ledger = Ledger(hass, entry)
    for key, stage, hour in (("a", Stage.DELETING, 14), ("b", Stage.CREATING, 16), ("c", Stage.CONFIRMED, 18)):
        event_id = "" if stage is Stage.CREATING else f"{key}_0"
        await ledger.async_record(
            OwnBooking(key * 32, orion.room_id, at(hour), at(hour + 1), stage, "primary", event_id)
        )
    tenant.inject(Fault.status(503), "/events/a_0", times=None)

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"bookings_left_{entry.entry_id}")
    assert issue
    assert issue.translation_placeholders == {
        "name": entry.title,
        "bookings": "- Orion, 2026-11-23 06:00 – 2026-11-23 07:00",
    }
    assert (live_events(tenant), len(tenant.agenda.events)) == (set(), 1)  # the other one was found and deleted


@pytest.mark.parametrize("language", TEXTS)
def test_every_refusal_has_its_text(language: str) -> None:
    texts = {key: text["message"] for key, text in TEXTS[language]["exceptions"].items()}
    refusals = [texts[f"refusal_{refusal.value}"] for refusal in Refusal]

    assert len(set(refusals)) == len(Refusal)


async def test_a_refusal_is_shown_with_its_text(clock: Clock, set_up: SetUp, tenant: Tenant, orion: Room) -> None:
    tenant.book(orion.room_id, at(10, 30), at(11))
    entry = await set_up(orion, book=True)
    booker = booker_of(entry.runtime_data)
    assert booker

    with pytest.raises(HomeAssistantError) as raised:
        await clock.run(
            acting.async_act(
                entry.runtime_data, orion.room_id, booker.async_book(orion.room_id, at(10), at(11), title="Visit")
            )
        )

    assert raised.value.translation_key == "refusal_taken_from"


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (OverShareError(8, 3), "actions_over_budget"),
        (ReleaseStoppedError(), "release_stopped"),
        (InterruptedBookingError(), "booking_interrupted"),
        (NotWrittenError(), "booking_not_written"),
        (ServerError("the server failed"), "server_error"),
    ],
)
async def test_an_error_of_the_booker_is_shown_with_its_text(
    clock: Clock, set_up: SetUp, orion: Room, error: Exception, key: str
) -> None:
    entry = await set_up(orion, book=True)

    async def fail() -> Booked:
        raise error

    with pytest.raises(HomeAssistantError) as raised:
        await clock.run(acting.async_act(entry.runtime_data, orion.room_id, fail()))

    assert raised.value.translation_key == key
    assert texts_of(raised.value)


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Booked by Home Assistant"), ("zh-Hans", "由 Home Assistant 预订")]
)
async def test_the_title_is_the_chosen_one_or_a_text_in_the_language_of_home_assistant(
    hass: HomeAssistant, set_up: SetUp, orion: Room, language: str, title: str
) -> None:
    await set_up(orion)
    hass.config.language = language

    assert await acting.async_title(hass, Options.of({})) == title
    assert await acting.async_title(hass, Options.of({"booking_title": "Occupied"})) == "Occupied"
