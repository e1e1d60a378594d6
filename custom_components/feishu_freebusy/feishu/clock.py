"""How far Feishu's clock is from the clock of this machine. The header `Date` of each answer tells."""

from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from statistics import median

TOLERANCE = timedelta(seconds=60)  # smaller differences are ignored
_ANSWERS = 3  # in a row that have to agree
_AGREEMENT = timedelta(seconds=10)  # `Date` has whole seconds, and an answer takes its time
_JUMP = timedelta(seconds=30)
_YEARS = range(2020, 2100)  # of the server: ours may be anything


class ServerClock:
    """Compares both clocks. `offset` is what to add to the clock of this machine, 0 while the clocks agree."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self._wall_ahead = timedelta()  # of the loop's clock, when answers agreed last
        self._latest: deque[timedelta] = deque(maxlen=_ANSWERS)

    def note(self, date: str | None, sent: datetime, received: datetime, loop: float) -> None:
        """Compare the header of an answer, which was received at second `loop` of the loop's clock."""
        server = _time_of(date or "")
        if server is None:
            return
        if not timedelta() <= received - sent <= _AGREEMENT:
            return  # our clock was set meanwhile, or the answer was too slow to tell the time
        self._latest.append(server + timedelta(milliseconds=500) - (sent + (received - sent) / 2))
        if len(self._latest) < _ANSWERS or max(self._latest) - min(self._latest) > _AGREEMENT:
            return
        found = timedelta(seconds=median(difference.total_seconds() for difference in self._latest))
        self._wall_ahead = _wall_ahead(received, loop)
        if abs(found - self.offset) > _AGREEMENT or abs(found) < TOLERANCE:
            self.offset = found if abs(found) >= TOLERANCE else timedelta()

    def offset_at(self, wall: datetime, loop: float) -> timedelta:
        """Return the offset at `wall`. It is 0 if the clock was set meanwhile by just as much: it was put right."""
        if self.offset and abs(_wall_ahead(wall, loop) - self._wall_ahead - self.offset) < _JUMP:
            return timedelta()
        return self.offset


@lru_cache(maxsize=4)  # many answers have the same second
def _time_of(date: str) -> datetime | None:
    """Return the time in a header, None if it is not plausible."""
    try:
        server = parsedate_to_datetime(date)
    except ValueError, TypeError, OverflowError:
        return None
    return server if server.tzinfo is not None and server.year in _YEARS else None


def _wall_ahead(wall: datetime, loop: float) -> timedelta:
    return wall - datetime.fromtimestamp(loop, UTC)
