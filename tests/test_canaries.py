"""No private data leaks: plant words as secrets, names, IDs and addresses, and search all output for them.

Where each kind of data may appear:

- The app secret and the tenant's tokens: nowhere, not even in the `repr` of an object.
- Names, IDs, e-mail addresses and numbers of people and rooms, names and IDs of levels, the app's ID, the address of
  the server, the IP address of Home Assistant: not in the log, the diagnostics, the system information, or the text of
  an error. This includes errors of actions, because Home Assistant logs them. Objects and their `repr` may hold this
  data. Forms and responses of actions may show what the user requested.
- Titles of bookings: these tests switch them on. `test_canaries_titles.py` has the places where they are not even then.
- The title of the entry, by default the app's name: in the log, because Home Assistant logs it, too; not in the
  diagnostics.
- Feishu's message about a failure: in the log and on the screen, with the data above masked. The server in these tests
  repeats the whole request in several encodings and adds data of other people.
- Home Assistant names the diagnostics file of a device after the device; the integration cannot change that.

The log in these tests is the debug log of the integration.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
import gc
import logging
import traceback
from typing import Any
from urllib.parse import quote

import aiohttp
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.feishu_freebusy.const import CONF_PEOPLE, CONF_ROOMS, DOMAIN
from custom_components.feishu_freebusy.feishu import transport
from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import FeishuError
from custom_components.feishu_freebusy.feishu.models import EventRef, SubjectRef
from simulator import Fault, Room, Simulator, Tenant, gateway
from simulator.answers import HTML_TYPE, Answer
from simulator.model import Call, Level, Rsvp, User
from simulator.tenant import TITLE_SCOPES
from simulator.tokens import TokenIssuer
from tests.clock import Clock, SetUp, busy_id
from tests.conftest import at

pytest_plugins = ["tests.clock"]

SECRET = "Canary/Secret+0123456789=x"
TITLE = "Aviary"  # of the entry
MEETING = "Plovercount"
CALLER = "203.0.113.77"  # the address of this Home Assistant, as Feishu sees it
OTHERS = ("ou_c0ffee0123456789", "finch@aviary.example", "+8613022222222", "https://aviary.example/x?y=1")

RESPONSES: tuple[tuple[int, Rsvp], ...] = ((9, "accept"), (11, "needs_action"), (14, "accept"))
TOKENS = "auth/v3/tenant_access_token/internal"
# Codes of each kind of failure, and an unknown one
CODES = (190002, 190014, 190006, 190007, 99991663, 99991672, 99991401, 99991400, 190003, 30005, 10014, 123456, 99991403)


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(app_id="cli_canary4d5e6f0001", app_secret=SECRET, app_name=TITLE)


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the set of issued tokens; it grows during the test."""
    issued: set[str] = set()
    issue = TokenIssuer.issue

    def issue_and_note(issuer: TokenIssuer, *, stuck: bool) -> tuple[str, int]:
        token, left = issue(issuer, stuck=stuck)
        issued.add(token)
        return token, left

    monkeypatch.setattr(TokenIssuer, "issue", issue_and_note)
    return issued


