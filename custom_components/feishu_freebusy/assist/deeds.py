"""Books, extends and ends rooms for assistants. Shared by voice and language models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..acting import booker_of
from ..behalf import (
    MOST_TRIES,
    Target,
    async_book,
    async_book_best,
    async_check_control,
    async_end,
    async_extend,
    find_target,
)
from ..booking import Act, Ended, RefusedError
from ..const import DOMAIN
from ..coordinator import FeishuConfigEntry
from ..errors import refused
from ..feishu.models import SubjectKind
from ..finder import Found, async_now
from ..model.booking import Refusal, running_until
from ..model.schedule import Block
from ..refusals import Explanation, async_explain
from ..rights import Caller, unauthorized
from .questions import RoomQuery, async_find_for, async_request_for
from .subjects import SpokenSubject

_BOOKED = timedelta(minutes=30)
_EXTENDED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """The wanted time. Without a start, it starts now; without a length and an end, it is half an hour.

    `is_range`: the stay may be any time between `start` and `end`; then the length is needed.
    """

    start: datetime | None = None
    end: datetime | None = None
    length: timedelta | None = None
    is_range: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A room that is booked, or whose meeting lasts longer, for `[start, end)`. `is_new`: something has changed."""

    name: str
    start: datetime
    end: datetime
    is_new: bool = True


