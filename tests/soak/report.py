"""The conditions that a simulated year must meet, and its report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.soak.tally import Mark, Tally

_GROWTH = 1.1
_MOST_HELD = 5  # caches of Home Assistant and the test library free the last ones late
_SPARE = {"objects": 20_000, "memory": 20_000, "timers": 20, "tasks": 15}  # more meetings, or a running poll
_LINES_OF_A_TROUBLE = 8
_NEVER_BACK = 2  # when an entry ends, "all rooms failed" and "some rooms failed" may both be logged without recovery


def failures(tally: Tally) -> list[str]:
    """Return a description of each failure; empty if there is none."""
    return list(_failures(tally))


def _failures(tally: Tally) -> Iterator[str]:
    yield from _shown_wrongly(tally)
    yield from _left(tally)
    yield from _logged(tally)
    if tally.limit_violations:
        yield f"{tally.limit_violations} calls beyond a rate limit"
    if not tally.true_looks:
        yield "nothing was ever compared with the truth"


def _shown_wrongly(tally: Tally) -> Iterator[str]:
    yield from tally.told
    if tally.mismatches > len(tally.told):
        yield f"{tally.mismatches} mismatches in all"
    if tally.false_free:
        yield f"{tally.false_free} times free and busy by what was known"
    if tally.flips_shown != tally.flips_due:
        yield f"{tally.flips_shown} times from busy to free or back, and {tally.flips_due} were due"
    if tally.drops_shown != tally.drops_due:
        yield f"{tally.drops_shown} times to unavailable or back, and {tally.drops_due} were due"
    if tally.idle_writes:
        yield f"{tally.idle_writes} states written that were the same: {tally.idle_of.most_common(3)}"


def _logged(tally: Tally) -> Iterator[str]:
    yield from (f"not of ours, in the log: {line} ({times} times)" for line, times in tally.log.others.items())
    down, back = tally.log.levels["ERROR"] + tally.log.levels["WARNING"], tally.log.levels["INFO"]
    if down > back + _NEVER_BACK * (tally.loads + 1):  # a start may end an outage, or log it again
        yield f"{down} lines in the log about what went wrong, and {back} about its end"
    disturbances = tally.troubles.total() + sum(tally.deeds.values()) + tally.edits["rooms deleted"]
    if tally.log.levels.total() > _LINES_OF_A_TROUBLE * disturbances + 10:
        yield f"{tally.log.levels.total()} lines in the log for {disturbances} disturbances"


def _left(tally: Tally) -> Iterator[str]:
    yield from (f"left behind: {what} ({times} times)" for what, times in tally.left_behind.items())
    for mark in tally.marks:
        if max(mark.homes, mark.coordinators) > _MOST_HELD:
            yield f"{mark.at}: {mark.homes} Home Assistants and {mark.coordinators} coordinators are still held"
    middle = len(tally.marks) // 2
    yield from _growth(tally.marks[:middle], tally.marks[middle:])


def _growth(earlier: Sequence[Mark], later: Sequence[Mark]) -> Iterator[str]:
    """Compare the maxima of the two halves of the year."""
    for what, spare in _SPARE.items():
        before, after = (max(getattr(mark, what) for mark in marks) for marks in (earlier, later))
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
            "rooms at these instants": tally.looks,
            "... with a valid answer": tally.fresh_looks,
            "... also compared with the bookings": tally.true_looks,
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
    yield from _table("User actions", tally.deeds)
    yield from _table("Incidents", tally.troubles)
    yield from _table("Calls with an injected fault", tally.struck)
    yield from _table("Error codes", tally.refused)
    yield from _table("Polls and calls", {"polls": tally.polls, **tally.calls})
    yield from _table("Log lines of the integration", {**tally.log.levels, **tally.log.ours})
    if tally.log.others:
        yield from _table("Warnings and errors of other loggers", tally.log.others)
    yield "\nThe process"
    yield f"  {'':20}{'objects':>12}{'memory, KiB':>14}{'timers':>10}{'tasks':>8}"
    for mark in tally.marks:
        yield f"  {mark.at:%Y-%m-%d %H:%M}    {mark.objects:>12,}{mark.memory:>14,}{mark.timers:>10}{mark.tasks:>8}"


def _table(title: str, counts: Mapping[str, int]) -> Iterable[str]:
    yield f"\n{title}"
    for what, number in counts.items():
        yield f"  {what[:90]:92}{number:>12,}"
