"""Times as people say them: examples in both languages, and properties over days, zones and changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.assist.times import PastTimeError, Times, UnclearTimeError, read_times
from tests.conftest import examples

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe"), UTC]
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=SHANGHAI)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def read(text: str, now: datetime = NOW) -> Times:
    return read_times(text, now, now.tzinfo or UTC)


def span(text: str, now: datetime = NOW) -> str:
    """Return the start and the end in local time, as "Mon 15:00-16:00"; "~" marks a range."""
    times = read(text, now)
    start, end = (each.astimezone(now.tzinfo) if each else None for each in (times.start, times.end))
    if start and end and start.date() == end.date():
        return f"{start:%a %H:%M}{'~' if times.is_range else '-'}{end:%H:%M}"
    shown = [f"{each:%a %H:%M}" if each else "" for each in (start, end)]
    return ("~" if times.is_range else "-").join(shown)


@pytest.mark.parametrize(
    ("expected", "texts"),
    [
        # A vague time is the next one
        ("Mon 15:00-", ["at three", "at 3", "at three o'clock", "at 3 pm", "at 3:00", "3pm", "at 15:00", "at 3 p.m.",
                        "for 3 pm", "today at three", "at three in the afternoon", "三点", "下午三点", "15点", "在三点",
                        "3点钟", "三点整", "15:00", "今天三点", "下午3:00"]),
        ("Mon 15:30-", ["at half past three", "at three thirty", "at 3:30", "3:30pm", "三点半", "下午三点半", "15:30"]),
        ("Mon 15:15-", ["at quarter past three", "at a quarter past three", "at fifteen minutes past three",
                        "at three fifteen", "三点一刻", "三点十五分", "三点十五"]),
        ("Mon 15:50-", ["at ten to four", "at 10 minutes to four", "at ten before four", "三点五十"]),
        ("Mon 15:45-", ["at quarter to four", "at a quarter to four", "at three forty five", "三点三刻"]),
        ("Mon 15:05-", ["at three oh five", "三点零五分", "三点过五分"]),
        # Hours that are over: the next ones, but not in the night
        ("Mon 21:30-", ["at 9:30", "at half past nine", "九点半"]),
        ("Tue 14:00-", ["at two", "at 2 pm", "tomorrow at two", "两点", "明天下午两点", "明天两点"]),
        ("Tue 09:30-", ["at 09:30", "at 9:30 am", "tomorrow at 9:30", "明早九点半", "明天上午9点半"]),
        ("Tue 12:00-", ["at noon", "at midday", "tomorrow at twelve", "明天中午十二点", "明天12点"]),
        ("Tue 01:00-", ["at one at night", "at 1 am", "晚上一点", "凌晨一点"]),
        ("Mon 20:00-", ["tonight at eight", "at eight this evening", "at eight in the evening", "晚上八点", "今晚8点"]),
        ("Tue 00:00-", ["at midnight", "晚上十二点", "24点"]),
        # Days
        ("Wed 10:00-", ["the day after tomorrow at ten", "on Wednesday at ten", "Wednesday at 10 am", "后天上午十点",
                        "周三十点", "星期三10点", "本周三上午十点", "礼拜三十点", "on 25 November at ten",
                        "on the 25th at ten", "November 25 at ten", "on the twenty-fifth of November at ten",
                        "on 2026-11-25 at ten", "11月25日十点", "25号上午十点", "at ten on Wednesday"]),
        ("Thu 10:00-", ["大后天十点", "this Thursday at ten"]),
        ("Mon 10:00-", ["Monday at ten", "next Monday at ten", "下周一十点", "下个星期一上午十点"]),
        # Stays
        ("Mon 15:00-16:00", ["at three for an hour", "from three to four", "from 3 to 4 pm", "between three and four",
                             "3-4 pm", "from 3 pm for one hour", "for an hour until four", "三点到四点", "从三点到四点",
                             "下午三点到四点", "三点开始一个小时", "15:00-16:00", "三点，一个小时", "3点至4点"]),
        ("Tue 10:00-14:00", ["10 to 2pm", "from ten to 2 pm", "tomorrow from ten to two", "明天十点到下午两点"]),
        ("Tue 10:00-11:30", ["tomorrow at ten for an hour and a half", "tomorrow from 10 until 11:30",
                             "明天上午十点到十一点半", "明天十点一个半小时"]),
        ("Mon 14:25-14:55", ["in 20 minutes for half an hour", "20 minutes from now, for half an hour",
                             "二十分钟后，半小时", "再过二十分钟，半个小时"]),
        ("Mon 22:00-Tue 01:00", ["from 10 pm to one", "今晚十点到一点"]),
        ("Wed 22:00-Thu 08:00", ["from Wednesday 10 pm to Thursday 8 am"]),
        ("-Mon 15:00", ["until three", "till 3", "up to three", "by three", "to 3 pm", "from now until three",
                        "到三点", "到下午三点", "从现在到三点", "一直到三点"]),
        ("-Tue 00:00", ["until midnight", "到晚上十二点"]),
        ("-Mon 18:00", ["until six in the evening", "到18点", "this afternoon until six"]),
        # Ranges
        ("Mon 14:05~18:00", ["this afternoon", "in the afternoon", "今天下午", "下午"]),
        ("Mon 18:00~Tue 00:00", ["tonight", "this evening", "今晚", "傍晚", "晚上"]),
        ("Tue 06:00~12:00", ["tomorrow morning", "in the morning", "明天上午", "明早", "明天早上"]),
        ("Tue 07:00~20:00", ["tomorrow", "tomorrow all day", "明天", "明天全天"]),
        ("Mon 14:05~20:00", ["today", "今天", "the rest of the day"]),
        ("Fri 12:00~18:00", ["on Friday afternoon", "Friday in the afternoon", "周五下午"]),
        ("Tue 12:00~14:00", ["tomorrow over lunch", "明天中午"]),
        ("Tue 00:00~06:00", ["明天凌晨"]),
        ("Mon 06:00~12:00", ["Monday morning", "下周一上午"]),
        ("Mon 15:00~Tue 00:00", ["after three", "下午三点以后", "三点之后"]),
        ("Mon 14:05~16:00", ["before four", "四点以前", "下午四点前"]),
        ("Mon 15:00~17:00", ["after three, before five", "after three until five"]),
        ("Tue 07:00~10:00", ["tomorrow before ten", "明天十点前"]),
        ("Tue 00:00~06:00", ["tomorrow before 6 am"]),
        # No time
        ("-", ["", "now", "right now", "at the moment", "现在", "此刻", "third floor", "Tower A", "for six",
               "six people", "Morning Star", "room 3", "A301", "room 12", "十号楼", "3号会议室", "三楼",
               "六个人", "周庄", "观云楼", "月球", "Orion - 3", "at half past thirteen", "at 301",
               "at 25:00", "version 3.30", "and three", "0 am"]),
    ],
)  # fmt: skip
def test_words_are_read(expected: str, texts: list[str]) -> None:
    assert {text: span(text) for text in texts} == dict.fromkeys(texts, expected)


@pytest.mark.parametrize(
    ("minutes", "texts"),
    [
        (15, ["for a quarter of an hour", "15 minutes", "by fifteen minutes", "fifteen more minutes",
              "an extra 15 mins", "15 minutes longer", "一刻钟", "15分钟", "十五分钟"]),
        (30, ["half an hour", "a half hour", "for a half-hour", "for thirty minutes", "another half an hour",
              "半小时", "半个小时", "半个钟头"]),
        (45, ["three quarters of an hour", "45 minutes", "三刻钟"]),
        (60, ["an hour", "for one hour", "1 h", "in the next hour",
              "60 min", "一小时", "一个小时", "1个钟头", "一个钟"]),
        (75, ["an hour and a quarter", "an hour and 15 minutes", "1 hour 15 minutes", "一小时十五分钟"]),
        (90, ["an hour and a half", "one and a half hours", "1.5 hours", "1,5 hours", "一个半小时",
              "1.5小时", "一个小时半"]),
        (120, ["two hours", "a couple of hours", "for at least 2 hrs", "两小时", "两个小时", "接下来两个小时"]),
        (150, ["two and a half hours", "两个半小时"]),
        (1440, ["24 hours", "24小时"]),
    ],
)  # fmt: skip
def test_lengths_are_read(minutes: int, texts: list[str]) -> None:
    assert {text: read(text).length for text in texts} == dict.fromkeys(texts, minutes * MINUTE)


@pytest.mark.parametrize("text", ["for 25 hours", "for 0 minutes", "100小时"])
def test_lengths_out_of_range_are_not_read(text: str) -> None:
    assert read(text).length is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Orion for half an hour", "Orion"),
        ("a room for six until three", "a room for six"),
        ("tomorrow at ten Orion", "Orion"),
        ("Orion tomorrow from 9 to 11 on the third floor", "Orion on the third floor"),
        ("Lunch Room at noon", "Lunch Room"),
        ("A301 明天下午三点到四点", "A301"),
        ("明天下午三点A301", "A301"),
        ("A301半小时", "A301"),
        ("12个人的会议室三点", "12个人的会议室"),
    ],
)
def test_the_rest_of_a_text_stays_as_it_is(text: str, rest: str) -> None:
    assert read(text).rest == rest


@pytest.mark.parametrize(
    "text",
    ["today at one", "today at 9 am", "this morning", "today at noon", "本周一上午", "on 2026-11-02", "今天上午"],
)
def test_a_time_that_is_over_is_an_error(text: str) -> None:
    with pytest.raises(PastTimeError):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "at three at four", "from three to four for an hour", "today tomorrow", "for an hour for two hours",
        "in 20 minutes at four", "February 30 at ten", "on the 31st of April", "2月30日", "tomorrow in 20 minutes",
        "this morning this afternoon", "in 20 minutes in 30 minutes",
    ],
)  # fmt: skip
def test_a_contradiction_is_an_error(text: str) -> None:
    with pytest.raises(UnclearTimeError):
        read(text)


def test_an_end_before_the_start_is_an_error() -> None:
    with pytest.raises(PastTimeError):
        read("from Wednesday at ten until today at eleven")
    with pytest.raises(PastTimeError):
        read("for two hours until three")


@pytest.mark.parametrize(
    ("clock", "text", "expected"),
    [
        ("23:30", "at one", "Tue 01:00-"),
        ("23:30", "until one", "-Tue 01:00"),
        ("23:30", "today", "Mon 23:30~Tue 00:00"),
        ("03:00", "at four", "Mon 04:00-"),
        ("19:00", "at six", "Tue 06:00-"),
        ("19:00", "at three", "Tue 15:00-"),
        ("19:00", "in the morning", "Tue 06:00~12:00"),
        ("00:30", "tonight at nine", "Mon 21:00-"),
        ("09:00", "at nine", "Mon 09:00-"),
        ("09:00", "until nine", "-Mon 21:00"),
        ("09:00", "Monday morning", "Mon 09:00~12:00"),
        ("09:00", "before eight", "Mon 09:00~20:00"),
    ],
)
def test_the_meaning_depends_on_the_time_of_day(clock: str, text: str, expected: str) -> None:
    hour, minute = map(int, clock.split(":"))

    assert span(text, NOW.replace(hour=hour, minute=minute)) == expected


def test_a_day_of_the_month_may_be_in_the_next_year() -> None:
    assert read("on the 5th at ten").start == datetime(2026, 12, 5, 10, tzinfo=SHANGHAI)
    assert read("January 5 at ten").start == datetime(2027, 1, 5, 10, tzinfo=SHANGHAI)
    assert read("on the 31st at ten").start == datetime(2026, 12, 31, 10, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        # In New York, clocks go from 2:00 to 3:00 on March 14, and from 2:00 to 1:00 on November 1
        (datetime(2027, 3, 14, 6, 30, tzinfo=UTC), "at 2:30 am", datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
        (datetime(2027, 3, 14, 6, 30, tzinfo=UTC), "in an hour", datetime(2027, 3, 14, 7, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, 5, 0, tzinfo=UTC), "at 1:30 am", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, 5, 45, tzinfo=UTC), "at 1:30 am", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        (datetime(2026, 11, 1, 6, 45, tzinfo=UTC), "at 1:30 am", datetime(2026, 11, 2, 6, 30, tzinfo=UTC)),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), "tomorrow at noon", datetime(2026, 11, 1, 17, 0, tzinfo=UTC)),
    ],
)
def test_changes_of_the_clocks_are_followed(now: datetime, text: str, expected: datetime) -> None:
    assert read(text, now.astimezone(ZONES[1])).start == expected


instants = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE)
zones = st.sampled_from(ZONES)


@examples(2)
@given(instants, zones, st.integers(0, 23), st.integers(0, 59))
def test_an_exact_time_is_the_next_one_on_the_wall(now: datetime, zone: ZoneInfo, hour: int, minute: int) -> None:
    hour = hour if hour in range(10) else max(hour, 13)  # "10:30" may be in the evening
    for text in (f"at {hour:02}:{minute:02}", f"{hour:02}:{minute:02}"):
        start = read_times(text, now, zone).start
        assert start
        assert now <= start < now + DAY + 2 * HOUR
        local = start.astimezone(zone)
        if (local.hour, local.minute) != (hour, minute):
            # Clocks skip this time on that day
            skipped = local.replace(hour=hour, minute=minute, fold=0)
            assert skipped.astimezone(UTC).astimezone(zone).time() != skipped.time()


@examples(2)
@given(instants, zones, st.integers(1, 12))
def test_a_vague_time_is_the_next_one_but_not_in_the_night(now: datetime, zone: ZoneInfo, hour: int) -> None:
    start = read_times(f"at {hour}", now, zone).start
    assert start
    local, asked = start.astimezone(zone), now.astimezone(zone)
    is_night = not 6 <= asked.hour < 20
    assert start >= now
    if local.minute == 0:  # else clocks skip the time
        assert local.hour % 12 == hour % 12
        assert is_night or local.hour >= 6
    earlier = [now + step * MINUTE for step in range(int((start - now) / MINUTE))]
    missed = [
        each
        for each in (one.astimezone(zone) for one in earlier)
        if each.minute == 0 and each.hour % 12 == hour % 12 and (is_night or each.hour >= 6)
    ]
    assert not missed or missed[0].astimezone(UTC).replace(second=0, microsecond=0) < now


@examples(2)
@given(instants, zones, st.integers(1, 12), st.integers(1, 12), st.integers(1, 13))
def test_stays_end_after_they_start_and_have_the_length_that_is_said(
    now: datetime, zone: ZoneInfo, first: int, second: int, quarters: int
) -> None:
    both = read_times(f"from {first} to {second}", now, zone)
    assert both.start
    assert both.end
    assert both.start < both.end <= both.start + 12 * HOUR + 2 * HOUR
    for text in (f"at {first} for {quarters * 15} minutes", f"{first}点，{quarters * 15}分钟"):
        times = read_times(text, now, zone)
        assert times.start
        assert times.end == times.start + quarters * 15 * MINUTE


@examples(2)
@given(
    instants, zones, st.sampled_from(["today", "tomorrow", "明天上午", "on Friday afternoon", "周二晚上", "tonight"])
)
def test_ranges_are_ahead_and_not_empty(now: datetime, zone: ZoneInfo, text: str) -> None:
    times = read_times(text, now, zone)
    assert times.is_range
    assert times.start
    assert times.end
    assert now <= times.start < times.end
    assert times.end <= now + 8 * DAY


@examples(2)
@given(st.text(), instants, zones)
def test_any_text_is_read_or_refused(text: str, now: datetime, zone: ZoneInfo) -> None:
    try:
        times = read_times(text, now, zone)
    except PastTimeError, UnclearTimeError:
        return
    assert times.start is None or times.start >= now.replace(second=0, microsecond=0)


words = st.sampled_from(
    (  # noqa: SIM905
        "at from to until for three 3pm half past an hour tomorrow on Friday afternoon this in 20 minutes between and "
        "before after noon 明天 下午 三点 半 到 四点 半小时 以后 周五 Orion 三楼 , room six the 25th of November"
    ).split()
)


@examples(5)
@given(st.lists(words, max_size=9), instants, zones)
def test_any_order_of_words_is_read_or_refused(said: list[str], now: datetime, zone: ZoneInfo) -> None:
    try:
        times = read_times(" ".join(said), now, zone)
    except PastTimeError, UnclearTimeError:
        return
    start = times.start or now
    assert start >= now.replace(second=0, microsecond=0)
    assert times.end is None or times.end > start
    assert not times.is_range or (times.start and times.end)
