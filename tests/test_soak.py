"""Three days of a house in which everything goes wrong; `scripts/soak` lives through a year of it."""

import os

import pytest

from tests.soak.plan import Plan
from tests.soak.plugin import Live
from tests.soak.report import failures

pytest_plugins = ["tests.soak.plugin"]

FURTHER_SEEDS = range(2, 2 + int(os.environ.get("SOAK_SEEDS", "2")))


@pytest.mark.slow
async def test_three_days_with_live_updates(live: Live) -> None:
    tally = await live(Plan(days=3, rooms=6, seed=1, people=2, troubles_a_day=12, pace=6, live_updates=True))

    found = failures(tally)
    assert found == [], "\n".join(found)
    assert tally.events > 0
    assert any("long connection" in name for name in tally.incidents)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.prove) for seed in FURTHER_SEEDS)])
async def test_three_days(live: Live, seed: int) -> None:
    tally = await live(Plan(days=3, rooms=6, seed=seed, people=2, troubles_a_day=6, pace=6))

    found = failures(tally)
    assert found == [], "\n".join(found)
