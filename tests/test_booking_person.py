"""Booking as the linked person: whose calendar, whose token, and requests that wait for an approval."""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, Literal

from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.feishu_freebusy.acting import booker_of
from custom_components.feishu_freebusy.booking import Act, Booked, Booker, Ended, RefusedError
from custom_components.feishu_freebusy.const import EVENT_ACTION
from custom_components.feishu_freebusy.feishu.errors import ScopeMissingError
from custom_components.feishu_freebusy.feishu.events import Events
from custom_components.feishu_freebusy.feishu.grants import GrantError
from custom_components.feishu_freebusy.feishu.limits import Payer
from custom_components.feishu_freebusy.model.booking import Identity, Refusal, Stage
from custom_components.feishu_freebusy.sync.ledger import Ledger
from simulator import BookingRules, Fault, Room, Tenant
from simulator.model import User
from tests.clock import Clock, SetUp, state_of
from tests.conftest import at
from tests.person import link_person
from tests.test_booking import ledger_on_disk, live_events, rows_of, writes_of

pytest_plugins = ["tests.clock"]
pytestmark = pytest.mark.usefixtures("may_book")

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TITLE = "Salary of Chen Wei"
PERSON: dict[str, Any] = {"title": TITLE, "identity": Identity.PERSON}
REQUEST: dict[str, Any] = {**PERSON, "reason": "Interview"}
APPROVAL = BookingRules(approval=True)

type Linked = Callable[..., Awaitable[tuple[MockConfigEntry, Booker]]]


@pytest.fixture
def person(tenant: Tenant) -> User:
    """Return somebody who may book all rooms."""
    return tenant.add_user("Li Na")


@pytest.fixture
def linked(hass: HomeAssistant, tenant: Tenant, clock: Clock, set_up: SetUp, person: User) -> Linked:
    """Return a function that sets up rooms with a linked person."""

    async def linked(*rooms: Room, **options: Any) -> tuple[MockConfigEntry, Booker]:
        entry = await set_up(*rooms, **{"book": True, "scan_interval": 3_600, **options})
        await link_person(hass, clock, tenant, entry, person)
        tenant.requests.clear()
        booker = booker_of(entry.runtime_data)
        assert booker
        return entry, booker

    return linked


async def refused(clock: Clock, work: Coroutine[Any, Any, object]) -> Refusal:
    """Return why work is refused."""
    with pytest.raises(RefusedError) as error:
        await clock.run(work)
    return error.value.refusal


def actions_of(acts: list[Event[dict[str, Any]]]) -> list[str]:
    return [act.data["action"] for act in acts]


# Whose calendar


async def test_a_room_is_booked_extended_and_ended_in_the_name_of_the_person(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, person: User, orion: Room
) -> None:
    tenant.variants.room_contact = "190014"  # the app would need a contact
    entry, booker = await linked(orion)

    booked = await clock.run(booker.async_book(orion.room_id, at(10), at(10, 30), **PERSON))
    extended = await clock.run(booker.async_extend(orion.room_id, 15 * MINUTE, title=TITLE, identity=None))

    assert (booked.identity, extended.identity) == (Identity.PERSON, Identity.PERSON)
    assert {event.owner for event in tenant.agenda.events.values()} == {person.open_id}
    assert rows_of(tenant, orion) == [(at(10), at(10, 30)), (at(10, 30), at(10, 45))]
    assert state_of(hass, orion) == "on"
    assert [each.identity for each in (await ledger_on_disk(hass, entry)).bookings] == [Identity.PERSON] * 2

    ended = await clock.run(booker.async_end(orion.room_id))

    assert ended == Ended(orion.room_id, at(10), at(10, 30), is_own=True)
    assert (rows_of(tenant, orion), live_events(tenant), state_of(hass, orion)) == ([], set(), "off")
    deletions = [f"DELETE {each.event_id}" for each in (booked, extended)]
    assert writes_of(tenant)[-3:] == ["POST reply", *deletions]  # the extension has not begun
    assert len(tenant.calls("calendars/primary")) == 1
    assert Payer.OTHER not in entry.runtime_data.calls.by_payer


async def test_the_app_and_the_person_book_side_by_side(
    tenant: Tenant, clock: Clock, linked: Linked, person: User, orion: Room
) -> None:
    _, booker = await linked(orion)

    first = await clock.run(booker.async_book(orion.room_id, at(14), at(15), title=TITLE, user="a"))
    second = await clock.run(booker.async_book(orion.room_id, at(15), at(16), user="b", **PERSON))
    assert {key: event.owner for key, event in tenant.agenda.events.items()} == {
        first.event_id: "",
        second.event_id: person.open_id,
    }
    for each in (first, second):
        assert (await clock.run(booker.async_cancel(orion.room_id, each.event_id))).is_confirmed
    assert live_events(tenant) == set()


