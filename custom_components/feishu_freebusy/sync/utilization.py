"""The numbers of the past: what was booked and used, and how long that was known. Feishu forgets ended bookings.

One file has the hours of today and is written once an hour. Each month has a file, which is written once a day. Nothing
is written if no office hours have passed. There are 14 files for months, so old ones are overwritten.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .._slices import in_slices
from ..const import CONF_APP_ID, CONF_BASE_URL, DOMAIN
from ..feishu.models import BusyPeriod, SubjectKind
from ..model.evidence import Hours
from ..model.moment import Moment
from ..model.options import Options
from ..model.schedule import DisabledPeriod, counts_as_busy, start_of_day
from ..model.subject import Subject
from ..model.utilization import Hour, Numbers, Share, Span, Tally, add, count_bookings, count_use, hour_of
from .clock import EntryClock
from .notifier import Notifier
from .store import async_load_if_readable

KEY: Final = "utilization"  # notified when the numbers have changed, once an hour

_VERSION: Final = 1
_MONTHS: Final = 14  # the current one, and 13 before it
_LONGEST_RESTART: Final = timedelta(hours=2)  # the first reading after it still tells what was booked meanwhile
_LONGEST_GAP: Final = timedelta(days=62)  # that is counted, as unknown; a longer one comes from a clock that was set
_USUAL: Final = (0, 3600, 3600, 0, 0, 0, 0)  # of an hour on disk: booked, known, office, then as in `Numbers`
_LONGEST_HOUR: Final = 3 * 3600  # clocks are set back by two hours at most
_RECENT: Final = "recent"
_NOT_UNDERSTOOD: Final = (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError)

type _Months = dict[str, dict[str, str]]  # by room, then by day of the month


class Period(StrEnum):
    """A period that has a sensor."""

    DAY = "day"
    MONTH = "month"


class Host(Protocol):
    """Knows the rooms and the options of the entry."""

    @property
    def options(self) -> Options:
        """The options in force."""

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """The rooms and people."""


@dataclass(slots=True)
class _Room:
    """What is known of a room, and since when that is not counted yet."""

    since: datetime
    read_at: datetime
    known_until: datetime
    periods: tuple[BusyPeriod, ...]
    disabled: DisabledPeriod | None
    pending: bool

    def booked(self, periods: Iterable[BusyPeriod], start: datetime, end: datetime) -> list[Span]:
        """Return the bookings in `[start, end)`, cut to it, in whole seconds."""
        return [
            (max(row.start, start).replace(microsecond=0), min(row.end, end).replace(microsecond=0))
            for row in periods
            if row.start < end and start < row.end and counts_as_busy(row, SubjectKind.ROOM, self.pending)
        ]


class Utilization:
    """Counts the hours of the rooms of an entry, and keeps them for 13 months."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], clock: EntryClock, notifier: Notifier, host: Host
    ) -> None:
        """A file is used only if it was written for this entry, with the same app and address."""
        self._hass = hass
        self._entry_id = entry.entry_id
        self._clock = clock
        self._notifier = notifier
        self._host = host
        self._owner = [entry.entry_id, entry.data[CONF_APP_ID], entry.data[CONF_BASE_URL]]
        self._rooms: dict[str, _Room] = {}
        self._before: dict[str, datetime] = {}  # until when a room was counted before the start
        self._use_counted: dict[str, datetime] = {}
        self._started_at = clock.moment.now.replace(microsecond=0)
        self._recent: dict[str, Tally] = {}  # not in the file of a month yet
        self._has_news = False
        self._months: dict[str, _Months] = {}
        self._unwritten: set[date] = set()  # months with days that are not in their file yet
        self._folded: dict[str, Numbers] = {}  # of the days that are in the file of the month
        self._folded_of: date | None = None
        self._shown: dict[tuple[str | None, Share, Period], float | None] = {}
        self._shown_for: Hour | None = None
        self._lock = asyncio.Lock()

    @callback
    def share(self, room_id: str | None, share: Share, period: Period) -> float | None:
        """Return a share in percent as of the last full hour. Without an id, it is that of all rooms together.

        It is None if the bookings or the use were known for less than half of the time. Of the use of all rooms, only
        those with occupancy sensors count.
        """
        return self._shown.get((room_id, share, period))

    def is_due(self, moment: Moment) -> bool:
        """Return whether another hour has begun since `async_publish`."""
        return self._shown_for != hour_of(moment.now, moment.time_zone)

    # What is known

    @callback
    def note(self, subject: Subject) -> None:
        """Note what is known of a room from now on. Call this after each reading, and when its status has changed."""
        reading = subject.reading
        if subject.kind is not SubjectKind.ROOM or reading is None:
            return
        room_id, now = subject.info.id, self._now
        read_at, until = (each.replace(microsecond=0) for each in (reading.read_at, reading.fresh_until))
        new = _Room(min(read_at, now), read_at, until, reading.periods, subject.disabled, subject.count_pending_as_busy)
        if (room := self._rooms.get(room_id)) is None:
            self._resume(room_id, new)
        elif room.known_until < read_at:
            self._count(room_id, room, read_at)
        elif (room.periods, room.disabled, room.pending) != (new.periods, new.disabled, new.pending):
            self._count(room_id, room, now, new.booked(new.periods, room.read_at, now))
        if room:
            new.since = min(room.since, now)  # the clock may have been set back
        self._rooms[room_id] = new

    def _resume(self, room_id: str, room: _Room) -> None:
        """Count a room from where the last run ended."""
        read_at, before = room.since, self._before.pop(room_id, room.since)
        room.since = min(max(before, read_at - _LONGEST_GAP), self._now)
        if read_at - room.since > _LONGEST_RESTART:
            self._count(room_id, replace(room, known_until=room.since), read_at)
            room.since = read_at

    @callback
    def note_use(self, room_id: str, start: datetime, end: datetime, use: str | None) -> None:
        """Count a time in which the use of a room was the same, None if it was not known.

        Time that was counted before counts once, so a use that lasts may be noted again with a later end.
        """
        until = end.replace(microsecond=0)
        counted_until = self._use_counted.get(room_id, self._started_at)
        since = max(start.replace(microsecond=0), counted_until, until - _LONGEST_GAP)
        if since < until:
            room = self._rooms.get(room_id)
            counted = count_use(since, until, self._hours, use=use, disabled=room.disabled if room else None)
            self._add(room_id, counted)
            self._use_counted[room_id] = until

    @callback
    def count_all(self) -> None:
        """Count all rooms until now: the office hours are about to change."""
        for room_id, room in self._rooms.items():
            self._count(room_id, room, self._now)

    def _count_confirmed(self, room_id: str) -> None:
        """Count a room until its last reading: the next one may have a booking that has begun since."""
        if room_id not in self._host.subjects:
            self._rooms.pop(room_id, None)
        elif room := self._rooms.get(room_id):
            self._count(room_id, room, room.read_at if self._now < room.known_until else self._now)

    def _count(self, room_id: str, room: _Room, until: datetime, late: Iterable[Span] = ()) -> None:
        until = min(until, self._now)  # the clock may have been set back since the room was read
        if room.since < until:
            since = max(room.since, until - _LONGEST_GAP)
            booked = [*room.booked(room.periods, since, until), *late]
            known_until = min(max(room.known_until, since), until)
            counted = count_bookings(
                since, until, self._hours, known_until=known_until, booked=booked, disabled=room.disabled
            )
            self._add(room_id, counted)
            room.since = until

    def _add(self, room_id: str, counted: Tally) -> None:
        if counted:
            add(self._recent.setdefault(room_id, {}), counted)
            self._has_news = True

    @property
    def _now(self) -> datetime:
        return self._clock.moment.now.replace(microsecond=0)

    @property
    def _today(self) -> date:
        return hour_of(self._now, self._clock.moment.time_zone)[0]

    @property
    def _hours(self) -> Hours:
        return Hours(self._host.options.off_hours, self._clock.moment.time_zone)

    # What is shown and asked for

    async def async_publish(self) -> None:
        """Count, save and show the numbers of the last hour."""
        self._shown_for = hour_of(self._now, self._clock.moment.time_zone)
        async with self._lock:
            await self._async_save()
            await self._async_show(self._today)
        self._notifier.notify(KEY)
        self._notifier.notify(None)

    async def _async_show(self, today: date) -> None:
        shown: dict[tuple[str | None, Share, Period], float | None] = {}
        of_rooms: dict[Period, list[Numbers]] = {period: [] for period in Period}
        month = await self._async_month(today)
        if self._folded_of != today.replace(day=1):
            self._folded_of = today.replace(day=1)
            self._folded.clear()
        async for room_id in in_slices(list(self._rooms)):
            if room_id not in self._folded:
                self._folded[room_id] = Numbers.sum(tally_of(month.get(room_id, {}), today).values())
            recent = self._recent.get(room_id, {})
            for period, first in ((Period.DAY, today), (Period.MONTH, today.replace(day=1))):
                numbers = Numbers.sum(numbers for (day, _), numbers in recent.items() if day >= first)
                if period is Period.MONTH:
                    numbers = Numbers.sum((numbers, self._folded[room_id]))
                of_rooms[period].append(numbers)
                for share in Share if numbers.watched else (Share.BOOKED,):
                    shown[room_id, share, period] = numbers.known_share(share)
        for period, each in of_rooms.items():
            booked, used = Numbers.sum(each), Numbers.sum(numbers for numbers in each if numbers.watched)
            for share in Share:
                shown[None, share, period] = (booked if share is Share.BOOKED else used).known_share(share)
        self._shown = shown

    async def async_read(self, room_ids: Iterable[str], first: Hour, last: Hour) -> dict[str, Tally]:
        """Return the numbers of rooms from the local hour `first` to `last`, this included."""
        found: dict[str, Tally] = {room_id: {} for room_id in room_ids}

        def take(room_id: str, tally: Tally) -> None:
            add(found[room_id], {hour: numbers for hour, numbers in tally.items() if first <= hour <= last})

        async with self._lock:
            for month in kept_months(self._today):
                if first[0].replace(day=1) <= month <= last[0]:
                    of_rooms = await self._async_month(month)
                    async for room_id in in_slices(found):
                        take(room_id, tally_of(of_rooms.get(room_id, {}), month))
            self._forget_old_months()
            for room_id in found:
                self._count_confirmed(room_id)
                take(room_id, self._recent.get(room_id, {}))
        return found

    # The files

    async def async_load(self) -> None:
        """Load what was counted before the start. An unreadable file, or part of one, counts as empty."""
        for room_id, value in (await self._async_load(_RECENT)).items():
            try:
                since, texts = datetime.fromtimestamp(value[0], UTC), dict(value[1])
            except _NOT_UNDERSTOOD:
                continue
            self._before[room_id] = since
            for month in kept_months(self._today):
                days = {day[8:]: text for day, text in texts.items() if day[:7] == f"{month:%Y-%m}"}
                # After a crash between the writes of both files, a day is in both
                folded = (await self._async_month(month)).get(room_id, {}) if days else {}
                tally = tally_of({day: text for day, text in days.items() if day not in folded}, month)
                add(self._recent.setdefault(room_id, {}), tally)
                if days.keys() & folded.keys():
                    self._before[room_id] = max(since, start_of_day(self._now, self._clock.moment.time_zone))
        self._forget_old_months()

    async def async_save(self) -> None:
        """Count and write what is known: the entry is unloaded, or Home Assistant stops."""
        async with self._lock:
            await self._async_save()

    async def _async_save(self) -> None:
        async for room_id in in_slices(list(self._rooms)):
            self._count_confirmed(room_id)
        if not self._has_news:
            return
        # The last minutes of a day are counted after it
        today = hour_of(self._now - _LONGEST_RESTART, self._clock.moment.time_zone)[0]
        for month in {day.replace(day=1) for tally in self._recent.values() for day, _ in tally if day < today}:
            of_rooms = await self._async_month(month)
            self._unwritten.add(month)  # also if the task is canceled from here on
            self._folded.clear()
            async for room_id in in_slices(list(self._recent)):
                _fold(of_rooms.setdefault(room_id, {}), self._recent[room_id], month, today)
        for month in list(self._unwritten):
            content = {"month": f"{month:%Y-%m}", "rooms": await self._async_month(month)}
            await self._async_write(_slot(month), content)
            # Home Assistant only logs a failed write, and delays one while it stops
            if not self._hass.is_stopping and await self._async_load(_slot(month)) != content:
                return  # tried again in an hour; until then, these days are in the file with the hours of today
            self._unwritten.discard(month)
        self._forget_old_months()
        recent = {}
        async for room_id in in_slices(list(self._recent)):
            room, tally = self._rooms.get(room_id), self._recent[room_id]
            since = room.since if room else self._before.get(room_id, self._now)
            texts = {day.isoformat(): text_of(tally, day) for day in {day for day, _ in tally}}
            recent[room_id] = [int(since.timestamp()), texts]
        await self._async_write(_RECENT, recent)
        self._has_news = False

    async def _async_month(self, day: date) -> _Months:
        """Return the days of a month that are in its file."""
        name = f"{day:%Y-%m}"
        if name not in self._months:
            stored = await self._async_load(_slot(day))
            rooms = stored.get("rooms") if stored.get("month") == name else None
            valid = rooms.items() if isinstance(rooms, dict) else ()
            self._months[name] = {room_id: texts for room_id, texts in valid if isinstance(texts, dict)}
        return self._months[name]

    def _forget_old_months(self) -> None:
        needed = {f"{month:%Y-%m}" for month in (self._today, *self._unwritten)}
        self._months = {name: of_rooms for name, of_rooms in self._months.items() if name in needed}

    async def _async_load(self, name: str) -> dict[str, Any]:
        stored = await async_load_if_readable(_store(self._hass, self._entry_id, name))
        if not isinstance(stored, dict) or stored.get("owner") != self._owner:
            return {}
        return content if isinstance(content := stored.get("content"), dict) else {}

    async def _async_write(self, name: str, content: dict[str, Any]) -> None:
        await _store(self._hass, self._entry_id, name).async_save({"owner": self._owner, "content": content})


