"""The rules about time: each by an example, and all against an oracle that checks every row at every instant."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RoomStatus, RsvpStatus, SubjectKind
from custom_components.feishu_freebusy.model.schedule import (
    Block,
    DisabledPeriod,
    Schedule,
    Status,
    build_schedule,
    disabled_period,
    single_bookings,
    start_of_day,
)

ROOM, PERSON = SubjectKind.ROOM, SubjectKind.PERSON
ACCEPT, TENTATIVE, NEEDS_ACTION = RsvpStatus.ACCEPT, RsvpStatus.TENTATIVE, RsvpStatus.NEEDS_ACTION
DECLINE, REMOVED = RsvpStatus.DECLINE, RsvpStatus.REMOVED

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta.resolution
MIN_FREE = 15 * MINUTE

TODAY = datetime(2026, 6, 10, tzinfo=UTC)
NOW = TODAY + 10 * HOUR
WINDOW_START, HORIZON = NOW - DAY, NOW + 7 * DAY


def at(clock: str) -> datetime:
    """Return today's instant `HH:MM`; hours may be negative (yesterday) or above 23 (days to come)."""
    hours, minutes = clock.split(":")
    return TODAY + timedelta(hours=int(hours), minutes=int(minutes))


def row(period: str, rsvp_status: RsvpStatus | None = None) -> BusyPeriod:
    """Return the busy period `HH:MM..HH:MM`."""
    start, end = period.split("..")
    return BusyPeriod(at(start), at(end), rsvp_status)


def block(period: str) -> Block:
    """Return the block `HH:MM..HH:MM`."""
    start, end = period.split("..")
    return Block(at(start), at(end))


def schedule_of(
    *periods: str | BusyPeriod,
    kind: SubjectKind = ROOM,
    disabled: DisabledPeriod | None = None,
    count_pending_as_busy: bool = False,
) -> Schedule:
    """Return the schedule of an answer read at 10:00 for the usual window: 24 h back, 7 days ahead."""
    return build_schedule(
        [row(period) if isinstance(period, str) else period for period in periods],
        kind=kind,
        window_start=WINDOW_START,
        horizon=HORIZON,
        disabled=disabled,
        count_pending_as_busy=count_pending_as_busy,
    )


def status_at(schedule: Schedule, now: datetime, min_free: timedelta = MIN_FREE) -> Status:
    """Return the status at an instant within the known window."""
    status = schedule.status(now, min_free)
    assert status is not None
    return status


def free_at(schedule: Schedule, now: datetime) -> bool:
    """Return whether the subject is not busy."""
    return not status_at(schedule, now).busy


# Cases that room displays get wrong


@pytest.mark.parametrize(
    ("periods", "busy", "busy_until", "next_free"),
    [
        pytest.param(["9:30..10:30", "10:30..11:30"], True, "11:30", "11:30", id="back-to-back"),
        pytest.param(["9:00..12:00", "10:30..11:00"], True, "12:00", "12:00", id="nested"),
        pytest.param(["9:30..10:30", "10:15..11:00"], True, "11:00", "11:00", id="overlapping"),
        pytest.param(["9:30..10:30", "10:35..11:30"], True, "10:30", "11:30", id="gap-too-short-to-use"),
        pytest.param(["-1:00..11:00"], True, "11:00", "11:00", id="started-yesterday"),
        pytest.param(["10:00..11:00"], True, "11:00", "11:00", id="starts-exactly-now"),
        pytest.param(["9:00..10:00"], False, None, None, id="ended-exactly-now"),
        pytest.param(["10:00..10:00"], False, None, None, id="zero-length"),
        pytest.param(["9:00..36:00"], True, "36:00", "36:00", id="until-tomorrow-noon"),
    ],
)
def test_edge_cases_that_displays_get_wrong(
    periods: list[str], busy: bool, busy_until: str | None, next_free: str | None
) -> None:
    status = status_at(schedule_of(*periods), NOW)

    assert status.busy is busy
    assert status.busy_until == (at(busy_until) if busy_until else None)
    assert status.next_free == (at(next_free) if next_free else None)
    assert status.available_now is not busy


def test_a_booking_across_the_end_of_dst_ends_at_its_instant() -> None:
    summer, winter = timezone(2 * HOUR), timezone(HOUR)
    night = datetime(2026, 10, 25, tzinfo=summer)
    schedule = build_schedule(
        [BusyPeriod(night + 2.5 * HOUR, datetime(2026, 10, 25, 2, 30, tzinfo=winter))],
        kind=ROOM,
        window_start=night - DAY,
        horizon=night + 7 * DAY,
    )
    first_half_past_two = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    assert free_at(schedule, first_half_past_two - TICK)
    status = status_at(schedule, first_half_past_two)
    assert status.busy
    assert status.busy_until == status.next_free == first_half_past_two + HOUR
    assert free_at(schedule, first_half_past_two + HOUR)


def test_a_booking_across_the_start_of_dst_is_shorter_than_its_wall_times() -> None:
    # 01:30 CET to 03:30 CEST in Berlin.
    start = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(HOUR))
    end = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(2 * HOUR))
    schedule = build_schedule([BusyPeriod(start, end)], kind=ROOM, window_start=start - DAY, horizon=end + DAY)

    status = status_at(schedule, start)

    assert status.busy_since == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert status.busy_until == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