class Office:
    """A tenant whose private data are the planted words."""

    def __init__(self, tenant: Tenant, simulator: Simulator) -> None:
        self.tenant = tenant
        self.port = str(simulator.port)
        self.level: Level = tenant.add_level("Heronry", tenant.add_level("Rookery"))
        self.room: Room = tenant.add_room(
            "Kingfisher", level=self.level, capacity=8, equipment=("Cuckooclock",), description="Nestbox"
        )
        self.other: Room = tenant.add_room("Cormorant")
        self.out_of_service: Room = tenant.add_room("Pelican", level=self.level)
        tenant.disable_room(self.out_of_service.room_id, at(9), None, "Moulting")
        self.person: User = tenant.add_user(
            "Nightingale Wren", user_id="canaryuser", email="wren@aviary.example", mobile="+8613011111111"
        )
        self.bookings = [
            tenant.book(room.room_id, at(start), at(start + 1), rsvp=rsvp, organizer=self.person.open_id, title=MEETING)
            for room in (self.room, self.other)
            for start, rsvp in RESPONSES
        ]
        tenant.book(self.person.open_id, at(11), at(12))
        tenant.grant(*TITLE_SCOPES)

    @property
    def options(self) -> dict[str, Any]:
        """Options of an entry that follows a level, and a person by each kind of ID."""
        ids = (self.person.open_id, self.person.union_id, self.person.user_id)
        return {
            "room_levels": {self.level.level_id: "Rookery / Heronry"},
            "titles": "title_and_organizer",
            "people": {person_id: f"Nightingale Wren {number}" for number, person_id in enumerate(ids)},
        }

    def personal(self) -> Iterator[str]:
        """Yield all private words of the tenant, its people, rooms and levels, and the addresses of both machines."""
        tenant, person = self.tenant, self.person
        yield from (tenant.app_id, tenant.app_id.removeprefix("cli_"), CALLER, "127.0.0.1", f":{self.port}")
        for room in tenant.rooms.values():
            yield from (room.room_id, room.room_id.removeprefix("omm_"), room.name, room.display_id)
            yield from (*room.equipment, room.description, room.disabled.reason if room.disabled else "")
        yield tenant.root.level_id
        for level in tenant.levels.values():
            yield from (level.level_id, level.level_id.removeprefix("omb_"), level.name)
        yield from (person.open_id, person.union_id, person.user_id, *person.name.split(), person.email, person.mobile)
        yield from (
            MEETING,
            person.mobile.removeprefix("+86"),
            *(booking.booking_id for booking in self.bookings),
            *OTHERS,
        )

    def found_in(self, text: str, words: Iterable[str]) -> list[str]:
        """Return the words that a text contains, plain or encoded."""
        folded = text.casefold()
        forms = ((word, form) for word in words if word for form in (word, quote(word, safe=""), *base64(word)))
        return sorted({word for word, form in forms if form.casefold() in folded})


def base64(word: str) -> Iterator[str]:
    if len(word) > 5:  # shorter words may occur by chance
        yield b64encode(word.encode()).decode().rstrip("=")


@pytest.fixture
def office(tenant: Tenant, simulator: Simulator) -> Office:
    return Office(tenant, simulator)


type Reply = Callable[[str], Answer]  # makes an answer that repeats a text


def refusal(code: int, status: int = 400) -> Reply:
    """Return a reply with this error code that repeats the request in every field."""

    def reply(echo: str) -> Answer:
        error = {
            "log_id": echo[:90],
            "permission_violations": [{"subject": word} for word in echo.split()],
            "details": [{"value": echo}],
            "message": echo,
        }
        headers = {"X-Tt-Logid": echo[:90].encode("ascii", "replace").decode(), "x-ogw-ratelimit-reset": "1"}
        return Answer.json(status, {"code": code, "msg": echo, "error": error}, headers)

    return reply


def page(status: int) -> Reply:
    return lambda echo: Answer.text(status, f"<html>{echo}</html>", HTML_TYPE)


def redirect(echo: str) -> Answer:
    return Answer(302, echo.encode(), headers={"Location": f"http://127.0.0.1:9/?{quote(echo)}"})


def unreadable_rows(echo: str) -> Answer:
    """Answer with code 0 and unreadable rows."""
    row = {"start_time": echo, "end_time": echo, "start": echo, "end": echo, "rsvp_status": echo}
    lists = {"freebusy_list": [row], "freebusy_lists": [row], "rooms": [row], "items": [row], "room_levels": [row]}
    data = {**lists, "free_busy": {echo: [row]}, "time_min": echo, "scopes": [row], "user_list": [row]}
    return Answer.json(200, {"code": 0, "msg": echo, "data": data, "tenant_access_token": "", "expire": echo})


def cut(echo: str) -> Answer:
    return Answer(200, echo.encode(), announced_length=10_000)


def bad_header(echo: str) -> Answer:
    """Answer with a body that aiohttp cannot read: its error holds the request with all headers."""
    return Answer(200, echo.encode(), headers={"Content-Encoding": "gzip"})


REPLIES: dict[str, Reply] = {
    **{f"code {code}": refusal(code) for code in CODES},
    "code 190003 and 500": refusal(190003, 500),
    "unknown code and 429": refusal(123456, 429),
    "web page 200": page(200),
    "web page 403": page(403),
    "web page 502": page(502),
    "redirect": redirect,
    "unreadable rows": unreadable_rows,
    "cut off": cut,
    "falsely declared as gzip": bad_header,
}


