"""Booking, extending, ending and releasing rooms: whatever fails, no booking is left that nobody was told of."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import count
from typing import Any, Literal

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.booking import (
    Act,
    Booked,
    Booker,
    BookingSettings,
    Ended,
    InterruptedBookingError,
    RefusedError,
    ReleaseStoppedError,
)
from custom_components.feishu_freebusy.booking.booker import _Caller
from custom_components.feishu_freebusy.feishu.errors import FeishuError, InstanceUnknownError, ScopeMissingError
from custom_components.feishu_freebusy.feishu.events import Events
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.model.booking import Refusal, Stage
from custom_components.feishu_freebusy.sync.ledger import Ledger, NotWrittenError
from custom_components.feishu_freebusy.sync.shares import OverShareError
from simulator import BookingRules, Fault, Room, Tenant
from simulator.agenda import Agenda
from simulator.model import Call
from tests.clock import Clock, SetUp, reads_of, shown, state_of
from tests.conftest import at

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("may_book")

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RARELY = 3_600  # seconds between polls: earlier changes of a state come from the booking itself
TITLE = "Salary of Chen Wei"
LATER = {"minutes": 30}  # long enough for all attempts to clean up
ALL = BookingSettings(may_end_others=True)


@pytest.fixture
def booker_of(hass: HomeAssistant) -> Iterator[Callable[..., Awaitable[Booker]]]:
    """Return a function that makes the booker of a loaded entry, with the ledger as it is on disk."""
    bookers: list[Booker] = []

    async def make(entry: MockConfigEntry, settings: BookingSettings = ALL) -> Booker:
        ledger = Ledger(hass, entry)
        await ledger.async_load()
        bookers.append(Booker(entry.runtime_data, ledger, settings))
        return bookers[-1]

    yield make
    for booker in bookers:
        booker.async_stop()


type BookerOf = Callable[..., Awaitable[Booker]]


async def ledger_on_disk(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    """Return the ledger as the next start would read it."""
    ledger = Ledger(hass, entry)
    await ledger.async_load()
    return ledger


def live_events(tenant: Tenant) -> set[str]:
    """Return the ids of the app's events that are not deleted."""
    return {event.event_id for event in tenant.agenda.events.values() if not event.deleted}


def rows_of(tenant: Tenant, room: Room) -> list[tuple[datetime, datetime]]:
    """Return the accepted bookings of a room."""
    return sorted((each.start, each.end) for each in tenant.calendars.of(room.room_id) if each.rsvp == "accept")


def writes_of(tenant: Tenant) -> list[str]:
    """Return the calls that change something."""
    return [
        f"{call.method} {call.path.rpartition('/')[2]}"
        for call in tenant.requests
        if ("/calendars/" in call.path and call.method != "GET" and not call.path.endswith("primary"))
        or call.path.endswith("reply")
    ]


async def refused(clock: Clock, work: Coroutine[Any, Any, object]) -> Refusal:
    """Return why work is refused."""
    with pytest.raises(RefusedError) as error:
        await clock.run(work)
    return error.value.refusal


# --- What works -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own_rows", ["at_accept", "at_request"])
async def test_a_room_is_booked_extended_and_ended(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    own_rows: Literal["at_accept", "at_request"],
) -> None:
    tenant.variants.own_rows = own_rows
    entry = await set_up(orion, scan_interval=RARELY)
    booker = await booker_of(entry)
    assert state_of(hass, orion) == "off"

    booked = await clock.run(booker.async_book(orion.room_id, clock.now, at(10, 30), title=TITLE))
    assert (booked.start, booked.end) == (at(10), at(10, 30))
    assert rows_of(tenant, orion) == [(at(10), at(10, 30))]
    assert live_events(tenant) == {booked.event_id}
    assert state_of(hass, orion) == "on"
    assert clock.now <= at(10, 0, 5)
    assert [each.event_id for each in booker.own_bookings(orion.room_id)] == [booked.event_id]

    extended = await clock.run(booker.async_extend(orion.room_id, timedelta(minutes=15), title=TITLE))
    assert (extended.start, extended.end) == (at(10, 30), at(10, 45))
    assert rows_of(tenant, orion) == [(at(10), at(10, 30)), (at(10, 30), at(10, 45))]
    assert datetime.fromisoformat(shown(hass, orion).attributes["busy_until"]) == at(10, 45)

    reads = len(reads_of(tenant, orion))
    ended = await clock.run(booker.async_end(orion.room_id))
    assert ended == Ended(orion.room_id, at(10), at(10, 30), is_own=True)
    assert len(reads_of(tenant, orion)) == reads + 1  # for both bookings
    assert rows_of(tenant, orion) == []
    assert live_events(tenant) == set()
    assert state_of(hass, orion) == "off"
    assert (await ledger_on_disk(hass, entry)).bookings == ()
    by_payer = entry.runtime_data.calls.by_payer
    assert by_payer[Payer.BOOKINGS] == 1 + 2 * 5 + 4  # the calendar, two bookings, one end
    assert Payer.OTHER not in by_payer


