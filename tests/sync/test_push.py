"""Live updates: what is read after which hint, what that costs, and when hints are trusted."""

from datetime import UTC, datetime, time, timedelta
from math import inf

from hypothesis import given, strategies as st
import orjson
import pytest

from custom_components.feishu_freebusy.feishu.hints import (
    STATUS_CHANGED,
    CatalogueChanged,
    Hint,
    OtherEvent,
    RoomChanged,
)
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, RsvpStatus
from custom_components.feishu_freebusy.model.intervals import OffHours, PollPlan, TimeLeft
from custom_components.feishu_freebusy.model.moment import LoopSeconds
from custom_components.feishu_freebusy.model.subject import Reading
from custom_components.feishu_freebusy.sync.hint_budget import TokenBucket, hint_rate, safety_plan
from custom_components.feishu_freebusy.sync.push import HintReader, SeenIds, Work
from custom_components.feishu_freebusy.sync.trust import Trust, TrustState, has_changed
from tests.conftest import at

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
ROOMS = [f"omm_{number}" for number in range(60)]
NOTHING = Work()


def seconds(number: float) -> LoopSeconds:
    return LoopSeconds(number)


class Bench:
    """A hint reader, and a clock that moves only when a test says so."""

    def __init__(self, *, chunk_size: int = 20, calls_per_cycle: int = 3, rate: float | None = None) -> None:
        self.reader = HintReader(seconds(0), chunk_size=chunk_size, calls_per_cycle=calls_per_cycle)
        self.reader.set_rate(rate, seconds(0))
        self.reader.note_connected(seconds(0))
        self.events = 0

    def hint(self, *room_ids: str, now: float) -> None:
        """Let hints arrive, each an event of its own."""
        for room_id in room_ids:
            self.events += 1
            hint = RoomChanged(event_id=f"e{self.events}", event_type=STATUS_CHANGED, created_at=None, room_id=room_id)
            self.reader.note_hint(hint, seconds(now), rooms=ROOMS)

    def other(self, kind: type[Hint], now: float) -> None:
        """Let another event arrive."""
        self.events += 1
        hint = kind(event_id=f"e{self.events}", event_type="x", created_at=None)
        self.reader.note_hint(hint, seconds(now), rooms=ROOMS)

    def state(self) -> TrustState:
        """Whether hints are trusted."""
        return self.reader.trust.state

    def take(self, now: float) -> Work:
        return self.reader.take(seconds(now))

    def due(self, now: float) -> float:
        return self.reader.due_at(seconds(now))

    def read(
        self,
        *room_ids: str,
        now: float,
        previous: float | None = None,
        changed: bool = False,
        started: float | None = None,
    ) -> None:
        """Report that rooms were read."""
        for room_id in room_ids:
            self.reader.note_read(
                room_id,
                started=seconds(now if started is None else started),
                previous=None if previous is None else seconds(previous),
                changed=changed,
                now=seconds(now),
            )


# --- Events that come again -------------------------------------------------------------------------------------------


def test_event_is_new_once_a_day() -> None:
    seen = SeenIds()
    assert seen.is_new("e1", seconds(0))
    assert not seen.is_new("e1", seconds(7 * HOUR + 20 * MINUTE))
    assert not seen.is_new("e1", seconds(DAY - 1))
    assert seen.is_new("e1", seconds(DAY))


def test_event_without_an_id_is_always_new() -> None:
    seen = SeenIds()
    assert [seen.is_new("", seconds(0)) for _ in range(2)] == [True, True]
    assert len(seen) == 0


def test_memory_of_events_is_bounded() -> None:
    seen = SeenIds()
    for number in range(20_000):
        assert seen.is_new(f"e{number}", seconds(number / 100))
    assert len(seen) == 5_000
    assert not seen.is_new("e19999", seconds(200))
    assert not seen.is_new("e15001", seconds(200))


def test_repeated_event_causes_no_read() -> None:
    bench = Bench()
    hint = RoomChanged(event_id="e1", event_type=STATUS_CHANGED, created_at=None, room_id=ROOMS[0])
    bench.reader.note_hint(hint, seconds(0), rooms=ROOMS)
    bench.take(3)
    bench.read(ROOMS[0], now=3.2, started=3)
    bench.reader.note_hint(hint, seconds(10), rooms=ROOMS)
    assert bench.take(15) == NOTHING
    assert (bench.reader.counts.hints, bench.reader.counts.duplicates) == (1, 1)