async def async_forget_utilization(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove the files of an entry that is removed."""
    for name in (_RECENT, *map(str, range(_MONTHS))):
        await _store(hass, entry.entry_id, name).async_remove()


def _store(hass: HomeAssistant, entry_id: str, name: str) -> Store[Any]:
    key = f"{DOMAIN}.{entry_id}.utilization_{name}"
    return Store(hass, _VERSION, key, private=True, atomic_writes=True, serialize_in_event_loop=False)


def _slot(day: date) -> str:
    return str((day.year * 12 + day.month) % _MONTHS)


def kept_months(today: date) -> list[date]:
    """Return the first days of the months that have a file, the latest first."""
    count = today.year * 12 + today.month - 1
    return [date((count - back) // 12, (count - back) % 12 + 1, 1) for back in range(_MONTHS)]


def _fold(texts: dict[str, str], recent: Tally, month: date, today: date) -> None:
    """Move the days of a month that are over from `recent` to the texts of the file of the month."""
    for day in {day for day, _ in recent if day < today and day.replace(day=1) == month}:
        whole = tally_of({f"{day:%d}": texts.get(f"{day:%d}", "")}, month)
        add(whole, {hour: recent.pop(hour) for hour in list(recent) if hour[0] == day})
        texts[f"{day:%d}"] = text_of(whole, day)


def text_of(tally: Tally, day: date) -> str:
    """Return a day as text: its hours, each with the numbers up to the last unusual one."""
    hours = []
    for (_, hour), numbers in sorted(item for item in tally.items() if item[0][0] == day):
        values = [numbers.booked, numbers.known, numbers.office, *numbers[3:]]
        while values and values[-1] == _USUAL[len(values) - 1]:
            values.pop()
        hours.append(f"{hour}:{'/'.join(map(str, values))}")
    return " ".join(hours)


def tally_of(texts: Mapping[str, str], month: date) -> Tally:
    """Return the hours of the days of a month, without unreadable days."""
    tally: Tally = {}
    for day, text in texts.items():
        try:
            tally.update(_hours_of(text, month.replace(day=int(day))))
        except _NOT_UNDERSTOOD:
            continue
    return tally


def _hours_of(text: str, day: date) -> Tally:
    found: Tally = {}
    for each in text.split():
        hour, _, values = each.partition(":")
        given = [int(value) for value in values.split("/")] if values else []
        booked, known, office, *use = [*given, *_USUAL[len(given) :]]
        numbers = Numbers(office, known, booked, *use)
        if not (int(hour) in range(24) and min(numbers) >= 0 and booked <= known <= office <= _LONGEST_HOUR):
            raise ValueError("not the numbers of an hour")
        found[day, int(hour)] = numbers
    return found