async def test_the_state_is_right_within_3_s_of_the_verdict(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.agenda.verdict_delay = 6.5
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))

    work = hass.async_create_task(booker.async_book(orion.room_id, at(10), at(11), title=TITLE))
    await clock.forward(seconds=6.4)
    assert state_of(hass, orion) == "off"
    assert not work.done()
    await clock.forward(seconds=3.1)
    assert state_of(hass, orion) == "on"
    assert (await work).end == at(11)


async def test_a_future_booking_is_canceled(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    booker = await booker_of(await set_up(orion))
    booked = await clock.run(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))

    assert await clock.run(booker.async_cancel(orion.room_id, booked.event_id)) == Ended(
        orion.room_id, at(14), at(15), is_own=True, act=Act.CANCELED
    )
    assert rows_of(tenant, orion) == []
    assert await refused(clock, booker.async_cancel(orion.room_id, booked.event_id)) is Refusal.NOT_OURS


async def test_a_meeting_of_others_is_extended_and_ended_with_its_extension(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(12), at(13))
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))

    for minutes in (30, 45):
        extended = await clock.run(booker.async_extend(orion.room_id, timedelta(minutes=15), title=TITLE))
        assert extended.end == at(11, 15 if minutes == 30 else 30)
    assert await refused(clock, booker.async_extend(orion.room_id, HOUR, title=TITLE)) is Refusal.TAKEN
    assert len(rows_of(tenant, orion)) == 4

    ended = await clock.run(booker.async_end(orion.room_id))
    assert ended == Ended(orion.room_id, at(9), at(11), is_own=False)
    assert rows_of(tenant, orion) == [(at(12), at(13))]
    assert live_events(tenant) == set()
    assert state_of(hass, orion) == "off"


async def test_a_separate_booking_right_after_is_neither_ended_nor_extended(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))
    await clock.run(booker.async_book(orion.room_id, at(10), at(10, 30), title=TITLE, user="ada"))
    await clock.run(booker.async_book(orion.room_id, at(10, 30), at(11), title=TITLE, user="bo"))

    assert await refused(clock, booker.async_extend(orion.room_id, 15 * MINUTE, title=TITLE)) is Refusal.TAKEN
    ended = await clock.run(booker.async_end(orion.room_id))
    assert ended == Ended(orion.room_id, at(10), at(10, 30), is_own=True)
    assert rows_of(tenant, orion) == [(at(10, 30), at(11))]


async def test_extensions_still_end_with_the_meeting_after_a_restart(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    booker = await booker_of(entry)
    await clock.run(booker.async_book(orion.room_id, at(10), at(10, 30), title=TITLE))
    for _ in range(2):
        await clock.run(booker.async_extend(orion.room_id, 15 * MINUTE, title=TITLE))

    await clock.run((await booker_of(entry)).async_end(orion.room_id))
    assert rows_of(tenant, orion) == []


async def test_a_meeting_that_begins_after_the_request_is_not_ended(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    tenant.book(orion.room_id, at(10, 30), at(11))
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))
    await clock.to(at(10, 29, 59))

    tenant.inject(Fault("slow", delay=2.0), "freebusy/batch_get")
    assert await refused(clock, booker.async_end(orion.room_id)) is Refusal.ANOTHER_RUNS
    assert len(rows_of(tenant, orion)) == 2


async def test_a_meeting_that_ends_after_the_request_is_still_extended(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.book(orion.room_id, at(9), at(10, 30))
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))
    await clock.to(at(10, 29, 59))

    tenant.inject(Fault("slow", delay=2.0), "freebusy/batch_get")
    extended = await clock.run(booker.async_extend(orion.room_id, 15 * MINUTE, title=TITLE))
    assert (extended.start, extended.end) == (at(10, 30), at(10, 45))