# --- Dirty rooms ------------------------------------------------------------------------------------------------------


def test_room_is_read_two_seconds_after_its_hint() -> None:
    bench = Bench()
    assert bench.due(0) == inf
    bench.hint(ROOMS[0], now=10)
    assert bench.due(10) == 12
    assert bench.take(11.9) == NOTHING
    assert bench.take(12) == Work((ROOMS[0],))


def test_hints_merge_for_five_seconds_at_most() -> None:
    bench = Bench()
    for number in range(6):
        bench.hint(ROOMS[number], now=10 + number)
    assert bench.due(15) == 15
    assert set(bench.take(15).rooms) == set(ROOMS[:6])


def test_room_in_flight_is_not_read_twice() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    assert bench.take(2).rooms == (ROOMS[0],)
    assert bench.take(3) == NOTHING
    assert bench.due(3) == inf


def test_hint_during_a_read_causes_another_one() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.take(2)
    bench.hint(ROOMS[0], now=2.5)
    bench.read(ROOMS[0], started=2, now=3)
    assert bench.due(3) == 4.5
    assert bench.take(4.5).rooms == (ROOMS[0],)


def test_poll_after_the_hint_replaces_the_read() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.read(ROOMS[0], now=1)
    assert bench.take(2) == NOTHING


def test_poll_before_the_hint_does_not() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=1)
    bench.read(ROOMS[0], started=0.5, now=1.5)
    assert bench.take(3).rooms == (ROOMS[0],)


def test_room_is_read_again_fifteen_seconds_later_and_not_a_third_time() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.take(2)
    bench.read(ROOMS[0], started=2, now=2.2)
    assert bench.due(3) == 17
    assert bench.take(17).rooms == (ROOMS[0],)
    bench.read(ROOMS[0], started=17, now=17.2)
    assert bench.due(18) == inf


def test_second_read_fills_up_the_call_of_another_room() -> None:
    bench = Bench(rate=0.001)
    bench.reader.set_rate(0.001, seconds(0))
    bench.hint(ROOMS[0], now=0)
    assert bench.take(2).rooms == (ROOMS[0],)
    bench.read(ROOMS[0], started=2, now=2.2)
    assert bench.take(17) == NOTHING  # a call of its own is too expensive
    bench.hint(ROOMS[1], now=20)
    assert bench.take(22) == Work((ROOMS[1],), fill_up=(ROOMS[0],))


def test_second_read_costs_a_call_of_a_limited_budget_only_while_hints_are_trusted() -> None:
    bench = Bench(rate=0.01)
    for state, expected in ((TrustState.PROVING, ()), (TrustState.LOST, ()), (TrustState.TRUSTED, (ROOMS[0],))):
        now = bench.events * 100.0
        bench.hint(ROOMS[0], now=now)
        bench.take(now + 2)
        bench.read(ROOMS[0], now=now + 2)
        bench.reader.trust.state = state
        assert bench.take(now + 17).rooms == expected


def test_room_that_cannot_be_read_is_left_to_the_polls() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.take(2)
    bench.reader.note_failure(ROOMS[0])
    assert bench.due(3) == inf


def test_removed_room_is_forgotten() -> None:
    bench = Bench()
    bench.hint(*ROOMS[:2], now=0)
    bench.reader.retain({ROOMS[1]})
    assert bench.take(2).rooms == (ROOMS[1],)
    bench.reader.retain(())
    assert bench.due(3) == inf


def test_many_dirty_rooms_take_several_calls() -> None:
    bench = Bench(rate=1.0)
    bench.hint(*ROOMS[:45], now=0)
    assert len(bench.take(2).rooms) == 45
    assert bench.reader.counts.reads == 3


# --- What hints may cost ----------------------------------------------------------------------------------------------


