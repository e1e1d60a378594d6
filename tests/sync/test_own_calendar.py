"""In whose name a calendar is read, and when another client is asked instead."""

from typing import cast

import pytest

from custom_components.feishu_freebusy.feishu.client import FeishuClient
from custom_components.feishu_freebusy.feishu.errors import (
    FeishuError,
    NotReachableError,
    QuotaExceededError,
    RateLimitedError,
    RequestError,
    ScopeMissingError,
    StaleTokenError,
    UnreadableAnswerError,
)
from custom_components.feishu_freebusy.feishu.grants import GrantError, GrantProblem
from custom_components.feishu_freebusy.sync.own_calendar import read_by_first

PERSON, APP = cast("tuple[FeishuClient, FeishuClient]", ("person", "app"))


async def read(of_person: FeishuError | None) -> tuple[str, list[object]]:
    """Return the answer, and who was asked."""
    asked: list[object] = []

    async def ask(client: FeishuClient) -> str:
        asked.append(client)
        if client is PERSON and of_person:
            raise of_person
        return f"by {client}"

    return await read_by_first((PERSON, APP), ask), asked


async def test_a_person_reads_their_own_calendar() -> None:
    assert await read(None) == ("by person", [PERSON])


@pytest.mark.parametrize(
    "refusal",
    [GrantError(GrantProblem.REFRESH), ScopeMissingError(), StaleTokenError(), RequestError()],
    ids=lambda each: type(each).__name__,
)
async def test_where_the_person_is_refused_the_app_reads_it(refusal: FeishuError) -> None:
    assert await read(refusal) == ("by app", [PERSON, APP])


@pytest.mark.parametrize(
    "failure", [NotReachableError, UnreadableAnswerError, RateLimitedError, QuotaExceededError], ids=str
)
async def test_a_failure_that_may_pass_does_not_let_the_app_call_a_busy_person_free(
    failure: type[FeishuError],
) -> None:
    with pytest.raises(failure):
        await read(failure())
