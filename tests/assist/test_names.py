"""One name has many shapes, and different names stay different."""

import re
import string
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.assist.names import Match, Names, find_match, is_time

OFFICE = {
    "a301": Names(["A301"], ["3F", "Tower A", "Tower A 3F"]),
    "a302": Names(["A302"], ["3F", "Tower A", "Tower A 3F"]),
    "orion-3": Names(["Orion (3F)", "Orion"], ["3F", "Tower A", "Tower A 3F"]),
    "orion-5": Names(["Orion (5F)", "Orion"], ["5F", "Tower A", "Tower A 5F"]),
    "board": Names(["Boardroom"], ["5F"]),
    "12": Names(["Meeting Room 12"], []),
    "yun": Names(["观云会议室"], ["三楼"]),
    "ada": Names(["Ada Lovelace"], []),
    "plain": Names(["Meeting room"], []),
}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        *[(said, "a301") for said in (
            "A301", "a301", "A 301", "A-301", "a.301", " A301 ", "\uff21\uff13\uff10\uff11", "A三零一", "A三\u3007一",
            "A三零幺", "会议室A301", "A301会议室", "A301号会议室", "room A301", "the A301 meeting room",
            "A three zero one", "a three oh one", "A301 on the third floor", "3F A301", "tower a A301", "三楼的A301",
        )],
        *[(said, "orion-3") for said in (
            "Orion (3F)", "orion 3f", "Orion on 3F", "Orion on the third floor", "the 3rd floor Orion", "Orion floor 3",
            "Orion level 3", "三楼的Orion", "三层Orion会议室", "Orion 3楼", "3F的Orion",
        )],
        ("the boardroom", "board"),
        ("board room", "board"),
        ("room twelve", "12"),
        ("12号会议室", "12"),
        ("十二号会议室", "12"),
        ("meeting room 12", "12"),
        ("观云", "yun"),
        ("三楼观云", "yun"),
        ("ada lovelace", "ada"),
        ("the meeting room", "plain"),
    ],
)  # fmt: skip
def test_a_name_is_found_in_every_spelling(said: str, known: str) -> None:
    assert find_match(said, OFFICE) == Match((known,))


@pytest.mark.parametrize("said", ["Orion", "the orion room", "Orion 会议室"])
def test_a_shared_name_matches_both(said: str) -> None:
    assert find_match(said, OFFICE).ids == ("orion-3", "orion-5")


@pytest.mark.parametrize(
    ("said", "similar"),
    [
        ("A 303", ("a301", "a302")),
        ("Orian", ("orion-3", "orion-5")),
        ("bordroom", ("board",)),
        ("观云楼", ("yun",)),
        ("swimming pool", ()),
        ("", ()),
        ("？", ()),
        ("Orion on the ninth floor", ("orion-3", "orion-5")),
    ],
)
def test_an_unknown_name_returns_similar_names(said: str, similar: tuple[str, ...]) -> None:
    assert find_match(said, OFFICE) == Match(similar=similar)


@pytest.mark.parametrize(
    ("first", "second"),
    [("A301", "A310"), ("3F", "F33"), ("Room 1", "Room 11"), ("二十三", "二三零"), ("观云", "听雨"), ("A1", "B1")],
)
def test_different_names_stay_different(first: str, second: str) -> None:
    assert find_match(first, {"first": Names([first]), "second": Names([second])}).ids == ("first",)


@pytest.mark.parametrize(
    ("numerals", "digits"),
    [
        *(("十", "10"), ("十二", "12"), ("二十", "20"), ("二十三", "23"), ("一百零五", "105"), ("三零一", "301")),
        *(("两", "2"), ("百", "100")),
    ],
)
def test_chinese_numbers_are_read(numerals: str, digits: str) -> None:
    assert find_match(f"{numerals}号", {"it": Names([f"Room {digits}"])}).ids == ("it",)


@pytest.mark.parametrize(
    ("words", "digits"), [("twenty one", "21"), ("forty-two", "42"), ("nineteen", "19"), ("three oh one", "301")]
)
def test_english_numbers_are_read(words: str, digits: str) -> None:
    assert find_match(f"room {words}", {"it": Names([digits])}).ids == ("it",)


@pytest.mark.parametrize(
    "said",
    [
        "tomorrow", "the afternoon", "Friday", "Monday morning", "20 minutes", "half an hour", "third floor at 3 PM",
        "the 3pm slot", "two days", "three o'clock", "three o’clock",
        "明天", "今晚", "下午", "下午三点", "三点", "十点半", "周一", "下周", "星期五", "十二月三号", "二十分钟后",
        "过一会儿", "三楼明天",
    ],
)  # fmt: skip
def test_times_are_recognized(said: str) -> None:
    assert is_time(said)


@pytest.mark.parametrize(
    "said",
    [
        *("third floor", "3F", "Tower A", "lobby", "the roof", "Amsterdam", "Building 3", "December Hall", ""),
        *("三楼", "三号楼", "A座", "周庄", "观云楼", "月球", "大厅", "点心铺"),
    ],
)
def test_places_are_not_times(said: str) -> None:
    assert not is_time(said)


letters = st.text("BCDGHKMPQVWXZbcdghkmpqvwxz", min_size=1, max_size=3)  # none that make a word
numbers = st.integers(min_value=100, max_value=999)


@given(
    st.lists(st.tuples(letters, numbers), min_size=1, max_size=8, unique_by=lambda pair: (pair[0].casefold(), pair[1]))
)
def test_each_of_many_names_is_found_in_any_case_and_width(pairs: list[tuple[str, int]]) -> None:
    known = {f"{word}{number}": Names([f"{word}{number}"]) for word, number in pairs}
    spoken = str.maketrans(string.digits, "零一二三四五六七八九")

    for word, number in pairs:
        for said in (f"{word}{number}", f"{word.upper()} {number}", f"会议室{word}{str(number).translate(spoken)}"):
            assert find_match(said, known).ids == (f"{word}{number}",)


@given(st.text(), st.lists(st.text(), max_size=4))
def test_any_text_and_any_names_are_accepted(said: str, names: list[str]) -> None:
    known = {index: Names([name], names) for index, name in enumerate(names)}

    match = find_match(said, known)

    assert set(match.ids) | set(match.similar) <= known.keys()
    assert not (match.ids and match.similar)


@given(st.text(min_size=1))
def test_a_name_matches_itself_if_it_has_letters_or_digits(name: str) -> None:
    heard = set(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold())) - {"the"}

    assert find_match(name, {"it": Names([name])}).ids == (("it",) if heard else ())