def test_bucket_fills_at_its_rate_up_to_an_hour() -> None:
    bucket = TokenBucket(seconds(0))
    bucket.set_rate(0.05, seconds(0))
    assert (bucket.capacity, bucket.available(seconds(0))) == (180, 180)
    bucket.spend(180, seconds(0))
    assert bucket.available_at(1, seconds(0)) == 20
    assert bucket.available(seconds(200)) == pytest.approx(10)
    assert bucket.available(seconds(1e6)) == 180


def test_bucket_without_a_rate_has_nothing() -> None:
    bucket = TokenBucket(seconds(0))
    assert (bucket.available(seconds(1e9)), bucket.available_at(1, seconds(0))) == (0, inf)
    bucket.set_rate(0.0, seconds(5))
    assert bucket.available(seconds(1e9)) == 0


def test_bucket_without_a_limit_is_never_empty() -> None:
    bucket = TokenBucket(seconds(0))
    bucket.set_rate(None, seconds(0))
    bucket.spend(10**9, seconds(0))
    assert bucket.available_at(10**9, seconds(0)) == 0


def test_lower_rate_shrinks_the_bucket_and_a_higher_one_does_not_fill_it() -> None:
    bucket = TokenBucket(seconds(0))
    bucket.set_rate(0.1, seconds(0))
    bucket.set_rate(0.01, seconds(1))
    assert bucket.available(seconds(1)) == pytest.approx(36)
    bucket.set_rate(0.1, seconds(2))
    assert bucket.available(seconds(2)) < 37


def test_rate_that_comes_back_does_not_fill_the_bucket() -> None:
    bucket = TokenBucket(seconds(0))
    bucket.set_rate(0.1, seconds(0))
    bucket.spend(360, seconds(0))
    for now in (10, 20, 30):
        bucket.set_rate(0.0, seconds(now))
        bucket.set_rate(0.1, seconds(now + 5))
    assert bucket.available(seconds(35)) < 3.5


def test_call_that_no_hint_needs_leaves_half_of_the_bucket() -> None:
    bench = Bench(rate=0.001)  # the bucket holds 3.6 calls
    assert [bench.reader.spend(1, seconds(0)) for _ in range(3)] == [True, False, False]


def test_clock_that_stands_still_or_goes_back_adds_nothing() -> None:
    bucket = TokenBucket(seconds(100))
    bucket.set_rate(1.0, seconds(100))
    bucket.spend(1000, seconds(100))
    assert bucket.available(seconds(50)) == 2600
    assert bucket.available(seconds(100)) == 2600


def test_hints_wait_and_merge_while_the_bucket_is_empty() -> None:
    bench = Bench(rate=0.005)
    for number in range(18):  # the bucket holds 18 calls
        bench.hint(ROOMS[number], now=number)
        bench.take(number + 0.5)
        bench.reader._bucket.spend(1, seconds(number + 0.5))
    bench.take(30)
    spent_at = 30.0
    bench.hint(*ROOMS[20:30], now=spent_at)
    bench.hint(ROOMS[25], now=spent_at + 1)
    due = bench.due(spent_at + 2)
    assert due > spent_at + 3
    assert bench.take(due - 1) == NOTHING
    work = bench.take(due)
    assert work.rooms[0] == ROOMS[25]  # the dirtiest first
    assert set(work.rooms) >= set(ROOMS[20:30])


@given(
    st.lists(st.tuples(st.floats(0, 200), st.integers(0, 59)), max_size=200),
    st.sampled_from([0.001, 0.01, 0.05]),
    st.sampled_from([1, 20]),
)
def test_calls_never_exceed_what_the_bucket_held(hints: list[tuple[float, int]], rate: float, chunk: int) -> None:
    bench, now, calls = Bench(rate=rate, chunk_size=chunk), 0.0, 0
    for pause, number in hints:
        now += pause
        bench.hint(ROOMS[number], now=now)
        now += 2.5
        work = bench.take(now)
        calls += -(-len(work.rooms) // chunk)
        bench.read(*work.rooms, *work.fill_up, started=now, now=now)
    assert calls == bench.reader.counts.reads
    assert calls <= max(3.0, rate * 3600) + rate * now + 1e-3


@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(0, 59), st.booleans()), max_size=60))
def test_work_that_is_due_can_be_taken(steps: list[tuple[float, int, bool]]) -> None:
    """A due time in the past with no work would make the caller spin."""
    bench, now = Bench(rate=0.02), 0.0
    for pause, number, drop in steps:
        now += pause
        bench.hint(ROOMS[number], now=now)
        if drop:
            bench.reader.note_disconnected(seconds(now))
            bench.reader.note_connected(seconds(now + 0.05))
            now += 0.05
        for _ in range(5):
            due = bench.due(now)
            if due > now:
                break
            work = bench.take(now)
            assert work != NOTHING or bench.due(now) > now
            bench.read(*work.rooms, *work.fill_up, started=now, now=now)
        assert bench.due(now) > now