# Examples of the rules


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        pytest.param([], Status(False, None, None, None, True, None, None, 0), id="nothing"),
        pytest.param(
            ["11:00..12:00"], Status(False, None, None, at("11:00"), True, None, None, 0), id="booked-in-an-hour"
        ),
        pytest.param(
            ["10:05..11:00"],
            Status(False, None, None, at("10:05"), False, at("11:00"), None, 0),
            id="booked-too-soon-to-use",
        ),
        pytest.param(
            ["9:00..10:00", "10:00..11:00", "11:05..12:00"],
            Status(True, at("9:00"), at("11:00"), at("11:05"), False, at("12:00"), None, 0),
            id="chain-and-short-gap",
        ),
        pytest.param(
            [BusyPeriod(at("9:00"), HORIZON)],
            Status(True, at("9:00"), None, None, False, None, None, 0),
            id="into-the-horizon",
        ),
    ],
)
def test_worked_examples(periods: list[str | BusyPeriod], expected: Status) -> None:
    assert schedule_of(*periods).status(NOW, MIN_FREE) == expected


def test_available_now_ends_min_free_before_the_next_block() -> None:
    schedule = schedule_of("11:00..12:00")

    assert schedule.next_change(NOW, MIN_FREE, UTC) == at("10:45")
    before, after = status_at(schedule, at("10:45") - TICK), status_at(schedule, at("10:45"))
    assert (before.available_now, before.next_free) == (True, None)
    assert (after.busy, after.available_now, after.next_free) == (False, False, at("12:00"))


def test_a_room_in_a_gap_shorter_than_min_free_is_not_available_now() -> None:
    status = status_at(schedule_of("9:00..10:00", "10:03..11:00"), NOW)

    assert not status.busy
    assert not status.available_now
    assert status.next_free == at("11:00")


@pytest.mark.parametrize(
    ("gap_end", "next_free"),
    [("10:44", "12:00"), ("10:45", "10:30"), ("10:46", "10:30")],
    ids=["under", "just", "over"],
)
def test_next_free_takes_a_gap_of_at_least_min_free(gap_end: str, next_free: str) -> None:
    schedule = schedule_of("9:00..10:30", f"{gap_end}..12:00")

    assert status_at(schedule, NOW).next_free == at(next_free)


def test_any_gap_counts_if_min_free_is_zero() -> None:
    schedule = schedule_of("9:00..10:30", "10:31..11:00", "11:00..12:00")

    assert status_at(schedule, NOW, timedelta()).next_free == at("10:30")
    assert status_at(schedule, at("10:31") - TICK, timedelta()).available_now
    # Two meetings that touch leave no gap
    assert status_at(schedule, at("10:31"), timedelta()).next_free == at("12:00")


def test_blocks_are_half_open() -> None:
    schedule = schedule_of("10:00..11:00")

    assert free_at(schedule, at("10:00") - TICK)
    assert not free_at(schedule, at("10:00"))
    assert not free_at(schedule, at("11:00") - TICK)
    assert free_at(schedule, at("11:00"))


def test_next_busy_is_after_now_not_at_now() -> None:
    schedule = schedule_of("10:00..11:00", "12:00..13:00")

    assert status_at(schedule, at("10:00") - TICK).next_busy == at("10:00")
    assert status_at(schedule, at("10:00")).next_busy == at("12:00")
    assert status_at(schedule, at("12:00")).next_busy is None


# Rows


@pytest.mark.parametrize(
    ("periods", "blocks"),
    [
        pytest.param(["14:00..15:00", "9:00..10:00"], ["9:00..10:00", "14:00..15:00"], id="unsorted"),
        pytest.param(["9:00..12:00", "10:00..11:00", "11:30..12:30"], ["9:00..12:30"], id="nested-then-overlapping"),
        pytest.param(["10:00..11:00", "9:00..12:00"], ["9:00..12:00"], id="nested-unsorted"),
        pytest.param(["9:00..10:00", "9:00..12:00", "9:00..11:00"], ["9:00..12:00"], id="same-start"),
        pytest.param(["9:00..10:00", "9:00..10:00"], ["9:00..10:00"], id="twice"),
        pytest.param(["10:00..11:00", "9:00..10:00"], ["9:00..11:00"], id="touching"),
        pytest.param(["9:00..10:00", "10:01..11:00"], ["9:00..10:00", "10:01..11:00"], id="a-minute-apart"),
        pytest.param(["9:00..9:00", "11:00..11:00", "11:00..12:00"], ["11:00..12:00"], id="zero-length"),
        pytest.param(["9:00..10:00", "10:30..10:30", "11:00..12:00"], ["9:00..10:00", "11:00..12:00"], id="no-bridge"),
        pytest.param(["20:00..30:00", "30:00..36:00"], ["20:00..36:00"], id="across-midnight"),
    ],
)
def test_rows_are_merged_into_sorted_separate_blocks(periods: list[str], blocks: list[str]) -> None:
    assert schedule_of(*periods).blocks == tuple(block(period) for period in blocks)


def test_rows_may_come_in_any_offset() -> None:
    shanghai, newfoundland = timezone(8 * HOUR), timezone(-2.5 * HOUR)
    rows = [
        BusyPeriod(at("9:00").astimezone(shanghai), at("10:30").astimezone(newfoundland)),
        BusyPeriod(at("10:30").astimezone(UTC), at("11:00").astimezone(shanghai)),
    ]

    status = status_at(schedule_of(*rows), NOW.astimezone(newfoundland))

    assert status == status_at(schedule_of("9:00..11:00"), NOW)


@pytest.mark.parametrize("start", [WINDOW_START, WINDOW_START - TICK, WINDOW_START - DAY], ids=["at", "before", "long"])
def test_a_block_from_before_the_window_has_no_known_start(start: datetime) -> None:
    status = status_at(schedule_of(BusyPeriod(start, at("11:00"))), NOW)

    assert status.busy
    assert status.busy_since is None
    assert status.busy_until == at("11:00")


def test_a_block_that_begins_inside_the_window_has_a_start() -> None:
    schedule = schedule_of(BusyPeriod(WINDOW_START + TICK, at("11:00")))

    assert status_at(schedule, NOW).busy_since == WINDOW_START + TICK


