"""Gathers the state of the account from all that reads for it."""

from datetime import timedelta

from ..feishu.stream import StreamProblem
from ..model.account import Account, Outdated, UsedUp
from ..model.evidence import STATUS_LIMIT
from ..model.intervals import month_bounds
from ..model.options import Options
from .catalogue import CatalogueCoordinator
from .clock import EntryClock
from .live_updates import LiveUpdates
from .poller import Poller
from .quota import MonthlyCalls
from .titles import TitleReader


def account_of(
    poller: Poller,
    catalogue: CatalogueCoordinator,
    calls: MonthlyCalls,
    options: Options,
    clock: EntryClock,
    live: LiveUpdates,
    titles: TitleReader,
    failure: BaseException | None,
) -> Account:
    """Return the state of the account now; `failure` is the exception of the last poll."""
    moment, to_read = clock.moment, poller.to_read()
    next_due = poller.timetable.next_due(to_read) or moment.loop
    used_up = None
    if options.budget is not None and poller.timetable.is_starved:
        used_up = UsedUp(calls.used, options.budget, month_bounds(moment.now, moment.time_zone)[1])
    return Account(
        failure=failure,
        subjects=to_read.values(),
        is_anything_known=any(subject.snapshot(moment, options.min_free) for subject in to_read.values()),
        next_try=moment.now + timedelta(seconds=next_due - moment.loop),
        catalogue=catalogue.data,
        outdated=None if failure else _outdated(poller, catalogue),
        used_up=used_up,
        clock_error=-clock.offset or None,
        live_problem=live.problem,
        is_stream_refused=live.status.problem is StreamProblem.CREDENTIALS,
        titles_lack=titles.refusal.scopes if titles.refusal else (),
    )


def _outdated(poller: Poller, catalogue: CatalogueCoordinator) -> Outdated | None:
    """Return since when the room list or statuses can't be read; None before an hour is over."""
    if catalogue.data.unlisted:
        return None
    outdated = [
        Outdated(each.failing_since, each.error)
        for each in (catalogue, poller.statuses)
        if each.failing_since and each.failed_at and each.failed_at - each.failing_since >= STATUS_LIMIT
    ]
    return min(outdated, key=lambda each: each.since, default=None)
