"""A simulated office day that counts state writes and their causes. `benchmarks.writes` runs it with pytest.

Bookings follow the model in `benchmarks.bookings`, on virtual time.
"""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final

from homeassistant.const import EVENT_STATE_REPORTED
from homeassistant.core import HomeAssistant, callback
import pytest

from benchmarks.bookings import Habits, Version, office_month
from custom_components.feishu_freebusy.feishu.models import BusyPeriod, SubjectKind
from custom_components.feishu_freebusy.model.options import DEFAULTS
from custom_components.feishu_freebusy.model.schedule import Schedule, build_schedule
from custom_components.feishu_freebusy.sync.reader import WINDOW_BEFORE
from simulator import Tenant
from tests.clock import BATCH, Clock, SetUp, Writes, busy_id
from tests.conftest import at

pytest_plugins = ["tests.conftest", "tests.clock"]
pytestmark = pytest.mark.usefixtures("each_minute")

_HORIZON: Final = timedelta(days=DEFAULTS["horizon_days"])
_MIN_FREE: Final = timedelta(minutes=DEFAULTS["min_free_minutes"])
_MIDNIGHT: Final = at(0)
_END: Final = at(0, day=1) - timedelta(seconds=1)  # changes at midnight belong to the next day

_since = attrgetter("since")


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over all rooms."""

    rooms: int
    polls: int
    changes: int  # of bookings
    transitions: int  # from busy to free and back, in the bookings
    expected: int  # instants at which the shown values change
    written: int  # state writes of the main entities
    flipped: int  # writes with another state than before
    repeated: int  # writes of any entity of a room without a change, right after another write


async def test_count_writes_of_a_day(
    hass: HomeAssistant,
    clock: Clock,
    set_up: SetUp,
    tenant: Tenant,
    writes: Writes,
    task: int,
    results: list[Counts],
) -> None:
    """Run the day with `task` rooms and append its counts to `results`."""
    await hass.config.async_set_time_zone("UTC")
    clock.set_wall(_MIDNIGHT)
    office = {tenant.add_room(f"Room {number}"): room for number, room in enumerate(office_month(task, [0], Habits()))}
    for shown, room in office.items():
        _book(tenant, shown.room_id, room.days[0][0])
    await set_up(*office, plan="free", source="batch")
    writes.clear()
    idle = _record_idle_writes(hass)
    changes = [(version, shown.room_id) for shown, room in office.items() for version in room.days[0][1:]]
    for version, room_id in sorted(changes, key=lambda change: change[0].since):
        await clock.to(_instant(version.since))
        _book(tenant, room_id, version)
    await clock.to(_END)
    polls = [call.at for call in tenant.calls(BATCH)]
    entities = {busy_id(hass, shown) for shown in office}
    written = [write for write in writes if write.entity_id in entities]
    results.append(
        Counts(
            rooms=task,
            polls=len(polls),
            changes=sum(len(room.changes) for room in office.values()),
            transitions=sum(_transitions(room.days[0]) for room in office.values()),
            expected=sum(_changes_shown(room.days[0], polls) for room in office.values()),
            written=len(written),
            flipped=sum(write.state != write.before for write in written),
            repeated=_count_repeated(idle, writes),
        )
    )


def _record_idle_writes(hass: HomeAssistant) -> list[tuple[str, datetime]]:
    """Record from now on which entities are written without a change, and when."""
    idle: list[tuple[str, datetime]] = []
    hass.bus.async_listen(
        EVENT_STATE_REPORTED,
        callback(lambda event: idle.append((event.data["entity_id"], event.time_fired))),
        event_filter=callback(lambda _: True),
    )
    return idle


def _count_repeated(idle: list[tuple[str, datetime]], writes: Writes) -> int:
    """Count idle writes in the same second as another write. Others are fine: a calendar refreshes its subscribers."""
    at_the_same_time = Counter((write.entity_id, write.at.replace(microsecond=0)) for write in writes)
    return sum(at_the_same_time[entity_id, at.replace(microsecond=0)] > 1 for entity_id, at in idle)


def _instant(seconds: float) -> datetime:
    return _MIDNIGHT + timedelta(seconds=round(seconds))


def _periods(version: Version) -> list[BusyPeriod]:
    return [BusyPeriod(_instant(start), _instant(end)) for start, end in version.busy]


def _book(tenant: Tenant, room_id: str, version: Version) -> None:
    for booking in tenant.calendars.of(room_id):
        tenant.cancel(booking.booking_id)
    for period in _periods(version):
        tenant.book(room_id, period.start, period.end)


def _transitions(versions: list[Version]) -> int:
    """Count how often the bookings of a room go from free to busy or back."""
    transitions, busy = 0, False
    instants = {version.since for version in versions[1:]} | {
        edge for version in versions for span in version.busy for edge in span
    }
    for instant in sorted(instants):
        truth = versions[bisect_right(versions, instant, key=_since) - 1].busy
        before, busy = busy, any(start <= instant < end for start, end in truth)
        transitions += busy != before
    return transitions


def _changes_shown(versions: list[Version], polls: list[datetime]) -> int:
    """Count how often the shown values of a room must change, because of time or a poll."""
    changes = 0
    shown: object = None
    for poll, following in zip(polls, [*polls[1:], _END], strict=True):
        schedule = _schedule(versions, poll)
        now = poll
        while now < following:
            value = (schedule.status(now, _MIN_FREE), schedule.bookings(now, UTC))
            changes += value != shown
            shown = value
            now = schedule.next_change(now, _MIN_FREE, UTC)
    return changes - 1  # the first value is written when the room is added


def _schedule(versions: list[Version], poll: datetime) -> Schedule:
    read = [version for version in versions[1:] if _instant(version.since) <= poll]
    return build_schedule(
        _periods(read[-1] if read else versions[0]),
        kind=SubjectKind.ROOM,
        window_start=poll - WINDOW_BEFORE,
        horizon=poll + _HORIZON,
    )
