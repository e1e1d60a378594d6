"""The calls that change something: book rooms with events in the app's calendar, and end or release bookings.

An event of the app invites a room, and the room replies after some seconds. The app is the organizer. All calls need
the app's bot, except for `reply`, `bookings`, `bookings_of_rooms` and `titles`. An app makes one write a second. The
client of a person uses the person's calendar instead, without the bot: then the person is the organizer.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from . import parse
from .errors import (
    EVENT_CODES,
    INVITATION_CODES,
    REPLY_CODES,
    EventGoneError,
    FeishuError,
    RequestError,
    UnreadableAnswerError,
)
from .limits import Payer, paid_by
from .models import Event, EventRef, InstanceReply, RoomBooking, RoomCheck, RsvpStatus
from .transport import Endpoint, Params, Transport
from .windows import windows

SCOPES_CALENDAR = ("calendar:calendar:read", "calendar:calendar:readonly")
SCOPES_EVENT_CREATE = ("calendar:calendar.event:create", "calendar:calendar")
SCOPES_EVENT_UPDATE = ("calendar:calendar.event:update", "calendar:calendar")
SCOPES_EVENT_READ = ("calendar:calendar.event:read", "calendar:calendar:readonly", "calendar:calendar")
SCOPES_EVENT_DELETE = ("calendar:calendar.event:delete", "calendar:calendar")
SCOPES_ROOM_CHECK = ("calendar:calendar.free_busy:read", "calendar:calendar:readonly", "calendar:calendar")
SCOPES_REPLY = ("calendar:room:readonly",)
SCOPES_TITLES = ("calendar:room",)
# What a feature needs: of each row, any one scope
TO_BOOK = (
    SCOPES_CALENDAR,
    SCOPES_EVENT_CREATE,
    SCOPES_EVENT_UPDATE,
    SCOPES_EVENT_READ,
    SCOPES_EVENT_DELETE,
    SCOPES_REPLY,  # also to read the rows of a room
)
TO_RELEASE = (SCOPES_REPLY,)
TO_SHOW_ORGANIZERS = (SCOPES_REPLY,)
TO_SHOW_TITLES = (SCOPES_TITLES, SCOPES_REPLY)

_EVENTS = "calendar/v4/calendars/:id/events"
PRIMARY_CALENDAR = Endpoint("POST", "calendar/v4/calendars/primary", SCOPES_CALENDAR, codes=EVENT_CODES)
CALENDAR = Endpoint("GET", "calendar/v4/calendars/:id", SCOPES_CALENDAR, codes=EVENT_CODES)
CREATE_EVENT = Endpoint("POST", _EVENTS, SCOPES_EVENT_CREATE, writes=True, codes=EVENT_CODES)
EVENT = Endpoint("GET", f"{_EVENTS}/:id", SCOPES_EVENT_READ, codes=EVENT_CODES)
DELETE_EVENT = Endpoint("DELETE", f"{_EVENTS}/:id", SCOPES_EVENT_DELETE, writes=True, codes=EVENT_CODES)
INVITE = Endpoint("POST", f"{_EVENTS}/:id/attendees", SCOPES_EVENT_UPDATE, writes=True, codes=INVITATION_CODES)
ATTENDEES = Endpoint("GET", f"{_EVENTS}/:id/attendees", SCOPES_EVENT_READ, codes=EVENT_CODES)
ROOM_CHECK = Endpoint("POST", "calendar/v4/freebusy/room_availability_check", SCOPES_ROOM_CHECK, codes=EVENT_CODES)
ROOM_BOOKINGS = Endpoint("GET", "meeting_room/freebusy/batch_get", SCOPES_REPLY)
REPLY = Endpoint("POST", "meeting_room/instance/reply", SCOPES_REPLY, writes=True, repeatable=False, codes=REPLY_CODES)
TITLES = Endpoint("POST", "meeting_room/summary/batch_get", SCOPES_TITLES)

MAX_TITLE = 1000  # characters
MAX_REASON = 200
MAX_TITLES = 50  # per call; the API documents no maximum
_KEY_LENGTHS = range(32, 129)
_PAGE_SIZE = 100
_MAX_PAGES = 35  # an event has at most 3000 attendees
_MAX_WINDOW = timedelta(days=30)
_TOO_MANY = frozenset({105002, 100002})
_OPEN_ID = {"user_id_type": "open_id"}


def missing_scopes(needed: Iterable[tuple[str, ...]], granted: Collection[str]) -> tuple[str, ...]:
    """Return the narrowest scopes that the app still needs, in order; none if a feature works."""
    return tuple(scopes[0] for scopes in needed if not set(scopes) & set(granted))


def needed_scopes(*, book: bool, release: bool) -> tuple[tuple[str, ...], ...]:
    """Return what booking, and ending bookings of others, need: of each row, any one scope."""
    return tuple(dict.fromkeys((*(TO_BOOK if book else ()), *(TO_RELEASE if release else ()))))


class Events:
    """Books and releases the rooms of one tenant. Every call may raise `FeishuError`. All instants are aware."""

    def __init__(self, transport: Transport) -> None:
        """Use the transport of a client."""
        self._transport = transport

    async def primary_calendar(self) -> str:
        """Return the id of the primary calendar of the app's bot, or of the person.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar/primary
        """
        return parse.primary_calendar(await self._data(PRIMARY_CALENDAR, params=_OPEN_ID))

    async def may_write(self, calendar_id: str) -> bool:
        """Return whether the app may add events to a calendar. Raises `CalendarUnusableError` or `EventDeniedError`.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar/get
        """
        return parse.may_write(await self._data(CALENDAR, calendar_id))

    async def create(
        self,
        calendar_id: str,
        *,
        title: str,
        start: datetime,
        end: datetime,
        time_zone: str,
        idempotency_key: str,
    ) -> Event:
        """Create an event `[start, end)`, without a video meeting and without notifications. It has no room yet.

        `start` may be past, `end` not; both are cut to whole seconds. `time_zone` is an IANA name. The same
        `idempotency_key` returns the same event again. Raises `ValueError`, before any call, for naive times, an empty
        period, a long title, or a key that does not have 32 to 128 characters. Raises `CalendarUnusableError`,
        `EventDeniedError`, or `RequestError` if Feishu refuses the event.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar-event/create
        """
        if start.utcoffset() is None or end.utcoffset() is None or int(end.timestamp()) <= int(start.timestamp()):
            raise ValueError("an event needs aware times, and its end after its start")
        if len(title) > MAX_TITLE:
            raise ValueError("the title is too long")
        if len(idempotency_key) not in _KEY_LENGTHS:
            raise ValueError("an idempotency key has 32 to 128 characters")
        body = {
            "summary": title,
            "start_time": _event_time(start, time_zone),
            "end_time": _event_time(end, time_zone),
            "vchat": {"vc_type": "no_meeting"},  # else a video meeting appears with the first attendee
            "visibility": "default",
            "free_busy_status": "busy",
            "attendee_ability": "none",
            "need_notification": False,
        }
        params = {**_OPEN_ID, "idempotency_key": idempotency_key}
        return parse.event(await self._data(CREATE_EVENT, calendar_id, params=params, body=body))

    async def event(self, calendar_id: str, event_id: str) -> Event:
        """Return an event of the calendar. Raises `EventGoneError` if it does not exist, or not any more.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar-event/get
        """
        found = parse.event(await self._data(EVENT, calendar_id, event_id, params=_OPEN_ID))
        if found.event_id != event_id:
            raise UnreadableAnswerError("the answer is about another event")
        return found

    async def add_room(
        self, calendar_id: str, event_id: str, room_id: str, *, contact: str = "", approval_reason: str = ""
    ) -> None:
        """Invite a room to an event. The room replies later: ask for its `verdict`.

        `contact` is the open_id of a person: the room shows them as its booker, and they are not invited.
        `approval_reason` is for a room whose bookings an administrator approves. Only a person can request these rooms,
        and the verdict stays `NEEDS_ACTION` until the administrator decides. Raises `ValueError`, before any call, for
        a long reason. Raises `RoomRefusedError` if the room may not be requested, `ContactUnknownError`,
        `EventGoneError` or `EventDeniedError`.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar-event-attendee/create
        """
        if len(approval_reason) > MAX_REASON:
            raise ValueError("the reason is too long")
        room = {"type": "resource", "room_id": room_id}
        room |= {"operate_id": contact} if contact else {}
        room |= {"approval_reason": approval_reason} if approval_reason else {}
        body = {"attendees": [room], "need_notification": False, "add_operator_to_attendee": False}
        await self._data(INVITE, calendar_id, event_id, params=_OPEN_ID, body=body)

    async def verdict(self, calendar_id: str, event_id: str, room_id: str) -> RsvpStatus | None:
        """Return a room's reply to an event: `NEEDS_ACTION` until it replies, `REMOVED` if the event lacks the room.

        None is a word that is unknown here. Raises `EventGoneError` or `EventDeniedError`.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar-event-attendee/list
        """
        params = {**_OPEN_ID, "page_size": str(_PAGE_SIZE)}
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            data = await self._data(ATTENDEES, calendar_id, event_id, params=params)
            page = parse.page(data, parse.room_replies)
            replies = dict(page.items)
            if room_id in replies:
                return replies[room_id]
            if page.next_token is None:
                return RsvpStatus.REMOVED
            if page.next_token in seen:
                break
            seen.add(page.next_token)
            params = {**params, "page_token": page.next_token}
        raise UnreadableAnswerError("the pages of a list have no end")

    async def delete(self, calendar_id: str, event_id: str) -> None:
        """Delete an event, which frees its rooms. An event that was deleted before counts as deleted now.

        Raises `EventGoneError` if the calendar never had it, and `EventDeniedError` if the app is not the organizer.

        https://open.feishu.cn/document/server-docs/calendar-v4/calendar-event/delete
        """
        try:
            await self._call(DELETE_EVENT, calendar_id, event_id, params={"need_notification": "false"})
        except EventGoneError as error:
            if not error.was_deleted:
                raise

    async def bookings(self, room_id: str, *, time_min: datetime, time_max: datetime) -> tuple[RoomBooking, ...]:
        """Return the rows of a room that overlap `[time_min, time_max)`, sorted, with their events.

        A window of more than 30 days takes several calls. A row that Feishu cuts at the edge between two calls is
        returned in one piece. Raises `ValueError`, before any call, if the window is naive or empty, and
        `SubjectError` if Feishu can't read the room.

        https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/query-room-availability
        """
        rows: dict[tuple[str, int | None, datetime], RoomBooking] = {}
        for start, end in windows(time_min, time_max, _MAX_WINDOW):
            params = (("room_ids", room_id), ("time_min", start.isoformat()), ("time_max", end.isoformat()))
            data = await self._data(ROOM_BOOKINGS, params=params)
            for row in parse.room_bookings(data, room_id, start, end):
                before = next((other for other in rows.values() if _continues(other, row, start)), None)
                whole = replace(before, end=row.end) if before else row
                rows[whole.uid, whole.original_time, whole.start] = whole
        return tuple(sorted(rows.values(), key=lambda row: (row.start, row.end)))

    async def bookings_of_rooms(
        self, room_ids: Sequence[str], *, time_min: datetime, time_max: datetime
    ) -> dict[str, tuple[RoomBooking, ...] | FeishuError]:
        """Return the rows of 1 to 20 rooms in a window of up to 30 days, to show their titles, in one call.

        A room that can't be read has an error instead of rows. This room may also fail the whole call, with
        `SubjectError`.

        https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/query-room-availability
        """
        window = (("time_min", time_min.isoformat()), ("time_max", time_max.isoformat()))
        params = (*(("room_ids", room_id) for room_id in room_ids), *window)
        data = await self._data(ROOM_BOOKINGS, params=params, payer=Payer.TITLES)
        return parse.bookings_of_rooms(data, room_ids, time_min, time_max)

    async def reply(self, room_id: str, event: EventRef, status: InstanceReply) -> None:
        """End or release a booking in the name of the room. The whole row vanishes some seconds later.

        For a series, `original_time` 0 means all its instances, and the start of an instance this one. It is not sent
        again after a failure that leaves open whether it worked: read the room instead. Raises `InstanceUnknownError`
        if the room does not have this booking.

        https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/reply-meeting-room-event-instance
        """
        body = {"room_id": room_id, "uid": event.uid, "original_time": event.original_time, "status": status.value}
        await self._call(REPLY, body=body)

    async def check_rooms(
        self, calendar_id: str, room_ids: Sequence[str], *, start: datetime, end: datetime, event_id: str = ""
    ) -> tuple[RoomCheck, ...]:
        """Return whether rooms would accept `[start, end)`, and why not. Rooms may be missing in the answer.

        This API is not documented, so a failure says nothing about the rooms. With an `event_id`, the booking of this
        event does not count as taken. Raises `ValueError`, before any call, for naive times.
        """
        if start.utcoffset() is None or end.utcoffset() is None:
            raise ValueError("the times need a time zone")
        body = {
            "calendar_id": calendar_id,
            "start_time": start.isoformat(timespec="seconds"),
            "end_time": end.isoformat(timespec="seconds"),
            "room_ids": list(room_ids),
        }
        return parse.room_checks(await self._data(ROOM_CHECK, body=body | ({"event_id": event_id} if event_id else {})))

    async def titles(self, events: Iterable[EventRef]) -> dict[EventRef, str]:
        """Return the titles of events. Those that Feishu does not tell are left out; a title may be empty.

        Many events take several calls. If Feishu refuses the number of events, they are halved.

        https://open.feishu.cn/document/server-docs/calendar-v4/meeting-room-event/
        """
        found: dict[EventRef, str] = {}
        chunks = list(batched(dict.fromkeys(events), MAX_TITLES, strict=False))
        while chunks:
            chunk = chunks.pop()
            body = {"EventUids": [{"uid": event.uid, "original_time": event.original_time} for event in chunk]}
            try:
                answered = parse.titles(await self._data(TITLES, body=body, payer=Payer.TITLES))
            except RequestError as error:
                if error.code not in _TOO_MANY or len(chunk) == 1:
                    raise
                half = len(chunk) // 2
                chunks += [chunk[:half], chunk[half:]]
            else:
                found |= {event: answered[event] for event in chunk if event in answered}
        return found

    async def _data(
        self,
        endpoint: Endpoint,
        *path_ids: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        payer: Payer = Payer.BOOKINGS,
    ) -> dict[str, Any]:
        return parse.data_of(await self._call(endpoint, *path_ids, params=params, body=body, payer=payer))

    async def _call(
        self,
        endpoint: Endpoint,
        *path_ids: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        payer: Payer = Payer.BOOKINGS,
    ) -> dict[str, Any]:
        if not all(path_id.strip(".") and "/" not in path_id for path_id in path_ids):
            raise ValueError("no calendar and no event can have this id")  # it would change the path of the request
        with paid_by(payer):
            return await self._transport.call(endpoint, path_ids=path_ids, params=params, body=body)


def _event_time(moment: datetime, time_zone: str) -> dict[str, str]:
    return {"timestamp": str(int(moment.astimezone(UTC).timestamp())), "timezone": time_zone}


def _continues(before: RoomBooking, after: RoomBooking, seam: datetime) -> bool:
    """Return whether Feishu cut one row at the edge of two windows."""
    same = (before.uid, before.original_time) == (after.uid, after.original_time)
    return same and before.end == seam == after.start