@pytest.mark.parametrize("end", [HORIZON, HORIZON + TICK, HORIZON + DAY], ids=["at", "after", "long"])
def test_a_block_into_the_horizon_has_no_known_end(end: datetime) -> None:
    schedule = schedule_of(BusyPeriod(at("9:00"), end))

    for now in (NOW, HORIZON - TICK):
        status = status_at(schedule, now)
        assert status.busy
        assert status.busy_until is None
        assert status.next_free is None


def test_a_block_that_ends_inside_the_window_has_an_end() -> None:
    schedule = schedule_of(BusyPeriod(at("9:00"), HORIZON - TICK))

    assert status_at(schedule, NOW).busy_until == HORIZON - TICK
    # The gap before the horizon is shorter than `MIN_FREE`
    assert status_at(schedule, NOW).next_free is None


def test_rows_outside_the_window_are_ignored() -> None:
    outside = [
        BusyPeriod(WINDOW_START - HOUR, WINDOW_START),
        BusyPeriod(HORIZON, HORIZON + HOUR),
        BusyPeriod(HORIZON, HORIZON + HOUR, NEEDS_ACTION),
    ]

    schedule = schedule_of(*outside)

    assert schedule.blocks == ()
    assert schedule.status(NOW, MIN_FREE) == schedule_of().status(NOW, MIN_FREE)


@pytest.mark.parametrize("periods", [[], [BusyPeriod(WINDOW_START - DAY, HORIZON + DAY)]], ids=["free", "busy"])
def test_nothing_is_known_outside_the_window(periods: list[BusyPeriod]) -> None:
    schedule = schedule_of(*periods)

    for outside in (WINDOW_START - TICK, HORIZON, HORIZON + DAY):
        assert schedule.status(outside, MIN_FREE) is None
        assert not schedule.known_at(outside)
    for inside in (WINDOW_START, HORIZON - TICK):
        assert schedule.status(inside, MIN_FREE) is not None
        assert schedule.known_at(inside)


def test_a_gap_counts_only_up_to_the_horizon() -> None:
    schedule = schedule_of()

    assert status_at(schedule, HORIZON - MIN_FREE - TICK).available_now
    last = status_at(schedule, HORIZON - MIN_FREE)
    assert (last.busy, last.available_now, last.next_free) == (False, False, None)
    assert schedule.next_change(HORIZON - MIN_FREE - TICK, MIN_FREE, UTC) == HORIZON - MIN_FREE


@pytest.mark.parametrize(("shown", "next_free"), [(MIN_FREE, True), (MIN_FREE - TICK, False)], ids=["just", "under"])
def test_the_last_gap_must_be_long_enough_before_the_horizon(shown: timedelta, next_free: bool) -> None:
    end = HORIZON - shown

    status = status_at(schedule_of(BusyPeriod(at("9:00"), end)), NOW)

    assert status.next_free == (end if next_free else None)


# RSVP statuses


@pytest.mark.parametrize(
    ("kind", "rsvp_status", "busy", "busy_if_pending_counts"),
    [
        (ROOM, None, True, True),
        (ROOM, ACCEPT, True, True),
        (ROOM, TENTATIVE, True, True),
        (ROOM, NEEDS_ACTION, False, True),
        (ROOM, DECLINE, False, False),
        (ROOM, REMOVED, False, False),
        (PERSON, None, True, True),
        (PERSON, ACCEPT, True, True),
        (PERSON, TENTATIVE, True, True),
        (PERSON, NEEDS_ACTION, True, True),
        (PERSON, DECLINE, False, False),
        (PERSON, REMOVED, False, False),
    ],
)
def test_which_rsvp_statuses_are_busy(
    kind: SubjectKind, rsvp_status: RsvpStatus | None, busy: bool, busy_if_pending_counts: bool
) -> None:
    period = row("9:00..11:00", rsvp_status)

    assert status_at(schedule_of(period, kind=kind), NOW).busy is busy
    counted = schedule_of(period, kind=kind, count_pending_as_busy=True)
    assert status_at(counted, NOW).busy is busy_if_pending_counts


def test_every_rsvp_status_has_a_rule() -> None:
    assert set(RsvpStatus) == {ACCEPT, TENTATIVE, NEEDS_ACTION, DECLINE, REMOVED}


@pytest.mark.parametrize("count_pending_as_busy", [False, True])
def test_requests_are_pending_until_they_end(count_pending_as_busy: bool) -> None:
    schedule = schedule_of(
        row("8:00..9:00", NEEDS_ACTION),
        row("9:00..11:00", NEEDS_ACTION),
        row("9:00..11:00", NEEDS_ACTION),
        row("14:00..15:00", NEEDS_ACTION),
        row("16:00..16:00", NEEDS_ACTION),
        row("9:30..10:30", ACCEPT),
        row("9:30..10:30", TENTATIVE),
        row("9:30..10:30", DECLINE),
        count_pending_as_busy=count_pending_as_busy,
    )

    assert status_at(schedule, NOW).pending == 3
    assert status_at(schedule, at("11:00") - TICK).pending == 3
    assert status_at(schedule, at("11:00")).pending == 1
    assert status_at(schedule, at("15:00")).pending == 0


def test_the_end_of_a_pending_request_is_a_change() -> None:
    schedule = schedule_of(row("9:00..11:00", NEEDS_ACTION))

    assert schedule.next_change(NOW, MIN_FREE, UTC) == at("11:00")
    assert status_at(schedule, NOW).available_now


def test_people_have_no_pending_requests() -> None:
    assert status_at(schedule_of(row("9:00..11:00", NEEDS_ACTION), kind=PERSON), NOW).pending == 0


def test_a_request_neither_joins_nor_ends_a_block() -> None:
    requests = [row("9:30..12:00", NEEDS_ACTION), row("11:00..11:30", DECLINE)]

    status = status_at(schedule_of("9:00..10:30", "11:30..12:00", *requests), NOW)

    assert (status.busy_until, status.next_busy, status.next_free) == (at("10:30"), at("11:30"), at("10:30"))


