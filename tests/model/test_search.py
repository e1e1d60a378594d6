"""Finding rooms: each rule by an example, and all against an oracle that checks every row at every step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RsvpStatus, SubjectKind
from custom_components.feishu_freebusy.model.schedule import DisabledPeriod, Schedule, build_schedule
from custom_components.feishu_freebusy.model.search import (
    Alternative,
    Candidate,
    Offer,
    Reason,
    Request,
    SearchResult,
    Why,
    find_rooms,
)
from tests.conftest import examples

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta.resolution

TODAY = datetime(2026, 6, 10, tzinfo=UTC)
NOW = TODAY + 10 * HOUR
WINDOW_START, HORIZON = NOW - DAY, NOW + 7 * DAY

DECLINE, REMOVED, NEEDS_ACTION = RsvpStatus.DECLINE, RsvpStatus.REMOVED, RsvpStatus.NEEDS_ACTION


def at(clock: str) -> datetime:
    """Return today's instant `HH:MM`; hours may be above 23 (days to come)."""
    hours, minutes = clock.split(":")
    return TODAY + timedelta(hours=int(hours), minutes=int(minutes))


def row(period: str, rsvp_status: RsvpStatus | None = None) -> BusyPeriod:
    """Return the busy period `HH:MM..HH:MM`; without an end it reaches to the horizon."""
    start, end = period.split("..")
    return BusyPeriod(at(start), at(end) if end else HORIZON, rsvp_status)


def schedule_of(*periods: str | BusyPeriod, disabled: DisabledPeriod | None = None) -> Schedule:
    """Return the schedule of an answer read at 10:00 for the usual window."""
    return build_schedule(
        [row(period) if isinstance(period, str) else period for period in periods],
        kind=SubjectKind.ROOM,
        window_start=WINDOW_START,
        horizon=HORIZON,
        disabled=disabled,
    )


def room(room_id: str, *periods: str | BusyPeriod, disabled: DisabledPeriod | None = None, **facts: Any) -> Candidate:
    """Return a room with these bookings. Its name is its ID unless given."""
    facts.setdefault("name", room_id)
    facts.setdefault("schedule", schedule_of(*periods, disabled=disabled))
    return Candidate(room_id, **facts)


def find(*rooms: Candidate, duration: timedelta = HOUR, earliest: datetime = NOW, **request: Any) -> SearchResult:
    """Search the rooms at 10:00, by default for an hour."""
    return find_rooms(rooms, Request(duration, earliest, **request), NOW)


def offered(result: SearchResult) -> list[str]:
    """Return the ids of the rooms that are offered, the best first."""
    return [offer.room_id for offer in result.offers]


def the_offer(result: SearchResult) -> Offer:
    """Return the only offer."""
    (offer,) = result.offers
    return offer


def alternatives(result: SearchResult) -> dict[Reason, tuple[str, datetime, timedelta]]:
    """Return room, start and length of each alternative to a search that found nothing."""
    assert not result.offers
    assert result.why
    return {
        alternative.reason: (alternative.offer.room_id, alternative.offer.free_from, alternative.duration)
        for alternative in result.alternatives
    }


# Gaps


@pytest.mark.parametrize(
    ("periods", "free_from", "free_until"),
    [
        pytest.param([], "10:00", None, id="no-bookings"),
        pytest.param(["8:00..10:00", "12:00..13:00"], "10:00", "12:00", id="free-until-the-next-booking"),
        pytest.param(["9:00..10:30", "12:00..13:00"], "10:30", "12:00", id="after-the-booking-now"),
        pytest.param(["10:00..11:00", "11:00..12:00"], "12:00", None, id="back-to-back"),
        pytest.param(["10:59..11:30", "12:29..13:00", "14:00..15:00"], "13:00", "14:00", id="gaps-too-short"),
        pytest.param(["11:00..12:00"], "10:00", "11:00", id="gap-of-exactly-the-duration-at-once"),
        pytest.param(["9:00..11:00", "12:00..13:00"], "11:00", "12:00", id="gap-of-exactly-the-duration-later"),
        pytest.param([row("10:00..12:00", DECLINE)], "10:00", None, id="a-declined-booking-is-none"),
    ],
)
def test_a_room_is_offered_with_its_first_gap_that_is_long_enough(
    periods: list[str | BusyPeriod], free_from: str, free_until: str | None
) -> None:
    offer = the_offer(find(room("A", *periods)))

    assert offer == Offer("A", at(free_from), at(free_until) if free_until else None)


def test_a_gap_one_tick_too_short_is_not_offered() -> None:
    periods = [BusyPeriod(NOW + HOUR - TICK, at("12:00")), BusyPeriod(at("13:00") - TICK, at("14:00"))]

    assert the_offer(find(room("A", *periods))).free_from == at("14:00")


def test_a_stay_may_end_at_latest_but_not_later() -> None:
    busy = room("A", "9:00..11:00")

    assert offered(find(busy, latest=at("12:00"))) == ["A"]
    assert offered(find(busy, latest=at("12:00") - TICK)) == []


def test_free_until_is_the_end_of_the_gap_even_after_latest() -> None:
    assert the_offer(find(room("A", "15:00..16:00"), latest=at("11:30"))).free_until == at("15:00")