@pytest.mark.parametrize("primary", ["asked for", "unknown", "chosen"])
async def test_bookings_have_the_chosen_calendar_and_contact(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room, primary: str
) -> None:
    person = tenant.add_user("Chen Wei")
    tenant.variants.room_contact = "190014"
    if primary == "unknown":
        tenant.inject(Fault.error(400, 191000), "calendars/primary", times=None)
    chosen = tenant.agenda.calendar_id if primary == "chosen" else ""
    booker = await booker_of(await set_up(orion), BookingSettings(chosen, person.open_id))

    booked = await clock.run(booker.async_book(orion.room_id, at(10), at(11), title=TITLE))

    event = tenant.agenda.events[booked.event_id]
    assert (event.title, event.guests[orion.room_id].contact) == (TITLE, person.open_id)
    assert len(tenant.calls("calendars/primary")) == (primary != "chosen")
    assert TITLE not in str(booker._ledger.bookings)


async def test_the_ledger_forgets_past_bookings(
    hass: HomeAssistant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    entry = await set_up(orion, scan_interval=RARELY)
    booker = await booker_of(entry)
    await clock.run(booker.async_book(orion.room_id, at(10), at(11), title=TITLE))
    await clock.to(at(10, 30, day=1))
    await clock.run(booker.async_book(orion.room_id, at(14, day=1), at(15, day=1), title=TITLE))
    assert len((await ledger_on_disk(hass, entry)).bookings) == 2
    await clock.to(at(11, day=1))
    await clock.run(booker.async_book(orion.room_id, at(16, day=1), at(17, day=1), title=TITLE))

    kept = (await ledger_on_disk(hass, entry)).bookings
    assert [each.start for each in kept] == [at(14, day=1), at(16, day=1)]


async def test_of_two_tablets_that_book_at_once_one_wins_and_the_other_is_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    booker = await booker_of(await set_up(orion))

    async def press(user: str, minutes: int) -> Booked | Refusal:
        try:
            return await booker.async_book(orion.room_id, at(10), at(10, minutes), title=TITLE, user=user)
        except RefusedError as error:
            return error.refusal

    async def both() -> list[Booked | Refusal]:
        return list(await asyncio.gather(press("one", 30), press("other", 45)))

    winner, other = await clock.run(both())
    assert isinstance(winner, Booked)
    assert other is Refusal.TAKEN
    assert rows_of(tenant, orion) == [(winner.start, winner.end)]
    assert live_events(tenant) == {winner.event_id}
    assert writes_of(tenant) == ["POST events", "POST attendees"]  # the other one had to wait


async def test_of_two_home_assistants_that_book_at_once_one_wins_and_the_other_is_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    entry = await set_up(orion)
    first = await booker_of(entry)
    elsewhere = MockConfigEntry(domain=entry.domain, data=dict(entry.data), entry_id="elsewhere")
    other = Booker(entry.runtime_data, Ledger(hass, elsewhere), ALL)

    async def press(booker: Booker) -> Booked | Refusal:
        try:
            return await booker.async_book(orion.room_id, at(10), at(10, 30), title=TITLE)
        except RefusedError as error:
            return error.refusal

    async def both() -> list[Booked | Refusal]:
        return list(await asyncio.gather(press(first), press(other)))

    results = await clock.run(both())
    assert [type(each) for each in results].count(Booked) == 1
    assert Refusal.TAKEN in results
    assert len(rows_of(tenant, orion)) == len(live_events(tenant)) == 1


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (BookingRules(opens=time(1), closes=time(2)), Refusal.OUTSIDE_HOURS),
        (BookingRules(max_duration=30 * MINUTE), Refusal.TOO_LONG),
        (BookingRules(days_ahead=0), Refusal.TOO_FAR_AHEAD),
        (BookingRules(approval=True), Refusal.APPROVAL),
        (BookingRules(allowed=False), Refusal.DECLINED),
        (BookingRules(form=True), Refusal.DECLINED),
    ],
    ids=["hours", "length", "ahead", "approval", "not allowed", "form"],
)
async def test_a_room_that_refuses_is_told_with_its_reason(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    rules: BookingRules,
    expected: Refusal,
) -> None:
    tenant.agenda.rules[orion.room_id] = rules
    entry = await set_up(orion)
    booker = await booker_of(entry)

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), title=TITLE)) is expected
    assert live_events(tenant) == set()
    assert (await ledger_on_disk(hass, entry)).bookings == ()