async def test_what_a_crash_left_of_a_booking_of_the_person_is_undone_in_their_name(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    entry, booker = await linked(orion)
    await clock.run(booker.async_book(orion.room_id, at(14), at(15), **PERSON))
    (booking,) = booker.own_bookings(orion.room_id)
    for left in (booking.at(Stage.INVITING), replace(booking, stage=Stage.CREATING, event_id="")):
        await booker._ledger.async_record(left)
        await clock.run(hass.config_entries.async_reload(entry.entry_id))
        await clock.settle()
        assert live_events(tenant) == set()
        booker = booker_of(entry.runtime_data) or booker
    assert (await ledger_on_disk(hass, entry)).bookings == ()


async def test_a_removed_entry_undoes_what_was_begun_in_the_name_of_the_person(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    entry, booker = await linked(orion)
    await clock.run(booker.async_book(orion.room_id, at(14), at(15), **PERSON))
    (booking,) = booker.own_bookings(orion.room_id)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await booker._ledger.async_record(booking.at(Stage.INVITING))

    await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert live_events(tenant) == set()


# Which rooms


async def test_a_room_that_the_person_may_not_book_is_not_tried(
    tenant: Tenant, clock: Clock, linked: Linked, orion: Room, vega: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(people=frozenset())
    _, booker = await linked(orion, vega)

    for _ in range(2):
        work = booker.async_book(orion.room_id, at(14), at(15), **PERSON)
        assert await refused(clock, work) is Refusal.NOT_FOR_PERSON
    await clock.run(booker.async_book(vega.room_id, at(14), at(15), **PERSON))
    await clock.run(booker.async_book(orion.room_id, at(14), at(15), title=TITLE))  # the app may

    assert len(tenant.calls("rooms/search")) == 1
    await clock.forward(hours=1)
    await booker.async_rooms_of_person()
    assert len(tenant.calls("rooms/search")) == 2


async def test_without_the_list_of_rooms_feishu_says_it(
    tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = BookingRules(people=frozenset())
    _, booker = await linked(orion)
    tenant.inject(Fault.error(400, 99991679), "rooms/search", times=None)

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), **PERSON)) is Refusal.DECLINED
    assert live_events(tenant) == set()


# The link


async def test_a_dead_link_fails_only_what_the_person_does_and_loses_no_booking(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, person: User, orion: Room
) -> None:
    entry, booker = await linked(orion)
    booked = await clock.run(booker.async_book(orion.room_id, at(10), at(10, 30), **PERSON))
    future = await clock.run(booker.async_book(orion.room_id, at(14), at(15), user="other", **PERSON))
    await clock.forward(minutes=1)
    tenant.consents.revoke_person(person.open_id, "revoked by user")
    tenant.requests.clear()

    with pytest.raises(GrantError):
        await clock.run(booker.async_book(orion.room_id, at(16), at(17), user="third", **PERSON))
    with pytest.raises(GrantError):
        await clock.run(booker.async_cancel(orion.room_id, future.event_id))
    assert [each.event_id for each in booker.own_bookings(orion.room_id)] == [booked.event_id, future.event_id]

    extended = await clock.run(booker.async_extend(orion.room_id, 15 * MINUTE, title=TITLE, identity=None))
    assert extended.identity is Identity.APP
    ended = await clock.run(booker.async_end(orion.room_id))
    assert not ended.is_confirmed  # the room is free, and the event stays with the person
    await clock.forward(minutes=30)
    assert rows_of(tenant, orion) == [(at(14), at(15))]
    assert live_events(tenant) == {booked.event_id, future.event_id}
    assert {each.stage for each in (await ledger_on_disk(hass, entry)).bookings} == {Stage.DELETING, Stage.CONFIRMED}

    await link_person(hass, clock, tenant, entry, person)
    await clock.settle()
    assert live_events(tenant) == {future.event_id}
    assert (await clock.run(booker.async_cancel(orion.room_id, future.event_id))).is_confirmed


async def test_a_permission_that_the_person_has_not_granted_is_no_problem_of_the_app(
    tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    _, booker = await linked(orion)
    tenant.inject(Fault.error(400, 99991679), "/events", when=lambda call: call.method == "POST")

    with pytest.raises(ScopeMissingError):
        await clock.run(booker.async_book(orion.room_id, at(14), at(15), **PERSON))
    assert live_events(tenant) == set()


# Rooms that need an approval


@pytest.mark.parametrize("approval", ["190014", "needs_action", "decline"])
async def test_the_app_is_refused_and_the_next_time_before_it_asks(
    tenant: Tenant,
    clock: Clock,
    linked: Linked,
    orion: Room,
    approval: Literal["190014", "needs_action", "decline"],
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    tenant.variants.approval = approval
    _, booker = await linked(orion)

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), title=TITLE)) is Refusal.APPROVAL
    assert live_events(tenant) == set()
    tenant.requests.clear()
    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), title=TITLE)) is Refusal.APPROVAL
    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), **PERSON)) is Refusal.REASON_NEEDED
    assert tenant.requests == []

    del tenant.agenda.rules[orion.room_id]
    await clock.run(booker.async_book(orion.room_id, at(14), at(14, 45), title=TITLE))  # a rule may be about long ones
    await clock.forward(days=1)
    await clock.run(booker.async_book(orion.room_id, at(14, day=1), at(15, day=1), title=TITLE))