def test_a_gap_counts_only_up_to_the_horizon() -> None:
    just, short = room("A", BusyPeriod(NOW, HORIZON - HOUR)), room("B", BusyPeriod(NOW, HORIZON - HOUR + TICK))

    result = find(just, short, latest=HORIZON + DAY)

    assert result.offers == (Offer("A", HORIZON - HOUR, None),)


def test_a_gap_that_ends_just_before_the_horizon_has_an_end() -> None:
    assert the_offer(find(room("A", BusyPeriod(HORIZON - TICK, HORIZON)))).free_until == HORIZON - TICK


@pytest.mark.parametrize(
    ("earliest", "known"),
    [
        (WINDOW_START - TICK, False),
        (WINDOW_START, True),
        (HORIZON - HOUR, True),
        (HORIZON, False),
        (HORIZON + DAY, False),
    ],
    ids=["before", "window-start", "last-hour", "horizon", "beyond"],
)
def test_outside_the_known_window_no_room_is_free(earliest: datetime, known: bool) -> None:
    result = find(room("A"), earliest=earliest)

    assert bool(result.offers) is known
    assert result.why is (None if known else Why.OUTSIDE_WINDOW)
    assert result.alternatives == ()


def test_a_room_without_a_schedule_is_never_offered() -> None:
    assert offered(find(room("A", schedule=None), room("B", "10:00..15:00"))) == ["B"]


# Disabled rooms


@pytest.mark.parametrize("end", [None, at("12:00")], ids=["for-ever", "until-noon"])
def test_a_room_disabled_now_is_never_offered_or_suggested(end: datetime | None) -> None:
    closed = room("A", disabled=DisabledPeriod(at("9:00"), end, "Closed"))

    for earliest in (NOW, at("12:00"), NOW + DAY):
        for latest in (None, earliest + 30 * MINUTE):
            result = find(closed, earliest=earliest, latest=latest)
            assert (result.offers, result.alternatives) == ((), ())


def test_without_now_a_room_disabled_at_earliest_is_not_offered() -> None:
    closed = [room("A", disabled=DisabledPeriod(at("11:00"), at("12:00"), "Fire drill"))]

    assert not find_rooms(closed, Request(HOUR, at("11:00"))).offers
    assert find_rooms(closed, Request(HOUR, at("12:00"))).offers
    assert the_offer(find_rooms(closed, Request(HOUR, at("11:00")), NOW)).free_from == at("12:00")


def test_a_room_to_be_disabled_is_offered_until_then() -> None:
    closing = room("A", disabled=DisabledPeriod(at("12:00"), at("14:00"), "Fire drill"))

    assert the_offer(find(closing)) == Offer("A", NOW, at("12:00"))
    assert the_offer(find(closing, duration=3 * HOUR)) == Offer("A", at("14:00"), None)


# Ranking


def test_the_room_that_is_free_soonest_comes_first() -> None:
    rooms = [room("A", "10:00..12:00", capacity=6), room("B", "10:00..11:00", capacity=20), room("C", "10:00..11:30")]

    assert offered(find(*rooms)) == ["B", "C", "A"]


def test_the_smallest_sufficient_room_comes_first_and_unknown_size_last() -> None:
    rooms = [room("A", capacity=0), room("B", capacity=20), room("C", capacity=8), room("D", capacity=4)]

    assert offered(find(*rooms)) == ["D", "C", "B", "A"]
    assert offered(find(*rooms, min_capacity=5)) == ["C", "B"]
    assert offered(find(*rooms, min_capacity=8)) == ["C", "B"]


def test_a_pending_request_ranks_a_room_lower_but_before_a_larger_one() -> None:
    request = row("10:30..11:30", NEEDS_ACTION)
    rooms = [room("A", request, capacity=4), room("B", capacity=4), room("C", capacity=5)]

    assert [(offer.room_id, offer.pending) for offer in find(*rooms).offers] == [
        ("B", False),
        ("A", True),
        ("C", False),
    ]


def test_names_are_in_natural_order_then_ids() -> None:
    names = {"1": "A10", "2": "a9", "4": "A9", "3": "A9", "5": "Atrium", "6": "10", "7": "9 East", "8": " A9b"}

    result = find(*(room(room_id, name=name) for room_id, name in names.items()), limit=20)

    assert offered(result) == ["7", "6", "2", "3", "4", "8", "1", "5"]


def test_the_limit_keeps_the_best() -> None:
    rooms = [room(f"A{number}") for number in range(12, 0, -1)]

    assert offered(find(*rooms)) == ["A1", "A2", "A3", "A4", "A5"]
    assert offered(find(*rooms, limit=2)) == ["A1", "A2"]


# Pending requests


