"""The conditions that a simulated year must meet, and its report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.soak.tally import Sample, Tally

_GROWTH = 1.1
_MAX_HELD = 5  # caches of Home Assistant and the test library free the last ones late
_SPARE = {"objects": 20_000, "memory": 20_000, "timers": 20, "tasks": 15}  # more meetings, or a running poll
_LINES_PER_DISTURBANCE = 8
_NEVER_BACK = 2  # when an entry ends, "all rooms failed" and "some rooms failed" may both be logged without recovery


def failures(tally: Tally) -> list[str]:
    """Return a description of each failure; empty if there is none."""
    return list(_failures(tally))


def _failures(tally: Tally) -> Iterator[str]:
    yield from _shown_wrongly(tally)
    yield from _left(tally)
    yield from _logged(tally)
    if tally.limit_violations:
        yield f"{tally.limit_violations} calls over a rate limit"
    if not tally.truth_checks:
        yield "no state was compared with the bookings"
    if not tally.free_rooms_checks:
        yield "the number of free rooms was never compared"


def _shown_wrongly(tally: Tally) -> Iterator[str]:
    yield from tally.reported
    if tally.mismatches > len(tally.reported):
        yield f"{tally.mismatches} mismatches in total"
    if tally.false_free:
        yield f"{tally.false_free} times shown free while not known to be free"
    if tally.flips_shown != tally.flips_due:
        yield f"{tally.flips_shown} changes between busy and free, expected {tally.flips_due}"
    if tally.drops_shown != tally.drops_due:
        yield f"{tally.drops_shown} changes to or from unavailable, expected {tally.drops_due}"
    if tally.idle_writes:
        yield f"{tally.idle_writes} state writes without a change: {tally.idle_of.most_common(3)}"


def _logged(tally: Tally) -> Iterator[str]:
    yield from (f"logged by others: {line} ({times} times)" for line, times in tally.log.others.items())
    down, back = tally.log.levels["ERROR"] + tally.log.levels["WARNING"], tally.log.levels["INFO"]
    if down > back + _NEVER_BACK * (tally.loads + 1):  # a start may end an outage, or log it again
        yield f"{down} log lines about failures, but {back} about recoveries"
    disturbances = tally.incidents.total() + sum(tally.actions.values()) + tally.edits["rooms deleted"]
    if tally.log.levels.total() > _LINES_PER_DISTURBANCE * disturbances + 10:
        yield f"{tally.log.levels.total()} log lines for {disturbances} disturbances"


def _left(tally: Tally) -> Iterator[str]:
    yield from (f"left behind: {what} ({times} times)" for what, times in tally.left_behind.items())
    for sample in tally.samples:
        if max(sample.homes, sample.coordinators / tally.apps) > _MAX_HELD:
            yield f"{sample.at}: {sample.homes} Home Assistants and {sample.coordinators} coordinators still in memory"
    middle = len(tally.samples) // 2
    yield from _growth(tally.samples[:middle], tally.samples[middle:])


def _growth(earlier: Sequence[Sample], later: Sequence[Sample]) -> Iterator[str]:
    """Compare the maxima of the two halves of the year."""
    for what, spare in _SPARE.items():
        before, after = (max(getattr(sample, what) for sample in samples) for samples in (earlier, later))
        if after > before * _GROWTH + spare:
            yield f"{what} grew from {before} to {after}"


def report(tally: Tally) -> str:
    """Return the figures of the year as text."""
    return "\n".join(_lines(tally))


def _lines(tally: Tally) -> Iterator[str]:
    yield from _table(
        "Checks",
        {
            "instants": tally.instants,
            "rooms at these instants": tally.checks,
            "... with a valid answer": tally.known_checks,
            "... also compared with the bookings": tally.truth_checks,
            "numbers of free rooms compared": tally.free_rooms_checks,
            "instants skipped while the entry or its options changed": tally.unsettled,
            "MISMATCHES": tally.mismatches,
            "FALSE FREE": tally.false_free,
        },
    )
    yield from _table(
        "State writes",
        {
            "changes between busy and free, expected": tally.flips_due,
            "changes between busy and free, written": tally.flips_shown,
            "changes to or from unavailable, expected": tally.drops_due,
            "changes to or from unavailable, written": tally.drops_shown,
            "states of rooms": tally.writes,
            "unchanged states": tally.idle_writes,
        },
    )
    yield from _table("Changes of bookings and rooms", tally.edits)
    yield from _table("User actions", tally.actions)
    yield from _table("Incidents", tally.incidents)
    yield from _table("Calls with an injected fault", tally.faulty_calls)
    yield from _table("Error codes", tally.error_codes)
    yield from _table("Polls, events and calls", {"polls": tally.polls, "events": tally.events, **tally.calls})
    yield from _table("Log lines of the integration", {**tally.log.levels, **tally.log.ours})
    if tally.log.others:
        yield from _table("Warnings and errors of other loggers", tally.log.others)
    yield "\nThe process"
    yield f"  {'':20}{'objects':>12}{'memory, KiB':>14}{'timers':>10}{'tasks':>8}"
    for sample in tally.samples:
        at = f"{sample.at:%Y-%m-%d %H:%M}"
        yield f"  {at}    {sample.objects:>12,}{sample.memory:>14,}{sample.timers:>10}{sample.tasks:>8}"


def _table(title: str, counts: Mapping[str, int]) -> Iterable[str]:
    yield f"\n{title}"
    for what, number in counts.items():
        yield f"  {what[:90]:92}{number:>12,}"