@pytest.mark.parametrize("reason_missing", ["190014", "decline"])
async def test_the_person_is_asked_for_a_reason(
    tenant: Tenant,
    clock: Clock,
    linked: Linked,
    orion: Room,
    reason_missing: Literal["190014", "decline"],
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    tenant.variants.reason_missing = reason_missing
    _, booker = await linked(orion)

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), **PERSON)) is Refusal.REASON_NEEDED
    assert live_events(tenant) == set()


async def test_an_extension_can_not_be_requested(tenant: Tenant, clock: Clock, linked: Linked, orion: Room) -> None:
    tenant.book(orion.room_id, at(9), at(11))
    tenant.agenda.rules[orion.room_id] = APPROVAL
    _, booker = await linked(orion)

    for _ in range(2):
        work = booker.async_extend(orion.room_id, HOUR, title=TITLE, identity=Identity.PERSON)
        assert await refused(clock, work) is Refusal.APPROVAL
    assert live_events(tenant) == set()


async def test_a_room_without_approval_is_booked_although_a_reason_is_given(
    clock: Clock, linked: Linked, orion: Room
) -> None:
    _, booker = await linked(orion)

    booked = await clock.run(booker.async_book(orion.room_id, at(14), at(15), **REQUEST))

    assert booked.act is Act.BOOKED


class Requested:
    """A request for a room that waits for an approval."""

    def __init__(
        self, hass: HomeAssistant, tenant: Tenant, clock: Clock, entry: MockConfigEntry, room: Room, booked: Booked
    ) -> None:
        self.acts = async_capture_events(hass, EVENT_ACTION)
        self.entry = entry
        self.booked = booked
        self._hass = hass
        self._tenant = tenant
        self._clock = clock
        self._room = room

    @property
    def booker(self) -> Booker:
        booker = booker_of(self.entry.runtime_data)
        assert booker
        return booker

    async def check(self, *actions: str) -> None:
        """Check that what has happened was told once, and that nothing is left of a request that failed."""
        assert actions_of(self.acts) == list(actions)
        assert self.booker.requests(self._room.room_id) == ()
        lines = (await ledger_on_disk(self._hass, self.entry)).bookings
        is_booked = actions[-1] == "approved"
        assert [each.stage for each in lines] == ([Stage.CONFIRMED] if is_booked else [])
        assert live_events(self._tenant) == ({self.booked.event_id} if is_booked else set())
        times = (self.booked.start, self.booked.end)
        assert rows_of(self._tenant, self._room) == ([times] if is_booked else [])

    @property
    def looks(self) -> int:
        return sum(call.method == "GET" for call in self._tenant.calls("/attendees"))


@pytest.fixture
async def requested(hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, orion: Room) -> Requested:
    """Request a room for the afternoon in two days."""
    tenant.agenda.rules[orion.room_id] = APPROVAL
    entry, booker = await linked(orion)
    booked = await clock.run(booker.async_book(orion.room_id, at(14, day=2), at(15, day=2), **REQUEST))
    assert (booked.act, booked.identity) == (Act.REQUESTED, Identity.PERSON)
    assert clock.now < at(10, 0, 12)
    (event,) = tenant.agenda.events.values()
    assert event.guests[orion.room_id].reason == "Interview"
    tenant.requests.clear()
    return Requested(hass, tenant, clock, entry, orion, booked)


