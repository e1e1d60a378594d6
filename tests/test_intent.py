"""What Assist answers in both languages.

Home Assistant's recognizer matches the sentences, as in its conversation agent; a few go through the whole agent.
"""

from datetime import UTC, datetime, timedelta
from importlib import metadata
from importlib.util import find_spec
import itertools
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, intent, llm
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.feishu_freebusy.const import CONF_PEOPLE, DOMAIN
from custom_components.feishu_freebusy.intent import INTENT_FIND_ROOMS, INTENT_STATUS
from simulator import Fault, Room, Tenant
from tests.clock import Clock, device_of
from tests.conftest import at
from tests.voice import (
    ASSIST,
    CHINESE,
    Ask,
    OpenOffice,
    agents_response_to,
    call,
    entity_of,
    our_sentences,
    recognize,
    rename,
    response_to,
    said,
)

pytest_plugins = ["tests.voice"]

NOTHING_KNOWN = "I don't know: there is no current data for any matching room."

# It is 10:00. A301 is busy until 14:30, Orion is free until 15:00, the boardroom is busy until 11:00, Lyra is free
STATUS = {
    "en": {
        "A301 is busy until 14:30.": [
            "until when is A301 busy",
            "Is A301 free?",
            "is a301 free",
            "is A 301 free",
            "is A-301 available",
            "is room A301 available right now",
            "is A three oh one free",
            "is the meeting room A301 busy",
            "is A301 in use at the moment",
            "is A301 taken",
            "is A301 booked right now",
            "is A301 still busy",
            "how long is A301 busy",
            "how long will A301 be busy for",
            "how much longer is A301 in use",
            "till what time is A301 booked",
            "when is A301 busy until",
            "can you tell me if A301 is free",
            "check whether A301 is available",
            "please check the availability of A301",
        ],
        "A301 is free from 14:30.": [
            "when is A301 free",
            "when is A301 next free",
            "when is A301 free again",
            "when will A301 be available",
            "what time is A301 free",
            "when does A301 free up",
            "when does A301 become available",
            "how long until A301 is free",
            "when is the next free slot in A301",
        ],
        "Orion is free until 15:00.": [
            "is Orion free",
            "is orion free now",
            "is the Orion meeting room free",
            "is the Orion room available",
            "is ORION conference room vacant",
            "is Orion busy",
            "how long is Orion free",
            "until when is Orion free",
            "when is Orion free",
            "when is Orion busy",
        ],
        "Boardroom is busy until 11:00.": ["is the boardroom free", "is the board room free", "is boardroom in use"],
        "Lyra is free, and nothing is booked ahead.": ["is Lyra free", "when is Lyra available again"],
    },
    CHINESE: {
        "A301占用中，14:30空出来。": [
            "A301 现在有空吗",
            "A301现在有空吗？",
            "a301有空吗",
            "\uff21\uff13\uff10\uff11有空吗",
            "A 301 有空吗",
            "会议室A301有空吗",
            "A301会议室有空吗",
            "A三零一有空吗",
            "A三\u3007一现在空着吗",
            "现在A301有空吗",
            "请问A301有空吗",
            "帮我看看A301有没有空",
            "A301忙吗",
            "A301忙不忙",
            "A301在忙吗",
            "A301空不空",
            "A301现在能用吗",
            "A301可以用吗",
            "A301有人用吗",
            "A301被占用了吗",
            "A301被预订了吗",
            "A301忙到几点",
            "A301要用到几点",
            "A301要开到什么时候",
            "A301还要忙多久",
        ],
        "A301要到14:30才有空。": [
            "A301 几点空出来",
            "A301几点有空",
            "A301什么时候有空",
            "A301什么时候能用",
            "A301下次什么时候有空",
            "A301多久才空",
            "A301还要多久才有空",
            "什么时候A301有空",
            "A301几点空出来呢",
        ],
        "Orion现在有空，到15:00为止。": [
            "Orion现在有空吗",
            "orion会议室空着吗",
            "Orion空到几点",
            "Orion还能用多久",
            "Orion能用到几点",
            "Orion几点有空",
        ],
        "Boardroom占用中，11:00空出来。": ["Boardroom有空吗", "board room现在忙吗"],
        "Lyra现在有空，之后也没有安排。": ["Lyra有空吗", "Lyra是空的吗"],
    },
}
FIND = {
    "en": {
        "Free now: Lyra and Orion (until 15:00).": [
            "which rooms are free",
            "which meeting rooms are free right now",
            "what rooms are available",
            "are there any free rooms",
            "are any rooms free now",
            "any rooms free",
            "do we have any free meeting rooms",
            "show me all free meeting rooms",
            "which rooms are free for half an hour",
            "which rooms are free on the third floor",
            "which rooms are free in Tower A",
        ],
        "Lyra (3F, 4 seats) is free, and nothing is booked ahead. 1 more would fit.": [
            "find me a room",
            "find a meeting room for four people",
            "is there a room free now",
            "I need a room for half an hour",
            "I need a meeting room for two hours",
            "get us a room for 4 for 45 minutes",
            "where can we meet",
            "find a room on 3F for 90 minutes",
        ],
        "Orion (3F, 6 seats) is free until 15:00.": [
            "find me a room for six for half an hour",
            "find me a room for half an hour for six people",
            "find a room for 6 people",
            "is there a free room for five people",
            "which rooms are free for six people",
            "find us a conference room with 6 seats for two and a half hours",
            "I need a room for six people for an hour and a half",
            "find a room on the 3rd floor for six for half an hour",
            "find a room for six people and for 1 hour and 30 minutes in Tower A",
        ],
    },
    CHINESE: {
        "现在有空的：Lyra和Orion（到15:00）。": [
            "哪些会议室有空",
            "现在哪些会议室有空",
            "哪间会议室现在空着",
            "有空会议室吗",
            "现在有空的会议室吗",
            "有没有空闲的会议室",
            "还有会议室吗",
            "查一下哪些会议室空着",
            "列出所有空闲的会议室",
            "三楼哪些会议室有空",
            "三层有没有空会议室",
        ],
        "Lyra（3F、可坐4人）现在有空，之后也没有安排。合适的还有1间。": [
            "帮我找一间会议室",
            "找一个空闲的会议室",
            "我们要一间会议室",
            "找一间能坐四个人的会议室",
            "找一间空半小时的会议室",
            "找一间能用两个小时的会议室",
            "找一间三楼的会议室",
            "三个人开会去哪儿",
        ],
        "Orion（3F、可坐6人）现在有空，到15:00为止。": [
            "帮我找一间能坐六个人的会议室",
            "找个六人的会议室，半小时",
            "找一间能坐五个人、空一个半小时的会议室",
            "有没有能坐6个人的会议室",
            "六个人有没有会议室",
            "六个人、半小时有没有三楼的会议室",
            "在三楼找一间能坐六个人的会议室",
            "我要一间能坐六个人、能用两小时的会议室",
            "六个人开会有会议室吗",
        ],
        (
            "现在没有合适的空闲会议室。Boardroom（5F、可坐20人）要到11:00才有空。"
            "小一点的：Orion（3F、可坐6人）现在有空，到15:00为止。"
        ): [
            "找一间能坐八个人、空半小时的会议室",
            "有没有能坐八个人的会议室",
        ],
    },
}