# --- The connection, the catalogue ------------------------------------------------------------------------------------


def test_everything_is_read_after_a_gap_every_two_minutes_at_most() -> None:
    bench, full = Bench(), []
    assert bench.take(0) == NOTHING  # polls have read everything at the start
    for number in range(1, 13):
        now = number * 60.0
        bench.reader.note_disconnected(seconds(now - 1))
        assert bench.due(now - 0.5) == inf
        bench.reader.note_connected(seconds(now))
        full += [now] if bench.take(now).all_rooms else []
    assert full == [60, 180, 300, 420, 540, 660]
    assert bench.reader.counts.full_reads == 6


def test_full_read_takes_only_what_hints_leave_over() -> None:
    bench = Bench(rate=0.005, calls_per_cycle=3)  # 18 calls; 9 stay reserved
    bench.reader._bucket.spend(10, seconds(0))
    bench.reader.note_disconnected(seconds(0))
    bench.reader.note_connected(seconds(1))
    assert bench.due(1) == pytest.approx(800, abs=2)
    assert bench.take(700) == NOTHING
    assert bench.take(801).all_rooms


def test_full_read_that_is_too_expensive_is_left_to_the_polls() -> None:
    bench = Bench(rate=0.001, calls_per_cycle=10)
    bench.reader.note_disconnected(seconds(0))
    bench.reader.note_connected(seconds(1))
    assert bench.due(1) == inf


def test_poll_of_all_rooms_replaces_the_full_read() -> None:
    bench = Bench()
    bench.reader.note_disconnected(seconds(0))
    bench.reader.note_connected(seconds(1))
    bench.reader.note_full_read(seconds(2))
    assert bench.take(200) == NOTHING


def test_unknown_room_refreshes_the_catalogue_every_ten_minutes_at_most() -> None:
    bench = Bench()
    bench.hint("omm_new", now=0)
    assert bench.due(0) == 0
    assert bench.take(0).catalogue
    bench.hint("omm_newer", "omm_newest", now=60)
    assert bench.due(60) == 600
    assert not bench.take(599).catalogue
    assert bench.take(600).catalogue
    assert bench.reader.counts.unknown_rooms == 3


def test_event_of_the_catalogue_refreshes_it_after_half_a_minute() -> None:
    bench = Bench()
    for now in (0, 5, 10):
        bench.other(CatalogueChanged, now)
    assert bench.due(10) == 30
    assert bench.take(30) == Work(catalogue=True)
    assert bench.due(31) == inf
    bench.other(CatalogueChanged, 60)
    assert bench.due(60) == 630  # ten minutes between two


def test_room_that_a_scan_did_not_find_causes_no_other_one() -> None:
    bench = Bench()
    bench.hint("omm_new", now=0)
    assert bench.take(0).catalogue
    bench.hint("omm_new", now=HOUR)
    assert bench.due(HOUR) == inf
    bench.hint("omm_new", now=DAY + HOUR)
    assert bench.take(DAY + HOUR).catalogue


def test_known_room_that_is_not_read_causes_nothing() -> None:
    bench = Bench()
    hint = RoomChanged(event_id="e1", event_type=STATUS_CHANGED, created_at=None, room_id="omm_other")
    bench.reader.note_hint(hint, seconds(0), rooms=ROOMS, others={"omm_other"})
    assert (bench.due(0), bench.reader.counts.unknown_rooms) == (inf, 0)


def test_scan_that_could_not_be_made_is_wanted_again_an_hour_later() -> None:
    bench = Bench()
    bench.hint("omm_new", now=0)
    bench.take(0)
    bench.reader.postpone_scan(seconds(0))
    assert not bench.take(HOUR - 1).catalogue
    assert bench.take(HOUR).catalogue