async def test_a_room_without_an_answer_is_given_back_even_if_it_accepts_later(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.agenda.verdict_delay = 121.0
    booker = await booker_of(await set_up(orion))

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), title=TITLE)) is Refusal.NO_ANSWER
    assert at(10, 2) <= clock.now < at(10, 2, 10)
    await clock.forward(**LATER)
    assert (rows_of(tenant, orion), live_events(tenant)) == ([], set())


async def test_a_room_that_declines_is_told_even_if_its_bookings_cannot_be_read(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.agenda.verdict_delay = 119.0  # the last look sees it
    tenant.agenda.rules[orion.room_id] = BookingRules(max_duration=30 * MINUTE)
    booker = await booker_of(await set_up(orion))

    work = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))
    await clock.forward(seconds=100)
    tenant.inject(Fault.error(400, 99991672), "freebusy/batch_get", times=None)
    await clock.forward(seconds=60)

    with pytest.raises(RefusedError) as error:
        await work
    assert error.value.refusal is Refusal.TOO_LONG
    assert live_events(tenant) == set()


async def test_what_is_known_to_fail_makes_no_call_to_book(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room, vega: Room
) -> None:
    tenant.book(orion.room_id, at(10, 30), at(11))
    tenant.disable_room(vega.room_id, at(12), at(13))
    booker = await booker_of(await set_up(orion, vega), BookingSettings(longest=HOUR))

    def book(room: Room, start: datetime, end: datetime) -> Coroutine[Any, Any, Booked]:
        return booker.async_book(room.room_id, start, end, title=TITLE)

    assert await refused(clock, book(orion, at(10), at(10, 31))) is Refusal.TAKEN
    assert await refused(clock, book(orion, at(9), at(10))) is Refusal.PAST
    assert await refused(clock, book(orion, at(12), at(11))) is Refusal.PAST
    assert await refused(clock, book(orion, at(12), at(13, 1))) is Refusal.TOO_LONG
    assert await refused(clock, book(vega, at(12, 30), at(13, 30))) is Refusal.OUT_OF_SERVICE
    assert await refused(clock, booker.async_extend(orion.room_id, MINUTE, title=TITLE)) is Refusal.NOTHING_RUNS
    assert await refused(clock, booker.async_end(orion.room_id)) is Refusal.NOTHING_RUNS
    await clock.to(at(10, 45))
    assert await refused(clock, booker.async_end(orion.room_id)) is Refusal.NOT_OURS
    assert await refused(clock, booker.async_release(orion.room_id, after=MINUTE)) is Refusal.NOT_OURS
    assert await refused(clock, booker.async_extend(orion.room_id, 2 * HOUR, title=TITLE)) is Refusal.TOO_LONG
    with pytest.raises(ValueError, match="time zone"):
        await booker.async_book(orion.room_id, datetime(2026, 11, 23, 14), at(15), title=TITLE)  # noqa: DTZ001
    with pytest.raises(ValueError, match="title"):
        await booker.async_book(orion.room_id, at(14), at(15), title="x" * 1001)
    with pytest.raises(ValueError, match="length"):
        await booker.async_extend(orion.room_id, -MINUTE, title=TITLE)
    assert writes_of(tenant) == []


async def test_a_user_books_a_room_once_a_minute(
    clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room, vega: Room
) -> None:
    booker = await booker_of(await set_up(orion, vega))

    def book(room: Room, hour: int, user: str) -> Coroutine[Any, Any, Booked]:
        return booker.async_book(room.room_id, at(hour), at(hour + 1), title=TITLE, user=user)

    await clock.run(book(orion, 10, "one"))
    assert await refused(clock, book(orion, 10, "one")) is Refusal.TAKEN  # by the other tablet of this user
    assert await refused(clock, book(orion, 12, "one")) is Refusal.TOO_SOON
    await clock.run(book(orion, 12, "other"))
    await clock.run(book(vega, 12, "one"))
    await clock.run(booker.async_extend(orion.room_id, MINUTE, title=TITLE))
    await clock.run(booker.async_end(orion.room_id))
    await clock.forward(minutes=1)
    await clock.run(book(orion, 14, "one"))