LATER_STATUS = {
    "en": {
        "Orion is busy at 15:00, until 16:00.": [
            "is Orion free at three",
            "is Orion free at 3 pm",
            "is the Orion room available at three o'clock this afternoon",
            "will Orion be busy at three",
            "tell me if Orion is free at 15:00",
        ],
        "Orion is free tomorrow from 10:00 to 11:00.": [
            "is Orion free tomorrow at ten for an hour",
            "is Orion free tomorrow from ten to eleven",
            "will Orion be free tomorrow between 10 and 11 am",
            "can we use Orion tomorrow at ten for an hour",
            "check whether Orion is available on Tuesday from 10 to 11",
        ],
        "Orion is free at 14:00, until 15:00.": ["is Orion free at two", "is Orion booked at 2 pm"],
        "Orion is free tomorrow at 15:00, and nothing is booked after that.": ["is Orion free tomorrow at three"],
        "Orion is free only from 14:00 to 15:00.": [
            "is Orion free from two to four",
            "is Orion free at two for 2 hours",
        ],
        "Orion is free only from 12:00 to 15:00 and from 16:00 to 18:00.": [
            "is Orion free this afternoon",
            "when is Orion free this afternoon",
            "what time is Orion free in the afternoon",
        ],
        "A301 is busy from 10:00 to 12:00.": ["is A301 free until noon", "is A301 free for two hours"],
        "Lyra is free on Friday from 9:00 to 10:00.": ["is Lyra free on Friday at nine for an hour"],
    },
    CHINESE: {
        "Orion在15:00没空，16:00空出来。": ["Orion下午三点有空吗", "下午三点Orion有空吗", "今天三点Orion会议室能用吗"],
        "A301明天15:00有空，之后也没有安排。": [
            "A301 明天下午三点有空吗",
            "A301明天下午三点能不能用",
            "明天下午三点A301有没有空",
        ],
        "Orion明天10:00到11:00有空。": ["Orion明天上午十点到十一点有空吗", "明天10点到11点Orion能用吗"],
        "Orion明天9:00到10:00有空。": ["Orion明天九点到十点有会吗"],
        "Orion只有12:00到15:00和16:00到18:00有空。": ["Orion今天下午有空吗", "Orion今天下午什么时候有空"],
        "A30110:00到12:00没空。": ["A301到十二点有空吗"],
    },
}
LATER_FIND = {
    "en": {
        "Free at 14:00: Lyra, Orion (until 15:00) and Boardroom.": [
            "which rooms are free at two",
            "which meeting rooms will be free at 2 pm",
            "are there any free rooms at two",
            "are any rooms free at two",
            "what's free at two",
            "is anything free at 2 pm",
        ],
        "Orion (3F, 6 seats) is free tomorrow from 10:00 to 11:00. 2 more would fit.": [
            "is there a room for six tomorrow at ten for an hour",
            "find a room for six people tomorrow from ten to eleven",
            "I need a room tomorrow at ten for six people for an hour",
        ],
        "Boardroom (5F, 20 seats) is free from 12:00 to 18:00. 1 more would fit.": [
            "when is there a room for 8 people this afternoon",
            "is there a room for eight in the afternoon",
        ],
        "Boardroom (5F, 20 seats) is free from 11:00. 1 more would fit.": ["when is there a room for eight"],
        "Free tomorrow from 10:00 to 11:00: Lyra, Orion and A301.": [
            "which rooms are free on the third floor tomorrow from ten to eleven",
        ],
    },
    CHINESE: {
        "Boardroom（5F、可坐20人）12:00到18:00有空。合适的还有1间。": [
            "今天下午什么时候有能坐八个人的会议室",
        ],
        "在14:00有空的：Lyra、Orion（到15:00）和Boardroom。": [
            "下午两点哪些会议室有空",
            "今天下午两点有哪些会议室有空",
            "下午两点有空的会议室有哪些",
        ],
        "明天10:00到11:00有空的：Lyra、Orion和A301。": ["三楼明天上午十点到十一点有没有空会议室"],
        "12:00到18:00有空的：Boardroom（12:00到18:00）和A301（14:30到18:00）。": [
            "今天下午有能坐八个人的会议室吗",
        ],
        "Orion（3F、可坐6人）明天10:00到11:00有空。合适的还有2间。": [
            "帮我找一间明天上午十点到十一点能坐六个人的会议室",
        ],
    },
}


