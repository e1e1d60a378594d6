"""Split a window that is too long for one call, and join the answers of its parts."""

from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from .errors import FeishuError
from .models import BusyAnswer, BusyPeriod, RsvpStatus

_span = attrgetter("start", "end")

type Part = Callable[[datetime, datetime], Awaitable[dict[str, BusyAnswer]]]


def windows(time_min: datetime, time_max: datetime, longest: timedelta) -> Sequence[tuple[datetime, datetime]]:
    """Split a window into parts of at most `longest`, in UTC. The window is widened to whole seconds.

    Raises `ValueError` if the window is naive or empty.
    """
    if time_min.utcoffset() is None or time_max.utcoffset() is None:
        raise ValueError("the window needs a time zone")
    # In UTC, 90 days are always 90 times 24 hours; in the caller's zone, the clocks may change in between
    start = time_min.astimezone(UTC).replace(microsecond=0)
    end = time_max.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1 if time_max.microsecond else 0)
    if end <= start:
        raise ValueError("the window is empty")
    parts = []
    while start < end:
        stop = min(start + longest, end)
        parts.append((start, stop))
        start = stop
    return parts


async def read_in_parts(parts: Iterable[tuple[datetime, datetime]], read: Part) -> dict[str, BusyAnswer]:
    """Read all parts and join them by subject. A subject that fails in one part fails as a whole."""
    answers: dict[str, BusyAnswer] = {}
    for start, end in parts:
        for subject_id, answer in (await read(start, end)).items():
            before = answers.get(subject_id, ())
            if not isinstance(before, FeishuError):
                answers[subject_id] = answer if isinstance(answer, FeishuError) else joined(before, answer, seam=start)
    return answers


def joined(before: Sequence[BusyPeriod], after: Sequence[BusyPeriod], *, seam: datetime) -> tuple[BusyPeriod, ...]:
    """Join the rows of two windows that meet at `seam`, sorted.

    A row across the seam counts once, whether both windows returned it whole, both cut it, or only the later one did.
    """
    if not before:
        return tuple(sorted(after, key=_span))
    rows, again = list(before), frozenset(after)
    whole = {period for period in before if period.end > seam}
    not_again = (period for period in before if period.start < seam < period.end and period not in again)
    rests = Counter(replace(period, start=seam) for period in not_again)
    cut: defaultdict[RsvpStatus | None, deque[int]] = defaultdict(deque)
    for place, period in enumerate(before):
        if period.end == seam:
            cut[period.rsvp_status].append(place)
    for period in after:
        if period in whole:
            continue
        if rests[period]:
            rests[period] -= 1
            continue
        if period.start == seam and (places := cut[period.rsvp_status]):
            place = places.popleft()
            rows[place] = replace(rows[place], end=period.end)
        else:
            rows.append(period)
    return tuple(sorted(rows, key=_span))