@pytest.mark.parametrize(
    ("requests", "pending"),
    [
        pytest.param(["10:30..10:40"], True, id="within-the-stay"),
        pytest.param(["8:00..20:00"], True, id="all-day"),
        pytest.param(["9:00..10:00", "11:00..12:00"], False, id="touching-it"),
        pytest.param(["9:00..10:01"], True, id="into-its-beginning"),
        pytest.param(["10:59..12:00"], True, id="from-its-end"),
        pytest.param(["8:00..10:30", "8:30..9:00"], True, id="the-longer-one-began-first"),
        pytest.param(["11:30..12:00"], False, id="later-in-the-gap"),
    ],
)
def test_a_pending_request_marks_the_stay_but_does_not_block_the_room(requests: list[str], pending: bool) -> None:
    offer = the_offer(find(room("A", *(row(request, NEEDS_ACTION) for request in requests), "13:00..14:00")))

    assert offer == Offer("A", NOW, at("13:00"), pending)


# Filters

BUILDING = [
    room("A1", building="Alpha", floor="1F", area="North"),
    room("A2", building="Alpha", floor="2F", area="South"),
    room("B1", building="Beta", floor="1F", area="South"),
    room("B2", building="Beta", floor=" 2f ", area=""),
    room("X"),
]


@pytest.mark.parametrize(
    ("filters", "rooms"),
    [
        ({"floors": ("2F",)}, ["A2", "B2"]),
        ({"floors": ("1f ", "3F")}, ["A1", "B1"]),
        ({"buildings": ("BETA", "alpha")}, ["A1", "A2", "B1", "B2"]),
        ({"buildings": ("beta",), "floors": ("1F",)}, ["B1"]),
        ({"areas": ("north", "South")}, ["A1", "A2", "B1"]),
        ({"areas": ("south",), "floors": ("1F",), "buildings": ("Alpha", "Beta")}, ["B1"]),
        ({"floors": ("", " ")}, ["A1", "A2", "B1", "B2", "X"]),
        ({"floors": ("", "1F")}, ["A1", "B1"]),
        ({"floors": ("2",)}, []),
    ],
)
def test_a_room_must_match_one_name_of_each_kind_of_place(filters: dict[str, Any], rooms: list[str]) -> None:
    assert offered(find(*BUILDING, **filters)) == rooms


@pytest.mark.parametrize(
    ("equipment", "rooms"),
    [
        ((), ["A", "B", "C"]),
        (("screen",), ["A", "B"]),
        (("SCREEN ", "phone"), ["A"]),
        (("touch screen",), ["A"]),
        (("", "screen"), ["A", "B"]),
        (("screen phone",), []),
        (("白板",), ["B"]),
    ],
)
def test_all_equipment_is_required_and_found_within_longer_names(equipment: tuple[str, ...], rooms: list[str]) -> None:
    equipped = [room("A", equipment=("Touch Screen", "Phone")), room("B", equipment=("screen", "电子白板")), room("C")]

    assert offered(find(*equipped, equipment=equipment)) == rooms


# Alternatives


def test_a_result_with_offers_has_no_alternatives() -> None:
    result = find(room("A"), room("B", "10:00..11:00"), room("C", floor="2F"), latest=at("11:00"), floors=("2F",))

    assert (offered(result), result.alternatives, result.why) == (["C"], (), None)


def test_a_later_start_is_the_soonest_that_ends_too_late() -> None:
    rooms = [room("A", "9:00..14:00"), room("B", "9:00..12:00", "12:30..13:30"), room("C", "9:00..")]

    assert alternatives(find(*rooms, latest=at("12:00"))) == {Reason.LATER_START: ("B", at("13:30"), HOUR)}


def test_a_later_start_may_begin_before_the_latest_end() -> None:
    result = find(room("A", "9:00..11:30"), latest=at("12:00"))

    assert alternatives(result) == {
        Reason.LATER_START: ("A", at("11:30"), HOUR),
        Reason.SHORTER_STAY: ("A", at("11:30"), 30 * MINUTE),
    }


def test_a_shorter_stay_is_the_longest_in_time_then_the_soonest() -> None:
    rooms = [
        room("A", "10:10..11:00", "11:40..16:00"),
        room("B", "9:00..10:20", "11:00..12:00", "12:40..16:00"),
        room("C", "10:39..16:00"),
    ]

    result = find(*rooms, latest=at("15:00"))

    assert alternatives(result)[Reason.SHORTER_STAY] == ("B", at("10:20"), 40 * MINUTE)
    assert result.alternatives[-1].offer.free_until == at("11:00")


def test_a_shorter_stay_ends_by_latest_and_by_the_horizon() -> None:
    free = room("A", "10:05..10:10")

    assert alternatives(find(free, latest=at("10:50")))[Reason.SHORTER_STAY] == ("A", at("10:10"), 40 * MINUTE)
    beyond = find(free, duration=8 * DAY)
    assert alternatives(beyond) == {Reason.SHORTER_STAY: ("A", at("10:10"), HORIZON - at("10:10"))}
    assert beyond.alternatives[0].offer.free_until is None


@pytest.mark.parametrize(("left", "suggested"), [(MINUTE, True), (MINUTE - TICK, False)], ids=["minute", "less"])
def test_a_stay_of_less_than_a_minute_is_not_suggested(left: timedelta, suggested: bool) -> None:
    result = find(room("A", BusyPeriod(NOW + left, HORIZON)))

    assert (Reason.SHORTER_STAY in alternatives(result)) is suggested