def grouped(sentences: dict[str, dict[str, list[str]]]) -> Any:
    return pytest.mark.parametrize(
        ("language", "answer", "questions"),
        [
            pytest.param(language, answer, questions, id=f"{language} {answer}")
            for language, answers in sentences.items()
            for answer, questions in answers.items()
        ],
    )


@grouped(STATUS)
async def test_status_questions_are_answered(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask, language: str, answer: str, questions: list[str]
) -> None:
    await open_office()

    assert {question: await ask(question, language) for question in questions} == dict.fromkeys(questions, answer)


@grouped(FIND)
async def test_search_questions_are_answered(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask, language: str, answer: str, questions: list[str]
) -> None:
    await open_office()

    assert {question: await ask(question, language) for question in questions} == dict.fromkeys(questions, answer)


@pytest.mark.parametrize("questions", [LATER_STATUS, LATER_FIND], ids=["status", "find"])
@pytest.mark.parametrize("language", ["en", CHINESE])
async def test_questions_for_later_times_are_answered(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask, language: str, questions: Any
) -> None:
    await open_office()
    expected = {question: answer for answer, asked in questions[language].items() for question in asked}

    assert {question: await ask(question, language) for question in expected} == expected


@pytest.mark.parametrize(
    ("question", "language", "answer"),
    [
        ("is Orion free on December 20 at ten", "en",
         "I don't know yet whether Orion is free on December 20 at 10:00. Bookings are known until November 30 10:00."),
        ("is Orion free on Monday from nine to eleven", "en",
         "I don't know yet whether Orion is free on November 30 from 9:00 to 11:00. "),
        ("is A301 free on Sunday from nine to ten", "en", "A301 is free on Sunday from 9:00 to 10:00."),
        ("Orion12月20号上午十点有空吗", CHINESE,
         "还不知道Orion在12月20日10:00有没有空。目前只读到"),
        ("which rooms are free on December 20 at ten", "en",
         "I don't know yet which rooms are free on December 20 at 10:00."),
        ("12月20号上午哪些会议室有空", CHINESE, "还不知道12月20日的6:00到12:00哪些会议室有空。"),
    ],
)  # fmt: skip
async def test_beyond_the_known_days_nothing_is_called_free(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask, question: str, language: str, answer: str
) -> None:
    await open_office()

    assert (await ask(question, language)).startswith(answer)