def test_other_event_causes_nothing() -> None:
    bench = Bench()
    bench.other(OtherEvent, 1)
    assert bench.due(1) == inf
    assert bench.reader.last_hint_at == seconds(1)


# --- Trust ------------------------------------------------------------------------------------------------------------


def covered(bench: Bench, now: float) -> None:
    """Read a change for which a hint came."""
    bench.hint(ROOMS[0], now=now)
    bench.read(ROOMS[0], now=now + 2, previous=now - 600, changed=True)
    bench.take(now + 3)


def missed(bench: Bench, now: float, room_id: str = ROOMS[1]) -> Work:
    """Read a change for which no hint came; return the work when it is judged."""
    bench.read(room_id, now=now, previous=now - 600, changed=True)
    return bench.take(now + 61)


def trusted_bench() -> Bench:
    """Return a reader that has trusted hints since the first day."""
    bench = Bench()
    for number in range(4):
        covered(bench, 1000 + number * 1000)
    bench.take(DAY)
    assert bench.state() is TrustState.TRUSTED
    return bench


def test_hints_are_trusted_after_a_day_in_which_they_covered_all_changes() -> None:
    bench = Bench()
    for number in range(3):
        assert bench.state() is TrustState.PROVING
        covered(bench, 1000 + number * 1000)
    bench.take(DAY - 1)
    assert bench.state() is TrustState.PROVING
    bench.take(DAY)
    assert bench.state() is TrustState.TRUSTED


def test_day_without_changes_proves_nothing() -> None:
    bench = Bench()
    covered(bench, 1000)
    bench.take(5 * DAY)
    assert bench.state() is TrustState.PROVING


def test_change_without_a_hint_is_a_miss_after_a_minute() -> None:
    bench = Bench()
    bench.read(ROOMS[1], now=700, previous=100, changed=True)
    assert bench.due(701) == 760
    bench.take(759)
    assert bench.reader.trust.misses == 0
    bench.take(760)
    assert bench.reader.trust.misses == 1


@pytest.mark.parametrize("hint_at", [45, 100, 700, 755])
def test_hint_around_the_reads_covers_a_change(hint_at: float) -> None:
    bench = Bench()
    if hint_at < 700:
        bench.hint(ROOMS[1], now=hint_at)
    bench.read(ROOMS[1], now=700, previous=100, changed=True)
    if hint_at >= 700:
        bench.hint(ROOMS[1], now=hint_at)
    bench.take(770)
    assert (bench.reader.trust.misses, bench.reader.trust.covered) == (0, 1)


@pytest.mark.parametrize(("room_id", "hint_at"), [(ROOMS[1], 30), (ROOMS[2], 700)])
def test_hint_long_before_or_of_another_room_covers_nothing(room_id: str, hint_at: float) -> None:
    bench = Bench()
    bench.hint(room_id, now=hint_at)
    bench.read(ROOMS[1], now=700, previous=100, changed=True)
    bench.take(770)
    assert bench.reader.trust.misses == 1


def test_read_without_a_change_or_without_an_earlier_read_proves_nothing() -> None:
    bench = Bench()
    bench.read(ROOMS[1], now=700, previous=100, changed=False)
    bench.read(ROOMS[2], now=700, previous=None, changed=True)
    assert bench.due(701) == inf


def test_two_misses_in_a_day_lose_trust_and_reconnect_once() -> None:
    bench = trusted_bench()
    covered(bench, 2 * DAY - HOUR)
    assert not missed(bench, 2 * DAY).reconnect
    assert bench.state() is TrustState.TRUSTED
    covered(bench, 2 * DAY + 9 * HOUR)
    assert bench.reader.counts.reconnects == 0
    assert missed(bench, 2 * DAY + 10 * HOUR).reconnect
    assert bench.state() is TrustState.LOST
    assert not missed(bench, 2 * DAY + 11 * HOUR).reconnect
    assert bench.reader.counts.reconnects == 1


def test_two_misses_on_two_days_keep_trust() -> None:
    bench = trusted_bench()
    missed(bench, 2 * DAY)
    missed(bench, 3 * DAY + HOUR)
    assert bench.state() is TrustState.TRUSTED