def test_another_place_has_the_most_in_common_then_the_best_rank() -> None:
    rooms = [
        room("other floor", "9:00..11:00", building="Alpha", floor="2F"),
        room("other building", building="Beta", floor="2F"),
        room("smaller", building="Alpha", floor="1F", capacity=3),
        room("busy", "9:00..", building="Alpha", floor="1F"),
    ]
    rooms = [replace(candidate, capacity=candidate.capacity or 4) for candidate in rooms]

    result = find(*rooms, floors=("1F",), buildings=("Alpha",), min_capacity=4)

    assert alternatives(result) == {
        Reason.OTHER_PLACE: ("other floor", at("11:00"), HOUR),
        Reason.FEWER_SEATS: ("smaller", NOW, HOUR),
    }


def test_fewer_seats_suggests_the_most_seats_available() -> None:
    rooms = [
        room("A", capacity=4),
        room("B", "9:00..10:30", capacity=6),
        room("C"),
        room("D", "9:00..11:30", capacity=7),
    ]

    assert alternatives(find(*rooms, min_capacity=8, latest=at("12:00"))) == {
        Reason.FEWER_SEATS: ("B", at("10:30"), HOUR)
    }
    assert alternatives(find(room("C"), min_capacity=8)) == {Reason.FEWER_SEATS: ("C", NOW, HOUR)}


def test_less_equipment_suggests_the_room_that_lacks_the_least() -> None:
    rooms = [room("A"), room("B", "9:00..11:00", equipment=("Screen",)), room("C", equipment=("Board", "Map"))]

    assert alternatives(find(*rooms, equipment=("screen", "phone", "pen"))) == {
        Reason.LESS_EQUIPMENT: ("B", at("11:00"), HOUR)
    }


def test_a_room_that_lacks_two_things_is_no_alternative() -> None:
    assert alternatives(find(room("A", capacity=4), min_capacity=8, equipment=("screen",))) == {}


def test_an_alternative_to_a_filter_still_ends_by_latest() -> None:
    result = find(room("A", "9:00..11:00", capacity=4), min_capacity=8, latest=at("12:00") - TICK)

    assert alternatives(result) == {}


def test_a_room_that_is_disabled_or_unknown_is_never_suggested() -> None:
    closed = room("A", capacity=4, disabled=DisabledPeriod(at("9:00"), None, "Closed"))
    unknown = room("B", capacity=4, schedule=None)

    for min_capacity in (4, 8):
        for latest in (None, at("10:30")):
            assert alternatives(find(closed, unknown, min_capacity=min_capacity, latest=latest)) == {}


def test_an_alternative_tells_of_a_pending_request() -> None:
    result = find(room("A", "9:00..11:00", row("11:30..12:00", NEEDS_ACTION)), latest=at("11:20"))

    assert result.alternatives == (
        Alternative(Reason.LATER_START, Offer("A", at("11:00"), None, pending=True), HOUR),
        Alternative(Reason.SHORTER_STAY, Offer("A", at("11:00"), None, pending=False), 20 * MINUTE),
    )


# The reason why no room is offered

BUSY = room("busy", "9:00..")
UNKNOWN = room("unknown", schedule=None)
DISABLED = room("disabled", disabled=DisabledPeriod(at("9:00"), None, "Closed"))
CLOSING = room("closing", disabled=DisabledPeriod(at("10:30"), None, "Closed"))
LARGE = room("large", capacity=20)


@pytest.mark.parametrize(
    ("rooms", "wanted", "why"),
    [
        pytest.param([], {}, Why.NO_ROOMS, id="no-rooms"),
        pytest.param([LARGE], {"min_capacity": 21}, Why.NONE_THAT_LARGE, id="seats"),
        pytest.param([room("A")], {"min_capacity": 1}, Why.NONE_THAT_LARGE, id="seats-unknown"),
        pytest.param([LARGE], {"floors": ("1F",)}, Why.NONE_IN_PLACE, id="floor"),
        pytest.param([*BUILDING], {"floors": ("1F",), "buildings": ("Gamma",)}, Why.NONE_IN_PLACE, id="building"),
        pytest.param([LARGE], {"areas": ("North",), "min_capacity": 21}, Why.NONE_IN_PLACE, id="place-before-seats"),
        pytest.param(
            [LARGE, *BUILDING], {"floors": ("1F",), "min_capacity": 20}, Why.NONE_THAT_LARGE, id="none-there-that-large"
        ),
        pytest.param([LARGE], {"equipment": ("phone",)}, Why.NONE_WITH_EQUIPMENT, id="equipment"),
        pytest.param(
            [LARGE, room("A", equipment=("Phone",))],
            {"equipment": ("phone",), "min_capacity": 2},
            Why.NONE_WITH_EQUIPMENT,
            id="none-that-large-with-equipment",
        ),
        pytest.param([UNKNOWN], {"min_capacity": 2}, Why.NONE_THAT_LARGE, id="filters-need-no-schedule"),
        pytest.param([LARGE], {"latest": at("10:59")}, Why.TIME_TOO_SHORT, id="time-too-short"),
        pytest.param([UNKNOWN], {"latest": NOW - HOUR}, Why.TIME_TOO_SHORT, id="latest-before-earliest"),
        pytest.param([BUSY], {"latest": at("11:00")}, Why.ALL_BUSY, id="busy"),
        pytest.param([CLOSING], {}, Why.ALL_BUSY, id="disabled-before-the-stay-would-end"),
        pytest.param([UNKNOWN, DISABLED, BUSY], {}, Why.ALL_BUSY, id="those-that-are-known-are-busy"),
        pytest.param([UNKNOWN, DISABLED], {}, Why.NOTHING_KNOWN, id="unknown"),
        pytest.param([DISABLED], {}, Why.ALL_DISABLED, id="disabled"),
        pytest.param([DISABLED], {"earliest": HORIZON}, Why.ALL_DISABLED, id="disabled-and-beyond"),
        pytest.param([LARGE, UNKNOWN], {"earliest": HORIZON}, Why.OUTSIDE_WINDOW, id="beyond"),
        pytest.param([LARGE], {"earliest": HORIZON - HOUR + TICK}, Why.OUTSIDE_WINDOW, id="ends-beyond"),
        pytest.param([BUSY], {"earliest": HORIZON - HOUR}, Why.ALL_BUSY, id="ends-at-the-horizon"),
    ],
)
def test_the_reason_why_no_room_is_offered(rooms: list[Candidate], wanted: dict[str, Any], why: Why) -> None:
    result = find(*rooms, **wanted)

    assert (result.offers, result.why) == ((), why)