class Echo:
    """Makes the server repeat the request, and data of other people."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reply: Reply | None = None
        self.for_tokens = False
        self.replies = 0
        self._answer = gateway.answer
        monkeypatch.setattr(gateway, "answer", self)

    def __call__(self, tenant: Tenant, call: Call, authorization: str, excess: Any) -> Answer:
        if self.reply is None or call.path.endswith(TOKENS) is not self.for_tokens:
            return self._answer(tenant, call, authorization, excess)
        self.replies += 1
        token = authorization.removeprefix("Bearer ")
        sent = [
            token,
            SECRET,
            *(str(value) for _, value in call.pairs),
            call.path.rpartition("/")[2],
            *values(call.body),
        ]
        # Rotate the words: long messages are cut off, so only the first ones count
        forms = [form for word in sent if word for form in (word, quote(word, safe=""), word.upper(), *base64(word))]
        others = [*OTHERS, f"ip {CALLER} is denied by app setting", tenant.app_id, *tenant.rooms]
        first = self.replies % len(forms) if forms else 0
        return self.reply(
            " ".join([*forms[first:], *forms[:first], *others] if self.replies % 3 else [*others, *forms])
        )


def values(body: object) -> Iterator[str]:
    """Yield all strings in a body."""
    if isinstance(body, dict):
        body = list(body.values())
    if isinstance(body, list):
        for each in body:
            yield from values(each)
    elif isinstance(body, str):
        yield body


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Echo:
    return Echo(monkeypatch)


def test_the_leak_search_finds_planted_words(office: Office) -> None:
    for text in ("kingFISHER", "wren%40aviary.example", b64encode(SECRET.encode()).decode()):
        assert office.found_in(f"<{text}>", (*office.personal(), SECRET)) != []
    assert office.found_in("1 of 3 rooms can't be read", office.personal()) == []


# Errors


def calls(client: FeishuClient, office: Office) -> Iterator[Awaitable[object]]:
    """Yield every call of the client, with private data in it."""
    window: dict[str, Any] = {"time_min": at(9), "time_max": at(18)}
    person = office.person
    yield client.check_credentials()
    yield client.freebusy_list(SubjectRef.of(office.room.room_id), **window)
    yield client.freebusy_list(SubjectRef.of(person.user_id), **window)
    yield client.freebusy_batch([SubjectRef.of(person.open_id)], **window)
    yield client.room_freebusy_batch_get([office.room.room_id, office.other.room_id], **window)
    yield client.rooms(office.level.level_id)
    yield client.room_levels(office.level.level_id)
    yield client.rooms_mget([office.room.room_id])
    yield client.room(office.room.room_id)
    yield client.user_ids(emails=[person.email], mobiles=[person.mobile])
    yield client.granted_scopes()
    yield client.apply_for_scopes()
    yield client.bot()
    event = EventRef(office.bookings[0].event_uid)
    yield client.events.titles([event])
    yield client.events.bookings_of_rooms([office.room.room_id], time_min=at(9), time_max=at(18))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, its causes and its contexts, even those that a traceback hides."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


@pytest.mark.family
@pytest.mark.parametrize("for_tokens", [False, True], ids=["calls", "tokens"])
@pytest.mark.parametrize("name", REPLIES)
async def test_no_error_leaks(
    monkeypatch: pytest.MonkeyPatch,
    simulator: Simulator,
    tokens: set[str],
    office: Office,
    echo: Echo,
    name: str,
    for_tokens: bool,
) -> None:
    monkeypatch.setattr(transport, "_FIRST_BACK_OFF", 0.0)
    monkeypatch.setattr(transport.Transport, "_delay_after", lambda *_: None)
    errors = []
    async with aiohttp.ClientSession() as session:
        client = FeishuClient(session, office.tenant.app_id, SECRET, base_url=simulator.base_url)
        if not for_tokens:
            await client.check_credentials()
        echo.reply, echo.for_tokens = REPLIES[name], for_tokens
        for call in calls(client, office):
            try:
                await call
            except FeishuError as error:
                errors.append(error)

    assert len(errors) >= (13 if for_tokens else 6)
    for failure in errors:
        for link in chain(failure):
            scopes = getattr(link, "scopes", ())
            shown = [str(link), repr(link), repr(link.args), *scopes, *traceback.format_exception(link)]
            assert office.found_in("\n".join(shown), (SECRET, *tokens, *office.personal())) == []
        assert {type(link).__module__.partition(".")[0] for link in chain(failure)} <= {
            "custom_components",
            "builtins",
            "asyncio",
        }


async def test_no_error_keeps_an_aiohttp_error_that_holds_the_request(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport.Transport, "_delay_after", lambda *_: None)
    token = b'{"code":0,"msg":"","tenant_access_token":"t-canary0123456789","expire":7200}'
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(token), token)]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers.pop() if answers else b"HTTP/1.1 what\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = FeishuClient(session, "cli_canary", SECRET, base_url=address)
        with pytest.raises(FeishuError, match="not HTTP") as caught:
            await client.bot()

    assert not any(isinstance(link, aiohttp.ClientError) for link in chain(caught.value))
    assert "canary0123456789" not in "".join(f"{link!r}{link.args}" for link in chain(caught.value))


async def test_no_repr_shows_a_secret_during_a_call(
    monkeypatch: pytest.MonkeyPatch, simulator: Simulator, tokens: set[str], office: Office
) -> None:
    answer, create_task = gateway.answer, asyncio.create_task
    seen: list[str] = []
    tasks = []

    def record_and_answer(*call: Any) -> Answer:
        seen.extend(reprs())  # the client waits for this answer and holds the request
        return answer(*call)

    def create_and_keep(*args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        tasks.append(create_task(*args, **kwargs))
        return tasks[-1]

    monkeypatch.setattr(gateway, "answer", record_and_answer)
    monkeypatch.setattr(asyncio, "create_task", create_and_keep)
    async with aiohttp.ClientSession() as session:
        client = FeishuClient(session, office.tenant.app_id, SECRET, base_url=simulator.base_url)
        for call in calls(client, office):
            with suppress(FeishuError):
                await call

    assert any("_Request(" in shown for shown in seen)
    assert any(task.done() for task in tasks)
    assert office.found_in("\n".join([*seen, *map(repr, tasks)]), (SECRET, *tokens)) == []


# Diagnostics and the log


class Downloads(list[str]):
    """The texts that a user may share: system information and diagnostics."""

    def __init__(self, hass: HomeAssistant, clock: Clock, browser: TestClient[Any, Any], token: str) -> None:
        super().__init__()
        self._hass, self._clock, self._browser = hass, clock, browser
        self._login = hass.auth.async_validate_access_token(token)

    async def _download(self, path: str) -> str:
        assert self._login is not None
        token = self._hass.auth.async_create_access_token(self._login)  # the first one expires during the test
        headers = {"Authorization": f"Bearer {token}"}
        response = await self._browser.get(f"/api/diagnostics/config_entry/{path}", headers=headers)
        assert response.status == 200
        return await response.text()

    async def add(self, entry: MockConfigEntry) -> None:
        """Add the system information and all diagnostics of an entry."""
        lines: dict[str, Any] = await get_system_health_info(self._hass, DOMAIN)
        for name, line in lines.items():
            self.append(f"{name}: {await self._clock.run(line) if asyncio.iscoroutine(line) else line}")
        devices = dr.async_entries_for_config_entry(dr.async_get(self._hass), entry.entry_id)
        for path in (entry.entry_id, *(f"{entry.entry_id}/device/{device.id}" for device in devices)):
            self.append(await self._clock.run(self._download(path)))


@pytest.fixture
async def downloads(
    hass: HomeAssistant, clock: Clock, hass_client: ClientSessionGenerator, hass_access_token: str
) -> Downloads:
    for component in ("homeassistant", "diagnostics", "system_health"):
        assert await async_setup_component(hass, component, {})
    return Downloads(hass, clock, await clock.run(hass_client()), hass_access_token)


@pytest.fixture
def debug_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Return the log with debug logging enabled for the integration."""
    caplog.set_level(logging.WARNING)
    caplog.set_level(logging.DEBUG, logger=f"custom_components.{DOMAIN}")
    return caplog