# Disabled rooms


def disabled_room(status: RoomStatus, *periods: str) -> Schedule:
    """Return the schedule of a room whose status was read at 10:00."""
    return schedule_of(*periods, disabled=disabled_period(status, NOW))


def test_a_room_disabled_now_is_busy_with_a_reason_until_its_end() -> None:
    schedule = disabled_room(RoomStatus(False, at("9:00"), at("12:00"), "Water damage"))

    assert status_at(schedule, NOW) == Status(
        True, at("9:00"), at("12:00"), None, False, at("12:00"), "Water damage", 0
    )
    after = status_at(schedule, at("12:00"))
    assert (after.busy, after.available_now, after.disabled_reason) == (False, True, None)


def test_a_room_disabled_for_ever_has_no_free_instant() -> None:
    schedule = disabled_room(RoomStatus(False, at("9:00"), None, "Closed"))

    for now in (NOW, HORIZON - TICK):
        status = status_at(schedule, now)
        assert (status.busy, status.busy_since, status.busy_until) == (True, at("9:00"), None)
        assert (status.next_free, status.disabled_reason) == (None, "Closed")


def test_a_room_to_be_disabled_is_free_until_then() -> None:
    schedule = disabled_room(RoomStatus(True, at("14:00"), at("16:00"), "Fire drill"))

    assert status_at(schedule, NOW) == Status(False, None, None, at("14:00"), True, None, None, 0)
    assert status_at(schedule, at("14:00") - TICK).disabled_reason is None
    assert status_at(schedule, at("14:00")).busy
    assert status_at(schedule, at("14:00")).disabled_reason == "Fire drill"
    assert status_at(schedule, at("16:00") - TICK).disabled_reason == "Fire drill"
    assert status_at(schedule, at("16:00")).disabled_reason is None
    assert free_at(schedule, at("16:00"))


def test_a_room_to_be_disabled_for_ever_is_never_free_again() -> None:
    schedule = disabled_room(RoomStatus(True, at("14:00"), None, "Moving out"))

    assert status_at(schedule, NOW).next_busy == at("14:00")
    last = status_at(schedule, HORIZON - TICK)
    assert (last.busy, last.busy_until, last.disabled_reason) == (True, None, "Moving out")


def test_a_room_disabled_past_the_horizon_does_not_show_it_yet() -> None:
    schedule = disabled_room(RoomStatus(True, HORIZON, None, "Next year"))

    assert schedule.status(NOW, MIN_FREE) == schedule_of().status(NOW, MIN_FREE)


def test_a_room_to_be_disabled_is_free_until_then_whatever_state_is_announced() -> None:
    announced = disabled_room(RoomStatus(True, at("14:00"), at("16:00"), "Fire drill", enabled_next=True))

    assert status_at(announced, NOW).next_busy == at("14:00")
    assert status_at(announced, at("14:00")).disabled_reason == "Fire drill"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param("9:00", "9:00", id="empty"),
        pytest.param("14:00", "12:00", id="reversed-to-come"),
        pytest.param("14:00", "14:00", id="empty-to-come"),
        pytest.param("8:00", "9:00", id="over"),
        pytest.param(None, "12:00", id="no-start"),
    ],
)
def test_an_enabled_room_with_odd_dates_has_no_disabled_period(start: str | None, end: str) -> None:
    odd = RoomStatus(True, at(start) if start else None, at(end), "Odd")

    assert disabled_period(odd, NOW) is None


def test_a_disabled_room_without_a_reason_has_a_default_reason() -> None:
    status = status_at(disabled_room(RoomStatus(enabled=False)), NOW)

    assert status.busy
    assert status.disabled_reason


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="no-status"),
        pytest.param(RoomStatus(enabled=True), id="no-dates"),
        pytest.param(RoomStatus(True, at("8:00"), at("9:00"), "Old"), id="over"),
        pytest.param(RoomStatus(True, at("8:00"), at("10:00"), "Old"), id="just-over"),
    ],
)
def test_an_enabled_room_with_past_disable_dates_is_not_disabled(status: RoomStatus | None) -> None:
    schedule = schedule_of(disabled=disabled_period(status, NOW))

    assert schedule.status(NOW, MIN_FREE) == Status(False, None, None, None, True, None, None, 0)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(None, None, id="no-dates"),
        pytest.param("14:00", "16:00", id="not-yet"),
        pytest.param("14:00", None, id="not-yet-for-ever"),
        pytest.param("8:00", "9:00", id="already-over"),
        pytest.param("8:00", "10:00", id="just-over"),
        pytest.param("9:00", "8:00", id="reversed"),
        pytest.param("14:00", "12:00", id="reversed-to-come"),
        pytest.param(None, "12:00", id="no-start"),
    ],
)
def test_a_disabled_room_with_odd_dates_is_not_free(start: str | None, end: str | None) -> None:
    odd = RoomStatus(False, at(start) if start else None, at(end) if end else None, "Odd")

    status = status_at(disabled_room(odd), NOW)

    assert (status.busy, status.available_now, status.disabled_reason) == (True, False, "Odd")


@pytest.mark.parametrize("zone", ["America/Santiago", "Asia/Shanghai", "UTC"])
@pytest.mark.parametrize("end", [None, at("12:00")], ids=["for-ever", "until-noon"])
def test_bookings_of_a_room_disabled_without_dates_use_local_midnights(zone: str, end: datetime | None) -> None:
    schedule = disabled_room(RoomStatus(enabled=False, disable_end=end))

    (booking,) = schedule.bookings(NOW, ZoneInfo(zone))

    midnight = NOW.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0)
    assert booking.start.astimezone(ZoneInfo(zone)) == midnight
    assert booking.end.astimezone(ZoneInfo(zone)) == (end or midnight + timedelta(days=2))