# Instants


def test_instants_in_any_zone_are_returned_in_utc() -> None:
    kathmandu, shanghai = ZoneInfo("Asia/Kathmandu"), timezone(8 * HOUR)
    periods = [row("9:00..10:30"), row("12:00..13:00")]
    moved = [BusyPeriod(period.start.astimezone(shanghai), period.end.astimezone(shanghai)) for period in periods]
    schedule = build_schedule(
        moved, kind=SubjectKind.ROOM, window_start=WINDOW_START.astimezone(shanghai), horizon=HORIZON
    )

    result = find(
        room("A", schedule=schedule), earliest=NOW.astimezone(kathmandu), latest=at("11:30").astimezone(kathmandu)
    )

    offer = the_offer(result)
    assert offer == Offer("A", at("10:30"), at("12:00"))
    assert offer.free_from.tzinfo is UTC
    assert offer.free_until
    assert offer.free_until.tzinfo is UTC


def test_a_stay_across_the_end_of_dst_is_measured_in_real_time() -> None:
    # Berlin, 02:30 CEST to 02:30 CET: one hour in real time, none in wall time
    berlin = ZoneInfo("Europe/Berlin")
    earliest, latest = (
        datetime(2026, 10, 25, 2, 30, tzinfo=berlin),
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin),
    )
    night = datetime(2026, 10, 25, tzinfo=UTC)
    free = room("A", schedule=Schedule(night - DAY, night + DAY, ()))

    assert the_offer(find(free, earliest=earliest, latest=latest)).free_from == night + HOUR / 2
    assert find(free, earliest=earliest, latest=latest, duration=HOUR + TICK).why is Why.TIME_TOO_SHORT


def test_a_fraction_of_a_second_is_kept() -> None:
    earliest = NOW + timedelta(microseconds=123_456)

    offer = the_offer(find(room("A", BusyPeriod(earliest + HOUR, HORIZON)), earliest=earliest))

    assert (offer.free_from, offer.free_until) == (earliest, earliest + HOUR)