async def test_a_failed_setup_leaks_nothing(
    hass: HomeAssistant,
    clock: Clock,
    downloads: Downloads,
    debug_log: pytest.LogCaptureFixture,
    set_up: SetUp,
    tokens: set[str],
    office: Office,
    echo: Echo,
) -> None:
    for echo.for_tokens in (False, True):
        for name in (
            "code 99991401",
            "code 190014",
            "code 10014",
            "code 123456",
            "web page 200",
            "redirect",
            "cut off",
        ):
            echo.reply = REPLIES[name]
            entry = await set_up(office.room, office.other, **office.options)
            await downloads.add(entry)
            await clock.run(hass.config_entries.async_remove(entry.entry_id))

    assert echo.replies >= 14
    for shown in (debug_log.text, *downloads):
        assert office.found_in(shown, (SECRET, *tokens, *office.personal())) == []
    assert office.found_in("\n".join(downloads), [TITLE]) == []
    assert '"state": "setup_retry"' in "\n".join(downloads)


@pytest.mark.slow
async def test_a_day_of_failures_leaks_nothing(
    hass: HomeAssistant,
    clock: Clock,
    downloads: Downloads,
    debug_log: pytest.LogCaptureFixture,
    simulator: Simulator,
    set_up: SetUp,
    tokens: set[str],
    office: Office,
    echo: Echo,
) -> None:
    entry = await set_up(office.room, office.other, **office.options)
    await downloads.add(entry)
    for source in ("list", "batch"):
        hass.config_entries.async_update_entry(entry, options={**entry.options, "source": source})
        for echo.for_tokens in (False, True):
            await troubles(hass, clock, entry, office, echo, downloads)
    await downloads.add(entry)
    office.tenant.inject(unreadable(office.other), times=None, when=is_about(office.other))
    hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 300})
    await clock.forward(hours=7)
    office.tenant.delete_room(office.room.room_id)
    await clock.forward(hours=13)
    await downloads.add(entry)
    await simulator.stop()
    await clock.forward(minutes=30)
    await downloads.add(entry)
    office.tenant.clear_faults()
    await simulator.start()
    await clock.run(hass.config_entries.async_reload(entry.entry_id))
    await clock.forward(minutes=5)
    objects = "\n".join(reprs())
    await clock.run(hass.config_entries.async_unload(entry.entry_id))
    await downloads.add(entry)

    assert echo.replies > 200
    assert len(tokens) > 3
    assert any("Feishu refused the request" in text for text in downloads)
    for line in ("retrying in", "rooms and people of Aviary can't be read", "Aviary, free_busy: "):
        assert line in debug_log.text
    for shown in (debug_log.text, *downloads):
        assert office.found_in(shown, (SECRET, *tokens, *office.personal())) == []
    assert office.found_in("\n".join(downloads), [TITLE]) == []
    assert "FreeBusyCoordinator" in objects
    assert office.found_in(objects, (SECRET, *tokens)) == []


