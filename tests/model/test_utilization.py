"""The numbers of the past, compared with counting each minute on its own."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.model.evidence import Hours
from custom_components.feishu_freebusy.model.intervals import OffHours
from custom_components.feishu_freebusy.model.schedule import DisabledPeriod
from custom_components.feishu_freebusy.model.utilization import (
    Numbers,
    Share,
    Span,
    Tally,
    add,
    by_hour_of_week,
    count_bookings,
    count_use,
    hour_of,
)
from tests.conftest import at, examples

MINUTE = timedelta(minutes=1)
NIGHTS = OffHours(time(20), time(7), frozenset({5, 6}))
ALWAYS = Hours(None, UTC)
# Clocks change in each of these zones within the range of `instants`: by an hour, by two, by half an hour, at midnight
ZONES = [
    ZoneInfo(name)
    for name in (
        *("Europe/Berlin", "America/New_York", "Asia/Shanghai", "Asia/Kathmandu"),
        *("Antarctica/Troll", "Australia/Lord_Howe", "Africa/Cairo"),
    )
]
CHANGES = [datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC)]
CHANGES += [
    datetime(2026, 4, 23, 12, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
]
CHANGES += [datetime(2026, 10, 29, 12, tzinfo=UTC), datetime(2026, 10, 3, 12, tzinfo=UTC)]

times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30)))
zones = st.sampled_from(ZONES)
days = st.frozensets(st.integers(0, 6))


@st.composite
def hours(draw: st.DrawFn, around: date) -> Hours:
    """Return office hours in some zone, with office days and holidays near a date."""
    dates = st.frozensets(st.integers(-1, 2).map(lambda number: around + timedelta(days=number)))
    off = st.builds(OffHours, times, times, days, dates, dates)
    return Hours(draw(st.one_of(st.none(), off, st.just(NIGHTS))), draw(zones))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, list[datetime]]:
    """Return office hours and a function's worth of instants of two days around a change of clocks."""
    change = draw(st.sampled_from(CHANGES))
    minutes = draw(st.lists(st.integers(-1_440, 1_440), min_size=14, max_size=14))
    return draw(hours(change.date())), [change + MINUTE * number for number in minutes]


def span(first: datetime, second: datetime) -> Span:
    """Return two instants in order."""
    return min(first, second), max(first, second)


def is_office(now: datetime, office: Hours) -> bool:
    """Return whether the office works, by the rule of the options."""
    return office.off_hours is None or not office.off_hours.contains(now, office.time_zone)


def counted(start: datetime, end: datetime, hours: Hours, /, **found: Iterable[Span]) -> Tally:
    """Return the numbers of `[start, end)`, minute by minute."""
    tally: dict[tuple[date, int], Counter[str]] = {}
    for number in range(int((end - start) / MINUTE)):
        now = start + MINUTE * number
        if is_office(now, hours):
            of_hour = tally.setdefault(hour_of(now, hours.time_zone), Counter())
            for what, spans in found.items():
                of_hour[what] += 60 * any(since <= now < until for since, until in spans)
    return {hour: Numbers(**of_hour) for hour, of_hour in tally.items() if any(of_hour.values())}


def without(spans: Iterable[Span], disabled: DisabledPeriod | None) -> list[Span]:
    """Return the time of the spans outside the disabled period, minute by minute."""
    minutes = (since + MINUTE * number for since, until in spans for number in range(int((until - since) / MINUTE)))
    return [(now, now + MINUTE) for now in minutes if not (disabled and disabled.contains(now))]


@examples(0.6)
@given(cases(), st.booleans(), st.booleans())
def test_bookings_are_counted_like_minute_by_minute(
    case: tuple[Hours, list[datetime]], is_disabled: bool, ends: bool
) -> None:
    office, (first, second, known_until, *others) = case
    start, end = sorted((first, second))
    *instants, _ = others
    booked = [span(*pair) for pair in zip(instants[2::2], instants[3::2], strict=True)]
    since, until = sorted(instants[:2])
    disabled = DisabledPeriod(since, until if ends else None, "Paint") if is_disabled else None
    serviced = without([(start, end)], disabled)
    known = [span for span in serviced if span[0] < known_until]
    both = [span for span in known if any(low <= span[0] < high for low, high in booked)]

    found = count_bookings(start, end, office, known_until=known_until, booked=booked, disabled=disabled)

    assert found == counted(start, end, office, office=serviced, known=known, booked=both)


@examples(0.4)
@given(cases(), st.sampled_from([None, "free", "booked", "in_use", "no_show", "ad_hoc", "out_of_service"]))
def test_use_is_counted_like_minute_by_minute(case: tuple[Hours, list[datetime]], use: str | None) -> None:
    office, instants = case
    start, end = sorted(instants[:2])
    disabled = DisabledPeriod(*span(*instants[2:4]), "Paint")
    spans = [] if use in (None, "out_of_service") else without([(start, end)], disabled)

    assert count_use(start, end, office, use=use, disabled=disabled) == counted(
        start,
        end,
        office,
        watched=spans,
        used=spans if use in ("in_use", "ad_hoc") else (),
        no_show=spans if use == "no_show" else (),
        ad_hoc=spans if use == "ad_hoc" else (),
    )