@pytest.mark.parametrize(
    "wanted",
    [
        {"duration": timedelta()},
        {"duration": -HOUR},
        {"limit": 0},
        {"earliest": NOW.replace(tzinfo=None)},
        {"latest": HORIZON.replace(tzinfo=None)},
    ],
)
def test_an_invalid_request_raises(wanted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be positive|needs a time zone"):
        find(**wanted)


# All of it, against an oracle

NAMES = ["2", "10", "A1", "A9", "A9b", "A10", "B1", "北 2", "北 10"]
# Spellings, and the place that each one means
PLACES = {"": 0, "1F": 1, " 1f": 1, "2F": 2, "Straße": 3, "STRASSE ": 3}
ITEMS = ["Touch screen", "Phone", "Video Conference"]
WANTED = {"screen": "Touch screen", " TOUCH SCREEN": "Touch screen", "phone": "Phone", "video": "Video Conference"}
ZONES = ["UTC", "Asia/Shanghai", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin"]


@dataclass(frozen=True)
class OfficeRoom:
    """A room and its bookings. Times are counted in steps from the origin of the office."""

    room_id: str
    name: str
    rows: list[tuple[int, int, RsvpStatus | None]]
    window: tuple[int, int]
    disabled: tuple[int, int | None] | None
    known: bool
    capacity: int
    places: tuple[str, str, str]
    equipment: tuple[str, ...]
    shortest_gap: int = 1  # a shorter gap between two bookings is none

    @cached_property
    def free_steps(self) -> int:
        """A bit for each step that is known to be free, the lowest bit for the first step."""
        first, last = self.window
        free = _steps(first, last)
        for start, end, rsvp in self.rows:
            if rsvp not in (DECLINE, REMOVED, NEEDS_ACTION):
                free &= ~_steps(start, end)
        if self.disabled:
            free &= ~_steps(self.disabled[0], last if self.disabled[1] is None else self.disabled[1])
        busy = [step for step in range(first, last) if not free >> step & 1] if self.shortest_gap > 1 else []
        for step, following in pairwise(busy):
            if following - step - 1 < self.shortest_gap:
                free &= ~_steps(step, following)
        return free

    def is_disabled(self, step: int) -> bool:
        """Return whether the room is disabled in a step."""
        if self.disabled is None:
            return False
        start, end = self.disabled
        return start <= step and (end is None or step < end)

    def pending(self, start: int, length: int) -> bool:
        """Return whether there is a pending request for any step of a stay."""
        return any(
            rsvp is NEEDS_ACTION and set(range(begin, end)) & set(range(start, start + length))
            for begin, end, rsvp in self.rows
        )


@dataclass(frozen=True)
class Wish:
    """A request. Times are counted in steps."""

    now: int
    duration: int
    earliest: int
    latest: int | None
    min_capacity: int
    places: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    equipment: tuple[str, ...]
    limit: int


@dataclass(frozen=True)
class Office:
    """Rooms, and the length of a step."""

    origin: datetime
    step: timedelta
    rooms: list[OfficeRoom]

    def instant(self, step: int) -> datetime:
        """Return when a step begins."""
        return self.origin + step * self.step

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The rooms as input of the search."""
        return [
            Candidate(
                each.room_id, each.name, self._schedule(each) if each.known else None, each.capacity, *each.places,
                each.equipment,
            )
            for each in self.rooms
        ]  # fmt: skip

    def _schedule(self, each: OfficeRoom) -> Schedule:
        disabled = each.disabled and DisabledPeriod(
            self.instant(each.disabled[0]), None if each.disabled[1] is None else self.instant(each.disabled[1]), "Why"
        )
        return build_schedule(
            [BusyPeriod(self.instant(start), self.instant(end), rsvp) for start, end, rsvp in each.rows],
            kind=SubjectKind.ROOM,
            window_start=self.instant(each.window[0]),
            horizon=self.instant(each.window[1]),
            disabled=disabled,
        )

    def find(self, wish: Wish, zone: str) -> SearchResult:
        """Search as the integration does, with instants in `zone`."""
        buildings, floors, areas = wish.places
        request = Request(
            duration=wish.duration * self.step,
            earliest=self.instant(wish.earliest).astimezone(ZoneInfo(zone)),
            latest=None if wish.latest is None else self.instant(wish.latest).astimezone(ZoneInfo(zone)),
            min_capacity=wish.min_capacity,
            floors=floors,
            buildings=buildings,
            areas=areas,
            equipment=wish.equipment,
            limit=wish.limit,
        )
        return find_rooms(self.candidates, request, self.instant(wish.now))


def _steps(start: int, end: int) -> int:
    start = max(start, 0)
    return ((1 << max(end - start, 0)) - 1) << start


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _runs(free: int, length: int) -> int:
    """Return the steps at which this many free steps in a row start."""
    for _ in range(length - 1):
        free &= free >> 1
    return free


class Oracle:
    """The expected result of a search, computed from the rows step by step."""

    def __init__(self, office: Office, wish: Wish) -> None:
        self.office = office
        self.wish = wish

    def result(self) -> SearchResult:
        """Return the offers, or the alternatives and the reason for no offers."""
        wish = self.wish
        matching = [each for each in self.office.rooms if not any(self.lacks(each))]
        unknown = tuple(each.room_id for each in matching if not each.known)
        if offers := self._found(matching, wish.latest):
            best = sorted(offers, key=self._rank)[: wish.limit]
            return SearchResult(tuple(self._offer(*found) for found in best), unknown=unknown)
        return SearchResult((), tuple(self._alternatives()), self._why(), unknown)

    def lacks(self, each: OfficeRoom) -> tuple[int, int, int]:
        """Return by how much a room misses the request in place, seats and equipment."""
        wish = self.wish
        place = 0
        for has, names in zip(each.places, wish.places, strict=True):
            wanted = {PLACES[name] for name in names if name}
            place += bool(wanted) and PLACES[has] not in wanted
        missing = sum(WANTED[item] not in each.equipment for item in set(wish.equipment))
        return place, max(wish.min_capacity - each.capacity, 0), missing

    def _usable(self, each: OfficeRoom) -> bool:
        return each.known and self.wish.earliest in range(*each.window) and not each.is_disabled(self.wish.now)

    def _found(self, rooms: Iterable[OfficeRoom], latest: int | None) -> list[tuple[OfficeRoom, int, int]]:
        found = []
        for each in filter(self._usable, rooms):
            free = each.free_steps & (-1 << self.wish.earliest)
            if latest is not None:
                free &= _steps(0, latest)
            if starts := _runs(free, self.wish.duration):
                found.append((each, _lowest(starts), self.wish.duration))
        return found

    def _shortened(self, each: OfficeRoom) -> tuple[OfficeRoom, int, int] | None:
        free = each.free_steps & (-1 << self.wish.earliest)
        if self.wish.latest is not None:
            free &= _steps(0, self.wish.latest)
        length, starts = 0, free
        best = None
        while starts:
            length += 1
            best = (each, _lowest(starts), length)
            starts &= free >> length
        return best if best and length * self.office.step >= MINUTE else None

    def _rank(self, found: tuple[OfficeRoom, int, int]) -> tuple[Any, ...]:
        each, start, length = found
        size = each.capacity or 10**6
        return start, size, each.pending(start, length), NAMES.index(each.name), each.room_id

    def _offer(self, each: OfficeRoom, start: int, length: int) -> Offer:
        end = start
        while each.free_steps >> end & 1:
            end += 1
        until = None if end == each.window[1] else self.office.instant(end)
        return Offer(each.room_id, self.office.instant(start), until, each.pending(start, length))

    def _alternatives(self) -> Iterable[Alternative]:
        matching = [each for each in self.office.rooms if not any(self.lacks(each))]
        later = self._found(matching, None)
        shorter = [found for found in map(self._shortened, filter(self._usable, matching)) if found]
        yield from self._best(Reason.LATER_START, later, lambda _: 0)
        yield from self._best(Reason.SHORTER_STAY, shorter, lambda found: -found[2])
        for index, reason in enumerate((Reason.OTHER_PLACE, Reason.FEWER_SEATS, Reason.LESS_EQUIPMENT)):
            near = [each for each in self.office.rooms if [bool(n) for n in self.lacks(each)].count(True) == 1]
            near = [each for each in near if self.lacks(each)[index]]
            yield from self._best(
                reason, self._found(near, self.wish.latest), lambda found, index=index: self.lacks(found[0])[index]
            )

    def _best(
        self, reason: Reason, options: list[tuple[OfficeRoom, int, int]], concession: Any
    ) -> Iterable[Alternative]:
        if options:
            best = min(options, key=lambda found: (concession(found), *self._rank(found)))
            yield Alternative(reason, self._offer(*best), best[2] * self.office.step)

    def _why(self) -> Why:
        rooms, wish = self.office.rooms, self.wish
        if not rooms:
            return Why.NO_ROOMS
        there = [each for each in rooms if not self.lacks(each)[0]]
        large = [each for each in there if not self.lacks(each)[1]]
        equipped = [each for each in large if not self.lacks(each)[2]]
        for narrowed, why in (
            (there, Why.NONE_IN_PLACE), (large, Why.NONE_THAT_LARGE), (equipped, Why.NONE_WITH_EQUIPMENT),
        ):  # fmt: skip
            if not narrowed:
                return why
        if wish.latest is not None and wish.earliest + wish.duration > wish.latest:
            return Why.TIME_TOO_SHORT
        known = [each for each in equipped if each.known]
        in_use = [each for each in known if not each.is_disabled(wish.now)]
        if any(wish.earliest >= each.window[0] and wish.earliest + wish.duration <= each.window[1] for each in in_use):
            return Why.ALL_BUSY
        if in_use:
            return Why.OUTSIDE_WINDOW
        return Why.ALL_DISABLED if known == equipped else Why.NOTHING_KNOWN


RSVP = st.none() | st.sampled_from(RsvpStatus)


@st.composite
def office_rooms(draw: st.DrawFn, room_id: str, length: int, shortest_gap: int) -> OfficeRoom:
    """Draw a room whose bookings often leave small gaps; rows begin and end on even steps."""
    rows: list[tuple[int, int, RsvpStatus | None]] = []
    for follows in draw(st.lists(st.integers(0, 3) | st.none(), max_size=9)):
        start = draw(st.integers(-4, length + 4)) if follows is None or not rows else rows[-1][1] // 2 + follows
        rows.append((2 * start, 2 * (start + draw(st.integers(0, 6))), draw(RSVP)))
    first, last = draw(
        st.sampled_from([(0, length), (0, length), (0, length), (2, length), (0, length // 2), (length // 2, length)])
    )
    begin = draw(st.integers(0, length))
    lasting = st.integers(1, 8).map(lambda steps: (2 * begin, 2 * (begin + steps)))
    place = st.sampled_from(list(PLACES))
    return OfficeRoom(
        room_id,
        name=draw(st.sampled_from(NAMES)),
        rows=draw(st.permutations(rows)),
        window=(2 * first, 2 * last + 2),
        disabled=draw(st.none() | st.none() | lasting | st.just((2 * begin, None))),
        known=draw(st.sampled_from([True, True, True, False])),
        capacity=draw(st.sampled_from([0, 4, 4, 6, 8])),
        places=(draw(place), draw(place), draw(place)),
        equipment=tuple(draw(st.lists(st.sampled_from(ITEMS), unique=True))),
        shortest_gap=shortest_gap,
    )


@st.composite
def searches(draw: st.DrawFn) -> tuple[Office, Wish]:
    """Draw a small office and a request. The instants of the request are on any step."""
    length = draw(st.integers(2, 30))
    ids = draw(st.permutations("abcdef"))[: draw(st.sampled_from([3, 4, 5, 6, 2, 1, 0]))]
    step = draw(st.sampled_from([TICK, MINUTE / 3, MINUTE, 15 * MINUTE]))
    rooms = [draw(office_rooms(room_id, length, -(-MINUTE // step))) for room_id in ids]
    earliest = draw(st.integers(2, length + 2) | st.integers(-2, 2 * length + 4))
    seldom = st.just(()) | st.just(()) | st.lists(st.sampled_from(list(PLACES)), max_size=3).map(tuple)
    wish = Wish(
        now=draw(st.just(earliest) | st.integers(0, 2 * length)),
        duration=draw(st.integers(1, 8) | st.integers(6, 20) | st.integers(1, 2 * length + 4)),
        earliest=earliest,
        latest=draw(st.none() | st.integers(4, 20).map(lambda steps: earliest + steps)),
        min_capacity=draw(st.sampled_from([0, 0, 0, 1, 4, 5, 8])),
        places=(draw(seldom), draw(seldom), draw(seldom)),
        equipment=tuple(draw(st.just([]) | st.lists(st.sampled_from(list(WANTED)), max_size=3))),
        limit=draw(st.integers(1, 7)),
    )
    return Office(datetime(2026, 10, 25, tzinfo=UTC), step, rooms), wish


@given(searches(), st.sampled_from(ZONES))
@examples(2)
def test_any_search_matches_the_oracle(search: tuple[Office, Wish], zone: str) -> None:
    office, wish = search

    assert office.find(wish, zone) == Oracle(office, wish).result()


def tower(random: Random) -> Office:
    """Return 1,000 rooms, each with about 100 bookings in the week, in steps of five minutes."""
    return Office(TODAY, 5 * MINUTE, [tower_room(random, number) for number in range(1000)])


def tower_room(random: Random, number: int) -> OfficeRoom:
    """Return a room with many bookings; some rooms are disabled, some have no schedule."""
    rows: list[tuple[int, int, RsvpStatus | None]] = []
    end = 0
    while end < 8 * 288:
        start = end + 2 * random.choice([0, 0, 1, 1, 2, 4])
        end = start + 2 * random.randint(3, 15)
        rows.append((start, end, random.choice([None, RsvpStatus.ACCEPT, RsvpStatus.TENTATIVE])))
    rows += [(start, start + 12, random.choice([DECLINE, NEEDS_ACTION])) for start, _, _ in rows[::7]]
    random.shuffle(rows)
    begin = 2 * random.randrange(4 * 288)
    return OfficeRoom(
        f"omm_{number:04}",
        name=random.choice(NAMES),
        rows=rows,
        window=(0, 8 * 288 - 12 * random.randrange(3)),
        disabled=random.choice([*[None] * 12, (begin, None), (begin, begin + 288)]),
        known=random.random() > 0.1,
        capacity=random.choice([0, 2, 4, 6, 8, 12, 20]),
        places=(random.choice(["1F", "2F", "Straße"]), random.choice(["1F", "2F", ""]), random.choice(["", "2F"])),
        equipment=tuple(random.sample(ITEMS, random.randint(0, 2))),
    )


def tower_wish(random: Random) -> Wish:
    """Return a random request for the tower."""
    now = 288 + random.randrange(288)
    earliest = random.choice([now, now, now + random.randrange(8 * 288)])
    some = [(), (), ("1F",), ("2F", "STRASSE ")]
    return Wish(
        now=now,
        duration=random.choice([1, 3, 6, 9, 12, 18, 30, 48]),
        earliest=earliest,
        latest=random.choice([None, earliest + random.randrange(1, 30)]),
        min_capacity=random.choice([0, 0, 2, 5, 12, 20, 21]),
        places=(random.choice(some), random.choice(some), random.choice(some)),
        equipment=tuple(random.sample(list(WANTED), random.choice([0, 1, 2, 4]))),
        limit=random.choice([1, 5, 20, 2000]),
    )


@pytest.mark.slow
def test_searches_in_a_tower_of_1000_rooms_match_the_oracle() -> None:
    random = Random(20260610)  # noqa: S311  # reproducible
    office = tower(random)
    reasons: set[Reason] = set()
    verdicts: set[Why | None] = set()

    for _ in range(200):
        wish = tower_wish(random)
        result = office.find(wish, random.choice(ZONES))
        assert result == Oracle(office, wish).result(), wish
        reasons |= {alternative.reason for alternative in result.alternatives}
        verdicts.add(result.why)

    # The random requests covered all reasons
    assert reasons == set(Reason)
    assert verdicts >= {None, Why.ALL_BUSY, Why.NONE_THAT_LARGE, Why.NONE_IN_PLACE, Why.TIME_TOO_SHORT}


def test_a_building_is_found_with_and_without_the_levels_above_it() -> None:
    shanghai, beijing = (room(city, building=f"{city} / Tower A", floor="3F") for city in ("Shanghai", "Beijing"))

    assert offered(find(shanghai, beijing, buildings=("tower a",))) == ["Beijing", "Shanghai"]
    assert offered(find(shanghai, beijing, buildings=("Shanghai / Tower A",))) == ["Shanghai"]
    assert offered(find(shanghai, beijing, buildings=("Shanghai",))) == []
