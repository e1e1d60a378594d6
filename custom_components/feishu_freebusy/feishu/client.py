"""Async client of the Feishu (Lark) Open Platform, as far as meeting rooms and free/busy need it.

It knows nothing of Home Assistant. Instants go in and come out aware, out in UTC. Every call may raise `FeishuError`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

import aiohttp

from . import parse
from .address import FEISHU_URL
from .errors import UnreadableAnswerError
from .models import Bot, BusyPeriod, Page, Room, RoomLevel, UserIdType
from .traffic import AppTraffic
from .transport import Endpoint, Transport

SCOPES_FREE_BUSY = ("calendar:calendar.free_busy:read", "calendar:calendar:readonly", "calendar:calendar")
SCOPES_ROOMS = ("vc:room:readonly", "vc:room")

FREEBUSY_LIST = Endpoint("POST", "calendar/v4/freebusy/list", SCOPES_FREE_BUSY)
ROOMS = Endpoint("GET", "vc/v1/rooms", SCOPES_ROOMS)
ROOMS_MGET = Endpoint("POST", "vc/v1/rooms/mget", SCOPES_ROOMS)
ROOM_LEVELS = Endpoint("GET", "vc/v1/room_levels", SCOPES_ROOMS)
APP_SCOPES = Endpoint("GET", "application/v6/scopes")
BOT_INFO = Endpoint("GET", "bot/v3/info")

MAX_WINDOW = timedelta(days=90)
_PAGE_SIZE = 100
_MAX_PAGES = 500
_MGET_SIZE = 50  # the API states no maximum
_DEADLINE = 90.0  # seconds; longer than any wait the limits of a minute can ask for


class FeishuClient:
    """Reads one tenant as one custom app."""

    def __init__(  # two credentials, an address, and what it works with
        self,
        session: aiohttp.ClientSession,
        app_id: str,
        app_secret: str,
        *,
        base_url: str = FEISHU_URL,
        traffic: AppTraffic | None = None,
        deadline: float = _DEADLINE,
    ) -> None:
        """Take the app's credentials and the caller's session.

        `traffic` is to be the same for all clients of one app; `deadline` is the most seconds that a call may last.
        """
        self.base_url = base_url
        self.app_id = app_id
        self.traffic = traffic or AppTraffic()
        self._transport = Transport(
            session,
            base_url=base_url,
            app_id=app_id,
            app_secret=app_secret,
            traffic=self.traffic,
            deadline=deadline,
        )

    def __repr__(self) -> str:
        """Name the app, never the secret."""
        return f"<FeishuClient {self.app_id} at {self.base_url}>"

    async def check_credentials(self) -> None:
        """See to it that there is a token. Raises `CredentialsError` if id or secret are refused."""
        await self._transport.token()

    async def freebusy_list(  # the API's own parameters
        self,
        *,
        time_min: datetime,
        time_max: datetime,
        room_id: str | None = None,
        user_id: str | None = None,
        user_id_type: UserIdType = UserIdType.OPEN_ID,
        include_external_calendar: bool = True,
        only_busy: bool = True,
        need_rsvp_status: bool = False,
    ) -> tuple[BusyPeriod, ...]:
        """Return the busy periods of one room or one person that touch `[time_min, time_max)`, sorted.

        A window of more than 90 days takes several calls. A period that Feishu cut at the edge between two of them
        comes back in one piece. Raises `ValueError`, before anything is sent, unless there is exactly one subject and
        an aware window that isn't empty; `SubjectError` if Feishu can't say.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar/list
        """
        if (room_id is None) == (user_id is None):
            raise ValueError("free/busy is asked of one room or of one person")
        if not (room_id or user_id):
            raise ValueError("the id is empty")
        if time_min.utcoffset() is None or time_max.utcoffset() is None:
            raise ValueError("the window needs a time zone")
        subject = {"user_id": user_id} if room_id is None else {"room_id": room_id}
        options = {
            "include_external_calendar": include_external_calendar,
            "only_busy": only_busy,
            "need_rsvp_status": need_rsvp_status,
        }
        periods: list[BusyPeriod] = []
        for start, end in _windows(time_min, time_max):
            body = await self._transport.call(
                FREEBUSY_LIST,
                params={"user_id_type": user_id_type.value},
                body={**subject, **options, "time_min": start.isoformat(), "time_max": end.isoformat()},
            )
            periods = _joined(periods, parse.busy_periods(parse.data_of(body)), seam=start)
        return tuple(sorted(periods, key=lambda period: (period.start, period.end)))

    async def rooms(self, room_level_id: str = "") -> tuple[Room, ...]:
        """Return the rooms of a level, or without one of the tenant. Whether that is all of them, Feishu doesn't say.

        https://open.feishu.cn/document/server-docs/vc-v1/room/list
        """
        return await self._all_pages(ROOMS, room_level_id, parse.rooms)

    async def room_levels(self, room_level_id: str = "") -> tuple[RoomLevel, ...]:
        """Return the levels directly below one, or without one the topmost levels of the tenant.

        https://open.feishu.cn/document/server-docs/vc-v1/room_level/list
        """
        return await self._all_pages(ROOM_LEVELS, room_level_id, parse.room_levels)

    async def rooms_mget(self, room_ids: Iterable[str]) -> tuple[Room, ...]:
        """Return those of the rooms that exist.

        https://open.feishu.cn/document/server-docs/vc-v1/room/mget
        """
        found: list[Room] = []
        for chunk in batched(dict.fromkeys(room_ids), _MGET_SIZE, strict=False):
            body = await self._transport.call(ROOMS_MGET, body={"room_ids": list(chunk)})
            found += parse.rooms(parse.data_of(body), "items")
        return tuple(found)

    async def granted_scopes(self) -> frozenset[str]:
        """Return the permissions that the tenant has granted to the app.

        https://open.feishu.cn/document/server-docs/application-v6/scope/list
        """
        return parse.granted_scopes(parse.data_of(await self._transport.call(APP_SCOPES)))

    async def bot(self) -> Bot:
        """Return the app's bot. Raises `BotDisabledError` if there is none.

        https://open.feishu.cn/document/client-docs/bot-v3/obtain-bot-info
        """
        return parse.bot(await self._transport.call(BOT_INFO))

    async def _all_pages[T](
        self, endpoint: Endpoint, room_level_id: str, parse_items: Callable[[dict[str, Any]], tuple[T, ...]]
    ) -> tuple[T, ...]:
        items: list[T] = []
        params = {"page_size": str(_PAGE_SIZE)} | ({"room_level_id": room_level_id} if room_level_id else {})
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            page: Page[T] = parse.page(parse.data_of(await self._transport.call(endpoint, params=params)), parse_items)
            items += page.items
            if page.next_token is None:
                return tuple(items)
            if page.next_token in seen:
                break
            seen.add(page.next_token)
            params = {**params, "page_token": page.next_token}
        raise UnreadableAnswerError("the pages of a list have no end")


def _windows(time_min: datetime, time_max: datetime) -> Sequence[tuple[datetime, datetime]]:
    """Cut a window into the longest that one call takes, on whole seconds and never smaller than asked."""
    # In UTC, for there 90 days are 90 times 24 hours, whatever the clocks of the caller's zone do meanwhile
    start = time_min.astimezone(UTC).replace(microsecond=0)
    end = time_max.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1 if time_max.microsecond else 0)
    if end <= start:
        raise ValueError("the window is empty")
    windows = []
    while start < end:
        stop = min(start + MAX_WINDOW, end)
        windows.append((start, stop))
        start = stop
    return windows


def _joined(before: list[BusyPeriod], after: Iterable[BusyPeriod], *, seam: datetime) -> list[BusyPeriod]:
    """Join the rows of two windows that meet at `seam`; a row that both returned, whole or cut there, counts once."""
    joined = list(before)
    whole = {period for period in before if period.end > seam}
    cut = [period for period in before if period.end == seam]
    for period in after:
        if period in whole:
            continue
        first = next((other for other in cut if other.rsvp_status == period.rsvp_status), None)
        if period.start == seam and first:
            cut.remove(first)
            joined.remove(first)
            joined.append(BusyPeriod(first.start, period.end, period.rsvp_status))
        else:
            joined.append(period)
    return joined
