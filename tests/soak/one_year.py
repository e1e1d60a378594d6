"""The year in the pytest that `tests.soak` starts."""

from tests.soak.plan import Plan
from tests.soak.plugin import Live
from tests.soak.tally import Tally

pytest_plugins = ["tests.soak.plugin"]


async def test_a_year(live: Live, plan: Plan, tallies: list[Tally]) -> None:
    """Live through it; it is judged by who asked for it."""
    tallies.append(await live(plan))