async def test_a_request_waits_for_days_and_is_approved(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, requested: Requested, orion: Room
) -> None:
    again = requested.booker.async_book(orion.room_id, at(14, 30, day=2), at(16, day=2), user="other", **REQUEST)
    assert await refused(clock, again) is Refusal.REQUESTED
    await clock.forward(days=1)
    assert [each.event_id for each in requested.booker.requests(orion.room_id)] == [requested.booked.event_id]
    assert requested.booker.own_bookings(orion.room_id) == ()
    assert live_events(tenant) == {requested.booked.event_id}
    assert 20 <= requested.looks <= 36  # about one an hour

    tenant.agenda.decide(orion.room_id, approve=True)
    await clock.forward(hours=1, seconds=10)

    await requested.check("approved")
    (act,) = requested.acts
    assert (act.data["own"], act.data["confirmed"], act.data["start"]) == (True, True, "2026-11-25T06:00:00-08:00")
    looks = requested.looks
    await clock.to(at(14, 1, day=2))
    assert (requested.looks, state_of(hass, orion)) == (looks, "on")


async def test_a_decision_shows_with_the_next_read_of_the_room(
    tenant: Tenant, clock: Clock, requested: Requested, orion: Room
) -> None:
    await clock.forward(hours=5)
    looks = requested.looks
    await clock.run(requested.entry.runtime_data.async_check_now())
    await clock.settle()
    assert requested.looks == looks  # nothing new

    tenant.agenda.decide(orion.room_id, approve=True)
    await clock.run(requested.entry.runtime_data.async_check_now())
    await clock.settle()

    await requested.check("approved")


async def test_a_declined_request_is_told_and_deleted(
    tenant: Tenant, clock: Clock, requested: Requested, orion: Room
) -> None:
    await clock.forward(minutes=10)
    tenant.agenda.decide(orion.room_id, approve=False)
    await clock.forward(hours=1)

    await requested.check("declined")


async def test_a_request_that_nobody_decides_expires_with_its_end(clock: Clock, requested: Requested) -> None:
    await clock.to(at(14, 59, day=2))
    assert requested.acts == []
    await clock.to(at(15, 0, 5, day=2))

    await requested.check("expired")


async def test_a_request_that_the_person_deletes_in_feishu_is_canceled(
    tenant: Tenant, clock: Clock, requested: Requested
) -> None:
    tenant.agenda.delete(requested.booked.event_id)
    await clock.forward(minutes=3)

    await requested.check("canceled")


async def test_a_request_is_withdrawn_like_a_booking(
    tenant: Tenant, clock: Clock, requested: Requested, orion: Room
) -> None:
    canceled = await clock.run(requested.booker.async_cancel(orion.room_id, requested.booked.event_id))

    assert (canceled.act, canceled.is_confirmed) == (Act.CANCELED, True)
    assert live_events(tenant) == set()
    await clock.forward(hours=3)
    assert requested.looks == 0


async def test_a_request_outlasts_a_restart(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, requested: Requested, orion: Room
) -> None:
    await clock.run(hass.config_entries.async_unload(requested.entry.entry_id))
    assert live_events(tenant) == {requested.booked.event_id}
    await clock.forward(hours=5)
    assert requested.looks == 0
    tenant.agenda.decide(orion.room_id, approve=True)

    await clock.run(hass.config_entries.async_setup(requested.entry.entry_id))
    await clock.forward(minutes=3)

    await requested.check("approved")


async def test_a_request_that_ended_while_home_assistant_was_off_expires(
    hass: HomeAssistant, clock: Clock, requested: Requested
) -> None:
    await clock.run(hass.config_entries.async_unload(requested.entry.entry_id))
    await clock.to(at(20, day=2))

    await clock.run(hass.config_entries.async_setup(requested.entry.entry_id))
    await clock.forward(minutes=3)

    await requested.check("expired")