@pytest.mark.parametrize("later", [0 * HOUR, 1 * HOUR])
def test_bookings_beyond_the_window_do_not_move_with_it(later: timedelta) -> None:
    schedule = build_schedule(
        [row("-50:00..1:00"), row("20:00..999:00")],
        kind=ROOM,
        window_start=WINDOW_START + later,
        horizon=HORIZON + later,
    )

    assert schedule.bookings(NOW + later, UTC) == (block("0:00..1:00"), block("20:00..48:00"))


def test_the_reason_is_shown_only_within_the_disabled_period() -> None:
    status = RoomStatus(True, at("11:00"), at("12:00"), "Cleaning")
    schedule = disabled_room(status, "9:00..11:00", "12:00..13:00")

    reasons = {now: status_at(schedule, at(now)).disabled_reason for now in ("10:30", "11:00", "11:59", "12:00")}
    assert reasons == {"10:30": None, "11:00": "Cleaning", "11:59": "Cleaning", "12:00": None}
    assert {status_at(schedule, at(now)).busy_until for now in reasons} == {at("13:00")}
    assert schedule.next_change(at("10:30"), MIN_FREE, UTC) == at("11:00")
    assert schedule.next_change(at("11:00"), MIN_FREE, UTC) == at("12:00")


# Days


@pytest.mark.parametrize(
    ("zone", "today", "tomorrow", "day_after"),
    [
        pytest.param("UTC", "2026-06-10T00:00Z", "2026-06-11T00:00Z", "2026-06-12T00:00Z", id="utc"),
        pytest.param("Asia/Shanghai", "2026-06-09T16:00Z", "2026-06-10T16:00Z", "2026-06-11T16:00Z", id="shanghai"),
        pytest.param("Asia/Kathmandu", "2026-06-09T18:15Z", "2026-06-10T18:15Z", "2026-06-11T18:15Z", id="kathmandu"),
        pytest.param("Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "2026-03-30T22:00Z", id="berlin-23-h"),
        pytest.param("Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", "2026-10-26T23:00Z", id="berlin-25-h"),
        # The clocks go from 24:00 to 01:00: the day has no midnight. In autumn 23:00 comes twice.
        pytest.param(
            "America/Santiago", "2026-09-06T04:00Z", "2026-09-07T03:00Z", "2026-09-08T03:00Z", id="no-midnight"
        ),
        pytest.param("America/Santiago", "2026-09-05T04:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z", id="before-it"),
        pytest.param(
            "America/Santiago", "2026-04-04T03:00Z", "2026-04-05T04:00Z", "2026-04-06T04:00Z", id="late-twice"
        ),
        # The clocks go from 01:00 to 00:00: midnight comes twice, and the day begins with the first.
        pytest.param(
            "America/Havana", "2026-11-01T04:00Z", "2026-11-02T05:00Z", "2026-11-03T05:00Z", id="two-midnights"
        ),
    ],
)
def test_days_begin_at_local_midnight(zone: str, today: str, tomorrow: str, day_after: str) -> None:
    start, middle, end = (datetime.fromisoformat(instant) for instant in (today, tomorrow, day_after))
    shown = [
        Block(start + MINUTE, start + 2 * MINUTE),
        Block(middle - MINUTE, middle + MINUTE),
        Block(end - 2 * MINUTE, end - MINUTE),
    ]
    hidden = [Block(start - HOUR, start), Block(end, end + HOUR)]
    schedule = build_schedule(
        [BusyPeriod(booking.start, booking.end) for booking in shown + hidden],
        kind=ROOM,
        window_start=start - DAY,
        horizon=end + DAY,
    )
    empty = replace(schedule, blocks=())

    for now in (start, start + HOUR, middle - TICK):
        assert schedule.bookings(now, ZoneInfo(zone)) == tuple(shown)
        assert empty.next_change(now, MIN_FREE, ZoneInfo(zone)) == middle
    assert schedule.bookings(start - TICK, ZoneInfo(zone))[0] == hidden[0]
    assert schedule.bookings(middle, ZoneInfo(zone)) == (shown[1], shown[2], hidden[1])
    assert empty.next_change(start - TICK, MIN_FREE, ZoneInfo(zone)) == start
    assert empty.next_change(middle, MIN_FREE, ZoneInfo(zone)) == end


def test_bookings_that_extend_beyond_today_and_tomorrow_are_not_cut() -> None:
    schedule = schedule_of("-5:00..0:01", "47:59..60:00")

    assert schedule.bookings(NOW, UTC) == (block("-5:00..0:01"), block("47:59..60:00"))


def test_bookings_of_today_stay_after_they_ended() -> None:
    assert schedule_of("0:00..1:00", "9:00..10:00").bookings(NOW, UTC) == (block("0:00..1:00"), block("9:00..10:00"))


def test_a_request_is_not_a_booking() -> None:
    assert schedule_of(row("11:00..12:00", NEEDS_ACTION)).bookings(NOW, UTC) == ()


# The block and the single bookings


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(["8:00..10:00"], None, id="ended-exactly-now"),
        pytest.param(["9:00..10:30", "10:30..11:00", "12:00..13:00"], "9:00..11:00", id="under-way"),
        pytest.param(["10:00..11:00"], "10:00..11:00", id="starts-exactly-now"),
        pytest.param(["8:00..9:00", "12:00..13:00", "14:00..15:00"], "12:00..13:00", id="next"),
        pytest.param(["60:00..61:00"], "60:00..61:00", id="in-days"),
        pytest.param(["-100:00..11:00"], "0:00..11:00", id="since-before-the-window"),
        pytest.param(["9:00..999:00"], "9:00..192:00", id="into-the-horizon"),
        pytest.param(["-100:00..999:00"], "0:00..192:00", id="all-the-time"),
        pytest.param(["177:00..999:00"], "177:00..192:00", id="since-the-day-of-the-horizon"),
    ],
)
def test_block_at_returns_the_current_or_the_next_block(periods: list[str], expected: str | None) -> None:
    assert schedule_of(*periods).block_at(NOW, UTC) == (block(expected) if expected else None)


