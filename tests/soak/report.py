"""What a year has to come to, and how that is told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.soak.tally import Mark, Tally

_GROWTH = 1.1
_MOST_HELD = 5  # Home Assistant's caches and the test kit let go of the last ones late, but of each
_SPARE = {"objects": 20_000, "memory": 20_000, "timers": 20, "tasks": 15}  # more meetings, or a poll under way
_LINES_OF_A_TROUBLE = 8
_NEVER_BACK = 2  # at the end of an entry, all rooms may be lost to sight and some not readable


def failures(tally: Tally) -> list[str]:
    """Return what should not be, none if all is well."""
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
    if down > back + _NEVER_BACK * (tally.loads + 1):  # each start may be the end of an outage, or its second beginning
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
    """Compare the most there was in one half of the year with the most in the other."""
    for what, spare in _SPARE.items():
        before, after = (max(getattr(mark, what) for mark in marks) for marks in (earlier, later))
        if after > before * _GROWTH + spare:
            yield f"{what} grew from {before} to {after}"


def report(tally: Tally) -> str:
    """Return the year in figures."""
    return "\n".join(_lines(tally))


def _lines(tally: Tally) -> Iterator[str]:
    yield from _table(
        "What was looked at",
        {
            "instants": tally.instants,
            "rooms at these": tally.looks,
            "... that were known": tally.fresh_looks,
            "... of which the truth was known, too": tally.true_looks,
            "instants left out, an entry or options being under way": tally.unsettled,
            "MISMATCHES": tally.mismatches,
            "FALSE FREE": tally.false_free,
        },
    )
    yield from _table(
        "What was written",
        {
            "from busy to free and back, due": tally.flips_due,
            "from busy to free and back, shown": tally.flips_shown,
            "to unavailable and back, due": tally.drops_due,
            "to unavailable and back, shown": tally.drops_shown,
            "states of rooms": tally.writes,
            "the same states again": tally.idle_writes,
        },
    )
    yield from _table("What people did to bookings and rooms", tally.edits)
    yield from _table("What was done in the house", tally.deeds)
    yield from _table("What went wrong", tally.troubles)
    yield from _table("Calls struck by a fault", tally.struck)
    yield from _table("Calls refused", tally.refused)
    yield from _table("Polls and calls", {"polls": tally.polls, **tally.calls})
    yield from _table("Lines of ours in the log", {**tally.log.levels, **tally.log.ours})
    if tally.log.others:
        yield from _table("Warnings and errors of others", tally.log.others)
    yield "\nWhat there was in the process"
    yield f"  {'':20}{'objects':>12}{'memory, KiB':>14}{'timers':>10}{'tasks':>8}"
    for mark in tally.marks:
        yield f"  {mark.at:%Y-%m-%d %H:%M}    {mark.objects:>12,}{mark.memory:>14,}{mark.timers:>10}{mark.tasks:>8}"


def _table(title: str, counts: Mapping[str, int]) -> Iterable[str]:
    yield f"\n{title}"
    for what, number in counts.items():
        yield f"  {what[:90]:92}{number:>12,}"
