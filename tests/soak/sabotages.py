"""Ways to break the integration. The soak test must detect each of them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
import pytest

from custom_components import feishu_freebusy
from custom_components.feishu_freebusy import coordinator, finder
from custom_components.feishu_freebusy.binary_sensor import BusySensor
from custom_components.feishu_freebusy.calendar import SubjectCalendar
from custom_components.feishu_freebusy.coordinator import FreeBusyCoordinator
from custom_components.feishu_freebusy.entity import SubjectEntity
from custom_components.feishu_freebusy.feishu.clock import ServerClock
from custom_components.feishu_freebusy.feishu.limits import SlidingWindow
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, SubjectKind
from custom_components.feishu_freebusy.model import evidence, intervals, room_evidence, schedule, subject
from custom_components.feishu_freebusy.model.options import Options
from custom_components.feishu_freebusy.model.schedule import Block, Schedule, Status
from custom_components.feishu_freebusy.model.subject import Reading
from custom_components.feishu_freebusy.sensor import FreeRoomsSensor, SubjectSensor
from custom_components.feishu_freebusy.sync import poller, timetable
from custom_components.feishu_freebusy.sync.poller import Poller
from custom_components.feishu_freebusy.sync.statuses import StatusReader
from custom_components.feishu_freebusy.sync.wake_up import WakeUp

SECOND = timedelta(seconds=1)

# What a state rests on


def read_no_status_between_scans(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(StatusReader, "_due_at", lambda *_: {})


def show_closed_rooms_between_scans(patches: pytest.MonkeyPatch) -> None:
    read_no_status_between_scans(patches)
    trust_a_status_for_ever(patches)


def trust_a_status_for_ever(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(evidence, "_status_until", lambda *_: datetime.max.replace(tzinfo=UTC) - timedelta(days=1))


def show_an_answer_that_lost_a_booking_unchecked(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(Poller, "_lost_booking", lambda *_: False)


def hold_a_reading_all_day(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(evidence, "READING_LIMIT", timedelta(days=1))
    patches.setattr(subject, "READING_LIMIT", timedelta(days=1))


def believe_the_clock_of_the_machine(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(ServerClock, "offset_at", lambda *_: timedelta())


def believe_the_app_that_read_last(patches: pytest.MonkeyPatch) -> None:
    def latest(schedules: Iterable[Schedule | None]) -> Schedule | None:
        known = [schedule for schedule in schedules if schedule]
        return max(known, key=lambda schedule: schedule.window_start, default=None)

    patches.setattr(finder, "combined", latest)


def show_rooms_that_are_gone(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(room_evidence, "_room_evidence", lambda *_, **__: None)


# The meaning of a schedule


def forget_a_block(patches: pytest.MonkeyPatch) -> None:
    build = schedule.build_schedule

    def forgetful(*args: Any, **kwargs: Any) -> Schedule:
        built = build(*args, **kwargs)
        return replace(built, blocks=built.blocks[:3] + built.blocks[4:])

    patches.setattr(subject, "build_schedule", forgetful)


def end_a_second_late(patches: pytest.MonkeyPatch) -> None:
    status = Schedule.status

    def late(self: Schedule, now: datetime, min_free: timedelta) -> Status | None:
        shown, before = status(self, now, min_free), status(self, now - SECOND, min_free)
        return before if shown and before and before.busy and not shown.busy else shown

    patches.setattr(Schedule, "status", late)


def be_free_while_busy(patches: pytest.MonkeyPatch) -> None:
    status = Schedule.status

    def lie(self: Schedule, now: datetime, min_free: timedelta) -> Status | None:
        shown = status(self, now, min_free)
        return replace(shown, busy=False) if shown else None

    patches.setattr(Schedule, "status", lie)


def be_off_between_meetings(patches: pytest.MonkeyPatch) -> None:
    def merge(spans: Iterable[tuple[datetime, datetime]]) -> tuple[Block, ...]:
        merged: list[Block] = []
        for start, end in sorted(spans):
            if merged and start < merged[-1].end:
                merged[-1] = Block(merged[-1].start, max(merged[-1].end, end))
            else:
                merged.append(Block(start, end))
        return tuple(merged)

    patches.setattr(schedule, "_merge", merge)


def want_longer_gaps(patches: pytest.MonkeyPatch) -> None:
    status = Schedule.status
    patches.setattr(Schedule, "status", lambda self, now, min_free: status(self, now, min_free + SECOND))


def count_what_was_declined(patches: pytest.MonkeyPatch) -> None:
    def counts(period: BusyPeriod, kind: SubjectKind, count_pending_as_busy: bool) -> bool:
        return count_pending_as_busy or not schedule._is_pending(period, kind)

    patches.setattr(schedule, "counts_as_busy", counts)


def count_what_is_pending(patches: pytest.MonkeyPatch) -> None:
    counts = schedule.counts_as_busy
    patches.setattr(
        schedule, "counts_as_busy", lambda period, kind, _: counts(period, kind, count_pending_as_busy=True)
    )


def leave_people_free_until_they_answer(patches: pytest.MonkeyPatch) -> None:
    counts = schedule.counts_as_busy
    patches.setattr(schedule, "counts_as_busy", lambda period, _, pending: counts(period, SubjectKind.ROOM, pending))


def ignore_that_rooms_are_disabled(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(room_evidence, "disabled_period", lambda *_: None)


def list_other_bookings(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(Schedule, "bookings", lambda self, *_: self.blocks[1:3])


def leave_the_number_of_free_rooms(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(FreeRoomsSensor, "_handle_coordinator_update", lambda _: None)


def put_the_last_event_first(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(Schedule, "block_at", lambda self, *_: self.blocks[-1] if self.blocks else None)


# How long answers are valid


def hold_twice_as_long(patches: pytest.MonkeyPatch) -> None:
    grace = intervals.grace
    patches.setattr(poller, "grace", lambda interval: 2 * grace(interval))


def hold_anew_after_a_restart(patches: pytest.MonkeyPatch) -> None:
    def still_valid(readings: Mapping[str, Reading], now: datetime, *_: Any, **__: Any) -> dict[str, Reading]:
        fresh_until = now + intervals.grace(timedelta(minutes=10))
        return {room_id: replace(reading, fresh_until=fresh_until) for room_id, reading in readings.items()}

    patches.setattr(coordinator, "still_valid", still_valid)


def be_free_in_an_outage(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(BusySensor, "available", property(lambda _: True))
    patches.setattr(BusySensor, "is_on", property(lambda self: bool(self.snapshot and self.snapshot.status.busy)))


def be_unavailable_at_the_first_failure(patches: pytest.MonkeyPatch) -> None:
    available = property(lambda self: self.coordinator.last_update_success and self.snapshot is not None)
    patches.setattr(SubjectEntity, "available", available)


def flicker_at_each_answer(patches: pytest.MonkeyPatch) -> None:
    keep = FreeBusyCoordinator.keep

    def forget_and_keep(self: FreeBusyCoordinator, subject_id: str, reading: Reading, **fresh: Any) -> None:
        room = self.subjects[subject_id]
        room.schedule = room._snapshot = None
        self.notifier.notify(subject_id)
        keep(self, subject_id, reading, **fresh)

    patches.setattr(FreeBusyCoordinator, "keep", forget_and_keep)


def ask_half_as_often(patches: pytest.MonkeyPatch) -> None:
    interval_at = timetable.Timetable.interval_at
    patches.setattr(timetable.Timetable, "interval_at", lambda self, then: 2 * interval_at(self, then))


def ask_as_fast_as_it_goes(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(SlidingWindow, "delay", lambda _: 0.0)


def arm_no_timer_after_the_first(patches: pytest.MonkeyPatch) -> None:
    on_timer = WakeUp._on_timer

    def once(self: WakeUp, now: datetime) -> None:
        on_timer(self, now)
        self._disarm()

    patches.setattr(WakeUp, "_on_timer", callback(once))


# State writes and log lines


def write_a_room_at_each_tick(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(BusySensor, "rendered", lambda _: object())


def write_a_sensor_at_each_tick(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(SubjectSensor, "rendered", lambda _: object())


def write_a_calendar_at_each_tick(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(SubjectCalendar, "rendered", lambda _: object())


def say_when_it_was_read(patches: pytest.MonkeyPatch) -> None:
    attributes = BusySensor.__dict__["extra_state_attributes"].fget

    def ticking(self: BusySensor) -> dict[str, Any] | None:
        shown = attributes(self)
        return {**shown, "read_at": self.coordinator.last_read_at} if shown else None

    patches.setattr(BusySensor, "rendered", lambda self: (self.snapshot, self.coordinator.last_read_at))
    patches.setattr(BusySensor, "extra_state_attributes", property(ticking))


def log_each_failure(patches: pytest.MonkeyPatch) -> None:
    read = Poller._read

    async def noisy(self: Poller, *args: Any) -> None:
        try:
            await read(self, *args)
        except Exception:
            coordinator._LOGGER.error("It failed")
            raise

    patches.setattr(Poller, "_read", noisy)


# Applying changes


def stay_in_the_zone(patches: pytest.MonkeyPatch) -> None:
    async def stay(_self: FreeBusyCoordinator) -> None:
        pass

    patches.setattr(FreeBusyCoordinator, "_apply_hours", stay)


def leave_rooms_as_they_were(patches: pytest.MonkeyPatch) -> None:
    async def take_note(self: FreeBusyCoordinator) -> None:
        self.options = Options.of(self.config_entry.options)

    patches.setattr(FreeBusyCoordinator, "async_apply_options", take_note)


def reload_for_options(patches: pytest.MonkeyPatch) -> None:
    async def reload(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        hass.config_entries.async_schedule_reload(entry.entry_id)

    patches.setattr(feishu_freebusy, "_async_entry_updated", reload)


# Leftovers


def leave_the_timer(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(WakeUp, "stop", lambda self: setattr(self, "_stopped", True))


def _before_each_poll(patches: pytest.MonkeyPatch, leak: Any) -> None:
    ask = Poller._ask

    async def leak_and_ask(self: Poller, *args: Any) -> Any:
        leak(self._catalogue.hass)
        return await ask(self, *args)

    patches.setattr(Poller, "_ask", leak_and_ask)


def start_timers_for_ever(patches: pytest.MonkeyPatch) -> None:
    _before_each_poll(patches, lambda hass: async_call_later(hass, timedelta(days=300), lambda _: None))


def start_tasks_for_ever(patches: pytest.MonkeyPatch) -> None:
    waited_for, tasks = asyncio.Event(), []
    _before_each_poll(patches, lambda hass: tasks.append(hass.loop.create_task(waited_for.wait())))


def keep_objects(patches: pytest.MonkeyPatch) -> None:
    kept: list[list[int]] = []
    _before_each_poll(patches, lambda _: kept.extend([number] for number in range(500)))


def listen_for_ever(patches: pytest.MonkeyPatch) -> None:
    watch = FreeBusyCoordinator.async_watch

    def watch_and_stay(self: FreeBusyCoordinator) -> None:
        watch(self)
        self.hass.bus.async_listen("something_rare", self._on_stop)

    patches.setattr(FreeBusyCoordinator, "async_watch", watch_and_stay)
