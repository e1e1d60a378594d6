"""A simulated year of the token keeper."""

import pytest

from tests.feishu.virtual import run
from tests.sync.grant_year import Year


@pytest.mark.parametrize("seed", range(1, 4))
def test_a_year_loses_no_grant_that_the_contract_does_not_force(seed: int) -> None:
    world = run(Year(seed).live())

    assert world.refreshes > 200