@pytest.mark.parametrize("minutes", range(0, 14 * 60, 10))
def test_a_block_without_a_known_end_stays_the_same_all_day(minutes: int) -> None:
    later = minutes * MINUTE
    schedule = build_schedule(
        [row("-50:00..999:00")], kind=ROOM, window_start=WINDOW_START + later, horizon=HORIZON + later
    )

    assert schedule.block_at(NOW + later, UTC) == block("0:00..192:00")


def test_a_block_without_a_known_end_is_cut_at_local_midnights() -> None:
    booked = schedule_of(BusyPeriod(WINDOW_START, HORIZON)).block_at(NOW, ZoneInfo("Asia/Shanghai"))

    assert booked == Block(at("-8:00"), at("184:00"))


def test_next_end_returns_the_first_known_end() -> None:
    schedule = schedule_of("9:00..10:30", "10:30..11:00", "12:00..13:00", BusyPeriod(at("14:00"), HORIZON))

    ends = {after: schedule.next_end(at(after)) for after in ("8:00", "11:00", "11:01", "12:30", "13:01")}
    assert ends == {
        "8:00": at("11:00"),
        "11:00": at("11:00"),
        "11:01": at("13:00"),
        "12:30": at("13:00"),
        "13:01": None,
    }
    assert schedule_of().next_end(NOW) is None


def test_single_bookings_are_sorted_not_cut_and_not_merged() -> None:
    rows = ["11:00..12:00", "8:00..10:30", "9:00..10:00", "10:00..11:00", "9:00..9:30", "11:30..20:00"]

    found = single_bookings(map(row, rows), kind=ROOM, start=at("9:30"), end=at("11:30"))

    assert found == tuple(block(period) for period in ("8:00..10:30", "9:00..10:00", "10:00..11:00", "11:00..12:00"))


def test_duplicate_bookings_count_once() -> None:
    rows = [row("9:00..10:00"), row("9:00..10:00", ACCEPT), row("9:00..10:00", TENTATIVE), row("9:30..9:30")]

    assert single_bookings(rows, kind=ROOM, start=TODAY, end=HORIZON) == (block("9:00..10:00"),)


@pytest.mark.parametrize(
    ("kind", "count_pending_as_busy", "expected"),
    [(ROOM, False, (9, 10, 11)), (ROOM, True, (9, 10, 11, 12)), (PERSON, False, (9, 10, 11, 12))],
)
def test_declined_and_pending_rows_are_no_bookings(
    kind: SubjectKind, count_pending_as_busy: bool, expected: tuple[int, ...]
) -> None:
    answers = (None, ACCEPT, TENTATIVE, NEEDS_ACTION, DECLINE, REMOVED)
    rows = [row(f"{hour}:00..{hour + 1}:00", rsvp) for hour, rsvp in enumerate(answers, 9)]

    found = single_bookings(rows, kind=kind, start=TODAY, end=HORIZON, count_pending_as_busy=count_pending_as_busy)

    assert found == tuple(block(f"{hour}:00..{hour + 1}:00") for hour in expected)


@pytest.mark.parametrize(
    ("disabled", "expected"),
    [
        (DisabledPeriod(at("10:00"), at("11:00"), "Why"), "10:00..11:00"),
        (DisabledPeriod(at("8:00"), at("11:00"), "Why"), "8:00..11:00"),
        (DisabledPeriod(at("10:00"), at("99:00"), "Why"), "10:00..99:00"),
        (DisabledPeriod(at("8:00"), at("9:00"), "Why"), None),
        (DisabledPeriod(at("12:00"), None, "Why"), None),
    ],
)
def test_a_disabled_period_is_one_whole_booking(disabled: DisabledPeriod, expected: str | None) -> None:
    found = single_bookings([], kind=ROOM, start=at("9:00"), end=at("12:00"), disabled=disabled)

    assert found == ((block(expected),) if expected else ())


def test_a_disabled_period_without_an_end_lasts_to_the_latest_instant() -> None:
    disabled = disabled_period(RoomStatus(enabled=False), NOW)

    (found,) = single_bookings([], kind=ROOM, start=at("9:00"), end=at("12:00"), disabled=disabled)

    assert (found.start.year, found.end.year) == (1970, 2999)


@pytest.mark.parametrize(
    ("gap", "blocks"),
    [(timedelta(), 1), (timedelta(seconds=1), 1), (MINUTE - TICK, 1), (MINUTE, 2), (MINUTE + TICK, 2)],
    ids=["none", "a-second", "nearly-a-minute", "a-minute", "over-a-minute"],
)
def test_a_gap_of_under_a_minute_is_none(gap: timedelta, blocks: int) -> None:
    rows = [BusyPeriod(at("9:00"), NOW - gap), BusyPeriod(NOW, at("11:00"))]
    schedule = schedule_of(*rows)

    assert len(schedule.blocks) == blocks
    assert status_at(schedule, NOW - gap / 2 - TICK).busy is (blocks == 1)
    assert len(single_bookings(rows, kind=ROOM, start=at("9:00"), end=at("11:00"))) == 2


# All of it, against an oracle

