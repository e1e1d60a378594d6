"""Assist in a real Home Assistant, in both languages, from turning the sentences on to their removal."""

from datetime import UTC, datetime, timedelta
from itertools import count
import re

import pytest

from demo.assist import ask, enable_assist
from demo.connect import DOMAIN, Credentials, add_integration, add_people, room_states
from demo.features import switch_on
from demo.home_assistant import HomeAssistant
from simulator import Tenant
from simulator.tenant import BOOKING_SCOPES, TITLE_SCOPES
from tests.live.delays import Delays
from tests.live.test_home_assistant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


async def test_assist_answers_in_both_languages(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant
) -> None:
    orion, lyra, *others = live_tenant.rooms.values()
    ada = next(iter(live_tenant.users.values()))
    # The demo's Home Assistant uses UTC and 24-hour times
    end = datetime.now(UTC).replace(minute=1, second=0, microsecond=0) + timedelta(hours=2)  # minute 1: never midnight
    for room in (orion, *others):
        live_tenant.book(room.room_id, end - timedelta(hours=3), end)
    entry_id = await add_integration(home, credentials, plan="paid", max_rooms=6)
    await add_people(home, entry_id, {ada.open_id: ada.name})
    await until(lambda: room_states(home), lambda states: {state["state"] for state in states} == {"on", "off"}, 30)
    sentences = home.folder / "custom_sentences"
    assert await ask(home, "is Orion free", "en") == "Sorry, I couldn't understand that"

    await enable_assist(home, entry_id)

    async def files() -> list[str]:
        return sorted(path.relative_to(sentences).as_posix() for path in sentences.rglob("*.yaml"))

    both = [f"en/{DOMAIN}.yaml", f"zh-CN/{DOMAIN}.yaml"]
    await until(files, lambda found: found == both, 30)  # written and loaded after the options are saved
    # Vary the question: Home Assistant caches a question that it did not understand while it loaded the sentences
    marks = count(1)
    await until(lambda: ask(home, "is Orion free" + "?" * next(marks), "en"), lambda answer: "Orion" in answer, 30)
    time = f"{end.hour}:{end:%M}"
    english, chinese = {time, f"tomorrow {time}"}, {time, f"明天{time}"}  # in the evening
    for question in ("is Orion free", "until when is the Orion room busy", "Is orion available right now?"):
        assert await ask(home, question, "en") in {f"Orion is busy until {time}." for time in english}
    for question in ("Orion 现在有空吗", "会议室Orion忙到几点"):
        for language in ("zh-CN", "zh-Hans"):
            assert await ask(home, question, language) in {f"Orion占用中，{time}空出来。" for time in chinese}
    assert await ask(home, "when is Orion free", "en") in {f"Orion is free from {time}." for time in english}
    assert await ask(home, "Orion 几点空出来", "zh-CN") in {f"Orion要到{time}才有空。" for time in chinese}
    (lyra_free,) = {await ask(home, question, "en") for question in ("which rooms are free", "find me a room")}
    assert lyra_free == f"Lyra (1F, {lyra.capacity} seats) is free, and nothing is booked ahead."
    assert "Lyra" in await ask(home, "哪些会议室有空", "zh-CN")
    assert await ask(home, "is Orian free", "en") == "There is no room called Orian. Did you mean Orion?"
    assert await ask(home, f"is {ada.name} busy", "en") == f"{ada.name} is free, and nothing is booked ahead."
    assert await ask(home, "what time is it", "en") != "Sorry, I couldn't understand that"

    await home.delete(f"/api/config/config_entries/entry/{entry_id}")
    assert not sentences.exists()
    assert await ask(home, "is Orion free", "en") == "Sorry, I couldn't understand that"


@pytest.mark.family
@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", {
            "book Lyra for half an hour": r"Lyra is booked from (.+) to (.+)\.",
            "extend the meeting in Lyra by 15 minutes": r"The meeting in Lyra now lasts until .+\.",
            "end the meeting in Lyra": r"The meeting in Lyra has ended\. It was booked from (.+) to (.+)\.",
        }),
        ("zh-CN", {
            "订一下 Lyra 半个小时": "已预订Lyra，(.+)到(.+)。",
            "Lyra 延长15分钟": "Lyra的会议已延长到.+。",
            "结束Lyra的会议": "Lyra的会议已结束，原预订为(.+)到(.+)。",
        }),
    ],
)  # fmt: skip
async def test_assist_books_extends_and_ends(
    home: HomeAssistant, credentials: Credentials, live_tenant: Tenant, language: str, sentences: dict[str, str]
) -> None:
    live_tenant.grant(*BOOKING_SCOPES, *TITLE_SCOPES)
    lyra = next(room for room in live_tenant.rooms.values() if room.name == "Lyra")
    entry_id = await add_integration(home, credentials, plan="paid", max_rooms=6)
    await switch_on(home, entry_id)
    await enable_assist(home, entry_id)
    files = [f"{language}/{DOMAIN}{kind}.yaml" for kind in ("", "_book", "_end")]

    async def are_there() -> bool:
        return all((home.folder / "custom_sentences" / file).is_file() for file in files)

    await until(are_there, bool, 30)
    marks = count(1)
    known = "is Lyra free" if language == "en" else "Lyra有空吗"
    await until(lambda: ask(home, known + "?" * next(marks), language), lambda answer: "Lyra" in answer, 30)

    shown = next(state for state in await room_states(home) if state["attributes"]["friendly_name"] == lyra.name)
    delays = Delays(home, live_tenant, lyra, shown["entity_id"], f"Assist, {language}")
    for (sentence, answer), what, bookings in zip(sentences.items(), ("book", "extend", "end"), (1, 2, 0), strict=True):

        async def say(sentence: str = sentence, answer: str = answer) -> None:
            said = await ask(home, sentence, language)
            assert re.fullmatch(answer, said), said

        await delays.of(say, what, bookings=bookings)
    await home.delete(f"/api/config/config_entries/entry/{entry_id}")
    assert not (home.folder / "custom_sentences").exists()
