"""What people wish for: a room by name, any room, how many people, where; the time is in `test_times`."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.assist.times import PastTimeError, UnclearTimeError
from custom_components.feishu_freebusy.assist.wishes import Wish, read_search, read_wish

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def read(text: str) -> Wish:
    return read_wish(text, NOW, UTC)


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("Orion for half an hour", "Orion"),
        ("the Orion room until three please", "the Orion room"),
        ("meeting room 3 until four", "meeting room 3"),
        ("room A301 for us for an hour", "room A301"),
        ("Orion for six people until four", "Orion"),
        ("会议室A301半小时", "会议室A301"),
        ("请 A301 到三点吧", "A301"),
        ("一下Orion", "Orion"),
        ("明天上午十点的Orion", "Orion"),
    ],
)
def test_a_named_room_is_meant(text: str, room: str) -> None:
    wish = read(text)

    assert (wish.room, wish.place, wish.is_vague) == (room, None, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "it",
        "this room until four",
        "the meeting room",
        "here for an hour",
        "our meeting",
        "这里",
        "这个",
        "这间会议室半小时",
        "会议",
    ],
)
def test_the_room_of_the_speaker_is_meant(text: str) -> None:
    wish = read(text)

    assert (wish.room, wish.place) == ("", None)


@pytest.mark.parametrize(
    ("text", "seats", "place"),
    [
        ("a room", 0, ""),
        ("meeting room", 0, ""),
        ("the best free room for 45 minutes", 0, ""),
        ("somewhere on the third floor until four", 0, "third floor"),
        ("a room for six until three", 6, ""),
        ("a six person room", 6, ""),
        ("any room for a team of twelve in tower A", 12, "tower A"),
        ("a room that is free for 4 of us", 4, ""),
        ("a quiet meeting room on 3F for at least 20 people for 2 hours", 20, "3F"),
        ("会议室", 0, ""),
        ("一间会议室，一个小时", 0, ""),
        ("一间六个人的会议室，到三点", 6, ""),
        ("个能坐十二个人的会议室", 12, ""),
        ("六人会议室两小时", 6, ""),
        ("最好的会议室半小时", 0, ""),
        ("一间空的会议室到三点", 0, ""),
    ],
)
def test_any_room_is_meant(text: str, seats: int, place: str) -> None:
    wish = read(text)

    assert (wish.room, wish.seats, wish.place) == ("", seats, place)


@pytest.mark.parametrize(
    ("text", "room", "place"),
    [
        ("三楼的会议室一个小时", "三楼的会议室", "三楼"),
        ("一间三楼的会议室", "一间三楼的会议室", "三楼"),
        ("三楼六个人的会议室", "三楼会议室", "三楼"),
        ("猎户座会议室半小时", "猎户座会议室", "猎户座"),
    ],
)
def test_in_chinese_a_name_and_a_place_look_alike(text: str, room: str, place: str) -> None:
    wish = read(text)

    assert (wish.room, wish.place) == (room, place)


@pytest.mark.parametrize(("text", "is_vague"), [("Orion for six", True), ("it for 3", True), ("a room for six", False)])
def test_a_number_may_be_a_time_of_day(text: str, is_vague: bool) -> None:
    assert read(text).is_vague == is_vague


@pytest.mark.parametrize(
    ("text", "seats", "place", "hour"),
    [
        ("for six people tomorrow at ten for an hour", 6, "", 10),
        ("on the third floor for six tomorrow at ten", 6, "third floor", 10),
        ("tomorrow at ten in tower A", 0, "tower A", 10),
        ("明天下午三点到四点能坐六个人", 6, "", 15),
        ("在三楼明天下午三点", 0, "三楼", 15),
        ("三楼的明天下午三点", 0, "三楼", 15),
    ],
)
def test_what_is_left_of_a_search_is_a_place(text: str, seats: int, place: str, hour: int) -> None:
    wish = read_search(text, NOW, UTC)

    assert (wish.seats, wish.place, wish.room) == (seats, place, "")
    assert wish.times.start
    assert wish.times.start.astimezone(UTC) == datetime(2026, 11, 24, hour, tzinfo=UTC)


@given(st.text())
def test_any_text_is_a_wish(text: str) -> None:
    try:
        wish = read(text)
        search = read_search(text, NOW, UTC)
    except PastTimeError, UnclearTimeError:
        return
    assert wish.seats >= 0
    assert search.place is not None
    assert wish.times.length is None or wish.times.length > timedelta()