async def test_bookings_keep_to_the_share_of_actions_and_ends_are_never_refused(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    entry = await set_up(orion, plan="free", budget=10_000)
    booker = await booker_of(entry)
    share, moment = entry.runtime_data.calls.actions, entry.runtime_data.clock.moment
    assert (left := share.left(moment))
    await clock.run(booker.async_book(orion.room_id, at(10), at(11), title=TITLE))
    assert share.left(moment) == left - 8
    assert share.spend(left - 8, moment)
    tenant.requests.clear()

    with pytest.raises(OverShareError):
        await clock.run(booker.async_book(orion.room_id, at(14), at(15), title=TITLE, user="other"))
    assert tenant.requests == []
    assert (await clock.run(booker.async_end(orion.room_id))).is_confirmed


# --- Bookings of others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zero", ["all", "105003"])
@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("released", [False, True])
async def test_ending_one_date_of_a_series_leaves_the_others(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    zero: Literal["all", "105003"],
    *,
    moved: bool,
    released: bool,
) -> None:
    tenant.variants.reply_zero_on_series = zero
    for week in range(-3, 4):
        made = tenant.book(orion.room_id, at(9, day=7 * week), at(11, day=7 * week), series="weekly")
        if moved and not week:
            tenant.move(made.booking_id, at(9, 30), at(11))
    before = rows_of(tenant, orion)
    entry = await set_up(orion, scan_interval=RARELY)
    booker = await booker_of(entry)

    end = booker.async_release(orion.room_id, after=MINUTE) if released else booker.async_end(orion.room_id)
    ended = await clock.run(end)

    act = Act.RELEASED if released else Act.ENDED
    assert ended == Ended(orion.room_id, at(9, 30 if moved else 0), at(11), is_own=False, act=act)
    assert rows_of(tenant, orion) == [row for row in before if row[0].date() != at(9).date()]
    assert state_of(hass, orion) == "off"
    assert (await ledger_on_disk(hass, entry)).releases == ()


@pytest.mark.parametrize("effect", ["vanishes", "shrinks", "vanishes_at_once"])
@pytest.mark.parametrize("start_on_single", ["105003", "accepted"])
async def test_a_single_booking_of_others_is_ended(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    start_on_single: Literal["105003", "accepted"],
    effect: Literal["vanishes", "shrinks", "vanishes_at_once"],
) -> None:
    tenant.variants.reply_start_on_single = start_on_single
    tenant.variants.reply_effect = effect
    tenant.book(orion.room_id, at(9), at(11))
    tenant.book(orion.room_id, at(12), at(13))
    booker = await booker_of(await set_up(orion, scan_interval=RARELY))
    assert await refused(clock, booker.async_release(orion.room_id, after=2 * HOUR)) is Refusal.TOO_EARLY

    assert (await clock.run(booker.async_release(orion.room_id, after=HOUR))).is_confirmed
    assert [row for row in rows_of(tenant, orion) if row[1] > clock.now] == [(at(12), at(13))]
    assert state_of(hass, orion) == "off"
    assert len(tenant.calls("instance/reply")) == (2 if start_on_single == "105003" else 1)


async def test_a_reply_without_effect_is_not_confirmed(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    tenant.variants.reply_effect = "never"
    tenant.book(orion.room_id, at(9), at(11))
    booker = await booker_of(await set_up(orion))

    assert not (await clock.run(booker.async_end(orion.room_id))).is_confirmed
    assert len(rows_of(tenant, orion)) == 1


async def test_no_reply_is_sent_any_more_once_one_has_released_a_series(
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for day in range(3):
        tenant.book(orion.room_id, at(9, day=day), at(11, day=day), series="daily")
    tenant.book(orion.room_id, at(11), at(12))
    booker = await booker_of(await set_up(orion))

    def release_all(agenda: Agenda, room_id: str, *_: object) -> None:
        for row in list(agenda.tenant.calendars.of(room_id)):
            if row.series:
                agenda.tenant.calendars.remove(row.booking_id)

    monkeypatch.setattr(Agenda, "reply", release_all)
    assert (await clock.run(booker.async_end(orion.room_id))).series_released
    assert booker.series_released
    assert "released other dates" in caplog.text
    await clock.to(at(11, 1))
    tenant.requests.clear()
    with pytest.raises(ReleaseStoppedError):
        await clock.run(booker.async_end(orion.room_id))
    assert writes_of(tenant) == []


async def test_two_dates_of_a_series_that_overlap_and_vanish_stop_all_replies(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.book(orion.room_id, at(9), at(11), series="daily")
    tenant.book(orion.room_id, at(10, 30), at(12), series="daily")
    booker = await booker_of(await set_up(orion))

    def release_all(agenda: Agenda, room_id: str, *_: object) -> None:
        for row in list(agenda.tenant.calendars.of(room_id)):
            agenda.tenant.calendars.remove(row.booking_id)

    monkeypatch.setattr(Agenda, "reply", release_all)
    assert (await clock.run(booker.async_end(orion.room_id))).series_released
    assert booker.series_released


async def test_no_zero_is_sent_once_a_reply_for_another_room_has_released_a_series(
    tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    booker = await booker_of(await set_up(orion))
    reply = Events.reply

    async def reply_during_the_accident(events: Events, *args: Any) -> None:
        (sent,) = booker._ledger.releases
        await booker._ledger.async_record(replace(sent, room_id="omm_other", series_released=True))
        await reply(events, *args)

    monkeypatch.setattr(Events, "reply", reply_during_the_accident)
    with pytest.raises(InstanceUnknownError):
        await clock.run(booker.async_end(orion.room_id))
    assert len(tenant.calls("instance/reply")) == 1
    assert rows_of(tenant, orion) == [(at(9), at(11))]


# --- Failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_late", [False, True])
async def test_a_booking_whose_caller_is_canceled_is_undone(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_late: bool,
) -> None:
    entry = await set_up(orion)
    booker = await booker_of(entry)
    if is_late:  # the booking is confirmed just when the caller is canceled
        monkeypatch.setattr(_Caller, "check", lambda _: None)
    work = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))
    other = booker.async_book(orion.room_id, at(16), at(17), title=TITLE, user="other")
    waiting = hass.async_create_task(other)
    await clock.forward(seconds=2.7)
    assert rows_of(tenant, orion) == [(at(14), at(15))]
    work.cancel()
    waiting.cancel()

    await clock.forward(seconds=20)

    assert work.cancelled()
    assert len(tenant.agenda.events) == 1 + is_late
    assert (rows_of(tenant, orion), live_events(tenant)) == ([], set())
    assert (await ledger_on_disk(hass, entry)).bookings == ()


@pytest.mark.parametrize("off_until", [at(10, 1), at(15, 1)], ids=["short", "until after the booking"])
async def test_an_unload_interrupts_and_the_next_start_undoes(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    off_until: datetime,
) -> None:
    entry = await set_up(orion)
    booker = await booker_of(entry)
    work = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))
    await clock.forward(seconds=2.7)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    with pytest.raises(InterruptedBookingError):
        await work
    assert live_events(tenant)
    await clock.to(off_until)

    await clock.run(hass.config_entries.async_setup(entry.entry_id))
    await clock.forward(seconds=5)

    assert live_events(tenant) == set()
    assert rows_of(tenant, orion) == []
    assert (await ledger_on_disk(hass, entry)).bookings == ()


async def test_an_unload_during_the_last_write_leaves_no_booking_that_nobody_was_told_of(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entry = await set_up(orion)
    booker = await booker_of(entry)
    save, is_written = Ledger._async_save, asyncio.Event()

    async def slow(ledger: Ledger) -> None:
        await save(ledger)
        if any(each.stage is Stage.CONFIRMED for each in ledger.bookings):
            is_written.set()
            await asyncio.sleep(1)

    with monkeypatch.context() as until_then:
        until_then.setattr(Ledger, "_async_save", slow)
        work = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))
        await clock.run(is_written.wait())
        assert [each.stage for each in (await ledger_on_disk(hass, entry)).bookings] == [Stage.CONFIRMED]
        await clock.run(hass.config_entries.async_reload(entry.entry_id))
        with pytest.raises(InterruptedBookingError):
            await work

    again = await booker_of(entry)
    await clock.run(again.async_recover())

    assert (rows_of(tenant, orion), live_events(tenant)) == ([], set())
    assert (await ledger_on_disk(hass, entry)).bookings == ()