def busy_bench(changes: int, missed_every: int) -> Bench:
    """Return a reader after a day with changes. Every n-th change comes without a hint."""
    bench = Bench()
    for number in range(1, changes + 1):
        now = number * DAY / changes
        if number % missed_every == 0:
            bench.read(ROOMS[1], now=now, previous=now - 300, changed=True)
        else:
            bench.hint(ROOMS[0], now=now)
            bench.read(ROOMS[0], now=now, previous=now - 300, changed=True)
        bench.take(now)
    bench.take(DAY + 61)
    return bench


@pytest.mark.parametrize(
    ("changes", "missed_every", "state"),
    [
        (50, 25, TrustState.LOST),  # two
        (500, 100, TrustState.TRUSTED),
        (500, 56, TrustState.TRUSTED),
        (500, 40, TrustState.LOST),
        (500, 10, TrustState.LOST),
    ],
)
def test_large_office_may_miss_a_fiftieth_of_the_changes(changes: int, missed_every: int, state: TrustState) -> None:
    assert busy_bench(changes, missed_every).state() is state


def test_few_changes_of_a_weekend_are_compared_with_those_of_a_working_day() -> None:
    bench = busy_bench(2000, 10_000)
    for minute in (0, 30):  # three days later
        now = 4 * DAY + minute * MINUTE
        missed(bench, now)
        covered(bench, now + 2 * MINUTE)
    assert bench.state() is TrustState.TRUSTED


def test_three_misses_in_a_row_lose_trust_in_a_large_office() -> None:
    bench = busy_bench(500, 1000)
    missed(bench, DAY + HOUR)
    missed(bench, DAY + 2 * HOUR)
    assert bench.state() is TrustState.TRUSTED
    missed(bench, DAY + 3 * HOUR)
    assert bench.state() is TrustState.LOST


def test_trust_comes_back_after_a_clean_day() -> None:
    bench = trusted_bench()
    for hours in (0, 1):
        missed(bench, 2 * DAY + hours * HOUR)
    assert bench.state() is TrustState.LOST
    for number in range(3):
        covered(bench, 2 * DAY + (2 + number) * HOUR)
    bench.take(2 * DAY + 24 * HOUR)
    assert bench.state() is TrustState.LOST
    bench.take(2 * DAY + 25 * HOUR + 61)
    assert bench.state() is TrustState.TRUSTED


def test_short_gap_gives_the_hint_more_time() -> None:
    bench = Bench()
    bench.reader.note_disconnected(seconds(200))
    bench.reader.note_connected(seconds(210))
    bench.reader.note_full_read(seconds(210))
    bench.read(ROOMS[1], now=700, previous=100, changed=True)
    bench.read(ROOMS[2], now=700, previous=100, changed=True)
    bench.take(900)
    bench.hint(ROOMS[1], now=1000)  # delivered again
    bench.take(1031)
    assert bench.reader.trust.misses == 1


def test_long_gap_and_no_connection_prove_nothing() -> None:
    bench = Bench()
    bench.reader.note_disconnected(seconds(200))
    bench.read(ROOMS[1], now=300, previous=100, changed=True)
    bench.reader.note_connected(seconds(600))
    bench.reader.note_full_read(seconds(600))
    bench.read(ROOMS[2], now=700, previous=100, changed=True)
    bench.take(2000)
    assert (bench.reader.trust.covered, bench.reader.trust.misses) == (0, 0)


def test_change_before_the_first_connection_proves_nothing() -> None:
    reader = HintReader(seconds(0), chunk_size=20, calls_per_cycle=3)
    reader.note_connected(seconds(200))
    for room_id, previous, now in ((ROOMS[0], 100, 300), (ROOMS[1], 250, 400)):
        reader.note_read(room_id, started=seconds(now), previous=seconds(previous), changed=True, now=seconds(now))
    reader.take(seconds(1000))
    assert (reader.trust.misses, reader.trust.covered) == (1, 0)


def test_changes_without_any_event_for_six_hours_force_a_reconnect() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.read(ROOMS[1], now=HOUR, previous=100, changed=True)
    assert not bench.take(6 * HOUR - 1).reconnect
    assert bench.take(6 * HOUR).reconnect
    assert not bench.take(6 * HOUR + 1).reconnect


