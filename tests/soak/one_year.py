"""The test that `tests.soak` runs with pytest."""

from collections.abc import Callable

from tests.soak.plan import Plan
from tests.soak.plugin import Live
from tests.soak.tally import Tally

pytest_plugins = ["tests.soak.plugin"]


async def test_a_year(live: Live, plan: Plan, say: Callable[[str], None], tallies: list[Tally]) -> None:
    """Run the year and append its tally; the caller judges it."""
    tallies.append(await live(plan, say))