@examples(0.4)
@given(cases())
def test_parts_of_a_period_add_up(case: tuple[Hours, list[datetime]]) -> None:
    office, (start, middle, end, *others) = case
    start, middle, end = sorted((start, middle, end))
    booked = [span(*pair) for pair in zip(others[::2], others[1::2], strict=False)]

    parts: Tally = {}
    for since, until in ((start, middle), (middle, end)):
        add(parts, count_bookings(since, until, office, known_until=until, booked=booked))

    assert parts == count_bookings(start, end, office, known_until=end, booked=booked)
    assert Numbers.sum(by_hour_of_week(parts).values()) == Numbers.sum(parts.values())


def test_an_hour_that_comes_twice_has_two_hours() -> None:
    berlin = Hours(None, ZoneInfo("Europe/Berlin"))
    start, end = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 2, tzinfo=UTC)

    found = count_bookings(start, end, berlin, known_until=end, booked=[(start, start + timedelta(hours=1))])

    assert found == {(date(2026, 10, 25), 2): Numbers(office=7_200, known=7_200, booked=3_600)}


def test_office_days_and_holidays_count() -> None:
    saturday, monday = date(2026, 11, 28), date(2026, 11, 23)
    off = OffHours(time(20), time(7), frozenset({5, 6}), extra=frozenset({saturday}), free=frozenset({monday}))

    week = count_bookings(at(0), at(0, day=7), Hours(off, UTC), known_until=at(0, day=7), booked=[])

    assert {day for day, _ in week} == {date(2026, 11, 24 + number) for number in range(5)}
    assert {hour for _, hour in week} == set(range(7, 20))


def test_a_booking_with_seconds_counts_to_the_second() -> None:
    found = count_bookings(at(9), at(11), ALWAYS, known_until=at(11), booked=[(at(9, 59, 30), at(10, 0, 15))])

    assert [numbers.booked for numbers in found.values()] == [30, 15]


def test_overlapping_bookings_count_once() -> None:
    booked = [(at(9, 30), at(10)), (at(9), at(9, 45)), (at(9, 10), at(9, 20))]

    assert Numbers.sum(count_bookings(at(9), at(10), ALWAYS, known_until=at(10), booked=booked).values()) == Numbers(
        office=3_600, known=3_600, booked=3_600
    )


@pytest.mark.parametrize(
    ("numbers", "share"),
    [
        pytest.param(Numbers(), None, id="no office hours"),
        pytest.param(Numbers(office=100), None, id="nothing known"),
        pytest.param(Numbers(office=100, known=49, booked=49), None, id="less than half known"),
        pytest.param(Numbers(office=100, known=50, booked=10), 20.0, id="half known"),
        pytest.param(Numbers(office=300, known=300, booked=100), 33.3, id="rounded"),
        pytest.param(Numbers(office=100, known=100), 0.0, id="never booked"),
    ],
)
def test_the_booked_share_needs_half_of_the_time(numbers: Numbers, share: float | None) -> None:
    assert numbers.known_share(Share.BOOKED) == share


@pytest.mark.parametrize(
    ("numbers", "share"),
    [
        pytest.param(Numbers(office=100, known=100), None, id="no sensors"),
        pytest.param(Numbers(office=100, known=100, watched=49, used=9, no_show=9, ad_hoc=9), None, id="too little"),
        pytest.param(Numbers(office=100, known=0, watched=50, used=10, no_show=10, ad_hoc=10), 20.0, id="half watched"),
    ],
)
def test_the_shares_of_use_need_half_of_the_time(numbers: Numbers, share: float | None) -> None:
    assert {numbers.known_share(each) for each in (Share.USED, Share.NO_SHOW, Share.AD_HOC)} == {share}


def test_shares_of_use_are_unknown_without_sensors() -> None:
    assert Numbers(office=100, known=100, booked=50).shares == {
        "booked": 50.0,
        "used": None,
        "no_show": None,
        "ad_hoc": None,
    }
    assert Numbers(office=100, watched=40, used=20, no_show=10, ad_hoc=4).shares == {
        "booked": None,
        "used": 50.0,
        "no_show": 25.0,
        "ad_hoc": 10.0,
    }


def test_hours_of_the_week_are_sorted_from_monday() -> None:
    tally = {(date(2026, 11, day), 9): Numbers(office=day) for day in (29, 23, 30)}

    assert by_hour_of_week(tally) == {(0, 9): Numbers(office=53), (6, 9): Numbers(office=29)}
    assert list(by_hour_of_week(tally)) == [(0, 9), (6, 9)]