def test_six_hours_without_changes_force_nothing() -> None:
    bench = Bench()
    bench.hint(ROOMS[0], now=0)
    bench.read(ROOMS[1], now=HOUR, previous=100, changed=False)
    assert not bench.take(10 * HOUR).reconnect


def test_no_reconnect_is_forced_while_there_is_no_connection() -> None:
    bench = Bench()
    bench.read(ROOMS[1], now=HOUR, previous=100, changed=True)
    bench.reader.note_disconnected(seconds(2 * HOUR))
    assert not bench.take(7 * HOUR).reconnect


def test_trust_forgets_rooms_that_are_removed() -> None:
    trust = Trust(seconds(0))
    trust.note_hint(ROOMS[0], seconds(1))
    trust.note_change(ROOMS[1], previous=seconds(0), now=seconds(100), gap=0.0)
    trust.retain({ROOMS[0]})
    trust.judge(seconds(1000))
    assert trust.misses == 0
    assert trust._last_hint.keys() == {ROOMS[0]}


def test_trust_continues_after_a_restart() -> None:
    trust, restored = trusted_bench().reader.trust, Trust(seconds(50))
    restored.restore(orjson.loads(orjson.dumps(trust.stored(seconds(DAY)))), seconds(50), off_for=HOUR)
    assert (restored.state, restored.covered) == (TrustState.TRUSTED, trust.covered)
    assert restored.since == 50 - DAY  # nothing was proved while it was off
    assert [each[1:] for each in restored.stored(seconds(50))["hours"]] == [[3, 0], [1, 0]]
    assert sum(each[0] for each in restored.stored(seconds(50))["hours"]) >= sum((24, 23))  # an hour older


@pytest.mark.parametrize("is_restart", [True, False])
def test_time_without_a_connection_does_not_count_as_proof(is_restart: bool) -> None:
    bench = Bench()
    for number in range(3):
        covered(bench, (1 + number) * HOUR)
    assert bench.state() is TrustState.PROVING
    if is_restart:
        stored = bench.reader.trust.stored(seconds(4 * HOUR))
        bench = Bench()
        bench.reader.trust.restore(stored, seconds(0), off_for=21 * HOUR)
        now = 0.0
    else:
        bench.reader.note_disconnected(seconds(4 * HOUR))
        bench.reader.note_connected(seconds(25 * HOUR))
        now = 25 * HOUR

    bench.take(now + 19 * HOUR)
    assert bench.state() is TrustState.PROVING
    bench.take(now + 20 * HOUR + 61)
    assert bench.state() is TrustState.TRUSTED


def test_misses_before_a_restart_count_after_it() -> None:
    bench = trusted_bench()
    missed(bench, DAY + HOUR)
    restored = Trust(seconds(0))
    restored.restore(bench.reader.trust.stored(seconds(DAY + 2 * HOUR)), seconds(0), off_for=60)
    restored.note_change(ROOMS[3], previous=seconds(100), now=seconds(200), gap=0.0)
    assert restored.judge(seconds(300))
    assert restored.state is TrustState.LOST


NUMBERS = st.one_of(st.integers(-3, 10**20), st.floats(), st.text(max_size=3), st.none())


@given(
    st.one_of(
        NUMBERS,
        st.dictionaries(st.text(max_size=3), NUMBERS),
        st.fixed_dictionaries(
            {
                "state": st.sampled_from(["trusted", "lost", "x", 3]),
                "since": NUMBERS,
                "covered": NUMBERS,
                "hours": st.one_of(NUMBERS, st.lists(st.lists(NUMBERS, max_size=4), max_size=3)),
            }
        ),
    )
)
def test_damaged_trust_changes_nothing_or_is_usable(stored: object) -> None:
    trust = Trust(seconds(0))
    trust.restore(stored, seconds(0), off_for=60)
    trust.note_change(ROOMS[0], previous=seconds(0), now=seconds(100), gap=0.0)
    trust.judge(seconds(1000))
    assert trust.misses == 1


# --- What counts as a change ------------------------------------------------------------------------------------------


START, HORIZON = at(0), at(0, day=7)


