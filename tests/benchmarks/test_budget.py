"""A few days of the benchmark of the budget: nothing that is not a poll can use it up."""

from dataclasses import replace

import pytest

from benchmarks.budget import Case, rows_of
from benchmarks.simulated_month import Live

pytest_plugins = ["benchmarks.simulated_month"]


@pytest.mark.parametrize("source", ["list", "batch"])
async def test_a_card_actions_and_floors_cost_no_more_than_their_shares(live_month: Live, source: str) -> None:
    alone = Case(rooms=3, source=source, days=3, budget=1_500)
    busy = replace(alone, floors=100, card=True, actions=True)

    rows = rows_of(busy, await live_month(alone), await live_month(busy))

    assert [row.met for row in rows] == [True, True, True, None], [row.measured for row in rows]


async def test_the_office_costs_calls_of_every_payer(live_month: Live) -> None:
    month = await live_month(Case(rooms=2, source="list", days=4, budget=900, floors=100, card=True, actions=True))

    assert month.by_payer.keys() == {"polls", "statuses", "catalogue", "ranges", "actions"}
    assert month.calls == month.by_payer.total()
    assert month.cards["shown"] > month.cards["empty"]


@pytest.mark.parametrize(("rooms", "budget"), [(2, 600), (3, 600), (2, 430)])
async def test_a_tiny_budget_is_not_exceeded_at_the_end_of_the_month(live_month: Live, rooms: int, budget: int) -> None:
    case = Case(rooms=rooms, source="batch", days=2, budget=budget, floors=100, card=True, actions=True)

    month = await live_month(case)

    assert 0.99 * budget < month.calls <= budget