async def test_what_is_known_of_a_period_is_told_if_its_end_is_not_known(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.book(ids["Orion"], at(8, day=7), at(9, day=7))
    tenant.book(ids["Lyra"], at(7, day=7), at(23, day=7))
    await open_office()

    known = "Bookings are known until November 30 10:00."
    assert await ask("is Orion free next Monday") == (
        f"Orion is free only on November 30 from 7:00 to 8:00 and on November 30 from 9:00 to 10:00. {known}"
    )
    assert await ask("is Lyra free next Monday") == f"Lyra is busy on November 30 from 7:00 to 10:00. {known}"


async def test_many_rooms_are_not_all_named(
    tenant: Tenant, in_utc: None, rooms: list[Room], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()

    assert await ask("which rooms are free at three") == (
        "Free at 15:00: Room 0, Room 1, Room 2, Room 3, Room 4 and 7 more."
    )
    assert await ask("is there a room at midnight") == (
        "Room 0 is free at midnight, and nothing is booked after that. 11 more would fit."
    )


async def test_a_time_that_is_over_is_an_error(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()

    response = await response_to(hass, clock, "is Orion free today at 9 am")

    assert said(response) == "That time is already over."
    assert response.error_code is intent.IntentResponseErrorCode.FAILED_TO_HANDLE


async def test_later_times_of_a_room_without_current_data_are_unknown(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=15)

    for question in ("is Orion free at three", "is Orion free this afternoon"):
        assert await ask(question) == "I don't know whether Orion is free: there is no current data from Feishu."
    assert await ask("which rooms are free at three") == NOTHING_KNOWN


async def test_a_room_out_of_service_later_is_not_free(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    vega = tenant.add_room("Vega")
    tenant.disable_room(vega.room_id, at(14), at(16), "Repair")
    await open_office()

    assert await ask("is Vega free at three") == "Vega is out of service at 15:00."
    assert await ask("is Vega free this afternoon") == "Vega is free only from 12:00 to 14:00 and from 16:00 to 18:00."


async def test_a_room_may_have_a_name_that_is_a_time(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    rename(hass, ids["Orion"], "Friday")
    rename(hass, ids["Lyra"], "Morning Star")

    assert await ask("is Friday free") == "Friday is free until 15:00."
    assert (
        await ask("is Morning Star free at three") == "Morning Star is free at 15:00, and nothing is booked after that."
    )


async def test_later_alternatives_are_named(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.delete_room(ids["Lyra"])
    await open_office()

    assert await ask("is there a room for six from half past two to half past three on the third floor") == (
        "A301 (3F, 8 seats) is free from 14:30 to 15:30."
    )
    assert await ask("which rooms are free for eight at two on the third floor") == (
        "No matching room is free at 14:00. A301 (3F, 8 seats) is free from 14:30. "
        "A smaller one: Orion (3F, 6 seats) is free from 14:00 to 15:00."
    )


@pytest.mark.parametrize(
    ("language", "question", "parts", "answer"),
    [
        ("en", "find a room {} {} {}", ("for six people", "for half an hour", "on the third floor"),
         "Orion (3F, 6 seats) is free until 15:00."),
        (CHINESE, "找一间{}{}{}会议室", ("能坐六个人的", "空半小时的", "三楼的"),
         "Orion（3F、可坐6人）现在有空，到15:00为止。"),
        (CHINESE, "找个会议室，{}，{}，{}", ("六个人", "半小时", "三楼的"),
         "Orion（3F、可坐6人）现在有空，到15:00为止。"),
    ],
)  # fmt: skip
async def test_seats_time_and_place_come_in_any_order(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask,
    language: str, question: str, parts: tuple[str, str, str], answer: str,
) -> None:  # fmt: skip
    await open_office()
    questions = [question.format(*order) for order in itertools.permutations(parts)]

    assert {question: await ask(question, language) for question in questions} == dict.fromkeys(questions, answer)


@pytest.mark.parametrize("sentences", [STATUS, FIND], ids=["status", "find"])
@pytest.mark.parametrize("language", ["en", CHINESE])
def test_there_are_many_questions_of_each_kind(sentences: dict[str, Any], language: str) -> None:
    assert sum(map(len, sentences[language].values())) >= 23


@pytest.mark.parametrize("language", ["zh-Hans", "zh", "zh-CN"])
async def test_chinese_is_understood_under_several_codes(
    ids: dict[str, str], open_office: OpenOffice, ask_agent: Ask, language: str
) -> None:
    await open_office(agent=True)

    assert await ask_agent("A301 现在有空吗", language) == "A301占用中，14:30空出来。"


@pytest.mark.parametrize("language", ["en", CHINESE])
async def test_the_conversation_agent_gives_the_same_answers(
    ids: dict[str, str], open_office: OpenOffice, ask_agent: Ask, language: str
) -> None:
    """One question of each group: the rest is recognized without the agent above."""
    await open_office(agent=True)
    groups = [*STATUS[language].items(), *FIND[language].items()]

    assert [await ask_agent(questions[0], language) for _, questions in groups] == [answer for answer, _ in groups]


@pytest.mark.parametrize("question", ["is the bordroom free", "which rooms are free on the ninth floor"])
async def test_the_agent_passes_on_unknown_names_and_places(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, question: str
) -> None:
    """A language model behind the local agent gets the question because of this error."""
    await open_office(agent=True)

    response = await agents_response_to(hass, clock, question)

    assert response.error_code is intent.IntentResponseErrorCode.NO_VALID_TARGETS


# Names


async def test_a_room_is_known_by_its_alias_and_by_its_new_name(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    call(hass, ids["A301"], "the fish bowl", "猎户座")
    rename(hass, ids["Lyra"], "Library")

    assert await ask("is the fish bowl free") == "A301 is busy until 14:30."
    assert await ask("猎户座几点空出来", CHINESE) == "A301要到14:30才有空。"
    assert await ask("is the library free") == "Library is free, and nothing is booked ahead."


@pytest.mark.parametrize(
    ("question", "language", "answer"),
    [
        ("is the bordroom free", "en", "There is no room called bordroom. Did you mean Boardroom?"),
        ("is A 302 free", "en", "There is no room called A 302. Did you mean A301?"),
        ("when is the swimming pool free", "en", "There is no room called swimming pool."),
        ("A302有空吗", CHINESE, "没有叫“A302”的会议室。您是想问A301吗？"),
        ("游泳池有空吗", CHINESE, "没有叫“游泳池”的会议室。"),
        ("which rooms are free on the ninth floor", "en",
         "I found no rooms at “ninth floor”. Places with rooms: Tower A 3F and Tower A 5F."),
        ("is Orion free of charge", "en", "I don't understand the time “of charge”."),
        ("is there a room on the ninth floor tomorrow at ten", "en",
         "I found no rooms at “ninth floor”. Places with rooms: Tower A 3F and Tower A 5F."),
        ("九楼哪些会议室有空", CHINESE, "没找到“九楼”的会议室。有会议室的是Tower A 3F和Tower A 5F。"),
    ],
)  # fmt: skip
async def test_an_unknown_name_place_or_time_is_an_error(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice,
    question: str, language: str, answer: str,
) -> None:  # fmt: skip
    await open_office()

    response = await response_to(hass, clock, question, language)

    assert said(response) == answer
    assert response.error_code is intent.IntentResponseErrorCode.NO_VALID_TARGETS


async def test_rooms_of_one_name_are_told_apart_by_their_floors(
    hass: HomeAssistant, tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    tower = tenant.add_level("Tower A")
    third, fifth = (tenant.add_room("Orion", level=tenant.add_level(name, tower)) for name in ("3F", "5F"))
    tenant.book(third.room_id, at(9), at(14, 30))
    tenant.book(fifth.room_id, at(9), at(11))
    await open_office()

    assert (
        await ask("is Orion free") == "There are several rooms called Orion: on 3F and 5F. Please say the floor, too."
    )
    assert await ask("Orion有空吗", CHINESE) == "有好几间会议室叫“Orion”，分别在3F和5F。请把楼层也说上。"
    for question in ("is Orion on the third floor free", "is Orion 3F free", "is the 3rd floor Orion free"):
        assert await ask(question) == "Orion (3F) is busy until 14:30."
    assert await ask("is Orion free at eleven on the third floor") == "Orion (3F) is busy at 11:00, until 14:30."
    for question in ("五楼的Orion有空吗", "Orion五楼有空吗", "5F的Orion会议室现在有空吗"):
        assert await ask(question, CHINESE) == "Orion (5F)占用中，11:00空出来。"


async def test_one_alias_of_two_rooms_is_asked_back(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    for room in ("A301", "Orion"):
        call(hass, ids[room], "war room", "作战室")

    assert await ask("is the war room free") == "war room could be A301 or Orion. Which one do you mean?"
    assert await ask("作战室有空吗", CHINESE) == "“作战室”可能是A301还是Orion，您问的是哪个？"


async def test_an_area_is_a_place(
    hass: HomeAssistant, tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    vega = tenant.add_room("Vega")
    tenant.add_room("Mira")
    await open_office()
    device = device_of(hass, vega)
    assert device
    assert await ask("which rooms are free in the lobby") == "I found no rooms at “lobby”."

    dr.async_get(hass).async_update_device(device.id, area_id=ar.async_get(hass).async_create("Lobby").id)

    assert await ask("which rooms are free in the lobby") == "Vega is free, and nothing is booked ahead."
    assert await ask("which rooms are free in the attic") == ("I found no rooms at “attic”. Places with rooms: Lobby.")
    assert await ask("阁楼有会议室吗", CHINESE) == "没找到“阁楼”的会议室。有会议室的是Lobby。"


def build(tenant: Tenant, **rooms: str) -> None:
    """Add rooms, each on a floor of a building: `Vega="Tower A|3F"`."""
    levels: dict[str, Any] = {}
    for name, place in rooms.items():
        building, floor = place.split("|")
        tower = levels[building] = levels.get(building) or tenant.add_level(building)
        levels[place] = levels.get(place) or tenant.add_level(floor, tower)
        tenant.add_room(name, level=levels[place])


async def test_a_floor_is_searched_however_it_is_written(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    build(tenant, Vega="Tower A|3F", Mira="Tower B|3层", Lyra="Tower B|5F", Juno="tower-b|3F")
    await open_office()

    for question in ("which rooms are free on the third floor", "which rooms are free on 3F"):
        assert await ask(question) == "Free now: Juno, Mira and Vega."
    assert await ask("三楼哪些会议室有空", CHINESE) == "现在有空的：Juno、Mira和Vega。"
    assert await ask("which rooms are free in tower B") == "Free now: Juno, Lyra and Mira."
    assert await ask("which rooms are free in tower B 3F") == "Free now: Juno and Mira."


async def test_a_floor_of_a_building_is_not_searched_in_another_building(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    """Two places have similar names: building A, floor 11, and building A1, floor 1."""
    build(tenant, Vega="A|11楼", Mira="A1|1楼", Lyra="A|1楼", Juno="A1|11楼")
    await open_office()

    assert await ask("A11楼哪些会议室有空", CHINESE) in {
        "Vega（11楼）现在有空，之后也没有安排。", "Mira（1楼）现在有空，之后也没有安排。",
    }  # fmt: skip


async def test_a_room_of_two_apps_is_one_with_the_latest_reading(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    other = MockConfigEntry(domain=DOMAIN, unique_id="cli_other", data={}, options={})
    other.add_to_hass(hass)
    registry = dr.async_get(hass)
    identifier = (DOMAIN, f"cli_other_{ids['Orion']}")
    registry.async_get_or_create(config_entry_id=other.entry_id, identifiers={identifier}, name="Orion")
    await open_office(expose=False)

    status = await intent.async_handle(hass, "test", INTENT_STATUS, {"room": {"value": "Orion"}})

    assert said(status) == "Orion is free until 15:00."


async def test_questions_about_people_are_answered(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    ada = tenant.add_user("Ada")
    tenant.book(ada.open_id, at(9), at(10, 30))
    room = tenant.add_room("Vega")
    await open_office(room, **{CONF_PEOPLE: {ada.open_id: "Ada"}})

    assert await ask("is Ada busy") == "Ada is busy until 10:30."
    assert await ask("Ada什么时候有空", CHINESE) == "Ada要到10:30才有空。"
    assert await ask("which rooms are free") == "Vega is free, and nothing is booked ahead."


# Exposure, and unknown states


async def test_only_exposed_entities_are_spoken_of(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    async_expose_entity(hass, ASSIST, entity_of(hass, ids["Orion"]).entity_id, False)

    assert await ask("is Orion free") == "There is no room called Orion."
    assert await ask("is Oriom free") == "There is no room called Oriom."
    assert await ask("which rooms are free") == "Lyra (3F, 4 seats) is free, and nothing is booked ahead."


async def test_without_exposed_entities_the_reply_says_so(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(expose=False)

    for question in ("is Orion free", "which rooms are free"):
        assert await ask(question) == "No meeting room is exposed to Assist yet."
    assert await ask("哪些会议室有空", CHINESE) == "还没有会议室公开给语音助手。"


async def test_an_unreachable_room_is_never_called_free(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    tenant.inject(Fault.status(503), times=None)
    await clock.forward(minutes=15)

    for question in ("is Orion free", "when is Orion free"):
        assert await ask(question) == "I don't know whether Orion is free: there is no current data from Feishu."
    assert await ask("which rooms are free") == NOTHING_KNOWN
    assert await ask("Orion有空吗", CHINESE) == "现在没有飞书的最新数据，不知道Orion有没有空。"
    assert await ask("哪些会议室有空", CHINESE) == "合适的会议室现在都没有最新数据，不知道哪间有空。"


async def test_an_unreadable_room_is_not_called_free_but_others_are(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    tenant.delete_room(ids["Lyra"])
    tenant.book(ids["Orion"], at(10), at(15))
    await clock.forward(minutes=15)

    assert await ask("is Lyra free") == ("I don't know whether Lyra is free: its bookings can't be read at the moment.")
    assert await ask("which rooms are free") == (
        "No matching room is free now. Boardroom (5F, 20 seats) is free from 11:00. "
        "The state of 1 more is unknown at the moment."
    )
    assert await ask("Lyra有空吗", CHINESE) == "暂时读不到Lyra的日程，不知道有没有空。"


async def test_only_unreadable_rooms_that_may_fit_are_mentioned(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    tenant.delete_room(ids["Lyra"])
    tenant.book(ids["Orion"], at(10), at(15))
    await clock.forward(minutes=15)

    later = "No matching room is free now. Boardroom (5F, 20 seats) is free from 11:00."
    assert await ask("which rooms are free on the fifth floor") == later
    assert await ask("which rooms are free for 10 people") == later
    assert await ask("which rooms are free on the third floor") == (
        "No matching room is free now. A301 (3F, 8 seats) is free from 14:30. "
        "The state of 1 more is unknown at the moment."
    )


async def test_nothing_is_known_if_the_only_fitting_room_is_unreadable(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    tenant.delete_room(ids["Boardroom"])
    await clock.forward(minutes=15)

    assert await ask("which rooms are free on the fifth floor") == (
        f"{NOTHING_KNOWN} Elsewhere: Lyra (3F, 4 seats) is free, and nothing is booked ahead."
    )
    assert await ask("五楼哪些会议室有空", CHINESE) == (
        "合适的会议室现在都没有最新数据，不知道哪间有空。别处的：Lyra（3F、可坐4人）现在有空，之后也没有安排。"
    )


async def test_nothing_is_known_if_the_only_fitting_room_is_not_loaded(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    other = MockConfigEntry(domain=DOMAIN, unique_id="cli_other", data={}, options={})
    other.add_to_hass(hass)
    registry = dr.async_get(hass)
    vega = registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={(DOMAIN, "cli_other_omm_vega")}, name="Vega"
    )
    registry.async_update_device(vega.id, area_id=ar.async_get(hass).async_create("Lobby").id)
    await open_office()

    for place in ("lobby", "roof"):
        found = await intent.async_handle(hass, "test", INTENT_FIND_ROOMS, {"place": {"value": place}})
        assert said(found).startswith(NOTHING_KNOWN)


async def test_rooms_of_an_unloaded_entry_are_unreachable(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    assert entry.state is ConfigEntryState.NOT_LOADED

    assert await ask("is Orion free") == ("I don't know whether Orion is free: there is no current data from Feishu.")
    for question in ("which rooms are free", "which rooms are free on the third floor"):
        assert await ask(question) == NOTHING_KNOWN


# The nearest alternatives


async def test_the_nearest_alternatives_are_named(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.book(ids["Lyra"], at(10), at(11, 30))
    tenant.book(ids["Orion"], at(10, 30), at(15))
    await open_office()

    assert await ask("find a room for an hour") == (
        "No matching room is free now. Boardroom (5F, 20 seats) is free from 11:00. "
        "For a shorter time: Orion (3F, 6 seats) is free until 10:30."
    )
    assert await ask("find a room for 15 minutes on the fifth floor") == (
        "No matching room is free now. Boardroom (5F, 20 seats) is free from 11:00. "
        "Elsewhere: Orion (3F, 6 seats) is free until 10:30."
    )
    assert await ask("find a room for 50 people") == (
        "No room has that many seats. A smaller one: Orion (3F, 6 seats) is free until 10:30."
    )


async def test_only_some_of_many_rooms_are_named(
    tenant: Tenant, in_utc: None, rooms: list[Room], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office()

    assert await ask("which rooms are free") == "Free now: Room 0, Room 1, Room 2, Room 3, Room 4 and 7 more."
    assert await ask("哪些会议室有空", CHINESE) == "现在有空的：Room 0、Room 1、Room 2、Room 3、Room 4和另外7间。"


async def test_a_room_out_of_service_is_not_free(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    vega, mira = tenant.add_room("Vega"), tenant.add_room("Mira")
    tenant.disable_room(vega.room_id, at(9), at(16), "Projector repair")
    tenant.disable_room(mira.room_id, at(9), None)
    await open_office()

    for question in ("is Vega free", "when is Vega free"):
        assert await ask(question) == "Vega is out of service until 16:00. The reason given is: Projector repair"
    assert await ask("Vega有空吗", CHINESE) == "Vega已停用，到16:00为止。原因：Projector repair"
    assert await ask("is Mira free") == "Mira is out of service."
    assert await ask("which rooms are free") == "All matching rooms are out of service."


async def test_a_gap_below_the_minimum_is_not_the_next_free_time(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    vega, mira, lyra = (tenant.add_room(name) for name in ("Vega", "Mira", "Lyra"))
    tenant.book(vega.room_id, at(9), at(11))
    tenant.book(vega.room_id, at(11, 5), at(12))
    tenant.book(mira.room_id, at(10, 5), at(11))
    tenant.book(lyra.room_id, at(9), at(9, day=30))
    await open_office()

    assert await ask("is Vega free") == "Vega is busy until 11:00."
    assert await ask("when is Vega free") == "Vega is free from 12:00."
    assert await ask("is Mira free") == "Mira is free until 10:05."
    assert await ask("when is Mira free") == "Mira is free only until 10:05, and again from 11:00."
    assert await ask("Mira什么时候有空", CHINESE) == "Mira现在有空，但只到10:05，之后要到11:00才有空。"
    for question in ("is Lyra free", "when is Lyra free"):
        assert await ask(question) == "Lyra is busy, and I don't know until when."


async def test_a_room_free_for_a_moment_is_not_called_busy(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask
) -> None:
    vega, mira = tenant.add_room("Vega"), tenant.add_room("Mira")
    tenant.disable_room(vega.room_id, at(10, 10), None)
    tenant.book(mira.room_id, at(10, 10), at(9, day=30))
    await open_office()

    for room in ("Vega", "Mira"):
        for question in (f"is {room} free", f"when is {room} free"):
            assert await ask(question) == f"{room} is free until 10:10."
    assert await ask("Mira什么时候有空", CHINESE) == "Mira现在有空，到10:10为止。"


# Times


@pytest.mark.parametrize(
    ("end", "english", "chinese"),
    [
        (at(10, 5), "10:05", "10:05"),
        (at(23, 59), "23:59", "23:59"),
        (at(0, day=1), "midnight", "今晚12点"),
        (at(0, 30, day=1), "tomorrow 0:30", "明天0:30"),
        (at(9, day=1), "tomorrow 9:00", "明天9:00"),
        (at(0, day=2), "Wednesday 0:00", "星期三0:00"),
        (at(9, day=6), "Sunday 9:00", "星期日9:00"),
        (at(8, day=7), "November 30 8:00", "11月30日8:00"),
    ],
)
async def test_other_days_are_named(
    tenant: Tenant, in_utc: None, open_office: OpenOffice, ask: Ask, end: datetime, english: str, chinese: str
) -> None:
    vega = tenant.add_room("Vega")
    tenant.book(vega.room_id, at(9), end)
    await open_office(horizon_days=14)

    assert await ask("is Vega free") == f"Vega is busy until {english}."
    assert await ask("Vega有空吗", CHINESE) == f"Vega占用中，{chinese}空出来。"


async def test_days_follow_the_clock_of_the_server(
    tenant: Tenant, in_utc: None, clock: Clock, open_office: OpenOffice, ask: Ask
) -> None:
    tenant.clock = lambda: clock.now - timedelta(hours=10, minutes=30)  # it is 23:30 of the day before
    vega = tenant.add_room("Vega")
    tenant.book(vega.room_id, at(22, day=-1), at(9))
    await open_office()

    assert await ask("is Vega free") == "Vega is busy until tomorrow 9:00."


@pytest.mark.parametrize(
    ("zone", "country", "language", "answer"),
    [
        ("Asia/Shanghai", "CN", "en", "Vega is busy until 22:30."),
        ("America/New_York", "US", "en", "Vega is busy until 9:30 AM."),
        ("America/New_York", "US", "en-GB", "Vega is busy until 9:30."),
        ("Asia/Kolkata", "CN", "en-US", "Vega is busy until 8:00 PM."),
        ("Pacific/Auckland", "NZ", "en", "Vega is busy until tomorrow 3:30 AM."),
        ("Asia/Tokyo", "US", "zh-Hans", "Vega占用中，23:30空出来。"),
        ("Australia/Adelaide", "AU", "en", "Vega is busy until tomorrow 1:00 AM."),
    ],
)
async def test_spoken_times_are_local(
    hass: HomeAssistant, tenant: Tenant, open_office: OpenOffice, ask: Ask,
    zone: str, country: str, language: str, answer: str,
) -> None:  # fmt: skip
    await hass.config.async_set_time_zone(zone)
    hass.config.country = country
    vega = tenant.add_room("Vega")
    tenant.book(vega.room_id, at(9), at(14, 30))
    await open_office()

    assert await ask("is Vega free" if language.startswith("en") else "Vega有空吗", language) == answer


@pytest.mark.parametrize(
    ("now", "end", "answer"),
    [
        # In New York, clocks go back at 06:00 UTC on November 1 and forward at 07:00 UTC on March 14
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC), "9:00 AM"),
        (datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 2, 5, tzinfo=UTC), "midnight"),
        (datetime(2027, 3, 14, 5, 30, tzinfo=UTC), datetime(2027, 3, 14, 13, tzinfo=UTC), "9:00 AM"),
        (datetime(2027, 3, 14, 5, 30, tzinfo=UTC), datetime(2027, 3, 15, 4, tzinfo=UTC), "midnight"),
        (datetime(2027, 3, 14, 4, 59, tzinfo=UTC), datetime(2027, 3, 14, 7, 30, tzinfo=UTC), "tomorrow 3:30 AM"),
    ],
)
async def test_days_are_right_when_clocks_change(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, open_office: OpenOffice, ask: Ask,
    now: datetime, end: datetime, answer: str,
) -> None:  # fmt: skip
    await hass.config.async_set_time_zone("America/New_York")
    hass.config.country = "US"
    clock.set_wall(now)
    vega = tenant.add_room("Vega")
    tenant.book(vega.room_id, now - timedelta(minutes=10), end)
    await open_office()

    assert await ask("is Vega free") == f"Vega is busy until {answer}."


# Next to Home Assistant's own sentences


def samples(language: str) -> list[str]:
    """Return sample questions for each of Home Assistant's own sentences."""
    from hassil.intents import Intents, TextSlotList  # noqa: PLC0415  # installed with conversation
    from hassil.sample import sample_expression  # noqa: PLC0415
    from home_assistant_intents import get_intents  # noqa: PLC0415

    intents = Intents.from_dict(get_intents(language) or {})
    names = {
        "en": {"name": ["kitchen light", "front door"], "area": ["meeting room"], "floor": ["first floor"]},
        CHINESE: {"name": ["厨房灯", "前门"], "area": ["会议室"], "floor": ["三楼"]},
    }[language]
    known = {kind: TextSlotList.from_strings(values) for kind, values in names.items()}
    found: list[str] = []
    for data in itertools.chain.from_iterable(each.data for each in intents.intents.values()):
        lists = {**intents.slot_lists, **known, **data.slot_lists}
        rules = {**intents.expansion_rules, **data.expansion_rules}
        for sentence in data.sentences:
            expressions = sample_expression(sentence.expression, lists, rules, language=language)
            found += itertools.islice(expressions, 0, 90, 9)
    return found


@pytest.mark.skipif(
    AwesomeVersion(metadata.version("hassil")) < "3.12", reason="An older hassil takes minutes to make samples"
)
@pytest.mark.parametrize("language", ["en", CHINESE])
def test_home_assistants_own_sentences_match_none_of_ours(language: str) -> None:
    from hassil.intents import Intents  # noqa: PLC0415
    from hassil.recognize import recognize  # noqa: PLC0415
    from hassil.util import merge_dict  # noqa: PLC0415

    ours: dict[str, Any] = {"settings": {"ignore_whitespace": language == CHINESE}}
    for each in our_sentences(language):
        merge_dict(ours, each)
    intents = Intents.from_dict(ours)
    others = samples(language)

    assert len(others) > 1_000
    assert [sentence for sentence in others if recognize(sentence, intents)] == []


@pytest.mark.parametrize(
    ("language", "question", "kind"),
    [
        ("en", "turn on the kitchen light", "HassTurnOn"),
        ("en", "what time is it", "HassGetCurrentTime"),
        ("en", "is the front door locked", "HassGetState"),
        ("en", "what is on my shopping list", None),
        ("en", "is the kitchen light on", "HassGetState"),
        ("en", "set a timer for five minutes", "HassStartTimer"),
        ("en", "is anyone home", "HassGetState"),
        (CHINESE, "打开厨房灯", "HassTurnOn"),
        (CHINESE, "现在几点了", "HassGetCurrentTime"),
        (CHINESE, "前门锁着吗", "HassGetState"),
        (CHINESE, "购物清单上有什么", None),
        (CHINESE, "厨房灯开着吗", "HassGetState"),
        (CHINESE, "今天天气怎么样", None),
    ],
)
def test_other_questions_still_reach_their_intents(language: str, question: str, kind: str | None) -> None:
    lamp, door = ("厨房灯", "前门") if language == CHINESE else ("kitchen light", "front door")

    recognized = recognize(question, language, {lamp: "light", door: "lock"})

    assert (recognized[0] if recognized else None) == kind


# The intent API


@pytest.mark.parametrize("slots", [{}, {"room": {"value": " "}}, {"room": {"value": "Orion"}, "about": {"value": "x"}}])
async def test_an_incomplete_question_is_refused(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, slots: dict[str, Any]
) -> None:
    await open_office()

    with pytest.raises(intent.InvalidSlotInfo):
        await intent.async_handle(hass, "test", INTENT_STATUS, slots)


async def test_without_an_assistant_all_rooms_are_available(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(expose=False)

    status = await intent.async_handle(hass, "test", INTENT_STATUS, {"room": {"value": "Orion"}})
    found = await intent.async_handle(
        hass, "test", INTENT_FIND_ROOMS, {"seats": {"value": 5}, "hours": {"value": 1}}, language="de"
    )

    assert said(status) == "Orion is free until 15:00."
    assert said(found) == "Orion (3F, 6 seats) is free until 15:00."
    assert found.response_type is intent.IntentResponseType.QUERY_ANSWER


async def test_without_an_entry_nothing_is_exposed(hass: HomeAssistant, integration: None, clock: Clock) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    assert await clock.run(async_setup_component(hass, DOMAIN, {}))
    assert await clock.run(async_setup_component(hass, "intent", {}))

    response = await intent.async_handle(hass, "test", INTENT_STATUS, {"room": {"value": "Orion"}})

    assert said(response) == "No meeting room is exposed to Assist yet."
    assert response.error_code is intent.IntentResponseErrorCode.NO_VALID_TARGETS


@pytest.mark.skipif(
    find_spec("homeassistant.components.llm") is not None, reason="From 2026.8 on there are tools instead: test_llm.py"
)
async def test_language_models_get_the_intents_on_releases_without_tools(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    context = llm.LLMContext("test", Context(), "en", ASSIST, None)
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)

    assert {tool.name for tool in api.tools if "eishu" in tool.name} == {INTENT_STATUS, INTENT_FIND_ROOMS}
    told = await clock.run(api.async_call_tool(llm.ToolInput(INTENT_STATUS, {"room": "the Orion room"})))
    assert "Orion is free until 15:00." in str(told)


# Names and floors of real offices


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("集团-1F-衡(10)", "衡有空吗"),
        ("F3-08(8人)(视频)", "F3-08有空吗"),
        ("欧洲馆-巴黎（D1二楼）", "巴黎有空吗"),
        ("Room A301 [VC]", "A301有空吗"),
    ],
)
async def test_a_room_is_found_by_the_telling_part_of_its_name(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, open_office: OpenOffice, ask: Ask, name: str, question: str
) -> None:
    await hass.config.async_set_time_zone("Asia/Shanghai")
    for each in dict.fromkeys((name, "集团-1F-嵩(6)", "F3-09(4人)", "欧洲馆-罗马（D1二楼）", "Room A302 [VC]")):
        room = tenant.add_room(each)
        tenant.book(room.room_id, at(9), at(11))
    await open_office()

    assert await ask(question, CHINESE) == f"{name}占用中，19:00空出来。"


@pytest.mark.parametrize(
    ("floors", "questions"),
    [
        (("F03", "3层（研发）"), {"which rooms are free on the third floor": "en", "三楼有空的会议室吗": CHINESE}),
        (("B1", "地下一层"), {"which rooms are free on basement one": "en", "负一楼有空的会议室吗": CHINESE}),
    ],
)
async def test_a_floor_is_found_however_buildings_spell_it(
    hass: HomeAssistant,
    tenant: Tenant,
    clock: Clock,
    open_office: OpenOffice,
    ask: Ask,
    floors: tuple[str, ...],
    questions: dict[str, str],
) -> None:
    for number, floor in enumerate(floors):
        tenant.add_room(f"Orion {number}", level=tenant.add_level(floor, tenant.add_level(f"Tower {number}")))
    tenant.add_room("Elsewhere", level=tenant.add_level("5F", tenant.add_level("Tower 5")))
    await open_office()

    for question, language in questions.items():
        answer = await ask(question, language)
        assert "Orion 0" in answer
        assert "Orion 1" in answer
        assert "Elsewhere" not in answer


@pytest.mark.parametrize("question", ["which rooms are free in tower A", "which rooms are free on tower A 3F"])
async def test_buildings_of_one_name_are_searched_together(
    tenant: Tenant, clock: Clock, open_office: OpenOffice, ask: Ask, question: str
) -> None:
    for city in ("Shanghai", "Beijing"):
        for tower in ("Tower A", "Tower B"):
            floor = tenant.add_level("3F", tenant.add_level(tower, tenant.add_level(city)))
            tenant.add_room(f"{city} {tower[-1]}", level=floor)
    await open_office()

    answer = await ask(question)

    assert "Shanghai A" in answer
    assert "Beijing A" in answer
    assert " B " not in answer
