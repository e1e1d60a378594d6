"""Booking, extending and ending meetings by voice, in both languages, against the simulated tenant."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, intent
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.feishu_freebusy import intent as ours
from custom_components.feishu_freebusy.assist.wishes import Wish, read_wish
from custom_components.feishu_freebusy.const import DOMAIN
from simulator import BookingRules, Fault, Tenant
from tests.clock import FREE_BUSY, Clock
from tests.conftest import at
from tests.test_booking import live_events, rows_of, writes_of
from tests.voice import (
    ASSIST,
    CHINESE,
    Ask,
    OpenOffice,
    agents_response_to,
    entity_of,
    recognize,
    response_to,
    said,
)

pytest_plugins = ["tests.voice"]
pytestmark = pytest.mark.usefixtures("may_book")

BOOK, EXTEND, END = ours.INTENT_BOOK_ROOM, ours.INTENT_EXTEND, ours.INTENT_END
NOW = at(10)
NO_LARGE_ROOM = (
    "No matching room is free from 10:00 to 10:30. Boardroom (5F, 20 seats) is free from 11:00. "
    "A smaller one: Orion (3F, 6 seats) is free from 10:00 to 15:00."
)
MINUTES = {minutes: timedelta(minutes=minutes) for minutes in (15, 30, 45, 60, 90, 120)}


def kinds(hass: HomeAssistant) -> set[str]:
    """Return which of the intents exist that change bookings."""
    return {handler.intent_type for handler in intent.async_get(hass)} & {BOOK, EXTEND, END}


def wish_of(question: str, language: str) -> tuple[str, Wish]:
    """Return the intent that a sentence is recognized as, and what it wishes for at 10:00."""
    recognized = recognize(question, language)
    assert recognized, f"not understood: {question}"
    kind, slots = recognized
    words = " ".join(str(slots[slot]["value"]) for slot in ("before", "wish", "room") if slot in slots)
    return kind, read_wish(words, NOW, NOW.tzinfo)  # type: ignore[arg-type]


# What is understood


@pytest.mark.parametrize(
    ("room", "length", "questions"),
    [
        ("Orion", 30, {
            "book Orion for half an hour": "en",
            "please book Orion for 30 minutes": "en",
            "can you reserve Orion for half an hour please": "en",
            "I'd like to book Orion for a half hour": "en",
            "make a reservation for Orion for thirty minutes": "en",
            "订一下 Orion 半个小时": CHINESE,
            "帮我订Orion半小时": CHINESE,
            "Orion订半个小时": CHINESE,
            "请帮我预订Orion三十分钟": CHINESE,
            "把Orion订下来": CHINESE,
        }),
        ("A301", 60, {
            "reserve A301 for an hour": "en",
            "block A301 for one hour": "en",
            "schedule a meeting in A301 for 60 minutes": "en",
            "帮我预订A301一个小时": CHINESE,
            "我想订A301一小时": CHINESE,
            "预约A301，一个小时": CHINESE,
        }),
    ],
)  # fmt: skip
def test_bookings_of_a_named_room_are_understood(room: str, length: int, questions: dict[str, str]) -> None:
    for question, language in questions.items():
        kind, wish = wish_of(question, language)
        assert (kind, wish.room, wish.place) == (BOOK, room, None), question
        assert wish.times.length == (MINUTES[length] if wish.times.is_said else None), question


@pytest.mark.parametrize(
    ("seats", "place", "end", "questions"),
    [
        (6, "", at(15), {
            "book a room for six until three": "en",
            "book us a meeting room for 6 people until 3 pm": "en",
            "reserve a room for six people till three o'clock": "en",
            "订一间六个人的会议室，到三点": CHINESE,
            "帮我订一间能坐六个人的会议室到下午三点": CHINESE,
            "预订六人会议室到15:00": CHINESE,
        }),
        (0, "third floor", at(12), {
            "book a room on the third floor until noon": "en",
            "book any free room on the third floor until twelve": "en",
        }),
        (0, "三楼", at(12), {"订一间三楼的会议室到十二点": CHINESE, "帮我预订三楼的会议室到中午十二点": CHINESE}),
    ],
)  # fmt: skip
def test_bookings_of_any_room_are_understood(seats: int, place: str, end: datetime, questions: dict[str, str]) -> None:
    for question, language in questions.items():
        kind, wish = wish_of(question, language)
        assert (kind, wish.seats, wish.place, wish.times.end) == (BOOK, seats, place, end), question
        assert wish.times.start is None, question


@pytest.mark.parametrize(
    ("question", "language", "start", "end"),
    [
        ("reserve A301 at 2 pm for an hour", "en", at(14), at(15)),
        ("book A301 from two to three", "en", at(14), at(15)),
        ("book A301 tomorrow at ten for an hour", "en", at(10, day=1), at(11, day=1)),
        ("book A301 on Friday from 9:30 to 11", "en", at(9, 30, day=4), at(11, day=4)),
        ("预订A301明天下午三点到四点", CHINESE, at(15, day=1), at(16, day=1)),
        ("明天上午十点预订A301一个小时", CHINESE, at(10, day=1), at(11, day=1)),
        ("订一下A301，下周一下午两点，半小时", CHINESE, at(14, day=7), at(14, 30, day=7)),
    ],
)
def test_bookings_for_later_are_understood(question: str, language: str, start: datetime, end: datetime) -> None:
    kind, wish = wish_of(question, language)

    assert (kind, wish.room, wish.times.start, wish.times.end) == (BOOK, "A301", start, end)


@pytest.mark.family
@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("extend the meeting in A301 by 15 minutes", "en", EXTEND),
        ("extend A301 by a quarter of an hour", "en", EXTEND),
        ("can you extend the booking of A301 by 15 minutes", "en", EXTEND),
        ("give us 15 more minutes in A301", "en", EXTEND),
        ("can we stay 15 minutes longer in A301", "en", EXTEND),
        ("we need A301 for 15 more minutes", "en", EXTEND),
        ("we need 15 more minutes in A301", "en", EXTEND),
        ("A301 延长15分钟", CHINESE, EXTEND),
        ("把A301的会议延长15分钟", CHINESE, EXTEND),
        ("延长A301十五分钟", CHINESE, EXTEND),
        ("A301再用一刻钟", CHINESE, EXTEND),
        ("A301再续十五分钟", CHINESE, EXTEND),
        ("end the meeting in A301", "en", END),
        ("please end the booking of A301", "en", END),
        ("we're done in A301", "en", END),
        ("we are finished with A301", "en", END),
        ("release A301", "en", END),
        ("free up A301", "en", END),
        ("the meeting in A301 is over", "en", END),
        ("结束A301的会议", CHINESE, END),
        ("释放A301", CHINESE, END),
        ("帮我释放一下A301", CHINESE, END),
        ("A301可以释放了", CHINESE, END),
        ("提前结束A301的会议", CHINESE, END),
        ("把A301释放了", CHINESE, END),
        ("A301用完了", CHINESE, END),
        ("A301的会议结束了", CHINESE, END),
        ("我们在A301开完了", CHINESE, END),
    ],
)
async def test_meetings_are_extended_and_ended_in_many_words(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask, question: str, language: str, kind: str
) -> None:
    await open_office(book=True, release=True)

    answer = await ask(question, language)

    expected = {
        ("en", EXTEND): "The meeting in A301 now lasts until 14:45.",
        (CHINESE, EXTEND): "A301的会议已延长到14:45。",
        ("en", END): "The meeting in A301 has ended. It was booked from 9:00 to 14:30.",
        (CHINESE, END): "A301的会议已结束，原预订为9:00到14:30。",
    }
    assert answer == expected[language, kind]
    lasts = (at(14, 30), at(14, 45)) in rows_of(tenant, tenant.rooms[ids["A301"]])
    assert lasts == (kind == EXTEND)


# What is done


async def test_a_room_is_booked_by_name_and_the_times_are_said(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)

    assert await ask("book Orion for half an hour") == "Orion is booked from 10:00 to 10:30."
    assert rows_of(tenant, tenant.rooms[ids["Orion"]])[0] == (at(10), at(10, 30))
    assert await ask("订一下Lyra到十一点", CHINESE) == "已预订Lyra，10:00到11:00。"
    await clock.forward(minutes=1)  # a user may book a room once a minute
    assert await ask("reserve Lyra tomorrow at 2 pm for an hour") == "Lyra is booked tomorrow from 14:00 to 15:00."
    assert await ask("预订Orion周三上午十点到十二点", CHINESE) == "已预订Orion，星期三的10:00到12:00。"
    assert len(live_events(tenant)) == 4


async def test_the_best_room_that_fits_is_booked(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True, longest_booking_minutes=600)

    assert await ask("book a room for six until three") == "Orion is booked from 10:00 to 15:00."
    assert await ask("book the best free room for 45 minutes") == "Lyra is booked from 10:00 to 10:45."
    assert await ask("订一间五楼的会议室，下午两点到三点", CHINESE) == "已预订Boardroom，14:00到15:00。"
    await clock.forward(minutes=1)
    assert await ask("book a room for six this afternoon for an hour") == "Boardroom is booked from 12:00 to 13:00."
    assert await ask("book Orion this afternoon for an hour") == "Orion is booked from 16:00 to 17:00."


async def test_a_meeting_is_extended_until_a_time(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)

    assert await ask("extend the meeting in A301 until three") == "The meeting in A301 now lasts until 15:00."
    assert await ask("A301延长到三点半", CHINESE) == "A301的会议已延长到15:30。"
    assert await ask("extend A301 to three") == "The meeting in A301 lasts until 15:30 anyway."
    assert await ask("extend A301") == "The meeting in A301 now lasts until 15:45."


async def test_an_own_meeting_is_ended_without_the_right_to_end_others(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)
    await ask("book Orion for half an hour")

    assert await ask("we're done in Orion") == "The meeting in Orion has ended. It was booked from 10:00 to 10:30."
    assert rows_of(tenant, tenant.rooms[ids["Orion"]]) == [(at(15), at(16))]
    assert await ask("end the meeting in A301") == (
        "A301: Somebody else made this booking. "
        "Ending the meetings of others is switched off in the options of the app."
    )


async def test_a_meeting_that_feishu_still_shows_is_not_called_ended(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.variants = replace(tenant.variants, reply_effect="never")
    await open_office(release=True)

    assert await ask("release A301") == (
        "Feishu was told to end the meeting in A301, booked from 9:00 to 14:30, but still shows it."
    )


# "It": the room that people are in


async def in_area(hass: HomeAssistant, ids: dict[str, str], *names: str) -> str:
    """Put rooms into an area, and return its id."""
    area = ar.async_get(hass).async_create("Corner")
    for name in names:
        device_id = entity_of(hass, ids[name]).device_id
        assert device_id
        dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    return area.id


async def say_in(hass: HomeAssistant, clock: Clock, area_id: str | None, sentence: str, language: str = "en") -> str:
    """Return the answer to a sentence that is spoken to a device of an area."""
    recognized = recognize(sentence, language)
    assert recognized, sentence
    kind, slots = recognized
    if area_id:
        slots["preferred_area_id"] = {"value": area_id}
    handling = intent.async_handle(hass, ASSIST, kind, slots, sentence, language=language, assistant=ASSIST)
    return said(await clock.run(handling))


async def test_it_is_the_only_room_of_the_area(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True, release=True)
    area = await in_area(hass, ids, "Lyra")

    assert await say_in(hass, clock, area, "book it for half an hour") == "Lyra is booked from 10:00 to 10:30."
    extended = await say_in(hass, clock, area, "extend it by 15 minutes")
    assert extended == "The meeting in Lyra now lasts until 10:45."
    assert await say_in(hass, clock, area, "we need 5 more minutes") == "The meeting in Lyra now lasts until 10:50."
    assert await say_in(hass, clock, area, "再用十分钟", CHINESE) == "Lyra的会议已延长到11:00。"
    assert (await say_in(hass, clock, area, "end the meeting")).startswith("The meeting in Lyra has ended.")
    assert await say_in(hass, clock, area, "散会了", CHINESE) == "Lyra：会议室目前没有进行中的预订。"
    assert await say_in(hass, clock, area, "结束会议", CHINESE) == "Lyra：会议室目前没有进行中的预订。"


async def test_the_room_is_asked_back_if_the_area_does_not_tell_it(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True, release=True)
    area = await in_area(hass, ids, "Lyra", "Orion")

    assert await say_in(hass, clock, area, "we're done here") == "Which room do you mean: Lyra or Orion?"
    assert await say_in(hass, clock, None, "extend it by 15 minutes") == "Which room do you mean?"
    assert await say_in(hass, clock, None, "结束会议", CHINESE) == "您指的是哪间会议室？"
    assert await say_in(hass, clock, "gone", "book it for an hour") == "Which room do you mean?"
    assert writes_of(tenant) == []


# What is not done


@pytest.mark.family
@pytest.mark.parametrize(
    ("question", "language", "answer"),
    [
        ("book Boardroom for half an hour", "en",
         "Boardroom is booked until 11:00. Lyra (Tower A / 3F) is free for all of that time."),
        ("订一下Boardroom半个小时", CHINESE,
         "Boardroom已被占用，直到 11:00。Lyra (Tower A / 3F)在该时段全程空闲。"),
        ("book Boardroom for 15 people for an hour", "en",
         "Boardroom is booked until 11:00."),
        ("book a room for 15 people for half an hour", "en",
         NO_LARGE_ROOM),
        ("book a room on the ninth floor", "en",
         "I found no rooms at “ninth floor”. Places with rooms: Tower A 3F and Tower A 5F."),
        ("book Oriom for an hour", "en", "There is no room called Oriom. Did you mean Orion?"),
        ("book Orion for six", "en", "Please say from when until when."),
        ("book Orion this afternoon", "en", "Please say from when until when."),
        ("book a room this afternoon", "en", "Please say from when until when."),
        ("book Orion today at 9 am", "en", "That time is already over."),
        ("book Orion from two to three for an hour", "en", "Please say from when until when."),
        ("extend A301 at three", "en", "Please say from when until when."),
        ("extend Lyra until three", "en", "Lyra: Nothing is booked in this room right now."),
        ("extend Lyra by 15 minutes", "en", "Lyra: Nothing is booked in this room right now."),
        ("end the meeting in Lyra", "en", "Lyra: Nothing is booked in this room right now."),
        ("end the meeting in A301 at three", "en", "I don't understand the time “A301 at three”."),
        ("book Orion for five hours and 30 minutes", "en",
         "Orion can be booked for at most 4 hours at a time."),
    ],
)  # fmt: skip
async def test_a_refusal_has_its_reason_and_the_nearest_alternative(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask, question: str, language: str, answer: str
) -> None:
    await open_office(book=True, release=True)

    assert await ask(question, language) == answer
    assert writes_of(tenant) == []


async def test_without_another_room_the_times_of_this_room_are_said(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.book(ids["Lyra"], at(10), at(18))
    tenant.book(ids["A301"], at(14, 30), at(16))
    tenant.book(ids["Boardroom"], at(15), at(16))
    await open_office(book=True, longest_booking_minutes=600)

    assert await ask("book Orion tomorrow") == "Please say from when until when."
    assert await ask("book Orion until half past three") == "Orion is booked from 15:00 to 16:00."
    assert await ask("extend A301 by an hour") == "A301 is booked until 16:00."
    assert await ask("book Orion this afternoon for five hours") == (
        "Orion: No room that fits is free for all of that time. Orion is free from 12:00 to 15:00."
    )


async def test_another_room_is_named_if_no_app_may_book_this_one(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.agenda.rules[ids["Orion"]] = BookingRules(approval=True)
    await open_office(book=True)

    answer = await ask("book Orion for half an hour")

    assert answer.startswith("Orion: ")
    assert answer.endswith("Another room: Lyra is free from 10:00 to 10:30.")


async def test_a_meeting_that_cannot_be_extended_may_move_to_another_room(
    hass: HomeAssistant, tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.book(ids["A301"], at(14, 30), at(16))
    await open_office(book=True)

    assert await ask("extend A301 by 15 minutes") == "A301 is booked until 16:00. Lyra is free for all of that time."
    async_expose_entity(hass, ASSIST, entity_of(hass, ids["Lyra"]).entity_id, False)
    assert await ask("extend A301 by 15 minutes") == "A301 is booked until 16:00. Orion is free for all of that time."


async def test_a_room_that_refuses_has_its_reason(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    tenant.agenda.rules[ids["Orion"]] = BookingRules(max_duration=timedelta(minutes=5))
    await open_office(tenant.rooms[ids["Orion"]], book=True)

    assert (await ask("book a room for half an hour")).startswith("The booking is too long.")
    assert live_events(tenant) == set()


async def test_an_error_of_feishu_is_said(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)
    tenant.inject(Fault.status(503), "/events", times=None)

    assert (await ask("book Orion for half an hour")).startswith("Orion: Feishu has a problem at the moment.")
    assert (await ask("book a room for half an hour")).startswith("Feishu has a problem at the moment.")
    assert live_events(tenant) == set()


async def test_beyond_the_known_days_no_other_time_is_named(
    ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)

    assert await ask("book Orion on December 20 in the afternoon for an hour") == (
        "Orion: No room that fits is free for all of that time."
    )


async def test_a_room_without_current_data_is_extended_only_by_a_length(
    tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)
    tenant.inject(Fault.status(503), FREE_BUSY, times=None)
    await clock.forward(minutes=15)

    assert (await ask("extend A301 until three")).startswith("A301: There is no current data of this room")
    assert await ask("extend A301 by 15 minutes") == "The meeting in A301 now lasts until 14:45."


async def test_a_refusal_is_an_error_that_no_language_model_tries_again(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True)

    refused = await response_to(hass, clock, "book Boardroom for half an hour")
    assert refused.error_code is intent.IntentResponseErrorCode.FAILED_TO_HANDLE
    unknown = await response_to(hass, clock, "book a table for two")
    assert unknown.error_code is intent.IntentResponseErrorCode.NO_VALID_TARGETS
    booked = await response_to(hass, clock, "book Orion")
    assert booked.response_type is intent.IntentResponseType.ACTION_DONE


# Who may


async def test_only_exposed_rooms_are_booked(
    hass: HomeAssistant, tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(book=True)
    for name in ("Orion", "Lyra"):
        async_expose_entity(hass, ASSIST, entity_of(hass, ids[name]).entity_id, False)

    assert await ask("book Orion") == "There is no room called Orion."
    assert await ask("book a room") == (
        "No matching room is free from 10:00 to 10:30. Boardroom (5F, 20 seats) is free from 11:00."
    )
    assert writes_of(tenant) == []


async def test_users_act_only_on_rooms_that_they_may_control(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(book=True, release=True)
    user = MockUser().add_to_hass(hass)
    lyra = entity_of(hass, ids["Lyra"]).entity_id
    user.mock_policy({"entities": {"entity_ids": {lyra: True}}})

    async def say(kind: str, **slots: str) -> str:
        handling = intent.async_handle(
            hass,
            ASSIST,
            kind,
            {name: {"value": value} for name, value in slots.items()},
            context=Context(user_id=user.id),
            language="en",
            assistant=ASSIST,
        )
        return said(await clock.run(handling))

    assert await say(BOOK, wish="Orion for an hour") == "You are not allowed to control Orion."
    assert await say(EXTEND, before="A301", wish="15 minutes") == "You are not allowed to control A301."
    assert await say(END, room="A301") == "You are not allowed to control A301."
    assert writes_of(tenant) == []
    assert await say(BOOK, wish="a room for an hour") == "Lyra is booked from 10:00 to 11:00."
    user.mock_policy({})
    assert await say(BOOK, wish="a room for an hour") == "You are not allowed to control these rooms."


# The switches


@pytest.mark.parametrize(
    ("switches", "expected"),
    [({}, set()), ({"book": True}, {BOOK, EXTEND, END}), ({"release": True}, {END})],
    ids=["off", "book", "release"],
)
async def test_only_allowed_intents_exist(
    hass: HomeAssistant, ids: dict[str, str], open_office: OpenOffice, switches: dict[str, bool], expected: set[str]
) -> None:
    await open_office(**switches)

    assert kinds(hass) == expected


async def test_intents_come_and_go_with_the_switches_and_the_entry(
    hass: HomeAssistant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    for switches, expected in (({"book": True}, {BOOK, EXTEND, END}), ({"book": False, "release": True}, {END})):
        hass.config_entries.async_update_entry(entry, options={**entry.options, **switches})
        await clock.forward(seconds=1)
        assert kinds(hass) == expected

    await clock.run(hass.config_entries.async_remove(entry.entry_id))
    assert kinds(hass) == set()


async def test_a_room_of_an_app_that_may_not_book_says_so(
    hass: HomeAssistant, clock: Clock, tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask: Ask
) -> None:
    await open_office(release=True)
    intent.async_register(hass, ours.BookRoomHandler())

    assert await ask("book Orion") == (
        "Orion: This is switched off. An administrator can allow it in the options of the app, under Actions."
    )
    assert (await ask("book a room")).startswith("This is switched off.")
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    intent.async_register(hass, ours.BookRoomHandler())
    assert await ask("book Orion") == "Orion: No app is set up and running."
    assert await ask("book a room") == "No app is set up and running."


# Through the whole agent


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", {
            "book Orion for half an hour": "Orion is booked from 10:00 to 10:30.",
            "extend the meeting in Orion by 15 minutes": "The meeting in Orion now lasts until 10:45.",
            "end the meeting in Orion": "The meeting in Orion has ended. It was booked from 10:00 to 10:30.",
        }),
        (CHINESE, {
            "订一下 Orion 半个小时": "已预订Orion，10:00到10:30。",
            "Orion 延长15分钟": "Orion的会议已延长到10:45。",
            "结束Orion的会议": "Orion的会议已结束，原预订为10:00到10:30。",
        }),
    ],
)  # fmt: skip
async def test_the_conversation_agent_books_extends_and_ends(
    tenant: Tenant, ids: dict[str, str], open_office: OpenOffice, ask_agent: Ask, language: str, sentences: Any
) -> None:
    await open_office(agent=True, book=True)

    assert {sentence: await ask_agent(sentence, language) for sentence in sentences} == sentences
    assert rows_of(tenant, tenant.rooms[ids["Orion"]]) == [(at(15), at(16))]


async def test_the_agent_understands_nothing_of_it_while_it_is_switched_off(
    hass: HomeAssistant, tenant: Tenant, clock: Clock, ids: dict[str, str], open_office: OpenOffice
) -> None:
    await open_office(agent=True)

    for sentence in ("book Orion for half an hour", "extend A301 by 15 minutes", "end the meeting in A301"):
        response = await agents_response_to(hass, clock, sentence)
        assert response.response_type is intent.IntentResponseType.ERROR
    assert writes_of(tenant) == []