async def troubles(
    hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, office: Office, echo: Echo, downloads: list[str]
) -> None:
    """Let the server give each reply in turn, and use the integration meanwhile."""
    for reply in REPLIES.values():
        echo.reply = reply
        if echo.for_tokens:
            office.tenant.expire_tokens()
        await clock.forward(minutes=2)
        downloads += await use(hass, clock, entry, office)
        echo.reply = None
        await clock.forward(minutes=1)


def unreadable(room: Room) -> Fault:
    return Fault.error(400, 190014, f"The value of room_id {room.room_id} is invalid.")


def is_about(room: Room) -> Callable[[Call], bool]:
    return lambda call: room.room_id in f"{call.path}{call.body}{call.pairs}"


async def use(hass: HomeAssistant, clock: Clock, entry: MockConfigEntry, office: Office) -> list[str]:
    """Use all actions and flows of a user. Return the texts of the errors, which Home Assistant logs."""
    errors: list[str] = []

    async def act(domain: str, action: str, **data: Any) -> None:
        response = action != "update_entity"
        call = hass.services.async_call(domain, action, data, blocking=True, return_response=response)
        try:
            await clock.run(call)
        except HomeAssistantError as error:
            errors.append(f"{error} {error!r} {error.translation_placeholders}")

    room = busy_id(hass, office.room)
    beyond = {"start_date_time": at(9, day=30), "end_date_time": at(9, day=31)}
    await act("homeassistant", "update_entity", entity_id=room)
    await act(DOMAIN, "get_free_busy", entity_id=[room], user_id=[office.person.user_id, office.person.open_id])
    await act(DOMAIN, "find_rooms")
    await act("calendar", "get_events", entity_id=room.replace("binary_sensor", "calendar"), **beyond)
    for step, field, typed in (
        ("rooms", CONF_ROOMS, [office.room.room_id, "omm_canary0123456789"]),
        ("people", CONF_PEOPLE, [office.person.email, office.person.mobile, "ou_canary0123456789"]),
    ):
        flow = await clock.run(hass.config_entries.options.async_init(entry.entry_id))
        for user_input in ({"next_step_id": step}, {field: typed}):
            flow = await clock.run(hass.config_entries.options.async_configure(flow["flow_id"], user_input))
        hass.config_entries.options.async_abort(flow["flow_id"])
    return errors


def reprs() -> Iterator[str]:
    """Yield the `repr` of all live objects of the integration, and of all tasks."""
    for each in gc.get_objects():
        if type(each).__module__.startswith(f"custom_components.{DOMAIN}"):
            yield repr(each)
    yield from map(repr, asyncio.all_tasks())
