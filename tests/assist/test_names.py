"""One name has many shapes, and different names stay different."""

import re
import string
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.feishu_freebusy.assist.names import Match, Names, find_match

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


SIGNS = {
    "heng": Names(["集团-1F-衡(10)"], ["F01", "A座"]),
    "song": Names(["集团-1F-嵩(6)"], ["F01", "A座"]),
    "f308": Names(["F3-08(8人)(视频)"], ["3层（研发）", "B座"]),
    "f309": Names(["F3-09(4人)"], ["3层（研发）", "B座"]),
    "paris": Names(["欧洲馆-巴黎（D1二楼）"], []),
    "a301": Names(["Room A301 [VC]"], ["3F"]),
    "rain": Names(["【3F】听雨轩_大 | 12人"], ["3F"]),
    "b2": Names(["Meeting Room B2 - Focus {4 seats}"], ["B1"]),
    "plain": Names(["衡山"], ["F02"]),
    "broken": Names(["静室 (小"], []),
}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        *[(said, "heng") for said in (
            "衡", "衡会议室", "集团衡", "一楼衡", "一楼的衡", "集团-1F-衡", "集团1F衡", "集团一楼衡", "A座的衡",
            "衡(10)", "第一层的衡", "衡 on the first floor",
        )],
        *[(said, "f308") for said in (
            "F3-08", "f3 08", "F308", "F三杠零八", "F3-08会议室", "room F3-08", "08", "三楼的08", "B座F3-08",
            "F3-08(8人)",
        )],
        *[(said, "paris") for said in ("巴黎", "欧洲馆的巴黎", "欧洲馆", "巴黎（D1二楼）", "D1二楼的巴黎")],
        *[(said, "a301") for said in ("A301", "room A three oh one", "A三零一", "a301 on the third floor")],
        *[(said, "rain") for said in ("听雨轩", "听雨轩大", "三楼听雨轩", "third floor 听雨轩")],
        *[(said, "b2") for said in ("focus", "B2", "B2 Focus", "the focus room on B1", "负一楼的focus")],
        *[(said, "plain") for said in ("衡山", "二楼衡山")],
        *[(said, "broken") for said in ("静室", "静室小")],
    ],
)  # fmt: skip
def test_a_room_is_found_by_the_part_that_it_alone_has(said: str, known: str) -> None:
    assert find_match(said, SIGNS) == Match((known,))


@pytest.mark.parametrize(
    "said", ["集团", "一楼", "1F", "first floor", "三楼", "10", "视频", "4 seats", "A座", "3F", "D1", "人"]
)
def test_shared_parts_floors_and_details_name_no_room(said: str) -> None:
    assert find_match(said, SIGNS).ids == ()


def test_names_that_differ_only_in_brackets_match_both() -> None:
    known = {"tv": Names(["A301 [TV]"]), "vc": Names(["A301（VC）"]), "other": Names(["A302"])}

    assert find_match("A301", known).ids == ("tv", "vc")
    assert find_match("A301 TV", known).ids == ("tv",)


@pytest.mark.parametrize(
    ("exact", "looser"),
    [
        ("A301", "A301 [VC]"),
        ("衡", "集团-1F-衡(10)"),
        ("F3", "F03"),
        ("F03", "第3层"),
        ("B1", "负一楼"),
        ("B01", "B1"),
        ("第3会议室", "3号会议室"),
        ("A301（大）", "A301"),
        ("3F", "3F-衡"),
    ],
)
def test_an_exact_name_wins_over_a_looser_one(exact: str, looser: str) -> None:
    known = {"looser": Names([looser]), "exact": Names([exact])}

    assert find_match(exact, known).ids == ("exact",)
    assert find_match(looser, known).ids == ("looser",)


FLOORS = {
    3: (
        ("F03", "3F", "第3层", "第三层", "3层（研发）", "3楼", "三楼", "03层", "L3", "Level 3", "3F [R&D]", "F3"),
        ("三楼", "三层", "第三层", "第3层", "3楼", "3F", "F03", "third floor", "floor three", "level 3"),
    ),
    12: (
        ("12F", "F12", "第12层", "十二楼", "12层（行政）", "12th floor"),
        ("十二楼", "第十二层", "12层", "twelfth floor", "the 12th floor", "floor twelve", "level twelve"),
    ),
    23: (("23F", "第二十三层"), ("二十三楼", "twenty-third floor", "twenty third floor", "floor twenty three")),
    -1: (
        ("B1", "B1F", "B1层", "地下一层", "负一楼", "-1F", "-1层", "B01", "地下1层（车库）", "Basement 1", "负1层"),
        (
            "负一楼", "负一层", "负1楼", "地下一层", "地下1楼", "地下一楼", "B1", "B一层", "B one", "basement one",
            "the basement", "first basement", "basement level one", "level B1", "floor B one", "minus one",
            "minus first floor", "-1", "负一",
        ),
    ),
    -2: (
        ("B2", "地下二层", "负2层", "-2F"),
        ("负二楼", "地下第二层", "basement two", "second basement level", "level minus two", "B2 floor", "地下2"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("floor", "written", "said"), [(floor, *names) for floor, names in FLOORS.items()])
def test_a_floor_is_understood_in_every_spelling(floor: int, written: tuple[str, ...], said: tuple[str, ...]) -> None:
    others = {other: Names(names[0]) for other, names in FLOORS.items() if other != floor}

    for name in written:
        for question in said:
            known = {**others, floor: Names([name])}
            assert find_match(question, known, literally=False).ids == (floor,), (name, question)


@pytest.mark.parametrize(("said", "known"), [("A-1F", "-1F"), ("Tower B 3F", "B3"), ("1F", "B1"), ("10F", "B10")])
def test_a_hyphen_or_a_tower_makes_no_basement(said: str, known: str) -> None:
    assert find_match(said, {"it": Names([known])}).ids == ()


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


signs = st.sampled_from(
    ["", " ", "-", "_", "(", ")", "（", "）", "[", "]", "第", "层", "F", "B", "负", "楼", "地下", "0"]
)
office_names = st.lists(
    st.lists(st.one_of(signs, letters, st.integers(0, 12).map(str), st.sampled_from("衡嵩会议室")), min_size=1).map(
        "".join
    ),
    min_size=1,
    max_size=6,
)


def _letters_and_digits(name: str) -> str:
    return "".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", name).casefold()))


@given(office_names)
def test_no_exact_match_loses_against_a_looser_one(names: list[str]) -> None:
    known = {index: Names([name], names) for index, name in enumerate(names)}

    for name in names:
        if exact := _letters_and_digits(name):
            expected = tuple(index for index, other in enumerate(names) if _letters_and_digits(other) == exact)
            assert find_match(name, known).ids == expected


@given(office_names)
def test_a_normalized_match_never_loses_against_a_part(names: list[str]) -> None:
    known = {index: Names([name], names) for index, name in enumerate(names)}

    for index, name in enumerate(names):
        if _letters_and_digits(name):
            assert index in find_match(name, known, literally=False).ids