@pytest.mark.parametrize("allowed", [0, 1, 2])
async def test_nothing_is_booked_that_the_ledger_does_not_hold(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
    allowed: int,
) -> None:
    entry = await set_up(orion)
    booker = await booker_of(entry)
    write, writes = Store._async_write_data, count()

    async def full(store: Store[Any], data: Any) -> None:
        if store.key.endswith("ledger") and next(writes) >= allowed:
            raise WriteError("the disk is full")
        await write(store, data)

    with monkeypatch.context() as until_then:
        until_then.setattr(Store, "_async_write_data", full)
        with pytest.raises(NotWrittenError):
            await clock.run(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))
    assert live_events(tenant) == set()
    assert len(tenant.agenda.events) == (allowed > 0)

    again = await booker_of(entry)
    await clock.run(again.async_recover())
    assert live_events(tenant) == set()
    assert (await ledger_on_disk(hass, entry)).bookings == ()


async def test_ending_a_booking_that_is_left_over_never_makes_it_one_that_was_told(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, booker_of: BookerOf, orion: Room
) -> None:
    entry = await set_up(orion)
    booker = await booker_of(entry)

    def undoes(call: Call) -> bool:
        return call.method == "DELETE" or call.path.endswith("reply")

    tenant.inject(Fault.error(403, 193002), times=None, when=undoes)
    tenant.inject(Fault.error(400, 99991672), "/attendees", times=None, when=lambda call: call.method == "GET")
    with pytest.raises(ScopeMissingError):
        await clock.run(booker.async_book(orion.room_id, at(10), at(11), title=TITLE))
    await clock.forward(seconds=5)
    assert rows_of(tenant, orion) == [(at(10), at(11))]
    with pytest.raises(FeishuError):
        await clock.run(booker.async_end(orion.room_id))
    assert [each.stage for each in (await ledger_on_disk(hass, entry)).bookings] == [Stage.DELETING]

    tenant.clear_faults()
    await clock.forward(minutes=11)
    assert (rows_of(tenant, orion), live_events(tenant)) == ([], set())


