"""Async client of the Feishu (Lark) Open Platform: the calls that meeting rooms and free/busy need.

It does not depend on Home Assistant. All instants are aware; those returned are in UTC. Every call may raise
`FeishuError`.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched, zip_longest
from typing import Any

import aiohttp

from . import parse
from .address import FEISHU_URL
from .errors import FeishuError, NotReachableError, SubjectError, UnreadableAnswerError
from .events import Events
from .limits import AppTraffic
from .models import Bot, BusyAnswer, BusyPeriod, Page, Room, RoomLevel, SubjectKind, SubjectRef, UserIdType
from .tokens import TokenSource
from .transport import Deadline, Endpoint, Transport
from .windows import joined, read_in_parts, windows

SCOPES_FREE_BUSY = ("calendar:calendar.free_busy:read", "calendar:calendar:readonly", "calendar:calendar")
SCOPES_ROOMS = ("vc:room:readonly", "vc:room")
SCOPES_ROOM_BATCH = ("calendar:room:readonly",)
SCOPES_USER_IDS = ("contact:user.id:readonly",)
SCOPES_VERSIONS = ("application:application:self_manage", "application:application.app_version:readonly")

FREEBUSY_LIST = Endpoint("POST", "calendar/v4/freebusy/list", SCOPES_FREE_BUSY)
FREEBUSY_BATCH = Endpoint("POST", "calendar/v4/freebusy/batch", SCOPES_FREE_BUSY)
ROOM_FREEBUSY_BATCH_GET = Endpoint("GET", "meeting_room/freebusy/batch_get", SCOPES_ROOM_BATCH)
ROOMS = Endpoint("GET", "vc/v1/rooms", SCOPES_ROOMS)
ROOM = Endpoint("GET", "vc/v1/rooms/:id", SCOPES_ROOMS)
ROOMS_MGET = Endpoint("POST", "vc/v1/rooms/mget", SCOPES_ROOMS)
ROOMS_SEARCH = Endpoint("POST", "vc/v1/rooms/search", SCOPES_ROOMS)
ROOM_LEVELS = Endpoint("GET", "vc/v1/room_levels", SCOPES_ROOMS)
USER_IDS = Endpoint("POST", "contact/v3/users/batch_get_id", SCOPES_USER_IDS, counted=False)
APP_SCOPES = Endpoint("GET", "application/v6/scopes", counted=False)
APPLY_SCOPES = Endpoint("POST", "application/v6/scopes/apply", counted=False)
BOT_INFO = Endpoint("GET", "bot/v3/info")
CONNECTIONS = Endpoint("GET", "event/v1/connection", counted=False)
VERSIONS = Endpoint("GET", "application/v6/applications/:id/app_versions", SCOPES_VERSIONS, counted=False)

MAX_WINDOW = timedelta(days=90)
MAX_BATCH_ROOMS = 20
MAX_BATCH_ROOMS_WINDOW = timedelta(days=30)
MAX_BATCH_USERS = 10
MAX_BATCH_USERS_WINDOW = timedelta(weeks=2)
PAGE_SIZE = 100
_MAX_PAGES = 500
_MAX_ITEMS = _MAX_PAGES * PAGE_SIZE  # a server may return larger pages than requested
MAX_MGET_ROOMS = 50  # the API documents no maximum
_USER_IDS_SIZE = 50
NO_ROOM = "omm_00000000000000000000000000000000"
_PROOF_LASTS = 10.0  # seconds: the answers of one poll
_SHORTEST_WAIT = 0.05  # seconds
_DEADLINE = 90.0  # seconds; longer than the longest wait for a limit per minute


@dataclass(frozen=True, slots=True)
class _Proof:
    """A call that shows whether Feishu answers. `answer` is the error, if any; `started` is a time of the loop."""

    answer: asyncio.Task[FeishuError | None]
    deadline: Deadline
    started: float


class FeishuClient:
    """Reads one tenant as one custom app."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        app_id: str,
        app_secret: str,
        *,
        base_url: str = FEISHU_URL,
        traffic: AppTraffic | None = None,
        deadline: float | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        """Create a client on the caller's session, which must be made with `session_options`.

        All clients of one app must share one `traffic`. `deadline` is the longest that a call may last, in seconds.
        `tokens` are those of a person, None for the app's own. `events` books and releases rooms.
        """
        self.base_url = base_url
        self.app_id = app_id
        self.traffic = traffic or AppTraffic()
        self._proof: _Proof | None = None
        self._transport = Transport(
            session,
            base_url=base_url,
            app_id=app_id,
            app_secret=app_secret,
            traffic=self.traffic,
            deadline=_DEADLINE if deadline is None else deadline,
            tokens=tokens,
        )
        self.events = Events(self._transport)

        def with_tokens(tokens: TokenSource) -> FeishuClient:
            return FeishuClient(
                session,
                app_id,
                app_secret,
                base_url=base_url,
                traffic=self.traffic,
                deadline=deadline,
                tokens=tokens,
            )

        self._with_tokens = with_tokens  # a function, so that the client itself does not hold the secret

    def __repr__(self) -> str:
        """Return a text without the secret."""
        return f"<FeishuClient {self.app_id} at {self.base_url}>"

    def as_person(self, tokens: TokenSource) -> FeishuClient:
        """Return a client that calls with the tokens of a person. Its `events` books in their name.

        It shares the session, the limits and the deadline. Lists of rooms and levels, `events.reply` and
        `events.titles` are only for apps.
        """
        return self._with_tokens(tokens)

    async def check_credentials(self) -> None:
        """Request a token of the app, even if there is one. Raises `CredentialsError` if Feishu refuses them."""
        await self._transport.check_credentials()

    async def freebusy_list(
        self,
        subject: SubjectRef,
        *,
        time_min: datetime,
        time_max: datetime,
        include_external_calendar: bool = True,
        only_busy: bool = True,
        need_rsvp_status: bool = False,
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of one room or person that overlap `[time_min, time_max)`, sorted.

        A window of more than 90 days takes several calls. A period that Feishu cuts at the edge between two calls is
        returned in one piece. Raises `ValueError`, before any call, if the id is empty or the window is naive or empty.
        Raises `SubjectError` if Feishu can't read the subject.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar/list
        """
        if not subject.id:
            raise ValueError("the id is empty")
        question = {
            "room_id" if subject.kind is SubjectKind.ROOM else "user_id": subject.id,
            "include_external_calendar": include_external_calendar,
            "only_busy": only_busy,
            "need_rsvp_status": need_rsvp_status,
        }
        periods: tuple[BusyPeriod, ...] = ()
        for start, end in windows(time_min, time_max, MAX_WINDOW):
            deadline = self._transport.new_deadline()
            body = await self._transport.call(
                FREEBUSY_LIST,
                deadline=deadline,
                params={"user_id_type": (subject.id_type or UserIdType.OPEN_ID).value},
                body={**question, "time_min": start.isoformat(), "time_max": end.isoformat()},
            )
            if parse.is_empty_success(body):
                await self._prove_that_feishu_answers(deadline)
                continue
            periods = joined(periods, parse.busy_periods(parse.data_of(body)), seam=start)
        return periods

    async def _prove_that_feishu_answers(self, deadline: Deadline) -> None:
        """Raise `FeishuError` unless Feishu itself answers `freebusy/list`, before the deadline of the call.

        Some tenants answer only "success" if there is no busy period. Another server that says the same must not free a
        room. Only Feishu knows that `NO_ROOM` does not exist. The call is not counted, because it fails.
        """
        now = asyncio.get_running_loop().time()
        if self._proof is None or now - self._proof.started > _PROOF_LASTS:
            its_own = self._transport.new_deadline()
            self._proof = _Proof(asyncio.create_task(self._ask_for_no_room(its_own)), its_own, now)
        proof = self._proof
        # By the time of the proof, which stands still while it waits in the queue of our own limits
        over_at = proof.deadline.left - deadline.left
        while not proof.answer.done():
            if (left := proof.deadline.left - over_at) <= 0:
                raise NotReachableError("no answer in time")
            # Not awaited itself: one caller may be canceled while others wait
            await asyncio.wait([proof.answer], timeout=max(left, _SHORTEST_WAIT))
        if error := proof.answer.result():
            self._proof = None
            raise error.with_traceback(None)

    async def _ask_for_no_room(self, deadline: Deadline) -> FeishuError | None:
        now = datetime.now(UTC).replace(microsecond=0)  # any window does
        window = {"time_min": now.isoformat(), "time_max": (now + timedelta(days=1)).isoformat()}
        try:
            await self._transport.call(FREEBUSY_LIST, body={"room_id": NO_ROOM, **window}, deadline=deadline)
        except SubjectError:
            return None
        except FeishuError as error:
            return error
        return UnreadableAnswerError("the answer has no data")

    async def freebusy_batch(
        self,
        people: Sequence[SubjectRef],
        *,
        time_min: datetime,
        time_max: datetime,
        include_external_calendar: bool = True,
        only_busy: bool = True,
        need_rsvp_status: bool = False,
    ) -> dict[str, BusyAnswer]:
        """Return the busy periods of 1 to 10 people that overlap `[time_min, time_max)`, sorted, by id.

        A person who can't be read has an error instead of periods: `SubjectError` if Feishu leaves the person out,
        `UnreadableRowsError` if one of their rows is malformed, or all have a list and one more list names nobody. One
        unknown person may also fail the whole call, with `SubjectError`. A window of more than two weeks takes several
        calls. Raises `ValueError`, before any call, for another number of people, for an empty or repeated id, for ids
        of several types or of a room, and for a window that is naive or empty.

        https://open.feishu.cn/document/uAjLw4CM/ukTMukTMukTM/reference/calendar-v4/freebusy/batch
        """
        user_ids = [person.id for person in people]
        _check_ids(user_ids, MAX_BATCH_USERS)
        id_type, *others = {person.id_type for person in people}
        if id_type is None or others:
            raise ValueError("one call takes people with ids of one type")
        question = {
            "user_ids": user_ids,
            "include_external_calendar": include_external_calendar,
            "only_busy": only_busy,
            "need_rsvp_status": need_rsvp_status,
        }

        async def read(start: datetime, end: datetime) -> dict[str, BusyAnswer]:
            body = await self._transport.call(
                FREEBUSY_BATCH,
                params={"user_id_type": id_type.value},
                body={**question, "time_min": start.isoformat(), "time_max": end.isoformat()},
            )
            return parse.users_busy(parse.data_of(body), user_ids)

        return await read_in_parts(windows(time_min, time_max, MAX_BATCH_USERS_WINDOW), read)

    async def room_freebusy_batch_get(
        self, room_ids: Sequence[str], *, time_min: datetime, time_max: datetime
    ) -> dict[str, BusyAnswer]:
        """Return the busy periods of 1 to 20 rooms that overlap `[time_min, time_max)`, sorted, by id.

        No period has an `rsvp_status`. A room that can't be read has an error instead of periods: `SubjectError` if
        Feishu refuses it, `UnreadableAnswerError` if one of its rows is malformed. An incomplete answer raises
        `UnreadableAnswerError`, because a room that it leaves out may be busy. One unknown room may also fail the whole
        call, with `SubjectError`. A window of more than 30 days takes several calls. Raises `ValueError`, before any
        call, for another number of ids, for an empty or repeated id, and for a window that is naive or empty. Raises
        `EndpointRetiredError` if Feishu has taken this old API offline.

        https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/query-room-availability
        """
        _check_ids(room_ids, MAX_BATCH_ROOMS)

        async def read(start: datetime, end: datetime) -> dict[str, BusyAnswer]:
            window = (("time_min", start.isoformat()), ("time_max", end.isoformat()))
            params = (*(("room_ids", room_id) for room_id in room_ids), *window)
            body = await self._transport.call(ROOM_FREEBUSY_BATCH_GET, params=params)
            return parse.rooms_busy(parse.data_of(body), room_ids, start, end)

        return await read_in_parts(windows(time_min, time_max, MAX_BATCH_ROOMS_WINDOW), read)

    async def rooms(self, room_level_id: str = "") -> tuple[Room, ...]:
        """Return the rooms of a level; without a level, those of the tenant. The list may be incomplete.

        https://open.feishu.cn/document/server-docs/vc-v1/room/list
        """
        return await self._all_pages(ROOMS, room_level_id, parse.rooms)

    async def bookable_rooms(self) -> frozenset[str]:
        """Return the ids of the rooms that a person may book. Only the client of a person can ask for them.

        https://open.feishu.cn/document/server-docs/vc-v1/room/search
        """
        return frozenset(room.room_id for room in await self._all_pages(ROOMS_SEARCH, "", parse.rooms))

    async def room_levels(self, room_level_id: str = "") -> tuple[RoomLevel, ...]:
        """Return the levels directly below a level; without a level, the topmost levels of the tenant.

        https://open.feishu.cn/document/server-docs/vc-v1/room_level/list
        """
        return await self._all_pages(ROOM_LEVELS, room_level_id, parse.room_levels)

    async def rooms_mget(self, room_ids: Iterable[str]) -> tuple[Room, ...]:
        """Return the rooms that exist. Unknown ids are left out.

        https://open.feishu.cn/document/server-docs/vc-v1/room/mget
        """
        found: list[Room] = []
        for chunk in batched(dict.fromkeys(room_ids), MAX_MGET_ROOMS, strict=False):
            body = await self._transport.call(ROOMS_MGET, body={"room_ids": list(chunk)})
            found += parse.rooms(parse.data_of(body), "items")
        return tuple(found)

    async def room(self, room_id: str) -> Room:
        """Return one room. Raises `SubjectError` if it doesn't exist.

        https://open.feishu.cn/document/server-docs/vc-v1/room/get
        """
        if "/" in room_id or not room_id.strip("."):
            raise SubjectError("no room can have this id")  # it would change the path of the request
        return parse.room(parse.data_of(await self._transport.call(ROOM, path_ids=(room_id,))), room_id)

    async def user_ids(
        self,
        *,
        emails: Iterable[str] = (),
        mobiles: Iterable[str] = (),
        user_id_type: UserIdType = UserIdType.OPEN_ID,
    ) -> dict[str, str]:
        """Return people's ids by the address or number, exactly as given. Unknown ones are left out.

        A number from outside mainland China needs its `+` and country code. Raises `ValueError`, before any call, for
        an empty address or number.

        https://open.feishu.cn/document/server-docs/contact-v3/user/batch_get_id
        """
        addresses, numbers = tuple(dict.fromkeys(emails)), tuple(dict.fromkeys(mobiles))
        if not all(contact.strip() for contact in (*addresses, *numbers)):
            raise ValueError("an address or number is empty")
        found: dict[str, str] = {}
        for some_addresses, some_numbers in zip_longest(
            batched(addresses, _USER_IDS_SIZE, strict=False),
            batched(numbers, _USER_IDS_SIZE, strict=False),
            fillvalue=(),
        ):
            body = await self._transport.call(
                USER_IDS,
                params={"user_id_type": user_id_type.value},
                body={"emails": list(some_addresses), "mobiles": list(some_numbers)},
            )
            found |= parse.user_ids(parse.data_of(body), some_addresses, some_numbers)
        return found

    async def granted_scopes(self) -> frozenset[str]:
        """Return the scopes that the tenant has granted to the app.

        https://open.feishu.cn/document/server-docs/application-v6/scope/list
        """
        return parse.granted_scopes(parse.data_of(await self._transport.call(APP_SCOPES)))

    async def apply_for_scopes(self) -> None:
        """Ask the tenant's administrators for the scopes that the app lacks.

        Raises `RequestError`. Its code is 212002 if no scope is missing, 212003 after ten requests, 212004 if a request
        is pending already, 212001 if the missing scopes can't be requested this way.

        https://open.feishu.cn/document/server-docs/application-v6/scope/apply
        """
        await self._transport.call(APPLY_SCOPES)

    async def bot(self) -> Bot:
        """Return the app's bot. Raises `BotDisabledError` if the app has none.

        https://open.feishu.cn/document/client-docs/bot-v3/obtain-bot-info
        """
        return parse.bot(await self._transport.call(BOT_INFO))

    async def online_connections(self) -> int:
        """Return how many long connections of the app are open, of all its clients."""
        return parse.online_connections(parse.data_of(await self._transport.call(CONNECTIONS)))

    async def published_events(self) -> frozenset[str]:
        """Return the event types in the app's published version, none if no version is published."""
        params = {"lang": "zh_cn", "page_size": "2"}
        body = await self._transport.call(VERSIONS, path_ids=(self.app_id,), params=params)
        return parse.published_events(parse.data_of(body))

    async def _all_pages[T](
        self, endpoint: Endpoint, room_level_id: str, parse_items: Callable[[dict[str, Any]], tuple[T, ...]]
    ) -> tuple[T, ...]:
        items: list[T] = []
        params = {"page_size": str(PAGE_SIZE)} | ({"room_level_id": room_level_id} if room_level_id else {})
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            if endpoint.method == "POST":
                body = await self._transport.call(endpoint, body={**params, "page_size": PAGE_SIZE})
            else:
                body = await self._transport.call(endpoint, params=params)
            page: Page[T] = parse.page(parse.data_of(body), parse_items)
            items += page.items
            if len(items) > _MAX_ITEMS or page.next_token in seen:
                break
            if page.next_token is None:
                return tuple(items)
            seen.add(page.next_token)
            params = {**params, "page_token": page.next_token}
        raise UnreadableAnswerError("the pages of a list have no end")


def _check_ids(ids: Sequence[str], most: int) -> None:
    if not 1 <= len(ids) <= most:
        raise ValueError(f"one call takes 1 to {most} ids")
    if not all(ids) or len(set(ids)) < len(ids):
        raise ValueError("an id is empty or repeated")