def reading(
    *spans: tuple[datetime, datetime], start: datetime = START, horizon: datetime = HORIZON, external: bool = True
) -> Reading:
    periods = tuple(BusyPeriod(since, until, RsvpStatus.ACCEPT) for since, until in spans)
    return Reading(periods, start, horizon, start, horizon, include_external_calendar=external)


MEETING = (at(9), at(10))


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (reading(MEETING), reading(MEETING), False),
        (reading(), reading(MEETING), True),
        (reading(MEETING), reading(), True),
        (reading(MEETING), reading((at(9), at(10, 30))), True),
        (reading(MEETING), reading(MEETING, MEETING), False),
        # the window moves on
        (reading(MEETING), reading(start=at(10)), False),
        (reading(MEETING), reading((at(9, 30), at(10)), start=at(9, 30)), False),
        (reading(MEETING), reading(MEETING, start=at(9, 30)), False),
        (reading(), reading((at(1, day=7), at(2, day=7)), horizon=at(3, day=7)), False),
        (reading(), reading((at(23, day=6), at(2, day=7)), horizon=at(3, day=7)), True),
        # the option was changed
        (reading(), reading(MEETING, external=False), False),
    ],
)
def test_change_of_bookings(before: Reading, after: Reading, changed: bool) -> None:
    assert has_changed(before, after) is changed


def test_reply_of_the_room_that_only_one_api_returns_is_no_change() -> None:
    before = Reading((BusyPeriod(*MEETING, RsvpStatus.ACCEPT),), at(0), at(0, day=7), at(0), at(1))
    after = Reading((BusyPeriod(*MEETING, None),), at(0), at(0, day=7), at(0), at(1))
    assert not has_changed(before, after)
    refused = Reading((BusyPeriod(*MEETING, RsvpStatus.DECLINE),), at(0), at(0, day=7), at(0), at(1))
    assert not has_changed(refused, reading())


# --- The interval, the rate -------------------------------------------------------------------------------------------

NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
LEFT = TimeLeft.of_month(NOVEMBER, OffHours(time(20), time(7), frozenset({5, 6})), UTC)


def minutes(office: float, off: float) -> PollPlan:
    return PollPlan(timedelta(minutes=office), timedelta(minutes=off))


@pytest.mark.parametrize(
    ("plan", "calls_per_cycle", "calls_left", "expected"),
    [
        (minutes(1, 30), 1, None, minutes(15, 60)),
        (minutes(1, 30), 1, 25_000, minutes(15, 60)),
        (minutes(9, 36), 10, 65_000, minutes(15, 60)),
        (minutes(9, 36), 10, 50_000, minutes(20, 80)),
        (minutes(9, 36), 10, 25_000, minutes(30, 120)),
        (minutes(45, 180), 50, 25_000, minutes(45, 180)),
        (minutes(1, 30), 1, 0, minutes(30, 120)),
    ],
)
def test_safety_polls_take_a_quarter_of_the_budget(
    plan: PollPlan, calls_per_cycle: int, calls_left: float | None, expected: PollPlan
) -> None:
    assert safety_plan(plan, calls_per_cycle=calls_per_cycle, calls_left=calls_left, left=LEFT) == expected


def test_hints_may_cost_what_is_left_of_the_month() -> None:
    office, off = (hint_rate(10_000, LEFT, is_office=office) for office in (True, False))
    assert office is not None
    assert off is not None
    assert off == pytest.approx(office / 10)
    month = office * LEFT.office.total_seconds() + off * LEFT.off.total_seconds()
    assert month == pytest.approx(10_000)


def test_some_calls_are_kept_for_safety_polls_while_hints_are_trusted() -> None:
    plan = minutes(30, 120)
    all_calls, kept = 10_000, LEFT.cycles(plan) * 10 / 2
    rate = hint_rate(all_calls, LEFT, is_office=True, safety=plan, calls_per_cycle=10)
    assert rate == hint_rate(all_calls - kept, LEFT, is_office=True)


def test_rate_without_a_budget_and_with_a_used_up_one() -> None:
    assert hint_rate(None, LEFT, is_office=True) is None
    assert hint_rate(-5, LEFT, is_office=True) == 0
    assert hint_rate(10, TimeLeft(timedelta(), timedelta()), is_office=True) == 10