# A place, and the start of a day there, mostly one on which the clocks change. Offsets are multiples of half an hour.
PLACES = [
    ("UTC", "2026-06-10T00:00Z"),
    ("Asia/Shanghai", "2026-06-09T16:00Z"),
    ("Asia/Kolkata", "2026-06-09T18:30Z"),
    ("Europe/Berlin", "2026-03-28T23:00Z"),
    ("Europe/Berlin", "2026-10-24T22:00Z"),
    ("America/Santiago", "2026-09-06T04:00Z"),
    ("America/Santiago", "2026-04-04T03:00Z"),
    ("America/Havana", "2026-11-01T04:00Z"),
    ("Australia/Lord_Howe", "2026-10-03T13:30Z"),
]


@dataclass(frozen=True)
class Scenario:
    """An answer and its window; instants are counted in `step`s from `origin`. Rows begin and end on even steps."""

    step: timedelta
    origin: datetime
    zone: str
    window: tuple[int, int]
    min_free: int
    kind: SubjectKind
    count_pending_as_busy: bool
    rows: list[tuple[int, int, RsvpStatus | None]]
    disabled: tuple[int, int | None] | None

    def instant(self, index: int) -> datetime:
        """Return the instant of a step."""
        return self.origin + index * self.step

    def periods(self) -> list[BusyPeriod]:
        """Return the rows of the answer."""
        return [BusyPeriod(self.instant(start), self.instant(end), rsvp) for start, end, rsvp in self.rows]

    def build(self) -> Schedule:
        """Return the schedule under test."""
        disabled = None
        if self.disabled:
            start, end = self.disabled
            disabled = DisabledPeriod(self.instant(start), None if end is None else self.instant(end), "Why")
        return build_schedule(
            self.periods(),
            kind=self.kind,
            window_start=self.instant(self.window[0]),
            horizon=self.instant(self.window[1]),
            disabled=disabled,
            count_pending_as_busy=self.count_pending_as_busy,
        )


