"""Looking up user IDs by e-mail address and mobile number."""

from typing import Any

import pytest

from custom_components.feishu_freebusy.feishu.client import SCOPES_USER_IDS, FeishuClient
from custom_components.feishu_freebusy.feishu.errors import ScopeMissingError, UnreadableAnswerError
from custom_components.feishu_freebusy.feishu.models import UserIdType
from simulator import Fault, Tenant, User

PATH = "contact/v3/users/batch_get_id"


@pytest.fixture
def user(tenant: Tenant) -> User:
    """Return a person with an e-mail address and a mobile number."""
    return tenant.add_user("Li Na", email="Li.Na@example.com", mobile="+8613800000000")


@pytest.mark.parametrize("kind", list(UserIdType))
@pytest.mark.parametrize("email_echo", ["as_sent", "as_registered"])
async def test_people_are_returned_by_the_requested_spelling(
    client: FeishuClient, tenant: Tenant, user: User, kind: UserIdType, email_echo: str
) -> None:
    tenant.variants.update({"email_echo": email_echo})
    other = tenant.add_user("Chen Wei", mobile="+12025550101")
    user_id, other_id = (getattr(person, kind.value) for person in (user, other))

    found = await client.user_ids(
        emails=["li.na@EXAMPLE.com", "nobody@example.com"],
        mobiles=["13800000000", "+12025550101", "12025550101"],
        user_id_type=kind,
    )

    assert found == {"li.na@EXAMPLE.com": user_id, "13800000000": user_id, "+12025550101": other_id}


async def test_two_spellings_of_one_address_are_both_found(client: FeishuClient, user: User) -> None:
    found = await client.user_ids(emails=["li.na@example.com", "LI.NA@example.com"])

    assert found == {"li.na@example.com": user.open_id, "LI.NA@example.com": user.open_id}


@pytest.mark.parametrize(("emails", "mobiles", "calls"), [(50, 50, 1), (51, 0, 2), (1, 101, 3), (120, 60, 3)])
async def test_50_of_each_fit_into_a_call(
    client: FeishuClient, tenant: Tenant, emails: int, mobiles: int, calls: int
) -> None:
    by_email = {f"{n}@example.com": tenant.add_user("Li", email=f"{n}@example.com").open_id for n in range(emails)}
    by_mobile = {f"+1202555{n:04}": tenant.add_user("Li", mobile=f"+1202555{n:04}").open_id for n in range(mobiles)}

    assert await client.user_ids(emails=by_email, mobiles=by_mobile) == by_email | by_mobile
    assert [call.status for call in tenant.calls(PATH)] == [200] * calls


async def test_a_request_for_nobody_costs_no_call(client: FeishuClient, tenant: Tenant) -> None:
    assert await client.user_ids() == {}
    assert tenant.requests == []


@pytest.mark.parametrize("wrong", [{"emails": [""]}, {"emails": ["a@example.com", " "]}, {"mobiles": [""]}])
async def test_an_empty_contact_is_not_sent(client: FeishuClient, tenant: Tenant, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="empty"):
        await client.user_ids(**wrong)
    assert tenant.requests == []


async def test_it_needs_its_own_scope_and_is_outside_the_quota(
    client: FeishuClient, tenant: Tenant, user: User
) -> None:
    tenant.quota_left = 0
    assert await client.user_ids(emails=[user.email]) == {user.email: user.open_id}
    assert not client.traffic.counted
    tenant.revoke(*tenant.scopes)
    with pytest.raises(ScopeMissingError) as refused:
        await client.user_ids(emails=[user.email])
    assert refused.value.scopes == SCOPES_USER_IDS


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"user_list": None},
        {"user_list": {}},
    ],
)
async def test_an_answer_without_a_list_is_unreadable(
    client: FeishuClient, tenant: Tenant, data: dict[str, Any]
) -> None:
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": data}), PATH, times=None)

    with pytest.raises(UnreadableAnswerError):
        await client.user_ids(emails=["a@example.com"])


async def test_an_address_of_two_people_is_nobodys(client: FeishuClient, tenant: Tenant) -> None:
    rows = [
        {"email": "a@example.com", "user_id": "ou_1"},
        {"email": "A@example.com", "user_id": "ou_2"},
        {"email": "a@example.com", "user_id": "ou_1"},
        {"email": "b@example.com", "user_id": "ou_3"},
    ]
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": {"user_list": rows}}), PATH, times=None)

    assert await client.user_ids(emails=["a@example.com", "b@example.com"]) == {"b@example.com": "ou_3"}


async def test_rows_that_were_not_requested_are_ignored(client: FeishuClient, tenant: Tenant) -> None:
    rows = [
        {"email": "b@example.com", "user_id": "ou_2"},
        {"email": "a@example.com", "mobile": "", "user_id": "ou_1"},
        {"mobile": "1", "user_id": ""},
        {"mobile": 1, "user_id": "ou_3"},
        {"email": "", "user_id": "ou_4"},
    ]
    tenant.inject(Fault.body(200, {"code": 0, "msg": "", "data": {"user_list": rows}}), PATH)

    assert await client.user_ids(emails=["a@example.com"], mobiles=["1"]) == {"a@example.com": "ou_1"}