class NotDoneError(Exception):
    """Nothing was done, because of `error`, which Home Assistant can show.

    `explanation` says why the room `name` refuses, and which exposed room is free instead. `other_time` has the nearest
    alternatives if nothing fits into `period`, its start and end.
    """

    def __init__(
        self,
        error: HomeAssistantError,
        name: str = "",
        *,
        explanation: Explanation | None = None,
        period: tuple[datetime, datetime] | None = None,
        other_time: Found | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.name = name
        self.explanation = explanation
        self.period = period
        self.other_time = other_time


async def async_book_named(
    caller: Caller,
    subjects: Mapping[str, SpokenSubject],
    subject: SpokenSubject,
    stay: Stay,
    *,
    seats: int = 0,
    title: str = "",
) -> Done:
    """Book a room. Raises `NotDoneError`, with another room of `subjects` or another time if the room is taken."""
    start, end = _period(caller.hass, stay)
    if stay.is_range:
        query = RoomQuery(duration=stay.length or _BOOKED, start=start, until=end, is_range=True)
        found = await async_find_for(caller.hass, {subject.subject_id: subject}, query, limit=1)
        if not found.result.offers:
            raise NotDoneError(refused("no_room_free"), subject.name, other_time=found)
        start = found.result.offers[0].free_from
        end = start + query.duration
    try:
        target = _target(subject)
        await async_check_control(caller, target)
        booked = await async_book(caller, target, start, end, title)
    except HomeAssistantError as error:
        raise _not_done(caller.hass, subjects, subject, error, seats) from error
    return Done(subject.name, booked.start, booked.end)


async def async_book_any(
    caller: Caller,
    subjects: Mapping[str, SpokenSubject],
    stay: Stay,
    *,
    seats: int = 0,
    place: str = "",
    title: str = "",
) -> Done:
    """Book the best of these rooms. Raises `NoSuchPlaceError`, and `NotDoneError` with the nearest alternatives."""
    start, end = _period(caller.hass, stay)
    length = (stay.length or _BOOKED) if stay.is_range else end - start
    bookable = _bookable(subjects)
    query = RoomQuery(seats=seats, duration=length, place=place, start=start, until=end, is_range=stay.is_range)
    try:
        if length <= timedelta():
            raise refused(f"refusal_{Refusal.PAST}")
        entries: list[FeishuConfigEntry] = caller.hass.config_entries.async_loaded_entries(DOMAIN)
        if not entries:
            raise refused("not_loaded")
        request = await async_request_for(caller.hass, bookable, query, limit=MOST_TRIES)
        target, booked = await async_book_best(caller, entries, request, title=title, among=bookable)
    except HomeAssistantError as error:
        found = None
        if error.translation_key == "no_room_free":
            found = await async_find_for(caller.hass, bookable, query)
            if found.result.offers:  # rooms that the caller may not control
                raise NotDoneError(unauthorized(caller, None, POLICY_CONTROL)) from None
        raise NotDoneError(error, other_time=found, period=(start, end)) from error
    return Done(subjects[target.room_id].name, booked.start, booked.end)


async def async_extend_meeting(
    caller: Caller, subjects: Mapping[str, SpokenSubject], subject: SpokenSubject, stay: Stay
) -> Done:
    """Extend what runs in a room, by a length or until an end. Raises `NotDoneError`, with another room if it can't."""
    try:
        target = _target(subject, Act.EXTENDED)
        await async_check_control(caller, target)
        length = stay.length or _EXTENDED
        if stay.end:
            if subject.snapshot is None:
                raise refused("end_unknown")
            if (end := _running_until(target)) is None:
                raise refused(f"refusal_{Refusal.NOTHING_RUNS}")
            if stay.end <= end:
                return Done(subject.name, end, end, is_new=False)
            length = stay.end - end
        booked = await async_extend(caller, target, length)
    except HomeAssistantError as error:
        raise _not_done(caller.hass, subjects, subject, error, act=Act.EXTENDED) from error
    return Done(subject.name, booked.start, booked.end)


async def async_end_meeting(caller: Caller, subject: SpokenSubject) -> Ended:
    """End what runs in a room. Raises `NotDoneError`."""
    try:
        target = _target(subject, Act.ENDED)
        await async_check_control(caller, target)
        return await async_end(caller, target)
    except HomeAssistantError as error:
        raise NotDoneError(error, subject.name) from error


def _period(hass: HomeAssistant, stay: Stay) -> tuple[datetime, datetime]:
    now = async_now(hass).replace(microsecond=0)
    start = max(stay.start or now, now)
    return start, stay.end or start + (stay.length or _BOOKED)


def _target(subject: SpokenSubject, act: Act = Act.BOOKED) -> Target:
    if (target := find_target(subject.entries, subject.subject_id, act)) is None:
        raise refused("not_loaded")
    return target


def _bookable(subjects: Mapping[str, SpokenSubject]) -> dict[str, SpokenSubject]:
    """Return the rooms that some app may book."""
    return {
        subject_id: subject
        for subject_id, subject in subjects.items()
        if subject.kind is SubjectKind.ROOM and any(entry.runtime_data.options.book for entry in subject.entries)
    }


def _running_until(target: Target) -> datetime | None:
    """Return when the meeting in a room ends, with its extensions, by what was read last; None if none runs."""
    coordinator = target.entry.runtime_data
    subject, now = coordinator.subjects[target.room_id], coordinator.clock.moment.now
    periods = subject.reading.periods if subject.reading else ()
    blocks = subject.single_bookings(periods, now, now + timedelta(days=1))
    booker = booker_of(coordinator)
    own = booker.own_bookings(target.room_id) if booker else ()
    return running_until(blocks, now, (Block(each.start, each.end) for each in own if each.is_extension))


@callback
def _not_done(
    hass: HomeAssistant,
    subjects: Mapping[str, SpokenSubject],
    subject: SpokenSubject,
    error: HomeAssistantError,
    seats: int = 0,
    *,
    act: Act = Act.BOOKED,
) -> NotDoneError:
    """Return the error with its explanation, which names another exposed room that fits."""
    target = find_target(subject.entries, subject.subject_id, act)
    if target is None or not isinstance(error.__cause__, RefusedError):
        return NotDoneError(error, subject.name)
    others = [key for key, other in _bookable(subjects).items() if _seats(other) >= seats]
    explanation = async_explain(hass, target.entry.runtime_data, target.room_id, error.__cause__, others)
    return NotDoneError(error, subject.name, explanation=explanation)


def _seats(subject: SpokenSubject) -> int:
    return subject.info.room.capacity if subject.info else 0