class Oracle:
    """The expected results, found by checking every row at every step, without merging or sorting."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.first, self.horizon = scenario.window
        self.samples = range(self.first - 6, self.horizon + 7)
        zone = ZoneInfo(scenario.zone)
        self.day = {i: scenario.instant(i).astimezone(zone).date() for i in self.samples}
        self.busy = {i: self._is_busy(i) for i in range(self.first, self.horizon)}
        self.runs = self._runs()

    def _is_busy(self, now: int) -> bool:
        ignored = {DECLINE, REMOVED}
        if self.scenario.kind is ROOM and not self.scenario.count_pending_as_busy:
            ignored.add(NEEDS_ACTION)
        booked = any(start <= now < end and rsvp not in ignored for start, end, rsvp in self.scenario.rows)
        return booked or self._is_disabled(now)

    def _is_disabled(self, now: int) -> bool:
        if self.scenario.disabled is None:
            return False
        start, end = self.scenario.disabled
        return start <= now and (end is None or now < end)

    def _busy_end(self, now: int) -> int:
        return next((i for i in range(now, self.horizon) if not self.busy[i]), self.horizon)

    def _free_end(self, now: int) -> int:
        return next((i for i in range(now, self.horizon) if self.busy[i]), self.horizon)

    def _runs(self) -> list[tuple[int, int, set[date]]]:
        """Return the runs of busy steps, each with its local days."""
        starts = [i for i in self.busy if self.busy[i] and not self.busy.get(i - 1, False)]
        return [(i, self._busy_end(i), {self.day[j] for j in range(i, self._busy_end(i))}) for i in starts]

    def status(self, now: int) -> Status | None:
        """Return the expected status at a step."""
        if now not in self.busy:
            return None
        busy_since = busy_until = None
        if self.busy[now]:
            since = now
            while self.busy.get(since - 1, False):
                since -= 1
            busy_since = since if since > self.first else None
            busy_until = self._busy_end(now) if self._busy_end(now) < self.horizon else None
        later = range(now + 1, self.horizon)
        next_busy = next((i for i in later if self.busy[i] and not self.busy[i - 1]), None)
        available_now = self._free_end(now) - now > self.scenario.min_free and not self.busy[now]
        gaps = (i for i in later if not self.busy[i] and self.busy[i - 1])
        next_gap = next((i for i in gaps if self._free_end(i) - i >= self.scenario.min_free), None)
        return Status(
            busy=self.busy[now],
            busy_since=self._instant(busy_since),
            busy_until=self._instant(busy_until),
            next_busy=self._instant(next_busy),
            available_now=available_now,
            next_free=None if available_now else self._instant(next_gap),
            disabled_reason="Why" if self._is_disabled(now) else None,
            pending=sum(
                self.scenario.kind is ROOM
                and rsvp is NEEDS_ACTION
                and start < end
                and start < self.horizon
                and now < end
                for start, end, rsvp in self.scenario.rows
            ),
        )

    def bookings(self, now: int) -> list[tuple[datetime, datetime]]:
        """Return the runs that have a step today or tomorrow."""
        days = {self.day[now], self.day[now] + DAY}
        return [(self.scenario.instant(i), self.scenario.instant(j)) for i, j, run_days in self.runs if days & run_days]

    def _instant(self, index: int | None) -> datetime | None:
        return None if index is None else self.scenario.instant(index)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a busy hour around midnight in steps of half a minute, or a few days in steps of half an hour."""
    step, longest = draw(st.sampled_from([(MINUTE / 2, 70), (HOUR / 2, 84)]))
    zone, midnight = draw(st.sampled_from(PLACES))
    length = draw(st.integers(1, longest))
    before = draw(st.integers(0, length))
    # Bugs are likely where periods meet, so many rows follow another one closely or start at midnight
    midnights = st.sampled_from([before + hours for hours in (0, 23, 24, 25, 47, 48, 49)])
    starts = st.integers(-8, length + 8) | midnights
    durations = st.integers(0, 8) | st.integers(0, longest)
    rsvp = st.none() | st.sampled_from(RsvpStatus)
    rows: list[tuple[int, int, RsvpStatus | None]] = []
    for follows in draw(st.lists(st.integers(0, 3) | st.none(), max_size=8)):
        start = draw(starts) if follows is None or not rows else rows[-1][1] // 2 + follows
        rows.append((2 * start, 2 * (start + draw(durations)), draw(rsvp)))
    lasting = st.tuples(starts, durations).map(lambda period: (2 * period[0], 2 * sum(period) + 2))
    endless = st.tuples(starts.map(lambda start: 2 * start), st.none())
    # 0 to 60 minutes in either step, and often exactly the distance from an end to a start
    distances = {start - end for start in (2 * length, *(row[0] for row in rows)) for end in (row[1] for row in rows)}
    useful = sorted({0} | {distance for distance in distances if 0 < distance <= HOUR // step})
    return Scenario(
        step=step,
        origin=datetime.fromisoformat(midnight) - 2 * before * step,
        zone=zone,
        window=(0, 2 * length),
        min_free=draw(st.integers(0, HOUR // step) | st.sampled_from(useful)),
        kind=draw(st.sampled_from(SubjectKind)),
        count_pending_as_busy=draw(st.booleans()),
        rows=draw(st.permutations(rows)),
        disabled=draw(st.none() | lasting | endless),
    )


@given(scenarios())
def test_any_status_matches_the_oracle(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)

    for i in oracle.samples:
        assert schedule.status(scenario.instant(i), scenario.min_free * scenario.step) == oracle.status(i)


@given(scenarios())
def test_any_bookings_of_today_and_tomorrow_match_the_oracle(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)
    zone = ZoneInfo(scenario.zone)

    for i in oracle.samples:
        now = scenario.instant(i)
        # Beyond the window, the end of a block is unknown: a midnight takes its place
        today = now.astimezone(zone).date()
        first, last = (datetime.combine(today + timedelta(days), time.min, zone).astimezone(UTC) for days in (0, 2))
        cut = {
            (
                max(start, first) if start == schedule.window_start else start,
                min(end, last) if end == schedule.horizon else end,
            )
            for start, end in oracle.bookings(i)
        }
        shown = {
            (max(row.start, schedule.window_start), min(row.end, schedule.horizon))
            for row in schedule.bookings(now, zone)
        }
        assert shown == cut


@given(scenarios())
def test_any_block_at_matches_the_oracle(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)
    zone = ZoneInfo(scenario.zone)
    last_midnight = start_of_day(schedule.horizon, zone, days=1)

    for i in range(*scenario.window):
        now = scenario.instant(i)
        run = next(((first, end) for first, end, _ in oracle.runs if i < end), None)
        found = schedule.block_at(now, zone)
        if run is None:
            assert found is None
            continue
        assert found is not None
        start, end = map(scenario.instant, run)
        assert found.start == (start_of_day(now, zone) if run[0] == oracle.first else start)
        assert found.end == (last_midnight if run[1] == oracle.horizon else end)
        # Home Assistant derives the state of a calendar from the block
        assert (found.start <= now < found.end) is oracle.busy[i]


@given(scenarios())
def test_any_next_end_matches_the_oracle(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)
    ends = [end for _, end, _ in oracle.runs if end < oracle.horizon]

    for i in oracle.samples:
        end = next((end for end in ends if end >= i), None)
        assert schedule.next_end(scenario.instant(i)) == (None if end is None else scenario.instant(end))


@given(scenarios())
def test_any_single_bookings_cover_exactly_the_busy_time(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)

    found = single_bookings(
        scenario.periods(),
        kind=scenario.kind,
        start=schedule.window_start,
        end=schedule.horizon,
        disabled=schedule.disabled,
        count_pending_as_busy=scenario.count_pending_as_busy,
    )

    assert list(found) == sorted(set(found))
    rows = {Block(period.start, period.end) for period in scenario.periods()}
    whole = [booking for booking in found if booking in rows]
    assert len(found) - len(whole) <= (schedule.disabled is not None)
    assert all(booking.start < schedule.horizon and schedule.window_start < booking.end for booking in found)
    for i, busy in oracle.busy.items():
        now = scenario.instant(i)
        assert any(booking.start <= now < booking.end for booking in found) is busy


@given(scenarios())
def test_nothing_changes_before_the_next_change(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)
    zone, min_free = ZoneInfo(scenario.zone), scenario.min_free * scenario.step
    blocks = {i: schedule.block_at(scenario.instant(i), zone) for i in oracle.busy}
    shown = {i: (oracle.status(i), oracle.bookings(i), blocks.get(i)) for i in oracle.samples}

    first_change: datetime | None = None
    for i, following in reversed(list(pairwise(oracle.samples))):
        if shown[i] != shown[following]:
            first_change = scenario.instant(following)
        for now in (scenario.instant(i), scenario.instant(i) + scenario.step / 3):
            timer = schedule.next_change(now, min_free, zone)
            assert timer > now
            assert first_change is None or timer <= first_change


@given(scenarios())
def test_next_changes_reach_the_horizon_without_idle_wake_ups(scenario: Scenario) -> None:
    schedule, oracle = scenario.build(), Oracle(scenario)
    zone, min_free = ZoneInfo(scenario.zone), scenario.min_free * scenario.step
    midnights = len(set(oracle.day.values())) - 1
    requests = sum(rsvp is NEEDS_ACTION for _, _, rsvp in scenario.rows)
    # Three for each block: its start, its end, and `min_free` before its start. Five more: the start of the window, the
    # horizon, `min_free` before the horizon, and both ends of the disabled period
    bound = 3 * len(oracle.runs) + requests + midnights + 5

    now = scenario.instant(oracle.samples[0])
    wakes: list[datetime] = []
    while now < schedule.horizon and len(wakes) <= bound:
        now = schedule.next_change(now, min_free, zone)
        wakes.append(now)

    assert len(wakes) <= bound
    assert wakes[-1] == schedule.horizon
