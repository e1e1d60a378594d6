"""The ledger of own bookings: on disk before each call, and whatever a crash leaves is undone after the start."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta
import json
from pathlib import Path
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.file import WriteError
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.models import EventRef, InstanceReply, RsvpStatus
from custom_components.feishu_freebusy.model.booking import (
    VERDICT_LOOKS,
    Identity,
    OwnBooking,
    PendingRelease,
    Recovery,
    Stage,
    recovery,
)
from custom_components.feishu_freebusy.sync.ledger import (
    Ledger,
    NotWrittenError,
    async_forget_ledger,
    ledger_from_json,
    ledger_to_json,
)
from simulator import Room, Tenant
from simulator.tenant import BOOKING_SCOPES
from tests.conftest import at
from tests.feishu.odd import corrupted
from tests.feishu.virtual import START, on_virtual_time, run
from tests.sync.test_quota import disk as disk  # noqa: PLC0414  # a fixture

HOUR = timedelta(hours=1)
KEY = "0123456789abcdef" * 2
TITLE = "Salary of Chen Wei"
BEGUN = OwnBooking(KEY, "omm_1", at(10), at(11), Stage.CREATING, "primary")
MADE = OwnBooking("other-key", "omm_2", at(12), at(13), Stage.CONFIRMED, "primary", "uid-2_0")
REPLY = PendingRelease("omm_1", EventRef("uid-3", 7), InstanceReply.NOT_CHECK_IN, at(9), at(10), (at(9, day=7),))
WAITING = OwnBooking(
    "third-key", "omm_2", at(15), at(16), Stage.WAITING, "feishu.cn_1", "uid-4_0", identity=Identity.PERSON
)
STOP = replace(REPLY, room_id="omm_3", series_released=True)
LINES = ledger_to_json([BEGUN, MADE, WAITING], [REPLY, STOP])


@pytest.fixture
def entry() -> MockConfigEntry:
    data = {CONF_APP_ID: "cli_1", CONF_BASE_URL: "https://open.feishu.cn"}
    return MockConfigEntry(domain=DOMAIN, data=data, title="Rooms", entry_id="entry-1")


@pytest.fixture
def path(disk: Path) -> Path:
    return disk / f"{DOMAIN}.entry-1.ledger"


def content_of(path: Path) -> Any:
    return json.loads(path.read_text())


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def reloaded(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    """Return the ledger after a restart."""
    ledger = Ledger(hass, entry)
    await ledger.async_load()
    return ledger


# --- The file ---------------------------------------------------------------------------------------------------------


async def test_every_line_is_on_disk_at_once(hass: HomeAssistant, entry: MockConfigEntry, path: Path) -> None:
    ledger = await reloaded(hass, entry)
    for line in (BEGUN, MADE, WAITING, REPLY):
        await ledger.async_record(line)

    assert content_of(path)["version"] == 1
    again = await reloaded(hass, entry)
    assert (again.bookings, again.releases) == ((BEGUN, MADE, WAITING), (REPLY,))
    assert (again.own_uids("omm_1"), again.own_uids("omm_2")) == (frozenset(), frozenset({"uid-2", "uid-4"}))
    await again.async_record(BEGUN.at(Stage.INVITING, "uid-1_0"))
    for line in (MADE, WAITING, REPLY, REPLY):
        await again.async_forget(line)
    last = await reloaded(hass, entry)
    assert (last.bookings, last.releases) == ((BEGUN.at(Stage.INVITING, "uid-1_0"),), ())


def test_a_booking_without_an_identity_is_one_of_the_app() -> None:
    before = [{key: value for key, value in line.items() if key != "identity"} for line in LINES[:3]]  # type: ignore[attr-defined]

    bookings, _, unread = ledger_from_json([*before, {**before[0], "identity": "robot"}])

    assert bookings == [BEGUN, MADE, replace(WAITING, identity=Identity.APP)]
    assert len(unread) == 1


async def test_a_reply_that_released_a_series_is_kept_until_it_is_forgotten(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path
) -> None:
    ledger = await reloaded(hass, entry)
    for line in (REPLY, STOP):
        await ledger.async_record(line)

    again = await reloaded(hass, entry)
    assert (again.releases, again.stops) == ((REPLY,), (STOP,))
    await again.async_forget(STOP)
    assert (await reloaded(hass, entry)).stops == ()
    assert ["series_released" in line for line in content_of(path)["data"]["lines"]] == [False]


async def test_a_line_that_is_not_on_disk_is_an_error(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await reloaded(hass, entry)
    await ledger.async_record(MADE)

    async def full(*_: object) -> None:
        raise WriteError("the disk is full")

    with monkeypatch.context() as until_then:
        until_then.setattr(Store, "_async_write_data", full)
        with pytest.raises(NotWrittenError):
            await ledger.async_record(BEGUN)
    assert (await reloaded(hass, entry)).bookings == (MADE,)
    await ledger.async_record(BEGUN)
    assert (await reloaded(hass, entry)).bookings == (MADE, BEGUN)


async def test_nothing_is_begun_while_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path
) -> None:
    ledger = await reloaded(hass, entry)
    hass.set_state(CoreState.stopping)

    with pytest.raises(NotWrittenError):
        await ledger.async_record(BEGUN)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 99, "minor_version": 1, "key": "x", "data": {}}', "\0" * 100]
)
async def test_a_damaged_file_counts_as_empty(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path, text: str
) -> None:
    write(path, text)

    ledger = await reloaded(hass, entry)

    assert (ledger.bookings, ledger.releases) == ((), ())
    await ledger.async_record(BEGUN)
    assert (await reloaded(hass, entry)).bookings == (BEGUN,)


async def test_unreadable_lines_stay_in_the_file(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await Ledger(hass, entry).async_record(MADE)
    content = content_of(path)
    new = {"kind": "something new", "title": "?"}
    content["data"]["lines"].insert(0, new)
    write(path, json.dumps(content))

    ledger = await reloaded(hass, entry)
    await ledger.async_record(BEGUN)

    assert (await reloaded(hass, entry)).bookings == (MADE, BEGUN)
    assert new in content_of(path)["data"]["lines"]
    assert "1 stored bookings could not be read" in caplog.text


@pytest.mark.parametrize("change", [{CONF_APP_ID: "cli_2"}, {CONF_BASE_URL: "https://open.larksuite.com"}])
async def test_bookings_of_another_app_are_not_ours(
    hass: HomeAssistant, entry: MockConfigEntry, path: Path, change: dict[str, str]
) -> None:
    await Ledger(hass, entry).async_record(MADE)
    other = MockConfigEntry(domain=DOMAIN, data={**entry.data, **change}, entry_id=entry.entry_id)

    assert (await reloaded(hass, other)).bookings == ()


async def test_the_file_of_a_removed_entry_is_removed(hass: HomeAssistant, entry: MockConfigEntry, path: Path) -> None:
    await Ledger(hass, entry).async_record(MADE)
    assert [file.name for file in path.parent.iterdir()] == [path.name]

    await async_forget_ledger(hass, entry)

    assert list(path.parent.iterdir()) == []


@given(st.data())
def test_a_damaged_line_is_read_completely_or_kept(data: st.DataObject) -> None:
    lines = data.draw(corrupted(LINES))

    bookings, releases, unread = ledger_from_json(lines)

    for booking in bookings:
        assert booking.key
        assert booking.room_id
        assert booking.end.utcoffset() is not None
    if isinstance(lines, list):
        assert len(bookings) + len(releases) + len(unread) == min(len(lines), 100 + len(bookings) + len(releases))
    assert ledger_from_json(ledger_to_json(bookings, releases)) == (bookings, releases, [])


# --- A crash between any two calls ------------------------------------------------------------------------------------


class Killed(BaseException):
    """The power goes off."""


class Life:
    """One life of Home Assistant: a client, and a ledger on a disk that outlives it. It ends after some steps."""

    def __init__(self, client: FeishuClient, lines: list[object], steps: int) -> None:
        self.client = client
        self.lines = lines
        self.left = steps
        self.told: list[str] = []

    def step(self) -> None:
        """End this life if it has no steps left."""
        if not self.left:
            raise Killed
        self.left -= 1

    def record(self, booking: OwnBooking) -> OwnBooking:
        """Write a line of the ledger."""
        self.step()
        self.lines[:] = ledger_to_json([booking], [])
        return booking

    async def call[T](self, call: Awaitable[T]) -> T:
        """Make a call. This life may end before it, and after Feishu has carried it out."""
        try:
            self.step()
        except Killed:
            call.close()  # type: ignore[attr-defined]  # a coroutine
            raise
        result = await call
        self.step()
        return result

    async def book(self, room: Room) -> None:
        """Book a room, tell about it, end it early."""
        events, start = self.client.events, START + HOUR
        booking = self.record(OwnBooking(KEY, room.room_id, start, start + HOUR, Stage.CREATING, "primary"))
        event = await self.call(self.create(booking))
        booking = self.record(booking.at(Stage.INVITING, event))
        await self.call(events.add_room("primary", event, room.room_id))
        await asyncio.sleep(VERDICT_LOOKS[0])
        assert await self.call(events.verdict("primary", event, room.room_id)) is RsvpStatus.ACCEPT
        booking = self.record(booking.at(Stage.CONFIRMED))
        self.told.append(booking.event_id)
        booking = self.record(booking.at(Stage.ENDING))
        await self.call(events.reply(room.room_id, EventRef(booking.uid), InstanceReply.ENDED_BEFORE_DUE))
        booking = self.record(booking.at(Stage.DELETING))
        await self.call(events.delete("primary", event))
        self.lines.clear()

    async def create(self, booking: OwnBooking) -> str:
        """Create the event of a booking and return its id."""
        how = {"time_zone": "UTC", "idempotency_key": booking.key, "title": TITLE}
        event = await self.client.events.create(booking.calendar_id, start=booking.start, end=booking.end, **how)
        return event.event_id

    async def recover(self, now: datetime) -> None:
        """Do after a start what the rules say."""
        for booking in ledger_from_json(list(self.lines))[0]:
            action = recovery(booking, now)
            if action is Recovery.KEEP:
                continue
            if action is Recovery.FIND:
                booking = booking.at(Stage.DELETING, await self.call(self.create(booking)))  # noqa: PLW2901
                self.record(booking)
            if action is not Recovery.FORGET:
                await self.call(self.client.events.delete(booking.calendar_id, booking.event_id))
            self.step()
            self.lines.clear()


def all_steps() -> int:
    """Return how many steps a booking has from its first line to its end."""
    life = play([1000])[0]
    return 1000 - life.left


def play(lives: list[int]) -> tuple[Life, Tenant, Room]:
    """Live several lives one after the other; the first books, the others recover."""
    tenant = Tenant()
    tenant.grant(*BOOKING_SCOPES)
    room = tenant.add_room("Orion")
    lines: list[object] = []
    told: list[str] = []

    async def main() -> Life:
        client = on_virtual_time(tenant).client
        for number, steps in enumerate(lives):
            life = Life(client, lines, steps)
            life.told = told
            try:
                await (life.recover(tenant.now()) if number else life.book(room))
            except Killed:
                continue
        await asyncio.sleep(VERDICT_LOOKS[-1])  # a room may reply late
        tenant.agenda.settle()
        return life

    return run(main()), tenant, room


@pytest.mark.parametrize("first", range(15))
@pytest.mark.parametrize("second", [None, 0, 1, 2, 3, 4])
def test_a_crash_at_any_step_leaves_no_booking_that_nobody_was_told_of(first: int, second: int | None) -> None:
    assert all_steps() == 15

    life, tenant, room = play([first, *(() if second is None else (second,)), 1000])

    events = [event.event_id for event in tenant.agenda.events.values() if not event.deleted]
    kept = [f"{booking.uid}_0" for booking in tenant.calendars.of(room.room_id)]
    assert kept == events
    assert set(events) <= set(life.told)
    assert bool(events) == (first == 9)  # it was told, and its end had not begun
    assert len(tenant.agenda.events) <= 1  # never two for one wish
    assert bool(life.lines) == bool(events)
    assert TITLE not in json.dumps(life.lines)