# The calls of each piece of work: a method and the end of a path
_READ_ROWS = ("GET", "freebusy/batch_get")
_MAKE = (("POST", "/events"), ("POST", "/attendees"), ("GET", "/attendees"))
_STEPS = {
    "book": (("POST", "calendars/primary"), _READ_ROWS, *_MAKE),
    "extend": (_READ_ROWS, *_MAKE),
    "end": (_READ_ROWS, ("POST", "instance/reply"), ("DELETE", "_0")),
    "end other": (_READ_ROWS, ("POST", "instance/reply")),
    "release": (_READ_ROWS, ("POST", "instance/reply")),
}
_FAULTS = {
    "connection closed": Fault.close(),
    "done, answer lost": Fault.cut_off(),
    "HTTP 502": Fault.html(502),
    "no answer": Fault.slow(3_600),
    "permission withdrawn": Fault.error(400, 99991672),
    "event denied": Fault.error(403, 193002),
    "rate limit": Fault.rate_limited(1),
}


class Office:
    """Rooms in which one piece of work after the other is done, and what the callers were told."""

    def __init__(self, hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.tenant = tenant
        self.clock = clock
        self.entry = entry
        self.free: set[str] = set()  # rooms whose meeting somebody was told is over
        self.told: set[str] = set()  # events of bookings that somebody was told of, without those told as ended

    async def prepare(self, work: str, booker: Booker, room: Room) -> str:
        """Let something run in a room, and return the id of its event if it is ours."""
        self.tenant.book(room.room_id, at(20), at(21))
        if work in {"end", "extend"}:
            booked = await self.clock.run(
                booker.async_book(room.room_id, at(10), at(16), title=TITLE, user=room.room_id)
            )
            self.told.add(booked.event_id)
            return booked.event_id
        if work in {"end other", "release"}:
            series = f"series-{room.name.rpartition(' ')[2]}"
            for day in (0, 7):
                self.tenant.book(room.room_id, at(9, day=day), at(16, day=day), series=series)
            await self.clock.run(self.entry.runtime_data.async_check_now())
        return ""

    async def do(self, work: str, booker: Booker, room: Room, event_id: str) -> None:
        """Do the work, and note what the caller is told."""
        match work:
            case "book":
                result: Booked | Ended = await booker.async_book(room.room_id, at(10), at(16), title=TITLE)
            case "extend":
                result = await booker.async_extend(room.room_id, HOUR, title=TITLE)
            case "release":
                result = await booker.async_release(room.room_id, after=MINUTE)
            case _:
                result = await booker.async_end(room.room_id)
        if isinstance(result, Booked):
            self.told.add(result.event_id)
        else:
            self.told.discard(event_id)
            if result.is_confirmed:
                self.free.add(room.room_id)

    async def check(self, work: str, room: Room) -> None:
        """Check that no event is left that nobody was told of, that the ledger is right, and what else is booked."""
        rows = rows_of(self.tenant, room)
        assert (at(20), at(21)) in rows
        if work in {"end other", "release"}:
            assert (at(9, day=7), at(16, day=7)) in rows
        is_busy = any(start <= self.clock.now < end for start, end in rows)
        assert not (is_busy and room.room_id in self.free)
        assert state_of(self.hass, room) == ("on" if is_busy else "off")
        events = live_events(self.tenant)
        ledger = await ledger_on_disk(self.hass, self.entry)
        assert events <= self.told
        if work in {"book", "extend"}:  # what failed to end may have ended
            assert events == self.told
        assert {each.stage for each in ledger.bookings} <= {Stage.CONFIRMED}
        assert events <= {each.event_id for each in ledger.bookings}
        assert ledger.releases == ()
        booked = {
            each.uid for each in self.tenant.calendars.of(room.room_id) if f"{each.uid}_0" in self.tenant.agenda.events
        }
        assert booked <= {each.rpartition("_")[0] for each in events}
        if work in {"book", "extend"}:
            assert booked == {each.uid for each in ledger.bookings if each.room_id == room.room_id}
        assert self.tenant.limit_violations == []


@pytest.mark.parametrize("name", _FAULTS)
@pytest.mark.parametrize("work", _STEPS)
async def test_no_fault_at_any_step_leaves_a_booking_that_nobody_was_told_of(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    rooms: list[Room],
    work: str,
    name: str,
) -> None:
    steps = _STEPS[work]
    entry = await set_up(*rooms[: 2 * len(steps)], scan_interval=RARELY)
    office, booker = Office(hass, tenant, clock, entry), await booker_of(entry)
    failed = 0
    for number, (method, path) in enumerate(steps):
        for room, also_undo in zip(rooms[2 * number :], (False, True), strict=False):
            event_id = await office.prepare(work, booker, room)
            booker._organizers.forget_calendars()  # so that it is asked for again

            def strikes(call: Call, *, method: str = method, path: str = path, also_undo: bool = also_undo) -> bool:
                return (call.method == method and call.path.endswith(path)) or (also_undo and call.method == "DELETE")

            tenant.inject(_FAULTS[name], times=None, when=strikes)
            try:
                await clock.run(office.do(work, booker, room, event_id))
            except FeishuError, RefusedError:
                failed += 1
            tenant.clear_faults()
            await clock.forward(minutes=11)
            await office.check(work, room)
    assert failed or work in {"end", "end other", "release"}


class Killed(BaseException):
    """The power goes off."""


@pytest.mark.parametrize("again", [None, 1, 2])
@pytest.mark.parametrize("work", _STEPS)
async def test_a_crash_between_any_two_calls_leaves_no_booking_that_nobody_was_told_of(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    set_up: SetUp,
    booker_of: BookerOf,
    monkeypatch: pytest.MonkeyPatch,
    work: str,
    again: int | None,
) -> None:
    rooms = [tenant.add_room(f"Room {number}") for number in range(40)]
    entry = await set_up(*rooms, scan_interval=RARELY)
    office = Office(hass, tenant, clock, entry)
    call, save = Events._call, Ledger._async_save
    left = 0

    def step() -> None:
        nonlocal left
        if left <= 0:
            raise Killed
        left -= 1

    async def dying_call(events: Events, *args: Any, **kwargs: Any) -> Any:
        step()
        result = await call(events, *args, **kwargs)
        step()
        return result

    async def dying_save(ledger: Ledger) -> None:
        step()
        await save(ledger)

    async def live(steps: int, life: Coroutine[Any, Any, object]) -> bool:
        """Return whether a life came to its end before the power went off."""
        nonlocal left
        left = steps
        with monkeypatch.context() as until_then:
            until_then.setattr(Events, "_call", dying_call)
            until_then.setattr(Ledger, "_async_save", dying_save)
            try:
                await clock.run(life)
            except Killed:
                return False
        return True

    for steps, room in enumerate(rooms):
        first = await booker_of(entry)
        event_id = await office.prepare(work, first, room)
        before = len(tenant.agenda.events)
        is_done = await live(steps, office.do(work, first, room, event_id))
        first.async_stop()
        if again is not None:
            second = await booker_of(entry)
            await live(again, second.async_recover())
            second.async_stop()
        last = await booker_of(entry)
        await clock.run(last.async_recover())
        await clock.forward(minutes=3)
        await office.check(work, room)
        assert len(tenant.agenda.events) - before <= 1  # never two for one wish
        if is_done:
            break
    assert is_done
    assert steps >= (5 if work in {"end other", "release"} else 9)