async def test_without_calls_left_only_reads_of_the_room_show_a_decision(
    tenant: Tenant, clock: Clock, requested: Requested, orion: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = requested.entry.runtime_data.calls.actions
    monkeypatch.setattr(actions, "spend", lambda *_, **__: False)
    monkeypatch.setattr(actions, "left", lambda _: 0)
    await clock.forward(hours=3)

    assert requested.looks == 0
    assert len(requested.booker.requests(orion.room_id)) == 1


async def test_a_dead_link_keeps_a_request_until_a_day_after_its_end(
    tenant: Tenant, clock: Clock, requested: Requested, person: User, orion: Room
) -> None:
    tenant.consents.revoke_person(person.open_id, "revoked by user")
    await clock.to(at(14, 59, day=3))
    assert len(requested.booker.requests(orion.room_id)) == 1
    await clock.forward(hours=2)

    assert actions_of(requested.acts) == ["expired"]
    assert requested.booker.requests(orion.room_id) == ()


async def test_a_request_whose_caller_is_canceled_is_withdrawn(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    entry, booker = await linked(orion)
    work = hass.async_create_task(booker.async_book(orion.room_id, at(14), at(15), **REQUEST))
    await clock.forward(seconds=5)
    work.cancel()
    await clock.forward(seconds=20)

    assert (live_events(tenant), (await ledger_on_disk(hass, entry)).bookings) == (set(), ())


async def test_a_request_waits_even_if_the_rules_of_the_room_can_not_be_read(
    tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    tenant.variants.room_check = "190014"
    _, booker = await linked(orion)

    booked = await clock.run(booker.async_book(orion.room_id, at(14), at(15), **REQUEST))

    assert booked.act is Act.REQUESTED
    assert at(10, 2) <= clock.now < at(10, 2, 10)
    tenant.requests.clear()
    await clock.run(booker.async_cancel(orion.room_id, booked.event_id))
    again = await clock.run(booker.async_book(orion.room_id, at(14), at(15), user="other", **REQUEST))
    assert again.act is Act.REQUESTED  # this time it is known
    assert tenant.calls("room_availability_check") == []


async def test_a_request_that_is_declined_at_once_is_refused(
    tenant: Tenant, clock: Clock, linked: Linked, orion: Room
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    tenant.agenda.approval_delay, tenant.agenda.approval_verdict = 1.0, "decline"
    _, booker = await linked(orion)

    assert await refused(clock, booker.async_book(orion.room_id, at(14), at(15), **REQUEST)) is Refusal.DECLINED
    assert live_events(tenant) == set()


class Killed(BaseException):
    """The power goes off."""


class Power:
    """The power goes off before or after a call, or before a write, after so many steps."""

    def __init__(self, patches: pytest.MonkeyPatch) -> None:
        self.left = 0
        call, save = Events._call, Ledger._async_save

        async def dying_call(events: Events, *args: Any, **kwargs: Any) -> Any:
            self._step()
            result = await call(events, *args, **kwargs)
            self._step()
            return result

        async def dying_save(ledger: Ledger) -> None:
            self._step()
            await save(ledger)

        patches.setattr(Events, "_call", dying_call)
        patches.setattr(Ledger, "_async_save", dying_save)
        self.restore()

    def restore(self, steps: int = 1_000) -> None:
        self.left = steps

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@pytest.mark.parametrize("decision", [None, True, False], ids=["requested", "approved", "declined"])
async def test_a_crash_at_any_step_of_a_request_leaves_none_that_nobody_was_told_of(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    linked: Linked,
    orion: Room,
    monkeypatch: pytest.MonkeyPatch,
    decision: bool | None,
) -> None:
    tenant.agenda.rules[orion.room_id] = APPROVAL
    entry, booker = await linked(orion)
    power, told = Power(monkeypatch), list[Booked | Ended]()

    async def reborn() -> Booker:
        ledger = await ledger_on_disk(hass, entry)
        return Booker(entry.runtime_data, ledger, booker.settings, told.append)

    for steps in count():
        told.clear()
        life = await reborn()
        work = life.async_book(orion.room_id, at(14, day=7), at(15, day=7), **REQUEST)
        power.restore(steps if decision is None else 1_000)
        with suppress(Killed):
            told.append(await clock.run(work))
        if decision is not None:
            tenant.agenda.decide(orion.room_id, approve=decision)
            power.restore(steps)
            with suppress(Killed):
                await clock.run(life._approvals._look_at(life.requests(orion.room_id)))
        is_done = power.left >= 0
        life.async_stop()
        power.restore()
        last = await reborn()
        await clock.run(last.async_recover())
        await clock.forward(minutes=3)

        acts = [each.act for each in told]
        stands = decision is not False and Act.REQUESTED in acts
        assert bool(live_events(tenant)) == stands
        assert set(acts) <= {Act.REQUESTED, Act.APPROVED, Act.DECLINED, Act.UNDONE}
        stages = [each.stage for each in (await ledger_on_disk(hass, entry)).bookings]
        assert stages == ([Stage.CONFIRMED if decision else Stage.WAITING] if stands else [])
        if decision is not None and is_done:
            assert acts == [Act.REQUESTED, Act.APPROVED if decision else Act.DECLINED]
        for own in (*last.own_bookings(orion.room_id), *last.requests(orion.room_id)):
            await clock.run(last.async_cancel(orion.room_id, own.event_id))
        last.async_stop()
        assert live_events(tenant) == set()
        if is_done:
            break
    assert steps >= (11 if decision is None else 5)
